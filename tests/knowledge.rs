//! What ships in `data/`: enough of it, and every example decided as it should be.

use ahu::classify::{Classifier, Config, Field};
use ahu::taxonomy::{Source, Taxonomy};
use ahu::ticket::Ticket;

#[test]
fn every_builtin_example_holds() {
    let classifier = Classifier::new(Taxonomy::with_builtin(true, &[]).expect("the built-in taxonomy"), Config::default()).expect("compiles");
    let t = classifier.taxonomy();
    for c in &t.causes {
        assert!(c.matches.len() >= 2 && c.rejects.len() >= 2, "{}, line {}: `{}` has too few examples", c.file, c.line, c.name());
    }
    let examples: usize = t.causes.iter().map(|c| c.matches.len() + c.rejects.len()).sum();
    assert!(t.causes.len() >= 200 && examples >= 800, "{} causes, {examples} examples", t.causes.len());
    let failing: Vec<String> = classifier
        .failing_examples()
        .iter()
        .map(|f| {
            let cause = &t.causes[f.cause];
            let must = if f.must_match { "must be" } else { "must not be" };
            format!("{}, line {}: `{}` {must} `{}`, is {:?}", cause.file, f.example.line, f.example.text, cause.name(), f.decided.map(|d| t.causes[d].name()))
        })
        .collect();
    assert!(failing.is_empty(), "{}", failing.join("\n"));
}

#[test]
fn a_failing_example_is_found() {
    let text = "[[cause]]\npath = \"甲\"\nkinds = [\"complaint\"]\nrules = ['蓝屏']\nmatch = [\"蓝屏了\", \"黑屏了\"]\nreject = [\"又蓝屏了\", \"你好\"]\n";
    let mine = Source { name: "mine.toml", text };
    let classifier = Classifier::new(Taxonomy::with_builtin(false, &[mine]).expect("parses"), Config::default()).expect("compiles");
    let failing: Vec<_> = classifier.failing_examples().iter().map(|f| (f.example.text.clone(), f.must_match)).collect();
    assert_eq!(failing, [("黑屏了".to_owned(), true), ("又蓝屏了".to_owned(), false)]);
}

#[test]
fn words_of_a_taxonomy_take_effect_in_segmentation() {
    let words = |text: &str| {
        let mine = Source { name: "mine.toml", text };
        let classifier = Classifier::new(Taxonomy::with_builtin(false, &[mine]).expect("parses"), Config::default()).expect("compiles");
        let ticket = Ticket { text: "龙渊秘境打不过".into(), ..Ticket::default() };
        classifier.explain(&ticket, Field::UNKNOWN, &mut classifier.scratch()).words
    };
    assert!(!words("").contains(&"龙渊秘境".to_owned()));
    assert!(words("words = [\"龙渊秘境\"]").contains(&"龙渊秘境".to_owned()));
}

#[test]
fn a_cause_stays_in_its_field() {
    let classifier = Classifier::new(Taxonomy::with_builtin(true, &[]).expect("parses"), Config::default()).expect("compiles");
    let t = classifier.taxonomy();
    let pack = |product: &str| {
        let ticket = Ticket { text: "转账两小时了对方还没到账".into(), product: product.into(), ..Ticket::default() };
        classifier.classify(&ticket, Field::UNKNOWN, &mut classifier.scratch()).cause.map(|c| t.packs[t.causes[c].pack].id.clone())
    };
    assert_eq!(pack("安心银行").as_deref(), Some("bank"));
    assert_ne!(pack("星海手游").as_deref(), Some("bank"));
}
