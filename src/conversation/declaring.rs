//! What people say of servers: the answer to whoever said it, the notice to everybody, and why it does not fit.
//!
//! Deliberately absent: what fits, which admission says.

use super::brakes::Tense;
use super::help::literal;
use super::message::{Block, Message, Rich};
use super::words::{PATTERNS_MAX, Prose, counted, first_three, is_are, quoted, servers, summary};
use crate::admission::{Objection, PoolCount};
use crate::domain::declaration::Declared;
use crate::domain::ids::RequestId;
use crate::domain::server::{ProductionState, ServerName};
use crate::domain::time::Timestamp;
use crate::fleet::{fold, folded};

/// The most pools that are told one by one.
const POOLS_MAX: usize = 3;
/// The most kinds of objection that are told one by one.
const MISFITS_MAX: usize = 4;
/// The most earlier words on a server that are told.
const EARLIER_MAX: usize = 2;

/// What somebody said of servers, and what comes of it.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredView<'a> {
    /// How they are.
    pub declared: Declared,
    /// Why.
    pub because: &'a str,
    /// Which.
    pub names: &'a [ServerName],
    /// Whether it is said, or would be.
    pub tense: Tense,
    /// The line that says it.
    pub line: &'a str,
    /// Their pools, before and after.
    pub pools: &'a [(PoolCount, PoolCount)],
    /// Requests that had left one of them behind, whose locks are released.
    pub taken_from: &'a [RequestId],
    /// Requests that wait for one of them, and will leave it out.
    pub left_out_of: &'a [RequestId],
    /// Those that their load balancer sees in service already.
    pub seen_serving: &'a [ServerName],
    /// The line that puts them back, if they are ready and a command does.
    pub back: Option<&'a str>,
}

/// What becomes of a pool: `edge-lax: 17 of 19 in service, floor 18 → 17`.
#[must_use]
pub fn pool_change((before, after): &(PoolCount, PoolCount)) -> String {
    let floor = match (before.floor, after.floor) {
        (same, other) if same == other => format!("floor {same}"),
        (before, after) => format!("floor {before} → {after}"),
    };
    format!("{}: {} of {} in service, {floor}", after.pool, after.serving, after.total)
}

/// The answer to whoever said it.
#[must_use]
pub fn declared(view: DeclaredView<'_>) -> Message {
    let (word, count) = (view.declared.word(), view.names.len());
    let told = match view.tense {
        Tense::Is => format!(" {} ", is_are(count)),
        Tense::Would => " would be ".to_owned(),
    };
    let prose = Prose::new();
    let prose = match view.tense {
        Tense::Is => prose,
        Tense::Would => prose.bold("Plan").text(" · nothing is done yet").line(),
    };
    let prose = prose.code(folded(view.names, PATTERNS_MAX)).text(&told);
    let prose = match view.declared {
        Declared::Maintenance | Declared::Repair => {
            prose.text("in ").bold(word).text(": only commands that take servers in that state start there.")
        }
        Declared::Ready => {
            prose.bold(word).text(", and still out: drained. Nobody's word puts a server into production.")
        }
        Declared::Standby => prose.text("on ").bold(word).text(": out of service, and there for when too much comes."),
    };
    let prose = consequences(prose, view);
    let context = match (view.tense, view.declared, view.back) {
        (Tense::Would, _, _) => Prose::new().text("to do it: ").piece(literal(view.line)),
        (Tense::Is, Declared::Maintenance | Declared::Repair, _) => {
            let names = fold(view.names).join(",");
            Prose::new().text("when that is done: ").piece(literal(&format!("state {names} ready because …")))
        }
        (Tense::Is, Declared::Ready | Declared::Standby, Some(back)) => {
            Prose::new().text("to put back, after checks: ").piece(literal(back))
        }
        (Tense::Is, Declared::Ready | Declared::Standby, None) => {
            Prose::new().text("no command here puts such servers back")
        }
    };
    let line = format!("{}{told}{word}", folded(view.names, PATTERNS_MAX));
    Message { summary: summary(line), blocks: vec![Block::Section(prose.done()), Block::Context(context.done())] }
}

