//! Who speaks, by the name that stands before the words.

use super::Role;
use std::collections::HashMap;
use std::sync::OnceLock;

/// How far a name may be trusted to open a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// A role's word, alone or with a name beside it.
    Sure,
    /// A word that is one only at a line's beginning: `我`, `回复`.
    AtLine,
    /// `Q` and `A`, `问` and `答`: only together.
    Pair,
    /// `提示`: as often as not a message that the customer quotes.
    Notice,
    /// Codes of a role column, never a turn's name.
    Code,
}

/// Longest name read. More is a sentence.
pub(super) const LONGEST: usize = 32;

const C: Role = Role::Customer;
const A: Role = Role::Agent;
const R: Role = Role::Robot;
const S: Role = Role::System;

/// Words that may carry a name: `客服小美`, `VIP玩家夜雨`. Simplified, lower case.
const HAN: [(&str, Role); 87] = [
    ("旗舰店", A),
    ("专卖店", A),
    ("专营店", A),
    ("客户", C),
    ("玩家", C),
    ("用户", C),
    ("买家", C),
    ("买方", C),
    ("会员", C),
    ("顾客", C),
    ("访客", C),
    ("学员", C),
    ("车主", C),
    ("来电人", C),
    ("来电者", C),
    ("来访者", C),
    ("咨询者", C),
    ("咨询人", C),
    ("投诉人", C),
    ("主叫", C),
    ("消费者", C),
    ("乘客", C),
    ("旅客", C),
    ("家长", C),
    ("业主", C),
    ("储户", C),
    ("持卡人", C),
    ("客人", C),
    ("客服", A),
    ("客服人员", A),
    ("客服代表", A),
    ("客服专员", A),
    ("客户服务", A),
    ("客户经理", A),
    ("客户代表", A),
    ("客户顾问", A),
    ("会员服务", A),
    ("会员顾问", A),
    ("用户运营", A),
    ("玩家服务", A),
    ("坐席", A),
    ("座席", A),
    ("人工", A),
    ("工作人员", A),
    ("专员", A),
    ("小二", A),
    ("商家", A),
    ("卖家", A),
    ("店铺", A),
    ("店家", A),
    ("店主", A),
    ("掌柜", A),
    ("处理人", A),
    ("接线员", A),
    ("话务员", A),
    ("客服员", A),
    ("业务员", A),
    ("柜员", A),
    ("售后", A),
    ("售前", A),
    ("管理员", A),
    ("经理", A),
    ("顾问", A),
    ("受理人", A),
    ("机器人", R),
    ("机器客服", R),
    ("智能客服", R),
    ("智能在线客服", R),
    ("ai客服", R),
    ("智能机器人", R),
    ("小助手", R),
    ("智能助手", R),
    ("智能助理", R),
    ("ai助手", R),
    ("虚拟客服", R),
    ("语音助手", R),
    ("自动回复", R),
    ("自动应答", R),
    ("系统消息", S),
    ("系统通知", S),
    ("系统公告", S),
    ("客服系统", S),
    ("会话系统", S),
    ("智能小蜜", R),
    ("机器人客服", R),
    ("智能管家", R),
    ("客服机器人", R),
];

/// Words that stand alone, and how far to trust them.
const ALONE: [(&str, Role, Trust); 29] = [
    ("我", C, Trust::AtLine),
    ("本人", C, Trust::AtLine),
    ("回复", A, Trust::AtLine),
    ("答复", A, Trust::AtLine),
    ("官方", A, Trust::AtLine),
    ("gm", A, Trust::AtLine),
    ("小蜜", R, Trust::AtLine),
    ("ai", R, Trust::AtLine),
    ("auto", R, Trust::AtLine),
    ("系统", S, Trust::AtLine),
    ("system", S, Trust::AtLine),
    ("系统提示", S, Trust::Notice),
    ("温馨提示", S, Trust::Notice),
    ("提示", S, Trust::Notice),
    ("notice", S, Trust::Notice),
    ("sys", S, Trust::Notice),
    ("问", C, Trust::Pair),
    ("答", A, Trust::Pair),
    ("q", C, Trust::Pair),
    ("a", A, Trust::Pair),
    ("c", C, Trust::Code),
    ("u", C, Trust::Code),
    ("r", R, Trust::Code),
    ("s", S, Trust::Code),
    ("0", C, Trust::Code),
    ("1", A, Trust::Code),
    ("in", C, Trust::Code),
    ("out", A, Trust::Code),
    ("me", C, Trust::Code),
];

