//! conversations.*, users.*, usergroups.*: who and what there is. Changing people and channels is the control API's.

use super::arguments::Arguments;
use super::{channel_of, paged};
use crate::sandbox::workspace::model::nouns::{Channel, ChannelKind, direct_channel_of};
use crate::sandbox::workspace::model::{Model, Now, Refusal, set};
use crate::sandbox::workspace::settings::BOT_USER;
use serde_json::{Value, json};

pub(super) fn conversation(model: &Model, given: &Arguments) -> Result<Value, Refusal> {
    let channel_id = channel_of(model, given)?;
    let mut shown = model.channels.get(&channel_id).map(Channel::json).unwrap_or_default();
    if !given.is_set("include_num_members")
        && let Some(object) = shown.as_object_mut()
    {
        object.remove("num_members");
    }
    Ok(json!({ "channel": shown }))
}

pub(super) fn conversations(model: &Model, given: &Arguments, member: Option<&str>) -> Result<Value, Refusal> {
    let mut types = given.names("types");
    if types.is_empty() {
        types.push("public_channel".to_owned());
    }
    let is_wanted = |channel: &&Channel| {
        let word = match channel.kind {
            ChannelKind::Public => "public_channel",
            ChannelKind::Private => "private_channel",
            ChannelKind::Direct { .. } => "im",
        };
        let is_visible = !channel.is_private() || channel.has_bot();
        let is_theirs = member.is_none_or(|member| channel.members.contains(member));
        let is_live = !(channel.is_archived && given.is_set("exclude_archived"));
        types.iter().any(|wanted| wanted == word) && is_visible && is_theirs && is_live
    };
    let all = model.channels.values().filter(is_wanted).map(Channel::json).collect();
    let (channels, cursor) = paged(all, given, 100);
    Ok(json!({ "channels": channels, "response_metadata": cursor }))
}

pub(super) fn members(model: &Model, given: &Arguments) -> Result<Value, Refusal> {
    let channel_id = channel_of(model, given)?;
    let members = model.channels.get(&channel_id).map(|channel| &channel.members).into_iter().flatten();
    let (members, cursor) = paged(members.map(|user| json!(user)).collect(), given, 100);
    Ok(json!({ "members": members, "response_metadata": cursor }))
}

pub(super) fn open_direct(model: &Model, given: &Arguments) -> Result<Value, Refusal> {
    let users = given.names("users");
    let wanted = match (users.as_slice(), given.given("channel")) {
        ([user], _) if model.people.contains_key(user) => direct_channel_of(user),
        ([], Some(channel)) => channel,
        ([_], _) => return Err(Refusal::new("user_not_found")),
        ([], None) => return Err(Refusal::new("users_list_not_supplied")),
        (_, _) => return Err(Refusal::new("too_many_users")),
    };
    let Some(channel) = model.channels.get(&wanted) else { return Err(Refusal::new("channel_not_found")) };
    Ok(json!({ "no_op": true, "already_open": true, "channel": channel.json() }))
}

pub(super) fn join(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let channel_id = channel_of(model, given)?;
    if model.channels.get(&channel_id).is_some_and(|channel| channel.kind != ChannelKind::Public) {
        return Err(Refusal::new("method_not_supported_for_channel_type"));
    }
    let has_joined = model.join(&channel_id, BOT_USER, None, now);
    let channel = model.channels.get(&channel_id).map(Channel::json).unwrap_or_default();
    let mut body = json!({ "channel": channel });
    if !has_joined {
        set(&mut body, "warning", json!("already_in_channel"));
        set(&mut body, "response_metadata", json!({ "warnings": ["already_in_channel"] }));
    }
    Ok(body)
}

pub(super) fn invite(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let channel_id = channel_of(model, given)?;
    if model.channels.get(&channel_id).is_none_or(|channel| !channel.has_bot()) {
        return Err(Refusal::new("not_in_channel"));
    }
    let users = given.names("users");
    if users.is_empty() {
        return Err(Refusal::new("no_user"));
    }
    if users.iter().any(|user| !model.people.contains_key(user)) {
        return Err(Refusal::new("user_not_found"));
    }
    let joined = users.iter().filter(|user| model.join(&channel_id, user, Some(BOT_USER), now)).count();
    if joined == 0 {
        return Err(Refusal::new("already_in_channel"));
    }
    Ok(json!({ "channel": model.channels.get(&channel_id).map(Channel::json) }))
}

pub(super) fn user(model: &Model, given: &Arguments) -> Result<Value, Refusal> {
    let person = model.people.get(given.text("user")).ok_or_else(|| Refusal::new("user_not_found"))?;
    let mut user = person.json();
    if given.is_set("include_locale") {
        set(&mut user, "locale", json!("en-US"));
    }
    Ok(json!({ "user": user }))
}

pub(super) fn users(model: &Model, given: &Arguments) -> Result<Value, Refusal> {
    let (members, cursor) = paged(model.people.values().map(|person| person.json()).collect(), given, 1000);
    Ok(json!({ "members": members, "cache_ts": 0, "response_metadata": cursor }))
}

pub(super) fn groups(model: &Model, given: &Arguments) -> Value {
    let groups: Vec<Value> = model.groups.values().map(|group| group.json(given.is_set("include_users"))).collect();
    json!({ "usergroups": groups })
}

pub(super) fn group_users(model: &Model, given: &Arguments) -> Result<Value, Refusal> {
    let group = model.groups.get(given.text("usergroup")).ok_or_else(|| Refusal::new("no_such_subteam"))?;
    let is_active = |user: &&String| model.people.get(*user).is_some_and(|person| !person.is_deleted);
    Ok(json!({ "users": group.members.iter().filter(is_active).collect::<Vec<_>>() }))
}
