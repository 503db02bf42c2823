//! What people have put on, as tables: what each kind keeps from starting, and what goes on.

use super::*;
use crate::domain::command::HostCheck;
use crate::domain::identity::PersonId;
use crate::domain::ids::BrakeId;

pub(super) fn brake(kind: BrakeKind, until: Option<Timestamp>) -> Brake {
    let (id, by) = (BrakeId::new("b1"), PersonId::new("T0WRASSE", "U0BOB"));
    Brake { id, kind, by, name: "bob".into(), since: NOW.minus(SECOND), why: "a storm".into(), until }
}

impl Fleet {
    pub(super) fn under(mut self, kind: BrakeKind) -> Self {
        self.ledger.brakes.push(brake(kind, None));
        self
    }

    pub(super) fn running(mut self, impact: Impact, steps: Vec<StepSpec>) -> Self {
        (self.spec.impact, self.spec.steps) = (impact, steps);
        self
    }
}

fn undrain() -> Vec<StepSpec> {
    vec![StepSpec::Undrain { timeout: SECOND.into() }]
}

fn look() -> Vec<StepSpec> {
    vec![StepSpec::Check { checks: vec![HostCheck::Services], timeout: SECOND.into() }]
}

#[test]
fn a_stop_comes_first_and_hides_no_other_reason() {
    let fleet = Fleet::of(10).seen(1, Health::Failing, 0).under(BrakeKind::STOP);
    assert_eq!(fleet.blocks(0), ["stopped", "capacity"]);
    let Verdict::Wait(blockers) = fleet.check(0) else { panic!("it waits") };
    let mut other_order = blockers.clone();
    other_order.reverse();
    assert_eq!(merged(other_order), blockers);
    assert_eq!(blockers.first().and_then(Blocker::policy), Some(crate::workflow::request::PolicyName::Stop));
}

#[test]
fn looking_goes_on_under_a_stop() {
    assert!(Fleet::of(10).running(Impact::ReadOnly, look()).under(BrakeKind::STOP).is_allowed(0));
    // What calls itself read-only and is not is stopped.
    let not_really = Fleet::of(10).running(Impact::ReadOnly, undrain());
    assert_eq!(not_really.under(BrakeKind::STOP).blocks(0), ["stopped"]);
    assert_eq!(Fleet::of(10).running(Impact::Config, look()).under(BrakeKind::STOP).blocks(0), ["stopped"]);
}

/// The safe direction: what a run of ours took out may be given back; what nobody of us took out may not.
#[test]
fn only_what_we_took_out_is_given_back_under_a_stop() {
    let fleet = Fleet::of(10).running(Impact::Config, undrain()).under(BrakeKind::STOP);
    assert!(fleet.clone().in_state(0, Drained).is_allowed(0));
    let hard = fleet.clone().in_state(0, Drained).under(BrakeKind::HARD_STOP);
    assert_eq!(hard.blocks(0), ["stopped"], "nothing is given back under a hard stop");
    for state in [Standby, Production] {
        assert_eq!(fleet.clone().in_state(0, state).blocks(0), ["stopped"], "{state:?}");
    }
    assert_eq!(fleet.blocks(0), ["stopped"], "nobody set its state");
    let and_more = [undrain(), vec![StepSpec::Drain { timeout: SECOND.into(), connections_max: 0.into() }]].concat();
    assert_eq!(fleet.running(Impact::Drain, and_more).in_state(0, Drained).blocks(0), ["stopped"]);
}

#[test]
fn work_without_a_server_is_stopped_too() {
    let fleet = Fleet::of(2).under(BrakeKind::STOP);
    let inventory = fleet.inventory();
    let request = run_of("2mq9", 1).request;
    let (subject, check) = (crate::domain::plan::Subject::Nothing, |fleet: &Fleet| {
        without_server(&request, (&crate::domain::plan::Subject::Nothing, None), &fleet.spec, fleet.known(&inventory))
    });
    assert_eq!(subject.server(), None);
    assert_eq!(check(&fleet).map(|blockers| blockers.len()), Ok(1));
    assert_eq!(check(&fleet.running(Impact::ReadOnly, look())), Ok(Vec::new()));
}

