//! Load balancers by HAProxy's runtime commands over TCP: out of rotation, back in, and the line of one server.
//!
//! An operator's drain is read from `show servers state`: in `show stat` a drained server that fails its health
//! check, as one that reboots does, shows `DOWN` and no longer `DRAIN`. Connections come from `show stat`.

use super::one_line;
use crate::adapters::inventory::BalancerEndpoint;
use crate::domain::effect::{BalancerLine, BalancerStanding, Begun, Seen};
use crate::domain::server::ServerName;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest answer that is read; a backend of a thousand servers has about half of it.
const ANSWER_LENGTH_MAX_BYTES: u64 = 1024 * 1024;

/// Bits of `srv_admin_state`: maintenance by an operator, inherited, by configuration, by name resolution or host name.
const ADMIN_MAINTENANCE: u32 = 0x01 | 0x02 | 0x04 | 0x20 | 0x40;
/// Bits of `srv_admin_state`: drained by an operator, or inherited.
const ADMIN_DRAIN: u32 = 0x08 | 0x10;

/// Where a server is put.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotation {
    Ready,
    Drain,
}

impl Rotation {
    const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Drain => "drain",
        }
    }

    const fn is_shown_by(self, standing: BalancerStanding) -> bool {
        match self {
            Self::Ready => matches!(standing, BalancerStanding::Up | BalancerStanding::Down),
            Self::Drain => matches!(standing, BalancerStanding::Drained),
        }
    }
}

/// Puts a server into or out of rotation and reads back that it is.
pub(super) async fn rotate(
    endpoint: &BalancerEndpoint,
    server: &ServerName,
    to: Rotation,
    deadline: Duration,
) -> Begun {
    let mut written = false;
    match tokio::time::timeout(deadline, set_and_read_back(endpoint, server, to, &mut written)).await {
        Ok(begun) => begun,
        Err(_) if written => Begun::Unknown("the load balancer did not answer in time".to_owned()),
        Err(_) => Begun::NeverSent("the load balancer did not answer in time".to_owned()),
    }
}

async fn set_and_read_back(
    endpoint: &BalancerEndpoint,
    server: &ServerName,
    to: Rotation,
    written: &mut bool,
) -> Begun {
    let stream = match connect(endpoint).await {
        Ok(stream) => stream,
        Err(why) => return Begun::NeverSent(why),
    };
    *written = true;
    let command = format!("set server {}/{server} state {}", endpoint.backend, to.word());
    match ask(stream, &command).await {
        Ok(answer) if answer.trim().is_empty() => {}
        Ok(answer) => return Begun::Refused(format!("the load balancer says: {}", one_line(&answer))),
        Err(why) => return Begun::Unknown(why),
    }
    match read_line(endpoint, server).await {
        Ok(line) if to.is_shown_by(line.standing) => Begun::Sent,
        Ok(_) => Begun::Refused(format!("the load balancer took the command and {server} is not {}", to.word())),
        Err(why) => Begun::Unknown(why),
    }
}

/// One server's line.
pub(super) async fn line(endpoint: &BalancerEndpoint, server: &ServerName, deadline: Duration) -> Seen {
    match tokio::time::timeout(deadline, read_line(endpoint, server)).await {
        Ok(Ok(line)) => Seen::Balancer(line),
        Ok(Err(why)) => Seen::NoAnswer(why),
        Err(_) => Seen::NoAnswer("the load balancer did not answer in time".to_owned()),
    }
}

/// Every line of a backend.
pub(super) async fn pool(endpoint: &BalancerEndpoint, deadline: Duration) -> Seen {
    match tokio::time::timeout(deadline, read(endpoint)).await {
        Ok(Ok(answer)) => {
            let lines = lines_of(&answer, &endpoint.backend).into_iter();
            Seen::Pool(lines.map(|(name, line)| (ServerName::new(name), line)).collect())
        }
        Ok(Err(why)) => Seen::NoAnswer(why),
        Err(_) => Seen::NoAnswer("the load balancer did not answer in time".to_owned()),
    }
}

async fn read(endpoint: &BalancerEndpoint) -> Result<String, String> {
    let backend = &endpoint.backend;
    let stream = connect(endpoint).await?;
    ask(stream, &format!("show servers state {backend};show stat {backend} 4 -1")).await
}

async fn read_line(endpoint: &BalancerEndpoint, server: &ServerName) -> Result<BalancerLine, String> {
    let backend = &endpoint.backend;
    let answer = read(endpoint).await?;
    lines_of(&answer, backend).remove(server.as_str()).ok_or_else(|| {
        let first = answer.lines().find(|line| !line.is_empty() && !line.starts_with(['#', '1']));
        match first.filter(|line| line.ends_with('.')) {
            Some(words) => format!("the load balancer says: {}", one_line(words)),
            None => format!("the load balancer does not list {server} in {backend}"),
        }
    })
}

