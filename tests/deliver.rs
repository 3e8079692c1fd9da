//! Each team's part of a day, and messages on their way: to servers that fail in every way, and through runs that are killed.

mod server;

use crate::run::{Desk, Ran};
use rand::{RngExt, SeedableRng};
use server::{Fate, Server};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const RUN: &str = "lang = \"zh\"\n[run]\ninputs = [\"in/*.csv\"]\nhistory = \"history.db\"\noutput = \"out\"\nsettle_seconds = 0\nmetrics = \"ahu.prom\"\nlog = \"ahu.log\"\ndeliver_seconds = 20\n";

/// What makes a delivery quick, and lets it reach a server of this machine.
const QUICK: &str = "allow_private = true\nper_minute = 60000\nretry_seconds = 0.002\ntimeout_seconds = 0.4\n";

fn desk(deliveries: &str) -> Desk {
    let desk = Desk::new();
    desk.file("ahu.toml", format!("{RUN}{deliveries}"));
    desk.file(
        "in/a.csv",
        "编号,时间,产品,渠道,内容\n1,2026-11-21 10:00,甲,电话,活动奖励没到账\n2,2026-11-22 10:00,甲,电话,活动奖励没到账\n3,2026-11-22 10:05,甲,网页,一进游戏就闪退\n",
    );
    desk
}

fn run_with(desk: &Desk, arguments: &str, environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ahu"));
    command.args(arguments.split_whitespace()).current_dir(desk.path()).envs(environment.iter().copied()).stdin(Stdio::null());
    let out = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: out.status.code().expect("an exit code"), stdout: text(out.stdout), stderr: text(out.stderr) }
}

fn run(desk: &Desk) -> Ran {
    run_with(desk, "run --as-of 2026-11-22", &[])
}

/// Delivery, state and attempts of every message.
fn outbox(desk: &Desk) -> Vec<(String, String, String, i64)> {
    let db = rusqlite::Connection::open(desk.path().join("history.db")).expect("a history");
    let mut statement = db.prepare("SELECT delivery, day, state, attempts FROM history_deliveries ORDER BY 1, 2, made").expect("a view");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

fn webhook(name: &str, server: &Server) -> String {
    format!("[[delivery]]\nname = \"{name}\"\nto = \"webhook\"\nurl = \"{}\"\n{QUICK}", server.url(name))
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path())
            } else {
                all.insert(entry.path().strip_prefix(folder).expect("below").to_string_lossy().into_owned());
            }
        }
    }
    all
}

