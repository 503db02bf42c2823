//! Why a line may not be carried out here, and who or where could; and why a line was not understood. Private.
//!
//! Deliberately absent: what is allowed, which the policies say.

use super::message::{Block, Button, Message, Piece, Rich};
use super::misunderstanding::{describe, gaps, to_fill_in};
use super::words::{Prose, button, capital, cut, is_are, listed, quoted, servers, summary};
use crate::authorization::{Ceiling, Missing, Refusal, RefusalKind};
use crate::domain::command::CommandSpec;
use crate::domain::identity::Standing;
use crate::domain::ids::Handle;
use crate::domain::limits::COPIED_LENGTH_MAX_CHARS;
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::place::Reach;

/// A longer label wraps on a phone.
const USE_LENGTH_MAX_CHARS: usize = 30;

/// A refusal with the policy that decided and its sentence.
#[must_use]
pub fn refused(refusal: &Refusal, command: &CommandSpec, channel_name: &str, asked: usize) -> Message {
    let place = place(channel_name);
    let headline = headline(&refusal.kind, command, &place);
    let mut prose = Prose::new().text("🚫 ").bold(headline.as_str());
    if let Some(policy) = refusal.policy() {
        prose = prose.line().text(format!("Policy {}: ", policy.id)).code(&policy.reason);
    }
    prose = prose.line();
    if asked > 0 && matches!(refusal.kind, RefusalKind::TooMany { .. }) {
        prose = prose.text(format!("You asked for {asked}. "));
    } else if refusal.refused_count > 0 && refusal.refused_count < asked {
        let first = crate::fleet::folded(&refusal.first_refused, super::words::PATTERNS_MAX);
        let (count, verb) = (refusal.refused_count, is_are(refusal.refused_count));
        prose = prose.text(format!("{count} of {asked} {verb} in the way, first ")).code(first).text(". ");
    }
    if !refusal.refused_sites.is_empty() && refusal.refused_sites.len() < asked {
        let sites = refusal.refused_sites.iter().map(|site| site.as_str()).collect::<Vec<_>>();
        prose = prose.text(format!("In the way: {}. ", super::words::first_three(&sites)));
    }
    prose = prose.text("Nothing has started.");
    let could = could(refusal, command, &place);
    if let Some(could) = could {
        prose = prose.line().text(could);
    }
    Message { summary: summary(format!("🚫 refused: {headline}")), blocks: vec![Block::Section(prose.done())] }
}

/// The same in two lines, for a preview: nothing was refused, because nothing was asked for yet.
pub(super) fn refused_shortly(refusal: &Refusal, command: &CommandSpec, channel_name: &str) -> Rich {
    let place = place(channel_name);
    let mut prose = Prose::new().text("🚫 would be refused: ").text(headline(&refusal.kind, command, &place));
    if let Some(policy) = refusal.policy() {
        prose = prose.text(format!(" (policy {}: ", policy.id)).code(&policy.reason).text(")");
    }
    match could(refusal, command, &place) {
        Some(could) => prose.line().text(could).done(),
        None => prose.done(),
    }
}

/// `in #noc`; only a direct conversation has no name.
pub(super) fn place(channel_name: &str) -> String {
    match channel_name.trim_start_matches('#') {
        "" => "in a direct conversation".to_owned(),
        name => format!("in #{}", quoted(name)),
    }
}

/// What is not allowed, in one line.
pub(super) fn headline(kind: &RefusalKind, command: &CommandSpec, place: &str) -> String {
    let verb = command.name.as_str();
    match kind {
        RefusalKind::Standing(standing) => standing_words(*standing).to_owned(),
        RefusalKind::Ceiling { reach, at_most } => {
            let what = match at_most {
                Ceiling::Nothing => "nothing".to_owned(),
                Ceiling::UpTo(most) => format!("nothing beyond {}", most.word()),
            };
            match reach {
                Reach::Shared => format!("People of another workspace read along {place}, so {what} runs from it"),
                Reach::Direct => format!("{} runs from a direct conversation", capital(&what)),
                Reach::OwnWorkspace | Reach::Private => format!("{} runs {place}", capital(&what)),
            }
        }
        RefusalKind::NoPolicy => format!("Nothing is allowed {place}: it has no policy"),
        RefusalKind::WrongSubjects => format!("{verb} does not fit these servers"),
        RefusalKind::Forbidden { .. } | RefusalKind::NothingAllowed => format!("{verb} is not allowed {place}"),
        RefusalKind::TooMany { at_most, .. } => {
            format!("{verb} of more than {} is not allowed {place}", servers(*at_most))
        }
        RefusalKind::EvaluationFault(_) => format!("The policy for {verb} {place} could not be read to its end"),
    }
}

