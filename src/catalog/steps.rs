//! The steps of a command, and the steps that it reuses from others.

use super::command::Draft;
use super::fault::Source;
use super::fields::{Faults, Fields, list, one_of, word};
use super::node::{Content, Node};
use crate::domain::command::{
    CommandName, GateCheck, HostCheck, HttpMethod, HttpSpec, PowerPath, RebootSpec, StepSpec,
};
use crate::domain::intent::ParameterName;
use crate::fleet::nearest;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// The step that needs no settings and is no command.
pub(super) const RESTORE_STATE: &str = "restore-state";
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
}

const STEP_WORDS: [&str; 7] = ["drain", "gate", "reboot", "check", RESTORE_STATE, "undrain", "http"];

/// Reads `steps`.
pub(super) fn read(node: &Node, source: &Source, faults: &mut Faults) -> Vec<DraftStep> {
    list(node, source, faults).iter().filter_map(|item| step(item, source, faults)).collect()
}

fn step(item: &Node, source: &Source, faults: &mut Faults) -> Option<DraftStep> {
    if let Some(written) = item.word() {
        let own = match written {
            RESTORE_STATE => Some(StepSpec::RestoreState { timeout: RETURN_TIMEOUT.into() }),
            "undrain" => Some(StepSpec::Undrain { timeout: RETURN_TIMEOUT.into() }),
            _ => None,
        };
        let span = item.span.clone();
        return Some(match own {
            Some(step) => DraftStep::Own(PlacedStep { step, span, source: source.clone() }),
            None => DraftStep::Reused { name: CommandName::new(written), span },
        });
    }
    let first = match &item.content {
        Content::Map(entries) => entries.first(),
        Content::Empty | Content::Word(_) | Content::List(_) => None,
    };
    let Some((key, _)) = first else {
        let what = format!("a step belongs here, not {}", item.kind());
        faults.push(source.fault(item.span.clone(), what, format!("there are: {}", STEP_WORDS.join(", "))));
        return None;
    };
    let span = key.span.clone();
    let mut fields = Fields::of(item, span.clone(), source, faults)?;
    let step = own_step(key.word().unwrap_or_default(), &mut fields, faults)?;
    fields.end(faults);
    Some(DraftStep::Own(PlacedStep { step, span, source: source.clone() }))
}

fn own_step(word: &str, fields: &mut Fields<'_>, faults: &mut Faults) -> Option<StepSpec> {
    match word {
        "drain" => drain(fields, faults),
        "gate" => gate(fields, faults),
        "reboot" => reboot(fields, faults),
        "check" => check(fields, faults),
        "restore-state" => return_timeout("restore-state", fields, faults)
            .map(|timeout| StepSpec::RestoreState { timeout: timeout.into() }),
        "undrain" => {
            return_timeout("undrain", fields, faults).map(|timeout| StepSpec::Undrain { timeout: timeout.into() })
        }
        "http" => http(fields, faults),
        _ => {
            let instead = match nearest(word, STEP_WORDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", STEP_WORDS.join(", ")),
            };
            faults.push(fields.source().fault(fields.span(), format!("there is no step `{word}`"), instead));
            None
        }
    }
}

/// The settings below a step's word.
fn settings<'a>(key: &'static str, fields: &mut Fields<'a>, faults: &mut Faults) -> Option<Fields<'a>> {
    let node = fields.take(key)?;
    Fields::of(node, fields.span(), fields.source(), faults)
}

fn need_duration(key: &'static str, fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Duration> {
    if fields.has(key) { fields.duration(key, faults) } else { fields.need(key, faults).and(None) }
}

