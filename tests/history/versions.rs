//! Which version of a ticket decides.

use super::{SETTINGS, desk, run};
use crate::run::Desk;

#[test]
fn of_two_versions_of_one_time_the_later_night_decides() {
    for keep in ["true", "false"] {
        let desk = Desk::new();
        desk.file("ahu.toml", format!("{SETTINGS}keep_text = {keep}\n"));
        let export = |product: &str, text: &str| {
            let row = |i: u32| format!("T{i},2026-11-20 10:{i:02},{product},{text}，第{i:02}次\n");
            format!("编号,时间,产品,内容\n{}", (0..20).map(row).collect::<String>())
        };
        let digest = || desk.read("out/2026-11-20/digest.csv").lines().skip(1).map(|l| l.split(",T").next().unwrap_or_default().to_owned()).collect::<Vec<_>>();
        desk.file("in/a.csv", export("甲", "充值648到现在还没到账"));
        run(&desk);
        let first = digest();
        // The product is corrected, then the text, which gets shorter; then the first comes again.
        desk.file("in/b.csv", export("乙", "充值648到现在还没到账"));
        assert!(run(&desk).contains("20 revised"));
        let second = digest();
        assert!(first.len() == 1 && second.len() == 1 && first[0].contains('甲') && second[0].contains('乙'), "{keep} {first:?} {second:?}");
        desk.file("in/c.csv", export("乙", "闪退"));
        run(&desk);
        let third = digest();
        assert!(third.len() == 1 && third[0].contains("闪退"), "{keep} {third:?}");
        desk.file("in/d.csv", export("甲", "充值648到现在还没到账"));
        run(&desk);
        assert_eq!(digest(), first, "{keep}");
        // All files read again are no news, twice over.
        for name in ["b", "a"] {
            for of in ["a", "b", "c", "d"] {
                desk.file(&format!("in/{name}-{of}.csv"), desk.read(&format!("in/{of}.csv")));
            }
            assert!(run(&desk).contains("80 known"));
            assert_eq!(digest(), first, "{keep}");
        }
    }
}

#[test]
fn an_update_without_a_date_is_taken() {
    let desk = desk();
    desk.file("in/a.csv", "编号,时间,产品,内容\n1,2026-11-20 10:00,甲,活动的奖励到现在还是没到账\n");
    run(&desk);
    desk.file("in/b.csv", "编号,产品,内容\n1,甲,闪退\n");
    assert!(run(&desk).contains("1 revised"));
    assert!(desk.read("out/2026-11-20/digest.txt").contains("闪退"), "{}", desk.read("out/2026-11-20/digest.txt"));
}
