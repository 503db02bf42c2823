//! A refusal's other half: who could, where, and the nearest thing that would be allowed.
//!
//! Every answer is found by asking again with one thing changed, never by reading policies, so that it is true when
//! somebody does what it says.

use super::answers::{Could, PolicyName, PolicyNote, Refusal};
use super::decide::Question;
use super::inquiry::{Inquiry, Seen, Subject, Who, one_of_class, whole_site};
use super::known::{ClassView, ServerClass};
use super::load::Policies;
use super::sets::ChannelSet;
use crate::domain::command::{CommandSpec, Targets};
use crate::domain::identity::GroupName;
use crate::domain::place::ChannelName;
use crate::domain::server::{ServerType, SiteName};
use std::collections::{BTreeMap, BTreeSet};

/// The nearest thing to what was asked that would be allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Nearest {
    /// The first policy that would allow it.
    pub by: PolicyNote,
    /// What would have to be different.
    pub missing: Missing,
    /// The most servers of such a request, where that is less than was asked for.
    pub at_most: Option<usize>,
}

/// What would have to be different.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Missing {
    /// Nothing but the number of servers.
    Size,
    /// Only the servers of these classes would be left in the request.
    Part {
        /// The classes, of those that were asked about.
        classes: BTreeSet<ServerClass>,
        /// How many of the servers asked about are of them.
        servers: usize,
    },
    /// Only these of the sites would be left in the request; sorted.
    PartOfSites(Vec<SiteName>),
    /// It would be asked in that channel.
    Channel(ChannelName),
    /// It would be asked for servers of such a kind; at most [`Could::MAX`].
    Kinds(Vec<ServerKind>),
    /// It would be asked for such a site; sorted, at most [`Could::MAX`].
    Sites(Vec<SiteName>),
    /// The person would be in that group.
    Group(GroupName),
}

/// Every server of a type, or those of one site.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ServerKind {
    /// The type.
    pub server_type: ServerType,
    /// The site, when not all of them are meant.
    pub site: Option<SiteName>,
}

/// Something that would be allowed: what is missing, what would allow it, and how many servers at most.
type Way = (Missing, BTreeSet<PolicyName>, Option<usize>);

/// What was asked, to be asked again with something changed.
struct Search<'a> {
    policies: &'a Policies,
    question: &'a Question<'a>,
    subjects: &'a [Subject<'a>],
    who: &'a Who,
    here: Option<&'a ChannelSet>,
    count: usize,
}

impl Policies {
    /// Adds to a refusal which servers stood in the way, where and who could, and what would be allowed.
    pub(super) fn tell_who_and_where(
        &self,
        refusal: &mut Refusal,
        here: Option<&ChannelSet>,
        who: &Who,
        (question, subjects): (&Question<'_>, &[Subject<'_>]),
    ) {
        if !self.known.commands.contains(&question.command.name) {
            return;
        }
        let search = Search { policies: self, question, subjects, who, here, count: question.servers.len() };
        refusal.could = Could { channels: search.channels(), groups: search.groups() };
        if let Some(place) = here {
            refusal.channel_name = Some(place.name.clone());
            refusal.record.channel_name = Some(place.name.to_string());
            search.tell_what_is_in_the_way(refusal, place);
        }
        refusal.nearest = search.nearest(&refusal.could);
    }

    /// The groups that the channel's policies about that command can tell from others, through groups of our own too; sorted.
    pub(super) fn groups_told_apart<'p>(
        &'p self,
        place: &'p ChannelSet,
        command: &CommandSpec,
    ) -> impl Iterator<Item = &'p GroupName> + use<'p> {
        let mentioned = &place.slice(&command.name).mentions.groups;
        let matters = |group: &&GroupName| {
            let all = self.groups.with_all_above(std::slice::from_ref(*group));
            !all.is_disjoint(mentioned)
        };
        self.known.groups.iter().filter(matters)
    }
}

impl<'a> Search<'a> {
    fn inquiry(&self, place: &'a ChannelSet, who: &Who) -> Option<Inquiry<'a>> {
        Inquiry::new(self.question.command, place, who, self.subjects).ok()
    }

    /// The other channels in which this person may do that to the first of the subjects, by name: there are hundreds
    /// of channels, and most are out of the question at once.
    fn elsewhere(&self, count: usize) -> Vec<&'a ChannelSet> {
        let here = self.here.map(|place| &place.name);
        let command = self.question.command;
        let first = self.subjects.get(..1).unwrap_or_default();
        let may = |place: &&ChannelSet| {
            Some(&place.name) != here
                && place.slice(&command.name).has_permit
                && Inquiry::new(command, place, self.who, first).is_ok_and(|one| one.permits_all(count).is_some())
        };
        let mut others: Vec<_> = self.policies.channels.values().filter(may).collect();
        others.sort_by(|one, other| one.name.cmp(&other.name));
        others
    }

