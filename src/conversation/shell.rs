//! What somebody reads in a shell who lets work start there.
//!
//! Deliberately absent: what the chat says of the same; the card and its thread name the account.

use super::brakes::Tense;
use super::message::{Message, Rich};
use super::view::{RequestView, asked, because, names, wanted};
use super::words::{PATTERNS_MAX, Prose, servers, summary};
use crate::domain::identity::Actor;
use crate::domain::ids::RequestId;
use crate::fleet::folded;
use crate::workflow::breakglass::OverrideAsked;
use crate::workflow::request::Request;

fn of(text: Rich) -> Message {
    Message::of_text(summary(super::plain::line(&text)), text)
}

/// An account of which the files do not say whose it is.
#[must_use]
pub fn account_of_nobody(account: &Actor, line: &str) -> Message {
    let number = account.user.as_str();
    let prose = Prose::new().text(format!(
        "Nobody is known to have the account {account}, so nothing is let start in its name. Nothing has changed."
    ));
    let prose = prose.line().text("In the chat: ").code(format!("/fleet {line}"));
    let prose = prose
        .line()
        .text("To say whose it is, if one person alone has it (never root), add to policies/accounts.yaml: ");
    of(prose.code(format!("{number}: TEAM/PERSON")).done())
}

/// The person of an account, of whom nothing was looked up lately.
#[must_use]
pub fn not_known_lately(owner: &Actor, account: &Actor) -> Message {
    let prose = Prose::new().text(format!(
        "{account} is the account of {owner}, and whether they are a member, and of which groups, was not looked up within \
         the last 7 days. Nothing has changed."
    ));
    let prose =
        prose.line().text("It is whenever they ask for work in the chat, allowed or not, or override something there.");
    of(prose.done())
}

/// A retry whose channel is not known, or is somebody else's conversation with the bot.
#[must_use]
pub fn no_place_for_a_retry(id: &RequestId) -> Message {
    let text = format!(
        "{id} was asked for where its retry cannot stand: somebody else's conversation with the bot or private channel, or a channel not known here."
    );
    let prose = Prose::new().text(text).text(" Nothing has changed.").line().text("In the chat, in any channel: ");
    of(prose.code(format!("/fleet retry {id}")).done())
}

/// Nothing was made of it, for a reason that the log tells.
#[must_use]
pub fn nothing_came_of_it() -> Message {
    of(Prose::new().text("Nothing came of it. Nothing has changed.").done())
}

/// Work that was asked for in a shell, or would be.
#[must_use]
pub fn asked_in_a_shell(view: RequestView<'_>, channel: &str, tense: Tense) -> Message {
    let request = view.request;
    let id = request.id();
    let title = match tense {
        Tense::Is => format!("{id} is asked for: {}", asked(request)),
        Tense::Would => format!("Plan · nothing is done yet: {}", asked(request)),
    };
    let place = if channel.is_empty() { "in the chat".to_owned() } else { format!("in #{channel}") };
    let names = names(request);
    let mut prose = Prose::new().text(title.as_str());
    if !names.is_empty() {
        prose = prose.line().code(names);
    }
    if let Some(because) = because(request) {
        prose = prose.dot().code(because);
    }
    let (comes, waits) = match tense {
        Tense::Is => ("comes", "waits"),
        Tense::Would => ("would come", "would wait"),
    };
    let prose = prose.line().text(format!("Its card {comes} {place}. "));
    let missing = request.missing();
    let prose = match missing.is_empty() {
        true => prose.text(format!("Nobody has to agree; it {waits} only until it is safe.")),
        false => wanted(prose.text(format!("It {waits} for ")), &missing, "").text("."),
    };
    let text = prose.line().text("Before anything starts, the bot looks up again whether you may.");
    let text = match (tense, &request.retry_of) {
        (Tense::Would, Some(before)) => text.line().text("To do it: ").code(format!("wrasse retry {before}")),
        (Tense::Would, None) | (Tense::Is, _) => text,
    };
    of(text.done())
}

/// An override that was asked for in a shell, or would be.
#[must_use]
pub fn override_asked_in_a_shell(taken: &OverrideAsked, request: &Request, tense: Tense) -> Message {
    let (id, policy) = (request.id(), taken.policy.word());
    let verb = if tense == Tense::Is { "must" } else { "would have to" };
    let text = format!("Somebody else {verb} agree before {} of {id} may pass {policy}", servers(taken.servers.len()));
    let prose = match tense {
        Tense::Is => Prose::new().text(text).text(", by ").time(taken.until).text(". "),
        Tense::Would => Prose::new().text("Plan · nothing is done yet: ").text(text).text(". "),
    };
    let servers = folded(&taken.servers.iter().map(|one| one.server.clone()).collect::<Vec<_>>(), PATTERNS_MAX);
    let prose = prose.code(servers).line();
    of(match tense {
        Tense::Is => prose.text("They were asked in its thread.").done(),
        Tense::Would => prose.text("They would be asked in its thread.").done(),
    })
}
