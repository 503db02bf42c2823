//! Waves: a canary of different pools, then shares of the request and of every pool; the next one opens when the one before
//! is over and has soaked.

use crate::domain::command::{WaveRule, WaveSize};
use crate::domain::intent::{ParameterName, Value};
use crate::domain::plan::{PlannedServer, Subject};
use crate::domain::server::{PoolName, RackName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::request::Request;
use crate::workflow::run::{Run, RunOutcome, RunStage};
use std::collections::{BTreeMap, VecDeque};

/// What fails together where one thing is wrong with it: a pool of a site, or what is behind no load balancer by its type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pooled {
    site: SiteName,
    pool: Result<PoolName, ServerType>,
}

impl Pooled {
    fn of(server: &PlannedServer) -> Self {
        let pool = server.pool.clone().ok_or_else(|| server.server_type.clone());
        Self { site: server.site.clone(), pool }
    }
}

/// The order in which servers are started, whatever order they came in. The canary comes first, of as many pools, then sites, then
/// types as there are, so that what is wrong with one of them shows early and costs no pool two servers. After it each wave
/// has its share of every pool, and inside a pool the racks take turns. Whole sites stay in their order.
#[must_use]
pub fn spread(subjects: Vec<Subject>, canary: u32) -> Vec<Subject> {
    let mut servers = Vec::with_capacity(subjects.len());
    for subject in &subjects {
        match subject {
            Subject::Server(server) => servers.push(server.clone()),
            Subject::Site(_) | Subject::Nothing => return subjects,
        }
    }
    let mut left = by_racks(servers);
    let mut order = canaries(&mut left, canary);
    order.extend(in_shares(left));
    order.into_iter().map(Subject::Server).collect()
}

/// Site after site, and inside a site one server of each rack in turn.
fn by_racks(mut servers: Vec<PlannedServer>) -> Vec<PlannedServer> {
    servers.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    let mut turns: BTreeMap<(SiteName, RackName), usize> = BTreeMap::new();
    let placed = servers.into_iter().map(|server| {
        let turn = turns.entry((server.site.clone(), server.rack.clone())).or_default();
        *turn += 1;
        (*turn, server)
    });
    let mut placed = placed.collect::<Vec<_>>();
    // Stable: what is alike stays in the order of names.
    placed.sort_by(|(turn, one), (next, other)| (&one.site, turn).cmp(&(&other.site, next)));
    placed.into_iter().map(|(_, server)| server).collect()
}

