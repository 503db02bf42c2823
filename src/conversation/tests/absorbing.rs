//! Why others cannot take over from a pool of one, as people read it.

use super::{CARD, Story, at};
use crate::conversation::{card, short_reason};
use crate::domain::server::PoolName;
use crate::workflow::request::{AbsorbLack, Blocker};
use insta::assert_snapshot;

#[test]
fn a_queued_card_tells_who_cannot_take_over_and_why() {
    let (pool, absorber) = (|| PoolName::new("edge-riga"), || PoolName::new("edge-fra"));
    let of = |lack| Blocker::NotAbsorbed { pool: pool(), lack };
    let (serving, total, floor) = (3, 4, 3);
    let lacks = [
        AbsorbLack::Nobody,
        AbsorbLack::Short { pool: absorber(), serving, total, floor },
        AbsorbLack::InUse { pool: absorber(), serving: 4, total, floor },
        AbsorbLack::Unknown { pool: absorber(), unknown: 2, total, since: Some(at(13, 59)) },
        AbsorbLack::Unknown { pool: absorber(), unknown: 2, total, since: None },
        AbsorbLack::NotMeasured,
        AbsorbLack::OnlyObserved,
    ];
    let queued = |blockers: Vec<Blocker>| Story::asked().approved().blocked(blockers).see(CARD, card);
    let told = lacks.clone().map(|lack| {
        let card = queued(vec![of(lack)]);
        card.lines().filter(|line| line.starts_with('•')).collect::<Vec<_>>().join("\n")
    });
    assert_snapshot!(told.join("\n"), @"
    • edge-riga has one server, and there is no pool that takes over from it
    • edge-riga has one server, and edge-fra, which takes over, has 3 of 4 in service, floor 3
    • edge-riga is out, and edge-fra, which takes over, has 4 of 4 in service and must stay above its floor 3
    • edge-riga has one server, and health of 2 of 4 in edge-fra, which takes over, is unknown since 13:59 UTC
    • edge-riga has one server, and health of 2 of 4 in edge-fra, which takes over, is unknown
    • edge-riga has one server, and nothing measures whether others can carry its traffic
    • edge-riga has one server, and traffic is only observed, which proves nothing of others that would carry it
    ");
    let short = lacks.map(|lack| short_reason(&of(lack)));
    assert_snapshot!(short.join("\n"), @"
    nobody takes over from edge-riga
    edge-fra for edge-riga 3 of 4 in service, floor 3
    edge-fra takes over for edge-riga: 4 of 4 in service, floor 3
    edge-fra for edge-riga health unknown since 13:59 UTC
    edge-fra for edge-riga health unknown
    edge-riga has one server, traffic not measured
    edge-riga has one server, traffic only observed
    ");
}
