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

    fn running(mut self, impact: Impact, steps: Vec<StepSpec>) -> Self {
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
    let fleet = Fleet::of(10).seen(1, Health::Failing, 0).under(BrakeKind::Stop);
    assert_eq!(fleet.blocks(0), ["stopped", "capacity"]);
    let Verdict::Wait(blockers) = fleet.check(0) else { panic!("it waits") };
    let mut other_order = blockers.clone();
    other_order.reverse();
    assert_eq!(merged(other_order), blockers);
    assert_eq!(blockers.first().and_then(Blocker::policy), Some(crate::workflow::request::PolicyName::Stop));
}

#[test]
fn looking_goes_on_under_a_stop() {
    assert!(Fleet::of(10).running(Impact::ReadOnly, look()).under(BrakeKind::Stop).is_allowed(0));
    // What calls itself read-only and is not is stopped.
    let not_really = Fleet::of(10).running(Impact::ReadOnly, undrain());
    assert_eq!(not_really.under(BrakeKind::Stop).blocks(0), ["stopped"]);
    assert_eq!(Fleet::of(10).running(Impact::Config, look()).under(BrakeKind::Stop).blocks(0), ["stopped"]);
}

/// The safe direction: what a run of ours took out may be given back; what nobody of us took out may not.
#[test]
fn only_what_we_took_out_is_given_back_under_a_stop() {
    let fleet = Fleet::of(10).running(Impact::Config, undrain()).under(BrakeKind::Stop);
    assert!(fleet.clone().in_state(0, Drained).is_allowed(0));
    for state in [Standby, Production] {
        assert_eq!(fleet.clone().in_state(0, state).blocks(0), ["stopped"], "{state:?}");
    }
    assert_eq!(fleet.blocks(0), ["stopped"], "nobody set its state");
    let and_more = [undrain(), vec![StepSpec::Drain { timeout: SECOND.into(), connections_max: 0.into() }]].concat();
    assert_eq!(fleet.running(Impact::Drain, and_more).in_state(0, Drained).blocks(0), ["stopped"]);
}

#[test]
fn work_without_a_server_is_stopped_too() {
    let fleet = Fleet::of(2).under(BrakeKind::Stop);
    let inventory = fleet.inventory();
    assert_eq!(without_server(&fleet.spec, fleet.known(&inventory)).len(), 1);
    let looking = fleet.running(Impact::ReadOnly, look());
    assert_eq!(without_server(&looking.spec, looking.known(&inventory)), []);
}

#[test]
fn a_second_person_resumes_at_once_and_the_same_one_later() {
    let stop = brake(BrakeKind::Stop, None);
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
    let fleet = Fleet::of(10).under(BrakeKind::Stop);
    let (inventory, servers) = (fleet.inventory(), [planned(&fleet.servers[0])]);
    let rehearsed =
        rehearse(&servers.iter().collect::<Vec<_>>(), &fleet.spec, &run_of("2mq9", 1), fleet.known(&inventory));
    assert_eq!((rehearsed.start.len(), rehearsed.wait.len()), (0, 1));
    assert!(matches!(rehearsed.blockers[..], [Blocker::Stopped { .. }]));
}
