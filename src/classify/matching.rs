//! Rules on one text: the automaton's hits by group, and the evaluation of expressions over them.

use super::program::{Node, Program};
use crate::segment::{Normalized, Segmenter};
use crate::taxonomy::rule::Edge;

/// Most hits of one group that are looked at: a customer who writes 退款 a thousand times says no more than by a hundred.
const MAX_HITS: usize = 64;
/// The end of a sentence, in characters of distance.
const SENTENCE_END: u32 = 5;

/// A place in the normalised text, in characters, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    fn len(self) -> u32 {
        self.end - self.start
    }

    fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }
}

const MAX_PARTS: usize = 6;

/// An expression found: its extent and the terms it is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    pub extent: Span,
    parts: [Span; MAX_PARTS],
    count: u8,
}

impl Match {
    fn of(span: Span) -> Match {
        let mut parts = [Span { start: 0, end: 0 }; MAX_PARTS];
        parts[0] = span;
        Match { extent: span, parts, count: 1 }
    }

    pub fn parts(&self) -> &[Span] {
        &self.parts[..self.count as usize]
    }

    fn joined(&self, other: &Match) -> Match {
        let mut m = *self;
        m.extent = Span { start: self.extent.start.min(other.extent.start), end: self.extent.end.max(other.extent.end) };
        for part in other.parts() {
            if (m.count as usize) < MAX_PARTS && !m.parts().contains(part) {
                m.parts[m.count as usize] = *part;
                m.count += 1;
            }
        }
        m
    }

    /// Characters covered by its terms, each counted once.
    pub fn cover(&self) -> u32 {
        let mut parts: Vec<Span> = self.parts().to_vec();
        parts.sort_unstable();
        let (mut sum, mut end) = (0, 0);
        for p in parts {
            let from = p.start.max(end);
            if p.end > from {
                sum += p.end - from;
                end = p.end;
            }
        }
        sum
    }
}

/// One text (the customer's or the agent's), normalised, with its hits.
pub(super) struct Scope {
    pub normal: Normalized,
    hits: Vec<Vec<Span>>,
    pub touched: Vec<u32>,
}

impl Scope {
    pub fn new(groups: usize) -> Scope {
        Scope { normal: Normalized::default(), hits: vec![Vec::new(); groups], touched: Vec::new() }
    }

    pub fn hits(&self, group: u32) -> &[Span] {
        &self.hits[group as usize]
    }

    /// Finds every literal of the program in `self.normal`.
    pub fn scan(&mut self, program: &Program, segmenter: &Segmenter) {
        for g in self.touched.drain(..) {
            self.hits[g as usize].clear();
        }
        let text = self.normal.text.as_str();
        let (mut byte, mut chars) = (0, 0u32);
        for m in program.automaton.find_overlapping_iter(text) {
            if m.end() > byte {
                chars += count_chars(&text.as_bytes()[byte..m.end()]);
                byte = m.end();
            }
            let literal = m.pattern().as_usize();
            let span = Span { start: chars - program.lengths[literal], end: chars };
            let mut edge = None;
            let mut fits = true;
            for u in &program.uses[literal] {
                if edge != Some(u.edge) {
                    edge = Some(u.edge);
                    fits = edge_fits(u.edge, text, m.start(), m.end(), segmenter);
                }
                if !fits {
                    continue;
                }
                let hits = &mut self.hits[u.group as usize];
                if hits.is_empty() {
                    self.touched.push(u.group);
                }
                if hits.len() < MAX_HITS {
                    hits.push(span);
                }
            }
        }
    }

    /// Characters between two spans that do not overlap; the ends of sentences in between count more.
    fn gap(&self, first: Span, second: Span) -> u32 {
        let ends = &self.normal.ends;
        let between = if ends.is_empty() { 0 } else { ends.partition_point(|e| *e < second.start) - ends.partition_point(|e| *e < first.end) };
        second.start - first.end + between as u32 * SENTENCE_END
    }
}

fn count_chars(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|b| (**b as i8) >= -0x40).count() as u32
}

fn edge_fits(edge: Edge, text: &str, start: usize, end: usize, segmenter: &Segmenter) -> bool {
    let bytes = text.as_bytes();
    let free_before = || {
        let first = bytes[start];
        !first.is_ascii_alphanumeric() || start == 0 || !bytes[start - 1].is_ascii_alphanumeric()
    };
    let free_after = || {
        let last = bytes[end - 1];
        !last.is_ascii_alphanumeric() || end == bytes.len() || !bytes[end].is_ascii_alphanumeric()
    };
    match edge {
        Edge::Any => true,
        Edge::Prefix => free_before(),
        Edge::Word => free_before() && free_after(),
        Edge::Token => segmenter.is_aligned(text, start, end),
    }
}

