//! A line that could not be read: where in it, why, and what would have been right.
//!
//! Deliberately absent: wording, which is `conversation`'s. A misunderstanding is a reply, not a failure.

use super::command::{CommandName, ParameterSpec};
use super::ids::RequestId;
use super::intent::{Attribute, BuiltInVerb, Moment, ParameterName, Span, ZoneName};
use super::server::SiteName;

/// A line that does not mean anything we may act on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misunderstanding {
    /// The normalised line; empty if it was too long to repeat.
    pub line: String,
    /// The place in it, in bytes; an empty span is the place where something is missing.
    pub span: Span,
    /// What is wrong there.
    pub kind: MisunderstandingKind,
    /// The right word for the place, if one is near.
    pub suggestion: Option<String>,
    /// The whole line with the right word in place, ready to send again.
    pub corrected: Option<String>,
    /// The whole lines that it may have meant, each ready to send; empty if it is not a question of which.
    pub readings: Vec<String>,
    /// Everything that the line does not say yet, in the order of the line; empty if something else is wrong with it.
    pub missing: Vec<Missing>,
}

/// Something that a line does not say yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// Where in the line it belongs, in bytes.
    pub at: usize,
    /// It.
    pub part: MissingPart,
}

/// What a line does not say yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MissingPart {
    /// Which servers.
    Servers,
    /// Which sites.
    Sites,
    /// A parameter, with its name.
    Parameter(Box<ParameterSpec>),
    /// The value of a parameter whose name, or `because`, is there.
    Value(Box<ParameterSpec>),
}

/// What is wrong at the place, with the values one needs to say so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MisunderstandingKind {
    /// The line has more characters than are read.
    TooLong {
        /// How many it has.
        chars: usize,
    },
    /// There is no word at all.
    Empty,
    /// A control, direction or zero-width character, which nobody can see.
    HiddenCharacter {
        /// It.
        character: char,
    },
    /// A character that no server name or attribute value has.
    NotAscii {
        /// It.
        character: char,
    },
    /// A quoted text does not end.
    UnclosedQuote,
    /// No command of that name may be used here.
    UnknownVerb {
        /// What was written.
        verb: String,
    },
    /// There is no help on this.
    UnknownTopic {
        /// What was written.
        topic: String,
    },
    /// `plan` before a line that starts nothing, and so has no plan.
    NothingToPlan {
        /// Its verb.
        verb: BuiltInVerb,
    },
    /// `can-i` or `who-can` before a verb that no policy speaks of.
    NoPolicySpeaks {
        /// It.
        verb: BuiltInVerb,
    },
    /// `cancel` needs the id of a request.
    NotARequest {
        /// What was written.
        text: String,
    },
    /// Something else belongs here.
    Unexpected {
        /// What belongs here.
        expected: Expected,
    },
    /// The command needs to be told which servers.
    MissingSelector {
        /// The command.
        command: CommandName,
    },
    /// The command works on no server.
    SelectorNotTaken {
        /// The command.
        command: CommandName,
    },
    /// No server has this name.
    UnknownServer {
        /// The name, folded names, or its known beginning with `…`.
        shown: String,
    },
    /// No server's name fits a pattern with `*`.
    NoNameFits {
        /// The pattern.
        pattern: String,
    },
    /// A group of servers (`@name`) that is not known.
    UnknownGroup {
        /// Its name, with `@`.
        group: String,
    },
    /// Selectors do not know this attribute.
    UnknownAttribute {
        /// What was written.
        word: String,
    },
    /// No server has this value of the attribute.
    UnknownValue {
        /// The attribute.
        attribute: Attribute,
        /// What was written.
        value: Box<str>,
    },
    /// No server has a tag of that name.
    UnknownTag {
        /// What was written.
        tag: String,
    },
    /// No server has this value of the tag.
    UnknownTagValue {
        /// The tag with the value, e.g. `canary=maybe`.
        tag: String,
    },
    /// A regular expression that cannot be read.
    BadExpression {
        /// Why, in a few words.
        why: String,
    },
    /// There is no request of that id.
    UnknownRequest {
        /// The id.
        request: RequestId,
    },
    /// The request left nothing undone on any server.
    NothingUndone {
        /// The id.
        request: RequestId,
    },
    /// `[]`.
    EmptyRange,
    /// A range whose end lies before its beginning.
    ReversedRange,
    /// A range whose ends have different numbers of digits, one of them padded.
    UnclearPadding,
    /// A range that never moves on.
    ZeroStep,
    /// A number with more digits than any server's.
    NumberTooLong,
    /// The selector stands for more names than are ever looked up.
    TooManyNames {
        /// How many are looked up at most.
        max: usize,
    },
    /// Operators whose meaning would depend on the order of reading.
    NeedsParentheses {
        /// The two readings.
        readings: Box<[String; 2]>,
    },
    /// Parentheses inside parentheses, beyond what anybody means.
    NestedTooDeep,
    /// Everything in the selector is known, but no server is left.
    NothingLeft,
    /// The command has no such parameter.
    UnknownParameter {
        /// What was written, without `--`.
        name: String,
    },
    /// A parameter is given twice.
    DoubleParameter {
        /// It.
        name: ParameterName,
    },
    /// A parameter is named, but its value is not there.
    MissingValue {
        /// It.
        name: ParameterName,
    },
    /// The value is none that the parameter takes.
    UnfitValue {
        /// The parameter, with what it takes.
        parameter: Box<ParameterSpec>,
    },
    /// The command needs a `--name value` that the line does not give.
    MissingParameter {
        /// It.
        name: ParameterName,
    },
    /// The command needs a `because …` that the line does not give.
    MissingReason {
        /// The parameter that it fills.
        name: ParameterName,
    },
    /// `because` after a command that asks for no reason.
    BecauseNotTaken {
        /// The command.
        command: CommandName,
    },
    /// Where a time should stand there is none.
    NotATime,
    /// Where a length of time should stand there is none.
    NotADelay,
    /// The tz database has no such zone.
    UnknownZone {
        /// What was written.
        zone: String,
    },
    /// A time without a zone, from a person whose zone is not known.
    NoOwnZone,
    /// On that day the clocks there skip this time.
    SkippedTime {
        /// The zone.
        zone: ZoneName,
        /// What it could mean, by the clock before and by the clock after.
        readings: Box<[Moment; 2]>,
    },
    /// On that day the clocks there show this time twice.
    DoubleTime {
        /// The zone.
        zone: ZoneName,
        /// The first and the second.
        readings: Box<[Moment; 2]>,
    },
    /// The time is over.
    PastTime {
        /// It.
        moment: Box<Moment>,
    },
    /// The time lies further ahead than work is accepted for.
    TooFarAhead,
    /// It would last longer than may be.
    LastsTooLong,
    /// The line says twice when to begin.
    DoubleStart,
    /// The sites of the subjects lie in different zones, so that site time is not one time.
    SitesDisagree {
        /// Each zone, with one of its sites.
        sites: Vec<(SiteName, ZoneName)>,
    },
    /// The inventory knows no zone for this site, or the work is on no site.
    NoSiteZone {
        /// The site, if there is one.
        site: Option<SiteName>,
    },
    /// The reason ends in a time: is it when to begin, or a part of the reason?
    TimeInReason,
    /// No policy has this name.
    UnknownPolicy {
        /// What was written.
        policy: String,
    },
    /// What keeps a request waiting, and what nobody can override.
    NeverOverridden {
        /// What was written.
        word: String,
    },
}

