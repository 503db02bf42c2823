//! The servers' SSH daemons: one listener each, one key that is let in, a handful of commands.
//!
//! The command lines are matched to the letter; anything else is a command that this server does not have. They are
//! written here a second time on purpose: a driver that changes its words meets servers that do not know them, as in
//! a real fleet, and the tests on the wire see it.

use super::model::{ExecEnd, SshDoor};
use super::shared::{SharedFleet, pass};
use crate::domain::command::HostCheck;
use crate::domain::server::ServerName;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use russh::server::{self, Auth, ChannelOpenHandle, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Preferred, SshId};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The login name of every server.
pub(super) const USER: &str = "ops";

/// How long a connection may be silent before the daemon drops it.
const SILENCE_MAX: Duration = Duration::from_secs(60);

const BOOT_FACTS: &str = "cat /proc/sys/kernel/random/boot_id; awk '/^btime/{print $2}' /proc/stat; date +%s";

/// How the command line of each check begins; each line ends at its own bracket.
const CHECKS: [(HostCheck, &str); 4] = [
    (
        HostCheck::Services,
        "s=$(systemctl list-units --state=failed --no-legend --plain --no-pager) \
         && echo services: $(echo \"$s\" | cut -d' ' -f1)",
    ),
    (
        HostCheck::Mounts,
        "m=$(awk '$1 !~ /^#/ && $2 ~ /^\\// && $4 !~ /noauto/ {print $2}' /etc/fstab) \
         && echo mounts: $(for d in $m; do mountpoint -q \"$d\" || echo \"$d\"; done)",
    ),
    (
        HostCheck::Kernel,
        "k=$(ls -v /boot/vmlinuz-* | tail -n 1) && echo kernel: $([ \"$k\" = \"/boot/vmlinuz-$(uname -r)\" ] \
         || echo \"runs $(uname -r), ${k#/boot/vmlinuz-} is installed\")",
    ),
    (
        HostCheck::Clock,
        "c=$(timedatectl show --property=NTPSynchronized --value) \
         && echo clock: $([ \"$c\" = yes ] || echo \"not synchronised\")",
    ),
];

/// A command that a simulated server has.
#[derive(Clone, PartialEq, Eq, Debug)]
enum RemoteCommand {
    BootFacts,
    Reboot { not_after_seconds: i64 },
    Checks(Vec<HostCheck>),
}

impl RemoteCommand {
    fn parse(line: &str) -> Option<Self> {
        if line == BOOT_FACTS {
            return Some(Self::BootFacts);
        }
        if let Some(rest) = line.strip_prefix("[ $(date +%s) -lt ") {
            let seconds = rest.strip_suffix(" ] && systemctl reboot")?;
            let is_plain = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
            return is_plain.then(|| seconds.parse().ok())?.map(|not_after_seconds| Self::Reboot { not_after_seconds });
        }
        let mut checks = Vec::new();
        let mut rest = line;
        loop {
            let (check, after) = CHECKS.iter().find_map(|(check, text)| Some((*check, rest.strip_prefix(text)?)))?;
            checks.push(check);
            if after.is_empty() {
                return Some(Self::Checks(checks));
            }
            rest = after.strip_prefix("; ")?;
        }
    }
}

/// A server's host key: its own, and the same as long as the secret is.
pub(super) fn host_key(secret: &[u8; 32], server: &ServerName) -> PrivateKey {
    key_of(Sha256::new().chain_update(secret).chain_update("host").chain_update(server.as_str()).finalize().into())
}

/// The key of the one client.
pub(super) fn client_key(secret: &[u8; 32]) -> PrivateKey {
    key_of(Sha256::new().chain_update(secret).chain_update("client").finalize().into())
}

fn key_of(seed: [u8; 32]) -> PrivateKey {
    let pair = KeypairData::from(Ed25519Keypair::from_seed(&seed));
    PrivateKey::try_from(pair).expect("an Ed25519 key that was just made is a key")
}

/// One server's daemon.
pub(super) struct Daemon {
    pub(super) server: ServerName,
    pub(super) listener: TcpListener,
    pub(super) fleet: SharedFleet,
    pub(super) host_key: PrivateKey,
    pub(super) client_key: Arc<PublicKey>,
}

