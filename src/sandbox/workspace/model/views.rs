//! Modals and home tabs: opened, pushed, updated, published, closed. What people type into them is in `submitting`.

use super::{Model, Now, Refusal, set, text};
use crate::sandbox::workspace::blocks;
use crate::sandbox::workspace::settings::{APP, BOT, TEAM};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Modals that can lie on one another.
pub const STACK_MAX: usize = 3;

/// A modal or a home tab of one person.
#[derive(Clone, Debug)]
pub struct View {
    /// The object as the Web API shows it.
    pub json: Value,
    /// Whose it is.
    pub user: String,
    /// What the last submission was told, by block id.
    pub errors: Value,
}

/// All views.
#[derive(Debug, Default)]
pub struct Views {
    pub(super) all: BTreeMap<String, View>,
    /// The open modals of each person, the topmost last.
    pub(super) stacks: BTreeMap<String, Vec<String>>,
    homes: BTreeMap<String, String>,
}

impl Views {
    /// What the last submission of that view was told.
    #[must_use]
    pub fn errors_of(&self, id: &str) -> Value {
        self.all.get(id).map(|view| view.errors.clone()).unwrap_or_default()
    }
}

/// Which view is meant, and in which state it is believed to be.
#[derive(Clone, Debug, Default)]
pub struct ViewTarget {
    /// By its id.
    pub view_id: String,
    /// Or by the id that the app gave it.
    pub external_id: String,
    /// The hash it had; nothing does not ask.
    pub hash: String,
}

impl Model {
    /// `views.open`.
    ///
    /// # Errors
    /// The trigger's or the view's refusals.
    pub fn open_view(&mut self, trigger_id: &str, view: &Value, now: Now) -> Result<Value, Refusal> {
        check_view(view, "modal")?;
        self.check_external_id(view, None)?;
        let trigger = self.exchange_trigger(trigger_id, now)?;
        let opened = self.make_view(&trigger.user, view, None, now);
        let id = text(&opened, "id").to_owned();
        for old in self.views.stacks.insert(trigger.user.clone(), vec![id]).unwrap_or_default() {
            self.views.all.remove(&old);
        }
        self.page("view_opened", json!({ "user": trigger.user, "view": opened, "errors": null }));
        Ok(opened)
    }

    /// `views.push`.
    ///
    /// # Errors
    /// The trigger's or the view's refusals, `push_limit_reached`.
    pub fn push_view(&mut self, trigger_id: &str, view: &Value, now: Now) -> Result<Value, Refusal> {
        check_view(view, "modal")?;
        self.check_external_id(view, None)?;
        let trigger = self.exchange_trigger(trigger_id, now)?;
        if trigger.view_id.is_none() {
            return Err(Refusal::new("invalid_trigger_id"));
        }
        self.push_for(&trigger.user, view, now)
    }

    pub(super) fn push_for(&mut self, user: &str, view: &Value, now: Now) -> Result<Value, Refusal> {
        let below = self.views.stacks.get(user).cloned().unwrap_or_default();
        if below.len() >= STACK_MAX {
            return Err(Refusal::new("push_limit_reached"));
        }
        let pushed = self.make_view(user, view, below.last().map(String::as_str), now);
        let id = text(&pushed, "id").to_owned();
        self.views.stacks.entry(user.to_owned()).or_default().push(id);
        self.page("view_opened", json!({ "user": user, "view": pushed, "errors": null }));
        Ok(pushed)
    }

    /// `views.update`.
    ///
    /// # Errors
    /// `not_found`, `hash_conflict`, the view's refusals.
    pub fn update_view(&mut self, target: &ViewTarget, view: &Value, now: Now) -> Result<Value, Refusal> {
        check_view(view, "modal")?;
        let found = self.views.all.iter().find(|(id, known)| {
            (!target.view_id.is_empty() && **id == target.view_id)
                || (!target.external_id.is_empty() && text(&known.json, "external_id") == target.external_id)
        });
        let Some((id, known)) = found.map(|(id, known)| (id.clone(), known.clone())) else {
            return Err(Refusal::new("not_found"));
        };
        if !target.hash.is_empty() && target.hash != text(&known.json, "hash") {
            return Err(Refusal::new("hash_conflict"));
        }
        self.check_external_id(view, Some(&id))?;
        Ok(self.replace_view(&id, view, now))
    }

    pub(super) fn replace_view(&mut self, id: &str, view: &Value, now: Now) -> Value {
        let Some(known) = self.views.all.get(id).cloned() else { return Value::Null };
        let mut updated = self.dress(view, now);
        for key in ["id", "root_view_id", "previous_view_id"] {
            set(&mut updated, key, known.json.get(key).cloned().unwrap_or_default());
        }
        let is_home = text(&updated, "type") == "home";
        let view = View { json: updated.clone(), user: known.user.clone(), errors: Value::Null };
        self.views.all.insert(id.to_owned(), view);
        let kind = if is_home { "home" } else { "view_updated" };
        self.page(kind, json!({ "user": known.user, "view": updated, "errors": null }));
        updated
    }

