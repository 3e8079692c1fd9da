//! Texts of tickets without personal data stay as they are: the taxonomy's examples, with the numbers that tickets are full of.

use ahu::mask::mask;
use ahu::taxonomy::Taxonomy;

/// A generator that is always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn digits(&mut self, n: u64) -> String {
        (0..n).map(|_| char::from(b'0' + self.roll(10) as u8)).collect()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len() as u64) as usize]
    }

    /// Something with digits that is nobody's.
    fn number(&mut self) -> String {
        let long = 6 + self.roll(14);
        match self.roll(12) {
            0 => format!(
                "{}{}{}",
                self.pick(&["订单号", "订单编号", "工单号", "流水号", "交易单号", "事件号", "商品编号"]),
                self.pick(&["", "：", ":", " ", "是"]),
                self.digits(long)
            ),
            1 => format!("{}1{}{}", self.pick(&["订单号", "单号：", "快递单号", "运单号 ", "UID:", "角色ID：", "游戏ID"]), 3 + self.roll(7), self.digits(9)),
            2 => format!("充值{}元", self.digits(3)),
            3 => format!("扣了{}.{}", 1 + self.roll(9999), self.digits(2)),
            4 => format!("2023-{:02}-{:02} {:02}:{:02}", 1 + self.roll(12), 1 + self.roll(28), self.roll(24), self.roll(60)),
            5 => format!("{}月{}号{}点", 1 + self.roll(12), 1 + self.roll(28), self.roll(24)),
            6 => format!("版本{}.{}.{}", self.roll(20), self.roll(99), self.roll(999)),
            7 => format!("{}{}", self.pick(&["T", "SF", "YT", "JD", "SN-", "WX"]), self.digits(13)),
            8 => format!("打{}{}", self.pick(&["10086", "12345", "95588", "400-123-4567", "4008123123"]), self.pick(&["没人接", "", "打不通"])),
            9 => format!("等了{}天{}次", 1 + self.roll(30), 1 + self.roll(9)),
            10 => format!("微信支付{}，QQ区{}服", self.digits(5), self.roll(99)),
            _ => format!("2023{:02}{:02}{}", 1 + self.roll(12), 1 + self.roll(28), self.digits(6)),
        }
    }
}

#[test]
fn clean_tickets_stay_as_they_are() {
    let taxonomy = Taxonomy::with_builtin(true, &[]).expect("the built-in taxonomy");
    let texts: Vec<&str> = taxonomy.causes.iter().flat_map(|c| c.matches.iter().chain(&c.rejects)).map(|e| e.text.as_str()).collect();
    assert!(texts.len() > 1000);
    let mut dice = Dice(3);
    let mut changed = Vec::new();
    for n in 0..100_000 {
        let text = texts[n % texts.len()];
        let (first, second) = (dice.number(), dice.number());
        let ticket = match n / texts.len() % 3 {
            0 => text.to_owned(),
            1 => format!("{first}，{text}"),
            _ => format!("{text} {first}，{}{second}", dice.pick(&["", "昨天", "客服说"])),
        };
        let masked = mask(&ticket);
        if masked != ticket {
            changed.push(format!("{ticket} -> {masked}"));
        }
    }
    println!("{} of 100000 changed", changed.len());
    assert!(changed.len() <= 10, "{} changed, such as {:#?}", changed.len(), &changed[..10]);
}

