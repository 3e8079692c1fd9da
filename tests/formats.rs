//! The same tickets in every format give the same digest, and broken ones are refused or read as far as they go.

use crate::run::{Desk, accounting};
use std::io::Write;

/// The story's tickets: header and rows.
pub fn story() -> Vec<Vec<String>> {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/story/tickets.csv")).unwrap();
    let (text, _, _) = encoding_rs::GB18030.decode(&bytes);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}

pub fn as_csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    rows.iter().for_each(|r| out.write_record(r).unwrap());
    out.into_inner().unwrap()
}

fn as_jsonl(rows: &[Vec<String>]) -> String {
    let object = |row: &Vec<String>| {
        let pairs: Vec<String> = rows[0].iter().zip(row).map(|(k, v)| format!("{}:{}", serde_json::json!(k), serde_json::json!(v))).collect();
        format!("{{{}}}", pairs.join(","))
    };
    rows[1..].iter().map(object).collect::<Vec<_>>().join("\n") + "\n"
}

pub fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

pub fn xlsx(sheets: &[(&str, &[Vec<String>])]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (r, row) in rows.iter().enumerate() {
            for (c, cell) in row.iter().enumerate() {
                sheet.write_string(r as u32, c as u16, cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

fn parquet(rows: &[Vec<String>]) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::types::Type;
    let column = |name: &String| {
        let kind = Type::primitive_type_builder(name, parquet::basic::Type::BYTE_ARRAY).with_converted_type(parquet::basic::ConvertedType::UTF8);
        std::sync::Arc::new(kind.with_repetition(parquet::basic::Repetition::REQUIRED).build().unwrap())
    };
    let schema = Type::group_type_builder("tickets").with_fields(rows[0].iter().map(column).collect()).build().unwrap();
    let mut out = SerializedFileWriter::new(Vec::new(), schema.into(), Default::default()).unwrap();
    let mut group = out.next_row_group().unwrap();
    let mut at = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let values: Vec<ByteArray> = rows[1..].iter().map(|r| ByteArray::from(r[at].as_str())).collect();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
        at += 1;
    }
    group.close().unwrap();
    out.into_inner().unwrap()
}

/// A text as HTML and XML have it.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page as systems write it that name it `.xls`.
pub fn as_html(rows: &[Vec<String>], charset: &str) -> String {
    let mut page = format!(
        "<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><head><meta http-equiv=Content-Type content=\"text/html; charset={charset}\">\r\n\
         <!--[if gte mso 9]><xml><x:ExcelWorkbook><x:Name>a<table><tr><td>1</x:Name></x:ExcelWorkbook></xml><![endif]-->\r\n\
         <style>td {{ mso-number-format:\"\\@\"; }}</style><script>if (1 < 2) document.write('<table>');</script></head>\r\n<body><table border=1>\r\n"
    );
    for (i, row) in rows.iter().enumerate() {
        let name = if i == 0 { "th" } else { "td" };
        let cells: Vec<String> =
            row.iter().map(|c| format!("  <{name} x:str style='vnd.ms-excel.numberformat:@'>{}</{name}>", escaped(c).replace('\n', "<br>"))).collect();
        page += &format!("<tr height=18>\r\n{}\r\n</tr>", cells.join("\r\n"));
    }
    page + "</table></body></html>"
}

/// A workbook as one XML file.
pub fn as_spreadsheet_xml(sheets: &[(&str, &[Vec<String>])]) -> String {
    let cell = |c: &String| format!("<Cell ss:StyleID=\"s1\"><Data ss:Type=\"String\">{}</Data></Cell>\n", escaped(c).replace('\n', "&#10;"));
    let row = |r: &Vec<String>| format!("<Row>{}</Row>\n", r.iter().map(cell).collect::<String>());
    let sheet = |(name, rows): &(&str, &[Vec<String>])| {
        format!("<Worksheet ss:Name=\"{}\"><Table>{}</Table></Worksheet>\n", escaped(name), rows.iter().map(row).collect::<String>())
    };
    format!(
        "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" \
         xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\">\n<Styles><Style ss:ID=\"s1\"><NumberFormat ss:Format=\"@\"/></Style></Styles>\n{}</Workbook>\n",
        sheets.iter().map(sheet).collect::<String>()
    )
}

fn sqlite(desk: &Desk, name: &str, rows: &[Vec<String>]) {
    let db = rusqlite::Connection::open(desk.path().join(name)).unwrap();
    let columns: Vec<String> = rows[0].iter().map(|c| format!("\"{c}\" TEXT")).collect();
    db.execute_batch(&format!(
        "CREATE TABLE tickets ({}); CREATE TABLE settings (key TEXT, value TEXT); INSERT INTO settings VALUES ('a', 'b')",
        columns.join(",")
    ))
    .unwrap();
    let marks = vec!["?"; rows[0].len()].join(",");
    for row in &rows[1..] {
        db.execute(&format!("INSERT INTO tickets VALUES ({marks})"), rusqlite::params_from_iter(row)).unwrap();
    }
}

/// A small file of every format, with how often to damage it.
pub fn seeds() -> Vec<(&'static str, Vec<u8>, usize)> {
    let desk = Desk::new();
    let rows = story();
    let csv = as_csv(&rows);
    sqlite(&desk, "desk.db", &rows);
    let (gbk, _, _) = encoding_rs::GB18030.encode(std::str::from_utf8(&csv).unwrap());
    vec![
        ("csv", csv.clone(), 600),
        ("gbk", gbk.into_owned(), 600),
        ("jsonl", as_jsonl(&rows).into_bytes(), 400),
        ("gz", gz(&csv), 200),
        ("zst", zstd::encode_all(&csv[..], 3).unwrap(), 200),
        ("zip", zip(&[("a.csv", &csv), ("b.csv", &csv)]), 200),
        ("xlsx", xlsx(&[("工单", &rows)]), 300),
        ("parquet", parquet(&rows), 200),
        ("html", as_html(&rows, "utf-8").into_bytes(), 400),
        ("spreadsheet xml", as_spreadsheet_xml(&[("工单", &rows)]).into_bytes(), 400),
        ("sqlite", std::fs::read(desk.path().join("desk.db")).unwrap(), 60),
    ]
}

#[test]
fn every_format_gives_the_same_digest() {
    let desk = Desk::new();
    let rows = story();
    let csv = as_csv(&rows);
    let jsonl = as_jsonl(&rows);
    let array = format!("[\n{}\n]\n", jsonl.trim_end().replace('\n', ",\n"));
    let notes = vec![vec!["说明".to_owned()], vec!["本表由系统导出".to_owned()]];
    // Names tell nothing: what is inside does.
    desk.file("a.csv", &csv);
    desk.file("gz.bin", gz(&csv));
    desk.file("zst.csv", zstd::encode_all(&csv[..], 3).unwrap());
    desk.file("jsonl.txt", &jsonl);
    desk.file("array.csv", &array);
    desk.file("jsonl.gz", gz(jsonl.as_bytes()));
    desk.file("archive.zip", zip(&[("__MACOSX/x", b"x"), ("folder/tickets.csv", &csv), ("folder/empty.csv", b"")]));
    desk.file("book.dat", xlsx(&[("说明", &notes), ("工单", &rows)]));
    desk.file("book.xlsx.gz", gz(&xlsx(&[("Sheet1", &rows)])));
    desk.file("tickets.parquet", parquet(&rows));
    sqlite(&desk, "desk.db", &rows);
    desk.file("page.xls", as_html(&rows, "utf-8"));
    desk.file("gbk.xls", encoding_rs::GBK.encode(&as_html(&rows, "gb2312")).0);
    desk.file("sheets.xls", as_spreadsheet_xml(&[("说明", &notes), ("工单", &rows)]));
    desk.file("page.gz", gz(as_html(&rows, "gbk").as_bytes()));
    let expected = desk.ahu("summarize --format json --ids a.csv").stdout;
    assert!(expected.contains("\"count\": 30"), "{expected}");
    let files = ["gz.bin", "zst.csv", "jsonl.txt", "array.csv", "jsonl.gz", "archive.zip", "book.dat", "book.xlsx.gz", "tickets.parquet", "desk.db"];
    for file in files.into_iter().chain(["page.xls", "gbk.xls", "sheets.xls", "page.gz"]) {
        let ran = desk.ahu(&format!("summarize --format json --ids {file}"));
        assert_eq!((ran.code, ran.stdout == expected), (0, true), "{file}: {}\n{}", ran.stderr, ran.stdout);
    }
    // Streams are copied where they have to be read twice.
    for (file, bytes) in [("stdin json", jsonl.into_bytes()), ("stdin xlsx", xlsx(&[("Sheet1", &rows)])), ("stdin gz", gz(&csv))] {
        let ran = desk.ahu_with(&["summarize", "--format", "json", "--ids"], Some(&bytes));
        assert_eq!(ran.stdout, expected, "{file}: {}", ran.stderr);
    }
}

#[test]
fn chats_in_a_cell_and_messages_a_row_give_the_same_digest() {
    let desk = Desk::new();
    let rows = story();
    let text = rows[0].iter().position(|h| h == "问题描述").unwrap();
    desk.file("a.csv", as_csv(&rows));
    let expected = desk.ahu("summarize --format json --ids a.csv").stdout;
    let chat = |words: &str, i: usize| match i % 4 {
        0 => format!("客服:您好，请问有什么可以帮您？\n玩家:{words}\n客服:好的，已经登记，请耐心等待"),
        1 => format!("[2025-08-23 09:00:01] 机器人: 欢迎咨询\n[2025-08-23 09:00:09] 玩家小虎: {words}\n[2025-08-23 09:01:00] 客服007: 抱歉，给您退款处理"),
        2 => format!("【玩家】{words}\n【客服】请问您的奖励是什么时候领的"),
        _ => format!("客服 09:00:00\n您好\n玩家 09:00:10\n{words}"),
    };
    let mut cell = rows.clone();
    cell.iter_mut().enumerate().skip(1).for_each(|(i, r)| r[text] = chat(&r[text], i));
    desk.file("cell.csv", as_csv(&cell));
    // One message a row, those of the tickets mixed as a log by time has them.
    let mut messages = vec![rows[0].iter().cloned().chain(["角色".to_owned()]).collect::<Vec<_>>()];
    for (role, words) in
        [("系统", Some("会话开始")), ("客服", Some("您好，请问有什么可以帮您")), ("玩家", None), ("客服", Some("闪退的话请先重装，投诉请留电话"))]
    {
        for row in &rows[1..] {
            let mut message = row.clone();
            message.push(role.to_owned());
            if let Some(words) = words {
                message[text] = words.to_owned();
            }
            messages.push(message);
        }
    }
    desk.file("messages.csv", as_csv(&messages));
    for file in ["cell.csv", "messages.csv"] {
        let ran = desk.ahu(&format!("summarize --format json --ids {file}"));
        // Only chats tell how the desk served.
        let mut digest: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a digest");
        let served = digest.as_object_mut().expect("an object").remove("service");
        assert!(served.is_some_and(|s| s.as_array().is_some_and(|s| !s.is_empty())), "{file}");
        let mut expected: serde_json::Value = serde_json::from_str(&expected).expect("a digest");
        // What is measured of checks that only chats have is told beside those of customers' words.
        for d in [&mut digest, &mut expected] {
            d.as_object_mut().expect("an object").remove("precisions");
        }
        assert_eq!(digest, expected, "{file}: {}", ran.stderr);
    }
    // Every message is written, in its order and as it was; evidence has its place in the message that it is in.
    let classified = desk.ahu("classify messages.csv").stdout;
    let mut reader = csv::Reader::from_reader(classified.as_bytes());
    let written: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(written.len(), messages.len() - 1);
    let mut placed = 0;
    for (row, message) in written.iter().zip(&messages[1..]) {
        assert_eq!(row.iter().take(message.len()).collect::<Vec<_>>(), *message);
        let (cell, evidence) = (&row[text], &row[row.len() - 1]);
        for word in evidence.split(' ') {
            let Some((words, at)) = word.rsplit_once('@') else { continue };
            let found: String = cell.chars().skip(at.parse().unwrap()).take(words.chars().count()).collect();
            assert_eq!(found, words, "{evidence} in {cell}");
            placed += 1;
        }
    }
    assert!(placed > rows.len(), "{placed}");
    let masked = desk.ahu("mask messages.csv").stdout;
    assert_eq!(masked.lines().count(), messages.len());
}

/// Needs a server: `AHU_TEST_POSTGRES=postgres://user:password@host/database`, likewise `AHU_TEST_MYSQL`.
#[test]
fn a_server_gives_the_same_digest() {
    let desk = Desk::new();
    let rows = story();
    desk.file("a.csv", as_csv(&rows));
    let expected = desk.ahu("summarize --format json --ids a.csv").stdout;
    let quote = |s: &String| format!("'{}'", s.replace('\'', "''"));
    let create =
        |mark: char| format!("CREATE TABLE ahu_story (row_no INT, {})", rows[0].iter().map(|c| format!("{mark}{c}{mark} TEXT")).collect::<Vec<_>>().join(","));
    let insert = |(i, row): (usize, &Vec<String>)| format!("INSERT INTO ahu_story VALUES ({i}, {})", row.iter().map(quote).collect::<Vec<_>>().join(","));
    let select =
        |mark: char| format!("SELECT {} FROM ahu_story ORDER BY row_no", rows[0].iter().map(|c| format!("{mark}{c}{mark}")).collect::<Vec<_>>().join(","));
    let statements = |mark: char| {
        ["DROP TABLE IF EXISTS ahu_story".to_owned(), create(mark)].into_iter().chain(rows[1..].iter().enumerate().map(insert)).collect::<Vec<_>>()
    };
    let check = |url: &str, mark: char| {
        let ran = desk.ahu_with(&["summarize", "--format", "json", "--ids", "--query", &select(mark), url], None);
        assert_eq!(ran.stdout, expected, "{}", ran.stderr);
        // A wrong query and a wrong password say what is wrong, and no secret.
        let wrong = desk.ahu_with(&["summarize", "--query", "SELECT nothing FROM nowhere", url], None);
        assert_eq!(wrong.code, 74, "{}", wrong.stderr);
        assert!(wrong.stderr.contains("nowhere"), "{}", wrong.stderr);
    };
    match std::env::var("AHU_TEST_POSTGRES") {
        Err(_) => eprintln!("skipped: AHU_TEST_POSTGRES names no server"),
        Ok(url) => {
            let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
            statements('"').iter().for_each(|s| client.batch_execute(s).unwrap());
            check(&url, '"');
        }
    }
    match std::env::var("AHU_TEST_MYSQL") {
        Err(_) => eprintln!("skipped: AHU_TEST_MYSQL names no server"),
        Ok(url) => {
            use mysql::prelude::Queryable;
            let mut client = mysql::Conn::new(url.as_str()).unwrap();
            statements('`').iter().for_each(|s| client.query_drop(s).unwrap());
            check(&url, '`');
        }
    }
}

#[test]
fn several_sheets_are_one_input_and_can_be_chosen() {
    let desk = Desk::new();
    let sheet = |from: usize, n: usize| -> Vec<Vec<String>> {
        std::iter::once(vec!["工单号".to_owned(), "产品".to_owned(), "内容".to_owned()])
            .chain((from..from + n).map(|i| vec![format!("T{i}"), "星海手游".to_owned(), "奖励没到账".to_owned()]))
            .collect()
    };
    desk.file("a.xlsx", xlsx(&[("一月", &sheet(0, 3)), ("二月", &sheet(10, 4)), ("空", &[])]));
    assert_eq!(accounting(&desk.digest("a.xlsx"))[1], 7);
    assert_eq!(accounting(&desk.digest("--sheet 二月 a.xlsx"))[1], 4);
    let ran = desk.ahu("summarize --sheet 三月 a.xlsx");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("`一月`, `二月`"), "{}", ran.stderr);
    // Rows of both sheets come out again.
    assert_eq!(desk.ahu("classify a.xlsx").stdout.lines().count(), 8);
}

#[test]
fn cells_of_a_workbook_are_what_a_person_sees() {
    use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
    let desk = Desk::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (c, name) in ["工单号", "创建时间", "产品", "内容"].iter().enumerate() {
        sheet.write_string(2, c as u16, *name).unwrap();
    }
    sheet.write_string(0, 0, "客服工单明细表").unwrap();
    let date = ExcelDateTime::from_ymd(2026, 11, 1).unwrap().and_hms(8, 5, 0).unwrap();
    sheet.write_number(3, 0, 123_456_789_012_345_678.0).unwrap();
    sheet.write_datetime_with_format(3, 1, &date, &Format::new().set_num_format("yyyy/m/d h:mm")).unwrap();
    sheet.write_string(3, 2, "0012").unwrap();
    sheet.write_formula(3, 3, Formula::new("=\"奖励\"&\"没到账\"").set_result("奖励没到账")).unwrap();
    sheet.write_number(4, 0, 7.0).unwrap();
    sheet.write_string(4, 3, "有逗号,\"引号\"\n和换行").unwrap();
    // A styled cell far away is no 16,384 columns and a million rows.
    sheet.write_blank(1_048_575, 16_383, &Format::new().set_bold()).unwrap();
    desk.file("a.xlsx", book.save_to_buffer().unwrap());
    let ran = desk.ahu("classify a.xlsx");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut reader = csv::ReaderBuilder::new().from_reader(ran.stdout.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].iter().take(4).collect::<Vec<_>>(), ["1.23457E+17", "2026-11-01 08:05:00", "0012", "奖励没到账"]);
    assert_eq!(rows[1].iter().take(4).collect::<Vec<_>>(), ["7", "", "", "有逗号,\"引号\"\n和换行"]);
}

