//! Review sheets: made, corrected, taken back.

use crate::formats::xlsx;
use crate::learn::examples;
use crate::run::Desk;
use ahu::taxonomy::Taxonomy;
use calamine::{Data, Reader};
use std::collections::HashMap;
use std::fmt::Write;
use std::process::Command;

const LABEL: usize = 7;

fn of_field(taxonomy: &Taxonomy, cause: usize) -> Option<String> {
    let id = taxonomy.packs[taxonomy.causes[cause].pack].id.clone();
    ["game", "shop", "bank", "telecom"].contains(&id.as_str()).then_some(id)
}

/// The rows of a sheet of a workbook.
fn sheet(desk: &Desk, file: &str, name: &str) -> Vec<Vec<String>> {
    let mut book = calamine::open_workbook_auto(desk.path().join(file)).expect("a workbook");
    let range = book.worksheet_range(name).expect("the sheet");
    range.rows().map(|row| row.iter().map(Data::to_string).collect()).collect()
}

/// Id to label, of a file that [`examples`] has written.
fn truth(desk: &Desk, file: &str) -> HashMap<String, String> {
    desk.read(file).lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>()).map(|c| (c[0].clone(), c[2].clone())).collect()
}

/// Fills in the column of labels by the truth: `对` where the decision is right.
fn fill(rows: &mut [Vec<String>], truth: &HashMap<String, String>) {
    for row in &mut rows[1..] {
        let label = &truth[&row[0]];
        row[LABEL] = if *label == row[3] { "对".to_owned() } else { label.clone() };
    }
}

/// A desk with few labelled rows in `few.csv`, many without a label in `rest.csv`, and a model of the few.
fn desk_with_a_model() -> (Desk, HashMap<String, String>) {
    let desk = Desk::new();
    examples(&desk, of_field);
    let all = desk.read("train.csv");
    let truth = truth(&desk, "train.csv");
    // Two in a hundred are labelled.
    let (mut few, mut rest) = (String::from("编号,内容,标签\n"), String::from("编号,内容\n"));
    for (i, line) in all.lines().skip(1).enumerate() {
        if i % 50 == 0 {
            few += &format!("{line}\n");
        } else {
            rest += &format!("{}\n", line.rsplit_once(',').expect("a label").0);
        }
    }
    desk.file("few.csv", few);
    desk.file("rest.csv", rest);
    let ran = desk.ahu("train few.csv --target product --text-column 内容 --label-column 标签 -o old.ahu");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    (desk, truth)
}

const REVIEW: &str = "review rest.csv --target product --model old.ahu --min-confidence 0 --taxonomy none --size 150";
const LEARN: &str = "--store labels.jsonl --target product --taxonomy none --model old.ahu --train-from few.csv --text-column 内容 --label-column 标签 --by 阿虎 --reviewed-at 2026-11-22";

fn right_of(desk: &Desk, model: &str) -> (usize, usize) {
    let out = desk.ahu(&format!("classify test.csv --model {model} --taxonomy none --min-confidence 0")).stdout;
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let rows: Vec<HashMap<String, String>> = reader.deserialize().map(|r| r.expect("a row")).collect();
    (rows.iter().filter(|r| r["ahu_product"] == r["标签"]).count(), rows.len())
}

