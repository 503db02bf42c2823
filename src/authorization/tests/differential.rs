//! A second opinion: rules decided by a few lines that know nothing of Cedar, and compared with what we answer.
//!
//! The rules are made as plain data, printed as YAML for the one side and read directly by the other. Deliberately
//! shared: nothing but the fleet and the commands of the tests.

use super::super::{Channels, Policies, PolicyFile, Question, RefusalKind, automation_word};
use super::{SCHEMA, channel, command, fleet, known, person};
use crate::domain::command::{CommandSpec, Impact};
use crate::domain::identity::Profile;
use crate::domain::place::ChannelFacts;
use crate::domain::server::{Server, SiteName};
use std::collections::BTreeSet;

/// Cases of each of the tests below; together they are all that is promised.
const CASES: usize = 50_000;
const QUESTIONS_OF_ONE_SET: usize = 250;
const CHANNELS: &str = "channels: { noc: C0NOC, web: C0WEB, incidents: C0INCIDENTS }";

/// Small, and the same for the same seed everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    /// Some of them, at least one.
    fn some<'a>(&mut self, of: &[&'a str]) -> Vec<&'a str> {
        let mut picked: Vec<&str> = of.iter().copied().filter(|_| self.one_in(3)).collect();
        if picked.is_empty() {
            picked.push(self.pick(of));
        }
        picked
    }
}

const GROUPS: [&str; 6] = ["noc", "sre", "incident-commander", "data-centre", "own", "own-of-own"];
const COMMANDS: [&str; 6] = ["reboot", "drain", "undrain", "announce", "isolate", "wipe"];
const TYPES: [&str; 3] = ["edge-cache", "origin", "dns"];
const SITES: [&str; 2] = ["lax", "riga"];
const POOLS: [&str; 4] = ["edge-lax", "edge-riga", "origin-lax", "origin-riga"];
const PEOPLE: [&str; 3] = ["U0ANA", "U0BOB", "U0IVO"];
const AUTOMATIONS: [&str; 2] = ["automation:nightly-canary", "automation:disk-swap"];

/// The groups of our own, as the file has them and as a person's groups follow from them.
const OWN: &str = "own: [U0IVO, sre]\nown-of-own: [own, U0BOB]\n";

