//! The shapes of what is redundant, of alerts that fire, and of the numbers that both are judged by.

use super::{stored_record, stored_variants, stored_words};
use crate::admission::infrastructure::{AlertRules, DomainRule, SeenAlerts, Within};
use crate::admission::{Firing, InfrastructureRules};
use crate::domain::alert::FiringAlert;
use crate::workflow::request::{AlertPlace, OutDomain, RedundantGroup};

stored_record! { InfrastructureRules;
    domains: "domains", metro_sites_at_once: "metro_sites_at_once", alerts: "alerts",
}
stored_record! { AlertRules;
    selector: "selector", everywhere: "everywhere", watchdog: "watchdog", age_max: "age_max_ms",
    look_every: "look_every_ms",
}
stored_variants! { Firing;
    "not-asked" => NotAsked,
    "not-configured" => NotConfigured,
    "pending" => Pending,
    "unknown" => Unknown { why: "why", since: "since_ms" },
    "seen" => Seen(seen),
}
stored_record! { SeenAlerts; at: "at_ms", alerts: "alerts", silent: "silent" }
stored_record! { FiringAlert; labels: "labels", since: "since_ms" }
stored_variants! { AlertPlace;
    "everywhere" => Everywhere,
    "site" => Site(site),
    "pool" => Pool(pool),
    "rack" => Rack { site: "site", rack: "rack" },
    "servers" => Servers(servers),
}
stored_record! { DomainRule; tag: "tag", within: "within", at_once: "at_once" }
stored_words! { Within; "site" => Site, "pool" => Pool }
stored_variants! { RedundantGroup;
    "of-site" => OfSite { tag: "tag", site: "site" },
    "of-pool" => OfPool { tag: "tag", pool: "pool" },
    "of-metro" => OfMetro(metro),
}
stored_record! { OutDomain; name: "name", out: "out" }
