//! The adapter and the workspace, each believing that the other is the real thing.

use super::{Kept, eventually, greeting};
use reqwest::Client;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use wrasse::adapters::clock::SystemClock;
use wrasse::adapters::slack::{Slack, SlackSettings};
use wrasse::conversation::message::{
    Block, Button, Confirm, Form, FormBlock, Message, Piece, Press, StepLine, StepMark, Style, bold, code, text,
};
use wrasse::domain::identity::{Actor, GroupName, PersonId, Standing};
use wrasse::domain::ids::{DeliveryKey, Handle};
use wrasse::domain::place::{ChannelId, Membership, MessageTs, Origin, Reach, ReplyPath};
use wrasse::domain::time::Timestamp;
use wrasse::ports::chat::{Arrival, Chat, Delivery, Found, Inbox, PostTo, PrivateTo, Replaces, Shown};
use wrasse::ports::{Clock, Directory};
use wrasse::sandbox::workspace::{Workspace, WorkspaceSettings};

struct Stage {
    workspace: Workspace,
    slack: Slack,
    kept: Arc<Kept>,
    control: String,
    http: Client,
    _tasks: JoinSet<()>,
}

impl Stage {
    async fn start() -> Self {
        let mut tasks = JoinSet::new();
        let workspace = Workspace::start(WorkspaceSettings::demo(), Arc::new(SystemClock), &mut tasks).await.unwrap();
        let address = Workspace::serve(workspace.control_router(), 0, &mut tasks).await.unwrap();
        let settings = SlackSettings {
            api_base: Some(workspace.api_base.clone()),
            app_token: SecretString::from(workspace.app_token.clone()),
            bot_token: SecretString::from(workspace.bot_token.clone()),
            sockets: 2,
        };
        let slack = Slack::connect(settings, Arc::new(SystemClock)).await.unwrap();
        let kept = Arc::new(Kept::default());
        let inbox: Arc<dyn Inbox> = kept.clone();
        let listening = slack.listen(inbox, &mut tasks);
        let mut ready = listening.ready();
        tokio::time::timeout(Duration::from_secs(10), ready.wait_for(|ready| *ready)).await.unwrap().unwrap();
        let http = Client::new();
        Self { workspace, slack, kept, control: format!("http://{address}/sandbox"), http, _tasks: tasks }
    }

    async fn does(&self, what: &str, body: Value) -> Value {
        let sent = self.http.post(format!("{}/{what}", self.control)).json(&body).send().await;
        let said: Value = sent.unwrap().json().await.unwrap();
        assert_eq!(said["ok"], json!(true), "{what} {body}: {said}");
        said
    }

    async fn sees(&self, who: &str, thread: Option<&str>) -> String {
        let thread = thread.map(|ts| format!("&thread_ts={ts}")).unwrap_or_default();
        let sent = self.http.get(format!("{}/transcript?channel=noc&as={who}{thread}", self.control)).send().await;
        sent.unwrap().text().await.unwrap()
    }

    async fn view_of(&self, who: &str) -> Value {
        let sent = self.http.get(format!("{}/views?user={who}", self.control)).send().await;
        sent.unwrap().json::<Value>().await.unwrap()["views"][0].clone()
    }

    /// What arrived, in order, without the things that mean nothing to us.
    fn arrivals(&self) -> Vec<Arrival> {
        let envelopes = self.kept.envelopes.lock().unwrap();
        let arrivals = envelopes.iter().map(|envelope| self.slack.read(envelope));
        arrivals.filter(|arrival| !matches!(arrival, Arrival::Nothing { .. })).collect()
    }

    async fn line(&self, number: usize) -> (Origin, String) {
        eventually("the line arrives", || self.arrivals().len() > number).await;
        let Arrival::Line { origin, line, .. } = self.arrivals().remove(number) else { panic!("no line") };
        (origin, line)
    }

