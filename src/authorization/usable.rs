//! What somebody may use here at all, and who may: for help, and for suggestions.

use super::answers::{RefusalKind, WhoCan};
use super::decide::refused_by_standing;
use super::inquiry::{Inquiry, Subject, Who, nothing, one_of_class, subjects_of, whole_site};
use super::load::Policies;
use super::sets::ChannelSet;
use crate::domain::command::{CommandName, CommandSpec, Impact, Targets};
use crate::domain::identity::{AutomationName, GroupName, PersonId, Profile, UserId};
use crate::domain::place::{ChannelFacts, ChannelId};
use crate::domain::server::{Server, ServerType, SiteName};
use std::collections::BTreeMap;

/// Commands that the policies of one channel cannot tell apart.
type Alike<'a> = (Option<&'a CommandName>, Impact, (u8, &'a [ServerType]));

impl Policies {
    /// The commands that this person may use here for at least one kind of server or one site, sorted.
    pub fn commands_for<'a>(
        &self,
        person: &Profile,
        channel: &ChannelFacts,
        commands: impl IntoIterator<Item = &'a CommandSpec>,
    ) -> Vec<CommandName> {
        if refused_by_standing(person).is_some() {
            return Vec::new();
        }
        let who = Who::of(self, person);
        // Of 200 commands a channel's policies name a few; the others differ only in what they work on and their harm.
        let mut answers: BTreeMap<Alike<'a>, bool> = BTreeMap::new();
        let mut names: Vec<CommandName> = Vec::new();
        for command in commands {
            let Ok(place) = self.place_of(channel, command) else { continue };
            let may = answers.entry(alike(place, command)).or_insert_with(|| self.may_ever_use(&who, place, command));
            if *may && self.known.commands.contains(&command.name) {
                names.push(command.name.clone());
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// The groups whose members may use that command here for at least one kind of server or one site, sorted.
    #[must_use]
    pub fn groups_for(&self, channel: &ChannelFacts, command: &CommandSpec) -> Vec<GroupName> {
        let Ok(place) = self.place_of(channel, command) else { return Vec::new() };
        let is_known = self.known.commands.contains(&command.name);
        if is_known && self.may_ever_use(&Who::anyone(), place, command) {
            return self.known.groups.iter().cloned().collect();
        }
        let may = |group: &&GroupName| self.may_ever_use(&Who::anyone_of(self, group), place, command);
        self.groups_told_apart(place, command).filter(|_| is_known).filter(may).cloned().collect()
    }

    /// Who may do exactly that in that channel: on these servers, on these whole sites, or on nothing.
    ///
    /// # Errors
    /// Why nobody can, whoever asks.
    pub fn who_can(
        &self,
        command: &CommandSpec,
        (servers, sites): (&[Server], &[SiteName]),
        channel: &ChannelFacts,
    ) -> Result<WhoCan, RefusalKind> {
        let place = self.place_of(channel, command)?;
        let subjects = subjects_of(command, servers, sites).ok_or(RefusalKind::WrongSubjects)?;
        if !self.known.commands.contains(&command.name) {
            return Ok(WhoCan::Some { groups: Vec::new(), people: Vec::new(), automations: Vec::new() });
        }
        let may = |who: &Who| {
            let inquiry = Inquiry::new(command, place, who, &subjects);
            inquiry.is_ok_and(|inquiry| inquiry.permits_all(servers.len()).is_some())
        };
        if may(&Who::anyone()) {
            return Ok(WhoCan::Everyone);
        }
        let groups = self.groups_told_apart(place, command).filter(|group| may(&Who::anyone_of(self, group)));
        let named = |user: &&UserId| may(&Who::of(self, &member(user)));
        let people = place.slice(&command.name).mentions.people.iter().filter(named);
        Ok(WhoCan::Some {
            groups: groups.cloned().collect(),
            people: people.cloned().collect(),
            automations: self.automations_that(may),
        })
    }

    /// Who may use that command in that channel for at least one kind of server or one site.
    ///
    /// # Errors
    /// Why nobody can, whoever asks.
    pub fn who_can_ever(&self, command: &CommandSpec, channel: &ChannelFacts) -> Result<WhoCan, RefusalKind> {
        let place = self.place_of(channel, command)?;
        if !self.known.commands.contains(&command.name) {
            return Ok(WhoCan::Some { groups: Vec::new(), people: Vec::new(), automations: Vec::new() });
        }
        let may = |who: &Who| self.may_ever_use(who, place, command);
        if may(&Who::anyone()) {
            return Ok(WhoCan::Everyone);
        }
        let groups = self.groups_told_apart(place, command).filter(|group| may(&Who::anyone_of(self, group)));
        let named = |user: &&UserId| may(&Who::of(self, &member(user)));
        let people = place.slice(&command.name).mentions.people.iter().filter(named);
        Ok(WhoCan::Some {
            groups: groups.cloned().collect(),
            people: people.cloned().collect(),
            automations: self.automations_that(may),
        })
    }

    /// Whether somebody may use one of these commands in that channel; `None` is a direct conversation. No person is
    /// looked at, so that it can be told while the directory is silent.
    pub fn permits_any<'a>(
        &self,
        channel: Option<&ChannelId>,
        commands: impl IntoIterator<Item = &'a CommandSpec>,
    ) -> bool {
        let place = match channel {
            Some(channel) => self.channels.get(channel),
            None => self.direct.as_ref(),
        };
        place.is_some_and(|place| commands.into_iter().any(|command| place.slice(&command.name).has_permit))
    }

    fn automations_that(&self, may: impl Fn(&Who) -> bool) -> Vec<AutomationName> {
        let those = self.known.automations.iter().filter(|name| may(&Who::of(self, &Profile::automation(name))));
        those.cloned().collect()
    }

    fn may_ever_use(&self, who: &Who, place: &ChannelSet, command: &CommandSpec) -> bool {
        let (subjects, count): (Vec<Subject<'_>>, usize) = match &command.targets {
            Targets::None => (vec![nothing()], 0),
            Targets::Sites { .. } => (self.known.sites.iter().map(whole_site).collect(), 0),
            Targets::Servers { types, .. } => {
                let classes = self.known.classes.iter().filter(|class| types.contains(&class.server_type));
                (classes.map(one_of_class).collect(), 1)
            }
        };
        let Ok(inquiry) = Inquiry::new(command, place, who, &subjects) else { return false };
        inquiry.seen().any(|seen| inquiry.allows(seen, count))
    }
}

fn alike<'a>(place: &ChannelSet, command: &'a CommandSpec) -> Alike<'a> {
    let name = Some(&command.name).filter(|name| place.names(name));
    let targets: (u8, &[ServerType]) = match &command.targets {
        Targets::None => (0, &[]),
        Targets::Sites { .. } => (1, &[]),
        Targets::Servers { types, .. } => (2, types),
    };
    (name, command.impact, targets)
}

/// A member in no group of the workspace.
fn member(user: &UserId) -> Profile {
    Profile {
        id: PersonId::new("", user.as_str()),
        name: String::new(),
        standing: crate::domain::identity::Standing::Member,
        groups: Vec::new(),
        zone: None,
    }
}
