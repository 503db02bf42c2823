//! `policies/calendars.yaml`: calendars with all that is wrong with them, each with its place.
//!
//! They are read when the commands and the inventory are known, so that a calendar which is about nothing is told at once.

use super::rule::{Cron, Rule, Shown};
use super::{Calendar, Calendars};
use crate::admission::Coverage;
use crate::admission::file::AdmissionFileFault;
use crate::domain::calendar::{CalendarKind, CalendarName};
use crate::domain::command::{CommandName, CommandSpec, Impact};
use crate::domain::identity::GroupName;
use crate::domain::intent::ZoneName;
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::server::Server;
use crate::domain::time::{duration_of, exact};
use crate::fleet::{self, Inventory, Snapshot, Undone, nearest};
use crate::yaml::{self, Content, Node};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const KEYS: [&str; 13] =
    ["name", "kind", "on", "commands", "impact", "at", "for", "from", "until", "zone", "except", "why", "owner"];
const NAME_LENGTH_MAX_CHARS: usize = 63;
/// The most sites that one fault names.
const SITES_TOLD_MAX: usize = 3;

/// What calendars speak of.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Every command.
    pub commands: &'a [Arc<CommandSpec>],
    /// Every server.
    pub inventory: &'a Inventory,
    /// The groups of people that there are.
    pub groups: &'a BTreeSet<GroupName>,
    /// The words for a selector that means nothing.
    pub words: &'a dyn Fn(&Misunderstanding) -> String,
}

/// Reads the calendars.
///
/// # Errors
/// Everything that is wrong with them, with line and column.
pub fn calendars(file: &str, text: &str, surroundings: Surroundings<'_>) -> Result<Calendars, Vec<AdmissionFileFault>> {
    if text.trim().is_empty() {
        return Ok(Calendars::default());
    }
    let whole = yaml::read(text).map_err(|no| vec![AdmissionFileFault::at(file, text, &no.span, no.what)])?;
    let mut reader = Reader { file, text, surroundings, faults: Vec::new() };
    let entries = match &whole.content {
        Content::Empty => &[][..],
        Content::List(entries) => entries,
        Content::Word(_) | Content::Map(_) => {
            reader.fault(&whole, format!("calendars are a list, and this is {}", whole.kind()));
            &[][..]
        }
    };
    let mut read: Vec<Calendar> = Vec::new();
    for entry in entries {
        let Some(calendar) = reader.calendar(entry) else { continue };
        if read.iter().any(|other| other.name == calendar.name) {
            reader.fault(entry, format!("two calendars are called {}", calendar.name));
        }
        read.push(calendar);
    }
    if reader.faults.is_empty() { Ok(Calendars::of(read)) } else { Err(reader.faults) }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    surroundings: Surroundings<'a>,
    faults: Vec<AdmissionFileFault>,
}

/// The keys of one calendar that are there.
struct Entry<'a> {
    whole: &'a Node,
    values: BTreeMap<&'a str, &'a Node>,
}

impl<'a> Entry<'a> {
    fn get(&self, key: &str) -> Option<&'a Node> {
        self.values.get(key).copied()
    }
}

impl<'a> Reader<'a> {
    fn fault(&mut self, node: &Node, what: String) {
        self.faults.push(AdmissionFileFault::at(self.file, self.text, &node.span, what));
    }

    /// The value, or its fault.
    fn told<T>(&mut self, node: &Node, read: Result<T, String>) -> Option<T> {
        read.map_err(|what| self.fault(node, what)).ok()
    }

    fn calendar(&mut self, node: &'a Node) -> Option<Calendar> {
        let before = self.faults.len();
        let entry = self.entry(node)?;
        let name = self.required(&entry, "name", name);
        let kind = self.required(&entry, "kind", kind);
        let why = self.required(&entry, "why", |word| Ok(word.to_owned()));
        let owner = self.owner(&entry);
        let commands = self.commands(&entry);
        let impact = self.impact(&entry, &commands);
        let zone = self.zone(&entry);
        let rule = self.rule(&entry);
        let (on, servers) = self.on(&entry)?;
        if zone.is_none() && entry.get("zone").is_none() {
            self.zones_of(&entry, &servers);
        }
        let calendar = Calendar {
            name: name?,
            kind: kind?,
            on,
            commands,
            impact: impact?,
            rule: rule?,
            zone,
            why: why?,
            owner: owner?,
        };
        (self.faults.len() == before).then_some(calendar)
    }

