//! The shape of an answer to "may they?".

use super::stored_record;
use crate::authorization::{AuthorizationRecord, RecordedClass};

stored_record! { AuthorizationRecord;
    verdict: "verdict", policies: "policies", reason: "reason", policies_version: "policies_version",
    team: "team", user: "user", name: "name", standing: "standing", groups: "groups",
    channel: "channel", channel_name: "channel_name", reach: "reach",
    command: "command", impact: "impact", server_count: "server_count", classes: "classes", sites: "sites",
}
stored_record! { RecordedClass; server_type: "server_type", site: "site", pool: "pool", servers: "servers" }
