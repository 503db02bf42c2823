//! One text for one meaning: what a command's fingerprint is taken of.
//!
//! Examples are left out, because they change nothing that runs.

use crate::domain::command::{
    CommandSpec, GateCheck, HttpMethod, Input, Need, ParameterSpec, Priority, Sent, StepSpec, Targets, ValueKind,
    WaveSize,
};
use crate::domain::ids::Fingerprint;
use crate::domain::intent::Value;
use crate::domain::time::millis;
use std::time::Duration;

/// The fingerprint of a resolved command.
pub(super) fn fingerprint(spec: &CommandSpec) -> Fingerprint {
    let mut text = Text(String::from("wrasse command 1\n"));
    text.field("command", &spec.name);
    text.field("summary", &spec.summary);
    text.field("impact", &spec.impact.word());
    text.field("owner", &spec.owner);
    match &spec.targets {
        Targets::None => text.field("targets", &"none"),
        Targets::Sites { max } => text.field("sites", max),
        Targets::Servers { types, from, max } => {
            types.iter().for_each(|server_type| text.field("type", server_type));
            from.iter().for_each(|state| text.field("from", &state.word()));
            text.field("max", max);
        }
    }
    spec.parameters.iter().for_each(|parameter| text.parameter(parameter));
    text.field("canary", &spec.waves.canary);
    match &spec.waves.then {
        WaveSize::Percent(percent) => text.field("then", &format!("{percent}%")),
        WaveSize::Parameter(name) => text.field("then-parameter", name),
        WaveSize::All => text.field("then", &"all"),
    }
    text.field("soak", &millis(spec.waves.soak));
    text.field("stop-when-failures-exceed", &spec.waves.stop_when_failures_exceed);
    if let Some(site) = spec.site_concurrency {
        text.field("site-concurrency", &site);
    }
    // As before there were priorities, where there is none.
    if spec.priority != Priority::default() {
        text.field("priority", &spec.priority.word());
    }
    if spec.remediates {
        text.field("remediates", &true);
    }
    if let Some(rule) = &spec.approvals {
        text.field("above", &rule.above);
        text.field("approvers", &rule.from);
        text.field("count", &rule.count);
        text.field("within", &millis(rule.within));
        rule.owners.iter().for_each(|owned| text.field("owners", &owned.word()));
        if let Some(escalation) = &rule.escalation {
            text.field("escalate-to", &escalation.to);
            text.field("escalate-after", &millis(escalation.after));
        }
    }
    spec.steps.iter().for_each(|step| text.step(step));
    Fingerprint::of(text.0.as_bytes())
}

/// Lines of `name length:value`: the length keeps a value from pretending to be the next line.
struct Text(String);

impl Text {
    fn field(&mut self, name: &str, value: &dyn std::fmt::Display) {
        let value = value.to_string();
        self.0.push_str(&format!("{name} {}:{value}\n", value.len()));
    }

    /// A parameter never looks like a value that is written out.
    fn length(&mut self, name: &str, input: &Input<Duration>) {
        match input {
            Input::Literal(length) => self.field(name, &millis(*length)),
            Input::Parameter(parameter) => self.field(&format!("{name}-parameter"), parameter),
        }
    }

    fn parameter(&mut self, parameter: &ParameterSpec) {
        self.field("parameter", &parameter.name);
        match &parameter.kind {
            ValueKind::Text { length_max } => self.field("kind", &format!("text {length_max}")),
            ValueKind::Integer { min, max } => self.field("kind", &format!("integer {min} {max}")),
            ValueKind::Percentage { min, max } => self.field("kind", &format!("percentage {min} {max}")),
            ValueKind::Duration { min, max } => {
                self.field("kind", &format!("duration {} {}", millis(*min), millis(*max)));
            }
            ValueKind::Boolean => self.field("kind", &"boolean"),
            ValueKind::Time => self.field("kind", &"time"),
            ValueKind::Server => self.field("kind", &"server"),
            ValueKind::Selector => self.field("kind", &"selector"),
            ValueKind::User => self.field("kind", &"user"),
            ValueKind::Channel => self.field("kind", &"channel"),
            ValueKind::Version => self.field("kind", &"version"),
            ValueKind::Url => self.field("kind", &"url"),
            ValueKind::Choice(words) => {
                self.field("kind", &"choice");
                words.iter().for_each(|word| self.field("word", word));
            }
        }
        if let Some(value) = &parameter.default {
            self.field("default", &default_text(value));
        }
        self.field("required", &(parameter.need == Need::Required));
        self.field("because", &parameter.asked_as_because);
    }

    fn step(&mut self, step: &StepSpec) {
        self.field("step", &step.word());
        match step {
            StepSpec::Drain { timeout, connections_max } => {
                self.length("timeout", timeout);
                match connections_max {
                    Input::Literal(most) => self.field("connections-max", most),
                    Input::Parameter(name) => self.field("connections-below-parameter", name),
                }
            }
            StepSpec::Gate(checks) => checks.iter().for_each(|check| {
                self.field(
                    "gate",
                    &match check {
                        GateCheck::DrainStillHolds => "drain-still-holds",
                        GateCheck::Capacity => "capacity",
                    },
                );
            }),
            StepSpec::Reboot(reboot) => {
                self.field("via", &reboot.via.word());
                self.field("else", &reboot.otherwise.map_or("", |path| path.word()));
                self.length("timeout", &reboot.timeout);
                self.length("grace", &reboot.grace);
            }
            StepSpec::Check { checks, timeout } => {
                checks.iter().for_each(|check| self.field("check", &check.word()));
                self.length("timeout", timeout);
            }
            StepSpec::RestoreState { timeout } | StepSpec::Undrain { timeout } => {
                self.length("timeout", timeout);
            }
            StepSpec::Http(http) => {
                self.field(
                    "method",
                    &match http.method {
                        HttpMethod::Get => "GET",
                        HttpMethod::Post => "POST",
                    },
                );
                self.field("url", &http.url);
                http.send.iter().for_each(|sent| match sent {
                    Sent::Parameter(name) => self.field("send", name),
                    Sent::Output(output) => self.field("send-output", &output.word()),
                });
                self.field("expect", &http.expect);
                self.length("timeout", &http.timeout);
            }
        }
    }
}

/// Durations in their own unit: a printed one rounds to seconds.
fn default_text(value: &Value) -> String {
    match value {
        Value::Duration(duration) => format!("{}ms", millis(*duration)),
        Value::Time(moment) => format!("{}ms {}", moment.at.millis(), moment.zone),
        Value::Text(_)
        | Value::Integer(_)
        | Value::Percentage(_)
        | Value::Choice(_)
        | Value::Boolean(_)
        | Value::Server(_)
        | Value::Selector(_)
        | Value::User(_)
        | Value::Channel(_)
        | Value::Version(_)
        | Value::Url(_) => value.to_string(),
    }
}
