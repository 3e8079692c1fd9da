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