/// Why somebody of that standing may do nothing.
pub(super) const fn standing_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Member => "This account may do nothing here",
        Standing::Guest => "Guests cannot run anything here",
        Standing::Stranger => "Only people of this workspace can run anything here",
        Standing::Deactivated => "This account is switched off",
        Standing::Bot => "Bots cannot run anything by a message",
        Standing::Automation => "Automations decide nothing here",
    }
}

/// What would be allowed that neither the headline nor the names of channels and groups tell.
fn nearest(refusal: &Refusal, command: &CommandSpec) -> Option<String> {
    let nearest = refusal.nearest.as_ref()?;
    let at_once = nearest.at_most.map_or_else(String::new, |most| format!(", at most {most} at once"));
    let verb = command.name.as_str();
    let what = match &nearest.missing {
        Missing::Size => return None,
        Missing::Part { servers: count, .. } if nearest.at_most.is_none() => {
            format!("Without those, {verb} of the other {count} is allowed")
        }
        Missing::Part { .. } => format!("Without those, {verb} is allowed"),
        Missing::PartOfSites(sites) => {
            let sites = sites.iter().map(|site| site.as_str()).collect::<Vec<_>>();
            format!("{} is allowed for {}", capital(verb), super::words::first_three(&sites))
        }
        Missing::Kinds(kinds) => {
            let kinds = kinds.iter().map(|kind| match &kind.site {
                Some(site) => format!("{} in {site}", kind.server_type),
                None => kind.server_type.to_string(),
            });
            let kinds = kinds.collect::<Vec<_>>();
            format!(
                "{} is allowed for {}",
                capital(verb),
                listed(&kinds.iter().map(String::as_str).collect::<Vec<_>>(), "and")
            )
        }
        Missing::Sites(sites) => {
            let sites = sites.iter().map(|site| site.as_str()).collect::<Vec<_>>();
            format!("{} is allowed for {}", capital(verb), listed(&sites, "and"))
        }
        // Exactly what was asked: the names are told already.
        Missing::Channel(_) | Missing::Group(_) if nearest.at_most.is_none() => return None,
        Missing::Channel(channel) => format!("In #{channel} you may"),
        Missing::Group(group) => format!("Members of {group} may"),
    };
    Some(format!("{what}{at_once}."))
}

/// Who and where could.
fn could(refusal: &Refusal, command: &CommandSpec, place: &str) -> Option<String> {
    let channels = refusal.could.channels.iter().map(|channel| format!("#{channel}")).collect::<Vec<_>>();
    let groups = refusal.could.groups.iter().map(|group| group.as_str()).collect::<Vec<_>>();
    let there = (!channels.is_empty()).then(|| {
        let rule = command.approvals.as_ref().filter(|rule| refusal.server_count > super::words::size(rule.above));
        let with = rule.map_or_else(String::new, |rule| match rule.count {
            1 => format!(", with one approval of {}", rule.from),
            count => format!(", with {count} approvals of {}", rule.from),
        });
        format!("In {} you may{with}.", listed(&channels, "or"))
    });
    let who = (!groups.is_empty()).then(|| {
        let here = capital(place);
        format!("{here}, {} may.", listed(&groups, "or"))
    });
    match (there, who) {
        (None, None) if matches!(refusal.kind, RefusalKind::EvaluationFault(_)) => {
            Some(format!("Tell {}, who own this command.", command.owner))
        }
        (None, None) => nearest(refusal, command).or_else(|| elsewhere(refusal).map(str::to_owned)),
        (there, who) => {
            let told = [nearest(refusal, command), there, who].into_iter().flatten().collect::<Vec<_>>();
            (!told.is_empty()).then(|| told.join(" "))
        }
    }
}

