//! Four hundred nights of a desk for six products: weekdays and a holiday, a version that breaks something, fixes that work, do not, and
//! wear off, files that come late, a night that is killed, one that is run twice, and a taxonomy that learns a cause. Leaves a history.
//!
//! `cargo build --release && cargo run --release --example nights -- FOLDER target/release/ahu` (a minute or two), then in FOLDER:
//! `ahu report year`, `ahu fix`, `ahu advise 星河`.

use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Nights.
pub const NIGHTS: u32 = 400;
/// The first day.
pub const FIRST: Date = Date::constant(2025, 10, 1);
/// Products, and tickets of each cause of the first one on a usual day.
pub const PRODUCTS: [&str; 6] = ["星河", "云上小镇", "极速团", "山海志", "萌宠屋", "三国局"];
/// The night on which 星河 ships a version that crashes, and the one on which that is fixed.
pub const BROKEN: u32 = 200;
/// See [`BROKEN`].
pub const MENDED: u32 = 228;
/// A fix of 云上小镇 that works until it wears off, and one of 极速团 that never does.
pub const HALVED: u32 = 180;
/// See [`HALVED`].
pub const BACK: u32 = 370;
/// See [`HALVED`].
pub const IDLE: u32 = 250;
/// The night before which the taxonomy learns 自动寻路被删.
pub const LEARNT: u32 = 300;
/// A night that is killed, and one that is run twice.
pub const KILLED: u32 = 120;
/// See [`KILLED`].
pub const TWICE: u32 = 60;

/// A cause: its name, what people write, how many on a usual day.
const CAUSES: [(&str, [&str; 2], f64); 6] = [
    ("运行 / 闪退", ["一进去就闪退", "打着打着闪退了，第{}次"], 5.0),
    ("活动 / 奖品未到账", ["活动奖品没到账", "奖品还没到账，单号{}"], 6.0),
    ("充值 / 充值未到账", ["充值没到账", "充了{}元充值没到账"], 4.0),
    ("更新 / 更新失败", ["更新失败", "更新失败{}次了"], 2.0),
    ("活动 / 活动时间", ["请问活动几点开始", "活动几点开始啊"], 5.0),
    ("功能 / 自动寻路被删", ["自动寻路没了", "自动寻路怎么删了"], 1.5),
];

/// The causes that the taxonomy knows before [`LEARNT`]: all but the last.
fn taxonomy(known: usize) -> String {
    let rules = ["闪退", "奖品 ~6 没到账", "充值没到账", "更新失败", "活动几点", "自动寻路"];
    let examples = [
        ["一进去就闪退", "闪退"],
        ["奖品没到账", "活动奖品没到账"],
        ["充值没到账", "我充值没到账"],
        ["更新失败", "又更新失败"],
        ["活动几点开始", "活动几点"],
        ["自动寻路没了", "自动寻路呢"],
    ];
    let mut out = String::new();
    for (i, (name, _, _)) in CAUSES.iter().enumerate().take(known) {
        let kind = if i == 4 { "inquiry" } else { "complaint" };
        let _ = write!(
            out,
            "[[cause]]\npath = \"{name}\"\nkinds = [\"{kind}\"]\nrules = ['{}']\nmatch = {:?}\nreject = [\"你好\", \"在吗\"]\n\n",
            rules[i], examples[i]
        );
    }
    out
}

/// A number from 0 to 1 that hangs on these alone.
fn chance(parts: &[u64]) -> f64 {
    let bytes: Vec<u8> = parts.iter().flat_map(|p| p.to_le_bytes()).collect();
    (xxh3_64_with_seed(&bytes, 7) >> 11) as f64 / (1u64 << 53) as f64
}

/// How many tickets of a product and cause a night has: a Poisson draw by inversion.
fn tickets(night: u32, product: usize, cause: usize) -> u32 {
    let weekday = [1.0, 0.9, 0.9, 1.0, 1.1, 1.3, 1.2][(night % 7) as usize];
    // A week of holidays, a little more in summer.
    let season = if (135..142).contains(&night) { 1.6 } else { 1.0 } * (1.0 + 0.15 * (f64::from(night) / 365.0 * std::f64::consts::TAU).sin());
    let happened = match (product, cause) {
        (0, 0) if (BROKEN..MENDED).contains(&night) => 6.0,
        (1, 1) if (HALVED..BACK).contains(&night) => 0.4,
        _ => 1.0,
    };
    let size = 1.0 - product as f64 * 0.1;
    let mean = CAUSES[cause].2 * weekday * season * happened * size;
    let (drawn, mut k, mut p) = (chance(&[u64::from(night), product as u64, cause as u64]), 0, (-mean).exp());
    let mut sum = p;
    while sum < drawn && k < 500 {
        k += 1;
        p *= mean / f64::from(k);
        sum += p;
    }
    k
}

