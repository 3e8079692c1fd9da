//! `ahu run` and what it keeps.

mod alarms;
mod fixes;
mod folders;
mod forgetting;
mod reports;
mod versions;

use crate::run::Desk;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

const SETTINGS: &str = "[run]\ninputs = [\"in/*.csv\"]\nhistory = \"history.db\"\noutput = \"out\"\nsettle_seconds = 0\n";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.file("ahu.toml", SETTINGS);
    std::fs::create_dir_all(desk.path().join("in")).expect("a folder");
    desk
}

fn run(desk: &Desk) -> String {
    let ran = desk.ahu("run --as-of 2026-12-31 --lang en");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout
}

/// All files below a folder, by their names.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.insert(path.strip_prefix(folder).expect("below").to_string_lossy().into_owned(), std::fs::read(&path).expect("a file"));
            }
        }
    }
    all
}

fn shown(value: rusqlite::types::ValueRef<'_>) -> String {
    value.as_str().map_or_else(|_| format!("{value:?}"), str::to_owned)
}

/// What people can ask of a history, without what tells of the runs.
fn contents(desk: &Desk) -> Vec<String> {
    let db = rusqlite::Connection::open(desk.path().join("history.db")).expect("a history");
    let mut lines = Vec::new();
    for sql in [
        "SELECT id, channel, day, time, product, kind, cause, confidence, decided_by, text, versions FROM history_tickets ORDER BY channel, id",
        "SELECT * FROM history_counts ORDER BY 1, 2, 3, 4, 5",
    ] {
        let mut statement = db.prepare(sql).expect("a view");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            lines.push((0..columns).map(|c| shown(row.get_ref(c).expect("a value"))).collect::<Vec<_>>().join("|"));
        }
    }
    lines
}

#[test]
fn running_again_changes_nothing() {
    let desk = desk();
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    assert!(run(&desk).contains("64 rows read = 64 new + 0 revised + 0 known + 0 quarantined; 1 days issued: 2025-08-23"));
    let (before, kept) = (tree(&desk.path().join("out")), contents(&desk));
    assert_eq!(before.keys().filter(|name| !name.contains("/teams/")).count(), 5);
    for _ in 0..3 {
        assert!(run(&desk).contains("0 rows read"));
    }
    // Under another name all rows are read, and all are known.
    desk.file("in/b.csv", include_bytes!("../data/story/tickets.csv"));
    assert!(run(&desk).contains("64 rows read = 0 new + 0 revised + 64 known + 0 quarantined; no changes"));
    assert_eq!((tree(&desk.path().join("out")), contents(&desk)), (before, kept));
}

#[test]
fn the_digest_is_that_of_summarize() {
    let desk = desk();
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    run(&desk);
    let of_run = desk.read("out/2025-08-23/digest.json");
    assert_eq!(of_run, desk.ahu("summarize in/a.csv --format json").stdout);
}

#[test]
fn a_late_row_goes_to_its_own_day() {
    let desk = desk();
    desk.file("in/a.csv", "编号,时间,产品,内容\n1,2026-11-20 10:00,甲,活动奖励没到账\n2,2026-11-21 10:00,甲,一进游戏就闪退\n");
    run(&desk);
    let untouched = desk.read("out/2026-11-21/digest.txt");
    desk.file("in/b.csv", "编号,时间,产品,内容\n3,2026-11-20 09:00,甲,活动的奖励一直没发\n");
    assert!(run(&desk).contains("1 days issued: 2026-11-20 (revision 1)"));
    let revised = desk.read("out/2026-11-20/digest.txt");
    assert!(revised.contains("Revision 1: 甲 complaints 活动 / 奖品未到账 1 → 2"), "{revised}");
    assert!(revised.contains("1 → 2"), "{revised}");
    assert_eq!(desk.read("out/2026-11-21/digest.txt"), untouched);
}