    async fn tell(&self, origin: &Origin, replaces: Replaces, said: &str) -> Delivery {
        let to = PrivateTo {
            person: origin.person.id().clone(),
            channel: origin.channel.clone(),
            path: origin.reply.clone(),
            replaces,
        };
        self.slack.tell(&to, &Message::of_text(said, vec![text(said)])).await
    }
}

fn noc() -> PostTo {
    PostTo::channel(ChannelId::new("C0NOC"))
}

fn control(label: &str, verb: &str, handle: &str) -> Button {
    let press = Press::Control { verb: verb.to_owned(), handle: Handle::new(handle) };
    Button { label: label.to_owned(), press, style: Style::Primary, confirm: None }
}

#[tokio::test]
async fn a_slash_command_is_kept_acknowledged_and_answered_in_its_place() {
    let stage = Stage::start().await;
    let typed = stage
        .does("slash", json!({"user": "ana", "channel": "noc", "command": "/fleet", "text": "status site=lax"}))
        .await;
    assert_eq!(typed["acked"], json!(true));
    let (origin, line) = stage.line(0).await;
    assert_eq!((line.as_str(), origin.person.id()), ("status site=lax", &PersonId::new("T0WRASSE", "U0ANA")));
    assert_eq!(stage.tell(&origin, Replaces::Nothing, "Understood.").await, Delivery::Done(None));
    assert!(stage.sees("ana", None).await.contains("Understood."));
    assert!(!stage.sees("bob", None).await.contains("Understood."));
    assert_eq!(stage.tell(&origin, Replaces::Previous, "It is up.").await, Delivery::Done(None));
    let seen = stage.sees("ana", None).await;
    assert!(seen.contains("It is up.") && !seen.contains("Understood."), "{seen}");
    for _ in 0..3 {
        stage.tell(&origin, Replaces::Nothing, "And more.").await;
    }
    assert!(matches!(stage.tell(&origin, Replaces::Nothing, "Too much.").await, Delivery::Refused(_)), "five uses");
}

#[tokio::test]
async fn a_button_on_a_private_answer_is_answered_in_its_place() {
    let stage = Stage::start().await;
    stage
        .does("slash", json!({"user": "ana", "channel": "noc", "command": "/fleet", "text": "reboot edge-lxa-001"}))
        .await;
    let (origin, _) = stage.line(0).await;
    let blocks = vec![
        Block::Section(vec![text("Did you mean lax?")]),
        Block::Actions(vec![control("Use it", "line.use", "h_5")]),
    ];
    let offer = Message { summary: "Did you mean lax?".to_owned(), blocks };
    let to = PrivateTo {
        person: origin.person.id().clone(),
        channel: origin.channel,
        path: origin.reply,
        replaces: Replaces::Nothing,
    };
    assert_eq!(stage.slack.tell(&to, &offer).await, Delivery::Done(None));
    let seen = stage.http.get(format!("{}/messages?channel=noc&as=ana", stage.control)).send().await.unwrap();
    let seen: Value = seen.json().await.unwrap();
    let private = seen["messages"].as_array().unwrap().iter().find(|message| !message["only_for"].is_null()).unwrap();
    stage.does("press", json!({"user": "ana", "channel": "noc", "ts": private["ts"], "label": "Use it"})).await;
    eventually("the press arrives", || stage.arrivals().len() == 2).await;
    let Arrival::Press { origin, handle, at, .. } = stage.arrivals().remove(1) else { panic!("no press") };
    assert_eq!((handle, at), (Handle::new("h_5"), None));
    assert!(matches!(origin.reply, ReplyPath::ResponseAddress(_)));
    assert_eq!(stage.tell(&origin, Replaces::Previous, "Taken.").await, Delivery::Done(None));
    let seen = stage.sees("ana", None).await;
    assert!(seen.contains("Taken.") && !seen.contains("Did you mean"), "{seen}");
}

