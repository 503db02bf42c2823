//! The policies of one channel, laid out so that a decision looks only at those that can have a say in it.
//!
//! Cedar evaluates every policy of a set. A policy whose scope names other commands never decides, so each command that
//! a channel's policies name has a set of its own, and all others share one. For the same reason a policy cannot tell
//! apart what none of the set's policies names: a person, a server or a site is reduced to the names in it.

use super::answers::PolicyName;
use super::entities::Kind;
use crate::domain::command::CommandName;
use crate::domain::identity::{GroupName, UserId};
use crate::domain::place::ChannelName;
use crate::domain::server::{PoolName, ServerType, SiteName};
use cedar_policy::{ActionConstraint, EntityUid, Policy, PolicySet};
use std::collections::{BTreeMap, BTreeSet};

/// The global forbids and one channel's own policies.
#[derive(Clone, Debug)]
pub(super) struct ChannelSet {
    pub(super) name: ChannelName,
    /// What the channel's own files say, in their order.
    pub(super) own: Vec<PolicyName>,
    pub(super) mentions: Mentions,
    by_command: BTreeMap<CommandName, PolicySet>,
    /// For every command that no policy names.
    rest: PolicySet,
}

/// The names that at least one policy of a set tells apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Mentions {
    pub(super) groups: BTreeSet<GroupName>,
    pub(super) people: BTreeSet<UserId>,
    pub(super) types: BTreeSet<ServerType>,
    pub(super) sites: BTreeSet<SiteName>,
    pub(super) pools: BTreeSet<PoolName>,
    pub(super) commands: BTreeSet<CommandName>,
}

impl ChannelSet {
    pub(super) fn new(name: &ChannelName, own: &[Policy], global: &[Policy]) -> Self {
        let all: Vec<&Policy> = global.iter().chain(own).collect();
        let mut mentions = Mentions::default();
        for literal in all.iter().flat_map(|policy| policy.entity_literals()) {
            mentions.add(&literal);
        }
        let set = |may_decide: &dyn Fn(&Policy) -> bool| {
            let policies = all.iter().filter(|policy| may_decide(policy)).map(|policy| (*policy).clone());
            PolicySet::from_policies(policies).expect("ids are unique over all files, checked at load")
        };
        let by_command = mentions.commands.iter().map(|command| {
            let uid = Kind::Action.uid(command.as_str());
            (command.clone(), set(&|policy| scope_holds(policy, &uid)))
        });
        Self {
            name: name.clone(),
            own: own.iter().map(|policy| PolicyName::new(AsRef::<str>::as_ref(policy.id()))).collect(),
            by_command: by_command.collect(),
            rest: set(&|policy| matches!(policy.action_constraint(), ActionConstraint::Any)),
            mentions,
        }
    }

    /// The policies that can have a say about that command.
    pub(super) fn policies_for(&self, command: &CommandName) -> &PolicySet {
        self.by_command.get(command).unwrap_or(&self.rest)
    }
}

impl Mentions {
    fn add(&mut self, literal: &EntityUid) {
        let id: &str = literal.id().unescaped();
        let kind = literal.type_name().to_string();
        match kind.as_str() {
            "Group" => drop(self.groups.insert(GroupName::new(id))),
            "Account" => drop(self.people.insert(UserId::new(id))),
            "ServerType" => drop(self.types.insert(ServerType::new(id))),
            "Site" => drop(self.sites.insert(SiteName::new(id))),
            "Pool" => drop(self.pools.insert(PoolName::new(id))),
            "Action" => drop(self.commands.insert(CommandName::new(id))),
            // Users and servers are named by no policy; channel and impact are the same for all of one question.
            _ => {}
        }
    }
}

fn scope_holds(policy: &Policy, command: &EntityUid) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(only) => only == *command,
        ActionConstraint::In(some) => some.contains(command),
    }
}
