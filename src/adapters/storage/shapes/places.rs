//! The shapes of people and places.

use super::{Json, Misfit, Stored, stored_record, stored_variants};
use crate::domain::identity::{Actor, PersonId};
use crate::domain::place::{MessageRef, Origin, ReplyPath};
use serde_json::Value;

stored_record! { PersonId; team: "team", user: "user" }
/// As the person it is.
impl Stored for Actor {
    fn store(&self, json: &mut Json) {
        self.id().store(json);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        PersonId::restore(value).map(Self::recalled)
    }
}
stored_record! { MessageRef; channel: "channel", ts: "ts" }
stored_record! { Origin; person: "person", channel: "channel", thread: "thread", reply: "reply" }
stored_variants! { ReplyPath;
    "response-address" => ResponseAddress(address),
    "private" => Private { thread: "thread" },
    "direct" => Direct,
    "nobody" => Nobody,
    "shell" => Shell { account: "account" },
}
