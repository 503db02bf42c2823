//! Our selectors against ClusterShell, whose algebra they follow: the same expressions give the same servers.
//!
//! `tests/clustershell/install` installs it; where it is missing the test fails. Deliberately absent: what only one of
//! the two reads (attributes, parentheses, groups).

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wrasse::domain::misunderstanding::{Expected, MisunderstandingKind as Kind};
use wrasse::domain::server::{ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
use wrasse::domain::time::Timestamp;
use wrasse::fleet::{Inventory, Snapshot, Undone, fold, parse_selector, resolve};

const CASES: usize = 20_000;
const SEED: u64 = 0x5eed_0003;
const BASES: [&str; 3] = ["edge-lax-", "dns", "n"];

/// Numbers that look random and are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("it is below a usize")
    }

    fn ranges(&mut self, end: usize) -> String {
        // Either one padding in the whole bracket, or each range its own.
        let shared = self.below(4);
        let is_mixed = self.below(3) == 0;
        let range = |dice: &mut Self| {
            let width = if is_mixed { dice.below(4) } else { shared };
            let (one, other) = (dice.below(end), dice.below(end));
            let (first, mut last) = (one.min(other), one.max(other));
            if width < 2 && dice.below(3) == 0 {
                return format!("{first}");
            }
            // Unpadded ends may differ in length, padded ones may not.
            last = last.max(first);
            let step = if dice.below(3) == 0 { format!("/{}", dice.below(5) + 1) } else { String::new() };
            format!("{first:0width$}-{last:0width$}{step}")
        };
        let count = self.below(3) + 1;
        format!("[{}]", (0..count).map(|_| range(self)).collect::<Vec<_>>().join(","))
    }

    fn term(&mut self) -> String {
        match self.below(5) {
            0 => format!("r{}n{}", self.ranges(10), self.ranges(10)),
            1 => format!("{}{:0width$}", BASES[self.below(3)], self.below(40), width = self.below(4)),
            _ => format!("{}{}", BASES[self.below(3)], self.ranges(40)),
        }
    }

    /// A chain that both read in one way: one operator, or `&` and then `!`.
    fn expression(&mut self) -> String {
        let mut text = self.term();
        let mut sign = [",", "!", "&", "^"][self.below(4)];
        for _ in 0..self.below(4) {
            write!(text, "{sign}{}", self.term()).expect("texts grow");
            if sign == "&" && self.below(2) == 0 {
                sign = "!";
            }
        }
        text
    }
}

/// Every name that an expression can have.
fn inventory() -> Inventory {
    let padded = |end: usize| {
        (0..end).flat_map(|number| (0..4).map(move |width| format!("{number:0width$}"))).collect::<BTreeSet<_>>()
    };
    let mut names: BTreeSet<String> =
        BASES.iter().flat_map(|base| padded(40).into_iter().map(move |number| format!("{base}{number}"))).collect();
    for left in padded(10) {
        names.extend(padded(10).into_iter().map(|right| format!("r{left}n{right}")));
    }
    let servers = names.into_iter().map(|name| Server {
        id: ServerId::new(name.clone()),
        name: ServerName::new(name),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new("lax-r01"),
        pool: None,
        tags: BTreeMap::new(),
        initial_state: ProductionState::Production,
    });
    Inventory::new(servers.collect(), Timestamp::from_millis(0)).expect("the names differ")
}

fn ours(text: &str, inventory: &Inventory) -> Result<Vec<ServerName>, Kind> {
    let (selector, end) = parse_selector(text, 0).map_err(|told| told.kind)?;
    assert_eq!(end, text.len(), "{text} was not read to its end");
    let undone = Undone::new();
    let snapshot = Snapshot { inventory, states: &|_| ProductionState::Production, undone: &undone };
    let servers = resolve(&selector, snapshot, text).map_err(|told| told.kind)?;
    Ok(servers.into_iter().map(|server| server.name).collect())
}

