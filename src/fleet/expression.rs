//! Regular expressions on names: where one ends in a line, whether it can be read, which names it is found in.
//!
//! It is searched for, as everybody's are: `lax` is found in `edge-lax-001`, and `^` and `$` hold it to the ends.
//! Capitals make no difference. Deliberately absent: look-around and back-references, which could run for ever.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast::parse::Parser;
use std::ops::Range;

/// The longest expression that is read.
pub(super) const EXPRESSION_LENGTH_MAX_CHARS: usize = 200;
/// The most memory that one expression may take once it is compiled.
const COMPILED_SIZE_MAX_BYTES: usize = 256 * 1024;
/// Parentheses inside parentheses, at most.
const EXPRESSION_NESTING_MAX: u32 = 16;

/// How many bytes of the text are the expression: to a space, or to a sign that no name has and that stands in no
/// bracket: `,` `&` `!` or an unopened `)`. A `^` belongs to the expression.
pub(super) fn length(text: &str) -> usize {
    let (mut open, mut is_escaped, mut is_class) = (0_usize, false, false);
    for (place, letter) in text.char_indices() {
        if letter == ' ' {
            return place;
        }
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match letter {
            '\\' => is_escaped = true,
            ']' => is_class = false,
            _ if is_class => {}
            '[' => is_class = true,
            '(' | '{' => open += 1,
            ')' | ',' | '&' | '!' if open == 0 => return place,
            ')' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// The expression, ready to search; or the place in it that cannot be read, and why.
pub(super) fn read(text: &str) -> Result<Regex, (Range<usize>, String)> {
    if let Err(fault) = Parser::new().parse(text) {
        let span = fault.span();
        return Err((span.start.offset..span.end.offset, fault.kind().to_string()));
    }
    RegexBuilder::new(text)
        .unicode(false)
        .case_insensitive(true)
        .size_limit(COMPILED_SIZE_MAX_BYTES)
        .dfa_size_limit(COMPILED_SIZE_MAX_BYTES)
        .nest_limit(EXPRESSION_NESTING_MAX)
        .build()
        .map_err(|fault| {
            // What is wrong stands in the last line, below a drawing of the place.
            let told = fault.to_string();
            let why = if matches!(fault, regex::Error::CompiledTooBig(_)) {
                "it would take too much memory".to_owned()
            } else {
                told.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            };
            (0..text.len(), why)
        })
}
