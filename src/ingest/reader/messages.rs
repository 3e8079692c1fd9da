//! Files of one message a row: the messages of an id become one row, at the place of its first.

use super::Reader;
use crate::cell::push_row;
use crate::error::Result;
use crate::ingest::cells::Cells;
use crate::ingest::records::Record;
use crate::transcript::{self, Role};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

impl Reader {
    /// Where each row is one message of a chat, joins those of one id into one row, at the place of its first.
    pub(super) fn group_messages(&mut self, asked_for: bool) -> Result<()> {
        let columns = self.layout.columns.clone();
        let (Some(role), Some(id), [text]) = (columns.role, columns.id, &columns.text[..]) else { return Ok(()) };
        let mut cells = Cells::new(self.layout.delimiter);
        let (mut named, mut rows, mut ids) = (0, 0, HashSet::new());
        for (line, record) in &self.pending {
            let Record::Row { quoted, .. } = record else { continue };
            cells.split(line, *quoted);
            rows += 1;
            named += usize::from(Role::named(cells.get(line, role).trim()).is_some());
            ids.insert(cells.get(line, id).trim().to_owned());
        }
        if rows == 0 || (!asked_for && (named * 10 < rows * 9 || ids.len() == rows)) {
            return Ok(());
        }
        let mut chats = Chats { delimiter: self.layout.delimiter, text: *text, ..Chats::default() };
        loop {
            if self.pending.is_empty() && !self.pend()? {
                break;
            }
            let Some((line, record)) = self.pending.pop_front() else { break };
            let Record::Row { quoted, .. } = &record else {
                chats.others.push((line, record));
                continue;
            };
            cells.split(&line, *quoted);
            if cells.len() != self.layout.header.len() || line == self.header_text || cells.get(&line, id).trim().is_empty() {
                chats.others.push((line, record));
                continue;
            }
            let said = Role::named(cells.get(&line, role).trim()).unwrap_or(Role::Customer);
            let id = cells.get(&line, id).trim().to_owned();
            chats.add(id, said, &cells, &line, record);
        }
        self.report.notes.messages = chats.messages;
        self.pending = chats.into_records();
        Arc::make_mut(&mut self.layout).messages = true;
        Ok(())
    }
}

/// Messages on their way to chats.
#[derive(Default)]
struct Chats {
    delimiter: u8,
    /// The column of the words.
    text: usize,
    chats: Vec<(Vec<String>, Record)>,
    of_id: HashMap<String, usize>,
    /// What is no message.
    others: Vec<(String, Record)>,
    messages: u64,
}

impl Chats {
    fn add(&mut self, id: String, said: Role, cells: &Cells, line: &str, record: Record) {
        self.messages += 1;
        let words = transcript::message(said, cells.get(line, self.text));
        match self.of_id.get(&id).and_then(|i| self.chats.get_mut(*i)) {
            Some((first, Record::Row { span, raw, .. })) => {
                for (mine, more) in first.iter_mut().zip(cells.iter(line)).filter(|(mine, _)| mine.trim().is_empty()) {
                    more.clone_into(mine);
                }
                first[self.text].push_str(&words);
                if let Record::Row { span: more, raw: bytes, .. } = record {
                    span.len += more.len;
                    if let (Some(raw), Some(bytes)) = (raw, bytes) {
                        raw.extend_from_slice(&bytes);
                    }
                }
            }
            _ => {
                self.of_id.insert(id, self.chats.len());
                let mut first: Vec<String> = cells.iter(line).map(str::to_owned).collect();
                first[self.text] = words;
                self.chats.push((first, record));
            }
        }
    }

    /// The chats as rows, then what was no message.
    fn into_records(self) -> VecDeque<(String, Record)> {
        let row = |(cells, record): (Vec<String>, Record)| {
            let mut line = String::new();
            push_row(&mut line, &cells, self.delimiter);
            let record = match record {
                Record::Row { span, raw, .. } => Record::Row { text: 0..line.len(), quoted: line.contains('"'), cells: cells.len(), span, raw },
                other => other,
            };
            (line, record)
        };
        self.chats.into_iter().map(row).chain(self.others).collect()
    }
}
