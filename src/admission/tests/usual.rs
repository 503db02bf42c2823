//! What four weeks of history say of this hour and of those ahead, and what they do not.

use super::traffic::{ago, good, labels, pool};
use super::*;
use crate::admission::traffic::{Measured, judged, same_hours, usual};
use crate::domain::measure::Series;

const WEEK: Duration = Duration::from_secs(7 * 86_400);
const HALF_HOUR: Duration = Duration::from_secs(1800);

/// 14:00, the half hour in which it is now, and those that follow it.
pub(super) fn half_hour(number: u32) -> Timestamp {
    ago(5).plus(HALF_HOUR * number)
}

/// What the metrics answer when they are asked for the last weeks: that much at each moment of a week.
fn history(ahead: Option<Duration>, carried: impl Fn(u32, Timestamp) -> f64) -> Vec<Vec<Series>> {
    let rules = TrafficRules { ahead, ..TrafficRules::default() };
    let weeks = (1_u32..).zip(same_hours(&rules, NOW)).map(|(week, span)| {
        let moments = std::iter::successors(Some(span.from), |at| Some(at.plus(span.every)));
        let moments = moments.take_while(|at| *at <= span.to);
        let points = moments.map(|at| (at, carried(week, at.plus(WEEK * week)))).collect();
        vec![Series { labels: labels("edge-lax"), points }]
    });
    weeks.collect()
}

const HOUR_AHEAD: Option<Duration> = Some(Duration::from_secs(3600));

/// What is known of the pool by such a history.
fn known_by(weeks: &[Vec<Series>], ahead: Option<Duration>) -> Measured {
    let mut fleet = Fleet::of(10);
    fleet.rules.traffic.ahead = ahead;
    let inventory = fleet.inventory();
    let usual = usual(weeks, &fleet.rules.traffic, NOW);
    let snapshot = judged(&good(), &usual, fleet.known(&inventory), None);
    snapshot.pools[&pool("edge-lax")].clone().expect("it is known")
}

#[test]
fn one_query_a_week_tells_this_hour_and_those_ahead() {
    for (ahead, from, hours) in [(None, ago(30), 1.0), (HOUR_AHEAD, half_hour(0).minus(HALF_HOUR), 8.5)] {
        let rules = TrafficRules { ahead, ..TrafficRules::default() };
        let spans = same_hours(&rules, NOW);
        assert_eq!(spans.len(), 4, "{ahead:?}");
        for (week, span) in (1..).zip(spans) {
            assert_eq!(span.from, from.minus(WEEK * week), "{ahead:?}");
            let long = span.to.since(span.from);
            assert_eq!(long, Duration::from_secs(3600).mul_f64(hours), "{ahead:?}");
            assert!(long < WEEK && long.as_secs() / span.every.as_secs() < 240, "fewer moments than a look asks for");
        }
    }
}

#[test]
fn the_median_of_four_weeks_is_usual_at_each_half_hour() {
    let weeks = history(HOUR_AHEAD, |week, at| {
        let hours = if at <= half_hour(2) { 0.0 } else { 10.0 };
        hours + [4.0, 5.0, 6.0, 90.0][usize::try_from(week).expect("few") - 1]
    });
    let measured = known_by(&weeks, HOUR_AHEAD);
    assert_eq!(measured.usual, Some(5.5));
    // An hour and what belongs to its half hours, and six more to tell when it is over.
    assert_eq!(measured.ahead.len(), 16);
    assert_eq!(measured.ahead[..2], [(half_hour(0), 5.5), (half_hour(1), 5.5)]);
    assert_eq!(measured.ahead[4..], (4..16).map(|number| (half_hour(number), 15.5)).collect::<Vec<_>>());
    let none = known_by(&history(None, |_, _| 4.0), None);
    assert_eq!((none.usual, none.ahead), (Some(4.0), Vec::new()));
}

