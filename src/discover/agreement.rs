//! How far two groupings of the same things agree, beyond chance.

use std::collections::HashMap;

/// Counts of a table: rows' sums, columns' sums, cells.
fn table(a: &[u32], b: &[u32]) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
    let mut cells: HashMap<(u32, u32), u64> = HashMap::new();
    let size = |x: &[u32]| x.iter().max().map_or(0, |m| *m as usize + 1);
    let (mut rows, mut columns) = (vec![0; size(a)], vec![0; size(b)]);
    for (x, y) in a.iter().zip(b) {
        *cells.entry((*x, *y)).or_default() += 1;
        rows[*x as usize] += 1;
        columns[*y as usize] += 1;
    }
    let mut cells: Vec<((u32, u32), u64)> = cells.into_iter().collect();
    cells.sort_unstable();
    (rows, columns, cells.into_iter().map(|c| c.1).collect())
}

/// The adjusted Rand index (Hubert and Arabie, 1985): 1 for equal groupings, about 0 for unrelated ones.
pub(super) fn adjusted_rand(a: &[u32], b: &[u32]) -> f64 {
    let (rows, columns, cells) = table(a, b);
    let pairs = |n: &u64| (n * n.saturating_sub(1) / 2) as f64;
    let sum = |x: &[u64]| x.iter().map(pairs).sum::<f64>();
    let (rows, columns, both, all) = (sum(&rows), sum(&columns), sum(&cells), pairs(&(a.len() as u64)));
    let expected = rows * columns / all.max(1.0);
    let most = f64::midpoint(rows, columns);
    if (most - expected).abs() < 1e-12 { 1.0 } else { (both - expected) / (most - expected) }
}

/// The adjusted mutual information (Vinh, Epps and Bailey, 2010), by the mean of the entropies.
pub(super) fn adjusted_information(a: &[u32], b: &[u32]) -> f64 {
    let n = a.len() as f64;
    let (rows, columns, cells) = table(a, b);
    let plogp = |x: &[u64]| x.iter().filter(|x| **x > 0).map(|x| *x as f64 / n * (*x as f64 / n).ln()).sum::<f64>();
    let (h_rows, h_columns) = (-plogp(&rows), -plogp(&columns));
    let mutual = h_rows + h_columns + plogp(&cells);
    let mut ln_factorial = vec![0f64; a.len() + 1];
    for i in 1..=a.len() {
        ln_factorial[i] = ln_factorial[i - 1] + (i as f64).ln();
    }
    let count = |x: &[u64]| {
        let mut sizes: HashMap<u64, f64> = HashMap::new();
        x.iter().filter(|x| **x > 0).for_each(|x| *sizes.entry(*x).or_default() += 1.0);
        let mut sizes: Vec<(u64, f64)> = sizes.into_iter().collect();
        sizes.sort_unstable_by_key(|s| s.0);
        sizes
    };
    let mut expected = 0.0;
    for (r, how_many) in count(&rows) {
        for (c, how_many_too) in count(&columns) {
            let (r, c, all) = (r as usize, c as usize, a.len());
            let f = |i: usize| ln_factorial[i];
            for both in (r + c).saturating_sub(all).max(1)..=r.min(c) {
                let ln_p = f(r) + f(c) + f(all - r) + f(all - c) - f(all) - f(both) - f(r - both) - f(c - both) - f(all + both - r - c);
                let information = both as f64 / n * (n * both as f64 / (r as f64 * c as f64)).ln();
                expected += how_many * how_many_too * information * ln_p.exp();
            }
        }
    }
    let most = f64::midpoint(h_rows, h_columns);
    if (most - expected).abs() < 1e-12 { 1.0 } else { (mutual - expected) / (most - expected) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_of_small_tables() {
        let (a, b) = ([0, 0, 1, 1, 2, 2], [1, 1, 0, 0, 2, 2]);
        assert!((adjusted_rand(&a, &b) - 1.0).abs() < 1e-9 && (adjusted_information(&a, &b) - 1.0).abs() < 1e-9);
        // As scikit-learn 1.9 has them.
        let (a, b) = ([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]);
        assert!((adjusted_rand(&a, &b) - 0.242_424).abs() < 1e-5, "{}", adjusted_rand(&a, &b));
        assert!((adjusted_information(&a, &b) - 0.298_792).abs() < 1e-5, "{}", adjusted_information(&a, &b));
    }
}
