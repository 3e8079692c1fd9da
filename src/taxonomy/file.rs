//! The TOML files: raw as written, then checked into the types of [`crate::taxonomy`].

mod checks;

pub(super) use checks::add_checks;

use super::rule::{self, Sets};
use super::{Cause, Cue, Example, Pack, Product, Rule, Script, Source, Taxonomy};
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
    check: Vec<Spanned<checks::RawCheck>>,
    #[serde(default)]
    script: Vec<Spanned<RawScript>>,
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
    suggestion: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    cause: String,
    product: Option<String>,
    text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCue {
    kind: Spanned<String>,
    weight: f32,
    rules: Vec<Spanned<String>>,
}

/// A file as written, with what is needed to tell lines.
pub(super) struct Parsed<'a> {
    raw: RawFile,
    name: &'a str,
    line_starts: Vec<usize>,
}

impl Parsed<'_> {
    fn line<T>(&self, at: &Spanned<T>) -> u64 {
        self.line_starts.partition_point(|start| *start <= at.span().start) as u64
    }

    /// Whether it adds nothing to what tickets are sorted by.
    fn sorts_nothing(&self) -> bool {
        let checks_or_scripts = !self.raw.check.is_empty() || !self.raw.script.is_empty();
        self.raw.pack.is_none() && self.raw.cause.is_empty() && self.raw.cue.is_empty() && checks_or_scripts
    }

    fn place<T>(&self, at: &Spanned<T>, error: Error) -> Error {
        error.in_file(self.name).at_line(self.line(at))
    }
}

/// Reads the TOML; unknown keys are errors that name the nearest valid one.
pub(super) fn read<'a>(source: &Source<'a>) -> Result<Parsed<'a>> {
    let raw = toml::from_str(source.text).map_err(|e| toml_error(&e, source))?;
    let line_starts = std::iter::once(0).chain(source.text.match_indices('\n').map(|(i, _)| i + 1)).collect();
    Ok(Parsed { raw, name: source.name, line_starts })
}

/// Turns a TOML error into ours: its line, and for an unknown key the nearest valid one.
pub fn toml_error(e: &toml::de::Error, source: &Source<'_>) -> Error {
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
        Some(span) => error.at_line(source.text[..span.start.min(source.text.len())].matches('\n').count() as u64 + 1),
        None => error,
    }
}

/// Adds the file's sets to `sets`; entries may name sets of the same file in any order.
pub(super) fn add_sets(file: &Parsed<'_>, sets: &mut Sets) -> Result<()> {
    for (name, entries) in &file.raw.sets {
        if sets.contains_key(name) {
            let error = Error::setup(format!("set `{{{name}}}` already exists among the shared sets; choose another name"));
            return Err(file.place(entries, error));
        }
    }
    let mut open = Vec::new();
    for name in file.raw.sets.keys() {
        resolve_set(name, file, sets, &mut open)?;
    }
    Ok(())
}

fn resolve_set<'a>(name: &'a str, file: &'a Parsed<'_>, sets: &mut Sets, open: &mut Vec<&'a str>) -> Result<()> {
    let Some(entries) = file.raw.sets.get(name) else { return Ok(()) };
    if sets.contains_key(name) {
        return Ok(());
    }
    if open.contains(&name) {
        return Err(file.place(entries, Error::setup(format!("set `{{{name}}}` contains itself"))));
    }
    if open.len() > rule::MAX_DEPTH {
        return Err(file.place(entries, Error::setup(format!("set `{{{name}}}` is nested more than {} deep; name its entries directly", rule::MAX_DEPTH))));
    }
    open.push(name);
    let mut terms = Vec::new();
    for entry in entries.get_ref() {
        if let Some(inner) = entry.get_ref().trim().strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            resolve_set(inner, file, sets, open)?;
        }
        let more = rule::parse_set_entry(entry.get_ref(), sets).map_err(|e| file.place(entry, e))?;
        terms.extend(more.iter().cloned());
    }
    open.pop();
    if terms.is_empty() {
        return Err(file.place(entries, Error::setup(format!("set `{{{name}}}` is empty"))));
    }
    terms.sort();
    terms.dedup();
    sets.insert(name.to_owned(), Arc::new(terms));
    Ok(())
}

/// Adds the file's pack, or extends the pack of the same id.
pub(super) fn add_pack(taxonomy: &mut Taxonomy, file: &Parsed<'_>) {
    taxonomy.words.extend(file.raw.words.iter().cloned());
    if file.sorts_nothing() {
        return;
    }
    // A file without a [pack] is a desk's own: its causes apply everywhere.
    let own = RawPack { id: file.name.to_owned(), name: String::new(), headers: Vec::new(), product_hints: Vec::new(), cues: Vec::new(), words: Vec::new() };
    let p = file.raw.pack.as_ref().unwrap_or(&own);
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
}

