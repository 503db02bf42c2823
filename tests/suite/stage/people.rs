//! What people do: type, mention, press, decide, edit; and what they see of it.

use super::Stage;
use super::chat::What;
use super::transcript::{self, Place, Pressable};
use std::collections::BTreeMap;
use std::time::Duration;
use wrasse::conversation::message::{Form, FormBlock};
use wrasse::conversation::{DECISION_KEY, WHY_KEY, plain};
use wrasse::domain::identity::{Actor, GroupName, PersonId, Standing};
use wrasse::domain::ids::{Fingerprint, Handle};
use wrasse::domain::place::{ChannelId, Membership, MessageTs, Origin, Reach, ReplyPath};
use wrasse::ports::chat::{Arrival, ViewId};
use wrasse::ports::store::{ControlAction, Operation, Write};
use wrasse::ports::{Clock, Ids};

/// A channel.
#[derive(Clone)]
pub(crate) struct Channel {
    pub(super) stage: Stage,
    name: String,
    pub(super) id: ChannelId,
}

impl Channel {
    pub(super) fn new(stage: &Stage, name: &str, id: ChannelId) -> Self {
        Self { stage: stage.clone(), name: name.to_owned(), id }
    }

    /// A group may use a command here.
    pub(crate) fn lets(self, group: &str, command: &str) -> Self {
        self.stage.0.script.borrow_mut().lets(&self.name, group, command, "");
        self
    }

    /// All that stands here, to press on.
    pub(crate) fn whole(&self) -> Thread {
        Thread::new(&self.stage, self.id.clone(), 0)
    }

    /// A group may use a command here, on at most that many servers.
    pub(crate) fn lets_up_to(self, group: &str, command: &str, servers: u32) -> Self {
        let condition = format!("\nwhen {{ context.server_count <= {servers} }}");
        self.stage.0.script.borrow_mut().lets(&self.name, group, command, &condition);
        self
    }

    /// These rules hold here, as they are written in a file.
    pub(crate) fn has_rules(self, yaml: &str) -> Self {
        self.stage.0.script.borrow_mut().rules(&self.name, yaml);
        self
    }

    /// Nobody may use a command here.
    pub(crate) fn forbids(self, command: &str, reason: &str) -> Self {
        self.stage.0.script.borrow_mut().forbids(&self.name, command, reason);
        self
    }

    /// Each reboot needs that many people of a group.
    pub(crate) fn needing_approvals(self, count: u32, group: &str) -> Self {
        let shipped = "approvals: { above: 10, from: sre, count: 1, within: 60m }";
        let asked = format!("approvals: {{ above: 0, from: {group}, count: {count}, within: 5m }}");
        self.stage.changes_command("reboot.yaml", shipped, &asked);
        self
    }

    /// The bot is not in it, and everybody can see so.
    pub(crate) fn without_bot(&self) {
        self.stage.0.directory.change_channel(&self.id, |facts| facts.bot = Membership::Outside);
    }

    /// The bot is in it.
    pub(crate) fn invites_bot(&self) {
        self.stage.0.directory.change_channel(&self.id, |facts| facts.bot = Membership::Inside);
    }

    /// It is shared with another workspace.
    pub(crate) fn is_shared(&self) {
        self.stage.0.directory.change_channel(&self.id, |facts| facts.reach = Reach::Shared);
    }

    /// The directory does not know it.
    pub(crate) fn is_hidden(&self) {
        self.stage.0.directory.forget_channel(&self.id);
    }

    fn place(&self) -> Place {
        Place { channel: self.id.clone(), start: 0 }
    }

    /// All of it as one thread, to press something in.
    pub(crate) fn thread(&self) -> Thread {
        Thread::new(&self.stage, self.id.clone(), 0)
    }

    /// Everything in it.
    pub(crate) fn transcript(&self) -> String {
        self.stage.whole(&self.place())
    }

    /// What is new in it.
    pub(crate) fn since_last_look(&self) -> String {
        self.stage.news(&self.place())
    }
}

