//! The shapes of controls, and of messages on their way.

use super::{stored_record, stored_variants, stored_words};
use crate::ports::chat::{PrivateTo, Replaces};
use crate::ports::store::{Bound, Content, ControlAction, Destination, FormOf, Notice};

stored_variants! { Destination;
    "card" => Card(request),
    "thread" => Thread(request),
    "channel" => Channel(channel),
    "private" => Private(to),
    "form-open" => FormOpen(trigger),
    "form-update" => FormUpdate(view),
    "home" => Home(person),
    "incident" => Incident(request),
    "worse" => Worse { of: "of", channel: "channel" },
    "direct" => Direct(person),
}
stored_record! { PrivateTo; person: "person", channel: "channel", path: "path", replaces: "replaces" }
stored_words! { Replaces; "nothing" => Nothing, "previous" => Previous }
stored_variants! { Content;
    "live" => Live(notice),
    "fixed" => Fixed(message),
    "form" => Form(form),
}
stored_variants! { Notice;
    "echo" => Echo(request),
    "card" => Card(request),
    "approval-ask" => ApprovalAsk(request),
    "reminder" => Reminder(request),
    "replanned" => Replanned(request),
    "escalation" => Escalation(request),
    "started" => Started(request),
    "wave-waits" => WaveWaits { request: "request", wave: "wave" },
    "server-failed" => ServerFailed(run),
    "question" => Question(run),
    "final" => Final(request),
    "incident" => Incident(request),
    "home" => Home(person),
    "breaker" => Breaker { scope: "scope", opened_at: "opened_at_ms" },
    "stop" => Stop(brake),
    "override" => Override { request: "request", number: "number" },
    "override-ended" => OverrideEnded { request: "request", number: "number" },
    "override-incident" => OverrideIncident { request: "request", number: "number" },
    "unclaimed" => Unclaimed(request),
    "question-direct" => QuestionDirect(run),
    "left-out-direct" => LeftOutDirect(request),
    "halted-direct" => HaltedDirect(request),
    "halt" => Halt(request),
    "incident-worse" => IncidentWorse(run),
    "breaker-worse" => BreakerWorse { scope: "scope", opened_at: "opened_at_ms" },
    "breaker-unclaimed" => BreakerUnclaimed { scope: "scope", opened_at: "opened_at_ms" },
    "suspect-unclaimed" => SuspectUnclaimed { run: "run", since: "since_ms" },
    "relief" => Relief(request),
    "suspect" => Suspect { run: "run", since: "since_ms" },
}
stored_variants! { ControlAction;
    "request" => Request { request: "request", verb: "verb" },
    "answer" => Answer { run: "run", answer: "answer" },
    "review" => Review { request: "request", plan: "plan", shown: "shown" },
    "take-back" => TakeBack(request),
    "line" => Line(line),
    "use" => Use(line),
    "forget" => Forget,
    "form" => Form(form),
    "mine" => Mine,
    "ask-why" => AskWhy(line),
    "why" => Why(form),
    "access" => Access(line),
    "shown" => Shown { request: "request", by: "by" },
    "override" => Override { request: "request", number: "number" },
    "override-review" => OverrideReview { request: "request", number: "number", seen: "seen", shown: "shown" },
}
stored_record! { FormOf; origin: "origin", command: "command", line: "line" }
stored_record! { Bound; person: "person", channel: "channel", until: "until_ms" }
