//! The outbox: order inside a lane, edits, postponing, and what is never delivered.

use super::values::*;
use super::{does, is_stale, on_every_store};
use wrasse::domain::ids::DeliveryKey;
use wrasse::ports::Store;
use wrasse::ports::store::{Content, Slot, Write};

async fn due(store: &dyn Store, now: i64) -> Vec<String> {
    let slots = store.due_slots(at(now), 10).await.unwrap();
    slots.iter().map(|slot| slot.outgoing.key.to_string()).collect()
}

async fn slot(store: &dyn Store, key: &str) -> Slot {
    store.slot(&DeliveryKey::new(key)).await.unwrap().unwrap()
}

async fn sends(store: &dyn Store, key: &str, lane: &str, content: Content) {
    let id = format!("send {key} {}", nth(store, key).await);
    does(store, &id, vec![Write::Send(outgoing(key, lane, content))]).await;
}

/// A number that differs whenever sending the key again changed something.
async fn nth(store: &dyn Store, key: &str) -> i64 {
    store.slot(&DeliveryKey::new(key)).await.unwrap().map_or(0, |slot| slot.revision)
}

#[tokio::test]
async fn messages_of_a_lane_are_delivered_in_order() {
    on_every_store(async |store| {
        sends(store, "b card", "b", live()).await;
        sends(store, "b note", "b", fixed("a note")).await;
        sends(store, "a card", "a", live()).await;
        assert_eq!(due(store, 0).await, ["b card", "a card"]);
        assert_eq!(store.due_slots(at(0), 1).await.unwrap().len(), 1);
        does(store, "b card is there", vec![delivered("b card", 1, Some("1.0"))]).await;
        assert_eq!(due(store, 0).await, ["b note", "a card"]);
        does(store, "b note is there", vec![delivered("b note", 1, Some("1.1"))]).await;
        does(store, "a card is there", vec![delivered("a card", 1, None)]).await;
        assert_eq!(due(store, 0).await, Vec::<String>::new());
        let sequences = [slot(store, "b card").await, slot(store, "b note").await, slot(store, "a card").await];
        assert_eq!(sequences.map(|slot| slot.sequence), [1, 2, 3]);
    })
    .await;
}

#[tokio::test]
async fn an_edit_neither_waits_for_its_lane_nor_holds_it_up() {
    on_every_store(async |store| {
        sends(store, "card", "a", live()).await;
        does(store, "card is there", vec![delivered("card", 1, Some("1.0"))]).await;
        sends(store, "note", "a", fixed("a note")).await;
        sends(store, "card", "a", live()).await;
        assert_eq!(due(store, 0).await, ["card", "note"]);
        does(store, "the edit waits", vec![postponed("card", 50)]).await;
        assert_eq!(due(store, 0).await, ["note"]);
        assert_eq!(due(store, 50).await, ["card", "note"]);
        does(store, "the note waits", vec![postponed("note", 90)]).await;
        assert_eq!(due(store, 50).await, ["card"]);
        assert_eq!(store.next_slot_wake(at(0)).await.unwrap(), Some(at(50)));
        assert_eq!(store.next_slot_wake(at(50)).await.unwrap(), Some(at(90)));
        assert_eq!(store.next_slot_wake(at(90)).await.unwrap(), None);
    })
    .await;
}

/// Whatever put it there first: an edit changes no order.
#[tokio::test]
async fn an_edit_does_not_wait_for_an_earlier_message_either() {
    on_every_store(async |store| {
        sends(store, "note", "a", fixed("a note")).await;
        sends(store, "card", "a", live()).await;
        does(store, "card is there", vec![delivered("card", 1, Some("1.0"))]).await;
        sends(store, "card", "a", live()).await;
        assert_eq!(due(store, 0).await, ["note", "card"]);
        does(store, "wait", vec![postponed("note", 10), postponed("card", 20)]).await;
        assert_eq!(store.next_slot_wake(at(10)).await.unwrap(), Some(at(20)));
    })
    .await;
}

