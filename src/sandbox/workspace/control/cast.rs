//! More people and channels: guests, strangers, deactivated accounts, groups, shared and private channels.

use super::looks::{channel_json, people_json, person_json};
use super::{Bad, Body, Said, read};
use crate::sandbox::workspace::model::nouns::{Channel, ChannelKind, Group, Person};
use crate::sandbox::workspace::model::{Model, Now};
use crate::sandbox::workspace::settings::{BOT_USER, OTHER_TEAM, TEAM};
use crate::sandbox::workspace::shared::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPerson {
    name: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    real_name: Option<String>,
    #[serde(default)]
    groups: Option<Vec<String>>,
    #[serde(default)]
    channels: Option<Vec<String>>,
    #[serde(default)]
    guest: Option<bool>,
    #[serde(default)]
    single_channel_guest: Option<bool>,
    #[serde(default)]
    stranger: Option<bool>,
    #[serde(default)]
    deactivated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewChannel {
    name: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    members: Option<Vec<String>>,
    #[serde(default)]
    private: Option<bool>,
    #[serde(default)]
    shared: Option<bool>,
    #[serde(default)]
    archived: Option<bool>,
    #[serde(default)]
    bot: Option<bool>,
}

pub(super) async fn people(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(|model| {
        let people: Vec<Value> = people_json(model).into_values().collect();
        json!({ "ok": true, "people": people })
    }))
}

pub(super) async fn channels(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(|model| {
        let channels: Vec<Value> = model.channels.values().map(channel_json).collect();
        json!({ "ok": true, "channels": channels })
    }))
}

pub(super) async fn add_person(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let given: NewPerson = read(body)?;
    check_name(&given.name)?;
    shared.act(|model, now| change_person(model, &given, now))
}

fn change_person(model: &mut Model, given: &NewPerson, now: Now) -> Said {
    let id = given.id.clone().or_else(|| model.person(&given.name).map(|person| person.id.clone()));
    let id = id.unwrap_or_else(|| format!("U0{}", letters(&given.name)));
    check_id(&id, &["U", "W"])?;
    let mut person = model.people.get(&id).cloned().unwrap_or_else(|| Person::member(&id, &given.name, &given.name));
    if person.is_bot {
        return Err(Bad::new(StatusCode::BAD_REQUEST, "user_is_a_bot", "bots stay as they are"));
    }
    person.name.clone_from(&given.name);
    person.real_name = given.real_name.clone().unwrap_or(person.real_name);
    person.is_restricted = given.guest.unwrap_or(person.is_restricted);
    person.is_ultra_restricted = given.single_channel_guest.unwrap_or(person.is_ultra_restricted);
    person.is_deleted = given.deactivated.unwrap_or(person.is_deleted);
    if let Some(is_stranger) = given.stranger {
        person.is_stranger = is_stranger;
        person.team = if is_stranger { OTHER_TEAM } else { TEAM }.to_owned();
    }
    let is_new = !model.people.contains_key(&id);
    model.add_person(person.clone());
    if let Some(wanted) = &given.groups {
        change_groups(model, &id, wanted);
    }
    let joined = match &given.channels {
        Some(named) => named.iter().map(|name| channel_id(model, name)).collect::<Result<Vec<_>, _>>()?,
        None if is_new && !person.is_stranger => model
            .channels
            .values()
            .filter(|channel| channel.kind == ChannelKind::Public)
            .map(|channel| channel.id.clone())
            .collect(),
        None => Vec::new(),
    };
    for channel in joined {
        model.join(&channel, &id, None, now);
    }
    let shown = person_json(model, &person);
    model.page("person", shown.clone());
    Ok(Json(json!({ "ok": true, "id": id, "person": shown })))
}

/// Groups that do not exist yet are made.
fn change_groups(model: &mut Model, user: &str, wanted: &[String]) {
    for group in model.groups.values_mut() {
        group.members.retain(|member| member != user);
        if wanted.contains(&group.handle) {
            group.members.push(user.to_owned());
        }
    }
    for handle in wanted {
        if !model.groups.values().any(|group| group.handle == *handle) {
            let id = format!("S0{}", letters(handle));
            model.groups.insert(id.clone(), Group::new(&id, handle, &[user]));
        }
    }
}

pub(super) async fn add_channel(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let given: NewChannel = read(body)?;
    check_name(given.name.trim_start_matches('#'))?;
    shared.act(|model, now| change_channel(model, &given, now))
}

fn change_channel(model: &mut Model, given: &NewChannel, now: Now) -> Said {
    let name = given.name.trim_start_matches('#').to_owned();
    let id = given.id.clone().or_else(|| model.channel(&name).map(|channel| channel.id.clone()));
    let id = id.unwrap_or_else(|| format!("C0{}", letters(&name)));
    check_id(&id, &["C", "G"])?;
    let mut members: Vec<String> = Vec::new();
    for who in given.members.iter().flatten() {
        members.push(model.known_person(who)?);
    }
    let is_new = !model.channels.contains_key(&id);
    if is_new && given.members.is_none() {
        let ours = model.people.values().filter(|person| !person.is_bot && !person.is_stranger);
        members = ours.map(|person| person.id.clone()).collect();
    }
    if given.bot.unwrap_or(is_new) {
        members.push(BOT_USER.to_owned());
    }
    let channel = model.channels.entry(id.clone()).or_insert_with(|| Channel::new(&id, &name, ChannelKind::Public));
    channel.name = name;
    channel.is_ext_shared = given.shared.unwrap_or(channel.is_ext_shared);
    channel.is_archived = given.archived.unwrap_or(channel.is_archived);
    if let Some(is_private) = given.private {
        channel.kind = if is_private { ChannelKind::Private } else { ChannelKind::Public };
    }
    if given.bot == Some(false) {
        channel.members.remove(BOT_USER);
    }
    if is_new {
        channel.members.extend(members);
    } else {
        for member in members {
            model.join(&id, &member, None, now);
        }
    }
    let shown = model.channels.get(&id).map(channel_json).unwrap_or_default();
    model.page("channel", shown.clone());
    Ok(Json(json!({ "ok": true, "id": id, "channel": shown })))
}

fn channel_id(model: &Model, name: &str) -> Result<String, Bad> {
    let channel = model.channel(name).map(|channel| channel.id.clone());
    channel.ok_or_else(|| Bad::new(StatusCode::NOT_FOUND, "channel_not_found", format!("no channel {name}")))
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

fn check_name(name: &str) -> Result<(), Bad> {
    let is_fine = (1..=80).contains(&name.len())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter))
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    let hint = "a name is 1 to 80 of a-z, 0-9, - _ .";
    if is_fine { Ok(()) } else { Err(Bad::new(StatusCode::BAD_REQUEST, "name_not_possible", hint)) }
}

fn check_id(id: &str, first: &[&str]) -> Result<(), Bad> {
    let is_fine = (3..=40).contains(&id.len())
        && first.iter().any(|letter| id.starts_with(letter))
        && id.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
    let hint = format!("an id is {} and then A-Z, 0-9", first.join(" or "));
    if is_fine { Ok(()) } else { Err(Bad::new(StatusCode::BAD_REQUEST, "id_not_possible", hint)) }
}
