//! People, groups and channels as Slack's own directory says, at most a minute old. No answer means no permission.

use super::web_api::{Call, WebApi};
use super::wire::Us;
use crate::domain::identity::{GroupName, PersonId, Profile, Standing};
use crate::domain::intent::ZoneName;
use crate::domain::place::{ChannelFacts, ChannelId, ChannelName, Membership, Reach};
use crate::domain::time::Timestamp;
use crate::ports::directory::DirectoryFault;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How old an answer may be.
const AGE_MAX: Duration = Duration::from_secs(60);
/// Channels asked for in one page, and the most pages that are read of one person's channels.
const PAGE_CHANNELS: &str = "200";
const CHANNEL_PAGES_MAX: usize = 20;
/// Beyond this many remembered answers the old ones are forgotten.
const REMEMBERED_MAX: usize = 5_000;

/// One user group.
#[derive(Clone, Debug)]
struct Group {
    id: String,
    name: GroupName,
    users: Vec<String>,
}

#[derive(Default)]
struct Remembered {
    people: HashMap<String, (Timestamp, Arc<Value>)>,
    channels: HashMap<ChannelId, (Timestamp, ChannelFacts)>,
    groups: Option<(Timestamp, Arc<Vec<Group>>)>,
}

/// The directory with its minute of memory.
#[derive(Default)]
pub(super) struct Directory {
    remembered: Mutex<Remembered>,
}

impl Directory {
    /// A person with standing and groups.
    pub(super) async fn person(&self, web: &WebApi, us: &Us, id: &PersonId) -> Result<Profile, DirectoryFault> {
        let user = self.user(web, id.user.as_str()).await?;
        let groups = self.groups(web).await?;
        Ok(profile(us, id, &user, &groups))
    }

    /// A channel, its reach, and whether the bot is inside.
    pub(super) async fn channel(&self, web: &WebApi, id: &ChannelId) -> Result<ChannelFacts, DirectoryFault> {
        let now = web.now();
        if let Some((at, facts)) = self.memory().channels.get(id)
            && is_fresh(*at, now)
        {
            return Ok(facts.clone());
        }
        let facts = match web.get("conversations.info", &[("channel", id.as_str())]).await {
            Call::Done(answer) => match answer.get("channel").filter(|channel| channel.is_object()) {
                Some(channel) => channel_facts(id, channel),
                None => return Err(unavailable("conversations.info answers without a channel")),
            },
            // Slack says the same of a private channel that we are not in.
            Call::Declined(code, _) if code == "channel_not_found" => {
                ChannelFacts { id: id.clone(), name: None, bot: Membership::Outside, reach: Reach::OwnWorkspace }
            }
            call @ (Call::Declined(..) | Call::NotNow(_) | Call::Unknown(_)) => {
                return Err(no_answer("conversations.info", &call));
            }
        };
        // Being outside is not remembered: an invitation must count at once.
        if facts.bot == Membership::Inside {
            self.memory().channels.insert(id.clone(), (now, facts.clone()));
        }
        Ok(facts)
    }

    /// The channels that a person is in; private ones only where we are too. Asked anew each time, and whole or not at
    /// all: it decides where a form may send something.
    pub(super) async fn channels_of(&self, web: &WebApi, id: &PersonId) -> Result<Vec<ChannelId>, DirectoryFault> {
        let (mut channels, mut cursor) = (Vec::new(), String::new());
        for _ in 0..CHANNEL_PAGES_MAX {
            let mut query = vec![
                ("user", id.user.as_str()),
                ("types", "public_channel,private_channel"),
                ("exclude_archived", "true"),
                ("limit", PAGE_CHANNELS),
            ];
            if !cursor.is_empty() {
                query.push(("cursor", cursor.as_str()));
            }
            let answer = match web.get("users.conversations", &query).await {
                Call::Done(answer) => answer,
                call @ (Call::Declined(..) | Call::NotNow(_) | Call::Unknown(_)) => {
                    return Err(no_answer("users.conversations", &call));
                }
            };
            let Some(page) = answer.get("channels").and_then(Value::as_array) else {
                return Err(unavailable("users.conversations answers without channels"));
            };
            let ids = page.iter().filter_map(|channel| channel.get("id").and_then(Value::as_str));
            channels.extend(ids.map(ChannelId::new));
            let next = answer.pointer("/response_metadata/next_cursor").and_then(Value::as_str).unwrap_or_default();
            if next.is_empty() {
                return Ok(channels);
            }
            cursor = next.to_owned();
        }
        Err(unavailable("users.conversations has no end"))
    }