/// What belongs at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// A server, a range of servers or an attribute.
    Servers,
    /// A site.
    Sites,
    /// After a selector: an operator, a parameter, a reason, or the end.
    AfterServers,
    /// After a parameter: another one, a reason, or the end.
    Parameter,
    /// The end of the line.
    End,
    /// A number of a range.
    RangeNumber,
    /// `,` or `]`.
    RangeEnd,
    /// `)`.
    ClosingParenthesis,
    /// `=`, `!=` or `in (…)`.
    Comparison,
    /// `=~` or `!~`.
    NameComparison,
    /// A value of an attribute.
    AttributeValue,
    /// A regular expression.
    Expression,
    /// The name of a tag.
    TagName,
    /// The name of a saved group.
    GroupName,
    /// The id of a request.
    RequestId,
    /// What a line begins with.
    Verb,
    /// The name of a command.
    Command,
    /// What a breaker is about.
    Breaker,
    /// `because …`, or the end of the line.
    /// The name of a policy that can be overridden.
    Policy,
    /// `on` and the id of a request.
    OnRequest,
    /// `because` and a reason, or nothing more.
    ReasonOrEnd,
    /// `because` and a reason.
    Reason,
    /// `until` a time, or `for` a length of it.
    Until,
    /// `maintenance`, `repair` or `ready`.
    Declared,
}

impl Misunderstanding {
    /// One without a suggestion.
    #[must_use]
    pub fn new(line: &str, span: Span, kind: MisunderstandingKind) -> Self {
        Self {
            line: line.to_owned(),
            span,
            kind,
            suggestion: None,
            corrected: None,
            readings: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// With the right word for the place; the whole line is corrected by putting it there.
    #[must_use]
    pub fn suggesting(mut self, word: impl Into<String>) -> Self {
        let word = word.into();
        self.corrected = replaced(&self.line, &self.span, &word);
        self.suggestion = Some(word);
        self
    }

    /// With the whole lines that it may have meant.
    #[must_use]
    pub fn asking_which(mut self, readings: Vec<String>) -> Self {
        self.readings = readings;
        self
    }

    /// Whether nothing is wrong with the line but that something is not said yet.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(
            self.kind,
            MisunderstandingKind::MissingSelector { .. }
                | MisunderstandingKind::MissingParameter { .. }
                | MisunderstandingKind::MissingReason { .. }
                | MisunderstandingKind::MissingValue { .. }
                | MisunderstandingKind::Unexpected { expected: Expected::Sites }
        )
    }

    /// With what the line does not say yet.
    #[must_use]
    pub fn lacking(mut self, missing: Vec<Missing>) -> Self {
        self.missing = missing;
        self
    }

    /// The same, if there is a word.
    #[must_use]
    pub fn perhaps_suggesting(self, word: Option<String>) -> Self {
        match word {
            Some(word) => self.suggesting(word),
            None => self,
        }
    }
}

fn replaced(line: &str, span: &Span, word: &str) -> Option<String> {
    Some(format!("{}{word}{}", line.get(..span.start)?, line.get(span.end..)?))
}
