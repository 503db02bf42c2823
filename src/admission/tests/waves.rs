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
use std::collections::{BTreeMap, BTreeSet};
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

/// A server as these tables tell it: its site, pool (`-` is none), type and rack.
type Placed<'a> = (&'a str, &'a str, &'a str, &'a str);

fn subject(number: usize, (site, pool, server_type, rack): Placed<'_>) -> Subject {
    Subject::Server(PlannedServer {
        site: SiteName::new(site),
        pool: (pool != "-").then(|| PoolName::new(format!("{pool}-{site}"))),
        server_type: ServerType::new(server_type),
        rack: RackName::new(rack),
        ..planned(&server(number))
    })
}

/// The numbers of the servers in the order in which they start.
fn order(canary: u32, places: &[Placed<'_>]) -> Vec<usize> {
    let subjects = places.iter().enumerate().map(|(number, place)| subject(number, *place)).collect();
    let number = |subject: &Subject| {
        let server = subject.server().expect("it was one");
        (0..places.len()).find(|number| id(*number) == server.id).expect("one of them")
    };
    spread(subjects, canary).iter().map(number).collect()
}

#[test]
fn the_racks_of_a_pool_take_turns() {
    let (one, two, three) = (("lax", "edge", "v1", "r01"), ("lax", "edge", "v1", "r02"), ("lax", "edge", "v1", "r03"));
    for canary in [0, 1, 3] {
        assert_eq!(order(canary, &[one, one, one]), [0, 1, 2]);
        assert_eq!(order(canary, &[one, one, one, two, two, three]), [0, 3, 5, 1, 4, 2], "{canary}");
    }
    let sites = vec![Subject::Site(SiteName::new("riga")), Subject::Site(SiteName::new("fra"))];
    assert_eq!(spread(sites.clone(), 1), sites, "whole sites stay in order");
    assert_eq!(spread(vec![Subject::Nothing], 1), [Subject::Nothing]);
}

#[test]
fn a_canary_is_of_different_pools_then_sites_then_types() {
    let (lax, dns) = (("lax", "edge", "v1", "r01"), ("lax", "dns", "v1", "r01"));
    let (fra, new) = (("fra", "edge", "v1", "r01"), ("fra", "edge", "v2", "r01"));
    // Two of one pool would prove half as much, and cost it two servers.
    assert_eq!(order(2, &[lax, lax, lax, dns])[..2], [0, 3]);
    assert_eq!(order(2, &[lax, dns, fra])[..2], [2, 0], "another site before another pool of the same");
    assert_eq!(order(3, &[lax, dns, fra])[..3], [2, 0, 1], "and then the other pool");
    assert_eq!(order(2, &[fra, fra, new, new, lax, lax])[..2], [0, 4]);
    assert_eq!(order(3, &[fra, fra, new, new, lax, lax])[..3], [0, 4, 2], "of a pool the type that had none");
    // Behind no load balancer the type stands for the pool.
    let (log, ntp) = (("lax", "-", "log", "r01"), ("lax", "-", "ntp", "r01"));
    assert_eq!(order(2, &[log, log, log, ntp])[..2], [0, 3]);
    assert_eq!(order(9, &[lax, fra]), [1, 0], "a canary larger than the request");
}

#[test]
fn later_waves_have_their_share_of_every_pool() {
    let (lax, fra) = (("lax", "edge", "v1", "r01"), ("fra", "edge", "v1", "r01"));
    // 0 to 7 are of lax, 8 to 11 of fra: two of the one for one of the other.
    let twelve = [[lax; 8].as_slice(), &[fra; 4]].concat();
    assert_eq!(order(0, &twelve), [0, 8, 1, 2, 9, 3, 4, 10, 5, 6, 11, 7]);
    assert_eq!(order(0, &[fra, fra, lax, lax]), [0, 2, 1, 3]);
}

fn placed() -> impl Strategy<Value = Vec<Placed<'static>>> {
    let one = (
        prop::sample::select(vec!["lax", "fra", "riga"]),
        prop::sample::select(vec!["edge", "edge", "origin", "-"]),
        prop::sample::select(vec!["v1", "v2", "v3"]),
        prop::sample::select(vec!["r01", "r02"]),
    );
    prop::collection::vec(one, 1..60)
}