    fn entry(&mut self, node: &'a Node) -> Option<Entry<'a>> {
        let Content::Map(entries) = &node.content else {
            self.fault(node, format!("a calendar is keys with values, and this is {}", node.kind()));
            return None;
        };
        let mut values = BTreeMap::new();
        for (key, value) in entries {
            let word = key.word().unwrap_or_default();
            if !KEYS.contains(&word) {
                let near = nearest(word, KEYS).map_or_else(String::new, |near| format!("; did you mean {near}?"));
                self.fault(key, format!("a calendar has no `{word}`{near}"));
            } else if values.insert(word, value).is_some() {
                self.fault(key, format!("`{word}` is here twice"));
            }
        }
        Some(Entry { whole: node, values })
    }

    fn required<T>(&mut self, entry: &Entry<'a>, key: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let Some(node) = entry.get(key) else {
            self.fault(entry.whole, format!("`{key}` is missing"));
            return None;
        };
        let word = node.word().filter(|word| !word.trim().is_empty());
        let word = word.ok_or_else(|| format!("`{key}` takes a word, and this is {}", node.kind()));
        self.told(node, word.and_then(read))
    }

    fn owner(&mut self, entry: &Entry<'a>) -> Option<GroupName> {
        let groups = self.surroundings.groups;
        self.required(entry, "owner", |word| {
            let group = GroupName::new(word);
            if groups.contains(&group) {
                return Ok(group);
            }
            let near = nearest(word, groups.iter().map(GroupName::as_str));
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            Err(format!("no group of people is called {word}{near}"))
        })
    }

    /// The words of a list, or the one word.
    fn words(&mut self, entry: &Entry<'a>, key: &str) -> Vec<(&'a Node, &'a str)> {
        let Some(node) = entry.get(key) else { return Vec::new() };
        let nodes = match &node.content {
            Content::List(items) => items.iter().collect::<Vec<_>>(),
            Content::Word(_) => vec![node],
            Content::Empty | Content::Map(_) => Vec::new(),
        };
        if nodes.is_empty() {
            self.fault(node, format!("`{key}` names nothing; leave it out instead"));
        }
        let mut words = Vec::new();
        for node in nodes {
            match node.word() {
                Some(word) => words.push((node, word)),
                None => self.fault(node, format!("`{key}` takes a list of words, and this is {}", node.kind())),
            }
        }
        words
    }

    fn commands(&mut self, entry: &Entry<'a>) -> Vec<CommandName> {
        let all = self.surroundings.commands;
        let mut commands = Vec::new();
        for (node, word) in self.words(entry, "commands") {
            let spec = all.iter().find(|spec| spec.name.as_str() == word);
            let command = match spec {
                Some(spec) if spec.only_looks() => Err(format!("{word} only looks, which no calendar stops")),
                Some(spec) => Ok(spec.name.clone()),
                None => {
                    let near = nearest(word, all.iter().map(|spec| spec.name.as_str()));
                    let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                    Err(format!("there is no command {word}{near}"))
                }
            };
            commands.extend(self.told(node, command));
        }
        commands
    }

    /// Commands that are named count whatever their impact is, unless it is said too.
    fn impact(&mut self, entry: &Entry<'a>, commands: &[CommandName]) -> Option<Impact> {
        let Some(node) = entry.get("impact") else {
            return Some(if entry.get("commands").is_some() { Impact::ReadOnly } else { Impact::Drain });
        };
        let word = node.word().unwrap_or_default();
        let impact = Impact::ALL.into_iter().find(|impact| impact.word() == word).ok_or_else(|| {
            let all = Impact::ALL.map(Impact::word).join(", ");
            format!("`impact` takes one of {all}")
        });
        let impact = self.told(node, impact)?;
        let all = self.surroundings.commands;
        let below = commands.iter().filter_map(|name| all.iter().find(|spec| spec.name == *name));
        if let Some(spec) = below.into_iter().find(|spec| spec.impact < impact) {
            let what = format!("{} is {}, which is less: it would never count", spec.name, spec.impact.word());
            self.fault(node, what);
        }
        Some(impact)
    }

    fn zone(&mut self, entry: &Entry<'a>) -> Option<ZoneName> {
        let node = entry.get("zone")?;
        let word = node.word().unwrap_or_default();
        let is_one = word.parse::<Tz>().is_ok();
        let zone = is_one.then(|| ZoneName::new(word));
        self.told(node, zone.ok_or_else(|| format!("there is no time zone {word}; write it as in Europe/Riga, or UTC")))
    }

    /// Which servers, and those that it is about now.
    fn on(&mut self, entry: &Entry<'a>) -> Option<(Coverage, Vec<Server>)> {
        let inventory = self.surroundings.inventory;
        let Some(node) = entry.get("on") else {
            return Some((Coverage::everything(), inventory.servers().to_vec()));
        };
        let text = node.word().unwrap_or_default();
        let found = fleet::parse_whole_selector(text).and_then(|selector| {
            let snapshot = Snapshot { inventory, states: &|server| server.initial_state, undone: &Undone::new() };
            fleet::resolve(&selector, snapshot, text)
        });
        let servers = self.told(node, found.map_err(|told| (self.surroundings.words)(&told)))?;
        Some((Coverage::of_text(text), servers))
    }

