//! The examples beside the causes, put to the test: each must be decided as its cause, or must not.

use super::{Classifier, Field};
use crate::taxonomy::Example;
use crate::taxonomy::check::About;
use crate::ticket::{Role, Talk, Ticket};
use crate::transcript;
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

/// An example of a check in which it does not fire and should, or the other way round.
#[derive(Debug, Clone)]
pub struct CheckFailure {
    /// Index of the check.
    pub check: usize,
    /// The conversation or text, and its line.
    pub example: Example,
    /// Whether it had to fire.
    pub must_match: bool,
}

/// What a customer said before an agent's words that stand alone.
const COMPLAINT: &str = "这个问题一直没有解决，你们到底管不管";

impl Classifier {
    /// Puts every example of every check to the test; returns those that fail, in order. An example about an agent is a chat as
    /// transcripts are written (`客户：…` and `客服：…`), or an agent's answer to a complaint; one about a customer is a text.
    #[must_use]
    pub fn failing_checks(&self) -> Vec<CheckFailure> {
        let mut scratch = self.scratch();
        let mut failures = Vec::new();
        for (i, check) in self.taxonomy.checks.iter().enumerate() {
            let both = check.matches.iter().map(|e| (e, true)).chain(check.rejects.iter().map(|e| (e, false)));
            for (example, must_match) in both {
                let fired = match check.about {
                    About::Agent => {
                        let (script, text) = scripted(&example.text);
                        self.listen(&conversation(text), script, &mut scratch, false)
                    }
                    About::Customer => self.classify(&Ticket { text: example.text.as_str().into(), ..Ticket::default() }, Field::UNKNOWN, &mut scratch).noted,
                };
                if fired.iter().any(|f| f.check == i) != must_match {
                    failures.push(CheckFailure { check: i, example: example.clone(), must_match });
                }
            }
        }
        failures
    }

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

/// The script that an example begins with (`话术：…` on a line of its own), and the rest.
fn scripted(example: &str) -> (Option<&str>, &str) {
    let told = example.strip_prefix("话术：").and_then(|rest| rest.split_once('\n'));
    told.map_or((None, example), |(script, text)| (Some(script), text))
}

/// A chat, or an agent's answer to a complaint.
fn conversation(text: &str) -> Talk {
    if let Some(talk) = transcript::split(text.into()).talk {
        return *talk;
    }
    let mut talk = Talk::default();
    talk.push(Role::Customer, COMPLAINT, None);
    talk.push(Role::Agent, text, None);
    talk
}
