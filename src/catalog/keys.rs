//! Every key that a command file may have: the one table behind the reader, its suggestions and the schema for editors.

use super::{command, parameters, steps};
use crate::domain::limits::LINE_LENGTH_MAX_CHARS;

/// The most servers that a command file may allow for one request.
const TARGETS_MAX: u64 = 20_000;
/// The longest summary: it is one line of help.
pub(super) const SUMMARY_LENGTH_MAX_CHARS: usize = 120;

/// The keys that may stand together.
pub(super) struct Mapping {
    /// What it is, for whoever hovers over it.
    pub(super) about: &'static str,
    /// Its keys, in the order in which they are told.
    pub(super) keys: &'static [Key],
}

/// One key.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) need: Need,
    pub(super) shape: Shape,
    /// What it means, for whoever hovers over it.
    pub(super) about: &'static str,
}

/// Whether a key may be left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    Required,
    Optional,
}

/// What may stand behind a key.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Any word or text.
    Word,
    /// Text in one line.
    Line { length_max: usize },
    /// The name of a command.
    Name,
    /// A name that nothing has yet.
    NewName { taken: fn() -> Vec<&'static str> },
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// A whole number within these bounds.
    Number { least: u64, most: u64 },
    /// Any whole number.
    Integer,
    /// `20%`.
    Percentage,
    /// `90s`, `5m`, `2h30m`.
    Duration,
    /// Such a value, or `"{name}"` of a parameter that has one.
    Input(&'static Shape),
    /// `true` or `false`.
    Flag,
    /// `true`, which has to be written.
    Acknowledged,
    /// `yes` or `no`, `true` or `false`.
    Boolean,
    /// `20%`, `all`, or `"{name}"` of a percentage parameter.
    WaveSize,
    /// `failures > 1`.
    Condition,
    /// An address that is fixed.
    Address,
    /// At least that many items.
    List { of: &'static Shape, least: usize },
    /// Keys with values.
    Map(&'static Mapping),
    /// Keys that are names of the author's choice, each with one of these.
    Named { taken: fn() -> Vec<&'static str>, kinds: &'static [&'static Mapping] },
    /// Any of these.
    Either(&'static [Shape]),
}

impl Shape {
    /// The least and the most of a number; what is no number has none.
    pub(super) const fn bounds(&self) -> (u64, u64) {
        if let Self::Number { least, most } | Self::Input(Self::Number { least, most }) = self {
            (*least, *most)
        } else {
            (0, u64::MAX)
        }
    }

    /// The keys that stand below it, if it is such a shape.
    pub(super) const fn mapping(&self) -> Option<&'static Mapping> {
        if let Self::Map(mapping) = self { Some(mapping) } else { None }
    }
}

const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, need: Need::Required, shape, about }
}

const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, need: Need::Optional, shape, about }
}

pub(super) const COMMAND: Key =
    required("command", Shape::NewName { taken: command::taken_names }, "The verb that people type.");
pub(super) const SUMMARY: Key = required(
    "summary",
    Shape::Line { length_max: SUMMARY_LENGTH_MAX_CHARS },
    "What the command does, in one line of help.",
);
pub(super) const IMPACT: Key = required(
    "impact",
    Shape::Words(command::impacts),
    "How much harm it can do. From `drain` on it needs waves, from `power-cycle` on a reason, and a `destructive` one always approval.",
);
pub(super) const PRIORITY: Key = optional(
    "priority",
    Shape::Words(command::priorities),
    "How urgent it is beside what else waits: `safety` first, then `security`, `planned` (the default), `bulk`; who waits long moves up.",
);
pub(super) const REMEDIATES: Key = optional(
    "remediates",
    Shape::Flag,
    "Whether it is a cure, so that alerts about a server itself do not keep it from that server; `false` if left out.",
);
pub(super) const OWNER: Key = required("owner", Shape::Word, "The group that answers for the command.");
static TARGET_SHAPES: [Shape; 3] =
    [Shape::Words(command::targets_without_keys), Shape::Map(&SERVERS), Shape::Map(&SITES)];
pub(super) const TARGETS: Key = required(
    "targets",
    Shape::Either(&TARGET_SHAPES),
    "What it works on: `none`, one `site`, `{ sites: 5 }`, or servers.",
);
static PARAMETER_KINDS: [&Mapping; 7] = [
    &TEXT_PARAMETER,
    &INTEGER_PARAMETER,
    &PERCENTAGE_PARAMETER,
    &DURATION_PARAMETER,
    &CHOICE_PARAMETER,
    &BOOLEAN_PARAMETER,
    &OTHER_PARAMETER,
];
pub(super) const PARAMETERS: Key = optional(
    "parameters",
    Shape::Named { taken: parameters::taken_names, kinds: &PARAMETER_KINDS },
    "What people may write behind the servers, as `--name value`.",
);
pub(super) const WAVES: Key = optional("waves", Shape::Map(&WAVE_RULE), "How many servers at a time.");
pub(super) const LIMITS: Key = optional("limits", Shape::Map(&LIMIT_RULES), "How much of this command at once.");
pub(super) const APPROVALS: Key =
    optional("approvals", Shape::Map(&APPROVAL_RULE), "Above which size other people must agree.");
pub(super) const STEPS: Key = required(
    "steps",
    Shape::List { of: &STEP, least: 1 },
    "What is done to each server, in this order. A bare word is another command, whose steps stand in its place.",
);
pub(super) const EXAMPLES: Key = required(
    "examples",
    Shape::List { of: &Shape::Word, least: 2 },
    "Lines that mean this command. They are read when the file is, and shown in the help.",
);
pub(super) static FILE: Mapping = Mapping {
    about: "A command of Wrasse.",
    keys: &[
        COMMAND, SUMMARY, IMPACT, OWNER, PRIORITY, REMEDIATES, TARGETS, PARAMETERS, WAVES, LIMITS, APPROVALS, STEPS,
        EXAMPLES,
    ],
};

pub(super) const TYPES: Key = required(
    "types",
    Shape::List { of: &Shape::Word, least: 1 },
    "The types of server that it supports, as the inventory calls them.",
);
pub(super) const FROM: Key = required(
    "from",
    Shape::List { of: &Shape::Words(command::production_states), least: 1 },
    "The production states in which a server may be when its work begins; others are left out.",
);
pub(super) const MAX_TARGETS: Key =
    required("max", Shape::Number { least: 1, most: TARGETS_MAX }, "The most servers of one request.");
pub(super) static SERVERS: Mapping =
    Mapping { about: "Servers, chosen by a selector.", keys: &[TYPES, FROM, MAX_TARGETS] };
pub(super) const SITES_MAX: Key =
    required("sites", Shape::Number { least: 1, most: TARGETS_MAX }, "The most sites of one request.");
pub(super) static SITES: Mapping =
    Mapping { about: "Whole sites, chosen by name; no server of them is touched.", keys: &[SITES_MAX] };

pub(super) const CANARY: Key = optional(
    "canary",
    Shape::Number { least: 0, most: 100 },
    "How many servers the first wave has; 0, or left out, is no canary.",
);
pub(super) const THEN: Key = required(
    "then",
    Shape::WaveSize,
    "How large each later wave is: 20%, all, or \"{name}\" of a percentage parameter with a default.",
);
pub(super) const SOAK: Key =
    optional("soak", Shape::Duration, "How long a finished wave is watched before the next one.");
pub(super) const STOP_WHEN: Key =
    required("stop-when", Shape::Condition, "No new start once this holds, as in `failures > 1`.");
pub(super) static WAVE_RULE: Mapping =
    Mapping { about: "How many servers at a time.", keys: &[CANARY, THEN, SOAK, STOP_WHEN] };

pub(super) const CONCURRENCY: Key =
    required("concurrency", Shape::Map(&CONCURRENCY_RULE), "How many servers at once, by what.");
pub(super) static LIMIT_RULES: Mapping = Mapping { about: "How much of this command at once.", keys: &[CONCURRENCY] };
pub(super) const PER_SITE: Key = required(
    "site",
    Shape::Number { least: 1, most: 1_000 },
    "The most servers of one site that are under work by this command at once.",
);
pub(super) static CONCURRENCY_RULE: Mapping =
    Mapping { about: "How many servers at once, by what.", keys: &[PER_SITE] };

pub(super) const ABOVE: Key = required(
    "above",
    Shape::Number { least: 0, most: TARGETS_MAX },
    "Needed when a request has more servers than this; 0 is always.",
);
pub(super) const APPROVERS: Key = required("from", Shape::Word, "The group that approvers come from.");
pub(super) const COUNT: Key = required("count", Shape::Number { least: 1, most: 10 }, "How many different people.");
pub(super) const APPROVED_WITHIN: Key =
    required("within", Shape::Duration, "How long a request waits for them before it expires.");
pub(super) const OWNERS: Key = optional(
    "owners",
    Shape::List { of: &Shape::Words(command::owned), least: 1 },
    "Whose owners must agree too, one person of each: the types or the sites that are worked on. What has no owner is the command's owner's.",
);
pub(super) const ESCALATE: Key =
    optional("escalate", Shape::Map(&ESCALATION_RULE), "Who may decide as well, if nobody did for so long.");
pub(super) static APPROVAL_RULE: Mapping = Mapping {
    about: "Whose consent a large request needs. The requester's own never counts.",
    keys: &[ABOVE, APPROVERS, COUNT, APPROVED_WITHIN, OWNERS, ESCALATE],
};
pub(super) const ESCALATE_TO: Key = required("to", Shape::Word, "The group that is asked then.");
pub(super) const ESCALATE_AFTER: Key =
    required("after", Shape::Duration, "How long after the request was made; shorter than `within`.");
pub(super) static ESCALATION_RULE: Mapping =
    Mapping { about: "Who may decide as well after a while.", keys: &[ESCALATE_TO, ESCALATE_AFTER] };

const TYPE_ABOUT: &str = "What values it takes.";
pub(super) const TYPE: Key = required("type", Shape::Words(parameters::types), TYPE_ABOUT);
pub(super) const REQUIRED: Key = optional("required", Shape::Flag, "Whether a line without it is incomplete.");
pub(super) const ASKED_AS: Key = optional(
    "asked-as",
    Shape::Words(parameters::asked_as),
    "People write `because …` at the end of the line instead of `--name …`.",
);
const DEFAULT_ABOUT: &str = "The value when the line does not give one.";

const fn type_of(words: fn() -> Vec<&'static str>) -> Key {
    required("type", Shape::Words(words), TYPE_ABOUT)
}

const fn default_of(shape: Shape) -> Key {
    optional("default", shape, DEFAULT_ABOUT)
}

pub(super) const DEFAULT: Key = default_of(Shape::Word);
/// What every parameter has, whatever its type: read first, to know which others there are.
pub(super) static PARAMETER: Mapping = Mapping { about: "A parameter.", keys: &[TYPE] };

pub(super) const LENGTH: Key = optional(
    "length",
    Shape::Number { least: 1, most: LINE_LENGTH_MAX_CHARS as u64 },
    "The most characters; 500, unless it is given.",
);
pub(super) static TEXT_PARAMETER: Mapping =
    Mapping { about: "Text.", keys: &[type_of(|| vec!["text"]), LENGTH, REQUIRED, DEFAULT, ASKED_AS] };
pub(super) const INTEGER_MIN: Key = required("min", Shape::Integer, "The smallest value.");
pub(super) const INTEGER_MAX: Key = required("max", Shape::Integer, "The largest value.");
pub(super) static INTEGER_PARAMETER: Mapping = Mapping {
    about: "A whole number.",
    keys: &[type_of(|| vec!["integer"]), INTEGER_MIN, INTEGER_MAX, REQUIRED, default_of(Shape::Integer)],
};
pub(super) const OF: Key = required("of", Shape::Words(parameters::shares), "What it is a share of.");
pub(super) const PERCENTAGE_MIN: Key =
    optional("min", Shape::Percentage, "The smallest value; 1%, unless it is given.");
pub(super) const PERCENTAGE_MAX: Key =
    optional("max", Shape::Percentage, "The largest value; 100%, unless it is given.");
pub(super) static PERCENTAGE_PARAMETER: Mapping = Mapping {
    about: "A percentage.",
    keys: &[
        type_of(|| vec!["percentage"]),
        OF,
        PERCENTAGE_MIN,
        PERCENTAGE_MAX,
        REQUIRED,
        default_of(Shape::Percentage),
    ],
};
pub(super) const DURATION_MIN: Key = optional("min", Shape::Duration, "The shortest value; 1s, unless it is given.");
pub(super) const DURATION_MAX: Key = optional("max", Shape::Duration, "The longest value; a year, unless it is given.");
pub(super) static DURATION_PARAMETER: Mapping = Mapping {
    about: "A length of time.",
    keys: &[type_of(|| vec!["duration"]), DURATION_MIN, DURATION_MAX, REQUIRED, default_of(Shape::Duration)],
};
pub(super) const ONE_OF: Key =
    required("one-of", Shape::List { of: &Shape::Word, least: 1 }, "The words that may be chosen from.");
pub(super) static CHOICE_PARAMETER: Mapping =
    Mapping { about: "One of a few words.", keys: &[type_of(|| vec!["choice"]), ONE_OF, REQUIRED, DEFAULT] };
pub(super) static BOOLEAN_PARAMETER: Mapping =
    Mapping { about: "Yes or no.", keys: &[type_of(|| vec!["boolean"]), REQUIRED, default_of(Shape::Boolean)] };
pub(super) static OTHER_PARAMETER: Mapping = Mapping {
    about: "What is meant by it is said anew in each line, so it has no default.",
    keys: &[type_of(parameters::types_without_default), REQUIRED],
};

/// One item of `steps`.
static STEP: Shape = Shape::Either(&[
    Shape::Words(steps::bare_words),
    Shape::Name,
    Shape::Map(&DRAIN_STEP),
    Shape::Map(&GATE_STEP),
    Shape::Map(&REBOOT_STEP),
    Shape::Map(&CHECK_STEP),
    Shape::Map(&RESTORE_STATE_STEP),
    Shape::Map(&UNDRAIN_STEP),
    Shape::Map(&HTTP_STEP),
]);

const TIMEOUT_SHAPE: Shape = Shape::Input(&Shape::Duration);

pub(super) const DRAIN: Key = required(
    "drain",
    Shape::Map(&DRAIN_SETTINGS),
    "Takes the server out of its load balancer and waits for its connections to end.",
);
pub(super) static DRAIN_STEP: Mapping = Mapping { about: "Out of the load balancer.", keys: &[DRAIN] };
pub(super) const DRAIN_TIMEOUT: Key = required("timeout", TIMEOUT_SHAPE, "How long connections may take to end.");
pub(super) const CONNECTIONS_BELOW: Key = optional(
    "connections-below",
    Shape::Input(&Shape::Number { least: 1, most: 999_999 }),
    "Drained once fewer connections than this are left; 1, or left out, is none.",
);
pub(super) static DRAIN_SETTINGS: Mapping =
    Mapping { about: "How it is drained.", keys: &[DRAIN_TIMEOUT, CONNECTIONS_BELOW] };

pub(super) const GATE: Key = required(
    "gate",
    Shape::List { of: &Shape::Words(steps::gate_checks), least: 1 },
    "Asks again, before something that cannot be undone, whether it is still safe.",
);
pub(super) static GATE_STEP: Mapping = Mapping { about: "Asks again.", keys: &[GATE] };

pub(super) const REBOOT: Key =
    required("reboot", Shape::Map(&REBOOT_SETTINGS), "Reboots the server. It needs a gate before it.");
pub(super) const VERIFY: Key =
    required("verify", Shape::Words(steps::proofs), "What proves that it happened: another boot id.");
pub(super) const POINT_OF_NO_RETURN: Key = required(
    "point-of-no-return",
    Shape::Acknowledged,
    "A reboot cannot be undone, and who writes the file says that they know.",
);
pub(super) static REBOOT_STEP: Mapping = Mapping { about: "Reboots.", keys: &[REBOOT, VERIFY, POINT_OF_NO_RETURN] };
pub(super) const VIA: Key = required("via", Shape::Words(steps::power_paths), "The first way.");
pub(super) const ELSE: Key = optional(
    "else",
    Shape::Words(steps::power_paths),
    "The way to take if the first one never got to send its command.",
);
pub(super) const REBOOT_TIMEOUT: Key = required("timeout", TIMEOUT_SHAPE, "How long the server may take to come back.");
pub(super) const GRACE: Key = required(
    "grace",
    TIMEOUT_SHAPE,
    "How long the old boot id may still be seen before the command counts as not carried out; shorter than `timeout`.",
);
pub(super) static REBOOT_SETTINGS: Mapping =
    Mapping { about: "How it is rebooted.", keys: &[VIA, ELSE, REBOOT_TIMEOUT, GRACE] };

const HOST_CHECKS: Shape = Shape::List { of: &Shape::Words(steps::host_checks), least: 1 };
static CHECK_SHAPES: [Shape; 2] = [HOST_CHECKS, Shape::Map(&CHECK_SETTINGS)];
pub(super) const CHECK: Key = required(
    "check",
    Shape::Either(&CHECK_SHAPES),
    "Looks at the server itself; a list has two minutes to become true.",
);
pub(super) static CHECK_STEP: Mapping = Mapping { about: "Looks at the server.", keys: &[CHECK] };
pub(super) const THAT: Key = required("that", HOST_CHECKS, "What must hold.");
pub(super) const CHECKED_WITHIN: Key = required("within", TIMEOUT_SHAPE, "How long it may take to become true.");
pub(super) static CHECK_SETTINGS: Mapping =
    Mapping { about: "What is looked at, and for how long.", keys: &[THAT, CHECKED_WITHIN] };

pub(super) const RETURN_TIMEOUT: Key =
    required("timeout", TIMEOUT_SHAPE, "How long the load balancer may take to show the server.");
pub(super) static RETURN_SETTINGS: Mapping = Mapping { about: "How long it may take.", keys: &[RETURN_TIMEOUT] };
pub(super) const RESTORE_STATE: Key = required(
    "restore-state",
    Shape::Map(&RETURN_SETTINGS),
    "Puts the server back into the production state in which its run found it, never beyond it.",
);
pub(super) static RESTORE_STATE_STEP: Mapping = Mapping { about: "Back to the state before.", keys: &[RESTORE_STATE] };
pub(super) const UNDRAIN: Key = required("undrain", Shape::Map(&RETURN_SETTINGS), "Puts the server into production.");
pub(super) static UNDRAIN_STEP: Mapping = Mapping { about: "Into production.", keys: &[UNDRAIN] };

pub(super) const HTTP: Key =
    required("http", Shape::Map(&HTTP_SETTINGS), "Calls an HTTP endpoint. The run's id is its idempotency key.");
pub(super) static HTTP_STEP: Mapping = Mapping { about: "One HTTP call.", keys: &[HTTP] };
pub(super) const METHOD: Key =
    required("method", Shape::Words(steps::methods), "`GET` looks and sends nothing, `POST` changes something.");
pub(super) const URL: Key =
    required("url", Shape::Address, "Fixed: no text of a person ever becomes part of an address.");
static SENT: Shape = Shape::Either(&[Shape::Words(steps::outputs), Shape::Name]);
pub(super) const SEND: Key = optional(
    "send",
    Shape::List { of: &SENT, least: 1 },
    "What is sent as the members of a JSON object: names of parameters, `site` for work on sites, and what the last such step before told. What nobody measured is left out.",
);
pub(super) const EXPECT: Key =
    required("expect", Shape::Number { least: 100, most: 599 }, "The status that means done.");
pub(super) const HTTP_TIMEOUT: Key = required("timeout", TIMEOUT_SHAPE, "How long it may take in all.");
pub(super) static HTTP_SETTINGS: Mapping =
    Mapping { about: "What is called.", keys: &[METHOD, URL, SEND, EXPECT, HTTP_TIMEOUT] };
