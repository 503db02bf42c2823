//! Each yes with its no, through [`check`].

use super::{Authorized, Known, Policies, PolicyFaults, PolicyFile, Question, Refusal, RefusalKind, parse_channels};
use crate::domain::command::{CommandName, CommandSpec, Impact, Targets, WaveRule, WaveSize};
use crate::domain::identity::{GroupName, PersonId, Profile, Standing};
use crate::domain::ids::Fingerprint;
use crate::domain::place::{ChannelFacts, ChannelId, ChannelName, Membership, Reach};
use crate::domain::server::{PoolName, ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
use proptest::prelude::*;
use std::time::Duration;

const SCHEMA: &str = include_str!("../../policies/schema.cedarschema");
const GLOBAL: &str = include_str!("../../policies/global.cedar");
const CHANNELS: &str = include_str!("../../policies/channels.yaml");
const NOC: &str = include_str!("../../policies/channels/noc.cedar");
const WEB: &str = include_str!("../../policies/channels/web.cedar");
const INCIDENTS: &str = include_str!("../../policies/channels/incidents.cedar");

/// One line, answered in one line: `yes: …` with the policies, or `no: …` with the reason and who could.
fn check(policies: &Policies, person: &Profile, channel: &ChannelFacts, line: (&str, &[Server])) -> String {
    told(decide(policies, person, channel, line))
}

fn decide(
    policies: &Policies,
    person: &Profile,
    channel: &ChannelFacts,
    (verb, servers): (&str, &[Server]),
) -> Result<Authorized, Box<Refusal>> {
    policies.decide(&Question { person, channel, command: &command(verb), servers, sites: &[] })
}

fn told(answer: Result<Authorized, Box<Refusal>>) -> String {
    let refusal = match answer {
        Ok(yes) => {
            let by: Vec<_> = yes.allowed_by().iter().map(|note| note.id.as_str()).collect();
            return format!("yes: {} on {} by {}", yes.command(), yes.server_count(), by.join(", "));
        }
        Err(refusal) => refusal,
    };
    let why = match &refusal.kind {
        RefusalKind::Forbidden { by } => {
            let by: Vec<_> = by.iter().map(|note| format!("{} ({}:{})", note.id, note.file, note.line)).collect();
            format!("forbidden by {}", by.join(", "))
        }
        RefusalKind::TooMany { at_most, by } => format!("at most {at_most} by {}", by.id),
        RefusalKind::Standing(_)
        | RefusalKind::SharedChannel
        | RefusalKind::DirectConversation
        | RefusalKind::NoPolicy
        | RefusalKind::WrongSubjects
        | RefusalKind::NothingAllowed
        | RefusalKind::EvaluationFault(_) => format!("{:?}", refusal.kind),
    };
    let mut text = format!("no: {why}");
    if !refusal.could.channels.is_empty() {
        text += &format!("; you in {:?}", refusal.could.channels);
    }
    if !refusal.could.groups.is_empty() {
        text += &format!("; here {:?}", refusal.could.groups);
    }
    if refusal.refused_count > 0 && refusal.refused_count < refusal.server_count {
        text += &format!(
            "; stopped by {} of {}, e.g. {:?}",
            refusal.refused_count, refusal.server_count, refusal.first_refused
        );
    }
    text
}

fn shipped() -> Policies {
    load(&[
        ("global.cedar", GLOBAL),
        ("channels/noc.cedar", NOC),
        ("channels/web.cedar", WEB),
        ("channels/incidents.cedar", INCIDENTS),
    ])
    .unwrap_or_else(|faults| panic!("{}", faults.render()))
}

fn load(files: &[(&str, &str)]) -> Result<Policies, PolicyFaults> {
    let mut all = vec![PolicyFile { name: "schema.cedarschema".into(), text: SCHEMA.into() }];
    all.extend(files.iter().map(|(name, text)| PolicyFile { name: (*name).into(), text: (*text).into() }));
    Policies::new(&all, &parse_channels(CHANNELS).unwrap(), &known())
}

/// A set of one channel, #noc, with that text in its file.
fn noc_with(text: &str) -> Result<Policies, PolicyFaults> {
    load(&[("channels/noc.cedar", text)])
}

fn faults_of(text: &str) -> String {
    noc_with(text).unwrap_err().to_string()
}

fn known() -> Known {
    let groups = ["noc", "sre", "incident-commander", "data-centre"].map(GroupName::new);
    let commands = ["reboot", "drain", "undrain", "announce", "isolate", "wipe"].map(CommandName::new);
    Known::of(groups, commands, &fleet())
}

fn fleet() -> Vec<Server> {
    let types = ["edge-cache", "origin", "dns"];
    types.iter().flat_map(|kind| ["lax", "riga"].iter().flat_map(|site| servers(kind, site, 2))).collect()
}

fn servers(kind: &str, site: &str, count: usize) -> Vec<Server> {
    let short = kind.split('-').next().unwrap();
    let one = |number| Server {
        id: ServerId::new(format!("srv-{short}-{site}-{number}")),
        name: ServerName::new(format!("{short}-{site}-{number:03}")),
        server_type: ServerType::new(kind),
        site: SiteName::new(site),
        rack: RackName::new(format!("{site}-r01")),
        pool: (kind != "dns").then(|| PoolName::new(format!("{short}-{site}"))),
        initial_state: ProductionState::Production,
        tags: std::collections::BTreeMap::new(),
    };
    (1..=count).map(one).collect()
}

fn edge(count: usize) -> Vec<Server> {
    servers("edge-cache", "lax", count)
}

fn command(verb: &str) -> CommandSpec {
    let impact = match verb {
        "reboot" => Impact::PowerCycle,
        "wipe" => Impact::Destructive,
        "announce" => Impact::ReadOnly,
        _ => Impact::Drain,
    };
    let types = ["edge-cache", "origin", "dns"].map(ServerType::new).to_vec();
    let targets = match verb {
        "announce" => Targets::None,
        "isolate" => Targets::Sites { max: 5 },
        _ => Targets::Servers { types, from: vec![ProductionState::Production], max: 500 },
    };
    CommandSpec {
        name: CommandName::new(verb),
        summary: String::new(),
        impact,
        owner: GroupName::new("sre"),
        targets,
        parameters: Vec::new(),
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        approvals: None,
        steps: Vec::new(),
        examples: Vec::new(),
        hash: Fingerprint::of(verb.as_bytes()),
    }
}

fn person(name: &str, groups: &[&str]) -> Profile {
    let mut groups: Vec<_> = groups.iter().map(|group| GroupName::new(*group)).collect();
    groups.sort();
    let id = PersonId::new("T0WRASSE", format!("U0{}", name.to_uppercase()));
    Profile { id, name: name.into(), standing: Standing::Member, groups, zone: None }
}

fn ana() -> Profile {
    person("ana", &["noc"])
}

fn channel(name: &str) -> ChannelFacts {
    ChannelFacts {
        id: ChannelId::new(format!("C0{}", name.to_uppercase())),
        name: Some(ChannelName::new(name)),
        bot: Membership::Inside,
        reach: Reach::OwnWorkspace,
    }
}

#[test]
fn what_noc_may_is_refused_in_web_and_the_answer_says_where() {
    let policies = shipped();
    let line = ("reboot", &edge(20)[..]);
    assert_eq!(check(&policies, &ana(), &channel("noc"), line), "yes: reboot on 20 by noc-servers");
    assert_eq!(
        check(&policies, &ana(), &channel("web"), line),
        "no: forbidden by web-no-reboots (channels/web.cedar:11); you in [noc]"
    );
    let refusal = decide(&policies, &ana(), &channel("web"), line).unwrap_err();
    assert_eq!(refusal.policy().unwrap().reason, "servers are not rebooted from #web");
    assert_eq!(refusal.channel_name, Some(ChannelName::new("web")));
}

#[test]
fn a_count_above_the_limit_is_refused_with_the_limit() {
    let policies = shipped();
    let web = channel("web");
    assert_eq!(check(&policies, &ana(), &web, ("drain", &edge(10))), "yes: drain on 10 by web-small");
    assert_eq!(check(&policies, &ana(), &web, ("drain", &edge(11))), "no: at most 10 by web-small; you in [noc]");
    assert_eq!(check(&policies, &ana(), &channel("noc"), ("drain", &edge(50))), "yes: drain on 50 by noc-servers");
    assert_eq!(check(&policies, &ana(), &channel("noc"), ("drain", &edge(51))), "no: at most 50 by noc-servers");
    let commander = person("ivo", &["incident-commander"]);
    let incidents = channel("incidents");
    assert_eq!(
        check(&policies, &commander, &incidents, ("reboot", &edge(600))),
        "no: at most 200 by global-largest-request"
    );
    assert_eq!(
        check(&policies, &ana(), &incidents, ("undrain", &edge(51))),
        "no: at most 50 by incidents-return; here [incident-commander]"
    );
}

#[test]
fn one_server_that_is_not_allowed_refuses_the_whole_request() {
    let policies = shipped();
    let mut mixed = edge(3);
    mixed.extend(servers("dns", "lax", 4));
    assert_eq!(
        check(&policies, &ana(), &channel("noc"), ("reboot", &mixed)),
        "no: NothingAllowed; stopped by 4 of 7, e.g. [dns-lax-001, dns-lax-002, dns-lax-003]"
    );
    assert_eq!(check(&policies, &ana(), &channel("noc"), ("reboot", &mixed[..3])), "yes: reboot on 3 by noc-servers");
}

#[test]
fn who_is_in_no_group_is_told_which_groups_could() {
    let policies = shipped();
    let nobody = person("nil", &[]);
    assert_eq!(check(&policies, &nobody, &channel("noc"), ("reboot", &edge(1))), "no: NothingAllowed; here [noc, sre]");
    let both = person("dan", &["data-centre", "noc"]);
    assert_eq!(check(&policies, &both, &channel("noc"), ("reboot", &edge(1))), "yes: reboot on 1 by noc-servers");
}

#[test]
fn standing_and_the_kind_of_channel_come_before_any_policy() {
    let policies = shipped();
    let reaches = [Reach::OwnWorkspace, Reach::Shared, Reach::Direct];
    let standings = [Standing::Member, Standing::Guest, Standing::Stranger, Standing::Deactivated, Standing::Bot];
    for standing in standings {
        for reach in reaches {
            let who = Profile { standing, ..ana() };
            let place = ChannelFacts { reach, ..channel("noc") };
            let expected = match (standing, reach) {
                (Standing::Member, Reach::OwnWorkspace) => "yes: reboot on 1 by noc-servers".to_owned(),
                (Standing::Member, Reach::Shared) => "no: SharedChannel; you in [noc]".to_owned(),
                (Standing::Member, Reach::Direct) => "no: DirectConversation; you in [noc]".to_owned(),
                (other, _) => format!("no: Standing({other:?})"),
            };
            assert_eq!(check(&policies, &who, &place, ("reboot", &edge(1))), expected);
            let reboot = command("reboot");
            let usable = policies.commands_for(&who, &place, [&reboot]);
            assert_eq!(usable.len(), usize::from(expected.starts_with("yes")), "{standing:?} {reach:?}");
        }
    }
}

#[test]
fn a_channel_without_a_policy_file_allows_nothing_whatever_it_is_called() {
    let policies = shipped();
    let random = channel("random");
    assert_eq!(check(&policies, &ana(), &random, ("reboot", &edge(1))), "no: NoPolicy; you in [noc]");
    let namesake = ChannelFacts { name: Some(ChannelName::new("noc")), ..random };
    assert_eq!(check(&policies, &ana(), &namesake, ("reboot", &edge(1))), "no: NoPolicy; you in [noc]");
}

#[test]
fn a_forbid_beats_every_permit() {
    let everything = "@id(\"all\") @reason(\"everything\") permit (principal, action, resource);";
    let noc = |text: &str| load(&[("global.cedar", GLOBAL), ("channels/noc.cedar", text)]).unwrap();
    let who = person("ivo", &["incident-commander"]);
    let wipe = ("wipe", &edge(1)[..]);
    assert_eq!(
        check(&noc(everything), &who, &channel("noc"), wipe),
        "no: forbidden by global-destructive (global.cedar:3)"
    );
    let only_noc = noc_with(everything).unwrap();
    assert_eq!(check(&only_noc, &who, &channel("noc"), wipe), "yes: wipe on 1 by all");
    let riga = "@id(\"not-riga\") @reason(\"riga moves\") forbid (principal, action, resource in Site::\"riga\");";
    let both = noc(&format!("{everything}\n{riga}"));
    assert_eq!(check(&both, &ana(), &channel("noc"), ("drain", &edge(2))), "yes: drain on 2 by all");
    let mut mixed = edge(1);
    mixed.extend(servers("edge-cache", "riga", 1));
    assert_eq!(
        check(&both, &ana(), &channel("noc"), ("drain", &mixed)),
        "no: forbidden by not-riga (channels/noc.cedar:2); stopped by 1 of 2, e.g. [edge-riga-001]"
    );
}

#[test]
fn a_permit_in_one_channels_file_widens_no_other_channel() {
    let everything = "@id(\"all\") @reason(\"everything\") permit (principal, action, resource);";
    let policies =
        load(&[("global.cedar", GLOBAL), ("channels/web.cedar", everything), ("channels/noc.cedar", NOC)]).unwrap();
    let nobody = person("nil", &[]);
    assert_eq!(check(&policies, &nobody, &channel("web"), ("reboot", &edge(1))), "yes: reboot on 1 by all");
    assert_eq!(
        check(&policies, &nobody, &channel("noc"), ("reboot", &edge(1))),
        "no: NothingAllowed; you in [web]; here [noc, sre]"
    );
    let reaching = "@id(\"x\") @reason(\"r\")\npermit (principal, action, resource)\nwhen { context.channel == Channel::\"web\" };";
    assert_eq!(faults_of(reaching), "channels/noc.cedar:3: `x` speaks of #web in the file of #noc");
    let global = load(&[("global.cedar", everything)]).unwrap_err().to_string();
    assert!(global.starts_with("global.cedar:1: `all` permits in every channel at once"), "{global}");
}

/// The binding is in the policy itself: a set that ended up under another channel's name allows nothing.
#[test]
fn a_set_kept_under_the_wrong_channel_allows_nothing() {
    let mut policies = shipped();
    let line = ("reboot", &edge(1)[..]);
    assert!(check(&policies, &ana(), &channel("noc"), line).starts_with("yes"));
    let noc = policies.channels.get(&ChannelId::new("C0NOC")).unwrap().set.clone();
    policies.channels.get_mut(&ChannelId::new("C0WEB")).unwrap().set = noc;
    assert!(check(&policies, &ana(), &channel("web"), line).starts_with("no: NothingAllowed"));
}

#[test]
fn subjects_must_fit_the_command() {
    let policies = shipped();
    let noc = channel("noc");
    assert_eq!(check(&policies, &ana(), &noc, ("announce", &[])), "yes: announce on 0 by noc-announce");
    assert_eq!(check(&policies, &ana(), &noc, ("announce", &edge(1))), "no: WrongSubjects");
    assert_eq!(check(&policies, &ana(), &noc, ("reboot", &[])), "no: WrongSubjects");
    assert_eq!(check(&policies, &person("bob", &["sre"]), &noc, ("announce", &[])), "no: NothingAllowed; here [noc]");
}

#[test]
fn permission_covers_exactly_the_servers_of_the_question() {
    let policies = shipped();
    let yes = decide(&policies, &ana(), &channel("noc"), ("reboot", &edge(2))).unwrap();
    assert!(yes.covers(&edge(2)[1].id));
    assert!(!yes.covers(&edge(3)[2].id));
    assert_eq!((yes.person(), yes.channel().as_str(), yes.channel_name().as_str()), (&ana().id, "C0NOC", "noc"));
    assert_eq!(yes.policies_version(), policies.version());
}

#[test]
fn help_lists_only_what_this_person_may_do_here() {
    let policies = shipped();
    let catalogue = ["wipe", "undrain", "reboot", "drain", "announce"].map(command);
    let list = |who: &Profile, place: &str| format!("{:?}", policies.commands_for(who, &channel(place), &catalogue));
    assert_eq!(list(&ana(), "noc"), "[announce, drain, reboot, undrain]");
    assert_eq!(list(&person("bob", &["sre"]), "noc"), "[drain, reboot, undrain]");
    assert_eq!(list(&ana(), "web"), "[drain, undrain]");
    assert_eq!(list(&ana(), "incidents"), "[undrain]");
    assert_eq!(list(&person("nil", &[]), "noc"), "[]");
    assert_eq!(list(&ana(), "random"), "[]");
}

/// Cedar skips a policy that cannot be evaluated, a forbid too: that must never turn into a yes.
#[test]
fn a_policy_that_cannot_be_evaluated_allows_nothing() {
    let text = |count: &str| {
        format!(
            "@id(\"all\") @reason(\"everything\") permit (principal, action, resource);\n\
         @id(\"sum\") @reason(\"too much\") forbid (principal, action, resource) when {{ context.server_count {count} > 9 }};"
        )
    };
    let fine = noc_with(&text("* 2")).unwrap();
    assert_eq!(check(&fine, &ana(), &channel("noc"), ("drain", &edge(1))), "yes: drain on 1 by all");
    let overflowing = noc_with(&text("+ 9223372036854775807")).unwrap();
    let refused = check(&overflowing, &ana(), &channel("noc"), ("drain", &edge(1)));
    assert!(refused.starts_with("no: EvaluationFault"), "{refused}");
    assert!(refused.contains("sum"), "{refused}");
}

#[test]
fn a_command_that_no_policy_file_was_checked_against_is_refused() {
    let unknown = check(&shipped(), &ana(), &channel("noc"), ("defrost", &edge(1)));
    assert!(unknown.starts_with("no: EvaluationFault"), "{unknown}");
}

#[test]
fn names_that_do_not_exist_fail_the_load_with_file_and_line() {
    let with = |condition: &str| {
        faults_of(&format!(
            "// one\n@id(\"x\")\n@reason(\"r\")\npermit (principal, action == Action::\"drain\", resource)\nwhen {{ {condition} }};"
        ))
    };
    let line = "channels/noc.cedar:5";
    assert_eq!(
        with("principal in Group::\"nok\""),
        format!("{line}: `nok` is not a known group (did you mean `noc`?)")
    );
    assert_eq!(
        with("resource in Site::\"rige\""),
        format!("{line}: `rige` is not a known site (did you mean `riga`?)")
    );
    assert_eq!(with("resource in Site::\"mars\""), format!("{line}: `mars` is not a known site"));
    let kind = "`edge-cach` is not a known server type (did you mean `edge-cache`?)";
    assert_eq!(with("resource in ServerType::\"edge-cach\""), format!("{line}: {kind}"));
    let pool = "`edge-laxx` is not a known pool (did you mean `edge-lax`?)";
    assert_eq!(with("resource in Pool::\"edge-laxx\""), format!("{line}: {pool}"));
    assert!(
        with("resource == Server::\"edge-lax-001\"").starts_with("channels/noc.cedar:5: `x` names a single server")
    );
    assert!(with("principal == User::\"T0/U0\"").starts_with("channels/noc.cedar:5: `x` names a single user"));
    let impact = with("context.impact == Impact::\"destuctive\"");
    assert!(impact.starts_with("channels/noc.cedar:5: ") && impact.contains("destructive"), "{impact}");
    let action = faults_of("@id(\"x\")\n@reason(\"r\")\npermit (principal, action == Action::\"rebot\", resource);");
    assert!(action.contains("channels/noc.cedar:3") && action.contains("reboot"), "{action}");
}

#[test]
fn every_fault_of_every_file_is_told_at_once() {
    let faults = load(&[
        ("global.cedar", "@id(\"g\")\nforbid (principal, action, resource);"),
        ("channels/noc.cedar", "permitt (principal, action, resource);"),
        (
            "channels/wed.cedar",
            "@id(\"w\")\n@reason(\"r\")\npermit (principal, action, resource)\nwhen { context.hosts > 1 };",
        ),
        ("channel/web.cedar", ""),
    ])
    .unwrap_err();
    let told: Vec<_> = faults.faults().iter().map(|fault| format!("{}:{:?}", fault.file(), fault.line())).collect();
    assert_eq!(
        told,
        [
            "channel/web.cedar:None",
            "channels/noc.cedar:Some(1)",
            "channels/wed.cedar:None",
            "channels/wed.cedar:Some(4)",
            "global.cedar:Some(1)"
        ]
    );
    let page = faults.render();
    for part in
        ["channels/noc.cedar:1:1", "permitt (principal", "channels/wed.cedar:4", "did you mean `web`?", "no @reason"]
    {
        assert!(page.contains(part), "`{part}` is missing in\n{page}");
    }
}

#[test]
fn a_policy_that_can_never_apply_fails_the_load() {
    let never = faults_of("@id(\"x\")\n@reason(\"r\")\npermit (principal in Site::\"lax\", action, resource);");
    assert!(never.starts_with("channels/noc.cedar:") && never.lines().count() == 1, "{never}");
}

#[test]
fn ids_and_reasons_are_required_and_ids_are_unique_over_all_files() {
    let permit = "permit (principal, action, resource);";
    assert!(faults_of(permit).contains("no @id") && faults_of(permit).contains("no @reason"));
    assert!(faults_of(&format!("@id(\"two words\") @reason(\"r\") {permit}")).contains("no @id"));
    assert!(faults_of(&format!("@id(\"x\") @reason(\" \") {permit}")).contains("no @reason"));
    let one = format!("@id(\"x\") @reason(\"r\") {permit}");
    let twice = load(&[("channels/noc.cedar", &one), ("channels/web.cedar", &one)]).unwrap_err().to_string();
    assert_eq!(twice, "channels/web.cedar:1: `x` is also the id of the policy at channels/noc.cedar:1");
    let template = "@id(\"x\") @reason(\"r\") permit (principal in ?principal, action, resource);";
    assert!(faults_of(template).contains("a template grants nothing here"));
}

#[test]
fn a_schema_that_does_not_fit_fails_the_load() {
    let missing = Policies::new(&[], &[], &known()).unwrap_err().to_string();
    assert_eq!(missing, "schema.cedarschema: the schema is missing");
    let text = SCHEMA.replace("server_count: Long,", "servers: Long,");
    let file = PolicyFile { name: "policies/schema.cedarschema".into(), text };
    let misfit = Policies::new(&[file], &[], &known()).unwrap_err().to_string();
    assert!(misfit.contains("server_count"), "{misfit}");
    let torn = PolicyFile { name: "schema.cedarschema".into(), text: "entity User\nentity".into() };
    let torn = Policies::new(&[torn], &[], &known()).unwrap_err();
    assert_eq!(torn.faults()[0].line(), Some(2));
}

#[test]
fn channels_are_bound_by_id() {
    let pairs = parse_channels(CHANNELS).unwrap();
    let text: Vec<_> = pairs.iter().map(|(name, id)| format!("{name}={id}")).collect();
    assert_eq!(text, ["incidents=C0INCIDENTS", "noc=C0NOC", "web=C0WEB"]);
    let fault = |text: &str| parse_channels(text).unwrap_err().to_string();
    assert!(fault("noc: C0NOC\nweb: web\n").starts_with("channels.yaml:2: `web` is not a channel's id"));
    assert_eq!(fault("noc: C0NOC\nweb: C0NOC\n"), "channels.yaml:2: `web` and `noc` have the same id C0NOC");
    assert!(fault("noc: C0NOC\nnoc: C0WEB\n").starts_with("channels.yaml:2: "));
    assert!(fault("noc: D0ANA\n").starts_with("channels.yaml:1: "));
    assert!(fault("- noc\n").starts_with("channels.yaml:1: "));
}

/// A policy that may look at everything a policy can see of a server, as text.
fn rule(number: usize, (forbid, what, most): &(bool, Option<(u8, u8)>, u8)) -> String {
    let effect = if *forbid { "forbid" } else { "permit" };
    let resource = match what {
        Some((0, which)) => format!("resource in Site::\"{}\"", ["lax", "riga"][usize::from(which % 2)]),
        Some((1, which)) => {
            format!("resource in ServerType::\"{}\"", ["edge-cache", "origin", "dns"][usize::from(which % 3)])
        }
        Some((_, which)) => format!("resource in Pool::\"{}\"", ["edge-lax", "origin-riga"][usize::from(which % 2)]),
        None => "resource".to_owned(),
    };
    let count =
        if *forbid { format!("context.server_count > {most}") } else { format!("context.server_count <= {most}") };
    format!("@id(\"r{number}\") @reason(\"r\") {effect} (principal, action, {resource}) when {{ {count} }};\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// One decision per class is the same as one per server, and the order of policies and servers changes nothing.
    #[test]
    fn classes_decide_like_single_servers(
        rules in prop::collection::vec((prop::bool::weighted(0.25), prop::option::of((0_u8..3, 0_u8..6)), 1_u8..12), 1..6),
        picked in prop::sample::subsequence(fleet(), 1..12),
    ) {
        let texts: Vec<String> = rules.iter().enumerate().map(|(number, one)| rule(number, one)).collect();
        let forwards = noc_with(&texts.concat()).unwrap();
        let backwards = noc_with(&texts.iter().rev().cloned().collect::<String>()).unwrap();
        let noc = channel("noc");
        let whole = check(&forwards, &ana(), &noc, ("drain", &picked));
        // The same server as often as the request is large: the count stays, the class is one.
        let alone = |server: &Server| {
            decide(&forwards, &ana(), &noc, ("drain", &vec![server.clone(); picked.len()])).is_ok()
        };
        prop_assert_eq!(whole.starts_with("yes"), picked.iter().all(alone), "{}", whole);
        let mut turned = picked.clone();
        turned.reverse();
        let strip = |text: String| text.split(" (channels").next().unwrap_or_default().to_owned();
        prop_assert_eq!(strip(check(&backwards, &ana(), &noc, ("drain", &turned))), strip(whole));
    }

    /// The count that a refusal names would be allowed, and one more would not.
    #[test]
    fn the_count_of_a_refusal_is_true(most in 1_usize..40, over in 1_usize..40) {
        let policies = noc_with(&format!(
            "@id(\"x\") @reason(\"r\") permit (principal, action, resource) when {{ context.server_count <= {most} }};"
        )).unwrap();
        let refused = check(&policies, &ana(), &channel("noc"), ("drain", &edge(most + over)));
        prop_assert_eq!(refused, format!("no: at most {most} by x"));
        prop_assert!(decide(&policies, &ana(), &channel("noc"), ("drain", &edge(most))).is_ok());
    }
}

#[test]
fn whole_sites_are_decided_one_by_one() {
    let riga = "@id(\"sites\") @reason(\"noc isolates\") permit (principal in Group::\"noc\", \
        action == Action::\"isolate\", resource);\n\
        @id(\"not-riga\") @reason(\"riga moves\") forbid (principal, action, resource == Site::\"riga\");";
    let policies = noc_with(riga).unwrap_or_else(|faults| panic!("{}", faults.render()));
    let ask = |sites: &[&str], servers: &[Server]| {
        let sites = sites.iter().copied().map(SiteName::new).collect::<Vec<_>>();
        let question =
            Question { person: &ana(), channel: &channel("noc"), command: &command("isolate"), servers, sites: &sites };
        policies.decide(&question)
    };
    let yes = ask(&["lax"], &[]).unwrap();
    assert!(yes.covers_site(&SiteName::new("lax")) && !yes.covers_site(&SiteName::new("riga")));
    let no = ask(&["lax", "riga"], &[]).unwrap_err();
    assert_eq!(no.refused_sites, [SiteName::new("riga")]);
    assert_eq!(no.policy().map(|note| note.id.as_str()), Some("not-riga"));
    assert!(matches!(ask(&[], &[]).unwrap_err().kind, RefusalKind::WrongSubjects), "no site");
    assert!(matches!(ask(&["lax"], &edge(1)).unwrap_err().kind, RefusalKind::WrongSubjects), "servers too");
}

#[test]
fn help_can_tell_which_groups_may() {
    let policies = shipped();
    let who = |place: &str, verb: &str| {
        let groups = policies.groups_for(&channel(place), &command(verb));
        groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(who("noc", "reboot"), "noc sre");
    assert_eq!(who("noc", "announce"), "noc");
    assert_eq!(who("web", "reboot"), "", "what is forbidden is nobody's");
    assert_eq!(who("incidents", "reboot"), "incident-commander");
}