/// What began with one line.
#[derive(Clone)]
pub(crate) struct Thread {
    stage: Stage,
    place: Place,
    /// The message it hangs on, if that is a person's.
    root: Option<MessageTs>,
}

impl Thread {
    pub(super) fn new(stage: &Stage, channel: ChannelId, start: usize) -> Self {
        Self { stage: stage.clone(), place: Place { channel, start }, root: None }
    }

    /// Everything since the line.
    pub(crate) fn transcript(&self) -> String {
        self.stage.whole(&self.place)
    }

    /// What is new or changed since the last look.
    pub(crate) fn since_last_look(&self) -> String {
        self.stage.news(&self.place)
    }

    /// Where it is.
    pub(super) const fn channel(&self) -> &ChannelId {
        &self.place.channel
    }

    /// The message that its replies hang on: a person's, or the card.
    fn root(&self) -> Option<MessageTs> {
        let state = self.stage.0.chat.state();
        let card = state.rows.iter().skip(self.place.start).find_map(|row| match &row.what {
            What::Post { at, thread: None, .. } if row.channel == self.place.channel => Some(at.ts.clone()),
            What::Post { .. } | What::Act { .. } | What::Private { .. } | What::Form { .. } => None,
        });
        self.root.clone().or(card)
    }
}

/// A person.
#[derive(Clone)]
pub(crate) struct Person {
    pub(super) stage: Stage,
    pub(super) name: String,
    pub(super) id: PersonId,
}

impl Person {
    /// As their envelopes say.
    pub(super) fn actor(&self) -> Actor {
        Actor::of_envelope(self.id.clone())
    }

    pub(super) fn new(stage: &Stage, name: &str, id: PersonId) -> Self {
        Self { stage: stage.clone(), name: name.to_owned(), id }
    }

    // -- who they are --

    /// In that group from now on.
    pub(crate) fn in_group(self, group: &str) -> Self {
        self.stage.0.directory.change(&self.id, |profile| {
            profile.groups.push(GroupName::new(group));
            profile.groups.sort();
        });
        self
    }

    /// Not in that group any more.
    pub(crate) fn leaves_group(&self, group: &str) {
        self.stage.0.directory.change(&self.id, |profile| profile.groups.retain(|other| other.as_str() != group));
    }

    /// Of that standing from now on.
    pub(crate) fn with_standing(self, standing: Standing) -> Self {
        self.stage.0.directory.change(&self.id, |profile| profile.standing = standing);
        self
    }

    /// Nobody the directory knows.
    pub(crate) fn unknown(self) -> Self {
        self.stage.0.directory.forget(&self.id);
        self
    }

    // -- what they do --

    /// Types a slash command in a channel.
    pub(crate) async fn types(&self, channel: &Channel, text: &str) -> Thread {
        self.types_at(channel, text, Duration::ZERO).await
    }

    /// Types a slash command that arrives that much later.
    pub(crate) async fn types_late(&self, channel: &Channel, late: Duration, text: &str) -> Thread {
        self.types_at(channel, text, late).await
    }

    /// Types what somebody else types in the same moment: the bot finds both lines at once.
    pub(crate) async fn types_beside(&self, other: &Self, channel: &Channel, (own, others): (&str, &str)) -> Thread {
        let stage = &self.stage;
        let (chat, start) = (&stage.0.chat, stage.0.chat.act(&channel.id, &self.name, own.to_owned()));
        chat.act(&channel.id, &other.name, others.to_owned());
        let mut arrivals = Vec::new();
        for (person, text) in [(self, own), (other, others)] {
            let line = text.strip_prefix("/fleet").unwrap().trim_start_matches(' ').to_owned();
            let (person, reply) = (person.actor(), chat.address());
            let origin = Origin { person, channel: channel.id.clone(), thread: None, reply };
            arrivals.push(Arrival::Line { origin, line, sent_at: stage.0.clock.now(), trigger: None });
        }
        stage.arrive_together(arrivals).await;
        Thread::new(stage, channel.id.clone(), start)
    }

