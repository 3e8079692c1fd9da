//! What is unusual: the history's counts as series, and what stands out of them.

use crate::detect::spike::{LEAST_DAYS, Series, spikes};
use crate::error::Result;
use crate::history::{DayCount, Raised, Writing};
use crate::prediction::Kind;
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use xxhash_rust::xxh3::xxh3_64;

/// Days of history that a day is held against.
const DAYS: i32 = 300;
/// Days after one that has changed whose alerts are looked at again, where they have any or are of the last days.
const AFTER: i32 = 7;
/// Most days whose alerts are looked at in one run, the latest ones: each costs as much as a hundred days of all series.
const MOST_DAYS: usize = 50;

/// A known day: of a version, a holiday, a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDay {
    /// Days of one name are alike.
    pub name: String,
    /// The first of them.
    pub from: Date,
    /// The last of them.
    pub until: Date,
}

/// How alerts are raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// False alarms that are allowed a month, over all series.
    pub false_alarms: f64,
    /// Known days.
    pub calendar: Vec<KnownDay>,
}

/// Product, kind and cause of a series.
pub type Key = (String, Option<Kind>, String);

/// Counts by day, ready to be watched.
#[derive(Debug, Default)]
pub struct Watch {
    counts: BTreeMap<Key, BTreeMap<Date, u32>>,
    /// Days that have tickets: on others nobody counted.
    days: BTreeSet<Date>,
}

impl Watch {
    /// Takes a count in.
    pub fn add(&mut self, count: DayCount) {
        self.days.insert(count.day);
        // What is no trouble of anybody's is no alarm.
        if !matches!(count.kind, Some(Kind::Praise | Kind::Other)) {
            let of_day = self.counts.entry((count.product, count.kind, count.cause)).or_default().entry(count.day).or_default();
            *of_day = of_day.saturating_add(u32::try_from(count.count).unwrap_or(u32::MAX));
        }
    }

    /// What was told as unusual is no measure of other days: what was expected takes its place.
    pub fn set_aside(&mut self, day: Date, key: &Key, expected: f64) {
        if let Some(count) = self.counts.get_mut(key).and_then(|of| of.get_mut(&day)) {
            *count = expected.round() as u32;
        }
    }

    /// What stands out on `day`, by the days before it.
    #[must_use]
    pub fn on(&self, day: Date, options: &Options) -> Vec<Raised> {
        let days: Vec<Date> = self.days.range(day.saturating_sub(DAYS.days())..=day).copied().collect();
        if days.last() != Some(&day) || days.len() <= LEAST_DAYS {
            return Vec::new();
        }
        let classes: Vec<u8> = days.iter().map(|d| class(*d, &options.calendar)).collect();
        // A known day whose like was never seen cannot be told from a spike.
        let today = classes[classes.len() - 1];
        if usize::from(today) >= WEEKDAYS && classes.iter().filter(|c| **c == today).count() == 1 {
            return Vec::new();
        }
        let counted: Vec<(&Key, Vec<u32>)> =
            self.counts.iter().map(|(key, of)| (key, days.iter().map(|d| of.get(d).copied().unwrap_or(0)).collect())).collect();
        let counted: Vec<(&Key, Vec<u32>)> = counted.into_iter().filter(|(_, counts)| counts.iter().any(|n| *n > 0)).collect();
        let mut products: Vec<&str> = counted.iter().map(|(key, _)| key.0.as_str()).collect();
        products.dedup();
        let number = |product: &str| products.binary_search(&product).unwrap_or(0);
        let series: Vec<Series<'_>> =
            counted.iter().map(|(key, counts)| Series { key: xxh3_64(format!("{key:?}").as_bytes()), product: number(&key.0), counts }).collect();
        let raised = |s: crate::detect::spike::Spike| {
            let (key, counts) = &counted[s.series];
            let before = &counts[..counts.len() - 1];
            Raised {
                product: key.0.clone(),
                kind: key.1,
                cause: key.2.clone(),
                unknown: before.iter().all(|n| *n == 0),
                observed: u64::from(s.observed),
                expected: s.expected,
                low: u64::from(s.low),
                high: u64::from(s.high),
            }
        };
        spikes(&series, &classes, options.false_alarms).into_iter().map(raised).collect()
    }
}

/// Raises the alerts of the days that have changed and of the week after each, as far as that has alerts or is the last one, and gives the
/// days whose alerts are others now though nothing else of them has changed. Of more than so many days the alerts of the earlier ones are only held against their counts.
///
/// # Errors
/// What SQLite gives.
pub fn watch(history: &mut Writing<'_>, options: &Options) -> Result<Vec<Date>> {
    let Some(last) = history.last_day()? else { return Ok(Vec::new()) };
    let changed: BTreeSet<Date> = history.days().into_iter().collect();
    let mut wanted = changed.clone();
    if let Some(first) = changed.first() {
        let after = |day: Date| changed.range(day.saturating_sub(AFTER.days())..day).next().is_some();
        let mut alerted = BTreeSet::new();
        history.raised(*first, last, |day, _, _| {
            alerted.insert(day);
        })?;
        wanted.extend(alerted.into_iter().filter(|day| after(*day)));
        wanted.extend(last.saturating_sub((AFTER - 1).days()).series(1.day()).take_while(|day| *day <= last).filter(|day| after(*day)));
    }
    let looked_at: BTreeSet<Date> = wanted.into_iter().filter(|day| *day <= last).rev().take(MOST_DAYS).collect();
    let first = looked_at.first().copied();
    history.correct_alerts(changed.iter().copied().filter(|day| first.is_none_or(|first| *day < first) || *day > last))?;
    let Some(first) = first else { return Ok(Vec::new()) };
    let from = first.saturating_sub(DAYS.days());
    let mut watch = Watch::default();
    history.counts(from, last, |count| watch.add(count))?;
    // Alerts of days that are not looked at are as they were; those of the others are told again, from the first day on.
    history.raised(from, last, |day, key, expected| {
        if !looked_at.contains(&day) {
            watch.set_aside(day, &key, expected);
        }
    })?;
    let mut others = Vec::new();
    for day in &looked_at {
        let before = history.alerts(*day)?;
        let raised = watch.on(*day, options);
        history.raise(*day, &raised)?;
        raised.iter().for_each(|r| watch.set_aside(*day, &(r.product.clone(), r.kind, r.cause.clone()), r.expected));
        if !changed.contains(day) && before != history.alerts(*day)? {
            others.push(*day);
        }
    }
    history.end_alerts()?;
    Ok(others)
}

/// Sorts of days that are no known ones.
const WEEKDAYS: usize = 7;

/// What a day is like: its weekday, or the known days of one name.
fn class(day: Date, calendar: &[KnownDay]) -> u8 {
    let names: BTreeSet<&str> = calendar.iter().map(|k| k.name.as_str()).collect();
    let known = calendar.iter().find(|k| k.from <= day && day <= k.until);
    let at = known.and_then(|k| names.iter().position(|n| *n == k.name)).map(|at| WEEKDAYS + at);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(day.weekday().to_monday_zero_offset().unsigned_abs())
}
