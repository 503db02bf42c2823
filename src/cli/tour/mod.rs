//! `wrasse demo --tour`: a scripted day over the control API, judged by what people see and by the fleet's own log.
//!
//! Nothing here asks the bot: a scene holds only if the messages, the servers and the log say so.

mod crashes;
mod hands;
mod scenes;
mod trouble;

use super::demo::Demo;
use super::output;
use hands::{Hands, Missed};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

/// No scene takes longer than this; the whole tour stays under four minutes.
const SCENE_WITHIN: Duration = Duration::from_secs(110);

type Played<'a> = Pin<Box<dyn Future<Output = Result<(), Missed>> + Send + 'a>>;

/// One scene.
struct Scene {
    number: u8,
    title: &'static str,
    play: for<'a> fn(&'a Hands) -> Played<'a>,
}

const SCENES: [Scene; 10] = [
    Scene {
        number: 1,
        title: "20 servers are rebooted, after somebody else approved",
        play: |hands| Box::pin(scenes::reboots(hands)),
    },
    Scene {
        number: 2,
        title: "the same line is refused where it is not allowed",
        play: |hands| Box::pin(scenes::refuses(hands)),
    },
    Scene {
        number: 3,
        title: "a typo is answered with the right word",
        play: |hands| Box::pin(scenes::misunderstands(hands)),
    },
    Scene {
        number: 4,
        title: "one server does not come back",
        play: |hands| Box::pin(trouble::does_not_come_back(hands)),
    },
    Scene {
        number: 5,
        title: "the bot is killed four times, and no server reboots twice",
        play: |hands| Box::pin(crashes::survives(hands)),
    },
    Scene { number: 6, title: "a reboot is cancelled by button", play: |hands| Box::pin(trouble::is_cancelled(hands)) },
    Scene {
        number: 7,
        title: "a site at its floor makes a request wait, and start by itself",
        play: |hands| Box::pin(trouble::waits_at_the_floor(hands)),
    },
    Scene {
        number: 8,
        title: "a mention in a thread does the same, and work without a server",
        play: |hands| Box::pin(scenes::speaks_in_threads(hands)),
    },
    Scene {
        number: 9,
        title: "a surge in riga halts a rollout, which goes on by itself",
        play: |hands| Box::pin(trouble::is_halted_by_a_surge(hands)),
    },
    Scene {
        number: 10,
        title: "three failures in fra stop reboots there, until somebody lets them go on",
        play: |hands| Box::pin(trouble::is_stopped_by_failures(hands)),
    },
];

pub(super) async fn run(port: u16, files: Option<&Path>, only: &[u8]) -> anyhow::Result<()> {
    let known = |number: &u8| SCENES.iter().any(|scene| scene.number == *number);
    if let Some(number) = only.iter().find(|number| !known(number)) {
        anyhow::bail!("there is no scene {number}; there are 1 to {}", SCENES.len());
    }
    let demo = Demo::start(port, files).await?;
    output::say(&format!("The tour plays on {} and takes three to four minutes.", demo.page));
    let hands = Hands::new(&demo.page);
    let mut missed = 0;
    for scene in SCENES.iter().filter(|scene| only.is_empty() || only.contains(&scene.number)) {
        output::say(&format!("\n{} · {}", scene.number, scene.title));
        let began = hands.seconds();
        let played = tokio::select! {
            played = tokio::time::timeout(SCENE_WITHIN, (scene.play)(&hands)) => played.unwrap_or_else(|_| Err(Missed::new("it took too long"))),
            () = super::asked_to_end() => anyhow::bail!("ended before the tour was over"),
        };
        let took = hands.seconds() - began;
        match played {
            Ok(()) => output::say(&format!("  ✓ in {took:.0} s")),
            Err(what) => {
                missed += 1;
                output::say(&format!("  ✗ {what}"));
            }
        }
    }
    if missed > 0 {
        let log = demo.bot_log();
        let last = log.lines().rev().take(20).collect::<Vec<_>>();
        output::say("\nThe bot's last words:");
        last.iter().rev().for_each(|line| output::say(line));
    }
    demo.end().await;
    anyhow::ensure!(missed == 0, "{missed} of the scenes did not happen as they should");
    output::say(&format!("\nAll of it happened, in {:.0} s.", hands.seconds()));
    Ok(())
}
