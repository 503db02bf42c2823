//! The shape of a command's definition, which a request keeps as it was when the plan was made.

use super::{Json, Members, Misfit, Stored, stored_record, stored_variants, stored_words};
use crate::domain::command::{
    ApprovalRule, CommandSpec, EscalationRule, GateCheck, HostCheck, HttpMethod, HttpSpec, Impact, Input, Need, Output,
    OwnerOf, ParameterSpec, PowerPath, Priority, RebootSpec, Sent, StepSpec, TEXT_LENGTH_MAX_CHARS, Targets, ValueKind,
    WaveRule, WaveSize,
};
use crate::domain::identity::UserId;
use crate::domain::intent::{Named, ParameterName, Value};
use crate::domain::place::ChannelId;
use crate::domain::server::ProductionState;
use crate::domain::time::{DURATION_MAX, DURATION_MIN};
use serde_json::Value as JsonValue;

stored_record! { CommandSpec;
    name: "name", summary: "summary", impact: "impact", owner: "owner", targets: "targets", parameters: "parameters",
    waves: "waves", site_concurrency: "site_concurrency", approvals: "approvals", steps: "steps",
    examples: "examples", hash: "hash", priority: "priority" or Priority::default(), remediates: "remediates" or false,
}
stored_words! { Priority; "safety" => Safety, "security" => Security, "planned" => Planned, "bulk" => Bulk }
stored_words! { Impact;
    "read-only" => ReadOnly, "config" => Config, "drain" => Drain, "power-cycle" => PowerCycle,
    "destructive" => Destructive,
}
stored_variants! { Targets;
    "servers" => Servers { types: "types", from: "from", max: "max" },
    "sites" => Sites { max: "max" },
    "none" => None,
}
stored_words! { ProductionState;
    "production" => Production, "draining" => Draining, "drained" => Drained, "undraining" => Undraining,
    "standby" => Standby, "maintenance" => Maintenance, "repair" => Repair,
}
stored_record! { ParameterSpec;
    name: "name", kind: "kind", default: "default", need: "need", asked_as_because: "asked_as_because",
}
stored_words! { Need; "required" => Required, "optional" => Optional }
stored_variants! { ValueKind;
    "text" => Text { length_max: "length" or TEXT_LENGTH_MAX_CHARS },
    "integer" => Integer { min: "min", max: "max" },
    "percentage" => Percentage { min: "min" or 1, max: "max" or 100 },
    "duration" => Duration { min: "min_ms" or DURATION_MIN, max: "max_ms" or DURATION_MAX },
    "choice" => Choice(words),
    "boolean" => Boolean,
    "time" => Time,
    "server" => Server,
    "selector" => Selector,
    "user" => User,
    "channel" => Channel,
    "version" => Version,
    "url" => Url,
}
stored_variants! { Value;
    "text" => Text(text),
    "integer" => Integer(number),
    "percentage" => Percentage(percent),
    "duration-ms" => Duration(length),
    "choice" => Choice(word),
    "boolean" => Boolean(value),
    "time" => Time(moment),
    "server" => Server(name),
    "selector" => Selector(text),
    "user" => User(user),
    "channel" => Channel(channel),
    "version" => Version(text),
    "url" => Url(address),
}
stored_variants! { Named<UserId>; "id" => Id(id), "name" => Name(name) }
stored_variants! { Named<ChannelId>; "id" => Id(id), "name" => Name(name) }
stored_record! { WaveRule;
    canary: "canary", then: "then", soak: "soak_ms", stop_when_failures_exceed: "stop_when_failures_exceed",
}
stored_variants! { WaveSize;
    "percent" => Percent(percent),
    "parameter" => Parameter(name),
    "all" => All,
}
stored_words! { OwnerOf; "type" => Type, "site" => Site }
stored_record! { EscalationRule; to: "to", after: "after_ms" }

/// Rules from before there were owners and a second group have neither.
impl Stored for ApprovalRule {
    fn store(&self, json: &mut Json) {
        let object = json.object().with("above", &self.above).with("from", &self.from).with("count", &self.count);
        let object = object.with("within_ms", &self.within).with("owners", &self.owners);
        object.with("escalation", &self.escalation).end();
    }

    fn restore(value: &JsonValue) -> Result<Self, Misfit> {
        let members = Members::of(value)?;
        Ok(Self {
            above: members.read("above")?,
            from: members.read("from")?,
            count: members.read("count")?,
            within: members.read("within_ms")?,
            owners: members.read::<Option<_>>("owners")?.unwrap_or_default(),
            escalation: members.read("escalation")?,
        })
    }
}
stored_variants! { StepSpec;
    "drain" => Drain { timeout: "timeout_ms", connections_max: "connections_max" },
    "gate" => Gate(checks),
    "reboot" => Reboot(spec),
    "check" => Check { checks: "checks", timeout: "timeout_ms" },
    "restore-state" => RestoreState { timeout: "timeout_ms" },
    "undrain" => Undrain { timeout: "timeout_ms" },
    "http" => Http(spec),
}
/// The member that tells a parameter from a value that is written out.
const PARAMETER: &str = "parameter";

/// A value that is written out is stored as it is, as it was before there was anything else.
impl<T: Stored> Stored for Input<T> {
    fn store(&self, json: &mut Json) {
        match self {
            Self::Literal(value) => value.store(json),
            Self::Parameter(name) => json.object().with(PARAMETER, name).end(),
        }
    }

    fn restore(value: &JsonValue) -> Result<Self, Misfit> {
        match value.get(PARAMETER) {
            Some(name) => ParameterName::restore(name).map(Self::Parameter),
            None => T::restore(value).map(Self::Literal),
        }
    }
}

stored_record! { RebootSpec; via: "via", otherwise: "else", timeout: "timeout_ms", grace: "grace_ms" }
stored_words! { PowerPath; "ssh" => Ssh, "redfish" => Redfish }
stored_words! { GateCheck; "drain-still-holds" => DrainStillHolds, "capacity" => Capacity }
stored_words! { HostCheck; "services" => Services, "mounts" => Mounts, "kernel" => Kernel, "clock" => Clock }
stored_record! { HttpSpec;
    method: "method", url: "url", send: "send", expect: "expect", timeout: "timeout_ms",
}
stored_words! { Output;
    "drain.connections-left" => ConnectionsLeft, "reboot.took" => RebootTook, "check.took" => CheckTook,
    "http.status" => HttpStatus,
}

/// The member that tells what a step told from a parameter.
const OUTPUT: &str = "output";

/// A parameter is stored as its name, as it was before there was anything else to send.
impl Stored for Sent {
    fn store(&self, json: &mut Json) {
        match self {
            Self::Parameter(name) => name.store(json),
            Self::Output(output) => json.object().with(OUTPUT, output).end(),
        }
    }

    fn restore(value: &JsonValue) -> Result<Self, Misfit> {
        match value.get(OUTPUT) {
            Some(output) => Output::restore(output).map(Self::Output),
            None => ParameterName::restore(value).map(Self::Parameter),
        }
    }
}

stored_words! { HttpMethod; "get" => Get, "post" => Post }
