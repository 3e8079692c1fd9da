//! The rules of a field of business, compiled: one automaton over every literal, groups of literals shared between rules, and
//! for each literal the rules worth evaluating once it was seen.
//!
//! Each field has a program of its own (with the universal packs), so that the number of fields costs nothing: a ticket of a
//! game is never looked at with the words of banks.

use super::fields::Field;
use crate::error::{Error, Result};
use crate::segment::Normalizer;
use crate::taxonomy::rule::{Edge, Expr, Term};
use crate::taxonomy::{Rule, Taxonomy};
use daachorse::CharwiseDoubleArrayAhoCorasick;
use regex::{Regex, RegexBuilder};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

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
    /// Groups of the customer's text: of each of these lists one must have been seen for it to fire.
    pub required: Vec<Vec<u32>>,
}

/// A rule to try, and the groups of the customer's text of which one must have been seen for it to fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Try {
    pub rule: u32,
    /// The first two of the groups, [`NOTHING`] where there are fewer.
    pub needs: [u32; 2],
}

/// A literal's length in characters, and its term where there is only one and any place will do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal {
    pub length: u32,
    /// [`NOTHING`] where the edges have to be looked at.
    pub term: u32,
}

/// A term of more groups than this (不, 没, 了) is common: noting all its groups for every text that has it would cost more than
/// looking for it in the few groups that are asked about.
const COMMON: usize = 2;

/// No group.
pub(super) const NOTHING: u32 = u32::MAX;
/// Needs no further group, or more than two.
pub(super) const ANYTHING: [u32; 2] = [NOTHING; 2];

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
    /// Per pack: its own rules and those of the universal packs.
    of_pack: Vec<OnceLock<Program>>,
    universal: OnceLock<Program>,
}

impl Programs {
    /// Compiles the regular expressions, the only part that can fail.
    pub fn new(taxonomy: &Taxonomy) -> Result<Programs> {
        let mut regexes = HashMap::new();
        let of_causes = taxonomy.causes.iter().flat_map(|c| c.rules.iter().map(|r| (r, &c.file)));
        let of_cues = taxonomy.cues.iter().flat_map(|c| c.rules.iter().map(|r| (r, &c.file)));
        for (rule, file) in of_causes.chain(of_cues) {
            collect_regexes(&rule.expr, &mut regexes).map_err(|e| e.in_file(file).at_line(rule.line))?;
        }
        let of_pack = taxonomy.packs.iter().map(|_| OnceLock::new()).collect();
        Ok(Programs { regexes, of_pack, universal: OnceLock::new() })
    }

    /// The program of a pack, or that of the universal packs alone.
    pub fn of(&self, taxonomy: &Taxonomy, universal: Field, pack: Option<usize>) -> &Program {
        match pack {
            None => self.universal.get_or_init(|| Program::compile(taxonomy, &self.regexes, |p| universal.has(p))),
            Some(pack) => self.of_pack[pack].get_or_init(|| Program::compile(taxonomy, &self.regexes, |p| p == pack || universal.has(p))),
        }
    }
}

fn collect_regexes(e: &Expr, out: &mut HashMap<String, Regex>) -> Result<()> {
    match e {
        Expr::Regex(pattern) => {
            if !out.contains_key(pattern) {
                out.insert(pattern.clone(), compile_regex(pattern)?);
            }
        }
        Expr::Terms(_) => {}
        Expr::Any(v) | Expr::All(v) => v.iter().try_for_each(|e| collect_regexes(e, out))?,
        Expr::Not(a) | Expr::Agent(a) => collect_regexes(a, out)?,
        Expr::Near { a, b, .. } | Expr::Lone { a, b, .. } => {
            collect_regexes(a, out)?;
            collect_regexes(b, out)?;
        }
    }
    Ok(())
}

