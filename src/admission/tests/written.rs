//! Where `admission.yaml` is wrong: each fault of a value at its own line and column.

use crate::admission::{Misnomer, Spot, admission_rules};
use insta::assert_snapshot;

fn told(text: &str) -> String {
    admission_rules("admission.yaml", text).expect_err(text).to_string()
}

/// What is marked with `«»` is what the fault points at, and nothing else.
fn check(marked: &str) {
    let text = marked.replace(['«', '»'], "");
    let (before, rest) = marked.split_once('«').expect("something is marked");
    let (wrong, _) = rest.split_once('»').expect("and ends");
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let said = told(&text);
    assert!(said.starts_with(&format!("admission.yaml:{line}:{column}: ")), "{marked}\n{said}");
    let mark = said.lines().last().unwrap_or_default();
    assert_eq!(mark.trim_start().chars().count(), wrong.chars().count(), "{marked}\n{said}");
    assert_eq!(admission_rules("admission.yaml", &text).expect_err("as before").line, Some(line));
}

#[test]
fn every_fault_of_a_value_points_at_it() {
    for marked in [
        "capacity:\n  out-max: «a lot»\n",
        "# numbers\n\ncapacity: { site-out-max: «110%» }\n",
        "capacity:\n  metro-out-max: «few»\n",
        "health:\n  age-max: «1s»\n  unknown-max: 5%\n",
        "health:\n  age-max: 1m\n  unknown-max: «5 of them»\n",
        "concurrency:\n  fleet: «lots»\n",
        "concurrency:\n  rate: «0»\n",
        "concurrency: { rate: «many» }\n",
        "concurrency: { type-in-site: «half» }\n",
        "failure-rate:\n  in-a-row: «0»\n",
        "failure-rate:\n  share:\n    of-last: 5\n    failures: «6»\n",
        "failure-rate:\n  share:\n    above: «100%»\n",
        "failure-rate:\n  cohort: { times: «1» }\n",
        "failure-rate:\n  cohort: { runs: «19» }\n",
        "failure-rate:\n  server:\n    cool-down: «25h»\n",
        "queue:\n  ageing: «30s»\n",
        "queue:\n  ageing: 1h\n  starve-after: «never»\n",
        "observe: [traffic, «trafic», capacity]\n",
        "observe:\n  - traffic\n  - «hold»\n",
        "traffic:\n  load-max: «0%»\n",
        "traffic:\n  capacity:\n    edge: 1\n    edge.cache: «2000000»\n",
        "traffic:\n  clear-for: «soon»\n",
        "traffic:\n  ahead: «20m»\n",
        "traffic:\n  ahead: «13h»\n  headroom: 20%\n",
        "traffic: { headroom: 20%, ahead: «a while» }\n",
        "traffic:\n  ahead: 1h\n  headroom: «501%»\n",
        "traffic: { headroom: «some» }\n",
        "traffic:\n  headroom: «none»\n",
        "traffic:\n  standby: { as: a, with: b, in: c, again-after: «1s» }\n",
        "traffic:\n  standby:\n    as: a\n    with: b\n    in: c\n    calm: «66%»\n",
        "infrastructure:\n  metro-sites-at-once: «0»\n",
        "infrastructure:\n  domains:\n    - { tag: feed }\n    - { tag: tor, within: «row» }\n",
        "infrastructure:\n  domains:\n    - { tag: feed, at-once: «0» }\n",
        "infrastructure:\n  domains: [{ tag: feed }, { tag: «feed» }]\n",
        "infrastructure:\n  alerts:\n    age-max: «soon»\n",
        "infrastructure:\n  alerts: { everywhere: { scope: «[»] } }\n",
        "override:\n  for: «2h»\n",
        "capacity:\n  «out-mx»: 10%\n",
    ] {
        check(marked);
    }
}

