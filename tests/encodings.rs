//! Encodings are told right from a hundred hanzi on, nearly always from ten on, and below that right or not at all.

use ahu::ingest::{Config, Opened, Reader};
use std::collections::HashMap;

/// Texts of at least `hanzi` hanzi, made of the built-in examples.
fn texts(hanzi: usize, count: usize) -> Vec<String> {
    let taxonomy = ahu::taxonomy::Taxonomy::with_builtin(true, &[]).unwrap();
    let examples: Vec<&str> = taxonomy.causes.iter().flat_map(|c| &c.matches).map(|e| e.text.as_str()).collect();
    let is_hanzi = |c: &char| ('\u{4e00}'..='\u{9fff}').contains(c);
    let mut at = 0;
    let mut text = || {
        let mut out = String::new();
        while out.chars().filter(is_hanzi).count() < hanzi {
            let piece = examples[at % examples.len()].replace([',', '"', '\n'], "，");
            let missing = hanzi - out.chars().filter(is_hanzi).count();
            out.extend(piece.chars().take(missing.max(1)));
            at += 7;
        }
        out
    };
    (0..count).map(|_| text()).collect()
}

fn traditional() -> HashMap<char, char> {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/normalize/t2s.tsv")).unwrap();
    let pairs = table.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t'));
    let mut map = HashMap::new();
    for (t, s) in pairs {
        if let (Some(t), Some(s)) = (t.chars().next(), s.chars().next())
            && t != s
            && !encoding_rs::BIG5.encode(&t.to_string()).2
        {
            map.entry(s).or_insert(t);
        }
    }
    map
}

/// `Some(read as it was written)`, or `None` when reading was refused.
fn right(bytes: Vec<u8>, text: &str) -> Option<bool> {
    let opened = Reader::from_stream("a.csv", Box::new(std::io::Cursor::new(bytes)), &Config::default());
    let Ok(Opened::Reader(mut reader)) = opened else { return None };
    let batch = reader.next_batch().unwrap().unwrap();
    assert!(!batch.text.contains('\u{fffd}'), "no character is replaced");
    Some(batch.rows.len() == 1 && batch.text[batch.rows[0].text.clone()].ends_with(text))
}

#[test]
fn encodings_are_told_right() {
    let map = traditional();
    for (hanzi, allowed_wrong, allowed_refused) in
        [(300, 0, 0), (100, 0, 0), (99, 0, 1), (30, 0, 1), (10, 1, 1), (6, 1, usize::MAX), (4, 0, usize::MAX), (2, 0, usize::MAX)]
    {
        let (mut wrong, mut refused, mut all) = (0, 0, 0);
        for text in texts(hanzi, 250) {
            let file = format!("id,text\n1,{text}");
            let hant: String = text.chars().map(|c| map.get(&c).copied().unwrap_or(c)).collect();
            let hant_file = format!("id,text\n1,{hant}");
            let utf16 =
                |big: bool| -> Vec<u8> { format!("\u{feff}{file}").encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect() };
            let (gbk, _, bad_gbk) = encoding_rs::GB18030.encode(&file);
            let (big5, _, bad_big5) = encoding_rs::BIG5.encode(&hant_file);
            let mut cases =
                vec![(file.clone().into_bytes(), &text), (format!("\u{feff}{file}").into_bytes(), &text), (utf16(false), &text), (utf16(true), &text)];
            if !bad_gbk {
                cases.push((gbk.into_owned(), &text));
            }
            if !bad_big5 {
                cases.push((big5.into_owned(), &hant));
            }
            for (bytes, expected) in cases {
                all += 1;
                match right(bytes, expected) {
                    Some(true) => {}
                    Some(false) => wrong += 1,
                    None => refused += 1,
                }
            }
        }
        assert!(all > 1_200, "{all}");
        assert!(wrong <= allowed_wrong && refused <= allowed_refused, "{hanzi} hanzi: {wrong} wrong and {refused} refused of {all}");
    }
}
