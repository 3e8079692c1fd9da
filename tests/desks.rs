//! Files as desks really have them: what went wrong once with one of them.

use crate::run::{Desk, accounting};

#[test]
fn a_title_above_the_header_is_no_header_for_mask_either() {
    let desk = Desk::new();
    let table = "工单号,收件人,微信号,问题描述\n1,张三,zs_2008,退款没到，电话13812345678\n2,李四,lisi88,闪退\n";
    for title in ["客服中心工单明细表,,,\n导出时间：2026-11-22,,,\n", "说明：内部资料\n", ""] {
        desk.file("t.csv", format!("{title}{table}"));
        let masked = desk.ahu("mask t.csv").stdout;
        assert!(masked.starts_with("工单号,收件人,微信号,问题描述\n1,") && masked.contains("退款没到，电话138********"), "{title}{masked}");
        assert!(masked.contains("\n2,") && masked.contains(",闪退\n"), "{title}{masked}");
    }
    // A table that has no text at all is masked as well, under its own header.
    desk.file("people.csv", "姓名,手机\n张三,13812345678\n李四,13912345678\n");
    assert_eq!(desk.ahu("mask people.csv").stdout, "姓名,手机\n张*,138********\n李*,139********\n");
}

#[test]
fn who_only_masks_needs_no_dates() {
    let desk = Desk::new();
    desk.file("t.csv", "工单号,时间,内容\n1,2026-11-01,闪退\n2,2026/2/30,闪退\n3,2026-11-02,闪退\n3,2026-11-02,闪退\n");
    let ran = desk.ahu("mask t.csv");
    assert_eq!(ran.stdout.lines().count(), 5);
    assert!(ran.stderr.contains("4 rows read = 4 written + 0 quarantined"), "{}", ran.stderr);
}

#[test]
fn no_date_is_written_in_many_ways() {
    let desk = Desk::new();
    let nothing = ["-", "--", "N/A", "null", "0000-00-00", "0000-00-00 00:00:00", "/", "无"];
    let rows: String = nothing.iter().enumerate().map(|(i, d)| format!("T{i},{d},闪退\n")).collect();
    desk.file("t.csv", format!("工单号,创建时间,内容\nA,2026-11-01,闪退\nB,2026-11-01,闪退\n{rows}{}", "C,2026-11-02,闪退\n".repeat(20)));
    assert_eq!(accounting(&desk.digest("t.csv")), [30, 11, 19, 0]);
}

#[test]
fn messages_among_other_things() {
    let desk = Desk::new();
    let mut file = "会话ID,时间,角色,内容\n,2026-11-01 09:00,玩家,没有编号的一句话：闪退\n".to_owned();
    for i in 0..300 {
        file += &format!("S{},2026-11-01 09:{:02},{},{}\n", i % 100, i % 60, ["玩家", "客服", "玩家"][i / 100], ["奖励没到账", "您好", "急"][i / 100]);
    }
    file += "S7,2026-11-01 10:00,玩家\n会话ID,渠道,角色,内容,备注\nS900,微信,玩家,登录不上,x\n";
    desk.file("t.csv", file);
    let ran = desk.ahu("classify --rejects bad.csv t.csv");
    // 300 messages of 100 chats, one without an id, one of the second table; one row with a cell too few.
    assert!(ran.stderr.contains("102 rows") || ran.stderr.contains("103 rows"), "{}", ran.stderr);
    assert!(ran.stderr.contains("302 messages were joined into 102 tickets"), "{}", ran.stderr);
    assert!(ran.stderr.contains("its columns `渠道`, `备注` are left out"), "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), 1 + 302);
    assert!(ran.stdout.lines().nth(1).is_some_and(|l| l.contains("没有编号的一句话")), "{}", ran.stdout);
    assert_eq!(desk.read("bad.csv").lines().count(), 2);
    // The first time that can be read is the chat's.
    desk.file(
        "m.csv",
        "会话ID,时间,角色,内容\nS1,昨晚,客服,您好\nS1,2026-11-01 09:00,玩家,奖励没到账\nS2,2026-11-02 09:00,客服,您好\nS2,2026-11-02 09:01,玩家,闪退\n",
    );
    let digest = desk.digest("m.csv");
    assert_eq!((accounting(&digest), digest["since"].as_str()), ([2, 2, 0, 0], Some("2026-11-01")));
}

#[test]
fn many_chats_that_have_just_begun_are_chats() {
    let desk = Desk::new();
    let rows = |role: &str, text: &str| (0..250).map(|i| format!("S{i},{role},{text}\n")).collect::<String>();
    let mixed: String = (0..250).map(|i| format!("S{i},{},{}\n", ["客服", "玩家"][i % 2], ["您好", "闪退进不去"][i % 2])).collect();
    desk.file("t.csv", format!("会话ID,角色,内容\n{mixed}{}", rows("玩家", "奖励没到账")));
    let ran = desk.ahu("summarize t.csv");
    assert!(ran.stderr.contains("500 messages were joined into 250 tickets"), "{}", ran.stderr);
}

#[test]
fn a_number_in_a_name_is_a_whole_one() {
    let desk = Desk::new();
    let why = |product: &str| desk.ahu_with(&["why", "--text", "一直没有人处理", "--product", product], None).stdout;
    assert!(why("长沙12345热线").contains("市民热线"), "{}", why("长沙12345热线"));
    assert!(!why("12345678").contains("市民热线"), "{}", why("12345678"));
}

#[test]
fn messages_in_the_wrong_encoding_come_back() {
    let desk = Desk::new();
    // UTF-8 that was read as GBK and saved: the customer's words, and the role of one row.
    let spoilt = |text: &str| encoding_rs::GBK.decode(text.as_bytes()).0.into_owned();
    let said = "活动奖励没有到账";
    assert!(!spoilt(said).contains('\u{FFFD}'), "{}", spoilt(said));
    desk.file("t.csv", format!("会话ID,角色,内容\nS1,玩家,{}\nS1,客服,您好\nS2,玩家,闪退\nS2,客服,您好\nS2,客服,请重启\n", spoilt(said)));
    let ran = desk.ahu("classify t.csv");
    let first = ran.stdout.lines().nth(1).unwrap_or_default();
    assert!(first.starts_with(&format!("S1,玩家,{said},complaint,")) && first.contains("没有到账@4"), "{}", ran.stdout);
    assert!(ran.stderr.contains("wrong encoding"), "{}", ran.stderr);
}
