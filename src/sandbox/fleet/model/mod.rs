//! The pure model of a fleet: servers that drain, reboot, hang and come back, and the log that counts it.
//!
//! Every function takes `now`. Deliberately absent: sockets, threads, clocks, randomness that is not drawn from the
//! seed. The faces (ssh, redfish, load balancer, the ports) only translate.

mod alerts;
mod balancer;
mod faults;
mod log;
mod machine;
mod spec;
#[cfg(test)]
mod tests;
mod traffic;

pub use alerts::{AlertsModel, MonitoringTrouble, WATCHDOG};
pub use balancer::{BalancerRow, Rotation};
pub use faults::{Fault, STRANGER_UUID};
pub use log::{Deed, LogEntry, Outcome, Via};
pub use machine::{ExecEnd, Phase, ResetKind, ServerView, SshDoor};
pub use spec::{CANARY, FleetSpec, OWNER, SITES, ServerSpec, Timing, zone_of};
pub use traffic::{Curve, MEASURED_EVERY, MetricsTrouble, TrafficModel};

use crate::domain::command::{HostCheck, HttpMethod};
use crate::domain::effect::{BootFacts, BootId, PowerFacts};
use crate::domain::ids::RunId;
use crate::domain::server::{Server, ServerName};
use crate::domain::time::Timestamp;
use crate::fleet::{Inventory, InventoryFault};
use machine::Machine;
use std::collections::{BTreeMap, BTreeSet};

/// A whole simulated fleet.
#[derive(Clone, Debug)]
pub struct Fleet {
    seed: u64,
    servers: BTreeMap<ServerName, Machine>,
    /// The servers whose phase ends by itself at a known time.
    moving: BTreeSet<ServerName>,
    boots_held: bool,
    log: Vec<LogEntry>,
    http: BTreeMap<String, HttpEffect>,
    http_status: BTreeMap<String, u16>,
    traffic: TrafficModel,
    alerts: AlertsModel,
}

/// One HTTP effect: a call that was carried out once, whatever the number of times it arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpEffect {
    /// Looks or changes.
    pub method: HttpMethod,
    /// The address.
    pub url: String,
    /// How often it arrived.
    pub arrivals: u32,
}

/// The fleet has no such server.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no server called {0}")]
pub struct NoSuchServer(pub ServerName);

impl Fleet {
    /// The standard 240 servers on six sites.
    #[must_use]
    pub fn standard(now: Timestamp) -> Self {
        Self::of(FleetSpec::standard(), now)
    }

    /// Any servers.
    #[must_use]
    pub fn of(spec: FleetSpec, now: Timestamp) -> Self {
        let FleetSpec { seed, timing, servers } = spec;
        let servers =
            servers.into_iter().map(|server| (server.name.clone(), Machine::new(server, seed, &timing, now))).collect();
        Self {
            seed,
            servers,
            moving: BTreeSet::new(),
            boots_held: false,
            log: Vec::new(),
            http: BTreeMap::new(),
            http_status: BTreeMap::new(),
            traffic: TrafficModel::default(),
            alerts: AlertsModel::new(now),
        }
    }

    /// What an inventory records of the servers, sorted by name.
    #[must_use]
    pub fn servers(&self) -> Vec<Server> {
        self.servers.values().map(|machine| machine.spec().server()).collect()
    }

    /// The inventory of these servers.
    ///
    /// # Errors
    /// When the specification had no server or names that are none.
    pub fn inventory(&self, now: Timestamp) -> Result<Inventory, InventoryFault> {
        Inventory::new(self.servers(), now)
    }

    /// What comes to it.
    #[must_use]
    pub const fn traffic(&self) -> &TrafficModel {
        &self.traffic
    }

    /// What comes to it, to be changed.
    pub const fn traffic_mut(&mut self) -> &mut TrafficModel {
        &mut self.traffic
    }

    /// What its monitoring fires.
    #[must_use]
    pub const fn alerts(&self) -> &AlertsModel {
        &self.alerts
    }

    /// What its monitoring fires, to be changed.
    pub const fn alerts_mut(&mut self) -> &mut AlertsModel {
        &mut self.alerts
    }

