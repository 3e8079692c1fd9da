//! What each target does with its bytes, and what must hold. The fuzzer calls these functions with bytes of its own, the test
//! suite with the files in `corpus/`.

use ahu::classify::{self, Classifier, Field};
use ahu::error::{Error, ErrorKind};
use ahu::ingest::cells::Cells;
use ahu::ingest::encoding::{self, Encoding};
use ahu::ingest::formats::{Format, json, table::THREAD};
use ahu::ingest::{Config, Opened, Reader};
use ahu::mask;
use ahu::taxonomy::{Source, Taxonomy};
use ahu::ticket::Ticket;
use ahu::transcript::{self, Role};
use std::hint::black_box;
use std::io::{Cursor, Write};

/// A target's function.
pub type Target = fn(&[u8]);

/// The targets by name: the folders in `corpus/`.
pub const TARGETS: [(&str, Target); 7] =
    [("table", table), ("sniff", sniff), ("xlsx", xlsx), ("jsonl", jsonl), ("transcript", transcript), ("mask", mask), ("rules", rules)];

/// CSV of any dialect.
pub fn table(bytes: &[u8]) {
    if Format::of(bytes) == Format::Text {
        read(bytes, &Config::default());
    }
}

/// Anything: formats, encodings, packed files.
pub fn sniff(bytes: &[u8]) {
    read(bytes, &Config::default());
    let all = [Encoding::Utf8, Encoding::Gb18030, Encoding::Big5, Encoding::Utf16Le, Encoding::Utf16Be];
    let whole = encoding::detect(bytes, true);
    let head = encoding::detect(bytes, false);
    for found in [whole, head].into_iter().flatten() {
        assert!(found.bom <= bytes.len(), "{found:?}");
    }
    if Format::of(bytes) == Format::Text {
        let forced = Config { encoding: Some(all[bytes.len() % all.len()]), ..Config::default() };
        read(bytes, &forced);
    }
}

/// Lines or an array of JSON.
pub fn jsonl(bytes: &[u8]) {
    if json::is_json(&String::from_utf8_lossy(bytes)) {
        read(bytes, &Config::default());
    }
}

/// A workbook of which the bytes are a part.
pub fn xlsx(bytes: &[u8]) {
    rows_of_workbook(bytes);
}

/// The number of readable rows of a workbook of which the bytes are a part: the first byte says which.
pub fn rows_of_workbook(bytes: &[u8]) -> u64 {
    let Some((which, part)) = bytes.split_first() else { return 0 };
    let book = match which % 8 {
        1 => binary(part),
        3 => office(&[("xl/sharedStrings.xml", part)]),
        4 => office(&[("xl/styles.xml", part)]),
        5 => office(&[("xl/workbook.xml", part)]),
        6 => archive(&[
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
            ("META-INF/manifest.xml", b"<manifest:manifest/>"),
            ("content.xml", part),
        ]),
        7 => compound(part),
        0 if bytes.starts_with(COMPOUND) => bytes.to_vec(),
        _ => office(&[("xl/worksheets/sheet1.xml", part)]),
    };
    read(&book, &Config::default())
}

/// Chats in a cell.
pub fn transcript(bytes: &[u8]) {
    let Ok(cell) = std::str::from_utf8(bytes) else { return };
    if let Some(turns) = transcript::turns(cell) {
        let mut at = 0;
        for turn in &turns {
            assert!(turn.start >= at && !turn.text.is_empty(), "{turn:?}");
            at = turn.start + turn.text.len();
            assert_eq!(&cell[turn.start..at], turn.text);
        }
    }
    stays_in_place(&transcript::split(cell.into()).customer, cell);
    stays_in_place(&transcript::split_messages(cell).customer, cell);
    // Each line a message: customer and desk by turns.
    let roles = [Role::Customer, Role::Agent, Role::Robot, Role::System];
    let joined: String = cell.lines().enumerate().map(|(i, line)| transcript::message(roles[i % roles.len()], u32::try_from(i).ok(), line).1).collect();
    stays_in_place(&transcript::split_messages(&joined).customer, &joined);
}

/// What the customer said is at its place in the cell, and everything else white space.
fn stays_in_place(customer: &str, cell: &str) {
    assert_eq!(customer.chars().count(), cell.chars().count());
    assert!(customer.chars().zip(cell.chars()).all(|(said, c)| said == c || matches!(said, ' ' | '\n')), "{customer:?} in {cell:?}");
}

