//! Which event may follow at which stage of a request, and which may not.

use crate::domain::command::CommandSpec;
use crate::domain::consent::Quota;
use crate::domain::identity::{Actor, GroupName, PersonId};
use crate::domain::ids::{Fingerprint, RequestId};
use crate::domain::place::{ChannelId, MessageRef, MessageTs, Origin, ReplyPath};
use crate::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
use crate::domain::server::{PoolName, RackName, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::request::{
    Accepted, Approval, ApprovalNeed, Blocker, CapacityScope, Halt, HaltCause, LimitScope, OutServer, Request,
    RequestEvent, RequestOutcome, RequestStage,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) const NOW: Timestamp = super::START;

pub(super) fn accepted(count: Option<u32>) -> RequestEvent {
    let spec: CommandSpec = super::reboot_command();
    let plan = Plan::new(PlanParts {
        request: RequestId::from_tail("2mq9").expect("a tail of the alphabet"),
        command: spec.name.clone(),
        definition: spec.hash.clone(),
        parameters: BTreeMap::new(),
        subjects: vec![Subject::Server(super::server(Some("edge-lax")))],
        waves: vec![1],
        soak: Duration::ZERO,
        requester: person("U0ANA"),
        channel: ChannelId::new("C0NOC"),
        not_before: None,
        expires_at: NOW.plus(Duration::from_secs(86_400)),
    });
    RequestEvent::Accepted(Box::new(Accepted {
        plan: plan.expect("one subject in one wave"),
        spec: Arc::new(spec),
        origin: Origin {
            person: Actor::recalled(person("U0ANA")),
            channel: ChannelId::new("C0NOC"),
            thread: None,
            reply: ReplyPath::Direct,
        },
        requester_name: "ana".into(),
        allowed_by: Vec::new(),
        at: NOW,
        need: count.map(|count| ApprovalNeed {
            quotas: vec![Quota::of(GroupName::new("sre"), count)],
            until: super::after(3600),
            within: Duration::from_secs(3600),
            remind_at: None,
            escalation: None,
        }),
        controls: BTreeMap::new(),
        retry_of: None,
    }))
}

pub(super) fn person(user: &str) -> PersonId {
    PersonId::new("T0WRASSE", user)
}

fn approval(user: &str) -> Approval {
    let request = Request::replay(&[accepted(Some(1))]).expect("a request begins with being accepted");
    Approval {
        by: Actor::recalled(person(user)),
        name: user.into(),
        at: NOW,
        plan: request.plan.hash().clone(),
        why: String::new(),
        groups: None,
        shown: None,
    }
}

fn approved(user: &str) -> RequestEvent {
    RequestEvent::Approved(approval(user))
}

pub(super) fn card() -> RequestEvent {
    let (channel, ts) = (ChannelId::new("C0NOC"), MessageTs::new("1.1"));
    RequestEvent::CardPosted { card: MessageRef { channel, ts } }
}

fn started() -> RequestEvent {
    RequestEvent::Started { at: NOW }
}

fn cancel() -> RequestEvent {
    RequestEvent::CancelAsked { by: Actor::recalled(person("U0ANA")), name: "ana".into(), at: NOW }
}

fn ended() -> RequestEvent {
    RequestEvent::Ended { at: NOW, outcome: RequestOutcome::Done }
}

fn denied() -> RequestEvent {
    RequestEvent::Denied { by: Actor::recalled(person("U0BOB")), name: "bob".into(), at: NOW, why: "not today".into() }
}

/// One word for a stage.
fn word(stage: &RequestStage) -> &'static str {
    match stage {
        RequestStage::Announced => "announced",
        RequestStage::NeedsApproval => "needs-approval",
        RequestStage::Queued => "queued",
        RequestStage::Running => "running",
        RequestStage::Stopping { .. } => "stopping",
        RequestStage::Ended { .. } => "ended",
    }
}

/// The one way in: the stage after a history, or `-` if its last event does not fit.
fn check(history: &[RequestEvent]) -> &'static str {
    let (_, before) = history.split_last().expect("a history has events");
    assert!(before.is_empty() || Request::replay(before).is_ok(), "only the last event may be out of place");
    Request::replay(history).map_or("-", |request| {
        assert_eq!(usize::try_from(request.version.0), Ok(history.len()), "every event counts");
        word(&request.stage)
    })
}