#[tokio::test]
async fn a_stranger_in_a_shared_channel_keeps_the_team_of_their_own() {
    let stage = Stage::start().await;
    stage.does("say", json!({"user": "zoe", "channel": "shared", "text": "<@U0WRASSE> reboot edge-lax-001"})).await;
    let (origin, _) = stage.line(0).await;
    assert_eq!(origin.person, PersonId::new("T0OTHER", "U0ZOE"));
    assert_eq!(stage.slack.person(&origin.person).await.unwrap().standing, Standing::Stranger);
}

#[tokio::test]
async fn a_mention_in_a_thread_arrives_once_and_is_answered_there() {
    let stage = Stage::start().await;
    let root = stage.does("say", json!({"user": "ana", "channel": "noc", "text": "edge-lax-001 looks odd"})).await;
    let root = root["ts"].as_str().unwrap();
    let said = json!({"user": "ana", "channel": "noc", "thread_ts": root, "text": "<@U0WRASSE> reboot edge-lax-001 because a < b"});
    stage.does("say", said).await;
    let (origin, line) = stage.line(0).await;
    assert_eq!(line, "reboot edge-lax-001 because a < b");
    assert_eq!(origin.reply, ReplyPath::Private { thread: Some(MessageTs::new(root)) });
    assert_eq!(stage.tell(&origin, Replaces::Nothing, "Understood.").await, Delivery::Done(None));
    assert!(stage.sees("ana", Some(root)).await.contains("Understood."));
    assert_eq!(stage.arrivals().len(), 1, "two events, one line");
}

#[tokio::test]
async fn a_direct_message_is_answered_as_an_ordinary_message() {
    let stage = Stage::start().await;
    let opened = stage.http.post(format!("{}/conversations.open", stage.workspace.api_base));
    let opened = opened.bearer_auth(&stage.workspace.bot_token).json(&json!({"users": "U0ANA"})).send().await.unwrap();
    let channel = opened.json::<Value>().await.unwrap()["channel"]["id"].clone();
    stage.does("say", json!({"user": "ana", "channel": channel, "text": "help"})).await;
    let (origin, line) = stage.line(0).await;
    assert_eq!((line.as_str(), &origin.reply), ("help", &ReplyPath::Direct));
    assert!(matches!(stage.tell(&origin, Replaces::Nothing, "What you can do").await, Delivery::Done(_)));
    assert_eq!(stage.slack.channel(&origin.channel).await.unwrap().reach, Reach::Direct);
}

#[tokio::test]
async fn an_edited_line_arrives_as_edited_once() {
    let stage = Stage::start().await;
    let said =
        stage.does("say", json!({"user": "ana", "channel": "noc", "text": "<@U0WRASSE> reboot edge-lax-001"})).await;
    for change in ["<@U0WRASSE> reboot edge-lax-002", "<@U0WRASSE> reboot edge-lax-003"] {
        stage.does("edit", json!({"user": "ana", "channel": "noc", "ts": said["ts"], "text": change})).await;
    }
    eventually("line and edit arrive", || stage.arrivals().len() >= 2).await;
    stage.does("slash", json!({"user": "ana", "channel": "noc", "command": "/fleet", "text": "status"})).await;
    let arrivals = stage.arrivals();
    assert!(
        matches!(&arrivals[..], [Arrival::Line { .. }, Arrival::Edited { .. }, Arrival::Line { .. }]),
        "{arrivals:?}"
    );
}

