//! Help on what every place understands: the built-in verbs, how servers are chosen, how times are said. Private.
//!
//! By example: each line here is one that the language reads, which a test proves.

use super::help::{
    CANCEL, OVERRIDE, RESUME, RETRY, STATE, STOP, WHY, asks_of, brake_examples, closes_of, example, literal,
    most_impact, plan_of, who_of,
};
use super::message::{Block, Message};
use super::words::{Prose, capital, summary};
use crate::domain::command::CommandSpec;
use crate::domain::intent::BuiltInVerb;
use crate::domain::limits::START_AHEAD_MAX;

/// How servers are chosen: what is written, and what it means.
pub(super) const SELECTORS: [(&str, &str); 8] = [
    ("edge-lax-[001-020,031]", "these numbers; [001-020/2] is every second one"),
    ("edge-lax-*", "every name that begins so; name=~^edge-(lax|fra) is a regular expression"),
    ("site=lax", "also type, pool, rack and state"),
    ("type in (edge-cache, origin)", "either of these"),
    ("site=lax & state!=drained", "both at once: in lax, and not drained"),
    ("site=lax ! edge-lax-007", "the first without the second"),
    ("@canaries, tag:canary=yes", "either: a saved group, a tag"),
    ("failed:req-2mq9", "those on which a request left its work undone"),
];

/// How a time is said: what is written, and when that is.
pub(super) const TIMES: [(&str, &str); 5] = [
    ("at 02:00", "the next time your own clock shows it; 2am is the same"),
    ("at tomorrow 02:00 Europe/Riga", "by the clocks of a place"),
    ("at 02:00 UTC", "by no place's clock"),
    ("at 02:00 site time", "by the clocks where the servers are"),
    ("in 2h30m", "so long from now"),
];

/// What a built-in verb does.
pub(super) const fn does(verb: BuiltInVerb) -> &'static str {
    match verb {
        BuiltInVerb::Help => "what you can do, or all about one thing",
        BuiltInVerb::Status => "what serves, what is under work, and how old that knowledge is",
        BuiltInVerb::Cancel => "stops a request: nothing new starts, what is in flight goes to a safe point",
        BuiltInVerb::Plan => "what a line would do, without doing it",
        BuiltInVerb::CanI => "whether you may send a line here, by which policy, and what it needs",
        BuiltInVerb::WhoCan => "who may use a command here, in general or on some servers",
        BuiltInVerb::CloseBreaker => "lets a command start again that too many failures have stopped",
        BuiltInVerb::Queue => "what waits to start, in order, and the first reason of each",
        BuiltInVerb::Out => "which servers are out of production: why, since when, whose",
        BuiltInVerb::Why => "why something waits, stands or ended: every reason, who holds it, what unblocks it",
        BuiltInVerb::StopEverything => "nothing starts any more that changes a server, until somebody resumes",
        BuiltInVerb::ResumeEverything => "everything goes on after a stop",
        BuiltInVerb::Override => "lets what waits in a request pass one policy, once, when it cannot wait",
        BuiltInVerb::Freeze => {
            "nothing that changes a server starts there for a time; what is under way goes to its end"
        }
        BuiltInVerb::Thaw => "ends a freeze sooner",
        BuiltInVerb::Hold => "keeps servers from any work, or a request from starting more",
        BuiltInVerb::Release => "lets what was held go on",
        BuiltInVerb::Blacklist => "keeps a command, or every one, from some servers for a time",
        BuiltInVerb::Unblacklist => "ends that sooner",
        BuiltInVerb::Retry => "asks for the same anew, on the servers that a request left undone",
        BuiltInVerb::State => "says how servers are that are out: in maintenance, in repair, ready, or on standby",
    }
}

