//! What was said, looked over: how the desk served, and what the customer threatens with. It decides nothing of a ticket's kind or
//! cause.

use super::matching::{Match, Texts};
use super::program::{CompiledRule, Target};
use super::{Classifier, Scratch};
use crate::mask;
use crate::prediction::{Evidence, Fired};
use crate::segment::{Normalized, Normalizer};
use crate::taxonomy::check::{Shape, Window};
use crate::ticket::{Role, Run, Talk};
use crate::transcript::is_boilerplate;
use std::borrow::Cow;
use std::collections::HashMap;

/// Longest sentence that is quoted, and what is quoted before the words that count where it is longer, in characters.
const QUOTED: usize = 60;
const BEFORE: usize = 20;
/// Shortest sentence that nobody types twice, in characters without punctuation.
const COPIED: usize = 12;
/// Share of a script's pairs of letters that its agent says, who may put it in his own words; fewest pairs of a script.
const SAID: f64 = 0.5;
const SHORTEST_SCRIPT: usize = 8;

/// Checks that fired on one text, and what speaks against them.
#[derive(Default)]
pub(super) struct Checked {
    fired: Vec<(u32, Match)>,
    unless: Vec<u32>,
}

impl Checked {
    pub fn clear(&mut self) {
        self.fired.clear();
        self.unless.clear();
    }

    /// Tries a rule of a check; the match that covers most is kept, the first of equals.
    pub fn take(&mut self, rule: CompiledRule, texts: &Texts<'_>, stack: &mut Vec<Match>) {
        match rule.target {
            Target::Check(check) => {
                let Some(found) = texts.best(rule.node, stack) else { return };
                match self.fired.iter_mut().find(|(c, _)| *c == check) {
                    Some((_, known)) if (found.cover(), known.extent.start) > (known.cover(), found.extent.start) => *known = found,
                    Some(_) => {}
                    None => self.fired.push((check, found)),
                }
            }
            Target::Unless(check) => {
                if !self.unless.contains(&check) && texts.best(rule.node, stack).is_some() {
                    self.unless.push(check);
                }
            }
            Target::Cause(..) | Target::Cue(_) => {}
        }
    }

    /// What fired, in the order of the checks, each with its sentence of `original`.
    pub fn fired(&self, original: &str, normal: &Normalized) -> Vec<Fired> {
        let counts = self.fired.iter().filter(|(check, _)| !self.unless.contains(check));
        let mut fired: Vec<Fired> = counts.map(|(check, m)| Fired { check: *check as usize, sentence: sentence(original, normal, m) }).collect();
        fired.sort_by_key(|f| f.check);
        fired
    }
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '!' | '?' | '；' | ';' | '\n' | '\r')
}

/// The sentence that a match stands in, as it was written.
fn sentence(original: &str, normal: &Normalized, m: &Match) -> Evidence {
    let chars: Vec<char> = original.chars().collect();
    let place = |at: u16| normal.origin.get(usize::from(at)).map_or(chars.len(), |o| *o as usize).min(chars.len());
    let (from, to) = (place(m.extent.start), place(m.extent.end).max(place(m.extent.start)));
    let mut start = chars[..from].iter().rposition(|c| ends_sentence(*c)).map_or(0, |end| end + 1);
    let mut end = chars[to..].iter().position(|c| ends_sentence(*c)).map_or(chars.len(), |more| to + more);
    if end - start > QUOTED {
        start = start.max(from.saturating_sub(BEFORE));
        end = end.min(start + QUOTED);
    }
    while start < end && chars[start].is_whitespace() {
        start += 1;
    }
    let words: String = chars[start..end].iter().collect();
    Evidence { words: words.trim_end().to_owned(), at: start }
}

/// Whether these words of a customer want an answer.
fn says_something(text: &str) -> bool {
    !is_boilerplate(text) || text.contains(['?', '？'])
}

/// Which windows a run of the desk's is in.
struct Place {
    first: bool,
    after: bool,
    answers: bool,
    last: bool,
}

impl Place {
    fn is_in(&self, window: Window) -> bool {
        match window {
            Window::First => self.first,
            Window::After => self.after,
            Window::Answers => self.answers,
            Window::Last => self.last,
            Window::Any => true,
        }
    }
}

impl Classifier {
    /// The checks of a conversation that fire, in their order, whatever kind of ticket they are for; none where nobody at the desk
    /// says anything. `script` is what an agent may answer to it; `masked` masks the sentences.
    #[must_use]
    pub fn listen(&self, talk: &Talk, script: Option<&str>, scratch: &mut Scratch, masked: bool) -> Vec<Fired> {
        if !talk.has_desk() {
            return Vec::new();
        }
        let runs: Vec<Run<'_>> = talk.runs().collect();
        let mut fired = self.shaped(talk, &runs, script, scratch, masked);
        let last = runs.iter().rposition(|r| r.role == Role::Agent);
        let (mut first, mut said, mut asked) = (true, false, false);
        for (at, run) in runs.iter().enumerate() {
            match run.role {
                Role::Customer => {
                    asked = says_something(run.text);
                    said |= asked;
                }
                Role::Agent => {
                    let place = Place { first, after: said, answers: asked, last: Some(at) == last };
                    first = false;
                    for f in self.read(run.text, scratch, masked).0 {
                        let check = &self.taxonomy.checks[f.check];
                        if check.shape.is_none() && place.is_in(check.window) && !fired.iter().any(|known| known.check == f.check) {
                            fired.push(f);
                        }
                    }
                }
                Role::Robot | Role::System => {}
            }
        }
        fired.sort_by_key(|f| f.check);
        fired
    }