/// Latin words that make a name a role's, the strongest first: `Customer Service` is an agent.
const LATIN: [(&str, Role); 33] = [
    ("bot", R),
    ("robot", R),
    ("chatbot", R),
    ("virtual", R),
    ("assistant", R),
    ("agent", A),
    ("staff", A),
    ("support", A),
    ("service", A),
    ("care", A),
    ("seller", A),
    ("merchant", A),
    ("shop", A),
    ("operator", A),
    ("rep", A),
    ("representative", A),
    ("csr", A),
    ("cs", A),
    ("advisor", A),
    ("adviser", A),
    ("helpdesk", A),
    ("moderator", A),
    ("customer", C),
    ("user", C),
    ("visitor", C),
    ("client", C),
    ("buyer", C),
    ("player", C),
    ("member", C),
    ("caller", C),
    ("guest", C),
    ("shopper", C),
    ("subscriber", C),
];

/// Latin words beside which a role's word is part of a sentence or of a form's key.
const LATIN_STOP: &str = " name id no number email mail phone tel address type feedback issue complaint question request contact call to the my \
    your from please by via is was with and or for of date time status level account rating comment comments version ";

/// What may stand before a role's word, though a letter of it is in `STOP`.
const LEADS: [&str; 21] = [
    "在线", "线上", "人工", "专属", "官方", "金牌", "银牌", "尊贵", "值班", "高级", "资深", "普通", "匿名", "游戏", "售后", "售前", "平台", "智能", "vip",
    "svip", "电话",
];

/// Letters of sentences and of forms' keys (`联系客服`, `用户名`, `客户端`, `会员等级`): no name beside a role's word has them.
const STOP: &str = "我你他她您它找问打给跟和与对被向诉询请让叫说的是转要不没有了都也把去来到这那该某个从为等骂按\
    名号数量群们题馈型述址求见注线果务度间源息位区级价码箱页式别费端版卡证组秀智姓手单订期联拨电机信评况限权协中";

/// What makes a name of a saying: `用户说`, `客服回复`.
const SAYING: [&str; 18] =
    ["说", "说道", "回复", "回复说", "答复", "回答", "答", "问", "提问", "追问", "留言", "反馈", "咨询", "表示", "称", "回应", "告知", "发言"];

/// The role that `name` tells, and how far it opens a turn.
pub(super) fn of(name: &str) -> Option<(Role, Trust)> {
    let folded = fold(name)?;
    let name = bare(&folded);
    if name.is_empty() {
        return None;
    }
    if let Some(found) = exact(name) {
        return Some(found);
    }
    if let Some((role, _)) = SAYING.iter().filter_map(|s| name.strip_suffix(s)).find_map(sure) {
        return Some((role, Trust::Sure));
    }
    let aside = [(')', '('), (']', '[')].into_iter().find_map(|(close, open)| name.strip_suffix(close)?.split_once(open));
    if let Some((outside, inside)) = aside {
        let role = sure(outside.trim()).or_else(|| sure(inside.trim())).or_else(|| parts(outside)).or_else(|| parts(inside));
        return role.map(|(role, _)| (role, Trust::Sure));
    }
    parts(name)
}

/// Half-width, lower case, Simplified as far as roles' names need; `None` when too long for a name.
fn fold(name: &str) -> Option<String> {
    let mut folded = String::with_capacity(name.len());
    for (i, c) in name.trim().chars().enumerate() {
        if i >= LONGEST {
            return None;
        }
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0)?,
            '\u{3000}' | '\u{a0}' | '\t' => ' ',
            c => TRADITIONAL.iter().find(|(t, _)| *t == c).map_or(c, |(_, s)| *s),
        };
        folded.push(c.to_ascii_lowercase());
    }
    Some(folded)
}

const TRADITIONAL: [(char, char); 53] = [
    ('戶', '户'),
    ('會', '会'),
    ('員', '员'),
    ('顧', '顾'),
    ('訪', '访'),
    ('學', '学'),
    ('買', '买'),
    ('賣', '卖'),
    ('務', '务'),
    ('專', '专'),
    ('屬', '属'),
    ('鋪', '铺'),
    ('舖', '铺'),
    ('機', '机'),
    ('統', '统'),
    ('處', '处'),
    ('復', '复'),
    ('覆', '复'),
    ('車', '车'),
    ('來', '来'),
    ('電', '电'),
    ('問', '问'),
    ('說', '说'),
    ('線', '线'),
    ('業', '业'),
    ('營', '营'),
    ('運', '运'),
    ('遊', '游'),
    ('戲', '戏'),
    ('話', '话'),
    ('號', '号'),
    ('題', '题'),
    ('類', '类'),
    ('單', '单'),
    ('訂', '订'),
    ('級', '级'),
    ('區', '区'),
    ('詢', '询'),
    ('訴', '诉'),
    ('應', '应'),
    ('聯', '联'),
    ('評', '评'),
    ('價', '价'),
    ('經', '经'),
    ('動', '动'),
    ('儲', '储'),
    ('館', '馆'),
    ('櫃', '柜'),
    ('艦', '舰'),
    ('賬', '账'),
    ('們', '们'),
    ('讓', '让'),
    ('饋', '馈'),
];

