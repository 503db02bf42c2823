//! The production drivers against the simulated fleet's wires: what each trouble looks like from outside.

use crate::mandates::mandate;
use reqwest::Client;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use wrasse::adapters::clock::SystemClock;
use wrasse::adapters::drivers::RealDrivers;
use wrasse::adapters::inventory::{Loaded, load};
use wrasse::domain::command::{HostCheck, HttpMethod};
use wrasse::domain::effect::{Act, BalancerStanding, Begun, BootFacts, Power, Probe, Seen};
use wrasse::domain::ids::RunId;
use wrasse::domain::intent::ParameterName;
use wrasse::domain::server::ServerName;
use wrasse::domain::time::Timestamp;
use wrasse::ports::{Clock, Drivers};
use wrasse::sandbox::fleet::model::{Fault, Fleet, FleetSpec, Outcome, Via};
use wrasse::sandbox::fleet::ports_face::FleetDrivers;
use wrasse::sandbox::fleet::{FleetSettings, InventoryPaths, SimulatedFleet};

const SOON: Duration = Duration::from_secs(5);

/// A small fleet on the wire, and the drivers that an inventory file makes of it.
struct World {
    fleet: SimulatedFleet,
    drivers: RealDrivers,
    paths: InventoryPaths,
    folder: TempDir,
    tasks: JoinSet<()>,
}

impl World {
    async fn new() -> Self {
        let mut tasks = JoinSet::new();
        let settings = FleetSettings { spec: FleetSpec::scaled(24), redfish_port: 0, on_change: None };
        let fleet = SimulatedFleet::start(settings, Arc::new(SystemClock), &mut tasks).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let paths = fleet.write_inventory(folder.path()).unwrap();
        let drivers = drivers_of(&paths);
        Self { fleet, drivers, paths, folder, tasks }
    }

    async fn with(fault: Fault) -> Self {
        let world = Self::new().await;
        world.model(|fleet, now| fleet.set_fault(&edge(), fault, now)).unwrap();
        world
    }

    /// The same fleet, reached by another inventory.
    fn rewrite(&mut self, change: impl FnOnce(String) -> String) {
        let text = change(std::fs::read_to_string(&self.paths.inventory).unwrap());
        std::fs::write(&self.paths.inventory, text).unwrap();
        self.drivers = drivers_of(&self.paths);
    }

    fn model<T>(&self, ask: impl FnOnce(&mut Fleet, Timestamp) -> T) -> T {
        let shared = self.fleet.shared();
        ask(&mut shared.fleet(), shared.now())
    }

    async fn reboot(&self, deadline: Duration) -> Begun {
        let not_after = SystemClock.now().plus(Duration::from_secs(30));
        self.drivers.begin(&mandate(&Act::RebootOverSsh { server: edge(), not_after }), deadline).await
    }

    async fn restart(&self, deadline: Duration) -> Begun {
        self.drivers.begin(&mandate(&Act::RestartOverRedfish(edge())), deadline).await
    }

    async fn boot(&self) -> Option<BootFacts> {
        let Seen::Boot(facts) = self.drivers.observe(&Probe::Boot(edge()), SOON).await else { return None };
        Some(facts)
    }

    async fn standing(&self) -> (BalancerStanding, u64) {
        let seen = self.drivers.observe(&Probe::Balancer(edge()), SOON).await;
        let Seen::Balancer(line) = seen else { panic!("the load balancer is there: {seen:?}") };
        (line.standing, line.connections)
    }

