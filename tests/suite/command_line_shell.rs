//! What lets work start, as a shell calls it: whose the account is stands in a file.

use crate::command_line::{complaint, wrasse_in};
use crate::command_line_brakes;
use crate::storage::values::{accepted, at, authorization, request_ended, request_events, request_id, run_events};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use wrasse::adapters::clock::SystemClock;
use wrasse::adapters::storage::sqlite::SqliteStore;
use wrasse::domain::ids::OperationId;
use wrasse::domain::intent::{ParameterName, Value};
use wrasse::domain::place::ReplyPath;
use wrasse::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
use wrasse::domain::server::{PoolName, RackName, ServerId, ServerName, ServerType, SiteName};
use wrasse::ports::store::{Operation, Write};
use wrasse::ports::{Clock, Store};
use wrasse::workflow::request::RequestEvent;
use wrasse::workflow::run::{RunEvent, RunOutcome};

/// The project's own policies, copied into that folder, where one of them can be another.
pub(crate) fn policies_in(folder: &Path) -> PathBuf {
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"), folder.join("policies"));
    for part in ["", "channels"] {
        std::fs::create_dir_all(to.join(part)).expect("the folder is ours");
        for entry in std::fs::read_dir(from.join(part)).expect("the project has policies") {
            let entry = entry.expect("the project has policies");
            if entry.path().is_file() {
                let copy = to.join(part).join(entry.file_name());
                std::fs::copy(entry.path(), copy).expect("the folder is ours");
            }
        }
    }
    to
}

/// The same, with whose this account is.
fn policies(folder: &Path, accounts: &str) -> PathBuf {
    let to = policies_in(folder);
    let uid = std::fs::metadata("/proc/self").expect("this very process").uid();
    let accounts = accounts.replace("UID", &uid.to_string());
    std::fs::write(to.join("accounts.yaml"), accounts).expect("the folder is ours");
    to
}

/// A reboot of one server that is over, and did not do it.
fn undone(tail: &str) -> Vec<Write> {
    let id = request_id(tail);
    let RequestEvent::Accepted(mut accepted) = accepted(&id) else { unreachable!("it is accepted") };
    let server = PlannedServer {
        id: ServerId::new("a"),
        name: ServerName::new("edge-lax-001"),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new("lax-r01"),
        pool: Some(PoolName::new("edge-lax")),
    };
    let subject = Subject::Server(server);
    let reason = (ParameterName::new("reason"), Value::Text("kernel update".to_owned()));
    let parts = accepted.plan.parts().clone();
    accepted.plan = Plan::new(PlanParts { subjects: vec![subject.clone()], parameters: [reason].into(), ..parts })
        .expect("the folder is ours");
    accepted.origin.reply = ReplyPath::Private { thread: None };
    let ended = RunEvent::Ended { at: at(2_000), outcome: RunOutcome::NotStarted };
    vec![
        run_events(&id.run(1), (0, 0), vec![RunEvent::Planned { subject, wave: 0 }, ended], None),
        request_events(&id, 0, vec![RequestEvent::Accepted(accepted), request_ended(3_000)]),
        // When it was asked for: the channel is known from that, the person from what is newest.
        Write::Authorization(Box::new(authorization(Some(tail), "allowed", 1_000))),
    ]
}

/// What was known of ana so many hours ago.
fn looked_up(hours: i64) -> Write {
    let now = SystemClock.now().millis();
    Write::Authorization(Box::new(authorization(None, "allowed", now - hours * 3_600_000)))
}

async fn store_with(folder: &Path, writes: Vec<Write>) -> SqliteStore {
    let store = SqliteStore::open(&folder.join("none.db")).await.expect("the folder is ours");
    store.commit(Operation { id: OperationId::new("asked"), writes }).await.expect("the folder is ours");
    store
}

/// What was printed, without the time and the number of the account.
fn shown(output: &Output) -> String {
    let uid = std::fs::metadata("/proc/self").expect("the folder is ours").uid();
    command_line_brakes::shown(output).replace(&format!("`{uid}: "), "`UID: ")
}

/// A call with those policies.
fn call(folder: &Path, policies: &Path, arguments: &[&str]) -> Output {
    let policies = policies.to_str().expect("the folder is ours");
    wrasse_in(folder, &[arguments, &["--policies", policies]].concat())
}

