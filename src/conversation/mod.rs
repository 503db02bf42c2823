//! Every word a person reads. Chat-neutral: adapters turn these messages into a chat's own blocks.
//!
//! Deliberately absent: decisions (they come in as values) and delivery (the courier's).

mod absorbing;
mod access;
mod answers;
mod asking;
mod brakes;
mod breaker;
mod calendars;
mod card;
mod consents;
mod declaring;
mod details;
mod direct;
mod doubling;
mod ending;
mod failure;
mod forms;
mod halting;
mod help;
mod home;
mod incident;
mod matters;
mod meaning;
pub mod message;
pub mod misunderstanding;
mod outlook;
mod overriding;
pub mod plain;
mod preview;
mod production;
mod progress;
mod queue;
mod reasons;
mod redundant;
mod refusal;
mod reloading;
mod replies;
mod restraints;
mod review;
mod shell;
mod soaking;
mod standby;
mod state;
mod status;
mod suspect;
#[cfg(test)]
mod tests;
mod topics;
mod view;
mod why;
mod words;

pub use access::{access_asked, access_asked_before, access_needless, access_told, ask_for_access, asks_too_often};
pub use answers::{
    cancel_confirmed, cancel_planned, cancelled_already, edited, forgotten, late, may_not_cancel, no_reason_possible,
    no_such_request, no_such_run, not_a_member, not_for_you, not_over_yet, nothing_left, old_button, pressed_before,
    retried_before, too_many, unavailable, wrong_place, wrong_type,
};
pub use asking::{IsAllowed, MayView, WhoView, may, may_in_general, who_can};
pub use brakes::{
    Affected, AffectedRequest, Tense, go_on, marked_stopped, may_not_stop, not_alone_yet, not_stopped, resume_would,
    stop_notice, stop_took_hold, stop_would, stopped_already,
};
pub use breaker::{
    BreakerView, breaker, breaker_closed, breaker_unclaimed, breaker_worse, may_not_close, no_such_breaker,
    only_cooling_down,
};
pub use card::{Beside, card, card_beside, echo};
pub use consents::{shown_buttons, shown_form, what_was_shown};
pub use declaring::{
    DeclaredView, Misfits, SaidBefore, declared, declared_notice, no_consent_to_state, not_declared,
    nothing_to_take_over, pool_change, too_many_declared,
};
pub use details::details;
pub use direct::{halted_direct, left_out_direct, question_direct};
pub use doubling::{Doubling, Overlap, doubled, overlapping};
pub use ending::final_reply;
pub use failure::{question, server_failed};
pub use forms::{
    CHANNEL_KEY, COMMAND_KEY, CommandForm, OwnRequest, WHY_TITLE, answer_above, choose_channel, choose_command,
    command_form, edit, fields_of, fill_in, form_answer, form_missed, form_of_nothing, form_sent, form_sent_before,
    form_too_late, line_sent, no_command_here, nowhere_to_ask, own_requests, request_buttons, why_form,
};
pub use halting::halt_notice;
pub use help::{help, help_command, help_purpose};
pub use home::{HomeView, Told, home};
pub use incident::{incident, incident_worse, unclaimed};
pub use matters::{Matter, MatterKey, MatterKind, MattersView, Severity, matters};
pub use meaning::meaning;
pub use outlook::OutlookView;
pub use overriding::{
    Mentions, NoOverride, OverrideUnfit, OverrideWord, no_override, overridden, override_ended, override_evidence,
    override_form, override_incident, override_recorded, override_taken, override_unfit,
};
pub use preview::{PreviewView, preview};
pub use queue::{OutGroup, QueuedView, out, queue};
pub use reasons::{counted_in, short as short_reason};
pub use refusal::{asked_which, filling_in, interrupts_by_now, lacks, misunderstood, refused, use_line, use_one_of};
pub use reloading::{
    FileFault, Hold, SetCounts, Shrink, files_faulty, files_in_force, inventory_held, inventory_shrunk, rules_changed,
};
pub use replies::{approval_ask, escalation, reminder, replanned, started};
pub use restraints::{
    PutOn, brake_is_off, brake_took_hold, braked_already, brakes_would_be_off, held, may_not_hold, no_such_brake,
    not_paused, paused, paused_already, released, unpaused,
};
pub use review::{
    COUNT_KEY, DECISION_KEY, ReviewOutcome, WHY_KEY, agreed_already, review_again, review_form, review_outcome,
    taken_back, too_late_to_take_back, unfit,
};
pub use shell::{
    account_of_nobody, asked_in_a_shell, no_place_for_a_retry, not_known_lately, nothing_came_of_it,
    override_asked_in_a_shell,
};
pub use soaking::{uncompared_evidence, wave_waits};
pub use standby::{NotAsked, StandbyView, not_needed, relief, relief_reason, relieved, standby_not_asked};
pub use state::state_word;
pub use status::{StatusView, status};
pub use suspect::{SuspectView, suspect, suspect_matter, suspect_no_more, suspect_unclaimed};
pub use topics::{help_servers, help_times, help_verb};
pub use view::RequestView;
pub use why::{
    RunView, WhyView, ask_about_one, no_consent_here, no_request_here, server_alone, why, why_run, with_review,
};
