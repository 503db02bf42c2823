//! The shapes of what decisions were made on, and of what they said.

use super::{Json, Members, Misfit, Stored, stored_record, stored_variants, stored_words};
use crate::admission::{
    Absorption, BlacklistLevel, Brake, BrakeKind, Calendars, CohortRule, Coverage, Decided, Declarer, FailureRules,
    FailureShare, Firing, Health, HealthRow, InfrastructureRules, Lock, LockStanding, OverrideRules, Precedence,
    QueueRules, Rules, Said, ServerFailure, ServerRule, SetBy, Snapshot, SoakRules, Start, StateChange, StateRow,
    Traffic, TrafficRules, WiderFloors,
};
use crate::domain::identity::Asker;
use crate::domain::ids::RunId;
use crate::domain::server::{ProductionState, Server};
use crate::ports::store::DeclaredRecord;
use crate::workflow::pace::Pace;
use crate::workflow::request::Contended;
use serde_json::Value;
use std::collections::BTreeMap;

stored_record! { Snapshot;
    at: "at_ms", files: "files", rules: "rules", servers: "servers", locks: "locks", states: "states", health: "health",
    brakes: "brakes", breakers: "breakers" or Vec::new(), failures: "failures" or Vec::new(), before: "before" or Vec::new(),
    traffic: "traffic" or Traffic::NotConfigured, firing: "firing" or Firing::NotConfigured,
    metros: "metros" or BTreeMap::new(), zones: "zones" or BTreeMap::new(),
    starts: "starts" or Vec::new(), paces: "paces" or BTreeMap::new(),
}
stored_record! { Rules;
    pool_out_max_percent: "pool_out_max_percent", wider_floors: "wider_floors" or WiderFloors::default(),
    absorbed_by: "absorbed_by" or Vec::new(), health_age_max: "health_age_max_ms",
    unknown_max_percent: "unknown_max_percent", fleet_concurrency: "fleet_concurrency",
    command_concurrency: "command_concurrency", type_in_site_percent: "type_in_site_percent",
    rack_concurrency: "rack_concurrency", overrides: "overrides", failure_rate: "failure_rate" or FailureRules::default(),
    queue: "queue" or QueueRules::default(), traffic: "traffic" or TrafficRules::default(), observed: "observed" or Vec::new(),
    infrastructure: "infrastructure" or InfrastructureRules::default(),
    soak: "soak" or SoakRules::default(), calendars: "calendars" or Calendars::default(), starts_per_minute: "starts_per_minute" or None,
}
stored_record! { Absorption; server_type: "type", site: "site", by: "by" }
stored_record! { WiderFloors; type_in_site: "type_in_site", site: "site", metro: "metro" }
stored_record! { FailureRules;
    in_a_row: "in_a_row", share: "share", cohort: "cohort" or None, command: "command",
    server: "server" or ServerRule::default(), cool_down: "cool_down_ms", soak: "soak_ms",
}
stored_record! { CohortRule;
    times: "times", failures_min: "failures_min", runs_min: "runs_min", within: "within_ms",
}
stored_record! { ServerRule; failures_min: "failures_min", within: "within_ms", cool_down: "cool_down_ms" }
stored_record! { ServerFailure; server: "server", name: "name", command: "command", run: "run", at: "at_ms" }
stored_record! { QueueRules; ageing: "ageing_ms", starve_after: "starve_after_ms" }
stored_record! { Precedence;
    request: "request", command: "command", sites: "sites", since: "since_ms", over: "over",
}
stored_variants! { Contended; "server" => Server(name), "pool" => Floor(scope), "limit" => Limit(scope), "group" => Group(group) }
stored_record! { FailureShare; failures_min: "failures_min", above_percent: "above_percent", of_last: "of_last" }
stored_record! { OverrideRules; by: "by", life: "life_ms", alone_max: "alone_max" }
stored_record! { Brake;
    id: "id", kind: "kind", by: "by", name: "name", since: "since_ms", why: "why", until: "until_ms",
}
stored_variants! { BrakeKind;
    "stop" => Stop { hard: "hard" or false },
    "freeze" => Freeze { on: "on" },
    "hold" => Hold { server: "server", name: "name" },
    "pause" => Pause { request: "request" },
    "blacklist" => Blacklist { on: "on", command: "command", level: "level" },
}
stored_words! { BlacklistLevel; "block" => Block, "absolute" => Absolute }

