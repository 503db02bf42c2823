//! The shapes of a request's events.

use super::json::Object;
use super::{Json, Members, Misfit, Stored, stored_record, stored_variants, stored_words};
use crate::domain::consent::Quota;
use crate::domain::server::{PoolName, SiteName};
use crate::workflow::request::{
    AbsorbLack, Accepted, Ailing, Approval, ApprovalNeed, Blocker, BrokenUntil, CapacityScope, ControlVerb, Escalation,
    Halt, HaltCause, LimitScope, OutServer, RequestEvent, RequestOutcome, Retried, SoakLack, TrafficMeasure,
    TrafficScope, Unwell, VoidCause,
};
use serde_json::Value;
use std::time::Duration;

stored_variants! { RequestEvent;
    "accepted" => Accepted(accepted),
    "card-posted" => CardPosted { card: "card" },
    "approved" => Approved(approval),
    "consent-voided" => ConsentVoided { by: "by", name: "name", at: "at_ms", cause: "cause", until: "until_ms" },
    "replanned" => Replanned { at: "at_ms", servers: "servers", need: "need" },
    "reminded" => Reminded { at: "at_ms" },
    "escalated" => Escalated { at: "at_ms" },
    "denied" => Denied { by: "by", name: "name", at: "at_ms", why: "why" },
    "blocked" => Blocked { at: "at_ms", blockers: "blockers" },
    "held-up" => HeldUp { at: "at_ms", blockers: "blockers" },
    "started" => Started { at: "at_ms" },
    "unblocked" => Unblocked { at: "at_ms" },
    "halted" => Halted(halt),
    "cancel-asked" => CancelAsked { by: "by", name: "name", at: "at_ms" },
    "ended" => Ended { at: "at_ms", outcome: "outcome" },
    "override" => Override(event),
    "retried" => Retried(retried),
}
stored_record! { Accepted;
    plan: "plan", spec: "spec", origin: "origin", requester_name: "requester_name", allowed_by: "allowed_by",
    at: "at_ms", need: "need", controls: "controls", retry_of: "retry_of",
}
stored_record! { Retried; request: "request", by: "by", name: "name", at: "at_ms" }
stored_record! { Quota; from: "from", count: "count" }
stored_record! { Escalation; to: "to", at: "at_ms" }
stored_record! { Approval;
    by: "by", name: "name", at: "at_ms", plan: "plan", why: "why", groups: "groups", shown: "shown",
}
stored_words! { VoidCause; "taken-back" => TakenBack, "left-workspace" => LeftWorkspace }

/// How long people had before that was recorded.
const WITHIN_BEFORE: Duration = Duration::from_secs(3600);

/// Before there were several quotas, one group was named with a count.
impl Stored for ApprovalNeed {
    fn store(&self, json: &mut Json) {
        let object = json.object().with("quotas", &self.quotas).with("until_ms", &self.until);
        let object = object.with("within_ms", &self.within).with("remind_at_ms", &self.remind_at);
        object.with("escalation", &self.escalation).end();
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let members = Members::of(value)?;
        let quotas = match members.read("quotas")? {
            Some(quotas) => quotas,
            None => vec![Quota::of(members.read("from")?, members.read("count")?)],
        };
        Ok(Self {
            quotas,
            until: members.read("until_ms")?,
            within: members.read::<Option<_>>("within_ms")?.unwrap_or(WITHIN_BEFORE),
            remind_at: members.read("remind_at_ms")?,
            escalation: members.read("escalation")?,
        })
    }
}

