//! Fits [`Calibration`]s on scores of tickets that were not trained on.

use crate::model::calibration::{BINS, Calibration, sigmoid, softmax};

/// Rounds of fitting; what changes after that is below a thousandth.
const ROUNDS: usize = 60;

/// Fits a calibration on `scores` (one list a ticket) and the labels' indexes that the tickets really have.
#[must_use]
pub fn fit(scores: &[Vec<f32>], truth: &[Vec<usize>], labels: usize, several: bool) -> Calibration {
    let column = |l: usize| scores.iter().zip(truth).map(move |(s, t)| (s[l], t.contains(&l)));
    let mut calibration = Calibration {
        slope: 1.0,
        offset: vec![0.0; labels],
        sigmoid: (0..labels).map(|l| platt(&column(l).collect::<Vec<_>>())).collect(),
        given: 0.5,
        none_below: 0.0,
        precision: vec![vec![(0, 0); BINS]; labels],
    };
    if several {
        calibration.given = best_given(&calibration, scores, truth);
    } else {
        fit_softmax(&mut calibration, scores, truth);
    }
    let mut probabilities = Vec::new();
    let mut likeness = Vec::new();
    for (scores, truth) in scores.iter().zip(truth) {
        calibration.apply(scores, several, &mut probabilities);
        let verdict = calibration.verdict(scores, &probabilities, several);
        let label = verdict.labels[0];
        let right = truth.contains(&label);
        let bin = &mut calibration.precision[label][bin_of(verdict.probability)];
        *bin = (bin.0 + 1, bin.1 + u32::from(right));
        if right {
            likeness.push(scores.iter().zip(&calibration.sigmoid).map(|(s, (a, b))| sigmoid(a * s + b)).fold(0.0, f32::max));
        }
    }
    likeness.sort_unstable_by(f32::total_cmp);
    calibration.none_below = likeness.get(likeness.len() / NONE_SHARE).copied().unwrap_or(0.0);
    calibration
}

/// One in so many tickets that would be decided rightly is less like its label than what counts as like none.
const NONE_SHARE: usize = 100;

/// The bin of a probability.
#[must_use]
pub fn bin_of(p: f32) -> usize {
    ((p * BINS as f32) as usize).min(BINS - 1)
}

/// Slope and offsets of the least logarithmic loss: the slope by Newton's method, each offset so that as many tickets are
/// expected of a label as have it.
fn fit_softmax(c: &mut Calibration, scores: &[Vec<f32>], truth: &[Vec<usize>]) {
    let labels = c.offset.len();
    let mut counts = vec![0f64; labels];
    truth.iter().flatten().for_each(|l| counts[*l] += 1.0);
    c.slope = 2.0;
    for _ in 0..ROUNDS {
        let mut expected = vec![0f64; labels];
        let (mut gradient, mut curvature) = (0f64, 0f64);
        let mut p = Vec::with_capacity(labels);
        for (s, t) in scores.iter().zip(truth) {
            let [label] = t[..] else { continue };
            p.clear();
            p.extend(s.iter().zip(&c.offset).map(|(s, o)| c.slope * s + o));
            softmax(&mut p);
            p.iter().zip(&mut expected).for_each(|(p, e)| *e += f64::from(*p));
            let mean: f64 = p.iter().zip(s).map(|(p, s)| f64::from(p * s)).sum();
            let square: f64 = p.iter().zip(s).map(|(p, s)| f64::from(p * s * s)).sum();
            gradient += mean - f64::from(s[label]);
            curvature += square - mean * mean;
        }
        if curvature > 1e-9 {
            c.slope = (c.slope - (gradient / (curvature + 1e-3)) as f32).clamp(0.05, 100.0);
        }
        // Few tickets move an offset little: the prior is that scores need none.
        for l in 0..labels {
            c.offset[l] += 0.5 * ((counts[l] + 2.0) / (expected[l] + 2.0)).ln() as f32;
        }
    }
}

/// Slope and offset of a sigmoid by Newton's method with backtracking, targets drawn in by the numbers of tickets: Platt 1999,
/// Lin, Lin and Weng 2007.
fn platt(scored: &[(f32, bool)]) -> (f32, f32) {
    let with = scored.iter().filter(|s| s.1).count() as f64;
    let without = scored.len() as f64 - with;
    let targets = [1.0 / (without + 2.0), (with + 1.0) / (with + 2.0)];
    let (mut a, mut b) = (1f64, ((with + 1.0) / (without + 1.0)).ln());
    let loss = |a: f64, b: f64| -> f64 {
        let of = |(s, has): &(f32, bool)| {
            let z = a * f64::from(*s) + b;
            let soft = if z > 0.0 { z + (-z).exp().ln_1p() } else { z.exp().ln_1p() };
            soft - targets[usize::from(*has)] * z
        };
        scored.iter().map(of).sum()
    };
    let mut now = loss(a, b);
    for _ in 0..ROUNDS {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0f64, 0f64, 1e-9, 0f64, 1e-9);
        for (s, has) in scored {
            let s = f64::from(*s);
            let p = 1.0 / (1.0 + (-(a * s + b)).exp());
            let (d, h) = (p - targets[usize::from(*has)], p * (1.0 - p));
            (ga, gb) = (ga + d * s, gb + d);
            (haa, hab, hbb) = (haa + h * s * s, hab + h * s, hbb + h);
        }
        if ga.abs() < 1e-6 && gb.abs() < 1e-6 {
            break;
        }
        let det = haa * hbb - hab * hab;
        if det <= 0.0 {
            break;
        }
        let (da, db) = ((hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det);
        let mut step = 1.0;
        let better = loop {
            let (na, nb) = (a - step * da, b - step * db);
            let then = loss(na, nb);
            if then < now {
                break Some((na, nb, then));
            }
            step /= 2.0;
            if step < 1e-6 {
                break None;
            }
        };
        let Some((na, nb, then)) = better else { break };
        (a, b, now) = (na, nb, then);
    }
    (a as f32, b as f32)
}

/// The probability from which on labels are given, for the highest micro-averaged F1.
fn best_given(c: &Calibration, scores: &[Vec<f32>], truth: &[Vec<usize>]) -> f32 {
    let mut probabilities = Vec::new();
    let f1 = |given: f32, probabilities: &mut Vec<f32>| {
        let (mut hits, mut said, mut are) = (0u32, 0u32, 0u32);
        let c = Calibration { given, ..c.clone() };
        for (s, t) in scores.iter().zip(truth) {
            c.apply(s, true, probabilities);
            let labels = c.verdict(s, probabilities, true).labels;
            hits += labels.iter().filter(|l| t.contains(l)).count() as u32;
            said += labels.len() as u32;
            are += t.len() as u32;
        }
        f64::from(2 * hits) / f64::from((said + are).max(1))
    };
    let tried: Vec<(f32, f64)> = (4..=14).map(|i| i as f32 / 20.0).map(|given| (given, f1(given, &mut probabilities))).collect();
    tried.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then((b.0 - 0.5).abs().total_cmp(&(a.0 - 0.5).abs()))).map_or(0.5, |best| best.0)
}
