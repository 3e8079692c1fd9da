//! Rows that do not fit, read again: a row is repaired only where exactly one reading fits what the file's columns look like.
//! Pure functions; none of them is asked about a row that fits.

use super::columns::{self, ColumnNames, Columns};
use super::dates::day;
use super::encoding::common_hanzi;
use super::records::{Quote, scan};
use std::collections::HashSet;
use std::sync::OnceLock;

/// Rows that the columns are learnt from: the first ones of a file, so that the number of threads has no say.
pub const LEARN_ROWS: usize = 200;
/// Fewer rows tell nothing.
const FEWEST_ROWS: usize = 3;
/// Longest value of a closed vocabulary, in characters.
const LONGEST_WORD: usize = 20;
/// More shapes than these and ids are told by their length alone.
const MOST_SHAPES: usize = 8;
/// Most surplus delimiters that a row is repaired with.
const MOST_SURPLUS: usize = 40;
/// Readings looked at before a row is given up.
const MOST_STEPS: usize = 5_000;
/// Delimiters that exports have.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Class {
    /// Too few values to tell: anything fits.
    Any,
    Date,
    Number,
    Id {
        shapes: HashSet<String>,
        shortest: usize,
        longest: usize,
    },
    /// A closed vocabulary.
    Words(HashSet<String>),
    /// Short and open, such as names.
    Short {
        longest: usize,
    },
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    class: Class,
    /// Whether empty cells were seen.
    blank: bool,
}

/// What the values of each column look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    columns: Vec<Column>,
}

/// Letters, digits and everything else, runs of the same kind once: `TK-2026` is `A-9`.
fn shape(value: &str) -> String {
    let mut shape = String::new();
    for c in value.trim().chars() {
        let kind = match c {
            '0'..='9' => '9',
            'a'..='z' | 'A'..='Z' => 'A',
            '\u{3400}'..='\u{9fff}' => '字',
            c => c,
        };
        if !shape.ends_with(kind) {
            shape.push(kind);
        }
    }
    shape
}

fn is_number(value: &str) -> bool {
    let value = value.trim().trim_end_matches('%');
    let value = value.strip_prefix(['-', '+', '¥', '￥', '$']).unwrap_or(value);
    !value.is_empty() && value.starts_with(|c: char| c.is_ascii_digit()) && value.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
}

fn is_date(value: &str) -> bool {
    value.chars().count() <= 40 && day(value.trim()).is_some()
}

fn is_punctuated(value: &str) -> bool {
    value.contains([',', '，', ';', '；', '。', '!', '！', '?', '？', '|', '\t', '"'])
}

impl Column {
    fn learn(values: &[&str], is_text: bool, is_id: bool, is_time: bool) -> Column {
        let filled: Vec<&str> = values.iter().map(|v| v.trim()).filter(|v| !v.is_empty()).collect();
        let blank = filled.len() < values.len();
        // Among many rows a few may be broken already and have the width by accident.
        let all = |test: fn(&str) -> bool| filled.iter().filter(|v| test(v)).count() * 10 >= filled.len() * 9;
        let seen = |v: &str| filled.iter().filter(|f| **f == v).count();
        let distinct: HashSet<&str> = filled.iter().copied().collect();
        let longest = filled.iter().map(|v| v.chars().count()).max().unwrap_or(0);
        let shortest = filled.iter().map(|v| v.chars().count()).min().unwrap_or(0);
        let total: usize = filled.iter().map(|v| v.chars().count()).sum();
        let code =
            |v: &str| v.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '#' | '/' | '.' | ':')) && v.chars().any(|c| c.is_ascii_digit());
        let separated = |v: &&str| v.contains(['-', '/', '年', '.', ':']);
        let class = if is_text {
            Class::Text
        } else if filled.len() < FEWEST_ROWS {
            Class::Any
        } else if !is_id && all(is_date) && (is_time || filled.iter().any(separated)) {
            Class::Date
        } else if is_id || (distinct.len() == filled.len() && all(code) && !(all(is_number) && longest < 4)) {
            let mut shapes: HashSet<String> = filled.iter().map(|v| shape(v)).collect();
            if shapes.len() > MOST_SHAPES {
                shapes.clear();
            }
            Class::Id { shapes, shortest, longest }
        } else if all(is_number) {
            Class::Number
        } else if longest <= LONGEST_WORD && distinct.len() * 3 <= filled.len() {
            Class::Words(distinct.iter().filter(|v| filled.len() < 20 || seen(v) > 1).map(|v| (*v).to_owned()).collect())
        } else if total >= 8 * filled.len() || filled.iter().any(|v| is_punctuated(v)) {
            Class::Text
        } else {
            Class::Short { longest }
        };
        Column { class, blank }
    }

    /// Whether a value is one of this column's. `loose`: a new word of a vocabulary is one, too.
    fn fits(&self, value: &str, loose: bool) -> bool {
        let value = value.trim();
        if value.is_empty() {
            return self.blank || self.class == Class::Any;
        }
        let length = value.chars().count();
        match &self.class {
            Class::Any | Class::Text => true,
            Class::Date => is_date(value),
            Class::Number => is_number(value),
            Class::Id { shapes, shortest, longest } => {
                let known = if shapes.is_empty() { !is_punctuated(value) && !value.contains(char::is_whitespace) } else { shapes.contains(&shape(value)) };
                known && length + 2 >= *shortest && length <= longest + 2
            }
            Class::Words(words) => words.contains(value) || (loose && length <= LONGEST_WORD && !is_punctuated(value)),
            Class::Short { longest } => length <= longest + 2 && !is_punctuated(value),
        }
    }

    /// Whether people write freely in it.
    fn is_prose(&self) -> bool {
        self.class == Class::Text
    }
}

