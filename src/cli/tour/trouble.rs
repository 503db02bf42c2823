//! The scenes where something goes wrong, is ended, or has to wait.

use super::hands::{ANA, BOB, Hands, INCIDENTS, Missed, NOC, Place, Seen, ensure};
use super::scenes::first_line;

pub(super) async fn does_not_come_back(hands: &Hands) -> Result<(), Missed> {
    let broken = "edge-fra-003";
    hands.trouble(broken, "wont_boot").await?;
    let before = hands.newest(NOC).await?;
    hands.slash(ANA, NOC, "reboot edge-fra-[001-005] --wave 100% because memory leak").await?;
    let (id, card) = hands.card(NOC, &before).await?;
    let thread = Place { channel: NOC, thread: Some(&card.ts), viewer: ANA, within_s: 60 };
    let failed = |seen: &Seen| seen.all.contains(broken) && seen.all.contains("did not come back");
    let told = hands.message(thread, "the thread tells which server did not come back", failed).await?;
    hands.tell(first_line(&told));
    let ends = |seen: &Seen| seen.all.contains(&format!("{id}: 4 of 5 rebooted"));
    let last = hands.message(thread, "the others were handled, and the final reply says so", ends).await?;
    hands.tell(first_line(&last));
    let notice = |seen: &Seen| seen.all.contains(broken) && seen.all.contains(&id);
    let place = Place { channel: INCIDENTS, thread: None, viewer: ANA, within_s: 10 };
    let notice = hands.message(place, "a notice in the incident channel", notice).await?;
    let link = format!("p{}", card.ts.replace('.', ""));
    ensure(notice.json.to_string().contains(&link), || {
        format!("the notice does not link to the thread: {}", notice.json)
    })?;
    hands.tell(format!("#incidents: {}", first_line(&notice)));
    for server in hands.fleet("edge-fra-[001-005]").await? {
        ensure(server.reboots == 1, || format!("{} was rebooted {} times", server.name, server.reboots))?;
        let stays = server.name == broken;
        ensure(server.drained == stays, || {
            format!("{} is {}", server.name, if stays { "in rotation" } else { "out" })
        })?;
    }
    hands.tell("it stays drained; the other four are back in production");
    put_back(hands, broken).await
}

/// The technician's part: repaired, and returned by a line.
async fn put_back(hands: &Hands, server: &str) -> Result<(), Missed> {
    hands.repair(server).await?;
    hands
        .until(20, "the repaired server is up", || async move {
            Ok(hands.fleet(server).await?.first().is_some_and(|truth| truth.phase == "D").then_some(()))
        })
        .await?;
    let before = hands.newest(NOC).await?;
    hands.slash(ANA, NOC, &format!("undrain {server} because repaired")).await?;
    let (_, card) = hands.card(NOC, &before).await?;
    hands.card_shows(&card, "✅ done", 30).await?;
    let back = hands.fleet(server).await?.first().is_some_and(|truth| !truth.drained && truth.phase == "P");
    ensure(back, || format!("{server} is not back in production"))
}

pub(super) async fn is_cancelled(hands: &Hands) -> Result<(), Missed> {
    let all = "edge-nrt-[001-010]";
    let before = hands.newest(NOC).await?;
    hands.slash(ANA, NOC, &format!("reboot {all} because firmware hang")).await?;
    let (id, card) = hands.card(NOC, &before).await?;
    // Past the canary, with at least one server drained and not yet rebooted.
    hands
        .until(40, "a second wave is under way", || async move {
            let servers = hands.fleet(all).await?;
            let rebooted = servers.iter().filter(|server| server.reboots > 0).count();
            let drained = servers.iter().any(|server| server.drained && server.reboots == 0);
            Ok((rebooted >= 1 && drained).then_some(()))
        })
        .await?;
    hands.press(ANA, NOC, &card.ts, "Cancel").await?;
    let touched = hands.fleet(all).await?.into_iter().filter(|server| server.drained || server.reboots > 0);
    let touched: Vec<String> = touched.map(|server| server.name).collect();
    let place = Place { channel: NOC, thread: Some(&card.ts), viewer: ANA, within_s: 40 };
    let ends = |seen: &Seen| seen.all.contains(&format!("{id} cancelled by ana"));
    let last = hands.message(place, "the final reply says that it was cancelled", ends).await?;
    hands.tell(first_line(&last));
    let mut rebooted = 0;
    for server in hands.fleet(all).await? {
        let was_touched = touched.contains(&server.name);
        ensure(server.reboots == 0 || was_touched, || format!("{} was started after the cancel", server.name))?;
        ensure(server.reboots <= 1, || format!("{} was rebooted {} times", server.name, server.reboots))?;
        ensure(!server.drained && server.phase == "P", || format!("{} was not returned", server.name))?;
        rebooted += server.reboots;
    }
    ensure(rebooted < 10, || "everything was rebooted in spite of the cancel".into())?;
    hands.tell(format!("{rebooted} of 10 were rebooted; all 10 are in production, nothing started after the press"));
    Ok(())
}

