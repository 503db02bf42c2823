//! Stored values come back as they were, and look in the file as they always did.

use super::strategies::{content, control, destination, run_event};
use super::strategies_of_calendars::calendars;
use super::strategies_of_requests::request_event;
use super::{SHAPE, Stored, decode, encode};

use crate::domain::effect::Begun;
use crate::domain::identity::{Actor, PersonId};

use crate::domain::place::{ChannelId, MessageRef, MessageTs};

use crate::ports::StoreFault;
use crate::workflow::request::RequestEvent;
use crate::workflow::run::RunEvent;
use proptest::prelude::proptest;
use std::fmt::Debug;

pub(super) fn comes_back<T: Stored + PartialEq + Debug>(value: &T) {
    assert_eq!(decode::<T>("a value", SHAPE, &encode(value)).as_ref(), Ok(value));
}

proptest! {
    #[test]
    fn every_event_of_a_request_comes_back_as_it_was(event in request_event()) {
        comes_back(&event);
    }

    #[test]
    fn every_event_of_a_run_comes_back_as_it_was(event in run_event()) {
        comes_back(&event);
    }

    #[test]
    fn every_message_comes_back_as_it_was(content in content(), destination in destination()) {
        comes_back(&content);
        comes_back(&destination);
    }

    #[test]
    fn every_calendar_comes_back_as_it_was(calendars in calendars()) {
        comes_back(&calendars);
    }

    #[test]
    fn every_control_comes_back_as_it_was((action, bound) in control()) {
        comes_back(&action);
        comes_back(&bound);
    }
}

pub(super) fn unreadable<T: Stored + Debug>(shape: i64, body: &str) -> String {
    match decode::<T>("run-2mq9.1 event 3", shape, body) {
        Err(StoreFault::Unreadable(why)) => why,
        other => panic!("it was read as {other:?}"),
    }
}

