//! The one error type: what is wrong, and the place where it is.

use std::fmt;

/// Where something was found: any part may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// File (or `stdin`, or the name of a built-in file).
    pub file: Option<String>,
    /// Line, counted from 1.
    pub line: Option<u64>,
    /// Column's header.
    pub column: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sep = "";
        if let Some(file) = &self.file {
            write!(f, "{file}")?;
            sep = ", ";
        }
        if let Some(line) = self.line {
            write!(f, "{sep}line {line}")?;
            sep = ", ";
        }
        if let Some(column) = &self.column {
            write!(f, "{sep}column {column}")?;
        }
        Ok(())
    }
}

/// What kind of failure it is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Wrong usage, configuration, taxonomy or rule: nothing starts. Exit code 2.
    Setup,
    /// The input cannot be used. Exit code 65.
    Input,
    /// Rows read are not rows accounted for; nothing is published. Exit code 70.
    Accounting,
    /// Reading or writing failed. Exit code 74.
    Io,
    /// Another run holds the lock, or the file is still growing. Exit code 75.
    Busy,
}

/// A failure with its place, in lower case, naming what was expected, what was found and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Decides the exit code.
    pub kind: ErrorKind,
    /// Where.
    pub place: Place,
    /// What.
    pub message: String,
}

/// The library's result type.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of this kind without a place.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, place: Place::default(), message: message.into() }
    }

    /// Wrong usage, configuration or taxonomy.
    pub fn setup(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Setup, message)
    }

    /// Unusable input.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// A failed operating-system call on `path`.
    pub fn io(path: impl fmt::Display, doing: &str, cause: &std::io::Error) -> Self {
        Self::new(ErrorKind::Io, format!("cannot {doing} `{path}`: {cause}"))
    }

    /// Adds the file unless one is named already.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        self.place.file.get_or_insert_with(|| file.to_owned());
        self
    }

    /// Adds the line unless one is named already.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.place.line.get_or_insert(line);
        self
    }

    /// The process exit code of the command-line contract.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Setup => 2,
            ErrorKind::Input => 65,
            ErrorKind::Accounting => 70,
            ErrorKind::Io => 74,
            ErrorKind::Busy => 75,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place == Place::default() { write!(f, "{}", self.message) } else { write!(f, "{}: {}", self.place, self.message) }
    }
}

impl std::error::Error for Error {}

/// The candidate nearest to `word`, if any is near enough to be a slip of the fingers.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (strsim::normalized_damerau_levenshtein(word, c), c))
        .filter(|(score, _)| *score >= 0.4)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, c)| c)
}
