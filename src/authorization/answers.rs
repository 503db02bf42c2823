//! What authorization answers: the permission that only this module makes, and the refusal that says who could.

use super::channels::Ceiling;
use super::nearest::Nearest;
use super::record::AuthorizationRecord;
use super::requirements::Requirements;
use crate::domain::command::CommandName;
use crate::domain::identity::{AutomationName, GroupName, PersonId, Standing, UserId};
use crate::domain::ids::Fingerprint;
use crate::domain::place::{ChannelId, ChannelName, Reach};
use crate::domain::server::{ServerId, ServerName, SiteName};
use crate::domain::text_name;
use std::collections::BTreeSet;

text_name! {
    /// A policy's `@id`, unique over all files, e.g. `web-small`.
    PolicyName
}

/// A policy that decided, and where it is written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PolicyNote {
    /// Its `@id`.
    pub id: PolicyName,
    /// Its author's sentence, the `@reason`.
    pub reason: String,
    /// The file.
    pub file: String,
    /// The line it begins on, counted from 1.
    pub line: usize,
}

/// Permission for one command on exactly these servers, by one person in one channel.
///
/// Only [`Policies::decide`](super::Policies::decide) makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authorized {
    pub(super) person: PersonId,
    pub(super) channel: ChannelId,
    pub(super) channel_name: ChannelName,
    pub(super) command: CommandName,
    pub(super) servers: BTreeSet<ServerId>,
    pub(super) sites: BTreeSet<SiteName>,
    pub(super) allowed_by: Vec<PolicyNote>,
    pub(super) requirements: Requirements,
    pub(super) version: Fingerprint,
    pub(super) record: AuthorizationRecord,
}

impl Authorized {
    /// Who may.
    #[must_use]
    pub fn person(&self) -> &PersonId {
        &self.person
    }

    /// Where.
    #[must_use]
    pub fn channel(&self) -> &ChannelId {
        &self.channel
    }

    /// The channel's name in `channels.yaml`.
    #[must_use]
    pub fn channel_name(&self) -> &ChannelName {
        &self.channel_name
    }

    /// What.
    #[must_use]
    pub fn command(&self) -> &CommandName {
        &self.command
    }

    /// On how many servers; 0 for a command without servers.
    #[must_use]
    pub fn server_count(&self) -> usize {
        self.servers.len()
    }

    /// Whether that whole site was part of the question.
    #[must_use]
    pub fn covers_site(&self, site: &SiteName) -> bool {
        self.sites.contains(site)
    }

    /// Whether that server was part of the question.
    #[must_use]
    pub fn covers(&self, server: &ServerId) -> bool {
        self.servers.contains(server)
    }

    /// The policies that allowed it, sorted by id.
    #[must_use]
    pub fn allowed_by(&self) -> &[PolicyNote] {
        &self.allowed_by
    }

    /// What must come with the request before it may start, beside what its command requires.
    #[must_use]
    pub fn requirements(&self) -> &Requirements {
        &self.requirements
    }

    /// The fingerprint of all policy files that were in force.
    #[must_use]
    pub fn policies_version(&self) -> &Fingerprint {
        &self.version
    }

    /// The decision with all it was made from.
    #[must_use]
    pub fn record(&self) -> &AuthorizationRecord {
        &self.record
    }
}

/// Why not, and who or where could.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Why.
    pub kind: RefusalKind,
    /// Who asked.
    pub person: PersonId,
    /// Where.
    pub channel: ChannelId,
    /// The channel's name in `channels.yaml`, or else as the directory shows it.
    pub channel_name: Option<ChannelName>,
    /// What was asked.
    pub command: CommandName,
    /// On how many servers.
    pub server_count: usize,
    /// The first servers, by name, that stood in the way; empty when the servers were not the matter.
    pub first_refused: Vec<ServerName>,
    /// How many servers stood in the way.
    pub refused_count: usize,
    /// The whole sites that stood in the way, sorted; empty when sites were not the matter.
    pub refused_sites: Vec<SiteName>,
    /// Where and who could.
    pub could: Could,
    /// The nearest thing that would be allowed, if any is near.
    pub nearest: Option<Nearest>,
    /// The decision with all it was made from.
    pub record: AuthorizationRecord,
}

impl Refusal {
    /// The policy to name first, if one decided.
    #[must_use]
    pub fn policy(&self) -> Option<&PolicyNote> {
        match &self.kind {
            RefusalKind::Forbidden { by } => by.first(),
            RefusalKind::TooMany { by, .. } => Some(by),
            RefusalKind::Standing(_)
            | RefusalKind::Ceiling { .. }
            | RefusalKind::NoPolicy
            | RefusalKind::WrongSubjects
            | RefusalKind::NothingAllowed
            | RefusalKind::EvaluationFault(_) => None,
        }
    }
}

/// The reason of a refusal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RefusalKind {
    /// A guest, a stranger, a deactivated account or a bot.
    Standing(Standing),
    /// Whoever can read along there keeps that command from the channel, whatever its policies say.
    Ceiling {
        /// Who can read along.
        reach: Reach,
        /// What may be done there at most.
        at_most: Ceiling,
    },
    /// The channel has no policy file.
    NoPolicy,
    /// Servers or sites for a command without them, or none for a command that needs them.
    WrongSubjects,
    /// These policies forbid it, sorted by id; at least one.
    Forbidden {
        /// The policies.
        by: Vec<PolicyNote>,
    },
    /// The same servers would be allowed in a smaller request.
    TooMany {
        /// The size of a request that would be allowed; one more would not be.
        at_most: usize,
        /// The policy that draws the line.
        by: PolicyNote,
    },
    /// No policy of this channel allows it.
    NothingAllowed,
    /// A policy could not be evaluated, which never allows; the text is for the log.
    EvaluationFault(String),
}

impl RefusalKind {
    /// The word by which it is recorded.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Standing(_) => "standing",
            Self::Ceiling { .. } => "ceiling",
            Self::NoPolicy => "no-policy",
            Self::WrongSubjects => "wrong-subjects",
            Self::Forbidden { .. } => "forbidden",
            Self::TooMany { .. } => "too-many",
            Self::NothingAllowed => "nothing-allowed",
            Self::EvaluationFault(_) => "evaluation-fault",
        }
    }
}

/// Where this person may do it, and which groups may do it here; each sorted and at most [`Could::MAX`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Could {
    /// Channels in which this person may do exactly this.
    pub channels: Vec<ChannelName>,
    /// Groups whose members may do exactly this in this channel.
    pub groups: Vec<GroupName>,
}

impl Could {
    /// The most channels and the most groups that are named.
    pub const MAX: usize = 3;
}

/// Who may do exactly this in one channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WhoCan {
    /// Every member of the workspace.
    Everyone,
    /// Members of these groups, these people and these automations; each sorted, and all empty where nobody can.
    Some {
        /// Being in one of them is enough.
        groups: Vec<GroupName>,
        /// People whom a policy names.
        people: Vec<UserId>,
        /// Automations whom a policy names.
        automations: Vec<AutomationName>,
    },
}
