//! Timing: calendars keep what changes something from starting, by the clocks of each site, and so does how much started
//! within the last minute; each with its "no".

use super::{Cast, cast};
use crate::stage::{Stage, minutes, seconds, story, times};
use insta::assert_snapshot;

/// The curtain rises on a Monday at 14:00 UTC, which is 06:00 in Los Angeles: five minutes before that is over.
const HOURS: &str = "\
- name: office-hours
  kind: freeze
  on: site=lax
  at: 5 5 * * mon-fri
  for: 1h
  why: people are in the halls
  owner: sre
";

/// Five minutes later it opens for two hours.
const MORNINGS: &str = "\
- name: mornings
  kind: window
  on: site=lax
  commands: [reboot]
  at: 5 6 * * *
  for: 2h
  why: few are awake
  owner: sre
";

fn calendars(stage: &Stage, yaml: &str) {
    stage.site_is_in("lax", "America/Los_Angeles");
    stage.calendars(yaml);
}

/// What began before goes on, what is new waits until the freeze is over, and then starts by itself.
#[tokio::test]
async fn a_freeze_by_the_calendar_ends_by_itself() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        calendars(stage, HOURS);
        let plan = ana.types(&noc, "/fleet plan reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(plan.transcript(), @"
        ana   /fleet plan reboot edge-lax-01 because kernel update
        bot   (only ana) Plan: reboot 1 server in lax · nothing is started
              `edge-lax-01`
              sites: lax 1 · types: edge-cache 1 · states: production 1
              1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
              2. gate: asks again whether the drain still holds and its pool has enough without it
              3. reboot over SSH, else Redfish; proved by a new boot id, at most 2 min; cannot be undone
              4. check services, mounts, kernel and clock, at most 2 min
              5. return: back to the state it had, at most 5 min
              ✓ you may by noc-noc-reboot · needs nobody's approval
              edge-lax: 3 → 2 of 3 at the lowest, at most 1 out at once, floor 2
              first wave: would wait, and start by itself
              • lax frozen by the calendar `office-hours` until hh:mm (2026-01-05 hh:mm America/Los_Angeles): `people are in the halls`
              the first about hh:mm
              ~ ask: sre for reboot
              ~ to do it: `reboot edge-lax-01 because kernel update`
        ");
        let waiting = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(waiting.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • lax frozen by the calendar `office-hours` until hh:mm (2026-01-05 hh:mm America/Los_Angeles): `people are in the halls`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let why = ana.types(&noc, "/fleet why req-2223").await;
        assert_snapshot!(why.transcript(), @"
        ana   /fleet why req-0001
        bot   (only ana) Reboot 1 server in lax · req-0001
              ⏳ queued
              • lax frozen by the calendar `office-hours` until hh:mm (2026-01-05 hh:mm America/Los_Angeles): `people are in the halls`
                blocks `edge-lax-01`
                goes on when that is over · sre answers for the calendar
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        let queue = ana.types(&noc, "/fleet queue").await;
        assert_snapshot!(queue.transcript(), @"
        ana   /fleet queue
        bot   (only ana) 1 request waits
              1. req-0001 reboot 1 server in lax · ana · since hh:mm
                lax frozen by the calendar office-hours
              ~ every reason: `why req-0001` · as of hh:mm
        ");
        stage.clock().advance(minutes(4)).await;
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.clock().advance(minutes(4)).await;
        assert_snapshot!(waiting.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// Its site, its commands, and what only gives back: nothing else is kept.
#[tokio::test]
async fn a_calendar_keeps_only_what_it_is_about() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().has("edge-fra-[01-03]");
        stage.site_is_in("fra", "Europe/Berlin");
        calendars(stage, MORNINGS);
        let elsewhere = ana.types(&noc, "/fleet reboot edge-fra-01 because kernel update").await;
        let other = ana.types(&noc, "/fleet drain edge-lax-02 because fan noise").await;
        stage.clock().advance(minutes(3)).await;
        assert!(elsewhere.transcript().contains("1 of 1 rebooted"), "{}", elsewhere.transcript());
        assert!(other.transcript().contains("1 of 1 drained"), "{}", other.transcript());
        let back = ana.types(&noc, "/fleet undrain edge-lax-02 because it is quiet").await;
        stage.clock().advance(minutes(1)).await;
        assert!(back.transcript().contains("1 of 1 put into production"), "{}", back.transcript());
        noc.transcript();
    })
    .await;
}

/// It opens by itself; what runs at its end finishes, and what would not be back in time waits for the next.
#[tokio::test]
async fn a_window_opens_and_closes_by_itself() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        calendars(stage, &MORNINGS.replace("for: 2h", "for: 20m"));
        let waiting = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(waiting.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • lax outside of the window `mornings`; opens hh:mm (2026-01-05 hh:mm America/Los_Angeles): `few are awake`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.clock().advance(minutes(4)).await;
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().holds_boots();
        stage.clock().advance(minutes(2)).await;
        assert!(waiting.since_last_look().contains("▶️ Started"), "it has opened");
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(10)).await;
        assert!(waiting.since_last_look().contains("back in production"));
        let late = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        assert_snapshot!(late.transcript(), @"
        ana   /fleet reboot edge-lax-02 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-02` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in lax · req-0002
              ⏳ queued · starts by itself
              • lax: the window `mornings` ends hh:mm (2026-01-05 hh:mm America/Los_Angeles), and a server may take 10 min by its time-outs; opens hh:mm (2026-01-06 hh:mm America/Los_Angeles): `few are awake`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(late.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0002
              ⏳ queued · starts by itself
              • lax outside of the window `mornings`; opens hh:mm (2026-01-06 hh:mm America/Los_Angeles): `few are awake`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-02", times(0));
        let cancel = ana.types(&noc, "/fleet cancel req-2223").await;
        stage.clock().advance(minutes(1)).await;
        assert!(cancel.transcript().contains("Nothing has started"), "{}", cancel.transcript());
        late.since_last_look();
    })
    .await;
}

/// In Riga the clocks skip the hour in which this window would open, so it opens when they go on.
#[tokio::test]
async fn a_window_in_the_hour_that_the_clocks_skip() {
    story(async |stage| {
        // 02:50 in Riga.
        stage.begins_at("2026-03-29 00:50");
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-03]");
        stage.site_is_in("riga", "Europe/Riga");
        stage.calendars(&MORNINGS.replace("site=lax", "site=riga").replace("5 6", "30 3"));
        let waiting = ana.types(&noc, "/fleet reboot edge-riga-01 because kernel update").await;
        assert_snapshot!(waiting.transcript(), @"
        ana   /fleet reboot edge-riga-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in riga · req-0001
              ⏳ queued · starts by itself
              • riga outside of the window `mornings`; opens hh:mm (2026-03-29 hh:mm Europe/Riga): `few are awake`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.clock().advance(minutes(9)).await;
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.clock().advance(minutes(4)).await;
        stage.fleet().rebooted("edge-riga-01", times(1));
        noc.transcript();
    })
    .await;
}

/// From Saturday evening over midnight into the hour that there is twice: eight hours in all, and not nine.
#[tokio::test]
async fn a_freeze_over_midnight_and_over_the_doubled_hour() {
    story(async |stage| {
        // Sunday, 04:50 in Riga, where the clocks went back at 01:00 UTC; it has been frozen since 19:00 UTC.
        stage.begins_at("2026-10-25 02:50");
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-03]");
        stage.site_is_in("riga", "Europe/Riga");
        stage.calendars(
            &HOURS.replace("site=lax", "site=riga").replace("5 5 * * mon-fri", "0 22 * * sat").replace("1h", "8h"),
        );
        let waiting = ana.types(&noc, "/fleet reboot edge-riga-01 because kernel update").await;
        assert_snapshot!(waiting.transcript(), @"
        ana   /fleet reboot edge-riga-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in riga · req-0001
              ⏳ queued · starts by itself
              • riga frozen by the calendar `office-hours` until hh:mm (2026-10-25 hh:mm Europe/Riga): `people are in the halls`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.clock().advance(minutes(9)).await;
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.clock().advance(minutes(4)).await;
        stage.fleet().rebooted("edge-riga-01", times(1));
        noc.transcript();
    })
    .await;
}

/// A window may be passed, once and loudly; a freeze may not.
#[tokio::test]
async fn a_window_can_be_overridden_and_a_freeze_cannot() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.lets_override("noc");
        let drains = MORNINGS.replace("[reboot]", "[reboot, drain]");
        calendars(stage, &drains);
        let waiting = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        assert!(waiting.transcript().contains("outside of the window"), "{}", waiting.transcript());
        ana.types(&noc, "/fleet override window on req-2222 because customers are affected").await.transcript();
        stage.clock().advance(minutes(2)).await;
        assert!(waiting.since_last_look().contains("1 of 1 drained"));
        stage.edits_calendars(&HOURS.replace("office-hours", "live-match")).await;
        let frozen = ana.types(&noc, "/fleet drain edge-lax-02 because fan noise").await;
        assert!(frozen.transcript().contains("frozen by the calendar"), "{}", frozen.transcript());
        let no = ana.types(&noc, "/fleet override freeze on req-2223 because customers are affected").await;
        assert_snapshot!(no.transcript(), @"
        ana   /fleet override freeze on req-0002 because customers are affected
        bot   (only ana) Nobody can override freeze
              ```
              override freeze on req-0002 bec…
                       ^^^^^^
              ```
              Only concurrency, capacity, traffic, production-state, infrastructure and window can be overridden. Nothing has started.
        ");
        stage.channel("#incidents").transcript();
        noc.transcript();
    })
    .await;
}

/// Whoever looks sees the freezes that are on, and those of the next day.
#[tokio::test]
async fn a_status_and_a_home_tell_the_freezes_of_the_calendar() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let later = HOURS.replace("office-hours", "live-match").replace("5 5 * * mon-fri", "0 20 5 1 *");
        let next_week = HOURS.replace("office-hours", "next-week").replace("5 5 * * mon-fri", "0 20 12 1 *");
        calendars(stage, &format!("{later}{HOURS}{next_week}"));
        let status = ana.types(&noc, "/fleet status").await;
        assert_snapshot!(status.transcript(), @"
        ana   /fleet status
        bot   (only ana) ❄ lax frozen by the calendar `office-hours` until hh:mm (2026-01-05 hh:mm America/Los_Angeles): `people are in the halls`
              ❄ lax will be frozen by the calendar `live-match` from hh:mm (2026-01-05 hh:mm America/Los_Angeles) until hh:mm (2026-01-05 hh:mm America/Los_Angeles): `people are in the halls`
              Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              3 of 3 in service in 1 pool
              No request is open
              ~ of 3 servers: drain, reboot and undrain 3
        ");
        ana.opens_home().await;
        assert_snapshot!(ana.home(), @"
        Waiting for you · nothing
        Yours · nothing yet
        Fleet · 3 of 3 in service · no request is open
        ❄ lax frozen by the calendar `office-hours` until hh:mm (2026-01-05 hh:mm America/Los_Angeles): `people are in the halls`
        ❄ lax will be frozen by the calendar `live-match` from hh:mm (2026-01-05 hh:mm America/Los_Angeles) until hh:mm (2026-01-05 hh:mm America/Los_Angeles): `people are in the halls`
        Answers you got
        hh:mm · 3 of 3 in service, 0 open requests
        [[New request]] [My requests]
        ~ as of hh:mm
        ");
        noc.transcript();
    })
    .await;
}

/// A text with faults changes nothing: what was frozen stays so.
#[tokio::test]
async fn calendars_with_faults_are_not_used() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        calendars(stage, HOURS);
        ana.types(&noc, "/fleet help").await.transcript();
        stage.edits_calendars(&HOURS.replace("for: 1h", "for: 8d").replace("site=lax", "site=lux")).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ✗ 2 faults in changed files, which are not used
              `policies/calendars.yaml:5` `it lasts 8d, and begins again 1d later`
              `policies/calendars.yaml:3` `No server has the site lux (at 'lux'). Did you mean lax?`
              ~ The set 0000 stays in force. Correct the files; they are read again by themselves.
        ");
        let waiting = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        assert!(waiting.transcript().contains("frozen by the calendar"), "{}", waiting.transcript());
        stage.edits_calendars("").await;
        stage.clock().advance(minutes(2)).await;
        assert!(waiting.since_last_look().contains("1 of 1 drained"));
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// What starts after others waits a moment; giving back does not.
#[tokio::test]
async fn a_command_starts_on_so_many_servers_within_a_minute() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-09]");
        stage.lets_out(100);
        stage.lets_start_in_a_minute(2);
        ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        ana.types(&noc, "/fleet drain edge-lax-02 because fan noise").await;
        let third = ana.types(&noc, "/fleet drain edge-lax-03 because fan noise").await;
        assert_snapshot!(third.transcript(), @"
        ana   /fleet drain edge-lax-03 because fan noise
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-03` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • drain: 2 started within the last minute, at most 2; next hh:mm
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let why = ana.types(&noc, "/fleet why req-2224").await;
        assert_snapshot!(why.transcript(), @"
        ana   /fleet why req-0001
        bot   (only ana) Drain 1 server in lax · req-0001
              ⏳ queued
              • drain: 2 started within the last minute, at most 2; next hh:mm
                blocks `edge-lax-03`
                goes on then
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        let other = ana.types(&noc, "/fleet reboot edge-lax-04 because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        assert!(!other.transcript().contains("⏳ queued"), "another command: {}", other.transcript());
        let back = ana.types(&noc, "/fleet undrain edge-lax-01 because it is quiet").await;
        stage.clock().advance(seconds(10)).await;
        assert!(back.transcript().contains("1 of 1 put into production"), "{}", back.transcript());
        assert!(!third.transcript().contains("1 of 1 drained"), "{}", third.transcript());
        stage.clock().advance(seconds(60)).await;
        assert!(third.transcript().contains("1 of 1 drained"), "{}", third.transcript());
        stage.clock().advance(minutes(3)).await;
        noc.transcript();
    })
    .await;
}

/// Nothing becomes looser without a word to those who answer for it.
#[tokio::test]
async fn changed_rules_are_told_and_looser_ones_first() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        calendars(stage, HOURS);
        ana.types(&noc, "/fleet help").await.transcript();
        stage.edits_rules(|rules| (rules.rack_concurrency, rules.command_concurrency) = (50, 100)).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ⚙ 2 rules changed, 1 looser
              `concurrency.command` `50` → `100` (looser)
              `concurrency.rack` `100` → `50` (stricter)
              ~ In force with the set 0000. What has started goes on; each decision keeps the rules that it was made by.
        ");
        stage.edits_calendars("").await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ⚙ 1 rule changed, 1 looser
              `calendar office-hours` `freeze` → `gone` (looser)
              ~ In force with the set 0000. What has started goes on; each decision keeps the rules that it was made by.
        ");
        // What changes no rule is not told.
        stage.edits_command("drain.yaml", "max: 200", "max: 100").await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"");
    })
    .await;
}
