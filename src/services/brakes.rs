//! Lines that stop things, and lines that let them go on.
//!
//! Stopping is the safe direction: it works while the directory is silent, for whoever was a member when last seen, and
//! it never waits. Deliberately absent: what a brake keeps from starting, which is admission's.

use super::asking_why;
use super::intake::{Outcome, Who, who};
use super::lines::{self, Line, Speaker};
use super::messages;
use super::presses::Press;
use super::restraining::{self, Braker, Came, Right, Said};
use super::world::World;
use crate::admission::{self, Brake, BrakeEnd, BrakeKind, may_resume_from};
use crate::conversation::message::Message;
use crate::conversation::{self, Affected, AffectedRequest, Tense};
use crate::domain::braking::{Braking, Kept};
use crate::domain::command::Touch;
use crate::domain::identity::{Actor, Profile, Standing};
use crate::domain::ids::{BrakeId, RequestId};
use crate::domain::intent::{BuiltInVerb, Intent};
use crate::domain::place::{ChannelId, Origin, Reach, ReplyPath};
use crate::domain::time::Timestamp;
use crate::language;
use crate::ports::store::{SeenMember, Write};
use crate::ports::{Store, StoreFault};
use crate::workflow::request::Request;
use crate::workflow::run::RunStage;
use std::time::Duration;

/// How long it counts that somebody was seen to be a member, before it is noted again.
const SEEN_AGAIN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Who puts something on, or takes it off: by name, and for the record.
#[derive(Clone, Copy)]
pub struct By<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// Their name.
    pub name: &'a str,
}

/// Notes that somebody is a member, if that was not noted lately: stopping works by it while nobody can be looked up.
pub(super) async fn seen(world: &World, person: &Profile) -> Result<Option<Write>, StoreFault> {
    let now = world.now();
    let before = world.store.member_seen(&person.id).await?;
    let is_fresh = before.is_some_and(|seen| seen.name == person.name && now.since(seen.at) < SEEN_AGAIN_AFTER);
    let member = SeenMember { person: person.id.clone(), name: person.name.clone(), at: now };
    Ok((!is_fresh).then_some(Write::MemberSeen(member)))
}

/// Whether a line stops everything: it is carried out however late it comes.
pub(super) fn is_stop(line: &str) -> bool {
    stop_of(line).is_some()
}

/// The reason of a line that stops everything, if it is one, and whether it is a hard stop.
fn stop_of(line: &str) -> Option<(String, bool)> {
    match language::parse(line, &language::Vocabulary::default()) {
        Ok(Intent::Brake(Braking::Stop { because, hard })) => Some((because.unwrap_or_default(), hard)),
        Ok(_) | Err(_) => None,
    }
}

/// A line that stops everything, from somebody or in a place that cannot be looked up now: by what was last known.
pub(super) async fn stop_unseen(world: &World, line: Line<'_>) -> Result<Option<Outcome>, StoreFault> {
    let Some((why, hard)) = stop_of(line.text) else { return Ok(None) };
    let person = &line.origin.person;
    let name = match who(world, person).await {
        Who::Is(profile) if profile.standing == Standing::Member => Some(profile.name),
        Who::Is(_) | Who::NotKnown => None,
        Who::NoAnswer(_) => world.store.member_seen(person).await?.map(|seen| seen.name),
    };
    let Some(name) = name else { return Ok(None) };
    let is_direct = matches!(line.origin.reply, ReplyPath::Direct);
    if !is_place_of_work(world, (!is_direct).then_some(&line.origin.channel)) {
        return Ok(None);
    }
    stop(world, line, By { actor: person, name: &name }, (why, hard)).await.map(Some)
}

