//! From messages and forms to Slack's JSON.

use super::super::blocks::{content, metadata, plain_content};
use super::super::mrkdwn::{Surroundings, chunks, length};
use super::super::views::view;
use crate::conversation::message::{
    Block, Button, Confirm, Form, FormBlock, Message, Piece, Press, StepLine, StepMark, Style, bold, code, text,
};
use crate::domain::identity::{GroupName, PersonId};
use crate::domain::ids::{DeliveryKey, Handle};
use crate::domain::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_millis(1_764_511_500_000);

fn around() -> Surroundings {
    let groups = [(GroupName::new("sre"), "S0SRE".to_owned())].into();
    Surroundings { groups, now: NOW, salt: "7".to_owned() }
}

fn check(pieces: &[Piece], expected: &str) {
    assert_eq!(chunks(pieces, 2_900, &around()), [expected], "{pieces:?}");
}

#[test]
fn pieces_are_escaped_and_cannot_format_by_chance() {
    check(&[text("a < b & c > d")], "a &lt; b &amp; c &gt; d");
    check(&[text("*now* _x_ ~y~ `z` snake_case")], "∗now∗ ˍxˍ ∼y∼ 'z' snake_case");
    check(&[bold("Reboot 20 servers"), text(" · req-2mq9")], "*Reboot 20 servers* · req-2mq9");
    check(&[bold(" padded ")], " *padded* ");
    check(&[text("."), bold("")], ".");
    check(&[code("a`b <!channel>\nc")], "`a'b &lt;!channel&gt; c`");
    check(&[Piece::Preformatted("a ``` b\n^^^".to_owned())], "```\na ''' b\n^^^\n```");
    check(&[text("<!channel> @here")], "&lt;!channel&gt; @here");
}

#[test]
fn mentions_times_and_links_are_slacks_own() {
    check(&[Piece::Person(PersonId::new("T0WRASSE", "U0ANA"))], "<@U0ANA>");
    check(&[Piece::Group(GroupName::new("sre"))], "<!subteam^S0SRE>");
    check(&[Piece::Group(GroupName::new("dba"))], "@dba");
    check(&[Piece::Time(NOW)], "<!date^1764511500^{time}|14:05 UTC>");
    let far = Timestamp::from_millis(NOW.millis() + 3 * 86_400_000);
    check(&[Piece::Time(far)], "<!date^1764770700^{date_short_pretty} {time}|3 Dec 14:05 UTC>");
    let link = |url: &str, label: &str| Piece::Link { url: url.to_owned(), label: label.to_owned() };
    check(
        &[link("https://x.example/?a=1&b=2|3", "the <card>")],
        "<https://x.example/?a=1&amp;b=2%7C3|the &lt;card&gt;>",
    );
    check(&[link("javascript:alert(1)", "card")], "card");
}

#[test]
fn a_long_text_goes_on_in_the_next_section() {
    let long: String = (0..400).map(|line| format!("edge-lax-{line:03} & co\n")).collect();
    let message = Message { summary: "s".to_owned(), blocks: vec![Block::Section(vec![text(long)])] };
    let content = content(&message, &around());
    let blocks = content["blocks"].as_array().unwrap();
    assert!(blocks.len() > 2);
    assert!(blocks.iter().all(|block| length(block["text"]["text"].as_str().unwrap()) <= 3_000));
    let all: String = blocks.iter().map(|block| block["text"]["text"].as_str().unwrap().to_owned() + "\n").collect();
    assert!(all.contains("edge-lax-399 &amp; co"), "nothing is lost");
}

#[test]
fn a_message_beyond_slacks_size_is_cut_but_keeps_its_buttons() {
    let section = Block::Section(vec![text("x".repeat(2_500))]);
    let mut blocks = vec![section; 8];
    blocks.push(Block::Actions(vec![control("Cancel", "request.cancel", "h_1")]));
    let content = content(&Message { summary: "s".to_owned(), blocks }, &around());
    let blocks = content["blocks"].as_array().unwrap();
    let total: usize = blocks.iter().filter_map(|block| block["text"]["text"].as_str()).map(length).sum();
    assert!(total < 9_000, "{total}");
    assert_eq!(blocks[blocks.len() - 2]["elements"][0]["text"], json!("…"));
    assert_eq!(blocks[blocks.len() - 1]["type"], json!("actions"));
}

