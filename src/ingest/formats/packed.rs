//! Compressed input: gzip (all members), Zstandard, zip; unpacked as it is read, within bounds, so that a small file that
//! would fill the machine is refused at once.

use super::Format;
use super::table::unreadable;
use crate::error::{Error, ErrorKind, Result};
use crate::ingest::records::Cut;
use std::fs::File;
use std::io::{BufRead, Read, Seek};

/// Bytes out for each byte in above which an input is a bomb: text packs 5 to 40 times, the same row over and over 200 times.
const MAX_RATIO: u64 = 400;
/// Bytes out that any input may have, whatever its ratio.
const HARMLESS: u64 = 64 << 20;
/// Most bytes of a workbook's parts other than its sheets, which are held in memory.
const MAX_PARTS: u64 = 256 << 20;
/// Most bytes of a workbook's sheets.
const MAX_SHEETS: u64 = 16 << 30;

const BOMB: &str = "it unpacks to hundreds of times its size";

/// Whether more came out of so many bytes than comes out of any honest file.
#[must_use]
pub fn is_bomb(read: u64, out: u64) -> bool {
    out > HARMLESS && out / MAX_RATIO > read
}

/// The refusal of a bomb.
#[must_use]
pub fn bomb() -> Error {
    Error::input(format!("refused: {BOMB}"))
}

/// What failed while an input was read.
#[must_use]
pub fn read_error(e: &std::io::Error) -> Error {
    if e.to_string().contains(BOMB) { bomb() } else { Error::new(ErrorKind::Io, format!("cannot read: {e}")) }
}

/// Counts bytes in.
struct Counted<R> {
    inner: R,
    count: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count.fetch_add(n as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(n)
    }
}

/// Stops where more comes out than any honest file has.
struct Bounded<R> {
    inner: R,
    read: std::sync::Arc<std::sync::atomic::AtomicU64>,
    out: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.out += n as u64;
        if is_bomb(self.read.load(std::sync::atomic::Ordering::Relaxed), self.out) {
            return Err(std::io::Error::other(BOMB));
        }
        Ok(n)
    }
}

/// Ends quietly where packed bytes break off or are damaged, and notes it: what came before is good.
struct UntilCut<R> {
    inner: R,
    cut: Cut,
}

impl<R: Read> Read for UntilCut<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match self.inner.read(buf) {
            Err(e) if matches!(e.kind(), UnexpectedEof | InvalidData | InvalidInput) => {
                self.cut.set(e.to_string());
                Ok(0)
            }
            done => done,
        }
    }
}

/// The bytes inside a gzip or Zstandard stream; `cut` is set where they break off.
///
/// # Errors
/// A Zstandard stream that cannot be begun.
pub fn unpack(format: Format, packed: impl Read + Send + 'static, cut: &Cut) -> std::io::Result<Box<dyn Read + Send>> {
    let read = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = std::io::BufReader::with_capacity(1 << 16, Counted { inner: packed, count: read.clone() });
    Ok(match format {
        Format::Gzip => {
            let inner = UntilCut { inner: Members { decoder: Some(flate2::bufread::GzDecoder::new(counted)) }, cut: cut.clone() };
            Box::new(Bounded { inner, read, out: 0 })
        }
        _ => Box::new(Bounded { inner: UntilCut { inner: zstd::stream::read::Decoder::with_buffer(counted)?, cut: cut.clone() }, read, out: 0 }),
    })
}

/// All members of a gzip file; zero bytes after the last are padding.
struct Members<R> {
    decoder: Option<flate2::bufread::GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let n = decoder.read(buf)?;
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            let Some(done) = self.decoder.take() else { break };
            let mut rest = done.into_inner();
            loop {
                let block = rest.fill_buf()?;
                let zeros = block.iter().take_while(|b| **b == 0).count();
                if block.is_empty() {
                    return Ok(0);
                }
                if zeros < block.len() {
                    rest.consume(zeros);
                    break;
                }
                rest.consume(zeros);
            }
            self.decoder = Some(flate2::bufread::GzDecoder::new(rest));
        }
        Ok(0)
    }
}

/// What a zip archive is.
pub enum Archive {
    /// A workbook (xlsx, xlsm, xlsb, ods).
    Workbook,
    /// Other files, by their names.
    Files(Vec<String>),
}

