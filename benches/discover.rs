//! `ahu discover` on labelled sets: do its groups agree with the labels, are they named after them, do they stay, is what is new told?
//!
//! `AHU_BENCH_DATA=../shared/data cargo bench --bench discover` measures everything; `AHU_BENCH_PARTS=groups,small,names,moves,new`
//! only some. Samples are the rows of the least hashes. Rivals (`groups.py`) run in the same run where python3 has what they need.
//! Without a folder nothing is measured.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use xxhash_rust::xxh3::xxh3_64_with_seed;

const AHU: &str = env!("CARGO_BIN_EXE_ahu");

/// Sets with how many of their rows; none: all.
const SETS: [(&str, Option<usize>); 8] = [
    ("banking77.test", None),
    ("taipei-office.train", Some(1_500)),
    ("taipei-office.train", None),
    ("citizen-department.train", Some(1_500)),
    ("citizen-department.train", None),
    ("shopping-product.train", Some(1_500)),
    ("shopping-product.train", Some(12_000)),
    ("clinc150.test", None),
];

#[derive(Clone)]
struct Row {
    id: String,
    text: String,
    label: String,
}

fn main() {
    let Some(folder) = std::env::var_os("AHU_BENCH_DATA").map(PathBuf::from) else {
        println!("set AHU_BENCH_DATA to a folder of labelled sets");
        return;
    };
    let parts = std::env::var("AHU_BENCH_PARTS").unwrap_or_else(|_| "groups,small,names,moves,new".to_owned());
    let aside = tempfile::tempdir().expect("a temporary folder");
    for part in parts.split(',') {
        println!("\n{part}");
        match part {
            "groups" => groups(&folder, aside.path()),
            "small" => small(&folder, aside.path()),
            "names" => names(&folder, aside.path()),
            "moves" => moves(&folder, aside.path()),
            "new" => new(&folder, aside.path()),
            _ => panic!("AHU_BENCH_PARTS: groups, small, names, moves or new, not `{part}`"),
        }
    }
}

fn read(folder: &Path, name: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(folder.join(format!("{name}.csv"))).expect("a labelled set");
    let rows = reader.records().enumerate();
    let row = |(i, r): (usize, csv::Result<csv::StringRecord>)| {
        let r = r.expect("a row");
        Row { id: format!("R{i}"), text: r[1].to_owned(), label: r[2].to_owned() }
    };
    rows.map(row).collect()
}

fn mixed(mut rows: Vec<Row>, seed: u64) -> Vec<Row> {
    rows.sort_by_cached_key(|r| (xxh3_64_with_seed(r.text.as_bytes(), seed), r.id.clone()));
    rows
}

/// Groups rows, with further arguments; each row's group, and the seconds.
fn discover(folder: &Path, rows: &[Row], more: &[&str]) -> (Vec<String>, f64) {
    let (path, out) = (folder.join("in.csv"), folder.join("out.csv"));
    write(&path, rows);
    let mut command = Command::new(AHU);
    command.args(["discover", "--taxonomy", "none", "--encoding", "utf-8", "--text-column", "text", "--assign"]).arg(&out).arg(&path).args(more);
    let start = Instant::now();
    let ran = command.output().expect("ahu runs");
    let seconds = start.elapsed().as_secs_f64();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let mut reader = csv::Reader::from_path(&out).expect("the groups");
    let groups: Vec<String> = reader.records().map(|r| r.expect("a row")[3].to_owned()).collect();
    assert_eq!(groups.len(), rows.len());
    (groups, seconds)
}

fn write(path: &Path, rows: &[Row]) {
    let mut writer = csv::Writer::from_path(path).expect("a temporary file");
    writer.write_record(["id", "text", "label"]).expect("written");
    rows.iter().for_each(|r| writer.write_record([&r.id, &r.text, &r.label]).expect("written"));
    writer.flush().expect("written");
}

