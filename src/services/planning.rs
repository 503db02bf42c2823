//! What a line would come to: its subjects, its plan, who may ask for it, and what stands in the way.
//!
//! Shared by what carries lines out and by what only shows them, so that both always agree. Deliberately absent:
//! any port; everything that is looked at comes in as a value.

use super::safety::{Around, Safety, asked_for};
use crate::admission::{self, Known, Ledger, Outside, PoolImpact, WiderImpact, spread, wave_sizes};
use crate::authorization::{Authorized, Question, ReasonNeed, Refusal};
use crate::conversation::{self, Doubling, PreviewView, message::Message};
use crate::domain::command::{CommandSpec, OwnerOf, Targets};
use crate::domain::consent::Quota;
use crate::domain::identity::{GroupName, Profile};
use crate::domain::ids::RequestId;
use crate::domain::intent::{Moment, Spanned, Start, WorkIntent, ZoneName};
use crate::domain::limits::REQUEST_LIFE;
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind};
use crate::domain::place::{ChannelFacts, ChannelName};
use crate::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
use crate::domain::server::{ProductionState, Server, ServerId, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::{self, Snapshot, Undone};
use crate::ports::Rulebook;
use crate::workflow::request::ApprovalNeed;
use crate::{approvals, language};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who asks for what, where and when, and what is known then.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The files in force.
    pub rulebook: &'a Rulebook,
    /// Locks, states and health.
    pub ledger: &'a Ledger,
    /// What was looked up outside.
    pub outside: Outside<'a>,
    /// What the requests that the line mentions left undone.
    pub undone: &'a Undone,
    /// Who asks.
    pub person: &'a Profile,
    /// Where.
    pub channel: &'a ChannelFacts,
    /// The normalised line.
    pub line: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// What a line means to work on; each sorted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subjects {
    /// Servers, at least one.
    Servers(Vec<Server>),
    /// Whole sites, at least one.
    Sites(Vec<SiteName>),
    /// Nothing.
    Nothing,
}

impl Subjects {
    /// The servers, if they are.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        match self {
            Self::Servers(servers) => servers,
            Self::Sites(_) | Self::Nothing => &[],
        }
    }

    /// The whole sites, if they are.
    #[must_use]
    pub fn sites(&self) -> &[SiteName] {
        match self {
            Self::Sites(sites) => sites,
            Self::Servers(_) | Self::Nothing => &[],
        }
    }

    /// The types of the servers.
    fn types(&self) -> BTreeSet<&ServerType> {
        self.servers().iter().map(|server| &server.server_type).collect()
    }

    /// The sites that are worked on, as a whole or by a server.
    fn touched_sites(&self) -> BTreeSet<&SiteName> {
        self.servers().iter().map(|server| &server.site).chain(self.sites()).collect()
    }

    /// How many there are; nothing counts as none.
    #[must_use]
    pub fn count(&self) -> usize {
        self.servers().len() + self.sites().len()
    }

    /// As a plan has them, in the order of starting.
    pub(super) fn in_order(&self, canary: u32) -> Vec<Subject> {
        spread(self.planned(), canary)
    }

    fn planned(&self) -> Vec<Subject> {
        match self {
            Self::Servers(servers) => servers.iter().map(planned).collect(),
            Self::Sites(sites) => sites.iter().cloned().map(Subject::Site).collect(),
            Self::Nothing => vec![Subject::Nothing],
        }
    }
}

/// The one zone in which all subjects lie.
fn site_zone(
    subjects: &Subjects,
    zone_of: &dyn Fn(&SiteName) -> Option<ZoneName>,
) -> Result<ZoneName, MisunderstandingKind> {
    let mut zones: BTreeMap<ZoneName, &SiteName> = BTreeMap::new();
    for site in subjects.touched_sites() {
        let unknown = || MisunderstandingKind::NoSiteZone { site: Some(site.clone()) };
        zones.entry(zone_of(site).ok_or_else(unknown)?).or_insert(site);
    }
    match zones.len() {
        0 | 1 => zones.into_keys().next().ok_or(MisunderstandingKind::NoSiteZone { site: None }),
        _ => Err(MisunderstandingKind::SitesDisagree {
            sites: zones.into_iter().map(|(zone, site)| (site.clone(), zone)).collect(),
        }),
    }
}

/// A server as a plan freezes it.
pub(super) fn planned(server: &Server) -> Subject {
    Subject::Server(PlannedServer {
        id: server.id.clone(),
        name: server.name.clone(),
        server_type: server.server_type.clone(),
        site: server.site.clone(),
        rack: server.rack.clone(),
        pool: server.pool.clone(),
    })
}

