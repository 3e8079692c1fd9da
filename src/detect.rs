//! What is unusual, and whether a fix worked: pure functions on counts by day.

pub mod effect;
pub mod spike;

use statrs::function::beta::beta_reg;

/// The probability of at least `x` where counts are negative binomial with this mean and variance; Poisson where the variance is no
/// larger than the mean.
///
/// ```
/// use ahu::detect::at_least;
/// // As scipy 1.17's nbinom.sf(9, 4, 4 / 9), of mean 5 and variance 11.25.
/// assert!((at_least(10, 5.0, 11.25) - 0.099_771).abs() < 1e-5);
/// assert_eq!(at_least(0, 5.0, 11.25), 1.0);
/// ```
#[must_use]
pub fn at_least(x: u64, mean: f64, variance: f64) -> f64 {
    if x == 0 {
        return 1.0;
    }
    // A Poisson count is the limit of large sizes; beyond this one no digit changes.
    let size = (mean * mean / (variance - mean).max(mean * 1e-7)).clamp(1e-6, 1e7);
    beta_reg(x as f64, size, (mean / (size + mean)).clamp(0.0, 1.0))
}

/// The least count whose probability of at least that many is not above `p`.
#[must_use]
pub fn least_beyond(p: f64, mean: f64, variance: f64) -> u64 {
    let (mut low, mut high) = (0, mean.ceil() as u64 + 1);
    while at_least(high, mean, variance) > p {
        (low, high) = (high, high.saturating_mul(2));
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if at_least(middle, mean, variance) > p { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_scipy() {
        // nbinom.sf(x - 1, m² / (v - m), m / v) and poisson.sf(x - 1, m).
        for (x, mean, variance, p) in
            [(3, 0.4, 0.5, 1.810_84e-2), (60, 20.0, 60.0, 1.089_94e-4), (1000, 900.0, 1500.0, 5.938_24e-3), (5, 1.0, 1.0, 3.659_85e-3)]
        {
            let got = at_least(x, mean, variance);
            assert!((got / p - 1.0).abs() < 1e-4, "{x} {mean} {variance}: {got} for {p}");
        }
    }

    #[test]
    fn the_least_count_is_the_first_one_beyond() {
        for (mean, variance) in [(0.01, 0.02), (3.0, 3.0), (20.0, 70.0), (5000.0, 90_000.0)] {
            for p in [0.3, 1e-3, 1e-7] {
                let x = least_beyond(p, mean, variance);
                assert!(at_least(x, mean, variance) <= p && (x == 0 || at_least(x - 1, mean, variance) > p), "{mean} {p} {x}");
            }
        }
    }
}
