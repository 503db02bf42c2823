//! How a run ends, and what people say of an outcome that nobody could verify.

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunOutcome {
    /// Everything was done and verified.
    Done,
    /// A step failed; the server stays as it is and reserved.
    Failed,
    /// A step failed before anything was changed; the server is back as it was.
    FailedAndReturned,
    /// Ended by a person before anything was changed; the server is back as it was.
    Returned,
    /// It never started.
    NotStarted,
    /// The server was not in a state that the command may start from.
    LeftOut,
    /// Its server was missed: it is back as it was, and the run waits to start again. No run stays at this.
    PutOff,
}

impl RunOutcome {
    /// How it ended, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::FailedAndReturned => "failed, and put back",
            Self::Returned => "put back unchanged",
            Self::NotStarted => "not started",
            Self::LeftOut => "left out",
            Self::PutOff => "put back, to start again",
        }
    }

    /// Whether this counts as a failed server.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::FailedAndReturned)
    }
}

/// What a person says about an outcome that could not be verified.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Answer {
    /// It happened.
    Did,
    /// It did not happen.
    DidNot,
    /// Look once more.
    LookAgain,
}

impl Answer {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Did, Self::DidNot, Self::LookAgain];

    /// The word in logs and rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Did => "run.did",
            Self::DidNot => "run.did-not",
            Self::LookAgain => "run.look-again",
        }
    }
}
