//! The nearest neighbours of every row, by cosine.

use super::sparse::Dense;
use rayon::prelude::*;

/// Rows that look for their nearest together, and rows they are compared with at a time: both stay in the cache.
const BLOCK: usize = 64;
const COMPARED: usize = 256;
/// A coordinate of one in whole numbers: products of these are added up twice as fast as floats, and alike on every processor.
const ONE: f32 = 16_384.0;

/// The nearest rows of each, the nearest first, with their cosines. Rows must have length one or zero.
pub(super) fn nearest(rows: &Dense, most: usize) -> Vec<Vec<(u32, f32)>> {
    let (n, width) = (rows.rows(), rows.width);
    if most == 0 {
        return vec![Vec::new(); n];
    }
    let whole: Vec<i16> = (0..n).into_par_iter().flat_map_iter(|i| rows.row(i).iter().map(|x| (x * ONE).round() as i16)).collect();
    let row = |i: usize| &whole[i * width..][..width];
    let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
    // Each pair is compared once, by whoever has its first row; all that each thread has seen is put together in the end.
    let threads = rayon::current_num_threads();
    let part = |thread: usize| {
        let mut best = Best::new(n, most);
        for start in starts.iter().skip(thread).step_by(threads) {
            let mine = *start..n.min(start + BLOCK);
            for others in (*start..n).step_by(COMPARED).map(|from| from..n.min(from + COMPARED)) {
                for i in mine.clone() {
                    for j in others.clone().skip_while(|j| *j <= i) {
                        let product = dot(row(i), row(j));
                        best.see(i, j, product);
                        best.see(j, i, product);
                    }
                }
            }
        }
        best
    };
    let parts: Vec<Best> = (0..threads).into_par_iter().map(part).collect();
    let joined = |i: usize| {
        let mut all: Vec<(u32, i32)> = parts.iter().flat_map(|p| &p.of[i]).copied().collect();
        all.sort_unstable_by(order);
        all.truncate(most);
        all.into_iter().map(|(j, product)| (j, product as f32 / (ONE * ONE))).collect()
    };
    (0..n).into_par_iter().map(joined).collect()
}

/// The nearest come first; of equals the earlier row.
fn order(a: &(u32, i32), b: &(u32, i32)) -> std::cmp::Ordering {
    b.1.cmp(&a.1).then(a.0.cmp(&b.0))
}

/// The best so far of each row.
struct Best {
    of: Vec<Vec<(u32, i32)>>,
    /// What is less than this need not be looked at.
    least: Vec<i32>,
    most: usize,
}

impl Best {
    fn new(rows: usize, most: usize) -> Best {
        Best { of: vec![Vec::new(); rows], least: vec![i32::MIN; rows], most }
    }

    fn see(&mut self, of: usize, other: usize, product: i32) {
        if product < self.least[of] {
            return;
        }
        let (best, one) = (&mut self.of[of], (other as u32, product));
        let at = best.partition_point(|b| order(b, &one).is_lt());
        if at < self.most {
            best.insert(at, one);
            best.truncate(self.most);
            if best.len() == self.most {
                self.least[of] = best[self.most - 1].1;
            }
        }
    }
}

/// Rows of length one cannot overflow; without checks for it the compiler multiplies many numbers at once.
fn dot(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).fold(0, |sum: i32, (a, b)| sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b))))
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
