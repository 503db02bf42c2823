//! Who is in the workspace when it starts: team, app, people, groups, channels. The way in from the command line is absent.

use super::model::nouns::{Channel, ChannelKind, Group, Person};

/// The workspace's team.
pub const TEAM: &str = "T0WRASSE";
/// The team of strangers who meet us in shared channels.
pub const OTHER_TEAM: &str = "T0OTHER";
/// The one app that is installed.
pub const APP: &str = "A0WRASSE";
/// The app's user.
pub const BOT_USER: &str = "U0WRASSE";
/// The app's bot id, which is not its user id.
pub const BOT: &str = "B0WRASSE";
/// The chat system's own voice.
pub const SLACKBOT: &str = "USLACKBOT";

/// What a workspace is started with.
#[derive(Clone, Debug)]
pub struct WorkspaceSettings {
    /// The port of the Web API and the sockets; 0 lets the system choose.
    pub port: u16,
    /// The app-level token, `xapp-…`.
    pub app_token: String,
    /// The bot token, `xoxb-…`.
    pub bot_token: String,
    /// The slash commands that the app has.
    pub commands: Vec<String>,
    /// The event kinds that the app has subscribed to.
    pub subscriptions: Vec<String>,
    /// Whether method tiers are enforced from the start.
    pub rate_limits: bool,
    /// Everybody.
    pub people: Vec<Person>,
    /// The user groups.
    pub groups: Vec<Group>,
    /// The channels; direct messages come by themselves.
    pub channels: Vec<Channel>,
}

impl WorkspaceSettings {
    /// The cast of the demo: ana, bob, dee, tim, gus, zoe, carol, and five channels.
    #[must_use]
    pub fn demo() -> Self {
        let mut gus = Person::member("U0GUS", "gus", "Gus Guest");
        gus.is_restricted = true;
        let mut zoe = Person::member("U0ZOE", "zoe", "Zoe Stranger");
        zoe.is_stranger = true;
        zoe.team = OTHER_TEAM.to_owned();
        let mut bot = Person::member(BOT_USER, "wrasse", "Wrasse");
        bot.is_bot = true;
        let people = vec![
            Person::member("U0ANA", "ana", "Ana Alder"),
            Person::member("U0BOB", "bob", "Bob Birch"),
            Person::member("U0CAROL", "carol", "Carol Cedar"),
            Person::member("U0DEE", "dee", "Dee Dogwood"),
            Person::member("U0TIM", "tim", "Tim Tamarack"),
            gus,
            zoe,
            bot,
        ];
        let groups = vec![
            Group::new("S0NOC", "noc", &["U0ANA", "U0CAROL"]),
            Group::new("S0SRE", "sre", &["U0BOB", "U0DEE"]),
            Group::new("S0IC", "incident-commander", &["U0DEE"]),
            Group::new("S0DC", "data-centre", &["U0TIM"]),
        ];
        let ours = ["U0ANA", "U0BOB", "U0CAROL", "U0DEE", "U0TIM", "U0GUS"];
        let room = |id: &str, name: &str| Channel::new(id, name, ChannelKind::Public).joined_by(&ours);
        let mut shared = room("C0SHARED", "shared").joined_by(&[BOT_USER, "U0ZOE"]);
        shared.is_ext_shared = true;
        let channels = vec![
            room("C0NOC", "noc").joined_by(&[BOT_USER]),
            room("C0WEB", "web").joined_by(&[BOT_USER]),
            room("C0INCIDENTS", "incidents").joined_by(&[BOT_USER]),
            shared,
            room("C0RANDOM", "random"),
        ];
        Self {
            port: 0,
            app_token: "xapp-1-A0WRASSE-1-sandbox".to_owned(),
            bot_token: "xoxb-1-1-sandbox".to_owned(),
            commands: vec!["/fleet".to_owned()],
            subscriptions: [
                "app_mention",
                "message.channels",
                "message.groups",
                "message.im",
                "app_home_opened",
                "member_joined_channel",
            ]
            .map(str::to_owned)
            .to_vec(),
            rate_limits: true,
            people,
            groups,
            channels,
        }
    }
}
