//! Clean tables, polluted in every way that desks manage to: a polluted row comes back as it was or is quarantined, and no other
//! row notices. `docs/measurements.md` holds the table that is measured here; the message of a failing test has the new one.

use crate::run::Desk;
use ahu::ingest::cells::Cells;
use ahu::ingest::{Config, FileReport, Opened, Reader, Source};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const ROWS: usize = 40;
const SENTENCES: [&str; 10] = [
    "活动奖励一直没有收到等了三天了",
    "充值之后没有到账钱已经扣了",
    "登录不上去一直提示网络错误",
    "请问会员怎么取消自动续费",
    "更新之后闪退打不开了",
    "客服态度很差没有人处理",
    "快递一直不动什么时候发货",
    "屏幕碎了能不能换一个新的",
    "退款申请了一个星期还没有到",
    "想问一下发票怎么开",
];

/// A table: header, which column is the text, and rows without any trap.
struct Table {
    header: &'static str,
    text: usize,
    row: fn(usize) -> Vec<String>,
}

fn sentence(i: usize) -> String {
    format!("{}第{}次了", SENTENCES[i % SENTENCES.len()], i / 3 + 1)
}

fn product(i: usize) -> String {
    ["星海手游", "云端课堂", "花田小镇"][i % 3].to_owned()
}

const TABLES: [Table; 5] = [
    Table { header: "工单编号,创建时间,产品,问题描述,渠道", text: 3, row: |i| vec![id(i), time(i), product(i), sentence(i), channel(i)] },
    Table { header: "编号,内容", text: 1, row: |i| vec![id(i), sentence(i)] },
    Table { header: "内容,产品,时间", text: 0, row: |i| vec![sentence(i), product(i), time(i)] },
    Table { header: "单号,客户,产品,问题描述,状态", text: 3, row: |i| vec![id(i), name(i), product(i), sentence(i), status(i)] },
    Table {
        header: "编号,问题描述,处理结果,渠道", text: 1, row: |i| vec![id(i), sentence(i), format!("已经回复用户{}", sentence(i + 1)), channel(i)]
    },
];

fn id(i: usize) -> String {
    format!("TK{:05}", i * 7 + 1)
}

fn time(i: usize) -> String {
    format!("2026-11-{:02} 08:{:02}", i % 28 + 1, i % 60)
}

fn channel(i: usize) -> String {
    ["在线", "电话", "微信"][i / 2 % 3].to_owned()
}

fn status(i: usize) -> String {
    ["新建", "处理中"][i % 2].to_owned()
}

fn name(i: usize) -> String {
    ["王", "李", "张", "刘", "陈", "杨"][i % 6].to_owned() + ["伟", "芳", "敏", "静", "磊", "洋", "勇"][i % 7] + ["", "华", "明"][i % 3]
}

/// What a row was meant to be, and what was written.
struct Polluted {
    meant: Vec<String>,
    written: String,
}

/// Puts `what` into the middle of a text.
fn insert(text: &str, what: &str) -> String {
    let middle = text.chars().count() / 2;
    text.chars().take(middle).chain(what.chars()).chain(text.chars().skip(middle)).collect()
}

fn with(cells: &[String], at: usize, value: String) -> Vec<String> {
    let mut cells = cells.to_vec();
    cells[at] = value;
    cells
}

fn polluted(cells: &[String], at: usize, meant: &str, written: &str) -> Polluted {
    Polluted { meant: with(cells, at, meant.to_owned()), written: with(cells, at, written.to_owned()).join(",") }
}

type Pollute = fn(&[String], usize) -> Polluted;

