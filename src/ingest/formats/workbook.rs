//! Workbooks: xlsx, xlsm and xlsb cell by cell, xls and ods whole.

use super::table::{Gone, Rows, Table, on_a_thread, unreadable};
use super::{ods, xls};
use crate::error::{Error, Result};
use crate::ingest::formats::Format;
use crate::ticket::Reason;
use calamine::{Cell, Data, DataRef, DataType, ExcelDateTime, Ods, Reader, SheetType, SheetVisible, Sheets, Xls, Xlsb, Xlsx};
use std::fs::File;
use std::io::{BufReader, Read, Seek};

/// Whole numbers up to here are exact in a workbook; longer ids were rounded when they were typed.
const EXACT: f64 = 1e15;
/// Columns of a sheet, in every format.
const MAX_COLUMNS: u32 = 16_384;
/// Most cells of a sheet that is read whole.
const MAX_CELLS: u64 = 200_000_000;

type Book = Sheets<BufReader<File>>;

fn open(mut file: File) -> Result<Book> {
    let wrong = |text: String| {
        if text.to_lowercase().contains("password") {
            Error::input("the workbook is locked with a password; save it without one")
        } else {
            unreadable("a workbook", text)
        }
    };
    let mut first = [0; 8];
    file.read_exact(&mut first).and_then(|()| file.rewind()).map_err(|e| wrong(e.to_string()))?;
    if Format::of(&first) == Format::OldWorkbook {
        let mut whole = Vec::new();
        file.read_to_end(&mut whole).and_then(|_| file.rewind()).map_err(|e| wrong(e.to_string()))?;
        xls::look_through(&whole)?;
        drop(whole);
        // A locked xlsx is wrapped in the container of the old format.
        let locked = |f: &File| calamine::Xlsx::new(BufReader::new(f.try_clone().ok()?)).err().map(|e| e.to_string());
        return Xls::new(BufReader::new(file.try_clone().map_err(|e| wrong(e.to_string()))?)).map(Sheets::Xls).map_err(|e| {
            let locked = file.rewind().ok().and_then(|()| locked(&file)).filter(|e| e.contains("assword"));
            wrong(locked.unwrap_or_else(|| e.to_string()))
        });
    }
    let mut zip = zip::ZipArchive::new(BufReader::new(&file)).map_err(|e| wrong(e.to_string()))?;
    let [binary, open_xml, open_document] = ["xl/workbook.bin", "xl/workbook.xml", "content.xml"].map(|name| zip.index_for_name(name).is_some());
    if open_document && !open_xml && !binary {
        ods::look_through(BufReader::new(zip.by_name("content.xml").map_err(|e| wrong(e.to_string()))?))?;
    }
    let input = BufReader::new(file);
    if binary {
        Xlsb::new(input).map(Sheets::Xlsb).map_err(|e| wrong(e.to_string()))
    } else if open_document && !open_xml {
        Ods::new(input).map(Sheets::Ods).map_err(|e| wrong(e.to_string()))
    } else {
        Xlsx::new(input).map(Sheets::Xlsx).map_err(|e| wrong(e.to_string()))
    }
}

/// A sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Whether people do not see it.
    pub hidden: bool,
}

/// Its sheets, in their order.
///
/// # Errors
/// A workbook that cannot be read or is locked.
pub fn sheets(file: File) -> Result<Vec<Sheet>> {
    on_a_thread(|| {
        let book = open(file)?;
        let sheets = book.sheets_metadata().iter().filter(|s| s.typ == SheetType::WorkSheet);
        Ok(sheets.map(|s| Sheet { name: s.name.clone(), hidden: s.visible != SheetVisible::Visible }).collect())
    })
}

/// The rows of a sheet.
pub fn rows(file: File, sheet: String, keep_raw: bool) -> Table {
    Table::spawn(keep_raw, move |rows| match open(file)? {
        Sheets::Xlsx(mut book) => {
            let mut cells = book.worksheet_cells_reader(&sheet).map_err(|e| unreadable("a sheet", e))?;
            stream(|| cells.next_cell(), rows)
        }
        Sheets::Xlsb(mut book) => {
            let mut cells = book.worksheet_cells_reader(&sheet).map_err(|e| unreadable("a sheet", e))?;
            stream(|| cells.next_cell(), rows)
        }
        mut book => {
            let range = book.worksheet_range(&sheet).map_err(|e| unreadable("a sheet", e))?;
            if (range.height() as u64).saturating_mul(range.width() as u64) > MAX_CELLS {
                return Err(Error::input(format!("sheet `{sheet}` of {} × {} cells: save it as xlsx or CSV", range.height(), range.width())));
            }
            let (first_row, first_column) = range.start().unwrap_or_default();
            for (i, row) in range.rows().enumerate() {
                (0..first_column).for_each(|_| rows.cell(""));
                row.iter().for_each(|cell| put(rows, &as_ref(cell)));
                if let Err(gone) = rows.end_row(u64::from(first_row) + i as u64 + 1) {
                    return Ok(Err(gone));
                }
            }
            Ok(Ok(()))
        }
    })
}

