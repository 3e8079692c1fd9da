//! A review sheet, written: a workbook with a drop-down list of labels, or CSV.

use super::labels::{NONE, RIGHT, UNDECIDED};
use super::sample::Ticket;
use super::{Labels, Stratum};
use crate::cell::{is_formula, push_safe_cell};
use crate::error::{Error, Result};
use crate::model::Target;
use rust_xlsxwriter::{Color, DataValidation, DataValidationErrorStyle, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, XlsxError};
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// Its columns.
pub const COLUMNS: [&str; 9] = ["编号", "文本", "产品", "现判", "把握", "依据", "抽样", "正确标签", "备注"];
/// Where each is.
pub mod at {
    /// The ticket's id.
    pub const ID: usize = 0;
    /// Its text.
    pub const TEXT: usize = 1;
    /// What was decided.
    pub const DECIDED: usize = 3;
    /// Why it is in the sheet.
    pub const STRATUM: usize = 6;
    /// What a person says.
    pub const ANSWER: usize = 7;
}
/// Their widths in digits; a hanzi is as wide as two.
const WIDTHS: [f64; 9] = [16.0, 72.0, 14.0, 24.0, 7.0, 26.0, 8.0, 26.0, 18.0];
/// Height of a line in points, and how many lines of a text are shown at most: the rest is read in the cell.
const LINE: f64 = 16.5;
const LINES: usize = 24;
/// The workbook's sheets.
pub const SHEETS: [&str; 3] = ["复核", "标签", "说明"];
/// Header of the sheet of instructions and facts.
pub const FACTS: [&str; 2] = ["项", "值"];
/// Names of the facts.
pub const FACT_NAMES: [&str; 4] = ["目标", "分类体系", "模型", "行数"];

/// What a sheet was made by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What its labels are.
    pub target: Target,
    /// Hash of the taxonomy.
    pub taxonomy: String,
    /// Hashes of the models.
    pub model: String,
}

/// A review sheet.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Its tickets; their texts may leave as they are.
    pub rows: Vec<(Stratum, Arc<Ticket>)>,
    /// The labels to choose from.
    pub labels: Labels,
    /// What it was made by.
    pub facts: Facts,
}

impl Sheet {
    fn decided(&self, ticket: &Ticket) -> String {
        if ticket.decided.is_empty() { UNDECIDED.to_owned() } else { self.labels.shown_all(&ticket.decided) }
    }

    /// The labels as the drop-down list shows them: those decided in this sheet first, the commonest before the others.
    fn choices(&self) -> Vec<&str> {
        let decided: Vec<&String> = self.rows.iter().flat_map(|(_, t)| &t.decided).collect();
        let mut names: Vec<&String> = self.labels.names().iter().collect();
        if self.facts.target != Target::Kind {
            names.sort_by_cached_key(|name| std::cmp::Reverse(decided.iter().filter(|d| *d == name).count()));
        }
        let special = if self.facts.target == Target::Kind { &[RIGHT][..] } else { &[RIGHT, NONE] };
        let shown = names.into_iter().map(|name| self.labels.shown(name)).filter(|name| !special.contains(name));
        special.iter().copied().chain(shown).collect()
    }

