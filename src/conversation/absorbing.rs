//! Why others cannot take over what a pool of one carries, in words. Private.

use super::words::{Prose, clock};
use crate::domain::server::PoolName;
use crate::workflow::request::AbsorbLack;

/// `edge-riga has one server, and edge-fra, which takes over, has 3 of 4 in service, floor 3`.
pub(super) fn reason(prose: Prose, pool: &PoolName, lack: &AbsorbLack) -> Prose {
    let prose = match lack {
        AbsorbLack::InUse { .. } => prose.text(format!("{pool} is out, and ")),
        AbsorbLack::Nobody
        | AbsorbLack::Short { .. }
        | AbsorbLack::Unknown { .. }
        | AbsorbLack::NotMeasured
        | AbsorbLack::OnlyObserved => prose.text(format!("{pool} has one server, and ")),
    };
    match lack {
        AbsorbLack::Nobody => prose.text("there is no pool that takes over from it"),
        AbsorbLack::Short { pool, serving, total, floor } => {
            prose.text(format!("{pool}, which takes over, has {serving} of {total} in service, floor {floor}"))
        }
        AbsorbLack::InUse { pool, serving, total, floor } => prose.text(format!(
            "{pool}, which takes over, has {serving} of {total} in service and must stay above its floor {floor}"
        )),
        AbsorbLack::Unknown { pool, unknown, total, since } => {
            let of = format!("health of {unknown} of {total} in {pool}, which takes over, is unknown");
            match since {
                Some(since) => prose.text(format!("{of} since ")).time(*since),
                None => prose.text(of),
            }
        }
        AbsorbLack::NotMeasured => prose.text("nothing measures whether others can carry its traffic"),
        AbsorbLack::OnlyObserved => {
            prose.text("traffic is only observed, which proves nothing of others that would carry it")
        }
    }
}

/// What would unblock it.
pub(super) fn unblocks(pool: &PoolName, lack: &AbsorbLack) -> String {
    match lack {
        AbsorbLack::InUse { .. } => format!("goes on when {pool} serves again"),
        AbsorbLack::Short { pool, serving, total, floor } => match (floor + 1).min(*total).saturating_sub(*serving) {
            0 | 1 => format!("goes on when one more of {pool} serves"),
            more => format!("goes on when {more} more of {pool} serve"),
        },
        AbsorbLack::Unknown { .. } => "goes on when the load balancer tells of them again".to_owned(),
        AbsorbLack::Nobody => "goes on when there is one, or by an override of capacity".to_owned(),
        AbsorbLack::NotMeasured => "goes on by an override of capacity".to_owned(),
        AbsorbLack::OnlyObserved => "goes on when traffic counts again, or by an override of capacity".to_owned(),
    }
}

/// The same in a few words.
pub(super) fn short(pool: &PoolName, lack: &AbsorbLack) -> String {
    match lack {
        AbsorbLack::Nobody => format!("nobody takes over from {pool}"),
        AbsorbLack::InUse { pool: other, serving, total, floor } => {
            format!("{other} takes over for {pool}: {serving} of {total} in service, floor {floor}")
        }
        AbsorbLack::Short { pool: other, serving, total, floor } => {
            format!("{other} for {pool} {serving} of {total} in service, floor {floor}")
        }
        AbsorbLack::Unknown { pool: other, since: Some(since), .. } => {
            format!("{other} for {pool} health unknown since {}", clock(*since))
        }
        AbsorbLack::Unknown { pool: other, since: None, .. } => format!("{other} for {pool} health unknown"),
        AbsorbLack::NotMeasured => format!("{pool} has one server, traffic not measured"),
        AbsorbLack::OnlyObserved => format!("{pool} has one server, traffic only observed"),
    }
}
