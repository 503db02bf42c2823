//! The forms in which people fill in a request, and what stands around them.
//!
//! Deliberately absent: reading what was filled in (`language`), and who may ask for it (`authorization`).

use super::help::literal;
use super::message::{Block, Button, Form, FormBlock, Message, Rich};
use super::review::WHY_KEY;
use super::view::{RequestView, asked};
use super::words::{Prose, button, capital, counted, cut, quoted, summary};
use crate::domain::command::{CommandSpec, Need, ParameterSpec, Targets, ValueKind};
use crate::domain::ids::{Handle, RequestId};
use crate::domain::intent::ParameterName;
use crate::domain::place::{ChannelId, ChannelName};
use crate::domain::time::Timestamp;
use crate::language::Fields;
use crate::workflow::request::Request;
use crate::workflow::run::Run;
use std::collections::BTreeMap;

/// The key of the command in the form that asks for it.
pub const COMMAND_KEY: &str = "command";
/// The key of the channel in the form that asks for it.
pub const CHANNEL_KEY: &str = "channel";
/// The key of the servers or sites.
const SUBJECTS_KEY: &str = "servers";
/// The key of the time to begin.
const START_KEY: &str = "when";
/// The most commands that one list of a form holds.
const COMMANDS_MAX: usize = 100;
/// The longest line of a list of commands.
const OPTION_LENGTH_MAX_CHARS: usize = 75;

/// The form of one command, filled in so far.
#[derive(Clone, Copy, Debug)]
pub struct CommandForm<'a> {
    /// The command.
    pub spec: &'a CommandSpec,
    /// What stands in it.
    pub fields: &'a Fields,
    /// Whether it only shows what would happen.
    pub is_plan: bool,
    /// What a submission sends back.
    pub handle: &'a Handle,
    /// Where the request will stand; empty in a direct conversation.
    pub channel_name: &'a str,
}

/// Asks for everything that a command takes; `told` stands at its top.
#[must_use]
pub fn command_form(of: CommandForm<'_>, told: Option<&Message>) -> Form {
    let CommandForm { spec, fields, is_plan, handle, channel_name } = of;
    let mut blocks = told.map_or_else(Vec::new, form_blocks);
    blocks.push(FormBlock::Section(Prose::new().text(quoted(&spec.summary)).done()));
    blocks.extend(subjects(spec, &fields.subjects));
    let value = |parameter: &ParameterSpec| fields.values.get(&parameter.name).cloned().unwrap_or_default();
    let (because, named): (Vec<_>, Vec<_>) = spec.parameters.iter().partition(|one| one.asked_as_because);
    blocks.extend(named.into_iter().map(|parameter| field(parameter, &value(parameter))));
    blocks.push(input((START_KEY, "When"), "as soon as it is safe; or 02:00, in 20m, 02:00 site time", &fields.start));
    blocks.extend(because.into_iter().map(|parameter| FormBlock::Input {
        key: key(&parameter.name),
        label: "Because".to_owned(),
        hint: "why, for whoever reads it later".to_owned(),
        initial: initial(&value(parameter)),
        optional: is_optional(parameter),
    }));
    let place = match channel_name {
        "" => String::new(),
        name => format!("in #{} · ", quoted(name)),
    };
    let context = format!("{place}impact {} · nothing starts before it was checked", spec.impact.word());
    blocks.push(FormBlock::Context(Prose::new().text(context).done()));
    let name = capital(spec.name.as_str());
    Form {
        title: if is_plan { cut(&format!("Plan: {}", spec.name), 24) } else { cut(&name, 24) },
        submit: Some(if is_plan { "Show" } else { "Send" }.to_owned()),
        close: "Close".to_owned(),
        handle: Some(handle.clone()),
        blocks,
    }
}