/// What a member's line comes to.
pub(super) async fn answer(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    braking: &Braking,
) -> Result<Outcome, StoreFault> {
    let by = By { actor: &line.origin.person, name: &speaker.person.name };
    if let Some(came) = restraining::restrain(braker(world, line, speaker), braking).await? {
        return Ok(answered(line, came));
    }
    let is_direct = speaker.channel.reach == Reach::Direct;
    if !is_place_of_work(world, (!is_direct).then_some(&line.origin.channel)) {
        return Ok(line.answered(conversation::may_not_stop(speaker.channel_name()), "refused: no place of work"));
    }
    match braking {
        Braking::Stop { because, hard } => stop(world, line, by, (because.clone().unwrap_or_default(), *hard)).await,
        Braking::Resume { because } => {
            let asked = (by, world.now(), because.as_str());
            match resumed(world.store.as_ref(), asked, told_where(world, line.origin).as_ref()).await? {
                Resumed::NotStopped => Ok(line.answered(conversation::not_stopped(), "answered: nothing is stopped")),
                Resumed::NotAlone(stop, from) => {
                    Ok(line.answered(conversation::not_alone_yet(&stop, from), "refused: not alone yet"))
                }
                Resumed::Now { stop, affected, mut writes } => {
                    writes.push(line_answer(&line, conversation::go_on(&stop, &affected)));
                    Ok(Outcome { writes, note: format!("resumed everything: {}", stop.id) })
                }
            }
        }
        Braking::Freeze { .. }
        | Braking::Thaw { .. }
        | Braking::Hold { .. }
        | Braking::Release { .. }
        | Braking::Blacklist { .. }
        | Braking::Unblacklist { .. } => Ok(Outcome::noted("rejected: answered elsewhere")),
    }
}

/// What a line would do that stops things, or lets them go on; nothing is done.
pub(super) async fn plan(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    braking: &Braking,
) -> Result<Outcome, StoreFault> {
    let text = language::planned(line.text);
    let braker = Braker { tense: Tense::Would, line: text, ..braker(world, line, speaker) };
    if let Some(came) = restraining::restrain(braker, braking).await? {
        return Ok(line.answered(came.message, came.note));
    }
    let (_, affected) = affected(world.store.as_ref()).await?;
    let would = match (braking, stop_on(world.store.as_ref()).await?) {
        (Braking::Resume { .. }, Some(stop)) => conversation::resume_would(&stop, &affected, text),
        (Braking::Resume { .. }, None) => conversation::not_stopped(),
        (Braking::Stop { hard, .. }, Some(stop)) if !is_enough(&stop, *hard) => {
            conversation::stop_would(&affected, text, true)
        }
        (Braking::Stop { hard: true, .. }, None) => conversation::stop_would(&affected, text, true),
        (_, Some(stop)) => conversation::stopped_already(&stop),
        (_, None) => conversation::stop_would(&affected, text, false),
    };
    Ok(line.answered(would, "answered: a plan"))
}

/// A press that lets a request go on: the same as the line that releases it.
pub(super) async fn resume_press(
    world: &World,
    press: &Press<'_>,
    person: &Profile,
    id: &RequestId,
) -> Result<Outcome, StoreFault> {
    let speaker = match lines::speaking(world, person.clone(), press.origin).await {
        Ok(speaker) => speaker,
        Err(reply) => return Ok(reply.outcome(&press.envelope.key, press.origin)),
    };
    let text = format!("{} {id}", BuiltInVerb::Release.word());
    let line = Line::of(press.envelope, press.origin, &text);
    answer(world, line, &speaker, &Braking::Release { on: Kept::Request(id.clone()) }).await
}

/// A member who acts on brakes where they said it.
pub(super) fn braker<'a>(world: &'a World, line: Line<'a>, speaker: &'a Speaker) -> Braker<'a> {
    Braker {
        tense: Tense::Is,
        store: world.store.as_ref(),
        rulebook: &speaker.rulebook,
        ids: world.ids.as_ref(),
        now: world.now(),
        by: By { actor: &line.origin.person, name: &speaker.person.name },
        line: line.text,
        incidents: world.places.incidents.as_ref(),
        right: Right::OfTheChannel(Said { world, speaker }),
    }
}

/// Answered privately, where it was said.
pub(super) fn answered(line: Line<'_>, came: Came) -> Outcome {
    line.answered(came.message, came.note).with(came.writes)
}

