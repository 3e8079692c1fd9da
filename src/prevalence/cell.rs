//! Posteriors in six bytes, and how many tickets had which.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Bins of the first label's probability: its log-odds from -6 to 8. The least a first label can have of 400 labels is -6.
const FIRST: Bins = Bins { low: -6.0, width: 14.0 / 32.0, count: 32 };
/// Bins of the second label's share of what the first leaves: its log-odds from -6 to 6.
const SECOND: Bins = Bins { low: -6.0, width: 12.0 / 16.0, count: 16 };

/// Bins of a probability, even in its log-odds: near 0 and 1 a small step says much.
struct Bins {
    low: f64,
    width: f64,
    count: u8,
}

impl Bins {
    fn bin(&self, p: f64) -> u8 {
        let p = p.clamp(1e-9, 1.0 - 1e-9);
        let at = ((p / (1.0 - p)).ln() - self.low) / self.width;
        at.clamp(0.0, f64::from(self.count - 1)) as u8
    }

    fn middle(&self, bin: u8) -> f64 {
        let odds = self.low + (f64::from(bin.min(self.count - 1)) + 0.5) * self.width;
        1.0 / (1.0 + (-odds).exp())
    }
}

/// A ticket's posterior over the labels, as far as counting needs it: the two most likely labels and roughly how likely they are.
///
/// The second label is kept as its share of what the first one leaves, so that both together never exceed 1 and what is left for
/// all other labels stays right even where it is small. Bins may come from a file: any number is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Index of the most likely label.
    pub first: u16,
    /// Index of the second most likely label; the first one again where there is no other.
    pub second: u16,
    /// Bin of the first label's probability, 0..32.
    pub p_first: u8,
    /// Bin of the second label's share of the rest, 0..16.
    pub p_second: u8,
}

impl Cell {
    /// The cell of a posterior: one probability a label, at most 65,536 of them. Of equal ones the first counts; what is no number
    /// counts as 0, and an empty posterior as a sure label 0.
    ///
    /// ```
    /// use ahu::prevalence::Cell;
    /// let cell = Cell::of(&[0.07, 0.9, 0.03]);
    /// assert_eq!((cell.first, cell.second), (1, 0));
    /// let (first, second) = cell.probabilities();
    /// assert!((first - 0.9).abs() < 0.02 && (second - 0.07).abs() < 0.02);
    /// ```
    #[must_use]
    pub fn of(posterior: &[f32]) -> Cell {
        let (mut first, mut second) = ((0u16, f32::NEG_INFINITY), (0u16, f32::NEG_INFINITY));
        for (label, p) in (0..=u16::MAX).zip(posterior) {
            let p = if p.is_nan() { 0.0 } else { *p };
            if p > first.1 {
                (second, first) = (first, (label, p));
            } else if p > second.1 {
                second = (label, p);
            }
        }
        if posterior.len() < 2 { Cell::from_top(0, 1.0, 0, 0.0) } else { Cell::from_top(first.0, first.1, second.0, second.1) }
    }

    /// The cell of the two most likely labels `first` and `second` with their probabilities in 0..=1. Where there is only one label,
    /// both are the same.
    #[must_use]
    pub fn from_top(first: u16, p_first: f32, second: u16, p_second: f32) -> Cell {
        if first == second {
            return Cell { first, second, p_first: FIRST.count - 1, p_second: 0 };
        }
        let (p, q) = (f64::from(p_first).clamp(0.0, 1.0), f64::from(p_second).clamp(0.0, 1.0));
        Cell { first, second, p_first: FIRST.bin(p), p_second: SECOND.bin(q / (1.0 - p).max(1e-9)) }
    }

    /// About the probabilities of the first and the second label; never more than 1 together, and the first is never the smaller.
    #[must_use]
    pub fn probabilities(self) -> (f64, f64) {
        if self.first == self.second {
            return (1.0, 0.0);
        }
        let first = FIRST.middle(self.p_first);
        (first, ((1.0 - first) * SECOND.middle(self.p_second)).min(first))
    }
}

/// How many tickets had which posterior. Parts counted anywhere add up to the whole, in any order.
///
/// ```
/// use ahu::prevalence::{Cell, Soft};
/// let (mut morning, mut evening) = (Soft::default(), Soft::default());
/// morning.add(Cell::of(&[0.9, 0.1]));
/// evening.add(Cell::of(&[0.2, 0.8]));
/// morning += evening;
/// assert_eq!((morning.total(), morning.plain(1)), (2, 1));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Soft {
    cells: BTreeMap<Cell, u32>,
}

impl Soft {
    /// Counts one ticket.
    pub fn add(&mut self, cell: Cell) {
        self.add_many(cell, 1);
    }

    /// Counts `count` tickets of one cell. A cell never holds more than [`u32::MAX`].
    pub fn add_many(&mut self, cell: Cell, count: u32) {
        if count > 0 {
            let held = self.cells.entry(cell).or_default();
            *held = held.saturating_add(count);
        }
    }

    /// Number of tickets.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.cells.values().map(|n| u64::from(*n)).sum()
    }

    /// Number of tickets whose most likely label is `label`: what plain counting says.
    #[must_use]
    pub fn plain(&self, label: u16) -> u64 {
        self.cells.iter().filter(|(cell, _)| cell.first == label).map(|(_, n)| u64::from(*n)).sum()
    }

    /// The cells in order, each with its number of tickets, for writing them down.
    pub fn cells(&self) -> impl Iterator<Item = (Cell, u32)> + '_ {
        self.cells.iter().map(|(cell, n)| (*cell, *n))
    }
}

impl AddAssign for Soft {
    /// Adds the tickets of another part.
    fn add_assign(&mut self, other: Soft) {
        for (cell, count) in other.cells {
            self.add_many(cell, count);
        }
    }
}
