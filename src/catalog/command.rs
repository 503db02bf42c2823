//! One file becomes a draft: everything but the steps of other commands.

use super::fault::Source;
use super::fields::{Faults, Fields, list, one_of, word};
use super::inputs::{Written, written};
use super::keys::{self, SUMMARY_LENGTH_MAX_CHARS};
use super::parameters;
use super::steps::{self, DraftStep};
use crate::domain::command::{
    ApprovalRule, CommandName, CommandSpec, EscalationRule, Impact, OwnerOf, Priority, Targets, WaveRule, WaveSize,
};
use crate::domain::identity::GroupName;
use crate::domain::ids::Fingerprint;
use crate::domain::intent::BuiltInVerb;
use crate::domain::server::{ProductionState, ServerType};
use crate::yaml::{self, Content, NoYaml, Node};
use std::ops::Range;
use std::time::Duration;

/// What `targets` may be without keys of its own.
const NO_SERVERS: [(&str, Targets); 2] = [("none", Targets::None), ("site", Targets::Sites { max: 1 })];

/// What no command may be called.
pub(super) fn taken_names() -> Vec<&'static str> {
    BuiltInVerb::ALL.into_iter().map(BuiltInVerb::word).chain([steps::RESTORE_STATE]).collect()
}

/// The words of `impact`.
pub(super) fn impacts() -> Vec<&'static str> {
    Impact::ALL.map(Impact::word).to_vec()
}

/// The words of `priority`.
pub(super) fn priorities() -> Vec<&'static str> {
    Priority::ALL.map(Priority::word).to_vec()
}

/// The words of `targets`.
pub(super) fn targets_without_keys() -> Vec<&'static str> {
    NO_SERVERS.iter().map(|(word, _)| *word).collect()
}

/// The words of `from`.
pub(super) fn production_states() -> Vec<&'static str> {
    ProductionState::ALL.map(ProductionState::word).to_vec()
}

/// A command file that was read, with what later checks need.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// The file.
    pub(super) source: Source,
    /// Where the name stands.
    pub(super) name_span: Range<usize>,
    /// Where the impact class stands.
    pub(super) impact_span: Range<usize>,
    /// Where waves, if any, and limits stand.
    pub(super) waves_span: Option<Range<usize>>,
    /// Its own steps, and the names of commands whose steps it reuses.
    pub(super) steps: Vec<DraftStep>,
    /// Whether no fault was found in the file while it was read.
    pub(super) is_sound: bool,
    /// Where each example stands.
    pub(super) example_spans: Vec<Range<usize>>,
    /// Everything else; no steps, no fingerprint yet.
    pub(super) spec: CommandSpec,
}

/// Reads one file. A draft with faults is still a draft, so that commands that reuse it are not blamed.
pub(super) fn read(source: &Source, faults: &mut Faults) -> Option<Draft> {
    let faults_before = faults.len();
    let root = match yaml::read(source.text()) {
        Ok(root) => root,
        Err(NoYaml { span, what }) => {
            let instead = "correct the YAML; everything else in this file is read after that";
            faults.push(source.fault(span, what, instead));
            return None;
        }
    };
    let mut fields = Fields::of(&root, (&keys::FILE, beginning(&root, source)), source, faults)?;
    let name_node = fields.take(&keys::COMMAND, faults)?;
    let name = name(name_node, source, faults)?;
    let summary = summary(&mut fields, faults);
    let impact_node = fields.take(&keys::IMPACT, faults);
    let impact =
        impact_node.and_then(|node| one_of(node, &Impact::ALL.map(|impact| (impact.word(), impact)), source, faults));
    let owner = GroupName::new(fields.word(&keys::OWNER, faults).unwrap_or_default());
    let targets = fields.take(&keys::TARGETS, faults).and_then(|node| targets(node, source, faults));
    let parameters = fields.take(&keys::PARAMETERS, faults);
    let parameters = parameters.map_or_else(Vec::new, |node| parameters::read(node, source, faults));
    let waves_node = fields.take(&keys::WAVES, faults);
    let waves = waves_node.map_or_else(all_at_once, |node| waves(node, source, faults));
    let site_concurrency = fields.take(&keys::LIMITS, faults).and_then(|node| site_concurrency(node, source, faults));
    let priority = fields
        .take(&keys::PRIORITY, faults)
        .and_then(|node| one_of(node, &Priority::ALL.map(|priority| (priority.word(), priority)), source, faults));
    let remediates = fields.flag(&keys::REMEDIATES, faults);
    let approvals = fields.take(&keys::APPROVALS, faults).and_then(|node| approvals(node, source, faults));
    let steps = steps::read(fields.list(&keys::STEPS, faults), source, faults);
    let examples = fields.take(&keys::EXAMPLES, faults);
    let examples = examples.map_or_else(Vec::new, |node| lines(node, source, faults));
    let (examples, example_spans) = examples.into_iter().unzip();
    fields.end(faults);
    Some(Draft {
        source: source.clone(),
        name_span: name_node.span.clone(),
        impact_span: impact_node.map_or_else(|| name_node.span.clone(), |node| node.span.clone()),
        waves_span: waves_node.map(|node| node.span.clone()),
        steps,
        example_spans,
        is_sound: faults.len() == faults_before,
        spec: CommandSpec {
            name,
            summary,
            impact: impact.unwrap_or(Impact::Destructive),
            owner,
            targets: targets.unwrap_or(Targets::None),
            parameters,
            waves,
            site_concurrency,
            priority: priority.unwrap_or_default(),
            remediates,
            approvals,
            steps: Vec::new(),
            examples,
            hash: Fingerprint::of(&[]),
        },
    })
}

