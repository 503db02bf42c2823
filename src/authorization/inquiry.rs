//! One question laid out for the policies of one channel: whom, what, and each kind of subject once.

use super::answers::PolicyName;
use super::entities::{self, Line, SeenClass};
use super::known::{ClassView, ServerClass};
use super::load::Policies;
use super::sets::{ChannelSet, Mentions, Slice};
use crate::domain::command::{CommandSpec, Targets};
use crate::domain::identity::{GroupName, PersonId, Profile, Standing};
use crate::domain::server::{Server, ServerName, SiteName};
use cedar_policy::{Authorizer, Decision, Entities, Entity, EntityUid, PolicyId};
use std::collections::{BTreeMap, BTreeSet};

/// What Cedar says about one kind of subject.
pub(super) enum Outcome {
    Allowed(BTreeSet<PolicyName>),
    Forbidden(BTreeSet<PolicyName>),
    NotAllowed,
    Fault(String),
}

/// A person, or what acts without one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AskerKind {
    Person,
    Automation,
}

/// Who asks, with every group they are in.
pub(super) struct Who {
    id: PersonId,
    kind: AskerKind,
    pub(super) groups: BTreeSet<GroupName>,
}

impl Who {
    pub(super) fn of(policies: &Policies, person: &Profile) -> Self {
        let id = person.id.clone();
        if person.standing == Standing::Automation {
            return Self { id, kind: AskerKind::Automation, groups: BTreeSet::new() };
        }
        let groups = policies.groups.groups_of(&person.id, &person.groups);
        Self { id, kind: AskerKind::Person, groups }
    }

    /// Somebody who is in that group, and in no other that it does not lie in.
    pub(super) fn anyone_of(policies: &Policies, group: &GroupName) -> Self {
        Self { groups: policies.groups.with_all_above(std::slice::from_ref(group)), ..Self::anyone() }
    }

    /// A member who is in no group and whom no policy names.
    pub(super) fn anyone() -> Self {
        Self { id: PersonId::new("", "anyone"), kind: AskerKind::Person, groups: BTreeSet::new() }
    }

    /// The same person, were they in that group too.
    pub(super) fn also_in(&self, policies: &Policies, group: &GroupName) -> Self {
        let mut groups = self.groups.clone();
        if self.kind == AskerKind::Person {
            groups.extend(policies.groups.with_all_above(std::slice::from_ref(group)));
        }
        Self { id: self.id.clone(), kind: self.kind, groups }
    }

    /// As far as the policies of that channel can see them.
    fn entity(&self, mentions: &Mentions) -> Entity {
        if self.kind == AskerKind::Automation {
            return entities::automation(self.id.user.as_str());
        }
        let groups = self.groups.intersection(&mentions.groups).cloned().collect();
        entities::person(&self.id, &groups, Some(&self.id.user).filter(|user| mentions.people.contains(*user)))
    }
}

/// A class of servers, a whole site, or nothing, as what a question is about.
pub(super) struct Subject<'a> {
    pub(super) class: Option<ClassView<'a>>,
    pub(super) servers: Vec<&'a ServerName>,
    pub(super) site: Option<&'a SiteName>,
}

/// What is asked about; `None` when that is not what the command works on.
pub(super) fn subjects_of<'a>(
    command: &CommandSpec,
    servers: &'a [Server],
    sites: &'a [SiteName],
) -> Option<Vec<Subject<'a>>> {
    match (&command.targets, servers.is_empty(), sites.is_empty()) {
        (Targets::None, true, true) => Some(vec![nothing()]),
        (Targets::Sites { .. }, true, false) => Some(sites.iter().map(whole_site).collect()),
        (Targets::Servers { .. }, false, true) => Some(classes_of(servers)),
        (Targets::None | Targets::Sites { .. } | Targets::Servers { .. }, _, _) => None,
    }
}

/// The servers by class.
fn classes_of(servers: &[Server]) -> Vec<Subject<'_>> {
    let mut classes: BTreeMap<ClassView<'_>, Vec<&ServerName>> = BTreeMap::new();
    for server in servers {
        classes.entry(ClassView::of(server)).or_default().push(&server.name);
    }
    classes.into_iter().map(|(class, servers)| Subject { class: Some(class), servers, site: None }).collect()
}

pub(super) fn one_of_class(class: &ServerClass) -> Subject<'_> {
    Subject { class: Some(ClassView::of_class(class)), servers: Vec::new(), site: None }
}

pub(super) fn whole_site(site: &SiteName) -> Subject<'_> {
    Subject { class: None, servers: Vec::new(), site: Some(site) }
}

pub(super) fn nothing() -> Subject<'static> {
    Subject { class: None, servers: Vec::new(), site: None }
}

/// A kind of subject as the policies of one channel see it, by its place in [`Inquiry::seen`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen(usize);

/// A question to the policies of one channel, about one person.
pub(super) struct Inquiry<'a> {
    command: &'a CommandSpec,
    place: &'a ChannelSet,
    slice: &'a Slice,
    principal: EntityUid,
    asker: AskerKind,
    /// One for each kind of subject that these policies can tell apart.
    resources: Vec<EntityUid>,
    /// Which kind each subject is of.
    kinds: Vec<Seen>,
    entities: Entities,
}

