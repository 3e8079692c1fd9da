//! `restate`: kept tickets decided by today's taxonomy, rules and models.

use super::night::decision;
use crate::classify::Classifier;
use crate::error::Result;
use crate::history::{Kept, Restated, Writing};
use crate::ticket::Ticket;
use rayon::prelude::*;

/// Decides all kept tickets anew.
///
/// # Errors
/// What SQLite gives.
pub fn restate(history: &mut Writing<'_>, classifier: &Classifier, at: &str) -> Result<Restated> {
    let taxonomy = classifier.taxonomy();
    let decide = |scratch: &mut crate::classify::Scratch, kept: &Kept| {
        let field = classifier.field_of_header(&kept.header);
        let ticket =
            Ticket { text: kept.text.as_str().into(), product: kept.written.as_str().into(), channel: kept.channel.as_str().into(), ..Ticket::default() };
        decision(&classifier.classify(&ticket, field, scratch), taxonomy)
    };
    history.restate(at, |kept| kept.par_iter().map_init(|| classifier.scratch(), decide).collect())
}