    /// Without clocks of its own it needs those of each site.
    fn zones_of(&mut self, entry: &Entry<'a>, servers: &[Server]) {
        let inventory = self.surroundings.inventory;
        let sites = servers.iter().map(|server| &server.site).collect::<BTreeSet<_>>();
        let without = sites.into_iter().filter(|site| inventory.site(site).zone.is_none()).collect::<Vec<_>>();
        if !without.is_empty() {
            let told = without.iter().take(SITES_TOLD_MAX).map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let more = match without.len().saturating_sub(SITES_TOLD_MAX) {
                0 => String::new(),
                more => format!(" + {more} more"),
            };
            let what = format!(
                "the inventory has no `zone` for {told}{more}, so it cannot be told when this is there; \
                 add it there, or a `zone` here"
            );
            self.fault(entry.get("on").unwrap_or(entry.whole), what);
        }
    }

    fn rule(&mut self, entry: &Entry<'a>) -> Option<Rule> {
        let of_cron = ["at", "for"].map(|key| entry.get(key));
        let of_dates = ["from", "until"].map(|key| entry.get(key));
        let except = self.days(entry);
        match (of_cron, of_dates) {
            ([Some(_), Some(lasts)], [None, None]) => self.cron(entry, lasts, except),
            ([None, None], [Some(from), Some(until)]) => self.dates(from, until, &except),
            ([None, None], [None, None]) => {
                self.fault(entry.whole, "it takes `at` and `for`, or `from` and `until`".to_owned());
                None
            }
            ([at, lasts], [from, until]) => {
                let node = from.or(until).or(at).or(lasts).unwrap_or(entry.whole);
                self.fault(
                    node,
                    "it takes both `at` and `for`, or both `from` and `until`, and not of each".to_owned(),
                );
                None
            }
        }
    }

    fn cron(&mut self, entry: &Entry<'a>, lasts: &'a Node, except: Vec<Shown>) -> Option<Rule> {
        let length = lasts.word().and_then(duration_of);
        let length = self.told(lasts, length.ok_or("`for` takes a duration such as 9h".to_owned()))?;
        let mut at = Vec::new();
        for (node, word) in self.words(entry, "at") {
            let cron = Cron::of_text(word).map_err(|why| {
                let what = "minute, hour, day, month and day of the week, such as 0 8 * * mon-fri";
                format!("`{word}` is no cron: {}; it takes {what}", why.trim_end_matches('.'))
            });
            let Some(cron) = self.told(node, cron) else { continue };
            if let Some(period) = Some(cron.period_min()).filter(|period| *period < length) {
                let what = format!("it lasts {}, and begins again {} later", exact(length), exact(period));
                self.fault(lasts, what);
            }
            at.push(cron);
        }
        (!at.is_empty()).then_some(Rule::Cron { at, lasts: length, except })
    }

    fn dates(&mut self, from: &'a Node, until: &'a Node, except: &[Shown]) -> Option<Rule> {
        let mut shown = |node: &'a Node, key: &str| {
            let read = node.word().and_then(Shown::of_text);
            self.told(node, read.ok_or_else(|| format!("`{key}` takes a date or a time such as 2026-12-23 18:00")))
        };
        let (begin, end) = (shown(from, "from"), shown(until, "until"));
        let (begin, end) = (begin?, end?);
        if end <= begin {
            self.fault(until, format!("it is over at {}, before it begins at {}", end.text(), begin.text()));
            return None;
        }
        let Rule::Dates(spans) = Rule::dates(begin, end, except) else { return None };
        if spans.is_empty() {
            self.fault(until, "with its exceptions there is nothing left of it".to_owned());
            return None;
        }
        Some(Rule::Dates(spans))
    }

    fn days(&mut self, entry: &Entry<'a>) -> Vec<Shown> {
        let mut days = Vec::new();
        if entry.get("except").is_none() {
            return days;
        }
        for (node, word) in self.words(entry, "except") {
            let day = Shown::of_text(word).filter(|day| day.is_day());
            days.extend(self.told(node, day.ok_or_else(|| "`except` takes dates such as 2026-12-24".to_owned())));
        }
        days
    }
}

fn name(word: &str) -> Result<CalendarName, String> {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if word.len() <= NAME_LENGTH_MAX_CHARS && word.chars().all(fits) {
        return Ok(CalendarName::new(word));
    }
    Err(format!("a name is lower-case letters, digits and dashes, at most {NAME_LENGTH_MAX_CHARS}"))
}

fn kind(word: &str) -> Result<CalendarKind, String> {
    let found = CalendarKind::ALL.into_iter().find(|kind| kind.word() == word);
    found.ok_or_else(|| format!("there is no kind {word}; it is freeze or window"))
}
