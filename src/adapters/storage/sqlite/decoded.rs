//! Requests and runs as they were decoded last.
//!
//! Events are only ever added, so whatever was decoded of one stays true, and of what is read again only the events after it
//! are decoded. Deliberately absent: any trust in what a transaction has written and not committed; only readers come here.

use super::rows::{by_id, event_of, request_id_of, run_id_of};
use crate::domain::ids::Epoch;
use crate::ports::StoreFault;
use crate::workflow::IllegalTransition;
use crate::workflow::request::{Request, RequestEvent};
use crate::workflow::run::{Run, RunEvent};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// No more than this is kept, in servers of requests and in runs: as many as a busy day has open.
const SUBJECTS_MAX: usize = 100_000;

/// What was decoded, by id.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    requests: Mutex<Kept<Request>>,
    runs: Mutex<Kept<Run>>,
}

/// What is kept of one kind.
#[derive(Debug)]
struct Kept<T> {
    by_id: HashMap<String, (i64, T)>,
    subjects: usize,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { by_id: HashMap::new(), subjects: 0 }
    }
}

impl<T> Kept<T> {
    /// Keeps it if it is later than what is kept of it.
    fn keep(&mut self, id: &str, (seq, value): (i64, T), subjects: usize) {
        if let Some(kept) = self.by_id.get_mut(id) {
            if kept.0 < seq {
                *kept = (seq, value);
            }
            return;
        }
        if self.subjects + subjects > SUBJECTS_MAX {
            (self.by_id, self.subjects) = (HashMap::new(), 0);
        }
        self.subjects += subjects;
        self.by_id.insert(id.to_owned(), (seq, value));
    }
}

impl Decoded {
    /// Requests from their events, one row each, all of one request in a row and in order.
    pub(super) fn requests(&self, rows: &[SqliteRow]) -> Result<Vec<Request>, StoreFault> {
        let each = by_id(rows, "request_id")?.into_iter().map(|(id, rows)| {
            let first = |events: &[RequestEvent]| {
                request_id_of(&id)?;
                Request::replay(events).map_err(|fault| unreadable(&id, &fault))
            };
            let subjects = |request: &Request| request.plan.parts().subjects.len() + 1;
            whole((&self.requests, subjects), (&id, rows), first, Request::apply)
        });
        each.collect()
    }

    /// Runs from their events, likewise, each row with the run's epoch.
    pub(super) fn runs(&self, rows: &[SqliteRow]) -> Result<Vec<Run>, StoreFault> {
        let each = by_id(rows, "run_id")?.into_iter().map(|(id, rows)| {
            let epoch = Epoch(rows.first().map_or(Ok(0), |row| row.try_get::<i64, _>("epoch"))?);
            let first = |events: &[RunEvent]| {
                Run::replay(run_id_of(&id)?, epoch, events).map_err(|fault| unreadable(&id, &fault))
            };
            let mut run = whole((&self.runs, |_| 1), (&id, rows), first, Run::apply)?;
            // It is raised without an event.
            run.epoch = epoch;
            Ok(run)
        });
        each.collect()
    }
}

fn unreadable(id: &str, fault: &IllegalTransition) -> StoreFault {
    StoreFault::Unreadable(format!("{id}: {fault}"))
}

/// One of them after all of its rows, from what was kept of it if that is no later.
fn whole<T: Clone, E: super::super::shapes::Stored>(
    (kept, subjects): (&Mutex<Kept<T>>, impl Fn(&T) -> usize),
    (id, rows): (&str, &[SqliteRow]),
    first: impl FnOnce(&[E]) -> Result<T, StoreFault>,
    after: impl Fn(T, &E) -> Result<T, IllegalTransition>,
) -> Result<T, StoreFault> {
    let last = rows.last().map_or(Ok(0), |row| row.try_get::<i64, _>("seq"))?;
    let before = kept.lock().unwrap_or_else(PoisonError::into_inner).by_id.get(id).cloned();
    let decode = |rows: &[SqliteRow]| rows.iter().map(|row| event_of(id, row)).collect::<Result<Vec<E>, _>>();
    let value = match before {
        Some((seq, value)) if seq == last => return Ok(value),
        Some((seq, value)) if seq < last => {
            let new = rows.iter().position(|row| row.try_get::<i64, _>("seq").is_ok_and(|one| one > seq));
            let events = decode(new.and_then(|new| rows.get(new..)).unwrap_or_default())?;
            events.iter().try_fold(value, after).map_err(|fault| unreadable(id, &fault))?
        }
        Some(_) | None => first(&decode(rows)?)?,
    };
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.keep(id, (last, value.clone()), subjects(&value));
    Ok(value)
}