#[test]
fn a_ticket_that_is_opened_again_is_one_ticket() {
    let desk = desk();
    desk.file("in/a.csv", "编号,时间,产品,内容\n1,2026-11-20 10:00,甲,活动奖励没到账\n");
    run(&desk);
    desk.file("in/b.csv", "编号,时间,产品,内容\n1,2026-11-22 10:00,甲,一进游戏就闪退\n");
    assert!(run(&desk).contains("1 rows read = 0 new + 1 revised"));
    let digest: serde_json::Value = serde_json::from_str(&desk.read("out/2026-11-20/digest.json")).expect("JSON");
    assert_eq!(digest["products"][0]["kinds"][0]["causes"][0]["cause"], "运行 / 闪退崩溃", "{digest}");
    assert!(!desk.path().join("out/2026-11-22").exists());
    // The first version again is nothing new.
    desk.file("in/c.csv", "编号,时间,产品,内容\n1,2026-11-20 10:00,甲,活动奖励没到账\n");
    assert!(run(&desk).contains("0 new + 0 revised + 1 known"));
}

#[test]
fn an_empty_input_leaves_all_as_it_was() {
    let desk = desk();
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    run(&desk);
    let before = tree(&desk.path().join("out"));
    desk.file("in/b.csv", "");
    desk.file("in/c.csv", "编号,时间,产品,内容\n");
    assert!(run(&desk).contains("0 rows read"));
    assert_eq!(tree(&desk.path().join("out")), before);
}

#[test]
fn a_dry_run_changes_nothing() {
    let desk = desk();
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    let ran = desk.ahu("run --dry-run --lang en");
    assert!(ran.stdout.contains("64 new") && ran.stdout.contains("nothing was written"), "{}", ran.stdout);
    assert!(!desk.path().join("out").exists() && !desk.path().join("history.db").exists());
    assert!(run(&desk).contains("64 new"));
}

#[test]
fn what_a_killed_run_left_is_published_by_the_next() {
    let desk = desk();
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    run(&desk);
    let whole = tree(&desk.path().join("out"));
    // As if it had been killed after the history was written.
    std::fs::remove_dir_all(desk.path().join("out")).expect("removed");
    desk.file("out/.2025-08-23.ahu-tmp/digest.txt", "half a dig");
    let db = rusqlite::Connection::open(desk.path().join("history.db")).expect("a history");
    db.execute("UPDATE days SET published = 0", []).expect("updated");
    drop(db);
    let ran = desk.ahu("run --as-of 2026-11-22 --lang en");
    assert!(ran.stderr.contains("publishing 1 now"), "{}", ran.stderr);
    assert_eq!(tree(&desk.path().join("out")), whole);
}

#[test]
fn what_is_no_history_is_refused() {
    let desk = desk();
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    desk.file("history.db", "not a database, but a text that is long enough to be told from one");
    let ran = desk.ahu("run");
    assert_eq!((ran.code, ran.stderr.contains("is no history")), (2, true), "{}", ran.stderr);
    std::fs::remove_file(desk.path().join("history.db")).expect("removed");
    rusqlite::Connection::open(desk.path().join("history.db")).expect("a file").execute_batch("CREATE TABLE t (a)").expect("a table");
    let ran = desk.ahu("run");
    assert_eq!((ran.code, ran.stderr.contains("no history of ahu")), (2, true), "{}", ran.stderr);
}

#[test]
fn one_run_at_a_time() {
    let desk = desk();
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    let lock = std::fs::File::create(desk.path().join("history.db.lock")).expect("a lock");
    lock.lock().expect("locked");
    desk.file("history.db.lock", "`ahu run`, process 1 on that machine");
    let ran = desk.ahu("run");
    assert_eq!(ran.code, 75);
    assert!(ran.stderr.contains("in use by `ahu run`, process 1 on that machine"), "{}", ran.stderr);
    drop(lock);
    assert!(run(&desk).contains("64 new"));
}

