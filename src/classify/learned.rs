//! Models beside the rules: where a model is sure it decides, else the rules do. A rule of the desk's own taxonomy is never
//! overruled: it was written to settle the case.

use super::decide::{ModelStep, quote_span};
use super::{Config, Scratch};
use crate::error::{Error, Result};
use crate::model::{Model, Predictor, Target, Verdict};
use crate::prediction::{ByModel, Evidence, Kind, Prediction};
use crate::prevalence::{Cell, Reference};
use crate::taxonomy::Taxonomy;

/// How far the likeliest label must be ahead of the next for a model to be sure.
const MARGIN: f32 = 0.05;
/// Pieces of a text shown for a model's decision.
const SHOWN: usize = 3;
/// Labels and pieces of a text told in an explanation.
const EXPLAINED_LABELS: usize = 3;
const EXPLAINED_WORDS: usize = 8;

/// A model, and what its labels mean here.
pub(super) struct Learned {
    predictor: Predictor,
    /// Per label: the kind's place in [`Kind::ALL`], or the cause's index.
    meaning: Vec<usize>,
    /// Per label: the least probability to be sure at.
    thresholds: Vec<f32>,
    margin: f32,
    /// What counts are corrected by, where the model has been measured.
    reference: Option<Reference>,
}

impl Learned {
    /// Prepares a model; causes that the taxonomy does not have are added to it, without rules.
    ///
    /// # Errors
    /// A kind that there is not.
    pub fn new(model: Model, taxonomy: &mut Taxonomy, config: &Config) -> Result<Learned> {
        let meaning = match model.target {
            Target::Kind => model.labels.iter().map(|l| kind_of(l).map(|k| k as usize)).collect::<Result<Vec<usize>>>()?,
            Target::Cause => model.labels.iter().map(|l| taxonomy.cause_named(l)).collect(),
            Target::Product => Vec::new(),
        };
        let always = config.min_confidence == 0.0 && config.target_precision.is_none();
        let thresholds = match config.target_precision {
            Some(target) => model.calibration.thresholds(target),
            None => vec![config.min_confidence; model.labels.len()],
        };
        let reference = Some(&model.reference).filter(|r| !r.is_empty()).and_then(|r| Reference::new(model.labels.len(), r.iter().copied()).ok());
        Ok(Learned { reference, meaning, thresholds, margin: if always { -1.0 } else { MARGIN }, predictor: Predictor::new(model) })
    }

    /// Whether it tells products: that comes before everything else.
    pub fn names_products(&self) -> bool {
        self.predictor.target() == Target::Product
    }

    /// The model.
    pub fn model(&self) -> &Model {
        self.predictor.model()
    }

    /// The share of features that the model does not know, of the text that the scratch has read.
    pub fn unknown(&self, scratch: &Scratch) -> f32 {
        self.predictor.unknown(&scratch.learned)
    }

    /// How far it puts a label ahead of the next, in the text that the scratch has read.
    pub fn margin(&self, scratch: &mut Scratch) -> f32 {
        self.predictor.decide(&mut scratch.learned).margin
    }

    /// What the model says of the text that the scratch has read, where it is sure.
    fn decide(&self, scratch: &mut Scratch) -> Option<Verdict> {
        let verdict = self.predictor.decide(&mut scratch.learned);
        let sure = verdict.probability >= self.thresholds[verdict.labels[0]] && verdict.margin >= self.margin && (self.margin < 0.0 || !verdict.none);
        sure.then_some(verdict)
    }

    /// The words that spoke for a label.
    fn evidence(&self, text: &str, scratch: &Scratch, label: usize) -> Vec<Evidence> {
        self.weighed(text, scratch, label, SHOWN).into_iter().map(|w| w.0).collect()
    }

    /// The words that spoke for a label and their weights, in the order of the text.
    fn weighed(&self, text: &str, scratch: &Scratch, label: usize, most: usize) -> Vec<(Evidence, f32)> {
        let mut places = self.predictor.evidence(&scratch.learned, label, most);
        places.sort_unstable_by_key(|p| p.0);
        places.iter().map(|(start, end, weight)| (quote_span(text, &scratch.customer.normal, *start, *end), *weight)).collect()
    }