    /// Everything that anybody asked and everything that happened, in order. Never shortened.
    #[must_use]
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }

    /// How often a command restarted the server. What it did by itself is not counted.
    #[must_use]
    pub fn reboots(&self, name: &ServerName) -> usize {
        self.servers.get(name).map_or(0, Machine::reboots)
    }

    /// Everything there is to know about one server.
    #[must_use]
    pub fn view(&mut self, name: &ServerName, now: Timestamp) -> Option<ServerView> {
        self.settle(now);
        self.servers.get(name).map(|machine| machine.view(now))
    }

    /// Everything there is to know about all servers, sorted by name.
    #[must_use]
    pub fn views(&mut self, now: Timestamp) -> Vec<ServerView> {
        self.settle(now);
        self.servers.values().map(|machine| machine.view(now)).collect()
    }

    /// The name of the server with that id.
    #[must_use]
    pub fn name_of_id(&self, id: &str) -> Option<ServerName> {
        self.servers
            .values()
            .find(|machine| machine.spec().id.as_str() == id)
            .map(|machine| machine.spec().name.clone())
    }

    // -- over SSH --

    /// What a connection to the server's SSH port meets.
    #[must_use]
    pub fn ssh_door(&mut self, name: &ServerName, now: Timestamp) -> SshDoor {
        self.settle(now);
        self.servers.get(name).map_or(SshDoor::Refused, Machine::ssh_door)
    }

    /// The running system's boot, if one runs.
    #[must_use]
    pub fn boot_facts(&mut self, name: &ServerName, now: Timestamp) -> Option<BootFacts> {
        self.settle(now);
        self.servers.get(name).and_then(|machine| machine.boot_facts(now))
    }

    /// The checks that do not hold, each with what was found, if a system runs.
    #[must_use]
    pub fn failed_checks(
        &mut self,
        name: &ServerName,
        checks: &[HostCheck],
        now: Timestamp,
    ) -> Option<Vec<(HostCheck, String)>> {
        self.settle(now);
        self.servers.get(name).and_then(|machine| machine.failed_checks(checks))
    }

    /// Carries out a reboot command that arrived over SSH, unless the server's clock is at `not_after` or later.
    pub fn reboot_over_ssh(&mut self, name: &ServerName, not_after_seconds: i64, now: Timestamp) -> ExecEnd {
        self.settle(now);
        let Some(machine) = self.servers.get(name) else { return ExecEnd::CutOff };
        if !machine.phase().is_up() {
            return ExecEnd::CutOff;
        }
        let (outcome, end) = if now.seconds() >= not_after_seconds {
            (Outcome::Refused("it arrived too late".to_owned()), ExecEnd::exit(1, ""))
        } else if machine.has(Fault::RefusesReboot) {
            let words = "Call to Reboot failed: Access denied";
            (Outcome::Refused(words.to_owned()), ExecEnd::exit(1, words))
        } else if machine.has(Fault::IgnoresReboot) {
            (Outcome::WithoutEffect, ExecEnd::exit(0, ""))
        } else if machine.has(Fault::HangsInExec) {
            (Outcome::Done, ExecEnd::NoReply)
        } else if machine.has(Fault::DropsConnectionInExec) {
            (Outcome::Done, ExecEnd::CutOff)
        } else {
            (Outcome::Done, ExecEnd::exit(0, ""))
        };
        let happens = outcome == Outcome::Done;
        self.record(name, (Via::Ssh, Deed::Reboot, outcome), now);
        if happens {
            self.restart(name, false, now);
        }
        end
    }

    // -- over Redfish --

    /// What the management controller says.
    #[must_use]
    pub fn power(&mut self, name: &ServerName, now: Timestamp) -> Option<PowerFacts> {
        self.settle(now);
        self.servers.get(name).map(Machine::power)
    }

    /// A power action of the management controller. It answers at once; the effect follows.
    ///
    /// # Errors
    /// When there is no such server.
    pub fn reset(&mut self, name: &ServerName, kind: ResetKind, now: Timestamp) -> Result<Outcome, NoSuchServer> {
        self.settle(now);
        let machine = self.machine(name)?;
        let is_off = matches!(machine.phase(), Phase::Off);
        let outcome = match kind {
            ResetKind::On if is_off => Outcome::Done,
            ResetKind::On => Outcome::WithoutEffect,
            ResetKind::Off if is_off => Outcome::WithoutEffect,
            ResetKind::Off => Outcome::Done,
            ResetKind::Restart { .. } if machine.has(Fault::IgnoresReboot) => Outcome::WithoutEffect,
            ResetKind::Restart { .. } => Outcome::Done,
        };
        self.record(name, (Via::Redfish, kind.deed(), outcome.clone()), now);
        if outcome == Outcome::Done {
            match kind {
                ResetKind::On => self.start_boot(name, now),
                ResetKind::Off => self.force_off(name, now),
                ResetKind::Restart { forced } => self.restart(name, forced, now),
            }
        }
        Ok(outcome)
    }

    // -- trouble and hands --

    /// Gives a server a fault.
    ///
    /// # Errors
    /// When there is no such server.
    pub fn set_fault(&mut self, name: &ServerName, fault: Fault, now: Timestamp) -> Result<(), NoSuchServer> {
        self.settle(now);
        self.machine_mut(name)?.set_fault(fault);
        self.record(name, (Via::Hands, Deed::Fault(fault), Outcome::Done), now);
        match fault {
            Fault::Dead => self.go_down_by_itself(name, now),
            Fault::WontBoot => self.stop_boot(name, now),
            Fault::SshDead
            | Fault::BmcSlow
            | Fault::BmcDead
            | Fault::BmcSwapped
            | Fault::RefusesReboot
            | Fault::HangsInExec
            | Fault::DropsConnectionInExec
            | Fault::IgnoresReboot
            | Fault::ChecksFail => {}
        }
        Ok(())
    }

    /// Takes every fault away; a server that is down boots, whether boots are held or not.
    ///
    /// # Errors
    /// When there is no such server.
    pub fn repair(&mut self, name: &ServerName, now: Timestamp) -> Result<(), NoSuchServer> {
        self.settle(now);
        self.machine_mut(name)?.clear_faults();
        self.record(name, (Via::Hands, Deed::Repair, Outcome::Done), now);
        if matches!(self.machine(name)?.phase(), Phase::Stuck | Phase::Off | Phase::Booting { until: None, .. }) {
            let was_held = std::mem::replace(&mut self.boots_held, false);
            self.start_boot(name, now);
            self.boots_held = was_held;
        }
        Ok(())
    }

    /// While held, a boot ends only by [`Fleet::finish_boot`].
    pub fn hold_boots(&mut self, held: bool) {
        self.boots_held = held;
    }

    /// Ends a boot now; false if the server is not on its way up, or will not get there.
    pub fn finish_boot(&mut self, name: &ServerName, now: Timestamp) -> bool {
        self.settle(now);
        let Some(machine) = self.servers.get_mut(name) else { return false };
        let is_on_its_way = matches!(machine.phase(), Phase::GoingDown { .. } | Phase::Booting { .. });
        if !is_on_its_way || machine.has(Fault::WontBoot) {
            return false;
        }
        self.come_up(name, now);
        true
    }

    /// The server does not come back from the reboot that it is in, or from its next one, until it is repaired.
    ///
    /// # Errors
    /// When there is no such server.
    pub fn never_return(&mut self, name: &ServerName, now: Timestamp) -> Result<(), NoSuchServer> {
        self.set_fault(name, Fault::WontBoot, now)
    }

    // -- HTTP endpoints that are no servers --

    /// Lets an address answer with that status from now on; 200 otherwise.
    pub fn http_answers(&mut self, url: &str, status: u16) {
        self.http_status.insert(url.to_owned(), status);
    }

    /// One HTTP call: the same key again is the same effect.
    pub fn call_http(&mut self, method: HttpMethod, url: &str, key: &RunId) -> u16 {
        let status = self.http_status.get(url).copied().unwrap_or(200);
        if (200..300).contains(&status) {
            let effect = HttpEffect { method, url: url.to_owned(), arrivals: 0 };
            self.http.entry(format!("{url} {key}")).or_insert(effect).arrivals += 1;
        }
        status
    }

    /// The HTTP effects that took place.
    #[must_use]
    pub fn http_effects(&self) -> Vec<HttpEffect> {
        self.http.values().cloned().collect()
    }

    // -- what happens by itself --

    /// Lets everything happen that was due by now, in the order of its time.
    pub fn settle(&mut self, now: Timestamp) {
        while let Some((at, name)) = self.next_due(now) {
            let Some(machine) = self.servers.get(&name) else { return };
            match machine.phase() {
                Phase::GoingDown { .. } => self.start_boot(&name, at),
                Phase::Booting { .. } => self.come_up(&name, at),
                Phase::Up | Phase::Stuck | Phase::Off => {
                    self.moving.remove(&name);
                }
            }
        }
    }

    fn next_due(&self, now: Timestamp) -> Option<(Timestamp, ServerName)> {
        let due = self.moving.iter().filter_map(|name| {
            let until = self.servers.get(name)?.phase().until()?;
            (until <= now).then(|| (until, name.clone()))
        });
        due.min()
    }

    fn restart(&mut self, name: &ServerName, forced: bool, at: Timestamp) {
        let Some(machine) = self.servers.get_mut(name) else { return };
        machine.count_reboot(at);
        let until = at.plus(machine.shutdown_takes());
        machine.enter(Phase::GoingDown { until, forced });
        self.moving.insert(name.clone());
        self.record(name, (Via::Itself, Deed::WentDown, Outcome::Done), at);
    }

    fn start_boot(&mut self, name: &ServerName, at: Timestamp) {
        let held = self.boots_held;
        let Some(machine) = self.servers.get_mut(name) else { return };
        if machine.has(Fault::WontBoot) {
            machine.enter(Phase::Stuck);
            self.moving.remove(name);
            self.record(name, (Via::Itself, Deed::StayedDown, Outcome::Done), at);
            return;
        }
        let until = (!held).then(|| at.plus(machine.boot_takes()));
        machine.enter(Phase::Booting { since: at, until });
        self.moving.insert(name.clone());
    }

    fn stop_boot(&mut self, name: &ServerName, at: Timestamp) {
        let Some(machine) = self.servers.get_mut(name) else { return };
        if matches!(machine.phase(), Phase::Booting { .. }) {
            machine.enter(Phase::Stuck);
            self.moving.remove(name);
            self.record(name, (Via::Itself, Deed::StayedDown, Outcome::Done), at);
        }
    }

    fn come_up(&mut self, name: &ServerName, at: Timestamp) {
        let seed = self.seed;
        let Some(machine) = self.servers.get_mut(name) else { return };
        machine.come_up(seed, at);
        self.moving.remove(name);
        self.record(name, (Via::Itself, Deed::CameUp, Outcome::Done), at);
    }

    fn force_off(&mut self, name: &ServerName, at: Timestamp) {
        let Some(machine) = self.servers.get_mut(name) else { return };
        machine.enter(Phase::Off);
        self.moving.remove(name);
        self.record(name, (Via::Itself, Deed::WentDown, Outcome::Done), at);
    }

    fn go_down_by_itself(&mut self, name: &ServerName, at: Timestamp) {
        let Some(machine) = self.servers.get_mut(name) else { return };
        machine.enter(Phase::Stuck);
        self.moving.remove(name);
        self.record(name, (Via::Itself, Deed::WentDown, Outcome::Done), at);
    }

    fn machine(&self, name: &ServerName) -> Result<&Machine, NoSuchServer> {
        self.servers.get(name).ok_or_else(|| NoSuchServer(name.clone()))
    }

    fn machine_mut(&mut self, name: &ServerName) -> Result<&mut Machine, NoSuchServer> {
        self.servers.get_mut(name).ok_or_else(|| NoSuchServer(name.clone()))
    }

    fn record(&mut self, name: &ServerName, (via, deed, outcome): (Via, Deed, Outcome), at: Timestamp) {
        let boot_id = self.servers.get(name).map_or_else(|| BootId::new(""), |machine| machine.boot_id().clone());
        let sequence = u64::try_from(self.log.len()).unwrap_or(u64::MAX).saturating_add(1);
        self.log.push(LogEntry { sequence, at, server: name.clone(), via, deed, outcome, boot_id });
    }
}
