//! The shapes of a request's events.

use super::{stored_record, stored_variants, stored_words};
use crate::workflow::request::{
    Accepted, Approval, ApprovalNeed, Blocker, ControlVerb, Halt, OutServer, RequestEvent, RequestOutcome,
};

stored_variants! { RequestEvent;
    "accepted" => Accepted(accepted),
    "card-posted" => CardPosted { card: "card" },
    "approved" => Approved(approval),
    "denied" => Denied { by: "by", name: "name", at: "at_ms", why: "why" },
    "blocked" => Blocked { at: "at_ms", blockers: "blockers" },
    "started" => Started { at: "at_ms" },
    "unblocked" => Unblocked { at: "at_ms" },
    "halted" => Halted(halt),
    "cancel-asked" => CancelAsked { by: "by", name: "name", at: "at_ms" },
    "ended" => Ended { at: "at_ms", outcome: "outcome" },
}
stored_record! { Accepted;
    plan: "plan", spec: "spec", origin: "origin", requester_name: "requester_name", allowed_by: "allowed_by",
    at: "at_ms", need: "need", controls: "controls",
}
stored_record! { ApprovalNeed; from: "from", count: "count", until: "until_ms" }
stored_record! { Approval; by: "by", name: "name", at: "at_ms", plan: "plan", why: "why" }
stored_record! { Halt; at: "at_ms", failures: "failures" }
stored_words! { ControlVerb;
    "request.review" => Review, "request.details" => Details, "request.withdraw" => Withdraw,
    "request.cancel" => Cancel,
}
stored_variants! { RequestOutcome;
    "done" => Done,
    "done-with-failures" => DoneWithFailures,
    "failed" => Failed,
    "cancelled" => Cancelled { name: "name" },
    "denied" => Denied { name: "name", why: "why" },
    "expired" => Expired,
    "no-card" => NoCard { why: "why" },
}
stored_variants! { Blocker;
    "locked" => Locked { servers: "servers", holder: "holder", since: "since_ms" },
    "concurrency" => Concurrency { site: "site", active: "active", limit: "limit", holders: "holders" },
    "capacity" => Capacity { pool: "pool", serving: "serving", total: "total", floor: "floor", out: "out" },
    "health-unknown" => HealthUnknown { pool: "pool", unknown: "unknown", total: "total", since: "since_ms" },
}
stored_record! { OutServer; name: "name", holder: "holder", why: "why" }
