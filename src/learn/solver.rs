//! L2-regularised squared-hinge loss by dual coordinate descent with shrinking: Hsieh et al. 2008, LIBLINEAR's `-s 1`.

use super::dataset::Matrix;

/// How to solve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// Cost of an error.
    pub cost: f32,
    /// How many times that an error on a row with the label costs.
    pub positive: f32,
    /// Where to stop: largest difference of projected gradients.
    pub tolerance: f32,
    /// Passes at most.
    pub passes: usize,
}

/// What was found for one label.
#[derive(Debug, Clone)]
pub struct Solution {
    /// One weight a column, the last one for the constant 1.
    pub weights: Vec<f32>,
    /// One dual variable a row of the matrix; 0 for rows that were not trained on.
    pub duals: Vec<f32>,
}

/// Solves for one label: `rows` are trained on, `has` tells for each row of the matrix whether it has the label. It goes on from
/// the dual variables of `before`, if there are any: a solution for nearly the same rows is found in a few passes.
#[must_use]
pub fn solve(matrix: &Matrix, rows: &[u32], has: &[bool], config: &Config, before: Option<&[f32]>) -> Solution {
    let width = matrix.width();
    let mut w = vec![0f32; width + 1];
    let mut duals = vec![0f32; matrix.rows()];
    let sign = |row: usize| if has[row] { 1.0f32 } else { -1.0 };
    let add = |w: &mut Vec<f32>, row: usize, step: f32| {
        let (columns, values) = matrix.row(row);
        for (c, v) in columns.iter().zip(values) {
            w[*c as usize] += step * v;
        }
        w[width] += step;
    };
    if let Some(before) = before {
        for row in rows.iter().map(|r| *r as usize).filter(|r| before[*r] > 0.0) {
            duals[row] = before[row];
            add(&mut w, row, before[row] * sign(row));
        }
    }
    let diagonal = [0.5 / config.cost, 0.5 / (config.cost * config.positive)];
    let square: Vec<f32> = rows.iter().map(|r| matrix.row(*r as usize).1.iter().map(|v| v * v).sum::<f32>() + 1.0).collect();
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    let mut active = rows.len();
    let mut largest_before = f32::INFINITY;
    let mut random = 0x2545_f491_4f6c_dd1du64;
    for _ in 0..config.passes {
        let (mut largest, mut smallest) = (f32::NEG_INFINITY, f32::INFINITY);
        for i in 0..active {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            order.swap(i, i + (random % (active - i) as u64) as usize);
        }
        let mut at = 0;
        while at < active {
            let i = order[at] as usize;
            let row = rows[i] as usize;
            let (columns, values) = matrix.row(row);
            let mut dot = w[width];
            for (c, v) in columns.iter().zip(values) {
                dot += w[*c as usize] * v;
            }
            let d = diagonal[usize::from(has[row])];
            let old = duals[row];
            let gradient = sign(row) * dot - 1.0 + old * d;
            if old == 0.0 && gradient > largest_before {
                active -= 1;
                order.swap(at, active);
                continue;
            }
            let projected = if old == 0.0 { gradient.min(0.0) } else { gradient };
            largest = largest.max(projected);
            smallest = smallest.min(projected);
            if projected.abs() > 1e-12 {
                let new = (old - gradient / (square[i] + d)).max(0.0);
                duals[row] = new;
                add(&mut w, row, (new - old) * sign(row));
            }
            at += 1;
        }
        if largest - smallest <= config.tolerance {
            if active == rows.len() {
                break;
            }
            active = rows.len();
            largest_before = f32::INFINITY;
            continue;
        }
        largest_before = if largest <= 0.0 { f32::INFINITY } else { largest };
    }
    Solution { weights: w, duals }
}
