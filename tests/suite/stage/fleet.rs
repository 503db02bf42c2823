//! The servers of the stage: the sandbox's pure model, behind the services' own drivers.

use super::time::StageClock;
use async_trait::async_trait;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wrasse::domain::effect::{Act, Begun, Probe, Seen};
use wrasse::domain::measure::{Sample, Series, Span};
use wrasse::domain::server::{ProductionState, ServerName, SiteName, TagName, TagValue};
use wrasse::domain::time::Timestamp;
use wrasse::mandate::Mandate;
use wrasse::ports::metrics::MetricsFault;
use wrasse::ports::{Clock, Drivers, Metrics, Monitoring};
use wrasse::sandbox::fleet::SharedFleet;
use wrasse::sandbox::fleet::alerts_face::FleetMonitoring;
use wrasse::sandbox::fleet::metrics_face::FleetMetrics;
use wrasse::sandbox::fleet::model::{
    Curve, Fault, Fleet, FleetSpec, MetricsTrouble, MonitoringTrouble, Rotation, ServerSpec, Timing,
};
use wrasse::sandbox::fleet::ports_face::FleetDrivers;

/// How often something happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Times(usize);

/// That often.
pub(crate) const fn times(count: usize) -> Times {
    Times(count)
}

/// The fleet.
pub(crate) struct StageFleet {
    clock: Arc<StageClock>,
    planned: RefCell<Vec<ServerSpec>>,
    drivers: OnceCell<FleetDrivers>,
    balancers: Arc<Balancers>,
    /// Whether there are metrics.
    is_measured: Cell<bool>,
    /// What the metrics were asked, how often.
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
    /// Whether there is somewhere to read alerts.
    is_monitored: Cell<bool>,
}

/// What load balancers do of what they should.
struct Balancers {
    answer: AtomicBool,
    hear: AtomicBool,
}

/// The fleet's drivers, and what of them can be reached.
struct Reach {
    drivers: FleetDrivers,
    balancers: Arc<Balancers>,
}

#[async_trait]
impl Drivers for Reach {
    async fn begin(&self, mandate: &Mandate, deadline: Duration) -> Begun {
        let is_balancers = matches!(mandate.act(), Act::Drain(_) | Act::Undrain(_));
        if is_balancers && !self.balancers.hear.load(Ordering::SeqCst) {
            return Begun::Unknown("the load balancer does not answer".to_owned());
        }
        self.drivers.begin(mandate, deadline).await
    }

    async fn observe(&self, probe: &Probe, deadline: Duration) -> Seen {
        let is_balancers = matches!(probe, Probe::Balancer(_) | Probe::Pool(_));
        if is_balancers && !self.balancers.answer.load(Ordering::SeqCst) {
            return Seen::NoAnswer("the load balancer does not answer".to_owned());
        }
        self.drivers.observe(probe, deadline).await
    }
}

/// The fleet's metrics, with what each query was asked how often.
struct Counted {
    metrics: FleetMetrics,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

#[async_trait]
impl Metrics for Counted {
    async fn at(&self, query: &str, at: Timestamp, deadline: Duration) -> Result<Vec<Sample>, MetricsFault> {
        *self.asked.lock().unwrap().entry(query.to_owned()).or_default() += 1;
        self.metrics.at(query, at, deadline).await
    }

    async fn over(&self, query: &str, span: Span, deadline: Duration) -> Result<Vec<Series>, MetricsFault> {
        self.metrics.over(query, span, deadline).await
    }
}

impl StageFleet {
    pub(super) fn new(clock: Arc<StageClock>) -> Self {
        Self {
            clock,
            planned: RefCell::default(),
            drivers: OnceCell::new(),
            balancers: Arc::new(Balancers { answer: AtomicBool::new(true), hear: AtomicBool::new(true) }),
            is_measured: Cell::new(false),
            asked: Arc::default(),
            is_monitored: Cell::new(false),
        }
    }

