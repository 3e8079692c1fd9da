//! `suggest-scripts`: of each cause's inquiries the answer that agents gave most typically where it closed the case.

use super::summary::{SHOWN_IDS, key};
use super::{Consumer, Job, Outcome, Output, Rejects, Row};
use crate::classify::service::{Pairs, pairs};
use crate::error::Result;
use crate::ingest::reader::{Layout, Reject};
use crate::mask;
use crate::prediction::Kind;
use crate::taxonomy::Taxonomy;
use crate::taxonomy::check::Shape;
use crate::ticket::{Role, Talk};
use crate::transcript::is_boilerplate;
use std::collections::BTreeMap;
use std::io::Write;

/// Answers of one product and cause that are read, and those that are held against each other.
const MOST_READ: usize = 2_000;
const MOST_COMPARED: usize = 200;
/// Answers that say much the same have so many of their pairs of letters in common.
const ALIKE: f64 = 0.4;
/// Fewest pairs of letters of an answer: 已处理 tells nobody anything.
const SHORTEST: usize = 8;

/// An answer that a person may make a script of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Product; empty where none is known.
    pub product: String,
    /// Cause.
    pub cause: String,
    /// Answers that closed an inquiry.
    pub answers: usize,
    /// How many of them were read: the first ones.
    pub read: usize,
    /// How many of those say much the same as this one.
    pub alike: usize,
    /// The first of these.
    pub ids: Vec<String>,
    /// The answer, masked unless that was declined.
    pub text: String,
    /// Whether there is a script already that says something else.
    pub has_script: bool,
}

/// What agents' answers came to.
#[derive(Debug, Default)]
pub struct Suggested {
    /// Suggestions, most answers first.
    pub suggestions: Vec<Suggestion>,
    /// Inquiries whose conversation an answer closed.
    pub closed: u64,
    /// Products and causes whose script says what agents say.
    pub fitting: u64,
    /// Those whose answers are too few that are alike.
    pub unlike: u64,
    /// What reading came to.
    pub outcome: Outcome,
}

/// Suggests a script for each product and cause to whose inquiries at least `least` answers say much the same.
///
/// # Errors
/// What reading gave.
pub fn suggest<R: Write + Send>(job: &Job<'_>, least: usize, rejects: Option<Rejects<R>>) -> Result<(Suggested, Option<R>)> {
    let taxonomy = job.classifier.taxonomy();
    let mut collected = Collected { cells: BTreeMap::new(), closed: 0, rejects };
    let outcome = super::run(job, &Answers { taxonomy, masked: job.mask }, &mut collected)?;
    let rejects = collected.rejects.take().map(Rejects::finish).transpose()?;
    let mut told = Suggested { closed: collected.closed, outcome, ..Suggested::default() };
    for ((_, cause), cell) in collected.cells {
        let script = taxonomy.script(cause, &cell.product);
        let Some(typical) = typical(&cell.answers, least) else {
            told.unlike += 1;
            continue;
        };
        if script.is_some_and(|script| pairs(script).are_said_in(&cell.answers[typical.at].pairs)) {
            told.fitting += 1;
            continue;
        }
        told.suggestions.push(Suggestion {
            product: cell.product,
            cause: taxonomy.causes[cause].name(),
            answers: cell.count,
            read: cell.answers.len(),
            alike: typical.alike.len(),
            ids: typical.alike.iter().take(SHOWN_IDS).map(|at| cell.answers[*at].id.clone()).collect(),
            text: cell.answers[typical.at].text.clone(),
            has_script: script.is_some(),
        });
    }
    told.suggestions.sort_by(|a, b| b.answers.cmp(&a.answers).then_with(|| (&a.product, &a.cause).cmp(&(&b.product, &b.cause))));
    Ok((told, rejects))
}

/// An answer that closed an inquiry.
struct Answer {
    id: String,
    text: String,
    pairs: Pairs,
}

/// The most typical answer, and those that say much the same, it among them.
struct Typical {
    at: usize,
    alike: Vec<usize>,
}

/// The answer that is most like all others; `None` where fewer than `least` are like it.
fn typical(answers: &[Answer], least: usize) -> Option<Typical> {
    let step = answers.len().div_ceil(MOST_COMPARED).max(1);
    let some: Vec<usize> = (0..answers.len()).step_by(step).collect();
    let likeness = |at: usize| some.iter().map(|other| answers[at].pairs.likeness(&answers[*other].pairs)).sum::<f64>();
    // Of equals the first: what comes out depends on the order of the input alone.
    let best = some.iter().map(|at| (likeness(*at), *at)).reduce(|best, one| if one.0 > best.0 { one } else { best })?.1;
    let alike: Vec<usize> = (0..answers.len()).filter(|at| answers[best].pairs.likeness(&answers[*at].pairs) >= ALIKE).collect();
    (alike.len() >= least).then_some(Typical { at: best, alike })
}

