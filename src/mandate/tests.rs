//! A mandate from the three proofs, and from the journal that they left; each with its no.

use super::{Ground, Leave, Mandate, Proofs};
use crate::admission::{self, Admitted, Known as KnownNow, Ledger, Rules, Verdict};
use crate::approvals;
use crate::authorization::{Authorized, Channels, Known, Policies, PolicyFile, Question};
use crate::domain::command::{CommandName, CommandSpec, Impact, Priority, StepSpec, Targets, WaveRule, WaveSize};
use crate::domain::consent::Quota;
use crate::domain::effect::Act;
use crate::domain::identity::{Actor, GroupName, PersonId, Profile, Standing};
use crate::domain::ids::{Epoch, Fingerprint, RequestId};
use crate::domain::place::{
    ChannelFacts, ChannelId, ChannelName, Membership, MessageRef, MessageTs, Origin, Reach, ReplyPath,
};
use crate::domain::plan::{Plan, PlanParts, Subject};
use crate::domain::server::{ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::workflow::request::{Accepted, Approval, ApprovalNeed};
use crate::workflow::{Decision, Errand, Input, Orders, Request, RequestEvent, Run, RunEvent, Situation, decide};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_764_511_500_000);
const HOUR: Duration = Duration::from_secs(3600);
const SCHEMA: &str = include_str!("../../policies/schema.cedarschema");

fn ana() -> PersonId {
    PersonId::new("T0WRASSE", "U0ANA")
}

fn noc() -> ChannelId {
    ChannelId::new("C0NOC")
}

/// A call for each of these sites.
fn spec() -> CommandSpec {
    let http = crate::domain::command::HttpSpec {
        method: crate::domain::command::HttpMethod::Post,
        url: "https://status.example.com/api".into(),
        send: Vec::new(),
        expect: 200,
        timeout: HOUR.into(),
    };
    CommandSpec {
        name: CommandName::new("isolate"),
        summary: String::new(),
        impact: Impact::Drain,
        priority: Priority::default(),
        remediates: false,
        owner: GroupName::new("noc"),
        targets: Targets::Sites { max: 5 },
        parameters: Vec::new(),
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        approvals: None,
        steps: vec![StepSpec::Http(http)],
        examples: Vec::new(),
        hash: Fingerprint::of(b"isolate"),
    }
}

fn site(name: &str) -> SiteName {
    SiteName::new(name)
}

/// A server in each site.
fn fleet() -> Vec<Server> {
    let one = |at: &str| Server {
        id: ServerId::new(format!("srv-{at}")),
        name: ServerName::new(format!("edge-{at}-001")),
        server_type: ServerType::new("edge-cache"),
        site: site(at),
        rack: RackName::new(format!("{at}-r01")),
        pool: None,
        initial_state: ProductionState::Production,
        tags: BTreeMap::new(),
    };
    ["lax", "riga"].map(one).to_vec()
}

/// What Ana asked for in #noc: one site, with somebody's consent if `consents` says when it was given.
fn request(consents: Option<Timestamp>) -> Request {
    let id = RequestId::from_tail("2mq9").expect("a tail of the alphabet");
    let parts = PlanParts {
        request: id,
        command: spec().name,
        definition: spec().hash,
        parameters: BTreeMap::new(),
        subjects: vec![Subject::Site(site("lax"))],
        waves: vec![1],
        soak: Duration::ZERO,
        requester: ana(),
        channel: noc(),
        not_before: None,
        expires_at: NOW.plus(24 * HOUR),
    };
    let plan = Plan::new(parts).expect("one subject and one wave");
    let hash = plan.hash().clone();
    let need = consents.map(|_| ApprovalNeed {
        quotas: vec![Quota::of(GroupName::new("noc"), 1)],
        until: NOW.plus(HOUR),
        within: HOUR,
        remind_at: None,
        escalation: None,
    });
    let accepted = RequestEvent::Accepted(Box::new(Accepted {
        plan,
        spec: Arc::new(spec()),
        origin: Origin { person: Actor::recalled(ana()), channel: noc(), thread: None, reply: ReplyPath::Direct },
        requester_name: "ana".into(),
        allowed_by: Vec::new(),
        at: NOW,
        need,
        controls: BTreeMap::new(),
        retry_of: None,
    }));
    let card = MessageRef { channel: noc(), ts: MessageTs::new("1.1") };
    let mut events = vec![accepted, RequestEvent::CardPosted { card }];
    if let Some(at) = consents.filter(|at| *at < NOW.plus(HOUR)) {
        events.push(RequestEvent::Approved(Approval {
            by: Actor::recalled(PersonId::new("T0WRASSE", "U0BOB")),
            name: "bob".into(),
            at,
            plan: hash,
            why: String::new(),
            groups: None,
            shown: None,
        }));
    }
    Request::replay(&events).expect("a history")
}

fn run(number: u32, subject: &str, events: &[RunEvent]) -> Run {
    let id = RequestId::from_tail("2mq9").expect("a tail of the alphabet").run(number);
    let planned = RunEvent::Planned { subject: Subject::Site(site(subject)), wave: 0 };
    Run::replay(id, Epoch(1), &[&[planned], events].concat()).expect("a journal")
}