pub(super) struct Program {
    /// Over characters, not bytes: a third of the steps on hanzi. `None` where there is no literal at all.
    pub automaton: Option<CharwiseDoubleArrayAhoCorasick<u32>>,
    /// Per literal: its terms (one a condition on the edges), with their numbers.
    pub terms: Lists<(Edge, u32)>,
    /// Per literal: what is needed at once when it is seen.
    pub literals: Vec<Literal>,
    pub rules: Vec<CompiledRule>,
    /// Per term: rules to try once it was seen in the customer's text.
    pub tries: Lists<Try>,
    /// Per term: rules to try once it was seen in the agent's text.
    pub tries_agent: Lists<Try>,
    /// Rules without a literal that must be there.
    pub always: Vec<u32>,
    /// Per term: its groups; none for a common term.
    pub groups_of: Lists<u32>,
    /// Per group: its common terms.
    pub common_of: Lists<u32>,
    /// Number of groups.
    pub groups: usize,
    /// Whether any rule reads the agent's words.
    pub reads_agent: bool,
}

impl Program {
    fn compile(taxonomy: &Taxonomy, regexes: &HashMap<String, Regex>, includes: impl Fn(usize) -> bool) -> Program {
        let mut c =
            Compiler { normalizer: Normalizer::builtin(), regexes, groups: HashMap::new(), sets: HashMap::new(), terms: Vec::new(), folded: HashMap::new() };
        let mut rules = Vec::new();
        for (i, cause) in taxonomy.causes.iter().enumerate().filter(|(_, c)| includes(c.pack)) {
            for (n, rule) in cause.rules.iter().enumerate() {
                rules.push((c.rule(rule), Target::Cause(i, n)));
            }
        }
        for (i, cue) in taxonomy.cues.iter().enumerate() {
            for rule in &cue.rules {
                rules.push((c.rule(rule), Target::Cue(i)));
            }
        }
        let mut literals: BTreeMap<&str, Vec<(Edge, u32)>> = BTreeMap::new();
        let mut groups_of: Vec<Vec<u32>> = Vec::new();
        let mut members: Vec<Vec<u32>> = Vec::with_capacity(c.terms.len());
        for (group, terms) in c.terms.iter().enumerate() {
            let mut numbers = Vec::with_capacity(terms.len());
            for t in terms {
                let known = literals.entry(&t.text).or_default();
                let number = known.iter().find(|(edge, _)| *edge == t.edge).map(|(_, n)| *n).unwrap_or_else(|| {
                    let number = groups_of.len() as u32;
                    known.push((t.edge, number));
                    groups_of.push(Vec::new());
                    number
                });
                groups_of[number as usize].push(group as u32);
                numbers.push(number);
            }
            members.push(numbers);
        }
        let automaton = CharwiseDoubleArrayAhoCorasick::new(literals.keys()).ok();
        let plain = |text: &str, terms: &[(Edge, u32)]| match terms {
            [(Edge::Any, term)] if !text.starts_with(['不', '没']) => *term,
            _ => NOTHING,
        };
        let ready = literals.iter().map(|(k, terms)| Literal { length: k.chars().count() as u32, term: plain(k, terms) }).collect();
        let mut wiring =
            Wiring { terms: &c.terms, members: &members, tries: vec![Vec::new(); groups_of.len()], tries_agent: vec![Vec::new(); groups_of.len()] };
        let mut always = Vec::new();
        let mut reads_agent = false;
        let mut compiled = Vec::with_capacity(rules.len());
        for (node, target) in rules {
            reads_agent |= mentions_agent(&node);
            let required = wiring.add(&node, compiled.len() as u32, &mut always);
            compiled.push(CompiledRule { node, target, required });
        }
        let is_common = |term: u32| groups_of[term as usize].len() > COMMON;
        let common_of = Lists::new(members.iter().map(|terms| terms.iter().copied().filter(|t| is_common(*t)).collect::<Vec<_>>()));
        groups_of.iter_mut().filter(|groups| groups.len() > COMMON).for_each(Vec::clear);
        let (tries, tries_agent) = (Lists::new(wiring.tries), Lists::new(wiring.tries_agent));
        Program {
            automaton,
            literals: ready,
            rules: compiled,
            tries,
            tries_agent,
            always,
            groups: members.len(),
            groups_of: Lists::new(groups_of),
            common_of,
            terms: Lists::new(literals.into_values()),
            reads_agent,
        }
    }

