//! One HTTP call of a step, with the run's id as its idempotency key; further steps that call add their number. No redirects, no proxy.

use crate::domain::command::HttpMethod;
use crate::domain::effect::Begun;
use crate::domain::ids::RunId;
use crate::domain::intent::ParameterName;
use reqwest::Client;
use std::collections::BTreeMap;
use std::time::Duration;

/// The header that makes a repeated call the same call.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// What to call.
pub(super) struct Call<'a> {
    pub(super) method: HttpMethod,
    pub(super) url: &'a str,
    /// A JSON object in the body of a POST; query parameters of a GET.
    pub(super) send: &'a BTreeMap<ParameterName, String>,
    pub(super) expect: u16,
    pub(super) key: &'a RunId,
    /// Which call of the run it is, counted from 1.
    pub(super) number: usize,
}

/// Calls, once.
pub(super) async fn call(web: &Client, call: &Call<'_>, deadline: Duration) -> Begun {
    let send: BTreeMap<&str, &str> = call.send.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request = match call.method {
        HttpMethod::Get => web.get(call.url).query(&send),
        HttpMethod::Post => web.post(call.url).json(&send),
    };
    let key = if call.number == 1 { call.key.to_string() } else { format!("{}/{}", call.key, call.number) };
    let request = request.header(IDEMPOTENCY_KEY, key);
    let answer = match tokio::time::timeout(deadline, request.send()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(fault)) if fault.is_connect() || fault.is_builder() => {
            return Begun::NeverSent("the address cannot be reached".to_owned());
        }
        Ok(Err(_)) => return Begun::Unknown("the connection was cut after the call was sent".to_owned()),
        Err(_) => return Begun::Unknown("the call was sent and no answer came in time".to_owned()),
    };
    let status = answer.status().as_u16();
    let words = format!("it answered {status} instead of {}", call.expect);
    match status {
        _ if status == call.expect => Begun::Sent,
        // Timeout, conflict, too early and all of 5xx leave open whether it took effect.
        408 | 409 | 425 | 500.. => Begun::Unknown(words),
        _ => Begun::Refused(words),
    }
}
