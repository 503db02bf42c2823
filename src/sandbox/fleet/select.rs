//! Which servers a `select=` of the control API means: names, `*`, `[001-020,031]`, several with commas.
//!
//! Deliberately absent: attributes and set algebra. This is for a page and for tests, not for people's lines.

/// The longest selection.
const LENGTH_MAX_CHARS: usize = 2000;
/// Stars and brackets in one name.
const WILD_PARTS_MAX: usize = 8;

/// A selection that was understood.
#[derive(Debug)]
pub(super) struct Selection(Vec<(String, Vec<Part>)>);

#[derive(Debug)]
enum Part {
    Text(String),
    Anything,
    Number(Vec<Span>),
}

/// Numbers of exactly so many digits.
#[derive(Debug)]
struct Span {
    digits: usize,
    first: u64,
    last: u64,
}

impl Selection {
    /// Understands a selection.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > LENGTH_MAX_CHARS {
            return Err(format!("a selection has at most {LENGTH_MAX_CHARS} characters"));
        }
        let mut patterns = Vec::new();
        for name in split_outside_brackets(text) {
            let name = name.trim();
            if name.is_empty() {
                return Err("there is an empty name; write names with single commas between them".to_owned());
            }
            let parts = parts_of(name)?;
            if parts.iter().filter(|part| !matches!(part, Part::Text(_))).count() > WILD_PARTS_MAX {
                return Err(format!("`{name}` has more than {WILD_PARTS_MAX} stars and brackets"));
            }
            patterns.push((name.to_owned(), parts));
        }
        Ok(Self(patterns))
    }

    /// Whether it means that server.
    pub(super) fn covers(&self, name: &str) -> bool {
        self.0.iter().any(|(_, parts)| fits(parts, name))
    }

    /// The first name that means no server.
    pub(super) fn first_without<'a>(&self, names: &(impl Iterator<Item = &'a str> + Clone)) -> Option<&str> {
        let without = self.0.iter().find(|(_, parts)| !names.clone().any(|name| fits(parts, name)));
        without.map(|(text, _)| text.as_str())
    }
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut is_inside = false;
    let is_border = |character: char| {
        match character {
            '[' => is_inside = true,
            ']' => is_inside = false,
            _ => {}
        }
        character == ',' && !is_inside
    };
    text.split(is_border).collect()
}

fn parts_of(name: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('*') {
            parts.push(Part::Anything);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let Some((ranges, after)) = after.split_once(']') else {
                return Err(format!("`{name}` opens a bracket and does not close it"));
            };
            parts.push(Part::Number(ranges.split(',').map(span_of).collect::<Result<_, _>>()?));
            rest = after;
        } else {
            let end = rest.find(['*', '[']).unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return Err(format!("`{text}` is no part of a server name"));
            }
            parts.push(Part::Text(text.to_owned()));
            rest = after;
        }
    }
    Ok(parts)
}

fn span_of(text: &str) -> Result<Span, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    match (number(first), number(last)) {
        (Some(low), Some(high)) if first.len() == last.len() && low <= high => {
            Ok(Span { digits: first.len(), first: low, last: high })
        }
        _ => Err(format!("`{text}` is no range; write it as 001-020, both ends with the same number of digits")),
    }
}

fn fits(parts: &[Part], name: &str) -> bool {
    let Some((part, others)) = parts.split_first() else { return name.is_empty() };
    match part {
        Part::Text(text) => name.strip_prefix(text.as_str()).is_some_and(|rest| fits(others, rest)),
        Part::Anything => (0..=name.len()).any(|end| name.get(end..).is_some_and(|rest| fits(others, rest))),
        Part::Number(spans) => spans.iter().any(|span| {
            let Some((digits, rest)) = name.split_at_checked(span.digits) else { return false };
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            let is_within = digits.parse().is_ok_and(|number| (span.first..=span.last).contains(&number));
            is_number && is_within && !rest.starts_with(|next: char| next.is_ascii_digit()) && fits(others, rest)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::Selection;

    fn check(selection: &str, covered: &[&str], others: &[&str]) {
        let selection = Selection::parse(selection).expect("the selection is well formed");
        for name in covered {
            assert!(selection.covers(name), "{name} belongs to {selection:?}");
        }
        for name in others {
            assert!(!selection.covers(name), "{name} does not belong to {selection:?}");
        }
    }

    #[test]
    fn names_stars_and_ranges_mean_what_people_expect() {
        check("edge-lax-001", &["edge-lax-001"], &["edge-lax-0011", "edge-lax-01"]);
        check("edge-*-001, dns-*", &["edge-riga-001", "dns-lax-02"], &["edge-riga-002", "log-lax-01"]);
        check("edge-lax-[001-020,031]", &["edge-lax-001", "edge-lax-031"], &["edge-lax-021", "edge-lax-1"]);
        check("*", &["anything"], &[]);
    }

    #[test]
    fn what_is_no_selection_is_told() {
        for text in ["", "edge-lax-[001-", "edge-lax-[20-01]", "edge-lax-[1-020]", "a,,b", "edge lax", &"*".repeat(9)] {
            assert!(Selection::parse(text).is_err(), "{text}");
        }
    }
}