/// What stays the same of a subject while its record changes.
pub(super) fn identity(subject: &Subject) -> (Option<&ServerId>, Option<&SiteName>) {
    (subject.server().map(|server| &server.id), subject.site())
}

/// Why nothing comes of a line that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It says something that is not there.
    Misunderstood(Box<Misunderstanding>),
    /// It cannot be done.
    Told {
        /// What the person reads.
        message: Message,
        /// For the record.
        note: &'static str,
    },
}

impl From<Misunderstanding> for Answer {
    fn from(told: Misunderstanding) -> Self {
        Self::Misunderstood(Box::new(told))
    }
}

/// A line that was looked at from all sides, without doing anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Preview {
    /// The plan as it would be frozen.
    pub plan: Plan,
    /// The command.
    pub spec: Arc<CommandSpec>,
    /// The line that would do it.
    pub line: String,
    /// How many of the servers are in which production state.
    pub states: BTreeMap<ProductionState, usize>,
    /// Whether this person may, here.
    pub allowed: Result<Authorized, Box<Refusal>>,
    /// Where, without `#`.
    pub channel_name: String,
    /// Whose consent it would need.
    pub need: Option<ApprovalNeed>,
    /// What stands in the way now.
    pub safety: Safety,
    /// What it would do to each pool.
    pub impacts: Vec<PoolImpact>,
    /// The same of each wider scope with a floor.
    pub wider: Vec<WiderImpact>,
    /// What open requests have of it already.
    pub same: Option<Doubling>,
    /// Who answers for the command, the types and the sites; by group.
    pub owners: BTreeMap<GroupName, Vec<String>>,
}

impl Preview {
    /// As messages look at it.
    #[must_use]
    pub fn view(&self) -> PreviewView<'_> {
        PreviewView {
            plan: &self.plan,
            spec: &self.spec,
            line: &self.line,
            states: &self.states,
            allowed: self.allowed.as_ref().map_err(AsRef::as_ref),
            channel_name: &self.channel_name,
            need: self.need.as_ref(),
            outlook: self.safety.view(),
            impacts: &self.impacts,
            wider: &self.wider,
            same: self.same.as_ref(),
            owners: &self.owners,
        }
    }
}

