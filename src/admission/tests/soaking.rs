//! How a finished wave is while it is watched: which evidence halts, which only makes the next wave wait.

use super::waves::request_of;
use super::*;
use crate::admission::infrastructure::SeenAlerts;
use crate::domain::alert::FiringAlert;
use crate::domain::identity::PersonId;
use crate::domain::ids::Epoch;
use crate::workflow::Admission;
use crate::workflow::request::{PolicyName, SoakLack};
use crate::workflow::run::{Run, RunEvent, RunOutcome};

/// When the runs of the wave were done.
pub(super) const DONE_AGO: u64 = 60;

fn done_at() -> Timestamp {
    NOW.minus(Duration::from_secs(DONE_AGO))
}

/// One run: `d` done, `f` failed, `.` waits, `w` at work, `l` left out; it found its server in that state, and left it in this.
fn run(number: usize, wave: u32, letter: char, (found, left): (ProductionState, ProductionState)) -> Run {
    let subject = Subject::Server(planned(&server(number)));
    let (at, ended) = (done_at(), |outcome| RunEvent::Ended { at: NOW.minus(SECOND * 59), outcome });
    let admitted = RunEvent::Admitted(Admission::noted(at, found, true));
    let (note, outputs) = (String::new(), BTreeMap::new());
    let proved = RunEvent::StepSucceeded { step: 0, at, state: left, note, outputs };
    let rest = match letter {
        '.' => vec![],
        'w' => vec![admitted],
        'd' => vec![admitted, proved, ended(RunOutcome::Done)],
        'f' => vec![admitted, ended(RunOutcome::Failed)],
        'l' => vec![ended(RunOutcome::LeftOut)],
        other => panic!("{other} is no letter of this table"),
    };
    let journal = [vec![RunEvent::Planned { subject, wave }], rest].concat();
    let number = u32::try_from(number + 1).expect("a small number");
    Run::replay(run_of("2mq9", number), Epoch(1), &journal).expect("a legal journal")
}

/// The runs of one word a wave, each of which left its server in that state.
pub(super) fn runs(words: &str, states: (ProductionState, ProductionState)) -> Vec<Run> {
    let letters = words.split(' ').zip(0..).flat_map(|(word, wave)| word.chars().map(move |letter| (wave, letter)));
    letters.enumerate().map(|(number, (wave, letter))| run(number, wave, letter, states)).collect()
}

impl Fleet {
    pub(super) fn soaks(&self, words: &str, states: (ProductionState, ProductionState)) -> Soaked {
        let waves = words.split(' ').map(|word| u32::try_from(word.len()).expect("short")).collect::<Vec<_>>();
        let request = request_of("2mq9", self.spec.clone(), NOW, &waves);
        soaked(&request, &runs(words, states), self.known(&self.inventory()))
    }

    /// Of a canary that came back into production.
    pub(super) fn canary(&self) -> String {
        told(self.soaks("d ..", (Production, Production)))
    }

    pub(super) fn monitored(mut self, alerts: &[(&str, &str, u64)]) -> Self {
        let alert = |(name, server, ago): &(&str, &str, u64)| {
            let labels = [("alertname", *name), ("severity", "critical"), ("server", *server)];
            let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            FiringAlert { labels: labels.collect(), since: NOW.minus(Duration::from_secs(*ago)) }
        };
        let alerts = alerts.iter().map(alert).collect();
        self.firing = Firing::Seen(SeenAlerts { at: NOW, alerts, silent: None });
        self
    }

    fn declared(mut self, number: usize, state: ProductionState) -> Self {
        let person = PersonId::new("T0", "U0BOB");
        let by = SetBy::Person(Declarer { id: person, name: "bob".into(), why: "PSU dead".into() });
        let row = StateRow { server: id(number), state, by, taken_by: None, since: NOW.minus(SECOND * 5) };
        self.ledger.states.insert(id(number), row);
        self
    }
}

pub(super) fn told(soaked: Soaked) -> String {
    let names = |servers: &[ServerName]| servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    match soaked {
        Soaked::Well => "well".to_owned(),
        Soaked::NotKnown(blockers) if blockers.is_empty() => "not yet".to_owned(),
        Soaked::NotKnown(blockers) => {
            let each = blockers.iter().map(|blocker| {
                let Blocker::Soak { servers, lacks, since } = blocker else { panic!("{blocker:?} is of no wave") };
                let ago = since.map_or_else(|| "ever".to_owned(), |since| NOW.since(since).as_secs().to_string());
                format!("{} {lacks:?} {ago}", names(servers))
            });
            each.collect::<Vec<_>>().join("; ")
        }
        Soaked::Unwell(unwell) => {
            let each = unwell.servers.iter().map(|one| format!("{} {}", one.name, one.seen));
            format!("{} of {}: {}", unwell.count, unwell.of, each.collect::<Vec<_>>().join("; "))
        }
    }
}

