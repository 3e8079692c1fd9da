//! Groups of a graph: Louvain's method with a resolution (Blondel et al., *Fast unfolding of communities in large networks*, 2008;
//! Reichardt and Bornholdt, 2006), then refined on every level down to the nodes (Rotta and Noack, 2011). Nodes are looked at in
//! their order: the same graph gives the same groups.

/// An undirected graph with weights: for each node its neighbours.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    pub edges: Vec<Vec<(u32, f32)>>,
    /// Weight of the edges inside of each node, which may stand for many.
    pub inside: Vec<f64>,
}

impl Graph {
    /// From each node's nearest ones: two are joined where either is near to the other.
    pub fn of(nearest: &[Vec<(u32, f32)>]) -> Graph {
        let mut edges: Vec<Vec<(u32, f32)>> = vec![Vec::new(); nearest.len()];
        for (i, near) in nearest.iter().enumerate() {
            for (j, weight) in near.iter().filter(|n| n.1 > 0.0) {
                edges[i].push((*j, *weight));
                edges[*j as usize].push((i as u32, *weight));
            }
        }
        for edges in &mut edges {
            edges.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
            edges.dedup_by_key(|e| e.0);
        }
        Graph { inside: vec![0.0; edges.len()], edges }
    }

    /// The same edges, weighed by how many of several groupings put both ends into one group (Poulin and Théberge, *Ensemble
    /// clustering for graphs*, 2018): what only chance joins or parts counts little. A node can be missing in some.
    pub fn weighed(&self, groupings: &[Vec<Option<u32>>]) -> Graph {
        const LEAST: f32 = 0.2;
        let weight = |i: usize, j: usize| {
            let both = groupings.iter().filter_map(|g| Some((g[i]?, g[j]?)));
            let (all, same) = both.fold((0u32, 0u32), |(all, same), (a, b)| (all + 1, same + u32::from(a == b)));
            LEAST + (1.0 - LEAST) * if all == 0 { 0.5 } else { same as f32 / all as f32 }
        };
        let of = |(i, edges): (usize, &Vec<(u32, f32)>)| edges.iter().map(|(j, _)| (*j, weight(i, *j as usize))).collect();
        Graph { edges: self.edges.iter().enumerate().map(of).collect(), inside: self.inside.clone() }
    }

    fn len(&self) -> usize {
        self.edges.len()
    }

    fn degree(&self, i: usize) -> f64 {
        self.edges[i].iter().map(|e| f64::from(e.1)).sum::<f64>() + 2.0 * self.inside[i]
    }

    /// One node for each group.
    fn joined(&self, groups: &[u32], count: usize) -> Graph {
        let mut sums: Vec<std::collections::BTreeMap<u32, f64>> = vec![std::collections::BTreeMap::new(); count];
        let mut inside = vec![0.0; count];
        for i in 0..self.len() {
            let g = groups[i] as usize;
            inside[g] += self.inside[i];
            for (j, weight) in &self.edges[i] {
                let h = groups[*j as usize];
                if h as usize == g {
                    inside[g] += f64::from(*weight) / 2.0;
                } else {
                    *sums[g].entry(h).or_default() += f64::from(*weight);
                }
            }
        }
        Graph { edges: sums.into_iter().map(|s| s.into_iter().map(|(j, w)| (j, w as f32)).collect()).collect(), inside }
    }
}

/// Moves nodes to the neighbouring group that gains most until none gains; tells whether any moved.
fn settle(graph: &Graph, groups: &mut [u32], fixed: &[bool], resolution: f64) -> bool {
    let n = graph.len();
    let degrees: Vec<f64> = (0..n).map(|i| graph.degree(i)).collect();
    let total: f64 = degrees.iter().sum::<f64>().max(1e-12);
    let mut of_group = vec![0f64; n];
    (0..n).for_each(|i| of_group[groups[i] as usize] += degrees[i]);
    let mut queue: std::collections::VecDeque<usize> = (0..n).collect();
    let mut queued = vec![true; n];
    let mut to = vec![0f64; n];
    let mut seen: Vec<u32> = Vec::new();
    let (mut moved, mut steps) = (false, 0usize);
    while let Some(i) = queue.pop_front() {
        queued[i] = false;
        if fixed[i] {
            continue;
        }
        steps += 1;
        if steps > n * 50 + 1000 {
            break;
        }
        let own = groups[i];
        seen.clear();
        for (j, weight) in &graph.edges[i] {
            let g = groups[*j as usize];
            if to[g as usize] == 0.0 {
                seen.push(g);
            }
            to[g as usize] += f64::from(*weight);
        }
        of_group[own as usize] -= degrees[i];
        let gain = |g: u32| to[g as usize] - resolution * degrees[i] * of_group[g as usize] / total;
        let mut best = (own, gain(own));
        for g in &seen {
            let gain = gain(*g);
            if gain > best.1 + 1e-9 || (gain > best.1 - 1e-9 && best.0 != own && *g < best.0) {
                best = (*g, gain.max(best.1));
            }
        }
        of_group[best.0 as usize] += degrees[i];
        seen.iter().for_each(|g| to[*g as usize] = 0.0);
        if best.0 != own {
            groups[i] = best.0;
            moved = true;
            for (j, _) in &graph.edges[i] {
                let j = *j as usize;
                if groups[j] != best.0 && !queued[j] {
                    queued[j] = true;
                    queue.push_back(j);
                }
            }
        }
    }
    moved
}

