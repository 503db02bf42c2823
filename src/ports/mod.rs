//! What the services need from the world, as traits. Adapters and the sandbox's models answer them.

pub mod clock;
pub mod drivers;

pub use clock::Clock;
pub use drivers::Drivers;
