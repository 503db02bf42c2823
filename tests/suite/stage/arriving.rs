//! What arrives at the bot: kept first, and looked at in the next moment.

use super::Stage;
use wrasse::ports::chat::{Arrival, Envelope};

impl Stage {
    /// Something arrives that means that.
    pub(super) async fn arrives(&self, arrival: Arrival) {
        // The first line comes to a bot that has looked around.
        if self.0.last.borrow().is_none() {
            self.moment().await;
        }
        let envelope = self.0.chat.envelope(arrival);
        *self.0.last.borrow_mut() = Some(envelope.clone());
        self.keep(envelope).await;
        self.moment().await;
    }

    /// These arrive before the bot looks.
    pub(super) async fn arrive_together(&self, arrivals: Vec<Arrival>) {
        self.moment().await;
        for arrival in arrivals {
            let envelope = self.0.chat.envelope(arrival);
            *self.0.last.borrow_mut() = Some(envelope.clone());
            self.keep(envelope).await;
        }
        self.moment().await;
    }

    /// Something arrives that nobody can read.
    pub(crate) async fn receives_rubbish(&self, raw: &str) {
        let mut envelope = self.0.chat.envelope(Arrival::Nothing { because: String::new() });
        raw.clone_into(&mut envelope.raw);
        self.keep(envelope).await;
        self.moment().await;
    }

    pub(super) async fn keep(&self, envelope: Envelope) {
        let store = self.store().await;
        store.keep(envelope).await.unwrap();
    }
}
