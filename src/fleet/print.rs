//! A selector as people would write it; reading the text again gives the same selector.

use crate::domain::intent::{
    Comparison, NameMatch, NamePart, NamePattern, NumberRange, Predicate, Selector, Spanned, TagPredicate,
};

/// The selector as a line would have it.
#[must_use]
pub fn print(selector: &Selector) -> String {
    let (operator, left, right) = match selector {
        Selector::Names(pattern) => return print_pattern(&pattern.value),
        Selector::Attribute(predicate) => return print_predicate(&predicate.value),
        Selector::Tag(predicate) => {
            let TagPredicate { tag, comparison, values } = &predicate.value;
            return print_comparison(&format!("tag:{}", tag.value), *comparison, values);
        }
        Selector::NameMatches(wanted) => {
            let NameMatch { comparison, expression } = &wanted.value;
            let sign = if *comparison == Comparison::Equal { "=~" } else { "!~" };
            return format!("name{sign}{}", expression.value);
        }
        Selector::Group(group) => return format!("@{}", group.value),
        Selector::Undone(request) => return format!("failed:{}", request.value),
        Selector::Union(left, right) => (",", left, right),
        Selector::Intersection(left, right) => (" & ", left, right),
        Selector::Difference(left, right) => (" ! ", left, right),
        Selector::Exclusive(left, right) => (" ^ ", left, right),
    };
    // A chain of one operator needs no parentheses, because chains are read from the left.
    let is_chain = std::mem::discriminant(selector) == std::mem::discriminant(left.as_ref());
    let left_text = if is_chain { print(left) } else { print_operand(left) };
    format!("{left_text}{operator}{}", print_operand(right))
}

fn print_operand(selector: &Selector) -> String {
    match selector {
        Selector::Names(_)
        | Selector::Attribute(_)
        | Selector::Tag(_)
        | Selector::NameMatches(_)
        | Selector::Group(_)
        | Selector::Undone(_) => print(selector),
        Selector::Union(..) | Selector::Intersection(..) | Selector::Difference(..) | Selector::Exclusive(..) => {
            format!("({})", print(selector))
        }
    }
}

fn print_predicate(predicate: &Predicate) -> String {
    print_comparison(predicate.attribute.word(), predicate.comparison, &predicate.values)
}

fn print_comparison(left: &str, comparison: Comparison, values: &[Spanned<String>]) -> String {
    let texts: Vec<&str> = values.iter().map(|value| value.value.as_str()).collect();
    match (comparison, texts.as_slice()) {
        (Comparison::Equal, [value]) => format!("{left}={value}"),
        (Comparison::Equal, _) => format!("{left} in ({})", texts.join(", ")),
        (Comparison::NotEqual, _) => format!("{left}!={}", texts.join(", ")),
    }
}

/// A folded name as people write it.
pub(super) fn print_pattern(pattern: &NamePattern) -> String {
    pattern
        .parts
        .iter()
        .map(|part| match part {
            NamePart::Literal(text) => text.clone(),
            NamePart::Anything => "*".to_owned(),
            NamePart::Ranges(ranges) => {
                format!("[{}]", ranges.iter().map(print_range).collect::<Vec<_>>().join(","))
            }
        })
        .collect()
}

/// `001-020/2`, or `031`.
pub(super) fn print_range(range: &NumberRange) -> String {
    let NumberRange { first, last, step, width } = range;
    match (first == last, *step) {
        (true, _) => format!("{first:0width$}"),
        (false, 1) => format!("{first:0width$}-{last:0width$}"),
        (false, _) => format!("{first:0width$}-{last:0width$}/{step}"),
    }
}
