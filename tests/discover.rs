//! Groups of what no cause took.

use crate::run::Desk;
use ahu::discover::discover;
use ahu::segment::Segmenter;
use std::collections::{BTreeSet, HashMap};

/// Three troubles that no taxonomy knows, each told in many ways.
fn tickets() -> Vec<(String, &'static str)> {
    let who = ["我家", "隔壁", "楼上", "朋友的", "老妈的", "公司的"];
    let when = ["昨晚", "今早", "上周", "刚才", "前天"];
    let ways = [
        ("泡菜坛", ["泡菜坛子裂了一条缝", "泡菜坛裂缝往外渗水", "泡菜坛底下裂了在渗水", "渗水了泡菜坛裂了"]),
        ("风筝", ["风筝线打结解不开", "风筝线缠住打结了", "风筝的线全打结", "线打结风筝飞不起来"]),
        ("鹦鹉", ["鹦鹉学舌学不会", "教鹦鹉学舌它不学", "鹦鹉只会学舌一句", "鹦鹉怎么教都不学舌"]),
    ];
    let mut all = Vec::new();
    for (label, texts) in ways {
        for (i, who) in who.iter().enumerate() {
            for (j, when) in when.iter().enumerate() {
                all.push((format!("{when}{who}{}", texts[(i + j) % 4]), label));
            }
        }
    }
    all
}

fn file(tickets: &[(String, &str)]) -> String {
    let rows: String = tickets.iter().enumerate().map(|(i, (text, label))| format!("T{i},{text},{label}\n")).collect();
    format!("编号,内容,标签\n{rows}")
}

/// Text to group, of a file that `--assign` has written.
fn assigned(desk: &Desk, name: &str) -> HashMap<String, String> {
    let text = desk.read(name);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().expect("a header").iter().next_back(), Some("ahu_group"));
    reader.records().map(|r| r.expect("a row")).map(|r| (r[1].to_owned(), r[3].to_owned())).collect()
}

#[test]
fn what_belongs_together_is_found_and_named() {
    let desk = Desk::new();
    let tickets = tickets();
    desk.file("t.csv", file(&tickets));
    let ran = desk.ahu("discover t.csv --taxonomy none --text-column 内容 --assign out.csv");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("90 件分成") && ran.stdout.contains("组，0 件不成组，0 件没有文字；另有 0 件已有原因"), "{}", ran.stdout);
    let groups = assigned(&desk, "out.csv");
    // A trouble may be told in two ways, but no group mixes two.
    let mut all = 0;
    for (label, words) in [("泡菜坛", ["泡菜", "裂", "渗水"]), ("风筝", ["风筝", "打结", "线"]), ("鹦鹉", ["鹦鹉", "学舌", "教"])] {
        let names: BTreeSet<&String> = tickets.iter().filter(|t| t.1 == label).map(|t| &groups[&t.0]).collect();
        assert!(names.len() <= 2 && names.iter().all(|n| words.iter().any(|w| n.contains(w))), "{label}: {names:?}");
        all += names.len();
    }
    assert_eq!(all, groups.values().collect::<BTreeSet<_>>().len());
}

#[test]
fn order_and_threads_change_nothing() {
    let desk = Desk::new();
    let mut tickets = tickets();
    let mut seen: Vec<HashMap<String, String>> = Vec::new();
    for (round, threads) in [(0, 1), (1, 2), (2, 3)] {
        desk.file("t.csv", file(&tickets));
        assert_eq!(desk.ahu(&format!("discover t.csv --taxonomy none --text-column 内容 --assign out{round}.csv --threads {threads}")).code, 0);
        seen.push(assigned(&desk, &format!("out{round}.csv")));
        tickets.reverse();
        tickets.rotate_left(17);
    }
    assert!(seen[0] == seen[1] && seen[1] == seen[2]);
}

#[test]
fn few_and_odd_texts_do_no_harm() {
    let segmenter = Segmenter::new(vec![]);
    for texts in [&[][..], &[""], &["闪退"], &["", "。", "123"], &["一", "二", "三"], &["同样的话", "同样的话", "同样的话"], &["a", "b", "a b", "😀"]]
    {
        let found = discover(texts, &segmenter);
        assert_eq!(found.of_text.len(), texts.len());
        let grouped: usize = found.groups.iter().map(|g| g.texts.len()).sum();
        assert_eq!(grouped, found.of_text.iter().flatten().count(), "{texts:?}");
        assert!(found.groups.iter().all(|g| g.texts.contains(&g.typical)), "{texts:?}: {found:?}");
    }
}

