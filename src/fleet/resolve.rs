//! Which servers a selector means, in one snapshot of the inventory.
//!
//! Nothing is guessed and nothing is silently left out: every name must exist, every value must be known, and an
//! empty result is a misunderstanding.

use super::inventory::{Inventory, SavedGroup};
use super::{expression, pattern, print, unknown};
use crate::domain::ids::RequestId;
use crate::domain::intent::{
    Attribute, Comparison, NameMatch, NamePattern, Predicate, Selector, Spanned, TagPredicate,
};
use crate::domain::limits::EXPANSION_MAX_NAMES;
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::plan::PlannedServer;
use crate::domain::server::{ProductionState, Server, ServerGroup, ServerName, TagValue};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What each request left undone; a request that does not exist is not in it.
pub type Undone = BTreeMap<RequestId, Vec<PlannedServer>>;

/// What a selector is resolved against, at one moment.
#[derive(Clone, Copy)]
pub struct Snapshot<'a> {
    /// The servers and saved groups.
    pub inventory: &'a Inventory,
    /// The production state of each server.
    pub states: &'a dyn Fn(&Server) -> ProductionState,
    /// What the requests that the selector mentions left undone ([`super::mentioned_requests`]).
    pub undone: &'a Undone,
}

/// The servers that a selector of a normalised line means, sorted by name.
///
/// # Errors
/// Unknown names, values, groups or requests, too many names, or nothing left; each with the place in the line.
pub fn resolve(
    selector: &Spanned<Selector>,
    snapshot: Snapshot<'_>,
    line: &str,
) -> Result<Vec<Server>, Misunderstanding> {
    let chosen = Chooser::new(&snapshot, line).choose_within_bounds(selector)?;
    let marked = snapshot.inventory.servers().iter().zip(chosen).filter(|(_, is_chosen)| *is_chosen);
    let servers: Vec<Server> = marked.map(|(server, _)| server.clone()).collect();
    if servers.is_empty() {
        return Err(Misunderstanding::new(line, selector.span.clone(), Kind::NothingLeft));
    }
    Ok(servers)
}

/// Whether everything that a saved group names exists. It may be empty: its servers come and go.
pub(super) fn check_group(group: &SavedGroup, snapshot: &Snapshot<'_>) -> Result<(), Misunderstanding> {
    Chooser::new(snapshot, &group.text).choose_within_bounds(&group.selector).map(|_| ())
}

fn patterns(selector: &Selector) -> Box<dyn Iterator<Item = &NamePattern> + '_> {
    match selector {
        Selector::Names(pattern) => Box::new(std::iter::once(&pattern.value)),
        Selector::Attribute(_)
        | Selector::Tag(_)
        | Selector::NameMatches(_)
        | Selector::Group(_)
        | Selector::Undone(_) => Box::new(std::iter::empty()),
        Selector::Union(left, right)
        | Selector::Intersection(left, right)
        | Selector::Difference(left, right)
        | Selector::Exclusive(left, right) => Box::new(patterns(left).chain(patterns(right))),
    }
}

/// One mark per server of the inventory, in its order.
type Chosen = Vec<bool>;

struct Chooser<'a> {
    inventory: &'a Inventory,
    states: &'a dyn Fn(&Server) -> ProductionState,
    undone: &'a Undone,
    line: &'a str,
    /// Groups that were looked up already: one that stands in many others is looked up once.
    groups: RefCell<BTreeMap<ServerGroup, Chosen>>,
}

impl<'a> Chooser<'a> {
    fn new(snapshot: &Snapshot<'a>, line: &'a str) -> Self {
        let Snapshot { inventory, states, undone } = *snapshot;
        Self { inventory, states, undone, line, groups: RefCell::default() }
    }

    fn choose_within_bounds(&self, selector: &Spanned<Selector>) -> Result<Chosen, Misunderstanding> {
        let names: u64 = patterns(&selector.value).map(pattern::count).fold(0, u64::saturating_add);
        if names > EXPANSION_MAX_NAMES as u64 {
            let kind = Kind::TooManyNames { max: EXPANSION_MAX_NAMES };
            return Err(Misunderstanding::new(self.line, selector.span.clone(), kind));
        }
        self.choose(&selector.value)
    }

    fn choose(&self, selector: &Selector) -> Result<Chosen, Misunderstanding> {
        let (left, right, join): (_, _, fn(bool, bool) -> bool) = match selector {
            Selector::Names(pattern) => return self.named(pattern),
            Selector::Attribute(predicate) => return self.with_attribute(&predicate.value),
            Selector::Tag(predicate) => return self.with_tag(&predicate.value),
            Selector::NameMatches(wanted) => return self.matching(&wanted.value),
            Selector::Group(group) => return self.in_group(group),
            Selector::Undone(request) => return self.left_undone(request),
            Selector::Union(left, right) => (left, right, |one, other| one || other),
            Selector::Intersection(left, right) => (left, right, |one, other| one && other),
            Selector::Difference(left, right) => (left, right, |one, other| one && !other),
            Selector::Exclusive(left, right) => (left, right, |one, other| one != other),
        };
        let mut chosen = self.choose(left)?;
        let others = self.choose(right)?;
        chosen.iter_mut().zip(others).for_each(|(mark, other)| *mark = join(*mark, other));
        Ok(chosen)
    }

