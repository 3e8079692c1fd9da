//! Rules on one text: the places of terms by group, and the evaluation of expressions over them.

use super::program::{CompiledRule, NOTHING, Needs, Node, Program, Try};
use crate::segment::{Normalized, Segmenter};
use crate::taxonomy::rule::Edge;
use std::cell::OnceCell;

/// Most hits of one group that are looked at: a customer who writes 退款 a thousand times says no more than by a hundred.
const MAX_HITS: usize = 64;
/// The end of a sentence, in characters of distance.
const SENTENCE_END: u32 = 5;

/// A place in the normalised text, in characters, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub start: u16,
    pub end: u16,
}

/// Characters of a text that are looked at: nobody's trouble begins after the sixty-thousandth.
const MAX_CHARS: usize = 60_000;

impl Span {
    fn len(self) -> u32 {
        u32::from(self.end - self.start)
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
    /// Characters that count for nothing: the filler of a regular expression's match.
    filler: u16,
}

/// Most characters that a regular expression's match counts for.
const REGEX_COVER: u32 = 4;

impl Match {
    fn of(span: Span) -> Match {
        let mut parts = [Span { start: 0, end: 0 }; MAX_PARTS];
        parts[0] = span;
        Match { extent: span, parts, count: 1, filler: 0 }
    }

    pub fn parts(&self) -> &[Span] {
        &self.parts[..self.count as usize]
    }

    fn joined(&self, other: &Match) -> Match {
        let mut m = *self;
        m.filler = m.filler.saturating_add(other.filler);
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
        let mut sorted = self.parts;
        let parts = &mut sorted[..self.count as usize];
        parts.sort_unstable();
        let (mut sum, mut end) = (0u32, 0u16);
        for p in parts {
            let from = p.start.max(end);
            if p.end > from {
                sum += u32::from(p.end - from);
                end = p.end;
            }
        }
        sum.saturating_sub(u32::from(self.filler))
    }
}

/// One text (the customer's or the agent's), normalised, with the terms found in it.
#[derive(Default)]
pub(super) struct Scope {
    pub normal: Normalized,
    /// The places of terms, in the order of their starts, each with the next place of the same term.
    hits: Vec<(Span, u32)>,
    /// The distinct terms seen, in the order of their first places.
    pub terms: Vec<u32>,
    /// Per distinct term: its first hit, its last so far, and how many.
    chains: Vec<Chain>,
    /// Per term a bit: was it seen?
    seen: Vec<u64>,
    /// Per term seen: its index among the distinct terms.
    index: Vec<u32>,
    /// The text as a string, for regular expressions and the segmenter.
    text: OnceCell<String>,
    /// Where words begin, for terms that have to be whole words.
    edges: OnceCell<Vec<bool>>,
}

/// The hits of one term.
#[derive(Debug, Clone, Copy)]
struct Chain {
    first: u32,
    last: u32,
    count: u32,
}

/// End of a chain of hits.
const END: u32 = u32::MAX;

impl Scope {
    /// Finds every term of the program in `self.normal`.
    pub fn scan(&mut self, program: &Program, segmenter: &Segmenter) {
        self.text.take();
        self.edges.take();
        self.hits.clear();
        self.terms.clear();
        self.chains.clear();
        self.seen.clear();
        self.seen.resize(program.term_count().div_ceil(64), 0);
        if self.index.len() < program.term_count() {
            self.index.resize(program.term_count(), 0);
        }
        let chars = std::mem::take(&mut self.normal.chars);
        let looked_at = &chars[..chars.len().min(MAX_CHARS)];
        program.lexicon.find(looked_at, |start, end, literal| {
            let span = Span { start: start as u16, end: end as u16 };
            let term = program.plain[literal as usize];
            if term != NOTHING {
                self.note(term, span);
                return;
            }
            for (edge, term) in program.terms.get(literal) {
                let fits = match edge {
                    Edge::Token => {
                        let text = self.text.get_or_init(|| chars.iter().collect());
                        let edges = self.edges.get_or_init(|| segmenter.edges(text));
                        edges[start] && edges[end]
                    }
                    edge => edge_fits(*edge, looked_at, start, end),
                };
                if fits {
                    self.note(*term, span);
                }
            }
        });
        self.normal.chars = chars;
    }

    /// Notes a term's place.
    fn note(&mut self, term: u32, span: Span) {
        let hit = self.hits.len() as u32;
        let (word, bit) = (&mut self.seen[term as usize / 64], 1 << (term % 64));
        if *word & bit != 0 {
            let chain = &mut self.chains[self.index[term as usize] as usize];
            chain.count += 1;
            if chain.count as usize > MAX_HITS {
                return;
            }
            self.hits[chain.last as usize].1 = hit;
            chain.last = hit;
        } else {
            *word |= bit;
            self.index[term as usize] = self.terms.len() as u32;
            self.terms.push(term);
            self.chains.push(Chain { first: hit, last: hit, count: 1 });
        }
        self.hits.push((span, END));
    }

