//! What was decided for one ticket, and why.

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
}

/// A piece of the ticket's text that spoke for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// How sure the kind is, 0 to 1. Not yet calibrated: comparable between tickets, not a probability to bet on.
    pub kind_confidence: f32,
    /// How far the cause is ahead of the next one, 0 to 1; 0 without a cause.
    pub cause_confidence: f32,
    /// The words that decided the cause.
    pub cause_evidence: Vec<Evidence>,
    /// The words that decided the kind.
    pub kind_evidence: Vec<Evidence>,
    /// Index of the deciding rule within the cause, from 0.
    pub rule: usize,
}

impl Prediction {
    /// The confidence of the whole decision: that of its weakest decided part; 0 where nothing was decided.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        match (self.kind, self.cause) {
            (None, _) => 0.0,
            (Some(_), None) => self.kind_confidence,
            (Some(_), Some(_)) => self.kind_confidence.min(self.cause_confidence),
        }
    }
}
