//! Over any history no admission lowers a pool, or a wider scope that has a floor, below its floor, or deeper below it; the truth
//! is the test's own.

use super::floors::any_percent;
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

/// Whether a server is one of a scope.
type IsIn<'a> = &'a dyn Fn(&Server) -> bool;

/// A fleet and what is really true of it: which servers answer, which an admission has claimed.
struct Truth {
    fleet: Fleet,
    answers: Vec<bool>,
    is_seen: Vec<bool>,
}

impl Truth {
    /// Of each scope in which that server counts: the servers that really serve and that no run has a claim on, which is what
    /// users can count on, and how many of them there must be.
    fn kept(&self, number: usize) -> [(usize, usize); 4] {
        let (servers, rules) = (&self.fleet.servers, &self.fleet.rules);
        let own = &servers[number];
        let is_near = |other: &Server| (other.site.as_str() == "fra") == (own.site.as_str() == "fra");
        let is_alike = |other: &Server| (&other.site, &other.server_type) == (&own.site, &own.server_type);
        let scopes: [(Option<u8>, IsIn<'_>); 4] = [
            (Some(rules.pool_out_max_percent), &|other| other.pool == own.pool),
            (rules.wider_floors.type_in_site, &is_alike),
            (rules.wider_floors.site, &|other| other.site == own.site),
            (rules.wider_floors.metro, &is_near),
        ];
        scopes.map(|(percent, is_in)| {
            let members = (0..servers.len()).filter(|number| is_in(&servers[*number])).collect::<Vec<_>>();
            let kept = members.iter().filter(|number| self.serves(**number) && !self.is_at_work(**number)).count();
            let out_max = match (percent, members.len()) {
                (None, total) => total,
                (Some(0), _) | (Some(_), 0 | 1) => 0,
                (Some(percent), total) => (total * usize::from(percent) / 100).max(1),
            };
            (kept, members.len() - out_max)
        })
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
        let before = self.kept(number);
        self.change(|fleet| fleet.locked(number, "2mq9", LockStanding::Working));
        for ((before, floor), (after, _)) in before.into_iter().zip(self.kept(number)) {
            prop_assert!(after >= floor || after == before, "{number}: from {before} to {after}, floor {floor}");
        }
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
    #[test]
    fn no_admission_takes_a_wider_scope_below_its_floor(
        total in 1_usize..24,
        pool in 0_u8..=100,
        floors in (any_percent(), any_percent(), any_percent()),
        places in prop::collection::vec((0_usize..3, any::<bool>()), 24),
        happenings in prop::collection::vec(happening(), 1..60),
    ) {
        let (type_in_site, site, metro) = floors;
        let mut fleet = Fleet::of(total).with_floors(WiderFloors { type_in_site, site, metro });
        fleet.rules.pool_out_max_percent = pool;
        for (number, (site, is_origin)) in places.into_iter().take(total).enumerate() {
            let server_type = if is_origin { "origin" } else { "edge-cache" };
            fleet = fleet.moved(number, ["lax", "sfo", "fra"][site], server_type);
        }
        let mut truth = Truth { fleet, answers: vec![true; total], is_seen: vec![true; total] };
        for happening in happenings {
            truth.happens(happening)?;
        }
    }
}
