//! Servers on standby where too much comes: that they are put into production, that nobody does it by itself, and that they are
//! not needed any more.
//!
//! Deliberately absent: which they are and when, which admission says.

use super::direct::open_thread;
use super::help::literal;
use super::message::{Block, Message};
use super::state::state;
use super::view::{RequestView, because, names, names_of, pools};
use super::words::{NOT_NEEDED, PATTERNS_MAX, Prose, is_are, quoted, servers, summary};
use crate::admission::Brake;
use crate::admission::traffic::{Shortage, StandbyRules};
use crate::domain::server::{PoolName, ServerName};
use crate::domain::time::spoken;
use crate::fleet::folded;
use crate::workflow::request::{Request, RequestOutcome, RequestStage, TrafficScope};
use crate::workflow::run::RunOutcome;

/// Why servers on standby are missed, as the reason of the request for them.
#[must_use]
pub fn relief_reason(shortage: &Shortage) -> String {
    let place = match &shortage.scope {
        TrafficScope::Pool(pool) => pool.to_string(),
        TrafficScope::Site(site) | TrafficScope::Absorbing { site, .. } => site.to_string(),
    };
    match shortage.percent {
        Some(percent) => format!("{place} carries {percent} % of what serves, relief is {} %", shortage.limit_percent),
        None => format!("nothing serves in {place}, and something comes"),
    }
}

/// Servers on standby are asked for, and how that went.
#[must_use]
pub fn relief(view: RequestView<'_>, link: Option<&str>) -> Message {
    let (request, tally) = (view.request, view.tally());
    let (pool, count) = (pools(request), servers(tally.all));
    let (prose, headline, list) = match &request.stage {
        RequestStage::Ended { at, outcome } => {
            let done = view.ended(&[RunOutcome::Done]).collect::<Vec<_>>();
            let is_needed = !matches!(outcome, RequestOutcome::NotNeeded { .. });
            let (sign, headline) = match done.len() {
                all if all == tally.all => ("✅ ", format!("{pool}: {count} on standby put into production")),
                0 if !is_needed => ("⏹️ ", format!("{pool}: {count} on standby {} {NOT_NEEDED}", is_are(tally.all))),
                some if !is_needed => (
                    "✅ ",
                    format!("{pool}: {some} of {count} on standby put into production, the rest is {NOT_NEEDED}"),
                ),
                0 => ("✗ ", format!("{pool}: none of {count} on standby put into production")),
                some => ("✗ ", format!("{pool}: {some} of {count} on standby put into production")),
            };
            let list = if done.is_empty() { names(request) } else { names_of(done) };
            (Prose::new().text(sign).time(*at).text(" · "), headline, list)
        }
        RequestStage::Announced
        | RequestStage::NeedsApproval
        | RequestStage::Queued
        | RequestStage::Running
        | RequestStage::Stopping { .. } => {
            let headline = format!("{pool}: {count} on standby {} asked for", is_are(tally.all));
            (Prose::new().text("⚡ "), headline, names(request))
        }
    };
    let prose = prose.bold(headline.as_str()).line().code(list);
    let prose = match because(request) {
        Some(why) => prose.text(" · ").code(why),
        None => prose,
    };
    let prose = match &request.stage {
        RequestStage::Ended { outcome: RequestOutcome::NotNeeded { why, .. }, .. } => prose.line().text(why.as_str()),
        RequestStage::Ended { .. }
        | RequestStage::Announced
        | RequestStage::NeedsApproval
        | RequestStage::Queued
        | RequestStage::Running
        | RequestStage::Stopping { .. } => prose,
    };
    let context = Prose::new().text(format!("{} by {}", request.id(), quoted(&request.requester_name)));
    let context = if request.is_over() { context.text(format!(" · {}", state(view).word(tally))) } else { context };
    let mut blocks = vec![Block::Section(prose.done()), Block::Context(context.done())];
    blocks.extend(open_thread(link));
    Message { summary: summary(format!("{}: {headline}", request.id())), blocks }
}

/// Why nothing asks for servers on standby that are missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotAsked<'a> {
    /// No automation is named that does.
    NotConfigured,
    /// Everything is stopped.
    Stopped(&'a Brake),
    /// The automation was answered that.
    Answered(&'a str),
}

/// Servers on standby that are missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StandbyView<'a> {
    /// Where, and which.
    pub shortage: &'a Shortage,
    /// The line that puts them into production.
    pub line: &'a str,
}

/// Servers on standby are missed, and nothing asks for them by itself: the line to copy.
#[must_use]
pub fn standby_not_asked(view: StandbyView<'_>, why: NotAsked<'_>) -> Message {
    let StandbyView { shortage, line } = view;
    let names = shortage.servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
    let headline = relief_reason(shortage);
    let prose = Prose::new().text("⚡ ").bold(headline.as_str()).line();
    let prose = prose.text(format!("{} by there: ", stand(names.len()))).code(folded(&names, PATTERNS_MAX));
    let prose = match why {
        NotAsked::NotConfigured => prose.line().text("Nothing asks for them by itself: ").piece(literal(line)),
        NotAsked::Stopped(stop) => {
            let by = quoted(&stop.name);
            prose.line().text(format!(
                "Everything is stopped by {by}: they are asked for once it goes on, if they are missed then."
            ))
        }
        NotAsked::Answered(answer) => {
            let prose = prose.line().text("What asks for them was answered: ").code(answer);
            prose.line().text("A person can: ").piece(literal(line))
        }
    };
    Message::of_text(summary(format!("⚡ {headline}: {} on standby", servers(names.len()))), prose.done())
}

fn stand(count: usize) -> String {
    if count == 1 { "1 server stands".to_owned() } else { format!("{count} servers stand") }
}

/// `edge-riga has carried less than 50 % for 60 min`.
fn calm(pool: &str, rules: &StandbyRules) -> String {
    format!("{pool} has carried less than {} % for {}", rules.calm_percent, spoken(rules.calm_for))
}

/// Why what waits of a request for servers on standby is not needed any more.
#[must_use]
pub fn not_needed(request: &Request, rules: &StandbyRules) -> String {
    calm(&pools(request), rules)
}

/// A pool could do without those again: nothing takes them out by itself.
#[must_use]
pub fn relieved(pool: &PoolName, names: &[ServerName], rules: &StandbyRules, way_out: Option<&str>) -> Message {
    let headline = calm(pool.as_str(), rules);
    let prose = Prose::new().bold(headline.as_str()).line();
    let one = if names.len() == 1 { "It was" } else { "They were" };
    let prose = prose.text("Not needed in production any more: ").code(folded(names, PATTERNS_MAX));
    let prose = prose.text(format!(". {one} on standby, and nothing takes capacity out by itself."));
    let prose = match way_out {
        Some(line) => prose.line().text("To take out: ").piece(literal(line)),
        None => prose,
    };
    let list = crate::fleet::fold(names).join(",");
    let context = Prose::new().text("then: ").piece(literal(&format!("state {list} standby because it is calm again")));
    Message {
        summary: summary(format!("{headline}: {} can stand by again", servers(names.len()))),
        blocks: vec![Block::Section(prose.done()), Block::Context(context.done())],
    }
}
