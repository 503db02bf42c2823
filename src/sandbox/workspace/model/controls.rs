//! The controls of a layout: found by action id or label, and what choosing a value in one of them says. Pure reading.

use super::{list, set, text};
use serde_json::{Map, Value, json};

/// A control and the block it stands in.
#[derive(Clone, Debug)]
pub struct Control {
    /// The element's object.
    pub element: Value,
    /// The block's id.
    pub block_id: String,
    /// The block's label, where it is an input.
    pub label: String,
    /// It may be left empty.
    pub is_optional: bool,
}

impl Control {
    /// `button`, `static_select`, …
    #[must_use]
    pub fn kind(&self) -> &str {
        text(&self.element, "type")
    }

    /// The element's own id.
    #[must_use]
    pub fn action_id(&self) -> &str {
        text(&self.element, "action_id")
    }

    /// What a person reads on it.
    #[must_use]
    pub fn caption(&self) -> &str {
        let own = self.element.get("text").map(|words| text(words, "text")).unwrap_or_default();
        if own.is_empty() { &self.label } else { own }
    }
}

/// Every control of a layout, in order.
#[must_use]
pub fn controls_of(blocks: &[Value]) -> Vec<Control> {
    let mut found = Vec::new();
    for block in blocks {
        let label = block.get("label").map(|words| text(words, "text")).unwrap_or_default();
        let is_optional = block.get("optional").and_then(Value::as_bool).unwrap_or(false);
        let elements = list(block, "elements").iter();
        for element in elements.chain(block.get("accessory")).chain(block.get("element")) {
            if !text(element, "action_id").is_empty() {
                found.push(Control {
                    element: element.clone(),
                    block_id: text(block, "block_id").to_owned(),
                    label: label.to_owned(),
                    is_optional,
                });
            }
        }
    }
    found
}

/// The control with that action id, or else with that caption.
#[must_use]
pub fn find(blocks: &[Value], wanted: &str) -> Option<Control> {
    let all = controls_of(blocks);
    let by_id = all.iter().find(|control| control.action_id() == wanted);
    by_id.or_else(|| all.iter().find(|control| control.caption() == wanted)).cloned()
}

/// What the control says when that value is chosen or typed; without one, what it says untouched.
///
/// # Errors
/// A sentence about what the control takes.
pub fn chosen(control: &Control, value: Option<&Value>) -> Result<Value, String> {
    let mut said = json!({ "type": control.kind() });
    let element = &control.element;
    let kind = control.kind();
    let given = value.filter(|value| !value.is_null());
    match kind {
        "plain_text_input" | "number_input" | "email_text_input" | "url_text_input" => {
            let typed = given.map(plain).or_else(|| initial(element, "initial_value"));
            check_length(element, typed.as_ref())?;
            set(&mut said, "value", typed.unwrap_or_default());
        }
        "radio_buttons" | "static_select" | "overflow" | "external_select" => {
            let option = match given {
                Some(value) => Some(option_of(element, value)?),
                None => initial(element, "initial_option"),
            };
            set(&mut said, "selected_option", option.unwrap_or_default());
        }
        "checkboxes" | "multi_static_select" | "multi_external_select" => {
            let many = given.map(|value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]));
            let options = match many {
                Some(values) => values.iter().map(|value| option_of(element, value)).collect::<Result<Vec<_>, _>>()?,
                None => list(element, "initial_options").to_vec(),
            };
            set(&mut said, "selected_options", json!(options));
        }
        "button" => {}
        other => {
            let Some((key, start)) = simple_key(other) else { return Err(format!("a {other} takes no value here")) };
            let picked = given.cloned().or_else(|| initial(element, start));
            set(&mut said, key, picked.unwrap_or_default());
        }
    }
    Ok(said)
}

/// Under which key the simple pickers tell their value, and where it begins.
fn simple_key(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        "datepicker" => Some(("selected_date", "initial_date")),
        "timepicker" => Some(("selected_time", "initial_time")),
        "datetimepicker" => Some(("selected_date_time", "initial_date_time")),
        "users_select" => Some(("selected_user", "initial_user")),
        "channels_select" => Some(("selected_channel", "initial_channel")),
        "conversations_select" => Some(("selected_conversation", "initial_conversation")),
        "multi_users_select" => Some(("selected_users", "initial_users")),
        "multi_channels_select" => Some(("selected_channels", "initial_channels")),
        "multi_conversations_select" => Some(("selected_conversations", "initial_conversations")),
        "rich_text_input" => Some(("rich_text_value", "initial_value")),
        "file_input" => Some(("files", "initial_files")),
        _ => None,
    }
}

/// Whether nothing was chosen or typed.
#[must_use]
pub fn is_empty(said: &Value) -> bool {
    let values = said.as_object().map(Map::iter).into_iter().flatten();
    values.filter(|(key, _)| *key != "type").all(|(_, value)| {
        value.is_null() || value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty)
    })
}

fn plain(value: &Value) -> Value {
    if value.is_string() { value.clone() } else { json!(value.to_string()) }
}

fn initial(element: &Value, key: &str) -> Option<Value> {
    element.get(key).filter(|value| !value.is_null()).cloned()
}

fn check_length(element: &Value, typed: Option<&Value>) -> Result<(), String> {
    let length = typed.and_then(Value::as_str).map_or(0, |words| words.chars().count());
    let bound = |key: &str| element.get(key).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
    if let Some(longest) = bound("max_length").filter(|longest| length > *longest) {
        return Err(format!("at most {longest} characters fit, {length} were typed"));
    }
    if let Some(shortest) = bound("min_length").filter(|shortest| length > 0 && length < *shortest) {
        return Err(format!("at least {shortest} characters are needed, {length} were typed"));
    }
    Ok(())
}

/// The option with that value, or else with that text.
fn option_of(element: &Value, wanted: &Value) -> Result<Value, String> {
    let name = wanted.as_str().unwrap_or_else(|| text(wanted, "value"));
    let groups = list(element, "option_groups").iter().flat_map(|group| list(group, "options"));
    let options: Vec<&Value> = list(element, "options").iter().chain(groups).collect();
    let caption = |option: &Value| option.get("text").map(|words| text(words, "text").to_owned()).unwrap_or_default();
    let by_value = options.iter().find(|option| text(option, "value") == name);
    let found = by_value.or_else(|| options.iter().find(|option| caption(option) == name));
    found.map(|option| (*option).clone()).ok_or_else(|| {
        let known: Vec<String> = options.iter().map(|option| caption(option)).collect();
        format!("no option {name:?}; there are {}", known.join(", "))
    })
}
