//! The fleet's own log: what arrived, what came of it. The only judge of how often a server was rebooted.

use super::Fault;
use crate::domain::effect::BootId;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;

/// One line of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogEntry {
    /// Counted from 1, without gaps.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The server.
    pub server: ServerName,
    /// How it came.
    pub via: Via,
    /// What was asked, or what happened.
    pub deed: Deed,
    /// What came of it.
    pub outcome: Outcome,
    /// The boot that ran, or that ran last.
    pub boot_id: BootId,
}

/// How something came to a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// A command over SSH.
    Ssh,
    /// The management controller.
    Redfish,
    /// The load balancer.
    Balancer,
    /// By itself.
    Itself,
    /// Somebody's hands: trouble made, or repaired.
    Hands,
}

impl Via {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Redfish => "redfish",
            Self::Balancer => "balancer",
            Self::Itself => "itself",
            Self::Hands => "hands",
        }
    }
}

/// What was asked or happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// A reboot was asked for over SSH.
    Reboot,
    /// A restart was asked for over Redfish.
    Restart,
    /// Power on was asked for.
    PowerOn,
    /// Power off was asked for.
    PowerOff,
    /// It stopped answering.
    WentDown,
    /// It answers again, with a new boot id.
    CameUp,
    /// It should have come up and did not.
    StayedDown,
    /// Out of rotation.
    Drain,
    /// Into rotation.
    Ready,
    /// Out of rotation for maintenance.
    Maintenance,
    /// A new weight.
    Weight(u8),
    /// Open connections were cut.
    ShutSessions,
    /// It was given a trouble.
    Fault(Fault),
    /// It was repaired.
    Repair,
}

impl Deed {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::Restart => "restart",
            Self::PowerOn => "power_on",
            Self::PowerOff => "power_off",
            Self::WentDown => "went_down",
            Self::CameUp => "came_up",
            Self::StayedDown => "stayed_down",
            Self::Drain => "drain",
            Self::Ready => "ready",
            Self::Maintenance => "maintenance",
            Self::Weight(_) => "weight",
            Self::ShutSessions => "shut_sessions",
            Self::Fault(_) => "fault",
            Self::Repair => "repair",
        }
    }
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It took effect.
    Done,
    /// It was answered with success and changed nothing.
    WithoutEffect,
    /// It was refused, and why.
    Refused(String),
}

impl LogEntry {
    /// Whether this line is a restart by command that took effect.
    #[must_use]
    pub fn is_reboot(&self) -> bool {
        matches!(self.deed, Deed::Reboot | Deed::Restart) && self.outcome == Outcome::Done
    }
}
