//! Groups of tickets that nobody wrote a rule for: found, named, the same for the same tickets.
//!
//! Equal texts are one. Texts become points ([`embed`]), each is joined to its nearest ones, and the graph falls into groups
//! ([`partition`]) at the resolution at which parts of the tickets agree best with each other on what belongs together: how many
//! groups there are is found, not given. What was tried beside it, and measured, is in `docs/measurements.md`.

mod agreement;
mod embed;
mod names;
mod neighbours;
mod partition;
mod sparse;
mod terms;

use crate::segment::{Normalized, Segmenter};
use partition::Graph;
use rayon::prelude::*;
use sparse::Dense;
use std::collections::HashMap;
use terms::Terms;
use xxhash_rust::xxh3::xxh3_64;

/// Most different texts that are grouped together; the others join the group they are nearest to.
const MOST_TEXTS: usize = 12_000;
/// Neighbours that a text is joined to, and that are kept to look for in a part of the texts.
const NEIGHBOURS: usize = 10;
const MORE_NEIGHBOURS: usize = 25;
/// Resolutions that are tried, the coarsest first.
const RESOLUTIONS: [f64; 6] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
/// Parts of the texts that are grouped alone to see how stable groups are, and how large they are in percent.
const PARTS: u64 = 3;
const PART_PERCENT: u64 = 60;
/// The coarsest grouping wins whose stability is at least this share of the best one's.
const NEARLY: f64 = 0.97;
/// Fewest texts of a group.
const SMALLEST: usize = 2;

/// Tickets in groups.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grouping {
    /// The groups, the largest first.
    pub groups: Vec<Group>,
    /// For each text the index of its group; `None` where it is like no others.
    pub of_text: Vec<Option<usize>>,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// What it is called.
    pub name: String,
    /// Its texts, by index, in their order.
    pub texts: Vec<usize>,
    /// The most typical of them.
    pub typical: usize,
}

