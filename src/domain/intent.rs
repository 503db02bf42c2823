//! The typed meaning of one line: what the person asked for, before anything was looked up.

use super::asked::WhyOf;
use super::braking::Braking;
use super::breaker::BreakerScope;
use super::command::CommandName;
use super::declaration::Declaration;
use super::identity::UserId;
use super::ids::RequestId;
use super::place::ChannelId;
use super::purpose::Purpose;
use super::server::{ServerGroup, ServerName, TagName};
use super::text_name;
use super::time::Timestamp;
pub use super::verb::BuiltInVerb;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

text_name! {
    /// A parameter's name, as written after `--`.
    ParameterName
}
text_name! {
    /// A time zone of the tz database, e.g. `Europe/Riga`.
    ZoneName
}

/// What help is asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HelpTopic {
    /// A command of the catalogue.
    Command(CommandName),
    /// A verb that every place understands.
    Verb(BuiltInVerb),
    /// Everything that is for one purpose.
    Purpose(Purpose),
    /// How servers are chosen.
    Servers,
    /// How a time is said.
    Times,
}

impl std::fmt::Display for HelpTopic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Command(name) => name.as_str(),
            Self::Verb(verb) => verb.word(),
            Self::Purpose(purpose) => purpose.word(),
            Self::Servers => "servers",
            Self::Times => "times",
        })
    }
}

/// Where in the line something stands, in bytes of the normalised text.
pub type Span = Range<usize>;

/// A value together with where it stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place in the line.
    pub span: Span,
}

/// What a line means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Intent {
    /// A command of the catalogue.
    Work(WorkIntent),
    /// `help`, or `help reboot`.
    Help {
        /// What is asked about; `None` is everything that this person may do.
        topic: Option<HelpTopic>,
    },
    /// `status`, or `status site=lax`.
    Status {
        /// The servers asked about; `None` means the whole fleet, which is safe for reading.
        selector: Option<Spanned<Selector>>,
    },
    /// `cancel req-2mq9`.
    Cancel {
        /// The request.
        request: RequestId,
    },
    /// `plan reboot …`: what that line would do, without doing it.
    Plan(Planned),
    /// `can-i reboot …`: whether whoever asks may send that line here. It may lack parameters, and its servers too: then
    /// it asks about the command in general.
    CanI(Planned),
    /// `who-can reboot on site=lax`: whose members may do that here.
    WhoCan {
        /// The command.
        command: CommandName,
        /// On what; `None` asks about the command in general.
        selector: Option<Spanned<Selector>>,
    },
    /// `close-breaker reboot site=lax because the cable is replaced`.
    CloseBreaker {
        /// Which.
        scope: BreakerScope,
        /// Why, in the person's words.
        why: String,
    },
    /// `why req-2mq9`: why that is where it is, and what comes next.
    Why(WhyOf),
    /// `stop everything because …`: what stops things, or lets them go on.
    Brake(Braking),
    /// `queue`, or `queue site=lax`: what waits to start, in order.
    Queue(Option<Spanned<Selector>>),
    /// `out`, or `out site=lax`: which servers are out of production.
    Out(Option<Spanned<Selector>>),
    /// `override capacity on req-2mq9 because …`: lets what waits there pass one policy, once.
    Override {
        /// The policy as it was written, in lower case.
        policy: Spanned<String>,
        /// The request.
        request: RequestId,
        /// Why; never empty.
        why: String,
    },
    /// `retry req-2mq9`: the same anew, on what that left undone.
    Retry {
        /// The request.
        request: RequestId,
    },
    /// `state edge-lax-007 repair because PSU dead`: how servers are, in a person's word.
    Declare(Declaration),
}

/// What can be planned: a line that does something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Planned {
    /// A command of the catalogue.
    Work(WorkIntent),
    /// `plan cancel req-2mq9`.
    Cancel {
        /// The request.
        request: RequestId,
    },
    /// `plan freeze site=lax …`: what it would stop.
    Brake(Braking),
    /// `plan state edge-lax-007 repair …`: what it would change.
    Declare(Declaration),
}