fn with_own_groups(user: &str, groups: &[&'static str]) -> BTreeSet<&'static str> {
    let mut all: BTreeSet<&str> = groups.iter().copied().collect();
    if user == "U0IVO" || all.contains("sre") {
        all.insert("own");
    }
    if user == "U0BOB" || all.contains("own") {
        all.insert("own-of-own");
    }
    all
}

/// A rule as plain data.
struct Rule {
    allow: bool,
    channel: &'static str,
    id: String,
    /// `None` is everyone.
    who: Option<Vec<&'static str>>,
    /// `None` is all; impact classes begin with `impact=`.
    commands: Option<Vec<&'static str>>,
    on: Vec<(&'static str, Vec<&'static str>)>,
    /// `at-most` of an allow, `above` of a forbid.
    number: Option<usize>,
}

impl Rule {
    fn rolled(dice: &mut Dice, number: usize) -> Self {
        let allow = !dice.one_in(4);
        let members: Vec<&str> = GROUPS.iter().chain(&PEOPLE).chain(&AUTOMATIONS).copied().collect();
        let words: Vec<&str> = COMMANDS
            .iter()
            .copied()
            .chain(["impact=read-only", "impact=drain", "impact=power-cycle", "impact=destructive"])
            .collect();
        let mut on: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
        if !dice.one_in(3) {
            let keys: [(&str, &[&'static str]); 3] = [("type", &TYPES), ("site", &SITES), ("pool", &POOLS)];
            for (key, names) in keys {
                let of: Vec<&str> = if dice.one_in(3) { dice.some(names) } else { Vec::new() };
                let rest: Vec<&str> = names.iter().copied().filter(|name| !of.contains(name)).collect();
                if dice.one_in(4) && !rest.is_empty() {
                    let not = ["not-type", "not-site", "not-pool"];
                    let not = not[["type", "site", "pool"].iter().position(|other| *other == key).unwrap()];
                    on.push((not, dice.some(&rest)));
                }
                if !of.is_empty() {
                    on.push((key, of));
                }
            }
        }
        Self {
            allow,
            channel: dice.pick(&["noc", "noc", "web", "direct"]),
            id: format!("rule-{number}"),
            who: (!dice.one_in(4)).then(|| dice.some(&members)),
            commands: (!dice.one_in(4)).then(|| dice.some(&words)),
            on,
            number: dice.one_in(2).then(|| dice.roll(6) + 1),
        }
    }

    fn yaml(&self) -> String {
        let list = |words: &[&str]| format!("[{}]", words.join(", "));
        let who = self.who.as_ref().map_or_else(|| "everyone".to_owned(), |who| list(who));
        let commands = self.commands.as_ref().map_or_else(|| "all".to_owned(), |commands| list(commands));
        let mut text = format!("  - id: {}\n    who: {who}\n    commands: {commands}\n    reason: r\n", self.id);
        if !self.on.is_empty() {
            let on: Vec<_> = self.on.iter().map(|(key, names)| format!("{key}: {}", list(names))).collect();
            text += &format!("    on: {{ {} }}\n", on.join(", "));
        }
        if let Some(number) = self.number {
            text += &format!("    {}: {number}\n", if self.allow { "at-most" } else { "above" });
        }
        text
    }

    /// Whether it speaks about that at all.
    fn speaks_of(&self, asked: &Asked, subject: &Subject) -> bool {
        let is_about = |word: &&str| *word == asked.user || asked.groups.contains(word);
        let who = match &self.who {
            Some(who) => who.iter().any(is_about),
            // What is allowed to everyone is allowed to people; what is forbidden, to all that act.
            None => !(self.allow && asked.user.starts_with("automation:")),
        };
        let class = format!("impact={}", asked.impact);
        let commands = self.commands.as_ref();
        let what = commands.is_none_or(|words| words.iter().any(|word| *word == asked.verb || *word == class));
        let on = self.on.iter().all(|(key, names)| {
            let has = |name: Option<&str>| name.is_some_and(|name| names.contains(&name));
            match (*key, subject) {
                ("type", Subject::Server(server)) => has(Some(server.server_type.as_str())),
                ("not-type", Subject::Server(server)) => !has(Some(server.server_type.as_str())),
                ("pool", Subject::Server(server)) => has(server.pool.as_ref().map(|pool| pool.as_str())),
                ("not-pool", Subject::Server(server)) => !has(server.pool.as_ref().map(|pool| pool.as_str())),
                ("site", Subject::Server(server)) => has(Some(server.site.as_str())),
                ("not-site", Subject::Server(server)) => !has(Some(server.site.as_str())),
                ("site", Subject::Site(site)) => has(Some(site.as_str())),
                ("not-site", Subject::Site(site)) => !has(Some(site.as_str())),
                (_, Subject::Site(_) | Subject::Nothing) => false,
                (key, Subject::Server(_)) => panic!("no key of a rule: {key}"),
            }
        });
        let count = match (self.allow, self.number) {
            (_, None) => true,
            (true, Some(most)) => asked.count <= most,
            (false, Some(most)) => asked.count > most,
        };
        who && what && on && count
    }
}

enum Subject {
    Server(Server),
    Site(SiteName),
    Nothing,
}

struct Asked {
    user: String,
    groups: BTreeSet<&'static str>,
    verb: &'static str,
    impact: &'static str,
    count: usize,
}

/// Who decides, sorted: those that allow, or else those that forbid; `Err` with none of them when nothing allows.
fn second_opinion(
    rules: &[Rule],
    place: &str,
    asked: &Asked,
    subjects: &[Subject],
) -> Result<BTreeSet<String>, BTreeSet<String>> {
    let here: Vec<&Rule> = rules.iter().filter(|rule| rule.channel == place).collect();
    let (mut allowed, mut forbidden, mut is_whole) = (BTreeSet::new(), BTreeSet::new(), true);
    for subject in subjects {
        let speaking: Vec<_> = here.iter().filter(|rule| rule.speaks_of(asked, subject)).collect();
        let ids = |allow: bool| speaking.iter().filter(move |rule| rule.allow == allow).map(|rule| rule.id.clone());
        if ids(false).next().is_some() {
            forbidden.extend(ids(false));
        } else if ids(true).next().is_some() {
            allowed.extend(ids(true));
        } else {
            is_whole = false;
        }
    }
    if forbidden.is_empty() && is_whole { Ok(allowed) } else { Err(forbidden) }
}

fn loaded(rules: &[Rule]) -> Policies {
    let mut files = vec![
        PolicyFile { name: "schema.cedarschema".into(), text: SCHEMA.into() },
        PolicyFile { name: "groups.yaml".into(), text: OWN.into() },
        PolicyFile { name: "automations.yaml".into(), text: "nightly-canary: a\ndisk-swap: b\n".into() },
    ];
    for name in ["noc", "web", "direct"] {
        let of = |allow: bool| rules.iter().filter(move |rule| rule.channel == name && rule.allow == allow);
        let list = |allow: bool| of(allow).map(Rule::yaml).collect::<String>();
        let text = format!("allow:\n{}forbid:\n{}", list(true), list(false));
        files.push(PolicyFile { name: format!("channels/{name}.yaml"), text });
    }
    let channels = format!("{CHANNELS}\nreach: {{ direct: everything, shared: drain }}\n");
    Policies::new(&files, &Channels::parse(&channels).unwrap(), &known())
        .unwrap_or_else(|faults| panic!("{}", faults.render()))
}

/// One question, rolled and asked of both.
struct World {
    fleet: Vec<Server>,
    commands: Vec<CommandSpec>,
    places: [(&'static str, ChannelFacts); 3],
}

impl World {
    fn new() -> Self {
        let direct = ChannelFacts { name: None, reach: crate::domain::place::Reach::Direct, ..channel("d") };
        Self {
            fleet: fleet(),
            commands: COMMANDS.map(command).to_vec(),
            places: [("noc", channel("noc")), ("web", channel("web")), ("direct", direct)],
        }
    }

    fn compare(&self, dice: &mut Dice, rules: &[Rule], policies: &Policies) -> bool {
        let which = dice.roll(COMMANDS.len());
        let (verb, spec) = (COMMANDS[which], &self.commands[which]);
        let (name, place) = &self.places[dice.roll(3)];
        let user = ["ana", "bob", "ivo", "nil"][dice.roll(4)];
        let groups: Vec<&str> = GROUPS[..4].iter().copied().filter(|_| dice.one_in(3)).collect();
        let automation = AUTOMATIONS.into_iter().nth(dice.roll(10));
        let (who, groups) = match automation.and_then(automation_word) {
            Some(name) => (Profile::automation(&name), Vec::new()),
            None => (person(user, &groups), groups),
        };
        let (mut servers, mut sites) = (Vec::new(), Vec::new());
        match verb {
            "announce" => {}
            "isolate" => sites = dice.some(&SITES).into_iter().map(SiteName::new).collect(),
            _ => servers = (0..=dice.roll(6)).map(|_| self.fleet[dice.roll(self.fleet.len())].clone()).collect(),
        }
        let user = automation.map_or_else(|| who.id.user.to_string(), ToOwned::to_owned);
        let groups = with_own_groups(&user, &groups);
        let impact = spec.impact.word();
        let asked = Asked { user, groups, verb, impact, count: servers.len() };
        let subjects: Vec<Subject> = match verb {
            "announce" => vec![Subject::Nothing],
            "isolate" => sites.iter().cloned().map(Subject::Site).collect(),
            _ => servers.iter().cloned().map(Subject::Server).collect(),
        };
        let expected = second_opinion(rules, name, &asked, &subjects);
        let question = Question { person: &who, channel: place, command: spec, servers: &servers, sites: &sites };
        let answer = policies.decide_shortly(&question);
        let ours = match &answer {
            Ok(yes) => Ok(yes.allowed_by().iter().map(|note| note.id.to_string()).collect::<BTreeSet<_>>()),
            Err(no) => Err(match &no.kind {
                RefusalKind::Forbidden { by } => by.iter().map(|note| note.id.to_string()).collect(),
                // Which of the two draws the line depends on the count; that it does was asked again.
                RefusalKind::TooMany { .. } => expected.clone().err().unwrap_or_default(),
                RefusalKind::NothingAllowed => BTreeSet::new(),
                RefusalKind::Standing(_)
                | RefusalKind::Ceiling { .. }
                | RefusalKind::NoPolicy
                | RefusalKind::WrongSubjects
                | RefusalKind::EvaluationFault(_) => panic!("{:?} for {verb} in {name}", no.kind),
            }),
        };
        assert_eq!(ours, expected, "{verb} of {servers:?} {sites:?} by {who:?} in {name}\n{}", texts(rules));
        answer.is_ok()
    }
}

fn texts(rules: &[Rule]) -> String {
    rules.iter().map(|rule| format!("#{} allow={}\n{}", rule.channel, rule.allow, rule.yaml())).collect()
}

/// Returns how many of the cases were allowed.
fn compared(seed: u64, cases: usize) -> usize {
    let (mut dice, world) = (Dice(seed), World::new());
    let mut allowed = 0;
    for _ in 0..cases / QUESTIONS_OF_ONE_SET {
        let count = dice.roll(12) + 1;
        let rules: Vec<Rule> = (0..count).map(|number| Rule::rolled(&mut dice, number)).collect();
        let policies = loaded(&rules);
        allowed += (0..QUESTIONS_OF_ONE_SET).filter(|_| world.compare(&mut dice, &rules, &policies)).count();
    }
    allowed
}

/// Both answers must be common, or the comparison says little.
fn agree(seed: u64) {
    let allowed = compared(seed, CASES);
    assert!((CASES / 20..CASES * 3 / 4).contains(&allowed), "{allowed} of {CASES} were allowed");
}

// Four tests, so that they run side by side.

#[test]
fn a_second_evaluator_agrees_on_the_first_quarter_of_the_cases() {
    agree(0x9E37_79B9_7F4A_7C15);
}

#[test]
fn a_second_evaluator_agrees_on_the_second_quarter_of_the_cases() {
    agree(0xC2B2_AE3D_27D4_EB4F);
}

#[test]
fn a_second_evaluator_agrees_on_the_third_quarter_of_the_cases() {
    agree(0x1656_67B1_9E37_79F9);
}

#[test]
fn a_second_evaluator_agrees_on_the_last_quarter_of_the_cases() {
    agree(0x27D4_EB2F_1656_67C5);
}

/// The second evaluator is no echo of the first: it finds a rule that was left out.
#[test]
fn a_rule_that_was_left_out_is_noticed() {
    let mut dice = Dice(7);
    let world = World::new();
    let noticed = (0..200).any(|_| {
        let rules: Vec<Rule> = (0..6).map(|number| Rule::rolled(&mut dice, number)).collect();
        let policies = loaded(&rules[..5]);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.compare(&mut dice, &rules, &policies))).is_err()
    });
    assert!(noticed);
    assert_eq!(Impact::ALL.len(), 5, "an impact class more needs a word in the rules above");
}
