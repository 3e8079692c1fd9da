//! Inputs that break readers, each with the right behaviour.

use crate::run::{Desk, accounting};
use ahu::ingest::Encoding;
use std::fmt::Write as _;

fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = encoding_rs::GB18030.encode(text);
    assert!(!lossy);
    bytes.into_owned()
}

fn big5(text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = encoding_rs::BIG5.encode(text);
    assert!(!lossy);
    bytes.into_owned()
}

#[test]
fn gbk_after_fifty_thousand_plain_rows_is_gbk() {
    let desk = Desk::new();
    let mut text = String::from("id,text\n");
    for i in 0..50_000 {
        writeln!(text, "{i},plain ascii text without any hanzi at all").unwrap();
    }
    text.push_str("x1,充值到现在还没到账，什么垃圾客服\n");
    desk.file("late.csv", gbk(&text));
    let ran = desk.ahu("classify late.csv");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let last = ran.stdout.lines().last().unwrap();
    assert!(last.starts_with("x1,充值到现在还没到账，什么垃圾客服,complaint"), "{last}");
    assert!(!ran.stdout.contains('\u{FFFD}'));
}

#[test]
fn too_few_characters_are_not_guessed() {
    let desk = Desk::new();
    desk.file("thanks.csv", gbk("id,text\n1,谢谢\n"));
    let ran = desk.ahu("summarize thanks.csv");
    assert_eq!(ran.code, 65);
    assert!(ran.stderr.contains("谢谢") && ran.stderr.contains("лл") && ran.stderr.contains("--encoding gb18030"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_eq!(desk.ahu("summarize --encoding gbk thanks.csv").code, 0);
}

#[test]
fn a_big5_file_among_gbk_ones() {
    let desk = Desk::new();
    desk.file("in/a.csv", gbk("编号,内容\n1,活动奖励一直没有收到，客服也不回复\n2,请问会员怎么取消自动续费\n"));
    desk.file("in/b.csv", big5("編號,內容\n3,活動獎勵一直沒有收到，客服也不回覆\n4,請問會員怎麼取消自動續費\n"));
    let d = desk.digest("--ids in");
    assert_eq!(accounting(&d), [4, 4, 0, 0]);
    let causes = d["products"][0]["kinds"][0]["causes"].as_array().unwrap();
    assert_eq!(causes[0]["ids"], serde_json::json!(["1", "3"]), "the same cause in both scripts: {causes:?}");
}

#[test]
fn delimiters_hide_in_two_byte_characters() {
    let desk = Desk::new();
    let text = "编号|内容\n1|东西坏了，東西壞了\n2|買的東西一直没有发货\n";
    assert!(gbk("東").contains(&b'|'), "the trap is there");
    desk.file("pipe.csv", gbk(text));
    let ran = desk.ahu("classify pipe.csv");
    assert!(ran.stdout.contains("1,东西坏了，東西壞了,"), "{}{}", ran.stdout, ran.stderr);
    desk.file("slash.csv", big5("編號,內容\n1,許功蓋先生的訂單一直沒有出貨\n2,我的帳號登入不了請幫忙處理\n"));
    let ran = desk.ahu("classify slash.csv");
    assert!(ran.stdout.contains("許功蓋先生的訂單"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn utf16_with_tabs_named_csv() {
    let desk = Desk::new();
    let bytes: Vec<u8> = [0xFF, 0xFE].into_iter().chain("编号\t内容\r\n1\t登录不上去了，怎么回事\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    desk.file("excel.csv", bytes);
    let ran = desk.ahu("classify excel.csv");
    assert!(ran.stdout.contains("\n1,登录不上去了，怎么回事,"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn byte_order_marks_and_second_headers_are_no_rows() {
    let desk = Desk::new();
    desk.file("two.csv", "\u{feff}\u{feff}编号,内容\n1,退款一直没到\n");
    desk.file("quoted.csv", "\u{feff}\"编号\",\"内容\"\n1,退款一直没到\n");
    desk.file("joined.csv", "编号,内容\n1,退款一直没到\n编号,内容\n2,怎么开发票\n");
    for (file, rows) in [("two.csv", 1), ("quoted.csv", 1), ("joined.csv", 2)] {
        let d = desk.digest(file);
        assert_eq!(accounting(&d), [rows, rows, 0, 0], "{file}");
    }
}

#[test]
fn one_unclosed_quote_at_row_ten_of_a_million() {
    let desk = Desk::new();
    let mut text = String::with_capacity(30_000_000);
    text.push_str("id,text\n");
    for i in 0..1_000_000 {
        text.push_str(if i == 9 { "9,\"退款\n" } else { "" });
        if i != 9 {
            writeln!(text, "{i},退款").unwrap();
        }
    }
    desk.file("million.csv", &text);
    let d = desk.digest("--rejects bad.csv million.csv");
    assert_eq!(accounting(&d), [1_000_000, 999_999, 0, 1]);
    let rejects = desk.read("bad.csv");
    let line = rejects.lines().nth(1).unwrap();
    let start = text.find("9,\"退款").unwrap();
    assert!(line.starts_with(&format!("million.csv,11,{start},{},bad-quote,", "9,\"退款\n".len())), "{line}");
    // The bytes come back exactly.
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(line.rsplit(',').next().unwrap()).unwrap();
    assert_eq!(bytes, "9,\"退款\n".as_bytes());
}

#[test]
fn enter_inside_an_unquoted_cell_makes_two_half_rows_none() {
    let desk = Desk::new();
    desk.file("enter.csv", "编号,产品,内容,状态\n1,A,登录不上,新\n2,A,充值没到\n账很着急,新\n3,A,闪退,新\n");
    let d = desk.digest("--rejects bad.csv enter.csv");
    assert_eq!(accounting(&d), [4, 2, 0, 2]);
    assert_eq!(desk.read("bad.csv").matches("wrong-width").count(), 2);
}

#[test]
fn empty_inputs_are_no_tickets_and_overwrite_nothing() {
    let desk = Desk::new();
    desk.file("yesterday.txt", "yesterday's digest");
    for (file, bytes) in [("empty.csv", ""), ("header.csv", "编号,内容\n"), ("bom.csv", "\u{feff}"), ("blank.csv", "\n\n\n")] {
        desk.file(file, bytes);
        let ran = desk.ahu(&format!("summarize {file}"));
        assert_eq!(ran.code, 0, "{file}: {}", ran.stderr);
        assert!(ran.stdout.contains("没有工单"), "{file}: {}", ran.stdout);
        assert_eq!(desk.ahu(&format!("summarize -o yesterday.txt {file}")).code, 0);
        assert_eq!(desk.read("yesterday.txt"), "yesterday's digest", "{file}");
    }
    assert_eq!(desk.ahu("classify header.csv").stdout, "编号,内容,ahu_kind,ahu_product,ahu_cause,ahu_confidence,ahu_evidence\n");
}

#[test]
fn nul_lone_cr_mixed_line_ends_and_no_last_one() {
    let desk = Desk::new();
    desk.file("ends.csv", "编号,内容\r\n1,登录\0不上\n2,怎么退款\r3,闪退\r\n4,\"两\r行\"\n5,没有换行");
    let d = desk.digest("ends.csv");
    assert_eq!(accounting(&d), [5, 5, 0, 0]);
    let ran = desk.ahu("summarize ends.csv");
    assert!(!ran.stdout.contains('\0'));
}

#[test]
fn a_file_still_being_copied_is_left_for_later() {
    let desk = Desk::new();
    let path = desk.file("growing.csv", "编号,内容\n1,登录不上\n2,半");
    let writer = std::thread::spawn(move || {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        for _ in 0..60 {
            std::thread::sleep(std::time::Duration::from_millis(20));
            file.write_all("截".as_bytes()).unwrap();
        }
    });
    let ran = desk.ahu("summarize -o out.txt growing.csv");
    writer.join().unwrap();
    assert_eq!(ran.code, 75, "{}", ran.stderr);
    assert!(!desk.path().join("out.txt").exists());
}

const HOSTILE: [&str; 7] = [
    "=HYPERLINK(\"http://x\")",
    "＝cmd|' /C calc'!A0",
    "<img src=x onerror=alert(1)>",
    "](javascript:alert(1))",
    "\u{1b}]52;c;eA==\u{7}",
    "\u{202e}gpj.exe",
    "@SUM(1+1)*cmd",
];

#[test]
fn hostile_cells_are_neutral_in_every_output() {
    let desk = Desk::new();
    let mut text = String::from("编号,产品,内容\n");
    for h in HOSTILE {
        let cell = h.replace('"', "\"\"");
        writeln!(text, "\"{cell}\",\"{cell}\",\"{cell} 登录不上\"").unwrap();
    }
    text.push_str("-12.5,+86,-3%\n");
    desk.file("evil.csv", &text);
    for format in ["text", "markdown"] {
        let out = desk.ahu(&format!("summarize --format {format} evil.csv")).stdout;
        assert!(!out.chars().any(|c| c.is_control() && c != '\n'), "{format}: {out:?}");
        assert!(!out.contains('\u{202e}'), "{format}");
        if format == "markdown" {
            assert!(!out.contains("<img") && !out.contains("](javascript"), "{out}");
        }
    }
    for command in ["classify", "summarize --format csv"] {
        let out = desk.ahu(&format!("{command} evil.csv")).stdout;
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_bytes());
        let mut cells = 0;
        for record in reader.records() {
            for cell in &record.expect("a row") {
                cells += 1;
                let live = cell.starts_with(['=', '＝', '@', '\t']) || (cell.starts_with(['+', '-']) && !["-12.5", "+86", "-3%"].contains(&cell));
                assert!(!live, "{command}: {cell}");
            }
        }
        assert!(cells > 20);
    }
    let kept = desk.ahu("classify evil.csv").stdout;
    assert!(kept.contains("\n-12.5,+86,-3%,"), "{kept}");
    let raw = desk.ahu("classify --raw-cells evil.csv").stdout;
    assert!(raw.contains("\n\"=HYPERLINK(\"\"http://x\"\")\","), "{raw}");
}

#[test]
fn products_are_names_not_paths_and_not_a_million() {
    let desk = Desk::new();
    let mut text = String::from("编号,产品,内容\n");
    let long = "长".repeat(300);
    for (i, product) in ["../../etc/x", "CON", "a/b", "Ａ", "A", "", &long].iter().enumerate() {
        writeln!(text, "{i},{product},闪退").unwrap();
    }
    desk.file("names.csv", &text);
    let before = std::fs::read_dir(desk.path()).unwrap().count();
    let d = desk.digest("names.csv");
    assert_eq!(std::fs::read_dir(desk.path()).unwrap().count(), before);
    let names: Vec<&str> = d["products"].as_array().unwrap().iter().map(|p| p["product"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 6, "Ａ and A are one product: {names:?}");
    let mut text = String::from("编号,产品,内容\n");
    for i in 0..100_000 {
        writeln!(text, "{i},产品{i},闪退").unwrap();
    }
    desk.file("wrong.csv", &text);
    let ran = desk.ahu("summarize --format csv wrong.csv");
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("--product-column"), "{}", ran.stderr);
}

#[test]
fn what_is_a_duplicate_and_what_is_not() {
    let desk = Desk::new();
    let day = "工单号,渠道,内容\n1,电话,闪退\n2,电话,登录不上\n";
    desk.file("a.csv", day);
    desk.file("b.csv", day);
    assert_eq!(accounting(&desk.digest("a.csv b.csv")), [4, 2, 2, 0]);
    let mut more = day.to_owned();
    for i in 0..40 {
        writeln!(more, "{},电话,新的问题{i}", i + 100).unwrap();
    }
    desk.file("more.csv", more);
    assert_eq!(accounting(&desk.digest("a.csv more.csv")), [44, 42, 2, 0]);
    desk.file("again.csv", "工单号,渠道,内容\n1,电话,闪退，又闪退了\n1,微信,闪退\n1,电话,闪退\n");
    assert_eq!(accounting(&desk.digest("a.csv again.csv")), [5, 4, 1, 0]);
    // Without ids two equal rows are two tickets.
    desk.file("noid.csv", "内容\n闪退\n闪退\n");
    assert_eq!(accounting(&desk.digest("noid.csv")), [2, 2, 0, 0]);
    // classify writes duplicates too.
    assert_eq!(desk.ahu("classify a.csv b.csv").stdout.lines().count(), 5);
}

#[test]
fn one_id_without_a_row_is_said() {
    let desk = Desk::new();
    desk.file("a.csv", "工单号,内容\nE1,闪退\nE2,登录不上\nE3,怎么退款\n");
    desk.file("notebook.txt", "E1\r\nE3\r\nE9\r\n");
    let d = desk.digest("--only-ids notebook.txt a.csv");
    assert_eq!(accounting(&d), [2, 2, 0, 0]);
    assert_eq!(d["ids_not_found"], serde_json::json!(["E9"]));
    assert!(desk.ahu("summarize --only-ids notebook.txt a.csv").stdout.contains("E9"));
}

#[test]
fn stdin_and_a_closed_pipe() {
    let desk = Desk::new();
    let ran = desk.ahu_with(&["summarize", "--format", "json"], Some("工单号,内容\nE1,闪退\n".as_bytes()));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut text = String::from("工单号,内容\n");
    for i in 0..200_000 {
        writeln!(text, "{i},闪退了怎么办").unwrap();
    }
    let path = desk.file("long.csv", text);
    let script = format!("'{}' classify '{}' | head -n 2 >/dev/null; echo \"${{PIPESTATUS[0]}}\"", env!("CARGO_BIN_EXE_ahu"), path.display());
    let out = std::process::Command::new("bash").arg("-c").arg(script).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), "0", "{}", String::from_utf8_lossy(&out.stderr));
    assert!(out.stderr.is_empty());
}

#[test]
fn a_line_over_the_limit_is_set_aside_unread() {
    let desk = Desk::new();
    let text = format!("编号,内容\n1,闪退\n2,{}\n3,登录不上\n", "字".repeat(2 << 20));
    desk.file("long.csv", text);
    let d = desk.digest("--rejects bad.csv long.csv");
    assert_eq!(accounting(&d), [3, 2, 0, 1]);
    assert!(desk.read("bad.csv").contains("too-long"));
}

#[test]
fn the_encoding_named_is_the_encoding_used() {
    assert_eq!("GBK".parse::<Encoding>(), Ok(Encoding::Gb18030));
    let desk = Desk::new();
    desk.file("u.csv", "编号,内容\n1,登录不上\n");
    let ran = desk.ahu("summarize --encoding utf8x u.csv");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("gb18030"), "{}", ran.stderr);
}

#[test]
fn output_over_an_input_is_refused() {
    let desk = Desk::new();
    desk.file("a.csv", "编号,内容\n1,登录不上\n");
    assert_eq!(desk.ahu("classify -o a.csv a.csv").code, 2);
    assert_eq!(desk.read("a.csv"), "编号,内容\n1,登录不上\n");
    assert_eq!(desk.ahu("classify missing.csv").code, 74);
}

#[test]
fn a_pipe_loses_no_row() {
    let desk = Desk::new();
    let mut text = String::from("id,text\n");
    for i in 0..80_000 {
        writeln!(text, "{i},plain ascii text without any hanzi").unwrap();
    }
    let mut bytes = text.into_bytes();
    bytes.extend(gbk("x1,充值到现在还没到账，什么垃圾客服\n"));
    let path = desk.file("late.csv", bytes);
    let script = format!("'{}' summarize --format json <(cat '{}')", env!("CARGO_BIN_EXE_ahu"), path.display());
    let out = std::process::Command::new("bash").arg("-c").arg(script).output().unwrap();
    let digest: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)));
    assert_eq!(accounting(&digest), [80_001, 80_001, 0, 0]);
}

#[test]
fn rows_without_a_readable_header_are_not_lost() {
    let desk = Desk::new();
    desk.file("bad.csv", format!("编号,\"内\"容\n{}", "1,\"a\"b\n".repeat(2_000)));
    let ran = desk.ahu("summarize bad.csv");
    assert_eq!(ran.code, 65, "{}", ran.stdout);
    assert!(ran.stderr.contains("bad.csv, line 1"), "{}", ran.stderr);
    // A bad line before a good header is a quarantined row.
    desk.file("early.csv", "x,\"y\"z\n编号,内容\n1,闪退\n");
    assert_eq!(accounting(&desk.digest("early.csv")), [2, 1, 0, 1]);
    // A ticket that says a header's name is a ticket.
    desk.file("word.csv", "留言详情内容x,评分\n登不上去投诉,1\n奖励没到账,2\n问题,5\n客服态度差,3\n");
    assert_eq!(accounting(&desk.digest("word.csv")), [4, 4, 0, 0]);
}

#[test]
fn outputs_are_whole_and_keep_their_place() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    desk.file("mine.toml", "[[cause]]\npath = \"活动,奖品 / 没到\"\nkinds = [\"complaint\"]\nrules = ['蓝色宝箱']\n");
    desk.file("a.csv", "编号,内容\n1,蓝色宝箱坏了\n");
    let ran = desk.ahu("classify --taxonomy mine.toml a.csv");
    assert!(ran.stdout.contains(",\"活动,奖品 / 没到\","), "{}", ran.stdout);
    let secret = desk.file("secret.txt", "old");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(&secret, desk.path().join("link.txt")).unwrap();
    assert_eq!(desk.ahu("summarize -o link.txt a.csv").code, 0);
    assert!(desk.read("secret.txt").contains("阿虎日报"));
    assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(desk.ahu("summarize -o /dev/null a.csv").code, 0);
    assert_eq!(desk.ahu("classify -o same.csv --rejects same.csv a.csv").code, 2);
    assert!(!desk.path().read_dir().unwrap().any(|e| e.unwrap().file_name().to_string_lossy().ends_with(".ahu-tmp")));
}

#[test]
fn too_many_bad_rows_fail_but_are_listed() {
    let desk = Desk::new();
    desk.file("a.csv", "编号,内容\n".to_owned() + &"1,闪退,多\n".repeat(30) + "2,闪退\n");
    let ran = desk.ahu("summarize -o out.txt --rejects bad.csv a.csv");
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert_eq!(desk.read("bad.csv").lines().count(), 31);
    assert!(!desk.path().join("out.txt").exists());
}

#[test]
fn what_is_read_is_not_written() {
    let desk = Desk::new();
    desk.file("a.csv", "编号,内容\n1,闪退\n");
    desk.file("ids.txt", "1\n");
    desk.file("mine.toml", "words = [\"闪退\"]\n");
    for arguments in ["summarize -o a.csv a.csv", "classify --only-ids ids.txt -o ids.txt a.csv", "summarize --taxonomy mine.toml -o mine.toml a.csv"] {
        let ran = desk.ahu(arguments);
        assert_eq!(ran.code, 2, "{arguments}");
        assert!(ran.stderr.contains("is an input too"), "{}", ran.stderr);
    }
    assert_eq!(desk.read("ids.txt"), "1\n");
}

#[test]
fn a_file_named_twice_is_read_once() {
    let desk = Desk::new();
    desk.file("a.csv", "内容\n闪退\n奖励没到账\n");
    let ran = desk.ahu("summarize --format json a.csv ./a.csv");
    assert!(ran.stderr.contains("`./a.csv` is named twice"), "{}", ran.stderr);
    assert_eq!(accounting(&serde_json::from_str(&ran.stdout).unwrap()), [2, 2, 0, 0]);
}

#[test]
fn what_a_killed_run_left_is_swept() {
    let desk = Desk::new();
    desk.file("a.csv", "编号,内容\n1,闪退\n");
    desk.file(".out.csv.4194999.ahu-tmp", "half");
    desk.file(&format!(".out.csv.{}.ahu-tmp", std::process::id()), "another run's");
    assert_eq!(desk.ahu("classify -o out.csv a.csv").code, 0);
    assert!(!desk.path().join(".out.csv.4194999.ahu-tmp").exists());
    assert!(desk.path().join(format!(".out.csv.{}.ahu-tmp", std::process::id())).exists());
}

#[test]
fn an_interrupt_leaves_nothing_half_done() {
    use std::process::{Command, Stdio};
    let desk = Desk::new();
    desk.file("out.csv", "yesterday's\n");
    assert!(Command::new("mkfifo").arg(desk.path().join("in.csv")).status().is_ok_and(|s| s.success()));
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_ahu")).args(["classify", "-o", "out.csv", "in.csv"]).current_dir(desk.path()).stderr(Stdio::null()).spawn().unwrap();
    let left = || desk.path().read_dir().unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".ahu-tmp")).count();
    let begun = std::time::Instant::now();
    while left() == 0 {
        assert!(begun.elapsed().as_secs() < 20, "the output is opened before the input is read");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().is_ok_and(|s| s.success()));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!((left(), desk.read("out.csv").as_str()), (0, "yesterday's\n"));
}

