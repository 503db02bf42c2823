//! The matrix: every kind of person, in every kind of channel, on every surface; each cell runs or is refused.
//!
//! Buttons and forms are offered to a member in an ordinary channel; the person and the channel become what the cell
//! says before the press, so that what counts is what they are then. The surface that is a shell has a matrix of its own, in
//! `command_line_matrix`, because it is another process.

use crate::stage::{Channel, Person, Stage, minutes, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;
use wrasse::ports::authorizations::Sought;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Member,
    Approver,
    Guest,
    Stranger,
    Deactivated,
    Bot,
    /// The id of the member, in another workspace.
    SameId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Public,
    Private,
    Shared,
    Direct,
    NoRules,
    NoBot,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Surface {
    Slash,
    Mention,
    Button,
    Form,
}

const KINDS: [Kind; 7] =
    [Kind::Member, Kind::Approver, Kind::Guest, Kind::Stranger, Kind::Deactivated, Kind::Bot, Kind::SameId];
const PLACES: [Place; 6] = [Place::Public, Place::Private, Place::Shared, Place::Direct, Place::NoRules, Place::NoBot];
const SURFACES: [Surface; 4] = [Surface::Slash, Surface::Mention, Surface::Button, Surface::Form];

/// One kind of person: whoever is offered buttons, and whoever acts in the end.
struct Actor {
    kind: Kind,
    offered: Person,
    acting: Person,
}

impl Actor {
    fn new(stage: &Stage, kind: Kind) -> Self {
        let group = if kind == Kind::Approver { "sre" } else { "noc" };
        let offered = stage.person(&format!("{kind:?}").to_lowercase()).in_group(group);
        let acting = if kind == Kind::SameId { offered.in_another_workspace("noc") } else { offered.clone() };
        Self { kind, offered, acting }
    }

    fn is_member(&self) {
        let _member = self.offered.clone().with_standing(Standing::Member);
    }

    fn is_what_it_is(&self) {
        let standing = match self.kind {
            Kind::Member | Kind::Approver | Kind::SameId => Standing::Member,
            Kind::Guest => Standing::Guest,
            Kind::Stranger => Standing::Stranger,
            Kind::Deactivated => Standing::Deactivated,
            Kind::Bot => Standing::Bot,
        };
        let _changed = self.offered.clone().with_standing(standing);
    }
}

/// A channel as it is while buttons are offered, and as it is in the end.
struct There {
    place: Place,
    channel: Channel,
}

impl There {
    fn is_ordinary(&self) {
        self.channel.invites_bot();
        if self.place != Place::Direct {
            self.channel.is_own();
        }
    }

    fn is_what_it_is(&self) {
        match self.place {
            Place::Public | Place::Direct | Place::NoRules => {}
            Place::Private => self.channel.is_private(),
            Place::Shared => self.channel.is_shared(),
            Place::NoBot => self.channel.without_bot(),
        }
    }
}

async fn all_made(stage: &Stage, actor: &Actor) -> usize {
    let store = stage.store().await;
    let mut made = store.requests_of(actor.offered.id(), 1_000).await.unwrap().len();
    if actor.kind == Kind::SameId {
        made += store.requests_of(actor.acting.id(), 1_000).await.unwrap().len();
    }
    made
}

/// The verdicts that were stored so far.
async fn verdicts(stage: &Stage) -> Vec<String> {
    let found = stage.store().await.authorizations(&Sought { request: None, since: None, limit: 100_000 }).await;
    found.unwrap().into_iter().map(|one| one.record.verdict).collect()
}

/// Plays one cell: `runs`, or why not.
async fn cell(stage: &Stage, actor: &Actor, there: &There, (surface, server): (Surface, &str)) -> String {
    let Actor { offered, acting, .. } = actor;
    let channel = &there.channel;
    let line = format!("reboot {server} because matrix");
    let made = all_made(stage, actor).await;
    actor.is_member();
    there.is_ordinary();
    let on_time_of_use = || {
        actor.is_what_it_is();
        there.is_what_it_is();
    };
    let before = match surface {
        Surface::Slash | Surface::Mention => {
            on_time_of_use();
            let before = verdicts(stage).await.len();
            match (surface, there.place) {
                (Surface::Slash, _) => acting.types(channel, &format!("/fleet {line}")).await,
                (_, Place::Direct) => acting.writes(&line).await,
                (_, _) => acting.mentions(channel, &format!("@wrasse {line}")).await,
            };
            before
        }
        Surface::Button => {
            let thread = offered.types_late(channel, minutes(5), &format!("/fleet {line}")).await;
            let button = offered.sees_button(&thread, "Run it now").unwrap();
            on_time_of_use();
            let before = verdicts(stage).await.len();
            acting.presses_again(&thread, &button).await;
            before
        }
        Surface::Form => {
            let thread = offered.types(channel, &format!("/fleet reboot {server}")).await;
            if !thread.transcript().contains("(form for") {
                return "no form".to_owned();
            }
            on_time_of_use();
            let before = verdicts(stage).await.len();
            acting.fills_form_of(offered, &thread, &[("Because", "matrix")]).await;
            before
        }
    };
    let told = verdicts(stage).await;
    match told.get(before..).unwrap_or_default().last() {
        Some(verdict) if all_made(stage, actor).await > made => {
            assert_eq!(verdict, "allowed");
            "RUNS".to_owned()
        }
        Some(verdict) => verdict.clone(),
        None => panic!("no answer was stored of {:?} {:?} {surface:?}", actor.kind, there.place),
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a third of it is the table")]
async fn who_may_where_and_by_what() {
    story(async |stage| {
        stage.fleet().has("edge-lax-[101-268]");
        stage.lets_out(50);
        let rules = "allow:\n  - { id: NAME-noc, who: noc, commands: reboot, reason: the NOC reboots }\n";
        let named = |name: &str| stage.channel(&format!("#{name}"));
        let ruled = |name: &str| named(name).has_rules(&rules.replace("NAME", name));
        let (public, private, shared, no_bot) = (ruled("public"), ruled("private"), ruled("shared"), ruled("nobot"));
        let no_rules = named("norules");
        let actors = KINDS.map(|kind| Actor::new(stage, kind));
        let mut table = vec![format!("{:13}{}", "", PLACES.map(|place| format!("{place:?}")).join(" | "))];
        let (mut server, mut ran, mut refused) = (100, Vec::new(), Vec::new());
        for actor in &actors {
            for surface in SURFACES {
                let mut row = Vec::new();
                for place in PLACES {
                    let channel = match place {
                        Place::Public => public.clone(),
                        Place::Private => private.clone(),
                        Place::Shared => shared.clone(),
                        Place::Direct => actor.offered.direct(),
                        Place::NoRules => no_rules.clone(),
                        Place::NoBot => no_bot.clone(),
                    };
                    server += 1;
                    let name = format!("edge-lax-{server}");
                    let told = cell(stage, actor, &There { place, channel }, (surface, &name)).await;
                    if told == "RUNS" { &mut ran } else { &mut refused }.push(name);
                    row.push(told);
                }
                let head = format!("{:?} {surface:?}", actor.kind);
                table.push(format!("{head:20} {}", row.join(" | ")));
            }
        }
        assert_snapshot!(table.join("\n"), @"
                     Public | Private | Shared | Direct | NoRules | NoBot
        Member Slash         RUNS | RUNS | ceiling | ceiling | no-policy | bot-not-here
        Member Mention       RUNS | RUNS | ceiling | ceiling | no-policy | bot-not-here
        Member Button        RUNS | RUNS | ceiling | ceiling | no-policy | bot-not-here
        Member Form          RUNS | RUNS | ceiling | no form | no form | bot-not-here
        Approver Slash       nothing-allowed | nothing-allowed | ceiling | ceiling | no-policy | bot-not-here
        Approver Mention     nothing-allowed | nothing-allowed | ceiling | ceiling | no-policy | bot-not-here
        Approver Button      nothing-allowed | nothing-allowed | ceiling | ceiling | no-policy | bot-not-here
        Approver Form        no form | no form | no form | no form | no form | no form
        Guest Slash          standing | standing | standing | standing | standing | standing
        Guest Mention        standing | standing | standing | standing | standing | standing
        Guest Button         standing | standing | standing | standing | standing | standing
        Guest Form           standing | standing | standing | no form | no form | standing
        Stranger Slash       standing | standing | standing | standing | standing | standing
        Stranger Mention     standing | standing | standing | standing | standing | standing
        Stranger Button      standing | standing | standing | standing | standing | standing
        Stranger Form        standing | standing | standing | no form | no form | standing
        Deactivated Slash    standing | standing | standing | standing | standing | standing
        Deactivated Mention  standing | standing | standing | standing | standing | standing
        Deactivated Button   standing | standing | standing | standing | standing | standing
        Deactivated Form     standing | standing | standing | no form | no form | standing
        Bot Slash            standing | standing | standing | standing | standing | standing
        Bot Mention          standing | standing | standing | standing | standing | standing
        Bot Button           standing | standing | standing | standing | standing | standing
        Bot Form             standing | standing | standing | no form | no form | standing
        SameId Slash         standing | standing | standing | standing | standing | standing
        SameId Mention       standing | standing | standing | standing | standing | standing
        SameId Button        standing | standing | standing | standing | standing | standing
        SameId Form          not-theirs | not-theirs | not-theirs | no form | no form | not-theirs
        ");
        for there in [&public, &private, &shared, &no_bot] {
            there.is_own();
            there.invites_bot();
        }
        stage.clock().advance(minutes(10)).await;
        ran.iter().for_each(|name| stage.fleet().rebooted(name, times(1)));
        refused.iter().for_each(|name| stage.fleet().rebooted(name, times(0)));
        for channel in [public, private, shared, no_bot, no_rules] {
            channel.transcript();
        }
        for actor in &actors {
            actor.offered.direct().transcript();
        }
    })
    .await;
}
