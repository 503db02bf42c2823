//! Calls to Slack's Web API: one place that waits its turn, sets a deadline, and says what an answer means.
//!
//! Deliberately absent: what is said (`blocks`, `views`) and to whom (`delivery`). Answers are read as plain JSON:
//! a field that is missing must not turn a call that took effect into one that seems not to have.

use super::limits::{Limits, PATIENCE, Turn, retry_after};
use crate::domain::time::Timestamp;
use crate::ports::Clock;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use slack_morphism::errors::{SlackClientApiError, SlackClientError};
use slack_morphism::prelude::{SlackClientHyperConnector, SlackClientHyperHttpsConnector};
use slack_morphism::{ClientResult, SlackApiToken, SlackClient, SlackClientApiCallContext, SlackClientHttpConnector};
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The longest one call may take.
pub(super) const CALL_DEADLINE: Duration = Duration::from_secs(10);
/// When to come back after nothing could be sent at all.
const CONNECT_RETRY: Duration = Duration::from_secs(1);
/// When to come back while Slack does not accept our token: people have to act first.
const TOKEN_RETRY: Duration = Duration::from_secs(60);

/// The one connector type that serves both the real workspace and a local one.
pub(super) type Https = HttpsConnector<HttpConnector>;

/// How a call went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Call {
    /// Slack did it; its answer.
    Done(Value),
    /// Slack answered that it did not do it; its word for why, and the whole answer.
    Declined(String, Value),
    /// Nothing happened; when to come back.
    NotNow(Duration),
    /// It may or may not have happened.
    Unknown(String),
}

/// The Web API with one bot token.
pub(super) struct WebApi {
    /// The library's client, which socket mode shares.
    pub(super) client: Arc<SlackClient<SlackClientHyperHttpsConnector>>,
    token: SlackApiToken,
    limits: Mutex<Limits>,
    clock: Arc<dyn Clock>,
}

impl WebApi {
    /// The Web API at that address; `None` is the real Slack.
    pub(super) fn new(api_base: Option<&str>, token: SlackApiToken, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let mut connector = SlackClientHyperConnector::with_connector(https(api_base)?);
        if let Some(base) = api_base {
            connector = connector.with_slack_api_url(base);
        }
        let client = Arc::new(SlackClient::new(connector));
        Ok(Self { client, token, limits: Mutex::default(), clock })
    }

    /// The present moment.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Calls a method that changes something, with a JSON body. The channel is the one that is spoken to, if any.
    pub(super) async fn post(&self, method: &str, channel: &str, body: &Value) -> Call {
        if let Some(wait) = self.waits(method, channel).await {
            return Call::NotNow(wait);
        }
        let session = self.client.open_session(&self.token);
        self.judged(method, channel, session.http_session_api.http_post(method, body, None)).await
    }

    /// Calls a method that reads, with a query.
    pub(super) async fn get(&self, method: &str, query: &[(&str, &str)]) -> Call {
        if let Some(wait) = self.waits(method, "").await {
            return Call::NotNow(wait);
        }
        let query: Vec<(&str, Option<&str>)> = query.iter().map(|(name, value)| (*name, Some(*value))).collect();
        let session = self.client.open_session(&self.token);
        self.judged(method, "", session.http_session_api.http_get(method, &query, None)).await
    }

    /// Posts to an address that Slack gave us for one answer.
    pub(super) async fn post_to_address(&self, address: &str, body: &Value) -> Call {
        let Ok(url) = address.parse() else {
            return Call::Declined("not_an_address".to_owned(), Value::Null);
        };
        let span = tracing::Span::none();
        let context = SlackClientApiCallContext {
            rate_control_params: None,
            token: None,
            tracing_span: &span,
            is_sensitive_url: true,
        };
        let call = self.client.http_api.connector.http_post_uri(url, body, context);
        match tokio::time::timeout(CALL_DEADLINE, call).await {
            Ok(answer) => judged_address(answer),
            Err(_) => Call::Unknown("no answer in time".to_owned()),
        }
    }

    /// Waits a short turn; a long one is given back for the caller to wait.
    async fn waits(&self, method: &str, channel: &str) -> Option<Duration> {
        let turn = self.limits.lock().unwrap_or_else(PoisonError::into_inner).take(method, channel, self.now());
        match turn {
            Turn::ComeBack(wait) => Some(wait),
            Turn::After(wait) if wait.is_zero() => None,
            Turn::After(wait) => {
                let waited = tokio::time::timeout(wait.min(PATIENCE), pending::<()>()).await;
                debug_assert!(waited.is_err(), "nothing but the time can end this wait");
                None
            }
        }
    }

