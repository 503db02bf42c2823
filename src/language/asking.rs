//! Questions about what policies say: `can-i` before a line, and `who-can` before a command.
//!
//! Deliberately absent: the answers, which authorization gives.

use super::Vocabulary;
use super::line::{Cursor, Said, Verb, ends_servers, request, selector, selector_not_taken, verb};
use super::parameters::Parameters;
use crate::domain::command::{CommandSpec, Targets};
use crate::domain::intent::{BuiltInVerb, Intent, Planned, WorkIntent};
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};

/// The line that a normalised `can-i` line asks about; any other line as it is.
#[must_use]
pub fn asked_about(line: &str) -> &str {
    let cursor = Cursor { line };
    let (first, next) = cursor.word(0);
    let (second, after) = cursor.word(next);
    let first = first.value.to_lowercase();
    let is_asked = |verb: Option<BuiltInVerb>| verb == Some(BuiltInVerb::CanI);
    let place = if is_asked(BuiltInVerb::of_word(&first)) {
        next
    } else if is_asked(BuiltInVerb::of_words(&first, &second.value.to_lowercase())) {
        after
    } else {
        return line;
    };
    cursor.unasked().rest(place)
}

/// The line behind `can-i`.
pub(super) fn can_i(cursor: &Cursor<'_>, place: usize, vocabulary: &Vocabulary) -> Result<Planned, Misunderstanding> {
    let Said { verb, end, next } = asked_verb(cursor, place, vocabulary, Expected::Verb)?;
    match verb {
        Verb::Command(spec) => work(cursor, next, spec, vocabulary).map(Planned::Work),
        Verb::BuiltIn(BuiltInVerb::Cancel) => Ok(Planned::Cancel { request: request(cursor, next)? }),
        // Who may close one follows from how it stands.
        Verb::BuiltIn(verb @ (BuiltInVerb::CloseBreaker | BuiltInVerb::Retry)) => {
            Err(cursor.told(place..end, Kind::NoPolicySpeaks { verb }))
        }
        Verb::BuiltIn(
            verb @ (BuiltInVerb::StopEverything
            | BuiltInVerb::ResumeEverything
            | BuiltInVerb::Freeze
            | BuiltInVerb::Thaw
            | BuiltInVerb::Hold
            | BuiltInVerb::Release
            | BuiltInVerb::Blacklist
            | BuiltInVerb::Unblacklist
            | BuiltInVerb::State),
        ) => Err(cursor.told(0..end, Kind::NoPolicySpeaks { verb })),
        Verb::BuiltIn(
            verb @ (BuiltInVerb::Help
            | BuiltInVerb::Status
            | BuiltInVerb::Plan
            | BuiltInVerb::CanI
            | BuiltInVerb::WhoCan
            | BuiltInVerb::Why
            | BuiltInVerb::Queue
            | BuiltInVerb::Out),
        ) => Err(cursor.told(0..end, Kind::NoPolicySpeaks { verb }).suggesting(verb.word())),
        Verb::BuiltIn(verb @ BuiltInVerb::Override) => Err(cursor.told(place..end, Kind::NoPolicySpeaks { verb })),
    }
}

/// The command behind `who-can`, and on what.
pub(super) fn who_can(cursor: &Cursor<'_>, place: usize, vocabulary: &Vocabulary) -> Result<Intent, Misunderstanding> {
    let Said { verb, end, next } = asked_verb(cursor, place, vocabulary, Expected::Command)?;
    let spec = match verb {
        Verb::Command(spec) => spec,
        // Who may cancel follows from the request.
        Verb::BuiltIn(
            verb @ (BuiltInVerb::Cancel
            | BuiltInVerb::StopEverything
            | BuiltInVerb::ResumeEverything
            | BuiltInVerb::Freeze
            | BuiltInVerb::Thaw
            | BuiltInVerb::Hold
            | BuiltInVerb::Release
            | BuiltInVerb::Blacklist
            | BuiltInVerb::Unblacklist
            | BuiltInVerb::Override
            | BuiltInVerb::CloseBreaker
            | BuiltInVerb::Retry
            | BuiltInVerb::State),
        ) => {
            return Err(cursor.told(place..end, Kind::NoPolicySpeaks { verb }));
        }
        Verb::BuiltIn(
            verb @ (BuiltInVerb::Help
            | BuiltInVerb::Status
            | BuiltInVerb::Plan
            | BuiltInVerb::CanI
            | BuiltInVerb::WhoCan
            | BuiltInVerb::Why
            | BuiltInVerb::Queue
            | BuiltInVerb::Out),
        ) => return Err(cursor.told(0..end, Kind::NoPolicySpeaks { verb }).suggesting(verb.word())),
    };
    let (word, after) = cursor.word(next);
    let says_on = word.value.eq_ignore_ascii_case("on");
    let place = if says_on { after } else { next };
    let selector = match &spec.targets {
        Targets::Servers { .. } | Targets::Sites { .. } if says_on || !ends_servers(cursor.rest(place)) => {
            let (selector, place) = selector(cursor, place)?;
            cursor.expect_end(place)?;
            selector
        }
        Targets::None if !cursor.rest(next).is_empty() => return Err(selector_not_taken(cursor, next, spec)),
        Targets::None | Targets::Servers { .. } | Targets::Sites { .. } => {
            cursor.expect_end(place)?;
            None
        }
    };
    Ok(Intent::WhoCan { command: spec.name.clone(), selector })
}

fn asked_verb<'a>(
    cursor: &Cursor<'_>,
    place: usize,
    vocabulary: &'a Vocabulary,
    expected: Expected,
) -> Result<Said<'a>, Misunderstanding> {
    if cursor.rest(place).is_empty() {
        return Err(cursor.told(cursor.end(), Kind::Unexpected { expected }));
    }
    verb(cursor, place, vocabulary)
}

/// What is only asked about need not say everything: policies look at the command and its servers alone.
fn work(
    cursor: &Cursor<'_>,
    place: usize,
    spec: &CommandSpec,
    vocabulary: &Vocabulary,
) -> Result<WorkIntent, Misunderstanding> {
    let names_nothing = ends_servers(cursor.rest(place));
    let (selector, place) = match (&spec.targets, names_nothing) {
        (_, true) => (None, place),
        (Targets::None, false) => return Err(selector_not_taken(cursor, place, spec)),
        (Targets::Servers { .. } | Targets::Sites { .. }, false) => selector(cursor, place)?,
    };
    let (parameters, start) = Parameters::new(cursor, spec, vocabulary).read_partly(place)?;
    Ok(WorkIntent { command: spec.name.clone(), selector, parameters, start })
}
