//! Lines and what they mean, as tables and properties.

use super::{Vocabulary, normalise, parse};
use crate::domain::command::{
    CommandName, CommandSpec, Impact, Need, ParameterSpec, Priority, Targets, ValueKind, WaveRule, WaveSize,
};
use crate::domain::identity::GroupName;
use crate::domain::ids::Fingerprint;
use crate::domain::intent::{Intent, ParameterName, Value};
use crate::domain::limits::LINE_LENGTH_MAX_CHARS;
use crate::domain::misunderstanding::MisunderstandingKind;
use crate::fleet::print;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

mod braking;
mod corpus;
mod printing;
mod times;

fn parameter(name: &str, kind: ValueKind) -> ParameterSpec {
    ParameterSpec { name: ParameterName::new(name), kind, default: None, need: Need::Optional, asked_as_because: false }
}

fn because(name: &str, need: Need) -> ParameterSpec {
    ParameterSpec { need, asked_as_because: true, ..parameter(name, ValueKind::TEXT) }
}

fn command(name: &str, targets: Targets, parameters: Vec<ParameterSpec>) -> Arc<CommandSpec> {
    Arc::new(CommandSpec {
        name: CommandName::new(name),
        summary: String::new(),
        impact: Impact::Config,
        owner: GroupName::new("sre"),
        targets,
        parameters,
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        priority: Priority::default(),
        remediates: false,
        approvals: None,
        steps: Vec::new(),
        examples: Vec::new(),
        hash: Fingerprint::of(&[]),
    })
}

fn vocabulary() -> Vocabulary {
    let servers = || Targets::Servers { types: Vec::new(), from: Vec::new(), max: 10 };
    let wave = ParameterSpec {
        default: Some(Value::Percentage(10)),
        ..parameter("wave", ValueKind::Percentage { min: 1, max: 50 })
    };
    let reboot = vec![
        because("reason", Need::Required),
        wave,
        parameter("soak", ValueKind::Duration { min: Duration::from_secs(5), max: Duration::from_secs(3600) }),
        parameter("tries", ValueKind::Integer { min: 1, max: 5 }),
        parameter("mode", ValueKind::Choice(vec!["warm".to_owned(), "cold".to_owned()])),
        parameter("note", ValueKind::Text { length_max: 20 }),
    ];
    let target = ParameterSpec { need: Need::Required, ..parameter("target", ValueKind::TEXT) };
    Vocabulary::of(vec![
        command("announce", Targets::None, vec![because("message", Need::Required)]),
        command("move", servers(), vec![target]),
        command("reboot", servers(), reboot),
    ])
}

/// The intent in one line, or what is wrong with which part, and what was probably meant.
fn outcome(line: &str) -> String {
    match parse(line, &vocabulary()) {
        Ok(Intent::Plan(planned)) => format!("plan {planned:?}"),
        Ok(Intent::CanI(planned)) => format!("can-i {planned:?}"),
        Ok(Intent::Retry { request }) => format!("retry {request}"),
        Ok(Intent::CloseBreaker { scope, why }) => format!("close-breaker {scope} because {why}"),
        Ok(Intent::WhoCan { command, selector }) => format!("who-can {command} {selector:?}"),
        Ok(Intent::Queue(selector)) => format!("queue {selector:?}"),
        Ok(Intent::Out(selector)) => format!("out {selector:?}"),
        Ok(Intent::Why(of)) => format!("why {of:?}"),
        Ok(Intent::Work(work)) => {
            let selector = work.selector.map_or_else(|| "nothing".to_owned(), |selector| print(&selector.value));
            let parameters: String =
                work.parameters.iter().map(|(name, value)| format!(" {name}={}", value.value)).collect();
            format!("{} {selector}{parameters}", work.command)
        }
        Ok(Intent::Help { topic }) => format!("help {}", topic.map_or_else(String::new, |topic| topic.to_string())),
        Ok(Intent::Status { selector }) => {
            format!("status {}", selector.map_or_else(|| "everything".to_owned(), |selector| print(&selector.value)))
        }
        Ok(Intent::Cancel { request }) => format!("cancel {request}"),
        Ok(Intent::Brake(braking)) => format!("{braking:?}"),
        Ok(Intent::Declare(said)) => {
            format!("state {} {} because {}", print(&said.servers.value), said.declared.word(), said.because)
        }
        Ok(Intent::Override { policy, request, why }) => format!("override {} on {request}: {why}", policy.value),
        Err(told) => {
            let place = told.line.get(told.span.clone()).expect("the place is in the line");
            let better = told.suggestion.map_or_else(String::new, |word| format!(" -> {word}"));
            format!("{} at `{place}`{better}", kind_name(&told.kind))
        }
    }
}

