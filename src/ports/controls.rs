//! What stands behind buttons and forms: a handle stands for a row, and a row says what a press does.

use crate::domain::command::CommandName;
use crate::domain::identity::PersonId;
use crate::domain::ids::{Fingerprint, Handle, RequestId, RunId};
use crate::domain::place::{ChannelId, Origin};
use crate::domain::time::Timestamp;
use crate::workflow::request::ControlVerb;
use crate::workflow::run::Answer;

/// Something that can be pressed or submitted: what a handle stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Control {
    /// The opaque value that the chat sends back.
    pub handle: Handle,
    /// What it does.
    pub action: ControlAction,
    /// Who may use it and until when; `None` is decided at the press.
    pub bound: Option<Bound>,
    /// When it was used, if it is for one use.
    pub used_at: Option<Timestamp>,
}

/// To whom a control is bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bound {
    /// The only person.
    pub person: PersonId,
    /// The only channel.
    pub channel: ChannelId,
    /// Until when.
    pub until: Timestamp,
}

/// What a control does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ControlAction {
    /// A button of a request.
    Request {
        /// The request.
        request: RequestId,
        /// Which button.
        verb: ControlVerb,
    },
    /// A person's word on an outcome that could not be verified.
    Answer {
        /// The run.
        run: RunId,
        /// What the button says.
        answer: Answer,
    },
    /// The review form of one person: what it showed.
    Review {
        /// The request.
        request: RequestId,
        /// The plan that was shown.
        plan: Fingerprint,
        /// All that was shown, as text; `None` of a form from before that was recorded.
        shown: Option<String>,
    },
    /// Takes the person's consent back.
    TakeBack(RequestId),
    /// Sends a line as the same person, authorised anew.
    Line(String),
    /// Sends a line that was offered instead of the one typed, as long as it interrupts no server.
    Use(String),
    /// Drops what was asked about.
    Forget,
    /// Opens a form, and is what the form sends back.
    Form(FormOf),
    /// Asks why, and says the line with that reason in the name of whoever gives it, where the button stands.
    AskWhy(String),
    /// The form that asks it.
    Why(FormOf),
    /// Shows the person's own requests.
    Mine,
    /// Asks those who own the policy, or else the command, to allow this line, which was refused.
    Access(String),
    /// Shows what the form showed to somebody who agreed.
    Shown {
        /// The request.
        request: RequestId,
        /// Who agreed.
        by: PersonId,
    },
    /// Opens the form in which a second person decides on an override.
    Override {
        /// Its request.
        request: RequestId,
        /// Which of its overrides.
        number: u32,
    },
    /// That form, of one person.
    OverrideReview {
        /// Its request.
        request: RequestId,
        /// Which of its overrides.
        number: u32,
        /// The override that was shown.
        seen: Fingerprint,
        /// All that was shown, as text.
        shown: String,
    },
}

/// A form that becomes a line of the same person, as if typed where it was offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormOf {
    /// For whom, where, and how the person is answered: a submission names no channel.
    pub origin: Origin,
    /// The command; `None` asks for it first.
    pub command: Option<CommandName>,
    /// What was typed so far; it begins with `plan` if it is only to be shown.
    pub line: String,
}
