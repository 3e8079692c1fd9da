//! Tickets whose label is known, as the classifier saw them without having learnt them.

use super::calibrate::Fit;
use super::cell::Cell;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// How the classifier sees tickets of each true label: cells of tickets it was not trained on (out of fold), by their true label.
///
/// Corrections are measured on it, so it should have at least some 20 tickets a label and come from the same classifier, trained on
/// nearly as much as the one in use. Any mix of labels will do.
#[derive(Debug, Clone)]
pub struct Reference {
    rows: BTreeMap<(u16, Cell), u32>,
    priors: Vec<f64>,
    fit: OnceLock<Fit>,
}

impl Reference {
    /// A reference of `labels` labels; a row is a true label, a cell and the number of such tickets. Rows of the same label and cell
    /// are added. The priors are the labels' shares of the rows.
    ///
    /// # Errors
    ///
    /// Says what is wrong if there is no label or more than 65,536, or a row names a label that is not below `labels`.
    ///
    /// ```
    /// use ahu::prevalence::{Cell, Reference};
    /// let rows = [(0, Cell::of(&[0.9, 0.1]), 40), (1, Cell::of(&[0.3, 0.7]), 60)];
    /// assert_eq!(Reference::new(2, rows)?.rows().count(), 2);
    /// assert!(Reference::new(1, rows).is_err());
    /// # Ok::<(), String>(())
    /// ```
    pub fn new(labels: usize, rows: impl IntoIterator<Item = (u16, Cell, u32)>) -> Result<Reference, String> {
        if labels == 0 || labels > usize::from(u16::MAX) + 1 {
            return Err(format!("a reference has 1 to 65536 labels, not {labels}"));
        }
        let mut kept: BTreeMap<(u16, Cell), u32> = BTreeMap::new();
        let mut per_label = vec![0.5; labels];
        for (label, cell, count) in rows {
            for named in [label, cell.first, cell.second] {
                if usize::from(named) >= labels {
                    return Err(format!("a reference of {labels} labels names label {named}"));
                }
            }
            if count > 0 {
                let held = kept.entry((label, cell)).or_default();
                *held = held.saturating_add(count);
                per_label[usize::from(label)] += f64::from(count);
            }
        }
        let sum: f64 = per_label.iter().sum();
        Ok(Reference { rows: kept, priors: per_label.iter().map(|n| n / sum).collect(), fit: OnceLock::new() })
    }

    /// The same with the labels' shares of the training, where they are not those of the rows. They only say how labels beside a
    /// cell's two share what is left.
    ///
    /// # Errors
    ///
    /// Says what is wrong if there is not one prior a label, or one is negative or no number, or all are 0.
    pub fn with_priors(self, priors: &[f64]) -> Result<Reference, String> {
        let sum: f64 = priors.iter().sum();
        if priors.len() != self.priors.len() || priors.iter().any(|p| !p.is_finite() || *p < 0.0) || !(sum.is_finite() && sum > 0.0) {
            return Err(format!("{} priors of 0 or more are needed, not all 0", self.priors.len()));
        }
        // No label is impossible.
        let least = 1e-6 / priors.len() as f64;
        let priors = priors.iter().map(|p| (p / sum + least) / (1.0 + 1e-6)).collect();
        Ok(Reference { rows: self.rows, priors, fit: OnceLock::new() })
    }

    /// Number of labels.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.priors.len()
    }

    /// The labels' shares of the training, together 1.
    #[must_use]
    pub fn priors(&self) -> &[f64] {
        &self.priors
    }

    /// The rows in order: true label, cell, number of tickets.
    pub fn rows(&self) -> impl Iterator<Item = (u16, Cell, u32)> + '_ {
        self.rows.iter().map(|((label, cell), count)| (*label, *cell, *count))
    }

    /// What is learnt of it, once.
    pub(super) fn fit(&self) -> &Fit {
        self.fit.get_or_init(|| Fit::of(self))
    }
}