    /// The names of all groups, sorted.
    pub(super) async fn names(&self, web: &WebApi) -> Result<Vec<GroupName>, DirectoryFault> {
        let mut names = self.groups(web).await?.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
        names.sort();
        Ok(names)
    }

    /// The members of a group, sorted by name; accounts that were switched off are left out.
    pub(super) async fn members(
        &self,
        web: &WebApi,
        us: &Us,
        name: &GroupName,
    ) -> Result<Vec<Profile>, DirectoryFault> {
        let groups = self.groups(web).await?;
        let Some(group) = groups.iter().find(|group| &group.name == name) else {
            return Err(DirectoryFault::Unknown(format!("group {name}")));
        };
        let mut members = Vec::with_capacity(group.users.len());
        for user_id in &group.users {
            let user = match self.user(web, user_id).await {
                Ok(user) => user,
                Err(DirectoryFault::Unknown(_)) => continue,
                Err(fault @ DirectoryFault::Unavailable(_)) => return Err(fault),
            };
            let member = profile(us, &PersonId::new(team_of(us, &user), user_id.clone()), &user, &groups);
            if member.standing != Standing::Deactivated {
                members.push(member);
            }
        }
        members.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(members)
    }

    /// The ids of the groups, for mentions; none while the directory does not answer.
    pub(super) async fn group_ids(&self, web: &WebApi) -> BTreeMap<GroupName, String> {
        match self.groups(web).await {
            Ok(groups) => groups.iter().map(|group| (group.name.clone(), group.id.clone())).collect(),
            Err(fault) => {
                tracing::warn!(fault = %fault, "groups are named without notifying them");
                BTreeMap::new()
            }
        }
    }

    async fn user(&self, web: &WebApi, id: &str) -> Result<Arc<Value>, DirectoryFault> {
        let now = web.now();
        if let Some((at, user)) = self.memory().people.get(id)
            && is_fresh(*at, now)
        {
            return Ok(Arc::clone(user));
        }
        let user = match web.get("users.info", &[("user", id)]).await {
            Call::Done(answer) => match answer.get("user").filter(|user| user.is_object()) {
                Some(user) => Arc::new(user.clone()),
                None => return Err(unavailable("users.info answers without a person")),
            },
            Call::Declined(code, _)
                if ["user_not_found", "users_not_found", "user_not_visible"].contains(&code.as_str()) =>
            {
                return Err(DirectoryFault::Unknown(format!("person {id}")));
            }
            call @ (Call::Declined(..) | Call::NotNow(_) | Call::Unknown(_)) => {
                return Err(no_answer("users.info", &call));
            }
        };
        let mut memory = self.memory();
        if memory.people.len() >= REMEMBERED_MAX {
            memory.people.retain(|_, (at, _)| is_fresh(*at, now));
        }
        memory.people.insert(id.to_owned(), (now, Arc::clone(&user)));
        Ok(user)
    }

    async fn groups(&self, web: &WebApi) -> Result<Arc<Vec<Group>>, DirectoryFault> {
        let now = web.now();
        if let Some((at, groups)) = &self.memory().groups
            && is_fresh(*at, now)
        {
            return Ok(Arc::clone(groups));
        }
        let groups = match web.get("usergroups.list", &[("include_users", "true")]).await {
            Call::Done(answer) => match answer.get("usergroups").and_then(Value::as_array) {
                Some(groups) => Arc::new(groups.iter().filter_map(group).collect::<Vec<_>>()),
                None => return Err(unavailable("usergroups.list answers without groups")),
            },
            call @ (Call::Declined(..) | Call::NotNow(_) | Call::Unknown(_)) => {
                return Err(no_answer("usergroups.list", &call));
            }
        };
        self.memory().groups = Some((now, Arc::clone(&groups)));
        Ok(groups)
    }

