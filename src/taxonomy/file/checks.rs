//! The checks of a file.

use super::{Parsed, parse_kind, parse_rule};
use crate::error::{Error, Result, nearest};
use crate::taxonomy::check::{About, Check, Name, Shape, Window};
use crate::taxonomy::rule::Sets;
use crate::taxonomy::{Example, Taxonomy};
use serde::Deserialize;
use toml::Spanned;

/// A check as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCheck {
    id: String,
    name: String,
    hant: Option<String>,
    english: Option<String>,
    about: Spanned<String>,
    #[serde(default)]
    good: bool,
    #[serde(default)]
    risk: bool,
    #[serde(default)]
    kinds: Vec<Spanned<String>>,
    window: Option<Spanned<String>>,
    is: Option<Spanned<String>>,
    turns: Option<usize>,
    minutes: Option<u32>,
    #[serde(default)]
    rules: Vec<Spanned<String>>,
    #[serde(default)]
    unless: Vec<Spanned<String>>,
    #[serde(rename = "match", default)]
    matches: Vec<Spanned<String>>,
    #[serde(rename = "reject", default)]
    rejects: Vec<Spanned<String>>,
    precision: Option<f64>,
}

/// Turns in a row, and minutes, that nobody should wait for longer.
const WAITING: (usize, u32) = (3, 10);

/// Adds the file's checks; one of the same id as an earlier file's takes its place.
pub(in crate::taxonomy) fn add_checks(taxonomy: &mut Taxonomy, file: &Parsed<'_>, sets: &Sets) -> Result<()> {
    for spanned in &file.raw.check {
        let check = checked(spanned, file, sets)?;
        match taxonomy.checks.iter_mut().find(|c| c.id == check.id) {
            Some(twin) if twin.file == check.file => {
                return Err(file.place(spanned, Error::setup(format!("check `{}` is defined twice; the first is at line {}", check.id, twin.line))));
            }
            Some(twin) => *twin = check,
            None => taxonomy.checks.push(check),
        }
    }
    Ok(())
}

fn checked(spanned: &Spanned<RawCheck>, file: &Parsed<'_>, sets: &Sets) -> Result<Check> {
    let raw = spanned.get_ref();
    let wrong = |message: &str| file.place(spanned, Error::setup(format!("check `{}`: {message}", raw.id)));
    let about = one_of(&raw.about, &[("agent", About::Agent), ("customer", About::Customer)], file)?;
    let window = raw.window.as_ref().map(|w| one_of(w, &Window::ALL, file)).transpose()?;
    let (turns, minutes) = (raw.turns.unwrap_or(WAITING.0), raw.minutes.unwrap_or(WAITING.1));
    let shapes = [
        ("unanswered", Shape::Unanswered),
        ("copied", Shape::Copied),
        ("waiting", Shape::Waiting { turns, minutes }),
        ("script", Shape::Script),
        ("asked-again", Shape::AskedAgain),
    ];
    let shape = raw.is.as_ref().map(|is| one_of(is, &shapes, file)).transpose()?;
    if let Some(message) = mistake(raw, about, shape) {
        return Err(wrong(message));
    }
    let rules = |list: &[Spanned<String>]| list.iter().map(|r| parse_rule(r, file, sets)).collect::<Result<Vec<_>>>();
    let examples = |list: &[Spanned<String>]| list.iter().map(|t| Example { text: t.get_ref().clone(), line: file.line(t) }).collect();
    Ok(Check {
        id: raw.id.clone(),
        name: Name {
            zh: raw.name.clone(),
            hant: raw.hant.clone().unwrap_or_else(|| raw.name.clone()),
            en: raw.english.clone().unwrap_or_else(|| raw.id.clone()),
        },
        about,
        good: raw.good,
        risk: raw.risk,
        kinds: raw.kinds.iter().map(|k| parse_kind(k).map_err(|e| file.place(k, e))).collect::<Result<_>>()?,
        window: window.unwrap_or_default(),
        shape,
        rules: rules(&raw.rules)?,
        unless: rules(&raw.unless)?,
        matches: examples(&raw.matches),
        rejects: examples(&raw.rejects),
        precision: raw.precision,
        file: file.name.to_owned(),
        line: file.line(spanned),
    })
}

/// What does not go together in a check.
fn mistake(raw: &RawCheck, about: About, shape: Option<Shape>) -> Option<&'static str> {
    let customer = about == About::Customer;
    let waits = matches!(shape, Some(Shape::Waiting { .. }));
    let mistakes = [
        (
            raw.id.is_empty() || !raw.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "expected an id of small letters, digits and `-`",
        ),
        (shape.is_none() && raw.rules.is_empty(), "has neither `rules` nor `is`"),
        (shape.is_some() && !raw.rules.is_empty(), "has `is` and needs no `rules`; words that speak against it belong to `unless`"),
        (shape.is_some() && customer, "`is` tells of the order of turns; write `about = \"agent\"`"),
        (raw.window.is_some() && (customer || shape.is_some()), "`window` is for rules about the agent; leave it away"),
        (raw.risk && !customer, "a risk is what a customer says; write `about = \"customer\"`"),
        ((raw.turns.is_some() || raw.minutes.is_some()) && !waits, "`turns` and `minutes` belong to `is = \"waiting\"`"),
        (raw.precision.is_some_and(|p| !(0.0..=1.0).contains(&p)), "expected a `precision` from 0 to 1"),
    ];
    mistakes.into_iter().find(|(is, _)| *is).map(|(_, message)| message)
}

/// What a word of a closed list means.
fn one_of<T: Copy>(word: &Spanned<String>, all: &[(&str, T)], file: &Parsed<'_>) -> Result<T> {
    let known = all.iter().find(|(name, _)| name == word.get_ref()).map(|(_, meaning)| *meaning);
    known.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        let hint = nearest(word.get_ref(), names.iter().copied()).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
        file.place(word, Error::setup(format!("unknown word `{}`, expected one of {}{hint}", word.get_ref(), names.join(", "))))
    })
}