proptest! {
    // Each case runs the program several times.
    #![proptest_config(ProptestConfig::with_cases(if crate::run::long() { 1_000 } else { 8 }))]
    #[test]
    fn any_split_over_any_nights_gives_the_same_history(
        rows in prop::collection::vec((0..12u32, 0..4u32, 0..24u32, 0..2usize, 0..6usize), 1..30),
        nights in prop::collection::vec(0..7usize, 30),
        order in any::<u64>(),
    ) {
        const TEXTS: [&str; 6] = ["活动奖励没到账", "一进游戏就闪退", "充值了没到账", "请问活动什么时候开始", "客服态度太差", "呵呵"];
        let line = |r: &(u32, u32, u32, usize, usize)| format!("{},2026-11-{} {:02}:00,{},{}\n", r.0, 18 + r.1, r.2, ["甲", "乙"][r.3], TEXTS[r.4]);
        // Of two versions of one time the later night's decides, whatever came first: there is one of each time here.
        let mut times = std::collections::HashMap::new();
        let all: Vec<String> = rows.iter().filter(|r| *times.entry((r.0, r.1, r.2)).or_insert((r.3, r.4)) == (r.3, r.4)).map(line).collect();
        let header = "编号,时间,产品,内容\n";
        let whole = desk();
        whole.file("in/a.csv", header.to_owned() + &all.concat());
        run(&whole);
        let parts = desk();
        let mut shuffled: Vec<(u64, usize, &String)> =
            all.iter().enumerate().map(|(i, l)| (xxhash_rust::xxh3::xxh3_64(&[i as u64, order].map(u64::to_le_bytes).concat()), nights[i], l)).collect();
        shuffled.sort_unstable();
        for night in 0..7 {
            let lines: String = shuffled.iter().filter(|s| s.1 == night).map(|s| s.2.as_str()).collect();
            if !lines.is_empty() {
                parts.file(&format!("in/{night}.csv"), header.to_owned() + &lines);
                run(&parts);
            }
        }
        prop_assert_eq!(contents(&parts), contents(&whole));
        // What was revised says so to people; programs see no difference.
        let programs = |desk: &Desk| tree(&desk.path().join("out")).into_iter().filter(|(name, _)| name.ends_with(".json") || name.ends_with(".csv")).collect::<Vec<_>>();
        prop_assert_eq!(programs(&parts), programs(&whole));
    }
}

#[test]
fn a_report_holds_counts_against_those_before() {
    let desk = desk();
    let rows: String =
        (1..=14).flat_map(|day| (0..day % 7 + 1).map(move |i| format!("{day}-{i},2026-11-{day:02} 10:{i:02},甲,电话,活动奖励没到账\n"))).collect();
    desk.file("in/a.csv", format!("编号,时间,产品,渠道,内容\n{rows}"));
    desk.file("users.csv", "日期,产品,活跃用户\n2026-11-14,甲,1000\n2026-11-13,甲,3500\n");
    run(&desk);
    let report = |arguments: &str| -> serde_json::Value {
        let ran = desk.ahu(&format!("report {arguments} --format json"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).expect("JSON")
    };
    let day = report("--rates users.csv --by channel --by area");
    let complaints = &day["products"][0]["kinds"][0];
    assert_eq!(
        (complaints["count"].as_u64(), complaints["against"]["before"].as_u64(), complaints["against"]["week_ago"].as_u64()),
        (Some(1), Some(7), Some(1)),
        "{day}"
    );
    assert_eq!((day["products"][0]["rate"]["complaints_in_a_million"].as_u64(), day["products"][0]["rate"]["before"].as_u64()), (Some(1000), Some(2000)));
    assert_eq!((&day["breakdowns"][0]["rows"][0]["name"], &day["breakdowns"][1]["rows"][0]["name"]), (&"电话".into(), &"活动".into()));
    // The 14th is a Saturday: six days of its week, and of the week before.
    let week = report("week");
    assert_eq!((week["since"].as_str(), week["against"]["until"].as_str()), (Some("2026-11-09"), Some("2026-11-07")));
    assert_eq!((week["products"][0]["count"].as_u64(), week["products"][0]["kinds"][0]["against"]["before"].as_u64()), (Some(26), Some(26)), "{week}");
    // Nothing is known of October.
    assert!(report("month")["against"].is_null());
    let text = desk.ahu("report --since 2026-11-08 --as-of 2026-11-14");
    assert!(text.stdout.contains("投诉 28（上期 28）") && text.stdout.contains("上期：2026-11-01 至 2026-11-07"), "{}", text.stdout);
    let wrong = desk.ahu("report --since 2026-11-20 --as-of 2026-11-14");
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
}

/// Tickets of one cause on some days of November, so many on each.
fn november(of_day: impl Fn(u32) -> u32) -> String {
    let day = |day: u32| (0..of_day(day)).map(move |i| format!("{day}-{i},2026-11-{day:02} 10:{:02},甲,活动奖励没到账\n", i % 60)).collect::<String>();
    format!("编号,时间,产品,内容\n{}", (1..=30).map(day).collect::<String>())
}

#[test]
fn a_spike_is_one_alert_however_long_it_lasts() {
    let desk = desk();
    let state = |desk: &Desk, day: u32| -> Option<(String, u64)> {
        let path = desk.path().join(format!("out/2026-11-{day}/alerts.json"));
        let all: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).expect("JSON");
        let first = &all[0];
        Some((first["state"].as_str().expect("a state").to_owned(), first["number"].as_u64().expect("a number")))
    };
    let count = |day: u32| match day {
        20 | 21 => 40,
        27 => 45,
        d => 5 + d % 3,
    };
    desk.file("in/a.csv", november(|day| if day < 20 { count(day) } else { 0 }));
    run(&desk);
    for day in 20..=28 {
        desk.file(&format!("in/{day}.csv"), november(|d| if d == day { count(day) } else { 0 }));
        run(&desk);
    }
    assert_eq!(state(&desk, 20).expect("an alert").0, "new");
    assert_eq!(state(&desk, 21).expect("an alert").0, "ongoing");
    assert_eq!(state(&desk, 27).expect("an alert").0, "reopened");
    let numbers: Vec<u64> = [20, 21, 27].iter().map(|day| state(&desk, *day).expect("an alert").1).collect();
    assert!(numbers.iter().all(|n| *n == numbers[0]), "{numbers:?}");
    for quiet in [19, 22, 23, 24, 25, 26, 28] {
        assert_eq!(state(&desk, quiet), None, "{quiet}");
    }
    assert!(desk.ahu("report --as-of 2026-11-21 --lang en").stdout.contains("usually "), "a day's report tells its alerts");
    let text = desk.read("out/2026-11-20/digest.txt");
    assert!(text.contains("Unusual\n  甲 complaints \"活动 / 奖品未到账\": 40, usually "), "{text}");
}

