//! What the user named: files, patterns, folders, databases, stdin; and the parts that a file turns out to have.

use super::encoding::Detected;
use super::formats::html::Place;
use super::formats::sql::Database;
use crate::error::{Error, ErrorKind, Result};
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// A query on a server's database.
    Database(Database),
    /// A part of a file.
    Part(Part),
}

/// A sheet, a packed file, a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The file's name and the part's.
    pub shown: String,
    /// Where the file is; a temporary one goes when its last part is dropped.
    pub file: Arc<Spool>,
    /// Which part.
    pub which: Which,
    /// How many times over it is packed.
    pub packed: usize,
}

/// Which part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// A workbook's sheet.
    Sheet(String),
    /// A sheet of a workbook in XML.
    XmlSheet(String, Detected),
    /// A web page's table.
    HtmlTable(Place, Detected),
    /// A file of an archive.
    Entry(String),
    /// What a query on a SQLite file gives.
    Query(String),
}

/// A file that can be opened again and again: the user's own, or a temporary copy of a stream.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    /// Removed when dropped.
    temporary: Option<tempfile::TempPath>,
}

impl PartialEq for Spool {
    fn eq(&self, other: &Spool) -> bool {
        self.path == other.path
    }
}

impl Eq for Spool {}

impl Spool {
    /// The user's own file.
    #[must_use]
    pub fn of_file(path: &Path) -> Spool {
        Spool { path: path.to_owned(), temporary: None }
    }

    /// A copy of all that `input` gives.
    ///
    /// # Errors
    /// What reading and writing gave.
    pub fn copy(mut input: impl Read) -> Result<Spool> {
        let wrong = |e: std::io::Error| Error::new(ErrorKind::Io, format!("cannot make a temporary copy: {e}"));
        let mut file = tempfile::NamedTempFile::new().map_err(wrong)?;
        std::io::copy(&mut input, &mut file).map_err(wrong)?;
        let temporary = file.into_temp_path();
        Ok(Spool { path: temporary.to_path_buf(), temporary: Some(temporary) })
    }

    /// Whether it is the user's own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.temporary.is_none()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it.
    ///
    /// # Errors
    /// What opening gave.
    pub fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(|e| Error::io(self.path.display(), "open", &e))
    }
}

impl Source {
    /// The name to show.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Source::Stdin => "stdin".to_owned(),
            Source::File(path) => path.display().to_string(),
            Source::Database(database) => database.shown.clone(),
            Source::Part(part) => part.shown.clone(),
        }
    }
}

/// Endings of the files taken from a folder.
const ENDINGS: [&str; 20] =
    ["csv", "tsv", "txt", "tab", "xlsx", "xlsm", "xlsb", "xls", "ods", "htm", "html", "json", "jsonl", "ndjson", "parquet", "gz", "zst", "zip", "sqlite", "db"];

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
        } else if let Some(database) = Database::from_url(argument) {
            sources.push(Source::Database(database));
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
        Source::Stdin | Source::Database(_) | Source::Part(_) => None,
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