    fn channels(&self) -> Vec<ChannelName> {
        let may = |place: &&ChannelSet| {
            self.inquiry(place, self.who).is_some_and(|inquiry| inquiry.permits_all(self.count).is_some())
        };
        self.elsewhere(self.count).into_iter().filter(may).take(Could::MAX).map(|place| place.name.clone()).collect()
    }

    fn groups(&self) -> Vec<GroupName> {
        let Some(place) = self.here else { return Vec::new() };
        let may = |group: &&GroupName| {
            let anyone = Who::anyone_of(self.policies, group);
            self.inquiry(place, &anyone).is_some_and(|inquiry| inquiry.permits_all(self.count).is_some())
        };
        self.policies.groups_told_apart(place, self.question.command).filter(may).take(Could::MAX).cloned().collect()
    }

    fn tell_what_is_in_the_way(&self, refusal: &mut Refusal, place: &'a ChannelSet) {
        let Some(inquiry) = self.inquiry(place, self.who) else { return };
        let refused: BTreeSet<Seen> = inquiry.seen().filter(|seen| !inquiry.allows(*seen, self.count)).collect();
        let (mut servers, mut sites) = (Vec::new(), Vec::new());
        for (subject, seen) in self.subjects.iter().zip(inquiry.kinds()) {
            if refused.contains(seen) {
                servers.extend(subject.servers.iter().copied());
                sites.extend(subject.site.cloned());
            }
        }
        servers.sort();
        sites.sort();
        refusal.refused_count = servers.len();
        refusal.first_refused = servers.into_iter().take(Could::MAX).cloned().collect();
        refusal.refused_sites = sites;
    }

    /// One change before two, and what stays closest to what was asked before what does not.
    fn nearest(&self, could: &Could) -> Option<Nearest> {
        let fewer = self.count.saturating_sub(1);
        let here = self.here.and_then(|place| self.inquiry(place, self.who));
        let size = || {
            let inquiry = here.as_ref()?;
            let (at_most, permits) = inquiry.largest_allowed(&inquiry.seen().collect::<Vec<_>>(), fewer)?;
            Some((Missing::Size, permits, Some(at_most)))
        };
        let part = here.as_ref().and_then(|inquiry| self.part(inquiry));
        let exact = |way: &Option<Way>| way.clone().filter(|(_, _, at_most)| at_most.is_none());
        let kinds = self.kinds();
        let way = size()
            .or_else(|| exact(&part))
            .or_else(|| self.channel(could))
            .or_else(|| exact(&kinds))
            .or_else(|| self.group(could))
            .or(part)
            .or_else(|| self.smaller_elsewhere(fewer))
            .or(kinds)
            .or_else(|| self.smaller_in_a_group(fewer));
        let (missing, permits, at_most) = way?;
        Some(Nearest { by: self.policies.first_note(&permits)?, missing, at_most })
    }

    /// Only those of the subjects that are allowed: in a request of this size, or else alone.
    fn part(&self, inquiry: &Inquiry<'_>) -> Option<Way> {
        let allowed_at =
            |count: usize| inquiry.seen().filter(|seen| inquiry.allows(*seen, count)).collect::<BTreeSet<_>>();
        let allowed = Some(allowed_at(self.count)).filter(|seen| !seen.is_empty());
        let allowed = allowed.unwrap_or_else(|| allowed_at(self.count.min(1)));
        let is_left = |(subject, seen): (&'a Subject<'a>, &Seen)| allowed.contains(seen).then_some(subject);
        let left: Vec<&Subject<'_>> = self.subjects.iter().zip(inquiry.kinds()).filter_map(is_left).collect();
        if left.is_empty() || left.len() == self.subjects.len() {
            return None;
        }
        let servers = left.iter().map(|subject| subject.servers.len()).sum::<usize>();
        let mut sites: Vec<SiteName> = left.iter().filter_map(|subject| subject.site.cloned()).collect();
        sites.sort();
        let missing = if sites.is_empty() {
            Missing::Part {
                classes: left.iter().filter_map(|subject| subject.class.map(ClassView::class)).collect(),
                servers,
            }
        } else {
            Missing::PartOfSites(sites)
        };
        self.sized(inquiry, &allowed.into_iter().collect::<Vec<_>>(), (missing, servers))
    }

    /// What allows those kinds in a request of `count` servers, or in a smaller one.
    fn sized(&self, inquiry: &Inquiry<'_>, seen: &[Seen], (missing, count): (Missing, usize)) -> Option<Way> {
        if let Some(permits) = inquiry.permits(seen, count) {
            return Some((missing, permits, None));
        }
        let (at_most, permits) = inquiry.largest_allowed(seen, count.saturating_sub(1))?;
        Some((missing, permits, Some(at_most)))
    }

