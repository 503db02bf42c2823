//! One simulated server: its phase, its boot, its connections, its faults.
//!
//! Deliberately absent: the log and the order of events between servers, which are the fleet's.

use super::spec::{Dice, ServerSpec, Timing};
use super::{Deed, Fault, Rotation};
use crate::domain::command::HostCheck;
use crate::domain::effect::{BootFacts, BootId, Power, PowerFacts};
use crate::domain::server::ProductionState;
use crate::domain::time::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// Where a server is between running and off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Its system runs.
    Up,
    /// It is on its way down and will boot.
    GoingDown {
        /// When it is down.
        until: Timestamp,
        /// By the management controller: the power is off meanwhile.
        forced: bool,
    },
    /// Its system starts.
    Booting {
        /// Since when; what the kernel will call its boot time.
        since: Timestamp,
        /// When it is up; `None` while boots are held.
        until: Option<Timestamp>,
    },
    /// Powered, and nothing comes.
    Stuck,
    /// Without power.
    Off,
}

impl Phase {
    /// Whether its system runs.
    #[must_use]
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Up)
    }

    /// When the phase ends by itself.
    #[must_use]
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::GoingDown { until, .. } => Some(until),
            Self::Booting { until, .. } => until,
            Self::Up | Self::Stuck | Self::Off => None,
        }
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::GoingDown { .. } => "going_down",
            Self::Booting { .. } => "booting",
            Self::Stuck => "stuck",
            Self::Off => "off",
        }
    }
}

/// What a connection to an SSH port meets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SshDoor {
    /// The port is closed.
    Refused,
    /// The connection is accepted and nobody speaks.
    Hangs,
    /// The daemon answers.
    Open,
}

/// How a remote command ended, seen from the client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExecEnd {
    /// With an exit status.
    Exit {
        /// The status.
        status: u32,
        /// What it said on its error output.
        stderr: String,
    },
    /// The answer never comes.
    NoReply,
    /// The connection was cut before the exit status.
    CutOff,
}

impl ExecEnd {
    pub(super) fn exit(status: u32, stderr: &str) -> Self {
        Self::Exit { status, stderr: stderr.to_owned() }
    }
}

/// A power action of a management controller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResetKind {
    /// On.
    On,
    /// Off, at once.
    Off,
    /// Off and on again, or a restart of the running system.
    Restart {
        /// Through power off.
        forced: bool,
    },
}

impl ResetKind {
    /// The kind of a Redfish `ResetType`.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "On" | "ForceOn" => Some(Self::On),
            "ForceOff" | "GracefulShutdown" => Some(Self::Off),
            "ForceRestart" | "PowerCycle" => Some(Self::Restart { forced: true }),
            "GracefulRestart" => Some(Self::Restart { forced: false }),
            _ => None,
        }
    }

    pub(super) const fn deed(self) -> Deed {
        match self {
            Self::On => Deed::PowerOn,
            Self::Off => Deed::PowerOff,
            Self::Restart { .. } => Deed::Restart,
        }
    }
}

/// Everything there is to know about one server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerView {
    /// What it is.
    pub spec: ServerSpec,
    /// Where it is between running and off.
    pub phase: Phase,
    /// What its management controller says.
    pub power: Power,
    /// The boot that runs, or that ran last.
    pub boot_id: BootId,
    /// When that boot began.
    pub booted_at: Timestamp,
    /// How often a command restarted it.
    pub reboots: usize,
    /// What its load balancer was told; `None` if it is behind none.
    pub rotation: Option<Rotation>,
    /// Connections that are open now.
    pub connections: u64,
    /// Its troubles.
    pub faults: Vec<Fault>,
}

impl ServerView {
    /// `P` serves, `D` is out of rotation, `B` goes down or boots, `X` is down.
    #[must_use]
    pub fn letter(&self) -> char {
        match (self.phase, self.rotation) {
            (Phase::Stuck | Phase::Off, _) => 'X',
            (Phase::GoingDown { .. } | Phase::Booting { .. }, _) => 'B',
            (Phase::Up, Some(Rotation::Drain | Rotation::Maintenance)) => 'D',
            (Phase::Up, Some(Rotation::Ready) | None) => 'P',
        }
    }
}

/// One simulated server.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    spec: ServerSpec,
    phase: Phase,
    boot_id: BootId,
    boots: u64,
    booted_at: Timestamp,
    last_reset: Option<Timestamp>,
    reboots: usize,
    rotation: Rotation,
    rotation_since: Timestamp,
    weight: u8,
    usual_connections: u64,
    /// Connections open when it left rotation; none are left `drain_takes` later.
    leaving_connections: u64,
    faults: BTreeSet<Fault>,
    shutdown_takes: Duration,
    boot_takes: Duration,
    drain_takes: Duration,
}

impl Machine {
    pub(super) fn new(spec: ServerSpec, seed: u64, timing: &Timing, now: Timestamp) -> Self {
        let mut dice = Dice::of(seed, &[spec.name.as_str(), "character"]);
        let rotation = match spec.initial_state {
            ProductionState::Production | ProductionState::Undraining => Rotation::Ready,
            ProductionState::Draining | ProductionState::Drained | ProductionState::Standby => Rotation::Drain,
            ProductionState::Maintenance | ProductionState::Repair => Rotation::Maintenance,
        };
        let uptime = Duration::from_secs(dice.between(86_400, 90 * 86_400));
        let usual_connections = if spec.pool.is_some() { dice.between(40, 120) } else { 0 };
        Self {
            phase: Phase::Up,
            boot_id: boot_id(seed, &spec, 0),
            boots: 0,
            booted_at: Timestamp::from_millis(now.minus(uptime).seconds() * 1000),
            last_reset: None,
            reboots: 0,
            rotation,
            rotation_since: now,
            weight: 100,
            usual_connections,
            leaving_connections: 0,
            faults: BTreeSet::new(),
            shutdown_takes: dice.duration(&timing.shutdown),
            boot_takes: dice.duration(&timing.boot),
            drain_takes: dice.duration(&timing.drain),
            spec,
        }
    }