/// A cell of a row whose quoting is right.
struct Piece {
    value: String,
    quoted: bool,
}

/// A row into cells by the rules of RFC 4180; `None` where it breaks them.
fn pieces(line: &str, delimiter: u8) -> Option<Vec<Piece>> {
    let mut all = Vec::new();
    let mut rest = line;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut value = String::new();
            let mut from = quoted;
            let after = loop {
                let end = from.find('"')?;
                value.push_str(&from[..end]);
                match from[end + 1..].strip_prefix('"') {
                    Some(more) => {
                        value.push('"');
                        from = more;
                    }
                    None => break &from[end + 1..],
                }
            };
            all.push(Piece { value, quoted: true });
            match after.as_bytes().first() {
                None => return Some(all),
                Some(b) if *b == delimiter => rest = &after[1..],
                Some(_) => return None,
            }
        } else {
            let end = memchr::memchr(delimiter, rest.as_bytes());
            all.push(Piece { value: rest[..end.unwrap_or(rest.len())].to_owned(), quoted: false });
            match end {
                None => return Some(all),
                Some(end) => rest = &rest[end + 1..],
            }
        }
    }
}

/// A cell that was merged has lost the quote at its start or end that nobody else has; inches (`6.1"`) stay.
fn without_lone_quote(value: String) -> String {
    if value.matches('"').count() != 1 {
        return value;
    }
    match value.strip_suffix('"') {
        Some(rest) if !rest.ends_with(|c: char| c.is_ascii_digit()) => rest.to_owned(),
        _ => value,
    }
}

impl Profile {
    /// Learns from rows of the same width; `None` when they are too few.
    #[must_use]
    pub fn learn(rows: &[Vec<String>], columns: &Columns) -> Option<Profile> {
        let width = rows.first()?.len();
        if rows.len() < FEWEST_ROWS || width < 2 {
            return None;
        }
        let learnt = (0..width).map(|i| {
            let values: Vec<&str> = rows.iter().map(|r| r.get(i).map_or("", String::as_str)).collect();
            Column::learn(&values, columns.text.contains(&i) || columns.agent == Some(i), columns.id == Some(i), columns.time == Some(i))
        });
        Some(Profile { columns: learnt.collect() })
    }

    /// Whether a row has this file's values. `loose`: new words of vocabularies are welcome.
    #[must_use]
    pub fn fits<S: AsRef<str>>(&self, cells: &[S], loose: bool) -> bool {
        cells.len() == self.columns.len() && self.columns.iter().zip(cells).all(|(c, v)| c.fits(v.as_ref(), loose))
    }

