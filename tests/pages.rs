//! Digests in every format: the same numbers in all of them, nothing of a ticket that takes effect, pages that work.

use crate::browser::Browser;
use crate::run::Desk;
use calamine::{Data, Reader};
use regex::Regex;
use std::collections::BTreeMap;

/// Counts by product, kind and cause.
type Counts = BTreeMap<(String, String, String), u64>;

const KINDS: [(&str, &str); 6] =
    [("complaint", "投诉"), ("inquiry", "咨询"), ("suggestion", "建议"), ("praise", "表扬"), ("other", "其他"), ("undecided", "未判定")];

fn code(shown: &str) -> String {
    KINDS.iter().find(|k| k.1 == shown).unwrap_or_else(|| panic!("no kind `{shown}`")).0.to_owned()
}

fn of_json(text: &str) -> Counts {
    let digest: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let mut counts = Counts::new();
    let said = |v: &serde_json::Value| v.as_str().expect("a string").to_owned();
    for product in digest["products"].as_array().expect("products") {
        for kind in product["kinds"].as_array().expect("kinds") {
            let mut put =
                |cause: String, n: &serde_json::Value| counts.insert((said(&product["product"]), said(&kind["kind"]), cause), n.as_u64().expect("a count"));
            for cause in kind["causes"].as_array().expect("causes") {
                put(said(&cause["cause"]), &cause["count"]);
            }
            put(String::new(), &kind["unassigned"]["count"]);
        }
    }
    counts.retain(|_, n| *n > 0);
    counts
}

fn of_csv(text: &str) -> Counts {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let head = reader.headers().expect("a header").clone();
    let at = |name: &str| head.iter().position(|h| h == name).unwrap_or_else(|| panic!("no {name} in {head:?}"));
    let [product, kind, cause, count] = ["product", "kind", "cause", "count"].map(at);
    let rows = reader.records().map(|r| r.expect("a row"));
    rows.map(|r| ((r[product].to_owned(), r[kind].to_owned(), r[cause].to_owned()), r[count].parse().expect("a count"))).filter(|(_, n)| *n > 0).collect()
}

fn of_markdown(text: &str) -> Counts {
    let mut counts = Counts::new();
    let mut product = String::new();
    let brackets = Regex::new("（.*").expect("a pattern");
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("## ") {
            product = head.split('：').next().expect("a name").replace("未注明产品", "");
        } else if let [_, kind, cause, n, ..] = line.split(" | ").flat_map(|c| c.split("| ")).collect::<Vec<_>>()[..]
            && KINDS.iter().any(|k| k.1 == kind)
        {
            let cause = brackets.replace(cause, "").split('：').next().expect("a cause").replace("未归类", "").replace('\\', "");
            counts.insert((product.clone(), code(kind), cause), brackets.replace(n, "").parse().expect("a count"));
        }
    }
    counts
}

fn plain(percent: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = percent.bytes();
    while let Some(b) = rest.next() {
        let hex = |r: &mut std::str::Bytes<'_>| String::from_utf8(r.take(2).collect()).ok().and_then(|h| u8::from_str_radix(&h, 16).ok());
        bytes.push(if b == b'%' { hex(&mut rest).expect("two digits") } else { b });
    }
    String::from_utf8(bytes).expect("UTF-8")
}

