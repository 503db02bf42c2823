//! What a refusal says would be allowed instead.

use super::answers::{note, read, refusal};
use super::command;
use crate::authorization::{Could, Missing, Nearest, RefusalKind, ServerKind};
use crate::conversation as say;
use crate::domain::identity::GroupName;
use crate::domain::place::ChannelName;
use crate::domain::server::{ServerType, SiteName};
use insta::assert_snapshot;
use std::collections::BTreeSet;

#[test]
fn a_refusal_tells_what_would_be_allowed_instead() {
    let told = |missing: Missing, at_most: Option<usize>| {
        let mut near = refusal(RefusalKind::NothingAllowed);
        near.could = Could::default();
        near.nearest = Some(Nearest { by: note("web-small", "small"), missing, at_most });
        let text = read(&say::refused(&near, &command("reboot"), "web", 20));
        text.lines().skip(3).collect::<Vec<_>>().join(" | ")
    };
    let (lax, riga) = (SiteName::new("lax"), SiteName::new("riga"));
    let kind =
        |name: &str, site: Option<&SiteName>| ServerKind { server_type: ServerType::new(name), site: site.cloned() };
    let kinds = vec![kind("edge-cache", None), kind("origin", Some(&lax))];
    let part = || Missing::Part { classes: BTreeSet::new(), servers: 3 };
    let all = [
        told(Missing::Size, Some(10)),
        told(part(), None),
        told(part(), Some(2)),
        told(Missing::PartOfSites(vec![riga.clone()]), None),
        told(Missing::Kinds(kinds.clone()), None),
        told(Missing::Kinds(kinds), Some(50)),
        told(Missing::Sites(vec![lax, riga]), None),
        told(Missing::Channel(ChannelName::new("noc")), None),
        told(Missing::Channel(ChannelName::new("noc")), Some(10)),
        told(Missing::Group(GroupName::new("sre")), Some(10)),
    ];
    assert_snapshot!(all.join("\n"), @"
    Nothing has started.
    Nothing has started. | Without those, reboot of the other 3 is allowed.
    Nothing has started. | Without those, reboot is allowed, at most 2 at once.
    Nothing has started. | Reboot is allowed for riga.
    Nothing has started. | Reboot is allowed for edge-cache and origin in lax.
    Nothing has started. | Reboot is allowed for edge-cache and origin in lax, at most 50 at once.
    Nothing has started. | Reboot is allowed for lax and riga.
    Nothing has started.
    Nothing has started. | In #noc you may, at most 10 at once.
    Nothing has started. | Members of sre may, at most 10 at once.
    ");
}