/// Name, smallest share that comes back (in per cent), how.
const KINDS: [(&str, usize, Pollute); 20] = [
    ("one comma in the text", 80, |c, t| {
        let text = insert(&c[t], ",");
        polluted(c, t, &text, &text)
    }),
    ("three commas in the text", 80, |c, t| {
        let text = format!("{},", insert(&insert(&c[t], ","), "急,"));
        polluted(c, t, &text, &text)
    }),
    ("a comma in another column", 0, |c, t| {
        let at = if t == 0 { 1 } else { t - 1 };
        let value = insert(&c[at], ",");
        polluted(c, at, &value, &value)
    }),
    ("commas in two columns", 0, |c, t| {
        let at = if t == 0 { 1 } else { t - 1 };
        let (value, text) = (insert(&c[at], ","), insert(&c[t], ","));
        let meant = with(&with(c, at, value), t, text);
        Polluted { written: meant.join(","), meant }
    }),
    ("a comma in the text, the last cell empty", 20, |c, t| {
        let last = c.len() - 1;
        let mut meant = with(c, t, insert(&c[t], ","));
        if last != t {
            meant[last] = String::new();
        }
        Polluted { written: meant.join(","), meant }
    }),
    ("a quote not doubled", 100, |c, t| {
        let text = insert(&c[t], "6.1\"");
        polluted(c, t, &text, &format!("\"{text}\""))
    }),
    ("a word in quotes not doubled", 100, |c, t| {
        let text = insert(&c[t], "\"秒退\"");
        polluted(c, t, &text, &format!("\"{text}\""))
    }),
    ("a quote not doubled and a comma", 80, |c, t| {
        let text = insert(&c[t], "6.1\",很急");
        polluted(c, t, &text, &format!("\"{text}\""))
    }),
    ("a quote not closed", 80, |c, t| polluted(c, t, &c[t], &format!("\"{}", c[t]))),
    ("a quote not closed, a comma in the text", 80, |c, t| {
        let text = insert(&c[t], ",");
        polluted(c, t, &text, &format!("\"{text}"))
    }),
    ("a quote not opened, a comma in the text", 80, |c, t| {
        let text = insert(&c[t], ",");
        polluted(c, t, &text, &format!("{text}\""))
    }),
    ("Enter in the text", 0, |c, t| {
        let text = insert(&c[t], "\n");
        polluted(c, t, &text, &text)
    }),
    ("a cell missing", 0, |c, t| Polluted {
        meant: c.to_vec(),
        written: c.iter().enumerate().filter(|(i, _)| *i != t).map(|(_, c)| c.as_str()).collect::<Vec<_>>().join(","),
    }),
    ("another delimiter: tab", 100, |c, _| Polluted { meant: c.to_vec(), written: c.join("\t") }),
    ("another delimiter: semicolon", 100, |c, _| Polluted { meant: c.to_vec(), written: c.join(";") }),
    ("another delimiter: bar, all quoted", 100, |c, _| Polluted {
        meant: c.to_vec(),
        written: c.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join("|"),
    }),
    ("a semicolon and commas", 100, |c, t| {
        let meant = with(c, t, insert(&c[t], ",或者,"));
        Polluted { written: meant.join(";"), meant }
    }),
    ("UTF-8 read as GBK", 100, |c, t| {
        // An odd number of bytes loses its last one: not to be undone, and another kind.
        let text: String = c[t].chars().take(c[t].chars().count() & !1).collect();
        let (written, _, lossy) = encoding_rs::GBK.decode(text.as_bytes());
        let ascii = text.chars().filter(|c| !c.is_ascii()).take(12).collect::<String>();
        if lossy {
            let (written, _, lossy) = encoding_rs::GBK.decode(ascii.as_bytes());
            return polluted(c, t, if lossy { &written } else { &ascii }, &written);
        }
        polluted(c, t, &text, &written)
    }),
    ("UTF-8 read as CP1252", 100, |c, t| polluted(c, t, &c[t], &encoding_rs::WINDOWS_1252.decode_without_bom_handling(c[t].as_bytes()).0)),
    ("characters lost before", 100, |c, t| {
        let text = insert(&c[t], "锟斤拷\u{FFFD}");
        polluted(c, t, &text, &text)
    }),
];

/// What reading gave: accepted rows and quarantined ones by the offset of their first byte, and their length.
struct Read {
    rows: BTreeMap<u64, (u64, Vec<String>)>,
    rejects: BTreeMap<u64, u64>,
    report: FileReport,
}

