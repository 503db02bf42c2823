//! The troubles that a simulated server can have.

/// One trouble; it lasts until the server is repaired unless its line says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fault {
    /// Goes down on a reboot and does not come back.
    WontBoot,
    /// The SSH daemon accepts connections and never speaks; ends with the next boot.
    SshDead,
    /// The management controller takes seconds to answer.
    BmcSlow,
    /// The management controller never answers.
    BmcDead,
    /// A reboot command exits with a failure and nothing happens.
    RefusesReboot,
    /// A reboot command is carried out, its answer never comes.
    HangsInExec,
    /// A reboot command is carried out, the connection is cut before the exit status.
    DropsConnectionInExec,
    /// A reboot command exits with success and nothing happens.
    IgnoresReboot,
    /// Went down by itself.
    Dead,
    /// A service has failed on it.
    ChecksFail,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 10] = [
        Self::WontBoot,
        Self::SshDead,
        Self::BmcSlow,
        Self::BmcDead,
        Self::RefusesReboot,
        Self::HangsInExec,
        Self::DropsConnectionInExec,
        Self::IgnoresReboot,
        Self::Dead,
        Self::ChecksFail,
    ];

    /// Its name in the control API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::WontBoot => "wont_boot",
            Self::SshDead => "ssh_dead",
            Self::BmcSlow => "bmc_slow",
            Self::BmcDead => "bmc_dead",
            Self::RefusesReboot => "refuses_reboot",
            Self::HangsInExec => "hangs_in_exec",
            Self::DropsConnectionInExec => "drops_connection_in_exec",
            Self::IgnoresReboot => "ignores_reboot",
            Self::Dead => "dead",
            Self::ChecksFail => "checks_fail",
        }
    }

    /// The fault of a name.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.word() == word)
    }
}
