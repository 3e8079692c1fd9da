//! Checks of what agents and customers say: the built-in ones hold their examples, and reach their measured floors on replies that
//! were written before them.

use ahu::classify::{Classifier, Config, Field};
use ahu::taxonomy::{Source, Taxonomy};
use ahu::ticket::{Role, Talk, Ticket};
use std::collections::BTreeMap;

/// The built-in checks; while they are written, those of the file that `AHU_CHECKS` names, without building anew.
fn classifier() -> Classifier {
    let tried = std::env::var("AHU_CHECKS").map(|path| std::fs::read_to_string(path).expect("the checks"));
    let more: Vec<Source<'_>> = tried.iter().map(|text| Source { name: "tried.toml", text }).collect();
    Classifier::new(Taxonomy::with_builtin(true, &more).expect("the built-in taxonomy"), Config::default()).expect("compiles")
}

#[test]
fn every_example_of_a_check_holds() {
    let classifier = classifier();
    let checks = &classifier.taxonomy().checks;
    for c in checks {
        assert!(c.matches.len() >= 3 && c.rejects.len() >= 3, "{}, line {}: `{}` has too few examples", c.file, c.line, c.id);
    }
    let failing: Vec<String> = classifier
        .failing_checks()
        .iter()
        .map(|f| format!("line {}: `{}` must {}fire in `{}`", f.example.line, checks[f.check].id, if f.must_match { "" } else { "not " }, f.example.text))
        .collect();
    assert!(failing.is_empty(), "{}", failing.join("\n"));
}

/// Found and right, found, and there, by check.
type Score = BTreeMap<String, [usize; 3]>;

/// Judges every so-many-th text by its labels, from the `first` on.
fn score(file: &str, names: &[(&str, &str)], (first, step): (usize, usize), fired: &dyn Fn(&[&str]) -> Vec<String>) -> (Score, String) {
    let mut score = Score::new();
    let mut wrong = String::new();
    for line in file.lines().filter(|l| !l.starts_with('#')).skip(first).step_by(step) {
        let cells: Vec<&str> = line.split('\t').collect();
        let fired = fired(&cells[1..]);
        for (label, check) in names {
            let (is, found) = (cells[0].split(',').any(|l| l == *label), fired.iter().any(|f| f == check));
            let counts = score.entry((*check).to_owned()).or_default();
            counts[0] += usize::from(is && found);
            counts[1] += usize::from(found);
            counts[2] += usize::from(is);
            if is != found {
                wrong.push_str(&format!("{} {check}: {}\n", if is { "missed" } else { "false" }, cells[1..].join(" → ")));
            }
        }
    }
    (score, wrong)
}

const REPLIES: &str = include_str!("data/service/replies.tsv");
const RISKS: &str = include_str!("data/service/risks.tsv");
const LATER_RISKS: &str = include_str!("data/service/risks-later.tsv");
const AGENTS: [(&str, &str); 7] =
    [("g", "greeting"), ("a", "apology"), ("e", "empathy"), ("r", "remedy"), ("t", "deadline"), ("b", "brushoff"), ("l", "blame")];
const CUSTOMERS: [(&str, &str); 7] =
    [("r", "review"), ("o", "authority"), ("m", "media"), ("l", "law"), ("u", "ultimatum"), ("h", "harm"), ("c", "minor")];

/// Replies and risks that rules are tuned on, or those held out.
fn judged(held_out: bool) -> [(Score, String); 2] {
    let classifier = classifier();
    let ids = |fired: &[ahu::prediction::Fired]| fired.iter().map(|f| classifier.taxonomy().checks[f.check].id.clone()).collect::<Vec<_>>();
    let agents = |cells: &[&str]| {
        let mut talk = Talk::default();
        talk.push(Role::Customer, cells[0], None);
        cells[1].split(" | ").for_each(|turn| talk.push(Role::Agent, turn, None));
        ids(&classifier.listen(&talk, &mut classifier.scratch(), false))
    };
    let customers = |cells: &[&str]| {
        let ticket = Ticket { text: cells[0].into(), ..Ticket::default() };
        ids(&classifier.classify(&ticket, Field::UNKNOWN, &mut classifier.scratch()).noted)
    };
    let half = (usize::from(held_out), 2);
    let (mut risks, mut wrong) = score(LATER_RISKS, &CUSTOMERS, half, &customers);
    if !held_out {
        let (more, more_wrong) = score(RISKS, &CUSTOMERS, (0, 1), &customers);
        more.into_iter().for_each(|(check, counts)| risks.entry(check).or_default().iter_mut().zip(counts).for_each(|(sum, n)| *sum += n));
        wrong += &more_wrong;
    }
    [score(REPLIES, &AGENTS, half, &agents), (risks, wrong)]
}

/// Precision and recall over all checks, and a line for each.
fn told(score: &Score) -> ([f64; 2], String) {
    let share = |a: usize, b: usize| if b == 0 { 1.0 } else { a as f64 / b as f64 };
    let sum = score.values().fold([0; 3], |s, c| [s[0] + c[0], s[1] + c[1], s[2] + c[2]]);
    let line = |(name, c): (&String, &[usize; 3])| format!("{name:10} precision {:.2} recall {:.2} ({c:?})\n", share(c[0], c[1]), share(c[0], c[2]));
    ([share(sum[0], sum[1]), share(sum[0], sum[2])], score.iter().map(line).collect())
}

/// Least recall on what was held out, of agents' replies and of risks.
const RECALL: [f64; 2] = [0.8, 0.5];

#[test]
fn checks_reach_their_floors_on_replies_held_out() {
    for (of, (score, wrong)) in judged(true).into_iter().enumerate() {
        let ([precision, recall], lines) = told(&score);
        let shown = std::env::var_os("AHU_SHOW_WRONG").map_or(String::new(), |_| wrong);
        println!("held out: precision {precision:.3} recall {recall:.3}\n{lines}{shown}");
        assert!(precision >= 0.9 && recall >= RECALL[of], "precision {precision:.3}, recall {recall:.3}\n{lines}");
    }
}

#[test]
fn checks_fit_the_replies_they_were_tuned_on() {
    for (score, wrong) in judged(false) {
        let ([precision, recall], lines) = told(&score);
        println!("tuned on: precision {precision:.3} recall {recall:.3}\n{lines}{wrong}");
        assert!(precision >= 0.95 && recall >= 0.9, "precision {precision:.3}, recall {recall:.3}\n{lines}{wrong}");
    }
}
