//! One ticket as its export wrote it, and a row that could not be read.

use serde::Serialize;
use std::borrow::Cow;

/// A ticket: one event that the desk handled. Fields are as written in the export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticket<'a> {
    /// Event id; the row's number (`#18`) where the export has none.
    pub id: Cow<'a, str>,
    /// Whether `id` was made from the row's number.
    pub id_is_row: bool,
    /// When it happened, as written.
    pub time: Cow<'a, str>,
    /// Product as written; empty when unknown.
    pub product: Cow<'a, str>,
    /// Channel as written.
    pub channel: Cow<'a, str>,
    /// What the customer said: title and text, joined by a line break.
    pub text: Cow<'a, str>,
    /// Who the customer is, as written: an account, a telephone number.
    pub customer: Cow<'a, str>,
    /// What the agent said or noted.
    pub agent: Cow<'a, str>,
    /// Who served, where the user named that column.
    pub served_by: Cow<'a, str>,
    /// Who said what, where it is a chat or the desk's reply stands beside the customer's words.
    pub talk: Option<Box<Talk>>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Whoever asks.
    Customer,
    /// A person at the desk.
    Agent,
    /// A program that answers in the desk's place.
    Robot,
    /// The chat system itself: notices, headers.
    System,
}

/// A conversation, turn by turn: in one piece of memory, since there are many of them.
///
/// ```
/// use ahu::ticket::{Role, Talk};
/// let mut talk = Talk::default();
/// talk.push(Role::Customer, "奖励没到", Some(10));
/// talk.push(Role::Agent, "您好", Some(11));
/// talk.push(Role::Agent, "稍等", None);
/// let runs: Vec<_> = talk.runs().map(|r| (r.role, r.text)).collect();
/// assert_eq!(runs, [(Role::Customer, "奖励没到"), (Role::Agent, "您好\n稍等")]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Talk {
    /// The words of all turns, a line break between two.
    words: String,
    turns: Vec<Said>,
}

/// A turn: who, where its words begin and end, and when, in minutes from any moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    role: Role,
    from: u32,
    to: u32,
    minute: Option<u32>,
}

/// All that one side says until another speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'t> {
    /// Who.
    pub role: Role,
    /// The words, a line a turn.
    pub text: &'t str,
    /// How many turns.
    pub turns: usize,
    /// When the first and the last of them with a time were said, in minutes from any moment.
    pub minutes: Option<(u32, u32)>,
}

impl Talk {
    /// Adds a turn. What the system says is no turn, nor is silence.
    pub fn push(&mut self, role: Role, text: &str, minute: Option<u32>) {
        if role == Role::System || text.is_empty() {
            return;
        }
        if !self.words.is_empty() {
            self.words.push('\n');
        }
        let from = self.words.len();
        let (Ok(from), Ok(to)) = (u32::try_from(from), u32::try_from(from + text.len())) else { return };
        self.words.push_str(text);
        self.turns.push(Said { role, from, to, minute });
    }

    /// The turns: who, and the words.
    pub fn turns(&self) -> impl DoubleEndedIterator<Item = (Role, &str)> {
        self.turns.iter().map(|t| (t.role, self.text(t, t)))
    }

    /// Turns of one side that follow each other, together.
    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        self.turns.chunk_by(|a, b| a.role == b.role).map(|run| {
            let minutes = || run.iter().filter_map(|t| t.minute);
            Run { role: run[0].role, text: self.text(&run[0], &run[run.len() - 1]), turns: run.len(), minutes: minutes().next().zip(minutes().next_back()) }
        })
    }

    /// Whether the desk says anything, be it a person or a program.
    #[must_use]
    pub fn has_desk(&self) -> bool {
        self.turns.iter().any(|t| t.role != Role::Customer)
    }

    /// Characters that persons at the desk say.
    #[must_use]
    pub fn agent_length(&self) -> usize {
        self.turns().filter(|(role, _)| *role == Role::Agent).map(|(_, text)| text.chars().count()).sum()
    }

    fn text(&self, first: &Said, last: &Said) -> &str {
        &self.words[first.from as usize..last.to as usize]
    }
}

/// Why a row could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A quoted cell that never ends, or ends in mid-cell.
    BadQuote,
    /// More or fewer cells than the header has.
    WrongWidth,
    /// A row longer than the limit.
    TooLong,
    /// Bytes that the file's encoding does not have.
    BadEncoding,
    /// Not the JSON object that the file's other lines are.
    BadJson,
    /// The last row of a file that ends in the middle.
    CutOff,
    /// A time that is none, such as 30 February.
    BadDate,
}

impl Reason {
    /// Every reason, in the order in which reports show them.
    pub const ALL: [Reason; 7] = [Reason::BadQuote, Reason::WrongWidth, Reason::TooLong, Reason::BadEncoding, Reason::BadJson, Reason::CutOff, Reason::BadDate];

    /// The code used in files for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Reason::BadQuote => "bad-quote",
            Reason::WrongWidth => "wrong-width",
            Reason::TooLong => "too-long",
            Reason::BadEncoding => "bad-encoding",
            Reason::BadJson => "bad-json",
            Reason::CutOff => "cut-off",
            Reason::BadDate => "bad-date",
        }
    }
}

/// A row that could not be read: where its bytes are, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// File name as given.
    pub file: String,
    /// Line of its first byte, from 1.
    pub line: u64,
    /// Offset of its first byte in the file.
    pub byte_start: u64,
    /// Length in bytes, line end included.
    pub byte_len: u64,
    /// Why.
    pub reason: Reason,
    /// What was expected and found, in words.
    pub detail: String,
}

/// A text whose labels a person has told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labelled {
    /// The ticket's id.
    pub id: String,
    /// What the customer wrote.
    pub text: String,
    /// One label, or several.
    pub labels: Vec<String>,
}
