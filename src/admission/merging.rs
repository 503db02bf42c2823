//! The reasons of many servers as people read them: one for each thing that blocks, the longest-lasting first.
//!
//! Deliberately absent: which reasons there are.

use super::{breakers, infrastructure, production, traffic};
use crate::domain::breaker::BreakerScope;
use crate::domain::server::ServerName;
use crate::workflow::calendar::CalendarBlock;
use crate::workflow::request::Blocker;

/// One blocker for each thing that blocks, with the servers it blocks together; longest-lasting first.
#[must_use]
pub fn merged(blockers: Vec<Blocker>) -> Vec<Blocker> {
    let mut merged: Vec<Blocker> = Vec::new();
    for blocker in blockers {
        if let Blocker::Locked { servers, holder, since } = &blocker {
            let same = merged.iter_mut().find_map(|earlier| match earlier {
                Blocker::Locked { servers, holder: held, since: from } if held == holder => Some((servers, from)),
                Blocker::Locked { .. }
                | Blocker::Concurrency { .. }
                | Blocker::Rate { .. }
                | Blocker::Capacity { .. }
                | Blocker::NotAbsorbed { .. }
                | Blocker::Traffic { .. }
                | Blocker::TrafficUnknown { .. }
                | Blocker::Domain { .. }
                | Blocker::Alert { .. }
                | Blocker::AlertsUnknown { .. }
                | Blocker::NoDirectory
                | Blocker::HealthUnknown { .. }
                | Blocker::Contradicted { .. }
                | Blocker::Unseen { .. }
                | Blocker::Broken { .. }
                | Blocker::Soak { .. }
                | Blocker::Behind { .. }
                | Blocker::Stopped { .. }
                | Blocker::Frozen { .. }
                | Blocker::Calendar(_)
                | Blocker::Held { .. }
                | Blocker::Blacklisted { .. } => None,
            });
            if let Some((earlier, from)) = same {
                earlier.extend(servers.iter().cloned());
                *from = (*from).min(*since);
                continue;
            }
        }
        if let Some((earlier, more)) = merged.iter_mut().find_map(|earlier| held_together(earlier, &blocker)) {
            let new = more.iter().filter(|name| !earlier.contains(name)).cloned().collect::<Vec<_>>();
            earlier.extend(new);
            continue;
        }
        if let Some((earlier, more)) =
            merged.iter_mut().find_map(|earlier| production::said_together(earlier, &blocker))
        {
            earlier.extend(more.iter().filter(|name| !earlier.contains(name)).cloned().collect::<Vec<_>>());
            continue;
        }
        if let Blocker::Calendar(block) = blocker {
            match merged.iter_mut().find_map(|earlier| said_before(earlier, &block)) {
                Some(earlier) => earlier.join(block),
                None => merged.push(Blocker::Calendar(block)),
            }
            continue;
        }
        if let Some(earlier) = merged.iter_mut().find(|earlier| traffic::is_same(earlier, &blocker)) {
            traffic::tell_worse(earlier, blocker);
            continue;
        }
        if merged.iter_mut().any(|earlier| infrastructure::told_together(earlier, &blocker)) {
            continue;
        }
        if merged.iter_mut().any(|earlier| breakers::rest_together(earlier, &blocker)) {
            continue;
        }
        if !merged.contains(&blocker) {
            merged.push(blocker);
        }
    }
    merged.sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| width(other).cmp(&width(one))));
    merged
}

/// Of what has broken, the wider scope is told first.
const fn width(blocker: &Blocker) -> u8 {
    let Blocker::Broken { scope, .. } = blocker else { return 0 };
    match scope {
        BreakerScope::Command { .. } => 3,
        BreakerScope::Version { .. } => 2,
        BreakerScope::Site { .. } => 1,
        BreakerScope::Server { .. } => 0,
    }
}

/// The longest-lasting first.
const fn rank(blocker: &Blocker) -> u8 {
    match blocker {
        Blocker::Stopped { .. } => 0,
        Blocker::Held { .. } => 1,
        // It takes a person.
        Blocker::Broken { .. } => 2,
        // So does this.
        Blocker::Contradicted { .. } => 3,
        Blocker::Blacklisted { .. } => 4,
        Blocker::Frozen { .. } => 5,
        Blocker::Calendar(_) => 6,
        Blocker::Capacity { .. } | Blocker::NotAbsorbed { .. } => 7,
        Blocker::HealthUnknown { .. } => 8,
        Blocker::Unseen { .. } => 9,
        Blocker::Alert { .. } => 10,
        Blocker::AlertsUnknown { .. } => 11,
        Blocker::Domain { .. } => 12,
        Blocker::Traffic { .. } => 13,
        Blocker::TrafficUnknown { .. } => 14,
        Blocker::Locked { .. } => 15,
        Blocker::Concurrency { .. } => 16,
        Blocker::Rate { .. } => 17,
        Blocker::Behind { .. } => 18,
        Blocker::NoDirectory => 19,
        Blocker::Soak { .. } => 20,
    }
}

/// An earlier reason, if it is the same calendar that says the same of other sites.
fn said_before<'a>(earlier: &'a mut Blocker, later: &CalendarBlock) -> Option<&'a mut CalendarBlock> {
    let Blocker::Calendar(earlier) = earlier else { return None };
    earlier.is_same(later).then_some(earlier)
}

/// The servers of an earlier reason and those of a later one, if one person holds both for the same reason since then.
fn held_together<'a, 'b>(
    earlier: &'a mut Blocker,
    later: &'b Blocker,
) -> Option<(&'a mut Vec<ServerName>, &'b Vec<ServerName>)> {
    let Blocker::Held { servers: more, by, since, why } = later else { return None };
    let Blocker::Held { servers, by: holder, since: from, why: told } = earlier else { return None };
    let is_same = (&*holder, &*from, &*told) == (by, since, why);
    (is_same && !servers.is_empty() && !more.is_empty()).then_some((servers, more))
}
