//! What a message is made of, before any chat's own format.
//!
//! Text pieces are plain: adapters escape them. A piece never carries markup of its own.

use crate::domain::identity::{GroupName, PersonId};
use crate::domain::ids::Handle;
use crate::domain::time::Timestamp;

/// One message: what a lock screen shows, and what the chat shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Message {
    /// One line, at most 110 characters, sign and id first.
    pub summary: String,
    /// The blocks, top to bottom.
    pub blocks: Vec<Block>,
}

/// Pieces of text in turn.
pub type Rich = Vec<Piece>;

/// One piece of text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// Plain text; `\n` starts a new line.
    Text(String),
    /// Emphasised.
    Bold(String),
    /// A literal to read or copy; also how texts of people and servers are shown.
    Code(String),
    /// Several lines in a fixed-width font.
    Preformatted(String),
    /// Mentions a person, who is notified.
    Person(PersonId),
    /// Mentions a group, whose members are notified.
    Group(GroupName),
    /// A clock time in the reader's own zone.
    Time(Timestamp),
    /// A link.
    Link {
        /// Where to.
        url: String,
        /// What it says.
        label: String,
    },
}

/// One block of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// Text.
    Section(Rich),
    /// Small grey text.
    Context(Rich),
    /// Buttons in a row.
    Actions(Vec<Button>),
    /// One run's steps with their states.
    Steps {
        /// Heads the list.
        title: String,
        /// The steps in order.
        steps: Vec<StepLine>,
    },
}

/// One step in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepLine {
    /// The step's word.
    pub word: String,
    /// How it stands.
    pub mark: StepMark,
    /// What was found, at most 120 characters.
    pub note: Option<String>,
}

/// How a step stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepMark {
    /// Not begun.
    Waiting,
    /// Under way.
    Working,
    /// Done.
    Done,
    /// Failed.
    Failed,
}

impl StepMark {
    /// The sign that texts use.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Waiting => "·",
            Self::Working => "▶",
            Self::Done => "✓",
            Self::Failed => "✗",
        }
    }
}

/// A button.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Button {
    /// What it says, at most 75 characters (12 on a card).
    pub label: String,
    /// What a press does.
    pub press: Press,
    /// How it looks.
    pub style: Style,
    /// Asked before the press counts.
    pub confirm: Option<Confirm>,
}

/// What pressing a button does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Press {
    /// Sends the stored control back.
    Control {
        /// The verb, e.g. `request.review`; for people who read logs.
        verb: String,
        /// The stored control.
        handle: Handle,
    },
    /// Opens an address.
    Open(String),
}

/// How a button looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Plain.
    Plain,
    /// The one to press.
    Primary,
    /// Takes something away.
    Danger,
}

/// A question before a press counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confirm {
    /// At most 100 characters.
    pub title: String,
    /// At most 300 characters.
    pub text: String,
    /// At most 30 characters.
    pub yes: String,
    /// At most 30 characters.
    pub no: String,
    /// Whether yes takes something away.
    pub style: Style,
}

/// A form (modal).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Form {
    /// At most 24 characters.
    pub title: String,
    /// What submits it; `None` is a form to read.
    pub submit: Option<String>,
    /// What closes it.
    pub close: String,
    /// The stored control that a submission sends back.
    pub handle: Option<Handle>,
    /// The blocks, top to bottom.
    pub blocks: Vec<FormBlock>,
}

/// One block of a form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FormBlock {
    /// A warning that stands out.
    Warning(Rich),
    /// Text.
    Section(Rich),
    /// Small grey text.
    Context(Rich),
    /// Buttons.
    Actions(Vec<Button>),
    /// One of several, with nothing chosen.
    Choice {
        /// The key of the value in a submission.
        key: String,
        /// What is asked.
        label: String,
        /// The value and text of each.
        options: Vec<(String, String)>,
    },
    /// A line of text.
    Input {
        /// The key of the value in a submission.
        key: String,
        /// What is asked.
        label: String,
        /// A grey hint.
        hint: String,
        /// What stands in it already.
        initial: Option<String>,
        /// Whether it may stay empty.
        optional: bool,
    },
    /// One of several, in a list that opens.
    Select {
        /// The key of the value in a submission.
        key: String,
        /// What is asked.
        label: String,
        /// The value and text of each.
        options: Vec<(String, String)>,
        /// The value that is chosen already.
        initial: Option<String>,
        /// Whether nothing may be chosen.
        optional: bool,
    },
}

impl Message {
    /// A message of one section.
    #[must_use]
    pub fn of_text(summary: impl Into<String>, text: Rich) -> Self {
        Self { summary: summary.into(), blocks: vec![Block::Section(text)] }
    }
}

/// Plain text as a piece.
pub fn text(text: impl Into<String>) -> Piece {
    Piece::Text(text.into())
}

/// Emphasised text as a piece.
pub fn bold(text: impl Into<String>) -> Piece {
    Piece::Bold(text.into())
}

/// A literal as a piece.
pub fn code(text: impl Into<String>) -> Piece {
    Piece::Code(text.into())
}
