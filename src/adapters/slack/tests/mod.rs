//! The adapter's pure parts: what payloads mean, what messages become, when sockets open, how fast calls go.

mod receiving;
mod sending;
mod waiting;
