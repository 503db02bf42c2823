//! views.*: arguments in, view objects out. What opening changes is in `model`.

use super::arguments::Arguments;
use crate::sandbox::workspace::model::views::ViewTarget;
use crate::sandbox::workspace::model::{Model, Now, Refusal};
use serde_json::{Value, json};

pub(super) fn open(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let view = view_of(given)?;
    Ok(json!({ "view": model.open_view(trigger_of(given), view, now)? }))
}

pub(super) fn push(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let view = view_of(given)?;
    Ok(json!({ "view": model.push_view(trigger_of(given), view, now)? }))
}

pub(super) fn update(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let view = view_of(given)?;
    let target = ViewTarget {
        view_id: given.text("view_id").to_owned(),
        external_id: given.text("external_id").to_owned(),
        hash: given.text("hash").to_owned(),
    };
    if target.view_id.is_empty() && target.external_id.is_empty() {
        return Err(missing("view_id"));
    }
    Ok(json!({ "view": model.update_view(&target, view, now)? }))
}

pub(super) fn publish(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let view = view_of(given)?;
    Ok(json!({ "view": model.publish_view(given.text("user_id"), view, given.text("hash"), now)? }))
}

fn view_of(given: &Arguments) -> Result<&Value, Refusal> {
    given.value().get("view").filter(|view| view.is_object()).ok_or_else(|| missing("view"))
}

fn trigger_of(given: &Arguments) -> &str {
    given.text_or("trigger_id", given.text("interactivity_pointer"))
}

fn missing(field: &str) -> Refusal {
    Refusal::with("invalid_arguments", vec![format!("[ERROR] missing required field: {field}")])
}
