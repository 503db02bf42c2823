//! Stored answers to "may they?", and how they are asked for.
//!
//! What admission decides of servers is kept elsewhere ([`DecisionRecord`](super::store::DecisionRecord)).

use crate::authorization::AuthorizationRecord;
use crate::domain::ids::RequestId;
use crate::domain::time::Timestamp;

/// One answer, with what it was given for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authorization {
    /// When.
    pub at: Timestamp,
    /// What asked for it.
    pub occasion: Occasion,
    /// The request that it was about or made, if any.
    pub request: Option<RequestId>,
    /// What was asked and answered.
    pub record: AuthorizationRecord,
}

/// What asked whether somebody may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Occasion {
    /// A line, typed or made by a form or a button.
    Line,
    /// A button or form, before it was known whether it is this person's to use.
    Press,
    /// A decision on a request: whoever decides, and whoever asked.
    Approval,
    /// Consent is taken back.
    TakeBack,
    /// A request is ended.
    Cancel,
    /// A person's word on an outcome that could not be verified.
    Answer,
    /// A policy is overridden, or somebody decides on that: whoever asks, and the second person.
    Override,
    /// Something is about to start.
    Start,
}

impl Occasion {
    /// Every occasion.
    pub const ALL: [Self; 8] = [
        Self::Line,
        Self::Press,
        Self::Approval,
        Self::TakeBack,
        Self::Cancel,
        Self::Answer,
        Self::Override,
        Self::Start,
    ];

    /// The word in rows and in what is printed.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Press => "press",
            Self::Approval => "approval",
            Self::TakeBack => "take-back",
            Self::Cancel => "cancel",
            Self::Answer => "answer",
            Self::Override => "override",
            Self::Start => "start",
        }
    }

    /// The occasion of that word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|occasion| occasion.word() == word)
    }
}

/// Which of them are sought; `None` seeks all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sought {
    /// About that request.
    pub request: Option<RequestId>,
    /// Given then or later.
    pub since: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: usize,
}
