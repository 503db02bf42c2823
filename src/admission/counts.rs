//! What one pass has counted already, so that each of many thousand servers is asked about in a moment.
//!
//! It counts nothing of its own: each number is what the policies' own functions say, kept until something is admitted
//! that changes it. A property holds what is said with it to what is said without.

use super::Known;
use super::calendars::Calendar;
use super::capacity::Count;
use super::floors;
use super::infrastructure::{DomainCount, Placed};
use super::ledger::{Ledger, Lock, LockStanding};
use super::traffic::{self, Figure};
use crate::domain::command::CommandName;
use crate::domain::ids::RequestId;
use crate::domain::plan::PlannedServer;
use crate::domain::server::{PoolName, RackName, Server, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::workflow::calendar::CalendarBlock;
use crate::workflow::request::{Blocker, CapacityScope, RedundantGroup, TrafficScope};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// How many servers are under work in one scope, and by whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    pub(super) active: u32,
    pub(super) holders: BTreeSet<RequestId>,
}

impl Work {
    fn add(&mut self, request: &RequestId) {
        self.active = self.active.saturating_add(1);
        if !self.holders.contains(request) {
            self.holders.insert(request.clone());
        }
    }
}

/// Where a server under work counts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum WorkScope {
    Fleet,
    Command(CommandName),
    CommandInSite(CommandName, SiteName),
    TypeInSite(ServerType, SiteName),
    Rack(SiteName, RackName),
}

/// The calendars that keep a command from starting in a site, with how.
type Closed = Rc<Vec<(Calendar, CalendarBlock)>>;

/// What a scope carries and what is left of it, or why that is not known.
type Figured = Rc<Result<Figure, Blocker>>;

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    work: HashMap<WorkScope, Work>,
    starts: HashMap<CommandName, Vec<Timestamp>>,
    alike: RefCell<HashMap<(ServerType, SiteName), u32>>,
    capacity: RefCell<HashMap<CapacityScope, Rc<Count>>>,
    traffic: RefCell<HashMap<Carrier, Vec<Blocker>>>,
    figures: RefCell<BTreeMap<TrafficScope, Figured>>,
    domains: RefCell<HashMap<RedundantGroup, Rc<DomainCount>>>,
    alerts: OnceCell<Placed>,
    calendars: RefCell<HashMap<CommandName, HashMap<SiteName, Closed>>>,
}

/// All that tells servers apart where traffic is asked about.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Carrier {
    pub(super) pool: PoolName,
    pub(super) site: SiteName,
    /// How much it can carry.
    pub(super) units: u32,
    /// Whether it carries something that others would have to.
    pub(super) carries: bool,
}

/// Whether what a server of that pool and site carries counts in that scope.
fn is_counted_in(scope: &TrafficScope, (own_pool, own_site): (Option<&PoolName>, &SiteName)) -> bool {
    match scope {
        TrafficScope::Pool(pool) => own_pool == Some(pool),
        TrafficScope::Site(site) => own_pool.is_some() && site == own_site,
        TrafficScope::Absorbing { by, .. } => own_pool.is_some() && by.contains(own_site),
    }
}

impl Counts {
    /// Of what is under work now.
    pub(super) fn of(ledger: &Ledger, inventory: &Inventory) -> Self {
        let mut counts = Self::default();
        for start in &ledger.starts {
            counts.starts.entry(start.command.clone()).or_default().push(start.at);
        }
        // One that is parked has given its places back: waiting for a person may take days. When it goes on it takes them again
        // without asking, even beyond a limit by that one: it is finishing, not starting.
        for lock in ledger.locks.values().filter(|lock| lock.standing == LockStanding::Working) {
            let server = inventory.by_id(&lock.server);
            counts.add(lock, server.map(|server| (&server.server_type, &server.site, &server.rack)));
        }
        counts
    }

    fn add(&mut self, lock: &Lock, place: Option<(&ServerType, &SiteName, &RackName)>) {
        let mut scopes = vec![WorkScope::Fleet, WorkScope::Command(lock.command.clone())];
        if let Some((server_type, site, rack)) = place {
            scopes.push(WorkScope::CommandInSite(lock.command.clone(), site.clone()));
            scopes.push(WorkScope::TypeInSite(server_type.clone(), site.clone()));
            scopes.push(WorkScope::Rack(site.clone(), rack.clone()));
        }
        for scope in scopes {
            self.work.entry(scope).or_default().add(&lock.run.request);
        }
    }

    /// That lock is put on a server now, of which this was known until then.
    pub(super) fn admitted(&mut self, lock: &Lock, server: &PlannedServer, known: Known<'_>) {
        self.add(lock, Some((&server.server_type, &server.site, &server.rack)));
        self.starts.entry(lock.command.clone()).or_default().push(lock.since);
        // Sites take over from each other, so it may matter anywhere.
        self.traffic.borrow_mut().clear();
        match known.inventory.by_id(&server.id).filter(|record| traffic::stays(record, known)) {
            Some(record) => self.promised(record, known),
            None => self.forget(server, known),
        }
        self.domains.borrow_mut().retain(|group, _| match group {
            RedundantGroup::OfSite { site, .. } => *site != server.site,
            RedundantGroup::OfPool { pool, .. } => server.pool.as_ref() != Some(pool),
            // A planned server does not say in which metro its site is.
            RedundantGroup::OfMetro(_) => false,
        });
    }

