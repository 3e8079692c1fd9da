//! Whether shipped fixes worked: their weeks from the history's counts.

use super::night::Names;
use crate::detect::effect::{Effect, LEAST_WEEKS, Week, effect};
use crate::error::Result;
use crate::history::{Fix, History};
use crate::taxonomy::Taxonomy;
use jiff::ToSpan;
use jiff::civil::Date;

/// Most weeks before a fix that it is held against.
const WEEKS_BEFORE: i32 = 12;
/// When a fix is looked at, in weeks after it.
pub const LOOKS: [usize; 3] = [2, 4, 8];
/// The last weeks before a fix are a spike when they have so many times as many as those before; what follows a spike falls anyway.
const SPIKE: f64 = 2.0;
const SPIKE_WEEKS: usize = 2;
/// Weeks that a usual time has at least.
const USUAL_WEEKS: usize = 4;

/// What is known of a fix.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The fix.
    pub fix: Fix,
    /// Tickets of each week before and after, whole weeks only, the first one first.
    pub before: Vec<Week>,
    /// See `before`.
    pub after: Vec<Week>,
    /// At each of [`LOOKS`] that has come: what it came to; `None` where it cannot be told.
    pub looks: Vec<(usize, Option<Effect>)>,
    /// How many of the weeks before had the problem, where it began that late: it is held against these. Then also the tickets a week
    /// of those before them, and of all weeks after the fix.
    pub problem: Option<(usize, f64, f64)>,
    /// Whether it came right after a spike too short to be told from chance.
    pub after_spike: bool,
    /// Whether it had fallen, and is where it was again.
    pub came_back: bool,
    /// Weeks after it in which the product has no ticket at all: an export that did not come is no success, and they are left out.
    pub empty: usize,
    /// Where the taxonomy does not have the cause any more: since then no ticket can be of it.
    pub gone: Option<Gone>,
    /// Whether tickets of these weeks were decided by different rules or models.
    pub other_rules: bool,
}

/// How a cause that the taxonomy does not have any more stands in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// Tickets before the fix are of it, none after.
    Since,
    /// No ticket is of it: they were decided anew.
    Whole,
}

/// Whether a week has tickets of the product.
#[must_use]
pub fn has_tickets(week: &Week) -> bool {
    week.count + week.control > 0
}

/// Judges all fixes, by the days up to the last that has tickets.
///
/// # Errors
/// What SQLite gives.
pub fn judge(history: &History, taxonomy: &Taxonomy) -> Result<Vec<Judged>> {
    let Some((first, last)) = history.span()? else { return Ok(Vec::new()) };
    history.fixes()?.into_iter().map(|fix| one(history, taxonomy, fix, (first, last))).collect()
}

fn one(history: &History, taxonomy: &Taxonomy, fix: Fix, (first, last): (Date, Date)) -> Result<Judged> {
    let mut names = Names::new(taxonomy);
    let (product, cause) = (names.key(&fix.product), names.cause(&fix.cause, "").1);
    let days = |from: Date, to: Date| to.since(from).map_or(0, |s| s.get_days());
    let weeks_before = (days(first, fix.shipped) / 7).clamp(0, WEEKS_BEFORE);
    let weeks_after = ((days(fix.shipped, last) + 1) / 7).max(0);
    let from = fix.shipped.saturating_sub((7 * weeks_before).days());
    let mut weeks = vec![Week::default(); usize::try_from(weeks_before + weeks_after).unwrap_or(0)];
    history.counts(from, last, |count| {
        let week = usize::try_from(days(from, count.day) / 7).ok().and_then(|w| weeks.get_mut(w));
        if let Some(week) = week.filter(|_| names.key(&count.product) == product) {
            let own = !count.cause.is_empty() && names.cause(&count.cause, "").1 == cause;
            *(if own { &mut week.count } else { &mut week.control }) += count.count;
        }
    })?;
    let all_after = weeks.split_off(usize::try_from(weeks_before).unwrap_or(0));
    let all_before = weeks.clone();
    // In a week without any ticket of the product its export did not come, or there was no product yet.
    weeks.retain(has_tickets);
    let after: Vec<Week> = all_after.iter().copied().filter(has_tickets).collect();
    let known = |n: usize| all_after[..n].iter().copied().filter(has_tickets).collect::<Vec<_>>();
    let mean = |weeks: &[Week]| weeks.iter().map(|w| w.count).sum::<u64>() as f64 / weeks.len().max(1) as f64;
    // A problem began when all weeks since are above all before: of three or more weeks that is no chance.
    let began = (USUAL_WEEKS..=weeks.len().saturating_sub(LEAST_WEEKS)).find(|at| {
        let (usual, bad) = weeks.split_at(*at);
        let (most, least) = (usual.iter().map(|w| w.count).max(), bad.iter().map(|w| w.count).min());
        least > most && mean(bad) > SPIKE * mean(usual).max(0.5)
    });
    let against = &weeks[began.unwrap_or(0)..];
    let looks: Vec<(usize, Option<Effect>)> = LOOKS.into_iter().filter(|n| *n <= all_after.len()).map(|n| (n, effect(against, &known(n)))).collect();
    let problem = began.map(|at| (weeks.len() - at, mean(&weeks[..at]), mean(&after)));
    let (early, late) = weeks.split_at(weeks.len().saturating_sub(SPIKE_WEEKS));
    let after_spike = began.is_none() && early.len() >= USUAL_WEEKS && mean(late) > SPIKE * mean(early).max(0.5);
    let had_fallen = looks.iter().filter_map(|l| l.1).any(|e| e.fell);
    let came_back = had_fallen && after.len() > LOOKS[0] && {
        let (then, now) = after.split_at(after.len() - SPIKE_WEEKS);
        // The last weeks have not fallen, and are above those right after it.
        let fallen = effect(against, now).is_some_and(|e| e.fell);
        let risen = effect(now, then).is_some_and(|e| e.fell) || mean(now) > 0.8 * mean(against);
        !fallen && risen
    };
    let sum = |weeks: &[Week]| weeks.iter().map(|w| w.count).sum::<u64>();
    let gone = match (taxonomy.causes.iter().any(|c| c.name() == fix.cause), sum(&all_before), sum(&all_after)) {
        (false, 0, 0) => Some(Gone::Whole),
        (false, _, 0) if !after.is_empty() => Some(Gone::Since),
        _ => None,
    };
    let empty = all_after.len() - after.len();
    let other_rules = history.deciders_since(from)? > 1;
    Ok(Judged { fix, before: all_before, after: all_after, looks, problem, after_spike, came_back, empty, gone, other_rules })
}
