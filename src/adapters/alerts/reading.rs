//! Firing alerts from Alertmanager, or from whatever speaks its API v2: `GET /api/v2/alerts`.
//!
//! What people have silenced there, and what another alert inhibits, is left out. One alert that cannot be read makes the
//! whole answer one that cannot: it might be the one that counts. Deliberately absent: retries; whoever asks looks again
//! soon anyway.

use super::Alertmanager;
use crate::adapters::web::{brief, cut_by};
use crate::domain::alert::FiringAlert;
use crate::domain::measure::Labels;
use crate::domain::time::Timestamp;
use crate::ports::Monitoring;
use crate::ports::monitoring::MonitoringFault;
use async_trait::async_trait;
use reqwest::Response;
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::time::Duration;

/// The longest answer that is read.
const ANSWER_LENGTH_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Those that are inhibited are wanted too: that is about whom to call, and a wide alert inhibits the narrow ones when it is worst.
const WANTED: [(&str, &str); 3] = [("active", "true"), ("silenced", "false"), ("inhibited", "true")];

/// An alert as the API tells it, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    labels: Labels,
    starts_at: String,
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    /// The silences that people have put on it; none, where nothing is said of them.
    #[serde(default)]
    silenced_by: Vec<String>,
}

impl Alertmanager {
    async fn read(&self) -> Result<Vec<FiringAlert>, MonitoringFault> {
        let mut request = self.web.get(&self.address).query(&WANTED);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = request.send().await.map_err(|fault| MonitoringFault::Unavailable(cut_by(&fault).to_owned()))?;
        let status = answer.status();
        if status.is_client_error() || status.is_redirection() {
            return Err(MonitoringFault::Refused(format!("it answered {status}")));
        }
        if !status.is_success() {
            return Err(MonitoringFault::Unavailable(format!("it answered {status}")));
        }
        let text = body(answer).await?;
        let told: Vec<Told> =
            serde_json::from_slice(&text).map_err(|fault| MonitoringFault::Unreadable(brief(&fault.to_string())))?;
        let heard = told.into_iter().filter(|one| one.status.silenced_by.is_empty());
        heard.map(|one| Ok(FiringAlert { since: moment(&one.starts_at)?, labels: one.labels })).collect()
    }
}

#[async_trait]
impl Monitoring for Alertmanager {
    async fn firing(&self, deadline: Duration) -> Result<Vec<FiringAlert>, MonitoringFault> {
        let read = tokio::time::timeout(deadline, self.read()).await;
        read.map_err(|_| MonitoringFault::Unavailable("no answer in time".to_owned()))?
    }
}

async fn body(mut answer: Response) -> Result<Vec<u8>, MonitoringFault> {
    let mut text = Vec::new();
    loop {
        let chunk = answer.chunk().await.map_err(|_| MonitoringFault::Unavailable("the answer was cut".to_owned()))?;
        let Some(chunk) = chunk else { return Ok(text) };
        if text.len() + chunk.len() > ANSWER_LENGTH_MAX_BYTES {
            return Err(MonitoringFault::Unreadable("it is too long".to_owned()));
        }
        text.extend_from_slice(&chunk);
    }
}

/// `2026-11-25T14:05:00.000Z`
fn moment(text: &str) -> Result<Timestamp, MonitoringFault> {
    let at = chrono::DateTime::parse_from_rfc3339(text);
    let at = at.map_err(|_| MonitoringFault::Unreadable(format!("`{}` is no time", brief(text))))?;
    Ok(Timestamp::from_millis(at.timestamp_millis()))
}
