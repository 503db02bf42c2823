//! The end of a story: everything was read, everything is settled, nothing is held; or the story is told whole.

use super::transcript::{self, Place};
use super::{Kind, Stage};
use wrasse::admission::LockStanding;
use wrasse::domain::time::Timestamp;
use wrasse::ports::Store;
use wrasse::workflow::run::RunOutcome;

/// More than any story leaves.
const LEFT_OVER_MAX: usize = 1000;

impl Stage {
    pub(super) fn whole(&self, place: &Place) -> String {
        transcript::whole(&mut self.0.chat.state(), &mut self.0.cleaner.borrow_mut(), place)
    }

    pub(super) fn news(&self, place: &Place) -> String {
        transcript::news(&mut self.0.chat.state(), &mut self.0.cleaner.borrow_mut(), place)
    }

    pub(super) fn everything(&self) -> String {
        transcript::everything(&self.0.chat.state(), &mut self.0.cleaner.borrow_mut())
    }

    /// Fails on anything that is left over.
    pub(super) async fn end(&self) {
        self.moment().await;
        let mut left = transcript::unread(&self.0.chat.state(), &mut self.0.cleaner.borrow_mut());
        for unread in &mut left {
            *unread = format!("nobody read: {unread}");
        }
        if !self.0.chat.is_calm() {
            left.push("a trouble of the chat was never met".to_owned());
        }
        if self.0.crashes.lock().unwrap().is_planned() {
            left.push("a planned crash never came".to_owned());
        }
        let store = self.store().await;
        for envelope in store.open_envelopes(LEFT_OVER_MAX).await.unwrap() {
            left.push(format!("not settled: {envelope:?}"));
        }
        for slot in store.due_slots(Timestamp::from_millis(i64::MAX), LEFT_OVER_MAX).await.unwrap() {
            left.push(format!("not delivered: {:?}", slot.outgoing));
        }
        for lock in store.ledger().await.unwrap().locks.values() {
            let run = store.run(&lock.run).await.unwrap().unwrap();
            let is_kept_back = lock.standing == LockStanding::LeftBehind && run.outcome() == Some(RunOutcome::Failed);
            if run.is_over() && !is_kept_back {
                left.push(format!("{} is over and still holds {}", run.id, lock.server));
            }
        }
        assert!(left.is_empty(), "the story leaves this:\n{}", left.join("\n"));
        let mut bot = self.0.bot.lock().await;
        if let Some(bot) = bot.as_mut() {
            bot.kill().await;
        }
    }

    /// The last state of every run, for whoever looks for what went wrong.
    async fn runs(&self, store: &dyn Store) -> String {
        let mut told = Vec::new();
        for id in self.0.ids.requests() {
            for run in store.runs(&id).await.unwrap_or_default() {
                told.push(format!("{} {:?} failure {:?}", run.id, run.stage, run.failure));
            }
        }
        told.join("\n")
    }

    /// Plays on, and tells the whole story if it fails.
    pub(super) async fn told<T>(&self, play: impl Future<Output = T>) -> T {
        use futures::FutureExt;
        match std::panic::AssertUnwindSafe(play).catch_unwind().await {
            Ok(value) => value,
            Err(panic) => {
                eprintln!("The story on the stage {:?} so far:\n{}", Kind::of_environment(), self.everything());
                if let Ok(mut bot) = self.0.bot.try_lock()
                    && let Some(bot) = bot.as_mut()
                {
                    let store = bot.store().await;
                    eprintln!("Its runs:\n{}", self.runs(store.as_ref()).await);
                }
                eprintln!("The fleet's log:\n{}", self.0.fleet.told());
                std::panic::resume_unwind(panic);
            }
        }
    }
}