    /// As CSV in UTF-8 with a byte order mark, as Excel wants it.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = format!("\u{feff}{}\n", COLUMNS.join(","));
        for (stratum, ticket) in &self.rows {
            let sure = if ticket.decided.is_empty() { String::new() } else { format!("{}%", percent(ticket.confidence)) };
            let cells = [&ticket.id, &ticket.text, &ticket.product, &self.decided(ticket), &sure, &ticket.evidence, stratum.shown(), "", ""];
            for (i, cell) in cells.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_safe_cell(&mut out, cell, b',');
            }
            out.push('\n');
        }
        out
    }

    /// The bytes of its file, a workbook or CSV.
    ///
    /// # Errors
    /// What the library that writes workbooks gave.
    pub fn bytes(&self, workbook: bool) -> Result<Vec<u8>> {
        if workbook { self.xlsx() } else { Ok(self.csv().into_bytes()) }
    }

    /// As a workbook.
    ///
    /// # Errors
    /// What the library that writes it gave.
    pub fn xlsx(&self) -> Result<Vec<u8>> {
        self.workbook().map_err(|e| Error::setup(format!("the workbook cannot be written: {e}")))
    }

    fn workbook(&self) -> std::result::Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        // The same tickets make the same bytes.
        let written = rust_xlsxwriter::ExcelDateTime::from_ymd(2020, 1, 1)?;
        book.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&written));
        let choices = self.choices();
        self.tickets(book.add_worksheet(), choices.len())?;
        let head = head();
        let plain = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        let list = book.add_worksheet();
        list.set_name(SHEETS[1])?.set_column_width(0, 48)?.set_freeze_panes(1, 0)?;
        list.write_string_with_format(0, 0, "标签", &head)?;
        for (row, choice) in (1..).zip(&choices) {
            list.write_string(row, 0, *choice)?;
        }
        let notes = book.add_worksheet();
        notes.set_name(SHEETS[2])?.set_column_width(0, 14)?.set_column_width(1, 88)?;
        for (column, name) in (0..).zip(FACTS) {
            notes.write_string_with_format(0, column, name, &head)?;
        }
        let rows = self.rows.len().to_string();
        let facts = [self.facts.target.code(), &self.facts.taxonomy, &self.facts.model, &rows];
        for (row, (name, value)) in (1..).zip(INSTRUCTIONS.into_iter().chain(FACT_NAMES.into_iter().zip(facts))) {
            notes.write_string_with_format(row, 0, name, &plain)?;
            notes.write_string_with_format(row, 1, value, &plain)?;
        }
        book.save_to_buffer()
    }

    fn tickets(&self, sheet: &mut Worksheet, choices: usize) -> std::result::Result<(), XlsxError> {
        sheet.set_name(SHEETS[0])?.set_freeze_panes(1, 2)?.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
        let head = head();
        for (column, (name, width)) in (0..).zip(COLUMNS.into_iter().zip(WIDTHS)) {
            sheet.set_column_width(column, width)?;
            sheet.write_string_with_format(0, column, name, &head)?;
        }
        let line = Color::RGB(0x00D9_D9D9);
        let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_border(FormatBorder::Thin).set_border_color(line);
        // Text stays text, even when it is edited.
        let text = wrapped.clone().set_num_format("@");
        let share = wrapped.clone().set_num_format("0%").set_align(FormatAlign::Center);
        let answer = text.clone().set_background_color(Color::RGB(0x00FF_F9E5));
        for (row, (stratum, ticket)) in (1..).zip(&self.rows) {
            let decided = self.decided(ticket);
            let cells = [&ticket.id, &ticket.text, &ticket.product, &decided, "", &ticket.evidence, stratum.shown(), "", ""];
            for (column, cell) in (0u16..).zip(cells) {
                let format = if usize::from(column) == at::ANSWER { &answer } else { &text };
                if cell.is_empty() {
                    sheet.write_blank(row, column, format)?;
                } else {
                    // Where programs take text for formulas, those that take it from a file ask first.
                    let format = if is_formula(cell) { &format.clone().set_quote_prefix() } else { format };
                    sheet.write_string_with_format(row, column, cell, format)?;
                }
            }
            // Some programs do not fit the heights of rows to what is in them.
            let lines = cells.iter().zip(WIDTHS).map(|(cell, width)| lines(cell, width)).max().unwrap_or(1);
            sheet.set_row_height(row, LINE * lines as f64)?;
            if !ticket.decided.is_empty() {
                sheet.write_number_with_format(row, 4, f64::from(percent(ticket.confidence)) / 100.0, &share)?;
            }
        }
        let last = self.rows.len() as u32;
        sheet.autofilter(0, 0, last, COLUMNS.len() as u16 - 1)?;
        if last > 0 {
            let list = Formula::new(format!("={}!$A$2:$A${}", SHEETS[1], choices + 1));
            let validation = DataValidation::new()
                .allow_list_formula(list)
                .ignore_blank(true)
                .set_error_style(DataValidationErrorStyle::Warning)
                .set_error_title("不在标签表里")?
                .set_error_message("这个标签不在「标签」表里。几个标签都对的话用 | 隔开；确实要新加标签，请先和同事说好。")?;
            sheet.add_data_validation(1, at::ANSWER as u16, last, at::ANSWER as u16, &validation)?;
        }
        Ok(())
    }
}

/// How to fill it in.
const INSTRUCTIONS: [(&str, &str); 7] = [
    ("填哪里", "只填「正确标签」一列，下拉里可以选；想多说两句就写在「备注」里。别的列请不要改。"),
    ("判对了", "机器判得对，就填「对」。"),
    ("判错了", "判错了，就选该有的标签。一条工单有几个原因或产品都对，用 | 隔开；类型只选一个，又投诉又咨询的算投诉。"),
    ("没看的", "空着表示还没看，不算对也不算错。看多少算多少，不必一次看完，从上往下看就好。"),
    ("都不合适", "标签表里没有一个合适，就填「无」（类型没有「无」，用「其他」）。「现判」是（未判）的不能填「对」，请写标签或「无」。"),
    ("抽样", "「随机」的行用来算准确率，请不要挑着看；「没把握」是机器拿不准的，「少见」是和别的都不太像的。"),
    ("看完之后", "存成 xlsx 交回来就行；存成 CSV 也能读，只是 Excel 会把 00123 这样的编号改成 123。"),
];

/// How many lines a cell takes in a column of this width; words and signs that are not parted at its end leave room.
fn lines(cell: &str, width: f64) -> usize {
    let room = (width * 0.94).max(1.0);
    cell.lines().map(|line| (line.width() as f64 / room).ceil().max(1.0) as usize).sum::<usize>().clamp(1, LINES)
}

fn head() -> Format {
    Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0x00DD_EBF7))
        .set_border(FormatBorder::Thin)
        .set_border_color(Color::RGB(0x00BF_BFBF))
        .set_align(FormatAlign::VerticalCenter)
}

fn percent(confidence: f32) -> u32 {
    (confidence.clamp(0.0, 1.0) * 100.0).round() as u32
}
