//! What people see, as text: the only format that stories compare. Ids and times are cleaned here and nowhere else.

use super::chat::{Row, State, What};
use wrasse::conversation::message::{Block, Button, FormBlock, Message, Press};
use wrasse::conversation::plain;
use wrasse::domain::identity::PersonId;
use wrasse::domain::ids::Handle;
use wrasse::domain::place::{ChannelId, MessageRef, MessageTs, ReplyPath};
use wrasse::ports::chat::{Shown, ViewId};

/// Turns texts into texts that are the same in every performance.
#[derive(Default)]
pub(super) struct Cleaner {
    /// Request ids in the order they were first seen.
    requests: Vec<String>,
    /// User ids with names.
    pub(super) people: Vec<(String, String)>,
}

impl Cleaner {
    /// Numbers requests as they appear; hides clock times, plan hashes and addresses.
    pub(super) fn clean(&mut self, text: &str) -> String {
        let mut cleaned = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (piece, length) = self.piece(rest).unwrap_or((first.to_string(), first.len_utf8()));
            cleaned.push_str(&piece);
            rest = &rest[length..];
        }
        for (user, name) in &self.people {
            cleaned = cleaned.replace(&format!("@{user}"), &format!("@{name}"));
        }
        cleaned
    }

    fn piece(&mut self, rest: &str) -> Option<(String, usize)> {
        for prefix in ["req-", "run-"] {
            if let Some(tail) = rest.strip_prefix(prefix).and_then(|tail| tail.get(..4))
                && tail.starts_with("222")
            {
                let place = self.requests.iter().position(|known| known == tail).unwrap_or_else(|| {
                    self.requests.push(tail.to_owned());
                    self.requests.len() - 1
                });
                return Some((format!("{prefix}{:04}", place + 1), 8));
            }
        }
        let bytes = rest.as_bytes();
        let digits = |places: &[usize]| places.iter().all(|place| bytes.get(*place).is_some_and(u8::is_ascii_digit));
        if digits(&[0, 1, 3, 4]) && bytes.get(2) == Some(&b':') {
            let length = if rest[5..].starts_with(" UTC") { 9 } else { 5 };
            return Some(("hh:mm".to_owned(), length));
        }
        if rest.starts_with("plan ") && rest.get(5..9).is_some_and(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Some(("plan 0000".to_owned(), 9));
        }
        if rest.starts_with("set ") && rest.get(4..8).is_some_and(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Some(("set 0000".to_owned(), 8));
        }
        if let Some(length) = rest.strip_prefix("after ").and_then(time_taken) {
            return Some(("after some time".to_owned(), "after ".len() + length));
        }
        if let Some(length) = time_taken(rest) {
            return Some(("some time".to_owned(), length));
        }
        if rest.starts_with("https://chat.example/") {
            let length = rest.find(['>', ' ', '\n']).unwrap_or(rest.len());
            return Some(("link".to_owned(), length));
        }
        None
    }
}

/// The length of `5 s`, `20 min` or `3 h` where something tells how long it took: a crash makes it longer.
fn time_taken(rest: &str) -> Option<usize> {
    let digits = rest.find(|character: char| !character.is_ascii_digit()).filter(|digits| *digits > 0)?;
    let (unit, after) =
        [" s", " min", " h"].into_iter().find_map(|unit| Some((unit, rest[digits..].strip_prefix(unit)?)))?;
    let tells = [".", " · asked", " queued", ", of which"].into_iter().any(|word| after.starts_with(word));
    tells.then_some(digits + unit.len())
}

/// Which rows a look takes in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(super) channel: ChannelId,
    /// The first row.
    pub(super) start: usize,
}

impl Place {
    fn holds(&self, number: usize, row: &Row) -> bool {
        number >= self.start && row.channel == self.channel
    }
}

/// Everything in that place as it is now.
pub(super) fn whole(state: &mut State, cleaner: &mut Cleaner, place: &Place) -> String {
    look(state, cleaner, |number, row| place.holds(number, row))
}