fn control(label: &str, verb: &str, handle: &str) -> Button {
    let press = Press::Control { verb: verb.to_owned(), handle: Handle::new(handle) };
    Button { label: label.to_owned(), press, style: Style::Plain, confirm: None }
}

#[test]
fn buttons_carry_verb_handle_style_and_question() {
    let confirm = Confirm {
        title: "Cancel req-2mq9?".to_owned(),
        text: "4 servers finish.".to_owned(),
        yes: "Cancel it".to_owned(),
        no: "Keep running".to_owned(),
        style: Style::Danger,
    };
    let cancel = Button { style: Style::Danger, confirm: Some(confirm), ..control("Cancel", "request.cancel", "h_2") };
    let open = Button { press: Press::Open("https://x.example".to_owned()), ..control("Open thread", "", "") };
    let again = control("Details", "request.cancel", "h_3");
    let message = Message { summary: "s".to_owned(), blocks: vec![Block::Actions(vec![cancel, open, again])] };
    let content = content(&message, &around());
    assert_eq!(
        content["blocks"][0],
        json!({"type": "actions", "block_id": "b0.7", "elements": [
            {"type": "button", "action_id": "request.cancel", "value": "h_2", "style": "danger",
             "text": {"type": "plain_text", "text": "Cancel"},
             "confirm": {"title": {"type": "plain_text", "text": "Cancel req-2mq9?"},
                 "text": {"type": "plain_text", "text": "4 servers finish."},
                 "confirm": {"type": "plain_text", "text": "Cancel it"},
                 "deny": {"type": "plain_text", "text": "Keep running"}, "style": "danger"}},
            {"type": "button", "action_id": "open", "url": "https://x.example", "text": {"type": "plain_text", "text": "Open thread"}},
            {"type": "button", "action_id": "request.cancel.2", "value": "h_3", "text": {"type": "plain_text", "text": "Details"}},
        ]})
    );
}

#[test]
fn steps_are_a_section() {
    let step =
        |word: &str, mark, note: Option<&str>| StepLine { word: word.to_owned(), mark, note: note.map(str::to_owned) };
    let steps =
        vec![step("drain", StepMark::Done, None), step("reboot", StepMark::Failed, Some("no answer for 15 min"))];
    let message =
        Message { summary: "s".to_owned(), blocks: vec![Block::Steps { title: "edge-lax-012".to_owned(), steps }] };
    let content = content(&message, &around());
    assert_eq!(
        content["blocks"][0]["text"]["text"],
        json!("*edge-lax-012*\n▸ drain ✓  reboot ✗\nreboot `no answer for 15 min`")
    );
    assert_eq!(content["blocks"][0]["expand"], json!(true));
    let plain = plain_content(&message);
    assert_eq!(
        plain["blocks"][0]["text"]["text"],
        json!("edge-lax-012\n▸ drain ✓  reboot ✗\nreboot no answer for 15 min")
    );
    assert_eq!(
        metadata(&DeliveryKey::new("d-1")),
        json!({"event_type": "wrasse_delivery", "event_payload": {"key": "d-1"}})
    );
}

