//! Which sockets there are, and which to open or close next: make before break, and never fewer than wanted.
//!
//! Pure: facts come in with their moment, decisions come out. `socket_mode` carries them out.

use crate::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// A socket that has not said hello by then is replaced.
const HELLO_WITHIN: Duration = Duration::from_secs(15);
/// A socket that Slack announced to close is closed by us then, if Slack has not.
const DRAIN_WITHIN: Duration = Duration::from_secs(60);
/// A socket that lived shorter than this died young, and its replacement waits a little.
const YOUNG: Duration = Duration::from_secs(5);
/// The longest wait before a replacement.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Open a socket under that number.
    Open(u64),
    /// Close that socket for good.
    Close(u64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Opening { since: Timestamp },
    Ready { since: Timestamp },
    Draining { since: Timestamp },
    Closed,
}

/// All sockets of this process.
#[derive(Debug)]
pub(super) struct Sockets {
    wanted: usize,
    next: u64,
    states: BTreeMap<u64, State>,
    died_young: u32,
    not_before: Timestamp,
    is_cut_off: bool,
}

impl Sockets {
    /// None yet; so many are wanted.
    pub(super) fn new(wanted: usize) -> Self {
        Self {
            wanted,
            next: 0,
            states: BTreeMap::new(),
            died_young: 0,
            not_before: Timestamp::default(),
            is_cut_off: false,
        }
    }

    /// A socket said hello.
    pub(super) fn said_hello(&mut self, number: u64, now: Timestamp) {
        if let Some(state @ State::Opening { .. }) = self.states.get_mut(&number) {
            *state = State::Ready { since: now };
        }
    }

    /// Slack announced that it will close a socket. It goes on being read until then.
    pub(super) fn will_close(&mut self, number: u64, reason: &str, now: Timestamp) {
        if let Some(state) = self.states.get_mut(&number)
            && *state != State::Closed
        {
            *state = State::Draining { since: now };
        }
        // Somebody switched socket mode off: opening more would be refused for ever.
        self.is_cut_off |= reason == "link_disabled";
    }

    /// A socket closed; may be told more than once.
    pub(super) fn closed(&mut self, number: u64, now: Timestamp) {
        let Some(state) = self.states.get_mut(&number) else { return };
        match *state {
            State::Ready { since } if now.since(since) >= YOUNG => self.died_young = 0,
            State::Ready { .. } | State::Opening { .. } => {
                let pause = Duration::from_secs(1 << self.died_young.min(5)).min(PAUSE_MAX);
                self.not_before = self.not_before.max(now.plus(pause));
                self.died_young = self.died_young.saturating_add(1);
            }
            State::Draining { .. } | State::Closed => {}
        }
        *state = State::Closed;
    }

    /// What to do now. Asked again and again; each answer counts as carried out.
    pub(super) fn steps(&mut self, now: Timestamp) -> Vec<Step> {
        let mut steps = Vec::new();
        let is_over = |state: &State| match state {
            State::Opening { since } => now.since(*since) >= HELLO_WITHIN,
            State::Draining { since } => now.since(*since) >= DRAIN_WITHIN,
            State::Ready { .. } => false,
            State::Closed => true,
        };
        let mut remaining = BTreeMap::new();
        for (number, state) in std::mem::take(&mut self.states) {
            if is_over(&state) {
                steps.push(Step::Close(number));
            } else {
                remaining.insert(number, state);
            }
        }
        self.states = remaining;
        let is_kept = |state: &&State| matches!(state, State::Opening { .. } | State::Ready { .. });
        let kept = self.states.values().filter(is_kept).count();
        if now >= self.not_before && !self.is_cut_off {
            for _ in kept..self.wanted {
                self.states.insert(self.next, State::Opening { since: now });
                steps.push(Step::Open(self.next));
                self.next += 1;
            }
        }
        steps
    }

    /// Whether anything Slack sends can reach us.
    pub(super) fn is_ready(&self) -> bool {
        self.states.values().any(|state| matches!(state, State::Ready { .. } | State::Draining { .. }))
    }

    /// Whether somebody switched socket mode off.
    pub(super) fn is_cut_off(&self) -> bool {
        self.is_cut_off
    }
}