fn subjects(spec: &CommandSpec, written: &str) -> Option<FormBlock> {
    let (label, hint) = match &spec.targets {
        Targets::Servers { .. } => ("Servers", "edge-lax-[001-020], or site=lax & type=edge-cache"),
        Targets::Sites { max: 1 } => ("Site", "riga"),
        Targets::Sites { .. } => ("Sites", "riga, vilnius"),
        Targets::None => return None,
    };
    Some(FormBlock::Input {
        key: SUBJECTS_KEY.to_owned(),
        label: label.to_owned(),
        hint: hint.to_owned(),
        initial: initial(written),
        optional: false,
    })
}

fn field(parameter: &ParameterSpec, written: &str) -> FormBlock {
    let words = |words: &[String]| words.iter().map(|word| (word.clone(), word.clone())).collect::<Vec<_>>();
    let options = match &parameter.kind {
        ValueKind::Choice(choices) => words(choices),
        ValueKind::Boolean => words(&["yes".to_owned(), "no".to_owned()]),
        ValueKind::Text { .. }
        | ValueKind::Integer { .. }
        | ValueKind::Percentage { .. }
        | ValueKind::Duration { .. }
        | ValueKind::Time
        | ValueKind::Server
        | ValueKind::Selector
        | ValueKind::User
        | ValueKind::Channel
        | ValueKind::Version
        | ValueKind::Url => Vec::new(),
    };
    let default = parameter.default.as_ref().map(ToString::to_string);
    let (key, label) = (key(&parameter.name), capital(parameter.name.as_str()));
    if options.is_empty() || options.len() > COMMANDS_MAX {
        let values = super::help::values(&parameter.kind);
        let hint = default.map_or_else(|| values.clone(), |default| format!("{values}, else {default}"));
        return FormBlock::Input { key, label, hint, initial: initial(written), optional: is_optional(parameter) };
    }
    let chosen = if written.is_empty() { default } else { Some(written.to_lowercase()) };
    let chosen = chosen.and_then(|chosen| options.iter().find(|(word, _)| word.to_lowercase() == chosen));
    let initial = chosen.map(|(word, _)| word.clone());
    FormBlock::Select { key, label, options, initial, optional: is_optional(parameter) }
}

fn is_optional(parameter: &ParameterSpec) -> bool {
    parameter.need == Need::Optional || parameter.default.is_some()
}

fn key(parameter: &ParameterName) -> String {
    format!("--{parameter}")
}

fn initial(written: &str) -> Option<String> {
    (!written.is_empty()).then(|| written.to_owned())
}

fn input((key, label): (&str, &str), hint: &str, written: &str) -> FormBlock {
    FormBlock::Input {
        key: key.to_owned(),
        label: label.to_owned(),
        hint: hint.to_owned(),
        initial: initial(written),
        optional: true,
    }
}

/// What a submission of [`command_form`] filled in.
#[must_use]
pub fn fields_of(values: &BTreeMap<String, String>, spec: &CommandSpec) -> Fields {
    let of = |key: &str| values.get(key).cloned().unwrap_or_default();
    let parameters = spec.parameters.iter().map(|one| (one.name.clone(), of(&key(&one.name))));
    Fields { subjects: of(SUBJECTS_KEY), values: parameters.collect(), start: of(START_KEY) }
}

/// Asks which command; `told` stands at its top.
#[must_use]
pub fn choose_command(commands: &[&CommandSpec], handle: &Handle, told: Option<&Message>) -> Form {
    let option = |spec: &&CommandSpec| {
        let text = format!("{}: {}", capital(spec.name.as_str()), quoted(&spec.summary));
        (spec.name.to_string(), cut(&text, OPTION_LENGTH_MAX_CHARS))
    };
    let mut blocks = told.map_or_else(Vec::new, form_blocks);
    blocks.push(FormBlock::Select {
        key: COMMAND_KEY.to_owned(),
        label: "What".to_owned(),
        options: commands.iter().take(COMMANDS_MAX).map(option).collect(),
        initial: None,
        optional: false,
    });
    let hidden = commands.len().saturating_sub(COMMANDS_MAX);
    if hidden > 0 {
        let more = format!("{} that can be typed", counted(hidden, "more command"));
        blocks.push(FormBlock::Context(Prose::new().text(more).done()));
    }
    Form {
        title: "New request".to_owned(),
        submit: Some("Next".to_owned()),
        close: "Close".to_owned(),
        handle: Some(handle.clone()),
        blocks,
    }
}

