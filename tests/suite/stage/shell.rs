//! A shell on the bot's own host, whose account is a person's: the same services as the command line calls.

use super::{A_LOOK, Person};
use std::sync::Arc;
use wrasse::conversation::{Tense, plain};
use wrasse::domain::identity::{Actor, PersonId};
use wrasse::domain::intent::Intent;
use wrasse::domain::time::Timestamp;
use wrasse::language::{self, Vocabulary};
use wrasse::ports::store::{Committed, Operation};
use wrasse::ports::{Clock, Ids};
use wrasse::services::restraining::Came;
use wrasse::services::shell::{self, Shell, ToOverride};

/// A line in a shell: what it printed, as a transcript shows it.
impl Person {
    /// `wrasse retry …` or `wrasse override …`.
    pub(crate) async fn calls(&self, line: &str) -> String {
        self.calls_as(line, Tense::Is).await
    }

    /// The same with `--plan`.
    pub(crate) async fn would_call(&self, line: &str) -> String {
        self.calls_as(line, Tense::Would).await
    }

    async fn calls_as(&self, line: &str, tense: Tense) -> String {
        let intent = language::parse(line, &Vocabulary::default()).unwrap();
        if let Intent::Retry { request } = &intent {
            return self.shell(tense, async |shell| shell::retry(shell, request).await).await;
        }
        let Intent::Override { policy, request, why } = &intent else { panic!("{intent:?} is no line of a shell") };
        let what = ToOverride { line, policy, request, why };
        self.shell(tense, async |shell| shell::override_policy(shell, what).await).await
    }

    /// The files say that they have an account on the bot's host.
    pub(crate) fn with_account(self) -> Self {
        self.stage.0.script.borrow_mut().accounts.push(self.id.clone());
        self
    }

    /// When they were last looked up, as far as is stored.
    pub(crate) async fn known_at(&self) -> Option<Timestamp> {
        self.stage.store().await.last_known(&self.id).await.unwrap().map(|last| last.at)
    }

    /// The number of their account; of whoever has none, that of the first.
    fn account(&self) -> usize {
        1000 + self.stage.0.script.borrow().accounts.iter().position(|owner| *owner == self.id).unwrap_or_default()
    }

    async fn shell(
        &self,
        tense: Tense,
        call: impl AsyncFnOnce(Shell<'_>) -> Result<Came, wrasse::ports::StoreFault>,
    ) -> String {
        let scene = &self.stage.0;
        let (store, rulebook) = (self.stage.store().await, self.stage.rulebook().await);
        let (account, owner) =
            (Actor::recalled(PersonId::new("local", self.account().to_string())), Actor::of_account(self.id.clone()));
        let incidents = scene.directory.add_channel("incidents");
        let came = call(Shell {
            store: store.as_ref(),
            rulebook: &Arc::new(rulebook),
            ids: scene.ids.as_ref(),
            now: scene.clock.now(),
            account: &account,
            owner: &owner,
            incidents: Some(&incidents),
            tense,
        })
        .await
        .unwrap();
        if !came.writes.is_empty() {
            let operation = Operation { id: scene.ids.operation(), writes: came.writes };
            assert_eq!(store.commit(operation).await.unwrap(), Committed::Done);
        }
        drop(store);
        self.stage.clock().advance(A_LOOK).await;
        scene.cleaner.borrow_mut().clean(&plain::render(&came.message))
    }
}