#[test]
fn a_form_is_a_modal_with_nothing_chosen() {
    let form = Form {
        title: "Review req-2mq9 and much more".to_owned(),
        submit: Some("Record".to_owned()),
        close: "Close".to_owned(),
        handle: Some(Handle::new("h_9")),
        blocks: vec![
            FormBlock::Warning(vec![text("Takes capacity from lax.")]),
            FormBlock::Choice {
                key: "decision".to_owned(),
                label: "Decision".to_owned(),
                options: vec![("approve".to_owned(), "Approve".to_owned()), ("deny".to_owned(), "Deny".to_owned())],
            },
            FormBlock::Input {
                key: "why".to_owned(),
                label: "Why".to_owned(),
                hint: "needed to deny".to_owned(),
                initial: None,
                optional: true,
            },
        ],
    };
    let view = view(&form, &around());
    assert_eq!(view["title"]["text"], json!("Review req-2mq9 and muc…"));
    assert_eq!((&view["submit"]["text"], &view["private_metadata"]), (&json!("Record"), &json!("h_9")));
    assert_eq!(view["blocks"][0]["text"]["text"], json!("⚠ Takes capacity from lax."));
    assert_eq!(view["blocks"][1]["block_id"], json!("decision"));
    assert_eq!(
        view["blocks"][1]["element"],
        json!({"type": "radio_buttons", "action_id": "decision", "options": [
        {"value": "approve", "text": {"type": "plain_text", "text": "Approve"}}, {"value": "deny", "text": {"type": "plain_text", "text": "Deny"}}]})
    );
    assert_eq!(view["blocks"][2]["element"]["placeholder"]["text"], json!("needed to deny"));
    assert_eq!(view["blocks"][2]["optional"], json!(true));
}

#[test]
fn a_form_that_was_filled_in_shows_it() {
    let options = vec![("warm".to_owned(), "warm".to_owned()), ("cold".to_owned(), "c".repeat(90))];
    let select = |initial: Option<&str>| FormBlock::Select {
        key: "--mode".to_owned(),
        label: "Mode".to_owned(),
        options: options.clone(),
        initial: initial.map(ToOwned::to_owned),
        optional: true,
    };
    let form = Form {
        title: "Reboot".to_owned(),
        submit: None,
        close: "Close".to_owned(),
        handle: Some(Handle::new("h_9")),
        blocks: vec![
            FormBlock::Input {
                key: "servers".to_owned(),
                label: "Servers".to_owned(),
                hint: String::new(),
                initial: Some("edge-lax-[001-020] <!channel>".to_owned()),
                optional: false,
            },
            select(Some("cold")),
            select(Some("tepid")),
        ],
    };
    let view = view(&form, &around());
    assert_eq!(view["blocks"][0]["element"]["initial_value"], json!("edge-lax-[001-020] <!channel>"));
    assert_eq!(view["blocks"][0]["optional"], json!(false));
    let chosen = &view["blocks"][1]["element"]["initial_option"];
    assert_eq!((&chosen["value"], chosen["text"]["text"].as_str().map(length)), (&json!("cold"), Some(75)));
    assert_eq!(*chosen, view["blocks"][1]["element"]["options"][1], "as Slack wants it");
    assert_eq!(view["blocks"][2]["element"].get("initial_option"), None, "what is no option is not chosen");
    assert_eq!(view["submit"]["text"], json!("Send"));
}

proptest! {
    /// Whatever people and servers say, every chunk fits and no markup of theirs gets through.
    #[test]
    fn chunks_fit_and_carry_no_foreign_markup(said in proptest::collection::vec(("[a-z<>&`*_~|@! \n]{0,600}", 0..4u8), 0..8)) {
        let pieces: Vec<Piece> = said.into_iter().map(|(said, kind)| match kind {
            0 => text(said),
            1 => bold(said),
            2 => code(said),
            _ => Piece::Preformatted(said),
        }).collect();
        for chunk in chunks(&pieces, 700, &around()) {
            prop_assert!(length(&chunk) <= 700);
            prop_assert!(!chunk.contains(['<', '>']));
        }
    }
}

/// The summary is what a lock screen shows: escaped like everything else.
#[test]
fn the_summary_is_escaped() {
    let content = content(&Message::of_text("✗ <!channel> & co", vec![text("x")]), &around());
    assert_eq!(content["text"], json!("✗ &lt;!channel&gt; &amp; co"));
    assert_eq!(content["unfurl_links"], Value::Bool(false));
}
