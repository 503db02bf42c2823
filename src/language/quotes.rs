//! Quoted text: its marks, as keyboards, phones and word processors write them, and what is escaped inside.

#[derive(Clone, Copy)]
pub(super) enum Quotes {
    Double,
    Single,
}

impl Quotes {
    pub(super) const fn opened_by(character: char) -> Option<Self> {
        match character {
            '"' | '“' | '”' | '„' | '«' => Some(Self::Double),
            '\'' | '‘' | '’' | '‚' => Some(Self::Single),
            _ => None,
        }
    }

    const fn is_closed_by(self, character: char) -> bool {
        match self {
            Self::Double => is_double_end(character),
            Self::Single => is_single_end(character),
        }
    }

    /// The quoted text, still escaped, and what follows it. The closing mark ends a word, so that an apostrophe does
    /// not close.
    pub(super) fn split(self, text: &str) -> Option<(&str, &str)> {
        let mut is_escaped = false;
        for (place, character) in text.char_indices() {
            let after = text.get(place + character.len_utf8()..)?;
            let is_end = after.is_empty() || after.starts_with(' ') || after == ".";
            if !is_escaped && is_end && self.is_closed_by(character) {
                return Some((text.get(..place)?, after));
            }
            is_escaped = character == '\\' && !is_escaped;
        }
        None
    }
}

const fn is_double_end(character: char) -> bool {
    matches!(character, '"' | '“' | '”' | '»')
}

const fn is_single_end(character: char) -> bool {
    matches!(character, '\'' | '‘' | '’')
}

/// The text between the quotes: `\"` and `\\` stand for the character behind the backslash; any other backslash is itself.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied().filter(|next| *next == '\\' || is_double_end(*next) || is_single_end(*next));
        match (letter, next) {
            ('\\', Some(next)) => {
                plain.push(next);
                letters.next();
            }
            _ => plain.push(letter),
        }
    }
    plain
}

/// The text in straight quotes, so that [`Quotes::split`] and [`unescaped`] give it back.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        if letter == '\\' || is_double_end(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
    out
}

/// The text inside, if the whole is quoted.
pub(super) fn inside(text: &str) -> Option<String> {
    let first = text.chars().next()?;
    let (inside, after) = Quotes::opened_by(first)?.split(text.get(first.len_utf8()..)?)?;
    after.is_empty().then(|| unescaped(inside).trim().to_owned())
}