    /// Number of terms.
    pub fn term_count(&self) -> usize {
        self.tries.len()
    }
}

/// Finds out which terms make a rule worth trying.
struct Wiring<'a> {
    terms: &'a [Vec<Term>],
    /// Per group: its terms' numbers.
    members: &'a [Vec<u32>],
    tries: Vec<Vec<Try>>,
    tries_agent: Vec<Vec<Try>>,
}

impl Wiring<'_> {
    /// Adds a rule; returns what it requires.
    fn add(&mut self, node: &Node, id: u32, always: &mut Vec<u32>) -> Vec<Vec<u32>> {
        let mut anchors = Anchors::default();
        if commonness(node, self.terms).is_finite() {
            anchors.collect(node, self.terms, false);
        } else {
            always.push(id);
        }
        let mut required = Vec::new();
        require(node, &mut required);
        // One of the anchors was seen when the rule is tried: they need not be looked for again.
        if anchors.agent.is_empty() {
            required.retain(|groups| !groups.iter().all(|g| anchors.customer.contains(g)) || groups.len() != anchors.customer.len());
        }
        let rarity = |groups: &[u32]| groups.iter().map(|g| commonness(&Node::Group(*g), self.terms)).sum::<f64>();
        let rarest = required.iter().filter(|g| g.len() <= 2).min_by(|a, b| rarity(a).total_cmp(&rarity(b)));
        let needs = rarest.map_or(ANYTHING, |g| [g[0], g.get(1).copied().unwrap_or(NOTHING)]);
        for (groups, tries) in [(&anchors.customer, &mut self.tries), (&anchors.agent, &mut self.tries_agent)] {
            for term in groups.iter().flat_map(|g| &self.members[*g as usize]) {
                let rules = &mut tries[*term as usize];
                if rules.last().is_none_or(|t| t.rule != id) {
                    rules.push(Try { rule: id, needs });
                }
            }
        }
        required
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
}

impl Compiler<'_> {
    fn rule(&mut self, rule: &Rule) -> Node {
        self.node(&rule.expr)
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

    fn node(&mut self, e: &Expr) -> Node {
        match e {
            Expr::Terms(t) => {
                let address = Arc::as_ptr(t) as usize;
                let group = match self.sets.get(&address) {
                    Some(g) => *g,
                    None => self.group(t),
                };
                self.sets.insert(address, group);
                Node::Group(group)
            }
            Expr::Any(v) => Node::Any(v.iter().map(|e| self.node(e)).collect()),
            Expr::All(v) => Node::All(v.iter().map(|e| self.node(e)).collect()),
            Expr::Not(e) => Node::Not(Box::new(self.node(e))),
            Expr::Near { a, b, distance, ordered } => {
                Node::Near { a: Box::new(self.node(a)), b: Box::new(self.node(b)), distance: *distance, ordered: *ordered }
            }
            Expr::Lone { a, b, distance, before, after } => {
                Node::Lone { a: Box::new(self.node(a)), b: Box::new(self.node(b)), distance: *distance, before: *before, after: *after }
            }
            Expr::Agent(e) => Node::Agent(Box::new(self.node(e))),
            Expr::Regex(pattern) => match self.regexes.get(pattern) {
                Some(regex) => Node::Regex(Box::new(regex.clone())),
                // All were collected beforehand; an alternative of nothing never fires.
                None => Node::Any(Vec::new()),
            },
        }
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

/// Lists of groups of the customer's text: one of each list must have a hit.
fn require(n: &Node, out: &mut Vec<Vec<u32>>) {
    match n {
        Node::Group(g) => out.push(vec![*g]),
        Node::All(v) => v.iter().for_each(|n| require(n, out)),
        Node::Near { a, b, .. } => {
            require(a, out);
            require(b, out);
        }
        Node::Lone { a, .. } => require(a, out),
        Node::Any(v) => {
            let groups: Option<Vec<u32>> = v.iter().map(|n| if let Node::Group(g) = n { Some(*g) } else { None }).collect();
            out.extend(groups.filter(|g| !g.is_empty()));
        }
        Node::Not(_) | Node::Agent(_) | Node::Regex(_) => {}
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
