//! Numbers made up at random, with the right checks, in sentences.

use crate::mask::mask;

/// A generator that is always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.roll(from.len() as u64) as usize]
    }

    fn digits(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'0' + self.roll(10) as u8)).collect()
    }
}

fn mobile(dice: &mut Dice) -> String {
    let segments = ["130", "135", "139", "141", "147", "150", "153", "158", "159", "162", "166", "170", "173", "178", "180", "185", "189", "190", "192", "198"];
    format!("{}{}", dice.pick(&segments), dice.digits(8))
}

fn identity(dice: &mut Dice) -> String {
    let province = dice.pick(&["11", "13", "31", "33", "37", "41", "44", "50", "51", "62", "65"]);
    let body = format!("{province}{:04}{:04}{:02}{:02}{}", dice.roll(9999), 1940 + dice.roll(80), 1 + dice.roll(12), 1 + dice.roll(28), dice.digits(3));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", b"10X98765432"[(sum % 11) as usize] as char)
}

fn card(dice: &mut Dice) -> String {
    let (bin, length) =
        [("622202", 19), ("621700", 19), ("622848", 19), ("625", 16), ("4", 16), ("52", 16), ("37", 15), ("6225", 16), ("955880", 19)][dice.roll(9) as usize];
    let mut number = format!("{bin}{}", dice.digits(length - bin.len() - 1));
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(k, b)| (u32::from(b - b'0'), k % 2 == 0))
        .map(|(d, double)| if double { d * 2 / 10 + d * 2 % 10 } else { d })
        .sum();
    number.push(char::from(b'0' + ((10 - sum % 10) % 10) as u8));
    number
}

fn grouped(number: &str, sizes: &[usize], separator: &str) -> String {
    let mut rest = number;
    let mut groups = Vec::new();
    for size in sizes {
        let (group, after) = rest.split_at((*size).min(rest.len()));
        groups.push(group);
        rest = after;
    }
    groups.push(rest);
    groups.retain(|g| !g.is_empty());
    groups.join(separator)
}

fn wide(number: &str) -> String {
    number.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect()
}

#[test]
fn generated_numbers_are_masked() {
    let before =
        ["", "我的", "电话：", "手机", "客服你好，", "订单没到，请联系", "3天了 ", "充了648，", "(", "号码是", "10月5号打的", "请回复 ", "卡", "我叫张三，"];
    let after = ["", "，谢谢", " 急", "。", "一直没人理", ")", "\n第二行", "，订单号2023101234", "不对", "？", "、", " 5次了"];
    let mut dice = Dice(7);
    let mut missed = Vec::new();
    for n in 0..10_000 {
        let separator = dice.pick(&[" ", "-", "", "", " "]);
        let (number, sizes, keep): (String, &[usize], usize) = match n % 3 {
            0 => (mobile(&mut dice), [&[3, 4][..], &[3], &[7], &[3, 4]][dice.roll(4) as usize], 3),
            1 => (identity(&mut dice), [&[6, 8][..], &[6, 4, 4], &[14]][dice.roll(3) as usize], 3),
            _ => (card(&mut dice), [&[4, 4, 4, 4][..], &[6], &[4, 4, 4, 4]][dice.roll(3) as usize], 6),
        };
        let written = grouped(&number, sizes, separator);
        let written = if dice.roll(8) == 0 { wide(&number) } else { written };
        let (b, a) = (dice.pick(&before), dice.pick(&after));
        let masked = mask(&format!("{b}{written}{a}")).into_owned();
        let mut shown = 0;
        let expected: String = written
            .chars()
            .map(|c| {
                if matches!(c, ' ' | '-') {
                    return c;
                }
                shown += 1;
                if shown <= keep { c } else { '*' }
            })
            .collect();
        if masked != format!("{b}{expected}{a}") {
            missed.push(format!("{b}{written}{a} -> {masked}"));
        }
    }
    assert!(missed.len() <= 50, "{} missed, such as {:#?}", missed.len(), &missed[..10]);
}
