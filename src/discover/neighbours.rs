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
    let whole: Vec<i16> = (0..n).into_par_iter().flat_map_iter(|i| rows.row(i).iter().map(|x| (x * ONE).round() as i16)).collect();
    let row = |i: usize| &whole[i * width..][..width];
    let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
    let block = |start: &usize| {
        let mine = *start..n.min(start + BLOCK);
        let mut best: Vec<Vec<(u32, i32)>> = vec![Vec::with_capacity(most + 1); mine.len()];
        for others in (0..n).step_by(COMPARED).map(|from| from..n.min(from + COMPARED)) {
            for (i, best) in mine.clone().zip(&mut best) {
                for j in others.clone().filter(|j| *j != i) {
                    insert(best, (j as u32, dot(row(i), row(j))), most);
                }
            }
        }
        best
    };
    let cosines = |best: Vec<(u32, i32)>| best.into_iter().map(|(j, product)| (j, product as f32 / (ONE * ONE))).collect();
    starts.par_iter().flat_map_iter(block).map(cosines).collect()
}

fn insert(best: &mut Vec<(u32, i32)>, one: (u32, i32), most: usize) {
    // Of equals the earlier row comes first.
    if best.len() == most && best.last().is_none_or(|last| last.1 >= one.1) {
        return;
    }
    let at = best.partition_point(|b| b.1 >= one.1);
    best.insert(at, one);
    best.truncate(most);
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