    /// Whether a line is certainly a row of this file: its cells fit, and one of them is of a kind that texts are not.
    #[must_use]
    pub fn is_row(&self, line: &str, delimiter: u8) -> bool {
        let Some(pieces) = pieces(line, delimiter).filter(|p| p.len() == self.columns.len()) else { return false };
        let telling = |c: &Column| matches!(c.class, Class::Date | Class::Id { .. } | Class::Words(_));
        let tells = self.columns.iter().zip(&pieces).any(|(c, p)| telling(c) && !p.value.trim().is_empty());
        tells && self.columns.iter().zip(&pieces).all(|(c, p)| c.fits(&p.value, false))
    }

    /// The only reading of a row with too many cells that merges neighbours in one column.
    fn merge(&self, line: &str, delimiter: u8) -> Option<Vec<String>> {
        let pieces = pieces(line, delimiter)?;
        let width = self.columns.len();
        let surplus = pieces.len().checked_sub(width).filter(|s| (1..=MOST_SURPLUS).contains(s))?;
        let mut found: Option<(usize, Vec<String>)> = None;
        for at in 0..width {
            let merged = &pieces[at..=at + surplus];
            if merged.iter().any(|p| p.quoted) {
                continue;
            }
            let mut text = String::new();
            for (i, piece) in merged.iter().enumerate() {
                if i > 0 {
                    text.push(char::from(delimiter));
                }
                text.push_str(&piece.value);
            }
            let own = |p: &Piece| p.value.clone();
            let cells: Vec<String> = pieces[..at].iter().map(own).chain([text]).chain(pieces[at + surplus + 1..].iter().map(own)).collect();
            if self.fits(&cells, false) && found.replace((at, cells)).is_some() {
                return None;
            }
        }
        let (at, mut cells) = found.filter(|(at, _)| self.columns[*at].is_prose())?;
        cells[at] = without_lone_quote(std::mem::take(&mut cells[at]));
        Some(cells)
    }

    /// The only reading of a row with too many cells: neighbours merged, or quotes that are not doubled.
    #[must_use]
    pub fn reread(&self, line: &str, delimiter: u8) -> Option<Vec<String>> {
        let merged = self.merge(line, delimiter);
        if !line.contains('"') {
            return merged;
        }
        match (merged, self.quotes(line, delimiter)) {
            (Some(row), Ok(None)) | (None, Ok(Some(row))) => Some(row),
            (Some(a), Ok(Some(b))) if a == b => Some(a),
            _ => None,
        }
    }

    /// Whether a line of a single cell is the half of a text cut in two by Enter, whose other half is on the line before (`true`,
    /// where the text is the last column) or after.
    #[must_use]
    pub fn is_half(&self, cell: &str, before: bool) -> bool {
        let (first, last) = (self.columns.first(), self.columns.last());
        let text = if before { last } else { first };
        // A row of which only the id is left is no text.
        text.is_some_and(Column::is_prose) && !first.is_some_and(|c| !c.is_prose() && c.fits(cell, false))
    }

    /// The only reading of a row whose quotes are broken: inner ones as they are, else one that is never closed.
    ///
    /// # Errors
    /// When several readings fit.
    pub fn quotes(&self, line: &str, delimiter: u8) -> Result<Option<Vec<String>>, Ambiguous> {
        let pieces: Vec<&str> = line.split(char::from(delimiter)).collect();
        let width = self.columns.len();
        if pieces.len() < width || pieces.len() > width + MOST_SURPLUS {
            return Ok(None);
        }
        for unclosed in [false, true] {
            let mut search = Search { profile: self, pieces: &pieces, delimiter, unclosed, cells: Vec::new(), found: Vec::new(), steps: 0 };
            search.from(0);
            match search.found.len() {
                0 if search.steps < MOST_STEPS => {}
                1 if search.steps < MOST_STEPS => return Ok(search.found.pop()),
                _ => return Err(Ambiguous),
            }
        }
        Ok(None)
    }
}

/// Several readings fit, or too many were to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous;

/// Looks for the ways to group pieces into cells.
struct Search<'a> {
    profile: &'a Profile,
    pieces: &'a [&'a str],
    delimiter: u8,
    /// Whether a cell may begin with a quote that nothing closes.
    unclosed: bool,
    cells: Vec<String>,
    found: Vec<Vec<String>>,
    steps: usize,
}