#[test]
fn what_has_a_cause_is_grouped_only_when_asked() {
    let desk = Desk::new();
    let with_a_cause = "C1,游戏一进去就闪退\nC2,又闪退了\n";
    desk.file("t.csv", format!("编号,内容\n{with_a_cause}{}", tickets().iter().enumerate().map(|(i, t)| format!("T{i},{}\n", t.0)).collect::<String>()));
    let own = "[[cause]]\npath = \"闪退\"\nkinds = [\"complaint\"]\nrules = [\"闪退\"]\nmatch = [\"闪退\", \"又闪退\"]\nreject = [\"卡\", \"慢\"]\n";
    desk.file("own.toml", own);
    let common = "discover t.csv --text-column 内容 --taxonomy none --taxonomy own.toml";
    let found = desk.ahu(common).stdout;
    assert!(found.starts_with("90 件分成") && found.contains("另有 2 件已有原因"), "{found}");
    assert!(desk.ahu(&format!("{common} --all")).stdout.starts_with("92 件分成"));
    assert!(desk.ahu(&format!("{common} --assign t.csv")).stderr.contains("`t.csv` is an input too"));
}

#[test]
fn every_row_is_accounted_for() {
    let desk = Desk::new();
    let rows: String = tickets().iter().enumerate().map(|(i, t)| format!("T{i},{}\n", t.0)).collect();
    // A row twice, one without a text, one whose quote is never closed.
    let first = rows.lines().next().expect("a row");
    desk.file("t.csv", format!("编号,内容\n{rows}{first}\nN1,\nX1,\"没有关的引号\n"));
    desk.file("ids", "T0\nT1\nZZ\n");
    let ran = desk.ahu("discover t.csv --taxonomy none --text-column 内容 --assign out.csv --rejects bad.csv");
    assert!(ran.stdout.starts_with("91 件分成") && ran.stdout.contains("1 件没有文字"), "{}", ran.stdout);
    let out = desk.read("out.csv");
    let twice: Vec<&str> = out.lines().filter(|l| l.starts_with("T0,")).collect();
    assert!(twice.len() == 2 && twice[0] == twice[1] && !twice[0].ends_with(','), "{twice:?}");
    assert_eq!(out.lines().count(), 1 + 90 + 1 + 1);
    assert_eq!(desk.read("bad.csv").lines().count(), 2);
    // Whatever says where the rows are has put them there.
    for command in ["train t.csv --target kind --from-rules -o m.ahu", "evaluate t.csv --target kind --from-rules", "review t.csv --target kind -o s.csv"] {
        let ran = desk.ahu(&format!("{command} --text-column 内容 --rejects again.csv"));
        assert!(ran.stderr.contains("they are in `again.csv`"), "{}", ran.stderr);
        assert_eq!(desk.read("again.csv"), desk.read("bad.csv"), "{command}");
        std::fs::remove_file(desk.path().join("again.csv")).expect("it was there");
    }
    let ran = desk.ahu("discover t.csv --taxonomy none --text-column 内容 --only-ids ids");
    assert!(ran.stderr.contains("1 ids not found: ZZ"), "{}", ran.stderr);
}

