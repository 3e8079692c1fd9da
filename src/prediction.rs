//! What was decided for one ticket, and why.

use crate::prevalence::Cell;
use serde::{Deserialize, Serialize};

/// Kind of a ticket: what its writer wants from the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 投诉: something went wrong and the writer says so.
    Complaint,
    /// 咨询: the writer wants to know something.
    Inquiry,
    /// 建议: the writer proposes something.
    Suggestion,
    /// 表扬: the writer praises.
    Praise,
    /// 其他: none of these (a greeting, a bare number).
    Other,
}

impl Kind {
    /// Every kind, in the order in which reports show them.
    pub const ALL: [Kind; 5] = [Kind::Complaint, Kind::Inquiry, Kind::Suggestion, Kind::Praise, Kind::Other];

    /// The code used in files for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Kind::Complaint => "complaint",
            Kind::Inquiry => "inquiry",
            Kind::Suggestion => "suggestion",
            Kind::Praise => "praise",
            Kind::Other => "other",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.code() == code)
    }

    /// What people call it, in Simplified and in Traditional characters.
    #[must_use]
    pub fn chinese(self) -> (&'static str, &'static str) {
        match self {
            Kind::Complaint => ("投诉", "投訴"),
            Kind::Inquiry => ("咨询", "諮詢"),
            Kind::Suggestion => ("建议", "建議"),
            Kind::Praise => ("表扬", "表揚"),
            Kind::Other => ("其他", "其他"),
        }
    }

    /// The kind that a word means: its code in any case, or what people call it.
    ///
    /// ```
    /// use ahu::prediction::Kind;
    /// assert_eq!(Kind::named("諮詢"), Some(Kind::Inquiry));
    /// assert_eq!(Kind::named("Complaint"), Some(Kind::Complaint));
    /// ```
    #[must_use]
    pub fn named(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.code().eq_ignore_ascii_case(word) || k.chinese().0 == word || k.chinese().1 == word)
    }
}

/// A piece of the ticket's text that spoke for a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The words as the customer wrote them.
    pub words: String,
    /// Where they begin in the ticket's text, in characters from 0.
    pub at: usize,
}

/// The decision for one ticket. A part that is `None` is an abstention.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prediction {
    /// Complaint, inquiry, …
    pub kind: Option<Kind>,
    /// The product's name in the digest; `None` when neither column nor text names one.
    pub product: Option<String>,
    /// Index into `Taxonomy::causes`.
    pub cause: Option<usize>,
    /// How sure the kind is, 0 to 1: a calibrated probability where a model decided it; by rules comparable between tickets, but
    /// not a probability to bet on.
    pub kind_confidence: f32,
    /// How far the cause is ahead of the next one, 0 to 1; 0 without a cause.
    pub cause_confidence: f32,
    /// The words that decided the cause.
    pub cause_evidence: Vec<Evidence>,
    /// The words that decided the kind.
    pub kind_evidence: Vec<Evidence>,
    /// Index of the deciding rule within the cause, from 0; without meaning where a model decided the cause.
    pub rule: usize,
    /// What models decided; `None` where only rules did.
    pub by_model: Option<Box<ByModel>>,
    /// Checks of the customer's words that fired, risks among them, in the taxonomy's order.
    pub noted: Vec<Fired>,
}

/// A check that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// Index into `Taxonomy::checks`.
    pub check: usize,
    /// The sentence that made it fire; empty where only the order of turns did.
    pub sentence: Evidence,
}

/// What models decided in a ticket, and where rules say otherwise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ByModel {
    /// The probability of the product, where a model named it.
    pub product: Option<f32>,
    /// The words that decided the product.
    pub product_evidence: Vec<Evidence>,
    /// What a model of kinds thinks of the ticket, sure or not: counts are corrected by it. Absent where it was decided as a kind
    /// that the model does not know.
    pub kind_cell: Option<Cell>,
    /// As `kind_cell`, of causes.
    pub cause_cell: Option<Cell>,
    /// Whether a model decided the kind.
    pub kind: bool,
    /// Whether a model decided the cause.
    pub cause: bool,
    /// Further causes that the model gives the ticket.
    pub more_causes: Vec<usize>,
    /// The other kind that the rules decided.
    pub kind_of_rules: Option<Kind>,
    /// The other cause that the rules decided.
    pub cause_of_rules: Option<usize>,
    /// The other cause that the model would have given, where a rule of the desk's own stands above it.
    pub cause_overruled: Option<usize>,
}

impl ByModel {
    /// Whether rules and model name different things.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind_of_rules.is_some() || self.cause_of_rules.is_some() || self.cause_overruled.is_some()
    }
}

impl Prediction {
    /// The confidence of the whole decision: that of its weakest decided part; 0 where nothing was decided.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        let product = self.by_model.as_ref().and_then(|m| m.product);
        let decided = [self.kind.map(|_| self.kind_confidence), self.cause.map(|_| self.cause_confidence), product];
        decided.into_iter().flatten().reduce(f32::min).unwrap_or(0.0)
    }
}