/// Two numbers that do not fit are shown at one that is written: the other may be the default.
#[test]
fn what_does_not_fit_a_default_points_at_what_is_written() {
    for marked in [
        "traffic:\n  resume: «75%»\n",
        "traffic:\n  load-max: «60%»\n",
        "traffic:\n  relief: «60%»\n",
        "traffic:\n  age-max: «20s»\n",
        "infrastructure:\n  alerts:\n    age-max: «20s»\n",
        "traffic:\n  resume: «40%»\n  standby: { as: a, with: b, in: c }\n",
    ] {
        check(marked);
    }
}

#[test]
fn a_fault_is_drawn_with_its_line() {
    assert_snapshot!(told("# ours\ncapacity:\n  out-max: a lot # too much\n"), @"
    admission.yaml:3:12: capacity.out-max is `a lot`; it takes a percentage such as 10%
        out-max: a lot # too much
                 ^^^^^
    ");
    assert_snapshot!(told("concurrency: { fleet: 20, rate: many }\n"), @"
    admission.yaml:1:33: concurrency.rate is `many`; it takes 1 start a minute or more, or none
      concurrency: { fleet: 20, rate: many }
                                      ^^^^
    ");
    assert_snapshot!(told("traffic:\n  load-max: 60%\n"), @"
    admission.yaml:2:13: traffic.resume is `65%`; it takes at most load-max, 60%
        load-max: 60%
                  ^^^
    ");
    assert_snapshot!(told("failure-rate:\n  share: { of-last: 5, failures: 6 }\n"), @"
    admission.yaml:2:34: failure-rate.share.failures is `6`; it takes 1 to 5 failures, as many as there are runs in `of-last`
        share: { of-last: 5, failures: 6 }
                                       ^
    ");
    assert_snapshot!(told("infrastructure:\n  domains:\n    - { tag: feed }\n    - { tag: feed, within: site }\n"), @"
    admission.yaml:4:14: infrastructure.domains names `feed` twice within the same
          - { tag: feed, within: site }
                   ^^^^
    ");
    assert_snapshot!(told("observe: [traffic, freeze]\n"), @"
    admission.yaml:1:20: observe is `freeze`; it takes some of concurrency, capacity, traffic, production-state, infrastructure, failure-rate, window
      observe: [traffic, freeze]
                         ^^^^^^
    ");
    assert_snapshot!(told("queue:\n  ageing:\n    - 1h\n"), @"
    admission.yaml:3:5: expected string scalar
          - 1h
          ^
    ");
    assert_snapshot!(told("capacity: [10%]\n"), @"
    admission.yaml:1:11: expected mapping start
      capacity: [10%]
                ^
    ");
    assert_snapshot!(told("capacity:\n  out-max: 10%\n  out-max: 20%\n"), @"
    admission.yaml:3:3: duplicate mapping key `out-max` is not allowed here
        out-max: 20%
        ^^^^^^^
    ");
    assert_snapshot!(told("capacity: {\n"), @"
    admission.yaml:1:11: unclosed bracket '{'
      capacity: {
                ^
    ");
}

/// A key is followed as far as it is written; without any of it the fault is the file's.
#[test]
fn what_is_not_written_is_told_at_the_nearest_key() {
    let text = "traffic:\n  absorbed-by:\n    fra.de: [lax, oslo]\n";
    let at = |spot: Spot| Misnomer { spot, what: "no such site".to_owned() }.placed("admission.yaml", text).to_string();
    let first = |told: String| told.lines().next().unwrap_or_default().to_owned();
    let key = |path: &str| first(at(Spot::Key(path.to_owned())));
    let value = |path: &str| first(at(Spot::Value(path.to_owned())));
    assert_eq!(key("traffic.absorbed-by.fra.de"), "admission.yaml:3:5: no such site");
    assert_eq!(value("traffic.absorbed-by.fra.de.1"), "admission.yaml:3:19: no such site");
    assert_eq!(value("traffic.absorbed-by.fra"), "admission.yaml:2:3: no such site");
    assert_eq!(value("traffic.standby.as"), "admission.yaml:1:1: no such site");
    assert_eq!(value("queue.ageing"), "admission.yaml: no such site");
}

const ERRORS: &str = "name: errors, query: e, seen: s, above: 300%, floor: 1%";

/// What servers are compared by: each value at its own place, and what is lacking at the comparison that lacks it.
#[test]
fn every_fault_of_a_comparison_points_at_it() {
    for marked in [
        "soak: { siblings: «1» }\n",
        "soak:\n  over: «soon»\n",
        "soak:\n  over: «31m»\n",
        "soak:\n  age-max: «1s»\n",
        "soak:\n  look-every: «1h»\n",
        "soak:\n  look-every: «60s»\n",
        "soak:\n  age-max: «20s»\n",
        "soak:\n  «compair»: []\n",
        "soak:\n  compare:\n    - name: «''»\n      query: e\n",
        "soak:\n  compare:\n    - name: «two words»\n      query: e\n",
        "soak:\n  compare:\n    - name: errors\n      query: «' '»\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: «''» }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, above: «100%», floor: 1% }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, above: «thrice», floor: 1% }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, below: «100%», floor: 1% }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, below: «0», floor: 1% }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, above: 300%, below: «50%», floor: 1% }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, above: 300%, floor: «0» }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, above: 300%, floor: «-1%» }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, above: 300%, floor: «NaN» }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, above: 300%, floor: «little» }\n",
        "soak:\n  compare:\n    - { name: errors, query: e, seen: s, above: 300%, floor: 1%, «flor»: 2% }\n",
    ] {
        check(marked);
    }
    check(&format!("soak:\n  compare:\n    - {{ {ERRORS} }}\n    - {{ {} }}\n", ERRORS.replace("errors", "«errors»")));
    let many = (0..9).map(|place| {
        let name = if place == 8 { "«e8»".to_owned() } else { format!("e{place}") };
        format!("    - {{ {} }}\n", ERRORS.replace("errors", &name))
    });
    check(&format!("soak:\n  compare:\n{}", many.collect::<String>()));
}

#[test]
fn a_comparison_that_lacks_something_says_what() {
    for (key, what) in [
        (
            "name: errors, ",
            "a comparison of soak.compare lacks `name`: a word of letters, digits and -, such as errors",
        ),
        (
            "query: e, ",
            "a comparison of soak.compare lacks `query`: a query that answers one sample a server, with the label server",
        ),
        (
            "seen: s, ",
            "a comparison of soak.compare lacks `seen`: a query that answers when that was measured, one sample a server",
        ),
        (
            "above: 300%, ",
            "a comparison of soak.compare lacks what is bad: above: 300% of what siblings have, or below: 50%",
        ),
        (
            ", floor: 1%",
            "a comparison of soak.compare lacks `floor`: what is too little to be judged: more than 0, such as 1% of a share, or 5",
        ),
    ] {
        let text = format!("soak:\n  siblings: 4\n  compare:\n    - {{ {} }}\n", ERRORS.replace(key, ""));
        let fault = admission_rules("admission.yaml", &text).expect_err(key);
        assert_eq!((fault.what.as_str(), fault.line), (what, Some(4)), "{key}\n{fault}");
    }
}

/// The shipped file shows the defaults, and an example that is good as soon as its marks are taken off.
#[test]
fn the_example_of_comparisons_can_be_copied() {
    let shipped = include_str!("../../../policies/admission.yaml");
    let rules = admission_rules("admission.yaml", shipped).expect("it is sound");
    assert_eq!(rules.soak, crate::admission::SoakRules::default());
    let (before, rest) = shipped.split_once("  # compare:\n").expect("there is an example");
    let (example, after) = rest.split_once("  compare: []\n").expect("behind it is what it takes the place of");
    let example = example.lines().map(|line| format!("  {}\n", line.strip_prefix("  # ").expect("a mark")));
    let text = format!("{before}  compare:\n{}{after}", example.collect::<String>());
    let rules = admission_rules("admission.yaml", &text).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    let told = rules.soak.compare.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told, ["errors above 300% from 1%", "throughput below 50% from 5"]);
}
