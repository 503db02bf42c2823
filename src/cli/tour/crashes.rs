//! The scene in which the bot is killed at four points of its work, each time for real.

use super::hands::{ANA, Hands, Missed, NOC, Place, Seen, Truth, ensure};
use super::scenes::first_line;

const ALL: &str = "edge-sin-[001-004]";
/// The canary: its reboot command is taken by the server, and the answer never reaches the bot.
const CANARY: &str = "edge-sin-001";

pub(super) async fn survives(hands: &Hands) -> Result<(), Missed> {
    hands.trouble(CANARY, "hangs_in_exec").await?;
    let before = hands.newest(NOC).await?;
    hands.slash(ANA, NOC, &format!("reboot {ALL} because kernel update")).await?;
    let (id, card) = hands.card(NOC, &before).await?;

    // The fleet has logged the command; the bot is still waiting for the answer, so it cannot have stored one.
    hands
        .until(30, "the fleet logs the reboot command", || async move {
            Ok((hands.reboots_of(CANARY).await? == 1).then_some(()))
        })
        .await?;
    hands.kill_and_start_bot("after the fleet logged the reboot command, before the bot heard an answer").await?;
    when(hands, "the canary is back", |server| server.name == CANARY && server.phase == "P").await?;

    when(hands, "a server is draining", |server| server.name != CANARY && server.drained && server.reboots == 0)
        .await?;
    hands.kill_and_start_bot("while a server is drained and not yet rebooted").await?;

    when(hands, "a server is booting", |server| server.name != CANARY && server.phase == "B").await?;
    hands.kill_and_start_bot("while a server boots").await?;

    when(hands, "a server is up and still drained", |server| {
        server.drained && server.reboots == 1 && server.phase == "D"
    })
    .await?;
    hands.kill_and_start_bot("after a server came back, before it was returned").await?;

    let place = Place { channel: NOC, thread: Some(&card.ts), viewer: ANA, within_s: 60 };
    let ends = |seen: &Seen| seen.all.contains(&format!("{id}: all 4 rebooted and back in production"));
    let last = hands.message(place, "the same thread is carried on to the end", ends).await?;
    hands.tell(first_line(&last));
    for server in hands.fleet(ALL).await? {
        let times = hands.reboots_of(&server.name).await?;
        ensure(times == 1, || format!("{} was rebooted {times} times", server.name))?;
        ensure(!server.drained && server.phase == "P", || format!("{} is not back in production", server.name))?;
    }
    hands.tell("the fleet's own log: four servers, each rebooted once");
    one_card_and_one_end(hands, &id, &card).await?;
    hands.repair(CANARY).await
}

/// Waits until some server of the scene is like that.
async fn when(hands: &Hands, what: &str, fits: impl Fn(&Truth) -> bool + Sync) -> Result<(), Missed> {
    let fits = &fits;
    hands.until(40, what, || async move { Ok(hands.fleet(ALL).await?.iter().any(fits).then_some(())) }).await
}

async fn one_card_and_one_end(hands: &Hands, id: &str, card: &Seen) -> Result<(), Missed> {
    let channel = hands.messages(NOC, None, ANA).await?;
    let cards = channel.iter().filter(|seen| !seen.private && seen.all.contains(&format!(" · {id}"))).count();
    ensure(cards == 1, || format!("{cards} cards for one request"))?;
    hands.card_shows(card, "✅ done", 10).await?;
    let thread = hands.messages(NOC, Some(&card.ts), ANA).await?;
    let ends = thread.iter().filter(|seen| seen.all.contains(&format!("{id}: all 4"))).count();
    ensure(ends == 1, || format!("{ends} final replies"))?;
    hands.tell("one card, one thread, one final reply, across four deaths");
    Ok(())
}
