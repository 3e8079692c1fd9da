//! What is no row of the table: footers, the header of a later table, no header at all.

use super::{Class, LONGEST_WORD, Profile, is_number, pieces};
use crate::ingest::columns::{self, ColumnNames, Columns};
use crate::mask::{self, Personal};

/// What a row under the data says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footer {
    /// How many rows it says there are.
    pub rows: Option<u64>,
}

/// Words that open a footer with a number.
const TOTALS: [&str; 12] = ["合计", "总计", "小计", "共计", "总数", "总共", "合計", "總計", "共", "Total", "TOTAL", "total"];
/// Words that open a footer with anything.
const REMARKS: [&str; 10] = ["导出时间", "导出人", "导出日期", "制表人", "制表时间", "制表日期", "打印时间", "打印人", "数据来源", "统计时间"];

/// Whether a row can be a footer at all: asked about every row, so only its first characters are looked at.
#[must_use]
pub fn may_be_footer(line: &str) -> bool {
    let line = line.trim_start_matches(['"', ' ', ',', ';', '\t', '|']);
    match line.chars().next() {
        Some('合' | '总' | '總' | '小' | '共' | 'T' | 't') => TOTALS.iter().any(|t| line.starts_with(t)),
        Some('导' | '制' | '打' | '数' | '统') => REMARKS.iter().any(|t| line.starts_with(t)),
        _ => false,
    }
}

/// Whether a row is a footer: a total, or who exported the file and when. Only at the end of a file it is one.
#[must_use]
pub fn footer(line: &str, delimiter: u8) -> Option<Footer> {
    // A number with a comma in its thousands is one number.
    let cells: Vec<String> = pieces(line, delimiter)?.into_iter().map(|p| p.value).collect();
    let filled: Vec<&str> = cells.iter().map(|c| c.trim()).filter(|c| !c.is_empty()).collect();
    let first = filled.first()?;
    if let Some(rest) = REMARKS.iter().find_map(|r| first.strip_prefix(r)) {
        let fits = filled.len() <= 2 && (rest.is_empty() || rest.trim_start().starts_with([':', '：']));
        return fits.then_some(Footer { rows: None });
    }
    let rest = TOTALS.iter().find_map(|t| first.strip_prefix(t))?;
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '：'));
    let (number, unit) = rest.split_at(rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, ',' | '.'))).unwrap_or(rest.len()));
    let unit =
        unit.trim().trim_start_matches(['条', '行', '笔', '单', '个', '件', '项', '數', '数', '据', '记', '录', '工']).trim_end_matches(['。', ':', '：']);
    if !unit.is_empty() || !filled[1..].iter().all(|c| is_number(c)) {
        return None;
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut numbers: Vec<&str> = [number].into_iter().chain(filled[1..].iter().copied()).filter(|n| !n.is_empty()).collect();
    // `3,412` cut in two by the delimiter is put together again.
    let thousands = numbers.len() == 2 && delimiter == b',' && line.contains(&numbers.join(",")) && numbers[1].len() == 3 && numbers[0].len() <= 3;
    let joined = thousands.then(|| numbers.concat());
    if let Some(joined) = &joined {
        numbers = vec![joined];
    }
    if numbers.is_empty() && (cells.len() < 2 || filled[0].starts_with('共')) {
        return None;
    }
    let rows = if let [one] = numbers[..] { Some(one).filter(|n| !n.contains('.')).and_then(|n| digits(n).parse().ok()) } else { None };
    Some(Footer { rows })
}

/// A later table's header, and where the first table's columns are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherTable {
    /// Cells of its rows.
    pub width: usize,
    /// For each column of the first table where it is in this one; `None` altogether when no column is the text.
    places: Option<Vec<Option<usize>>>,
    /// Line of its header.
    pub line: u64,
    /// Its columns that the first table has not.
    pub lost: Vec<String>,
}

/// Whether a row can be a header at all: asked about every row, so it has to be quick.
#[must_use]
pub fn may_be_header(line: &str) -> bool {
    line.len() < 600 && !line.bytes().any(|b| b.is_ascii_digit())
}

impl OtherTable {
    /// The table whose header `line` is, if it is one and another than `header`.
    #[must_use]
    pub fn begin(line: &str, delimiter: u8, number: u64, header: &[String], roles: &Columns, names: &ColumnNames) -> Option<OtherTable> {
        let cells: Vec<String> = pieces(line, delimiter)?.into_iter().map(|p| p.value).collect();
        let refs: Vec<&str> = cells.iter().map(|c| c.trim()).collect();
        let known = columns::recognised(&refs);
        if known < 2 || known * 3 < refs.len() || refs.iter().any(|c| c.chars().count() > LONGEST_WORD) {
            return None;
        }
        let folded: Vec<String> = refs.iter().map(|c| columns::fold(c)).collect();
        let places = columns::find(&refs, names).ok().map(|new| {
            let by_role = |i: usize| {
                let pairs = [(roles.id, new.id), (roles.time, new.time), (roles.product, new.product), (roles.channel, new.channel), (roles.agent, new.agent)];
                let texts = roles.text.iter().rev().copied().map(Some).zip(new.text.iter().rev().copied().map(Some));
                pairs.into_iter().chain(texts).find(|(old, new)| *old == Some(i) && new.is_some()).and_then(|(_, new)| new)
            };
            header.iter().enumerate().map(|(i, name)| by_role(i).or_else(|| folded.iter().position(|f| *f == columns::fold(name)))).collect()
        });
        let kept: Vec<usize> = places.iter().flatten().flatten().copied().collect();
        let lost = refs.iter().enumerate().filter(|(i, c)| !c.is_empty() && !kept.contains(i)).map(|(_, c)| (*c).to_owned()).collect();
        Some(OtherTable { width: refs.len(), places, line: number, lost })
    }

