//! Arbitrary stored values, for the round-trip properties.

use super::strategies_of_values::{value, value_kind};
use crate::conversation::message::{
    Block, Button, Confirm, Form, FormBlock, Message, Piece, Press, StepLine, StepMark, Style,
};
use crate::domain::command::{
    ApprovalRule, CommandName, CommandSpec, EscalationRule, GateCheck, HostCheck, HttpMethod, HttpSpec, Impact, Input,
    Need, Output, OwnerOf, ParameterSpec, PowerPath, Priority, RebootSpec, Sent, StepSpec, Targets, WaveRule, WaveSize,
};
use crate::domain::effect::{Begun, BootId};
use crate::domain::identity::{Actor, GroupName, PersonId};
use crate::domain::ids::{BrakeId, DeliveryKey, Fingerprint, Handle, RequestId, RunId};
use crate::domain::intent::{Moment, ParameterName, ZoneName};
use crate::domain::place::{ChannelId, MessageRef, MessageTs, Origin, ReplyPath};
use crate::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
use crate::domain::server::{PoolName, ProductionState, RackName, ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::ports::chat::{PrivateTo, Replaces, TriggerId, ViewId};
use crate::ports::store::{Bound, Content, ControlAction, Destination, FormOf, Notice};
use crate::workflow::Admission;
use crate::workflow::request::ControlVerb;
use crate::workflow::run::{Answer, Failure, FailureKind, RunEvent, RunOutcome, StepIntent};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use std::fmt::Debug;
use std::time::Duration;

pub(super) fn text() -> BoxedStrategy<String> {
    "\\PC{0,6}".boxed()
}

pub(super) fn time() -> BoxedStrategy<Timestamp> {
    any::<i64>().prop_map(Timestamp::from_millis).boxed()
}

pub(super) fn length() -> BoxedStrategy<Duration> {
    any::<u32>().prop_map(|millis| Duration::from_millis(u64::from(millis))).boxed()
}

pub(super) fn request_id() -> BoxedStrategy<RequestId> {
    "[2-9a-hjkmnp-z]{4,8}".prop_filter_map("an id", |tail| RequestId::from_tail(&tail)).boxed()
}

pub(super) fn run_id() -> BoxedStrategy<RunId> {
    (request_id(), any::<u32>()).prop_map(|(request, number)| request.run(number)).boxed()
}

pub(super) fn hash() -> BoxedStrategy<Fingerprint> {
    text().prop_map(|text| Fingerprint::of(text.as_bytes())).boxed()
}

pub(super) fn person() -> BoxedStrategy<PersonId> {
    (text(), text()).prop_map(|(team, user)| PersonId::new(team, user)).boxed()
}

fn state() -> BoxedStrategy<ProductionState> {
    select(ProductionState::ALL.to_vec()).boxed()
}

pub(super) fn message_ref() -> BoxedStrategy<MessageRef> {
    let of = |(channel, ts): (String, String)| MessageRef { channel: ChannelId::new(channel), ts: MessageTs::new(ts) };
    (text(), text()).prop_map(of).boxed()
}

fn reply_path() -> BoxedStrategy<ReplyPath> {
    prop_oneof![
        text().prop_map(ReplyPath::ResponseAddress),
        option::of(text().prop_map(MessageTs::new)).prop_map(|thread| ReplyPath::Private { thread }),
        Just(ReplyPath::Direct),
        Just(ReplyPath::Nobody),
        text().prop_map(|account| ReplyPath::Shell { account }),
    ]
    .boxed()
}

pub(super) fn origin() -> BoxedStrategy<Origin> {
    (person(), text().prop_map(ChannelId::new), option::of(text().prop_map(MessageTs::new)), reply_path())
        .prop_map(|(person, channel, thread, reply)| Origin { person: Actor::recalled(person), channel, thread, reply })
        .boxed()
}

pub(super) fn planned_server() -> BoxedStrategy<PlannedServer> {
    let names = (text(), text(), text(), text(), text(), option::of(text()));
    names
        .prop_map(|(id, name, server_type, site, rack, pool)| PlannedServer {
            id: ServerId::new(id),
            name: ServerName::new(name),
            server_type: ServerType::new(server_type),
            site: SiteName::new(site),
            rack: RackName::new(rack),
            pool: pool.map(PoolName::new),
        })
        .boxed()
}

fn subject() -> BoxedStrategy<Subject> {
    let server = planned_server().prop_map(Subject::Server);
    let site = text().prop_map(|site| Subject::Site(SiteName::new(site)));
    prop_oneof![4 => server, 1 => site, 1 => Just(Subject::Nothing)].boxed()
}

fn moment() -> BoxedStrategy<Moment> {
    (time(), text()).prop_map(|(at, zone)| Moment { at, zone: ZoneName::new(zone) }).boxed()
}

pub(super) fn plan() -> BoxedStrategy<Plan> {
    let parameters = btree_map(text().prop_map(ParameterName::new), value(), 0..3);
    let people = (request_id(), person(), text(), text());
    let times = (length(), option::of(moment()), time());
    (people, hash(), parameters, vec(subject(), 1..4), times)
        .prop_map(|((request, requester, channel, command), definition, parameters, subjects, times)| {
            let (soak, not_before, expires_at) = times;
            let waves = vec![1; subjects.len()];
            let (command, channel) = (CommandName::new(command), ChannelId::new(channel));
            let parts = PlanParts {
                request,
                command,
                definition,
                parameters,
                subjects,
                waves,
                soak,
                requester,
                channel,
                not_before,
                expires_at,
            };
            Plan::new(parts).expect("waves of one add up")
        })
        .boxed()
}

fn parameter_spec() -> BoxedStrategy<ParameterSpec> {
    (text(), value_kind(), option::of(value()), any::<bool>(), any::<bool>())
        .prop_map(|(name, kind, default, is_required, asked_as_because)| {
            let need = if is_required { Need::Required } else { Need::Optional };
            ParameterSpec { name: ParameterName::new(name), kind, default, need, asked_as_because }
        })
        .boxed()
}

fn input<T: Clone + Debug + 'static>(literal: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Input<T>> {
    prop_oneof![
        3 => literal.prop_map(Input::Literal),
        1 => text().prop_map(|name| Input::Parameter(ParameterName::new(name))),
    ]
    .boxed()
}

