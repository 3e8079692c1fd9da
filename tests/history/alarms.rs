//! Alerts of days that are told again, and days that no night has come to.

use super::{desk, november, tree};
use crate::run::Desk;

fn alerts(desk: &Desk, day: u32) -> serde_json::Value {
    let path = desk.path().join(format!("out/2026-11-{day}/alerts.json"));
    std::fs::read_to_string(path).map_or(serde_json::Value::Null, |text| serde_json::from_str(&text).expect("JSON"))
}

fn night(desk: &Desk, day: u32) -> String {
    let ran = desk.ahu(&format!("run --as-of 2026-11-{day:02} --lang en"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout
}

fn usual(day: u32) -> u32 {
    5 + day % 3
}

#[test]
fn a_ticket_of_the_far_future_is_no_last_day() {
    let desk = desk();
    desk.file("in/a.csv", november(|day| if day < 20 { usual(day) } else { 0 }));
    night(&desk, 19);
    desk.file("in/z.csv", "编号,时间,产品,内容\nZ,2062-02-14 10:00,甲,活动奖励没到账\n");
    let ran = desk.ahu("run --as-of 2026-11-19 --lang en");
    assert!(ran.stderr.contains("dated after this night (2062-02-14)"), "{}", ran.stderr);
    desk.file("in/b.csv", november(|day| if day == 20 { 40 } else { 0 }));
    night(&desk, 20);
    assert_eq!(alerts(&desk, 20)[0]["observed"].as_u64(), Some(40));
    assert!(desk.ahu("report").stdout.contains("2026-11-20"));
    assert!(desk.ahu("advise 甲").stdout.contains("至 2026-11-20"));
}

#[test]
fn nights_that_are_caught_up_with_are_as_those_one_by_one() {
    let count = |day: u32| if [18, 19, 24].contains(&day) { 40 } else { usual(day) };
    let (slow, fast) = (desk(), desk());
    for day in 1..=26 {
        let rows = november(|d| if d == day { count(day) } else { 0 });
        slow.file(&format!("in/{day:02}.csv"), &rows);
        fast.file(&format!("in/{day:02}.csv"), &rows);
        if day >= 17 {
            night(&slow, day);
        }
    }
    night(&fast, 26);
    assert_eq!(alerts(&slow, 19)[0]["state"], "ongoing");
    assert_eq!(tree(&slow.path().join("out")), tree(&fast.path().join("out")));
}

#[test]
fn an_old_alert_is_as_its_day_is() {
    let desk = desk();
    let rows = |customer: &str, days: std::ops::RangeInclusive<u32>, count: &dyn Fn(u32) -> u32| {
        let row = |day: u32, i: u32| format!("{customer}{day}-{i},2026-11-{day:02} 10:{i:02},甲,{customer},活动奖励没到账\n");
        format!("编号,时间,产品,用户,内容\n{}", days.flat_map(|day| (0..count(day)).map(move |i| row(day, i))).collect::<String>())
    };
    desk.file("in/a.csv", rows("u", 1..=16, &usual));
    desk.file("in/b.csv", rows("bot", 16..=16, &|_| 40));
    desk.file("in/c.csv", rows("u", 17..=30, &usual));
    night(&desk, 30);
    assert_eq!(alerts(&desk, 16)[0]["observed"].as_u64(), Some(46));
    assert_eq!(desk.ahu("forget --customer bot").code, 0);
    assert!(alerts(&desk, 16).is_null() && !desk.read("out/2026-11-16/digest.txt").contains("异常"), "{}", desk.read("out/2026-11-16/digest.txt"));
}

#[test]
fn a_late_ticket_changes_the_alerts_of_the_days_after_it() {
    let desk = desk();
    desk.file(
        "in/a.csv",
        november(|day| {
            if day == 22 {
                40
            } else if day <= 23 {
                usual(day)
            } else {
                0
            }
        }),
    );
    night(&desk, 23);
    let before = alerts(&desk, 22);
    assert_eq!((before[0]["state"].as_str(), alerts(&desk, 21).is_null()), (Some("new"), true));
    let late: String = (0..40).map(|i| format!("late-{i},2026-11-21 12:{i:02},甲,活动奖励没到账\n")).collect();
    desk.file("in/b.csv", format!("编号,时间,产品,内容\n{late}"));
    night(&desk, 23);
    let after = alerts(&desk, 22);
    assert_eq!((after[0]["state"].as_str(), after[0]["since"].as_str()), (Some("ongoing"), Some("2026-11-21")));
    assert!(desk.read("out/2026-11-22/digest.txt").contains("since 2026-11-21"));
    assert_eq!((&after[0]["number"], &alerts(&desk, 21)[0]["number"]), (&before[0]["number"], &before[0]["number"]));
}
