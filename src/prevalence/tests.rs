//! Corrected counts measured on tickets made up by class-conditional models: calibrated on some, tried on others.

use super::draws::Random;
use super::matrix::{Root, inverse};
use super::*;

/// A classifier that knows the classes' places but not quite how sure it may be: tickets are points around their class's place.
struct World {
    places: Vec<Vec<f64>>,
    /// Shares of classes in the training.
    training: Vec<f64>,
    /// Log-odds the classifier adds to each class by mistake.
    mistaken: Vec<f64>,
    /// What it multiplies log-probabilities of each class by.
    sure: Vec<f64>,
}

impl World {
    fn new(classes: usize, apart: f64, random: &mut Random) -> World {
        let normal = |random: &mut Random, scale: f64| random.normal() * scale;
        let axis = |c: usize, i: usize| if c == i { apart } else { 0.0 };
        let places = (0..classes).map(|c| (0..classes).map(|i| axis(c, i) + normal(random, apart / 4.0)).collect()).collect();
        let training: Vec<f64> = (0..classes).map(|_| random.gamma(2.0) + 0.2).collect();
        let sum: f64 = training.iter().sum();
        let mistaken = (0..classes).map(|_| normal(random, 0.4)).collect();
        World { places, training: training.iter().map(|t| t / sum).collect(), mistaken, sure: vec![1.5; classes] }
    }

    fn cell(&self, class: usize, random: &mut Random) -> Cell {
        let at: Vec<f64> = self.places[class].iter().map(|p| p + random.normal()).collect();
        let near = |place: &[f64]| -0.5 * place.iter().zip(&at).map(|(p, x)| (p - x).powi(2)).sum::<f64>();
        let scores = (0..self.places.len()).map(|c| self.sure[c] * (near(&self.places[c]) + self.training[c].ln()) + self.mistaken[c]);
        let scores: Vec<f64> = scores.collect();
        let most = scores.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = scores.iter().map(|s| (s - most).exp()).sum();
        Cell::of(&scores.iter().map(|s| ((s - most).exp() / sum) as f32).collect::<Vec<_>>())
    }

    fn class(shares: &[f64], random: &mut Random) -> usize {
        let mut at = random.uniform();
        shares
            .iter()
            .position(|s| {
                at -= s;
                at < 0.0
            })
            .unwrap_or(shares.len() - 1)
    }

    fn reference(&self, tickets: usize, random: &mut Random) -> Reference {
        let rows = (0..tickets).map(|_| {
            let class = World::class(&self.training, random);
            (class as u16, self.cell(class, random), 1)
        });
        Reference::new(self.places.len(), rows).expect("a reference")
    }

    /// A day of classes in any shares (Dirichlet of ones), and how many there are of each.
    fn day(&self, tickets: usize, random: &mut Random) -> (Soft, Vec<u64>) {
        let shares: Vec<f64> = self.places.iter().map(|_| random.gamma(1.0)).collect();
        let sum: f64 = shares.iter().sum();
        let shares: Vec<f64> = shares.iter().map(|s| s / sum).collect();
        let (mut day, mut true_counts) = (Soft::default(), vec![0; shares.len()]);
        for _ in 0..tickets {
            let class = World::class(&shares, random);
            true_counts[class] += 1;
            day.add(self.cell(class, random));
        }
        (day, true_counts)
    }
}

/// Mean errors and widths over labels and days.
#[derive(Debug, Default)]
struct Measured {
    plain: f64,
    corrected: f64,
    covered: f64,
    width: f64,
    /// Of the interval that drawing the day's tickets again gives for plain counts.
    naive_width: f64,
    /// Tickets whose most likely label is right, in the references.
    accuracy: f64,
}

