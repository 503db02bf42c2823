//! What a scope carries and used to carry, and what is left to carry it.
//!
//! Deliberately absent: how much of that is too much.

use super::Measured;
use crate::domain::server::PoolName;
use crate::domain::time::Timestamp;
use crate::workflow::request::TrafficScope;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a scope carries, and what is left to carry it.
#[derive(Clone, Debug)]
pub(in crate::admission) struct Figure {
    pub(super) scope: TrafficScope,
    pub(super) units: f64,
    pub(super) left: f64,
    /// What comes there besides from where nothing is left; it has no part in what is usual.
    pub(super) brought: Vec<Brought>,
    pub(super) seen_at: Timestamp,
    pub(super) before: Rc<Vec<(Timestamp, f64)>>,
    pub(super) usual: Option<f64>,
}

/// What comes to a place from another one of which nothing is left.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    /// The pool that carried it; `None` where the scope itself says from where.
    from: Option<PoolName>,
    units: f64,
}

impl Brought {
    /// All that a pool carries.
    pub(super) fn all_of(pool: &PoolName, units: f64) -> Self {
        Self { from: Some(pool.clone()), units }
    }

    /// A share of it.
    pub(super) fn shared(&self, share: f64) -> Self {
        Self { units: self.units * share, ..self.clone() }
    }
}

impl Figure {
    /// Of a scope whose first pool is measured so.
    pub(super) fn of(scope: &TrafficScope, left: f64, measured: &Measured) -> Self {
        Self {
            scope: scope.clone(),
            units: measured.units,
            left,
            brought: Vec::new(),
            seen_at: measured.seen_at,
            before: Rc::new(measured.before.clone()),
            usual: measured.usual,
        }
    }

    /// That many units, and what comes besides, over what is left.
    pub(super) fn load(&self, units: f64) -> f64 {
        let units = units + self.brought.iter().map(|one| one.units).sum::<f64>();
        match () {
            () if units <= 0.0 => 0.0,
            () if self.left <= 0.0 => f64::INFINITY,
            () => units / self.left,
        }
    }

    /// The same with that much less to carry it.
    pub(in crate::admission) fn less(self, units: f64) -> Self {
        Self { left: self.left - units, ..self }
    }

    /// The same with that much alone to carry it.
    pub(super) fn with_only(self, units: f64) -> Self {
        Self { left: units, ..self }
    }

    /// The same with more to carry, as if it had always been there.
    pub(super) fn with(mut self, more: impl IntoIterator<Item = Brought>) -> Self {
        self.brought.extend(more);
        self
    }

    /// The pools that bring something, by name.
    pub(super) fn brought_from(&self) -> Vec<PoolName> {
        let from = self.brought.iter().filter(|one| one.units > 0.0).filter_map(|one| one.from.clone());
        from.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// That share of what it carries, to be taken elsewhere.
    pub(super) fn part(&self, share: f64) -> Brought {
        Brought { from: None, units: self.units * share }
    }

    /// Every moment that is known, the present one last.
    pub(super) fn moments(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, f64)> + '_ {
        self.before.iter().copied().filter(move |(at, _)| *at < now).chain([(now, self.units)])
    }

    /// Both together; moments and hours count where both are known.
    pub(super) fn and(self, other: &Measured) -> Self {
        // Both histories are in order, so one look through each finds the moments that they share.
        let mut others = other.before.iter().peekable();
        let both = self.before.iter().filter_map(|(at, units)| {
            while others.next_if(|(then, _)| then < at).is_some() {}
            others.next_if(|(then, _)| then == at).map(|(_, more)| (*at, units + more))
        });
        Self {
            before: Rc::new(both.collect()),
            units: self.units + other.units,
            seen_at: self.seen_at.min(other.seen_at),
            usual: self.usual.zip(other.usual).map(|(one, other)| one + other),
            ..self
        }
    }
}
