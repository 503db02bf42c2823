//! The command line: one file for each call, and one writer for everything that is printed.

mod brakes;
mod check;
mod decisions;
mod demo;
mod lines;
mod manifest;
mod output;
mod paths;
mod policy;
mod restraints;
mod sandbox;
mod schema;
mod serve;
mod shell;
mod tour;

use crate::domain::intent::BuiltInVerb;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Threads for waiting on sockets; the work itself is small.
const WORKER_THREADS: usize = 2;

/// Safe server work from chat.
#[derive(Parser)]
#[command(name = "wrasse", version, about)]
struct Call {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Start a workspace, a simulated fleet and the bot, and print the page's address.
    Demo {
        /// Play a scripted day in the terminal, and end with status 0 only if all of it truly happened.
        #[arg(long)]
        tour: bool,
        /// Play only these scenes of the tour.
        #[arg(long, requires = "tour", value_name = "NUMBER")]
        scene: Vec<u8>,
        /// The page's port; 0 is any free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// A folder whose `commands/` and `policies/` replace the demo's own files of the same names.
        #[arg(long, value_name = "FOLDER")]
        files: Option<PathBuf>,
    },
    /// Start a workspace and a simulated fleet only, and print one JSON line with every address and token.
    Sandbox {
        /// How many servers the fleet has.
        #[arg(long, default_value_t = 240)]
        servers: usize,
        /// The page's port; 0 is any free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Run the bot; settings come from the environment (see .env.example).
    Serve,
    /// Tell what a line means: the typed intent, or what was not understood and where (status 2).
    Parse(lines::Parse),
    /// Tell which servers a selector means, folded; nothing or something unknown ends with status 2.
    Select(lines::Select),
    /// Tell what a line would do: servers, waves, steps, who may, what is in the way. Changes nothing.
    Plan(lines::Plan),
    /// Tell whether somebody may send a line there, by which policy, and what it needs; a no ends with status 3.
    #[command(name = "can-i")]
    CanI(lines::CanI),
    /// Tell who may use a command there, as the files say.
    #[command(name = "who-can")]
    WhoCan(lines::WhoCan),
    /// Stop everything: nothing starts any more that changes a server, whether the bot serves or is down.
    #[command(name = "stop-everything")]
    StopEverything(brakes::StopEverything),
    /// Let everything go on after a stop; another account than the one that stopped, or the same after 10 minutes.
    #[command(name = "resume-everything")]
    ResumeEverything(brakes::ResumeEverything),
    /// Keep changes from starting for a time: `wrasse freeze site=lax until 18:00 because a live match`.
    Freeze(restraints::Reasoned),
    /// End a freeze sooner, as it was said: `wrasse thaw site=lax`.
    Thaw(restraints::Ending),
    /// Keep servers from any work, or a request from starting more: `wrasse hold req-2mq9 because traffic is high`.
    Hold(restraints::Reasoned),
    /// Let held servers or a held request go on.
    Release(restraints::Ending),
    /// Keep a command from some servers for a time: `wrasse blacklist site=lax reboot for 2d because a known fault`.
    Blacklist(restraints::Blacklist),
    /// End an entry of the blacklist sooner, as it was said.
    Unblacklist(restraints::Ending),
    /// Say how servers are that are out: `wrasse state edge-lax-007 repair because its PSU is dead`.
    State(restraints::Reasoned),
    /// Let a command start again that too many failures have stopped: `wrasse close-breaker reboot site=lax because …`.
    #[command(name = "close-breaker")]
    CloseBreaker(restraints::Reasoned),
    /// End a request: `wrasse cancel req-2mq9`; what is in flight goes to a safe point, drained servers return.
    Cancel(restraints::Ending),
    /// Ask anew for what a request left undone: `wrasse retry req-2mq9`. In the name of whose account it is (accounts.yaml).
    Retry(shell::Asked),
    /// Ask to let what waits pass one policy: `wrasse override capacity req-2mq9 because …`; somebody else must agree.
    Override(shell::Overridden),
    /// Tell why a request, a run or a server is where it is. Only looks, also while the bot runs, and while it does not.
    Why(lines::Why),
    /// Tell what waits to start, in order, and the first reason of each. Only looks.
    Queue(lines::Look),
    /// Tell which servers are out of production: why, since when, whose. Only looks.
    Out(lines::Look),
    /// Tell how the fleet stands, and how old that knowledge is. Only looks.
    Status(lines::Look),
    /// Check commands, policies and inventory: every fault with file, line and caret (status 2).
    Check(check::Check),
    /// Print the JSON Schema of command files, for editors.
    Schema,
    /// Show what the rules of channels became, or try the tables of expected answers.
    Policy(policy::Policy),
    /// Tell who was allowed or refused what, or with `safety` when it was safe, as the database has it; it is only read.
    Decisions(decisions::Decisions),
    /// Print the Slack app manifest for the commands in use.
    Manifest {
        /// The folder of command files.
        #[arg(long, default_value = "commands", value_name = "FOLDER")]
        commands: PathBuf,
    },
}

/// Parses the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    let call = Call::parse();
    let serving = matches!(call.what, What::Serve);
    start_logging(serving);
    // Two providers in one process make every TLS connector panic; ring is the only one compiled in.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed already");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKER_THREADS).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(carry_out(call.what)),
        Err(fault) => Err(fault.into()),
    };
    match outcome {
        Ok(status) => status,
        Err(fault) => {
            output::complain(&format!("{fault:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The status that the process ends with, if nothing broke.
async fn carry_out(what: What) -> anyhow::Result<ExitCode> {
    match what {
        What::Serve => serve::run().await?,
        What::Sandbox { servers, port } => sandbox::run(servers, port).await?,
        What::Demo { tour: false, port, files, .. } => demo::run(port, files.as_deref()).await?,
        What::Demo { tour: true, port, files, scene } => tour::run(port, files.as_deref(), &scene).await?,
        What::Check(check) => return Ok(check.run()),
        What::Policy(policy) => return policy.run().await,
        What::Parse(parse) => return parse.run(),
        What::Select(select) => return select.run().await,
        What::Plan(plan) => return plan.run().await,
        What::CanI(question) => return question.run().await,
        What::WhoCan(question) => return question.run().await,
        What::StopEverything(stop) => return stop.run().await,
        What::ResumeEverything(resume) => return resume.run().await,
        What::Freeze(line) => return line.run(BuiltInVerb::Freeze).await,
        What::Thaw(line) => return line.run(BuiltInVerb::Thaw).await,
        What::Hold(line) => return line.run(BuiltInVerb::Hold).await,
        What::Release(line) => return line.run(BuiltInVerb::Release).await,
        What::Blacklist(line) => return line.run().await,
        What::Unblacklist(line) => return line.run(BuiltInVerb::Unblacklist).await,
        What::State(line) => return line.run(BuiltInVerb::State).await,
        What::CloseBreaker(line) => return line.run(BuiltInVerb::CloseBreaker).await,
        What::Cancel(cancel) => return cancel.run(BuiltInVerb::Cancel).await,
        What::Retry(asked) => return asked.retry().await,
        What::Override(asked) => return asked.run().await,
        What::Why(why) => return why.run().await,
        What::Queue(look) => return look.run(BuiltInVerb::Queue).await,
        What::Out(look) => return look.run(BuiltInVerb::Out).await,
        What::Status(look) => return look.run(BuiltInVerb::Status).await,
        What::Schema => schema::run()?,
        What::Decisions(decisions) => decisions.run().await?,
        What::Manifest { commands } => manifest::run(&commands)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The bot logs JSON lines for machines; the sandbox says only what goes wrong.
fn start_logging(serving: bool) {
    let wanted = if serving { crate::settings::log_filter() } else { "warn".to_owned() };
    // The Slack library logs single-use addresses and payloads; the adapter reports what matters itself.
    let filter = EnvFilter::try_new(format!("{wanted},slack_morphism=off")).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if serving { lines.json().init() } else { lines.init() }
}

/// Returns when the process is asked to end.
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without signal handlers the system's own default ends the process.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