/// The kind with its values, but a parameter by its name alone.
fn kind_name(kind: &MisunderstandingKind) -> String {
    if let MisunderstandingKind::UnfitValue { parameter } = kind {
        return format!("UnfitValue {}", parameter.name);
    }
    format!("{kind:?}")
}

fn check(line: &str, expected: &str) {
    assert_eq!(outcome(line), expected, "{line}");
}

#[test]
fn built_in_verbs() {
    check("help", "help ");
    check("Help Reboot", "help reboot");
    check("help cancel", "help cancel");
    check("help take out and put back", "help take");
    check("help Selectors", "help servers");
    check("help restrat", "UnknownTopic { topic: \"restrat\" } at `restrat` -> restart");
    check("help servers now", "Unexpected { expected: End } at `now`");
    check("status", "status everything");
    check("status site=lax", "status site=lax");
    check("cancel req-2mq9", "cancel req-2mq9");
    check("cancel REQ-2MQ9.", "cancel req-2mq9");
}

#[test]
fn what_is_said_of_servers() {
    check("state edge-lax-007 maintenance because disk swap", "state edge-lax-007 maintenance because disk swap");
    check(
        "State site=riga & type=edge-cache REPAIR because: “PSU dead”",
        "state site=riga & type=edge-cache repair because PSU dead",
    );
    check("state a-1,a-2 ready because it is at 02:00 again", "state a-1,a-2 ready because it is at 02:00 again");
    check("state", "Unexpected { expected: Servers } at ``");
    check("state because x", "Unexpected { expected: Servers } at ``");
    check("state repair because x", "Unexpected { expected: Servers } at ``");
    check("state a-1", "Unexpected { expected: Declared } at ``");
    check("state a-1 because x", "Unexpected { expected: Declared } at `because`");
    check("state a-1 repiar because x", "Unexpected { expected: Declared } at `repiar` -> repair");
    check("state a-1 production because x", "Unexpected { expected: Declared } at `production` -> ready");
    check("state a-1 dead because x", "Unexpected { expected: Declared } at `dead` -> repair");
    check("state a-1 purple because x", "Unexpected { expected: Declared } at `purple`");
    check("state a-1 repair", "MissingReason { name: reason } at ``");
    check("state a-1 repair because …", "MissingReason { name: reason } at ``");
    check("stat a-1 repair because x", "UnknownVerb { verb: \"stat\" } at `stat` -> state");
    check("stauts a-1", "UnknownVerb { verb: \"stauts\" } at `stauts` -> status");
    check("state a-1 repair for 2h because x", "Unexpected { expected: ReasonOrEnd } at `for` -> because");
    check("who-can state", "NoPolicySpeaks { verb: State } at `state`");
}

#[test]
fn commands_with_servers() {
    check("reboot edge-lax-[001-020] because kernel update", "reboot edge-lax-[001-020] reason=kernel update wave=10%");
    check("Reboot Edge-lax-001 Because Kernel update.", "reboot edge-lax-001 reason=Kernel update wave=10%");
    check(
        "reboot site=riga & type=edge-cache --wave 20% because x",
        "reboot site=riga & type=edge-cache reason=x wave=20%",
    );
    check("reboot a-1 --wave=20 --soak 90s because x", "reboot a-1 reason=x soak=1m30s wave=20%");
    check(
        "reboot a-1 --soak 1h --tries 5 --mode COLD because x",
        "reboot a-1 mode=cold reason=x soak=1h tries=5 wave=10%",
    );
    check("reboot a-1 --note \"a -- b because c\" because x", "reboot a-1 note=a -- b because c reason=x wave=10%");
    check("reboot a-1 --reason \"kernel update\"", "reboot a-1 reason=kernel update wave=10%");
    check("reboot a-1 because it --wave s because of load", "reboot a-1 reason=it --wave s because of load wave=10%");
    check("reboot a-1 because: “kernel update”", "reboot a-1 reason=kernel update wave=10%");
    check("move a-1 --target b", "move a-1 target=b");
}

