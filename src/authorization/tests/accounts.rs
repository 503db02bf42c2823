//! Whose accounts are: what the file says, and each of its faults.

use super::super::Channels;
use super::super::{Known, Mentioned, Policies, PolicyFile};
use super::{CHANNELS, SCHEMA, known};
use crate::domain::identity::{PersonId, UserId};

fn read(text: &str, known: &Known) -> Result<Policies, String> {
    let files = [("schema.cedarschema", SCHEMA), ("accounts.yaml", text)];
    let files = files.map(|(name, text)| PolicyFile { name: name.to_owned(), text: text.to_owned() });
    Policies::new(&files, &Channels::parse(CHANNELS).unwrap(), known).map_err(|faults| faults.to_string())
}

#[test]
fn an_account_has_one_owner_and_a_person_may_have_several() {
    let policies = read("1000: T0WRASSE/U0ANA\n1001: T0WRASSE/U0BOB\n1002: T0WRASSE/U0ANA\n", &known()).unwrap();
    let ana = PersonId::new("T0WRASSE", "U0ANA");
    assert_eq!(policies.owner_of_account(1000), Some(&ana));
    assert_eq!(policies.owner_of_account(1002), Some(&ana));
    assert_eq!(policies.owner_of_account(0), None);
    assert_eq!(read("# nobody's\n", &known()).unwrap().owner_of_account(1000), None);
}

#[test]
fn each_fault_is_told_with_its_line() {
    let cases = [
        ("ana: T0WRASSE/U0ANA\n", "`ana` is no account of this host"),
        ("-1: T0WRASSE/U0ANA\n", "`-1` is no account of this host"),
        ("4294967296: T0WRASSE/U0ANA\n", "`4294967296` is no account of this host"),
        ("1000: U0ANA\n", "`U0ANA` is no person"),
        ("1000: T0WRASSE/ana\n", "`T0WRASSE/ana` is no person"),
        ("1000: T0WRASSE/\n", "`T0WRASSE/` is no person"),
        ("1000:\n", "`` is no person"),
        ("1000: [T0WRASSE/U0ANA]\n", "`` is no person"),
        ("- 1000\n", "accounts.yaml takes accounts with their people"),
    ];
    for (text, expected) in cases {
        let said = read(text, &known()).map_or_else(|said| said, |_| panic!("{text} is taken"));
        assert!(said.contains(expected), "{text}: {said}");
        assert!(said.contains("accounts.yaml:1"), "{said}");
    }
    let twice = read("1000: T0WRASSE/U0ANA\n1000: T0WRASSE/U0BOB\n", &known()).map(|_| ()).unwrap_err();
    assert!(twice.contains("accounts.yaml"), "an account has one owner: {twice}");
    let spelled = read("1000: T0WRASSE/U0ANA\n01000: T0WRASSE/U0BOB\n", &known()).map(|_| ()).unwrap_err();
    assert!(spelled.contains("accounts.yaml:2"), "an account has one owner: {spelled}");
}

#[test]
fn a_person_must_be_one_of_the_workspace() {
    let text = "1000: T0WRASSE/U0ANN\n";
    let files = [PolicyFile { name: "accounts.yaml".to_owned(), text: text.to_owned() }];
    assert!(
        Mentioned::in_files(&files).people.contains(&UserId::new("U0ANN")),
        "they are looked up before the files are read"
    );
    let known = known().with_people([UserId::new("U0ANA")].into());
    let said = read(text, &known).map(|_| ()).unwrap_err();
    assert!(said.contains("the workspace has no person U0ANN"), "{said}");
}
