//! All rules of a taxonomy, compiled: one automaton over every literal, groups of literals shared between rules, and for each
//! group the rules worth evaluating once one of its literals was seen.

use crate::error::{Error, Result};
use crate::segment::Normalizer;
use crate::taxonomy::rule::{Edge, Expr, Term};
use crate::taxonomy::{Rule, Taxonomy};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{Regex, RegexBuilder};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A compiled expression over groups.
#[derive(Debug)]
pub(super) enum Node {
    Group(u32),
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    Near { a: Box<Node>, b: Box<Node>, distance: u32, ordered: bool },
    Lone { a: Box<Node>, b: Box<Node>, distance: u32, before: bool, after: bool },
    Agent(Box<Node>),
    Regex(Box<Regex>),
}

/// What a rule decides when it fires.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// Cause (index) by its n-th rule.
    Cause(usize, usize),
    /// Kind cue (index).
    Cue(usize),
}

#[derive(Debug)]
pub(super) struct CompiledRule {
    pub node: Node,
    pub target: Target,
    /// Groups of the customer's text without which it cannot fire.
    pub required: Vec<u32>,
}

/// One use of a literal: with this edge condition it belongs to this group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub edge: Edge,
    pub group: u32,
}

/// Fields of business as a set of packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field(u64);

impl Field {
    /// Nothing is known of the field: the text has to tell.
    pub const UNKNOWN: Field = Field(0);

    pub(super) fn of(packs: impl IntoIterator<Item = usize>) -> Field {
        Field(packs.into_iter().filter(|p| *p < 64).fold(0, |set, p| set | 1 << p))
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, pack: usize) -> bool {
        pack < 64 && self.0 & (1 << pack) != 0
    }

}

pub(super) struct Program {
    pub automaton: AhoCorasick,
    /// Per literal: its uses, sorted by edge.
    pub uses: Vec<Vec<Use>>,
    /// Per literal: length in characters.
    pub lengths: Vec<u32>,
    pub rules: Vec<CompiledRule>,
    /// Per group (customer's text): rules to try.
    pub anchored: Vec<Vec<u32>>,
    /// Per group (agent's text): rules to try.
    pub anchored_agent: Vec<Vec<u32>>,
    /// Rules without a literal that must be there.
    pub always: Vec<u32>,
    /// Group of a product's aliases, with the product's index.
    pub alias_groups: Vec<(u32, usize)>,
    /// Per pack: group of its cues.
    pub cue_groups: Vec<Option<u32>>,
    /// Per pack: applies everywhere.
    pub universal: Field,
    /// Normalised product names and aliases to product index.
    pub products: HashMap<String, usize>,
    product_hints: Vec<(String, usize)>,
    headers: Vec<(String, usize)>,
    groups: usize,
    /// Whether any rule reads the agent's words.
    pub reads_agent: bool,
}

impl Program {
    pub fn compile(taxonomy: &Taxonomy) -> Result<Program> {
        let mut c = Compiler { normalizer: Normalizer::builtin(), groups: HashMap::new(), sets: HashMap::new(), terms: Vec::new(), folded: HashMap::new() };
        let mut rules = Vec::new();
        for (i, cause) in taxonomy.causes.iter().enumerate() {
            for (n, rule) in cause.rules.iter().enumerate() {
                rules.push((c.rule(rule, &cause.file)?, Target::Cause(i, n)));
            }
        }
        for (i, cue) in taxonomy.cues.iter().enumerate() {
            for rule in &cue.rules {
                rules.push((c.rule(rule, &cue.file)?, Target::Cue(i)));
            }
        }
        let mut alias_groups = Vec::new();
        let mut products = HashMap::new();
        for (i, product) in taxonomy.products.iter().enumerate() {
            for name in std::iter::once(&product.name).chain(&product.aliases) {
                let folded = c.normalizer.folded(name.trim());
                if folded.is_empty() {
                    continue;
                }
                products.entry(folded.clone()).or_insert(i);
                // A one-letter name (游戏 A) is only trusted in its column.
                if folded.chars().count() > 1 {
                    alias_groups.push((c.words(std::slice::from_ref(name)), i));
                }
            }
        }
        let cue_groups = taxonomy.packs.iter().map(|p| if p.cues.is_empty() { None } else { Some(c.words(&p.cues)) }).collect();
        let fold_list = |list: fn(&crate::taxonomy::Pack) -> &Vec<String>, n: &Normalizer| -> Vec<(String, usize)> {
            let mut all: Vec<_> = taxonomy.packs.iter().enumerate().flat_map(|(i, p)| list(p).iter().map(move |h| (h, i))).map(|(h, i)| (n.folded(h.trim()), i)).collect();
            all.retain(|(h, _)| !h.is_empty());
            all
        };
        let product_hints = fold_list(|p| &p.product_hints, c.normalizer);
        let headers = fold_list(|p| &p.headers, c.normalizer);
        let universal = Field::of(taxonomy.packs.iter().enumerate().filter(|(_, p)| p.universal).map(|(i, _)| i));
        let groups = c.terms.len();
        let (automaton, uses, lengths) = c.automaton()?;
        let mut program = Program {
            automaton,
            uses,
            lengths,
            rules: Vec::new(),
            anchored: vec![Vec::new(); groups],
            anchored_agent: vec![Vec::new(); groups],
            always: Vec::new(),
            alias_groups,
            cue_groups,
            universal,
            products,
            product_hints,
            headers,
            groups,
            reads_agent: false,
        };
        for (node, target) in rules {
            program.add(node, target, &c.terms);
        }
        Ok(program)
    }

