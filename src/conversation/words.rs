//! Small words that every message is made of: counts, lists, quotes, and the builder of running text.
//!
//! Deliberately absent: anything that knows a request.

use super::message::{Button, Confirm, Piece, Press, Rich, Style};
use crate::domain::identity::{GroupName, PersonId};
use crate::domain::ids::Handle;
use crate::domain::intent::Value;
use crate::domain::limits::QUOTED_LENGTH_MAX_CHARS;
use crate::domain::time::Timestamp;
use crate::language::written_moment;

/// The longest line of a lock screen.
pub(super) const SUMMARY_LENGTH_MAX_CHARS: usize = 110;
/// The most patterns of server names in one line.
pub(super) const PATTERNS_MAX: usize = 3;
/// What becomes of what an automation takes back.
pub(super) const NOT_NEEDED: &str = "not needed any more";

/// Running text under construction; neighbouring plain texts become one piece.
#[derive(Default)]
pub(super) struct Prose(Rich);

impl Prose {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn text(mut self, more: impl AsRef<str>) -> Self {
        match self.0.last_mut() {
            Some(Piece::Text(text)) => text.push_str(more.as_ref()),
            Some(_) | None => self.0.push(Piece::Text(more.as_ref().to_owned())),
        }
        self
    }

    pub(super) fn bold(self, text: impl Into<String>) -> Self {
        self.piece(Piece::Bold(text.into()))
    }

    /// A literal, or a text of a person or server made harmless.
    pub(super) fn code(self, text: impl AsRef<str>) -> Self {
        self.piece(Piece::Code(quoted(text.as_ref())))
    }

    pub(super) fn time(self, at: Timestamp) -> Self {
        self.piece(Piece::Time(at))
    }

    /// Mentions a person; an automation is only named.
    pub(super) fn person(self, person: &PersonId) -> Self {
        match person.automation() {
            Some(name) => self.text(format!("automation {}", quoted(name.as_str()))),
            None => self.piece(Piece::Person(person.clone())),
        }
    }

    pub(super) fn group(self, group: &GroupName) -> Self {
        self.piece(Piece::Group(group.clone()))
    }

    pub(super) fn piece(mut self, piece: Piece) -> Self {
        self.0.push(piece);
        self
    }

    pub(super) fn rich(mut self, more: Rich) -> Self {
        for piece in more {
            self = match piece {
                Piece::Text(text) => self.text(text),
                piece @ (Piece::Bold(_)
                | Piece::Code(_)
                | Piece::Preformatted(_)
                | Piece::Person(_)
                | Piece::Group(_)
                | Piece::Time(_)
                | Piece::Link { .. }) => self.piece(piece),
            };
        }
        self
    }

    /// A new line, unless the text is empty or stands at the beginning of one already.
    pub(super) fn line(self) -> Self {
        match self.0.last() {
            None => self,
            Some(Piece::Text(text)) if text.ends_with('\n') => self,
            Some(_) => self.text("\n"),
        }
    }

    /// A dot between facts, unless a line begins here.
    pub(super) fn dot(self) -> Self {
        match self.0.last() {
            None => self,
            Some(Piece::Text(text)) if text.ends_with('\n') => self,
            Some(_) => self.text(" · "),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, without a line that was begun and not used.
    pub(super) fn done(mut self) -> Rich {
        if let Some(Piece::Text(text)) = self.0.last_mut() {
            text.truncate(text.trim_end().len());
            if text.is_empty() {
                self.0.pop();
            }
        }
        self.0
    }
}

/// `1 server`, `20 servers`.
pub(super) fn servers(count: usize) -> String {
    counted(count, "server")
}

/// `1 place`, `4 places`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `1st`, `2nd`, `11th`.
pub(super) fn ordinal(number: u32) -> String {
    let end = match (number % 10, number % 100) {
        (1..=3, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        (_, _) => "th",
    };
    format!("{number}{end}")
}

/// `is` or `are`.
pub(super) const fn is_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// With a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `bob`, `bob and dee`, `bob, dee and tim`.
pub(super) fn listed<T: AsRef<str>>(items: &[T], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., end] => {
            let first = first.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
            format!("{first} {last} {}", end.as_ref())
        }
    }
}

/// At most three, then `+ 2 more`.
pub(super) fn first_three<T: AsRef<str>>(items: &[T]) -> String {
    let shown = items.iter().take(PATTERNS_MAX).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(PATTERNS_MAX) {
        0 => shown,
        hidden => format!("{shown} + {hidden} more"),
    }
}

/// A text of a person or a server on one line, without what nobody can see, cut to what messages repeat.
pub(super) fn quoted(text: &str) -> String {
    let seen = text.chars().filter(|letter| !is_hidden(*letter));
    let tame = seen.map(|letter| match letter {
        '`' => '\'',
        letter if letter.is_control() => ' ',
        letter => letter,
    });
    cut(tame.collect::<String>().trim(), QUOTED_LENGTH_MAX_CHARS)
}

/// A parameter's value as people read it: a time in the zone in which it was meant.
pub(super) fn told(value: &Value) -> String {
    match value {
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
    }
}

/// Characters that turn the direction of writing or take no place.
fn is_hidden(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// At most that many characters, the last one `…` if some were left out.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept = text.chars().take(chars_max.saturating_sub(1)).collect::<String>();
    format!("{}…", kept.trim_end())
}

/// One line for a lock screen.
pub(super) fn summary(text: impl AsRef<str>) -> String {
    let line = text.as_ref().split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, SUMMARY_LENGTH_MAX_CHARS)
}

/// `14:05 UTC`, where a text cannot carry a time of the reader's own zone.
pub(super) fn clock(at: Timestamp) -> String {
    format!("{} UTC", at.clock_text())
}

/// A count as the size of a list.
pub(super) fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A button that sends a stored control back.
pub(super) fn button(label: impl Into<String>, verb: &str, handle: &Handle) -> Button {
    let press = Press::Control { verb: verb.to_owned(), handle: handle.clone() };
    Button { label: label.into(), press, style: Style::Plain, confirm: None }
}

impl Button {
    /// The same button as the one to press.
    pub(super) fn primary(self) -> Self {
        Self { style: Style::Primary, ..self }
    }

    /// The same button as one that takes something away.
    pub(super) fn danger(self) -> Self {
        Self { style: Style::Danger, ..self }
    }

    /// The same button with a question before it counts.
    pub(super) fn asking(self, confirm: Confirm) -> Self {
        Self { confirm: Some(confirm), ..self }
    }
}
