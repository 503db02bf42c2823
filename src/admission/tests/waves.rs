//! Waves: their sizes, and when the next one opens.

use super::*;
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::Epoch;
use crate::domain::intent::{ParameterName, Value};
use crate::domain::place::{ChannelId, Origin, ReplyPath};
use crate::domain::plan::{Plan, PlanParts, Subject};
use crate::workflow::Admission;
use crate::workflow::request::{Accepted, Request, RequestEvent};
use crate::workflow::run::{Run, RunEvent, RunOutcome};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

fn sizes(canary: u32, then: WaveSize, subjects: u32) -> Vec<u32> {
    let rule = WaveRule { canary, then, soak: SECOND, stop_when_failures_exceed: 0 };
    let parameters = BTreeMap::from([(ParameterName::new("wave"), Value::Percentage(50))]);
    wave_sizes(&rule, &parameters, subjects)
}

#[test]
fn a_canary_then_shares_of_the_whole() {
    assert_eq!(sizes(1, WaveSize::Percent(20), 20), [1, 4, 4, 4, 4, 3]);
    assert_eq!(sizes(1, WaveSize::Percent(10), 5), [1, 1, 1, 1, 1], "a share is at least one");
    assert_eq!(sizes(0, WaveSize::Percent(30), 10), [3, 3, 3, 1]);
    assert_eq!(sizes(1, WaveSize::All, 7), [1, 6]);
    assert_eq!(sizes(3, WaveSize::All, 2), [2], "a canary larger than the request");
    assert_eq!(sizes(1, WaveSize::All, 1), [1]);
    assert_eq!(sizes(0, WaveSize::Parameter(ParameterName::new("wave")), 7), [4, 3]);
    assert_eq!(sizes(0, WaveSize::Parameter(ParameterName::new("absent")), 7), [7]);
}

/// The numbers of the servers in the order in which they start; each is told by its site and rack.
fn order(places: &[(&str, &str)]) -> Vec<usize> {
    let at = |(number, (site, rack)): (usize, &(&str, &str))| {
        let (site, rack) = (SiteName::new(*site), RackName::new(*rack));
        Subject::Server(PlannedServer { site, rack, ..planned(&server(number)) })
    };
    let spread = spread(places.iter().enumerate().map(at).collect());
    let number = |subject: &Subject| {
        let server = subject.server().expect("it was one");
        (0..places.len()).find(|number| id(*number) == server.id).expect("one of them")
    };
    spread.iter().map(number).collect()
}

#[test]
fn the_racks_of_a_site_take_turns() {
    let (one, two, three) = (("lax", "r01"), ("lax", "r02"), ("lax", "r03"));
    assert_eq!(order(&[one, one, one]), [0, 1, 2]);
    assert_eq!(order(&[one, one, one, two, two, three]), [0, 3, 5, 1, 4, 2]);
    assert_eq!(order(&[("fra", "r01"), one, one, ("fra", "r02"), two]), [0, 3, 1, 4, 2], "site after site");
    let sites = vec![Subject::Site(SiteName::new("riga")), Subject::Site(SiteName::new("fra"))];
    assert_eq!(spread(sites.clone()), sites, "whole sites stay in order");
}

proptest! {
    #[test]
    fn sizes_add_up_and_none_is_empty(canary in 0_u32..5, percent in 1_u8..=100, subjects in 1_u32..2_000) {
        let sizes = sizes(canary, WaveSize::Percent(percent), subjects);
        prop_assert_eq!(sizes.iter().sum::<u32>(), subjects);
        prop_assert!(!sizes.contains(&0));
    }
}

pub(super) fn request(waves: &[u32]) -> Request {
    request_of("2mq9", reboot(), NOW, waves)
}

