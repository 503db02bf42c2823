//! The load balancers: one listener a site, speaking HAProxy's runtime commands.
//!
//! One line a connection, with `;` between commands, each answer ended by an empty line: as HAProxy 2.6 answers, in
//! its words. Deliberately absent: sessions, maps, tables and the other hundred commands.

use super::model::{BalancerRow, Rotation};
use super::shared::{SharedFleet, pass};
use crate::domain::effect::BalancerStanding;
use crate::domain::server::{ServerName, SiteName};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The longest line of commands.
const LINE_LENGTH_MAX_BYTES: u64 = 16 * 1024;

/// How long a client may take to write it.
const LINE_WITHIN: Duration = Duration::from_secs(10);

const STAT_HEADER: &str = "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,\
status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,\
rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,\
req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,\
ctime,rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,\
agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,\
connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,\
safe_conn_cur,used_conn_cur,need_conn_est,uweight,agg_server_status,agg_server_check_status,agg_check_status,-,";

const STATE_HEADER: &str = "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight \
srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr \
srv_agent_addr srv_agent_port";

/// One site's load balancer.
pub(super) struct Balancer {
    pub(super) site: SiteName,
    pub(super) listener: TcpListener,
    pub(super) fleet: SharedFleet,
}

impl Balancer {
    /// Serves until the task set that holds it is dropped.
    pub(super) async fn run(self) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(self.site.clone(), self.fleet.clone(), stream));
                    }
                    Err(_) => pass(Duration::from_millis(100)).await,
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    }
}

async fn serve(site: SiteName, fleet: SharedFleet, stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let read = tokio::time::timeout(LINE_WITHIN, (&mut stream).take(LINE_LENGTH_MAX_BYTES).read_line(&mut line)).await;
    if !matches!(read, Ok(Ok(1..))) {
        return;
    }
    let answer = answer(&site, &fleet, line.trim_end_matches(['\r', '\n']));
    let written = stream.get_mut().write_all(answer.as_bytes()).await;
    if let Err(fault) = written {
        tracing::debug!(%fault, "a client of a simulated load balancer left");
    }
}

/// The answers to a line of commands.
pub(super) fn answer(site: &SiteName, fleet: &SharedFleet, line: &str) -> String {
    line.split(';').fold(String::new(), |mut answers, command| {
        answers.push_str(&answer_one(site, fleet, command.trim()));
        answers.push('\n');
        answers
    })
}

fn answer_one(site: &SiteName, fleet: &SharedFleet, command: &str) -> String {
    let now = fleet.now();
    let rows = fleet.fleet().balancer_rows(site, now);
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["show", "stat"] => statistics(&rows, None, true),
        ["show", "stat", proxy, kind, _server] => match backend_exists(&rows, proxy) {
            true => statistics(&rows, Some(proxy), *kind != "4"),
            false => "No such proxy.\n".to_owned(),
        },
        ["show", "servers", "state"] => states(&rows, None),
        ["show", "servers", "state", backend] => match backend_exists(&rows, backend) {
            true => states(&rows, Some(backend)),
            false => "Can't find backend.\n".to_owned(),
        },
        ["set", "server", target, "state", word] => match (find(&rows, target), Rotation::of_word(word)) {
            (Err(words), _) => words.to_owned(),
            (Ok(_), None) => "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n".to_owned(),
            (Ok(name), Some(rotation)) => ended(fleet.fleet().set_rotation(&name, rotation, now).is_ok()),
        },
        ["set", "weight", target, weight] => match (find(&rows, target), weight.parse::<u8>()) {
            (Err(words), _) => words.to_owned(),
            (Ok(name), Ok(weight)) => ended(fleet.fleet().set_weight(&name, weight, now).is_ok()),
            (Ok(_), Err(_)) => "Absolute weight can only be between 0 and 256 inclusive.\n".to_owned(),
        },
        ["get", "weight", target] => match find(&rows, target) {
            Err(words) => words.to_owned(),
            Ok(name) => rows
                .iter()
                .find(|row| row.server == name)
                .map_or_else(|| "No such server.\n".to_owned(), |row| format!("{} (initial 100)\n", row.weight)),
        },
        ["shutdown", "sessions", "server", target] => match find(&rows, target) {
            Err(words) => words.to_owned(),
            Ok(name) => ended(fleet.fleet().shut_sessions(&name, now).is_ok()),
        },
        _ => "Unknown command.\n".to_owned(),
    }
}

