//! What waits, in order, and which servers are out of production. Private, and short enough for a phone.
//!
//! Deliberately absent: every reason of a request, which `why` tells.

use super::help::literal;
use super::message::{Block, Message};
use super::reasons::short;
use super::state::state_word;
use super::view::{RequestView, asked};
use super::words::{Prose, button, counted, quoted, servers, summary};
use crate::admission::{Explained, Out, OutWhy, Place, SetBy, Turn};
use crate::domain::command::Priority;
use crate::domain::ids::{Handle, RequestId};
use crate::domain::limits::COPIED_LENGTH_MAX_CHARS;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::pace::ready_at;

/// The most requests that are told one by one.
const REQUESTS_MAX: usize = 6;
/// The most groups of servers that are told one by one.
const GROUPS_MAX: usize = 5;
/// The most requests that are told to have gone ahead.
const AHEAD_MAX: usize = 3;

/// A request that has something to start.
#[derive(Clone, Copy, Debug)]
pub struct QueuedView<'a> {
    /// It.
    pub view: RequestView<'a>,
    /// Why it does not start now.
    pub explained: &'a Explained,
    /// Where it stands among those that want the same; `None` of one that waits for people or for its time.
    pub place: Option<&'a Place>,
    /// Later requests that began before it, with when.
    pub overtaken_by: &'a [(RequestId, Timestamp)],
}

/// Servers that are out in the same way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutGroup {
    /// How; its time is the earliest of them.
    pub out: Out,
    /// They.
    pub servers: Vec<ServerName>,
    /// Who asked for the request that brought them there.
    pub name: Option<String>,
    /// The line that would put them back into production, if there is one.
    pub line: Option<String>,
    /// The button that sends it.
    pub handle: Option<Handle>,
}