/// A thousand mobiles, id cards and e-mails nobody else has, in every column that may hold them.
#[test]
fn no_canary_leaves() {
    use crate::run::Desk;
    let desk = Desk::new();
    let mut canaries = Vec::new();
    let mut csv = String::from("工单号,产品,问题描述,联系电话,客户姓名\n");
    for i in 0..500u64 {
        let mobile = format!("139{:08}", 10_000_019 + i * 7_919);
        let mail = format!("tiger{i}x@mail.example");
        csv += &format!("T{i},星海手游,奖励没到账，打我电话{mobile}，或者发{mail}，订单号2026110100{i:04},{mobile},王小虎\n");
        // A row that cannot be read must not tell either.
        if i % 50 == 0 {
            csv += &format!("B{i},星海手游,电话{mobile},多,了,一,格\n");
        }
        canaries.extend([mobile, mail.split('@').next().unwrap().to_owned()]);
    }
    desk.file("a.csv", &csv);
    let leaks = |text: &str| canaries.iter().filter(|c| text.contains(c.as_str())).count();
    let mut outputs = vec![desk.ahu("classify --rejects bad.csv a.csv"), desk.ahu("mask a.csv"), desk.ahu("why T7 a.csv")];
    outputs.extend(["text", "json", "csv", "markdown"].map(|f| desk.ahu(&format!("summarize --ids --rejects bad2.csv --format {f} a.csv"))));
    for ran in &outputs {
        assert_eq!((ran.code, leaks(&ran.stdout), leaks(&ran.stderr)), (0, 0, 0), "{}", ran.stderr);
    }
    for rejects in ["bad.csv", "bad2.csv"] {
        let text = desk.read(rejects);
        assert_eq!(text.lines().count(), 11);
        for line in text.lines().skip(1) {
            assert!(line.ends_with(','), "bytes of a row with a telephone number are left out: {line}");
        }
    }
    let classified = &outputs[0].stdout;
    assert!(
        classified.contains("T7,星海手游,奖励没到账，打我电话139********，或者发*******@mail.example，订单号20261101000007,139********,王**,complaint"),
        "{}",
        &classified[..2000]
    );
    // The same with --no-mask leaves nothing out: the check above can fail.
    let open = desk.ahu("classify --no-mask --rejects open.csv a.csv");
    assert_eq!(leaks(&open.stdout), canaries.len());
    assert!(desk.read("open.csv").lines().skip(1).all(|l| !l.ends_with(',')));
    // Masking twice is masking once, and nothing but personal data changes.
    desk.file("masked.csv", &outputs[1].stdout);
    assert!(desk.ahu("mask masked.csv").stdout == outputs[1].stdout);
}

#[test]
fn masking_needs_no_known_column() {
    let desk = crate::run::Desk::new();
    desk.file("a.csv", "甲,乙\n手机13812345678,2\n");
    let ran = desk.ahu("mask a.csv");
    assert_eq!(ran.stdout, "甲,乙\n手机138********,2\n", "{}", ran.stderr);
}

/// Telephone numbers look like the ids of a table without a header.
#[test]
fn a_telephone_column_without_a_header_is_no_id() {
    let desk = crate::run::Desk::new();
    let rows: String = (0..10).map(|i| format!("第{i}次登录不上去了怎么办呀,138123456{}\n", 70 + i)).collect();
    desk.file("a.csv", &rows);
    for command in ["mask a.csv", "classify a.csv", "summarize --ids a.csv"] {
        let ran = desk.ahu(command);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(!ran.stdout.contains("138123456") && !ran.stderr.contains("138123456"), "{}{}", ran.stdout, ran.stderr);
    }
}

/// A row of data that is taken for the header is masked as any other, and so is what messages quote of it.
#[test]
fn headers_are_masked() {
    let desk = crate::run::Desk::new();
    desk.file("a.csv", "问题,13812345678\n登录不上去了怎么办,13912345678\n");
    let ran = desk.ahu("mask a.csv");
    assert_eq!(ran.stdout, "问题,138********\n登录不上去了怎么办,139********\n", "{}", ran.stderr);
    assert!(desk.ahu("classify --no-mask a.csv").stdout.starts_with("问题,13812345678,"));
    desk.file("b.csv", "甲,13812345678\n乙,13912345678\n");
    desk.file("c.html", "<html><title>客户13812345678</title><body>无</body></html>");
    for file in ["b.csv", "c.html"] {
        let ran = desk.ahu(&format!("classify {file}"));
        assert!(ran.code != 0 && ran.stderr.contains("138********") && !ran.stderr.contains("13812345678"), "{}", ran.stderr);
    }
}

/// Customers' ids and a column of times without any may hold telephone numbers; the tickets' own ids stay.
#[test]
fn columns_that_hold_something_else_are_masked() {
    let desk = crate::run::Desk::new();
    let rows: String = (0..9).map(|i| format!("1391234567{i},1381234567{i},1371234567{i},1361234567{i},登录不上去了怎么办\n")).collect();
    desk.file("a.csv", format!("工单编号,客户编号,订单号,创建时间,问题描述\n{rows}"));
    let ran = desk.ahu("mask a.csv");
    assert!(ran.stdout.contains("\n13912345670,138********,13712345670,136********,"), "{}{}", ran.stdout, ran.stderr);
}
