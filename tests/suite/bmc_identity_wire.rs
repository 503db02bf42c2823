//! A management controller proves which machine is behind it before it is told to reset it: every answer, on the wire.

use crate::mandates::mandate;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use wrasse::adapters::drivers::RealDrivers;
use wrasse::adapters::inventory::load;
use wrasse::domain::effect::{Act, Begun, Power, PowerFacts, Probe, Seen};
use wrasse::domain::server::ServerName;
use wrasse::domain::time::Timestamp;
use wrasse::ports::Drivers;

const SOON: Duration = Duration::from_secs(5);
const UUID: &str = "4c4c4544-0046-5110-8034-c7c04f583133";
const OTHER: &str = "4c4c4544-0046-5110-8034-c7c04f583134";

/// A controller that says what it is told to say of itself, and the driver that an inventory makes of it.
struct Controller {
    resets: Arc<AtomicUsize>,
    drivers: RealDrivers,
    _tasks: JoinSet<()>,
}

impl Controller {
    /// Says these members beside its power; the inventory states that identity.
    async fn saying(said: Value, stated: &str) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let resets = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&resets);
        let mut system = json!({ "PowerState": "On" });
        system.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        let router = axum::Router::new()
            .route("/redfish/v1/Systems/1", axum::routing::get(async move || axum::Json(system.clone())))
            .route(
                "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset",
                axum::routing::post(async move || {
                    counted.fetch_add(1, Ordering::SeqCst);
                    axum::http::StatusCode::NO_CONTENT
                }),
            );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), "secret\n").unwrap();
        let path = folder.path().join("inventory.yaml");
        let text = format!(
            "sites: [lax]\ncredentials:\n  bmc: {{ username: admin, password_file: password }}\nservers:\n  \
             - {{ id: a, name: log-lax-01, type: log, site: lax, rack: r,\n      \
             bmc: {{ url: \"http://{address}/redfish/v1/Systems/1\", credential: bmc{stated} }} }}\n"
        );
        std::fs::write(&path, text).unwrap();
        let drivers = RealDrivers::new(load(&path, Timestamp::default()).unwrap().endpoints).unwrap();
        Self { resets, drivers, _tasks: tasks }
    }

    /// What comes of a restart and of a look at the power, and how many resets arrived.
    async fn asked(&self) -> (Begun, Seen, usize) {
        let server = ServerName::new("log-lax-01");
        let begun = self.drivers.begin(&mandate(&Act::RestartOverRedfish(server.clone())), SOON).await;
        let seen = self.drivers.observe(&Probe::Power(server), SOON).await;
        (begun, seen, self.resets.load(Ordering::SeqCst))
    }
}

async fn asked(said: Value, stated: &str) -> (Begun, Seen, usize) {
    Controller::saying(said, stated).await.asked().await
}

fn by_uuid() -> String {
    format!(", uuid: {UUID}")
}

#[tokio::test]
async fn a_controller_that_says_what_the_inventory_states_is_told_to_reset() {
    let on = || Seen::Power(PowerFacts { power: Power::On, last_reset: None });
    let both = format!(", uuid: {UUID}, serial: 7FQ4X13");
    for (said, stated) in [
        (json!({ "UUID": UUID }), by_uuid()),
        (json!({ "UUID": UUID.to_uppercase(), "SerialNumber": "another" }), by_uuid()),
        (json!({ "SerialNumber": " 7FQ4X13 " }), ", serial: 7FQ4X13".to_owned()),
        (json!({ "UUID": UUID, "SerialNumber": "7FQ4X13" }), both.clone()),
        (json!({ "UUID": UUID, "SerialNumber": "CN7475140", "SKU": "7FQ4X13" }), both),
    ] {
        assert_eq!(asked(said.clone(), &stated).await, (Begun::Sent, on(), 1), "{said} {stated}");
    }
    // Where nothing is stated a controller is believed, whatever it says of itself.
    for said in [json!({}), json!({ "UUID": OTHER }), json!({ "UUID": 7, "SerialNumber": null })] {
        assert_eq!(asked(said.clone(), "").await, (Begun::Sent, on(), 1), "{said}");
    }
}

#[tokio::test]
async fn a_controller_of_another_machine_is_sent_nothing() {
    let words = format!("its controller says UUID {OTHER}, the inventory says {UUID}");
    let found = asked(json!({ "UUID": OTHER.to_uppercase() }), &by_uuid()).await;
    assert_eq!(found, (Begun::OtherMachine(words.clone()), Seen::OtherMachine(words), 0));
    let words = "its controller says serial number CN1, the inventory says 7FQ4X13".to_owned();
    let found = asked(json!({ "SerialNumber": "CN1", "SKU": "8XX1234" }), ", serial: 7FQ4X13").await;
    assert_eq!(found, (Begun::OtherMachine(words.clone()), Seen::OtherMachine(words), 0));
    let words = "its controller says serial number 7fq4x13, the inventory says 7FQ4X13".to_owned();
    let stated = format!(", uuid: {UUID}, serial: 7FQ4X13");
    let found = asked(json!({ "UUID": UUID, "SerialNumber": "7fq4x13" }), &stated).await;
    assert_eq!(found, (Begun::OtherMachine(words.clone()), Seen::OtherMachine(words), 0));
}

/// Not to say it is no proof of another machine, and no proof of the right one either.
#[tokio::test]
async fn a_controller_that_does_not_say_which_machine_it_is_is_sent_nothing() {
    let words = "its controller tells no UUID, and the inventory states one".to_owned();
    for said in [
        json!({}),
        json!({ "UUID": null }),
        json!({ "UUID": "" }),
        json!({ "UUID": "not a UUID" }),
        json!({ "UUID": "00000000-0000-0000-0000-000000000000" }),
        json!({ "UUID": ["4c4c4544-0046-5110-8034-c7c04f583133"] }),
        json!({ "UUID": 7 }),
    ] {
        let found = asked(said.clone(), &by_uuid()).await;
        assert_eq!(found, (Begun::NeverSent(words.clone()), Seen::NoAnswer(words.clone()), 0), "{said}");
    }
    let words = "its controller tells no serial number, and the inventory states one".to_owned();
    let found = asked(json!({ "UUID": UUID, "SerialNumber": "  " }), &format!(", uuid: {UUID}, serial: 7FQ4X13")).await;
    assert_eq!(found, (Begun::NeverSent(words.clone()), Seen::NoAnswer(words), 0));
}
