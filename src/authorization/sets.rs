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
use cedar_policy::{ActionConstraint, Effect, EntityUid, Policy, PolicySet};
use std::collections::{BTreeMap, BTreeSet};

/// The global forbids and one channel's own policies.
#[derive(Clone, Debug)]
pub(super) struct ChannelSet {
    pub(super) name: ChannelName,
    /// What the channel's own files say, in their order.
    pub(super) own: Vec<PolicyName>,
    by_command: BTreeMap<CommandName, Slice>,
    /// For every command that no policy names.
    rest: Slice,
}

/// The policies that can have a say about one command.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub(super) set: PolicySet,
    pub(super) mentions: Mentions,
    /// Whether one of them permits anything.
    pub(super) has_permit: bool,
}

/// The names that at least one policy of a slice tells apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Mentions {
    pub(super) groups: BTreeSet<GroupName>,
    pub(super) people: BTreeSet<UserId>,
    pub(super) types: BTreeSet<ServerType>,
    pub(super) sites: BTreeSet<SiteName>,
    pub(super) pools: BTreeSet<PoolName>,
}

impl ChannelSet {
    pub(super) fn new(name: &ChannelName, own: &[Policy], global: &[Policy]) -> Self {
        let all: Vec<(&Policy, Vec<EntityUid>)> =
            global.iter().chain(own).map(|policy| (policy, policy.entity_literals())).collect();
        let commands: BTreeSet<CommandName> = all
            .iter()
            .flat_map(|(_, literals)| literals)
            .filter(|literal| literal.type_name().to_string() == Kind::Action.word())
            .map(|literal| CommandName::new(AsRef::<str>::as_ref(literal.id())))
            .collect();
        let slice =
            |may_decide: &dyn Fn(&Policy) -> bool| Slice::new(all.iter().filter(|(policy, _)| may_decide(policy)));
        let by_command = commands.into_iter().map(|command| {
            let uid = Kind::Action.uid(command.as_str());
            let slice = slice(&|policy| scope_holds(policy, &uid));
            (command, slice)
        });
        Self {
            name: name.clone(),
            own: own.iter().map(|policy| PolicyName::new(AsRef::<str>::as_ref(policy.id()))).collect(),
            by_command: by_command.collect(),
            rest: slice(&|policy| matches!(policy.action_constraint(), ActionConstraint::Any)),
        }
    }

    /// The policies that can have a say about that command.
    pub(super) fn slice(&self, command: &CommandName) -> &Slice {
        self.by_command.get(command).unwrap_or(&self.rest)
    }

    /// Whether a policy names that command, and so may tell it from others.
    pub(super) fn names(&self, command: &CommandName) -> bool {
        self.by_command.contains_key(command)
    }
}

impl Slice {
    fn new<'p>(policies: impl Iterator<Item = &'p (&'p Policy, Vec<EntityUid>)>) -> Self {
        let (mut set, mut mentions, mut has_permit) = (Vec::new(), Mentions::default(), false);
        for (policy, literals) in policies {
            has_permit |= policy.effect() == Effect::Permit;
            literals.iter().for_each(|literal| mentions.add(literal));
            set.push((*policy).clone());
        }
        let set = PolicySet::from_policies(set).expect("ids are unique over all files, checked at load");
        Self { set, mentions, has_permit }
    }
}

impl Mentions {
    fn add(&mut self, literal: &EntityUid) {
        let id: &str = literal.id().as_ref();
        let kind = literal.type_name().to_string();
        match kind.as_str() {
            "Group" => drop(self.groups.insert(GroupName::new(id))),
            "Account" => drop(self.people.insert(UserId::new(id))),
            "ServerType" => drop(self.types.insert(ServerType::new(id))),
            "Site" => drop(self.sites.insert(SiteName::new(id))),
            "Pool" => drop(self.pools.insert(PoolName::new(id))),
            // Users and servers are named by no policy; command, channel and impact are the same for all of a question.
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
