//! `ahu run` killed, and failed, at its system calls: no folder of digests is half a one, the history is whole, and the next run makes
//! all as if nothing had been. By default at some calls of each name, chosen evenly; `AHU_TEST_ALL=1` at every call.

use crate::run::{Desk, long};
use crate::surroundings::Mounted;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls of each name that are tried by default.
const SOME: usize = 4;
/// Rows of the night that is killed.
const ROWS: usize = 1_000;

fn rows(ids: std::ops::Range<usize>, day: usize) -> String {
    let row = |i: usize| {
        format!("T{i},2026-11-{:02} 10:{:02}:{:02},甲,{}\n", day + i % 2, i / 60 % 60, i % 60, ["奖励没到账", "一进游戏就闪退", "客服不回复"][i % 3])
    };
    format!("编号,时间,产品,内容\n{}", ids.map(row).collect::<String>())
}

/// A desk with one night in its history, and the next night's file waiting: it has late rows for the first day, and a new day.
fn desk() -> Desk {
    desk_of(Desk::new())
}

/// As [`desk`], in a folder whose `disk` may be a file system of its own.
fn desk_of(desk: Desk) -> Desk {
    let toml = "threads = 1\n[run]\ninputs = [\"in/*.csv\"]\nhistory = \"disk/history.db\"\noutput = \"disk/out\"\nsettle_seconds = 0\n";
    desk.file("ahu.toml", toml);
    desk.file("in/1.csv", rows(0..40, 10));
    assert_eq!(desk.ahu("run --as-of 2026-11-22").code, 0);
    desk.file("in/2.csv", rows(40..40 + ROWS, 11));
    desk
}

/// The folders of days with all their files.
fn published(desk: &Desk) -> BTreeMap<String, BTreeMap<String, Vec<u8>>> {
    let files = |folder: &Path| -> BTreeMap<String, Vec<u8>> {
        // Teams have folders of their own in it.
        let (mut all, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
        while let Some(at) = folders.pop() {
            for path in at.read_dir().expect("a folder").map(|e| e.expect("an entry").path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    all.insert(path.strip_prefix(folder).expect("below").to_string_lossy().into_owned(), std::fs::read(path).expect("a file"));
                }
            }
        }
        all
    };
    let days = desk.path().join("disk/out").read_dir().expect("the output").map(|e| e.expect("an entry"));
    days.map(|e| (e.file_name().to_string_lossy().into_owned(), files(&e.path()))).filter(|(name, _)| !name.starts_with('.')).collect()
}

/// The tickets, without what tells of runs.
fn tickets(desk: &Desk) -> Vec<String> {
    let db = rusqlite::Connection::open(desk.path().join("disk/history.db")).expect("a history");
    let whole: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(whole, "ok");
    let mut statement = db.prepare("SELECT id || day || time || cause || text || versions FROM history_tickets ORDER BY id").expect("a view");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("rows")
}

fn traced(desk: &Desk, options: &[&str]) -> (Output, String) {
    let log = desk.path().join("strace.log");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(options).arg("-o").arg(&log);
    command.args([env!("CARGO_BIN_EXE_ahu"), "run", "--as-of", "2026-11-22"]).current_dir(desk.path()).stdin(Stdio::null());
    (command.output().expect("strace runs"), std::fs::read_to_string(log).unwrap_or_default())
}

