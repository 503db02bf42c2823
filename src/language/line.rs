//! The line's grammar: the verb decides what may follow.

use super::normalise::{begins_reason, normalise};
use super::parameters::Parameters;
use super::{Vocabulary, asking, braking, closing, declaring, looking, overriding};
use crate::domain::command::{CommandName, CommandSpec, Targets};
use crate::domain::declaration::Declared;
use crate::domain::ids::RequestId;
use crate::domain::intent::{BuiltInVerb, HelpTopic, Intent, Planned, Selector, Span, Spanned, WorkIntent};
use crate::domain::misunderstanding::{Expected, Missing, MissingPart, Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::purpose::Purpose;
use crate::fleet::{nearest, parse_selector};
use nom::Parser;
use nom::bytes::complete::take_till;
use nom::character::complete::space0;
use nom::sequence::terminated;

/// What a line means to someone who may use these words. The line is normalised first; places in the answer are
/// those of [`normalise`]'s line.
///
/// # Errors
/// A misunderstanding that points at the place.
pub fn parse(line: &str, vocabulary: &Vocabulary) -> Result<Intent, Misunderstanding> {
    let line = normalise(line)?;
    let cursor = Cursor { line: &line };
    let Said { verb, next, .. } = verb(&cursor, 0, vocabulary)?;
    if let Verb::BuiltIn(verb) = verb
        && let Some(read) = braking::read(&cursor, verb, next, vocabulary)
    {
        return read.map(Intent::Brake);
    }
    match verb {
        Verb::Command(spec) => work(&cursor, next, spec, vocabulary).map(Intent::Work),
        Verb::BuiltIn(BuiltInVerb::Help) => help(&cursor, next, vocabulary),
        Verb::BuiltIn(BuiltInVerb::Status) => status(&cursor, next),
        Verb::BuiltIn(BuiltInVerb::Cancel) => Ok(Intent::Cancel { request: request(&cursor, next)? }),
        Verb::BuiltIn(BuiltInVerb::Retry) => Ok(Intent::Retry { request: request(&cursor, next)? }),
        Verb::BuiltIn(BuiltInVerb::Plan) => plan(&cursor, next, vocabulary).map(Intent::Plan),
        Verb::BuiltIn(BuiltInVerb::CanI) => asking::can_i(&cursor.unasked(), next, vocabulary).map(Intent::CanI),
        Verb::BuiltIn(BuiltInVerb::WhoCan) => asking::who_can(&cursor.unasked(), next, vocabulary),
        Verb::BuiltIn(BuiltInVerb::CloseBreaker) => closing::close_breaker(&cursor, next),
        Verb::BuiltIn(BuiltInVerb::Why) => looking::why(&cursor.unasked(), next).map(Intent::Why),
        Verb::BuiltIn(BuiltInVerb::Queue) => looking::scope(&cursor.unasked(), next).map(Intent::Queue),
        Verb::BuiltIn(BuiltInVerb::Out) => looking::scope(&cursor.unasked(), next).map(Intent::Out),
        Verb::BuiltIn(BuiltInVerb::Override) => overriding::overriding(&cursor, next),
        Verb::BuiltIn(BuiltInVerb::State) => declaring::state(&cursor, next).map(Intent::Declare),
        Verb::BuiltIn(
            verb @ (BuiltInVerb::StopEverything
            | BuiltInVerb::ResumeEverything
            | BuiltInVerb::Freeze
            | BuiltInVerb::Thaw
            | BuiltInVerb::Hold
            | BuiltInVerb::Release
            | BuiltInVerb::Blacklist
            | BuiltInVerb::Unblacklist),
        ) => Err(cursor.told(0..next, Kind::UnknownVerb { verb: verb.word().to_owned() })),
    }
}

/// The line that a normalised `plan` line would carry out; any other line as it is.
#[must_use]
pub fn planned(line: &str) -> &str {
    let cursor = Cursor { line };
    let (first, next) = cursor.word(0);
    if first.value.eq_ignore_ascii_case(BuiltInVerb::Plan.word()) { cursor.rest(next) } else { line }
}

/// What a line, or the rest of one behind `plan`, may begin with.
pub(super) enum Verb<'a> {
    Command(&'a CommandSpec),
    BuiltIn(BuiltInVerb),
}

/// A verb, with where it ends and where the next word begins.
pub(super) struct Said<'a> {
    pub(super) verb: Verb<'a>,
    pub(super) end: usize,
    pub(super) next: usize,
}

