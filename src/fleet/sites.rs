//! Which whole sites a selector means, for commands that work on sites and not on servers.
//!
//! As with servers nothing is guessed: every site must exist, and an empty result is a misunderstanding.

use super::inventory::Inventory;
use super::nearest::nearest;
use super::{pattern, print, unknown};
use crate::domain::intent::{Attribute, Comparison, NamePattern, Predicate, Selector, Span, Spanned};
use crate::domain::limits::EXPANSION_MAX_NAMES;
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::server::SiteName;
use std::collections::BTreeSet;

/// The sites that a selector of a normalised line means, sorted: `riga`, `riga,lax`, `site!=lax`.
///
/// # Errors
/// Unknown sites, anything that tells servers apart and not sites, or nothing left; each with the place in the line.
pub fn resolve_sites(
    selector: &Spanned<Selector>,
    inventory: &Inventory,
    line: &str,
) -> Result<Vec<SiteName>, Misunderstanding> {
    let all = inventory.distinct(|server| Some(&server.site));
    let sites = Sites { all: &all, inventory, line }.choose(&selector.value)?;
    if sites.is_empty() {
        return Err(Misunderstanding::new(line, selector.span.clone(), Kind::NothingLeft));
    }
    Ok(sites.into_iter().cloned().collect())
}

struct Sites<'a> {
    all: &'a BTreeSet<&'a SiteName>,
    inventory: &'a Inventory,
    line: &'a str,
}

type Chosen<'a> = BTreeSet<&'a SiteName>;

impl<'a> Sites<'a> {
    fn choose(&self, selector: &Selector) -> Result<Chosen<'a>, Misunderstanding> {
        Ok(match selector {
            Selector::Names(names) => return self.named(names),
            Selector::Attribute(predicate) => return self.with_attribute(predicate),
            Selector::Tag(Spanned { span, .. }) | Selector::NameMatches(Spanned { span, .. }) => {
                return Err(self.are_servers(span));
            }
            Selector::Group(Spanned { span, .. }) => return Err(self.are_servers(span)),
            Selector::Undone(Spanned { span, .. }) => return Err(self.are_servers(span)),
            Selector::Union(left, right) => &self.choose(left)? | &self.choose(right)?,
            Selector::Intersection(left, right) => &self.choose(left)? & &self.choose(right)?,
            Selector::Difference(left, right) => &self.choose(left)? - &self.choose(right)?,
            Selector::Exclusive(left, right) => &self.choose(left)? ^ &self.choose(right)?,
        })
    }

    fn named(&self, names: &Spanned<NamePattern>) -> Result<Chosen<'a>, Misunderstanding> {
        let Some(wanted) = pattern::expand(&names.value, EXPANSION_MAX_NAMES) else {
            let fitting = self.all.iter().copied().filter(|site| pattern::fits(&names.value, site.as_str()));
            let chosen: Chosen<'a> = fitting.collect();
            let value = print::print_pattern(&names.value);
            return if chosen.is_empty() { Err(self.unknown(names, &value)) } else { Ok(chosen) };
        };
        let known = |name: &String| self.all.iter().copied().find(|site| site.as_str() == name);
        match wanted.iter().find(|name| known(name).is_none()) {
            Some(missing) => Err(self.unknown(names, missing)),
            None => Ok(wanted.iter().filter_map(known).collect()),
        }
    }

    fn unknown(&self, names: &Spanned<NamePattern>, value: &str) -> Misunderstanding {
        let kind = Kind::UnknownValue { attribute: Attribute::Site, value: value.into() };
        let near = nearest(value, self.all.iter().map(|site| site.as_str())).map(str::to_owned);
        Misunderstanding::new(self.line, names.span.clone(), kind).perhaps_suggesting(near)
    }

    /// What tells servers apart says nothing of whole sites.
    fn are_servers(&self, span: &Span) -> Misunderstanding {
        Misunderstanding::new(self.line, span.clone(), Kind::Unexpected { expected: Expected::Sites })
    }

    fn with_attribute(&self, predicate: &Spanned<Predicate>) -> Result<Chosen<'a>, Misunderstanding> {
        let Predicate { attribute, comparison, values } = &predicate.value;
        if *attribute != Attribute::Site {
            return Err(self.are_servers(&predicate.span));
        }
        for value in values {
            unknown::check_value(Attribute::Site, value, self.inventory, self.line)?;
        }
        let is_named = |site: &SiteName| values.iter().any(|value| value.value == site.as_str());
        let wanted = *comparison == Comparison::Equal;
        Ok(self.all.iter().copied().filter(|site| is_named(site) == wanted).collect())
    }
}
