//! The rules of a field of business, compiled: one lexicon of every literal, groups of literals shared between rules, and
//! for each literal the rules worth evaluating once it was seen.
//!
//! What applies everywhere is one program, each field has another, so that the number of fields costs nothing: a ticket of a
//! game is never looked at with the words of banks.

mod regexes;

use super::fields::Field;
use crate::error::Result;
use crate::segment::{Lexicon, Normalizer};
use crate::taxonomy::Taxonomy;
use crate::taxonomy::check::About;
use crate::taxonomy::rule::{Edge, Expr, Term};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

/// A compiled expression over groups; its parts are numbers of nodes in a [`Tree`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    Group(u32),
    Any(Parts),
    All(Parts),
    Not(u32),
    Near { a: u32, b: u32, distance: u32, ordered: bool },
    Lone { a: u32, b: u32, distance: u32, before: bool, after: bool },
    Agent(u32),
    Regex(u32),
}

/// Consecutive entries of [`Tree::parts`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    start: u32,
    end: u32,
}

/// The expressions of all rules, in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    parts: Vec<u32>,
    regexes: Vec<Regex>,
}

impl Tree {
    pub fn node(&self, n: u32) -> Node {
        self.nodes[n as usize]
    }

    pub fn parts(&self, parts: Parts) -> &[u32] {
        &self.parts[parts.start as usize..parts.end as usize]
    }

    pub fn regex(&self, n: u32) -> &Regex {
        &self.regexes[n as usize]
    }

    fn push(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        self.nodes.len() as u32 - 1
    }

    fn push_parts(&mut self, parts: &[u32]) -> Parts {
        let start = self.parts.len() as u32;
        self.parts.extend_from_slice(parts);
        Parts { start, end: self.parts.len() as u32 }
    }
}

/// What a rule decides when it fires.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// Cause (index) by its n-th rule.
    Cause(u32, u32),
    /// Kind cue (index).
    Cue(u32),
    /// Check (index).
    Check(u32),
    /// What speaks against a check (index).
    Unless(u32),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct CompiledRule {
    pub node: u32,
    pub target: Target,
}

/// A rule to try, and what must have been seen beside for it to fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Try {
    pub rule: u32,
    pub needs: Needs,
}

/// Terms of the customer's text of which one must have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// Bits of one word of the set of terms seen: no further look into memory.
    Bits {
        word: u16,
        bits: u64,
    },
    Groups(u32, u32),
}

/// No term, no literal.
pub(super) const NOTHING: u32 = u32::MAX;

/// Lists of numbers, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Lists<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Lists<T> {
    fn new(lists: impl IntoIterator<Item = Vec<T>>) -> Lists<T> {
        let mut all = Lists { ends: vec![0], items: Vec::new() };
        for list in lists {
            all.items.extend(list);
            all.ends.push(all.items.len() as u32);
        }
        all
    }

    /// The n-th list.
    pub fn get(&self, n: u32) -> &[T] {
        &self.items[self.ends[n as usize] as usize..self.ends[n as usize + 1] as usize]
    }

    fn len(&self) -> usize {
        self.ends.len() - 1
    }
}

/// The programs of a taxonomy, compiled when first needed.
pub(super) struct Programs {
    regexes: HashMap<String, Regex>,
    of_pack: Vec<OnceLock<Program>>,
    /// Of the universal packs that are not `latin`, and the kinds' cues.
    universal: OnceLock<Program>,
    /// Of what agents say.
    service: OnceLock<Program>,
    /// Universal packs none of whose rules fires in a text without Latin letters.
    pub latin: Field,
}

