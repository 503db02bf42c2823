//! Overrides, loudly: the thread, the incident channel, the card's line, the form of the second person, and each no.
//!
//! Deliberately absent: who may and what can be overridden, which services and admission decide.

use super::direct::{open_thread, row};
use super::message::{Block, Form, FormBlock, Message, Rich};
use super::reasons::reasons;
use super::review::{DECISION_KEY, WHY_KEY};
use super::view::{RequestView, sites};
use super::words::{PATTERNS_MAX, Prose, button, clock, listed, quoted, servers, size, summary};
use crate::domain::identity::GroupName;
use crate::domain::ids::Handle;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::breakglass::{Override, OverrideAsked, OverrideEnd, SecondCause};
use crate::workflow::request::{Blocker, PolicyName, Request, RequestStage};
use std::collections::BTreeSet;

/// What marks it in every place: no state of a request has this sign.
const SIGN: &str = "🔓";

/// Whether people are told of it by a mention, because there is no incident channel that tells them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mentions {
    /// The incident channel tells of it.
    Nobody,
    /// The thread must.
    Groups,
}

/// An override in its request's thread; with a button as long as a second person must agree.
#[must_use]
pub fn overridden(view: RequestView<'_>, one: &Override, review: &Handle, mentions: Mentions) -> Message {
    let asked = &one.asked;
    if one.needs_second() && view.now < asked.until {
        let prose = called(&asked.groups).text(second_person(one)).text(" by ").time(asked.until).text(".");
        let prose = prose.line().text("Why: ").code(&asked.why).text(". Nothing passes before.");
        let line = format!("{SIGN} {} needs a second person: {}", view.request.id(), headline(one));
        let review = button("Review", "override.review", review).primary();
        let blocks = vec![Block::Section(prose.done()), Block::Actions(vec![review])];
        return Message { summary: summary(line), blocks };
    }
    let prose = match mentions {
        Mentions::Groups => called(&asked.groups),
        Mentions::Nobody => Prose::new(),
    };
    let prose = prose.text(format!("{SIGN} ")).bold(headline(one)).line().rich(standing(view, one));
    let prose = prose.line().text("Why: ").code(&asked.why);
    let line = format!("{SIGN} {}: {}", view.request.id(), headline(one));
    let blocks = vec![Block::Section(prose.done()), Block::Context(people(view.request, one))];
    Message { summary: summary(line), blocks }
}

/// An override in the incident channel: one message, edited as long as it lasts.
#[must_use]
pub fn override_incident(view: RequestView<'_>, one: &Override, review: &Handle, card_link: Option<&str>) -> Message {
    let asked = &one.asked;
    let title = format!("{} of {}", headline(one), sites(view.request));
    let prose = Prose::new().text(format!("{SIGN} ")).bold(title.as_str()).line().rich(standing(view, one));
    let prose = prose.line().text("Why: ").code(&asked.why);
    let prose = match pools(view, asked.policy) {
        Some(pools) => prose.line().text(pools),
        None => prose,
    };
    let mut blocks = vec![Block::Section(prose.done()), Block::Context(people(view.request, one))];
    let is_pending = one.needs_second() && view.now < asked.until;
    let review = is_pending.then(|| button("Review", "override.review", review).primary());
    blocks.extend(row(review.into_iter().chain(card_link.map(open_thread))));
    Message { summary: summary(format!("{SIGN} {}: {title}", view.request.id())), blocks }
}

/// An override ended before it was used up: what waits goes on waiting.
#[must_use]
pub fn override_ended(view: RequestView<'_>, one: &Override, mentions: Mentions) -> Message {
    let asked = &one.asked;
    let at = one.ended.as_ref().map_or(asked.until, |(at, _)| *at);
    let prose = match mentions {
        Mentions::Groups => called(&asked.groups),
        Mentions::Nobody => Prose::new(),
    };
    let policy = asked.policy.word();
    let prose = prose.text(format!("{SIGN} The override of {policy} ended at ")).time(at);
    let unused = one.unused().cloned().collect::<Vec<_>>();
    let prose = match one.ended.as_ref().map(|(_, how)| how) {
        Some(OverrideEnd::Voided { why }) => prose.text(format!(": {why}")),
        Some(OverrideEnd::Refused { name, .. }) => prose.text(format!(": {} said no", quoted(name))),
        Some(OverrideEnd::Expired) if is_pending(one) => prose.text(": nobody else agreed in time"),
        _ => prose,
    };
    let prose = prose.text(". ").code(folded(&unused, PATTERNS_MAX));
    let wait = if unused.len() == 1 { "waits" } else { "wait" };
    let prose = prose.text(format!(" did not pass by it, and {wait} as before."));
    let line =
        format!("{SIGN} {}: the override of {policy} ended, not used for {}", view.request.id(), servers(unused.len()));
    Message::of_text(summary(line), prose.done())
}