    pub(super) fn spec(&self) -> &ServerSpec {
        &self.spec
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn boot_id(&self) -> &BootId {
        &self.boot_id
    }

    pub(super) fn reboots(&self) -> usize {
        self.reboots
    }

    pub(super) fn rotation(&self) -> Rotation {
        self.rotation
    }

    pub(super) fn weight(&self) -> u8 {
        self.weight
    }

    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    pub(super) fn shutdown_takes(&self) -> Duration {
        self.shutdown_takes
    }

    pub(super) fn boot_takes(&self) -> Duration {
        self.boot_takes
    }

    pub(super) fn ssh_door(&self) -> SshDoor {
        match self.phase {
            Phase::Up if self.has(Fault::SshDead) => SshDoor::Hangs,
            Phase::Up => SshDoor::Open,
            Phase::GoingDown { .. } | Phase::Booting { .. } | Phase::Stuck | Phase::Off => SshDoor::Refused,
        }
    }

    pub(super) fn boot_facts(&self, now: Timestamp) -> Option<BootFacts> {
        // Whole seconds, as /proc/stat and date tell them.
        let whole = |moment: Timestamp| Timestamp::from_millis(moment.seconds().saturating_mul(1000));
        self.phase.is_up().then(|| BootFacts {
            boot_id: self.boot_id.clone(),
            booted_at: whole(self.booted_at),
            server_clock: whole(now),
        })
    }

    pub(super) fn failed_checks(&self, checks: &[HostCheck]) -> Option<Vec<(HostCheck, String)>> {
        let found = checks.iter().filter(|check| **check == HostCheck::Services && self.has(Fault::ChecksFail));
        self.phase.is_up().then(|| found.map(|check| (*check, "varnish.service".to_owned())).collect())
    }

    pub(super) fn power(&self) -> PowerFacts {
        let power = match self.phase {
            Phase::Off | Phase::GoingDown { forced: true, .. } => Power::Off,
            Phase::Up | Phase::GoingDown { forced: false, .. } | Phase::Booting { .. } | Phase::Stuck => Power::On,
        };
        PowerFacts { power, last_reset: self.last_reset }
    }

    pub(super) fn connections(&self, now: Timestamp) -> u64 {
        if !self.phase.is_up() {
            return 0;
        }
        if self.rotation == Rotation::Ready {
            return self.usual_connections;
        }
        let gone = now.since(self.rotation_since).as_millis();
        let whole = self.drain_takes.as_millis().max(1);
        let left = u128::from(self.leaving_connections) * whole.saturating_sub(gone) / whole;
        u64::try_from(left).unwrap_or(0)
    }

    pub(super) fn view(&self, now: Timestamp) -> ServerView {
        ServerView {
            spec: self.spec.clone(),
            phase: self.phase,
            power: self.power().power,
            boot_id: self.boot_id.clone(),
            booted_at: self.booted_at,
            reboots: self.reboots,
            rotation: self.spec.pool.as_ref().map(|_| self.rotation),
            connections: self.connections(now),
            faults: self.faults.iter().copied().collect(),
        }
    }

    pub(super) fn enter(&mut self, phase: Phase) {
        if self.phase.is_up() && !phase.is_up() {
            // Connections do not survive the system they end at.
            self.leaving_connections = 0;
        }
        self.phase = phase;
    }

    pub(super) fn count_reboot(&mut self, at: Timestamp) {
        self.reboots += 1;
        self.last_reset = Some(at);
    }

    pub(super) fn come_up(&mut self, seed: u64, at: Timestamp) {
        self.booted_at = match self.phase {
            Phase::Booting { since, .. } => since,
            Phase::Up | Phase::GoingDown { .. } | Phase::Stuck | Phase::Off => at,
        };
        self.boots += 1;
        self.boot_id = boot_id(seed, &self.spec, self.boots);
        self.phase = Phase::Up;
        self.faults.retain(|fault| !fault.ends_with_a_boot());
    }

    /// Whether anything changed.
    pub(super) fn set_rotation(&mut self, rotation: Rotation, now: Timestamp) -> bool {
        if self.rotation == rotation {
            return false;
        }
        if self.rotation == Rotation::Ready {
            self.leaving_connections = if self.phase.is_up() { self.usual_connections } else { 0 };
            self.rotation_since = now;
        }
        self.rotation = rotation;
        true
    }

    pub(super) fn set_weight(&mut self, weight: u8) {
        self.weight = weight;
    }

    pub(super) fn shut_sessions(&mut self, now: Timestamp) {
        self.leaving_connections = 0;
        self.rotation_since = now;
    }

    pub(super) fn set_fault(&mut self, fault: Fault) {
        self.faults.insert(fault);
    }

    pub(super) fn clear_faults(&mut self) {
        self.faults.clear();
    }
}

fn boot_id(seed: u64, spec: &ServerSpec, boots: u64) -> BootId {
    BootId::new(Dice::of(seed, &[spec.name.as_str(), "boot", &boots.to_string()]).uuid())
}
