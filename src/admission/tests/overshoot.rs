//! How many may fail at the worst: a table, and that no course of a request comes to more.

use super::waves::request_of;
use super::*;
use crate::domain::plan::{Plan, PlanParts, Subject};
use proptest::prelude::*;

fn spec(limit: u32, site_concurrency: Option<u32>) -> CommandSpec {
    let mut spec = reboot();
    spec.waves.stop_when_failures_exceed = limit;
    spec.site_concurrency = site_concurrency;
    spec
}

/// How many are at work when the limit is exceeded, and how many may have failed then.
fn check(waves: &[u32], limit: u32, site_concurrency: Option<u32>) -> Option<(u32, u32)> {
    let spec = spec(limit, site_concurrency);
    let plan = request_of("2mq9", spec.clone(), NOW, waves).plan;
    overshoot(&plan, &spec).map(|worst| (worst.at_work, worst.failed_max))
}

#[test]
fn the_limit_and_one_and_what_is_at_work() {
    assert_eq!(check(&[1, 19], 1, Some(4)), Some((4, 6)), "its place was taken at once");
    assert_eq!(check(&[1, 4, 4, 4, 4, 3], 1, Some(4)), Some((3, 5)), "nobody of the next wave takes it");
    assert_eq!(check(&[1, 19], 1, None), Some((18, 20)), "without a limit a wave is at work as a whole");
    assert_eq!(check(&[1, 1, 1], 1, Some(4)), Some((0, 2)), "one at a time");
    assert_eq!(check(&[1, 4, 2], 0, Some(2)), Some((2, 3)));
    assert_eq!(check(&[2, 10], 5, Some(3)), Some((3, 9)));
    assert_eq!(check(&[4, 3, 2], 5, Some(4)), Some((1, 7)), "only what has begun can fail");
    assert_eq!(check(&[3], 1, Some(4)), Some((1, 3)));
    assert_eq!(check(&[1, 1], 2, Some(4)), None, "its limit cannot be exceeded");
    assert_eq!(check(&[2], 1, None), Some((0, 2)));
    assert_eq!(check(&[1], 0, Some(4)), Some((0, 1)));
    assert_eq!(check(&[5], u32::MAX, Some(4)), None);
}

/// A limit of a site counts in each of them.
#[test]
fn each_site_works_on_its_own() {
    let spec = spec(0, Some(2));
    let mut parts: PlanParts = request_of("2mq9", spec.clone(), NOW, &[9]).plan.parts().clone();
    for (number, subject) in (0..).zip(&mut parts.subjects) {
        let site = SiteName::new(if number < 5 { "lax" } else { "riga" });
        *subject = Subject::Server(PlannedServer { site, ..planned(&super::server(number)) });
    }
    let plan = Plan::new(parts).expect("the waves add up");
    let worst = overshoot(&plan, &spec).expect("it can be exceeded");
    assert_eq!((worst.at_work, worst.failed_max, worst.of), (4, 5, 9));
}

proptest! {
    /// Whatever ends how, and whenever what is free is taken, no more fail than was said.
    #[test]
    fn no_course_comes_to_more(
        waves in prop::collection::vec(1_u32..8, 1..5),
        limit in 0_u32..6,
        most in 1_u32..5,
        chances in prop::collection::vec(0_u8..4, 0..200),
    ) {
        let spec = spec(limit, Some(most));
        let plan = request_of("2mq9", spec.clone(), NOW, &waves).plan;
        let (mut failed, mut chances, mut is_taken_once) = (0, chances.into_iter().chain(std::iter::repeat(0)), false);
        for wave in &waves {
            if failed > limit {
                break;
            }
            let (mut left, mut at_work) = (*wave, 0);
            while at_work > 0 || (left > 0 && failed <= limit) {
                // Once, whoever starts may not have seen the last failure yet.
                let may_start = left > 0 && at_work < most && (failed <= limit || !is_taken_once);
                match chances.next() {
                    Some(0 | 1) if at_work > 0 => {
                        (at_work, failed) = (at_work - 1, failed + 1);
                    }
                    Some(2) if at_work > 0 => at_work -= 1,
                    _ if may_start => {
                        is_taken_once |= failed > limit;
                        (left, at_work) = (left - 1, at_work + 1);
                    }
                    _ => {}
                }
            }
        }
        let most = overshoot(&plan, &spec).map_or(waves.iter().sum(), |worst| worst.failed_max);
        prop_assert!(failed <= most, "{failed} failed, at most {most} were told of");
    }
}
