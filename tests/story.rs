//! 阿虎's day (`data/story/tickets.csv`): the numbers of his digest, whatever the encoding and the number of threads.

use crate::run::{Desk, accounting};
use serde_json::Value;

fn story() -> (Desk, String) {
    let desk = Desk::new();
    let gbk = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/story/tickets.csv")).expect("the story");
    let text = ahu::ingest::Encoding::Gb18030.decode(&gbk).expect("GBK").into_owned();
    desk.file("gbk.csv", gbk);
    (desk, text)
}

/// Causes of a product and kind, with their counts, most first.
fn causes(digest: &Value, product: &str, kind: &str) -> Vec<(String, u64)> {
    let products = digest["products"].as_array().expect("products");
    let product = products.iter().find(|p| p["product"] == product).expect("the product");
    let kind = product["kinds"].as_array().expect("kinds").iter().find(|k| k["kind"] == kind).expect("the kind");
    let causes = kind["causes"].as_array().expect("causes");
    causes.iter().map(|c| (c["cause"].as_str().expect("a name").to_owned(), c["count"].as_u64().expect("a count"))).collect()
}

fn check(digest: &Value) {
    assert_eq!(accounting(digest), [64, 64, 0, 0]);
    let total = |product, kind| {
        let product = digest["products"].as_array().expect("products").iter().find(|p| p["product"] == product).expect("the product");
        product["kinds"].as_array().expect("kinds").iter().find(|k| k["kind"] == kind).map_or(0, |k| k["count"].as_u64().expect("a count"))
    };
    assert_eq!(total("A", "complaint"), 30);
    assert_eq!(total("A", "inquiry"), 20);
    assert_eq!(total("B", "complaint"), 10);
    assert_eq!(total("B", "inquiry"), 3);
    assert_eq!(total("C", "complaint"), 1);
    assert_eq!(total("C", "inquiry"), 0);
    let a = causes(digest, "A", "complaint");
    let count = |part: &str| a.iter().filter(|(name, _)| name.contains(part)).map(|(_, n)| n).sum::<u64>();
    assert_eq!(count("奖品未到账"), 12, "{a:?}");
    assert_eq!(count("无法更新"), 4, "{a:?}");
    assert_eq!(count("账号被盗"), 3, "{a:?}");
    assert_eq!(count("NPC"), 1, "{a:?}");
    assert!(a.len() >= 4 + 6, "ten others of at least six causes: {a:?}");
    let asked = causes(digest, "A", "inquiry");
    assert_eq!(asked.iter().map(|c| c.1).collect::<Vec<_>>(), [18, 2], "{asked:?}");
    assert_eq!(causes(digest, "B", "complaint").len(), 1);
    assert_eq!(causes(digest, "B", "inquiry").len(), 1);
    assert_eq!(causes(digest, "C", "complaint").len(), 1);
}

#[test]
fn the_digest_has_the_numbers_of_the_story() {
    let (desk, _) = story();
    check(&desk.digest("gbk.csv"));
}

#[test]
fn every_encoding_gives_the_same_digest() {
    let (desk, text) = story();
    let wide = |f: fn(u16) -> [u8; 2], bom: [u8; 2]| bom.into_iter().chain(text.encode_utf16().flat_map(f)).collect::<Vec<u8>>();
    desk.file("utf8.csv", &text);
    desk.file("bom.csv", format!("\u{feff}{text}"));
    desk.file("le.csv", wide(u16::to_le_bytes, [0xFF, 0xFE]));
    desk.file("be.csv", wide(u16::to_be_bytes, [0xFE, 0xFF]));
    let expected = desk.ahu("summarize --format json --ids gbk.csv").stdout;
    for file in ["utf8.csv", "bom.csv", "le.csv", "be.csv"] {
        assert_eq!(desk.ahu(&format!("summarize --format json --ids {file}")).stdout, expected, "{file}");
    }
    desk.file("big5.csv", big5(&text));
    check(&desk.digest("big5.csv"));
}

/// The text in Traditional characters as Big5, by the project's own table read backwards; what Big5 has no character for stays out.
fn big5(text: &str) -> Vec<u8> {
    let table = include_str!("../data/normalize/t2s.tsv");
    let mut back = std::collections::HashMap::new();
    for (traditional, simplified) in table.lines().filter_map(|l| l.split_once('\t')) {
        let c = traditional.chars().next().expect("a character");
        if !encoding_rs::BIG5.encode(traditional).2 {
            back.entry(simplified.chars().next().expect("a character")).or_insert(c);
        }
    }
    let traditional: String = text.chars().map(|c| back.get(&c).copied().unwrap_or(c)).collect();
    let kept: String = traditional.chars().filter(|c| !encoding_rs::BIG5.encode(&c.to_string()).2).collect();
    encoding_rs::BIG5.encode(&kept).0.into_owned()
}

#[test]
fn threads_do_not_change_a_byte() {
    let (desk, text) = story();
    // Many copies under new ids, so that several batches are in flight.
    let (header, rows) = text.split_once('\n').expect("a header");
    let mut big = format!("{header}\n");
    for copy in 0..400 {
        big.push_str(&rows.replace("EV", &format!("C{copy}EV")));
    }
    desk.file("big.csv", &big);
    for command in ["summarize --format json", "classify"] {
        let one = desk.ahu(&format!("{command} --threads 1 big.csv"));
        assert!(one.stdout.len() > 1000);
        for threads in [2, 8] {
            assert!(desk.ahu(&format!("{command} --threads {threads} big.csv")).stdout == one.stdout, "{command} with {threads} threads");
        }
    }
}

#[test]
fn classify_keeps_the_columns() {
    let (desk, text) = story();
    let ran = desk.ahu("classify gbk.csv");
    let parse = |text: &str| -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect()
    };
    let (before, after) = (parse(&text), parse(&ran.stdout));
    assert_eq!(before.len(), after.len());
    for (b, a) in before.iter().zip(&after) {
        assert_eq!(b[..], a[..b.len()]);
        assert_eq!(a.len(), b.len() + 5);
    }
    assert_eq!(after[0][5..], ["ahu_kind", "ahu_product", "ahu_cause", "ahu_confidence", "ahu_evidence"]);
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = include_str!("../README.md");
    let (desk, _) = story();
    let printed = desk.ahu("summarize gbk.csv").stdout;
    assert!(readme.contains(printed.trim_end()), "the README's first block should be:\n{printed}");
}
