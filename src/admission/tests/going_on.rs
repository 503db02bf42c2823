//! Whether a run under way may go on: what is asked of it again, and what is not.

use super::brakes::brake;
use super::*;
use crate::domain::breaker::BreakerScope;
use crate::domain::ids::Version;
use crate::workflow::request::PolicyName;

impl Fleet {
    /// The one way in: what admission says of the run on that server, which takes a place of its pool.
    pub(super) fn goes_on(&self, number: usize) -> Result<(), PolicyName> {
        self.going(number, true, &[])
    }

    fn going(&self, number: usize, takes: bool, passed: &[PolicyName]) -> Result<(), PolicyName> {
        let (inventory, server, run) = (self.inventory(), planned(&self.servers[number]), run_of("2mq9", 1));
        let (spec, version, asked_by) = (&self.spec, None, Asker::Person);
        let passes = PolicySet::NONE;
        let candidate = Candidate { run: &run, server: &server, spec, version, asked_by, passes };
        let work = Counted::of_candidate(candidate);
        let subject = Subject::Server(server.clone());
        let going = Going { run: &run, subject: &subject, spec, work, passed, takes };
        may_go_on(going, self.known(&inventory))
    }

    /// The breaker of the command is open, with that canary at work.
    fn halted_by_failures(mut self, canary: Option<RunId>) -> Self {
        let scope = BreakerScope::Command { command: CommandName::new("reboot") };
        let canary = canary.map(|run| Canary { run, server: None, at: NOW, succeeded_at: None });
        let breaker = Breaker {
            scope: scope.clone(),
            opened_at: NOW.minus(SECOND),
            version: Version(1),
            failures: 3,
            of: 3,
            elsewhere: None,
            examples: Vec::new(),
            canary_from: NOW.plus(SECOND),
            canary,
            closed: None,
        };
        self.ledger.breakers.insert(scope, breaker);
        self
    }
}

/// A server that its run has taken out.
fn taken_out() -> Fleet {
    Fleet::of(10).in_state(0, Drained).locked(0, "2mq9", LockStanding::Working)
}

#[test]
fn it_asks_whether_the_pool_is_below_its_floor() {
    assert_eq!(taken_out().goes_on(0), Ok(()), "9 of 10 serve");
    for worse in [taken_out().seen(1, Health::Failing, 0), taken_out().unseen(1)] {
        assert_eq!(worse.goes_on(0), Err(PolicyName::Capacity), "what is not known counts as out");
        assert_eq!(worse.going(0, true, &[PolicyName::Capacity]), Ok(()), "it was let past");
        assert_eq!(worse.going(0, true, &[PolicyName::Concurrency]), Err(PolicyName::Capacity));
        assert_eq!(worse.going(0, false, &[]), Ok(()), "it takes no place of it");
    }
}

#[test]
fn without_a_drain_before_it_the_server_itself_counts_as_gone() {
    let fleet = Fleet::of(10).locked(0, "2mq9", LockStanding::Working);
    assert_eq!(fleet.goes_on(0), Ok(()));
    assert_eq!(fleet.seen(1, Health::Failing, 0).goes_on(0), Err(PolicyName::Capacity), "9 serve, but 8 will");
}

/// What people have put on since: an entry of any level says not now, and no override passes it.
#[test]
fn the_blacklist_says_not_now_whatever_the_run_takes() {
    for level in [BlacklistLevel::Block, BlacklistLevel::Absolute] {
        for (command, said) in [(None, false), (Some("reboot"), false), (Some("drain"), true)] {
            let (on, command) = (Coverage::of_text("site=lax"), command.map(CommandName::new));
            let fleet = taken_out().under(BrakeKind::Blacklist { on, command: command.clone(), level });
            for takes in [true, false] {
                let expected = if said { Ok(()) } else { Err(PolicyName::Blacklist) };
                assert_eq!(fleet.going(0, takes, &PolicyName::ALL), expected, "{level:?} {command:?}");
            }
        }
        let on = Coverage::of_text("site=fra");
        assert_eq!(taken_out().under(BrakeKind::Blacklist { on, command: None, level }).goes_on(0), Ok(()));
        let kind = BrakeKind::Blacklist { on: Coverage::everything(), command: None, level };
        let mut over = taken_out();
        over.ledger.brakes.push(brake(kind, Some(NOW)));
        assert_eq!(over.goes_on(0), Ok(()), "it is over");
    }
}

#[test]
fn an_open_breaker_says_not_now_but_to_its_own_canary() {
    assert_eq!(taken_out().halted_by_failures(None).goes_on(0), Err(PolicyName::FailureRate));
    assert_eq!(taken_out().halted_by_failures(None).going(0, false, &[]), Err(PolicyName::FailureRate));
    assert_eq!(taken_out().halted_by_failures(Some(run_of("2mq9", 2))).goes_on(0), Err(PolicyName::FailureRate));
    assert_eq!(taken_out().halted_by_failures(Some(run_of("2mq9", 1))).goes_on(0), Ok(()));
    let mut observed = taken_out().halted_by_failures(None);
    observed.rules.observed = vec![PolicyName::FailureRate];
    assert_eq!(observed.goes_on(0), Ok(()), "it is only observed");
}

/// They say what may begin; a run under way goes to its end. Holds and the stop of everything are orders of their own.
#[test]
fn freezes_and_what_reaches_a_run_as_an_order_are_not_asked() {
    let (server, name) = (id(0), taken_out().servers[0].name.clone());
    for kind in [
        BrakeKind::Freeze { on: Coverage::everything() },
        BrakeKind::Hold { server, name },
        BrakeKind::Pause { request: run_of("2mq9", 1).request },
        BrakeKind::STOP,
    ] {
        assert_eq!(taken_out().under(kind.clone()).goes_on(0), Ok(()), "{kind:?}");
    }
}

/// What would be left out for good if it were let start now is met at a gate, and no override passes it.
#[test]
fn what_is_denied_for_good_says_not_now() {
    let never = Err(PolicyName::ProductionState);
    let changes: [fn(&mut Server); 4] = [
        |server| server.name = ServerName::new("edge-lax-900"),
        |server| server.site = SiteName::new("fra"),
        |server| server.pool = None,
        |server| server.server_type = ServerType::new("origin"),
    ];
    for change in changes {
        let fleet = taken_out();
        let (run, server) = (run_of("2mq9", 1), planned(&fleet.servers[0]));
        let mut moved = fleet.clone();
        change(&mut moved.servers[0]);
        let mut gone = fleet.clone();
        gone.servers.remove(0);
        for other in [moved, gone] {
            let (inventory, subject) = (other.inventory(), Subject::Server(server.clone()));
            for takes in [true, false] {
                let going =
                    |passed| Going { run: &run, subject: &subject, spec: &other.spec, work: None, passed, takes };
                assert_eq!(may_go_on(going(&[]), other.known(&inventory)), never);
                assert_eq!(may_go_on(going(&PolicyName::ALL), other.known(&inventory)), never);
            }
        }
    }
    let mut racked = taken_out();
    racked.servers[0].rack = RackName::new("lax-r99");
    assert_eq!(racked.goes_on(0), Ok(()), "another rack is the same machine");
    let destructive = |state| {
        let mut fleet = taken_out().in_state(0, state);
        fleet.spec.impact = Impact::Destructive;
        fleet
    };
    assert_eq!(destructive(Drained).going(0, false, &[]), Ok(()));
    assert_eq!(destructive(Production).going(0, false, &[]), never, "it serves again");
    assert_eq!(destructive(Production).going(0, false, &PolicyName::ALL), never);
}
