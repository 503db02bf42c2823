//! The scenes where everything goes well, or is answered at once.

use super::hands::{ANA, Hands, Missed, NOC, Place, Seen, WEB, at, ensure};
use serde_json::json;
use std::collections::BTreeSet;

const LINE: &str = "reboot edge-lax-[001-020] because kernel update";
/// The whole reboot of 20 servers, from approval to the final reply.
const REBOOT_WITHIN_S: u64 = 90;
/// The demo's pool edge-lax has 40 servers and a floor of 36.
const OUT_AT_ONCE_MAX: usize = 4;

fn in_noc(viewer: &str) -> Place<'_> {
    Place { channel: NOC, thread: None, viewer, within_s: 5 }
}

fn in_thread(card: &Seen) -> Place<'_> {
    Place { channel: NOC, thread: Some(&card.ts), viewer: ANA, within_s: 10 }
}

pub(super) async fn reboots(hands: &Hands) -> Result<(), Missed> {
    let before = hands.newest(NOC).await?;
    hands.slash(ANA, NOC, LINE).await?;
    let echo = |seen: &Seen| seen.private && seen.all.contains("Understood: reboot 20 servers in lax");
    hands.message(in_noc(ANA), "a private echo of what was understood", echo).await?;
    let (id, card) = hands.card(NOC, &before).await?;
    ensure(card.all.contains("needs approval"), || format!("the card does not ask for approval: {}", card.all))?;
    hands.tell(format!("one card: {}", first_line(&card)));
    let asks = |seen: &Seen| seen.all.contains("need your approval");
    hands.message(in_thread(&card), "the approvers are asked in the thread", asks).await?;

    hands.press(ANA, NOC, &card.ts, "Review").await?;
    let herself = |seen: &Seen| seen.private && seen.all.contains("You asked for this") && seen.all.contains("bob");
    let place = Place { within_s: 5, ..in_thread(&card) };
    let refused = match hands.message(place, "ana may not approve her own request", herself).await {
        Ok(refused) => refused,
        Err(_) => hands.message(in_noc(ANA), "ana may not approve her own request", herself).await?,
    };
    hands.tell(format!("only ana sees: {}", first_line(&refused)));
    ensure(hands.reboots().await?.is_empty(), || "a server was rebooted before anybody approved".into())?;

    hands.bob_approves(&card).await?;
    watch(hands, &card).await?;
    let ends = |seen: &Seen| seen.all.contains(&format!("{id}: all 20 rebooted and back in production"));
    let last = hands.message(in_thread(&card), "one final reply", ends).await?;
    hands.tell(first_line(&last));
    for server in hands.fleet("edge-lax-[001-020]").await? {
        ensure(server.reboots == 1, || format!("{} was rebooted {} times", server.name, server.reboots))?;
        ensure(!server.drained && server.phase == "P", || format!("{} is not back in production", server.name))?;
    }
    hands.tell("the fleet's own log: 20 servers, each rebooted once, each back in rotation");
    Ok(())
}

/// Watches the card count up, and the pool keep its floor, until it is done.
async fn watch(hands: &Hands, card: &Seen) -> Result<(), Missed> {
    let mut counts = BTreeSet::new();
    let mut out_most = 0;
    let (counts_seen, out_seen) = (&mut counts, &mut out_most);
    let end = hands.seconds() + 90.0;
    let mut every = tokio::time::interval(std::time::Duration::from_millis(250));
    loop {
        every.tick().await;
        let now = hands.card_now(NOC, &card.ts).await?;
        let out = hands.fleet("edge-lax-*").await?.iter().filter(|server| server.phase != "P").count();
        *out_seen = out.max(*out_seen);
        ensure(out <= OUT_AT_ONCE_MAX, || format!("{out} servers of edge-lax were out at once"))?;
        if let Some(count) =
            now.all.lines().find_map(|line| line.split_once(" of 20 ").map(|(count, _)| count.to_owned()))
        {
            counts_seen.insert(count);
        }
        if now.all.contains("✅ done") {
            break;
        }
        ensure(hands.seconds() < end, || format!("not done within {REBOOT_WITHIN_S} s: {}", now.all))?;
    }
    ensure(counts.len() >= 4, || format!("the card did not count up live: {counts:?}"))?;
    hands.tell(format!(
        "the card counted up in {} steps; at most {out_most} of 40 servers were out at once",
        counts.len()
    ));
    Ok(())
}

