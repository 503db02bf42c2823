//! What only looks, for programs. Names of members are stable; times are whole seconds since 1970.

use crate::admission::{Explained, Out, OutWhy, Place, Reason, SetBy, Turn};
use crate::conversation::{self, OutGroup};
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::services::explaining::{Found, Why};
use crate::services::queues::Queued;
use crate::services::standings::Standings;
use crate::workflow::pace::{Pace, ready_at, stage_since};
use serde_json::{Value, json};

/// What a question led to.
pub(super) fn found(found: &Found, words: &str) -> Value {
    match found {
        Found::Request(why) => request(why, words),
        Found::Run(ran) => json!({
            "run": ran.run.id.to_string(),
            "request": ran.request.id().to_string(),
            "server": ran.run.server_name().map(ToString::to_string),
            "step": ran.run.step().map(|step| step + 1),
            "steps": ran.request.spec.steps.len(),
            "since_seconds": stage_since(&ran.run).map(Timestamp::seconds),
            "took_before": ran.pace.map(pace),
            "words": words,
        }),
        Found::Server(alone) => json!({
            "server": alone.server.name.as_str(),
            "state": alone.state.as_ref().map_or(alone.server.initial_state, |row| row.state).word(),
            "words": words,
        }),
    }
}

fn request(why: &Why, words: &str) -> Value {
    let (_, state) = conversation::state_word(why.view().view);
    let ready = ready_at(&why.request);
    json!({
        "request": why.request.id().to_string(),
        "requester": why.request.requester_name,
        "state": state,
        "ready_seconds": ready.seconds(),
        "place": why.place.as_ref().map(place),
        "explained": explained(&why.explained),
        "waited_before": why.pace.map(pace),
        "likely_start_seconds": why.pace.map(|pace| ready.plus(pace.half).seconds()),
        "likely_by_seconds": why.pace.map(|pace| ready.plus(pace.nine_tenths).seconds()),
        "words": words,
    })
}

fn pace(pace: Pace) -> Value {
    json!({
        "cases": pace.cases,
        "p50_seconds": pace.half.as_secs(),
        "p75_seconds": pace.three_quarters.as_secs(),
        "p90_seconds": pace.nine_tenths.as_secs(),
    })
}

fn place(place: &Place) -> Value {
    let ahead = place.ahead.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({ "position": place.position, "of": place.of, "ahead": ahead })
}

fn names(names: &[ServerName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn explained(explained: &Explained) -> Value {
    let (turn, until) = match explained.turn {
        Turn::Due => ("due", None),
        Turn::NotBefore(at) => ("not-before", Some(at)),
        Turn::Soaking(until) => ("soaking", Some(until)),
        Turn::AfterWave => ("after-wave", None),
        Turn::Nothing => ("nothing", None),
    };
    let left_out = explained.left_out.iter().map(|(name, why)| json!({ "server": name.as_str(), "why": why }));
    json!({
        "turn": turn,
        "until_seconds": until.map(Timestamp::seconds),
        "reasons": explained.reasons.iter().map(reason).collect::<Vec<_>>(),
        "free": names(&explained.free),
        "left_out": left_out.collect::<Vec<_>>(),
        "later": explained.later,
        "compared_with_nobody": explained.uncompared.iter().flat_map(|group| names(&group.servers)).collect::<Vec<_>>(),
    })
}

fn reason(reason: &Reason) -> Value {
    let holders = reason.holders.iter().map(|holder| {
        let since = holder.since.seconds();
        json!({ "request": holder.request.to_string(), "servers": holder.servers, "since_seconds": since })
    });
    json!({
        "policy": reason.blocker.policy().map(crate::workflow::request::PolicyName::word),
        "reason": conversation::short_reason(&reason.blocker),
        "servers": names(&reason.servers),
        "holders": holders.collect::<Vec<_>>(),
        "looked_at_seconds": reason.seen_at.map(Timestamp::seconds),
    })
}

/// What waits.
pub(super) fn queue(queue: &[Queued]) -> Value {
    let each = queue.iter().map(|queued| {
        let (_, state) = conversation::state_word(queued.view().view);
        json!({
            "request": queued.request.id().to_string(),
            "requester": queued.request.requester_name,
            "state": state,
            "ready_seconds": ready_at(&queued.request).seconds(),
            "place": queued.place.as_ref().map(place),
            "explained": explained(&queued.explained),
        })
    });
    json!({ "requests": each.collect::<Vec<_>>() })
}

/// What is out of production.
pub(super) fn outs(groups: &[OutGroup]) -> Value {
    let each = groups.iter().map(|group| {
        let Out { why, state, since, by } = &group.out;
        let said = by.as_ref().and_then(SetBy::person);
        let why = match why {
            OutWhy::LeftBehind => "left-behind",
            OutWhy::State => "state",
            OutWhy::Contradicted => "contradicted",
            OutWhy::Failing => "failing",
            OutWhy::OutOfRotation => "out-of-rotation",
            OutWhy::UnderWork => "under-work",
        };
        json!({
            "servers": names(&group.servers),
            "why": why,
            "state": state.word(),
            "since_seconds": since.map(Timestamp::seconds),
            "run": by.as_ref().and_then(SetBy::run).map(ToString::to_string),
            "said_by": said.map(|by| by.name.as_str()),
            "said_why": said.map(|by| by.why.as_str()),
            "requester": group.name,
            "line_back": group.line,
        })
    });
    json!({ "groups": each.collect::<Vec<_>>() })
}

/// How servers stand.
pub(super) fn standings(standings: &Standings) -> Value {
    let pools = standings.pools.iter().map(|pool| {
        json!({
            "pool": pool.pool.as_str(),
            "total": pool.total,
            "serving": pool.serving,
            "floor": pool.floor,
            "unknown": pool.unknown,
            "in_repair": pool.in_repair.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
            "on_standby": pool.on_standby.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
        })
    });
    let wider = standings.wider.iter().map(|one| {
        json!({
            "scope": conversation::counted_in(&one.scope),
            "total": one.total,
            "serving": one.serving,
            "floor": one.floor,
            "unknown": one.unknown,
        })
    });
    let open = standings.open.iter().map(|(request, _)| {
        let blockers = request.blockers.iter().map(conversation::short_reason).collect::<Vec<_>>();
        json!({ "request": request.id().to_string(), "reasons": blockers })
    });
    let freezes = standings.calendars.iter().map(|one| {
        json!({
            "calendar": one.calendar.name.as_str(),
            "sites": one.sites.iter().map(|site| site.as_str()).collect::<Vec<_>>(),
            "from_seconds": one.span.map(|span| span.from.seconds()),
            "until_seconds": one.span.map(|span| span.until.seconds()),
        })
    });
    json!({
        "calendar_freezes": freezes.collect::<Vec<_>>(),
        "inventory_seconds": standings.inventory_at.seconds(),
        "health_oldest_seconds": standings.health_oldest.as_ref().map(|(at, _)| at.seconds()),
        "servers": standings.servers,
        "pools": pools.collect::<Vec<_>>(),
        "wider": wider.collect::<Vec<_>>(),
        "open": open.collect::<Vec<_>>(),
    })
}