#[test]
fn a_corrected_sheet_makes_a_better_model() {
    let (desk, truth) = desk_with_a_model();
    let ran = desk.ahu(&format!("{REVIEW} -o sheet.xlsx"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("150 tickets: 50 at random, 50 not decided surely, 50 unlike the others"), "{}", ran.stderr);
    let mut rows = sheet(&desk, "sheet.xlsx", "复核");
    assert_eq!(rows[0].join(","), "编号,文本,产品,现判,把握,依据,抽样,正确标签,备注");
    for stratum in ["随机", "没把握", "少见"] {
        assert_eq!(rows.iter().filter(|r| r[6] == stratum).count(), 50, "{stratum}");
    }
    fill(&mut rows, &truth);
    // Two random rows are not looked at.
    let empty: Vec<usize> = (1..rows.len()).filter(|i| rows[*i][6] == "随机").take(2).collect();
    empty.iter().for_each(|i| rows[*i][LABEL].clear());
    let random_right = rows.iter().filter(|r| r[6] == "随机" && r[LABEL] == "对").count();
    desk.file("filled.xlsx", xlsx(&[("复核", &rows), ("说明", &sheet(&desk, "sheet.xlsx", "说明"))]));
    let ran = desk.ahu(&format!("learn filled.xlsx {LEARN} -o new.ahu"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("2 not looked at; 148 added to `labels.jsonl`"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("at random {random_right} of 48 decisions were right")), "{}", ran.stderr);
    assert!(ran.stderr.contains("old model: ") && ran.stderr.contains("new model: ") && ran.stderr.contains("by the new model out of fold"));
    let ((old, all), (new, _)) = (right_of(&desk, "old.ahu"), right_of(&desk, "new.ahu"));
    eprintln!("held out: {old} of {all} right before, {new} after; {}", ran.stderr);
    assert!(new > old + all / 20, "{old} of {all} before, {new} after");
    // The store holds what was told, and by whom.
    let store = desk.read("labels.jsonl");
    let first: serde_json::Value = serde_json::from_str(store.lines().next().expect("a line")).expect("JSON");
    assert_eq!((first["who"].as_str(), first["when"].as_str(), first["target"].as_str()), (Some("阿虎"), Some("2026-11-22"), Some("product")));
    assert!(first["model"].as_str().is_some_and(|m| m.len() == 16));
    // The same sheet again adds nothing.
    let ran = desk.ahu(&format!("learn filled.xlsx {LEARN}"));
    assert!(ran.code == 0 && ran.stderr.contains("; 0 added"), "{}", ran.stderr);
    assert_eq!(desk.read("labels.jsonl"), store);
    // What was looked at does not come again, what was left empty may.
    let ran = desk.ahu(&format!("{REVIEW} --store labels.jsonl -o next.csv"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let next = desk.read("next.csv");
    let seen: Vec<&str> = rows[1..].iter().filter(|r| !r[LABEL].is_empty()).map(|r| r[0].as_str()).collect();
    assert!(next.starts_with('\u{feff}') && next.lines().skip(1).all(|l| !seen.contains(&l.split(',').next().expect("an id"))));
    // Another answer is told later: it wins, and the first stays.
    let at = (1..rows.len()).find(|i| rows[*i][LABEL] == "对").expect("a confirmed row");
    rows[at][LABEL] = if rows[at][3] == "game" { "shop" } else { "game" }.to_owned();
    desk.file("filled.xlsx", xlsx(&[("复核", &rows)]));
    let ran = desk.ahu(&format!("learn filled.xlsx {LEARN}"));
    assert!(ran.code == 0 && ran.stderr.contains("; 1 added"), "{}", ran.stderr);
    let later = desk.read("labels.jsonl");
    assert!(later.starts_with(&store) && later.lines().count() == store.lines().count() + 1);
}

#[test]
fn a_wrong_label_is_refused_and_nothing_is_written() {
    let desk = Desk::new();
    desk.file("t.csv", "编号,内容\n1,奖励没到账\n2,怎么充值\n3,客服态度很好，表扬\n");
    assert_eq!(desk.ahu("review t.csv --target kind -o s.xlsx").code, 0);
    let whole = sheet(&desk, "s.xlsx", "复核");
    let with = |labels: [&str; 3]| {
        let mut rows = whole.clone();
        rows[1..].iter_mut().zip(labels).for_each(|(row, label)| row[LABEL] = label.to_owned());
        desk.file("f.xlsx", xlsx(&[("复核", &rows), ("说明", &sheet(&desk, "s.xlsx", "说明"))]));
        desk.ahu("learn f.xlsx --store l.jsonl --target kind -o m.ahu")
    };
    let ran = with(["投诉", "投拆", "hello"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("f.xlsx » 复核, row 3, column 正确标签: `投拆` is no label; the nearest is `投诉`; 1 more rows"), "{}", ran.stderr);
    assert!(!desk.path().join("l.jsonl").exists() && !desk.path().join("m.ahu").exists());
    // Kinds are a closed list whatever is asked for.
    assert_eq!(desk.ahu("learn f.xlsx --store l.jsonl --target kind --new-labels").code, 65);
    // Labels in Chinese or as codes; too few to train on, but kept.
    let ran = with(["投诉", "complaint", ""]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("at least two different labels") && ran.stderr.contains("is in the store"), "{}", ran.stderr);
    assert_eq!(desk.read("l.jsonl").matches("\"label\":\"complaint\"").count(), 2);
    for (arguments, code, message) in [
        ("learn f.xlsx --store l.jsonl --target cause", 2, "the sheet is about `kind`, `--target` says `cause`"),
        ("learn t.csv --store l.jsonl --target kind", 2, "no column is called `文本`"),
        ("learn none.xlsx --store l.jsonl --target kind", 74, "none.xlsx"),
        ("learn f.xlsx --store f.xlsx --target kind", 2, "is an input too"),
        ("learn f.xlsx --store t.csv --target kind", 65, "t.csv, line 1: expected an entry"),
        ("learn f.xlsx --store l.jsonl --target kind --reviewed-at soon", 2, "--reviewed-at"),
        ("review t.csv --target kind -o s.pdf", 2, ".xlsx or .csv"),
        ("review t.csv --target kind --size 0", 2, "`--size`: expected 1 to 10000"),
    ] {
        let ran = desk.ahu(arguments);
        assert!(ran.code == code && ran.stderr.contains(message), "{arguments}: {} {}", ran.code, ran.stderr);
    }
}

#[test]
fn new_labels_and_tickets_that_none_fits() {
    let desk = Desk::new();
    let mut rows: Vec<Vec<String>> = vec!["编号,文本,现判,抽样,正确标签".split(',').map(str::to_owned).collect()];
    for i in 0..30 {
        let (text, label) = [("发票开错了", "发票 / 开错"), ("耳机坏了一边", "耳机"), ("哈哈哈哈", "无")][i % 3];
        rows.push([format!("{i}"), format!("{text}{i}"), "（未判）".into(), "随机".into(), label.into()].to_vec());
    }
    desk.file("s.xlsx", xlsx(&[("任意", &rows)]));
    let ran = desk.ahu("learn s.xlsx --store l.jsonl --target cause --taxonomy none -o m.ahu");
    assert!(ran.code == 65 && ran.stderr.contains("s.xlsx » 任意, row 2, column 正确标签: `发票 / 开错` is no label"), "{}", ran.stderr);
    let ran = desk.ahu("learn s.xlsx --store l.jsonl --target cause --taxonomy none --new-labels -o m.ahu");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("（未判） → 耳机 10") && ran.stderr.contains("30 rows, 2 labels"), "{}", ran.stderr);
    // A row where nothing was decided cannot be right.
    rows[1][4] = "对".into();
    desk.file("s.xlsx", xlsx(&[("任意", &rows)]));
    let ran = desk.ahu("learn s.xlsx --store l.jsonl --target cause --taxonomy none --new-labels");
    assert!(ran.code == 65 && ran.stderr.contains("row 2") && ran.stderr.contains("nothing was decided"), "{}", ran.stderr);
}

#[test]
fn ids_and_texts_come_back_as_they_were() {
    let desk = Desk::new();
    let ids = ["00123", "=1+1", "+8613800000000-x", "123456789012345678901", "1E5", "'quoted", "2026-11-01"];
    let mut file = String::from("工单号,内容\n");
    for (i, id) in ids.iter().enumerate() {
        let _ = writeln!(file, "{id},\"=奖励没到账 {i}，\"\"电话\"\"13812345678\n第二行\"");
    }
    desk.file("t.csv", &file);
    for name in ["s.xlsx", "s.csv"] {
        let ran = desk.ahu(&format!("review t.csv --target kind -o {name}"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let mut rows = if name == "s.xlsx" { sheet(&desk, name, "复核") } else { csv_rows(&desk.read(name)) };
        rows[1..].iter_mut().for_each(|row| row[LABEL] = "咨询".to_owned());
        desk.file(name, if name == "s.xlsx" { xlsx(&[("复核", &rows)]) } else { crate::formats::as_csv(&rows) });
        let ran = desk.ahu(&format!("learn {name} --store {name}.jsonl --target kind"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let mut seen: Vec<String> = Vec::new();
        for line in desk.read(&format!("{name}.jsonl")).lines() {
            let entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let text = entry["text"].as_str().expect("a text");
            assert!(text.starts_with("=奖励没到账 ") && text.ends_with("，\"电话\"138********\n第二行"), "{name}: {text}");
            seen.push(entry["id"].as_str().expect("an id").to_owned());
        }
        seen.sort();
        let mut wanted = ids.to_vec();
        wanted.sort_unstable();
        assert_eq!(seen, wanted, "{name}");
    }
    // Tickets without an id are known again by their texts, wherever they stand.
    desk.file("u.csv", "内容\n闪退了怎么办13812345678\n退款一直没到\n");
    desk.file("v.csv", "内容\n别的\n退款一直没到\n闪退了怎么办13812345678\n");
    assert_eq!(desk.ahu("review u.csv --text-column 内容 --target kind -o u.csv.csv").code, 0);
    let filled = desk.read("u.csv.csv").replace(",,\n", ",其他,\n");
    desk.file("u.csv.csv", filled);
    assert_eq!(desk.ahu("learn u.csv.csv --store u.jsonl --target kind").code, 0);
    let left = desk.ahu("review v.csv --text-column 内容 --target kind --store u.jsonl").stdout;
    assert!(left.lines().count() == 2 && left.contains("别的"), "{left}");
}

fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect()
}

#[test]
fn threads_change_nothing_and_lists_are_closed() {
    let desk = Desk::new();
    let mut file = String::from("编号,产品,内容\n");
    for i in 0..5_000 {
        let text = ["奖励没到账", "怎么退款", "登录不上去了", "你好", "建议出一个夜间模式"][i % 5];
        let _ = writeln!(file, "E{i},某某手游,{text}{i}");
    }
    desk.file("t.csv", file);
    for target in ["kind", "product", "cause"] {
        let sheets = [1, 2, 5].map(|threads| {
            let ran = desk.ahu(&format!("review t.csv --target {target} --threads {threads} -o s.xlsx"));
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            std::fs::read(desk.path().join("s.xlsx")).expect("a sheet")
        });
        assert!(sheets[0] == sheets[1] && sheets[1] == sheets[2], "{target}");
        let labels = sheet(&desk, "s.xlsx", "标签");
        // More labels than a list of 255 characters could hold: the drop-down refers to them.
        assert_eq!(labels[1][0], "对");
        assert!(target != "cause" || labels.len() > 500, "{}", labels.len());
        let mut book = zip::ZipArchive::new(std::io::Cursor::new(&sheets[0])).expect("a zip");
        let mut xml = String::new();
        std::io::Read::read_to_string(&mut book.by_name("xl/worksheets/sheet1.xml").expect("the first sheet"), &mut xml).expect("XML");
        assert!(xml.contains(&format!("<formula1>标签!$A$2:$A${}</formula1>", labels.len())) && xml.contains("H2:H61"), "{target}");
    }
    if let Some(office) = ["soffice", "libreoffice"].into_iter().find(|p| Command::new(p).arg("--version").output().is_ok()) {
        let mut command = Command::new(office);
        command.args(["--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1", "s.xlsx"]).current_dir(desk.path());
        let home = format!("-env:UserInstallation=file://{}/office", desk.path().display());
        assert!(command.arg(home).status().expect("the office runs").success());
        assert_eq!(csv_rows(&desk.read("s.csv")).len(), 61);
    } else {
        eprintln!("skipped: no LibreOffice here to open the sheet");
    }
}