pub(super) fn verb<'a>(
    cursor: &Cursor<'_>,
    place: usize,
    vocabulary: &'a Vocabulary,
) -> Result<Said<'a>, Misunderstanding> {
    let (written, next) = cursor.word(place);
    let first = written.value.to_lowercase();
    let end = written.span.end;
    let command = vocabulary.command(&first).map(Verb::Command);
    // A question of one word has its mark at the verb.
    let asked = || {
        BuiltInVerb::of_word(first.trim_end_matches('?'))
            .filter(|verb| matches!(verb, BuiltInVerb::Why | BuiltInVerb::Queue | BuiltInVerb::Out))
    };
    if let Some(verb) = command.or_else(|| BuiltInVerb::of_word(&first).or_else(asked).map(Verb::BuiltIn)) {
        return Ok(Said { verb, end, next });
    }
    // Two of the built-in verbs are what people say aloud, and write without the dash.
    let (second, after) = cursor.word(next);
    let second_word = second.value.to_lowercase();
    let is_request = RequestId::parse(&second_word).is_some();
    match BuiltInVerb::of_words(&first, &second_word) {
        // A request is paused and resumed by the same verbs as it is held and released.
        None if first == "pause" && (is_request || second_word.is_empty()) => {
            Ok(Said { verb: Verb::BuiltIn(BuiltInVerb::Hold), end, next })
        }
        // People agree in the form that Review opens, after they have seen the plan; the answer to `why` has that button.
        None if looking::is_consent(&first) && (is_request || second_word.is_empty()) => {
            Ok(Said { verb: Verb::BuiltIn(BuiltInVerb::Why), end, next })
        }
        None if first == "resume" && is_request => Ok(Said { verb: Verb::BuiltIn(BuiltInVerb::Release), end, next }),
        None if first == "pause" => {
            let kind = Kind::UnknownVerb { verb: written.value.to_owned() };
            Err(cursor.told(written.span, kind).suggesting(BuiltInVerb::Hold.word()))
        }
        Some(verb) => Ok(Said { verb: Verb::BuiltIn(verb), end: second.span.end, next: after }),
        None if matches!(second_word.as_str(), "everything!" | "all!") && first == "stop" => {
            Ok(Said { verb: Verb::BuiltIn(BuiltInVerb::StopEverything), end: second.span.end, next: after })
        }
        None if first == "stop" && is_request => {
            let kind = Kind::UnknownVerb { verb: written.value.to_owned() };
            Err(cursor.told(written.span, kind).suggesting(BuiltInVerb::Cancel.word()))
        }
        // Nobody who is in a hurry is sent away without the line that helps.
        None if matches!(first.as_str(), "stop" | "resume")
            && (matches!(second_word.as_str(), "all" | "now" | "it" | "")
                || nearest(&second_word, ["everything"]).is_some()) =>
        {
            let kind = Kind::UnknownVerb { verb: written.value.to_owned() };
            let end = if second_word.is_empty() { written.span.end } else { second.span.end };
            Err(cursor.told(written.span.start..end, kind).suggesting(format!("{first} everything")))
        }
        None => Err(cursor.unknown_verb(written, vocabulary)),
    }
}

