//! An intent as people would write it; reading the line again gives the same intent.
//!
//! Deliberately absent: what every line leaves to the command anyway. A parameter with its default is not written.

use super::normalise::begins_reason;
use super::quotes::{inside, quoted};
use super::start::time_at_end;
use super::zone::written_moment;
use super::{Vocabulary, quotes::Quotes};
use crate::domain::asked::WhyOf;
use crate::domain::braking::{BlacklistLevel, Braked, Braking, Kept};
use crate::domain::command::CommandName;
use crate::domain::declaration::Declaration;
use crate::domain::intent::{Day, Intent, Planned, Start, Value, WallTime, WorkIntent};
use crate::fleet;

/// The line that means this, with the vocabulary in which it was read. A moment is written to the minute.
#[must_use]
pub fn print(intent: &Intent, vocabulary: &Vocabulary) -> String {
    match intent {
        Intent::Work(work) => print_work(work, vocabulary),
        Intent::Help { topic: None } => "help".to_owned(),
        Intent::Help { topic: Some(topic) } => format!("help {topic}"),
        Intent::Status { selector: None } => "status".to_owned(),
        Intent::Status { selector: Some(selector) } => format!("status {}", fleet::print(&selector.value)),
        Intent::Cancel { request } => format!("cancel {request}"),
        Intent::Retry { request } => format!("retry {request}"),
        Intent::Queue(None) => "queue".to_owned(),
        Intent::Queue(Some(selector)) => format!("queue {}", fleet::print(&selector.value)),
        Intent::Out(None) => "out".to_owned(),
        Intent::Out(Some(selector)) => format!("out {}", fleet::print(&selector.value)),
        Intent::Why(WhyOf::Here) => "why".to_owned(),
        Intent::Why(WhyOf::Consent) => "review".to_owned(),
        Intent::Why(WhyOf::Request(request)) => format!("why {request}"),
        Intent::Why(WhyOf::Run(run)) => format!("why {run}"),
        Intent::Why(WhyOf::Server(selector)) => format!("why {}", fleet::print(&selector.value)),
        Intent::Brake(braking) => print_braking(braking),
        Intent::Declare(declaration) => print_declaration(declaration),
        Intent::Override { policy, request, why } => {
            format!("override {} on {request} because {why}", policy.value)
        }
        Intent::Plan(Planned::Work(work)) => format!("plan {}", print_work(work, vocabulary)),
        Intent::Plan(Planned::Brake(braking)) => format!("plan {}", print_braking(braking)),
        Intent::CanI(Planned::Brake(braking)) => format!("can-i {}", print_braking(braking)),
        Intent::Plan(Planned::Declare(declaration)) => format!("plan {}", print_declaration(declaration)),
        Intent::CanI(Planned::Declare(declaration)) => format!("can-i {}", print_declaration(declaration)),
        Intent::Plan(Planned::Cancel { request }) => format!("plan cancel {request}"),
        Intent::CanI(Planned::Work(work)) => format!("can-i {}", print_work(work, vocabulary)),
        Intent::CanI(Planned::Cancel { request }) => format!("can-i cancel {request}"),
        Intent::CloseBreaker { scope, why } => format!("close-breaker {scope} because {}", print_reason(why)),
        Intent::WhoCan { command, selector: None } => format!("who-can {command}"),
        Intent::WhoCan { command, selector: Some(selector) } => {
            format!("who-can {command} on {}", fleet::print(&selector.value))
        }
    }
}

fn print_braking(braking: &Braking) -> String {
    let because = |text: &String| format!(" because {}", print_reason(text));
    match braking {
        Braking::Stop { because: why, hard } => {
            let hard = if *hard { " --hard" } else { "" };
            format!("stop everything{hard}{}", why.as_ref().map_or_else(String::new, because))
        }
        Braking::Resume { because: why } => format!("resume everything{}", because(why)),
        Braking::Freeze { on, until, because: why } => {
            format!("freeze {} until {}{}", print_braked(on), written_moment(until), because(why))
        }
        Braking::Thaw { on } => format!("thaw {}", print_braked(on)),
        Braking::Hold { on, because: why } => format!("hold {}{}", print_kept(on), because(why)),
        Braking::Release { on } => format!("release {}", print_kept(on)),
        Braking::Blacklist { on, command, until, level, because: why } => {
            let level = if *level == BlacklistLevel::Absolute { " --absolute" } else { "" };
            let (on, until) = (print_listed(on, command.as_ref()), written_moment(until));
            format!("blacklist {on} until {until}{level}{}", because(why))
        }
        Braking::Unblacklist { on, command } => format!("unblacklist {}", print_listed(on, command.as_ref())),
    }
}