impl<'a> Asking<'a> {
    /// What admission looks at.
    #[must_use]
    pub fn known(self) -> Known<'a> {
        self.rulebook.known(self.ledger, self.now).with_outside(self.outside)
    }

    /// Without `#`; empty in a direct conversation, which has no name.
    #[must_use]
    pub fn channel_name(self) -> &'a str {
        self.channel.name.as_ref().map_or("", ChannelName::as_str)
    }

    /// What the line works on.
    ///
    /// # Errors
    /// Nothing that exists, servers of a type that the command does not support, or too many.
    pub fn subjects(self, work: &WorkIntent, spec: &CommandSpec) -> Result<Subjects, Answer> {
        let Some(selector) = &work.selector else { return Ok(Subjects::Nothing) };
        let inventory = &self.rulebook.inventory;
        let (types, max) = match &spec.targets {
            Targets::None => return Ok(Subjects::Nothing),
            Targets::Sites { max } => {
                let sites = fleet::resolve_sites(selector, inventory, self.line)?;
                if sites.len() > *max as usize {
                    let message = conversation::too_many(sites.len(), "site", *max);
                    return Err(Answer::Told { message, note: "refused: too many sites" });
                }
                return Ok(Subjects::Sites(sites));
            }
            Targets::Servers { types, max, .. } => (types, *max),
        };
        let ledger = self.ledger;
        let snapshot = Snapshot { inventory, states: &|server| ledger.state(server), undone: self.undone };
        let servers = fleet::resolve(selector, snapshot, self.line)?;
        let wrong = servers.iter().filter(|server| !types.contains(&server.server_type));
        let wrong = wrong.map(|server| (server.name.clone(), server.server_type.clone())).collect::<Vec<_>>();
        if !wrong.is_empty() {
            let message = conversation::wrong_type(spec, &wrong);
            return Err(Answer::Told { message, note: "refused: a type it does not support" });
        }
        if servers.len() > max as usize {
            let message = conversation::too_many(servers.len(), "server", max);
            return Err(Answer::Told { message, note: "refused: too many servers" });
        }
        Ok(Subjects::Servers(servers))
    }

    /// Whether this person may, here.
    ///
    /// # Errors
    /// The refusal, with the deciding policy.
    pub fn authorize(self, spec: &CommandSpec, subjects: &Subjects) -> Result<Authorized, Box<Refusal>> {
        self.rulebook.policies.decide(&Question {
            person: self.person,
            channel: self.channel,
            command: spec,
            servers: subjects.servers(),
            sites: subjects.sites(),
        })
    }

    /// The plan as it is frozen if the line is carried out.
    ///
    /// # Errors
    /// A time that the subjects do not agree on.
    pub fn draft(
        self,
        id: &RequestId,
        work: &WorkIntent,
        spec: &CommandSpec,
        subjects: &Subjects,
    ) -> Result<Plan, Answer> {
        let parameters = work.values();
        let not_before = self.not_before(work.start.as_ref(), subjects)?;
        let subjects = subjects.in_order(spec.waves.canary);
        let count = u32::try_from(subjects.len()).unwrap_or(u32::MAX);
        let parts = PlanParts {
            request: id.clone(),
            command: spec.name.clone(),
            definition: spec.hash.clone(),
            waves: wave_sizes(&spec.waves, &parameters, count),
            parameters,
            subjects,
            soak: spec.waves.soak,
            requester: self.person.id.clone(),
            channel: self.channel.id.clone(),
            expires_at: not_before.as_ref().map_or(self.now, |moment| moment.at.max(self.now)).plus(REQUEST_LIFE),
            not_before,
        };
        Ok(Plan::new(parts).expect("there is a subject, and wave_sizes adds up to all of them"))
    }

    /// When it may begin. Site time is that of the subjects, which must agree on it.
    fn not_before(self, start: Option<&Spanned<Start>>, subjects: &Subjects) -> Result<Option<Moment>, Answer> {
        let zone_of = |site: &SiteName| self.rulebook.inventory.site(site).zone;
        let Some(start) = start else { return Ok(None) };
        let moment = match &start.value {
            Start::After(wait) => {
                let zone = self.person.zone.clone().unwrap_or_else(|| ZoneName::new("UTC"));
                Ok(Moment { at: self.now.plus(*wait), zone })
            }
            Start::At(moment) => Ok(moment.clone()),
            Start::AtSiteTime(wall) => {
                site_zone(subjects, &zone_of).and_then(|zone| language::moment_at(*wall, &zone, self.now))
            }
        };
        moment.map(Some).map_err(|kind| {
            let time = (start.span.start + "at ".len()).min(start.span.end)..start.span.end;
            language::about_time(Misunderstanding::new(self.line, time, kind)).into()
        })
    }

    fn owners(self, spec: &CommandSpec, subjects: &Subjects) -> BTreeMap<GroupName, Vec<String>> {
        let inventory = &self.rulebook.inventory;
        let of_types = subjects.types().into_iter().map(|one| (inventory.type_owner(one).cloned(), one.to_string()));
        let of_sites = subjects.touched_sites().into_iter().map(|one| (inventory.site(one).owner, one.to_string()));
        let of_command = std::iter::once((Some(spec.owner.clone()), spec.name.to_string()));
        let mut owners: BTreeMap<GroupName, Vec<String>> = BTreeMap::new();
        for (owner, what) in of_command.chain(of_types).chain(of_sites) {
            if let Some(owner) = owner {
                owners.entry(owner).or_default().push(what);
            }
        }
        owners
    }

    /// Whose consent it needs: what the command asks for, and what the policies that allow it require.
    #[must_use]
    pub fn need(
        self,
        spec: &CommandSpec,
        subjects: &Subjects,
        authorized: Option<&Authorized>,
    ) -> Option<ApprovalNeed> {
        let mut by_policies = Vec::new();
        if let Some(requirements) = authorized.map(Authorized::requirements) {
            let each = requirements.approval.iter();
            by_policies.extend(each.flat_map(|one| one.from.iter().map(|group| Quota::of(group.clone(), one.count))));
            let together = requirements.quorums.iter();
            by_policies
                .extend(together.map(|one| Quota { from: one.from.iter().cloned().collect(), count: one.count }));
        }
        let owned = spec.approvals.iter().flat_map(|rule| &rule.owners);
        let owners = owned.flat_map(|owned| self.owners_of(*owned, spec, subjects)).collect::<BTreeSet<_>>();
        let owners = owners.into_iter().collect::<Vec<_>>();
        let asked = approvals::Asked { by_policies: &by_policies, owners: &owners };
        approvals::need(spec, subjects.planned().len(), asked, self.now)
    }

    /// Who owns the types or the sites that are worked on; what nobody owns is the command's owner's.
    fn owners_of(self, owned: OwnerOf, spec: &CommandSpec, subjects: &Subjects) -> BTreeSet<GroupName> {
        let inventory = &self.rulebook.inventory;
        let or_command = |owner: Option<GroupName>| owner.unwrap_or_else(|| spec.owner.clone());
        match owned {
            OwnerOf::Type => {
                subjects.types().into_iter().map(|one| or_command(inventory.type_owner(one).cloned())).collect()
            }
            OwnerOf::Site => {
                subjects.touched_sites().into_iter().map(|one| or_command(inventory.site(one).owner)).collect()
            }
        }
    }

    /// Checks that the line gives a reason where the policies require one.
    ///
    /// # Errors
    /// The misunderstanding that asks for it; or that the command takes none, so that nobody may use it there.
    pub fn reason_given(self, work: &WorkIntent, spec: &CommandSpec, authorized: &Authorized) -> Result<(), Answer> {
        if authorized.requirements().reason == ReasonNeed::Free {
            return Ok(());
        }
        let Some(because) = spec.parameters.iter().find(|parameter| parameter.asked_as_because) else {
            let message = conversation::no_reason_possible(spec);
            return Err(Answer::Told { message, note: "refused: a reason is required, and the command takes none" });
        };
        if work.parameters.contains_key(&because.name) {
            return Ok(());
        }
        let (end, kind) = (self.line.len(), MisunderstandingKind::MissingReason { name: because.name.clone() });
        Err(Misunderstanding::new(self.line, end..end, kind).into())
    }

    /// The line from all sides. The id around it is that of no request.
    ///
    /// # Errors
    /// What keeps it from being a plan at all.
    pub fn preview(self, work: &WorkIntent, around: Around<'_>) -> Result<Preview, Answer> {
        let Some(spec) = self.rulebook.catalog.command(&work.command).cloned() else {
            return Err(Answer::Told {
                message: conversation::unavailable("the catalogue"),
                note: "rejected: no command",
            });
        };
        let subjects = self.subjects(work, &spec)?;
        let plan = self.draft(around.id, work, &spec, &subjects)?;
        let mut states: BTreeMap<ProductionState, usize> = BTreeMap::new();
        subjects.servers().iter().for_each(|server| *states.entry(self.ledger.state(server)).or_default() += 1);
        let allowed = self.authorize(&spec, &subjects);
        let line = asked_for(self.line);
        let need = self.need(&spec, &subjects, allowed.as_ref().ok());
        Ok(Preview {
            line: line.to_owned(),
            states,
            allowed,
            channel_name: self.channel_name().to_owned(),
            need,
            safety: {
                let first = plan.parts().waves.first().copied().unwrap_or(0);
                self.safety((work, &spec), (&plan.parts().subjects, first), around)
            },
            impacts: admission::impact(&plan, spec.site_concurrency, self.known()),
            wider: admission::impact_on_wider(&plan, spec.site_concurrency, self.known()),
            owners: self.owners(&spec, &subjects),
            same: self.doubling((work, &spec), &plan, (around.open, around.runs)),
            plan,
            spec,
        })
    }
}

