//! The regular expressions of rules, within limits.

use crate::error::{Error, Result};
use crate::taxonomy::rule::Expr;
use regex::{Regex, RegexBuilder};
use std::collections::HashMap;

/// Most regular expressions: each may take a megabyte and is tried on every text.
const MAX_REGEXES: usize = 300;

pub(super) fn collect(e: &Expr, out: &mut HashMap<String, Regex>) -> Result<()> {
    match e {
        Expr::Regex(pattern) => {
            if !out.contains_key(pattern) {
                if out.len() == MAX_REGEXES {
                    return Err(Error::setup(format!("more than {MAX_REGEXES} different regular expressions: write the others as terms, which cost nothing")));
                }
                out.insert(pattern.clone(), compile_regex(pattern)?);
            }
        }
        Expr::Terms(_) => {}
        Expr::Any(v) | Expr::All(v) => v.iter().try_for_each(|e| collect(e, out))?,
        Expr::Not(a) | Expr::Agent(a) => collect(a, out)?,
        Expr::Near { a, b, .. } | Expr::Lone { a, b, .. } => {
            collect(a, out)?;
            collect(b, out)?;
        }
    }
    Ok(())
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
