//! The sandbox's page: a chat client and a fleet map in the browser, served as static files.
//!
//! Everything is compiled in; nothing is loaded from outside, and the policy header says so to the browser.
//! Absent on purpose: state. The page speaks to the same-origin `/sandbox/` endpoints like any other program.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// What the browser may load: this origin only, and no inline script or style.
const ONLY_FROM_HERE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// One file of the page: where it is served, what it is, and its text.
type PageFile = (&'static str, &'static str, &'static str);

/// Every file of the page. A permalink (`/archives/…`) is the page itself, which then opens that thread.
const FILES: &[PageFile] = &[
    ("/", HTML, include_str!("page.html")),
    ("/archives/{channel}/{message}", HTML, include_str!("page.html")),
    ("/page.css", CSS, include_str!("page.css")),
    ("/page/blocks.css", CSS, include_str!("blocks.css")),
    ("/page/fleet.css", CSS, include_str!("fleet.css")),
    ("/page/phone.css", CSS, include_str!("phone.css")),
    ("/page/icon.svg", PICTURE, include_str!("icon.svg")),
    ("/page.js", SCRIPT, include_str!("page.js")),
    ("/page/approvals.js", SCRIPT, include_str!("approvals.js")),
    ("/page/blocks.js", SCRIPT, include_str!("blocks.js")),
    ("/page/composer.js", SCRIPT, include_str!("composer.js")),
    ("/page/dom.js", SCRIPT, include_str!("dom.js")),
    ("/page/fleet.js", SCRIPT, include_str!("fleet.js")),
    ("/page/home.js", SCRIPT, include_str!("home.js")),
    ("/page/inputs.js", SCRIPT, include_str!("inputs.js")),
    ("/page/messages.js", SCRIPT, include_str!("messages.js")),
    ("/page/modal.js", SCRIPT, include_str!("modal.js")),
    ("/page/mrkdwn.js", SCRIPT, include_str!("mrkdwn.js")),
    ("/page/store.js", SCRIPT, include_str!("store.js")),
    ("/page/trouble.js", SCRIPT, include_str!("trouble.js")),
    ("/page/wire.js", SCRIPT, include_str!("wire.js")),
];

/// The page's routes, to be merged with the control API on one port.
pub fn router() -> Router {
    FILES.iter().fold(Router::new(), |router, &(path, kind, text)| {
        router.route(path, get(move || async move { as_reply(kind, text) }))
    })
}

fn as_reply(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, ONLY_FROM_HERE)];
    (headers, text)
}

#[cfg(test)]
mod tests;