async fn stop(world: &World, line: Line<'_>, by: By<'_>, (why, hard): (String, bool)) -> Result<Outcome, StoreFault> {
    let store = world.store.as_ref();
    let channel = told_where(world, line.origin);
    let id = BrakeId::new(world.ids.handle().as_str());
    match stopped(store, id, (by, world.now(), why, hard), channel.as_ref()).await? {
        Stopped::Already(stop) => Ok(line.answered(conversation::stopped_already(&stop), "answered: stopped already")),
        Stopped::Now { stop, affected, mut writes } => {
            writes.push(line_answer(&line, conversation::stop_took_hold(&stop, &affected)));
            Ok(Outcome { writes, note: format!("stopped everything: {}", stop.id) })
        }
    }
}

/// What a stop of everything comes to.
pub enum Stopped {
    /// It is so already.
    Already(Brake),
    /// From now on.
    Now {
        /// The stop that is on then.
        stop: Brake,
        /// What it keeps from starting, and finds at work.
        affected: Affected,
        /// All that is written.
        writes: Vec<Write>,
    },
}

/// Whether that stop forbids all that was asked for.
fn is_enough(stop: &Brake, hard: bool) -> bool {
    !hard || stop.kind == BrakeKind::HARD_STOP
}

/// Stops everything; a hard stop is put on beside one that is not.
///
/// # Errors
/// The store does not answer.
pub async fn stopped(
    store: &dyn Store,
    id: BrakeId,
    (by, at, why, hard): (By<'_>, Timestamp, String, bool),
    channel: Option<&ChannelId>,
) -> Result<Stopped, StoreFault> {
    let on = stop_on(store).await?;
    if let Some(stop) = on.as_ref().filter(|stop| is_enough(stop, hard)) {
        return Ok(Stopped::Already(stop.clone()));
    }
    let (open, affected) = affected(store).await?;
    let stop = stop_by(id, by, at, (why, hard));
    let mut writes = stopping(&stop, &open, channel);
    // What its notice says of giving back is true no more.
    writes.extend(on.zip(channel).map(|(earlier, channel)| messages::stop(&earlier.id, channel)));
    Ok(Stopped::Now { stop, affected, writes })
}

fn line_answer(line: &Line<'_>, message: Message) -> Write {
    messages::answer(&line.envelope.key, line.origin, message)
}

/// Where everybody hears of it: the incident channel, or else where it was said.
fn told_where(world: &World, origin: &Origin) -> Option<ChannelId> {
    let is_shared = !origin.channel.is_nowhere() && !matches!(origin.reply, ReplyPath::Direct);
    world.places.incidents.clone().or_else(|| is_shared.then(|| origin.channel.clone()))
}

/// Whether the rules of that channel, or of direct messages, let anybody ask for work that changes something.
fn is_place_of_work(world: &World, channel: Option<&ChannelId>) -> bool {
    let rulebook = world.rulebook();
    let commands = rulebook.catalog.commands().iter().map(AsRef::as_ref).filter(|spec| !spec.only_looks());
    rulebook.policies.permits_any(channel, commands)
}

/// The stop of everything, if it is on; of two the one that forbids more.
///
/// # Errors
/// The store does not answer.
pub async fn stop_on(store: &dyn Store) -> Result<Option<Brake>, StoreFault> {
    Ok(admission::stop_among(&store.brakes().await?).cloned())
}

/// Whether nothing is given back either.
///
/// # Errors
/// The store does not answer.
pub(super) async fn is_stopped_hard(store: &dyn Store) -> Result<bool, StoreFault> {
    Ok(stop_on(store).await?.is_some_and(|stop| stop.kind == BrakeKind::HARD_STOP))
}

/// A stop of everything by that person.
#[must_use]
fn stop_by(id: BrakeId, by: By<'_>, at: Timestamp, (why, hard): (String, bool)) -> Brake {
    let (by, name) = (by.actor.id().clone(), by.name.to_owned());
    Brake { id, kind: BrakeKind::Stop { hard }, by, name, since: at, why, until: None }
}

/// How that person takes something off.
#[must_use]
pub fn ended(by: By<'_>, at: Timestamp, why: &str) -> BrakeEnd {
    BrakeEnd { by: by.actor.id().clone(), name: by.name.to_owned(), at, why: why.to_owned() }
}

/// The open requests that change something, and how much of them is stopped or goes on.
///
/// # Errors
/// The store does not answer.
pub(super) async fn affected(store: &dyn Store) -> Result<(Vec<Request>, Affected), StoreFault> {
    let mut open = store.open_requests().await?;
    open.retain(|request| !request.spec.only_looks());
    let mut affected = Affected::default();
    for request in &open {
        let runs = store.runs(request.id()).await?;
        let waiting = runs.iter().filter(|run| run.stage == RunStage::Waiting).count();
        let at_work = runs.iter().filter(|run| run.is_active() && run.subject.server().is_some()).count();
        if waiting + at_work > 0 {
            affected.requests.push(AffectedRequest { id: request.id().clone(), waiting, at_work });
        }
    }
    Ok((open, affected))
}

/// Everything that a stop writes: itself, the notice, and every card again.
#[must_use]
fn stopping(stop: &Brake, open: &[Request], channel: Option<&ChannelId>) -> Vec<Write> {
    let mut writes = vec![Write::BrakeOn(stop.clone())];
    if let Some(channel) = channel {
        let line = BuiltInVerb::ResumeEverything.word();
        writes.push(asking_why::asks_why(asking_why::resume_handle(&stop.id), line));
        writes.push(messages::stop(&stop.id, channel));
    }
    writes.extend(open.iter().map(|request| messages::card(request.id())));
    writes
}

/// What letting everything go on comes to.
pub enum Resumed {
    /// Nothing is stopped.
    NotStopped,
    /// Whoever asks has put on this, and may take it off alone from then on.
    NotAlone(Brake, Timestamp),
    /// It goes on.
    Now {
        /// The stop that was on.
        stop: Brake,
        /// What it kept from starting.
        affected: Affected,
        /// All that is written.
        writes: Vec<Write>,
    },
}

/// Lets everything go on: whatever stops it is taken off, and nothing that came meanwhile is on.
///
/// # Errors
/// The store does not answer.
pub async fn resumed(
    store: &dyn Store,
    (by, at, why): (By<'_>, Timestamp, &str),
    channel: Option<&ChannelId>,
) -> Result<Resumed, StoreFault> {
    let mut on = store.brakes().await?;
    on.retain(|brake| matches!(brake.kind, BrakeKind::Stop { .. }));
    let Some(stop) = on.first().cloned() else { return Ok(Resumed::NotStopped) };
    let own = on.iter().filter_map(|brake| Some((brake, may_resume_from(brake, by.actor).filter(|from| at < *from)?)));
    if let Some((brake, from)) = own.max_by_key(|(_, from)| *from) {
        return Ok(Resumed::NotAlone(brake.clone(), from));
    }
    let (open, affected) = affected(store).await?;
    let off = |brake: &Brake| Write::BrakeOff { id: brake.id.clone(), end: ended(by, at, why) };
    let mut writes = on.iter().map(off).collect::<Vec<_>>();
    writes.push(Write::MayAct { server: None, touch: Touch::Changes, at });
    writes.extend(channel.iter().flat_map(|channel| on.iter().map(|brake| messages::stop(&brake.id, channel))));
    writes.extend(open.iter().map(|request| messages::card(request.id())));
    Ok(Resumed::Now { stop, affected, writes })
}

/// The notice about a stop, as it stands now.
pub(super) async fn notice(world: &World, id: &BrakeId) -> Result<Option<Message>, StoreFault> {
    let stop = world.store.brake(id).await?;
    // Where nobody may let it go on there is no button for it either.
    let has_button = world.places.incidents.as_ref().is_none_or(|channel| is_place_of_work(world, Some(channel)));
    let handle = has_button.then(|| asking_why::resume_handle(id));
    let hard = is_stopped_hard(world.store.as_ref()).await?;
    Ok(stop.map(|(stop, end)| conversation::stop_notice(&stop, end.as_ref(), (handle.as_ref(), hard))))
}
