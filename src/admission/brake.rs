//! Brakes: what people put on so that work does not start, and how far each reaches.
//!
//! Whom a brake covers is found out when it is asked about, so that a server that came later is covered too. What cannot
//! be read covers everything. Deliberately absent: what each kind forbids (`stop`, `freeze`, `holds`, `blacklist`).

use super::Known;
pub use crate::domain::braking::BlacklistLevel;
use crate::domain::command::CommandName;
use crate::domain::identity::PersonId;
use crate::domain::ids::{BrakeId, RequestId};
use crate::domain::intent::{Selector, Spanned};
use crate::domain::server::{Server, ServerId, ServerName, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet;
use std::collections::BTreeSet;

/// Something that a person put on so that work does not start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brake {
    /// The id.
    pub id: BrakeId,
    /// What it stops.
    pub kind: BrakeKind,
    /// Who put it on.
    pub by: PersonId,
    /// Their name, for texts that do not notify.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// Why, in their words.
    pub why: String,
    /// When it goes off by itself; `None` lasts until somebody takes it off.
    pub until: Option<Timestamp>,
}

/// What a brake stops.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BrakeKind {
    /// Everything that changes something or takes capacity.
    Stop {
        /// Nothing is given back either: what is out stays as it is.
        hard: bool,
    },
    /// Starts of what changes something.
    Freeze {
        /// Where.
        on: Coverage,
    },
    /// Any work on one server, its return too.
    Hold {
        /// The server.
        server: ServerId,
        /// Its name then.
        name: ServerName,
    },
    /// Further starts of one request.
    Pause {
        /// The request.
        request: RequestId,
    },
    /// A command, or every command, on some servers.
    Blacklist {
        /// Which.
        on: Coverage,
        /// The command; `None` is every one.
        command: Option<CommandName>,
        /// How firmly.
        level: BlacklistLevel,
    },
}

/// Which servers a brake covers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coverage {
    /// The selector as it is printed; `None` is everything.
    text: Option<String>,
    /// What it means; `None` with a text is one that this version cannot read.
    selector: Option<Spanned<Selector>>,
}

impl Coverage {
    /// Everything there is.
    #[must_use]
    pub const fn everything() -> Self {
        Self { text: None, selector: None }
    }

    /// Of a selector's text; one that cannot be read covers everything.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self { text: Some(text.to_owned()), selector: fleet::parse_whole_selector(text).ok() }
    }

    /// The selector's text; `None` is everything.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// As people read it: `everything`, `site=lax`.
    #[must_use]
    pub fn told(&self) -> &str {
        self.text.as_deref().unwrap_or("everything")
    }

    /// Whether that server is covered now.
    #[must_use]
    pub fn covers(&self, server: &Server, known: Known<'_>) -> bool {
        let Some(selector) = &self.selector else { return true };
        let state = |server: &Server| known.ledger.state(server);
        fleet::covers(&selector.value, server, known.inventory, &state).unwrap_or(true)
    }

    /// Whether work without a server is covered: on a whole site if one of its servers is, on nothing if everything is.
    pub(super) fn covers_site(&self, site: Option<&SiteName>, known: Known<'_>) -> bool {
        let mut servers = known.inventory.servers().iter();
        let is_one = |site: &SiteName| servers.any(|server| server.site == *site && self.covers(server, known));
        self.selector.is_none() || site.is_some_and(is_one)
    }
}

impl BrakeKind {
    /// The stop of everything that lets most go on.
    pub const STOP: Self = Self::Stop { hard: false };
    /// The stop of everything under which nothing is given back either.
    pub const HARD_STOP: Self = Self::Stop { hard: true };
}

impl Brake {
    /// Whether it is on at that time.
    #[must_use]
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// The brakes that are on over one of these servers, or on one of these requests, in their order. The stop of everything is told
/// apart.
#[must_use]
pub fn standing<'a>(servers: &[Server], requests: &BTreeSet<&RequestId>, known: Known<'a>) -> Vec<&'a Brake> {
    let ids = servers.iter().map(|server| &server.id).collect::<BTreeSet<_>>();
    let reaches = |brake: &&Brake| match &brake.kind {
        BrakeKind::Stop { .. } => false,
        BrakeKind::Hold { server, .. } => ids.contains(server),
        BrakeKind::Pause { request } => requests.contains(request),
        BrakeKind::Freeze { on } | BrakeKind::Blacklist { on, .. } => {
            servers.iter().any(|server| on.covers(server, known))
        }
    };
    known.ledger.brakes.iter().filter(|brake| brake.is_on(known.now)).filter(reaches).collect()
}

/// How a brake went off before its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrakeEnd {
    /// Who took it off.
    pub by: PersonId,
    /// Their name.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// Why, in their words; empty where none was asked for.
    pub why: String,
}
