//! Checks: what the desk's words and the customer's are looked over for, beside kind and cause.

use super::{Example, Rule};
use crate::prediction::Kind;
use serde::Serialize;

/// A name in the languages that people read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Name {
    /// 简体中文.
    pub zh: String,
    /// 繁體中文; as `zh` where none is written.
    #[serde(rename = "zh-Hant")]
    pub hant: String,
    /// English; as the check's id where none is written.
    pub en: String,
}

/// Whose words a check reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Those of persons at the desk.
    Agent,
    /// The customer's.
    Customer,
}

/// Which of the desk's words a check reads. Turns that follow each other without one of the other side are read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// The first ones.
    First,
    /// All after the customer's first words that say something.
    After,
    /// Those that answer words of the customer that say something: what follows a 好的 or 谢谢 is no answer.
    Answers,
    /// The last ones.
    Last,
    /// All.
    #[default]
    Any,
}

impl Window {
    /// Every window with its code.
    pub const ALL: [(&'static str, Window); 5] =
        [("first", Window::First), ("after", Window::After), ("answers", Window::Answers), ("last", Window::Last), ("any", Window::Any)];
}

/// What words cannot tell, but the order of turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The customer spoke last, and wanted something.
    Unanswered,
    /// The agent said what the script of the ticket's cause says.
    Script,
    /// The customer wanted more after the agent said it.
    AskedAgain,
    /// The agent said the same long sentence twice.
    Copied,
    /// The customer spoke so often, or waited so many minutes, before anybody answered.
    Waiting {
        /// Turns in a row.
        turns: usize,
        /// Minutes to the next answer.
        minutes: u32,
    },
}

/// A check.
#[derive(Debug, Clone)]
pub struct Check {
    /// Short ASCII name.
    pub id: String,
    /// What people read.
    pub name: Name,
    /// Whose words it reads.
    pub about: About,
    /// Whether it is well that it fires: a virtue, or a fault.
    pub good: bool,
    /// A customer's words that somebody should hear at once: listed first in a digest.
    pub risk: bool,
    /// Only tickets of these kinds; empty: of all.
    pub kinds: Vec<Kind>,
    /// Which of the desk's words it reads.
    pub window: Window,
    /// What it asks of the order of turns, instead of rules.
    pub shape: Option<Shape>,
    /// Any of them is enough.
    pub rules: Vec<Rule>,
    /// None of these may fire on the same words.
    pub unless: Vec<Rule>,
    /// Conversations (or texts) in which it must fire.
    pub matches: Vec<Example>,
    /// Those in which it must not.
    pub rejects: Vec<Example>,
    /// The share of what it finds that a person agreed with, where that was measured, 0 to 1.
    pub precision: Option<f64>,
    /// File it comes from.
    pub file: String,
    /// Line in that file, from 1.
    pub line: u64,
}

impl Check {
    /// Whether it is asked of tickets of this kind.
    #[must_use]
    pub fn concerns(&self, kind: Option<Kind>) -> bool {
        self.kinds.is_empty() || kind.is_some_and(|k| self.kinds.contains(&k))
    }
}
