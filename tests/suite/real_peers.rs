//! The production drivers against the programs that real fleets run: OpenSSH, HAProxy, a Redfish emulator.
//!
//! `tests/peers/install` installs them. A peer that is missing is a failure, never a skipped test. Everything
//! listens on 127.0.0.1, on ports that were free a moment ago, and ends with its test.

use crate::mandates::mandate;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use wrasse::adapters::clock::SystemClock;
use wrasse::adapters::drivers::RealDrivers;
use wrasse::adapters::inventory::load;
use wrasse::domain::command::HostCheck;
use wrasse::domain::effect::{Act, BalancerStanding, Begun, BootFacts, Power, Probe, Seen};
use wrasse::domain::server::ServerName;
use wrasse::domain::time::Timestamp;
use wrasse::ports::{Clock, Drivers};

const SOON: Duration = Duration::from_secs(10);

/// A program that ends with its test.
pub(crate) struct Peer(Child);

impl Peer {
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Self {
        let started = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(started.unwrap_or_else(|fault| panic!("{program:?} is missing, run tests/peers/install: {fault}")))
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A port that nobody listens on, below those that the system gives away: no other test gets it meanwhile.
pub(crate) fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let mut tries = (0..1000).map(|_| {
        let number = std::process::id().wrapping_mul(37).wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed));
        20_000 + u16::try_from(number % 10_000).unwrap()
    });
    tries.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("some port is free")
}

/// Looks again until it holds, at most half a minute.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let looking = async {
        loop {
            ticks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking).await.unwrap_or_else(|_| panic!("{what}, in time"))
}

pub(crate) async fn listens(port: u16) {
    until("it listens", async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
}

fn server() -> ServerName {
    ServerName::new("edge-lax-001")
}

fn not_after() -> Timestamp {
    SystemClock.now().plus(Duration::from_secs(30))
}

/// Drivers of an inventory with one server, described by the rest of its lines.
fn drivers(folder: &Path, head: &str, of_server: &str) -> RealDrivers {
    // Another test of this process may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
    let text = format!(
        "sites: [lax]\n{head}servers:\n  - {{ id: a, name: edge-lax-001, type: edge-cache, site: lax, rack: r, {of_server} }}\n"
    );
    let path = folder.join("inventory.yaml");
    std::fs::write(&path, text).unwrap();
    let loaded = load(&path, SystemClock.now()).expect("the inventory is good");
    RealDrivers::new(loaded.endpoints).unwrap()
}

// -- OpenSSH --

/// Everything that a command finds on the simulated server: these scripts, and [`TOOLS`]. Never the machine's own
/// commands, or a test that breaks would reboot the machine it runs on.
const STUBS: [(&str, &str); 7] = [
    ("cat", "[ \"$1\" = /proc/sys/kernel/random/boot_id ] && exec /bin/cat \"$STATE/boot_id\"\nexec /bin/cat \"$@\""),
    ("awk", "[ \"$2\" = /etc/fstab ] && exec /usr/bin/awk \"$1\" \"$STATE/fstab\"\nexec /usr/bin/awk \"$@\""),
    (
        "systemctl",
        r#"case "$1" in
  list-units) exec /bin/cat "$STATE/failed_units" ;;
  reboot)
    echo reboot >> "$STATE/reboots"
    /bin/cat /proc/sys/kernel/random/uuid > "$STATE/boot_id"
    case "$(/bin/cat "$STATE/trouble")" in
      refuses) echo "Call to Reboot failed: Access denied" >&2; exit 1 ;;
      hangs) exec sleep 20 ;;
      cuts) kill -9 "$SSHD"; exec sleep 20 ;;
      signalled) kill -15 $$ ;;
    esac ;;
esac"#,
    ),
    ("timedatectl", "exec /bin/cat \"$STATE/synchronised\""),
    ("mountpoint", "grep -qx \"$2\" \"$STATE/mounted\""),
    ("ls", "exec /bin/cat \"$STATE/kernels\""),
    ("uname", "exec /bin/cat \"$STATE/kernel\""),
];

/// Commands of this machine that change nothing.
const TOOLS: [&str; 5] = ["cut", "date", "grep", "sleep", "tail"];

struct OpenSsh {
    peer: Peer,
    folder: TempDir,
    port: u16,
    user: String,
    host_key: String,
    drivers: RealDrivers,
}