#[tokio::test]
async fn what_changed_while_it_was_delivered_is_delivered_again() {
    on_every_store(async |store| {
        sends(store, "card", "a", live()).await;
        does(store, "begin", vec![begun("card", 7)]).await;
        sends(store, "card", "a", live()).await;
        does(store, "wait", vec![postponed("card", 3)]).await;
        let waiting = slot(store, "card").await;
        assert_eq!((waiting.revision, waiting.delivered, waiting.attempts), (2, 0, 1));
        assert_eq!((waiting.begun_at, waiting.not_before), (Some(at(7)), at(3)));
        does(store, "there", vec![delivered("card", 1, Some("1.0"))]).await;
        let there = slot(store, "card").await;
        assert_eq!((there.revision, there.delivered, there.attempts, there.begun_at), (2, 1, 0, None));
        assert_eq!((waiting.delivered_at, there.delivered_at), (None, Some(at(8))));
        assert_eq!(there.message, Some(message_ref("1.0")));
        assert_eq!(due(store, 9).await, ["card"]);
        does(store, "edited", vec![delivered("card", 2, None)]).await;
        assert_eq!(slot(store, "card").await.message, Some(message_ref("1.0")), "an edit forgot where it stands");
        assert_eq!(due(store, 9).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn what_was_composed_once_is_not_sent_again() {
    on_every_store(async |store| {
        for (key, first, second) in [("note", fixed("a note"), fixed("another")), ("form", form("one"), form("two"))] {
            does(store, &format!("{key} 1"), vec![Write::Send(outgoing(key, key, first.clone()))]).await;
            does(store, &format!("{key} 2"), vec![Write::Send(outgoing(key, key, second))]).await;
            let slot = slot(store, key).await;
            assert_eq!((slot.revision, slot.outgoing.content), (1, first));
        }
    })
    .await;
}

#[tokio::test]
async fn what_will_never_be_delivered_frees_its_lane() {
    on_every_store(async |store| {
        sends(store, "first", "a", live()).await;
        sends(store, "second", "a", live()).await;
        does(store, "never", vec![undeliverable("first")]).await;
        assert_eq!(due(store, 0).await, ["second"]);
        sends(store, "first", "a", live()).await;
        assert_eq!(due(store, 0).await, ["second"]);
        assert_eq!(slot(store, "first").await.undeliverable.as_deref(), Some("the channel is gone"));
    })
    .await;
}

#[tokio::test]
async fn a_message_is_found_where_it_stands() {
    on_every_store(async |store| {
        sends(store, "card", "a", live()).await;
        assert_eq!(store.slot_at(&message_ref("1.0")).await.unwrap(), None);
        does(store, "there", vec![delivered("card", 1, Some("1.0"))]).await;
        let found = store.slot_at(&message_ref("1.0")).await.unwrap().unwrap();
        assert_eq!(found, slot(store, "card").await);
        assert_eq!(store.slot_at(&message_ref("2.0")).await.unwrap(), None);
        assert_eq!(store.slot(&DeliveryKey::new("other")).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_settled_about_a_message_that_was_never_written() {
    on_every_store(async |store| {
        is_stale(store, "begun", begun("none", 1)).await;
        is_stale(store, "delivered", delivered("none", 1, None)).await;
        is_stale(store, "postponed", postponed("none", 1)).await;
        is_stale(store, "undeliverable", undeliverable("none")).await;
    })
    .await;
}

#[tokio::test]
async fn a_person_is_shown_the_last_private_answers_that_they_got() {
    on_every_store(async |store| {
        let said = |key: &str, user: &str, content: Content| Write::Send(private(key, user, content));
        let writes = vec![
            said("one", "U0ANA", fixed("one")),
            said("of bob", "U0BOB", fixed("of bob")),
            said("two", "U0ANA", fixed("two")),
            said("echo", "U0ANA", live()),
            said("under way", "U0ANA", fixed("under way")),
            Write::Send(outgoing("for all", "a", fixed("for all"))),
            said("three", "U0ANA", fixed("three")),
        ];
        does(store, "say", writes).await;
        let there = ["one", "of bob", "two", "echo", "for all", "three"];
        does(store, "there", there.map(|key| delivered(key, 1, None)).to_vec()).await;
        let answers = async |user: &str, limit: usize| {
            let slots = store.answers_to(&person(user), limit).await.unwrap();
            slots.iter().map(|slot| (slot.outgoing.key.to_string(), slot.delivered_at)).collect::<Vec<_>>()
        };
        let got = |key: &str| (key.to_owned(), Some(at(8)));
        assert_eq!(answers("U0ANA", 2).await, [got("three"), got("two")], "newest first");
        assert_eq!(answers("U0ANA", 9).await, [got("three"), got("two"), got("one")]);
        assert_eq!(answers("U0BOB", 9).await, [got("of bob")]);
        assert_eq!(answers("U0DEE", 9).await, []);
    })
    .await;
}
