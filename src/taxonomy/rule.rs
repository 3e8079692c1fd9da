//! The rule language: text to expression. It knows nothing of matching.
//!
//! The language is described for people in `docs/rules.md`; this parser is its definition.

use crate::error::{Error, Result, nearest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Distance of `~` and `>` when none is written, in characters.
pub const DEFAULT_DISTANCE: u32 = 8;
/// Longest rule text accepted, in characters.
pub const MAX_RULE_CHARS: usize = 1000;
/// Largest distance accepted, in characters.
pub const MAX_DISTANCE: u32 = 500;
/// Deepest nesting of parentheses, sets and prefixes accepted.
pub const MAX_DEPTH: usize = 24;

/// How a term's edges must lie in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// Anywhere (the default for terms of hanzi).
    Any,
    /// Whole Latin words (the default for terms that begin or end in a letter or digit).
    Word,
    /// The start of a Latin word (`refund*`).
    Prefix,
    /// Whole words of the segmented text (`<到账>`).
    Token,
    /// At the end of a clause: before punctuation, a space or the end (`不$`).
    End,
    /// Between two equal characters: the 不 of 能不能 (`{A不A}`).
    Doubled,
}

/// A literal to look for, as written (not yet normalised).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// The characters.
    pub text: String,
    /// The condition on its edges.
    pub edge: Edge,
}

/// A parsed rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Any of these terms (a single term, a set, or alternatives of those).
    Terms(Arc<Vec<Term>>),
    /// Any of these expressions.
    Any(Vec<Expr>),
    /// All of these, anywhere.
    All(Vec<Expr>),
    /// None of this anywhere.
    Not(Box<Expr>),
    /// `A ~n B` and `A >n B`.
    Near {
        /// A.
        a: Box<Expr>,
        /// B.
        b: Box<Expr>,
        /// Most characters between them.
        distance: u32,
        /// Whether A comes first.
        ordered: bool,
    },
    /// `A !<n B`, `A !>n B`, `A !~n B`: an A without B near it.
    Lone {
        /// A.
        a: Box<Expr>,
        /// B.
        b: Box<Expr>,
        /// Characters in which B must not be.
        distance: u32,
        /// No B before A.
        before: bool,
        /// No B after A.
        after: bool,
    },
    /// In what the agent said.
    Agent(Box<Expr>),
    /// A regular expression.
    Regex(String),
}

/// Named sets of terms visible to a rule.
pub type Sets = BTreeMap<String, Arc<Vec<Term>>>;

/// Parses one rule.
///
/// # Errors
/// Says what was expected and found, with the character's position, and the nearest name of a set where one is unknown.
///
/// ```
/// use ahu::taxonomy::rule::{parse, Expr, Sets};
/// let rule = parse("奖励|奖品 ~6 没到", &Sets::new()).unwrap();
/// assert!(matches!(rule, Expr::Near { distance: 6, ordered: false, .. }));
/// assert!(parse("奖励 ~6", &Sets::new()).is_err());
/// ```
pub fn parse(text: &str, sets: &Sets) -> Result<Expr> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > MAX_RULE_CHARS {
        return Err(Error::setup(format!("rule of {} characters: at most {MAX_RULE_CHARS} are allowed; split it into several rules", chars.len())));
    }
    let mut p = Parser { chars, at: 0, sets, depth: 0 };
    let expr = p.all()?;
    p.space();
    if p.at < p.chars.len() {
        return Err(p.unexpected("the rule's end"));
    }
    if !has_positive(&expr) {
        return Err(Error::setup("rule has only negations: name at least one thing that must be there"));
    }
    Ok(expr)
}

/// Parses an entry of a set: a plain string, `<word>`, `prefix*` or `{other set}`.
///
/// # Errors
/// An unknown set or an empty entry.
pub fn parse_set_entry(text: &str, sets: &Sets) -> Result<Arc<Vec<Term>>> {
    let t = text.trim();
    if let Some(name) = t.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
        return find_set(name, sets);
    }
    if let Some(word) = t.strip_prefix('<').and_then(|t| t.strip_suffix('>')) {
        return Ok(Arc::new(vec![term(word, Some(Edge::Token))?]));
    }
    if let Some(word) = t.strip_suffix('*') {
        return Ok(Arc::new(vec![term(word, Some(Edge::Prefix))?]));
    }
    if let Some(word) = t.strip_suffix('$').filter(|w| !w.is_empty()) {
        return Ok(Arc::new(vec![term(word, Some(Edge::End))?]));
    }
    Ok(Arc::new(vec![term(t, None)?]))
}

/// The set every rule knows: the 不 or 没 of 能不能, 有没有, 收不收.
const A_NOT_A: &str = "A不A";