    pub fn fulfils(&self, program: &Program, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Bits { word, bits } => self.seen[word as usize] & bits != 0,
            Needs::Groups(a, b) => self.has(program, a) || (b != a && self.has(program, b)),
        }
    }

    /// Whether a term of the group was seen.
    pub fn has(&self, program: &Program, group: u32) -> bool {
        program.members.get(group).iter().any(|(word, bits)| self.seen[*word as usize] & bits != 0)
    }

    /// Appends the places of the group's terms.
    fn places(&self, program: &Program, group: u32, out: &mut Vec<Match>) {
        for (word, bits) in program.members.get(group) {
            let mut seen = self.seen[*word as usize] & bits;
            while seen != 0 {
                let term = word * 64 + seen.trailing_zeros();
                self.chain(self.chains[self.index[term as usize] as usize].first, out);
                seen &= seen - 1;
            }
        }
    }

    /// Appends the places of a term, from a hit on.
    fn chain(&self, mut hit: u32, out: &mut Vec<Match>) {
        while hit != END {
            let (span, next) = self.hits[hit as usize];
            out.push(Match::of(span));
            hit = next;
        }
    }

    /// Characters between two spans that do not overlap; the ends of sentences in between count more.
    fn gap(&self, first: Span, second: Span) -> u32 {
        let ends = &self.normal.ends;
        let between =
            if ends.is_empty() { 0 } else { ends.partition_point(|e| *e < u32::from(second.start)) - ends.partition_point(|e| *e < u32::from(first.end)) };
        u32::from(second.start - first.end) + between as u32 * SENTENCE_END
    }
}

/// Whether a 不 or 没 stands at `at` between two equal characters: it asks (能不能, 有没有) and negates nothing.
fn between_equals(text: &[char], at: usize) -> bool {
    matches!(text[at], '不' | '没') && at > 0 && text.get(at + 1) == Some(&text[at - 1])
}

/// Whether the characters `start..end` lie in the text as `edge` wants it; a [`Edge::Token`] fits anywhere here.
pub(super) fn edge_fits(edge: Edge, text: &[char], start: usize, end: usize) -> bool {
    let latin = |i: usize| text.get(i).is_some_and(char::is_ascii_alphanumeric);
    let free_before = || !latin(start) || start == 0 || !latin(start - 1);
    let free_after = || !latin(end - 1) || !latin(end);
    match edge {
        Edge::Any => !between_equals(text, start),
        Edge::End => text.get(end).is_none_or(|c| c.is_whitespace() || c.is_ascii_punctuation() || matches!(c, '。' | '、' | '…' | '」' | '》')),
        Edge::Doubled => between_equals(text, start),
        Edge::Prefix => free_before(),
        Edge::Word => free_before() && free_after(),
        Edge::Token => true,
    }
}

/// Rules that were tried on a text, so that each is tried once.
#[derive(Default)]
pub(super) struct Tried {
    /// Per rule: the text it was last tried on.
    seen: Vec<u32>,
    round: u32,
}

impl Tried {
    /// Calls `each` for the rules that may fire, by the terms that were seen.
    pub fn each(&mut self, texts: &Texts<'_>, mut each: impl FnMut(CompiledRule)) {
        let (p, customer) = (texts.program, texts.customer);
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.seen.fill(0);
            self.round = 1;
        }
        if self.seen.len() < p.rules.len() {
            self.seen.resize(p.rules.len(), 0);
        }
        let by_customer = customer.terms.iter().flat_map(|t| p.tries.get(*t));
        let by_agent = texts.agent.terms.iter().filter(|_| p.reads_agent).flat_map(|t| p.tries_agent.get(*t));
        let always = p.always.iter().map(|rule| Try { rule: *rule, needs: Needs::Nothing });
        for Try { rule, needs } in by_customer.chain(by_agent).copied().chain(always) {
            if !customer.fulfils(p, needs) {
                continue;
            }
            let id = rule as usize;
            if std::mem::replace(&mut self.seen[id], self.round) == self.round {
                continue;
            }
            if p.required.get(rule).iter().all(|g| customer.has(p, *g)) {
                each(p.rules[id]);
            }
        }
    }
}

/// The customer's and the agent's text of one ticket.
pub(super) struct Texts<'a> {
    pub program: &'a Program,
    pub customer: &'a Scope,
    pub agent: &'a Scope,
}