/// What follows from it, beside the state itself.
fn consequences(mut prose: Prose, view: DeclaredView<'_>) -> Prose {
    if !view.taken_from.is_empty() {
        let ids = view.taken_from.iter().map(ToString::to_string).collect::<Vec<_>>();
        let verb = if view.tense == Tense::Is { "is" } else { "would be" };
        prose = prose.line().text(format!("What {} left behind {verb} taken over.", first_three(&ids)));
    }
    if !view.left_out_of.is_empty() {
        let ids = view.left_out_of.iter().map(ToString::to_string).collect::<Vec<_>>();
        let verb = if view.tense == Tense::Is { "leaves" } else { "would leave" };
        prose = prose.line().text(format!("What waits for it {verb} it out: {}.", first_three(&ids)));
    }
    if !view.seen_serving.is_empty() {
        let names = folded(view.seen_serving, PATTERNS_MAX);
        prose = prose.line().text("In service already, as their load balancer sees it: ").code(names);
    }
    pools(prose, view)
}

fn pools(mut prose: Prose, view: DeclaredView<'_>) -> Prose {
    for pool in view.pools.iter().take(POOLS_MAX) {
        prose = prose.line().text(pool_change(pool));
    }
    match view.pools.len().saturating_sub(POOLS_MAX) {
        0 => prose,
        hidden => prose.text(format!(" + {}", counted(hidden, "more pool"))),
    }
}

/// What everybody in the channel reads.
#[must_use]
pub fn declared_notice(view: DeclaredView<'_>, by: &str) -> Message {
    let (list, by) = (folded(view.names, PATTERNS_MAX), quoted(by));
    let how = match view.declared {
        Declared::Maintenance | Declared::Repair => format!("in {}", view.declared.word()),
        Declared::Ready => "ready, and still out".to_owned(),
        Declared::Standby => "on standby".to_owned(),
    };
    let prose = Prose::new().bold(format!("{list}: {how}")).text(format!(", says {by}: ")).code(view.because);
    let prose = consequences(prose, DeclaredView { seen_serving: &[], ..view });
    Message::of_text(summary(format!("{list}: {how}, says {by}: {}", quoted(view.because))), prose.done())
}

/// Servers that do not fit for one reason, with the line that would help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfits {
    /// Why; of several, the first.
    pub objection: Objection,
    /// Which.
    pub names: Vec<ServerName>,
    /// What to type first.
    pub line: Option<String>,
}

/// Why nothing was changed: what does not fit, of so many servers.
#[must_use]
pub fn not_declared(declared: Declared, misfits: &[Misfits], of: usize) -> Message {
    let count = misfits.iter().map(|group| group.names.len()).sum::<usize>();
    let headline = match (count, of) {
        (_, 1) => "Nothing has changed".to_owned(),
        (count, of) if count == of => format!("Nothing has changed: none of {} fits", servers(of)),
        (count, of) => format!("Nothing has changed: {count} of {} do not fit", servers(of)),
    };
    let mut prose = Prose::new().text("🚫 ").bold(headline.as_str());
    for group in misfits.iter().take(MISFITS_MAX) {
        prose = prose.line().text("• ").code(folded(&group.names, PATTERNS_MAX)).text(" ");
        prose = prose.rich(objection(&group.objection, declared));
        if let Some(line) = &group.line {
            prose = prose.text(": ").piece(literal(line));
        }
    }
    if let hidden @ 1.. = misfits.len().saturating_sub(MISFITS_MAX) {
        prose = prose.line().text(format!("+ {}", counted(hidden, "more reason")));
    }
    Message::of_text(summary(format!("🚫 {headline}")), prose.done())
}

