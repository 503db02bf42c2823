//! Asking for access: the button under a refusal, what is posted to those who own the policy or the command, and what the person reads.
//!
//! The post mentions the person who asks and the owners, and nobody else: whatever people typed is shown as text.
//! Deliberately absent: for which refusals it is offered, and how often, which services decide.

use super::asking::what;
use super::message::{Block, Message, Piece};
use super::refusal::{headline, is_copied_whole, place};
use super::words::{Prose, button, listed, servers, summary};
use crate::authorization::{Missing, Refusal, RefusalKind};
use crate::domain::command::CommandSpec;
use crate::domain::identity::GroupName;
use crate::domain::ids::Handle;
use crate::domain::server::SiteName;
use crate::domain::time::Timestamp;

/// The buttons under a refusal that somebody could lift.
#[must_use]
pub fn ask_for_access(handle: &Handle) -> Block {
    Block::Actions(vec![button("Ask for access", "access.ask", handle)])
}

/// Tells those who answer for the policy, or else for the command, who asks to be allowed what, and what stands in the way.
#[must_use]
pub fn access_asked(
    refusal: &Refusal,
    (command, owner): (&CommandSpec, &GroupName),
    (line, sites): (&str, &[SiteName]),
    channel_name: &str,
) -> Message {
    let place = place(channel_name);
    let what = what(command, refusal.server_count, sites);
    let prose = Prose::new().group(owner).text(": ").person(&refusal.person);
    let mut prose = prose.text(" asks to be allowed to ").bold(what.as_str()).text(format!(" {place}")).line();
    prose = match is_copied_whole(line) {
        true => prose.piece(Piece::Code(line.to_owned())),
        false => prose.code(line),
    };
    prose = prose.line().text(format!("Now: {}.", headline(&refusal.kind, command, &place)));
    let policy = refusal.policy();
    if let Some(policy) = policy {
        prose = prose.line().text(format!("Policy {}: ", policy.id)).code(&policy.reason);
    }
    prose = prose.line().text(format!("Missing: {}.", missing(refusal, command, &place)));
    prose = prose.line().text("Nothing has started.");
    let mut blocks = vec![Block::Section(prose.done())];
    if let Some(policy) = policy {
        let context = Prose::new().text("written at ").code(format!("{}:{}", policy.file, policy.line));
        blocks.push(Block::Context(context.done()));
    }
    Message { summary: summary(format!("🔑 {owner}: somebody asks to be allowed to {what} {place}")), blocks }
}

/// What would have to be there.
fn missing(refusal: &Refusal, command: &CommandSpec, place: &str) -> String {
    let verb = command.name.as_str();
    let own = match &refusal.kind {
        RefusalKind::TooMany { at_most, .. } => {
            format!("more than {} at once; {} were asked for", servers(*at_most), refusal.server_count)
        }
        RefusalKind::Forbidden { .. } => "an exception from that policy".to_owned(),
        RefusalKind::NoPolicy => format!("a policy for {verb} {place}, which has none at all"),
        RefusalKind::NothingAllowed
        | RefusalKind::Standing(_)
        | RefusalKind::Ceiling { .. }
        | RefusalKind::WrongSubjects
        | RefusalKind::EvaluationFault(_) => format!("a policy that allows this {place}"),
    };
    match instead(refusal, verb, place) {
        Some(instead) => format!("{own}; {instead}"),
        None => own,
    }
}

/// The nearest thing that is allowed, told to somebody else than whom it would be allowed to.
fn instead(refusal: &Refusal, verb: &str, place: &str) -> Option<String> {
    let nearest = refusal.nearest.as_ref()?;
    let at_once = nearest.at_most.map_or_else(String::new, |most| format!(", at most {most} at once"));
    let kinds = |kinds: &[String]| listed(kinds, "and");
    let told = match &nearest.missing {
        Missing::Size => return None,
        Missing::Part { servers: count, .. } => format!("{verb} of {count} of them is allowed"),
        Missing::PartOfSites(sites) | Missing::Sites(sites) => {
            format!("{verb} is allowed for {}", kinds(&sites.iter().map(ToString::to_string).collect::<Vec<_>>()))
        }
        Missing::Kinds(of) => {
            let of = of.iter().map(|kind| match &kind.site {
                Some(site) => format!("{} in {site}", kind.server_type),
                None => kind.server_type.to_string(),
            });
            format!("{verb} is allowed for {}", kinds(&of.collect::<Vec<_>>()))
        }
        Missing::Channel(channel) => format!("it is allowed in #{channel}"),
        Missing::Group(group) => format!("{place}, members of {group} may"),
    };
    Some(format!("{told}{at_once}"))
}

/// It was posted.
#[must_use]
pub fn access_told(owner: &GroupName, channel_name: &str, at: Timestamp) -> Message {
    let text = Prose::new().text(format!("Asked {owner} {} at ", place(channel_name))).time(at);
    let text = text.text(". Nothing has started. Send the line again once they have said yes.").done();
    Message::of_text(summary(format!("Asked {owner}. Nothing has started.")), text)
}

/// It was posted before.
#[must_use]
pub fn access_asked_before(at: Timestamp) -> Message {
    let text =
        Prose::new().text("This was asked already at ").time(at).text(". Nothing was asked a second time.").done();
    Message::of_text(summary("This was asked already."), text)
}

/// They may by now.
#[must_use]
pub fn access_needless(line: &str) -> Message {
    let mut prose = Prose::new().text("You may do this by now, so nobody was asked. Nothing has started.");
    if is_copied_whole(line) {
        prose = prose.line().text("To send: ").piece(Piece::Code(line.to_owned()));
    }
    Message::of_text(summary("You may do this by now. Nothing has started."), prose.done())
}

/// More than is posted for one person.
#[must_use]
pub fn asks_too_often(count: usize, again_at: Timestamp) -> Message {
    let text =
        Prose::new().text(format!("You asked for access {count} times within an hour. Nobody was asked now: the "));
    let text = text.text("button works again at ").time(again_at).text(", under a new refusal.").done();
    Message::of_text(summary("You asked for access often. Nobody was asked now."), text)
}
