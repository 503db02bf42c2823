//! What policies say when nobody is refused: whether a line may be sent, what it would need, and who may do what here.
//!
//! A no has the words of a refusal (`refusal`). Deliberately absent: the answers themselves, which authorization gives.

use super::help::{literal, placeholder};
use super::message::{Block, Message, Piece, Rich};
use super::outlook::{OutlookView, told};
use super::refusal::{headline, place};
use super::view::wanted;
use super::words::{Prose, capital, first_three, listed, servers, summary};
use crate::authorization::{Authorized, RefusalKind, WhoCan};
use crate::domain::command::{CommandSpec, ParameterSpec, Targets};
use crate::domain::intent::BuiltInVerb;
use crate::domain::place::ChannelName;
use crate::domain::server::SiteName;
use crate::workflow::request::ApprovalNeed;

/// The most policies that are told with their sentences.
const POLICIES_MAX: usize = 2;

/// A line that its person may send.
#[derive(Clone, Copy, Debug)]
pub struct MayView<'a> {
    /// Why they may.
    pub authorized: &'a Authorized,
    /// The command.
    pub spec: &'a CommandSpec,
    /// The line.
    pub line: &'a str,
    /// The whole sites that it is about.
    pub sites: &'a [SiteName],
    /// Whose consent it needs.
    pub need: Option<&'a ApprovalNeed>,
    /// What the line does not say yet, and must.
    pub lacking: &'a [&'a ParameterSpec],
    /// What stands in the way now.
    pub outlook: OutlookView<'a>,
    /// Where, without `#`.
    pub channel_name: &'a str,
}

/// Yes: by which policy, and what it needs.
#[must_use]
pub fn may(view: MayView<'_>) -> Message {
    let what = what(view.spec, view.authorized.server_count(), view.sites);
    let title = format!("You may {what} {}", place(view.channel_name));
    let mut prose = Prose::new().text("✓ ").bold(title.as_str());
    let allowed_by = view.authorized.allowed_by();
    for policy in allowed_by.iter().take(POLICIES_MAX) {
        prose = prose.line().text(format!("Policy {}: ", policy.id)).code(&policy.reason);
    }
    if allowed_by.len() > POLICIES_MAX {
        prose = prose.line().text(format!("and {} more", allowed_by.len() - POLICIES_MAX));
    }
    prose = prose.line().rich(needs(view));
    prose = prose.line().text("Nothing has started.");
    if view.lacking.is_empty() {
        prose = prose.text(" To do it: ").piece(Piece::Code(view.line.replace('`', "'")));
    }
    let mut blocks = vec![Block::Section(prose.done())];
    let safety = told(view.outlook);
    if !safety.is_empty() {
        blocks.push(Block::Section(safety));
    }
    if view.lacking.is_empty() {
        let context = Prose::new().text("what it would do: ");
        let plan = format!("{} {}", BuiltInVerb::Plan.word(), view.line.replace('`', "'"));
        blocks.push(Block::Context(context.piece(Piece::Code(plan)).done()));
    }
    Message { summary: summary(format!("✓ {title}. Nothing has started.")), blocks }
}

/// Approvals, and what the line does not say yet.
fn needs(view: MayView<'_>) -> Rich {
    let mut prose = match view.need {
        Some(need) => wanted(Prose::new().text("🙋 Needs approval: "), &need.quotas, "").text("."),
        None => Prose::new().text("Needs nobody's approval."),
    };
    let mut said = Vec::new();
    for parameter in view.lacking {
        said.push(match parameter.asked_as_because {
            true => format!("because {}", parameter.name.as_str().to_uppercase()),
            false => format!("--{} {}", parameter.name, placeholder(&parameter.kind)),
        });
    }
    for (place, words) in said.iter().enumerate() {
        prose = prose.text(if place == 0 { " The line still has to say " } else { " and " }).code(words);
    }
    if said.is_empty() { prose.done() } else { prose.text(".").done() }
}

/// Whether somebody may use a command here at all, of a question that names no servers.
#[must_use]
pub fn may_in_general(spec: &CommandSpec, is_allowed: IsAllowed, who: &WhoView<'_>) -> Message {
    let (verb, place) = (spec.name.as_str(), place(who.channel_name));
    match is_allowed {
        IsAllowed::Yes => {
            let title = format!("You may {verb}{} {place}", some_of(spec));
            let mut prose = Prose::new().text("✓ ").bold(title.as_str());
            prose = prose.text(", on some of them at least. Nothing has started.");
            if let Some(line) = spec.examples.first() {
                prose = prose.line().text("To be sure, name them: ");
                prose = prose.piece(literal(&format!("{} {line}", BuiltInVerb::CanI.word())));
            }
            Message::of_text(summary(format!("✓ {title}. Nothing has started.")), prose.done())
        }
        IsAllowed::No => {
            let title = match who.who {
                Err(kind) => headline(kind, spec, &place),
                Ok(_) => format!("You may not {verb}{} {place}", some_of(spec)),
            };
            let mut prose = Prose::new().text("🚫 ").bold(title.as_str()).line().text("Nothing has started.");
            if let Ok(found) = who.who {
                prose = prose.line().text(format!("{} may.", capital(&names(found, who.people, &place))));
            }
            Message::of_text(summary(format!("🚫 {title}. Nothing has started.")), prose.done())
        }
    }
}

