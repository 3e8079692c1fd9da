//! The words of reports, in each language.

use super::harmless;
use crate::alert::State;
use crate::digest::{Against, AgainstDays, Corrected, Rate, Unassigned};
use crate::prediction::Kind;
use crate::ticket::Reason;

/// Language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// 简体中文.
    #[default]
    Zh,
    /// 繁體中文.
    ZhHant,
    /// English.
    En,
}

/// Days that the line of a night names.
const SHOWN_DAYS: usize = 14;

impl Lang {
    /// The phrase in this language.
    #[must_use]
    pub fn pick(self, zh: &'static str, hant: &'static str, en: &'static str) -> &'static str {
        match self {
            Lang::Zh => zh,
            Lang::ZhHant => hant,
            Lang::En => en,
        }
    }

    /// Name of a kind by its code.
    #[must_use]
    pub fn kind(self, code: &str) -> &'static str {
        let Some(kind) = Kind::from_code(code) else { return self.pick("未判定", "未判定", "undecided") };
        let english = match kind {
            Kind::Complaint => "complaints",
            Kind::Inquiry => "inquiries",
            Kind::Suggestion => "suggestions",
            Kind::Praise | Kind::Other => kind.code(),
        };
        let (zh, hant) = kind.chinese();
        self.pick(zh, hant, english)
    }

    /// `没有咨询`.
    #[must_use]
    pub fn none_of(self, code: &str) -> String {
        format!("{}{}", self.pick("没有", "沒有", "no "), self.kind(code))
    }

