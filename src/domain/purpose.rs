//! What people want to do, and which commands are for it. Help is told by these.
//!
//! Derived from what a command does, so that no file has to say it, and no file can say it wrongly.

use super::command::{CommandSpec, HttpMethod, HttpSpec, Impact, SITE_INPUT, Sent, StepSpec, Targets};
use super::intent::BuiltInVerb;

/// What people want to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Purpose {
    /// Only look.
    See,
    /// Take servers out of service, and put them back.
    TakeOut,
    /// Restart servers.
    Restart,
    /// Say something to people.
    Tell,
    /// Anything else that changes something.
    Change,
    /// What cannot be undone.
    Remove,
    /// Stop what was begun, and let start again what was stopped.
    Stop,
    /// Do something about what waits for too long.
    Wait,
}

impl Purpose {
    /// Every purpose, in the order in which people read them.
    pub const ALL: [Self; 8] =
        [Self::See, Self::TakeOut, Self::Restart, Self::Tell, Self::Change, Self::Remove, Self::Stop, Self::Wait];

    /// What the command is for. The impact class is the word of its file; where it says more than the steps do, it counts.
    #[must_use]
    pub fn of(spec: &CommandSpec) -> Self {
        let has = |is: fn(&StepSpec) -> bool| spec.steps.iter().any(is);
        let moves = |step: &StepSpec| {
            matches!(step, StepSpec::Drain { .. } | StepSpec::Undrain { .. } | StepSpec::RestoreState { .. })
        };
        if spec.impact == Impact::Destructive {
            Self::Remove
        } else if spec.impact == Impact::PowerCycle || has(|step| matches!(step, StepSpec::Reboot(_))) {
            Self::Restart
        } else if posts(spec).next().is_some() {
            if tells(spec) { Self::Tell } else { Self::Change }
        } else if has(moves) {
            Self::TakeOut
        } else if spec.impact == Impact::ReadOnly {
            Self::See
        } else {
            Self::Change
        }
    }

    /// What the verb is for.
    #[must_use]
    pub const fn of_verb(verb: BuiltInVerb) -> Self {
        match verb {
            BuiltInVerb::Help
            | BuiltInVerb::Status
            | BuiltInVerb::Plan
            | BuiltInVerb::CanI
            | BuiltInVerb::WhoCan
            | BuiltInVerb::Why
            | BuiltInVerb::Queue
            | BuiltInVerb::Out => Self::See,
            BuiltInVerb::Override | BuiltInVerb::Retry => Self::Wait,
            BuiltInVerb::State => Self::TakeOut,
            BuiltInVerb::Cancel
            | BuiltInVerb::CloseBreaker
            | BuiltInVerb::StopEverything
            | BuiltInVerb::ResumeEverything
            | BuiltInVerb::Freeze
            | BuiltInVerb::Thaw
            | BuiltInVerb::Hold
            | BuiltInVerb::Release
            | BuiltInVerb::Blacklist
            | BuiltInVerb::Unblacklist => Self::Stop,
        }
    }

    /// What stands before its commands, and may be asked about as a whole.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::See => "See",
            Self::TakeOut => "Take out and put back",
            Self::Restart => "Restart",
            Self::Tell => "Tell people",
            Self::Change => "Change",
            Self::Remove => "Remove for good",
            Self::Stop => "Stop",
            Self::Wait => "Waiting",
        }
    }

    /// The word behind `help`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::TakeOut => "take",
            Self::Restart => "restart",
            Self::Tell => "tell",
            Self::Change => "change",
            Self::Remove => "remove",
            Self::Stop => "stop",
            Self::Wait => "waiting",
        }
    }
}

fn posts(spec: &CommandSpec) -> impl Iterator<Item = &HttpSpec> {
    spec.steps.iter().filter_map(|step| match step {
        StepSpec::Http(http) if http.method == HttpMethod::Post => Some(http),
        StepSpec::Http(_)
        | StepSpec::Drain { .. }
        | StepSpec::Gate(_)
        | StepSpec::Reboot(_)
        | StepSpec::Check { .. }
        | StepSpec::RestoreState { .. }
        | StepSpec::Undrain { .. } => None,
    })
}

/// Whether all that it sends is what a person says in their own words, and of which site.
fn tells(spec: &CommandSpec) -> bool {
    let is_said = |name: &str| spec.parameter(name).is_some_and(|parameter| parameter.asked_as_because);
    let touches_servers = matches!(spec.targets, Targets::Servers { .. });
    !touches_servers
        && posts(spec).all(|http| {
            let said = |sent: &Sent| matches!(sent, Sent::Parameter(name) if is_said(name.as_str()));
            let site = |sent: &Sent| matches!(sent, Sent::Parameter(name) if name.as_str() == SITE_INPUT);
            http.send.iter().any(said) && http.send.iter().all(|sent| said(sent) || site(sent))
        })
}