#[test]
fn what_this_version_does_not_know_is_named() {
    let known = r#"{"kind":"was-silent","at_ms":5}"#;
    assert_eq!(unreadable::<RunEvent>(2, known), "run-2mq9.1 event 3 has shape 2, this version reads shape 1");
    assert_eq!(
        unreadable::<RunEvent>(1, r#"{"kind":"exploded"}"#),
        r#"run-2mq9.1 event 3: `kind`: "exploded" is not known to this version"#
    );
    assert_eq!(
        unreadable::<RunEvent>(1, r#"{"kind":"was-silent"}"#),
        "run-2mq9.1 event 3: `at_ms`: expected a whole number, found nothing"
    );
    assert_eq!(
        unreadable::<RunEvent>(1, r#"{"kind":"admitted","at_ms":5,"found":"lost"}"#),
        r#"run-2mq9.1 event 3: `found`: expected a known word, found "lost""#
    );
    assert!(unreadable::<RunEvent>(1, "{").starts_with("run-2mq9.1 event 3 does not hold JSON: "));
}

/// An approval binds to the plan's hash, so a plan that was changed in the file must not be carried out.
#[test]
fn a_plan_that_does_not_match_its_hash_is_refused() {
    let stored = encode(&golden::accepted());
    let changed = stored.replace("edge-lax-001", "edge-lax-002");
    assert_ne!(stored, changed);
    assert!(unreadable::<RequestEvent>(1, &changed).contains("the plan's parts hash to "));
}

#[test]
fn small_events_look_as_they_always_did() {
    let card = MessageRef { channel: ChannelId::new("C0NOC"), ts: MessageTs::new("17.01") };
    insta::assert_snapshot!(golden::line(&RequestEvent::CardPosted { card }), @r#"{"card":{"channel":"C0NOC","ts":"17.01"},"kind":"card-posted"}"#);
    let by = PersonId::new("T0WRASSE", "U0ANA");
    let asked = RequestEvent::CancelAsked { by: Actor::recalled(by), name: "ana".into(), at: golden::AT };
    insta::assert_snapshot!(golden::line(&asked), @r#"{"at_ms":1764511500000,"by":{"team":"T0WRASSE","user":"U0ANA"},"kind":"cancel-asked","name":"ana"}"#);
    let answer = Begun::Unknown("the connection was cut".into());
    insta::assert_snapshot!(golden::line(&RunEvent::ActAnswered { answer }), @r#"{"answer":{"kind":"unknown","value":"the connection was cut"},"kind":"act-answered"}"#);
    insta::assert_snapshot!(golden::line(&RunEvent::StepBegun { step: 2, intent: golden::intent() }), @r#"{"intent":{"at_ms":1764511500000,"attempt":1,"boot_before":"b-1","not_after_ms":null,"until_ms":1764511500000,"way":"ssh"},"kind":"step-begun","step":2}"#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one stored event, whole")]
fn an_accepted_request_looks_as_it_always_did() {
    insta::assert_snapshot!(golden::pretty(&golden::accepted()), @r#"
    {
      "kind": "accepted",
      "value": {
        "allowed_by": [
          "noc may reboot"
        ],
        "at_ms": 1764511500000,
        "controls": {
          "request.review": "h-1"
        },
        "need": {
          "escalation": null,
          "quotas": [
            {
              "count": 1,
              "from": [
                "sre"
              ]
            }
          ],
          "remind_at_ms": null,
          "until_ms": 1764511500000,
          "within_ms": 3600000
        },
        "origin": {
          "channel": "C0NOC",
          "person": {
            "team": "T0WRASSE",
            "user": "U0ANA"
          },
          "reply": {
            "kind": "response-address",
            "value": "http://127.0.0.1/respond"
          },
          "thread": null
        },
        "plan": {
          "hash": "cdf6b2ffd075ffa12ff6dd4c4d0c04249a6a4f08d1bdaed7b3a3c4e567efc7a1",
          "parts": {
            "channel": "C0NOC",
            "command": "reboot",
            "definition": "92bf8ea876da2855facd9e176e481364a9e1d709c9bbfe6e2bd8109bcf7ed20a",
            "expires_at_ms": 1764511500000,
            "not_before": null,
            "parameters": {
              "reason": {
                "kind": "text",
                "value": "kernel update"
              }
            },
            "request": "req-2mq9",
            "requester": {
              "team": "T0WRASSE",
              "user": "U0ANA"
            },
            "soak_ms": 300000,
            "subjects": [
              {
                "kind": "server",
                "value": {
                  "id": "s-1",
                  "name": "edge-lax-001",
                  "pool": "edge-lax",
                  "rack": "lax-r01",
                  "site": "lax",
                  "type": "edge-cache"
                }
              }
            ],
            "waves": [
              1
            ]
          }
        },
        "requester_name": "ana",
        "retry_of": null,
        "spec": {
          "approvals": {
            "above": 10,
            "count": 1,
            "escalation": null,
            "from": "sre",
            "owners": [],
            "within_ms": 3600000
          },
          "examples": [
            "reboot edge-lax-001 because kernel update"
          ],
          "hash": "92bf8ea876da2855facd9e176e481364a9e1d709c9bbfe6e2bd8109bcf7ed20a",
          "impact": "power-cycle",
          "name": "reboot",
          "owner": "sre",
          "parameters": [
            {
              "asked_as_because": true,
              "default": null,
              "kind": {
                "kind": "text",
                "length": 500
              },
              "name": "reason",
              "need": "required"
            }
          ],
          "priority": "planned",
          "remediates": false,
          "site_concurrency": 4,
          "steps": [
            {
              "kind": "gate",
              "value": [
                "drain-still-holds",
                "capacity"
              ]
            },
            {
              "kind": "reboot",
              "value": {
                "else": "redfish",
                "grace_ms": 90000,
                "timeout_ms": 900000,
                "via": "ssh"
              }
            },
            {
              "checks": [
                "services"
              ],
              "kind": "check",
              "timeout_ms": 60000
            }
          ],
          "summary": "Reboot servers",
          "targets": {
            "from": [
              "production",
              "standby"
            ],
            "kind": "servers",
            "max": 500,
            "types": [
              "edge-cache"
            ]
          },
          "waves": {
            "canary": 1,
            "soak_ms": 300000,
            "stop_when_failures_exceed": 1,
            "then": {
              "kind": "percent",
              "value": 10
            }
          }
        }
      }
    }
    "#);
}

#[test]
fn a_message_looks_as_it_always_did() {
    insta::assert_snapshot!(golden::pretty(&golden::message()), @r#"
    {
      "kind": "fixed",
      "value": {
        "blocks": [
          {
            "kind": "section",
            "value": [
              {
                "kind": "text",
                "value": "Reboot "
              },
              {
                "kind": "bold",
                "value": "3 servers"
              },
              {
                "kind": "text",
                "value": " in "
              },
              {
                "kind": "code",
                "value": "lax"
              }
            ]
          },
          {
            "kind": "actions",
            "value": [
              {
                "confirm": {
                  "no": "Keep it",
                  "style": "danger",
                  "text": "What is in flight is finished.",
                  "title": "End it?",
                  "yes": "End it"
                },
                "label": "Cancel",
                "press": {
                  "handle": "h-1",
                  "kind": "control",
                  "verb": "request.cancel"
                },
                "style": "danger"
              }
            ]
          }
        ],
        "summary": "▶ req-2mq9"
      }
    }
    "#);
}

/// The values whose stored form is pinned.
pub(super) mod golden {
    use super::super::Stored;
    use crate::conversation::message::{Block, Button, Confirm, Message, Press, Style, bold, code, text};
    use crate::domain::command::{
        ApprovalRule, CommandName, CommandSpec, GateCheck, HostCheck, Impact, Need, ParameterSpec, PowerPath, Priority,
        RebootSpec, StepSpec, Targets, ValueKind, WaveRule, WaveSize,
    };
    use crate::domain::consent::Quota;
    use crate::domain::effect::BootId;
    use crate::domain::identity::{Actor, GroupName, PersonId};
    use crate::domain::ids::{Fingerprint, Handle, RequestId};
    use crate::domain::intent::{ParameterName, Value};
    use crate::domain::place::{ChannelId, Origin, ReplyPath};
    use crate::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
    use crate::domain::server::{PoolName, ProductionState, RackName, ServerId, ServerName, ServerType, SiteName};
    use crate::domain::time::Timestamp;
    use crate::ports::store::Content;
    use crate::workflow::request::{Accepted, ApprovalNeed, ControlVerb, RequestEvent};
    use crate::workflow::run::StepIntent;
    use serde_json::Value as Json;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;

    pub(in super::super) const AT: Timestamp = Timestamp::from_millis(1_764_511_500_000);

    /// Many lines, with the members of objects in the order of their names: their order means nothing.
    pub(super) fn pretty(value: &impl Stored) -> String {
        serde_json::to_string_pretty(&sorted(read(value))).expect("a JSON value can be printed")
    }

    /// The same in one line.
    pub(in super::super) fn line(value: &impl Stored) -> String {
        sorted(read(value)).to_string()
    }

    /// As a reader of JSON finds it.
    pub(in super::super) fn read(value: &impl Stored) -> Json {
        serde_json::from_str(&super::encode(value)).expect("it is stored as JSON")
    }

    fn sorted(value: Json) -> Json {
        match value {
            Json::Object(object) => {
                let members = object.into_iter().collect::<BTreeMap<_, _>>();
                Json::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect())
            }
            Json::Array(items) => items.into_iter().map(sorted).collect(),
            leaf @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => leaf,
        }
    }

    pub(super) fn intent() -> StepIntent {
        let boot_before = Some(BootId::new("b-1"));
        StepIntent { attempt: 1, at: AT, way: Some(PowerPath::Ssh), boot_before, not_after: None, until: AT }
    }

    pub(super) fn message() -> Content {
        let confirm = Confirm {
            title: "End it?".into(),
            text: "What is in flight is finished.".into(),
            yes: "End it".into(),
            no: "Keep it".into(),
            style: Style::Danger,
        };
        let press = Press::Control { verb: ControlVerb::Cancel.word().into(), handle: Handle::new("h-1") };
        let button = Button { label: "Cancel".into(), press, style: Style::Danger, confirm: Some(confirm) };
        let words = vec![text("Reboot "), bold("3 servers"), text(" in "), code("lax")];
        let blocks = vec![Block::Section(words), Block::Actions(vec![button])];
        Content::Fixed(Message { summary: "▶ req-2mq9".into(), blocks })
    }

    fn spec() -> CommandSpec {
        let reboot = RebootSpec {
            via: PowerPath::Ssh,
            otherwise: Some(PowerPath::Redfish),
            timeout: Duration::from_secs(900).into(),
            grace: Duration::from_secs(90).into(),
        };
        CommandSpec {
            name: CommandName::new("reboot"),
            summary: "Reboot servers".into(),
            impact: Impact::PowerCycle,
            owner: GroupName::new("sre"),
            targets: Targets::Servers {
                types: vec![ServerType::new("edge-cache")],
                from: vec![ProductionState::Production, ProductionState::Standby],
                max: 500,
            },
            parameters: vec![ParameterSpec {
                name: ParameterName::new("reason"),
                kind: ValueKind::TEXT,
                default: None,
                need: Need::Required,
                asked_as_because: true,
            }],
            waves: WaveRule {
                canary: 1,
                then: WaveSize::Percent(10),
                soak: Duration::from_secs(300),
                stop_when_failures_exceed: 1,
            },
            site_concurrency: Some(4),
            priority: Priority::default(),
            remediates: false,
            approvals: Some(ApprovalRule {
                above: 10,
                from: GroupName::new("sre"),
                count: 1,
                within: Duration::from_secs(3600),
                owners: Vec::new(),
                escalation: None,
            }),
            steps: vec![
                StepSpec::Gate(vec![GateCheck::DrainStillHolds, GateCheck::Capacity]),
                StepSpec::Reboot(reboot),
                StepSpec::Check { checks: vec![HostCheck::Services], timeout: Duration::from_secs(60).into() },
            ],
            examples: vec!["reboot edge-lax-001 because kernel update".into()],
            hash: Fingerprint::of(b"reboot"),
        }
    }

    pub(super) fn accepted() -> RequestEvent {
        let server = PlannedServer {
            id: ServerId::new("s-1"),
            name: ServerName::new("edge-lax-001"),
            server_type: ServerType::new("edge-cache"),
            site: SiteName::new("lax"),
            rack: RackName::new("lax-r01"),
            pool: Some(PoolName::new("edge-lax")),
        };
        let ana = PersonId::new("T0WRASSE", "U0ANA");
        let parts = PlanParts {
            request: RequestId::from_tail("2mq9").expect("a request's tail"),
            command: CommandName::new("reboot"),
            definition: Fingerprint::of(b"reboot"),
            parameters: BTreeMap::from([(ParameterName::new("reason"), Value::Text("kernel update".into()))]),
            subjects: vec![Subject::Server(server)],
            waves: vec![1],
            soak: Duration::from_secs(300),
            requester: ana.clone(),
            channel: ChannelId::new("C0NOC"),
            not_before: None,
            expires_at: AT,
        };
        let origin = Origin {
            person: Actor::recalled(ana),
            channel: ChannelId::new("C0NOC"),
            thread: None,
            reply: ReplyPath::ResponseAddress("http://127.0.0.1/respond".into()),
        };
        RequestEvent::Accepted(Box::new(Accepted {
            plan: Plan::new(parts).expect("one server in one wave"),
            spec: Arc::new(spec()),
            origin,
            requester_name: "ana".into(),
            allowed_by: vec!["noc may reboot".into()],
            at: AT,
            need: Some(ApprovalNeed {
                quotas: vec![Quota::of(GroupName::new("sre"), 1)],
                until: AT,
                within: Duration::from_secs(3600),
                remind_at: None,
                escalation: None,
            }),
            controls: BTreeMap::from([(ControlVerb::Review, Handle::new("h-1"))]),
            retry_of: None,
        }))
    }
}
