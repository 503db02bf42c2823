//! What the administrators' channel hears of changed files: that they cannot be used, or that they can again, and which
//! rules are others now.
//!
//! Deliberately absent: a word on any other change that simply worked; the log has it.

use super::message::{Block, Message};
use super::words::{PATTERNS_MAX, Prose, counted, servers, summary};
use crate::admission::{Changed, Way};
use crate::domain::ids::Fingerprint;
use crate::domain::server::ServerName;
use crate::fleet::folded;

/// The most faults that one notice names.
const FAULTS_TOLD_MAX: usize = 3;
/// The most rules that one notice names.
const RULES_TOLD_MAX: usize = 8;
/// The longest text of one fault.
const FAULT_LENGTH_MAX_CHARS: usize = 120;

/// One thing that is wrong with one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileFault {
    /// The file, with the line if it is known: `commands/reboot.yaml:12`.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// What is in force, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetCounts {
    /// Commands.
    pub commands: usize,
    /// Channels with policies.
    pub channels: usize,
    /// Servers of the inventory.
    pub servers: usize,
}

/// What an inventory lost against the one in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shrink {
    /// Servers that are gone.
    pub lost: usize,
    /// Servers of the inventory in force.
    pub of: usize,
    /// Sites that are gone as a whole, sorted.
    pub sites: Vec<String>,
}

/// The files have faults, and what was in force stays.
#[must_use]
pub fn files_faulty(faults: &[FileFault], in_force: &Fingerprint) -> Message {
    let headline = format!("{} in changed files, which are not used", counted(faults.len(), "fault"));
    let mut prose = Prose::new().text("✗ ").bold(headline.as_str());
    for fault in faults.iter().take(FAULTS_TOLD_MAX) {
        let what = fault.what.lines().next().unwrap_or_default();
        let what = what.chars().take(FAULT_LENGTH_MAX_CHARS).collect::<String>();
        prose = prose.line().code(&fault.place).text(" ").code(what);
    }
    match faults.len().saturating_sub(FAULTS_TOLD_MAX) {
        0 => {}
        hidden => prose = prose.line().text(format!("+ {hidden} more in the log")),
    }
    let stays =
        format!("The set {} stays in force. Correct the files; they are read again by themselves.", in_force.short());
    let first = faults.first().map(|fault| format!(": {}", fault.place)).unwrap_or_default();
    Message {
        summary: summary(format!("✗ {headline}{first}")),
        blocks: vec![Block::Section(prose.done()), Block::Context(Prose::new().text(stays).done())],
    }
}

/// The inventory lost too much to be believed.
#[must_use]
pub fn inventory_shrunk(shrink: &Shrink, in_force: &Fingerprint) -> Message {
    let headline = format!("The changed inventory lost {} of {}; it is not used", shrink.lost, servers(shrink.of));
    let mut prose = Prose::new().text("✗ ").bold(headline.as_str());
    if !shrink.sites.is_empty() {
        prose = prose.line().text(format!("{} gone as a whole: ", counted(shrink.sites.len(), "site")));
        prose = prose.text(super::words::first_three(&shrink.sites));
    }
    let prose = prose.line().text("Put them back, or restart the bot if they are gone for good.");
    let stays = format!("The set {} stays in force.", in_force.short());
    Message {
        summary: summary(format!("✗ {headline}")),
        blocks: vec![Block::Section(prose.done()), Block::Context(Prose::new().text(stays).done())],
    }
}

/// Why a changed inventory may not be used now, whatever else it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// Names mean other machines than in the inventory in force.
    OtherMachines,
    /// Servers that runs work on are gone, or elsewhere.
    AtWork,
}

/// The inventory changes servers that must stay as they are.
#[must_use]
pub fn inventory_held(hold: Hold, names: &[ServerName], in_force: &Fingerprint) -> Message {
    let count = servers(names.len());
    let (headline, then) = match hold {
        Hold::OtherMachines => (
            format!("The changed inventory gives the names of {count} to other machines; it is not used"),
            "Give the new machines new names, or restart the bot when nothing runs on them.",
        ),
        Hold::AtWork => (
            format!("The changed inventory moves or drops {count} under work; it is not used yet"),
            "It is used by itself within a minute after their work is over.",
        ),
    };
    let prose = Prose::new().text("✗ ").bold(headline.as_str()).line().code(folded(names, PATTERNS_MAX));
    let stays = format!("The set {} stays in force.", in_force.short());
    Message {
        summary: summary(format!("✗ {headline}")),
        blocks: vec![Block::Section(prose.line().text(then).done()), Block::Context(Prose::new().text(stays).done())],
    }
}

/// After trouble, a set came into force again.
#[must_use]
pub fn files_in_force(counts: SetCounts, in_force: &Fingerprint) -> Message {
    let headline = format!("The changed files are in force (set {})", in_force.short());
    let SetCounts { commands, channels, servers: fleet } = counts;
    let text =
        format!("{}, policies of {}, {}", counted(commands, "command"), counted(channels, "channel"), servers(fleet));
    let prose = Prose::new().text("✅ ").bold(headline.as_str()).line().text(text);
    Message { summary: summary(format!("✅ {headline}")), blocks: vec![Block::Section(prose.done())] }
}

/// Rules are others than before. What is looser comes first.
#[must_use]
pub fn rules_changed(changed: &[Changed], in_force: &Fingerprint) -> Message {
    let mut told = changed.iter().collect::<Vec<_>>();
    told.sort_by_key(|one| one.way != Way::Looser);
    let looser = changed.iter().filter(|one| one.way == Way::Looser).count();
    let rules = counted(changed.len(), "rule");
    let headline = if looser == 0 { format!("{rules} changed") } else { format!("{rules} changed, {looser} looser") };
    let mut prose = Prose::new().text("⚙ ").bold(headline.as_str());
    for Changed { what, from, to, way } in told.iter().take(RULES_TOLD_MAX) {
        let way = match way {
            Way::Looser => " (looser)",
            Way::Stricter => " (stricter)",
            Way::Other => "",
        };
        prose = prose.line().code(what).text(" ").code(from).text(" → ").code(to).text(way);
    }
    if let hidden @ 1.. = told.len().saturating_sub(RULES_TOLD_MAX) {
        prose = prose.line().text(format!("+ {hidden} more"));
    }
    let then = format!(
        "In force with the set {}. What has started goes on; each decision keeps the rules that it was made by.",
        in_force.short()
    );
    Message {
        summary: summary(format!("⚙ {headline}")),
        blocks: vec![Block::Section(prose.done()), Block::Context(Prose::new().text(then).done())],
    }
}
