//! Proof that work on a subject that is no server may start: only what people have put on stands in its way.

use super::observing::less_observed;
use super::{Admitted, Counted, Known, Verdict, canary_of, without_server};
use crate::domain::command::CommandSpec;
use crate::domain::ids::RunId;
use crate::domain::plan::Subject;
use crate::domain::server::ProductionState;

/// What admission says of a run on a whole site, or on nothing. No server is found in any state, so it counts as being
/// in production.
#[must_use]
pub fn evaluate_without_server(
    run: &RunId,
    (subject, version): (&Subject, Option<&str>),
    spec: &CommandSpec,
    known: Known<'_>,
) -> Verdict {
    match without_server(&run.request, (subject, version), spec, known) {
        Err(why) => Verdict::Deny(why),
        Ok(blockers) => match less_observed(blockers, known.rules) {
            (observed, left) if left.is_empty() => Verdict::Allow(Admitted {
                run: run.clone(),
                found: ProductionState::Production,
                takes: true,
                takes_over: None,
                canary_of: canary_of(Counted::without_server(spec, subject, version), known),
                overridden: Vec::new(),
                observed,
            }),
            (_, left) => Verdict::Wait(left),
        },
    }
}
