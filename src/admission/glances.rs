//! How servers look from outside, found out once for all the policies and scopes of one pass: nothing that a pass admits changes it,
//! since what is admitted puts locks on and no more.
//!
//! Deliberately absent: locks, which are asked about anew each time.

use super::capacity::Glance;
use std::sync::{Mutex, PoisonError};

/// So many neighbours in the inventory are kept side by side; they are mostly asked about together.
const PAGE: usize = 256;

type Page = Box<[Option<Glance>]>;

/// What was found out, by where a server stands in the inventory.
#[derive(Debug, Default)]
pub(super) struct Glances(Mutex<Vec<Option<Page>>>);

impl Glances {
    /// How the server that stands there looks.
    pub(super) fn of(&self, place: usize, find_out: impl FnOnce() -> Glance) -> Glance {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() <= place / PAGE {
            pages.resize(place / PAGE + 1, None);
        }
        let page = pages.get_mut(place / PAGE).map(|page| page.get_or_insert_with(|| vec![None; PAGE].into()));
        match page.and_then(|page| page.get_mut(place % PAGE)) {
            Some(known) => *known.get_or_insert_with(find_out),
            None => find_out(),
        }
    }
}