pub(super) async fn waits_at_the_floor(hands: &Hands) -> Result<(), Missed> {
    let down = "edge-gru-009";
    hands.trouble(down, "dead").await?;
    hands.tell("edge-gru has 16 servers and a floor of 15: now it is at its floor");
    // The bot looks every two seconds; the line is typed when it may have seen it.
    hands
        .until(10, "the server is down", || async move {
            Ok(hands.fleet(down).await?.first().is_some_and(|truth| truth.phase == "X").then_some(()))
        })
        .await?;
    let mut seen_by_bot = tokio::time::interval(std::time::Duration::from_secs(3));
    seen_by_bot.tick().await;
    seen_by_bot.tick().await;
    let before = hands.newest(NOC).await?;
    hands.slash(ANA, NOC, "reboot edge-gru-001 because kernel update").await?;
    let (_, card) = hands.card(NOC, &before).await?;
    let waiting = hands.card_shows(&card, "15 of 16 in service, floor 15", 10).await?;
    ensure(waiting.all.contains("⏳ queued"), || format!("it does not wait: {}", waiting.all))?;
    ensure(waiting.all.contains(down), || format!("it does not say which server is out: {}", waiting.all))?;
    waiting
        .all
        .lines()
        .filter(|line| line.contains("queued") || line.contains('•'))
        .for_each(|line| hands.tell(format!("│ {line}")));
    seen_by_bot.tick().await;
    ensure(hands.reboots_of("edge-gru-001").await? == 0, || "it was rebooted below the floor".into())?;
    hands.repair(down).await?;
    let place = Place { channel: NOC, thread: Some(&card.ts), viewer: ANA, within_s: 30 };
    let starts = |seen: &Seen| seen.all.contains("▶️ Started");
    let started = hands.message(place, "it starts by itself when the server is back", starts).await?;
    hands.tell(first_line(&started));
    hands.card_shows(&card, "✅ done", 40).await?;
    ensure(hands.reboots_of("edge-gru-001").await? == 1, || "it was not rebooted once".into())
}

/// The share that comes to a site when nothing is the matter: so little that no rise is judged, whatever the hour of the
/// day had before.
const CALM: f64 = 0.3;

/// More than the other servers could carry comes while some of them are out.
pub(super) async fn is_halted_by_a_surge(hands: &Hands) -> Result<(), Missed> {
    let all = "edge-riga-[001-003]";
    hands.traffic("riga", CALM).await?;
    let before = hands.newest(NOC).await?;
    hands.slash(ANA, NOC, &format!("reboot {all} --wave 100% because new kernel")).await?;
    let (id, card) = hands.card(NOC, &before).await?;
    hands
        .until(30, "the rollout is under way", || async move {
            Ok(hands.fleet(all).await?.iter().any(|server| server.reboots > 0).then_some(()))
        })
        .await?;
    hands.traffic("riga", 0.8).await?;
    let halted = hands.card_shows(&card, "riga traffic would be", 40).await?;
    let reason = halted.all.lines().find(|line| line.contains("riga traffic would be")).unwrap_or_default();
    hands.tell(reason.trim());
    let waits = hands.fleet(all).await?.iter().any(|server| server.reboots == 0);
    ensure(waits, || "all of them were rebooted all the same".into())?;
    hands.traffic("riga", CALM).await?;
    let thread = Place { channel: NOC, thread: Some(&card.ts), viewer: ANA, within_s: 60 };
    let ends = |seen: &Seen| seen.all.contains(&format!("{id}: all 3 rebooted"));
    let last = hands.message(thread, "it went on by itself to the end", ends).await?;
    hands.tell(first_line(&last));
    for server in hands.fleet(all).await? {
        ensure(server.reboots == 1, || format!("{} was rebooted {} times", server.name, server.reboots))?;
    }
    hands.tell("the fleet's own log: each of the three rebooted once");
    Ok(())
}

/// Three servers of a site do not come back: nothing more of the same starts there until somebody says so.
pub(super) async fn is_stopped_by_failures(hands: &Hands) -> Result<(), Missed> {
    // Each in a rack of its own, so that none waits for another.
    let next = "edge-fra-039";
    let since = hands.newest(INCIDENTS).await?;
    for broken in ["edge-fra-009", "edge-fra-019", "edge-fra-029"] {
        hands.trouble(broken, "wont_boot").await?;
        hands.slash(ANA, NOC, &format!("reboot {broken} because kernel update")).await?;
    }
    let incidents = Place { channel: INCIDENTS, thread: None, viewer: ANA, within_s: 45 };
    let stopped = |seen: &Seen| *seen.ts > *since && seen.all.contains("Reboot in fra stopped: 3 of the last 3 failed");
    let notice = hands.message(incidents, "a notice that reboots stop in fra", stopped).await?;
    hands.tell(format!("#incidents: {}", first_line(&notice)));
    let closes = notice.all.contains("close-breaker reboot site=fra because");
    ensure(closes, || format!("the notice does not say how it goes on: {}", notice.all))?;

    let before = hands.newest(NOC).await?;
    hands.slash(ANA, NOC, &format!("reboot {next} because kernel update")).await?;
    let (id, card) = hands.card(NOC, &before).await?;
    hands.card_shows(&card, "reboot in fra: 3 of the last 3 failed", 10).await?;
    hands.slash(ANA, NOC, &format!("why {id}")).await?;
    let looks = |seen: &Seen| seen.private && seen.all.contains("one canary may start from");
    let told = hands.message(Place { channel: NOC, within_s: 5, ..incidents }, "ana sees why it waits", looks).await?;
    let reason = told.all.lines().find(|line| line.contains("one canary may start from")).unwrap_or_default();
    hands.tell(format!("only ana sees: {}", reason.trim()));
    ensure(hands.reboots_of(next).await? == 0, || format!("{next} was rebooted all the same"))?;

    hands.slash(BOB, NOC, "close-breaker reboot site=fra because the boot image is repaired").await?;
    let thread = Place { channel: NOC, thread: Some(&card.ts), viewer: ANA, within_s: 10 };
    let starts = |seen: &Seen| seen.all.contains("▶️ Started");
    let started = hands.message(thread, "it starts once bob has closed the breaker", starts).await?;
    hands.tell(first_line(&started));
    let open_again = |seen: &Seen| seen.all.contains("Reboot in fra may start again: closed by bob");
    hands.message(incidents, "the notice says who let it go on", open_again).await.map(|_| ())
}
