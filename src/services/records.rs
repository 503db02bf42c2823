//! What is stored of each answer to "may they?": of lines, presses and starts.
//!
//! Deliberately absent: what is only asked (`can-i`, `plan`, help, what a refusal suggests), because nothing follows from
//! it. Each is written in the commit of what follows from it.

use super::intake::Outcome;
use super::lines::Reply;
use super::world::World;
use crate::approvals::Unfit;
use crate::authorization::AuthorizationRecord;
use crate::domain::identity::{PersonId, Profile};
use crate::domain::ids::{EnvelopeKey, RequestId};
use crate::domain::place::{ChannelFacts, Origin};
use crate::domain::time::Timestamp;
use crate::ports::authorizations::{Authorization, Occasion};
use crate::ports::store::Write;
use crate::workflow::request::Request;

/// A guest, a stranger, a deactivated account or a bot.
pub(super) const STANDING: &str = "standing";
/// The directory knows nobody of that id.
pub(super) const NOBODY: &str = "unknown-person";
/// The directory does not answer.
pub(super) const NO_DIRECTORY: &str = "no-directory";
/// The channel is none that the bot is in.
pub(super) const NOT_HERE: &str = "bot-not-here";
/// A button or form that was made for somebody else, or for another channel.
pub(super) const NOT_THEIRS: &str = "not-theirs";
/// A button that stands on another message than the one it was made for.
pub(super) const COPIED: &str = "copied";

/// An answer, to be stored.
pub(super) fn kept(
    world: &World,
    occasion: Occasion,
    request: Option<&RequestId>,
    record: AuthorizationRecord,
) -> Write {
    kept_at(world.now(), occasion, request, record)
}

/// An answer of that moment, to be stored.
pub(super) fn kept_at(
    at: Timestamp,
    occasion: Occasion,
    request: Option<&RequestId>,
    record: AuthorizationRecord,
) -> Write {
    Write::Authorization(Box::new(Authorization { at, occasion, request: request.cloned(), record }))
}

/// An answer about a member, for which no policy was asked.
pub(super) fn of_member(world: &World, verdict: &str, person: &Profile) -> AuthorizationRecord {
    AuthorizationRecord::of_member(verdict, person, &world.rulebook().policies)
}

/// An answer about somebody of whom the directory tells nothing.
pub(super) fn of_nobody(world: &World, verdict: &str, person: &PersonId) -> AuthorizationRecord {
    AuthorizationRecord::of_nobody(verdict, person, &world.rulebook().policies)
}

/// That answer, as one about what a request does, where it was asked for.
pub(super) fn about(request: &Request, record: AuthorizationRecord) -> AuthorizationRecord {
    AuthorizationRecord {
        channel: request.origin.channel.to_string(),
        command: request.spec.name.to_string(),
        impact: request.spec.impact.word().to_owned(),
        server_count: request.plan.servers().count(),
        sites: request.plan.sites().map(ToString::to_string).collect(),
        ..record
    }
}

/// That answer, as one about a channel.
pub(super) fn there(channel: &ChannelFacts, record: AuthorizationRecord) -> AuthorizationRecord {
    let channel_name = channel.name.as_ref().map(ToString::to_string);
    AuthorizationRecord { channel: channel.id.to_string(), channel_name, ..record }
}

/// A press that was turned away before it was known what it would do.
pub(super) fn press(
    world: &World,
    person: &Profile,
    origin: &Origin,
    (verdict, request): (&str, Option<&RequestId>),
) -> Write {
    let record = AuthorizationRecord { channel: origin.channel.to_string(), ..of_member(world, verdict, person) };
    kept(world, Occasion::Press, request, record)
}

/// Somebody who may do nothing here at all: what they read, and what is stored of it.
pub(super) struct TurnedAway {
    pub(super) reply: Reply,
    pub(super) record: AuthorizationRecord,
}

impl TurnedAway {
    /// Whether nothing but an answer of the directory is missing.
    pub(super) fn is_for_want_of_the_directory(&self) -> bool {
        self.record.verdict == NO_DIRECTORY
    }

    /// What is stored of it.
    pub(super) fn kept(&self, world: &World, occasion: Occasion, origin: &Origin) -> Write {
        let record = AuthorizationRecord { channel: origin.channel.to_string(), ..self.record.clone() };
        kept(world, occasion, None, record)
    }

    /// The reply with what is stored of it.
    pub(super) fn reply(self, world: &World, occasion: Occasion, origin: &Origin) -> Reply {
        let kept = self.kept(world, occasion, origin);
        self.reply.with(kept)
    }

    /// Answered privately, where it was asked.
    pub(super) fn outcome(
        self,
        world: &World,
        occasion: Occasion,
        (envelope, origin): (&EnvelopeKey, &Origin),
    ) -> Outcome {
        self.reply(world, occasion, origin).outcome(envelope, origin)
    }
}

/// The word for why somebody's decision does not count.
pub(super) const fn unfit_word(unfit: &Unfit) -> &'static str {
    match unfit {
        Unfit::IsRequester { .. } => "is-requester",
        Unfit::NotInGroup { .. } => "not-in-group",
        Unfit::NotAMember => STANDING,
        Unfit::AlreadyApproved { .. } => "approved-before",
        Unfit::AlreadyDecided => "decided-before",
        Unfit::TooLate { .. } => "too-late",
        Unfit::PlanChanged => "plan-changed",
        Unfit::NeedsReason => "no-reason",
        Unfit::WrongCount { .. } => "wrong-count",
    }
}
