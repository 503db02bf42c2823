//! Where servers are counted that serve: in their pool, and where the rules say so in wider scopes. All must hold.
//!
//! Deliberately absent: counting, which `capacity` does alike in every scope.

use super::{Known, Rules};
use crate::domain::server::Server;
use crate::fleet::Inventory;
use crate::workflow::request::CapacityScope;
use std::collections::BTreeSet;

/// The most of wider scopes than a pool that may be out at once, in percent; `None` is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WiderFloors {
    /// Of the servers of one type in one site.
    pub type_in_site: Option<u8>,
    /// Of the servers of a site.
    pub site: Option<u8>,
    /// Of the servers of a metro.
    pub metro: Option<u8>,
}

impl WiderFloors {
    /// Those of them that can be asked of what was kept under others: who else counts in a site or a metro was kept only where
    /// that had a floor then.
    #[must_use]
    pub fn asked_on(self, then: Self) -> Self {
        let (site, metro) = (self.site.filter(|_| then.site.is_some()), self.metro.filter(|_| then.metro.is_some()));
        Self { type_in_site: self.type_in_site, site, metro }
    }
}

/// The scopes in which a server is counted, the narrowest first. One without a pool serves nobody, and is counted nowhere.
pub(super) fn scopes(server: &Server, (inventory, rules): (&Inventory, &Rules)) -> Vec<CapacityScope> {
    let Some(pool) = &server.pool else { return Vec::new() };
    let WiderFloors { type_in_site, site, metro } = rules.wider_floors;
    let mut scopes = vec![CapacityScope::Pool(pool.clone())];
    if type_in_site.is_some() {
        scopes.push(CapacityScope::TypeInSite(server.server_type.clone(), server.site.clone()));
    }
    if site.is_some() {
        scopes.push(CapacityScope::Site(server.site.clone()));
    }
    if let Some(metro) = inventory.metro(&server.site).filter(|_| metro.is_some()) {
        scopes.push(CapacityScope::Metro(metro.clone()));
    }
    scopes
}

/// Whether a server is one of that scope.
pub(super) fn is_in(scope: &CapacityScope, server: &Server, inventory: &Inventory) -> bool {
    match (scope, &server.pool) {
        (_, None) => false,
        (CapacityScope::Pool(pool), Some(own)) => pool == own,
        (CapacityScope::TypeInSite(server_type, site), Some(_)) => {
            (server_type, site) == (&server.server_type, &server.site)
        }
        (CapacityScope::Site(site), Some(_)) => *site == server.site,
        (CapacityScope::Metro(metro), Some(_)) => inventory.metro(&server.site) == Some(metro),
    }
}

/// The servers of a scope; it is asked under the store's lock, so nothing searches the whole inventory.
pub(super) fn members<'a, 's>(
    scope: &'s CapacityScope,
    inventory: &'a Inventory,
) -> Box<dyn Iterator<Item = &'a Server> + 's>
where
    'a: 's,
{
    let near: Box<dyn Iterator<Item = &'a Server> + 's> = match scope {
        CapacityScope::Pool(pool) => Box::new(inventory.in_pool(pool)),
        CapacityScope::TypeInSite(_, site) | CapacityScope::Site(site) => Box::new(inventory.in_site(site)),
        CapacityScope::Metro(metro) => Box::new(inventory.in_metro(metro)),
    };
    Box::new(near.filter(move |server| is_in(scope, server, inventory)))
}

/// How many of so many in that scope may be out at once.
pub(super) fn out_max(scope: &CapacityScope, total: u32, rules: &Rules) -> u32 {
    let of_wider = rules.wider_floors;
    let percent = match scope {
        CapacityScope::Pool(_) => Some(rules.pool_out_max_percent),
        CapacityScope::TypeInSite(..) => of_wider.type_in_site,
        CapacityScope::Site(_) => of_wider.site,
        CapacityScope::Metro(_) => of_wider.metro,
    };
    let Some(percent) = percent else { return total };
    // None means none: rounding up is for shares that come out below one server.
    match total {
        0 | 1 => 0,
        2.. if percent == 0 => 0,
        2.. => (total * u32::from(percent) / 100).max(1),
    }
}

/// What can have a say about these servers: all that are counted where they are.
pub(super) fn having_a_say<'a>(records: &[&'a Server], known: Known<'a>) -> Vec<&'a Server> {
    let (inventory, rules) = (known.inventory, known.rules);
    let counted = records.iter().flat_map(|record| scopes(record, (inventory, rules))).collect::<BTreeSet<_>>();
    counted.iter().flat_map(|scope| members(scope, inventory)).collect()
}