fn pool_of(subject: &Subject) -> (SiteName, Option<PoolName>, Option<ServerType>) {
    let server = subject.server().expect("servers only");
    (server.site.clone(), server.pool.clone(), server.pool.is_none().then(|| server.server_type.clone()))
}

proptest! {
    /// A canary of n over at least n pools is of n pools; over fewer it is of all of them.
    #[test]
    fn a_canary_touches_as_many_pools_as_it_can(places in placed(), canary in 0_usize..12) {
        let subjects: Vec<_> = places.iter().enumerate().map(|(number, place)| subject(number, *place)).collect();
        let pools = subjects.iter().map(pool_of).collect::<BTreeSet<_>>();
        let first = spread(subjects, u32::try_from(canary).expect("small"));
        let touched = first.iter().take(canary).map(pool_of).collect::<BTreeSet<_>>();
        prop_assert_eq!(touched.len(), canary.min(pools.len()));
        let sites = pools.iter().map(|(site, ..)| site).collect::<BTreeSet<_>>();
        let seen = touched.iter().map(|(site, ..)| site).collect::<BTreeSet<_>>();
        prop_assert_eq!(seen.len(), canary.min(sites.len()), "and as many sites");
    }

    #[test]
    fn every_server_starts_once_in_an_order_that_does_not_hang_on_how_they_came(
        (places, shuffled) in placed().prop_flat_map(|places| {
            let numbers = (0..places.len()).collect::<Vec<_>>();
            (Just(places), Just(numbers).prop_shuffle())
        }),
        canary in 0_u32..12,
    ) {
        let of = |number: usize| subject(number, places[number]);
        let order = spread((0..places.len()).map(of).collect(), canary);
        prop_assert_eq!(&spread(shuffled.into_iter().map(of).collect(), canary), &order);
        let ids = order.iter().map(|one| one.server().expect("servers only").id.clone()).collect::<BTreeSet<_>>();
        prop_assert_eq!(ids, (0..places.len()).map(id).collect());
        prop_assert_eq!(order.len(), places.len());
    }

    /// Of each pool a later wave has its share, give or take what does not divide evenly.
    #[test]
    fn no_later_wave_has_much_more_of_a_pool_than_its_share(places in placed(), percent in 1_u8..=100, canary in 0_u32..4) {
        let subjects: Vec<_> = places.iter().enumerate().map(|(number, place)| subject(number, *place)).collect();
        let sizes = sizes(canary, WaveSize::Percent(percent), u32::try_from(subjects.len()).expect("small"));
        let mut order = spread(subjects, canary);
        let mut later = order.split_off((canary as usize).min(order.len()));
        let all = later.len();
        let in_all = |pool: &(SiteName, Option<PoolName>, Option<ServerType>), of: &[Subject]| {
            of.iter().filter(|one| pool_of(one) == *pool).count()
        };
        let pools = later.iter().map(|one| { let pool = pool_of(one); let size = in_all(&pool, &later); (pool, size) });
        let pools = pools.collect::<BTreeMap<_, _>>();
        for size in sizes.into_iter().skip(usize::from(canary > 0)) {
            let rest = later.split_off(size as usize);
            for (pool, k) in &pools {
                // Each pool may be one off at either end of a wave, and with it the wave's own length.
                let off = (in_all(pool, &later) * all).abs_diff(k * size as usize);
                prop_assert!(off <= all + k * pools.len(), "{off} of {all}, {k} in the pool");
            }
            later = rest;
        }
    }
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
