//! What calendars are called, and which kinds of them there are.

use super::text_name;

text_name! {
    /// The name of a calendar: `business-hours`.
    CalendarName
}

/// What a calendar says of the times that it names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CalendarKind {
    /// Nothing that it is about starts then.
    Freeze,
    /// What it is about starts only then.
    Window,
}

impl CalendarKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Freeze, Self::Window];

    /// The word in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Window => "window",
        }
    }
}