fn print_declaration(declaration: &Declaration) -> String {
    let Declaration { servers, declared, because } = declaration;
    format!("state {} {} because {}", fleet::print(&servers.value), declared.word(), print_reason(because))
}

fn print_braked(on: &Braked) -> String {
    match on {
        Braked::Everything => "everything".to_owned(),
        Braked::Selected(selector) => fleet::print(&selector.value),
    }
}

fn print_kept(on: &Kept) -> String {
    match on {
        Kept::Servers(selector) => fleet::print(&selector.value),
        Kept::Request(request) => request.to_string(),
    }
}

fn print_listed(on: &Braked, command: Option<&CommandName>) -> String {
    let on = print_braked(on);
    command.map_or_else(|| on.clone(), |command| format!("{on} {command}"))
}

fn print_work(work: &WorkIntent, vocabulary: &Vocabulary) -> String {
    let spec = vocabulary.command(work.command.as_str());
    let mut words = vec![work.command.to_string()];
    words.extend(work.selector.as_ref().map(|selector| fleet::print(&selector.value)));
    let mut because = None;
    for (name, value) in &work.parameters {
        let declared = spec.and_then(|spec| spec.parameter(name.as_str()));
        if declared.is_some_and(|declared| declared.default.as_ref() == Some(&value.value)) {
            continue;
        }
        match (declared, &value.value) {
            (Some(declared), Value::Text(text)) if declared.asked_as_because => because = Some(text),
            (_, value) => words.push(format!("--{name} {}", print_value(value))),
        }
    }
    words.extend(work.start.as_ref().map(|start| print_start(&start.value)));
    words.extend(because.map(|text| format!("because {}", print_reason(text))));
    words.join(" ")
}

fn print_value(value: &Value) -> String {
    let text = match value {
        Value::Time(moment) => written_moment(moment),
        Value::Text(_)
        | Value::Integer(_)
        | Value::Percentage(_)
        | Value::Duration(_)
        | Value::Choice(_)
        | Value::Boolean(_)
        | Value::Server(_)
        | Value::Selector(_)
        | Value::User(_)
        | Value::Channel(_)
        | Value::Version(_)
        | Value::Url(_) => value.to_string(),
    };
    written(&text)
}

/// A value as a word, or quoted where it would be read otherwise.
pub(super) fn written(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_graphic() && !matches!(letter, '"' | '\'' | '\\' | '`');
    let is_word = text.chars().all(is_plain) && !text.is_empty() && !text.starts_with('-') && !text.ends_with('.');
    if is_word && !begins_reason(text) { text.to_owned() } else { quoted(text) }
}

/// Quoted where it would be read otherwise: as quoted already, as ending in a time, or without its last full stop.
pub(super) fn print_reason(text: &str) -> String {
    let opens = text.chars().next().and_then(Quotes::opened_by).is_some();
    if opens || inside(text).is_some() || text.ends_with('.') || time_at_end(text).is_some() {
        return quoted(text);
    }
    text.to_owned()
}

fn print_start(start: &Start) -> String {
    match start {
        Start::After(wait) => format!("in {}", crate::domain::time::exact(*wait)),
        Start::At(moment) => format!("at {}", written_moment(moment)),
        Start::AtSiteTime(WallTime { day, hour, minute }) => {
            let day = match day {
                Day::Next => String::new(),
                Day::Today => "today ".to_owned(),
                Day::Tomorrow => "tomorrow ".to_owned(),
                Day::On { year, month, day } => format!("{year:04}-{month:02}-{day:02} "),
            };
            format!("at {day}{hour:02}:{minute:02} site time")
        }
    }
}
