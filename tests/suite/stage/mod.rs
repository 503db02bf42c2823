//! The stage: a whole conversation is a test. People type, the bot answers, servers change, and the thread is compared.
//!
//! The services, the store and everything pure are the real ones; chat, directory, fleet, clock and ids are models that
//! outlive the bot. No socket, no sleep. `WRASSE_STAGE` is `model`, `sqlite` or `restarts` (a new process after every
//! commit, and what had left by then lands unheard); every story must read the same on all of them.

mod arriving;
mod attackers;
mod bot;
mod chat;
mod crash;
mod decisions;
mod directory;
mod ending;
mod fleet;
mod homes;
mod pager;
mod people;
mod rulebook;
mod shell;
mod time;
mod transcript;

pub(crate) use chat::Lost;
pub(crate) use crash::Calls;
pub(crate) use fleet::times;
pub(crate) use people::{Channel, Person, Thread};
pub(crate) use time::{minutes, seconds};

use bot::{Bot, Kind, Ports};
use chat::StageChat;
use crash::Crashes;
use directory::StageDirectory;
use fleet::StageFleet;
use pager::StagePager;
use rulebook::{Script, StageSource};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::{StageClock, StageIds};
use transcript::Cleaner;
use wrasse::admission::infrastructure::{DomainRule, Within};
use wrasse::admission::traffic::StandbyRules;
use wrasse::admission::{Absorption, CohortRule, Rules, WiderFloors};
use wrasse::domain::command::CommandName;
use wrasse::domain::identity::{AutomationName, GroupName};
use wrasse::domain::place::ChannelName;
use wrasse::domain::server::{Server, ServerName, ServerType, SiteName, TagName};
use wrasse::domain::time::Timestamp;
use wrasse::ports::chat::Envelope;
use wrasse::ports::store::Write;
use wrasse::ports::{Clock, Rulebook, Store};
use wrasse::services::Places;
use wrasse::workflow::request::PolicyName;

/// How long people look at what they did before they go on; cards that were edited a moment ago are up to date then.
const A_MOMENT: Duration = Duration::from_secs(3);

/// The files are looked at once in this time.
const A_LOOK: Duration = Duration::from_secs(8);

/// Plays a story, and fails on anything that it leaves open.
pub(crate) async fn story(play: impl AsyncFnOnce(&Stage)) {
    let stage = Stage::new();
    stage
        .told(async {
            play(&stage).await;
            stage.end().await;
        })
        .await;
}

/// A stage with everybody on it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Stage(Rc<Scene>);

struct Scene {
    clock: Arc<StageClock>,
    ids: Arc<StageIds>,
    chat: Arc<StageChat>,
    directory: Arc<StageDirectory>,
    fleet: StageFleet,
    pager: Arc<StagePager>,
    has_pager: Cell<bool>,
    owners_called_after: Cell<Option<Duration>>,
    requester_told_after: Cell<Option<Duration>>,
    script: RefCell<Script>,
    cleaner: RefCell<Cleaner>,
    crashes: Arc<Mutex<Crashes>>,
    bot: tokio::sync::Mutex<Option<Bot>>,
    last: RefCell<Option<Envelope>>,
    /// Whether the bot is down until it is woken.
    asleep: Cell<Asleep>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asleep {
    Yes,
    No,
    FromTheNextCrash,
}

/// The time on the stage.
pub(crate) struct ClockHand<'a>(&'a Stage);

impl ClockHand<'_> {
    /// Lets time pass, from wake to wake.
    pub(crate) async fn advance(&self, by: Duration) {
        self.0.0.chat.state().beat += 1;
        self.0.pass(by).await;
    }
}

impl Stage {
    fn new() -> Self {
        let clock = Arc::new(StageClock::new());
        let chat = Arc::new(StageChat::new(Arc::clone(&clock)));
        let stage = Self(Rc::new(Scene {
            fleet: StageFleet::new(Arc::<StageClock>::clone(&clock)),
            pager: Arc::new(StagePager::new(Arc::clone(&clock))),
            has_pager: Cell::new(false),
            owners_called_after: Cell::new(None),
            requester_told_after: Cell::new(None),
            clock,
            ids: Arc::new(StageIds::default()),
            chat,
            directory: Arc::new(StageDirectory::new()),
            script: RefCell::new(Script::new()),
            cleaner: RefCell::new(Cleaner::default()),
            crashes: Arc::new(Mutex::new(Crashes::default())),
            bot: tokio::sync::Mutex::new(None),
            last: RefCell::new(None),
            asleep: Cell::new(Asleep::No),
        }));
        // The shipped policies speak of it.
        stage.channel("#incidents");
        stage
    }

    // -- who and what is there --