    pub fn groups(&self) -> usize {
        self.groups
    }

    fn add(&mut self, node: Node, target: Target, terms: &[Vec<Term>]) {
        let id = self.rules.len() as u32;
        let mut anchors = Anchors::default();
        if commonness(&node, terms).is_finite() {
            anchors.collect(&node, terms, false);
        } else {
            self.always.push(id);
        }
        self.reads_agent |= mentions_agent(&node);
        for g in &anchors.customer {
            self.anchored[*g as usize].push(id);
        }
        for g in &anchors.agent {
            self.anchored_agent[*g as usize].push(id);
        }
        let mut required = Vec::new();
        require(&node, &mut required);
        required.sort_unstable();
        required.dedup();
        self.rules.push(CompiledRule { node, target, required });
    }

    /// The field that a product column's header tells of.
    pub fn field_of_header(&self, header: &str) -> Field {
        let folded = Normalizer::builtin().folded(header.trim());
        Field::of(self.headers.iter().filter(|(h, _)| *h == folded || (h.chars().count() > 1 && folded.contains(h.as_str()))).map(|(_, p)| *p))
    }

    /// The field that a product's (folded) name tells of.
    pub fn field_of_name(&self, folded: &str) -> Field {
        Field::of(self.product_hints.iter().filter(|(h, _)| folded.contains(h.as_str())).map(|(_, p)| *p))
    }
}

struct Compiler<'a> {
    normalizer: &'a Normalizer,
    groups: HashMap<Vec<Term>, u32>,
    /// Groups of named sets, which many rules share, by the set's address: the taxonomy outlives the compiler.
    sets: HashMap<usize, u32>,
    /// Per group: its normalised terms.
    terms: Vec<Vec<Term>>,
    folded: HashMap<Term, Option<Term>>,
}

impl Compiler<'_> {
    fn rule(&mut self, rule: &Rule, file: &str) -> Result<Node> {
        self.node(&rule.expr).map_err(|e| e.in_file(file).at_line(rule.line))
    }

    fn words(&mut self, words: &[String]) -> u32 {
        let terms: Vec<Term> = words.iter().filter_map(|w| crate::taxonomy::rule::parse_set_entry(w, &BTreeMap::new()).ok()).flat_map(|t| t.to_vec()).collect();
        self.group(&terms)
    }

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

    fn node(&mut self, e: &Expr) -> Result<Node> {
        let both = |c: &mut Self, a: &Expr, b: &Expr| Ok::<_, Error>((Box::new(c.node(a)?), Box::new(c.node(b)?)));
        Ok(match e {
            Expr::Terms(t) => {
                let address = std::sync::Arc::as_ptr(t) as usize;
                let group = match self.sets.get(&address) {
                    Some(g) => *g,
                    None => self.group(t),
                };
                self.sets.insert(address, group);
                Node::Group(group)
            }
            Expr::Any(v) => Node::Any(v.iter().map(|e| self.node(e)).collect::<Result<_>>()?),
            Expr::All(v) => Node::All(v.iter().map(|e| self.node(e)).collect::<Result<_>>()?),
            Expr::Not(e) => Node::Not(Box::new(self.node(e)?)),
            Expr::Near { a, b, distance, ordered } => {
                let (a, b) = both(self, a, b)?;
                Node::Near { a, b, distance: *distance, ordered: *ordered }
            }
            Expr::Lone { a, b, distance, before, after } => {
                let (a, b) = both(self, a, b)?;
                Node::Lone { a, b, distance: *distance, before: *before, after: *after }
            }
            Expr::Agent(e) => Node::Agent(Box::new(self.node(e)?)),
            Expr::Regex(pattern) => Node::Regex(Box::new(compile_regex(pattern)?)),
        })
    }

    #[allow(clippy::type_complexity)] // three parallel tables, named where they are stored
    fn automaton(&self) -> Result<(AhoCorasick, Vec<Vec<Use>>, Vec<u32>)> {
        let mut literals: BTreeMap<&str, Vec<Use>> = BTreeMap::new();
        for (group, terms) in self.terms.iter().enumerate() {
            for t in terms {
                literals.entry(&t.text).or_default().push(Use { edge: t.edge, group: group as u32 });
            }
        }
        for uses in literals.values_mut() {
            uses.sort();
            uses.dedup();
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(literals.keys())
            .map_err(|e| Error::setup(format!("the rules' terms do not fit into one automaton: {e}")))?;
        let lengths = literals.keys().map(|k| k.chars().count() as u32).collect();
        Ok((automaton, literals.into_values().collect(), lengths))
    }
}