fn read(path: &Path, config: &Config) -> Read {
    let opened = Reader::open(&Source::File(path.to_owned()), config, true, false).expect("a table");
    let Opened::Reader(mut reader) = opened else { panic!("no rows in {}", path.display()) };
    let (mut rows, mut rejects) = (BTreeMap::new(), BTreeMap::new());
    let mut cells = Cells::new(reader.layout().delimiter);
    while let Some(batch) = reader.next_batch().expect("a batch") {
        for reject in &batch.rejects {
            rejects.insert(reject.row.byte_start, reject.row.byte_len);
        }
        for row in &batch.rows {
            let span = row.span;
            match batch.layout.split(row, &batch.text, &mut cells) {
                Ok(_) => drop(rows.insert(span.start, (span.len, cells.iter(&batch.text[row.text.clone()]).map(str::to_owned).collect()))),
                Err(_) => drop(rejects.insert(span.start, span.len)),
            }
        }
    }
    Read { rows, rejects, report: reader.finish().expect("every byte accounted for") }
}

impl Read {
    /// No byte belongs to two rows; what is between them is as long as the lines without data.
    fn check_spans(&self, structural: u64, length: u64) {
        let mut spans: Vec<(u64, u64)> = self.rows.iter().map(|(s, (l, _))| (*s, *l)).chain(self.rejects.iter().map(|(s, l)| (*s, *l))).collect();
        spans.sort_unstable();
        assert!(spans.windows(2).all(|w| w[0].0 + w[0].1 <= w[1].0), "{spans:?}");
        assert_eq!(spans.iter().map(|s| s.1).sum::<u64>() + structural, length);
        assert_eq!(self.report.rows, spans.len() as u64);
    }
}

#[derive(Default, Clone, Copy)]
struct Tally {
    back: usize,
    quarantined: usize,
    wrong: usize,
}

