//! The same answers for programs. Names of members are stable; words for people are not repeated here.

use crate::admission::Outlook;
use crate::authorization::{AuthorizationRecord, WhoCan};
use crate::conversation::misunderstanding::{describe, gaps, to_fill_in};
use crate::conversation::{self, Doubling, IsAllowed, Overlap, plain};
use crate::domain::asked::WhyOf;
use crate::domain::braking::Braking;
use crate::domain::intent::{Intent, Planned, Selector, Spanned, Start, WorkIntent};
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::server::{ServerName, SiteName};
use crate::domain::time::Timestamp;
use crate::services::planning::Preview;
use crate::services::safety::Safety;
use crate::services::verdict::{Verdict, WhoMay};
use crate::workflow::request::ApprovalNeed;
use crate::{fleet, language};
use serde_json::{Map, Value, json};

/// What a line means.
pub(super) fn intent(intent: &Intent) -> Value {
    match intent {
        Intent::Work(work) => json!({ "verb": work.command.as_str(), "work": members(work) }),
        Intent::Plan(Planned::Work(work)) => json!({ "verb": "plan", "work": members(work) }),
        Intent::Plan(Planned::Brake(_) | Planned::Declare(_))
        | Intent::CanI(Planned::Brake(_) | Planned::Declare(_)) => {
            json!({ "verb": "plan", "line": language::print(intent, &language::Vocabulary::default()) })
        }
        Intent::Plan(Planned::Cancel { request }) => {
            json!({ "verb": "plan", "of": { "verb": "cancel", "request": request.to_string() } })
        }
        Intent::CanI(Planned::Work(work)) => json!({ "verb": "can-i", "work": members(work) }),
        Intent::CanI(Planned::Cancel { request }) => {
            json!({ "verb": "can-i", "of": { "verb": "cancel", "request": request.to_string() } })
        }
        Intent::WhoCan { command, selector } => json!({
            "verb": "who-can",
            "command": command.as_str(),
            "selector": selector.as_ref().map(|selector| fleet::print(&selector.value)),
        }),
        Intent::Help { topic } => json!({ "verb": "help", "topic": topic.as_ref().map(ToString::to_string) }),
        Intent::Status { selector } => {
            json!({ "verb": "status", "selector": selector.as_ref().map(|one| fleet::print(&one.value)) })
        }
        Intent::CloseBreaker { scope, why } => {
            json!({ "verb": "close-breaker", "breaker": scope.to_string(), "reason": why })
        }
        Intent::Retry { request } => json!({ "verb": "retry", "request": request.to_string() }),
        Intent::Cancel { request } => json!({ "verb": "cancel", "request": request.to_string() }),
        Intent::Queue(selector) => looks("queue", selector.as_ref()),
        Intent::Out(selector) => looks("out", selector.as_ref()),
        Intent::Why(of) => json!({ "verb": "why", "of": match of {
            WhyOf::Here => Value::Null,
            WhyOf::Consent => Value::from("consent"),
            WhyOf::Request(request) => Value::from(request.to_string()),
            WhyOf::Run(run) => Value::from(run.to_string()),
            WhyOf::Server(selector) => Value::from(fleet::print(&selector.value)),
        } }),
        Intent::Brake(Braking::Stop { because, hard }) => {
            json!({ "verb": "stop-everything", "because": because, "hard": hard })
        }
        Intent::Brake(Braking::Resume { because }) => json!({ "verb": "resume-everything", "because": because }),
        Intent::Override { policy, request, why } => json!({
            "verb": "override", "policy": policy.value, "request": request.to_string(), "because": why,
        }),
        Intent::Declare(declaration) => json!({
            "verb": "state",
            "selector": fleet::print(&declaration.servers.value),
            "state": declaration.declared.word(),
            "because": declaration.because,
        }),
        Intent::Brake(_) => {
            let line = language::print(intent, &language::Vocabulary::default());
            json!({ "verb": line.split(' ').next(), "line": line })
        }
    }
}

fn looks(verb: &str, selector: Option<&Spanned<Selector>>) -> Value {
    json!({ "verb": verb, "selector": selector.map(|one| fleet::print(&one.value)) })
}

fn members(work: &WorkIntent) -> Value {
    let parameters = work.parameters.iter().map(|(name, value)| {
        let is_default = value.span.is_empty();
        (name.to_string(), json!({ "value": value.value.to_string(), "default": is_default }))
    });
    json!({
        "command": work.command.as_str(),
        "selector": work.selector.as_ref().map(|selector| fleet::print(&selector.value)),
        "parameters": parameters.collect::<Map<_, _>>(),
        "start": work.start.as_ref().map(|start| self::start(&start.value)),
    })
}

fn start(start: &Start) -> Value {
    match start {
        Start::After(wait) => json!({ "after_seconds": wait.as_secs() }),
        Start::At(moment) => json!({ "at_seconds": moment.at.seconds(), "zone": moment.zone.as_str() }),
        Start::AtSiteTime(wall) => json!({ "site_time": format!("{:02}:{:02}", wall.hour, wall.minute) }),
    }
}

/// Where a line was not understood, and why.
pub(super) fn misunderstanding(told: &Misunderstanding) -> Value {
    let words = describe(told);
    let missing = gaps(told).into_iter().map(|gap| json!({ "name": gap.name, "takes": gap.takes }));
    json!({ "misunderstanding": {
        "line": told.line,
        "from_byte": told.span.start,
        "to_byte": told.span.end,
        "what": words.headline,
        "hint": words.hint,
        "suggestion": told.suggestion,
        "readings": told.readings,
        "corrected": told.corrected,
        "missing": missing.collect::<Vec<_>>(),
        "to_fill_in": to_fill_in(told),
    } })
}

