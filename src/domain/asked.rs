//! What a line that only looks asks about, where that is more than servers.

use super::ids::{RequestId, RunId};
use super::intent::{Selector, Spanned};

/// What `why` asks about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WhyOf {
    /// Nothing is named: the request in whose thread the line stands.
    Here,
    /// Somebody would agree, and names nothing: the request in whose thread the line stands, or that waits for consent there.
    Consent,
    /// A request.
    Request(RequestId),
    /// A request's work on one subject.
    Run(RunId),
    /// A server.
    Server(Spanned<Selector>),
}
