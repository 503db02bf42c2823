//! Help: by what people want to do, on one command, on the verbs and the language; each line in it is one to copy.

use super::{HELP, command, shown};
use crate::conversation::{self as say, topics};
use crate::domain::command::{CommandName, CommandSpec, HttpMethod, Impact, StepSpec};
use crate::domain::identity::GroupName;
use crate::domain::intent::BuiltInVerb;
use crate::domain::purpose::Purpose;
use crate::language::{Vocabulary, parse};
use insta::assert_snapshot;

#[test]
fn help_shows_what_works_for_this_person_here() {
    let commands = ["announce", "drain", "reboot", "undrain"].map(command);
    let commands = commands.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    assert_snapshot!(shown(&say::help(&commands, "noc"), HELP), @"
    What you can do in #noc
    ----
    What you can do in #noc
    See: `/fleet status`
    `/fleet plan reboot edge-lax-[001-020] because kernel update`
    While it waits: `/fleet why req-2mq9`
    Take out and put back: `/fleet drain edge-lax-001 because fan noise`
    `/fleet undrain edge-lax-001`
    Restart: `/fleet reboot edge-lax-[001-020] because kernel update`
    Tell people: `/fleet announce because riga is in maintenance until 18:00`
    Stop: `/fleet cancel req-2mq9`
    ~ in a thread, mention me instead of `/fleet` · more: `/fleet help reboot`, `/fleet help servers`, `/fleet help times`
    ");
    assert_snapshot!(shown(&say::help(&commands[..1], ""), HELP), @"
    What you can do here
    ----
    What you can do here
    See: `/fleet status`
    `/fleet plan announce because riga is in maintenance until 18:00`
    While it waits: `/fleet why req-2mq9`
    Tell people: `/fleet announce because riga is in maintenance until 18:00`
    Stop: `/fleet cancel req-2mq9`
    ~ in a thread, mention me instead of `/fleet` · more: `/fleet help announce`, `/fleet help servers`, `/fleet help times`
    ");
    assert_snapshot!(shown(&say::help(&[], "web"), HELP), @"
    What you can do in #web
    ----
    What you can do in #web
    See: `/fleet status`
    While it waits: `/fleet why req-2mq9`
    No command may be run by you here.
    ~ in a thread, mention me instead of `/fleet` · more: `/fleet help servers`, `/fleet help times`
    ");
}

#[test]
fn help_for_one_command_tells_its_form_and_two_examples() {
    assert_snapshot!(shown(&say::help_command(&command("reboot"), true, &["noc", "sre"].map(GroupName::new), "noc"), HELP), @"
    Reboot: Reboot servers, one wave at a time, and put them back into production
    ----
    Reboot: Reboot servers, one wave at a time, and put them back into production
    `/fleet reboot SERVERS [--wave PERCENT] because REASON`
    servers: edge-cache or origin, in production, standby or drained, at most 500
    at once: at most 4 in one site
    --wave: a percentage, such as 10%, else 10%
    above 10: 1 approval of sre
    `/fleet reboot edge-lax-[001-020] because kernel update`
    `/fleet reboot site=riga & type=edge-cache --wave 20% because firmware hang`
    ~ in #noc you may run it, with noc and sre · impact power-cycle · owner sre
    ");
    assert_snapshot!(shown(&say::help_command(&command("announce"), false, &[], "#web"), HELP), @"
    Announce: Post a line to the status page
    ----
    Announce: Post a line to the status page
    `/fleet announce because MESSAGE`
    `/fleet announce because riga is in maintenance until 18:00`
    `/fleet announce because all sites are back to normal`
    ~ in #web nobody may run it · impact config · owner sre
    ");
}

#[test]
fn every_line_of_help_is_understood() {
    let commands = ["announce", "drain", "reboot", "undrain"].map(command);
    let zone = Some(crate::domain::intent::ZoneName::new("Europe/Riga"));
    let now = crate::domain::time::Timestamp::from_millis(1_795_600_800_000);
    let vocabulary = Vocabulary { zone, now, ..Vocabulary::of(commands.to_vec()) };
    let specs = commands.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let mut pages = vec![say::help(&specs, "noc"), say::help_servers(), say::help_times(&specs)];
    pages.extend(BuiltInVerb::ALL.map(|verb| say::help_verb(verb, &specs)));
    pages.extend(Purpose::ALL.map(|purpose| say::help_purpose(purpose, &specs, "noc")));
    let text = pages.iter().map(|page| shown(page, HELP)).collect::<String>();
    let lines = text.split('`').filter_map(|piece| piece.strip_prefix("/fleet "));
    let lines = lines.filter(|line| !line.contains(|letter: char| letter.is_ascii_uppercase())).collect::<Vec<_>>();
    assert!(lines.len() >= 30, "{lines:?}");
    for line in lines {
        parse(line, &vocabulary).unwrap();
    }
    for (written, _) in topics::SELECTORS {
        crate::fleet::parse_whole_selector(written).unwrap();
    }
    for (written, _) in topics::TIMES {
        parse(&format!("reboot edge-lax-001 {written} because kernel update"), &vocabulary).unwrap();
    }
}

/// Pages one after the other, without what a lock screen shows of them.
fn told(pages: &[super::super::message::Message]) -> String {
    let page = |page| shown(page, HELP).split_once("----\n").unwrap().1.to_owned();
    pages.iter().map(page).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn help_on_a_verb_shows_lines_to_copy() {
    let commands = ["announce", "drain", "reboot", "undrain"].map(command);
    let specs = commands.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let verbs = BuiltInVerb::ALL.into_iter().filter(|verb| !is_brake(*verb));
    let mut pages = verbs.map(|verb| say::help_verb(verb, &specs)).collect::<Vec<_>>();
    pages.push(say::help_verb(BuiltInVerb::Plan, &[]));
    assert_snapshot!(told(&pages), @"
    Help: what you can do, or all about one thing
    `/fleet help [COMMAND or TOPIC]`
    `/fleet help servers`
    `/fleet help times`
    `/fleet help restart`
    ~ a topic is a command, a verb such as status, plan or can-i, something to do such as restart, servers, or times

    Status: what serves, what is under work, and how old that knowledge is
    `/fleet status [SERVERS]`
    `/fleet status`
    `/fleet status site=lax`
    ~ of the whole fleet, if no servers are named · everybody here may ask

    Cancel: stops a request: nothing new starts, what is in flight goes to a safe point
    `/fleet cancel REQUEST`
    `/fleet cancel req-2mq9`
    `/fleet plan cancel req-2mq9`
    ~ by whoever asked for it, or may ask for the same · the id stands on the request's card, first line

    Plan: what a line would do, without doing it
    `/fleet plan LINE`
    `/fleet plan reboot edge-lax-[001-020] because kernel update`
    ~ it tells the servers, the waves, the steps, whether you may, whose approval it needs, and what is in the way

    Can-i: whether you may send a line here, by which policy, and what it needs
    `/fleet can-i LINE`
    `/fleet can-i reboot edge-lax-[001-020] because kernel update`
    ~ the line need not say everything: what it lacks is told, and what stands in its way now

    Who-can: who may use a command here, in general or on some servers
    `/fleet who-can COMMAND [on SERVERS]`
    `/fleet who-can reboot`
    `/fleet who-can reboot on site=lax`
    ~ without servers: who may use it on some of them at least · everybody here may ask

    Why: why something waits, stands or ended: every reason, who holds it, what unblocks it
    `/fleet why [REQUEST or RUN or SERVER]`
    `/fleet why req-2mq9`
    `/fleet why run-2mq9.17`
    `/fleet why edge-lax-001`
    ~ in the thread of a request, why alone means that request · everybody here may ask

    Queue: what waits to start, in order, and the first reason of each
    `/fleet queue [SERVERS]`
    `/fleet queue`
    `/fleet queue site=lax`
    ~ first come, first looked at, and whoever is blocked is gone past · everybody here may ask

    Out: which servers are out of production: why, since when, whose
    `/fleet out [SERVERS]`
    `/fleet out`
    `/fleet out site=lax`
    ~ what a run of ours left behind can be returned by a button, if you may · everybody here may ask

    Plan: what a line would do, without doing it
    `/fleet plan LINE`
    ~ it tells the servers, the waves, the steps, whether you may, whose approval it needs, and what is in the way
    ");
}

#[test]
fn help_on_a_topic_shows_what_to_write() {
    let commands = ["announce", "drain", "reboot", "undrain"].map(command);
    let specs = commands.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let pages = [say::help_servers(), say::help_times(&specs), say::help_times(&[])];
    assert_snapshot!(told(&pages), @"
    How servers are chosen
    `edge-lax-[001-020,031]` these numbers; [001-020/2] is every second one
    `edge-lax-*` every name that begins so; name=~^edge-(lax|fra) is a regular expression
    `site=lax` also type, pool, rack and state
    `type in (edge-cache, origin)` either of these
    `site=lax & state!=drained` both at once: in lax, and not drained
    `site=lax ! edge-lax-007` the first without the second
    `@canaries, tag:canary=yes` either: a saved group, a tag
    `failed:req-2mq9` those on which a request left its work undone
    ~ nothing unknown is skipped · to see what it means: `/fleet status site=lax`

    How to say when work begins: behind the servers, before because
    `at 02:00` the next time your own clock shows it; 2am is the same
    `at tomorrow 02:00 Europe/Riga` by the clocks of a place
    `at 02:00 UTC` by no place's clock
    `at 02:00 site time` by the clocks where the servers are
    `in 2h30m` so long from now
    ~ at most 24 h ahead · without a time it begins as soon as it is safe · `/fleet reboot edge-lax-[001-020] at 02:00 because kernel update`

    How to say when work begins: behind the servers, before because
    `at 02:00` the next time your own clock shows it; 2am is the same
    `at tomorrow 02:00 Europe/Riga` by the clocks of a place
    `at 02:00 UTC` by no place's clock
    `at 02:00 site time` by the clocks where the servers are
    `in 2h30m` so long from now
    ~ at most 24 h ahead · without a time it begins as soon as it is safe
    ");
}

/// Whether it stops things, or lets them go on.
fn is_brake(verb: BuiltInVerb) -> bool {
    verb >= BuiltInVerb::StopEverything
}

#[test]
fn help_on_what_stops_things_shows_lines_to_copy() {
    let verbs = BuiltInVerb::ALL.into_iter().filter(|verb| is_brake(*verb));
    let commands = [command("reboot")];
    let specs = commands.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let pages = verbs.map(|verb| shown(&say::help_verb(verb, &specs), HELP).split_once("----\n").unwrap().1.to_owned());
    assert_snapshot!(pages.collect::<Vec<_>>().join("\n\n"), @"
    Stop-everything: nothing starts any more that changes a server, until somebody resumes
    `/fleet stop everything [--hard] [because REASON]`
    `/fleet stop everything because servers do not come back`
    ~ everybody may, where work may be asked for · what was begun goes to a safe point · a restart of mine changes nothing · with --hard nothing is given back either

    Resume-everything: everything goes on after a stop
    `/fleet resume everything because REASON`
    `/fleet resume everything because the cause was found`
    ~ by another person than who stopped, or by the same one after 10 min

    Freeze: nothing that changes a server starts there for a time; what is under way goes to its end
    `/fleet freeze SERVERS|everything until TIME|for DURATION because REASON`
    `/fleet freeze site=lax for 2h because a live match`
    `/fleet freeze everything until tomorrow 08:00 UTC because a holiday`
    ~ at most 30 days · a server that is added there later is covered too

    Thaw: ends a freeze sooner
    `/fleet thaw SERVERS|everything`
    `/fleet thaw site=lax`
    `/fleet thaw everything`
    ~ as it was said when it was frozen

    Hold: keeps servers from any work, or a request from starting more
    `/fleet hold SERVERS|REQUEST because REASON`
    `/fleet hold edge-lax-001 because I change its disk`
    `/fleet hold req-2mq9 because traffic is high`
    ~ a held server is not even returned · a held request starts no more, and what it began goes on; pause means the same

    Release: lets what was held go on
    `/fleet release SERVERS|REQUEST`
    `/fleet release edge-lax-001`
    `/fleet release req-2mq9`
    ~ by whoever may hold here · of a request, resume means the same

    Blacklist: keeps a command, or every one, from some servers for a time
    `/fleet blacklist SERVERS|everything [COMMAND] until TIME|for DURATION [--absolute] because REASON`
    `/fleet blacklist edge-lax-007 for 7d because its fans fail`
    ~ at most 30 days · what it covers waits; with --absolute it is left out, and nobody can override that

    Unblacklist: ends that sooner
    `/fleet unblacklist SERVERS|everything [COMMAND]`
    `/fleet unblacklist edge-lax-007`
    ~ as it was said then

    Override: lets what waits in a request pass one policy, once, when it cannot wait
    `/fleet override POLICY on REQUEST because REASON`
    `/fleet override capacity on req-2mq9 because customers are affected`
    `/fleet override concurrency on req-2mq9 because the site goes dark at noon`
    ~ by those whom policies/admission.yaml names · everybody sees it · for more than a few servers a second person must agree

    Close-breaker: lets a command start again that too many failures have stopped
    `/fleet close-breaker COMMAND [site=SITE|server=SERVER] because REASON`
    `/fleet close-breaker reboot site=lax because the cause is gone`
    ~ by whoever may use the command, once its canary has passed; by its owners before · the card of a request that waits names the breaker · that of a server keeps automations off it, and nobody else

    Retry: asks for the same anew, on the servers that a request left undone
    `/fleet retry REQUEST`
    `/fleet retry req-2mq9`
    ~ once the request is over, and once: what the new one leaves is retried from that · planned, allowed and approved like any other

    State: says how servers are that are out: in maintenance, in repair, ready, or on standby
    `/fleet state SERVERS maintenance|repair|ready|standby because REASON`
    `/fleet state edge-lax-007 repair because its PSU is dead`
    `/fleet state edge-lax-007 ready because the PSU is replaced`
    `/fleet state edge-lax-007 standby because it is a reserve`
    ~ by whoever the policies here let use state · a server that serves is drained first; one that is ready is still out, and undrain puts it back after its checks · what is drained and well can stand by for when too much comes · what is in repair leaves the total of its pool
    ");
}

#[test]
fn help_on_a_purpose_shows_all_that_is_for_it() {
    let commands = ["announce", "drain", "reboot", "undrain"].map(command);
    let specs = commands.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let told = Purpose::ALL.map(|purpose| {
        shown(&say::help_purpose(purpose, &specs, "noc"), HELP).split_once("----\n").unwrap().1.to_owned()
    });
    assert_snapshot!(told.join("\n\n"), @"
    See: what you can do in #noc
    `/fleet help` what you can do, or all about one thing
    `/fleet status` what serves, what is under work, and how old that knowledge is
    `/fleet plan reboot edge-lax-[001-020] because kernel update` what a line would do, without doing it
    `/fleet can-i reboot edge-lax-[001-020] because kernel update` whether you may send a line here, by which policy, and what it needs
    `/fleet who-can reboot` who may use a command here, in general or on some servers
    `/fleet why req-2mq9` why something waits, stands or ended: every reason, who holds it, what unblocks it
    `/fleet queue` what waits to start, in order, and the first reason of each
    `/fleet out` which servers are out of production: why, since when, whose
    ~ everything: `/fleet help`

    Take out and put back: what you can do in #noc
    `/fleet state edge-lax-007 repair because its PSU is dead` says how servers are that are out: in maintenance, in repair, ready, or on standby
    `/fleet drain edge-lax-001 because fan noise` Take servers out of their load balancer and wait until their connections have ended
    `/fleet undrain edge-lax-001` Put servers that are out back into their load balancer
    ~ everything: `/fleet help`

    Restart: what you can do in #noc
    `/fleet reboot edge-lax-[001-020] because kernel update` Reboot servers, one wave at a time, and put them back into production
    ~ everything: `/fleet help`

    Tell people: what you can do in #noc
    `/fleet announce because riga is in maintenance until 18:00` Post a line to the status page
    ~ everything: `/fleet help`

    Change: what you can do in #noc
    No command for this may be run by you here.
    ~ everything: `/fleet help`

    Remove for good: what you can do in #noc
    No command for this may be run by you here.
    ~ everything: `/fleet help`

    Stop: what you can do in #noc
    `/fleet cancel req-2mq9` stops a request: nothing new starts, what is in flight goes to a safe point
    `/fleet stop everything because servers do not come back` nothing starts any more that changes a server, until somebody resumes
    `/fleet resume everything because the cause was found` everything goes on after a stop
    `/fleet freeze site=lax for 2h because a live match` nothing that changes a server starts there for a time; what is under way goes to its end
    `/fleet hold edge-lax-001 because I change its disk` keeps servers from any work, or a request from starting more
    `/fleet blacklist edge-lax-007 for 7d because its fans fail` keeps a command, or every one, from some servers for a time
    `/fleet close-breaker reboot site=lax because the cause is gone` lets a command start again that too many failures have stopped
    ~ everything: `/fleet help`

    Waiting: what you can do in #noc
    `/fleet override capacity on req-2mq9 because customers are affected` lets what waits in a request pass one policy, once, when it cannot wait
    `/fleet retry req-2mq9` asks for the same anew, on the servers that a request left undone
    ~ everything: `/fleet help`
    ");
}

/// What a command is for follows from what it does, not from what it is called.
#[test]
fn purposes_follow_from_steps_and_impact() {
    let of = |name: &str| Purpose::of(&command(name));
    assert_eq!(
        ["announce", "drain", "reboot", "undrain"].map(of),
        [Purpose::Tell, Purpose::TakeOut, Purpose::Restart, Purpose::TakeOut]
    );
    let changed = |name: &str, change: fn(&mut CommandSpec)| {
        let mut spec = command(name).as_ref().clone();
        change(&mut spec);
        Purpose::of(&spec)
    };
    let http = |method| {
        move |spec: &mut CommandSpec| {
            for step in &mut spec.steps {
                if let StepSpec::Http(http) = step {
                    http.method = method;
                }
            }
        }
    };
    let mut looks = command("announce").as_ref().clone();
    http(HttpMethod::Get)(&mut looks);
    assert_eq!(Purpose::of(&looks), Purpose::Change, "its file says that it changes something");
    looks.impact = Impact::ReadOnly;
    assert_eq!(Purpose::of(&looks), Purpose::See);
    assert_eq!(changed("drain", |spec| spec.impact = Impact::PowerCycle), Purpose::Restart);
    assert_eq!(changed("drain", |spec| spec.impact = Impact::Destructive), Purpose::Remove);
    // What is sent besides a person's own words is no news for people.
    assert_eq!(changed("announce", |spec| spec.parameters[0].asked_as_because = false), Purpose::Change);
}

#[test]
fn help_of_many_commands_shows_the_first_of_each_purpose() {
    let mut many = ["announce", "drain", "reboot", "undrain"].map(|name| command(name).as_ref().clone()).to_vec();
    for (name, of) in [("erase", 1), ("flush", 0), ("rekey", 0), ("restart", 2)] {
        let mut spec = many[of].clone();
        spec.name = CommandName::new(name);
        spec.examples = vec![format!("{name} edge-lax-001 because x")];
        match name {
            "erase" => spec.impact = Impact::Destructive,
            "flush" | "rekey" => spec.parameters[0].asked_as_because = false,
            _ => {}
        }
        many.push(spec);
    }
    many.sort_by(|one, other| one.name.cmp(&other.name));
    let specs = many.iter().collect::<Vec<_>>();
    assert_snapshot!(shown(&say::help(&specs, "noc"), HELP), @"
    What you can do in #noc
    ----
    What you can do in #noc
    See: `/fleet status`
    `/fleet plan erase edge-lax-001 because x`
    While it waits: `/fleet why req-2mq9`
    Take out and put back: `/fleet drain edge-lax-001 because fan noise`
    Restart: `/fleet reboot edge-lax-[001-020] because kernel update`
    Tell people: `/fleet announce because riga is in maintenance until 18:00`
    Change: `/fleet flush edge-lax-001 because x`
    Stop: `/fleet cancel req-2mq9`
    ~ in a thread, mention me instead of `/fleet` · also: erase, undrain, restart + 1 more · more: `/fleet help erase`, `/fleet help servers`, `/fleet help times`
    ");
}
