//! The steps of a command, and the steps that it reuses from others.

use super::command::Draft;
use super::fault::Source;
use super::fields::{Faults, Fields, list, one_of, word};
use super::inputs::{Mention, Mentioned, Reading};
use super::keys::{self, Key, Mapping};
use crate::domain::command::{
    CommandName, GateCheck, HostCheck, HttpMethod, HttpSpec, Input, Output, PowerPath, RebootSpec, Sent, StepSpec,
};
use crate::domain::intent::ParameterName;
use crate::fleet::nearest;
use crate::yaml::{Content, Node};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// The step that needs no settings and is no command.
pub(super) const RESTORE_STATE: &str = keys::RESTORE_STATE.name;
/// How long the load balancer may take to show a returned server, unless the file says otherwise.
const RETURN_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// How long checks may take to become true, unless the file says otherwise.
const CHECK_TIMEOUT: Duration = Duration::from_secs(120);
/// Commands that reuse commands that reuse commands, at most.
const REUSE_DEPTH_MAX: usize = 8;

/// One item of `steps`.
#[derive(Clone, Debug)]
pub(super) enum DraftStep {
    /// A step of this command.
    Own(PlacedStep),
    /// The steps of the command of that name.
    Reused { name: CommandName, span: Range<usize> },
}

/// A step and where it was written.
#[derive(Clone, Debug)]
pub(super) struct PlacedStep {
    pub(super) step: StepSpec,
    pub(super) span: Range<usize>,
    pub(super) source: Source,
    pub(super) mentions: Vec<Mention>,
}

const GATE_CHECKS: [(&str, GateCheck); 2] =
    [("drain-still-holds", GateCheck::DrainStillHolds), ("capacity", GateCheck::Capacity)];
const POWER_PATHS: [(&str, PowerPath); 2] = [("ssh", PowerPath::Ssh), ("redfish", PowerPath::Redfish)];
const PROOFS: [(&str, ()); 1] = [("boot-id-changed", ())];
const METHODS: [(&str, HttpMethod); 2] = [("GET", HttpMethod::Get), ("POST", HttpMethod::Post)];

/// A step that takes nothing but a time-out.
type TimedStep = fn(Input<Duration>) -> StepSpec;

/// The steps that need no settings.
const BARE_STEPS: [(&str, TimedStep); 2] = [
    (RESTORE_STATE, |timeout| StepSpec::RestoreState { timeout }),
    (keys::UNDRAIN.name, |timeout| StepSpec::Undrain { timeout }),
];

/// The words of steps that need no settings.
pub(super) fn bare_words() -> Vec<&'static str> {
    BARE_STEPS.iter().map(|(word, _)| *word).collect()
}

/// The words of `gate`.
pub(super) fn gate_checks() -> Vec<&'static str> {
    GATE_CHECKS.iter().map(|(word, _)| *word).collect()
}

/// The words of `via` and `else`.
pub(super) fn power_paths() -> Vec<&'static str> {
    POWER_PATHS.iter().map(|(word, _)| *word).collect()
}

/// The words of `verify`.
pub(super) fn proofs() -> Vec<&'static str> {
    PROOFS.iter().map(|(word, ())| *word).collect()
}

/// The words of `check` and `that`.
pub(super) fn host_checks() -> Vec<&'static str> {
    HostCheck::ALL.map(HostCheck::word).to_vec()
}

/// The words of `send` that are no parameters.
pub(super) fn outputs() -> Vec<&'static str> {
    Output::ALL.map(Output::word).to_vec()
}

/// The words of `method`.
pub(super) fn methods() -> Vec<&'static str> {
    METHODS.iter().map(|(word, _)| *word).collect()
}

/// The steps that have settings: the key that makes an item one of them, and all the keys of such an item.
static STEPS: [(&Key, &Mapping, ReadStep); 7] = [
    (&keys::DRAIN, &keys::DRAIN_STEP, drain),
    (&keys::GATE, &keys::GATE_STEP, gate),
    (&keys::REBOOT, &keys::REBOOT_STEP, reboot),
    (&keys::CHECK, &keys::CHECK_STEP, check),
    (&keys::RESTORE_STATE, &keys::RESTORE_STATE_STEP, restore_state),
    (&keys::UNDRAIN, &keys::UNDRAIN_STEP, undrain),
    (&keys::HTTP, &keys::HTTP_STEP, http),
];