/// What is new or changed in that place since it was last looked at.
pub(super) fn news(state: &mut State, cleaner: &mut Cleaner, place: &Place) -> String {
    let mut lines = Vec::new();
    for number in in_order(state) {
        if !place.holds(number, &state.rows[number]) {
            continue;
        }
        let text = cleaner.clean(&words(&state.rows[number], cleaner));
        let row = &mut state.rows[number];
        let sign = match (&row.seen, &row.what) {
            (Some(seen), _) if *seen == text => continue,
            (Some(_), _) => '~',
            (None, what) => usual_sign(what),
        };
        lines.push(line(&row.what, sign, &text));
        row.seen = Some(text);
    }
    lines.join("\n")
}

/// Everything everywhere, without counting as a look.
pub(super) fn everything(state: &State, cleaner: &mut Cleaner) -> String {
    let mut lines = Vec::new();
    for number in in_order(state) {
        let row = &state.rows[number];
        let text = cleaner.clean(&words(row, cleaner));
        let sign = if row.seen.as_ref() == Some(&text) { ' ' } else { '!' };
        let shown = line(&row.what, usual_sign(&row.what), &text);
        lines.push(format!("{sign} {} {}", row.channel, shown.replace('\n', "\n  ")));
    }
    lines.join("\n")
}

/// What nobody looked at, or what changed since.
pub(super) fn unread(state: &State, cleaner: &mut Cleaner) -> Vec<String> {
    let mut unread = Vec::new();
    for row in &state.rows {
        if matches!(row.what, What::Act { .. }) {
            continue;
        }
        let text = cleaner.clean(&words(row, cleaner));
        if row.seen.as_ref() != Some(&text) {
            unread.push(format!("{}: {}", row.channel, line(&row.what, usual_sign(&row.what), &text)));
        }
    }
    unread
}

fn look(state: &mut State, cleaner: &mut Cleaner, shows: impl Fn(usize, &Row) -> bool) -> String {
    let mut lines = Vec::new();
    for number in in_order(state) {
        if !shows(number, &state.rows[number]) {
            continue;
        }
        let text = cleaner.clean(&words(&state.rows[number], cleaner));
        let row = &mut state.rows[number];
        lines.push(line(&row.what, usual_sign(&row.what), &text));
        row.seen = Some(text);
    }
    lines.join("\n")
}

/// Within one beat: what the person did, what only they see, what everybody sees, thread by thread.
fn in_order(state: &State) -> Vec<usize> {
    let card = |ts: &MessageTs| {
        let is_it = |row: &Row| matches!(&row.what, What::Post { at, .. } if at.ts == *ts);
        state.rows.iter().position(is_it)
    };
    let mut numbers: Vec<usize> = (0..state.rows.len()).collect();
    numbers.sort_by_cached_key(|number| {
        let row = &state.rows[*number];
        let (class, of) = match &row.what {
            What::Act { .. } => (0, *number),
            What::Private { .. } | What::Form { .. } => (1, *number),
            What::Post { thread, .. } => (2, thread.as_ref().and_then(card).unwrap_or(*number)),
        };
        (row.beat, class, of, *number)
    });
    numbers
}

fn usual_sign(what: &What) -> char {
    match what {
        // A reply that is shown in the channel as well.
        What::Post { thread: Some(_), shown: Shown::InChannelToo, .. } => '»',
        What::Post { thread: Some(_), .. } => '>',
        What::Post { .. } | What::Act { .. } | What::Private { .. } | What::Form { .. } => ' ',
    }
}

fn line(what: &What, sign: char, text: &str) -> String {
    let text = text.replace('\n', "\n      ");
    match what {
        What::Act { who, .. } => format!("{who:<5} {text}"),
        What::Post { .. } | What::Private { .. } | What::Form { .. } => format!("bot {sign} {text}"),
    }
}

