//! The decision. Standing and channel first, then Cedar once per class of servers; anything unclear is a refusal.

use super::answers::{Authorized, Could, PolicyName, PolicyNote, Refusal, RefusalKind};
use super::channels::Ceiling;
use super::inquiry::{Inquiry, Outcome, Subject, Who, subjects_of};
use super::load::Policies;
use super::record::{self, AuthorizationRecord};
use super::requirements::Requirements;
use super::sets::ChannelSet;
use crate::domain::command::CommandSpec;
use crate::domain::identity::{Profile, Standing};
use crate::domain::place::{ChannelFacts, Reach};
use crate::domain::server::{Server, SiteName};
use std::collections::BTreeSet;

/// May this person do that, there, on these servers?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who, as the directory knows them now.
    pub person: &'a Profile,
    /// Where.
    pub channel: &'a ChannelFacts,
    /// What.
    pub command: &'a CommandSpec,
    /// On which servers; empty for a command without servers.
    pub servers: &'a [Server],
    /// On which whole sites; empty for a command that does not work on sites.
    pub sites: &'a [SiteName],
}

impl Policies {
    /// Answers the question; whatever is not clearly allowed is refused.
    ///
    /// # Errors
    /// The refusal, with the deciding policy, where and who could, and the nearest thing that would be allowed.
    pub fn decide(&self, question: &Question<'_>) -> Result<Authorized, Box<Refusal>> {
        self.answer(question, Suggestions::Sought)
    }

    /// The same answer, whose refusal names neither who nor where else: for who only needs to know whether.
    ///
    /// # Errors
    /// The refusal, with the deciding policy.
    pub fn decide_shortly(&self, question: &Question<'_>) -> Result<Authorized, Box<Refusal>> {
        self.answer(question, Suggestions::Spared)
    }

    fn answer(&self, question: &Question<'_>, suggestions: Suggestions) -> Result<Authorized, Box<Refusal>> {
        let who = Who::of(self, question.person);
        let subjects = subjects_of(question.command, question.servers, question.sites);
        let classes = subjects.iter().flatten().filter_map(|one| Some((one.class?, one.servers.len())));
        let record = record::asked(self, question, &who.groups, classes);
        if let Some(kind) = refused_by_standing(question.person) {
            return Err(refusal(question, kind, record));
        }
        let Some(subjects) = subjects else {
            return Err(refusal(question, RefusalKind::WrongSubjects, record));
        };
        let (place, outcome) = match self.place_of(question.channel, question.command) {
            Ok(place) => (Some(place), self.verdict(question, place, &who, &subjects)),
            Err(kind) => (None, Err(kind)),
        };
        match outcome {
            Ok((place, Verdict { allowed_by, requirements })) => Ok(Authorized {
                person: question.person.id.clone(),
                channel: question.channel.id.clone(),
                channel_name: place.name.clone(),
                command: question.command.name.clone(),
                servers: question.servers.iter().map(|server| server.id.clone()).collect(),
                sites: question.sites.iter().cloned().collect(),
                record: record.allowed(&place.name, &allowed_by),
                allowed_by,
                requirements,
                version: self.version.clone(),
            }),
            Err(kind) => {
                let mut refusal = refusal(question, kind, record);
                if suggestions == Suggestions::Sought {
                    self.tell_who_and_where(&mut refusal, place, &who, (question, &subjects));
                }
                Err(refusal)
            }
        }
    }