/// Adds the file's products.
pub(super) fn add_products(taxonomy: &mut Taxonomy, file: &Parsed<'_>) -> Result<()> {
    for p in &file.raw.product {
        let r = p.get_ref();
        if r.name.trim().is_empty() {
            return Err(file.place(p, Error::setup("product without a name")));
        }
        if taxonomy.products.iter().any(|k| k.name == r.name) {
            return Err(file.place(p, Error::setup(format!("product `{}` is defined twice", r.name))));
        }
        let packs = r.packs.iter().map(|id| taxonomy.pack(id.get_ref()).map_err(|e| file.place(id, e))).collect::<Result<Vec<_>>>()?;
        taxonomy.products.push(Product { name: r.name.clone(), aliases: r.aliases.clone(), team: r.team.clone(), packs });
    }
    Ok(())
}

/// Adds the file's causes and kind cues.
pub(super) fn add_causes(taxonomy: &mut Taxonomy, file: &Parsed<'_>, sets: &Sets) -> Result<()> {
    if file.sorts_nothing() {
        return Ok(());
    }
    let pack_id = file.raw.pack.as_ref().map_or(file.name, |p| p.id.as_str());
    let pack = taxonomy.pack(pack_id)?;
    for spanned in &file.raw.cause {
        let cause = checked_cause(spanned, pack, taxonomy, file, sets)?;
        let name = cause.name();
        match taxonomy.causes.iter_mut().find(|c| c.pack == pack && c.path == cause.path) {
            Some(twin) if twin.file == cause.file => {
                let error = Error::setup(format!("cause `{name}` is defined twice; the first is at line {}", twin.line));
                return Err(file.place(spanned, error));
            }
            // A later file's cause takes the place of an earlier file's: so a desk mends a built-in cause without copying its pack.
            Some(twin) => *twin = cause,
            None => taxonomy.causes.push(cause),
        }
    }
    for raw in &file.raw.cue {
        let kind = parse_kind(&raw.kind).map_err(|e| file.place(&raw.kind, e))?;
        let rules = raw.rules.iter().map(|r| parse_rule(r, file, sets)).collect::<Result<Vec<_>>>()?;
        taxonomy.cues.push(Cue { kind, weight: raw.weight, rules, file: file.name.to_owned() });
    }
    Ok(())
}

/// Adds the file's scripts; all causes are known.
pub(super) fn add_scripts(taxonomy: &mut Taxonomy, file: &Parsed<'_>) -> Result<()> {
    for spanned in &file.raw.script {
        let raw = spanned.get_ref();
        let wrong = |message: String| file.place(spanned, Error::setup(message));
        let cause = raw.cause.split('/').map(str::trim).collect::<Vec<_>>().join(" / ");
        let names: Vec<String> = taxonomy.causes.iter().map(Cause::name).collect();
        if !names.contains(&cause) {
            let near = nearest(&cause, names.iter().map(String::as_str)).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
            return Err(wrong(format!("script for an unknown cause `{cause}`{near}")));
        }
        if raw.text.trim().is_empty() {
            return Err(wrong(format!("script for `{cause}` is empty")));
        }
        let named = |name: &String| {
            let known = taxonomy.products.iter().find(|p| std::iter::once(&p.name).chain(&p.aliases).any(|n| super::is_of(n, name)));
            known.map_or_else(|| name.trim().to_owned(), |p| p.name.clone())
        };
        let product = raw.product.as_ref().map(named).filter(|p| !p.is_empty());
        taxonomy.scripts.push(Script { cause, product, text: raw.text.trim().to_owned(), own: false, file: file.name.to_owned() });
    }
    Ok(())
}

fn checked_cause(spanned: &Spanned<RawCause>, pack: usize, taxonomy: &Taxonomy, file: &Parsed<'_>, sets: &Sets) -> Result<Cause> {
    let raw = spanned.get_ref();
    let wrong = |message: String| file.place(spanned, Error::setup(message));
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
    let kinds = raw.kinds.iter().map(|k| parse_kind(k).map_err(|e| file.place(k, e))).collect::<Result<Vec<_>>>()?;
    let products = raw
        .products
        .iter()
        .map(|name| {
            taxonomy.products.iter().position(|p| p.name == *name.get_ref()).ok_or_else(|| {
                let near = nearest(name.get_ref(), taxonomy.products.iter().map(|p| p.name.as_str()));
                let hint = near.map_or("; define it with [[product]]".to_owned(), |n| format!("; the nearest is `{n}`"));
                file.place(name, Error::setup(format!("unknown product `{}`{hint}", name.get_ref())))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let rules = raw.rules.iter().map(|r| parse_rule(r, file, sets)).collect::<Result<Vec<_>>>()?;
    let examples = |list: &[Spanned<String>]| list.iter().map(|t| Example { text: t.get_ref().clone(), line: file.line(t) }).collect::<Vec<_>>();
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
        counted_as: 0,
        own: false,
        script: raw.script.clone(),
        suggestion: raw.suggestion.clone(),
        file: file.name.to_owned(),
        line: file.line(spanned),
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

fn parse_rule(raw: &Spanned<String>, file: &Parsed<'_>, sets: &Sets) -> Result<Rule> {
    let expr = rule::parse(raw.get_ref(), sets).map_err(|e| file.place(raw, Error::setup(format!("{} in `{}`", e.message, shorten(raw.get_ref())))))?;
    Ok(Rule { text: raw.get_ref().clone(), expr, line: file.line(raw) })
}

fn shorten(text: &str) -> String {
    let mut s: String = text.chars().take(60).collect();
    if s.len() < text.len() {
        s.push('…');
    }
    s
}
