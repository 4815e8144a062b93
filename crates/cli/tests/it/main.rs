//! The program as its users run it, against the simulated engine.
#![cfg(test)]

mod apis;
mod beside;
mod book;
mod cache;
mod client;
mod common;
mod compare;
mod crash;
mod crossing;
mod cycles;
mod faults;
mod first_contact;
mod gateways;
mod guide;
mod hub;
mod limits;
mod machines;
mod max_load;
mod metrics;
mod mixed;
mod network;
mod open_loop;
mod pipes;
mod rooms;
mod rows;
mod schema;
mod secrets;
mod server_times;
mod sessions;
mod trouble;
mod until;
mod vendors;
mod verdicts;
mod words;
mod workloads;
