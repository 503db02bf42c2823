//! The fleet's laws, through the model's front door.

use super::*;
use crate::domain::effect::{BalancerStanding, Power};
use crate::domain::server::{PoolName, SiteName};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_764_511_500_000);

fn at(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn edge(number: u32) -> ServerName {
    ServerName::new(format!("edge-lax-{number:03}"))
}

/// A fleet in which edge-lax-001 has that fault.
fn with(fault: Option<Fault>) -> Fleet {
    let mut fleet = Fleet::standard(NOW);
    if let Some(fault) = fault {
        fleet.set_fault(&edge(1), fault, NOW).expect("edge-lax-001 is a standard server");
    }
    fleet
}

fn reboot(fleet: &mut Fleet, now: Timestamp) -> ExecEnd {
    fleet.reboot_over_ssh(&edge(1), now.seconds() + 30, now)
}

fn boot_id(fleet: &mut Fleet, now: Timestamp) -> Option<BootId> {
    fleet.boot_facts(&edge(1), now).map(|facts| facts.boot_id)
}

#[test]
fn the_standard_fleet_is_the_one_of_the_book() {
    let fleet = Fleet::standard(NOW);
    let servers = fleet.servers();
    assert_eq!(servers.len(), 240);
    let of = |kind: &str, site: &str| {
        servers.iter().filter(|server| server.server_type.as_str() == kind && server.site.as_str() == site).count()
    };
    assert_eq!(SITES.map(|site| of("edge-cache", site)), [40, 40, 24, 24, 16, 24]);
    assert_eq!(SITES.map(|site| of("origin", site)), [6; 6]);
    assert_eq!(SITES.map(|site| of("dns", site)), [4; 6]);
    assert_eq!(SITES.map(|site| of("log", site)), [2; 6]);
    let inventory = fleet.inventory(NOW).expect("the standard fleet has names that are names");
    let origin = inventory.by_name(&ServerName::new("origin-riga-06")).expect("origins have two digits");
    assert_eq!(origin.pool, Some(PoolName::new("origin-riga")));
    for rack in inventory.distinct(|server| Some(&server.rack)) {
        assert!(servers.iter().filter(|server| server.rack == *rack).count() <= 10, "{rack}");
    }
}

#[test]
fn a_scaled_fleet_has_exactly_that_many_servers() {
    for wanted in [1, 7, 24, 100, 240, 241, 5000] {
        let spec = FleetSpec::scaled(wanted);
        assert_eq!(spec.servers.len(), wanted);
        assert_eq!(Fleet::of(spec, NOW).servers().len(), wanted, "every name differs");
    }
}

#[test]
fn a_reboot_ends_in_another_boot_and_is_counted_once() {
    let mut fleet = with(None);
    let before = boot_id(&mut fleet, NOW).expect("it runs");
    assert_eq!(reboot(&mut fleet, NOW), ExecEnd::exit(0, ""));
    assert_eq!(fleet.ssh_door(&edge(1), at(0)), SshDoor::Refused);
    assert_eq!(fleet.balancer_line(&edge(1), NOW).expect("it is in a pool").standing, BalancerStanding::Down);
    let facts = fleet.boot_facts(&edge(1), at(7)).expect("every server boots within six seconds");
    assert_ne!(facts.boot_id, before);
    assert!(facts.booted_at >= NOW && facts.booted_at <= at(1));
    assert_eq!(fleet.reboots(&edge(1)), 1);
    assert_eq!(fleet.log().iter().filter(|entry| entry.is_reboot()).count(), 1);
    assert_eq!(fleet.balancer_line(&edge(1), at(7)).expect("it is in a pool").standing, BalancerStanding::Up);
}

#[test]
fn the_same_seed_is_the_same_history_and_another_seed_another() {
    let story = |seed| {
        let mut fleet = Fleet::of(FleetSpec::standard().with_seed(seed), NOW);
        reboot(&mut fleet, NOW);
        fleet.settle(at(10));
        (fleet.log().to_vec(), boot_id(&mut fleet, at(10)))
    };
    assert_eq!(story(1), story(1));
    assert_ne!(story(1), story(2));
}

#[test]
fn a_command_past_its_time_does_nothing() {
    let mut fleet = with(None);
    assert_eq!(fleet.reboot_over_ssh(&edge(1), NOW.seconds(), NOW), ExecEnd::exit(1, ""));
    assert_eq!(fleet.reboots(&edge(1)), 0);
    assert_eq!(fleet.ssh_door(&edge(1), NOW), SshDoor::Open);
    let entry = fleet.log().last().expect("what arrives is logged");
    assert!(matches!(entry.outcome, Outcome::Refused(_)));
}

#[test]
fn each_trouble_of_a_reboot_shows_the_client_one_thing_and_does_another() {
    let check = |fault, expected: &ExecEnd, reboots| {
        let mut fleet = with(Some(fault));
        assert_eq!(reboot(&mut fleet, NOW), *expected, "{fault:?}");
        assert_eq!(fleet.reboots(&edge(1)), reboots, "{fault:?}");
        assert_eq!(fleet.ssh_door(&edge(1), NOW) == SshDoor::Open, reboots == 0, "{fault:?}");
    };
    check(Fault::RefusesReboot, &ExecEnd::exit(1, "Call to Reboot failed: Access denied"), 0);
    check(Fault::IgnoresReboot, &ExecEnd::exit(0, ""), 0);
    check(Fault::HangsInExec, &ExecEnd::NoReply, 1);
    check(Fault::DropsConnectionInExec, &ExecEnd::CutOff, 1);
    check(Fault::WontBoot, &ExecEnd::exit(0, ""), 1);
}

#[test]
fn a_server_that_wont_boot_stays_down_until_it_is_repaired() {
    let mut fleet = with(Some(Fault::WontBoot));
    reboot(&mut fleet, NOW);
    assert_eq!(fleet.view(&edge(1), at(3600)).expect("it exists").letter(), 'X');
    fleet.repair(&edge(1), at(3600)).expect("it exists");
    assert_eq!(fleet.view(&edge(1), at(3600)).expect("it exists").letter(), 'B');
    assert_eq!(fleet.view(&edge(1), at(3606)).expect("it exists").letter(), 'P');
    assert_eq!(fleet.reboots(&edge(1)), 1, "a repair is nobody's command");
}

#[test]
fn a_dead_daemon_hangs_until_the_next_boot() {
    let mut fleet = with(Some(Fault::SshDead));
    assert_eq!(fleet.ssh_door(&edge(1), NOW), SshDoor::Hangs);
    assert_eq!(fleet.balancer_line(&edge(1), NOW).expect("it is in a pool").standing, BalancerStanding::Up);
    fleet.reset(&edge(1), ResetKind::Restart { forced: true }, NOW).expect("it exists");
    assert_eq!(fleet.power(&edge(1), NOW).expect("it exists").power, Power::Off);
    let power = fleet.power(&edge(1), at(7)).expect("it exists");
    assert_eq!((power.power, power.last_reset), (Power::On, Some(NOW)));
    assert_eq!(fleet.ssh_door(&edge(1), at(7)), SshDoor::Open);
    assert_eq!(fleet.reboots(&edge(1)), 1);
}

#[test]
fn power_off_lasts_until_power_on() {
    let mut fleet = with(None);
    fleet.reset(&edge(1), ResetKind::Off, NOW).expect("it exists");
    assert_eq!(fleet.power(&edge(1), at(60)).expect("it exists").power, Power::Off);
    assert_eq!(fleet.reset(&edge(1), ResetKind::On, at(60)), Ok(Outcome::Done));
    assert!(fleet.boot_facts(&edge(1), at(66)).is_some());
    assert_eq!(fleet.reset(&edge(1), ResetKind::On, at(66)), Ok(Outcome::WithoutEffect));
    assert_eq!(fleet.reboots(&edge(1)), 0);
}

#[test]
fn a_server_that_died_is_down_in_its_load_balancer() {
    let mut fleet = with(Some(Fault::Dead));
    assert_eq!(fleet.balancer_line(&edge(1), NOW).expect("it is in a pool").standing, BalancerStanding::Down);
    assert_eq!(fleet.ssh_door(&edge(1), NOW), SshDoor::Refused);
    assert_eq!(fleet.reboots(&edge(1)), 0);
}

#[test]
fn connections_end_in_time_after_a_drain_and_return_after_it() {
    let mut fleet = with(None);
    let connections = |fleet: &mut Fleet, now| fleet.balancer_line(&edge(1), now).map(|line| line.connections);
    let usual = connections(&mut fleet, NOW).expect("it is in a pool");
    assert!(usual > 0);
    assert_eq!(fleet.set_rotation(&edge(1), Rotation::Drain, NOW), Ok(Outcome::Done));
    let half = connections(&mut fleet, NOW.plus(Duration::from_millis(400))).expect("it is in a pool");
    assert!(0 < half && half < usual, "{half} of {usual}");
    assert_eq!(fleet.set_rotation(&edge(1), Rotation::Drain, at(1)), Ok(Outcome::WithoutEffect));
    assert_eq!(connections(&mut fleet, at(2)), Some(0));
    assert_eq!(fleet.set_rotation(&edge(1), Rotation::Ready, at(2)), Ok(Outcome::Done));
    assert_eq!(connections(&mut fleet, at(2)), Some(usual));
}

#[test]
fn a_drained_server_stays_drained_through_its_reboot() {
    let mut fleet = with(None);
    fleet.set_rotation(&edge(1), Rotation::Drain, NOW).expect("it is in a pool");
    reboot(&mut fleet, at(3));
    for second in [3, 5, 10] {
        let line = fleet.balancer_line(&edge(1), at(second)).expect("it is in a pool");
        assert_eq!((line.standing, line.connections), (BalancerStanding::Drained, 0), "after {second} s");
    }
}

#[test]
fn sessions_that_are_cut_are_gone_at_once() {
    let mut fleet = with(None);
    fleet.set_rotation(&edge(1), Rotation::Maintenance, NOW).expect("it is in a pool");
    fleet.shut_sessions(&edge(1), NOW).expect("it is in a pool");
    let line = fleet.balancer_line(&edge(1), NOW).expect("it is in a pool");
    assert_eq!((line.standing, line.connections), (BalancerStanding::Maintenance, 0));
}

#[test]
fn a_server_without_a_pool_has_no_line() {
    let mut fleet = with(None);
    let resolver = ServerName::new("dns-lax-01");
    assert_eq!(fleet.balancer_line(&resolver, NOW), None);
    assert_eq!(fleet.set_rotation(&resolver, Rotation::Drain, NOW), Err(NoSuchServer(resolver.clone())));
    let rows = fleet.balancer_rows(&SiteName::new("lax"), NOW);
    assert_eq!(rows.len(), 46);
}

#[test]
fn a_held_boot_waits_for_its_word() {
    let mut fleet = with(None);
    fleet.hold_boots(true);
    assert!(!fleet.finish_boot(&edge(1), NOW), "it is not on its way up");
    reboot(&mut fleet, NOW);
    assert_eq!(fleet.ssh_door(&edge(1), at(3600)), SshDoor::Refused);
    assert!(fleet.finish_boot(&edge(1), at(3600)));
    assert_eq!(fleet.ssh_door(&edge(1), at(3600)), SshDoor::Open);
    reboot(&mut fleet, at(3700));
    fleet.never_return(&edge(1), at(3702)).expect("it exists");
    assert!(!fleet.finish_boot(&edge(1), at(3702)));
    fleet.repair(&edge(1), at(3800)).expect("it exists");
    assert_eq!(fleet.ssh_door(&edge(1), at(3806)), SshDoor::Open, "a repair does not wait for a word");
}

#[test]
fn the_log_is_numbered_without_gaps_and_in_the_order_of_time() {
    let mut fleet = with(None);
    for number in 1..=20 {
        fleet.reboot_over_ssh(&edge(number), NOW.seconds() + 30, NOW);
    }
    fleet.settle(at(60));
    let log = fleet.log();
    assert!(log.iter().zip(1..).all(|(entry, number)| entry.sequence == number));
    assert!(log.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert_eq!(log.iter().filter(|entry| entry.deed == Deed::CameUp).count(), 20);
}

#[test]
fn one_key_is_one_effect_however_often_it_arrives() {
    let mut fleet = with(None);
    let run = RunId::parse("run-2mq9.1").expect("it is a run");
    for _ in 0..3 {
        assert_eq!(fleet.call_http(HttpMethod::Post, "http://jobs/run", &run), 200);
    }
    let effects = fleet.http_effects();
    assert_eq!((effects.len(), effects[0].arrivals), (1, 3));
    fleet.http_answers("http://jobs/run", 503);
    let other = RunId::parse("run-2mq9.2").expect("it is a run");
    assert_eq!(fleet.call_http(HttpMethod::Post, "http://jobs/run", &other), 503);
    assert_eq!(fleet.http_effects().len(), 1);
}

#[test]
fn every_trouble_has_a_name_that_leads_back_to_it() {
    for fault in Fault::ALL {
        assert_eq!(Fault::of_word(fault.word()), Some(fault));
    }
    assert_eq!(Fault::of_word("gremlins"), None);
}
