//! How servers, load balancers and controllers are reached: begin a change, look at a fact.

use crate::domain::effect::{Act, Begun, Probe, Seen};
use async_trait::async_trait;
use std::time::Duration;

/// Everything that acts on or looks at the fleet. Each call ends within its deadline, whatever the other side does.
#[async_trait]
pub trait Drivers: Send + Sync {
    /// Begins a change, once. `NeverSent` only if it provably never got out.
    async fn begin(&self, act: &Act, deadline: Duration) -> Begun;

    /// Looks. May be repeated at will.
    async fn observe(&self, probe: &Probe, deadline: Duration) -> Seen;
}