impl Intent {
    /// The command with its subjects and values, of a line that says all of them: one that names it, or plans it.
    #[must_use]
    pub fn work(&self) -> Option<&WorkIntent> {
        match self {
            Self::Work(work) | Self::Plan(Planned::Work(work)) => Some(work),
            Self::Plan(Planned::Cancel { .. })
            | Self::CanI(_)
            | Self::WhoCan { .. }
            | Self::Why(_)
            | Self::Queue(_)
            | Self::Out(_)
            | Self::Help { .. }
            | Self::Status { .. }
            | Self::Cancel { .. }
            | Self::CloseBreaker { .. } => None,
            Self::Brake(_) | Self::Override { .. } | Self::Retry { .. } | Self::Plan(Planned::Brake(_)) => None,
            Self::Declare(_) | Self::Plan(Planned::Declare(_)) => None,
        }
    }

    /// The command that a line is about, whether it is to be carried out or not.
    #[must_use]
    pub const fn command(&self) -> Option<&CommandName> {
        match self {
            Self::Work(work) | Self::Plan(Planned::Work(work)) | Self::CanI(Planned::Work(work)) => Some(&work.command),
            Self::WhoCan { command, .. } => Some(command),
            Self::Plan(Planned::Cancel { .. })
            | Self::CanI(Planned::Cancel { .. })
            | Self::Why(_)
            | Self::Queue(_)
            | Self::Out(_)
            | Self::Help { .. }
            | Self::Status { .. }
            | Self::Cancel { .. }
            | Self::CloseBreaker { .. } => None,
            Self::Brake(_)
            | Self::Override { .. }
            | Self::Retry { .. }
            | Self::Plan(Planned::Brake(_) | Planned::Declare(_))
            | Self::CanI(Planned::Brake(_) | Planned::Declare(_))
            | Self::Declare(_) => None,
        }
    }
}

/// A catalogue command with its subjects, parameters and time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkIntent {
    /// The command.
    pub command: CommandName,
    /// The servers or sites meant; `None` only for commands without a subject.
    pub selector: Option<Spanned<Selector>>,
    /// Every parameter with its value; a default has an empty place at the end of the line.
    pub parameters: BTreeMap<ParameterName, Spanned<Value>>,
    /// When it may begin; `None` is as soon as it is safe.
    pub start: Option<Spanned<Start>>,
}

impl WorkIntent {
    /// The parameters' values, without their places.
    #[must_use]
    pub fn values(&self) -> BTreeMap<ParameterName, Value> {
        self.parameters.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect()
    }
}

/// When work may begin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    /// `in 20m`: that long after the line was sent.
    After(Duration),
    /// `at 02:00`, in the person's own zone or a named one.
    At(Moment),
    /// `at 02:00 site time`: known once the subjects are.
    AtSiteTime(WallTime),
}

/// A point in time, and the zone in which it was meant and is told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment {
    /// The point in time.
    pub at: Timestamp,
    /// The zone.
    pub zone: ZoneName,
}

/// What a clock on the wall shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WallTime {
    /// The day.
    pub day: Day,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// The day of a wall time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Day {
    /// The next time the clock shows it.
    Next,
    /// This day.
    Today,
    /// The day after.
    Tomorrow,
    /// A date of the calendar.
    On {
        /// The year, e.g. 2026.
        year: i32,
        /// 1 to 12.
        month: u8,
        /// 1 to 31.
        day: u8,
    },
}

/// A parameter's value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    /// Free text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// 1 to 100.
    Percentage(u8),
    /// A length of time.
    Duration(Duration),
    /// One of the words that the command file lists.
    Choice(String),
    /// Yes or no.
    Boolean(bool),
    /// A point in time.
    Time(Moment),
    /// A server, by its name; whether there is one is looked up later.
    Server(ServerName),
    /// A selector, as it is printed.
    Selector(String),
    /// A person.
    User(Named<UserId>),
    /// A channel.
    Channel(Named<ChannelId>),
    /// A version, as it was written.
    Version(String),
    /// An address.
    Url(String),
}

