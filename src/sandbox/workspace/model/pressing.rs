//! People pressing controls of messages, modals and home tabs, and opening home tabs. Who may press what is the bot's business.

use super::controls::{self, Control};
use super::deliveries::About;
use super::edges::Origin;
use super::nouns::direct_channel_of;
use super::payloads::{self, Handles};
use super::typed::CannotDo;
use super::{Act, Model, Now, Seat, Spot, set, text};
use serde_json::{Value, json};

/// Where the control is.
#[derive(Clone, Debug)]
pub enum Place {
    /// On a message.
    Message {
        /// The channel.
        channel: String,
        /// The message.
        ts: String,
    },
    /// In a modal or on a home tab.
    View {
        /// Which one.
        view_id: String,
    },
}

/// A press.
#[derive(Clone, Debug)]
pub struct Press {
    /// Who.
    pub user: String,
    /// Where.
    pub place: Place,
    /// The block it stands in, where several hold one of that name.
    pub block: Option<String>,
    /// The action id or the caption.
    pub control: String,
    /// What was chosen, where there is a choice.
    pub value: Option<Value>,
}

/// A press on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Pressed {
    /// The number of the delivery.
    pub delivery: u64,
    /// Opens a modal.
    pub trigger_id: String,
    /// Posts back; empty in views.
    pub response_url: String,
    /// The action id of what was pressed.
    pub action_id: String,
}

impl Model {
    /// A person presses a control.
    ///
    /// # Errors
    /// Why they cannot: nobody, nothing there, no such control.
    pub fn press(&mut self, press: &Press, now: Now) -> Result<Pressed, CannotDo> {
        match &press.place {
            Place::Message { channel, ts } => self.press_on_message(press, Spot { channel, ts }, now),
            Place::View { view_id } => self.press_in_view(press, view_id, now),
        }
    }

    fn press_on_message(&mut self, press: &Press, place: Spot<'_>, now: Now) -> Result<Pressed, CannotDo> {
        let (user, channel_id) = self.speaker(Seat { user: &press.user, channel: place.channel })?;
        let message = self.channels.get(&channel_id).and_then(|channel| channel.messages.get(place.ts));
        let seen = message.filter(|message| message.only_for.as_ref().is_none_or(|only| *only == user));
        let Some(message) = seen.cloned() else {
            return Err(CannotDo::new(
                "message_not_found",
                format!("{} sees no message {} there", press.user, place.ts),
            ));
        };
        let control = found(&message.blocks, press)?;
        let action = self.action(&control, press.value.as_ref(), now)?;
        let (ts, words) = (self.next_ts(now), format!("presses [{}]", control.caption()));
        let (thread_ts, on) = (message.thread_ts.clone(), Some(message.ts.clone()));
        self.note(Act { ts, channel: channel_id.clone(), thread_ts, on, user: user.clone(), text: words });
        let trigger_id = self.make_trigger(&user, None, now);
        let origin = Origin { channel: channel_id.clone(), original: Some(message.ts.clone()) };
        let response_url = self.make_response_url(&user, origin, now);
        let (Some(person), Some(channel)) = (self.people.get(&user), self.channels.get(&channel_id)) else {
            return Err(CannotDo::new("user_not_found", "nobody has that id"));
        };
        let handles = Handles { trigger_id: &trigger_id, response_url: &response_url };
        let payload = payloads::message_action(self, person, (channel, &message), (action, &handles));
        let delivery = self.deliver(payload, About::Press { user }, now);
        Ok(Pressed { delivery, trigger_id, response_url, action_id: control.action_id().to_owned() })
    }

    fn press_in_view(&mut self, press: &Press, view_id: &str, now: Now) -> Result<Pressed, CannotDo> {
        let user = self.known_person(&press.user)?;
        let view = self.own_view(&user, view_id)?;
        let control = found(super::list(&view, "blocks"), press)?;
        let action = self.action(&control, press.value.as_ref(), now)?;
        let trigger_id = self.make_trigger(&user, Some(view_id), now);
        let Some(person) = self.people.get(&user) else {
            return Err(CannotDo::new("user_not_found", "nobody has that id"));
        };
        let payload = payloads::view_action(self, person, &view, (&action, &trigger_id));
        let delivery = self.deliver(payload, About::Press { user }, now);
        Ok(Pressed { delivery, trigger_id, response_url: String::new(), action_id: control.action_id().to_owned() })
    }

    pub(super) fn own_view(&self, user: &str, view_id: &str) -> Result<Value, CannotDo> {
        let view = self.views.all.get(view_id).filter(|view| view.user == user);
        view.map(|view| view.json.clone())
            .ok_or_else(|| CannotDo::new("view_not_found", format!("{user} has no view {view_id}")))
    }

    /// The object that tells what was pressed.
    fn action(&mut self, control: &Control, value: Option<&Value>, now: Now) -> Result<Value, CannotDo> {
        let mut action =
            controls::chosen(control, value).map_err(|sentence| CannotDo::new("value_not_possible", sentence))?;
        for key in ["action_id", "text", "value", "style", "confirm", "url", "placeholder"] {
            if let Some(part) = control.element.get(key)
                && action.get(key).is_none()
            {
                set(&mut action, key, part.clone());
            }
        }
        set(&mut action, "block_id", json!(control.block_id));
        let action_ts = self.next_ts(now);
        set(&mut action, "action_ts", json!(action_ts));
        Ok(action)
    }

    /// A person opens the app's home tab.
    ///
    /// # Errors
    /// That nobody has that name.
    pub fn open_home(&mut self, who: &str, now: Now) -> Result<(), CannotDo> {
        let user = self.known_person(who)?;
        let channel = direct_channel_of(&user);
        let event_ts = self.next_ts(now);
        let mut event =
            json!({ "type": "app_home_opened", "user": user, "channel": channel, "tab": "home", "event_ts": event_ts });
        if let (_, Some(home)) = self.views_of(&user) {
            set(&mut event, "view", home.json);
        }
        self.event("app_home_opened", &event, now);
        Ok(())
    }

    /// A person closes a modal without submitting it.
    ///
    /// # Errors
    /// Nobody, or no such modal.
    pub fn close(&mut self, who: &str, view_id: &str, now: Now) -> Result<(), CannotDo> {
        let user = self.known_person(who)?;
        let view = self.own_view(&user, view_id)?;
        let is_all = view.get("clear_on_close").and_then(Value::as_bool).unwrap_or(false);
        self.close_views(&user, view_id, is_all);
        if view.get("notify_on_close").and_then(Value::as_bool).unwrap_or(false)
            && let Some(person) = self.people.get(&user)
        {
            let payload = payloads::view_closed(self, person, &view);
            self.deliver(payload, About::Press { user }, now);
        }
        Ok(())
    }
}

fn found(blocks: &[Value], press: &Press) -> Result<Control, CannotDo> {
    let is_meant = |block: &&Value| press.block.as_ref().is_none_or(|id| text(block, "block_id") == id);
    let blocks: Vec<Value> = blocks.iter().filter(is_meant).cloned().collect();
    controls::find(&blocks, &press.control).ok_or_else(|| {
        let known: Vec<String> = controls::controls_of(&blocks)
            .iter()
            .map(|control| format!("{} [{}]", text(&control.element, "action_id"), control.caption()))
            .collect();
        let hint = if known.is_empty() { "it has no controls".to_owned() } else { known.join(", ") };
        CannotDo::new("action_not_found", hint)
    })
}
