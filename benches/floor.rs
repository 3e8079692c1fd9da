//! The pipeline beside its floor: `ahu classify` against a program that only reads the CSV and runs jieba-rs over the text on
//! all cores, as whole processes, in turn. Asserts both answers before it prints a ratio.
//!
//! `cargo bench --bench floor` makes half a million rows from the built-in examples; `AHU_BENCH_ROWS=5000000` makes more.

use jieba_rs::Jieba;
use rayon::prelude::*;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 5;
const AHU: &str = env!("CARGO_BIN_EXE_ahu");

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(i) = args.iter().position(|a| a == "--floor") {
        floor(Path::new(&args[i + 1]));
        return;
    }
    let rows: usize = std::env::var("AHU_BENCH_ROWS").ok().and_then(|r| r.parse().ok()).unwrap_or(500_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = generate(folder.path(), rows, "");
    let small = generate(folder.path(), 1_000, "");
    let games = generate(folder.path(), rows / 2, "game");
    let game = folder.path().join("game.toml");
    std::fs::write(&game, std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/packs/game.toml")).expect("the pack")).expect("a copy");
    println!("{rows} rows, {} MB, {} threads, {RUNS} runs each, in turn", std::fs::metadata(&file).map_or(0, |m| m.len() >> 20), rayon::current_num_threads());

    let classify = |input: &Path, more: &[&str]| {
        let mut c = Command::new(AHU);
        c.arg("classify").args(more).arg(input);
        c
    };
    let myself = std::env::current_exe().expect("this program");
    let mut rival = Command::new(myself);
    rival.arg("--floor").arg(&file);

    let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..=RUNS {
        let (time, lines, memory) = timed(&mut classify(&file, &[]));
        assert_eq!(lines, rows + 1, "every row comes out again, under a header");
        ours.push(time);
        peak = peak.max(memory);
        let (time, lines, _) = timed(&mut rival);
        assert_eq!(lines, 1, "the rival prints its count of tokens");
        theirs.push(time);
    }
    let ratio = median(ours[1..].iter().zip(&theirs[1..]).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect());
    let seconds = |v: &[Duration]| median(v[1..].iter().map(Duration::as_secs_f64).collect());
    println!("ahu classify         {:.2} s   {:.0} rows/s   peak {} MB", seconds(&ours), rows as f64 / seconds(&ours), peak >> 10);
    println!("csv + jieba-rs cut   {:.2} s", seconds(&theirs));
    println!("ratio                {ratio:.2}   (wanted: at most 1.6)");

    let (mut all, mut one) = (Vec::new(), Vec::new());
    for _ in 0..=RUNS {
        all.push(timed(&mut classify(&games, &[])).0);
        one.push(timed(&mut classify(&games, &["--taxonomy", "none", "--taxonomy", &game.display().to_string()])).0);
    }
    println!(
        "all packs / one pack {:.2}   (wanted: at most 1.15)",
        median(all[1..].iter().zip(&one[1..]).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect())
    );
    let start: Vec<Duration> = (0..=RUNS).map(|_| timed(&mut classify(&small, &[])).0).collect();
    println!("1,000 rows           {:.3} s (wanted: at most 0.2)", seconds(&start));
}

/// The rival: reads, segments, counts.
fn floor(file: &Path) {
    let jieba = Jieba::new();
    let mut reader = csv::Reader::from_path(file).expect("the generated file");
    let mut records = reader.records();
    let (mut tokens, mut chars) = (0usize, 0usize);
    loop {
        let batch: Vec<csv::StringRecord> = records.by_ref().take(20_000).map(|r| r.expect("a row")).collect();
        if batch.is_empty() {
            break;
        }
        let (t, c) = batch
            .par_iter()
            .map(|r| {
                let words = jieba.cut(&r[4], false);
                (words.len(), words.iter().map(|w| w.word.len()).sum::<usize>())
            })
            .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        tokens += t;
        chars += c;
    }
    assert!(tokens > 0 && chars > tokens);
    println!("{tokens}");
}

/// Runs to the end: time, lines printed, peak memory in KiB.
fn timed(command: &mut Command) -> (Duration, usize, u64) {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut out = BufReader::with_capacity(1 << 16, child.stdout.take().expect("a pipe"));
    let (mut lines, mut memory, mut looked) = (0, 0, Instant::now());
    loop {
        let block = out.fill_buf().expect("output");
        if block.is_empty() {
            break;
        }
        lines += memchr::memchr_iter(b'\n', block).count();
        let n = block.len();
        out.consume(n);
        if looked.elapsed() > Duration::from_millis(20) {
            looked = Instant::now();
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let high = text.lines().find_map(|l| l.strip_prefix("VmHWM:")).and_then(|l| l.trim().trim_end_matches(" kB").parse().ok());
            memory = high.unwrap_or(memory);
        }
    }
    assert!(child.wait().expect("an end").success());
    (started.elapsed(), lines, memory)
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v[v.len() / 2]
}

/// Tickets made of the built-in examples, two to five a ticket, with some small talk before, of all packs or of one: no text comes from a customer.
fn generate(folder: &Path, rows: usize, only_pack: &str) -> PathBuf {
    let taxonomy = ahu::taxonomy::Taxonomy::with_builtin(true, &[]).expect("the built-in taxonomy");
    let products = ["星海手游", "云上商城", "小蓝单车", "学而课堂", "蜂窝宽带", "安心银行", "其他"];
    let talk = ["你好，", "我昨天下午就打过一次电话了，", "麻烦帮我看一下，", "订单号2025112200347，", "手机尾号8821，", "说了半天也没说清楚，", ""];
    let texts: Vec<(&str, &str)> = taxonomy
        .causes
        .iter()
        .filter(|c| taxonomy.packs[c.pack].id != "english" && (only_pack.is_empty() || taxonomy.packs[c.pack].id == only_pack))
        .flat_map(|c| {
            let product = match taxonomy.packs[c.pack].id.as_str() {
                "game" => products[0],
                "shop" => products[1],
                "o2o" => products[2],
                "education" => products[3],
                "telecom" => products[4],
                "bank" => products[5],
                _ => products[6],
            };
            c.matches.iter().chain(&c.rejects).map(move |e| (product, e.text.as_str()))
        })
        .collect();
    let path = folder.join(format!("tickets-{rows}-{only_pack}.csv"));
    let mut out = BufWriter::new(File::create(&path).expect("a file"));
    writeln!(out, "工单号,创建时间,产品,渠道,问题描述").expect("written");
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    for i in 0..rows {
        let (product, text) = texts[random(texts.len())];
        let clean = |t: &str| t.replace(['"', '\n', ','], "，");
        // Two to five sentences, as a chat or an agent's note has: about fifty characters.
        let more: Vec<String> = (0..1 + random(4)).map(|_| clean(texts[random(texts.len())].1)).collect();
        writeln!(
            out,
            "T{i:09},2025-11-{:02} {:02}:{:02}:00,{product},在线,{}{}，{}",
            1 + random(28),
            random(24),
            random(60),
            talk[random(talk.len())],
            clean(text),
            more.join("，")
        )
        .expect("written");
    }
    out.flush().expect("written");
    path
}
