//! The store of what people have told: JSON lines, to which is only added. A later line on the same ticket wins; the earlier ones
//! stay as history.

use crate::error::{Error, Result};
use crate::mask::mask;
use crate::model::Target;
use crate::review::{Stratum, key, text_key};
use crate::ticket::Labelled;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// What a person told of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The ticket's id.
    pub id: String,
    /// Its text, masked as the sheet showed it.
    pub text: String,
    /// What the label is.
    pub target: Target,
    /// The label; several are joined by `|`; empty where none fits.
    pub label: String,
    /// What had been decided, written alike.
    pub decided: String,
    /// Why the ticket was in the sheet.
    pub stratum: Option<Stratum>,
    /// Who told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Hash of the taxonomy that had decided.
    #[serde(default)]
    pub taxonomy: String,
    /// Hashes of the models that had decided.
    #[serde(default)]
    pub model: String,
}

impl Entry {
    /// Whether the decision was right.
    #[must_use]
    pub fn was_right(&self) -> bool {
        self.label == self.decided
    }

    /// Its labels; none where no label fits.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        self.label.split('|').filter(|l| !l.is_empty()).map(str::to_owned).collect()
    }
}

/// All entries, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct Store {
    entries: Vec<Entry>,
    /// The last entry on each ticket.
    last: HashMap<(Target, String), usize>,
    /// Entries that were in the file.
    kept: usize,
}

impl Store {
    /// Understands the text of a store called `name`.
    ///
    /// # Errors
    /// The first line that is no entry.
    pub fn parse(text: &str, name: &str) -> Result<Store> {
        let mut store = Store::default();
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let entry = serde_json::from_str(line).map_err(|e| {
                let message = format!("expected an entry that `ahu learn` has written, found something else ({e}); mend or delete that line");
                Error::input(message).in_file(name).at_line(number)
            })?;
            store.push(entry);
        }
        store.kept = store.entries.len();
        Ok(store)
    }

    fn push(&mut self, entry: Entry) {
        self.last.insert((entry.target, key(&entry.id, &entry.text)), self.entries.len());
        self.entries.push(entry);
    }

    /// Adds an entry, unless the last one on its ticket says the same.
    pub fn add(&mut self, entry: Entry) -> bool {
        let told = self.last.get(&(entry.target, key(&entry.id, &entry.text))).map(|at| &self.entries[*at]);
        if told.is_some_and(|told| told.label == entry.label) {
            return false;
        }
        self.push(entry);
        true
    }

    /// How many entries were added since the file was read.
    #[must_use]
    pub fn added(&self) -> usize {
        self.entries.len() - self.kept
    }

    /// The lines to add to the file.
    ///
    /// # Errors
    /// None that is known of.
    pub fn lines(&self) -> Result<String> {
        let mut out = String::new();
        for entry in &self.entries[self.kept..] {
            out.push_str(&serde_json::to_string(entry).map_err(|e| Error::setup(format!("an entry cannot be written: {e}")))?);
            out.push('\n');
        }
        Ok(out)
    }

    /// What holds now of each ticket, in the order in which it was told.
    pub fn current(&self, target: Target) -> impl Iterator<Item = &Entry> {
        let holds = move |(at, e): &(usize, &Entry)| e.target == target && self.last.get(&(target, key(&e.id, &e.text))) == Some(at);
        self.entries.iter().enumerate().filter(holds).map(|(_, e)| e)
    }

    /// The keys of the tickets that were looked at.
    #[must_use]
    pub fn known(&self, target: Target) -> HashSet<String> {
        self.last.keys().filter(|(t, _)| *t == target).map(|(_, key)| key.clone()).collect()
    }

    /// The rows to learn from: those of `rows` of which the store tells nothing, by id or text, then the store's. Tells as well
    /// where the store's begin. Tickets that no label fits have the label `none`.
    #[must_use]
    pub fn joined(&self, rows: Vec<Labelled>, target: Target, none: &str) -> (Vec<Labelled>, usize) {
        let ids = self.known(target);
        let texts: HashSet<u64> = self.current(target).map(|e| text_key(&e.text)).collect();
        let told = |r: &Labelled| ids.contains(&key(&r.id, &r.text)) || texts.contains(&text_key(&r.text)) || texts.contains(&text_key(&mask(&r.text)));
        let mut all: Vec<Labelled> = rows.into_iter().filter(|r| !told(r)).collect();
        let first = all.len();
        all.extend(self.current(target).map(|e| {
            let labels = if e.label.is_empty() { vec![none.to_owned()] } else { e.labels() };
            Labelled { id: e.id.clone(), text: e.text.clone(), labels }
        }));
        (all, first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, text: &str, label: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            text: text.to_owned(),
            target: Target::Cause,
            label: label.to_owned(),
            decided: "a".to_owned(),
            stratum: Some(Stratum::Random),
            who: None,
            when: None,
            taxonomy: String::new(),
            model: String::new(),
        }
    }

    #[test]
    fn the_last_word_holds_and_the_first_stays() {
        let mut store = Store::default();
        assert!(store.add(entry("1", "x", "a")) && store.add(entry("#2", "y", "b")));
        // The same ticket in another row of another file.
        assert!(!store.add(entry("1", "x", "a")) && !store.add(entry("b.csv#9", "y", "b")));
        assert!(store.add(entry("1", "x", "c")));
        let mut again = Store::parse(&store.lines().unwrap(), "s").unwrap();
        assert_eq!((again.entries.len(), again.added(), again.current(Target::Cause).count()), (3, 0, 2));
        assert_eq!(again.current(Target::Cause).map(|e| e.label.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        assert!(again.add(entry("1", "x", "a")));
    }

    #[test]
    fn the_store_wins_by_id_and_by_text() {
        let mut store = Store::default();
        store.add(entry("1", "电话138********打不通", "a"));
        store.add(entry("2", "none of them", ""));
        let row = |id: &str, text: &str| Labelled { id: id.to_owned(), text: text.to_owned(), labels: vec!["old".to_owned()] };
        let (rows, first) = store.joined(vec![row("1", "other"), row("7", "电话13812345678打不通"), row("8", "z")], Target::Cause, "无");
        assert_eq!((rows.len(), first, rows[0].id.as_str(), rows[2].labels[0].as_str()), (3, 1, "8", "无"));
    }

    #[test]
    fn what_is_no_entry_is_named_with_its_line() {
        let good = "{\"id\":\"1\",\"text\":\"x\",\"target\":\"kind\",\"label\":\"other\",\"decided\":\"\",\"stratum\":null}\n";
        assert!(Store::parse(good, "s.jsonl").is_ok());
        let e = Store::parse(&format!("{good}\n{{\"id\":\"2\",\"te"), "s.jsonl").unwrap_err();
        assert!(e.to_string().starts_with("s.jsonl, line 3: expected an entry"), "{e}");
    }
}