/// What happened: tickets by product and cause, of each day.
pub type Truth = BTreeMap<(Date, &'static str, &'static str), u64>;

fn row(day: Date, night: u32, product: usize, cause: usize, i: u32) -> String {
    let draw = |salt: u64| chance(&[u64::from(night), product as u64, cause as u64, u64::from(i), salt]);
    let text = CAUSES[cause].1[usize::from(draw(1) < 0.5)].replace("{}", &format!("{}", 1 + (draw(2) * 900.0) as u32));
    let channel = ["在线", "电话"][usize::from(draw(3) < 0.3)];
    let customer = (draw(4) * 4000.0) as u32;
    let minute = (draw(5) * 1440.0) as u32;
    format!("E{night}-{product}{cause}-{i},{channel},{day} {:02}:{:02}:00,{},u{customer},{text}\n", minute / 60, minute % 60, PRODUCTS[product])
}

fn run(ahu: &Path, folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(ahu).args(arguments).current_dir(folder).stdin(Stdio::null()).output().expect("ahu starts");
    assert!(output.status.success(), "ahu {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Lives through the nights, and tells what happened.
pub fn live(folder: &Path, ahu: &Path) -> Truth {
    std::fs::create_dir_all(folder.join("in")).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    write("ahu.toml", "taxonomy = [\"none\", \"mine.toml\"]\n[run]\ninputs = [\"in/*.csv\"]\nhistory = \"history.db\"\noutput = \"out\"\nsettle_seconds = 0\n");
    write("mine.toml", &taxonomy(CAUSES.len() - 1));
    let header = "编号,渠道,时间,产品,用户,内容\n";
    let mut truth = Truth::new();
    let mut late = String::new();
    for night in 0..NIGHTS {
        let day = FIRST.saturating_add(i64::from(night).days());
        let mut file = header.to_owned() + &std::mem::take(&mut late);
        for (product, name) in PRODUCTS.into_iter().enumerate() {
            for (cause, (cause_name, ..)) in CAUSES.into_iter().enumerate() {
                let n = tickets(night, product, cause);
                if n > 0 {
                    truth.insert((day, name, cause_name), u64::from(n));
                }
                for i in 0..n {
                    // One in thirty comes a night late.
                    let line = row(day, night, product, cause, i);
                    let is_late = night + 1 < NIGHTS && chance(&[u64::from(night), product as u64, cause as u64, u64::from(i), 9]) < 1.0 / 30.0;
                    if is_late { late.push_str(&line) } else { file.push_str(&line) }
                }
            }
        }
        write(&format!("in/{day}.csv"), &file);
        let as_of = day.to_string();
        if night == LEARNT {
            write("mine.toml", &taxonomy(CAUSES.len()));
            run(ahu, folder, &["restate"]);
        }
        if night == KILLED {
            let mut child = Command::new(ahu).args(["run", "--as-of", &as_of]).current_dir(folder).stdout(Stdio::null()).spawn().expect("ahu starts");
            std::thread::sleep(std::time::Duration::from_millis(30));
            let _ = child.kill();
            let _ = child.wait();
            // The next night makes up for it.
            continue;
        }
        run(ahu, folder, &["run", "--as-of", &as_of]);
        if night == TWICE {
            run(ahu, folder, &["run", "--as-of", &as_of]);
        }
        for (at, product, cause, expect) in [(MENDED, 0, 0, "0.2"), (HALVED, 1, 1, "0.5"), (IDLE, 2, 2, "0.5")] {
            if night == at {
                let day = day.to_string();
                run(ahu, folder, &["fix", "--product", PRODUCTS[product], "--cause", CAUSES[cause].0, "--shipped", &day, "--as-of", &day, "--expect", expect]);
            }
        }
    }
    truth
}

#[allow(dead_code)] // The test that holds the story to what is reported has a main of its own.
fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), Some(ahu)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: nights FOLDER AHU");
        std::process::exit(2);
    };
    let ahu = std::path::absolute(ahu).expect("a path");
    let truth = live(Path::new(&folder), &ahu);
    println!(
        "{} tickets in {NIGHTS} nights; in {}: ahu report year, ahu fix, ahu advise {}",
        truth.values().sum::<u64>(),
        Path::new(&folder).display(),
        PRODUCTS[0]
    );
}
