//! What permission costs, at the size of a large shop: 10,000 rules over 500 channels, 20,000 servers, 200 commands.
//!
//! Run by `cargo bench --bench authorization`. The numbers to stay below, on one core: a decision 30 µs, one for 20,000
//! servers 50 ms, and 1,000 rules read anew in a second. Nothing here fails by time.

use divan::{Bencher, black_box};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;
use wrasse::authorization::{Channels, Known, Policies, PolicyFile, Question};
use wrasse::domain::command::{CommandName, CommandSpec, Impact, Priority, Targets, WaveRule, WaveSize};
use wrasse::domain::identity::{GroupName, PersonId, Profile, Standing};
use wrasse::domain::ids::Fingerprint;
use wrasse::domain::place::{ChannelFacts, ChannelId, ChannelName, Membership, Reach};
use wrasse::domain::server::{PoolName, ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};

fn main() {
    divan::main();
}

const SERVERS: usize = 20_000;
const SITES: usize = 135;
const COMMANDS: usize = 200;
const GROUPS: usize = 100;
const CHANNELS: usize = 500;
const RULES_OF_A_CHANNEL: usize = 20;
const TYPES: [&str; 3] = ["edge-cache", "origin", "dns"];

const fn server_type(number: usize) -> &'static str {
    match number % 3 {
        0 => "edge-cache",
        1 => "origin",
        _ => "dns",
    }
}

const fn impact(number: usize) -> Impact {
    match number % 4 {
        0 => Impact::ReadOnly,
        1 => Impact::Config,
        2 => Impact::Drain,
        _ => Impact::PowerCycle,
    }
}

fn server(number: usize) -> Server {
    let site = format!("s{:03}", number % SITES);
    let server_type = server_type(number / SITES);
    Server {
        id: ServerId::new(format!("srv-{number}")),
        name: ServerName::new(format!("{server_type}-{site}-{:03}", number / SITES)),
        server_type: ServerType::new(server_type),
        rack: RackName::new(format!("{site}-r{:02}", number / SITES % 20)),
        pool: Some(PoolName::new(format!("{server_type}-{site}"))),
        site: SiteName::new(site),
        initial_state: ProductionState::Production,
        tags: BTreeMap::new(),
    }
}

fn command(number: usize) -> CommandSpec {
    CommandSpec {
        name: CommandName::new(format!("command-{number}")),
        summary: String::new(),
        impact: impact(number),
        owner: GroupName::new("g0"),
        targets: Targets::Servers {
            types: TYPES.map(ServerType::new).to_vec(),
            from: vec![ProductionState::Production],
            max: 50_000,
        },
        parameters: Vec::new(),
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        priority: Priority::default(),
        remediates: false,
        approvals: None,
        steps: Vec::new(),
        examples: Vec::new(),
        hash: Fingerprint::of(b"bench"),
    }
}

/// Every tenth rule forbids; each names two groups, three commands, a type and three sites.
fn rule(channel: usize, number: usize) -> String {
    let of = |step: usize, count: usize| (channel * 7 + number * 13 + step * 5) % count;
    let (commands, sites) =
        ([of(1, COMMANDS), of(2, COMMANDS), of(3, COMMANDS)], [of(4, SITES), of(5, SITES), of(6, SITES)]);
    let commands = commands.map(|command| format!("command-{command}")).join(", ");
    let sites = sites.map(|site| format!("s{site:03}")).join(", ");
    let (kind, limit) = (server_type(of(7, 3)), if number.is_multiple_of(10) { "above" } else { "at-most" });
    format!(
        "  - {{ id: c{channel}-r{number}, who: [g{}, g{}], commands: [{commands}], on: {{ type: {kind}, site: [{sites}] }}, \
         {limit}: {}, reason: a rule of a large shop }}\n",
        of(8, GROUPS),
        of(9, GROUPS),
        of(10, 400) + 1,
    )
}

fn channel_file(channel: usize, rules: usize) -> PolicyFile {
    let of = |forbid: bool| {
        let numbers = (0..rules).filter(move |number| number.is_multiple_of(10) == forbid);
        numbers.map(|number| rule(channel, number)).collect::<String>()
    };
    // One more that the questions below are allowed by.
    let own = format!(
        "  - {{ id: c{channel}-own, who: g1, commands: [command-1, command-2], at-most: 50000, reason: the group's own }}\n"
    );
    let text = format!("allow:\n{own}{}forbid:\n{}", of(false), of(true));
    PolicyFile { name: format!("channels/c{channel}.yaml"), text }
}