#[test]
fn a_second_person_resumes_at_once_and_the_same_one_later() {
    let stop = brake(BrakeKind::STOP, None);
    let from = |team: &str, user: &str| may_resume_from(&stop, &PersonId::new(team, user));
    let later = Some(stop.since.plus(RESUME_ALONE_AFTER));
    assert_eq!(from("T0WRASSE", "U0ANA"), None);
    assert_eq!(from("T0WRASSE", "U0BOB"), later);
    // A person in the chat and an account in a shell may be one and the same.
    assert_eq!(from("local", "1000"), later);
}

/// What a rehearsal says is what a start says.
#[test]
fn a_rehearsal_waits_for_the_same_reason() {
    let fleet = Fleet::of(10).under(BrakeKind::STOP);
    let (inventory, servers) = (fleet.inventory(), [planned(&fleet.servers[0])]);
    let rehearsed = rehearse(
        &servers.iter().collect::<Vec<_>>(),
        (&fleet.spec, None, Asker::Person),
        &run_of("2mq9", 1),
        fleet.known(&inventory),
    );
    assert_eq!((rehearsed.start.len(), rehearsed.wait.len()), (0, 1));
    assert!(matches!(rehearsed.blockers[..], [Blocker::Stopped { .. }]));
}

fn lax() -> Coverage {
    Coverage::of_text("site=lax")
}

impl Fleet {
    pub(super) fn until(mut self, until: Timestamp) -> Self {
        self.ledger.brakes.iter_mut().for_each(|brake| brake.until = Some(until));
        self
    }
}

/// Where it covers, what changes something waits; a server that came later, and a selector nobody can read, are covered.
#[test]
fn a_freeze_covers_what_its_selector_means_now() {
    let freeze = |text: &str| Fleet::of(10).under(BrakeKind::Freeze { on: Coverage::of_text(text) });
    for covering in ["site=lax", "edge-lax-[000-003]", "type!=origin", "pool=edge-lax & edge-lax-*", "name=~-000$"] {
        assert_eq!(freeze(covering).blocks(0), ["frozen"], "{covering}");
    }
    for sparing in ["site=riga", "edge-lax-[001-003]", "site=lax ! edge-lax-000", "edge-fra-*", "tag:canary=yes"] {
        assert_eq!(freeze(sparing).blocks(0), ["allow"], "{sparing}");
    }
    for unreadable in ["site=", "@gone", "failed:req-2mq9"] {
        assert_eq!(freeze(unreadable).blocks(0), ["frozen"], "{unreadable}");
    }
    let mut grown = freeze("site=lax");
    grown.servers.push(server(10));
    assert_eq!(grown.seen(10, Health::Serving, 0).blocks(10), ["frozen"]);
    let frozen = Fleet::of(10).under(BrakeKind::Freeze { on: Coverage::everything() });
    assert_eq!(frozen.blocks(0), ["frozen"]);
    assert!(frozen.clone().running(Impact::ReadOnly, look()).is_allowed(0));
    assert!(frozen.running(Impact::Config, undrain()).in_state(0, Drained).is_allowed(0));
}

/// It is over at its time, not a moment later, whatever midnight or change of clocks lies between.
#[test]
fn a_brake_is_over_at_its_time() {
    let freeze = || Fleet::of(10).under(BrakeKind::Freeze { on: lax() });
    let moment = Duration::from_millis(1);
    assert_eq!(freeze().until(NOW.plus(moment)).blocks(0), ["frozen"]);
    assert_eq!(freeze().until(NOW).blocks(0), ["allow"]);
    let late = NOW.plus(12 * 3600 * SECOND);
    let fleet = freeze().until(late);
    assert_eq!(fleet.ledger.next_brake_over(NOW), Some(late));
    assert_eq!(fleet.ledger.next_brake_over(late), None);
}