/// Normalised mutual information (by the mean of the entropies) and adjusted Rand index.
fn agreement(a: &[&str], b: &[&str]) -> (f64, f64) {
    let n = a.len() as f64;
    let count = |keys: Vec<(&str, &str)>| {
        let mut counts: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        keys.into_iter().for_each(|k| *counts.entry(k).or_default() += 1.0);
        counts.into_values().collect::<Vec<f64>>()
    };
    let rows = count(a.iter().map(|x| (*x, "")).collect());
    let columns = count(b.iter().map(|x| (*x, "")).collect());
    let cells = count(a.iter().copied().zip(b.iter().copied()).collect());
    let entropy = |counts: &[f64]| -counts.iter().map(|c| c / n * (c / n).ln()).sum::<f64>();
    let pairs = |counts: &[f64]| counts.iter().map(|c| c * (c - 1.0) / 2.0).sum::<f64>();
    let mutual = entropy(&rows) + entropy(&columns) - entropy(&cells);
    let (p, q, both, all) = (pairs(&rows), pairs(&columns), pairs(&cells), n * (n - 1.0) / 2.0);
    let expected = p * q / all;
    (mutual / f64::midpoint(entropy(&rows), entropy(&columns)).max(1e-12), (both - expected) / (f64::midpoint(p, q) - expected).max(1e-12))
}

fn scores(rows: &[Row], groups: &[String]) -> (f64, f64) {
    agreement(&rows.iter().map(|r| r.label.as_str()).collect::<Vec<_>>(), &groups.iter().map(String::as_str).collect::<Vec<_>>())
}

fn distinct<'s>(texts: impl Iterator<Item = &'s String>) -> usize {
    texts.filter(|t| !t.is_empty()).collect::<HashSet<_>>().len()
}

fn groups(folder: &Path, aside: &Path) {
    println!("set | rows | NMI | ARI | groups | labels | left over | s | best rival");
    for (name, most) in SETS {
        let mut rows = mixed(read(folder, name), 0);
        rows.truncate(most.unwrap_or(rows.len()));
        let (groups, seconds) = discover(aside, &rows, &[]);
        let ((nmi, ari), left) = (scores(&rows, &groups), groups.iter().filter(|g| g.is_empty()).count());
        let labels = distinct(rows.iter().map(|r| &r.label));
        println!("{name} | {} | {nmi:.3} | {ari:.3} | {} | {labels} | {left} | {seconds:.2} | {}", rows.len(), distinct(groups.iter()), rival(aside));
    }
}

/// The best of the rivals on the rows just grouped.
fn rival(aside: &Path) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/groups.py");
    let Ok(ran) = Command::new("python3").arg(script).arg(aside.join("in.csv")).output() else { return "no python3".to_owned() };
    let Ok(all) = serde_json::from_slice::<BTreeMap<String, [f64; 3]>>(&ran.stdout) else { return "no scikit-learn".to_owned() };
    let best = |measure: usize| all.iter().map(|(name, s)| (s[measure], name)).max_by(|a, b| a.0.total_cmp(&b.0));
    let said: Vec<String> = [("NMI", 0), ("ARI", 1)].iter().filter_map(|(n, m)| best(*m).map(|(s, name)| format!("{n} {s:.3} ({name})"))).collect();
    said.join(", ")
}

fn small(folder: &Path, aside: &Path) {
    println!("set | tickets | labels | NMI | ARI | groups | best rival of the first sample; means of six samples");
    for name in ["banking77.test", "clinc150.test", "taipei-office.train", "shopping-product.train"] {
        for (tickets, labels) in [(20, 3), (50, 5), (200, 10)] {
            let mut sums = [0.0; 3];
            let mut beside = String::new();
            for seed in 0..6 {
                let rows = mixed(read(folder, name), seed);
                let mut by_label: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
                rows.iter().for_each(|r| by_label.entry(xxh3_64_with_seed(r.label.as_bytes(), seed)).or_default().push(r));
                let large = by_label.values().filter(|rows| rows.len() > tickets / labels).take(labels);
                let mut sample: Vec<Row> = large.flat_map(|rows| rows[..tickets / labels + 1].iter().map(|r| (*r).clone())).collect();
                sample = mixed(sample, seed);
                sample.truncate(tickets);
                let (groups, _) = discover(aside, &sample, &[]);
                let (nmi, ari) = scores(&sample, &groups);
                sums = [sums[0] + nmi, sums[1] + ari, sums[2] + distinct(groups.iter()) as f64];
                if seed == 0 {
                    beside = rival(aside);
                }
            }
            println!("{name} | {tickets} | {labels} | {:.2} | {:.2} | {:.1} | {beside}", sums[0] / 6.0, sums[1] / 6.0, sums[2] / 6.0);
        }
    }
}