fn drain(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<StepSpec> {
    let mut own = settings("drain", fields, faults)?;
    let timeout = need_duration("timeout", &mut own, faults);
    let below = match own.has("connections-below") {
        true => own.number("connections-below", 1..1_000_000, faults),
        false => Some(1),
    };
    own.end(faults);
    Some(StepSpec::Drain { timeout: timeout?.into(), connections_max: below?.saturating_sub(1).into() })
}

fn gate(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<StepSpec> {
    const CHECKS: [(&str, GateCheck); 2] =
        [("drain-still-holds", GateCheck::DrainStillHolds), ("capacity", GateCheck::Capacity)];
    let items = list(fields.take("gate")?, fields.source(), faults);
    let checks = items.iter().filter_map(|item| one_of(item, &CHECKS, fields.source(), faults)).collect();
    Some(StepSpec::Gate(checks))
}

fn reboot(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<StepSpec> {
    const PATHS: [(&str, PowerPath); 2] = [("ssh", PowerPath::Ssh), ("redfish", PowerPath::Redfish)];
    let source = fields.source();
    let mut own = settings("reboot", fields, faults)?;
    let via = own.need("via", faults).and_then(|node| one_of(node, &PATHS, source, faults));
    let else_node = own.take("else");
    let otherwise = else_node.and_then(|node| one_of(node, &PATHS, source, faults));
    if let (Some(node), true) = (else_node, otherwise.is_some() && otherwise == via) {
        faults.push(source.fault(
            node.span.clone(),
            "`else` is the same way again",
            "name the other way, or leave it out",
        ));
    }
    let timeout = need_duration("timeout", &mut own, faults);
    let grace = need_duration("grace", &mut own, faults);
    if let (Some(timeout), Some(grace)) = (timeout, grace)
        && grace >= timeout
    {
        faults.push(source.fault(own.span(), "`grace` must be shorter than `timeout`", "give the server longer"));
    }
    own.end(faults);
    fields.need("verify", faults).and_then(|node| one_of(node, &[("boot-id-changed", ())], source, faults));
    let is_acknowledged = fields.has("point-of-no-return");
    if !fields.flag("point-of-no-return", faults) && is_acknowledged {
        let what = "a reboot is always a point of no return";
        faults.push(source.fault(fields.span(), what, "write `point-of-no-return: true`"));
    } else if !is_acknowledged {
        let what = "`point-of-no-return` is missing: a reboot cannot be undone";
        faults.push(source.fault(fields.span(), what, "add `point-of-no-return: true`"));
    }
    Some(StepSpec::Reboot(RebootSpec { via: via?, otherwise, timeout: timeout?.into(), grace: grace?.into() }))
}

/// `check: [services, mounts]`, or `check: { that: […], within: 60s }`.
fn check(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<StepSpec> {
    let source = fields.source();
    let node = fields.take("check")?;
    let (items, timeout) = match &node.content {
        Content::Map(_) => {
            let mut own = Fields::of(node, fields.span(), source, faults)?;
            let items = own.need("that", faults).map_or(&[][..], |node| list(node, source, faults));
            let timeout = need_duration("within", &mut own, faults);
            own.end(faults);
            (items, timeout)
        }
        Content::List(_) | Content::Empty | Content::Word(_) => (list(node, source, faults), Some(CHECK_TIMEOUT)),
    };
    let words = HostCheck::ALL.map(|check| (check.word(), check));
    let checks = items.iter().filter_map(|item| one_of(item, &words, source, faults)).collect();
    Some(StepSpec::Check { checks, timeout: timeout?.into() })
}

fn return_timeout(key: &'static str, fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Duration> {
    let mut own = settings(key, fields, faults)?;
    let timeout = need_duration("timeout", &mut own, faults);
    own.end(faults);
    timeout
}

fn http(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<StepSpec> {
    const METHODS: [(&str, HttpMethod); 2] = [("GET", HttpMethod::Get), ("POST", HttpMethod::Post)];
    let source = fields.source();
    let mut own = settings("http", fields, faults)?;
    let method = own.need("method", faults).and_then(|node| one_of(node, &METHODS, source, faults));
    let url = own.need("url", faults).and_then(|node| address(node, source, faults));
    let send_node = own.take("send");
    if let (Some(node), Some(HttpMethod::Get)) = (send_node, method) {
        faults.push(source.fault(node.span.clone(), "GET sends nothing", "write `method: POST`, or leave `send` out"));
    }
    let send = send_node.map_or(&[][..], |node| list(node, source, faults));
    let send = send.iter().filter_map(|item| word(item, source, faults)).map(ParameterName::new).collect();
    let expect = own.need_small("expect", 100..600, faults).and_then(|status| u16::try_from(status).ok());
    let timeout = need_duration("timeout", &mut own, faults);
    own.end(faults);
    Some(StepSpec::Http(HttpSpec { method: method?, url: url?, send, expect: expect?, timeout: timeout?.into() }))
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
    let known = drafts.keys().map(CommandName::as_str).chain(STEP_WORDS);
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
