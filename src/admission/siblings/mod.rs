//! Siblings: a server of a finished wave is compared by metrics with servers like it that this request has not touched.
//!
//! Siblings are those of its pool alone, because the servers of a pool have the same traffic; of servers without a pool, those
//! of one type in one site. Elsewhere is another hour of the day and there are other customers, so servers there would halt
//! rollouts that harm nobody, and hide what harms. With too few siblings nothing is compared, and that is told: small pools must be
//! able to go on. But what is asked for and not answered is not known, and makes the next wave wait.
//!
//! The queries smooth, and say over which time; only what was measured later than that after the run is of the server itself. It is
//! judged on the newest measurement, and halts only with the one before it: one alone may be noise, and a halt is for good.
//! Deliberately absent: asking, and what else shows how a server is, which is `soaking`'s.

mod evidence;
mod rules;

pub use evidence::{Answer, Measured, Measures, Point, Samples, Silence, judged};
pub(super) use rules::SoakFile;
pub use rules::{Bad, Comparison, Floor, SoakRules};

use super::{Known, capacity};
use crate::domain::measure::median;
use crate::domain::server::{PoolName, ProductionState, Server, ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::run::{Run, RunOutcome, RunStage};
use std::collections::{BTreeMap, BTreeSet};

/// How a server does beside its siblings.
pub(super) enum Compared {
    /// As they do, or there is nothing to compare.
    Alike,
    /// Nothing that counts was measured yet, so soon.
    NotYet,
    /// One thing is not known: which, why, and since when.
    Lacks(String, String, Option<Timestamp>),
    /// It does worse: in words, and since when.
    Ails(String, Timestamp),
}

/// Servers of a wave that are compared with nobody, because too few siblings serve that the request has not touched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Uncompared {
    /// They, by name.
    pub servers: Vec<ServerName>,
    /// How many siblings there are.
    pub siblings: u32,
    /// How many are needed.
    pub needed: u32,
}

/// Whose servers are siblings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Kin {
    Pool(PoolName),
    TypeInSite(ServerType, SiteName),
}

impl Kin {
    fn of(server: &Server) -> Self {
        let alike = || Self::TypeInSite(server.server_type.clone(), server.site.clone());
        server.pool.clone().map_or_else(alike, Self::Pool)
    }
}

/// The siblings of watched servers. All who are watched are touched, so those of one pool have the same ones.
pub(super) struct Siblings<'a> {
    known: Known<'a>,
    touched: BTreeSet<&'a ServerId>,
    of: BTreeMap<Kin, Kinship<'a>>,
}

/// The siblings that servers have in common, with what each has of each comparison, as far as that is known and fresh.
struct Kinship<'a> {
    /// Those that are meant to serve, whether they do just now or not.
    meant: u32,
    measured: Vec<Vec<&'a Measured>>,
    /// Of the newest measurements.
    medians: Vec<Option<f64>>,
}

impl<'a> Siblings<'a> {
    pub(super) fn new(runs: &'a [Run], known: Known<'a>) -> Self {
        let has_begun = |run: &&Run| run.stage != RunStage::Waiting && run.outcome() != Some(RunOutcome::LeftOut);
        let touched = runs.iter().filter(has_begun).filter_map(|run| Some(&run.subject.server()?.id));
        Self { known, touched: touched.collect(), of: BTreeMap::new() }
    }

    fn is_compared(&self) -> bool {
        !self.known.rules.soak.compare.is_empty() && *self.known.outside.measures != Measures::NotConfigured
    }

