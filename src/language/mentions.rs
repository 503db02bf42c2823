//! Mentions as a chat writes them, with the id and the name: `<#C123|noc>`, `<@U123|ana>`.
//!
//! A parameter that takes a channel or a person keeps the id. In free text a mention reads as people saw it.

/// The text with each mention that has a name as `#noc` or `@ana`. What has no name, or an odd one, stays as it is.
pub(super) fn as_seen(text: &str) -> String {
    let mut text = text.to_owned();
    // Taking one away can leave another one: until there is none, so that reading twice changes nothing.
    while let Some(once) = once(&text) {
        text = once;
    }
    text
}

/// The text with its mentions taken away once; `None` if there is none.
fn once(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, opened) = rest.split_at(start);
        out.push_str(before);
        match mention(opened) {
            Some((sign, name, after)) => {
                out.push(sign);
                out.push_str(name);
                rest = after;
            }
            None => {
                out.push('<');
                rest = opened.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    (out.len() < text.len()).then_some(out)
}

/// The sign and the name of the mention that begins there, and what follows it.
fn mention(text: &str) -> Option<(char, &str, &str)> {
    let (inside, after) = text.strip_prefix('<')?.split_once('>')?;
    let sign = inside.chars().next().filter(|sign| matches!(sign, '#' | '@'))?;
    let (id, name) = inside.get(1..)?.split_once('|')?;
    let is_id = !id.is_empty() && id.bytes().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (is_id && !name.is_empty() && name.chars().all(fits)).then_some((sign, name, after))
}