    fn memory(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer of that moment still counts; one from the future (the clock was set back) does not.
fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    at <= now && now.since(at) < AGE_MAX
}

fn group(group: &Value) -> Option<Group> {
    let id = group.get("id").and_then(Value::as_str)?;
    let handle = group.get("handle").and_then(Value::as_str).filter(|handle| !handle.is_empty())?;
    if group.get("date_delete").and_then(Value::as_i64).is_some_and(|at| at > 0) {
        return None;
    }
    let users = group.get("users").and_then(Value::as_array);
    let users = users.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Some(Group { id: id.to_owned(), name: GroupName::new(handle), users })
}

fn profile(us: &Us, id: &PersonId, user: &Value, groups: &[Group]) -> Profile {
    let user_id = id.user.as_str();
    let is_in = |group: &&Group| group.users.iter().any(|member| member == user_id);
    let mut groups: Vec<GroupName> = groups.iter().filter(is_in).map(|group| group.name.clone()).collect();
    groups.sort();
    // The handle, not the display name: anyone may call themselves anything there.
    let names = ["/name", "/profile/display_name", "/real_name"];
    let name = names.iter().find_map(|path| user.pointer(path).and_then(Value::as_str).filter(|name| !name.is_empty()));
    let zone = user.get("tz").and_then(Value::as_str).filter(|zone| !zone.is_empty()).map(ZoneName::new);
    Profile { id: id.clone(), name: name.unwrap_or(user_id).to_owned(), standing: standing(us, id, user), groups, zone }
}

fn standing(us: &Us, id: &PersonId, user: &Value) -> Standing {
    let is = |flag: &str| user.get(flag).and_then(Value::as_bool) == Some(true);
    if is("deleted") {
        return Standing::Deactivated;
    }
    if is("is_bot") || is("is_workflow_bot") || id.user.as_str() == "USLACKBOT" {
        return Standing::Bot;
    }
    if is("is_stranger") || id.team.as_str() != us.team || team_of(us, user) != us.team {
        return Standing::Stranger;
    }
    if is("is_restricted") || is("is_ultra_restricted") {
        return Standing::Guest;
    }
    Standing::Member
}

/// The workspace a person belongs to. In an organisation one person can belong to several, ours among them.
fn team_of(us: &Us, user: &Value) -> String {
    let teams = user.pointer("/enterprise_user/teams").and_then(Value::as_array);
    let is_ours = teams.into_iter().flatten().any(|team| team.as_str() == Some(us.team.as_str()));
    if is_ours {
        return us.team.clone();
    }
    let team = ["/team_id", "/profile/team"].iter().find_map(|path| user.pointer(path).and_then(Value::as_str));
    // A person without a team is nobody we know.
    team.unwrap_or_default().to_owned()
}

fn channel_facts(id: &ChannelId, channel: &Value) -> ChannelFacts {
    let is = |flag: &str| channel.get(flag).and_then(Value::as_bool) == Some(true);
    let is_direct = is("is_im");
    let name = channel.get("name").and_then(Value::as_str).filter(|name| !name.is_empty() && !is_direct);
    let is_inside = (is("is_member") || is_direct) && !is("is_archived");
    let is_shared = is("is_ext_shared") || is("is_shared") || is("is_pending_ext_shared");
    ChannelFacts {
        id: id.clone(),
        name: name.map(ChannelName::new),
        bot: if is_inside { Membership::Inside } else { Membership::Outside },
        reach: match (is_direct, is_shared) {
            (_, true) => Reach::Shared,
            (true, false) => Reach::Direct,
            (false, false) if is("is_private") || is("is_mpim") => Reach::Private,
            (false, false) => Reach::OwnWorkspace,
        },
    }
}

fn no_answer(method: &str, call: &Call) -> DirectoryFault {
    match call {
        Call::Declined(code, _) => unavailable(&format!("{method} answers {code}")),
        Call::NotNow(wait) => unavailable(&format!("{method} is busy for {} s", wait.as_secs().max(1))),
        Call::Unknown(reason) => unavailable(&format!("{method}: {reason}")),
        Call::Done(_) => unavailable(&format!("{method} gives an unexpected answer")),
    }
}

fn unavailable(reason: &str) -> DirectoryFault {
    DirectoryFault::Unavailable(reason.to_owned())
}