#[test]
fn a_mark_tells_the_order_of_utf16() {
    let desk = Desk::new();
    let bytes: Vec<u8> = "\u{feff}编号,内容\n1,闪退\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    desk.file("a.csv", bytes);
    assert_eq!(accounting(&desk.digest("--encoding utf-16 a.csv")), [1, 1, 0, 0]);
}

#[test]
fn dates_that_cannot_be_are_set_aside() {
    let desk = Desk::new();
    let good = ["2026/11/1 上午8:05", "20261101", "46327.3368", "1793491500", "2026-11-01T00:05:00Z", "26-11-1 上午8:05", "2026-12-31 23:59:60", ""];
    let bad = ["2026/2/30", "0", "明后天吧"];
    let rows: String = good.iter().chain(&bad).enumerate().map(|(i, d)| format!("T{i},{d},奖励没到账\n")).collect();
    desk.file("a.csv", format!("工单号,创建时间,内容\n{rows}"));
    let digest = desk.digest("--rejects bad.csv a.csv");
    assert_eq!(accounting(&digest), [11, 8, 0, 3]);
    assert_eq!((digest["since"].as_str(), digest["as_of"].as_str()), (Some("2026-11-01"), Some("2026-12-31")));
    let rejects = desk.read("bad.csv");
    assert_eq!(rejects.matches(",bad-date,").count(), 3, "{rejects}");
    assert!(rejects.contains("found `2026/2/30`"), "{rejects}");
    // Without a year a date has no day until a reference tells which.
    desk.file("short.csv", "工单号,创建时间,内容\n1,11月1日,闪退\n2,11月2日 8:05,闪退\n");
    let ran = desk.ahu("summarize --format json short.csv");
    assert!(ran.stderr.contains("2 rows have a date without a year"), "{}", ran.stderr);
    assert!(ran.stdout.contains("\"since\": null"), "{}", ran.stdout);
    assert_eq!(desk.digest("--as-of 2026-11-03 short.csv")["since"], "2026-11-01");
    // A moment is counted on the desk's day.
    desk.file("utc.csv", "工单号,创建时间,内容\n1,2026-11-01T20:00:00Z,闪退\n");
    assert_eq!(desk.digest("utc.csv")["as_of"], "2026-11-02");
    assert_eq!(desk.digest("--time-zone Europe/London utc.csv")["as_of"], "2026-11-01");
    let ran = desk.ahu("summarize --time-zone Peking utc.csv");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("expected a time zone such as Asia/Shanghai"), "{}", ran.stderr);
    // A column that is no time at all is none.
    desk.file("odd.csv", "工单号,时间,内容\n1,白班,闪退\n2,夜班,闪退\n");
    let ran = desk.ahu("summarize --format json odd.csv");
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("column `时间` holds no dates"), "{}", ran.stderr);
    assert_eq!(desk.ahu("summarize --time-column 时间 --max-quarantined 1 odd.csv").code, 0);
    assert_eq!(accounting(&desk.digest("--time-column 时间 odd.csv")), [2, 0, 0, 2]);
    assert_eq!(accounting(&desk.digest("--time-column none odd.csv")), [2, 2, 0, 0]);
}

