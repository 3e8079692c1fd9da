//! The folders of digests: gone, moved, shared, with notes of others in them; files and monitors.

use super::{SETTINGS, contents, desk, run, tree};
use crate::run::Desk;

const ROW: &str = "编号,时间,产品,内容\n1,2026-11-20 10:00,甲,活动奖励没到账\n";

#[test]
fn digests_that_are_gone_are_told_of_and_written_again() {
    let desk = desk();
    desk.file("in/a.csv", ROW);
    run(&desk);
    let whole = tree(&desk.path().join("out"));
    std::fs::remove_dir_all(desk.path().join("out")).expect("removed");
    let told = desk.ahu("doctor --lang en").stdout;
    assert!(told.contains("1 digests are not in") && told.contains("(2026-11-20)") && told.contains("run --rebuild"), "{told}");
    assert!(run(&desk).contains("no changes") && !desk.path().join("out").exists());
    assert_eq!(desk.ahu("run --rebuild --lang en").code, 0);
    assert_eq!(tree(&desk.path().join("out")), whole);
}

#[test]
fn a_history_has_one_folder_of_digests() {
    let desk = desk();
    desk.file("in/a.csv", ROW);
    run(&desk);
    desk.file("other.toml", SETTINGS.replace("\"out\"", "\"elsewhere\""));
    let refused = desk.ahu("run --config other.toml");
    assert_eq!((refused.code, refused.stderr.contains("are in `out`, not in `elsewhere`")), (2, true), "{}", refused.stderr);
    assert_eq!(desk.ahu("run --config other.toml --rebuild").code, 0);
    assert!(desk.path().join("elsewhere/2026-11-20/digest.txt").exists());
    assert_eq!(desk.ahu("run").code, 2);
}

#[test]
fn notes_of_others_stay() {
    let desk = desk();
    desk.file("in/a.csv", ROW);
    run(&desk);
    desk.file("out/2026-11-20/notes/call.txt", "打过电话了");
    desk.file("out/2026-11-20/备注.txt", "已回复");
    desk.file("in/b.csv", "编号,时间,产品,内容\n2,2026-11-20 10:00,甲,活动奖励没到账\n");
    run(&desk);
    assert!(desk.read("out/2026-11-20/digest.txt").contains("2 tickets"));
    assert_eq!((desk.read("out/2026-11-20/notes/call.txt"), desk.read("out/2026-11-20/备注.txt")), ("打过电话了".to_owned(), "已回复".to_owned()));
}

#[test]
fn a_monitor_that_cannot_be_told_undoes_nothing_and_hides_nothing() {
    let desk = Desk::new();
    desk.file("ahu.toml", SETTINGS.to_owned() + "metrics = \"nowhere/ahu.prom\"\n");
    desk.file("in/a.csv", ROW);
    let ran = desk.ahu("run --lang en");
    assert_eq!((ran.code, ran.stdout.contains("1 new"), ran.stderr.contains("nowhere/ahu.prom")), (0, true, true), "{}", ran.stderr);
    std::fs::remove_file(desk.path().join("in/a.csv")).expect("removed");
    let ran = desk.ahu("run");
    assert_eq!((ran.code, ran.stderr.contains("in/*.csv")), (74, true), "{}", ran.stderr);
}

#[test]
fn another_zone_reads_all_again_and_clocks_ahead_are_waited_for_once() {
    let desk = Desk::new();
    desk.file("ahu.toml", SETTINGS.replace("settle_seconds = 0", "settle_seconds = 1"));
    for name in ["a", "b", "c", "d"] {
        let file = desk.file(&format!("in/{name}.csv"), format!("编号,时间,产品,内容\n{name},2026-11-20T20:00:00Z,甲,活动奖励没到账\n"));
        let ahead = std::time::SystemTime::now() + std::time::Duration::from_secs(900);
        std::fs::File::options().write(true).open(file).and_then(|f| f.set_modified(ahead)).expect("a time");
    }
    let begun = std::time::Instant::now();
    assert!(run(&desk).contains("4 new"));
    assert!(begun.elapsed() < std::time::Duration::from_millis(3_500), "{:?}", begun.elapsed());
    assert!(run(&desk).contains("0 rows read"));
    assert!(desk.ahu("run --as-of 2026-12-31 --time-zone UTC --lang en").stdout.contains("4 rows read"));
    assert!(contents(&desk)[0].contains("2026-11-20"));
}

#[test]
fn who_may_only_read_reads_the_history() {
    let desk = Desk::new();
    let Some(disk) = crate::surroundings::Mounted::new(&desk.path().join("disk"), "size=64m") else { return };
    desk.file("ahu.toml", SETTINGS.replace("\"history.db\"", "\"disk/history.db\""));
    desk.file("in/a.csv", ROW);
    run(&desk);
    let remounted = std::process::Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0).status().expect("mount runs").success();
    assert!(remounted);
    let told = desk.ahu("report");
    assert!(told.code == 0 && told.stdout.contains("奖品未到账"), "{}", told.stderr);
    assert_eq!(desk.ahu("doctor --lang en").code, 0);
}
