//! Declaring: a technician says how servers are, which takes nothing out of service and puts nothing into it.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::server::ProductionState;
use wrasse::sandbox::fleet::model::{Fault, Rotation};

/// From a failed run over the repair bench back into production; each step is somebody's word or a command.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn a_dead_server_is_repaired_and_comes_back() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "state");
        stage.fleet().never_returns("edge-lax-02");
        let failed = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        stage.clock().advance(minutes(4)).await;
        failed.transcript();
        stage.channel("#incidents").transcript();
        let look = bob.types(&noc, "/fleet plan state edge-lax-02 repair because its PSU is dead").await;
        assert_snapshot!(look.transcript(), @"
        bob   /fleet plan state edge-lax-02 repair because its PSU is dead
        bot   (only bob) Plan · nothing is done yet
              `edge-lax-02` would be in repair: only commands that take servers in that state start there.
              What req-0001 left behind would be taken over.
              edge-lax: 19 of 19 in service, floor 18
              ~ to do it: `/fleet state edge-lax-02 repair because its PSU is dead`
        ");
        let repair = bob.types(&noc, "/fleet state edge-lax-02 repair because its PSU is dead").await;
        assert_snapshot!(repair.transcript(), @"
        bob   /fleet state edge-lax-02 repair because its PSU is dead
        bot   (only bob) `edge-lax-02` is in repair: only commands that take servers in that state start there.
              What req-0001 left behind is taken over.
              edge-lax: 19 of 19 in service, floor 18
              ~ when that is done: `/fleet state edge-lax-02 ready because …`
        bot   edge-lax-02: in repair, says bob: `its PSU is dead`
              What req-0001 left behind is taken over.
              edge-lax: 19 of 19 in service, floor 18
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✗ 1 server of lax out of production
              reboot: `edge-lax-02` did not come back; drained
              taken over by bob: `edge-lax-02` (repair)
              edge-lax now 19 of 19, floor 18
              ~ req-0001 by ana · since hh:mm
              [Open thread]
        ");
        stage.kills_bot().await;
        let again = bob.types(&noc, "/fleet state edge-lax-02 repair because its PSU is dead").await;
        assert_snapshot!(again.transcript(), @"
        bob   /fleet state edge-lax-02 repair because its PSU is dead
        bot   (only bob) 🚫 Nothing has changed
              • `edge-lax-02` in repair already, says bob since hh:mm: `its PSU is dead`
        ");
        let out = ana.types(&noc, "/fleet out").await;
        assert_snapshot!(out.transcript(), @"
        ana   /fleet out
        bot   (only ana) 1 of 20 servers out of production
              1. `edge-lax-02` repair since hh:mm · says bob: `its PSU is dead`
              ~ more of one: `why edge-lax-02` · as of hh:mm
        ");
        let status = ana.types(&noc, "/fleet status site=lax").await;
        assert_snapshot!(status.transcript(), @"
        ana   /fleet status site=lax
        bot   (only ana) Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              19 of 19 in service in 1 pool
              edge-lax 19 of 19, floor 18 · 1 not in the total: `edge-lax-02` (repair, says bob)
              No request is open
              ~ of 20 servers: drain, reboot and undrain 20
        ");
        let why = ana.types(&noc, "/fleet why edge-lax-02").await;
        assert_snapshot!(why.transcript(), @"
        ana   /fleet why edge-lax-02
        bot   (only ana) edge-lax-02: repair, says bob since hh:mm: `its PSU is dead`
              Its load balancer: out of rotation, hh:mm
              Nothing is under work on it, and no request waits for it
              ~ when that is done: `/fleet state edge-lax-02 ready because …` · as of hh:mm
        ");
        let reboot = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(reboot.transcript(), @"
        ana   /fleet reboot edge-lax-02 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-02` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in lax · req-0002
              ❌ failed · hh:mm
              `edge-lax-02` · `kernel update`
              0 of 1 rebooted · 1 left out
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ❌ req-0002: none of 1 rebooted, 1 left out
              – `edge-lax-02` left out: repair, says bob
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        stage.fleet().rebooted("edge-lax-02", times(1));
        stage.fleet().repairs("edge-lax-02");
        let ready = bob.types(&noc, "/fleet state edge-lax-02 ready because the PSU is replaced").await;
        assert_snapshot!(ready.transcript(), @"
        bob   /fleet state edge-lax-02 ready because the PSU is replaced
        bot   (only bob) `edge-lax-02` is ready, and still out: drained. Nobody's word puts a server into production.
              edge-lax: 19 of 20 in service, floor 18
              ~ to put back, after checks: `/fleet undrain edge-lax-02 because the PSU is replaced`
        bot   edge-lax-02: ready, and still out, says bob: `the PSU is replaced`
              edge-lax: 19 of 20 in service, floor 18
        ");
        stage.fleet().serves("edge-lax-02", false);
        let back = ana.types(&noc, "/fleet undrain edge-lax-02 because the PSU is replaced").await;
        stage.clock().advance(minutes(1)).await;
        assert!(back.transcript().contains("1 of 1"), "it is put back");
        stage.fleet().serves("edge-lax-02", true);
        let since = ana.types(&noc, "/fleet why edge-lax-02").await;
        assert_snapshot!(since.transcript(), @"
        ana   /fleet why edge-lax-02
        bot   (only ana) edge-lax-02: production, by run-0003.1 since hh:mm
              Its load balancer: in service, hh:mm
              Nothing is under work on it, and no request waits for it
              Said before:
              · hh:mm bob: ready, `the PSU is replaced`
              · hh:mm bob: repair, `its PSU is dead`
              ~ as of hh:mm
        ");
        stage.channel("#incidents").since_last_look();
    })
    .await;
}

/// Nobody's word takes a server away that serves, and of several that are named none is changed unless all fit.
#[tokio::test]
async fn a_server_that_serves_is_drained_first() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "state");
        stage.lets_out(50);
        let serves = bob.types(&noc, "/fleet state edge-lax-01 maintenance because disk swap").await;
        assert_snapshot!(serves.transcript(), @"
        bob   /fleet state edge-lax-01 maintenance because disk swap
        bot   (only bob) 🚫 Nothing has changed
              • `edge-lax-01` in service, as its load balancer sees it at hh:mm; drain it first: `/fleet drain edge-lax-01 because disk swap`
        ");
        ana.types(&noc, "/fleet drain edge-lax-01 because disk swap").await.transcript();
        stage.fleet().holds_boots();
        let work = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        work.transcript();
        let mixed = bob.types(&noc, "/fleet state edge-lax-[01-03] maintenance because disk swap").await;
        assert_snapshot!(mixed.transcript(), @"
        bob   /fleet state edge-lax-[01-03] maintenance because disk swap
        bot   (only bob) 🚫 Nothing has changed: 2 of 3 servers do not fit
              • `edge-lax-02` under work by run-0002.1: say it again when that is over; how far it is: `/fleet why run-0002.1`
              • `edge-lax-03` in service, as its load balancer sees it at hh:mm; drain it first: `/fleet drain edge-lax-03 because disk swap`
        ");
        stage.fleet().finishes("edge-lax-02");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        work.since_last_look();
        let drained = bob.types(&noc, "/fleet state edge-lax-01 maintenance because disk swap").await;
        assert_snapshot!(drained.transcript(), @"
        bob   /fleet state edge-lax-01 maintenance because disk swap
        bot   (only bob) `edge-lax-01` is in maintenance: only commands that take servers in that state start there.
              edge-lax: 19 of 20 in service, floor 10
              ~ when that is done: `/fleet state edge-lax-01 ready because …`
        bot   edge-lax-01: in maintenance, says bob: `disk swap`
              edge-lax: 19 of 20 in service, floor 10
        ");
        let early = bob.types(&noc, "/fleet state edge-lax-03 ready because it was never out").await;
        assert_snapshot!(early.transcript(), @"
        bob   /fleet state edge-lax-03 ready because it was never out
        bot   (only bob) 🚫 Nothing has changed
              • `edge-lax-03` in production: only what is in maintenance or in repair can be ready
        ");
        let late = ana.types(&noc, "/fleet undrain edge-lax-01 because disk swap").await;
        stage.clock().advance(minutes(1)).await;
        assert!(late.transcript().contains("maintenance"), "it stays out");
        bob.types(&noc, "/fleet state edge-lax-01 ready because the disk is new").await.transcript();
        let twice = bob.types(&noc, "/fleet state edge-lax-01 ready because the disk is new").await;
        assert_snapshot!(twice.transcript(), @"
        bob   /fleet state edge-lax-01 ready because the disk is new
        bot   (only bob) 🚫 Nothing has changed
              • `edge-lax-01` drained: only what is in maintenance or in repair can be ready: `/fleet undrain edge-lax-01 because the disk is new`
        ");
        stage.fleet().serves("edge-lax-01", false);
    })
    .await;
}

/// What waits for a server is told that it will be left out, and is.
#[tokio::test]
async fn what_waits_for_it_leaves_it_out() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "state");
        stage.fleet().gets("edge-lax-01", Fault::SshDead);
        stage.fleet().rotates("edge-lax-01", Rotation::Maintenance);
        let waiting = ana.types(&noc, "/fleet reboot edge-lax-[01-02] in 10m because kernel update").await;
        waiting.transcript();
        let said = bob.types(&noc, "/fleet state edge-lax-01 repair because it does not answer").await;
        assert_snapshot!(said.transcript(), @"
        bob   /fleet state edge-lax-01 repair because it does not answer
        bot   (only bob) `edge-lax-01` is in repair: only commands that take servers in that state start there.
              What waits for it leaves it out: req-0001.
              edge-lax: 5 of 5 in service, floor 5 → 4
              ~ when that is done: `/fleet state edge-lax-01 ready because …`
        bot   edge-lax-01: in repair, says bob: `it does not answer`
              What waits for it leaves it out: req-0001.
              edge-lax: 5 of 5 in service, floor 5 → 4
        ");
        stage.clock().advance(minutes(12)).await;
        assert_snapshot!(waiting.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ⚠️ done, 1 left out · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              1 of 2 rebooted · 1 left out
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ▶️ Started at hh:mm, after some time. First: `edge-lax-01` (canary).
        bot > ⚠️ req-0001: 1 of 2 rebooted, 1 left out
              – `edge-lax-01` left out: repair, says bob
              ~ some time, of which some time queued · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().rebooted("edge-lax-02", times(1));
    })
    .await;
}

/// Its load balancer sees it in service: one of both is wrong, it counts as serving nowhere, and people are told.
#[tokio::test]
async fn a_server_in_repair_that_is_seen_in_service_is_told() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-10]");
        let noc = noc.lets("sre", "state");
        stage.fleet().rotates("edge-lax-01", Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        bob.types(&noc, "/fleet state edge-lax-01 repair because its PSU is dead").await.transcript();
        stage.fleet().rotates("edge-lax-01", Rotation::Ready);
        stage.clock().advance(seconds(5)).await;
        let out = ana.types(&noc, "/fleet out").await;
        assert_snapshot!(out.transcript(), @"
        ana   /fleet out
        bot   (only ana) 1 of 10 servers out of production
              1. `edge-lax-01` seen in service by its load balancer, though repair since hh:mm · says bob: `its PSU is dead`
              ~ more of one: `why edge-lax-01` · as of hh:mm
        ");
        let status = ana.types(&noc, "/fleet status").await;
        assert_snapshot!(status.transcript(), @"
        ana   /fleet status
        bot   (only ana) Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              9 of 10 in service in 1 pool
              edge-lax 9 of 10, floor 9 · 1 out: `edge-lax-01` (repair, but seen in service, says bob)
              No request is open
              ~ of 10 servers: drain, reboot and undrain 10
        ");
        let why = ana.types(&noc, "/fleet why edge-lax-01").await;
        assert_snapshot!(why.transcript(), @"
        ana   /fleet why edge-lax-01
        bot   (only ana) edge-lax-01: repair, says bob since hh:mm: `its PSU is dead`
              Its load balancer: in service, hh:mm: one of both is wrong, and nothing here counts it as serving
              Nothing is under work on it, and no request waits for it
              ~ when that is done: `/fleet state edge-lax-01 ready because …` · as of hh:mm
        ");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        stage.clock().advance(minutes(1)).await;
        assert!(thread.transcript().contains("9 of 10 in service"), "nine serve, and not one fewer may");
        stage.fleet().rebooted("edge-lax-02", times(0));
        let ready = bob.types(&noc, "/fleet state edge-lax-01 ready because it is fine").await;
        assert_snapshot!(ready.transcript(), @"
        bob   /fleet state edge-lax-01 ready because it is fine
        bot   (only bob) `edge-lax-01` is ready, and still out: drained. Nobody's word puts a server into production.
              In service already, as their load balancer sees it: `edge-lax-01`
              edge-lax: 9 of 10 in service, floor 9
              ~ to put back, after checks: `/fleet undrain edge-lax-01 because it is fine`
        bot   edge-lax-01: ready, and still out, says bob: `it is fine`
              edge-lax: 9 of 10 in service, floor 9
        ");
        ana.types(&noc, "/fleet undrain edge-lax-01 because it is fine").await.transcript();
        stage.clock().advance(minutes(3)).await;
        stage.fleet().rebooted("edge-lax-02", times(1));
        thread.since_last_look();
    })
    .await;
}

/// Who may is the channel's to say; a policy that asks for consent cannot be met, so it is no.
#[tokio::test]
async fn who_may_say_it_is_said_by_the_channel() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "state");
        let floor = stage.channel("#floor").has_rules(
            "allow:\n  - id: floor-state\n    who: sre\n    commands: state\n    reason: sre says how servers are\n    requires: { approval: { from: noc, count: 1 } }\n",
        );
        stage.fleet().rotates("edge-lax-01", Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        let refused = ana.types(&noc, "/fleet state edge-lax-01 repair because its PSU is dead").await;
        assert_snapshot!(refused.transcript(), @"
        ana   /fleet state edge-lax-01 repair because its PSU is dead
        bot   (only ana) 🚫 state is not allowed in #noc
              Nothing has started.
              In #noc, sre may.
        ");
        let consent = bob.types(&floor, "/fleet state edge-lax-01 repair because its PSU is dead").await;
        assert_snapshot!(consent.transcript(), @"
        bob   /fleet state edge-lax-01 repair because its PSU is dead
        bot   (only bob) 🚫 A policy here asks for consent to state, and nobody can give it
              It takes hold at once, with nothing to agree to before. Nothing has changed.
              Say it in another channel, or have whoever owns that policy drop that.
        ");
        let help = bob.types(&noc, "/fleet help state").await;
        assert_snapshot!(help.transcript(), @"
        bob   /fleet help state
        bot   (only bob) State: says how servers are that are out: in maintenance, in repair, ready, or on standby
              `/fleet state SERVERS maintenance|repair|ready|standby because REASON`
              `/fleet state edge-lax-007 repair because its PSU is dead`
              `/fleet state edge-lax-007 ready because the PSU is replaced`
              `/fleet state edge-lax-007 standby because it is a reserve`
              ~ by whoever the policies here let use state · a server that serves is drained first; one that is ready is still out, and undrain puts it back after its checks · what is drained and well can stand by for when too much comes · what is in repair leaves the total of its pool
        ");
        let mention = bob.mentions(&noc, "@wrasse state edge-lax-01 repair because its PSU is dead").await;
        assert_snapshot!(mention.transcript(), @"
        bob   @wrasse state edge-lax-01 repair because its PSU is dead
        bot   (only bob) `edge-lax-01` is in repair: only commands that take servers in that state start there.
              edge-lax: 5 of 5 in service, floor 5 → 4
              ~ when that is done: `/fleet state edge-lax-01 ready because …`
        bot   edge-lax-01: in repair, says bob: `its PSU is dead`
              edge-lax: 5 of 5 in service, floor 5 → 4
        ");
    })
    .await;
}

/// Bad input is normal input.
#[tokio::test]
async fn a_line_that_lacks_something_says_what() {
    story(async |stage| {
        let Cast { noc, bob, .. } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "state");
        stage.fleet().has_in("dns-lax-01", ProductionState::Production);
        for (line, part) in [
            ("state edge-lax-01 because x", "maintenance, repair, ready or standby"),
            ("state edge-lax-01 broken because x", "did you mean repair"),
            ("state edge-lax-01 production because x", "did you mean ready"),
            ("state edge-lax-01 reserve because x", "did you mean standby"),
            ("state repair because x", "servers, such as"),
            ("state edge-lax-99 repair because x", "No server is called"),
            ("state site=lax & type=origin repair because x", "No server"),
            ("can-i state edge-lax-01 repair because x", "plan before it"),
            ("who-can state", "plan before it"),
        ] {
            let told = bob.types(&noc, &format!("/fleet {line}")).await.transcript();
            assert!(told.contains(part), "{line}:\n{told}");
        }
        let silent = bob.types(&noc, "/fleet state edge-lax-01 repair").await;
        assert_snapshot!(silent.transcript(), @"
        bob   /fleet state edge-lax-01 repair
        bot   (only bob) Reason is missing
              ```
              state edge-lax-01 repair
                                       ^
              ```
              Add because … at the end. Nothing has started.
        ");
        let apart = bob.types(&noc, "/fleet state dns-lax-01 repair because its PSU is dead").await;
        assert_snapshot!(apart.transcript(), @"
        bob   /fleet state dns-lax-01 repair because its PSU is dead
        bot   (only bob) 🚫 Nothing has changed
              • `dns-lax-01` behind no load balancer, so nothing tells whether it serves; its state is the inventory's to say
        ");
    })
    .await;
}

/// Where no look is fresh, a server that should serve may well do so.
#[tokio::test]
async fn a_server_that_nobody_sees_is_not_called_broken() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "state");
        stage.fleet().rotates("edge-lax-01", Rotation::Maintenance);
        ana.types(&noc, "/fleet status").await.transcript();
        stage.fleet().balancers_go_silent();
        stage.clock().advance(minutes(3)).await;
        let unseen = bob.types(&noc, "/fleet state edge-lax-01 repair because its PSU is dead").await;
        assert_snapshot!(unseen.transcript(), @"
        bob   /fleet state edge-lax-01 repair because its PSU is dead
        bot   (only bob) 🚫 Nothing has changed
              • `edge-lax-01` may be in service: nobody has looked since hh:mm; drain it first: `/fleet drain edge-lax-01 because its PSU is dead`
        ");
        stage.fleet().balancers_answer();
        stage.clock().advance(seconds(5)).await;
        let seen = bob.types(&noc, "/fleet state edge-lax-01 repair because its PSU is dead").await;
        assert!(seen.transcript().contains("in repair"), "it is out, by a fresh look");
    })
    .await;
}
