//! What a rule requires beside being asked by the right person in the right place: whose consent, and a reason.
//!
//! Deliberately absent: whether it was given, which only the request knows.

use super::known::Known;
use super::rules::{Whom, people};
use super::sheet::Sheet;
use crate::domain::identity::GroupName;
use crate::yaml::Node;
use std::collections::BTreeSet;

/// What must come with a request before it may start; nothing by default.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Requirements {
    /// People of each of these groups must agree.
    pub approval: Option<Consent>,
    /// People of these groups, taken together, must agree; every quorum for itself.
    pub quorums: BTreeSet<Consent>,
    /// Whether the line must say why.
    pub reason: ReasonNeed,
}

/// So many different people, never the requester.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Consent {
    /// The groups they come from; at least one.
    pub from: BTreeSet<GroupName>,
    /// How many people; at least one.
    pub count: u32,
}

/// Whether a line must say why.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum ReasonNeed {
    /// It may be left out.
    #[default]
    Free,
    /// It must be there.
    Required,
}

impl Requirements {
    /// Whether nothing is required.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Both: every group that one of them names with the larger count, and every quorum.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.approval = match (self.approval, &other.approval) {
            (Some(mut one), Some(other)) => {
                one.from.extend(other.from.iter().cloned());
                one.count = one.count.max(other.count);
                Some(one)
            }
            (one, other) => one.or_else(|| other.clone()),
        };
        self.quorums.extend(other.quorums.iter().cloned());
        self.reason = self.reason.max(other.reason);
        self
    }

    /// What is required where each of these rules allows: nothing if one of them requires nothing, else all of it.
    pub(super) fn of_permits<'r>(permits: impl IntoIterator<Item = Option<&'r Self>>) -> Self {
        let mut all = Self::default();
        for permit in permits {
            match permit {
                Some(requirements) => all = all.and(requirements),
                None => return Self::default(),
            }
        }
        all
    }
}

/// The value of a rule's `requires`.
pub(super) fn read(sheet: &mut Sheet<'_>, known: &Known, node: &Node) -> Requirements {
    let Some(keys) = sheet.keys(node, "`requires`", &["approval", "quorum", "reason"]) else {
        return Requirements::default();
    };
    let approval = keys.get("approval").and_then(|node| consent(sheet, known, node, "`approval`"));
    let quorum = keys.get("quorum").and_then(|node| consent(sheet, known, node, "`quorum`"));
    let reason = match keys.get("reason").map(|node| (node, node.word())) {
        None | Some((_, Some("no" | "false"))) => ReasonNeed::Free,
        Some((_, Some("yes" | "true"))) => ReasonNeed::Required,
        Some((node, _)) => {
            sheet.fault(&node.span, "whether a reason is required is `yes` or `no`", "write `reason: yes`");
            ReasonNeed::Free
        }
    };
    Requirements { approval, quorums: quorum.into_iter().collect(), reason }
}

fn consent(sheet: &mut Sheet<'_>, known: &Known, node: &Node, what: &str) -> Option<Consent> {
    let keys = sheet.keys(node, what, &["from", "count"])?;
    let count = keys.get("count").map_or(Some(1), |count| sheet.number(count, "`count`", 1));
    let Some(from) = keys.get("from") else {
        sheet.fault(&node.span, format!("{what} has no `from`"), "name the groups, e.g. `{ from: sre, count: 1 }`");
        return None;
    };
    match people(sheet, known, from, "`from`") {
        Whom::Some { groups, people, automations } if people.is_empty() && automations.is_empty() => {
            Some(Consent { from: groups, count: count? })
        }
        Whom::Everyone | Whom::Some { .. } => {
            sheet.fault(&from.span, "consent comes from groups", "make a group of those people in groups.yaml");
            None
        }
    }
}
