//! 阿虎 (`ahu`): sorts customer-service tickets by product, kind (complaint, inquiry, …) and cause, and sums up the day.
//!
//! Data flows one way: bytes → [`ingest`] → [`ticket::Ticket`] → [`classify`] → [`prediction::Prediction`] → counts → digest →
//! report. `docs/architecture.md` draws the house.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![warn(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

pub mod alert;
pub mod cell;
pub mod classify;
pub mod counts;
pub mod deliver;
pub mod detect;
pub mod digest;
pub mod discover;
pub mod error;
pub mod history;
pub mod ingest;
pub mod learn;
pub mod listing;
pub mod mask;
pub mod model;
pub mod pipeline;
pub mod prediction;
pub mod prevalence;
pub mod report;
pub mod review;
pub mod segment;
pub mod taxonomy;
pub mod ticket;
pub mod transcript;