    /// There are servers of those names, e.g. `edge-lax-[01-03]`, in production.
    pub(crate) fn has(&self, names: &str) {
        self.has_in(names, ProductionState::Production);
    }

    /// There are servers of those names in that state.
    pub(crate) fn has_in(&self, names: &str, state: ProductionState) {
        assert!(self.drivers.get().is_none(), "servers are there before the story begins");
        for name in expanded(names) {
            let mut parts = name.split('-');
            let (kind, site) = (parts.next().unwrap(), parts.next().unwrap());
            let server_type = if kind == "edge" { "edge-cache" } else { kind };
            let mut spec = ServerSpec::new(&name, server_type, site, &format!("{site}-r01"));
            spec.initial_state = state;
            self.planned.borrow_mut().push(spec);
        }
    }

    /// Those servers carry that tag.
    pub(crate) fn hangs_on(&self, names: &str, tag: &str, value: &str) {
        assert!(self.drivers.get().is_none(), "tags are there before the story begins");
        let names = expanded(names);
        for spec in self.planned.borrow_mut().iter_mut().filter(|spec| names.contains(&spec.name.to_string())) {
            spec.tags.insert(TagName::new(tag), TagValue::new(value));
        }
    }

    pub(super) fn drivers(&self) -> FleetDrivers {
        let made = self.drivers.get_or_init(|| {
            let fixed = |millis: u64| -> RangeInclusive<u64> { millis..=millis };
            let timing = Timing { shutdown: fixed(500), boot: fixed(3000), drain: fixed(900) };
            let spec = FleetSpec::of(self.planned.borrow().clone()).with_timing(timing);
            let fleet = Fleet::of(spec, self.clock.now());
            FleetDrivers::new(Arc::new(Mutex::new(fleet)), Arc::<StageClock>::clone(&self.clock))
        });
        made.clone()
    }

    /// No load balancer answers any more; they do what they are told.
    pub(crate) fn balancers_go_silent(&self) {
        self.balancers.answer.store(false, Ordering::SeqCst);
    }

    /// No load balancer answers any more, or does anything.
    pub(crate) fn balancers_go_down(&self) {
        self.balancers_go_silent();
        self.balancers.hear.store(false, Ordering::SeqCst);
    }

    /// The load balancers are well again.
    pub(crate) fn balancers_answer(&self) {
        self.balancers.answer.store(true, Ordering::SeqCst);
        self.balancers.hear.store(true, Ordering::SeqCst);
    }

    /// The drivers as the bot gets them.
    pub(super) fn ports(&self) -> Arc<dyn Drivers> {
        Arc::new(Reach { drivers: self.drivers(), balancers: Arc::clone(&self.balancers) })
    }

    /// There are metrics, by which that share of its capacity always came to each site.
    pub(crate) fn is_measured(&self, share: f64) {
        self.is_measured.set(true);
        self.with(|fleet| {
            for server in fleet.servers() {
                fleet.traffic_mut().set_always(&server.site, Curve::Level(share));
            }
        });
    }

    /// There are metrics, by which a site has had more on this day of each of the last four weeks from that moment on, for so long;
    /// and will have today.
    pub(crate) fn has_each_week(&self, site: &str, (usual, most): (f64, f64), (from, lasts): (Timestamp, Duration)) {
        const WEEK: Duration = Duration::from_secs(7 * 86_400);
        self.is_measured(usual);
        self.with(|fleet| {
            for weeks in (0..=4).rev() {
                let (site, from) = (SiteName::new(site), from.minus(WEEK * weeks));
                fleet.traffic_mut().set(&site, Curve::Level(most), from);
                fleet.traffic_mut().set(&site, Curve::Level(usual), from.plus(lasts));
            }
        });
    }

    /// The metrics as the bot gets them, if there are any.
    pub(super) fn metrics(&self) -> Option<Arc<dyn Metrics>> {
        let fleet = || SharedFleet::new(Arc::clone(&self.drivers().fleet), Arc::<StageClock>::clone(&self.clock));
        let counted = || Counted { metrics: FleetMetrics(fleet()), asked: self.asked() };
        self.is_measured.get().then(|| Arc::new(counted()) as Arc<dyn Metrics>)
    }

