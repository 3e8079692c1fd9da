//! The closed list of labels, and what a person's cell says.

use crate::error::nearest;
use crate::model::Target;
use crate::prediction::Kind;
use crate::segment::Normalizer;
use std::collections::HashMap;

/// The word for a decision that is right.
pub const RIGHT: &str = "对";
/// The word for a ticket that no label fits.
pub const NONE: &str = "无";
/// What is shown where nothing was decided.
pub const UNDECIDED: &str = "（未判）";
/// Other ways to say that a decision is right.
const ALSO_RIGHT: [&str; 6] = ["√", "✓", "正确", "ok", "yes", "对的"];

/// Labels of a target: names as models and taxonomies have them.
#[derive(Debug, Clone)]
pub struct Labels {
    target: Target,
    names: Vec<String>,
    /// Names folded, without white space, for slips that change nothing.
    folded: HashMap<String, usize>,
}

/// What a person has written into a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing: the row was not looked at.
    NotLookedAt,
    /// The decision is right.
    Right,
    /// These labels are right; without any: none fits.
    Labels(Vec<String>),
}

fn fold(text: &str) -> String {
    Normalizer::builtin().folded(text).chars().filter(|c| !c.is_whitespace()).collect()
}

impl Labels {
    /// The labels of these names; the first of several equal ones stays.
    #[must_use]
    pub fn new(target: Target, names: impl IntoIterator<Item = String>) -> Labels {
        let mut labels = Labels { target, names: Vec::new(), folded: HashMap::new() };
        names.into_iter().for_each(|name| labels.add(name));
        labels
    }

    /// One more label.
    pub fn add(&mut self, name: String) {
        if name.is_empty() || self.names.contains(&name) {
            return;
        }
        let at = self.names.len();
        for text in [self.shown(&name).to_owned(), name.clone()] {
            self.folded.entry(fold(&text)).or_insert(at);
        }
        self.names.push(name);
    }

    /// What they are labels of.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What people read instead of a name: kinds are shown in Chinese.
    #[must_use]
    pub fn shown<'a>(&self, name: &'a str) -> &'a str {
        let kind = Kind::from_code(name).filter(|_| self.target == Target::Kind);
        kind.map_or(name, |k| k.chinese().0)
    }

    /// What people read instead of several names.
    #[must_use]
    pub fn shown_all(&self, names: &[String]) -> String {
        names.iter().map(|n| self.shown(n)).collect::<Vec<_>>().join("|")
    }

    /// The name that a text means.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&str> {
        let exact = self.names.iter().find(|n| *n == text);
        exact.or_else(|| self.folded.get(&fold(text)).map(|at| &self.names[*at])).map(String::as_str)
    }

    /// The names in a cell of decisions; what is no label any more stays as it is.
    #[must_use]
    pub fn decided(&self, cell: &str) -> Vec<String> {
        let cell = cell.trim();
        if cell == UNDECIDED {
            return Vec::new();
        }
        sorted(parts(cell).map(|part| self.find(part).unwrap_or(part).to_owned()).collect())
    }

    /// What a cell of answers says. `new` takes labels that are not in the list.
    ///
    /// # Errors
    /// What is wrong with it, and the label nearest to it.
    ///
    /// ```
    /// use ahu::{model::Target, review::{Answer, Labels}};
    /// let labels = Labels::new(Target::Kind, ["complaint".into(), "inquiry".into()]);
    /// assert_eq!(labels.answer(" 咨询 ", false), Ok(Answer::Labels(vec!["inquiry".into()])));
    /// assert_eq!(labels.answer("对", false), Ok(Answer::Right));
    /// assert!(labels.answer("投拆", false).unwrap_err().ends_with("the nearest is `投诉`"));
    /// ```
    pub fn answer(&self, cell: &str, new: bool) -> Result<Answer, String> {
        let cell = cell.trim();
        if cell.is_empty() {
            return Ok(Answer::NotLookedAt);
        }
        if let Some(name) = self.find(cell) {
            return Ok(Answer::Labels(vec![name.to_owned()]));
        }
        let said = fold(cell);
        if said == RIGHT || ALSO_RIGHT.iter().any(|word| fold(word) == said) {
            return Ok(Answer::Right);
        }
        if said == NONE && self.target != Target::Kind {
            return Ok(Answer::Labels(Vec::new()));
        }
        let mut found = Vec::new();
        for part in parts(cell) {
            match self.find(part) {
                Some(name) => found.push(name.to_owned()),
                None if new && self.target != Target::Kind => found.push(part.to_owned()),
                None => {
                    let near = nearest(part, self.names.iter().map(|n| self.shown(n)));
                    return Err(format!("`{part}` is no label{}", near.map_or(String::new(), |n| format!("; the nearest is `{n}`"))));
                }
            }
        }
        let found = sorted(found);
        if self.target == Target::Kind && found.len() > 1 {
            return Err(format!("`{cell}`: a ticket has one kind; of a complaint with a question `{}`", self.shown(Kind::Complaint.code())));
        }
        Ok(Answer::Labels(found))
    }
}

fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(['|', '｜']).map(str::trim).filter(|part| !part.is_empty())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_that_change_nothing_are_understood() {
        let labels = Labels::new(Target::Cause, ["账号 / 账号被盗".to_owned(), "无".to_owned(), "登录".to_owned()]);
        for cell in ["账号 / 账号被盗", "账号/账号被盗", " 帳號／帳號被盜 "] {
            assert_eq!(labels.answer(cell, false), Ok(Answer::Labels(vec!["账号 / 账号被盗".to_owned()])), "{cell}");
        }
        // A label wins over the word for none.
        assert_eq!(labels.answer("无", false), Ok(Answer::Labels(vec!["无".to_owned()])));
        assert_eq!(labels.answer("登录｜账号/账号被盗", false), Ok(Answer::Labels(vec!["登录".to_owned(), "账号 / 账号被盗".to_owned()])));
        assert_eq!(labels.answer("OK", false), Ok(Answer::Right));
        assert_eq!(labels.answer(" \n", false), Ok(Answer::NotLookedAt));
        assert!(labels.answer("新的", false).is_err());
        assert_eq!(labels.answer("新的", true), Ok(Answer::Labels(vec!["新的".to_owned()])));
        assert_eq!(Labels::new(Target::Cause, []).answer("无", false), Ok(Answer::Labels(Vec::new())));
    }
}
