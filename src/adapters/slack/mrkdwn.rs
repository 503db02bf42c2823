//! Pieces of text as Slack's mrkdwn: escaped, with people's own formatting signs made harmless, in chunks that fit.
//!
//! Deliberately absent: blocks (`blocks`) and reading what people typed (`text`).

use super::text::escaped;
use crate::conversation::message::Piece;
use crate::domain::identity::GroupName;
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// What rendering needs to know besides the message.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// The ids of the groups that can be mentioned.
    pub(super) groups: BTreeMap<GroupName, String>,
    /// The moment of rendering, for times that are not of today.
    pub(super) now: Timestamp,
    /// New for each rendering, so that Slack clients see changed controls as new.
    pub(super) salt: String,
}

/// A time further away than this is shown with its date.
const SHOWN_WITH_DATE_BEYOND: Duration = Duration::from_secs(12 * 3600);

/// The pieces in chunks of at most that many characters.
pub(super) fn chunks(pieces: &[Piece], limit: usize, around: &Surroundings) -> Vec<String> {
    let mut done = Vec::new();
    let mut current = String::new();
    for piece in pieces {
        let mut waiting = Some(piece.clone());
        while let Some(piece) = waiting.take() {
            let rendered = rendered(&piece, around);
            let room = limit.saturating_sub(length(&current));
            if length(&rendered) <= room {
                current.push_str(&rendered);
            } else if let Some((head, tail)) = split(&piece, room) {
                current.push_str(&self::rendered(&head, around));
                done.push(std::mem::take(&mut current));
                waiting = Some(tail);
            } else if current.is_empty() {
                // It cannot be divided and is too long on its own: what it says is cut.
                current.push_str(&escaped(&cut(&plain(&piece), limit / 5)));
            } else {
                done.push(std::mem::take(&mut current));
                waiting = Some(piece);
            }
        }
    }
    if !current.trim().is_empty() {
        done.push(current);
    }
    done
}

/// The pieces as unformatted text, for places that take no markup.
pub(super) fn plain_text(pieces: &[Piece]) -> String {
    pieces.iter().map(plain).collect()
}

/// At most that many characters, with `…` where something was left out.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if length(text) <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

/// Length as Slack counts it.
pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

fn rendered(piece: &Piece, around: &Surroundings) -> String {
    match piece {
        Piece::Text(text) => escaped(&harmless(text)),
        Piece::Bold(text) => wrapped(&harmless(text), "*"),
        Piece::Code(text) => wrapped(&text.replace('`', "'").replace('\n', " "), "`"),
        Piece::Preformatted(text) => format!("```\n{}\n```", escaped(&text.replace('`', "'"))),
        Piece::Person(person) => format!("<@{}>", only_id(person.user.as_str())),
        Piece::Group(group) => match around.groups.get(group) {
            Some(id) => format!("<!subteam^{}>", only_id(id)),
            None => escaped(&harmless(&format!("@{group}"))),
        },
        Piece::Time(time) => time_for_reader(*time, around.now),
        Piece::Link { url, label } if is_web_address(url) => {
            format!("<{}|{}>", escaped(url).replace('|', "%7C"), escaped(&harmless(label)).replace('|', "¦"))
        }
        Piece::Link { label, .. } => escaped(&harmless(label)),
    }
}

/// Text between two signs; nothing at all rather than two signs side by side. Blanks stay outside, as signs next to
/// a blank do not format.
fn wrapped(text: &str, sign: &str) -> String {
    let inner = text.trim();
    let Some(start) = text.find(inner).filter(|_| !inner.is_empty()) else {
        return text.to_owned();
    };
    let (before, after) = (text.get(..start).unwrap_or_default(), text.get(start + inner.len()..).unwrap_or_default());
    format!("{before}{sign}{}{sign}{after}", escaped(inner))
}

/// Replaces the signs that would format by chance: at the border of a word Slack pairs them up.
fn harmless(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_inside =
        |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|letter| letter.is_alphanumeric());
    let mut out = String::with_capacity(text.len());
    for (at, letter) in letters.iter().enumerate() {
        let is_within_word = is_inside(at.checked_sub(1)) && is_inside(Some(at + 1));
        out.push(match letter {
            '*' if !is_within_word => '∗',
            '~' if !is_within_word => '∼',
            '_' if !is_within_word => 'ˍ',
            '`' => '\'',
            other => *other,
        });
    }
    out
}

fn time_for_reader(time: Timestamp, now: Timestamp) -> String {
    let is_near = time.since(now).max(now.since(time)) <= SHOWN_WITH_DATE_BEYOND;
    let form = if is_near { "{time}" } else { "{date_short_pretty} {time}" };
    format!("<!date^{}^{form}|{}>", time.seconds(), time_in_utc(time, is_near))
}

fn time_in_utc(time: Timestamp, is_near: bool) -> String {
    match chrono::DateTime::from_timestamp_millis(time.millis()).filter(|_| !is_near) {
        Some(date) => date.format("%-d %b %H:%M UTC").to_string(),
        None => format!("{} UTC", time.clock_text()),
    }
}

fn is_web_address(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(char::is_whitespace)
}

/// Ids are letters and digits; anything else could end the mention early.
fn only_id(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn plain(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) | Piece::Bold(text) | Piece::Code(text) | Piece::Preformatted(text) => text.clone(),
        Piece::Person(person) => format!("@{}", person.user),
        Piece::Group(group) => format!("@{group}"),
        Piece::Time(time) => time_in_utc(*time, true),
        Piece::Link { label, .. } => label.clone(),
    }
}

/// Divides a piece so that its head, with its signs and escapes, fits; at a line end where there is one.
fn split(piece: &Piece, room: usize) -> Option<(Piece, Piece)> {
    // Each letter may become `&amp;`, and the signs around take at most eight.
    let take = room.saturating_sub(8) / 5;
    if take < 40 {
        return None;
    }
    let halves = |text: &String| -> Option<(String, String)> {
        let end = text.char_indices().nth(take).map(|(end, _)| end)?;
        let (head, tail) = text.split_at_checked(end)?;
        let end = head.rfind('\n').map_or(end, |line_end| line_end + 1);
        let (head, tail_of_line) = text.split_at_checked(end).unwrap_or((head, tail));
        Some((head.trim_end_matches('\n').to_owned(), tail_of_line.to_owned()))
    };
    match piece {
        Piece::Text(text) => halves(text).map(|(head, tail)| (Piece::Text(head), Piece::Text(tail))),
        Piece::Bold(text) => halves(text).map(|(head, tail)| (Piece::Bold(head), Piece::Bold(tail))),
        Piece::Code(text) => halves(text).map(|(head, tail)| (Piece::Code(head), Piece::Code(tail))),
        Piece::Preformatted(text) => {
            halves(text).map(|(head, tail)| (Piece::Preformatted(head), Piece::Preformatted(tail)))
        }
        Piece::Person(_) | Piece::Group(_) | Piece::Time(_) | Piece::Link { .. } => None,
    }
}
