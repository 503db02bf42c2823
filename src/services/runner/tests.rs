//! What a run's events change about the lock on its server.

use super::*;
use crate::domain::ids::{Epoch, RequestId};
use crate::domain::plan::Subject;
use crate::domain::server::{RackName, ServerName, ServerType, SiteName};
use crate::workflow::Admission;
use crate::workflow::run::StepIntent;

/// Whoever stood still for a person and gets on by what is seen, without being let go first, counts among those at work again.
#[test]
fn what_gets_on_by_itself_has_its_places_again() {
    let at = Timestamp::from_millis(1_000);
    let server = PlannedServer {
        id: ServerId::new("s-1"),
        name: ServerName::new("edge-lax-01"),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new("lax-r01"),
        pool: None,
    };
    let until = at.plus(Duration::from_secs(60));
    let intent = StepIntent { attempt: 1, at, way: None, boot_before: None, not_after: None, until };
    let begun = vec![
        RunEvent::Planned { subject: Subject::Server(server.clone()), wave: 0 },
        RunEvent::Admitted(Admission::noted(at, ProductionState::Production, true)),
        RunEvent::StepBegun { step: 0, intent },
    ];
    let id = RequestId::from_tail("2mq9").expect("a tail of the alphabet").run(1);
    let (state, note) = (ProductionState::Drained, "out of rotation".to_owned());
    let got_on = RunEvent::StepSucceeded { step: 0, at, state, note, outputs: BTreeMap::new() };
    let stood = [begun.clone(), vec![RunEvent::StoodStill { at, parks: true }]].concat();
    for (journal, takes_up) in [(begun, false), (stood, true)] {
        let run = Run::replay(id.clone(), Epoch(1), &journal).expect("a legal journal");
        let change = lock_change(&got_on, &server, &run);
        assert_eq!(matches!(change, Some(Write::LockTakenUp { .. })), takes_up, "{change:?}");
        assert_eq!(change.is_some(), takes_up);
    }
}