/// What the agent answered last to words that wanted an answer, without phrases that say nothing.
fn answer(talk: &Talk) -> Option<String> {
    let (mut asked, mut last) = (false, None);
    for run in talk.runs() {
        match run.role {
            Role::Customer => asked = !is_boilerplate(run.text) || run.text.contains(['?', '？']),
            Role::Agent if asked => {
                let said: Vec<&str> = run.text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_boilerplate(line)).collect();
                last = Some(said.join("\n")).filter(|text| !text.is_empty()).or(last);
            }
            Role::Agent | Role::Robot | Role::System => {}
        }
    }
    last
}

struct Answers<'a> {
    taxonomy: &'a Taxonomy,
    masked: bool,
}

#[derive(Default)]
struct Part {
    /// Of each row the answer that closed it, with the product and cause it is of.
    rows: Vec<Option<(String, usize, Answer)>>,
}

impl Output for Answers<'_> {
    type Part = Part;

    fn listens(&self) -> bool {
        true
    }

    fn begin(&self, _: &Layout) -> Part {
        Part::default()
    }

    fn row(&self, part: &mut Part, row: &Row<'_>) {
        let p = row.prediction;
        let open = || row.heard.iter().any(|f| self.taxonomy.checks[f.check].shape == Some(Shape::Unanswered));
        let closed = || {
            let cause = self.taxonomy.causes[p.cause.filter(|_| p.kind == Some(Kind::Inquiry))?].counted_as;
            let text = answer(row.ticket.talk.as_ref().filter(|_| !open())?)?;
            let text = if self.masked { mask::mask(&text).into_owned() } else { text };
            let pairs = pairs(&text);
            let product = p.product.clone().unwrap_or_default();
            (pairs.count() >= SHORTEST).then(|| (product, cause, Answer { id: row.ticket.id.to_string(), text, pairs }))
        };
        part.rows.push(closed());
    }
}

/// Answers of one product and cause.
struct Cell {
    product: String,
    /// How many there are, also of those that are not kept.
    count: usize,
    answers: Vec<Answer>,
}

struct Collected<R: Write> {
    /// By the product's key and the cause.
    cells: BTreeMap<(String, usize), Cell>,
    closed: u64,
    rejects: Option<Rejects<R>>,
}

impl<R: Write + Send> Consumer<Part> for Collected<R> {
    fn part(&mut self, part: Part, new: &[bool]) -> Result<()> {
        for (product, cause, answer) in part.rows.into_iter().zip(new).filter(|(_, new)| **new).filter_map(|(row, _)| row) {
            self.closed += 1;
            let cell = self.cells.entry((key(&product), cause)).or_insert_with(|| Cell { product, count: 0, answers: Vec::new() });
            cell.count += 1;
            if cell.answers.len() < MOST_READ {
                cell.answers.push(answer);
            }
        }
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> Result<()> {
        self.rejects.as_mut().map_or(Ok(()), |r| r.write(reject))
    }
}

/// The suggestions as a taxonomy file. `note` gives what stands above each.
#[must_use]
pub fn toml(suggestions: &[Suggestion], note: &dyn Fn(&Suggestion) -> String) -> String {
    let quoted = |text: &String| toml::Value::String(text.clone()).to_string();
    let mut out = String::new();
    for s in suggestions {
        note(s).lines().for_each(|line| out.push_str(&format!("\n# {line}")));
        out.push_str(&format!("\n[[script]]\ncause = {}\n", quoted(&s.cause)));
        if !s.product.is_empty() {
            out.push_str(&format!("product = {}\n", quoted(&s.product)));
        }
        out.push_str(&format!("text = {}\n", quoted(&s.text)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(texts: &[&str]) -> Vec<Answer> {
        texts.iter().enumerate().map(|(i, text)| Answer { id: i.to_string(), text: (*text).to_owned(), pairs: pairs(text) }).collect()
    }

    #[test]
    fn the_most_typical_answer_is_one_of_many_alike() {
        let said = answers(&[
            "亲，帮您查了，这边没有您的订单",
            "奖励在活动结束后3个工作日内通过邮件发放哦",
            "亲亲，奖励会在活动结束后3个工作日内通过邮件发放，请留意查收",
            "活动结束后三个工作日内，奖励通过邮件发放",
        ]);
        let found = typical(&said, 3).expect("three are alike");
        assert_eq!((found.at, found.alike), (1, vec![1, 2, 3]));
        assert!(typical(&said, 4).is_none() && typical(&[], 0).is_none());
    }

    #[test]
    fn the_answer_is_what_wanted_one_got() {
        let talk = |turns: &[(Role, &str)]| {
            let mut talk = Talk::default();
            turns.iter().for_each(|(role, text)| talk.push(*role, text, None));
            talk
        };
        use Role::{Agent, Customer};
        let chat = talk(&[(Customer, "奖励啥时候发"), (Agent, "您好"), (Agent, "活动结束后三天内发"), (Customer, "好的谢谢"), (Agent, "祝您生活愉快")]);
        assert_eq!(answer(&chat).as_deref(), Some("活动结束后三天内发"));
        assert_eq!(answer(&talk(&[(Customer, "奖励啥时候发"), (Agent, "您好")])), None);
    }
}