impl Texts<'_> {
    /// The best match of a rule: the one that covers most characters, the earliest of equals. `None` if it does not fire.
    /// `stack` is a buffer, empty before and after.
    pub fn best(&self, node: u32, stack: &mut Vec<Match>) -> Option<Match> {
        self.push_all(node, self.customer, stack);
        let best = best_of(stack);
        stack.clear();
        best
    }

    /// Pushes every match of `node` in `scope`, at most [`MAX_HITS`] for most nodes.
    fn push_all(&self, node: u32, scope: &Scope, stack: &mut Vec<Match>) {
        let base = stack.len();
        let tree = &self.program.tree;
        match tree.node(node) {
            Node::Group(g) => scope.places(self.program, g, stack),
            Node::Any(v) => {
                tree.parts(v).iter().for_each(|n| self.push_all(*n, scope, stack));
                stack.truncate(base + MAX_HITS);
            }
            Node::All(v) => {
                let joined = self.joined(tree.parts(v), scope, stack);
                stack.truncate(base);
                stack.extend(joined);
            }
            // A lone negation says nothing; the parser refuses rules made of it.
            Node::Not(_) => {}
            Node::Near { a, b, distance, ordered } => {
                self.push_all(a, scope, stack);
                let middle = stack.len();
                if middle == base {
                    return;
                }
                self.push_all(b, scope, stack);
                let end = stack.len();
                pair(scope, stack, base..middle, middle..end, distance, ordered);
                stack.drain(base..end);
            }
            Node::Lone { a, b, distance, before, after } => {
                self.push_all(a, scope, stack);
                let middle = stack.len();
                if middle == base {
                    return;
                }
                self.push_all(b, scope, stack);
                let mut kept = base;
                for i in base..middle {
                    let m = stack[i];
                    if !stack[middle..].iter().any(|o| spoils(scope, m.extent, o.extent, distance, before, after)) {
                        stack[kept] = m;
                        kept += 1;
                    }
                }
                stack.truncate(kept);
            }
            // Evidence is quoted from the customer's text: what the agent said only opens the gate.
            Node::Agent(inner) => {
                self.push_all(inner, self.agent, stack);
                let said = stack.len() > base;
                stack.truncate(base);
                if said {
                    stack.push(Match { extent: NOWHERE, parts: [NOWHERE; MAX_PARTS], count: 0, filler: 0 });
                }
            }
            Node::Regex(regex) => {
                let text = scope.text.get_or_init(|| scope.normal.text());
                for m in tree.regex(regex).find_iter(text).filter(|m| !m.is_empty()).take(MAX_HITS) {
                    let start = text[..m.start()].chars().count();
                    let end = start + m.as_str().chars().count();
                    if end > MAX_CHARS {
                        break;
                    }
                    let span = Span { start: start as u16, end: end as u16 };
                    stack.push(Match { filler: span.len().saturating_sub(REGEX_COVER) as u16, ..Match::of(span) });
                }
            }
        }
    }

    /// One match made of the best of each part; `None` if a part is missing or a negated one is there.
    fn joined(&self, parts: &[u32], scope: &Scope, stack: &mut Vec<Match>) -> Option<Match> {
        let base = stack.len();
        let mut joined: Option<Match> = None;
        for n in parts {
            stack.truncate(base);
            if let Node::Not(inner) = self.program.tree.node(*n) {
                self.push_all(inner, scope, stack);
                if stack.len() > base {
                    return None;
                }
                continue;
            }
            self.push_all(*n, scope, stack);
            let best = best_of(&stack[base..])?;
            joined = Some(joined.map_or(best, |j| j.joined(&best)));
        }
        joined
    }
}

const NOWHERE: Span = Span { start: 0, end: 0 };

/// Pushes the pairs of matches that lie near enough.
fn pair(scope: &Scope, stack: &mut Vec<Match>, left: std::ops::Range<usize>, right: std::ops::Range<usize>, distance: u32, ordered: bool) {
    let from = stack.len();
    for i in left {
        for j in right.clone() {
            let (l, r) = (stack[i], stack[j]);
            // The terms themselves never overlap; one may stand between the others: `区别` and `啥` in 班有啥区别.
            let between = l.extent.overlaps(r.extent);
            if between && (ordered || l.parts().iter().any(|p| r.parts().iter().any(|q| p.overlaps(*q)))) {
                continue;
            }
            let forward = l.extent.end <= r.extent.start;
            let gap = match (between, forward) {
                (true, _) => 0,
                (_, true) => scope.gap(l.extent, r.extent),
                (_, false) => scope.gap(r.extent, l.extent),
            };
            if gap <= distance && (forward || !ordered) {
                stack.push(l.joined(&r));
                if stack.len() - from == MAX_HITS {
                    return;
                }
            }
        }
    }
}

/// Whether the presence of `o` near `m` rules `m` out.
fn spoils(scope: &Scope, m: Span, o: Span, distance: u32, before: bool, after: bool) -> bool {
    if o.end <= m.start {
        before && scope.gap(o, m) <= distance
    } else if m.end <= o.start {
        after && scope.gap(m, o) <= distance
    } else {
        // Overlapping: 没收到 around 收到 stands before it when it begins earlier, after it when it ends later.
        (before && o.start < m.start) || (after && o.end > m.end)
    }
}

fn best_of(matches: &[Match]) -> Option<Match> {
    let rank = |m: &Match| (std::cmp::Reverse(m.extent.start), std::cmp::Reverse(m.extent.len()), std::cmp::Reverse(m.parts));
    matches.iter().max_by(|a, b| a.cover().cmp(&b.cover()).then_with(|| rank(a).cmp(&rank(b)))).copied()
}
