//! Reply scripts: told where they lack, suggested from answers, used.

use crate::run::Desk;

const HEAD: &str = "事件号,时间,游戏,客户ID,聊天记录\n";

/// Chats about when rewards come, answered in three ways that say much the same and one that does not.
fn chats() -> String {
    let answers = [
        "亲，奖励在活动结束后3个工作日内通过邮件发放哦，请留意查收",
        "您好，奖励会在活动结束后3个工作日内通过邮件发放",
        "活动结束后3个工作日内，奖励会通过邮件发放的，留意查收哈",
        "这个我帮您问一下技术同事",
    ];
    let chat = |i: usize| {
        let (day, answer) = (1 + i, answers[i % 4]);
        let end = if i == 5 { "都结束半个月了，怎么还没有？" } else { "好的谢谢" };
        format!("EV{i},2026-11-{day:02} 10:00,幻塔,u{i},\"客户：活动奖励什么时候发放\n客服：{answer}\n客户：{end}\"\n")
    };
    HEAD.to_owned() + &(0..12).map(chat).collect::<String>()
}

#[test]
fn a_script_is_suggested_from_what_closed_cases() {
    let desk = Desk::new();
    desk.file("a.csv", chats());
    let ran = desk.ahu("suggest-scripts a.csv -o scripts.toml");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("11 段咨询以答复结案：1 条话术建议；"), "{}", ran.stdout);
    assert!(ran.stdout.contains("11 次结案答复，8 次大意相同") && ran.stdout.contains("EV0 EV1 EV2 EV4"), "{}", ran.stdout);
    let toml = desk.read("scripts.toml");
    assert!(toml.contains("product = \"幻塔\"\ntext = \"") && toml.contains("3个工作日内通过邮件发放"), "{toml}");
    // Taken as it is, it is the script of that cause, and what agents say.
    assert_eq!(desk.ahu("check scripts.toml").code, 0);
    let ran = desk.ahu("classify a.csv --scripts --taxonomy scripts.toml");
    assert_eq!(ran.stdout.matches("3个工作日内通过邮件发放").count(), 6 + 12, "{}", ran.stdout);
    let again = desk.ahu("suggest-scripts a.csv --taxonomy scripts.toml");
    assert!(again.stdout.starts_with("11 段咨询以答复结案：0 条话术建议；1 个原因的现有话术与答复相符"), "{}", again.stdout);
    let digest = desk.ahu("summarize a.csv --taxonomy scripts.toml").stdout;
    assert!(digest.contains("用了话术 9，给了话术又来问 1（EV5）"), "{digest}");
    let none = desk.ahu("suggest-scripts a.csv --least 9");
    assert!(none.stdout.contains("0 条话术建议") && none.stdout.contains("1 个原因的答复太少或各不相同"), "{}", none.stdout);
}

#[test]
fn what_scripts_lack_is_told() {
    let desk = Desk::new();
    let cause = |name: &str, more: &str| {
        format!("[[cause]]\npath = \"问 / {name}\"\nkinds = [\"inquiry\"]\nrules = [\"{name}\"]\nmatch = [\"{name}怎么弄\"]\nreject = [\"别的\"]\n{more}")
    };
    let own = cause("兑换券", "") + &cause("转区", "script = \"您好，转区在设置里\"\n") + &cause("改名", "script = \"您好，改名卡在商城\"\n");
    desk.file("own.toml", own);
    let rows = "EV1,2026-10-01,幻塔,,兑换券怎么弄\nEV2,2026-10-02,幻塔,,兑换券在哪用啊\nEV3,2026-11-02,星河,,转区怎么弄\n";
    desk.file("a.csv", HEAD.to_owned() + rows);
    desk.file("day.csv", HEAD.to_owned() + "EV1,2026-10-01,幻塔,,兑换券怎么弄\n");
    for format in ["text", "markdown", "html", "json"] {
        let digest = desk.ahu(&format!("summarize a.csv --taxonomy none --taxonomy own.toml --format {format}"));
        let told = if format == "json" {
            ["\"missing\"", "\"unused\""]
        } else {
            ["幻塔「问 / 兑换券」2 件咨询没有话术（EV1 EV2）", "话术 1：问 / 改名"]
        };
        assert!(digest.code == 0 && told.iter().all(|t| digest.stdout.contains(t)), "{format}: {}", digest.stdout);
    }
    // A day says nothing of what nobody needed; who has no scripts at all reads nothing of them.
    let day = desk.ahu("summarize day.csv --taxonomy none --taxonomy own.toml").stdout;
    assert!(day.contains("没有话术") && !day.contains("没人问到"), "{day}");
    desk.file("bare.toml", cause("兑换券", ""));
    assert!(!desk.ahu("summarize a.csv --taxonomy none --taxonomy bare.toml").stdout.contains("话术"));
    desk.file("wrong.toml", "[[script]]\ncause = \"问 / 兑换卷\"\ntext = \"您好\"\n");
    let wrong = desk.ahu("check own.toml wrong.toml");
    assert!(wrong.code == 2 && wrong.stderr.contains("wrong.toml, line 1") && wrong.stderr.contains("the nearest is `问 / 兑换券`"), "{}", wrong.stderr);
}
