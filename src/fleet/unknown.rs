//! Names and values that no server has, and what was probably meant.

use super::fold::folded;
use super::inventory::Inventory;
use super::nearest::nearest;
use super::pattern;
use crate::domain::intent::{Attribute, NamePart, NamePattern, Spanned};
use crate::domain::limits::EXPANSION_MAX_NAMES;
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::server::{PoolName, ProductionState, Server, ServerGroup, ServerName, TagName, TagValue};
use std::collections::{BTreeMap, BTreeSet};

/// How many folded patterns of unknown names are repeated.
const SHOWN_PATTERNS_MAX: usize = 3;

/// What the inventory records of an attribute; the state is not recorded there.
pub(super) fn recorded(server: &Server, attribute: Attribute) -> Option<&str> {
    match attribute {
        Attribute::Site => Some(server.site.as_str()),
        Attribute::Type => Some(server.server_type.as_str()),
        Attribute::Pool => server.pool.as_ref().map(PoolName::as_str),
        Attribute::Rack => Some(server.rack.as_str()),
        Attribute::State => None,
    }
}

fn known_values(attribute: Attribute, inventory: &Inventory) -> BTreeSet<&str> {
    match attribute {
        Attribute::State => ProductionState::ALL.map(ProductionState::word).into_iter().collect(),
        Attribute::Site | Attribute::Type | Attribute::Pool | Attribute::Rack => {
            inventory.values(attribute).map(|(value, _)| value).collect()
        }
    }
}

/// The known values of a tag. Refuses a tag or a value that no server has.
pub(super) fn check_tag<'a>(
    tag: &Spanned<TagName>,
    values: &[Spanned<String>],
    inventory: &'a Inventory,
    line: &str,
) -> Result<&'a BTreeMap<TagValue, Vec<usize>>, Misunderstanding> {
    let Some(known) = inventory.tags().get(&tag.value) else {
        let kind = Kind::UnknownTag { tag: tag.value.to_string() };
        let near = nearest(tag.value.as_str(), inventory.tags().keys().map(TagName::as_str)).map(str::to_owned);
        return Err(Misunderstanding::new(line, tag.span.clone(), kind).perhaps_suggesting(near));
    };
    match values.iter().find(|value| !known.contains_key(&TagValue::new(&value.value))) {
        None => Ok(known),
        Some(value) => {
            let kind = Kind::UnknownTagValue { tag: format!("{}={}", tag.value, value.value) };
            let near = nearest(&value.value, known.keys().map(TagValue::as_str)).map(str::to_owned);
            Err(Misunderstanding::new(line, value.span.clone(), kind).perhaps_suggesting(near))
        }
    }
}

/// What to say of a saved group that there is not.
pub(super) fn group(group: &Spanned<ServerGroup>, inventory: &Inventory, line: &str) -> Misunderstanding {
    let kind = Kind::UnknownGroup { group: format!("@{}", group.value) };
    let near = nearest(group.value.as_str(), inventory.groups().keys().map(ServerGroup::as_str));
    let near = near.map(|name| format!("@{name}"));
    Misunderstanding::new(line, group.span.clone(), kind).perhaps_suggesting(near)
}

/// What to say of servers that a request left undone and that are not in the inventory any more.
pub(super) fn gone(span: std::ops::Range<usize>, names: &[ServerName], line: &str) -> Misunderstanding {
    Misunderstanding::new(line, span, Kind::UnknownServer { shown: folded(names, SHOWN_PATTERNS_MAX) })
}

/// Refuses a value that no server has.
pub(super) fn check_value(
    attribute: Attribute,
    value: &Spanned<String>,
    inventory: &Inventory,
    line: &str,
) -> Result<(), Misunderstanding> {
    let is_known = match attribute {
        Attribute::State => ProductionState::of_word(&value.value).is_some(),
        Attribute::Site | Attribute::Type | Attribute::Pool | Attribute::Rack => {
            inventory.having(attribute, &value.value).is_some()
        }
    };
    if is_known {
        return Ok(());
    }
    let known = known_values(attribute, inventory);
    let kind = Kind::UnknownValue { attribute, value: value.value.as_str().into() };
    let near = nearest(&value.value, known).map(str::to_owned);
    Err(Misunderstanding::new(line, value.span.clone(), kind).perhaps_suggesting(near))
}

/// What to say when some of a pattern's names do not exist.
pub(super) fn names(
    pattern: &Spanned<NamePattern>,
    missing: &[String],
    inventory: &Inventory,
    line: &str,
) -> Misunderstanding {
    let Some(NamePart::Literal(literal)) = pattern.value.parts.first() else {
        return whole(pattern, missing, line);
    };
    if let [NamePart::Literal(word)] = pattern.value.parts.as_slice()
        && let Some(better) = as_attribute(word, inventory).or_else(|| without_domain(word, inventory))
    {
        return whole(pattern, missing, line).suggesting(better);
    }
    let beginning = beginning_of(literal);
    let known: BTreeSet<&str> = inventory.servers().iter().map(|server| beginning_of(server.name.as_str())).collect();
    if beginning.is_empty() || known.contains(beginning) {
        let meant = meant_instead(pattern, missing, inventory);
        return whole(pattern, missing, line).perhaps_suggesting(meant);
    }
    unknown_beginning(pattern, beginning, known, inventory).told(line, missing)
}

