//! What a pager says, of each kind of matter; and that a matter keeps its key for as long as it lasts.

use super::{Story, at, done, id, name, not_back, person, rebooting, unknown, words_fit};
use crate::admission::traffic::{Lack, Remedy};
use crate::admission::{Brake, BrakeKind, Breaker, Canary, FailedRun};
use crate::conversation::{BreakerView, Matter, MatterKind, MattersView, matters};
use crate::domain::breaker::BreakerScope;
use crate::domain::identity::{Actor, GroupName};
use crate::domain::ids::{BrakeId, Version};
use crate::domain::plan::Subject;
use crate::domain::server::{PoolName, SiteName};
use crate::workflow::breakglass::{OverrideAsked, OverrideEvent, Passing};
use crate::workflow::request::{Halt, HaltCause, PolicyName, RequestEvent, RequestOutcome, TrafficScope};
use crate::workflow::run::{Run, RunEvent, RunOutcome};
use insta::assert_snapshot;
use std::time::Duration;

/// Nothing is the matter, at that time.
const fn nothing<'a>(now: crate::domain::time::Timestamp) -> MattersView<'a> {
    MattersView { stop: None, breakers: &[], requests: &[], left_behind: &[], lacks: &[], now }
}

fn told(matters: &[Matter]) -> String {
    let told = matters.iter().map(|matter| {
        let Matter { key, kind, since, scope, site, command, request, card, summary, description } = matter;
        words_fit(&[summary.clone(), description.clone()]);
        assert!((1..=110).contains(&summary.chars().count()), "a pager cuts: {summary}");
        assert!(description.lines().count() <= 5, "too long for a pager: {description}");
        let of = [site.as_ref().map(ToString::to_string), command.as_ref().map(ToString::to_string)];
        let of =
            of.into_iter().chain([request.as_ref().map(ToString::to_string), card.as_ref().map(|_| "card".into())]);
        let of = of.map(|of| of.unwrap_or_else(|| "–".to_owned())).collect::<Vec<_>>().join(" ");
        let head = format!("{} {key} since {} · {scope} · {of}", kind.severity().word(), since.clock_text());
        format!("{head}\n{summary}\n{description}")
    });
    told.collect::<Vec<_>>().join("\n\n")
}

/// The matters of one story's request.
fn of(story: &Story) -> Vec<Matter> {
    let requests = [(story.request(), story.runs.clone())];
    let left = |run: &&Run| run.outcome() == Some(RunOutcome::Failed);
    let left = story.runs.iter().filter(left).cloned().collect::<Vec<_>>();
    let left = if left.is_empty() { Vec::new() } else { vec![(story.request(), left)] };
    matters(MattersView { requests: &requests, left_behind: &left, ..nothing(story.now) })
}

fn at_work() -> Story {
    Story::asked().approved().started().now(14, 46)
}

#[test]
fn work_that_goes_well_is_no_matter() {
    assert_eq!(of(&Story::asked()), []);
    assert_eq!(of(&at_work().runs(1..=9, &done()).runs([10], &rebooting())), []);
    assert_eq!(of(&at_work().runs(1..=20, &done()).ended(RequestOutcome::Done)), []);
}

