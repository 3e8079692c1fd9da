//! What a column's header says of the personal data in its cells.

use super::{Personal, find, mask};
use std::borrow::Cow;

/// How the cells of a column are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// The ids and times of the tickets: not at all.
    Keep,
    /// Ids of orders and parcels, which may look like telephone numbers: only what is an identity card's number.
    Orders,
    /// Other ids, such as customers': only what is a mobile's or an identity card's number.
    Ids,
    /// Text: what is found in it.
    Search,
    /// A column of nothing but personal data: all but the beginning.
    Whole,
}

/// Parts of headers of ids that look like telephone numbers and are none.
const ORDERS: [&str; 12] = ["单号", "订单", "运单", "流水", "工单", "事件号", "交易号", "序列号", "order", "ticket", "tracking", "case"];
/// Parts of headers of other ids: desks take a customer's telephone number for one.
const IDS: [&str; 3] = ["编号", "角色id", "uid"];
/// Parts of headers of personal data.
const PERSONAL: [&str; 25] = [
    "手机",
    "电话",
    "联系方式",
    "联系人",
    "收件人",
    "收货人",
    "寄件人",
    "身份证",
    "证件号",
    "银行卡",
    "卡号",
    "邮箱",
    "微信",
    "qq",
    "地址",
    "姓名",
    "车牌",
    "phone",
    "mobile",
    "email",
    "e-mail",
    "wechat",
    "address",
    "id_card",
    "customer_name",
];
/// Parts of headers that name a personal thing and mean another.
const OTHER: [&str; 17] =
    ["型号", "系统", "品牌", "机型", "归属", "类型", "来源", "内容", "描述", "状态", "时间", "渠道", "支付", "ip地址", "ip_address", "网址", "次数"];

impl Cells {
    /// Tells by the header; `kept` are ids and times, `text` what people wrote, both found otherwise.
    ///
    /// ```
    /// use ahu::mask::Cells;
    /// assert_eq!(Cells::of_header("联系电话"), Cells::Whole);
    /// assert_eq!(Cells::of_header("订单号"), Cells::Orders);
    /// assert_eq!(Cells::of_header("手机型号"), Cells::Search);
    /// ```
    #[must_use]
    pub fn of_header(header: &str) -> Cells {
        let header = header.to_lowercase();
        let any = |parts: &[&str]| parts.iter().any(|p| header.contains(p));
        if any(&OTHER) {
            Cells::Search
        } else if any(&PERSONAL) {
            Cells::Whole
        } else if any(&ORDERS) {
            Cells::Orders
        } else if any(&IDS) {
            Cells::Ids
        } else {
            Cells::Search
        }
    }
}

/// A cell of nothing but personal data: its first character is left, of a number three.
#[must_use]
pub fn mask_whole(text: &str) -> String {
    // A star was a digit: masking twice is masking once.
    let number = text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().filter(|c| c.is_ascii_digit() || *c == '*').count() >= 7;
    let left = if number { 3 } else { usize::from(text.chars().count() > 1) };
    let hidden = |(i, c): (usize, char)| if i < left || !c.is_alphanumeric() { c } else { '*' };
    text.chars().enumerate().map(hidden).collect()
}

/// A cell of a column of ids: masked where all of it is what `how` does not let pass.
#[must_use]
pub fn mask_id(text: &str, how: Cells) -> Cow<'_, str> {
    let value = text.trim();
    let personal = |kind| kind == Personal::IdCard || kind == Personal::Mobile && how == Cells::Ids;
    match find(value)[..] {
        [ref only] if personal(only.kind) && only.range.len() == value.len() => mask(text),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_unless_they_are_somebodys() {
        let (orders, ids) = (Cells::of_header("订单编号"), Cells::of_header("客户编号"));
        assert_eq!((orders, ids), (Cells::Orders, Cells::Ids));
        assert_eq!((mask_id("13812345678", orders), mask_id("13812345678", ids)), ("13812345678".into(), "138********".into()));
        assert_eq!(mask_id("11010519491231002X", orders), "110***************");
        for id in ["110105194912310021", "C13812345678", "13812345678-1", "4111111111111111"] {
            assert_eq!(mask_id(id, ids), id);
        }
    }

    #[test]
    fn a_personal_cell_keeps_its_length() {
        assert_eq!(mask_whole("13812345678"), "138********");
        assert_eq!(mask_whole("王小虎"), "王**");
        assert_eq!(mask_whole("abc_123"), "a**_***");
        assert_eq!(mask_whole(""), "");
    }
}
