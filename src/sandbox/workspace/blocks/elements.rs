//! Buttons, choices and inputs: which may stand where, and how long their parts may be.

use super::{Faults, Words, any, plain};
use crate::sandbox::workspace::model::{list, text};
use serde_json::Value;

const CHOICES: [&str; 18] = [
    "button",
    "checkboxes",
    "datepicker",
    "datetimepicker",
    "overflow",
    "radio_buttons",
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "timepicker",
    "workflow_button",
];

/// What may stand in one place, and how many of them.
pub(super) struct Place {
    extra: &'static [&'static str],
    most: usize,
    is_input: bool,
}

/// An `actions` block.
pub(super) const ACTIONS: Place = Place { extra: &["icon_button", "feedback_buttons"], most: 25, is_input: false };
/// A section's accessory.
pub(super) const ACCESSORIES: Place = Place { extra: &["image"], most: 1, is_input: false };
/// An `input` block.
pub(super) const INPUTS: Place = Place {
    extra: &["plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input", "file_input"],
    most: 1,
    is_input: true,
};

impl Place {
    fn takes(&self, kind: &str) -> bool {
        let is_choice =
            CHOICES.contains(&kind) && !(self.is_input && matches!(kind, "button" | "workflow_button" | "overflow"));
        is_choice || self.extra.contains(&kind)
    }
}

/// The elements of an `actions` block.
pub(super) fn check_row(faults: &mut Faults, at: &str, block: &Value, place: &Place) {
    let elements = list(block, "elements");
    if elements.is_empty() {
        faults.add(&format!("{at}/elements"), "must provide at least 1 item");
    }
    faults.at_most(&format!("{at}/elements"), elements.len(), place.most);
    let mut ids: Vec<&str> =
        elements.iter().map(|element| text(element, "action_id")).filter(|id| !id.is_empty()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair.first() == pair.last()) {
        faults.add(&format!("{at}/elements"), "`action_id` already exists");
    }
    for (number, element) in elements.iter().enumerate() {
        check_one(faults, &format!("{at}/elements/{number}"), element, place);
    }
}

/// One element.
pub(super) fn check_one(faults: &mut Faults, at: &str, element: &Value, place: &Place) {
    let kind = text(element, "type");
    if !place.takes(kind) {
        faults.add(&format!("{at}/type"), &format!("unsupported type: {kind}"));
        return;
    }
    faults.length(&format!("{at}/action_id"), text(element, "action_id"), 255);
    faults.words(at, element, "placeholder", plain(150).optional());
    if let Some(confirm) = element.get("confirm").filter(|confirm| !confirm.is_null()) {
        check_confirm(faults, &format!("{at}/confirm"), confirm);
    }
    match kind {
        "button" => check_button(faults, at, element),
        "image" => super::check_image(faults, at, element),
        "radio_buttons" | "checkboxes" => check_options(faults, at, element, OptionRule { most: 10, words: any(75) }),
        "overflow" => check_options(faults, at, element, OptionRule { most: 5, words: plain(75) }),
        "static_select" | "multi_static_select" if element.get("option_groups").is_some() => {
            let groups = list(element, "option_groups");
            faults.at_most(&format!("{at}/option_groups"), groups.len(), 100);
            for (number, group) in groups.iter().enumerate() {
                let here = format!("{at}/option_groups/{number}");
                faults.words(&here, group, "label", plain(75));
                check_options(faults, &here, group, OptionRule { most: 100, words: plain(75) });
            }
        }
        "static_select" | "multi_static_select" => {
            check_options(faults, at, element, OptionRule { most: 100, words: plain(75) });
        }
        "plain_text_input" => {
            faults.length(&format!("{at}/initial_value"), text(element, "initial_value"), 3000);
            if element.get("max_length").and_then(Value::as_u64).is_some_and(|longest| longest == 0 || longest > 3000) {
                faults.add(&format!("{at}/max_length"), "must be between 1 and 3000");
            }
        }
        "number_input" if element.get("is_decimal_allowed").is_none() => {
            faults.add(at, "missing required field: is_decimal_allowed");
        }
        _ => {}
    }
}

fn check_button(faults: &mut Faults, at: &str, element: &Value) {
    faults.words(at, element, "text", plain(75));
    faults.length(&format!("{at}/value"), text(element, "value"), 2000);
    faults.length(&format!("{at}/url"), text(element, "url"), 3000);
    faults.length(&format!("{at}/accessibility_label"), text(element, "accessibility_label"), 75);
    check_style(faults, at, element);
}

fn check_style(faults: &mut Faults, at: &str, owner: &Value) {
    let style = text(owner, "style");
    if owner.get("style").is_some_and(|given| !given.is_null()) && !matches!(style, "primary" | "danger") {
        faults.add(&format!("{at}/style"), &format!("invalid style: {style}"));
    }
}

fn check_confirm(faults: &mut Faults, at: &str, confirm: &Value) {
    faults.words(at, confirm, "title", plain(100));
    faults.words(at, confirm, "text", any(300));
    faults.words(at, confirm, "confirm", plain(30));
    faults.words(at, confirm, "deny", plain(30));
    check_style(faults, at, confirm);
}

#[derive(Clone, Copy)]
struct OptionRule {
    most: usize,
    words: Words,
}

fn check_options(faults: &mut Faults, at: &str, owner: &Value, rule: OptionRule) {
    let options = list(owner, "options");
    if options.is_empty() {
        faults.add(&format!("{at}/options"), "must provide at least 1 item");
    }
    faults.at_most(&format!("{at}/options"), options.len(), rule.most);
    for (number, option) in options.iter().enumerate() {
        let here = format!("{at}/options/{number}");
        faults.words(&here, option, "text", rule.words);
        faults.words(&here, option, "description", any(75).optional());
        faults.required_words(&here, option, "value", 150);
    }
}