    /// What this process asked the metrics, how often; a new one begins anew.
    pub(super) fn asked(&self) -> Arc<Mutex<BTreeMap<String, usize>>> {
        Arc::clone(&self.asked)
    }

    /// How often this process asked the metrics since the last time for what has these words in its query.
    pub(crate) fn was_asked_for(&self, words: &str) -> usize {
        let mut asked = self.asked.lock().unwrap();
        let fitting = asked.iter_mut().filter(|(query, _)| query.contains(words));
        fitting.map(|(_, count)| std::mem::take(count)).sum()
    }

    /// There is somewhere to read alerts.
    pub(crate) fn is_monitored(&self) {
        self.is_monitored.set(true);
    }

    /// Where the bot reads alerts, if there is.
    pub(super) fn monitoring(&self) -> Option<Arc<dyn Monitoring>> {
        let fleet = || SharedFleet::new(Arc::clone(&self.drivers().fleet), Arc::<StageClock>::clone(&self.clock));
        self.is_monitored.get().then(|| Arc::new(FleetMonitoring(fleet())) as Arc<dyn Monitoring>)
    }

    /// From now on an alert with these labels fires.
    pub(crate) fn alerts(&self, labels: &[(&str, &str)]) {
        let now = self.clock.now();
        self.with(|fleet| fleet.alerts_mut().raise(owned(labels), now));
    }

    /// Every alert with these labels is over.
    pub(crate) fn alert_ends(&self, labels: &[(&str, &str)]) {
        assert!(self.with(|fleet| fleet.alerts_mut().end(&owned(labels))) > 0, "no alert fires with {labels:?}");
    }

    /// The monitoring has that trouble, or none.
    pub(crate) fn monitoring_gets(&self, trouble: Option<MonitoringTrouble>) {
        self.with(|fleet| fleet.alerts_mut().set_trouble(trouble));
    }

    /// From now on that share of its capacity comes to a site.
    pub(crate) fn gets_traffic(&self, site: &str, share: f64) {
        let now = self.clock.now();
        self.with(|fleet| fleet.traffic_mut().set(&SiteName::new(site), Curve::Level(share), now));
    }

    /// From now on that share of a server's requests fails.
    pub(crate) fn fails_requests(&self, name: &str, share: f64) {
        let now = self.clock.now();
        self.with(|fleet| fleet.traffic_mut().set_errors(&ServerName::new(name), share, now));
    }

    /// Nothing is measured any more.
    pub(crate) fn metrics_go_stale(&self) {
        let now = self.clock.now();
        self.with(|fleet| fleet.traffic_mut().set_trouble(Some(MetricsTrouble::Stale(now))));
    }

    /// The metrics have that trouble.
    pub(crate) fn metrics_get(&self, trouble: MetricsTrouble) {
        self.with(|fleet| fleet.traffic_mut().set_trouble(Some(trouble)));
    }

    /// The metrics are well again, and know all sites.
    pub(crate) fn metrics_are_well(&self) {
        self.with(|fleet| {
            fleet.traffic_mut().set_trouble(None);
            fleet.traffic_mut().set_missing(BTreeSet::new());
        });
    }

    /// The metrics say nothing of that site.
    pub(crate) fn metrics_lose(&self, site: &str) {
        self.with(|fleet| fleet.traffic_mut().set_missing(BTreeSet::from([SiteName::new(site)])));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Fleet) -> T) -> T {
        act(&mut self.drivers().fleet())
    }

    /// From now on servers that reboot stay down until they are told to finish.
    pub(crate) fn holds_boots(&self) {
        self.with(|fleet| fleet.hold_boots(true));
    }

    /// Servers boot by themselves again.
    pub(crate) fn lets_boot(&self) {
        self.with(|fleet| fleet.hold_boots(false));
    }