/// Where nobody may, and nobody can be asked to allow it: what kind of place it takes.
const fn elsewhere(refusal: &Refusal) -> Option<&'static str> {
    match &refusal.kind {
        RefusalKind::Ceiling { reach: Reach::Direct, .. } => {
            Some("Send it in a channel, where others see what is done.")
        }
        RefusalKind::Ceiling { reach: Reach::Shared, .. } => Some("Send it in a channel of this workspace alone."),
        RefusalKind::Ceiling { reach: Reach::OwnWorkspace | Reach::Private, .. }
        | RefusalKind::Standing(_)
        | RefusalKind::NoPolicy
        | RefusalKind::WrongSubjects
        | RefusalKind::Forbidden { .. }
        | RefusalKind::TooMany { .. }
        | RefusalKind::NothingAllowed
        | RefusalKind::EvaluationFault(_) => None,
    }
}

/// A line that was not understood: where, what was probably meant, and the corrected line to copy.
#[must_use]
pub fn misunderstood(of: &Misunderstanding) -> Message {
    let told = describe(of);
    let mut prose = Prose::new().bold(told.headline.as_str());
    if !told.excerpt.is_empty() {
        prose = prose.text("\n").piece(Piece::Preformatted(told.excerpt.clone()));
    }
    let mut blocks = vec![Block::Section(prose.done())];
    let mut prose = Prose::new();
    if of.suggestion.is_none() && !told.hint.is_empty() {
        let gap = if of.readings.is_empty() { " " } else { "" };
        prose = prose.text(told.hint.as_str()).text(gap);
    }
    for reading in of.readings.iter().filter(|line| is_copied_whole(line)) {
        prose = prose.line().piece(Piece::Code(reading.clone()));
    }
    if !of.readings.is_empty() {
        prose = prose.line();
    }
    prose = prose.text("Nothing has started.");
    if let Some(corrected) = of.corrected.as_ref().filter(|line| is_copied_whole(line)) {
        prose = prose.line().text("To send instead: ").piece(Piece::Code(corrected.clone()));
    }
    blocks.push(Block::Section(prose.done()));
    Message { summary: summary(format!("Not understood: {}. Nothing has started.", told.headline)), blocks }
}

/// What a line lacks, for the form in which it can be filled in.
#[must_use]
pub fn lacks(of: &Misunderstanding) -> Message {
    let headline = describe(of).headline;
    Message::of_text(summary(headline.as_str()), Prose::new().bold(headline.as_str()).done())
}

/// What a line lacks, each with what it takes, and the whole line with the places to fill in; `None` if it lacks nothing.
#[must_use]
pub fn filling_in(of: &Misunderstanding) -> Option<Message> {
    let whole = to_fill_in(of)?;
    let mut prose = Prose::new().text("Missing:");
    for gap in gaps(of) {
        prose = prose.line().text(format!("{}: {}", gap.name, gap.takes));
    }
    if is_copied_whole(&whole) {
        prose = prose.line().text("To fill in: ").piece(Piece::Code(whole));
    }
    Some(Message::of_text(summary("Something is missing"), prose.done()))
}

/// A button that sends a corrected line.
#[must_use]
pub fn use_line(line: &str, handle: &Handle) -> Button {
    // The line and not the word: after `help rebot`, `Use: reboot` would look like a reboot.
    button(cut(&format!("Use: {}", quoted(line)), USE_LENGTH_MAX_CHARS), "line.use", handle).primary()
}

/// The lines of which the person is asked which one was meant, if they are two and both are shown as a whole.
#[must_use]
pub fn asked_which(of: &Misunderstanding) -> Option<[&String; 2]> {
    match of.readings.as_slice() {
        [first, second] if is_copied_whole(first) && is_copied_whole(second) => Some([first, second]),
        _ => None,
    }
}

/// A button for each of two lines, of which one may be sent. Their ends differ, which a label would cut off, and they
/// stand one below the other in the message: so they are told by their places.
#[must_use]
pub fn use_one_of(first: &Handle, second: &Handle) -> [Button; 2] {
    [button("Use the first", "line.use", first), button("Use the second", "line.use", second)]
}

/// A button that was offered because its line interrupted no server, and now it would.
#[must_use]
pub fn interrupts_by_now(line: &str) -> Message {
    let told = "What this line does interrupts servers by now, so one tap does not send it. Nothing has started.";
    let mut prose = Prose::new().text(told);
    if is_copied_whole(line) {
        prose = prose.line().text("To send instead: ").piece(Piece::Code(line.to_owned()));
    }
    Message::of_text(summary(told), prose.done())
}

/// Copied whole or not at all: a cut line would mean something else.
pub(super) fn is_copied_whole(line: &str) -> bool {
    line.chars().count() <= COPIED_LENGTH_MAX_CHARS && !line.contains('`')
}
