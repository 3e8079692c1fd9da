//! The fuzzer's corpus in the ordinary suite: every file goes through its target, what once failed too.

#[path = "../fuzz/src/lib.rs"]
pub mod targets;

use std::path::Path;

#[test]
fn the_corpus_holds() {
    targets::let_readers_give_up();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    std::thread::scope(|scope| {
        for (name, target) in targets::TARGETS {
            let corpus = &corpus;
            scope.spawn(move || {
                let mut files: Vec<_> = corpus.join(name).read_dir().expect("a corpus").map(|e| e.expect("a file").path()).collect();
                files.sort();
                assert!(files.len() >= 5, "{name}: {} files", files.len());
                for file in files {
                    let bytes = std::fs::read(&file).expect("a file");
                    if let Err(failed) = std::panic::catch_unwind(|| target(&bytes)) {
                        eprintln!("{} fails", file.display());
                        std::panic::resume_unwind(failed);
                    }
                }
            });
        }
    });
}

/// Bytes inside a workbook that no reader can open would test nothing.
#[test]
fn the_workbooks_are_whole() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/xlsx");
    for (name, rows) in [("sheet_inline", 1), ("shared_strings", 1), ("styles", 1), ("workbook", 1), ("ods", 2), ("xls_records", 2), ("xlsb_records", 2)] {
        assert_eq!(targets::rows_of_workbook(&std::fs::read(corpus.join(name)).expect("a file")), rows, "{name}");
    }
}
