//! Editing: an edited message is never acted on, and that is said once.

use super::{Cast, cast};
use crate::stage::{seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

#[tokio::test]
async fn an_edited_message_is_told_once() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let gus = stage.person("gus").with_standing(Standing::Guest);
        let thread = ana.mentions(&noc, "@wrasse rebot edge-lax-01 because kernel update").await;
        ana.edits(&thread).await;
        stage.redelivers_last().await;
        gus.edits(&thread).await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   @wrasse rebot edge-lax-01 because kernel update
        bot   (only ana) There is no command rebot here
              ```
              rebot edge-lax-01 because kerne…
              ^^^^^ did you mean reboot?
              ```
              Nothing has started.
              To send instead: `reboot edge-lax-01 because kernel update`
              [Edit]
        ana   edits the line
        bot   (only ana) I do not act on edited messages. Nothing has started. Send it as a new one.
        gus   edits the line
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}
