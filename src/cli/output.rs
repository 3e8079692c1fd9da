//! Where output goes: stdout (a closed pipe is a quiet end), or a file that is replaced whole or not at all.

use ahu::error::{Error, Result};
use ahu::ingest::Source;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A line on stderr.
pub fn complain(message: &str) {
    // Nothing can be done when even stderr is closed.
    let _ = writeln!(std::io::stderr(), "ahu: {}", ahu::report::harmless(message));
}

/// Whether what goes to stdout is coloured: on a terminal that does so, unless `NO_COLOR` is set (<https://no-color.org>).
pub fn is_coloured(file: Option<&Path>) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    file.is_none() && std::io::stdout().is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether a person is watching.
fn is_watched() -> bool {
    std::io::stdout().is_terminal() && std::io::stderr().is_terminal()
}

/// Tells a person who is watching what to do next.
pub fn next_step(line: &str) {
    if is_watched() {
        let _ = writeln!(std::io::stderr(), "\n→ {}", ahu::report::harmless(line));
    }
}

/// Whether details are told.
static VERBOSE: AtomicBool = AtomicBool::new(false);

/// Lets details be told from now on.
pub fn tell_details() {
    VERBOSE.store(true, Ordering::Relaxed);
}

/// A line on stderr, where details are asked for.
pub fn detail(message: &str) {
    if VERBOSE.load(Ordering::Relaxed) {
        complain(message);
    }
}

pub fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Writes text to stdout or a file.
pub fn publish(bytes: &(impl AsRef<[u8]> + ?Sized), file: Option<&Path>, sources: &[Source]) -> Result<()> {
    let bytes = bytes.as_ref();
    match file {
        None => to_stdout(|out| out.write_all(bytes)),
        Some(path) => {
            let (published, file) = Published::create(path, sources)?;
            published.publish_bytes(file, bytes)
        }
    }
}

fn to_stdout(write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let done = write(&mut out).and_then(|()| out.flush());
    done.map_err(|e| Error::io("stdout", "write", &e)).or_else(|e| if is_closed_pipe(&e) { Ok(()) } else { Err(e) })
}

/// Whether the error is that the reader of our output has gone, as `head` does.
pub fn is_closed_pipe(e: &Error) -> bool {
    e.kind == ahu::error::ErrorKind::Io && e.message.contains("stdout") && e.message.contains("os error 32")
}

/// Files under way, to be removed when the user interrupts.
static ASIDE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes `path` when the process is interrupted or asked to end.
fn remember(path: &Path) {
    if let Ok(mut aside) = ASIDE.lock() {
        aside.push(path.to_owned());
        if aside.len() == 1 {
            // A second handler is refused, and the first does.
            let _ = ctrlc::set_handler(|| {
                for path in ASIDE.lock().map_or_else(|_| Vec::new(), |mut a| std::mem::take(&mut *a)) {
                    let _ = std::fs::remove_file(&path);
                    let _ = std::fs::remove_dir_all(path);
                }
                std::process::exit(130);
            });
        }
    }
}