/// What ClusterShell says to each `expression TAB folded by us`.
fn theirs(lines: &str) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    let asked = folder.path().join("asked");
    std::fs::write(&asked, lines).expect("it can be written");
    let output = Command::new(root.join("target/peers/clustershell-venv/bin/python"))
        .arg(root.join("tests/clustershell/answer.py"))
        .stdin(File::open(&asked).expect("it was written"))
        .stderr(Stdio::inherit())
        .output()
        .expect("ClusterShell is there: run tests/clustershell/install");
    assert!(output.status.success(), "ClusterShell ended with {}", output.status);
    let text = String::from_utf8(output.stdout).expect("JSON is text");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn names(answer: &Value, key: &str) -> BTreeSet<String> {
    let list = answer[key].as_array().unwrap_or_else(|| panic!("ClusterShell refused: {answer}"));
    list.iter().map(|name| name.as_str().expect("names are texts").to_owned()).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the two are timed side by side; nothing depends on it")]
fn the_same_expressions_give_the_same_servers_and_folds() {
    let inventory = inventory();
    let mut dice = Dice(SEED);
    let expressions: Vec<String> = (0..CASES).map(|_| dice.expression()).collect();
    let (mut lines, mut sets) = (String::new(), Vec::new());
    let (mut expanding, mut folding) = (Duration::ZERO, Duration::ZERO);
    for text in &expressions {
        let begun = Instant::now();
        let found = match ours(text, &inventory) {
            Ok(found) => found,
            Err(Kind::NothingLeft) => Vec::new(),
            Err(other) => panic!("seed {SEED:#x}: {text}: {other:?}"),
        };
        expanding += begun.elapsed();
        let begun = Instant::now();
        let folded = fold(&found).join(",");
        folding += begun.elapsed();
        writeln!(lines, "{text}\t{folded}").expect("texts grow");
        sets.push(found);
    }
    let answers = theirs(&lines);
    assert_eq!(answers.len(), CASES);
    for ((text, set), answer) in expressions.iter().zip(&sets).zip(&answers) {
        let set: BTreeSet<String> = set.iter().map(ToString::to_string).collect();
        assert_eq!(names(answer, "names"), set, "seed {SEED:#x}: {text}");
        assert_eq!(names(answer, "ours"), set, "our fold, seed {SEED:#x}: {text}");
        let folded = answer["folded"].as_str().expect("a text");
        if !set.is_empty() {
            let again = ours(folded, &inventory).unwrap_or_else(|kind| panic!("their fold {folded}: {kind:?}"));
            assert_eq!(again.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), set, "their fold {folded}");
        }
    }
    let total = |key: &str| answers.iter().filter_map(|answer| answer[key].as_f64()).sum::<f64>();
    let filled = sets.iter().filter(|set| !set.is_empty()).count();
    assert!(filled > CASES / 2, "only {filled} sets have servers");
    let (their_expand, their_fold) = (total("expand_s"), total("fold_s"));
    eprintln!("{CASES} cases, {filled} not empty; ClusterShell's times are those inside Python");
    eprintln!("parse and resolve: {expanding:?}, ClusterShell's parse and sorted list: {their_expand:.3} s");
    eprintln!("fold: {folding:?}, ClusterShell's list to text: {their_fold:.3} s");
}

/// Of what neither reads, ours says what is wrong.
#[test]
fn both_refuse_the_same_slips() {
    type Refused = fn(&Kind) -> bool;
    let table: [(&str, Refused); 11] = [
        ("n[3-1]", |kind| matches!(kind, Kind::ReversedRange)),
        ("n[1-3/0]", |kind| matches!(kind, Kind::ZeroStep)),
        ("n[01-3]", |kind| matches!(kind, Kind::UnclearPadding)),
        ("n[1-03]", |kind| matches!(kind, Kind::UnclearPadding)),
        ("n[]", |kind| matches!(kind, Kind::EmptyRange)),
        ("n[a]", |kind| matches!(kind, Kind::Unexpected { expected: Expected::RangeNumber })),
        ("n[1,,2]", |kind| matches!(kind, Kind::Unexpected { expected: Expected::RangeNumber })),
        ("n[1-3", |kind| matches!(kind, Kind::Unexpected { expected: Expected::RangeEnd })),
        ("n1,", |kind| matches!(kind, Kind::Unexpected { expected: Expected::Servers })),
        ("n1&", |kind| matches!(kind, Kind::Unexpected { expected: Expected::Servers })),
        ("^n1", |kind| matches!(kind, Kind::Unexpected { expected: Expected::Servers })),
    ];
    let inventory = inventory();
    let asked: String = table.iter().map(|(text, _)| format!("{text}\t\n")).collect();
    for ((text, is_refused), answer) in table.iter().zip(theirs(&asked)) {
        assert!(answer["refused"].is_string(), "ClusterShell reads {text}: {answer}");
        let refused = ours(text, &inventory).expect_err(text);
        assert!(is_refused(&refused), "{text}: {refused:?}");
    }
}

/// Names of servers are in lower case here, however they are typed; there they are two names.
#[test]
fn a_capital_letter_is_no_other_server() {
    let answers = theirs("N1\t\nEDGE-LAX-[1-2],edge-lax-1\t\n");
    let all = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(names(&answers[0], "names"), all(&["N1"]));
    assert_eq!(names(&answers[1], "names"), all(&["EDGE-LAX-1", "EDGE-LAX-2", "edge-lax-1"]));
    let inventory = inventory();
    let found = |text: &str| -> BTreeSet<String> {
        ours(text, &inventory).expect(text).iter().map(ToString::to_string).collect()
    };
    assert_eq!(found("N1"), all(&["n1"]));
    assert_eq!(found("EDGE-LAX-[1-2],edge-lax-1"), all(&["edge-lax-1", "edge-lax-2"]));
}

/// Where the two differ, each with what ClusterShell makes of it.
#[test]
fn what_clustershell_guesses_we_refuse() {
    let inventory = inventory();
    type Refused = fn(&Kind) -> bool;
    let table: [(&str, &[&str], Refused); 5] = [
        ("n1,zz9", &["n1", "zz9"], |kind| matches!(kind, Kind::UnknownServer { .. })),
        ("n1,n2&n2", &["n2"], |kind| matches!(kind, Kind::NeedsParentheses { .. })),
        ("n[1-3]!n2&n3", &["n3"], |kind| matches!(kind, Kind::NeedsParentheses { .. })),
        ("n1&n2", &[], |kind| matches!(kind, Kind::NothingLeft)),
        ("@nobody", &[], |kind| matches!(kind, Kind::UnknownGroup { .. })),
    ];
    let asked: String = table.iter().map(|(text, ..)| format!("{text}\t\n")).collect();
    for ((text, set, is_refused), answer) in table.iter().zip(theirs(&asked)) {
        let wanted: BTreeSet<String> = set.iter().map(ToString::to_string).collect();
        assert_eq!(names(&answer, "names"), wanted, "{text}");
        let refused = ours(text, &inventory).expect_err(text);
        assert!(is_refused(&refused), "{text}: {refused:?}");
    }
}
