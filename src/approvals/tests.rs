//! Who may consent to a request, when, and what proves that enough people did.

use super::*;
use crate::domain::command::{ApprovalRule, CommandName, Impact, Priority, Targets, WaveRule, WaveSize};
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::RequestId;
use crate::domain::intent::{Moment, ParameterName, Value, ZoneName};
use crate::domain::place::{ChannelId, MessageRef, MessageTs, Origin, ReplyPath};
use crate::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
use crate::domain::server::{RackName, ServerId, ServerName, ServerType, SiteName};
use crate::workflow::request::Accepted;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_764_511_500_000);
const HOUR: Duration = Duration::from_secs(3600);

fn spec(count: u32) -> CommandSpec {
    CommandSpec {
        name: CommandName::new("reboot"),
        summary: String::new(),
        impact: Impact::PowerCycle,
        owner: GroupName::new("sre"),
        targets: Targets::None,
        parameters: Vec::new(),
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: HOUR, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        priority: Priority::default(),
        remediates: false,
        approvals: Some(ApprovalRule {
            above: 10,
            from: GroupName::new("sre"),
            count,
            within: HOUR,
            owners: Vec::new(),
            escalation: None,
        }),
        steps: Vec::new(),
        examples: Vec::new(),
        hash: Fingerprint::of(b"reboot"),
    }
}

fn person(user: &str) -> Profile {
    Profile {
        id: PersonId::new("T0", user),
        name: user.to_owned(),
        standing: Standing::Member,
        groups: vec![GroupName::new("noc"), GroupName::new("sre")],
        zone: None,
    }
}

/// Asked for by ana, waits for that many of sre.
fn accepted(count: u32) -> Request {
    let spec = spec(count);
    let plan = Plan::new(PlanParts {
        request: RequestId::from_tail("2mq9").expect("a tail of the alphabet"),
        command: spec.name.clone(),
        definition: spec.hash.clone(),
        parameters: BTreeMap::new(),
        subjects: vec![Subject::Nothing],
        waves: vec![1],
        soak: HOUR,
        requester: person("ana").id,
        channel: ChannelId::new("C0"),
        not_before: None,
        expires_at: NOW.plus(24 * HOUR),
    });
    let origin = Origin {
        person: Actor::recalled(person("ana").id),
        channel: ChannelId::new("C0"),
        thread: None,
        reply: ReplyPath::Direct,
    };
    let accepted = RequestEvent::Accepted(Box::new(Accepted {
        plan: plan.expect("one subject in one wave"),
        need: need(&spec, 11, Asked::default(), NOW),
        spec: Arc::new(spec),
        origin,
        requester_name: "ana".into(),
        allowed_by: Vec::new(),
        at: NOW,
        controls: BTreeMap::new(),
        retry_of: None,
    }));
    Request::replay(&[accepted]).expect("a request begins with being accepted")
}

fn with_card(request: Request) -> Request {
    let card = MessageRef { channel: ChannelId::new("C0"), ts: MessageTs::new("1.1") };
    request.apply(&RequestEvent::CardPosted { card }).expect("its card is up")
}

fn asked(count: u32) -> Request {
    with_card(accepted(count))
}

/// The one way in: what a person's word on the plan as it is comes to. What counts must also apply.
fn check(request: &Request, person: &Profile, choice: &Choice, why: &str) -> Result<Request, Unfit> {
    let by = &Actor::of_envelope(person.id.clone());
    let word = Word { by, choice, why, seen: request.plan.hash(), shown: "the form", typed: "" };
    let event = decide(request, person, word, NOW.plus(HOUR / 2))?;
    Ok(request.clone().apply(&event).expect("a word that counts applies"))
}

fn approve(request: &Request, user: &str) -> Result<Request, Unfit> {
    check(request, &person(user), &Choice::Approve, "")
}

#[test]
fn consent_is_needed_above_the_number_of_the_command() {
    assert_eq!(need(&spec(1), 10, Asked::default(), NOW), None);
    let needed = need(&spec(2), 11, Asked::default(), NOW).expect("eleven are above ten");
    assert_eq!((&needed.quotas, needed.until), (&vec![Quota::of(GroupName::new("sre"), 2)], NOW.plus(HOUR)));
    assert_eq!(need(&CommandSpec { approvals: None, ..spec(1) }, 500, Asked::default(), NOW), None);
}

