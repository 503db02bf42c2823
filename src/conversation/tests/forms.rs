//! The review form and what it answers.

use super::{Story, at, command, out, pool, stable, words_fit};
use crate::approvals::Unfit;
use crate::conversation::message::{Form, FormBlock};
use crate::conversation::plain::render_form;
use crate::conversation::{RequestView, ReviewOutcome, review_form, review_outcome, unfit};
use crate::domain::identity::Actor;
use crate::domain::identity::GroupName;
use crate::domain::ids::Handle;
use crate::workflow::request::RequestEvent;
use insta::assert_snapshot;

fn form(story: &Story) -> Form {
    let request = story.request();
    let view = RequestView { request: &request, runs: &story.runs, impacts: &story.impacts, now: story.now };
    let form = review_form(view, &Handle::new("h_1"));
    assert!(form.title.chars().count() <= 24 && form.blocks.len() <= 20);
    form
}

fn read(outcome: &ReviewOutcome) -> String {
    let form = review_outcome(outcome);
    let text = render_form(&form);
    words_fit(std::slice::from_ref(&text));
    assert!(form.submit.is_none());
    text.lines().nth(1).unwrap_or_default().to_owned()
}

fn sre() -> Vec<GroupName> {
    vec![GroupName::new("sre")]
}

#[test]
fn the_form_shows_the_whole_plan_and_chooses_nothing() {
    let mut story = Story::asked();
    story.impacts[0].now = pool(39, out([40], None, "maintenance"));
    assert_snapshot!(stable(&render_form(&form(&story)), &story.request()), @"
    == Review req-2mq9 ==
    ⚠ Interrupts every server and takes capacity from edge-lax. Can be stopped between servers.
    ana asks: reboot 20 servers in lax
    reason: `kernel update`
    wave: `20%`
    servers: `edge-lax-[001-020]`
    6 racks · 1 site · edge-cache
    waves: 1 · 4 · 4 · 4 · 4 · 3
    stops starting when more than 1 failed: up to 3 are at work then, so at most 5 of 20 may fail
    steps: drain, reboot, check, return
    edge-lax: 39 → 36 at the lowest · floor 36
    out now: 1 server of edge-lax
    undo: each returns to service by itself; a reboot itself cannot be undone
    Decision: ( ) Approve  ( ) Deny
    Why: [________] needed to deny
    ~ plan 9f3a · valid until 15:02 UTC
    [Close] [[Record]]
    ");
}

#[test]
fn the_form_of_work_without_servers_has_no_capacity() {
    let story = Story::of(&command("announce"), 0, &[1], "riga is in maintenance");
    assert_snapshot!(stable(&render_form(&form(&story)), &story.request()), @"
    == Review req-2mq9 ==
    ana asks: announce
    message: `riga is in maintenance`
    steps: http
    Decision: ( ) Approve  ( ) Deny
    Why: [________] needed to deny
    ~ plan 9f3a
    [Close] [[Record]]
    ");
}

#[test]
fn a_long_reason_cannot_hide_the_servers() {
    let text = render_form(&form(&Story::of(&command("reboot"), 20, &[20], &"long ".repeat(500))));
    assert!(text.contains("edge-lax-[001-020]"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");
}

#[test]
fn the_decision_is_a_choice_of_two_with_fixed_keys() {
    let blocks = form(&Story::asked()).blocks;
    let choice = blocks.iter().find_map(|block| {
        if let FormBlock::Choice { key, options, .. } = block { Some((key.as_str(), options.clone())) } else { None }
    });
    let options = vec![("approve".to_owned(), "Approve".to_owned()), ("deny".to_owned(), "Deny".to_owned())];
    assert_eq!(choice, Some(("decision", options)));
    assert!(blocks.iter().any(|block| matches!(block, FormBlock::Input { key, optional: true, .. } if key == "why")));
}

#[test]
fn every_outcome_of_a_review_is_told() {
    let request = Story::asked().request();
    let unfit = |why| ReviewOutcome::Unfit(why, request.clone());
    let outcomes = [
        ReviewOutcome::Loading,
        ReviewOutcome::Recording,
        ReviewOutcome::Approved { more_needed: 0, take_back: None },
        ReviewOutcome::Approved { more_needed: 1, take_back: None },
        ReviewOutcome::Denied,
        ReviewOutcome::NothingChosen,
        ReviewOutcome::Unavailable,
        unfit(Unfit::IsRequester { from: sre() }),
        unfit(Unfit::NotInGroup { from: sre() }),
        unfit(Unfit::NotAMember),
        unfit(Unfit::AlreadyApproved { at: at(14, 4) }),
        unfit(Unfit::AlreadyDecided),
        unfit(Unfit::TooLate { until: at(15, 2) }),
        unfit(Unfit::PlanChanged),
        unfit(Unfit::NeedsReason),
    ];
    assert_snapshot!(outcomes.map(|outcome| stable(&read(&outcome), &request)).join("\n"), @"
    Loading…
    Recording…
    Recorded: approved. It starts when it is safe.
    Recorded: approved. 1 more person must agree before it starts.
    Recorded: denied. Nothing has started.
    Nothing was chosen, so nothing was recorded. Choose, and press Record again.
    The directory of people does not answer, so nothing was recorded. Press Review again in a minute.
    You asked for this, so someone else of sre must decide.
    Approving this needs sre (20 servers in lax, plan 9f3a). Nothing has changed.
    Only members of this workspace can approve. Nothing has changed.
    You approved this at 14:04 UTC. It needs someone else too.
    There is nothing to decide any more.
    The time to decide ended at 15:02 UTC. Nothing has started; send the line again to ask anew.
    The plan changed while you read. Nothing was recorded. Press Review again to see the new one.
    A no needs a reason. Nothing was recorded. Say why, and press Record again.
    ");
}

#[test]
fn a_decided_request_says_by_whom() {
    let approved = Story::asked().approved().request();
    assert_snapshot!(stable(&read(&ReviewOutcome::Unfit(Unfit::AlreadyDecided, approved.clone())), &approved), @"Already decided: approved by bob at 14:04 UTC (plan 9f3a)");
    let denied = RequestEvent::Denied {
        by: Actor::recalled(super::person("U0BOB")),
        name: "bob".into(),
        at: at(14, 4),
        why: "no".into(),
    };
    let denied = Story::asked().then(denied).request();
    assert_snapshot!(read(&ReviewOutcome::Unfit(Unfit::AlreadyDecided, denied)), @"Already decided: denied by bob at 14:04 UTC: `no`. Nothing has started.");
}

#[test]
fn a_press_by_the_wrong_person_is_answered_in_private() {
    let request = Story::asked().request();
    let tell = |why: &Unfit, active: &[&str]| {
        let active = active.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        stable(&super::shown(&unfit(why, &request, &active), super::PRIVATE), &request)
    };
    assert_snapshot!(tell(&Unfit::IsRequester { from: sre() }, &["bob", "dee"]), @"
    req-2mq9: You asked for this, so someone else of sre must decide. bob and dee are active now.
    ----
    You asked for this, so someone else of sre must decide. bob and dee are active now.
    ");
    assert_snapshot!(tell(&Unfit::IsRequester { from: sre() }, &[]), @"
    req-2mq9: You asked for this, so someone else of sre must decide.
    ----
    You asked for this, so someone else of sre must decide.
    ");
    assert_snapshot!(tell(&Unfit::NotInGroup { from: sre() }, &["bob"]), @"
    req-2mq9: Approving this needs sre (20 servers in lax, plan 9f3a). bob is active now. Nothing has changed.
    ----
    Approving this needs sre (20 servers in lax, plan 9f3a). bob is active now. Nothing has changed.
    ");
    assert_snapshot!(tell(&Unfit::NotInGroup { from: sre() }, &["bob", "dee", "eve", "flo", "gil"]), @"
    req-2mq9: Approving this needs sre (20 servers in lax, plan 9f3a). bob, dee, eve and 2 more are active now. N…
    ----
    Approving this needs sre (20 servers in lax, plan 9f3a). bob, dee, eve and 2 more are active now. Nothing has changed.
    ");
}

#[test]
fn a_press_after_the_decision_names_it() {
    let request = Story::asked().approved().request();
    let text = super::shown(&unfit(&Unfit::AlreadyDecided, &request, &[]), super::PRIVATE);
    assert_snapshot!(stable(&text, &request), @"
    req-2mq9: Already decided: approved by bob at 14:04 UTC (plan 9f3a)
    ----
    Already decided: approved by bob at 14:04 UTC (plan 9f3a)
    ");
}
