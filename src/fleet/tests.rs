//! Selectors, folding and near words, as tables and properties.

use super::{
    GroupFaultReason, Inventory, Snapshot, Undone, expand, fold, folded, mentioned_requests, nearest, parse_selector,
    print, resolve,
};
use crate::domain::ids::RequestId;
use crate::domain::intent::{NamePart, Selector};
use crate::domain::limits::EXPANSION_MAX_NAMES;
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::plan::PlannedServer;
use crate::domain::server::{
    PoolName, ProductionState, RackName, Server, ServerGroup, ServerId, ServerName, ServerType, SiteName, TagName,
    TagValue,
};
use crate::domain::time::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn tags(canary: &str) -> BTreeMap<TagName, TagValue> {
    BTreeMap::from([(TagName::new("canary"), TagValue::new(canary))])
}

/// Two sites with edge caches and origins, and name servers that are in no pool.
fn inventory() -> Inventory {
    let mut servers = Vec::new();
    let mut add = |server_type: &str, site: &str, count: usize, width: usize| {
        let short = server_type.split('-').next().unwrap_or(server_type);
        for number in 1..=count {
            servers.push(Server {
                id: ServerId::new(format!("{short}/{site}/{number}")),
                name: ServerName::new(format!("{short}-{site}-{number:0width$}")),
                server_type: ServerType::new(server_type),
                site: SiteName::new(site),
                rack: RackName::new(format!("{site}-r{:02}", (number - 1) / 10 + 1)),
                pool: (short != "dns").then(|| PoolName::new(format!("{short}-{site}"))),
                initial_state: ProductionState::Production,
                tags: if number == 1 { tags("yes") } else { BTreeMap::new() },
            });
        }
    };
    add("edge-cache", "lax", 40, 3);
    add("edge-cache", "riga", 24, 3);
    add("origin", "lax", 6, 2);
    add("dns", "lax", 4, 2);
    let groups = [
        ("canaries", "tag:canary=yes"),
        ("careful", "@canaries, rack=riga-r03"),
        ("drained", "state=drained"),
        ("nobody", "edge-lax-001 & site=riga"),
    ];
    let groups = groups.map(|(name, text)| (ServerGroup::new(name), text.to_owned()));
    let inventory = Inventory::new(servers, Timestamp::from_millis(0)).expect("the names differ");
    inventory.with_groups(groups.into()).expect("the groups are sound")
}

/// `edge-lax-003` is drained, everything else serves.
fn states(server: &Server) -> ProductionState {
    if server.name.as_str() == "edge-lax-003" { ProductionState::Drained } else { ProductionState::Production }
}

/// `req-2mq9` left two servers undone, `req-2mqa` none, and one that `req-2mqb` left is gone.
fn undone() -> Undone {
    let left = |names: &[&str]| {
        let planned = names.iter().map(|name| PlannedServer {
            id: ServerId::new(format!("edge/lax/{}", name.trim_start_matches("edge-lax-").trim_start_matches('0'))),
            name: ServerName::new(*name),
            server_type: ServerType::new("edge-cache"),
            site: SiteName::new("lax"),
            rack: RackName::new("lax-r01"),
            pool: None,
        });
        planned.collect::<Vec<_>>()
    };
    let request = |text| RequestId::parse(text).expect("it is an id");
    Undone::from([
        (request("req-2mq9"), left(&["edge-lax-004", "edge-lax-007"])),
        (request("req-2mqa"), left(&[])),
        (request("req-2mqb"), left(&["edge-lax-001", "edge-lax-099"])),
    ])
}

fn resolved(text: &str) -> Result<Vec<Server>, Misunderstanding> {
    let (selector, end) = parse_selector(text, 0)?;
    assert_eq!(end, text.len(), "{text} is read to its end");
    let snapshot = Snapshot { inventory: &inventory(), states: &states, undone: &undone() };
    resolve(&selector, snapshot, text)
}