/// Asks in which channel a request will stand; `told` stands at its top. One channel alone is chosen already.
#[must_use]
pub fn choose_channel(channels: &[(ChannelId, ChannelName)], handle: &Handle, told: Option<&Message>) -> Form {
    let option = |(id, name): &(ChannelId, ChannelName)| {
        (id.to_string(), cut(&format!("#{}", quoted(name.as_str())), OPTION_LENGTH_MAX_CHARS))
    };
    let mut blocks = told.map_or_else(Vec::new, form_blocks);
    blocks.push(FormBlock::Select {
        key: CHANNEL_KEY.to_owned(),
        label: "Where".to_owned(),
        options: channels.iter().take(COMMANDS_MAX).map(option).collect(),
        initial: match channels {
            [(only, _)] => Some(only.to_string()),
            _ => None,
        },
        optional: false,
    });
    let rules = "its rules say what you may do, and its people see the card";
    blocks.push(FormBlock::Context(Prose::new().text(rules).done()));
    Form {
        title: "New request".to_owned(),
        submit: Some("Next".to_owned()),
        close: "Close".to_owned(),
        handle: Some(handle.clone()),
        blocks,
    }
}

/// There is no channel in which the person may use any command.
#[must_use]
pub fn nowhere_to_ask() -> Message {
    said("No command may be run by you in any channel that you and the bot are in. Nothing has started.".to_owned())
}

/// An answer, in the form that asked for it.
#[must_use]
pub fn form_answer(title: &str, answer: &Message) -> Form {
    Form {
        title: cut(&capital(title), 24),
        submit: None,
        close: "Close".to_owned(),
        handle: None,
        blocks: form_blocks(answer),
    }
}

/// An answer to a press that was made in no channel, with its buttons.
#[must_use]
pub fn answer_above(answer: &Message) -> Form {
    let buttons = answer.blocks.iter().filter_map(|block| match block {
        Block::Actions(buttons) => Some(FormBlock::Actions(buttons.clone())),
        Block::Section(_) | Block::Context(_) | Block::Steps { .. } => None,
    });
    let mut form = form_answer("Answer", answer);
    form.blocks.extend(buttons);
    form
}

/// A message without its buttons, which belong to where it is posted.
fn form_blocks(message: &Message) -> Vec<FormBlock> {
    let block = |block: &Block| match block {
        Block::Section(text) => Some(FormBlock::Section(text.clone())),
        Block::Context(text) => Some(FormBlock::Context(text.clone())),
        Block::Steps { .. } | Block::Actions(_) => None,
    };
    message.blocks.iter().filter_map(block).collect()
}

/// The form has become a request.
#[must_use]
pub fn form_sent(id: &RequestId) -> Message {
    said(format!("Sent as {id}. Its card stands in the channel."))
}

/// The title of a form that asks for nothing but a reason.
pub const WHY_TITLE: &str = "Why?";

/// A button that asks why before anything is done.
pub(super) fn why_button(label: &str, handle: &Handle) -> Button {
    button(label, "line.why", handle)
}

/// Asks for the reason of a line that needs one.
#[must_use]
pub fn why_form(line: &str, handle: &Handle) -> Form {
    let what = Prose::new().text("You say: ").piece(literal(&format!("{line} because …")));
    let input = FormBlock::Input {
        key: WHY_KEY.to_owned(),
        label: "Why".to_owned(),
        hint: "everybody reads it, and it is kept".to_owned(),
        initial: None,
        optional: false,
    };
    Form {
        title: WHY_TITLE.to_owned(),
        submit: Some("Send".to_owned()),
        close: "Close".to_owned(),
        handle: Some(handle.clone()),
        blocks: vec![FormBlock::Section(what.done()), input],
    }
}