fn key(number: u8) -> PrivateKey {
    PrivateKey::try_from(KeypairData::from(Ed25519Keypair::from_seed(&[number; 32]))).unwrap()
}

fn public(key: &PrivateKey) -> String {
    key.public_key().to_openssh().unwrap()
}

fn write(path: PathBuf, text: &str, mode: u32) {
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

impl OpenSsh {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let shown = at.display();
        std::fs::create_dir_all(at.join("bin")).unwrap();
        for (name, body) in STUBS {
            write(at.join("bin").join(name), &format!("#!/bin/sh\n{body}\n"), 0o755);
        }
        for tool in TOOLS {
            let path = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(tool));
            let path = path.into_iter().find(|path| path.exists()).expect("every Debian has these");
            std::os::unix::fs::symlink(path, at.join("bin").join(tool)).unwrap();
        }
        let wrapper = format!(
            "#!/bin/sh\nexport STATE={shown} SSHD=$PPID PATH={shown}/bin\nexec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n"
        );
        write(at.join("wrapper"), &wrapper, 0o755);
        for (name, text) in [
            ("boot_id", "5c1d0000-0000-4000-a000-000000000001\n"),
            ("failed_units", ""),
            ("trouble", ""),
            ("reboots", ""),
            ("synchronised", "yes\n"),
            (
                "fstab",
                "# <file system> <mount point>\nUUID=1 / ext4 defaults 0 1\nUUID=2 /cache ext4 defaults 0 2\n/dev/sr0 /cdrom udf noauto 0 0\nUUID=3 none swap sw 0 0\n",
            ),
            ("mounted", "/\n/cache\n"),
            ("kernels", "/boot/vmlinuz-6.1.0-30-amd64\n/boot/vmlinuz-6.1.0-31-amd64\n"),
            ("kernel", "6.1.0-31-amd64\n"),
        ] {
            write(at.join(name), text, 0o644);
        }
        let (host, client) = (key(1), key(2));
        write(at.join("host_key"), &host.to_openssh(LineEnding::LF).unwrap(), 0o600);
        write(at.join("client_key"), &client.to_openssh(LineEnding::LF).unwrap(), 0o600);
        let authorized = format!("command=\"{shown}/wrapper\",restrict {}\n", public(&client));
        write(at.join("authorized_keys"), &authorized, 0o644);
        let port = free_port();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {shown}/host_key\nAuthorizedKeysFile {shown}/authorized_keys\n\
             PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\nPrintMotd no\n"
        );
        write(at.join("sshd.conf"), &config, 0o600);
        // Root's daemon wants this empty directory; for anybody else it does not matter.
        drop(std::fs::create_dir_all("/run/sshd"));
        let config = at.join("sshd.conf");
        let peer = Peer::start(Path::new("/usr/sbin/sshd"), &["-D", "-e", "-f", config.to_str().unwrap()]);
        listens(port).await;
        let who = Command::new("id").arg("-un").output().unwrap();
        let user = String::from_utf8(who.stdout).unwrap().trim().to_owned();
        let host_key = public(&host);
        let drivers = ssh_drivers(at, port, &user, &host_key);
        Self { peer, port, user, host_key, drivers, folder }
    }

    fn set(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn reboots(&self) -> usize {
        std::fs::read_to_string(self.folder.path().join("reboots")).unwrap().lines().count()
    }

    async fn reboot(&self, deadline: Duration) -> Begun {
        self.drivers.begin(&mandate(&Act::RebootOverSsh { server: server(), not_after: not_after() }), deadline).await
    }

    async fn boot(&self) -> BootFacts {
        let seen = self.drivers.observe(&Probe::Boot(server()), SOON).await;
        let Seen::Boot(facts) = seen else { panic!("sshd answers: {seen:?}") };
        facts
    }

    async fn checks(&self) -> Vec<(HostCheck, String)> {
        let seen = self.drivers.observe(&Probe::Checks(server(), HostCheck::ALL.to_vec()), SOON).await;
        let Seen::Checks(failed) = seen else { panic!("sshd answers: {seen:?}") };
        failed
    }
}