/// What a line would do.
pub(super) fn preview(preview: &Preview, source: &str, is_stored: bool) -> Value {
    let parts = preview.plan.parts();
    let Outlook { first, left_out, about, .. } = &preview.safety.outlook;
    let names = |names: &[ServerName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let refusal = preview.allowed.as_ref().err().map(|refusal| {
        let policy = refusal.policy().map(|note| note.id.to_string());
        let told = conversation::refused(refusal, &preview.spec, &preview.channel_name, refusal.server_count);
        json!({ "policy": policy, "words": plain::render(&told) })
    });
    json!({
        "line": preview.line,
        "command": preview.spec.name.as_str(),
        "servers": preview.plan.servers().map(|server| server.name.to_string()).collect::<Vec<_>>(),
        "sites": preview.plan.sites().map(SiteName::to_string).collect::<Vec<_>>(),
        "waves": parts.waves,
        "not_before_seconds": parts.not_before.as_ref().map(|moment| moment.at.seconds()),
        "allowed": refusal.is_none(),
        "refusal": refusal,
        "approvals": approvals(preview.need.as_ref()),
        "first_wave": { "start": names(&first.start), "wait": names(&first.wait) },
        "could_start": could_start(&preview.safety.outlook),
        "next_seconds": about.map(Timestamp::seconds),
        "nearest": preview.safety.nearest,
        "left_out": left_out.iter().map(|(name, why)| json!({ "server": name.as_str(), "why": why }))
            .collect::<Vec<_>>(),
        "pools": preview.impacts.iter().map(|impact| json!({
            "pool": impact.now.pool.as_str(),
            "total": impact.now.total,
            "serving": impact.now.serving,
            "floor": impact.now.floor,
            "lowest": impact.lowest,
        })).collect::<Vec<_>>(),
        "wider": preview.wider.iter().map(|impact| json!({
            "scope": conversation::counted_in(&impact.now.scope),
            "total": impact.now.total,
            "serving": impact.now.serving,
            "floor": impact.now.floor,
            "lowest": impact.lowest,
        })).collect::<Vec<_>>(),
        "same_request": match &preview.same {
            Some(Doubling::Whole(overlap)) => Some(overlap.request.id().to_string()),
            Some(Doubling::Partly { .. }) | None => None,
        },
        "overlaps": match &preview.same {
            Some(Doubling::Partly { overlaps, .. }) => overlaps.iter().map(overlap).collect(),
            Some(Doubling::Whole(_)) | None => Vec::new(),
        },
        "person": source,
        "states_known": is_stored,
    })
}

/// What an open request has of the line.
fn overlap(overlap: &Overlap) -> Value {
    json!({
        "request": overlap.request.id().to_string(),
        "servers": overlap.servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "other_parameters": overlap.other.keys().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn approvals(need: Option<&ApprovalNeed>) -> Value {
    let quotas = need.map(|need| {
        let each = need.quotas.iter().map(|quota| {
            json!({ "from": quota.from.iter().map(ToString::to_string).collect::<Vec<_>>(), "count": quota.count })
        });
        each.collect::<Vec<_>>()
    });
    json!(quotas)
}

/// Whether a line may be sent.
pub(super) fn verdict(verdict: &Verdict, safety: Option<&Safety>, words: &str, source: &str) -> Value {
    match verdict {
        Verdict::General { is_allowed, who } => json!({
            "command": who.spec.name.as_str(),
            "in_general": true,
            "allowed": *is_allowed == IsAllowed::Yes,
            "words": words,
            "person": source,
        }),
        Verdict::Exact(exact) => {
            let policies = match &exact.allowed {
                Ok(authorized) => authorized.allowed_by().iter().map(|note| note.id.to_string()).collect::<Vec<_>>(),
                Err(refusal) => refusal.policy().map(|note| note.id.to_string()).into_iter().collect(),
            };
            let lacking = exact.allowed.as_ref().map(|authorized| exact.lacking(authorized)).unwrap_or_default();
            json!({
                "command": exact.spec.name.as_str(),
                "in_general": false,
                "line": exact.line,
                "allowed": exact.allowed.is_ok(),
                "verdict": exact.allowed.as_ref().map_or_else(|refusal| refusal.kind.word(), |_| AuthorizationRecord::ALLOWED),
                "policies": policies,
                "approvals": approvals(exact.need.as_ref()),
                "lacking": lacking.iter().map(|parameter| parameter.name.to_string()).collect::<Vec<_>>(),
                "could_start": safety.map(|safety| could_start(&safety.outlook)),
                "words": words,
                "person": source,
            })
        }
    }
}

/// What could start now if all of it started together.
fn could_start(outlook: &Outlook) -> Value {
    let names = |names: &[ServerName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({ "start": names(&outlook.together.start), "wait": names(&outlook.together.wait) })
}

/// Who may use a command.
pub(super) fn who_may(who: &WhoMay, words: &str) -> Value {
    let (groups, people, automations) = match &who.who {
        Ok(WhoCan::Some { groups, people, automations }) => {
            (groups.as_slice(), people.as_slice(), automations.as_slice())
        }
        Ok(WhoCan::Everyone) | Err(_) => (&[][..], &[][..], &[][..]),
    };
    json!({
        "command": who.spec.name.as_str(),
        "in_general": who.subjects.is_none(),
        "everyone": matches!(&who.who, Ok(WhoCan::Everyone)),
        "groups": groups.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "people": people.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "automations": automations.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "approvals": approvals(who.need.as_ref()),
        "words": words,
    })
}
