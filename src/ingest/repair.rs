//! Rows that do not fit, read again: a row is repaired only where exactly one reading fits what the file's columns look like.
//! Pure functions; none of them is asked about a row that fits.

mod tables;

pub use tables::{Footer, OtherTable, footer, headerless, may_be_footer, may_be_header};

use super::columns::Columns;
use super::dates::day;
use super::records::{Quote, scan};
use std::collections::HashSet;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
