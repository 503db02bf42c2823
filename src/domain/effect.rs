//! What is asked of the outside about one server, and what the outside answered.
//!
//! An [`Act`] changes something and is begun at most once per stored intent; a [`Probe`] only looks and may be
//! repeated at will.

use super::command::{HostCheck, HttpMethod, Touch};
use super::ids::RunId;
use super::intent::ParameterName;
use super::server::{PoolName, ServerName};
use super::text_name;
use super::time::Timestamp;
use std::collections::BTreeMap;

text_name! {
    /// The kernel's random id of one boot (`/proc/sys/kernel/random/boot_id`).
    BootId
}

/// Something that changes the outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// The load balancer sends the server no new traffic. Natural: repeating it changes nothing.
    Drain(ServerName),
    /// The load balancer sends the server traffic again. Natural.
    Undrain(ServerName),
    /// Reboot over SSH; the command line itself refuses to run at or after `not_after`.
    RebootOverSsh {
        /// The server.
        server: ServerName,
        /// The server's own clock must be before this when the command arrives.
        not_after: Timestamp,
    },
    /// A forced restart through the management controller. Verify first: never repeated blindly.
    RestartOverRedfish(ServerName),
    /// One HTTP call. Keyed: the same key twice is one effect.
    Http {
        /// `GET` or `POST`.
        method: HttpMethod,
        /// The address.
        url: String,
        /// The JSON object's members.
        send: BTreeMap<ParameterName, String>,
        /// The status that means done.
        expect: u16,
        /// The idempotency key, together with the number of the call.
        key: RunId,
        /// Which call of its run this is, counted from 1: another step's call is another effect.
        call: usize,
    },
}

impl Act {
    /// What it does to what it works on; the way back into rotation changes nothing and takes nothing.
    #[must_use]
    pub const fn touch(&self) -> Touch {
        match self {
            Self::Drain(_) | Self::RebootOverSsh { .. } | Self::RestartOverRedfish(_) => Touch::Changes,
            Self::Http { method, .. } => method.touch(),
            Self::Undrain(_) => Touch::GivesBack,
        }
    }
}

/// What is known of an act after it was begun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Begun {
    /// The other side took it.
    Sent,
    /// It provably never got out: no request that could carry it was ever written.
    NeverSent(String),
    /// It may or may not have taken effect.
    Unknown(String),
    /// The other side answered that it will not.
    Refused(String),
    /// Another machine than the one meant answered, and was sent nothing.
    OtherMachine(String),
}

/// Something that only looks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Probe {
    /// The server's boot id, boot time and clock, over SSH.
    Boot(ServerName),
    /// The server's line in its load balancer.
    Balancer(ServerName),
    /// Every line of a pool in its load balancer.
    Pool(PoolName),
    /// The server's power, by its management controller.
    Power(ServerName),
    /// Checks on the server, over SSH.
    Checks(ServerName, Vec<HostCheck>),
}

/// What a look found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// The answer to [`Probe::Boot`].
    Boot(BootFacts),
    /// The answer to [`Probe::Balancer`].
    Balancer(BalancerLine),
    /// The answer to [`Probe::Pool`].
    Pool(Vec<(ServerName, BalancerLine)>),
    /// The answer to [`Probe::Power`].
    Power(PowerFacts),
    /// The answer to [`Probe::Checks`]: the checks that do not hold, each with what was found.
    Checks(Vec<(HostCheck, String)>),
    /// It did not answer, and why. Says nothing about the state of the server.
    NoAnswer(String),
    /// Another machine than the one meant answered. Says nothing about the state of the server either.
    OtherMachine(String),
}

/// What a running system says of its own boot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootFacts {
    /// The boot id.
    pub boot_id: BootId,
    /// When the kernel says that it booted, by the server's clock.
    pub booted_at: Timestamp,
    /// The server's clock.
    pub server_clock: Timestamp,
}

/// One server's line in its load balancer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BalancerLine {
    /// Whether it gets traffic.
    pub standing: BalancerStanding,
    /// Connections that are open now.
    pub connections: u64,
}

/// Whether a load balancer sends a server traffic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BalancerStanding {
    /// In rotation and answering its health check.
    Up,
    /// In rotation, but its health check fails.
    Down,
    /// Out by an operator: no new connections.
    Drained,
    /// Out by an operator: maintenance.
    Maintenance,
}

/// What a management controller says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PowerFacts {
    /// On or off.
    pub power: Power,
    /// When it last reset the system, by the controller's clock, if it tells.
    pub last_reset: Option<Timestamp>,
}

/// A server's power.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Power {
    /// On.
    On,
    /// Off.
    Off,
}