fn measure(worlds: &[World], days: usize, reference: usize, random: &mut Random) -> Measured {
    const TICKETS: usize = 300;
    let mut m = Measured::default();
    for world in worlds {
        let (labels, reference) = (world.places.len(), world.reference(reference, random));
        let share = 1.0 / (worlds.len() * days * labels) as f64;
        let (right, all) = reference.rows().fold((0, 0), |(r, a), (label, cell, n)| (r + if cell.first == label { n } else { 0 }, a + n));
        m.accuracy += f64::from(right) / f64::from(all) / worlds.len() as f64;
        for _ in 0..days {
            let (day, true_counts) = world.day(TICKETS, random);
            let estimates = estimate(&day, &reference);
            assert!((estimates.iter().map(|e| e.count).sum::<f64>() - TICKETS as f64).abs() < 0.1);
            for (e, n) in estimates.iter().zip(true_counts) {
                let n = n as f64;
                m.plain += share * (e.plain as f64 - n).abs();
                m.corrected += share * (e.count - n).abs();
                m.covered += share * f64::from(u8::from(e.low <= n && n <= e.high));
                m.width += share * (e.high - e.low);
                m.naive_width += share * 3.92 * (e.plain as f64 * (1.0 - e.plain as f64 / TICKETS as f64)).sqrt();
            }
        }
    }
    m
}

fn correct(classes: usize, apart: f64, days: usize, reference: usize, seed: u64) {
    let mut random = Random::new(seed);
    let worlds: Vec<World> = (0..6).map(|_| World::new(classes, apart, &mut random)).collect();
    let m = measure(&worlds, days, reference, &mut random);
    assert!(m.corrected <= 0.5 * m.plain, "{m:?}");
    assert!(m.covered >= 0.93, "{m:?}");
    assert!(m.width <= 1.2 * m.naive_width, "{m:?}");
}

#[test]
fn counts_of_two_labels_are_corrected() {
    correct(2, 1.6, 60, 2000, 1);
}

#[test]
fn counts_of_three_labels_are_corrected() {
    correct(3, 1.9, 50, 2000, 2);
}

#[test]
fn counts_of_ten_labels_are_corrected() {
    correct(10, 2.6, 25, 3000, 3);
}

#[test]
fn counts_are_corrected_where_no_recalibration_fits() {
    let mut random = Random::new(4);
    let mut worlds: Vec<World> = (0..6).map(|_| World::new(3, 1.9, &mut random)).collect();
    worlds.iter_mut().for_each(|w| w.sure = vec![0.5, 1.0, 2.0]);
    let m = measure(&worlds, 40, 2000, &mut random);
    assert!(m.corrected <= 0.4 * m.plain && m.covered >= 0.9 && m.width <= 1.5 * m.naive_width, "{m:?}");
}

#[test]
fn both_ways_find_the_shares_of_a_large_day() {
    let mut random = Random::new(5);
    let mut world = World::new(4, 2.2, &mut random);
    (world.sure, world.mistaken) = (vec![1.0; 4], vec![0.0; 4]);
    let reference = world.reference(20_000, &mut random);
    let (day, true_counts) = world.day(20_000, &mut random);
    let by_emq = emq(&day, &world.training);
    for (y, n) in true_counts.iter().enumerate() {
        let share = *n as f64 / 20_000.0;
        assert!((by_emq[y] - share).abs() < 0.02, "{by_emq:?} {true_counts:?}");
        assert!((pacc(&day, &reference)[y] - share).abs() < 0.02, "{true_counts:?}");
    }
}

#[test]
fn parts_add_up_to_the_whole() {
    let mut random = Random::new(6);
    let world = World::new(3, 1.5, &mut random);
    let ((mut left, _), (right, _)) = (world.day(200, &mut random), world.day(300, &mut random));
    let mut all = Soft::default();
    left.cells().chain(right.cells()).for_each(|(cell, n)| (0..n).for_each(|_| all.add(cell)));
    let mut other_way = right.clone();
    other_way += left.clone();
    left += right;
    assert_eq!(left, all);
    assert_eq!(other_way, all);
    assert_eq!(all.total(), 500);
    assert_eq!((0..3).map(|y| all.plain(y)).sum::<u64>(), 500);
    let reference = world.reference(300, &mut random);
    assert_eq!(estimate(&left, &reference), estimate(&all, &reference));
}