/// Reads a normalised line word by word.
pub(super) struct Cursor<'a> {
    pub(super) line: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn rest(&self, place: usize) -> &'a str {
        self.line.get(place..).unwrap_or_default()
    }

    /// The word there, and where the next one begins.
    pub(super) fn word(&self, place: usize) -> (Spanned<&'a str>, usize) {
        let mut word = terminated(take_till(|letter: char| letter == ' '), space0::<&str, nom::error::Error<&str>>);
        let (rest, value) = word.parse(self.rest(place)).unwrap_or(("", self.rest(place)));
        (Spanned { value, span: place..place + value.len() }, self.line.len() - rest.len())
    }

    /// Past the spaces there.
    pub(super) fn past_spaces(&self, place: usize) -> usize {
        self.line.len() - self.rest(place).trim_start_matches(' ').len()
    }

    pub(super) fn told(&self, span: Span, kind: Kind) -> Misunderstanding {
        Misunderstanding::new(self.line, span, kind)
    }

    /// The place at the end, where something is missing.
    pub(super) fn end(&self) -> Span {
        self.line.len()..self.line.len()
    }

    /// The same without the question mark at its end; an address may end in one.
    pub(super) fn unasked(&self) -> Self {
        let last = self.line.rsplit(' ').next().unwrap_or_default();
        if last.contains("://") {
            Self { line: self.line }
        } else {
            Self { line: self.line.trim_end_matches(['?', ' ']) }
        }
    }

    pub(super) fn expect_end(&self, place: usize) -> Result<(), Misunderstanding> {
        if self.rest(place).is_empty() {
            return Ok(());
        }
        Err(self.told(place..self.line.len(), Kind::Unexpected { expected: Expected::End }))
    }

    fn unknown_verb(&self, written: Spanned<&str>, vocabulary: &Vocabulary) -> Misunderstanding {
        let usable = vocabulary.usable.iter().map(CommandName::as_str);
        // `state` needs one of its words behind it, and is all too near to `status`.
        let says_state = self.line.split(' ').any(|word| Declared::of_word(word).is_some());
        let verbs = BuiltInVerb::ALL.into_iter().filter(|verb| says_state || *verb != BuiltInVerb::State);
        let verbs = verbs.map(BuiltInVerb::word).collect::<Vec<_>>();
        let near = nearest(written.value, usable.chain(verbs));
        // Whoever begins with `who` asks for a person, and has not mistyped `why`; who is polite means no verb.
        let asks_who = written.value.eq_ignore_ascii_case("who");
        let is_polite = written.value.eq_ignore_ascii_case("please");
        let near = near.filter(|near| !(is_polite || asks_who && *near == BuiltInVerb::Why.word())).map(str::to_owned);
        self.told(written.span, Kind::UnknownVerb { verb: written.value.to_owned() }).perhaps_suggesting(near)
    }

    fn unknown_topic(&self, written: Spanned<&str>, vocabulary: &Vocabulary) -> Misunderstanding {
        let usable = vocabulary.usable.iter().map(CommandName::as_str);
        let verbs = BuiltInVerb::ALL.map(BuiltInVerb::word);
        let known = usable.chain(verbs).chain(Purpose::ALL.map(Purpose::word)).chain(["servers", "times"]);
        let near = nearest(written.value, known).map(str::to_owned);
        self.told(written.span, Kind::UnknownTopic { topic: written.value.to_owned() }).perhaps_suggesting(near)
    }
}

fn help(cursor: &Cursor<'_>, place: usize, vocabulary: &Vocabulary) -> Result<Intent, Misunderstanding> {
    let (written, after) = cursor.word(place);
    if written.value.is_empty() {
        return Ok(Intent::Help { topic: None });
    }
    let Some(topic) = topic(&written.value.to_lowercase(), vocabulary) else {
        // A purpose may be named by more than its first word.
        if let Some(purpose) = purpose(&cursor.rest(place).to_lowercase()) {
            return Ok(Intent::Help { topic: Some(HelpTopic::Purpose(purpose)) });
        }
        if purpose(&written.value.to_lowercase()).is_some() {
            cursor.expect_end(after)?;
        }
        return Err(cursor.unknown_topic(written, vocabulary));
    };
    cursor.expect_end(after)?;
    Ok(Intent::Help { topic: Some(topic) })
}

