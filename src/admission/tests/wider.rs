//! What people are told of wider floors: how they stand, what a plan does to them, and where there is none.

use super::*;
use crate::domain::plan::{Plan, PlanParts, Subject};

fn all_floors(percent: u8) -> WiderFloors {
    WiderFloors { type_in_site: Some(percent), site: Some(percent), metro: Some(percent) }
}

/// Ten in lax, of which the last two are of another type, and ten in sfo, which is in the same metro.
fn two_sites(floors: WiderFloors) -> Fleet {
    let fleet = Fleet::of(20).with_floors(floors);
    let fleet = fleet.all(8..10, |fleet, number| fleet.moved(number, "lax", "origin"));
    fleet.all(10..20, |fleet, number| fleet.moved(number, "sfo", "edge-cache"))
}

fn words(scope: &CapacityScope) -> String {
    match scope {
        CapacityScope::Pool(pool) => format!("pool {pool}"),
        CapacityScope::TypeInSite(server_type, site) => format!("{server_type} in {site}"),
        CapacityScope::Site(site) => site.to_string(),
        CapacityScope::Metro(metro) => metro.to_string(),
    }
}

/// A plan of these servers, all in one wave.
fn impacts(fleet: &Fleet, numbers: &[usize], site_concurrency: Option<u32>) -> Vec<(String, u32, u32, u32)> {
    let servers = numbers.iter().map(|number| Subject::Server(planned(&fleet.servers[*number])));
    let wave = u32::try_from(numbers.len()).expect("few");
    let whole = waves::request_of("2mq9", fleet.spec.clone(), NOW, &[wave]).plan;
    let plan = Plan::new(PlanParts { subjects: servers.collect(), ..whole.parts().clone() });
    let inventory = fleet.inventory();
    let impacts = impact_on_wider(&plan.expect("it is whole"), site_concurrency, fleet.known(&inventory));
    let told = impacts.iter().map(|one| (words(&one.now.scope), one.now.serving, one.lowest, one.now.floor));
    told.collect()
}

#[test]
fn a_plan_is_told_with_every_wider_floor_that_it_touches() {
    let fleet = two_sites(all_floors(20)).in_state(0, Drained);
    let told = |scope: &str, serving, lowest, floor| (scope.to_owned(), serving, lowest, floor);
    let expected = [
        // One is out already, and of eight one may be.
        told("edge-cache in lax", 7, 7, 7),
        told("edge-cache in sfo", 10, 9, 8),
        told("lax", 9, 8, 8),
        told("sfo", 10, 9, 8),
        told("west", 19, 16, 16),
    ];
    assert_eq!(impacts(&fleet, &[1, 2, 3, 10], None), expected);
    let fewer = impacts(&fleet, &[1, 2, 3, 10], Some(1));
    assert_eq!(fewer[4], told("west", 19, 17, 16), "one in each of its two sites");
    assert_eq!(
        impacts(&fleet, &[10], None),
        [told("edge-cache in sfo", 10, 9, 8), told("sfo", 10, 9, 8), told("west", 19, 18, 16)]
    );
    let only_metro = two_sites(WiderFloors { metro: Some(20), ..WiderFloors::default() });
    assert_eq!(impacts(&only_metro, &[1, 10], None), [told("west", 20, 18, 16)]);
    assert_eq!(impacts(&two_sites(WiderFloors::default()), &[1, 10], None), []);
}

#[test]
fn wider_floors_are_told_as_they_stand() {
    let fleet = two_sites(all_floors(20)).in_state(0, Drained).unseen(10);
    let inventory = fleet.inventory();
    let counts = |fleet: &Fleet, numbers: &[usize]| {
        let servers = numbers.iter().map(|number| fleet.servers[*number].clone()).collect::<Vec<_>>();
        let counts = count_wider(&servers, fleet.known(&inventory));
        let told = counts.iter().map(|one| (words(&one.scope), one.serving, one.total, one.unknown, one.floor));
        told.collect::<Vec<_>>()
    };
    let told = |scope: &str, counts: [u32; 4]| (scope.to_owned(), counts[0], counts[1], counts[2], counts[3]);
    let expected = [told("edge-cache in lax", [7, 8, 0, 7]), told("lax", [9, 10, 0, 8]), told("west", [18, 20, 1, 16])];
    assert_eq!(counts(&fleet, &[0, 1]), expected);
    assert_eq!(counts(&two_sites(WiderFloors::default()), &[0, 1]), []);
}

/// A floor of metros holds nothing where no metro is said, which nobody may have meant.
#[test]
fn a_site_without_a_metro_is_told_where_metros_have_a_floor() {
    let told = |fleet: &Fleet| floors_without_scope(&fleet.rules, &fleet.inventory());
    let mut fleet = two_sites(all_floors(20));
    assert_eq!(told(&fleet), [] as [&str; 0]);
    fleet.places.remove(&SiteName::new("sfo"));
    assert_eq!(told(&fleet), ["capacity.metro-out-max holds nothing in sfo: the inventory says no metro of it"]);
    fleet.rules.wider_floors.metro = None;
    assert_eq!(told(&fleet), [] as [&str; 0], "metros have no floor");
    let mut poolless = two_sites(all_floors(20));
    poolless.places.remove(&SiteName::new("sfo"));
    poolless.servers.iter_mut().skip(10).for_each(|server| server.pool = None);
    assert_eq!(told(&poolless), [] as [&str; 0], "nothing there serves anybody");
}
