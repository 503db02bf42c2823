//! The policies that say whether it is safe now, by the names that people use for them.

/// One of the policies that say whether it is safe now, by the name that people use for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PolicyName {
    /// How many may be under work at once: on a server, a site, a command, the fleet.
    Concurrency,
    /// How many of a pool must serve.
    Capacity,
    /// How much of what is left may be used.
    Traffic,
    /// Whether a server is what it is meant to be.
    ProductionState,
    /// What is redundant, and what monitoring says is wrong.
    Infrastructure,
    /// Whether too many runs of the same have failed.
    FailureRate,
    /// The stop of everything.
    Stop,
    /// Freezes, of people and of calendars.
    Freeze,
    /// Servers and requests that people hold.
    Hold,
    /// The blacklist.
    Blacklist,
    /// The windows of calendars.
    Window,
}

impl PolicyName {
    /// Every policy.
    pub const ALL: [Self; 11] = [
        Self::Concurrency,
        Self::Capacity,
        Self::Traffic,
        Self::ProductionState,
        Self::Infrastructure,
        Self::FailureRate,
        Self::Stop,
        Self::Freeze,
        Self::Hold,
        Self::Blacklist,
        Self::Window,
    ];

    /// Those that an override can let servers pass; whatever is not named here never can be.
    pub const OVERRIDABLE: [Self; 6] =
        [Self::Concurrency, Self::Capacity, Self::Traffic, Self::ProductionState, Self::Infrastructure, Self::Window];

    /// Whether it may be only observed: all that weigh figures, none that people put on.
    #[must_use]
    pub fn can_be_observed(self) -> bool {
        self.can_be_overridden() || self == Self::FailureRate
    }

    /// Whether an override can let servers pass it.
    #[must_use]
    pub fn can_be_overridden(self) -> bool {
        Self::OVERRIDABLE.contains(&self)
    }

    /// Its name, as people write it and as it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Concurrency => "concurrency",
            Self::Capacity => "capacity",
            Self::Traffic => "traffic",
            Self::ProductionState => "production-state",
            Self::FailureRate => "failure-rate",
            Self::Stop => "stop",
            Self::Freeze => "freeze",
            Self::Hold => "hold",
            Self::Blacklist => "blacklist",
            Self::Window => "window",
            Self::Infrastructure => "infrastructure",
        }
    }
}

/// A set of policies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PolicySet(u16);

impl PolicySet {
    /// None.
    pub const NONE: Self = Self(0);

    /// Whether it is one of them.
    #[must_use]
    pub const fn contains(self, policy: PolicyName) -> bool {
        self.0 & (1 << policy as u16) != 0
    }

    /// Each, in order.
    pub fn iter(self) -> impl Iterator<Item = PolicyName> {
        PolicyName::ALL.into_iter().filter(move |policy| self.contains(*policy))
    }
}

impl FromIterator<PolicyName> for PolicySet {
    fn from_iter<I: IntoIterator<Item = PolicyName>>(policies: I) -> Self {
        Self(policies.into_iter().fold(0, |set, policy| set | (1 << policy as u16)))
    }
}
