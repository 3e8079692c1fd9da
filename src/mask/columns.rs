//! What a column's header says of the personal data in its cells.

/// How the cells of a column are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// Ids and times: not at all.
    Keep,
    /// Text: what is found in it.
    Search,
    /// A column of nothing but personal data: all but the beginning.
    Whole,
}

/// Parts of headers of ids, which look like telephone numbers and are none.
const IDS: [&str; 14] = ["单号", "编号", "流水", "工单", "事件号", "交易号", "序列号", "角色id", "uid", "order", "ticket", "tracking", "case_id", "caseid"];
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
    /// assert_eq!(Cells::of_header("订单号"), Cells::Keep);
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
        } else if any(&IDS) {
            Cells::Keep
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_cell_keeps_its_length() {
        assert_eq!(mask_whole("13812345678"), "138********");
        assert_eq!(mask_whole("王小虎"), "王**");
        assert_eq!(mask_whole("abc_123"), "a**_***");
        assert_eq!(mask_whole(""), "");
    }
}