/// Before there was another cause, only the failures were counted.
impl Stored for Halt {
    fn store(&self, json: &mut Json) {
        let object = json.object().with("at_ms", &self.at);
        match &self.cause {
            HaltCause::Failures(count) => object.with("failures", count),
            HaltCause::Revoked(why) => object.with("revoked", why),
            HaltCause::NotNeeded(why) => object.with("not_needed", why),
            HaltCause::Unwell(unwell) => object.with("unwell", unwell),
        }
        .end();
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let members = Members::of(value)?;
        let causes = (members.read("revoked")?, members.read("not_needed")?, members.read("unwell")?);
        let cause = match causes {
            (Some(why), _, _) => HaltCause::Revoked(why),
            (None, Some(why), _) => HaltCause::NotNeeded(why),
            (None, None, Some(unwell)) => HaltCause::Unwell(unwell),
            (None, None, None) => HaltCause::Failures(members.read("failures")?),
        };
        Ok(Self { at: members.read("at_ms")?, cause })
    }
}
stored_record! { Unwell; servers: "servers", count: "count", of: "of" }
stored_record! { Ailing; name: "name", seen: "seen", at: "at_ms" }
stored_words! { ControlVerb;
    "request.review" => Review, "request.details" => Details, "request.withdraw" => Withdraw,
    "request.cancel" => Cancel, "request.resume" => Resume, "request.retry" => Retry, "request.take-over" => TakeOver,
}
stored_variants! { RequestOutcome;
    "done" => Done,
    "done-with-failures" => DoneWithFailures,
    "failed" => Failed,
    "cancelled" => Cancelled { name: "name" },
    "denied" => Denied { name: "name", why: "why" },
    "expired" => Expired,
    "revoked" => Revoked { why: "why" },
    "no-card" => NoCard { why: "why" },
    "not-needed" => NotNeeded { name: "name", why: "why" },
}
stored_variants! { Blocker;
    "locked" => Locked { servers: "servers", holder: "holder", since: "since_ms" },
    // Named so since only sites had limits.
    "concurrency" => Concurrency { scope: "site", active: "active", limit: "limit", holders: "holders" },
    "rate" => Rate { command: "command", started: "started", limit: "limit", next: "next_ms" },
    "no-directory" => NoDirectory,
    // Named so since only pools had floors.
    "capacity" => Capacity { scope: "pool", serving: "serving", total: "total", floor: "floor", out: "out" },
    "not-absorbed" => NotAbsorbed { pool: "pool", lack: "lack" },
    "contradicted" => Contradicted { servers: "servers", meant: "meant", serves: "serves" },
    "unseen" => Unseen { servers: "servers", since: "since_ms" },
    "health-unknown" => HealthUnknown { scope: "pool", unknown: "unknown", total: "total", since: "since_ms" },
    "traffic" => Traffic {
        scope: "scope", measure: "measure", percent: "percent", limit_percent: "limit_percent",
        brought: "brought" or Vec::new(), seen_at: "seen_at_ms", clear_from: "clear_from_ms",
    },
    "traffic-unknown" => TrafficUnknown { scope: "scope", why: "why", since: "since_ms" },
    "alert" => Alert { name: "name", place: "place", since: "since_ms" },
    "alerts-unknown" => AlertsUnknown { why: "why", since: "since_ms" },
    "domain" => Domain { group: "group", domains: "domains", at_once: "at_once", since: "since_ms" },
    "stopped" => Stopped { by: "by", since: "since_ms", why: "why", hard: "hard" or false },
    "frozen" => Frozen { scope: "scope", by: "by", until: "until_ms", why: "why" },
    "calendar" => Calendar(block),
    "held" => Held { servers: "servers", by: "by", since: "since_ms", why: "why" },
    "blacklisted" => Blacklisted { scope: "scope", by: "by", until: "until_ms", why: "why" },
    "soak" => Soak { servers: "servers", lacks: "lacks", since: "since_ms" },
    "behind" => Behind { request: "request", since: "since_ms" },
    "broken" => Broken {
        scope: "scope", failures: "failures", of: "of", since: "since_ms", examples: "examples", until: "until",
    },
}
stored_variants! { AbsorbLack;
    "nobody" => Nobody,
    "short" => Short { pool: "pool", serving: "serving", total: "total", floor: "floor" },
    "in-use" => InUse { pool: "pool", serving: "serving", total: "total", floor: "floor" },
    "unknown" => Unknown { pool: "pool", unknown: "unknown", total: "total", since: "since_ms" },
    "not-measured" => NotMeasured,
    "only-observed" => OnlyObserved,
}
stored_variants! { SoakLack;
    "look" => Look,
    "state" => State(state),
    "work" => Work(request),
    "gone" => Gone,
    "alert" => Alert(name),
    "alerts" => Alerts(why),
    "measure" => Measure { of: "of", why: "why" },
}
stored_variants! { BrokenUntil;
    "cool-down" => CoolDown(at),
    "canary" => Canary(run),
    "soak" => Soak(at),
    "person" => Person,
}
/// Before there were other scopes, a site was named, or the fleet in words.
impl Stored for LimitScope {
    fn store(&self, json: &mut Json) {
        fn of<'a>(json: &'a mut Json, scope: &str) -> Object<'a> {
            json.object().with_word("of", scope)
        }
        match self {
            Self::Fleet => of(json, "fleet").end(),
            Self::Site(site) => site.store(json),
            Self::Command(command) => of(json, "command").with("command", command).end(),
            Self::Rack(rack) => of(json, "rack").with("rack", rack).end(),
            Self::TypeInSite(server_type, site) => {
                of(json, "type").with("type", server_type).with("site", site).end();
            }
        }
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        if value.as_str() == Some("the fleet") {
            return Ok(Self::Fleet);
        }
        if value.is_string() {
            return Ok(Self::Site(SiteName::restore(value)?));
        }
        let members = Members::of(value)?;
        match members.read::<String>("of")?.as_str() {
            "fleet" => Ok(Self::Fleet),
            "command" => Ok(Self::Command(members.read("command")?)),
            "rack" => Ok(Self::Rack(members.read("rack")?)),
            "type" => Ok(Self::TypeInSite(members.read("type")?, members.read("site")?)),
            other => Err(Misfit(format!("{other:?} is no scope of a limit"))),
        }
    }
}
/// Before there were other scopes, a pool was named.
impl Stored for CapacityScope {
    fn store(&self, json: &mut Json) {
        fn of<'a>(json: &'a mut Json, scope: &str) -> Object<'a> {
            json.object().with_word("of", scope)
        }
        match self {
            Self::Pool(pool) => pool.store(json),
            Self::TypeInSite(server_type, site) => {
                of(json, "type").with("type", server_type).with("site", site).end();
            }
            Self::Site(site) => of(json, "site").with("site", site).end(),
            Self::Metro(metro) => of(json, "metro").with("metro", metro).end(),
        }
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        if value.is_string() {
            return Ok(Self::Pool(PoolName::restore(value)?));
        }
        let members = Members::of(value)?;
        match members.read::<String>("of")?.as_str() {
            "type" => Ok(Self::TypeInSite(members.read("type")?, members.read("site")?)),
            "site" => Ok(Self::Site(members.read("site")?)),
            "metro" => Ok(Self::Metro(members.read("metro")?)),
            other => Err(Misfit(format!("{other:?} is no scope of a floor"))),
        }
    }
}
stored_variants! { TrafficScope;
    "pool" => Pool(pool),
    "site" => Site(site),
    "absorbing" => Absorbing { site: "site", by: "by" },
}
stored_words! { TrafficMeasure; "load-after" => LoadAfter, "of-usual" => OfUsual, "of-before" => OfBefore, "ahead" => Ahead }
stored_record! { OutServer; name: "name", holder: "holder", why: "why", said_by: "said_by" or None }
