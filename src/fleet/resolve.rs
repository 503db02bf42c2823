//! Which servers a selector means, in one snapshot of the inventory.
//!
//! Nothing is guessed and nothing is silently left out: every name must exist, every value must be known, and an
//! empty result is a misunderstanding.

use super::inventory::Inventory;
use super::{pattern, print, unknown};
use crate::domain::intent::{Attribute, Comparison, NamePattern, Predicate, Selector, Spanned};
use crate::domain::limits::EXPANSION_MAX_NAMES;
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::server::{ProductionState, Server};

/// The servers that a selector of a normalised line means, sorted by name.
///
/// # Errors
/// Unknown names, values or groups, too many names, or nothing left; each with the place in the line.
pub fn resolve(
    selector: &Spanned<Selector>,
    inventory: &Inventory,
    states: &dyn Fn(&Server) -> ProductionState,
    line: &str,
) -> Result<Vec<Server>, Misunderstanding> {
    let names: u64 = patterns(&selector.value).map(pattern::count).fold(0, u64::saturating_add);
    if names > EXPANSION_MAX_NAMES as u64 {
        let kind = Kind::TooManyNames { max: EXPANSION_MAX_NAMES };
        return Err(Misunderstanding::new(line, selector.span.clone(), kind));
    }
    let snapshot = Snapshot { inventory, states, line };
    let chosen = snapshot.choose(&selector.value)?;
    let servers: Vec<Server> = inventory
        .servers()
        .iter()
        .zip(chosen)
        .filter(|(_, is_chosen)| *is_chosen)
        .map(|(server, _)| server.clone())
        .collect();
    if servers.is_empty() {
        return Err(Misunderstanding::new(line, selector.span.clone(), Kind::NothingLeft));
    }
    Ok(servers)
}

fn patterns(selector: &Selector) -> Box<dyn Iterator<Item = &NamePattern> + '_> {
    match selector {
        Selector::Names(pattern) => Box::new(std::iter::once(&pattern.value)),
        Selector::Attribute(_) => Box::new(std::iter::empty()),
        Selector::Union(left, right)
        | Selector::Intersection(left, right)
        | Selector::Difference(left, right)
        | Selector::Exclusive(left, right) => Box::new(patterns(left).chain(patterns(right))),
    }
}

/// One mark per server of the inventory, in its order.
type Chosen = Vec<bool>;

struct Snapshot<'a> {
    inventory: &'a Inventory,
    states: &'a dyn Fn(&Server) -> ProductionState,
    line: &'a str,
}

impl Snapshot<'_> {
    fn choose(&self, selector: &Selector) -> Result<Chosen, Misunderstanding> {
        let (left, right, join): (_, _, fn(bool, bool) -> bool) = match selector {
            Selector::Names(pattern) => return self.named(pattern),
            Selector::Attribute(predicate) => return self.with_attribute(&predicate.value),
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
        let mut chosen = vec![false; servers.len()];
        let mut missing = Vec::new();
        for name in wanted {
            match servers.binary_search_by(|server| server.name.as_str().cmp(&name)) {
                Ok(index) => chosen.iter_mut().skip(index).take(1).for_each(|mark| *mark = true),
                Err(_) => missing.push(name),
            }
        }
        if missing.is_empty() { Ok(chosen) } else { Err(unknown::names(names, &missing, self.inventory, self.line)) }
    }

    fn with_attribute(&self, predicate: &Predicate) -> Result<Chosen, Misunderstanding> {
        for value in &predicate.values {
            unknown::check_value(predicate.attribute, value, self.inventory, self.line)?;
        }
        let is_equal = predicate.comparison == Comparison::Equal;
        let chosen = self.inventory.servers().iter().map(|server| {
            let of_server = match predicate.attribute {
                Attribute::State => Some((self.states)(server).word()),
                Attribute::Site | Attribute::Type | Attribute::Pool | Attribute::Rack => {
                    unknown::recorded(server, predicate.attribute)
                }
            };
            predicate.values.iter().any(|value| Some(value.value.as_str()) == of_server) == is_equal
        });
        Ok(chosen.collect())
    }
}