pub(super) fn request_of(id: &str, spec: CommandSpec, at: Timestamp, waves: &[u32]) -> Request {
    let subjects = waves.iter().sum::<u32>();
    let person = PersonId::new("T0", "U0ANA");
    let plan = Plan::new(PlanParts {
        request: run_of(id, 1).request,
        command: spec.name.clone(),
        definition: spec.hash.clone(),
        parameters: BTreeMap::new(),
        subjects: (0..subjects as usize).map(|number| Subject::Server(planned(&server(number)))).collect(),
        waves: waves.to_vec(),
        soak: 60 * SECOND,
        requester: person.clone(),
        channel: ChannelId::new("C0"),
        not_before: None,
        expires_at: at.plus(24 * 3600 * SECOND),
    });
    let accepted = RequestEvent::Accepted(Box::new(Accepted {
        plan: plan.expect("the waves add up"),
        spec: Arc::new(spec),
        origin: Origin {
            person: Actor::recalled(person),
            channel: ChannelId::new("C0"),
            thread: None,
            reply: ReplyPath::Direct,
        },
        requester_name: "ana".into(),
        allowed_by: Vec::new(),
        at,
        need: None,
        controls: BTreeMap::new(),
        retry_of: None,
    }));
    Request::replay(&[accepted]).expect("a request begins with being accepted")
}

/// `.` waits, `w` is at work, `d` done, `f` failed, `l` left out; ended 10 s after NOW. One word a wave.
fn check(runs: &str, seconds: u64) -> String {
    let words = runs.split(' ').collect::<Vec<_>>();
    let waves = words.iter().map(|word| u32::try_from(word.len()).expect("short")).collect::<Vec<_>>();
    let request = request(&waves);
    let letters = words.iter().enumerate().flat_map(|(wave, word)| word.chars().map(move |letter| (wave, letter)));
    let runs = letters.zip(1..).map(|((wave, letter), number)| {
        let wave = u32::try_from(wave).expect("short");
        let subject = Subject::Server(planned(&server(number as usize)));
        let ended = |outcome| RunEvent::Ended { at: NOW.plus(10 * SECOND), outcome };
        let admitted = RunEvent::Admitted(Admission::noted(NOW, Production, true));
        let rest = match letter {
            '.' => vec![],
            'w' => vec![admitted],
            'd' => vec![admitted, ended(RunOutcome::Done)],
            'f' => vec![admitted, ended(RunOutcome::Failed)],
            'l' => vec![ended(RunOutcome::LeftOut)],
            other => panic!("{other} is no letter of this table"),
        };
        let journal = [vec![RunEvent::Planned { subject, wave }], rest].concat();
        Run::replay(run_of("2mq9", number), Epoch(1), &journal).expect("a legal journal")
    });
    let runs = runs.collect::<Vec<_>>();
    match next_wave(&request, &runs, NOW.plus(Duration::from_secs(seconds))) {
        NextWave::Open(due) => {
            let numbers = due.iter().map(|run| run.id.number.to_string()).collect::<Vec<_>>();
            format!("open {}", numbers.join(","))
        }
        NextWave::Soaking(until) => format!("soaking until {}", until.since(NOW).as_secs()),
        NextWave::AtWork => "at work".to_owned(),
        NextWave::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn the_next_wave_opens_when_the_one_before_is_over_and_has_soaked() {
    let table = [
        (". .. ..", 0, "open 1"),
        ("w .. ..", 0, "at work"),
        ("d .. ..", 10, "soaking until 70"),
        ("d .. ..", 69, "soaking until 70"),
        ("d .. ..", 70, "open 2,3"),
        ("f .. ..", 20, "soaking until 70"),
        ("d w. ..", 20, "open 3"),
        ("d d. ..", 20, "open 3"),
        ("d ww ..", 90, "at work"),
        ("d wd ..", 90, "at work"),
        ("d dd ..", 90, "open 4,5"),
        ("l .. ..", 0, "open 2,3"),
        ("d ll ..", 20, "soaking until 70"),
        ("d dd dd", 90, "nothing"),
        ("d dd ww", 90, "nothing"),
    ];
    for (runs, seconds, expected) in table {
        assert_eq!(check(runs, seconds), expected, "{runs} after {seconds} s");
    }
}