/// `ana overrides capacity for 2 servers`; it takes effect only once those have agreed who must.
pub(super) fn headline(one: &Override) -> String {
    let asked = &one.asked;
    let verb = if is_pending(one) { "asks to override" } else { "overrides" };
    format!("{} {verb} {} for {}", quoted(&asked.name), asked.policy.word(), servers(asked.servers.len()))
}

/// Whether somebody had to agree, and has not.
fn is_pending(one: &Override) -> bool {
    one.asked.second.is_some() && one.seconded.is_none()
}

fn names(asked: &OverrideAsked) -> String {
    folded(&asked.servers.iter().map(|passing| passing.server.clone()).collect::<Vec<ServerName>>(), PATTERNS_MAX)
}

/// Mentions groups.
fn called(groups: &[GroupName]) -> Prose {
    groups.iter().fold(Prose::new(), |prose, group| prose.group(group).text(" "))
}

/// `ana wants to override capacity for 6 servers, so somebody else of you must agree`.
fn second_person(one: &Override) -> String {
    let asked = &one.asked;
    let because = match asked.second {
        Some(SecondCause::ManyServers { alone_max }) if asked.servers.len() > size(alone_max) => {
            format!("more than {alone_max} servers")
        }
        Some(SecondCause::ManyServers { alone_max }) => format!("more than {alone_max} servers within an hour"),
        Some(SecondCause::InterruptsProduction) => "servers in production are interrupted".to_owned(),
        Some(SecondCause::Destructive) => "it cannot be undone".to_owned(),
        Some(SecondCause::Shell) => "it was asked in a shell".to_owned(),
        None => "it was asked".to_owned(),
    };
    format!("{} ({because}). Somebody else of you must agree", headline(one))
}

/// The servers, and how far it is.
pub(super) fn standing(view: RequestView<'_>, one: &Override) -> Rich {
    let (asked, all) = (&one.asked, one.asked.servers.len());
    let prose = Prose::new().code(names(asked));
    let used = format!("{} of {all} passed", one.used.len());
    let prose = match &one.ended {
        None if one.needs_second() => prose.text(" · waits for a second person until ").time(asked.until),
        None => prose.text(" pass it once each, until ").time(asked.until).text(format!(" · {used}")),
        Some((_, OverrideEnd::UsedUp)) => prose.text(format!(" · over: {used}")),
        Some((at, OverrideEnd::Expired)) if is_pending(one) => {
            prose.text(" · over since ").time(*at).text(": nobody else agreed in time")
        }
        Some((at, OverrideEnd::Expired)) => prose.text(" · over since ").time(*at).text(format!(": {used} in time")),
        Some((at, OverrideEnd::Refused { name, why })) => {
            let prose = prose.text(format!(" · {} said no at ", quoted(name))).time(*at).text(": ");
            prose.code(why).text(", nothing passed")
        }
        Some((at, OverrideEnd::Voided { why })) => {
            prose.text(" · over since ").time(*at).text(format!(": {}, {used}", quoted(why)))
        }
        Some((at, OverrideEnd::NothingWaits)) => {
            prose.text(" · over since ").time(*at).text(format!(": {used}, nothing else waits"))
        }
        Some((at, OverrideEnd::RequestOver)) => {
            prose.text(" · over since ").time(*at).text(format!(": {used}, {} starts no more", view.request.id()))
        }
    };
    prose.done()
}

/// How the pools stand that are taken from: `edge-lax now 4 of 6, floor 5`.
fn pools(view: RequestView<'_>, policy: PolicyName) -> Option<String> {
    let counts = view.impacts.iter().filter(|_| policy == PolicyName::Capacity).map(|impact| {
        let now = &impact.now;
        format!("{} now {} of {}, floor {}", now.pool, now.serving, now.total, now.floor)
    });
    let counts = counts.collect::<Vec<_>>();
    (!counts.is_empty()).then(|| super::words::first_three(&counts))
}