fn names(servers: &[Server]) -> Vec<ServerName> {
    servers.iter().map(|server| server.name.clone()).collect()
}

/// The servers folded, or what is wrong with which part, and what was probably meant.
fn outcome(text: &str) -> String {
    match resolved(text) {
        Ok(servers) => folded(&names(&servers), 9),
        Err(told) => {
            let place = told.line.get(told.span.clone()).expect("the place is in the line");
            let better = told.suggestion.map_or_else(String::new, |word| format!(" -> {word}"));
            format!("{:?} at `{place}`{better}", told.kind)
        }
    }
}

fn check(text: &str, expected: &str) {
    assert_eq!(outcome(text), expected, "{text}");
}

#[test]
fn names_and_ranges() {
    check("edge-lax-001", "edge-lax-001");
    check("EDGE-LAX-001", "edge-lax-001");
    check("edge-lax-[001-020,031]", "edge-lax-[001-020,031]");
    check("edge-lax-[ 001 - 003 ]", "Unexpected { expected: RangeEnd } at `-`");
    check("edge-lax-[001, 003]", "edge-lax-[001,003]");
    check("edge-lax-[001-009/4]", "edge-lax-[001,005,009]");
    check("edge-lax-[001-003],origin-lax-[01-02]", "edge-lax-[001-003], origin-lax-[01-02]");
    check("edge-lax-001 , edge-riga-001", "edge-lax-001, edge-riga-001");
    check("edge-lax-001,edge-lax-001", "edge-lax-001");
    check("edge-lax-0*", "edge-lax-[001-040]");
    check("*-lax-[01-02]", "dns-lax-[01-02], origin-lax-[01-02]");
    check("edge-*-001", "edge-lax-001, edge-riga-001");
}

#[test]
fn attributes() {
    check("site=riga", "edge-riga-[001-024]");
    check("SITE = Riga", "edge-riga-[001-024]");
    check("site=lax & type=origin", "origin-lax-[01-06]");
    check("type=edge-cache&site=riga&rack=riga-r03", "edge-riga-[021-024]");
    check("state=drained", "edge-lax-003");
    check("pool=edge-lax & state!=drained & rack=lax-r01", "edge-lax-[001-002,004-010]");
    check("type in (dns, origin)", "dns-lax-[01-04], origin-lax-[01-06]");
    check("pool!=edge-lax & site=lax", "dns-lax-[01-04], origin-lax-[01-06]");
}

#[test]
fn operators() {
    check("edge-lax-[001-020]!edge-lax-[003-018]", "edge-lax-[001-002,019-020]");
    check("site=lax & type=edge-cache ! edge-lax-[002-040]", "edge-lax-001");
    check("edge-lax-[001-003]^edge-lax-[002-004]", "edge-lax-[001,004]");
    check("(edge-lax-001,edge-lax-003) & state=drained", "edge-lax-003");
    check("( site=riga ) & ((rack=riga-r03))", "edge-riga-[021-024]");
}

#[test]
fn tags_expressions_groups_and_undone_work() {
    check("tag:canary=yes & site=riga", "edge-riga-001");
    check("TAG:Canary = YES & site=riga", "edge-riga-001");
    check("tag:canary in (yes) & type=dns", "dns-lax-01");
    check("tag:canary!=yes & type=dns", "dns-lax-[02-04]");
    check("name=~LAX-0[12]$ & type!=edge-cache", "dns-lax-[01-02], origin-lax-[01-02]");
    check("name =~ ^(dns|origin)-.*[13]$", "dns-lax-[01,03], origin-lax-[01,03]");
    check("(name=~^dns),name=~^edge-riga-0{1,2}1$", "dns-lax-[01-04], edge-riga-001");
    check("name!~^edge & name!~^dns", "origin-lax-[01-06]");
    check("@canaries & site=riga", "edge-riga-001");
    check("@Careful ! site=lax", "edge-riga-[001,021-024]");
    check("@drained", "edge-lax-003");
    check("failed:req-2mq9", "edge-lax-[004,007]");
    check("failed:REQ-2mq9 ! edge-lax-004", "edge-lax-007");
    let (selector, _) = parse_selector("(failed:req-2mq9,a-1) & failed:req-2mqa", 0).expect("it is a selector");
    let mentioned = mentioned_requests(&selector.value).into_iter().map(|id| id.to_string());
    assert_eq!(mentioned.collect::<Vec<_>>(), ["req-2mq9", "req-2mqa"]);
}

