//! Any request: how it began, and what happened to it.

use super::strategies::{
    hash, length, message_ref, origin, person, plan, planned_server, request_id, spec, text, time,
};
use super::strategies_of_overrides::override_event;
use crate::domain::command::CommandName;
use crate::domain::consent::Quota;
use crate::domain::identity::Actor;
use crate::domain::identity::GroupName;
use crate::domain::ids::Handle;
use crate::domain::server::{
    MetroName, PoolName, ProductionState, RackName, ServerName, ServerType, SiteName, TagName,
};
use crate::workflow::request::{
    AbsorbLack, Accepted, Ailing, AlertPlace, Approval, ApprovalNeed, Blocker, CapacityScope, ControlVerb, Escalation,
    Halt, HaltCause, LimitScope, OutDomain, OutServer, RedundantGroup, RequestEvent, RequestOutcome, Retried, SoakLack,
    TrafficMeasure, TrafficScope, Unwell, VoidCause,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use std::sync::Arc;

pub(super) fn group() -> BoxedStrategy<GroupName> {
    text().prop_map(GroupName::new).boxed()
}

fn need() -> BoxedStrategy<ApprovalNeed> {
    let quota = (vec(group(), 1..3), 1..4_u32).prop_map(|(from, count)| Quota { from, count });
    let escalation = (group(), time()).prop_map(|(to, at)| Escalation { to, at });
    (vec(quota, 0..3), time(), length(), option::of(time()), option::of(escalation))
        .prop_map(|(quotas, until, within, remind_at, escalation)| ApprovalNeed {
            quotas,
            until,
            within,
            remind_at,
            escalation,
        })
        .boxed()
}

/// Any beginning of a request.
pub(in super::super) fn accepted() -> BoxedStrategy<Accepted> {
    let controls = btree_map(select(ControlVerb::ALL.to_vec()), text().prop_map(Handle::new), 0..5);
    let words = (text(), vec(text(), 0..3));
    let controls = (controls, option::of(request_id()));
    (plan(), spec(), origin(), words, time(), option::of(need()), controls)
        .prop_map(|(plan, spec, origin, (requester_name, allowed_by), at, need, (controls, retry_of))| Accepted {
            plan,
            spec: Arc::new(spec),
            origin,
            requester_name,
            allowed_by,
            at,
            need,
            controls,
            retry_of,
        })
        .boxed()
}

fn limit_scope() -> BoxedStrategy<LimitScope> {
    // A site of that name was how the fleet was stored once.
    let site = || text().prop_filter("means the fleet", |name| name != "the fleet").prop_map(SiteName::new);
    prop_oneof![
        Just(LimitScope::Fleet),
        text().prop_map(|name| LimitScope::Command(CommandName::new(name))),
        site().prop_map(LimitScope::Site),
        (text(), site()).prop_map(|(server_type, site)| LimitScope::TypeInSite(ServerType::new(server_type), site)),
        text().prop_map(|rack| LimitScope::Rack(RackName::new(rack))),
    ]
    .boxed()
}

fn capacity_scope() -> BoxedStrategy<CapacityScope> {
    let site = || text().prop_map(SiteName::new);
    prop_oneof![
        text().prop_map(|pool| CapacityScope::Pool(PoolName::new(pool))),
        (text(), site()).prop_map(|(server_type, site)| CapacityScope::TypeInSite(ServerType::new(server_type), site)),
        site().prop_map(CapacityScope::Site),
        text().prop_map(|metro| CapacityScope::Metro(MetroName::new(metro))),
    ]
    .boxed()
}

fn traffic_scope() -> BoxedStrategy<TrafficScope> {
    let site = || text().prop_map(SiteName::new);
    prop_oneof![
        text().prop_map(|pool| TrafficScope::Pool(PoolName::new(pool))),
        site().prop_map(TrafficScope::Site),
        (site(), vec(site(), 0..3)).prop_map(|(site, by)| TrafficScope::Absorbing { site, by }),
    ]
    .boxed()
}

fn out() -> BoxedStrategy<OutServer> {
    (text(), option::of(request_id()), text(), option::of(text()))
        .prop_map(|(name, holder, why, said_by)| OutServer { name: ServerName::new(name), holder, why, said_by })
        .boxed()
}

fn absorb_lack() -> BoxedStrategy<AbsorbLack> {
    let counts = || (text().prop_map(PoolName::new), any::<(u32, u32, u32)>());
    prop_oneof![
        select(vec![AbsorbLack::Nobody, AbsorbLack::NotMeasured, AbsorbLack::OnlyObserved]),
        counts().prop_map(|(pool, (serving, total, floor))| AbsorbLack::Short { pool, serving, total, floor }),
        counts().prop_map(|(pool, (serving, total, floor))| AbsorbLack::InUse { pool, serving, total, floor }),
        (text().prop_map(PoolName::new), any::<(u32, u32)>(), option::of(time()))
            .prop_map(|(pool, (unknown, total), since)| AbsorbLack::Unknown { pool, unknown, total, since }),
    ]
    .boxed()
}

/// Any reason that comes from what is redundant.
fn of_infrastructure() -> BoxedStrategy<Blocker> {
    let group = prop_oneof![
        (text(), text()).prop_map(|(tag, site)| {
            let (tag, site) = (TagName::new(tag), SiteName::new(site));
            RedundantGroup::OfSite { tag, site }
        }),
        (text(), text()).prop_map(|(tag, pool)| {
            let (tag, pool) = (TagName::new(tag), PoolName::new(pool));
            RedundantGroup::OfPool { tag, pool }
        }),
        text().prop_map(|metro| RedundantGroup::OfMetro(MetroName::new(metro))),
    ];
    let domains = vec((text(), vec(out(), 0..3)).prop_map(|(name, out)| OutDomain { name, out }), 0..3);
    let domain = (group, domains, any::<u32>(), option::of(time()))
        .prop_map(|(group, domains, at_once, since)| Blocker::Domain { group, domains, at_once, since });
    let place = prop_oneof![
        Just(AlertPlace::Everywhere),
        text().prop_map(|site| AlertPlace::Site(SiteName::new(site))),
        text().prop_map(|pool| AlertPlace::Pool(PoolName::new(pool))),
        (option::of(text()), text())
            .prop_map(|(site, rack)| AlertPlace::Rack { site: site.map(SiteName::new), rack: RackName::new(rack) }),
        vec(text().prop_map(ServerName::new), 0..3).prop_map(AlertPlace::Servers),
    ];
    let alert = (text(), place, time()).prop_map(|(name, place, since)| Blocker::Alert { name, place, since });
    let unknown = (text(), option::of(time())).prop_map(|(why, since)| Blocker::AlertsUnknown { why, since });
    prop_oneof![domain, alert, unknown, soak()].boxed()
}

fn soak() -> BoxedStrategy<Blocker> {
    let lacks = prop_oneof![
        Just(SoakLack::Look),
        select(ProductionState::ALL.to_vec()).prop_map(SoakLack::State),
        request_id().prop_map(SoakLack::Work),
        Just(SoakLack::Gone),
        text().prop_map(SoakLack::Alert),
        text().prop_map(SoakLack::Alerts),
        (text(), text()).prop_map(|(of, why)| SoakLack::Measure { of, why }),
    ];
    let servers = vec(text().prop_map(ServerName::new), 0..3);
    let soak = (servers, lacks, option::of(time()));
    soak.prop_map(|(servers, lacks, since)| Blocker::Soak { servers, lacks, since }).boxed()
}

pub(super) fn blocker() -> BoxedStrategy<Blocker> {
    let measures =
        [TrafficMeasure::LoadAfter, TrafficMeasure::OfUsual, TrafficMeasure::OfBefore, TrafficMeasure::Ahead];
    let server = || text().prop_map(ServerName::new);
    prop_oneof![
        (vec(server(), 0..3), select(ProductionState::ALL.to_vec()), any::<bool>())
            .prop_map(|(servers, meant, serves)| Blocker::Contradicted { servers, meant, serves }),
        (vec(server(), 0..3), option::of(time())).prop_map(|(servers, since)| Blocker::Unseen { servers, since }),
        (vec(server(), 0..3), request_id(), time()).prop_map(|(servers, holder, since)| Blocker::Locked {
            servers,
            holder,
            since
        }),
        (limit_scope(), any::<(u32, u32)>(), vec(request_id(), 0..3))
            .prop_map(|(scope, (active, limit), holders)| { Blocker::Concurrency { scope, active, limit, holders } }),
        (capacity_scope(), any::<(u32, u32, u32)>(), vec(out(), 0..3)).prop_map(
            |(scope, (serving, total, floor), out)| Blocker::Capacity { scope, serving, total, floor, out: out.into() }
        ),
        (text(), absorb_lack()).prop_map(|(pool, lack)| Blocker::NotAbsorbed { pool: PoolName::new(pool), lack }),
        Just(Blocker::NoDirectory),
        of_infrastructure(),
        (text(), any::<(u32, u32)>(), time()).prop_map(|(command, (started, limit), next)| Blocker::Rate {
            command: CommandName::new(command),
            started,
            limit,
            next
        }),
        super::strategies_of_calendars::block().prop_map(Blocker::Calendar),
        (request_id(), time()).prop_map(|(request, since)| Blocker::Behind { request, since }),
        super::strategies_of_breakers::broken(),
        (capacity_scope(), any::<(u32, u32)>(), option::of(time()))
            .prop_map(|(scope, (unknown, total), since)| { Blocker::HealthUnknown { scope, unknown, total, since } }),
        (text(), time(), text(), any::<bool>()).prop_map(|(by, since, why, hard)| Blocker::Stopped {
            by,
            since,
            why,
            hard
        }),
        (text(), text(), option::of(time()), text()).prop_map(|(scope, by, until, why)| Blocker::Frozen {
            scope,
            by,
            until,
            why
        }),
        (vec(text().prop_map(ServerName::new), 0..3), text(), time(), text())
            .prop_map(|(servers, by, since, why)| Blocker::Held { servers, by, since, why }),
        (text(), text(), option::of(time()), text()).prop_map(|(scope, by, until, why)| Blocker::Blacklisted {
            scope,
            by,
            until,
            why
        }),
        (
            (traffic_scope(), select(measures.to_vec())),
            any::<(u32, u32)>(),
            vec(text().prop_map(PoolName::new), 0..3),
            time(),
            option::of(time())
        )
            .prop_map(|((scope, measure), (percent, limit_percent), brought, seen_at, clear_from)| {
                Blocker::Traffic { scope, measure, percent, limit_percent, brought, seen_at, clear_from }
            }),
        (traffic_scope(), text(), option::of(time())).prop_map(|(scope, why, since)| Blocker::TrafficUnknown {
            scope,
            why,
            since
        }),
    ]
    .boxed()
}

/// Any event of a request.
pub(in super::super) fn request_event() -> BoxedStrategy<RequestEvent> {
    let outcome = prop_oneof![
        Just(RequestOutcome::Done),
        Just(RequestOutcome::DoneWithFailures),
        Just(RequestOutcome::Failed),
        text().prop_map(|name| RequestOutcome::Cancelled { name }),
        (text(), text()).prop_map(|(name, why)| RequestOutcome::Denied { name, why }),
        Just(RequestOutcome::Expired),
        text().prop_map(|why| RequestOutcome::NoCard { why }),
        text().prop_map(|why| RequestOutcome::Revoked { why }),
        (text(), text()).prop_map(|(name, why)| RequestOutcome::NotNeeded { name, why }),
    ];
    let seen = (option::of(vec(group(), 0..3)), option::of(text()));
    let approval =
        (person(), text(), time(), hash(), text(), seen).prop_map(|(by, name, at, plan, why, (groups, shown))| {
            Approval { by: Actor::recalled(by), name, at, plan, why, groups, shown }
        });
    let ailing =
        (text().prop_map(ServerName::new), text(), time()).prop_map(|(name, seen, at)| Ailing { name, seen, at });
    let unwell =
        (vec(ailing, 0..3), any::<(u32, u32)>()).prop_map(|(servers, (count, of))| Unwell { servers, count, of });
    let halt = prop_oneof![
        any::<u32>().prop_map(HaltCause::Failures),
        text().prop_map(HaltCause::Revoked),
        text().prop_map(HaltCause::NotNeeded),
        unwell.prop_map(HaltCause::Unwell),
    ];
    let cause = select(vec![VoidCause::TakenBack, VoidCause::LeftWorkspace]);
    prop_oneof![
        accepted().prop_map(|accepted| RequestEvent::Accepted(Box::new(accepted))),
        message_ref().prop_map(|card| RequestEvent::CardPosted { card }),
        approval.prop_map(RequestEvent::Approved),
        (person(), text(), time(), text()).prop_map(|(by, name, at, why)| RequestEvent::Denied {
            by: Actor::recalled(by),
            name,
            at,
            why
        }),
        (time(), vec(blocker(), 0..4)).prop_map(|(at, blockers)| RequestEvent::Blocked { at, blockers }),
        (time(), vec(blocker(), 0..4)).prop_map(|(at, blockers)| RequestEvent::HeldUp { at, blockers }),
        time().prop_map(|at| RequestEvent::Started { at }),
        time().prop_map(|at| RequestEvent::Unblocked { at }),
        (time(), halt).prop_map(|(at, cause)| RequestEvent::Halted(Halt { at, cause })),
        (person(), text(), time(), cause, time())
            .prop_map(|(by, name, at, cause, until)| { RequestEvent::ConsentVoided { by, name, at, cause, until } }),
        (time(), vec(planned_server(), 0..3), need()).prop_map(|(at, servers, need)| RequestEvent::Replanned {
            at,
            servers,
            need
        }),
        time().prop_map(|at| RequestEvent::Reminded { at }),
        time().prop_map(|at| RequestEvent::Escalated { at }),
        (person(), text(), time()).prop_map(|(by, name, at)| RequestEvent::CancelAsked {
            by: Actor::recalled(by),
            name,
            at
        }),
        (time(), outcome).prop_map(|(at, outcome)| RequestEvent::Ended { at, outcome }),
        override_event().prop_map(RequestEvent::Override),
        (request_id(), person(), text(), time()).prop_map(|(request, by, name, at)| RequestEvent::Retried(Retried {
            request,
            by,
            name,
            at
        })),
    ]
    .boxed()
}