fn find_set(name: &str, sets: &Sets) -> Result<Arc<Vec<Term>>> {
    if name == A_NOT_A {
        return Ok(Arc::new(["不", "没"].map(|t| Term { text: t.to_owned(), edge: Edge::Doubled }).to_vec()));
    }
    sets.get(name).cloned().ok_or_else(|| {
        let hint = nearest(name, sets.keys().map(String::as_str)).map_or(String::new(), |n| format!("; the nearest is `{{{n}}}`"));
        Error::setup(format!("no set is called `{{{name}}}`{hint}"))
    })
}

fn term(text: &str, edge: Option<Edge>) -> Result<Term> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::setup("empty term"));
    }
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let edge = edge.unwrap_or(if latin(text.chars().next()) || latin(text.chars().next_back()) { Edge::Word } else { Edge::Any });
    Ok(Term { text: text.to_owned(), edge })
}

/// Whether anything in `e` has to be present.
fn has_positive(e: &Expr) -> bool {
    match e {
        Expr::Terms(_) | Expr::Regex(_) => true,
        Expr::Any(v) => v.iter().all(has_positive),
        Expr::All(v) => v.iter().any(has_positive),
        Expr::Not(_) => false,
        Expr::Near { a, b, .. } => has_positive(a) && has_positive(b),
        Expr::Lone { a, .. } | Expr::Agent(a) => has_positive(a),
    }
}