/// The folder that `place` is in.
fn folder_of(place: &Path) -> &Path {
    place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what a run that was killed has left beside `place`.
fn remove_left_over(place: &Path) {
    let Some(name) = place.file_name().map(|n| format!(".{}.", n.to_string_lossy())) else { return };
    for entry in std::fs::read_dir(folder_of(place)).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let pid = file.strip_prefix(&name).and_then(|f| f.strip_suffix(".ahu-tmp")).and_then(|pid| pid.parse::<u32>().ok());
        // Only where the system tells which processes live.
        if pid.is_some_and(|pid| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A file under way: written beside its place, put there at the end.
pub struct Published {
    place: PathBuf,
    aside: Option<PathBuf>,
}

impl Published {
    /// Opens the file aside.
    pub fn create(place: &Path, sources: &[Source]) -> Result<(Published, File)> {
        let same = |s: &Source| matches!((s, place.canonicalize()), (Source::File(f), Ok(p)) if f.canonicalize().is_ok_and(|f| f == p));
        if sources.iter().any(same) {
            return Err(Error::setup(format!("`{}` is an input too; choose another name for the output", place.display())));
        }
        if place.is_dir() {
            return Err(Error::setup(format!("`{}` is a folder; name a file", place.display())));
        }
        if place == Path::new("-") {
            return Err(Error::setup("`-` names no file to write; `./-` does, and `/dev/stdout` is the standard output"));
        }
        let doing = |e: std::io::Error| Error::io(place.display(), "create", &e);
        // A pipe or device is written as it is; a link leads to the file it names.
        let known = std::fs::metadata(place).ok();
        if known.as_ref().is_some_and(|m| !m.is_file()) {
            let file = std::fs::OpenOptions::new().write(true).open(place).map_err(doing)?;
            return Ok((Published { place: place.to_owned(), aside: None }, file));
        }
        // Putting another file in its place would ask nobody.
        if known.as_ref().is_some_and(|m| m.permissions().readonly()) {
            return Err(Error::setup(format!("`{}` is read-only; make it writable, or name another file", place.display())));
        }
        let place = &place.canonicalize().unwrap_or_else(|_| place.to_owned());
        let mut name = std::ffi::OsString::from(".");
        name.push(place.file_name().unwrap_or_default());
        name.push(format!(".{}.ahu-tmp", std::process::id()));
        let aside = place.with_file_name(name);
        remove_left_over(place);
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&aside).map_err(doing)?;
        remember(&aside);
        if let Some(known) = known {
            // A file that only its owner may read stays so.
            file.set_permissions(known.permissions()).map_err(doing)?;
        }
        Ok((Published { place: place.to_owned(), aside: Some(aside) }, file))
    }

    /// Writes all of the file and puts it in its place.
    pub fn publish_bytes(self, mut file: File, bytes: &[u8]) -> Result<()> {
        file.write_all(bytes).map_err(|e| Error::io(self.place.display(), "write", &e))?;
        self.publish(&file)
    }

    /// Puts the file in its place.
    pub fn publish(self, file: &File) -> Result<()> {
        let Some(aside) = &self.aside else { return Ok(()) };
        let place = self.place.clone();
        let doing = |what: &'static str| move |e: std::io::Error| Error::io(place.display(), what, &e);
        file.sync_all().map_err(doing.clone()("write"))?;
        std::fs::rename(aside, &self.place).map_err(doing("put in place"))?;
        if let Ok(folder) = File::open(folder_of(&self.place)) {
            // Some file systems cannot sync a folder; the rename itself has happened.
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        // After a rename it is not there any more; after an error it must not stay.
        if let Some(aside) = &self.aside {
            let _ = std::fs::remove_file(aside);
        }
    }
}

/// A folder of files under way: written beside its place, put there whole at the end.
pub struct PublishedFolder {
    place: PathBuf,
    aside: PathBuf,
}

impl PublishedFolder {
    /// Removes what processes that were killed, or could not, have left in the folder of folders. Nobody else may be writing there.
    pub fn sweep(folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') && (name.ends_with(ASIDE_ENDING) || name.ends_with(BEFORE_ENDING)) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Makes the folder aside. Only one process at a time may write beside `place`.
    pub fn create(place: &Path) -> Result<PublishedFolder> {
        let mut name = std::ffi::OsString::from(".");
        name.push(place.file_name().unwrap_or_default());
        name.push(ASIDE_ENDING);
        let aside = place.with_file_name(name);
        if aside.exists() {
            std::fs::remove_dir_all(&aside).map_err(|e| Error::io(aside.display(), "remove", &e))?;
        }
        std::fs::create_dir_all(&aside).map_err(|e| Error::io(aside.display(), "create", &e))?;
        remember(&aside);
        Ok(PublishedFolder { place: place.to_owned(), aside })
    }

    /// Writes one of its files.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.aside.join(name);
        let folder = folder_of(&path);
        if folder != self.aside {
            std::fs::create_dir_all(folder).map_err(|e| Error::io(self.place.join(name).display(), "create", &e))?;
        }
        let written = File::create(&path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
        written.map_err(|e| Error::io(self.place.join(name).display(), "write", &e))?;
        // Folders within it, up to it, whose own entries a power cut would take.
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != self.aside) {
            let _ = File::open(folder).and_then(|f| f.sync_all());
        }
        Ok(())
    }

    /// Takes over what others have put into the folder that is in its place: files that are none of `ours`.
    pub fn keep_others(&self, ours: impl Fn(&str) -> bool) -> Result<()> {
        for entry in std::fs::read_dir(&self.place).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !ours(&name.to_string_lossy()) {
                take_over(&entry.path(), &self.aside.join(&name)).map_err(|e| Error::io(entry.path().display(), "keep", &e))?;
            }
        }
        Ok(())
    }

    /// Puts it in its place, instead of what is there; one without files leaves none there.
    pub fn publish(self) -> Result<()> {
        let doing = |e: std::io::Error| Error::io(self.place.display(), "put in place", &e);
        // Some file systems cannot sync a folder.
        let sync = |folder: &Path| File::open(folder).and_then(|f| f.sync_all()).unwrap_or_default();
        sync(&self.aside);
        let empty = std::fs::read_dir(&self.aside).map_err(doing)?.next().is_none();
        if self.place.exists() {
            exchange(&self.aside, &self.place).map_err(doing)?;
        } else {
            std::fs::rename(&self.aside, &self.place).map_err(doing)?;
        }
        if empty {
            std::fs::remove_dir(&self.place).map_err(doing)?;
        }
        sync(folder_of(&self.place));
        Ok(())
    }
}

/// A second name for a file, or a copy where the disk has no second names; of a folder all that is in it.
fn take_over(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return std::fs::hard_link(from, to).or_else(|_| std::fs::copy(from, to).map(|_| ()));
    }
    std::fs::create_dir(to)?;
    std::fs::read_dir(from)?.try_for_each(|entry| entry.and_then(|e| take_over(&e.path(), &to.join(e.file_name()))))
}

/// What a folder under way ends with.
const ASIDE_ENDING: &str = ".ahu-tmp";
/// What the one it replaces ends with, where two cannot change places at once.
const BEFORE_ENDING: &str = ".ahu-tmp.old";

/// Lets two folders change places: at once where the system can, else with a moment without the second.
fn exchange(new: &Path, old: &Path) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE) {
            // Not every file system can.
            Err(Errno::INVAL | Errno::NOSYS | Errno::XDEV | Errno::NOTSUP) => {}
            done => return done.map_err(Into::into),
        }
    }
    let mut name = new.as_os_str().to_owned();
    // As `BEFORE_ENDING`.
    name.push(".old");
    let before = PathBuf::from(name);
    let _ = std::fs::remove_dir_all(&before);
    std::fs::rename(old, &before)?;
    std::fs::rename(new, old)?;
    std::fs::remove_dir_all(before)
}

