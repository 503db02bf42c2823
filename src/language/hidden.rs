//! Characters that nobody can see, but that change what a line means or looks like.

/// The name of a hidden character, e.g. `U+200B zero-width space`; `None` if one can see it.
#[must_use]
pub fn hidden_name(character: char) -> Option<String> {
    let what = match character {
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => "line break",
        _ if character.is_control() => "control character",
        '\u{200B}' => "zero-width space",
        '\u{200C}' => "zero-width non-joiner",
        '\u{200D}' => "zero-width joiner",
        '\u{FEFF}' => "byte order mark",
        '\u{00AD}' => "soft hyphen",
        '\u{2060}'..='\u{2064}' | '\u{180E}' | '\u{034F}' => "zero-width character",
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' => "invisible letter",
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}' => {
            "text direction mark"
        }
        '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}' => "invisible mark",
        _ => return None,
    };
    Some(format!("U+{:04X} {what}", u32::from(character)))
}

/// Whether a line means the same to the eye without it: it has no width and changes no direction.
pub(super) fn is_zero_width(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200D}' | '\u{FEFF}' | '\u{00AD}' | '\u{2060}'..='\u{2064}' | '\u{180E}')
}