impl Daemon {
    /// Serves until the task set that holds it is dropped.
    pub(super) async fn run(self) {
        let config = Arc::new(server::Config {
            server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-sandbox")),
            methods: MethodSet::from([MethodKind::PublicKey].as_slice()),
            auth_rejection_time: Duration::from_millis(100),
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![self.host_key.clone()],
            preferred: Preferred { key: Cow::Borrowed(&[Algorithm::Ed25519]), ..Preferred::DEFAULT },
            max_auth_attempts: 3,
            inactivity_timeout: Some(SILENCE_MAX),
            nodelay: true,
            ..server::Config::default()
        });
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(answer(self.guest(), stream, Arc::clone(&config)));
                    }
                    // Out of file descriptors, as a rule: it passes, and spinning on it would not help.
                    Err(_) => pass(Duration::from_millis(100)).await,
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    }

    fn guest(&self) -> Guest {
        Guest { server: self.server.clone(), fleet: self.fleet.clone(), client_key: Arc::clone(&self.client_key) }
    }
}

async fn answer(guest: Guest, stream: TcpStream, config: Arc<server::Config>) {
    let now = guest.fleet.now();
    let door = guest.fleet.fleet().ssh_door(&guest.server, now);
    match door {
        // A listener cannot be closed for a while without losing its port, so a closed port is one that hangs up.
        SshDoor::Refused => {}
        SshDoor::Hangs => {
            pass(SILENCE_MAX).await;
            drop(stream);
        }
        SshDoor::Open => {
            let served = match server::run_stream(config, stream, guest).await {
                Ok(session) => session.await,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = served {
                tracing::debug!(%fault, "a connection to a simulated SSH daemon ended");
            }
        }
    }
}

/// One connection.
struct Guest {
    server: ServerName,
    fleet: SharedFleet,
    client_key: Arc<PublicKey>,
}

impl Guest {
    fn let_in(&self, key: &PublicKey) -> Auth {
        if key.key_data() == self.client_key.key_data() { Auth::Accept } else { Auth::reject() }
    }

    fn carry_out(&self, command: &RemoteCommand) -> (ExecEnd, String) {
        let now = self.fleet.now();
        let mut fleet = self.fleet.fleet();
        let done = |text: Option<String>| match text {
            Some(text) => (ExecEnd::Exit { status: 0, stderr: String::new() }, text),
            None => (ExecEnd::CutOff, String::new()),
        };
        match command {
            RemoteCommand::Reboot { not_after_seconds } => {
                (fleet.reboot_over_ssh(&self.server, *not_after_seconds, now), String::new())
            }
            RemoteCommand::BootFacts => done(fleet.boot_facts(&self.server, now).map(|facts| {
                format!("{}\n{}\n{}\n", facts.boot_id, facts.booted_at.seconds(), facts.server_clock.seconds())
            })),
            RemoteCommand::Checks(checks) => done(fleet.failed_checks(&self.server, checks, now).map(|failed| {
                let found = |check| failed.iter().find(|(failed, _)| *failed == check).map_or("", |(_, found)| found);
                checks.iter().map(|check| format!("{}: {}\n", check.word(), found(*check))).collect()
            })),
        }
    }
}

impl server::Handler for Guest {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, _user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        Ok(self.let_in(offer.public_key))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(if user == USER { self.let_in(key.public_key) } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        line: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = std::str::from_utf8(line).ok().and_then(RemoteCommand::parse);
        let (end, stdout) = match command {
            Some(command) => self.carry_out(&command),
            None => (ExecEnd::Exit { status: 127, stderr: "sh: command not found".to_owned() }, String::new()),
        };
        session.channel_success(channel)?;
        match end {
            ExecEnd::Exit { status, stderr } => {
                session.data(channel, stdout.into_bytes())?;
                session.extended_data(channel, 1, stderr.into_bytes())?;
                session.exit_status_request(channel, status)?;
                session.eof(channel)?;
                session.close(channel)
            }
            ExecEnd::NoReply => Ok(()),
            // The connection ends with its handler.
            ExecEnd::CutOff => Err(russh::Error::Disconnect),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RemoteCommand;

    #[test]
    fn only_the_written_command_lines_are_commands() {
        let reboot = "[ $(date +%s) -lt 1764511500 ] && systemctl reboot";
        assert_eq!(RemoteCommand::parse(reboot), Some(RemoteCommand::Reboot { not_after_seconds: 1_764_511_500 }));
        for line in [
            "",
            "reboot",
            "systemctl reboot",
            "[ $(date +%s) -lt  ] && systemctl reboot",
            "[ $(date +%s) -lt -1 ] && systemctl reboot",
            "[ $(date +%s) -lt 1 ] && systemctl reboot; rm -rf /",
            "cat /proc/sys/kernel/random/boot_id",
            "s=$(systemctl list-units); ",
        ] {
            assert_eq!(RemoteCommand::parse(line), None, "{line}");
        }
    }
}
