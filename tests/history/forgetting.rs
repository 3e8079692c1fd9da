//! `ahu forget`: whose tickets go, and what is left of them.

use super::{SETTINGS, contents, desk, run, tree};
use crate::run::Desk;

#[test]
fn what_is_forgotten_does_not_come_back() {
    let desk = desk();
    let rows = "1,2026-11-02 10:00,甲,u1,活动奖励没到账\n2,2026-11-02 11:00,甲,u2,活动奖励没到账\n3,2026-11-03 10:00,甲,u1,一进游戏就闪退\n";
    desk.file("in/a.csv", format!("编号,时间,产品,用户,内容\n{rows}"));
    run(&desk);
    let dry = desk.ahu("forget --customer u1 --dry-run --lang en");
    assert!(dry.stderr.contains("2 tickets would be forgotten; 2 digests would be issued"), "{}", dry.stderr);
    assert!(desk.ahu("forget --customer u1 --lang en").stderr.contains("2 tickets are forgotten; 2 digests are issued without them"));
    assert!(desk.read("out/2026-11-02/digest.txt").contains("1 tickets") && !desk.path().join("out/2026-11-03").exists());
    // The same rows again, under another name.
    desk.file("in/b.csv", format!("编号,时间,产品,用户,内容\n{rows}"));
    assert!(run(&desk).contains("3 rows read = 0 new + 0 revised + 1 known + 2 forgotten + 0 quarantined; no changes"));
    let bytes = std::fs::read(desk.path().join("history.db")).expect("the history");
    assert_eq!(contents(&desk).len(), 2);
    assert!(!String::from_utf8_lossy(&bytes).contains("一进游戏就闪退"));
    // Old texts go, counts stay.
    assert!(desk.ahu("forget --older-than 30 --as-of 2026-12-30 --lang en").stderr.contains("1 tickets are forgotten (their counts stay)"));
    assert!(contents(&desk)[0].contains("|Null|") && contents(&desk).len() == 2, "{:?}", contents(&desk));
    assert_eq!(desk.ahu("forget").code, 2);
    assert!(desk.ahu("doctor --lang en").stdout.ends_with("all right\n"));
}

#[test]
fn an_id_that_several_tickets_may_have_is_asked_about() {
    let desk = Desk::new();
    desk.file("ahu.toml", SETTINGS.replace("in/*.csv", "in/*/export.csv"));
    desk.file("in/a/export.csv", "时间,产品,内容\n2026-11-01 10:00,甲,充值没到账，张三\n");
    run(&desk);
    // The same file with other rows: its rows are called as those before were.
    desk.file("in/a/export.csv", "时间,产品,内容\n2026-11-02 10:00,甲,一进游戏就闪退，李四的手机\n");
    desk.file("in/b/export.csv", "时间,产品,内容\n2026-11-02 10:00,甲,充值没到账，王五\n");
    run(&desk);
    let asked = desk.ahu_with(&["forget", "--id", "in/a/export.csv#2"], None);
    assert_eq!(asked.code, 2, "{}", asked.stderr);
    assert!(
        asked.stderr.contains("2 tickets may be meant") && asked.stderr.contains("--ticket 1  2026-11-01") && asked.stderr.contains("张三"),
        "{}",
        asked.stderr
    );
    assert!(contents(&desk).iter().filter(|l| l.contains("export.csv#2")).count() == 3, "{:?}", contents(&desk));
    assert!(desk.ahu("forget --ticket 1").stderr.contains("已删除 1 件工单"));
    let left = contents(&desk).join("\n");
    assert!(left.contains("李四") && left.contains("王五") && !left.contains("张三"), "{left}");
    assert!(desk.ahu_with(&["forget", "--id", "in/b/export.csv#2", "--lang", "en"], None).stderr.contains("1 tickets are forgotten"));
}

#[test]
fn an_id_is_told_as_the_export_writes_it() {
    let desk = desk();
    let rows = "13812345678,2026-11-01 10:00,电话,甲,充值没到账，张三\n13887654321,2026-11-01 11:00,电话,甲,充值没到账，李四\nT9,2026-11-01 11:00,电话,甲,客服不回复\nT9,2026-11-01 12:00,邮件,甲,客服不回复我\n";
    desk.file("in/a.csv", format!("编号,时间,渠道,产品,内容\n{rows}"));
    run(&desk);
    // Masked as digests show them they are one.
    let shown = contents(&desk)[0].split('|').next().expect("an id").to_owned();
    let asked = desk.ahu_with(&["forget", "--id", &shown], None);
    assert_eq!((asked.code, asked.stderr.contains("2 tickets may be meant")), (2, true), "{shown} {}", asked.stderr);
    assert!(desk.ahu("forget --id 13812345678 --lang en").stderr.contains("1 tickets are forgotten"));
    let left = contents(&desk).join("\n");
    assert!(!left.contains("张三") && left.contains("李四"), "{left}");
    // An id of two channels.
    assert_eq!(desk.ahu("forget --id T9").code, 2);
    assert!(desk.ahu("forget --id T9 --channel 邮件 --lang en").stderr.contains("1 tickets are forgotten"));
    assert!(desk.ahu("forget --id T9 --lang en").stderr.contains("1 tickets are forgotten"));
    assert!(desk.ahu("forget --id T9").stderr.contains("没有符合的工单"));
    assert!(run(&desk).contains("no changes"));
    desk.file("in/b.csv", desk.read("in/a.csv"));
    assert!(run(&desk).contains("3 forgotten"));
}

