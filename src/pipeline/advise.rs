//! `advise`: what a year of tickets says to one product's team. Every number is counted; nothing is invented.

use super::fixes::{Judged, judge};
use super::period::spellings;
use super::summary::key;
use crate::error::{Error, Result};
use crate::history::{History, Hurt, Quote};
use crate::listing::tidied;
use crate::prediction::Kind;
use crate::taxonomy::Taxonomy;
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Causes that a proposal is made of.
const MOST: usize = 5;
/// Quotes of each.
const QUOTES: usize = 2;
/// Months that are held against as many before.
const TREND_MONTHS: usize = 3;

/// What is proposed to a product's team.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// The product.
    pub product: String,
    /// The days it is made from.
    pub days: (Date, Date),
    /// Complaints and inquiries of these days.
    pub complaints: u64,
    /// See `complaints`.
    pub inquiries: u64,
    /// What hurt most.
    pub hurt: Vec<Point>,
    /// What people ask most.
    pub asked: Vec<Point>,
    /// What was fixed.
    pub fixes: Vec<Judged>,
}

/// A cause, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Tickets and customers.
    pub hurt: Hurt,
    /// Tickets of each whole month.
    pub months: Vec<(Date, u64)>,
    /// Tickets of the last whole months, and of as many before; `None` where there are not so many.
    pub trend: Option<(u64, u64)>,
    /// Days on which it was told as unusual, each problem by its first.
    pub returns: Vec<Date>,
    /// What customers wrote.
    pub quotes: Vec<Quote>,
    /// What the taxonomy suggests.
    pub suggestion: Option<String>,
}

/// Makes the proposal to a product's team.
///
/// # Errors
/// What SQLite gives; when no ticket is of the product.
pub fn advise(history: &History, taxonomy: &Taxonomy, product: &str, days: (Date, Date)) -> Result<Advice> {
    let names = spellings(history, product)?;
    let wanted = key(product);
    let all = history.hurt(&names, days.0, days.1)?;
    if all.is_empty() {
        return Err(Error::setup(format!("the history has no tickets of `{product}` from {} to {}", days.0, days.1)));
    }
    let of = |kind: Kind| all.iter().filter(move |h| h.kind == Some(kind));
    let total = |kind: Kind| of(kind).map(|h| h.tickets).sum();
    let mut months: BTreeMap<(Option<Kind>, String), BTreeMap<Date, u64>> = BTreeMap::new();
    history.counts(days.0, days.1, |c| {
        if names.contains(&c.product) {
            *months.entry((c.kind, c.cause)).or_default().entry(c.day.first_of_month()).or_default() += c.count;
        }
    })?;
    let point = |hurt: &Hurt| -> Result<Point> {
        let counted = months.get(&(hurt.kind, hurt.cause.clone()));
        let months: Vec<(Date, u64)> = whole_months(days).into_iter().map(|m| (m, counted.and_then(|c| c.get(&m)).copied().unwrap_or(0))).collect();
        let sum = |months: &[(Date, u64)]| months.iter().map(|m| m.1).sum::<u64>();
        let trend = (months.len() >= 2 * TREND_MONTHS).then(|| {
            let (before, last) = months[months.len() - 2 * TREND_MONTHS..].split_at(TREND_MONTHS);
            (sum(last), sum(before))
        });
        let alarms = history.alert_days(&names, hurt.kind, &hurt.cause, days)?;
        // Days that follow each other are one problem.
        let first = |i: &usize| *i == 0 || alarms[*i].since(alarms[*i - 1]).map_or(0, |s| s.get_days()) > 7;
        Ok(Point {
            months,
            trend,
            returns: (0..alarms.len()).filter(first).map(|i| alarms[i]).collect(),
            quotes: history.quotes(&names, hurt.kind, &hurt.cause, days, QUOTES)?.into_iter().map(|q| Quote { text: tidied(&q.text, &[]).0, ..q }).collect(),
            suggestion: taxonomy.causes.iter().filter(|c| c.name() == hurt.cause).find_map(|c| c.suggestion.clone()),
            hurt: hurt.clone(),
        })
    };
    // Whoever writes again is hurt once; a ticket of nobody known is somebody's.
    let people = |h: &Hurt| h.customers + h.unnamed;
    let ranked = |kind: Kind| -> Result<Vec<Point>> {
        let mut causes: Vec<&Hurt> = of(kind).filter(|h| !h.cause.is_empty()).collect();
        causes.sort_by(|a, b| (people(b), b.tickets).cmp(&(people(a), a.tickets)).then_with(|| a.cause.cmp(&b.cause)));
        causes.into_iter().take(MOST).map(point).collect()
    };
    let fixes = judge(history, taxonomy)?.into_iter().filter(|j| key(&j.fix.product) == wanted).collect();
    Ok(Advice {
        product: product.to_owned(),
        days,
        complaints: total(Kind::Complaint),
        inquiries: total(Kind::Inquiry),
        hurt: ranked(Kind::Complaint)?,
        asked: ranked(Kind::Inquiry)?,
        fixes,
    })
}

/// The first days of the months that lie within some days as a whole.
fn whole_months((from, to): (Date, Date)) -> Vec<Date> {
    let mut month = if from.day() == 1 { from } else { from.first_of_month().saturating_add(1.month()) };
    let mut months = Vec::new();
    while month.last_of_month() <= to {
        months.push(month);
        month = month.saturating_add(1.month());
    }
    months
}
