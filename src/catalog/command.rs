//! One file becomes a draft: everything but the steps of other commands.

use super::fault::Source;
use super::fields::{Faults, Fields, list, one_of, word};
use super::node::{self, Node};
use super::parameters;
use super::steps::{self, DraftStep};
use crate::domain::command::{ApprovalRule, CommandName, CommandSpec, Impact, Targets, WaveRule, WaveSize};
use crate::domain::identity::GroupName;
use crate::domain::ids::Fingerprint;
use crate::domain::intent::{BuiltInVerb, ParameterName};
use crate::domain::server::{ProductionState, ServerType};
use std::ops::Range;
use std::time::Duration;

/// The most servers that a command file may allow for one request.
const TARGETS_MAX: u32 = 20_000;
/// The longest summary: it is one line of help.
const SUMMARY_LENGTH_MAX_CHARS: usize = 120;

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
    let root = match node::read(source) {
        Ok(root) => root,
        Err(fault) => {
            faults.push(fault);
            return None;
        }
    };
    let mut fields = Fields::of(&root, 0..first_line(source), source, faults)?;
    let name_node = fields.need("command", faults)?;
    let name = name(name_node, source, faults)?;
    let summary = summary(&mut fields, faults);
    let impact_node = fields.need("impact", faults);
    let impact =
        impact_node.and_then(|node| one_of(node, &Impact::ALL.map(|impact| (impact.word(), impact)), source, faults));
    let owner = GroupName::new(fields.need_word("owner", faults).unwrap_or_default());
    let targets = fields.need("targets", faults).and_then(|node| targets(node, source, faults));
    let parameters = fields.take("parameters").map_or_else(Vec::new, |node| parameters::read(node, source, faults));
    let waves_node = fields.take("waves");
    let waves = waves_node.map_or_else(all_at_once, |node| waves(node, source, faults));
    let site_concurrency = fields.take("limits").and_then(|node| site_concurrency(node, source, faults));
    let approvals = fields.take("approvals").and_then(|node| approvals(node, source, faults));
    let steps = fields.need("steps", faults).map_or_else(Vec::new, |node| steps::read(node, source, faults));
    let examples = fields.need("examples", faults).map_or_else(Vec::new, |node| examples(node, source, faults));
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
            approvals,
            steps: Vec::new(),
            examples,
            hash: Fingerprint::of(&[]),
        },
    })
}

fn first_line(source: &Source) -> usize {
    source.text().lines().next().map_or(0, str::len)
}

fn name(node: &Node, source: &Source, faults: &mut Faults) -> Option<CommandName> {
    let written = word(node, source, faults)?;
    if BuiltInVerb::of_word(written).is_some() || written == steps::RESTORE_STATE {
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
    let Some(node) = fields.need("summary", faults) else { return String::new() };
    let text = word(node, fields.source(), faults).unwrap_or_default();
    if text.chars().count() > SUMMARY_LENGTH_MAX_CHARS || text.contains('\n') {
        let what = format!("a summary is one line of at most {SUMMARY_LENGTH_MAX_CHARS} characters");
        faults.push(fields.source().fault(node.span.clone(), what, "say what the command does, briefly"));
    }
    text.to_owned()
}

fn targets(node: &Node, source: &Source, faults: &mut Faults) -> Option<Targets> {
    match node.word() {
        Some("none") => return Some(Targets::None),
        Some("site") => return Some(Targets::Sites { max: 1 }),
        Some(written) => {
            let what = format!("`{written}` is nothing that a command works on");
            let instead = "write `none`, `site`, `{ sites: 5 }`, or { types: […], from: […], max: 50 } for servers";
            faults.push(source.fault(node.span.clone(), what, instead));
            return None;
        }
        None => {}
    }
    let mut fields = Fields::of(node, node.span.clone(), source, faults)?;
    if fields.has("sites") {
        let max = fields.need_small("sites", 1..TARGETS_MAX + 1, faults).unwrap_or(1);
        fields.end(faults);
        return Some(Targets::Sites { max });
    }
    let types = fields.need("types", faults).map_or(&[][..], |node| list(node, source, faults));
    let types: Vec<ServerType> =
        types.iter().filter_map(|node| word(node, source, faults)).map(ServerType::new).collect();
    let words = ProductionState::ALL.map(|state| (state.word(), state));
    let from = fields.need("from", faults).map_or(&[][..], |node| list(node, source, faults));
    let from = from.iter().filter_map(|node| one_of(node, &words, source, faults)).collect();
    let max = fields.need_small("max", 1..TARGETS_MAX + 1, faults).unwrap_or(1);
    fields.end(faults);
    Some(Targets::Servers { types, from, max })
}

const fn all_at_once() -> WaveRule {
    WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 }
}

fn waves(node: &Node, source: &Source, faults: &mut Faults) -> WaveRule {
    let Some(mut fields) = Fields::of(node, node.span.clone(), source, faults) else { return all_at_once() };
    let canary = fields.small("canary", 0..101, faults).unwrap_or(0);
    let then = fields.need("then", faults).and_then(|node| wave_size(node, source, faults));
    let soak = fields.duration("soak", faults).unwrap_or(Duration::ZERO);
    let stop = fields.need("stop-when", faults).and_then(|node| failures_above(node, source, faults));
    fields.end(faults);
    WaveRule { canary, then: then.unwrap_or(WaveSize::All), soak, stop_when_failures_exceed: stop.unwrap_or(0) }
}

/// `"{wave}"`, `20%` or `all`.
fn wave_size(node: &Node, source: &Source, faults: &mut Faults) -> Option<WaveSize> {
    let written = word(node, source, faults)?;
    if written == "all" {
        return Some(WaveSize::All);
    }
    if let Some(name) = written.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return Some(WaveSize::Parameter(ParameterName::new(name)));
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
        ["failures", ">", number] => number.parse().ok().filter(|number| *number < TARGETS_MAX),
        _ => None,
    };
    if number.is_none() {
        let what = format!("`{written}` is not a condition");
        faults.push(source.fault(node.span.clone(), what, "write `failures > 1`"));
    }
    number
}

fn site_concurrency(node: &Node, source: &Source, faults: &mut Faults) -> Option<u32> {
    let mut fields = Fields::of(node, node.span.clone(), source, faults)?;
    let concurrency = fields.need("concurrency", faults);
    fields.end(faults);
    let mut fields = Fields::of(concurrency?, node.span.clone(), source, faults)?;
    let site = fields.need_small("site", 1..1_001, faults);
    fields.end(faults);
    site
}

fn approvals(node: &Node, source: &Source, faults: &mut Faults) -> Option<ApprovalRule> {
    let mut fields = Fields::of(node, node.span.clone(), source, faults)?;
    let above = fields.need_small("above", 0..TARGETS_MAX + 1, faults);
    let from = fields.need_word("from", faults).map(GroupName::new);
    let count = fields.need_small("count", 1..11, faults);
    let within =
        if fields.has("within") { fields.duration("within", faults) } else { fields.need("within", faults).and(None) };
    fields.end(faults);
    Some(ApprovalRule { above: above?, from: from?, count: count?, within: within? })
}

fn examples(node: &Node, source: &Source, faults: &mut Faults) -> Vec<(String, Range<usize>)> {
    let items = list(node, source, faults);
    if items.len() == 1 {
        faults.push(source.fault(node.span.clone(), "one example is not enough", "add a second one; both are tested"));
    }
    let line = |node: &Node, faults: &mut Faults| Some((word(node, source, faults)?.to_owned(), node.span.clone()));
    items.iter().filter_map(|node| line(node, faults)).collect()
}