#[test]
fn servers_that_were_left_out_are_one_matter_a_site() {
    let story = at_work().runs((1..=11).chain([14]), &done()).runs([12, 13], &not_back());
    assert_snapshot!(told(&of(&story)), @"
    critical left-out:req-2mq9:lax since 14:46 · lax · lax reboot req-2mq9 card
    lax: edge-lax-[012-013] out of production after a reboot
    reboot: `edge-lax-[012-013]` did not come back; drained
    They stay reserved until a new request takes over. `out site=lax` shows what is out.
    Reboot 20 servers in lax, req-2mq9 by ana.
    ");
    let mut elsewhere = story;
    let run = &elsewhere.runs[12];
    let mut subject = run.subject.clone();
    let Subject::Server(server) = &mut subject else { panic!("a server") };
    server.site = SiteName::new("rix");
    let journal = std::iter::once(RunEvent::Planned { subject, wave: 3 }).chain(not_back()).collect::<Vec<_>>();
    elsewhere.runs[12] = Run::replay(run.id.clone(), run.epoch, &journal).unwrap();
    let keys = of(&elsewhere).iter().map(|matter| matter.key.to_string()).collect::<Vec<_>>();
    assert_eq!(keys, ["left-out:req-2mq9:lax", "left-out:req-2mq9:rix"]);
}

#[test]
fn a_question_to_people_is_a_matter_until_it_is_answered() {
    let story = at_work().runs([12], &unknown());
    assert_snapshot!(told(&of(&story)), @"
    critical question:run-2mq9.12:1764513960000 since 14:46 · edge-lax-012 · lax reboot req-2mq9 card
    req-2mq9: edge-lax-012 rebooted or not? A person must say
    Asked at 14:31 UTC over SSH. Known: `the answer to the restart was lost, and it has not answered for 15 min; power on`
    It stays drained and reserved until somebody says. Nothing is sent to it.
    The buttons to say it are in the thread of req-2mq9: Reboot 20 servers in lax, req-2mq9 by ana.
    ");
    let again = RunEvent::PersonAnswered {
        by: Actor::recalled(person("U0BOB")),
        name: "bob".into(),
        at: at(14, 50),
        answer: crate::workflow::run::Answer::LookAgain,
        until: at(15, 5),
    };
    assert_eq!(of(&story.runs([12], &[again])), []);
}

/// It may end in the same second, and is told all the same.
#[test]
fn a_halt_is_told_for_an_hour_and_longer_while_it_is_at_work() {
    let halted = at_work().halted(2);
    assert_snapshot!(told(&of(&halted)), @"
    warning halt:req-2mq9 since 14:40 · req-2mq9 · lax reboot req-2mq9 card
    req-2mq9 halted: 2 servers failed
    Reboot 20 servers in lax, req-2mq9 by ana.
    Nothing more of it starts; what is at work goes on. What is left takes a new request.
    ");
    let is_told = |story: &Story| of(story).iter().any(|matter| matter.kind == MatterKind::RequestHalted);
    assert!(is_told(&at_work().halted(2).now(16, 0)), "it is still open");
    assert!(is_told(&at_work().halted(2).ended(RequestOutcome::Failed).now(15, 39)));
    assert!(!is_told(&at_work().halted(2).ended(RequestOutcome::Failed).now(15, 40)));
    let revoked = Halt { at: at(14, 40), cause: HaltCause::Revoked("ana is not of noc any more".into()) };
    let revoked = of(&at_work().then(RequestEvent::Halted(revoked)));
    assert_eq!(revoked[0].summary, "req-2mq9 halted: ana is not of noc any more");
    let calm = Halt { at: at(14, 40), cause: HaltCause::NotNeeded("edge-lax has carried little".into()) };
    assert_eq!(of(&at_work().then(RequestEvent::Halted(calm))), [], "good news wakes nobody");
}

fn overriding(used: &[u32]) -> Story {
    let story = Story::asked().approved().blocked(Vec::new());
    let asked = OverrideAsked {
        policy: PolicyName::Capacity,
        servers: (1..=2).map(|number| Passing { run: id().run(number), server: name(number) }).collect(),
        by: Actor::recalled(person("U0CID")),
        name: "cid".into(),
        at: at(14, 6),
        until: at(15, 6),
        why: "customers are affected".into(),
        groups: vec![GroupName::new("incident-commander")],
        second: None,
        plan: story.request().plan.hash().clone(),
        account: None,
    };
    let mut story = story.then(RequestEvent::Override(OverrideEvent::Asked(asked))).now(14, 10);
    if !used.is_empty() {
        let runs = used.iter().map(|number| id().run(*number)).collect();
        story = story.then(RequestEvent::Override(OverrideEvent::Used { number: 1, at: at(14, 8), runs }));
    }
    story
}

#[test]
fn an_override_is_told_until_its_time_is_over_if_anything_passed_by_it() {
    assert_snapshot!(told(&of(&overriding(&[1]))), @"
    warning override:req-2mq9:1 since 14:06 · req-2mq9 · lax reboot req-2mq9 card
    req-2mq9: cid overrides capacity for 2 servers
    Reboot 20 servers in lax, req-2mq9 by ana.
    `edge-lax-[001-002]` pass it once each, until 15:06 UTC · 1 of 2 passed
    Why: `customers are affected`
    ");
    let is_told = |story: &Story| !of(story).is_empty();
    assert!(is_told(&overriding(&[])));
    assert!(is_told(&overriding(&[1, 2])), "used up");
    assert!(is_told(&overriding(&[1]).cancelled(14, 12)));
    assert!(!is_told(&overriding(&[]).cancelled(14, 12)), "nothing ever passed");
    assert!(!is_told(&overriding(&[1]).now(15, 6)));
}

#[test]
fn an_event_says_how_long_a_store_must_know_of_it() {
    let events = [overriding(&[1]).events, at_work().halted(2).ended(RequestOutcome::Failed).events].concat();
    let until = events.iter().filter_map(RequestEvent::trouble_until).map(|until| until.clock_text());
    assert_eq!(until.collect::<Vec<_>>(), ["15:08", "15:40"]);
}

#[test]
fn a_stop_of_everything_and_a_breaker_are_matters() {
    let stop = Brake {
        id: BrakeId::new("h_1"),
        kind: BrakeKind::STOP,
        by: person("U0BOB"),
        name: "bob".into(),
        since: at(14, 5),
        why: "servers do not come back".into(),
        until: None,
    };
    let failed = FailedRun { run: id().run(12), server: Some(name(12)) };
    let mut breaker = Breaker {
        scope: BreakerScope::parse("reboot site=lax").unwrap(),
        opened_at: at(14, 40),
        version: Version(1),
        failures: 3,
        of: 3,
        elsewhere: None,
        examples: vec![failed],
        canary_from: at(15, 10),
        canary: None,
        closed: None,
    };
    let card = at_work().request().card;
    let of = |breaker: &Breaker, (at_work, is_observed): (u32, bool)| {
        let owner = GroupName::new("sre");
        let soak = Duration::from_secs(600);
        let (owner, thread_link) = (Some(&owner), None);
        let site = breaker.scope.site();
        let view =
            BreakerView { breaker, failed: &[], owner, site, soak, at_work, is_observed, thread_link, close: None };
        let breakers = [(view, card.clone())];
        matters(MattersView { stop: Some(&stop), breakers: &breakers, ..nothing(at(14, 46)) })
    };
    let before = of(&breaker, (4, false));
    assert_snapshot!(told(&before), @"
    critical breaker:reboot site=lax:1764513600000 since 14:40 · reboot site=lax · lax reboot – card
    Reboot in lax stopped: 3 of the last 3 failed
    Nothing more of it starts; 4 more are at work, and may fail too.
    One canary may start from 15:10 UTC.
    Since 14:40 UTC · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before

    critical stop:h_1 since 14:05 · everything · – – – –
    Everything is stopped by bob
    Nothing starts that changes a server: `servers do not come back`.
    To go on: `/fleet resume everything because …`, by another person, or by bob from 14:15 UTC
    ");
    (breaker.failures, breaker.of) = (4, 4);
    breaker.canary = Some(Canary { run: id().run(13), server: None, at: at(15, 11), succeeded_at: None });
    let after = of(&breaker, (0, false));
    let keys = |matters: &[Matter]| matters.iter().map(|matter| matter.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&before), keys(&after));
    assert_snapshot!(after[0].description, @"
    Nothing more of it starts; nothing else of it is at work.
    Its canary req-2mq9 (req-2mq9) is at work since 15:11 UTC.
    Since 14:40 UTC · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
    ");
    let observed = of(&breaker, (0, true));
    assert_snapshot!(format!("{}\n{}", observed[0].summary, observed[0].description), @"
    Reboot in lax: 4 of the last 4 failed
    Failures are only observed: work of it goes on starting.
    Its canary req-2mq9 (req-2mq9) is at work since 15:11 UTC.
    Since 14:40 UTC · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
    ");
}

/// Each reason why nothing is done about too much; what is done about is no matter.
#[test]
fn too_much_is_a_matter_where_nothing_is_done_about_it() {
    let lack = |remedy: Remedy| Lack {
        scope: TrafficScope::Pool(PoolName::new("edge-riga")),
        site: SiteName::new("riga"),
        percent: Some(91),
        limit_percent: 85,
        since: at(14, 40),
        servers: (11..=14).map(name).collect(),
        remedy,
    };
    let of = |remedy: Remedy| {
        let lacks = [lack(remedy)];
        matters(MattersView { lacks: &lacks, ..nothing(at(14, 46)) })
    };
    assert_eq!(of(Remedy::Asking), []);
    assert_eq!(of(Remedy::Asked(vec![id()])), []);
    assert_snapshot!(told(&of(Remedy::NotConfigured)), @"
    critical relief:edge-riga since 14:40 · edge-riga · riga – – –
    edge-riga carries 91 % of what serves, relief is 85 %
    Nothing asks by itself for what stands by there: `edge-lax-[011-014]`.
    It is over once edge-riga carries what lets work go on. `status site=riga` shows how it stands.
    ");
    let others = [
        Remedy::Stopped,
        Remedy::Answered("🚫 refused: undrain is not allowed in #noc".into()),
        Remedy::Rests,
        Remedy::NoneLeft,
    ];
    let first_lines = others.map(|remedy| {
        let told = of(remedy);
        assert_eq!(told[0].key.as_str(), "relief:edge-riga", "it stays the same whatever is known of it");
        told[0].description.lines().next().unwrap_or_default().to_owned()
    });
    assert_snapshot!(first_lines.join("\n"), @"
    Nothing is asked for while everything is stopped. On standby: `edge-lax-[011-014]`.
    What asks for servers on standby was answered: `🚫 refused: undrain is not allowed in #noc`.
    What was asked for there failed or was not wanted, and rests for a while.
    Nothing stands by there that could be called on.
    ");
    let nothing_serves = Lack { percent: None, ..lack(Remedy::NoneLeft) };
    let lacks = [nothing_serves];
    let told = matters(MattersView { lacks: &lacks, ..nothing(at(14, 46)) });
    assert_eq!(told[0].summary, "nothing serves in edge-riga, and something comes");
}
