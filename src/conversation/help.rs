//! Help: what this person can do in this channel, by purpose, and one command in full. Private.
//!
//! Deliberately absent: which commands those are, which authorization says; what a command is for, which its steps say;
//! and the built-in verbs and the language itself (`topics`).

use super::message::{Block, Message, Piece, Rich};
use super::topics;
use super::words::{Prose, capital, first_three, listed, quoted, summary};
use crate::domain::command::{CommandSpec, ParameterSpec, Targets, ValueKind};
use crate::domain::identity::GroupName;
use crate::domain::intent::BuiltInVerb;
use crate::domain::purpose::Purpose;
use crate::domain::server::ServerType;
use crate::domain::time::exact;

/// What begins a line outside threads.
const LINE_BEGIN: &str = "/fleet";
/// How a request is ended.
pub(super) const CANCEL: &str = "cancel req-2mq9";
/// How it is asked why a request waits.
pub(super) const WHY: &str = "why req-2mq9";
/// How everything is stopped, and goes on.
pub(super) const STOP: &str = "stop everything because servers do not come back";
pub(super) const RESUME: &str = "resume everything because the cause was found";
/// How what waits is let through.
/// How somebody says what state a server is in.
pub(super) const STATE: [&str; 3] = [
    "state edge-lax-007 repair because its PSU is dead",
    "state edge-lax-007 ready because the PSU is replaced",
    "state edge-lax-007 standby because it is a reserve",
];
pub(super) const RETRY: &str = "retry req-2mq9";
pub(super) const OVERRIDE: &str = "override capacity on req-2mq9 because customers are affected";
/// The most commands with a line of their own: with the built-in verbs and the frame they still fit one screen.
const COMMANDS_MAX: usize = 4;
/// The most commands of one purpose with a line of their own, where only that purpose is told.
const OF_PURPOSE_MAX: usize = 8;
/// How many examples one command shows.
const EXAMPLES_MAX: usize = 2;

/// What can be done in this channel, by what people want to do; one example line for each command.
#[must_use]
pub fn help(commands: &[&CommandSpec], channel_name: &str) -> Message {
    let heading = format!("What you can do {}", place(channel_name));
    let (shown, hidden) = chosen(commands);
    let mut prose = Prose::new().bold(heading.as_str());
    for purpose in Purpose::ALL {
        let mut lines = shown.iter().filter(|(of, _)| *of == purpose).map(|(_, line)| line.clone()).collect::<Vec<_>>();
        match purpose {
            Purpose::See => {
                lines.insert(0, BuiltInVerb::Status.word().to_owned());
                lines.extend(plan_of(commands));
            }
            Purpose::Stop if !commands.is_empty() => lines.push(CANCEL.to_owned()),
            Purpose::Stop
            | Purpose::TakeOut
            | Purpose::Restart
            | Purpose::Tell
            | Purpose::Change
            | Purpose::Remove
            | Purpose::Wait => {}
        }
        prose = group(prose, purpose.title(), &lines);
        if purpose == Purpose::See {
            prose = group(prose, "While it waits", &[WHY.to_owned()]);
        }
    }
    if commands.is_empty() {
        prose = prose.line().text("No command may be run by you here.");
    }
    let mut context = Prose::new().text("in a thread, mention me instead of ").code(LINE_BEGIN);
    if !hidden.is_empty() {
        context = context.text(format!(" · also: {}", first_three(&hidden)));
    }
    let one = most_impact(commands).map(|command| command.name.to_string());
    for (place, topic) in one.into_iter().chain(["servers".to_owned(), "times".to_owned()]).enumerate() {
        let before = if place == 0 { " · more: " } else { ", " };
        context = context.text(before).piece(literal(&format!("help {topic}")));
    }
    Message { summary: summary(heading), blocks: vec![Block::Section(prose.done()), Block::Context(context.done())] }
}

