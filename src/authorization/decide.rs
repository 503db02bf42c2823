//! The decision. Standing and channel first, then Cedar once per class of servers; anything unclear is a refusal.

use super::answers::{Authorized, Could, PolicyName, PolicyNote, Refusal, RefusalKind};
use super::entities::{self, Line};
use super::known::ServerClass;
use super::load::{ChannelSet, Policies};
use crate::domain::command::{CommandName, CommandSpec, Targets};
use crate::domain::identity::{GroupName, Profile, Standing};
use crate::domain::place::{ChannelFacts, Reach};
use crate::domain::server::{Server, ServerName, SiteName};
use cedar_policy::{Authorizer, Decision, Entities, Entity, EntityUid};
use std::collections::{BTreeMap, BTreeSet};

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

/// What Cedar says about one class of servers.
enum Outcome {
    Allowed(BTreeSet<PolicyName>),
    Forbidden(BTreeSet<PolicyName>),
    NotAllowed,
    Fault(String),
}

/// A class of servers, or a whole site, in one question, and what stands for it.
struct Subject<'a> {
    uid: EntityUid,
    entity: Option<Entity>,
    servers: Vec<&'a ServerName>,
    site: Option<&'a SiteName>,
}

/// Whom, where and for how many servers Cedar is asked.
#[derive(Clone, Copy)]
struct Asked<'a> {
    place: &'a ChannelSet,
    principal: &'a EntityUid,
    server_count: usize,
}

/// One question laid out for Cedar, to be asked for several people, channels and counts.
struct Inquiry<'a> {
    policies: &'a Policies,
    command: &'a CommandSpec,
    subjects: &'a [Subject<'a>],
    entities: Entities,
}

impl Policies {
    /// Answers the question; whatever is not clearly allowed is refused.
    ///
    /// # Errors
    /// The refusal, with the deciding policy, and where and who could.
    pub fn decide(&self, question: &Question<'_>) -> Result<Authorized, Box<Refusal>> {
        if let Some(kind) = refused_by_standing(question.person) {
            return Err(refusal(question, kind));
        }
        let Some(subjects) = subjects_of(question) else {
            return Err(refusal(question, RefusalKind::WrongSubjects));
        };
        let inquiry = match Inquiry::new(self, question.command, &subjects, person_and_groups(self, question.person)) {
            Ok(inquiry) => inquiry,
            Err(cause) => return Err(refusal(question, RefusalKind::EvaluationFault(cause))),
        };
        let (place, outcome) = match self.place_of(question.channel) {
            Ok(place) => (Some(place), inquiry.decide_in(place, question)),
            Err(kind) => (None, Err(kind)),
        };
        outcome.map_err(|kind| {
            let mut refusal = refusal(question, kind);
            inquiry.complete(&mut refusal, place, question);
            refusal
        })
    }

