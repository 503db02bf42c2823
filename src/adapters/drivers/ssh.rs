//! Servers over SSH: one connection a call, the host key pinned by the inventory, our key, one command.
//!
//! The command lines are the whole vocabulary; the remote user needs to be allowed these and nothing else (for
//! example by a forced command). They are written for any POSIX shell. Deliberately absent: trust on first use,
//! passwords, agents, terminals.

use super::one_line;
use crate::adapters::inventory::SshEndpoint;
use crate::domain::command::HostCheck;
use crate::domain::effect::{Begun, BootFacts, BootId, Seen};
use crate::domain::time::Timestamp;
use russh::client;
use russh::keys::{PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{ChannelMsg, Disconnect, Preferred};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// Prints the boot id, the boot time and the clock, one a line.
pub const BOOT_FACTS: &str = "cat /proc/sys/kernel/random/boot_id; awk '/^btime/{print $2}' /proc/stat; date +%s";

/// The units that have failed, after `services:`.
pub const CHECK_SERVICES: &str = "s=$(systemctl list-units --state=failed --no-legend --plain --no-pager) \
     && echo services: $(echo \"$s\" | cut -d' ' -f1)";

/// The directories of /etc/fstab on which nothing is mounted, after `mounts:`.
pub const CHECK_MOUNTS: &str = "m=$(awk '$1 !~ /^#/ && $2 ~ /^\\// && $4 !~ /noauto/ {print $2}' /etc/fstab) \
     && echo mounts: $(for d in $m; do mountpoint -q \"$d\" || echo \"$d\"; done)";

/// The running kernel and the newest installed one where they differ, after `kernel:`.
pub const CHECK_KERNEL: &str = "k=$(ls -v /boot/vmlinuz-* | tail -n 1) \
     && echo kernel: $([ \"$k\" = \"/boot/vmlinuz-$(uname -r)\" ] || echo \"runs $(uname -r), ${k#/boot/vmlinuz-} is installed\")";

/// Says if the clock is not synchronised, after `clock:`.
pub const CHECK_CLOCK: &str = "c=$(timedatectl show --property=NTPSynchronized --value) \
     && echo clock: $([ \"$c\" = yes ] || echo \"not synchronised\")";

/// What a command may print before the rest is dropped.
const OUTPUT_LENGTH_MAX_BYTES: usize = 64 * 1024;

/// A connection on which nothing moves for this long is given up by our side of the protocol too.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The reboot command: it carries its own not-after time and checks it by the server's own clock when it arrives.
#[must_use]
pub fn reboot_command(not_after: Timestamp) -> String {
    format!("[ $(date +%s) -lt {} ] && systemctl reboot", not_after.seconds())
}

/// The command of some checks: each prints one line `word: what does not hold`, nothing after the colon if it holds.
#[must_use]
pub fn checks_command(checks: &[HostCheck]) -> String {
    let lines: Vec<&str> = checks
        .iter()
        .map(|check| match check {
            HostCheck::Services => CHECK_SERVICES,
            HostCheck::Mounts => CHECK_MOUNTS,
            HostCheck::Kernel => CHECK_KERNEL,
            HostCheck::Clock => CHECK_CLOCK,
        })
        .collect();
    lines.join("; ")
}

/// What is told of another machine's key.
const OTHER_KEY: &str = "its host key is not the one in the inventory";

/// Reboots, once.
pub(super) async fn reboot(endpoint: &SshEndpoint, not_after: Timestamp, deadline: Duration) -> Begun {
    match run(endpoint, &reboot_command(not_after), deadline).await {
        Ok(output) => reboot_ended(&output),
        Err(SshFault::NeverSent(why)) => Begun::NeverSent(why),
        Err(SshFault::OtherKey) => Begun::OtherMachine(OTHER_KEY.to_owned()),
        Err(SshFault::Declined) => Begun::Refused("the server does not run commands".to_owned()),
        Err(SshFault::Unanswered(why)) => Begun::Unknown(why),
    }
}

/// What an exit status of the reboot command proves.
fn reboot_ended(output: &Output) -> Begun {
    let said = one_line(&output.stderr);
    match output.status {
        0 => Begun::Sent,
        1 if said.is_empty() => Begun::Refused("the command arrived too late and did nothing".to_owned()),
        // systemctl gave up waiting for an answer: the order itself may have been taken.
        1 if ["timed out", "No reply", "reset by peer"].iter().any(|word| said.contains(word)) => Begun::Unknown(said),
        1 | 2 | 4 | 5 | 77 | 126 | 127 if !said.is_empty() => Begun::Refused(said),
        126 | 127 => Begun::Refused("the server has no such command".to_owned()),
        // Above 128 a signal ended it, as a shutdown that has begun does; 255 is what a broken relay says.
        status => Begun::Unknown(format!("the reboot command ended with status {status}")),
    }
}

/// The running system's boot.
pub(super) async fn boot_facts(endpoint: &SshEndpoint, deadline: Duration) -> Seen {
    match run(endpoint, BOOT_FACTS, deadline).await {
        Ok(output) => boot_facts_of(&output.stdout)
            .map_or_else(|| Seen::NoAnswer("its answer about its boot is not understood".to_owned()), Seen::Boot),
        Err(fault) => fault.seen(),
    }
}

fn boot_facts_of(text: &str) -> Option<BootFacts> {
    let mut lines = text.lines().map(str::trim);
    let boot_id = lines.next().filter(|id| id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))?;
    let mut time = || {
        let seconds: i64 = lines.next()?.parse().ok()?;
        seconds.checked_mul(1000).map(Timestamp::from_millis)
    };
    Some(BootFacts { boot_id: BootId::new(boot_id), booted_at: time()?, server_clock: time()? })
}