#[test]
fn enough_different_people_prove_it() {
    let request = asked(2);
    assert_eq!(proof(&request), None);
    let request = approve(&request, "bob").expect("bob may");
    assert_eq!(proof(&request), None, "one of two");
    assert!(matches!(approve(&request, "bob"), Err(Unfit::AlreadyApproved { .. })));
    let request = approve(&request, "cyn").expect("cyn may");
    assert_eq!(proof(&request).map(|approved| approved.plan().clone()), Some(request.plan.hash().clone()));
    assert_eq!(request.stage, RequestStage::Queued);
    assert_eq!(approve(&request, "dan"), Err(Unfit::AlreadyDecided), "twice is not more");
}

#[test]
fn a_press_before_the_card_is_recorded_counts_too() {
    let request = approve(&accepted(1), "bob").expect("the card is up before its place is stored");
    assert_eq!(request.stage, RequestStage::Announced, "nothing starts without a card");
    assert_eq!(with_card(request).stage, RequestStage::Queued);
    let denied = check(&accepted(1), &person("bob"), &Choice::Deny, "not today").expect("a no, too");
    assert!(with_card(denied).is_over());
}

#[test]
fn who_may_not_is_told_why() {
    let request = asked(1);
    let from = vec![GroupName::new("sre")];
    assert_eq!(approve(&request, "ana"), Err(Unfit::IsRequester { from: from.clone() }));
    let outside = Profile { groups: vec![GroupName::new("noc")], ..person("eve") };
    assert_eq!(check(&request, &outside, &Choice::Approve, ""), Err(Unfit::NotInGroup { from }));
    for standing in [Standing::Guest, Standing::Stranger, Standing::Deactivated, Standing::Bot] {
        let profile = Profile { standing, ..person("bob") };
        assert_eq!(check(&request, &profile, &Choice::Approve, ""), Err(Unfit::NotAMember), "{standing:?}");
    }
    let namesake = Profile { id: PersonId::new("T9", "ana"), ..person("ana") };
    assert!(check(&request, &namesake, &Choice::Approve, "").is_ok(), "people are told apart by id, not by name");
    let unneeded = Request { need: None, ..request };
    assert_eq!(approve(&unneeded, "bob"), Err(Unfit::AlreadyDecided));
}

#[test]
fn a_word_too_late_or_on_another_plan_does_not_count() {
    let request = asked(1);
    let by = &Actor::of_envelope(person("bob").id);
    let word = |seen| Word { by, choice: &Choice::Approve, why: "", seen, shown: "the form", typed: "" };
    let seen = request.plan.hash();
    let last = NOW.plus(HOUR).minus(Duration::from_millis(1));
    assert!(decide(&request, &person("bob"), word(seen), last).is_ok());
    assert_eq!(decide(&request, &person("cid"), word(seen), last), Err(Unfit::NotAMember), "facts about somebody else");
    let late = decide(&request, &person("bob"), word(seen), NOW.plus(HOUR));
    assert_eq!(late, Err(Unfit::TooLate { until: NOW.plus(HOUR) }));
    let other = Fingerprint::of(b"another plan");
    assert_eq!(decide(&request, &person("bob"), word(&other), NOW), Err(Unfit::PlanChanged));
}

#[test]
fn a_no_needs_a_reason_and_ends_it() {
    let request = asked(1);
    for why in ["", "  \n"] {
        assert_eq!(check(&request, &person("bob"), &Choice::Deny, why), Err(Unfit::NeedsReason));
    }
    let denied = check(&request, &person("bob"), &Choice::Deny, " the match is on ").expect("bob may");
    assert!(denied.is_over());
    assert_eq!(proof(&denied), None);
    assert_eq!(approve(&denied, "cyn"), Err(Unfit::AlreadyDecided));
}