#[test]
fn ids_that_a_spreadsheet_rounded_are_no_keys() {
    let desk = Desk::new();
    desk.file("a.csv", "工单号,内容\n1.23457E+17,闪退\n1.23457E+17,闪退\n1.5E3x,闪退\n");
    let ran = desk.ahu("summarize --format json --ids a.csv");
    assert_eq!(accounting(&serde_json::from_str(&ran.stdout).unwrap()), [3, 3, 0, 0]);
    assert!(ran.stdout.contains("\"#2\"") && ran.stdout.contains("\"1.5E3x\""), "{}", ran.stdout);
    assert!(ran.stderr.contains("2 ids were rounded"), "{}", ran.stderr);
    assert!(desk.ahu("classify a.csv").stdout.contains("\n1.23457E+17,闪退,"));
}

#[test]
fn a_customer_who_comes_again_is_one_matter() {
    let desk = Desk::new();
    let row = |(i, (day, who)): (usize, &(u32, &str))| format!("T{i},2026-11-{day:02},星海手游,奖励没到账 第{i}次说,{who}\n");
    let rows: String = [(1, "u1"), (2, "u2"), (3, "u1"), (9, "u1"), (25, "u1"), (26, "")].iter().enumerate().map(row).collect();
    desk.file("a.csv", format!("工单号,创建时间,产品,内容,用户ID\n{rows}"));
    let d = desk.digest("a.csv");
    let cause = &d["products"][0]["kinds"][0]["causes"][0];
    assert_eq!((cause["count"].as_u64(), cause["matters"].as_u64(), d["repeat_days"].as_u64()), (Some(6), Some(4), Some(7)));
    assert_eq!(desk.digest("--repeat-days 0 a.csv")["products"][0]["kinds"][0]["causes"][0]["matters"], 6);
    let text = desk.ahu("summarize a.csv").stdout;
    assert!(text.contains("实为 4 件") && text.contains("同一客户 7 天内"), "{text}");
    assert!(desk.ahu("summarize --customer-column none a.csv").stdout.find("实为").is_none());
    // Texts that are pasted are told.
    let rows: String =
        (0..5).map(|i| format!("P{i},{}\n", if i < 4 { format!("订单{i}的奖励一直没有到账，请尽快处理") } else { "奖励没到账啊".to_owned() })).collect();
    desk.file("pasted.csv", format!("工单号,内容\n{rows}"));
    assert_eq!(desk.digest("pasted.csv")["products"][0]["kinds"][0]["causes"][0]["same_text"], 4);
    assert!(desk.ahu("summarize pasted.csv").stdout.contains("（4 件文字相同）"));
}
