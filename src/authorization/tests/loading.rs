//! What is wrong with policy files is told with its place.

use super::super::{Channels, Policies, PolicyFile};
use super::{CHANNELS, SCHEMA, faults_of, known, load};
use insta::assert_snapshot;

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
    let missing = Policies::new(&[], &Channels::default(), &known()).unwrap_err().to_string();
    assert_eq!(missing, "schema.cedarschema: the schema is missing");
    let text = SCHEMA.replace("server_count: Long,", "servers: Long,");
    let file = PolicyFile { name: "policies/schema.cedarschema".into(), text };
    let misfit = Policies::new(&[file], &Channels::default(), &known()).unwrap_err().to_string();
    assert!(misfit.contains("server_count"), "{misfit}");
    let torn = PolicyFile { name: "schema.cedarschema".into(), text: "entity User\nentity".into() };
    let torn = Policies::new(&[torn], &Channels::default(), &known()).unwrap_err();
    assert_eq!(torn.faults()[0].line(), Some(2));
}

#[test]
fn channels_are_bound_by_id() {
    let channels = Channels::parse(CHANNELS).unwrap();
    let text: Vec<_> = channels.ids().map(|(name, id)| format!("{name}={id}")).collect();
    assert_eq!(text, ["incidents=C0INCIDENTS", "noc=C0NOC", "web=C0WEB"]);
    let faults = |text: &str| Channels::parse(text).unwrap_err().to_string();
    let many = "\
channels:
  noc: C0NOC
  web: web
  edge: C0NOC
  direct: C0DIRECT
  '#ops': C0OPS
  vendors: { id: D0ANA, at-mots: config }
  partners: { at-most: confg }
reach:
  shared: read-onyl
  public: everything
";
    assert_snapshot!(faults(many), @"
    channels.yaml:3: `web` is not a channel's id (an id has capitals and digits and begins with C or G, e.g. `C0NOC`)
    channels.yaml:4: `edge` and `noc` have the same id C0NOC (one channel has one name here)
    channels.yaml:5: `direct` stands for conversations of one person with the bot (give this channel another name here: the name in the workspace never decides)
    channels.yaml:6: `#ops` cannot be a channel's name (write it without `#`, e.g. `noc: C0NOC`)
    channels.yaml:7: `D0ANA` is not a channel's id (an id has capitals and digits and begins with C or G, e.g. `C0NOC`)
    channels.yaml:7: `vendors` has no key `at-mots` (did you mean `at-most`?)
    channels.yaml:8: `at-most` is `confg` (did you mean `config`?)
    channels.yaml:8: `partners` has no id (e.g. `{ id: C0NOC, at-most: config }`)
    channels.yaml:10: `shared` is `read-onyl` (did you mean `read-only`?)
    channels.yaml:11: `reach` has no key `public` (the keys are shared, private, direct)
    ");
    assert_snapshot!(faults("noc: C0NOC\n"), @"channels.yaml:1: channels stand under a key of their own (write `channels:` above them, and indent them below it)");
    assert_snapshot!(faults("channels: [noc]\n"), @"channels.yaml:1: `channels` takes names with ids (each line is `name: id`, e.g. `noc: C0NOC`)");
    assert_snapshot!(faults("channels:\n  noc: C0NOC\n  noc: C0WEB\n"), @"channels.yaml:3: duplicate mapping key `noc` is not allowed here (correct the YAML; everything else in this file is read after that)");
}