/// Somebody or something of the workspace, as a line can say it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Named<I> {
    /// By the id, which the chat put there itself.
    Id(I),
    /// By a name that was typed, without its sign.
    Name(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) | Self::Choice(text) | Self::Selector(text) | Self::Version(text) | Self::Url(text) => {
                formatter.write_str(text)
            }
            Self::Boolean(value) => formatter.write_str(if *value { "yes" } else { "no" }),
            Self::Time(moment) => write!(formatter, "{} UTC", moment.at.date_text()),
            Self::Server(name) => write!(formatter, "{name}"),
            Self::User(Named::Id(id)) => write!(formatter, "<@{id}>"),
            Self::User(Named::Name(name)) => write!(formatter, "@{name}"),
            Self::Channel(Named::Id(id)) => write!(formatter, "<#{id}>"),
            Self::Channel(Named::Name(name)) => write!(formatter, "#{name}"),
            Self::Integer(number) => write!(formatter, "{number}"),
            Self::Percentage(percent) => write!(formatter, "{percent}%"),
            Self::Duration(duration) => formatter.write_str(&super::time::exact(*duration)),
        }
    }
}

/// Which servers: nodeset algebra over names and attribute predicates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selector {
    /// `edge-lax-[001-020,031]`, `edge-lax-*`.
    Names(Spanned<NamePattern>),
    /// `site=lax`, `type!=dns`, `state in (production, standby)`.
    Attribute(Spanned<Predicate>),
    /// `tag:canary=yes`, `tag:os!=trixie`.
    Tag(Spanned<TagPredicate>),
    /// `name=~^edge-`, `name!~-lax-`.
    NameMatches(Spanned<NameMatch>),
    /// `@canaries`: a saved group.
    Group(Spanned<ServerGroup>),
    /// `failed:req-2mq9`: the servers on which a request left its work undone.
    Undone(Spanned<RequestId>),
    /// `a,b`: either.
    Union(Box<Selector>, Box<Selector>),
    /// `a&b`: both.
    Intersection(Box<Selector>, Box<Selector>),
    /// `a!b`: the first without the second.
    Difference(Box<Selector>, Box<Selector>),
    /// `a^b`: exactly one of the two.
    Exclusive(Box<Selector>, Box<Selector>),
}

/// A folded set of names: literal parts and ranges in turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamePattern {
    /// The parts, in order.
    pub parts: Vec<NamePart>,
}

/// One part of a folded name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NamePart {
    /// Text that stands for itself.
    Literal(String),
    /// `[001-020/2,031]`.
    Ranges(Vec<NumberRange>),
    /// `*`: any text.
    Anything,
}

/// `001-020/2` inside brackets; a single number has equal ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberRange {
    /// The first number.
    pub first: u64,
    /// The last number, not below the first.
    pub last: u64,
    /// The step, at least 1.
    pub step: u64,
    /// How many digits numbers are padded to; 0 is unpadded.
    pub width: usize,
}

/// `attribute operator values`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Predicate {
    /// What is compared.
    pub attribute: Attribute,
    /// Equal (to any of the values) or not equal (to all of them).
    pub comparison: Comparison,
    /// The values, in lower case, at least one.
    pub values: Vec<Spanned<String>>,
}

/// `tag:name operator values`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TagPredicate {
    /// The tag, in lower case.
    pub tag: Spanned<TagName>,
    /// Equal (to any of the values) or not equal (to all of them). A server without the tag equals nothing.
    pub comparison: Comparison,
    /// The values, in lower case, at least one.
    pub values: Vec<Spanned<String>>,
}

/// A regular expression that is searched for in names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameMatch {
    /// The names in which it is found, or those in which it is not.
    pub comparison: Comparison,
    /// The expression, which can be read.
    pub expression: Spanned<String>,
}

/// The attributes that selectors know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Attribute {
    /// The site.
    Site,
    /// The server type.
    Type,
    /// The pool.
    Pool,
    /// The rack.
    Rack,
    /// The production state.
    State,
}

impl Attribute {
    /// Every attribute.
    pub const ALL: [Self; 5] = [Self::Site, Self::Type, Self::Pool, Self::Rack, Self::State];

    /// The word people write.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Type => "type",
            Self::Pool => "pool",
            Self::Rack => "rack",
            Self::State => "state",
        }
    }
}

/// How a predicate compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `=` or `in`.
    Equal,
    /// `!=`.
    NotEqual,
}
