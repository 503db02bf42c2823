//! `channels/<name>.yaml`: the rules of one channel, read and checked against what exists.
//!
//! Deliberately absent: what a rule becomes in Cedar (that is `compile`).

use super::answers::PolicyName;
use super::known::Known;
use super::owners;
use super::requirements::{self, Requirements};
use super::sheet::{Keys, Sheet, Word, did_you_mean};
use crate::domain::command::{CommandName, Impact};
use crate::domain::identity::{AutomationName, GroupName, UserId};
use crate::domain::server::{PoolName, ServerType, SiteName};
use crate::yaml::{Content, Node};
use std::collections::BTreeSet;
use std::ops::Range;

/// One rule, checked: every name in it exists.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: PolicyName,
    /// The sentence that people read when it decides.
    pub(super) reason: String,
    pub(super) effect: RuleEffect,
    pub(super) who: Whom,
    pub(super) commands: Commands,
    pub(super) on: Option<On>,
    pub(super) requires: Requirements,
    /// Who answers for it; else whoever answers for its file.
    pub(super) owner: Option<GroupName>,
    /// The id in the file, to point at.
    pub(super) span: Range<usize>,
}

/// What it does, with the number of servers it is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RuleEffect {
    Allow { at_most: Option<u32> },
    Forbid { above: Option<u32> },
}

/// Whom it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Whom {
    Everyone,
    Some { groups: BTreeSet<GroupName>, people: BTreeSet<UserId>, automations: BTreeSet<AutomationName> },
}

/// Which commands it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Commands {
    All,
    Some { names: BTreeSet<CommandName>, impacts: BTreeSet<Impact> },
}

impl Commands {
    /// The same with one name in place of all that are named.
    pub(super) fn named_as(&self, name: &CommandName) -> Self {
        match self {
            Self::All => Self::All,
            Self::Some { names, impacts } => {
                let names = names.first().map(|_| name.clone()).into_iter().collect();
                Self::Some { names, impacts: impacts.clone() }
            }
        }
    }
}

/// Which servers or sites it is about: in all of what is said, and in none of what is said with `not-`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct On {
    pub(super) types: BTreeSet<ServerType>,
    pub(super) sites: BTreeSet<SiteName>,
    pub(super) pools: BTreeSet<PoolName>,
    pub(super) not_types: BTreeSet<ServerType>,
    pub(super) not_sites: BTreeSet<SiteName>,
    pub(super) not_pools: BTreeSet<PoolName>,
}

impl On {
    /// Types and pools are of servers; sites can also be what a command works on as a whole.
    pub(super) fn speaks_of_servers_only(&self) -> bool {
        !(self.types.is_empty() && self.pools.is_empty() && self.not_types.is_empty() && self.not_pools.is_empty())
    }
}

const RULE_KEYS: [&str; 9] = ["id", "who", "commands", "on", "at-most", "above", "requires", "owner", "reason"];
const ON_KEYS: [&str; 6] = ["type", "site", "pool", "not-type", "not-site", "not-pool"];
/// What a word in `commands` begins with that names an impact class.
const IMPACT: &str = "impact=";

/// The rules of one file, and who answers for all of them; what is wrong with it is noted on the sheet.
pub(super) fn read(sheet: &mut Sheet<'_>, known: &Known) -> (Vec<Rule>, Option<GroupName>) {
    let Some(tree) = sheet.tree() else { return Default::default() };
    if matches!(tree.content, Content::Empty) {
        return Default::default();
    }
    let Some(keys) = sheet.keys(&tree, "a channel's file", &["owner", "allow", "forbid"]) else {
        return Default::default();
    };
    let owner = keys.get("owner").and_then(|node| owners::read(sheet, known, node));
    let mut rules = Vec::new();
    for (key, is_allow) in [("allow", true), ("forbid", false)] {
        let Some(list) = keys.get(key) else { continue };
        for item in sheet.list(list, &format!("`{key}`")) {
            rules.extend(rule(sheet, known, item, is_allow));
        }
    }
    rules.sort_by_key(|rule| rule.span.start);
    (rules, owner)
}