#[test]
fn rows_are_called_by_their_files_however_many_are_read() {
    let (once, twice) = (desk(), desk());
    for desk in [&once, &twice] {
        desk.file("in/a.csv", "时间,产品,内容\n2026-11-01 10:00,甲,充值没到账，张三\n");
        if std::ptr::eq(desk, &twice) {
            run(desk);
        }
        desk.file("in/b.csv", "时间,产品,内容\n2026-11-01 11:00,甲,充值没到账，李四\n");
        // Wherever it is started.
        let folder = once.path().parent().expect("a folder").to_owned();
        let config = desk.path().join("ahu.toml");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ahu"));
        assert!(command.args(["run", "--as-of", "2026-11-22", "--config"]).arg(config).current_dir(folder).output().expect("it runs").status.success());
    }
    let digest = |desk: &Desk| desk.read("out/2026-11-01/digest.csv");
    assert!(digest(&once).contains("in/a.csv#2 in/b.csv#2"), "{}", digest(&once));
    assert_eq!(digest(&once), digest(&twice));
}

#[test]
fn who_reads_the_file_keeps_it_from_being_cleaned_and_that_is_said() {
    let desk = desk();
    desk.file("in/a.csv", "编号,时间,产品,内容\n1,2026-11-20 10:00,甲,活动奖励没到账\n2,2026-11-20 10:00,甲,一进游戏就闪退啊啊啊\n");
    run(&desk);
    let reader = rusqlite::Connection::open(desk.path().join("history.db")).expect("a history");
    reader.execute_batch("BEGIN; SELECT count(*) FROM tickets").expect("a transaction");
    let told = desk.ahu("forget --id 2");
    assert_eq!((told.code, told.stderr.contains("still stand in the file")), (75, true), "{}", told.stderr);
    drop(reader);
    run(&desk);
    for file in ["history.db", "history.db-wal"] {
        let bytes = std::fs::read(desk.path().join(file)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains("啊啊啊"), "{file}");
    }
}

#[test]
fn nothing_is_left_of_what_is_forgotten() {
    let desk = desk();
    let loose = ["祝融大招放出来屏幕就歪了", "貂蝉皮肤穿上以后头发是透明的"];
    let row = |i: u32| format!("{i},2026-11-02 10:{i:02},电话,甲,u{i},{}{}\n", loose[i as usize % 2], ["", "啊", "，真的"][i as usize % 3]);
    let rows: String = (0..24).map(row).collect();
    desk.file("in/a.csv", format!("编号,时间,渠道,产品,用户,内容\n{rows}X,2026-11-02 10:00,张三专线,机密项目,zs,活动奖励没到账\n"));
    run(&desk);
    let before = desk.read("out/2026-11-02/digest.txt");
    let groups = || {
        let db = rusqlite::Connection::open(desk.path().join("history.db")).expect("a history");
        db.query_row("SELECT count(*) FROM history_groups", [], |row| row.get::<_, i64>(0)).expect("a number")
    };
    assert!(groups() > 0, "{before}");
    assert!(before.contains("机密项目"), "{before}");
    assert_eq!(desk.ahu("forget --id X").code, 0);
    let everything = || {
        let mut bytes = std::fs::read(desk.path().join("history.db")).expect("the history");
        tree(&desk.path().join("out")).into_iter().for_each(|(_, file)| bytes.extend(file));
        String::from_utf8_lossy(&bytes).into_owned()
    };
    assert!(!everything().contains("机密项目") && !everything().contains("张三专线"), "{}", desk.read("out/2026-11-02/digest.txt"));
    assert!(desk.read("out/2026-11-02/digest.txt").contains("第 1 次修订：按要求删除了工单"));
    // Groups are named by what texts say.
    assert_eq!(desk.ahu("forget --older-than 5 --as-of 2026-12-30").code, 0);
    let digest = desk.read("out/2026-11-02/digest.json");
    assert!(groups() == 0 && !digest.contains("\"groups\": [\n") && digest.contains("\"rows\": 24"), "{digest}");
    assert_eq!(desk.ahu("forget --older-than 4000000000").code, 2);
}

#[test]
fn whose_a_ticket_is_may_be_known_later() {
    let with = "编号,时间,产品,内容,用户\n1,2026-11-01 10:00,甲,充值没到账,u1\n2,2026-11-01 11:00,甲,一进游戏就闪退,u1\n";
    let without = "编号,时间,产品,内容\n1,2026-11-01 10:00,甲,充值没到账\n2,2026-11-02 11:00,甲,一进游戏就闪退，再催一次\n";
    for order in [[without, with], [with, without]] {
        let desk = desk();
        for (name, rows) in ["a", "b"].into_iter().zip(order) {
            desk.file(&format!("in/{name}.csv"), rows);
            run(&desk);
        }
        assert!(desk.ahu("forget --customer u1 --lang en").stderr.contains("2 tickets are forgotten"));
    }
}
