//! Asking: whether one may, and who may. Nothing ever starts.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{Channel, Person, Stage, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

pub(super) async fn nothing_was_made(stage: &Stage) {
    assert!(stage.store().await.open_requests().await.unwrap().is_empty());
    stage.fleet().rebooted("edge-lax-[01-03]", times(0));
}

#[tokio::test]
async fn somebody_who_may_is_told_by_which_policy_and_what_it_needs() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast_with_approval(stage, "edge-lax-[01-03]");
        let whole = ana.types(&noc, "/fleet can-i reboot edge-lax-[01-02] because kernel update").await;
        assert_snapshot!(whole.transcript(), @"
        ana   /fleet can-i reboot edge-lax-[01-02] because kernel update
        bot   (only ana) ✓ You may reboot 2 servers in #noc
              Policy noc-noc-reboot: `noc may reboot in #noc`
              🙋 Needs approval: 1 of `sre`.
              Nothing has started. To do it: `reboot edge-lax-[01-02] because kernel update`
              first wave: could start now
              ~ what it would do: `plan reboot edge-lax-[01-02] because kernel update`
        ");
        let part = ana.mentions(&noc, "@wrasse Can I reboot edge-lax-01?").await;
        assert_snapshot!(part.transcript(), @"
        ana   @wrasse Can I reboot edge-lax-01?
        bot   (only ana) ✓ You may reboot 1 server in #noc
              Policy noc-noc-reboot: `noc may reboot in #noc`
              🙋 Needs approval: 1 of `sre`. The line still has to say `because REASON`.
              Nothing has started.
              first wave: could start now
        ");
        let general = ana.types(&noc, "/fleet can-i reboot").await;
        assert_snapshot!(general.transcript(), @"
        ana   /fleet can-i reboot
        bot   (only ana) ✓ You may reboot servers in #noc, on some of them at least. Nothing has started.
              To be sure, name them: `/fleet can-i reboot edge-lax-[001-020] because kernel update`
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

#[tokio::test]
async fn somebody_who_may_not_reads_the_same_refusal_as_for_the_line() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let small = stage.channel("#small").lets_up_to("noc", "reboot", 2);
        let large = ana.types(&small, "/fleet can-i reboot edge-lax-[01-03]").await;
        assert_snapshot!(large.transcript(), @"
        ana   /fleet can-i reboot edge-lax-[01-03]
        bot   (only ana) 🚫 reboot of more than 2 servers is not allowed in #small
              Policy small-noc-reboot: `noc may reboot in #small`
              You asked for 3. Nothing has started.
              In #noc you may.
              [Ask for access]
        ");
        let outsider = bob.types(&noc, "/fleet can-i reboot edge-lax-01").await;
        assert_snapshot!(outsider.transcript(), @"
        bob   /fleet can-i reboot edge-lax-01
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        ");
        let general = bob.types(&noc, "/fleet can-i reboot").await;
        assert_snapshot!(general.transcript(), @"
        bob   /fleet can-i reboot
        bot   (only bob) 🚫 You may not reboot servers in #noc
              Nothing has started.
              Members of noc may.
        ");
        let unknown = bob.types(&noc, "/fleet can-i reboot edge-lax-09").await;
        assert_snapshot!(unknown.transcript(), @"
        bob   /fleet can-i reboot edge-lax-09
        bot   (only bob) No server is called edge-lax-09
              ```
              can-i reboot edge-lax-09
                           ^^^^^^^^^^^
              ```
              Names are those of the inventory, with every digit. Nothing has started.
        ");
        let everybody = bob.types(&noc, "/fleet can-i status").await;
        assert_snapshot!(everybody.transcript(), @"
        bob   /fleet can-i status
        bot   (only bob) Everybody here may send status
              ```
              can-i status
              ^^^^^^^^^^^^ did you mean status?
              ```
              Nothing has started.
              To send instead: `status`
              [[Use: status]]
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

/// A question about a request is answered by what its cancel would do.
#[tokio::test]
async fn whether_a_request_may_be_cancelled_can_be_asked() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let asked = ana.types(&noc, "/fleet reboot edge-lax-01 in 20m because kernel update").await;
        let mine = ana.types(&noc, "/fleet can-i cancel req-2222").await;
        assert_snapshot!(mine.transcript(), @"
        ana   /fleet can-i cancel req-0001
        bot   (only ana) req-0001 would be cancelled: nothing has started, and nothing would run later.
              To do it: `cancel req-0001`
        ");
        let others = bob.types(&noc, "/fleet can I cancel req-2222?").await;
        assert_snapshot!(others.transcript(), @"
        bob   /fleet can I cancel req-0001?
        bot   (only bob) req-0001 can be cancelled by ana, or somebody who may reboot the same servers in its channel. Nothing has changed.
        ");
        ana.types(&noc, "/fleet cancel req-2222").await;
        assert!(asked.transcript().contains("cancelled by ana"), "{}", asked.transcript());
        nothing_was_made(stage).await;
    })
    .await;
}

#[tokio::test]
async fn who_can_names_groups_here_and_now() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let noc = noc.lets_up_to("sre", "reboot", 1);
        let lobby = stage.channel("#lobby");
        let exact = ana.types(&noc, "/fleet who-can reboot on edge-lax-[01-02]").await;
        assert_snapshot!(exact.transcript(), @"
        ana   /fleet who-can reboot on edge-lax-[01-02]
        bot   (only ana) Who may reboot 2 servers in #noc
              Members of noc. You are one of them.
              🙋 Needs approval: 1 of `sre`.
        ");
        let general = bob.types(&noc, "/fleet who can reboot?").await;
        assert_snapshot!(general.transcript(), @"
        bob   /fleet who can reboot?
        bot   (only bob) Who may reboot servers in #noc
              Members of noc or sre. You are one of them.
              ~ on some of them at least; to be exact, name them: `/fleet who-can reboot on site=lax`
        ");
        let larger = bob.types(&noc, "/fleet who-can reboot site=lax").await;
        assert_snapshot!(larger.transcript(), @"
        bob   /fleet who-can reboot site=lax
        bot   (only bob) Who may reboot 3 servers in #noc
              Members of noc. You are not one of them.
              🙋 Needs approval: 1 of `sre`.
        ");
        let nobody = ana.types(&noc, "/fleet who-can announce").await;
        assert_snapshot!(nobody.transcript(), @"
        ana   /fleet who-can announce
        bot   (only ana) Who may announce in #noc
              Nobody in #noc.
        ");
        let nowhere = ana.types(&lobby, "/fleet who-can reboot").await;
        assert_snapshot!(nowhere.transcript(), @"
        ana   /fleet who-can reboot
        bot   (only ana) Who may reboot servers in #lobby
              Nobody. Nothing is allowed in #lobby: it has no policy.
        ");
        let request = ana.types(&noc, "/fleet who-can cancel req-2222").await;
        assert_snapshot!(request.transcript(), @"
        ana   /fleet who-can cancel req-0001
        bot   (only ana) No policy says who may cancel
              ```
              who-can cancel req-0001
                      ^^^^^^
              ```
              Whoever asked for a request may cancel it, and whoever may ask for the same. Nothing has started.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

/// Whatever the policies say, the question and the line get the same answer.
#[tokio::test]
async fn can_i_says_what_the_line_would_get() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().has("dns-lax-01");
        let small = stage.channel("#small").lets_up_to("noc", "reboot", 2).lets("sre", "drain");
        let web = stage.channel("#web").lets("noc", "drain").forbids("reboot", "servers are not rebooted from #web");
        let (lobby, shared) = (stage.channel("#lobby"), stage.channel("#partners").lets("noc", "reboot"));
        shared.is_shared();
        let gus = stage.person("gus").in_group("noc").with_standing(Standing::Guest);
        let (mut allowed, mut refused) = (0, 0);
        for channel in [&noc, &small, &web, &lobby, &shared] {
            for person in [&ana, &bob, &gus] {
                for command in ["reboot", "drain", "announce"] {
                    for servers in ["edge-lax-01", "edge-lax-[01-03]", "dns-lax-01", "edge-lax-09"] {
                        let line = match command {
                            "announce" => "announce in 2h because maintenance".to_owned(),
                            command => format!("{command} {servers} in 2h because maintenance"),
                        };
                        let question = answer(person, channel, &format!("can-i {line}")).await;
                        let answered = answer(person, channel, &line).await;
                        let (may, does) = (question.starts_with("✓ You may"), answered.starts_with("Understood:"));
                        assert_eq!(may, does, "{line}\n{question}\n{answered}");
                        if does {
                            allowed += 1;
                            for request in stage.store().await.open_requests().await.unwrap() {
                                person.types(channel, &format!("/fleet cancel {}", request.id())).await;
                            }
                        } else {
                            refused += 1;
                            let told = |text: &str| match text.contains("No server is called") {
                                // The place in the line is another one, and only the line has a form.
                                true => text.lines().next().unwrap_or_default().to_owned(),
                                false => text.to_owned(),
                            };
                            assert_eq!(told(&question), told(&answered), "{line}");
                        }
                    }
                }
            }
        }
        assert!(allowed > 8 && refused > 50, "{allowed} {refused}");
        for channel in [&noc, &small, &web, &lobby, &shared] {
            assert!(!channel.transcript().contains("running"));
        }
        nothing_was_made(stage).await;
    })
    .await;
}

/// The private answer to a line, without who reads it.
async fn answer(person: &Person, channel: &Channel, line: &str) -> String {
    let thread = person.types(channel, &format!("/fleet {line}")).await;
    let transcript = thread.transcript();
    transcript.split_once(") ").map_or("", |(_, answer)| answer).to_owned()
}