fn every_block() -> Message {
    let confirm = Confirm {
        title: "Cancel req-2mq9?".to_owned(),
        text: "4 servers finish.".to_owned(),
        yes: "Cancel it".to_owned(),
        no: "Keep running".to_owned(),
        style: Style::Danger,
    };
    let cancel = Button { style: Style::Danger, confirm: Some(confirm), ..control("Cancel", "request.cancel", "h_2") };
    let open =
        Button { press: Press::Open("https://x.example".to_owned()), style: Style::Plain, ..control("Open", "", "") };
    let step = StepLine { word: "reboot".to_owned(), mark: StepMark::Failed, note: Some("no answer".to_owned()) };
    let facts = vec![
        bold("Reboot 20 servers in lax"),
        text(" · *req-2mq9* <now>\n"),
        Piece::Time(Timestamp::from_millis(1_764_511_500_000)),
        Piece::Person(PersonId::new("T0WRASSE", "U0ANA")),
        Piece::Group(GroupName::new("sre")),
        code("edge-lax-[001-020]"),
        Piece::Link { url: "https://x.example/?a=1&b=2".to_owned(), label: "the card".to_owned() },
        Piece::Preformatted("reboot edge\n       ^^^^".to_owned()),
    ];
    Message {
        summary: "🙋 req-2mq9 needs approval: reboot 20 servers in lax (ana)".to_owned(),
        blocks: vec![
            Block::Section(facts),
            Block::Context(vec![text("plan 9f3a")]),
            Block::Steps { title: "edge-lax-012".to_owned(), steps: vec![step] },
            Block::Actions(vec![control("Review", "request.review", "h_1"), cancel, open]),
        ],
    }
}

fn review() -> Form {
    Form {
        title: "Review req-2mq9".to_owned(),
        submit: Some("Record".to_owned()),
        close: "Close".to_owned(),
        handle: Some(Handle::new("h_9")),
        blocks: vec![
            FormBlock::Warning(vec![text("Takes capacity from lax.")]),
            FormBlock::Section(vec![bold("ana"), text(" asks")]),
            FormBlock::Context(vec![text("plan 9f3a")]),
            FormBlock::Actions(vec![control("Show all", "form.all", "h_3")]),
            FormBlock::Choice {
                key: "decision".to_owned(),
                label: "Decision".to_owned(),
                options: vec![("approve".to_owned(), "Approve".to_owned()), ("deny".to_owned(), "Deny".to_owned())],
            },
            FormBlock::Input {
                key: "why".to_owned(),
                label: "Why".to_owned(),
                hint: "needed to deny".to_owned(),
                initial: None,
                optional: true,
            },
        ],
    }
}

#[tokio::test]
async fn a_card_is_pressed_and_its_form_is_recorded() {
    let stage = Stage::start().await;
    let Delivery::Done(Some(card)) = stage.slack.post(&noc(), &every_block(), &DeliveryKey::new("d-1")).await else {
        panic!("the card was refused")
    };
    let seen = stage.sees("bob", None).await;
    assert!(seen.contains("[Review]"), "the blocks are taken as they are: {seen}");
    stage.does("press", json!({"user": "bob", "channel": "noc", "ts": card.ts.as_str(), "label": "Review"})).await;
    eventually("the press arrives", || !stage.arrivals().is_empty()).await;
    let Arrival::Press { origin, handle, at, trigger, view } = stage.arrivals().remove(0) else { panic!("no press") };
    assert_eq!((origin.person.id().clone(), handle), (PersonId::new("T0WRASSE", "U0BOB"), Handle::new("h_1")));
    assert_eq!((at.as_ref(), view), (Some(&card), None));
    let trigger = trigger.expect("a press may open a form");
    assert_eq!(stage.slack.open_form(&trigger, &review()).await, Delivery::Done(None));
    let shown = stage.view_of("bob").await;
    assert_eq!(stage.slack.open_form(&trigger, &review()).await, Delivery::Done(None), "it is open");
    assert_eq!(stage.view_of("bob").await["id"], shown["id"], "once");
    stage.does("press", json!({"user": "bob", "view_id": shown["id"], "label": "Show all"})).await;
    eventually("the press in the form arrives", || stage.arrivals().len() == 2).await;
    let Arrival::Press { handle, at, view, .. } = stage.arrivals().remove(1) else { panic!("no press") };
    assert_eq!(
        (handle, at, view.map(|id| id.to_string())),
        (Handle::new("h_3"), None, shown["id"].as_str().map(str::to_owned))
    );
    let values = json!({"decision": "approve", "why": "looks right"});
    stage.does("submit", json!({"user": "bob", "view_id": shown["id"], "values": values})).await;
    assert!(stage.view_of("bob").await.to_string().contains("Recording…"));
    eventually("the form arrives", || stage.arrivals().len() == 3).await;
    let Arrival::Submission { person, handle, view, values } = stage.arrivals().remove(2) else { panic!("no form") };
    assert_eq!((person.user.as_str(), handle), ("U0BOB", Handle::new("h_9")));
    assert_eq!(values.get("decision").map(String::as_str), Some("approve"));
    assert_eq!(values.get("why").map(String::as_str), Some("looks right"));
    let outcome =
        Form { submit: None, blocks: vec![FormBlock::Section(vec![text("Recorded: approved.")])], ..review() };
    assert_eq!(stage.slack.update_form(&view, &outcome).await, Delivery::Done(None));
    assert!(stage.view_of("bob").await.to_string().contains("Recorded: approved."));
    assert_eq!(stage.slack.edit(&card, &greeting()).await, Delivery::Done(Some(card.clone())));
    let seen = stage.sees("bob", None).await;
    assert!(seen.starts_with("bot ~ Understood.\n"), "edited, without its buttons: {seen}");
    assert!(stage.slack.link_to(&card).await.is_some_and(|link| link.starts_with("http")));
}

