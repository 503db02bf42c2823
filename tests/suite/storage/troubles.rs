//! Requests of whose trouble people are told after their end.

use super::values::*;
use super::{does, on_every_store};
use wrasse::domain::ids::RequestId;
use wrasse::ports::Store;
use wrasse::workflow::TROUBLE_TOLD_FOR;
use wrasse::workflow::request::RequestEvent;

async fn told(store: &dyn Store, millis: i64) -> Vec<RequestId> {
    store.troubled_requests(at(millis)).await.unwrap().iter().map(|request| request.id().clone()).collect()
}

#[tokio::test]
async fn trouble_is_told_for_a_while_after_the_end() {
    on_every_store(async |store| {
        let hour = i64::try_from(TROUBLE_TOLD_FOR.as_millis()).unwrap();
        let [halted, well, open] = ["2mq9", "2mk4", "2mk5"].map(request_id);
        let started = || RequestEvent::Started { at: at(2) };
        for id in [&halted, &well, &open] {
            let events = vec![accepted(id), card_posted(id.tail()), started()];
            does(store, id.tail(), vec![request_events(id, 0, events)]).await;
        }
        does(store, "halt", vec![request_events(&halted, 3, vec![request_halted(10)])]).await;
        does(store, "halt one that goes on", vec![request_events(&open, 3, vec![request_halted(20)])]).await;
        assert_eq!(told(store, 30).await, [], "they are open");
        does(store, "end", vec![request_events(&halted, 4, vec![request_ended(30)])]).await;
        does(store, "end well", vec![request_events(&well, 3, vec![request_ended(31)])]).await;
        assert_eq!(told(store, 32).await, std::slice::from_ref(&halted));
        assert_eq!(told(store, 9 + hour).await, [halted]);
        assert_eq!(told(store, 10 + hour).await, []);
        assert_eq!(told(store, -1).await.len(), 1, "not those without trouble");
    })
    .await;
}
