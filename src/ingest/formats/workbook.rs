//! Workbooks: xlsx and xlsm cell by cell, xlsb, xls and ods whole.

use super::table::{Gone, Rows, Table, unreadable};
use crate::error::{Error, Result};
use crate::ingest::formats::Format;
use calamine::{Data, DataRef, DataType, ExcelDateTime, Ods, Reader, SheetType, SheetVisible, Sheets, Xls, Xlsb, Xlsx};
use std::fs::File;
use std::io::{BufReader, Read, Seek};

/// Whole numbers up to here are exact in a workbook; longer ids were rounded when they were typed.
const EXACT: f64 = 1e15;
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
        // A locked xlsx is wrapped in the container of the old format.
        let locked = |f: &File| calamine::Xlsx::new(BufReader::new(f.try_clone().ok()?)).err().map(|e| e.to_string());
        return Xls::new(BufReader::new(file.try_clone().map_err(|e| wrong(e.to_string()))?)).map(Sheets::Xls).map_err(|e| {
            let locked = file.rewind().ok().and_then(|()| locked(&file)).filter(|e| e.contains("assword"));
            wrong(locked.unwrap_or_else(|| e.to_string()))
        });
    }
    let names: Vec<String> = zip::ZipArchive::new(BufReader::new(&file))
        .map(|z| z.file_names().flatten().map(std::borrow::Cow::into_owned).collect())
        .map_err(|e| wrong(e.to_string()))?;
    let has = |name: &str| names.iter().any(|n| n == name);
    let input = BufReader::new(file);
    if has("xl/workbook.bin") {
        Xlsb::new(input).map(Sheets::Xlsb).map_err(|e| wrong(e.to_string()))
    } else if has("content.xml") && !has("xl/workbook.xml") {
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
    let book = open(file)?;
    let sheets = book.sheets_metadata().iter().filter(|s| s.typ == SheetType::WorkSheet);
    Ok(sheets.map(|s| Sheet { name: s.name.clone(), hidden: s.visible != SheetVisible::Visible }).collect())
}

/// The rows of a sheet.
pub fn rows(file: File, sheet: String, keep_raw: bool) -> Table {
    Table::spawn(keep_raw, move |rows| match open(file)? {
        Sheets::Xlsx(mut book) => stream(&mut book, &sheet, rows),
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

fn stream(book: &mut Xlsx<BufReader<File>>, sheet: &str, rows: &mut Rows) -> Result<std::result::Result<(), Gone>> {
    let mut cells = book.worksheet_cells_reader(sheet).map_err(|e| unreadable("a sheet", e))?;
    let mut open: Option<(u32, u32)> = None;
    while let Some(cell) = cells.next_cell().map_err(|e| unreadable("a sheet", e))? {
        // A styled cell without a value says nothing, be it in the sheet's last column and row.
        if cell.get_value().is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        if let Some((before, _)) = open.filter(|o| o.0 != row) {
            if let Err(gone) = rows.end_row(u64::from(before) + 1) {
                return Ok(Err(gone));
            }
            open = None;
        }
        (open.map_or(0, |o| o.1)..column).for_each(|_| rows.cell(""));
        put(rows, cell.get_value());
        open = Some((row, column + 1));
    }
    Ok(open.map_or(Ok(()), |(row, _)| rows.end_row(u64::from(row) + 1)))
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
    use calamine::ExcelDateTimeType;

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
