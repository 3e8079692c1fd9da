//! Reports and proposals: products in several spellings, rates, whose words are quoted.

use super::{desk, run};
use crate::run::Desk;

fn json(desk: &Desk, arguments: &[&str]) -> serde_json::Value {
    let ran = desk.ahu_with(arguments, None);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

/// Two weeks of one product, spelt otherwise in each.
fn spelt() -> Desk {
    let desk = desk();
    let row = |day: u32, i: u32| format!("{day}-{i},2026-11-{day:02} 10:{i:02},{},电话,活动奖励没到账\n", if day < 8 { "Star River" } else { "star river" });
    let rows: String = (1..=14).flat_map(|day| (0..2).map(move |i| (day, i))).map(|(day, i)| row(day, i)).collect();
    desk.file("in/a.csv", format!("编号,时间,产品,渠道,内容\n{rows}x,2026-11-14 11:00,乙,电话,一进游戏就闪退\n"));
    run(&desk);
    desk
}

#[test]
fn a_product_in_two_spellings_is_one() {
    let desk = spelt();
    desk.file("users.csv", format!("日期,产品,活跃用户\n{}", (1..=14).map(|day| format!("2026-11-{day:02},STAR RIVER,1000\n")).collect::<String>()));
    let report = json(&desk, &["report", "--since", "2026-11-08", "--as-of", "2026-11-14", "--rates", "users.csv", "--format", "json"]);
    let first = &report["products"][0];
    assert_eq!(report["products"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!((first["kinds"][0]["against"]["before"].as_u64(), first["rate"]["before"].as_u64()), (Some(14), Some(2000)), "{report}");
    for product in ["Star River", "STAR RIVER"] {
        let advice = desk.ahu_with(&["advise", product], None);
        assert!(advice.stdout.contains("投诉 28 件") && advice.stdout.contains("- 28 件"), "{}{}", advice.stdout, advice.stderr);
    }
    assert_eq!(desk.ahu_with(&["fix", "--product", "STAR RIVER", "--cause", "活动 / 奖品未到账", "--shipped", "2026-11-12"], None).code, 0);
    assert!(desk.ahu_with(&["advise", "Star River"], None).stdout.contains("2026-11-12 上线"));
}

#[test]
fn a_report_of_one_product_is_of_it_alone() {
    let desk = spelt();
    let day = json(&desk, &["report", "--product", "乙", "--format", "json"]);
    assert_eq!((day["accounting"]["rows"].as_u64(), day["products"].as_array().map(Vec::len)), (Some(1), Some(1)), "{day}");
    assert!(desk.ahu("report --product 乙").stdout.contains("当天工单 1 件"));
    for length in ["day", "week"] {
        let wrong = desk.ahu_with(&["report", length, "--product", "Star Rivr"], None);
        assert_eq!((wrong.code, wrong.stderr.contains("the nearest is `Star River`")), (2, true), "{}", wrong.stderr);
    }
}

#[test]
fn a_rate_of_days_without_numbers_is_not_told() {
    let desk = spelt();
    desk.file("users.csv", "日期,产品,活跃用户\n2026-11-09,Star River,1000\n2026-11-09,Star Rivr,1000\n");
    let told = desk.ahu("report week --rates users.csv --by channel");
    assert!(!told.stdout.contains("每百万"), "{}", told.stdout);
    assert!(told.stderr.contains("5 days have no number (2026-11-10") && told.stderr.contains("no ticket is of the product `star rivr`"), "{}", told.stderr);
    // Nothing is known of the days before the history.
    assert!(!desk.ahu("report month --by channel").stdout.contains("上期"));
}

#[test]
fn nobody_known_is_somebody() {
    let desk = desk();
    let crash = |i: u32| format!("c{i},2026-{:02}-{:02} 10:00,甲,,一进游戏就闪退，第{i}次\n", 3 + i % 8, 1 + i % 20);
    let cheat = |i: u32| format!("w{i},2026-10-{:02} 10:00,甲,same,{}\n", 10 + i, ["对面开挂太明显了，气死我了", "又遇到外挂了，你们管不管"][i as usize % 2]);
    let rows: String = (0..160).map(crash).chain((0..2).map(cheat)).collect();
    desk.file("in/a.csv", format!("编号,时间,产品,用户,内容\n{rows}"));
    run(&desk);
    let told = desk.ahu("advise 甲 --as-of 2026-12-31").stdout;
    assert!(told.contains("### 1. 运行 / 闪退崩溃") && told.contains("### 2. 对战 / 外挂作弊"), "{told}");
    // No months without data, and one quote of one customer.
    assert!(told.contains("至 2026-10-") && !told.contains("最多的是 2026-12"), "{told}");
    let cheats = told.split("### 2.").nth(1).expect("two");
    assert_eq!((cheats.matches("原话").count(), cheats.contains("1 位客户")), (1, true), "{told}");
}