/// Reads the settings of one kind of step.
type ReadStep = fn(&mut Fields<'_>, &mut Reading<'_>) -> Option<StepSpec>;

fn step_words() -> Vec<&'static str> {
    STEPS.iter().map(|(key, ..)| key.name).collect()
}

/// Reads the items of `steps`.
pub(super) fn read(items: &[Node], source: &Source, faults: &mut Faults) -> Vec<DraftStep> {
    items.iter().filter_map(|item| step(item, source, faults)).collect()
}

fn step(item: &Node, source: &Source, faults: &mut Faults) -> Option<DraftStep> {
    if let Some(written) = item.word() {
        let own = BARE_STEPS.iter().find(|(word, _)| *word == written).map(|(_, step)| step(RETURN_TIMEOUT.into()));
        let span = item.span.clone();
        return Some(match own {
            Some(step) => DraftStep::Own(PlacedStep { step, span, source: source.clone(), mentions: Vec::new() }),
            None => DraftStep::Reused { name: CommandName::new(written), span },
        });
    }
    let first = match &item.content {
        Content::Map(entries) => entries.first(),
        Content::Empty | Content::Word(_) | Content::List(_) => None,
    };
    let Some((key, _)) = first else {
        let what = format!("a step belongs here, not {}", item.kind());
        faults.push(source.fault(item.span.clone(), what, format!("there are: {}", step_words().join(", "))));
        return None;
    };
    let (written, span) = (key.word().unwrap_or_default(), key.span.clone());
    let Some((_, mapping, read)) = STEPS.iter().find(|(key, ..)| key.name == written) else {
        let instead = match nearest(written, step_words()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", step_words().join(", ")),
        };
        faults.push(source.fault(span, format!("there is no step `{written}`"), instead));
        return None;
    };
    let mut fields = Fields::of(item, (mapping, span.clone()), source, faults)?;
    let mut reading = Reading { faults, mentions: Vec::new() };
    let step = read(&mut fields, &mut reading)?;
    let Reading { faults, mentions } = reading;
    fields.end(faults);
    Some(DraftStep::Own(PlacedStep { step, span, source: source.clone(), mentions }))
}

/// The settings below a step's word.
fn settings<'a>(key: &Key, fields: &mut Fields<'a>, faults: &mut Faults) -> Option<Fields<'a>> {
    let span = fields.span();
    fields.below(key, &span, faults)
}

