//! Sparse matrices and their leading singular vectors.

use rayon::prelude::*;

/// Compressed sparse rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Sparse {
    pub columns: usize,
    starts: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl Sparse {
    pub fn new(columns: usize, rows: impl IntoIterator<Item = Vec<(u32, f32)>>) -> Sparse {
        let mut matrix = Sparse { columns, starts: vec![0], entries: Vec::new() };
        for row in rows {
            matrix.entries.extend(row);
            matrix.starts.push(matrix.entries.len());
        }
        matrix
    }

    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn row(&self, i: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[i]..self.starts[i + 1]]
    }

    pub fn transposed(&self) -> Sparse {
        let mut starts = vec![0; self.columns + 1];
        self.entries.iter().for_each(|(c, _)| starts[*c as usize + 1] += 1);
        for c in 0..self.columns {
            starts[c + 1] += starts[c];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0.0); self.entries.len()];
        for i in 0..self.rows() {
            for (c, x) in self.row(i) {
                entries[next[*c as usize]] = (i as u32, *x);
                next[*c as usize] += 1;
            }
        }
        Sparse { columns: self.rows(), starts, entries }
    }

    /// This matrix times a dense one.
    pub fn times(&self, dense: &Dense) -> Dense {
        let width = dense.width;
        let mut out = Dense::zeros(self.rows(), width);
        out.cells.par_chunks_mut(width.max(1)).enumerate().for_each(|(i, sums)| {
            for (c, x) in self.row(i) {
                sums.iter_mut().zip(dense.row(*c as usize)).for_each(|(s, d)| *s += x * d);
            }
        });
        out
    }
}

/// A dense matrix, row by row.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    pub width: usize,
    cells: Vec<f32>,
}

/// Rows added up at a time: a fixed number, so that sums are the same for any number of threads.
const BLOCK: usize = 512;

impl Dense {
    pub fn zeros(rows: usize, width: usize) -> Dense {
        Dense { width, cells: vec![0.0; rows * width] }
    }

    pub fn rows(&self) -> usize {
        self.cells.len() / self.width.max(1)
    }

    pub fn row(&self, i: usize) -> &[f32] {
        &self.cells[i * self.width..][..self.width]
    }

    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        &mut self.cells[i * self.width..][..self.width]
    }

    pub fn rows_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [f32]> {
        let width = self.width.max(1);
        self.cells.par_chunks_mut(width)
    }

    /// Every row's length becomes one, or stays zero.
    pub fn normalise(&mut self) {
        self.rows_mut().for_each(normalise);
    }

    /// The products of all columns with all columns.
    fn gram(&self) -> Vec<f64> {
        let width = self.width;
        let part = |block: &[f32]| {
            let mut sums = vec![0f64; width * width];
            for row in block.chunks(width) {
                for (i, x) in row.iter().enumerate() {
                    let x = f64::from(*x);
                    sums[i * width..=i * width + i].iter_mut().zip(row).for_each(|(s, y)| *s += x * f64::from(*y));
                }
            }
            sums
        };
        let parts: Vec<Vec<f64>> = self.cells.par_chunks(BLOCK * width.max(1)).map(part).collect();
        let mut all = vec![0f64; width * width];
        parts.iter().for_each(|p| all.iter_mut().zip(p).for_each(|(a, b)| *a += b));
        for i in 0..width {
            for j in 0..i {
                all[j * width + i] = all[i * width + j];
            }
        }
        all
    }

    /// This matrix times a square one.
    fn times_square(&self, square: &[f64]) -> Dense {
        let width = self.width;
        let mut out = Dense::zeros(self.rows(), width);
        out.rows_mut().enumerate().for_each(|(i, sums)| {
            let mut exact = vec![0f64; width];
            for (x, line) in self.row(i).iter().zip(square.chunks(width)) {
                exact.iter_mut().zip(line).for_each(|(s, y)| *s += f64::from(*x) * y);
            }
            sums.iter_mut().zip(exact).for_each(|(s, x)| *s = x as f32);
        });
        out
    }

    /// An orthonormal basis of its columns; those that the others make up become zero.
    fn orthonormal(&self) -> Dense {
        let (values, vectors) = eigen(self.gram(), self.width);
        let largest = values.iter().copied().fold(0.0, f64::max);
        let mut square = vec![0f64; self.width * self.width];
        for (k, value) in values.iter().enumerate().filter(|(_, v)| **v > largest * 1e-9) {
            for i in 0..self.width {
                square[i * self.width + k] = vectors[i * self.width + k] / value.sqrt();
            }
        }
        self.times_square(&square)
    }
}

