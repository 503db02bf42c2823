//! Requiring: what a channel's rule asks for beside what the command itself asks for.

use crate::stage::story;
use insta::assert_snapshot;

/// Here the command alone would ask nobody.
#[tokio::test]
async fn what_a_rule_requires_is_asked_for() {
    story(async |stage| {
        stage.fleet().has("edge-lax-[01-03]");
        let rule = "who: noc, commands: undrain, reason: noc returns servers,\n    \
                    requires: { approval: { from: sre, count: 1 }, reason: yes }";
        let web = stage.channel("#web").has_rules(&format!("allow:\n  - {{ id: web-return, {rule} }}\n"));
        let ana = stage.person("ana").in_group("noc");
        let _bob = stage.person("bob").in_group("sre");
        let thread = ana.types(&web, "/fleet undrain edge-lax-01").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet undrain edge-lax-01
        bot   (form for ana) Undrain [Send]
        ");
        ana.fills(&thread, &[("Because", "firmware is done")]).await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   sends the form Because: firmware is done
        bot   (form for ana) == Undrain ==
              Sent as req-0001. Its card stands in the channel.
              [Close]
        bot   (only ana) Understood: undrain 1 server in lax
              `edge-lax-01` · reason: `firmware is done`
              ~ req-0001 · … · card <link>
        bot   Undrain 1 server in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-01` · `firmware is done`
              ~ @ana · plan 0000 · check, undrain
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 1 server in lax needs your approval by hh:mm.
              [[Review]]
        ");
    })
    .await;
}

/// Nobody could give that reason, so nobody gets past it.
#[tokio::test]
async fn a_required_reason_that_no_command_takes_refuses() {
    story(async |stage| {
        stage.fleet().has("edge-lax-[01-03]");
        stage.changes_command("undrain.yaml", "parameters:\n  reason: { type: text, asked-as: because }\n", "");
        stage.changes_command(
            "undrain.yaml",
            "undrain site=riga & state=drained because firmware is done",
            "undrain edge-*",
        );
        let rule = "who: noc, commands: undrain, reason: noc returns servers, requires: { reason: yes }";
        let web = stage.channel("#web").has_rules(&format!("allow:\n  - {{ id: web-return, {rule} }}\n"));
        let ana = stage.person("ana").in_group("noc");
        let thread = ana.types(&web, "/fleet undrain edge-lax-01").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet undrain edge-lax-01
        bot   (only ana) A policy requires a reason here, and undrain takes none. Nothing has started. Tell sre, who own it.
        ");
    })
    .await;
}