fn ssh_drivers(folder: &Path, port: u16, user: &str, host_key: &str) -> RealDrivers {
    let of_server =
        format!("ssh: {{ address: \"127.0.0.1:{port}\", user: {user}, host_key: \"{host_key}\", credential: ssh }}");
    drivers(folder, "credentials:\n  ssh: { private_key_file: client_key }\n", &of_server)
}

#[tokio::test]
async fn openssh_tells_the_boot_and_takes_one_reboot() {
    let sshd = OpenSsh::start().await;
    let before = sshd.boot().await;
    assert_eq!(before.boot_id.as_str(), "5c1d0000-0000-4000-a000-000000000001");
    let now = SystemClock.now();
    assert!(before.booted_at < now, "the machine's own /proc/stat");
    assert!(now.since(before.server_clock) < Duration::from_secs(60), "the machine's own clock");
    assert_eq!(sshd.reboot(SOON).await, Begun::Sent);
    assert_eq!(sshd.reboots(), 1);
    assert_ne!(sshd.boot().await.boot_id, before.boot_id);
}

#[tokio::test]
async fn openssh_runs_no_command_that_comes_late() {
    let sshd = OpenSsh::start().await;
    let loaded = load(&sshd.folder.path().join("inventory.yaml"), SystemClock.now()).unwrap();
    let drivers = RealDrivers::new(loaded.endpoints).unwrap();
    let late = SystemClock.now().minus(Duration::from_secs(1));
    let begun = drivers.begin(&mandate(&Act::RebootOverSsh { server: server(), not_after: late }), SOON).await;
    assert_eq!(begun, Begun::Refused("the command arrived too late and did nothing".to_owned()));
    assert_eq!(sshd.reboots(), 0);
}

#[tokio::test]
async fn openssh_passes_on_refusals_and_keeps_silence_apart() {
    let sshd = OpenSsh::start().await;
    sshd.set("trouble", "refuses");
    assert_eq!(sshd.reboot(SOON).await, Begun::Refused("Call to Reboot failed: Access denied".to_owned()));
    for (trouble, deadline) in [("hangs", Duration::from_secs(3)), ("cuts", SOON), ("signalled", SOON)] {
        sshd.set("trouble", trouble);
        let before = sshd.reboots();
        let begun = sshd.reboot(deadline).await;
        assert!(matches!(begun, Begun::Unknown(_)), "{trouble}: {begun:?}");
        assert_eq!(sshd.reboots(), before + 1, "{trouble}: it did happen");
    }
    std::fs::remove_file(sshd.folder.path().join("bin/systemctl")).unwrap();
    let gone = sshd.reboot(SOON).await;
    assert!(matches!(&gone, Begun::Refused(why) if why.contains("not found")), "{gone:?}");
}

/// The proof that Redfish may be tried.
#[tokio::test]
async fn an_openssh_that_hangs_or_is_gone_was_never_sent_anything() {
    let sshd = OpenSsh::start().await;
    sshd.peer.signal("-STOP");
    assert_eq!(sshd.reboot(Duration::from_secs(1)).await, Begun::NeverSent("SSH did not answer in time".to_owned()));
    sshd.peer.signal("-CONT");
    assert_eq!(sshd.reboots(), 0);
    let OpenSsh { peer, folder, drivers, .. } = sshd;
    drop(peer);
    let begun = drivers.begin(&mandate(&Act::RebootOverSsh { server: server(), not_after: not_after() }), SOON).await;
    // Its last breath may still take the connection and reset it: nothing was sent all the same.
    let told = ["the SSH port is closed", "SSH: Connection reset by peer (os error 104)"];
    assert!(matches!(&begun, Begun::NeverSent(why) if told.contains(&why.as_str())), "{begun:?}");
    drop(folder);
}

#[tokio::test]
async fn openssh_with_another_key_on_either_side_is_not_used() {
    let sshd = OpenSsh::start().await;
    let at = sshd.folder.path();
    let begin = async |drivers: &RealDrivers| {
        drivers.begin(&mandate(&Act::RebootOverSsh { server: server(), not_after: not_after() }), SOON).await
    };
    let other_host = ssh_drivers(at, sshd.port, &sshd.user, &public(&key(3)));
    let words = "its host key is not the one in the inventory";
    assert_eq!(begin(&other_host).await, Begun::OtherMachine(words.to_owned()));
    write(at.join("client_key"), &key(4).to_openssh(LineEnding::LF).unwrap(), 0o600);
    let other_client = ssh_drivers(at, sshd.port, &sshd.user, &sshd.host_key);
    assert_eq!(begin(&other_client).await, Begun::NeverSent("the server does not accept our key".to_owned()));
    assert_eq!(sshd.reboots(), 0);
}

