//! Tickets counted by product, kind and cause. Adding is associative: parts counted anywhere add up to the same whole as long
//! as they are added in the order of the input.

pub mod service;

use crate::prediction::Kind;
use crate::prevalence::{self, Soft};
use jiff::civil::Date;
use std::collections::HashMap;

/// Who wrote, as a hash, and on which day; days count from any day.
pub type Contact = (u64, i32);

/// What a text says without its numbers and punctuation, as a hash; 0: too short to be pasted from anywhere.
pub type Wording = u32;

/// Fewest letters of a text that may be pasted.
const SHORTEST_PASTED: usize = 6;

/// The [`Wording`] of a text: pasted texts have the same one, whatever order numbers are filled in.
///
/// ```
/// use ahu::counts::wording;
/// assert_eq!(wording("订单 123 还没有发货，请处理"), wording("订单456还没有发货 请处理！"));
/// assert_ne!(wording("订单 123 还没有发货"), wording("订单 123 还没有退款"));
/// assert_eq!(wording("退款"), 0);
/// ```
#[must_use]
pub fn wording(text: &str) -> Wording {
    let (mut hash, mut letters) = (0u64, 0);
    for c in text.chars() {
        // Hanzi, and what is spelled in letters; asking the tables for each hanzi would take longer than the rest.
        if matches!(c, '\u{3400}'..='\u{9fff}' | 'a'..='z' | 'A'..='Z') || (c > '\u{bf}' && c.is_alphabetic()) {
            hash = (hash ^ u64::from(c.to_ascii_lowercase())).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            letters += 1;
        }
    }
    if letters < SHORTEST_PASTED { 0 } else { ((hash >> 32) as u32).max(1) }
}

/// What is counted of a ticket.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted<'a> {
    /// Its kind.
    pub kind: Option<Kind>,
    /// Index of its cause.
    pub cause: Option<usize>,
    /// Index that stands for all causes of the path of `cause`.
    pub counted_as: Option<usize>,
    /// Its id.
    pub id: &'a str,
    /// Its customer, where one is known.
    pub contact: Option<Contact>,
    /// What its text says.
    pub wording: Wording,
    /// What a model of kinds thinks of it.
    pub kind_cell: Option<prevalence::Cell>,
    /// What a model of causes thinks of it.
    pub cause_cell: Option<prevalence::Cell>,
}

/// Tickets of one product, kind and cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// How many.
    pub count: u64,
    /// Of how many a model of kinds, and one of causes, is to correct the count; the others are certain.
    pub modelled: (u64, u64),
    /// The cause of the first of them, which may be another pack's of the same path than that of the key.
    pub first_cause: Option<usize>,
    /// Their ids in the order of the input: all of them, or the first few.
    pub ids: Vec<String>,
    /// Who wrote when, of those whose customer is known.
    pub contacts: Vec<Contact>,
    /// What their texts say, of the first [`MOST_WORDINGS`].
    pub wordings: Vec<Wording>,
}

/// Most wordings that are kept of a cell, to bound memory; more tickets of one cause are told by no paste.
pub const MOST_WORDINGS: usize = 1_000_000;
/// Fewest tickets of one text that are no accident.
const PASTED: usize = 3;

impl Cell {
    /// How many of these tickets have the same text as at least two others, but for numbers and punctuation; `None` where it is
    /// none of them, or too many to tell.
    #[must_use]
    pub fn same_text(&self) -> Option<u64> {
        if self.wordings.len() >= MOST_WORDINGS {
            return None;
        }
        let mut wordings: Vec<Wording> = self.wordings.iter().copied().filter(|w| *w != 0).collect();
        wordings.sort_unstable();
        let same: usize = wordings.chunk_by(|a, b| a == b).map(<[Wording]>::len).filter(|n| *n >= PASTED).sum();
        (same > 0).then_some(same as u64)
    }

    /// Takes more wordings, up to [`MOST_WORDINGS`].
    fn add_wordings(&mut self, more: impl IntoIterator<Item = Wording>) {
        let room = MOST_WORDINGS - self.wordings.len();
        self.wordings.extend(more.into_iter().take(room));
    }