#[test]
fn commands_without_servers() {
    check("announce because all is well", "announce nothing message=all is well");
    check("announce riga because x", "SelectorNotTaken { command: announce } at `riga`");
}

#[test]
fn what_phones_and_macs_do_to_a_line() {
    check("reboot a-1 —wave 20% because x", "reboot a-1 reason=x wave=20%");
    check("reboot a-1 –wave 20% because x", "reboot a-1 reason=x wave=20%");
    check("reboot a-1 --note “don’t — stop” because x", "reboot a-1 note=don’t — stop reason=x wave=10%");
    check("reboot a-1 --note ‘two words’ because x", "reboot a-1 note=two words reason=x wave=10%");
    check("  reboot\u{a0}\u{a0}a-1\tbecause\u{202f}x  ", "reboot a-1 reason=x wave=10%");
    check("reboot a-1 because the fan — it’s loud…", "reboot a-1 reason=the fan — it’s loud… wave=10%");
    check("status.", "status everything");
    check("“status”.", "status everything");
}

#[test]
fn verbs_that_are_not_known_here() {
    check("rebot a-1", "UnknownVerb { verb: \"rebot\" } at `rebot` -> reboot");
    check("stauts", "UnknownVerb { verb: \"stauts\" } at `stauts` -> status");
    // There is a command of that name elsewhere, but not for this person here.
    check("drain a-1 because x", "UnknownVerb { verb: \"drain\" } at `drain`");
    check("help drain", "UnknownTopic { topic: \"drain\" } at `drain`");
    check("cancel", "Unexpected { expected: RequestId } at ``");
    check("cancel 2mq9", "NotARequest { text: \"2mq9\" } at `2mq9`");
    check("cancel req-2mq9 now", "Unexpected { expected: End } at `now`");
    check("status site=lax because x", "Unexpected { expected: End } at `because x`");
}

#[test]
fn selectors_in_a_line() {
    check("reboot", "MissingSelector { command: reboot } at ``");
    check("reboot because x", "MissingSelector { command: reboot } at ``");
    check("reboot --wave 10%", "MissingSelector { command: reboot } at ``");
    check("reboot a-1 a-2 because x", "Unexpected { expected: AfterServers } at `a-2`");
    check("reboot site=lax and type=dns because x", "Unexpected { expected: AfterServers } at `and` -> &");
    check("reboot a-1 becuase x", "Unexpected { expected: AfterServers } at `becuase` -> because");
    check("reboot a-1 -wave 10%", "Unexpected { expected: AfterServers } at `-wave` -> --wave");
    check("reboot a-1, because x", "Unexpected { expected: Servers } at `because`");
    check("reboot edge—lax-001 because x", "NotAscii { character: '—' } at `—`");
}

#[test]
fn parameters_that_do_not_fit() {
    check("reboot a-1", "MissingReason { name: reason } at ``");
    check("reboot a-1 because", "MissingValue { name: reason } at ``");
    check("reboot a-1 because …", "MissingValue { name: reason } at ``");
    check("move a-1", "MissingParameter { name: target } at ``");
    check("move a-1 --target b because x", "BecauseNotTaken { command: move } at `because`");
    check("reboot a-1 --wawe 10% because x", "UnknownParameter { name: \"wawe\" } at `--wawe` -> --wave");
    check("reboot a-1 --force because x", "UnknownParameter { name: \"force\" } at `--force`");
    check("reboot a-1 --wave 10% --wave 20% because x", "DoubleParameter { name: wave } at `--wave`");
    check("reboot a-1 --reason y because x", "DoubleParameter { name: reason } at `because`");
    check("reboot a-1 --wave because x", "MissingValue { name: wave } at ``");
    check("reboot a-1 --wave --soak 5m because x", "MissingValue { name: wave } at ``");
    check("reboot a-1 --wave 0% because x", "UnfitValue wave at `0%`");
    check("reboot a-1 --wave 101 because x", "UnfitValue wave at `101`");
    check("reboot a-1 --soak 5 because x", "UnfitValue soak at `5`");
    check("reboot a-1 --wave 60% because x", "UnfitValue wave at `60%`");
    check("reboot a-1 --soak 1s because x", "UnfitValue soak at `1s`");
    check("reboot a-1 --soak 61m because x", "UnfitValue soak at `61m`");
    check(
        "reboot a-1 --note \"a text of more than twenty\" because x",
        "UnfitValue note at `\"a text of more than twenty\"`",
    );
    let long = "x".repeat(501);
    check(&format!("reboot a-1 because {long}"), &format!("UnfitValue reason at `{long}`"));
    check("reboot a-1 --soak +5m because x", "UnfitValue soak at `+5m`");
    check("reboot a-1 --tries 6 because x", "UnfitValue tries at `6`");
    check("reboot a-1 --mode clod because x", "UnfitValue mode at `clod` -> cold");
    check("reboot a-1 --wave 10% extra because x", "Unexpected { expected: Parameter } at `extra`");
}

