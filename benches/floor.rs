//! The pipeline beside its floor: `ahu classify` against a program that only reads the CSV and runs jieba-rs over the text on
//! all cores, as whole processes, in turn. Asserts both answers before it prints a ratio.
//!
//! `cargo bench --bench floor` makes half a million tickets, each one matter (a built-in example) told with what people tell
//! around it; and a fifth as many that are nothing but examples, the worst case: every sentence has what rules look for.
//! `AHU_BENCH_ROWS=5000000` makes more; `AHU_BENCH_FILE=file.csv` adds a run on that file's texts (the longest cell of each row).

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
    println!("{} threads, {RUNS} runs each, in turn", rayon::current_num_threads());

    let told = Tickets { rows, pack: "", told: true };
    compare("tickets as told", &told.write(folder.path()), rows, 1.6);
    let rows_bare = rows.div_ceil(5);
    compare("nothing but what rules look for", &Tickets { rows: rows_bare, pack: "", told: false }.write(folder.path()), rows_bare, f64::INFINITY);
    if let Some(file) = std::env::var_os("AHU_BENCH_FILE") {
        let (path, rows) = repeat(folder.path(), Path::new(&file), rows);
        compare(&file.to_string_lossy(), &path, rows, 1.6);
    }

    let games = Tickets { rows: rows / 2, pack: "game", told: true }.write(folder.path());
    let game = folder.path().join("game.toml");
    std::fs::write(&game, std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/packs/game.toml")).expect("the pack")).expect("a copy");
    let small = Tickets { rows: 1_000, pack: "", told: true }.write(folder.path());
    let (mut all, mut one) = (Vec::new(), Vec::new());
    for _ in 0..=RUNS {
        all.push(timed(&mut classify(&games, &[])).0);
        one.push(timed(&mut classify(&games, &["--taxonomy", "none", "--taxonomy", &game.display().to_string()])).0);
    }
    println!(
        "\nall packs / one pack {:.2}   (wanted: at most 1.15)",
        median(all[1..].iter().zip(&one[1..]).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect())
    );
    let start: Vec<Duration> = (0..=RUNS).map(|_| timed(&mut classify(&small, &[])).0).collect();
    println!("1,000 rows           {:.3} s (wanted: at most 0.2)", seconds(&start));
}

fn classify(input: &Path, more: &[&str]) -> Command {
    let mut c = Command::new(AHU);
    c.arg("classify").args(more).arg(input);
    c
}

/// Times us and the rival on one file, in turn.
fn compare(what: &str, file: &Path, rows: usize, wanted: f64) {
    let mut rival = Command::new(std::env::current_exe().expect("this program"));
    rival.arg("--floor").arg(file);
    let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..=RUNS {
        let (time, lines, memory) = timed(&mut classify(file, &[]));
        assert_eq!(lines, rows + 1, "every row comes out again, under a header");
        ours.push(time);
        peak = peak.max(memory);
        let (time, lines, _) = timed(&mut rival);
        assert_eq!(lines, 1, "the rival prints its count of tokens");
        theirs.push(time);
    }
    let ratio = median(ours[1..].iter().zip(&theirs[1..]).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect());
    println!("\n{what}: {rows} rows, {} MB", std::fs::metadata(file).map_or(0, |m| m.len() >> 20));
    println!("ahu classify         {:.2} s   {:.0} rows/s   peak {} MB", seconds(&ours), rows as f64 / seconds(&ours), peak >> 10);
    println!("csv + jieba-rs cut   {:.2} s", seconds(&theirs));
    let wanted = if wanted.is_finite() { format!("   (wanted: at most {wanted})") } else { String::new() };
    println!("ratio                {ratio:.2}{wanted}");
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

/// Median in seconds, the first run left out.
fn seconds(times: &[Duration]) -> f64 {
    median(times[1..].iter().map(Duration::as_secs_f64).collect())
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v[v.len() / 2]
}

/// What people say before they come to the matter.
const GREETINGS: [&str; 12] =
    ["你好，", "您好，麻烦问下，", "在吗，", "客户来电，", "喂，", "我姓李，", "客户反映，", "人工，", "麻烦帮我看一下，", "又是我，", "", ""];

/// What people tell around the matter.
const TALK: [&str; 48] = [
    "我昨天下午就打过一次电话了",
    "订单号2025112200347",
    "手机尾号8821",
    "我上个月跟同事一起办的",
    "当时你们那个小姑娘跟我讲得好好的",
    "我现在人在外地出差",
    "今天早上起来一看就这样了",
    "我老公用的也是这个",
    "之前一直都好好的",
    "换了个手机也一样",
    "你们自己系统里查一下就知道",
    "我可以把截图发给你",
    "昨天晚上大概九点多的样子",
    "家里就老人在，他们也弄不明白",
    "我下班回来都八点了",
    "身份证是我妈的名字",
    "我是看朋友圈里有人推荐才来的",
    "我同学他们都是这么弄的",
    "前前后后折腾了半个月",
    "我按你们说的步骤一步一步来的",
    "白天上班没空接电话",
    "我记得是十月二十几号",
    "旁边的人都可以",
    "我也不是第一次来了",
    "说了半天也没说清楚",
    "我把整个过程再跟你讲一遍",
    "当时页面上是这么写的",
    "我孩子今年上三年级",
    "那边让我找你们",
    "我刚从地铁上下来",
    "我用的是安卓手机，系统是最新的",
    "小区门口那个点",
    "我住在六楼，白天家里有人",
    "我重新登录过，网也是家里的无线网",
    "上回那个师傅人倒是挺客气",
    "我这边录音都有",
    "反正就是这么个情况",
    "我一个学生，钱也不多",
    "我们宿舍四个人都在用",
    "麻烦快一点，我等着用",
    "这都第三回了",
    "我从去年就开始用你们家的",
    "我看了一下说明，也没看懂",
    "能不能给我个准话",
    "你先别挂，听我说完",
    "我在门口等了四十分钟",
    "具体哪天我记不清了",
    "回头你们给我回个电话就行",
];

/// Tickets made of the built-in examples: no text comes from a customer.
struct Tickets<'a> {
    rows: usize,
    /// Of this pack alone, or of all.
    pack: &'a str,
    /// One matter with talk around it; else two to five matters and nothing else.
    told: bool,
}

