//! Files of one message a row: the messages of an id become one row, at the place of its first.

use super::judge::Fate;
use super::{Batch, BatchRow, Legible, Message, Reader, Reject};
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
    /// Its first message's.
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
        let mut chats = Chats { role, id, text: *text, time: columns.time, chats: Vec::new(), of_id: HashMap::new(), messages: 0 };
        let mut own = Cells::new(self.layout.delimiter);
        let mut line = String::new();
        let width = self.layout.header.len();
        while let Some(record) = self.next_record(&mut line)? {
            self.account(&record);
            let line = std::mem::take(&mut line);
            let (repaired, span, raw) = match record {
                Record::Blank(_) => {
                    self.report.structural += 1;
                    continue;
                }
                Record::Row { quoted, cells, span, raw, .. } => {
                    let bad = |detail| Err(Some((Reason::WrongWidth, detail)));
                    let repaired = match self.judge(&line, quoted, cells, span)? {
                        Fate::Row => {
                            own.split(&line, quoted);
                            if own.len() == width { Ok(None) } else { bad(format!("expected {width} cells as in the header, found {}", own.len())) }
                        }
                        Fate::Repaired(cells) => Ok(Some(cells)),
                        Fate::Structural => Err(None),
                        Fate::Half => bad("the line before it is the other half of its text".to_owned()),
                        Fate::Bad(detail) => bad(detail),
                    };
                    (repaired, span, raw)
                }
                Record::Bad { span, reason, detail, text, raw } => {
                    (text.and_then(|text| self.requote(&text)).map(Some).ok_or(Some((reason, detail))), span, raw)
                }
            };
            match repaired {
                Ok(repaired) => {
                    repaired.iter().for_each(|cells| own.set(cells));
                    let legible = self.layout.bring_back(&line, &mut own);
                    self.report.notes.rows += legible.into();
                    let cells: Vec<&str> = own.iter(&line).collect();
                    let mut kept = String::new();
                    if keep && (repaired.is_some() || legible != Legible::Yes) {
                        push_row(&mut kept, &cells, self.layout.delimiter);
                    } else if keep {
                        kept.clone_from(&line);
                    }
                    chats.add(self.number, &cells, kept, span, raw.as_deref());
                }
                Err(None) => self.report.structural += 1,
                Err(Some((reason, detail))) => {
                    self.report.rows += 1;
                    self.set_aside.push(Reject::new(&self.report.file, span, reason, detail, raw));
                }
            }
        }
        self.report.notes.chats = chats.chats.len() as u64;
        self.report.notes.messages = chats.messages;
        self.chats = chats.chats.into();
        Ok(())
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
            self.layout.bring_back(line, &mut cells);
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
    chats: Vec<Chat>,
    of_id: HashMap<String, usize>,
    messages: u64,
}

impl Chats {
    /// Adds a message to its chat; without an id it is one of its own. `line` is what is kept of its row.
    fn add(&mut self, number: u64, cells: &[&str], line: String, span: RowSpan, raw: Option<&[u8]>) {
        let id = cells[self.id].trim();
        let said = Role::named(cells[self.role].trim()).unwrap_or(Role::Customer);
        let (opening, words) = transcript::message(said, self.time.and_then(|t| minute(cells[t])), cells[self.text]);
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

/// A time in minutes from any moment.
fn minute(cell: &str) -> Option<u32> {
    let dates::Found::When(dates::When { day, time: Some(time), .. }) = dates::Reader::default().read_any(cell) else { return None };
    let days = day.since(jiff::civil::Date::constant(1990, 1, 1)).map_or(0, |s| s.get_days());
    Some(u32::try_from(days).unwrap_or(0) * 24 * 60 + u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs()))
}

fn is_time(cell: &str) -> bool {
    matches!(dates::Reader::default().read_any(cell), dates::Found::When(_))
}