fn rule(sheet: &mut Sheet<'_>, known: &Known, node: &Node, is_allow: bool) -> Option<Rule> {
    let keys = sheet.keys(node, "a rule", &RULE_KEYS)?;
    let id = id(sheet, node, &keys);
    let reason =
        required(sheet, node, &keys, "reason", "say in one sentence what it is for: people read it when it decides");
    let reason = reason.and_then(|reason| sheet.word(reason, "`reason`"));
    reason.into_iter().for_each(|reason| uncut(sheet, reason));
    let who = match keys.get("who") {
        Some(who) => people(sheet, known, who, "`who`"),
        None if is_allow => {
            required(sheet, node, &keys, "who", "name groups, e.g. `who: [noc, sre]`, or say `who: everyone`");
            Whom::Everyone
        }
        None => Whom::Everyone,
    };
    let commands = required(
        sheet,
        node,
        &keys,
        "commands",
        "name commands, e.g. `commands: [drain, impact=read-only]`, or say `commands: all`",
    );
    let commands = commands.map_or(Commands::All, |commands| commands_of(sheet, known, commands));
    let on = keys.get("on").map(|on| on_of(sheet, known, on));
    let effect = effect(sheet, &keys, is_allow);
    let requires = match (keys.get("requires"), keys.key("requires")) {
        (Some(_), Some(key)) if !is_allow => {
            sheet.fault(key.span, "a forbid requires nothing: it never allows", "leave `requires` out");
            Requirements::default()
        }
        (Some(requires), _) => requirements::read(sheet, known, requires),
        (None, _) => Requirements::default(),
    };
    let owner = keys.get("owner").and_then(|node| owners::read(sheet, known, node));
    let (id, reason) = (id?, reason?.text.trim().to_owned());
    let (id, span) = (PolicyName::new(id.text), id.span.clone());
    Some(Rule { id, reason, effect, who, commands, on, requires, owner, span })
}

fn id<'n>(sheet: &mut Sheet<'_>, node: &Node, keys: &Keys<'n>) -> Option<Word<'n>> {
    let help = "give it one word to be quoted by, e.g. `id: web-small`";
    let id = required(sheet, node, keys, "id", help)?;
    let id = sheet.word(id, "`id`")?;
    if id.text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        sheet.fault(id.span, format!("`{}` is more than one word", id.text), help);
        return None;
    }
    Some(id)
}

/// A sentence that is not in quotes ends at ` #`, and the rest would be lost without a word.
fn uncut(sheet: &mut Sheet<'_>, reason: Word<'_>) {
    let rest = sheet.file.text.get(reason.span.end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    if rest.trim_start().starts_with('#') {
        let message = "the sentence ends before `#`: what follows is a comment to YAML";
        sheet.fault(reason.span, message, "write the sentence in quotes, and comments on lines of their own");
    }
}

fn required<'n>(sheet: &mut Sheet<'_>, node: &Node, keys: &Keys<'n>, key: &str, help: &str) -> Option<&'n Node> {
    let found = keys.get(key);
    if found.is_none() {
        // The rule is recognised by its id; without one, by where it begins.
        let span = keys.get("id").map_or(&node.span, |id| &id.span);
        sheet.fault(span, format!("this rule has no `{key}`"), help);
    }
    found
}

fn effect(sheet: &mut Sheet<'_>, keys: &Keys<'_>, is_allow: bool) -> RuleEffect {
    let (own, other, help) = if is_allow {
        ("at-most", "above", "an allow says `at-most`: how many servers one request may have")
    } else {
        ("above", "at-most", "a forbid says `above`: it forbids requests with more servers than that")
    };
    if let Some(key) = keys.key(other) {
        sheet.fault(key.span, format!("`{other}` means nothing here"), help);
    }
    let least = u32::from(is_allow);
    let number = keys.get(own).and_then(|node| sheet.number(node, &format!("`{own}`"), least));
    if is_allow { RuleEffect::Allow { at_most: number } } else { RuleEffect::Forbid { above: number } }
}

/// Groups, and people by their ids.
pub(super) fn people(sheet: &mut Sheet<'_>, known: &Known, node: &Node, what: &str) -> Whom {
    let (mut groups, mut people, mut automations) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let words = sheet.words(node, what);
    if let [Word { text: "everyone", span }] = words.as_slice() {
        if known.groups.contains(&GroupName::new("everyone")) {
            sheet.fault(span, "`everyone` is also the name of a group", "give that group another name");
        }
        return Whom::Everyone;
    }
    for word in words {
        match member(sheet, known, word) {
            Some(Member::Group(group)) => drop(groups.insert(group)),
            Some(Member::Person(person)) => drop(people.insert(person)),
            Some(Member::Automation(name)) => drop(automations.insert(name)),
            None => {}
        }
    }
    Whom::Some { groups, people, automations }
}

/// A group, one person, or an automation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Member {
    Group(GroupName),
    Person(UserId),
    Automation(AutomationName),
}

