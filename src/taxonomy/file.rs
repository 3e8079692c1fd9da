//! The TOML files: raw as written, then checked into the types of [`crate::taxonomy`].

use super::rule::{self, Sets};
use super::{Cause, Cue, Example, Pack, Product, Rule, Source, Taxonomy};
use crate::error::{Error, Result, nearest};
use crate::prediction::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

/// A taxonomy file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFile {
    pack: Option<RawPack>,
    #[serde(default)]
    sets: BTreeMap<String, Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    product: Vec<Spanned<RawProduct>>,
    #[serde(default)]
    cause: Vec<Spanned<RawCause>>,
    #[serde(default)]
    cue: Vec<RawCue>,
    #[serde(default)]
    words: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    product_hints: Vec<String>,
    #[serde(default)]
    cues: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProduct {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    team: Option<String>,
    #[serde(default)]
    packs: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCause {
    path: String,
    kinds: Vec<Spanned<String>>,
    #[serde(default)]
    products: Vec<Spanned<String>>,
    team: Option<String>,
    stage: Option<String>,
    weight: Option<f32>,
    rules: Vec<Spanned<String>>,
    #[serde(rename = "match", default)]
    matches: Vec<Spanned<String>>,
    #[serde(rename = "reject", default)]
    rejects: Vec<Spanned<String>>,
    script: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCue {
    kind: Spanned<String>,
    weight: f32,
    rules: Vec<Spanned<String>>,
}

fn line_of(text: &str, at: usize) -> u64 {
    text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() as u64 + 1
}

fn place<T>(source: &Source<'_>, at: &Spanned<T>, error: Error) -> Error {
    error.in_file(source.name).at_line(line_of(source.text, at.span().start))
}

/// Reads the TOML; unknown keys are errors that name the nearest valid one.
pub(super) fn read(source: &Source<'_>) -> Result<RawFile> {
    toml::from_str(source.text).map_err(|e| toml_error(&e, source))
}

/// Turns a TOML error into ours: its line, and for an unknown key the nearest valid one.
pub(crate) fn toml_error(e: &toml::de::Error, source: &Source<'_>) -> Error {
    let message = e.message().trim().to_owned();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let hint = if message.starts_with("unknown field") {
        let key = quoted.next().unwrap_or_default();
        nearest(key, quoted).map_or(String::new(), |n| format!("; the nearest is `{n}`"))
    } else if message.starts_with("invalid unquoted key") {
        "; quote a name in hanzi: `\"奖品\" = [\"奖励\", \"礼包\"]`".to_owned()
    } else {
        String::new()
    };
    let error = Error::setup(format!("{message}{hint}")).in_file(source.name);
    match e.span() {
        Some(span) => error.at_line(line_of(source.text, span.start)),
        None => error,
    }
}

/// Adds the file's sets to `sets`; entries may name sets of the same file in any order.
pub(super) fn add_sets(raw: &RawFile, source: &Source<'_>, sets: &mut Sets) -> Result<()> {
    for (name, entries) in &raw.sets {
        if sets.contains_key(name) {
            let error = Error::setup(format!("set `{{{name}}}` already exists among the shared sets; choose another name"));
            return Err(place(source, entries, error));
        }
    }
    let mut open = Vec::new();
    for name in raw.sets.keys() {
        resolve_set(name, raw, source, sets, &mut open)?;
    }
    Ok(())
}

fn resolve_set<'a>(name: &'a str, raw: &'a RawFile, source: &Source<'_>, sets: &mut Sets, open: &mut Vec<&'a str>) -> Result<()> {
    let Some(entries) = raw.sets.get(name) else { return Ok(()) };
    if sets.contains_key(name) {
        return Ok(());
    }
    if open.contains(&name) || open.len() > rule::MAX_DEPTH {
        return Err(place(source, entries, Error::setup(format!("set `{{{name}}}` contains itself"))));
    }
    open.push(name);
    let mut terms = Vec::new();
    for entry in entries.get_ref() {
        if let Some(inner) = entry.get_ref().trim().strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            resolve_set(inner, raw, source, sets, open)?;
        }
        let more = rule::parse_set_entry(entry.get_ref(), sets).map_err(|e| place(source, entry, e))?;
        terms.extend(more.iter().cloned());
    }
    open.pop();
    if terms.is_empty() {
        return Err(place(source, entries, Error::setup(format!("set `{{{name}}}` is empty"))));
    }
    terms.sort();
    terms.dedup();
    sets.insert(name.to_owned(), Arc::new(terms));
    Ok(())
}