fn authorized(user: &str, sites: &[&str]) -> Authorized {
    let rules = "allow:\n  - { id: noc-isolate, who: noc, commands: isolate, reason: The NOC isolates sites. }\n";
    let file = |name: &str, text: &str| PolicyFile { name: name.into(), text: text.into() };
    let files = [file("schema.cedarschema", SCHEMA), file("channels/noc.yaml", rules)];
    let known = Known::of([GroupName::new("noc")], [spec().name], &fleet());
    let channels = Channels::parse("channels:\n  noc: C0NOC\n").expect("a channel");
    let policies = Policies::new(&files, &channels, &known).unwrap_or_else(|faults| panic!("{}", faults.render()));
    let person = Profile {
        id: PersonId::new("T0WRASSE", user),
        name: user.into(),
        standing: Standing::Member,
        groups: vec![GroupName::new("noc")],
        zone: None,
    };
    let name = Some(ChannelName::new("noc"));
    let channel = ChannelFacts { id: noc(), name, bot: Membership::Inside, reach: Reach::OwnWorkspace };
    let sites: Vec<SiteName> = sites.iter().map(|name| site(name)).collect();
    let question = Question { person: &person, channel: &channel, command: &spec(), servers: &[], sites: &sites };
    policies.decide(&question).unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

fn admitted(run: &Run) -> Admitted {
    let inventory = Inventory::new(fleet(), NOW).expect("two servers");
    let (ledger, rules) = (Ledger::default(), Rules::default());
    let known = KnownNow::new((&inventory, &rules), &ledger, crate::admission::Outside::NOT_CONFIGURED, NOW);
    match admission::evaluate_without_server(&run.id, (&run.subject, None), &spec(), known) {
        Verdict::Allow(admitted) => admitted,
        other @ (Verdict::Wait(_) | Verdict::Deny(_)) => panic!("nothing stands in its way, not {other:?}"),
    }
}

#[test]
fn three_answers_about_one_run_let_it_start() {
    let (request, waiting) = (request(None), run(1, "lax", &[]));
    let approved = approvals::proof(&request).expect("it needs nobody");
    let leave = |authorized: &Authorized, run: &Run, admitted: &Admitted| {
        Leave::to_start(&request, run, Proofs { authorized, approved: &approved, admitted })
    };
    let (yes, safe) = (authorized("U0ANA", &["lax"]), admitted(&waiting));
    let given = leave(&yes, &waiting, &safe).expect("all three speak of it");
    assert_eq!((given.run(), given.plan()), (&waiting.id, request.plan.hash()));
    assert_eq!(leave(&authorized("U0EVE", &["lax"]), &waiting, &safe), None, "somebody else may");
    assert_eq!(leave(&authorized("U0ANA", &["riga"]), &waiting, &safe), None, "elsewhere");
    assert_eq!(leave(&yes, &waiting, &admitted(&run(2, "lax", &[]))), None, "another run is safe");
    assert_eq!(leave(&yes, &run(1, "riga", &[]), &safe), None, "not in the plan");
    let started = run(1, "lax", &[given.started(&safe, NOW)]);
    assert_eq!(leave(&yes, &started, &safe), None, "it starts once");
}

#[test]
fn a_journal_gives_leave_back_only_to_a_run_that_had_it() {
    let started = |subject| {
        let waiting = run(1, "lax", &[]);
        let (request, safe) = (request(None), admitted(&waiting));
        let approved = approvals::proof(&request).expect("it needs nobody");
        let proofs = Proofs { authorized: &authorized("U0ANA", &["lax"]), approved: &approved, admitted: &safe };
        let leave = Leave::to_start(&request, &waiting, proofs).expect("leave");
        run(1, subject, &[leave.started(&safe, NOW)])
    };
    let mut over = vec![RunEvent::Ended { at: NOW, outcome: crate::workflow::run::RunOutcome::Done }];
    assert!(Leave::recalled(&request(None), &started("lax")).is_some());
    assert!(Leave::recalled(&request(Some(NOW)), &started("lax")).is_some(), "agreed to");
    assert_eq!(Leave::recalled(&request(Some(NOW.plus(2 * HOUR))), &started("lax")), None, "nobody agreed");
    assert_eq!(Leave::recalled(&request(None), &run(1, "lax", &[])), None, "it waits");
    assert_eq!(Leave::recalled(&request(None), &started("riga")), None, "not in the plan");
    let ended = over.drain(..).try_fold(started("lax"), |run, event| run.apply(&event)).expect("it ends");
    assert_eq!(Leave::recalled(&request(None), &ended), None, "it is over");
}

/// What a run on that site decides on.
fn errand(request: &Request, run: &Run) -> Errand {
    let (input, parameters) = (Input::Nothing, BTreeMap::new());
    let situation = Situation {
        steps: &request.steps,
        impact: request.spec.impact,
        run,
        input: &input,
        orders: Orders::GoOn,
        parameters: &parameters,
        now: NOW,
    };
    let Decision::Commit(commit) = decide(situation) else { panic!("a call is committed") };
    commit.then.expect("a call is begun")
}

#[test]
fn an_errand_needs_its_own_runs_leave() {
    let admission = |found| RunEvent::Admitted(crate::workflow::Admission::noted(NOW, found, true));
    let started = run(1, "lax", &[admission(ProductionState::Production)]);
    let errand = errand(&request(None), &started);
    let mandate = Mandate::of(&errand, &request(None), &started).expect("it was let to start");
    assert!(matches!(mandate.act(), Act::Http { .. }));
    assert!(matches!(mandate.ground(), Ground::Leave(leave) if *leave.run() == started.id));
    let why = |request: &Request, run: &Run| Mandate::of(&errand, request, run).map_err(|unfounded| unfounded.why);
    let not_started = Err("it was not let to start with this plan");
    assert_eq!(why(&request(None), &run(1, "lax", &[])), not_started);
    assert_eq!(why(&request(Some(NOW.plus(2 * HOUR))), &started), not_started, "consent is missing");
    let other = run(2, "lax", &[admission(ProductionState::Production)]);
    assert_eq!(why(&request(None), &other), Err("it is about another server or run"));
}