/// The line of the first key, which stands for the whole file where something is missing.
fn beginning(root: &Node, source: &Source) -> Range<usize> {
    let first = match &root.content {
        Content::Map(entries) => entries.first().map_or(0, |(key, _)| key.span.start),
        Content::Empty | Content::Word(_) | Content::List(_) => 0,
    };
    let rest = source.text().get(first..).unwrap_or_default();
    first..first + rest.lines().next().map_or(0, str::len)
}

fn name(node: &Node, source: &Source, faults: &mut Faults) -> Option<CommandName> {
    let written = word(node, source, faults)?;
    if taken_names().contains(&written) {
        let what = format!("`{written}` is a word of the language itself");
        faults.push(source.fault(node.span.clone(), what, "give the command another name"));
        return None;
    }
    if !is_name(written) {
        let what = format!("`{written}` is not a command's name");
        faults.push(source.fault(node.span.clone(), what, "use lower-case letters, digits and dashes, a letter first"));
        return None;
    }
    Some(CommandName::new(written))
}

/// What commands and parameters may be called: one word that a phone types easily.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    text.starts_with(|letter: char| letter.is_ascii_lowercase()) && text.len() <= 32 && text.chars().all(fits)
}

fn summary(fields: &mut Fields<'_>, faults: &mut Faults) -> String {
    let Some(node) = fields.take(&keys::SUMMARY, faults) else { return String::new() };
    let text = word(node, fields.source(), faults).unwrap_or_default();
    if text.chars().count() > SUMMARY_LENGTH_MAX_CHARS || text.contains('\n') {
        let what = format!("a summary is one line of at most {SUMMARY_LENGTH_MAX_CHARS} characters");
        faults.push(fields.source().fault(node.span.clone(), what, "say what the command does, briefly"));
    }
    text.to_owned()
}

fn targets(node: &Node, source: &Source, faults: &mut Faults) -> Option<Targets> {
    if let Some(written) = node.word() {
        let found = NO_SERVERS.into_iter().find(|(word, _)| *word == written).map(|(_, targets)| targets);
        if found.is_none() {
            let what = format!("`{written}` is nothing that a command works on");
            let instead = "write `none`, `site`, `{ sites: 5 }`, or { types: […], from: […], max: 50 } for servers";
            faults.push(source.fault(node.span.clone(), what, instead));
        }
        return found;
    }
    let mut fields = Fields::of(node, (&keys::SERVERS, node.span.clone()), source, faults)?;
    if fields.has(&keys::SITES_MAX) {
        let mut fields = fields.narrowed(&keys::SITES);
        let max = fields.number(&keys::SITES_MAX, faults).unwrap_or(1);
        fields.end(faults);
        return Some(Targets::Sites { max });
    }
    let types = fields.list(&keys::TYPES, faults);
    let types = types.iter().filter_map(|node| word(node, source, faults)).map(ServerType::new).collect();
    let words = ProductionState::ALL.map(|state| (state.word(), state));
    let from = fields.list(&keys::FROM, faults);
    let from = from.iter().filter_map(|node| one_of(node, &words, source, faults)).collect();
    let max = fields.number(&keys::MAX_TARGETS, faults).unwrap_or(1);
    fields.end(faults);
    Some(Targets::Servers { types, from, max })
}

const fn all_at_once() -> WaveRule {
    WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 }
}

fn waves(node: &Node, source: &Source, faults: &mut Faults) -> WaveRule {
    let span = (&keys::WAVE_RULE, node.span.clone());
    let Some(mut fields) = Fields::of(node, span, source, faults) else { return all_at_once() };
    let canary = fields.number(&keys::CANARY, faults).unwrap_or(0);
    let then = fields.take(&keys::THEN, faults).and_then(|node| wave_size(node, source, faults));
    let soak = fields.duration(&keys::SOAK, faults).unwrap_or(Duration::ZERO);
    let stop = fields.take(&keys::STOP_WHEN, faults).and_then(|node| failures_above(node, source, faults));
    fields.end(faults);
    WaveRule { canary, then: then.unwrap_or(WaveSize::All), soak, stop_when_failures_exceed: stop.unwrap_or(0) }
}

