//! Named limits that more than one module must respect, each with its unit.

use std::time::Duration;

/// The longest line that is read at all; beyond it is a misunderstanding.
pub const LINE_LENGTH_MAX_CHARS: usize = 4_000;
/// The longest line that an answer gives to copy: a longer one is no help on a phone, and may be cut in two.
pub const COPIED_LENGTH_MAX_CHARS: usize = 600;
/// The longest text of a person or a server that a message repeats.
pub const QUOTED_LENGTH_MAX_CHARS: usize = 120;
/// The most servers one selector may expand to before it is resolved.
pub const EXPANSION_MAX_NAMES: usize = 100_000;
/// A line older than this when it arrives is asked about again instead of carried out.
pub const LATE_AFTER: Duration = Duration::from_secs(120);
/// A button on a private answer lives this long.
pub const PRIVATE_CONTROL_LIFE: Duration = Duration::from_secs(600);
/// A home is kept up to date this long after it was opened, and its buttons live as long.
pub const HOME_LIFE: Duration = Duration::from_secs(24 * 3600);
/// The longest one call to the outside may take.
pub const EFFECT_DEADLINE: Duration = Duration::from_secs(30);
/// The furthest ahead that work may be given a time to begin.
pub const START_AHEAD_MAX: Duration = Duration::from_secs(24 * 3600);
/// A freeze or an entry of the blacklist lasts at most this long.
pub const BRAKE_LASTS_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// The most servers that one line holds.
pub const HELD_MAX_SERVERS: usize = 500;
/// The most servers of which one line says how they are.
pub const DECLARED_MAX_SERVERS: usize = 100;
/// Once approved, a request may wait this long before it expires.
pub const REQUEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// How often what blocks a request is looked at again by the clock alone.
pub const LOOK_AGAIN_EVERY: Duration = Duration::from_secs(15);