/// Content words of a label or name: beginnings of English words, pairs of hanzi.
fn content(text: &str) -> HashSet<String> {
    const EMPTY: [&str; 14] = ["not", "or", "my", "for", "up", "by", "to", "the", "in", "and", "is", "of", "on", "a"];
    const OFFICES: [&str; 8] = ["臺北", "台北", "北市", "市政", "政府", "府社", "府教", "府衛"];
    if text.is_ascii() {
        let words = text.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_lowercase);
        return words.filter(|w| !w.is_empty() && !EMPTY.contains(&w.as_str())).map(|w| w.chars().take(4).collect()).collect();
    }
    let chars: Vec<char> = text.chars().collect();
    let pairs = chars.windows(2).filter(|p| p.iter().all(|c| ('\u{4e00}'..='\u{9fff}').contains(c))).map(|p| p.iter().collect::<String>());
    pairs.filter(|p| !OFFICES.contains(&p.as_str())).collect()
}

fn names(folder: &Path, aside: &Path) {
    println!("set | groups of at least 10 | share that has a content word of its commonest label | share that could: the word is in a tenth of its tickets");
    for name in ["banking77.test", "clinc150.test", "taipei-office.train"] {
        let rows = read(folder, name);
        let (groups, _) = discover(aside, &rows, &[]);
        let mut members: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        groups.iter().zip(&rows).filter(|(g, _)| !g.is_empty()).for_each(|(g, r)| members.entry(g).or_default().push(r));
        let (mut all, mut share, mut could) = (0u32, 0u32, 0u32);
        for (group, rows) in members.iter().filter(|(_, rows)| rows.len() >= 10) {
            let mut labels: BTreeMap<&str, usize> = BTreeMap::new();
            rows.iter().for_each(|r| *labels.entry(&r.label).or_default() += 1);
            let commonest = labels.iter().max_by_key(|l| l.1).map_or("", |l| l.0);
            let wanted = content(commonest);
            all += 1;
            share += u32::from(!content(group).is_disjoint(&wanted));
            let said = |word: &String| rows.iter().filter(|r| content(&r.text).contains(word)).count() * 10 >= rows.len();
            could += u32::from(wanted.iter().any(said));
        }
        println!("{name} | {all} | {:.2} | {:.2}", f64::from(share) / f64::from(all), f64::from(could) / f64::from(all));
    }
}

/// How many old tickets move to another group when one in a hundred is new: alone, and with the groups kept.
fn moves(folder: &Path, aside: &Path) {
    println!("set | rows | moved when grouped anew | moved with groups kept");
    for (name, most) in [("banking77.test", None), ("taipei-office.train", Some(1_500)), ("shopping-product.train", Some(6_000))] {
        let mut rows = mixed(read(folder, name), 7);
        rows.truncate(most.unwrap_or(rows.len()));
        let old = &rows[rows.len() / 100..];
        let registry = aside.join("g.json");
        let registry = registry.to_str().expect("a path");
        let _ = std::fs::remove_file(registry);
        let (before, _) = discover(aside, old, &[]);
        let (after, _) = discover(aside, &rows, &[]);
        let (kept_before, _) = discover(aside, old, &["--groups", registry, "--as-of", "2026-01-01"]);
        let (kept_after, _) = discover(aside, &rows, &["--groups", registry, "--as-of", "2026-01-02"]);
        let new = rows.len() - old.len();
        println!("{name} | {} | {:.3} | {:.3}", rows.len(), moved(&before, &after[new..]), moved(&kept_before, &kept_after[new..]));
    }
}

