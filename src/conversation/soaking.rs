//! A finished wave that is watched, in words: what is not known of it, and which of its servers are not well.
//!
//! Deliberately absent: when it is well; admission says that.

use super::declaring::is_in;
use super::message::{Message, Rich};
use super::reasons::reasons;
use super::view::RequestView;
use super::words::{PATTERNS_MAX, Prose, clock, counted, is_are, quoted, servers, size, summary};
use crate::admission::Uncompared;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::request::{Ailing, Blocker, HaltCause, Request, SoakLack, Unwell};

/// The most groups of servers that are compared with nobody.
const UNCOMPARED_MAX: usize = 2;
/// The most servers that are told one by one.
const AILING_TOLD_MAX: usize = 2;

/// `edge-lax-01 of the wave before not seen in the load balancer since 14:05`
pub(super) fn reason(prose: Prose, names: &[ServerName], (lacks, since): (&SoakLack, Option<Timestamp>)) -> Prose {
    let are = is_are(names.len());
    let of_it = |prose: Prose| prose.code(folded(names, PATTERNS_MAX)).text(" of the wave before");
    let since_then = |prose: Prose| match since {
        Some(since) => prose.text(" since ").time(since),
        None => prose,
    };
    match lacks {
        SoakLack::Look => since_then(of_it(prose).text(" not seen in the load balancer")),
        SoakLack::State(state) => since_then(of_it(prose).text(format!(" {are} {} by others", is_in(*state)))),
        SoakLack::Work(request) => since_then(of_it(prose).text(format!(" under work for {request}"))),
        SoakLack::Gone => of_it(prose).text(format!(" {are} not in the inventory any more")),
        SoakLack::Alert(name) => since_then(of_it(prose.text("alert ").code(name).text(" about "))),
        SoakLack::Alerts(why) => {
            let prose = since_then(of_it(prose.text("alerts about ")).text(" unknown"));
            prose.text(format!(" ({})", quoted(why)))
        }
        SoakLack::Measure { of, why } => {
            let prose = since_then(of_it(prose.code(of).text(" of ")).text(" unknown"));
            prose.text(format!(" ({})", quoted(why)))
        }
    }
}

/// The same in half a line, without markup.
pub(super) fn short(names: &[ServerName], lacks: &SoakLack) -> String {
    let (of_it, are) = (format!("{} of the wave before", servers(names.len())), is_are(names.len()));
    match lacks {
        SoakLack::Look => format!("{of_it} not seen in the load balancer"),
        SoakLack::State(state) => format!("{of_it} {are} {} by others", is_in(*state)),
        SoakLack::Work(request) => format!("{of_it} under work for {request}"),
        SoakLack::Gone => format!("{of_it} {are} not in the inventory any more"),
        SoakLack::Alert(name) => format!("alert {} about {of_it}", quoted(name)),
        SoakLack::Alerts(_) => format!("alerts about {of_it} unknown"),
        SoakLack::Measure { of, .. } => format!("{} of {of_it} unknown", quoted(of)),
    }
}

/// What would unblock it.
pub(super) const fn unblocks(lacks: &SoakLack) -> &'static str {
    match lacks {
        SoakLack::Look => "goes on when the load balancer shows them in service",
        SoakLack::State(_) | SoakLack::Work(_) => "goes on when they are back in service",
        SoakLack::Gone => "goes on when they are in it again; or cancel it, and retry what is left",
        SoakLack::Alert(_) => "goes on when it is over, or silenced where it is raised",
        SoakLack::Alerts(_) => "goes on when the monitoring tells of them again",
        SoakLack::Measure { .. } => "goes on when the metrics tell it, if they do as well as their siblings",
    }
}

