//! What a run has decided to do outside and by what right, and the proof that it was let to start.
//!
//! Deliberately absent: whether the right is there. `mandate` looks at that before a driver is handed anything.

use super::run::Run;
use crate::domain::effect::Act;
use crate::domain::server::{ProductionState, ServerName};
use crate::domain::time::Timestamp;

/// That a run was let to start: whoever asked was authorised, people had agreed, and admission said that it was safe.
///
/// `mandate` makes it from the three proofs, and whoever reads the journal makes it again; nobody else may, which
/// `tests/suite/tidy` checks. No run has one that was made by hand:
///
/// ```compile_fail,E0451
/// use wrasse::domain::{server::ProductionState, time::Timestamp};
/// let at = Timestamp::from_millis(0);
/// let made_up = wrasse::workflow::Admission { at, found: ProductionState::Production, takes: true };
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Admission {
    at: Timestamp,
    found: ProductionState,
    takes: bool,
}

impl Admission {
    /// Admitted at that time, found in that state, with or without a place of its pool: by the three proofs, or because the
    /// journal says so.
    #[must_use]
    pub const fn noted(at: Timestamp, found: ProductionState, takes: bool) -> Self {
        Self { at, found, takes }
    }

    /// When.
    #[must_use]
    pub const fn at(self) -> Timestamp {
        self.at
    }

    /// The production state found: the one to go back to.
    #[must_use]
    pub const fn found(self) -> ProductionState {
        self.found
    }

    /// Whether taking the server out takes a place of its pool: not where it was known not to serve.
    #[must_use]
    pub const fn takes(self) -> bool {
        self.takes
    }
}

impl Run {
    /// Whether its work takes a place of the server's pool: it was found in production, and was not known to be out there.
    #[must_use]
    pub fn takes_capacity(&self) -> bool {
        self.found == ProductionState::Production && self.admission().is_none_or(Admission::takes)
    }
}

/// An act that a run has decided on. Only [`decide`](super::decide()) makes one:
///
/// ```compile_fail,E0451
/// use wrasse::domain::{effect::Act, server::ServerName};
/// use wrasse::workflow::{Errand, Right};
/// let act = Act::RestartOverRedfish(ServerName::new("edge-lax-001"));
/// let made_up = Errand { act, right: Right::GivingBack };
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Errand {
    act: Act,
    right: Right,
}

/// By what right a run acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// It is a step of what was asked for: that must have been authorised, agreed to and admitted. So are the cure
    /// of a server that was out already, and the return of servers that other requests took out.
    Asked,
    /// The run puts a server back that it has itself taken out of production. That it was admitted is all this needs, so
    /// that the way back is never barred: not by consent that is void, nor by somebody who may not ask any more.
    GivingBack,
}

impl Errand {
    /// A step of what was asked for.
    pub(super) const fn asked(act: Act) -> Self {
        Self { act, right: Right::Asked }
    }

    /// Back into rotation; a right of its own only where this run found the server there.
    pub(super) fn back(run: &Run, server: &ServerName) -> Self {
        let right = if run.found == ProductionState::Production { Right::GivingBack } else { Right::Asked };
        Self { act: Act::Undrain(server.clone()), right }
    }

    /// What is to be done.
    #[must_use]
    pub const fn act(&self) -> &Act {
        &self.act
    }

    /// By what right.
    #[must_use]
    pub const fn right(&self) -> Right {
        self.right
    }
}