fn ended(is_done: bool) -> String {
    if is_done { String::new() } else { "No such server.\n".to_owned() }
}

fn backend_exists(rows: &[BalancerRow], backend: &str) -> bool {
    rows.iter().any(|row| row.pool.as_str() == backend)
}

fn find(rows: &[BalancerRow], target: &str) -> Result<ServerName, &'static str> {
    let Some((backend, server)) = target.split_once('/') else { return Err("Require 'backend/server'.\n") };
    if !backend_exists(rows, backend) {
        return Err("No such backend.\n");
    }
    let found = rows.iter().find(|row| row.pool.as_str() == backend && row.server.as_str() == server);
    found.map(|row| row.server.clone()).ok_or("No such server.\n")
}

/// What `show stat` calls the server: a drain is not seen while the health check fails.
fn status(row: &BalancerRow) -> &'static str {
    match (row.line.standing, row.is_healthy) {
        (BalancerStanding::Maintenance, _) => "MAINT",
        (_, false) | (BalancerStanding::Down, _) => "DOWN",
        (BalancerStanding::Drained, true) => "DRAIN",
        (BalancerStanding::Up, true) => "UP",
    }
}

fn statistics(rows: &[BalancerRow], backend: Option<&&str>, with_totals: bool) -> String {
    let mut text = format!("{STAT_HEADER}\n");
    let columns: Vec<&str> = STAT_HEADER.trim_start_matches("# ").trim_end_matches(',').split(',').collect();
    let chosen = rows.iter().filter(|row| backend.is_none_or(|backend| row.pool.as_str() == *backend));
    let mut push = |fields: &[(&str, String)]| {
        for column in &columns {
            let field = fields.iter().find(|(name, _)| name == column);
            text.push_str(field.map_or("", |(_, value)| value));
            text.push(',');
        }
        text.push('\n');
    };
    let mut totals: Vec<(&str, u64, bool)> = Vec::new();
    for row in chosen {
        let pool = row.pool.as_str();
        push(&[
            ("pxname", pool.to_owned()),
            ("svname", row.server.to_string()),
            ("scur", row.line.connections.to_string()),
            ("status", status(row).to_owned()),
            ("weight", row.weight.to_string()),
            ("act", "1".to_owned()),
            ("bck", "0".to_owned()),
            ("type", "2".to_owned()),
            ("uweight", row.weight.to_string()),
            ("mode", "http".to_owned()),
        ]);
        let is_up = row.line.standing == BalancerStanding::Up;
        match totals.iter_mut().find(|(name, ..)| *name == pool) {
            Some((_, connections, any_up)) => {
                *connections += row.line.connections;
                *any_up |= is_up;
            }
            None => totals.push((pool, row.line.connections, is_up)),
        }
    }
    for (pool, connections, any_up) in totals.into_iter().filter(|_| with_totals) {
        push(&[
            ("pxname", pool.to_owned()),
            ("svname", "BACKEND".to_owned()),
            ("scur", connections.to_string()),
            ("status", if any_up { "UP" } else { "DOWN" }.to_owned()),
            ("type", "1".to_owned()),
            ("mode", "http".to_owned()),
        ]);
    }
    text
}

fn states(rows: &[BalancerRow], backend: Option<&&str>) -> String {
    let mut text = format!("1\n{STATE_HEADER}\n");
    let mut pools: Vec<&str> = rows.iter().map(|row| row.pool.as_str()).collect();
    pools.dedup();
    for (pool_number, pool) in (3..).zip(pools).filter(|(_, pool)| backend.is_none_or(|backend| pool == backend)) {
        for (number, row) in (1..).zip(rows.iter().filter(|row| row.pool.as_str() == pool)) {
            let operational = if row.is_healthy { 2 } else { 0 };
            let admin = match row.rotation {
                Rotation::Ready => 0,
                Rotation::Drain => 0x08,
                Rotation::Maintenance => 0x01,
            };
            let (server, weight) = (&row.server, row.weight);
            writeln!(
                text,
                "{pool_number} {pool} {number} {server} 127.0.0.1 {operational} {admin} {weight} 100 0 6 3 4 6 0 0 0 - 80 - 0 0 - - 0"
            )
            .expect("writing into a text cannot fail");
        }
    }
    text
}
