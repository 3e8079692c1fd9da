//! One ticket to its kind, product and cause. A pure function of the ticket and the taxonomy: no other ticket, no order, no
//! clock has a say, so any engine may split the work as it likes.
//!
//! `fields` tells which field of business a ticket belongs to, `program` turns that field's rules into one automaton,
//! `matching` evaluates them on a text, `decide` weighs what fired; `service` looks over what was said, beside it.

mod decide;
mod examples;
mod fields;
mod learned;
mod matching;
mod program;
pub mod service;

pub use decide::{Candidate, Explanation, FiredCue, ModelStep};
pub use examples::{CheckFailure, Failure};
pub use fields::Field;
pub use learned::kind_of;

use crate::digest::Corrections;
use crate::error::{Error, Result};
use crate::model::{Model, Target};
use crate::prediction::{Evidence, Prediction};
use crate::segment::{Normalizer, Segmenter};
use crate::taxonomy::Taxonomy;
use crate::ticket::Ticket;
use fields::Fields;
use learned::Learned;
use matching::Scope;
use program::Programs;
use std::collections::HashMap;

/// What the user may set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Decisions less sure than this become abstentions, 0 to 1; 0 never abstains.
    pub min_confidence: f32,
    /// Models decide only where so many of a hundred such decisions were right out of fold, 0 to 1.
    pub target_precision: Option<f32>,
}

impl Default for Config {
    fn default() -> Self {
        Config { min_confidence: 0.4, target_precision: None }
    }
}

/// Quotes the masked text instead, at the same place.
fn requote(evidence: &mut Evidence, masked: &str) {
    evidence.words = masked.chars().skip(evidence.at).take(evidence.words.chars().count()).collect();
}

/// Buffers of one thread: make one per thread and pass it to every call.
#[derive(Default)]
pub struct Scratch {
    customer: Scope,
    agent: Scope,
    tried: matching::Tried,
    stack: Vec<matching::Match>,
    found: decide::Found,
    /// Products seen lately, as written, in files with the same header.
    products: HashMap<String, fields::ProductFound>,
    products_header: Field,
    learned: crate::model::Scratch,
}

/// Decides tickets by the rules of a taxonomy.
pub struct Classifier {
    programs: Programs,
    fields: Fields,
    taxonomy: Taxonomy,
    segmenter: Segmenter,
    learned: Vec<Learned>,
    /// Models know no taxonomy's words: they decide alike whichever is used with them.
    plain: Segmenter,
    config: Config,
}

impl Classifier {
    /// Prepares the taxonomy's rules. The rules of a field of business are compiled when its first ticket comes.
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
        Classifier::with_models(taxonomy, Vec::new(), config)
    }

    /// As [`Classifier::new`], with models: where one is sure it decides instead of the rules, but for those of the desk's own
    /// taxonomy.
    ///
    /// # Errors
    /// Those of [`Classifier::new`]; a model of kinds with a label that is none; two models of one target.
    pub fn with_models(mut taxonomy: Taxonomy, models: Vec<Model>, config: Config) -> Result<Classifier> {
        if let Some(m) = models.iter().enumerate().find_map(|(i, m)| models[..i].iter().any(|b| b.target == m.target).then_some(m)) {
            return Err(Error::setup(format!("two models tell the target `{}`; give one", m.target.code())));
        }
        let learned = models.into_iter().map(|m| Learned::new(m, &mut taxonomy, &config)).collect::<Result<Vec<Learned>>>()?;
        let programs = Programs::new(&taxonomy)?;
        let fields = Fields::new(&taxonomy);
        let words = taxonomy.words.iter().map(|w| Normalizer::builtin().folded(w)).collect();
        Ok(Classifier { programs, fields, taxonomy, segmenter: Segmenter::new(words), learned, plain: Segmenter::new(Vec::new()), config })
    }

    /// The taxonomy it decides by.
    #[must_use]
    pub fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// What an agent may answer to a ticket that was decided so.
    #[must_use]
    pub fn script(&self, prediction: &Prediction) -> Option<&str> {
        self.taxonomy.script(prediction.cause?, prediction.product.as_deref().unwrap_or_default())
    }

    /// The segmenter with the taxonomy's words.
    #[must_use]
    pub fn segmenter(&self) -> &Segmenter {
        &self.segmenter
    }

    /// The models it decides by.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.learned.iter().map(Learned::model)
    }

    /// The share of a text's features that the model of this target has not seen; `None` without such a model.
    pub fn unknown(&self, text: &str, target: Target, scratch: &mut Scratch) -> Option<f32> {
        Some(self.read_for(target, text, scratch)?.unknown(scratch))
    }

    /// How far the model of this target would put its label ahead of the next, if it had to decide; `None` without such a model.
    pub fn margin(&self, text: &str, target: Target, scratch: &mut Scratch) -> Option<f32> {
        Some(self.read_for(target, text, scratch)?.margin(scratch))
    }

    /// The model of a target, and the text read for it.
    fn read_for(&self, target: Target, text: &str, scratch: &mut Scratch) -> Option<&Learned> {
        let learned = self.learned.iter().find(|l| l.model().target == target)?;
        Normalizer::builtin().fold(text, &mut scratch.customer.normal);
        scratch.learned.read(&scratch.customer.normal, &self.plain);
        Some(learned)
    }

    /// What counts of kinds and causes are corrected by, where models were measured.
    #[must_use]
    pub fn corrections(&self) -> Corrections<'_> {
        let mut corrections = Corrections::default();
        for (target, reference, labels) in self.learned.iter().filter_map(Learned::correction) {
            match target {
                Target::Kind => corrections.kinds = Some((reference, labels)),
                Target::Cause => corrections.causes = Some((reference, labels)),
                Target::Product => {}
            }
        }
        corrections
    }

    /// Buffers for one thread.
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    /// The field that a product column's header tells of (`游戏` is a column of games).
    #[must_use]
    pub fn field_of_header(&self, header: &str) -> Field {
        self.fields.of_header(header)
    }

    /// The ids of the packs that the ticket's product, by its name or its column's header, tells of.
    #[must_use]
    pub fn packs_of(&self, ticket: &Ticket<'_>, header: Field) -> Vec<String> {
        let field = self.fields.product(&self.taxonomy, ticket, header).map_or(header, |p| p.field);
        field.packs().map(|p| self.taxonomy.packs[p].id.clone()).collect()
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