    fn kinship(&mut self, kin: Kin) -> &Kinship<'a> {
        let (known, touched) = (self.known, &self.touched);
        self.of.entry(kin).or_insert_with_key(|kin| {
            let meant = meant(kin, touched, known);
            let serve = meant.iter().copied().filter(|server| is_to_compare_with(server, known)).collect::<Vec<_>>();
            let comparisons = known.rules.soak.compare.iter();
            let measured = comparisons.map(|one| fresh(one, &serve, known)).collect::<Vec<_>>();
            let medians = measured.iter().map(|all| median(all.iter().map(|one| one.newest.value).collect()));
            Kinship { meant: size(meant.len()), medians: medians.collect(), measured }
        })
    }

    /// How that server does, whose run was done then: by the first comparison by which it does worse, else the first that is not
    /// known.
    pub(super) fn compare(&mut self, server: &Server, since: Timestamp) -> Compared {
        if !self.is_compared() {
            return Compared::Alike;
        }
        let known = self.known;
        let kinship = self.kinship(Kin::of(server));
        // A pool of two must be able to go on; one of ten of which most are away just now proves nothing yet.
        if kinship.meant < known.rules.soak.siblings_min {
            return Compared::Alike;
        }
        let (mut lacks, mut waits) = (None, false);
        for (place, comparison) in known.rules.soak.compare.iter().enumerate() {
            let compared = Comparing { comparison, kinship, place, since, known }.server(&server.name);
            match compared {
                Compared::Alike => {}
                Compared::NotYet => waits = true,
                Compared::Lacks(..) => lacks = lacks.or(Some(compared)),
                Compared::Ails(..) => return compared,
            }
        }
        lacks.unwrap_or(if waits { Compared::NotYet } else { Compared::Alike })
    }

    /// Which of these servers are compared with nobody, a line for each group with the same siblings.
    pub(super) fn uncompared(&mut self, servers: &[&Server]) -> Vec<Uncompared> {
        if !self.is_compared() {
            return Vec::new();
        }
        let mut groups: BTreeMap<Kin, Vec<ServerName>> = BTreeMap::new();
        for server in servers {
            groups.entry(Kin::of(server)).or_default().push(server.name.clone());
        }
        let needed = self.known.rules.soak.siblings_min;
        let each = groups.into_iter().map(|(kin, servers)| {
            let siblings = self.kinship(kin).meant;
            Uncompared { servers, siblings, needed }
        });
        each.filter(|group| group.siblings < needed).collect()
    }
}

/// The servers of that kin that are meant to serve, and on which this request has not begun.
fn meant<'a>(kin: &Kin, touched: &BTreeSet<&ServerId>, known: Known<'a>) -> Vec<&'a Server> {
    let is_meant =
        |server: &&Server| !touched.contains(&server.id) && known.ledger.state(server) == ProductionState::Production;
    match kin {
        Kin::Pool(pool) => known.inventory.in_pool(pool).filter(is_meant).collect(),
        Kin::TypeInSite(server_type, site) => {
            let alike = |server: &&Server| server.server_type == *server_type && server.pool.is_none();
            known.inventory.in_site(site).filter(alike).filter(is_meant).collect()
        }
    }
}

/// Whether such a server serves, and nobody works on it or has left anything there. Behind no load balancer nobody sees it serve:
/// that it is meant to is all there is.
fn is_to_compare_with(server: &Server, known: Known<'_>) -> bool {
    let serves = server.pool.is_none() || capacity::serves(server, known);
    serves && known.ledger.lock(&server.id).is_none()
}

fn fresh<'a>(comparison: &Comparison, servers: &[&Server], known: Known<'a>) -> Vec<&'a Measured> {
    let Some(answer) = known.outside.measures.answer(comparison) else { return Vec::new() };
    let measured = servers.iter().filter_map(|server| answer.servers.get(&server.name)?.as_ref().ok());
    measured.filter(|one| is_fresh(one, known)).collect()
}

fn is_fresh(measured: &Measured, known: Known<'_>) -> bool {
    measured.newest.seen_at.counts(known.now, known.rules.soak.age_max)
}

/// One comparison of one server.
struct Comparing<'a, 'b> {
    comparison: &'a Comparison,
    kinship: &'b Kinship<'a>,
    place: usize,
    since: Timestamp,
    known: Known<'a>,
}

impl Comparing<'_, '_> {
    fn server(&self, name: &ServerName) -> Compared {
        let own = match self.own(name) {
            Ok(Some(own)) => own,
            Ok(None) => return Compared::NotYet,
            Err((why, since)) => return self.lacks(why, since),
        };
        let siblings_min = self.known.rules.soak.siblings_min;
        let siblings = self.kinship.measured.get(self.place).map(Vec::as_slice).unwrap_or_default();
        let middle = self.kinship.medians.get(self.place).copied().flatten();
        let Some(middle) = middle.filter(|_| size(siblings.len()) >= siblings_min) else {
            let (known, all) = (siblings.len(), self.kinship.meant);
            return self
                .lacks(format!("{known} of its {all} siblings measured, at least {siblings_min} are needed"), None);
        };
        if says_nothing(self.comparison, middle) {
            let theirs = amount(self.comparison, middle);
            return self.lacks(format!("its siblings have {theirs}, with which nothing can be compared"), None);
        }
        // One odd measurement halts nothing, and lets nothing go on either.
        match (is_bad(self.comparison, own.newest.value, middle), self.was_bad(own, siblings)) {
            (true, Some((true, since))) => Compared::Ails(told(self.comparison, own.newest.value, middle), since),
            (true, _) | (false, Some((true, _))) => Compared::NotYet,
            (false, Some((false, _)) | None) => Compared::Alike,
        }
    }