    async fn types_at(&self, channel: &Channel, text: &str, late: Duration) -> Thread {
        let line = text.strip_prefix("/fleet").unwrap().trim_start_matches(' ');
        let chat = &self.stage.0.chat;
        let reply = chat.address();
        let origin = Origin { person: self.actor(), channel: channel.id.clone(), thread: None, reply };
        self.says(text, line, origin, late).await
    }

    /// Mentions the bot in a channel.
    pub(crate) async fn mentions(&self, channel: &Channel, text: &str) -> Thread {
        let line = text.strip_prefix("@wrasse ").unwrap();
        let reply = ReplyPath::Private { thread: None };
        let origin = Origin { person: self.actor(), channel: channel.id.clone(), thread: None, reply };
        self.says(text, line, origin, Duration::ZERO).await
    }

    /// Mentions the bot in a thread.
    pub(crate) async fn mentions_in(&self, thread: &Thread, text: &str) -> Thread {
        let line = text.strip_prefix("@wrasse ").unwrap();
        let root = thread.root().unwrap();
        let reply = ReplyPath::Private { thread: Some(root.clone()) };
        let channel = thread.place.channel.clone();
        let origin = Origin { person: self.actor(), channel, thread: Some(root.clone()), reply };
        self.says(text, line, origin, Duration::ZERO).await
    }

    /// Writes to the bot alone.
    pub(crate) async fn writes(&self, text: &str) -> Thread {
        let channel = self.stage.0.directory.add_direct(&self.name);
        let origin = Origin { person: self.actor(), channel, thread: None, reply: ReplyPath::Direct };
        self.says(text, text, origin, Duration::ZERO).await
    }

    async fn says(&self, text: &str, line: &str, origin: Origin, late: Duration) -> Thread {
        let root = origin.thread.clone();
        let chat = &self.stage.0.chat;
        let shown = if text.chars().count() > 200 { format!("{}…", &text[..40]) } else { text.to_owned() };
        let shown = shown.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'");
        let start = chat.act(&origin.channel, &self.name, shown);
        let place = Place { channel: origin.channel.clone(), start };
        let sent_at = self.stage.0.clock.now().minus(late);
        let trigger = matches!(origin.reply, ReplyPath::ResponseAddress(_))
            .then(|| chat.trigger(&origin.person, &origin.channel));
        self.stage.arrives(Arrival::Line { origin, line: line.to_owned(), sent_at, trigger }).await;
        Thread { stage: self.stage.clone(), place, root }
    }

    /// Says something to other people, on which a thread can hang.
    pub(crate) fn says_to_people(&self, channel: &Channel, text: &str) -> Thread {
        let start = self.stage.0.chat.act(&channel.id, &self.name, text);
        let place = Place { channel: channel.id.clone(), start };
        Thread { stage: self.stage.clone(), place, root: Some(self.stage.0.chat.stamp()) }
    }

    /// Edits the line that began the thread.
    pub(crate) async fn edits(&self, thread: &Thread) {
        self.stage.0.chat.act(&thread.place.channel, &self.name, "edits the line");
        let reply = ReplyPath::Private { thread: None };
        let origin = Origin { person: self.actor(), channel: thread.place.channel.clone(), thread: None, reply };
        self.stage.arrives(Arrival::Edited { origin }).await;
    }

    /// The newest button of that name which they see in the thread.
    pub(crate) fn sees_button(&self, thread: &Thread, label: &str) -> Option<Pressable> {
        transcript::button(&self.stage.0.chat.state(), &thread.place, &self.id, (label, ""))
    }

    /// Presses the newest button of that name.
    pub(crate) async fn presses(&self, thread: &Thread, label: &str) {
        self.presses_on(thread, label, "").await;
    }