pub(super) async fn refuses(hands: &Hands) -> Result<(), Missed> {
    let reboots = hands.reboots().await?.len();
    hands.slash(ANA, WEB, LINE).await?;
    let refused = |seen: &Seen| seen.private && seen.all.contains("not allowed") && seen.all.contains("olicy");
    let place = Place { channel: WEB, thread: None, viewer: ANA, within_s: 5 };
    let answer = hands.message(place, "a refusal that names its policy", refused).await?;
    ensure(answer.all.contains("#noc"), || format!("it does not say where ana may: {}", answer.all))?;
    tell_all(hands, &answer);
    let others = hands.messages(WEB, None, super::hands::BOB).await?;
    ensure(others.iter().all(|seen| !seen.all.contains("req-")), || "others see something in #web".into())?;
    ensure(hands.reboots().await?.len() == reboots, || "something was rebooted".into())
}

pub(super) async fn misunderstands(hands: &Hands) -> Result<(), Missed> {
    let reboots = hands.reboots().await?.len();
    hands.slash(ANA, NOC, "reboot edge-lxa-[001-020] because kernel update").await?;
    let pointed = |seen: &Seen| seen.private && seen.all.contains("No server is called edge-lxa");
    let answer = hands.message(in_noc(ANA), "an answer that points at the word", pointed).await?;
    let caret = answer.all.contains("^^^^^^^^ did you mean edge-lax?");
    ensure(caret, || format!("it does not underline the word: {}", answer.all))?;
    let whole = answer.all.contains("reboot edge-lax-[001-020] because kernel update");
    ensure(whole, || format!("it has no line to copy: {}", answer.all))?;
    tell_all(hands, &answer);
    ensure(hands.reboots().await?.len() == reboots, || "something was rebooted".into())
}

pub(super) async fn speaks_in_threads(hands: &Hands) -> Result<(), Missed> {
    let top = hands.say(ANA, NOC, "edge-fra-020 answers slowly, I will reboot it", None).await?;
    hands.say(ANA, NOC, "<@U0WRASSE> reboot edge-fra-020 because slow answers", Some(&top)).await?;
    let place = Place { channel: NOC, thread: Some(&top), viewer: ANA, within_s: 40 };
    let card =
        |seen: &Seen| !seen.private && seen.all.contains("Reboot edge-fra-020") || seen.all.contains("Reboot 1 server");
    let card = hands.message(Place { within_s: 10, ..place }, "the card stands in that thread", card).await?;
    let ends = |seen: &Seen| seen.all.contains("✅ req-") && seen.ts != card.ts;
    let last = hands.message(place, "the final reply stands in that thread too", ends).await?;
    hands.tell(first_line(&last));
    let times = hands.reboots_of("edge-fra-020").await?;
    ensure(times == 1, || format!("edge-fra-020 was rebooted {times} times"))?;

    let before = hands.newest(NOC).await?;
    hands.slash(ANA, NOC, "announce because fra is back to normal").await?;
    let (_, card) = hands.card(NOC, &before).await?;
    hands.card_shows(&card, "✅ done", 15).await?;
    let announced = hands.get("/sandbox/status-page").await?;
    let said = announced
        .as_object()
        .is_some_and(|all| all.values().any(|one| *one == json!({ "message": "fra is back to normal" })));
    ensure(said, || format!("the status page does not say it: {announced}"))?;
    hands.tell("the status page says it once");
    Ok(())
}

pub(super) fn first_line(seen: &Seen) -> String {
    at(&seen.json, "text").as_str().unwrap_or_default().to_owned()
}

fn tell_all(hands: &Hands, seen: &Seen) {
    let blocks = super::hands::text_of(at(&seen.json, "blocks"));
    blocks
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("```"))
        .for_each(|line| hands.tell(format!("│ {line}")));
}