fn sent() -> BoxedStrategy<Sent> {
    let parameter = text().prop_map(|name| Sent::Parameter(ParameterName::new(name)));
    prop_oneof![parameter, select(Output::ALL.to_vec()).prop_map(Sent::Output)].boxed()
}

fn step_spec() -> BoxedStrategy<StepSpec> {
    let length = || input(length());
    let way = || select(vec![PowerPath::Ssh, PowerPath::Redfish]);
    let method = select(vec![HttpMethod::Get, HttpMethod::Post]);
    prop_oneof![
        (length(), input(any::<u64>()))
            .prop_map(|(timeout, connections_max)| StepSpec::Drain { timeout, connections_max }),
        vec(select(vec![GateCheck::DrainStillHolds, GateCheck::Capacity]), 0..3).prop_map(StepSpec::Gate),
        (way(), option::of(way()), length(), length()).prop_map(|(via, otherwise, timeout, grace)| {
            StepSpec::Reboot(RebootSpec { via, otherwise, timeout, grace })
        }),
        (vec(select(HostCheck::ALL.to_vec()), 0..4), length())
            .prop_map(|(checks, timeout)| StepSpec::Check { checks, timeout }),
        length().prop_map(|timeout| StepSpec::RestoreState { timeout }),
        length().prop_map(|timeout| StepSpec::Undrain { timeout }),
        (method, text(), vec(sent(), 0..3), any::<u16>(), length()).prop_map(|(method, url, send, expect, timeout)| {
            StepSpec::Http(HttpSpec { method, url, send, expect, timeout })
        }),
    ]
    .boxed()
}