    /// A channel of that name, with or without `#`.
    pub(crate) fn channel(&self, name: &str) -> Channel {
        let name = name.trim_start_matches('#');
        let id = self.0.directory.add_channel(name);
        self.0.script.borrow_mut().add_channel(name, id.clone());
        Channel::new(self, name, id)
    }

    /// A member of that name.
    pub(crate) fn person(&self, name: &str) -> Person {
        let id = self.0.directory.add_person(name);
        self.0.cleaner.borrow_mut().people = self.0.directory.names();
        Person::new(self, name, id)
    }

    /// An automation of that name, which asks for work in lines; people are none.
    pub(crate) fn automation(&self, name: &str) -> Person {
        let id = self.0.directory.add_automation(&AutomationName::new(name));
        self.0.script.borrow_mut().automations.push_str(&format!("{name}: asks for work\n"));
        self.0.cleaner.borrow_mut().people = self.0.directory.names();
        Person::new(self, name, id)
    }

    /// The servers.
    pub(crate) fn fleet(&self) -> &StageFleet {
        &self.0.fleet
    }

    /// The chat, to let it misbehave.
    pub(crate) fn chat(&self) -> &StageChat {
        &self.0.chat
    }

    /// There is a pager, as long as that is said before the bot starts.
    pub(crate) fn has_pager(&self) {
        self.0.has_pager.set(true);
    }

    /// Whoever asked is told in person when a request needs them for that long, as long as that is said before the bot starts.
    pub(crate) fn tells_requesters_after(&self, wait: Duration) {
        self.0.requester_told_after.set(Some(wait));
    }

    /// What nobody takes over for that long is called out to its owners, as long as that is said before the bot starts.
    pub(crate) fn calls_owners_after(&self, wait: Duration) {
        self.0.owners_called_after.set(Some(wait));
    }

    /// The pager takes nothing any more, or again.
    pub(crate) fn pager_is_silent(&self, is_silent: bool) {
        self.0.pager.is_silent(is_silent);
    }

    /// What the pager rings for now.
    pub(crate) fn rings(&self) -> String {
        let rings = self.0.pager.rings();
        self.0.cleaner.borrow_mut().clean(&rings)
    }

    /// The directory answers nobody any more.
    pub(crate) fn directory_goes_down(&self) {
        self.0.directory.goes_down();
    }

    /// The directory answers again.
    pub(crate) fn directory_comes_back(&self) {
        self.0.directory.comes_back();
    }