#[test]
fn known_days_raise_no_alarm() {
    let desk = Desk::new();
    desk.file("ahu.toml", SETTINGS.to_owned() + "[[calendar]]\nname = \"版本日\"\nday = \"2026-11-25\"\n");
    desk.file("in/a.csv", november(|day| if day == 25 { 40 } else { 5 + day % 3 }));
    run(&desk);
    assert!(!desk.path().join("out/2026-11-25/alerts.json").exists());
    assert!(desk.path().join("out/2026-11-25/digest.txt").exists());
}

/// Tickets of two causes on the days from 2026-06-01 on; of the first so many on each, of the second ten.
fn days(days: std::ops::Range<u32>, of_day: impl Fn(u32) -> u32) -> String {
    let start = jiff::civil::date(2026, 6, 1);
    let mut rows = String::from("编号,时间,产品,用户,内容\n");
    for day in days {
        let date = start.saturating_add(jiff::Span::new().days(i64::from(day)));
        (0..of_day(day)).for_each(|i| rows.push_str(&format!("a{day}-{i},{date} 10:{:02},甲,u{},活动奖励没到账\n", i % 60, (day * 7 + i) % 400)));
        (0..10).for_each(|i| rows.push_str(&format!("b{day}-{i},{date} 11:{i:02},甲,v{},一进游戏就闪退\n", (day * 3 + i) % 400)));
    }
    rows
}

#[test]
fn the_ledger_tells_whether_a_fix_worked() {
    let desk = desk();
    desk.file("in/a.csv", days(0..140, |day| if day < 70 { 4 + day % 3 } else { 1 + day % 2 }));
    run(&desk);
    let add = |product: &str, cause: &str| desk.ahu_with(&["fix", "--product", product, "--cause", cause, "--shipped", "2026-08-10", "--expect", "0.4"], None);
    assert_eq!(add("甲", "活动 / 奖品未到账").code, 0);
    assert_eq!(add("甲", "运行 / 闪退崩溃").code, 0);
    let wrong = add("甲", "活动 / 奖品没到账");
    assert_eq!((wrong.code, wrong.stderr.contains("the nearest is `活动 / 奖品未到账`")), (2, true), "{}", wrong.stderr);
    assert!(add("丁", "运行 / 闪退崩溃").stderr.contains("no tickets of a product `丁`"));
    let told = desk.ahu("fix").stdout;
    let blocks: Vec<&str> = told.split("\n\n").collect();
    assert!(blocks[0].contains("8 周后：降下来了，是之前的 30 %"), "{told}");
    assert!(blocks[1].contains("8 周后：还看不出下降，是之前的 "), "{told}");
    assert_eq!(desk.ahu("fix --remove 1").code, 0);
    assert_eq!(desk.ahu("fix --remove 1").code, 2);
    assert!(!desk.ahu("fix").stdout.contains("奖品未到账"));
}