pub(super) fn spec() -> BoxedStrategy<CommandSpec> {
    let servers = (vec(text().prop_map(ServerType::new), 0..3), vec(state(), 0..3), any::<u32>())
        .prop_map(|(types, from, max)| Targets::Servers { types, from, max });
    let sites = any::<u32>().prop_map(|max| Targets::Sites { max });
    let targets = prop_oneof![servers, sites, Just(Targets::None)];
    let size = prop_oneof![
        any::<u8>().prop_map(WaveSize::Percent),
        text().prop_map(|name| WaveSize::Parameter(ParameterName::new(name))),
        Just(WaveSize::All),
    ];
    let waves = (any::<u32>(), size, length(), any::<u32>()).prop_map(|(canary, then, soak, failures)| WaveRule {
        canary,
        then,
        soak,
        stop_when_failures_exceed: failures,
    });
    let approvals = (any::<(u32, u32)>(), text(), length()).prop_map(|((above, count), from, within)| ApprovalRule {
        above,
        from: GroupName::new(from),
        count,
        within,
        owners: if count % 2 == 0 { OwnerOf::ALL.to_vec() } else { Vec::new() },
        escalation: (above % 2 == 0).then(|| EscalationRule { to: GroupName::new("lead"), after: within }),
    });
    let words = (text(), text(), text(), select(Impact::ALL.to_vec()), hash());
    let priority = (select(Priority::ALL.to_vec()), any::<bool>());
    let rules = (targets, waves, option::of(any::<u32>()), option::of(approvals), priority);
    let lists = (vec(parameter_spec(), 0..3), vec(step_spec(), 0..4), vec(text(), 0..3));
    (words, rules, lists)
        .prop_map(|((name, summary, owner, impact, hash), rules, (parameters, steps, examples))| {
            let (targets, waves, site_concurrency, approvals, (priority, remediates)) = rules;
            let (name, owner) = (CommandName::new(name), GroupName::new(owner));
            CommandSpec {
                name,
                summary,
                impact,
                owner,
                targets,
                parameters,
                waves,
                site_concurrency,
                priority,
                remediates,
                approvals,
                steps,
                examples,
                hash,
            }
        })
        .boxed()
}

fn intent() -> BoxedStrategy<StepIntent> {
    let way = option::of(select(vec![PowerPath::Ssh, PowerPath::Redfish]));
    (any::<u32>(), time(), way, option::of(text().prop_map(BootId::new)), option::of(time()), time())
        .prop_map(|(attempt, at, way, boot_before, not_after, until)| StepIntent {
            attempt,
            at,
            way,
            boot_before,
            not_after,
            until,
        })
        .boxed()
}

/// Any event of a run.
pub(in super::super) fn run_event() -> BoxedStrategy<RunEvent> {
    use FailureKind as Kind;
    use RunOutcome as Outcome;
    let kinds = [Kind::DidNotComeBack, Kind::DidNotReboot, Kind::CheckFailed, Kind::BalancerFailed, Kind::GateClosed];
    let kind = select([&kinds[..], &[Kind::CouldNotSend, Kind::Refused, Kind::OtherMachine]].concat());
    let outcomes = [Outcome::Done, Outcome::Failed, Outcome::FailedAndReturned, Outcome::Returned, Outcome::PutOff];
    let outcome = || select([&outcomes[..], &[Outcome::NotStarted, Outcome::LeftOut]].concat());
    let begun = prop_oneof![
        Just(Begun::Sent),
        text().prop_map(Begun::NeverSent),
        text().prop_map(Begun::Unknown),
        text().prop_map(Begun::Refused),
        text().prop_map(Begun::OtherMachine),
    ];
    let answer = select(Answer::ALL.to_vec());
    prop_oneof![
        (subject(), any::<u32>()).prop_map(|(subject, wave)| RunEvent::Planned { subject, wave }),
        planned_server().prop_map(|server| RunEvent::Replanned { server }),
        (time(), state(), any::<bool>())
            .prop_map(|(at, found, takes)| RunEvent::Admitted(Admission::noted(at, found, takes))),
        time().prop_map(|at| RunEvent::WasSilent { at }),
        time().prop_map(|at| RunEvent::StillSafe { at }),
        time().prop_map(|at| RunEvent::Kept { at }),
        time().prop_map(|at| RunEvent::WentOn { at }),
        (time(), any::<bool>()).prop_map(|(at, parks)| RunEvent::StoodStill { at, parks }),
        time().prop_map(|at| RunEvent::MovedOn { at }),
        (any::<usize>(), intent()).prop_map(|(step, intent)| RunEvent::StepBegun { step, intent }),
        begun.prop_map(|answer| RunEvent::ActAnswered { answer }),
        (any::<usize>(), time(), state(), text(), btree_map(select(Output::ALL.to_vec()), value(), 0..3))
            .prop_map(|(step, at, state, note, outputs)| RunEvent::StepSucceeded { step, at, state, note, outputs }),
        (any::<usize>(), time(), kind, text()).prop_map(|(step, at, kind, note)| RunEvent::StepFailed(Failure {
            step,
            at,
            kind,
            note
        })),
        (time(), text()).prop_map(|(at, why)| RunEvent::PersonAsked { at, why }),
        (person(), text(), time(), answer, time()).prop_map(|(by, name, at, answer, until)| RunEvent::PersonAnswered {
            by: Actor::recalled(by),
            name,
            at,
            answer,
            until
        }),
        (time(), outcome()).prop_map(|(at, outcome)| RunEvent::ReturnBegun { at, outcome }),
        (time(), outcome()).prop_map(|(at, outcome)| RunEvent::Ended { at, outcome }),
    ]
    .boxed()
}

