//! Answers to "may they?": kept with what follows from them, found by request and by time, readable while another serves.

use super::values::*;
use super::{commit, database, does, on_every_store, open};
use wrasse::adapters::storage::sqlite::SqliteReader;
use wrasse::ports::authorizations::Sought;
use wrasse::ports::store::{Committed, Write};

const ALL: Sought = Sought { request: None, since: None, limit: 99 };

#[tokio::test]
async fn answers_are_found_by_request_and_by_time_the_oldest_first() {
    on_every_store(async |store| {
        let all = [
            authorization(Some("2mq9"), "allowed", 10),
            authorization(None, "no-policy", 20),
            authorization(Some("zzzz"), "allowed", 30),
            authorization(Some("2mq9"), "forbidden", 40),
        ];
        for (number, one) in all.iter().enumerate() {
            does(store, &format!("keep {number}"), vec![Write::Authorization(Box::new(one.clone()))]).await;
        }
        let [first, second, third, fourth] = all;
        let sought = async |sought: Sought| store.authorizations(&sought).await.unwrap();
        assert_eq!(sought(ALL).await, [first.clone(), second.clone(), third.clone(), fourth.clone()]);
        let of_request = Sought { request: Some(request_id("2mq9")), ..ALL };
        assert_eq!(sought(of_request.clone()).await, [first, fourth.clone()]);
        assert_eq!(
            sought(Sought { limit: 1, ..of_request.clone() }).await,
            std::slice::from_ref(&fourth),
            "the newest"
        );
        assert_eq!(sought(Sought { since: Some(at(41)), ..of_request }).await, []);
        assert_eq!(sought(Sought { since: Some(at(20)), limit: 2, ..ALL }).await, [third, fourth], "the newest");
    })
    .await;
}

#[tokio::test]
async fn what_was_last_known_of_a_person_is_found() {
    on_every_store(async |store| {
        let of = |user: &str, standing: &str, millis| {
            let mut one = authorization(None, standing, millis);
            one.record.user = user.into();
            one.record.standing = standing.into();
            one
        };
        let all = [of("U0ANA", "member", 1), of("U0ANA", "guest", 2), of("U0BOB", "member", 3), of("U0ANA", "", 4)];
        let writes = all.iter().map(|one| Write::Authorization(Box::new(one.clone()))).collect();
        does(store, "all", writes).await;
        let last = async |user: &str| store.last_known(&person(user)).await.unwrap();
        assert_eq!(last("U0ANA").await, Some(all[1].clone()), "the newest that told anything");
        assert_eq!(last("U0BOB").await, Some(all[2].clone()));
        assert_eq!(last("U0CAT").await, None);
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_kept_only_with_what_follows_from_it() {
    on_every_store(async |store| {
        let writes = vec![authorized(None, "allowed", 1), settled("event:never")];
        assert_eq!(commit(store, "stale", writes).await, Committed::Stale);
        assert_eq!(store.authorizations(&ALL).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn whoever_only_reads_sees_what_another_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    assert!(SqliteReader::open(&path).await.is_err(), "reading makes no file");
    assert!(!path.exists());
    let serving = open(&path).await;
    does(&serving, "one", vec![authorized(None, "allowed", 1)]).await;
    let reader = SqliteReader::open(&path).await.unwrap();
    assert_eq!(reader.authorizations(&ALL).await.unwrap(), [authorization(None, "allowed", 1)]);
    does(&serving, "two", vec![authorized(None, "forbidden", 2)]).await;
    assert_eq!(reader.authorizations(&ALL).await.unwrap().len(), 2);
    reader.close().await.unwrap();
    serving.close().await.unwrap();
}