    /// `views.publish`.
    ///
    /// # Errors
    /// `user_not_found`, `hash_conflict`, the view's refusals.
    pub fn publish_view(&mut self, user: &str, view: &Value, hash: &str, now: Now) -> Result<Value, Refusal> {
        check_view(view, "home")?;
        if self.people.get(user).is_none_or(|person| person.is_bot || person.is_deleted) {
            return Err(Refusal::new("user_not_found"));
        }
        if let Some(id) = self.views.homes.get(user).cloned() {
            let known = self.views.all.get(&id).map(|home| text(&home.json, "hash").to_owned());
            if !hash.is_empty() && known.is_some_and(|known| known != hash) {
                return Err(Refusal::new("hash_conflict"));
            }
            return Ok(self.replace_view(&id, view, now));
        }
        let published = self.make_view(user, view, None, now);
        self.views.homes.insert(user.to_owned(), text(&published, "id").to_owned());
        self.page("home", json!({ "user": user, "view": published, "errors": null }));
        Ok(published)
    }

    /// The open modals of a person, the topmost last, and their home tab.
    #[must_use]
    pub fn views_of(&self, user: &str) -> (Vec<View>, Option<View>) {
        let ids = self.views.stacks.get(user).map(Vec::as_slice).unwrap_or_default();
        let open = ids.iter().filter_map(|id| self.views.all.get(id)).cloned().collect();
        let home = self.views.homes.get(user).and_then(|id| self.views.all.get(id)).cloned();
        (open, home)
    }

    /// Takes the topmost modal of a person away, or all of them.
    pub(super) fn close_views(&mut self, user: &str, from: &str, is_all: bool) {
        let Some(stack) = self.views.stacks.get_mut(user) else { return };
        let keep = if is_all { 0 } else { stack.iter().position(|id| id == from).unwrap_or(stack.len()) };
        let closed = stack.split_off(keep);
        let next = stack.last().cloned();
        for id in closed {
            self.views.all.remove(&id);
            self.page("view_closed", json!({ "user": user, "view_id": id, "next": next }));
        }
    }

    fn make_view(&mut self, user: &str, view: &Value, previous: Option<&str>, now: Now) -> Value {
        let id = self.unique("V");
        let root = previous
            .and_then(|below| self.views.all.get(below))
            .map_or_else(|| id.clone(), |below| text(&below.json, "root_view_id").to_owned());
        let mut made = self.dress(view, now);
        set(&mut made, "id", json!(id));
        set(&mut made, "root_view_id", json!(root));
        set(&mut made, "previous_view_id", json!(previous));
        self.views.all.insert(id, View { json: made.clone(), user: user.to_owned(), errors: Value::Null });
        made
    }

    /// The view with everything that the workspace adds.
    fn dress(&mut self, view: &Value, now: Now) -> Value {
        let given = super::list(view, "blocks").to_vec();
        let layout = self.with_block_ids(given);
        let number = self.next();
        let or_null = |key: &str| view.get(key).cloned().unwrap_or_default();
        let or_false = |key: &str| json!(view.get(key).and_then(Value::as_bool).unwrap_or(false));
        json!({
            "team_id": TEAM, "type": text(view, "type"), "blocks": layout,
            "private_metadata": text(view, "private_metadata"), "callback_id": text(view, "callback_id"),
            "state": { "values": {} }, "hash": format!("{}.{number}", now.at.millis()), "title": or_null("title"),
            "clear_on_close": or_false("clear_on_close"), "notify_on_close": or_false("notify_on_close"),
            "submit_disabled": or_false("submit_disabled"), "close": or_null("close"), "submit": or_null("submit"),
            "external_id": text(view, "external_id"), "app_id": APP, "app_installed_team_id": TEAM, "bot_id": BOT,
        })
    }

    fn check_external_id(&self, view: &Value, own: Option<&str>) -> Result<(), Refusal> {
        let wanted = text(view, "external_id");
        let is_taken = |(id, known): (&String, &View)| {
            text(&known.json, "external_id") == wanted && own.is_none_or(|own| own != id)
        };
        if !wanted.is_empty() && self.views.all.iter().any(is_taken) {
            return Err(Refusal::new("duplicate_external_id"));
        }
        Ok(())
    }
}

/// Checks a view of that type.
///
/// # Errors
/// `invalid_arguments` with explanations.
pub(super) fn check_view(view: &Value, kind: &str) -> Result<(), Refusal> {
    blocks::check_view(view, kind).map_err(|faults| Refusal::with("invalid_arguments", faults))
}
