//! What a line means, in the words of people.

use super::missing::vocabulary;
use super::{PRIVATE, command, shown};
use crate::conversation::meaning;
use crate::domain::command::{CommandSpec, Need};
use crate::domain::intent::{Intent, ZoneName};
use crate::domain::time::Timestamp;
use crate::language::{Vocabulary, parse};
use insta::assert_snapshot;
use std::sync::Arc;

/// `tune`, which may be told a value of every kind, by somebody in Riga.
fn tune() -> (Arc<CommandSpec>, Vocabulary) {
    let mut spec = vocabulary().command("tune").unwrap().clone();
    spec.parameters.iter_mut().for_each(|parameter| parameter.need = Need::Optional);
    let spec = Arc::new(spec);
    let now = Timestamp::from_millis(1_795_600_800_000);
    let zone = Some(ZoneName::new("Europe/Riga"));
    (spec.clone(), Vocabulary { zone, now, ..Vocabulary::of(vec![spec, command("reboot")]) })
}

/// A time is told as it was meant, with its zone, and not by a clock that nobody looked at.
#[test]
fn a_time_keeps_its_zone() {
    let (spec, vocabulary) = tune();
    let told = |line: &str| shown(&meaning(&parse(line, &vocabulary).unwrap(), Some(&spec)), PRIVATE);
    assert_snapshot!(told("tune --until \"2026-12-01 02:00\" because x"), @"
    tune
    ----
    tune
    impact: `power-cycle`
    owner: `sre`
    reason: `x`
    until: `2026-12-01 02:00 Europe/Riga`
    ");
    assert_snapshot!(told("tune --until \"2026-12-01 02:00 America/Los_Angeles\" because x"), @"
    tune
    ----
    tune
    impact: `power-cycle`
    owner: `sre`
    reason: `x`
    until: `2026-12-01 02:00 America/Los_Angeles`
    ");
    assert_snapshot!(told("tune --until 02:00Z at tomorrow 02:00 because x"), @"
    tune
    ----
    tune
    impact: `power-cycle`
    owner: `sre`
    reason: `x`
    until: `2026-11-26 02:00 UTC`
    starts: `2026-11-26 02:00 Europe/Riga`
    ");
}

/// The chat says which channel and which person; people read their names.
#[test]
fn a_mention_is_an_id_to_a_parameter_and_a_name_in_a_text() {
    let (_, vocabulary) = tune();
    let Intent::Work(work) = parse(
        "tune --tell <#C1|noc> --owner <@U1|ana> --note <#C1|noc> because <@U1|ana> asks in <#C1|noc>",
        &vocabulary,
    )
    .unwrap() else {
        panic!("it is a command");
    };
    let values = work.parameters.iter().map(|(name, value)| format!("{name}: {:?}", value.value)).collect::<Vec<_>>();
    assert_snapshot!(values.join("\n"), @r##"
    note: Text("#noc")
    owner: User(Id(U1))
    reason: Text("@ana asks in #noc")
    tell: Channel(Id(C1))
    "##);
}
