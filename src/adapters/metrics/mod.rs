//! Metrics from Prometheus, or from whatever speaks its query API.
//!
//! Two addresses are asked: `/api/v1/query` and `/api/v1/query_range`. An answer with warnings is no answer: Prometheus
//! warns when parts of what was asked for could not be looked at, and the sum over a part looks like little traffic.
//! Deliberately absent: retries; whoever asks looks again soon anyway.

use crate::adapters::web::{self, NoWebClient, brief, cut_by};
use crate::domain::measure::{Labels, Sample, Series, Span};
use crate::domain::time::Timestamp;
use crate::ports::Metrics;
use crate::ports::metrics::MetricsFault;
use async_trait::async_trait;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The longest answer that is read.
const ANSWER_LENGTH_MAX_BYTES: usize = 16 * 1024 * 1024;

/// A Prometheus server.
pub struct Prometheus {
    web: Client,
    root: String,
    token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Answer<T> {
    status: String,
    data: Option<Data<T>>,
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Data<T> {
    #[serde(rename = "resultType")]
    kind: String,
    result: Vec<T>,
}

/// What a server that refuses says, whatever else it says.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

#[derive(Deserialize)]
struct Row {
    metric: Labels,
    value: (f64, String),
}

#[derive(Deserialize)]
struct Rows {
    metric: Labels,
    values: Vec<(f64, String)>,
}

impl Prometheus {
    /// The server at that address, e.g. `http://prometheus:9090`, with a bearer token if it wants one.
    ///
    /// # Errors
    /// When this machine's TLS settings do not allow an HTTP client.
    pub fn new(url: &str, token: Option<SecretString>) -> Result<Self, NoWebClient> {
        let web = web::client(|client| client)?;
        Ok(Self { web, root: url.trim_end_matches('/').to_owned(), token })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        values: &[(&str, String)],
        (kind, deadline): (&str, Duration),
    ) -> Result<Vec<T>, MetricsFault> {
        let asked = tokio::time::timeout(deadline, self.answer(path, values));
        let text = asked.await.map_err(|_| MetricsFault::Unavailable("no answer in time".to_owned()))??;
        let answer: Answer<T> =
            serde_json::from_slice(&text).map_err(|fault| MetricsFault::Unreadable(brief(&fault.to_string())))?;
        if answer.status != "success" {
            return Err(MetricsFault::Refused(brief(&answer.error.unwrap_or(answer.status))));
        }
        if !answer.warnings.is_empty() {
            return Err(MetricsFault::Doubtful(brief(&answer.warnings.join("; "))));
        }
        match answer.data {
            Some(data) if data.kind == kind => Ok(data.result),
            Some(data) => Err(MetricsFault::Unreadable(format!("a {} instead of a {kind}", brief(&data.kind)))),
            None => Err(MetricsFault::Unreadable("it holds no data".to_owned())),
        }
    }

    async fn answer(&self, path: &str, values: &[(&str, String)]) -> Result<Vec<u8>, MetricsFault> {
        let mut request = self.web.get(format!("{}{path}", self.root)).query(values);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = request.send().await.map_err(|fault| MetricsFault::Unavailable(cut_by(&fault).to_owned()))?;
        let status = answer.status();
        let text = body(answer).await?;
        if status.is_success() {
            return Ok(text);
        }
        let said = serde_json::from_slice::<Refusal>(&text).map(|refusal| brief(&refusal.error));
        let said = said.map_or_else(|_| format!("it answered {status}"), |said| format!("{said} ({status})"));
        Err(if status.is_client_error() { MetricsFault::Refused(said) } else { MetricsFault::Unavailable(said) })
    }
}

async fn body(mut answer: Response) -> Result<Vec<u8>, MetricsFault> {
    let mut text = Vec::new();
    loop {
        let chunk = answer.chunk().await.map_err(|_| MetricsFault::Unavailable("the answer was cut".to_owned()))?;
        let Some(chunk) = chunk else { return Ok(text) };
        if text.len() + chunk.len() > ANSWER_LENGTH_MAX_BYTES {
            return Err(MetricsFault::Unreadable("it is too long".to_owned()));
        }
        text.extend_from_slice(&chunk);
    }
}

fn point((at, value): &(f64, String)) -> Result<(Timestamp, f64), MetricsFault> {
    let number = value.parse::<f64>();
    let number = number.map_err(|_| MetricsFault::Unreadable(format!("`{}` is no value", brief(value))))?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
    let at = (at * 1000.0).round() as i64;
    Ok((Timestamp::from_millis(at), number))
}

/// Seconds with three digits after the point, as the API takes moments.
fn seconds(at: Timestamp) -> String {
    format!("{}.{:03}", at.seconds(), at.millis().rem_euclid(1000))
}

#[async_trait]
impl Metrics for Prometheus {
    async fn at(&self, query: &str, at: Timestamp, deadline: Duration) -> Result<Vec<Sample>, MetricsFault> {
        let values = [("query", query.to_owned()), ("time", seconds(at))];
        let rows: Vec<Row> = self.ask("/api/v1/query", &values, ("vector", deadline)).await?;
        let samples = rows.into_iter().map(|row| {
            let (at, value) = point(&row.value)?;
            Ok(Sample { labels: row.metric, at, value })
        });
        samples.collect()
    }

    async fn over(&self, query: &str, span: Span, deadline: Duration) -> Result<Vec<Series>, MetricsFault> {
        let values = [
            ("query", query.to_owned()),
            ("start", seconds(span.from)),
            ("end", seconds(span.to)),
            ("step", span.every.as_secs_f64().to_string()),
        ];
        let rows: Vec<Rows> = self.ask("/api/v1/query_range", &values, ("matrix", deadline)).await?;
        let series = rows.into_iter().map(|row| {
            let points = row.values.iter().map(point).collect::<Result<_, _>>()?;
            Ok(Series { labels: row.metric, points })
        });
        series.collect()
    }
}
