//! What the user named: files, patterns, folders, stdin.

use crate::error::{Error, Result};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// One input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// The name to show.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Source::Stdin => "stdin".to_owned(),
            Source::File(path) => path.display().to_string(),
        }
    }
}

/// Endings of the files taken from a folder.
const ENDINGS: [&str; 4] = ["csv", "tsv", "txt", "tab"];

/// The inputs that `arguments` name, in their order, each once; those of a pattern or folder sorted by name. No argument is
/// stdin. Then the names of those that were named again: a row read twice would be counted twice where it has no id.
///
/// # Errors
/// A file that does not exist, a pattern or folder that holds none.
pub fn expand(arguments: &[String]) -> Result<(Vec<Source>, Vec<String>)> {
    if arguments.is_empty() {
        return Ok((vec![Source::Stdin], Vec::new()));
    }
    let mut sources = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        if argument == "-" {
            sources.push(Source::Stdin);
        } else if path.is_dir() {
            sources.extend(folder(path)?);
        } else if path.exists() {
            sources.push(Source::File(path.to_owned()));
        } else if argument.contains(['*', '?', '[']) {
            sources.extend(pattern(argument)?);
        } else {
            return Err(Error::io(argument, "open", &std::io::Error::new(std::io::ErrorKind::NotFound, "no such file or folder")));
        }
    }
    let mut seen = HashSet::new();
    let identity = |s: &Source| match s {
        Source::Stdin => None,
        // A pipe may be named again: it is another one's turn to write.
        Source::File(path) => path.canonicalize().ok().filter(|p| p.is_file()),
    };
    let (first, again): (Vec<Source>, Vec<Source>) = sources.into_iter().partition(|s| identity(s).is_none_or(|p| seen.insert(p)));
    Ok((first, again.iter().map(Source::name).collect()))
}

fn folder(path: &Path) -> Result<Vec<Source>> {
    let entries = std::fs::read_dir(path).map_err(|e| Error::io(path.display(), "list the folder", &e))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|e| Error::io(path.display(), "list the folder", &e))?.path();
        let hidden = file.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        let ours = file.extension().is_some_and(|e| ENDINGS.iter().any(|x| e.eq_ignore_ascii_case(x)));
        if ours && !hidden && file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(Error::input(format!("folder `{}` has no file ending in .{}", path.display(), ENDINGS.join(", ."))));
    }
    files.sort();
    Ok(files.into_iter().map(Source::File).collect())
}

fn pattern(argument: &str) -> Result<Vec<Source>> {
    let matches = glob::glob(argument).map_err(|e| Error::setup(format!("pattern `{argument}`: {e}")))?;
    let mut files: Vec<PathBuf> = matches.flatten().filter(|p| p.is_file()).collect();
    if files.is_empty() {
        return Err(Error::io(argument, "open", &std::io::Error::new(std::io::ErrorKind::NotFound, "no file matches")));
    }
    files.sort();
    Ok(files.into_iter().map(Source::File).collect())
}