/// Groups texts. The same texts in any order, on any number of threads, give the same groups.
///
/// ```
/// use ahu::{discover::discover, segment::Segmenter};
/// let texts: Vec<String> = (0..12).flat_map(|i| [format!("充值{i}元没到账"), format!("第{i}关一进去就闪退")]).collect();
/// let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
/// let found = discover(&texts, &Segmenter::new(vec![]));
/// assert_eq!(found.groups.len(), 2);
/// assert!(found.of_text[0] == found.of_text[2] && found.of_text[0] != found.of_text[1]);
/// ```
#[must_use]
pub fn discover(texts: &[&str], segmenter: &Segmenter) -> Grouping {
    // One for all texts that say the same, in an order that does not depend on theirs.
    let terms: Vec<Terms> = texts.par_iter().map_init(Normalized::default, |normal, text| Terms::of(text, segmenter, normal)).collect();
    let key = |t: &Terms| t.spoken.iter().filter(|w| !w.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ");
    let keys: Vec<String> = terms.par_iter().map(key).collect();
    let mut first: HashMap<&str, usize> = HashMap::new();
    keys.iter().enumerate().for_each(|(i, k)| {
        first.entry(k).or_insert(i);
    });
    let mut distinct: Vec<usize> = first.values().copied().filter(|i| !keys[*i].is_empty()).collect();
    distinct.sort_by_cached_key(|i| (xxh3_64(keys[*i].as_bytes()), keys[*i].as_str()));
    let place: HashMap<&str, usize> = distinct.iter().enumerate().map(|(at, i)| (keys[*i].as_str(), at)).collect();
    let distinct: Vec<&Terms> = distinct.iter().map(|i| &terms[*i]).collect();
    let (groups, points) = group(&distinct);
    let of_text: Vec<Option<usize>> = keys.iter().map(|k| place.get(k.as_str()).and_then(|at| groups[*at])).collect();
    let count = groups.iter().flatten().max().map_or(0, |m| m + 1);
    arrange(count, of_text, &place, &keys, &terms, &points)
}

/// The group of each text, and the texts' points.
fn group(texts: &[&Terms]) -> (Vec<Option<usize>>, Dense) {
    let owned: Vec<Terms> = texts.iter().map(|t| (*t).clone()).collect();
    let points = embed::embed(&owned);
    let n = points.rows();
    let near = neighbours::nearest(&points, MORE_NEIGHBOURS.min(n.saturating_sub(1)));
    let groups = partition_stably(&near);
    let mut sizes = vec![0; groups.iter().max().map_or(0, |m| *m as usize + 1)];
    groups.iter().for_each(|g| sizes[*g as usize] += 1);
    let groups = groups.iter().map(|g| (sizes[*g as usize] >= SMALLEST).then_some(*g as usize)).collect();
    (groups, points)
}

/// The graph of some of the texts: each joined to its nearest ones among them.
fn graph(near: &[Vec<(u32, f32)>], kept: impl Fn(usize) -> bool) -> (Vec<usize>, Graph) {
    let nodes: Vec<usize> = (0..near.len()).filter(|i| kept(*i)).collect();
    let mut number = vec![u32::MAX; near.len()];
    nodes.iter().zip(0..).for_each(|(i, at)| number[*i] = at);
    let of = |i: &usize| -> Vec<(u32, f32)> {
        let kept = near[*i].iter().filter(|(j, _)| number[*j as usize] != u32::MAX);
        kept.take(NEIGHBOURS).map(|(j, w)| (number[*j as usize], *w)).collect()
    };
    let near: Vec<Vec<(u32, f32)>> = nodes.iter().map(of).collect();
    (nodes, Graph::of(&near))
}

/// Groups at the resolution at which parts of the texts agree.
fn partition_stably(near: &[Vec<(u32, f32)>]) -> Vec<u32> {
    let (_, all) = graph(near, |_| true);
    // Texts are ordered by their hashes: a fixed mix of their places is as good as chance.
    let part = |part: u64| graph(near, move |i| xxh3_64(&[(i as u64).to_le_bytes(), part.to_le_bytes()].concat()) % 100 < PART_PERCENT);
    let parts: Vec<(Vec<usize>, Graph)> = (0..PARTS).map(part).collect();
    let tried: Vec<(Vec<u32>, f64)> = RESOLUTIONS.par_iter().map(|resolution| stability(&all, &parts, *resolution)).collect();
    let best = tried.iter().map(|t| t.1).fold(f64::MIN, f64::max);
    tried.into_iter().find(|t| t.1 >= best * NEARLY).map_or(Vec::new(), |t| t.0)
}

/// The groups at a resolution, and how far they agree with those of parts of the texts, and those with each other.
fn stability(all: &Graph, parts: &[(Vec<usize>, Graph)], resolution: f64) -> (Vec<u32>, f64) {
    let whole = partition::partition(all, resolution);
    let mut groupings: Vec<HashMap<usize, u32>> = vec![whole.iter().copied().enumerate().collect()];
    let of_parts: Vec<HashMap<usize, u32>> =
        parts.par_iter().map(|(nodes, graph)| nodes.iter().copied().zip(partition::partition(graph, resolution)).collect()).collect();
    groupings.extend(of_parts);
    let mut agreements = Vec::new();
    for (i, a) in groupings.iter().enumerate() {
        for b in &groupings[..i] {
            let mut both: Vec<usize> = a.keys().filter(|k| b.contains_key(k)).copied().collect();
            both.sort_unstable();
            let (x, y): (Vec<u32>, Vec<u32>) = both.iter().map(|k| (a[k], b[k])).unzip();
            agreements.push(f64::midpoint(agreement::adjusted_rand(&x, &y), agreement::adjusted_information(&x, &y)));
        }
    }
    let mean = agreements.iter().sum::<f64>() / agreements.len().max(1) as f64;
    (whole, mean)
}

/// Orders and names the groups.
fn arrange(count: usize, of_text: Vec<Option<usize>>, place: &HashMap<&str, usize>, keys: &[String], terms: &[Terms], points: &Dense) -> Grouping {
    let mut texts: Vec<Vec<usize>> = vec![Vec::new(); count];
    of_text.iter().enumerate().for_each(|(i, g)| g.iter().for_each(|g| texts[*g].push(i)));
    let typical: Vec<usize> = texts
        .iter()
        .map(|members| {
            let mut middle = vec![0f32; points.width];
            let at = |i: &usize| points.row(place[keys[*i].as_str()]);
            // Sums in an order that does not depend on that of the input.
            let mut sorted: Vec<&usize> = members.iter().collect();
            sorted.sort_by_key(|i| place[keys[**i].as_str()]);
            sorted.iter().for_each(|i| middle.iter_mut().zip(at(i)).for_each(|(m, x)| *m += x));
            let cosine = |i: &usize| at(i).iter().zip(&middle).map(|(x, m)| x * m).sum::<f32>();
            sorted.into_iter().copied().reduce(|a, b| if cosine(&b) > cosine(&a) { b } else { a }).unwrap_or_default()
        })
        .collect();
    let names = names::names(&texts, terms);
    let mut order: Vec<usize> = (0..count).filter(|g| !texts[*g].is_empty()).collect();
    order.sort_by(|a, b| texts[*b].len().cmp(&texts[*a].len()).then_with(|| names[*a].cmp(&names[*b])).then(a.cmp(b)));
    let mut new = vec![0; count];
    order.iter().enumerate().for_each(|(at, g)| new[*g] = at);
    let groups = order.iter().map(|g| Group { name: names[*g].clone(), texts: std::mem::take(&mut texts[*g]), typical: typical[*g] }).collect();
    Grouping { groups, of_text: of_text.into_iter().map(|g| g.map(|g| new[g])).collect() }
}