impl Search<'_> {
    fn from(&mut self, at: usize) {
        let (column, width) = (self.cells.len(), self.profile.columns.len());
        if column == width {
            self.found.extend((at == self.pieces.len()).then(|| self.cells.clone()));
            return;
        }
        let most = (self.pieces.len() - at).saturating_sub(width - column - 1);
        for length in 1..=most {
            self.steps += 1;
            if self.found.len() > 1 || self.steps >= MOST_STEPS {
                return;
            }
            let joined = self.pieces[at..at + length].join(char::from(self.delimiter).encode_utf8(&mut [0; 4]));
            let Some(value) = self.cell(column, &joined, length) else { continue };
            if self.profile.columns[column].fits(&value, false) {
                self.cells.push(value);
                self.from(at + length);
                self.cells.pop();
            }
        }
    }

    fn cell(&self, column: usize, joined: &str, length: usize) -> Option<String> {
        let prose = self.profile.columns[column].is_prose();
        let Some(inner) = joined.strip_prefix('"') else { return (length == 1).then(|| joined.to_owned()) };
        match inner.strip_suffix('"') {
            Some(inner) => (length == 1 || prose).then(|| inner.replace("\"\"", "\"")),
            // In the last column the rest of the text may be on lines that are lost.
            None => (self.unclosed && prose && column + 1 < self.profile.columns.len() && !inner.contains('"')).then(|| inner.to_owned()),
        }
    }
}

/// The cells of a row with the one other delimiter that gives it `width` cells.
#[must_use]
pub fn other_dialect(line: &str, own: u8, width: usize) -> Option<(u8, Vec<String>)> {
    if width < 2 {
        return None;
    }
    let fits = |d: &u8| *d != own && matches!(scan(line, *d, Quote::CellStart, 1), Some((Quote::Cell | Quote::CellStart | Quote::Closed, n)) if n == width);
    let mut fitting = DELIMITERS.into_iter().filter(fits);
    let (only, None) = (fitting.next()?, fitting.next()) else { return None };
    Some((only, pieces(line, only)?.into_iter().map(|p| p.value).collect()))
}

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
        Some(OtherTable { width: refs.len(), places, line: number })
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
    let text = all.clone().filter(|i| matches!(class(i), Class::Text)).max_by_key(|i| length(*i))?;
    let time = all.clone().find(|i| matches!(class(i), Class::Date));
    let id = all.clone().find(|i| matches!(class(i), Class::Id { .. }));
    // Words that fit anywhere prove nothing: an id or a time must be where it is in the other rows.
    if time.is_none() && id.is_none() || !profile.fits(first, true) || length(text) < 4 * rest.len() {
        return None;
    }
    let mut words = all.filter(|i| matches!(class(i), Class::Words(_)));
    Some(Columns { id, time, product: words.next(), text: vec![text], channel: words.next(), ..Columns::default() })
}

/// Characters that begin the two bytes of a hanzi in UTF-8 read as GBK, as one bit each: rare ones all of them.
fn typical() -> &'static [u64; 1024] {
    static TYPICAL: OnceLock<Box<[u64; 1024]>> = OnceLock::new();
    TYPICAL.get_or_init(|| {
        let mut bits = Box::new([0; 1024]);
        let pairs = (0xE4..=0xE9u8).flat_map(|lead| (0x80..=0xBFu8).map(move |next| [lead, next])).chain([[0xEF, 0xBC], [0xE3, 0x80]]);
        for pair in pairs {
            let (text, _) = encoding_rs::GBK.decode_without_bom_handling(&pair);
            // U+FFFD and 锟 are what was lost before, € is what GBK makes of half of them.
            for c in text.chars().chain(['\u{FFFD}', '锟', '€']).map(|c| c as usize).filter(|c| *c < 0x10000) {
                bits[c / 64] |= 1 << (c % 64);
            }
        }
        bits
    })
}

