//! The world behind the ports: chat, storage, drivers, inventory, metrics, alerts. Adapters never call services.

pub mod alerts;
pub mod clock;
pub mod drivers;
pub mod ids;
pub mod inventory;
pub mod metrics;
pub mod slack;
pub mod storage;
pub mod web;