/// Everything that is for one purpose and that this person may do here.
#[must_use]
pub fn help_purpose(purpose: Purpose, commands: &[&CommandSpec], channel_name: &str) -> Message {
    let of_purpose = commands.iter().copied().filter(|command| Purpose::of(command) == purpose).collect::<Vec<_>>();
    let heading = format!("{}: what you can do {}", purpose.title(), place(channel_name));
    let mut prose = Prose::new().bold(heading.as_str());
    let verbs = BuiltInVerb::ALL.into_iter().filter(|verb| Purpose::of_verb(*verb) == purpose).collect::<Vec<_>>();
    for verb in &verbs {
        if let Some(line) = example_of(*verb, commands) {
            prose = prose.line().piece(literal(&line)).text(format!(" {}", topics::does(*verb)));
        }
    }
    for command in of_purpose.iter().take(OF_PURPOSE_MAX) {
        prose = prose.line().piece(literal(&example(command))).text(format!(" {}", quoted(&command.summary)));
    }
    if of_purpose.is_empty() && verbs.is_empty() {
        prose = prose.line().text("No command for this may be run by you here.");
    }
    let hidden = of_purpose.iter().skip(OF_PURPOSE_MAX).map(|command| command.name.as_str()).collect::<Vec<_>>();
    let mut context = Prose::new();
    if !hidden.is_empty() {
        context = context.text(format!("also: {} · ", first_three(&hidden)));
    }
    let context = context.text("everything: ").piece(literal(BuiltInVerb::Help.word()));
    Message { summary: summary(heading), blocks: vec![Block::Section(prose.done()), Block::Context(context.done())] }
}

/// The commands with a line of their own, with their purposes, and the names of the others: the first of each purpose, then
/// the second of each, and so on.
fn chosen<'a>(commands: &[&'a CommandSpec]) -> (Vec<(Purpose, String)>, Vec<&'a str>) {
    let mut ranked: Vec<(usize, Purpose, &CommandSpec)> = Vec::new();
    for command in commands {
        let purpose = Purpose::of(command);
        let rank = ranked.iter().filter(|(_, of, _)| *of == purpose).count();
        ranked.push((rank, purpose, command));
    }
    ranked.sort_by_key(|(rank, purpose, _)| (*rank, *purpose));
    let shown = ranked.iter().take(COMMANDS_MAX).map(|(_, purpose, command)| (*purpose, example(command)));
    (shown.collect(), ranked.iter().skip(COMMANDS_MAX).map(|(_, _, command)| command.name.as_str()).collect())
}

fn group(mut prose: Prose, title: &str, lines: &[String]) -> Prose {
    for (place, line) in lines.iter().enumerate() {
        prose = prose.line();
        if place == 0 {
            prose = prose.text(format!("{title}: "));
        }
        prose = prose.piece(literal(line));
    }
    prose
}

/// A line to copy; of a command without examples its form, which is asked about where it is not filled in.
pub(super) fn example(command: &CommandSpec) -> String {
    command.examples.first().cloned().unwrap_or_else(|| synopsis(command))
}

/// The command whose plan is most worth a look.
pub(super) fn most_impact<'a>(commands: &[&'a CommandSpec]) -> Option<&'a CommandSpec> {
    commands.iter().rev().copied().max_by_key(|command| command.impact)
}

/// `plan` before the line of a command that this person may use.
pub(super) fn plan_of(commands: &[&CommandSpec]) -> Option<String> {
    Some(format!("{} {}", BuiltInVerb::Plan.word(), example(most_impact(commands)?)))
}

/// `can-i` before the line of a command that this person may use.
pub(super) fn asks_of(commands: &[&CommandSpec]) -> Option<String> {
    Some(format!("{} {}", BuiltInVerb::CanI.word(), example(most_impact(commands)?)))
}

/// `who-can` before such a command, and before its servers.
pub(super) fn who_of(commands: &[&CommandSpec]) -> Vec<String> {
    let Some(command) = most_impact(commands) else { return Vec::new() };
    let general = format!("{} {}", BuiltInVerb::WhoCan.word(), command.name);
    match &command.targets {
        Targets::Servers { .. } => vec![general.clone(), format!("{general} on site=lax")],
        Targets::Sites { .. } | Targets::None => vec![general],
    }
}

/// `close-breaker` of such a command at a site.
pub(super) fn closes_of(commands: &[&CommandSpec]) -> Option<String> {
    let command = most_impact(commands)?;
    Some(format!("{} {} site=lax because the cause is gone", BuiltInVerb::CloseBreaker.word(), command.name))
}