#[test]
fn cells_keep_probabilities_roughly() {
    let mut random = Random::new(7);
    for _ in 0..2000 {
        let labels = 2 + (random.uniform() * 20.0) as usize;
        let p: Vec<f64> = (0..labels).map(|_| random.gamma(0.3)).collect();
        let sum: f64 = p.iter().sum();
        let p: Vec<f32> = p.iter().map(|x| (x / sum) as f32).collect();
        let cell = Cell::of(&p);
        let (first, second) = (p[usize::from(cell.first)], p[usize::from(cell.second)]);
        assert!(p.iter().enumerate().all(|(i, x)| *x <= second || i == usize::from(cell.first)), "{p:?} {cell:?}");
        let kept = cell.probabilities();
        assert!((kept.0 - f64::from(first)).abs() < 0.06 && (kept.1 - f64::from(second)).abs() < 0.11, "{p:?} {kept:?}");
    }
    for (p_first, p_second) in (0..=u8::MAX).flat_map(|a| [0, 7, 15, 16, u8::MAX].map(|b| (a, b))) {
        let (first, second) = Cell { first: 0, second: 1, p_first, p_second }.probabilities();
        assert!(first + second <= 1.0 && second <= first && second > 0.0);
    }
    assert_eq!(Cell::of(&[]), Cell::of(&[1.0]));
    let strange = Cell::of(&[f32::NAN, 0.5, f32::INFINITY]);
    assert_eq!((strange.first, strange.second), (2, 1));
}

#[test]
fn a_reference_is_checked() {
    let cell = Cell::from_top(0, 0.9, 1, 0.1);
    assert!(Reference::new(0, []).is_err());
    assert!(Reference::new(70_000, []).is_err());
    assert!(Reference::new(2, [(2, cell, 1)]).is_err());
    assert!(Reference::new(1, [(0, cell, 1)]).is_err());
    let twice = Reference::new(3, [(0, cell, 2), (0, cell, 3), (1, cell, 0)]).expect("a reference");
    assert_eq!(twice.rows().collect::<Vec<_>>(), [(0, cell, 5)]);
    assert!((twice.priors().iter().sum::<f64>() - 1.0).abs() < 1e-9);
    for bad in [&[0.5, 0.5][..], &[0.0; 3], &[f64::NAN, 1.0, 1.0], &[-1.0, 1.0, 1.0]] {
        assert!(twice.clone().with_priors(bad).is_err());
    }
    assert!(twice.with_priors(&[1.0, 0.0, 3.0]).is_ok_and(|r| r.labels() == 3 && r.priors()[1] > 0.0));
}

/// Estimates add up, contain themselves and lie within the day.
fn sane(day: &Soft, reference: &Reference) -> Vec<Estimate> {
    let estimates = estimate(day, reference);
    let n: u64 = estimates.iter().map(|e| e.plain).sum();
    assert_eq!(estimates.len(), reference.labels());
    assert!((estimates.iter().map(|e| e.count).sum::<f64>() - n as f64).abs() <= 1e-3 * n as f64, "{estimates:?}");
    assert!(estimates.iter().all(|e| 0.0 <= e.low && e.low <= e.count && e.count <= e.high && e.high <= n as f64), "{estimates:?}");
    for shares in [emq(day, reference.priors()), pacc(day, reference)] {
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-6 && shares.iter().all(|s| *s >= 0.0), "{shares:?}");
    }
    estimates
}