/// The name without its last number and dash: what servers of one kind and site share.
fn beginning_of(name: &str) -> &str {
    name.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches('-')
}

fn whole(pattern: &Spanned<NamePattern>, missing: &[String], line: &str) -> Misunderstanding {
    let names: Vec<ServerName> = missing.iter().map(ServerName::new).collect();
    let kind = Kind::UnknownServer { shown: folded(&names, SHOWN_PATTERNS_MAX) };
    Misunderstanding::new(line, pattern.span.clone(), kind)
}

struct UnknownBeginning<'a> {
    span: std::ops::Range<usize>,
    shown: Option<String>,
    better: Option<&'a str>,
    is_whole_known: bool,
}

impl UnknownBeginning<'_> {
    fn told(self, line: &str, missing: &[String]) -> Misunderstanding {
        let shown = self.shown.unwrap_or_else(|| missing.first().cloned().unwrap_or_default());
        let mut told = Misunderstanding::new(line, self.span, Kind::UnknownServer { shown })
            .perhaps_suggesting(self.better.map(str::to_owned));
        if !self.is_whole_known {
            told.corrected = None;
        }
        told
    }
}

/// The first part of the pattern is the beginning of no server's name. Among near beginnings, one with which all
/// names of the pattern exist is what was meant.
fn unknown_beginning<'a>(
    pattern: &Spanned<NamePattern>,
    beginning: &str,
    known: BTreeSet<&'a str>,
    inventory: &Inventory,
) -> UnknownBeginning<'a> {
    let exists = |better: &str| {
        let mut parts = pattern.value.parts.clone();
        if let Some(NamePart::Literal(literal)) = parts.first_mut() {
            let rest = literal.get(beginning.len()..).unwrap_or_default();
            *literal = format!("{better}{rest}");
        }
        pattern::expand(&NamePattern { parts }, EXPANSION_MAX_NAMES)
            .is_some_and(|names| names.into_iter().all(|name| inventory.by_name(&ServerName::new(name)).is_some()))
    };
    let (better, is_whole_known) = match nearest(beginning, known.iter().copied()) {
        Some(near) => (Some(near), exists(near)),
        None => match nearest(beginning, known.into_iter().filter(|candidate| exists(candidate))) {
            Some(near) => (Some(near), true),
            None => (None, false),
        },
    };
    let start = pattern.span.start;
    let is_one_name = pattern.value.parts.len() == 1;
    let shown = (!is_one_name).then(|| format!("{beginning}-…"));
    UnknownBeginning { span: start..start + beginning.len(), shown, better, is_whole_known }
}

/// A word that is no name but a site, type, pool, rack or state.
fn as_attribute(word: &str, inventory: &Inventory) -> Option<String> {
    let attribute = Attribute::ALL.into_iter().find(|attribute| known_values(*attribute, inventory).contains(word))?;
    Some(format!("{}={word}", attribute.word()))
}

/// A name with its domain, as other tools print it.
fn without_domain(word: &str, inventory: &Inventory) -> Option<String> {
    let (name, _) = word.split_once('.')?;
    inventory.by_name(&ServerName::new(name)).map(|server| server.name.to_string())
}

/// The servers that exist among the names, or the same numbers with the padding that names really have.
fn meant_instead(pattern: &Spanned<NamePattern>, missing: &[String], inventory: &Inventory) -> Option<String> {
    let wanted = pattern::expand(&pattern.value, EXPANSION_MAX_NAMES)?;
    let existing: Vec<ServerName> =
        wanted.iter().map(ServerName::new).filter(|name| inventory.by_name(name).is_some()).collect();
    if !existing.is_empty() && existing.len() < wanted.len() {
        return Some(folded(&existing, 1)).filter(|text| !text.contains(' '));
    }
    let mut by_number: BTreeMap<(&str, u64), Option<&ServerName>> = BTreeMap::new();
    for server in inventory.servers() {
        if let Some(key) = numbered(server.name.as_str()) {
            by_number.entry(key).and_modify(|name| *name = None).or_insert(Some(&server.name));
        }
    }
    let repadded: Option<Vec<ServerName>> =
        missing.iter().map(|name| by_number.get(&numbered(name)?).copied().flatten().cloned()).collect();
    repadded.map(|names| folded(&names, 1)).filter(|text| !text.contains(' '))
}

fn numbered(name: &str) -> Option<(&str, u64)> {
    let beginning = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    name.get(beginning.len()..)?.parse().ok().map(|number| (beginning, number))
}