fn objection(objection: &Objection, declared: Declared) -> Rich {
    let prose = Prose::new();
    let prose = match objection {
        Objection::UnderWork(run) => {
            prose.text(format!("under work by {run}: say it again when that is over; how far it is"))
        }
        Objection::Serves { state: ProductionState::Production, seen_at } => {
            prose.text("in service, as its load balancer sees it at ").time(*seen_at).text("; drain it first")
        }
        Objection::Serves { state, seen_at } => {
            let prose = prose.text(format!("meant to be {}, and seen in service at ", is_in(*state))).time(*seen_at);
            prose.text("; take it out there first")
        }
        Objection::NotSeen { seen_at: Some(seen_at), .. } => {
            prose.text("may be in service: nobody has looked since ").time(*seen_at).text("; drain it first")
        }
        Objection::NotSeen { seen_at: None, .. } => {
            prose.text("may be in service: its load balancer has not told of it yet; drain it first")
        }
        Objection::Already { by, since } => {
            let place = if declared == Declared::Standby { "on" } else { "in" };
            let prose = prose.text(format!("{place} {} already, says {} since ", declared.word(), quoted(&by.name)));
            prose.time(*since).text(": ").code(&by.why)
        }
        Objection::NotOut(state) => {
            prose.text(format!("{}: only what is in maintenance or in repair can be ready", is_in(*state)))
        }
        Objection::NotDrained(ProductionState::Production) => {
            prose.text("in production: only what is drained can stand by; drain it first")
        }
        Objection::NotDrained(ProductionState::Standby) => prose.text("standing by already"),
        Objection::NotDrained(state @ (ProductionState::Maintenance | ProductionState::Repair)) => {
            prose.text(format!("{}: only what is drained can stand by; say ready first", is_in(*state)))
        }
        Objection::NotDrained(state) => prose.text(format!("{}: only what is drained can stand by", is_in(*state))),
        Objection::LeftBehind(run) => {
            prose.text(format!("left behind by {run}, so nobody knows whether it is well; put it back, or say repair"))
        }
        Objection::NoPool => prose
            .text("behind no load balancer, so nothing tells whether it serves; its state is the inventory's to say"),
    };
    prose.done()
}

/// `in production`, `drained`.
pub(super) fn is_in(state: ProductionState) -> String {
    match state {
        ProductionState::Production | ProductionState::Maintenance | ProductionState::Repair => {
            format!("in {}", state.word())
        }
        ProductionState::Standby => "standing by".to_owned(),
        ProductionState::Draining | ProductionState::Drained | ProductionState::Undraining => state.word().to_owned(),
    }
}

/// A policy asks for consent to what takes hold at once.
#[must_use]
pub fn no_consent_to_state() -> Message {
    let headline = "A policy here asks for consent to state, and nobody can give it";
    let prose = Prose::new().text("🚫 ").bold(headline).line();
    let prose = prose.text("It takes hold at once, with nothing to agree to before. Nothing has changed.").line();
    let prose = prose.text("Say it in another channel, or have whoever owns that policy drop that.");
    Message::of_text(summary(format!("🚫 {headline}")), prose.done())
}

/// Too many servers for one line.
#[must_use]
pub fn too_many_declared(count: usize, max: usize) -> Message {
    let line = format!("{} are meant, and at most {max} fit one line. Nothing has changed.", servers(count));
    Message::of_text(summary(&line), Prose::new().text(line).done())
}

/// An earlier word on a server: `repair since 14:05, said bob: PSU dead`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SaidBefore {
    /// The state that it came to.
    pub state: ProductionState,
    /// Who said it.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// What was said of a server, the newest first, one line each.
pub(super) fn said_before(mut prose: Prose, said: &[SaidBefore]) -> Prose {
    for one in said.iter().take(EARLIER_MAX) {
        let word = Declared::ALL.into_iter().find(|declared| declared.state() == one.state);
        let word = word.map_or(one.state.word(), Declared::word);
        prose = prose.line().text("· ").time(one.at).text(format!(" {}: {word}, ", quoted(&one.name))).code(&one.why);
    }
    prose
}

/// Whatever that request left out is back, or somebody's already.
#[must_use]
pub fn nothing_to_take_over(id: &RequestId) -> Message {
    let line =
        format!("Nothing that {id} left out is nobody's: it is back, or somebody took it over. Nothing has changed.");
    Message::of_text(summary(line.as_str()), Prose::new().text(line).done())
}