/// Whose request, who overrides, who agreed.
fn people(request: &Request, one: &Override) -> Rich {
    let prose = Prose::new().text(format!("{} by {}", request.id(), quoted(&request.requester_name)));
    let prose = prose.text(format!(" · override by {} ", quoted(&one.asked.name))).time(one.asked.at);
    match &one.seconded {
        Some(second) => prose.text(format!(" · agreed by {} ", quoted(&second.name))).time(second.at).done(),
        None => prose.done(),
    }
}

/// The card's line: the override that lasts, or who could override what keeps it waiting.
pub(super) fn card_line(request: &Request, commanders: &[GroupName]) -> Rich {
    if let Some(one) = request.overrides.iter().rev().find(|one| one.ended.is_none()) {
        let (asked, all) = (&one.asked, one.asked.servers.len());
        let (policy, name) = (asked.policy.word(), quoted(&asked.name));
        return match one.needs_second() {
            true => {
                Prose::new().text(format!("{SIGN} {name} asks to override {policy}; it needs a second person")).done()
            }
            false => {
                let prose = Prose::new().text(format!("{SIGN} {policy} overridden by {name} until ")).time(asked.until);
                prose.text(format!(", {} of {all} passed", one.used.len())).done()
            }
        };
    }
    let policies = request.blockers.iter().filter_map(Blocker::overridable).collect::<BTreeSet<_>>();
    let is_waiting = matches!(request.stage, RequestStage::Queued | RequestStage::Running) && request.halted.is_none();
    if policies.is_empty() || commanders.is_empty() || !is_waiting {
        return Rich::new();
    }
    let policies = policies.into_iter().map(PolicyName::word).collect::<Vec<_>>();
    let groups = commanders.iter().map(|group| group.as_str()).collect::<Vec<_>>();
    Prose::new().text(format!("{} can override {}", listed(&groups, "or"), listed(&policies, "and"))).done()
}

/// Why an override is not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoOverride {
    /// No group may.
    NobodyMay,
    /// Whoever asks may not.
    NotYou {
        /// Whose members may.
        groups: Vec<GroupName>,
        /// Their names, as far as the directory tells.
        people: Vec<String>,
    },
    /// The request does not wait for policies: it is over, waits for consent or its time, or is not up yet.
    NotWaiting,
    /// Nothing of it waits to start.
    NothingWaits,
    /// It does not wait for that policy; what it waits for.
    NotInTheWay(Vec<Blocker>),
    /// What cannot be undone is never done to servers in production by an override; these are.
    InProduction(Vec<ServerName>),
    /// That policy is overridden already.
    Already(Box<Override>),
}

/// Says why, and what to do instead.
#[must_use]
pub fn no_override(why: &NoOverride, policy: PolicyName, request: &Request) -> Message {
    let (id, word) = (request.id(), policy.word());
    let prose = Prose::new();
    let nothing = " Nothing has changed.";
    let text = match why {
        NoOverride::NobodyMay => prose
            .text(format!("Nobody may override {word} here, because no group is named.{nothing}"))
            .line()
            .text("To name one, add to policies/admission.yaml: ")
            .code("override: { by: [GROUP] }"),
        NoOverride::NotYou { groups, people } => {
            let groups = groups.iter().map(|group| group.as_str()).collect::<Vec<_>>();
            let prose = prose.text(format!("Only members of {} may override {word}.{nothing}", listed(&groups, "or")));
            could(prose, people)
        }
        NoOverride::NotWaiting => prose.text(not_waiting(request)).text(nothing),
        NoOverride::NothingWaits => prose.text(format!("Nothing of {id} waits to start.{nothing}")),
        NoOverride::NotInTheWay(blockers) => {
            let prose = prose.text(format!("{id} does not wait for {word}.{nothing}"));
            let prose = match blockers.is_empty() {
                true => prose,
                false => prose.line().text("It waits for:").line().rich(reasons(blockers)),
            };
            match blockers.iter().any(|blocker| matches!(blocker, Blocker::Locked { .. })) {
                true => prose.line().text("Nobody can override the work of another request."),
                false => prose,
            }
        }
        NoOverride::InProduction(names) => prose
            .text(format!("{} cannot be undone, and ", super::words::capital(request.spec.name.as_str())))
            .code(folded(names, PATTERNS_MAX))
            .text(format!(" {} in production: nobody can override that.{nothing}", super::words::is_are(names.len())))
            .line()
            .text("Take them out first, with a request of its own."),
        NoOverride::Already(one) => {
            let (name, asked) = (quoted(&one.asked.name), &one.asked);
            match one.needs_second() {
                true => prose
                    .text(format!("{name} asked to override {word} on {id} at "))
                    .time(asked.at)
                    .text(". It needs a second person: Review in its thread."),
                false => prose
                    .text(format!("{name} overrode {word} on {id} at "))
                    .time(asked.at)
                    .text(", until ")
                    .time(asked.until)
                    .text(format!(".{nothing}")),
            }
        }
    };
    let text = text.done();
    Message::of_text(summary(super::plain::line(&text)), text)
}