/// How a file is written: its line ends and its encoding.
type Writing = (&'static str, fn(&str) -> Vec<u8>);

const PLAIN: Writing = ("\n", |text| text.as_bytes().to_vec());
const WRITINGS: [Writing; 4] = [
    PLAIN,
    ("\r\n", |text| encoding_rs::GB18030.encode(text).0.into_owned()),
    ("\r\n", |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ("\r", |text| text.as_bytes().to_vec()),
];

/// Writes a table of which some rows are polluted, reads it and judges every row.
fn judge(desk: &Desk, table: &Table, pollution: &BTreeMap<usize, usize>, writing: Writing, tally: &mut [Tally], name: &str) {
    let (line_end, encode) = writing;
    let mut file = encode(&format!("\u{feff}{}{line_end}", table.header));
    let head = file.len() as u64;
    let mut expected: Vec<(std::ops::Range<u64>, Vec<String>, Option<usize>)> = Vec::new();
    for i in 0..ROWS {
        let cells = (table.row)(i);
        let from = file.len() as u64;
        let kind = pollution.get(&i).copied();
        let row = kind.map_or(Polluted { written: cells.join(","), meant: cells.clone() }, |k| KINDS[k].2(&cells, table.text));
        file.extend(encode(&(row.written + line_end)));
        expected.push((from..file.len() as u64, row.meant, kind));
    }
    let got = read(&desk.file("t.csv", &file), &Config::default());
    got.check_spans(head, file.len() as u64);
    for (span, meant, kind) in expected {
        let rows: Vec<&Vec<String>> = got.rows.range(span.clone()).map(|(_, (_, cells))| cells).collect();
        match kind {
            None => assert_eq!(rows, [&meant], "{name}: a row that was not polluted, of {}\n{}", table.header, String::from_utf8_lossy(&file)),
            Some(kind) => match rows[..] {
                [] => tally[kind].quarantined += 1,
                [row] if *row == meant => tally[kind].back += 1,
                _ => {
                    tally[kind].wrong += 1;
                    assert!(tally[kind].wrong == 0, "{name}, {}, header {}: read as {rows:?}, meant {meant:?}", KINDS[kind].0, table.header);
                }
            },
        }
    }
}

#[test]
fn a_polluted_row_comes_back_or_is_quarantined() {
    let desk = Desk::new();
    let mut tally = [Tally::default(); KINDS.len()];
    for (kind, (name, ..)) in KINDS.iter().enumerate() {
        for table in &TABLES {
            for at in [0, 1, ROWS / 2, ROWS - 1] {
                judge(&desk, table, &BTreeMap::from([(at, kind)]), PLAIN, &mut tally, name);
            }
        }
    }
    let measured = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/measurements.md")).unwrap();
    let mut lines = String::new();
    for ((name, ..), t) in KINDS.iter().zip(&tally) {
        writeln!(lines, "| {name} | {} | {} | {} |", t.back, t.quarantined, t.wrong).unwrap();
    }
    assert!(measured.contains(&lines), "docs/measurements.md should say:\n{lines}");
    for ((name, floor, _), t) in KINDS.iter().zip(&tally) {
        let all = t.back + t.quarantined + t.wrong;
        assert!(t.back * 100 >= floor * all, "{name}: {} of {all} came back, at least {floor} % did", t.back);
    }
}

#[test]
fn several_polluted_rows_do_not_hurt_each_other() {
    let desk = Desk::new();
    let mut tally = [Tally::default(); KINDS.len()];
    let mut seed = 7u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for round in 0..200 {
        let mut pollution = BTreeMap::new();
        for _ in 0..=round % 6 {
            // Neighbours may be one row to any reader: half a quoted cell, half another.
            pollution.insert(next(ROWS / 3) * 3, next(KINDS.len()));
        }
        judge(&desk, &TABLES[round % TABLES.len()], &pollution, WRITINGS[round / 7 % 4], &mut tally, &format!("round {round}"));
    }
    let back: usize = tally.iter().map(|t| t.back).sum();
    let all: usize = tally.iter().map(|t| t.back + t.quarantined).sum();
    assert!(back * 100 >= all * 55, "{back} of {all} came back");
}

#[test]
fn what_stands_above_and_below_the_rows_is_none() {
    let desk = Desk::new();
    let table = &TABLES[0];
    let data: String = (0..ROWS).map(|i| (table.row)(i).join(",") + "\n").collect();
    let title = "客服工单日报,,,,\n\n导出时间: 2026-11-22,,,,\n";
    let long: String = (0..28).map(|i| format!("说明第{i}条\n")).collect();
    for above in ["", title, &long, "\n\n\n", "\"客服工单\n日报\",,,,\n"] {
        for (below, stated) in [
            ("", None),
            ("合计: 3,412\n", Some(3412)),
            ("总计,,3412\n", Some(3412)),
            ("总计,,40,,\n", None),
            ("共 41 条\n", Some(41)),
            ("Total,,,,\n\n制表人: 王芳\n", None),
            ("\n\n合计,40\n导出时间：2026-11-22 08:00,,,,\n", None),
        ] {
            let file = format!("{above}{}\n{data}{below}", table.header);
            let got = read(&desk.file("t.csv", &file), &Config::default());
            assert_eq!((got.rows.len(), got.rejects.len(), got.report.notes.stated_rows), (ROWS, 0, stated), "{above}…{below}");
            got.check_spans((above.len() + table.header.len() + 1 + below.len()) as u64, file.len() as u64);
        }
    }
    // In the midst of rows it is no footer.
    let file = format!("{}\n{data}合计: 40\n{data}", table.header);
    let got = read(&desk.file("t.csv", &file), &Config::default());
    assert_eq!((got.rows.len(), got.rejects.len()), (2 * ROWS, 1));
}

#[test]
fn a_table_without_a_header_loses_no_row() {
    let desk = Desk::new();
    for table in [&TABLES[0], &TABLES[1], &TABLES[2]] {
        let file: String = (0..ROWS).map(|i| (table.row)(i).join(",") + "\n").collect();
        let path = desk.file("t.csv", &file);
        let got = read(&path, &Config::default());
        assert!(got.report.notes.headerless);
        got.check_spans(0, file.len() as u64);
        let rows: Vec<Vec<String>> = got.rows.into_values().map(|r| r.1).collect();
        assert_eq!(rows, (0..ROWS).map(table.row).collect::<Vec<_>>());
        let Ok(Opened::Reader(reader)) = Reader::open(&Source::File(path), &Config::default(), false, false) else { panic!("no reader") };
        assert_eq!(reader.layout().columns.text, [table.text]);
    }
    let ran = desk.ahu("classify t.csv");
    assert!(ran.stdout.starts_with("列1,列2,列3,ahu_kind") && ran.stderr.contains("no header"), "{}", ran.stderr);
    // A ticket with a word that headers hold is no header.
    desk.file("t.csv", "T1,2026-11-01,一直没有反馈啊急死了\nT2,2026-11-02,登录不上去怎么办呢\nT3,2026-11-03,奖励没有到怎么办\nT4,2026-11-03,怎么退款给我啊\n");
    assert_eq!(crate::run::accounting(&desk.digest("t.csv")), [4, 4, 0, 0]);
}

#[test]
fn two_exports_joined_are_read_as_two() {
    let desk = Desk::new();
    let table = &TABLES[0];
    let rows = |d: &str, from: usize| (from..from + ROWS).map(|i| (table.row)(i).join(d) + "\n").collect::<String>();
    let meant: Vec<Vec<String>> = (0..2 * ROWS).map(table.row).collect();
    for d in ["\t", ";", "|"] {
        for header in [String::new(), table.header.replace(',', d) + "\n"] {
            let file = format!("{}\n{}{header}{}", table.header, rows(",", 0), rows(d, ROWS));
            let got = read(&desk.file("t.csv", &file), &Config::default());
            got.check_spans((table.header.len() + 1 + header.len()) as u64, file.len() as u64);
            assert_eq!(got.report.notes.other_dialect, ROWS as u64);
            assert_eq!(got.rows.into_values().map(|r| r.1).collect::<Vec<_>>(), meant);
        }
    }
    // Another header: its rows are read under the columns that both have.
    let other = "渠道,内容,备用,时间,工单号,产品";
    let second: String = (ROWS..2 * ROWS).map(|i| format!("{},{},x,{},{},{}\n", channel(i), sentence(i), time(i), id(i), product(i))).collect();
    let file = format!("{}\n{}{other}\n{second}{}\n{}", table.header, rows(",", 0), table.header, rows(",", 0));
    let got = read(&desk.file("t.csv", &file), &Config::default());
    assert_eq!((got.report.notes.other_table, got.report.notes.second_table), (ROWS as u64, Some(ROWS as u64 + 2)));
    assert_eq!(got.rows.into_values().map(|r| r.1).collect::<Vec<_>>(), meant.iter().chain(&meant[..ROWS]).cloned().collect::<Vec<_>>());
    // One without a text cannot be tickets.
    let file = format!("{}\n{}工单号,渠道,产品\n{}", table.header, rows(",", 0), "TK9,电话,星海手游\n".repeat(5));
    let got = read(&desk.file("t.csv", &file), &Config::default());
    assert_eq!((got.rows.len(), got.rejects.len(), got.report.notes.second_table), (ROWS, 5, Some(ROWS as u64 + 2)));
}

#[test]
fn repairs_are_told_and_do_not_depend_on_threads() {
    let desk = Desk::new();
    let table = &TABLES[0];
    let mut file = format!("{}\n", table.header);
    for i in 0..3000 {
        let cells = (table.row)(i);
        let kind = KINDS.iter().position(|k| k.0 == if i % 9 == 0 { "one comma in the text" } else { "UTF-8 read as CP1252" }).unwrap();
        let written = if i % 9 < 2 { KINDS[kind].2(&cells, table.text).written } else { cells.join(",") };
        writeln!(file, "{written}").unwrap();
    }
    desk.file("t.csv", &file);
    let one = desk.ahu("classify --threads 1 t.csv");
    let four = desk.ahu("classify --threads 4 t.csv");
    assert_eq!((&one.stdout, &one.stderr), (&four.stdout, &four.stderr));
    assert!(one.stderr.contains("334 rows were repaired: a delimiter inside the text"), "{}", one.stderr);
    assert!(one.stderr.contains("334 rows were repaired: text once saved in the wrong encoding"), "{}", one.stderr);
    assert_eq!(one.stdout.lines().count(), 3001);
}

#[test]
fn a_whole_file_of_mojibake_is_read() {
    let desk = Desk::new();
    let text = "工单编号,产品,问题描述\nT1,星海手游,活动奖励没有收到啊\nT2,星海手游,登录不上去了怎么办\n";
    let latin = encoding_rs::WINDOWS_1252.decode_without_bom_handling(text.as_bytes()).0.into_owned();
    desk.file("t.csv", latin);
    let ran = desk.ahu("classify t.csv");
    assert!(ran.stdout.starts_with("工单编号,产品,问题描述,") && ran.stdout.contains("\nT1,星海手游,活动奖励没有收到啊,"), "{}{}", ran.stdout, ran.stderr);
}
