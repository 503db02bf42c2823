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

/// A person: the pair that authorisation compares. Names are for display only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PersonId {
    /// The workspace the person belongs to.
    pub team: TeamId,
    /// The person inside it.
    pub user: UserId,
}

impl PersonId {
    /// A person of a workspace.
    pub fn new(team: impl Into<String>, user: impl Into<String>) -> Self {
        Self { team: TeamId::new(team), user: UserId::new(user) }
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
    /// Whether the person is in that group.
    #[must_use]
    pub fn is_in(&self, group: &GroupName) -> bool {
        self.groups.contains(group)
    }
}
