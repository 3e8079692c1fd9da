//! Files of one message a row: the messages of an id become one row, at the place of its first.

use super::judge::Fate;
use super::{Batch, BatchRow, Message, Reader, Reject};
use crate::cell::push_row;
use crate::error::Result;
use crate::ingest::cells::Cells;
use crate::ingest::dates;
use crate::ingest::records::{Record, RowSpan};
use crate::ticket::Reason;
use crate::transcript::{self, Role};
use std::collections::{HashMap, HashSet};

/// The messages of an id, joined.
pub(super) struct Chat {
    /// The cells of its first message, with the words of all.
    cells: Vec<String>,
    /// Its first message's bytes; their length is that of all.
    span: RowSpan,
    raw: Option<Vec<u8>>,
    /// The row number of its first message.
    number: u64,
    messages: Vec<Message>,
    /// Characters of its words.
    length: usize,
}

impl Reader {
    /// Where each row is one message of a chat, joins those of one id into one row, at the place of its first. `keep` says
    /// whether each message's own row is kept as well.
    pub(super) fn group_messages(&mut self, asked_for: bool, keep: bool) -> Result<()> {
        let columns = self.layout.columns.clone();
        let (Some(role), Some(id), [text]) = (columns.role, columns.id, &columns.text[..]) else { return Ok(()) };
        if !asked_for && !self.looks_like_messages(role, id) {
            return Ok(());
        }
        let mut chats = Chats { role, id, text: *text, time: columns.time, keep, chats: Vec::new(), of_id: HashMap::new(), messages: 0 };
        let mut own = Cells::new(self.layout.delimiter);
        let mut line = String::new();
        let width = self.layout.header.len();
        while let Some(record) = self.next_record(&mut line)? {
            self.account(&record);
            match record {
                Record::Blank(_) => self.report.structural += 1,
                Record::Row { quoted, cells, span, raw, .. } => match self.judge(&line, quoted, cells, span)? {
                    Fate::Row => {
                        own.split(&line, quoted);
                        if own.len() == width {
                            chats.add(self.number, &own.iter(&line).collect::<Vec<_>>(), &line, span, raw.as_deref());
                        } else {
                            self.set_aside(span, Reason::WrongWidth, format!("expected {width} cells as in the header, found {}", own.len()), raw);
                        }
                    }
                    Fate::Repaired(cells) => self.add_repaired(&mut chats, &cells, span, raw.as_deref()),
                    Fate::Structural => self.report.structural += 1,
                    Fate::Half => self.set_aside(span, Reason::WrongWidth, "the line before it is the other half of its text".to_owned(), raw),
                    Fate::Bad(detail) => self.set_aside(span, Reason::WrongWidth, detail, raw),
                },
                Record::Bad { span, reason, detail, text, raw } => match text.and_then(|text| self.requote(&text)) {
                    Some(cells) => self.add_repaired(&mut chats, &cells, span, raw.as_deref()),
                    None => self.set_aside(span, reason, detail, raw),
                },
            }
            line.clear();
        }
        self.report.notes.chats = chats.chats.len() as u64;
        self.report.notes.messages = chats.messages;
        self.chats = chats.chats.into();
        Ok(())
    }

    fn add_repaired(&self, chats: &mut Chats, cells: &[String], span: RowSpan, raw: Option<&[u8]>) {
        let mut line = String::new();
        push_row(&mut line, cells, self.layout.delimiter);
        chats.add(self.number, &cells.iter().map(String::as_str).collect::<Vec<_>>(), &line, span, raw);
    }

    /// A row that is no message: it goes out with the first batch.
    fn set_aside(&mut self, span: RowSpan, reason: Reason, detail: String, raw: Option<Vec<u8>>) {
        self.report.rows += 1;
        self.set_aside.push(Reject::new(&self.report.file, span, reason, detail, raw));
    }

    /// Whether the rows read ahead have roles, and ids that return or people of both sides.
    fn looks_like_messages(&self, role: usize, id: usize) -> bool {
        let mut cells = Cells::new(self.layout.delimiter);
        let (mut named, mut rows, mut ids) = (0, 0, HashSet::new());
        let (mut customers, mut desk) = (false, false);
        for (line, record) in &self.pending {
            let Record::Row { quoted, .. } = record else { continue };
            cells.split(line, *quoted);
            rows += 1;
            let said = Role::named(cells.get(line, role).trim());
            named += usize::from(said.is_some());
            customers |= said == Some(Role::Customer);
            desk |= matches!(said, Some(Role::Agent | Role::Robot));
            ids.insert(cells.get(line, id).trim().to_owned());
        }
        rows > 0 && named * 10 >= rows * 9 && (ids.len() < rows || (customers && desk))
    }

    /// A chat goes on as if the file had it as one row.
    pub(super) fn push_chat(&mut self, batch: &mut Batch, chat: Chat) {
        self.report.rows += 1;
        let from = batch.text.len();
        push_row(&mut batch.text, &chat.cells, self.layout.delimiter);
        let quoted = batch.text[from..].contains('"');
        batch.rows.push(BatchRow { text: from..batch.text.len(), quoted, span: chat.span, number: chat.number, raw: chat.raw, messages: chat.messages });
    }
}

/// Messages on their way to chats.
struct Chats {
    role: usize,
    id: usize,
    /// The column of the words.
    text: usize,
    time: Option<usize>,
    keep: bool,
    chats: Vec<Chat>,
    of_id: HashMap<String, usize>,
    messages: u64,
}

impl Chats {
    /// Adds a message to its chat; without an id it is one of its own.
    fn add(&mut self, number: u64, cells: &[&str], line: &str, span: RowSpan, raw: Option<&[u8]>) {
        let id = cells[self.id].trim();
        let said = Role::named(cells[self.role].trim()).unwrap_or(Role::Customer);
        let (opening, words) = transcript::message(said, cells[self.text]);
        let line = if self.keep { line.to_owned() } else { String::new() };
        let mut message = Message { place: self.messages, span, words: opening..opening + cells[self.text].chars().count(), line };
        self.messages += 1;
        let length = words.chars().count();
        let known = if id.is_empty() { None } else { self.of_id.get(id).copied() };
        match known.and_then(|i| self.chats.get_mut(i)) {
            Some(chat) => {
                message.words = chat.length + message.words.start..chat.length + message.words.end;
                chat.length += length;
                for (i, (mine, more)) in chat.cells.iter_mut().zip(cells).enumerate() {
                    // The chat's time is the first that can be read.
                    if mine.trim().is_empty() || (self.time == Some(i) && !is_time(mine) && is_time(more)) {
                        (*more).clone_into(mine);
                    }
                }
                chat.cells[self.text].push_str(&words);
                chat.span.len += span.len;
                if let (Some(all), Some(raw)) = (&mut chat.raw, raw) {
                    all.extend_from_slice(raw);
                }
                chat.messages.push(message);
            }
            None => {
                if !id.is_empty() {
                    self.of_id.insert(id.to_owned(), self.chats.len());
                }
                let mut first: Vec<String> = cells.iter().map(|c| (*c).to_owned()).collect();
                first[self.text] = words;
                self.chats.push(Chat { cells: first, span, raw: raw.map(<[u8]>::to_vec), number, messages: vec![message], length });
            }
        }
    }
}

fn is_time(cell: &str) -> bool {
    matches!(dates::Reader::default().read_any(cell), dates::Found::When(_))
}