    fn channel(&self, could: &Could) -> Option<Way> {
        let name = could.channels.first()?;
        let place = self.policies.channels.values().find(|place| place.name == *name)?;
        let permits = self.inquiry(place, self.who)?.permits_all(self.count)?;
        Some((Missing::Channel(name.clone()), permits, None))
    }

    fn group(&self, could: &Could) -> Option<Way> {
        let place = self.here?;
        could.groups.iter().find_map(|group| {
            let also = self.who.also_in(self.policies, group);
            let permits = self.inquiry(place, &also)?.permits_all(self.count)?;
            Some((Missing::Group(group.clone()), permits, None))
        })
    }

    fn smaller_elsewhere(&self, fewer: usize) -> Option<Way> {
        if fewer == 0 {
            return None;
        }
        self.elsewhere(1).into_iter().find_map(|place| {
            let inquiry = self.inquiry(place, self.who)?;
            let (at_most, permits) = inquiry.largest_allowed(&inquiry.seen().collect::<Vec<_>>(), fewer)?;
            Some((Missing::Channel(place.name.clone()), permits, Some(at_most)))
        })
    }

    fn smaller_in_a_group(&self, fewer: usize) -> Option<Way> {
        let place = self.here?;
        self.policies.groups_told_apart(place, self.question.command).find_map(|group| {
            let inquiry = self.inquiry(place, &self.who.also_in(self.policies, group))?;
            let (at_most, permits) = inquiry.largest_allowed(&inquiry.seen().collect::<Vec<_>>(), fewer)?;
            Some((Missing::Group(group.clone()), permits, Some(at_most)))
        })
    }

    /// Other servers, or sites, than those that were asked about.
    fn kinds(&self) -> Option<Way> {
        let place = self.here?;
        let known = &self.policies.known;
        match &self.question.command.targets {
            Targets::None => None,
            Targets::Sites { .. } => {
                let all: Vec<Subject<'_>> = known.sites.iter().map(whole_site).collect();
                let inquiry = Inquiry::new(self.question.command, place, self.who, &all).ok()?;
                let may = inquiry.kinds().iter().zip(&known.sites).filter(|(seen, _)| inquiry.allows(**seen, 0));
                let (seen, sites): (Vec<Seen>, Vec<SiteName>) =
                    may.take(Could::MAX).map(|(seen, site)| (*seen, site.clone())).unzip();
                let permits = inquiry.permits(&seen, 0).filter(|_| !sites.is_empty())?;
                Some((Missing::Sites(sites), permits, None))
            }
            Targets::Servers { types, .. } => {
                let classes: Vec<&ServerClass> =
                    known.classes.iter().filter(|class| types.contains(&class.server_type)).collect();
                let all: Vec<Subject<'_>> = classes.iter().map(|class| one_of_class(class)).collect();
                let inquiry = Inquiry::new(self.question.command, place, self.who, &all).ok()?;
                let tried = [self.count, 1].into_iter().find_map(|count| {
                    let allowed: BTreeSet<Seen> = inquiry.seen().filter(|seen| inquiry.allows(*seen, count)).collect();
                    let kinds = whole_kinds(&classes, inquiry.kinds(), &allowed);
                    (!kinds.is_empty()).then_some(kinds)
                });
                let kinds = tried?;
                let is_of_one = |class: &ServerClass| {
                    kinds.iter().any(|kind| {
                        kind.server_type == class.server_type
                            && kind.site.as_ref().is_none_or(|site| *site == class.site)
                    })
                };
                let seen: BTreeSet<Seen> = classes
                    .iter()
                    .zip(inquiry.kinds())
                    .filter_map(|(class, seen)| is_of_one(class).then_some(*seen))
                    .collect();
                self.sized(&inquiry, &seen.into_iter().collect::<Vec<_>>(), (Missing::Kinds(kinds), self.count))
            }
        }
    }
}

/// The types of which every class is allowed, and then the sites of the other types of which every class is.
fn whole_kinds(classes: &[&ServerClass], seen: &[Seen], allowed: &BTreeSet<Seen>) -> Vec<ServerKind> {
    let mut types: BTreeMap<&ServerType, bool> = BTreeMap::new();
    let mut at_sites: BTreeMap<(&ServerType, &SiteName), bool> = BTreeMap::new();
    for (class, seen) in classes.iter().zip(seen) {
        let may = allowed.contains(seen);
        *types.entry(&class.server_type).or_insert(true) &= may;
        *at_sites.entry((&class.server_type, &class.site)).or_insert(true) &= may;
    }
    let whole = types.iter().filter(|(_, may)| **may);
    let whole = whole.map(|(server_type, _)| ServerKind { server_type: (*server_type).clone(), site: None });
    let parts = at_sites.iter().filter(|((server_type, _), may)| **may && types.get(server_type) == Some(&false));
    let parts = parts.map(|((server_type, site), _)| ServerKind {
        server_type: (*server_type).clone(),
        site: Some((*site).clone()),
    });
    whole.chain(parts).take(Could::MAX).collect()
}
