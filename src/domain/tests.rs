//! The plan's hash, identifiers and times: what differs must look different, what is printed must read back.

use super::command::CommandName;
use super::identity::PersonId;
use super::ids::{Fingerprint, RequestId, RunId};
use super::intent::{Moment, ParameterName, Value, ZoneName};
use super::place::ChannelId;
use super::plan::{Plan, PlanFault, PlanParts, PlannedServer, Subject};
use super::server::{PoolName, RackName, ServerId, ServerName, ServerType, SiteName};
use super::time::{Timestamp, duration_of, exact, spoken};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn request(tail: &str) -> RequestId {
    RequestId::from_tail(tail).expect("a tail of the alphabet")
}

fn server(number: u32) -> PlannedServer {
    PlannedServer {
        id: ServerId::new(format!("s{number}")),
        name: ServerName::new(format!("edge-lax-{number:03}")),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new("lax-r01"),
        pool: Some(PoolName::new("edge-lax")),
    }
}

fn parts() -> PlanParts {
    PlanParts {
        request: request("2mq9"),
        command: CommandName::new("reboot"),
        definition: Fingerprint::of(b"definition"),
        parameters: BTreeMap::from([(ParameterName::new("reason"), Value::Text("kernel".into()))]),
        subjects: (1..=3).map(|number| Subject::Server(server(number))).collect(),
        waves: vec![1, 2],
        soak: Duration::from_secs(60),
        requester: PersonId::new("T0", "U0ANA"),
        channel: ChannelId::new("C0NOC"),
        not_before: None,
        expires_at: Timestamp::from_millis(1_000),
    }
}

/// The one way in: the hash of the plan that those parts, changed like that, make.
fn check(change: impl FnOnce(&mut PlanParts)) -> Fingerprint {
    let mut parts = parts();
    change(&mut parts);
    Plan::new(parts).expect("the parts make a plan").hash().clone()
}

fn moment(millis: i64) -> Moment {
    Moment { at: Timestamp::from_millis(millis), zone: ZoneName::new("Europe/Riga") }
}

fn with_server(change: impl FnOnce(&mut PlannedServer)) -> Fingerprint {
    let mut changed = server(2);
    change(&mut changed);
    check(|parts| parts.subjects[1] = Subject::Server(changed))
}

fn with_parameters(parameters: &[(&str, Value)]) -> Fingerprint {
    let named = parameters.iter().map(|(name, value)| (ParameterName::new(*name), value.clone()));
    check(|parts| parts.parameters = named.collect())
}

#[test]
fn the_same_parts_make_the_same_hash() {
    assert_eq!(check(|_| {}), check(|_| {}));
}

#[test]
fn any_change_of_what_approvals_bind_to_changes_the_hash() {
    let text = |text: &str| Value::Text(text.into());
    let hashes = vec![
        check(|_| {}),
        check(|parts| parts.request = request("2mq8")),
        check(|parts| parts.command = CommandName::new("drain")),
        check(|parts| parts.definition = Fingerprint::of(b"another")),
        check(|parts| parts.soak = Duration::from_secs(61)),
        check(|parts| parts.waves = vec![2, 1]),
        check(|parts| parts.waves = vec![3]),
        check(|parts| parts.requester = PersonId::new("T0", "U0BOB")),
        check(|parts| parts.requester = PersonId::new("T1", "U0ANA")),
        check(|parts| parts.channel = ChannelId::new("C0WEB")),
        check(|parts| parts.expires_at = Timestamp::from_millis(1_001)),
        check(|parts| parts.subjects.swap(0, 1)),
        check(|parts| parts.subjects[1] = Subject::Nothing),
        check(|parts| parts.subjects[1] = Subject::Site(SiteName::new("lax"))),
        check(|parts| parts.not_before = Some(moment(1))),
        check(|parts| parts.not_before = Some(moment(2))),
        check(|parts| {
            parts.subjects.pop();
            parts.waves = vec![1, 1];
        }),
        with_server(|server| server.id = ServerId::new("s9")),
        with_server(|server| server.name = ServerName::new("edge-lax-9")),
        with_server(|server| server.server_type = ServerType::new("origin")),
        with_server(|server| server.site = SiteName::new("fra")),
        with_server(|server| server.rack = RackName::new("lax-r02")),
        with_server(|server| server.pool = Some(PoolName::new("origin-lax"))),
        with_server(|server| server.pool = None),
        with_server(|server| server.pool = Some(PoolName::new(""))),
        with_parameters(&[]),
        with_parameters(&[("reason", text("other"))]),
        with_parameters(&[("note", text("kernel"))]),
        with_parameters(&[("reason", Value::Choice("kernel".into()))]),
        with_parameters(&[("reason", Value::Integer(10))]),
        with_parameters(&[("reason", Value::Percentage(10))]),
        with_parameters(&[("reason", text("10"))]),
        with_parameters(&[("reason", Value::Duration(Duration::from_secs(10)))]),
    ];
    let different = hashes.iter().map(Fingerprint::hex).collect::<BTreeSet<_>>();
    assert_eq!(different.len(), hashes.len());
}

