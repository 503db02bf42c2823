//! What is worth waking somebody for: each matter with a key that stays the same for as long as it lasts.
//!
//! Worked out from what is stored, so that a restart forgets none. The words are those of the threads and the incident
//! channel, without what only a chat can show. Deliberately absent: who is told, and whether they were.

use super::brakes::{how_to_resume, is_hard, with_why};
use super::breaker::{BreakerView, headline as breaker_headline, how_to_close, standing as breaker_standing};
use super::failure::{asked as question_asked, evidence, standing_asked};
use super::incident::out_lines;
use super::message::Rich;
use super::overriding::{headline as override_headline, standing as override_standing};
use super::plain::rich as plain;
use super::soaking::unwell_in_short;
use super::standby::{lack_headline, lack_place, lack_remedy};
use super::view::{RequestView, names_of, subject_name, title};
use super::words::{Prose, quoted, servers, size, summary};
use crate::admission::Brake;
use crate::admission::traffic::Lack;
use crate::domain::command::CommandName;
use crate::domain::ids::RequestId;
use crate::domain::place::MessageRef;
use crate::domain::server::SiteName;
use crate::domain::text_name;
use crate::domain::time::Timestamp;
use crate::workflow::breakglass::Override;
use crate::workflow::request::{Halt, HaltCause, Request};
use crate::workflow::run::{Run, RunStage};
use std::collections::BTreeMap;

text_name! {
    /// What makes two tellings of one matter the same, e.g. `left-out:req-2mq9:lax`.
    MatterKey
}

/// Something that a person should know of, or has to do something about, at any hour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matter {
    /// The same for as long as it lasts.
    pub key: MatterKey,
    /// What it is.
    pub kind: MatterKind,
    /// Since when.
    pub since: Timestamp,
    /// What it reaches: `everything`, `reboot site=lax`, `lax`, `req-2mq9`, `edge-lax-012`.
    pub scope: String,
    /// The site, if it is about one.
    pub site: Option<SiteName>,
    /// The command, if it is about one.
    pub command: Option<CommandName>,
    /// The request, if it is about one.
    pub request: Option<RequestId>,
    /// The card under which people talk about it, if there is one.
    pub card: Option<MessageRef>,
    /// One line.
    pub summary: String,
    /// What is known and what to do, in a few lines.
    pub description: String,
}

/// What kind of matter it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum MatterKind {
    /// Everything is stopped until somebody lets it go on.
    EverythingStopped,
    /// A command starts no more in some scope, until a person closes its breaker.
    BreakerOpen,
    /// A request starts no more of its servers.
    RequestHalted,
    /// Servers may pass a policy, or have passed it.
    PolicyOverridden,
    /// Nobody can tell what became of a step: a person must say.
    OutcomeUnknown,
    /// Servers are out of production because a run failed on them, and nobody has taken them over.
    ServersLeftOut,
    /// More comes than what serves can well carry, and nothing is done about it.
    ReliefMissing,
    /// A run has a server, and nothing has come of it for longer than its steps may take.
    ReservationSuspect,
}

/// How much somebody should hurry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// To know of.
    Warning,
    /// It stays as it is until a person does something.
    Critical,
}

impl MatterKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::EverythingStopped,
        Self::BreakerOpen,
        Self::RequestHalted,
        Self::PolicyOverridden,
        Self::OutcomeUnknown,
        Self::ServersLeftOut,
        Self::ReliefMissing,
        Self::ReservationSuspect,
    ];

    /// The word in keys and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::EverythingStopped => "stop",
            Self::BreakerOpen => "breaker",
            Self::RequestHalted => "halt",
            Self::PolicyOverridden => "override",
            Self::OutcomeUnknown => "question",
            Self::ServersLeftOut => "left-out",
            Self::ReliefMissing => "relief",
            Self::ReservationSuspect => "suspect",
        }
    }

    /// How much somebody should hurry.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::EverythingStopped
            | Self::BreakerOpen
            | Self::OutcomeUnknown
            | Self::ServersLeftOut
            | Self::ReliefMissing
            | Self::ReservationSuspect => Severity::Critical,
            Self::RequestHalted | Self::PolicyOverridden => Severity::Warning,
        }
    }

    pub(super) fn key(self, of: impl std::fmt::Display) -> MatterKey {
        MatterKey::new(format!("{}:{of}", self.word()))
    }
}

