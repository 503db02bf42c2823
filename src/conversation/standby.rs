//! Servers on standby where too much comes: that they are put into production, that nobody does it by itself, and that they are
//! not needed any more.
//!
//! Deliberately absent: which they are and when, which admission says.

use super::direct::{open_thread, row};
use super::help::literal;
use super::message::{Block, Message, Rich};
use super::state::state;
use super::view::{RequestView, because, names, names_of, pools};
use super::words::{NOT_NEEDED, PATTERNS_MAX, Prose, first_three, is_are, quoted, servers, summary};
use crate::admission::Brake;
use crate::admission::traffic::{Lack, Remedy, Shortage, StandbyRules};
use crate::domain::server::{PoolName, ServerName};
use crate::domain::time::spoken;
use crate::fleet::folded;
use crate::workflow::request::{Request, RequestOutcome, RequestStage, TrafficScope};
use crate::workflow::run::RunOutcome;

/// Why servers on standby are missed, as the reason of the request for them.
#[must_use]
pub fn relief_reason(shortage: &Shortage) -> String {
    too_much(&shortage.scope, shortage.percent, shortage.limit_percent)
}

/// `edge-riga carries 91 % of what serves, relief is 85 %`.
fn too_much(scope: &TrafficScope, percent: Option<u32>, limit_percent: u32) -> String {
    let place = place(scope);
    match percent {
        Some(percent) => format!("{place} carries {percent} % of what serves, relief is {limit_percent} %"),
        None => format!("nothing serves in {place}, and something comes"),
    }
}

fn place(scope: &TrafficScope) -> &str {
    match scope {
        TrafficScope::Pool(pool) => pool.as_str(),
        TrafficScope::Site(site) | TrafficScope::Absorbing { site, .. } => site.as_str(),
    }
}

/// Where too much comes and what is done about it, in one line.
pub(super) fn lack(lack: &Lack) -> Rich {
    let sign = if lack.needs_person() { "✋" } else { "⚡" };
    let prose = Prose::new().text(format!("{sign} {}: ", lack_headline(lack)));
    remedy(prose, lack).done()
}

/// `edge-riga carries 91 % of what serves, relief is 85 %`.
pub(super) fn lack_headline(lack: &Lack) -> String {
    too_much(&lack.scope, lack.percent, lack.limit_percent)
}

/// Where, as people call it.
pub(super) fn lack_place(lack: &Lack) -> &str {
    place(&lack.scope)
}

/// What is done about it: `req-2mq9 asks for servers on standby`.
pub(super) fn lack_remedy(lack: &Lack) -> Rich {
    remedy(Prose::new(), lack).done()
}

fn remedy(prose: Prose, lack: &Lack) -> Prose {
    let names = || folded(&lack.servers, PATTERNS_MAX);
    match &lack.remedy {
        Remedy::Asked(requests) => {
            let names = requests.iter().map(ToString::to_string).collect::<Vec<_>>();
            let verb = if names.len() == 1 { "puts" } else { "put" };
            prose.text(format!("{} {verb} servers there", first_three(&names)))
        }
        Remedy::Asking => prose.text("servers on standby are being asked for"),
        Remedy::NotConfigured if lack.servers.is_empty() => {
            prose.text("nothing asks for servers on standby by itself, and none of them could be asked for now")
        }
        Remedy::NotConfigured => prose.text("nothing asks by itself for what stands by there: ").code(names()),
        Remedy::Stopped => prose.text("nothing is asked for while everything is stopped. On standby: ").code(names()),
        Remedy::Answered(answer) => prose.text("what asks for servers on standby was answered: ").code(answer),
        Remedy::Rests => prose.text("what was asked for there failed or was not wanted, and rests for a while"),
        Remedy::NoneLeft => prose.text("nothing stands by there that could be called on"),
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
    blocks.extend(row(link.map(open_thread)));
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