/// Personal data in a text.
pub fn mask(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let found = mask::find(text);
    let mut at = 0;
    for f in &found {
        assert!(f.range.start >= at && f.range.start < f.range.end, "{f:?} after {at}");
        assert!(text.get(f.range.clone()).is_some(), "{f:?} cuts a character");
        at = f.range.end;
    }
    let masked = mask::mask(text);
    assert_eq!(masked.chars().count(), text.chars().count());
    assert_eq!(mask::mask(&masked), masked, "masking twice is masking once");
    for ((i, c), now) in text.char_indices().zip(masked.chars()) {
        let inside = found.iter().any(|f| f.range.contains(&i));
        assert!(c == now || inside && now == '*', "{c:?} at {i} became {now:?}");
    }
    let whole = mask::mask_whole(text);
    assert_eq!(whole.chars().count(), text.chars().count());
    assert_eq!(mask::mask_whole(&whole), whole, "masking twice is masking once");
}

/// A taxonomy of one's own.
pub fn rules(bytes: &[u8]) {
    const SHARED: &str = "[sets]\n\"奖品\" = [\"奖励\", \"礼包\"]\n\"没有\" = [\"没到\", \"没收到$\", \"not*\"]\n";
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(taxonomy) = Taxonomy::parse(&[Source { name: "shared", text: SHARED }], &[Source { name: "mine", text }]) else { return };
    let Ok(classifier) = Classifier::new(taxonomy, classify::Config { min_confidence: 0.0, ..classify::Config::default() }) else { return };
    // Whole words (`<到账>`) need the dictionary: loading it would take a hundred times as long as all the rest.
    if text.replace("!<", "").contains('<') {
        return;
    }
    let causes = &classifier.taxonomy().causes;
    let own = causes.iter().flat_map(|c| c.matches.iter().chain(&c.rejects)).map(|e| e.text.as_str());
    let fixed = "昨天充的648元，活动奖励礼包到现在没到，game won't refund！客服说等三天，能不能快点处理？";
    let mut scratch = classifier.scratch();
    for text in own.take(20).chain([fixed, ""]) {
        let ticket = Ticket { text: text.into(), agent: "您好，已为您登记退款".into(), product: "星海手游".into(), ..Ticket::default() };
        let decided = classifier.classify(&ticket, Field::UNKNOWN, &mut scratch);
        assert!((0.0..=1.0).contains(&decided.confidence()), "{}", decided.confidence());
    }
}

/// A reader of an intricate format may give up by a panic on its own thread: that is caught there, and no failure.
pub fn let_readers_give_up() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() != Some(THREAD) {
            usual(info);
        }
    }));
}

/// An input may be refused, but never read in part without saying so.
fn refused(e: &Error) {
    assert_ne!(e.kind, ErrorKind::Accounting, "{e}");
}

/// Reads an input and its parts to their ends, and makes every row a ticket; the number of readable rows.
pub fn read(bytes: &[u8], config: &Config) -> u64 {
    let text = (Format::of(bytes) == Format::Text).then_some(bytes);
    let mut queue = vec![(text, Reader::from_stream("bytes", Box::new(Cursor::new(bytes.to_vec())), config))];
    let mut all = 0;
    while let Some((text, opened)) = queue.pop() {
        match opened {
            Ok(Opened::Empty(report)) => assert_eq!(report.rows, 0),
            Ok(Opened::Parts(parts, _)) => queue.extend(parts.iter().map(|p| (None, Reader::open(p, config, true, true)))),
            Ok(Opened::Reader(reader)) => all += rows(*reader, text),
            Err(e) => refused(&e),
        }
    }
    all
}

/// A row that was read, or one that was not.
struct Seen {
    start: u64,
    len: u64,
    raw: Option<Vec<u8>>,
    text: Option<String>,
}

fn rows(mut reader: Reader, input: Option<&[u8]>) -> u64 {
    let mut seen: Vec<Seen> = Vec::new();
    let mut readable = 0;
    let mut messages = false;
    loop {
        let batch = match reader.next_batch() {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(e) => {
                refused(&e);
                return readable;
            }
        };
        let mut cells = Cells::new(batch.layout.delimiter);
        for row in batch.rows {
            messages |= !row.messages.is_empty();
            let line = &batch.text[row.text.clone()];
            if batch.layout.split(&row, &batch.text, &mut cells).is_ok() {
                assert_eq!(cells.len(), batch.layout.header.len());
                black_box(batch.layout.ticket(&row, line, &cells));
                readable += 1;
            }
            seen.push(Seen { start: row.span.start, len: row.span.len, text: Some(line.to_owned()), raw: row.raw });
        }
        seen.extend(batch.rejects.into_iter().map(|r| Seen { start: r.row.byte_start, len: r.row.byte_len, text: None, raw: r.raw }));
    }
    let report = match reader.finish() {
        Ok(report) => report,
        Err(e) => {
            refused(&e);
            return readable;
        }
    };
    assert_eq!(report.rows, seen.len() as u64);
    let Some(input) = input else { return readable };
    let lines = !json::is_json(&report.encoding.glance(&input[..input.len().min(4096)]));
    seen.sort_by_key(|s| (s.start, s.len));
    let mut at = 0;
    for s in &seen {
        assert!(s.start + s.len <= input.len() as u64);
        // A chat's messages may stand far from each other.
        assert!(messages || s.start >= at, "two rows of the same bytes at {}", s.start);
        at = s.start + s.len;
        if lines && !messages {
            let bytes = &input[s.start as usize..at as usize];
            assert!(s.raw.as_deref().is_none_or(|raw| raw == bytes));
            if let Some(text) = &s.text
                && report.mixed_lines == 0
                && report.notes.other_table == 0
            {
                let (written, _) = encoding::decode_line(report.encoding, bytes).expect("a row of characters");
                assert_eq!(said(text), said(&written), "characters lost or made up");
            }
        }
    }
    readable
}