    /// The clock.
    pub(crate) const fn clock(&self) -> ClockHand<'_> {
        ClockHand(self)
    }

    /// Another text in a command file, before the bot starts.
    pub(crate) fn changes_command(&self, file: &str, from: &str, to: &str) {
        self.0.script.borrow_mut().change(file, from, to);
    }

    /// Another text in a command file while the bot serves; it is looked at within the next moments.
    pub(crate) async fn edits_command(&self, file: &str, from: &str, to: &str) {
        self.0.script.borrow_mut().change(file, from, to);
        let changed = self.0.script.borrow().files();
        self.there(&mut *self.0.bot.lock().await).source().change(|files| files.take_texts(changed));
        self.clock().advance(A_LOOK).await;
    }

    /// Those servers are missing in the inventory from now on.
    pub(crate) async fn inventory_loses(&self, names: &[&str]) {
        let gone = names.iter().map(|name| (*name).to_owned()).collect();
        self.there(&mut *self.0.bot.lock().await).source().change(|files| files.gone = gone);
        self.clock().advance(A_LOOK).await;
    }

    /// The inventory says something else of that server from now on.
    pub(crate) async fn inventory_changes(&self, name: &str, change: impl Fn(&mut Server)) {
        self.change_inventory(name, change).await;
        self.clock().advance(A_LOOK).await;
    }

    /// The bot starts again with that change, which it does not take up while it works on the server.
    pub(crate) async fn restarts_with(&self, name: &str, change: impl Fn(&mut Server)) {
        self.change_inventory(name, change).await;
        self.there(&mut *self.0.bot.lock().await).source().is_read_at_the_start();
        self.kills_bot().await;
    }

    async fn change_inventory(&self, name: &str, change: impl Fn(&mut Server)) {
        let inventory = self.0.fleet.drivers().fleet().inventory(self.0.clock.now()).unwrap();
        let mut server = inventory.by_name(&ServerName::new(name)).unwrap().clone();
        change(&mut server);
        let source = |files: &mut rulebook::Files| drop(files.changed.insert(name.to_owned(), server.clone()));
        self.there(&mut *self.0.bot.lock().await).source().change(source);
    }

    /// At most this share of a pool may be out at once.
    pub(crate) fn lets_out(&self, percent: u8) {
        self.0.script.borrow_mut().rules.pool_out_max_percent = percent;
    }

    /// At most these shares of wider scopes than a pool may be out at once.
    pub(crate) fn lets_out_of_wider(&self, floors: WiderFloors) {
        self.0.script.borrow_mut().rules.wider_floors = floors;
    }

    /// Servers of edge-cache there take over what a pool of one of them in that site carries.
    pub(crate) fn absorbs(&self, site: &str, by: &[&str]) {
        let (server_type, by) = (ServerType::new("edge-cache"), by.iter().copied().map(SiteName::new).collect());
        let rule = Absorption { server_type, site: SiteName::new(site), by };
        self.0.script.borrow_mut().rules.absorbed_by.push(rule);
    }

    /// The curtain rises at that time in UTC, before anything else.
    pub(crate) fn begins_at(&self, utc: &str) {
        let at = chrono::NaiveDateTime::parse_from_str(utc, "%Y-%m-%d %H:%M").unwrap();
        self.0.clock.set(Timestamp::from_millis(at.and_utc().timestamp_millis()));
    }

    /// The inventory tells in which time zone a site is, as long as that is said before the bot starts.
    pub(crate) fn site_is_in(&self, site: &str, zone: &str) {
        self.0.script.borrow_mut().zones.insert(site.to_owned(), zone.to_owned());
    }

    /// The text of the calendars, before the bot starts.
    pub(crate) fn calendars(&self, yaml: &str) {
        yaml.clone_into(&mut self.0.script.borrow_mut().calendars);
    }

    /// Another text of the calendars while the bot serves; it is looked at within the next moments.
    pub(crate) async fn edits_calendars(&self, yaml: &str) {
        self.calendars(yaml);
        let changed = self.0.script.borrow().files();
        self.there(&mut *self.0.bot.lock().await).source().change(|files| files.take_texts(changed));
        self.clock().advance(A_LOOK).await;
    }

    /// Other numbers in the rules while the bot serves; they are looked at within the next moments.
    pub(crate) async fn edits_rules(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut self.0.script.borrow_mut().rules);
        let changed = self.0.script.borrow().files();
        self.there(&mut *self.0.bot.lock().await).source().change(|files| files.take_texts(changed));
        self.clock().advance(A_LOOK).await;
    }

    /// That policy is only observed.
    pub(crate) fn only_observes(&self, policy: PolicyName) {
        self.0.script.borrow_mut().rules.observed.push(policy);
    }

    /// At most so many servers of one rack may be under work at once.
    pub(crate) fn lets_work_in_a_rack(&self, servers: u32) {
        self.0.script.borrow_mut().rules.rack_concurrency = servers;
    }

    /// Of the parts of a site that a tag tells apart, one may have servers out at a time.
    pub(crate) fn lets_out_one_at_a_time(&self, tag: &str) {
        let rule = DomainRule { tag: TagName::new(tag), within: Within::Site, at_once: 1 };
        self.0.script.borrow_mut().rules.infrastructure.domains.push(rule);
    }

    /// Those sites lie in that metro.
    pub(crate) fn has_metro(&self, metro: &str, sites: &[&str]) {
        sites.iter().for_each(|site| self.0.script.borrow_mut().lies_in(site, metro));
    }

    /// A command starts on at most so many servers within a minute.
    pub(crate) fn lets_start_in_a_minute(&self, servers: u32) {
        self.0.script.borrow_mut().rules.starts_per_minute = Some(servers);
    }

    /// Whoever waits so long with nothing at work goes first.
    pub(crate) fn goes_first_after(&self, wait: Duration) {
        self.0.script.borrow_mut().rules.queue.starve_after = wait;
    }

    /// So many finished runs elsewhere say how many usually fail.
    pub(crate) fn compares_with_elsewhere_from(&self, runs: u32) {
        let rule = CohortRule { runs_min: runs, ..CohortRule::default() };
        self.0.script.borrow_mut().rules.failure_rate.cohort = Some(rule);
    }

    /// Automations wait so long after a failure on a server.
    pub(crate) fn keeps_automations_off_for(&self, wait: Duration) {
        self.0.script.borrow_mut().rules.failure_rate.server.cool_down = wait;
    }

    /// Where too much comes, the automation `standby` undrains what stands by, in #noc, if its rules let it.
    pub(crate) fn calls_on_standby(&self) {
        let mut script = self.0.script.borrow_mut();
        "standby: asks for servers on standby\n".clone_into(&mut script.automations);
        script.rules.traffic.standby = Some(StandbyRules {
            automation: AutomationName::new("standby"),
            command: CommandName::new("undrain"),
            channel: ChannelName::new("noc"),
            again_after: minutes(30),
            calm_percent: 50,
            calm_for: minutes(60),
        });
    }

    /// Servers of a finished wave are compared with their siblings, as the example of the shipped file has it.
    pub(crate) fn compares_servers(&self) {
        self.0.script.borrow_mut().rules.soak = rulebook::example_of_comparisons();
    }

    /// Members of that group may override policies.
    pub(crate) fn lets_override(&self, group: &str) {
        self.0.script.borrow_mut().rules.overrides.by = vec![GroupName::new(group)];
    }

    // -- what happens to the bot --

    /// Ends the bot without warning, and starts it again.
    pub(crate) async fn kills_bot(&self) {
        {
            let mut bot = self.0.bot.lock().await;
            self.there(&mut bot).kill().await;
        }
        self.moment().await;
    }

    /// The bot ends right after the next commit that fits; the story fails if there is none.
    pub(crate) async fn bot_dies_after(&self, when: impl Fn(&[Write]) -> bool + Send + 'static, calls: Calls) {
        self.there(&mut *self.0.bot.lock().await);
        bot::plan(&self.0.crashes, when, calls);
    }

    /// When it dies next, nobody starts it again until it is woken.
    pub(crate) fn bot_stays_down_after_crash(&self) {
        self.0.asleep.set(Asleep::FromTheNextCrash);
    }

    /// The bot is down: what people do meanwhile waits for it.
    pub(crate) async fn bot_sleeps(&self) {
        self.there(&mut *self.0.bot.lock().await).kill().await;
        self.0.asleep.set(Asleep::Yes);
    }

    /// The bot is back.
    pub(crate) async fn bot_wakes(&self) {
        self.0.asleep.set(Asleep::No);
        self.moment().await;
    }

    /// The last envelope arrives once more.
    pub(crate) async fn redelivers_last(&self) {
        let last = self.0.last.borrow().clone().unwrap();
        self.keep(last).await;
        self.moment().await;
    }

    /// What is durable now.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        let mut bot = self.0.bot.lock().await;
        self.there(&mut bot).store().await
    }

    /// What the files of a shell say: those of the script, whether the bot has them or not.
    async fn rulebook(&self) -> Rulebook {
        let files = self.0.script.borrow().files();
        self.there(&mut *self.0.bot.lock().await).source().shown(&files)
    }

    fn there<'a>(&self, bot: &'a mut Option<Bot>) -> &'a mut Bot {
        bot.get_or_insert_with(|| self.cast())
    }

    fn cast(&self) -> Bot {
        let scene = &self.0;
        let inventory = scene.fleet.drivers().fleet().inventory(scene.clock.now()).unwrap();
        let incidents = scene.directory.add_channel("incidents");
        let files = scene.script.borrow().files();
        let source = StageSource::new(files, inventory, Arc::<StageDirectory>::clone(&scene.directory));
        let ports = Ports {
            chat: Arc::<StageChat>::clone(&scene.chat),
            directory: Arc::<StageDirectory>::clone(&scene.directory),
            alerts: scene.has_pager.get().then(|| Arc::<StagePager>::clone(&scene.pager) as _),
            drivers: scene.fleet.ports(),
            metrics: scene.fleet.metrics(),
            monitoring: scene.fleet.monitoring(),
            clock: Arc::<StageClock>::clone(&scene.clock),
            ids: Arc::<StageIds>::clone(&scene.ids),
            source: Arc::new(source),
            places: Places {
                incidents: Some(incidents.clone()),
                admins: Some(incidents),
                owners_called_after: scene.owners_called_after.get(),
                requester_told_after: scene.requester_told_after.get(),
                bot_name: "wrasse".to_owned(),
            },
        };
        let (chat, asked) = (Arc::clone(&scene.chat), scene.fleet.asked());
        let born = Box::new(move || {
            chat.state().process += 1;
            asked.lock().unwrap().clear();
        });
        Bot::new(Kind::of_environment(), ports, Arc::clone(&scene.crashes), born)
    }

    // -- how time passes --

    async fn settle(&self) -> Option<Timestamp> {
        let mut bot = self.0.bot.lock().await;
        let bot = self.there(&mut bot);
        if self.0.asleep.get() != Asleep::FromTheNextCrash {
            return bot.settle().await;
        }
        let planned = || self.0.crashes.lock().unwrap().is_planned();
        let next_wake = bot.settle_while(planned).await;
        if !planned() {
            self.0.asleep.set(Asleep::Yes);
        }
        next_wake
    }

    async fn moment(&self) {
        self.pass(A_MOMENT).await;
    }

    /// From wake to wake, never past one.
    async fn pass(&self, by: Duration) {
        let clock = &self.0.clock;
        let target = clock.now().plus(by);
        while self.0.asleep.get() != Asleep::Yes {
            let soonest = clock.now().plus(Duration::from_millis(1));
            match self.settle().await {
                Some(wake) if wake <= target && soonest <= target => clock.set(wake.max(soonest)),
                Some(_) | None => break,
            }
        }
        clock.set(target);
        if self.0.asleep.get() != Asleep::Yes {
            self.settle().await;
        }
    }
}