#[test]
fn poor_input_gives_sane_numbers() {
    let of = |cells: &[(Cell, u32)]| {
        let mut day = Soft::default();
        cells.iter().for_each(|(cell, n)| day.add_many(*cell, *n));
        day
    };
    let (a, b, c) = (Cell::of(&[0.9, 0.06, 0.04]), Cell::of(&[0.2, 0.7, 0.1]), Cell::of(&[0.1, 0.3, 0.6]));
    let reference = |rows: &[(u16, Cell, u32)]| Reference::new(3, rows.iter().copied()).expect("a reference");
    let good = reference(&[(0, a, 90), (0, b, 10), (1, a, 15), (1, b, 80), (1, c, 5), (2, c, 30), (2, b, 10)]);
    let no_third = reference(&[(0, a, 90), (0, b, 10), (1, a, 15), (1, b, 80)]);
    let nothing = reference(&[]);
    let one_row = reference(&[(1, a, 1)]);
    for reference in [&good, &no_third, &nothing, &one_row] {
        assert!(sane(&Soft::default(), reference).iter().all(|e| e.count == 0.0 && e.high == 0.0));
        for cells in [&[(a, 1)][..], &[(a, 300)], &[(c, 7)], &[(a, 40), (b, 50), (c, 5)], &[(a, u32::MAX), (b, u32::MAX)]] {
            sane(&of(cells), reference);
        }
        // Cells of another classifier.
        let strange = of(&[(Cell { first: 9, second: 1, p_first: 3, p_second: 3 }, 5), (Cell { first: 1, second: 9, p_first: 255, p_second: 255 }, 5)]);
        assert_eq!(sane(&strange, reference).iter().map(|e| e.plain).sum::<u64>(), 5);
        sane(&of(&[(Cell::from_top(2, 1.0, 2, 0.0), 5)]), reference);
    }
    // A label that the reference has never seen may be there for all we know.
    assert!(sane(&of(&[(a, 100), (c, 20)]), &no_third)[2].high > 10.0);
    let alone = Reference::new(1, [(0, Cell::of(&[1.0]), 10)]).expect("a reference");
    let sure = sane(&of(&[(Cell::of(&[1.0]), 12)]), &alone)[0];
    assert_eq!((sure.plain, sure.count, sure.low, sure.high), (12, 12.0, 12.0, 12.0));
}

#[test]
fn any_cells_give_sane_numbers() {
    let mut random = Random::new(8);
    for round in 0..60 {
        let labels = if round == 0 { 450 } else { 2 + (random.uniform() * 12.0) as usize };
        let mut up_to = |n: f64| (random.uniform() * n) as u32;
        let mut cell =
            || Cell { first: up_to(labels as f64) as u16, second: up_to(labels as f64) as u16, p_first: up_to(40.0) as u8, p_second: up_to(20.0) as u8 };
        let rows: Vec<(u16, Cell, u32)> = (0..labels * (round % 7)).map(|i| (((i * i) % labels) as u16, cell(), 1 + (i % 5) as u32)).collect();
        let reference = Reference::new(labels, rows).expect("a reference");
        let mut day = Soft::default();
        (0..round as u32 * 3).for_each(|i| day.add_many(cell(), 1 + (i % 3) * (i % 50)));
        sane(&day, &reference);
    }
}

#[test]
fn draws_have_the_right_mean_and_spread() {
    let mut random = Random::new(9);
    for (n, p) in [(5u64, 0.3), (40, 0.1), (300, 0.02), (1000, 0.4), (1000, 0.97)] {
        let draws: Vec<f64> = (0..20_000).map(|_| random.binomial(n, p) as f64).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        let right = n as f64 * p * (1.0 - p);
        assert!((mean - n as f64 * p).abs() < 5.0 * (right / 20_000.0).sqrt() && (variance / right - 1.0).abs() < 0.07, "{n} {p} {mean} {variance}");
    }
    for shape in [0.3, 1.0, 7.5] {
        let mean = (0..20_000).map(|_| random.gamma(shape)).sum::<f64>() / 20_000.0;
        assert!((mean - shape).abs() < 5.0 * (shape / 20_000.0f64).sqrt(), "{shape} {mean}");
    }
}

#[test]
fn matrices_are_taken_apart() {
    let matrix = [4.0, 2.0, 0.5, 2.0, 3.0, 1.0, 0.5, 1.0, 2.0];
    let back = inverse(&matrix, 3);
    let root = Root::dense(&matrix, 3, 0.0);
    for i in 0..3 {
        let unit: Vec<f64> = (0..3).map(|j| f64::from(u8::from(i == j))).collect();
        let times = |m: &[f64], x: &[f64]| -> Vec<f64> { m.chunks(3).map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum()).collect() };
        let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(same(&times(&matrix, &times(&back, &unit)), &unit), "{back:?}");
        // The matrix is the root times its transpose, which solving undoes.
        assert!(same(&times(&matrix, &root.solve(&unit)), &root.times(&unit)));
        assert!(same(&Root::diagonal(&[4.0, 9.0, 1.0], 0.0).solve(&unit), &[unit[0] / 2.0, unit[1] / 3.0, unit[2]]));
    }
}
