//! What earlier versions stored is read as what it meant then.

use super::tests::{golden, unreadable};
use super::{decode, encode};
use crate::admission::siblings::{Bad, Comparison, Floor};
use crate::admission::traffic::{Doubt, Measured, Snapshot as Seen, StandbyRules};
use crate::admission::{
    Breaker, Decided, Declarer, FailureRules, Firing, Rules, Said, SetBy, Snapshot, SoakRules, StateChange, StateRow,
    Traffic, TrafficRules,
};
use crate::authorization::{AuthorizationRecord, RecordedClass};
use crate::domain::command::{ApprovalRule, CommandName, Output, Sent, ValueKind};
use crate::domain::consent::Quota;
use crate::domain::identity::{Asker, AutomationName, GroupName, PersonId};
use crate::domain::ids::{Fingerprint, RunId};
use crate::domain::intent::{ParameterName, Value};
use crate::domain::place::ChannelName;
use crate::domain::server::{MetroName, PoolName, ProductionState, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::ports::store::{ControlAction, DeclaredRecord};
use crate::workflow::breakglass::OverrideEvent;
use crate::workflow::request::{
    ApprovalNeed, Blocker, CapacityScope, Contended, HaltCause, RequestEvent, TrafficMeasure, TrafficScope,
};
use crate::workflow::run::RunEvent;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What was stored before parameters had bounds is read with the bounds that everything had.
#[test]
fn parameters_from_before_bounds_are_read() {
    let kinds = [("text", ValueKind::TEXT), ("percentage", ValueKind::PERCENTAGE), ("duration", ValueKind::DURATION)];
    for (word, kind) in kinds {
        assert_eq!(decode("a parameter", 1, &format!(r#"{{"kind":"{word}"}}"#)).as_ref(), Ok(&kind));
    }
    let misfit = unreadable::<ValueKind>(1, r#"{"kind":"text","length":"long"}"#);
    assert!(misfit.contains("`length`: expected a count"), "{misfit}");
}

/// Only runs set states once, and their id alone was stored; what is written of a person now, a later version must read.
#[test]
fn states_from_before_people_could_say_them_are_read() {
    let stored = r#"{"server":"s-1","state":"drained","by":"run-2mq9.1","since_ms":5}"#;
    let row: StateRow = decode("a state", 1, stored).unwrap();
    assert_eq!(row.by, SetBy::Run(RunId::parse("run-2mq9.1").unwrap()));
    assert_eq!(row.taken_by.as_ref(), row.by.run(), "whoever had set it had taken it out");
    let stored = r#"{"server":"s-1","state":"drained","by":"run-2mq9.1","taken_by":null,"since_ms":5}"#;
    let row: StateRow = decode("a state", 1, stored).unwrap();
    assert_eq!(row.taken_by, None);
    assert_eq!(encode(&row), stored);
    let by = Declarer { id: PersonId::new("T0", "U0BOB"), name: "bob".into(), why: "its PSU is dead".into() };
    let declared = StateRow { state: ProductionState::Repair, by: SetBy::Person(by), ..row.clone() };
    let change = StateChange { row: declared, before: Some(row), takes_over: RunId::parse("run-2mq9.1") };
    let record = DeclaredRecord { change, evidence: "edge-lax: 17 of 19 in service, floor 18".into() };
    insta::assert_snapshot!(golden::line(&record), @r#"{"change":{"before":{"by":"run-2mq9.1","server":"s-1","since_ms":5,"state":"drained","taken_by":null},"row":{"by":{"id":{"team":"T0","user":"U0BOB"},"name":"bob","why":"its PSU is dead"},"server":"s-1","since_ms":5,"state":"repair","taken_by":null},"takes_over":"run-2mq9.1"},"evidence":"edge-lax: 17 of 19 in service, floor 18"}"#);
    assert_eq!(decode("a record", 1, &encode(&record)).as_ref(), Ok(&record));
    let misfit = unreadable::<StateRow>(1, r#"{"server":"s-1","state":"drained","by":{"name":"bob"},"since_ms":5}"#);
    assert!(misfit.contains("`by`"), "{misfit}");
}

/// Steps that were proved before they told anything are read as having told nothing.
#[test]
fn proofs_from_before_outputs_are_read() {
    let stored = r#"{"kind":"step-succeeded","step":0,"at_ms":5,"state":"drained","note":"out of rotation"}"#;
    let (at, state) = (Timestamp::from_millis(5), ProductionState::Drained);
    let note = "out of rotation".to_owned();
    let event = RunEvent::StepSucceeded { step: 0, at, state, note, outputs: BTreeMap::new() };
    assert_eq!(decode("an event", 1, stored).as_ref(), Ok(&event));
    let message = Sent::Parameter(ParameterName::new("message"));
    assert_eq!(decode("what is sent", 1, r#""message""#).as_ref(), Ok(&message));
    let outputs = BTreeMap::from([(Output::RebootTook, Value::Duration(Duration::from_secs(92)))]);
    let event = RunEvent::StepSucceeded { step: 2, at: golden::AT, state, note: "its boot id changed".into(), outputs };
    insta::assert_snapshot!(golden::line(&event), @r#"{"at_ms":1764511500000,"kind":"step-succeeded","note":"its boot id changed","outputs":{"reboot.took":{"kind":"duration-ms","value":92000}},"state":"drained","step":2}"#);
}

/// One group with a count was all that a request could need; a consent did not say in which groups its person was.
#[test]
fn consent_from_before_quotas_is_read() {
    let need = ApprovalNeed {
        quotas: vec![Quota::of(GroupName::new("sre"), 2)],
        until: Timestamp::from_millis(9),
        within: Duration::from_secs(3600),
        remind_at: None,
        escalation: None,
    };
    assert_eq!(decode("a need", 1, r#"{"from":"sre","count":2,"until_ms":9}"#).as_ref(), Ok(&need));
    let rule = r#"{"above":10,"from":"sre","count":1,"within_ms":3600000}"#;
    let rule: ApprovalRule = decode("a rule", 1, rule).unwrap();
    assert_eq!((rule.owners, rule.escalation), (Vec::new(), None));
    let plan = encode(&Fingerprint::of(b"plan"));
    let approved = format!(
        r#"{{"kind":"approved","value":{{"by":{{"team":"T0","user":"U0BOB"}},"name":"bob","at_ms":5,"plan":{plan},"why":""}}}}"#
    );
    let RequestEvent::Approved(approval) = decode("an event", 1, &approved).unwrap() else { panic!("no consent") };
    assert_eq!((approval.groups, approval.shown), (None, None));
    let halted = r#"{"kind":"halted","value":{"at_ms":5,"failures":3}}"#;
    let RequestEvent::Halted(halt) = decode("an event", 1, halted).unwrap() else { panic!("no halt") };
    assert_eq!(halt.cause, HaltCause::Failures(3));
    let review = format!(r#"{{"kind":"review","request":"req-2mq9","plan":{plan}}}"#);
    let ControlAction::Review { shown, .. } = decode("a control", 1, &review).unwrap() else { panic!("no review") };
    assert_eq!(shown, None);
}

/// What an answer to "may they?" looks like in the file.
#[test]
fn an_answer_looks_as_it_always_did() {
    let class = RecordedClass { server_type: "edge-cache".into(), site: "lax".into(), pool: None, servers: 2 };
    let record = AuthorizationRecord { verdict: "allowed".into(), classes: vec![class], ..Default::default() };
    insta::assert_snapshot!(encode(&record), @r#"{"verdict":"allowed","policies":[],"reason":"","policies_version":"","team":"","user":"","name":"","standing":"","groups":[],"channel":"","channel_name":null,"reach":"","command":"","impact":"","server_count":0,"classes":[{"server_type":"edge-cache","site":"lax","pool":null,"servers":2}],"sites":[]}"#);
    assert_eq!(decode("an answer", 1, &encode(&record)).as_ref(), Ok(&record));
}

/// What is written of an override now; a later version must read it.
#[test]
fn an_override_is_read() {
    let plan = encode(&Fingerprint::of(b"plan"));
    let stored = format!(
        r#"{{"kind":"override","value":{{"kind":"asked","value":{{"policy":"capacity","servers":[{{"run":"run-2mq9.1","server":"edge-lax-001"}}],"by":{{"team":"T0","user":"U0CID"}},"name":"cid","at_ms":5,"until_ms":9,"why":"it hurries","groups":["incident-commander"],"second":{{"kind":"many-servers","alone_max":5}},"plan":{plan}}}}}}}"#
    );
    let event: RequestEvent = decode("an event", 1, &stored).unwrap();
    let RequestEvent::Override(OverrideEvent::Asked(asked)) = &event else { panic!("no override") };
    assert_eq!((asked.policy.word(), asked.servers.len(), asked.second.is_some()), ("capacity", 1, true));
    assert_eq!(decode("an event", 1, &encode(&event)).as_ref(), Ok(&event));
}

/// What decisions were made on before there were breakers, and before traffic was looked at, is read as if no breaker had been
/// open and there had been no metrics; what is written of traffic now, a later version must read.
#[test]
fn decisions_from_before_breakers_and_traffic_are_read() {
    let (at, seen_at) = (golden::AT, Timestamp::from_millis(5));
    let pools = BTreeMap::from([
        (
            PoolName::new("edge-lax"),
            Ok(Measured { units: 0.1 + 0.2, seen_at, before: vec![(seen_at, 4.0)], usual: None, ahead: Vec::new() }),
        ),
        (PoolName::new("edge-fra"), Err(Doubt { why: "no answer".into(), since: seen_at })),
    ]);
    let traffic = Traffic::Seen(Seen { pools, silent: None });
    insta::assert_snapshot!(golden::line(&traffic), @r#"{"kind":"seen","value":{"pools":{"edge-fra":{"since_ms":5,"why":"no answer"},"edge-lax":{"ahead":[],"before":[[5,"4.0"]],"seen_at_ms":5,"units":"0.30000000000000004","usual":null}},"silent":null}}"#);
    let standby = StandbyRules {
        automation: AutomationName::new("standby"),
        command: CommandName::new("undrain"),
        channel: ChannelName::new("noc"),
        again_after: Duration::from_secs(1800),
        calm_percent: 50,
        calm_for: Duration::from_secs(3600),
    };
    let traffic_rules = TrafficRules { standby: Some(standby), ..TrafficRules::default() };
    let rules = Rules { starts_per_minute: None, traffic: traffic_rules, soak: comparing_errors(), ..Rules::default() };
    let files = Fingerprint::of(b"files");
    let none = || (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (locks, states, health, brakes) = none();
    let snapshot = Snapshot {
        at,
        files,
        rules,
        zones: BTreeMap::new(),
        starts: Vec::new(),
        paces: BTreeMap::new(),
        servers: Vec::new(),
        locks,
        states,
        health,
        brakes,
        breakers: Vec::new(),
        failures: Vec::new(),
        before: Vec::new(),
        metros: BTreeMap::new(),
        traffic,
        firing: Firing::NotConfigured,
    };
    assert_eq!(decode("a snapshot", 1, &encode(&snapshot)).as_ref(), Ok(&snapshot));
    let mut stored = golden::read(&snapshot);
    stored.pointer_mut("/rules/traffic").and_then(|rules| rules.as_object_mut()).unwrap().remove("standby");
    let read: Snapshot = decode("a snapshot", 1, &stored.to_string()).unwrap();
    assert_eq!(read.rules.traffic, TrafficRules::default(), "before anything was asked for by itself");
    let mut stored = golden::read(&snapshot);
    let object = stored.as_object_mut().unwrap();
    let rules = object.get_mut("rules").and_then(|rules| rules.as_object_mut()).unwrap();
    rules.remove("traffic");
    rules.remove("infrastructure");
    rules.remove("failure_rate");
    rules.remove("queue");
    for name in ["calendars", "starts_per_minute", "wider_floors", "soak"] {
        rules.remove(name);
    }
    for name in ["zones", "starts", "paces", "failures"] {
        object.remove(name);
    }
    object.remove("traffic");
    object.remove("metros");
    object.remove("firing");
    object.remove("breakers");
    object.remove("before");
    let (traffic, soak) = (TrafficRules::default(), SoakRules::default());
    let rules = Rules { traffic, soak, ..snapshot.rules.clone() };
    let before = Snapshot { traffic: Traffic::NotConfigured, rules, ..snapshot };
    assert_eq!(decode("a snapshot", 1, &stored.to_string()).as_ref(), Ok(&before));
}

fn comparing_errors() -> SoakRules {
    let floor = Floor { millionths: 10_000, is_share: true };
    let (query, seen) = ("errors".to_owned(), "when".to_owned());
    let errors = Comparison { name: "errors".to_owned(), query, seen, bad: Bad::Above(300), floor };
    SoakRules { compare: vec![errors], ..SoakRules::default() }
}

#[test]
fn what_servers_are_compared_by_looks_as_it_always_did() {
    let rules = comparing_errors();
    insta::assert_snapshot!(golden::line(&rules), @r#"{"age_max_ms":90000,"compare":[{"bad":{"kind":"above","value":300},"floor":{"is_share":true,"millionths":10000},"name":"errors","query":"errors","seen":"when"}],"look_every_ms":15000,"over_ms":120000,"siblings_min":3}"#);
    assert_eq!(decode("rules", 1, &encode(&rules)).as_ref(), Ok(&rules));
}

/// Only pools had floors once: where one was named, it is the scope.
#[test]
fn reasons_from_before_wider_floors_are_read() {
    let of_pool = || CapacityScope::Pool(PoolName::new("edge-lax"));
    let stored = r#"{"kind":"capacity","pool":"edge-lax","serving":9,"total":10,"floor":9,"out":[]}"#;
    let full = |scope: CapacityScope| Blocker::Capacity { scope, serving: 9, total: 10, floor: 9, out: Arc::default() };
    assert_eq!(decode("a reason", 1, stored), Ok(full(of_pool())));
    let stored = r#"{"kind":"health-unknown","pool":"edge-lax","unknown":2,"total":4,"since_ms":null}"#;
    let unknown = Blocker::HealthUnknown { scope: of_pool(), unknown: 2, total: 4, since: None };
    assert_eq!(decode("a reason", 1, stored), Ok(unknown));
    let contended: Contended = decode("what it waits for", 1, r#"{"kind":"pool","value":"edge-lax"}"#).unwrap();
    assert_eq!(contended, Contended::Floor(of_pool()));
    let (site, server_type) = (SiteName::new("lax"), ServerType::new("edge-cache"));
    let scopes = [
        of_pool(),
        CapacityScope::TypeInSite(server_type, site.clone()),
        CapacityScope::Site(site),
        CapacityScope::Metro(MetroName::new("west")),
    ];
    scopes.iter().for_each(|scope| super::tests::comes_back(&Contended::Floor(scope.clone())));
    let lines = scopes.map(|scope| golden::line(&full(scope))).join("\n");
    insta::assert_snapshot!(lines, @r#"
    {"floor":9,"kind":"capacity","out":[],"pool":"edge-lax","serving":9,"total":10}
    {"floor":9,"kind":"capacity","out":[],"pool":{"of":"type","site":"lax","type":"edge-cache"},"serving":9,"total":10}
    {"floor":9,"kind":"capacity","out":[],"pool":{"of":"site","site":"lax"},"serving":9,"total":10}
    {"floor":9,"kind":"capacity","out":[],"pool":{"metro":"west","of":"metro"},"serving":9,"total":10}
    "#);
    let stored = r#"{"kind":"capacity","pool":{"of":"continent"},"serving":9,"total":10,"floor":9,"out":[]}"#;
    let fault = decode::<Blocker>("a reason", 1, stored).unwrap_err().to_string();
    assert!(fault.contains("is no scope of a floor"), "{fault}");
}

/// Nobody looked ahead once, and nothing was kept of it: asked again, such decisions say what they said.
#[test]
fn decisions_from_before_it_was_looked_ahead_are_read() {
    let rules = TrafficRules { headroom_percent: 50, ..TrafficRules::default() };
    assert_eq!(decode("rules", 1, &encode(&rules)).as_ref(), Ok(&rules));
    let none = TrafficRules { ahead: None, ..TrafficRules::default() };
    assert_eq!(decode("rules", 1, &encode(&none)).as_ref(), Ok(&none));
    let mut stored = golden::read(&rules);
    for name in ["ahead_ms", "headroom_percent"] {
        stored.as_object_mut().unwrap().remove(name).expect("it is stored now");
    }
    assert_eq!(decode("rules", 1, &stored.to_string()), Ok(none));
    let stored = r#"{"before":[[5,"4.0"]],"seen_at_ms":5,"units":"0.5","usual":"0.25"}"#;
    let at = Timestamp::from_millis;
    let ahead = vec![(at(1_800_000), 0.5), (at(3_600_000), 0.1 + 0.2)];
    let known = |ahead| Measured { units: 0.5, seen_at: at(5), before: vec![(at(5), 4.0)], usual: Some(0.25), ahead };
    assert_eq!(decode("what was known", 1, stored), Ok(known(Vec::new())));
    assert_eq!(decode("what is known", 1, &encode(&known(ahead.clone()))), Ok(known(ahead.clone())));
    insta::assert_snapshot!(golden::line(&known(ahead)), @r#"{"ahead":[[1800000,"0.5"],[3600000,"0.30000000000000004"]],"before":[[5,"4.0"]],"seen_at_ms":5,"units":"0.5","usual":"0.25"}"#);
    let unreadable = stored.replace("\"before\"", "\"ahead\":[[9,\"NaN\"]],\"before\"");
    assert!(decode::<Measured>("what was known", 1, &unreadable).is_err(), "it is no amount");
}

/// Nothing said where load came from once.
#[test]
fn reasons_of_traffic_from_before_they_named_where_it_comes_from_are_read() {
    let stored = r#"{"kind":"traffic","scope":{"kind":"pool","value":"edge-lax"},"measure":"load-after","percent":75,"limit_percent":70,"seen_at_ms":5,"clear_from_ms":null}"#;
    let full = |brought| Blocker::Traffic {
        scope: TrafficScope::Pool(PoolName::new("edge-lax")),
        measure: TrafficMeasure::LoadAfter,
        percent: 75,
        limit_percent: 70,
        brought,
        seen_at: Timestamp::from_millis(5),
        clear_from: None,
    };
    assert_eq!(decode("a reason", 1, stored), Ok(full(Vec::new())));
    insta::assert_snapshot!(golden::line(&full(vec![PoolName::new("edge-riga")])), @r#"{"brought":["edge-riga"],"clear_from_ms":null,"kind":"traffic","limit_percent":70,"measure":"load-after","percent":75,"scope":{"kind":"pool","value":"edge-lax"},"seen_at_ms":5}"#);
}

/// Breakers opened by their own failures alone before they were compared, and only people asked for work.
#[test]
fn breakers_and_decisions_from_before_automations_are_read() {
    let stored = r#"{"scope":"reboot site=lax","opened_at_ms":5,"version":1,"failures":3,"of":3,"examples":[],"canary_from_ms":9,"canary":null,"closed":null}"#;
    let breaker: Breaker = decode("a breaker", 1, stored).unwrap();
    assert_eq!((breaker.scope.to_string().as_str(), breaker.elsewhere), ("reboot site=lax", None));
    let stored = r#"{"run":"run-2mq9.1","server":{"id":"s-1","name":"edge-lax-01","type":"edge-cache","site":"lax","rack":"lax-r01","pool":null},"passes":[],"said":{"kind":"deny","value":"gone"}}"#;
    let decided: Decided = decode("an answer", 1, stored).unwrap();
    assert_eq!((decided.asked_by, &decided.said), (Asker::Person, &Said::Deny("gone".into())));
    let rules = r#"{"in_a_row":3,"share":{"failures_min":5,"above_percent":10,"of_last":40},"command":{"failures_min":10,"above_percent":10,"of_last":200},"cool_down_ms":1800000,"soak_ms":600000}"#;
    let rules: FailureRules = decode("rules", 1, rules).unwrap();
    assert_eq!(rules, FailureRules { cohort: None, ..FailureRules::default() });
}

proptest::proptest! {
    /// A step that was shipped does not change, so what it says of each reason is held to what the policies say.
    #[test]
    fn decisions_from_before_topics_are_found_by_the_policies_of_their_reasons(
        blocker in super::strategies_of_requests::blocker(),
    ) {
        let step = include_str!("../../../../migrations/sqlite/0019_decided.sql");
        let stored = serde_json::from_str::<serde_json::Value>(&encode(&blocker)).expect("it is JSON");
        let kind = stored["kind"].as_str().expect("each has a kind");
        let begin = format!("WHEN '{kind}' THEN ");
        let noted = step.lines().find_map(|line| line.trim().strip_prefix(begin.as_str()));
        let policy = blocker.policy().map(|policy| policy.word().to_owned());
        match noted {
            Some("json_extract(blocker.value, '$.value.calendar_kind')") => {
                proptest::prop_assert_eq!(stored["value"]["calendar_kind"].as_str().map(str::to_owned), policy);
            }
            noted => proptest::prop_assert_eq!(noted.map(|word| word.trim_matches('\'').to_owned()), policy),
        }
    }
}