fn drain(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Option<StepSpec> {
    let mut own = settings(&keys::DRAIN, fields, reading.faults)?;
    let timeout = reading.duration(&keys::DRAIN_TIMEOUT, &mut own);
    let below = match own.has(&keys::CONNECTIONS_BELOW) {
        true => reading.count(&keys::CONNECTIONS_BELOW, &mut own),
        false => Some(Input::Literal(1)),
    };
    let connections_max = match below {
        Some(Input::Literal(below)) => Some(Input::Literal(below.saturating_sub(1))),
        parameter => parameter,
    };
    own.end(reading.faults);
    Some(StepSpec::Drain { timeout: timeout?, connections_max: connections_max? })
}

fn gate(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Option<StepSpec> {
    let source = fields.source();
    let items = fields.list(&keys::GATE, reading.faults);
    let checks = items.iter().filter_map(|item| one_of(item, &GATE_CHECKS, source, reading.faults)).collect();
    Some(StepSpec::Gate(checks))
}

fn reboot(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Option<StepSpec> {
    let source = fields.source();
    let mut own = settings(&keys::REBOOT, fields, reading.faults)?;
    let via = own.one_of(&keys::VIA, &POWER_PATHS, reading.faults);
    let else_node = own.take(&keys::ELSE, reading.faults);
    let otherwise = else_node.and_then(|node| one_of(node, &POWER_PATHS, source, reading.faults));
    if let (Some(node), true) = (else_node, otherwise.is_some() && otherwise == via) {
        reading.faults.push(source.fault(
            node.span.clone(),
            "`else` is the same way again",
            "name the other way, or leave it out",
        ));
    }
    let timeout = reading.duration(&keys::REBOOT_TIMEOUT, &mut own);
    let grace = reading.duration(&keys::GRACE, &mut own);
    if let (Some(Input::Literal(timeout)), Some(Input::Literal(grace))) = (&timeout, &grace)
        && grace >= timeout
    {
        reading.faults.push(source.fault(
            own.span(),
            "`grace` must be shorter than `timeout`",
            "give the server longer",
        ));
    }
    own.end(reading.faults);
    fields.one_of(&keys::VERIFY, &PROOFS, reading.faults);
    acknowledged(fields, reading.faults);
    Some(StepSpec::Reboot(RebootSpec { via: via?, otherwise, timeout: timeout?, grace: grace? }))
}

/// Whoever writes the file must say that they know.
fn acknowledged(fields: &mut Fields<'_>, faults: &mut Faults) {
    let name = keys::POINT_OF_NO_RETURN.name;
    let what = if !fields.has(&keys::POINT_OF_NO_RETURN) {
        format!("`{name}` is missing: a reboot cannot be undone")
    } else if !fields.flag(&keys::POINT_OF_NO_RETURN, faults) {
        "a reboot is always a point of no return".to_owned()
    } else {
        return;
    };
    let verb = if what.ends_with("undone") { "add" } else { "write" };
    faults.push(fields.source().fault(fields.span(), what, format!("{verb} `{name}: true`")));
}

/// `check: [services, mounts]`, or `check: { that: […], within: 60s }`.
fn check(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Option<StepSpec> {
    let source = fields.source();
    let node = fields.take(&keys::CHECK, reading.faults)?;
    let (items, timeout) = match &node.content {
        Content::Map(_) => {
            let mut own = Fields::of(node, (&keys::CHECK_SETTINGS, fields.span()), source, reading.faults)?;
            let items = own.list(&keys::THAT, reading.faults);
            let timeout = reading.duration(&keys::CHECKED_WITHIN, &mut own);
            own.end(reading.faults);
            (items, timeout)
        }
        Content::List(_) | Content::Empty | Content::Word(_) => {
            (list(node, source, reading.faults), Some(CHECK_TIMEOUT.into()))
        }
    };
    let words = HostCheck::ALL.map(|check| (check.word(), check));
    let checks = items.iter().filter_map(|item| one_of(item, &words, source, reading.faults)).collect();
    Some(StepSpec::Check { checks, timeout: timeout? })
}

fn restore_state(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Option<StepSpec> {
    let timeout = return_timeout(&keys::RESTORE_STATE, fields, reading)?;
    Some(StepSpec::RestoreState { timeout })
}

fn undrain(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Option<StepSpec> {
    let timeout = return_timeout(&keys::UNDRAIN, fields, reading)?;
    Some(StepSpec::Undrain { timeout })
}

fn return_timeout(key: &Key, fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Option<Input<Duration>> {
    let mut own = settings(key, fields, reading.faults)?;
    let timeout = reading.duration(&keys::RETURN_TIMEOUT, &mut own);
    own.end(reading.faults);
    timeout
}

fn http(fields: &mut Fields<'_>, reading: &mut Reading<'_>) -> Option<StepSpec> {
    let source = fields.source();
    let mut own = settings(&keys::HTTP, fields, reading.faults)?;
    let method = own.one_of(&keys::METHOD, &METHODS, reading.faults);
    let url = own.take(&keys::URL, reading.faults).and_then(|node| address(node, source, reading.faults));
    let send_node = own.take(&keys::SEND, reading.faults);
    if let (Some(node), Some(HttpMethod::Get)) = (send_node, method) {
        reading.faults.push(source.fault(
            node.span.clone(),
            "GET sends nothing",
            "write `method: POST`, or leave `send` out",
        ));
    }
    let send = send_node.map_or(&[][..], |node| list(node, source, reading.faults));
    let send = send.iter().filter_map(|item| sent(item, source, reading)).collect();
    let expect = own.number(&keys::EXPECT, reading.faults);
    let timeout = reading.duration(&keys::HTTP_TIMEOUT, &mut own);
    own.end(reading.faults);
    Some(StepSpec::Http(HttpSpec { method: method?, url: url?, send, expect: expect?, timeout: timeout? }))
}

/// A parameter's name, or what a step before tells: only that has a dot.
fn sent(item: &Node, source: &Source, reading: &mut Reading<'_>) -> Option<Sent> {
    let written = word(item, source, reading.faults)?;
    let sent = if written.contains('.') {
        let words = Output::ALL.map(|output| (output.word(), output));
        Sent::Output(one_of(item, &words, source, reading.faults)?)
    } else {
        Sent::Parameter(ParameterName::new(written))
    };
    reading.mentions.push(Mention { what: Mentioned::Sent(sent.clone()), span: item.span.clone() });
    Some(sent)
}

/// An address that is fixed in the file: no text of a person ever becomes part of it.
fn address(node: &Node, source: &Source, faults: &mut Faults) -> Option<String> {
    let written = word(node, source, faults)?;
    let rest = written.strip_prefix("https://").or_else(|| written.strip_prefix("http://"));
    let is_fixed = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['{', '}', ' ', '@']));
    if !is_fixed {
        let what = "an address begins with https:// or http:// and has no placeholder";
        faults.push(source.fault(node.span.clone(), what, "write it out; what people type goes into `send`"));
        return None;
    }
    Some(written.to_owned())
}

/// A command's steps with those of reused commands in their place.
pub(super) struct Placed {
    pub(super) steps: Vec<PlacedStep>,
    /// Whether nothing is missing: all files involved are sound, and all reused commands were found.
    pub(super) is_whole: bool,
}

/// Puts the steps of reused commands in their place.
pub(super) fn put_in(draft: &Draft, drafts: &BTreeMap<CommandName, Draft>, faults: &mut Faults) -> Placed {
    let mut placed = Placed { steps: Vec::new(), is_whole: true };
    for step in &draft.steps {
        match step {
            DraftStep::Own(step) => placed.steps.push(step.clone()),
            DraftStep::Reused { name, span } => {
                let mut reuse = Reuse { drafts, path: vec![&draft.spec.name], problem: None };
                collect(name, &mut reuse, &mut placed);
                if let Some((what, instead)) = reuse.problem {
                    faults.push(draft.source.fault(span.clone(), what, instead));
                }
            }
        }
    }
    placed.is_whole &= draft.is_sound;
    placed
}

struct Reuse<'a> {
    drafts: &'a BTreeMap<CommandName, Draft>,
    /// The command itself, then who reuses whom.
    path: Vec<&'a CommandName>,
    /// What this command has to be told. A fault inside a reused command is told there, once.
    problem: Option<(String, String)>,
}

fn collect<'a>(name: &'a CommandName, reuse: &mut Reuse<'a>, placed: &mut Placed) {
    let Some(draft) = reuse.drafts.get(name) else {
        placed.is_whole = false;
        if reuse.path.len() == 1 {
            reuse.problem = Some(unknown(name, reuse.drafts));
        }
        return;
    };
    if reuse.path.contains(&name) || reuse.path.len() >= REUSE_DEPTH_MAX {
        placed.is_whole = false;
        if reuse.path.first() == Some(&name) {
            reuse.problem = Some(circle(name, &reuse.path));
        } else if !reuse.path.contains(&name) {
            reuse.problem =
                Some(("steps are reused too many times over".to_owned(), "write the steps here".to_owned()));
        }
        return;
    }
    placed.is_whole &= draft.is_sound;
    reuse.path.push(&draft.spec.name);
    for step in &draft.steps {
        match step {
            DraftStep::Own(step) => placed.steps.push(step.clone()),
            DraftStep::Reused { name, .. } => collect(name, reuse, placed),
        }
    }
    reuse.path.pop();
}

fn unknown(name: &CommandName, drafts: &BTreeMap<CommandName, Draft>) -> (String, String) {
    let known = drafts.keys().map(CommandName::as_str).chain(step_words());
    let instead = match nearest(name.as_str(), known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a bare word is the name of a command whose steps are reused".to_owned(),
    };
    (format!("there is no command `{name}`"), instead)
}

fn circle(name: &CommandName, path: &[&CommandName]) -> (String, String) {
    let mut names: Vec<&str> = path.iter().map(|name| name.as_str()).collect();
    names.push(name.as_str());
    (format!("the steps go round in a circle: {}", names.join(" → ")), "write the steps of one of them out".to_owned())
}
