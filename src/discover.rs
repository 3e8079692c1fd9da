//! Groups of tickets that nobody wrote a rule for: found, named, the same for the same tickets.
//!
//! Equal texts are one. Texts become points (`embed`), each is joined to its nearest ones, and the graph falls into groups
//! (`partition`) at the resolution at which parts of the tickets agree best with each other on what belongs together: how many
//! groups there are is found, not given. What was tried beside it, and measured, is in `docs/measurements.md`.

mod agreement;
mod alike;
mod embed;
mod names;
mod neighbours;
mod partition;
mod registry;
mod rules;
mod sparse;
mod terms;
mod vocabulary;

pub use alike::alike;
pub use registry::{Identity, Registry, Seen};
pub use rules::{Texts, words};

use crate::segment::{Normalized, Segmenter};
use embed::Space;
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
/// Of few texts each has fewer: one for so many texts.
const TEXTS_A_NEIGHBOUR: usize = 5;
/// Resolutions that are tried, the coarsest first.
const RESOLUTIONS: [f64; 6] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
/// Parts of the texts that are grouped alone to see how stable groups are, and how large they are in percent.
const PARTS: u64 = 6;
const PART_PERCENT: u64 = 60;
/// The coarsest grouping wins whose stability is at least this share of the best one's.
const NEARLY: f64 = 0.96;
/// Parts whose groups decide together, and how large they are in percent.
const ENSEMBLE: u64 = 16;
const ENSEMBLE_PERCENT: u64 = 80;
/// Fewest tickets of a group.
const SMALLEST: usize = 2;
/// Of what is said more often than this the rest counts no more.
const MOST_TIMES: usize = 50;
/// A text that many say has for each of the others as many edges to itself as a text has neighbours; so much each weighs, since both
/// ends of such an edge are one node.
const NEAR_ITSELF: f64 = 0.5;

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
    find(texts, &Known::default(), segmenter).grouping
}

/// Groups that there are already.
#[derive(Default)]
struct Known<'t> {
    /// Of each its name, where it has one, and some of its texts.
    groups: Vec<(Option<&'t str>, Vec<&'t str>)>,
    /// Texts by their keys, with their groups.
    placed: HashMap<u64, usize>,
    /// The resolution at which they were found.
    resolution: f64,
    /// How many of the texts, the last ones, are of other days.
    waiting: usize,
}

/// What was found.
struct Found {
    grouping: Grouping,
    /// For each group the known one that it is.
    known: Vec<Option<usize>>,
    /// For each text its key; 0 where it says nothing.
    keys: Vec<u64>,
    resolution: f64,
}

/// A text that stands for all that say the same.
struct Node {
    key: u64,
    at: usize,
    /// The known group that it is of.
    of: Option<usize>,
    /// How many of the given texts say it.
    times: usize,
}

