//! What usually comes in the hours ahead: how much of it is too much, until when, and for whom.

use super::absorbing::{FRA, RIGA, carried, pool_in, three_sites};
use super::traffic::{ago, any_pool, carries, pool, seen, two_sites};
use super::usual::half_hour;
use super::*;
use crate::admission::traffic::{Measured, is_missed, still_calm};
use crate::workflow::request::{TrafficMeasure, TrafficScope};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3600);

/// That much usually comes in each half hour from the one that is going on.
fn usually(values: &[f64]) -> Vec<(Timestamp, f64)> {
    (0..).zip(values).map(|(number, units)| (half_hour(number), *units)).collect()
}

/// One unit comes, and always did at this hour.
fn calm(ahead: &[f64]) -> Measured {
    Measured { usual: Some(1.0), ahead: usually(ahead), ..carries(1.0) }
}

/// Hours of which some are known.
pub(super) fn any_hours() -> impl Strategy<Value = Vec<(Timestamp, f64)>> {
    prop::collection::vec(prop::option::weighted(0.9, 0.0_f64..9.0), 0..12).prop_map(|hours| {
        let known = (0..).zip(hours).filter_map(|(number, units)| Some((half_hour(number), units?)));
        known.collect()
    })
}

impl Fleet {
    /// What is told of the hours ahead: where, how much, until when.
    fn ahead(&self, number: usize) -> Vec<(TrafficScope, u32, Option<Timestamp>)> {
        let Verdict::Wait(blockers) = self.check(number) else { return Vec::new() };
        let told = blockers.into_iter().filter_map(|blocker| {
            let Blocker::Traffic { scope, measure: TrafficMeasure::Ahead, percent, limit_percent, clear_from, .. } =
                blocker
            else {
                return None;
            };
            assert_eq!(limit_percent, 100);
            Some((scope, percent, clear_from))
        });
        told.collect()
    }

    /// The same of its pool alone.
    fn percent_ahead(&self, number: usize) -> Option<u32> {
        let told = self.ahead(number);
        told.into_iter().find_map(|(scope, percent, _)| matches!(scope, TrafficScope::Pool(_)).then_some(percent))
    }

    fn without_looking_ahead(mut self) -> Self {
        self.rules.traffic.ahead = None;
        self
    }
}