/// Adds the file's pack, or extends the pack of the same id.
pub(super) fn add_pack(taxonomy: &mut Taxonomy, raw: &RawFile, source: &Source<'_>) {
    taxonomy.words.extend(raw.words.iter().cloned());
    // A file without a [pack] is a desk's own: its causes apply everywhere.
    let own = RawPack {
        id: source.name.to_owned(),
        name: String::new(),
        headers: Vec::new(),
        product_hints: Vec::new(),
        cues: Vec::new(),
        words: Vec::new(),
    };
    let p = raw.pack.as_ref().unwrap_or(&own);
    taxonomy.words.extend(p.words.iter().cloned());
    let known = taxonomy.packs.iter().position(|k| k.id == p.id);
    let index = known.unwrap_or_else(|| {
        taxonomy.packs.push(Pack { id: p.id.clone(), name: p.name.clone(), ..Pack::default() });
        taxonomy.packs.len() - 1
    });
    let pack = &mut taxonomy.packs[index];
    pack.headers.extend(p.headers.iter().cloned());
    pack.product_hints.extend(p.product_hints.iter().cloned());
    pack.cues.extend(p.cues.iter().cloned());
    pack.universal = pack.headers.is_empty() && pack.product_hints.is_empty() && pack.cues.is_empty();
}

/// Adds the file's products.
pub(super) fn add_products(taxonomy: &mut Taxonomy, raw: &RawFile, source: &Source<'_>) -> Result<()> {
    for p in &raw.product {
        let r = p.get_ref();
        if r.name.trim().is_empty() {
            return Err(place(source, p, Error::setup("product without a name")));
        }
        if taxonomy.products.iter().any(|k| k.name == r.name) {
            return Err(place(source, p, Error::setup(format!("product `{}` is defined twice", r.name))));
        }
        let packs = r.packs.iter().map(|id| taxonomy.pack(id.get_ref()).map_err(|e| place(source, id, e))).collect::<Result<Vec<_>>>()?;
        taxonomy.products.push(Product { name: r.name.clone(), aliases: r.aliases.clone(), team: r.team.clone(), packs });
    }
    Ok(())
}

/// Adds the file's causes and kind cues.
pub(super) fn add_causes(taxonomy: &mut Taxonomy, raw: &RawFile, source: &Source<'_>, sets: &Sets) -> Result<()> {
    let pack_id = raw.pack.as_ref().map_or(source.name, |p| p.id.as_str());
    let pack = taxonomy.pack(pack_id)?;
    for spanned in &raw.cause {
        let cause = checked_cause(spanned, pack, taxonomy, source, sets)?;
        let name = cause.name();
        match taxonomy.causes.iter_mut().find(|c| c.pack == pack && c.path == cause.path) {
            Some(twin) if twin.file == cause.file => {
                let error = Error::setup(format!("cause `{name}` is defined twice; the first is at line {}", twin.line));
                return Err(place(source, spanned, error));
            }
            // A later file's cause takes the place of an earlier file's: so a desk mends a built-in cause without copying its pack.
            Some(twin) => *twin = cause,
            None => taxonomy.causes.push(cause),
        }
    }
    for raw in &raw.cue {
        let kind = parse_kind(&raw.kind).map_err(|e| place(source, &raw.kind, e))?;
        let rules = raw.rules.iter().map(|r| parse_rule(r, source, sets)).collect::<Result<Vec<_>>>()?;
        taxonomy.cues.push(Cue { kind, weight: raw.weight, rules, file: source.name.to_owned() });
    }
    Ok(())
}