impl Drop for PublishedFolder {
    fn drop(&mut self) {
        // After an exchange it is the old one; after an error it must not stay.
        let _ = std::fs::remove_dir_all(&self.aside);
    }
}

/// Stdout or a file, for output that is written bit by bit.
pub enum Stream {
    Stdout(BufWriter<std::io::Stdout>),
    File(BufWriter<File>),
}

impl Stream {
    pub fn open(file: Option<&Path>, sources: &[Source]) -> Result<(Stream, Option<Published>)> {
        match file {
            None => Ok((Stream::Stdout(BufWriter::with_capacity(1 << 16, std::io::stdout())), None)),
            Some(path) => {
                let (published, file) = Published::create(path, sources)?;
                Ok((Stream::File(BufWriter::with_capacity(1 << 16, file)), Some(published)))
            }
        }
    }

    /// The file, once everything is flushed.
    pub fn file(&self) -> Option<&File> {
        match self {
            Stream::Stdout(_) => None,
            Stream::File(f) => Some(f.get_ref()),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Stream::Stdout(s) => s.write(bytes),
            Stream::File(f) => f.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Stream::Stdout(s) => s.flush(),
            Stream::File(f) => f.flush(),
        }
    }
}

/// A bar on stderr, where that is a terminal and the work is longer than a second.
pub struct Progress;

impl Progress {
    /// Runs `work` while showing `done` of `total` bytes.
    pub fn run<T>(done: &AtomicU64, total: Option<u64>, work: impl FnOnce() -> T) -> T {
        if !std::io::stderr().is_terminal() {
            return work();
        }
        let finished = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let started = Instant::now();
                let mut bar: Option<ProgressBar> = None;
                while !finished.load(Ordering::Relaxed) {
                    std::thread::park_timeout(Duration::from_millis(100));
                    if started.elapsed() < Duration::from_secs(1) {
                        continue;
                    }
                    let bar = bar.get_or_insert_with(|| {
                        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
                        let template =
                            if total.is_some() { "{bar:30} {bytes} / {total_bytes}  {bytes_per_sec}  {eta}" } else { "{spinner} {bytes}  {bytes_per_sec}" };
                        bar.set_draw_target(ProgressDrawTarget::stderr());
                        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
                        bar
                    });
                    bar.set_position(done.load(Ordering::Relaxed));
                }
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
            });
            let result = work();
            finished.store(true, Ordering::Relaxed);
            watcher.thread().unpark();
            result
        })
    }
}
