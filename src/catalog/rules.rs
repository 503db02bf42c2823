//! What must hold for a command as a whole, once reused steps are in place.

use super::command::Draft;
use super::fields::Faults;
use super::inputs::{Mention, Mentioned};
use super::steps::PlacedStep;
use crate::domain::command::{
    GateCheck, HttpMethod, Impact, Input, Need, Output, SITE_INPUT, Sent, StepSpec, Targets, ValueKind, WaveSize,
};
use crate::domain::intent::ParameterName;
use crate::domain::time::exact;
use crate::fleet::nearest;
use std::time::Duration;

/// Reports everything about the command that does not fit together.
pub(super) fn check(draft: &Draft, steps: &[PlacedStep], faults: &mut Faults) {
    impact(draft, steps, faults);
    consent(draft, faults);
    waves(draft, faults);
    order(draft, steps, faults);
    for (index, step) in steps.iter().enumerate() {
        subject(draft, step, faults);
        mentions(draft, (step, steps.get(..index).unwrap_or_default()), faults);
        grace(draft, step, faults);
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

/// A reboot comes after a gate, and a gate only asks about a drain that was done. The first step that interrupts a server, or does
/// to it what cannot be undone, comes after one that asks about both its drain and its pool.
fn order(draft: &Draft, steps: &[PlacedStep], faults: &mut Faults) {
    let interrupts = draft.spec.impact >= Impact::PowerCycle && matches!(draft.spec.targets, Targets::Servers { .. });
    let (mut is_drained, mut gate, mut is_rebooted, mut is_begun) = (false, None, false, false);
    for placed in steps {
        let is_reboot = matches!(placed.step, StepSpec::Reboot(_));
        if is_reboot || is_post(&placed.step) {
            let is_whole = |asked: &&[GateCheck]| BEFORE_HARM.iter().all(|check| asked.contains(check));
            let is_first = interrupts && !is_begun;
            if is_first && gate.filter(is_whole).is_none() || is_reboot && gate.is_none() {
                ungated(draft, placed, (gate.is_some(), is_drained), faults);
            }
            is_begun = true;
        }
        match &placed.step {
            StepSpec::Drain { .. } => is_drained = true,
            StepSpec::Gate(checks) => {
                gate = Some(checks.as_slice());
                if checks.contains(&GateCheck::DrainStillHolds) && !is_drained {
                    let what = "nothing was drained before this gate";
                    let instead = if interrupts { "put `drain` before it" } else { DRAIN_OR_LEAVE_OUT };
                    faults.push(placed.source.fault(placed.span.clone(), what, instead));
                }
            }
            StepSpec::Reboot(_) => {
                if is_rebooted {
                    let what = "a second reboot in one run could not be told from the first one";
                    faults.push(placed.source.fault(placed.span.clone(), what, "leave one of them out"));
                }
                is_rebooted = true;
                gate = None;
            }
            StepSpec::RestoreState { .. } | StepSpec::Undrain { .. } => {
                is_drained = false;
                gate = None;
            }
            StepSpec::Check { .. } | StepSpec::Http(_) => {}
        }
    }
}

/// What is asked again before a server is interrupted.
const BEFORE_HARM: [GateCheck; 2] = [GateCheck::DrainStillHolds, GateCheck::Capacity];
const DRAIN_OR_LEAVE_OUT: &str = "put `drain` before it, or leave `drain-still-holds` out";

fn is_post(step: &StepSpec) -> bool {
    matches!(step, StepSpec::Http(http) if http.method == HttpMethod::Post)
}

/// A step that interrupts a server has no gate before it, or one that asks too little.
fn ungated(draft: &Draft, placed: &PlacedStep, (has_gate, is_drained): (bool, bool), faults: &mut Faults) {
    let call = || format!("a call of a {} command", draft.spec.impact.word());
    let step = if is_post(&placed.step) { call() } else { "a reboot".to_owned() };
    let what = if has_gate {
        format!("{step} needs a gate before it that asks about its drain and its pool")
    } else {
        format!("{step} needs a gate before it, which asks again whether it is still safe")
    };
    let verb = if has_gate { "write" } else { "add" };
    let drain = if is_drained { "" } else { ", with `- drain` before that" };
    let instead = format!("{verb} `- gate: [drain-still-holds, capacity]` before it{drain}");
    faults.push(placed.source.fault(placed.span.clone(), what, instead));
}

fn subject(draft: &Draft, placed: &PlacedStep, faults: &mut Faults) {
    let is_without_server = matches!(placed.step, StepSpec::Http(_));
    if !matches!(draft.spec.targets, Targets::Servers { .. }) && !is_without_server {
        let what = format!("the step {} needs a server, and `targets` has none", placed.step.word());
        faults.push(placed.source.fault(placed.span.clone(), what, "use `http` steps only, or give `targets`"));
    }
}

/// What a step mentions is there, of the right type, and never missing.
fn mentions(draft: &Draft, (placed, before): (&PlacedStep, &[PlacedStep]), faults: &mut Faults) {
    for mention in &placed.mentions {
        let told = match &mention.what {
            Mentioned::Sent(Sent::Parameter(name)) => sent(draft, placed, name),
            Mentioned::Sent(Sent::Output(output)) => untold(*output, before),
            Mentioned::Duration { key, parameter } => stands_for(draft, placed, (key, parameter), &DURATION),
            Mentioned::Count { key, parameter, least, most } => stands_for(draft, placed, (key, parameter), &COUNT)
                .or_else(|| out_of_bounds(draft, (key, parameter), (*least, *most))),
        };
        if let Some((what, instead)) = told {
            faults.push(placed.source.fault(mention.span.clone(), what, instead));
        }
    }
}

/// What is wrong, and what to write instead.
type Told = Option<(String, String)>;

/// How a command that has no such parameter is told, whether the step is its own or reused.
fn lacks(draft: &Draft, placed: &PlacedStep, name: &ParameterName) -> String {
    let command = &draft.spec.name;
    if placed.source.name() == draft.source.name() {
        format!("{command} has no parameter `{name}`")
    } else {
        format!("{command} reuses this step and has no parameter `{name}`")
    }
}

fn sent(draft: &Draft, placed: &PlacedStep, name: &ParameterName) -> Told {
    let is_site = name.as_str() == SITE_INPUT && matches!(draft.spec.targets, Targets::Sites { .. });
    if is_site || draft.spec.parameter(name.as_str()).is_some() {
        return None;
    }
    let known = draft.spec.parameters.iter().map(|one| one.name.as_str());
    let instead = match nearest(name.as_str(), known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare `{name}`, or do not send it"),
    };
    Some((format!("{} to send", lacks(draft, placed, name)), instead))
}

/// A step can only send what one before it has told.
fn untold(output: Output, before: &[PlacedStep]) -> Told {
    if before.iter().any(|placed| placed.step.tells(output)) {
        return None;
    }
    let (word, teller) = (output.word(), output.told_by());
    let what = format!("`{word}` is told by the step {teller}, and there is none before this one");
    Some((what, format!("put `{teller}` before it, or do not send it")))
}

/// The type of parameter that a setting takes.
struct Wanted {
    is_kind: fn(&ValueKind) -> bool,
    /// As people call it.
    called: &'static str,
    /// A declaration of one.
    declared: &'static str,
}

const DURATION: Wanted = Wanted {
    is_kind: |kind| matches!(kind, ValueKind::Duration { .. }),
    called: "a length of time",
    declared: "{ type: duration, default: 10m }",
};
const COUNT: Wanted = Wanted {
    is_kind: |kind| matches!(kind, ValueKind::Integer { .. }),
    called: "a whole number",
    declared: "{ type: integer, min: 1, max: 100, default: 5 }",
};

/// A parameter that stands for a setting has a value of its type in every line.
fn stands_for(draft: &Draft, placed: &PlacedStep, (key, name): (&str, &ParameterName), wanted: &Wanted) -> Told {
    let Some(parameter) = draft.spec.parameter(name.as_str()) else {
        let fitting = draft.spec.parameters.iter().filter(|one| (wanted.is_kind)(&one.kind));
        let instead = match nearest(name.as_str(), fitting.map(|one| one.name.as_str())) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => format!("add `{name}: {}` to `parameters`", wanted.declared),
        };
        return Some((lacks(draft, placed, name), instead));
    };
    if !(wanted.is_kind)(&parameter.kind) {
        let what = format!("`{key}` takes {}, and the parameter `{name}` is none", wanted.called);
        return Some((what, format!("name a parameter as in `{name}: {}`", wanted.declared)));
    }
    if parameter.default.is_none() && parameter.need == Need::Optional {
        let what = format!("a line may leave `{name}` out, and then nothing says what `{key}` is");
        return Some((what, format!("give `{name}` a `default`, or write `required: true` there")));
    }
    None
}

/// Every value that the parameter may have is one that the setting takes.
fn out_of_bounds(draft: &Draft, (key, name): (&str, &ParameterName), (least, most): (u64, u64)) -> Told {
    let Some(ValueKind::Integer { min, max }) = draft.spec.parameter(name.as_str()).map(|one| &one.kind) else {
        return None;
    };
    let within = least..=most;
    let outside =
        [min, max].into_iter().find(|value| !u64::try_from(**value).is_ok_and(|value| within.contains(&value)))?;
    let what = format!("`{name}` may be {outside}, and `{key}` takes {least} to {most}");
    Some((what, format!("give `{name}` a `min` of at least {least} and a `max` of at most {most}")))
}

/// With a parameter for one of them, the grace time must still be shorter than the time-out, whatever a line says.
fn grace(draft: &Draft, placed: &PlacedStep, faults: &mut Faults) {
    let StepSpec::Reboot(reboot) = &placed.step else { return };
    let of_settings = |mention: &&Mention| matches!(mention.what, Mentioned::Duration { .. });
    // Two that are written out are compared where they are read.
    let Some(mention) = placed.mentions.iter().rfind(of_settings) else { return };
    let (Some((_, grace)), Some((timeout, _))) = (range(draft, &reboot.grace), range(draft, &reboot.timeout)) else {
        return;
    };
    if grace < timeout {
        return;
    }
    let what =
        format!("`grace` may be {}, and `timeout` only {}: it must always be shorter", exact(grace), exact(timeout));
    let instead = match (&reboot.grace, &reboot.timeout) {
        (Input::Parameter(one), Input::Parameter(other)) if one == other => "name two different parameters".to_owned(),
        (Input::Parameter(name), Input::Literal(_)) => format!("give `{name}` a `max` below {}", exact(timeout)),
        (Input::Literal(_), Input::Parameter(name)) => format!("give `{name}` a `min` above {}", exact(grace)),
        (Input::Parameter(name), Input::Parameter(other)) => {
            format!("give `{name}` a `max` that is below the `min` of `{other}`")
        }
        (Input::Literal(_), Input::Literal(_)) => "give the server longer".to_owned(),
    };
    faults.push(placed.source.fault(mention.span.clone(), what, instead));
}

/// The shortest and the longest that a setting may be; `None` where something else is wrong with it.
fn range(draft: &Draft, input: &Input<Duration>) -> Option<(Duration, Duration)> {
    let name = match input {
        Input::Literal(length) => return Some((*length, *length)),
        Input::Parameter(name) => name,
    };
    let kind = draft.spec.parameter(name.as_str()).map(|one| &one.kind);
    if let Some(ValueKind::Duration { min, max }) = kind { Some((*min, *max)) } else { None }
}
