//! What was looked up outside, to be known beside the ledger: what pools carry, which alerts fire, and what
//! single servers have.

use super::infrastructure::Firing;
use super::siblings::Measures;
use super::traffic::Traffic;

static TRAFFIC_NOT_ASKED: Traffic = Traffic::NotAsked;
static FIRING_NOT_ASKED: Firing = Firing::NotAsked;
static NO_METRICS: Traffic = Traffic::NotConfigured;
static TRAFFIC_LEFT_OUT: Traffic = Traffic::LeftOut;
static NO_MONITORING: Firing = Firing::NotConfigured;
static MEASURES_NOT_ASKED: Measures = Measures::NotAsked;
static NO_MEASURES: Measures = Measures::NotConfigured;

/// What was looked up outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outside<'a> {
    /// What pools carry.
    pub traffic: &'a Traffic,
    /// Which alerts fire.
    pub firing: &'a Firing,
    /// What servers have that are compared with their siblings.
    pub measures: &'a Measures,
}

impl Outside<'_> {
    /// Nobody has asked: what takes capacity waits.
    pub const NOT_ASKED: Outside<'static> =
        Outside { traffic: &TRAFFIC_NOT_ASKED, firing: &FIRING_NOT_ASKED, measures: &MEASURES_NOT_ASKED };
    /// There is nowhere to look: nothing waits for it.
    pub const NOT_CONFIGURED: Outside<'static> =
        Outside { traffic: &NO_METRICS, firing: &NO_MONITORING, measures: &NO_MEASURES };

    /// Whoever tells, and does not decide, does not look: what was decided by it is told as it was last.
    pub const LEFT_OUT: Outside<'static> =
        Outside { traffic: &TRAFFIC_LEFT_OUT, firing: &NO_MONITORING, measures: &NO_MEASURES };

    /// Whether a first look has not ended yet.
    #[must_use]
    pub fn is_pending(self) -> bool {
        *self.traffic == Traffic::Pending || *self.firing == Firing::Pending
    }

    /// Whether nobody looks: what keeps something from starting is told as it was decided last.
    #[must_use]
    pub fn is_not_asked(self) -> bool {
        *self.traffic == Traffic::NotAsked && *self.firing == Firing::NotAsked
    }
}