impl Programs {
    /// Compiles the regular expressions, the only part that can fail.
    pub fn new(taxonomy: &Taxonomy) -> Result<Programs> {
        let mut regexes = HashMap::new();
        let of_causes = taxonomy.causes.iter().flat_map(|c| c.rules.iter().map(|r| (r, &c.file)));
        let of_cues = taxonomy.cues.iter().flat_map(|c| c.rules.iter().map(|r| (r, &c.file)));
        let of_checks = taxonomy.checks.iter().flat_map(|c| c.rules.iter().chain(&c.unless).map(|r| (r, &c.file)));
        for (rule, file) in of_causes.chain(of_cues).chain(of_checks) {
            regexes::collect(&rule.expr, &mut regexes).map_err(|e| e.in_file(file).at_line(rule.line))?;
        }
        let of_pack = taxonomy.packs.iter().map(|_| OnceLock::new()).collect();
        let needs_latin = |pack: usize| taxonomy.causes.iter().filter(|c| c.pack == pack).flat_map(|c| &c.rules).all(|r| needs_latin(&r.expr));
        let latin = taxonomy.packs.iter().enumerate().filter(|(i, p)| p.universal && needs_latin(*i));
        Ok(Programs { regexes, of_pack, universal: OnceLock::new(), service: OnceLock::new(), latin: Field::of(latin.map(|(i, _)| i)) })
    }

    /// The program of a pack's own causes, or that of the universal packs and the kinds' cues.
    pub fn of(&self, taxonomy: &Taxonomy, universal: Field, pack: Option<usize>) -> &Program {
        match pack {
            None => self.universal.get_or_init(|| {
                let cues = taxonomy.cues.iter().enumerate();
                let cues = cues.flat_map(|(i, cue)| cue.rules.iter().map(move |r| (&r.expr, Target::Cue(i as u32))));
                let causes = of_causes(taxonomy, |p| universal.minus(self.latin).has(p));
                Program::compile(causes.chain(cues).chain(of_checks(taxonomy, About::Customer)), &self.regexes)
            }),
            Some(pack) => self.of_pack[pack].get_or_init(|| Program::compile(of_causes(taxonomy, |p| p == pack), &self.regexes)),
        }
    }

    /// The program of checks of what agents say.
    pub fn service(&self, taxonomy: &Taxonomy) -> &Program {
        self.service.get_or_init(|| Program::compile(of_checks(taxonomy, About::Agent), &self.regexes))
    }
}

/// The rules of some packs' causes.
fn of_causes(taxonomy: &Taxonomy, includes: impl Fn(usize) -> bool) -> impl Iterator<Item = (&Expr, Target)> {
    let causes = taxonomy.causes.iter().enumerate().filter(move |(_, c)| includes(c.pack));
    causes.flat_map(|(i, cause)| cause.rules.iter().enumerate().map(move |(n, r)| (&r.expr, Target::Cause(i as u32, n as u32))))
}

/// The rules of checks of one side's words.
fn of_checks(taxonomy: &Taxonomy, about: About) -> impl Iterator<Item = (&Expr, Target)> {
    let checks = taxonomy.checks.iter().enumerate().filter(move |(_, c)| c.about == about);
    checks.flat_map(|(i, check)| {
        let rules = check.rules.iter().map(move |r| (&r.expr, Target::Check(i as u32)));
        rules.chain(check.unless.iter().map(move |r| (&r.expr, Target::Unless(i as u32))))
    })
}

/// Whether a rule cannot fire in a text without Latin letters.
fn needs_latin(e: &Expr) -> bool {
    match e {
        Expr::Terms(t) => t.iter().all(|t| t.text.contains(|c: char| c.is_ascii_alphabetic())),
        Expr::Any(v) => v.iter().all(needs_latin),
        Expr::All(v) => v.iter().any(needs_latin),
        Expr::Near { a, b, .. } => needs_latin(a) || needs_latin(b),
        Expr::Lone { a, .. } => needs_latin(a),
        Expr::Not(_) | Expr::Agent(_) | Expr::Regex(_) => false,
    }
}