#[test]
fn what_is_left_must_carry_what_usually_comes_with_headroom() {
    // It is 14:05, and the half hours begin at 14:00. Nine are left of ten.
    type Case = (Option<Duration>, u32, &'static [f64], Option<u32>);
    let cases: [Case; 14] = [
        (Some(HOUR), 20, &[1.0, 1.0, 7.5, 1.0], None),
        (Some(HOUR), 20, &[1.0, 1.0, 7.6, 1.0], Some(102)),
        (Some(HOUR), 20, &[7.6, 1.0, 1.0, 1.0], Some(102)),
        (Some(HOUR), 20, &[1.0, 7.6, 8.0, 7.7], Some(107)),
        // The hour ends at 15:05, which is before 15:30.
        (Some(HOUR), 20, &[1.0, 1.0, 1.0, 7.6], Some(102)),
        (Some(HOUR), 20, &[1.0, 1.0, 1.0, 1.0, 9.0], None),
        (Some(HOUR / 2), 20, &[1.0, 1.0, 7.6], Some(102)),
        (Some(HOUR / 2), 20, &[1.0, 1.0, 1.0, 9.0], None),
        (Some(HOUR * 2), 20, &[1.0, 1.0, 1.0, 1.0, 9.0], Some(120)),
        (None, 20, &[9.0, 9.0, 9.0, 9.0], None),
        (Some(HOUR), 0, &[1.0, 9.0], None),
        (Some(HOUR), 0, &[1.0, 9.1], Some(102)),
        (Some(HOUR), 100, &[1.0, 4.6], Some(103)),
        (Some(HOUR), 20, &[], None),
    ];
    for (ahead, headroom, hours, expected) in cases {
        let mut fleet = Fleet::of(10).carrying(calm(hours));
        (fleet.rules.traffic.ahead, fleet.rules.traffic.headroom_percent) = (ahead, headroom);
        assert_eq!(fleet.percent_ahead(0), expected, "{ahead:?} with {headroom} %: {hours:?}");
        assert_eq!(fleet.is_allowed(0), expected.is_none(), "{ahead:?} with {headroom} %: {hours:?}");
    }
    // What is left is without those that are out, or will be.
    let fleet = || Fleet::of(10).carrying(calm(&[1.0, 7.0]));
    assert_eq!(fleet().percent_ahead(0), None, "8.4 of 9");
    assert_eq!(fleet().in_state(1, Drained).percent_ahead(0), Some(105), "8.4 of 8");
    assert_eq!(fleet().locked(1, "bbbb", LockStanding::Parked).percent_ahead(0), Some(105));
    assert_eq!(Fleet::of(1).carrying(Measured { units: 0.0, ..calm(&[0.0, 0.1]) }).percent_ahead(0), Some(999));
    assert_eq!(Fleet::of(1).carrying(Measured { units: 0.0, ..calm(&[0.0]) }).percent_ahead(0), None);
    // What was measured long ago is not known, whatever its history says.
    let old = Fleet::of(10).carrying(Measured { seen_at: ago(2), ..calm(&[1.0]) });
    assert_eq!(old.blocks(0), ["traffic unknown"]);
}

#[test]
fn what_is_more_than_usual_today_is_more_ahead_and_a_quiet_hour_is_not_less() {
    // What is usual now, what comes, what came some minutes ago, what is usual ahead.
    type Case = (Option<f64>, f64, Option<(u32, f64)>, f64, Option<u32>);
    let cases: [Case; 13] = [
        (Some(2.0), 2.0, None, 7.5, None),
        (Some(2.0), 2.5, None, 6.0, None),
        (Some(2.0), 2.5, None, 6.1, Some(102)),
        (Some(4.0), 1.0, None, 7.5, None),
        (Some(4.0), 1.0, None, 7.6, Some(102)),
        // Not beyond a surge, 130 %, also where little is usual or nothing.
        (Some(1.0), 2.0, None, 5.7, None),
        (Some(1.0), 2.0, None, 5.8, Some(101)),
        (Some(0.0), 2.0, None, 5.8, Some(101)),
        (Some(0.0), 0.0, None, 7.5, None),
        (None, 3.0, None, 7.5, None),
        // The most of the last ten minutes counts.
        (Some(2.0), 2.0, Some((9, 2.5)), 6.1, Some(102)),
        (Some(2.0), 2.0, Some((11, 2.5)), 6.1, None),
        (Some(2.0), 2.5, Some((9, 1.0)), 6.1, Some(102)),
    ];
    for (usual, units, before, ahead, expected) in cases {
        let before = before.into_iter().map(|(minutes, units)| (ago(minutes), units)).collect();
        let measured = Measured { usual, before, ahead: usually(&[0.0, ahead]), ..carries(units) };
        let told = Fleet::of(10).carrying(measured).percent_ahead(0);
        assert_eq!(told, expected, "{units} where {usual:?} is usual, and {ahead} ahead");
    }
}

#[test]
fn it_is_told_when_it_will_be_over_as_far_as_that_is_known() {
    // From 14:00 on; less than no unit is not known. Too much is nine.
    type Case = (&'static [f64], Option<u32>);
    let cases: [Case; 8] = [
        (&[1.0, 1.0, 9.0, 9.0, 1.0, 1.0, 1.0], Some(4)),
        (&[9.0, 1.0, 1.0, 1.0], Some(1)),
        (&[1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 9.0, 1.0, 1.0, 1.0], Some(7)),
        // Between two peaks there is not an hour.
        (&[1.0, 1.0, 9.0, 1.0, 9.0, 1.0, 1.0, 1.0], Some(5)),
        (&[1.0, 1.0, 9.0, 1.0, 1.0, 1.0, 9.0, 1.0], Some(3)),
        // Not known, or not for long enough.
        (&[1.0, 1.0, 9.0, 9.0], None),
        (&[1.0, 1.0, 9.0, 9.0, 1.0, 1.0], None),
        (&[1.0, 1.0, 9.0, 9.0, -1.0, 1.0, 1.0, 1.0], None),
    ];
    for (hours, clear) in cases {
        let ahead = usually(hours).into_iter().filter(|(_, units)| *units >= 0.0).collect();
        let told = Fleet::of(10).carrying(Measured { ahead, ..calm(&[]) }).ahead(0);
        let [(_, 120, clear_from)] = told.as_slice() else { panic!("{hours:?}: {told:?}") };
        assert_eq!(*clear_from, clear.map(half_hour), "{hours:?}");
    }
}

/// Two sites of ten; what lax cannot carry goes to fra.
#[test]
fn a_site_and_the_sites_that_take_over_must_carry_it_too() {
    let at = |lax: &[f64], fra: &[f64]| {
        let mut fleet = two_sites(1.0);
        fleet.traffic = seen(&[("edge-lax", calm(lax)), ("edge-fra", calm(fra))]);
        fleet
    };
    let absorbing = TrafficScope::Absorbing { site: SiteName::new("lax"), by: vec![SiteName::new("fra")] };
    assert!(at(&[1.0, 7.0], &[1.0, 7.0]).is_allowed(0), "7 and a tenth of 7, of ten, with headroom");
    let told = at(&[1.0, 7.0], &[1.0, 7.7]).ahead(0);
    assert_eq!(told, [(absorbing.clone(), 101, None)], "what it carries itself goes there as it usually is then");
    let told = at(&[1.0, 1.0], &[1.0, 8.4]).ahead(0);
    assert_eq!(told, [(absorbing, 102, None)]);
    // The site is told where its pool can carry it; what is known of one of two pools is not known of their site.
    let mut two_pools = at(&[1.0, 2.0], &[1.0, 7.0]);
    two_pools.rules.traffic.absorbed_by.clear();
    for server in &mut two_pools.servers[10..] {
        server.site = SiteName::new("lax");
    }
    assert!(two_pools.is_allowed(0), "10.8 of 19");
    two_pools.traffic = seen(&[("edge-lax", calm(&[1.0, 7.0])), ("edge-fra", calm(&[1.0, 9.0]))]);
    assert_eq!(two_pools.ahead(0), [(TrafficScope::Site(SiteName::new("lax")), 102, None)]);
    two_pools.traffic = seen(&[("edge-lax", calm(&[1.0, 7.0])), ("edge-fra", calm(&[]))]);
    assert!(two_pools.is_allowed(0));
    // One of which nothing is known ahead counts with what it carries now, and keeps nobody from looking.
    let new = Measured { units: 9.5, usual: None, ..calm(&[]) };
    two_pools.traffic = seen(&[("edge-lax", calm(&[1.0, 7.0])), ("edge-fra", new)]);
    let told = two_pools.ahead(0).into_iter().find(|(scope, ..)| matches!(scope, TrafficScope::Site(_)));
    assert_eq!(told, Some((TrafficScope::Site(SiteName::new("lax")), 105, None)), "7 and 9.5, of 19");
}

#[test]
fn those_who_take_over_from_a_pool_of_one_must_carry_what_it_usually_does_then() {
    let usual = |units: f64, ahead: &[f64]| Ok(Measured { ahead: usually(ahead), ..carried(units) });
    // 0.5 of riga now; of what it carries fra gets four parts of six.
    let at =
        |riga: &[f64], fra: &[f64]| three_sites().measuring("riga", usual(0.5, riga)).measuring("fra", usual(1.6, fra));
    let told = |percent| vec![(TrafficScope::Pool(pool_in("fra")), percent, None)];
    assert_eq!(at(&[0.5, 0.9], &[1.6, 2.7]).ahead(RIGA), [], "2.7 and 0.6 of four");
    assert_eq!(at(&[0.5, 1.2], &[1.6, 2.6]).ahead(RIGA), told(102), "2.6 and 0.8");
    assert_eq!(at(&[0.5, 0.1], &[1.6, 3.0]).ahead(RIGA), [], "3.0 and not less than now, 0.33");
    assert_eq!(at(&[0.5, 0.1], &[1.6, 3.1]).ahead(RIGA), told(103));
    assert_eq!(at(&[], &[1.6, 3.1]).ahead(RIGA), told(103), "what is usual of it is not known");
    assert_eq!(at(&[0.5, 1.2], &[]).ahead(RIGA), [], "where it goes nothing is usual");
    let Verdict::Wait(blockers) = at(&[0.5, 1.2], &[1.6, 2.6]).check(RIGA) else { panic!("it may start") };
    let [Blocker::Traffic { brought, .. }] = blockers.as_slice() else { panic!("{blockers:?}") };
    assert_eq!(*brought, [pool_in("riga")]);
    // Whoever takes over while riga is out is asked the same, and not about one that nobody means to serve.
    let mut out = at(&[0.5, 1.2], &[1.6, 1.9]).promised(RIGA);
    out.rules.pool_out_max_percent = 60;
    assert_eq!(out.ahead(FRA), told(105), "1.9 and 0.72 of three");
    assert_eq!(out.clone().without_looking_ahead().blocks(FRA), ["allow"]);
    out.ledger.locks.clear();
    assert_eq!(out.in_state(RIGA, Standby).ahead(FRA), []);
}

/// A server that is out is sent back by what is measured, and by nothing that may come: the shortest way back is to its end.
#[test]
fn a_run_is_asked_until_its_server_is_out() {
    let cases = [(Production, false), (Draining, true), (Drained, true), (Undraining, true)];
    for (state, goes_on) in cases {
        let fleet = Fleet::of(10).carrying(calm(&[1.0, 9.0])).locked(0, "2mq9", LockStanding::Working);
        let fleet = if state == Production { fleet } else { fleet.in_state(0, state) };
        let (inventory, server) = (fleet.inventory(), planned(&fleet.servers[0]));
        let known = fleet.known(&inventory);
        assert_eq!(still_calm(&server, known, &[]).is_ok(), goes_on, "{state:?}");
        assert!(still_calm(&server, known, &[PolicyName::Traffic]).is_ok(), "{state:?}: it has passed that");
        assert!(!is_missed(&server, known, &[]), "{state:?}");
    }
    let mut gives_back = Fleet::of(10).carrying(calm(&[1.0, 9.0])).in_state(0, Drained);
    gives_back.spec.steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
    assert!(gives_back.is_allowed(0), "returning capacity is never blocked");
}

/// A fleet of two sites of which all is known, or not.
fn any_fleet() -> impl Strategy<Value = Fleet> {
    let out = prop::collection::vec((0_usize..20, any::<bool>()), 0..6);
    let rules =
        (prop::sample::select(vec![1_u32, 2, 5, 24]), prop::sample::select(vec![0_u32, 20, 100]), any::<bool>());
    ((any_pool(), any_pool()), out, rules).prop_map(|((lax, fra), out, (ahead, headroom, takes_over))| {
        let mut fleet = two_sites(1.0);
        fleet.rules.pool_out_max_percent = 100;
        fleet.rules.traffic.ahead = Some(HOUR / 2 * ahead);
        fleet.rules.traffic.headroom_percent = headroom;
        if !takes_over {
            fleet.rules.traffic.absorbed_by.clear();
        }
        let pools = [("edge-lax", lax), ("edge-fra", fra)].map(|(name, known)| (pool(name), known));
        fleet.traffic = Traffic::Seen(crate::admission::traffic::Snapshot { pools: pools.into(), silent: None });
        out.into_iter().fold(fleet, |fleet, (number, is_drained)| {
            if is_drained {
                fleet.in_state(number, Drained)
            } else {
                fleet.locked(number, "bbbb", LockStanding::Working)
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// It is never less strict than without: it takes nothing away of what is said, and adds nothing but this one measure.
    #[test]
    fn looking_ahead_only_adds_to_what_is_said(fleet in any_fleet(), number in 0_usize..20) {
        let said = |fleet: &Fleet| match fleet.check(number) {
            Verdict::Wait(blockers) => blockers,
            Verdict::Allow(_) => Vec::new(),
            Verdict::Deny(why) => panic!("{why}"),
        };
        let is_ahead = |blocker: &Blocker| matches!(blocker, Blocker::Traffic { measure: TrafficMeasure::Ahead, .. });
        let (with, without) = (said(&fleet), said(&fleet.clone().without_looking_ahead()));
        prop_assert_eq!(with.into_iter().filter(|blocker| !is_ahead(blocker)).collect::<Vec<_>>(), without);
    }

    /// What it is told to be over at, it is over at, and not at any half hour before.
    #[test]
    fn it_is_over_when_it_was_told_to_be(hours in any_hours(), half_hours in 1_u32..6) {
        let mut fleet = Fleet::of(10).carrying(Measured { usual: None, ahead: hours, ..carries(1.0) });
        fleet.rules.traffic.ahead = Some(HOUR / 2 * half_hours);
        let inventory = fleet.inventory();
        let server = planned(&fleet.servers[0]);
        let mut ledger = fleet.ledger.clone();
        let mut at = |now: Timestamp| {
            let looks = fleet.ledger.health.iter();
            let looks = looks.map(|(id, look)| (id.clone(), HealthRow { seen_at: now, ..look.clone() }));
            ledger.health = looks.collect();
            let Traffic::Seen(snapshot) = &mut fleet.traffic else { panic!("it is seen") };
            let known = snapshot.pools.values_mut().flatten();
            known.for_each(|measured| measured.seen_at = now);
            let outside = Outside { traffic: &fleet.traffic, firing: &fleet.firing, ..Outside::NOT_ASKED };
            let blockers = still_calm(&server, Known::new((&inventory, &fleet.rules), &ledger, outside, now), &[]);
            blockers.err().and_then(|blockers| {
                blockers.into_iter().find_map(|blocker| {
                    let Blocker::Traffic { measure: TrafficMeasure::Ahead, clear_from, .. } = blocker else { return None };
                    Some(clear_from)
                })
            })
        };
        if let Some(Some(clear)) = at(NOW) {
            prop_assert!(clear > NOW);
            prop_assert_eq!(at(clear), None);
            let between = (1..).map(half_hour).take_while(|moment| *moment < clear);
            for moment in between {
                prop_assert_eq!(at(moment), Some(Some(clear)), "at {:?}", moment);
            }
        }
    }
}
