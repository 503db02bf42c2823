//! Reading the project's own text: files, Rust without comments and literals, and the paths that code names.
//!
//! Deliberately absent: a parser. Paths are found by text, which is enough for rules about who names whom.

use std::path::{Path, PathBuf};

/// Folders that are not the project's own text.
const NOT_OURS: [&str; 5] = [".git", "target", "node_modules", ".demo", "__pycache__"];

/// A file of the project.
pub(super) struct File {
    /// From the project's root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Whether it is below that folder of the project.
    pub(super) fn is_in(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

/// Every text file of the project, sorted; pictures and the like are left out.
pub(super) fn files() -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).expect("the project's folders can be read") {
            let entry = entry.expect("entries can be read");
            let path = folder.join(entry.file_name());
            let is_ours = !NOT_OURS.iter().any(|name| entry.file_name() == *name);
            if is_ours && entry.file_type().expect("entries have a type").is_dir() {
                folders.push(path);
            } else if is_ours && let Ok(text) = std::fs::read_to_string(root().join(&path)) {
                found.push(File { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Rust code with comments and the insides of literals taken out; lines stay where they are.
pub(super) fn code(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest, &kept) {
            length
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else {
            kept.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        kept.push(' ');
        kept.extend(rest[..skipped].chars().filter(|character| *character == '\n'));
        rest = &rest[skipped..];
    }
    kept
}

/// The length of the raw string that begins here, if one does.
fn raw_string(rest: &str, before: &str) -> Option<usize> {
    let opened = rest.strip_prefix('r')?;
    if before.ends_with(is_word) && !before.ends_with('b') {
        return None;
    }
    let hashes = opened.len() - opened.trim_start_matches('#').len();
    let inside = opened[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(inside.find(&close).map_or(rest.len(), |end| 1 + hashes + 1 + end + close.len()))
}

/// The length of the literal that begins with this quote.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Whether a quote begins a character and not a lifetime.
fn is_character(rest: &str) -> bool {
    let mut next = rest.chars().skip(1);
    match (next.next(), next.next()) {
        (Some('\\'), _) => true,
        (Some(_), Some(after)) => after == '\'',
        _ => false,
    }
}

pub(super) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Where that word stands on its own.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let after = code[at + word.len()..].chars().next();
        !code[..*at].ends_with(is_word) && !after.is_some_and(is_word)
    })
}

/// The module that a file below `src/` is, e.g. `["adapters", "slack", "wire"]`.
pub(super) fn module(path: &str) -> Vec<String> {
    let inside = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs").trim_end_matches("/mod");
    inside.split('/').map(str::to_owned).collect()
}

/// Every path inside the crate that the code of a module names, from the crate's root, cut to two names.
pub(super) fn inner_paths(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for at in words(code, "crate") {
        if let Some(rest) = code[at + "crate".len()..].strip_prefix("::") {
            expand(rest, &mut Vec::new(), &mut found);
        }
    }
    for at in words(code, "super") {
        if code[..at].ends_with("super::") {
            continue;
        }
        let mut base = module.to_vec();
        let mut rest = &code[at..];
        while let Some(after) = rest.strip_prefix("super::") {
            base.pop();
            rest = after;
        }
        expand(rest, &mut base, &mut found);
    }
    found
}

/// The paths that a use tree names, each below what leads to it.
fn expand(text: &str, base: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let text = text.trim_start();
    if base.len() >= 2 {
        found.push(base[..2].to_vec());
        return;
    }
    if let Some(inside) = text.strip_prefix('{') {
        for branch in branches(inside) {
            expand(branch, &mut base.clone(), found);
        }
        return;
    }
    let name: String = text.chars().take_while(|character| is_word(*character)).collect();
    if name.is_empty() {
        found.push(base.clone());
        return;
    }
    let rest = &text[name.len()..];
    base.push(name);
    match rest.strip_prefix("::") {
        Some(deeper) => expand(deeper, base, found),
        None => found.push(base.clone()),
    }
}

/// What stands between the commas of a group whose brace is already open.
fn branches(inside: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut from = 0;
    let mut found = Vec::new();
    for (at, character) in inside.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&inside[from..at]);
                return found;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// Whether the code names that crate at the head of a path.
pub(super) fn names_crate(code: &str, name: &str) -> bool {
    words(code, name).any(|at| {
        let is_head = !code[..at].trim_end().ends_with("::") && !code[..at].ends_with('.');
        is_head && code[at + name.len()..].starts_with("::")
    })
}
