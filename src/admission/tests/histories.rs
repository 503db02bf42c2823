//! Over any history no admission lowers a pool below its floor, or deeper below it; the truth is the test's own.

use super::*;
use proptest::prelude::*;

/// One thing that happens to one server.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Asks(usize),
    Drains(usize),
    FailsByItself(usize),
    Recovers(usize),
    GoesUnseen(usize),
    RunEnds(usize),
    RunFails(usize),
    WaitsForAPerson(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    let server = 0_usize..24;
    prop_oneof![
        4 => server.clone().prop_map(Happening::Asks),
        2 => server.clone().prop_map(Happening::Drains),
        1 => server.clone().prop_map(Happening::WaitsForAPerson),
        1 => server.clone().prop_map(Happening::FailsByItself),
        1 => server.clone().prop_map(Happening::Recovers),
        1 => server.clone().prop_map(Happening::GoesUnseen),
        1 => server.clone().prop_map(Happening::RunEnds),
        1 => server.prop_map(Happening::RunFails),
    ]
}

/// A fleet and what is really true of it: which servers answer, which an admission has claimed.
struct Truth {
    fleet: Fleet,
    answers: Vec<bool>,
    is_seen: Vec<bool>,
}

impl Truth {
    /// Servers that really serve and that no run has a claim on: what users can count on.
    fn kept(&self) -> usize {
        let total = self.fleet.servers.len();
        (0..total).filter(|number| self.serves(*number) && !self.is_at_work(*number)).count()
    }

    fn serves(&self, number: usize) -> bool {
        let state = self.fleet.ledger.state(&self.fleet.servers[number]);
        self.answers[number] && state == Production
    }

    fn is_at_work(&self, number: usize) -> bool {
        self.fleet.ledger.lock(&id(number)).is_some_and(|lock| lock.standing.is_a_runs())
    }

    fn change(&mut self, change: impl FnOnce(Fleet) -> Fleet) {
        self.fleet = change(self.fleet.clone());
        for number in 0..self.answers.len() {
            if self.is_seen[number] {
                let health = if self.answers[number] { Health::Serving } else { Health::Failing };
                self.fleet = self.fleet.clone().seen(number, health, 0);
            }
        }
    }

    fn happens(&mut self, happening: Happening) -> Result<(), TestCaseError> {
        let total = self.answers.len();
        match happening {
            Happening::Asks(number) => return self.asks(number % total),
            Happening::Drains(number) if self.is_at_work(number % total) => {
                self.change(|fleet| fleet.in_state(number % total, Drained));
            }
            Happening::FailsByItself(number) => {
                self.answers[number % total] = false;
                self.change(|fleet| fleet);
            }
            Happening::Recovers(number) => {
                (self.answers[number % total], self.is_seen[number % total]) = (true, true);
                self.change(|fleet| fleet);
            }
            Happening::GoesUnseen(number) => {
                self.is_seen[number % total] = false;
                self.change(|fleet| fleet.unseen(number % total));
            }
            Happening::RunEnds(number) if self.is_at_work(number % total) => self.change(|mut fleet| {
                fleet.ledger.locks.remove(&id(number % total));
                fleet.in_state(number % total, Production)
            }),
            Happening::RunFails(number) if self.is_at_work(number % total) => {
                self.change(|fleet| fleet.locked(number % total, "bbbb", LockStanding::LeftBehind));
            }
            Happening::WaitsForAPerson(number) if self.is_at_work(number % total) => {
                self.change(|fleet| fleet.locked(number % total, "2mq9", LockStanding::Parked));
            }
            Happening::Drains(_) | Happening::RunEnds(_) | Happening::RunFails(_) | Happening::WaitsForAPerson(_) => {}
        }
        Ok(())
    }

    fn asks(&mut self, number: usize) -> Result<(), TestCaseError> {
        let verdict = self.fleet.check(number);
        prop_assert_eq!(&verdict, &self.fleet.check(number), "asked twice, answered the same");
        if let Verdict::Wait(blockers) = &verdict {
            prop_assert!(!blockers.is_empty(), "whoever waits is told why");
        }
        let Verdict::Allow(_) = verdict else { return Ok(()) };
        let (before, floor) = (self.kept(), self.fleet.count().floor as usize);
        self.change(|fleet| fleet.locked(number, "2mq9", LockStanding::Working));
        let after = self.kept();
        prop_assert!(after >= floor || after == before, "{number}: from {before} to {after}, floor {floor}");
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_admission_takes_a_pool_below_its_floor(
        total in 1_usize..24,
        happenings in prop::collection::vec(happening(), 1..60),
    ) {
        let mut truth = Truth { fleet: Fleet::of(total), answers: vec![true; total], is_seen: vec![true; total] };
        for happening in happenings {
            truth.happens(happening)?;
        }
    }
}
