//! Parquet files, row by row.

use super::table::{Table, unreadable};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::fs::File;

/// The rows of a Parquet file, under its column names.
pub fn rows(file: File, keep_raw: bool) -> Table {
    Table::spawn(keep_raw, move |rows| {
        let reader = SerializedFileReader::new(file).map_err(|e| unreadable("a Parquet file", e))?;
        let names: Vec<String> = reader.metadata().file_metadata().schema().get_fields().iter().map(|f| f.name().to_owned()).collect();
        names.iter().for_each(|n| rows.cell(n));
        if let Err(gone) = rows.end_row(1) {
            return Ok(Err(gone));
        }
        for (i, row) in reader.get_row_iter(None).map_err(|e| unreadable("a Parquet file", e))?.enumerate() {
            let row = row.map_err(|e| unreadable("a whole Parquet file", e))?;
            row.get_column_iter().for_each(|(_, field)| put(rows, field));
            if let Err(gone) = rows.end_row(i as u64 + 2) {
                return Ok(Err(gone));
            }
        }
        Ok(Ok(()))
    })
}

fn put(rows: &mut super::table::Rows, field: &Field) {
    match field {
        Field::Null => rows.cell(""),
        Field::Str(s) => rows.cell(s),
        Field::Bool(b) => rows.cell(if *b { "TRUE" } else { "FALSE" }),
        Field::Date(days) => rows.cell(&moment(i64::from(*days) * 86_400, true)),
        Field::TimestampMillis(ms) => rows.cell(&moment(ms.div_euclid(1_000), false)),
        Field::TimestampMicros(us) => rows.cell(&moment(us.div_euclid(1_000_000), false)),
        Field::Bytes(b) => rows.cell(&String::from_utf8_lossy(b.data())),
        other => rows.cell(other.to_string().trim_matches('"')),
    }
}

/// Seconds since 1970 as they are written in a CSV; Parquet's moments have no zone of their own here.
fn moment(seconds: i64, only_day: bool) -> String {
    let Ok(at) = jiff::Timestamp::from_second(seconds) else { return seconds.to_string() };
    let at = jiff::tz::TimeZone::UTC.to_datetime(at);
    if only_day { at.date().to_string() } else { at.strftime("%Y-%m-%d %H:%M:%S").to_string() }
}
