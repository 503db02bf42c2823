//! The world behind the ports: chat, storage, drivers, inventory. Adapters never call services.

pub mod clock;
pub mod drivers;
pub mod inventory;
pub mod storage;
