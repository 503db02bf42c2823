//! Management controllers over Redfish: read a system, restart it by force.
//!
//! Only two resources and one action, read leniently, because controllers differ in everything else. The system is
//! read first: it names the action's address and says which machine it is, so a controller that does not answer, or that is
//! another machine's, has then been sent no action.

use super::one_line;
use crate::adapters::inventory::{BmcEndpoint, NotProven, SaidIdentity};
use crate::domain::effect::{Begun, Power, PowerFacts, Seen};
use crate::domain::time::Timestamp;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// What a controller may say of one system before it is not believed.
const ANSWER_LENGTH_MAX_BYTES: usize = 1024 * 1024;

#[derive(Deserialize)]
struct SystemAnswer {
    #[serde(rename = "PowerState")]
    power_state: Option<String>,
    #[serde(rename = "LastResetTime")]
    last_reset_time: Option<String>,
    /// Anything, so that a value of another type is no identity and not an answer that cannot be read.
    #[serde(rename = "UUID", default)]
    uuid: Value,
    #[serde(rename = "SerialNumber", default)]
    serial: Value,
    #[serde(rename = "SKU", default)]
    sku: Value,
    #[serde(rename = "Actions", default)]
    actions: ActionsAnswer,
}

#[derive(Deserialize, Default)]
struct ActionsAnswer {
    #[serde(rename = "#ComputerSystem.Reset")]
    reset: Option<ResetAnswer>,
}

#[derive(Deserialize)]
struct ResetAnswer {
    target: Option<String>,
}

/// The system's power.
pub(super) async fn power(web: &Client, endpoint: &BmcEndpoint, deadline: Duration) -> Seen {
    let found = match tokio::time::timeout(deadline, system(web, endpoint)).await {
        Ok(found) => found,
        Err(_) => return Seen::NoAnswer("the management controller did not answer in time".to_owned()),
    };
    let system = match found {
        Ok(system) => system,
        Err(why) => return Seen::NoAnswer(why),
    };
    match proven(&system, endpoint) {
        Ok(()) => {}
        Err(NotProven::Another(why)) => return Seen::OtherMachine(one_line(&why)),
        Err(NotProven::Untold(why)) => return Seen::NoAnswer(why),
    }
    let power = match system.power_state.as_deref() {
        Some("On" | "PoweringOff" | "Paused") => Power::On,
        Some("Off" | "PoweringOn") => Power::Off,
        Some(other) => return Seen::NoAnswer(format!("its power is `{}`", one_line(other))),
        None => return Seen::NoAnswer("the management controller does not tell the power".to_owned()),
    };
    let last_reset = system.last_reset_time.as_deref().and_then(|text| {
        let moment = chrono::DateTime::parse_from_rfc3339(text).ok()?;
        Some(Timestamp::from_millis(moment.timestamp_millis()))
    });
    Seen::Power(PowerFacts { power, last_reset })
}

/// Restarts by force, once.
pub(super) async fn restart(web: &Client, endpoint: &BmcEndpoint, deadline: Duration) -> Begun {
    let mut written = false;
    let ended = tokio::time::timeout(deadline, reset(web, endpoint, &mut written)).await;
    match ended {
        Ok(begun) => begun,
        Err(_) if written => Begun::Unknown("the restart was sent and no answer came in time".to_owned()),
        Err(_) => Begun::NeverSent("the management controller did not answer in time".to_owned()),
    }
}

async fn reset(web: &Client, endpoint: &BmcEndpoint, written: &mut bool) -> Begun {
    let system = match system(web, endpoint).await {
        Ok(system) => system,
        Err(why) => return Begun::NeverSent(why),
    };
    match proven(&system, endpoint) {
        Ok(()) => {}
        Err(NotProven::Another(why)) => return Begun::OtherMachine(one_line(&why)),
        Err(NotProven::Untold(why)) => return Begun::NeverSent(why),
    }
    let Some(target) = reset_target(&endpoint.url, system.actions.reset.and_then(|reset| reset.target)) else {
        return Begun::NeverSent("the management controller names a reset action elsewhere".to_owned());
    };
    let body = serde_json::json!({ "ResetType": "ForceRestart" });
    let request = login(web.post(target).json(&body), endpoint);
    *written = true;
    match request.send().await {
        Ok(answer) => reset_answered(answer).await,
        Err(fault) if fault.is_connect() || fault.is_builder() => Begun::NeverSent(words_of(&fault)),
        Err(fault) => Begun::Unknown(words_of(&fault)),
    }
}

async fn reset_answered(answer: Response) -> Begun {
    let status = answer.status();
    if status.is_success() {
        return Begun::Sent;
    }
    let is_refusal = status.is_redirection() || status.is_client_error() || status == StatusCode::NOT_IMPLEMENTED;
    let said = match body_of(answer).await {
        Ok(body) => one_line(&String::from_utf8_lossy(&body)),
        Err(why) => why,
    };
    let words = format!("the management controller answered {}: {said}", status.as_u16());
    if is_refusal { Begun::Refused(words) } else { Begun::Unknown(words) }
}

/// The reset action's address; `None` if the controller points to another machine.
fn reset_target(system: &Url, named: Option<String>) -> Option<Url> {
    let path = named.unwrap_or_else(|| format!("{}/Actions/ComputerSystem.Reset", system.path().trim_end_matches('/')));
    system.join(&path).ok().filter(|target| target.origin() == system.origin())
}

/// Whether it is the machine that the inventory means.
fn proven(system: &SystemAnswer, endpoint: &BmcEndpoint) -> Result<(), NotProven> {
    let said = SaidIdentity { uuid: system.uuid.as_str(), serial: system.serial.as_str(), sku: system.sku.as_str() };
    endpoint.identity.check(said)
}

async fn system(web: &Client, endpoint: &BmcEndpoint) -> Result<SystemAnswer, String> {
    let answer = login(web.get(endpoint.url.clone()), endpoint).send().await.map_err(|fault| words_of(&fault))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("the management controller answered {}", status.as_u16()));
    }
    let body = body_of(answer).await?;
    serde_json::from_slice(&body).map_err(|_| "the management controller's answer is not understood".to_owned())
}

async fn body_of(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|fault| words_of(&fault))? {
        if body.len() + chunk.len() > ANSWER_LENGTH_MAX_BYTES {
            return Err("the management controller's answer is too long".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn login(request: RequestBuilder, endpoint: &BmcEndpoint) -> RequestBuilder {
    let credential = &endpoint.credential;
    request.basic_auth(&credential.username, Some(credential.password.expose_secret()))
}

/// Without the address: it is in the inventory, and some are written with a login in them.
fn words_of(fault: &reqwest::Error) -> String {
    if fault.is_connect() {
        "the management controller cannot be reached".to_owned()
    } else {
        "the management controller broke off".to_owned()
    }
}