/// Whether the person may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IsAllowed {
    /// They may.
    Yes,
    /// They may not.
    No,
}

/// Who may do something here.
#[derive(Clone, Copy, Debug)]
pub struct WhoView<'a> {
    /// The command.
    pub spec: &'a CommandSpec,
    /// On how many servers, and on which whole sites; `None` asks in general.
    pub on: Option<(usize, &'a [SiteName])>,
    /// The answer, or why nobody can.
    pub who: Result<&'a WhoCan, &'a RefusalKind>,
    /// The names of the people whom it names, in its order.
    pub people: &'a [String],
    /// Whether whoever asks is one of them, if somebody asks.
    pub asker: Option<IsAllowed>,
    /// Where else whoever asks may do exactly that.
    pub elsewhere: &'a [ChannelName],
    /// Whose consent it needs.
    pub need: Option<&'a ApprovalNeed>,
    /// Where, without `#`.
    pub channel_name: &'a str,
}

/// Who may use a command here.
#[must_use]
pub fn who_can(view: WhoView<'_>) -> Message {
    let place = place(view.channel_name);
    let what = match view.on {
        Some((count, sites)) => what(view.spec, count, sites),
        None => format!("{}{}", view.spec.name, some_of(view.spec)),
    };
    let title = format!("Who may {what} {place}");
    let mut prose = Prose::new().bold(title.as_str()).line();
    prose = match view.who {
        Err(kind) => prose.text(format!("Nobody. {}.", headline(kind, view.spec, &place))),
        Ok(who) => {
            let prose = prose.text(format!("{}.", capital(&names(who, view.people, &place))));
            match (is_nobody(who), view.asker) {
                (true, _) | (false, None) => prose,
                (false, Some(IsAllowed::Yes)) => prose.text(" You are one of them."),
                (false, Some(IsAllowed::No)) => prose.text(" You are not one of them."),
            }
        }
    };
    if let (Some(need), Ok(_)) = (view.need, view.who) {
        prose = wanted(prose.line().text("🙋 Needs approval: "), &need.quotas, "").text(".");
    }
    if !view.elsewhere.is_empty() {
        let channels = view.elsewhere.iter().map(|channel| format!("#{channel}")).collect::<Vec<_>>();
        prose = prose.line().text(format!("In {} you may.", listed(&channels, "or")));
    }
    let mut blocks = vec![Block::Section(prose.done())];
    if let (None, Targets::Servers { .. }, Ok(_)) = (view.on, &view.spec.targets, view.who) {
        let exact = format!("{} {} on site=lax", BuiltInVerb::WhoCan.word(), view.spec.name);
        let context = Prose::new().text("on some of them at least; to be exact, name them: ").piece(literal(&exact));
        blocks.push(Block::Context(context.done()));
    }
    let line = super::plain::line(&text_of(view, &place));
    Message { summary: summary(format!("{title}: {line}")), blocks }
}

fn text_of(view: WhoView<'_>, place: &str) -> Rich {
    match view.who {
        Ok(who) => Prose::new().text(names(who, view.people, place)).done(),
        Err(_) => Prose::new().text("nobody").done(),
    }
}

fn is_nobody(who: &WhoCan) -> bool {
    match who {
        WhoCan::Everyone => false,
        WhoCan::Some { groups, people, automations } => {
            groups.is_empty() && people.is_empty() && automations.is_empty()
        }
    }
}

/// `members of noc or sre, dee, and automation nightly-canary`, `everybody of this workspace`, `nobody`.
fn names(who: &WhoCan, people: &[String], place: &str) -> String {
    let WhoCan::Some { groups, automations, .. } = who else { return "everybody of this workspace".to_owned() };
    let groups = groups.iter().map(|group| group.as_str()).collect::<Vec<_>>();
    let of = |names: &[&str]| if names.len() > 3 { first_three(names) } else { listed(names, "or") };
    let people = people.iter().map(|name| super::words::quoted(name)).collect::<Vec<_>>();
    let people = of(&people.iter().map(String::as_str).collect::<Vec<_>>());
    let automations = automations.iter().map(|name| format!("automation {name}")).collect::<Vec<_>>();
    let automations = of(&automations.iter().map(String::as_str).collect::<Vec<_>>());
    let groups = if groups.is_empty() { String::new() } else { format!("members of {}", of(&groups)) };
    let each = [groups, people, automations].into_iter().filter(|names| !names.is_empty()).collect::<Vec<_>>();
    match each.split_last() {
        None => format!("nobody {place}"),
        Some((only, [])) => only.clone(),
        Some((last, before)) => format!("{}, and {last}", before.join(", ")),
    }
}

/// `reboot 20 servers`, `announce riga`, `announce`.
pub(super) fn what(spec: &CommandSpec, count: usize, sites: &[SiteName]) -> String {
    let verb = spec.name.as_str();
    let sites = sites.iter().map(|site| site.as_str()).collect::<Vec<_>>();
    match (count, sites.is_empty()) {
        (0, true) => verb.to_owned(),
        (0, false) => format!("{verb} {}", first_three(&sites)),
        (count, _) => format!("{verb} {}", servers(count)),
    }
}

/// What a question in general is about.
fn some_of(spec: &CommandSpec) -> &'static str {
    match &spec.targets {
        Targets::Servers { .. } => " servers",
        Targets::Sites { .. } => " sites",
        Targets::None => "",
    }
}