#[test]
fn each_event_fits_the_stages_it_is_meant_for() {
    let histories: [(&str, Vec<RequestEvent>); 6] = [
        ("announced", vec![accepted(Some(1))]),
        ("needs-approval", vec![accepted(Some(1)), card()]),
        ("queued", vec![accepted(None), card()]),
        ("running", vec![accepted(None), card(), started()]),
        ("stopping", vec![accepted(None), card(), cancel()]),
        ("ended", vec![accepted(None), card(), ended()]),
    ];
    let blocked = RequestEvent::Blocked { at: NOW, blockers: Vec::new() };
    let held_up = RequestEvent::HeldUp { at: NOW, blockers: Vec::new() };
    let halted = RequestEvent::Halted(Halt { at: NOW, cause: HaltCause::Failures(2) });
    let unblocked = RequestEvent::Unblocked { at: NOW };
    let accepted_one = Request::replay(&[accepted(Some(1))]).expect("a request begins with being accepted");
    let replanned =
        RequestEvent::Replanned { at: NOW, servers: Vec::new(), need: accepted_one.need.expect("somebody must agree") };
    // In the order of the stages above; the last four need nobody's consent.
    let table = [
        (card(), ["needs-approval", "-", "-", "-", "-", "-"]),
        (blocked, ["-", "-", "queued", "running", "-", "-"]),
        (held_up, ["-", "-", "-", "running", "-", "-"]),
        (unblocked, ["-", "-", "queued", "running", "-", "-"]),
        (replanned, ["announced", "needs-approval", "-", "-", "-", "-"]),
        (started(), ["-", "-", "running", "-", "-", "-"]),
        (halted, ["-", "-", "-", "running", "-", "-"]),
        (cancel(), ["stopping", "stopping", "stopping", "stopping", "-", "-"]),
        (ended(), ["ended", "ended", "ended", "ended", "ended", "-"]),
        (accepted(None), ["-", "-", "-", "-", "-", "-"]),
    ];
    for (event, expected) in table {
        for ((stage, history), expected) in histories.iter().zip(expected) {
            assert_eq!(check(history), *stage);
            let longer = [history.clone(), vec![event.clone()]].concat();
            assert_eq!(check(&longer), expected, "{event:?} at {stage}");
        }
    }
    for event in [approved("U0BOB"), denied()] {
        for (stage, history) in histories.iter().skip(2) {
            assert_eq!(check(&[history.clone(), vec![event.clone()]].concat()), "-", "{event:?} at {stage}");
        }
    }
}

/// What is told beside work of its own is no wait: nobody takes precedence by it.
#[test]
fn a_request_waits_only_while_nothing_of_it_is_at_work() {
    let held = |blockers| RequestEvent::HeldUp { at: NOW, blockers };
    let blocked = |blockers| RequestEvent::Blocked { at: NOW, blockers };
    let lacks = vec![Blocker::NoDirectory];
    let after = |events: &[RequestEvent]| {
        let request = Request::replay(&[&[accepted(None), card(), started()], events].concat()).expect("it runs");
        (request.waited.since, request.blockers)
    };
    assert_eq!(after(&[held(lacks.clone())]), (None, lacks.clone()));
    assert_eq!(after(&[held(lacks.clone()), blocked(lacks.clone())]), (Some(NOW), lacks.clone()));
    assert_eq!(after(&[blocked(lacks.clone()), held(lacks.clone())]), (None, lacks));
}

