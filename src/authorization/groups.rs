//! `groups.yaml`: groups of people that the workspace does not keep, made of its people and of other groups.

use super::known::Known;
use super::rules::{Member, member, member_word};
use super::sheet::{Sheet, Word};
use crate::domain::identity::{GroupName, PersonId, Profile};
use crate::yaml::{Content, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The file's name under `policies/`.
pub(super) const FILE: &str = "groups.yaml";

/// Which groups of our own somebody is in, by what the workspace knows of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct OwnGroups {
    names: BTreeSet<GroupName>,
    /// Through however many groups in between.
    above: BTreeMap<Member, BTreeSet<GroupName>>,
}

/// What one group of the file is made of, and where each member stands.
type Members = Vec<(Member, Range<usize>)>;

impl OwnGroups {
    /// The groups of the file; what is wrong with it is noted on the sheet.
    pub(super) fn read(sheet: &mut Sheet<'_>, known: &Known) -> Self {
        let Some(tree) = sheet.tree() else { return Self::default() };
        let entries = match &tree.content {
            Content::Map(entries) => entries,
            Content::Empty => return Self::default(),
            Content::Word(_) | Content::List(_) => {
                let help = "each line is a group and its members, e.g. `web-on-call: [\"@U0ANA\", noc]`";
                sheet.fault(&tree.span, "groups.yaml takes groups with their members", help);
                return Self::default();
            }
        };
        let names: BTreeSet<GroupName> = entries.iter().filter_map(|(key, _)| name(sheet, known, key)).collect();
        let mut all = known.clone();
        all.groups.extend(names.iter().cloned());
        let mut groups: BTreeMap<GroupName, Members> = BTreeMap::new();
        for (key, value) in entries {
            let Some(own) = key.word().map(GroupName::new).filter(|own| names.contains(own)) else { continue };
            let mut members = Vec::new();
            for word in sheet.words(value, &format!("`{own}`")) {
                if matches!(member_word(word.text), Member::Automation(_)) {
                    let help = "groups are of people: name the automation itself under `who`";
                    sheet.fault(word.span, "an automation is in no group", help);
                    continue;
                }
                members.extend(member(sheet, &all, word).map(|member| (member, word.span.clone())));
            }
            groups.insert(own, members);
        }
        if report_circle(sheet, &groups) {
            return Self { names, above: BTreeMap::new() };
        }
        let mut above: BTreeMap<Member, BTreeSet<GroupName>> = BTreeMap::new();
        for own in groups.keys() {
            for inside in everything_in(own, &groups) {
                above.entry(inside).or_default().insert(own.clone());
            }
        }
        Self { names, above }
    }

    /// The names of the file's groups.
    pub(super) fn names(&self) -> &BTreeSet<GroupName> {
        &self.names
    }

    /// Those groups, and each of our own that somebody is in by being in one of them.
    pub(super) fn with_all_above(&self, groups: &[GroupName]) -> BTreeSet<GroupName> {
        let own = groups.iter().filter_map(|group| self.above.get(&Member::Group(group.clone())));
        own.flatten().chain(groups).cloned().collect()
    }

    /// All groups of that person.
    pub(super) fn groups_of(&self, id: &PersonId, groups: &[GroupName]) -> BTreeSet<GroupName> {
        let mut all = self.with_all_above(groups);
        all.extend(self.above.get(&Member::Person(id.user.clone())).into_iter().flatten().cloned());
        all
    }

    /// The person with the groups of our own beside those of the workspace; doing it twice changes nothing.
    pub(super) fn complete(&self, person: Profile) -> Profile {
        let groups = self.groups_of(&person.id, &person.groups);
        Profile { groups: groups.into_iter().collect(), ..person }
    }
}

/// The members that the text names, for who reads it without the directory at hand.
pub(super) fn mentioned(tree: &Node) -> (BTreeSet<GroupName>, Vec<Word<'_>>) {
    let Content::Map(entries) = &tree.content else { return (BTreeSet::new(), Vec::new()) };
    let own = entries.iter().filter_map(|(key, _)| key.word().map(GroupName::new)).collect();
    let members = entries.iter().flat_map(|(_, value)| words_of(value)).collect();
    (own, members)
}

/// One word or a list of words, without a look at anything else.
pub(super) fn words_of(node: &Node) -> Vec<Word<'_>> {
    match &node.content {
        Content::Word(text) => vec![Word { text, span: &node.span }],
        Content::List(items) => {
            items.iter().filter_map(|item| item.word().map(|text| Word { text, span: &item.span })).collect()
        }
        Content::Empty | Content::Map(_) => Vec::new(),
    }
}

fn name(sheet: &mut Sheet<'_>, known: &Known, key: &Node) -> Option<GroupName> {
    let text = key.word().unwrap_or_default();
    let is_name = !text.is_empty() && !text.contains(char::is_whitespace) && !text.starts_with('@');
    if !is_name || text == "everyone" || !matches!(member_word(text), Member::Group(_)) {
        sheet.fault(
            &key.span,
            format!("`{text}` cannot be a group's name"),
            "a name is one word in small letters, e.g. `web-on-call`",
        );
        return None;
    }
    let own = GroupName::new(text);
    if known.groups.contains(&own) {
        let message = format!("`{own}` is a group of the workspace already");
        sheet.fault(&key.span, message, "who is in it would not be clear: give this one another name");
        return None;
    }
    Some(own)
}

/// Notes every group that holds itself, at the member by which it does.
fn report_circle(sheet: &mut Sheet<'_>, groups: &BTreeMap<GroupName, Members>) -> bool {
    let mut is_round = false;
    for (own, members) in groups {
        let by = members.iter().find(|(member, _)| match member {
            Member::Group(inside) => {
                inside == own || everything_in(inside, groups).contains(&Member::Group(own.clone()))
            }
            Member::Person(_) | Member::Automation(_) => false,
        });
        if let Some((Member::Group(inside), span)) = by {
            is_round = true;
            let message = if inside == own {
                format!("`{own}` is a member of itself")
            } else {
                format!("`{own}` holds `{inside}`, which holds `{own}`")
            };
            sheet.fault(span, message, "a circle of groups says nothing of who is in them: leave one member out");
        }
    }
    is_round
}

/// Everybody and every group inside a group, through however many groups; ends in a circle too.
fn everything_in(own: &GroupName, groups: &BTreeMap<GroupName, Members>) -> BTreeSet<Member> {
    let mut found = BTreeSet::new();
    let mut open = vec![own.clone()];
    while let Some(next) = open.pop() {
        for (member, _) in groups.get(&next).into_iter().flatten() {
            if found.insert(member.clone())
                && let Member::Group(group) = member
            {
                open.push(group.clone());
            }
        }
    }
    found
}