/// The characters of a row, but for its delimiters, quotes and line ends, in order of their numbers.
fn said(row: &str) -> Vec<char> {
    let mut chars: Vec<char> = row.chars().filter(|c| !matches!(c, '"' | ',' | ';' | '\t' | '|' | '\n' | '\r' | '\u{1f}')).collect();
    chars.sort_unstable();
    chars
}

/// A workbook with one sheet, of which `parts` take the place of its own.
fn office(parts: &[(&str, &[u8])]) -> Vec<u8> {
    const OWN: [(&str, &[u8]); 7] = [
        ("[Content_Types].xml", b"<Types/>"),
        (
            "_rels/.rels",
            br#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        (
            "xl/workbook.xml",
            br#"<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            br#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
        ),
        (
            "xl/worksheets/sheet1.xml",
            br#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>text</t></is></c></row><row r="2"><c r="A2"><v>17</v></c><c r="B2" s="1"><v>46327.5</v></c><c r="C2" t="s"><v>2</v></c></row></sheetData></worksheet>"#,
        ),
        ("xl/sharedStrings.xml", b"<sst><si><t>id</t></si><si><t>time</t></si><si><r><t>it </t></r><r><t>crashes</t></r></si></sst>"),
        ("xl/styles.xml", br#"<styleSheet><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>"#),
    ];
    let all: Vec<(&str, &[u8])> = OWN.iter().map(|(name, own)| (*name, parts.iter().find(|p| p.0 == *name).map_or(*own, |p| p.1))).collect();
    archive(&all)
}

/// A workbook of Excel's binary kind, with one sheet of these records.
fn binary(sheet: &[u8]) -> Vec<u8> {
    const BOOK: &[u8] = b"\x9c\x01\x16\0\0\0\0\x01\0\0\0\x02\0\0\0r\x001\0\x01\0\0\0s\0\x90\x01\0\x84\x01\0";
    archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.bin", BOOK),
        ("xl/_rels/workbook.bin.rels", br#"<Relationships><Relationship Id="r1" Target="worksheets/sheet1.bin"/></Relationships>"#),
        ("xl/worksheets/sheet1.bin", sheet),
    ])
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        out.start_file(*name, stored).expect("a file");
        out.write_all(bytes).expect("its bytes");
    }
    out.finish().expect("an archive").into_inner()
}

/// What the old Excel's files begin with.
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// The container of the old Excel, with one stream: the workbook's records.
fn compound(records: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const END: u32 = 0xFFFF_FFFE;
    const FREE: u32 = 0xFFFF_FFFF;
    const OF_TABLE: u32 = 0xFFFF_FFFD;
    // Shorter streams are kept in another way.
    let data = records.len().max(4096).div_ceil(SECTOR);
    let tables = (data + 1).div_ceil(SECTOR / 4 - 1);
    let numbers = |out: &mut Vec<u8>, numbers: &[u32]| numbers.iter().for_each(|n| out.extend(n.to_le_bytes()));
    let mut out = COMPOUND.to_vec();
    out.extend([0; 16]);
    out.extend([0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    numbers(&mut out, &[0, tables as u32, tables as u32, 0, 4096, END, 0, END, 0]);
    (0..109).for_each(|i| numbers(&mut out, &[if i < tables { i as u32 } else { FREE }]));
    // Which sector follows which: the tables, the directory, the stream.
    let mut next: Vec<u32> = vec![OF_TABLE; tables];
    next.push(END);
    let first = next.len();
    next.extend((1..data).map(|i| (first + i) as u32));
    next.push(END);
    next.resize(tables * SECTOR / 4, FREE);
    numbers(&mut out, &next);
    for (name, kind, child, start, len) in [("Root Entry", 5, 1, END, 0), ("Workbook", 2, FREE, first as u32, data * SECTOR)] {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry.resize(64, 0);
        entry.extend((2 * name.len() as u16 + 2).to_le_bytes());
        entry.extend([kind, 1]);
        numbers(&mut entry, &[FREE, FREE, child]);
        entry.resize(116, 0);
        numbers(&mut entry, &[start, len as u32, 0]);
        out.extend(entry);
    }
    out.resize((1 + first) * SECTOR, 0);
    out.extend(records);
    out.resize((1 + first + data) * SECTOR, 0);
    out
}