#[tokio::test]
async fn a_home_is_opened_shown_pressed_and_shown_anew() {
    let stage = Stage::start().await;
    let ana = PersonId::new("T0WRASSE", "U0ANA");
    stage.does("home", json!({"user": "ana"})).await;
    eventually("the opening arrives", || !stage.arrivals().is_empty()).await;
    assert_eq!(stage.arrivals(), [Arrival::HomeOpened { person: Actor::of_envelope(ana.clone()) }]);
    assert_eq!(stage.slack.show_home(&ana, &every_block()).await, Delivery::Done(None));
    let home = async || {
        let sent = stage.http.get(format!("{}/views?user=ana", stage.control)).send().await;
        sent.unwrap().json::<Value>().await.unwrap()["home"].clone()
    };
    let shown = home().await;
    assert_eq!(shown["type"], json!("home"));
    let press = json!({"user": "ana", "view_id": shown["id"], "action_id": "request.cancel"});
    stage.does("press", press).await;
    eventually("the press arrives", || stage.arrivals().len() > 1).await;
    let Arrival::Press { origin, at, trigger, view, .. } = stage.arrivals().remove(1) else { panic!("no press") };
    assert!(origin.channel.is_nowhere() && at.is_none() && view.is_some() && origin.person == ana);
    assert_eq!(stage.slack.open_form(&trigger.unwrap(), &review()).await, Delivery::Done(None), "above the home");
    assert_eq!(stage.slack.show_home(&ana, &greeting()).await, Delivery::Done(None));
    let again = home().await;
    assert_eq!(again["id"], shown["id"]);
    assert!(again.to_string().contains("Understood.") && !again.to_string().contains("request.cancel"));
    assert_eq!(
        stage.slack.show_home(&PersonId::new("T0WRASSE", "U0NOBODY"), &greeting()).await,
        Delivery::Refused("user_not_found".to_owned())
    );
}

#[tokio::test]
async fn a_post_whose_answer_was_lost_is_found_and_one_that_never_was_is_not() {
    let stage = Stage::start().await;
    let began = SystemClock.now();
    stage.does("slack-faults", json!({"lose_answers": {"method": "chat.postMessage"}})).await;
    let key = DeliveryKey::new("d-1");
    assert!(matches!(stage.slack.post(&noc(), &every_block(), &key).await, Delivery::Unknown(_)));
    assert!(matches!(stage.slack.find(&noc(), &key, began).await, Found::There(_)));
    stage.does("slack-faults", json!({"answer_5xx": {"method": "chat.postMessage"}})).await;
    let key = DeliveryKey::new("d-2");
    assert!(matches!(stage.slack.post(&noc(), &greeting(), &key).await, Delivery::Unknown(_)));
    assert_eq!(stage.slack.find(&noc(), &key, began).await, Found::NotThere);
}