/// Hands on a sheet's cells as `next` gives them, row by row.
fn stream<'a, E: std::fmt::Display>(
    mut next: impl FnMut() -> std::result::Result<Option<Cell<DataRef<'a>>>, E>,
    rows: &mut Rows,
) -> Result<std::result::Result<(), Gone>> {
    let end = |rows: &mut Rows, row: u32, in_order: bool| {
        let line = u64::from(row) + 1;
        if in_order { rows.end_row(line) } else { rows.bad_row(line, Reason::WrongWidth, "its cells are not in the order of their columns".to_owned()) }
    };
    let (mut open, mut in_order): (Option<(u32, u32)>, _) = (None, true);
    while let Some(cell) = next().map_err(|e| unreadable("a sheet", e))? {
        // A styled cell without a value says nothing, be it in the sheet's last column and row.
        if cell.get_value().is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        if column >= MAX_COLUMNS {
            return Err(unreadable("a sheet", format!("a cell in column {}, at most {MAX_COLUMNS} are there", u64::from(column) + 1)));
        }
        if let Some((before, _)) = open.filter(|o| o.0 != row) {
            if let Err(gone) = end(rows, before, in_order) {
                return Ok(Err(gone));
            }
            (open, in_order) = (None, true);
        }
        let due = open.map_or(0, |o| o.1);
        in_order &= column >= due;
        (due..column).for_each(|_| rows.cell(""));
        put(rows, cell.get_value());
        open = Some((row, column + 1));
    }
    Ok(open.map_or(Ok(()), |(row, _)| end(rows, row, in_order)))
}

fn as_ref(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(n) => DataRef::Int(*n),
        Data::Float(n) => DataRef::Float(*n),
        Data::String(s) | Data::DateTimeIso(s) | Data::DurationIso(s) => DataRef::SharedString(s),
        Data::Bool(b) => DataRef::Bool(*b),
        Data::DateTime(d) => DataRef::DateTime(*d),
        Data::Error(e) => DataRef::Error(e.clone()),
        _ => DataRef::Empty,
    }
}

/// A cell as a person sees it, with dates in ISO 8601.
fn put(rows: &mut Rows, value: &DataRef<'_>) {
    match value {
        DataRef::Empty => rows.cell(""),
        DataRef::String(s) | DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => rows.cell(s),
        DataRef::SharedString(s) => rows.cell(s),
        DataRef::Int(n) => rows.cell(&n.to_string()),
        DataRef::Float(n) => rows.cell(&number(*n)),
        DataRef::Bool(b) => rows.cell(if *b { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(d) => rows.cell(&moment(d)),
        DataRef::Error(e) => rows.cell(&e.to_string()),
    }
}

/// A number as a person sees it.
pub fn number(n: f64) -> String {
    // What was rounded is shown as rounded, as Excel does: nobody shall take it for an id.
    if n.abs() < EXACT { n.to_string() } else { format!("{n:.5E}").replace('E', "E+") }
}

fn moment(d: &ExcelDateTime) -> String {
    if d.is_duration() {
        return number(d.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = d.to_ymd_hms_milli();
    if d.as_f64() < 1.0 {
        return format!("{hour:02}:{minute:02}:{second:02}");
    }
    if (hour, minute, second) == (0, 0, 0) {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::records::{Record, Records};
    use calamine::ExcelDateTimeType;

    fn streamed(cells: &'static [(u32, u32, &str)]) -> Vec<Option<String>> {
        let mut cells = cells.iter().map(|(row, column, text)| Cell::new((*row, *column), DataRef::SharedString(text)));
        let mut table = Table::spawn(false, move |rows| stream(|| Ok::<_, Error>(cells.next()), rows));
        let (mut all, mut text) = (Vec::new(), String::new());
        while let Ok(Some(record)) = table.next_record(&mut text) {
            all.push(if let Record::Row { text: place, .. } = record { Some(text[place].to_owned()) } else { None });
        }
        all
    }

    #[test]
    fn cells_out_of_order_are_no_row() {
        let all = streamed(&[(0, 0, "a"), (0, 2, "c"), (1, 1, "b"), (1, 0, "a"), (2, 0, "a")]);
        assert_eq!(all, [Some("a,,c".to_owned()), None, Some("a".to_owned())]);
        assert!(streamed(&[(0, 0, "a"), (1, 4_000_000_000, "b")]).len() < 2);
    }

    #[test]
    fn numbers_and_dates_are_what_a_person_sees() {
        assert_eq!(number(12.0), "12");
        assert_eq!(number(-12.5), "-12.5");
        assert_eq!(number(123_456_789_012_345_680.0), "1.23457E+17");
        let date = |value, is_1904| moment(&ExcelDateTime::new(value, ExcelDateTimeType::DateTime, is_1904));
        assert_eq!(date(46327.0, false), "2026-11-01");
        assert_eq!(date(46327.0 - 1462.0 + 0.25, true), "2026-11-01 06:00:00");
        assert_eq!(date(0.5, false), "12:00:00");
    }
}