#[tokio::test]
async fn an_account_of_nobody_lets_nothing_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(folder.path(), [undone("2mq9"), vec![looked_up(1)]].concat()).await;
    let policies = policies(folder.path(), "# nobody's\n");
    let call = |arguments: &[&str]| call(folder.path(), &policies, arguments);
    let told = call(&["retry", "req-2mq9"]);
    assert_eq!(told.status.code(), Some(3), "{}", complaint(&told));
    insta::assert_snapshot!(shown(&told), @"
    Nobody is known to have the account local/UID, so nothing is let start in its name. Nothing has changed.
    In the chat: `/fleet retry req-2mq9`
    To say whose it is, if one person alone has it (never root), add to policies/accounts.yaml: `UID: TEAM/PERSON`
    ");
    let told = call(&["override", "capacity on req-2mq9", "--because", "customers are affected"]);
    assert_eq!(told.status.code(), Some(3), "{}", complaint(&told));
    insta::assert_snapshot!(shown(&told), @"
    Nobody is known to have the account local/UID, so nothing is let start in its name. Nothing has changed.
    In the chat: `/fleet override capacity on req-2mq9 because customers are affected`
    To say whose it is, if one person alone has it (never root), add to policies/accounts.yaml: `UID: TEAM/PERSON`
    ");
    assert!(store.open_requests().await.unwrap().is_empty());
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_is_left_is_asked_for_in_the_name_of_whose_account_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(folder.path(), [undone("2mq9"), vec![looked_up(1)]].concat()).await;
    let policies = policies(folder.path(), "UID: T0WRASSE/U0ANA\n");
    let call = |arguments: &[&str]| call(folder.path(), &policies, arguments);
    let look = call(&["retry", "--plan", "req-2mq9"]);
    assert_eq!(look.status.code(), Some(0), "{}", complaint(&look));
    insta::assert_snapshot!(shown(&look), @"
    Plan · nothing is done yet: reboot 1 server in lax
    `edge-lax-001` · `kernel update`
    Its card would come in #noc. Nobody has to agree; it would wait only until it is safe.
    Before anything starts, the bot looks up again whether you may.
    To do it: `wrasse retry req-2mq9`
    ");
    assert!(store.open_requests().await.unwrap().is_empty(), "a look changes nothing");
    let asked = call(&["retry", "req-2mq9"]);
    assert_eq!(asked.status.code(), Some(0), "{}", complaint(&asked));
    let open = store.open_requests().await.unwrap();
    let [request] = open.as_slice() else { panic!("one request: {open:?}") };
    assert!(
        shown(&asked).starts_with(&format!("{} is asked for: reboot 1 server in lax", request.id())),
        "{}",
        shown(&asked)
    );
    assert_eq!(request.retry_of, Some(request_id("2mq9")));
    assert_eq!(request.origin.person.to_string(), "T0WRASSE/U0ANA");
    let uid = std::fs::metadata("/proc/self").unwrap().uid();
    assert_eq!(request.origin.reply, ReplyPath::Shell { account: format!("local/{uid}") });
    let again = call(&["retry", "req-2mq9"]);
    assert_eq!(again.status.code(), Some(3), "{}", complaint(&again));
    assert!(shown(&again).contains("was retried by ana"), "{}", shown(&again));
    let open = call(&["override", "capacity on", &request.id().to_string(), "because it hurries"]);
    assert_eq!(open.status.code(), Some(3), "{}", complaint(&open));
    insta::assert_snapshot!(shown(&open), @"
    Nobody may override capacity here, because no group is named. Nothing has changed.
    To name one, add to policies/admission.yaml: `override: { by: [GROUP] }`
    ");
    store.close().await.unwrap();
}

#[tokio::test]
async fn each_mistake_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(folder.path(), [undone("2mq9"), vec![looked_up(8 * 24)]].concat()).await;
    let policies = policies(folder.path(), "UID: T0WRASSE/U0ANA\n");
    let call = |arguments: &[&str]| call(folder.path(), &policies, arguments);
    let long_ago = call(&["retry", "req-2mq9"]);
    assert_eq!(long_ago.status.code(), Some(3), "{}", complaint(&long_ago));
    insta::assert_snapshot!(shown(&long_ago), @"
    local/UID is the account of T0WRASSE/U0ANA, and whether they are a member, and of which groups, was not looked up within the last 7 days. Nothing has changed.
    It is whenever they ask for work in the chat, allowed or not, or override something there.
    ");
    let unreadable = call(&["retry", "edge-lax-001"]);
    assert_eq!(unreadable.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&unreadable), @"
    wrasse: edge-lax-001 is not the id of a request
    ```
    retry edge-lax-001
          ^^^^^^^^^^^^
    ```
    An id looks like req-2mq9; it stands on the request's card. Nothing has started.
    ");
    let without = call(&["override", "capacity on req-2mq9"]);
    assert_eq!(without.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&without), @"
    wrasse: Something is missing here
    ```
    override capacity on req-2mq9
                                  ^
    ```
    Expected here: because and why it cannot wait. Nothing has started.
    ");
    std::fs::write(policies.join("accounts.yaml"), "ana: T0WRASSE/U0ANA\n").unwrap();
    let faulty = call(&["retry", "req-2mq9"]);
    assert_eq!(faulty.status.code(), Some(1));
    assert!(complaint(&faulty).contains("accounts.yaml:1"), "{}", complaint(&faulty));
    store.close().await.unwrap();
}