#[test]
fn what_comes_back_and_what_follows_a_spike_is_said() {
    let desk = desk();
    // Shipped after two bad weeks; it falls, and after six weeks it is back.
    desk.file(
        "in/a.csv",
        days(0..140, |day| match day {
            0..56 => 3,
            56..70 => 12,
            70..112 => 1,
            _ => 6,
        }),
    );
    run(&desk);
    assert_eq!(desk.ahu_with(&["fix", "--product", "甲", "--cause", "活动 / 奖品未到账", "--shipped", "2026-08-10"], None).code, 0);
    let told = desk.ahu("fix --lang en").stdout;
    assert!(told.contains("after 4 weeks: it fell"), "{told}");
    assert!(told.contains("right after a spike") && told.contains("come back in the last two weeks"), "{told}");
}

#[test]
fn the_past_can_be_decided_anew() {
    let desk = Desk::new();
    desk.file("ahu.toml", "taxonomy = [\"mine.toml\"]\n".to_owned() + SETTINGS);
    desk.file("mine.toml", "");
    let row = |id: u32, day: u32, text: &str| format!("{id},2026-11-{day:02} 10:00,甲,{text}\n");
    // The last week's and this week's flowers that wither, which no cause knows yet.
    let texts = ["阳台的花都枯了", "花枯了怎么赔", "一进游戏就闪退"];
    let rows: String = (0..9).map(|i| row(i, 2 + i % 3, texts[i as usize % 3])).chain((9..21).map(|i| row(i, 9 + i % 3, texts[i as usize % 2]))).collect();
    desk.file("in/a.csv", format!("编号,时间,产品,内容\n{rows}"));
    run(&desk);
    assert!(desk.ahu("doctor --lang en").stdout.contains("21 tickets on 6 days from 1 runs"));
    desk.file(
        "mine.toml",
        "[[cause]]\npath = \"花园 / 花枯了\"\nkinds = [\"complaint\", \"inquiry\"]\nrules = ['花 ~6 枯']\nmatch = [\"花枯了\", \"我的花全枯了\"]\nreject = [\"花开了\", \"枯枝\"]\n",
    );
    let reports = ["report week --as-of 2026-11-15 --format json", "report --as-of 2026-11-03", "report --since 2026-11-03 --as-of 2026-11-10 --by channel"];
    let before = reports.map(|report| desk.ahu(report).stdout);
    let dry = desk.ahu("restate --dry-run --lang en");
    assert!(dry.stdout.contains("21 tickets decided anew, 18 of them changed, the digests of 5 days are issued again"), "{}{}", dry.stdout, dry.stderr);
    assert!(!desk.read("out/2026-11-03/digest.txt").contains("花园"));
    let done = desk.ahu("restate --lang en");
    assert_eq!(done.stdout, dry.stdout);
    assert!(desk.read("out/2026-11-03/digest.txt").contains("花园 / 花枯了"));
    assert_eq!(desk.ahu("restate --lang en").stdout.lines().next(), Some("21 tickets decided anew, 0 of them changed, the digests of 0 days are issued again"));
    // Of three complaints last week none was known: all three are relabelled, three more are real.
    let week = desk.ahu("report week --as-of 2026-11-15").stdout;
    assert!(week.contains("花园 / 花枯了（上期 0；重新归类 +3，实际 +3）"), "{week}");
    // And as it was.
    for (report, before) in reports.into_iter().zip(before) {
        let now = desk.ahu(report).stdout;
        assert_eq!(desk.ahu(&format!("{report} --as-decided 2020-01-01")).stdout, before);
        assert_ne!(now, before);
        assert_eq!(desk.ahu(&format!("{report} --as-decided 2090-01-01")).stdout, now);
    }
    assert!(desk.ahu("doctor --lang en").stdout.ends_with("all right\n"));
}

