//! What was learnt from labelled tickets: a linear model, one weight a label and feature, with its calibration.
//!
//! [`features`] takes a text apart, [`Model`] is plain data that [`mod@file`] writes and reads, [`Predictor`] decides by it.
//! Models are made in [`crate::learn`].

pub mod calibration;
pub mod features;
pub mod file;
pub mod predictor;

pub use calibration::Calibration;
pub use predictor::{Predictor, Scratch, Verdict};

use crate::prevalence::Cell;
use features::Feature;
use serde::{Deserialize, Serialize};

/// What a model tells of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Complaint, inquiry, …
    Kind,
    /// The product.
    Product,
    /// The cause.
    Cause,
}

impl Target {
    /// Every target.
    pub const ALL: [Target; 3] = [Target::Kind, Target::Product, Target::Cause];

    /// The word used on the command line and in files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Target::Kind => "kind",
            Target::Product => "product",
            Target::Cause => "cause",
        }
    }
}

impl std::str::FromStr for Target {
    type Err = String;

    fn from_str(code: &str) -> Result<Target, String> {
        Target::ALL.into_iter().find(|t| t.code() == code).ok_or_else(|| format!("expected `kind`, `product` or `cause`, found `{code}`"))
    }
}

/// How a model came to be: shown by `check`, and compared when it is used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the program that trained it.
    pub program: String,
    /// Rows it was trained on.
    pub rows: u64,
    /// Rows of each label, in the order of the labels.
    pub label_rows: Vec<u64>,
    /// Rows with several labels.
    pub rows_with_several: u64,
    /// What is to be abstained from, and was no label.
    pub abstain_label: Option<String>,
    /// Cost of an error.
    pub cost: f32,
    /// How far rare labels' errors cost more, 0 (not) to 1 (as much as makes all labels equal).
    pub balance: f32,
    /// Features seen, before the rarest were left out.
    pub features_seen: u64,
    /// Out-of-fold accuracy; for several labels a row, micro-averaged F1.
    pub accuracy: f32,
    /// Out-of-fold F1, the mean over labels.
    pub macro_f1: f32,
    /// Out-of-fold expected calibration error.
    pub ece: f32,
    /// Rows on which these three were measured.
    pub measured_rows: u64,
    /// Hash of the taxonomy that was in use.
    pub taxonomy: u64,
    /// Hash of the words that the segmenter kept whole.
    pub dictionary: u64,
}

/// A trained model. All lists of labels are in the order of `labels`, all lists of features in the order of `features`.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What it tells.
    pub target: Target,
    /// The closed list of labels, sorted.
    pub labels: Vec<String>,
    /// Whether a ticket may have several of them.
    pub several: bool,
    /// How it came to be.
    pub summary: Summary,
    /// Features, the commonest first.
    pub features: Vec<Feature>,
    /// Inverse document frequencies.
    pub idf: Vec<f32>,
    /// Weight times inverse document frequency of each feature (outer) and label (inner), in units of the label's `scale`.
    pub weights: Vec<i8>,
    /// What one unit of a label's weights is worth.
    pub scale: Vec<f32>,
    /// Constant of each label.
    pub bias: Vec<f32>,
    /// Scores to probabilities.
    pub calibration: Calibration,
    /// Tickets scored out of fold: true label, posterior, how many. What counts are corrected by; empty for several labels a ticket.
    pub reference: Vec<(u16, Cell, u32)>,
}

impl Model {
    /// A hash of what it decides by: tells models apart.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        self.labels.iter().for_each(|l| {
            hasher.update(l.as_bytes());
            hasher.update(&[0]);
        });
        self.features.iter().for_each(|f| hasher.update(&f.to_le_bytes()));
        [&self.scale, &self.bias].into_iter().flatten().for_each(|x| hasher.update(&x.to_le_bytes()));
        let weights: Vec<u8> = self.weights.iter().map(|w| *w as u8).collect();
        hasher.update(&weights);
        hasher.digest()
    }
}
