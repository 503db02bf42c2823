//! A person's home, with more in it than it tells one by one.

use super::{Story, at, stable};
use crate::conversation::plain::render;
use crate::conversation::{HomeView, OwnRequest, Told, home};
use crate::domain::ids::Handle;
use insta::assert_snapshot;

#[test]
fn a_full_home_tells_the_first_and_counts_the_rest() {
    let story = Story::asked();
    let request = story.request();
    let handle = |name: &str| Handle::new(name.to_owned());
    let waiting = (0..7).map(|number| (request.clone(), handle(&format!("h_{number}")))).collect::<Vec<_>>();
    let own = OwnRequest { request: request.clone(), runs: Vec::new(), link: Some("https://x.example".to_owned()) };
    let open = vec![(request.clone(), story.runs.clone()); 7];
    let told = [
        Told { at: Some(at(14, 5)), summary: "Not understood: `rebot`".to_owned() },
        Told { at: None, summary: "What you can do\nin #noc".to_owned() },
    ];
    let shown = home(&HomeView {
        calendars: &[],
        stop: None,
        frozen: &[],
        waiting: &waiting,
        yours: &vec![own; 8],
        serving: (238, 240),
        open: &open,
        told: &told,
        new: &handle("h_new"),
        mine: &handle("h_mine"),
        now: story.now,
    });
    assert!(shown.blocks.len() <= 40, "{} blocks", shown.blocks.len());
    assert_snapshot!(stable(&render(&shown), &request), @"
    Waiting for you · 7
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana · 14:02 UTC
    [[Review]]
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana · 14:02 UTC
    [[Review]]
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana · 14:02 UTC
    [[Review]]
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana · 14:02 UTC
    [[Review]]
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana · 14:02 UTC
    [[Review]]
    ~ 2 more cards to review
    Yours
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · 14:02 UTC · card <https://x.example>
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · 14:02 UTC · card <https://x.example>
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · 14:02 UTC · card <https://x.example>
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · 14:02 UTC · card <https://x.example>
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · 14:02 UTC · card <https://x.example>
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · 14:02 UTC · card <https://x.example>
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · 14:02 UTC · card <https://x.example>
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · 14:02 UTC · card <https://x.example>
    Fleet · 238 of 240 in service · 7 open requests
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana
    + 2 more
    Answers you got
    14:05 UTC · Not understood: 'rebot'
    What you can do in #noc
    [[New request]] [My requests]
    ~ as of 14:02 UTC
    ");
}
