//! The policies of one file with their places in it: Cedar as it is written, and what rules in YAML become.

use super::answers::{PolicyName, PolicyNote};
use super::compile;
use super::faults::{PolicyFault, line_at};
use super::known::{Known, nearest};
use super::load::PolicyFile;
use super::requirements::Requirements;
use super::rules::{self, Rule};
use super::sheet::Sheet;
use crate::domain::command::CommandName;
use crate::domain::identity::GroupName;
use crate::domain::place::ChannelName;
use cedar_policy::{Policy, PolicyId, PolicySet, ValidationMode, Validator};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// One policy of a file, renamed to its id.
pub(super) struct Written {
    pub(super) policy: Policy,
    pub(super) note: PolicyNote,
    pub(super) requires: Requirements,
    pub(super) owner: Option<GroupName>,
    /// Where it begins, and the length of its first line, to point at.
    head: (usize, usize),
}

/// What every file is checked against, and what was found so far.
pub(super) struct Reader<'a> {
    /// With the groups of our own.
    pub(super) known: Known,
    pub(super) channels: BTreeSet<&'a ChannelName>,
    /// `None` while the schema has faults of its own.
    pub(super) validators: Option<Validators>,
    pub(super) faults: Vec<PolicyFault>,
    pub(super) notes: BTreeMap<PolicyName, PolicyNote>,
}

/// What policies are proved to be well typed by.
pub(super) struct Validators {
    /// Knows every command.
    pub(super) whole: Validator,
    /// Knows [`Validators::named`] and one other command.
    ///
    /// Validating takes every policy through every command, which is most of the time of a reload. To the types one
    /// command is like any other, and those that a rule names were found to exist; so a rule is validated as if it
    /// named this one.
    pub(super) small: Validator,
}

impl Validators {
    pub(super) fn named() -> CommandName {
        CommandName::new("named")
    }
}

impl Reader<'_> {
    /// The policies of a file in Cedar, with all their faults noted.
    pub(super) fn cedar(&mut self, file: &PolicyFile) -> Vec<Written> {
        let parsed = match PolicySet::from_str(&file.text) {
            Ok(parsed) => parsed,
            Err(causes) => {
                let told = causes.iter().map(|cause| PolicyFault::from_cedar(&file.name, &file.text, cause));
                self.faults.extend(told);
                return Vec::new();
            }
        };
        for template in parsed.templates() {
            let head = head_of(&file.text, &template.to_string());
            let fault = PolicyFault::new(&file.name, &file.text, "a template grants nothing here");
            self.faults.push(fault.at(head.0, head.1).with_help(Some("write the policy out".to_owned())));
        }
        let mut policies: Vec<_> =
            parsed.policies().map(|policy| (head_of(&file.text, &policy.to_string()), policy)).collect();
        policies.sort_by_key(|(head, _)| *head);
        let written: Vec<Written> =
            policies.into_iter().filter_map(|(head, policy)| self.name(file, policy, head)).collect();
        for one in &written {
            self.check_names(file, one);
        }
        if let Some(validators) = &self.validators {
            let policies = written.iter().map(|one| one.policy.clone());
            self.faults.extend(invalid(&validators.whole, file, (policies, &written)));
        }
        written
    }

    /// The policies that the rules of a channel's file become, and who answers for the file.
    pub(super) fn rules(&mut self, file: &PolicyFile, channel: &ChannelName) -> (Vec<Written>, Option<GroupName>) {
        let mut sheet = Sheet::new(file);
        let (rules, owner) = rules::read(&mut sheet, &self.known);
        let is_whole = sheet.faults.is_empty();
        self.faults.append(&mut sheet.faults);
        let (mut written, mut alike) = (Vec::new(), Vec::new());
        for rule in rules {
            let head = (rule.span.start, rule.span.len());
            let note = self.note(file, head, (rule.id.clone(), rule.reason.clone()));
            // A rule with a fault would be compiled to less, or to more, than it was meant to say.
            let (Some(note), true) = (note, is_whole) else { continue };
            let like_it = Rule { commands: rule.commands.named_as(&Validators::named()), ..rule.clone() };
            let compiled = compile::policy(&rule, channel);
            match compiled.and_then(|policy| Ok((policy, compile::policy(&like_it, channel)?))) {
                Ok((policy, like_it)) => {
                    alike.push(like_it);
                    let owner = rule.owner.or_else(|| owner.clone());
                    written.push(Written { policy, note, requires: rule.requires, owner, head });
                }
                Err(cause) => self.faults.push(PolicyFault::new(&file.name, &file.text, cause).at(head.0, head.1)),
            }
        }
        if let Some(validators) = &self.validators {
            self.faults.extend(invalid(&validators.small, file, (alike.into_iter(), &written)));
        }
        (written, owner)
    }

    /// Renames a policy to its `@id`; without an id of its own and a reason it is no policy of ours.
    fn name(&mut self, file: &PolicyFile, policy: &Policy, head: (usize, usize)) -> Option<Written> {
        let fault = |message: &str, help: &str| {
            PolicyFault::new(&file.name, &file.text, message).at(head.0, head.1).with_help(Some(help.to_owned()))
        };
        let annotation = |key: &str| policy.annotation(key).map(str::trim).filter(|text| !text.is_empty());
        let id = annotation("id").filter(|id| !id.contains(char::is_whitespace));
        let reason = annotation("reason");
        if id.is_none() {
            let help = "give it one word to be quoted by, e.g. @id(\"web-small\")";
            self.faults.push(fault("this policy has no @id", help));
        }
        if reason.is_none() {
            let help = "say in one sentence what it is for: people read it when it decides";
            self.faults.push(fault("this policy has no @reason", help));
        }
        let note = self.note(file, head, (PolicyName::new(id?), reason?.to_owned()))?;
        let policy = policy.new_id(PolicyId::new(note.id.as_str()));
        Some(Written { policy, note, requires: Requirements::default(), owner: None, head })
    }

    /// Notes an id with its sentence and place; `None` with a fault when another policy has that id.
    fn note(
        &mut self,
        file: &PolicyFile,
        head: (usize, usize),
        (id, reason): (PolicyName, String),
    ) -> Option<PolicyNote> {
        if let Some(first) = self.notes.get(&id) {
            let message = format!("`{id}` is also the id of the policy at {}:{}", first.file, first.line);
            self.faults.push(PolicyFault::new(&file.name, &file.text, message).at(head.0, head.1));
            return None;
        }
        let note = PolicyNote { id, reason, file: file.name.clone(), line: line_at(&file.text, head.0) };
        self.notes.insert(note.id.clone(), note.clone());
        Some(note)
    }

    /// Cedar does not know which groups, people, sites, types, pools and channels exist; we do.
    fn check_names(&mut self, file: &PolicyFile, one: &Written) {
        for literal in one.policy.entity_literals() {
            let (kind, id) = (literal.type_name().to_string(), literal.id().unescaped().to_owned());
            let known = &self.known;
            let (noun, names): (_, Vec<&str>) = match kind.as_str() {
                "Group" => ("group", known.groups.iter().map(|name| name.as_str()).collect()),
                "Site" => ("site", known.sites.iter().map(|name| name.as_str()).collect()),
                "ServerType" => ("server type", known.types.iter().map(|name| name.as_str()).collect()),
                "Pool" => ("pool", known.pools.iter().map(|name| name.as_str()).collect()),
                "Channel" => ("channel", self.channels.iter().map(|name| name.as_str()).collect()),
                "Account" => match &known.people {
                    Some(people) => ("person", people.iter().map(|person| person.as_str()).collect()),
                    None => continue,
                },
                "Automation" => ("automation", known.automations.iter().map(|name| name.as_str()).collect()),
                "User" | "Server" => {
                    let message = format!("`{}` names a single {}", one.note.id, kind.to_lowercase());
                    let help = if kind == "User" {
                        "one person is written `principal in Account::\"U0ANA\"`"
                    } else {
                        "policies name sites, types and pools of servers"
                    };
                    self.faults.push(one.fault_at_literal(file, &id, message).with_help(Some(help.to_owned())));
                    continue;
                }
                // Actions and enumerated types are in the schema: the validator checks them.
                _ => continue,
            };
            if !names.contains(&id.as_str()) {
                let help = nearest(&id, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let message = format!("`{id}` is not a known {noun}");
                self.faults.push(one.fault_at_literal(file, &id, message).with_help(help));
            }
        }
    }
}