fn rich() -> BoxedStrategy<Vec<Piece>> {
    let piece = prop_oneof![
        text().prop_map(Piece::Text),
        text().prop_map(Piece::Bold),
        text().prop_map(Piece::Code),
        text().prop_map(Piece::Preformatted),
        person().prop_map(Piece::Person),
        text().prop_map(|group| Piece::Group(GroupName::new(group))),
        time().prop_map(Piece::Time),
        (text(), text()).prop_map(|(url, label)| Piece::Link { url, label }),
    ];
    vec(piece, 0..4).boxed()
}

fn buttons() -> BoxedStrategy<Vec<Button>> {
    let style = || select(vec![Style::Plain, Style::Primary, Style::Danger]);
    let press = prop_oneof![
        (text(), text()).prop_map(|(verb, handle)| Press::Control { verb, handle: Handle::new(handle) }),
        text().prop_map(Press::Open),
    ];
    let confirm = (text(), text(), text(), text(), style()).prop_map(|(title, text, yes, no, style)| Confirm {
        title,
        text,
        yes,
        no,
        style,
    });
    let button = (text(), press, style(), option::of(confirm)).prop_map(|(label, press, style, confirm)| Button {
        label,
        press,
        style,
        confirm,
    });
    vec(button, 0..3).boxed()
}

fn message() -> BoxedStrategy<Message> {
    let mark = select(vec![StepMark::Waiting, StepMark::Working, StepMark::Done, StepMark::Failed]);
    let line = (text(), mark, option::of(text())).prop_map(|(word, mark, note)| StepLine { word, mark, note });
    let block = prop_oneof![
        rich().prop_map(Block::Section),
        rich().prop_map(Block::Context),
        buttons().prop_map(Block::Actions),
        (text(), vec(line, 0..3)).prop_map(|(title, steps)| Block::Steps { title, steps }),
    ];
    (text(), vec(block, 0..4)).prop_map(|(summary, blocks)| Message { summary, blocks }).boxed()
}

fn form() -> BoxedStrategy<Form> {
    let block = prop_oneof![
        rich().prop_map(FormBlock::Warning),
        rich().prop_map(FormBlock::Section),
        rich().prop_map(FormBlock::Context),
        buttons().prop_map(FormBlock::Actions),
        (text(), text(), vec((text(), text()), 0..3)).prop_map(|(key, label, options)| FormBlock::Choice {
            key,
            label,
            options
        }),
        (text(), text(), text(), option::of(text()), any::<bool>())
            .prop_map(|(key, label, hint, initial, optional)| FormBlock::Input { key, label, hint, initial, optional }),
        (text(), text(), vec((text(), text()), 0..3), option::of(text()), any::<bool>()).prop_map(
            |(key, label, options, initial, optional)| FormBlock::Select { key, label, options, initial, optional }
        ),
    ];
    (text(), option::of(text()), text(), option::of(text().prop_map(Handle::new)), vec(block, 0..4))
        .prop_map(|(title, submit, close, handle, blocks)| Form { title, submit, close, handle, blocks })
        .boxed()
}

