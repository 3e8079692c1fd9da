//! Addresses: by house-number precision wherever they stand, and after 地址 up to the end of the clause.

use super::{Personal, Reading, STRUCK, spoken_digit};

/// Most hanzi of a road's or a community's name that are masked with its number.
const MAX_NAME: usize = 8;
/// Most characters of a clause after 地址.
const MAX_CLAUSE: usize = 60;

/// What numbers of a house are followed by. Strong ones are said of houses only.
const UNITS: [(&str, bool); 16] = [
    ("号楼", true),
    ("号院", true),
    ("单元", true),
    ("弄", true),
    ("栋", true),
    ("幢", true),
    ("室", true),
    ("号", false),
    ("座", false),
    ("楼", false),
    ("层", false),
    ("组", false),
    ("巷", false),
    ("队", false),
    ("门", false),
    ("房", false),
];

/// How roads end; [`Reading::road`] knows the exceptions.
fn is_road(c: char) -> bool {
    matches!(c, '路' | '街' | '巷' | '弄' | '村' | '屯' | '庄' | '胡' | '同' | '道')
}

/// How communities end.
fn is_community(c: char) -> bool {
    matches!(
        c,
        '区' | '园'
            | '苑'
            | '寓'
            | '村'
            | '城'
            | '府'
            | '庭'
            | '厦'
            | '场'
            | '湾'
            | '里'
            | '庄'
            | '墅'
            | '院'
            | '邸'
            | '居'
            | '轩'
            | '阁'
            | '郡'
            | '期'
    )
}

fn is_admin(c: char) -> bool {
    matches!(c, '省' | '市' | '区' | '县' | '旗' | '盟')
}

/// Where no name of a road or a community goes on.
fn stops(c: char) -> bool {
    "在到住是址的去从给了我你他她它您和与至往为个叫说问想要就把被让请么这那里寄送搬来发回".contains(c)
}

