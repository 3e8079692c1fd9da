//! A workbook as an operations person would build it: an overview, a sheet a product, a table for pivots, and the tickets with filters.
//!
//! All text is written as text: no cell is ever a formula. Ids keep their digits.

mod desk;

use super::{Options, harmless, shown_ids, text};
use crate::cell::is_formula;
use crate::digest::{Digest, KindDigest, ProductDigest, UNDECIDED};
use crate::error::{Error, Result};
use crate::listing::{Listed, Listing};
use crate::prediction::Kind;
use rust_xlsxwriter::{
    Chart, ChartFormat, ChartLegendPosition, ChartSolidFill, ChartType, Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook,
    Worksheet, XlsxError,
};
use std::collections::HashSet;
use unicode_width::UnicodeWidthStr;

/// Most tickets of a sheet: Excel has 1,048,576 rows.
pub const MOST_TICKETS: usize = 1_000_000;
/// Products that get a sheet of their own; the others are in the table for pivots.
const MOST_SHEETS: usize = 60;
/// Most characters of a cell: Excel has 32,767.
const LONGEST_CELL: usize = 32_000;
/// Longest name of a sheet.
const LONGEST_NAME: usize = 31;
/// Bars of a chart.
const BARS: usize = 12;
const COMPLAINT: Color = Color::RGB(0x00C4_441C);
const INQUIRY: Color = Color::RGB(0x0025_63A8);

type Written = std::result::Result<(), XlsxError>;

/// Writes the digest down, with its tickets.
///
/// # Errors
/// What the library that writes workbooks gave.
pub fn render(digest: &Digest, listing: &Listing, options: Options) -> Result<Vec<u8>> {
    Book { digest, listing, options, styles: Styles::new() }.bytes().map_err(|e| Error::setup(format!("the workbook cannot be written: {e}")))
}

struct Styles {
    head: Format,
    title: Format,
    bold: Format,
    text: Format,
    wrapped: Format,
    day: Format,
    time: Format,
    share: Format,
    number: Format,
}

impl Styles {
    fn new() -> Styles {
        let text = || Format::new().set_num_format("@").set_align(FormatAlign::Top);
        Styles {
            head: Format::new().set_bold().set_background_color(Color::RGB(0x00DD_EBF7)).set_border_bottom(FormatBorder::Thin).set_align(FormatAlign::Center),
            title: Format::new().set_bold().set_font_size(16),
            bold: Format::new().set_bold(),
            text: text(),
            wrapped: text().set_text_wrap(),
            day: Format::new().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Top),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm").set_align(FormatAlign::Top),
            number: Format::new().set_align(FormatAlign::Top),
            share: Format::new().set_num_format("0%").set_align(FormatAlign::Top),
        }
    }
}

struct Book<'a> {
    digest: &'a Digest,
    listing: &'a Listing,
    options: Options,
    styles: Styles,
}

/// Text as a cell may hold it.
fn cell(text: &str) -> String {
    let kept = |line: &str| harmless(line);
    let all = text.lines().map(kept).collect::<Vec<_>>().join("\n");
    match all.char_indices().nth(LONGEST_CELL) {
        Some((at, _)) => format!("{}…", &all[..at]),
        None => all,
    }
}

