//! Behaviours as folders: `tests/cases/NAME/` holds `cmd` (arguments, one a line), input files, and the expected `stdout`,
//! `stderr` and `code` (0 where absent). `AHU_UPDATE=1 cargo test cases` rewrites them: read the diff.

use crate::run::Desk;
use std::fs;
use std::path::Path;

const EXPECTED: [&str; 4] = ["cmd", "stdout", "stderr", "code"];

#[test]
fn every_case_does_what_it_did() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let update = std::env::var_os("AHU_UPDATE").is_some();
    let mut folders: Vec<_> = fs::read_dir(&root).expect("the cases").map(|e| e.expect("an entry").path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 15, "only {} cases", folders.len());
    let wrong: Vec<String> = folders.iter().filter_map(|folder| check(folder, update)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a case, if anything.
fn check(folder: &Path, update: bool) -> Option<String> {
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let desk = Desk::new();
    for entry in fs::read_dir(folder).expect("the case") {
        let path = entry.expect("an entry").path();
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !EXPECTED.contains(&file.as_str()) {
            fs::copy(&path, desk.path().join(file)).expect("a copy");
        }
    }
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/story/tickets.csv");
    fs::copy(story, desk.path().join("story.csv")).expect("the story");
    let cmd = fs::read_to_string(folder.join("cmd")).unwrap_or_else(|_| panic!("{name} has no cmd"));
    let ran = desk.ahu_with(&cmd.lines().collect::<Vec<_>>(), None);
    let actual = [("stdout", ran.stdout), ("stderr", ran.stderr), ("code", format!("{}\n", ran.code))];
    let mut wrong = String::new();
    for (file, text) in actual {
        let path = folder.join(file);
        let default = if file == "code" { "0\n" } else { "" };
        let expected = fs::read_to_string(&path).unwrap_or_else(|_| default.to_owned());
        if text == expected {
            continue;
        }
        if update {
            if text == default { fs::remove_file(&path).expect("removed") } else { fs::write(&path, &text).expect("written") }
        } else {
            wrong.push_str(&format!("\n--- {name}/{file}, expected:\n{expected}--- but got:\n{text}"));
        }
    }
    (!wrong.is_empty()).then_some(wrong)
}
