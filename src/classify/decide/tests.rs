//! Deciding, put to the test.

use super::*;
use crate::classify::Config;
use crate::taxonomy::Taxonomy;
use proptest::prelude::*;
use std::sync::OnceLock;

fn classifier() -> &'static Classifier {
    static BUILTIN: OnceLock<Classifier> = OnceLock::new();
    BUILTIN.get_or_init(|| Classifier::new(Taxonomy::with_builtin(true, &[]).unwrap(), Config::default()).unwrap())
}

/// Pieces of the examples, glued and cut anywhere.
fn texts() -> impl Strategy<Value = String> {
    let all: Vec<String> = classifier().taxonomy().causes.iter().flat_map(|c| c.matches.iter().chain(&c.rejects)).map(|e| e.text.clone()).collect();
    proptest::collection::vec((prop::sample::select(all), 0usize..12, 2usize..20), 1..4)
        .prop_map(|parts| parts.into_iter().map(|(text, from, len)| text.chars().skip(from).take(len).collect::<String>()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Which rules are tried, and what must have been seen for it, is only a shortcut: evaluating every rule fires the same.
    #[test]
    fn trying_few_rules_fires_what_trying_all_fires(text in texts()) {
        let c = classifier();
        let ticket = Ticket { text: text.as_str().into(), ..Ticket::default() };
        let mut scratch = c.scratch();
        Normalizer::builtin().fold(&ticket.text, &mut scratch.customer.normal);
        let everything = FieldEvidence { told: Field::of(0..c.taxonomy.packs.len()), counts: Vec::new(), most: 0 };
        for pack in [None].into_iter().chain((0..c.taxonomy.packs.len()).map(Some)) {
            let mut found = Found::default();
            found.begin(c);
            fire(c, pack, None, &everything, &ticket, &mut scratch, true, &mut found);
            let mut fired: Vec<(usize, usize)> = found.fired.iter().map(|f| (f.cause, f.rule)).collect();
            let mut cues: Vec<usize> = found.cues.iter().map(|(cue, _)| *cue).collect();
            fired.sort_unstable();
            cues.sort_unstable();

            let p = c.programs.of(&c.taxonomy, c.fields.universal, pack);
            let texts = Texts { program: p, customer: &scratch.customer, agent: &scratch.agent };
            let mut all = Found::default();
            all.begin(c);
            let mut all_cues = Vec::new();
            for rule in &p.rules {
                let Some(m) = texts.best(rule.node, &mut Vec::new()) else { continue };
                match rule.target {
                    Target::Cue(cue) => all_cues.push(cue as usize),
                    Target::Cause(cause, n) => {
                        let score = m.cover() as f32 * strength(c, cause as usize, &everything);
                        all.add(Fired { cause: cause as usize, rule: n as usize, found: m, score, dropped: None });
                    }
                    Target::Check(_) | Target::Unless(_) => all.checks.take(*rule, &texts, &mut Vec::new()),
                }
            }
            let mut expected: Vec<(usize, usize)> = all.fired.iter().map(|f| (f.cause, f.rule)).collect();
            expected.sort_unstable();
            all_cues.dedup();
            prop_assert_eq!(fired, expected, "{}", &text);
            prop_assert_eq!(cues, all_cues, "{}", &text);
        }
    }
}