    async fn judged(&self, method: &str, channel: &str, call: impl Future<Output = ClientResult<Value>>) -> Call {
        let outcome = match tokio::time::timeout(CALL_DEADLINE, call).await {
            Ok(answer) => judge(answer),
            Err(_) => Call::Unknown("no answer in time".to_owned()),
        };
        if let Call::NotNow(wait) = &outcome
            && *wait > CONNECT_RETRY
        {
            let until = self.now().plus(*wait);
            self.limits.lock().unwrap_or_else(PoisonError::into_inner).silence(method, channel, until);
        }
        if let Call::Declined(code, _) | Call::Unknown(code) = &outcome {
            tracing::debug!(slack.method = method, slack.answer = %code, "slack did not do it");
        }
        outcome
    }
}

/// The connector of that address. A local address speaks plain HTTP and needs no certificates on the machine.
pub(super) fn https(api_base: Option<&str>) -> std::io::Result<Https> {
    use_one_crypto_provider();
    let builder = hyper_rustls::HttpsConnectorBuilder::new();
    if api_base.is_some_and(|base| base.starts_with("http://")) {
        let nobody = rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        return Ok(builder.with_tls_config(nobody).https_or_http().enable_http1().build());
    }
    Ok(builder.with_native_roots()?.https_only().enable_http1().enable_http2().build())
}

/// What the library's answer to a call means.
fn judge(answer: ClientResult<Value>) -> Call {
    match answer {
        Ok(answer) if answer.get("ok").and_then(Value::as_bool) == Some(true) => Call::Done(answer),
        Ok(_) => Call::Unknown("an answer that says neither yes nor no".to_owned()),
        Err(fault) => judge_fault(fault),
    }
}

fn judge_fault(fault: SlackClientError) -> Call {
    match fault {
        SlackClientError::ApiError(declined) => judge_code(declined),
        SlackClientError::RateLimitError(limit) => Call::NotNow(retry_after(limit.retry_after)),
        SlackClientError::HttpProtocolError(fault) => {
            let cause =
                fault.cause.as_ref().and_then(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>());
            if cause.is_some_and(hyper_util::client::legacy::Error::is_connect) {
                Call::NotNow(CONNECT_RETRY)
            } else {
                Call::Unknown("the connection was cut".to_owned())
            }
        }
        SlackClientError::HttpError(fault) => Call::Unknown(format!("HTTP status {}", fault.status_code.as_u16())),
        SlackClientError::ProtocolError(_) => Call::Unknown("an answer that cannot be read".to_owned()),
        SlackClientError::EndOfStream(_)
        | SlackClientError::SystemError(_)
        | SlackClientError::SocketModeProtocolError(_) => Call::Unknown("the connection was cut".to_owned()),
    }
}

fn judge_code(declined: SlackClientApiError) -> Call {
    match declined.code.as_str() {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => Call::NotNow(retry_after(None)),
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => Call::Unknown(declined.code),
        code if is_token_trouble(code) => {
            tracing::error!(slack.answer = code, "slack no longer accepts the bot token; nothing can be sent");
            Call::NotNow(TOKEN_RETRY)
        }
        _ => {
            let body = declined.http_response_body.as_deref().unwrap_or_default();
            Call::Declined(declined.code, serde_json::from_str(body).unwrap_or(Value::Null))
        }
    }
}

/// Whether Slack's word means that the token itself is no good.
pub(super) fn is_token_trouble(code: &str) -> bool {
    let codes = [
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "user_removed_from_team",
        "team_disabled",
        "token_revoked",
        "token_expired",
    ];
    codes.contains(&code)
}

/// An address answers with a bare `ok`, with JSON, or with a status and a word.
fn judged_address(answer: ClientResult<Value>) -> Call {
    match answer {
        Ok(answer) if answer.get("ok").and_then(Value::as_bool) == Some(false) => {
            Call::Declined("address_declined".to_owned(), answer)
        }
        Ok(answer) => Call::Done(answer),
        Err(SlackClientError::HttpError(fault)) if fault.status_code.is_client_error() => {
            Call::Declined(format!("HTTP status {}", fault.status_code.as_u16()), Value::Null)
        }
        Err(fault) => judge_fault(fault),
    }
}

/// Several parts of the program build TLS; the first one to do so names the provider for all of them.
fn use_one_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider().install_default().is_err()
    {
        tracing::debug!("another part of the program named the TLS provider first");
    }
}
