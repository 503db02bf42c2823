//! What understanding a line costs, at the size of a real fleet: 20,000 servers, 135 sites, 200 commands.
//!
//! Run by `cargo bench --bench language`. Each group has a yardstick, measured in the same run, that the others are
//! compared with: numbers of two machines cannot be compared, ratios can. Nothing here fails by time.

use divan::{Bencher, black_box};
use std::collections::BTreeMap;
use wrasse::catalog::{self, Catalog};
use wrasse::domain::server::{
    PoolName, ProductionState, RackName, Server, ServerGroup, ServerId, ServerName, ServerType, SiteName,
};
use wrasse::domain::time::Timestamp;
use wrasse::fleet::{Inventory, Snapshot, Undone, fold, parse_selector, resolve};
use wrasse::language::{Vocabulary, parse};

fn main() {
    divan::main();
}

const SERVERS: usize = 20_000;
const SITES: usize = 135;
const COMMANDS: usize = 200;

fn server(number: usize) -> Server {
    let site = format!("s{:03}", number % SITES);
    let (short, server_type) = match number / SITES % 3 {
        0 => ("edge", "edge-cache"),
        1 => ("origin", "origin"),
        _ => ("dns", "dns"),
    };
    let name = format!("{short}-{site}-{:03}", number / SITES);
    Server {
        id: ServerId::new(format!("srv-{number}")),
        name: ServerName::new(name),
        server_type: ServerType::new(server_type),
        rack: RackName::new(format!("{site}-r{:02}", number / SITES % 20)),
        pool: Some(PoolName::new(format!("{short}-{site}"))),
        site: SiteName::new(site),
        initial_state: ProductionState::Production,
        tags: BTreeMap::new(),
    }
}

fn fleet() -> Inventory {
    let canaries = (ServerGroup::new("canaries"), "edge-s[000-134]-000".to_owned());
    let fleet = Inventory::new((0..SERVERS).map(server).collect(), Timestamp::from_millis(0));
    fleet.expect("the names differ").with_groups(BTreeMap::from([canaries])).expect("the group is sound")
}

/// As many command files as a large shop has: the shipped reboot under other names.
fn command_files() -> Vec<(String, String)> {
    let reboot = include_str!("../commands/reboot.yaml");
    let file = |number: usize| {
        let verb = if number == 0 { "reboot".to_owned() } else { format!("reboot-{number}") };
        // Reusing `drain` by a bare word needs that command too; it is in the list.
        let text = reboot.replace("command: reboot", &format!("command: {verb}"));
        (format!("{verb}.yaml"), text.replace("- reboot ", &format!("- {verb} ")))
    };
    let mut files: Vec<_> = (0..COMMANDS - 1).map(file).collect();
    files.push(("drain.yaml".to_owned(), include_str!("../commands/drain.yaml").to_owned()));
    files
}

fn commands() -> Catalog {
    catalog::load(&command_files()).expect("the shipped files are sound under other names")
}

const LINE: &str = "reboot edge-s007-[001-020/2,031] --wave 20% because kernel update of the whole rack";

mod line {
    use super::*;

    #[divan::bench]
    fn yardstick_split_into_words(bencher: Bencher) {
        bencher.bench(|| black_box(LINE).split(' ').map(str::to_owned).collect::<Vec<_>>());
    }

    #[divan::bench]
    fn parse_names(bencher: Bencher) {
        let vocabulary = Vocabulary::of(commands().commands().to_vec());
        bencher.bench(|| parse(black_box(LINE), &vocabulary));
    }

    #[divan::bench]
    fn parse_attributes(bencher: Bencher) {
        let vocabulary = Vocabulary::of(commands().commands().to_vec());
        let line = "reboot site=s007 & type=edge-cache ! edge-s007-001 at 23:00 UTC because kernel update";
        bencher.bench(|| parse(black_box(line), &vocabulary));
    }

    #[divan::bench]
    fn misunderstand_a_verb(bencher: Bencher) {
        let vocabulary = Vocabulary::of(commands().commands().to_vec());
        bencher.bench(|| parse(black_box("rebot edge-s007-001 because kernel update"), &vocabulary));
    }
}

mod servers {
    use super::*;

    fn names() -> Vec<ServerName> {
        fleet().servers().iter().map(|server| server.name.clone()).collect()
    }

    #[divan::bench]
    fn yardstick_sort_20_000_names(bencher: Bencher) {
        let mut shuffled = names();
        shuffled.sort_by_key(|name| wrasse::domain::ids::Fingerprint::of(name.as_str().as_bytes()).hex().to_owned());
        bencher.with_inputs(|| shuffled.clone()).bench_values(|mut names| {
            names.sort();
            names
        });
    }

    #[divan::bench(args = [
        "site=s007 & type=edge-cache ! @canaries",
        "type=edge-cache",
        "edge-*",
        "name=~^edge-s0[0-4]",
        "edge-s[000-134]-[000-144/3]",
    ])]
    fn resolve_over_20_000(bencher: Bencher, text: &str) {
        let fleet = fleet();
        let undone = Undone::new();
        let snapshot = Snapshot { inventory: &fleet, states: &|_| ProductionState::Production, undone: &undone };
        bencher.bench_local(|| {
            let (selector, _) = parse_selector(black_box(text), 0).expect("it is a selector");
            resolve(&selector, snapshot, text)
        });
    }

    #[divan::bench]
    fn fold_20_000(bencher: Bencher) {
        let names = names();
        bencher.bench(|| fold(black_box(&names)));
    }
}

mod files {
    use super::*;

    #[divan::bench]
    fn yardstick_read_200_as_plain_yaml(bencher: Bencher) {
        let files = command_files();
        bencher.bench(|| {
            let read = |(_, text): &(String, String)| serde_saphyr::from_str::<serde_json::Value>(text);
            files.iter().map(read).filter(Result::is_ok).count()
        });
    }

    #[divan::bench]
    fn load_200_commands(bencher: Bencher) {
        let files = command_files();
        bencher.bench(|| catalog::load(black_box(&files)));
    }
}