/// A line with that verb, for somebody who may use these commands.
fn example_of(verb: BuiltInVerb, commands: &[&CommandSpec]) -> Option<String> {
    match verb {
        BuiltInVerb::Help | BuiltInVerb::Status | BuiltInVerb::Queue | BuiltInVerb::Out => Some(verb.word().to_owned()),
        BuiltInVerb::Cancel => Some(CANCEL.to_owned()),
        BuiltInVerb::Plan => plan_of(commands),
        BuiltInVerb::CanI => asks_of(commands),
        BuiltInVerb::WhoCan => who_of(commands).into_iter().next(),
        BuiltInVerb::CloseBreaker => closes_of(commands),
        BuiltInVerb::Why => Some(WHY.to_owned()),
        BuiltInVerb::StopEverything => Some(STOP.to_owned()),
        BuiltInVerb::ResumeEverything => Some(RESUME.to_owned()),
        BuiltInVerb::Override => Some(OVERRIDE.to_owned()),
        BuiltInVerb::Retry => Some(RETRY.to_owned()),
        BuiltInVerb::State => STATE.first().map(|line| (*line).to_owned()),
        BuiltInVerb::Freeze | BuiltInVerb::Hold | BuiltInVerb::Blacklist => brake_examples(verb).into_iter().next(),
        // What ends these is said where they are answered.
        BuiltInVerb::Thaw | BuiltInVerb::Release | BuiltInVerb::Unblacklist => None,
    }
}

