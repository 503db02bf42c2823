//! Gathers what is stored of everything that could be a matter. Only reads.

use super::world::World;
use super::{failures, suspects};
use crate::admission::{LockStanding, at_work};
use crate::conversation::{self, BreakerView, Matter, MattersView};
use crate::domain::ids::RequestId;
use crate::ports::StoreFault;
use crate::workflow::request::{PolicyName, Request, RequestStage};
use crate::workflow::run::Run;
use std::collections::BTreeMap;

/// Every matter there is now, by key.
pub(super) async fn matters(world: &World) -> Result<Vec<Matter>, StoreFault> {
    let (store, now) = (&world.store, world.now());
    let (rulebook, ledger) = (world.rulebook(), store.ledger().await?);
    // The open ones first: a request that ends in between is then in both, and not in neither.
    let mut requests: Vec<(Request, Vec<Run>)> = Vec::new();
    for request in store.open_requests().await? {
        let runs = match &request.stage {
            RequestStage::Running | RequestStage::Stopping { .. } => {
                // Where a run cannot be read its reservation becomes suspect, and what is known of others is told all the same.
                suspects::readable(store.runs(request.id()).await)?.unwrap_or_default()
            }
            RequestStage::Announced
            | RequestStage::NeedsApproval
            | RequestStage::Queued
            | RequestStage::Ended { .. } => Vec::new(),
        };
        requests.push((request, runs));
    }
    for request in store.troubled_requests(now).await? {
        if requests.iter().all(|(known, _)| known.id() != request.id()) {
            requests.push((request, Vec::new()));
        }
    }
    let left = ledger.locks.values().filter(|lock| lock.standing == LockStanding::LeftBehind);
    let mut runs: BTreeMap<&RequestId, Vec<Run>> = BTreeMap::new();
    for lock in left {
        runs.entry(&lock.run.request).or_default().extend(store.run(&lock.run).await?);
    }
    let mut left_behind = Vec::new();
    for (id, mut runs) in runs {
        runs.sort_by_key(|run| run.id.number);
        left_behind.extend(store.request(id).await?.map(|request| (request, runs)));
    }
    let mut breakers = Vec::new();
    for breaker in ledger.breakers.values() {
        let newest = match breaker.examples.first() {
            Some(example) => store.request(&example.run.request).await?,
            None => None,
        };
        let owner = rulebook.catalog.command(breaker.scope.command()).map(|spec| &spec.owner);
        let soak = rulebook.rules.failure_rate.soak;
        let at_work = requests.iter().map(|(request, runs)| at_work(breaker, request, runs)).sum();
        let is_observed = rulebook.rules.observes(PolicyName::FailureRate);
        let site = failures::site_of(&breaker.scope, &rulebook.inventory);
        let view = BreakerView {
            breaker,
            failed: &[],
            owner,
            site,
            soak,
            at_work,
            is_observed,
            thread_link: None,
            close: None,
        };
        breakers.push((view, newest.and_then(|request| request.card)));
    }
    let (stop, breakers) = (ledger.stop(), breakers.as_slice());
    let lacks = world.relief.now();
    let view = MattersView { stop, breakers, requests: &requests, left_behind: &left_behind, lacks: &lacks, now };
    let mut all = conversation::matters(view);
    all.extend(suspects::matters(world).await?);
    Ok(all)
}