impl Stored for Coverage {
    fn store(&self, json: &mut Json) {
        self.text().map(str::to_owned).store(json);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        Ok(Option::<String>::restore(value)?.map_or_else(Self::everything, |text| Self::of_text(&text)))
    }
}
stored_record! { Start; at: "at_ms", command: "command" }
stored_record! { Pace;
    cases: "cases", half: "half_ms", three_quarters: "three_quarters_ms", nine_tenths: "nine_tenths_ms",
    nineteen_in_twenty: "nineteen_in_twenty_ms",
}
stored_record! { Lock;
    server: "server", run: "run", command: "command", since: "since_ms", standing: "standing", taken_from: "taken_from",
}
stored_words! { LockStanding; "working" => Working, "parked" => Parked, "left-behind" => LeftBehind }

/// Before it was kept who had taken a server out, whatever run had set it to such a state counted as having done so.
impl Stored for StateRow {
    fn store(&self, json: &mut Json) {
        let object = json.object().with("server", &self.server).with("state", &self.state).with("by", &self.by);
        object.with("taken_by", &self.taken_by).with("since_ms", &self.since).end();
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let members = Members::of(value)?;
        let (state, by) = (members.read("state")?, members.read::<SetBy>("by")?);
        let was_out =
            matches!(state, ProductionState::Draining | ProductionState::Drained | ProductionState::Undraining);
        let taken_by = members.read_or("taken_by", by.run().cloned().filter(|_| was_out))?;
        Ok(Self { server: members.read("server")?, state, by, taken_by, since: members.read("since_ms")? })
    }
}
stored_record! { Declarer; id: "id", name: "name", why: "why" }

/// A run's id, which was all that could set a state before people could; else the person.
impl Stored for SetBy {
    fn store(&self, json: &mut Json) {
        match self {
            Self::Run(run) => run.store(json),
            Self::Person(declarer) => declarer.store(json),
        }
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        if value.is_object() {
            Declarer::restore(value).map(Self::Person)
        } else {
            RunId::restore(value).map(Self::Run)
        }
    }
}
stored_record! { StateChange; row: "row", before: "before", takes_over: "takes_over" }
stored_record! { DeclaredRecord; change: "change", evidence: "evidence" }
stored_record! { HealthRow; server: "server", health: "health", seen_at: "seen_at_ms" }
stored_words! { Health; "serving" => Serving, "failing" => Failing, "out-of-rotation" => OutOfRotation }
stored_words! { Asker; "person" => Person, "automation" => Automation }
stored_record! { Decided;
    run: "run", server: "server", asked_by: "asked_by" or Asker::Person, passes: "passes", said: "said",
}
stored_variants! { Said;
    "allow" => Allow { found: "found", takes_over: "takes_over", overridden: "overridden", observed: "observed" or Vec::new() },
    "wait" => Wait(blockers),
    "deny" => Deny(why),
}

impl Stored for Server {
    fn store(&self, json: &mut Json) {
        let object = json.object().with("id", &self.id).with("name", &self.name).with("type", &self.server_type);
        let object = object.with("site", &self.site).with("rack", &self.rack).with("pool", &self.pool);
        object.with("state", &self.initial_state).with("tags", &self.tags).end();
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let members = Members::of(value)?;
        Ok(Self {
            id: members.read("id")?,
            name: members.read("name")?,
            server_type: members.read("type")?,
            site: members.read("site")?,
            rack: members.read("rack")?,
            pool: members.read("pool")?,
            initial_state: members.read("state")?,
            tags: members.read("tags")?,
        })
    }
}
