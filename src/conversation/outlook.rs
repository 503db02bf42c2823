//! What admission says now of a line that nobody has sent yet: the same words wherever that is asked.
//!
//! Deliberately absent: whether anybody may send it, which comes first, and what the plan would do.

use super::message::{Piece, Rich};
use super::reasons::reasons;
use super::words::{PATTERNS_MAX, Prose, ordinal, quoted, servers};
use crate::admission::Outlook;
use crate::domain::server::ServerName;
use crate::fleet::folded;
use crate::workflow::request::Blocker;
use std::collections::BTreeMap;

/// The most reasons for leaving servers out that are told.
const LEFT_OUT_MAX: usize = 3;

/// What stands in the way of a line now.
#[derive(Clone, Copy, Debug)]
pub struct OutlookView<'a> {
    /// What admission says.
    pub outlook: &'a Outlook,
    /// The line with only those servers that nothing stands in the way of, where that is another one.
    pub nearest: Option<&'a str>,
}

/// What would become of it, what stands in the way, and what could start instead.
pub(super) fn told(view: OutlookView<'_>) -> Rich {
    let outlook = view.outlook;
    let (start, wait) = (outlook.first.start.len(), outlook.first.wait.len());
    let mut prose = Prose::new();
    prose = match (start, wait) {
        _ if outlook.denied.is_some() => prose,
        (0, 0) if outlook.first.blockers.is_empty() => prose,
        (0, 0) => prose.line().text("it would wait, and start by itself"),
        (_, 0) => prose.line().text("first wave: could start now"),
        (0, _) => prose.line().text("first wave: would wait, and start by itself"),
        (start, wait) => prose.line().text(format!("first wave: {start} could start now, {wait} would wait")),
    };
    prose = prose.line().rich(reasons(&outlook.first.blockers));
    if let Some(why) = &outlook.denied {
        prose = prose.line().text("– nothing of it would be carried out: ").code(why);
    }
    prose = nearest(later(prose, outlook), view);
    if !outlook.told_last.is_empty() {
        prose = prose.line().text("told last, and not looked at now:").line().rich(reasons(&outlook.told_last));
    }
    for (why, names) in &left_out(&outlook.left_out) {
        prose = prose.line().text(format!("– {} left out as things are: ", servers(names.len())));
        prose = prose.code(folded(names, PATTERNS_MAX)).text(format!(" ({})", quoted(why)));
    }
    prose.done()
}

/// Those of later waves that wait for others.
fn later(prose: Prose, outlook: &Outlook) -> Prose {
    let later = outlook.alone.wait.iter().filter(|name| !outlook.first.wait.contains(name));
    let later = later.cloned().collect::<Vec<_>>();
    let told = |blocker: &&Blocker| !outlook.first.blockers.contains(blocker);
    let more = outlook.alone.blockers.iter().filter(told).cloned().collect::<Vec<_>>();
    // Where the reasons are those of the first wave, the rest is not told once more.
    if later.is_empty() || more.is_empty() {
        return prose;
    }
    let prose = prose.line().text(format!("later waves: {} would wait as things are: ", servers(later.len())));
    let prose = prose.code(folded(&later, PATTERNS_MAX));
    prose.line().rich(reasons(&more))
}

/// `could start now: 2 of 3 (edge-rix-[007-008]), the 3rd about 14:20`, where not all could.
fn nearest(prose: Prose, view: OutlookView<'_>) -> Prose {
    let Outlook { first, together, alone, about, .. } = view.outlook;
    if first.wait.is_empty() && alone.wait.is_empty() {
        return prose;
    }
    let (now, wait) = (together.start.len(), together.wait.len());
    let all = now + wait;
    let mut prose = match (now, about) {
        (0, None) => return prose,
        (0, Some(about)) => prose.line().text("the first about ").time(*about),
        (now, about) => {
            let prose = prose.line().text(format!("could start now: {now} of {all} ("));
            let prose = prose.code(folded(&together.start, PATTERNS_MAX)).text(")");
            let next = match u32::try_from(all) {
                Ok(all) if wait == 1 => format!("the {}", ordinal(all)),
                Ok(_) | Err(_) => "the next".to_owned(),
            };
            match about {
                Some(about) => prose.text(format!(", {next} about ")).time(*about),
                None => prose.text(format!(", {wait} {}", if wait == 1 { "waits" } else { "wait" })),
            }
        }
    };
    if let Some(line) = view.nearest {
        prose = prose.line().text("without what waits: ").piece(Piece::Code(line.replace('`', "'")));
    }
    prose
}

fn left_out(servers: &[(ServerName, String)]) -> Vec<(&str, Vec<ServerName>)> {
    let mut reasons: BTreeMap<&str, Vec<ServerName>> = BTreeMap::new();
    for (name, why) in servers {
        reasons.entry(why).or_default().push(name.clone());
    }
    let mut reasons = reasons.into_iter().collect::<Vec<_>>();
    reasons.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    reasons.truncate(LEFT_OUT_MAX);
    reasons
}