    /// The commands that this person may use here for at least one kind of server or one site, sorted.
    pub fn commands_for<'a>(
        &self,
        person: &Profile,
        channel: &ChannelFacts,
        commands: impl IntoIterator<Item = &'a CommandSpec>,
    ) -> Vec<CommandName> {
        let (None, Ok(place)) = (refused_by_standing(person), self.place_of(channel)) else {
            return Vec::new();
        };
        let who = entities::person(&person.id, &person.groups);
        let mut names: Vec<CommandName> = commands
            .into_iter()
            .filter(|command| self.may_ever_use(&who, place, command))
            .map(|command| command.name.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The groups whose members may use that command here for at least one kind of server or one site, sorted.
    #[must_use]
    pub fn groups_for(&self, channel: &ChannelFacts, command: &CommandSpec) -> Vec<GroupName> {
        let Ok(place) = self.place_of(channel) else { return Vec::new() };
        let may = |group: &&GroupName| self.may_ever_use(&entities::anyone_of(group), place, command);
        self.known.groups.iter().filter(may).cloned().collect()
    }

    fn may_ever_use(&self, who: &Entity, place: &ChannelSet, command: &CommandSpec) -> bool {
        let (subjects, count) = match &command.targets {
            Targets::None => (vec![no_server()], 0),
            Targets::Sites { .. } => (self.known.sites.iter().map(whole_site).collect(), 0),
            Targets::Servers { types, .. } => {
                let classes = self.known.classes.iter().filter(|class| types.contains(&class.server_type));
                (classes.enumerate().map(|(number, class)| subject(number, class, Vec::new())).collect(), 1)
            }
        };
        let Ok(inquiry) = Inquiry::new(self, command, &subjects, vec![who.clone()]) else {
            return false;
        };
        let asked = Asked { place, principal: &who.uid(), server_count: count };
        subjects.iter().any(|one| matches!(inquiry.ask(asked, one), Outcome::Allowed(_)))
    }

    /// The policies of that channel, unless it is one in which nothing may be asked.
    fn place_of(&self, channel: &ChannelFacts) -> Result<&ChannelSet, RefusalKind> {
        match channel.reach {
            Reach::Shared => Err(RefusalKind::SharedChannel),
            Reach::Direct => Err(RefusalKind::DirectConversation),
            Reach::OwnWorkspace => self.channels.get(&channel.id).ok_or(RefusalKind::NoPolicy),
        }
    }

    fn notes_of(&self, ids: &BTreeSet<PolicyName>) -> Vec<PolicyNote> {
        ids.iter().filter_map(|id| self.notes.get(id).cloned()).collect()
    }
}

impl<'a> Inquiry<'a> {
    fn new(
        policies: &'a Policies,
        command: &'a CommandSpec,
        subjects: &'a [Subject<'a>],
        people: Vec<Entity>,
    ) -> Result<Self, String> {
        let all = people.into_iter().chain(subjects.iter().filter_map(|subject| subject.entity.clone()));
        let entities = Entities::from_entities(all, Some(&policies.schema)).map_err(|cause| cause.to_string())?;
        Ok(Self { policies, command, subjects, entities })
    }

    fn decide_in(&self, place: &ChannelSet, question: &Question<'_>) -> Result<Authorized, RefusalKind> {
        let principal = entities::person(&question.person.id, &question.person.groups).uid();
        let asked = Asked { place, principal: &principal, server_count: question.servers.len() };
        let mut allowed_by = BTreeSet::new();
        let mut forbidden_by = BTreeSet::new();
        let mut unallowed = false;
        for subject in self.subjects {
            match self.ask(asked, subject) {
                Outcome::Allowed(ids) => allowed_by.extend(ids),
                Outcome::Forbidden(ids) => forbidden_by.extend(ids),
                Outcome::NotAllowed => unallowed = true,
                Outcome::Fault(cause) => return Err(RefusalKind::EvaluationFault(cause)),
            }
        }
        if forbidden_by.is_empty() && !unallowed {
            return Ok(Authorized {
                person: question.person.id.clone(),
                channel: question.channel.id.clone(),
                channel_name: place.name.clone(),
                command: self.command.name.clone(),
                servers: question.servers.iter().map(|server| server.id.clone()).collect(),
                sites: question.sites.iter().cloned().collect(),
                allowed_by: self.policies.notes_of(&allowed_by),
                version: self.policies.version.clone(),
            });
        }
        let forbidden = self.policies.notes_of(&forbidden_by);
        let smaller = self.largest_allowed(asked);
        Err(match (smaller, forbidden.first()) {
            (Some((at_most, permit)), forbid) => {
                RefusalKind::TooMany { at_most, by: forbid.cloned().unwrap_or(permit) }
            }
            (None, Some(_)) => RefusalKind::Forbidden { by: forbidden },
            (None, None) => RefusalKind::NothingAllowed,
        })
    }

    /// The largest smaller request that would be allowed on the same kinds of servers, and the policy that allows it.
    ///
    /// Found by asking again, so it is always true that this many would be allowed and one more would not.
    fn largest_allowed(&self, asked: Asked<'_>) -> Option<(usize, PolicyNote)> {
        if asked.server_count <= 1 {
            return None;
        }
        let (mut allowed, mut refused) = (1, asked.server_count);
        let mut permits = self.permits(Asked { server_count: allowed, ..asked })?;
        while refused - allowed > 1 {
            let middle = allowed + (refused - allowed) / 2;
            match self.permits(Asked { server_count: middle, ..asked }) {
                Some(found) => (allowed, permits) = (middle, found),
                None => refused = middle,
            }
        }
        self.policies.notes_of(&permits).into_iter().next().map(|note| (allowed, note))
    }

    /// The policies that allow every subject in a request of that size; `None` when one is not allowed.
    fn permits(&self, asked: Asked<'_>) -> Option<BTreeSet<PolicyName>> {
        let mut permits = BTreeSet::new();
        for subject in self.subjects {
            match self.ask(asked, subject) {
                Outcome::Allowed(ids) => permits.extend(ids),
                Outcome::Forbidden(_) | Outcome::NotAllowed | Outcome::Fault(_) => return None,
            }
        }
        Some(permits)
    }

    /// One decision. A policy that cannot be evaluated is skipped by Cedar, a forbid too: so any such failure refuses.
    fn ask(&self, asked: Asked<'_>, subject: &Subject<'_>) -> Outcome {
        let line = Line {
            command: &self.command.name,
            impact: self.command.impact,
            channel: &asked.place.name,
            server_count: asked.server_count,
        };
        let request = match entities::request(&line, asked.principal, &subject.uid, &self.policies.schema) {
            Ok(request) => request,
            Err(cause) => return Outcome::Fault(cause),
        };
        let response = Authorizer::new().is_authorized(&request, &asked.place.set, &self.entities);
        let mut failures: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        failures.sort();
        if let Some(first) = failures.into_iter().next() {
            return Outcome::Fault(first);
        }
        let ids: BTreeSet<PolicyName> =
            response.diagnostics().reason().map(|id| PolicyName::new(id.to_string())).collect();
        match (response.decision(), ids.is_empty()) {
            (Decision::Allow, _) => Outcome::Allowed(ids),
            (Decision::Deny, false) => Outcome::Forbidden(ids),
            (Decision::Deny, true) => Outcome::NotAllowed,
        }
    }

    /// Adds to a refusal which servers stood in the way, and where and who could.
    fn complete(&self, refusal: &mut Refusal, place: Option<&ChannelSet>, question: &Question<'_>) {
        let server_count = question.servers.len();
        let person = entities::person(&question.person.id, &question.person.groups).uid();
        let here = place.map(|place| &place.name);
        let elsewhere = self.policies.channels.values().filter(|other| Some(&other.name) != here);
        let mut channels: Vec<_> = elsewhere
            .filter(|place| self.permits(Asked { place, principal: &person, server_count }).is_some())
            .map(|other| other.name.clone())
            .collect();
        channels.sort();
        channels.truncate(Could::MAX);
        refusal.could.channels = channels;
        let Some(place) = place else { return };
        refusal.channel_name = Some(place.name.clone());
        let groups = self.policies.known.groups.iter().filter(|group| {
            let anyone = entities::anyone_of(group).uid();
            self.permits(Asked { place, principal: &anyone, server_count }).is_some()
        });
        refusal.could.groups = groups.take(Could::MAX).cloned().collect();
        let asked = Asked { place, principal: &person, server_count };
        let refused = self.subjects.iter().filter(|subject| !matches!(self.ask(asked, subject), Outcome::Allowed(_)));
        let (mut servers, mut sites) = (Vec::new(), Vec::new());
        for subject in refused {
            servers.extend(subject.servers.iter().copied().cloned());
            sites.extend(subject.site.cloned());
        }
        servers.sort();
        sites.sort();
        refusal.refused_count = servers.len();
        servers.truncate(Could::MAX);
        refusal.first_refused = servers;
        refusal.refused_sites = sites;
    }
}