struct Parser<'a> {
    chars: Vec<char>,
    at: usize,
    sets: &'a Sets,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn peek2(&self) -> Option<char> {
        self.chars.get(self.at + 1).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn unexpected(&self, expected: &str) -> Error {
        let found = self.peek().map_or("the end".to_owned(), |c| format!("`{c}`"));
        let hint = match self.peek() {
            Some('&') | Some('+') => "; \"and\" is written as a space: `奖励 没到`",
            Some('（' | '）') => "; use the ASCII parentheses `(` `)`",
            Some('｜') => "; use the ASCII `|`",
            Some('，' | ',' | '、') => "; alternatives are separated by `|`",
            Some('-') => "; \"not\" is written `!`, and a term with a hyphen is quoted: `\"wi-fi\"`",
            Some(')') => "; there is no `(` for it",
            _ => "",
        };
        Error::setup(format!("rule, character {}: expected {expected}, found {found}{hint}", self.at + 1))
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::setup(format!("rule is nested more than {MAX_DEPTH} deep: write it as several rules")));
        }
        Ok(())
    }

    /// `A B !C`
    fn all(&mut self) -> Result<Expr> {
        self.enter()?;
        let mut parts = Vec::new();
        loop {
            self.space();
            match self.peek() {
                None | Some(')') => break,
                Some('!') if !matches!(self.peek2(), Some('~' | '<' | '>')) => {
                    self.at += 1;
                    let at = self.at;
                    let inner = self.near()?;
                    if !has_positive(&inner) {
                        return Err(Error::setup(format!("rule, character {at}: `!` of something negative; write what must be there without `!`")));
                    }
                    parts.push(Expr::Not(Box::new(inner)));
                }
                _ => parts.push(self.near()?),
            }
        }
        self.depth -= 1;
        match parts.len() {
            0 => Err(self.unexpected("a term such as `退款`, `{set}` or `(`")),
            1 => Ok(parts.swap_remove(0)),
            _ => Ok(Expr::All(parts)),
        }
    }

    /// `A ~6 B >3 C !<2 D`
    fn near(&mut self) -> Result<Expr> {
        let mut left = self.any()?;
        loop {
            self.space();
            let (negated, op) = match (self.peek(), self.peek2()) {
                (Some('!'), Some(c @ ('~' | '<' | '>'))) => (true, c),
                (Some(c @ ('~' | '>')), _) => (false, c),
                (Some('<'), Some(c)) if c.is_ascii_digit() => {
                    return Err(Error::setup(format!("rule, character {}: `A <n B` does not exist; write `B >n A`", self.at + 1)));
                }
                _ => return Ok(left),
            };
            self.at += if negated { 2 } else { 1 };
            let distance = self.distance()?;
            self.space();
            let right = Box::new(self.any()?);
            let a = Box::new(left);
            left = if negated {
                Expr::Lone { a, b: right, distance, before: op != '>', after: op != '<' }
            } else {
                Expr::Near { a, b: right, distance, ordered: op == '>' }
            };
        }
    }

    fn distance(&mut self) -> Result<u32> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        if start == self.at {
            return Ok(DEFAULT_DISTANCE);
        }
        let digits: String = self.chars[start..self.at].iter().collect();
        digits.parse().ok().filter(|d| *d <= MAX_DISTANCE).ok_or_else(|| {
            Error::setup(format!("rule, character {}: distance {digits} is more than {MAX_DISTANCE} characters; a space means anywhere", start + 1))
        })
    }

    /// `A|B|{set}`
    fn any(&mut self) -> Result<Expr> {
        let expr = self.alternatives()?;
        match self.peek() {
            None | Some(')' | '~' | '>' | '!' | '|') => Ok(expr),
            Some(c) if c.is_whitespace() => Ok(expr),
            Some(c) if is_bare(c) || matches!(c, '{' | '"' | '(' | '<' | '/') => {
                let message = format!("rule, character {}: two terms without anything between them; write `|` for \"or\", a space for \"and\"", self.at + 1);
                Err(Error::setup(message))
            }
            Some(_) => Err(self.unexpected("an operator, a space or the end")),
        }
    }

    fn alternatives(&mut self) -> Result<Expr> {
        // Written terms become one set; named sets stay what they are, so that the compiler shares them between rules.
        let mut terms: Vec<Term> = Vec::new();
        let mut others = Vec::new();
        loop {
            self.space();
            let named = self.peek() == Some('{');
            match self.atom()? {
                Expr::Terms(t) if !named => terms.extend(t.iter().cloned()),
                other => others.push(other),
            }
            let after = self.at;
            self.space();
            if self.peek() != Some('|') {
                self.at = after;
                break;
            }
            self.at += 1;
        }
        if !terms.is_empty() {
            others.insert(0, Expr::Terms(Arc::new(terms)));
        }
        Ok(if others.len() == 1 { others.swap_remove(0) } else { Expr::Any(others) })
    }

    fn atom(&mut self) -> Result<Expr> {
        match self.peek() {
            Some('(') => {
                let open = self.at;
                self.at += 1;
                let inner = self.all()?;
                if self.peek() != Some(')') {
                    return Err(Error::setup(format!("rule: the `(` at character {} is never closed", open + 1)));
                }
                self.at += 1;
                Ok(inner)
            }
            Some('{') => Ok(Expr::Terms(find_set(self.delimited('}')?.trim(), self.sets)?)),
            Some('"') => Ok(self.terms(None, '"')?),
            Some('<') => Ok(self.terms(Some(Edge::Token), '>')?),
            Some('/') => {
                let pattern = self.delimited('/')?;
                if pattern.is_empty() {
                    return Err(Error::setup("empty regular expression `//`"));
                }
                Ok(Expr::Regex(pattern))
            }
            Some(c) if is_bare(c) => self.bare(),
            _ => Err(self.unexpected("a term such as `退款`, `{set}`, `(` or `/regex/`")),
        }
    }

    fn terms(&mut self, edge: Option<Edge>, close: char) -> Result<Expr> {
        let text = self.delimited(close)?;
        let edge = self.mark().or(edge);
        Ok(Expr::Terms(Arc::new(vec![term(&text, edge)?])))
    }

    /// The `*` or `$` after a term.
    fn mark(&mut self) -> Option<Edge> {
        let edge = match self.peek() {
            Some('*') => Edge::Prefix,
            Some('$') => Edge::End,
            _ => return None,
        };
        self.at += 1;
        Some(edge)
    }

    /// The text up to `close`, both marks consumed.
    fn delimited(&mut self, close: char) -> Result<String> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            if c == close {
                return Ok(text);
            }
            if c == '\\' && close == '/' && self.peek() == Some('/') {
                continue;
            }
            text.push(c);
        }
        Err(Error::setup(format!("rule: the `{}` at character {} is never closed by `{close}`", self.chars[open], open + 1)))
    }

    fn bare(&mut self) -> Result<Expr> {
        let start = self.at;
        while self.peek().is_some_and(is_bare) {
            self.at += 1;
        }
        let word: String = self.chars[start..self.at].iter().collect();
        if word == "agent" && self.peek() == Some(':') {
            self.at += 1;
            self.enter()?;
            let inner = self.any()?;
            self.depth -= 1;
            return Ok(Expr::Agent(Box::new(inner)));
        }
        if matches!(word.as_str(), "AND" | "OR" | "NOT" | "NEAR") {
            let instead = match word.as_str() {
                "AND" => "a space",
                "OR" => "`|`",
                "NOT" => "`!`",
                _ => "`~8`",
            };
            return Err(Error::setup(format!("rule, character {}: `{word}` is written {instead}; for the word itself quote it", start + 1)));
        }
        if self.peek() == Some(':') {
            return Err(Error::setup(format!("rule, character {}: unknown prefix `{word}:`; only `agent:` exists", start + 1)));
        }
        let edge = self.mark();
        Ok(Expr::Terms(Arc::new(vec![term(&word, edge)?])))
    }
}

/// Characters a term may hold without quotes.
fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '%' | '#' | '.' | '\'' | '’' | '《' | '》' | '“' | '”')
}
