//! The shapes of calendars, and of what they said to a start.

use super::{Json, Misfit, Stored, stored_record, stored_variants, stored_words};
use crate::admission::calendars::{Cron, Rule, Shown};
use crate::admission::{Calendar, Calendars};
use crate::domain::calendar::CalendarKind;
use crate::workflow::calendar::{CalendarBlock, CalendarSays, TakesBy};
use serde_json::Value;

stored_record! { CalendarBlock;
    name: "name", kind: "calendar_kind", sites: "sites", zone: "zone", says: "says", why: "why", owner: "owner",
}
stored_variants! { CalendarSays;
    "frozen" => Frozen { since: "since_ms", until: "until_ms" },
    "closed" => Closed { since: "since_ms", opens: "opens_ms" },
    "closing" => Closing { until: "until_ms", takes: "takes_ms", by: "by", opens: "opens_ms" },
    "untold" => Untold,
}
stored_variants! { TakesBy; "runs" => Runs(count), "time-outs" => TimeOuts }
stored_words! { CalendarKind; "freeze" => Freeze, "window" => Window }
stored_record! { Calendar;
    name: "name", kind: "kind", on: "on", commands: "commands", impact: "impact", rule: "rule", zone: "zone", why: "why",
    owner: "owner",
}
stored_variants! { Rule;
    "cron" => Cron { at: "at", lasts: "lasts_ms", except: "except" },
    "dates" => Dates(spans),
}

impl Stored for Calendars {
    fn store(&self, json: &mut Json) {
        json.list(self.iter());
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        Vec::restore(value).map(Self::of)
    }
}

impl Stored for Cron {
    fn store(&self, json: &mut Json) {
        json.text(self.text());
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        Self::of_text(&String::restore(value)?).map_err(|_| Misfit::expected("a cron", value))
    }
}

impl Stored for Shown {
    fn store(&self, json: &mut Json) {
        json.text(&self.text());
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        value.as_str().and_then(Self::of_text).ok_or_else(|| Misfit::expected("a time on a clock", value))
    }
}