#[test]
fn what_breaks_off_is_read_as_far_as_it_goes() {
    let desk = Desk::new();
    let mut csv = String::from("工单号,内容\n");
    for i in 0..20_000 {
        csv += &format!("T{i},奖励没到账 第{}次\n", i * 7919 % 10_007);
    }
    let whole = gz(csv.as_bytes());
    desk.file("cut.csv.gz", &whole[..whole.len() / 2]);
    let ran = desk.ahu("summarize --format json -o out.json cut.csv.gz");
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("ends in the middle"), "{}", ran.stderr);
    assert!(!desk.path().join("out.json").exists());
    let ran = desk.ahu("summarize --format json cut.csv.gz");
    assert_eq!(ran.code, 65);
    let [rows, classified, duplicates, quarantined] = accounting(&serde_json::from_str(&ran.stdout).unwrap());
    assert!(classified > 5_000 && rows == classified + duplicates + quarantined && quarantined <= 1, "{}", ran.stdout);
    // Several members are one file.
    let (a, b) = csv.as_bytes().split_at(csv.len() / 2);
    desk.file("members.gz", [gz(a), gz(b), vec![0; 512]].concat());
    assert_eq!(accounting(&desk.digest("members.gz"))[1], 20_000);
}

#[test]
fn bombs_and_locked_or_foreign_files_are_refused() {
    let desk = Desk::new();
    let zeros = vec![b'0'; 100 << 20];
    desk.file("a.gz", gz(&zeros));
    desk.file("a.zst", zstd::encode_all(&zeros[..], 3).unwrap());
    desk.file("a.xlsx", zip(&[("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>"), ("xl/sharedStrings.xml", &zeros)]));
    desk.file("a.zip", zip(&[("a.csv", &zeros)]));
    for file in ["a.gz", "a.zst", "a.xlsx", "a.zip"] {
        let begun = std::time::Instant::now();
        let ran = desk.ahu(&format!("summarize {file}"));
        assert_eq!(ran.code, 65, "{file}: {}", ran.stderr);
        assert!(ran.stderr.contains("hundreds of times its size"), "{file}: {}", ran.stderr);
        assert!(begun.elapsed().as_secs() < 10, "{file} took {:?}", begun.elapsed());
    }
    let many = b"<sst uniqueCount=\"100000000000\"><si><t>x</t></si></sst>";
    desk.file("many.xlsx", zip(&[("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>"), ("xl/sharedStrings.xml", many)]));
    let ran = desk.ahu("summarize many.xlsx");
    assert_eq!((ran.code, ran.stderr.contains("more texts than bytes")), (65, true), "{}", ran.stderr);
    // An archive may even hold itself.
    let deep = (0..4).fold("编号,内容\n1,闪退\n".as_bytes().to_vec(), |inner, _| zip(&[("inside", &inner)]));
    desk.file("deep.zip", deep);
    let ran = desk.ahu("summarize deep.zip");
    assert_eq!((ran.code, ran.stderr.contains("packed more than 3 times over")), (65, true), "{}", ran.stderr);
    desk.file("half.xlsx", &xlsx(&[("a", &[vec!["工单号".into(), "内容".into()]])])[..900]);
    assert_eq!(desk.ahu("summarize half.xlsx").code, 65);
}