/// Lines with a verb that stops things in some place, or lets them go on.
pub(super) fn brake_examples(verb: BuiltInVerb) -> Vec<String> {
    let lines: &[&str] = match verb {
        BuiltInVerb::Freeze => &[
            "freeze site=lax for 2h because a live match",
            "freeze everything until tomorrow 08:00 UTC because a holiday",
        ],
        BuiltInVerb::Thaw => &["thaw site=lax", "thaw everything"],
        BuiltInVerb::Hold => &["hold edge-lax-001 because I change its disk", "hold req-2mq9 because traffic is high"],
        BuiltInVerb::Release => &["release edge-lax-001", "release req-2mq9"],
        BuiltInVerb::Blacklist => &["blacklist edge-lax-007 for 7d because its fans fail"],
        BuiltInVerb::Unblacklist => &["unblacklist edge-lax-007"],
        BuiltInVerb::Help
        | BuiltInVerb::Status
        | BuiltInVerb::Cancel
        | BuiltInVerb::Plan
        | BuiltInVerb::CanI
        | BuiltInVerb::WhoCan
        | BuiltInVerb::StopEverything
        | BuiltInVerb::ResumeEverything
        | BuiltInVerb::Why
        | BuiltInVerb::Queue
        | BuiltInVerb::Out
        | BuiltInVerb::Override
        | BuiltInVerb::CloseBreaker
        | BuiltInVerb::Retry
        | BuiltInVerb::State => &[],
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// A line to copy, with what begins it; never cut.
pub(super) fn literal(line: &str) -> Piece {
    Piece::Code(format!("{LINE_BEGIN} {line}"))
}

fn place(channel_name: &str) -> String {
    match channel_name.trim_start_matches('#') {
        "" => "here".to_owned(),
        name => format!("in #{}", quoted(name)),
    }
}

/// One command: what it does, how it is written, its parameters, who may use it here, two examples.
#[must_use]
pub fn help_command(spec: &CommandSpec, may: bool, who: &[GroupName], channel_name: &str) -> Message {
    let name = capital(spec.name.as_str());
    let head = Prose::new().bold(name.as_str()).text(": ").text(quoted(&spec.summary)).line();
    let head = head.piece(literal(&synopsis(spec))).rich(facts(spec));
    let mut blocks = vec![Block::Section(head.done())];
    let mut examples = Prose::new();
    for example in spec.examples.iter().take(EXAMPLES_MAX) {
        examples = examples.line().piece(literal(example));
    }
    if !examples.is_empty() {
        blocks.push(Block::Section(examples.done()));
    }
    let groups = who.iter().map(|group| group.as_str()).collect::<Vec<_>>();
    let groups = if groups.len() > 3 { first_three(&groups) } else { listed(&groups, "and") };
    let may = match (may, who.is_empty()) {
        (true, true) => "you may run it".to_owned(),
        (true, false) => format!("you may run it, with {groups}"),
        (false, true) => "nobody may run it".to_owned(),
        (false, false) => format!("you may not run it, but {groups}"),
    };
    let context = format!("{} {may} · impact {} · owner {}", place(channel_name), spec.impact.word(), spec.owner);
    blocks.push(Block::Context(Prose::new().text(context).done()));
    Message { summary: summary(format!("{name}: {}", spec.summary)), blocks }
}

fn synopsis(spec: &CommandSpec) -> String {
    let mut words = vec![spec.name.to_string()];
    match &spec.targets {
        Targets::Servers { .. } => words.push("SERVERS".to_owned()),
        Targets::Sites { max: 1 } => words.push("SITE".to_owned()),
        Targets::Sites { .. } => words.push("SITES".to_owned()),
        Targets::None => {}
    }
    let (because, named): (Vec<_>, Vec<_>) = spec.parameters.iter().partition(|parameter| parameter.asked_as_because);
    let named = named.iter().map(|parameter| {
        let text = format!("--{} {}", parameter.name, placeholder(&parameter.kind));
        optional(parameter, text)
    });
    words.extend(named);
    words.extend(because.iter().map(|parameter| {
        let text = format!("because {}", parameter.name.as_str().to_uppercase());
        optional(parameter, text)
    }));
    words.join(" ")
}

fn optional(parameter: &ParameterSpec, text: String) -> String {
    if parameter.must_be_given() { text } else { format!("[{text}]") }
}

pub(super) fn placeholder(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Text { .. } => "TEXT".to_owned(),
        ValueKind::Integer { .. } => "NUMBER".to_owned(),
        ValueKind::Percentage { .. } => "PERCENT".to_owned(),
        ValueKind::Duration { .. } => "DURATION".to_owned(),
        ValueKind::Choice(words) => words.join("|"),
        ValueKind::Boolean => "yes|no".to_owned(),
        ValueKind::Time => "TIME".to_owned(),
        ValueKind::Server => "SERVER".to_owned(),
        ValueKind::Selector => "SERVERS".to_owned(),
        ValueKind::User => "PERSON".to_owned(),
        ValueKind::Channel => "CHANNEL".to_owned(),
        ValueKind::Version => "VERSION".to_owned(),
        ValueKind::Url => "URL".to_owned(),
    }
}

fn facts(spec: &CommandSpec) -> Rich {
    let mut prose = Prose::new();
    if let Targets::Servers { types, from, max } = &spec.targets {
        let types = types.iter().map(ServerType::as_str).collect::<Vec<_>>();
        let from = from.iter().map(|state| state.word()).collect::<Vec<_>>();
        let (types, from) = (listed(&types, "or"), listed(&from, "or"));
        prose = prose.text(format!("\nservers: {types}, in {from}, at most {max}"));
    }
    if let Some(most) = spec.site_concurrency {
        prose = prose.text(format!("\nat once: at most {most} in one site"));
    }
    if let Targets::Sites { max } = &spec.targets {
        prose = prose.text(format!("\nsites: at most {max}"));
    }
    for parameter in spec.parameters.iter().filter(|parameter| !parameter.asked_as_because) {
        prose = prose.text(format!("\n--{}: {}", parameter.name, values(&parameter.kind)));
        if let Some(default) = &parameter.default {
            prose = prose.text(format!(", else {default}"));
        }
    }
    if let Some(rule) = &spec.approvals {
        let approvals = super::words::counted(super::words::size(rule.count), "approval");
        prose = prose.text(format!("\nabove {}: {approvals} of {}", rule.above, rule.from));
    }
    prose.done()
}

pub(super) fn values(kind: &ValueKind) -> String {
    match kind {
        kind if *kind == ValueKind::TEXT => "some text".to_owned(),
        ValueKind::Text { length_max } => format!("text of at most {length_max} characters"),
        ValueKind::Integer { min, max } => format!("a number from {min} to {max}"),
        kind if *kind == ValueKind::PERCENTAGE => "a percentage, such as 10%".to_owned(),
        ValueKind::Percentage { min, max } => format!("a percentage from {min}% to {max}%"),
        kind if *kind == ValueKind::DURATION => "a length of time, such as 90s or 5m".to_owned(),
        ValueKind::Duration { min, max } => format!("a length of time from {} to {}", exact(*min), exact(*max)),
        ValueKind::Choice(words) => format!("one of {}", words.join(", ")),
        ValueKind::Boolean => "yes or no".to_owned(),
        ValueKind::Time => "a time, such as 02:00 UTC".to_owned(),
        ValueKind::Server => "one server, such as edge-lax-001".to_owned(),
        ValueKind::Selector => "servers, such as edge-lax-[001-020]".to_owned(),
        ValueKind::User => "a person, such as @ana".to_owned(),
        ValueKind::Channel => "a channel, such as #noc".to_owned(),
        ValueKind::Version => "a version, such as 1.2.3".to_owned(),
        ValueKind::Url => "an address that begins with https:// and has no password".to_owned(),
    }
}