/// A command's own name wins over any other meaning of the word.
fn topic(word: &str, vocabulary: &Vocabulary) -> Option<HelpTopic> {
    if let Some(spec) = vocabulary.command(word) {
        return Some(HelpTopic::Command(spec.name.clone()));
    }
    match word {
        "servers" | "server" | "selectors" | "selector" => Some(HelpTopic::Servers),
        "times" | "time" | "at" | "in" => Some(HelpTopic::Times),
        "pause" => Some(HelpTopic::Verb(BuiltInVerb::Hold)),
        "resume" => Some(HelpTopic::Verb(BuiltInVerb::Release)),
        _ => BuiltInVerb::of_word(word).map(HelpTopic::Verb),
    }
}

/// The purpose whose title begins with these words.
fn purpose(words: &str) -> Option<Purpose> {
    let begins = |title: String| title.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    Purpose::ALL.into_iter().find(|purpose| begins(purpose.title().to_lowercase()))
}

fn status(cursor: &Cursor<'_>, place: usize) -> Result<Intent, Misunderstanding> {
    if cursor.rest(place).is_empty() {
        return Ok(Intent::Status { selector: None });
    }
    let (selector, end) = parse_selector(cursor.line, place)?;
    let place = after_selector(cursor, end)?;
    cursor.expect_end(place)?;
    Ok(Intent::Status { selector: Some(selector) })
}

/// The id of a request, to the end of the line.
pub(super) fn request(cursor: &Cursor<'_>, place: usize) -> Result<RequestId, Misunderstanding> {
    let (written, after) = cursor.word(place);
    if written.value.is_empty() {
        return Err(cursor.told(cursor.end(), Kind::Unexpected { expected: Expected::RequestId }));
    }
    let Some(request) = RequestId::parse(&written.value.to_lowercase()) else {
        return Err(cursor.told(written.span, Kind::NotARequest { text: written.value.to_owned() }));
    };
    cursor.expect_end(after)?;
    Ok(request)
}

fn plan(cursor: &Cursor<'_>, place: usize, vocabulary: &Vocabulary) -> Result<Planned, Misunderstanding> {
    if cursor.rest(place).is_empty() {
        return Err(cursor.told(cursor.end(), Kind::Unexpected { expected: Expected::Verb }));
    }
    let Said { verb, end, next } = verb(cursor, place, vocabulary)?;
    match verb {
        Verb::Command(spec) => work(cursor, next, spec, vocabulary).map(Planned::Work),
        Verb::BuiltIn(BuiltInVerb::Cancel) => Ok(Planned::Cancel { request: request(cursor, next)? }),
        Verb::BuiltIn(BuiltInVerb::Plan | BuiltInVerb::CloseBreaker) => {
            Err(cursor.told(place..end, Kind::Unexpected { expected: Expected::Verb }))
        }
        Verb::BuiltIn(
            verb @ (BuiltInVerb::Help
            | BuiltInVerb::Status
            | BuiltInVerb::CanI
            | BuiltInVerb::WhoCan
            | BuiltInVerb::Why
            | BuiltInVerb::Queue
            | BuiltInVerb::Out),
        ) => {
            // What only looks is sent as it is.
            Err(cursor.told(0..end, Kind::NothingToPlan { verb }).suggesting(verb.word()))
        }
        // Suggesting to send it would be a strange answer to somebody who wants to look first.
        Verb::BuiltIn(verb @ (BuiltInVerb::Override | BuiltInVerb::Retry)) => {
            Err(cursor.told(place..end, Kind::NothingToPlan { verb }))
        }
        Verb::BuiltIn(BuiltInVerb::State) => declaring::state(cursor, next).map(Planned::Declare),
        // What stops things, and what lets them go on, can be looked at before.
        Verb::BuiltIn(
            verb @ (BuiltInVerb::StopEverything
            | BuiltInVerb::ResumeEverything
            | BuiltInVerb::Freeze
            | BuiltInVerb::Thaw
            | BuiltInVerb::Hold
            | BuiltInVerb::Release
            | BuiltInVerb::Blacklist
            | BuiltInVerb::Unblacklist),
        ) => match braking::read(cursor, verb, next, vocabulary) {
            Some(read) => read.map(Planned::Brake),
            None => Err(cursor.told(0..end, Kind::NothingToPlan { verb })),
        },
    }
}

