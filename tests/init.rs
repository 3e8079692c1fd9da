//! `ahu init`: what it writes is right as it is.

use crate::run::{Desk, accounting};

#[test]
fn what_init_writes_works_as_it_is() {
    let desk = Desk::new();
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/data/story/tickets.csv"), desk.path().join("tickets.csv")).unwrap();
    let plain = desk.ahu("summarize --format json tickets.csv").stdout;
    assert_eq!(desk.ahu("init tickets.csv").code, 0);
    let settings = desk.read("ahu.toml");
    assert!(settings.contains("product = \"游戏\""), "{settings}");
    assert!(desk.read("taxonomy.toml").contains("packs = [\"game\"]"), "{}", desk.read("taxonomy.toml"));
    assert_eq!(desk.ahu("check taxonomy.toml").code, 0);
    let ran = desk.ahu("summarize --config ahu.toml --format json tickets.csv");
    assert!(ran.stdout == plain, "{}\n{}", ran.stderr, ran.stdout);
    // Nothing is overwritten.
    assert_eq!(desk.ahu("init tickets.csv").code, 2);
    assert_eq!(desk.read("ahu.toml"), settings);
}

#[test]
fn hostile_headers_and_products_are_only_strings() {
    let desk = Desk::new();
    desk.file("a.csv", "工单号,\"产品\",\"问\"\"题\\\n]描述\"\n1,\"a\"\"]\\\n[x\",电话13812345678闪退\n2,乙,奖励没到账\n");
    let ran = desk.ahu("init a.csv");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!desk.read("ahu.toml").contains("13812345678"));
    assert_eq!(desk.ahu("check taxonomy.toml").code, 0, "{}", desk.read("taxonomy.toml"));
    assert_eq!(accounting(&desk.digest("--config ahu.toml a.csv")), [2, 2, 0, 0]);
}

#[test]
fn a_text_of_numbers_is_noticed() {
    let desk = Desk::new();
    let rows: String = (0..20).map(|i| format!("{i},{}\n", i * 7)).collect();
    desk.file("a.csv", format!("工单号,内容\n{rows}"));
    assert!(desk.ahu("summarize a.csv").stderr.contains("hardly any words"));
}
