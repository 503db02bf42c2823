//! The shapes of people and places.

use super::{stored_record, stored_variants};
use crate::domain::identity::PersonId;
use crate::domain::place::{MessageRef, Origin, ReplyPath};

stored_record! { PersonId; team: "team", user: "user" }
stored_record! { MessageRef; channel: "channel", ts: "ts" }
stored_record! { Origin; person: "person", channel: "channel", thread: "thread", reply: "reply" }
stored_variants! { ReplyPath;
    "response-address" => ResponseAddress(address),
    "private" => Private { thread: "thread" },
    "direct" => Direct,
}