pub(super) struct Program {
    pub lexicon: Lexicon,
    /// Per literal: its term where there is only one and any place will do, else [`NOTHING`].
    pub plain: Vec<u32>,
    /// Per literal: its terms (one a condition on the edges), with their numbers.
    pub terms: Lists<(Edge, u32)>,
    pub tree: Tree,
    pub rules: Vec<CompiledRule>,
    /// Per rule: groups of the customer's text, beside [`Try::needs`], that must all have been seen for it to fire.
    pub required: Lists<u32>,
    /// Per term: rules to try once it was seen in the customer's text.
    pub tries: Lists<Try>,
    /// Per term: rules to try once it was seen in the agent's text.
    pub tries_agent: Lists<Try>,
    /// Rules without a literal that must be there.
    pub always: Vec<u32>,
    /// Per group: its terms, as words of a set of bits over their numbers (word's index, bits).
    pub members: Lists<(u32, u64)>,
    /// Whether any rule reads the agent's words.
    pub reads_agent: bool,
}

impl Program {
    fn compile<'e>(rules: impl Iterator<Item = (&'e Expr, Target)>, regexes: &HashMap<String, Regex>) -> Program {
        let mut c = Compiler {
            normalizer: Normalizer::builtin(),
            regexes,
            groups: HashMap::new(),
            sets: HashMap::new(),
            terms: Vec::new(),
            folded: HashMap::new(),
            tree: Tree::default(),
        };
        let rules: Vec<CompiledRule> = rules.map(|(expr, target)| CompiledRule { node: c.node(expr), target }).collect();
        let tree = c.tree;
        // The terms of a group get numbers side by side, so that its bits share words.
        let mut literals: BTreeMap<&str, Vec<(Edge, u32)>> = BTreeMap::new();
        let mut term_count = 0u32;
        let mut members: Vec<Vec<u32>> = Vec::with_capacity(c.terms.len());
        for terms in &c.terms {
            let mut numbers = Vec::with_capacity(terms.len());
            for t in terms {
                let known = literals.entry(&t.text).or_default();
                numbers.push(known.iter().find(|(edge, _)| *edge == t.edge).map(|(_, n)| *n).unwrap_or_else(|| {
                    known.push((t.edge, term_count));
                    term_count += 1;
                    term_count - 1
                }));
            }
            members.push(numbers);
        }
        let lexicon = Lexicon::new(literals.keys().copied());
        let plain = |text: &str, terms: &[(Edge, u32)]| match terms {
            [(Edge::Any, term)] if !text.starts_with(['不', '没']) => *term,
            _ => NOTHING,
        };
        let plain = literals.iter().map(|(text, terms)| plain(text, terms)).collect();
        let frequency = c.terms.iter().map(|terms| terms.iter().map(|t| 0.1f64.powi(t.text.len() as i32 / 3)).sum()).collect();
        let mut wiring = Wiring {
            tree: &tree,
            frequency,
            members: &members,
            tries: vec![Vec::new(); term_count as usize],
            tries_agent: vec![Vec::new(); term_count as usize],
            always: Vec::new(),
        };
        let required = Lists::new(rules.iter().enumerate().map(|(id, rule)| wiring.add(rule.node, id as u32)).collect::<Vec<_>>());
        let (tries, tries_agent, always) = (Lists::new(wiring.tries), Lists::new(wiring.tries_agent), wiring.always);
        Program {
            lexicon,
            plain,
            terms: Lists::new(literals.into_values()),
            reads_agent: tree.nodes.iter().any(|n| matches!(n, Node::Agent(_))),
            tree,
            rules,
            required,
            tries,
            tries_agent,
            always,
            members: Lists::new(members.into_iter().map(words_of)),
        }
    }

    /// Number of terms.
    pub fn term_count(&self) -> usize {
        self.tries.len()
    }
}

/// Numbers as the words of a set of bits.
fn words_of(numbers: impl IntoIterator<Item = u32>) -> Vec<(u32, u64)> {
    let mut words: BTreeMap<u32, u64> = BTreeMap::new();
    for n in numbers {
        *words.entry(n / 64).or_default() |= 1 << (n % 64);
    }
    words.into_iter().collect()
}

