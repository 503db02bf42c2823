//! Finding out at the start whether Slack accepts our tokens, and who we are there. Fails fast and clearly.

use super::web_api::{CALL_DEADLINE, Https, https, is_token_trouble};
use super::wire::Us;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Where the real Slack answers.
const SLACK_API: &str = "https://slack.com/api";
/// The largest answer that is read, in bytes.
const ANSWER_MAX_BYTES: usize = 256 * 1024;
/// What the bot's token must permit.
const SCOPES_NEEDED: [&str; 5] = ["app_mentions:read", "chat:write", "commands", "usergroups:read", "users:read"];

/// Why the bot cannot work with this workspace.
#[derive(Debug, thiserror::Error)]
pub enum SlackFault {
    /// A token of the wrong kind, e.g. the two of them swapped.
    #[error("{setting} must begin with {prefix}: it is the {what}; the value begins with {found}")]
    WrongTokenKind {
        /// The setting that holds it.
        setting: &'static str,
        /// How such a token begins.
        prefix: &'static str,
        /// What such a token is.
        what: &'static str,
        /// How the given one begins: at most five characters.
        found: String,
    },
    /// Slack knows the token no longer, or never did.
    #[error("Slack does not accept {setting}: it answers {code} to {method}")]
    TokenNotAccepted {
        /// The setting that holds it.
        setting: &'static str,
        /// Slack's word for why.
        code: String,
        /// The call that was made.
        method: &'static str,
    },
    /// The bot may not do what it needs to do.
    #[error("the bot token lacks the scopes {}; add them to the app and install it again", .0.join(", "))]
    MissingScopes(Vec<String>),
    /// No usable answer; this may pass.
    #[error("Slack does not answer {method}: {reason}")]
    NoAnswer {
        /// The call that was made.
        method: &'static str,
        /// What happened instead.
        reason: String,
    },
    /// This machine cannot make TLS connections.
    #[error("cannot prepare TLS connections on this machine")]
    Tls(#[source] std::io::Error),
}

impl SlackFault {
    /// Whether trying again later can help without anybody changing anything.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::NoAnswer { .. })
    }
}

/// Refuses tokens of the wrong kind before they are sent anywhere.
pub(super) fn check_kinds(app_token: &SecretString, bot_token: &SecretString) -> Result<(), SlackFault> {
    check_kind(app_token, "SLACK_APP_TOKEN", "xapp-", "app-level token with connections:write")?;
    check_kind(bot_token, "SLACK_BOT_TOKEN", "xoxb-", "bot token")
}

fn check_kind(
    token: &SecretString,
    setting: &'static str,
    prefix: &'static str,
    what: &'static str,
) -> Result<(), SlackFault> {
    if token.expose_secret().starts_with(prefix) {
        return Ok(());
    }
    let found = token.expose_secret().chars().take(prefix.len()).collect();
    Err(SlackFault::WrongTokenKind { setting, prefix, what, found })
}

/// Asks Slack who we are with the bot token, and whether the app token opens sockets.
pub(super) async fn introduce(
    api_base: Option<&str>,
    app_token: &SecretString,
    bot_token: &SecretString,
) -> Result<Us, SlackFault> {
    let door = Door::new(api_base)?;
    let (answer, scopes) = door.call("auth.test", "SLACK_BOT_TOKEN", bot_token).await?;
    check_scopes(scopes.as_deref())?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(team), Some(user)) = (text("team_id"), text("user_id")) else {
        return Err(SlackFault::NoAnswer { method: "auth.test", reason: "it does not say who we are".to_owned() });
    };
    door.call("apps.connections.open", "SLACK_APP_TOKEN", app_token).await?;
    let enterprise = text("enterprise_id");
    Ok(Us { team, enterprise, user, bot: text("bot_id"), app: text("app_id") })
}

fn check_scopes(header: Option<&str>) -> Result<(), SlackFault> {
    // A workspace that does not tell the scopes is believed: what is missing shows at the first call.
    let Some(header) = header.filter(|header| !header.trim().is_empty()) else {
        return Ok(());
    };
    let granted: Vec<&str> = header.split(',').map(str::trim).collect();
    let is_missing = |scope: &&&str| !granted.contains(*scope);
    let missing: Vec<String> = SCOPES_NEEDED.iter().filter(is_missing).map(|scope| (*scope).to_owned()).collect();
    if missing.is_empty() { Ok(()) } else { Err(SlackFault::MissingScopes(missing)) }
}

/// Calls without the library, which hides the headers that list the scopes.
struct Door {
    client: Client<Https, String>,
    base: String,
}

impl Door {
    fn new(api_base: Option<&str>) -> Result<Self, SlackFault> {
        let https = https(api_base).map_err(SlackFault::Tls)?;
        let client = Client::builder(TokioExecutor::new()).build(https);
        Ok(Self { client, base: api_base.unwrap_or(SLACK_API).to_owned() })
    }

    /// Slack's answer and the scopes it lists. A rate limit counts as accepted: an unknown token gets none.
    async fn call(
        &self,
        method: &'static str,
        setting: &'static str,
        token: &SecretString,
    ) -> Result<(Value, Option<String>), SlackFault> {
        let no_answer = |reason: String| SlackFault::NoAnswer { method, reason };
        let request = axum::http::Request::post(format!("{}/{method}", self.base))
            .header("authorization", format!("Bearer {}", token.expose_secret()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(String::new())
            .map_err(|_| no_answer("its address or the token has characters that cannot be sent".to_owned()))?;
        let answered = tokio::time::timeout(CALL_DEADLINE, async {
            let response = self.client.request(request).await.map_err(|fault| no_answer(chain(&fault)))?;
            let (head, body) = response.into_parts();
            let body = axum::body::to_bytes(axum::body::Body::new(body), ANSWER_MAX_BYTES).await;
            Ok((head, body.map_err(|fault| no_answer(chain(&fault)))?))
        });
        let (head, body) = answered.await.map_err(|_| no_answer("no answer within 10 s".to_owned()))??;
        if head.status == axum::http::StatusCode::TOO_MANY_REQUESTS && method == "apps.connections.open" {
            return Ok((Value::Null, None));
        }
        let answer: Value = serde_json::from_slice(&body)
            .map_err(|_| no_answer(format!("HTTP status {} without JSON", head.status.as_u16())))?;
        if answer.get("ok").and_then(Value::as_bool) == Some(true) {
            let scopes = head.headers.get("x-oauth-scopes").and_then(|value| value.to_str().ok()).map(str::to_owned);
            return Ok((answer, scopes));
        }
        let code = answer.get("error").and_then(Value::as_str).unwrap_or("no reason").to_owned();
        let is_final = is_token_trouble(&code) || code.contains("not_allowed") || code == "missing_scope";
        if is_final { Err(SlackFault::TokenNotAccepted { setting, code, method }) } else { Err(no_answer(code)) }
    }
}

/// A fault with all its causes in one line.
fn chain(fault: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(fault), |fault| fault.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