/// The checks that do not hold. One that printed nothing does not hold either.
pub(super) async fn failed_checks(endpoint: &SshEndpoint, checks: &[HostCheck], deadline: Duration) -> Seen {
    match run(endpoint, &checks_command(checks), deadline).await {
        Ok(output) => Seen::Checks(checks.iter().filter_map(|check| failure(*check, &output.stdout)).collect()),
        Err(fault) => fault.seen(),
    }
}

fn failure(check: HostCheck, stdout: &str) -> Option<(HostCheck, String)> {
    let answer = stdout.lines().find_map(|line| line.strip_prefix(check.word())?.strip_prefix(':'));
    match answer.map(one_line) {
        Some(found) if found.is_empty() => None,
        Some(found) => Some((check, found)),
        None => Some((check, "the check gave no answer".to_owned())),
    }
}

/// Why a command has no exit status.
enum SshFault {
    /// No exec request was ever written.
    NeverSent(String),
    /// Another machine answers at the server's address, as far as its key tells: it was asked nothing.
    OtherKey,
    /// The server answered that it runs no commands.
    Declined,
    /// The exec request was written, or may have been.
    Unanswered(String),
}

impl SshFault {
    fn of(fault: &russh::Error) -> Self {
        if matches!(fault, russh::Error::UnknownKey) { Self::OtherKey } else { Self::NeverSent(words_of(fault)) }
    }

    /// What a look came to that ended so.
    fn seen(self) -> Seen {
        match self {
            Self::NeverSent(why) | Self::Unanswered(why) => Seen::NoAnswer(why),
            Self::OtherKey => Seen::OtherMachine(OTHER_KEY.to_owned()),
            Self::Declined => Seen::NoAnswer("the server does not run commands".to_owned()),
        }
    }
}

/// How a command ended.
struct Output {
    status: u32,
    stdout: String,
    stderr: String,
}

/// What is known of a call at any moment; it outlives the call when the deadline cuts that off.
#[derive(Default)]
struct Progress {
    written: bool,
    status: Option<u32>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Progress {
    fn output(&self) -> Option<Output> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(Output { status: self.status?, stdout: text(&self.stdout), stderr: text(&self.stderr) })
    }
}

