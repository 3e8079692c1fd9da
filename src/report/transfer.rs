//! The tickets that go on to the team that owns them (流程转接): a table that opens in Excel as it is.

use crate::cell::{push_cell, push_safe_cell};

/// A ticket to be passed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticket {
    /// Its event id.
    pub id: String,
    /// When: `2026-11-22 10:05:00`, or the day alone.
    pub time: String,
    /// Its product.
    pub product: String,
    /// The kind's code.
    pub kind: &'static str,
    /// Its cause.
    pub cause: String,
    /// Its channel.
    pub channel: String,
    /// What the customer said, masked; empty where texts are not kept.
    pub text: String,
}

/// The table's header. Excel takes the file for UTF-8 only with the mark before it.
pub const HEADER: &str = "\u{feff}id,time,product,kind,cause,channel,text\n";

/// Appends a ticket's line. What a spreadsheet would run is text.
pub fn push(out: &mut String, ticket: &Ticket) {
    let cells = [&ticket.id, &ticket.time, &ticket.product, ticket.kind, &ticket.cause, &ticket.channel, &ticket.text];
    for (i, cell) in cells.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        // A line break within a cell is one for every reader; a lone return is not.
        let cell = cell.replace('\r', "\n");
        if i == 1 { push_cell(out, &cell, b',') } else { push_safe_cell(out, &cell, b',') }
    }
    out.push('\n');
}