/// Groups texts; those of known groups stay in them, and others join them or form new ones.
fn find(texts: &[&str], known: &Known<'_>, segmenter: &Segmenter) -> Found {
    let take_apart = |normal: &mut Normalized, text: &&str| Terms::of(text, segmenter, normal);
    let all: Vec<&str> = texts.iter().copied().chain(known.groups.iter().flat_map(|g| g.1.iter().copied())).collect();
    let of_known = known.groups.iter().enumerate().flat_map(|(k, g)| g.1.iter().map(move |_| Some(k)));
    let given: Vec<Option<usize>> = texts.iter().map(|_| None).chain(of_known).collect();
    let mut keys: Vec<u64> = all.par_iter().map_init(Normalized::default, |normal, text| take_apart(normal, text).key()).collect();
    // One for all texts that say the same, in an order that does not depend on theirs: the least one.
    let mut first: HashMap<u64, Node> = HashMap::new();
    for (at, key) in keys.iter().enumerate().filter(|(at, key)| **key != 0 && (given[*at].is_some() || !known.placed.contains_key(*key))) {
        let node = first.entry(*key).or_insert(Node { key: *key, at, of: given[at], times: 0 });
        node.times += usize::from(at < texts.len());
        node.of = node.of.or(given[at]);
        node.at = if all[at] < all[node.at] { at } else { node.at };
    }
    let mut nodes: Vec<Node> = first.into_values().collect();
    nodes.sort_unstable_by_key(|node| (node.of.is_none(), node.key));
    let fixed = nodes.partition_point(|node| node.of.is_some());
    let rest = nodes.split_off(nodes.len().min(fixed + MOST_TEXTS));
    nodes.sort_unstable_by_key(|node| node.key);
    let terms: Vec<Terms> = nodes.par_iter().map_init(Normalized::default, |normal, node| take_apart(normal, &all[node.at])).collect();
    let space = Space::of(&terms);
    let points = space.points(&terms);
    let mut near = neighbours::nearest(&points, MORE_NEIGHBOURS.min(points.rows().saturating_sub(1)));
    // Texts without a common word are points of no dimension.
    near.resize(nodes.len(), Vec::new());
    let near = Near { nodes: near, times: nodes.iter().map(|n| n.times).collect() };
    let (groups, resolution) = if known.groups.is_empty() {
        partition_stably(&near, &nodes.iter().map(|n| n.key).collect::<Vec<_>>())
    } else {
        let fixed: Vec<Option<u32>> = nodes.iter().map(|n| n.of.map(|k| k as u32)).collect();
        (partition::extend(&graph(&near, |_| true).1, &fixed, known.resolution), known.resolution)
    };
    let (groups, count) = without_the_smallest(&groups, |at| if nodes[at].of.is_some() { SMALLEST } else { nodes[at].times });
    let middles = middles(&groups, count, &points);
    let place = |normal: &mut Normalized, node: &Node| {
        let mut point = vec![0.0; space.width()];
        space.place(&take_apart(normal, &all[node.at]), &mut point);
        nearest_middle(&point, &middles)
    };
    let rest: Vec<(u64, Option<usize>)> = rest.par_iter().map_init(Normalized::default, |normal, node| (node.key, place(normal, node))).collect();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
    groups.iter().enumerate().for_each(|(at, g)| g.iter().for_each(|g| members[*g].push(at)));
    let known_of: Vec<Option<usize>> = members.iter().map(|members| members.iter().find_map(|at| nodes[*at].of)).collect();
    let mut of_key: HashMap<u64, Option<usize>> = nodes.iter().map(|n| n.key).zip(groups.iter().copied()).chain(rest).collect();
    let mut group_of_known = vec![None; known.groups.len()];
    known_of.iter().enumerate().for_each(|(g, k)| k.iter().for_each(|k| group_of_known[*k] = Some(g)));
    of_key.extend(known.placed.iter().map(|(key, k)| (*key, group_of_known[*k])));
    keys.truncate(texts.len());
    let of_text: Vec<Option<usize>> = keys.iter().map(|k| of_key.get(k).copied().flatten()).collect();
    // The most typical text is one of this day, though other days may have said it.
    let mut first_of: HashMap<u64, usize> = HashMap::new();
    for (at, key) in keys.iter().enumerate().take(texts.len() - known.waiting) {
        first_of.entry(*key).and_modify(|f| *f = if texts[at] < texts[*f] { at } else { *f }).or_insert(at);
    }
    let typical = |(g, members): (usize, &Vec<usize>)| {
        let given: Vec<usize> = members.iter().copied().filter(|at| first_of.contains_key(&nodes[*at].key)).collect();
        most_typical(&given, g, &middles, &points).map(|at| first_of[&nodes[at].key])
    };
    let typical: Vec<Option<usize>> = members.iter().enumerate().map(typical).collect();
    let written = |at: usize| terms::written(all[nodes[at].at], segmenter, &mut Normalized::default());
    let given: Vec<Option<&str>> = known_of.iter().map(|k| k.and_then(|k| known.groups[k].0)).collect();
    let names = names::names(&members, &terms, &given, written);
    let (grouping, order) = arrange(of_text, &names, &typical);
    Found { grouping, known: order.iter().map(|g| known_of[*g]).collect(), keys, resolution }
}

/// Groups of at least `SMALLEST` tickets, and how many there are; `times` tells of how many a node stands.
fn without_the_smallest(groups: &[u32], times: impl Fn(usize) -> usize) -> (Vec<Option<usize>>, usize) {
    let mut sizes = vec![0; groups.iter().max().map_or(0, |m| *m as usize + 1)];
    groups.iter().enumerate().for_each(|(at, g)| sizes[*g as usize] += times(at));
    let mut number = vec![None; sizes.len()];
    let large = sizes.iter().enumerate().filter(|(_, size)| **size >= SMALLEST);
    let count = large.enumerate().map(|(at, (g, _))| number[g] = Some(at)).count();
    (groups.iter().map(|g| number[*g as usize]).collect(), count)
}

