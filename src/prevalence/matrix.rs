//! The little linear algebra that counting needs. Square matrices, row after row.

/// A lower triangle whose product with its transpose is a matrix; or, where that would be too large, only its diagonal.
#[derive(Debug, Clone)]
pub(super) struct Root {
    size: usize,
    /// All entries, or `size` of them for a diagonal.
    entries: Vec<f64>,
}

impl Root {
    /// Of a symmetric matrix without negative eigenvalues; what rounding made negative becomes `least`.
    pub(super) fn dense(matrix: &[f64], size: usize, least: f64) -> Root {
        let mut entries = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..=i {
                let (a, b) = (&entries[i * size..i * size + j], &entries[j * size..j * size + j]);
                let sum = matrix[i * size + j] - a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
                entries[i * size + j] = if i == j { sum.max(least).sqrt() } else { sum / entries[j * size + j] };
            }
        }
        Root { size, entries }
    }

    /// Of a diagonal matrix.
    pub(super) fn diagonal(diagonal: &[f64], least: f64) -> Root {
        Root { size: diagonal.len(), entries: diagonal.iter().map(|d| d.max(least).sqrt()).collect() }
    }

    fn is_dense(&self) -> bool {
        self.entries.len() > self.size
    }

    /// The triangle times `x`.
    pub(super) fn times(&self, x: &[f64]) -> Vec<f64> {
        if !self.is_dense() {
            return self.entries.iter().zip(x).map(|(e, x)| e * x).collect();
        }
        self.entries.chunks(self.size).enumerate().map(|(i, row)| row[..=i].iter().zip(x).map(|(e, x)| e * x).sum()).collect()
    }

    /// Solves transpose * z = `x`: where x is normal noise, z has the inverse of the matrix as its covariance.
    pub(super) fn solve(&self, x: &[f64]) -> Vec<f64> {
        let mut z = x.to_vec();
        for i in (0..self.size).rev() {
            let row = if self.is_dense() { &self.entries[i * self.size..=i * self.size + i] } else { &self.entries[i..=i] };
            let (diagonal, left) = row.split_last().map_or((1.0, row), |(d, left)| (*d, left));
            z[i] /= diagonal;
            let step = z[i];
            for (z, e) in z.iter_mut().zip(left) {
                *z -= e * step;
            }
        }
        z
    }
}

/// The inverse by elimination with pivots; directions that are all but lost are kept from blowing up.
pub(super) fn inverse(matrix: &[f64], size: usize) -> Vec<f64> {
    let mut a = matrix.to_vec();
    let mut b = vec![0.0; size * size];
    (0..size).for_each(|i| b[i * size + i] = 1.0);
    for column in 0..size {
        let pivot = (column..size).max_by(|x, y| a[x * size + column].abs().total_cmp(&a[y * size + column].abs())).unwrap_or(column);
        let scale = a[pivot * size + column];
        let scale = if scale.abs() < 1e-6 { 1e-6 } else { scale };
        for m in [&mut a, &mut b] {
            for j in 0..size {
                m.swap(column * size + j, pivot * size + j);
                m[column * size + j] /= scale;
            }
        }
        let (of_a, of_b) = (a[column * size..(column + 1) * size].to_vec(), b[column * size..(column + 1) * size].to_vec());
        for row in (0..size).filter(|row| *row != column) {
            let factor = a[row * size + column];
            if factor != 0.0 {
                a[row * size..(row + 1) * size].iter_mut().zip(&of_a).for_each(|(x, p)| *x -= factor * p);
                b[row * size..(row + 1) * size].iter_mut().zip(&of_b).for_each(|(x, p)| *x -= factor * p);
            }
        }
    }
    b
}
