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
        let decided = classifier.classify(&ticket, field, scratch);
        // The text is masked already.
        let mut noted: Vec<(String, Option<String>)> =
            decided.noted.iter().map(|f| (taxonomy.checks[f.check].id.clone(), Some(f.sentence.words.clone()))).collect();
        noted.sort();
        (decision(&decided, taxonomy), noted)
    };
    history.restate(at, |kept| kept.par_iter().map_init(|| classifier.scratch(), decide).collect())
}
