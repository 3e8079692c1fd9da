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
