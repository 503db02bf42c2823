//! Wrasse: safe server work from chat.

pub mod domain;

pub mod fleet;

pub mod authorization;

pub mod ports;

pub mod adapters;

pub mod sandbox;
