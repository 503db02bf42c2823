//! Socket Mode: the web socket that envelopes leave by and acknowledgements come in by. Which envelope goes where is in `model`.

use super::shared::{Outgoing, SOCKET_QUEUE_MAX_FRAMES, Shared};
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the workspace pings; clients give a socket up when pings stay away for half a minute.
const PING_EVERY: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Ticket {
    #[serde(default)]
    ticket: String,
}

/// The route that `apps.connections.open` hands out.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/link/", get(opened)).route("/link", get(opened))
}

async fn opened(
    State(shared): State<Arc<Shared>>,
    Query(ticket): Query<Ticket>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !shared.act(|model, _| model.redeem_ticket(&ticket.ticket)) {
        return (StatusCode::FORBIDDEN, "this address was used before or never given out").into_response();
    }
    upgrade.on_upgrade(move |socket| talk(shared, socket))
}

async fn talk(shared: Arc<Shared>, mut socket: WebSocket) {
    let (out, mut outgoing) = mpsc::channel(SOCKET_QUEUE_MAX_FRAMES);
    let id = shared.act_then(|model, now| model.socket_opened(now), |&id| shared.connect(id, out));
    let mut pings = tokio::time::interval(PING_EVERY);
    loop {
        tokio::select! {
            what = outgoing.recv() => {
                let sent = match what {
                    Some(Outgoing::Frame(frame)) => socket.send(Message::Text(frame.into())).await,
                    Some(Outgoing::Goodbye) => {
                        if let Err(fault) = socket.send(Message::Close(None)).await {
                            tracing::debug!(%fault, "the socket was gone before goodbye");
                        }
                        break;
                    }
                    Some(Outgoing::Cut) | None => break,
                };
                if sent.is_err() {
                    break;
                }
            }
            frame = socket.recv() => match frame {
                Some(Ok(Message::Text(words))) => shared.act(|model, now| model.frame_came(&words, now)),
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
            _ = pings.tick() => {
                if socket.send(Message::Ping(b"Ping from applink-sandbox".as_slice().into())).await.is_err() {
                    break;
                }
            }
        }
    }
    shared.disconnect(id);
}