#[test]
fn saved_groups_are_checked_together() {
    let texts = [
        ("one", "@two"),
        ("two", "@one"),
        ("leads-there", "@two"),
        ("mistyped", "site=lux"),
        ("unread", "site="),
        ("unknown", "@on"),
        ("passing", "failed:req-2mq9"),
        ("good", "site=lax"),
    ];
    let texts = texts.map(|(name, text)| (ServerGroup::new(name), text.to_owned()));
    let faults = inventory().with_groups(texts.into()).expect_err("most are faulty");
    let mut told: Vec<String> = faults
        .into_iter()
        .map(|fault| {
            if let GroupFaultReason::Misunderstood(told) = &fault.reason {
                return format!("{}: {:?}", fault.group, told.kind);
            }
            format!("{}: {:?}", fault.group, fault.reason)
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "mistyped: UnknownValue { attribute: Site, value: \"lux\" }",
            "one: Circle([one, two, one])",
            "passing: DependsOnRequest(RequestId(\"2mq9\"))",
            "two: Circle([two, one, two])",
            "unknown: UnknownGroup { group: \"@on\" }",
            "unread: Unexpected { expected: AttributeValue }",
        ]
    );
}

#[test]
fn chains_that_depend_on_the_order_of_reading_ask_for_parentheses() {
    check(
        "edge-lax-001,site=riga & rack=riga-r01",
        "NeedsParentheses { readings: [\"(edge-lax-001,site=riga) & rack=riga-r01\", \
         \"edge-lax-001,(site=riga & rack=riga-r01)\"] } at `&`",
    );
    check(
        "site=lax ! type=dns & rack=lax-r01",
        "NeedsParentheses { readings: [\"(site=lax ! type=dns) & rack=lax-r01\", \
         \"site=lax ! (type=dns & rack=lax-r01)\"] } at `&`",
    );
    check(
        "edge-lax-001^edge-lax-002,edge-lax-003",
        "NeedsParentheses { readings: [\"(edge-lax-001 ^ edge-lax-002),edge-lax-003\", \
         \"edge-lax-001 ^ (edge-lax-002,edge-lax-003)\"] } at `,`",
    );
}

