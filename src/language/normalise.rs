//! What phones, Macs and web pages do to a line, undone: quotes, dashes, spaces, dots, backslashes, code ticks.
//!
//! Quoted text and the text after `because` keep their characters; a mention in a reason reads as people saw it. Nothing is guessed inside a name. Normalising
//! twice changes nothing, so that places in the line stay true.

use super::hidden::{hidden_name, is_zero_width};
use super::mentions::as_seen;
use super::quotes::{Quotes, inside, quoted, unescaped};
use crate::domain::limits::LINE_LENGTH_MAX_CHARS;
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};

/// The line as the grammar reads it.
///
/// # Errors
/// Too long, empty, hidden characters, a quoted text without an end.
pub fn normalise(line: &str) -> Result<String, Misunderstanding> {
    let chars = line.chars().count();
    if chars > LINE_LENGTH_MAX_CHARS {
        return Err(Misunderstanding::new("", 0..0, Kind::TooLong { chars }));
    }
    let spaced = spaced(line);
    refuse_hidden(&spaced)?;
    let mut text = String::with_capacity(spaced.len());
    let mut rest = spaced.as_str();
    while let Some(character) = rest.chars().next() {
        let is_word_start = text.is_empty() || text.ends_with([' ', '=']);
        if is_word_start && begins_reason(rest) {
            text.push_str(&as_seen(rest));
            break;
        }
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        if is_word_start && let Some(quotes) = Quotes::opened_by(character) {
            let Some((inside, after)) = quotes.split(after) else {
                return Err(unclosed(text, rest));
            };
            text.push_str(&quoted(&unescaped(inside)));
            rest = after;
            continue;
        }
        if character == '`' || (character == ' ' && (text.is_empty() || text.ends_with(' '))) {
            rest = after;
            continue;
        }
        // Phones make a full stop of two spaces. None of what may stand there ends with one.
        let word_end = text.trim_end_matches('.').len();
        if character == ' ' && !text.get(..word_end).is_none_or(|before| before.is_empty() || before.ends_with(' ')) {
            text.truncate(word_end);
        }
        if let Some(escaped) = past_backslashes(rest) {
            rest = escaped;
            continue;
        }
        push_plain(character, is_word_start, after, &mut text);
        rest = after;
    }
    let end = text.trim_end_matches(['.', ' ']).len();
    text.truncate(end);
    if text.is_empty() {
        return Err(Misunderstanding::new("", 0..0, Kind::Empty));
    }
    Ok(text)
}

/// Whether the reason begins here: the word `because`, in any case.
pub(super) fn begins_reason(rest: &str) -> bool {
    let word = rest.split(' ').next().unwrap_or_default();
    word.trim_end_matches(':').eq_ignore_ascii_case("because")
}

/// Past the backslashes before a mark of the grammar: that is how text copied from a shell or from Markdown has it.
fn past_backslashes(rest: &str) -> Option<&str> {
    if !rest.starts_with('\\') {
        return None;
    }
    // A tick is left out as well, and may stand between.
    let after = rest.trim_start_matches(['\\', '`']);
    let is_mark = after.starts_with(['[', ']', '(', ')', '*', '_', '~', '&', '!', '^', '-', '=']);
    is_mark.then_some(after)
}

fn push_plain(character: char, is_word_start: bool, after: &str, text: &mut String) {
    match character {
        '—' | '–' | '―' | '−' if is_word_start && after.starts_with(|next: char| next.is_ascii_alphabetic()) => {
            text.push_str("--");
        }
        '…' => text.push_str("..."),
        '’' | '‘' => text.push('\''),
        '“' | '”' => text.push('"'),
        _ => text.push(character),
    }
}

/// All kinds of spaces as one, single, none at the ends; without quotes or ticks around the whole line. A quoted text keeps its words, not its spacing.
fn spaced(line: &str) -> String {
    let is_space = |letter: char| {
        matches!(
            letter,
            ' ' | '\t' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
        )
    };
    let words: Vec<&str> = line.trim().split(is_space).filter(|word| !word.is_empty()).collect();
    let mut line = words.join(" ");
    loop {
        // A full stop behind the quotes says nothing, as it says nothing at the end of any line.
        let shown = line.trim_end_matches(['.', '…', ' ']);
        match without_ticks(shown).or_else(|| inside(shown)) {
            Some(inner) => line = inner,
            None => return line,
        }
    }
}

/// The line without the ticks that show it as code, if they stand around the whole.
fn without_ticks(line: &str) -> Option<String> {
    let inner = line.strip_prefix('`')?.strip_suffix('`')?.trim_matches('`');
    (!inner.contains('`')).then(|| inner.trim_matches(' ').to_owned())
}

fn refuse_hidden(line: &str) -> Result<(), Misunderstanding> {
    let Some((start, character)) = line.char_indices().find(|(_, character)| hidden_name(*character).is_some()) else {
        return Ok(());
    };
    let span = start..start + character.len_utf8();
    let mut told = Misunderstanding::new(line, span, Kind::HiddenCharacter { character });
    if line.chars().all(|character| hidden_name(character).is_none() || is_zero_width(character)) {
        told.corrected = Some(line.chars().filter(|character| !is_zero_width(*character)).collect());
    }
    Err(told)
}

fn unclosed(mut text: String, rest: &str) -> Misunderstanding {
    let start = text.len();
    text.push_str(rest);
    let end = start + rest.chars().next().map_or(0, char::len_utf8);
    Misunderstanding::new(&text, start..end, Kind::UnclosedQuote)
}
