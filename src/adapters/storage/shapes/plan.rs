//! The shape of a frozen plan. Its hash is stored beside it and compared when it is read, because approvals bind to it.

use super::{Json, Members, Misfit, Stored, stored_record, stored_variants};
use crate::domain::ids::Fingerprint;
use crate::domain::intent::Moment;
use crate::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
use serde_json::Value;

stored_record! { PlanParts;
    request: "request", command: "command", definition: "definition", parameters: "parameters",
    subjects: "subjects", waves: "waves", soak: "soak_ms", requester: "requester", channel: "channel",
    not_before: "not_before", expires_at: "expires_at_ms",
}
stored_variants! { Subject;
    "server" => Server(server),
    "site" => Site(site),
    "nothing" => Nothing,
}
stored_record! { Moment; at: "at_ms", zone: "zone" }
stored_record! { PlannedServer;
    id: "id", name: "name", server_type: "type", site: "site", rack: "rack", pool: "pool",
}

impl Stored for Plan {
    fn store(&self, json: &mut Json) {
        json.object().with("parts", self.parts()).with("hash", self.hash()).end();
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let members = Members::of(value)?;
        let plan = Self::new(members.read("parts")?).map_err(|fault| Misfit(fault.to_string()))?;
        let stored = members.read::<Fingerprint>("hash")?;
        if *plan.hash() != stored {
            let (now, then) = (plan.hash().short(), stored.short());
            return Err(Misfit(format!("the plan's parts hash to {now}…, but {then}… was stored with them")));
        }
        Ok(plan)
    }
}