#[test]
fn what_no_server_has() {
    check("edge-lxa-[001-020]", "UnknownServer { shown: \"edge-lxa-…\" } at `edge-lxa` -> edge-lax");
    check("edge-lxa-001", "UnknownServer { shown: \"edge-lxa-001\" } at `edge-lxa` -> edge-lax");
    check(
        "edge-lax-[039-045]",
        "UnknownServer { shown: \"edge-lax-[041-045]\" } at `edge-lax-[039-045]` -> edge-lax-[039-040]",
    );
    check("edge-lax-1", "UnknownServer { shown: \"edge-lax-1\" } at `edge-lax-1` -> edge-lax-001");
    check("edge-lax-[1-3]", "UnknownServer { shown: \"edge-lax-[1-3]\" } at `edge-lax-[1-3]` -> edge-lax-[001-003]");
    check("edge-lax-999", "UnknownServer { shown: \"edge-lax-999\" } at `edge-lax-999`");
    check("lax", "UnknownServer { shown: \"lax\" } at `lax` -> site=lax");
    check("edge-lax", "UnknownServer { shown: \"edge-lax\" } at `edge-lax` -> pool=edge-lax");
    check(
        "edge-lax-001.example.com",
        "UnknownServer { shown: \"edge-lax-001.example.com\" } at `edge-lax-001.example.com` -> edge-lax-001",
    );
    check("web-fra-[01-99]", "UnknownServer { shown: \"web-fra-…\" } at `web-fra`");
    check("edge-lax-9*", "NoNameFits { pattern: \"edge-lax-9*\" } at `edge-lax-9*`");
    check("site=rgia", "UnknownValue { attribute: Site, value: \"rgia\" } at `rgia` -> riga");
    check("state=draned", "UnknownValue { attribute: State, value: \"draned\" } at `draned` -> drained");
    check("sit=riga", "UnknownAttribute { word: \"sit\" } at `sit` -> site");
    check("pop=riga", "UnknownAttribute { word: \"pop\" } at `pop` -> site");
    check("site=riga ! @canary", "UnknownGroup { group: \"@canary\" } at `@canary`");
    check("site=riga ! @canares", "UnknownGroup { group: \"@canares\" } at `@canares` -> @canaries");
    check("tag:canari=yes", "UnknownTag { tag: \"canari\" } at `canari` -> canary");
    check("tag:canary=yess", "UnknownTagValue { tag: \"canary=yess\" } at `yess` -> yes");
    check("site=lax & name!~riga-9", "NoNameFits { pattern: \"riga-9\" } at `riga-9`");
    check("failed:req-2mqz", "UnknownRequest { request: RequestId(\"2mqz\") } at `failed:req-2mqz`");
    check("failed:req-2mqa", "NothingUndone { request: RequestId(\"2mqa\") } at `failed:req-2mqa`");
    check("failed:req-2mqb", "UnknownServer { shown: \"edge-lax-099\" } at `failed:req-2mqb`");
    check("@nobody", "NothingLeft at `@nobody`");
    check("site=riga & type=dns", "NothingLeft at `site=riga & type=dns`");
    check("state=maintenance", "NothingLeft at `state=maintenance`");
    // The second operand is looked up too: a typo in an exception would let through what was excepted.
    check("site=riga!edge-riga-025", "UnknownServer { shown: \"edge-riga-025\" } at `edge-riga-025`");
}

#[test]
fn what_the_grammar_does_not_take() {
    check("edge-lax-[]", "EmptyRange at `[]`");
    check("edge-lax-[020-001]", "ReversedRange at `020-001`");
    check("edge-lax-[001-20]", "UnclearPadding at `001-20`");
    check("edge-lax-[1-020]", "UnclearPadding at `1-020`");
    check("edge-lax-[001-020/0]", "ZeroStep at `0`");
    check("edge-lax-[001-]", "Unexpected { expected: RangeNumber } at `]`");
    check("edge-[lax,riga]-001", "Unexpected { expected: RangeNumber } at `l`");
    check("edge-lax-[001-003", "Unexpected { expected: RangeEnd } at ``");
    check("edge-lax-[9999999999999999999]", "NumberTooLong at `9999999999999999999`");
    check("x[1-100000]y[1-2]", "TooManyNames { max: 100000 } at `x[1-100000]y[1-2]`");
    check("(site=lax", "Unexpected { expected: ClosingParenthesis } at ``");
    check("site=lax &", "Unexpected { expected: Servers } at ``");
    check("site=", "Unexpected { expected: AttributeValue } at ``");
    check("site in (lax riga)", "Unexpected { expected: ClosingParenthesis } at `riga)`");
    check("site!~l.*", "Unexpected { expected: Comparison } at `!~`");
    check("name=edge-lax-001", "Unexpected { expected: NameComparison } at `=`");
    check("name=~", "Unexpected { expected: Expression } at ``");
    check("name=~edge(lax", "BadExpression { why: \"unclosed group\" } at `(`");
    check(
        "name=~[z-a]",
        "BadExpression { why: \"invalid character class range, the start must be <= the end\" } at `z-a`",
    );
    check(
        "name=~(?=x)",
        "BadExpression { why: \"look-around, including look-ahead and look-behind, is not supported\" } at `(?=`",
    );
    check("name=~(x{500}){500}", "BadExpression { why: \"it would take too much memory\" } at `(x{500}){500}`");
    check("tag:canary", "Unexpected { expected: Comparison } at ``");
    check("tag:=yes", "Unexpected { expected: TagName } at ``");
    check("@", "Unexpected { expected: GroupName } at ``");
    check("failed:2mq9", "NotARequest { text: \"2mq9\" } at `2mq9`");
    check("failed:", "Unexpected { expected: RequestId } at ``");
    check("site=~l.*", "Unexpected { expected: Comparison } at `=~`");
    check("edge–lax-001", "NotAscii { character: '–' } at `–`");
    check("edgе-lax-001", "NotAscii { character: 'е' } at `е`");
    check(&"(".repeat(100), "NestedTooDeep at `(`");
}

