//! The world behind the ports: chat, storage, drivers, inventory, metrics. Adapters never call services.

pub mod clock;
pub mod drivers;
pub mod ids;
pub mod inventory;
pub mod metrics;
pub mod slack;
pub mod storage;
