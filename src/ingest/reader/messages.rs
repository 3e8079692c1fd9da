//! Files of one message a row: the messages of an id become one row, at the place of its first.

use super::judge::Fate;
use super::{Batch, BatchRow, Message, Reader};
use crate::cell::push_row;
use crate::error::Result;
use crate::ingest::cells::Cells;
use crate::ingest::records::{Record, RowSpan};
use crate::transcript::{self, Role};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// The messages of an id, joined.
pub(super) struct Chat {
    /// The cells of its first message, with the words of all.
    cells: Vec<String>,
    /// Its first message's bytes; their length is that of all.
    span: RowSpan,
    raw: Option<Vec<u8>>,
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
        let mut chats = Chats { role, id, text: *text, keep, chats: Vec::new(), of_id: HashMap::new(), messages: 0 };
        let mut others = VecDeque::new();
        let mut own = Cells::new(self.layout.delimiter);
        let mut line = String::new();
        while let Some(record) = self.next_record(&mut line)? {
            let taken = match record {
                Record::Row { quoted, cells, span, ref raw, .. } => match self.judge(&line, quoted, cells, span)? {
                    Fate::Row => {
                        own.split(&line, quoted);
                        let cells: Vec<&str> = own.iter(&line).collect();
                        cells.len() == self.layout.header.len() && chats.add(&cells, &line, span, raw.as_deref())
                    }
                    Fate::Repaired(cells) => {
                        let mut line = String::new();
                        push_row(&mut line, &cells, self.layout.delimiter);
                        chats.add(&cells.iter().map(String::as_str).collect::<Vec<_>>(), &line, span, raw.as_deref())
                    }
                    Fate::Structural | Fate::Half | Fate::Bad(_) => false,
                },
                _ => false,
            };
            if taken {
                line.clear();
            } else {
                others.push_back((std::mem::take(&mut line), record));
            }
        }
        self.report.notes.messages = chats.messages;
        self.chats = chats.chats.into();
        self.pending = others;
        Arc::make_mut(&mut self.layout).messages = true;
        Ok(())
    }

    /// Whether the rows read ahead have roles, and ids that return.
    fn looks_like_messages(&self, role: usize, id: usize) -> bool {
        let mut cells = Cells::new(self.layout.delimiter);
        let (mut named, mut rows, mut ids) = (0, 0, HashSet::new());
        for (line, record) in &self.pending {
            let Record::Row { quoted, .. } = record else { continue };
            cells.split(line, *quoted);
            rows += 1;
            named += usize::from(Role::named(cells.get(line, role).trim()).is_some());
            ids.insert(cells.get(line, id).trim().to_owned());
        }
        rows > 0 && named * 10 >= rows * 9 && ids.len() < rows
    }

    /// A chat goes on as if the file had it as one row.
    pub(super) fn push_chat(&mut self, batch: &mut Batch, chat: Chat) {
        self.accounted += chat.span.len;
        self.number += 1;
        self.report.rows += 1;
        let from = batch.text.len();
        push_row(&mut batch.text, &chat.cells, self.layout.delimiter);
        let quoted = batch.text[from..].contains('"');
        batch.rows.push(BatchRow { text: from..batch.text.len(), quoted, span: chat.span, number: self.number, raw: chat.raw, messages: chat.messages });
    }
}

/// Messages on their way to chats.
struct Chats {
    role: usize,
    id: usize,
    /// The column of the words.
    text: usize,
    keep: bool,
    chats: Vec<Chat>,
    of_id: HashMap<String, usize>,
    messages: u64,
}

impl Chats {
    /// Adds a message to its chat; `false` when it has no id.
    fn add(&mut self, cells: &[&str], line: &str, span: RowSpan, raw: Option<&[u8]>) -> bool {
        let id = cells[self.id].trim();
        if id.is_empty() {
            return false;
        }
        let said = Role::named(cells[self.role].trim()).unwrap_or(Role::Customer);
        let (opening, words) = transcript::message(said, cells[self.text]);
        let line = if self.keep { line.to_owned() } else { String::new() };
        let mut message = Message { place: self.messages, span, words: opening..opening + cells[self.text].chars().count(), line };
        self.messages += 1;
        let length = words.chars().count();
        match self.of_id.get(id).and_then(|i| self.chats.get_mut(*i)) {
            Some(chat) => {
                message.words = chat.length + message.words.start..chat.length + message.words.end;
                chat.length += length;
                for (mine, more) in chat.cells.iter_mut().zip(cells).filter(|(mine, _)| mine.trim().is_empty()) {
                    (*more).clone_into(mine);
                }
                chat.cells[self.text].push_str(&words);
                chat.span.len += span.len;
                if let (Some(all), Some(raw)) = (&mut chat.raw, raw) {
                    all.extend_from_slice(raw);
                }
                chat.messages.push(message);
            }
            None => {
                self.of_id.insert(id.to_owned(), self.chats.len());
                let mut first: Vec<String> = cells.iter().map(|c| (*c).to_owned()).collect();
                first[self.text] = words;
                self.chats.push(Chat { cells: first, span, raw: raw.map(<[u8]>::to_vec), messages: vec![message], length });
            }
        }
        true
    }
}
