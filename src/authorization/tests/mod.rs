//! Each yes with its no, through [`check`].

mod accounts;
mod automations;
mod ceilings;
mod decisions;
mod differential;
mod groups;
mod loading;
mod nearest;
mod rules;
mod tables;

use super::{Authorized, Channels, Known, Policies, PolicyFaults, PolicyFile, Question, Refusal, RefusalKind};
use crate::domain::command::{CommandName, CommandSpec, Impact, Priority, Targets, WaveRule, WaveSize};
use crate::domain::identity::{GroupName, PersonId, Profile, Standing};
use crate::domain::ids::Fingerprint;
use crate::domain::place::{ChannelFacts, ChannelId, ChannelName, Membership, Reach};
use crate::domain::server::{PoolName, ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
use std::time::Duration;

const SCHEMA: &str = include_str!("../../../policies/schema.cedarschema");
const GLOBAL: &str = include_str!("../../../policies/global.cedar");
const CHANNELS: &str = include_str!("../../../policies/channels.yaml");
const NOC: &str = include_str!("../../../policies/channels/noc.yaml");
const AUTOMATIONS: &str = include_str!("../../../policies/automations.yaml");
const GROUPS: &str = include_str!("../../../policies/groups.yaml");
const WEB: &str = include_str!("../../../policies/channels/web.yaml");
const INCIDENTS: &str = include_str!("../../../policies/channels/incidents.cedar");

/// One line, answered in one line: `yes: …` with the policies, or `no: …` with the reason and who could.
fn check(policies: &Policies, person: &Profile, channel: &ChannelFacts, line: (&str, &[Server])) -> String {
    told(decide(policies, person, channel, line))
}

fn decide(
    policies: &Policies,
    person: &Profile,
    channel: &ChannelFacts,
    (verb, servers): (&str, &[Server]),
) -> Result<Authorized, Box<Refusal>> {
    policies.decide(&Question { person, channel, command: &command(verb), servers, sites: &[] })
}

fn told(answer: Result<Authorized, Box<Refusal>>) -> String {
    let refusal = match answer {
        Ok(yes) => {
            let by: Vec<_> = yes.allowed_by().iter().map(|note| note.id.as_str()).collect();
            return format!("yes: {} on {} by {}", yes.command(), yes.server_count(), by.join(", "));
        }
        Err(refusal) => refusal,
    };
    let why = match &refusal.kind {
        RefusalKind::Forbidden { by } => {
            let by: Vec<_> = by.iter().map(|note| format!("{} ({}:{})", note.id, note.file, note.line)).collect();
            format!("forbidden by {}", by.join(", "))
        }
        RefusalKind::TooMany { at_most, by } => format!("at most {at_most} by {}", by.id),
        RefusalKind::Ceiling { reach, at_most } => format!("{reach:?} is for {at_most:?}"),
        RefusalKind::Standing(_)
        | RefusalKind::NoPolicy
        | RefusalKind::WrongSubjects
        | RefusalKind::NothingAllowed
        | RefusalKind::EvaluationFault(_) => format!("{:?}", refusal.kind),
    };
    let mut text = format!("no: {why}");
    if !refusal.could.channels.is_empty() {
        text += &format!("; you in {:?}", refusal.could.channels);
    }
    if !refusal.could.groups.is_empty() {
        text += &format!("; here {:?}", refusal.could.groups);
    }
    if refusal.refused_count > 0 && refusal.refused_count < refusal.server_count {
        text += &format!(
            "; stopped by {} of {}, e.g. {:?}",
            refusal.refused_count, refusal.server_count, refusal.first_refused
        );
    }
    text
}

fn shipped() -> Policies {
    load(&[
        ("global.cedar", GLOBAL),
        ("automations.yaml", AUTOMATIONS),
        ("groups.yaml", GROUPS),
        ("channels/noc.yaml", NOC),
        ("channels/web.yaml", WEB),
        ("channels/incidents.cedar", INCIDENTS),
    ])
    .unwrap_or_else(|faults| panic!("{}", faults.render()))
}

fn load(files: &[(&str, &str)]) -> Result<Policies, PolicyFaults> {
    let mut all = vec![PolicyFile { name: "schema.cedarschema".into(), text: SCHEMA.into() }];
    all.extend(files.iter().map(|(name, text)| PolicyFile { name: (*name).into(), text: (*text).into() }));
    Policies::new(&all, &Channels::parse(CHANNELS).unwrap(), &known())
}

/// A set of one channel, #noc, with that Cedar in its file.
fn noc_with(text: &str) -> Result<Policies, PolicyFaults> {
    load(&[("channels/noc.cedar", text)])
}

/// The same with rules in YAML.
fn noc_rules(text: &str) -> Result<Policies, PolicyFaults> {
    load(&[("channels/noc.yaml", text)])
}

fn faults_of(text: &str) -> String {
    noc_with(text).unwrap_err().to_string()
}

fn known() -> Known {
    let groups = ["noc", "sre", "incident-commander", "data-centre"].map(GroupName::new);
    let commands = ["reboot", "drain", "undrain", "announce", "isolate", "wipe"].map(CommandName::new);
    Known::of(groups, commands, &fleet())
}

fn fleet() -> Vec<Server> {
    let types = ["edge-cache", "origin", "dns"];
    types.iter().flat_map(|kind| ["lax", "riga"].iter().flat_map(|site| servers(kind, site, 2))).collect()
}

fn servers(kind: &str, site: &str, count: usize) -> Vec<Server> {
    let short = kind.split('-').next().unwrap();
    let one = |number| Server {
        id: ServerId::new(format!("srv-{short}-{site}-{number}")),
        name: ServerName::new(format!("{short}-{site}-{number:03}")),
        server_type: ServerType::new(kind),
        site: SiteName::new(site),
        rack: RackName::new(format!("{site}-r01")),
        pool: (kind != "dns").then(|| PoolName::new(format!("{short}-{site}"))),
        initial_state: ProductionState::Production,
        tags: std::collections::BTreeMap::new(),
    };
    (1..=count).map(one).collect()
}

fn edge(count: usize) -> Vec<Server> {
    servers("edge-cache", "lax", count)
}

fn command(verb: &str) -> CommandSpec {
    let impact = match verb {
        "reboot" => Impact::PowerCycle,
        "wipe" => Impact::Destructive,
        "announce" => Impact::ReadOnly,
        _ => Impact::Drain,
    };
    let types = ["edge-cache", "origin", "dns"].map(ServerType::new).to_vec();
    let targets = match verb {
        "announce" => Targets::None,
        "isolate" => Targets::Sites { max: 5 },
        _ => Targets::Servers { types, from: vec![ProductionState::Production], max: 500 },
    };
    CommandSpec {
        name: CommandName::new(verb),
        summary: String::new(),
        impact,
        owner: GroupName::new("sre"),
        targets,
        parameters: Vec::new(),
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        priority: Priority::default(),
        remediates: false,
        approvals: None,
        steps: Vec::new(),
        examples: Vec::new(),
        hash: Fingerprint::of(verb.as_bytes()),
    }
}

fn person(name: &str, groups: &[&str]) -> Profile {
    let mut groups: Vec<_> = groups.iter().map(|group| GroupName::new(*group)).collect();
    groups.sort();
    let id = PersonId::new("T0WRASSE", format!("U0{}", name.to_uppercase()));
    Profile { id, name: name.into(), standing: Standing::Member, groups, zone: None }
}

fn ana() -> Profile {
    person("ana", &["noc"])
}

fn channel(name: &str) -> ChannelFacts {
    ChannelFacts {
        id: ChannelId::new(format!("C0{}", name.to_uppercase())),
        name: Some(ChannelName::new(name)),
        bot: Membership::Inside,
        reach: Reach::OwnWorkspace,
    }
}
