//! Why it is too much for what would be left, as people read it.

use super::{CARD, Story, at};
use crate::conversation::{card, short_reason};
use crate::domain::server::PoolName;
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, TrafficMeasure, TrafficScope};
use insta::assert_snapshot;

/// 120 % of one measure, of a pool that takes over from those.
fn too_much(measure: TrafficMeasure, brought: &[&str], clear_from: Option<Timestamp>) -> Blocker {
    Blocker::Traffic {
        scope: TrafficScope::Pool(PoolName::new("edge-fra")),
        measure,
        percent: 120,
        limit_percent: 100,
        brought: brought.iter().copied().map(PoolName::new).collect(),
        seen_at: at(14, 3),
        clear_from,
    }
}

/// The lines of a card that tell of it, and what a lock screen has room for.
fn told(reasons: &[Blocker]) -> String {
    let told = reasons.iter().map(|reason| {
        let card = Story::asked().approved().blocked(vec![reason.clone()]).see(CARD, card);
        let lines = card.lines().filter(|line| line.starts_with('•')).collect::<Vec<_>>().join("\n");
        format!("{lines}\n  {}", short_reason(reason))
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_usually_comes_ahead_is_told_with_when_it_will_be_over_or_when_it_was_looked_at() {
    let of = |brought: &[&str], clear_from| too_much(TrafficMeasure::Ahead, brought, clear_from);
    let reasons = [of(&[], None), of(&["edge-riga"], Some(at(22, 30)))];
    assert_snapshot!(told(&reasons), @"
    • edge-fra traffic would soon be 120 % of what is left, by the usual with headroom, at most 100 %, measured 14:03 UTC
      edge-fra traffic would soon be 120 % of what is left, by the usual with headroom, at most 100 %
    • edge-fra traffic with that of edge-riga would soon be 120 % of what is left, by the usual with headroom, at most 100 %; clear from 22:30 UTC if it stays so
      edge-fra traffic with that of edge-riga would soon be 120 % of what is left, by the usual with headroom, at most 100 %
    ");
}

#[test]
fn load_that_comes_from_elsewhere_is_told_with_where_it_comes_from() {
    let of = |brought: &[&str]| too_much(TrafficMeasure::LoadAfter, brought, None);
    let reasons = [of(&[]), of(&["edge-riga"]), of(&["edge-ams", "edge-oslo", "edge-riga", "edge-tll"])];
    assert_snapshot!(told(&reasons), @"
    • edge-fra traffic would be 120 % of what is left, at most 100 %, measured 14:03 UTC
      edge-fra traffic would be 120 % of what is left, at most 100 %
    • edge-fra traffic with that of edge-riga would be 120 % of what is left, at most 100 %, measured 14:03 UTC
      edge-fra traffic with that of edge-riga would be 120 % of what is left, at most 100 %
    • edge-fra traffic with that of edge-ams, edge-oslo, edge-riga + 1 more would be 120 % of what is left, at most 100 %, measured 14:03 UTC
      edge-fra traffic with that of edge-ams, edge-oslo, edge-riga + 1 more would be 120 % of what is left, at most 100 %
    ");
}
