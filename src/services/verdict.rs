//! What policies say to a question: may this line be sent here, and who may do that.
//!
//! The same subjects and the same decision as of the line itself, so that both always agree. Deliberately absent: any port.

use super::planning::{Answer, Asking, Subjects};
use super::safety::{Around, Safety};
use crate::admission::wave_sizes;
use crate::authorization::{Authorized, ReasonNeed, Refusal, RefusalKind, WhoCan};
use crate::conversation::{self, IsAllowed, MayView, WhoView, message::Message};
use crate::domain::command::{CommandName, CommandSpec, ParameterSpec, Targets};
use crate::domain::intent::{Selector, Spanned, WorkIntent};
use crate::domain::place::ChannelName;
use crate::language::asked_about;
use crate::workflow::request::ApprovalNeed;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether a line may be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The line says on what, or its command works on nothing.
    Exact(Box<Exact>),
    /// The line names no servers or sites, and its command works on some.
    General {
        /// Whether this person may use the command at all.
        is_allowed: IsAllowed,
        /// Who may.
        who: Box<WhoMay>,
    },
}

/// What policies say to a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exact {
    /// The command.
    pub spec: Arc<CommandSpec>,
    /// The line that was asked about.
    pub line: String,
    /// What it is about.
    pub subjects: Subjects,
    /// What the line itself would be answered.
    pub allowed: Result<Authorized, Box<Refusal>>,
    /// Whose consent it needs.
    pub need: Option<ApprovalNeed>,
    /// Where, without `#`.
    pub channel_name: String,
    work: WorkIntent,
}

/// Who may use a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WhoMay {
    /// The command.
    pub spec: Arc<CommandSpec>,
    /// On what; `None` asks in general.
    pub subjects: Option<Subjects>,
    /// They, or why nobody can.
    pub who: Result<WhoCan, RefusalKind>,
    /// Whether whoever asks may.
    pub asker: IsAllowed,
    /// Where else they may, if they may not here.
    pub elsewhere: Vec<ChannelName>,
    /// Whose consent it needs.
    pub need: Option<ApprovalNeed>,
    /// Where, without `#`.
    pub channel_name: String,
}

impl Exact {
    /// What the person reads; with what stands in the way now.
    #[must_use]
    pub fn told(&self, safety: &Safety) -> Message {
        match &self.allowed {
            Ok(authorized) => conversation::may(MayView {
                authorized,
                spec: &self.spec,
                line: &self.line,
                sites: self.subjects.sites(),
                need: self.need.as_ref(),
                lacking: &self.lacking(authorized),
                outlook: safety.view(),
                channel_name: &self.channel_name,
            }),
            Err(refusal) => conversation::refused(refusal, &self.spec, &self.channel_name, self.subjects.count()),
        }
    }

    /// What the line does not say yet and must, a reason among it where a policy asks for one.
    #[must_use]
    pub fn lacking(&self, authorized: &Authorized) -> Vec<&ParameterSpec> {
        let asks_why = authorized.requirements().reason == ReasonNeed::Required;
        let must = |one: &&ParameterSpec| one.must_be_given() || (asks_why && one.asked_as_because);
        let is_given = |one: &ParameterSpec| self.work.parameters.contains_key(&one.name);
        self.spec.parameters.iter().filter(must).filter(|one| !is_given(one)).collect()
    }
}

impl Exact {
    /// What stands in the way of the line now.
    #[must_use]
    pub fn safety(&self, asking: Asking<'_>, around: Around<'_>) -> Safety {
        let subjects = self.subjects.in_order(self.spec.waves.canary);
        let count = u32::try_from(subjects.len()).unwrap_or(u32::MAX);
        let first = wave_sizes(&self.spec.waves, &self.work.values(), count).first().copied().unwrap_or(0);
        asking.safety((&self.work, &self.spec), (&subjects, first), around)
    }
}

impl WhoMay {
    /// As messages look at it; with the names of the people, in their order.
    #[must_use]
    pub fn view<'a>(&'a self, people: &'a [String], asker: Option<IsAllowed>) -> WhoView<'a> {
        WhoView {
            spec: &self.spec,
            on: self.subjects.as_ref().map(|subjects| (subjects.servers().len(), subjects.sites())),
            who: self.who.as_ref(),
            people,
            asker,
            elsewhere: if asker.is_some() { &self.elsewhere } else { &[] },
            need: self.need.as_ref(),
            channel_name: &self.channel_name,
        }
    }
}

impl Asking<'_> {
    /// Whether that line, which may lack parameters and subjects, may be sent.
    ///
    /// # Errors
    /// What keeps the line itself from coming as far as the policies.
    pub fn verdict(self, work: &WorkIntent) -> Result<Verdict, Answer> {
        let spec = self.command(&work.command)?;
        if work.selector.is_none() && spec.targets != Targets::None {
            let who = self.who_can(&work.command, None)?;
            return Ok(Verdict::General { is_allowed: who.asker, who: Box::new(who) });
        }
        let subjects = self.subjects(work, &spec)?;
        let allowed = self.authorize(&spec, &subjects);
        let need = self.need(&spec, &subjects, allowed.as_ref().ok());
        let (line, channel_name) = (asked_about(self.line).to_owned(), self.channel_name().to_owned());
        Ok(Verdict::Exact(Box::new(Exact { spec, line, subjects, allowed, need, channel_name, work: work.clone() })))
    }

    /// Who may use that command here, on these or in general.
    ///
    /// # Errors
    /// Subjects that a line with the command could not name.
    pub fn who_can(self, command: &CommandName, selector: Option<&Spanned<Selector>>) -> Result<WhoMay, Answer> {
        let spec = self.command(command)?;
        let (policies, channel_name) = (&self.rulebook.policies, self.channel_name().to_owned());
        if selector.is_none() && spec.targets != Targets::None {
            let who = policies.who_can_ever(&spec, self.channel);
            let may = !policies.commands_for(self.person, self.channel, [spec.as_ref()]).is_empty();
            let asker = if may { IsAllowed::Yes } else { IsAllowed::No };
            return Ok(WhoMay { spec, subjects: None, who, asker, elsewhere: Vec::new(), need: None, channel_name });
        }
        let (parameters, start) = (BTreeMap::new(), None);
        let work = WorkIntent { command: command.clone(), selector: selector.cloned(), parameters, start };
        let subjects = self.subjects(&work, &spec)?;
        let who = policies.who_can(&spec, (subjects.servers(), subjects.sites()), self.channel);
        let allowed = self.authorize(&spec, &subjects);
        // What policies require beside it depends on who asks.
        let need = self.need(&spec, &subjects, allowed.as_ref().ok());
        let (asker, elsewhere) = match allowed {
            Ok(_) => (IsAllowed::Yes, Vec::new()),
            Err(refusal) => (IsAllowed::No, refusal.could.channels),
        };
        Ok(WhoMay { spec, subjects: Some(subjects), who, asker, elsewhere, need, channel_name })
    }

    fn command(self, name: &CommandName) -> Result<Arc<CommandSpec>, Answer> {
        self.rulebook.catalog.command(name).cloned().ok_or_else(|| Answer::Told {
            message: conversation::unavailable("the catalogue"),
            note: "rejected: no command",
        })
    }
}
