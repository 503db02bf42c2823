//! What must hold for a command as a whole, once reused steps are in place.

use super::command::Draft;
use super::fields::Faults;
use super::steps::PlacedStep;
use crate::domain::command::{GateCheck, HttpMethod, Impact, Need, SITE_INPUT, StepSpec, Targets, ValueKind, WaveSize};
use crate::domain::intent::ParameterName;

/// Reports everything about the command that does not fit together.
pub(super) fn check(draft: &Draft, steps: &[PlacedStep], faults: &mut Faults) {
    impact(draft, steps, faults);
    consent(draft, faults);
    waves(draft, faults);
    order(steps, faults);
    for step in steps {
        subject(draft, step, faults);
        parameters(draft, step, faults);
    }
}

/// The least impact class that a step has.
const fn least_impact(step: &StepSpec) -> Impact {
    match step {
        StepSpec::Reboot(_) => Impact::PowerCycle,
        StepSpec::Drain { .. } => Impact::Drain,
        StepSpec::Undrain { .. } | StepSpec::RestoreState { .. } => Impact::Config,
        StepSpec::Http(http) => match http.method {
            HttpMethod::Get => Impact::ReadOnly,
            HttpMethod::Post => Impact::Config,
        },
        StepSpec::Gate(_) | StepSpec::Check { .. } => Impact::ReadOnly,
    }
}

fn impact(draft: &Draft, steps: &[PlacedStep], faults: &mut Faults) {
    let Some(worst) = steps.iter().max_by_key(|step| least_impact(&step.step)) else { return };
    let least = least_impact(&worst.step);
    if draft.spec.impact < least {
        let what = format!("the step {} makes this at least {}", worst.step.word(), least.word());
        faults.push(draft.source.fault(draft.impact_span.clone(), what, format!("write `impact: {}`", least.word())));
    }
}

fn consent(draft: &Draft, faults: &mut Faults) {
    let spec = &draft.spec;
    let is_always_approved = spec.approvals.as_ref().is_some_and(|rule| rule.above == 0);
    if spec.impact == Impact::Destructive && !is_always_approved {
        let what = "a destructive command always needs approval";
        faults.push(draft.source.fault(draft.impact_span.clone(), what, "add `approvals: { above: 0, … }`"));
    }
    let has_reason = spec.parameters.iter().any(|one| one.asked_as_because && one.need == Need::Required);
    if spec.impact >= Impact::PowerCycle && !has_reason {
        let what = format!("a {} command always needs a reason", spec.impact.word());
        let instead = "add `reason: { type: text, required: true, asked-as: because }` to `parameters`";
        faults.push(draft.source.fault(draft.impact_span.clone(), what, instead));
    }
}

fn waves(draft: &Draft, faults: &mut Faults) {
    let Some(span) = draft.waves_span.clone() else {
        if draft.spec.impact >= Impact::Drain && matches!(draft.spec.targets, Targets::Servers { .. }) {
            let what = format!("a {} command needs waves", draft.spec.impact.word());
            let instead = "add `waves: { canary: 1, then: 20%, soak: 5m, stop-when: failures > 1 }`";
            faults.push(draft.source.fault(draft.impact_span.clone(), what, instead));
        }
        return;
    };
    if draft.spec.targets == Targets::None {
        faults.push(draft.source.fault(span, "a command without servers has no waves", "leave `waves` out"));
        return;
    }
    if let WaveSize::Parameter(name) = &draft.spec.waves.then {
        let is_percentage = draft
            .spec
            .parameter(name.as_str())
            .is_some_and(|one| matches!(one.kind, ValueKind::Percentage { .. }) && one.default.is_some());
        if !is_percentage {
            let what = format!("`{{{name}}}` is no percentage parameter with a default");
            let instead = format!("add `{name}: {{ type: percentage, of: request, default: 10% }}` to `parameters`");
            faults.push(draft.source.fault(span, what, instead));
        }
    }
}

/// A reboot comes after a gate, and a gate only asks about a drain that was done.
fn order(steps: &[PlacedStep], faults: &mut Faults) {
    let (mut is_drained, mut is_gated, mut is_rebooted) = (false, false, false);
    for placed in steps {
        match &placed.step {
            StepSpec::Drain { .. } => is_drained = true,
            StepSpec::Gate(checks) => {
                is_gated = true;
                if checks.contains(&GateCheck::DrainStillHolds) && !is_drained {
                    let what = "nothing was drained before this gate";
                    let instead = "put `drain` before it, or leave `drain-still-holds` out";
                    faults.push(placed.source.fault(placed.span.clone(), what, instead));
                }
            }
            StepSpec::Reboot(_) => {
                if !is_gated {
                    let what = "a reboot needs a gate before it, which asks again whether it is still safe";
                    let instead = "add `- gate: [drain-still-holds, capacity]` before it";
                    faults.push(placed.source.fault(placed.span.clone(), what, instead));
                }
                if is_rebooted {
                    let what = "a second reboot in one run could not be told from the first one";
                    faults.push(placed.source.fault(placed.span.clone(), what, "leave one of them out"));
                }
                is_rebooted = true;
                is_gated = false;
            }
            StepSpec::RestoreState { .. } | StepSpec::Undrain { .. } => {
                is_drained = false;
                is_gated = false;
            }
            StepSpec::Check { .. } | StepSpec::Http(_) => {}
        }
    }
}

fn subject(draft: &Draft, placed: &PlacedStep, faults: &mut Faults) {
    let is_without_server = matches!(placed.step, StepSpec::Http(_));
    if !matches!(draft.spec.targets, Targets::Servers { .. }) && !is_without_server {
        let what = format!("the step {} needs a server, and `targets` has none", placed.step.word());
        faults.push(placed.source.fault(placed.span.clone(), what, "use `http` steps only, or give `targets`"));
    }
}

fn parameters(draft: &Draft, placed: &PlacedStep, faults: &mut Faults) {
    let StepSpec::Http(http) = &placed.step else { return };
    let is_site =
        |name: &ParameterName| name.as_str() == SITE_INPUT && matches!(draft.spec.targets, Targets::Sites { .. });
    let unknown = |name: &&ParameterName| draft.spec.parameter(name.as_str()).is_none() && !is_site(name);
    for name in http.send.iter().filter(unknown) {
        let what = format!("{} has no parameter `{name}` to send", draft.spec.name);
        faults.push(placed.source.fault(placed.span.clone(), what, format!("declare `{name}`, or do not send it")));
    }
}