/// Only members of our own workspace may start anything, whatever a policy says.
fn refused_by_standing(person: &Profile) -> Option<RefusalKind> {
    match person.standing {
        Standing::Member => None,
        Standing::Guest | Standing::Stranger | Standing::Deactivated | Standing::Bot => {
            Some(RefusalKind::Standing(person.standing))
        }
    }
}

fn person_and_groups(policies: &Policies, person: &Profile) -> Vec<Entity> {
    let groups = policies.known.groups.iter().map(entities::anyone_of);
    std::iter::once(entities::person(&person.id, &person.groups)).chain(groups).collect()
}

/// What Cedar is asked about; `None` when that is not what the command works on.
fn subjects_of<'a>(question: &Question<'a>) -> Option<Vec<Subject<'a>>> {
    let Question { command, servers, sites, .. } = *question;
    match (&command.targets, servers.is_empty(), sites.is_empty()) {
        (Targets::None, true, true) => Some(vec![no_server()]),
        (Targets::Sites { .. }, true, false) => Some(sites.iter().map(whole_site).collect()),
        (Targets::Servers { .. }, false, true) => Some(classes_of(servers)),
        (Targets::None | Targets::Sites { .. } | Targets::Servers { .. }, _, _) => None,
    }
}

/// The servers by class. Keyed by borrowed fields: of 20,000 servers a few hundred classes are ever built.
fn classes_of(servers: &[Server]) -> Vec<Subject<'_>> {
    let mut classes: BTreeMap<_, Vec<&Server>> = BTreeMap::new();
    for server in servers {
        classes.entry((&server.server_type, &server.site, &server.pool)).or_default().push(server);
    }
    let classes = classes.into_values().filter_map(|alike| Some((ServerClass::of(alike.first()?), alike)));
    let subjects = classes.enumerate().map(|(number, (class, alike))| {
        subject(number, &class, alike.into_iter().map(|server| &server.name).collect())
    });
    subjects.collect()
}

fn whole_site(site: &SiteName) -> Subject<'_> {
    let entity = entities::whole_site(site);
    Subject { uid: entity.uid(), entity: Some(entity), servers: Vec::new(), site: Some(site) }
}

fn subject<'a>(number: usize, class: &ServerClass, servers: Vec<&'a ServerName>) -> Subject<'a> {
    let entity = entities::server(number, class);
    Subject { uid: entity.uid(), entity: Some(entity), servers, site: None }
}

fn no_server() -> Subject<'static> {
    Subject { uid: entities::no_server(), entity: None, servers: Vec::new(), site: None }
}

fn refusal(question: &Question<'_>, kind: RefusalKind) -> Box<Refusal> {
    Box::new(Refusal {
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
    })
}
