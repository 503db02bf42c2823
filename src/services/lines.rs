//! A typed line: understood, resolved, authorised, planned, accepted; or answered with what to type instead.

use super::accepting::{self, Asked, Desk};
use super::doubling::open_runs;
use super::intake::{Outcome, member};
use super::planning::{Answer, Asking};
use super::safety::Around;
use super::undone::left_undone;
use super::world::World;
use super::{
    brakes, closing, declaring, explaining, looks, offers, outage, overrides, questions, records, retrying, whys,
};
use crate::admission::{Ledger, Outside};
use crate::authorization::AuthorizationRecord;
use crate::conversation::message::Message;
use crate::domain::command::{CommandName, CommandSpec};
use crate::domain::identity::Profile;
use crate::domain::ids::{EnvelopeKey, RequestId};
use crate::domain::intent::{Intent, Planned, WorkIntent};
use crate::domain::limits::LATE_AFTER;
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::place::{ChannelFacts, ChannelName, Membership, Origin};
use crate::domain::time::Timestamp;
use crate::fleet::Undone;
use crate::ports::authorizations::Occasion;
use crate::ports::chat::{Envelope, TriggerId};
use crate::ports::directory::DirectoryFault;
use crate::ports::store::Write;
use crate::ports::{Rulebook, StoreFault};
use crate::{conversation, language};
use std::sync::Arc;

/// A line and where it came from.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) origin: &'a Origin,
    pub(super) text: &'a str,
    /// When it was sent; `None` for one that was just confirmed by a button.
    pub(super) sent_at: Option<Timestamp>,
    /// Permission to open a form, if the surface gives one.
    pub(super) trigger: Option<&'a TriggerId>,
    /// Whether it is sent by one tap on a button that was offered because it interrupted no server.
    pub(super) is_one_tap: bool,
}

impl<'a> Line<'a> {
    /// A line that somebody has confirmed just now, by a button or a form.
    pub(super) const fn of(envelope: &'a Envelope, origin: &'a Origin, text: &'a str) -> Self {
        Self { envelope, origin, text, sent_at: None, trigger: None, is_one_tap: false }
    }
}

/// What a line comes to, before it is known where that is shown.
pub(super) enum Reply {
    /// Words for whoever asked.
    Said { message: Message, note: String, also: Vec<Write> },
    /// A request: what makes it, its card and its echo.
    Accepted { id: RequestId, writes: Vec<Write>, note: String },
    /// It is refused, and its owners can be asked to allow that line.
    Refused { message: Message, note: String, line: String, also: Vec<Write> },
    /// It says something that is not there.
    Misunderstood(Box<Misunderstanding>),
    /// Nothing is said to whoever asked.
    Silent { note: String, also: Vec<Write> },
}

impl Reply {
    pub(super) fn said(message: Message, note: impl Into<String>) -> Self {
        Self::Said { message, note: note.into(), also: Vec::new() }
    }

    pub(super) fn silent(note: impl Into<String>) -> Self {
        Self::Silent { note: note.into(), also: Vec::new() }
    }

    /// The same, with what is written beside it. A misunderstanding writes nothing: nobody was asked whether it may be.
    pub(super) fn with(mut self, write: Write) -> Self {
        match &mut self {
            Self::Said { also, .. } | Self::Refused { also, .. } | Self::Silent { also, .. } => also.push(write),
            Self::Accepted { writes, .. } => writes.push(write),
            Self::Misunderstood(_) => {}
        }
        self
    }

    /// The words, if there are any.
    pub(super) fn message(self) -> Option<Message> {
        match self {
            Self::Said { message, .. } | Self::Refused { message, .. } => Some(message),
            Self::Misunderstood(told) => Some(conversation::misunderstood(&told)),
            Self::Accepted { .. } | Self::Silent { .. } => None,
        }
    }

    /// Answered privately, where it was asked.
    pub(super) fn outcome(self, envelope: &EnvelopeKey, origin: &Origin) -> Outcome {
        match self {
            Self::Said { message, note, also } | Self::Refused { message, note, also, .. } => {
                Outcome::answered(envelope, origin, message, note).with(also)
            }
            Self::Misunderstood(told) => {
                Outcome::answered(envelope, origin, conversation::misunderstood(&told), MISUNDERSTOOD)
            }
            Self::Accepted { writes, note, .. } => Outcome { writes, note },
            Self::Silent { note, also } => Outcome { writes: also, note },
        }
    }
}

