//! The shapes of what is redundant, and of the numbers that it is judged by.

use super::{stored_record, stored_variants, stored_words};
use crate::admission::InfrastructureRules;
use crate::admission::infrastructure::{DomainRule, Within};
use crate::workflow::request::{OutDomain, RedundantGroup};

stored_record! { InfrastructureRules; domains: "domains", metro_sites_at_once: "metro_sites_at_once" }
stored_record! { DomainRule; tag: "tag", within: "within", at_once: "at_once" }
stored_words! { Within; "site" => Site, "pool" => Pool }
stored_variants! { RedundantGroup;
    "of-site" => OfSite { tag: "tag", site: "site" },
    "of-pool" => OfPool { tag: "tag", pool: "pool" },
    "of-metro" => OfMetro(metro),
}
stored_record! { OutDomain; name: "name", out: "out" }