/// Numbers groups by their first node.
pub(super) fn renumber(groups: &mut [u32]) -> usize {
    let mut names = std::collections::HashMap::new();
    for g in groups.iter_mut() {
        let next = names.len() as u32;
        *g = *names.entry(*g).or_insert(next);
    }
    names.len()
}

/// The groups of a graph, numbered by their first node. A higher `resolution` gives more and smaller ones.
pub(super) fn partition(graph: &Graph, resolution: f64) -> Vec<u32> {
    let mut groups = levelled(graph, &vec![false; graph.len()], resolution);
    renumber(&mut groups);
    groups
}

/// As [`partition`], where some nodes are in groups already: these stay apart and stay whole, and other nodes join them or not.
pub(super) fn extend(graph: &Graph, of: &[Option<u32>], resolution: f64) -> Vec<u32> {
    let mut first: std::collections::HashMap<u32, u32> = std::collections::HashMap::new();
    let mut together: Vec<u32> = (0..graph.len() as u32).collect();
    for (i, group) in of.iter().enumerate() {
        if let Some(group) = group {
            together[i] = *first.entry(*group).or_insert(i as u32);
        }
    }
    let count = renumber(&mut together);
    let mut fixed = vec![false; count];
    of.iter().zip(&together).filter(|(of, _)| of.is_some()).for_each(|(_, node)| fixed[*node as usize] = true);
    let groups = levelled(&graph.joined(&together, count), &fixed, resolution);
    let mut groups: Vec<u32> = together.iter().map(|node| groups[*node as usize]).collect();
    renumber(&mut groups);
    groups
}

fn levelled(graph: &Graph, fixed: &[bool], resolution: f64) -> Vec<u32> {
    let mut levels = vec![(graph.clone(), fixed.to_vec())];
    let mut maps: Vec<Vec<u32>> = Vec::new();
    loop {
        let (top, fixed) = &levels[levels.len() - 1];
        let mut groups: Vec<u32> = (0..top.len() as u32).collect();
        let moved = settle(top, &mut groups, fixed, resolution);
        let count = renumber(&mut groups);
        if !moved || count == top.len() {
            break;
        }
        let next = top.joined(&groups, count);
        // No two fixed nodes meet: none moves.
        let mut next_fixed = vec![false; count];
        groups.iter().zip(fixed).filter(|(_, fixed)| **fixed).for_each(|(g, _)| next_fixed[*g as usize] = true);
        maps.push(groups);
        levels.push((next, next_fixed));
    }
    let mut groups: Vec<u32> = (0..levels[levels.len() - 1].0.len() as u32).collect();
    for (map, (level, fixed)) in maps.iter().zip(&levels).rev() {
        let mut below: Vec<u32> = map.iter().map(|g| groups[*g as usize]).collect();
        settle(level, &mut below, fixed, resolution);
        groups = below;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cliques_are_two_groups() {
        let clique = |from: u32| (from..from + 5).map(move |i| (from..from + 5).filter(|j| *j != i).map(|j| (j, 1.0)).collect::<Vec<_>>());
        let mut near: Vec<Vec<(u32, f32)>> = clique(0).chain(clique(5)).collect();
        near[4].push((5, 0.5));
        assert_eq!(partition(&Graph::of(&near), 1.0), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
        assert_eq!(partition(&Graph::of(&[]), 1.0), Vec::<u32>::new());
        // Two nodes of one clique that are known to be apart stay apart.
        let known = [Some(7), None, None, None, Some(3), None, None, None, None, None];
        let extended = extend(&Graph::of(&near), &known, 1.0);
        assert!(extended[0] != extended[4] && extended[5..].iter().all(|g| *g == extended[5] && *g != extended[0]), "{extended:?}");
    }
}
