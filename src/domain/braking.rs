//! The typed meaning of a line that stops things, or lets them go on.

use super::command::CommandName;
use super::ids::RequestId;
use super::intent::{Moment, Selector, Spanned};

/// What a person asks for who wants things to stop, or to go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Braking {
    /// `stop everything because …`, `stop everything --hard because …`
    Stop {
        /// Why; whoever is in a hurry need not say.
        because: Option<String>,
        /// Whether nothing is given back either.
        hard: bool,
    },
    /// `resume everything because …`
    Resume {
        /// Why.
        because: String,
    },
    /// `freeze site=lax until 18:00 because …`
    Freeze {
        /// Where.
        on: Braked,
        /// When it is over.
        until: Moment,
        /// Why.
        because: String,
    },
    /// `thaw site=lax`
    Thaw {
        /// Where.
        on: Braked,
    },
    /// `hold edge-lax-001 because …`, `hold req-2mq9 because …`
    Hold {
        /// What is kept.
        on: Kept,
        /// Why.
        because: String,
    },
    /// `release edge-lax-001`, `release req-2mq9`
    Release {
        /// What was kept.
        on: Kept,
    },
    /// `blacklist site=lax reboot for 2d because …`
    Blacklist {
        /// Where.
        on: Braked,
        /// Which command; `None` is every one.
        command: Option<CommandName>,
        /// When it is over.
        until: Moment,
        /// How firmly.
        level: BlacklistLevel,
        /// Why.
        because: String,
    },
    /// `unblacklist site=lax reboot`
    Unblacklist {
        /// Where.
        on: Braked,
        /// Which command; `None` is every one.
        command: Option<CommandName>,
    },
}

impl Braking {
    /// Whether it only keeps things from starting, and lets nothing go on.
    #[must_use]
    pub const fn only_stops(&self) -> bool {
        match self {
            Self::Stop { .. } | Self::Freeze { .. } | Self::Hold { .. } | Self::Blacklist { .. } => true,
            Self::Resume { .. } | Self::Thaw { .. } | Self::Release { .. } | Self::Unblacklist { .. } => false,
        }
    }
}

/// Which servers a line is about that stops things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Braked {
    /// `everything`
    Everything,
    /// Those that a selector means, also later.
    Selected(Spanned<Selector>),
}

/// What somebody keeps from being worked on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kept {
    /// Servers, as they are when it is said.
    Servers(Spanned<Selector>),
    /// A request.
    Request(RequestId),
}

/// How firmly an entry of the blacklist forbids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum BlacklistLevel {
    /// What it covers waits until it is over.
    Block,
    /// What it covers is left out, and nobody can override that.
    Absolute,
}

impl BlacklistLevel {
    /// Every level.
    pub const ALL: [Self; 2] = [Self::Block, Self::Absolute];

    /// The word in rows and lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Absolute => "absolute",
        }
    }
}
