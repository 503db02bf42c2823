//! A shell on the bot's own host, whose account is a person's: the same services as the command line calls.

use super::{A_LOOK, Person};
use std::sync::Arc;
use wrasse::conversation::{Tense, plain};
use wrasse::domain::identity::{Actor, PersonId};
use wrasse::domain::ids::RequestId;
use wrasse::domain::intent::Intent;
use wrasse::language::{self, Vocabulary};
use wrasse::ports::store::{Committed, Operation};
use wrasse::ports::{Clock, Ids};
use wrasse::services::restraining::Came;
use wrasse::services::shell::{self, Shell, ToAgree, ToOverride};

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

    /// `wrasse agree REQUEST POLICY`, perhaps with the digits that were shown.
    pub(crate) async fn agrees(&self, request: &str, policy: &str, seen: Option<&str>) -> String {
        let request = RequestId::parse(request).unwrap();
        let what = ToAgree { request: &request, policy, seen, why: "" };
        self.shell(Tense::Is, async |shell| shell::agree(shell, what).await).await
    }

    async fn shell(
        &self,
        tense: Tense,
        call: impl AsyncFnOnce(Shell<'_>) -> Result<Came, wrasse::ports::StoreFault>,
    ) -> String {
        let scene = &self.stage.0;
        let (store, rulebook) = (self.stage.store().await, self.stage.rulebook().await);
        let (account, owner) = (Actor::recalled(PersonId::new("local", "1000")), Actor::of_account(self.id.clone()));
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
