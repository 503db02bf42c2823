//! Attacking: what is forged, copied, repeated, raced or cut into pieces comes to nothing, or to one thing.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{Person, Stage, Thread, minutes, seconds, story, times};
use insta::assert_snapshot;

const LINE: &str = "/fleet reboot edge-lax-[01-02] because kernel update";

/// Handles are drawn at random, and nothing is behind one that we did not draw.
#[tokio::test]
async fn a_made_up_handle_is_worth_nothing() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        let review = bob.sees_button(&thread, "Review").unwrap();
        thread.transcript();
        for handle in ["", "h_", "req-2222", "request.withdraw", "'; DROP TABLE controls; --"] {
            bob.presses_again(&thread, &review.with_handle(handle)).await;
            bob.submits_handle(&thread, handle, "approve").await;
        }
        let told = thread.since_last_look();
        assert_eq!(told.matches("This button is no longer in use.").count(), 5, "{told}");
        assert!(!told.contains("Recorded"), "{told}");
        // A handle of ours that is no form's: what it opens is not what it sends.
        bob.submits_handle(&thread, &review.handle_text(), "approve").await;
        stage.clock().advance(seconds(30)).await;
        assert!(!thread.transcript().contains("Recorded"));
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// What was offered to one person, in one channel, works for that person there.
#[tokio::test]
async fn a_private_button_works_in_its_channel_alone() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let web = stage.channel("#web").lets("noc", "reboot");
        let elsewhere = ana.types(&web, "/fleet status").await;
        let late = ana.types_late(&noc, minutes(5), "/fleet reboot edge-lax-01 because kernel update").await;
        let run = ana.sees_button(&late, "Run it now").unwrap();
        late.transcript();
        elsewhere.transcript();
        ana.presses_again(&elsewhere, &run).await;
        assert_snapshot!(elsewhere.since_last_look(), @"
        ana   presses a button seen before
        bot   (only ana) This button was made for somebody else. Nothing has changed. Send your own line.
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// A thousand presses of one button, kept while the bot was away, are one.
#[tokio::test]
async fn a_thousand_presses_are_one() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 in 2h because kernel update").await;
        let cancel = ana.sees_button(&thread, "Cancel").unwrap();
        stage.bot_sleeps().await;
        for _ in 0..1_000 {
            ana.presses_again(&thread, &cancel).await;
        }
        stage.bot_wakes().await;
        stage.clock().advance(minutes(1)).await;
        let told = thread.transcript();
        assert_eq!(told.matches("req-0001 is cancelled. Nothing has started").count(), 1);
        assert_eq!(told.matches("bot   (only ana)").count(), 1_001, "the echo, and an answer to each press");
        assert_eq!(told.matches("⏹️ req-0001 cancelled by ana").count(), 1);
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// Anyone may call themselves anything. Ids decide.
#[tokio::test]
async fn a_person_of_the_same_name_is_another_person() {
    story(async |stage| {
        let Cast { noc, ana, bob: _ } = cast_with_approval(stage, "edge-lax-[01-03]");
        let eve = stage.person("eve").in_group("noc").calls_themselves("bob");
        let thread = ana.types(&noc, LINE).await;
        thread.transcript();
        eve.approves(&thread, "I am bob").await;
        // Nor is somebody of ana's name the one who asked.
        let ida = stage.person("ida").calls_themselves("ana");
        ida.presses(&thread, "Withdraw").await;
        assert_snapshot!(thread.since_last_look(), @"
        eve   presses [Review]
        bot   (only bob) Approving this needs sre (2 servers in lax, plan 0000). bob is active now. Nothing has changed.
        ida   presses [Withdraw], asked: Withdraw req-0001? Nothing has started, and nothing will. [Withdraw it]
        bot   (only ida) req-0001 can be cancelled by ana, or somebody who may reboot the same servers in its channel. Nothing has changed.
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// The same user id in another workspace is a stranger, whatever the member of that id may.
#[tokio::test]
async fn the_same_id_of_another_workspace_is_a_stranger() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        thread.transcript();
        let other = bob.in_another_workspace("sre");
        other.presses(&thread, "Review").await;
        other.submits_form_of(&bob, &thread, "approve").await;
        ana.in_another_workspace("noc").presses(&thread, "Withdraw").await;
        assert_snapshot!(thread.since_last_look(), @"
        bob   presses [Review]
        bot   (only bob) Only people of this workspace can run anything here. Nothing has started.
        bob   submits approve
        ana   presses [Withdraw], asked: Withdraw req-0001? Nothing has started, and nothing will. [Withdraw it]
        bot   (only ana) Only people of this workspace can run anything here. Nothing has started.
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// Plays both at the same moment, in either order, and tells what came of it.
async fn raced(first: &str, second: &str) -> String {
    let out = std::cell::RefCell::new(String::new());
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let dee = stage.person("dee").in_group("sre");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        dee.presses(&thread, "Review").await;
        let people = (&ana, &bob, &dee);
        stage.bot_sleeps().await;
        for act in [first, second] {
            acts(people, &thread, act).await;
        }
        stage.bot_wakes().await;
        stage.clock().advance(minutes(2)).await;
        let told = thread.transcript();
        let card = told.lines().skip_while(|line| !line.contains("Reboot 2 servers in lax")).nth(1).unwrap_or_default();
        *out.borrow_mut() = format!("{first}, {second}: {}, {} rebooted", card.trim(), restarts(stage));
    })
    .await;
    out.into_inner()
}

async fn acts((ana, bob, dee): (&Person, &Person, &Person), thread: &Thread, act: &str) {
    match act {
        "approve" => bob.submits(thread, "approve", "").await,
        "approve as well" => dee.submits(thread, "approve", "").await,
        "deny" => dee.submits(thread, "deny", "not now").await,
        "cancel" => ana.presses(thread, "Withdraw").await,
        other => panic!("nobody knows how to {other}"),
    }
}

fn restarts(stage: &Stage) -> usize {
    stage.fleet().restarts()
}

/// Which of two that come at once is first is the store's affair; that one of them counts, and wholly, is ours.
#[tokio::test]
async fn of_two_decisions_at_once_one_counts_and_nothing_is_half_done() {
    let (done, refused) = ("✅ done · hh:mm, 2 rebooted", "🚫 refused by dee · hh:mm, 0 rebooted");
    let cancelled = "⏹️ cancelled by ana · hh:mm, 0 rebooted";
    let races = [
        ("approve", "cancel", [cancelled, cancelled]),
        ("cancel", "approve", [cancelled, cancelled]),
        ("approve", "deny", [done, refused]),
        ("deny", "approve", [done, refused]),
        ("approve", "approve as well", [done, done]),
    ];
    for (first, second, outcomes) in races {
        let told = raced(first, second).await;
        assert!(outcomes.iter().any(|outcome| told == format!("{first}, {second}: {outcome}")), "{told}");
    }
}

/// What one request may not do, many small ones cannot do either: servers out at once are counted over all requests.
#[tokio::test]
async fn many_small_requests_take_no_more_out_than_one_may() {
    story(async |stage| {
        stage.fleet().has("edge-lax-[01-20]");
        stage.lets_out(10);
        stage.fleet().holds_boots();
        let small = stage.channel("#small").lets_up_to("noc", "reboot", 2);
        let people = ["ana", "bea", "cem", "dov"].map(|name| stage.person(name).in_group("noc"));
        let whole = people[0].types(&small, "/fleet reboot edge-lax-[01-20] because all of it").await;
        assert!(whole.transcript().contains("reboot of more than 2 servers is not allowed in #small"));
        for (number, person) in (0..10).zip(people.iter().cycle()) {
            let (first, second) = (2 * number + 1, 2 * number + 2);
            let line = format!("/fleet reboot edge-lax-{first:02},edge-lax-{second:02} because slice {number}");
            person.types(&small, &line).await;
        }
        stage.clock().advance(minutes(1)).await;
        assert_eq!(stage.fleet().restarts(), 2, "a tenth of 20 servers, whoever asked for them");
        let told = small.transcript();
        assert_eq!(told.matches("⏳ queued").count(), 8, "{told}");
        assert_eq!(told.matches("edge-lax has 18 of 20 in service, floor 18").count(), 8, "{told}");
    })
    .await;
}
