//! The model as the services' own drivers: no socket between them.
//!
//! What a driver would learn from the wire, this face says in the same words of [`Begun`] and [`Seen`].

use super::model::{ExecEnd, Fault, Fleet, Outcome, ResetKind, Rotation, SshDoor};
use crate::domain::effect::{Act, Begun, Probe, Seen};
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::mandate::Mandate;
use crate::ports::{Clock, Drivers};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a slow management controller takes to answer.
pub const SLOW_BMC_ANSWERS_AFTER: Duration = Duration::from_secs(3);

/// Drivers straight into the model.
#[derive(Clone)]
pub struct FleetDrivers {
    /// The fleet.
    pub fleet: Arc<Mutex<Fleet>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl FleetDrivers {
    /// Drivers of that fleet.
    #[must_use]
    pub fn new(fleet: Arc<Mutex<Fleet>>, clock: Arc<dyn Clock>) -> Self {
        Self { fleet, clock }
    }

    /// The fleet itself.
    pub fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Drivers for FleetDrivers {
    async fn begin(&self, mandate: &Mandate, deadline: Duration) -> Begun {
        begin(&mut self.fleet(), mandate.act(), deadline, self.clock.now())
    }

    async fn observe(&self, probe: &Probe, deadline: Duration) -> Seen {
        observe(&mut self.fleet(), probe, deadline, self.clock.now())
    }
}

fn begin(fleet: &mut Fleet, act: &Act, deadline: Duration, now: Timestamp) -> Begun {
    match act {
        Act::Drain(server) => rotate(fleet, server, Rotation::Drain, now),
        Act::Undrain(server) => rotate(fleet, server, Rotation::Ready, now),
        Act::RebootOverSsh { server, not_after } => reboot(fleet, server, not_after.seconds(), now),
        Act::RestartOverRedfish(server) => restart(fleet, server, deadline, now),
        Act::Http { method, url, send: _, expect, key, call: _ } => match fleet.call_http(*method, url, key) {
            status if status == *expect => Begun::Sent,
            status if status < 500 => Begun::Refused(format!("it answered {status} instead of {expect}")),
            status => Begun::Unknown(format!("it answered {status} instead of {expect}")),
        },
    }
}

fn rotate(fleet: &mut Fleet, server: &ServerName, rotation: Rotation, now: Timestamp) -> Begun {
    match fleet.set_rotation(server, rotation, now) {
        Ok(_) => Begun::Sent,
        Err(_) => Begun::Refused(format!("{server} is behind no load balancer")),
    }
}

fn reboot(fleet: &mut Fleet, server: &ServerName, not_after_seconds: i64, now: Timestamp) -> Begun {
    match fleet.ssh_door(server, now) {
        SshDoor::Refused => Begun::NeverSent("the SSH port is closed".to_owned()),
        SshDoor::Hangs => Begun::NeverSent("SSH did not answer".to_owned()),
        SshDoor::Open => match fleet.reboot_over_ssh(server, not_after_seconds, now) {
            ExecEnd::Exit { status: 0, .. } => Begun::Sent,
            ExecEnd::Exit { stderr, .. } if stderr.is_empty() => {
                Begun::Refused("the command arrived too late and did nothing".to_owned())
            }
            ExecEnd::Exit { stderr, .. } => Begun::Refused(stderr),
            ExecEnd::NoReply => Begun::Unknown("the command was sent and no answer came in time".to_owned()),
            ExecEnd::CutOff => Begun::Unknown("the connection was cut after the command was sent".to_owned()),
        },
    }
}

/// A controller is read before it is told anything, so one that does not answer was sent nothing.
fn restart(fleet: &mut Fleet, server: &ServerName, deadline: Duration, now: Timestamp) -> Begun {
    if let Some(why) = bmc_silence(fleet, server, deadline, now) {
        return Begun::NeverSent(why);
    }
    if let Some(why) = other_machine(fleet, server) {
        return Begun::OtherMachine(why);
    }
    let answers_late = fleet.view(server, now).is_some_and(|view| view.faults.contains(&Fault::BmcSlow));
    match fleet.reset(server, ResetKind::Restart { forced: true }, now) {
        Ok(_) if answers_late && deadline < SLOW_BMC_ANSWERS_AFTER * 2 => {
            Begun::Unknown("the restart was sent and no answer came in time".to_owned())
        }
        Ok(Outcome::Done | Outcome::WithoutEffect) => Begun::Sent,
        Ok(Outcome::Refused(why)) => Begun::Refused(why),
        Err(none) => Begun::Refused(none.to_string()),
    }
}

fn observe(fleet: &mut Fleet, probe: &Probe, deadline: Duration, now: Timestamp) -> Seen {
    match probe {
        Probe::Boot(server) => match over_ssh(fleet, server, now) {
            Err(why) => Seen::NoAnswer(why),
            Ok(()) => fleet.boot_facts(server, now).map_or_else(|| Seen::NoAnswer("it is down".to_owned()), Seen::Boot),
        },
        Probe::Balancer(server) => fleet
            .balancer_line(server, now)
            .map_or_else(|| Seen::NoAnswer(format!("{server} is behind no load balancer")), Seen::Balancer),
        Probe::Pool(pool) => {
            let members = fleet.servers().into_iter().filter(|server| server.pool.as_ref() == Some(pool));
            let lines =
                members.filter_map(|server| Some((server.name.clone(), fleet.balancer_line(&server.name, now)?)));
            Seen::Pool(lines.collect())
        }
        Probe::Power(server) => match bmc_silence(fleet, server, deadline, now) {
            Some(why) => Seen::NoAnswer(why),
            None => match (other_machine(fleet, server), fleet.power(server, now)) {
                (Some(why), _) => Seen::OtherMachine(why),
                (None, Some(facts)) => Seen::Power(facts),
                (None, None) => Seen::NoAnswer(format!("there is no server called {server}")),
            },
        },
        Probe::Checks(server, checks) => match over_ssh(fleet, server, now) {
            Err(why) => Seen::NoAnswer(why),
            Ok(()) => fleet
                .failed_checks(server, checks, now)
                .map_or_else(|| Seen::NoAnswer("it is down".to_owned()), Seen::Checks),
        },
    }
}

fn over_ssh(fleet: &mut Fleet, server: &ServerName, now: Timestamp) -> Result<(), String> {
    match fleet.ssh_door(server, now) {
        SshDoor::Open => Ok(()),
        SshDoor::Refused => Err("the SSH port is closed".to_owned()),
        SshDoor::Hangs => Err("SSH did not answer".to_owned()),
    }
}

/// What is found where the controller is not this server's, by the UUID that the inventory states for each.
fn other_machine(fleet: &Fleet, server: &ServerName) -> Option<String> {
    let behind = fleet.behind_controller(server);
    let stated = fleet.servers().into_iter().find(|known| known.name == *server)?.id;
    let said = fleet.controller_uuid(server);
    (behind.as_ref() != Some(server)).then(|| format!("its controller says UUID {said}, the inventory says {stated}"))
}

/// Why the management controller would not answer within the deadline.
fn bmc_silence(fleet: &mut Fleet, server: &ServerName, deadline: Duration, now: Timestamp) -> Option<String> {
    let faults = fleet.view(server, now).map(|view| view.faults).unwrap_or_default();
    let silent =
        faults.contains(&Fault::BmcDead) || (faults.contains(&Fault::BmcSlow) && deadline < SLOW_BMC_ANSWERS_AFTER);
    silent.then(|| "the management controller did not answer in time".to_owned())
}
