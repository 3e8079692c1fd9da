//! Counts over time, for reports that draw them.

use super::{Digest, KindDigest, UNDECIDED};
use crate::prediction::Kind;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use std::collections::{BTreeMap, HashMap};

/// Days up to which every day is a point; up to `WEEKS` days every week is one, beyond that every month.
const DAYS: i32 = 62;
/// See [`DAYS`].
const WEEKS: i32 = 400;

/// Tickets of each day, by product, kind and cause.
#[derive(Debug, Clone, Default)]
pub struct Trends {
    counts: HashMap<(String, &'static str, String), BTreeMap<Date, u64>>,
}

impl Trends {
    /// Adds tickets of a day. `product` is the key it is counted under; `cause` is empty where there is none.
    pub fn add(&mut self, day: Date, (product, kind, cause): (&str, Option<Kind>, &str), count: u64) {
        let key = (product.to_owned(), kind.map_or(UNDECIDED, Kind::code), cause.to_owned());
        *self.counts.entry(key).or_default().entry(day).or_default() += count;
    }

    /// Whether all is of one day.
    #[must_use]
    pub fn is_of_one_day(&self) -> bool {
        let mut days = self.counts.values().flat_map(|c| c.keys());
        let first = days.next();
        days.all(|day| Some(day) == first)
    }
}

impl Digest {
    /// Puts the counts of days beside every kind and cause, from the first to the last. `key` gives what a product is counted under.
    pub fn draw(&mut self, trends: &Trends, (first, last): (Date, Date), key: &dyn Fn(&str) -> String) {
        let length = last.since(first).map_or(0, |s| s.get_days()) + 1;
        let of = |day: Date| {
            if length <= DAYS {
                day
            } else if length <= WEEKS {
                day.saturating_sub(day.weekday().since(Weekday::Monday).days())
            } else {
                day.first_of_month()
            }
        };
        let mut points: Vec<Date> = first.series(1.day()).take_while(|d| *d <= last).map(of).collect();
        points.dedup();
        let place: HashMap<Date, usize> = points.iter().enumerate().map(|(i, d)| (*d, i)).collect();
        let mut all: HashMap<(&str, &str), HashMap<&str, Vec<u64>>> = HashMap::new();
        for ((product, kind, cause), counts) in &trends.counts {
            let line = all.entry((product, kind)).or_default().entry(cause).or_insert_with(|| vec![0; points.len()]);
            counts.range(first..=last).for_each(|(day, n)| line[place[&of(*day)]] += n);
        }
        for product in &mut self.products {
            let key = key(&product.product);
            for kind in &mut product.kinds {
                kind.draw(all.get(&(key.as_str(), kind.kind)), points.len());
            }
        }
        self.points = points.iter().map(ToString::to_string).collect();
    }
}

impl KindDigest {
    fn draw(&mut self, lines: Option<&HashMap<&str, Vec<u64>>>, points: usize) {
        let mut sum = vec![0; points];
        lines.iter().flat_map(|l| l.values()).for_each(|line| sum.iter_mut().zip(line).for_each(|(s, n)| *s += n));
        self.trend = sum;
        let of = |cause: &str| lines.and_then(|l| l.get(cause)).cloned().unwrap_or_else(|| vec![0; points]);
        self.causes.iter_mut().for_each(|c| c.trend = of(&c.cause));
        self.unassigned.trend = of("");
    }
}
