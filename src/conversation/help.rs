//! Help: what this person can do in this channel, and one command in full. Private.
//!
//! Deliberately absent: which commands those are; authorization says that.

use super::message::{Block, Message, Piece, Rich};
use super::words::{Prose, capital, first_three, listed, quoted, summary};
use crate::domain::command::{CommandSpec, Need, ParameterSpec, Targets, ValueKind};
use crate::domain::identity::GroupName;
use crate::domain::server::ServerType;
use crate::domain::time::exact;

/// What begins a line outside threads.
const LINE_BEGIN: &str = "/fleet";
/// The most commands with a line of their own.
const COMMANDS_MAX: usize = 4;
/// How many examples one command shows.
const EXAMPLES_MAX: usize = 2;

/// What can be done in this channel; one example line for each command.
#[must_use]
pub fn help(commands: &[&CommandSpec], channel_name: &str) -> Message {
    let heading = format!("What you can do {}", place(channel_name));
    let mut prose = Prose::new().bold(heading.as_str());
    prose = row(prose, "Look", "status");
    for command in commands.iter().take(COMMANDS_MAX) {
        if let Some(example) = command.examples.first() {
            prose = row(prose, &capital(command.name.as_str()), example);
        }
    }
    if commands.iter().any(|command| !command.examples.is_empty()) {
        prose = row(prose, "Stop", "cancel req-2mq9");
    } else {
        prose = prose.line().text("No command may be run by you here.");
    }
    let hidden = commands.iter().skip(COMMANDS_MAX).map(|command| command.name.as_str()).collect::<Vec<_>>();
    let mut context = Prose::new().text("in a thread, mention me instead of ").code(LINE_BEGIN);
    if !hidden.is_empty() {
        context = context.text(format!(" · also: {}", super::words::first_three(&hidden)));
    }
    if let Some(first) = commands.first() {
        context = context.text(" · more: ").code(format!("{LINE_BEGIN} help {}", first.name));
    }
    Message { summary: summary(heading), blocks: vec![Block::Section(prose.done()), Block::Context(context.done())] }
}

fn row(prose: Prose, task: &str, line: &str) -> Prose {
    prose.line().text(format!("{task}: ")).piece(literal(line))
}

/// A line to copy, with what begins it; never cut.
fn literal(line: &str) -> Piece {
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
    let must = parameter.need == Need::Required && parameter.default.is_none();
    if must { text } else { format!("[{text}]") }
}

fn placeholder(kind: &ValueKind) -> String {
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

fn values(kind: &ValueKind) -> String {
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