/// Takes out the first servers to start: each is of the pool, site, type and rack that has the fewest among those before it.
fn canaries(left: &mut Vec<PlannedServer>, canary: u32) -> Vec<PlannedServer> {
    // Of what is alike only the first can be next, so few need to be compared each time.
    let mut alike: BTreeMap<(Pooled, ServerType, RackName), VecDeque<usize>> = BTreeMap::new();
    for (place, server) in left.iter().enumerate() {
        let kind = (Pooled::of(server), server.server_type.clone(), server.rack.clone());
        alike.entry(kind).or_default().push_back(place);
    }
    let (mut pools, mut sites, mut types, mut racks) =
        (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut chosen = Vec::new();
    for _ in 0..canary {
        let next = alike.iter().filter_map(|(kind, places)| {
            let (pooled, server_type, rack) = kind;
            let place = *places.front()?;
            let pool = uses(&pools, pooled);
            let rest = (
                uses(&sites, &pooled.site),
                uses(&types, server_type),
                uses(&racks, &(pooled.site.clone(), rack.clone())),
            );
            Some(((pool, rest, place), kind.clone()))
        });
        let Some(((_, _, place), kind)) = next.min_by_key(|(key, _)| *key) else { break };
        alike.entry(kind).or_default().pop_front();
        chosen.push(place);
        let Some(server) = left.get(place) else { break };
        *pools.entry(Pooled::of(server)).or_default() += 1;
        *sites.entry(server.site.clone()).or_default() += 1;
        *types.entry(server.server_type.clone()).or_default() += 1;
        *racks.entry((server.site.clone(), server.rack.clone())).or_default() += 1;
    }
    let mut kept = std::mem::take(left).into_iter().map(Some).collect::<Vec<_>>();
    let taken = chosen.into_iter().filter_map(|place| kept.get_mut(place).and_then(Option::take)).collect();
    *left = kept.into_iter().flatten().collect();
    taken
}

fn uses<K: Ord>(counted: &BTreeMap<K, u32>, of: &K) -> u32 {
    counted.get(of).copied().unwrap_or_default()
}

/// The i-th of the k servers of a pool stands where i of k of all have started, so that every stretch of the order, and with
/// it every wave, has of each pool what its share of all servers is.
fn in_shares(servers: Vec<PlannedServer>) -> Vec<PlannedServer> {
    let mut sizes: BTreeMap<Pooled, u64> = BTreeMap::new();
    for server in &servers {
        *sizes.entry(Pooled::of(server)).or_default() += 1;
    }
    let mut seen: BTreeMap<Pooled, u64> = BTreeMap::new();
    let placed = servers.into_iter().map(|server| {
        let pooled = Pooled::of(&server);
        let size = sizes.get(&pooled).copied().unwrap_or(1);
        let before = seen.entry(pooled).or_default();
        let middle = *before * 2 + 1;
        *before += 1;
        (middle, size, server)
    });
    let mut placed = placed.collect::<Vec<_>>();
    // Stable, and as fractions: of those that stand at one place the sites come in their order.
    placed.sort_by(|(middle, size, _), (other, of, _)| (middle * of).cmp(&(other * size)));
    placed.into_iter().map(|(_, _, server)| server).collect()
}

/// How many subjects each wave has.
#[must_use]
pub fn wave_sizes(rule: &WaveRule, parameters: &BTreeMap<ParameterName, Value>, subjects: u32) -> Vec<u32> {
    let percent = match &rule.then {
        WaveSize::Percent(percent) => *percent,
        WaveSize::Parameter(name) => match parameters.get(name) {
            Some(Value::Percentage(percent)) => *percent,
            _ => 100,
        },
        WaveSize::All => 100,
    };
    let canary = rule.canary.min(subjects);
    let mut sizes = Vec::new();
    if canary > 0 {
        sizes.push(canary);
    }
    let share = (subjects * u32::from(percent)).div_ceil(100).max(1);
    let mut left = subjects - canary;
    while left > 0 {
        let size = share.min(left);
        sizes.push(size);
        left -= size;
    }
    sizes
}

/// What may start next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NextWave<'a> {
    /// These runs are due.
    Open(Vec<&'a Run>),
    /// The wave before is watched until then.
    Soaking(Timestamp),
    /// The wave before is still at work, and nothing of it waits to start.
    AtWork,
    /// Nothing is left to start.
    Nothing,
}

/// The runs that may start next, in order.
#[must_use]
pub fn next_wave<'a>(request: &Request, runs: &'a [Run], now: Timestamp) -> NextWave<'a> {
    let Some(wave) = runs.iter().filter(|run| run.stage == RunStage::Waiting).map(|run| run.wave).min() else {
        return NextWave::Nothing;
    };
    let before = runs.iter().filter(|run| run.wave < wave);
    let mut finished = None;
    for run in before {
        match &run.stage {
            RunStage::Ended { at, outcome } if *outcome != RunOutcome::LeftOut => finished = finished.max(Some(*at)),
            RunStage::Ended { .. } => {}
            RunStage::Waiting
            | RunStage::Ready { .. }
            | RunStage::Acting { .. }
            | RunStage::NeedsPerson { .. }
            | RunStage::Returning { .. } => return NextWave::AtWork,
        }
    }
    let begun = runs.iter().any(|run| run.wave == wave && run.stage != RunStage::Waiting);
    let open_at = finished.map(|at| at.plus(request.plan.parts().soak));
    match open_at {
        Some(open_at) if !begun && now < open_at => NextWave::Soaking(open_at),
        _ => NextWave::Open(runs.iter().filter(|run| run.wave == wave && run.stage == RunStage::Waiting).collect()),
    }
}