/// What waits, those that are looked at first coming first.
#[must_use]
pub fn queue(queue: &[QueuedView<'_>], now: Timestamp) -> Message {
    let head = match queue.len() {
        0 => "Nothing waits".to_owned(),
        1 => "1 request waits".to_owned(),
        count => format!("{count} requests wait"),
    };
    let mut prose = Prose::new().bold(head.as_str());
    for (number, one) in (1..).zip(queue.iter().take(REQUESTS_MAX)) {
        let request = one.view.request;
        let by = quoted(&request.requester_name);
        let prefix = if one.place.is_some() { format!("{number}. ") } else { "· ".to_owned() };
        let line = format!("{prefix}{} {} · {by} · since ", request.id(), asked(request));
        prose = prose.line().text(line).time(ready_at(request).min(now));
        if request.spec.priority != Priority::default() {
            prose = prose.text(format!(" · {}", request.spec.priority.word()));
        }
        prose = prose.text("\n  ").text(first_reason(*one));
        prose = went_ahead(prose, one.overtaken_by);
    }
    if let hidden @ 1.. = queue.len().saturating_sub(REQUESTS_MAX) {
        prose = prose.line().text(format!("+ {hidden} more"));
    }
    let foot = match queue.iter().find(|one| one.place.is_some()) {
        Some(one) => Prose::new().text("every reason: ").code(format!("why {}", one.view.request.id())).text(" · "),
        None => Prose::new(),
    };
    let foot = foot.text("as of ").time(now).done();
    Message { summary: summary(head), blocks: vec![Block::Section(prose.done()), Block::Context(foot)] }
}

/// Who began before it though they came later.
fn went_ahead(prose: Prose, overtaken_by: &[(RequestId, Timestamp)]) -> Prose {
    let Some(others) = overtaken_by.get(..overtaken_by.len().min(AHEAD_MAX)).filter(|others| !others.is_empty()) else {
        return prose;
    };
    let prose = others
        .iter()
        .fold(prose.text(" · went ahead of it:"), |prose, (id, at)| prose.text(format!(" {id} at ")).time(*at));
    match overtaken_by.len() - others.len() {
        0 => prose,
        hidden => prose.text(format!(" + {hidden} more")),
    }
}

/// The first thing that a request waits for.
fn first_reason(one: QueuedView<'_>) -> String {
    if one.place.is_none() {
        let (sign, word) = state_word(one.view);
        return format!("{sign} {word}");
    }
    let explained = one.explained;
    let more = explained.reasons.len().saturating_sub(1);
    match (explained.reasons.first(), explained.turn) {
        (Some(first), _) if more == 0 => short(&first.blocker),
        (Some(first), _) => format!("{}, and {}", short(&first.blocker), counted(more, "more reason")),
        (None, Turn::AfterWave) => "waits for its wave before to be over".to_owned(),
        (None, Turn::Soaking(_)) => "its wave before is watched".to_owned(),
        (None, Turn::Due | Turn::NotBefore(_) | Turn::Nothing) => "starts at the next look".to_owned(),
    }
}

/// Servers out of production, with who can be asked, and the buttons that put them back.
#[must_use]
pub fn out(groups: &[OutGroup], looked_at: usize, now: Timestamp) -> Message {
    let count = groups.iter().map(|group| group.servers.len()).sum::<usize>();
    let head = match count {
        0 => format!("None of {} is out of production", servers(looked_at)),
        count => format!("{count} of {} out of production", servers(looked_at)),
    };
    let mut prose = Prose::new().bold(head.as_str());
    let mut buttons = Vec::new();
    for (number, group) in (1..).zip(groups.iter().take(GROUPS_MAX)) {
        prose = prose.line().text(format!("{number}. ")).code(folded(&group.servers, 2));
        prose = prose.text(format!(" {}", how(&group.out)));
        if let Some(since) = group.out.since {
            prose = prose.text(" since ").time(since);
        }
        match (&group.out.by, &group.name) {
            (Some(SetBy::Run(run)), Some(name)) => {
                prose = prose.text(format!(" · {} ({})", run.request, quoted(name)));
            }
            (Some(SetBy::Run(run)), None) => prose = prose.text(format!(" · {}", run.request)),
            (Some(SetBy::Person(by)), _) => {
                prose = prose.text(format!(" · says {}: ", quoted(&by.name))).code(&by.why);
            }
            (None, _) => {}
        }
        match (&group.handle, &group.line) {
            (Some(handle), _) => buttons.push(button(format!("Return {number}."), "line.use", handle)),
            (None, Some(line)) if line.chars().count() <= COPIED_LENGTH_MAX_CHARS => {
                prose = prose.text(" · ").piece(literal(line));
            }
            (None, _) => {}
        }
    }
    if let hidden @ 1.. = groups.len().saturating_sub(GROUPS_MAX) {
        prose = prose.line().text(format!("+ {}", counted(hidden, "more group")));
    }
    let mut blocks = vec![Block::Section(prose.done())];
    if !buttons.is_empty() {
        blocks.push(Block::Actions(buttons));
    }
    let mut foot = Prose::new();
    if let Some(group) = groups.iter().find(|group| group.out.by.is_some())
        && let Some(name) = group.servers.first()
    {
        foot = foot.text("more of one: ").code(format!("why {name}")).text(" · ");
    }
    blocks.push(Block::Context(foot.text("as of ").time(now).done()));
    Message { summary: summary(head), blocks }
}

/// `drained, left behind by a run that failed`.
fn how(out: &Out) -> String {
    let state = out.state.word();
    match out.why {
        OutWhy::LeftBehind => format!("{state}, left behind by a run that failed"),
        OutWhy::State => state.to_owned(),
        OutWhy::Contradicted => format!("seen in service by its load balancer, though {state}"),
        OutWhy::UnderWork => format!("{state}, under work"),
        OutWhy::Failing => "does not answer its load balancer".to_owned(),
        OutWhy::OutOfRotation => "taken out of rotation by somebody else".to_owned(),
    }
}