#[test]
fn no_text_can_pretend_to_be_the_next_field() {
    let forged = "lax-r01\npool 8:edge-lax";
    let plain = with_server(|server| server.pool = None);
    assert_ne!(plain, with_server(|server| server.rack = RackName::new(forged)));
    let one = with_parameters(&[("a", Value::Text("1\nparameter 1:b\nvalue 9:Text(\"2\")".into()))]);
    let two = with_parameters(&[("a", Value::Text("1".into())), ("b", Value::Text("2".into()))]);
    assert_ne!(one, two);
    let team = check(|parts| parts.requester = PersonId::new("T0/U0", "ANA"));
    let user = check(|parts| parts.requester = PersonId::new("T0", "U0/ANA"));
    assert_ne!(team, user, "team and user are two fields");
}

#[test]
fn parts_that_do_not_add_up_make_no_plan() {
    let fault = |change: fn(&mut PlanParts)| {
        let mut parts = parts();
        change(&mut parts);
        Plan::new(parts).err()
    };
    assert_eq!(fault(|parts| parts.subjects.clear()), Some(PlanFault::Empty));
    let sums = |waves| Some(PlanFault::WavesDoNotAddUp { waves, subjects: 3 });
    assert_eq!(fault(|parts| parts.waves = vec![1, 1]), sums(2));
    assert_eq!(fault(|parts| parts.waves = vec![1, 3]), sums(4));
    assert_eq!(fault(|parts| parts.waves = vec![3, 0]), sums(3));
    assert_eq!(fault(|_| {}), None);
}

#[test]
fn a_run_belongs_to_the_wave_that_holds_its_number() {
    let plan = Plan::new(parts()).expect("the parts make a plan");
    assert_eq!([1, 2, 3].map(|number| plan.wave_of(number)), [0, 1, 1]);
}

proptest! {
    #[test]
    fn different_parameter_texts_make_different_hashes(one in ".{0,12}", other in ".{0,12}") {
        prop_assume!(one != other);
        let hash = |text: &str| with_parameters(&[("reason", Value::Text(text.into()))]);
        prop_assert_ne!(hash(&one), hash(&other));
    }

    #[test]
    fn ids_that_read_at_all_print_as_they_were_read(text in "run-[2-9a-z]{3,5}\\.[+0-9]{1,4}") {
        if let Some(run) = RunId::parse(&text) {
            prop_assert_eq!(run.to_string(), text);
        }
    }
}

