//! The Slack adapter on the wire: against the workspace (`workspace`), and against a scripted peer that does what a
//! well-behaved workspace never would (`scripted`).

mod peer;
mod scripted;
mod workspace;

use async_trait::async_trait;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wrasse::conversation::message::{Message, text};
use wrasse::ports::StoreFault;
use wrasse::ports::chat::{Envelope, Inbox};

/// A store that remembers, forgets a duplicate, and can be told to fail.
#[derive(Default)]
struct Kept {
    envelopes: Mutex<Vec<Envelope>>,
    is_broken: AtomicBool,
}

impl Kept {
    fn keys(&self) -> Vec<String> {
        self.envelopes.lock().unwrap().iter().map(|envelope| envelope.key.to_string()).collect()
    }
}

#[async_trait]
impl Inbox for Kept {
    async fn keep(&self, envelope: Envelope) -> Result<(), StoreFault> {
        if self.is_broken.load(Ordering::Acquire) {
            return Err(StoreFault::Unavailable("the disk is full".to_owned()));
        }
        let mut envelopes = self.envelopes.lock().unwrap();
        if envelopes.iter().all(|known| known.key != envelope.key) {
            envelopes.push(envelope);
        }
        Ok(())
    }
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    let wait = async {
        while !holds() {
            tick.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap_or_else(|_| panic!("never happened: {what}"));
}

fn greeting() -> Message {
    Message::of_text("req-2mq9 understood", vec![text("Understood.")])
}