/// What tells subjects apart for the policies of one channel.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'s> {
    Server(SeenClass<'s>),
    Site(Option<&'s SiteName>),
    Nothing,
}

impl<'a> Inquiry<'a> {
    /// # Errors
    /// What Cedar's library does not take; the text is for the log.
    pub(super) fn new(
        command: &'a CommandSpec,
        place: &'a ChannelSet,
        who: &Who,
        subjects: &[Subject<'_>],
    ) -> Result<Self, String> {
        let slice = place.slice(&command.name);
        let mentions = &slice.mentions;
        let person = who.entity(mentions);
        let principal = person.uid();
        let mut all = vec![person];
        let (mut resources, mut kinds) = (Vec::new(), Vec::with_capacity(subjects.len()));
        let mut numbers: BTreeMap<Key<'_>, Seen> = BTreeMap::new();
        for subject in subjects {
            let key = match (subject.class, subject.site) {
                (Some(class), _) => Key::Server(SeenClass {
                    server_type: Some(class.server_type).filter(|name| mentions.types.contains(*name)),
                    site: Some(class.site).filter(|name| mentions.sites.contains(*name)),
                    pool: class.pool.filter(|name| mentions.pools.contains(*name)),
                }),
                (None, Some(site)) => Key::Site(Some(site).filter(|name| mentions.sites.contains(*name))),
                (None, None) => Key::Nothing,
            };
            if let Some(known) = numbers.get(&key) {
                kinds.push(*known);
                continue;
            }
            let number = Seen(resources.len());
            let entity = match (&key, subject.site) {
                (Key::Server(class), _) => Some(entities::server(number.0, class)),
                (Key::Site(_), Some(site)) => Some(entities::whole_site(site)),
                (Key::Site(_) | Key::Nothing, _) => None,
            };
            resources.push(entity.as_ref().map_or_else(entities::no_server, Entity::uid));
            all.extend(entity);
            kinds.push(number);
            numbers.insert(key, number);
        }
        // Without a schema, which would add every command as an entity: what is built here fits it, checked at load.
        let entities = Entities::from_entities(all, None).map_err(|cause| cause.to_string())?;
        Ok(Self { command, place, slice, principal, asker: who.kind, resources, kinds, entities })
    }

    /// Every kind of subject.
    pub(super) fn seen(&self) -> impl Iterator<Item = Seen> + use<> {
        (0..self.resources.len()).map(Seen)
    }

    /// The kind of each subject, in the order of the subjects.
    pub(super) fn kinds(&self) -> &[Seen] {
        &self.kinds
    }

    /// The largest request of at most `most` servers that would be allowed on those kinds, and what allows it.
    ///
    /// Found by asking again, so it is always true that this many would be allowed and one more would not.
    pub(super) fn largest_allowed(&self, seen: &[Seen], most: usize) -> Option<(usize, BTreeSet<PolicyName>)> {
        if most == 0 {
            return None;
        }
        let mut permits = self.permits(seen, 1)?;
        let (mut allowed, mut refused) = (1, most + 1);
        while refused - allowed > 1 {
            let middle = allowed + (refused - allowed) / 2;
            match self.permits(seen, middle) {
                Some(found) => (allowed, permits) = (middle, found),
                None => refused = middle,
            }
        }
        Some((allowed, permits))
    }

    /// The policies that allow all of those kinds in a request of that size; `None` when one is not allowed.
    pub(super) fn permits(&self, seen: &[Seen], count: usize) -> Option<BTreeSet<PolicyName>> {
        let mut permits = BTreeSet::new();
        for one in seen {
            match self.ask(*one, count) {
                Outcome::Allowed(ids) => permits.extend(ids),
                Outcome::Forbidden(_) | Outcome::NotAllowed | Outcome::Fault(_) => return None,
            }
        }
        Some(permits)
    }

    /// The policies that allow everything asked about in a request of that size.
    pub(super) fn permits_all(&self, count: usize) -> Option<BTreeSet<PolicyName>> {
        self.permits(&self.seen().collect::<Vec<_>>(), count)
    }

    pub(super) fn allows(&self, seen: Seen, count: usize) -> bool {
        matches!(self.ask(seen, count), Outcome::Allowed(_))
    }

    /// One decision. A policy that cannot be evaluated is skipped by Cedar, a forbid too: so any such failure refuses.
    pub(super) fn ask(&self, seen: Seen, count: usize) -> Outcome {
        let Some(resource) = self.resources.get(seen.0) else {
            return Outcome::Fault("a kind of subject of another question".to_owned());
        };
        let line = Line {
            command: &self.command.name,
            impact: self.command.impact,
            channel: &self.place.name,
            server_count: count,
        };
        let request = match entities::request(&line, &self.principal, resource, None) {
            Ok(request) => request,
            Err(cause) => return Outcome::Fault(cause),
        };
        let response = Authorizer::new().is_authorized(&request, &self.slice.set, &self.entities);
        let mut failures: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        failures.sort();
        if let Some(first) = failures.into_iter().next() {
            return Outcome::Fault(first);
        }
        let ids: BTreeSet<PolicyName> =
            response.diagnostics().reason().map(|id| PolicyName::new(AsRef::<str>::as_ref(id))).collect();
        match (response.decision(), ids.is_empty()) {
            (Decision::Allow, _) => self.counted(ids),
            (Decision::Deny, false) => Outcome::Forbidden(ids),
            (Decision::Deny, true) => Outcome::NotAllowed,
        }
    }

    /// What is allowed to people allows nothing to an automation: a permit counts for it only where it names it.
    fn counted(&self, permits: BTreeSet<PolicyName>) -> Outcome {
        if self.asker == AskerKind::Person {
            return Outcome::Allowed(permits);
        }
        let names_it = |id: &PolicyName| {
            let policy = self.slice.set.policy(&PolicyId::new(id.as_str()));
            policy.is_some_and(|policy| policy.entity_literals().contains(&self.principal))
        };
        let permits: BTreeSet<PolicyName> = permits.into_iter().filter(names_it).collect();
        if permits.is_empty() { Outcome::NotAllowed } else { Outcome::Allowed(permits) }
    }
}