#[test]
fn ids_read_back_and_nothing_else_does() {
    let run = request("2mq9").run(17);
    assert_eq!(RunId::parse("run-2mq9.17"), Some(run));
    assert_eq!(RequestId::parse("req-2mq9"), Some(request("2mq9")));
    for text in ["req-2mq", "req-2mq9abcde", "req-2mq1", "req-2MQ9", "2mq9", "req-", "req-2mq9 "] {
        assert_eq!(RequestId::parse(text), None, "{text}");
    }
    for text in ["run-2mq9", "run-2mq9.", "run-2mq9.x", "run-2mq9.-1", "run-2mq9.+1", "run-2mq9.07", "run-2mq9.0"] {
        assert_eq!(RunId::parse(text), None, "{text}");
    }
    let hash = Fingerprint::of(b"a");
    assert_eq!(Fingerprint::from_hex(&hash.hex().to_uppercase()), Some(hash));
    assert_eq!(Fingerprint::from_hex("abc"), None);
}

#[test]
fn points_in_time_are_told_by_the_calendar() {
    let told = |seconds: i64| Timestamp::from_millis(seconds * 1000).date_text();
    assert_eq!(told(0), "1970-01-01 00:00");
    assert_eq!(told(-60), "1969-12-31 23:59");
    assert_eq!(told(951_782_400), "2000-02-29 00:00");
    assert_eq!(told(1_795_600_800), "2026-11-25 10:00");
    assert_eq!(told(1_803_859_140), "2027-02-28 23:59");
    assert_eq!(told(4_107_542_400), "2100-03-01 00:00");
}

#[test]
fn an_exact_duration_reads_back() {
    for seconds in [1, 59, 60, 61, 3600, 9000, 86_400, 90_061] {
        let length = Duration::from_secs(seconds);
        assert_eq!(duration_of(&exact(length)), Some(length), "{}", exact(length));
    }
    assert_eq!(exact(Duration::from_secs(9000)), "2h30m");
    for text in ["30m2h", "5m5m", "2h30", "h", "2h30m ", "2 h"] {
        assert_eq!(duration_of(text), None, "{text}");
    }
}

#[test]
fn times_saturate_and_durations_read_as_written() {
    let edge = Timestamp::from_millis(i64::MAX);
    assert_eq!(edge.plus(Duration::MAX), edge);
    assert_eq!(Timestamp::default().since(edge), Duration::ZERO);
    for (text, seconds) in [("90s", 90), ("5m", 300), ("2H", 7200), ("366d", 31_622_400)] {
        assert_eq!(duration_of(text), Some(Duration::from_secs(seconds)), "{text}");
    }
    for text in ["", "s", "0s", "-1s", "+1s", "1.5h", "5", "5 m", "367d", "99999999999999999999d", "5м"] {
        assert_eq!(duration_of(text), None, "{text}");
    }
    let told = [119, 120, 7199, 7200, 172_800].map(|seconds| spoken(Duration::from_secs(seconds)));
    assert_eq!(told, ["119 s", "2 min", "119 min", "2 h", "2 d"]);
}

/// The scope of a breaker is read in any case and order, and as nothing where it says too little or too much.
#[test]
fn a_breaker_is_named_as_it_is_told() {
    use super::breaker::BreakerScope;
    let read = |text: &str| BreakerScope::parse(text).map(|scope| scope.to_string());
    for (written, told) in [
        ("reboot", "reboot"),
        ("Reboot  SITE=Lax", "reboot site=lax"),
        ("reboot Server=Edge-LAX-007", "reboot server=edge-lax-007"),
        ("firmware type=edge version=1.2.3", "firmware type=edge version=1.2.3"),
        ("firmware version=v1.2.3-RC1 type=edge", "firmware type=edge version=1.2.3-RC1"),
    ] {
        assert_eq!(read(written).as_deref(), Some(told), "{written}");
    }
    for written in [
        "",
        "site=lax",
        "reboot lax",
        "reboot site=",
        "reboot site=lax site=rix",
        "reboot type=edge",
        "reboot version=1.2.3",
        "reboot site=lax type=edge version=1.2.3",
        "reboot pool=edge-lax",
        "reboot edge-lax-007",
        "reboot server=",
        "reboot server=edge-lax-007 site=lax",
        "reboot server=edge-lax-007 version=1.2.3",
    ] {
        assert_eq!(read(written), None, "{written}");
    }
}
