//! `channels.yaml`: which channel a policy file speaks about, by the workspace's id and never by its name there; and
//! the most that may be done in a channel, by who can read along.

use super::faults::PolicyFaults;
use super::load::PolicyFile;
use super::yaml::{Content, Node, Sheet, Word, did_you_mean};
use crate::domain::command::Impact;
use crate::domain::place::{ChannelId, ChannelName, Reach};
use std::collections::BTreeMap;
use std::ops::Range;

const FILE: &str = "channels.yaml";
/// The name under which `channels/` speaks of conversations of one person with the bot.
pub(super) const DIRECT: &str = "direct";
const NOTHING: &str = "nothing";
const EVERYTHING: &str = "everything";

/// The most harmful impact class that may be asked for in a channel, whatever its policies allow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Ceiling {
    /// Not even what only looks.
    Nothing,
    /// That class and what is less harmful.
    UpTo(Impact),
}

impl Ceiling {
    /// Every policy counts as it is written.
    pub const EVERYTHING: Self = Self::UpTo(Impact::Destructive);

    /// Whether a command of that class may be asked for.
    #[must_use]
    pub fn allows(self, impact: Impact) -> bool {
        match self {
            Self::Nothing => false,
            Self::UpTo(most) => impact <= most,
        }
    }

    fn of(word: &str) -> Option<Self> {
        match word {
            NOTHING => Some(Self::Nothing),
            EVERYTHING => Some(Self::EVERYTHING),
            class => Impact::ALL.into_iter().find(|impact| impact.word() == class).map(Self::UpTo),
        }
    }
}

/// The channels that policies speak about, and how far they may go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Channels {
    entries: BTreeMap<ChannelName, Entry>,
    shared: Ceiling,
    private: Ceiling,
    direct: Ceiling,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    id: ChannelId,
    /// In place of what its reach would say.
    at_most: Option<Ceiling>,
}

impl Default for Channels {
    /// What others read along with, and what nobody else sees, is read-only.
    fn default() -> Self {
        let read_only = Ceiling::UpTo(Impact::ReadOnly);
        Self { entries: BTreeMap::new(), shared: read_only, private: Ceiling::EVERYTHING, direct: read_only }
    }
}

impl FromIterator<(ChannelName, ChannelId)> for Channels {
    fn from_iter<T: IntoIterator<Item = (ChannelName, ChannelId)>>(pairs: T) -> Self {
        let entries = pairs.into_iter().map(|(name, id)| (name, Entry { id, at_most: None }));
        Self { entries: entries.collect(), ..Self::default() }
    }
}

impl Channels {
    /// The channels of `channels.yaml`.
    ///
    /// # Errors
    /// Unknown keys and words, doubled names or ids, and ids that are not a channel's.
    pub fn parse(text: &str) -> Result<Self, PolicyFaults> {
        let file = PolicyFile { name: FILE.to_owned(), text: text.to_owned() };
        let mut sheet = Sheet::new(&file);
        let channels = sheet.tree().map(|tree| read(&mut sheet, &tree)).unwrap_or_default();
        if sheet.faults.is_empty() { Ok(channels) } else { Err(PolicyFaults::new(sheet.faults)) }
    }

    /// Each with its id, sorted by name.
    pub fn ids(&self) -> impl Iterator<Item = (&ChannelName, &ChannelId)> {
        self.entries.iter().map(|(name, entry)| (name, &entry.id))
    }

    /// The most that may be done in that channel.
    #[must_use]
    pub fn ceiling(&self, channel: &ChannelId, reach: Reach) -> Ceiling {
        let own = self.entries.values().find(|entry| entry.id == *channel).and_then(|entry| entry.at_most);
        own.unwrap_or(match reach {
            Reach::OwnWorkspace => Ceiling::EVERYTHING,
            Reach::Private => self.private,
            Reach::Shared => self.shared,
            Reach::Direct => self.direct,
        })
    }
}