#[cfg(test)]
mod tests {
    //! Site time is one time, or a question.

    use super::{Subjects, site_zone};
    use crate::domain::intent::ZoneName;
    use crate::domain::misunderstanding::MisunderstandingKind as Kind;
    use crate::domain::server::SiteName;

    fn zone_of(site: &SiteName) -> Option<ZoneName> {
        match site.as_str() {
            "riga" | "vilnius" => Some(ZoneName::new("Europe/Riga")),
            "lax" => Some(ZoneName::new("America/Los_Angeles")),
            _ => None,
        }
    }

    fn zone(sites: &[&str]) -> Result<ZoneName, Kind> {
        site_zone(&Subjects::Sites(sites.iter().map(|site| SiteName::new(*site)).collect()), &zone_of)
    }

    #[test]
    fn sites_of_one_zone_have_one_site_time() {
        assert_eq!(zone(&["riga"]), Ok(ZoneName::new("Europe/Riga")));
        assert_eq!(zone(&["riga", "vilnius"]), Ok(ZoneName::new("Europe/Riga")));
        let named = |site: &str, zone: &str| (SiteName::new(site), ZoneName::new(zone));
        let sites = vec![named("lax", "America/Los_Angeles"), named("riga", "Europe/Riga")];
        assert_eq!(zone(&["riga", "lax", "vilnius"]), Err(Kind::SitesDisagree { sites }));
        assert_eq!(zone(&["riga", "fra"]), Err(Kind::NoSiteZone { site: Some(SiteName::new("fra")) }));
        assert_eq!(site_zone(&Subjects::Nothing, &zone_of), Err(Kind::NoSiteZone { site: None }));
    }
}
