//! The shapes of what happened to a request's overrides.

use super::{Json, Misfit, Stored, stored_record, stored_variants};
use crate::workflow::breakglass::{OverrideAsked, OverrideEvent, Passing, SecondCause, Seconded};
use crate::workflow::request::PolicyName;
use serde_json::Value;

stored_variants! { OverrideEvent;
    "asked" => Asked(asked),
    "seconded" => Seconded { number: "number", second: "second" },
    "refused" => Refused { number: "number", by: "by", name: "name", at: "at_ms", why: "why" },
    "expired" => Expired { number: "number", at: "at_ms" },
    "voided" => Voided { number: "number", at: "at_ms", why: "why" },
    "used" => Used { number: "number", at: "at_ms", runs: "runs" },
    "closed" => Closed { number: "number", at: "at_ms" },
}
stored_record! { OverrideAsked;
    policy: "policy", servers: "servers", by: "by", name: "name", at: "at_ms", until: "until_ms", why: "why",
    groups: "groups", second: "second", plan: "plan", account: "account" or None,
}
stored_record! { Passing; run: "run", server: "server" }
stored_record! { Seconded; by: "by", name: "name", at: "at_ms", why: "why", seen: "seen", shown: "shown" }
stored_variants! { SecondCause;
    "many-servers" => ManyServers { alone_max: "alone_max" },
    "interrupts-production" => InterruptsProduction,
    "destructive" => Destructive,
    "shell" => Shell,
}

/// A policy is stored by the name that people write.
impl Stored for PolicyName {
    fn store(&self, json: &mut Json) {
        json.text(self.word());
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let known = Self::ALL.into_iter().find(|policy| value.as_str() == Some(policy.word()));
        known.ok_or_else(|| Misfit::expected("the name of a policy", value))
    }
}