fn of_page(text: &str) -> Counts {
    let row = Regex::new(r#"<th scope="row"><a href="\#t\?p=([^&"]*)&amp;k=([^&"]*)&amp;c=([^&"]*)">.*?</th><td class="n">(\d+)"#).expect("a pattern");
    let rows = row.captures_iter(text).map(|c| ((plain(&c[1]), plain(&c[2]), plain(&c[3])), c[4].parse().expect("a count")));
    rows.filter(|(_, n)| *n > 0).collect()
}

fn workbook(path: &std::path::Path) -> calamine::Xlsx<std::io::BufReader<std::fs::File>> {
    calamine::open_workbook(path).expect("a workbook")
}

fn of_workbook(path: &std::path::Path) -> Counts {
    let sheet = workbook(path).worksheet_range("明细数据").expect("the sheet");
    let said = |row: &[Data], at: usize| row[at].to_string();
    sheet
        .rows()
        .skip(1)
        .map(|r| {
            let (product, cause) = (said(r, 0).replace("未注明产品", ""), said(r, 3).replace("未归类", ""));
            ((product, code(&said(r, 1)), cause), said(r, 4).parse().expect("a count"))
        })
        .filter(|(_, n)| *n > 0)
        .collect()
}

/// The same counts, read back from every format.
fn assert_same(desk: &Desk, command: &str) -> Counts {
    let of = |format: &str| {
        let ran = desk.ahu(&format!("{command} --format {format} -o out.{format}"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        desk.path().join(format!("out.{format}"))
    };
    let text = |format: &str| std::fs::read_to_string(of(format)).expect("text");
    let counts = of_json(&text("json"));
    assert_eq!(of_csv(&text("csv")), counts, "CSV");
    assert_eq!(of_markdown(&text("markdown")), counts, "Markdown");
    assert_eq!(of_page(&text("html")), counts, "HTML");
    assert_eq!(of_workbook(&of("xlsx")), counts, "the workbook");
    counts
}

const SETTINGS: &str =
    "[run]\ninputs = [\"in/*.csv\"]\nhistory = \"history.db\"\noutput = \"out\"\nsettle_seconds = 0\nformats = [\"text\", \"json\", \"html\", \"xlsx\"]\n";

#[test]
fn every_format_has_the_same_numbers() {
    let desk = Desk::new();
    desk.file("in/a.csv", include_bytes!("../data/story/tickets.csv"));
    let counts = assert_same(&desk, "summarize in/a.csv");
    assert_eq!(counts[&("A".to_owned(), "complaint".to_owned(), "活动 / 奖品未到账".to_owned())], 12);
    // And from a history, held against the days before.
    desk.file("in/b.csv", "事件号,时间,游戏,内容\nX1,2025-08-22 10:00,A,活动奖励没到账\nX2,2025-08-22 10:00,丁,呵呵呵\n");
    desk.file("ahu.toml", SETTINGS);
    assert_eq!(desk.ahu("run --as-of 2025-08-24").code, 0);
    let of_day = assert_same(&desk, "report day --as-of 2025-08-23");
    assert_eq!(of_day, counts);
    assert!(assert_same(&desk, "report week --as-of 2025-08-23").values().sum::<u64>() > counts.values().sum());
    // The folder holds what was asked for.
    let names = |day: &str| {
        let mut all: Vec<String> =
            desk.path().join("out").join(day).read_dir().expect("a folder").map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        all.sort();
        all
    };
    assert_eq!(names("2025-08-23"), ["digest.html", "digest.json", "digest.txt", "digest.xlsx", "teams"]);
    let page = desk.read("out/2025-08-23/digest.html");
    assert_eq!(of_page(&page), counts);
    assert!(page.contains("<mark>") || page.contains("\"marks\"") || page.contains("奖"), "texts are in it");
}

/// What people have put into tickets to see what happens.
const PAYLOADS: [&str; 20] = [
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "<!--<script>window.hacked=1",
    "<img src=x onerror=window.hacked=1>",
    "\"><svg onload=window.hacked=1>",
    "' onmouseover='window.hacked=1",
    "javascript:window.hacked=1",
    "](javascript:window.hacked=1)",
    "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1/'>",
    "</title><script>window.hacked=1</script>",
    "=HYPERLINK(\"http://x\",\"点我\")",
    "=cmd|' /C calc'!A0",
    "＝1+1",
    "@SUM(1+1)",
    "+1+1",
    "-1+cmd|' /C calc'!A0",
    "\u{1b}]52;c;aGk=\u{7}红\u{1b}[31m",
    "\u{202e}倒着\u{2066}写",
    "${alert(1)}{{constructor.constructor('window.hacked=1')()}}",
];

fn hostile(desk: &Desk) {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["编号", "时间", "产品", "渠道", "内容"]).expect("a row");
    for (i, p) in PAYLOADS.iter().enumerate() {
        out.write_record([&format!("{p}{i}"), "2026-11-02 10:00", p, p, &format!("一进游戏就闪退 {p}")]).expect("a row");
        out.write_record([&format!("k{i}"), "2026-11-02 10:00", "甲", "在线", &format!("{p} 喵喵喵 {p}")]).expect("a row");
    }
    desk.file("in/a.csv", out.into_inner().expect("bytes"));
    let causes: String = (0..3).map(|i| format!("[[cause]]\npath = \"坏 / {}\"\nkinds = [\"complaint\"]\nrules = ['喵喵喵']\nteam = '{}'\nmatch = [\"喵喵喵啊\", \"喵喵喵呢\"]\nreject = [\"猫猫\", \"喵\"]\n", ["<b onclick=window.hacked=1>x</b>", "=1+1", "x"][i], ["../../x", "<script>", "=1"][i])).collect();
    desk.file("mine.toml", causes);
}

#[test]
fn nothing_of_a_ticket_takes_effect_in_any_format() {
    let desk = Desk::new();
    hostile(&desk);
    let control = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    for format in ["text", "markdown", "csv", "json", "html", "xlsx"] {
        let ran = desk.ahu(&format!("summarize --taxonomy mine.toml --ids --format {format} -o out.{format} in/a.csv"));
        assert_eq!(ran.code, 0, "{format}: {}", ran.stderr);
        if format == "xlsx" {
            continue;
        }
        let text = desk.read(&format!("out.{format}"));
        let at = text.char_indices().find(|(_, c)| control(*c) && !(format == "csv" && *c == '\r'));
        assert!(at.is_none(), "{format}: {at:?}");
    }
    let page = desk.read("out.html");
    assert_eq!(page.matches("<script").count(), 2, "its data and its script");
    assert!(!page.contains("<img") && !page.contains("<svg onload") && page.matches("<meta").count() == 5);
    let mut book = workbook(&desk.path().join("out.xlsx"));
    let mut cells = 0;
    for name in book.sheet_names() {
        assert!(book.worksheet_formula(&name).expect("formulas").is_empty(), "{name} has formulas");
        for cell in book.worksheet_range(&name).expect("a sheet").used_cells() {
            cells += 1;
            assert!(!cell.2.to_string().chars().any(control), "{name}: {:?}", cell.2);
        }
    }
    assert!(cells > 500, "{cells}");
    for line in csv::Reader::from_reader(desk.read("out.csv").as_bytes()).records().map(|r| r.expect("a row")) {
        for cell in &line {
            let live = cell.starts_with(['=', '+', '@', '＝', '＋', '＠', '\t', '\r']) || (cell.starts_with(['-', '－']) && cell.parse::<f64>().is_err());
            assert!(!live, "{cell}");
        }
    }
    let Some(browser) = Browser::open(1_000, 800, false) else { return };
    for place in
        ["", "#t?", "#t?q=%3Cscript%3E", "#t?p=%3Cscript%3Ewindow.hacked=1%3C/script%3E&k=complaint", "#t?id=%22%3E%3Csvg%20onload=window.hacked=1%3E4"]
    {
        browser.go(&desk.path().join("out.html"), place);
        let handlers = "return [...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on') || /^ *javascript:/i.test(a.value)).length";
        assert_eq!(browser.eval(handlers), 0, "{place}");
        assert_eq!(
            browser.eval("return [window.hacked ?? 0, document.querySelectorAll('img, iframe, object, #list script').length]"),
            serde_json::json!([0, 0]),
            "{place}"
        );
    }
    browser.go(&desk.path().join("out.html"), "#t?");
    assert_eq!(browser.eval("return document.querySelectorAll('#list li').length"), 2 * PAYLOADS.len());
    // The policy refuses what is put in afterwards, too.
    browser.eval("const s = document.createElement('script'); s.textContent = 'window.hacked=1'; document.body.append(s); const i = new Image(); i.src = 'data:image/gif;base64,AAAA'; document.body.append(i)");
    assert_eq!(browser.eval("return window.hacked ?? 0"), 0);
    assert!(browser.console().iter().any(|m| m.contains("Content Security Policy")), "{:?}", browser.console());
}

#[test]
fn a_page_is_clicked_down_to_its_tickets() {
    let desk = Desk::new();
    assert_eq!(desk.ahu_with(&["summarize", "--format", "html", "-o", "story.html"], Some(include_bytes!("../data/story/tickets.csv"))).code, 0);
    let page = desk.path().join("story.html");
    let Some(browser) = Browser::open(1_200, 900, false) else { return };
    browser.go(&page, "");
    assert_eq!(browser.eval("return document.getElementById('drawer').hidden"), true);
    browser.click("tbody th a[href*='%E5%A5%96%E5%93%81%E6%9C%AA%E5%88%B0%E8%B4%A6']");
    let shown = "return [document.getElementById('found').textContent, document.querySelectorAll('#list li').length, document.querySelectorAll('#list mark').length > 0]";
    assert_eq!(browser.eval(shown), serde_json::json!(["12 件工单", 12, true]));
    browser.type_into("#fq", "EV250823003");
    assert_eq!(browser.eval("return document.querySelector('#list .id').textContent"), "EV250823003");
    assert_eq!(browser.eval("return document.getElementById('found').textContent"), "1 件工单");
    // Back to what was there before, by a key.
    browser.eval("document.getElementById('drawer').dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}))");
    assert_eq!(browser.eval("return [document.getElementById('drawer').hidden, location.hash]"), serde_json::json!([true, ""]));
    // All of a product and kind, and then another kind by the list.
    browser.go(&page, "#t?p=A&k=inquiry");
    assert_eq!(browser.eval("return document.getElementById('found').textContent"), "20 件工单");
    browser.eval("const k = document.getElementById('fk'); k.value = '=complaint'; k.dispatchEvent(new Event('change', {bubbles: true}))");
    assert_eq!(browser.eval("return [document.getElementById('found').textContent, location.hash]"), serde_json::json!(["30 件工单", "#t?p=A&k=complaint"]));
    browser.go(&page, "#t?q=%E6%B2%A1%E6%9C%89%E8%BF%99%E6%A0%B7%E7%9A%84");
    assert_eq!(browser.eval("return document.getElementById('found').textContent"), "没有符合的工单");
    assert!(browser.console().is_empty(), "{:?}", browser.console());
    // Every control has a name, and the page a language.
    let nameless =
        "return [...document.querySelectorAll('a,button,select,input')].filter(e => !(e.textContent.trim() || e.ariaLabel || e.closest('label'))).length";
    assert_eq!(browser.eval(nameless), 0);
    assert_eq!(browser.eval("return document.documentElement.lang"), "zh-CN");
    // A phone shows it without scrolling sideways.
    drop(browser);
    let Some(phone) = Browser::open(500, 900, true) else { return };
    phone.go(&page, "");
    assert_eq!(phone.eval("return document.documentElement.scrollWidth <= innerWidth"), true);
    assert_eq!(
        phone.eval("return matchMedia('(prefers-color-scheme: dark)').matches && getComputedStyle(document.body).backgroundColor !== 'rgb(251, 250, 248)'"),
        true
    );
}

#[test]
fn a_page_with_more_tickets_than_it_has_room_for_says_so() {
    let desk = Desk::new();
    let row = |i: u32| format!("{i},{},甲\n", ["一进游戏就闪退", "活动奖励没到账", "账号被盗了"][if i.is_multiple_of(5_000) { 2 } else { i as usize % 2 }]);
    desk.file("a.csv", format!("编号,内容,产品\n{}", (1..=12_000).map(row).collect::<String>()));
    assert_eq!(desk.ahu("summarize --format html -o out.html a.csv").code, 0);
    let page = desk.read("out.html");
    assert!(page.contains("本页附有 12000 件工单中的 10000 件"), "{}", &page[page.len() - 3_000..]);
    let data =
        Regex::new(r#"(?s)<script type="application/json" id="data">(.*?)</script>"#).expect("a pattern").captures(&page).expect("its data")[1].to_owned();
    let data: serde_json::Value = serde_json::from_str(&data).expect("JSON");
    let tickets = data["tickets"].as_array().expect("tickets");
    assert!(tickets.len() <= 10_000 && tickets.len() > 9_990, "{}", tickets.len());
    // The rare ones are all there.
    assert_eq!(tickets.iter().filter(|t| t[8] == "账号被盗了").count(), 2);
}

#[test]
fn rows_that_could_not_be_read_have_their_page() {
    let desk = Desk::new();
    desk.file("a.csv", "编号,时间,内容\n1,2026-11-02,一进游戏就闪退\n2,2026-02-30,闪退\n3,2026-11-03,闪退了,多一格,<b>\n");
    assert_eq!(desk.ahu("summarize --format html -o out.html a.csv").code, 0);
    let page = desk.read("out.html");
    assert!(page.contains("没有读进来的行") && page.contains("日期读不懂") && page.contains("2026-02-30"), "{page}");
    assert_eq!(desk.ahu("summarize --format xlsx -o out.xlsx a.csv").code, 0);
    let sheet = workbook(&desk.path().join("out.xlsx")).worksheet_range("未读入的行").expect("the sheet");
    assert_eq!(sheet.rows().count(), 3);
}

#[test]
fn the_last_page_of_a_night_tells_of_rows_that_could_not_be_read() {
    let desk = Desk::new();
    desk.file("ahu.toml", "[run]\ninputs = [\"in/*.csv\"]\nhistory = \"h.db\"\noutput = \"out\"\nsettle_seconds = 0\n");
    desk.file("in/a.csv", "编号,时间,产品,内容\nE1,2026-11-20,甲,闪退\nE2,2026-11-21,甲,闪退\nE3,2026-02-30,甲,电话13812345678\n");
    let run = || assert_eq!(desk.ahu("run --as-of 2026-11-22").code, 0);
    let told = |day: &str| desk.read(&format!("out/{day}/digest.html")).contains("2026-02-30");
    run();
    assert_eq!((told("2026-11-20"), told("2026-11-21")), (false, true));
    // Issued anew from the history, it is the same.
    let page = desk.read("out/2026-11-21/digest.html");
    std::fs::remove_dir_all(desk.path().join("out")).expect("removed");
    assert_eq!(desk.ahu("run --as-of 2026-11-22 --rebuild").code, 0);
    run();
    assert_eq!(desk.read("out/2026-11-21/digest.html"), page);
}

#[test]
fn a_workbook_keeps_ids_and_names_its_sheets() {
    let desk = Desk::new();
    let long = "名".repeat(300);
    let rows: String = ["甲/乙", "甲*乙", "History", "总览", "", "'引号'", &long, &(long.clone() + "二")]
        .iter()
        .enumerate()
        .map(|(i, p)| format!("00{i}234567890123456789,2026-11-02 10:0{i},{p},闪退了\n"))
        .collect();
    desk.file("a.csv", format!("编号,时间,产品,内容\n{rows}"));
    assert_eq!(desk.ahu("summarize --format xlsx -o out.xlsx a.csv").code, 0);
    let mut book = workbook(&desk.path().join("out.xlsx"));
    let names = book.sheet_names();
    assert_eq!(names.len(), 8 + 3, "{names:?}");
    assert!(names.iter().all(|n| n.encode_utf16().count() <= 31), "{names:?}");
    let tickets = book.worksheet_range("工单").expect("the tickets");
    assert_eq!(tickets.get_value((1, 0)), Some(&Data::String("000234567890123456789".to_owned())));
    assert!(matches!(tickets.get_value((1, 1)), Some(Data::DateTime(_))), "{:?}", tickets.get_value((1, 1)));
    // Another program opens it and finds the same.
    let opened = std::process::Command::new("soffice")
        .args(["--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "--outdir"])
        .args([desk.path(), &desk.path().join("out.xlsx")])
        .env("HOME", desk.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    if !opened.is_ok_and(|s| s.success()) {
        eprintln!("skipped: no LibreOffice to open it");
        return;
    }
    let seen = desk.read("out-工单.csv");
    assert!(seen.contains("000234567890123456789,2026-11-02 10:00"), "{seen}");
}
