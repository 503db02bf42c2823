//! The typed meaning of a line that stops things, or lets them go on.

/// What a person asks for who wants things to stop, or to go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Braking {
    /// `stop everything because …`
    Stop {
        /// Why; whoever is in a hurry need not say.
        because: Option<String>,
    },
    /// `resume everything because …`
    Resume {
        /// Why.
        because: String,
    },
}
