//! The troubles that a simulated server can have.

use super::{Fleet, NoSuchServer, Outcome, ResetKind};
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;

/// What a machine says of itself that is not of this fleet.
pub const STRANGER_UUID: &str = "57a46e00-0000-4000-a000-000000000000";

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
    /// The management controller at its address is another machine's: that of the next server with this trouble, or if
    /// there is no other, of a machine that is not of this fleet.
    BmcSwapped,
    /// A reboot command exits with a failure and nothing happens.
    RefusesReboot,
    /// A reboot command is carried out, its answer never comes.
    HangsInExec,
    /// A reboot command is carried out, the connection is cut before the exit status.
    DropsConnectionInExec,
    /// A reboot command exits with success and nothing happens.
    IgnoresReboot,
    /// Went down by itself; ends with the next boot.
    Dead,
    /// A service has failed on it.
    ChecksFail,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 11] = [
        Self::WontBoot,
        Self::SshDead,
        Self::BmcSlow,
        Self::BmcDead,
        Self::BmcSwapped,
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
            Self::BmcSwapped => "bmc_swapped",
            Self::RefusesReboot => "refuses_reboot",
            Self::HangsInExec => "hangs_in_exec",
            Self::DropsConnectionInExec => "drops_connection_in_exec",
            Self::IgnoresReboot => "ignores_reboot",
            Self::Dead => "dead",
            Self::ChecksFail => "checks_fail",
        }
    }

    /// Whether it is gone once the server has booted.
    pub(super) const fn ends_with_a_boot(self) -> bool {
        matches!(self, Self::SshDead | Self::Dead)
    }

    /// The fault of a name.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.word() == word)
    }
}

impl Fleet {
    /// The machine whose controller answers at the address of that server's; `None` for one that is not of this fleet.
    #[must_use]
    pub fn behind_controller(&self, name: &ServerName) -> Option<ServerName> {
        let swapped = self.servers.iter().filter(|(_, machine)| machine.has(Fault::BmcSwapped)).map(|(name, _)| name);
        let swapped = swapped.collect::<Vec<_>>();
        let Some(place) = swapped.iter().position(|other| *other == name) else { return Some(name.clone()) };
        let next = swapped.iter().cycle().nth(place + 1).copied();
        next.filter(|other| *other != name).cloned()
    }

    /// The UUID that the controller at the address of that server's says.
    #[must_use]
    pub fn controller_uuid(&self, name: &ServerName) -> String {
        let machine = self.behind_controller(name).and_then(|name| self.servers.get(&name));
        machine.map_or_else(|| STRANGER_UUID.to_owned(), |machine| machine.spec().id.to_string())
    }

    /// A power action of whatever controller answers at the address of that server's.
    ///
    /// # Errors
    /// When there is no such server.
    pub fn reset_at(&mut self, name: &ServerName, kind: ResetKind, now: Timestamp) -> Result<Outcome, NoSuchServer> {
        match self.behind_controller(name) {
            Some(machine) => self.reset(&machine, kind, now),
            None => Ok(Outcome::Done),
        }
    }
}
