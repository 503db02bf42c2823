//! How servers, load balancers and controllers are reached: begin a change, look at a fact.

use crate::domain::effect::{Begun, Probe, Seen};
use crate::mandate::Mandate;
use async_trait::async_trait;
use std::time::Duration;

/// Everything that acts on or looks at the fleet. Each call ends within its deadline, whatever the other side does.
#[async_trait]
pub trait Drivers: Send + Sync {
    /// Does what the mandate is for, once. `NeverSent` only if it provably never got out.
    async fn begin(&self, mandate: &Mandate, deadline: Duration) -> Begun;

    /// Looks. May be repeated at will.
    async fn observe(&self, probe: &Probe, deadline: Duration) -> Seen;
}