    /// Presses the newest button of that name on a message that says `with`.
    pub(crate) async fn presses_on(&self, thread: &Thread, label: &str, with: &str) {
        let button = transcript::button(&self.stage.0.chat.state(), &thread.place, &self.id, (label, with));
        let button = button.unwrap_or_else(|| panic!("{} sees no [{label}]:\n{}", self.name, self.stage.everything()));
        let asked = button.asked.as_ref().map_or_else(String::new, |asked| format!(", asked: {asked}"));
        let text = format!("presses [{label}]{asked}");
        self.presses_this(&thread.place.channel, &button, &text).await;
    }

    /// Presses a button that was seen earlier, as a screen that was not redrawn still shows it.
    pub(crate) async fn presses_again(&self, thread: &Thread, button: &Pressable) {
        self.presses_this(&thread.place.channel, button, "presses a button seen before").await;
    }

    /// Presses a copy of a button, on the first message of another thread.
    pub(crate) async fn presses_copy(&self, thread: &Thread, button: &Pressable) {
        let on = {
            let state = self.stage.0.chat.state();
            state.rows.iter().skip(thread.place.start).find_map(|row| match &row.what {
                What::Post { at, .. } if row.channel == thread.place.channel => Some(at.clone()),
                What::Post { .. } | What::Act { .. } | What::Private { .. } | What::Form { .. } => None,
            })
        };
        let button = Pressable { at: on, thread: None, view: None, ..button.clone() };
        self.presses_this(&thread.place.channel, &button, "presses a copied button").await;
    }

    async fn presses_this(&self, channel: &ChannelId, button: &Pressable, text: &str) {
        let chat = &self.stage.0.chat;
        chat.act(channel, &self.name, text);
        // A press in a form names no channel.
        let (channel_named, reply) = match &button.view {
            Some(_) => (ChannelId::nowhere(), ReplyPath::Private { thread: None }),
            None => (channel.clone(), chat.address()),
        };
        let thread = button.thread.clone();
        let origin = Origin { person: self.actor(), channel: channel_named, thread, reply };
        let trigger = Some(chat.trigger(&self.id, channel));
        let (handle, at, view) = (button.handle.clone(), button.at.clone(), button.view.clone());
        self.stage.arrives(Arrival::Press { origin, handle, at, trigger, view }).await;
    }

    /// Reviews and approves.
    pub(crate) async fn approves(&self, thread: &Thread, why: &str) {
        self.presses(thread, "Review").await;
        if self.open_form().is_some() {
            self.submits(thread, "approve", why).await;
        }
    }

    /// Reviews and denies.
    pub(crate) async fn denies(&self, thread: &Thread, why: &str) {
        self.presses(thread, "Review").await;
        if self.open_form().is_some() {
            self.submits(thread, "deny", why).await;
        }
    }

    /// The form that is open for them, as they see it.
    pub(crate) fn form(&self) -> String {
        let state = self.stage.0.chat.state();
        let form = state.rows.iter().rev().find_map(|row| match &row.what {
            What::Form { person, form, .. } if *person == self.id => Some(plain::render_form(form)),
            What::Form { .. } | What::Act { .. } | What::Post { .. } | What::Private { .. } => None,
        });
        self.stage.0.cleaner.borrow_mut().clean(&form.unwrap())
    }

    fn open_form(&self) -> Option<(ViewId, Handle)> {
        let state = self.stage.0.chat.state();
        let newest = state.rows.iter().rev().find_map(|row| match &row.what {
            What::Form { person, view, form } if *person == self.id => Some((view.clone(), form.clone())),
            What::Form { .. } | What::Act { .. } | What::Post { .. } | What::Private { .. } => None,
        });
        newest.and_then(|(view, form)| Some((view, form.handle.filter(|_| form.submit.is_some())?)))
    }

    /// Submits the form that is open for them; an empty decision chooses nothing.
    pub(crate) async fn submits(&self, thread: &Thread, decision: &str, why: &str) {
        let (view, handle) = self.open_form().unwrap();
        self.submits_this(thread, (view, handle), decision, why).await;
    }