#[test]
fn a_team_gets_its_part_and_its_tickets() {
    let desk = Desk::new();
    let teams = ["../../etc/x", "CON", "a/b", "Ａ", "A", &"字".repeat(300)];
    let cause = |(i, team): (usize, &&str)| {
        format!(
            "[[cause]]\npath = \"甲类 / 原因{i}\"\nkinds = [\"complaint\"]\nteam = '{team}'\nrules = ['毛病{i}号']\nmatch = ['毛病{i}号']\nreject = ['别的']\n"
        )
    };
    let causes: String = teams.iter().enumerate().map(cause).collect();
    let product = "[[product]]\nname = '甲'\nteam = '甲组'\n[[cause]]\npath = '乙类 / 没人管'\nkinds = ['complaint']\nrules = ['没人管的事']\nmatch = ['没人管的事']\nreject = ['别的']\n";
    desk.file("deep/er/taxonomy.toml", product.to_owned() + &causes);
    let toml = "taxonomy = [\"none\", \"taxonomy.toml\"]\n".to_owned() + RUN;
    desk.file("deep/er/ahu.toml", toml);
    let rows: String = (0..teams.len()).map(|i| format!("=1+{i},2026-11-22 10:0{i},甲,电话,=HYPERLINK(毛病{i}号) 13812345678\n")).collect();
    desk.file("deep/er/in/a.csv", format!("编号,时间,产品,渠道,内容\n{rows}9,2026-11-22,甲,电话,没人管的事\n"));
    let before = files(desk.path());
    let ran = run_with(&desk, "run --as-of 2026-11-22 --config deep/er/ahu.toml", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let new: Vec<String> = files(desk.path()).difference(&before).filter(|f| !f.starts_with("deep/er/out/2026-11-22/")).cloned().collect();
    assert!(new.iter().all(|f| f.starts_with("deep/er/history.db") || f.starts_with("deep/er/ahu.")), "{new:?}");
    let folder = desk.path().join("deep/er/out/2026-11-22/teams");
    let names: BTreeSet<String> = std::fs::read_dir(&folder).expect("teams").map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    let long = "字".repeat(26);
    let expected = ["A", "_.._etc_x", "_CON", "a_b", "Ａ-2", &long, "甲组"].map(str::to_owned);
    assert_eq!(names, BTreeSet::from(expected));
    assert_eq!(files(&folder).len(), names.len() * 3);
    let csv = std::fs::read_to_string(folder.join("A/tickets.csv")).expect("tickets");
    assert!(csv.starts_with("\u{feff}id,time,product,kind,cause,channel,text\n"), "{csv}");
    assert!(csv.contains("'=1+4,2026-11-22 10:04:00,甲,complaint,甲类 / 原因4,电话,'=HYPERLINK(毛病4号) ") && !csv.contains("13812345678"), "{csv}");
    assert_eq!(csv.lines().count(), 2, "{csv}");
    let own = std::fs::read_to_string(folder.join("甲组/digest.txt")).expect("a digest");
    assert!(own.starts_with("阿虎日报  2026-11-22 · 甲组\n") && own.contains("没人管") && !own.contains("原因4"), "{own}");
}

#[test]
fn nothing_is_lost_and_nothing_comes_three_times() {
    const FAULTS: usize = 500;
    const DELIVERIES: usize = 60;
    let injected = Arc::new(Mutex::new(BTreeMap::<&'static str, usize>::new()));
    let elsewhere = Server::start(|_, _| Fate::ok());
    let leads = format!("Location: {}\r\n", elsewhere.url("stolen"));
    let (counted, mut half) = (injected.clone(), BTreeSet::new());
    let mut random = rand::rngs::StdRng::seed_from_u64(20_261_122);
    let server = Server::start(move |_, key| {
        let total: usize = counted.lock().expect("a lock").values().sum();
        if total >= FAULTS {
            return Fate::ok();
        }
        let fault = |name, fate| {
            *counted.lock().expect("a lock").entry(name).or_default() += 1;
            fate
        };
        if key.is_empty() {
            return if random.random_bool(0.25) { fault("dropped before reading", Fate::NotRead) } else { Fate::ok() };
        }
        match random.random_range(0..12) {
            0 => fault("dropped after reading", Fate::NotAnswered),
            1 | 2 => fault("500", Fate::Answer(500, String::new(), "busy".to_owned())),
            3 | 4 => fault("429", Fate::Answer(429, "Retry-After: 0\r\n".to_owned(), String::new())),
            5 => fault("redirect", Fate::Answer(307, leads.clone(), String::new())),
            6 => fault("answered half", Fate::HalfAnswered),
            7 => fault("too late", Fate::Late(Duration::from_millis(600))),
            // Of what was read half twice nobody can know more than that: it is told, see below.
            8 if half.insert(key.to_owned()) => fault("read half", Fate::HalfRead),
            _ => Fate::ok(),
        }
    });
    let deliveries: String = (0..DELIVERIES).map(|i| webhook(&format!("w{i}"), &server)).collect();
    let desk = desk(&deliveries);
    let mut runs = 0;
    while runs == 0 || outbox(&desk).iter().any(|m| m.2 == "waiting" || m.2 == "sending") {
        let ran = run(&desk);
        assert!([0, 74].contains(&ran.code), "{}", ran.stderr);
        assert!(desk.path().join("out/2026-11-22/digest.txt").exists(), "digests come first");
        runs += 1;
        assert!(runs < 60, "{:?}", outbox(&desk));
        if outbox(&desk).iter().all(|m| m.2 != "waiting") && injected.lock().expect("a lock").values().sum::<usize>() < FAULTS {
            // More to send: each new row makes a revision.
            desk.file(&format!("in/{runs}.csv"), format!("编号,时间,产品,渠道,内容\nn{runs},2026-11-22 11:00,甲,电话,活动奖励没到账\n"));
            assert!([0, 74].contains(&run(&desk).code));
            runs += 1;
        }
    }
    let (injected, arrivals, all) = (injected.lock().expect("a lock").clone(), server.arrivals(), outbox(&desk));
    let keys: Vec<(String, String)> = {
        let db = rusqlite::Connection::open(desk.path().join("history.db")).expect("a history");
        let mut rows = db.prepare("SELECT key, state FROM deliveries WHERE state != 'dropped'").expect("rows");
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows").collect::<Result<_, _>>().expect("rows")
    };
    let lost = keys.iter().filter(|(key, _)| !arrivals.contains_key(key)).count();
    let (twice, most) = (arrivals.values().filter(|n| **n > 1).count(), arrivals.values().max().copied().unwrap_or(0));
    let unsure = keys.iter().filter(|(_, state)| state == "unsure").count();
    let total: usize = injected.values().sum();
    println!(
        "{total} faults {injected:?} in {runs} runs: {} messages, {lost} lost, {twice} twice, at most {most} of one key, {unsure} told as unsure",
        all.len()
    );
    assert!(total >= FAULTS && lost == 0 && most <= 2, "{total} faults, {lost} lost, {most} of one key");
    assert_eq!(elsewhere.connections(), 0, "a redirect was followed");
}

#[test]
fn what_two_requests_got_no_answer_for_is_told_and_not_sent_again() {
    let server = Server::start(|_, key| if key.is_empty() { Fate::ok() } else { Fate::HalfRead });
    let desk = desk(&format!("{}days = 0\n", webhook("群", &server)).replace("/群", "/x"));
    let ran = run(&desk);
    assert_eq!(ran.code, 74, "{}", ran.stderr);
    assert!(ran.stderr.contains("it may have arrived, and is not sent again"), "{}", ran.stderr);
    assert_eq!((server.requests().len(), outbox(&desk)[0].2.as_str()), (2, "unsure"));
    assert!(desk.read("ahu.prom").contains("ahu_run_deliveries_unsure 1") && desk.read("ahu.log").contains("\"unsure\":1"));
    assert_eq!((run(&desk).code, server.requests().len()), (0, 2));
}

#[test]
fn a_message_is_sent_once_and_anew_when_its_day_is_revised() {
    let server = Server::start(|_, _| Fate::ok());
    let desk = desk(&webhook("w", &server));
    let ran = run(&desk);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("warning: [[delivery]] `w`: `url` stands in the settings"), "{}", ran.stderr);
    assert_eq!(run(&desk).code, 0);
    let sent = server.requests();
    assert_eq!(sent.len(), 2, "two days, each once");
    let body: serde_json::Value = serde_json::from_str(&sent[1].body).expect("JSON");
    assert!(body["text"].as_str().expect("a text").contains("共 2 件（前一天 1）：投诉 2（前一天 1）"), "{body}");
    assert_eq!((body["data"]["day"].as_str(), body["data"]["digest"]["products"][0]["product"].as_str()), (Some("2026-11-22"), Some("甲")));
    // A late row of a day that is no news any more is in its folder alone; one of today is told again.
    desk.file("in/b.csv", "编号,时间,产品,渠道,内容\n7,2026-11-01 10:00,甲,电话,闪退\n8,2026-11-22 12:00,甲,电话,一进游戏就闪退\n");
    assert_eq!(run(&desk).code, 0);
    let again = server.requests();
    assert!(again.len() == 3 && again[2].body.contains("第 1 次修订") && again[2].key != sent[1].key, "{again:?}");
}

#[test]
fn an_answer_of_200_may_be_a_failure() {
    let full = Arc::new(Mutex::new(true));
    let state = full.clone();
    let server = Server::start(move |_, _| {
        let full = *state.lock().expect("a lock");
        Fate::json(if full { r#"{"errcode":45009,"errmsg":"api freq out of limit"}"# } else { r#"{"errcode":0,"errmsg":"ok"}"# })
    });
    let desk = desk(&format!("[[delivery]]\nname = \"群\"\nto = \"wecom\"\nurl_file = \"url\"\ndays = 0\n{QUICK}"));
    desk.file("url", server.url("send?key=1") + "\n");
    let ran = run(&desk);
    assert!(ran.code == 74 && ran.stderr.contains("answered error 45009: api freq out of limit"), "{} {}", ran.code, ran.stderr);
    assert!(ran.stdout.contains("发布"), "the night itself is done: {}", ran.stdout);
    assert_eq!(server.requests().len(), 1, "who says too many is left alone for a minute, which is longer than this run");
    *full.lock().expect("a lock") = false;
    let ran = run_with(&desk, "deliver", &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "送出 1 条消息，0 条待发\n"), "{}", ran.stderr);
    assert_eq!(outbox(&desk), [("群".to_owned(), "2026-11-22".to_owned(), "sent".to_owned(), 2)]);
    let body: serde_json::Value = serde_json::from_str(&server.requests()[1].body).expect("JSON");
    assert!(body["markdown"]["content"].as_str().expect("a text").starts_with("**阿虎日报 2026-11-22**"), "{body}");
}

#[test]
fn addresses_within_the_network_are_refused_and_redirects_not_followed() {
    let elsewhere = Server::start(|_, _| Fate::ok());
    let leads = format!("Location: {}\r\n", elsewhere.url("x"));
    let server = Server::start(move |_, _| Fate::Answer(302, leads.clone(), String::new()));
    let desk = desk("[[delivery]]\nname = \"a\"\nto = \"slack\"\nurl_file = \"url\"\n");
    desk.file("url", format!("https://localhost:{}/x", server.port));
    let ran = run(&desk);
    assert!(ran.code == 74 && ran.stderr.contains("is within this network") && ran.stderr.contains("allow_private"), "{} {}", ran.code, ran.stderr);
    assert_eq!(server.connections(), 0);
    desk.file("ahu.toml", format!("{RUN}{}", webhook("a", &server)));
    let ran = run(&desk);
    assert!(ran.code == 74 && ran.stderr.contains("answered 302") && ran.stderr.contains("not followed"), "{}", ran.stderr);
    assert_eq!((server.requests().len(), elsewhere.connections()), (1, 0));
    // Without encryption, only within the network.
    desk.file("ahu.toml", format!("{RUN}[[delivery]]\nname = \"a\"\nto = \"slack\"\nurl_file = \"url\"\n"));
    desk.file("url", server.url("x"));
    let ran = run(&desk);
    assert!(ran.code == 2 && ran.stderr.contains("expected https://"), "{}", ran.stderr);
}

#[test]
fn secrets_are_in_nothing_that_is_written() {
    let server =
        Server::start(|path, _| Fate::json(&format!("{{\"errcode\":93000,\"code\":19021,\"errmsg\":\"no {path}\",\"msg\":\"no {path} canary-sign-secret\"}}")));
    let (port, _) = server::mail(true);
    let robot = |name: &str, more: &str| format!("[[delivery]]\nname = \"{name}\"\nto = \"{name}\"\nurl_env = \"CANARY_URL_{name}\"\n{more}{QUICK}");
    let mail = format!(
        "[[delivery]]\nname = \"mail\"\nto = \"email\"\nsmtp = \"127.0.0.1:{port}\"\nfrom = \"ahu@example.com\"\nto_addresses = [\"ops@example.com\"]\nallow_plain = true\nuser_env = \"CANARY_USER\"\npassword_env = \"CANARY_PASSWORD\"\n{QUICK}"
    );
    let desk = desk(
        &(robot("wecom", "")
            + &robot("dingtalk", "secret_env = \"CANARY_SIGN\"\n")
            + &robot("feishu", "secret_env = \"CANARY_SIGN\"\n")
            + &robot("slack", "")
            + &mail),
    );
    let robots = ["wecom", "dingtalk", "feishu", "slack"];
    let urls = robots.map(|name| (format!("CANARY_URL_{name}"), server.url(&format!("{name}?key=canary-robot-key"))));
    let mut environment = vec![("CANARY_SIGN", "canary-sign-secret"), ("CANARY_USER", "canary-smtp-user"), ("CANARY_PASSWORD", "canary-smtp-password")];
    environment.extend(urls.iter().map(|(name, url)| (name.as_str(), url.as_str())));
    let mut seen = String::new();
    for arguments in ["run --as-of 2026-11-22", "run --as-of 2026-11-22 --dry-run", "check --config ahu.toml", "deliver", "doctor"] {
        let ran = run_with(&desk, arguments, &environment);
        seen.push_str(&format!("{}\n{}\n", ran.stdout, ran.stderr));
    }
    assert!(seen.contains("answered error 93000: no /***") && seen.contains("19021") && seen.contains("535"), "{seen}");
    let dingtalk = server.requests().into_iter().find(|r| r.path.contains("&sign=")).expect("a signed request");
    assert!(dingtalk.path.contains("dingtalk?key=canary-robot-key&timestamp="), "{}", dingtalk.path);
    assert!(server.requests().iter().any(|r| r.body.contains("\"sign\":\"") && r.body.contains("interactive")));
    // As it stands, and as base64 says it to the mail server.
    for canary in ["canary", "Y2FuYXJ5", "AGNhbmFyeS1zbXRwLXVzZXIAY2FuYXJ5"] {
        assert!(!seen.contains(canary), "{canary}: {seen}");
        for file in files(desk.path()).into_iter().filter(|f| !f.ends_with(".toml")) {
            let bytes = std::fs::read(desk.path().join(&file)).expect("a file");
            assert!(!bytes.windows(canary.len()).any(|w| w == canary.as_bytes()), "{canary} in {file}");
        }
    }
}

/// All text of a file, of a workbook that of its cells.
fn words_of(path: &Path) -> Vec<u8> {
    use calamine::Reader;
    let mut bytes = std::fs::read(path).expect("a file");
    if path.extension().is_some_and(|e| e == "xlsx") {
        let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).expect("a workbook");
        for (_, sheet) in book.worksheets() {
            sheet.cells().for_each(|(_, _, cell)| bytes.extend(format!("{cell}\n").bytes()));
        }
    }
    bytes
}

#[test]
fn a_thousand_personal_data_leave_by_no_way_of_a_night() {
    let server = Server::start(|_, _| Fate::json("{\"errcode\":0,\"code\":0}"));
    let (port, said) = server::mail(false);
    let names = ["webhook", "wecom", "dingtalk", "feishu", "slack"];
    let robots = names.map(|to| format!("[[delivery]]\nname = \"{to}\"\nto = \"{to}\"\nurl_env = \"URL_{to}\"\n{QUICK}")).concat();
    let urls = names.map(|to| (format!("URL_{to}"), server.url(to)));
    let environment: Vec<(&str, &str)> = urls.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
    let mail = format!(
        "[[delivery]]\nname = \"mail\"\nto = \"email\"\nsmtp = \"127.0.0.1:{port}\"\nfrom = \"ahu@example.com\"\nto_addresses = [\"ops@example.com\"]\nallow_plain = true\n{QUICK}"
    );
    let team = webhook("team", &server) + "team = \"客户端技术\"\n";
    let desk = desk("");
    let all_formats = RUN.replace("[run]\n", "[run]\nformats = [\"text\", \"markdown\", \"json\", \"csv\", \"html\", \"xlsx\"]\n");
    desk.file("ahu.toml", format!("{all_formats}[columns]\nagent = \"坐席\"\n{robots}{mail}{team}"));
    let (mut canaries, mut csv) = (Vec::new(), String::from("编号,时间,产品,渠道,坐席,内容,客服回复\n"));
    for i in 0..500u64 {
        let (mobile, mail) = (format!("139{:08}", 10_000_019 + i * 7_919), format!("tiger{i}x@mail.example"));
        let said = ["一进游戏就闪退", "再不处理我打12315", "充值没到账", "怎么联系你们"][i as usize % 4];
        let (id, product, agent) = match i % 25 {
            0 => (mobile.clone(), "甲".to_owned(), mobile.clone()),
            1 => (format!("E{i}"), format!("甲{mobile}"), mail.clone()),
            _ => (format!("E{i}"), "甲".to_owned(), format!("{}", i % 3)),
        };
        csv += &format!(
            "{id},2026-11-{} 10:00,{product},电话,{agent},{said}，我的电话{mobile}，发{mail},{}{mobile}\n",
            21 + i % 2,
            ["哦，是", "您的电话是"][i as usize % 2]
        );
        if i % 50 == 0 {
            csv += &format!("B{i},2026-02-31,甲,电话,1,电话{mobile}，{mail},好\n");
        }
        canaries.extend([mobile, mail.split('@').next().expect("a name").to_owned()]);
    }
    desk.file("in/a.csv", csv);
    let mut seen = String::new();
    let reports = ["text", "markdown", "json", "csv", "html", "xlsx"].map(|format| format!("report month --format {format} -o month.{format}"));
    let runs = ["run --as-of 2026-11-22", "advise 甲", "report day", "deliver", "doctor"].map(str::to_owned);
    for arguments in runs.iter().chain(&reports) {
        let ran = run_with(&desk, arguments, &environment);
        assert!(ran.code == 0, "{arguments}: {}", ran.stderr);
        seen.push_str(&format!("{}\n{}\n", ran.stdout, ran.stderr));
    }
    let sent = server.requests();
    assert!(sent.len() >= 6 && sent.iter().any(|r| r.body.contains("闪退")), "{}", sent.len());
    seen.extend(sent.iter().map(|r| format!("{} {}\n", r.path, r.body)));
    let letters = said.lock().expect("a lock").concat();
    assert!(letters.contains("RCPT TO:<ops@example.com>"));
    seen.push_str(&unwrapped(&letters));
    let mut places = vec![("what is said and sent".to_owned(), seen.into_bytes())];
    places.extend(files(desk.path()).into_iter().filter(|f| !f.starts_with("in/")).map(|f| (f.clone(), words_of(&desk.path().join(&f)))));
    assert!(places.iter().any(|(f, _)| f.ends_with("2026-11-22/digest.xlsx")) && places.iter().any(|(f, _)| f.contains("teams/")));
    let found = |canary: &String, text: &[u8]| memchr::memmem::find(text, canary.as_bytes()).is_some();
    for (place, text) in &places {
        let leaks: Vec<&String> = canaries.iter().filter(|c| found(c, text)).collect();
        assert!(leaks.is_empty(), "{} in {place}, such as {:?}", leaks.len(), leaks[0]);
    }
    // Where they stand they are found.
    assert!(canaries.iter().all(|c| found(c, &words_of(&desk.path().join("in/a.csv")))));
}

/// A letter with what stands in base64.
fn unwrapped(letters: &str) -> String {
    use base64::prelude::*;
    let decoded: Vec<u8> = letters.lines().filter_map(|line| BASE64_STANDARD.decode(line.trim()).ok()).flatten().collect();
    format!("{letters}\n{}", String::from_utf8_lossy(&decoded))
}

#[test]
fn e_mail_is_sent() {
    let (port, said) = server::mail(false);
    let mail = format!(
        "[[delivery]]\nname = \"邮件\"\nto = \"email\"\nsmtp = \"127.0.0.1:{port}\"\nfrom = \"阿虎 <ahu@example.com>\"\nto_addresses = [\"ops@example.com\", \"lead@example.com\"]\nallow_plain = true\ndays = 0\n{QUICK}"
    );
    let desk = desk(&mail);
    let ran = run(&desk);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let said = said.lock().expect("a lock").concat();
    assert!(said.contains("RCPT TO:<ops@example.com>") && said.contains("RCPT TO:<lead@example.com>") && said.contains("Subject: =?utf-8?b?"), "{said}");
    assert!(said.contains("Message-ID: <") && said.contains("@example.com>") && said.contains("charset=utf-8"), "{said}");
    // A server that offers no encryption gets nothing unless the settings say so.
    desk.file("ahu.toml", format!("{RUN}{}", mail.replace("allow_plain = true\n", "").replace("邮件", "密文")));
    desk.file("in/b.csv", "编号,时间,产品,渠道,内容\n8,2026-11-22 12:00,甲,电话,一进游戏就闪退\n");
    let ran = run(&desk);
    assert!(ran.code == 74 && ran.stderr.contains("offers no encryption"), "{}", ran.stderr);
}

#[test]
fn a_run_that_is_killed_while_it_sends_sends_at_most_twice() {
    let server = Server::start(|_, key| if key.is_empty() { Fate::ok() } else { Fate::Late(Duration::from_secs(30)) });
    let desk = desk(&webhook("w", &server).replace("timeout_seconds = 0.4", "timeout_seconds = 30\ndays = 0"));
    for killed in 1..=2 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ahu"))
            .args(["run", "--as-of", "2026-11-22"])
            .current_dir(desk.path())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        // The server has all of it, and has not answered.
        for _ in 0..600 {
            if server.requests().len() == killed {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert_eq!((server.requests().len(), outbox(&desk)[0].2.as_str()), (killed, "sending"));
    }
    let ran = run(&desk);
    assert!(ran.code == 74 && ran.stderr.contains("a run was ended while it was being sent"), "{} {}", ran.code, ran.stderr);
    assert_eq!((server.requests().len(), outbox(&desk)[0].2.as_str()), (2, "unsure"));
    let keys: BTreeSet<String> = server.requests().into_iter().map(|r| r.key).collect();
    assert_eq!(keys.len(), 1);
    assert_eq!((run(&desk).code, server.requests().len()), (0, 2), "it is told once");
}

#[test]
fn only_what_is_asked_for_is_sent() {
    let server = Server::start(|_, _| Fate::ok());
    let of = |name: &str, more: &str| webhook(name, &server) + more;
    let desk = desk(
        &(of("all", "days = 0\n")
            + &of("other", "days = 0\nproducts = [\"乙\"]\n")
            + &of("alerts", "when = \"alerts\"\n")
            + &of("team", "days = 0\nlang = \"en\"\nteam = \"客户端\"\n")),
    );
    let taxonomy = "[[product]]\nname = '甲'\n[[cause]]\npath = '运行 / 进不去'\nteam = '客户端'\nkinds = ['complaint']\nrules = ['闪退']\nmatch = ['闪退']\nreject = ['不闪']\n";
    desk.file("taxonomy.toml", taxonomy);
    let toml = desk.read("ahu.toml");
    desk.file("ahu.toml", format!("taxonomy = [\"none\", \"taxonomy.toml\"]\n{toml}"));
    let dry = run_with(&desk, "run --as-of 2026-11-22 --dry-run", &[]);
    assert!(dry.stderr.contains("delivery `all`: would be sent the digest of 2026-11-22") && server.connections() == 0, "{}", dry.stderr);
    assert!(run_with(&desk, "check --config ahu.toml", &[]).stdout.contains("delivery `team`: webhook gets the part of the team `客户端`, every day"));
    let ran = run(&desk);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let sent: BTreeMap<String, String> = server.requests().into_iter().map(|r| (r.path, r.body)).collect();
    assert_eq!(sent.keys().collect::<Vec<_>>(), ["/all", "/team"]);
    let team: serde_json::Value = serde_json::from_str(&sent["/team"]).expect("JSON");
    assert!(team["title"] == "ahu digest 2026-11-22 · 客户端" && team["data"]["digest"]["accounting"]["rows"] == 1, "{team}");
    // Late rows of other teams are no news to this one.
    desk.file("in/b.csv", "编号,时间,产品,渠道,内容\n8,2026-11-22 12:00,甲,电话,活动奖励没到账\n");
    assert_eq!(run(&desk).code, 0);
    assert_eq!(server.requests().iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["/all", "/team", "/all"]);
}

#[test]
fn what_waits_is_forgotten_with_its_tickets() {
    let server = Server::start(|_, _| Fate::Answer(500, String::new(), String::new()));
    let desk = desk(&webhook("w", &server));
    assert_eq!(run(&desk).code, 74);
    assert_eq!(run_with(&desk, "forget --id 3", &[]).code, 0);
    let left: Vec<(String, String)> = outbox(&desk).into_iter().map(|m| (m.1, m.2)).collect();
    assert_eq!(left, [("2026-11-21".to_owned(), "waiting".to_owned()), ("2026-11-22".to_owned(), "dropped".to_owned())]);
    assert!(run_with(&desk, "deliver --drop w", &[]).stderr.contains("1 messages for `w` are given up"));
    assert_eq!(run_with(&desk, "deliver", &[]).code, 0);
}

#[test]
fn wrong_settings_are_told_before_anything_is_read() {
    let head = "[[delivery]]\nname = \"群\"\n";
    for (settings, expected) in [
        ("to = \"wecom\"\nurl_env = \"AHU_TEST_NOWHERE\"\n", "environment variable `AHU_TEST_NOWHERE`, found none"),
        ("to = \"wecom\"\nurl_file = \"nowhere\"\n", "which holds a secret"),
        ("to = \"wecom\"\nurl = \"https://x.example/canary-key\"\n", "belongs into `url_env`"),
        ("to = \"wechat\"\n", "the nearest is `wecom`"),
        ("to = \"slack\"\n", "expected an address"),
        ("to = \"slack\"\nurls = \"x\"\n", "urls"),
        ("to = \"slack\"\nsmtp = \"x\"\nurl_env = \"PATH\"\n", "`smtp` says nothing to `slack`"),
        ("to = \"slack\"\nurl_env = \"PATH\"\n", "begins with https://"),
        ("to = \"webhook\"\nurl = \"https://me:canary-key@x.example/\"\n", "without a name and password"),
        ("to = \"webhook\"\nurl = \"https://x.example/\"\nwhen = \"never\"\n", "expected always or alerts"),
        ("to = \"webhook\"\nurl = \"https://x.example/\"\nteam = \"客户段\"\n", "no cause or product has the team"),
        ("to = \"email\"\nsmtp = \"x.example:25\"\nfrom = \"nobody\"\nto_addresses = [\"a@b.c\"]\n", "expected an e-mail address"),
    ] {
        let desk = desk(&format!("{head}{settings}"));
        let ran = run(&desk);
        assert!(ran.code == 2 && ran.stderr.contains(expected), "{settings}: {} {}", ran.code, ran.stderr);
        assert!(!desk.path().join("out").exists() && !ran.stderr.contains("canary"), "{settings}: {}", ran.stderr);
    }
}
