//! The short word on how a run or request stands agrees with its whole history.

use super::shapes::strategies::run_event;
use super::shapes::strategies_of_requests::request_event;
use super::standing::{RunStanding, ends_request};
use crate::domain::ids::{Epoch, RequestId};
use crate::domain::plan::Subject;
use crate::workflow::request::{Request, RequestEvent};
use crate::workflow::run::{Run, RunEvent, RunStage};
use proptest::collection::vec;
use proptest::prelude::{Strategy, proptest};
use std::sync::Arc;

fn standing_of(run: &Run) -> RunStanding {
    match run.stage {
        RunStage::Waiting => RunStanding::Waiting,
        RunStage::Ready { .. } | RunStage::Acting { .. } | RunStage::Returning { .. } => RunStanding::Active,
        RunStage::NeedsPerson { .. } => RunStanding::NeedsPerson,
        RunStage::Ended { .. } => RunStanding::Over,
    }
}

/// Steps and attempts are made to fit, so that histories get far.
fn fitted(mut event: RunEvent, run: &Run) -> RunEvent {
    if let RunEvent::StepBegun { step, .. } | RunEvent::StepSucceeded { step, .. } = &mut event {
        *step = run.step().unwrap_or(0);
    }
    event
}

proptest! {
    #[test]
    fn a_run_stands_as_its_journal_says(events in vec(run_event(), 0..60)) {
        let planned = RunEvent::Planned { subject: Subject::Nothing, wave: 0 };
        let id = RequestId::from_tail("2mq9").expect("a request's tail").run(1);
        let mut standing = RunStanding::Waiting.after(&planned);
        let mut run = Run::replay(id, Epoch(0), &[planned]).expect("it was planned");
        for event in events {
            let event = fitted(event, &run);
            if let Ok(next) = run.clone().apply(&event) {
                run = next;
                standing = standing.after(&event);
            }
            assert_eq!(standing, standing_of(&run));
        }
    }

    #[test]
    fn a_request_is_over_when_its_history_says_so(
        accepted in accepted_event(),
        events in vec(request_event(), 0..30),
    ) {
        let mut request = Request::replay(&[accepted]).expect("it was accepted");
        let mut is_over = false;
        for event in events {
            if let Ok(next) = request.clone().apply(&event) {
                request = next;
                is_over = is_over || ends_request(&event);
            }
            assert_eq!(is_over, request.is_over());
        }
    }
}

fn accepted_event() -> impl Strategy<Value = RequestEvent> {
    super::shapes::strategies_of_requests::accepted().prop_map(|mut accepted| {
        // Made up at random, they would want values that the plan does not have.
        Arc::make_mut(&mut accepted.spec).steps.clear();
        RequestEvent::Accepted(Box::new(accepted))
    })
}
