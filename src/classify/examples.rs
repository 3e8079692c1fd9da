//! The examples beside the causes, put to the test: each must be decided as its cause, or must not.

use super::{Classifier, Field};
use crate::taxonomy::Example;
use crate::ticket::Ticket;
use rayon::prelude::*;

/// An example that is not decided as it should be.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Index of the cause it stands under.
    pub cause: usize,
    /// The text and its line.
    pub example: Example,
    /// Whether it had to match.
    pub must_match: bool,
    /// The cause decided instead, if any.
    pub decided: Option<usize>,
    /// Index of the rule that decided, within that cause.
    pub rule: usize,
}

impl Classifier {
    /// Decides every example of every cause, as a ticket of a product of the cause's field; returns those that fail, in order.
    #[must_use]
    pub fn failing_examples(&self) -> Vec<Failure> {
        let causes = &self.taxonomy.causes;
        let per_cause: Vec<Vec<Failure>> = (0..causes.len())
            .into_par_iter()
            .map_init(
                || self.scratch(),
                |scratch, i| {
                    let cause = &causes[i];
                    let field = Field::of([cause.pack]);
                    let product = cause.products.first().map_or("", |p| &self.taxonomy.products[*p].name);
                    let both = cause.matches.iter().map(|e| (e, true)).chain(cause.rejects.iter().map(|e| (e, false)));
                    let mut failures = Vec::new();
                    for (example, must_match) in both {
                        let ticket = Ticket { text: example.text.as_str().into(), product: product.into(), ..Ticket::default() };
                        let prediction = self.classify(&ticket, field, scratch);
                        // Another cause of the same path will do, but an example to the contrary is about this one's rules.
                        let counted = prediction.cause.map(|c| causes[c].counted_as) == Some(cause.counted_as);
                        if if must_match { !counted } else { prediction.cause == Some(i) } {
                            failures.push(Failure { cause: i, example: example.clone(), must_match, decided: prediction.cause, rule: prediction.rule });
                        }
                    }
                    failures
                },
            )
            .collect();
        per_cause.into_iter().flatten().collect()
    }
}
