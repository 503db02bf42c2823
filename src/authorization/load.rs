//! Policy files become one checked policy set per channel, or every fault of every file.
//!
//! A set holds the global forbids and one channel's own file. Each permit is bound to its channel through the syntax
//! tree, so that even a set kept under the wrong key could not widen another channel.

use super::answers::{PolicyName, PolicyNote};
use super::entities::{self, Kind};
use super::faults::{PolicyFault, PolicyFaults, line_at};
use super::known::{Known, nearest};
use crate::domain::command::{CommandName, Impact};
use crate::domain::identity::GroupName;
use crate::domain::ids::Fingerprint;
use crate::domain::place::{ChannelId, ChannelName};
use cedar_policy::pst;
use cedar_policy::{Effect, Policy, PolicyId, PolicySet, Schema, SchemaFragment, ValidationMode, Validator};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

/// The text of one file under `policies/`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyFile {
    /// Its path, e.g. `channels/noc.cedar`, with or without `policies/` before it.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Every policy in force, one set per channel.
#[derive(Clone, Debug)]
pub struct Policies {
    pub(super) channels: BTreeMap<ChannelId, ChannelSet>,
    pub(super) notes: BTreeMap<PolicyName, PolicyNote>,
    pub(super) schema: Schema,
    pub(super) known: Known,
    pub(super) version: Fingerprint,
}

/// The global forbids and one channel's own policies.
#[derive(Clone, Debug)]
pub(super) struct ChannelSet {
    pub(super) name: ChannelName,
    pub(super) set: PolicySet,
}

/// What a file under `policies/` is for.
enum Place {
    Schema,
    Global,
    Channel(ChannelName),
}

/// One policy of a file, renamed to its `@id`.
struct Written {
    policy: Policy,
    note: PolicyNote,
    /// Where it begins, and the length of its first line, to point at.
    head: (usize, usize),
}

impl Policies {
    /// Checks every file and builds the set of each channel.
    ///
    /// # Errors
    /// Every fault of every file: syntax, types, warnings of the validator, unknown names, doubled or missing ids.
    pub fn new(
        files: &[PolicyFile],
        channels: &[(ChannelName, ChannelId)],
        known: &Known,
    ) -> Result<Self, PolicyFaults> {
        let mut loader = Loader { known, channels, faults: Vec::new(), notes: BTreeMap::new() };
        let schema = loader.schema(files);
        let mut global = Vec::new();
        let mut own: BTreeMap<ChannelName, Vec<Policy>> = BTreeMap::new();
        for file in files {
            match loader.place(file) {
                Some(Place::Global) => global.extend(loader.global(file, schema.as_ref())),
                Some(Place::Channel(name)) => {
                    let policies = loader.channel(file, &name, schema.as_ref());
                    own.entry(name).or_default().extend(policies);
                }
                Some(Place::Schema) | None => {}
            }
        }
        let Some(schema) = schema.filter(|_| loader.faults.is_empty()) else {
            return Err(PolicyFaults::new(loader.faults));
        };
        let mut sets = BTreeMap::new();
        for (name, id) in channels {
            if let Some(policies) = own.remove(name) {
                let set = PolicySet::from_policies(global.iter().cloned().chain(policies))
                    .expect("ids are unique over all files, checked by Loader::read");
                sets.insert(id.clone(), ChannelSet { name: name.clone(), set });
            }
        }
        Ok(Self { channels: sets, notes: loader.notes, schema, known: known.clone(), version: version(files) })
    }

    /// The fingerprint of all policy files.
    #[must_use]
    pub fn version(&self) -> &Fingerprint {
        &self.version
    }

    /// The channels that have policies, with their names in `channels.yaml`, sorted by id.
    pub fn channels(&self) -> impl Iterator<Item = (&ChannelId, &ChannelName)> {
        self.channels.iter().map(|(id, set)| (id, &set.name))
    }
}

struct Loader<'a> {
    known: &'a Known,
    channels: &'a [(ChannelName, ChannelId)],
    faults: Vec<PolicyFault>,
    notes: BTreeMap<PolicyName, PolicyNote>,
}