    /// A server that serves, and that nobody had promised to take out, will be taken out: wherever it was counted it is known
    /// what becomes of the count.
    fn promised(&self, server: &Server, known: Known<'_>) {
        let mut counted = self.capacity.borrow_mut();
        for scope in floors::scopes(server, (known.inventory, known.rules)) {
            if let Some(count) = counted.get_mut(&scope) {
                Rc::make_mut(count).promise();
            }
        }
        let units = known.rules.traffic.units(server).map(f64::from);
        self.figures.borrow_mut().retain(|scope, figure| {
            if !is_counted_in(scope, (server.pool.as_ref(), &server.site)) {
                return true;
            }
            match (figure.as_ref(), &units) {
                (Ok(whole), Ok(units)) => {
                    *figure = Rc::new(Ok(whole.clone().less(*units)));
                    true
                }
                // Why it is not known has nothing to do with who works there.
                (Err(_), _) => true,
                (Ok(_), Err(_)) => false,
            }
        });
    }

    /// What a server is counted in is counted anew.
    fn forget(&self, server: &PlannedServer, known: Known<'_>) {
        let record = known.inventory.by_id(&server.id);
        let is_elsewhere =
            |scope: &CapacityScope| record.is_some_and(|record| !floors::is_in(scope, record, known.inventory));
        self.capacity.borrow_mut().retain(|scope, _| is_elsewhere(scope));
        let place = (server.pool.as_ref(), &server.site);
        self.figures.borrow_mut().retain(|scope, _| !is_counted_in(scope, place));
    }

    /// When that command started on servers lately, in no order.
    pub(super) fn starts(&self, command: &CommandName) -> &[Timestamp] {
        self.starts.get(command).map_or(&[], Vec::as_slice)
    }

    /// What is under work there.
    pub(super) fn work(&self, scope: &WorkScope) -> Option<&Work> {
        self.work.get(scope)
    }

    /// How many servers of that type the site has.
    pub(super) fn alike(&self, inventory: &Inventory, server_type: &ServerType, site: &SiteName) -> u32 {
        let key = (server_type.clone(), site.clone());
        *self.alike.borrow_mut().entry(key).or_insert_with(|| {
            let alike = inventory.in_site(site).filter(|other| other.server_type == *server_type).count();
            u32::try_from(alike).unwrap_or(u32::MAX)
        })
    }

    /// How many serve in that scope, counted once.
    pub(super) fn capacity(&self, scope: &CapacityScope, count: impl FnOnce() -> Count) -> Rc<Count> {
        if let Some(counted) = self.capacity.borrow().get(scope) {
            return Rc::clone(counted);
        }
        let counted = Rc::new(count());
        self.capacity.borrow_mut().insert(scope.clone(), Rc::clone(&counted));
        counted
    }

    /// Which domains of that group have servers out, counted once.
    pub(super) fn domains(&self, group: &RedundantGroup, count: impl FnOnce() -> DomainCount) -> Rc<DomainCount> {
        if let Some(counted) = self.domains.borrow().get(group) {
            return Rc::clone(counted);
        }
        let counted = Rc::new(count());
        self.domains.borrow_mut().insert(group.clone(), Rc::clone(&counted));
        counted
    }

    /// Where alerts fire, sorted out once: nothing that is admitted changes it.
    pub(super) fn alerts(&self, place: impl FnOnce() -> Placed) -> &Placed {
        self.alerts.get_or_init(place)
    }

    /// Which calendars keep that command from starting in that site, asked once: they go by the clock, which stands still in
    /// a pass.
    pub(super) fn calendars(
        &self,
        site: &SiteName,
        command: &CommandName,
        ask: impl FnOnce() -> Vec<(Calendar, CalendarBlock)>,
    ) -> Closed {
        if let Some(closed) = self.calendars.borrow().get(command).and_then(|sites| sites.get(site)) {
            return Rc::clone(closed);
        }
        let closed = Rc::new(ask());
        self.calendars.borrow_mut().entry(command.clone()).or_default().insert(site.clone(), Rc::clone(&closed));
        closed
    }

    /// What that scope carries with whatever stays there, added up once.
    pub(super) fn figure(&self, scope: &TrafficScope, add_up: impl FnOnce() -> Result<Figure, Blocker>) -> Figured {
        if let Some(figured) = self.figures.borrow().get(scope) {
            return Rc::clone(figured);
        }
        let figured = Rc::new(add_up());
        self.figures.borrow_mut().insert(scope.clone(), Rc::clone(&figured));
        figured
    }

    /// What traffic says of such a server, asked once.
    pub(super) fn traffic(&self, carrier: Carrier, ask: impl FnOnce() -> Vec<Blocker>) -> Vec<Blocker> {
        self.traffic.borrow_mut().entry(carrier).or_insert_with(ask).clone()
    }
}
