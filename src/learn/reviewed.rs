//! What people wrote into review sheets: checked, put into the store, counted.

use super::Trained;
use super::store::{Entry, Store};
use crate::error::{Error, Result};
use crate::review::sheet::{COLUMNS, Facts, at};
use crate::review::{Answer, Labels, Returned, Stratum, UNDECIDED, key};
use std::collections::{BTreeMap, HashMap};

/// A row of a sheet, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// The ticket's id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// What was decided.
    pub decided: Vec<String>,
    /// Why it was in the sheet.
    pub stratum: Option<Stratum>,
    /// What a person says.
    pub answer: Answer,
    /// What had decided.
    pub facts: Facts,
}

/// What the rows of sheets came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows with another label than was decided.
    pub corrected: u64,
    /// Rows whose decision was right.
    pub confirmed: u64,
    /// Rows left empty.
    pub not_looked_at: u64,
    /// Of the tickets chosen at random: looked at, and decided rightly; each once, by what holds of it now.
    pub random: (u64, u64),
    /// Ids of tickets of which these sheets say different things; the last holds.
    pub contradictions: Vec<String>,
    /// From what to what, how often; the most frequent first.
    pub changes: Vec<(String, String, u64)>,
}

/// Understands all rows, or none: `new_labels` takes labels that are in no list.
///
/// # Errors
/// The first row that says what cannot be, and how many more there are.
pub fn check(rows: &[Returned], labels: &Labels, new_labels: bool, facts: &Facts) -> Result<Vec<Reviewed>> {
    let mut wrong = Vec::new();
    let mut understood = Vec::with_capacity(rows.len());
    for row in rows {
        let decided = labels.decided(&row.decided);
        let answer = labels.answer(&row.answer, new_labels).and_then(|answer| match answer {
            Answer::Right if decided.is_empty() => Err(format!("`{}` of a row where nothing was decided; write the label", row.answer)),
            answer => Ok(answer),
        });
        match answer {
            Ok(answer) if answer != Answer::NotLookedAt && row.text.is_empty() => wrong.push((row, "a label, but no text to learn from".to_owned())),
            Ok(answer) => {
                let (id, text, facts) = (row.id.clone(), row.text.clone(), facts.clone());
                understood.push(Reviewed { id, text, decided, stratum: row.stratum, answer, facts });
            }
            Err(message) => wrong.push((row, message)),
        }
    }
    let Some((row, message)) = wrong.first() else { return Ok(understood) };
    let more = if wrong.len() > 1 {
        let rows: Vec<&str> = wrong[1..].iter().take(5).map(|(r, _)| r.row.as_str()).collect();
        format!("; {} more rows cannot be taken either: {}{}", wrong.len() - 1, rows.join(", "), if wrong.len() > 6 { ", …" } else { "" })
    } else {
        String::new()
    };
    let place = format!("{}, row {}, column {}", row.file, row.row, COLUMNS[at::ANSWER]);
    Err(Error::input(format!("{message}{more}; nothing was written")).in_file(&place))
}

/// Adds the rows that were looked at to the store.
pub fn add(store: &mut Store, rows: &[Reviewed], who: Option<&str>, when: Option<&str>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut changes: BTreeMap<(String, String), u64> = BTreeMap::new();
    let (mut said, mut random) = (HashMap::new(), HashMap::new());
    for row in rows {
        let decided = row.decided.join("|");
        let label = match &row.answer {
            Answer::NotLookedAt => {
                outcome.not_looked_at += 1;
                continue;
            }
            Answer::Right => decided.clone(),
            Answer::Labels(names) => names.join("|"),
        };
        let right = label == decided;
        if right {
            outcome.confirmed += 1;
        } else {
            outcome.corrected += 1;
            *changes.entry((decided.clone(), label.clone())).or_default() += 1;
        }
        let key = key(&row.id, &row.text);
        if said.insert(key.clone(), label.clone()).is_some_and(|before| before != label) {
            outcome.contradictions.push(row.id.clone());
        }
        if row.stratum == Some(Stratum::Random) {
            random.insert(key, right);
        }
        store.add(Entry {
            id: row.id.clone(),
            text: row.text.clone(),
            target: row.facts.target,
            label,
            decided,
            stratum: row.stratum,
            who: who.map(str::to_owned),
            when: when.map(str::to_owned),
            taxonomy: row.facts.taxonomy.clone(),
            model: row.facts.model.clone(),
        });
    }
    outcome.random = (random.len() as u64, random.values().filter(|right| **right).count() as u64);
    outcome.changes = changes.into_iter().map(|((from, to), n)| (from, to, n)).collect();
    outcome.changes.sort_by_key(|change| std::cmp::Reverse(change.2));
    outcome
}

/// Of the store's rows that were scored out of fold: how many, how many had been decided rightly, and how many the new model
/// decides rightly. `first` is where the store's rows begin among those trained on.
#[must_use]
pub fn before_and_now(trained: &Trained, store: &Store, first: usize) -> (u64, u64, u64) {
    let (model, mut probabilities) = (&trained.model, Vec::new());
    let entries: Vec<&Entry> = store.current(model.target).collect();
    let mut counts = (0, 0, 0);
    for held in trained.held_out.iter().filter(|h| h.row >= first && !h.labels.is_empty()) {
        let entry = entries[held.row - first];
        model.calibration.apply(&held.scores, model.several, &mut probabilities);
        let mut said = model.calibration.verdict(&held.scores, &probabilities, model.several).labels;
        said.sort_unstable();
        let right = said.iter().map(|l| &model.labels[*l]).eq(&entry.labels());
        counts = (counts.0 + 1, counts.1 + u64::from(entry.was_right()), counts.2 + u64::from(right));
    }
    counts
}

/// What a label is called where there is none.
#[must_use]
pub fn shown(label: &str, labels: &Labels, empty: &str) -> String {
    if label.is_empty() { empty.to_owned() } else { label.split('|').map(|l| labels.shown(l)).collect::<Vec<_>>().join("|") }
}

/// The changes as people read them: `投诉 → 咨询 5`.
#[must_use]
pub fn shown_changes(outcome: &Outcome, labels: &Labels, most: usize) -> String {
    let change = |(from, to, n): &(String, String, u64)| format!("{} → {} {n}", shown(from, labels, UNDECIDED), shown(to, labels, crate::review::labels::NONE));
    let shown: Vec<String> = outcome.changes.iter().take(most).map(change).collect();
    let more = outcome.changes.len().saturating_sub(most);
    shown.join("; ") + &if more > 0 { format!("; and {more} more") } else { String::new() }
}