/// What is wrong with those policies. A warning fails the load too: a policy that can never apply was meant to.
fn invalid(
    validator: &Validator,
    file: &PolicyFile,
    (policies, written): (impl Iterator<Item = Policy>, &[Written]),
) -> Vec<PolicyFault> {
    let set = PolicySet::from_policies(policies).expect("a doubled id was left out by Reader::note");
    let result = validator.validate(&set, ValidationMode::Strict);
    let mut broken = Vec::new();
    let mut told: Vec<PolicyFault> = Vec::new();
    let place = |id: &PolicyId, fault: PolicyFault| match fault.place() {
        Some(_) => fault,
        // What was never text has no place in one: its rule has.
        None => match written.iter().find(|one| one.policy.id() == id) {
            Some(one) => fault.at(one.head.0, one.head.1),
            None => fault,
        },
    };
    for cause in result.validation_errors() {
        broken.push(cause.policy_id().clone());
        told.push(place(cause.policy_id(), PolicyFault::from_cedar(&file.name, &file.text, cause)));
    }
    for warning in result.validation_warnings().filter(|warning| !broken.contains(warning.policy_id())) {
        told.push(place(warning.policy_id(), PolicyFault::from_cedar(&file.name, &file.text, warning)));
    }
    // Cedar says the same of the same words once for each command that the policy covers.
    let mut places = BTreeSet::new();
    told.retain(|fault| fault.place().is_none_or(|place| places.insert(place)));
    told
}

impl Written {
    pub(super) fn fault(&self, file: &PolicyFile, message: String) -> PolicyFault {
        PolicyFault::new(&file.name, &file.text, message).at(self.head.0, self.head.1)
    }

    /// Points at the quoted name inside this policy, or at its first line when it is written with escapes.
    pub(super) fn fault_at_literal(&self, file: &PolicyFile, id: &str, message: String) -> PolicyFault {
        let quoted = format!("::\"{id}\"");
        let found = file.text.get(self.head.0..).and_then(|rest| rest.find(&quoted));
        let fault = PolicyFault::new(&file.name, &file.text, message);
        match found {
            Some(offset) => fault.at(self.head.0 + offset + 2, quoted.len() - 2),
            None => fault.at(self.head.0, self.head.1),
        }
    }
}

/// Where that policy begins in its file, and how long its first line is.
fn head_of(text: &str, policy: &str) -> (usize, usize) {
    let offset = text.find(policy).unwrap_or(0);
    (offset, policy.lines().next().unwrap_or_default().len())
}