    fn verdict<'p>(
        &self,
        question: &Question<'_>,
        place: &'p ChannelSet,
        who: &Who,
        subjects: &[Subject<'_>],
    ) -> Result<(&'p ChannelSet, Verdict), RefusalKind> {
        if !self.known.commands.contains(&question.command.name) {
            let told = format!("no policy was checked against the command `{}`", question.command.name);
            return Err(RefusalKind::EvaluationFault(told));
        }
        let inquiry = Inquiry::new(question.command, place, who, subjects).map_err(RefusalKind::EvaluationFault)?;
        let count = question.servers.len();
        let mut allowed_by = BTreeSet::new();
        let mut forbidden_by = BTreeSet::new();
        let mut requirements = Requirements::default();
        let mut is_unallowed = false;
        for seen in inquiry.seen() {
            match inquiry.ask(seen, count) {
                Outcome::Allowed(ids) => {
                    let permits = ids.iter().map(|id| self.requirements.get(id));
                    requirements = requirements.and(&Requirements::of_permits(permits));
                    allowed_by.extend(ids);
                }
                Outcome::Forbidden(ids) => forbidden_by.extend(ids),
                Outcome::NotAllowed => is_unallowed = true,
                Outcome::Fault(cause) => return Err(RefusalKind::EvaluationFault(cause)),
            }
        }
        if forbidden_by.is_empty() && !is_unallowed {
            return Ok((place, Verdict { allowed_by: self.notes_of(&allowed_by), requirements }));
        }
        let forbidden = self.notes_of(&forbidden_by);
        let smaller = inquiry.largest_allowed(&inquiry.seen().collect::<Vec<_>>(), count.saturating_sub(1));
        let smaller = smaller.and_then(|(at_most, permits)| Some((at_most, self.first_note(&permits)?)));
        Err(match (smaller, forbidden.first()) {
            (Some((at_most, permit)), forbid) => {
                RefusalKind::TooMany { at_most, by: forbid.cloned().unwrap_or(permit) }
            }
            (None, Some(_)) => RefusalKind::Forbidden { by: forbidden },
            (None, None) => RefusalKind::NothingAllowed,
        })
    }

    /// The policies of that channel, unless it is one in which that may not be asked.
    pub(super) fn place_of(&self, channel: &ChannelFacts, command: &CommandSpec) -> Result<&ChannelSet, RefusalKind> {
        let reach = channel.reach;
        let (set, at_most) = match (reach, &self.direct) {
            (Reach::Direct, None) => (None, Ceiling::Nothing),
            (Reach::Direct, Some(direct)) => (Some(direct), self.ceilings.ceiling(&channel.id, reach)),
            (Reach::OwnWorkspace | Reach::Private | Reach::Shared, _) => {
                (self.channels.get(&channel.id), self.ceilings.ceiling(&channel.id, reach))
            }
        };
        if !at_most.allows(command.impact) {
            return Err(RefusalKind::Ceiling { reach, at_most });
        }
        set.ok_or(RefusalKind::NoPolicy)
    }

    pub(super) fn notes_of(&self, ids: &BTreeSet<PolicyName>) -> Vec<PolicyNote> {
        ids.iter().filter_map(|id| self.notes.get(id).cloned()).collect()
    }

    pub(super) fn first_note(&self, ids: &BTreeSet<PolicyName>) -> Option<PolicyNote> {
        ids.iter().find_map(|id| self.notes.get(id).cloned())
    }
}

/// Whether a refusal says what would be allowed; finding that out asks many times more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suggestions {
    Sought,
    Spared,
}

/// What allowed a question, and what must come with it.
struct Verdict {
    allowed_by: Vec<PolicyNote>,
    requirements: Requirements,
}

/// Only members of our own workspace, and automations of ours, may start anything, whatever a policy says.
pub(super) fn refused_by_standing(person: &Profile) -> Option<RefusalKind> {
    match person.standing {
        // What an automation may is said by policies alone; nothing that people send makes one.
        Standing::Member | Standing::Automation => None,
        Standing::Guest | Standing::Stranger | Standing::Deactivated | Standing::Bot => {
            Some(RefusalKind::Standing(person.standing))
        }
    }
}

fn refusal(question: &Question<'_>, kind: RefusalKind, record: AuthorizationRecord) -> Box<Refusal> {
    Box::new(Refusal {
        record: record.refused(&kind),
        kind,
        person: question.person.id.clone(),
        channel: question.channel.id.clone(),
        channel_name: question.channel.name.clone(),
        command: question.command.name.clone(),
        server_count: question.servers.len(),
        first_refused: Vec::new(),
        refused_count: 0,
        refused_sites: Vec::new(),
        could: Could::default(),
        nearest: None,
    })
}
