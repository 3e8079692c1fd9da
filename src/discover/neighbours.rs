//! The nearest neighbours of every row, by cosine.

use super::sparse::Dense;
use rayon::prelude::*;

/// Rows compared at a time: they stay in the cache.
const BLOCK: usize = 256;

/// The nearest rows of each, the nearest first, with their cosines. Rows must have length one or zero.
pub(super) fn nearest(rows: &Dense, most: usize) -> Vec<Vec<(u32, f32)>> {
    let n = rows.rows();
    let starts: Vec<usize> = (0..n).step_by(4).collect();
    let four = |start: &usize| {
        let mine: Vec<usize> = (*start..n.min(start + 4)).collect();
        let mut best: Vec<Vec<(u32, f32)>> = vec![Vec::with_capacity(most + 1); mine.len()];
        // The last of four stands in for missing ones.
        let at = |k: usize| rows.row(mine[k.min(mine.len() - 1)]);
        let (a, b, c, d) = (at(0), at(1), at(2), at(3));
        for j in 0..n {
            let cosines = dots(a, b, c, d, rows.row(j));
            for (k, i) in mine.iter().enumerate() {
                if j != *i {
                    insert(&mut best[k], (j as u32, cosines[k]), most);
                }
            }
        }
        best
    };
    starts.par_iter().with_min_len(BLOCK / 4).flat_map_iter(four).collect()
}

fn insert(best: &mut Vec<(u32, f32)>, one: (u32, f32), most: usize) {
    // Of equals the earlier row comes first.
    if best.len() == most && best.last().is_none_or(|last| last.1 >= one.1) {
        return;
    }
    let at = best.partition_point(|b| b.1 >= one.1);
    best.insert(at, one);
    best.truncate(most);
}

/// The products of four rows with one.
fn dots(a: &[f32], b: &[f32], c: &[f32], d: &[f32], x: &[f32]) -> [f32; 4] {
    const LANES: usize = 4;
    let mut sums = [[0f32; LANES]; 4];
    let n = x.len();
    let (a, b, c, d) = (&a[..n], &b[..n], &c[..n], &d[..n]);
    let whole = n - n % LANES;
    let mut i = 0;
    while i < whole {
        for l in 0..LANES {
            let y = x[i + l];
            sums[0][l] += a[i + l] * y;
            sums[1][l] += b[i + l] * y;
            sums[2][l] += c[i + l] * y;
            sums[3][l] += d[i + l] * y;
        }
        i += LANES;
    }
    let mut out = sums.map(|s| s.iter().sum::<f32>());
    for j in whole..n {
        out[0] += a[j] * x[j];
        out[1] += b[j] * x[j];
        out[2] += c[j] * x[j];
        out[3] += d[j] * x[j];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first() {
        let mut rows = Dense::zeros(5, 3);
        for (i, row) in [[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.0, 1.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]].iter().enumerate() {
            rows.row_mut(i).copy_from_slice(row);
        }
        let near: Vec<Vec<u32>> = nearest(&rows, 2).iter().map(|r| r.iter().map(|n| n.0).collect()).collect();
        assert_eq!(near, [[1, 3], [3, 0], [3, 1], [1, 2], [0, 1]]);
    }
}
