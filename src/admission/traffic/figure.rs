//! What a scope carries and used to carry, and what is left to carry it.
//!
//! Deliberately absent: how much of that is too much.

use super::Measured;
use crate::domain::server::PoolName;
use crate::domain::time::Timestamp;
use crate::workflow::request::TrafficScope;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

/// What is carried at each of some moments, oldest first.
type Moments = Rc<Vec<(Timestamp, f64)>>;

/// What a scope carries, and what is left to carry it.
#[derive(Clone, Debug)]
pub(in crate::admission) struct Figure {
    pub(super) scope: TrafficScope,
    pub(super) units: f64,
    pub(super) left: f64,
    /// What comes there besides from where nothing is left; it has no part in what is usual.
    pub(super) brought: Vec<Brought>,
    pub(super) seen_at: Timestamp,
    pub(super) before: Moments,
    pub(super) usual: Option<f64>,
    /// What it usually carries at moments ahead, without what comes besides.
    pub(super) ahead: Moments,
}

/// What comes to a place from another one of which nothing is left: a share of what that carries.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    /// The pool that carried it; `None` where the scope itself says from where.
    from: Option<PoolName>,
    share: f64,
    units: f64,
    ahead: Moments,
}

impl Brought {
    /// All that a pool carries, or carried lately, and usually does at moments ahead.
    pub(super) fn all_of(pool: &PoolName, units: f64, ahead: Moments) -> Self {
        Self { from: Some(pool.clone()), share: 1.0, units, ahead }
    }

    /// A share of it.
    pub(super) fn shared(&self, share: f64) -> Self {
        Self { share: self.share * share, ..self.clone() }
    }

    fn now(&self) -> f64 {
        self.units * self.share
    }

    /// What it usually is at that moment, and not less than now.
    fn at(&self, moment: Timestamp) -> f64 {
        let place = self.ahead.binary_search_by_key(&moment, |(at, _)| *at).ok();
        let usual = place.and_then(|place| self.ahead.get(place)).map_or(0.0, |(_, units)| *units);
        usual.max(self.units) * self.share
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
            ahead: Rc::new(measured.ahead.clone()),
        }
    }

    /// That many units, and what comes besides, over what is left.
    pub(super) fn load(&self, units: f64) -> f64 {
        self.over_left(units + self.brought.iter().map(Brought::now).sum::<f64>())
    }

    /// That many units, and so many times what comes besides at that moment ahead, over what is left.
    pub(super) fn load_at(&self, at: Timestamp, units: f64, times: f64) -> f64 {
        self.over_left(units + self.brought.iter().map(|one| one.at(at)).sum::<f64>() * times)
    }

    fn over_left(&self, units: f64) -> f64 {
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

    /// The pools that bring something now, by name.
    pub(super) fn brought_now(&self) -> Vec<PoolName> {
        self.brought_where(|one| one.now() > 0.0)
    }

    /// The pools that bring something now or at a moment ahead, by name.
    pub(super) fn brought_ahead(&self) -> Vec<PoolName> {
        self.brought_where(|one| one.now() > 0.0 || self.ahead.iter().any(|(at, _)| one.at(*at) > 0.0))
    }

    fn brought_where(&self, is_any: impl Fn(&Brought) -> bool) -> Vec<PoolName> {
        let from = self.brought.iter().filter(|one| is_any(one)).filter_map(|one| one.from.clone());
        from.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// That share of what it carries, to be taken elsewhere.
    pub(super) fn part(&self, share: f64) -> Brought {
        Brought { from: None, share, units: self.units, ahead: Rc::clone(&self.ahead) }
    }

    /// Every moment that is known, the present one last.
    pub(super) fn moments(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, f64)> + '_ {
        self.before.iter().copied().filter(move |(at, _)| *at < now).chain([(now, self.units)])
    }

    /// What was carried within that time until now, oldest first.
    pub(super) fn lately(
        &self,
        now: Timestamp,
        within: Duration,
    ) -> impl DoubleEndedIterator<Item = (Timestamp, f64)> + '_ {
        let since = self.before.partition_point(|(at, _)| now.since(*at) >= within);
        let lately = self.before.get(since..).unwrap_or_default().iter().copied().filter(move |(at, _)| *at < now);
        lately.chain([(now, self.units)])
    }

    /// Both together; moments and hours count where both are known, and what is ahead where one is: a pool that is new must not keep
    /// those beside it from looking ahead, so it counts with what it carries now.
    pub(super) fn and(self, other: &Measured) -> Self {
        Self {
            before: Rc::new(together(&self.before, &other.before)),
            units: self.units + other.units,
            seen_at: self.seen_at.min(other.seen_at),
            usual: self.usual.zip(other.usual).map(|(one, other)| one + other),
            ahead: Rc::new(either(
                Of { known: &self.ahead, now: self.units },
                Of { known: &other.ahead, now: other.units },
            )),
            ..self
        }
    }
}

/// What is usual of a pool ahead, and what it carries now.
#[derive(Clone, Copy)]
struct Of<'a> {
    known: &'a [(Timestamp, f64)],
    now: f64,
}

/// Every moment of which something is known of one of them.
fn either(one: Of<'_>, other: Of<'_>) -> Vec<(Timestamp, f64)> {
    let moments = one.known.iter().chain(other.known).map(|(at, _)| *at).collect::<BTreeSet<_>>();
    let at = |of: &Of<'_>, moment: Timestamp| {
        let place = of.known.binary_search_by_key(&moment, |(at, _)| *at);
        place.ok().and_then(|place| of.known.get(place)).map_or(of.now, |(_, units)| *units)
    };
    moments.into_iter().map(|moment| (moment, at(&one, moment) + at(&other, moment))).collect()
}

/// Both are in order, so one look through each finds the moments that they share.
fn together(one: &[(Timestamp, f64)], other: &[(Timestamp, f64)]) -> Vec<(Timestamp, f64)> {
    let mut others = other.iter().peekable();
    let both = one.iter().filter_map(|(at, units)| {
        while others.next_if(|(then, _)| then < at).is_some() {}
        others.next_if(|(then, _)| then == at).map(|(_, more)| (*at, units + more))
    });
    both.collect()
}
