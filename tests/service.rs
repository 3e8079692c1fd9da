//! Checks of what agents and customers say: the built-in ones hold their examples, and reach their measured floors on replies that
//! were written before them.

use crate::run::Desk;
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
/// By another hand than the checks.
const OTHERS_REPLIES: &str = include_str!("data/service/replies-others.tsv");
const OTHERS_RISKS: &str = include_str!("data/service/risks-others.tsv");
const TYPICAL_REPLIES: &str = include_str!("data/service/replies-typical.tsv");
const TYPICAL_RISKS: &str = include_str!("data/service/risks-typical.tsv");
const TUNING_REPLIES: &str = include_str!("data/service/replies-tuning.tsv");
const TUNING_RISKS: &str = include_str!("data/service/risks-tuning.tsv");
const AGENTS: [(&str, &str); 7] =
    [("g", "greeting"), ("a", "apology"), ("e", "empathy"), ("r", "remedy"), ("t", "deadline"), ("b", "brushoff"), ("l", "blame")];
const CUSTOMERS: [(&str, &str); 7] = [("r", "review"), ("o", "authority"), ("m", "media"), ("l", "law"), ("u", "ultimatum"), ("h", "harm"), ("c", "minor")];

/// Replies and risks that rules are tuned on, or those held out: of the checks' author, and of somebody else.
fn judged(held_out: bool) -> [(&'static str, Score, String); 6] {
    let classifier = classifier();
    let ids = |fired: &[ahu::prediction::Fired]| fired.iter().map(|f| classifier.taxonomy().checks[f.check].id.clone()).collect::<Vec<_>>();
    let agents = |cells: &[&str]| {
        let mut talk = Talk::default();
        talk.push(Role::Customer, cells[0], None);
        cells[1].split(" | ").for_each(|turn| talk.push(Role::Agent, turn, None));
        ids(&classifier.listen(&talk, None, &mut classifier.scratch(), false))
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
    let named = |name, (score, wrong)| (name, score, wrong);
    [
        named("replies", score(REPLIES, &AGENTS, half, &agents)),
        named("risks", (risks, wrong)),
        named("others' replies", score(OTHERS_REPLIES, &AGENTS, half, &agents)),
        named("others' risks", score(OTHERS_RISKS, &CUSTOMERS, half, &customers)),
        named("typical replies", score(if held_out { TYPICAL_REPLIES } else { TUNING_REPLIES }, &AGENTS, (0, 1), &agents)),
        named("typical risks", score(if held_out { TYPICAL_RISKS } else { TUNING_RISKS }, &CUSTOMERS, (0, 1), &customers)),
    ]
}

/// Precision and recall over all checks, and a line for each.
fn told(score: &Score) -> ([f64; 2], String) {
    let share = |a: usize, b: usize| if b == 0 { 1.0 } else { a as f64 / b as f64 };
    let sum = score.values().fold([0; 3], |s, c| [s[0] + c[0], s[1] + c[1], s[2] + c[2]]);
    let line = |(name, c): (&String, &[usize; 3])| format!("{name:10} precision {:.2} recall {:.2} ({c:?})\n", share(c[0], c[1]), share(c[0], c[2]));
    ([share(sum[0], sum[1]), share(sum[0], sum[2])], score.iter().map(line).collect())
}

/// Least precision and recall on what was held out, in the order of [`judged`]: a little below what was measured
/// (`docs/measurements.md`).
const FLOORS: [(f64, f64); 6] = [(0.89, 0.95), (0.9, 0.95), (0.88, 0.8), (0.88, 0.78), (0.89, 0.86), (0.93, 0.87)];

#[test]
fn checks_reach_their_floors_on_replies_held_out() {
    for ((name, score, wrong), least) in judged(true).into_iter().zip(FLOORS) {
        let ([precision, recall], lines) = told(&score);
        let shown = std::env::var_os("AHU_SHOW_WRONG").map_or(String::new(), |_| wrong);
        println!("held out, {name}: precision {precision:.3} recall {recall:.3}\n{lines}{shown}");
        assert!(precision >= least.0 && recall >= least.1, "{name}: precision {precision:.3}, recall {recall:.3}\n{lines}");
    }
}

/// As [`FLOORS`], on what rules were tuned on.
const FITS: [(f64, f64); 6] = [(0.95, 0.9), (0.95, 0.9), (0.95, 0.9), (0.95, 0.9), (0.95, 0.88), (0.95, 0.9)];

#[test]
fn checks_fit_the_replies_they_were_tuned_on() {
    for ((name, score, wrong), least) in judged(false).into_iter().zip(FITS) {
        let ([precision, recall], lines) = told(&score);
        println!("tuned on, {name}: precision {precision:.3} recall {recall:.3}\n{lines}{wrong}");
        assert!(precision >= least.0 && recall >= least.1, "{name}: precision {precision:.3}, recall {recall:.3}\n{lines}{wrong}");
    }
}

/// A day of chats, as they stood in the morning and in the evening.
const MORNING: &str = "事件号,时间,游戏,客户ID,聊天记录
EV1,2026-11-21 10:00,幻塔,u1,\"客户：活动奖励打了三天还没到，我电话13912345678，再不给我就打12315投诉
客服：哦\"
EV2,2026-11-21 10:05,幻塔,u2,新版本闪退，不解决我就给差评
EV3,2026-11-21 10:06,幻塔,u3,\"客户：活动礼包领了没到账
客服：您好，非常抱歉，24小时内给您补发\"
";

const CONFIG: &str = "[run]\ninputs = [\"in/*.csv\"]\nhistory = \"history.db\"\noutput = \"out\"\nsettle_seconds = 0\n";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.file("ahu.toml", CONFIG);
    desk.file("in/a.csv", MORNING);
    desk
}

fn ran(desk: &Desk, arguments: &str) -> String {
    let ran = desk.ahu(arguments);
    assert_eq!(ran.code, 0, "{arguments}: {}", ran.stderr);
    ran.stdout
}

fn rows(desk: &Desk, table: &str) -> i64 {
    let db = rusqlite::Connection::open(desk.path().join("history.db")).expect("a history");
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("a count")
}

#[test]
fn a_night_keeps_what_checks_found() {
    let desk = desk();
    ran(&desk, "run --as-of 2026-11-22");
    let digest = desk.read("out/2026-11-21/digest.txt");
    assert!(digest.contains("EV1　幻塔　「活动奖励打了三天还没到，我电话139********，再不给我就打12315投诉」"), "{digest}");
    assert!(digest.contains("2 件投诉「活动 / 奖品未到账」有对话：问候 1，致歉 1，安抚 0，补救 1，承诺时限 1，敷衍 1（EV1）"), "{digest}");
    // Told again, the same.
    let json = desk.read("out/2026-11-21/digest.json");
    let json: serde_json::Value = serde_json::from_str(&json).expect("a digest");
    let again: serde_json::Value = serde_json::from_str(&ran(&desk, "report day --format json --history history.db")).expect("a digest");
    assert_eq!((&again["risks"], &again["service"]), (&json["risks"], &json["service"]));
    let month: serde_json::Value = serde_json::from_str(&ran(&desk, "report month --format json --history history.db")).expect("a digest");
    assert_eq!((&month["risks"], &month["service"]), (&json["risks"], &json["service"]));
    assert_eq!(desk.ahu("report day --format json --history history.db --product 别的").code, 2);
}

#[test]
fn the_longest_conversation_counts_whatever_comes_first() {
    let evening = MORNING.replace("客服：哦", "客服：哦\n客服：不好意思，刚才没看清，这边马上给您补发");
    let told = |first: &str, second: &str| {
        let desk = desk();
        desk.file("in/a.csv", first);
        ran(&desk, "run --as-of 2026-11-22");
        desk.file("in/b.csv", second);
        ran(&desk, "run --as-of 2026-11-22");
        let digest: serde_json::Value = serde_json::from_str(&desk.read("out/2026-11-21/digest.json")).expect("a digest");
        (digest["service"].to_string(), digest["risks"].to_string())
    };
    let (later, earlier) = (told(MORNING, &evening), told(&evening, MORNING));
    assert_eq!(later, earlier);
    assert!(later.0.contains("刚才没看清") && !later.0.contains("brushoff"), "{}", later.0);
}

#[test]
fn a_forgotten_ticket_is_forgotten_in_its_checks() {
    let desk = desk();
    ran(&desk, "run --as-of 2026-11-22");
    assert_eq!((rows(&desk, "talks"), rows(&desk, "noted")), (2, 2));
    ran(&desk, "forget --id EV1");
    assert_eq!((rows(&desk, "talks"), rows(&desk, "noted")), (1, 1));
    let kept = std::fs::read(desk.path().join("history.db")).expect("a history");
    assert!(!String::from_utf8_lossy(&kept).contains("再不给我就打12315投诉"));
}

#[test]
fn a_team_reads_of_its_own_customers_only() {
    let desk = desk();
    ran(&desk, "run --as-of 2026-11-22");
    let of = |team: &str| ["digest.txt", "digest.md"].map(|file| desk.read(&format!("out/2026-11-21/teams/{team}/{file}"))).concat();
    let (client, operations) = (of("客户端技术"), of("活动运营"));
    assert!(client.contains("不解决我就给差评") && !client.contains("EV1") && !client.contains("致歉"), "{client}");
    assert!(operations.contains("12315") && operations.contains("致歉 1") && !operations.contains("差评") && !operations.contains("EV2"), "{operations}");
}

#[test]
fn many_days_are_the_sum_of_each() {
    let desk = desk();
    let mut days: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    let mut csv = MORNING.lines().next().expect("a header").to_owned() + "\n";
    for i in 0..240 {
        let day = format!("2026-11-{:02}", 1 + i % 20);
        let product = ["幻塔", "幻 塔", "星河"][i % 3];
        let threat = i % 4 == 1;
        let said = if threat { "活动奖励没到账，不补就打12315投诉" } else { "活动奖励没到账，怎么办" };
        let answer = ["哦", "您好，非常抱歉，24小时内给您补发"][i % 2];
        csv.push_str(&format!("EV{i},{day} {:02}:{:02},{product},u{i},\"客户：{said}\n客服：{answer}\"\n", 23 - i / 20, i % 60));
        if threat {
            days.entry(day).or_default().push(format!("EV{i}"));
        }
    }
    desk.file("in/a.csv", csv);
    ran(&desk, "run --as-of 2026-11-22");
    let digest = |arguments: &str| -> serde_json::Value { serde_json::from_str(&ran(&desk, arguments)).expect("a digest") };
    let month = digest("report month --format json --history history.db");
    let number = |v: &serde_json::Value| v.as_u64().expect("a number");
    let sums = |digest: &serde_json::Value| {
        let mut sums = std::collections::BTreeMap::new();
        for served in digest["service"].as_array().expect("service") {
            let cell = format!("{} {}", served["product"].as_str().expect("a product").replace(' ', ""), served["cause"]);
            *sums.entry(cell.clone()).or_insert(0) += number(&served["tickets"]);
            for check in served["checks"].as_array().expect("checks") {
                *sums.entry(format!("{cell} {}", check["check"])).or_insert(0) += number(&check["count"]);
            }
        }
        sums
    };
    let mut all = std::collections::BTreeMap::new();
    for day in (1..=20).map(|day| format!("2026-11-{day:02}")) {
        let one = desk.read(&format!("out/{day}/digest.json"));
        for (cell, n) in sums(&serde_json::from_str(&one).expect("a digest")) {
            *all.entry((day.clone(), cell)).or_insert(0) = n;
        }
    }
    let mut expected = std::collections::BTreeMap::new();
    all.into_iter().for_each(|((_, cell), n)| *expected.entry(cell).or_insert(0) += n);
    assert_eq!(sums(&month), expected);
    // Threats are told by day and time.
    let risk = &month["risks"][0];
    let told: Vec<&str> = risk["tickets"].as_array().expect("tickets").iter().map(|t| t["id"].as_str().expect("an id")).collect();
    let late_first = |ids: &Vec<String>| ids.iter().rev().cloned().collect::<Vec<_>>();
    let in_order: Vec<String> = days.values().flat_map(late_first).collect();
    assert_eq!((number(&risk["count"]), told), (60, in_order.iter().take(50).map(String::as_str).collect()));
    // A history that did not count them yet counts them when it is brought up to date.
    let db = rusqlite::Connection::open(desk.path().join("history.db")).expect("a history");
    db.execute_batch("DROP VIEW found; DROP TABLE check_counts; DROP TABLE served; ALTER TABLE runs DROP COLUMN page; PRAGMA user_version = 5;")
        .expect("an earlier one");
    drop(db);
    ran(&desk, "run --as-of 2026-11-22");
    assert_eq!(digest("report month --format json --history history.db"), month);
}

#[test]
fn agents_are_told_where_their_column_is_named() {
    let desk = Desk::new();
    let lines: String = (0..30)
        .map(|i| {
            let (day, agent) = (10 + i / 3, ["小红", "007", ""][i % 3]);
            let answer = if i % 5 == 0 { "哦" } else { "您好，非常抱歉，24小时内给您补发" };
            format!("EV{i},2026-11-{day},幻塔,{agent},\"客户：活动奖励没到账\n客服：{answer}\"\n")
        })
        .collect();
    desk.file("in/a.csv", "事件号,时间,游戏,坐席,聊天记录\n".to_owned() + &lines);
    desk.file("ahu.toml", CONFIG);
    assert!(!ran(&desk, "summarize in/a.csv").contains("小红"));
    let told = ran(&desk, "summarize in/a.csv --agent-column 坐席");
    assert!(told.contains("各客服\n  客服 007 接待 10 件：问候 8，致歉 8，安抚 0，补救 8，承诺时限 8，敷衍 2（EV10 EV25）\n  客服 小红"), "{told}");
    ran(&desk, "run --as-of 2026-11-22");
    assert!(!ran(&desk, "report month").contains("小红") && rows(&desk, "served") == 0);
    // Named later, they are known of what is read again, and a month says what its days say.
    desk.file("ahu.toml", CONFIG.to_owned() + "[columns]\nagent = \"坐席\"\n");
    ran(&desk, "run --as-of 2026-11-22");
    let digest = |arguments: &str| -> serde_json::Value { serde_json::from_str(&ran(&desk, arguments)).expect("a digest") };
    let all: serde_json::Value = serde_json::from_str(&ran(&desk, "summarize in/a.csv --agent-column 坐席 --format json")).expect("a digest");
    assert_eq!(digest("report month --format json")["agents"], all["agents"]);
    let of_day = digest("report day --as-of 2026-11-10 --format json");
    assert_eq!(of_day["agents"][0]["tickets"].as_u64(), Some(1));
    assert!(desk.read("out/2026-11-10/digest.txt").contains("客服 小红 接待 1 件"));
    ran(&desk, "forget --id EV0");
    assert_eq!(rows(&desk, "served"), 19);
    let wrong = desk.ahu("summarize in/a.csv --agent-column 座席");
    assert!(wrong.code == 2 && wrong.stderr.contains("(`--agent-column`); the nearest is `坐席`"), "{}", wrong.stderr);
}

#[test]
fn restating_looks_customers_words_over_again() {
    let desk = desk();
    ran(&desk, "run --as-of 2026-11-22");
    let own = "[[check]]\nid = \"review\"\nname = \"差评\"\nabout = \"customer\"\nrisk = true\nrules = ['礼包']\nmatch = [\"礼包\", \"我的礼包\", \"礼包呢\"]\nreject = [\"差评\", \"好\", \"坏\"]\n";
    desk.file("own.toml", own);
    desk.file("ahu.toml", "taxonomy = [\"own.toml\"]\n".to_owned() + CONFIG);
    ran(&desk, "restate");
    let digest = desk.read("out/2026-11-21/digest.txt");
    assert!(digest.contains("差评 1\n    EV3　幻塔　「活动礼包领了没到账」") && !digest.contains("不解决我就给差评"), "{digest}");
    assert_eq!(ran(&desk, "restate").lines().next(), Some("重新归类 3 件，0 件变了，0 天的日报要重发"));
}