impl Line<'_> {
    /// What is asked for with it, and where.
    pub(super) const fn asked(&self) -> Asked<'_> {
        Asked { origin: self.origin, text: self.text }
    }

    pub(super) fn answered(&self, message: Message, note: impl Into<String>) -> Outcome {
        Outcome::answered(&self.envelope.key, self.origin, message, note)
    }

    fn outcome(&self, reply: Reply) -> Outcome {
        reply.outcome(&self.envelope.key, self.origin)
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Misunderstood(told) => Self::Misunderstood(told),
            Answer::Told { message, note } => Self::said(message, note),
        }
    }
}

/// The note of a line that was not understood.
pub(super) const MISUNDERSTOOD: &str = "answered: a misunderstanding";

/// Who typed it, and where.
pub(super) struct Speaker {
    pub(super) person: Profile,
    pub(super) channel: ChannelFacts,
    /// What was in force when the line was read: the whole line is answered by it.
    pub(super) rulebook: Arc<Rulebook>,
}

impl Speaker {
    /// Somebody who cannot be looked up now, as they and their channel were last known.
    pub(super) const fn known_before(person: Profile, channel: ChannelFacts, rulebook: Arc<Rulebook>) -> Self {
        Self { person, channel, rulebook }
    }

    /// What this person's line means here. What they may use decides only what is suggested instead, and asking the
    /// policies about every command is dear: so they are asked only when something was not understood.
    pub(super) fn understand(&self, text: &str, now: Timestamp) -> Result<Intent, Misunderstanding> {
        let all = language::Vocabulary::of(self.rulebook.catalog.commands().to_vec());
        let vocabulary = language::Vocabulary { zone: self.person.zone.clone(), now, ..all };
        language::parse(text, &vocabulary)
            .or_else(|_| language::parse(text, &language::Vocabulary { usable: self.usable(), ..vocabulary.clone() }))
    }

    /// Whether this person may use that command here for anything.
    pub(super) fn may_ever_use(&self, spec: &CommandSpec) -> bool {
        !self.rulebook.policies.commands_for(&self.person, &self.channel, [spec]).is_empty()
    }

    /// The commands that this person may use here, sorted.
    pub(super) fn usable(&self) -> Vec<CommandName> {
        let commands = self.rulebook.catalog.commands().iter().map(Arc::as_ref);
        self.rulebook.policies.commands_for(&self.person, &self.channel, commands)
    }

    /// Without `#`; empty in a direct conversation, which has no name.
    pub(super) fn channel_name(&self) -> &str {
        self.channel.name.as_ref().map_or("", ChannelName::as_str)
    }

    pub(super) fn asking<'a>(
        &'a self,
        now: Timestamp,
        ledger: &'a Ledger,
        undone: &'a Undone,
        line: &'a str,
    ) -> Asking<'a> {
        let rulebook = self.rulebook.as_ref();
        let outside = Outside::NOT_ASKED;
        Asking { rulebook, ledger, outside, undone, person: &self.person, channel: &self.channel, line, now }
    }
}

/// What a line comes to.
pub(super) async fn answer(world: &World, line: Line<'_>) -> Result<Outcome, StoreFault> {
    let person = match member(world, &line.origin.person).await {
        Ok(person) => person,
        Err(turned) => {
            return match brakes::stop_unseen(world, line).await? {
                Some(stopped) => Ok(stopped),
                None => outage::line(world, line, turned).await,
            };
        }
    };
    let seen = brakes::seen(world, &person).await?;
    let mut outcome = answer_member(world, line, person).await?;
    outcome.writes.extend(seen);
    Ok(outcome)
}

