//! An answer to "may they?" with all it was made from, in plain words and numbers: what an audit can keep.
//!
//! Deliberately absent: where it is kept.

use super::answers::{PolicyNote, RefusalKind};
use super::decide::Question;
use super::known::ClassView;
use super::load::Policies;
use crate::domain::identity::{GroupName, PersonId, Profile, Standing};
use crate::domain::place::{ChannelName, Reach};
use serde::Serialize;
use std::collections::BTreeSet;

/// What was asked, what was answered, and by which policies.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct AuthorizationRecord {
    /// `allowed`, or the kind of the refusal in one word.
    pub verdict: String,
    /// The ids of the policies that decided, sorted; empty where none did.
    pub policies: Vec<String>,
    /// What the author of the first of them gave as its reason; empty where none decided.
    pub reason: String,
    /// The fingerprint of all policy files that were in force.
    pub policies_version: String,
    /// The person's workspace.
    pub team: String,
    /// The person in it.
    pub user: String,
    /// The person's name then, for display; empty where the directory told none.
    pub name: String,
    /// What the directory said the person was; empty where it told nothing.
    pub standing: String,
    /// The person's groups, those of our own too, sorted.
    pub groups: Vec<String>,
    /// The channel's id.
    pub channel: String,
    /// Its name in `channels.yaml`, or else as the directory showed it.
    pub channel_name: Option<String>,
    /// Who could read along.
    pub reach: String,
    /// The command.
    pub command: String,
    /// Its impact class.
    pub impact: String,
    /// The servers of the question.
    pub server_count: usize,
    /// The classes that the servers fell into, sorted.
    pub classes: Vec<RecordedClass>,
    /// The whole sites of the question, sorted.
    pub sites: Vec<String>,
}

/// Servers that no policy could tell apart.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct RecordedClass {
    /// Their type.
    pub server_type: String,
    /// Their site.
    pub site: String,
    /// Their pool.
    pub pool: Option<String>,
    /// How many of them were asked about.
    pub servers: usize,
}

/// What was asked, with nothing decided yet.
pub(super) fn asked<'c>(
    policies: &Policies,
    question: &Question<'_>,
    groups: &BTreeSet<GroupName>,
    classes: impl Iterator<Item = (ClassView<'c>, usize)>,
) -> AuthorizationRecord {
    let classes = classes.map(|(class, servers)| RecordedClass {
        server_type: class.server_type.to_string(),
        site: class.site.to_string(),
        pool: class.pool.map(ToString::to_string),
        servers,
    });
    let mut sites: Vec<String> = question.sites.iter().map(ToString::to_string).collect();
    sites.sort();
    AuthorizationRecord {
        verdict: String::new(),
        policies: Vec::new(),
        reason: String::new(),
        policies_version: policies.version().to_string(),
        team: question.person.id.team.to_string(),
        user: question.person.id.user.to_string(),
        name: question.person.name.clone(),
        standing: standing_word(question.person.standing).to_owned(),
        groups: groups.iter().map(ToString::to_string).collect(),
        channel: question.channel.id.to_string(),
        channel_name: question.channel.name.as_ref().map(ToString::to_string),
        reach: reach_word(question.channel.reach).to_owned(),
        command: question.command.name.to_string(),
        impact: question.command.impact.word().to_owned(),
        server_count: question.servers.len(),
        classes: classes.collect(),
        sites,
    }
}

impl AuthorizationRecord {
    /// The verdict that lets somebody go on.
    pub const ALLOWED: &'static str = "allowed";

    /// An answer that follows from who somebody is, for which no policy is asked.
    #[must_use]
    pub fn of_member(verdict: &str, person: &Profile, policies: &Policies) -> Self {
        Self {
            name: person.name.clone(),
            standing: standing_word(person.standing).to_owned(),
            groups: person.groups.iter().map(ToString::to_string).collect(),
            ..Self::of_nobody(verdict, &person.id, policies)
        }
    }

    /// The same about somebody of whom the directory tells nothing.
    #[must_use]
    pub fn of_nobody(verdict: &str, person: &PersonId, policies: &Policies) -> Self {
        Self {
            verdict: verdict.to_owned(),
            policies_version: policies.version().to_string(),
            team: person.team.to_string(),
            user: person.user.to_string(),
            ..Self::default()
        }
    }

    /// What the directory said the person was; `None` where it told nothing.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        use Standing::{Automation, Bot, Deactivated, Guest, Member, Stranger};
        let all = [Member, Guest, Stranger, Deactivated, Bot, Automation];
        all.into_iter().find(|standing| standing_word(*standing) == self.standing)
    }

    /// Who could read along; `None` where that was not looked at.
    #[must_use]
    pub fn reach(&self) -> Option<Reach> {
        let all = [Reach::OwnWorkspace, Reach::Private, Reach::Shared, Reach::Direct];
        all.into_iter().find(|reach| reach_word(*reach) == self.reach)
    }

    /// Whether it lets the person go on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.verdict == Self::ALLOWED
    }

    pub(super) fn allowed(self, channel: &ChannelName, by: &[PolicyNote]) -> Self {
        Self { verdict: Self::ALLOWED.to_owned(), channel_name: Some(channel.to_string()), ..self.decided_by(by) }
    }

    pub(super) fn refused(self, kind: &RefusalKind) -> Self {
        let by = match kind {
            RefusalKind::Forbidden { by } => by.as_slice(),
            RefusalKind::TooMany { by, .. } => std::slice::from_ref(by),
            RefusalKind::Standing(_)
            | RefusalKind::Ceiling { .. }
            | RefusalKind::NoPolicy
            | RefusalKind::WrongSubjects
            | RefusalKind::NothingAllowed
            | RefusalKind::EvaluationFault(_) => &[],
        };
        Self { verdict: kind.word().to_owned(), ..self.decided_by(by) }
    }

    fn decided_by(self, notes: &[PolicyNote]) -> Self {
        let policies = notes.iter().map(|note| note.id.to_string()).collect();
        let reason = notes.first().map_or_else(String::new, |note| note.reason.clone());
        Self { policies, reason, ..self }
    }
}

const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Member => "member",
        Standing::Guest => "guest",
        Standing::Stranger => "stranger",
        Standing::Deactivated => "deactivated",
        Standing::Bot => "bot",
        Standing::Automation => "automation",
    }
}

const fn reach_word(reach: Reach) -> &'static str {
    match reach {
        Reach::OwnWorkspace => "own-workspace",
        Reach::Private => "private",
        Reach::Shared => "shared",
        Reach::Direct => "direct",
    }
}