fn words(row: &Row, cleaner: &Cleaner) -> String {
    let name = |person: &PersonId| {
        let found = cleaner.people.iter().find(|(user, _)| user == person.user.as_str());
        found.map_or_else(|| person.user.to_string(), |(_, name)| name.clone())
    };
    match &row.what {
        What::Act { text, .. } => text.clone(),
        What::Post { message, .. } => plain::render(message),
        What::Private { to, message, .. } if to.path == ReplyPath::Direct => of_the_moment(&plain::render(message)),
        What::Private { to, message, .. } => {
            format!("(only {}) {}", name(&to.person), of_the_moment(&plain::render(message)))
        }
        What::Form { person, form, .. } => {
            // A form to fill in is shown whole by `Person::form`; here its title says that it is open.
            let text = match &form.submit {
                Some(submit) => format!("{} [{submit}]", form.title),
                None => plain::render_form(form),
            };
            format!("(form for {}) {text}", name(person))
        }
    }
}

/// An echo with a link says how the request stood at the moment when the card was up; a moment later it is old.
fn of_the_moment(text: &str) -> String {
    let line = |line: &str| match (line.strip_prefix("~ req-"), line.rfind(" · card ")) {
        (Some(_), Some(card)) => {
            let id = line.find(" · ").unwrap_or(card);
            format!("{} · …{}", &line[..id], &line[card..])
        }
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A button that somebody can press now.
#[derive(Clone, Debug)]
pub(crate) struct Pressable {
    pub(super) handle: Handle,
    pub(super) at: Option<MessageRef>,
    pub(super) thread: Option<MessageTs>,
    pub(super) view: Option<ViewId>,
    /// What was asked before the press counts.
    pub(super) asked: Option<String>,
}

/// The newest button of that name that the person sees in that place, on a message that says all of `with`.
pub(super) fn button(state: &State, place: &Place, person: &PersonId, wanted: (&str, &str)) -> Option<Pressable> {
    let (label, with) = wanted;
    let mut shown = state.rows.iter().enumerate().filter(|(number, row)| place.holds(*number, row));
    let mut found = None;
    for (_, row) in shown.by_ref() {
        let (at, thread, view, buttons, text) = match &row.what {
            What::Post { at, thread, message, .. } => {
                (Some(at.clone()), thread.clone(), None, buttons(message), plain::render(message))
            }
            What::Private { to, message, .. } if to.person == *person => {
                (None, None, None, buttons(message), plain::render(message))
            }
            What::Form { person: owner, view, form } if owner == person => {
                let rows = form.blocks.iter().filter_map(|block| match block {
                    FormBlock::Actions(buttons) => Some(buttons.clone()),
                    FormBlock::Warning(_)
                    | FormBlock::Section(_)
                    | FormBlock::Context(_)
                    | FormBlock::Choice { .. }
                    | FormBlock::Input { .. }
                    | FormBlock::Select { .. } => None,
                });
                (None, None, Some(view.clone()), rows.flatten().collect(), plain::render_form(form))
            }
            What::Act { .. } | What::Private { .. } | What::Form { .. } => continue,
        };
        for button in buttons {
            let Press::Control { handle, .. } = button.press else { continue };
            if button.label == label && text.contains(with) {
                let asked =
                    button.confirm.map(|confirm| format!("{} {} [{}]", confirm.title, confirm.text, confirm.yes));
                found = Some(Pressable { handle, at: at.clone(), thread: thread.clone(), view: view.clone(), asked });
            }
        }
    }
    found
}

/// What the first button of that name on a message sends back.
pub(super) fn pressable(message: &Message, label: &str) -> Option<Handle> {
    let named = buttons(message).into_iter().filter(|button| button.label == label);
    named.into_iter().find_map(|button| match button.press {
        Press::Control { handle, .. } => Some(handle),
        Press::Open(_) => None,
    })
}

fn buttons(message: &Message) -> Vec<Button> {
    let rows = message.blocks.iter().filter_map(|block| match block {
        Block::Actions(buttons) => Some(buttons.clone()),
        Block::Section(_) | Block::Context(_) | Block::Steps { .. } => None,
    });
    rows.flatten().collect()
}
