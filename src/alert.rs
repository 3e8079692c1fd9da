//! Something unusual: a cause that comes more often than expected.

use crate::prediction::Kind;
use serde::Serialize;

/// An alert of one day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    /// Its number: of the same problem on every day.
    pub number: i64,
    /// Product.
    pub product: String,
    /// The kind; `None` where it was not decided.
    pub kind: Option<Kind>,
    /// Cause; empty for what no cause took.
    pub cause: String,
    /// Tickets on that day.
    pub observed: u64,
    /// How many were expected.
    pub expected: f64,
    /// 95 of 100 such days have from so many…
    pub low: u64,
    /// … to so many.
    pub high: u64,
    /// What it is beside the days before.
    pub state: State,
    /// The day on which it was first told.
    pub since: String,
    /// Ids of the first tickets.
    pub ids: Vec<String>,
}

/// What an alert is beside the days before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Told for the first time.
    New,
    /// The cause was never there before.
    Unknown,
    /// As on the days before; it is not told again.
    Ongoing,
    /// It had ended, and is back.
    Reopened,
}