#[tokio::test]
async fn a_real_shell_understands_every_check() {
    let sshd = OpenSsh::start().await;
    assert_eq!(sshd.checks().await, []);
    sshd.set("failed_units", "varnish.service loaded failed failed Cache\ncron.service loaded failed failed Cron\n");
    sshd.set("mounted", "/\n");
    sshd.set("kernel", "6.1.0-30-amd64\n");
    sshd.set("synchronised", "no\n");
    let expected = [
        (HostCheck::Services, "varnish.service cron.service"),
        (HostCheck::Mounts, "/cache"),
        (HostCheck::Kernel, "runs 6.1.0-30-amd64, 6.1.0-31-amd64 is installed"),
        (HostCheck::Clock, "not synchronised"),
    ];
    assert_eq!(sshd.checks().await, expected.map(|(check, found)| (check, found.to_owned())));
    std::fs::remove_file(sshd.folder.path().join("failed_units")).unwrap();
    let unanswered = (HostCheck::Services, "the check gave no answer".to_owned());
    assert_eq!(sshd.checks().await.first(), Some(&unanswered), "what cannot be looked at does not hold");
}

// -- HAProxy --

/// One long connection through HAProxy: what a drain waits for.
async fn connected(port: u16) -> tokio::net::TcpStream {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"x").await.unwrap();
    let mut echo = [0];
    stream.read_exact(&mut echo).await.unwrap();
    stream
}

/// A server behind the load balancer: it sends back what it gets.
async fn backend(listener: tokio::net::TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        connections.spawn(async move {
            let (mut read, mut write) = stream.split();
            tokio::io::copy(&mut read, &mut write).await
        });
    }
}

#[tokio::test]
async fn haproxy_drains_counts_and_takes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (runtime, front, back) = (free_port(), free_port(), free_port());
    let config = format!(
        "global\n  stats socket ipv4@127.0.0.1:{runtime} level admin\ndefaults\n  mode tcp\n  timeout connect 1s\n  \
         timeout client 1m\n  timeout server 1m\nfrontend front\n  bind 127.0.0.1:{front}\n  default_backend edge\n\
         backend edge\n  server edge-lax-001 127.0.0.1:{back} weight 100 check inter 100ms rise 1 fall 1\n  \
         server edge-lax-002 127.0.0.1:{back} weight 100 disabled\n"
    );
    let path = folder.path().join("haproxy.cfg");
    std::fs::write(&path, config).unwrap();
    let mut tasks = JoinSet::new();
    let bind = async || tokio::net::TcpListener::bind(("127.0.0.1", back)).await;
    tasks.spawn(backend(bind().await.unwrap()));
    let peer = Peer::start(Path::new("/usr/sbin/haproxy"), &["-db", "-f", path.to_str().unwrap()]);
    listens(runtime).await;
    let pool = |name: &str| {
        format!(
            "pools:\n  - {{ name: edge-lax, load_balancer: {{ address: \"127.0.0.1:{runtime}\", backend: {name} }} }}\n"
        )
    };
    let drivers_here = drivers(folder.path(), &pool("edge"), "pool: edge-lax");
    let look = async || {
        let seen = drivers_here.observe(&Probe::Balancer(server()), SOON).await;
        let Seen::Balancer(line) = seen else { panic!("haproxy answers: {seen:?}") };
        (line.standing, line.connections)
    };
    let shows = async |standing, connections| {
        until(&format!("{standing:?} {connections}"), async || (look().await == (standing, connections)).then_some(()))
            .await;
    };

    shows(BalancerStanding::Up, 0).await;
    let long = connected(front).await;
    shows(BalancerStanding::Up, 1).await;
    assert_eq!(drivers_here.begin(&mandate(&Act::Drain(server())), SOON).await, Begun::Sent);
    assert_eq!(look().await, (BalancerStanding::Drained, 1), "the open connection goes on");
    drop(long);
    shows(BalancerStanding::Drained, 0).await;

    // The server reboots: its health check fails, and the operator's drain must still be seen.
    tasks.shutdown().await;
    let raw = until("HAProxy sees it down", async || {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", runtime)).await.unwrap();
        stream.write_all(b"show stat edge 4 -1\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text.lines().any(|line| line.starts_with("edge,edge-lax-001") && line.contains(",DOWN,")).then_some(text)
    })
    .await;
    assert!(!raw.contains("DRAIN"), "the statistics alone would have hidden the drain");
    assert_eq!(look().await, (BalancerStanding::Drained, 0));

    assert_eq!(drivers_here.begin(&mandate(&Act::Undrain(server())), SOON).await, Begun::Sent);
    assert_eq!(look().await.0, BalancerStanding::Down, "in rotation, and not answering yet");
    tasks.spawn(backend(bind().await.unwrap()));
    shows(BalancerStanding::Up, 0).await;

    let elsewhere = drivers(folder.path(), &pool("origin"), "pool: edge-lax");
    let refused = Begun::Refused("the load balancer says: No such backend.".to_owned());
    assert_eq!(elsewhere.begin(&mandate(&Act::Drain(server())), SOON).await, refused);
    assert!(matches!(elsewhere.observe(&Probe::Balancer(server()), SOON).await, Seen::NoAnswer(_)));
    peer.signal("-STOP");
    let silent = drivers_here.begin(&mandate(&Act::Drain(server())), Duration::from_millis(500)).await;
    assert!(matches!(silent, Begun::Unknown(_)), "it may read the command later: {silent:?}");
    drop(peer);
    let gone = drivers_here.begin(&mandate(&Act::Drain(server())), SOON).await;
    assert!(matches!(gone, Begun::NeverSent(_)), "{gone:?}");
}