fn could(prose: Prose, people: &[String]) -> Prose {
    const NAMES_MAX: usize = 3;
    if people.is_empty() {
        return prose;
    }
    let names = people.iter().take(NAMES_MAX).map(|name| quoted(name)).collect::<Vec<_>>();
    prose.text(format!(" {} could.", listed(&names, "or")))
}

fn not_waiting(request: &Request) -> String {
    let id = request.id();
    match &request.stage {
        RequestStage::Announced => format!("{id} has no card yet, so it does not wait for policies."),
        RequestStage::NeedsApproval => format!("{id} needs approval, and nobody can override that."),
        RequestStage::Stopping { .. } => format!("{id} is stopping, and starts nothing more."),
        RequestStage::Ended { .. } => format!("{id} is over."),
        RequestStage::Queued | RequestStage::Running if request.halted.is_some() => {
            format!("{id} is halted, and starts nothing more: send a new line for what is left.")
        }
        RequestStage::Queued | RequestStage::Running => format!("{id} waits for its time, and for no policy yet."),
    }
}

/// What whoever asked for it reads.
#[must_use]
pub fn override_taken(asked: &OverrideAsked, request: &Request) -> Message {
    let (id, policy) = (request.id(), asked.policy.word());
    let count = servers(asked.servers.len());
    let prose = match asked.second {
        None => Prose::new()
            .text(format!("{SIGN} {count} of {id} may pass {policy}, once each, until "))
            .time(asked.until)
            .text(". Everybody is told."),
        Some(_) => Prose::new()
            .text(format!("{SIGN} Somebody else must agree before {count} of {id} may pass {policy}, by "))
            .time(asked.until)
            .text(". They were asked in its thread."),
    };
    let text = prose.done();
    Message::of_text(summary(super::plain::line(&text)), text)
}

/// The form in which a second person decides, with nothing chosen.
#[must_use]
pub fn override_form(view: RequestView<'_>, one: &Override, handle: &Handle, missing: Option<&OverrideUnfit>) -> Form {
    let (request, asked) = (view.request, &one.asked);
    let mut blocks = Vec::new();
    blocks.extend(missing.map(|missing| FormBlock::Section(unfit_text(missing))));
    let warning =
        format!("Lets {} pass {} once, although it says wait.", servers(asked.servers.len()), asked.policy.word());
    blocks.push(FormBlock::Warning(Prose::new().text(warning).done()));
    let asks = Prose::new().bold(quoted(&asked.name)).text(" overrides: ").bold(asked.policy.word());
    let asks = asks.text(format!(" for {} of {}", request.spec.name, request.id()));
    blocks.push(FormBlock::Section(asks.done()));
    let what = Prose::new().text("why: ").code(&asked.why).line().text("servers: ").code(names(asked));
    blocks.push(FormBlock::Section(what.done()));
    let in_the_way = request.blockers.iter().filter(|blocker| blocker.overridable() == Some(asked.policy));
    let in_the_way = in_the_way.cloned().collect::<Vec<_>>();
    if !in_the_way.is_empty() {
        blocks.push(FormBlock::Section(reasons(&in_the_way)));
    }
    let options = vec![("approve".to_owned(), "Approve".to_owned()), ("deny".to_owned(), "Deny".to_owned())];
    blocks.push(FormBlock::Choice { key: DECISION_KEY.to_owned(), label: "Decision".to_owned(), options });
    blocks.push(FormBlock::Input {
        key: WHY_KEY.to_owned(),
        label: "Why".to_owned(),
        hint: "needed to deny".to_owned(),
        initial: None,
        optional: true,
    });
    let context = Prose::new().text(format!("override {} · valid until ", asked.hash().short())).time(asked.until);
    blocks.push(FormBlock::Context(context.done()));
    Form {
        title: format!("Override {}", request.id()),
        submit: Some("Record".to_owned()),
        close: "Close".to_owned(),
        handle: Some(handle.clone()),
        blocks,
    }
}