    /// Whether its measurement before was bad, beside what siblings had about then, and when that was; `None` where there is none
    /// that counts.
    fn was_bad(&self, own: Measured, siblings: &[&Measured]) -> Option<(bool, Timestamp)> {
        let before = own.before.filter(|before| before.seen_at > self.counts_from())?;
        let about_then = |then: &Point| then.seen_at.counts(before.seen_at, self.known.rules.soak.age_max);
        let theirs = siblings.iter().filter_map(|one| one.before.filter(about_then)).map(|then| then.value);
        let theirs = theirs.collect::<Vec<_>>();
        if size(theirs.len()) < self.known.rules.soak.siblings_min {
            return None;
        }
        Some((is_bad(self.comparison, before.value, median(theirs)?), before.seen_at))
    }

    /// From then on a measurement is of the server as its run left it.
    fn counts_from(&self) -> Timestamp {
        self.since.plus(self.known.rules.soak.over)
    }

    /// What it has; `None` as long as the newest measurement looks back on the work itself.
    fn own(&self, name: &ServerName) -> Result<Option<Measured>, (String, Option<Timestamp>)> {
        let Some(answer) = self.known.outside.measures.answer(self.comparison) else {
            return Err(("not looked at yet".to_owned(), None));
        };
        let silence = answer.silent.as_ref().map(|silence| (silence.why.clone(), Some(silence.since)));
        match answer.servers.get(name) {
            Some(Ok(own)) if is_fresh(own, self.known) => {
                Ok(Some(*own).filter(|own| own.newest.seen_at > self.counts_from()))
            }
            Some(Ok(own)) => {
                let seen_at = own.newest.seen_at;
                Err(silence.unwrap_or_else(|| ("not measured since".to_owned(), Some(seen_at))))
            }
            Some(Err(why)) => Err((why.clone(), None)),
            None => Err(silence.unwrap_or_else(|| ("the metrics do not say it".to_owned(), None))),
        }
    }

    /// So soon after its run it need not be known.
    fn lacks(&self, why: String, since: Option<Timestamp>) -> Compared {
        let rules = &self.known.rules.soak;
        if self.known.now.since(self.counts_from()) <= rules.age_max {
            return Compared::NotYet;
        }
        Compared::Lacks(self.comparison.name.clone(), why, since)
    }
}

/// Whether a server that has that does worse than siblings with that median.
fn is_bad(comparison: &Comparison, own: f64, median: f64) -> bool {
    let limit = |percent: u32| median * f64::from(percent) / 100.0;
    match comparison.bad {
        Bad::Above(percent) => own >= comparison.floor.value() && own > limit(percent),
        Bad::Below(percent) => median >= comparison.floor.value() && own < limit(percent),
    }
}

/// Whether siblings with that median have so much of a share themselves that no server could have too much.
fn says_nothing(comparison: &Comparison, median: f64) -> bool {
    match comparison.bad {
        Bad::Above(percent) => comparison.floor.is_share && median * f64::from(percent) / 100.0 >= 1.0,
        Bad::Below(_) => false,
    }
}

fn amount(comparison: &Comparison, value: f64) -> String {
    if comparison.floor.is_share { format!("{} %", short(value * 100.0)) } else { short(value) }
}

/// `errors 4.1 % where its siblings have 0.3 %`
fn told(comparison: &Comparison, own: f64, median: f64) -> String {
    format!("{} {} where its siblings have {}", comparison.name, amount(comparison, own), amount(comparison, median))
}

/// With as many digits as tell something.
fn short(value: f64) -> String {
    let digits = match value {
        value if value >= 100.0 => 0,
        value if value >= 0.1 => 1,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn size(all: usize) -> u32 {
    u32::try_from(all).unwrap_or(u32::MAX)
}
