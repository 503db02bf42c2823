//! Who people are and what channels are, as the chat's own directory says, at most a minute old.

use crate::domain::identity::{GroupName, PersonId, Profile};
use crate::domain::place::{ChannelFacts, ChannelId};
use async_trait::async_trait;

/// Why the directory did not answer. The caller refuses: unknown people may do nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryFault {
    /// Nobody, or no channel, of that id.
    #[error("the directory knows no {0}")]
    Unknown(String),
    /// No answer, or an answer that cannot be read.
    #[error("the directory does not answer: {0}")]
    Unavailable(String),
}

/// The directory.
#[async_trait]
pub trait Directory: Send + Sync {
    /// A person with standing and groups.
    async fn person(&self, id: &PersonId) -> Result<Profile, DirectoryFault>;

    /// A channel, its reach, and whether the bot is inside.
    async fn channel(&self, id: &ChannelId) -> Result<ChannelFacts, DirectoryFault>;

    /// The channels that a person is in, as far as the bot can see them.
    async fn channels_of(&self, person: &PersonId) -> Result<Vec<ChannelId>, DirectoryFault>;

    /// The members of a group, sorted by name.
    async fn members(&self, group: &GroupName) -> Result<Vec<Profile>, DirectoryFault>;

    /// Every group there is, sorted.
    async fn groups(&self) -> Result<Vec<GroupName>, DirectoryFault>;
}
