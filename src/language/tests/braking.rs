//! When a freeze is over: past midnight, and on the two odd days of a zone's clocks.

use super::{Vocabulary, parse};
use crate::domain::braking::Braking;
use crate::domain::intent::{Intent, ZoneName};
use crate::domain::misunderstanding::MisunderstandingKind as Kind;
use crate::domain::time::Timestamp;

/// What a freeze until then comes to, said at that time by somebody in Riga: how many minutes it lasts.
fn lasts(said_at: i64, until: &str) -> Result<i64, Kind> {
    let now = Timestamp::from_millis(said_at * 1000);
    let vocabulary = Vocabulary { zone: Some(ZoneName::new("Europe/Riga")), now, ..Vocabulary::default() };
    match parse(&format!("freeze everything {until} because a holiday"), &vocabulary) {
        Ok(Intent::Brake(Braking::Freeze { until, .. })) => Ok((until.at.seconds() - said_at) / 60),
        Ok(other) => panic!("a freeze, not {other:?}"),
        Err(told) => Err(told.kind),
    }
}

/// 2026-10-24 23:00 in Riga; in the night the clocks go back from 04:00 to 03:00.
const BACK: i64 = 1_792_872_000;
/// 2026-03-28 23:00 in Riga; in the night the clocks go on from 03:00 to 04:00.
const ON: i64 = 1_774_731_600;

#[test]
fn over_midnight_and_over_a_change_of_clocks() {
    assert_eq!(lasts(BACK, "until 23:30"), Ok(30));
    assert_eq!(lasts(BACK, "until 00:30"), Ok(90), "past midnight");
    assert_eq!(lasts(BACK, "until 06:00"), Ok(8 * 60), "an hour is there twice");
    assert_eq!(lasts(BACK, "for 7h"), Ok(7 * 60), "a length is a length");
    assert_eq!(lasts(ON, "until 06:00"), Ok(6 * 60), "an hour is not there");
    assert_eq!(lasts(ON, "for 7h"), Ok(7 * 60));
}

/// A time that is there twice, or not at all, is asked about.
#[test]
fn an_odd_time_is_asked_about() {
    assert!(matches!(lasts(BACK, "until 03:30"), Err(Kind::DoubleTime { .. })));
    assert!(matches!(lasts(ON, "until 03:30"), Err(Kind::SkippedTime { .. })));
    assert!(matches!(lasts(BACK, "for 31d"), Err(Kind::LastsTooLong)));
    assert_eq!(lasts(BACK, "for 30d"), Ok(30 * 24 * 60));
}
