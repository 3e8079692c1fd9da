//! What holds of any text: its length stays, masking twice is masking once, and time is in proportion.

use crate::mask::{find, mask};
use proptest::prelude::*;

/// Long texts of one pattern take time in proportion to their length.
#[test]
fn the_worst_case_is_linear() {
    let patterns =
        ["1", "1 ", "13812345678", "a", "a.", "a@", "一", "一 ", "地址：", "微信号", "路1号", "栋1栋", "路5号小区", "(010)", "+86", "地址是区", "vx "];
    for pattern in patterns {
        let text = pattern.repeat(400_000 / pattern.len());
        let start = std::time::Instant::now();
        assert_eq!(mask(&text).chars().count(), text.chars().count());
        assert!(start.elapsed().as_millis() < 1500, "{pattern}: {:?}", start.elapsed());
    }
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let once = mask(text).into_owned();
    prop_assert_eq!(once.chars().count(), text.chars().count());
    prop_assert_eq!(&*mask(&once), &*once, "of {}", text);
    let mut end = 0;
    for found in find(text) {
        prop_assert!(found.range.start >= end && found.range.end > found.range.start);
        prop_assert!(text.get(found.range.clone()).is_some());
        end = found.range.end;
    }
    // What differs lies in what was found.
    let found = find(text);
    for ((at, c), now) in text.char_indices().zip(once.chars()) {
        prop_assert!(c == now || now == '*' && found.iter().any(|f| f.range.contains(&at)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_text_keeps_its_length_and_masks_once(text in "\\PC{0,60}") {
        holds(&text)?;
    }

    /// Texts of nothing but what the rules look at.
    #[test]
    fn nasty_texts_keep_their_length_and_mask_once(parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..14)) {
        holds(&parts.concat())?;
    }
}

const PARTS: &[&str] = &[
    "1",
    "5",
    "0",
    "86",
    "+86",
    "010",
    "138",
    "1381234",
    "13812345678",
    "1234",
    "5678",
    "88886666",
    "4111",
    "4111111111111111",
    "62220212345678901",
    "11010519491231002",
    "X",
    "x",
    " ",
    " ",
    "-",
    ".",
    "·",
    "*",
    "@",
    "@qq.com",
    "abc",
    "a",
    "wx",
    "vx",
    "QQ",
    "微信",
    "号",
    "是",
    "：",
    "id",
    "abc_123",
    "wxid_",
    "地址",
    "上海市",
    "浦东新区",
    "张江路",
    "小区",
    "弄",
    "栋",
    "单元",
    "室",
    "路",
    "村",
    "京A",
    "京",
    "港",
    "元",
    "年",
    "订单号",
    "编号",
    "身份证",
    "卡号",
    "电话",
    "座机",
    "，",
    "、",
    "(",
    ")",
    "一",
    "三",
    "八",
    "一三八一二三四五六七八",
    "#",
    "¥",
    "加",
    "住在",
    "我",
    "第",
    "_",
    "/",
    "138/1234/5678",
    "1234_5678",
    "(at)",
    " @ ",
    "公司.com",
    "E1234567",
    "护照",
    "+1",
    "转",
    "ord",
    "00",
    "852",
    "９",
    "Ａ",
];