/// How the history of a week can be bad, and which half hours are known all the same.
#[test]
fn hours_of_which_less_than_four_weeks_are_known_are_not_known() {
    type Spoil = fn(&mut Vec<Vec<Series>>);
    fn set(weeks: &mut [Vec<Series>], number: u32, value: f64) {
        let (from, to) = (half_hour(number).minus(WEEK * 3), half_hour(number + 1).minus(WEEK * 3));
        let points = weeks[2][0].points.iter_mut();
        points.filter(|(at, _)| from <= *at && *at <= to).for_each(|(_, was)| *was = value);
    }
    let all = || (0..16).collect::<Vec<u32>>();
    let without = |numbers: std::ops::RangeInclusive<u32>| {
        all().into_iter().filter(|number| !numbers.contains(number)).collect::<Vec<_>>()
    };
    let cases: [(&str, Spoil, Vec<u32>); 13] = [
        ("whole", |_| {}, all()),
        ("three weeks", |weeks| drop(weeks.pop()), Vec::new()),
        ("none", Vec::clear, Vec::new()),
        ("a week without the pool", |weeks| weeks[1].clear(), Vec::new()),
        ("a week of another pool", |weeks| weeks[1][0].labels = labels("edge-fra"), Vec::new()),
        (
            "a week twice and another not at all",
            |weeks| {
                let twice = weeks[0][0].clone();
                weeks[0].push(twice);
                weeks[1].clear();
            },
            Vec::new(),
        ),
        ("not in order", |weeks| weeks[3][0].points.reverse(), Vec::new()),
        ("a moment twice", |weeks| weeks[3][0].points[1] = weeks[3][0].points[0], Vec::new()),
        // An hour is known by seven of its thirteen moments, so these leave too few of both half hours.
        ("no number", |weeks| set(weeks, 4, f64::NAN), without(4..=5)),
        ("without end", |weeks| set(weeks, 4, f64::INFINITY), without(4..=5)),
        ("less than none", |weeks| set(weeks, 4, -1.0), without(4..=5)),
        ("cut off", |weeks| weeks[3][0].points.retain(|(at, _)| at.plus(WEEK * 4) < half_hour(9)), (0..9).collect()),
        (
            "begun late",
            |weeks| weeks[3][0].points.retain(|(at, _)| at.plus(WEEK * 4) > half_hour(9)),
            (10..16).collect(),
        ),
    ];
    for (what, spoil, known) in cases {
        let mut weeks = history(HOUR_AHEAD, |_, _| 4.0);
        spoil(&mut weeks);
        let measured = known_by(&weeks, HOUR_AHEAD);
        let expected = known.into_iter().map(|number| (half_hour(number), 4.0)).collect::<Vec<_>>();
        assert_eq!(measured.ahead, expected, "{what}");
        assert!(measured.ahead.iter().all(|(_, value)| value.is_finite()), "{what}");
    }
}

#[test]
fn the_usual_is_asked_for_again_after_a_while_and_when_it_is_looked_ahead_further() {
    let rules = TrafficRules::default();
    let asked = usual(&history(HOUR_AHEAD, |_, _| 4.0), &rules, NOW);
    let minutes = |minutes: u32| NOW.plus(60 * SECOND * minutes);
    assert!(asked.counts(&rules, NOW) && asked.counts(&rules, minutes(9)));
    assert!(!asked.counts(&rules, minutes(10)));
    for ahead in [None, Some(Duration::from_secs(7200))] {
        assert!(!asked.counts(&TrafficRules { ahead, ..rules.clone() }, NOW), "{ahead:?}");
    }
}

/// People have their evening by their clocks. Those were put back an hour a week ago or more, so that it comes an hour later now:
/// the history has it in the hour that it had before, and comes after it within three weeks.
#[test]
fn where_clocks_were_changed_a_peak_is_an_hour_beside_its_history_for_some_weeks() {
    for (new_weeks, first, last) in [(0, 2, 5), (1, 3, 6), (2, 3, 6), (3, 4, 7), (4, 4, 7)] {
        // By the old time from 15:00 to 17:00 of ours, by the new one from 16:00 to 18:00.
        let weeks = history(HOUR_AHEAD, |week, at| {
            let begins = if week <= new_weeks { half_hour(4) } else { half_hour(2) };
            if begins <= at && at < begins.plus(HALF_HOUR * 4) { 9.0 } else { 1.0 }
        });
        let ahead = known_by(&weeks, HOUR_AHEAD).ahead;
        let peak = ahead.iter().filter(|(_, value)| *value > 8.0).map(|(at, _)| *at).collect::<Vec<_>>();
        let expected = (first..=last).map(half_hour).collect::<Vec<_>>();
        assert_eq!(peak, expected, "after {new_weeks} weeks of the new time");
    }
}
