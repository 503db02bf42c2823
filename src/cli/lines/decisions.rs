//! `wrasse why --decisions`: what was decided on a request, on what, and whether the same question gets the same answer now.

use crate::admission::{Decided, Said, Snapshot};
use crate::cli::output;
use crate::conversation;
use crate::domain::breaker::version_of;
use crate::ports::Store;
use crate::ports::store::DecisionRecord;
use crate::workflow::request::Request;
use serde_json::{Value, json};

/// What asking again came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Same,
    Differs,
    /// What it was decided on was not kept.
    NotKept,
}

impl Again {
    fn of(record: &DecisionRecord, snapshot: Option<&Snapshot>, request: &Request) -> Self {
        let Some(snapshot) = snapshot else { return Self::NotKept };
        match snapshot.ask_again(&record.decided, (&request.spec, version_of(&request.plan.parts().parameters))) {
            Ok(said) if said.iter().eq(record.decided.iter().map(|one| &one.said)) => Self::Same,
            Ok(_) | Err(_) => Self::Differs,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Same => "asked again: the same",
            Self::Differs => "asked again: another answer, this version decides otherwise",
            Self::NotKept => "cannot be asked again: what it was decided on was not kept",
        }
    }
}

/// Prints every decision on that request, the oldest first.
pub(super) async fn tell(store: &dyn Store, request: &Request, as_json: bool) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for record in store.decisions(request.id()).await? {
        let snapshot = match &record.snapshot {
            Some(id) => store.snapshot(id).await?,
            None => None,
        };
        let again = Again::of(&record, snapshot.as_ref(), request);
        if as_json {
            all.push(value(&record, snapshot.as_ref(), again));
        } else {
            output::say(&format!("{} UTC · {} · {}", record.at.date_text(), record.verdict, again.words()));
            record.decided.iter().for_each(|one| output::say(&format!("  {}: {}", one.server.name, words(one))));
        }
    }
    if as_json {
        output::say(&json!({ "request": request.id().to_string(), "decisions": all }).to_string());
    }
    Ok(())
}

/// What was said of one server.
pub(in crate::cli) fn words(one: &Decided) -> String {
    match &one.said {
        Said::Allow { takes_over: None, .. } => "may start".to_owned(),
        Said::Allow { takes_over: Some(run), .. } => format!("may start, taken over from {run}"),
        Said::Wait(blockers) => {
            let each = blockers.iter().map(conversation::short_reason).collect::<Vec<_>>();
            format!("waits: {}", each.join("; "))
        }
        Said::Deny(why) => format!("left out: {why}"),
    }
}

fn value(record: &DecisionRecord, snapshot: Option<&Snapshot>, again: Again) -> Value {
    let decided = record.decided.iter().map(|one| {
        let said = one.said.answered().word();
        json!({ "run": one.run.to_string(), "server": one.server.name.as_str(), "said": said, "words": words(one) })
    });
    json!({
        "at_ms": record.at.millis(),
        "verdict": record.verdict,
        "decided": decided.collect::<Vec<_>>(),
        "snapshot": record.snapshot.as_ref().map(ToString::to_string),
        "files": snapshot.map(|snapshot| snapshot.files.to_string()),
        "asked_again": match again {
            Again::Same => "same",
            Again::Differs => "differs",
            Again::NotKept => "not-kept",
        },
    })
}