/// Anything that a message can say.
pub(super) fn content() -> BoxedStrategy<Content> {
    let of_request = select(vec![
        Notice::Echo as fn(RequestId) -> Notice,
        Notice::Card,
        Notice::ApprovalAsk,
        Notice::Reminder,
        Notice::Replanned,
        Notice::Escalation,
        Notice::Started,
        Notice::Final,
        Notice::Incident,
        Notice::Unclaimed,
        Notice::LeftOutDirect,
        Notice::HaltedDirect,
        Notice::Halt,
        Notice::Relief,
    ]);
    let of_run = select(vec![
        Notice::ServerFailed as fn(RunId) -> Notice,
        Notice::Question,
        Notice::QuestionDirect,
        Notice::IncidentWorse,
    ]);
    prop_oneof![
        (of_request, request_id()).prop_map(|(notice, id)| Content::Live(notice(id))),
        (of_run, run_id()).prop_map(|(notice, id)| Content::Live(notice(id))),
        person().prop_map(|person| Content::Live(Notice::Home(person))),
        (super::strategies_of_breakers::scope(), time())
            .prop_map(|(scope, opened_at)| Content::Live(Notice::Breaker { scope, opened_at })),
        (super::strategies_of_breakers::scope(), time())
            .prop_map(|(scope, opened_at)| Content::Live(Notice::BreakerWorse { scope, opened_at })),
        text().prop_map(|id| Content::Live(Notice::Stop(BrakeId::new(id)))),
        (run_id(), time()).prop_map(|(run, since)| Content::Live(Notice::Suspect { run, since })),
        (run_id(), time()).prop_map(|(run, since)| Content::Live(Notice::SuspectUnclaimed { run, since })),
        (request_id(), any::<u32>(), 0..4).prop_map(|(request, number, which)| Content::Live(match which {
            3 => Notice::WaveWaits { request, wave: number },
            0 => Notice::Override { request, number },
            1 => Notice::OverrideEnded { request, number },
            _ => Notice::OverrideIncident { request, number },
        })),
        message().prop_map(Content::Fixed),
        form().prop_map(Content::Form),
    ]
    .boxed()
}

/// Anywhere a message can go.
pub(super) fn destination() -> BoxedStrategy<Destination> {
    let replaces = select(vec![Replaces::Nothing, Replaces::Previous]);
    let private = (person(), text(), reply_path(), replaces).prop_map(|(person, channel, path, replaces)| PrivateTo {
        person,
        channel: ChannelId::new(channel),
        path,
        replaces,
    });
    prop_oneof![
        request_id().prop_map(Destination::Card),
        request_id().prop_map(Destination::Thread),
        text().prop_map(|channel| Destination::Channel(ChannelId::new(channel))),
        private.prop_map(Destination::Private),
        text().prop_map(|trigger| Destination::FormOpen(TriggerId::new(trigger))),
        text().prop_map(|view| Destination::FormUpdate(ViewId::new(view))),
        person().prop_map(Destination::Home),
        request_id().prop_map(Destination::Incident),
        person().prop_map(Destination::Direct),
        (text(), text()).prop_map(|(of, channel)| Destination::Worse {
            of: DeliveryKey::new(of),
            channel: ChannelId::new(channel)
        }),
    ]
    .boxed()
}

/// Anything that a control can do, and to whom it can be bound.
pub(super) fn control() -> BoxedStrategy<(ControlAction, Option<Bound>)> {
    let action = prop_oneof![
        (request_id(), select(ControlVerb::ALL.to_vec()))
            .prop_map(|(request, verb)| ControlAction::Request { request, verb }),
        (run_id(), select(Answer::ALL.to_vec())).prop_map(|(run, answer)| ControlAction::Answer { run, answer }),
        (request_id(), hash(), option::of(text())).prop_map(|(request, plan, shown)| ControlAction::Review {
            request,
            plan,
            shown
        }),
        request_id().prop_map(ControlAction::TakeBack),
        text().prop_map(ControlAction::Line),
        text().prop_map(ControlAction::Use),
        text().prop_map(ControlAction::Access),
        Just(ControlAction::Forget),
        (request_id(), any::<u32>()).prop_map(|(request, number)| ControlAction::Override { request, number }),
        (request_id(), any::<u32>(), hash(), text()).prop_map(|(request, number, seen, shown)| {
            ControlAction::OverrideReview { request, number, seen, shown }
        }),
        Just(ControlAction::Mine),
        text().prop_map(ControlAction::AskWhy),
        (origin(), text()).prop_map(|(origin, line)| ControlAction::Why(FormOf { origin, command: None, line })),
        (request_id(), person()).prop_map(|(request, by)| ControlAction::Shown { request, by }),
        (origin(), option::of(text()), text()).prop_map(|(origin, command, line)| {
            ControlAction::Form(FormOf { origin, command: command.map(CommandName::new), line })
        }),
    ];
    let bound = (person(), text(), time()).prop_map(|(person, channel, until)| Bound {
        person,
        channel: ChannelId::new(channel),
        until,
    });
    (action, option::of(bound)).boxed()
}
