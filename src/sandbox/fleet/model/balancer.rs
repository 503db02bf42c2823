//! The load balancer's side of the model: one line per server that is in a pool, in or out of rotation.
//!
//! Deliberately absent: HAProxy's text, which is the balancer face's.

use super::machine::Machine;
use super::{Deed, Fleet, NoSuchServer, Outcome, Via};
use crate::domain::effect::{BalancerLine, BalancerStanding};
use crate::domain::server::{PoolName, ServerName, SiteName};
use crate::domain::time::Timestamp;

/// What an operator told the load balancer about a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rotation {
    /// It gets traffic while its health check passes.
    Ready,
    /// No new connections; the open ones end by themselves.
    Drain,
    /// No new connections.
    Maintenance,
}

impl Rotation {
    /// The word of the runtime command `set server … state …`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Drain => "drain",
            Self::Maintenance => "maint",
        }
    }

    /// The rotation of such a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Ready, Self::Drain, Self::Maintenance].into_iter().find(|rotation| rotation.word() == word)
    }

    const fn deed(self) -> Deed {
        match self {
            Self::Ready => Deed::Ready,
            Self::Drain => Deed::Drain,
            Self::Maintenance => Deed::Maintenance,
        }
    }
}

/// One row of a load balancer's statistics.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BalancerRow {
    /// The backend.
    pub pool: PoolName,
    /// The server.
    pub server: ServerName,
    /// Whether it gets traffic, and its connections.
    pub line: BalancerLine,
    /// What an operator said.
    pub rotation: Rotation,
    /// Its weight.
    pub weight: u8,
    /// Whether its health check passes, in rotation or out of it.
    pub is_healthy: bool,
}

impl Fleet {
    /// The server's line; `None` if it is behind no load balancer.
    #[must_use]
    pub fn balancer_line(&mut self, name: &ServerName, now: Timestamp) -> Option<BalancerLine> {
        self.settle(now);
        self.servers.get(name).filter(|machine| machine.spec().pool.is_some()).map(|machine| line(machine, now))
    }

    /// All rows of a site's load balancer.
    #[must_use]
    pub fn balancer_rows(&mut self, site: &SiteName, now: Timestamp) -> Vec<BalancerRow> {
        self.settle(now);
        let of_site = self.servers.values().filter(|machine| machine.spec().site == *site);
        let mut rows: Vec<_> = of_site
            .filter_map(|machine| {
                Some(BalancerRow {
                    pool: machine.spec().pool.clone()?,
                    server: machine.spec().name.clone(),
                    line: line(machine, now),
                    rotation: machine.rotation(),
                    weight: machine.weight(),
                    is_healthy: machine.phase().is_up(),
                })
            })
            .collect();
        rows.sort_by(|left, right| (&left.pool, &left.server).cmp(&(&right.pool, &right.server)));
        rows
    }

    /// Takes a server into or out of rotation; the same again changes nothing.
    ///
    /// # Errors
    /// When there is no such server behind a load balancer.
    pub fn set_rotation(
        &mut self,
        name: &ServerName,
        rotation: Rotation,
        now: Timestamp,
    ) -> Result<Outcome, NoSuchServer> {
        self.settle(now);
        let machine = self.behind_balancer(name)?;
        let outcome = if machine.set_rotation(rotation, now) { Outcome::Done } else { Outcome::WithoutEffect };
        self.record(name, (Via::Balancer, rotation.deed(), outcome.clone()), now);
        Ok(outcome)
    }

    /// Sets a server's weight, 0 to 100.
    ///
    /// # Errors
    /// When there is no such server behind a load balancer.
    pub fn set_weight(&mut self, name: &ServerName, weight: u8, now: Timestamp) -> Result<(), NoSuchServer> {
        self.settle(now);
        self.behind_balancer(name)?.set_weight(weight);
        self.record(name, (Via::Balancer, Deed::Weight(weight), Outcome::Done), now);
        Ok(())
    }

    /// Cuts the server's open connections.
    ///
    /// # Errors
    /// When there is no such server behind a load balancer.
    pub fn shut_sessions(&mut self, name: &ServerName, now: Timestamp) -> Result<(), NoSuchServer> {
        self.settle(now);
        self.behind_balancer(name)?.shut_sessions(now);
        self.record(name, (Via::Balancer, Deed::ShutSessions, Outcome::Done), now);
        Ok(())
    }

    fn behind_balancer(&mut self, name: &ServerName) -> Result<&mut Machine, NoSuchServer> {
        let machine = self.machine_mut(name)?;
        if machine.spec().pool.is_some() { Ok(machine) } else { Err(NoSuchServer(name.clone())) }
    }
}

fn line(machine: &Machine, now: Timestamp) -> BalancerLine {
    let standing = match machine.rotation() {
        Rotation::Ready if machine.phase().is_up() => BalancerStanding::Up,
        Rotation::Ready => BalancerStanding::Down,
        Rotation::Drain => BalancerStanding::Drained,
        Rotation::Maintenance => BalancerStanding::Maintenance,
    };
    BalancerLine { standing, connections: machine.connections(now) }
}
