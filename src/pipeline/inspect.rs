//! `why`: the tickets with certain ids, each with every step of its decision.

use super::{Consumer, Job, Outcome, Output, Row, mask_evidence, mask_prediction};
use crate::classify::{Classifier, Explanation, Field};
use crate::error::Result;
use crate::ingest::reader::{Layout, Reject};
use crate::mask;
use crate::prediction::Fired;
use crate::ticket::Ticket;

/// A ticket with its explanation.
pub struct Explained {
    /// Its id.
    pub id: String,
    /// Its text as written.
    pub text: String,
    /// Its product as written.
    pub product: String,
    /// Every step.
    pub explanation: Explanation,
    /// Checks that fired in what both sides said.
    pub fired: Vec<Fired>,
}

impl Explained {
    /// Explains a ticket; with `masked`, without the personal data in it.
    #[must_use]
    pub fn new(classifier: &Classifier, ticket: &Ticket<'_>, field: Field, masked: bool) -> Explained {
        let mut explanation = classifier.explain(ticket, field, &mut classifier.scratch());
        let shown = |text: &str| if masked { mask::mask(text).into_owned() } else { text.to_owned() };
        let text = shown(&ticket.text);
        explanation.normalized = shown(&explanation.normalized);
        // A word by itself may be half an address: the words are cut from the masked text.
        let mut rest = explanation.normalized.chars();
        explanation.words = explanation.words.iter().map(|w| rest.by_ref().take(w.chars().count()).collect()).collect();
        if text != ticket.text {
            explanation.candidates.iter_mut().for_each(|c| mask_evidence(&mut c.evidence, &text));
            explanation.cues.iter_mut().for_each(|c| mask_evidence(&mut c.evidence, &text));
            explanation.models.iter_mut().flat_map(|m| &mut m.words).for_each(|w| mask_evidence(std::slice::from_mut(&mut w.0), &text));
        }
        if let Some(p) = explanation.prediction.as_mut().filter(|_| masked) {
            mask_prediction(p, &ticket.text);
        }
        let noted = explanation.prediction.iter().flat_map(|p| p.noted.clone());
        let script = explanation.prediction.as_ref().and_then(|p| classifier.script(p));
        let heard = ticket.talk.iter().flat_map(|talk| classifier.listen(talk, script, &mut classifier.scratch(), masked));
        let kind = explanation.prediction.as_ref().and_then(|p| p.kind);
        let fired = noted.chain(heard).filter(|f| classifier.taxonomy().checks[f.check].concerns(kind)).collect();
        Explained { fired, id: ticket.id.to_string(), text, product: shown(&ticket.product), explanation }
    }
}

/// Explains the tickets of `job.only_ids`.
///
/// # Errors
/// Whatever reading gave.
pub fn inspect(job: &Job<'_>) -> Result<(Vec<Explained>, Outcome)> {
    let mut collected = Collected(Vec::new());
    let outcome = super::run(job, &Inspect(job.classifier), &mut collected)?;
    Ok((collected.0, outcome))
}

struct Inspect<'a>(&'a Classifier);

impl Output for Inspect<'_> {
    type Part = Vec<Explained>;

    fn decides(&self) -> bool {
        false
    }

    fn begin(&self, _: &Layout) -> Self::Part {
        Vec::new()
    }

    fn row(&self, part: &mut Self::Part, row: &Row<'_>) {
        part.push(Explained::new(self.0, row.ticket, row.field, !row.masks.is_empty()));
    }
}

struct Collected(Vec<Explained>);

impl Consumer<Vec<Explained>> for Collected {
    fn part(&mut self, part: Vec<Explained>, _: &[bool]) -> Result<()> {
        self.0.extend(part);
        Ok(())
    }

    fn reject(&mut self, _: &Reject) -> Result<()> {
        Ok(())
    }
}
