//! Whether a selector that was said earlier covers a server now.
//!
//! Unlike resolving, it asks about one server, and a name or value that is gone is no mistake: it covers nothing any more.
//! What cannot be told at all is said to be so, and is the caller's to judge.

use super::inventory::Inventory;
use super::{expression, pattern};
use crate::domain::intent::{Attribute, Comparison, Predicate, Selector};
use crate::domain::server::{ProductionState, Server};

/// Whether it covers that server; `None` if that cannot be told: a saved group is gone, or it asks what a request left.
#[must_use]
pub fn covers(
    selector: &Selector,
    server: &Server,
    inventory: &Inventory,
    states: &dyn Fn(&Server) -> ProductionState,
) -> Option<bool> {
    let both = |one: &Selector, other: &Selector| {
        Some((covers(one, server, inventory, states)?, covers(other, server, inventory, states)?))
    };
    match selector {
        Selector::Names(names) => Some(pattern::fits(&names.value, server.name.as_str())),
        Selector::Attribute(predicate) => Some(has_attribute(&predicate.value, server, states)),
        Selector::Tag(predicate) => {
            let predicate = &predicate.value;
            let value = server.tags.get(&predicate.tag.value);
            let is_one =
                value.is_some_and(|value| predicate.values.iter().any(|wanted| wanted.value == value.as_str()));
            Some(is_one == (predicate.comparison == Comparison::Equal))
        }
        Selector::NameMatches(wanted) => {
            let read = expression::read(&wanted.value.expression.value).ok()?;
            let is_found = read.is_match(server.name.as_str().as_bytes());
            Some(is_found == (wanted.value.comparison == Comparison::Equal))
        }
        Selector::Group(group) => {
            let saved = inventory.groups().get(&group.value)?;
            covers(&saved.selector.value, server, inventory, states)
        }
        Selector::Undone(_) => None,
        Selector::Union(left, right) => both(left, right).map(|(one, other)| one || other),
        Selector::Intersection(left, right) => both(left, right).map(|(one, other)| one && other),
        Selector::Difference(left, right) => both(left, right).map(|(one, other)| one && !other),
        Selector::Exclusive(left, right) => both(left, right).map(|(one, other)| one != other),
    }
}

fn has_attribute(predicate: &Predicate, server: &Server, states: &dyn Fn(&Server) -> ProductionState) -> bool {
    let state = states(server);
    let value = match predicate.attribute {
        Attribute::Site => Some(server.site.as_str()),
        Attribute::Type => Some(server.server_type.as_str()),
        Attribute::Pool => server.pool.as_ref().map(|pool| pool.as_str()),
        Attribute::Rack => Some(server.rack.as_str()),
        Attribute::State => Some(state.word()),
    };
    let is_one = predicate.values.iter().any(|wanted| value.is_some_and(|value| wanted.value == value.to_lowercase()));
    is_one == (predicate.comparison == Comparison::Equal)
}