    /// A row of this table as a row of the first one.
    #[must_use]
    pub fn row(&self, line: &str, delimiter: u8) -> Option<Vec<String>> {
        let cells = pieces(line, delimiter).filter(|c| c.len() == self.width)?;
        let places = self.places.as_ref()?;
        Some(places.iter().map(|p| p.and_then(|p| cells.get(p)).map_or(String::new(), |c| c.value.clone())).collect())
    }
}

/// The columns of a table without a header, told by the values: rows 2 and later say what row 1 must look like.
#[must_use]
pub fn headerless(rows: &[Vec<String>]) -> Option<Columns> {
    let first = rows.first()?;
    let rest: Vec<Vec<String>> = rows[1..].iter().filter(|r| r.len() == first.len()).cloned().collect();
    if rest.len() * 5 < (rows.len() - 1) * 4 {
        return None;
    }
    let profile = Profile::learn(&rest, &Columns::default())?;
    let length = |i: usize| rest.iter().map(|r| r[i].trim().chars().count()).sum::<usize>();
    let class = |i: &usize| &profile.columns[*i].class;
    let all = 0..first.len();
    // Telephone numbers look like ids, and e-mail addresses are as long as texts.
    let personal: Vec<usize> = all.clone().filter(|i| rest.iter().filter(|r| is_personal(&r[*i])).count() * 2 > rest.len()).collect();
    let free = |i: &usize| !personal.contains(i);
    let text = all.clone().filter(|i| free(i) && matches!(class(i), Class::Text)).max_by_key(|i| length(*i))?;
    let time = all.clone().find(|i| matches!(class(i), Class::Date));
    let id = all.clone().find(|i| free(i) && matches!(class(i), Class::Id { .. }));
    let someone = personal.iter().any(|i| is_personal(&first[*i]));
    // Words that fit anywhere prove nothing: an id, a time or somebody's number must be where it is in the other rows.
    if time.is_none() && id.is_none() && !someone || !profile.fits(first, true) || length(text) < 4 * rest.len() {
        return None;
    }
    let mut words = all.filter(|i| free(i) && matches!(class(i), Class::Words(_)));
    Some(Columns { id, time, product: words.next(), text: vec![text], channel: words.next(), ..Columns::default() })
}

/// Whether a value is a telephone number, a card's or an e-mail address, and hardly anything else.
fn is_personal(value: &str) -> bool {
    let value = value.trim();
    let kind = |k| matches!(k, Personal::Mobile | Personal::IdCard | Personal::BankCard | Personal::Email | Personal::Landline);
    mask::find(value).iter().any(|f| kind(f.kind) && f.range.len() * 2 > value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers_are_told_from_tickets() {
        let rows = |line: &str| footer(line, b',').map(|f| f.rows);
        assert_eq!(rows("合计: 3,412"), Some(Some(3412)));
        assert_eq!(rows("总计,,3412"), Some(Some(3412)));
        assert_eq!(rows("共 3412 条"), Some(Some(3412)));
        assert_eq!(rows("Total,,"), Some(None));
        assert_eq!(rows("合计,12,3.5"), Some(None));
        assert_eq!(rows("导出时间: 2026-11-22 08:00,,"), Some(None));
        for ticket in ["共享单车坏了,急", "总计扣了我3次钱", "合计,退款没到", "共", "T1,登录不上", "Totally broken,1"] {
            assert_eq!(rows(ticket), None, "{ticket}");
        }
    }

    #[test]
    fn a_table_without_a_header_tells_its_columns() {
        let row = |i: usize| vec![format!("TK{i:04}"), format!("2026-11-0{}", i % 9 + 1), "星海手游".to_owned(), format!("第{i}次登录不上去了怎么办")];
        let rows: Vec<Vec<String>> = (0..20).map(row).collect();
        let c = headerless(&rows).unwrap();
        assert_eq!((c.id, c.time, c.product, c.text), (Some(0), Some(1), Some(2), vec![3]));
        let phones: Vec<Vec<String>> = (0..10).map(|i| vec![format!("第{i}次登录不上去了怎么办呀"), format!("138123456{}", 70 + i)]).collect();
        let c = headerless(&phones).unwrap();
        assert_eq!((c.id, c.text), (None, vec![0]));
        let mut named = rows;
        named.insert(0, ["甲", "乙", "丙", "丁"].map(str::to_owned).to_vec());
        assert_eq!(headerless(&named), None);
    }
}