/// Why somebody's word on an override does not count now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OverrideUnfit {
    /// They asked for it themselves.
    IsCommander(Vec<GroupName>),
    /// They are in none of the groups.
    NotInGroup(Vec<GroupName>),
    /// It was decided, or has ended.
    Decided,
    /// Its time is over.
    TooLate(Timestamp),
    /// They saw something else than what would pass.
    Changed,
    /// Nothing was chosen.
    NothingChosen,
    /// A no needs a reason.
    NeedsReason,
    /// The directory of people does not answer.
    Unavailable,
    /// Whoever asked for it may not any more: it is over.
    Voided(String),
}

fn unfit_text(unfit: &OverrideUnfit) -> Rich {
    let of = |groups: &[GroupName]| listed(&groups.iter().map(|group| group.as_str()).collect::<Vec<_>>(), "or");
    let prose = Prose::new();
    match unfit {
        OverrideUnfit::IsCommander(groups) => {
            prose.text(format!("You asked for this, so someone else of {} must agree.", of(groups)))
        }
        OverrideUnfit::NotInGroup(groups) => {
            prose.text(format!("Agreeing to this needs {}. Nothing has changed.", of(groups)))
        }
        OverrideUnfit::Decided => prose.text("There is nothing to decide any more. Nothing has changed."),
        OverrideUnfit::TooLate(until) => {
            prose.text("The time to decide ended at ").time(*until).text(". Nothing passes by it.")
        }
        OverrideUnfit::Changed => {
            prose.text("What would pass changed while you read. Nothing was recorded. Press Review again.")
        }
        OverrideUnfit::NothingChosen => {
            prose.text("Nothing was chosen, so nothing was recorded. Choose, and press Record again.")
        }
        OverrideUnfit::NeedsReason => {
            prose.text("A no needs a reason. Nothing was recorded. Say why, and press Record again.")
        }
        OverrideUnfit::Unavailable => prose
            .text("The directory of people does not answer, so nothing was recorded. Press Review again in a minute."),
        OverrideUnfit::Voided(why) => prose.text(format!("Not recorded: {why}. The override is over.")),
    }
    .done()
}

/// Why a press of Review does not open the form; private.
#[must_use]
pub fn override_unfit(unfit: &OverrideUnfit) -> Message {
    let text = unfit_text(unfit);
    Message::of_text(summary(super::plain::line(&text)), text)
}

/// What the form of the second person says once it was sent.
#[must_use]
pub fn override_recorded(outcome: Result<OverrideWord, &OverrideUnfit>) -> Form {
    let text = match outcome {
        Ok(OverrideWord::Agreed) => {
            Prose::new().text("Recorded: approved. They pass as soon as it is their turn.").done()
        }
        Ok(OverrideWord::Refused) => Prose::new().text("Recorded: denied. Nothing passes.").done(),
        Err(unfit) => unfit_text(unfit),
    };
    let blocks = vec![FormBlock::Section(text)];
    Form { title: "Override".to_owned(), submit: None, close: "Close".to_owned(), handle: None, blocks }
}

/// What a second person decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OverrideWord {
    /// Yes.
    Agreed,
    /// No.
    Refused,
}

/// For the record: by whom, and until when.
#[must_use]
pub fn override_evidence(one: &Override) -> String {
    let asked = &one.asked;
    let second = one.seconded.as_ref().map_or_else(String::new, |second| format!(" with {}", quoted(&second.name)));
    format!("{} overridden by {}{second} until {}", asked.policy.word(), quoted(&asked.name), clock(asked.until))
}
