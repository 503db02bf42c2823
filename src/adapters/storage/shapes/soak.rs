//! The shapes of the numbers by which servers of a finished wave are compared with their siblings.

use super::{stored_record, stored_variants};
use crate::admission::SoakRules;
use crate::admission::siblings::{Bad, Comparison, Floor};

stored_record! { SoakRules;
    compare: "compare", siblings_min: "siblings_min", over: "over_ms", age_max: "age_max_ms", look_every: "look_every_ms",
}
stored_record! { Comparison; name: "name", query: "query", seen: "seen", bad: "bad", floor: "floor" }
stored_variants! { Bad; "above" => Above(percent), "below" => Below(percent) }
stored_record! { Floor; millionths: "millionths", is_share: "is_share" }