// -- Redfish --

#[tokio::test]
async fn a_redfish_emulator_is_read_and_restarted() {
    const ID: &str = "5c1d0000-0000-4000-a000-000000000001";
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let port = free_port();
    let config = format!(
        "SUSHY_EMULATOR_FAKE_DRIVER = True\nSUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'\nSUSHY_EMULATOR_LISTEN_PORT = {port}\n\
         SUSHY_EMULATOR_STATE_DIR = '{}'\nSUSHY_EMULATOR_FAKE_SYSTEMS = [{{'uuid': '{ID}', 'name': 'edge-lax-001', \
         'power_state': 'On', 'external_notifier': False, 'nics': []}}]\n",
        at.display()
    );
    let path = at.join("sushy.conf");
    std::fs::write(&path, config).unwrap();
    std::fs::write(at.join("password"), "secret\n").unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/venv/bin/sushy-emulator");
    let peer = Peer::start(&program, &["--config", path.to_str().unwrap()]);
    listens(port).await;
    let of = |id: &str| {
        let url = format!("http://127.0.0.1:{port}/redfish/v1/Systems/{id}");
        let head = "credentials:\n  bmc: { username: admin, password_file: password }\n";
        drivers(at, head, &format!("bmc: {{ url: \"{url}\", credential: bmc }}"))
    };
    let drivers_here = of(ID);
    let power = async || {
        let seen = drivers_here.observe(&Probe::Power(server()), SOON).await;
        let Seen::Power(facts) = seen else { panic!("the emulator answers: {seen:?}") };
        facts.power
    };
    assert_eq!(power().await, Power::On);
    // The emulator takes from a moment to eleven seconds; after the shortest ones `Off` is over when we look.
    until("a restart shows the power off", async || {
        assert_eq!(drivers_here.begin(&mandate(&Act::RestartOverRedfish(server())), SOON).await, Begun::Sent);
        (power().await == Power::Off).then_some(())
    })
    .await;
    until("it is on again", async || (power().await == Power::On).then_some(())).await;
    let other =
        of("00000000-0000-4000-a000-000000000000").begin(&mandate(&Act::RestartOverRedfish(server())), SOON).await;
    assert_eq!(other, Begun::NeverSent("the management controller answered 404".to_owned()));
    drop(peer);
    let gone = drivers_here.begin(&mandate(&Act::RestartOverRedfish(server())), SOON).await;
    assert_eq!(gone, Begun::NeverSent("the management controller cannot be reached".to_owned()));
}