fn files(channels: usize, rules: usize) -> (Vec<PolicyFile>, Channels) {
    let shipped = |name: &str, text: &str| PolicyFile { name: name.to_owned(), text: text.to_owned() };
    let mut files = vec![shipped("schema.cedarschema", include_str!("../policies/schema.cedarschema"))];
    files.extend((0..channels).map(|channel| channel_file(channel, rules)));
    let pair = |channel: usize| (ChannelName::new(format!("c{channel}")), ChannelId::new(format!("C{channel}")));
    (files, (0..channels).map(pair).collect())
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let groups = (0..GROUPS).map(|group| GroupName::new(format!("g{group}")));
        let commands = (0..COMMANDS).map(|number| command(number).name);
        Known::of(groups, commands, fleet())
    })
}

fn fleet() -> &'static [Server] {
    static FLEET: OnceLock<Vec<Server>> = OnceLock::new();
    FLEET.get_or_init(|| (0..SERVERS).map(server).collect())
}

fn one_server() -> &'static [Server] {
    fleet().get(..1).expect("the fleet has servers")
}

fn policies() -> &'static Policies {
    static POLICIES: OnceLock<Policies> = OnceLock::new();
    POLICIES.get_or_init(|| load(CHANNELS, RULES_OF_A_CHANNEL))
}

fn load(channels: usize, rules: usize) -> Policies {
    let (files, channels) = files(channels, rules);
    Policies::new(&files, &channels, known()).expect("the rules above are sound")
}

fn person(group: &str) -> Profile {
    Profile {
        id: PersonId::new("T0WRASSE", "U0ANA"),
        name: "ana".to_owned(),
        standing: Standing::Member,
        groups: vec![GroupName::new(group)],
        zone: None,
    }
}

fn place() -> ChannelFacts {
    ChannelFacts {
        id: ChannelId::new("C250"),
        name: Some(ChannelName::new("c250")),
        bot: Membership::Inside,
        reach: Reach::OwnWorkspace,
    }
}

fn ask(bencher: Bencher<'_, '_>, group: &str, number: usize, servers: &[Server], is_allowed: bool) {
    let (policies, person, place, command) = (policies(), person(group), place(), command(number));
    let question = Question { person: &person, channel: &place, command: &command, servers, sites: &[] };
    assert_eq!(policies.decide(&question).is_ok(), is_allowed);
    bencher.bench(|| policies.decide(black_box(&question)).is_ok());
}

#[divan::bench]
fn one_server_allowed(bencher: Bencher<'_, '_>) {
    ask(bencher, "g1", 1, one_server(), true);
}

/// The same without what a refusal suggests, which looks into every channel.
#[divan::bench]
fn one_server_refused_shortly(bencher: Bencher<'_, '_>) {
    let (policies, person, place, command) = (policies(), person("g99"), place(), command(1));
    let servers = one_server();
    let question = Question { person: &person, channel: &place, command: &command, servers, sites: &[] };
    bencher.bench(|| policies.decide_shortly(black_box(&question)).is_ok());
}

#[divan::bench]
fn one_server_refused_with_suggestions(bencher: Bencher<'_, '_>) {
    ask(bencher, "g99", 1, one_server(), false);
}

#[divan::bench]
fn twenty_thousand_servers_allowed(bencher: Bencher<'_, '_>) {
    ask(bencher, "g1", 1, fleet(), true);
}

#[divan::bench]
fn twenty_thousand_servers_refused_with_suggestions(bencher: Bencher<'_, '_>) {
    ask(bencher, "g99", 1, fleet(), false);
}

#[divan::bench(sample_count = 10)]
fn reload_of_1_000_rules(bencher: Bencher<'_, '_>) {
    let (files, channels) = files(50, 19);
    bencher.bench(|| Policies::new(black_box(&files), &channels, known()).is_ok());
}

#[divan::bench(sample_count = 3)]
fn reload_of_1_000_rules_of_one_channel(bencher: Bencher<'_, '_>) {
    let (files, channels) = files(1, 999);
    bencher.bench(|| Policies::new(black_box(&files), &channels, known()).is_ok());
}

#[divan::bench]
fn what_somebody_may_use_of_200_commands(bencher: Bencher<'_, '_>) {
    let commands: Vec<CommandSpec> = (0..COMMANDS).map(command).collect();
    let (policies, person, place) = (policies(), person("g1"), place());
    bencher.bench(|| policies.commands_for(black_box(&person), &place, &commands).len());
}

#[divan::bench]
fn who_may_use_a_command(bencher: Bencher<'_, '_>) {
    let (policies, place, command) = (policies(), place(), command(1));
    bencher.bench(|| policies.groups_for(black_box(&place), &command).len());
}
