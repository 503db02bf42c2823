//! The shapes of what was known of traffic, and of the numbers that it was judged by.

use super::{Json, Members, Misfit, Stored, stored_record, stored_variants};
use crate::admission::traffic::{Doubt, Measured, Snapshot, StandbyRules};
use crate::admission::{Traffic, TrafficRules};
use serde_json::Value;

stored_variants! { Traffic;
    "not-asked" => NotAsked,
    "not-configured" => NotConfigured,
    "left-out" => LeftOut,
    "pending" => Pending,
    "silent" => Silent { why: "why", since: "since_ms" },
    "seen" => Seen(snapshot),
}
stored_record! { Snapshot; pools: "pools", silent: "silent" }
stored_record! { Measured; units: "units", seen_at: "seen_at_ms", before: "before", usual: "usual", ahead: "ahead" or Vec::new() }
stored_record! { TrafficRules;
    query: "query", seen: "seen", up: "up", capacity: "capacity", absorbed_by: "absorbed_by",
    load_max_percent: "load_max_percent", resume_percent: "resume_percent", relief_percent: "relief_percent",
    surge_percent: "surge_percent", rise_percent: "rise_percent", judged_from_percent: "judged_from_percent",
    clear_for: "clear_for_ms", age_max: "age_max_ms", coverage_min_percent: "coverage_min_percent",
    look_every: "look_every_ms", standby: "standby" or None,
    // Before it was looked ahead, nothing was kept of it.
    ahead: "ahead_ms" or None, headroom_percent: "headroom_percent" or TrafficRules::default().headroom_percent,
}
stored_record! { StandbyRules;
    automation: "automation", command: "command", channel: "channel", again_after: "again_after_ms",
    calm_percent: "calm_percent", calm_for: "calm_for_ms",
}

/// A measurement, or since when and why there is none.
impl Stored for Result<Measured, Doubt> {
    fn store(&self, json: &mut Json) {
        match self {
            Ok(measured) => measured.store(json),
            Err(doubt) => json.object().with("why", &doubt.why).with("since_ms", &doubt.since).end(),
        }
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let members = Members::of(value)?;
        match members.read("why")? {
            Some(why) => Ok(Err(Doubt { why, since: members.read("since_ms")? })),
            None => Measured::restore(value).map(Ok),
        }
    }
}

/// An amount, as a text: a reader of JSON may take a number for its neighbour, and then a decision that is asked again would
/// be another.
impl Stored for f64 {
    fn store(&self, json: &mut Json) {
        json.text(&format!("{self:?}"));
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let amount = value.as_str().and_then(|text| text.parse::<Self>().ok()).filter(|amount| amount.is_finite());
        amount.ok_or_else(|| Misfit::expected("an amount", value))
    }
}