/// The customer's and the agent's text of one ticket.
pub(super) struct Texts<'a> {
    pub customer: &'a Scope,
    pub agent: &'a Scope,
}

impl Texts<'_> {
    /// The best match of a rule: the one that covers most characters, the earliest of equals. `None` if it does not fire.
    pub fn best(&self, node: &Node) -> Option<Match> {
        best_of(&self.all(node, self.customer))
    }

    /// Every match of `node` in `scope`, at most [`MAX_HITS`].
    fn all(&self, node: &Node, scope: &Scope) -> Vec<Match> {
        match node {
            Node::Group(g) => scope.hits(*g).iter().map(|s| Match::of(*s)).collect(),
            Node::Any(v) => {
                let mut all: Vec<Match> = v.iter().flat_map(|n| self.all(n, scope)).collect();
                all.truncate(MAX_HITS);
                all
            }
            Node::All(v) => {
                let mut joined: Option<Match> = None;
                for n in v {
                    if let Node::Not(inner) = n {
                        if !self.all(inner, scope).is_empty() {
                            return Vec::new();
                        }
                        continue;
                    }
                    let Some(best) = best_of(&self.all(n, scope)) else { return Vec::new() };
                    joined = Some(joined.map_or(best, |j| j.joined(&best)));
                }
                joined.into_iter().collect()
            }
            // A lone negation says nothing; the parser refuses rules made of it.
            Node::Not(_) => Vec::new(),
            Node::Near { a, b, distance, ordered } => self.near(scope, a, b, *distance, *ordered),
            Node::Lone { a, b, distance, before, after } => {
                let others = self.all(b, scope);
                let mut kept = self.all(a, scope);
                kept.retain(|m| {
                    !others.iter().any(|o| {
                        let (m, o) = (m.extent, o.extent);
                        if o.end <= m.start {
                            *before && scope.gap(o, m) <= *distance
                        } else if m.end <= o.start {
                            *after && scope.gap(m, o) <= *distance
                        } else {
                            // Overlapping: 没收到 around 收到 stands before it when it begins earlier, after it when it ends later.
                            (*before && o.start < m.start) || (*after && o.end > m.end)
                        }
                    })
                });
                kept
            }
            // Evidence is quoted from the customer's text: what the agent said only opens the gate.
            Node::Agent(inner) => {
                if self.all(inner, self.agent).is_empty() {
                    Vec::new()
                } else {
                    vec![Match { extent: Span { start: 0, end: 0 }, parts: [Span { start: 0, end: 0 }; MAX_PARTS], count: 0 }]
                }
            }
            Node::Regex(regex) => {
                let text = scope.normal.text.as_str();
                regex
                    .find_iter(text)
                    .filter(|m| !m.is_empty())
                    .take(MAX_HITS)
                    .map(|m| {
                        let start = count_chars(&text.as_bytes()[..m.start()]);
                        Match::of(Span { start, end: start + count_chars(m.as_str().as_bytes()) })
                    })
                    .collect()
            }
        }
    }

    fn near(&self, scope: &Scope, a: &Node, b: &Node, distance: u32, ordered: bool) -> Vec<Match> {
        let left = self.all(a, scope);
        if left.is_empty() {
            return left;
        }
        let right = self.all(b, scope);
        let mut found = Vec::new();
        for l in &left {
            for r in &right {
                if l.parts().iter().any(|p| r.parts().iter().any(|q| p.overlaps(*q))) || l.extent.overlaps(r.extent) {
                    continue;
                }
                let forward = l.extent.end <= r.extent.start;
                let gap = if forward { scope.gap(l.extent, r.extent) } else { scope.gap(r.extent, l.extent) };
                if gap <= distance && (forward || !ordered) {
                    found.push(l.joined(r));
                    if found.len() == MAX_HITS {
                        return found;
                    }
                }
            }
        }
        found
    }
}

fn best_of(matches: &[Match]) -> Option<Match> {
    matches.iter().max_by(|a, b| a.cover().cmp(&b.cover()).then_with(|| (b.extent.start, b.extent.len()).cmp(&(a.extent.start, a.extent.len())))).copied()
}
