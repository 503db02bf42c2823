//! What is done with each input, by the fuzzer and, for the kept inputs, by the tests: nothing may panic, and what was
//! understood must survive being printed and read again.

#![allow(dead_code, reason = "each target uses one of them")]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use wrasse::adapters::slack::text::typed;
use wrasse::catalog::{self, Catalog};
use wrasse::domain::server::{PoolName, ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
use wrasse::domain::time::Timestamp;
use wrasse::fleet::{Inventory, Snapshot, Undone, fold, parse_selector, resolve};
use wrasse::language::{self, Vocabulary};

static SHIPPED: LazyLock<Catalog> = LazyLock::new(|| {
    let files = [
        ("announce.yaml", include_str!("../commands/announce.yaml")),
        ("drain.yaml", include_str!("../commands/drain.yaml")),
        ("reboot.yaml", include_str!("../commands/reboot.yaml")),
        ("undrain.yaml", include_str!("../commands/undrain.yaml")),
    ];
    catalog::load(&files.map(|(name, text)| (name.to_owned(), text.to_owned()))).expect("the shipped files are sound")
});

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(SHIPPED.commands().to_vec()));

static FLEET: LazyLock<Inventory> = LazyLock::new(|| {
    let server = |number: usize| {
        let site = if number < 20 { "lax" } else { "riga" };
        Server {
            id: ServerId::new(format!("srv-{number}")),
            name: ServerName::new(format!("edge-{site}-{:03}", number % 20)),
            server_type: ServerType::new("edge-cache"),
            site: SiteName::new(site),
            rack: RackName::new(format!("{site}-r01")),
            pool: Some(PoolName::new(format!("edge-{site}"))),
            initial_state: ProductionState::Production,
            tags: BTreeMap::new(),
        }
    };
    Inventory::new((0..40).map(server).collect(), Timestamp::from_millis(0)).expect("the names differ")
});

/// A whole line: read, printed, read again.
pub(crate) fn line(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(intent) = language::parse(&text, &VOCABULARY) else { return };
    let printed = language::print(&intent, &VOCABULARY);
    let again = language::parse(&printed, &VOCABULARY);
    assert!(again.is_ok(), "{text:?} is printed as {printed:?}, which is {again:?}");
    let Ok(again) = again else { return };
    assert_eq!(language::print(&again, &VOCABULARY), printed, "{text:?}");
}

/// A selector: read, printed, read again, resolved, folded.
pub(crate) fn selector(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(text) = language::normalise(&text) else { return };
    let Ok((read, _)) = parse_selector(&text, 0) else { return };
    let printed = wrasse::fleet::print(&read.value);
    let again = parse_selector(&printed, 0);
    assert!(again.is_ok(), "{text:?} is printed as {printed:?}: {again:?}");
    let Ok((again, end)) = again else { return };
    assert_eq!(end, printed.len(), "{printed:?} is not read to its end");
    assert_eq!(wrasse::fleet::print(&again.value), printed, "{text:?}");
    let undone = Undone::new();
    let snapshot = Snapshot { inventory: &FLEET, states: &|_| ProductionState::Production, undone: &undone };
    let Ok(servers) = resolve(&read, snapshot, &text) else { return };
    let names: Vec<ServerName> = servers.into_iter().map(|server| server.name).collect();
    let folded = fold(&names).join(",");
    let back = parse_selector(&folded, 0).and_then(|(refolded, _)| resolve(&refolded, snapshot, &folded));
    assert!(back.is_ok(), "{text:?} folds to {folded:?}: {back:?}");
    let Ok(back) = back else { return };
    assert!(back.iter().map(|server| &server.name).eq(&names), "{text:?} folds to {folded:?}");
}

/// The chat's own spelling of what people typed.
pub(crate) fn slack_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    line(typed(&text, "U0WRASSE").line.as_bytes());
}

/// A command file: sound, or faults that can be shown.
pub(crate) fn command_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    if let Err(faults) = catalog::load(&[("fuzzed.yaml".to_owned(), text)]) {
        assert!(!faults.to_string().is_empty());
    }
}