impl Tickets<'_> {
    fn write(&self, folder: &Path) -> PathBuf {
        let taxonomy = ahu::taxonomy::Taxonomy::with_builtin(true, &[]).expect("the built-in taxonomy");
        let texts: Vec<(&str, &str)> = taxonomy
            .causes
            .iter()
            .filter(|c| taxonomy.packs[c.pack].id != "english" && (self.pack.is_empty() || taxonomy.packs[c.pack].id == self.pack))
            .flat_map(|c| {
                let product = match taxonomy.packs[c.pack].id.as_str() {
                    "game" => "星海手游",
                    "shop" => "云上商城",
                    "o2o" => "小蓝单车",
                    "education" => "学而课堂",
                    "telecom" => "蜂窝宽带",
                    "bank" => "安心银行",
                    "civic" => "市民热线",
                    _ => "其他",
                };
                c.matches.iter().chain(&c.rejects).map(move |e| (product, e.text.as_str()))
            })
            .collect();
        let path = folder.join(format!("tickets-{}-{}-{}.csv", self.rows, self.pack, self.told));
        let mut out = BufWriter::new(File::create(&path).expect("a file"));
        writeln!(out, "{HEADER}").expect("written");
        let mut random = Random(0x2545_F491_4F6C_DD1D);
        for i in 0..self.rows {
            let (product, text) = texts[random.below(texts.len())];
            let mut parts = vec![text];
            if self.told {
                for _ in 0..1 + random.below(4) {
                    parts.insert(random.below(parts.len() + 1), TALK[random.below(TALK.len())]);
                }
            } else {
                parts.extend((0..1 + random.below(4)).map(|_| texts[random.below(texts.len())].1));
            }
            let (day, hour, minute, greeting) = (1 + random.below(28), random.below(24), random.below(60), GREETINGS[random.below(GREETINGS.len())]);
            let text = parts.join("，").replace(['"', '\n', ','], "，");
            writeln!(out, "T{i:09},2025-11-{day:02} {hour:02}:{minute:02}:00,{product},在线,{greeting}{text}").expect("written");
        }
        out.flush().expect("written");
        path
    }
}

const HEADER: &str = "工单号,创建时间,产品,渠道,问题描述";

/// The longest cell of each row of `file`, again and again until there are `rows` tickets (whole rounds): the new file, its rows.
fn repeat(folder: &Path, file: &Path, rows: usize) -> (PathBuf, usize) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(file).expect("AHU_BENCH_FILE");
    let records = reader.records().map(|r| r.expect("a row in UTF-8"));
    let texts: Vec<String> = records.map(|r| r.iter().max_by_key(|c| c.len()).unwrap_or_default().to_owned()).collect();
    let path = folder.join("repeated.csv");
    let mut out = csv::Writer::from_path(&path).expect("a file");
    out.write_record(HEADER.split(',')).expect("written");
    let rounds = rows.div_ceil(texts.len().max(1));
    for round in 0..rounds {
        for (i, text) in texts.iter().enumerate() {
            let flat = text.replace(['\n', '\r'], " ");
            out.write_record([&format!("{round}-{i}"), "2025-11-01 10:00:00", "", "在线", &flat]).expect("written");
        }
    }
    out.flush().expect("written");
    (path, rounds * texts.len())
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}
