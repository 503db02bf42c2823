//! `policies/tests/*.yaml`: tables of questions with the answers that the policies' authors expect.
//!
//! Deliberately absent: what a selector means, which comes in as a function.

use super::answers::{Authorized, PolicyName, PolicyNote, Refusal, RefusalKind};
use super::channels::DIRECT;
use super::decide::Question;
use super::faults::{PolicyFaults, line_at};
use super::known::ServerClass;
use super::load::{Policies, PolicyFile};
use super::rules::{Whom, people};
use super::sheet::{Keys, Sheet, Word, did_you_mean};
use crate::domain::command::{CommandName, CommandSpec, Targets};
use crate::domain::identity::{GroupName, PersonId, Profile, Standing, UserId};
use crate::domain::place::{ChannelFacts, ChannelId, ChannelName, Membership, Reach};
use crate::domain::server::{ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
use crate::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};

/// What tables are tried against.
#[derive(Clone, Copy)]
pub struct TestGround<'a> {
    /// The policies.
    pub policies: &'a Policies,
    /// The commands of the catalogue.
    pub commands: &'a [&'a CommandSpec],
    /// The servers that a selector means, or why it means none.
    pub select: &'a dyn Fn(&str) -> Result<Vec<Server>, String>,
}

/// What came of all tables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TestReport {
    /// How many cases were tried.
    pub cases: usize,
    /// Those that were answered otherwise than expected.
    pub differences: Vec<Difference>,
    /// Policies that decided no case, sorted: nothing would notice if they were gone.
    pub untested: Vec<PolicyName>,
}

/// A case that was answered otherwise than expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The file.
    pub file: String,
    /// The line of the expectation, counted from 1.
    pub line: usize,
    /// What was asked, in words.
    pub question: String,
    /// What was expected.
    pub expected: String,
    /// What was answered.
    pub decided: String,
    /// The sentences of the policies that decided, each with its place.
    pub because: Vec<String>,
}

const KEYS: [&str; 8] = ["who", "in", "reach", "command", "on", "servers", "sites", "expect"];
/// Stands for somebody in no group.
const NOBODY: &str = "nobody";
/// The most servers of one case: more are not another question.
const COUNT_MAX: u32 = 100_000;

/// One question with its expected answer.
struct Case<'a> {
    person: Profile,
    channel: ChannelFacts,
    command: &'a CommandSpec,
    /// Each is asked for itself: the servers of one class where the table leaves open which.
    subjects: Vec<Subjects>,
    expected: Expectation,
    /// Where the expectation stands.
    offset: usize,
}

#[derive(Default)]
struct Subjects {
    servers: Vec<Server>,
    sites: Vec<SiteName>,
    words: String,
}

/// What a table says of the answer.
#[derive(Clone, PartialEq, Eq)]
struct Expectation {
    is_allowed: bool,
    /// `None` when it does not matter which policies decide.
    by: Option<BTreeSet<PolicyName>>,
    /// The most that would be allowed, where that is what the refusal has to say.
    above: Option<u32>,
}

/// Tries every case of these tables.
///
/// # Errors
/// What is wrong with the tables themselves.
pub fn run_tables(files: &[PolicyFile], ground: TestGround<'_>) -> Result<TestReport, PolicyFaults> {
    let mut report = TestReport::default();
    let mut faults = Vec::new();
    let mut deciding: BTreeSet<PolicyName> = BTreeSet::new();
    for file in files {
        let mut sheet = Sheet::new(file);
        let Some(tree) = sheet.tree() else {
            faults.append(&mut sheet.faults);
            continue;
        };
        let nodes = sheet.list(&tree, "a table");
        let cases: Vec<Case<'_>> = nodes.iter().filter_map(|node| case(&mut sheet, ground, node)).collect();
        faults.append(&mut sheet.faults);
        for one in cases {
            report.cases += 1;
            report.differences.extend(tried(file, &one, ground, &mut deciding));
        }
    }
    if !faults.is_empty() {
        return Err(PolicyFaults::new(faults));
    }
    let all = ground.policies.policies.keys();
    report.untested = all.filter(|id| !deciding.contains(*id)).cloned().collect();
    Ok(report)
}