fn work(
    cursor: &Cursor<'_>,
    place: usize,
    spec: &CommandSpec,
    vocabulary: &Vocabulary,
) -> Result<WorkIntent, Misunderstanding> {
    let rest = cursor.rest(place);
    let names_nothing = ends_servers(rest);
    let (selector, place) = match (&spec.targets, names_nothing) {
        (Targets::None, true) => (None, place),
        (Targets::None, false) => return Err(selector_not_taken(cursor, place, spec)),
        (Targets::Sites { .. }, true) => {
            let told = cursor.told(place..place, Kind::Unexpected { expected: Expected::Sites });
            return Err(lacking_subjects(told, MissingPart::Sites, Parameters::new(cursor, spec, vocabulary)));
        }
        (Targets::Servers { .. }, true) => {
            let told = cursor.told(place..place, Kind::MissingSelector { command: spec.name.clone() });
            return Err(lacking_subjects(told, MissingPart::Servers, Parameters::new(cursor, spec, vocabulary)));
        }
        (Targets::Servers { .. } | Targets::Sites { .. }, false) => selector(cursor, place)?,
    };
    let (parameters, start) = Parameters::new(cursor, spec, vocabulary).read(place)?;
    Ok(WorkIntent { command: spec.name.clone(), selector, parameters, start })
}

pub(super) fn selector_not_taken(cursor: &Cursor<'_>, place: usize, spec: &CommandSpec) -> Misunderstanding {
    let (written, _) = cursor.word(place);
    let better = because_like(written.value).map(str::to_owned);
    let kind = Kind::SelectorNotTaken { command: spec.name.clone() };
    cursor.told(written.span, kind).perhaps_suggesting(better)
}

/// With everything else that the line lacks besides its subjects.
fn lacking_subjects(told: Misunderstanding, part: MissingPart, rest: Parameters<'_>) -> Misunderstanding {
    let at = told.span.start;
    let others = rest.read(at).err().map(|told| told.missing).unwrap_or_default();
    told.lacking(std::iter::once(Missing { at, part }).chain(others).collect())
}

pub(super) fn selector(
    cursor: &Cursor<'_>,
    place: usize,
) -> Result<(Option<Spanned<Selector>>, usize), Misunderstanding> {
    let (selector, end) = parse_selector(cursor.line, place)?;
    Ok((Some(selector), after_selector(cursor, end)?))
}

/// Whether what stands there is no part of a selector.
pub(super) fn ends_servers(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with("--") || begins_reason(rest) || begins_start(rest)
}

/// `because`, if the word is near it or says the same.
pub(super) fn because_like(word: &str) -> Option<&'static str> {
    const SAME: [&str; 13] =
        ["cause", "cuz", "cos", "coz", "bc", "for", "since", "reason", "reason:", "weil", "porque", "car", "jo"];
    let is_same = SAME.iter().any(|same| word.eq_ignore_ascii_case(same));
    if is_same { Some("because") } else { nearest(word, ["because"]) }
}

/// Whether a time to begin is said there: the word `at` or `in`, in any case.
pub(super) fn begins_start(rest: &str) -> bool {
    let word = rest.split(' ').next().unwrap_or_default();
    word.eq_ignore_ascii_case("at") || word.eq_ignore_ascii_case("in")
}

/// A selector ends at a space before `--`, `at`, `in` or `because`, or with the line.
pub(super) fn after_selector(cursor: &Cursor<'_>, end: usize) -> Result<usize, Misunderstanding> {
    let next = cursor.past_spaces(end);
    let rest = cursor.rest(next);
    if rest.is_empty() || (next > end && ends_servers(rest)) {
        return Ok(next);
    }
    let (written, _) = cursor.word(next);
    let better = match written.value {
        "and" => Some(if cursor.line.contains('=') { "&" } else { "," }.to_owned()),
        "or" => Some(",".to_owned()),
        "not" | "without" => Some("!".to_owned()),
        word if next > end && word.starts_with('-') => Some(format!("-{word}")),
        word => because_like(word).map(str::to_owned),
    };
    let kind = Kind::Unexpected { expected: Expected::AfterServers };
    Err(cursor.told(written.span, kind).perhaps_suggesting(better))
}
