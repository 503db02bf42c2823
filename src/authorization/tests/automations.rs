//! What acts without a person: allowed by what names it, and by nothing that is allowed to people.

use super::super::{Policies, PolicyFaults, automation_word};
use super::{channel, decide, edge, load, noc_with, told};
use crate::domain::identity::Profile;

const NAMED: (&str, &str) =
    ("automations.yaml", "nightly-canary: reboots one server each night\nother: does nothing\n");

fn with(rules: &str) -> Result<Policies, PolicyFaults> {
    load(&[NAMED, ("channels/noc.yaml", rules)])
}

fn asks(policies: &Policies, automation: &str) -> String {
    let name = automation_word(&format!("automation:{automation}")).expect("a name");
    told(decide(policies, &Profile::automation(&name), &channel("noc"), ("reboot", &edge(1))))
}

#[test]
fn an_automation_may_what_a_policy_allows_it_by_name() {
    let rules =
        "allow:\n- { id: nightly, who: [noc, automation:nightly-canary], commands: reboot, at-most: 1, reason: r }\n";
    let policies = with(rules).unwrap();
    assert_eq!(asks(&policies, "nightly-canary"), "yes: reboot on 1 by nightly");
    assert!(asks(&policies, "other").starts_with("no: NothingAllowed"), "{}", asks(&policies, "other"));
    let alone = with("allow:\n- { id: nightly, who: automation:nightly-canary, commands: all, reason: r }\n").unwrap();
    assert_eq!(asks(&alone, "nightly-canary"), "yes: reboot on 1 by nightly");
}

#[test]
fn what_people_may_is_nothing_to_an_automation() {
    let everyone = with("allow:\n- { id: all, who: everyone, commands: all, reason: r }\n").unwrap();
    assert!(asks(&everyone, "nightly-canary").starts_with("no: NothingAllowed"));
    let unbound = "@id(\"a\") @reason(\"r\") permit (principal, action, resource);";
    assert!(asks(&noc_with(unbound).unwrap(), "nightly-canary").starts_with("no: NothingAllowed"));
    let named = "@id(\"a\") @reason(\"r\")\npermit (principal == Automation::\"nightly-canary\", action, resource);";
    let named = load(&[NAMED, ("channels/noc.cedar", named)]).unwrap();
    assert_eq!(asks(&named, "nightly-canary"), "yes: reboot on 1 by a");
    assert!(asks(&named, "other").starts_with("no: NothingAllowed"));
    // No group helps it, and none is suggested to it.
    let groups = with("allow:\n- { id: noc, who: noc, commands: all, reason: r }\n").unwrap();
    let name = automation_word("automation:other").expect("a name");
    let in_group =
        Profile { groups: vec![crate::domain::identity::GroupName::new("noc")], ..Profile::automation(&name) };
    let refusal = decide(&groups, &in_group, &channel("noc"), ("reboot", &edge(1))).unwrap_err();
    assert_eq!(refusal.nearest, None);
}

#[test]
fn what_is_forbidden_to_all_is_forbidden_to_an_automation() {
    let rules = "allow:\n- { id: nightly, who: automation:nightly-canary, commands: all, reason: r }\nforbid:\n- { id: calm, commands: reboot, reason: r }\n";
    let answer = asks(&with(rules).unwrap(), "nightly-canary");
    assert!(answer.starts_with("no: forbidden by calm"), "{answer}");
}

#[test]
fn names_of_automations_are_checked_wherever_they_stand() {
    let faults = |files: &[(&str, &str)]| load(files).unwrap_err().to_string();
    let rule = "allow:\n- { id: a, who: automation:nightly-canry, commands: all, reason: r }\n";
    let said = faults(&[NAMED, ("channels/noc.yaml", rule)]);
    assert!(said.contains("`nightly-canry` is not a known automation"), "{said}");
    let cedar = "@id(\"a\") @reason(\"r\")\npermit (principal == Automation::\"gone\", action, resource);";
    let said = faults(&[NAMED, ("channels/noc.cedar", cedar)]);
    assert!(said.contains("`gone` is not a known automation"), "{said}");
    let said = faults(&[NAMED, ("groups.yaml", "own: [automation:other]\n")]);
    assert!(said.contains("an automation is in no group"), "{said}");
    let said = faults(&[("automations.yaml", "Nightly: a\nquiet:\n")]);
    assert!(said.contains("`Nightly` is no name of an automation"), "{said}");
    assert!(said.contains("`quiet` does not say what it is for"), "{said}");
    let consent =
        "allow:\n- { id: a, who: noc, commands: all, requires: { approval: { from: automation:other } }, reason: r }\n";
    let said = faults(&[NAMED, ("channels/noc.yaml", consent)]);
    assert!(said.contains("consent comes from groups"), "{said}");
}