/// Looks into a zip archive; a workbook's parts are unpacked once, counted and thrown away.
///
/// # Errors
/// An archive that cannot be read, that is locked, or that is a bomb.
pub fn look_into(file: &File) -> Result<Archive> {
    let wrong = |e: zip::result::ZipError| unreadable("a zip archive or workbook", e);
    let mut zip = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(wrong)?;
    let names: Vec<String> = zip.file_names().map(|n| n.map(std::borrow::Cow::into_owned)).collect::<std::result::Result<_, _>>().map_err(wrong)?;
    let is_workbook = names.iter().any(|n| n.eq_ignore_ascii_case("[Content_Types].xml") || n == "xl/workbook.xml")
        || (names.iter().any(|n| n == "mimetype") && names.iter().any(|n| n == "content.xml"));
    if !is_workbook {
        let hidden = |n: &String| n.ends_with('/') || n.starts_with("__MACOSX") || n.rsplit('/').next().is_some_and(|last| last.starts_with('.'));
        let mut files: Vec<String> = names.into_iter().filter(|n| !hidden(n)).collect();
        files.sort();
        return Ok(Archive::Files(files));
    }
    let (mut parts, mut sheets) = (0u64, 0u64);
    for i in 0..zip.len() {
        let mut entry = zip.by_index(i).map_err(wrong)?;
        let sheet = entry.name().is_ok_and(|n| n.starts_with("xl/worksheets/") || n == "content.xml");
        let (so_far, most) = if sheet { (&mut sheets, MAX_SHEETS) } else { (&mut parts, MAX_PARTS) };
        let allowed = (entry.compressed_size().saturating_mul(MAX_RATIO)).max(HARMLESS).min(most.saturating_sub(*so_far));
        let (mut part, mut head) = (entry.by_ref().take(allowed + 1), Vec::new());
        let copied = part.by_ref().take(1 << 16).read_to_end(&mut head).and_then(|_| std::io::copy(&mut part, &mut std::io::sink()));
        let count = head.len() as u64 + copied.map_err(|e| unreadable("a whole workbook", e))?;
        if count > allowed {
            return Err(bomb());
        }
        if stated_strings(&head) > count {
            return Err(unreadable("a whole workbook", "it says that it has more texts than bytes"));
        }
        *so_far += count;
    }
    Ok(Archive::Workbook)
}

/// How many texts a workbook's list of texts says it has, for which its reader sets memory aside before it reads one.
fn stated_strings(head: &[u8]) -> u64 {
    let head = String::from_utf8_lossy(head);
    let number = |rest: &str| rest.trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']).split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    head.split("uniqueCount").skip(1).filter_map(number).max().unwrap_or(0)
}

/// The bytes of one file of an archive.
///
/// # Errors
/// What opening gave; a name that is not there; a locked file.
pub fn entry(file: File, name: &str) -> Result<Box<dyn Read + Send>> {
    let mut zip = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(|e| unreadable("a zip archive", e))?;
    let index = zip.index_for_name(name).ok_or_else(|| Error::input(format!("no file `{name}` is in the archive")))?;
    let (start, packed, method) = {
        let found = zip.by_index_raw(index).map_err(|e| unreadable("a zip archive", e))?;
        if found.encrypted() {
            return Err(Error::input("the archive is locked with a password; unpack it first"));
        }
        (found.data_start(), found.compressed_size(), found.compression())
    };
    let Some(start) = start else { return Err(Error::input("the archive's list of files is damaged")) };
    let mut file = zip.into_inner();
    file.seek(std::io::SeekFrom::Start(start)).map_err(|e| Error::new(ErrorKind::Io, format!("cannot read the archive: {e}")))?;
    let packed = file.take(packed);
    let read = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    match method {
        zip::CompressionMethod::Stored => Ok(Box::new(packed)),
        zip::CompressionMethod::Deflated => {
            let counted = std::io::BufReader::new(Counted { inner: packed, count: read.clone() });
            Ok(Box::new(Bounded { inner: flate2::bufread::DeflateDecoder::new(counted), read, out: 0 }))
        }
        other => Err(Error::input(format!("the archive packs with {other}; pack it as an ordinary zip"))),
    }
}
