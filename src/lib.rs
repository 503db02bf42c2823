#![doc = include_str!("ARCHITECTURE.md")]

pub mod domain;

pub mod fleet;

pub mod yaml;

pub mod authorization;

pub mod workflow;

pub mod approvals;

pub mod admission;

pub mod mandate;

pub mod catalog;

pub mod language;

pub mod conversation;

pub mod ports;

pub mod services;

pub mod adapters;

pub mod sandbox;

pub mod settings;

pub mod files;

pub mod app;

pub mod cli;