#[tokio::test]
async fn a_post_in_a_thread_is_found_in_the_thread() {
    let stage = Stage::start().await;
    let Delivery::Done(Some(card)) = stage.slack.post(&noc(), &greeting(), &DeliveryKey::new("d-1")).await else {
        panic!("the card was refused")
    };
    let to = PostTo { thread: Some(card.ts), ..noc() };
    let key = DeliveryKey::new("d-2");
    let Delivery::Done(Some(reply)) = stage.slack.post(&to, &greeting(), &key).await else { panic!("no reply") };
    assert_eq!(stage.slack.find(&to, &key, SystemClock.now()).await, Found::There(reply));
    assert_eq!(stage.slack.find(&noc(), &key, SystemClock.now()).await, Found::NotThere);
}

/// Over the wire: in its thread it is found by its key and can be edited, and whoever reads the channel reads it there.
#[tokio::test]
async fn a_reply_about_what_got_worse_is_read_in_the_channel_as_well() {
    let stage = Stage::start().await;
    let Delivery::Done(Some(card)) = stage.slack.post(&noc(), &greeting(), &DeliveryKey::new("d-1")).await else {
        panic!("the card was refused")
    };
    let quiet = PostTo::thread(card.channel, card.ts.clone());
    let loud = PostTo { shown: Shown::InChannelToo, ..quiet.clone() };
    let says = |said: &str| Message::of_text(said, vec![text(said)]);
    let key = DeliveryKey::new("d-3");
    assert!(matches!(stage.slack.post(&quiet, &says("a detail"), &DeliveryKey::new("d-2")).await, Delivery::Done(_)));
    let Delivery::Done(Some(at)) = stage.slack.post(&loud, &says("worse"), &key).await else { panic!("no reply") };
    assert_eq!(stage.slack.find(&loud, &key, SystemClock.now()).await, Found::There(at.clone()));
    assert!(matches!(stage.slack.edit(&at, &says("much worse")).await, Delivery::Done(_)));
    let (channel, thread) = (stage.sees("ana", None).await, stage.sees("ana", Some(card.ts.as_str())).await);
    assert!(channel.contains("much worse") && !channel.contains("a detail"), "{channel}");
    assert!(thread.contains("much worse") && thread.contains("a detail"), "{thread}");
}