/// How often each call is made by the thread that makes it most, which is how strace counts.
fn calls() -> BTreeMap<String, usize> {
    let desk = desk();
    let (ran, log) = traced(&desk, &["-e", "trace=all"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let mut by_thread: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in log.lines() {
        let (thread, rest) = line.split_once(' ').unwrap_or_default();
        if let Some((call, _)) =
            rest.trim().split_once('(').filter(|(call, _)| !call.is_empty() && call.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        {
            *by_thread.entry((call, thread)).or_default() += 1;
        }
    }
    let mut most: BTreeMap<String, usize> = BTreeMap::new();
    for ((call, _), n) in by_thread {
        let known = most.entry(call.to_owned()).or_default();
        *known = n.max(*known);
    }
    most
}

struct Expected {
    before: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    after: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    tickets: Vec<String>,
}

/// One run, struck at a call; `how` is what strace injects. Gives whether the call was made at all.
fn strike(call: &str, k: usize, how: &str, expected: &Expected) -> bool {
    let desk = desk();
    let (ran, log) = traced(&desk, &["-e", "trace=all", "-e", &format!("inject={call}:{how}:when={k}")]);
    let words = String::from_utf8_lossy(&ran.stderr);
    let what = format!("{call} {k} {how}: {:?} {words}", ran.status);
    // What fails says what, and with which file.
    let told = |code| [2, 74, 75].contains(&code) && ["ahu.toml", "in/", "disk", "tmp", "stdout"].iter().any(|file| words.contains(file));
    // 127: before the program began.
    if let Some(code) = ran.status.code().filter(|code| *code != 127 && log.contains("(INJECTED)")) {
        assert!(code == 0 || told(code), "{what}");
    }
    healed(&desk, expected, &what);
    ran.status.signal() == Some(9) || log.contains("(INJECTED)")
}

/// No day is half a one, and the next run makes all as if nothing had been.
fn healed(desk: &Desk, expected: &Expected, what: &str) {
    not_torn(desk, expected, what);
    let again = desk.ahu("run --as-of 2026-11-22");
    assert_eq!(again.code, 0, "{what}: the next run: {}", again.stderr);
    assert!(tickets(desk) == expected.tickets, "{what}: other tickets");
    assert!(published(desk) == expected.after, "{what}: other digests");
    let left: Vec<String> = desk
        .path()
        .join("disk/out")
        .read_dir()
        .expect("the output")
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|n| n.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{what}: left {left:?}");
}

fn not_torn(desk: &Desk, expected: &Expected, what: &str) {
    for (day, files) in published(desk) {
        let whole = expected.before.get(&day) == Some(&files) || expected.after.get(&day) == Some(&files);
        assert!(whole, "{day} is torn after {what}");
    }
}

fn expected() -> Expected {
    let undisturbed = desk();
    let before = published(&undisturbed);
    assert_eq!(undisturbed.ahu("run --as-of 2026-11-22").code, 0);
    let expected = Expected { before, after: published(&undisturbed), tickets: tickets(&undisturbed) };
    assert_eq!((expected.before.len(), expected.after.len(), expected.tickets.len()), (2, 3, 40 + ROWS));
    expected
}

#[test]
fn a_disk_that_is_full_loses_nothing() {
    let steps = if long() { 64 } else { 12 };
    let expected = expected();
    let (mut kept, mut done) = (0, 0);
    for step in 1..=steps {
        let desk = Desk::new();
        let Some(disk) = Mounted::new(&desk.path().join("disk"), "size=64m") else { return };
        let desk = desk_of(desk);
        let size = |kib: usize| {
            let place = disk.0.display().to_string();
            assert!(Command::new("mount").args(["-o", &format!("remount,size={kib}k"), &place]).status().expect("mount runs").success());
        };
        let used = Command::new("du").args(["-sk", &disk.0.display().to_string()]).output().expect("du runs").stdout;
        let used: usize = String::from_utf8_lossy(&used).split_whitespace().next().and_then(|n| n.parse().ok()).expect("a size");
        let kib = used + 4 + (step - 1) * 900 / steps;
        size(kib);
        let ran = desk.ahu("run --as-of 2026-11-22");
        let what = format!("{kib} KiB: {} {}", ran.code, ran.stderr);
        if ran.code == 0 {
            assert!(published(&desk) == expected.after, "{what}");
            done += 1;
        } else {
            assert!(ran.code == 74 && ran.stderr.contains("disk/") && (ran.stderr.contains("full") || ran.stderr.contains("No space left")), "{what}");
            kept += 1;
        }
        not_torn(&desk, &expected, &what);
        size(65_536);
        healed(&desk, &expected, &what);
        drop(disk);
    }
    assert!(kept > steps / 4 && done > 0, "{kept} kept, {done} done");
}

#[test]
fn a_run_struck_anywhere_is_healed_by_the_next() {
    if !Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok_and(|s| s.success())
        || !traced(&desk(), &["-e", "trace=write"]).0.status.success()
    {
        eprintln!("skipped: strace cannot trace here");
        return;
    }
    let expected = expected();
    let mut work: Vec<(String, usize, &str)> = Vec::new();
    for (call, n) in calls() {
        let wanted = if long() { n } else { SOME.min(n) };
        let ks: Vec<usize> = (0..wanted).map(|i| 1 + i * n / wanted).collect();
        work.extend(ks.iter().map(|k| (call.clone(), *k, "signal=KILL")));
        let errors: &[&str] = match call.as_str() {
            "openat" if long() => &["error=EIO", "error=ENOSPC", "error=EACCES", "error=EROFS", "error=EMFILE", "error=EINTR"],
            "read" | "pread64" if long() => &["error=EIO", "error=EINTR"],
            "write" | "pwrite64" | "fsync" | "fdatasync" | "mkdir" | "rename" | "renameat2" | "ftruncate" | "unlink" if long() => {
                &["error=EIO", "error=ENOSPC", "error=EACCES", "error=EROFS", "error=EINTR"]
            }
            "read" => &["error=EIO"],
            "write" | "pwrite64" | "fsync" | "fdatasync" | "openat" | "mkdir" | "rename" | "renameat2" | "ftruncate" | "unlink" => {
                &["error=EIO", "error=ENOSPC", "error=EACCES"]
            }
            _ => &[],
        };
        work.extend(ks.iter().flat_map(|k| errors.iter().map(|how| (call.clone(), *k, *how))));
    }
    eprintln!("{} runs to strike", work.len());
    let (next, struck) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((call, k, how)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    struck.fetch_add(usize::from(strike(call, *k, how, &expected)), Ordering::Relaxed);
                }
            });
        }
    });
    let struck = struck.into_inner();
    eprintln!("{struck} of {} runs were struck", work.len());
    assert!(struck * 2 > work.len(), "{struck} of {}", work.len());
}
