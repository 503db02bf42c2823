//! Our nouns as Cedar's: uids, entities, and the schema with one action per command of the catalogue.

use super::known::Known;
use crate::domain::command::{CommandName, Impact};
use crate::domain::identity::{GroupName, PersonId, UserId};
use crate::domain::place::ChannelName;
use crate::domain::server::{PoolName, ServerType, SiteName};
use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema, SchemaError,
    SchemaFragment,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::str::FromStr;

/// The types of `schema.cedarschema` that this module speaks of.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    User,
    Group,
    Account,
    Automation,
    Site,
    ServerType,
    Pool,
    Server,
    Fleet,
    Channel,
    Impact,
    Action,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Account => "Account",
            Self::Automation => "Automation",
            Self::Site => "Site",
            Self::ServerType => "ServerType",
            Self::Pool => "Pool",
            Self::Server => "Server",
            Self::Fleet => "Fleet",
            Self::Channel => "Channel",
            Self::Impact => "Impact",
            Self::Action => "Action",
        }
    }

    /// That thing's uid; the id is a value, so no text of a name can become policy.
    pub(super) fn uid(self, id: &str) -> EntityUid {
        let name = EntityTypeName::from_str(self.word()).expect("each word above is a plain identifier");
        EntityUid::from_type_name_and_id(name, EntityId::new(id))
    }
}

/// Whoever asks: in those groups, and perhaps named themselves.
pub(super) fn person(id: &PersonId, groups: &BTreeSet<GroupName>, named: Option<&UserId>) -> Entity {
    let mut parents: HashSet<EntityUid> = groups.iter().map(|group| Kind::Group.uid(group.as_str())).collect();
    parents.extend(named.map(|user| Kind::Account.uid(user.as_str())));
    Entity::new_no_attrs(Kind::User.uid(&id.to_string()), parents)
}

/// An automation that asks: in no group.
pub(super) fn automation(name: &str) -> Entity {
    Entity::new_no_attrs(Kind::Automation.uid(name), HashSet::new())
}

/// The stand-in for every server of that class; `number` only keeps the classes of one question apart.
pub(super) fn server(number: usize, class: &SeenClass<'_>) -> Entity {
    let mut parents = HashSet::new();
    parents.extend(class.server_type.map(|name| Kind::ServerType.uid(name.as_str())));
    parents.extend(class.site.map(|name| Kind::Site.uid(name.as_str())));
    parents.extend(class.pool.map(|name| Kind::Pool.uid(name.as_str())));
    Entity::new_no_attrs(Kind::Server.uid(&format!("class {number}")), parents)
}

/// A server as far as one channel's policies can see it: what none of them names is left out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeenClass<'a> {
    pub(super) server_type: Option<&'a ServerType>,
    pub(super) site: Option<&'a SiteName>,
    pub(super) pool: Option<&'a PoolName>,
}

/// A whole site, as what a command works on.
pub(super) fn whole_site(site: &SiteName) -> Entity {
    Entity::new_no_attrs(Kind::Site.uid(site.as_str()), HashSet::new())
}

/// What a command without servers works on.
pub(super) fn no_server() -> EntityUid {
    Kind::Fleet.uid("none")
}

/// The parts of a request to Cedar that do not depend on the person or the servers.
pub(super) struct Line<'a> {
    pub(super) command: &'a CommandName,
    pub(super) impact: Impact,
    pub(super) channel: &'a ChannelName,
    pub(super) server_count: usize,
}

/// The request, checked where a schema is given; the text of a failure is for the log.
///
/// Checking costs more than deciding. Requests differ only in names, so each shape is checked once, at load.
pub(super) fn request(
    line: &Line<'_>,
    principal: &EntityUid,
    resource: &EntityUid,
    schema: Option<&Schema>,
) -> Result<Request, String> {
    let count = i64::try_from(line.server_count).unwrap_or(i64::MAX);
    let pairs = BTreeMap::from([
        ("channel".to_owned(), RestrictedExpression::new_entity_uid(Kind::Channel.uid(line.channel.as_str()))),
        ("server_count".to_owned(), RestrictedExpression::new_long(count)),
        ("impact".to_owned(), RestrictedExpression::new_entity_uid(Kind::Impact.uid(line.impact.word()))),
    ]);
    let context = Context::from_pairs(pairs).map_err(|cause| cause.to_string())?;
    let action = Kind::Action.uid(line.command.as_str());
    Request::new(principal.clone(), action, resource.clone(), context, schema).map_err(|cause| cause.to_string())
}

/// The file's types, and an action for each command that is known.
pub(super) fn with_actions(types: SchemaFragment, known: &Known) -> Result<Schema, Box<SchemaError>> {
    let applies_to = serde_json::json!({
        "principalTypes": ["User", "Automation"],
        "resourceTypes": ["Server", "Site", "Fleet"],
        "context": { "type": "Line" },
    });
    let actions: serde_json::Map<_, _> = known
        .commands
        .iter()
        .map(|command| (command.as_str().to_owned(), serde_json::json!({ "appliesTo": applies_to })))
        .collect();
    let actions = serde_json::json!({ "": { "entityTypes": {}, "actions": actions } });
    let actions = SchemaFragment::from_json_value(actions).map_err(Box::new)?;
    Schema::from_schema_fragments([types, actions]).map_err(Box::new)
}

/// Why that schema does not fit the people and servers that will be asked about, if it does not.
pub(super) fn misfit(schema: &Schema) -> Option<String> {
    let (group, user) = (GroupName::new("any"), UserId::new("U0ANY"));
    let person = person(&PersonId::new("T0ANY", "U0ANY"), &BTreeSet::from([group]), Some(&user));
    let (server_type, site, pool) = (ServerType::new("any"), SiteName::new("any"), PoolName::new("any"));
    let class = SeenClass { server_type: Some(&server_type), site: Some(&site), pool: Some(&pool) };
    let all = [person, automation("any"), server(0, &class), whole_site(&site)];
    Entities::from_entities(all, Some(schema)).err().map(|cause| cause.to_string())
}
