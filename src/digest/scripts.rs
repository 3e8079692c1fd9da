//! Which inquiries no script answers, and which scripts answer nothing.

use super::{Digest, ProductDigest};
use crate::prediction::Kind;
use crate::taxonomy::{Taxonomy, is_of};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};

/// What the desk's reply scripts lack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ScriptsDigest {
    /// Inquiries whose cause has no script, the commonest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<NoScript>,
    /// Causes whose script the desk wrote itself and that no ticket of all this time has; told of four weeks and more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<String>,
}

/// Inquiries that no script answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoScript {
    /// Product; empty where none is known.
    pub product: String,
    /// Cause.
    pub cause: String,
    /// How many.
    pub count: u64,
    /// Event ids, in the order of the input.
    pub ids: Vec<String>,
}

/// Days from which on a script that nobody needed is worth a word.
const LONG: i32 = 28;

impl ScriptsDigest {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unused.is_empty()
    }
}

/// What is told of scripts; nothing where the taxonomy has none.
pub(super) fn scripts(products: &[ProductDigest], taxonomy: &Taxonomy, (first, last): (Option<Date>, Option<Date>)) -> ScriptsDigest {
    if taxonomy.scripts.is_empty() && taxonomy.causes.iter().all(|c| c.script.is_none()) {
        return ScriptsDigest::default();
    }
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    taxonomy.causes.iter().enumerate().for_each(|(i, c)| named.entry(c.name()).or_default().push(i));
    let mut missing = Vec::new();
    for product in products {
        let inquiries = product.kinds.iter().filter(|k| k.kind == Kind::Inquiry.code()).flat_map(|k| &k.causes).filter(|c| c.count > 0);
        for cause in inquiries {
            let answers = |i: &usize| taxonomy.script(*i, &product.product).is_some();
            if !named.get(&cause.cause).is_some_and(|all| all.iter().any(answers)) {
                missing.push(NoScript { product: product.product.clone(), cause: cause.cause.clone(), count: cause.count, ids: cause.ids.clone() });
            }
        }
    }
    missing.sort_by_key(|m| std::cmp::Reverse(m.count));
    let long = first.zip(last).is_some_and(|(first, last)| last.since(first).is_ok_and(|span| span.get_days() + 1 >= LONG));
    let there = |cause: &str, product: Option<&str>| {
        let of = |p: &&ProductDigest| product.is_none_or(|wanted| is_of(wanted, &p.product));
        products.iter().filter(of).flat_map(|p| &p.kinds).flat_map(|k| &k.causes).any(|c| c.count > 0 && c.cause == cause)
    };
    let unused: BTreeSet<String> = taxonomy
        .own_scripts()
        .filter(|(cause, product)| long && !there(cause, *product))
        .map(|(cause, product)| product.map_or(cause.clone(), |product| format!("{product} {cause}")))
        .collect();
    ScriptsDigest { missing, unused: unused.into_iter().collect() }
}

impl Digest {
    /// Keeps what is told of scripts for some products and causes; which of them nobody needed is a matter of the whole desk.
    pub(super) fn keep_scripts(&mut self, which: impl Fn(&str, &str) -> bool) {
        self.scripts.missing.retain(|m| which(&m.product, &m.cause));
        self.scripts.unused.clear();
    }
}