fn hanzi(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// A chain of numbers of a house: `123弄5号602室`.
#[derive(Default)]
struct Chain {
    end: usize,
    count: usize,
    strong: bool,
    /// Its first unit.
    first: &'static str,
}

impl Reading {
    /// An address whose first number (or building's letter) is at `i`; returns its end.
    pub(super) fn detail(&mut self, i: usize) -> Option<usize> {
        if self.is_before(i, |c| c == STRUCK || c == '第' || c.is_ascii_alphanumeric()) {
            return None;
        }
        let chain = self.chain(i)?;
        let spaceless = self.skip_back(i, 1, |c| c == ' ');
        let road = self.road(spaceless);
        let community =
            self.is_before(spaceless, is_community) && !self.any_ends(spaceless, &["这里", "那里", "哪里", "家里", "手里", "一期", "学期", "日期", "星期"]);
        let lives = self.any_ends(spaceless, &["住", "住在", "送到", "寄到", "地址", "搬到", "地址是", "地址:"]) && !self.ends_with(spaceless, "入住");
        let known = match chain.first {
            "号" | "弄" | "组" | "巷" | "队" => road,
            // 四区405楼1206: a room of a numbered building.
            "楼" => community && chain.count >= 2,
            "层" | "座" => false,
            unit => road || community || lives && matches!(unit, "单元" | "室"),
        };
        // 一栋两层 counts houses.
        let counts = matches!(chain.first, "栋" | "幢") && self.is(i, |c| matches!(c, '一' | '两')) && !community && !lives;
        if counts || !(known || chain.count >= 2 && chain.strong) {
            return None;
        }
        let start = if road || community { self.name(spaceless) } else { i };
        Some(self.strike(Personal::Address, start, chain.end))
    }

    fn chain(&self, i: usize) -> Option<Chain> {
        let mut chain = Chain::default();
        let mut at = i;
        loop {
            let number = self.house_number(at);
            if number == at {
                break;
            }
            let unit_at = self.skip(number, 1, |c| c == ' ');
            let Some((unit, strong)) = UNITS.into_iter().find(|(u, _)| self.starts_with(unit_at, u)).filter(|u| self.is_unit(unit_at, u.0)) else {
                self.room(&mut chain, at, number);
                break;
            };
            let lettered = self.is(at, |c| c.is_ascii_lowercase());
            if lettered && !matches!(unit, "栋" | "幢" | "座" | "单元" | "号楼") {
                break;
            }
            if chain.count == 0 {
                chain.first = unit;
            }
            chain.count += 1;
            chain.strong |= strong;
            chain.end = unit_at + unit.chars().count();
            at = self.skip(chain.end, 1, |c| c == ' ' || c == '-');
            // A name between: `123弄幸福小区5号`.
            if self.house_number(at) == at {
                let name_end = self.skip(at, MAX_NAME, |c| (hanzi(c) && !stops(c) || c.is_ascii_lowercase()) && spoken_digit(c).is_none());
                let named = name_end > at + 1 && self.is_before(name_end, |c| is_community(c) || is_road(c));
                if !named {
                    break;
                }
                at = self.skip(name_end, 1, |c| c == ' ');
            }
        }
        (chain.count > 0 && !self.is(chain.end, |c| c == STRUCK)).then_some(chain)
    }

    /// The number of a room that ends a chain without a unit.
    fn room(&self, chain: &mut Chain, at: usize, number: usize) {
        let joined = self.skip(number, 1, |c| c == '-');
        let end = if joined > number { self.skip(joined, 4, |c| c.is_ascii_digit()) } else { number };
        let digits = number - at;
        let follows = self.get(end);
        let other = follows.is_some_and(|c| c.is_ascii_alphanumeric() || "元块年月日次个点分天件人多期题课页万%.:*".contains(c));
        if chain.count > 0 && at - chain.end <= 1 && (3..=4).contains(&digits) && !other && !matches!(chain.first, "组" | "队") {
            chain.count += 1;
            chain.end = end;
        }
    }

    /// The end of a house's number at `i`; `i` itself where there is none.
    fn house_number(&self, i: usize) -> usize {
        let digits = self.skip(i, 6, |c| c.is_ascii_digit());
        if digits > i {
            return if digits - i <= 5 { digits } else { i };
        }
        if self.is(i, |c| c.is_ascii_lowercase()) && !self.is(i + 1, |c| c.is_ascii_lowercase()) {
            let end = self.skip(i + 1, 2, |c| c.is_ascii_digit());
            return if self.is(end, |c| c.is_ascii_digit()) { i } else { end };
        }
        self.skip(i, 6, |c| spoken_digit(c).is_some() || matches!(c, '十' | '百'))
    }

    /// Whether the unit at `i` is no other word: `1号线`, `5号晚上`.
    fn is_unit(&self, i: usize, unit: &str) -> bool {
        let after = self.get(i + unit.chars().count());
        match unit {
            "号" => !after.is_some_and(|c| "线店机位码晚早上下凌前后之开那中左服我就才还给买充".contains(c)),
            "弄" => !after.is_some_and(|c| "错丢坏了不得好成".contains(c)),
            "房" => !after.is_some_and(|c| "间厅屋子东租价产".contains(c)),
            "室" => !after.is_some_and(|c| "友内外温一二两三1234".contains(c)),
            _ => true,
        }
    }

    /// Whether a road's name ends at `end`.
    fn road(&self, end: usize) -> bool {
        let Some(c) = self.before(end).filter(|c| is_road(*c)) else { return false };
        // 中山东一路, but not 一路.
        let name = self.skip_back(end - 1, 1, |c| spoken_digit(c).is_some());
        if !self.is_before(name, |c| hanzi(c) && !stops(c)) {
            return false;
        }
        let before = |words: &str| self.is_before(end - 1, |b| words.contains(b));
        match c {
            '道' => before("大街"),
            '同' => before("胡"),
            '胡' => false,
            '路' => !before("线网思电套公半走铁链回短断"),
            _ => true,
        }
    }

    /// Where the name that ends at `end` begins.
    fn name(&self, end: usize) -> usize {
        let mut start = end.saturating_sub(1);
        while start > 0 && end - start < MAX_NAME {
            let at = start - 1;
            if !self.is(at, |c| hanzi(c) && !stops(c)) || self.is_district(at) {
                break;
            }
            start = at;
        }
        start
    }

    /// Whether a province, city or district ends with the character at `at`.
    fn is_district(&self, at: usize) -> bool {
        match self.get(at) {
            Some('区') => !self.is_before(at, |c| "小社园校厂片库景".contains(c)),
            Some('市') => !self.is_before(at, |c| "超城门夜菜".contains(c)) && !self.is(at + 1, |c| "场民政中".contains(c)),
            Some(c) => is_admin(c),
            None => false,
        }
    }

    /// What follows 地址, whose end is `after`; returns the place to go on from.
    pub(super) fn clause(&mut self, after: usize) -> usize {
        if self.any_ends(after - 2, &["ip", "网", "邮箱", "mac", "下载", "链接", "网页", "网站", "mail", "邮件"]) {
            return after;
        }
        let start =
            self.skip(after, 6, |c| matches!(c, ' ' | ':' | '=' | '是' | '为' | '改' | '成' | '换' | '填' | '写' | '在' | '到' | '「' | '“' | '【' | '('));
        let announced = self.chars.iter().take(start).skip(after).any(|c| matches!(c, ':' | '是' | '为' | '成' | '到' | '在'));
        if !announced {
            return after;
        }
        let mut end = self.skip(start, MAX_CLAUSE, |c| !matches!(c, '。' | '!' | '?' | ';' | '\n' | '\r' | ',' | STRUCK | '”' | '」' | '】' | ')' | '、'));
        let mut kept = start;
        for city in ["北京", "上海", "天津", "重庆"] {
            if self.starts_with(start, city) {
                kept = start + 2;
            }
        }
        let (mut admin, mut road, mut number, mut open) = (kept > start, false, false, true);
        let mut at = start;
        while at < end {
            let Some(c) = self.get(at) else { break };
            if c.is_ascii_digit() {
                let digits = self.skip(at, usize::MAX, |c| c.is_ascii_digit());
                // A phone number follows: it is found for itself.
                let w = self.skip(at, 16, |c| c.is_ascii_digit() || c == '-' || c == ' ');
                if digits - at >= 7 || self.get(w) == Some(STRUCK) || self.chars.iter().take(w).skip(at).filter(|c| c.is_ascii_digit()).count() >= 10 {
                    end = at;
                    break;
                }
                (number, open, at) = (true, false, digits);
                continue;
            }
            if open && self.is_district(at) && at > kept {
                (admin, kept) = (true, at + 1);
            } else if is_road(c) && c != '同' && c != '道' || is_community(c) && c != '里' || matches!(c, '镇' | '乡' | '栋' | '幢' | '室' | '楼') {
                // `道` of 街道, `城` of 城市: the next may still be a district.
                road = true;
                open &= c == '城' || c == '村';
            } else if "怎吗哪什错没不呢".contains(c) {
                return after;
            }
            at += 1;
        }
        let end = self.skip_back(end, MAX_CLAUSE, |c| c == ' ').max(kept);
        if usize::from(admin) + usize::from(road) + usize::from(number) < 2 || end < kept + 2 || self.skip(kept, 1, |c| c == STRUCK) > kept {
            return after;
        }
        let from = self.skip(kept, 3, |c| c == ' ' || c == '-');
        self.strike(Personal::Address, from, end);
        // What stands before the district, an e-mail address say, is still to be read.
        after
    }
}