#[test]
fn the_corrected_line_has_the_right_word_in_place() {
    let told = resolved("edge-lxa-[001-020]").expect_err("there is no lxa");
    assert_eq!(told.corrected.as_deref(), Some("edge-lax-[001-020]"));
    // With 99 servers asked for and 40 there, the right site alone would not make the line right.
    let told = resolved("edge-lxa-[001-099]").expect_err("there is no lxa");
    assert_eq!((told.suggestion.as_deref(), told.corrected), (Some("edge-lax"), None));
}

#[test]
fn many_stars_stay_fast() {
    let text = format!("{}x", "*e".repeat(1_000));
    check(&text, &format!("NoNameFits {{ pattern: \"{text}\" }} at `{text}`"));
}

#[test]
fn folding() {
    let fold_of = |names: &[&str]| fold(&names.iter().map(|name| ServerName::new(*name)).collect::<Vec<_>>());
    assert_eq!(fold_of(&["a-2", "a-1", "a-10", "a-9", "a-11"]), ["a-[1-2,9-11]"]);
    assert_eq!(fold_of(&["a-001", "a-002", "a-1"]), ["a-[1,001-002]"]);
    assert_eq!(fold_of(&["a-099", "a-100", "a-101"]), ["a-[099-101]"]);
    assert_eq!(fold_of(&["mail", "a-1b", "a-2b", "a-7"]), ["a-7", "a-[1-2]b", "mail"]);
    assert_eq!(fold_of(&["r1-n01", "r1-n02", "r2-n01", "r2-n02"]), ["r[1-2]-n[01-02]"]);
    assert_eq!(fold_of(&["r1-n01", "r1-n02", "r2-n01"]), ["r1-n[01-02]", "r2-n01"]);
    assert_eq!(fold_of(&["r1-n1", "r2-n1", "r3-n1", "r2-n2"]), ["r2-n2", "r[1-3]-n1"]);
    assert_eq!(fold_of(&["1a2b3", "1a2b4", "1a3b3", "1a3b4", "2a2b3"]), ["1a[2-3]b[3-4]", "2a2b3"]);
    assert_eq!(fold_of(&["x1234567890123456789", "x2"]), ["x1234567890123456789", "x2"]);
    assert_eq!(fold_of(&[]), Vec::<String>::new());
}

#[test]
fn folding_names_at_most_so_many_patterns() {
    let names: Vec<ServerName> = ["a-1", "a-2", "b-1", "c-1", "c-2", "d-1"].map(ServerName::new).into();
    assert_eq!(folded(&names, 2), "a-[1-2], b-1 + 3 more");
    assert_eq!(folded(&names, 4), "a-[1-2], b-1, c-[1-2], d-1");
    assert_eq!(folded(&names, 0), "6 servers");
}

/// Two places that vary are one pattern, however many names there are.
#[test]
fn a_large_fleet_folds_into_one_pattern() {
    let names = (0..20_000).map(|number| ServerName::new(format!("r{:02}-n{:03}", number / 1_000, number % 1_000)));
    assert_eq!(fold(&names.collect::<Vec<_>>()), ["r[00-19]-n[000-999]"]);
}