async fn run(endpoint: &SshEndpoint, command: &str, deadline: Duration) -> Result<Output, SshFault> {
    let mut progress = Progress::default();
    let ended = tokio::time::timeout(deadline, converse(endpoint, command, &mut progress)).await;
    match (ended, progress.output()) {
        (Ok(Err(fault)), _) => Err(fault),
        (_, Some(output)) => Ok(output),
        (Ok(Ok(())), None) => Err(SshFault::Unanswered("the connection was cut after the command was sent".to_owned())),
        (Err(_), None) if progress.written => {
            Err(SshFault::Unanswered("the command was sent and no answer came in time".to_owned()))
        }
        (Err(_), None) => Err(SshFault::NeverSent("SSH did not answer in time".to_owned())),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that grows; the rest says nothing of the command")]
async fn converse(endpoint: &SshEndpoint, command: &str, progress: &mut Progress) -> Result<(), SshFault> {
    let mut session = connect(endpoint).await.map_err(|fault| SshFault::of(&fault))?;
    let key = PrivateKeyWithHashAlg::new(Arc::clone(&endpoint.key), None);
    let login = session.authenticate_publickey(endpoint.user.as_str(), key).await;
    if !login.map_err(|fault| SshFault::NeverSent(words_of(&fault)))?.success() {
        return Err(SshFault::NeverSent("the server does not accept our key".to_owned()));
    }
    let channel = session.channel_open_session().await;
    let mut channel = channel.map_err(|fault| SshFault::NeverSent(words_of(&fault)))?;
    // From here on the request may be on the wire, whatever happens next.
    progress.written = true;
    if let Err(fault) = channel.exec(true, command).await {
        return Err(SshFault::Unanswered(words_of(&fault)));
    }
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => append(&mut progress.stdout, &data),
            ChannelMsg::ExtendedData { data, ext: 1 } => append(&mut progress.stderr, &data),
            ChannelMsg::ExitStatus { exit_status } => progress.status = Some(exit_status),
            ChannelMsg::Failure => return Err(SshFault::Declined),
            ChannelMsg::ExitSignal { .. } => {
                return Err(SshFault::Unanswered("a signal ended the command".to_owned()));
            }
            ChannelMsg::Close => break,
            _ => {}
        }
    }
    if let Err(fault) = session.disconnect(Disconnect::ByApplication, "", "").await {
        tracing::debug!(%fault, "the SSH connection was closed before we could say goodbye");
    }
    Ok(())
}

async fn connect(endpoint: &SshEndpoint) -> Result<client::Handle<PinnedKey>, russh::Error> {
    // A server may have several host keys: ask for the one that the inventory pins.
    let preferred = Preferred { key: Cow::Owned(vec![endpoint.host_key.algorithm()]), ..Preferred::DEFAULT };
    let config = client::Config { preferred, inactivity_timeout: Some(SILENCE_MAX), nodelay: true, ..<_>::default() };
    let pinned = PinnedKey(endpoint.host_key.clone());
    client::connect(Arc::new(config), endpoint.address.as_str(), pinned).await
}

/// Believes one host key.
struct PinnedKey(PublicKey);

impl client::Handler for PinnedKey {
    type Error = russh::Error;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(match offered {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.key_data() == self.0.key_data(),
            PublicKeyOrCertificate::Certificate(_) => false,
        })
    }
}

fn append(kept: &mut Vec<u8>, data: &[u8]) {
    let room = OUTPUT_LENGTH_MAX_BYTES.saturating_sub(kept.len());
    kept.extend(data.iter().take(room));
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign enum that grows; only these two mean something to people"
)]
fn words_of(fault: &russh::Error) -> String {
    match fault {
        russh::Error::IO(fault) => match fault.kind() {
            std::io::ErrorKind::ConnectionRefused => "the SSH port is closed".to_owned(),
            _ => format!("SSH: {}", one_line(&fault.to_string())),
        },
        other => format!("SSH: {}", one_line(&other.to_string())),
    }
}