/// What the line of a member comes to.
async fn answer_member(world: &World, line: Line<'_>, person: Profile) -> Result<Outcome, StoreFault> {
    let now = world.now();
    if let Some(sent_at) =
        line.sent_at.filter(|sent_at| now.since(*sent_at) > LATE_AFTER && !brakes::is_stop(line.text))
    {
        return Ok(offers::late(world, line, sent_at));
    }
    let speaker = match speaking(world, person, line.origin).await {
        Ok(speaker) => speaker,
        Err(reply) => {
            let stopped = brakes::stop_unseen(world, line).await?;
            return Ok(stopped.unwrap_or_else(|| line.outcome(reply)));
        }
    };
    let normal = match language::normalise(line.text) {
        Ok(normal) => normal,
        Err(misunderstanding) => {
            return Ok(line.answered(conversation::misunderstood(&misunderstanding), MISUNDERSTOOD));
        }
    };
    let line = Line { text: &normal, ..line };
    // The files may have changed since it was offered.
    if line.is_one_tap && offers::interrupts(&speaker.rulebook.catalog, line.text) {
        return Ok(line.answered(conversation::interrupts_by_now(line.text), "refused: interrupts servers by now"));
    }
    match speaker.understand(line.text, now) {
        Err(told) => Ok(offers::misunderstood(world, line, &speaker, &told).await),
        Ok(intent) => carry_out(world, line, &speaker, intent).await,
    }
}

/// What a line comes to that a form has made; the form shows it.
pub(super) async fn from_form(world: &World, line: Line<'_>) -> Result<Reply, StoreFault> {
    let speaker = match speaker(world, line.origin).await {
        Ok(speaker) => speaker,
        Err(reply) => return Ok(reply),
    };
    let understood =
        language::normalise(line.text).and_then(|text| Ok((speaker.understand(&text, world.now())?, text)));
    let (intent, text) = match understood {
        Ok(understood) => understood,
        Err(told) => return Ok(Reply::Misunderstood(Box::new(told))),
    };
    let line = Line { text: &text, ..line };
    match intent {
        Intent::Work(work) => work_line(world, line, &speaker, &work).await,
        Intent::Plan(Planned::Work(work)) => plan_line(world, line, &speaker, &work).await,
        Intent::Plan(Planned::Cancel { .. } | Planned::Brake(_) | Planned::Declare(_))
        | Intent::CanI(_)
        | Intent::WhoCan { .. }
        | Intent::CloseBreaker { .. }
        | Intent::Why(_)
        | Intent::Queue(_)
        | Intent::Out(_)
        | Intent::Help { .. }
        | Intent::Status { .. }
        | Intent::Brake(_)
        | Intent::Declare(_)
        | Intent::Override { .. }
        | Intent::Retry { .. }
        | Intent::Cancel { .. } => Ok(Reply::silent("rejected: a form of no command")),
    }
}

/// Whoever speaks there, or why nothing is done for them.
pub(super) async fn speaker(world: &World, origin: &Origin) -> Result<Speaker, Reply> {
    match member(world, &origin.person).await {
        Ok(person) => speaking(world, person, origin).await,
        Err(turned) => Err(turned.reply(world, Occasion::Line, origin)),
    }
}

pub(super) async fn speaking(world: &World, person: Profile, origin: &Origin) -> Result<Speaker, Reply> {
    let kept = |verdict: &str| {
        let record = records::of_member(world, verdict, &person);
        let record = AuthorizationRecord { channel: origin.channel.to_string(), ..record };
        records::kept(world, Occasion::Line, None, record)
    };
    let wrong_place =
        |note: &str| Reply::said(conversation::wrong_place(&world.places.bot_name), note).with(kept(records::NOT_HERE));
    let channel = match world.directory.channel(&origin.channel).await {
        Ok(channel) => channel,
        Err(DirectoryFault::Unknown(_)) => return Err(wrong_place("rejected: a channel that the bot cannot see")),
        Err(DirectoryFault::Unavailable(why)) => {
            tracing::warn!(%why, "the directory does not answer");
            let told = conversation::unavailable("the directory of channels");
            return Err(Reply::said(told, "rejected: no directory").with(kept(records::NO_DIRECTORY)));
        }
    };
    if channel.bot == Membership::Outside {
        return Err(wrong_place("rejected: the bot is not in this channel"));
    }
    Ok(Speaker { person, channel, rulebook: world.rulebook() })
}