    /// Fills in fields of the form that is open for them, by their labels, and sends it with what stands in the others.
    pub(crate) async fn fills(&self, thread: &Thread, given: &[(&str, &str)]) {
        self.fills_form_of(self, thread, given).await;
    }

    /// Sends the newest form that was shown to somebody and could be sent.
    pub(crate) async fn fills_form_of(&self, other: &Self, thread: &Thread, given: &[(&str, &str)]) {
        let (view, form) = other.form_to_send();
        self.sends(thread, (view, &form), given).await;
    }

    fn form_to_send(&self) -> (ViewId, Form) {
        let state = self.stage.0.chat.state();
        let newest = state.rows.iter().rev().find_map(|row| match &row.what {
            What::Form { person, view, form } if *person == self.id && form.submit.is_some() => {
                Some((view.clone(), form.clone()))
            }
            What::Form { .. } | What::Act { .. } | What::Post { .. } | What::Private { .. } => None,
        });
        newest.unwrap()
    }

    async fn sends(&self, thread: &Thread, (view, form): (ViewId, &Form), given: &[(&str, &str)]) {
        let fields = form.blocks.iter().filter_map(|block| match block {
            FormBlock::Input { key, label, initial, .. } | FormBlock::Select { key, label, initial, .. } => {
                Some((key.clone(), label.clone(), initial.clone().unwrap_or_default()))
            }
            FormBlock::Choice { key, label, .. } => Some((key.clone(), label.clone(), String::new())),
            FormBlock::Warning(_) | FormBlock::Section(_) | FormBlock::Context(_) | FormBlock::Actions(_) => None,
        });
        let mut left = given.iter().copied().collect::<BTreeMap<_, _>>();
        let values =
            fields.map(|(key, label, initial)| (key, left.remove(label.as_str()).map_or(initial, ToOwned::to_owned)));
        let values = values.filter(|(_, value)| !value.is_empty()).collect::<BTreeMap<_, _>>();
        assert!(left.is_empty(), "there is no such field: {left:?}");
        let said = given.iter().map(|(label, value)| format!("{label}: {value}")).collect::<Vec<_>>().join(", ");
        self.stage.0.chat.act(&thread.place.channel, &self.name, format!("sends the form {said}").trim_end());
        let handle = form.handle.clone().unwrap();
        self.stage.arrives(Arrival::Submission { person: self.actor(), handle, view, values }).await;
    }

    /// Submits somebody else's form.
    pub(crate) async fn submits_form_of(&self, other: &Self, thread: &Thread, decision: &str) {
        let form = other.open_form().unwrap();
        self.submits_this(thread, form, decision, "").await;
    }

    /// The form that is open for them shows another plan than the one that would run.
    pub(crate) async fn forms_show_plan(&self, plan: &Fingerprint) {
        let (_, handle) = self.open_form().unwrap();
        let store = self.stage.store().await;
        let mut control = store.control(&handle).await.unwrap().unwrap();
        let ControlAction::Review { plan: shown, .. } = &mut control.action else { panic!("it is no review") };
        shown.clone_from(plan);
        control.handle = Handle::new(format!("{handle}-of-another-plan"));
        self.stage.0.chat.gives_form_handle(&self.id, control.handle.clone());
        let operation = Operation { id: self.stage.0.ids.operation(), writes: vec![Write::Control(control)] };
        store.commit(operation).await.unwrap();
    }

    async fn submits_this(&self, thread: &Thread, (view, handle): (ViewId, Handle), decision: &str, why: &str) {
        let said = [decision, why].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
        self.stage.0.chat.act(
            &thread.place.channel,
            &self.name,
            format!("submits {}", if said.is_empty() { "nothing" } else { &said }),
        );
        let mut values = BTreeMap::from([(WHY_KEY.to_owned(), why.to_owned())]);
        if !decision.is_empty() {
            values.insert(DECISION_KEY.to_owned(), decision.to_owned());
        }
        self.stage.arrives(Arrival::Submission { person: self.actor(), handle, view, values }).await;
    }
}
