//! How long it takes until a server that is started on is back, so that it does not outlast its window.
//!
//! Deliberately absent: whether there is a window.

use super::Span;
use crate::admission::Known;
use crate::domain::command::{CommandSpec, Input, ParameterSpec, StepSpec, ValueKind};
use crate::workflow::calendar::TakesBy;
use std::time::Duration;

/// How long one server takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Takes {
    length: Duration,
    pub(super) by: TakesBy,
}

impl Takes {
    /// How long it counts in that window. Time-outs are the worst that may come, and far more than what mostly does, so they
    /// count for half of a window at most: else nothing could ever be started in a short one.
    pub(super) fn within(self, window: Span) -> Duration {
        match self.by {
            TakesBy::Runs(_) => self.length,
            TakesBy::TimeOuts => self.length.min(window.until.since(window.from) / 2),
        }
    }
}

/// How long that command takes on one server: what it took before, if it was done often enough, else its time-outs.
pub(super) fn takes(spec: &CommandSpec, known: Known<'_>) -> Takes {
    if let Some(pace) = known.ledger.paces.get(&spec.name) {
        let by = TakesBy::Runs(u32::try_from(pace.cases).unwrap_or(u32::MAX));
        return Takes { length: pace.nineteen_in_twenty, by };
    }
    let length = spec.steps.iter().map(|step| time_out(step, spec)).sum();
    Takes { length, by: TakesBy::TimeOuts }
}

fn time_out(step: &StepSpec, spec: &CommandSpec) -> Duration {
    match step {
        StepSpec::Gate(_) => Duration::ZERO,
        StepSpec::Reboot(reboot) => longest(&reboot.timeout, spec),
        StepSpec::Http(http) => longest(&http.timeout, spec),
        StepSpec::Drain { timeout, .. }
        | StepSpec::Check { timeout, .. }
        | StepSpec::RestoreState { timeout }
        | StepSpec::Undrain { timeout } => longest(timeout, spec),
    }
}

/// A setting's value; of one that a line may give, the longest that it can.
fn longest(input: &Input<Duration>, spec: &CommandSpec) -> Duration {
    match input {
        Input::Literal(length) => *length,
        Input::Parameter(name) => match spec.parameter(name.as_str()) {
            Some(ParameterSpec { kind: ValueKind::Duration { max, .. }, .. }) => *max,
            Some(_) | None => Duration::ZERO,
        },
    }
}