/// What a word in a list of people begins with that names an automation.
pub(super) const AUTOMATION: &str = "automation:";

/// What a word in a list of people means: ids of people are in capitals, handles of groups are not.
pub(super) fn member_word(text: &str) -> Member {
    if let Some(name) = text.strip_prefix(AUTOMATION) {
        return Member::Automation(AutomationName::new(name));
    }
    let bare = text.strip_prefix('@').unwrap_or(text);
    let is_id = bare.len() > 2 && bare.starts_with(['U', 'W']);
    if is_id && bare.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        Member::Person(UserId::new(bare))
    } else {
        Member::Group(GroupName::new(text))
    }
}

/// The same, if it exists.
pub(super) fn member(sheet: &mut Sheet<'_>, known: &Known, word: Word<'_>) -> Option<Member> {
    match member_word(word.text) {
        Member::Person(person) => {
            let is_known = known.people.as_ref().is_none_or(|people| people.contains(&person));
            if !is_known {
                let people = known.people.iter().flatten().map(UserId::as_str);
                let help = did_you_mean(person.as_str(), people)
                    .unwrap_or_else(|| "a person's id is in their profile: Copy member ID".to_owned());
                sheet.fault(word.span, format!("the workspace has no person {person}"), help);
            }
            is_known.then_some(Member::Person(person))
        }
        Member::Automation(name) => {
            let is_known = known.automations.contains(&name);
            if !is_known {
                let names = known.automations.iter().map(AutomationName::as_str);
                let help = did_you_mean(name.as_str(), names)
                    .unwrap_or_else(|| format!("name it in automations.yaml: `{name}: what it is for`"));
                sheet.fault(word.span, format!("`{name}` is not a known automation"), help);
            }
            is_known.then_some(Member::Automation(name))
        }
        Member::Group(group) if known.groups.contains(&group) => Some(Member::Group(group)),
        Member::Group(_) if word.text == "everyone" => {
            sheet.fault(
                word.span,
                "`everyone` leaves nobody to name beside it",
                "write `everyone` alone, or leave it out",
            );
            None
        }
        Member::Group(_) => {
            let bare = word.text.strip_prefix('@');
            let (message, otherwise) = match bare {
                Some(bare) => (
                    format!("`{bare}` is not a person's id, and names of people can change hands"),
                    "write a group without `@`, or the id of a person, e.g. \"@U0ANA\"".to_owned(),
                ),
                None => (format!("`{}` is not a known group", word.text), String::new()),
            };
            let groups = known.groups.iter().map(GroupName::as_str);
            let help = did_you_mean(bare.unwrap_or(word.text), groups).unwrap_or(otherwise);
            sheet.fault(word.span, message, help);
            None
        }
    }
}