fn tried(
    file: &PolicyFile,
    case: &Case<'_>,
    ground: TestGround<'_>,
    deciding: &mut BTreeSet<PolicyName>,
) -> Option<Difference> {
    for subjects in &case.subjects {
        let question = Question {
            person: &case.person,
            channel: &case.channel,
            command: case.command,
            servers: &subjects.servers,
            sites: &subjects.sites,
        };
        let answer = ground.policies.decide(&question);
        let notes = notes(&answer);
        deciding.extend(notes.iter().map(|note| note.id.clone()));
        if !case.expected.holds(&answer) {
            let because =
                notes.iter().map(|note| format!("{} ({}:{}): {}", note.id, note.file, note.line, note.reason));
            return Some(Difference {
                file: file.name.clone(),
                line: line_at(&file.text, case.offset),
                question: case.words(subjects),
                expected: case.expected.words(),
                decided: decided(&answer),
                because: because.collect(),
            });
        }
    }
    None
}

fn notes(answer: &Result<Authorized, Box<Refusal>>) -> Vec<&PolicyNote> {
    match answer {
        Ok(authorized) => authorized.allowed_by().iter().collect(),
        Err(refusal) => match &refusal.kind {
            RefusalKind::Forbidden { by } => by.iter().collect(),
            RefusalKind::TooMany { by, .. } => vec![by],
            RefusalKind::Standing(_)
            | RefusalKind::Ceiling { .. }
            | RefusalKind::NoPolicy
            | RefusalKind::WrongSubjects
            | RefusalKind::NothingAllowed
            | RefusalKind::EvaluationFault(_) => Vec::new(),
        },
    }
}

fn decided(answer: &Result<Authorized, Box<Refusal>>) -> String {
    let by = notes(answer).into_iter().map(|note| note.id.to_string()).collect::<Vec<_>>().join(", ");
    match answer.as_ref().map_err(|refusal| &refusal.kind) {
        Ok(_) => format!("allowed by {by}"),
        Err(RefusalKind::Forbidden { .. }) => format!("refused by {by}"),
        Err(RefusalKind::TooMany { at_most, .. }) => format!("refused above {at_most} by {by}"),
        Err(RefusalKind::NothingAllowed) => "refused by no policy: none allows it".to_owned(),
        Err(RefusalKind::NoPolicy) => "refused by no policy: the channel has none".to_owned(),
        Err(RefusalKind::Ceiling { .. }) => {
            "refused by no policy: channels.yaml keeps it from such a channel".to_owned()
        }
        Err(RefusalKind::Standing(_)) => "refused by no policy: not a member".to_owned(),
        Err(RefusalKind::WrongSubjects) => "refused by no policy: the command does not work on that".to_owned(),
        Err(RefusalKind::EvaluationFault(cause)) => format!("refused by no policy: one cannot be evaluated: {cause}"),
    }
}

impl Expectation {
    fn holds(&self, answer: &Result<Authorized, Box<Refusal>>) -> bool {
        let decided: BTreeSet<&PolicyName> = notes(answer).into_iter().map(|note| &note.id).collect();
        let above = match answer.as_ref().map_err(|refusal| &refusal.kind) {
            Err(RefusalKind::TooMany { at_most, .. }) => u32::try_from(*at_most).ok(),
            Ok(_) | Err(_) => None,
        };
        self.is_allowed == answer.is_ok()
            && self.by.as_ref().is_none_or(|by| by.iter().collect::<BTreeSet<_>>() == decided)
            && self.above.is_none_or(|most| above == Some(most))
    }

    fn words(&self) -> String {
        let verb = if self.is_allowed { "allowed" } else { "refused" };
        let above = self.above.map_or_else(String::new, |most| format!(" above {most}"));
        let by = match &self.by {
            None => String::new(),
            Some(by) if by.is_empty() => " by no policy".to_owned(),
            Some(by) => format!(" by {}", by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        };
        format!("{verb}{above}{by}")
    }
}

impl Case<'_> {
    fn words(&self, subjects: &Subjects) -> String {
        let groups = self.person.groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let who = match (groups.as_str(), self.person.name.as_str()) {
            ("", "") => "somebody in no group".to_owned(),
            ("", name) => name.to_owned(),
            (groups, "") => format!("somebody of {groups}"),
            (groups, name) => format!("{name} of {groups}"),
        };
        let place = match (&self.channel.name, self.channel.reach) {
            (Some(name), Reach::Shared) => format!("in #{name}, shared"),
            (Some(name), Reach::Private) => format!("in #{name}, private"),
            (Some(name), Reach::OwnWorkspace | Reach::Direct) => format!("in #{name}"),
            (None, _) => "in a direct conversation".to_owned(),
        };
        format!("{}{} by {who} {place}", self.command.name, subjects.words)
    }
}