/// The middle of each group's points.
fn middles(groups: &[Option<usize>], count: usize, points: &Dense) -> Dense {
    let mut middles = Dense::zeros(count, points.width);
    for (i, group) in groups.iter().enumerate() {
        if let Some(group) = group {
            middles.row_mut(*group).iter_mut().zip(points.row(i)).for_each(|(m, x)| *m += x);
        }
    }
    middles.normalise();
    middles
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The group whose middle is nearest; none for a point that is like nothing.
fn nearest_middle(point: &[f32], middles: &Dense) -> Option<usize> {
    let all = (0..middles.rows()).map(|g| (g, cosine(point, middles.row(g))));
    all.reduce(|best, one| if one.1 > best.1 { one } else { best }).filter(|best| best.1 > 0.0).map(|best| best.0)
}

/// The text nearest to the middle of its group.
fn most_typical(members: &[usize], middle_at: usize, middles: &Dense, points: &Dense) -> Option<usize> {
    let all = members.iter().map(|i| (*i, cosine(points.row(*i), middles.row(middle_at))));
    all.reduce(|best, one| if one.1 > best.1 { one } else { best }).map(|best| best.0)
}

/// The nearest of each node, and how many tickets say it.
struct Near {
    nodes: Vec<Vec<(u32, f32)>>,
    times: Vec<usize>,
}

/// The graph of some of the texts: each joined to its nearest ones among them. What many say alike is near to itself.
fn graph(near: &Near, kept: impl Fn(usize) -> bool) -> (Vec<usize>, Graph) {
    let Near { nodes: near, times } = near;
    let nodes: Vec<usize> = (0..near.len()).filter(|i| kept(*i)).collect();
    let mut number = vec![u32::MAX; near.len()];
    nodes.iter().zip(0..).for_each(|(i, at)| number[*i] = at);
    let most = NEIGHBOURS.min(near.len() / TEXTS_A_NEIGHBOUR).max(2);
    let of = |i: &usize| -> Vec<(u32, f32)> {
        let kept = near[*i].iter().filter(|(j, _)| number[*j as usize] != u32::MAX);
        kept.take(most).map(|(j, w)| (number[*j as usize], *w)).collect()
    };
    let near: Vec<Vec<(u32, f32)>> = nodes.iter().map(of).collect();
    let mut graph = Graph::of(&near);
    for (i, inside) in nodes.iter().zip(&mut graph.inside) {
        *inside = (times[*i].saturating_sub(1).min(MOST_TIMES) * most) as f64 * NEAR_ITSELF;
    }
    (nodes, graph)
}

/// Groups at the resolution at which parts of the texts agree, by what many parts agree on.
fn partition_stably(near: &Near, keys: &[u64]) -> (Vec<u32>, f64) {
    let (_, all) = graph(near, |_| true);
    // Parts are chosen by the texts' hashes, so that some more texts leave the others in their parts.
    let part = |number: u64, percent: u64| graph(near, move |i| xxh3_64(&[keys[i].to_le_bytes(), number.to_le_bytes()].concat()) % 100 < percent);
    let parts: Vec<(Vec<usize>, Graph)> = (0..PARTS).map(|number| part(number, PART_PERCENT)).collect();
    let tried: Vec<(Vec<u32>, f64)> = RESOLUTIONS.par_iter().map(|resolution| stability(&all, &parts, &near.times, *resolution)).collect();
    let best = tried.iter().map(|t| t.1).fold(f64::MIN, f64::max);
    let Some(chosen) = tried.iter().position(|t| t.1 >= best * NEARLY) else { return (Vec::new(), RESOLUTIONS[0]) };
    let alone = |number: u64| {
        let (nodes, graph) = part(PARTS + number, ENSEMBLE_PERCENT);
        let mut groups = vec![None; keys.len()];
        nodes.iter().zip(partition::partition(&graph, RESOLUTIONS[chosen])).for_each(|(i, group)| groups[*i] = Some(group));
        groups
    };
    let ensemble: Vec<Vec<Option<u32>>> = (0..ENSEMBLE).into_par_iter().map(alone).collect();
    (partition::partition(&all.weighed(&ensemble), RESOLUTIONS[chosen]), RESOLUTIONS[chosen])
}

/// The groups at a resolution, and how far they agree with those of parts of the texts, and those with each other.
fn stability(all: &Graph, parts: &[(Vec<usize>, Graph)], times: &[usize], resolution: f64) -> (Vec<u32>, f64) {
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
    // Texts that are left alone agree with each other, too.
    let grouped = without_the_smallest(&whole, |at| times[at]).0.iter().flatten().count();
    let share = grouped as f64 / whole.len().max(1) as f64;
    (whole, mean * share)
}

/// Orders the groups that have texts; also tells which each was.
fn arrange(of_text: Vec<Option<usize>>, names: &[String], typical: &[Option<usize>]) -> (Grouping, Vec<usize>) {
    let mut texts: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    of_text.iter().enumerate().for_each(|(i, g)| g.iter().for_each(|g| texts[*g].push(i)));
    let mut order: Vec<usize> = (0..names.len()).filter(|g| !texts[*g].is_empty()).collect();
    order.sort_by(|a, b| texts[*b].len().cmp(&texts[*a].len()).then_with(|| names[*a].cmp(&names[*b])).then(a.cmp(b)));
    let mut new = vec![0; names.len()];
    order.iter().enumerate().for_each(|(at, g)| new[*g] = at);
    let mut called: HashMap<&str, usize> = HashMap::new();
    let groups = order.iter().map(|g| {
        // Two groups of one name are told apart by a number.
        let times = called.entry(&names[*g]).and_modify(|n| *n += 1).or_insert(1);
        let name = if *times > 1 { format!("{} {times}", names[*g]) } else { names[*g].clone() };
        let texts = std::mem::take(&mut texts[*g]);
        let typical = typical[*g].unwrap_or(texts[0]);
        Group { name, texts, typical }
    });
    (Grouping { groups: groups.collect(), of_text: of_text.into_iter().map(|g| g.map(|g| new[g])).collect() }, order.clone())
}