/// Whether a row may hold text in the wrong encoding. `wary` looks at every character; else only at those that such text
/// hardly ever lacks, which costs next to nothing.
#[must_use]
pub fn may_be_mojibake(line: &str, wary: bool) -> bool {
    let (bytes, typical) = (line.as_bytes(), typical());
    let is_one = |at: usize| match &bytes[at..] {
        [lead, second, third, ..] if lead >> 4 == 0xE => {
            let c = usize::from(lead & 0x0F) << 12 | usize::from(second & 0x3F) << 6 | usize::from(third & 0x3F);
            typical[c / 64] >> (c % 64) & 1 == 1
        }
        // ã to ï: what the first byte of a hanzi is in Latin-1.
        [0xC3, 0xA3..=0xAF, ..] => true,
        _ => false,
    };
    if wary {
        return (0..bytes.len()).any(is_one);
    }
    // Two in three of the typical ones are from U+9000 on, which of ordinary characters one in thirty is.
    memchr::memchr2_iter(0xE9, 0xC3, bytes).any(is_one)
        || memchr::memmem::find(bytes, "\u{FFFD}".as_bytes()).is_some()
        || memchr::memmem::find(bytes, "€".as_bytes()).is_some()
}

/// The byte that CP1252 or Latin-1 has for a character.
fn latin_byte(c: char) -> Option<u8> {
    const CP1252: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
    const BYTES: [u8; 27] = [
        0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8E, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C,
        0x9E, 0x9F,
    ];
    u8::try_from(u32::from(c)).ok().or_else(|| CP1252.chars().position(|k| k == c).and_then(|i| BYTES.get(i).copied()))
}

/// How many of a text's characters beyond ASCII are ordinary in Chinese, and how many there are.
fn ordinary(text: &str) -> (usize, usize) {
    let common = common_hanzi();
    let is = |c: &char| common.contains(c) || matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff01}'..='\u{ff5e}' | '“' | '”' | '‘' | '’' | '…' | '—');
    (text.chars().filter(is).count(), text.chars().filter(|c| !c.is_ascii()).count())
}

/// The text that was UTF-8, read as GBK or as Latin-1 and saved: `鐢ㄦ埛鎶曡瘔` is 用户投诉. `None` for all other text.
#[must_use]
pub fn mojibake(text: &str) -> Option<String> {
    let (before, of) = ordinary(text);
    // What has the wrong encoding is hardly ever a common character.
    if of < 2 || before * 2 > of {
        return None;
    }
    let latin = || text.chars().map(latin_byte).collect::<Option<Vec<u8>>>();
    let gbk = || {
        let (bytes, _, lossy) = encoding_rs::GBK.encode(text);
        (!lossy).then(|| bytes.into_owned())
    };
    let bytes = if text.chars().any(|c| ('\u{e3}'..='\u{ef}').contains(&c)) { latin()? } else { gbk()? };
    let repaired = String::from_utf8(bytes).ok()?;
    let (after, hanzi) = ordinary(&repaired);
    // Ordinary Chinese must come out, and out of what was less ordinary; a few characters may be UTF-8 by accident.
    let enough = if hanzi < 4 { 8 } else { 4 };
    (hanzi > 0 && after * 10 >= hanzi * enough && before * hanzi < after * of).then_some(repaired)
}

