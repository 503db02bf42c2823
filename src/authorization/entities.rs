//! Our nouns as Cedar's: uids, entities, and the schema with one action per command of the catalogue.

use super::known::{Known, ServerClass};
use crate::domain::command::{CommandName, Impact};
use crate::domain::identity::{GroupName, PersonId};
use crate::domain::place::ChannelName;
use crate::domain::server::SiteName;
use cedar_policy::{
    Context, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema, SchemaError,
    SchemaFragment,
};
use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

/// The types of `schema.cedarschema` that this module speaks of.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    User,
    Group,
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

/// A person with groups.
pub(super) fn person(id: &PersonId, groups: &[GroupName]) -> Entity {
    let parents = groups.iter().map(|group| Kind::Group.uid(group.as_str())).collect();
    Entity::new_no_attrs(Kind::User.uid(&id.to_string()), parents)
}

/// Somebody who is in that group and in no other.
pub(super) fn anyone_of(group: &GroupName) -> Entity {
    let parents = HashSet::from([Kind::Group.uid(group.as_str())]);
    Entity::new_no_attrs(Kind::User.uid(&format!("anyone of {group}")), parents)
}

/// The stand-in for every server of that class; `number` only keeps the classes of one question apart.
pub(super) fn server(number: usize, class: &ServerClass) -> Entity {
    let mut parents =
        HashSet::from([Kind::ServerType.uid(class.server_type.as_str()), Kind::Site.uid(class.site.as_str())]);
    parents.extend(class.pool.iter().map(|pool| Kind::Pool.uid(pool.as_str())));
    Entity::new_no_attrs(Kind::Server.uid(&format!("class {number}")), parents)
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

/// The checked request; the text of a failure is for the log.
pub(super) fn request(
    line: &Line<'_>,
    principal: &EntityUid,
    resource: &EntityUid,
    schema: &Schema,
) -> Result<Request, String> {
    let count = i64::try_from(line.server_count).unwrap_or(i64::MAX);
    let pairs = BTreeMap::from([
        ("channel".to_owned(), RestrictedExpression::new_entity_uid(Kind::Channel.uid(line.channel.as_str()))),
        ("server_count".to_owned(), RestrictedExpression::new_long(count)),
        ("impact".to_owned(), RestrictedExpression::new_entity_uid(Kind::Impact.uid(line.impact.word()))),
    ]);
    let context = Context::from_pairs(pairs).map_err(|cause| cause.to_string())?;
    let action = Kind::Action.uid(line.command.as_str());
    Request::new(principal.clone(), action, resource.clone(), context, Some(schema)).map_err(|cause| cause.to_string())
}

/// The file's types, and an action for each command that is known.
pub(super) fn with_actions(types: SchemaFragment, known: &Known) -> Result<Schema, Box<SchemaError>> {
    let applies_to = serde_json::json!({
        "principalTypes": ["User"],
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