    fn named(&self, names: &Spanned<NamePattern>) -> Result<Chosen, Misunderstanding> {
        let servers = self.inventory.servers();
        let Some(wanted) = pattern::expand(&names.value, EXPANSION_MAX_NAMES) else {
            let chosen: Chosen =
                servers.iter().map(|server| pattern::fits(&names.value, server.name.as_str())).collect();
            if chosen.contains(&true) {
                return Ok(chosen);
            }
            let kind = Kind::NoNameFits { pattern: print::print_pattern(&names.value) };
            return Err(Misunderstanding::new(self.line, names.span.clone(), kind));
        };
        let mut chosen = self.none();
        let mut missing = Vec::new();
        for name in wanted {
            match servers.binary_search_by(|server| server.name.as_str().cmp(&name)) {
                Ok(index) => chosen.iter_mut().skip(index).take(1).for_each(|mark| *mark = true),
                Err(_) => missing.push(name),
            }
        }
        if missing.is_empty() { Ok(chosen) } else { Err(unknown::names(names, &missing, self.inventory, self.line)) }
    }

    fn none(&self) -> Chosen {
        vec![false; self.inventory.servers().len()]
    }

    fn with_attribute(&self, predicate: &Predicate) -> Result<Chosen, Misunderstanding> {
        let Predicate { attribute, comparison, values } = predicate;
        for value in values {
            unknown::check_value(*attribute, value, self.inventory, self.line)?;
        }
        let wanted = *comparison == Comparison::Equal;
        if *attribute == Attribute::State {
            let has_one = |server| {
                let state = (self.states)(server).word();
                values.iter().any(|value| value.value == state)
            };
            return Ok(self.inventory.servers().iter().map(|server| has_one(server) == wanted).collect());
        }
        let having = values.iter().filter_map(|value| self.inventory.having(*attribute, &value.value)).flatten();
        Ok(self.marked(having, wanted))
    }

    fn with_tag(&self, predicate: &TagPredicate) -> Result<Chosen, Misunderstanding> {
        let TagPredicate { tag, comparison, values } = predicate;
        let known = unknown::check_tag(tag, values, self.inventory, self.line)?;
        let having = values.iter().filter_map(|value| known.get(&TagValue::new(&value.value))).flatten();
        Ok(self.marked(having, *comparison == Comparison::Equal))
    }

    /// The servers at those places, or all others.
    fn marked<'b>(&self, places: impl Iterator<Item = &'b usize>, wanted: bool) -> Chosen {
        let mut chosen = vec![!wanted; self.inventory.servers().len()];
        for place in places {
            if let Some(mark) = chosen.get_mut(*place) {
                *mark = wanted;
            }
        }
        chosen
    }

    /// An expression that is found in no name is told, also where it takes servers away: a slip in an exception would
    /// let through what was excepted.
    fn matching(&self, wanted: &NameMatch) -> Result<Chosen, Misunderstanding> {
        let NameMatch { comparison, expression } = wanted;
        let told = |kind| Misunderstanding::new(self.line, expression.span.clone(), kind);
        let read = expression::read(&expression.value).map_err(|(_, why)| told(Kind::BadExpression { why }))?;
        let servers = self.inventory.servers();
        let mut chosen: Chosen = servers.iter().map(|server| read.is_match(server.name.as_str().as_bytes())).collect();
        if !chosen.contains(&true) {
            return Err(told(Kind::NoNameFits { pattern: expression.value.clone() }));
        }
        if *comparison == Comparison::NotEqual {
            chosen.iter_mut().for_each(|mark| *mark = !*mark);
        }
        Ok(chosen)
    }

    fn in_group(&self, group: &Spanned<ServerGroup>) -> Result<Chosen, Misunderstanding> {
        if let Some(chosen) = self.groups.borrow().get(&group.value) {
            return Ok(chosen.clone());
        }
        let Some(saved) = self.inventory.groups().get(&group.value) else {
            return Err(unknown::group(group, self.inventory, self.line));
        };
        // The places of a group's own selector are not places in this line.
        let chosen = self
            .choose(&saved.selector.value)
            .map_err(|told| Misunderstanding::new(self.line, group.span.clone(), told.kind))?;
        self.groups.borrow_mut().insert(group.value.clone(), chosen.clone());
        Ok(chosen)
    }

    fn left_undone(&self, request: &Spanned<RequestId>) -> Result<Chosen, Misunderstanding> {
        let told = |kind| Misunderstanding::new(self.line, request.span.clone(), kind);
        let servers = match self.undone.get(&request.value) {
            None => return Err(told(Kind::UnknownRequest { request: request.value.clone() })),
            Some(servers) if servers.is_empty() => {
                return Err(told(Kind::NothingUndone { request: request.value.clone() }));
            }
            Some(servers) => servers,
        };
        let is_same = |planned: &PlannedServer, server: &Server| server.name == planned.name;
        let mut gone: Vec<ServerName> = Vec::new();
        let mut chosen = self.none();
        for planned in servers {
            // By its id: a name may have passed to another machine since.
            let now = self.inventory.by_id(&planned.id).filter(|server| is_same(planned, server));
            let place = now.and_then(|server| self.inventory.place(&server.name));
            match place.and_then(|place| chosen.get_mut(place)) {
                Some(mark) => *mark = true,
                None => gone.push(planned.name.clone()),
            }
        }
        if gone.is_empty() { Ok(chosen) } else { Err(unknown::gone(request.span.clone(), &gone, self.line)) }
    }
}
