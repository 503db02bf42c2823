//! The verbs that every place understands, beside the commands of the catalogue.

/// The verbs that every place understands; no command file may take their names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum BuiltInVerb {
    /// What can be done here.
    Help,
    /// How the fleet stands.
    Status,
    /// Ends a request.
    Cancel,
    /// Shows what a line would do.
    Plan,
    /// Whether the person may send a line here.
    CanI,
    /// Who may use a command here.
    WhoCan,
    /// Why a request, a run or a server is where it is.
    Why,
    /// What waits to start, in order.
    Queue,
    /// Which servers are out of production.
    Out,
    /// Stops everything.
    StopEverything,
    /// Lets everything go on.
    ResumeEverything,
    /// Keeps changes from starting somewhere for a time.
    Freeze,
    /// Ends that sooner.
    Thaw,
    /// Keeps servers from any work, or a request from starting more.
    Hold,
    /// Ends that.
    Release,
    /// Keeps a command from some servers for a time.
    Blacklist,
    /// Ends that sooner.
    Unblacklist,
    /// Lets the waiting servers of a request pass one policy.
    Override,
    /// Lets a command start again that too many failures have stopped.
    CloseBreaker,
    /// Asks anew for what a request left undone.
    Retry,
    /// Says how servers are: in maintenance, in repair, or ready.
    State,
}

impl BuiltInVerb {
    /// Every one.
    pub const ALL: [Self; 21] = [
        Self::Help,
        Self::Status,
        Self::Cancel,
        Self::Plan,
        Self::CanI,
        Self::WhoCan,
        Self::Why,
        Self::Queue,
        Self::Out,
        Self::StopEverything,
        Self::ResumeEverything,
        Self::Freeze,
        Self::Thaw,
        Self::Hold,
        Self::Release,
        Self::Blacklist,
        Self::Unblacklist,
        Self::Override,
        Self::CloseBreaker,
        Self::Retry,
        Self::State,
    ];

    /// Whether a line with it changes nothing.
    #[must_use]
    pub const fn only_looks(self) -> bool {
        match self {
            Self::Help
            | Self::Status
            | Self::Plan
            | Self::CanI
            | Self::WhoCan
            | Self::Why
            | Self::Queue
            | Self::Out => true,
            Self::Cancel
            | Self::StopEverything
            | Self::ResumeEverything
            | Self::Freeze
            | Self::Thaw
            | Self::Hold
            | Self::Release
            | Self::Blacklist
            | Self::Unblacklist
            | Self::Override
            | Self::CloseBreaker
            | Self::Retry
            | Self::State => false,
        }
    }

    /// The word people write.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Status => "status",
            Self::Cancel => "cancel",
            Self::Plan => "plan",
            Self::CanI => "can-i",
            Self::WhoCan => "who-can",
            Self::Why => "why",
            Self::Queue => "queue",
            Self::Out => "out",
            Self::StopEverything => "stop-everything",
            Self::ResumeEverything => "resume-everything",
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Blacklist => "blacklist",
            Self::Unblacklist => "unblacklist",
            Self::Override => "override",
            Self::CloseBreaker => "close-breaker",
            Self::Retry => "retry",
            Self::State => "state",
        }
    }

    /// The verb of that word, in lower case.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.word() == word)
    }

    /// The verb of two words that people write without its dash, in lower case: `can i`.
    #[must_use]
    pub fn of_words(first: &str, second: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.word().split_once('-') == Some((first, second)))
    }
}