#[test]
fn what_is_recorded_is_checked_again_before_it_proves_anything() {
    let approved = |user: &str| Approval {
        by: Actor::recalled(person(user).id),
        name: user.to_owned(),
        at: NOW,
        plan: asked(2).plan.hash().clone(),
        why: String::new(),
        groups: Some(vec![GroupName::new("sre")]),
        shown: Some("the form".to_owned()),
    };
    let proves = |approvals: Vec<Approval>| proof(&Request { approvals, ..asked(2) }).is_some();
    assert!(proves(vec![approved("bob"), approved("cyn")]));
    assert!(!proves(vec![approved("bob"), approved("bob")]), "the same person twice");
    assert!(!proves(vec![approved("bob"), approved("ana")]), "the requester");
    let other_plan = Approval { plan: Fingerprint::of(b"another plan"), ..approved("cyn") };
    assert!(!proves(vec![approved("bob"), other_plan]), "another plan");
    let late = Approval { at: NOW.plus(HOUR), ..approved("cyn") };
    assert!(!proves(vec![approved("bob"), late]), "after the time to decide");
}

#[test]
fn what_the_command_and_the_policies_ask_for_counts_together() {
    let (sre, edge) = (GroupName::new("sre"), GroupName::new("edge"));
    let together = Quota { from: vec![GroupName::new("dba"), edge.clone()], count: 1 };
    let by_policies = [Quota::of(sre.clone(), 2), together.clone()];
    let asked = Asked { by_policies: &by_policies, owners: std::slice::from_ref(&edge) };
    let quotas = |subjects| need(&spec(1), subjects, asked, NOW).expect("the policies ask").quotas;
    assert_eq!(
        quotas(11),
        [Quota::of(sre, 2), together, Quota::of(edge.clone(), 1)],
        "the larger number of the same group"
    );
    assert_eq!(quotas(10), by_policies, "below its own bound the command asks nobody, not even owners");
}

/// The name of a field, and what makes it another.
type Change = (&'static str, Box<dyn Fn(&mut PlanParts)>);

/// A plan that differs in any of its fields.
fn changed_plans(plan: &Plan) -> Vec<(&'static str, Plan)> {
    let text = |text: &str| Value::Text(text.into());
    let server = PlannedServer {
        id: ServerId::new("s-1"),
        name: ServerName::new("edge-lax-001"),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new("lax-r01"),
        pool: None,
    };
    let changes: Vec<Change> = vec![
        ("request", Box::new(|parts| parts.request = RequestId::from_tail("2mq8").unwrap())),
        ("command", Box::new(|parts| parts.command = CommandName::new("drain"))),
        ("definition", Box::new(|parts| parts.definition = Fingerprint::of(b"another"))),
        ("parameters", Box::new(move |parts| drop(parts.parameters.insert(ParameterName::new("reason"), text("x"))))),
        ("subjects", Box::new(move |parts| parts.subjects = vec![Subject::Server(server.clone())])),
        ("site", Box::new(|parts| parts.subjects = vec![Subject::Site(SiteName::new("lax"))])),
        (
            "waves",
            Box::new(|parts| {
                parts.subjects = vec![Subject::Nothing, Subject::Nothing];
                parts.waves = vec![1, 1];
            }),
        ),
        ("soak", Box::new(|parts| parts.soak = 2 * HOUR)),
        ("requester", Box::new(|parts| parts.requester = person("eve").id)),
        ("channel", Box::new(|parts| parts.channel = ChannelId::new("C0WEB"))),
        (
            "not before",
            Box::new(|parts| parts.not_before = Some(Moment { at: NOW, zone: ZoneName::new("Europe/Riga") })),
        ),
        ("expiry", Box::new(|parts| parts.expires_at = NOW.plus(25 * HOUR))),
    ];
    let made = |(name, change): Change| {
        let mut parts = plan.parts().clone();
        change(&mut parts);
        (name, Plan::new(parts).unwrap())
    };
    changes.into_iter().map(made).collect()
}

/// A word on another plan does not count, whichever of its fields is another; nor does a stored one start anything.
#[test]
fn a_change_of_any_field_of_the_plan_voids_the_consent() {
    let request = asked(1);
    let approved = approve(&request, "bob").unwrap();
    assert!(proof(&approved).is_some());
    for (field, plan) in changed_plans(&request.plan) {
        let by = &Actor::of_envelope(person("bob").id);
        let word = Word { by, choice: &Choice::Approve, why: "", seen: plan.hash(), shown: "the form", typed: "" };
        let told = decide(&request, &person("bob"), word, NOW.plus(HOUR / 2));
        assert_eq!(told, Err(Unfit::PlanChanged), "{field}");
        assert_eq!(proof(&Request { plan, ..approved.clone() }), None, "{field}");
    }
}
