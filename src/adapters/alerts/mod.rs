//! Alerts to Alertmanager, or to whatever takes its API v2: `POST /api/v2/alerts`; `reading` reads those that fire there.
//!
//! An alert is told by its labels, so they are made of what does not change while a matter lasts; what does is in the
//! annotations. Deliberately absent: retries, and what is over; whoever tells does so again before it ends.

mod reading;

use crate::adapters::web::{self, NoWebClient, brief, cut_by};
use crate::conversation::{Matter, MatterKind};
use crate::domain::alert::MATTER_LABEL;
use crate::domain::time::Timestamp;
use crate::ports::Alerts;
use crate::ports::alerts::{Alert, AlertsFault};
use async_trait::async_trait;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most alerts in one call.
const ALERTS_PER_CALL_MAX: usize = 64;
/// How much of an answer is read.
const ANSWER_LENGTH_MAX_BYTES: usize = 16 * 1024;

/// An Alertmanager.
pub struct Alertmanager {
    web: Client,
    address: String,
    token: Option<SecretString>,
}

/// An alert as the API takes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted<'a> {
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, &'a str>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<&'a str>,
}

impl Alertmanager {
    /// The one at that address, e.g. `http://alertmanager:9093`, with a bearer token if it wants one.
    ///
    /// # Errors
    /// When this machine's TLS settings do not allow an HTTP client.
    pub fn new(url: &str, token: Option<SecretString>) -> Result<Self, NoWebClient> {
        // Calls are a minute apart: a connection that was kept may be cut by then, and look like a silent pager.
        let web = web::client(|client| client.pool_max_idle_per_host(0))?;
        Ok(Self { web, address: format!("{}/api/v2/alerts", url.trim_end_matches('/')), token })
    }

    async fn post(&self, alerts: &[Alert]) -> Result<(), AlertsFault> {
        let body = alerts.iter().map(posted).collect::<Vec<_>>();
        let mut request = self.web.post(&self.address).json(&body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = request.send().await.map_err(|fault| AlertsFault::Unavailable(cut_by(&fault).to_owned()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let said = match words(answer).await {
            said if said.is_empty() => format!("it answered {status}"),
            said => format!("it answered {status}: {said}"),
        };
        Err(if status.is_client_error() { AlertsFault::Refused(said) } else { AlertsFault::Unavailable(said) })
    }
}

#[async_trait]
impl Alerts for Alertmanager {
    async fn tell(&self, alerts: &[Alert], deadline: Duration) -> Result<(), AlertsFault> {
        let all = async {
            if alerts.is_empty() {
                return self.post(&[]).await;
            }
            // One call that is refused must not keep the others from being told.
            let mut outcome = Ok(());
            for some in alerts.chunks(ALERTS_PER_CALL_MAX) {
                outcome = outcome.and(self.post(some).await);
            }
            outcome
        };
        let ended = tokio::time::timeout(deadline, all).await;
        ended.map_err(|_| AlertsFault::Unavailable("no answer in time".to_owned()))?
    }
}

fn posted(alert: &Alert) -> Posted<'_> {
    let Matter { key, kind, since, scope, site, command, request, summary, description, card: _ } = &alert.matter;
    let mut labels = BTreeMap::from([
        ("alertname", alert_name(*kind).to_owned()),
        ("severity", kind.severity().word().to_owned()),
        (MATTER_LABEL, key.to_string()),
        ("scope", scope.clone()),
    ]);
    labels.extend(site.as_ref().map(|site| ("site", site.to_string())));
    labels.extend(command.as_ref().map(|command| ("command", command.to_string())));
    labels.extend(request.as_ref().map(|request| ("request", request.to_string())));
    // Whatever is no address would have the whole call refused.
    let is_address = |link: &&str| link.starts_with("https://") || link.starts_with("http://");
    Posted {
        labels,
        annotations: BTreeMap::from([("summary", summary.as_str()), ("description", description.as_str())]),
        starts_at: moment(*since),
        // An end before the beginning is refused.
        ends_at: moment(alert.ends_at.max(*since)),
        generator_url: alert.link.as_deref().filter(is_address),
    }
}

/// The name by which people route and silence alerts: it stays, whatever is renamed here.
const fn alert_name(kind: MatterKind) -> &'static str {
    match kind {
        MatterKind::EverythingStopped => "WrasseEverythingStopped",
        MatterKind::BreakerOpen => "WrasseBreakerOpen",
        MatterKind::RequestHalted => "WrasseRequestHalted",
        MatterKind::PolicyOverridden => "WrassePolicyOverridden",
        MatterKind::OutcomeUnknown => "WrasseOutcomeUnknown",
        MatterKind::ServersLeftOut => "WrasseServersLeftOut",
        MatterKind::ReliefMissing => "WrasseReliefMissing",
        MatterKind::ReservationSuspect => "WrasseReservationSuspect",
    }
}

/// `2026-11-25T14:05:00.000Z`
fn moment(at: Timestamp) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at.millis()).unwrap_or_default();
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// What a refusal says, on one line, not too much of it.
async fn words(mut answer: Response) -> String {
    let mut text = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await
        && text.len() < ANSWER_LENGTH_MAX_BYTES
    {
        text.extend_from_slice(&chunk);
    }
    brief(String::from_utf8_lossy(&text).trim_matches(['"', '\n']))
}
