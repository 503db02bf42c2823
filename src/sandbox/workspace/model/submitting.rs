//! Submitting a modal, and what the bot's acknowledgement makes of it. Opening and updating are in `views`.

use super::controls;
use super::deliveries::{About, Outcome};
use super::payloads;
use super::typed::CannotDo;
use super::views::check_view;
use super::{Model, Now, list, set, text};
use serde_json::{Map, Value, json};

/// What a person reads when the bot did not answer a submission.
const NO_CONNECTION: &str = "We had some trouble connecting. Try again?";

impl Model {
    /// A person submits a modal. The number of the delivery.
    ///
    /// # Errors
    /// Why the client does not let them.
    pub fn submit(&mut self, who: &str, view_id: &str, values: &Value, now: Now) -> Result<u64, CannotDo> {
        let user = self.known_person(who)?;
        let mut view = self.own_view(&user, view_id)?;
        let state = state_of(&view, values)?;
        set(&mut view, "state", json!({ "values": state }));
        let trigger_id = self.make_trigger(&user, Some(view_id), now);
        if let Some(known) = self.views.all.get_mut(view_id) {
            known.errors = Value::Null;
        }
        let Some(person) = self.people.get(&user) else {
            return Err(CannotDo::new("user_not_found", "nobody has that id"));
        };
        let payload = payloads::view_submission(self, person, &view, &trigger_id);
        let about = About::Submission { user, view_id: view_id.to_owned() };
        Ok(self.deliver("interactive", payload, about, now))
    }

    /// The bot has answered a submission, or nobody has.
    pub(super) fn submission_answered(&mut self, user: &str, view_id: &str, outcome: &Outcome, now: Now) {
        let Outcome::Acked { payload, .. } = outcome else {
            return self.show_errors(view_id, &json!({ "": NO_CONNECTION }));
        };
        let answer = payload.clone().unwrap_or_default();
        let view = answer.get("view").cloned().unwrap_or_default();
        match text(&answer, "response_action") {
            "errors" => {
                let errors = answer.get("errors").cloned().unwrap_or_default();
                self.show_errors(view_id, &errors);
            }
            "clear" => self.close_views(user, view_id, true),
            "update" => match check_view(&view, "modal") {
                Ok(()) => {
                    self.replace_view(view_id, &view, now);
                }
                Err(refusal) => self.show_errors(view_id, &json!({ "": refusal.messages.join(" ") })),
            },
            "push" => {
                let pushed = check_view(&view, "modal").and_then(|()| self.push_for(user, &view, now));
                if let Err(refusal) = pushed {
                    self.show_errors(
                        view_id,
                        &json!({ "": format!("{} {}", refusal.code, refusal.messages.join(" ")) }),
                    );
                }
            }
            _ => self.close_views(user, view_id, false),
        }
    }

    fn show_errors(&mut self, view_id: &str, errors: &Value) {
        let Some(view) = self.views.all.get_mut(view_id) else { return };
        view.errors = errors.clone();
        let data = json!({ "user": view.user, "view": view.json, "errors": errors });
        self.page("view_updated", data);
    }
}

/// `state.values`, from what the caller says: by block and action id, by action id, by block id, or by label.
fn state_of(view: &Value, values: &Value) -> Result<Map<String, Value>, CannotDo> {
    let all = controls::controls_of(list(view, "blocks"));
    let mut named: Vec<String> = values.as_object().map(|given| given.keys().cloned().collect()).unwrap_or_default();
    if !values.is_null() && !values.is_object() {
        return Err(CannotDo::new("values_not_an_object", "values is an object: {\"action_id\": \"value\"}"));
    }
    let mut state: Map<String, Value> = Map::new();
    for control in all.iter().filter(|control| control.kind() != "button") {
        let keys = [control.block_id.as_str(), control.action_id(), control.label.as_str()];
        named.retain(|name| !keys.contains(&name.as_str()));
        let given = keys.iter().filter(|key| !key.is_empty()).find_map(|key| values.get(*key));
        let nested = given.and_then(|value| value.get(control.action_id()));
        let said = controls::chosen(control, nested.or(given))
            .map_err(|sentence| CannotDo::new("value_not_possible", format!("{}: {sentence}", control.label)))?;
        if !control.label.is_empty() && !control.is_optional && controls::is_empty(&said) {
            return Err(CannotDo::new("missing_input", format!("{:?} must be filled in", control.label)));
        }
        let block = state.entry(control.block_id.clone()).or_insert_with(|| json!({}));
        set(block, control.action_id(), said);
    }
    if let Some(stray) = named.first() {
        let known: Vec<&str> = all.iter().map(controls::Control::action_id).collect();
        return Err(CannotDo::new("no_such_input", format!("{stray:?} is not one of {}", known.join(", "))));
    }
    Ok(state)
}
