//! What only an attacker does: forged handles, borrowed names, the same id in another workspace; and odd channels.

use super::people::{Channel, Person, Thread};
use super::transcript::Pressable;
use std::collections::BTreeMap;
use wrasse::conversation::DECISION_KEY;
use wrasse::domain::identity::{GroupName, PersonId};
use wrasse::domain::ids::Handle;
use wrasse::domain::place::Reach;
use wrasse::ports::chat::{Arrival, ViewId};

impl Person {
    /// Their id.
    pub(crate) const fn id(&self) -> &PersonId {
        &self.id
    }

    /// They show that name from now on, which may be somebody else's.
    pub(crate) fn calls_themselves(self, name: &str) -> Self {
        self.stage.0.directory.change(&self.id, |profile| name.clone_into(&mut profile.name));
        self
    }

    /// Somebody of the same user id, in another workspace, who says to be in that group.
    pub(crate) fn in_another_workspace(&self, group: &str) -> Self {
        let id = PersonId::new("T0OTHER", self.id.user.as_str());
        self.stage.0.directory.add_stranger(&id, &self.name, GroupName::new(group));
        Self { id, ..self.clone() }
    }

    /// Their conversation with the bot, as a channel.
    pub(crate) fn direct(&self) -> Channel {
        let id = self.stage.0.directory.add_direct(&self.name);
        Channel::new(&self.stage, &self.name, id)
    }

    /// Submits a form that says to be the one behind that handle.
    pub(crate) async fn submits_handle(&self, thread: &Thread, handle: &str, decision: &str) {
        self.stage.0.chat.act(thread.channel(), &self.name, "submits a forged form");
        let values = BTreeMap::from([(DECISION_KEY.to_owned(), decision.to_owned())]);
        let (handle, view) = (Handle::new(handle), ViewId::new("V0FORGED"));
        self.stage.arrives(Arrival::Submission { person: self.actor(), handle, view, values }).await;
    }
}

impl Channel {
    /// It is private, and the bot is in it.
    pub(crate) fn is_private(&self) {
        self.is_read_by(Reach::Private);
    }

    /// Only this workspace reads it.
    pub(crate) fn is_own(&self) {
        self.is_read_by(Reach::OwnWorkspace);
    }

    fn is_read_by(&self, reach: Reach) {
        self.stage.0.directory.change_channel(&self.id, |facts| facts.reach = reach);
    }
}

impl Pressable {
    /// The same button with another handle behind it.
    pub(crate) fn with_handle(&self, handle: &str) -> Self {
        Self { handle: Handle::new(handle), ..self.clone() }
    }

    /// The handle behind it.
    pub(crate) fn handle_text(&self) -> String {
        self.handle.to_string()
    }
}
