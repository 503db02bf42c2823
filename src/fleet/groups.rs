//! Saved groups: selectors with names, checked together when the inventory is read.
//!
//! Deliberately absent: who may use a group, and any group that is made in chat.

use super::inventory::{Inventory, SavedGroup};
use super::resolve::{Snapshot, Undone, check_group};
use super::selector::parse_whole_selector;
use crate::domain::ids::RequestId;
use crate::domain::intent::Selector;
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::server::ServerGroup;
use std::collections::{BTreeMap, BTreeSet};

/// Groups inside groups, at most.
const GROUP_NESTING_MAX: usize = 16;

/// What is wrong with one saved group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupFault {
    /// The group.
    pub group: ServerGroup,
    /// What is wrong with it.
    pub reason: GroupFaultReason,
}

/// Why a saved group is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupFaultReason {
    /// Its selector cannot be read or names what does not exist.
    Misunderstood(Box<Misunderstanding>),
    /// It leads back to itself through these groups.
    Circle(Vec<ServerGroup>),
    /// Groups stand inside groups more than so many deep.
    TooDeep(usize),
    /// It depends on a request, which is over some day.
    DependsOnRequest(RequestId),
}

/// The groups of a selector and the requests it mentions.
#[derive(Default)]
struct Mentioned<'a> {
    groups: BTreeSet<&'a ServerGroup>,
    requests: BTreeSet<&'a RequestId>,
}

impl<'a> Mentioned<'a> {
    fn of(selector: &'a Selector) -> Self {
        let mut found = Self::default();
        found.add(selector);
        found
    }

    fn add(&mut self, selector: &'a Selector) {
        match selector {
            Selector::Group(group) => drop(self.groups.insert(&group.value)),
            Selector::Undone(request) => drop(self.requests.insert(&request.value)),
            Selector::Names(_) | Selector::Attribute(_) | Selector::Tag(_) | Selector::NameMatches(_) => {}
            Selector::Union(left, right)
            | Selector::Intersection(left, right)
            | Selector::Difference(left, right)
            | Selector::Exclusive(left, right) => {
                self.add(left);
                self.add(right);
            }
        }
    }
}

/// The requests whose undone work a selector asks for (`failed:req-2mq9`): they must be read before it is resolved.
#[must_use]
pub fn mentioned_requests(selector: &Selector) -> BTreeSet<RequestId> {
    Mentioned::of(selector).requests.into_iter().cloned().collect()
}

/// Reads the groups' selectors and checks them against each other and the inventory.
pub(super) fn checked_groups(
    inventory: &Inventory,
    texts: BTreeMap<ServerGroup, String>,
) -> Result<BTreeMap<ServerGroup, SavedGroup>, Vec<GroupFault>> {
    let mut groups = BTreeMap::new();
    let mut faults = Vec::new();
    let names: BTreeSet<ServerGroup> = texts.keys().cloned().collect();
    for (group, text) in texts {
        match parse_whole_selector(&text) {
            Ok(selector) => drop(groups.insert(group, SavedGroup { text, selector })),
            Err(told) => faults.push(GroupFault { group, reason: GroupFaultReason::Misunderstood(Box::new(told)) }),
        }
    }
    let mut sound = BTreeSet::new();
    for (group, saved) in &groups {
        if let Some(request) = mentioned_requests(&saved.selector.value).into_iter().next() {
            faults.push(GroupFault { group: group.clone(), reason: GroupFaultReason::DependsOnRequest(request) });
        } else if let Err(reason) = walk(group, &groups, &mut vec![group]) {
            faults.extend(reason.map(|reason| GroupFault { group: group.clone(), reason }));
        } else {
            sound.insert(group.clone());
        }
    }
    // Only groups that come to an end can be looked up; a member that is known but faulty is told at its own place.
    let mut checkable = inventory.clone();
    let kept = groups.iter().filter(|(group, _)| sound.contains(*group));
    checkable.replace_groups(kept.map(|(group, saved)| (group.clone(), saved.clone())).collect());
    let undone = Undone::new();
    let snapshot = Snapshot { inventory: &checkable, states: &|server| server.initial_state, undone: &undone };
    for group in &sound {
        let Some(saved) = groups.get(group) else { continue };
        let leads_to_faulty = |told: &Misunderstanding| {
            let Kind::UnknownGroup { group } = &told.kind else { return false };
            names.contains(&ServerGroup::new(group.trim_start_matches('@')))
        };
        match check_group(saved, &snapshot) {
            Err(told) if !leads_to_faulty(&told) => {
                let reason = GroupFaultReason::Misunderstood(Box::new(told));
                faults.push(GroupFault { group: group.clone(), reason });
            }
            Ok(()) | Err(_) => {}
        }
    }
    if faults.is_empty() { Ok(groups) } else { Err(faults) }
}

/// Follows a group's groups. A circle is the fault of the groups on it, and of no group that only leads there.
fn walk<'a>(
    start: &'a ServerGroup,
    groups: &'a BTreeMap<ServerGroup, SavedGroup>,
    path: &mut Vec<&'a ServerGroup>,
) -> Result<(), Option<GroupFaultReason>> {
    let Some(saved) = path.last().and_then(|group| groups.get(*group)) else { return Ok(()) };
    for next in Mentioned::of(&saved.selector.value).groups {
        if next == start {
            let circle = path.iter().map(|group| (*group).clone()).chain([next.clone()]).collect();
            return Err(Some(GroupFaultReason::Circle(circle)));
        }
        if path.contains(&next) {
            return Err(None);
        }
        if path.len() == GROUP_NESTING_MAX {
            return Err(Some(GroupFaultReason::TooDeep(GROUP_NESTING_MAX)));
        }
        path.push(next);
        walk(start, groups, path)?;
        path.pop();
    }
    Ok(())
}
