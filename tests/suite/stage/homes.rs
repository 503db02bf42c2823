//! People at the bot's home: they open it, read it, and press what stands there.

use super::people::{Channel, Person, Thread};
use super::transcript::{self, Pressable};
use wrasse::conversation::plain;
use wrasse::domain::place::{ChannelId, Origin, ReplyPath};
use wrasse::ports::chat::{Arrival, ViewId};

impl Person {
    /// Opens the bot's home; what is asked and answered above it is read there.
    pub(crate) async fn opens_home(&self) -> Thread {
        let nowhere = ChannelId::nowhere();
        let start = self.stage.0.chat.act(&nowhere, &self.name, "opens the home");
        self.stage.arrives(Arrival::HomeOpened { person: self.actor() }).await;
        Thread::new(&self.stage, nowhere, start)
    }

    /// What their home shows.
    pub(crate) fn home(&self) -> String {
        let state = self.stage.0.chat.state();
        let shown = state.homes.get(&self.id).map(|shown| plain::render(&shown.home));
        self.stage.0.cleaner.borrow_mut().clean(&shown.unwrap_or_else(|| "(nothing)".to_owned()))
    }

    /// How often their home was shown anew.
    pub(crate) fn home_shown(&self) -> u32 {
        self.stage.0.chat.state().homes.get(&self.id).map_or(0, |shown| shown.times)
    }

    /// The first button of that name in their home.
    pub(crate) fn sees_at_home(&self, label: &str) -> Option<Pressable> {
        let state = self.stage.0.chat.state();
        let home = &state.homes.get(&self.id)?.home;
        let view = Some(ViewId::new("home"));
        transcript::pressable(home, label).map(|handle| Pressable { handle, at: None, thread: None, view, asked: None })
    }

    /// Presses the first button of that name in their home.
    pub(crate) async fn presses_at_home(&self, label: &str) {
        let button = self.sees_at_home(label);
        let button = button.unwrap_or_else(|| panic!("{} sees no [{label}]:\n{}", self.name, self.home()));
        self.presses_again_at_home(&button, &format!("presses [{label}]")).await;
    }

    /// Presses a button that stood in somebody's home, in their own.
    pub(crate) async fn presses_again_at_home(&self, button: &Pressable, text: &str) {
        let (chat, nowhere) = (&self.stage.0.chat, ChannelId::nowhere());
        chat.act(&nowhere, &self.name, text);
        let reply = ReplyPath::Private { thread: None };
        let origin = Origin { person: self.actor(), channel: nowhere.clone(), thread: None, reply };
        let trigger = Some(chat.trigger(&self.id, &nowhere));
        let (handle, view) = (button.handle.clone(), button.view.clone());
        self.stage.arrives(Arrival::Press { origin, handle, at: None, trigger, view }).await;
    }

    /// Is not in that channel any more.
    pub(crate) fn leaves(&self, channel: &Channel) {
        self.stage.0.directory.leave(&self.id, &channel.id);
    }
}