    /// Everything that it says of the text that the scratch has read.
    pub fn explain(&self, text: &str, scratch: &mut Scratch) -> ModelStep {
        let sure = self.decide(scratch).is_some();
        let names = &self.predictor.model().labels;
        let mut order: Vec<usize> = (0..names.len()).collect();
        let p = &scratch.learned.probabilities;
        order.sort_by(|a, b| p[*b].total_cmp(&p[*a]).then(a.cmp(b)));
        order.truncate(EXPLAINED_LABELS);
        let labels = order.iter().map(|l| (names[*l].clone(), p[*l])).collect();
        ModelStep { target: self.predictor.target(), labels, words: self.weighed(text, scratch, order[0], EXPLAINED_WORDS), sure }
    }

    /// The product that a model names.
    pub fn product(&self, text: &str, scratch: &mut Scratch) -> Option<(String, ByModel)> {
        let verdict = self.decide(scratch)?;
        let label = verdict.labels[0];
        let names: Vec<&str> = verdict.labels.iter().map(|l| self.predictor.model().labels[*l].as_str()).collect();
        let told = ByModel { product: Some(verdict.probability), product_evidence: self.evidence(text, scratch, label), ..ByModel::default() };
        Some((names.join("|"), told))
    }

    /// Overrules what the rules decided on kind or cause.
    pub fn overrule(&self, text: &str, taxonomy: &Taxonomy, scratch: &mut Scratch, prediction: &mut Prediction) {
        if self.names_products() {
            return;
        }
        let own = prediction.cause.filter(|c| taxonomy.causes[*c].own);
        let mut sure = self.decide(scratch);
        if let (Target::Kind, Some(own), Some(kind)) = (self.predictor.target(), own, prediction.kind) {
            // The desk's own rule has told the kind with the cause.
            sure = sure.filter(|v| Kind::ALL[self.meaning[v.labels[0]]] == kind || !taxonomy.causes[own].kinds.contains(&kind));
        }
        let cell = self.reference.as_ref().map(|_| Cell::of(&scratch.learned.probabilities));
        if let Some(verdict) = &sure {
            let evidence = self.evidence(text, scratch, verdict.labels[0]);
            self.replace(verdict, evidence, taxonomy, prediction);
        }
        // What is undecided, or was decided as what the model does not know or may not overrule, is no part of its counts.
        let by = prediction.by_model.get_or_insert_default();
        match self.predictor.target() {
            Target::Kind => by.kind_cell = cell.filter(|_| prediction.kind.is_some_and(|k| own.is_none() && self.meaning.contains(&(k as usize)))),
            Target::Cause => {
                by.cause_cell = cell.filter(|_| prediction.cause.is_some_and(|c| own.is_none() && self.meaning.contains(&taxonomy.causes[c].counted_as)))
            }
            Target::Product => {}
        }
    }

    /// Puts the model's decision in the place of the rules'.
    fn replace(&self, verdict: &Verdict, evidence: Vec<Evidence>, taxonomy: &Taxonomy, prediction: &mut Prediction) {
        let first = self.meaning[verdict.labels[0]];
        let by = prediction.by_model.get_or_insert_default();
        match self.predictor.target() {
            Target::Product => {}
            Target::Kind => {
                let kind = Kind::ALL[first];
                let by_rules = prediction.kind.replace(kind);
                prediction.kind_confidence = verdict.probability;
                prediction.kind_evidence = evidence;
                (by.kind, by.kind_of_rules) = (true, by_rules.filter(|k| *k != kind));
            }
            Target::Cause => {
                if prediction.cause.is_some_and(|c| taxonomy.causes[c].own) {
                    by.cause_overruled = prediction.cause.filter(|c| taxonomy.causes[*c].counted_as != first).map(|_| first);
                    return;
                }
                let by_rules = prediction.cause.replace(first).filter(|c| taxonomy.causes[*c].counted_as != first);
                prediction.cause_confidence = verdict.probability;
                prediction.cause_evidence = evidence;
                (by.cause, by.cause_of_rules) = (true, by_rules);
                by.more_causes = verdict.labels[1..].iter().map(|l| self.meaning[*l]).collect();
            }
        }
    }

    /// What counts by this model are corrected with; its labels as kinds' places or causes' indexes.
    pub fn correction(&self) -> Option<(Target, &Reference, &[usize])> {
        Some((self.predictor.target(), self.reference.as_ref()?, &self.meaning))
    }
}

/// The kind that a label names, by its code or in Chinese.
///
/// # Errors
/// A label that names none.
pub fn kind_of(label: &str) -> Result<Kind> {
    let all = Kind::ALL.map(Kind::code).join("`, `");
    Kind::named(label).ok_or_else(|| Error::setup(format!("`{label}` is no kind; expected one of `{all}`")))
}
