//! What other numbers would have made of what was decided: each decision is asked again on what was known then.
//!
//! Deliberately absent: what would have followed. That a server would have waited changes nothing of what came after it.

use super::{Decided, Rules, Said, Snapshot, absorptions_asked_on};
use crate::domain::command::CommandSpec;
use crate::domain::ids::RunId;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::fleet::InventoryFault;
use crate::workflow::request::{Blocker, PolicyName};
use std::collections::{BTreeMap, BTreeSet};

/// How an answer would have differed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Change {
    /// It started, and would have waited.
    WouldWait,
    /// It waited, and would have started.
    WouldStart,
    /// It waited, and would have waited for another policy.
    OtherPolicies,
    /// It would have been left out, or would not have been.
    LeftOut,
}

/// One server about which other numbers say something else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// When it was decided.
    pub at: Timestamp,
    /// The run.
    pub run: RunId,
    /// The server.
    pub server: ServerName,
    /// How it differs.
    pub change: Change,
    /// The policies that make the difference, sorted.
    pub policies: Vec<PolicyName>,
    /// What would have made it wait, or did.
    pub reasons: Vec<Blocker>,
}

/// What a replay came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Replay {
    /// Decisions that were asked again.
    pub decisions: usize,
    /// Answers about servers that were compared.
    pub answers: usize,
    /// Those that differ, in the order in which they were decided.
    pub differences: Vec<Difference>,
}

impl Replay {
    /// Asks again what was decided on that snapshot, by these numbers instead of those that were in force.
    ///
    /// # Errors
    /// The servers that were kept make no inventory.
    pub fn ask(
        &mut self,
        (snapshot, decided): (&Snapshot, &[Decided]),
        command: (&CommandSpec, Option<&str>),
        rules: &Rules,
    ) -> Result<(), InventoryFault> {
        // Calendars are no numbers: those of then count.
        let wider_floors = rules.wider_floors.asked_on(snapshot.rules.wider_floors);
        let absorbed_by = absorptions_asked_on(&rules.absorbed_by, &snapshot.rules.absorbed_by);
        let calendars = snapshot.rules.calendars.clone();
        let rules = Rules { calendars, wider_floors, absorbed_by, ..rules.clone() };
        let others = Snapshot { rules, ..snapshot.clone() };
        let said = others.ask_again(decided, command)?;
        self.decisions += 1;
        self.answers += decided.len();
        let differing = decided.iter().zip(&said).filter_map(|(one, said)| {
            let (change, policies) = differs(&one.said, said)?;
            let reasons = if change == Change::WouldStart { blockers(&one.said) } else { blockers(said) };
            let (run, server) = (one.run.clone(), one.server.name.clone());
            Some(Difference { at: snapshot.at, run, server, change, policies, reasons: reasons.to_vec() })
        });
        self.differences.extend(differing);
        Ok(())
    }

    /// How many answers differ in that way, and how many by each policy.
    #[must_use]
    pub fn tally(&self, change: Change) -> (usize, BTreeMap<PolicyName, usize>) {
        let those = || self.differences.iter().filter(|one| one.change == change);
        let mut by = BTreeMap::new();
        for policy in those().flat_map(|one| &one.policies) {
            *by.entry(*policy).or_default() += 1;
        }
        (those().count(), by)
    }
}

fn differs(was: &Said, would: &Said) -> Option<(Change, Vec<PolicyName>)> {
    let policies = |said: &Said| blockers(said).iter().filter_map(Blocker::policy).collect::<BTreeSet<_>>();
    let (before, after) = (policies(was), policies(would));
    match (was, would) {
        (Said::Allow { .. }, Said::Wait(_)) => Some((Change::WouldWait, after.into_iter().collect())),
        (Said::Wait(_), Said::Allow { .. }) => Some((Change::WouldStart, before.into_iter().collect())),
        (Said::Wait(_), Said::Wait(_)) if before == after => None,
        (Said::Wait(_), Said::Wait(_)) => {
            Some((Change::OtherPolicies, before.symmetric_difference(&after).copied().collect()))
        }
        (Said::Deny(_), Said::Deny(_)) | (Said::Allow { .. }, Said::Allow { .. }) => None,
        (Said::Deny(_), Said::Allow { .. } | Said::Wait(_)) | (Said::Allow { .. } | Said::Wait(_), Said::Deny(_)) => {
            Some((Change::LeftOut, Vec::new()))
        }
    }
}

fn blockers(said: &Said) -> &[Blocker] {
    match said {
        Said::Wait(blockers) => blockers,
        Said::Allow { .. } | Said::Deny(_) => &[],
    }
}
