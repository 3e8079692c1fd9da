//! Imports only point down the floors that `docs/architecture.md` draws.

use std::path::{Path, PathBuf};

/// The floor of each module of the library; stages of one floor never import each other.
const FLOORS: [(&str, u32); 25] = [
    ("error", 0),
    ("alert", 0),
    ("cell", 0),
    ("ticket", 0),
    ("taxonomy", 0),
    ("prediction", 0),
    ("prevalence", 0),
    ("counts", 0),
    ("digest", 0),
    ("listing", 0),
    ("mask", 0),
    ("segment", 1),
    ("model", 2),
    ("transcript", 2),
    ("ingest", 3),
    ("classify", 3),
    ("report", 3),
    ("review", 3),
    ("discover", 3),
    ("history", 3),
    ("detect", 3),
    ("deliver", 3),
    ("pipeline", 4),
    ("learn", 4),
    ("cli", 5),
];

fn floor(module: &str) -> u32 {
    FLOORS.iter().find(|(m, _)| *m == module).unwrap_or_else(|| panic!("module `{module}` has no floor: add it here and to docs/architecture.md")).1
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Modules of this library that a file imports or names.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().take_while(|l| !l.contains("#[cfg(test)]")).filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for prefix in ["crate::", "ahu::"] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.push(name);
            }
        }
    }
    found
}

#[test]
fn imports_only_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut seen = 0;
    for file in files {
        let relative = file.strip_prefix(&src).expect("below src");
        let module = relative.components().next().expect("a module").as_os_str().to_string_lossy().replace(".rs", "");
        if module == "lib" || module == "main" {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a source");
        for import in imports(&text).iter().filter(|i| **i != module) {
            seen += 1;
            assert!(
                floor(import) < floor(&module) || floor(&module) == 0 && floor(import) == 0,
                "{} (floor {}) imports {import} (floor {})",
                relative.display(),
                floor(&module),
                floor(import)
            );
        }
        if !["pipeline", "learn", "discover", "cli"].contains(&module.as_str()) {
            let allowed = relative == Path::new("classify/examples.rs");
            assert!(allowed || !text.contains("rayon::"), "{} uses rayon: threads belong to the pipeline", relative.display());
        }
        if module != "segment" {
            assert!(!text.contains("jieba_rs"), "{} uses jieba-rs: words belong to segment", relative.display());
        }
    }
    assert!(seen > 50, "only {seen} imports were looked at");
}