/// The share that is elsewhere when each group is taken for the one it shares most with.
fn moved(before: &[String], after: &[String]) -> f64 {
    let mut both: HashMap<(&str, &str), usize> = HashMap::new();
    before.iter().zip(after).for_each(|(a, b)| *both.entry((a, b)).or_default() += 1);
    let mut pairs: Vec<((&str, &str), usize)> = both.into_iter().collect();
    pairs.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let (mut left, mut right, mut stayed) = (HashSet::new(), HashSet::new(), 0);
    for ((a, b), n) in pairs {
        if !left.contains(a) && !right.contains(b) {
            left.insert(a);
            right.insert(b);
            stayed += n;
        }
    }
    1.0 - stayed as f64 / before.len() as f64
}

/// Quiet days without a label, then a day with 15 tickets of it.
fn new(folder: &Path, aside: &Path) {
    println!("set | tickets a day | quiet days | groups told as new on them | planted labels | told | on these days others told");
    for (files, a_day, days) in [
        (&["clinc150.train", "clinc150.test"][..], 500, 30),
        (&["banking77.train", "banking77.test"], 400, 30),
        (&["taipei-office.train"], 200, 30),
        (&["clinc150.train", "clinc150.test"], 3_000, 6),
        (&["shopping-product.train"], 3_000, 12),
    ] {
        let all: Vec<Row> = files.iter().flat_map(|f| read(folder, f)).enumerate().map(|(i, r)| Row { id: format!("R{i}"), ..r }).collect();
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        all.iter().for_each(|r| *sizes.entry(&r.label).or_default() += 1);
        let mut labels: Vec<&str> = sizes.iter().filter(|l| *l.1 >= 60 && *l.0 != "oos").map(|l| *l.0).collect();
        labels.sort_by_cached_key(|l| xxh3_64_with_seed(l.as_bytes(), 1));
        let (mut quiet, mut false_alarms, mut told, mut others) = (0, 0, 0, 0);
        labels.truncate(4);
        for label in &labels {
            let (planted, rest): (Vec<Row>, Vec<Row>) = mixed(all.clone(), 3).into_iter().partition(|r| r.label == *label);
            let registry = aside.join("g.json");
            let registry = registry.to_str().expect("a path");
            let _ = std::fs::remove_file(registry);
            let most = days.min(rest.len() / a_day - 1);
            for (day, rows) in rest.chunks(a_day).take(most).enumerate() {
                false_alarms += announced(aside, rows, registry, day).len();
                quiet += usize::from(day > 0);
            }
            let mut rows = rest[most * a_day..(most + 1) * a_day - 15].to_vec();
            rows.extend_from_slice(&planted[..15]);
            let planted: HashSet<&str> = planted[..15].iter().map(|r| r.id.as_str()).collect();
            let new = announced(aside, &rows, registry, most);
            let hits = new.iter().filter(|ids| ids.iter().filter(|id| planted.contains(id.as_str())).count() * 2 >= ids.len()).count();
            told += usize::from(hits > 0);
            others += new.len() - hits;
        }
        println!("{} | {a_day} | {quiet} | {false_alarms} | {} | {told} | {others}", files.join(" + "), labels.len());
    }
}

/// The ids of each group that is told as new on a day.
fn announced(aside: &Path, rows: &[Row], registry: &str, day: usize) -> Vec<Vec<String>> {
    let path = aside.join("day.csv");
    write(&path, rows);
    let day = format!("2026-{:02}-{:02}", 1 + day / 28, 1 + day % 28);
    let mut command = Command::new(AHU);
    command.args(["discover", "--taxonomy", "none", "--encoding", "utf-8", "--text-column", "text", "--format", "json"]);
    let ran = command.args(["--groups", registry, "--as-of", &day]).arg(&path).output().expect("ahu runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let found: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let new = found["groups"].as_array().expect("groups").iter().filter(|g| g["new"] == true);
    new.map(|g| g["ids"].as_array().expect("ids").iter().map(|id| id.as_str().expect("an id").to_owned()).collect()).collect()
}
