//! Whether a fix worked: the rate after it against the rate before, beside what has not been fixed.
//!
//! Weeks before and after are compared with those of control series (the product's other causes), so that a quiet month is no success.
//! The scatter is estimated from the weeks themselves (quasi-Poisson, Student's t); of few tickets the interval is the exact one of
//! two Poisson rates (Przyborowski and Wilenski 1940; Fay 2010), widened by nothing. After Lopez Bernal, Cummins and Gasparrini (2017).

use statrs::distribution::{Beta, ContinuousCDF, StudentsT};

/// Counts of a week: of the cause, and of the controls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Week {
    /// Tickets of the cause.
    pub count: u64,
    /// Tickets of the controls.
    pub control: u64,
}

/// What a fix came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The rate after it as a share of that before, controls considered.
    pub ratio: f64,
    /// The 95 % interval of it.
    pub low: f64,
    /// See `low`.
    pub high: f64,
    /// Whether it fell.
    pub fell: bool,
}

/// Fewest weeks before a fix.
pub const LEAST_WEEKS: usize = 3;
/// Tickets from which on the weeks tell the scatter.
const MANY: u64 = 30;
/// One-sided: how sure it is that what is told as fallen has.
const SURE: f64 = 0.96;

/// Holds the weeks after a fix against those before; `None` where there are too few, or nothing happened before.
///
/// ```
/// use ahu::detect::effect::{Week, effect};
/// let week = |count| Week { count, control: 100 };
/// let before = [20, 23, 18, 22, 19, 21].map(week);
/// let found = effect(&before, &[9, 11, 10, 8].map(week)).unwrap();
/// assert!(found.fell && (found.ratio - 0.46).abs() < 0.02, "{found:?}");
/// assert!(!effect(&before, &[20, 24, 17, 22].map(week)).unwrap().fell);
/// ```
#[must_use]
pub fn effect(before: &[Week], after: &[Week]) -> Option<Effect> {
    let sum = |weeks: &[Week]| (weeks.iter().map(|w| w.count).sum::<u64>(), weeks.iter().map(|w| w.control).sum::<u64>());
    let ((a, control_a), (b, control_b)) = (sum(before), sum(after));
    if before.len() < LEAST_WEEKS || after.is_empty() || a == 0 {
        return None;
    }
    // How much was to be expected after for one before.
    let exposure = after.len() as f64 / before.len() as f64 * level(control_a, control_b, before.len(), after.len());
    let ratio = b as f64 / a as f64 / exposure;
    let (low, high, bound) = if a + b < MANY { exact(a, b, exposure) } else { by_scatter(before, after, (a, b), exposure) };
    Some(Effect { ratio, low, high, fell: bound < 1.0 })
}

/// How large the controls are after for one before, in equal times; half a ticket more where there are few.
fn level(before: u64, after: u64, weeks_before: usize, weeks_after: usize) -> f64 {
    if before + after < MANY {
        return 1.0;
    }
    ((after as f64 + 0.5) / weeks_after as f64) / ((before as f64 + 0.5) / weeks_before as f64)
}

/// Two-sided 95 % interval and one-sided bound.
fn exact(a: u64, b: u64, exposure: f64) -> (f64, f64, f64) {
    let (a, b) = (a as f64, b as f64);
    // Given all, how many came after is binomial; its odds are the ratio times the exposure.
    let odds = |p: f64| p / (1.0 - p).max(1e-12) / exposure;
    let quantile = |x: f64, y: f64, p: f64| Beta::new(x, y).map_or(1.0, |beta| beta.inverse_cdf(p));
    let low = if b > 0.0 { odds(quantile(b, a + 1.0, 0.025)) } else { 0.0 };
    (low, odds(quantile(b + 1.0, a, 0.975)), odds(quantile(b + 1.0, a, SURE)))
}

fn by_scatter(before: &[Week], after: &[Week], (a, b): (u64, u64), exposure: f64) -> (f64, f64, f64) {
    let squares = |weeks: &[Week]| {
        let (mean, control) = (weeks.iter().map(|w| w.count).sum::<u64>() as f64 / weeks.len() as f64, weeks.iter().map(|w| w.control).sum::<u64>() as f64);
        let of = |w: &Week| {
            // What the controls do in a week the cause would do as well.
            let expected = if control >= MANY as f64 { mean * w.control as f64 * weeks.len() as f64 / control } else { mean };
            (w.count as f64 - expected).powi(2) / expected.max(0.5)
        };
        weeks.iter().map(of).sum::<f64>()
    };
    let freedom = (before.len() + after.len() - 2) as f64;
    let scatter = ((squares(before) + squares(after)) / freedom).max(1.0);
    let (a, b) = (a as f64 + 0.5, b as f64 + 0.5);
    let (ratio, error) = ((b / a / exposure).ln(), (scatter * (1.0 / a + 1.0 / b)).sqrt());
    let t = |p: f64| StudentsT::new(0.0, 1.0, freedom).map_or(2.0, |t| t.inverse_cdf(p));
    ((ratio - t(0.975) * error).exp(), (ratio + t(0.975) * error).exp(), (ratio + t(SURE) * error).exp())
}