#[test]
fn a_report_of_many_days_groups_what_no_cause_took() {
    let desk = desk();
    let texts = ["祝融大招放出来屏幕就歪了", "貂蝉皮肤穿上以后头发是透明的"];
    let row = |i: u32| format!("{i},2026-11-{:02} 10:00,甲,{}{}\n", 2 + i % 6, texts[i as usize % 2], ["", "啊", "，真的"][i as usize % 3]);
    desk.file("in/a.csv", format!("编号,时间,产品,内容\n{}", (0..24).map(row).collect::<String>()));
    run(&desk);
    let day = desk.ahu("report --as-of 2026-11-03 --format json").stdout;
    let week = desk.ahu("report week --as-of 2026-11-08 --format json").stdout;
    let groups = |report: &str| report.matches("\"groups\": [\n").count();
    assert!(groups(&day) == 0 && groups(&week) > 0 && week.contains("皮肤"), "{day}{week}");
}

#[test]
fn a_backup_is_a_history() {
    let desk = desk();
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    run(&desk);
    assert_eq!(desk.ahu("backup copy.db").code, 0);
    assert_eq!(desk.ahu("backup copy.db").code, 2);
    assert_eq!(desk.ahu("report --history copy.db").stdout, desk.ahu("report").stdout);
    // A damaged one is told.
    let mut bytes = std::fs::read(desk.path().join("copy.db")).expect("the copy");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 6_000].fill(0x5a);
    desk.file("copy.db", bytes);
    let told = desk.ahu("doctor --history copy.db");
    assert_eq!(told.code, 74, "{}{}", told.stdout, told.stderr);
}

#[test]
fn what_init_writes_is_ready_to_run() {
    let desk = Desk::new();
    desk.file("tickets.csv", include_bytes!("../data/story/tickets.csv"));
    assert_eq!(desk.ahu("init tickets.csv").code, 0);
    let ran = desk.ahu("run --config ahu.toml");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("新增 64") && ran.stdout.contains("发布 1 天：2025-08-23"), "{}", ran.stdout);
}