fn compile_regex(pattern: &str) -> Result<Regex> {
    RegexBuilder::new(pattern).size_limit(1 << 20).dfa_size_limit(1 << 20).nest_limit(50).build().map_err(|e| {
        let text = e.to_string();
        let why = match &e {
            regex::Error::CompiledTooBig(_) => "it compiles to more than 1 MiB; use smaller repetitions".to_owned(),
            _ if text.contains("look-around") => "look-around is not supported; write `A !<4 B` or `A !>4 B` with terms instead".to_owned(),
            _ if text.contains("backreferences") => "backreferences are not supported".to_owned(),
            _ => text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned(),
        };
        Error::setup(format!("regular expression `/{pattern}/`: {why}"))
    })
}

fn mentions_agent(n: &Node) -> bool {
    match n {
        Node::Agent(_) => true,
        Node::Group(_) | Node::Regex(_) => false,
        Node::Any(v) | Node::All(v) => v.iter().any(mentions_agent),
        Node::Not(a) => mentions_agent(a),
        Node::Near { a, b, .. } | Node::Lone { a, b, .. } => mentions_agent(a) || mentions_agent(b),
    }
}

/// Groups of the customer's text that must have a hit.
fn require(n: &Node, out: &mut Vec<u32>) {
    match n {
        Node::Group(g) => out.push(*g),
        Node::All(v) => v.iter().for_each(|n| require(n, out)),
        Node::Near { a, b, .. } => {
            require(a, out);
            require(b, out);
        }
        Node::Lone { a, .. } => require(a, out),
        Node::Any(_) | Node::Not(_) | Node::Agent(_) | Node::Regex(_) => {}
    }
}

/// The cheapest set of groups of which one must have a hit for a rule to fire.
#[derive(Debug, Default)]
struct Anchors {
    customer: HashSet<u32>,
    agent: HashSet<u32>,
}

impl Anchors {
    fn collect(&mut self, n: &Node, terms: &[Vec<Term>], agent: bool) {
        match n {
            Node::Group(g) => {
                if agent { &mut self.agent } else { &mut self.customer }.insert(*g);
            }
            Node::Any(v) => v.iter().for_each(|n| self.collect(n, terms, agent)),
            Node::All(v) => {
                let best = v.iter().min_by(|a, b| commonness(a, terms).total_cmp(&commonness(b, terms)));
                if let Some(best) = best {
                    self.collect(best, terms, agent);
                }
            }
            Node::Near { a, b, .. } => {
                let best = if commonness(a, terms) <= commonness(b, terms) { a } else { b };
                self.collect(best, terms, agent);
            }
            Node::Lone { a, .. } => self.collect(a, terms, agent),
            Node::Agent(a) => self.collect(a, terms, true),
            Node::Not(_) | Node::Regex(_) => {}
        }
    }
}

/// A guess at how often a text has it: short terms are common. Infinite where nothing must be there.
fn commonness(n: &Node, terms: &[Vec<Term>]) -> f64 {
    match n {
        Node::Group(g) => terms[*g as usize].iter().map(|t| 0.1f64.powi(t.text.len() as i32 / 3)).sum(),
        Node::Any(v) => v.iter().map(|n| commonness(n, terms)).sum(),
        Node::All(v) => v.iter().map(|n| commonness(n, terms)).fold(f64::INFINITY, f64::min),
        Node::Near { a, b, .. } => commonness(a, terms).min(commonness(b, terms)),
        Node::Lone { a, .. } | Node::Agent(a) => commonness(a, terms),
        Node::Not(_) | Node::Regex(_) => f64::INFINITY,
    }
}
