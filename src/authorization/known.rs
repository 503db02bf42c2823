//! The names that policies may mention, and the server classes they can tell apart.
//!
//! Cedar itself checks types and commands against the schema, but not that a group or a site exists.

use crate::domain::command::CommandName;
use crate::domain::identity::{AutomationName, GroupName, UserId};
use crate::domain::server::{PoolName, Server, ServerType, SiteName};
use std::collections::BTreeSet;

/// All that a policy can see of a server: two servers of one class always get one answer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServerClass {
    /// The type.
    pub server_type: ServerType,
    /// The site.
    pub site: SiteName,
    /// The pool it serves in.
    pub pool: Option<PoolName>,
}

impl ServerClass {
    /// The class of that server.
    #[must_use]
    pub fn of(server: &Server) -> Self {
        Self { server_type: server.server_type.clone(), site: server.site.clone(), pool: server.pool.clone() }
    }
}

/// The same by reference: of 20,000 servers a few hundred classes are ever made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClassView<'a> {
    pub(super) server_type: &'a ServerType,
    pub(super) site: &'a SiteName,
    pub(super) pool: Option<&'a PoolName>,
}

impl<'a> ClassView<'a> {
    pub(super) fn of(server: &'a Server) -> Self {
        Self { server_type: &server.server_type, site: &server.site, pool: server.pool.as_ref() }
    }

    pub(super) fn of_class(class: &'a ServerClass) -> Self {
        Self { server_type: &class.server_type, site: &class.site, pool: class.pool.as_ref() }
    }

    pub(super) fn class(self) -> ServerClass {
        ServerClass { server_type: self.server_type.clone(), site: self.site.clone(), pool: self.pool.cloned() }
    }
}

/// The built-in verbs that policies speak of as they do of commands; each brake counts for what ends it too.
pub const VERB_RIGHTS: [&str; 4] = ["freeze", "hold", "blacklist", "state"];

/// Everything that exists and that a policy may name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// Groups of the directory.
    pub groups: BTreeSet<GroupName>,
    /// Commands of the catalogue.
    pub commands: BTreeSet<CommandName>,
    /// Sites of the inventory.
    pub sites: BTreeSet<SiteName>,
    /// Server types of the inventory.
    pub types: BTreeSet<ServerType>,
    /// Pools of the inventory.
    pub pools: BTreeSet<PoolName>,
    /// The classes that the inventory's servers fall into.
    pub classes: BTreeSet<ServerClass>,
    /// What may act without a person.
    pub automations: BTreeSet<AutomationName>,
    /// People of the workspace, at least those that policies name; `None` where nobody can be asked.
    pub people: Option<BTreeSet<UserId>>,
}

impl Known {
    /// What is known from the directory's groups, the catalogue's commands and the inventory's servers.
    #[must_use]
    pub fn of(
        groups: impl IntoIterator<Item = GroupName>,
        commands: impl IntoIterator<Item = CommandName>,
        servers: &[Server],
    ) -> Self {
        let classes: BTreeSet<ServerClass> = servers.iter().map(ServerClass::of).collect();
        Self {
            groups: groups.into_iter().collect(),
            commands: commands.into_iter().chain(VERB_RIGHTS.map(CommandName::new)).collect(),
            sites: classes.iter().map(|class| class.site.clone()).collect(),
            types: classes.iter().map(|class| class.server_type.clone()).collect(),
            pools: classes.iter().filter_map(|class| class.pool.clone()).collect(),
            classes,
            automations: BTreeSet::new(),
            people: None,
        }
    }

    /// The same, where each of these people exists and nobody else does.
    #[must_use]
    pub fn with_people(self, people: BTreeSet<UserId>) -> Self {
        Self { people: Some(people), ..self }
    }
}

/// The word of `words` that is nearest to `typed`, if one is near enough to be meant.
pub(super) fn nearest<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near_enough = (typed.chars().count() + 1) / 3;
    let near_enough = near_enough.max(1);
    let scored = words.into_iter().map(|word| (distance(typed, word), word));
    scored.min().filter(|(far, _)| *far <= near_enough).map(|(_, word)| word)
}

/// Edit distance in characters, one row of the table at a time.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left_char) in left.chars().enumerate() {
        let mut next = vec![index + 1];
        let mut beside = index + 1;
        for ((right_char, diagonal), above) in right.iter().zip(row.iter()).zip(row.iter().skip(1)) {
            beside = (diagonal + usize::from(left_char != *right_char)).min(above + 1).min(beside + 1);
            next.push(beside);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
