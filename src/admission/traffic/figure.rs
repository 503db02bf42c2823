//! What a scope carries and used to carry, and what is left to carry it.
//!
//! Deliberately absent: how much of that is too much.

use super::Measured;
use crate::domain::time::Timestamp;
use crate::workflow::request::TrafficScope;
use std::rc::Rc;

/// What a scope carries, and what is left to carry it.
#[derive(Clone, Debug)]
pub(in crate::admission) struct Figure {
    pub(super) scope: TrafficScope,
    pub(super) units: f64,
    pub(super) left: f64,
    /// What comes there besides from where nothing is left; it has no part in what is usual.
    pub(super) brought: f64,
    pub(super) seen_at: Timestamp,
    pub(super) before: Rc<Vec<(Timestamp, f64)>>,
    pub(super) usual: Option<f64>,
}

impl Figure {
    /// Of a scope whose first pool is measured so.
    pub(super) fn of(scope: &TrafficScope, left: f64, measured: &Measured) -> Self {
        Self {
            scope: scope.clone(),
            units: measured.units,
            left,
            brought: 0.0,
            seen_at: measured.seen_at,
            before: Rc::new(measured.before.clone()),
            usual: measured.usual,
        }
    }

    /// That many units, and what comes besides, over what is left.
    pub(super) fn load(&self, units: f64) -> f64 {
        let units = units + self.brought;
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
    pub(super) fn with(self, more: f64) -> Self {
        Self { brought: self.brought + more, ..self }
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
