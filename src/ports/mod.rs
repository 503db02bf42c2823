//! What the services need from the world, as traits. Adapters and the sandbox's models answer them.

pub mod alerts;
pub mod authorizations;
pub mod chat;
pub mod clock;
pub mod controls;
pub mod decisions;
pub mod directory;
pub mod drivers;
pub mod ids;
pub mod metrics;
pub mod monitoring;
pub mod outbox;
pub mod rulebook;
pub mod store;

pub use alerts::Alerts;
pub use chat::{Chat, Inbox};
pub use clock::Clock;
pub use directory::Directory;
pub use drivers::Drivers;
pub use ids::Ids;
pub use metrics::Metrics;
pub use monitoring::Monitoring;
pub use rulebook::{Rulebook, RulebookSource};
pub use store::{Store, StoreFault};