    /// Those servers are up again.
    pub(crate) fn finishes(&self, names: &str) {
        let now = self.clock.now();
        for name in expanded(names) {
            let done = self.with(|fleet| fleet.finish_boot(&ServerName::new(&name), now));
            assert!(done, "{name} is not booting");
        }
    }

    /// The server does not come back from its reboot.
    pub(crate) fn never_returns(&self, name: &str) {
        self.gets(name, Fault::WontBoot);
    }

    /// The server's SSH daemon accepts connections and never speaks.
    pub(crate) fn goes_silent(&self, name: &str) {
        self.gets(name, Fault::SshDead);
    }

    /// The server has that trouble.
    pub(crate) fn gets(&self, name: &str, fault: Fault) {
        let now = self.clock.now();
        self.with(|fleet| fleet.set_fault(&ServerName::new(name), fault, now)).unwrap();
    }

    /// The server is repaired.
    pub(crate) fn repairs(&self, name: &str) {
        let now = self.clock.now();
        self.with(|fleet| fleet.repair(&ServerName::new(name), now)).unwrap();
    }

    /// Somebody puts the server into that rotation by hand.
    pub(crate) fn rotates(&self, name: &str, rotation: Rotation) {
        let now = self.clock.now();
        self.with(|fleet| fleet.set_rotation(&ServerName::new(name), rotation, now)).unwrap();
    }

    /// The address answers with that status.
    pub(crate) fn http_answers(&self, url: &str, status: u16) {
        self.with(|fleet| fleet.http_answers(url, status));
    }

    /// That many HTTP effects took place, whatever the number of calls.
    pub(crate) fn took_http_effect(&self, expected: Times) {
        assert_eq!(Times(self.with(|fleet| fleet.http_effects().len())), expected);
    }

    /// The fleet's own log says that each of those servers was rebooted that often.
    pub(crate) fn rebooted(&self, names: &str, expected: Times) {
        for name in expanded(names) {
            let reboots = self.with(|fleet| fleet.reboots(&ServerName::new(&name)));
            assert_eq!(Times(reboots), expected, "reboots of {name}");
        }
    }

    /// How many restarts of any server were sent and happened.
    pub(crate) fn restarts(&self) -> usize {
        let is_restart = |entry: &&wrasse::sandbox::fleet::model::LogEntry| {
            format!("{:?} {:?}", entry.deed, entry.outcome) == "Reboot Done"
        };
        self.with(|fleet| fleet.log().iter().filter(is_restart).count())
    }

    /// Everything that was asked of it and happened, a line each.
    pub(super) fn told(&self) -> String {
        let line = |entry: &wrasse::sandbox::fleet::model::LogEntry| {
            format!(
                "{} {} {:?} {:?} {:?}",
                entry.at.millis() % 3_600_000,
                entry.server,
                entry.via,
                entry.deed,
                entry.outcome
            )
        };
        self.with(|fleet| fleet.log().iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Those servers get traffic, or do not.
    pub(crate) fn serves(&self, names: &str, expected: bool) {
        let now = self.clock.now();
        for name in expanded(names) {
            let view = self.with(|fleet| fleet.view(&ServerName::new(&name), now)).unwrap();
            let serves = view.phase.is_up() && view.rotation == Some(Rotation::Ready);
            assert_eq!(serves, expected, "{name} is {} and {:?}", view.phase.word(), view.rotation);
        }
    }
}

/// Labels as the model takes them.
fn owned(labels: &[(&str, &str)]) -> wrasse::domain::measure::Labels {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// `edge-lax-[01-03]` as three names.
fn expanded(names: &str) -> Vec<String> {
    let Some((before, rest)) = names.split_once('[') else { return vec![names.to_owned()] };
    let (range, after) = rest.split_once(']').unwrap();
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let width = first.len();
    let numbers = first.parse::<u32>().unwrap()..=last.parse::<u32>().unwrap();
    numbers.map(|number| format!("{before}{number:0width$}{after}")).collect()
}
