//! What a command says of its own harm counts as its steps do.

use super::*;
use crate::domain::command::{HttpMethod, HttpSpec};
use crate::workflow::request::PolicyName;

fn call() -> Vec<StepSpec> {
    vec![StepSpec::Http(HttpSpec {
        method: HttpMethod::Post,
        url: "https://power.example.com/cycle".into(),
        send: Vec::new(),
        expect: 200,
        timeout: SECOND.into(),
    })]
}

/// The work is done by a call, so no step says that it takes the server out.
#[test]
fn a_call_that_interrupts_a_server_takes_capacity() {
    let full = Fleet::of(10).in_state(1, Drained);
    let contradicted = Fleet::of(20).seen(0, Health::OutOfRotation, 0);
    let mut unmeasured = Fleet::of(20);
    unmeasured.traffic = Traffic::Pending;
    let mut unwatched = Fleet::of(20);
    unwatched.firing = Firing::Pending;
    for (impact, takes) in
        [(Impact::ReadOnly, false), (Impact::Config, false), (Impact::Drain, true), (Impact::PowerCycle, true)]
    {
        let blocks = |fleet: &Fleet| fleet.clone().running(impact, call()).blocks(0);
        let expected = |word: &'static str| if takes { vec![word] } else { vec!["allow"] };
        assert_eq!(blocks(&full), expected("capacity"), "{impact:?}");
        assert_eq!(blocks(&contradicted), expected("taken out"), "{impact:?}");
        assert_eq!(blocks(&unmeasured), expected("traffic unknown"), "{impact:?}");
        assert_eq!(blocks(&unwatched), expected("alerts unknown"), "{impact:?}");
        assert_eq!(blocks(&Fleet::of(20)), ["allow"], "{impact:?}");
        // Giving back is the safe direction, whatever it calls itself.
        let undrain = vec![StepSpec::Undrain { timeout: SECOND.into() }];
        assert!(full.clone().running(impact, undrain).is_allowed(0), "{impact:?}");
    }
}

/// Never where it serves, whatever its steps would do first and whatever would be overridden.
#[test]
fn what_cannot_be_undone_is_done_to_no_server_in_production() {
    for steps in [call(), reboot().steps] {
        let fleet = Fleet::of(20).running(Impact::Destructive, steps);
        let told = "it is in production, and reboot cannot be undone; drain it first, by another request";
        for passes in [&[][..], &PolicyName::ALL[..]] {
            assert_eq!(fleet.check_passing(0, passes), Verdict::Deny(told.to_owned()));
        }
        assert!(fleet.clone().in_state(0, Drained).is_allowed(0));
        assert!(fleet.clone().in_state(0, Standby).is_allowed(0));
        // While another works on it its state says nothing yet.
        assert_eq!(fleet.locked(0, "bbbb", LockStanding::Working).blocks(0), ["locked"]);
    }
}
