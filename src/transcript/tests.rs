use super::markers;
use super::*;
use proptest::prelude::*;

/// `C`ustomer, `A`gent, `R`obot, `S`ystem and the words, ` / ` between turns; empty for no transcript.
fn shown(cell: &str) -> String {
    let letter = |role| match role {
        Role::Customer => 'C',
        Role::Agent => 'A',
        Role::Robot => 'R',
        Role::System => 'S',
    };
    turns(cell).unwrap_or_default().iter().map(|t| format!("{} {}", letter(t.role), t.text)).collect::<Vec<_>>().join(" / ")
}

/// Checks all before it fails.
fn check(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(cell, expected)| shown(cell) != *expected)
        .map(|(cell, expected)| format!("{cell:?}\n  found    {:?}\n  expected {expected:?}", shown(cell)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_beside_a_colon() {
    check(&[
        ("客服:您好 玩家:充值没到账", "A 您好 / C 充值没到账"),
        ("客服：您好，请问有什么可以帮您？ 玩家：充了648没到账 客服：请提供订单号", "A 您好，请问有什么可以帮您？ / C 充了648没到账 / A 请提供订单号"),
        ("客服：您好\n玩家：登录不上\n客服：稍等", "A 您好 / C 登录不上 / A 稍等"),
        ("客服：您好\r\n用户：话费多扣了\r\n", "A 您好 / C 话费多扣了"),
        (r"客服：您好\n用户：话费多扣了\r\n客服：为您查询", "A 您好 / C 话费多扣了 / A 为您查询"),
        ("客服：您好<br>买家：包裹没收到<br/>客服：帮您查物流<BR />", "A 您好 / C 包裹没收到 / A 帮您查物流"),
        ("客服：您好||买家：发错颜色了||客服：给您换", "A 您好 / C 发错颜色了 / A 给您换"),
        ("客服：您好 | 买家：发错颜色了 | 客服：给您换", "A 您好 / C 发错颜色了 / A 给您换"),
        ("客服：您好\t买家：发错颜色了\t客服：给您换", "A 您好 / C 发错颜色了 / A 给您换"),
        ("买家：衣服起球。卖家：亲，可以退。买家：运费谁出？", "C 衣服起球。 / A 亲，可以退。 / C 运费谁出？"),
        ("玩家：闪退\n每次进副本就退\n手机是小米\n客服：好的", "C 闪退\n每次进副本就退\n手机是小米 / A 好的"),
        ("客服-小美：您好\n夜雨(玩家)：号被盗了", "A 您好 / C 号被盗了"),
        ("小美(客服)：您好\n玩家(123456)：号被盗了", "A 您好 / C 号被盗了"),
        ("在线客服007：您好\nVIP玩家夜雨：号被盗了", "A 您好 / C 号被盗了"),
        ("小助手：请描述问题\n会员：积分没了\n人工客服：您好", "R 请描述问题 / C 积分没了 / A 您好"),
        ("智能客服：请选择问题\n客户：信用卡被盗刷\n坐席0231：已为您冻结", "R 请选择问题 / C 信用卡被盗刷 / A 已为您冻结"),
        ("系统：会话开始\n访客：在吗\n客服：在的", "S 会话开始 / C 在吗 / A 在的"),
        ("商家：亲\n顾客：少发一件\n小二：已登记", "A 亲 / C 少发一件 / A 已登记"),
        ("专员：您好\n车主：刹车异响", "A 您好 / C 刹车异响"),
        ("来电人：宽带断了两天\n工作人员：已派单", "C 宽带断了两天 / A 已派单"),
        ("学员：课程打不开\n客服专员小李：我看一下", "C 课程打不开 / A 我看一下"),
        ("用户说：转账失败了\n客服回复：请重试", "C 转账失败了 / A 请重试"),
        ("用户说：转账失败了", "C 转账失败了"),
        ("玩家：奖励没到", "C 奖励没到"),
        ("我：你们怎么又扣钱\n客服：请稍等\n我：等了一个小时", "C 你们怎么又扣钱 / A 请稍等 / C 等了一个小时"),
        ("客服 ：您好\n客户 ： 你好，卡被吞了", "A 您好 / C 你好，卡被吞了"),
        ("- 客服：您好\n- 客户：退款没到", "A 您好 / C 退款没到"),
        ("1. 客服：您好\n2. 客户：退款没到\n3. 客服：查一下", "A 您好 / C 退款没到 / A 查一下"),
        ("客户：订单号：8812，地址：北京，一直没发货，催了三次都不理\n客服：您好", "C 订单号：8812，地址：北京，一直没发货，催了三次都不理 / A 您好"),
        ("玩家:没到账,客服:说等三天,结果还没到", "C 没到账,客服:说等三天,结果还没到"),
        ("客服:您好；玩家:没到账；客服:稍等", "A 您好； / C 没到账； / A 稍等"),
        ("VIP会员夜雨：好。12\tVIP会员夜雨：充值\t客服：在", "C 好。12 / C 充值 / A 在"),
        ("VIP会员夜雨：好。12 VIP会员夜雨：充值 客服：在", "C 好。12 / C 充值 / A 在"),
        ("客户:退款\n客服[0231]:您好", "C 退款 / A 您好"),
        ("用户反馈：充值未到账，催了几次都没人管，订单号：8812", "C 充值未到账，催了几次都没人管，订单号：8812"),
        ("客服：\n玩家：\n", ""),
        ("客服：\n玩家：没到账", "C 没到账"),
    ]);
}

#[test]
fn names_in_brackets() {
    check(&[
        ("【客服】您好【玩家】充值没到账【客服】稍等", "A 您好 / C 充值没到账 / A 稍等"),
        ("【客服】：您好\n【用户】：流量用超了", "A 您好 / C 流量用超了"),
        ("[客服]您好[用户]流量用超了", "A 您好 / C 流量用超了"),
        ("【客服小王 08:05】您好【玩家 08:06】没到账", "A 您好 / C 没到账"),
        ("【客服】2026-11-01 08:05:10 您好\n【客户】2026-11-01 08:06:10 卡丢了", "A 您好 / C 卡丢了"),
        ("【机器人】请问什么问题【买家】[图片] 收到是坏的【系统】转接人工【人工客服】亲您好", "R 请问什么问题 / C [图片] 收到是坏的 / S 转接人工 / A 亲您好"),
        ("【会员】积分清零了", "C 积分清零了"),
        ("【中国移动】您的话费已欠费", ""),
        ("【客服】态度太差了", ""),
    ]);
}

#[test]
fn times_beside_names() {
    check(&[
        ("[2026-11-01 08:05:10] 客服小王: 您好\n[2026-11-01 08:05:40] 玩家: 没到账", "A 您好 / C 没到账"),
        ("客服小王 08:05:10\n您好\n玩家 08:05:40\n没到账\n很久了", "A 您好 / C 没到账\n很久了"),
        ("08:05 玩家(123456)：没到账\n08:06 客服(小美)：稍等", "C 没到账 / A 稍等"),
        ("玩家 2026/11/1 8:05:10\n奖励没到\n客服007 2026/11/1 8:06\n您好", "C 奖励没到 / A 您好"),
        ("2026-11-01 08:05:10 客服小王\n您好\n2026-11-01 08:05:40 夜雨\n没到账", "A 您好 / C 没到账"),
        ("夜雨 2026-11-01 08:05:10\n没到账\n客服小王 2026-11-01 08:06:10\n您好", "C 没到账 / A 您好"),
        ("[08:05] 夜雨: 没到账\n[08:06] 客服: 您好\n[08:07] 夜雨: 快点", "C 没到账 / A 您好 / C 快点"),
        ("玩家 08:05:10\n没到账\n小美 08:06:10\n您好", "C 没到账 / A 您好"),
        ("2026-11-01 08:05:10\n客服小王：您好\n2026-11-01 08:05:40\n玩家：没到账", "A 您好 / C 没到账"),
        ("客服小王(08:05:10)：您好\n客户(08:06:10)：卡被锁", "A 您好 / C 卡被锁"),
        ("客服小王 [08:05:10]：您好\n客户 [08:06:10]：卡被锁", "A 您好 / C 卡被锁"),
        ("客服小王 上午8:05\n您好\n客户 上午8:06\n卡被锁", "A 您好 / C 卡被锁"),
        ("2026-11-01 08:05:10|客服|您好\n2026-11-01 08:06:10|客户|卡被锁", "A 您好 / C 卡被锁"),
        ("2026-11-01 08:05:10\t客服\t您好\n2026-11-01 08:06:10\t客户\t卡被锁", "A 您好 / C 卡被锁"),
        ("[08:05] 客服: 您好 [08:06] 玩家: 没到账 [08:07] 客服: 稍等", "A 您好 / C 没到账 / A 稍等"),
        ("2026年11月1日 8:05 客服：您好\n2026年11月1日 8:06 用户：停机了", "A 您好 / C 停机了"),
        ("客服小王 08:05:10\n您好\n玩家 08:05:40\n客服：这是你们说的原话\n骗人", "A 您好 / C 客服：这是你们说的原话\n骗人"),
        ("[2026-11-01 08:05:10] 客服小王: 您好，在的", "A 您好，在的"),
        ("2026-11-01T08:05:10Z Agent: hello\n2026-11-01T08:06:10Z Customer: refund please", "A hello / C refund please"),
        ("tb8812 (2026-11-01 14:02:11):\n衣服破了\n星海旗舰店:小美 (2026-11-01 14:02:30):\n亲，抱歉", "C 衣服破了 / A 亲，抱歉"),
        ("用户 14:02:11\n我的卡丢了\n坐席(0231) 14:02:30\n请提供卡号\n用户 14:03:00\n6222", "C 我的卡丢了 / A 请提供卡号 / C 6222"),
        ("Agent Smith (8:05 AM): hello\nCustomer (8:06 AM): my card is locked", "A hello / C my card is locked"),
    ]);
}

#[test]
fn other_languages_and_arrows() {
    check(&[
        ("Customer: the game crashes Agent: which phone? Customer: pixel", "C the game crashes / A which phone? / C pixel"),
        ("Agent: Hi\nCustomer: I was told by agent: wait 3 days\nAgent: sorry", "A Hi / C I was told by agent: wait 3 days / A sorry"),
        ("Customer Service: Hello\nClient: my order never came", "A Hello / C my order never came"),
        ("Live Agent: Hi\nVisitor 1234: locked out", "A Hi / C locked out"),
        ("Bot: choose a topic\nUser: billing\nSupport: hi", "R choose a topic / C billing / A hi"),
        ("SELLER: hi\nBUYER: wrong size", "A hi / C wrong size"),
        ("Player: lost my items\nOperator: which server", "C lost my items / A which server"),
        ("Q: 怎么退款 A: 在订单里点退款", "C 怎么退款 / A 在订单里点退款"),
        ("问：怎么退款\n答：在订单里点退款", "C 怎么退款 / A 在订单里点退款"),
        ("Q：怎么退款\nA：在订单里点退款\nQ：多久到", "C 怎么退款 / A 在订单里点退款 / C 多久到"),
        (">> 客户\n卡丢了\n>> 客服\n已挂失", "C 卡丢了 / A 已挂失"),
        (">> 客户 卡丢了\n>> 客服 已挂失", "C 卡丢了 / A 已挂失"),
        (">>客户：卡丢了\n>>客服：已挂失", "C 卡丢了 / A 已挂失"),
        ("客服：您好，請問有什麼可以幫您\n玩家：儲值沒到帳", "A 您好，請問有什麼可以幫您 / C 儲值沒到帳"),
        ("客戶：網路斷線\n專員：請稍候\n系統：對話已結束", "C 網路斷線 / A 請稍候 / S 對話已結束"),
        ("【機器人】您好【會員】點數不見了【線上客服】請稍候", "R 您好 / C 點數不見了 / A 請稍候"),
        ("賣家：您好\n買家：貨不對版", "A 您好 / C 貨不對版"),
        ("用戶：提款失敗 客服：正在處理 用戶：多久", "C 提款失敗 / A 正在處理 / C 多久"),
        ("客服\t您好\n用户\t宽带断了", "A 您好 / C 宽带断了"),
    ]);
}

#[test]
fn what_comes_before() {
    check(&[
        ("会话ID：98231 开始时间：2026-11-01 08:05:10\n客服：您好\n玩家：没到账", "S 会话ID：98231 开始时间：2026-11-01 08:05:10 / A 您好 / C 没到账"),
        ("会话ID:98231 客服:您好 玩家:没到账", "S 会话ID:98231 / A 您好 / C 没到账"),
        ("-----聊天记录-----\n客服：您好\n玩家：没到账", "S -----聊天记录----- / A 您好 / C 没到账"),
        ("我充了三次都没到\n客服：您好\n玩家：没到账", "C 我充了三次都没到 / A 您好 / C 没到账"),
        ("2026-11-01\n客服：您好\n玩家：没到账", "A 您好 / C 没到账"),
        ("夜雨：没到账\n客服：您好\n夜雨：快点", "C 没到账 / A 您好 / C 快点"),
        ("系统提示：客服小王为您服务\n玩家：没到账", "S 客服小王为您服务 / C 没到账"),
        ("玩家：登录不了\n提示：网络异常\n客服：您好", "C 登录不了\n提示：网络异常 / A 您好"),
    ]);
}

#[test]
fn no_transcripts() {
    let plain = [
        "",
        " \n ",
        "充值没到账",
        "产品:星海手游 问题:闪退",
        "产品：星海手游\n问题：闪退\n设备：小米",
        "客服:说三天到账,到现在没到",
        "客服：让我等，等到现在",
        "我打了三次电话 客服：说查不到",
        "客户姓名：张三\n客户电话：138\n问题：断网",
        "用户：张三\n客服：李四\n问题：充值没到账，已经三天了",
        "客户：王女士 产品：信用卡 诉求：退年费",
        "会员等级：金卡\n用户名：abc\n问题：积分清零",
        "处理人：李四",
        "车主：李先生，车型：SUV，问题：刹车异响",
        "投诉人：王先生\n被投诉商家：某店\n投诉内容：假货",
        "买家：张三 卖家：李四 金额：100",
        "{\"role\":\"客服\",\"text\":\"您好\"}",
        "系统提示：余额不足，但我有钱",
        "提示：网络异常，请重试",
        "联系客服：没人理\n投诉商家：没反应",
        "时间：2026-11-01 08:05",
        "2026-11-01 08:05 充值没到账",
        "08:05充值 08:06扣款",
        "登录提示：密码错误 错误码：1001",
        "http://example.com:8080/客服",
        "客户端：闪退 版本：1.2",
        "A：闪退 B：卡顿",
        "A: it crashes",
        "Q：群号 123",
        "1：登录 0：失败",
        "User name: bob\nUser id: 17\nIssue: login",
        "Contact support: no reply",
        "玩家群里都在说这事：掉线",
        "人工智能：太笨",
        "我的要求：退款",
        "客服热线：10086 打不通",
        "这个客服：态度差\n那个客服：也差",
    ];
    check(&plain.map(|cell| (cell, "")));
}

#[test]
fn speakers_and_places() {
    let cell = "[2026-11-01 08:05:10] 客服小王: 您好 \r\n  【玩家】";
    let found = turns(cell).unwrap();
    assert_eq!(found.first().map(|t| (t.speaker, t.text)), Some(("客服小王", "您好")));
    let cell = "08:05 玩家(123456)：没到账\n【客服】08:06 稍等";
    let found: Vec<(&str, &str)> = turns(cell).unwrap().iter().map(|t| (t.speaker, &cell[t.start..t.start + t.text.len()])).collect();
    assert_eq!(found, [("玩家(123456)", "没到账"), ("客服", "稍等")]);
}

#[test]
fn named_roles() {
    let table = [
        (
            Role::Customer,
            "客户 玩家 用户 买家 会员 顾客 访客 学员 车主 来电人 customer user visitor client buyer player member 我 0 c in 客戶 用戶 會員 VIP玩家夜雨 玩家(123456) 用户8812 【客户】 客户： User_12",
        ),
        (
            Role::Agent,
            "客服 坐席 座席 人工 工作人员 专员 小二 商家 卖家 店铺 处理人 回复 agent staff support seller operator CS 1 a out 客服-小美 小美(客服) 在线客服007 坐席0231 售后客服 京东客服 客户经理 玩家客服 Agent_007 customer-service 人工客服 線上客服",
        ),
        (Role::Robot, "bot-support 机器人-客服小美 机器人 智能客服 小助手 智能助手 bot robot auto 機器人 客服机器人 智能客服小i chatbot"),
        (Role::System, "系统 system 提示 notice 系统消息 系統"),
    ];
    for (role, names) in table {
        let wrong: Vec<&str> = names.split(' ').filter(|n| Role::named(n) != Some(role)).collect();
        assert!(wrong.is_empty(), "{role:?}: {wrong:?}");
    }
    let none = [
        "",
        " ",
        "：",
        "张三",
        "产品",
        "问题",
        "客户端",
        "用户名",
        "客户姓名",
        "会员等级",
        "客服热线",
        "联系客服",
        "投诉商家",
        "人工费",
        "2",
        "x",
        "user name",
        "contact support",
    ];
    let wrong: Vec<&str> = none.into_iter().filter(|n| Role::named(n).is_some()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// What no turn may drop: everything but markers, separators and white space.
fn nothing_lost(cell: &str) -> Result<(), TestCaseError> {
    let Some(turns) = turns(cell) else { return Ok(()) };
    prop_assert!(!turns.is_empty());
    let markers = markers::find(cell);
    let mut covered = vec![false; cell.len()];
    let mut last = 0;
    for turn in &turns {
        prop_assert!(turn.start >= last, "{:?}", cell);
        last = turn.start + turn.text.len();
        prop_assert_eq!(cell.get(turn.start..last), Some(turn.text));
        prop_assert!(!turn.text.is_empty());
        covered[turn.start..last].fill(true);
    }
    for m in &markers {
        prop_assert!(m.end > m.start && m.end - m.start <= 400, "{:?}", cell);
        // A marker is a name, times and punctuation: what is beside the name holds no words.
        let around = cell[m.start..m.end].replacen(m.name, "", 1);
        let around = [
            "上午", "下午", "凌晨", "早上", "中午", "晚上", "AM", "PM", "am", "pm", "年", "月", "日", "号", "號", "T", "Z", "<br>", "<br/>", "\\n", "\\r",
            "\\t",
        ]
        .iter()
        .fold(around, |t, w| t.replace(w, ""));
        prop_assert!(around.chars().all(|c| !c.is_alphabetic()), "{:?}: {:?}", cell, around);
        prop_assert!(covered[m.start..m.end].iter().all(|c| !*c));
        covered[m.start..m.end].fill(true);
    }
    let outside: String = cell.char_indices().filter(|(i, _)| !covered[*i]).map(|(_, c)| c).collect();
    let separators = ["\\n", "\\r", "\\t", "<br>", "<br/>", "<BR />"].iter().fold(outside, |t, s| t.replace(s, ""));
    prop_assert!(
        separators.chars().all(|c| c == '|' || c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')),
        "{:?} loses {:?}",
        cell,
        separators
    );
    Ok(())
}

fn utterance() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["充值", "没到账", "谢谢", "订单", "12", "怎么", "退款", "的", "了", "，", "abc", "。", "?"]), 1..8)
        .prop_map(|words| format!("好{}", words.concat()))
}

proptest! {
    #[test]
    fn any_text_keeps_its_content(text in "\\PC{0,80}") {
        nothing_lost(&text)?;
    }

    #[test]
    fn chat_like_text_keeps_its_content(pieces in prop::collection::vec(prop::sample::select(vec![
        "客服", "玩家", "【客服】", "[用户]", "系统", "提示", "夜雨", "Agent", "Customer ", "：", ":", " ", "\n", "\r\n", "\\n", "<br>", "||", "|", "\t", "08:05", " 08:05:10", "[2026-11-01 08:05:10] ",
        "2026/11/1 8:06", "(123)", "（小美）", "您好", "没到账。", "，", ">>", "- ", "1. ", "问", "答", "Q", "A", "问题", "订单号", "\u{feff}", "<", "[", "【", "(", "会话ID", "6222",
    ]), 0..40)) {
        nothing_lost(&pieces.concat())?;
    }

    /// Whatever the style, the words come back as they were said, from who said them.
    #[test]
    fn every_style_reads_back(said in prop::collection::vec((any::<bool>(), utterance()), 2..8), style in 0usize..14, customer in prop::sample::select(vec!["玩家", "客户8812", "VIP会员夜雨", "買家"]), agent in prop::sample::select(vec!["客服", "客服-小美", "在线客服007", "坐席0231"])) {
        let mut said = said;
        said[0].0 = true;
        let mut cell = String::new();
        for (i, (is_customer, text)) in said.iter().enumerate() {
            let name = if *is_customer { customer } else { agent };
            let time = format!("08:{i:02}:10");
            cell += &match style {
                0 => format!("{name}：{text}\n"),
                1 => format!("{name}:{text}\r\n"),
                2 => format!("{name}：{text}\\n"),
                3 => format!("{name}：{text}<br>"),
                4 => format!("{name}：{text}||"),
                5 => format!("{name}：{text} | "),
                6 => format!("{name}：{text}\t"),
                7 => format!("{name}：{text} "),
                8 => format!("【{name}】{text}"),
                9 => format!("[2026-11-01 {time}] {name}: {text}\n"),
                10 => format!("{name} {time}\n{text}\n"),
                11 => format!("{time} {name}：{text}\n"),
                12 => format!("{name} 2026/11/1 {time}\n{text}\n"),
                _ => format!(">> {name}\n{text}\n"),
            };
        }
        let found: Vec<(bool, String)> = turns(&cell).unwrap_or_default().iter().map(|t| (t.role == Role::Customer, t.text.to_owned())).collect();
        prop_assert_eq!(found, said, "{:?}", cell);
        nothing_lost(&cell)?;
    }
}

/// Time is linear in the cell: what repeats anything 60,000 characters long takes no longer than a chat does.
#[test]
fn long_cells_take_no_long() {
    let pieces = [
        "客服：您好 ",
        "客服 ",
        "客服:客服 客服 客服 ",
        "【",
        "【客服",
        "[",
        "a ",
        "08:05 ",
        "客服(",
        ": ",
        "：",
        ">",
        "\n",
        "\\n",
        "|",
        "客服：您好\n玩家：没到账，订单号：123\n",
        "夜雨：在\n客服：好\n",
        "<br",
        "一",
        "会话 ",
    ];
    for piece in pieces {
        let body = piece.repeat(60_000 / piece.chars().count());
        for cell in [format!("客服：您好\n玩家：在\n{body}"), body.clone(), format!("客服：您好 玩家：在 {body}"), format!("【客服】您好【玩家】在{body}")]
        {
            let from = std::time::Instant::now();
            let _ = turns(&cell);
            let took = from.elapsed();
            assert!(took.as_millis() < 1500, "{piece:?}: {took:?}");
        }
    }
}

#[test]
fn every_sign_of_a_marker_is_seen() {
    for sign in [':', '：', '︰', '∶', '【', '[', '［', '〔', '〖', '>', '》', '\t', '|'] {
        assert!(super::markers::has_sign(&format!("没到账é{sign}")), "{sign}");
    }
    assert!(!super::markers::has_sign("没到账，等三天了。é、！"));
}

#[test]
fn json_in_a_cell_and_arrows_are_chats() {
    let cell = r#"[{"role":"assistant","content":"请问有什么可以帮您"}, {"role":"user","content":"充值\n没到账"}]"#;
    let said = |cell: &str| split(cell.to_owned().into()).customer.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said(cell), "充值\\n没到账");
    assert_eq!(said(r#"[{"sender":"客服","text":"您好"},{"sender":"玩家","text":"闪退"}]"#), "闪退");
    assert_eq!(split(r#"[{"id":"1","content":"闪退"}]"#.into()).desk, None);
    assert_eq!(said("坐席 -> 客户：您好\n客户 -> 坐席：充值没到账"), "充值没到账");
    assert_eq!(said("客户→客服：闪退\n客服→客户：请重装"), "闪退");
}
