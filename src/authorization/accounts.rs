//! `accounts.yaml`: whose the accounts of the bot's own host are, each by its number.
//!
//! What lets work start is asked for in a shell in the name of that person: by their own rights, and never agreed to by
//! themselves. Deliberately absent: brakes and cancel, which whoever may write the database file may.

use super::known::Known;
use super::load::Policies;
use super::rules::{Member, member};
use super::sheet::{Sheet, Word};
use crate::domain::identity::PersonId;
use crate::yaml::{Content, Node};
use std::collections::BTreeMap;

/// The file's name under `policies/`.
pub(super) const FILE: &str = "accounts.yaml";

/// Whose each account is.
pub(super) type Accounts = BTreeMap<u32, PersonId>;

/// What the file says; what is wrong with it is noted on the sheet.
pub(super) fn read(sheet: &mut Sheet<'_>, known: &Known) -> Accounts {
    let mut accounts = Accounts::new();
    let Some(tree) = sheet.tree() else { return accounts };
    let entries = match &tree.content {
        Content::Map(entries) => entries,
        Content::Empty => return accounts,
        Content::Word(_) | Content::List(_) => {
            let help = "each line is an account's number and whose it is, e.g. `1000: T0WRASSE/U0ANA`";
            sheet.fault(&tree.span, "accounts.yaml takes accounts with their people", help);
            return accounts;
        }
    };
    for (key, value) in entries {
        let text = key.word().unwrap_or_default();
        match text.parse::<u32>() {
            // `01000` is another spelling of the same account.
            Ok(account) if accounts.contains_key(&account) => {
                sheet.fault(&key.span, format!("{account} is named twice"), "an account has one owner");
            }
            Ok(account) => drop(owner(sheet, known, value).map(|owner| accounts.insert(account, owner))),
            Err(_) => sheet.fault(
                &key.span,
                format!("`{text}` is no account of this host"),
                "an account is a number, as `id -u` prints it",
            ),
        }
    }
    accounts
}

/// The person whom a value means: the workspace's id and theirs.
fn owner(sheet: &mut Sheet<'_>, known: &Known, value: &Node) -> Option<PersonId> {
    let text = value.word().unwrap_or_default();
    let is_id = |id: &str| id.len() > 1 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let ids = text.split_once('/').filter(|(team, user)| team.starts_with(['T', 'E']) && is_id(team) && is_id(user));
    let Some((team, user)) = ids else {
        let help =
            "write the workspace's id and the person's, e.g. `T0WRASSE/U0ANA`: both stand in the person's profile";
        sheet.fault(&value.span, format!("`{text}` is no person"), help);
        return None;
    };
    let begin = value.span.end.saturating_sub(user.len());
    let span = begin..value.span.end;
    match member(sheet, known, Word { text: user, span: &span })? {
        Member::Person(user) => Some(PersonId::new(team, user.as_str())),
        Member::Group(_) | Member::Automation(_) => None,
    }
}

/// The ids of people that the file names.
pub(super) fn mentioned(tree: &Node) -> Vec<&str> {
    let Content::Map(entries) = &tree.content else { return Vec::new() };
    entries.iter().filter_map(|(_, value)| Some(value.word()?.split_once('/')?.1)).collect()
}

impl Policies {
    /// Whose an account of the bot's host is, if the files say so.
    #[must_use]
    pub fn owner_of_account(&self, account: u32) -> Option<&PersonId> {
        self.accounts.get(&account)
    }
}