/// `edge-lax-01 is compared with nobody: 1 sibling serves untouched, at least 3 are needed`, a line each.
pub(super) fn uncompared(prose: Prose, groups: &[Uncompared]) -> Prose {
    groups.iter().take(UNCOMPARED_MAX).fold(prose, |prose, group| {
        let (are, serve) = (is_are(group.servers.len()), if group.siblings == 1 { "serves" } else { "serve" });
        let prose =
            prose.line().code(folded(&group.servers, PATTERNS_MAX)).text(format!(" {are} compared with nobody: "));
        let siblings = counted(size(group.siblings), "sibling");
        prose.text(format!("{siblings} {serve} untouched, at least {} are needed", group.needed))
    })
}

/// The same for the record of a decision, without markup.
#[must_use]
pub fn uncompared_evidence(group: &Uncompared) -> String {
    let names = folded(&group.servers, PATTERNS_MAX);
    format!("{names} compared with nobody ({} of {} siblings)", group.siblings, group.needed)
}

/// `edge-lax-01 does not answer since 14:38 + 1 more`
pub(super) fn unwell(prose: Prose, unwell: &Unwell) -> Prose {
    let told = unwell.servers.iter().take(AILING_TOLD_MAX).enumerate();
    let prose = told.fold(prose, |prose, (place, Ailing { name, seen, at })| {
        let prose = if place == 0 { prose } else { prose.text(", ") };
        prose.code(name.as_str()).text(format!(" {} since ", quoted(seen))).time(*at)
    });
    match size(unwell.count).saturating_sub(AILING_TOLD_MAX) {
        0 => prose,
        more => prose.text(format!(" + {more} more")),
    }
}

/// The same in half a line, without markup.
pub(super) fn unwell_in_short(unwell: &Unwell) -> String {
    let first = unwell.servers.first();
    let first =
        first.map_or_else(String::new, |one| format!("{} {} since {}", one.name, quoted(&one.seen), clock(one.at)));
    match size(unwell.count).saturating_sub(1) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

/// `1 of 4 servers of wave 2 not well after its run was done: …`; of a request that was halted for it.
pub(super) fn not_well(view: RequestView<'_>, of: &Unwell) -> Rich {
    let waves = view.request.plan.parts().waves.len();
    let which = if waves > 1 { format!("of the {} in wave {}", of.of, view.wave()) } else { format!("of {}", of.of) };
    unwell(Prose::new().text(format!("{} {which} not well after the work: ", of.count)), of).done()
}

/// On a card that is over, which servers it was halted for.
pub(super) fn halted_line(request: &Request) -> Option<Rich> {
    match request.halted.as_ref().map(|halt| &halt.cause) {
        Some(HaltCause::Unwell(of)) => Some(unwell(Prose::new().text("✋ halted: "), of).done()),
        Some(HaltCause::Failures(_) | HaltCause::Revoked(_) | HaltCause::NotNeeded(_)) | None => None,
    }
}

/// The next wave waits until it is known how the one before does, in the thread: an edited card notifies nobody.
#[must_use]
pub fn wave_waits(view: RequestView<'_>) -> Message {
    let request = view.request;
    let (id, is_lack) = (request.id(), |blocker: &&Blocker| matches!(blocker, Blocker::Soak { .. }));
    let lacks = request.blockers.iter().filter(is_lack).cloned().collect::<Vec<_>>();
    let starts_no_more = request.is_over() || request.halted.is_some();
    if lacks.is_empty() || starts_no_more {
        let line = if starts_no_more { "It starts no more." } else { "What its next wave waited for is known." };
        return Message::of_text(summary(format!("{id}: {line}")), Prose::new().text(line).done());
    }
    let line = "Its next wave waits: it is not known whether the one before is well.";
    let prose = Prose::new().text("✋ ").text(line).line().rich(reasons(&lacks)).line();
    let prose = prose
        .text("It goes on by itself once that is known and well. To end it, press Cancel; `")
        .text(format!("retry {id}` then asks for what is left."));
    Message::of_text(summary(format!("✋ {id}: {line}")), prose.done())
}
