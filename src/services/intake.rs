//! Takes in what arrived: each stored envelope becomes a request, an answer, or a recorded rejection.

use super::effects::Effects;
use super::lines::Reply;
use super::records::{self, TurnedAway};
use super::world::World;
use super::{Service, Step, lines, messages, presses};
use crate::conversation;
use crate::domain::identity::{PersonId, Profile, Standing};
use crate::domain::ids::EnvelopeKey;
use crate::domain::place::Origin;
use crate::ports::StoreFault;
use crate::ports::chat::{Arrival, Envelope};
use crate::ports::directory::DirectoryFault;
use crate::ports::store::{Committed, Write};
use async_trait::async_trait;
use std::sync::Arc;

/// How many envelopes are dealt with at once.
const ENVELOPES_AT_ONCE_MAX: usize = 8;
/// How often an envelope is decided anew because what it relied on has changed meanwhile.
const DECISIONS_MAX: u32 = 5;

/// The intake.
pub struct Intake {
    world: Arc<World>,
    effects: Effects<EnvelopeKey, Result<(), StoreFault>>,
}

/// What came of an envelope: what is written besides settling it, and the note for the record.
pub(super) struct Outcome {
    pub(super) writes: Vec<Write>,
    pub(super) note: String,
}

impl Outcome {
    /// Nothing but a note.
    pub(super) fn noted(note: impl Into<String>) -> Self {
        Self { writes: Vec::new(), note: note.into() }
    }

    /// The same, with more to write.
    pub(super) fn with(mut self, also: impl IntoIterator<Item = Write>) -> Self {
        self.writes.extend(also);
        self
    }

    /// An answer to one person.
    pub(super) fn answered(
        envelope: &EnvelopeKey,
        origin: &Origin,
        message: conversation::message::Message,
        note: impl Into<String>,
    ) -> Self {
        Self { writes: vec![messages::answer(envelope, origin, message)], note: note.into() }
    }
}

impl Intake {
    /// An intake over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, effects: Effects::new() }
    }
}

#[async_trait]
impl Service for Intake {
    fn name(&self) -> &'static str {
        "intake"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let mut made = false;
        while let Some((key, result)) = self.effects.take() {
            made = true;
            if let Err(fault) = result {
                tracing::warn!(envelope.key = %key, %fault, "an envelope could not be dealt with yet");
                return Err(fault);
            }
        }
        for envelope in self.world.store.open_envelopes(ENVELOPES_AT_ONCE_MAX).await? {
            if self.effects.in_flight() < ENVELOPES_AT_ONCE_MAX && !self.effects.has(&envelope.key) {
                let world = Arc::clone(&self.world);
                self.effects.start(envelope.key.clone(), async move { deal_with(&world, &envelope).await });
                made = true;
            }
        }
        Ok(match (made, self.effects.in_flight()) {
            (true, _) => Step::Made,
            (false, 0) => Step::Idle { next_wake: None },
            (false, in_flight) => Step::Waiting { in_flight, next_wake: None },
        })
    }

    async fn ended(&mut self) {
        self.effects.wait().await;
    }
}

/// Decides what an envelope means and commits that together with settling it.
async fn deal_with(world: &World, envelope: &Envelope) -> Result<(), StoreFault> {
    for _ in 0..DECISIONS_MAX {
        let outcome = match world.chat.read(envelope) {
            Arrival::Line { origin, line, sent_at, trigger } => {
                let line = lines::Line {
                    sent_at: Some(sent_at),
                    trigger: trigger.as_ref(),
                    ..lines::Line::of(envelope, &origin, &line)
                };
                lines::answer(world, line).await?
            }
            Arrival::Press { origin, handle, at, trigger, view: _ } => {
                let press = presses::Press { envelope, origin: &origin, handle: &handle, at: at.as_ref(), trigger };
                presses::answer(world, press).await?
            }
            Arrival::Submission { person, handle, view, values } => {
                let submission =
                    presses::Submission { envelope, person: &person, handle: &handle, view, values: &values };
                presses::submitted(world, submission).await?
            }
            Arrival::HomeOpened { person } => Outcome {
                writes: vec![Write::HomeOpened { person, at: world.now() }],
                note: "opened the home".to_owned(),
            },
            Arrival::Edited { origin } => match who(world, &origin.person).await {
                Who::Is(person) if person.standing == Standing::Member => Outcome::answered(
                    &envelope.key,
                    &origin,
                    conversation::edited(),
                    "told: edited messages are not acted on",
                ),
                Who::Is(_) | Who::NotKnown | Who::NoAnswer(_) => {
                    Outcome::noted("rejected: edited, by nobody we answer")
                }
            },
            Arrival::Nothing { because } => Outcome::noted(format!("rejected: {because}")),
        };
        let mut writes = outcome.writes;
        writes.push(Write::EnvelopeSettled { key: envelope.key.clone(), outcome: outcome.note });
        if world.commit(writes).await? != Committed::Stale {
            return Ok(());
        }
    }
    // Somebody else keeps winning; the envelope stays open and is taken up again by a later step.
    Ok(())
}

/// Who somebody is, as far as the directory tells.
pub(super) enum Who {
    Is(Profile),
    NotKnown,
    NoAnswer(String),
}

pub(super) async fn who(world: &World, person: &PersonId) -> Who {
    match world.directory.person(person).await {
        Ok(profile) => Who::Is(world.rulebook().policies.complete(profile)),
        Err(DirectoryFault::Unknown(_)) => Who::NotKnown,
        Err(DirectoryFault::Unavailable(why)) => Who::NoAnswer(why),
    }
}

/// A member's profile, or what to say to somebody who is none.
pub(super) async fn member(world: &World, person: &PersonId) -> Result<Profile, TurnedAway> {
    let (reply, record) = match who(world, person).await {
        Who::Is(profile) if profile.standing == Standing::Member => return Ok(profile),
        Who::Is(profile) => {
            let standing = profile.standing;
            let reply = match standing {
                Standing::Bot => Reply::silent("rejected: a bot"),
                Standing::Automation => Reply::silent("rejected: an automation"),
                Standing::Member | Standing::Guest | Standing::Stranger | Standing::Deactivated => {
                    Reply::said(conversation::not_a_member(standing), format!("rejected: {standing:?}"))
                }
            };
            (reply, records::of_member(world, records::STANDING, &profile))
        }
        Who::NotKnown => {
            let reply = Reply::silent("rejected: the directory knows no such person");
            (reply, records::of_nobody(world, records::NOBODY, person))
        }
        Who::NoAnswer(why) => {
            tracing::warn!(%why, "the directory does not answer");
            let told = conversation::unavailable("the directory of people");
            let reply = Reply::said(told, "rejected: the directory does not answer");
            (reply, records::of_nobody(world, records::NO_DIRECTORY, person))
        }
    };
    Err(TurnedAway { reply, record })
}
