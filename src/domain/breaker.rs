//! What failures of a command are counted over together, and how people name it: `reboot site=lax`.

use super::command::CommandName;
use super::intent::{ParameterName, Value};
use super::server::{ServerName, ServerType, SiteName};
use std::collections::BTreeMap;

/// Where failures of one command are counted together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum BreakerScope {
    /// On one server, of what automations ask for.
    Server {
        /// The command.
        command: CommandName,
        /// The server, by the name that people write.
        server: ServerName,
    },
    /// At one site.
    Site {
        /// The command.
        command: CommandName,
        /// The site.
        site: SiteName,
    },
    /// With one version, on one type of server.
    Version {
        /// The command.
        command: CommandName,
        /// The type.
        server_type: ServerType,
        /// The version, without a `v` before it.
        version: String,
    },
    /// Everywhere.
    Command {
        /// The command.
        command: CommandName,
    },
}

impl BreakerScope {
    /// The command.
    #[must_use]
    pub const fn command(&self) -> &CommandName {
        match self {
            Self::Server { command, .. }
            | Self::Site { command, .. }
            | Self::Version { command, .. }
            | Self::Command { command } => command,
        }
    }

    /// The site, if it is one's.
    #[must_use]
    pub const fn site(&self) -> Option<&SiteName> {
        match self {
            Self::Site { site, .. } => Some(site),
            Self::Server { .. } | Self::Version { .. } | Self::Command { .. } => None,
        }
    }

    /// The server, if it is one's.
    #[must_use]
    pub const fn server(&self) -> Option<&ServerName> {
        match self {
            Self::Server { server, .. } => Some(server),
            Self::Site { .. } | Self::Version { .. } | Self::Command { .. } => None,
        }
    }

    /// From what it prints as; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let command = words.next().filter(|word| !word.contains('='))?;
        let command = CommandName::new(command.to_lowercase());
        let (mut server, mut site, mut server_type, mut version) = (None, None, None, None);
        for word in words {
            let (key, value) = word.split_once('=').filter(|(_, value)| !value.is_empty())?;
            let place = match key.to_lowercase().as_str() {
                "server" => &mut server,
                "site" => &mut site,
                "type" => &mut server_type,
                "version" => &mut version,
                _ => return None,
            };
            if place.replace(value).is_some() {
                return None;
            }
        }
        match (server, site, server_type, version) {
            (None, None, None, None) => Some(Self::Command { command }),
            (Some(server), None, None, None) => {
                Some(Self::Server { command, server: ServerName::new(server.to_lowercase()) })
            }
            (None, Some(site), None, None) => Some(Self::Site { command, site: SiteName::new(site.to_lowercase()) }),
            (None, None, Some(server_type), Some(version)) => Some(Self::Version {
                command,
                server_type: ServerType::new(server_type.to_lowercase()),
                version: bare(version).to_owned(),
            }),
            (Some(_) | None, _, _, _) => None,
        }
    }
}

/// As people write it behind `close-breaker`.
impl std::fmt::Display for BreakerScope {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Server { command, server } => write!(formatter, "{command} server={server}"),
            Self::Site { command, site } => write!(formatter, "{command} site={site}"),
            Self::Version { command, server_type, version } => {
                write!(formatter, "{command} type={server_type} version={version}")
            }
            Self::Command { command } => write!(formatter, "{command}"),
        }
    }
}

/// The version that a request is about, if its command takes one: `v1.2.3` is the same as `1.2.3`.
#[must_use]
pub fn version_of(parameters: &BTreeMap<ParameterName, Value>) -> Option<&str> {
    parameters.values().find_map(|value| if let Value::Version(version) = value { Some(bare(version)) } else { None })
}

fn bare(version: &str) -> &str {
    version.strip_prefix(['v', 'V']).unwrap_or(version)
}