#[test]
fn the_proposal_has_numbers_ids_and_words() {
    let desk = Desk::new();
    desk.file("ahu.toml", "taxonomy = [\"mine.toml\"]\n".to_owned() + SETTINGS);
    desk.file(
        "mine.toml",
        "[[cause]]\npath = \"活动 / 奖品未到账\"\nkinds = [\"complaint\"]\nrules = ['奖励 ~6 没到账|没到']\nmatch = [\"活动奖励没到账\", \"奖励没到\"]\nreject = [\"有奖励吗\", \"没到时间\"]\nsuggestion = \"到账时间写在活动页上\"\n",
    );
    desk.file("in/a.csv", days(0..210, |day| if day < 100 { 2 } else { 3 }));
    run(&desk);
    assert_eq!(desk.ahu_with(&["fix", "--product", "甲", "--cause", "活动 / 奖品未到账", "--shipped", "2026-09-01"], None).code, 0);
    let told = desk.ahu("advise 甲").stdout;
    for said in [
        "# 给「甲」团队的建议",
        "### 1. 运行 / 闪退崩溃",
        "2100 件",
        "400 位客户",
        "最近三个整月",
        "到账时间写在活动页上",
        "原话",
        "还看不出下降",
        "（请在这里写上要做的事）",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let nobody = desk.ahu("advise 丁");
    assert_eq!((nobody.code, nobody.stderr.contains("no tickets of a product `丁`")), (2, true), "{}", nobody.stderr);
}

#[test]
fn of_two_runs_at_once_one_works() {
    let desk = desk();
    let rows: String = (0..20_000).map(|i| format!("{i},2026-11-{:02} 10:00,甲,活动奖励没到账{i}\n", 1 + i % 20)).collect();
    desk.file("in/a.csv", format!("编号,时间,产品,内容\n{rows}"));
    let mut busy = 0;
    let mut longest = std::time::Duration::ZERO;
    for _ in 0..if crate::run::long() { 100 } else { 5 } {
        let start = || {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ahu"));
            command.args(["run", "--as-of", "2026-11-22"]).current_dir(desk.path()).stdin(std::process::Stdio::null());
            let child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().expect("ahu starts");
            std::thread::spawn(move || {
                let begun = std::time::Instant::now();
                (child.wait_with_output().expect("ahu ends"), begun.elapsed())
            })
        };
        let both = [start(), start()].map(|ending| ending.join().expect("ahu ends"));
        let codes: Vec<Option<i32>> = both.iter().map(|o| o.0.status.code()).collect();
        assert!(codes.contains(&Some(0)) && codes.iter().all(|c| matches!(c, Some(0 | 75))), "{codes:?}");
        for (o, took) in both.iter().filter(|o| o.0.status.code() == Some(75)) {
            busy += 1;
            longest = longest.max(*took);
            let words = String::from_utf8_lossy(&o.stderr);
            assert!(words.contains("is in use by"), "{words}");
        }
        // What was read is read again.
        std::fs::remove_dir_all(desk.path().join("out")).expect("removed");
        ["history.db", "history.db-wal", "history.db-shm"].iter().for_each(|f| drop(std::fs::remove_file(desk.path().join(f))));
    }
    eprintln!("{busy} runs found another at work, in {longest:?} at most");
    assert!(busy > 0, "no two runs met");
}

#[test]
fn unreadable_rows_are_kept_with_their_places() {
    let desk = desk();
    desk.file("in/a.csv", "编号,时间,产品,内容\n1,2026-11-20 10:00,甲,活动奖励没到账\n2,2026-02-30,甲,一进游戏就闪退\n");
    let ran = desk.ahu("run --lang en --rejects bad.csv");
    assert!(ran.stdout.contains("2 rows read = 1 new + 0 revised + 0 known + 1 quarantined"), "{}", ran.stdout);
    assert!(desk.read("bad.csv").contains("in/a.csv,3,") && desk.read("bad.csv").contains("bad-date"), "{}", desk.read("bad.csv"));
    let db = rusqlite::Connection::open(desk.path().join("history.db")).expect("a history");
    let kept: (i64, String) = db.query_row("SELECT line, reason FROM quarantined", [], |row| Ok((row.get(0)?, row.get(1)?))).expect("one row");
    assert_eq!(kept, (3, "bad-date".to_owned()));
    assert_eq!((desk.ahu("run --only-ids ids.txt").code, desk.ahu("run --no-mask").code), (2, 2));
}

#[test]
fn rows_without_ids_and_dates_are_told_by_their_rows() {
    let desk = desk();
    let rows: String = (0..12).map(|i| format!("\"活动奖励没到账，\n第{i}次\",甲\n")).collect();
    desk.file("in/a.csv", format!("内容,产品\n{rows}"));
    let ran = desk.ahu("run --as-of 2026-11-22 --lang en");
    assert!(ran.stderr.contains("12 tickets have no date; they are counted on 2026-11-22"), "{}", ran.stderr);
    let digest: serde_json::Value = serde_json::from_str(&desk.read("out/2026-11-22/digest.json")).expect("JSON");
    // In the order of rows, by the numbers that a spreadsheet and `why` know them by.
    let ids: Vec<&str> = digest["products"][0]["kinds"][0]["causes"][0]["ids"].as_array().expect("ids").iter().map(|id| id.as_str().expect("an id")).collect();
    assert_eq!((ids[0], ids[9]), ("in/a.csv#2", "in/a.csv#11"), "{ids:?}");
    assert_eq!(desk.ahu("why #11 in/a.csv").code, 0);
    // The same export another night, under another name, is nothing new.
    desk.file("in/b.csv", format!("内容,产品\n{rows}"));
    assert!(desk.ahu("run --as-of 2026-11-23 --lang en").stdout.contains("0 new + 0 revised + 12 known"));
}

#[test]
fn a_monitor_hears_of_runs_that_fail() {
    let desk = Desk::new();
    desk.file("ahu.toml", SETTINGS.to_owned() + "metrics = \"ahu.prom\"\nlog = \"ahu.log\"\n");
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    run(&desk);
    assert!(desk.read("ahu.prom").contains("\nahu_run_exit_code 0\n") && desk.read("ahu.prom").contains("\nahu_run_new_tickets 64\n"));
    std::fs::remove_file(desk.path().join("in/a.csv")).expect("removed");
    assert_eq!(desk.ahu("run").code, 74);
    assert!(desk.read("ahu.prom").contains("\nahu_run_exit_code 74\n"), "{}", desk.read("ahu.prom"));
    let log = desk.read("ahu.log");
    let last: serde_json::Value = serde_json::from_str(log.lines().last().expect("a line")).expect("JSON");
    assert_eq!((log.lines().count(), last["exit"].as_u64()), (2, Some(74)));
    assert!(last["error"].as_str().expect("an error").contains("in/*.csv"), "{last}");
}