#[test]
fn a_hold_keeps_one_server_from_all_but_looks() {
    let held = Fleet::of(10).under(BrakeKind::Hold { server: id(0), name: ServerName::new("edge-lax-000") });
    assert_eq!((held.blocks(0), held.blocks(1)), (vec!["held"], vec!["allow"]));
    assert!(held.clone().running(Impact::ReadOnly, look()).is_allowed(0));
    let returning = held.clone().running(Impact::Config, undrain()).in_state(0, Drained);
    assert_eq!(returning.blocks(0), ["held"], "not even given back");
    let brakes = &held.ledger.brakes;
    assert!(is_held(&planned(&held.servers[0]), brakes, NOW) && !is_held(&planned(&held.servers[1]), brakes, NOW));
}

#[test]
fn a_held_request_starts_no_more_and_others_do() {
    let paused = |tail: &str| Fleet::of(10).under(BrakeKind::Pause { request: run_of(tail, 1).request });
    assert_eq!((paused("2mq9").blocks(0), paused("aaaa").blocks(0)), (vec!["held"], vec!["allow"]));
}

/// What only looks is covered as well; one level waits, the other leaves out.
#[test]
fn the_blacklist_waits_or_leaves_out() {
    let entry = |command: Option<&str>, level| {
        let command = command.map(CommandName::new);
        Fleet::of(10).under(BrakeKind::Blacklist { on: lax(), command, level })
    };
    let (block, absolute) = (BlacklistLevel::Block, BlacklistLevel::Absolute);
    assert_eq!(entry(None, block).blocks(0), ["blacklisted"]);
    assert_eq!(entry(Some("reboot"), block).blocks(0), ["blacklisted"]);
    assert_eq!(entry(Some("drain"), block).blocks(0), ["allow"]);
    assert_eq!(entry(None, block).running(Impact::ReadOnly, look()).blocks(0), ["blacklisted"]);
    assert_eq!(entry(Some("reboot"), absolute).blocks(0), ["deny"]);
    assert_eq!(entry(Some("drain"), absolute).blocks(0), ["allow"]);
    assert_eq!(entry(None, absolute).until(NOW).blocks(0), ["allow"], "it is over");
    let Verdict::Deny(why) = entry(None, absolute).check(0) else { panic!("it is left out") };
    assert_eq!(why, "site=lax is on the blacklist, put there by bob: a storm");
}

/// Whole sites are covered by one of their servers, and work on nothing by everything alone.
#[test]
fn work_without_a_server_is_covered_too() {
    use crate::domain::plan::Subject;
    let check = |on: Coverage, subject: &Subject| {
        let fleet = Fleet::of(2).under(BrakeKind::Freeze { on });
        let inventory = fleet.inventory();
        let request = run_of("2mq9", 1).request;
        without_server(&request, (subject, None), &fleet.spec, fleet.known(&inventory)).map(|blockers| blockers.len())
    };
    let site = |name: &str| Subject::Site(SiteName::new(name));
    assert_eq!((check(lax(), &site("lax")), check(lax(), &site("riga"))), (Ok(1), Ok(0)));
    assert_eq!((check(lax(), &Subject::Nothing), check(Coverage::everything(), &Subject::Nothing)), (Ok(0), Ok(1)));
}

/// What one person holds at once is told together; what another holds is told apart.
#[test]
fn held_servers_are_told_together() {
    let hold =
        |number: usize| BrakeKind::Hold { server: id(number), name: ServerName::new(format!("edge-lax-{number:03}")) };
    let fleet = Fleet::of(10).under(hold(0)).under(hold(1));
    let each = [0, 1].into_iter().flat_map(|number| match fleet.check(number) {
        Verdict::Wait(blockers) => blockers,
        other @ (Verdict::Allow(_) | Verdict::Deny(_)) => panic!("it waits, not {other:?}"),
    });
    let together = merged(each.collect());
    assert!(matches!(&together[..], [Blocker::Held { servers, .. }] if servers.len() == 2), "{together:?}");
}