    /// Looks again until it holds, at most half a minute.
    async fn until<T>(&self, mut look: impl AsyncFnMut(&Self) -> Option<T>) -> T {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        let looking = async {
            loop {
                ticks.tick().await;
                if let Some(found) = look(self).await {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), looking).await.expect("it holds in time")
    }

    fn reboots(&self) -> usize {
        self.model(|fleet, _| fleet.reboots(&edge()))
    }
}

fn drivers_of(paths: &InventoryPaths) -> RealDrivers {
    // Another test of this process may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
    let Loaded { endpoints, .. } = load(&paths.inventory, SystemClock.now()).expect("the inventory is good");
    RealDrivers::new(endpoints).unwrap()
}

fn edge() -> ServerName {
    ServerName::new("edge-lax-001")
}

#[tokio::test]
async fn a_reboot_over_ssh_ends_in_another_boot() {
    let world = World::new().await;
    let before = world.boot().await.expect("it runs");
    assert_eq!(world.reboot(SOON).await, Begun::Sent);
    assert!(matches!(world.reboot(SOON).await, Begun::NeverSent(_)), "it is down");
    let after = world.until(World::boot).await;
    assert_ne!(after.boot_id, before.boot_id);
    assert!(after.booted_at > before.booted_at && after.server_clock >= after.booted_at);
    assert_eq!(world.reboots(), 1);
}

/// One trouble and one way to restart, on the wire and on the stage.
async fn compare(fault: Fault, over_ssh: bool) {
    let deadline = Duration::from_millis(2500);
    let world = World::with(fault).await;
    let model = Arc::new(Mutex::new(Fleet::of(FleetSpec::scaled(24), SystemClock.now())));
    let stage = FleetDrivers::new(model, Arc::new(SystemClock));
    stage.fleet().set_fault(&edge(), fault, SystemClock.now()).unwrap();
    let not_after = SystemClock.now().plus(Duration::from_secs(30));
    let act = match over_ssh {
        true => Act::RebootOverSsh { server: edge(), not_after },
        false => Act::RestartOverRedfish(edge()),
    };
    let on_the_wire = world.drivers.begin(&mandate(&act), deadline).await;
    let on_the_stage = stage.begin(&mandate(&act), deadline).await;
    let kind = |begun: &Begun| std::mem::discriminant(begun);
    assert_eq!(kind(&on_the_wire), kind(&on_the_stage), "{fault:?} {act:?}: {on_the_wire:?} {on_the_stage:?}");
    assert_eq!(world.reboots(), stage.fleet().reboots(&edge()), "{fault:?} {act:?}");
}

#[tokio::test]
async fn every_trouble_looks_the_same_on_the_wire_and_to_the_stage() {
    let cases = Fault::ALL.into_iter().flat_map(|fault| [(fault, true), (fault, false)]);
    futures::future::join_all(cases.map(|(fault, over_ssh)| compare(fault, over_ssh))).await;
}

/// The proof that Redfish may be tried: no exec request was ever written.
#[tokio::test]
async fn a_daemon_that_hangs_was_never_sent_the_command() {
    let world = World::with(Fault::SshDead).await;
    assert!(matches!(world.reboot(Duration::from_millis(400)).await, Begun::NeverSent(_)));
    assert_eq!(world.reboots(), 0);
    assert_eq!(world.restart(SOON).await, Begun::Sent);
    world.until(World::boot).await;
    assert_eq!(world.reboots(), 1);
}

#[tokio::test]
async fn a_command_without_an_answer_is_unknown_and_may_have_happened() {
    for fault in [Fault::HangsInExec, Fault::DropsConnectionInExec] {
        let world = World::with(fault).await;
        let begun = world.reboot(Duration::from_millis(1500)).await;
        assert!(matches!(begun, Begun::Unknown(_)), "{fault:?}: {begun:?}");
        assert_eq!(world.reboots(), 1);
    }
}

#[tokio::test]
async fn a_refusal_carries_the_servers_own_words() {
    let world = World::with(Fault::RefusesReboot).await;
    assert_eq!(world.reboot(SOON).await, Begun::Refused("Call to Reboot failed: Access denied".to_owned()));
    assert_eq!(world.reboots(), 0);
}

/// Our own clock may be wrong: the server's decides when the command arrives.
#[tokio::test]
async fn a_command_that_arrives_late_does_nothing() {
    let world = World::new().await;
    let drivers = drivers_of(&world.paths);
    let act = Act::RebootOverSsh { server: edge(), not_after: SystemClock.now().minus(Duration::from_secs(2)) };
    assert!(matches!(drivers.begin(&mandate(&act), SOON).await, Begun::Refused(_)));
    let arrived = world.model(|fleet, _| fleet.log().last().cloned()).expect("the server's log shows that it arrived");
    assert_eq!((arrived.via, matches!(arrived.outcome, Outcome::Refused(_))), (Via::Ssh, true));
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn another_host_key_is_not_believed() {
    let mut world = World::new().await;
    world.rewrite(|text| {
        let key_of = |name: &str| {
            let line = text.lines().find(|line| line.contains(&format!("name: {name},"))).unwrap();
            line.split("host_key: ").nth(1).unwrap().split('"').nth(1).unwrap().to_owned()
        };
        text.replace(&key_of("edge-lax-001"), &key_of("edge-lax-002"))
    });
    let words = "its host key is not the one in the inventory".to_owned();
    assert_eq!(world.reboot(SOON).await, Begun::OtherMachine(words.clone()));
    let server = ServerName::new("edge-lax-001");
    for probe in [Probe::Boot(server.clone()), Probe::Checks(server, vec![HostCheck::Services])] {
        assert_eq!(world.drivers.observe(&probe, SOON).await, Seen::OtherMachine(words.clone()));
    }
    assert_eq!(world.model(|fleet, _| fleet.log().len()), 0);
}

#[tokio::test]
async fn another_client_key_is_not_let_in() {
    let mut world = World::new().await;
    let other = World::new().await;
    std::fs::copy(&other.paths.private_key, &world.paths.private_key).unwrap();
    world.rewrite(|text| text);
    assert_eq!(world.reboot(SOON).await, Begun::NeverSent("the server does not accept our key".to_owned()));
}

#[tokio::test]
async fn a_port_where_nobody_listens_was_sent_nothing() {
    let mut world = World::new().await;
    let free = "127.0.0.1:1";
    let ssh = format!("127.0.0.1:{}", world.fleet.ssh_ports[&edge()]);
    let redfish = world.fleet.redfish_url.clone();
    world.rewrite(|text| {
        let text = text.replace(&ssh, free).replace(&redfish, &format!("http://{free}/redfish/v1"));
        let lines = text.lines().map(|line| match line.contains("load_balancer") {
            true => {
                let (head, tail) = line.split_once("address: \"").unwrap();
                format!("{head}address: \"{free}\"{}", tail.split_once('"').unwrap().1)
            }
            false => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    assert!(matches!(world.reboot(SOON).await, Begun::NeverSent(_)));
    assert!(matches!(world.restart(SOON).await, Begun::NeverSent(_)));
    assert!(matches!(world.drivers.begin(&mandate(&Act::Drain(edge())), SOON).await, Begun::NeverSent(_)));
    for probe in [Probe::Boot(edge()), Probe::Power(edge()), Probe::Balancer(edge())] {
        assert!(matches!(world.drivers.observe(&probe, SOON).await, Seen::NoAnswer(_)), "{probe:?}");
    }
}

#[tokio::test]
async fn checks_tell_what_does_not_hold() {
    let world = World::new().await;
    let probe = Probe::Checks(edge(), HostCheck::ALL.to_vec());
    assert_eq!(world.drivers.observe(&probe, SOON).await, Seen::Checks(Vec::new()));
    world.model(|fleet, now| fleet.set_fault(&edge(), Fault::ChecksFail, now)).unwrap();
    let failed = vec![(HostCheck::Services, "varnish.service".to_owned())];
    assert_eq!(world.drivers.observe(&probe, SOON).await, Seen::Checks(failed));
    let probe = Probe::Checks(edge(), vec![HostCheck::Clock, HostCheck::Kernel]);
    assert_eq!(world.drivers.observe(&probe, SOON).await, Seen::Checks(Vec::new()));
}

#[tokio::test]
async fn a_drain_holds_through_a_reboot_until_it_is_taken_back() {
    let world = World::new().await;
    let (standing, usual) = world.standing().await;
    assert_eq!(standing, BalancerStanding::Up);
    assert!(usual > 0);
    assert_eq!(world.drivers.begin(&mandate(&Act::Drain(edge())), SOON).await, Begun::Sent);
    assert_eq!(world.drivers.begin(&mandate(&Act::Drain(edge())), SOON).await, Begun::Sent, "twice is once");
    world.until(async |world| (world.standing().await == (BalancerStanding::Drained, 0)).then_some(())).await;
    assert_eq!(world.reboot(SOON).await, Begun::Sent);
    assert_eq!(world.standing().await, (BalancerStanding::Drained, 0), "though its health check fails now");
    world.until(World::boot).await;
    assert_eq!(world.drivers.begin(&mandate(&Act::Undrain(edge())), SOON).await, Begun::Sent);
    assert_eq!(world.standing().await, (BalancerStanding::Up, usual));
}

#[tokio::test]
async fn a_server_that_died_is_down_behind_its_load_balancer() {
    let world = World::with(Fault::Dead).await;
    assert_eq!(world.standing().await, (BalancerStanding::Down, 0));
}

#[tokio::test]
async fn a_server_that_the_load_balancer_does_not_know_is_refused() {
    let mut world = World::new().await;
    world.rewrite(|text| text.replace("backend: edge-lax ", "backend: origin-lax "));
    assert_eq!(
        world.drivers.begin(&mandate(&Act::Drain(edge())), SOON).await,
        Begun::Refused("the load balancer says: No such server.".to_owned())
    );
    assert!(matches!(world.drivers.observe(&Probe::Balancer(edge()), SOON).await, Seen::NoAnswer(_)));
    let dns = ServerName::new("dns-lax-01");
    assert!(matches!(world.drivers.begin(&mandate(&Act::Drain(dns)), SOON).await, Begun::Refused(_)));
}

#[tokio::test]
async fn a_restart_over_redfish_goes_through_power_off() {
    let world = World::new().await;
    let power = async |world: &World| {
        let seen = world.drivers.observe(&Probe::Power(edge()), SOON).await;
        let Seen::Power(facts) = seen else { panic!("the controller is there: {seen:?}") };
        facts
    };
    assert_eq!(power(&world).await.power, Power::On);
    let began_at = SystemClock.now();
    assert_eq!(world.restart(SOON).await, Begun::Sent);
    assert_eq!(power(&world).await.power, Power::Off);
    let facts = world
        .until(async |world| {
            let facts = power(world).await;
            (facts.power == Power::On).then_some(facts)
        })
        .await;
    assert!(facts.last_reset.expect("it was reset").plus(Duration::from_secs(1)) >= began_at);
    world.until(World::boot).await;
    assert_eq!(world.reboots(), 1);
}

#[tokio::test]
async fn a_controller_that_answers_too_late_may_have_restarted() {
    let world = World::with(Fault::BmcSlow).await;
    assert!(matches!(world.restart(Duration::from_secs(5)).await, Begun::Unknown(_)));
    world.until(async |world| (world.reboots() == 1).then_some(())).await;
    let world = World::with(Fault::BmcSlow).await;
    assert!(matches!(world.restart(Duration::from_secs(1)).await, Begun::NeverSent(_)));
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn a_controller_refuses_another_password() {
    let mut world = World::new().await;
    std::fs::write(world.folder.path().join("bmc_password"), "guess\n").unwrap();
    world.rewrite(|text| text);
    assert_eq!(world.restart(SOON).await, Begun::NeverSent("the management controller answered 401".to_owned()));
}

/// Somebody has plugged each of two cables into the other's socket.
#[tokio::test]
async fn two_swapped_controllers_restart_neither_server() {
    let world = World::with(Fault::BmcSwapped).await;
    let other = ServerName::new("edge-lax-002");
    world.model(|fleet, now| fleet.set_fault(&other, Fault::BmcSwapped, now)).unwrap();
    let (id, its) = world.model(|fleet, _| (fleet.controller_uuid(&other), fleet.controller_uuid(&edge())));
    for (server, stated, said) in [(edge(), &id, &its), (other.clone(), &its, &id)] {
        let words = format!("its controller says UUID {said}, the inventory says {stated}");
        let begun = world.drivers.begin(&mandate(&Act::RestartOverRedfish(server.clone())), SOON).await;
        assert_eq!(begun, Begun::OtherMachine(words.clone()));
        assert_eq!(world.drivers.observe(&Probe::Power(server), SOON).await, Seen::OtherMachine(words));
    }
    assert_eq!(world.model(|fleet, _| fleet.log().iter().filter(|entry| entry.via == Via::Redfish).count()), 0);
    world.model(|fleet, now| fleet.repair(&other, now).and_then(|()| fleet.repair(&edge(), now))).unwrap();
    assert_eq!(world.restart(SOON).await, Begun::Sent);
    world.until(async |world| (world.reboots() == 1).then_some(())).await;
}

#[tokio::test]
async fn a_fleet_that_ended_is_reached_no_more() {
    let mut world = World::new().await;
    world.tasks.shutdown().await;
    assert!(matches!(world.reboot(SOON).await, Begun::NeverSent(_)));
}

/// What a small web service saw, and what it answers.
#[derive(Clone, Default)]
struct Service {
    keys: Arc<Mutex<Vec<String>>>,
    bodies: Arc<Mutex<Vec<String>>>,
}

async fn service(tasks: &mut JoinSet<()>) -> (String, Service) {
    use axum::http::{HeaderMap, StatusCode};
    let service = Service::default();
    let kept = service.clone();
    let answer = move |status: StatusCode| {
        let kept = kept.clone();
        async move |headers: HeaderMap, body: String| {
            kept.bodies.lock().unwrap().push(body);
            let key = headers.get("Idempotency-Key").unwrap().to_str().unwrap().to_owned();
            kept.keys.lock().unwrap().push(key);
            (status, [("location", "http://127.0.0.1:1/elsewhere")])
        }
    };
    let router = axum::Router::new()
        .route("/made", axum::routing::post(answer(StatusCode::CREATED)))
        .route("/bad", axum::routing::post(answer(StatusCode::BAD_REQUEST)))
        .route("/broken", axum::routing::post(answer(StatusCode::BAD_GATEWAY)))
        .route("/moved", axum::routing::post(answer(StatusCode::TEMPORARY_REDIRECT)))
        .route("/silent", axum::routing::post(async || std::future::pending::<()>().await));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, service)
}

#[tokio::test]
async fn an_http_step_carries_its_runs_key_and_believes_one_status() {
    let world = World::new().await;
    let mut tasks = JoinSet::new();
    let (url, service) = service(&mut tasks).await;
    let numbered = async |path: &str, number, deadline| {
        let act = Act::Http {
            method: HttpMethod::Post,
            url: format!("{url}{path}"),
            send: [("version", "7"), ("reboot.took", "1m32s")]
                .map(|(name, text)| (ParameterName::new(name), text.to_owned()))
                .into(),
            expect: 201,
            key: RunId::parse("run-2mq9.1").unwrap(),
            call: number,
        };
        world.drivers.begin(&mandate(&act), deadline).await
    };
    let call = async |path: &str, deadline| numbered(path, 1, deadline).await;
    assert_eq!(call("/made", SOON).await, Begun::Sent);
    assert!(matches!(call("/bad", SOON).await, Begun::Refused(_)));
    assert!(matches!(call("/broken", SOON).await, Begun::Unknown(_)));
    assert!(matches!(call("/moved", SOON).await, Begun::Refused(_)), "redirects are not followed");
    assert!(matches!(call("/silent", Duration::from_millis(300)).await, Begun::Unknown(_)));
    assert_eq!(*service.keys.lock().unwrap(), ["run-2mq9.1"; 4]);
    let body = r#"{"reboot.took":"1m32s","version":"7"}"#;
    assert_eq!(*service.bodies.lock().unwrap(), [body; 4], "each member under the name that the file sends");
    assert_eq!(numbered("/made", 2, SOON).await, Begun::Sent);
    assert_eq!(service.keys.lock().unwrap()[4..], ["run-2mq9.1/2"], "another step's call is another effect");
    let act = Act::Http {
        method: HttpMethod::Get,
        url: "http://127.0.0.1:1/".to_owned(),
        send: [].into(),
        expect: 200,
        key: RunId::parse("run-2mq9.1").unwrap(),
        call: 1,
    };
    assert!(matches!(world.drivers.begin(&mandate(&act), SOON).await, Begun::NeverSent(_)));
}

#[tokio::test]
async fn the_control_api_tells_the_truth_and_makes_trouble() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut tasks = JoinSet::new();
    let (told, mut changes) = tokio::sync::mpsc::unbounded_channel();
    let settings = FleetSettings {
        spec: FleetSpec::standard(),
        redfish_port: 0,
        on_change: Some(Arc::new(move |change: Value| told.send(change).unwrap())),
    };
    let fleet = SimulatedFleet::start(settings, Arc::new(SystemClock), &mut tasks).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/sandbox/fleet", listener.local_addr().unwrap());
    let router = fleet.control_router();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let web = Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| {
        let answer = web.get(format!("{base}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let post = async |path: &str, body: Value| {
        let answer = web.post(format!("{base}{path}")).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };

    assert_eq!(get("").await.1.as_array().unwrap().len(), 240);
    assert_eq!(get("?select=edge-lax-[001-020],dns-*").await.1.as_array().unwrap().len(), 44);
    assert_eq!(get("?select=edge-lax-[020-001]").await.0, 400);
    assert_eq!(get("?select=edge-mars-001").await.0, 404);
    let (status, told_off) = post("/edge-lax-003/fault", json!({ "kind": "gremlins" })).await;
    assert_eq!((status, told_off["error"].as_str()), (400, Some("no_such_fault")));
    assert_eq!(post("/edge-mars-001/fault", json!({ "kind": "dead" })).await.0, 404);
    assert_eq!(post("/edge-mars-001/repair", json!({})).await.0, 404);
    assert_eq!(get("/edge-mars-001").await.0, 404);

    // The teller has looked once before anything changes, or there is nothing to compare with.
    let mut change = json!(null);
    for fault in ["ssh_dead", "dead"] {
        assert_eq!(post("/edge-lax-003/fault", json!({ "kind": fault })).await.0, 200);
        if let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(1), changes.recv()).await {
            change = event;
        }
    }
    assert_eq!((change["name"].as_str(), change["phase"].as_str()), (Some("edge-lax-003"), Some("X")));
    let (_, server) = get("/edge-lax-003").await;
    assert_eq!((server["phase"].as_str(), server["reboots"].as_u64()), (Some("X"), Some(0)));
    assert_eq!(server["log"].as_array().unwrap().len(), 3);
    assert_eq!(post("/edge-lax-003/repair", json!({})).await.0, 200);
    assert_eq!(get("/edge-lax-003").await.1["phase"].as_str(), Some("B"));
    let (_, log) = get("/log?after=2").await;
    let deeds: Vec<_> = log.as_array().unwrap().iter().map(|entry| entry["deed"].as_str().unwrap()).collect();
    assert_eq!(deeds, ["went_down", "repair"]);
}