/// What was seen before a server's run was done proves neither that it is well nor that it is not.
#[test]
fn a_server_must_be_seen_in_service_after_its_run() {
    use Health::{Failing, OutOfRotation, Serving};
    for (health, ago, expected) in [
        (Serving, 0, "well"),
        (Serving, DONE_AGO / 2 + 5, "well"),
        // Most of the time nobody has watched it.
        (Serving, DONE_AGO / 2 + 6, "not yet"),
        (Serving, DONE_AGO - 1, "not yet"),
        (Serving, DONE_AGO, "not yet"),
        (Serving, DONE_AGO + 30, "not yet"),
        (Failing, 0, "1 of 1: edge-lax-000 does not answer"),
        (Failing, DONE_AGO - 1, "1 of 1: edge-lax-000 does not answer"),
        (OutOfRotation, 1, "1 of 1: edge-lax-000 out of rotation"),
        // Of the work itself.
        (OutOfRotation, DONE_AGO, "not yet"),
        (Failing, DONE_AGO + 30, "not yet"),
    ] {
        assert_eq!(Fleet::of(9).seen(0, health, ago).canary(), expected, "{health:?} {ago} s ago");
    }
    assert_eq!(Fleet::of(9).unseen(0).canary(), "edge-lax-000 Look ever");
    let mut impatient = Fleet::of(9).seen(0, Serving, 31);
    impatient.rules.health_age_max = SECOND * 30;
    assert_eq!(impatient.canary(), "edge-lax-000 Look 31", "a look that is too old");
    assert_eq!(impatient.seen(0, Serving, DONE_AGO + 1).canary(), "edge-lax-000 Look 61", "nobody has looked for long");
}

/// The newest wave with something done is watched, until the next one has begun.
#[test]
fn only_the_wave_is_watched_that_the_next_one_waits_for() {
    let fleet = Fleet::of(9).seen(0, Health::Failing, 0);
    let both = (Production, Production);
    for (words, expected) in [
        ("d ..", "1 of 1: edge-lax-000 does not answer"),
        ("d l.", "1 of 1: edge-lax-000 does not answer"),
        ("d ll ..", "1 of 1: edge-lax-000 does not answer"),
        ("d ff ..", "1 of 1: edge-lax-000 does not answer"),
        ("dd ..", "1 of 2: edge-lax-000 does not answer"),
        ("d w.", "well"),
        ("d f.", "well"),
        ("d dd ..", "well"),
        ("f ..", "well"),
        ("l ..", "well"),
        ("d dd", "well"),
        (".. ..", "well"),
    ] {
        assert_eq!(told(fleet.soaks(words, both)), expected, "{words}");
    }
    let many = fleet.all(1..8, |fleet, number| fleet.seen(number, Health::Failing, 0));
    assert!(told(many.soaks("dddddddd .", both)).starts_with("8 of 8: edge-lax-000 does not answer; edge-lax-001"));
    let Soaked::Unwell(unwell) = many.soaks("dddddddd .", both) else { panic!("all are dead") };
    assert_eq!(unwell.servers.len(), 5, "no more are named");
}

/// What a run leaves out on purpose does not serve afterwards, and an alert that says so is no news.
#[test]
fn a_server_is_judged_by_what_its_run_left() {
    let out = Fleet::of(9).in_state(0, Drained);
    let (took_out, was_out) = ((Production, Drained), (Drained, Drained));
    assert_eq!(told(out.soaks("d ..", took_out)), "well", "drained");
    assert_eq!(told(out.soaks("d ..", was_out)), "well", "worked on while it was drained");
    let repaired = Fleet::of(9).declared(0, ProductionState::Repair);
    let left = out.clone().locked(0, "bbbb", LockStanding::LeftBehind);
    for since in [repaired, left] {
        assert_eq!(told(since.soaks("d ..", took_out)), "well", "what people do with what was drained for them");
    }
    let silent = out.clone().unseen(0);
    assert_eq!(told(silent.soaks("d ..", took_out)), "well", "nobody need look at it");
    let alerted = out.monitored(&[("NotServing", "edge-lax-000", 5)]);
    assert_eq!(told(alerted.soaks("d ..", took_out)), "well", "that it is out is meant");
    assert_eq!(told(alerted.soaks("d ..", was_out)), "1 of 1: edge-lax-000 alert NotServing");
    let back = Fleet::of(9).in_state(0, Production).seen(0, Health::Failing, 0);
    assert_eq!(told(back.soaks("d ..", (Drained, Production))), "1 of 1: edge-lax-000 does not answer", "undrained");
    assert_eq!(told(back.soaks("d ..", took_out)), "well", "somebody has put it back since, which was no part of it");
    let mut without_pool = Fleet::of(9).unseen(0);
    without_pool.servers[0].pool = None;
    assert_eq!(without_pool.canary(), "well", "nothing watches it");
    let mut only_looks = Fleet::of(9).seen(0, Health::Failing, 0);
    only_looks.spec.impact = Impact::ReadOnly;
    only_looks.spec.steps = vec![StepSpec::Gate(vec![GateCheck::Capacity])];
    assert_eq!(only_looks.canary(), "well", "it has changed nothing");
}