fn commands_of(sheet: &mut Sheet<'_>, known: &Known, node: &Node) -> Commands {
    let (mut names, mut impacts) = (BTreeSet::new(), BTreeSet::new());
    let words = sheet.words(node, "`commands`");
    if let [Word { text: "all", span }] = words.as_slice() {
        if known.commands.contains(&CommandName::new("all")) {
            sheet.fault(span, "`all` is also the name of a command", "give that command another name");
        }
        return Commands::All;
    }
    for word in words {
        if let Some(class) = word.text.strip_prefix(IMPACT) {
            match Impact::ALL.into_iter().find(|impact| impact.word() == class) {
                Some(impact) => drop(impacts.insert(impact)),
                None => {
                    let classes = Impact::ALL.map(Impact::word);
                    let help = did_you_mean(class, classes)
                        .unwrap_or_else(|| format!("the impact classes are {}", classes.join(", ")));
                    sheet.fault(word.span, format!("`{class}` is not an impact class"), help);
                }
            }
            continue;
        }
        let name = CommandName::new(word.text);
        if known.commands.contains(&name) {
            names.insert(name);
            continue;
        }
        let help = if word.text == "all" {
            "write `all` alone, or leave it out".to_owned()
        } else if Impact::ALL.iter().any(|impact| impact.word() == word.text) {
            format!("for the impact class write `{IMPACT}{}`", word.text)
        } else {
            did_you_mean(word.text, known.commands.iter().map(CommandName::as_str)).unwrap_or_default()
        };
        sheet.fault(word.span, format!("`{}` is not a known command", word.text), help);
    }
    Commands::Some { names, impacts }
}

fn on_of(sheet: &mut Sheet<'_>, known: &Known, node: &Node) -> On {
    let Some(keys) = sheet.keys(node, "`on`", &ON_KEYS) else { return On::default() };
    if keys.key("type").or(ON_KEYS.iter().find_map(|key| keys.key(key))).is_none() {
        sheet.fault(
            &node.span,
            "`on` says nothing",
            "leave it out, or say e.g. `on: { type: edge-cache, site: [lax, riga] }`",
        );
    }
    let types: Vec<&str> = known.types.iter().map(ServerType::as_str).collect();
    let sites: Vec<&str> = known.sites.iter().map(SiteName::as_str).collect();
    let pools: Vec<&str> = known.pools.iter().map(PoolName::as_str).collect();
    let mut both = |key: &str, noun: &str, names: &[&str]| {
        let of = names_of(sheet, &keys, (key, noun), names);
        let not = names_of(sheet, &keys, (&format!("not-{key}"), noun), names);
        for word in not.iter().filter(|word| of.iter().any(|other| other.text == word.text)) {
            let message = format!("`{}` stands under `{key}` and under `not-{key}`", word.text);
            sheet.fault(word.span, message, "a rule about nothing never decides: leave one of them out");
        }
        (of, not)
    };
    let (types, not_types) = both("type", "server type", &types);
    let (sites, not_sites) = both("site", "site", &sites);
    let (pools, not_pools) = both("pool", "pool", &pools);
    On {
        types: types.iter().map(|word| ServerType::new(word.text)).collect(),
        not_types: not_types.iter().map(|word| ServerType::new(word.text)).collect(),
        sites: sites.iter().map(|word| SiteName::new(word.text)).collect(),
        not_sites: not_sites.iter().map(|word| SiteName::new(word.text)).collect(),
        pools: pools.iter().map(|word| PoolName::new(word.text)).collect(),
        not_pools: not_pools.iter().map(|word| PoolName::new(word.text)).collect(),
    }
}

fn names_of<'n>(sheet: &mut Sheet<'_>, keys: &Keys<'n>, (key, noun): (&str, &str), names: &[&str]) -> Vec<Word<'n>> {
    let Some(node) = keys.get(key) else { return Vec::new() };
    let words = sheet.words(node, &format!("`{key}`"));
    for word in words.iter().filter(|word| names.binary_search(&word.text).is_err()) {
        let help = did_you_mean(word.text, names.iter().copied()).unwrap_or_default();
        sheet.fault(word.span, format!("`{}` is not a known {noun}", word.text), help);
    }
    words
}