/// Whether characters were lost before the text was written: nothing brings them back.
#[must_use]
pub fn is_damaged(text: &str) -> bool {
    text.contains('\u{FFFD}') || text.contains("锟斤拷")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Taxonomy;

    fn profile() -> Profile {
        let row = |i: usize, p: &str| vec![format!("T{i}"), "2026-11-01".into(), p.into(), format!("第{i}次奖励没到，等三天了"), "在线".into()];
        let rows: Vec<Vec<String>> = (1..=30).flat_map(|i| [row(i, "星海手游"), row(i, "云端课堂")]).collect();
        let columns = Columns { id: Some(0), time: Some(1), product: Some(2), text: vec![3], channel: Some(4), ..Columns::default() };
        Profile::learn(&rows, &columns).unwrap()
    }

    #[test]
    fn a_delimiter_in_the_text_is_put_back() {
        let p = profile();
        assert_eq!(p.merge("T1,2026-11-01,星海手游,奖励没到,等三天了,在线", b',').unwrap()[3], "奖励没到,等三天了");
        // In another column than the text, or in two, no reading fits.
        assert_eq!(p.merge("T1,2026-11-01,星海,手游,奖励没到,在线", b','), None);
        assert_eq!(p.merge("T1,x,2026-11-01,星海手游,奖励没到,在线", b','), None);
        assert_eq!(p.merge("T1,2026-11-01,星海手游,奖励,没到,在,线", b','), None);
    }

    #[test]
    fn stray_quotes_are_read_where_one_reading_fits() {
        let p = profile();
        assert_eq!(p.quotes("T1,2026-11-01,星海手游,\"屏幕 6.1\"碎了\",在线", b',').unwrap().unwrap()[3], "屏幕 6.1\"碎了");
        assert_eq!(p.quotes("T1,2026-11-01,星海手游,\"他说\"好,\"就走了\",在线", b',').unwrap().unwrap()[3], "他说\"好,\"就走了");
        assert_eq!(p.quotes("T1,2026-11-01,星海手游,\"好的,谢谢,在线", b',').unwrap().unwrap()[3], "好的,谢谢");
        assert_eq!(p.quotes("T1,2026-11-01,星海手游,\"好的,谢谢,电话", b','), Ok(None));
    }

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
    fn mojibake_is_undone_and_good_text_is_left() {
        assert_eq!(mojibake("鐢ㄦ埛鎶曡瘔").unwrap(), "用户投诉");
        let latin: String = "用户投诉没人管".bytes().map(char::from).collect();
        assert_eq!(mojibake(&latin).unwrap(), "用户投诉没人管");
        let cp1252 = encoding_rs::WINDOWS_1252.decode_without_bom_handling("用户等了三天".as_bytes()).0.into_owned();
        assert!([&*cp1252, "鐢ㄦ埛鎶曡瘔", "锟斤拷", "退\u{FFFD}"].iter().all(|t| may_be_mojibake(t, false) && may_be_mojibake(t, true)));
        assert_eq!(mojibake(&cp1252).unwrap(), "用户等了三天");
        for good in ["用户投诉", "鑰匙壞了", "the café is closed", "naïve", "锟斤拷", "涓", "", "ãä"] {
            assert_eq!(mojibake(good), None, "{good}");
        }
        let taxonomy = Taxonomy::with_builtin(true, &[]).unwrap();
        let mut seen = 0;
        for example in taxonomy.causes.iter().flat_map(|c| c.matches.iter().chain(&c.rejects)) {
            assert_eq!(mojibake(&example.text), None, "{}", example.text);
            seen += 1;
        }
        assert!(seen > 500, "{seen} examples");
        // And all of it comes back, where none was lost on the way.
        let (mut whole, mut back, mut parts, mut seen, mut glanced) = (0, 0, 0, 0, 0);
        for example in taxonomy.causes.iter().flat_map(|c| &c.matches).filter(|e| !e.text.is_ascii()) {
            let (read, _, lossy) = encoding_rs::GBK.decode(example.text.as_bytes());
            if !lossy && example.text.chars().filter(|c| !c.is_ascii()).count() * 2 > example.text.chars().count() {
                whole += 1;
                glanced += usize::from(may_be_mojibake(&read, false));
                let part = example.text.chars().take(6).collect::<String>();
                let (part, _, lossy) = encoding_rs::GBK.decode(part.as_bytes());
                (parts, seen) = (parts + usize::from(!lossy), seen + usize::from(!lossy && may_be_mojibake(&part, true)));
                back += usize::from(may_be_mojibake(&read, true) && mojibake(&read).as_deref() == Some(&example.text));
            }
        }
        assert!(whole > 500 && back * 100 >= whole * 98, "{back} of {whole}");
        assert!(glanced * 100 >= whole * 95, "{glanced} of {whole}");
        assert!(seen * 100 >= parts * 98, "{seen} of {parts}");
    }

    #[test]
    fn a_table_without_a_header_tells_its_columns() {
        let row = |i: usize| vec![format!("TK{i:04}"), format!("2026-11-0{}", i % 9 + 1), "星海手游".to_owned(), format!("第{i}次登录不上去了怎么办")];
        let rows: Vec<Vec<String>> = (0..20).map(row).collect();
        let c = headerless(&rows).unwrap();
        assert_eq!((c.id, c.time, c.product, c.text), (Some(0), Some(1), Some(2), vec![3]));
        let mut named = rows;
        named.insert(0, ["甲", "乙", "丙", "丁"].map(str::to_owned).to_vec());
        assert_eq!(headerless(&named), None);
    }
}