impl Book<'_> {
    fn pick(&self, zh: &'static str, hant: &'static str, en: &'static str) -> &'static str {
        self.options.lang.pick(zh, hant, en)
    }

    fn product_name(&self, name: &str) -> String {
        if name.is_empty() { self.options.lang.no_product().to_owned() } else { cell(name) }
    }

    fn bytes(&self) -> std::result::Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        // The same tickets make the same bytes.
        book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2020, 1, 1)?));
        let mut names = HashSet::new();
        self.overview(self.sheet(&mut book, &mut names, self.pick("总览", "總覽", "Overview"))?)?;
        // The names of the sheets that are always there are theirs.
        let fixed = [
            self.pick("明细数据", "明細數據", "Data"),
            self.pick("工单", "工單", "Tickets"),
            self.pick("未读入的行", "未讀入的列", "Unread rows"),
            self.pick("先看这些", "先看這些", "First of all"),
            self.options.lang.service(),
            self.options.lang.scripts(),
            self.options.lang.agents(),
        ];
        names.extend(fixed.iter().map(|n| n.to_lowercase()));
        if !self.digest.risks.is_empty() {
            self.risks(book.add_worksheet().set_name(fixed[3])?)?;
        }
        for product in self.digest.products.iter().take(MOST_SHEETS) {
            let name = self.product_name(&product.product);
            self.product(self.sheet(&mut book, &mut names, &name)?, product)?;
        }
        if !self.digest.service.is_empty() {
            self.service(book.add_worksheet().set_name(fixed[4])?)?;
        }
        if !self.digest.agents.is_empty() {
            self.agents(book.add_worksheet().set_name(fixed[6])?)?;
        }
        if !self.digest.scripts.is_empty() {
            self.scripts(book.add_worksheet().set_name(fixed[5])?)?;
        }
        self.data(book.add_worksheet().set_name(fixed[0])?)?;
        if !self.listing.tickets.is_empty() {
            self.tickets(book.add_worksheet().set_name(fixed[1])?)?;
        }
        if self.listing.unread_total > 0 {
            self.unread(book.add_worksheet().set_name(fixed[2])?)?;
        }
        book.save_to_buffer()
    }

    /// A sheet by a name that Excel takes, and no other sheet has.
    fn sheet<'b>(&self, book: &'b mut Workbook, names: &mut HashSet<String>, name: &str) -> std::result::Result<&'b mut Worksheet, XlsxError> {
        let kept: String = name.chars().map(|c| if "[]:*?/\\".contains(c) { ' ' } else { c }).collect();
        let kept = kept.trim().trim_matches('\'');
        let kept = if kept.is_empty() || kept.eq_ignore_ascii_case("history") { "-" } else { kept };
        let short = |most: usize| {
            let mut units = 0;
            kept.chars().take_while(|c| (units += c.len_utf16(), units <= most).1).collect::<String>()
        };
        let mut chosen = short(LONGEST_NAME);
        let mut nth = 1;
        while !names.insert(chosen.to_lowercase()) {
            nth += 1;
            let ending = format!(" ({nth})");
            chosen = short(LONGEST_NAME - ending.len()) + &ending;
        }
        book.add_worksheet().set_name(chosen)
    }

    fn head(&self, sheet: &mut Worksheet, row: u32, columns: &[(&str, f64)]) -> Written {
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        for (column, (name, width)) in (0u16..).zip(columns) {
            sheet.write_string_with_format(row, column, *name, &self.styles.head)?;
            sheet.set_column_width(column, *width)?;
        }
        Ok(())
    }

    fn write(&self, sheet: &mut Worksheet, row: u32, column: u16, value: &str, format: &Format) -> Written {
        if value.is_empty() {
            return Ok(());
        }
        let value = cell(value);
        // Where programs take text for formulas, those that take it from a file ask first.
        let quoted;
        let format = if is_formula(&value) {
            quoted = format.clone().set_quote_prefix();
            &quoted
        } else {
            format
        };
        sheet.write_string_with_format(row, column, value, format).map(|_| ())
    }

    fn overview(&self, sheet: &mut Worksheet) -> Written {
        let (digest, lang) = (self.digest, self.options.lang);
        self.write(sheet, 0, 0, &lang.title(digest.since.as_deref(), digest.as_of.as_deref()), &self.styles.title)?;
        sheet.write_string(1, 0, text::overview(digest, self.options))?;
        sheet.write_string(2, 0, text::accounting_line(digest, self.options))?;
        let kinds: Vec<&str> = Kind::ALL.into_iter().map(Kind::code).chain([UNDECIDED]).filter(|k| digest.total(k) > 0).collect();
        let mut columns = vec![(self.pick("产品", "產品", "Product"), 26.0)];
        columns.extend(kinds.iter().map(|k| (lang.kind(k), 11.0)));
        columns.push((self.pick("合计", "合計", "All"), 11.0));
        let top = 4;
        self.head(sheet, top, &columns)?;
        for (row, product) in (top + 1..).zip(&digest.products) {
            self.write(sheet, row, 0, &self.product_name(&product.product), &self.styles.text)?;
            for (column, kind) in (1u16..).zip(&kinds) {
                sheet.write_number_with_format(
                    row,
                    column,
                    product.kinds.iter().find(|k| k.kind == *kind).map_or(0, KindDigest::shown) as f64,
                    &self.styles.number,
                )?;
            }
            sheet.write_number_with_format(row, columns.len() as u16 - 1, product.count as f64, &self.styles.number)?;
        }
        let last = top + digest.products.len() as u32;
        let mut next = last + 2;
        if digest.products.len() > 1 {
            let mut chart = Chart::new(ChartType::BarStacked);
            let bars = digest.products.len().min(BARS) as u32;
            for (column, kind) in (1u16..).zip(&kinds).filter(|(_, k)| matches!(**k, "complaint" | "inquiry")) {
                let name = sheet.name();
                chart
                    .add_series()
                    .set_name((name.as_str(), top, column))
                    .set_categories((name.as_str(), top + 1, 0, top + bars, 0))
                    .set_values((name.as_str(), top + 1, column, top + bars, column))
                    .set_format(&mut fill(kind));
            }
            chart.y_axis().set_reverse();
            chart.legend().set_position(ChartLegendPosition::Bottom);
            chart.set_width(640).set_height(120 + bars * 26);
            sheet.insert_chart(top, columns.len() as u16 + 1, &chart)?;
        }
        if !digest.alerts.is_empty() {
            self.write(sheet, next, 0, self.pick("异常", "異常", "Unusual"), &self.styles.bold)?;
            for a in &digest.alerts {
                next += 1;
                self.write(sheet, next, 0, &text::alert(a, self.options), &Format::new())?;
            }
        }
        Ok(())
    }

    fn product(&self, sheet: &mut Worksheet, product: &ProductDigest) -> Written {
        let lang = self.options.lang;
        self.write(sheet, 0, 0, &self.product_name(&product.product), &self.styles.title)?;
        let said: Vec<String> = product.kinds.iter().map(|k| text::counted(k, lang)).collect();
        sheet.write_string(1, 0, said.join(lang.comma()))?;
        let top = 3;
        let mut columns = vec![(self.pick("类型", "類型", "Kind"), 9.0), (self.pick("原因", "原因", "Cause"), 36.0), (self.pick("件数", "件數", "Count"), 9.0)];
        columns.extend(self.more_columns());
        columns.extend([(self.pick("负责团队", "負責團隊", "Owner"), 16.0), (self.pick("事件号", "事件號", "Ids"), 40.0)]);
        self.head(sheet, top, &columns)?;
        let mut row = top;
        let mut complaints = None;
        for kind in &product.kinds {
            let from = row + 1;
            for line in lines(kind, self) {
                row += 1;
                self.write(sheet, row, 0, lang.kind(kind.kind), &self.styles.text)?;
                self.write(sheet, row, 1, &line.cause, &self.styles.text)?;
                sheet.write_number_with_format(row, 2, line.count as f64, &self.styles.number)?;
                let mut column = 3;
                for value in &line.more {
                    if let Some(value) = value {
                        sheet.write_number_with_format(row, column, *value as f64, &self.styles.number)?;
                    }
                    column += 1;
                }
                self.write(sheet, row, column, &line.team, &self.styles.text)?;
                self.write(sheet, row, column + 1, &line.ids, &self.styles.text)?;
            }
            if kind.kind == "complaint" && row >= from {
                complaints = Some((from, row.min(from + BARS as u32 - 1)));
            }
        }
        if row > top {
            sheet.autofilter(top, 0, row, columns.len() as u16 - 1)?.set_freeze_panes(top + 1, 2)?;
        }
        let beside = columns.len() as u16 + 1;
        if let Some((from, to)) = complaints {
            let name = sheet.name();
            let mut chart = Chart::new(ChartType::Bar);
            chart.add_series().set_categories((name.as_str(), from, 1, to, 1)).set_values((name.as_str(), from, 2, to, 2)).set_format(&mut fill("complaint"));
            chart.title().set_name(lang.kind("complaint"));
            chart.y_axis().set_reverse();
            chart.legend().set_hidden();
            chart.set_width(640).set_height(110 + (to - from + 1) * 26);
            sheet.insert_chart(top, beside, &chart)?;
        }
        if self.digest.points.len() > 2 {
            self.trend(sheet, product, row + 3)?;
        }
        Ok(())
    }

    /// Counts over time, and a chart of them.
    fn trend(&self, sheet: &mut Worksheet, product: &ProductDigest, top: u32) -> Written {
        let lang = self.options.lang;
        sheet.write_string_with_format(top, 0, self.pick("日期", "日期", "Day"), &self.styles.head)?;
        let last = top + self.digest.points.len() as u32;
        for (row, day) in (top + 1..).zip(&self.digest.points) {
            self.date(sheet, row, 0, day)?;
        }
        let name = sheet.name();
        let mut chart = Chart::new(ChartType::Line);
        for (column, code) in [(1u16, "complaint"), (2, "inquiry")] {
            sheet.write_string_with_format(top, column, lang.kind(code), &self.styles.head)?;
            let points = product.kinds.iter().find(|k| k.kind == code).map_or(&[][..], |k| &k.trend);
            for (row, n) in (top + 1..).zip(points) {
                sheet.write_number_with_format(row, column, *n as f64, &self.styles.number)?;
            }
            let mut line =
                ChartFormat::new().set_line(rust_xlsxwriter::ChartLine::new().set_color(if code == "complaint" { COMPLAINT } else { INQUIRY })).clone();
            chart
                .add_series()
                .set_name((name.as_str(), top, column))
                .set_categories((name.as_str(), top + 1, 0, last, 0))
                .set_values((name.as_str(), top + 1, column, last, column))
                .set_format(&mut line);
        }
        chart.legend().set_position(ChartLegendPosition::Bottom);
        chart.x_axis().set_num_format("mm-dd");
        chart.set_width(640).set_height(260);
        sheet.insert_chart(top, 4, &chart)?;
        Ok(())
    }

    /// Columns that are only there where there is something in them.
    fn more_columns(&self) -> Vec<(&'static str, f64)> {
        let mut columns = Vec::new();
        if self.digest.is_corrected() {
            columns.extend([(self.pick("判为", "判為", "Decided"), 9.0), (self.pick("下限", "下限", "Low"), 8.0), (self.pick("上限", "上限", "High"), 8.0)]);
        }
        if let Some(against) = &self.digest.against {
            columns.push((self.pick("上期", "上期", "Before"), 9.0));
            if against.week_ago.is_some() {
                columns.push((self.pick("上周同日", "上週同日", "Week ago"), 10.0));
            }
        }
        columns
    }

    fn more(&self, count: u64, corrected: Option<crate::digest::Corrected>, against: Option<crate::digest::Against>) -> Vec<Option<u64>> {
        let mut values = Vec::new();
        if self.digest.is_corrected() {
            values.extend([corrected.map(|_| count), corrected.map(|c| c.low), corrected.map(|c| c.high)]);
        }
        if let Some(days) = &self.digest.against {
            values.push(against.map(|a| a.before));
            if days.week_ago.is_some() {
                values.push(against.and_then(|a| a.week_ago));
            }
        }
        values
    }

    /// One line a product, kind and cause: what a pivot table is made of.
    fn data(&self, sheet: &mut Worksheet) -> Written {
        let lang = self.options.lang;
        let mut columns = vec![
            (self.pick("产品", "產品", "Product"), 22.0),
            (self.pick("类型", "類型", "Kind"), 9.0),
            (self.pick("大类", "大類", "Area"), 16.0),
            (self.pick("原因", "原因", "Cause"), 36.0),
            (self.pick("件数", "件數", "Count"), 9.0),
        ];
        columns.extend(self.more_columns());
        columns.push((self.pick("负责团队", "負責團隊", "Owner"), 16.0));
        self.head(sheet, 0, &columns)?;
        let mut row = 0;
        for product in &self.digest.products {
            for kind in &product.kinds {
                for line in lines(kind, self) {
                    row += 1;
                    let area = line.cause.split(" / ").next().unwrap_or_default();
                    for (column, value) in (0u16..).zip([&self.product_name(&product.product), lang.kind(kind.kind), area, &line.cause]) {
                        self.write(sheet, row, column, value, &self.styles.text)?;
                    }
                    sheet.write_number_with_format(row, 4, line.count as f64, &self.styles.number)?;
                    for (column, value) in (5u16..).zip(&line.more) {
                        if let Some(value) = value {
                            sheet.write_number_with_format(row, column, *value as f64, &self.styles.number)?;
                        }
                    }
                    self.write(sheet, row, columns.len() as u16 - 1, &line.team, &self.styles.text)?;
                }
            }
        }
        sheet.autofilter(0, 0, row.max(1), columns.len() as u16 - 1)?.set_freeze_panes(1, 0)?;
        Ok(())
    }

    fn tickets(&self, sheet: &mut Worksheet) -> Written {
        let columns = [
            (self.pick("事件号", "事件號", "Id"), 20.0),
            (self.pick("时间", "時間", "Time"), 17.0),
            (self.pick("产品", "產品", "Product"), 16.0),
            (self.pick("类型", "類型", "Kind"), 8.0),
            (self.pick("原因", "原因", "Cause"), 28.0),
            (self.pick("文字", "文字", "Text"), 80.0),
            (self.pick("依据", "依據", "Evidence"), 24.0),
            (self.pick("把握", "把握", "Sure"), 7.0),
            (self.pick("分组", "分組", "Group"), 18.0),
            (self.pick("渠道", "管道", "Channel"), 10.0),
            (self.pick("负责团队", "負責團隊", "Owner"), 14.0),
            (self.pick("来源", "來源", "Source"), 26.0),
        ];
        self.head(sheet, 0, &columns)?;
        for (row, ticket) in (1..).zip(&self.listing.tickets) {
            self.ticket(sheet, row, ticket)?;
        }
        sheet.autofilter(0, 0, self.listing.tickets.len() as u32, columns.len() as u16 - 1)?.set_freeze_panes(1, 1)?;
        Ok(())
    }

    fn ticket(&self, sheet: &mut Worksheet, row: u32, t: &Listed) -> Written {
        let kind = self.options.lang.kind(t.kind.map_or(UNDECIDED, Kind::code));
        let cause = if t.cause.is_empty() { self.options.lang.unassigned() } else { &t.cause };
        let chars: Vec<char> = t.text.chars().collect();
        let mark = |(start, length): &(u32, u32)| chars.iter().skip(*start as usize).take(*length as usize).collect::<String>();
        let evidence = t.marks.iter().map(mark).collect::<Vec<_>>().join(" … ");
        self.write(sheet, row, 0, &t.id, &self.styles.text)?;
        self.date(sheet, row, 1, &t.when)?;
        self.write(sheet, row, 2, &self.product_name(&t.product), &self.styles.text)?;
        self.write(sheet, row, 3, kind, &self.styles.text)?;
        self.write(sheet, row, 4, cause, &self.styles.text)?;
        self.write(sheet, row, 5, &t.text, if t.text.width() > 78 { &self.styles.wrapped } else { &self.styles.text })?;
        self.write(sheet, row, 6, &evidence, &self.styles.text)?;
        sheet.write_number_with_format(row, 7, (f64::from(t.confidence) * 100.0).round() / 100.0, &self.styles.share)?;
        for (column, value) in (8u16..).zip([&t.group, &t.channel, &t.team, &t.place]) {
            self.write(sheet, row, column, value, &self.styles.text)?;
        }
        Ok(())
    }

    /// A day, or a day and a time, as the number that Excel sorts by.
    fn date(&self, sheet: &mut Worksheet, row: u32, column: u16, when: &str) -> Written {
        match ExcelDateTime::parse_from_str(when) {
            Ok(at) if when.len() > 10 => sheet.write_datetime_with_format(row, column, at, &self.styles.time).map(|_| ()),
            Ok(at) if when.len() == 10 => sheet.write_datetime_with_format(row, column, at, &self.styles.day).map(|_| ()),
            _ => self.write(sheet, row, column, when, &self.styles.text),
        }
    }

    fn unread(&self, sheet: &mut Worksheet) -> Written {
        let columns = [
            (self.pick("文件", "檔案", "File"), 30.0),
            (self.pick("行", "列", "Line"), 9.0),
            (self.pick("原因", "原因", "Reason"), 18.0),
            (self.pick("说明", "說明", "Detail"), 80.0),
        ];
        self.head(sheet, 0, &columns)?;
        for (row, unread) in (1..).zip(&self.listing.unread) {
            self.write(sheet, row, 0, &unread.file, &self.styles.text)?;
            sheet.write_number_with_format(row, 1, unread.line as f64, &self.styles.number)?;
            self.write(sheet, row, 2, self.options.lang.reason(unread.reason), &self.styles.text)?;
            self.write(sheet, row, 3, &unread.detail, &self.styles.text)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        Ok(())
    }
}