impl Loader<'_> {
    /// The one schema, with an action per known command, proved to fit what we ask.
    fn schema(&mut self, files: &[PolicyFile]) -> Option<Schema> {
        let mut schemas = files.iter().filter(|file| matches!(place_of(&file.name), Some(Place::Schema)));
        let Some(file) = schemas.next() else {
            self.faults.push(PolicyFault::new("schema.cedarschema", "", "the schema is missing"));
            return None;
        };
        for other in schemas {
            let message = format!("{} is a schema already", file.name);
            self.faults.push(PolicyFault::new(&other.name, &other.text, message));
        }
        let fragment = match SchemaFragment::from_cedarschema_str(&file.text) {
            Ok((fragment, warnings)) => {
                let told = warnings.map(|warning| PolicyFault::from_cedar(&file.name, &file.text, &warning));
                self.faults.extend(told);
                fragment
            }
            Err(cause) => {
                self.faults.push(PolicyFault::from_cedar(&file.name, &file.text, &cause));
                return None;
            }
        };
        match entities::with_actions(fragment, self.known) {
            Ok(schema) => {
                let misfits = self.misfits(&schema);
                let misfit = misfits.map(|message| PolicyFault::new(&file.name, &file.text, message));
                self.faults.extend(misfit);
                Some(schema)
            }
            Err(cause) => {
                self.faults.push(PolicyFault::from_cedar(&file.name, &file.text, cause.as_ref()));
                None
            }
        }
    }

    /// Asks once as `decide` will: a schema that does not fit is a fault now, not a refusal of every line later.
    fn misfits(&self, schema: &Schema) -> Option<String> {
        let command: &CommandName = self.known.commands.first()?;
        let channel = ChannelName::new("any");
        let person = Kind::User.uid("anyone");
        let resources = [entities::no_server(), Kind::Site.uid("any"), Kind::Server.uid("any")];
        Impact::ALL.into_iter().find_map(|impact| {
            let line = entities::Line { command, impact, channel: &channel, server_count: 0 };
            resources.iter().find_map(|resource| entities::request(&line, &person, resource, schema).err())
        })
    }

    fn place(&mut self, file: &PolicyFile) -> Option<Place> {
        let place = place_of(&file.name);
        if place.is_none() {
            let fault = PolicyFault::new(&file.name, &file.text, "this file would be read by nobody");
            let help = "policies stand in `global.cedar` or in `channels/<name>.cedar`";
            self.faults.push(fault.with_help(Some(help.to_owned())));
        }
        place
    }

    fn global(&mut self, file: &PolicyFile, schema: Option<&Schema>) -> Vec<Policy> {
        let written = self.read(file, schema);
        for one in written.iter().filter(|one| one.policy.effect() == Effect::Permit) {
            let message = format!("`{}` permits in every channel at once", one.note.id);
            let help = "global.cedar only forbids; write the permit into each channel's own file";
            self.faults.push(one.fault(file, message).with_help(Some(help.to_owned())));
        }
        written.into_iter().map(|one| one.policy).collect()
    }

    fn channel(&mut self, file: &PolicyFile, name: &ChannelName, schema: Option<&Schema>) -> Vec<Policy> {
        if !self.channels.iter().any(|(channel, _)| channel == name) {
            let names = self.channels.iter().map(|(channel, _)| channel.as_str());
            let help = nearest(name.as_str(), names).map(|near| format!("did you mean `{near}`?"));
            let message = format!("channels.yaml has no channel `{name}`");
            self.faults.push(PolicyFault::new(&file.name, &file.text, message).with_help(help));
        }
        let written = self.read(file, schema);
        for one in &written {
            for literal in one.policy.entity_literals() {
                let other = literal.id().unescaped();
                if literal.type_name().to_string() == "Channel" && other != name.as_str() {
                    let message = format!("`{}` speaks of #{other} in the file of #{name}", one.note.id);
                    self.faults.push(one.fault_at_literal(file, other, message));
                }
            }
        }
        let mut bound = Vec::new();
        for one in written {
            match bind(&one.policy, name) {
                Ok(policy) => bound.push(policy),
                Err(cause) => self.faults.push(one.fault(file, cause)),
            }
        }
        bound
    }

    /// The policies of one file, with all their faults noted.
    fn read(&mut self, file: &PolicyFile, schema: Option<&Schema>) -> Vec<Written> {
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
        let mut written: Vec<Written> = parsed.policies().filter_map(|policy| self.name(file, policy)).collect();
        written.sort_by_key(|one| one.head);
        for one in &written {
            self.check_names(file, one);
        }
        if let Some(schema) = schema {
            self.validate(file, &written, schema);
        }
        written
    }

    /// Renames a policy to its `@id`; without an id of its own and a reason it is no policy of ours.
    fn name(&mut self, file: &PolicyFile, policy: &Policy) -> Option<Written> {
        let head = head_of(&file.text, &policy.to_string());
        let fault = |message: String| PolicyFault::new(&file.name, &file.text, message).at(head.0, head.1);
        let annotation = |key: &str| policy.annotation(key).map(str::trim).filter(|text| !text.is_empty());
        let id = annotation("id").filter(|id| !id.contains(char::is_whitespace));
        let reason = annotation("reason");
        if id.is_none() {
            let help = "give it one word to be quoted by, e.g. @id(\"web-small\")".to_owned();
            self.faults.push(fault("this policy has no @id".to_owned()).with_help(Some(help)));
        }
        if reason.is_none() {
            let help = "say in one sentence what it is for: people read it when it decides".to_owned();
            self.faults.push(fault("this policy has no @reason".to_owned()).with_help(Some(help)));
        }
        let (id, reason) = (PolicyName::new(id?), reason?.to_owned());
        if let Some(first) = self.notes.get(&id) {
            let message = format!("`{id}` is also the id of the policy at {}:{}", first.file, first.line);
            self.faults.push(fault(message));
            return None;
        }
        let note = PolicyNote { id, reason, file: file.name.clone(), line: line_at(&file.text, head.0) };
        self.notes.insert(note.id.clone(), note.clone());
        Some(Written { policy: policy.new_id(PolicyId::new(note.id.as_str())), note, head })
    }

    /// Cedar does not know which groups, sites, types, pools and channels exist; we do.
    fn check_names(&mut self, file: &PolicyFile, one: &Written) {
        for literal in one.policy.entity_literals() {
            let (kind, id) = (literal.type_name().to_string(), literal.id().unescaped().to_owned());
            let known = self.known;
            let (noun, names): (_, Vec<&str>) = match kind.as_str() {
                "Group" => ("group", known.groups.iter().map(|name| name.as_str()).collect()),
                "Site" => ("site", known.sites.iter().map(|name| name.as_str()).collect()),
                "ServerType" => ("server type", known.types.iter().map(|name| name.as_str()).collect()),
                "Pool" => ("pool", known.pools.iter().map(|name| name.as_str()).collect()),
                "Channel" => ("channel", self.channels.iter().map(|(name, _)| name.as_str()).collect()),
                "User" | "Server" => {
                    let message = format!("`{}` names a single {}", one.note.id, kind.to_lowercase());
                    let help = "policies name groups of people, and sites, types and pools of servers".to_owned();
                    self.faults.push(one.fault_at_literal(file, &id, message).with_help(Some(help)));
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

    /// A warning fails the load too: a policy that can never apply was meant to.
    fn validate(&mut self, file: &PolicyFile, written: &[Written], schema: &Schema) {
        let set = PolicySet::from_policies(written.iter().map(|one| one.policy.clone()))
            .expect("a doubled id was left out by Loader::name");
        let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
        let mut broken = Vec::new();
        let mut told: Vec<PolicyFault> = Vec::new();
        for cause in result.validation_errors() {
            broken.push(cause.policy_id().clone());
            told.push(PolicyFault::from_cedar(&file.name, &file.text, cause));
        }
        for warning in result.validation_warnings().filter(|warning| !broken.contains(warning.policy_id())) {
            told.push(PolicyFault::from_cedar(&file.name, &file.text, warning));
        }
        // Cedar says the same of the same words once for each command that the policy covers.
        let mut places = BTreeSet::new();
        self.faults.extend(told.into_iter().filter(|fault| fault.place().is_none_or(|place| places.insert(place))));
    }
}

impl Written {
    fn fault(&self, file: &PolicyFile, message: String) -> PolicyFault {
        PolicyFault::new(&file.name, &file.text, message).at(self.head.0, self.head.1)
    }

    /// Points at the quoted name inside this policy, or at its first line when it is written with escapes.
    fn fault_at_literal(&self, file: &PolicyFile, id: &str, message: String) -> PolicyFault {
        let quoted = format!("::\"{id}\"");
        let found = file.text.get(self.head.0..).and_then(|rest| rest.find(&quoted));
        let fault = PolicyFault::new(&file.name, &file.text, message);
        match found {
            Some(offset) => fault.at(self.head.0 + offset + 2, quoted.len() - 2),
            None => fault.at(self.head.0, self.head.1),
        }
    }
}

/// Adds `context.channel == Channel::"…"` to a permit. A forbid stays as wide as it was written.
fn bind(policy: &Policy, channel: &ChannelName) -> Result<Policy, String> {
    if policy.effect() == Effect::Forbid {
        return Ok(policy.clone());
    }
    let tree = policy.to_pst().map_err(|cause| cause.to_string())?;
    let mut body = tree.body().clone();
    let name = pst::Name::unqualified("Channel").map_err(|cause| cause.to_string())?;
    let uid = pst::EntityUID { ty: pst::EntityType::from_name(name), eid: channel.as_str().into() };
    let asked = pst::Expr::GetAttr { expr: Arc::new(pst::Expr::Var(pst::Var::Context)), attr: "channel".into() };
    let here = pst::Expr::BinaryOp {
        op: pst::BinaryOp::Eq,
        left: Arc::new(asked),
        right: Arc::new(pst::Expr::Literal(pst::Literal::EntityUID(uid))),
    };
    body.try_add_clause(pst::Clause::When(Arc::new(here))).map_err(|cause| cause.to_string())?;
    let bound = pst::StaticPolicy::try_from(body).map_err(|cause| cause.to_string())?;
    Policy::from_pst(pst::Policy::Static(bound)).map_err(|cause| cause.to_string())
}

fn place_of(path: &str) -> Option<Place> {
    let path = path.strip_prefix("policies/").unwrap_or(path);
    match path.strip_prefix("channels/").and_then(|rest| rest.strip_suffix(".cedar")) {
        Some(name) if !name.is_empty() && !name.contains('/') => Some(Place::Channel(ChannelName::new(name))),
        Some(_) => None,
        None if path == "global.cedar" => Some(Place::Global),
        None if path == "schema.cedarschema" => Some(Place::Schema),
        None => None,
    }
}

/// Every group that a policy of these files names, sorted; for who reads policies without the directory at hand.
#[must_use]
pub fn mentioned_groups(files: &[PolicyFile]) -> Vec<GroupName> {
    let sets = files.iter().filter_map(|file| PolicySet::from_str(&file.text).ok());
    let literals = sets.flat_map(|set| set.policies().flat_map(Policy::entity_literals).collect::<Vec<_>>());
    let groups = literals.filter(|literal| literal.type_name().to_string() == Kind::Group.word());
    let names = groups.map(|literal| GroupName::new(literal.id().unescaped())).collect::<BTreeSet<_>>();
    names.into_iter().collect()
}

/// Where that policy begins in its file, and how long its first line is.
fn head_of(text: &str, policy: &str) -> (usize, usize) {
    let offset = text.find(policy).unwrap_or(0);
    (offset, policy.lines().next().unwrap_or_default().len())
}

/// The same for the same files in any order.
fn version(files: &[PolicyFile]) -> Fingerprint {
    let mut parts: Vec<String> =
        files.iter().map(|file| format!("{}\n{}\n{}", file.name, file.text.len(), file.text)).collect();
    parts.sort();
    Fingerprint::of(parts.concat().as_bytes())
}
