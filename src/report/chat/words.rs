//! Words of messages, in each language.

use super::Lost;
use crate::report::Lang;

impl Lang {
    /// `共 64 件`.
    pub(super) fn tickets(self, count: u64) -> String {
        match self {
            Lang::Zh => format!("共 {count} 件"),
            Lang::ZhHant => format!("共 {count} 件"),
            Lang::En => format!("{count} ticket{}", if count == 1 { "" } else { "s" }),
        }
    }

    /// `（前一天 58）`; empty where that day is not known.
    pub(super) fn day_before(self, before: Option<u64>) -> String {
        match (before, self) {
            (None, _) => String::new(),
            (Some(n), Lang::En) => format!(" ({n} the day before)"),
            (Some(n), _) => format!("（前一天 {n}）"),
        }
    }

    /// `异常 2 条`.
    pub(super) fn unusual(self, count: usize) -> String {
        match self {
            Lang::Zh => format!("异常 {count} 条"),
            Lang::ZhHant => format!("異常 {count} 條"),
            Lang::En => format!("{count} unusual"),
        }
    }

    /// `12 件 活动 / 奖品未到账（前一天 8）`.
    pub(super) fn cause_line(self, cause: &str, count: u64, more: &str) -> String {
        match self {
            Lang::Zh | Lang::ZhHant => format!("{cause} {count} 件{more}"),
            Lang::En => format!("{cause}: {count}{more}"),
        }
    }

    /// `其余 12 个原因共 15 件`.
    pub(super) fn more_causes(self, causes: u64, tickets: u64) -> String {
        match self {
            Lang::Zh => format!("其余 {causes} 个原因共 {tickets} 件"),
            Lang::ZhHant => format!("其餘 {causes} 個原因共 {tickets} 件"),
            Lang::En => format!("{causes} more causes: {tickets}"),
        }
    }

    /// Before the inquiries that came most often.
    pub(super) fn most_asked(self) -> &'static str {
        self.pick("问得最多：", "問得最多：", "asked most: ")
    }

    /// What was left out, and where it is.
    pub(super) fn rest_of_message(self, lost: Lost) -> String {
        let part = |n: u64, zh: &str, hant: &str, en: &str| {
            (n > 0).then(|| match self {
                Lang::Zh => format!("{n} {zh}"),
                Lang::ZhHant => format!("{n} {hant}"),
                Lang::En => format!("{n} {en}"),
            })
        };
        let parts: Vec<String> = [
            part(lost.risks, "位宜回访的客户", "位宜回訪的客戶", "customers to call back"),
            part(lost.alerts, "条异常", "條異常", "unusual"),
            part(lost.products, "个产品", "個產品", "products"),
            part(lost.causes, "个原因", "個原因", "causes"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let tickets = lost.tickets;
        match self {
            Lang::Zh => {
                let sum = if tickets > 0 { format!("，共 {tickets} 件") } else { String::new() };
                format!("其余 {}{sum}，这里没列，请看当天的日报。", parts.join("、"))
            }
            Lang::ZhHant => {
                let sum = if tickets > 0 { format!("，共 {tickets} 件") } else { String::new() };
                format!("其餘 {}{sum}，這裡沒列，請看當天的日報。", parts.join("、"))
            }
            Lang::En => {
                let sum = if tickets > 0 { format!(" ({tickets} tickets)") } else { String::new() };
                format!("Not listed here: {}{sum}; see the day's digest.", parts.join(", "))
            }
        }
    }
}