/// The lines of a backend that both answers tell of.
fn lines_of(answer: &str, backend: &str) -> BTreeMap<String, BalancerLine> {
    let mut admin_states: BTreeMap<&str, u32> = BTreeMap::new();
    let mut statistics: BTreeMap<&str, (Option<BalancerStanding>, u64)> = BTreeMap::new();
    let mut columns: Vec<&str> = Vec::new();
    let mut separator = ' ';
    for line in answer.lines() {
        if let Some(header) = line.strip_prefix("# ") {
            separator = if header.contains(',') { ',' } else { ' ' };
            columns = header.split(separator).collect();
            continue;
        }
        let row: BTreeMap<&str, &str> = columns.iter().copied().zip(line.split(separator)).collect();
        if row.get("be_name").copied() == Some(backend)
            && let (Some(name), Some(bits)) = (row.get("srv_name"), row.get("srv_admin_state"))
            && let Ok(bits) = bits.parse()
        {
            admin_states.insert(name, bits);
        }
        if row.get("pxname").copied() == Some(backend)
            && let (Some(name), Some(status), Some(open)) = (row.get("svname"), row.get("status"), row.get("scur"))
            && let (Some(shown), Ok(open)) = (standing_of(status, row.get("weight").copied()), open.parse())
        {
            statistics.insert(name, (shown, open));
        }
    }
    let known = statistics.into_iter().filter_map(|(name, (shown, connections))| {
        let admin_state = *admin_states.get(name)?;
        let standing = if admin_state & ADMIN_MAINTENANCE != 0 {
            BalancerStanding::Maintenance
        } else if admin_state & ADMIN_DRAIN != 0 {
            BalancerStanding::Drained
        } else {
            // In rotation, and nobody looks whether it answers: that is not known, and no line tells it otherwise.
            shown?
        };
        Some((name.to_owned(), BalancerLine { standing, connections }))
    });
    known.collect()
}

/// The status column: `UP`, `UP 1/3`, `DOWN`, `DOWN 1/2`, `DRAIN`, `NOLB`, `MAINT`, `MAINT (via …)`, `no check`. The inner value
/// is none where it is in rotation and has no health check.
fn standing_of(status: &str, weight: Option<&str>) -> Option<Option<BalancerStanding>> {
    if status.starts_with("UP") || status == "no check" {
        // Weight 0 is shown as UP and gets no new connection.
        let in_rotation = (status != "no check").then_some(BalancerStanding::Up);
        return Some(if weight == Some("0") { Some(BalancerStanding::Drained) } else { in_rotation });
    }
    if status.starts_with("DOWN") || status.starts_with("NOLB") {
        return Some(Some(BalancerStanding::Down));
    }
    if status.starts_with("DRAIN") {
        return Some(Some(BalancerStanding::Drained));
    }
    status.starts_with("MAINT").then_some(Some(BalancerStanding::Maintenance))
}

async fn connect(endpoint: &BalancerEndpoint) -> Result<TcpStream, String> {
    TcpStream::connect(&endpoint.address).await.map_err(|_| "the load balancer cannot be reached".to_owned())
}

async fn ask(mut stream: TcpStream, command: &str) -> Result<String, String> {
    let broke_off = |_| "the load balancer broke off".to_owned();
    stream.write_all(format!("{command}\n").as_bytes()).await.map_err(broke_off)?;
    let mut answer = Vec::new();
    let read = stream.take(ANSWER_LENGTH_MAX_BYTES).read_to_end(&mut answer).await.map_err(broke_off)?;
    if read == 0 {
        return Err("the load balancer broke off".to_owned());
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine that died behind a line without `check` would be counted as serving for ever.
    #[test]
    fn what_nobody_checks_does_not_count_as_up() {
        let seen = |status: &str, weight: &str, admin_state: u32| {
            let answer = format!(
                "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state\n3 edge 1 a 10.0.0.7 2 {admin_state}\n\n\
                 # pxname,svname,scur,status,weight\nedge,a,5,{status},{weight}\n"
            );
            lines_of(&answer, "edge").get("a").map(|line| (line.standing, line.connections))
        };
        let drained = Some((BalancerStanding::Drained, 5));
        assert_eq!(seen("UP", "100", 0), Some((BalancerStanding::Up, 5)));
        assert_eq!(seen("no check", "100", 0), None);
        assert_eq!(seen("no check", "0", 0), drained);
        assert_eq!(
            seen("no check", "100", ADMIN_DRAIN),
            drained,
            "a drain is seen, and how many connections it has left"
        );
        assert_eq!(seen("UP", "0", 0), drained);
        assert_eq!(seen("DOWN 1/2", "100", 0), Some((BalancerStanding::Down, 5)));
        assert_eq!(seen("something new", "100", 0), None);
    }
}
