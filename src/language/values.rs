//! Values of parameters, by what the command file says they are.

use crate::domain::command::{ParameterSpec, ValueKind};
use crate::domain::intent::{Spanned, Value};
use crate::domain::time::duration_of;
use crate::fleet::nearest;

/// The value, or the right word if one is near.
pub(super) fn read(spec: &ParameterSpec, written: &Spanned<&str>) -> Result<Value, Option<String>> {
    let text = written.value;
    match &spec.kind {
        ValueKind::Text => {
            let says_something = text.chars().any(|letter| !letter.is_whitespace());
            if says_something { Ok(Value::Text(text.to_owned())) } else { Err(None) }
        }
        ValueKind::Integer { min, max } => match text.parse::<i64>() {
            Ok(number) if (*min..=*max).contains(&number) => Ok(Value::Integer(number)),
            Ok(_) | Err(_) => Err(None),
        },
        ValueKind::Percentage => percentage(text).map(Value::Percentage).ok_or(None),
        ValueKind::Duration => duration_of(text).map(Value::Duration).ok_or(None),
        ValueKind::Choice(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
            Some(word) => Ok(Value::Choice(word.clone())),
            None => Err(nearest(text, words.iter().map(String::as_str)).map(str::to_owned)),
        },
    }
}

/// `10%` or `10`, from 1 to 100.
fn percentage(text: &str) -> Option<u8> {
    let digits = text.strip_suffix('%').unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u8>().ok().filter(|percent| is_plain && (1..=100).contains(percent))
}
