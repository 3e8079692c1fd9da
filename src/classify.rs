//! One ticket to its kind, product and cause. A pure function of the ticket and the taxonomy: no other ticket, no order, no
//! clock has a say, so any engine may split the work as it likes.
//!
//! [`program`] turns all rules into one automaton, [`matching`] evaluates them on a text, [`decide`] weighs what fired.

mod decide;
mod examples;
mod matching;
mod program;

pub use decide::{Candidate, Explanation, FiredCue};
pub use examples::Failure;
pub use program::Field;

use crate::error::Result;
use crate::prediction::Prediction;
use crate::segment::{Normalized, Segmenter};
use crate::taxonomy::Taxonomy;
use crate::ticket::Ticket;
use matching::Scope;
use program::Program;

/// What the user may set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Decisions less sure than this become abstentions, 0 to 1; 0 never abstains.
    pub min_confidence: f32,
}

impl Default for Config {
    fn default() -> Self {
        Config { min_confidence: 0.4 }
    }
}

/// Buffers of one thread: make one per thread and pass it to every call.
pub struct Scratch {
    customer: Scope,
    agent: Scope,
    seen_rules: Vec<u32>,
    round: u32,
    product: Normalized,
}

/// Decides tickets by the rules of a taxonomy.
pub struct Classifier {
    program: Program,
    taxonomy: Taxonomy,
    segmenter: Segmenter,
    config: Config,
}

impl Classifier {
    /// Compiles the taxonomy's rules.
    ///
    /// # Errors
    /// A regular expression that does not compile within the limits, with file and line.
    ///
    /// ```
    /// use ahu::classify::{Classifier, Config, Field};
    /// use ahu::{prediction::Kind, taxonomy::Taxonomy, ticket::Ticket};
    /// let classifier = Classifier::new(Taxonomy::with_builtin(true, &[]).unwrap(), Config::default()).unwrap();
    /// let ticket = Ticket { text: "活动奖励到现在都没给我".into(), product: "某某手游".into(), ..Ticket::default() };
    /// let decided = classifier.classify(&ticket, Field::UNKNOWN, &mut classifier.scratch());
    /// assert_eq!(decided.kind, Some(Kind::Complaint));
    /// ```
    pub fn new(taxonomy: Taxonomy, config: Config) -> Result<Classifier> {
        let program = Program::compile(&taxonomy)?;
        let normalizer = crate::segment::Normalizer::builtin();
        let words = taxonomy.words.iter().map(|w| normalizer.folded(w)).collect();
        Ok(Classifier { program, taxonomy, segmenter: Segmenter::new(words), config })
    }

    /// The taxonomy it decides by.
    #[must_use]
    pub fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// The segmenter with the taxonomy's words.
    #[must_use]
    pub fn segmenter(&self) -> &Segmenter {
        &self.segmenter
    }

    /// Buffers for one thread.
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        Scratch {
            customer: Scope::new(self.program.groups()),
            agent: Scope::new(self.program.groups()),
            seen_rules: vec![0; self.program.rules.len()],
            round: 0,
            product: Normalized::default(),
        }
    }

    /// The field that a product column's header tells of (`游戏` is a column of games).
    #[must_use]
    pub fn field_of_header(&self, header: &str) -> Field {
        self.program.field_of_header(header)
    }

    /// Decides one ticket. `field` is what the product column's header tells, or [`Field::UNKNOWN`].
    pub fn classify(&self, ticket: &Ticket<'_>, field: Field, scratch: &mut Scratch) -> Prediction {
        decide::decide(self, ticket, field, scratch, None)
    }

    /// Decides one ticket and tells every step.
    pub fn explain(&self, ticket: &Ticket<'_>, field: Field, scratch: &mut Scratch) -> Explanation {
        let mut explanation = Explanation::default();
        explanation.prediction = Some(decide::decide(self, ticket, field, scratch, Some(&mut explanation)));
        explanation
    }
}