    /// How many matters these tickets are, when a customer who comes again for the same cause within `days` days (counted from
    /// the contact before) comes for the same matter; `None` where no customer is known.
    #[must_use]
    pub fn matters(&self, days: i32) -> Option<u64> {
        if self.contacts.is_empty() {
            return None;
        }
        let mut contacts = self.contacts.clone();
        contacts.sort_unstable();
        let again = contacts.windows(2).filter(|w| w[0].0 == w[1].0 && w[1].1.saturating_sub(w[0].1) <= days).count();
        Some(self.count - again as u64)
    }
}

/// What a ticket is counted under: its kind and the index of its cause, each absent where the classifier abstained.
pub type CellKey = (Option<Kind>, Option<usize>);

/// Tickets of one product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductCounts {
    /// How its name was written, with how often.
    pub spellings: HashMap<String, u64>,
    /// By kind and cause.
    pub cells: HashMap<CellKey, Cell>,
    /// What a model of kinds thinks of its tickets.
    pub kinds: Soft,
    /// What a model of causes thinks of them.
    pub causes: Soft,
    /// The first of those that the models are not sure of.
    pub doubtful: Vec<String>,
}

impl ProductCounts {
    /// The commonest spelling, which names the product; of equals the first by the alphabet.
    #[must_use]
    pub fn name(&self) -> &str {
        self.spellings.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map_or("", |(n, _)| n)
    }
}

/// Most [`ProductCounts::doubtful`] tickets that are kept.
const MOST_DOUBTFUL: usize = 20;
/// A model is sure of a ticket from this probability on.
const SURE: f64 = 0.9;

/// Counts of many tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// By folded product name; the empty name holds tickets without a product.
    pub products: HashMap<String, ProductCounts>,
    /// First day seen.
    pub first_day: Option<Date>,
    /// Last day seen.
    pub last_day: Option<Date>,
    max_ids: usize,
}

impl Counts {
    /// Empty counts that keep at most `max_ids` ids a cell.
    #[must_use]
    pub fn new(max_ids: usize) -> Counts {
        Counts { products: HashMap::new(), first_day: None, last_day: None, max_ids }
    }

    /// Counts one ticket. `key` is the product's folded name, `name` as written.
    pub fn add(&mut self, (key, name): (&str, &str), ticket: &Counted<'_>) {
        if !self.products.contains_key(key) {
            self.products.insert(key.to_owned(), ProductCounts::default());
        }
        let Some(product) = self.products.get_mut(key) else { return };
        match product.spellings.get_mut(name) {
            Some(n) => *n += 1,
            None => {
                product.spellings.insert(name.to_owned(), 1);
            }
        }
        ticket.kind_cell.iter().for_each(|c| product.kinds.add(*c));
        ticket.cause_cell.iter().for_each(|c| product.causes.add(*c));
        let doubtful = [ticket.kind_cell, ticket.cause_cell].into_iter().flatten().any(|c| c.probabilities().0 < SURE);
        if doubtful && product.doubtful.len() < MOST_DOUBTFUL {
            product.doubtful.push(ticket.id.to_owned());
        }
        let cell = product.cells.entry((ticket.kind, ticket.counted_as)).or_default();
        if cell.count == 0 {
            cell.first_cause = ticket.cause;
        }
        cell.count += 1;
        cell.modelled.0 += u64::from(ticket.kind_cell.is_some());
        cell.modelled.1 += u64::from(ticket.cause_cell.is_some());
        if cell.ids.len() < self.max_ids {
            cell.ids.push(ticket.id.to_owned());
        }
        cell.contacts.extend(ticket.contact);
        cell.add_wordings([ticket.wording]);
    }