#[test]
fn what_others_have_done_since_proves_nothing_unless_it_is_broken() {
    let fleet = Fleet::of(9);
    let at_work = fleet.clone().locked(0, "bbbb", LockStanding::Working).seen(0, Health::OutOfRotation, 0);
    assert_eq!(at_work.canary(), format!("edge-lax-000 {:?} 0", SoakLack::Work(run_of("bbbb", 1).request)));
    let left = fleet.clone().locked(0, "bbbb", LockStanding::LeftBehind);
    assert_eq!(left.canary(), "1 of 1: edge-lax-000 left behind by a run that failed");
    let drained = fleet.clone().in_state(0, Drained);
    assert_eq!(drained.canary(), "edge-lax-000 State(Drained) 0");
    let maintained = fleet.clone().declared(0, ProductionState::Maintenance);
    assert_eq!(maintained.canary(), "edge-lax-000 State(Maintenance) 5");
    let repaired = fleet.clone().declared(0, ProductionState::Repair);
    assert_eq!(repaired.canary(), "1 of 1: edge-lax-000 in repair, says bob");
    let mut gone = fleet;
    gone.servers.remove(0);
    assert_eq!(gone.canary(), "edge-lax-000 Gone ever");
}

/// An alert from before is the run's own doing, or what it should cure: it must be over, and is no proof.
#[test]
fn an_alert_of_its_own_halts_if_it_is_newer_than_the_run() {
    let fleet = Fleet::of(9);
    for (alerts, expected) in [
        (vec![], "well"),
        (vec![("DiskFailing", "edge-lax-000", 5)], "1 of 1: edge-lax-000 alert DiskFailing"),
        (vec![("DiskFailing", "edge-lax-000.example.com:9100", 5)], "1 of 1: edge-lax-000 alert DiskFailing"),
        (vec![("WasDown", "edge-lax-000", DONE_AGO)], "edge-lax-000 Alert(\"WasDown\") 60"),
        (
            vec![("WasDown", "edge-lax-000", 90), ("DiskFailing", "edge-lax-000", 5)],
            "1 of 1: edge-lax-000 alert DiskFailing",
        ),
        // Of another server, whose name begins alike or not.
        (vec![("DiskFailing", "edge-lax-001", 5)], "well"),
        (vec![("DiskFailing", "edge-lax-0001", 5)], "well"),
    ] {
        assert_eq!(fleet.clone().monitored(&alerts).canary(), expected, "{alerts:?}");
    }
    let mut asked_before = fleet.clone().monitored(&[]);
    let Firing::Seen(seen) = &mut asked_before.firing else { panic!("it was asked") };
    seen.at = done_at();
    assert_eq!(asked_before.canary(), "not yet", "nothing was asked since");
    let mut observed = fleet.clone().monitored(&[("DiskFailing", "edge-lax-000", 5)]);
    observed.rules.observed = vec![PolicyName::Infrastructure];
    assert_eq!(observed.canary(), "well", "alerts are only observed");
    let both = fleet.monitored(&[("WasDown", "edge-lax-000", 90)]).seen(0, Health::Failing, 0);
    assert_eq!(both.canary(), "1 of 1: edge-lax-000 does not answer", "what proves something comes first");
}

/// What gives capacity back waits for no monitoring; what takes it does.
#[test]
fn alerts_that_are_not_known_make_the_next_wave_wait() {
    for (firing, expected) in [
        (Firing::NotConfigured, "well".to_owned()),
        (Firing::Pending, "edge-lax-000 Alerts(\"not looked at yet\") ever".to_owned()),
        (Firing::NotAsked, "edge-lax-000 Alerts(\"not looked at yet\") ever".to_owned()),
        (
            Firing::Unknown { why: "no answer".into(), since: NOW.minus(SECOND * 7) },
            "edge-lax-000 Alerts(\"no answer\") 7".to_owned(),
        ),
    ] {
        let mut fleet = Fleet::of(9);
        fleet.firing = firing.clone();
        assert_eq!(fleet.canary(), expected, "{firing:?}");
        fleet.spec.steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
        fleet.spec.impact = Impact::Config;
        assert_eq!(fleet.canary(), "well", "{firing:?}, of what gives capacity back");
    }
}

/// A canary of a breaker is judged by the same eyes.
#[test]
fn an_alert_of_its_own_makes_the_canary_of_a_breaker_unwell() {
    let fleet = Fleet::of(9);
    let is_unwell = |fleet: &Fleet| super::super::soaking::is_unwell(&id(0), fleet.known(&fleet.inventory()));
    assert!(!is_unwell(&fleet));
    assert!(!is_unwell(&fleet.clone().unseen(0)), "nothing watches it");
    assert!(is_unwell(&fleet.clone().seen(0, Health::Failing, 0)));
    assert!(is_unwell(&fleet.clone().monitored(&[("DiskFailing", "edge-lax-000", 5)])));
    assert!(!is_unwell(&fleet.monitored(&[("DiskFailing", "edge-lax-001", 5)])));
}