impl Severity {
    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What is stored, as far as it can be a matter.
#[derive(Clone, Copy, Debug)]
pub struct MattersView<'a> {
    /// The stop of everything, if it is on.
    pub stop: Option<&'a Brake>,
    /// The breakers that are open, each with the card of the newest request that failed.
    pub breakers: &'a [(BreakerView<'a>, Option<MessageRef>)],
    /// Requests that are open, or of whose trouble people are told after their end, with their runs.
    pub requests: &'a [(Request, Vec<Run>)],
    /// Requests with those of their runs that left a server behind which nobody has taken over.
    pub left_behind: &'a [(Request, Vec<Run>)],
    /// Where more comes than the relief.
    pub lacks: &'a [Lack],
    /// The time.
    pub now: Timestamp,
}

/// Every matter there is now, by key.
#[must_use]
pub fn matters(view: MattersView<'_>) -> Vec<Matter> {
    let now = view.now;
    let stop = view.stop.map(stopped).into_iter();
    let breakers = view.breakers.iter().map(|(breaker, card)| breaker_open(*breaker, card.as_ref()));
    let of_requests = view.requests.iter().flat_map(|(request, runs)| {
        let of = RequestView { request, runs, impacts: &[], now };
        let halt = request.halt_to_tell(now).map(|halt| halted(of, halt));
        let overrides = request.overrides_to_tell(now).map(move |one| overridden(of, one));
        let questions = runs.iter().filter_map(move |run| outcome_unknown(of, run));
        halt.into_iter().chain(overrides).chain(questions).collect::<Vec<_>>()
    });
    let left =
        view.left_behind.iter().flat_map(|(request, runs)| left_out(RequestView { request, runs, impacts: &[], now }));
    let lacks = view.lacks.iter().filter(|lack| lack.needs_person()).map(relief_missing);
    let mut all = stop.chain(breakers).chain(of_requests).chain(left).chain(lacks).collect::<Vec<_>>();
    all.sort_by(|one, other| one.key.cmp(&other.key));
    all
}

fn stopped(stop: &Brake) -> Matter {
    let line = format!("Everything is stopped by {}", quoted(&stop.name));
    let what = if is_hard(stop) {
        "Nothing starts that changes a server, nothing is given back"
    } else {
        "Nothing starts that changes a server"
    };
    let why = with_why(Prose::new().text(what), &stop.why).text(".").done();
    Matter {
        key: MatterKind::EverythingStopped.key(&stop.id),
        kind: MatterKind::EverythingStopped,
        since: stop.since,
        scope: "everything".to_owned(),
        site: None,
        command: None,
        request: None,
        card: None,
        summary: summary(line),
        description: lines([plain(&why), sentence(&how_to_resume(stop))]),
    }
}

fn breaker_open(view: BreakerView<'_>, card: Option<&MessageRef>) -> Matter {
    let BreakerView { breaker, .. } = view;
    let scope = &breaker.scope;
    let (site, command) = (view.site.cloned(), Some(scope.command().clone()));
    let standing = breaker_standing(view).iter().map(plain).collect::<Vec<_>>().join("\n");
    Matter {
        key: MatterKind::BreakerOpen.key(format_args!("{scope}:{}", breaker.opened_at.millis())),
        kind: MatterKind::BreakerOpen,
        since: breaker.opened_at,
        scope: scope.to_string(),
        site,
        command,
        request: None,
        card: card.cloned(),
        summary: summary(breaker_headline(view)),
        description: lines([standing, sentence(&how_to_close(view))]),
    }
}

/// A matter of one request, in that scope.
fn of_request(request: &Request, kind: MatterKind, (key, scope): (MatterKey, String)) -> Matter {
    Matter {
        key,
        kind,
        since: request.accepted_at,
        scope,
        site: only_site(request),
        command: Some(request.spec.name.clone()),
        request: Some(request.id().clone()),
        card: request.card.clone(),
        summary: String::new(),
        description: String::new(),
    }
}

fn halted(view: RequestView<'_>, halt: &Halt) -> Matter {
    let (request, id, kind) = (view.request, view.request.id(), MatterKind::RequestHalted);
    let cause = match &halt.cause {
        HaltCause::Failures(count) if request.plan.servers().next().is_none() => format!("{count} failed"),
        HaltCause::Failures(count) => format!("{} failed", servers(size(*count))),
        HaltCause::Revoked(why) | HaltCause::NotNeeded(why) => quoted(why),
        HaltCause::Unwell(unwell) => unwell_in_short(unwell),
    };
    let rest = "Nothing more of it starts; what is at work goes on. What is left takes a new request.".to_owned();
    Matter {
        since: halt.at,
        summary: summary(format!("{id} halted: {cause}")),
        description: lines([format!("{}.", asked_by(request)), rest]),
        ..of_request(request, kind, (kind.key(id), id.to_string()))
    }
}

