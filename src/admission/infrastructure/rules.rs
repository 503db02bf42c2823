//! The numbers of the infrastructure policy, and how `policies/admission.yaml` writes them under `infrastructure:`.

use crate::admission::file::AdmissionFileFault;
use crate::domain::server::TagName;
use crate::fleet::Inventory;
use serde::Deserialize;

/// More domains than anybody would let out at once.
const AT_ONCE_MAX: u32 = 1_000;

/// What is redundant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InfrastructureRules {
    /// The tags that tell failure domains apart.
    pub domains: Vec<DomainRule>,
    /// The most sites of a metro that may have servers out at once.
    pub metro_sites_at_once: u32,
}

impl Default for InfrastructureRules {
    fn default() -> Self {
        Self { domains: Vec::new(), metro_sites_at_once: 1 }
    }
}

/// A tag that tells failure domains apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainRule {
    /// The tag; `rack` is the rack itself.
    pub tag: TagName,
    /// Where its values stand in for each other.
    pub within: Within,
    /// The most of them that may have servers out at once.
    pub at_once: u32,
}

/// Where failure domains stand in for each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Within {
    /// In each site.
    Site,
    /// In each pool.
    Pool,
}

/// `infrastructure:` as written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::admission) struct InfrastructureFile {
    #[serde(default)]
    domains: Vec<DomainEntry>,
    metro_sites_at_once: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DomainEntry {
    tag: String,
    within: Option<String>,
    at_once: Option<u32>,
}

impl InfrastructureFile {
    /// The numbers, each within its bounds.
    pub(in crate::admission) fn rules(self, file: &str) -> Result<InfrastructureRules, AdmissionFileFault> {
        let usual = InfrastructureRules::default();
        let mut domains: Vec<DomainRule> = Vec::new();
        for entry in self.domains {
            let rule = domain(file, &entry)?;
            if domains.iter().any(|other| (&other.tag, other.within) == (&rule.tag, rule.within)) {
                let what = format!("infrastructure.domains names `{}` twice within the same", rule.tag);
                return Err(AdmissionFileFault::of(file, what));
            }
            domains.push(rule);
        }
        Ok(InfrastructureRules {
            domains,
            metro_sites_at_once: {
                let given = self.metro_sites_at_once.unwrap_or(usual.metro_sites_at_once);
                at_once(file, "metro-sites-at-once", given, "sites")?
            },
        })
    }
}

fn domain(file: &str, entry: &DomainEntry) -> Result<DomainRule, AdmissionFileFault> {
    let fault = |key: &str, given: &str, takes: &str| {
        let what = format!("infrastructure.domains.{key} is `{given}`; it takes {takes}");
        Err(AdmissionFileFault::of(file, what))
    };
    let tag = entry.tag.trim();
    if tag.is_empty() {
        return fault("tag", tag, "the name of a tag, such as feed");
    }
    let within = match entry.within.as_deref() {
        None | Some("site") => Within::Site,
        Some("pool") => Within::Pool,
        Some(other) => return fault("within", other, "site or pool"),
    };
    let at_once = at_once(file, "domains.at-once", entry.at_once.unwrap_or(1), "domains")?;
    Ok(DomainRule { tag: TagName::new(tag), within, at_once })
}

/// None at once would be a freeze for ever, and there is a freeze for that.
fn at_once(file: &str, key: &str, given: u32, what: &str) -> Result<u32, AdmissionFileFault> {
    if (1..=AT_ONCE_MAX).contains(&given) {
        return Ok(given);
    }
    let what = format!("infrastructure.{key} is `{given}`; it takes 1 to {AT_ONCE_MAX} {what}");
    Err(AdmissionFileFault::of(file, what))
}

/// What the numbers name that no server of the inventory has, each in words: such a rule would protect nothing.
#[must_use]
pub fn strangers(rules: &InfrastructureRules, inventory: &Inventory) -> Vec<String> {
    let is_known =
        |tag: &TagName| tag.as_str() == "rack" || inventory.servers().iter().any(|one| one.tags.contains_key(tag));
    let unknown = rules.domains.iter().filter(|rule| !is_known(&rule.tag));
    unknown.map(|rule| format!("infrastructure.domains names the tag `{}`, and no server has it", rule.tag)).collect()
}
