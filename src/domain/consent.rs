//! How many people of which groups must agree, and whether those who did are enough.

use super::identity::GroupName;

/// So many different people of these groups, taken together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Quota {
    /// The groups they come from: sorted, at least one.
    pub from: Vec<GroupName>,
    /// How many people; at least one.
    pub count: u32,
}

impl Quota {
    /// So many people of one group.
    #[must_use]
    pub fn of(group: GroupName, count: u32) -> Self {
        Self { from: vec![group], count }
    }

    /// Whether a person of these groups counts for it.
    #[must_use]
    pub fn takes(&self, groups: &[GroupName]) -> bool {
        self.from.iter().any(|group| groups.contains(group))
    }
}

/// The quotas that these people leave open, with how many are missing. Each person counts once, where that helps most.
#[must_use]
pub fn missing(quotas: &[Quota], people: &[&[GroupName]]) -> Vec<Quota> {
    let places: Vec<&Quota> =
        quotas.iter().flat_map(|quota| std::iter::repeat_n(quota, quota.count as usize)).collect();
    let mut taken: Vec<Option<usize>> = vec![None; places.len()];
    for person in 0..people.len() {
        seat(person, people, &places, &mut taken, &mut vec![false; places.len()]);
    }
    let open = quotas.iter().scan(0, |first, quota| {
        let own = *first..*first + quota.count as usize;
        *first = own.end;
        let free = taken.get(own).map_or(0, |own| own.iter().filter(|place| place.is_none()).count());
        Some(Quota { from: quota.from.clone(), count: u32::try_from(free).unwrap_or(u32::MAX) })
    });
    open.filter(|quota| quota.count > 0).collect()
}

/// Finds the person a place, moving others to places that they fill as well.
fn seat(
    person: usize,
    people: &[&[GroupName]],
    places: &[&Quota],
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    let groups = people.get(person).copied().unwrap_or_default();
    for (number, quota) in places.iter().enumerate() {
        let is_new = tried.get(number).is_some_and(|tried| !tried) && quota.takes(groups);
        if !is_new {
            continue;
        }
        if let Some(tried) = tried.get_mut(number) {
            *tried = true;
        }
        let holder = taken.get(number).copied().flatten();
        if holder.is_none_or(|holder| seat(holder, people, places, taken, tried)) {
            if let Some(place) = taken.get_mut(number) {
                *place = Some(person);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    //! Enough is enough, however people and groups overlap.

    use super::{Quota, missing};
    use crate::domain::identity::GroupName;
    use proptest::prelude::*;

    fn groups(names: &[&str]) -> Vec<GroupName> {
        names.iter().map(|name| GroupName::new(*name)).collect()
    }

    fn open(quotas: &[Quota], people: &[&[&str]]) -> String {
        let people = people.iter().map(|names| groups(names)).collect::<Vec<_>>();
        let people = people.iter().map(Vec::as_slice).collect::<Vec<_>>();
        let told = missing(quotas, &people).into_iter().map(|quota| format!("{} of {:?}", quota.count, quota.from));
        told.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn each_person_counts_once_where_that_helps_most() {
        let quotas = [Quota::of(GroupName::new("sre"), 1), Quota::of(GroupName::new("edge"), 1)];
        assert_eq!(open(&quotas, &[]), "1 of [sre], 1 of [edge]");
        assert_eq!(open(&quotas, &[&["sre"]]), "1 of [edge]");
        assert_eq!(open(&quotas, &[&["sre", "edge"]]), "1 of [edge]");
        assert_eq!(open(&quotas, &[&["sre", "edge"], &["sre"]]), "", "the first moves over");
        assert_eq!(open(&quotas, &[&["sre"], &["sre"]]), "1 of [edge]");
        assert_eq!(open(&quotas, &[&["noc"], &[]]), "1 of [sre], 1 of [edge]");
        let either = [Quota { from: groups(&["dba", "sre"]), count: 2 }];
        assert_eq!(open(&either, &[&["dba"], &["sre"]]), "");
        assert_eq!(open(&[], &[&["dba"]]), "");
    }

    /// Tries every way of giving people places.
    fn most_seated(quotas: &[Quota], people: &[Vec<GroupName>]) -> u32 {
        let Some((person, others)) = people.split_first() else { return 0 };
        let left_out = most_seated(quotas, others);
        let places = (0..quotas.len()).filter(|place| quotas[*place].count > 0 && quotas[*place].takes(person));
        let seated = places.map(|place| {
            let mut quotas = quotas.to_vec();
            quotas[place].count -= 1;
            1 + most_seated(&quotas, others)
        });
        seated.max().unwrap_or(0).max(left_out)
    }

    proptest! {
        #[test]
        fn nobody_is_asked_for_in_vain(
            quotas in prop::collection::vec((prop::sample::subsequence(vec!["a", "b", "c"], 1..3), 1..3_u32), 0..4),
            people in prop::collection::vec(prop::sample::subsequence(vec!["a", "b", "c"], 0..3), 0..5),
        ) {
            let quotas: Vec<_> =
                quotas.into_iter().map(|(from, count)| Quota { from: groups(&from), count }).collect();
            let people: Vec<_> = people.into_iter().map(|names| groups(&names)).collect();
            let seats = people.iter().map(Vec::as_slice).collect::<Vec<_>>();
            let open: u32 = missing(&quotas, &seats).iter().map(|quota| quota.count).sum();
            let all: u32 = quotas.iter().map(|quota| quota.count).sum();
            prop_assert_eq!(open, all - most_seated(&quotas, &people));
        }
    }
}