fn checked_cause(spanned: &Spanned<RawCause>, pack: usize, taxonomy: &Taxonomy, source: &Source<'_>, sets: &Sets) -> Result<Cause> {
    let raw = spanned.get_ref();
    let wrong = |message: String| place(source, spanned, Error::setup(message));
    let path: Vec<String> = raw.path.split('/').map(|p| p.trim().to_owned()).collect();
    if path.iter().any(String::is_empty) {
        return Err(wrong(format!("cause path `{}` has an empty part; write it as `大类 / 原因`", raw.path)));
    }
    if raw.rules.is_empty() {
        return Err(wrong(format!("cause `{}` has no rule", raw.path)));
    }
    if raw.kinds.is_empty() {
        return Err(wrong(format!("cause `{}` has no kind; write for example `kinds = [\"complaint\"]`", raw.path)));
    }
    let weight = raw.weight.unwrap_or(1.0);
    if !(0.01..=100.0).contains(&weight) {
        return Err(wrong(format!("cause `{}`: expected a weight from 0.01 to 100, found {weight}", raw.path)));
    }
    let kinds = raw.kinds.iter().map(|k| parse_kind(k).map_err(|e| place(source, k, e))).collect::<Result<Vec<_>>>()?;
    let products = raw
        .products
        .iter()
        .map(|name| {
            taxonomy.products.iter().position(|p| p.name == *name.get_ref()).ok_or_else(|| {
                let near = nearest(name.get_ref(), taxonomy.products.iter().map(|p| p.name.as_str()));
                let hint = near.map_or("; define it with [[product]]".to_owned(), |n| format!("; the nearest is `{n}`"));
                place(source, name, Error::setup(format!("unknown product `{}`{hint}", name.get_ref())))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let rules = raw.rules.iter().map(|r| parse_rule(r, source, sets)).collect::<Result<Vec<_>>>()?;
    let examples = |list: &[Spanned<String>]| {
        list.iter().map(|t| Example { text: t.get_ref().clone(), line: line_of(source.text, t.span().start) }).collect::<Vec<_>>()
    };
    Ok(Cause {
        path,
        kinds,
        products,
        pack,
        team: raw.team.clone(),
        stage: raw.stage.clone(),
        weight,
        rules,
        matches: examples(&raw.matches),
        rejects: examples(&raw.rejects),
        script: raw.script.clone(),
        file: source.name.to_owned(),
        line: line_of(source.text, spanned.span().start),
    })
}

fn parse_kind(code: &Spanned<String>) -> Result<Kind> {
    Kind::from_code(code.get_ref()).ok_or_else(|| {
        let near = nearest(code.get_ref(), Kind::ALL.iter().map(|k| k.code()));
        let all = Kind::ALL.map(Kind::code).join(", ");
        let hint = near.map_or(String::new(), |n| format!("; the nearest is `{n}`"));
        Error::setup(format!("unknown kind `{}`, expected one of {all}{hint}", code.get_ref()))
    })
}

fn parse_rule(raw: &Spanned<String>, source: &Source<'_>, sets: &Sets) -> Result<Rule> {
    let expr = rule::parse(raw.get_ref(), sets).map_err(|e| place(source, raw, Error::setup(format!("{} in `{}`", e.message, shorten(raw.get_ref())))))?;
    Ok(Rule { text: raw.get_ref().clone(), expr, line: line_of(source.text, raw.span().start) })
}

fn shorten(text: &str) -> String {
    let mut s: String = text.chars().take(60).collect();
    if s.len() < text.len() {
        s.push('…');
    }
    s
}