/// A row's length becomes one, or stays zero.
pub(super) fn normalise(row: &mut [f32]) {
    let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 1e-12 {
        row.iter_mut().for_each(|x| *x /= length);
    }
}

/// Eigenvalues, the largest first, and eigenvectors in columns, of a symmetric matrix (Jacobi's rotations).
fn eigen(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut v = vec![0f64; n * n];
    (0..n).for_each(|i| v[i * n + i] = 1.0);
    for _ in 0..30 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * n + j] * a[i * n + j]).sum();
        let diagonal: f64 = (0..n).map(|i| a[i * n + i] * a[i * n + i]).sum();
        if off <= diagonal * 1e-16 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = a[p * n + q];
                if apq * apq <= 1e-22 * (a[p * n + p] * a[q * n + q]).abs() {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
                let (above, below) = a.split_at_mut(q * n);
                rotate(&mut above[p * n..][..n], &mut below[..n], c, s);
                for k in 0..n {
                    let (x, y) = (v[k * n + p], v[k * n + q]);
                    (v[k * n + p], v[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|x, y| a[y * n + y].total_cmp(&a[x * n + x]).then(x.cmp(y)));
    let values = order.iter().map(|i| a[i * n + i].max(0.0)).collect();
    let mut vectors = vec![0f64; n * n];
    for i in 0..n {
        for (k, from) in order.iter().enumerate() {
            vectors[i * n + k] = v[i * n + from];
        }
    }
    (values, vectors)
}

fn rotate(p: &mut [f64], q: &mut [f64], c: f64, s: f64) {
    for (x, y) in p.iter_mut().zip(q) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// The leading left singular vectors and values of a sparse matrix, by randomised subspace iteration (Halko, Martinsson and Tropp,
/// *Finding structure with randomness*, 2011). `keys` are
/// numbers of the columns: where they stay the same, a few rows more change the result little.
pub(super) fn left_singular(a: &Sparse, keys: &[u64], rank: usize) -> (Dense, Vec<f32>) {
    const MORE: usize = 10;
    // Of many rows the leading directions stand out sooner.
    const ROUNDS: [usize; 2] = [5, 3];
    const MANY: usize = 5_000;
    let width = (rank + MORE).min(a.rows()).min(a.columns);
    if width == 0 {
        return (Dense::zeros(a.rows(), 0), Vec::new());
    }
    let mut start = Dense::zeros(a.columns, width);
    start.rows_mut().zip(keys).for_each(|(row, key)| {
        let mut state = key | 1;
        for x in row {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *x = (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        }
    });
    let t = a.transposed();
    let mut basis = a.times(&start).orthonormal();
    for _ in 0..ROUNDS[usize::from(a.rows() > MANY)] {
        basis = a.times(&t.times(&basis)).orthonormal();
    }
    let (values, vectors) = eigen(t.times(&basis).gram(), width);
    let turned = basis.times_square(&vectors);
    let rank = rank.min(width);
    let mut out = Dense::zeros(a.rows(), rank);
    out.rows_mut().enumerate().for_each(|(i, row)| row.copy_from_slice(&turned.row(i)[..rank]));
    (out, values[..rank].iter().map(|v| v.sqrt() as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_values_of_a_known_matrix() {
        // Two orthogonal directions of lengths 5 and 2, one row of both.
        let a = Sparse::new(3, [vec![(0, 3.0), (1, 4.0)], vec![(2, 2.0)], vec![]]);
        let (vectors, values) = left_singular(&a, &[1, 2, 3], 2);
        assert!((values[0] - 5.0).abs() < 1e-4 && (values[1] - 2.0).abs() < 1e-4, "{values:?}");
        assert!((vectors.row(0)[0].abs() - 1.0).abs() < 1e-4 && vectors.row(1)[0].abs() < 1e-4 && vectors.row(2) == [0.0, 0.0]);
    }
}