fn overridden(view: RequestView<'_>, one: &Override) -> Matter {
    let (request, id, kind) = (view.request, view.request.id(), MatterKind::PolicyOverridden);
    let why = format!("Why: `{}`", quoted(&one.asked.why));
    Matter {
        since: one.seconded.as_ref().map_or(one.asked.at, |second| second.at),
        summary: summary(format!("{id}: {}", override_headline(one))),
        description: lines([format!("{}.", asked_by(request)), sentence(&override_standing(view, one)), why]),
        ..of_request(request, kind, (kind.key(format_args!("{id}:{}", one.number)), id.to_string()))
    }
}

fn outcome_unknown(view: RequestView<'_>, run: &Run) -> Option<Matter> {
    let RunStage::NeedsPerson { step, intent, at, why } = &run.stage else { return None };
    let (request, kind) = (view.request, MatterKind::OutcomeUnknown);
    let name = subject_name(request, run);
    let asked = question_asked(request, *step);
    let where_to = format!("The buttons to say it are in the thread of {}: {}.", request.id(), asked_by(request));
    Some(Matter {
        since: *at,
        site: run.subject.server().map(|server| &server.site).or(run.subject.site()).cloned(),
        summary: summary(format!("{}: {name} {asked}? A person must say", request.id())),
        description: lines([sentence(&evidence(intent, why)), standing_asked(run), where_to]),
        ..of_request(request, kind, (kind.key(format_args!("{}:{}", run.id, at.millis())), name))
    })
}

/// One for each site: whoever looks after a site is called for its own servers.
fn left_out(view: RequestView<'_>) -> Vec<Matter> {
    let mut sites: BTreeMap<&SiteName, Vec<&Run>> = BTreeMap::new();
    for run in view.runs {
        if let Some(server) = run.subject.server() {
            sites.entry(&server.site).or_default().push(run);
        }
    }
    let (request, kind) = (view.request, MatterKind::ServersLeftOut);
    let of_site = |(site, runs): (&SiteName, Vec<&Run>)| {
        let since = runs.iter().filter_map(|run| match &run.stage {
            RunStage::Ended { at, .. } => Some(*at),
            RunStage::Waiting
            | RunStage::Ready { .. }
            | RunStage::Acting { .. }
            | RunStage::NeedsPerson { .. }
            | RunStage::Returning { .. } => None,
        });
        let names = names_of(runs.iter().copied());
        let stay = if runs.len() == 1 { "It stays" } else { "They stay" };
        let way = format!("{stay} reserved until a new request takes over. `out site={site}` shows what is out.");
        let known = out_lines(view, &runs).iter().map(plain).collect::<Vec<_>>().join("\n");
        Matter {
            since: since.min().unwrap_or(request.accepted_at),
            site: Some(site.clone()),
            summary: summary(format!("{site}: {names} out of production after a {}", request.spec.name)),
            description: lines([known, way, format!("{}.", asked_by(request))]),
            ..of_request(request, kind, (kind.key(format_args!("{}:{site}", request.id())), site.to_string()))
        }
    };
    sites.into_iter().map(of_site).collect()
}

/// One for each pool, or each site: what is known of it changes, and the matter stays the same.
fn relief_missing(lack: &Lack) -> Matter {
    let (kind, place) = (MatterKind::ReliefMissing, lack_place(lack).to_owned());
    Matter {
        key: kind.key(&place),
        kind,
        since: lack.since,
        site: Some(lack.site.clone()),
        command: None,
        request: None,
        card: None,
        summary: summary(lack_headline(lack)),
        description: lines([
            format!("{}.", sentence(&lack_remedy(lack))),
            format!(
                "It is over once {place} carries what lets work go on. `status site={}` shows how it stands.",
                lack.site
            ),
        ]),
        scope: place,
    }
}

/// `Reboot 20 servers in lax, req-2mq9 by ana`.
fn asked_by(request: &Request) -> String {
    format!("{}, {} by {}", title(request), request.id(), quoted(&request.requester_name))
}

/// The site of a request's servers, if all are at one.
fn only_site(request: &Request) -> Option<SiteName> {
    let mut sites = request.plan.servers().map(|server| &server.site).chain(request.plan.sites());
    let first = sites.next()?;
    sites.all(|site| site == first).then(|| first.clone())
}

/// What stands small under a message, as a line of its own.
fn sentence(text: &Rich) -> String {
    let text = plain(text);
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

fn lines<const N: usize>(lines: [String; N]) -> String {
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