fn case<'a>(sheet: &mut Sheet<'_>, ground: TestGround<'a>, node: &Node) -> Option<Case<'a>> {
    let keys = sheet.keys(node, "a case", &KEYS)?;
    let person = needed(sheet, node, &keys, "who", "e.g. `who: noc`, or `who: nobody` for somebody in no group")
        .map(|who| person(sheet, ground, who));
    let channel = needed(sheet, node, &keys, "in", "the channel's name in channels.yaml, or `direct`")
        .and_then(|channel| place(sheet, ground, channel));
    let reach = keys.get("reach").map(|reach| reach_of(sheet, reach));
    let command = needed(sheet, node, &keys, "command", "the command's name")
        .and_then(|command| command_of(sheet, ground, command));
    let expected = needed(sheet, node, &keys, "expect", "e.g. `expect: allowed by noc-servers`, or `expect: refused`");
    let offset = expected.map_or(node.span.start, |node| node.span.start);
    let expected = expected.and_then(|expected| expectation(sheet, ground, expected));
    let subjects = command.and_then(|command| subjects(sheet, ground, (node, &keys), command));
    let mut channel = channel?;
    channel.reach = reach.unwrap_or(Some(channel.reach))?;
    Some(Case { person: person?, channel, command: command?, subjects: subjects?, expected: expected?, offset })
}

fn needed<'n>(sheet: &mut Sheet<'_>, node: &Node, keys: &Keys<'n>, key: &str, help: &str) -> Option<&'n Node> {
    let found = keys.get(key);
    if found.is_none() {
        sheet.fault(&node.span, format!("this case has no `{key}`"), help);
    }
    found
}

fn person(sheet: &mut Sheet<'_>, ground: TestGround<'_>, node: &Node) -> Profile {
    let whom =
        if node.word() == Some(NOBODY) { Whom::Everyone } else { people(sheet, &ground.policies.known, node, "`who`") };
    let (groups, user): (Vec<GroupName>, Option<UserId>) = match whom {
        Whom::Some { groups, people, automations } if !automations.is_empty() => {
            if automations.len() > 1 || !(groups.is_empty() && people.is_empty()) {
                sheet.fault(&node.span, "an automation is in no group, and no person", "write a case for each");
            }
            if let Some(name) = automations.first() {
                return Profile::automation(name);
            }
            (Vec::new(), None)
        }
        Whom::Everyone => (Vec::new(), None),
        Whom::Some { people, .. } if people.len() > 1 => {
            sheet.fault(&node.span, "a case is about one person", "write a case for each");
            (Vec::new(), None)
        }
        Whom::Some { groups, people, .. } => (groups.into_iter().collect(), people.into_iter().next()),
    };
    let name = user.as_ref().map_or_else(String::new, ToString::to_string);
    let id = PersonId::new("", user.map_or_else(|| "somebody".to_owned(), |user| user.to_string()));
    Profile { id, name, standing: Standing::Member, groups, zone: None }
}

fn place(sheet: &mut Sheet<'_>, ground: TestGround<'_>, node: &Node) -> Option<ChannelFacts> {
    let word = sheet.word(node, "`in`")?;
    let name = word.text.trim_start_matches('#');
    let facts = |id: ChannelId, name: Option<ChannelName>, reach: Reach| {
        Some(ChannelFacts { id, name, bot: Membership::Inside, reach })
    };
    if name == DIRECT {
        return facts(ChannelId::new("D0"), None, Reach::Direct);
    }
    let mut channels = ground.policies.ceilings.ids();
    let Some((known, id)) = channels.find(|(known, _)| known.as_str() == name) else {
        let names = ground.policies.ceilings.ids().map(|(name, _)| name.as_str());
        let help = did_you_mean(name, names).unwrap_or_default();
        sheet.fault(word.span, format!("channels.yaml has no channel `{name}`"), help);
        return None;
    };
    facts(id.clone(), Some(known.clone()), Reach::OwnWorkspace)
}