/// How a verb is written, lines to copy, and what else there is to know.
#[expect(clippy::too_many_lines, reason = "one entry for each verb")]
fn about(verb: BuiltInVerb, commands: &[&CommandSpec]) -> (&'static str, Vec<String>, &'static str) {
    match verb {
        BuiltInVerb::Help => (
            "help [COMMAND or TOPIC]",
            vec!["help servers".to_owned(), "help times".to_owned(), "help restart".to_owned()],
            "a topic is a command, a verb such as status, plan or can-i, something to do such as restart, servers, or times",
        ),
        BuiltInVerb::Status => (
            "status [SERVERS]",
            vec!["status".to_owned(), "status site=lax".to_owned()],
            "of the whole fleet, if no servers are named · everybody here may ask",
        ),
        BuiltInVerb::Cancel => (
            "cancel REQUEST",
            vec![CANCEL.to_owned(), format!("plan {CANCEL}")],
            "by whoever asked for it, or may ask for the same · the id stands on the request's card, first line",
        ),
        BuiltInVerb::Plan => (
            "plan LINE",
            plan_of(commands).into_iter().collect(),
            "it tells the servers, the waves, the steps, whether you may, whose approval it needs, and what is in the way",
        ),
        BuiltInVerb::CanI => (
            "can-i LINE",
            asks_of(commands).into_iter().collect(),
            "the line need not say everything: what it lacks is told, and what stands in its way now",
        ),
        BuiltInVerb::WhoCan => (
            "who-can COMMAND [on SERVERS]",
            who_of(commands),
            "without servers: who may use it on some of them at least · everybody here may ask",
        ),
        BuiltInVerb::Queue => (
            "queue [SERVERS]",
            vec!["queue".to_owned(), "queue site=lax".to_owned()],
            "first come, first looked at, and whoever is blocked is gone past · everybody here may ask",
        ),
        BuiltInVerb::Out => (
            "out [SERVERS]",
            vec!["out".to_owned(), "out site=lax".to_owned()],
            "what a run of ours left behind can be returned by a button, if you may · everybody here may ask",
        ),
        BuiltInVerb::Why => (
            "why [REQUEST or RUN or SERVER]",
            vec![WHY.to_owned(), "why run-2mq9.17".to_owned(), "why edge-lax-001".to_owned()],
            "in the thread of a request, why alone means that request · everybody here may ask",
        ),
        BuiltInVerb::StopEverything => (
            "stop everything [--hard] [because REASON]",
            vec![STOP.to_owned()],
            "everybody may, where work may be asked for · what was begun goes to a safe point · a restart of mine changes nothing · with --hard nothing is given back either",
        ),
        BuiltInVerb::ResumeEverything => (
            "resume everything because REASON",
            vec![RESUME.to_owned()],
            "by another person than who stopped, or by the same one after 10 min",
        ),
        BuiltInVerb::Override => (
            "override POLICY on REQUEST because REASON",
            vec![OVERRIDE.to_owned(), "override concurrency on req-2mq9 because the site goes dark at noon".to_owned()],
            "by those whom policies/admission.yaml names · everybody sees it · for more than a few servers a second person must agree",
        ),
        BuiltInVerb::Freeze => (
            "freeze SERVERS|everything until TIME|for DURATION because REASON",
            brake_examples(verb),
            "at most 30 days · a server that is added there later is covered too",
        ),
        BuiltInVerb::Thaw => ("thaw SERVERS|everything", brake_examples(verb), "as it was said when it was frozen"),
        BuiltInVerb::Hold => (
            "hold SERVERS|REQUEST because REASON",
            brake_examples(verb),
            "a held server is not even returned · a held request starts no more, and what it began goes on; pause means the same",
        ),
        BuiltInVerb::Release => (
            "release SERVERS|REQUEST",
            brake_examples(verb),
            "by whoever may hold here · of a request, resume means the same",
        ),
        BuiltInVerb::Blacklist => (
            "blacklist SERVERS|everything [COMMAND] until TIME|for DURATION [--absolute] because REASON",
            brake_examples(verb),
            "at most 30 days · what it covers waits; with --absolute it is left out, and nobody can override that",
        ),
        BuiltInVerb::Unblacklist => {
            ("unblacklist SERVERS|everything [COMMAND]", brake_examples(verb), "as it was said then")
        }
        BuiltInVerb::Retry => (
            "retry REQUEST",
            vec![RETRY.to_owned()],
            "once the request is over, and once: what the new one leaves is retried from that · planned, allowed and \
             approved like any other",
        ),
        BuiltInVerb::State => (
            "state SERVERS maintenance|repair|ready|standby because REASON",
            STATE.map(str::to_owned).to_vec(),
            "by whoever the policies here let use state · a server that serves is drained first; one that is ready is still \
             out, and undrain puts it back after its checks · what is drained and well can stand by for when too much comes · \
             what is in repair leaves the total of its pool",
        ),
        BuiltInVerb::CloseBreaker => (
            "close-breaker COMMAND [site=SITE|server=SERVER] because REASON",
            closes_of(commands).into_iter().collect(),
            "by whoever may use the command, once its canary has passed; by its owners before · the card of a request \
             that waits names the breaker · that of a server keeps automations off it, and nobody else",
        ),
    }
}

/// One built-in verb: what it does, how it is written, examples, and what else there is to know.
#[must_use]
pub fn help_verb(verb: BuiltInVerb, commands: &[&CommandSpec]) -> Message {
    let word = verb.word();
    let (form, examples, more) = about(verb, commands);
    let prose = Prose::new().bold(capital(word)).text(format!(": {}", does(verb))).line();
    let mut prose = prose.piece(literal(form));
    for line in examples.iter().filter(|line| *line != form) {
        prose = prose.line().piece(literal(line));
    }
    let blocks = vec![Block::Section(prose.done()), Block::Context(Prose::new().text(more).done())];
    Message { summary: summary(format!("{}: {}", capital(word), does(verb))), blocks }
}

/// How servers are chosen, by example.
#[must_use]
pub fn help_servers() -> Message {
    let mut prose = Prose::new().bold("How servers are chosen");
    for (written, meant) in SELECTORS {
        prose = prose.line().code(written).text(format!(" {meant}"));
    }
    let context = Prose::new().text("nothing unknown is skipped · to see what it means: ");
    let context = context.piece(literal(&format!("{} site=lax", BuiltInVerb::Status.word()))).done();
    Message {
        summary: summary("How servers are chosen"),
        blocks: vec![Block::Section(prose.done()), Block::Context(context)],
    }
}

/// How a time is said, by example.
#[must_use]
pub fn help_times(commands: &[&CommandSpec]) -> Message {
    let mut prose = Prose::new().bold("How to say when work begins").text(": behind the servers, before because");
    for (written, meant) in TIMES {
        prose = prose.line().code(written).text(format!(" {meant}"));
    }
    let ahead = START_AHEAD_MAX.as_secs() / 3600;
    let mut context =
        Prose::new().text(format!("at most {ahead} h ahead · without a time it begins as soon as it is safe"));
    let example = most_impact(commands).and_then(|spec| {
        let line = example(spec);
        let (before, because) = line.split_once(" because ")?;
        Some(format!("{before} at 02:00 because {because}"))
    });
    if let Some(line) = example {
        context = context.text(" · ").piece(literal(&line));
    }
    Message {
        summary: summary("How to say when work begins"),
        blocks: vec![Block::Section(prose.done()), Block::Context(context.done())],
    }
}
