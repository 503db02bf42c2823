//! Who: people by their workspace's and their own id, never by a name; groups; standings.

use super::intent::ZoneName;
use super::text_name;

text_name! {
    /// A workspace's id, e.g. `T0WRASSE`.
    TeamId
}
text_name! {
    /// A person's id inside the workspace, e.g. `U0ANA`.
    UserId
}
text_name! {
    /// A group of people, by the handle people write, e.g. `sre`.
    GroupName
}

text_name! {
    /// Something that acts without a person, e.g. `nightly-canary`.
    AutomationName
}

/// In place of a workspace, where it is no person that acts: no workspace has such an id.
const AUTOMATION_TEAM: &str = "automation";

/// A person: the pair that authorisation compares. Names are for display only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PersonId {
    /// The workspace the person belongs to.
    pub team: TeamId,
    /// The person inside it.
    pub user: UserId,
}

/// Whoever acts. A [`PersonId`] names somebody, anybody may write it, and it can only be asked about; nothing is asked
/// for, agreed to, or stopped but by an actor.
///
/// It comes from an authenticated envelope, from the account that this process runs under (and from the files that say whose
/// that is), or from the files that name an automation, and is read back from what was stored of it. `tests/suite/tidy` holds each constructor to those places; there is no way around them:
///
/// ```compile_fail,E0423
/// let ana = wrasse::domain::identity::PersonId::new("T0WRASSE", "U0ANA");
/// let made_up = wrasse::domain::identity::Actor(ana);
/// ```
///
/// ```compile_fail,E0277
/// let ana = wrasse::domain::identity::PersonId::new("T0WRASSE", "U0ANA");
/// let made_up: wrasse::domain::identity::Actor = ana.into();
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Actor(PersonId);

impl Actor {
    /// The sender that the chat itself names in an envelope.
    #[must_use]
    pub const fn of_envelope(sender: PersonId) -> Self {
        Self(sender)
    }

    /// The local account under which this process runs: `local/1000`.
    #[must_use]
    pub fn of_process(uid: u32) -> Self {
        Self(PersonId::new("local", uid.to_string()))
    }

    /// Whose the account is under which this process runs, as the files say.
    #[must_use]
    pub const fn of_account(owner: PersonId) -> Self {
        Self(owner)
    }

    /// An automation of ours, which acts where its own rules say so.
    #[must_use]
    pub fn of_automation(name: &AutomationName) -> Self {
        Self(PersonId::new(AUTOMATION_TEAM, name.as_str()))
    }

    /// Whoever acted then, as stored.
    #[must_use]
    pub const fn recalled(person: PersonId) -> Self {
        Self(person)
    }

    /// Who that is.
    #[must_use]
    pub const fn id(&self) -> &PersonId {
        &self.0
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::ops::Deref for Actor {
    type Target = PersonId;

    fn deref(&self) -> &PersonId {
        &self.0
    }
}

impl PartialEq<PersonId> for Actor {
    fn eq(&self, other: &PersonId) -> bool {
        self.0 == *other
    }
}

impl PartialEq<Actor> for PersonId {
    fn eq(&self, other: &Actor) -> bool {
        *self == other.0
    }
}

impl PersonId {
    /// A person of a workspace, to be told or asked about.
    pub fn new(team: impl Into<String>, user: impl Into<String>) -> Self {
        Self { team: TeamId::new(team), user: UserId::new(user) }
    }

    /// The automation that it stands for, if it is no person.
    #[must_use]
    pub fn automation(&self) -> Option<AutomationName> {
        (self.team.as_str() == AUTOMATION_TEAM).then(|| AutomationName::new(self.user.as_str()))
    }
}

impl std::fmt::Display for PersonId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.team, self.user)
    }
}

/// What the directory says a person is. Only members may start or approve anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// A full member of our own workspace.
    Member,
    /// A guest account, single- or multi-channel.
    Guest,
    /// Somebody of another workspace, through a shared channel.
    Stranger,
    /// An account that was switched off.
    Deactivated,
    /// An app or a bot.
    Bot,
    /// No person at all: an automation of ours. The directory says this of nobody, and it approves nothing.
    Automation,
}

/// What the directory knows of a person, now or at most a minute ago.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// The person.
    pub id: PersonId,
    /// The handle to show, e.g. `ana`.
    pub name: String,
    /// Member, guest, stranger, deactivated, bot.
    pub standing: Standing,
    /// The groups the person is in, sorted.
    pub groups: Vec<GroupName>,
    /// The time zone that the person set; `None` if it is not known.
    pub zone: Option<ZoneName>,
}

impl Profile {
    /// An automation, as it is asked about: in no group, and with an id that no workspace gives.
    #[must_use]
    pub fn automation(name: &AutomationName) -> Self {
        Self {
            id: PersonId::new(AUTOMATION_TEAM, name.as_str()),
            name: format!("automation:{name}"),
            standing: Standing::Automation,
            groups: Vec::new(),
            zone: None,
        }
    }

    /// Whether the person is in that group.
    #[must_use]
    pub fn is_in(&self, group: &GroupName) -> bool {
        self.groups.contains(group)
    }
}

/// By whom work was asked for: what has failed on a server keeps automations off it, and nobody else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Asker {
    /// A person, who can look at the server.
    Person,
    /// An automation, which cannot.
    Automation,
}

impl Asker {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Person, Self::Automation];

    /// Which of both that is.
    #[must_use]
    pub fn of(person: &PersonId) -> Self {
        if person.automation().is_some() { Self::Automation } else { Self::Person }
    }

    /// The word in rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Automation => "automation",
        }
    }
}
