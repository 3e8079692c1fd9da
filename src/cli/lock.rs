//! One run at a time: a lock file beside the history, with the holder's name in it.

use ahu::error::{Error, ErrorKind, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Held until it is dropped, or the process ends in any way.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a history, or tells who holds it.
    pub fn take(history: &Path, doing: &str) -> Result<Lock> {
        let mut path = history.as_os_str().to_owned();
        path.push(".lock");
        let path = Path::new(&path);
        let failed = |doing: &str, e: &std::io::Error| Error::io(path.display(), doing, e);
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(|e| failed("create", &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
                return Err(Error::new(ErrorKind::Busy, format!("the history `{}` is in use by {holder}; try again when it has ended", history.display())));
            }
            Err(TryLockError::Error(e)) => return Err(failed("lock", &e)),
        }
        // Who holds it is for people; the lock holds without it.
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let since = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let holder =
            format!("`ahu {doing}`, process {} on {}, since {since}", std::process::id(), if host.trim().is_empty() { "this machine" } else { host.trim() });
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes()));
        Ok(Lock { _file: file })
    }
}
