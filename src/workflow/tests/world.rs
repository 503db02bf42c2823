//! A run against a small model of a server, its load balancer and its controller, with faults from a tape.
//!
//! The model alone counts restarts: what a run believes of itself proves nothing.

use super::*;
use crate::domain::effect::{Power, PowerFacts};
use crate::workflow::gate::SAFE_FOR;
use crate::workflow::request::PolicyName;
use proptest::prelude::*;

/// Choices from a tape of bytes; once it has run out every choice is 0, which is always "no fault".
struct Tape {
    bytes: Vec<u8>,
    at: usize,
}

impl Tape {
    fn choose(&mut self, of: u8) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte % of
    }

    fn is_over(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

struct Flying {
    lands_at: Timestamp,
    not_after: Option<Timestamp>,
}

struct World {
    tape: Tape,
    /// True time; our clock and the server's are off from it.
    time: Timestamp,
    our_offset_ms: i64,
    furthest_offset_ms: i64,
    server_offset_ms: i64,
    boot: u32,
    booted_at: Timestamp,
    shuts_down_at: Option<Timestamp>,
    up_at: Timestamp,
    shutdown_takes: Duration,
    is_ssh_dead: bool,
    is_out: bool,
    flying: Vec<Flying>,
    last_reset: Option<Timestamp>,
    /// Restart commands that the server took.
    taken: u32,
    /// When it was last told to be safe, in true time.
    safe_at: Option<Timestamp>,
    /// Whether a restart was begun on an older word.
    began_unasked: bool,
}

const BOOT_TAKES: Duration = Duration::from_secs(40);
/// From an answer to the commit that keeps it.
const WORD_TAKES: Duration = Duration::from_millis(50);

impl World {
    fn new(bytes: Vec<u8>) -> Self {
        let mut tape = Tape { bytes, at: 0 };
        let is_ssh_dead = tape.choose(4) == 3;
        let server_offset_ms = [0, 3_600_000, -3_600_000][usize::from(tape.choose(3))];
        // Shorter than the grace period of the command, which is there for this.
        let shutdown_takes = Duration::from_secs([2, 30, 85][usize::from(tape.choose(3))]);
        Self {
            tape,
            time: START,
            our_offset_ms: 0,
            furthest_offset_ms: 0,
            server_offset_ms,
            boot: 1,
            booted_at: START.minus(10 * HOUR),
            shuts_down_at: None,
            up_at: START.minus(10 * HOUR),
            shutdown_takes,
            is_ssh_dead,
            is_out: false,
            flying: Vec::new(),
            last_reset: None,
            taken: 0,
            safe_at: None,
            began_unasked: false,
        }
    }

    fn ours(&self) -> Timestamp {
        Timestamp::from_millis(self.time.millis() + self.our_offset_ms)
    }

    fn servers(&self) -> Timestamp {
        Timestamp::from_millis((self.time.millis() + self.server_offset_ms).div_euclid(1000) * 1000)
    }

    fn passes(&mut self, how_long: Duration) {
        let end = self.time.plus(how_long);
        while let Some(next) = self.next_happening().filter(|at| *at <= end) {
            self.time = self.time.max(next);
            self.happens();
        }
        self.time = end;
        if self.tape.is_over() {
            // What was stored in the future would else only come due in a day.
            self.our_offset_ms = self.furthest_offset_ms;
        } else if self.tape.choose(40) == 39 {
            self.our_offset_ms = [86_400_000, -86_400_000, 0][usize::from(self.tape.choose(3))];
            self.furthest_offset_ms = self.furthest_offset_ms.max(self.our_offset_ms);
        }
    }

    fn next_happening(&self) -> Option<Timestamp> {
        self.flying.iter().map(|flying| flying.lands_at).chain(self.shuts_down_at).min()
    }

    fn happens(&mut self) {
        if self.shuts_down_at.is_some_and(|at| at <= self.time) {
            self.shuts_down_at = None;
            self.boots();
        }
        let time = self.time;
        let landed = self.flying.iter().position(|flying| flying.lands_at <= time);
        if let Some(flying) = landed.map(|index| self.flying.swap_remove(index)) {
            match flying.not_after {
                Some(not_after) if self.servers() < not_after && self.is_up() => {
                    self.taken += 1;
                    self.shuts_down_at = self.shuts_down_at.or(Some(self.time.plus(self.shutdown_takes)));
                }
                Some(_) => {}
                None => {
                    self.taken += 1;
                    self.shuts_down_at = None;
                    self.last_reset = Some(self.time);
                    self.boots();
                }
            }
        }
    }

    fn boots(&mut self) {
        self.boot += 1;
        self.booted_at = self.time;
        self.up_at = self.time.plus(BOOT_TAKES);
    }

    fn is_up(&self) -> bool {
        self.time >= self.up_at
    }

    fn answers_ssh(&mut self) -> bool {
        self.is_up() && (!self.is_ssh_dead || self.tape.is_over()) && self.tape.choose(6) != 5
    }

    fn see(&mut self, probe: &Probe) -> Input {
        let silent = || Seen::NoAnswer("nothing".into());
        let seen = match probe {
            Probe::Boot(_) | Probe::Checks(..) if self.tape.choose(24) == 23 => Seen::OtherMachine("another".into()),
            Probe::Boot(_) if self.answers_ssh() => {
                let off = self.server_offset_ms;
                let booted_at = Timestamp::from_millis(self.booted_at.millis() + off);
                let boot_id = BootId::new(self.boot.to_string());
                Seen::Boot(BootFacts { boot_id, booted_at, server_clock: self.servers() })
            }
            Probe::Checks(..) if self.answers_ssh() => Seen::Checks(match self.tape.choose(5) {
                4 => vec![(HostCheck::Kernel, "old".into())],
                _ => Vec::new(),
            }),
            Probe::Balancer(_) if self.tape.choose(6) != 5 => {
                let standing = match (self.is_out, self.is_up()) {
                    (true, _) => BalancerStanding::Drained,
                    (false, true) => BalancerStanding::Up,
                    (false, false) => BalancerStanding::Down,
                };
                Seen::Balancer(BalancerLine { standing, connections: u64::from(self.tape.choose(8)) })
            }
            Probe::Power(_) if self.tape.choose(9) == 8 => Seen::OtherMachine("another".into()),
            Probe::Power(_) if self.tape.choose(3) != 2 => {
                Seen::Power(PowerFacts { power: Power::On, last_reset: self.last_reset })
            }
            Probe::Power(_) => return Input::ControllerSilent("nothing".into()),
            Probe::Boot(_) | Probe::Checks(..) | Probe::Balancer(_) | Probe::Pool(_) => silent(),
        };
        Input::Seen(seen)
    }

    /// Carries an act out, or not, and says what is known of it.
    fn begin(&mut self, act: &Act) -> Begun {
        let fate = self.tape.choose(6);
        let takes = Duration::from_secs([0, 1, 20, 29, 45][usize::from(self.tape.choose(5))]);
        let not_after = match act {
            Act::Drain(_) | Act::Undrain(_) => {
                if fate != 5 {
                    self.is_out = matches!(act, Act::Drain(_));
                }
                return if fate < 4 { Begun::Sent } else { Begun::Unknown("cut".into()) };
            }
            Act::Http { .. } => return Begun::Sent,
            Act::RebootOverSsh { not_after, .. } => Some(*not_after),
            Act::RestartOverRedfish(_) => None,
        };
        if not_after.is_some() && (self.is_ssh_dead || !self.is_up()) {
            return Begun::NeverSent("refused".into());
        }
        if not_after.is_none() && self.tape.choose(9) == 8 {
            return Begun::OtherMachine("another".into());
        }
        match fate {
            3 => Begun::NeverSent("refused".into()),
            4 => Begun::Unknown("cut".into()),
            5 => Begun::Refused("no".into()),
            lost => {
                self.flying.push(Flying { lands_at: self.time.plus(takes), not_after });
                if lost == 0 && takes < Duration::from_secs(2) { Begun::Sent } else { Begun::Unknown("cut".into()) }
            }
        }
    }
}

/// Carries a run on as the runner does, with crashes; the run at the end, for which nothing is left to do.
fn carry_on(story: &mut Story, world: &mut World) -> Result<(), TestCaseError> {
    let mut input = Input::Nothing;
    for _ in 0..20_000 {
        world.passes(Duration::from_millis(50));
        story.now = world.ours();
        if world.tape.choose(50) == 49 {
            story.orders = if world.tape.choose(2) == 1 { Orders::PutOff } else { Orders::Stop };
        }
        match story.check(&input) {
            Decision::Observe(probe) => {
                input = world.see(&probe);
                world.passes(Duration::from_millis(200));
            }
            Decision::AskSafety { .. } => {
                input = match world.tape.choose(13) {
                    11 | 12 => Input::NotNow(PolicyName::Capacity),
                    _ => Input::Safe,
                };
                if input == Input::Safe {
                    world.safe_at = Some(world.time);
                }
            }
            Decision::Commit(commit) => {
                input = Input::Nothing;
                if world.tape.choose(12) == 11 {
                    continue; // Crashed before the commit.
                }
                story.journal.extend(commit.events);
                match commit.then {
                    Some(errand) if world.tape.choose(8) != 7 => acts(story, world, errand.act()),
                    Some(_) => {} // Crashed after the commit and before the act.
                    None if commit.wake_at > story.now => world.passes(commit.wake_at.since(story.now)),
                    None => {}
                }
                if world.tape.choose(10) == 9 {
                    world.passes(2 * HOUR); // The bot is away, or a person holds the server.
                }
            }
            Decision::Begin(errand) => {
                prop_assert!(!is_restart(errand.act()), "a restart is never begun without an intent of its own");
                input = Input::Nothing;
                world.begin(errand.act());
                world.passes(Duration::from_secs(1));
            }
            Decision::Wait(until) => {
                input = Input::Nothing;
                world.passes(until.since(story.now));
            }
            Decision::Settled => {
                let is_asked = matches!(story.run().stage, RunStage::NeedsPerson { .. });
                if !is_asked || world.tape.choose(3) != 2 {
                    return Ok(());
                }
                story.journal.push(person_said(Answer::LookAgain, story.now));
            }
        }
        prop_assert!(!world.began_unasked, "begun on an old word\n{:#?}", story.journal);
        prop_assert!(world.taken <= 1, "the server took {} restarts\n{:#?}", world.taken, story.journal);
    }
    prop_assert!(false, "the run came to no end\n{:#?}", story.journal);
    Ok(())
}

fn acts(story: &mut Story, world: &mut World, act: &Act) {
    world.began_unasked |=
        is_restart(act) && world.safe_at.is_none_or(|at| world.time.since(at) > SAFE_FOR + WORD_TAKES);
    let answer = world.begin(act);
    world.passes(Duration::from_millis(500));
    let is_open = matches!(story.run().stage, RunStage::Acting { answer: None, .. });
    if is_open && world.tape.choose(8) != 7 {
        story.journal.push(RunEvent::ActAnswered { answer });
    }
}

/// What a run says of itself must be what the model has.
fn is_told_truly(story: &Story, world: &World) -> Result<(), TestCaseError> {
    let run = story.run();
    match run.stage {
        RunStage::NeedsPerson { .. } => {}
        RunStage::Ended { outcome: RunOutcome::Done, .. } => {
            prop_assert!(world.boot > 1, "done, and never rebooted\n{:#?}", story.journal);
            prop_assert!(!world.is_out, "done, and left out of rotation\n{:#?}", story.journal);
        }
        RunStage::Ended { outcome: RunOutcome::Returned | RunOutcome::FailedAndReturned, .. } => {
            prop_assert_eq!(world.taken, 0, "put back as it was, but restarted\n{:#?}", &story.journal);
            prop_assert!(!world.is_out, "returned, and left out of rotation\n{:#?}", story.journal);
        }
        RunStage::Ended { outcome: RunOutcome::Failed, .. } => prop_assert!(run.failure.is_some()),
        // It was put off: as it was before, to be admitted another time.
        RunStage::Waiting => {
            prop_assert_eq!(world.taken, 0, "put off, but restarted\n{:#?}", &story.journal);
            prop_assert!(!world.is_out, "put off, and left out of rotation\n{:#?}", story.journal);
        }
        RunStage::Ended { outcome: RunOutcome::NotStarted | RunOutcome::LeftOut | RunOutcome::PutOff, .. }
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::Returning { .. } => prop_assert!(false, "settled at {:?}", run.stage),
    }
    // Any prefix of the journal is a run again, and the last one the same run.
    for length in 1..=story.journal.len() {
        let replayed = Run::replay(run_id(), Epoch(1), &story.journal[..length]);
        prop_assert!(replayed.is_ok(), "{:?}", replayed);
    }
    Ok(())
}

fn ways() -> impl Strategy<Value = (PowerPath, Option<PowerPath>)> {
    use PowerPath::{Redfish, Ssh};
    prop::sample::select(vec![(Ssh, Some(Redfish)), (Ssh, None), (Redfish, None), (Redfish, Some(Ssh))])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_fault_restarts_a_server_twice_and_every_run_comes_to_an_end(
        (via, otherwise) in ways(),
        bytes in prop::collection::vec(any::<u8>(), 0..160),
    ) {
        let found = ProductionState::Production;
        let mut story = Story::pooled(reboot_by(via, otherwise)).with(admitted(found));
        let mut world = World::new(bytes);
        carry_on(&mut story, &mut world)?;
        is_told_truly(&story, &world)?;
    }
}

#[test]
fn without_faults_the_model_reboots_once_and_the_run_is_done() {
    for (via, otherwise) in [(PowerPath::Ssh, Some(PowerPath::Redfish)), (PowerPath::Redfish, None)] {
        let found = ProductionState::Production;
        let mut story = Story::pooled(reboot_by(via, otherwise)).with(admitted(found));
        let mut world = World::new(Vec::new());
        carry_on(&mut story, &mut world).expect("it comes to an end");
        assert_eq!((story.run().outcome(), world.taken), (Some(RunOutcome::Done), 1));
    }
}
