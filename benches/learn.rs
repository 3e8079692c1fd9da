//! `ahu train` and `ahu classify --model` beside scikit-learn's linear models, on labelled sets, in the same run.
//!
//! `AHU_BENCH_DATA=../shared/data cargo bench --bench learn` takes every `NAME.train.csv` there (columns id, text, label) with its
//! `NAME.test.csv`, or with a fifth of the rows set aside where there is none; `AHU_BENCH_SETS=a,b` takes only some. The rival
//! (`line.py`) runs where python3 has scikit-learn. Without a folder nothing is measured.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use xxhash_rust::xxh3::xxh3_64;

const AHU: &str = env!("CARGO_BIN_EXE_ahu");

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
    let only: Option<BTreeSet<String>> = std::env::var("AHU_BENCH_SETS").ok().map(|s| s.split(',').map(str::to_owned).collect());
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder")
        .filter_map(|e| Some(e.ok()?.file_name().to_str()?.strip_suffix(".train.csv")?.to_owned()))
        .filter(|n| only.as_ref().is_none_or(|o| o.contains(n)))
        .collect();
    names.sort();
    let aside = tempfile::tempdir().expect("a temporary folder");
    println!("set | ahu: accuracy or micro-F1 | macro-F1 | ECE | train s | MB | scikit-learn: accuracy or micro-F1 | macro-F1 | train s | MB");
    for name in names {
        let (train, test) = split(&folder, &name);
        let (train_path, test_path) = (aside.path().join("train.csv"), aside.path().join("test.csv"));
        write(&train_path, &train);
        write(&test_path, &test);
        let ours = ours(aside.path(), &train_path, &test_path, &train);
        println!("{name} | {ours} | {}", rival(&train_path, &test_path));
    }
}

fn split(folder: &Path, name: &str) -> (Vec<Row>, Vec<Row>) {
    let train = read(&folder.join(format!("{name}.train.csv")));
    let test = folder.join(format!("{name}.test.csv"));
    if test.exists() {
        return (train, read(&test));
    }
    let (test, train) = train.into_iter().partition(|r| xxh3_64(r.text.as_bytes()) % 5 == 3);
    (train, test)
}

fn read(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("a labelled set");
    let row = |r: csv::StringRecord| Row { id: r[0].trim_start_matches('\u{feff}').to_owned(), text: r[1].to_owned(), label: r[2].to_owned() };
    reader.records().map(|r| row(r.expect("a row"))).collect()
}

fn write(path: &Path, rows: &[Row]) {
    let mut writer = csv::Writer::from_path(path).expect("a file");
    writer.write_record(["id", "text", "label"]).expect("a header");
    rows.iter().for_each(|r| writer.write_record([&r.id, &r.text, &r.label]).expect("a row"));
    writer.flush().expect("a whole file");
}

fn ours(folder: &Path, train: &Path, test: &Path, rows: &[Row]) -> String {
    let several = rows.iter().any(|r| r.label.contains('|'));
    let (target, column) = if several { ("cause", "ahu_cause") } else { ("product", "ahu_product") };
    let (model, out) = (folder.join("m.ahu"), folder.join("out.csv"));
    let options = ["--target", target, "--text-column", "text", "--label-column", "label"];
    let start = Instant::now();
    let mut timed = Command::new("/usr/bin/env");
    timed.args(["time", "-f", "%M", AHU, "train"]).arg(train).args(options).arg("-o").arg(&model);
    let ran = timed.output().expect("time(1) runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let seconds = start.elapsed().as_secs_f64();
    let memory = String::from_utf8_lossy(&ran.stderr).lines().last().and_then(|l| l.trim().parse::<u64>().ok()).map_or(0, |kb| kb / 1024);
    let mut classify = Command::new(AHU);
    classify.arg("classify").arg(test).args(["--text-column", "text", "--taxonomy", "none", "--min-confidence", "0", "--no-mask", "--raw-cells"]);
    assert!(classify.arg("--model").arg(&model).arg("-o").arg(&out).output().expect("ahu runs").status.success());
    let mut evaluate = Command::new(AHU);
    evaluate.arg("evaluate").arg(test).args(options).args(["--format", "json"]).arg("--model").arg(&model);
    let json: serde_json::Value = serde_json::from_slice(&evaluate.output().expect("ahu runs").stdout).expect("JSON");
    let mut reader = csv::Reader::from_path(&out).expect("decided rows");
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|h| h == name).expect("the column");
    let (is, given) = (at("label"), at(column));
    // Per label: given and there, given and not, there and not given.
    let mut counts: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    for record in reader.records() {
        let record = record.expect("a row");
        let set = |i: usize| record[i].split('|').map(str::to_owned).collect::<BTreeSet<String>>();
        let (is, given) = (set(is), set(given));
        given.iter().for_each(|l| counts.entry(l.clone()).or_default()[usize::from(!is.contains(l))] += 1);
        is.difference(&given).for_each(|l| counts.entry(l.clone()).or_default()[2] += 1);
    }
    let f1 = |c: [u64; 3]| 2.0 * c[0] as f64 / (2 * c[0] + c[1] + c[2]).max(1) as f64;
    let all = counts.values().fold([0; 3], |a, c| [a[0] + c[0], a[1] + c[1], a[2] + c[2]]);
    let macro_f1 = counts.values().map(|c| f1(*c)).sum::<f64>() / counts.len() as f64;
    format!("{:.3} | {macro_f1:.3} | {:.3} | {seconds:.1} | {memory}", f1(all), json["ece"].as_f64().unwrap_or(f64::NAN))
}

fn rival(train: &Path, test: &Path) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/line.py");
    let run = |more: &[&str]| -> Option<serde_json::Value> {
        let ran = Command::new("python3").arg(script).arg(train).arg(test).args(more).output().ok()?;
        serde_json::from_slice(&ran.stdout).ok()
    };
    let Some(line) = run(&[]) else { return "python3 with scikit-learn is not there".to_owned() };
    let number = |v: &serde_json::Value, key: &str| v[key].as_f64().unwrap_or(f64::NAN);
    let same = run(&["--same"])
        .map_or(String::new(), |s| format!(" (same features: {:.3} / {:.3}, {:.1} s)", number(&s, "first"), number(&s, "macro_f1"), number(&s, "seconds")));
    format!("{:.3} | {:.3} | {:.1} | {}{same}", number(&line, "first"), number(&line, "macro_f1"), number(&line, "seconds"), line["mb"])
}