/// Finds out which terms make a rule worth trying.
struct Wiring<'a> {
    tree: &'a Tree,
    /// Per group a guess at how often a text has it: short terms are common.
    frequency: Vec<f64>,
    /// Per group: its terms' numbers.
    members: &'a [Vec<u32>],
    tries: Vec<Vec<Try>>,
    tries_agent: Vec<Vec<Try>>,
    always: Vec<u32>,
}

/// The cheapest set of groups of which one must have a hit for a rule to fire.
#[derive(Debug, Default)]
struct Anchors {
    customer: BTreeSet<u32>,
    agent: BTreeSet<u32>,
}

impl Wiring<'_> {
    /// Adds a rule; returns the groups it requires.
    fn add(&mut self, node: u32, id: u32) -> Vec<u32> {
        let mut anchors = Anchors::default();
        if self.frequency(node).is_finite() {
            self.collect(node, false, &mut anchors);
        } else {
            self.always.push(id);
        }
        let mut required = Vec::new();
        self.require(node, &mut required);
        // One of the anchors was seen when the rule is tried: they need not be looked for again.
        if anchors.agent.is_empty() {
            required.retain(|groups| !groups.iter().copied().collect::<BTreeSet<_>>().eq(&anchors.customer));
        }
        let rarity = |groups: &[u32]| groups.iter().map(|g| self.frequency[*g as usize]).sum::<f64>();
        let rarest = (0..required.len()).filter(|i| required[*i].len() <= 2).min_by(|a, b| rarity(&required[*a]).total_cmp(&rarity(&required[*b])));
        let needs = rarest.map_or(Needs::Nothing, |i| {
            let groups = required.swap_remove(i);
            match words_of(groups.iter().flat_map(|g| &self.members[*g as usize]).copied())[..] {
                [(word, bits)] if word <= u32::from(u16::MAX) => Needs::Bits { word: word as u16, bits },
                _ => Needs::Groups(groups[0], *groups.last().unwrap_or(&groups[0])),
            }
        });
        for (groups, tries) in [(&anchors.customer, &mut self.tries), (&anchors.agent, &mut self.tries_agent)] {
            for term in groups.iter().flat_map(|g| &self.members[*g as usize]) {
                let rules = &mut tries[*term as usize];
                if rules.last().is_none_or(|t| t.rule != id) {
                    rules.push(Try { rule: id, needs });
                }
            }
        }
        required.into_iter().filter_map(|groups| <[u32; 1]>::try_from(groups).ok()).flatten().collect()
    }

    /// Lists of groups of the customer's text: one of each list must have a hit.
    fn require(&self, n: u32, out: &mut Vec<Vec<u32>>) {
        match self.tree.node(n) {
            Node::Group(g) => out.push(vec![g]),
            Node::All(v) => self.tree.parts(v).iter().for_each(|n| self.require(*n, out)),
            Node::Near { a, b, .. } => {
                self.require(a, out);
                self.require(b, out);
            }
            Node::Lone { a, .. } => self.require(a, out),
            Node::Any(v) => {
                let groups = self.tree.parts(v).iter().map(|n| if let Node::Group(g) = self.tree.node(*n) { Some(g) } else { None });
                out.extend(groups.collect::<Option<Vec<u32>>>().filter(|g| !g.is_empty()));
            }
            Node::Not(_) | Node::Agent(_) | Node::Regex(_) => {}
        }
    }

    fn collect(&self, n: u32, agent: bool, anchors: &mut Anchors) {
        match self.tree.node(n) {
            Node::Group(g) => {
                if agent { &mut anchors.agent } else { &mut anchors.customer }.insert(g);
            }
            Node::Any(v) => self.tree.parts(v).iter().for_each(|n| self.collect(*n, agent, anchors)),
            Node::All(v) => {
                let best = self.tree.parts(v).iter().min_by(|a, b| self.frequency(**a).total_cmp(&self.frequency(**b)));
                if let Some(best) = best {
                    self.collect(*best, agent, anchors);
                }
            }
            Node::Near { a, b, .. } => self.collect(if self.frequency(a) <= self.frequency(b) { a } else { b }, agent, anchors),
            Node::Lone { a, .. } => self.collect(a, agent, anchors),
            Node::Agent(a) => self.collect(a, true, anchors),
            Node::Not(_) | Node::Regex(_) => {}
        }
    }

    /// A guess at how often a text has it; infinite where nothing must be there.
    fn frequency(&self, n: u32) -> f64 {
        match self.tree.node(n) {
            Node::Group(g) => self.frequency[g as usize],
            Node::Any(v) => self.tree.parts(v).iter().map(|n| self.frequency(*n)).sum(),
            Node::All(v) => self.tree.parts(v).iter().map(|n| self.frequency(*n)).fold(f64::INFINITY, f64::min),
            Node::Near { a, b, .. } => self.frequency(a).min(self.frequency(b)),
            Node::Lone { a, .. } | Node::Agent(a) => self.frequency(a),
            Node::Not(_) | Node::Regex(_) => f64::INFINITY,
        }
    }
}

