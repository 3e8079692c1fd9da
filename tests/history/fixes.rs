//! The ledger of fixes where data is missing, or a cause has another name.

use super::{SETTINGS, desk, run};
use crate::run::Desk;

/// Tickets of each of these days from 2026-06-01 on: product, text, how many.
fn rows(days: std::ops::Range<u32>, of: &dyn Fn(u32) -> Vec<(&'static str, &'static str, u32)>) -> String {
    let start = jiff::civil::date(2026, 6, 1);
    let mut rows = String::from("编号,时间,产品,内容\n");
    for day in days {
        let date = start.saturating_add(jiff::Span::new().days(i64::from(day)));
        for (product, text, n) in of(day) {
            (0..n).for_each(|i| rows.push_str(&format!("{product}{text}{day}-{i},{date} 10:{i:02},{product},{text}\n")));
        }
    }
    rows
}

fn fix(desk: &Desk, product: &str, cause: &str, expect: &str) -> String {
    let added = desk.ahu_with(&["fix", "--product", product, "--cause", cause, "--shipped", "2026-08-24", "--expect", expect, "--as-of", "2026-08-24"], None);
    assert_eq!(added.code, 0, "{}", added.stderr);
    assert!(added.stderr.contains("已登记"), "{}", added.stderr);
    desk.ahu("fix").stdout
}

#[test]
fn an_export_that_did_not_come_is_no_success() {
    let desk = desk();
    let of = |day: u32| {
        let mut all = vec![("乙", "一进游戏就闪退", 2)];
        if !(84..112).contains(&day) {
            all.push(("甲", "充值648到现在还没到账", 3));
        }
        if day >= 49 {
            all.push(("丙", "一进游戏就闪退", if day < 84 { 6 } else { 1 }));
        }
        all
    };
    desk.file("in/a.csv", rows(0..140, &of));
    run(&desk);
    let told = fix(&desk, "甲", "支付 / 已付款未生效", "0.1");
    assert!(!told.contains("降下来了") && told.contains("有 4 周这个产品一件工单也没有") && told.contains("| - - - - 21"), "{told}");
    // A product that is younger than the weeks before.
    let told = fix(&desk, "丙", "运行 / 闪退崩溃", "0.1");
    assert!(told.contains("降下来了") && !told.contains("出问题以前每周 0.0 件"), "{told}");
    assert!(told.contains("没到预期"), "{told}");
}

#[test]
fn another_name_is_no_success() {
    let desk = Desk::new();
    desk.file("ahu.toml", "taxonomy = [\"mine.toml\"]\n".to_owned() + SETTINGS);
    let cause =
        |path: &str| format!("[[cause]]\npath = \"{path}\"\nkinds = [\"complaint\"]\nrules = [\"门卡住\"]\nmatch = [\"门卡住了\"]\nreject = [\"门没事\"]\n");
    desk.file("mine.toml", cause("副本 / 门卡住"));
    let of = |_: u32| vec![("甲", "幻光塔的门卡住了，投诉", 4), ("甲", "一进游戏就闪退", 4)];
    desk.file("in/a.csv", rows(0..84, &of));
    run(&desk);
    fix(&desk, "甲", "副本 / 门卡住", "0.5");
    desk.file("mine.toml", cause("副本 / 幻光塔门卡住"));
    desk.file("in/b.csv", rows(84..112, &of));
    run(&desk);
    let told = desk.ahu("fix").stdout;
    assert!(!told.contains("降下来了") && told.contains("分类里已经没有这个原因"), "{told}");
    fix(&desk, "甲", "运行 / 闪退崩溃", "0.5");
    assert!(desk.ahu("fix").stdout.contains("换过归类规则"), "{}", desk.ahu("fix").stdout);
    assert_eq!(desk.ahu("restate").code, 0);
    let told = desk.ahu("fix").stdout;
    assert!(told.contains("已经没有工单归到这个原因") && told.contains("--remove 1") && !told.contains("换过归类规则"), "{told}");
}
