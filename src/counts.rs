//! Tickets counted by product, kind and cause. Adding is associative: parts counted anywhere add up to the same whole as long
//! as they are added in the order of the input.

use crate::prediction::Kind;
use jiff::civil::Date;
use std::collections::HashMap;

/// Tickets of one product, kind and cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// How many.
    pub count: u64,
    /// The cause of the first of them, which may be another pack's of the same path than that of the key.
    pub first_cause: Option<usize>,
    /// Their ids in the order of the input: all of them, or the first few.
    pub ids: Vec<String>,
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
}

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

    /// Counts one ticket. `key` is the product's folded name, `name` as written; `counted_as` the index that stands for all
    /// causes of the path of `cause`.
    pub fn add(&mut self, (key, name): (&str, &str), kind: Option<Kind>, cause: Option<usize>, counted_as: Option<usize>, id: &str) {
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
        let cell = product.cells.entry((kind, counted_as)).or_default();
        if cell.count == 0 {
            cell.first_cause = cause;
        }
        cell.count += 1;
        if cell.ids.len() < self.max_ids {
            cell.ids.push(id.to_owned());
        }
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
            for (key, cell) in product.cells {
                let own = mine.cells.entry(key).or_default();
                if own.count == 0 {
                    own.first_cause = cell.first_cause;
                }
                own.count += cell.count;
                let room = self.max_ids.saturating_sub(own.ids.len());
                own.ids.extend(cell.ids.into_iter().take(room));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counting_in_parts_is_counting(tickets in prop::collection::vec((0..3u8, 0..3u8, any::<bool>()), 0..40), cut in 0usize..40) {
            let count = |tickets: &[(usize, &(u8, u8, bool))]| {
                let mut c = Counts::new(3);
                for (i, (product, cause, complaint)) in tickets {
                    let kind = if *complaint { Kind::Complaint } else { Kind::Inquiry };
                    let cause = Some(*cause as usize);
                    c.add((&product.to_string(), "p"), Some(kind), Some(i % 5), cause, &i.to_string());
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