fn read(sheet: &mut Sheet<'_>, tree: &Node) -> Channels {
    let mut channels = Channels::default();
    if matches!(tree.content, Content::Empty) {
        return channels;
    }
    if let Content::Map(entries) = &tree.content
        && let Some((first, _)) = entries.iter().find(|(_, value)| value.word().is_some_and(is_channel_id))
    {
        sheet.fault(
            &first.span,
            "channels stand under a key of their own",
            "write `channels:` above them, and indent them below it",
        );
        return channels;
    }
    let Some(keys) = sheet.keys(tree, FILE, &["channels", "reach"]) else { return channels };
    if let Some(reach) =
        keys.get("reach").and_then(|node| sheet.keys(node, "`reach`", &["shared", "private", "direct"]))
    {
        let mut of = |key: &str, usual: Ceiling| match reach.get(key) {
            Some(node) => ceiling(sheet, node, &format!("`{key}`")).unwrap_or(usual),
            None => usual,
        };
        channels.shared = of("shared", channels.shared);
        channels.private = of("private", channels.private);
        channels.direct = of("direct", channels.direct);
    }
    let entries = match keys.get("channels").map(|node| (node, &node.content)) {
        Some((_, Content::Map(entries))) => entries,
        Some((_, Content::Empty)) | None => return channels,
        Some((node, Content::Word(_) | Content::List(_))) => {
            sheet.fault(&node.span, "`channels` takes names with ids", "each line is `name: id`, e.g. `noc: C0NOC`");
            return channels;
        }
    };
    let mut names_by_id: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, value) in entries {
        let Some(name) = name(sheet, key) else { continue };
        let Some((id, at_most)) = entry(sheet, value, name) else { continue };
        if let Some(other) = names_by_id.insert(id.text, name) {
            sheet.fault(
                id.span,
                format!("`{name}` and `{other}` have the same id {}", id.text),
                "one channel has one name here",
            );
        }
        channels.entries.insert(ChannelName::new(name), Entry { id: ChannelId::new(id.text), at_most });
    }
    channels
}

fn name<'n>(sheet: &mut Sheet<'_>, key: &'n Node) -> Option<&'n str> {
    let name = key.word().unwrap_or_default();
    if name == DIRECT {
        let help = "give this channel another name here: the name in the workspace never decides";
        sheet.fault(&key.span, "`direct` stands for conversations of one person with the bot", help);
        return None;
    }
    if name.is_empty() || name.contains(['/', '#']) || name.contains(char::is_whitespace) {
        sheet.fault(
            &key.span,
            format!("`{name}` cannot be a channel's name"),
            "write it without `#`, e.g. `noc: C0NOC`",
        );
        return None;
    }
    Some(name)
}

/// `C0NOC`, or `{ id: C0NOC, at-most: config }`.
fn entry<'n>(sheet: &mut Sheet<'_>, value: &'n Node, name: &str) -> Option<(Word<'n>, Option<Ceiling>)> {
    let (id, at_most) = match &value.content {
        Content::Word(text) => (Word { text, span: &value.span }, None),
        Content::Map(_) | Content::Empty | Content::List(_) => {
            let keys = sheet.keys(value, &format!("`{name}`"), &["id", "at-most"])?;
            let at_most = keys.get("at-most").and_then(|node| ceiling(sheet, node, "`at-most`"));
            let Some(id) = keys.get("id") else {
                sheet.fault(&value.span, format!("`{name}` has no id"), "e.g. `{ id: C0NOC, at-most: config }`");
                return None;
            };
            (sheet.word(id, "`id`")?, at_most)
        }
    };
    if !is_channel_id(id.text) {
        let help = "an id has capitals and digits and begins with C or G, e.g. `C0NOC`";
        sheet.fault(id.span, format!("`{}` is not a channel's id", id.text), help);
        return None;
    }
    Some((id, at_most))
}

fn ceiling(sheet: &mut Sheet<'_>, node: &Node, what: &str) -> Option<Ceiling> {
    let word = node.word().unwrap_or_default();
    let found = Ceiling::of(word);
    if found.is_none() {
        let words: Vec<&str> =
            std::iter::once(NOTHING).chain(Impact::ALL.map(Impact::word)).chain(std::iter::once(EVERYTHING)).collect();
        let help = did_you_mean(word, words.iter().copied())
            .unwrap_or_else(|| format!("it takes one of {}", words.join(", ")));
        let span: &Range<usize> = &node.span;
        sheet.fault(span, format!("{what} is `{word}`"), help);
    }
    found
}

fn is_channel_id(id: &str) -> bool {
    id.starts_with(['C', 'G']) && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