/// The line of such a form was said.
#[must_use]
pub fn line_sent(line: &str) -> Message {
    of(Prose::new().text("Sent: ").code(line).text(". The answer stands in the channel.").done())
}

/// The form was sent before.
#[must_use]
pub fn form_sent_before() -> Message {
    said("This form was sent before. Nothing happened a second time.".to_owned())
}

/// The time for the form is over; the line that it would have sent, to copy.
#[must_use]
pub fn form_too_late(line: Option<&str>) -> Message {
    let prose = Prose::new().text("This form was open for too long. Nothing has started.");
    let text = match line.filter(|line| !line.contains('`')) {
        Some(line) => prose.line().text("To send instead: ").code(line).done(),
        None => prose.text(" Open a new one.").done(),
    };
    of(text)
}

/// The command of a form is not there any more.
#[must_use]
pub fn form_of_nothing() -> Message {
    said("This command is not there any more. Nothing has started. Type help to see what is.".to_owned())
}

/// Nobody may choose anything here.
#[must_use]
pub fn no_command_here() -> Message {
    said("No command may be run by you here. Nothing has started.".to_owned())
}

/// The chat did not open a form in time; a button opens it again, if there is one.
#[must_use]
pub fn form_missed(again: Option<&Handle>) -> Message {
    const TOLD: &str = "The form could not be opened in time. Nothing has changed.";
    match again {
        Some(handle) => {
            let mut message = said(TOLD.to_owned());
            message.blocks.push(Block::Actions(vec![fill_in(handle)]));
            message
        }
        None => said(format!("{TOLD} Press again.")),
    }
}

/// A button that opens the form, filled in so far: for what is missing.
#[must_use]
pub fn fill_in(handle: &Handle) -> Button {
    button("Fill in", "form.open", handle).primary()
}

/// A button that opens the form, filled in with what was typed.
#[must_use]
pub fn edit(handle: &Handle) -> Button {
    button("Edit", "form.open", handle)
}

/// What can be done from anywhere, on a message of its own.
#[must_use]
pub fn request_buttons(new: &Handle, mine: &Handle) -> Block {
    Block::Actions(vec![
        button("New request", "form.open", new).primary(),
        button("My requests", "requests.mine", mine),
    ])
}

/// One of a person's own requests.
#[derive(Clone, Debug)]
pub struct OwnRequest {
    /// The request.
    pub request: Request,
    /// Its runs.
    pub runs: Vec<Run>,
    /// Where its card is.
    pub link: Option<String>,
}

/// A person's own requests, newest first.
#[must_use]
pub fn own_requests(own: &[OwnRequest], now: Timestamp) -> Message {
    if own.is_empty() {
        return said("You have not asked for anything yet. Type help to see what you can do here.".to_owned());
    }
    let mut prose = Prose::new().bold("Your newest requests");
    for own in own {
        prose = own_line(prose, own, now);
    }
    Message { summary: summary(counted(own.len(), "request")), blocks: vec![Block::Section(prose.done())] }
}

/// One line: state, id, what was asked, when, and the way to the card.
pub(super) fn own_line(prose: Prose, own: &OwnRequest, now: Timestamp) -> Prose {
    let OwnRequest { request, runs, link } = own;
    let (sign, word) = super::state::state_word(RequestView { request, runs, impacts: &[], now });
    let prose = prose.line().text(format!("{sign} {} {} · {word} · ", request.id(), asked(request)));
    let prose = prose.time(request.accepted_at);
    match link {
        Some(url) => {
            let (url, label) = (url.clone(), "card".to_owned());
            prose.text(" · ").piece(super::message::Piece::Link { url, label })
        }
        None => prose,
    }
}

fn said(text: String) -> Message {
    of(Prose::new().text(text).done())
}

fn of(text: Rich) -> Message {
    let line = super::plain::line(&text);
    Message::of_text(summary(line), text)
}