#[tokio::test]
async fn limits_and_closed_doors_are_told_apart() {
    let stage = Stage::start().await;
    stage.does("slack-faults", json!({"rate_limit": {"method": "chat.update", "retry_after": 17}})).await;
    let Delivery::Done(Some(card)) = stage.slack.post(&noc(), &greeting(), &DeliveryKey::new("d-1")).await else {
        panic!("the card was refused")
    };
    assert_eq!(stage.slack.edit(&card, &greeting()).await, Delivery::SlowDown(Duration::from_secs(17)));
    let random = PostTo::channel(ChannelId::new("C0RANDOM"));
    assert_eq!(stage.slack.post(&random, &greeting(), &DeliveryKey::new("d-2")).await, Delivery::NotInChannel);
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_when_slack_disconnects_and_redelivers() {
    let stage = Stage::start().await;
    let slash = |text: &str| json!({"user": "ana", "channel": "noc", "command": "/fleet", "text": text});
    stage.does("slack-faults", json!({"disconnect": "warning", "disconnect_grace_ms": 500})).await;
    assert_eq!(stage.does("slash", slash("one")).await["acked"], json!(true), "right behind the warning");
    stage.does("slack-faults", json!({"redeliver": 1})).await;
    assert_eq!(stage.does("slash", slash("two")).await["acked"], json!(true));
    stage.does("slack-faults", json!({"close_sockets": true})).await;
    let retyped = async { while stage.does("slash", slash("three")).await["acked"] != json!(true) {} };
    tokio::time::timeout(Duration::from_secs(20), retyped).await.expect("new sockets come up");
    let lines: Vec<String> = stage.arrivals().into_iter().filter_map(line_of).collect();
    let (before, after) = lines.split_at(2);
    assert_eq!(before, ["one", "two"], "what came twice was kept once");
    assert!(!after.is_empty() && after.iter().all(|line| line == "three"), "{after:?}");
}

fn line_of(arrival: Arrival) -> Option<String> {
    match arrival {
        Arrival::Line { line, .. } => Some(line),
        Arrival::Press { .. }
        | Arrival::Submission { .. }
        | Arrival::HomeOpened { .. }
        | Arrival::Edited { .. }
        | Arrival::Nothing { .. } => None,
    }
}

#[tokio::test]
async fn the_directory_knows_the_cast() {
    let stage = Stage::start().await;
    let standing =
        async |team: &str, user: &str| stage.slack.person(&PersonId::new(team, user)).await.unwrap().standing;
    let ana = stage.slack.person(&PersonId::new("T0WRASSE", "U0ANA")).await.unwrap();
    assert_eq!((ana.name.as_str(), ana.standing, ana.groups), ("ana", Standing::Member, vec![GroupName::new("noc")]));
    assert_eq!(standing("T0WRASSE", "U0GUS").await, Standing::Guest);
    assert_eq!(standing("T0OTHER", "U0ZOE").await, Standing::Stranger);
    assert_eq!(standing("T0WRASSE", "U0ZOE").await, Standing::Stranger, "whatever the envelope said");
    assert_eq!(standing("T0WRASSE", "U0WRASSE").await, Standing::Bot);
    let sre = stage.slack.members(&GroupName::new("sre")).await.unwrap();
    assert_eq!(sre.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["bob", "dee"]);
    let channel = async |id: &str| {
        let facts = stage.slack.channel(&ChannelId::new(id)).await.unwrap();
        (facts.name.map(|name| name.to_string()), facts.bot, facts.reach)
    };
    assert_eq!(channel("C0NOC").await, (Some("noc".to_owned()), Membership::Inside, Reach::OwnWorkspace));
    assert_eq!(channel("C0RANDOM").await.1, Membership::Outside);
    assert_eq!(channel("C0SHARED").await.2, Reach::Shared);
    let channels = async |user: &str| {
        let mut channels = stage.slack.channels_of(&PersonId::new("T0WRASSE", user)).await.unwrap();
        channels.sort();
        channels.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(channels("U0ANA").await, ["C0INCIDENTS", "C0NOC", "C0RANDOM", "C0SHARED", "C0WEB"]);
    assert_eq!(channels("U0ZOE").await, ["C0SHARED"]);
}

/// Whoever must act is told in their own conversation, which is opened however often that is asked for.
#[tokio::test]
async fn a_person_is_told_in_their_own_conversation() {
    let stage = Stage::start().await;
    let ana = PersonId::new("T0WRASSE", "U0ANA");
    let channel = stage.slack.direct_channel(&ana).await.unwrap();
    assert_eq!(stage.slack.direct_channel(&ana).await, Ok(channel.clone()));
    let (to, key) = (PostTo::channel(channel), DeliveryKey::new("halted-direct:req-2mq9"));
    let begun = SystemClock.now();
    let Delivery::Done(Some(at)) = stage.slack.post(&to, &greeting(), &key).await else { panic!("it is posted") };
    assert_eq!(stage.slack.find(&to, &key, begun).await, Found::There(at.clone()));
    assert_eq!(stage.slack.edit(&at, &greeting()).await, Delivery::Done(Some(at)));
    let stranger = PersonId::new("T0WRASSE", "U0NOBODY");
    assert!(
        matches!(stage.slack.direct_channel(&stranger).await, Err(Delivery::Refused(why)) if why == "user_not_found")
    );
}