#[test]
fn near_words() {
    let known = ["reboot", "drain", "undrain", "status"];
    assert_eq!(nearest("rebot", known), Some("reboot"));
    assert_eq!(nearest("Drian", known), Some("drain"));
    assert_eq!(nearest("stauts", known), Some("status"));
    assert_eq!(nearest("deploy", known), None);
    // Two words are equally near, so neither is offered.
    assert_eq!(nearest("lex", ["lax", "lix"]), None);
}

/// The selector without its places, which differ between two ways of writing the same.
fn meaning(text: &str) -> Option<String> {
    parse_selector(text, 0).ok().filter(|(_, end)| *end == text.len()).map(|(selector, _)| print(&selector.value))
}

fn selectors() -> impl Strategy<Value = String> {
    let pattern = prop_oneof![
        "[a-z]{1,4}-[0-9]{1,3}",
        (1_u32..50, 0_u32..50, 1_u32..4)
            .prop_map(|(first, more, step)| { format!("edge-[{first:03}-{:03}/{step},{first}]", first + more) }),
        "[a-z]{1,3}-\\*",
    ];
    let attribute = prop_oneof![
        "(site|type|rack|pool|state)(=|!=)[a-z0-9][a-z0-9-]{0,5}",
        "site in \\([a-z]{1,4}(, [a-z]{1,4}){0,2}\\)"
    ];
    let other = prop_oneof![
        "tag:[a-z]{1,5}(=|!=)[a-z0-9]{1,4}",
        "tag:[a-z]{1,3} in \\([a-z]{1,3}, [a-z]{1,3}\\)",
        "name(=|!)~[a-z0-9^$.-]{1,6}(\\(a\\|b\\)|\\[x!&,\\)\\]|x\\{1,2\\})?",
        "@[a-z]{1,5}(-[a-z]{1,3})?",
        "failed:req-[2-9a-h]{4}",
    ];
    let leaf = prop_oneof![pattern, attribute, other];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let sign = prop_oneof![Just(","), Just(" & "), Just(" ! "), Just("^")];
        (inner.clone(), sign, inner).prop_map(|(left, sign, right)| format!("({left}){sign}({right})"))
    })
}

fn server_names() -> impl Strategy<Value = Vec<ServerName>> {
    let name = prop_oneof!["[a-c]-[0-9]{1,4}", "[a-b]{1,2}", "r[0-9]{1,2}n[0-9]{1,3}[x-y]{0,1}", "[0-9]{1,4}"];
    prop::collection::btree_set(name, 0..60).prop_map(|names| names.into_iter().map(ServerName::new).collect())
}

proptest! {
    #[test]
    fn folding_and_expanding_gives_the_same_names(names in server_names()) {
        let mut expanded = Vec::new();
        for pattern in fold(&names) {
            let (selector, end) = parse_selector(&pattern, 0).expect("a folded pattern can be read");
            prop_assert_eq!(end, pattern.len());
            let Selector::Names(pattern) = selector.value else { panic!("a folded pattern is a name pattern") };
            prop_assert!(!pattern.value.parts.contains(&NamePart::Anything));
            expanded.extend(expand(&pattern.value, EXPANSION_MAX_NAMES).expect("few names"));
        }
        expanded.sort();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        prop_assert_eq!(expanded, names);
    }

    #[test]
    fn printing_and_reading_gives_the_same_selector(text in selectors()) {
        let printed = meaning(&text);
        prop_assert!(printed.is_some(), "{} is a selector", text);
        prop_assert_eq!(printed.as_deref().and_then(meaning), printed);
    }

    #[test]
    fn reading_anything_never_panics_and_points_into_the_line(text in "[-a-z0-9=!&^,()\\[\\]*/@ é]{0,40}") {
        if let Err(told) = parse_selector(&text, 0) {
            prop_assert!(text.get(told.span).is_some());
        }
    }
}