    /// Checks whose rules fire on a text, and those that something in it speaks against.
    fn read(&self, text: &str, scratch: &mut Scratch, masked: bool) -> (Vec<Fired>, Vec<u32>) {
        let program = self.programs.service(&self.taxonomy);
        Normalizer::builtin().fold(text, &mut scratch.agent.normal);
        scratch.agent.scan(program, &self.segmenter);
        let texts = Texts { program, customer: &scratch.agent, agent: &scratch.agent };
        let (tried, stack, mut checked) = (&mut scratch.tried, &mut scratch.stack, Checked::default());
        tried.each(&texts, |rule| checked.take(rule, &texts, stack));
        let mut fired = checked.fired(text, &scratch.agent.normal);
        if masked
            && !fired.is_empty()
            && let Cow::Owned(masked) = mask::mask(text)
        {
            fired.iter_mut().for_each(|f| super::requote(&mut f.sentence, &masked));
        }
        (fired, checked.unless)
    }

    /// Checks of the order of turns.
    fn shaped(&self, talk: &Talk, runs: &[Run<'_>], script: Option<&str>, scratch: &mut Scratch, masked: bool) -> Vec<Fired> {
        let shapes = self.taxonomy.checks.iter().enumerate().filter_map(|(i, c)| Some((i, c.shape?)));
        let mut fired = Vec::new();
        let given = script.and_then(|script| given(runs, script));
        for (check, shape) in shapes {
            let found = match shape {
                Shape::Script => given.map(|at| runs[at].text),
                Shape::AskedAgain => given.and_then(|at| runs[at..].iter().find(|r| r.role == Role::Customer && says_something(r.text))).map(|r| r.text),
                Shape::Unanswered => unanswered(runs),
                Shape::Copied => copied(talk),
                Shape::Waiting { turns, minutes } => waiting(runs, turns, minutes),
            };
            let Some(text) = found else { continue };
            if !self.taxonomy.checks[check].unless.is_empty() && self.read(text, scratch, false).1.contains(&(check as u32)) {
                continue;
            }
            let words = if masked { mask::mask(text) } else { Cow::Borrowed(text) };
            let words: String = words.trim().chars().take(QUOTED).map(|c| if c == '\n' { ' ' } else { c }).collect();
            fired.push(Fired { check, sentence: Evidence { words, at: 0 } });
        }
        fired
    }
}

/// The run in which an agent says what a script says, if not in the same words.
fn given(runs: &[Run<'_>], script: &str) -> Option<usize> {
    let wanted = pairs(script);
    runs.iter().position(|run| run.role == Role::Agent && wanted.are_said_in(&pairs(run.text)))
}

/// What a text says, roughly: its pairs of letters that stand side by side, in order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs(Vec<(char, char)>);

/// The pairs of a text.
#[must_use]
pub fn pairs(text: &str) -> Pairs {
    let letters: Vec<char> = Normalizer::builtin().folded(text).chars().filter(|c| c.is_alphanumeric()).collect();
    let mut all: Vec<(char, char)> = letters.windows(2).map(|pair| (pair[0], pair[1])).collect();
    all.sort_unstable();
    all.dedup();
    Pairs(all)
}

impl Pairs {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// How many two texts have in common.
    fn shared(&self, other: &Pairs) -> usize {
        let mut rest = other.0.as_slice();
        let in_rest = |pair: &&(char, char)| {
            rest = &rest[rest.partition_point(|p| p < *pair)..];
            rest.first() == Some(*pair)
        };
        self.0.iter().filter(in_rest).count()
    }

    /// Whether another text says what this script says.
    #[must_use]
    pub fn are_said_in(&self, other: &Pairs) -> bool {
        self.count() >= SHORTEST_SCRIPT && self.shared(other) as f64 >= SAID * self.count() as f64
    }

    /// How alike two texts are, 0 to 1: the share of all their pairs that they have in common (Jaccard).
    #[must_use]
    pub fn likeness(&self, other: &Pairs) -> f64 {
        let shared = self.shared(other);
        shared as f64 / (self.count() + other.count() - shared).max(1) as f64
    }
}

/// The customer's last words, where nobody answered them.
fn unanswered<'t>(runs: &[Run<'t>]) -> Option<&'t str> {
    runs.last().filter(|r| r.role == Role::Customer && says_something(r.text)).map(|r| r.text)
}

/// A sentence that an agent said in two turns.
fn copied(talk: &Talk) -> Option<&str> {
    let mut known: HashMap<String, usize> = HashMap::new();
    for (turn, (_, text)) in talk.turns().filter(|(role, _)| *role == Role::Agent).enumerate() {
        for sentence in text.split(ends_sentence).filter(|s| !is_boilerplate(s)) {
            let letters: String = Normalizer::builtin().folded(sentence).chars().filter(|c| c.is_alphanumeric()).collect();
            if letters.chars().count() >= COPIED && *known.entry(letters).or_insert(turn) != turn {
                return Some(sentence);
            }
        }
    }
    None
}

/// What a customer said who had to wait: by the clock where there is one, else by the turns in a row.
fn waiting<'t>(runs: &[Run<'t>], turns: usize, minutes: u32) -> Option<&'t str> {
    let waited = |at: usize, run: &Run<'t>| {
        let answered = runs.get(at + 1).and_then(|next| next.minutes).map(|(first, _)| first);
        // Without an answer the clock stops with the customer's last words.
        match (run.minutes, answered) {
            (Some((first, last)), answered) => answered.unwrap_or(last).saturating_sub(first) >= minutes,
            (None, _) => run.turns >= turns,
        }
    };
    runs.iter().enumerate().find(|(at, run)| run.role == Role::Customer && says_something(run.text) && waited(*at, run)).map(|(_, run)| run.text)
}