    /// Counts many tickets of one product, kind and cause at once, whose first ids are known.
    pub fn add_many(&mut self, (key, name): (&str, &str), kind: Option<Kind>, cause: (Option<usize>, Option<usize>), count: u64, ids: &[String]) {
        let product = self.products.entry(key.to_owned()).or_default();
        *product.spellings.entry(name.to_owned()).or_default() += count;
        let cell = product.cells.entry((kind, cause.1)).or_default();
        if cell.count == 0 {
            cell.first_cause = cause.0;
        }
        cell.count += count;
        let room = self.max_ids.saturating_sub(cell.ids.len());
        cell.ids.extend(ids.iter().take(room).cloned());
    }

    /// Notes the days that tickets happened on.
    pub fn add_days(&mut self, first: Option<Date>, last: Option<Date>) {
        self.first_day = [self.first_day, first].into_iter().flatten().min();
        self.last_day = [self.last_day, last].into_iter().flatten().max();
    }

    /// Number of tickets.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.products.values().flat_map(|p| p.cells.values()).map(|c| c.count).sum()
    }
}

impl std::ops::AddAssign for Counts {
    /// Adds counts of tickets that come later in the input.
    fn add_assign(&mut self, later: Counts) {
        self.add_days(later.first_day, later.last_day);
        for (key, product) in later.products {
            let mine = self.products.entry(key).or_default();
            for (name, n) in product.spellings {
                *mine.spellings.entry(name).or_default() += n;
            }
            mine.kinds += product.kinds;
            mine.causes += product.causes;
            mine.doubtful.extend(product.doubtful.into_iter().take(MOST_DOUBTFUL - mine.doubtful.len()));
            for (key, cell) in product.cells {
                let own = mine.cells.entry(key).or_default();
                if own.count == 0 {
                    own.first_cause = cell.first_cause;
                }
                own.count += cell.count;
                own.modelled = (own.modelled.0 + cell.modelled.0, own.modelled.1 + cell.modelled.1);
                let room = self.max_ids.saturating_sub(own.ids.len());
                own.ids.extend(cell.ids.into_iter().take(room));
                own.contacts.extend(cell.contacts);
                own.add_wordings(cell.wordings);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_who_comes_again_soon_comes_for_the_same() {
        let cell = Cell { count: 6, contacts: vec![(1, 10), (2, 10), (1, 12), (1, 19), (1, 30)], ..Cell::default() };
        // Customer 1 on days 10, 12, 19 is one matter, on day 30 another; customer 2; one nobody knows.
        assert_eq!(cell.matters(7), Some(4));
        assert_eq!(cell.matters(0), Some(6));
        assert_eq!(Cell::default().matters(7), None);
    }

    #[test]
    fn pasted_texts_are_counted() {
        let cell = Cell { wordings: vec![7, 0, 8, 7, 8, 9, 7, 0, 0], ..Cell::default() };
        assert_eq!(cell.same_text(), Some(3));
        assert_eq!(Cell { wordings: vec![1, 1, 2, 3], ..Cell::default() }.same_text(), None);
    }

    proptest! {
        #[test]
        fn counting_in_parts_is_counting(tickets in prop::collection::vec((0..3u8, 0..3u8, any::<bool>()), 0..40), cut in 0usize..40) {
            let count = |tickets: &[(usize, &(u8, u8, bool))]| {
                let mut c = Counts::new(3);
                for (i, (product, cause, complaint)) in tickets {
                    let kind = if *complaint { Kind::Complaint } else { Kind::Inquiry };
                    let counted = Counted {
                        kind: Some(kind),
                        cause: Some(i % 5),
                        counted_as: Some(*cause as usize),
                        id: &i.to_string(),
                        contact: Some((u64::from(*product), *cause as i32)),
                        wording: u32::from(*product),
                        kind_cell: Some(prevalence::Cell::of(&[f32::from(*cause) / 4.0, 1.0 - f32::from(*cause) / 4.0])),
                        cause_cell: None,
                    };
                    c.add((&product.to_string(), "p"), &counted);
                }
                c
            };
            let numbered: Vec<_> = tickets.iter().enumerate().collect();
            let (a, b) = numbered.split_at(cut.min(numbered.len()));
            let mut sum = count(a);
            sum += count(b);
            prop_assert_eq!(sum, count(&numbered));
        }
    }
}