#[test]
fn json_rows_that_are_none_are_set_aside() {
    let desk = Desk::new();
    let long = "x".repeat(5 << 20);
    let lines = [
        r#"{"id":9007199254740993,"content":"奖励没到账"}"#.to_owned(),
        format!("{{\"id\":2,\"content\":\"{long}\"}}"),
        r#"{"id":3,"id":4,"content":"闪退"}"#.to_owned(),
        r#"{"id":5,"content":"\ud83d"}"#.to_owned(),
        "[".repeat(100_000),
        r#"{"id":6,"content":"闪退","extra":{"deep":[1,2]}}"#.to_owned(),
    ];
    desk.file("a.jsonl", lines.join("\n"));
    assert_eq!(accounting(&desk.digest("a.jsonl")), [6, 2, 0, 4]);
    let ran = desk.ahu("classify a.jsonl");
    assert!(ran.stdout.starts_with("id,content,extra.deep,ahu_kind"), "{}", ran.stdout);
    assert!(ran.stdout.contains("\n9007199254740993,奖励没到账,,complaint"), "{}", ran.stdout);
}

#[test]
fn rows_inside_one_object_are_pointed_at() {
    let desk = Desk::new();
    let rows: Vec<String> = (0..9).map(|i| format!("{{\"工单号\":{i},\"内容\":\"闪退\"}}")).collect();
    desk.file("a.json", format!("{{\"code\":0,\"data\":{{\"list\":[{}]}}}}", rows.join(",")));
    let ran = desk.ahu("summarize a.json");
    assert_eq!(ran.code, 65, "{}", ran.stdout);
    assert!(ran.stderr.contains("inside `data.list`") && ran.stderr.contains("jq '.data.list'"), "{}", ran.stderr);
    desk.file("pages.json", format!("[{}][{}]", rows[..4].join(","), rows[4..].join(",null,")));
    assert_eq!(accounting(&desk.digest("pages.json")), [13, 9, 0, 4]);
}
