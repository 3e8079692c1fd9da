//! What the machine does to a run: full disks, read-only folders, kills, failing system calls, odd clocks and locales. Old
//! output or new, never half of it; errors name what they are about; the next run is as if nothing had been.

use crate::run::{Desk, accounting};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

const OLD: &str = "yesterday's\n";

fn rows(n: usize) -> String {
    let row = |i: usize| format!("T{i},星海手游,奖励没到账 第{i}次\n");
    format!("工单号,产品,内容\n{}", (0..n).map(row).collect::<String>())
}

fn ahu(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ahu"));
    command.args(arguments.split(' ')).current_dir(folder).stdin(Stdio::null());
    command
}

fn code_and_words(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Files that runs leave behind when they are killed.
fn left(folder: &Path) -> usize {
    folder.read_dir().unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".ahu-tmp")).count()
}

/// A file system in memory, gone when dropped; `None`, said aloud, where there cannot be one.
pub struct Mounted(pub PathBuf);

impl Mounted {
    pub fn new(place: &Path, options: &str) -> Option<Mounted> {
        std::fs::create_dir_all(place).unwrap();
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(place).stderr(Stdio::null()).status();
        if done.is_ok_and(|s| s.success()) {
            return Some(Mounted(place.to_owned()));
        }
        eprintln!("skipped: no file system can be mounted here");
        None
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_keeps_the_old_output() {
    let desk = Desk::new();
    desk.file("a.csv", rows(1_500));
    assert_eq!(desk.ahu("classify -o whole.csv a.csv").code, 0);
    let whole = desk.read("whole.csv");
    let (mut kept, mut done) = (0, 0);
    for step in 1..=64 {
        let size = whole.len() * step / 56 + 8_192;
        let Some(disk) = Mounted::new(&desk.path().join("disk"), &format!("size={size}")) else { return };
        let place = disk.0.join("out.csv");
        std::fs::write(&place, OLD).unwrap();
        let ran = desk.ahu("classify -o disk/out.csv a.csv");
        let now = std::fs::read_to_string(&place).unwrap();
        assert_eq!(left(&disk.0), 0, "{size} bytes");
        if ran.code == 0 {
            assert!(now == whole, "{size} bytes");
            done += 1;
        } else {
            assert_eq!((ran.code, now.as_str()), (74, OLD), "{size} bytes: {}", ran.stderr);
            assert!(ran.stderr.contains("disk/out.csv") && ran.stderr.contains("No space left"), "{}", ran.stderr);
            kept += 1;
        }
    }
    assert!(kept > 20 && done > 2, "{kept} kept, {done} done");
}

#[test]
fn a_device_that_takes_nothing_is_named() {
    let desk = Desk::new();
    desk.file("a.csv", rows(2_000));
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for command in ["classify", "summarize", "mask", "summarize --format json"] {
        let ran = desk.ahu(&format!("{command} -o /dev/full a.csv"));
        assert_eq!(ran.code, 74, "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("/dev/full") && ran.stderr.contains("No space left"), "{command}: {}", ran.stderr);
        let ran = ahu(desk.path(), &format!("{command} a.csv")).stdout(full()).output().unwrap();
        let (code, words) = code_and_words(&ran);
        assert_eq!(code, Some(74), "{command}: {words}");
        assert!(words.contains("stdout") && words.contains("No space left"), "{command}: {words}");
    }
    desk.file("bad.csv", rows(20) + "x\n");
    let ran = desk.ahu("summarize --rejects /dev/full bad.csv");
    assert!(ran.code == 74 && ran.stderr.contains("/dev/full"), "{}: {}", ran.code, ran.stderr);
    // Nobody to complain to is no reason to fail.
    let ran = ahu(desk.path(), "summarize bad.csv").stderr(full()).output().unwrap();
    assert!(ran.status.success() && String::from_utf8_lossy(&ran.stdout).contains("阿虎日报"));
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let script = format!("'{}' summarize -o out.txt a.csv {closed}", env!("CARGO_BIN_EXE_ahu"));
        assert!(Command::new("sh").args(["-c", &script]).current_dir(desk.path()).status().unwrap().success(), "{closed}");
        assert!(desk.read("out.txt").starts_with("阿虎日报"), "{closed}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let desk = Desk::new();
    desk.file("a.csv", rows(10));
    let Some(disk) = Mounted::new(&desk.path().join("disk"), "size=1m,ro") else { return };
    for command in ["classify -o disk/out.csv a.csv", "summarize -o disk/out.txt a.csv", "summarize --rejects disk/bad.csv a.csv"] {
        let ran = desk.ahu(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (74, ""), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("disk/") && ran.stderr.contains("Read-only file system"), "{command}: {}", ran.stderr);
    }
    drop(disk);
    let ran = desk.ahu("summarize -o nowhere/out.txt a.csv");
    assert!(ran.code == 74 && ran.stderr.contains("nowhere/out.txt"), "{}", ran.stderr);
}

#[test]
fn a_killed_run_leaves_the_old_output_and_the_next_one_heals() {
    let desk = Desk::new();
    desk.file("out.csv", OLD);
    desk.file("a.csv", rows(20_000));
    assert!(Command::new("mkfifo").arg(desk.path().join("in.csv")).status().unwrap().success());
    let mut child = ahu(desk.path(), "classify -o out.csv in.csv").stderr(Stdio::null()).spawn().unwrap();
    // Most rows come, the last ones never do: the run is in its middle.
    let mut pipe = std::fs::OpenOptions::new().write(true).open(desk.path().join("in.csv")).unwrap();
    std::io::Write::write_all(&mut pipe, rows(100_000).as_bytes()).unwrap();
    let begun = Instant::now();
    let half = || desk.path().read_dir().unwrap().flatten().any(|e| e.file_name().to_string_lossy().ends_with(".ahu-tmp") && e.metadata().unwrap().len() > 0);
    while !half() {
        assert!(begun.elapsed().as_secs() < 20, "rows are written as they come");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert_eq!((left(desk.path()), desk.read("out.csv").as_str()), (1, OLD));
    assert_eq!(desk.ahu("classify -o out.csv a.csv").code, 0);
    assert_eq!((left(desk.path()), desk.read("out.csv").lines().count()), (0, 20_001));
}

#[test]
fn no_environment_and_any_locale_give_the_same_bytes() {
    let desk = Desk::new();
    desk.file("工单.csv", rows(50) + "坏的\n");
    for arguments in ["summarize --ids 工单.csv", "classify 工单.csv", "summarize --format json .", "summarize missing.csv"] {
        let usual = ahu(desk.path(), arguments).output().unwrap();
        let locale = |name: &str| ahu(desk.path(), arguments).env("LC_ALL", name).env("LANG", name).env("TZ", "Pacific/Kiritimati").output().unwrap();
        let bare = ahu(desk.path(), arguments).env_clear().output().unwrap();
        for (what, ran) in [("C", locale("C")), ("zh_CN.GBK", locale("zh_CN.GBK")), ("nothing", bare)] {
            assert!(ran == usual, "{arguments}, {what}: {}", String::from_utf8_lossy(&ran.stderr));
        }
    }
}

#[test]
fn clocks_that_are_wrong_change_nothing() {
    let desk = Desk::new();
    let path = desk.file("a.csv", "工单号,创建时间,内容\n1,2026-11-01,闪退\n2,2099-01-01,登录不上");
    let expected = desk.ahu("summarize --format json a.csv").stdout;
    assert!(expected.contains("2099-01-01"), "{expected}");
    let year = Duration::from_secs(366 * 86_400);
    for time in [SystemTime::now() + 50 * year, SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH - year, SystemTime::now() - Duration::from_millis(500)] {
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        let begun = Instant::now();
        let ran = desk.ahu("summarize --format json a.csv");
        assert_eq!((ran.code, ran.stdout == expected), (0, true), "{}", ran.stderr);
        assert!(begun.elapsed().as_secs() < 5);
    }
    for day in ["2001-01-01", "2099-12-31"] {
        assert_eq!(desk.ahu(&format!("summarize --as-of {day} a.csv")).code, 0, "{day}");
    }
}

#[test]
fn thirty_thousand_files_in_a_folder() {
    let desk = Desk::new();
    let first = desk.file("in/a.csv", rows(100));
    let empty = desk.file("in/b.csv", "");
    desk.file("in/c.csv", rows(200));
    for i in 0..30_000 {
        std::fs::hard_link(if i % 1_000 == 0 { &first } else { &empty }, desk.path().join(format!("in/{i}.csv"))).unwrap();
    }
    let begun = Instant::now();
    let ran = desk.ahu("summarize --format json in");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(accounting(&serde_json::from_str(&ran.stdout).unwrap()), [3_300, 200, 3_100, 0]);
    assert!(begun.elapsed().as_secs() < 60, "took {:?}", begun.elapsed());
}

/// A run under strace with these of its options.
fn traced(desk: &Desk, options: &[&str]) -> (Output, String) {
    let log = desk.path().join("strace.log");
    let mut command = Command::new("strace");
    // Stopping at the traced calls alone is faster, but kills nothing.
    let fast: &[&str] = if options.iter().any(|o| o.contains("signal")) { &[] } else { &["--seccomp-bpf"] };
    command.args(["-f", "-y", "-qq"]).args(fast).args(options).arg("-o").arg(&log);
    command.args([env!("CARGO_BIN_EXE_ahu"), "classify", "--threads", "1", "-o", "out.csv", "a.csv"]).current_dir(desk.path()).stdin(Stdio::null());
    (command.output().unwrap(), std::fs::read_to_string(log).unwrap_or_default())
}

/// Which calls of this name are about our files, counted as strace does: by thread, from 1.
fn own_calls(desk: &Desk, call: &str) -> Vec<usize> {
    let (ran, log) = traced(desk, &["-e", &format!("trace={call}")]);
    assert!(ran.status.success(), "{}", code_and_words(&ran).1);
    let mut seen = std::collections::HashMap::new();
    let mut own = Vec::new();
    for line in log.lines().filter(|l| l.contains('(')) {
        let k = seen.entry(line.split(' ').next()).or_insert(0);
        *k += 1;
        let folder = desk.path().canonicalize().unwrap().display().to_string();
        let arguments = line.replace(&format!("AT_FDCWD<{folder}>"), "");
        if call == "write" || arguments.contains(&folder) || arguments.contains("\"a.csv\"") {
            own.push(*k);
        }
    }
    own
}

/// Fails the `k`-th call of this name.
fn fail(call: &str, how: &str, k: usize, whole: &str) {
    let desk = Desk::new();
    desk.file("a.csv", rows(3));
    desk.file("out.csv", OLD);
    let (ran, log) = traced(&desk, &["-e", &format!("trace={call}"), "-e", &format!("inject={call}:{how}:when={k}")]);
    let ((code, words), now) = (code_and_words(&ran), desk.read("out.csv"));
    let what = format!("{call} {k} {how}: {code:?} {words}");
    if how == "signal=KILL" {
        assert!(ran.status.signal() == Some(9) && (now == OLD || now == whole), "{what}");
        assert_eq!(desk.ahu("classify -o out.csv a.csv").code, 0);
        assert_eq!((left(desk.path()), desk.read("out.csv").as_str()), (0, whole), "{what}");
        return;
    }
    assert!(log.contains("(INJECTED)"), "{what}");
    assert_eq!(left(desk.path()), 0, "{what}");
    match code {
        Some(0) => assert!(now == whole, "{what}"),
        Some(74) => assert!(now == OLD && ["a.csv", "out.csv"].iter().any(|name| words.contains(name)), "{what}"),
        // The standard library gives up where a folder cannot be closed.
        _ => assert!(call == "close" && code == Some(101) && now == OLD, "{what}"),
    }
}

#[test]
fn every_failing_system_call_leaves_old_or_new() {
    if !Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        eprintln!("skipped: strace is not on the path");
        return;
    }
    let desk = Desk::new();
    desk.file("a.csv", rows(3));
    desk.file("out.csv", OLD);
    if !traced(&desk, &["-e", "trace=write"]).0.status.success() {
        eprintln!("skipped: strace cannot trace here");
        return;
    }
    let whole = &desk.read("out.csv");
    let mut work = Vec::new();
    for call in ["write", "fsync", "/^rename", "openat", "read", "close"] {
        let own = own_calls(&desk, call);
        assert!(!own.is_empty(), "{call}");
        work.extend(own.into_iter().flat_map(|k| ["error=EIO", "error=ENOSPC", "signal=KILL"].map(|how| (call, how, k))));
    }
    assert!(work.len() >= 30, "{work:?}");
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((call, how, k)) = work.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    fail(call, how, *k, whole);
                }
            });
        }
    });
}