#[test]
fn characters_that_nobody_can_see() {
    check("reboot a-\u{200b}1 because x", "HiddenCharacter { character: '\\u{200b}' } at `\u{200b}`");
    check("reboot a-1 because \u{202e}x", "HiddenCharacter { character: '\\u{202e}' } at `\u{202e}`");
    check("reboot a-1\nbecause x", "HiddenCharacter { character: '\\n' } at `\n`");
    check("reboot a-1 because \u{7}x", "HiddenCharacter { character: '\\u{7}' } at `\u{7}`");
    let corrected = |line: &str| parse(line, &vocabulary()).expect_err("a hidden character").corrected;
    assert_eq!(corrected("reboot a-\u{200b}1 because x\u{feff}").as_deref(), Some("reboot a-1 because x"));
    // Without its direction marks the line would look different, so nothing is offered.
    assert_eq!(corrected("reboot a-\u{202e}1 because x"), None);
}

#[test]
fn lines_that_are_nothing_or_too_much() {
    check("", "Empty at ``");
    check(" .\u{a0}", "Empty at ``");
    check("reboot a-1 --note \"no end because x", "UnclosedQuote at `\"`");
    let long = format!("reboot a-1 because {}", "x".repeat(100_000));
    let told = parse(&long, &vocabulary()).expect_err("it is too long");
    assert_eq!(told.kind, MisunderstandingKind::TooLong { chars: 100_019 });
    assert_eq!(told.line, "");
    let begun = format!("reboot {}a-1 because ", "a-1,".repeat(900));
    let longest = format!("{begun}{}", "x".repeat(LINE_LENGTH_MAX_CHARS - begun.len()));
    assert!(parse(&longest, &vocabulary()).is_ok());
}

/// Words that lines are made of, and what gets between them.
fn lines() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "(reboot|announce|status|help|cancel|because|Because:)",
        "(--wave|—wave|–|--|-)",
        "[a-z]{1,3}-[0-9\\[\\],*-]{1,6}",
        "[\"'“”‘’…. =&!,()%]{1,3}",
        "\\PC{0,3}",
    ];
    prop::collection::vec((word, "[ \u{a0}]{0,2}"), 0..12)
        .prop_map(|words| words.into_iter().map(|(word, gap)| word + &gap).collect())
}

proptest! {
    #[test]
    fn reading_anything_never_panics_and_points_into_the_line(line in prop_oneof![lines(), any::<String>()]) {
        if let Err(told) = parse(&line, &vocabulary()) {
            prop_assert!(told.line.get(told.span).is_some());
        }
    }

    #[test]
    fn normalising_twice_changes_nothing(line in lines()) {
        if let Ok(once) = normalise(&line) {
            prop_assert_eq!(normalise(&once), Ok(once));
        }
    }

    #[test]
    fn places_of_a_selector_are_those_of_the_normalised_line(line in lines()) {
        let told = format!("reboot a-1 , {line}");
        if let (Ok(Intent::Work(work)), Ok(normal)) = (parse(&told, &vocabulary()), normalise(&told)) {
            let span = work.selector.map(|selector| selector.span).unwrap_or_default();
            prop_assert!(normal.get(span).is_some_and(|text| text.starts_with("a-1")));
        }
    }
}
