//! Who agreed, when and why, and what the form had shown them: for the record of a request.

use super::message::{Block, Form, Message, Piece, Rich};
use super::replies::decision;
use super::words::{PATTERNS_MAX, Prose, button, cut, quoted, summary};
use crate::domain::ids::Handle;
use crate::workflow::request::{Approval, Request};

/// The most letters of one block; a longer text goes on in the next.
const BLOCK_LENGTH_MAX_BYTES: usize = 2_400;
/// The most letters of a name on a button, so that the button does not wrap on a phone.
const NAME_LENGTH_MAX_CHARS: usize = 10;

/// `approved by bob 14:04 (go ahead) and dee 14:10`; beyond three people only how many more there are.
pub(super) fn told(mut prose: Prose, request: &Request) -> Prose {
    let all = request.approvals.len();
    let shown = all.min(PATTERNS_MAX);
    for (place, approval) in request.approvals.iter().take(shown).enumerate() {
        prose = prose.text(match place {
            0 => "approved by ",
            _ if place + 1 == all => " and ",
            _ => ", ",
        });
        prose = prose.text(quoted(&approval.name)).text(" ").time(approval.at);
        if !approval.why.is_empty() {
            prose = prose.text(" (").code(&approval.why).text(")");
        }
    }
    match all - shown {
        0 => prose,
        hidden => prose.text(format!(" and {hidden} more")),
    }
}

/// Who agreed, in one line; or how it was decided otherwise, where people were asked.
pub(super) fn line(request: &Request) -> Rich {
    if request.approvals.is_empty() {
        let asked = request.need.is_some();
        return decision(request).filter(|_| asked).unwrap_or_default();
    }
    told(Prose::new(), request).done()
}

/// The buttons that open what each approver was shown.
#[must_use]
pub fn shown_buttons(shown: &[(&Approval, &Handle)]) -> Block {
    let one = |(approval, handle): &(&Approval, &Handle)| {
        button(format!("{} saw", cut(&quoted(&approval.name), NAME_LENGTH_MAX_CHARS)), "request.shown", handle)
    };
    Block::Actions(shown.iter().map(one).collect())
}

/// What the form had shown to somebody who agreed.
#[must_use]
pub fn what_was_shown(request: &Request, approval: &Approval) -> Message {
    let (id, name) = (request.id(), quoted(&approval.name));
    let head = Prose::new().text(format!("{name} approved {id} at ")).time(approval.at);
    let head = if approval.why.is_empty() { head } else { head.text(": ").code(&approval.why) };
    let head = head.text(format!(" · plan {}", approval.plan.short()));
    let mut blocks = vec![Block::Section(head.done())];
    match &approval.shown {
        Some(shown) if !shown.is_empty() => {
            blocks.push(Block::Section(Prose::new().text("The form showed:").done()));
            blocks.extend(parts(shown).into_iter().map(|part| Block::Section(vec![Piece::Preformatted(part)])));
        }
        Some(_) | None => {
            let told = "What the form showed was not kept at that time; the plan is the one that was carried out.";
            blocks.push(Block::Section(Prose::new().text(told).done()));
        }
    }
    Message { summary: summary(format!("{id}: what {name} saw")), blocks }
}

/// The same, as a form to read.
#[must_use]
pub fn shown_form(shown: &Message) -> Form {
    super::forms::form_answer("What was shown", shown)
}

/// The text in parts that a block can hold, divided between lines.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.lines() {
        // A single line is shorter than a block: the form cuts each value.
        let is_full = parts.last().is_some_and(|part| part.len() + line.len() > BLOCK_LENGTH_MAX_BYTES);
        if is_full {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            if !part.is_empty() {
                part.push('\n');
            }
            part.push_str(line);
        }
    }
    parts
}