/// A cause as a line of a sheet.
struct Line {
    cause: String,
    count: u64,
    more: Vec<Option<u64>>,
    team: String,
    ids: String,
}

/// The causes of a kind, and what none took.
fn lines(kind: &KindDigest, book: &Book<'_>) -> Vec<Line> {
    let ids = |ids: &[String], count: u64| {
        let (shown, more) = shown_ids(ids, count, book.options);
        shown.join(" ") + if more { " …" } else { "" }
    };
    let mut all: Vec<Line> = kind
        .causes
        .iter()
        .map(|c| Line {
            cause: c.cause.clone(),
            count: c.shown(),
            more: book.more(c.count, c.corrected, c.against),
            team: c.team.clone().unwrap_or_default(),
            ids: ids(&c.ids, c.count),
        })
        .collect();
    let u = &kind.unassigned;
    if u.count > 0 || u.against.is_some_and(|a| a.before > 0) {
        let more = book.more(u.count, None, u.against);
        all.push(Line { cause: book.options.lang.unassigned().to_owned(), count: u.count, more, team: String::new(), ids: ids(&u.ids, u.count) });
    }
    all
}

fn fill(kind: &str) -> ChartFormat {
    ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(if kind == "complaint" { COMPLAINT } else { INQUIRY })).clone()
}