    /// Between the members of a list.
    #[must_use]
    pub fn comma(self) -> &'static str {
        self.pick("，", "，", ", ")
    }

    /// Before what follows.
    #[must_use]
    pub fn colon(self) -> &'static str {
        self.pick("：", "：", ": ")
    }

    /// A ticket's product when it has none.
    #[must_use]
    pub fn no_product(self) -> &'static str {
        self.pick("未注明产品", "未註明產品", "no product named")
    }

    /// What a night came to: rows read; new, revised, known, forgotten tickets, quarantined rows; the days whose digests were issued.
    #[must_use]
    pub fn night(self, night: &str, [rows, new, revised, known, forgotten, quarantined]: [u64; 6], days: &[String], dry: bool) -> String {
        let count = days.len();
        // A first run over years has many.
        let shown: Vec<String> = match days {
            [first, .., last] if count > SHOWN_DAYS => vec![first.clone(), "…".to_owned(), last.clone()],
            days => days.to_vec(),
        };
        let days = match (&shown[..], self, dry) {
            ([], Lang::Zh | Lang::ZhHant, _) => self.pick("没有变化", "沒有變化", "").to_owned(),
            ([], Lang::En, _) => "no changes".to_owned(),
            (days, Lang::Zh, false) => format!("发布 {} 天：{}", count, days.join("、")),
            (days, Lang::ZhHant, false) => format!("發布 {} 天：{}", count, days.join("、")),
            (days, Lang::En, false) => format!("{} days issued: {}", count, days.join(", ")),
            (days, Lang::Zh, true) => format!("试运行，没有写任何东西；会发布 {} 天：{}", count, days.join("、")),
            (days, Lang::ZhHant, true) => format!("試運行，沒有寫任何東西；會發布 {} 天：{}", count, days.join("、")),
            (days, Lang::En, true) => format!("dry run, nothing was written; {} days would be issued: {}", count, days.join(", ")),
        };
        let gone = |zh: &str, hant: &str, en: &str| {
            if forgotten == 0 {
                String::new()
            } else {
                format!(
                    " + {}",
                    match self {
                        Lang::Zh => zh,
                        Lang::ZhHant => hant,
                        Lang::En => en,
                    }
                    .replace('#', &forgotten.to_string())
                )
            }
        };
        match self {
            Lang::Zh => {
                format!("{night}：读入 {rows} 行 = 新增 {new} + 更新 {revised} + 已有 {known}{} + 隔离 {quarantined}；{days}", gone("已删除 #", "", ""))
            }
            Lang::ZhHant => {
                format!("{night}：讀入 {rows} 行 = 新增 {new} + 更新 {revised} + 已有 {known}{} + 隔離 {quarantined}；{days}", gone("", "已刪除 #", ""))
            }
            Lang::En => format!(
                "{night}: {rows} rows read = {new} new + {revised} revised + {known} known{} + {quarantined} quarantined; {days}",
                gone("", "", "# forgotten")
            ),
        }
    }

    /// A day whose digest was issued before.
    #[must_use]
    pub fn revised_day(self, day: &str, times: u32) -> String {
        match self {
            Lang::Zh => format!("{day}（第 {times} 次修订）"),
            Lang::ZhHant => format!("{day}（第 {times} 次修訂）"),
            Lang::En => format!("{day} (revision {times})"),
        }
    }

    /// Why a row could not be read.
    #[must_use]
    pub fn reason(self, reason: Reason) -> &'static str {
        match reason {
            Reason::BadQuote => self.pick("引号没有配对", "引號沒有配對", "a quote without its other"),
            Reason::WrongWidth => self.pick("列数不对", "欄數不對", "too many or too few cells"),
            Reason::TooLong => self.pick("这一行太长", "這一列太長", "too long"),
            Reason::BadEncoding => self.pick("有乱码", "有亂碼", "not in the file's encoding"),
            Reason::BadJson => self.pick("不是完整的 JSON", "不是完整的 JSON", "no JSON like the others"),
            Reason::CutOff => self.pick("文件在这里断了", "檔案在這裡斷了", "the file ends in it"),
            Reason::BadDate => self.pick("日期读不懂", "日期讀不懂", "no date"),
        }
    }

    /// What somebody said.
    #[must_use]
    pub fn quoted(self, words: &str) -> String {
        format!("{}{words}{}", self.pick("「", "「", "\""), self.pick("」", "」", "\""))
    }

    /// Tickets that no cause took.
    #[must_use]
    pub fn unassigned(self) -> &'static str {
        self.pick("未归类", "未歸類", "no known cause")
    }

    /// `〔充值未到账〕`: a name that a group was given.
    #[must_use]
    pub fn group(self, name: &str) -> String {
        self.pick("〔", "〔", "[").to_owned() + name + self.pick("〕", "〕", "]")
    }

    /// Tickets that are in no group worth showing.
    #[must_use]
    pub fn others(self) -> &'static str {
        self.pick("其他", "其他", "others")
    }

    /// `：〔充值未到账〕6、〔闪退〕3、其他 1`: the groups of what no cause took; empty where there are none.
    #[must_use]
    pub fn groups(self, unassigned: &Unassigned, most: usize) -> String {
        let (groups, rest) = unassigned.shown_groups(most);
        if groups.is_empty() {
            return String::new();
        }
        let one = |name: String, count: u64| if self == Lang::En { format!("{name} {count}") } else { format!("{name}{count}") };
        let mut said: Vec<String> = groups.iter().map(|g| one(self.group(&harmless(&g.cause)), g.count)).collect();
        if rest > 0 {
            said.push(format!("{} {rest}", self.others()));
        }
        format!("{}{}", self.colon(), said.join(self.pick("、", "、", ", ")))
    }

    /// `全部是「活动 / 奖品未到账」`.
    #[must_use]
    pub fn all_are(self, cause: &str) -> String {
        match self {
            Lang::Zh | Lang::ZhHant => format!("全部是「{cause}」"),
            Lang::En => format!("all of them \"{cause}\""),
        }
    }

    /// `（实为 9 件，8 件文字相同）`, where customers came several times for the same or texts are pasted; empty else.
    #[must_use]
    pub fn beside(self, count: u64, matters: Option<u64>, same_text: Option<u64>) -> String {
        let matters = matters.filter(|n| *n < count).map(|n| match self {
            Lang::Zh => format!("实为 {n} 件"),
            Lang::ZhHant => format!("實為 {n} 件"),
            Lang::En => format!("{n} matters"),
        });
        let same = same_text.map(|n| match self {
            Lang::Zh | Lang::ZhHant => format!("{n} 件文字相同"),
            Lang::En => format!("{n} of the same text"),
        });
        let said: Vec<String> = [matters, same].into_iter().flatten().collect();
        match (said.is_empty(), self) {
            (true, _) => String::new(),
            (_, Lang::En) => format!(" ({})", said.join(", ")),
            _ => format!("（{}）", said.join("，")),
        }
    }

    /// `（上期 8，上周同日 10）`, or where the past was decided anew `（上期 8；重新归类 +9，实际 +3）`, beside a count of a report.
    #[must_use]
    pub fn against(self, against: Option<Against>, now: u64) -> String {
        let Some(a) = against else { return String::new() };
        if let Some(was) = a.as_it_was {
            let (relabelled, real) = (a.before as i64 - was as i64, now as i64 - a.before as i64);
            return match self {
                Lang::Zh => format!("（上期 {was}；重新归类 {relabelled:+}，实际 {real:+}）"),
                Lang::ZhHant => format!("（上期 {was}；重新歸類 {relabelled:+}，實際 {real:+}）"),
                Lang::En => format!(" ({was} before; relabelled {relabelled:+}, real {real:+})"),
            };
        }
        let week = |zh: &str| a.week_ago.map_or(String::new(), |n| format!("{}{zh} {n}", self.comma()));
        match self {
            Lang::Zh => format!("（上期 {}{}）", a.before, week("上周同日")),
            Lang::ZhHant => format!("（上期 {}{}）", a.before, week("上週同日")),
            Lang::En => format!(" ({} before{})", a.before, a.week_ago.map_or(String::new(), |n| format!(", {n} a week ago"))),
        }
    }

    /// What an alert is beside the days before.
    #[must_use]
    pub fn alert(self, state: State, since: &str) -> String {
        match (state, self) {
            (State::New, _) => self.pick("当天开始", "當天開始", "since this day").to_owned(),
            (State::Unknown, _) => self.pick("以前没有过", "以前沒有過", "never seen before").to_owned(),
            (State::Ongoing, Lang::Zh) => format!("{since} 起还没过去"),
            (State::Ongoing, Lang::ZhHant) => format!("{since} 起還沒過去"),
            (State::Ongoing, Lang::En) => format!("since {since}"),
            (State::Reopened, Lang::Zh) => format!("{since} 的问题又来了"),
            (State::Reopened, Lang::ZhHant) => format!("{since} 的問題又來了"),
            (State::Reopened, Lang::En) => format!("back again, first on {since}"),
        }
    }

    /// Which days counts are held against.
    #[must_use]
    pub fn against_days(self, days: &AgainstDays) -> String {
        let span = if days.since == days.until { days.until.clone() } else { format!("{} {} {}", days.since, self.pick("至", "至", "to"), days.until) };
        match self {
            Lang::Zh => format!("上期：{span}"),
            Lang::ZhHant => format!("上期：{span}"),
            Lang::En => format!("Before: {span}"),
        }
    }

    /// `每百万活跃用户 320 件投诉（上期 280）`.
    #[must_use]
    pub fn rate(self, rate: &Rate) -> String {
        let of = harmless(&rate.of);
        let (n, total) = (rate.complaints_in_a_million, rate.total);
        let before = rate.before.map_or(String::new(), |before| self.against(Some(Against { before, ..Against::default() }), n));
        match self {
            Lang::Zh => format!("每百万{of} {n} 件投诉{before}，共 {total} {of}"),
            Lang::ZhHant => format!("每百萬{of} {n} 件投訴{before}，共 {total} {of}"),
            Lang::En => format!("{n} complaints in a million {of}{before}, of {total}"),
        }
    }

    /// What a breakdown is by, and what its tickets without a name are.
    #[must_use]
    pub fn by(self, code: &str) -> (&'static str, &'static str) {
        match code {
            "channel" => (self.pick("按渠道", "按管道", "By channel"), self.pick("未注明渠道", "未註明管道", "no channel named")),
            "team" => (self.pick("按负责团队", "按負責團隊", "By owning team"), self.pick("没有负责团队", "沒有負責團隊", "no owner")),
            "stage" => (self.pick("按服务阶段", "按服務階段", "By stage"), self.pick("未注明阶段", "未註明階段", "no stage named")),
            _ => (self.pick("按大类", "按大類", "By area"), self.unassigned()),
        }
    }

    /// What those are.
    #[must_use]
    pub fn repeats(self, days: u32) -> String {
        match self {
            Lang::Zh => format!("同一客户 {days} 天内为同一原因再来，算同一件。"),
            Lang::ZhHant => format!("同一客戶 {days} 天內為同一原因再來，算同一件。"),
            Lang::En => format!("A customer who comes again for the same cause within {days} days comes for the same matter."),
        }
    }

    /// `（27–33）` beside a corrected count; empty beside others.
    #[must_use]
    pub fn interval(self, corrected: Option<Corrected>) -> String {
        match (corrected, self) {
            (None, _) => String::new(),
            (Some(c), Lang::En) => format!(" ({}–{})", c.low, c.high),
            (Some(c), _) => format!("（{}–{}）", c.low, c.high),
        }
    }

    /// What the tickets are that a model is not sure of, where there are few.
    #[must_use]
    pub fn read_for_certainty(self) -> &'static str {
        self.pick(
            "模型对这几件没有把握，读一读，改过来，数就更准",
            "模型對這幾件沒有把握，讀一讀，改過來，數就更準",
            "the model is not sure of these; reading them makes the numbers exact",
        )
    }

    /// What corrected counts are.
    #[must_use]
    pub fn corrections(self) -> &'static str {
        self.pick(
            "带括号的数已按模型的错判率校正，括号里是 95 % 区间；后面的编号按原判列出。",
            "帶括號的數已按模型的錯判率校正，括號裡是 95 % 區間；後面的編號按原判列出。",
            "Counts with brackets are corrected for the model's mistakes, with their 95 % intervals; ids are those of its decisions.",
        )
    }

    /// `投诉 30`.
    #[must_use]
    pub fn counted(self, code: &str, count: u64) -> String {
        match self {
            Lang::Zh | Lang::ZhHant => format!("{} {count}", self.kind(code)),
            Lang::En => format!("{count} {}", self.kind(code)),
        }
    }

    /// The title line.
    #[must_use]
    pub fn title(self, since: Option<&str>, as_of: Option<&str>) -> String {
        let name = match (since, as_of) {
            (Some(a), Some(b)) if a != b => return format!("{}  {a} {} {b}", self.pick("阿虎汇总", "阿虎彙總", "ahu digest"), self.pick("至", "至", "to")),
            _ => self.pick("阿虎日报", "阿虎日報", "ahu digest"),
        };
        as_of.map_or(name.to_owned(), |d| format!("{name}  {d}"))
    }
}