/// The JSON that `discover` writes.
fn json(desk: &Desk, args: &str) -> serde_json::Value {
    let ran = desk.ahu(&format!("discover {args} --taxonomy none --text-column 内容 --format json"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

fn names(groups: &serde_json::Value) -> BTreeSet<String> {
    groups["groups"].as_array().expect("groups").iter().map(|g| g["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn proposals_become_causes_on_the_next_run() {
    let desk = Desk::new();
    let tickets = tickets();
    desk.file("t.csv", file(&tickets));
    let ran = desk.ahu("discover t.csv --taxonomy none --text-column 内容 -o p.toml --assign out.csv");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let proposals = desk.read("p.toml");
    assert!(proposals.contains("准确率 100 %") && proposals.contains("编号 T"), "{proposals}");
    // Whichever way it is used, its examples hold.
    for args in ["check p.toml", "check p.toml --taxonomy none"] {
        let ran = desk.ahu(args);
        assert!(ran.code == 0 && ran.stdout.contains("all right") && !ran.stdout.contains("warning"), "{args}: {}", ran.stdout);
    }
    let groups: BTreeSet<String> = assigned(&desk, "out.csv").into_values().collect();
    let digest = desk.ahu("summarize t.csv --taxonomy none --taxonomy p.toml --text-column 内容 --format json --ids").stdout;
    let digest: serde_json::Value = serde_json::from_str(&digest).expect("JSON");
    let kinds = digest["products"][0]["kinds"].as_array().expect("kinds");
    let causes: Vec<&serde_json::Value> = kinds.iter().flat_map(|k| k["causes"].as_array().expect("causes")).collect();
    assert!(causes.iter().all(|c| groups.contains(c["cause"].as_str().expect("a name"))), "{causes:?}");
    let taken: u64 = causes.iter().map(|c| c["count"].as_u64().expect("a count")).sum();
    assert!(taken >= 80, "{taken} of 90: {proposals}");
}

#[test]
fn a_group_that_a_cause_knows_extends_it() {
    let desk = Desk::new();
    let tickets = tickets();
    desk.file("t.csv", file(&tickets));
    // A cause of the desk's own whose rule takes nothing, with examples like one of the troubles.
    let own = "[[cause]]\npath = \"宠物 / 学舌\"\nkinds = [\"inquiry\"]\nrules = [\"八哥学话\"]\nmatch = [\"八哥学话,鹦鹉学舌学不会\", \"八哥学话,教鹦鹉学舌它不学\", \"八哥学话,鹦鹉怎么教都不学舌\"]\nreject = [\"卡\", \"慢\"]\n";
    desk.file("own.toml", own);
    let ran = desk.ahu("discover t.csv --taxonomy none --taxonomy own.toml --text-column 内容 -o p.toml");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let proposals = desk.read("p.toml");
    assert!(proposals.contains("与已有原因 宠物 / 学舌 相同") && proposals.matches("path = \"宠物 / 学舌\"").count() == 1, "{proposals}");
    assert!(desk.ahu("check own.toml p.toml --taxonomy none").stdout.contains("all right"));
    assert!(proposals.contains("最接近的已有原因：宠物 / 学舌"), "{proposals}");
}

#[test]
fn the_digest_shows_groups() {
    let desk = Desk::new();
    desk.file("t.csv", file(&tickets()));
    let text = desk.ahu("summarize t.csv --taxonomy none --text-column 内容").stdout;
    assert!(text.contains("都未归类\n") && text.contains('〔') && text.contains('〕'), "{text}");
    let digest: serde_json::Value = serde_json::from_str(&desk.ahu("summarize t.csv --taxonomy none --text-column 内容 --format json").stdout).expect("JSON");
    for kind in digest["products"][0]["kinds"].as_array().expect("kinds") {
        let unassigned = &kind["unassigned"];
        let groups = unassigned["groups"].as_array().expect("groups");
        let grouped: u64 = groups.iter().map(|g| g["count"].as_u64().expect("a count")).sum();
        assert!(grouped <= unassigned["count"].as_u64().expect("a count"));
        assert!(groups.iter().all(|g| !g["cause"].as_str().expect("a name").is_empty() && !g["ids"].as_array().expect("ids").is_empty()), "{groups:?}");
    }
    let own =
        "[[cause]]\npath = \"泡菜\"\nkinds = [\"complaint\", \"inquiry\"]\nrules = [\"泡菜\"]\nmatch = [\"泡菜坏\", \"泡菜裂\"]\nreject = [\"卡\", \"慢\"]\n";
    desk.file("own.toml", own);
    let beside = desk.ahu("summarize t.csv --taxonomy none --taxonomy own.toml --min-confidence 0 --text-column 内容");
    assert!(beside.stdout.contains("未归类：〔"), "{}", beside.stdout);
    assert!(!desk.ahu("summarize t.csv --taxonomy none --text-column 内容 --no-groups").stdout.contains('〔'));
}

#[test]
fn groups_keep_their_names_and_only_new_ones_are_told() {
    let desk = Desk::new();
    let tickets = tickets();
    let day = |name: &str, rows: &[(String, &str)], from: usize| {
        let rows: String = rows.iter().enumerate().map(|(i, (text, _))| format!("N{},{text}\n", from + i)).collect();
        desk.file(name, format!("编号,内容\n{rows}"));
    };
    day("1.csv", &tickets[..81], 0);
    let first = json(&desk, "1.csv --groups g.json --as-of 2026-11-20");
    assert!(first["groups"].as_array().expect("groups").iter().all(|g| g["new"] == false && g["first"] == "2026-11-20"), "{first}");
    // The next day says the same in part in other words, and something new; one ticket is like no other.
    let wells = ["井盖丢了没人管", "路口井盖丢了", "井盖丢了差点摔倒", "小区井盖丢了三天", "井盖又丢了", "学校门口井盖丢了", "井盖丢了快补上", "桥头井盖丢了"];
    let mut second: Vec<(String, &str)> = tickets[60..].to_vec();
    second.extend(wells.iter().map(|w| ((*w).to_owned(), "井盖")));
    second.push(("月亮石被雷劈".to_owned(), "怪"));
    day("2.csv", &second, 100);
    let told = json(&desk, "2.csv --groups g.json --as-of 2026-11-21");
    let new: Vec<&serde_json::Value> = told["groups"].as_array().expect("groups").iter().filter(|g| g["new"] == true).collect();
    assert!(new.len() == 1 && new[0]["name"].as_str().expect("a name").contains("井盖") && new[0]["count"] == 8, "{told}");
    let known: BTreeSet<String> = names(&told).into_iter().filter(|n| !n.contains("井盖")).collect();
    assert!(!known.is_empty() && known.is_subset(&names(&first)), "{known:?} {first}");
    assert!(told["alone"].as_array().expect("some").iter().any(|t| t["text"].as_str().expect("a text").contains("月亮石")), "{told}");
    // The same day again tells the same; the day after it is known.
    let again = json(&desk, "2.csv --groups g.json --as-of 2026-11-21");
    assert_eq!(names(&again), names(&told));
    assert!(again["groups"].as_array().expect("groups").iter().any(|g| g["new"] == true));
    let text = desk.ahu("discover 2.csv --groups g.json --as-of 2026-11-21 --taxonomy none --text-column 内容").stdout;
    assert!(text.contains("新出现：〔") && text.contains("不成组"), "{text}");
    day("3.csv", &second, 200);
    let third = json(&desk, "3.csv --groups g.json --as-of 2026-11-22");
    assert!(third["groups"].as_array().expect("groups").iter().all(|g| g["new"] == false), "{third}");
}

#[test]
fn few_customers_are_no_new_cause_and_a_foreign_file_is_refused() {
    let desk = Desk::new();
    let tickets = tickets();
    let rows: String = tickets.iter().enumerate().map(|(i, t)| format!("N{i},客{i},{}\n", t.0)).collect();
    desk.file("1.csv", format!("编号,客户,内容\n{rows}"));
    json(&desk, "1.csv --groups g.json --as-of 2026-11-20 --customer-column 客户");
    let one: String = (0..9).map(|i| format!("M{i},同一个人,井盖丢了第{}遍{}\n", i, ["啊", "呀", "呢"][i % 3])).collect();
    desk.file("2.csv", format!("编号,客户,内容\n{one}{}", rows.lines().take(20).map(|l| format!("{l}。\n")).collect::<String>()));
    let told = json(&desk, "2.csv --groups g.json --as-of 2026-11-21 --customer-column 客户");
    assert!(told["groups"].as_array().expect("groups").iter().all(|g| g["new"] == false), "{told}");
    desk.file("g.json", "[]");
    let ran = desk.ahu("discover 2.csv --groups g.json --taxonomy none --text-column 内容");
    assert!(ran.code == 2 && ran.stderr.contains("g.json") && ran.stderr.contains("ahu discover --groups"), "{}", ran.stderr);
    assert_eq!(desk.read("g.json"), "[]");
}

#[test]
fn more_tickets_move_no_others() {
    let desk = Desk::new();
    let tickets = tickets();
    desk.file("1.csv", file(&tickets[..80]));
    json(&desk, "1.csv --groups g.json --as-of 2026-11-20 --assign 1.out.csv");
    desk.file("2.csv", file(&tickets));
    json(&desk, "2.csv --groups g.json --as-of 2026-11-20 --assign 2.out.csv");
    let (before, after) = (assigned(&desk, "1.out.csv"), assigned(&desk, "2.out.csv"));
    assert!(before.iter().all(|(text, group)| after[text] == *group));
}

#[test]
fn what_many_say_in_the_same_words_is_a_group() {
    let desk = Desk::new();
    let mut all = tickets();
    all.extend((0..12).map(|_| ("广告弹窗关不掉".to_owned(), "广告")));
    desk.file("t.csv", file(&all));
    let found = json(&desk, "t.csv");
    let adverts = found["groups"].as_array().expect("groups").iter().find(|g| g["name"].as_str().is_some_and(|n| n.contains("广告")));
    assert_eq!(adverts.expect("a group of its own")["count"], 12, "{found}");
    desk.file("one.csv", file(&all[90..]));
    assert_eq!(json(&desk, "one.csv")["groups"][0]["count"], 12);
    // On another day twelve customers say it, each the same: that is new, and counted by tickets from then on.
    desk.file("1.csv", file(&all[..90]));
    json(&desk, "1.csv --groups g.json --as-of 2026-11-20");
    let later: String = (0..12).map(|i| format!("L{i},广告弹窗关不掉,\n")).collect();
    desk.file("2.csv", format!("编号,内容,标签\n{}{later}", all[..30].iter().enumerate().map(|(i, t)| format!("M{i},{},\n", t.0)).collect::<String>()));
    let told = json(&desk, "2.csv --groups g.json --as-of 2026-11-21");
    let new: Vec<&serde_json::Value> = told["groups"].as_array().expect("groups").iter().filter(|g| g["new"] == true).collect();
    assert!(new.len() == 1 && new[0]["count"] == 12, "{told}");
    let again = json(&desk, "2.csv --groups g.json --as-of 2026-11-21");
    let before = |found: &serde_json::Value| found["groups"].as_array().expect("groups").iter().map(|g| g["before"].as_u64().expect("a count")).sum::<u64>();
    assert!(before(&again) == before(&told) && before(&told) == 30, "{told} {again}");
    desk.file("3.csv", desk.read("2.csv").replace("L1", "K1"));
    assert_eq!(before(&json(&desk, "3.csv --groups g.json --as-of 2026-11-22")), 30 + 30 + 12);
}

#[test]
fn rows_that_come_again_have_the_group_of_what_they_repeat() {
    let desk = Desk::new();
    let all = tickets();
    // Two desks number alike.
    let (one, other) = (file(&all[..30]), file(&all[30..60]));
    desk.file("a.csv", &one);
    desk.file("b.csv", &other);
    desk.file("c.csv", &other);
    let ran = desk.ahu("discover a.csv b.csv c.csv --taxonomy none --text-column 内容 --assign out.csv");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let out = desk.read("out.csv");
    let rows: Vec<&str> = out.lines().skip(1).collect();
    assert!(rows.len() == 90 && rows[30..60] == rows[60..], "{out}");
}

#[test]
fn nobodys_data_names_a_group_and_outputs_are_different_files() {
    let desk = Desk::new();
    let rows: String = (0..40).map(|i| format!("T{i},zhang{i}@example.com 电话1381234{:04} 门把手掉下来第{i}次\n", i * 7)).collect();
    desk.file("t.csv", format!("编号,内容\n{rows}"));
    let ran = desk.ahu("discover t.csv --taxonomy none --text-column 内容 --assign out.csv -o p.toml --groups g.json --as-of 2026-11-22");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for text in [ran.stdout, desk.read("out.csv"), desk.read("p.toml"), desk.read("g.json")] {
        assert!(!text.contains("1381234") && !text.contains("zhang1"), "{text}");
    }
    assert!(names(&json(&desk, "t.csv")).iter().all(|n| !n.contains("com") && !n.contains('*')));
    for args in ["-o s --groups ./s", "--assign s --groups s", "-o s --assign ./s"] {
        let ran = desk.ahu(&format!("discover t.csv --text-column 内容 {args}"));
        assert!(ran.code == 2 && ran.stderr.contains("name the same file"), "{}", ran.stderr);
    }
    desk.file("empty.json", "");
    json(&desk, "t.csv --groups empty.json --as-of 2026-11-22");
    let ran = desk.ahu("discover t.csv --taxonomy none --text-column 内容 --groups empty.json --as-of 2026-11-20");
    assert!(ran.stderr.contains("2026-11-22 is in `--groups` already"), "{}", ran.stderr);
    desk.file("later.json", "{\"version\": 9}");
    assert!(desk.ahu("discover t.csv --text-column 内容 --groups later.json").stderr.contains("found version 9"));
}

#[test]
fn one_who_waited_does_not_hide_those_who_come_later() {
    let desk = Desk::new();
    let all = tickets();
    let same = "月亮石被雷劈";
    desk.file("1.csv", file(&all));
    json(&desk, "1.csv --groups g.json --as-of 2026-11-20");
    desk.file("w.csv", format!("编号,内容\nW1,{same}\n{}", all[..30].iter().enumerate().map(|(i, t)| format!("M{i},{}\n", t.0)).collect::<String>()));
    let waits = json(&desk, "w.csv --groups g.json --as-of 2026-11-21");
    assert_eq!(waits["alone"][0]["text"], same, "{waits}");
    let later: String = (0..15).map(|i| format!("L{i},{same},\n")).collect();
    desk.file("2.csv", format!("编号,内容,标签\n{later}{}", all[..30].iter().enumerate().map(|(i, t)| format!("M{i},{},\n", t.0)).collect::<String>()));
    let told = json(&desk, "2.csv --groups g.json --as-of 2026-11-22");
    let new: Vec<&serde_json::Value> = told["groups"].as_array().expect("groups").iter().filter(|g| g["new"] == true).collect();
    assert!(new.len() == 1 && new[0]["count"] == 15, "{told}");
}
