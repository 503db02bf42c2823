//! What usually comes in the hours ahead, over what would be left: nobody is taken out just before the hour in which it is missed.
//!
//! It is the worst of what the last four weeks say of those hours. Where more than usual comes today, that much more is counted
//! with: as a share, because what doubles now is likely to double then; never less than the history, because a quiet hour says
//! nothing of the next; and never beyond what is a surge, because that is told by itself, and in an hour in which little is usual
//! a little more would be a large share. On top of that there is the headroom.
//!
//! What is usual is of whole half hours and does not move with the measurements, so nothing has to be waited out as with load;
//! of what is more than usual the most of the last while counts. Deliberately absent: what is out already. It comes back at its
//! end, or by what is measured.

use super::usual::AHEAD_EVERY;
use super::{Figure, Place, percent, share};
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, TrafficMeasure};
use std::time::Duration;

/// All of what would be left: the headroom is counted with what comes.
const LIMIT_PERCENT: u32 = 100;
/// What is more only by the rounding of fractions is not more.
const ROUNDING: f64 = 1e-9;

impl Place<'_> {
    /// More usually comes ahead than what would be left could carry with headroom. Hours of which less than four weeks are known
    /// have no say.
    pub(super) fn ahead(&self, figure: &Figure) -> Option<Blocker> {
        let (rules, now) = (&self.known.rules.traffic, self.known.now);
        let ahead = rules.ahead?;
        let times = self.above_usual(figure) * (1.0 + share(rules.headroom_percent));
        let spare = 1.0 + share(rules.headroom_percent);
        let load = |(at, units): &(Timestamp, f64)| (*at, figure.load_at(*at, units * times, spare));
        let loads = Loads { loads: figure.ahead.iter().map(load).collect(), ahead };
        let worst = loads.that_count(now).map(|(_, load)| load).fold(0.0, f64::max);
        is_too_much(worst)
            .then(|| self.told(figure, TrafficMeasure::Ahead, (percent(worst), LIMIT_PERCENT), loads.clear_from(now)))
    }

    /// How many times the usual has come of late, as far as that is more than it, and no surge.
    fn above_usual(&self, figure: &Figure) -> f64 {
        let (rules, now) = (&self.known.rules.traffic, self.known.now);
        let Some(usual) = figure.usual else { return 1.0 };
        let most = figure.lately(now, rules.clear_for).map(|(_, units)| units).fold(0.0, f64::max);
        if most > usual { (most / usual).min(share(rules.surge_percent)) } else { 1.0 }
    }
}

fn is_too_much(load: f64) -> bool {
    load > share(LIMIT_PERCENT) + ROUNDING
}

/// How much of what would be left usually comes at each moment, and how far ahead of it that counts.
struct Loads {
    loads: Vec<(Timestamp, f64)>,
    ahead: Duration,
}

impl Loads {
    /// What counts at a moment: from the half hour that is going on then to the first one at the end of what is looked ahead.
    fn that_count(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, f64)> + '_ {
        let (after, before) = (at.minus(AHEAD_EVERY), at.plus(self.ahead + AHEAD_EVERY));
        self.loads.iter().copied().filter(move |(moment, _)| after < *moment && *moment < before)
    }

    /// The first moment at which nothing that counts is too much any more; `None` where not all is known that counts then.
    fn clear_from(&self, now: Timestamp) -> Option<Timestamp> {
        let after_it = self.loads.iter().filter(|(_, load)| is_too_much(*load)).map(|(at, _)| at.plus(AHEAD_EVERY));
        let known = self.ahead.as_millis().div_ceil(AHEAD_EVERY.as_millis()) + 1;
        let is_known = |at: Timestamp| self.that_count(at).count() as u128 == known;
        let mut clear =
            after_it.filter(|at| *at > now).filter(|at| !self.that_count(*at).any(|(_, load)| is_too_much(load)));
        clear.next().filter(|at| is_known(*at))
    }
}