/// `"{wave}"`, `20%` or `all`.
fn wave_size(node: &Node, source: &Source, faults: &mut Faults) -> Option<WaveSize> {
    match written(node, &keys::THEN, source, faults) {
        Written::Parameter(name) => return Some(WaveSize::Parameter(name)),
        Written::Faulty => return None,
        Written::Value => {}
    }
    let written = word(node, source, faults)?;
    if written == "all" {
        return Some(WaveSize::All);
    }
    let percent = written.strip_suffix('%').and_then(|digits| digits.parse().ok());
    let size = percent.filter(|percent| (1..=100).contains(percent)).map(WaveSize::Percent);
    if size.is_none() {
        let what = format!("`{written}` is not the size of a wave");
        faults.push(source.fault(node.span.clone(), what, "write 20%, all, or \"{name}\" of a percentage parameter"));
    }
    size
}

/// `failures > 1`.
fn failures_above(node: &Node, source: &Source, faults: &mut Faults) -> Option<u32> {
    let written = word(node, source, faults)?;
    let words: Vec<&str> = written.split_whitespace().collect();
    let number = match words.as_slice() {
        ["failures", ">", number] => number.parse().ok(),
        _ => None,
    };
    if number.is_none() {
        let what = format!("`{written}` is not a condition");
        faults.push(source.fault(node.span.clone(), what, "write `failures > 1`"));
    }
    number
}

fn site_concurrency(node: &Node, source: &Source, faults: &mut Faults) -> Option<u32> {
    let mut fields = Fields::of(node, (&keys::LIMIT_RULES, node.span.clone()), source, faults)?;
    let concurrency = fields.below(&keys::CONCURRENCY, &node.span, faults);
    fields.end(faults);
    let mut fields = concurrency?;
    let site = fields.number(&keys::PER_SITE, faults);
    fields.end(faults);
    site
}

fn approvals(node: &Node, source: &Source, faults: &mut Faults) -> Option<ApprovalRule> {
    let mut fields = Fields::of(node, (&keys::APPROVAL_RULE, node.span.clone()), source, faults)?;
    let above = fields.number(&keys::ABOVE, faults);
    let from = fields.word(&keys::APPROVERS, faults).map(GroupName::new);
    let count = fields.number(&keys::COUNT, faults);
    let within = fields.duration(&keys::APPROVED_WITHIN, faults);
    let owners = fields.take(&keys::OWNERS, faults).map_or(&[][..], |node| list(node, source, faults));
    let words = OwnerOf::ALL.map(|owned| (owned.word(), owned));
    let owners = owners.iter().filter_map(|item| one_of(item, &words, source, faults)).collect();
    let escalation_node = fields.take(&keys::ESCALATE, faults);
    let escalation = escalation_node.and_then(|node| escalation(node, source, faults));
    if let (Some(node), Some(rule), Some(within)) = (escalation_node, &escalation, within)
        && rule.after >= within
    {
        let what = "`after` must be shorter than `within`: later there is nothing to decide";
        faults.push(source.fault(node.span.clone(), what, "ask them earlier, or give people longer"));
    }
    fields.end(faults);
    Some(ApprovalRule { above: above?, from: from?, count: count?, within: within?, owners, escalation })
}

/// The words of `owners`.
pub(super) fn owned() -> Vec<&'static str> {
    OwnerOf::ALL.map(OwnerOf::word).to_vec()
}

fn escalation(node: &Node, source: &Source, faults: &mut Faults) -> Option<EscalationRule> {
    let mut fields = Fields::of(node, (&keys::ESCALATION_RULE, node.span.clone()), source, faults)?;
    let to = fields.word(&keys::ESCALATE_TO, faults).map(GroupName::new);
    let after = fields.duration(&keys::ESCALATE_AFTER, faults);
    fields.end(faults);
    Some(EscalationRule { to: to?, after: after? })
}

fn lines(node: &Node, source: &Source, faults: &mut Faults) -> Vec<(String, Range<usize>)> {
    let items = list(node, source, faults);
    if items.len() == 1 {
        faults.push(source.fault(node.span.clone(), "one example is not enough", "add a second one; both are tested"));
    }
    let line = |node: &Node, faults: &mut Faults| Some((word(node, source, faults)?.to_owned(), node.span.clone()));
    items.iter().filter_map(|node| line(node, faults)).collect()
}
