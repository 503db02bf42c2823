//! Slack's text markup: from the wire's `<…>` and `&…;` to what the person saw, and back again for what we write.
//!
//! Deliberately absent: typographic quotes, dashes and odd spaces. Those are the language's business.

/// What a person typed, as they saw it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Typed {
    /// The line, without our own mention.
    pub line: String,
    /// Whether our own mention stood in it.
    pub mentions_us: bool,
}

/// Reads the wire's text: entities first, then `&amp; &lt; &gt;` exactly once.
#[must_use]
pub fn typed(wire: &str, own_user: &str) -> Typed {
    let mut line = String::with_capacity(wire.len());
    let mut mentions_us = false;
    let mut rest = wire;
    while let Some(start) = rest.find('<') {
        let (before, opened) = rest.split_at(start);
        line.push_str(&decoded(before));
        let inside = opened.strip_prefix('<').unwrap_or(opened);
        match inside.split_once(['>', '<', '\n']) {
            Some((entity, after)) if closes(inside, entity) => {
                rest = after;
                if is_mention_of(entity, own_user) {
                    mentions_us = true;
                    rest = after_own_mention(&line, after);
                } else {
                    line.push_str(&decoded(&shown(entity)));
                }
            }
            _ => {
                line.push('<');
                rest = inside;
            }
        }
    }
    line.push_str(&decoded(rest));
    Typed { line: line.trim().to_owned(), mentions_us }
}

/// The text without the lines that quote somebody else (`> …`, and everything after `>>>`).
pub(super) fn without_quotes(wire: &str) -> String {
    let mut kept = Vec::new();
    for line in wire.lines() {
        if line.starts_with("&gt;&gt;&gt;") {
            break;
        }
        if !line.starts_with("&gt;") {
            kept.push(line);
        }
    }
    kept.join("\n")
}

/// Escapes what Slack would otherwise read as markup of its own.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    out
}

/// Whether the entity really ends with `>`, and not with a line end or the start of another.
fn closes(inside: &str, entity: &str) -> bool {
    inside.get(entity.len()..).is_some_and(|end| end.starts_with('>'))
}

fn is_mention_of(entity: &str, user: &str) -> bool {
    let id = entity.strip_prefix('@').map(|mention| mention.split_once('|').map_or(mention, |(id, _)| id));
    !user.is_empty() && id == Some(user)
}

/// What goes with our mention: `@wrasse: reboot` and `@wrasse, reboot` mean `reboot`.
fn after_own_mention<'a>(before: &str, after: &'a str) -> &'a str {
    let after = if before.trim().is_empty() { after.trim_start_matches([':', ',']) } else { after };
    let at_space = before.is_empty() || before.ends_with(char::is_whitespace);
    if at_space { after.strip_prefix(' ').unwrap_or(after) } else { after }
}

/// What the person saw where the entity stands. What could deceive stays raw, and so is refused later.
fn shown(entity: &str) -> String {
    let (target, label) = match entity.split_once('|') {
        Some((target, label)) if !label.is_empty() => (target, Some(label)),
        Some((target, _)) => (target, None),
        None => (entity, None),
    };
    let raw = || format!("<{entity}>");
    if target.is_empty() {
        return raw();
    }
    if target.starts_with(['@', '#']) {
        // The id says who or which, the name what people saw; the language needs both.
        return match label.map(|label| label.trim_start_matches(['@', '#'])) {
            Some(name) if is_plain(name) => format!("<{target}|{name}>"),
            Some(_) => format!("<{target}>"),
            None => raw(),
        };
    }
    if let Some(special) = target.strip_prefix('!') {
        return match (special.split('^').next(), label) {
            (Some("here" | "channel" | "everyone"), _) => format!("@{special}"),
            (Some("subteam"), Some(label)) => format!("@{}", label.trim_start_matches('@')),
            (Some("date"), Some(label)) => label.to_owned(),
            _ => raw(),
        };
    }
    match label {
        None => target.to_owned(),
        Some(label) if agree(target, label) => label.to_owned(),
        Some(_) => raw(),
    }
}

/// Whether it is one word, as names of channels and people are.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.'))
}

/// Whether a link says where it goes: label and address are the same but for the scheme and a last slash.
fn agree(address: &str, label: &str) -> bool {
    let bare = |text: &str| {
        let schemes = ["https://", "http://", "mailto:", "tel:"];
        let without = schemes.iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
        without.strip_suffix('/').unwrap_or(without).to_owned()
    };
    bare(address) == bare(label)
}

/// Decodes exactly `&amp; &lt; &gt;`, each once.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (before, entity) = rest.split_at(start);
        out.push_str(before);
        let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];
        match known.iter().find_map(|(code, letter)| Some((entity.strip_prefix(code)?, letter))) {
            Some((after, letter)) => {
                out.push(*letter);
                rest = after;
            }
            None => {
                out.push('&');
                rest = entity.strip_prefix('&').unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}