/// Without brackets around it and a colon behind it.
fn bare(name: &str) -> &str {
    let name = name.trim_end_matches([':', ' ']).trim();
    for (open, close) in [('【', '】'), ('[', ']'), ('<', '>'), ('(', ')'), ('〔', '〕'), ('〖', '〗'), ('「', '」')] {
        if let Some(inner) = name.strip_prefix(open).and_then(|n| n.strip_suffix(close)) {
            return inner.trim();
        }
    }
    name
}

fn exact(name: &str) -> Option<(Role, Trust)> {
    sure(name).or_else(|| ALONE.iter().find(|(word, ..)| *word == name).map(|(_, role, trust)| (*role, *trust)))
}

fn sure(name: &str) -> Option<(Role, Trust)> {
    HAN.iter().chain(&LATIN).find(|(word, _)| *word == name).map(|(_, role)| (*role, Trust::Sure))
}

/// `客服-小美`, `小美_客服`, `Agent Smith`: the role of a part, if no part is a sentence's.
fn parts(name: &str) -> Option<(Role, Trust)> {
    let split = |c: char| matches!(c, '-' | '_' | '/' | '·' | '•' | '—' | ' ' | '#' | '@' | '~' | '.' | ':');
    let mut best: Option<Role> = None;
    let mut count = 0;
    for part in name.split(split).filter(|p| !p.is_empty()) {
        count += 1;
        let numberless = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let role = LATIN.iter().find(|(word, _)| *word == numberless).map(|(_, role)| *role).or_else(|| affixed(part));
        let stops = if part.is_ascii() {
            !numberless.is_empty() && LATIN_STOP.split(' ').any(|stop| stop == numberless)
        } else {
            role.is_none() && part.chars().any(|c| STOP.contains(c)) && !LEADS.contains(&part)
        };
        if count > 4 || stops {
            return None;
        }
        // The agent's word wins: `Customer Support`, `客服-玩家专线`.
        best = match (best, role) {
            (Some(R), _) | (_, None) => best,
            (_, Some(R)) => Some(R),
            (Some(A), _) | (_, Some(A)) => Some(A),
            (best, role) => best.or(role),
        };
    }
    best.map(|role| (role, Trust::Sure))
}

/// `在线客服007`, `VIP玩家夜雨`, `小美客服`: the longest role's word, of several the last (`玩家客服` is an agent).
fn affixed(name: &str) -> Option<Role> {
    static BY_FIRST: OnceLock<HashMap<char, Vec<(&str, Role)>>> = OnceLock::new();
    let words = BY_FIRST.get_or_init(|| {
        let mut words: HashMap<char, Vec<(&str, Role)>> = HashMap::new();
        for (word, role) in HAN {
            words.entry(word.chars().next().unwrap_or_default()).or_default().push((word, role));
        }
        words
    });
    let at = |(at, c)| {
        words
            .get(&c)
            .into_iter()
            .flatten()
            .filter(move |(word, _)| name.get(at..).is_some_and(|rest| rest.starts_with(word)))
            .map(move |(word, role)| (word.len(), at, *role))
    };
    let found = name.char_indices().flat_map(at).max_by_key(|(len, at, _)| (*len, *at));
    let (len, at, role) = found?;
    let mut before = name.get(..at)?;
    let after = name.get(at + len..)?;
    while let Some(rest) = LEADS.iter().find_map(|lead| before.strip_prefix(lead)) {
        before = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    (besides(before) && besides(after)).then_some(role)
}

/// Whether this may be the name, number or title beside a role's word.
fn besides(text: &str) -> bool {
    text.chars().count() <= 12
        && !matches!(text, "id" | "uid" | "qq")
        && !text.ends_with("id")
        && text.chars().all(|c| (c.is_alphanumeric() && !STOP.contains(c)) || matches!(c, '*' | '_' | '-' | '.'))
}