/// What was understood, carried out.
async fn carry_out(world: &World, line: Line<'_>, speaker: &Speaker, intent: Intent) -> Result<Outcome, StoreFault> {
    let reply = match intent {
        Intent::Help { topic } => return Ok(looks::help(world, line, speaker, topic.as_ref())),
        Intent::Status { selector } => return looks::status(world, line, speaker, selector.as_ref()).await,
        Intent::Queue(selector) => return looks::queue(world, line, speaker, selector.as_ref()).await,
        Intent::Out(selector) => return looks::out(world, line, speaker, selector.as_ref()).await,
        Intent::Why(of) => return whys::answer(world, line, speaker, &of).await,
        Intent::Brake(braking) => return brakes::answer(world, line, speaker, &braking).await,
        Intent::Cancel { request } => {
            return super::presses::cancel_line(world, line, &speaker.person, &request).await;
        }
        Intent::Plan(Planned::Cancel { request }) | Intent::CanI(Planned::Cancel { request }) => {
            return super::presses::cancel_plan(world, line, &speaker.person, &request).await;
        }
        Intent::Plan(Planned::Brake(braking)) | Intent::CanI(Planned::Brake(braking)) => {
            return brakes::plan(world, line, speaker, &braking).await;
        }
        Intent::CloseBreaker { scope, why } => {
            let came = closing::close(brakes::braker(world, line, speaker), (&scope, &why)).await?;
            return Ok(brakes::answered(line, came));
        }
        Intent::Declare(declaration) => return declaring::answer(world, line, speaker, &declaration).await,
        Intent::Plan(Planned::Declare(declaration)) | Intent::CanI(Planned::Declare(declaration)) => {
            return declaring::plan(world, line, speaker, &declaration).await;
        }
        Intent::Retry { request } => return retrying::retry(world, line, speaker, &request).await,
        Intent::Work(work) => work_line(world, line, speaker, &work).await?,
        Intent::Plan(Planned::Work(work)) => plan_line(world, line, speaker, &work).await?,
        Intent::CanI(Planned::Work(work)) => questions::can_i(world, line, speaker, &work).await?,
        Intent::WhoCan { command, selector } => {
            questions::who_can(world, line, speaker, (&command, selector.as_ref())).await?
        }
        Intent::Override { policy, request, why } => {
            let asking = overrides::Asking { policy: &policy, request: &request, why: &why };
            overrides::line(world, line, &speaker.person, asking).await?
        }
    };
    Ok(told(world, line, speaker, reply).await)
}

/// What is said to whoever asked, with what can be sent instead.
pub(super) async fn told(world: &World, line: Line<'_>, speaker: &Speaker, reply: Reply) -> Outcome {
    match reply {
        Reply::Misunderstood(told) => offers::misunderstood(world, line, speaker, &told).await,
        Reply::Refused { message, note, line: asked, also } => {
            offers::refused(world, line, (message, note), &asked).with(also)
        }
        Reply::Said { .. } | Reply::Accepted { .. } | Reply::Silent { .. } => line.outcome(reply),
    }
}

pub(super) async fn work_line(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    work: &WorkIntent,
) -> Result<Reply, StoreFault> {
    accepting::work(Desk::of(world), line.asked(), (speaker, None), work).await
}

/// What a line would do, without doing it.
async fn plan_line(world: &World, line: Line<'_>, speaker: &Speaker, work: &WorkIntent) -> Result<Reply, StoreFault> {
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), work.selector.as_ref()).await?;
    let open = world.store.open_requests().await?;
    let looked_up = world.looked_up();
    let asking = Asking { outside: looked_up.outside(), ..speaker.asking(world.now(), &ledger, &undone, line.text) };
    let paces = explaining::run_paces(world.store.as_ref(), &ledger, &work.command).await?;
    let (id, runs) = (world.ids.request(), open_runs(world.store.as_ref(), &open, &work.command).await?);
    Ok(match asking.preview(work, Around { id: &id, open: &open, runs: &runs, paces: &paces }) {
        Ok(preview) => Reply::said(conversation::preview(preview.view()), "answered: a plan"),
        Err(answer) => answer.into(),
    })
}