fn reach_of(sheet: &mut Sheet<'_>, node: &Node) -> Option<Reach> {
    match node.word() {
        Some("shared") => Some(Reach::Shared),
        Some("private") => Some(Reach::Private),
        _ => {
            sheet.fault(
                &node.span,
                "this is no reach",
                "it takes `shared` or `private`; leave it out for an open channel",
            );
            None
        }
    }
}

fn command_of<'a>(sheet: &mut Sheet<'_>, ground: TestGround<'a>, node: &Node) -> Option<&'a CommandSpec> {
    let word = sheet.word(node, "`command`")?;
    let found = ground.commands.iter().copied().find(|spec| spec.name == CommandName::new(word.text));
    if found.is_none() {
        let names = ground.commands.iter().map(|spec| spec.name.as_str());
        let help = did_you_mean(word.text, names).unwrap_or_default();
        sheet.fault(word.span, format!("`{}` is not a known command", word.text), help);
    }
    found
}

/// `allowed`, `allowed by a, b`, `refused`, `refused by a`, `refused by no policy`, `refused above 50 by a`.
fn expectation(sheet: &mut Sheet<'_>, ground: TestGround<'_>, node: &Node) -> Option<Expectation> {
    let word = sheet.word(node, "`expect`")?;
    let help = "e.g. `allowed by noc-servers`, `refused above 50 by noc-servers`, `refused by no policy`, `refused`";
    let (head, by) = match word.text.split_once(" by ") {
        Some((head, by)) => (head, Some(by.trim())),
        None => (word.text, None),
    };
    let mut parts = head.split_whitespace();
    let (verb, above, number, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    let above = match (above, number.map(str::parse::<u32>), rest) {
        (None, None, None) => None,
        (Some("above"), Some(Ok(most)), None) if verb == Some("refused") => Some(most),
        _ => {
            sheet.fault(word.span, "this is no answer", help);
            return None;
        }
    };
    let is_allowed = match verb {
        Some("allowed") => true,
        Some("refused") => false,
        _ => {
            sheet.fault(word.span, "an answer begins with `allowed` or `refused`", help);
            return None;
        }
    };
    let by = match by {
        None => None,
        Some("no policy") => Some(BTreeSet::new()),
        Some(names) => Some(names.split(',').map(|name| PolicyName::new(name.trim())).collect::<BTreeSet<_>>()),
    };
    let unknown = by.iter().flatten().find(|id| !ground.policies.policies.contains_key(*id));
    if let Some(unknown) = unknown {
        let ids = ground.policies.policies.keys().map(PolicyName::as_str);
        let help = did_you_mean(unknown.as_str(), ids).unwrap_or_default();
        sheet.fault(word.span, format!("there is no policy `{unknown}`"), help);
        return None;
    }
    Some(Expectation { is_allowed, by, above })
}

fn subjects(
    sheet: &mut Sheet<'_>,
    ground: TestGround<'_>,
    (node, keys): (&Node, &Keys<'_>),
    command: &CommandSpec,
) -> Option<Vec<Subjects>> {
    let given: Vec<&str> = ["on", "servers", "sites"].into_iter().filter(|key| keys.get(key).is_some()).collect();
    let wanted: &[&str] = match command.targets {
        Targets::None => &[],
        Targets::Sites { .. } => &["sites"],
        Targets::Servers { .. } => &["on", "servers"],
    };
    match given.as_slice() {
        [] if wanted.is_empty() => Some(vec![Subjects::default()]),
        [key] if wanted.contains(key) => {
            let value = keys.get(key)?;
            match *key {
                "on" => of_kind(sheet, ground, value),
                "servers" => selected(sheet, ground, value),
                _ => whole_sites(sheet, ground, value),
            }
        }
        _ => {
            let help = match command.targets {
                Targets::None => "leave `on`, `servers` and `sites` out".to_owned(),
                Targets::Sites { .. } => "say `sites: [lax]`".to_owned(),
                Targets::Servers { .. } => {
                    "say `on: { type: edge-cache, count: 20 }`, or `servers:` with a selector".to_owned()
                }
            };
            let message = format!("{} works on {}", command.name, works_on(command));
            sheet.fault(&node.span, message, help);
            None
        }
    }
}

const fn works_on(command: &CommandSpec) -> &'static str {
    match command.targets {
        Targets::None => "no server",
        Targets::Sites { .. } => "whole sites",
        Targets::Servers { .. } => "servers",
    }
}

/// So many servers of each known class that fits.
fn of_kind(sheet: &mut Sheet<'_>, ground: TestGround<'_>, node: &Node) -> Option<Vec<Subjects>> {
    let keys = sheet.keys(node, "`on`", &["type", "site", "pool", "count"])?;
    let count = keys.get("count").map_or(Some(1), |count| sheet.number(count, "`count`", 1))?;
    if count > COUNT_MAX {
        sheet.fault(&node.span, format!("{count} servers are more than {COUNT_MAX}"), "say a smaller number");
        return None;
    }
    let Some(kind) = keys.get("type").and_then(|node| sheet.word(node, "`type`")) else {
        sheet.fault(&node.span, "`on` has no `type`", "e.g. `on: { type: edge-cache, count: 20 }`");
        return None;
    };
    let site = keys.get("site").and_then(|node| sheet.word(node, "`site`"));
    let pool = keys.get("pool").and_then(|node| sheet.word(node, "`pool`"));
    let is = |word: Option<Word<'_>>, name: Option<&str>| word.is_none_or(|word| Some(word.text) == name);
    let known = &ground.policies.known;
    let fits = known.classes.iter().filter(|class| {
        class.server_type.as_str() == kind.text
            && is(site, Some(class.site.as_str()))
            && is(pool, class.pool.as_ref().map(|pool| pool.as_str()))
    });
    let found: Vec<Subjects> = fits.map(|class| servers_of(class, count)).collect();
    if found.is_empty() {
        let help = did_you_mean(kind.text, known.types.iter().map(ServerType::as_str)).unwrap_or_default();
        sheet.fault(&node.span, "no server of the inventory is like that", help);
        return None;
    }
    Some(found)
}

fn servers_of(class: &ServerClass, count: u32) -> Subjects {
    let server = |number: u32| Server {
        id: ServerId::new(format!("test-{number}")),
        name: ServerName::new(format!("test-{number}")),
        server_type: class.server_type.clone(),
        site: class.site.clone(),
        rack: RackName::new(class.site.as_str()),
        pool: class.pool.clone(),
        initial_state: ProductionState::Production,
        tags: BTreeMap::new(),
    };
    let words = format!(" of {count} {} in {}", class.server_type, class.site);
    Subjects { servers: (1..=count).map(server).collect(), sites: Vec::new(), words }
}

fn selected(sheet: &mut Sheet<'_>, ground: TestGround<'_>, node: &Node) -> Option<Vec<Subjects>> {
    let word = sheet.word(node, "`servers`")?;
    match (ground.select)(word.text) {
        Ok(servers) => {
            let words = format!(" of {} (`{}`)", servers.len(), word.text);
            Some(vec![Subjects { servers, sites: Vec::new(), words }])
        }
        Err(cause) => {
            sheet.fault(word.span, cause, "`wrasse select` tells what a selector means");
            None
        }
    }
}

fn whole_sites(sheet: &mut Sheet<'_>, ground: TestGround<'_>, node: &Node) -> Option<Vec<Subjects>> {
    let mut sites = Vec::new();
    for word in sheet.words(node, "`sites`") {
        let site = SiteName::new(word.text);
        if !ground.policies.known.sites.contains(&site) {
            let help = did_you_mean(word.text, ground.policies.known.sites.iter().map(SiteName::as_str));
            sheet.fault(word.span, format!("`{site}` is not a known site"), help.unwrap_or_default());
            return None;
        }
        sites.push(site);
    }
    let names = sites.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Some(vec![Subjects { servers: Vec::new(), sites, words: format!(" of {names}") }])
}