/// What only the request itself stands in the way of is over when its work is.
#[test]
fn a_reason_is_its_own_doing_if_nobody_else_has_a_part_in_it() {
    let ids = ["2mq9", "2mk4"].map(|tail| RequestId::from_tail(tail).expect("a tail of the alphabet"));
    let [own, other] = &ids;
    let out = |holder: Option<&RequestId>| OutServer {
        name: ServerName::new("edge-lax-07"),
        holder: holder.cloned(),
        why: "drained".into(),
        said_by: None,
    };
    let locked = |holder: &RequestId| Blocker::Locked { servers: Vec::new(), holder: holder.clone(), since: NOW };
    let crowded = |holders: &[&RequestId]| {
        let holders = holders.iter().copied().cloned().collect();
        Blocker::Concurrency { scope: LimitScope::Fleet, active: 1, limit: 1, holders }
    };
    let full = |out: Vec<OutServer>| Blocker::Capacity {
        scope: CapacityScope::Pool(PoolName::new("edge-lax")),
        serving: 9,
        total: 10,
        floor: 9,
        out: out.into(),
    };
    for (blocker, is_own) in [
        (locked(own), true),
        (locked(other), false),
        (crowded(&[own]), true),
        (crowded(&[own, other]), false),
        (full(vec![out(Some(own))]), true),
        (full(vec![out(Some(own)), out(Some(other))]), false),
        (full(vec![out(Some(own)), out(None)]), false),
        (Blocker::NoDirectory, false),
        (Blocker::Stopped { by: "dee".into(), since: NOW, why: String::new(), hard: false }, false),
        (Blocker::AlertsUnknown { why: "no answer".into(), since: None }, false),
    ] {
        assert_eq!(blocker.is_own_doing(own), is_own, "{blocker:?}");
    }
}

/// Whoever agreed, agreed to servers as they were.
#[test]
fn a_changed_server_voids_every_consent_and_changes_the_hash() {
    let before = Request::replay(&[accepted(Some(1)), card(), approved("U0BOB")]).expect("approved by one");
    let fields: [fn(&mut PlannedServer); 5] = [
        |server| server.name = ServerName::new("edge-lax-77"),
        |server| server.server_type = ServerType::new("edge-other"),
        |server| server.site = SiteName::new("fra"),
        |server| server.rack = RackName::new("lax-r77"),
        |server| server.pool = None,
    ];
    for change in fields {
        let mut server = before.plan.servers().next().expect("one server").clone();
        change(&mut server);
        let need = before.need.clone().expect("somebody must agree");
        let event = RequestEvent::Replanned { at: NOW, servers: vec![server.clone()], need };
        let after = before.clone().apply(&event).expect("nothing has started");
        assert_eq!((word(&before.stage), word(&after.stage)), ("queued", "needs-approval"));
        assert_ne!(after.plan.hash(), before.plan.hash(), "{server:?}");
        assert!(after.approvals.is_empty() && !after.is_approved());
        let replanning = after.replanning.clone().expect("it was planned anew");
        assert_eq!(replanning.changes.iter().map(|change| &change.after).collect::<Vec<_>>(), [&server]);
        let back = RequestEvent::Replanned {
            at: NOW,
            servers: before.plan.servers().cloned().collect(),
            need: before.need.clone().expect("somebody must agree"),
        };
        let back = after.apply(&back).expect("nothing has started");
        assert_eq!((back.plan.hash(), word(&back.stage)), (before.plan.hash(), "needs-approval"));
        assert_eq!(back.replanning.map(|replanning| (replanning.times, replanning.changes.len())), Some((2, 0)));
    }
}

#[test]
fn a_history_begins_with_being_accepted() {
    assert!(Request::replay(&[]).is_err());
    assert!(Request::replay(&[card()]).is_err());
}

#[test]
fn enough_different_people_queue_it() {
    let two = vec![accepted(Some(2)), card()];
    let after = |events: &[RequestEvent]| check(&[two.clone(), events.to_vec()].concat());
    assert_eq!(after(&[approved("U0BOB")]), "needs-approval");
    assert_eq!(after(&[approved("U0BOB"), approved("U0CYN")]), "queued");
    assert_eq!(after(&[approved("U0BOB"), approved("U0BOB")]), "-", "the same person twice");
    assert_eq!(after(&[approved("U0ANA")]), "-", "the requester");
    let stale = Approval { plan: Fingerprint::of(b"another plan"), ..approval("U0BOB") };
    assert_eq!(after(&[RequestEvent::Approved(stale)]), "-", "another plan");
    assert_eq!(after(&[denied()]), "ended");
    assert_eq!(after(&[approved("U0BOB"), denied()]), "ended");
}
