//! What else workbooks are: partly hidden, locked, named otherwise, with cells that are errors or count from 1904.

use crate::formats::{as_csv, xlsx, zip};
use crate::run::{Desk, accounting};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use std::io::Read;

fn tickets(ids: &[&str]) -> Vec<Vec<String>> {
    let header = ["工单号", "产品", "内容"].map(str::to_owned).to_vec();
    std::iter::once(header).chain(ids.iter().map(|id| [id, "星海手游", "奖励没到账"].map(str::to_owned).to_vec())).collect()
}

#[test]
fn a_hidden_sheet_is_read_when_it_is_named() {
    let desk = Desk::new();
    for (file, seen) in [("one.xlsx", &[("今天", ["1", "2"])][..]), ("two.xlsx", &[("今天", ["1", "2"]), ("昨天", ["3", "4"])])] {
        let mut book = Workbook::new();
        for (name, ids, hidden) in seen.iter().map(|(name, ids)| (*name, &ids[..], false)).chain([("旧的", &["7", "8", "9"][..], true)]) {
            let sheet = book.add_worksheet().set_name(name).unwrap().set_hidden(hidden);
            for (r, row) in tickets(ids).iter().enumerate() {
                for (c, cell) in row.iter().enumerate() {
                    sheet.write_string(r as u32, c as u16, cell).unwrap();
                }
            }
        }
        desk.file(file, book.save_to_buffer().unwrap());
        let ran = desk.ahu(&format!("summarize --format json {file}"));
        assert_eq!(accounting(&serde_json::from_str(&ran.stdout).unwrap())[1], 2 * seen.len() as u64, "{file}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("`{file} » 旧的` is left out: the sheet is hidden")), "{file}: {}", ran.stderr);
        let ran = desk.ahu(&format!("summarize --format json --sheet 旧的 {file}"));
        assert_eq!(accounting(&serde_json::from_str(&ran.stdout).unwrap())[1], 3, "{file}");
        assert!(!ran.stderr.contains("left out"), "{}", ran.stderr);
    }
}

#[test]
fn a_locked_workbook_says_so() {
    let desk = Desk::new();
    desk.file("locked.xlsx", include_bytes!("data/locked.xlsx"));
    for arguments in ["summarize -o out.txt locked.xlsx", "summarize --sheet a locked.xlsx", "mask locked.xlsx"] {
        let ran = desk.ahu(arguments);
        assert_eq!(ran.code, 65, "{arguments}: {}", ran.stderr);
        assert!(ran.stderr.contains("locked.xlsx: the workbook is locked with a password; save it without one"), "{}", ran.stderr);
    }
    assert!(!desk.path().join("out.txt").exists());
}

#[test]
fn names_tell_nothing() {
    let desk = Desk::new();
    let rows = tickets(&["1", "2"]);
    desk.file("book.csv", xlsx(&[("a", &rows)]));
    desk.file("text.xlsx", as_csv(&rows));
    desk.file("text.parquet", as_csv(&rows));
    for file in ["book.csv", "text.xlsx", "text.parquet"] {
        assert_eq!(accounting(&desk.digest(file)), [2, 2, 0, 0], "{file}");
    }
}

#[test]
fn errors_texts_and_dates_from_1904() {
    let desk = Desk::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (c, name) in ["工单号", "创建时间", "产品", "内容"].iter().enumerate() {
        sheet.write_string(0, c as u16, *name).unwrap();
    }
    sheet.write_string(1, 0, "0012").unwrap();
    let date = ExcelDateTime::from_ymd(2026, 11, 1).unwrap().and_hms(6, 0, 0).unwrap();
    sheet.write_datetime_with_format(1, 1, &date, &Format::new().set_num_format("yyyy/m/d h:mm")).unwrap();
    sheet.write_formula(1, 2, Formula::new("=Sheet9!A1").set_result("#REF!")).unwrap();
    sheet.write_string(1, 3, "闪退").unwrap();
    sheet.write_formula(2, 0, Formula::new("=A2+1").set_result("13")).unwrap();
    sheet.write_string(2, 3, "登录不上").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    desk.file("a.xlsx", &bytes);
    assert_eq!(desk.ahu("classify a.xlsx").stdout.lines().nth(1).unwrap().split(",complaint").next().unwrap(), "0012,2026-11-01 06:00:00,#REF!,闪退");
    assert!(desk.ahu("classify a.xlsx").stdout.contains("\n13,,,登录不上,"));
    // The same numbers of a workbook that counts from 1904 are four years and a day later.
    let mut parts = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut files = Vec::new();
    for i in 0..parts.len() {
        let mut part = parts.by_index(i).unwrap();
        let (name, mut bytes) = (part.name().unwrap().into_owned(), Vec::new());
        part.read_to_end(&mut bytes).unwrap();
        if name == "xl/workbook.xml" {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains("<workbookPr "));
            bytes = text.replace("<workbookPr ", "<workbookPr date1904=\"1\" ").into_bytes();
        }
        files.push((name, bytes));
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), &b[..])).collect();
    desk.file("1904.xlsx", zip(&files));
    assert!(desk.ahu("classify 1904.xlsx").stdout.contains("\n0012,2030-11-02 06:00:00,"), "{}", desk.ahu("classify 1904.xlsx").stdout);
}

#[test]
fn a_row_without_an_id_has_the_number_that_excel_shows() {
    let desk = Desk::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, text) in [(0, "问题描述"), (2, "闪退进不去"), (8, "奖励没到账")] {
        sheet.write_string(row, 0, text).unwrap();
        sheet.write_string(row, 1, if row == 0 { "渠道" } else { "微信" }).unwrap();
    }
    desk.file("a.xlsx", book.save_to_buffer().unwrap());
    let digest = desk.ahu("summarize --format csv a.xlsx").stdout;
    assert!(digest.contains("#3") && digest.contains("#9"), "{digest}");
}
