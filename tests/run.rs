//! Running the real program in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A temporary folder to run the program in.
pub struct Desk {
    folder: tempfile::TempDir,
}

/// Whether tests that try some of very many cases try all of them (`AHU_TEST_ALL=1`).
pub fn long() -> bool {
    std::env::var_os("AHU_TEST_ALL").is_some()
}

/// What a run came to.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    pub fn new() -> Desk {
        Desk { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, bytes).expect("a written file");
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file of text")
    }

    /// Runs `ahu` with these arguments, separated by spaces.
    pub fn ahu(&self, arguments: &str) -> Ran {
        self.ahu_with(&arguments.split_whitespace().collect::<Vec<_>>(), None)
    }

    /// Runs `ahu` with these arguments, and `stdin` on its standard input.
    pub fn ahu_with(&self, arguments: &[&str], stdin: Option<&[u8]>) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ahu"));
        command.args(arguments).current_dir(self.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn().expect("the program starts");
        if let (Some(bytes), Some(mut pipe)) = (stdin, child.stdin.take()) {
            let bytes = bytes.to_vec();
            std::thread::spawn(move || std::io::Write::write_all(&mut pipe, &bytes));
        }
        let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Ran { code: status.code().expect("an exit code, not a signal"), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The JSON digest of these inputs; the run must succeed.
    pub fn digest(&self, arguments: &str) -> serde_json::Value {
        let ran = self.ahu(&format!("summarize --format json {arguments}"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).expect("valid JSON")
    }
}

/// `[rows, classified, duplicates, quarantined]` of a digest.
pub fn accounting(digest: &serde_json::Value) -> [u64; 4] {
    ["rows", "classified", "duplicates", "quarantined"].map(|k| digest["accounting"][k].as_u64().expect("a number"))
}