struct Compiler<'a> {
    normalizer: &'a Normalizer,
    regexes: &'a HashMap<String, Regex>,
    groups: HashMap<Vec<Term>, u32>,
    /// Groups of named sets, which many rules share, by the set's address: the taxonomy outlives the compiler.
    sets: HashMap<usize, u32>,
    /// Per group: its normalised terms.
    terms: Vec<Vec<Term>>,
    folded: HashMap<Term, Option<Term>>,
    tree: Tree,
}

impl Compiler<'_> {
    fn group(&mut self, terms: &[Term]) -> u32 {
        let mut folded: Vec<Term> = Vec::with_capacity(terms.len());
        for t in terms {
            let n = self.normalizer;
            let f = self.folded.entry(t.clone()).or_insert_with(|| {
                let text = n.folded(&t.text).trim().to_owned();
                if text.is_empty() { None } else { Some(Term { text, edge: t.edge }) }
            });
            folded.extend(f.clone());
        }
        folded.sort();
        folded.dedup();
        let next = self.terms.len() as u32;
        *self.groups.entry(folded).or_insert_with_key(|k| {
            self.terms.push(k.clone());
            next
        })
    }

    /// Compiles an expression into the tree; returns its number.
    fn node(&mut self, e: &Expr) -> u32 {
        let node = match e {
            Expr::Terms(t) => {
                let address = Arc::as_ptr(t) as usize;
                let group = match self.sets.get(&address) {
                    Some(g) => *g,
                    None => self.group(t),
                };
                self.sets.insert(address, group);
                Node::Group(group)
            }
            Expr::Any(v) => Node::Any(self.parts(v)),
            Expr::All(v) => Node::All(self.parts(v)),
            Expr::Not(e) => Node::Not(self.node(e)),
            Expr::Near { a, b, distance, ordered } => Node::Near { a: self.node(a), b: self.node(b), distance: *distance, ordered: *ordered },
            Expr::Lone { a, b, distance, before, after } => {
                Node::Lone { a: self.node(a), b: self.node(b), distance: *distance, before: *before, after: *after }
            }
            Expr::Agent(e) => Node::Agent(self.node(e)),
            Expr::Regex(pattern) => match self.regexes.get(pattern) {
                Some(regex) => {
                    self.tree.regexes.push(regex.clone());
                    Node::Regex(self.tree.regexes.len() as u32 - 1)
                }
                // All were collected beforehand; an alternative of nothing never fires.
                None => Node::Any(self.tree.push_parts(&[])),
            },
        };
        self.tree.push(node)
    }

    fn parts(&mut self, expressions: &[Expr]) -> Parts {
        let parts: Vec<u32> = expressions.iter().map(|e| self.node(e)).collect();
        self.tree.push_parts(&parts)
    }
}
