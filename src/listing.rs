//! The tickets behind a digest's numbers, for reports in which people look them up.

use crate::prediction::{Kind, Prediction};
use crate::ticket::Reason;
use std::borrow::Cow;
use std::collections::HashMap;

/// A ticket as a report shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// When it happened: a day, with the time where that is known.
    pub when: String,
    /// Its product, as the digest names it.
    pub product: String,
    /// Its channel.
    pub channel: String,
    /// Its kind.
    pub kind: Option<Kind>,
    /// Its cause as the digest names it; empty where it has none.
    pub cause: String,
    /// Team that owns the cause.
    pub team: String,
    /// Name of the group that it is in, where no cause took it.
    pub group: String,
    /// What the customer said, masked.
    pub text: String,
    /// Places in `text` that spoke for the decision, in characters: start and length, in order, none overlapping.
    pub marks: Vec<(u32, u32)>,
    /// How sure the decision is, 0 to 1.
    pub confidence: f32,
    /// Whether a model had a say in it.
    pub by_model: bool,
    /// Its file and line.
    pub place: String,
}

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its file.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// Why.
    pub reason: Reason,
    /// What was expected and found, masked.
    pub detail: String,
}

/// Tickets, or as many of each cause as there is room for; and rows that could not be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listing {
    /// Tickets, in the order in which they came.
    pub tickets: Vec<Listed>,
    /// How many there are in all.
    pub total: u64,
    /// The first rows that could not be read.
    pub unread: Vec<Unread>,
    /// How many of them there are in all.
    pub unread_total: u64,
}

impl Listing {
    /// At most `room` of its tickets: those that a collector with this room would have kept.
    #[must_use]
    pub fn at_most(&self, room: usize) -> Cow<'_, Listing> {
        if self.tickets.len() <= room {
            return Cow::Borrowed(self);
        }
        let mut collector = Collector::new(room);
        for ticket in &self.tickets {
            collector.add((&ticket.product, ticket.kind, &ticket.cause), || ticket.clone());
        }
        let tickets = collector.finish(str::to_owned).tickets;
        Cow::Owned(Listing { tickets, total: self.total, unread: self.unread.clone(), unread_total: self.unread_total })
    }
}

/// Rows that could not be read: how many a report shows.
const MOST_UNREAD: usize = 200;

/// The places that spoke for a decision, as [`Listed::marks`].
#[must_use]
pub fn marks(prediction: &Prediction) -> Vec<(u32, u32)> {
    let evidence = if prediction.cause.is_some() { &prediction.cause_evidence } else { &prediction.kind_evidence };
    let mut all: Vec<(u32, u32)> = evidence.iter().map(|e| (e.at as u32, e.words.chars().count() as u32)).filter(|m| m.1 > 0).collect();
    all.sort_unstable();
    let mut apart: Vec<(u32, u32)> = Vec::new();
    for (start, length) in all {
        match apart.last_mut() {
            Some(last) if start <= last.0 + last.1 => last.1 = last.1.max(start + length - last.0),
            _ => apart.push((start, length)),
        }
    }
    apart
}

/// A text as people read it, with the places in it: of a chat the customer's words stand at their positions, and white space where
/// the desk spoke. Its ends are trimmed, and white space with a line break in it is one line break.
///
/// ```
/// let (text, marks) = ahu::listing::tidied("\n      闪退了\n          \n   怎么办 \n", &[(7, 2), (25, 3)]);
/// assert_eq!((text.as_str(), marks), ("闪退了\n怎么办", vec![(0, 2), (4, 3)]));
/// ```
#[must_use]
pub fn tidied(text: &str, marks: &[(u32, u32)]) -> (String, Vec<(u32, u32)>) {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    // Where each character has gone to.
    let mut places: Vec<u32> = Vec::with_capacity(chars.len() + 1);
    let (mut at, mut written) = (0, 0);
    while at < chars.len() {
        let blank = chars[at..].iter().take_while(|c| c.is_whitespace()).count();
        let run = &chars[at..at + blank];
        let kept: &[char] = match () {
            () if at == 0 || at + blank == chars.len() => &[],
            () if run.contains(&'\n') => &['\n'],
            () => run,
        };
        out.extend(kept);
        places.extend((0..blank).map(|i| written + i.min(kept.len()) as u32));
        written += kept.len() as u32;
        at += blank;
        for c in chars[at..].iter().take_while(|c| !c.is_whitespace()) {
            out.push(*c);
            places.push(written);
            written += 1;
            at += 1;
        }
    }
    places.push(written);
    let place = |at: u32| places[(at as usize).min(chars.len())];
    let moved = marks.iter().map(|(start, length)| (place(*start), place(start.saturating_add(*length)) - place(*start)));
    (out, moved.filter(|(_, length)| *length > 0).collect())
}

/// Collects tickets for a report that has room for some.
#[derive(Debug)]
pub struct Collector {
    room: usize,
    /// Most tickets of one cell: it is halved whenever there are far too many.
    cap: usize,
    /// With the number of its cell, and its place in that.
    tickets: Vec<(u32, u32, Listed)>,
    cells: HashMap<(String, Option<Kind>, String), u32>,
    counts: Vec<u32>,
    listing: Listing,
}

impl Collector {
    /// A collector for at most `room` tickets.
    #[must_use]
    pub fn new(room: usize) -> Collector {
        Collector { room, cap: usize::MAX, tickets: Vec::new(), cells: HashMap::new(), counts: Vec::new(), listing: Listing::default() }
    }

    /// Adds a ticket; `make` is only called where there is room for it. Its product, kind and cause are its cell, by whatever names.
    pub fn add(&mut self, cell: (&str, Option<Kind>, &str), make: impl FnOnce() -> Listed) {
        self.listing.total += 1;
        let fresh = self.counts.len() as u32;
        let cell = *self.cells.entry((cell.0.to_owned(), cell.1, cell.2.to_owned())).or_insert(fresh);
        if cell == fresh {
            self.counts.push(0);
        }
        let nth = &mut self.counts[cell as usize];
        *nth = nth.saturating_add(1);
        if *nth as usize > self.cap {
            return;
        }
        self.tickets.push((cell, *nth, make()));
        if self.tickets.len() > self.room * 2 {
            self.cap = self.fitting();
            self.tickets.retain(|t| t.1 as usize <= self.cap);
        }
    }

    /// Adds a row that could not be read.
    pub fn unread(&mut self, make: impl FnOnce() -> Unread) {
        self.listing.unread_total += 1;
        if self.listing.unread.len() < MOST_UNREAD {
            self.listing.unread.push(make());
        }
    }

    /// The largest cap by which there is room for all that are left; one where there is none.
    fn fitting(&self) -> usize {
        let kept = |cap: usize| self.counts.iter().map(|n| (*n as usize).min(cap)).sum::<usize>();
        let (mut fits, mut too_many) = (1, self.room + 1);
        while too_many - fits > 1 {
            let middle = fits.midpoint(too_many);
            if kept(middle) <= self.room { fits = middle } else { too_many = middle }
        }
        fits
    }

    /// What there is room for: all tickets, or the first of every product, kind and cause. `name` gives a product's name by that of
    /// its cell.
    #[must_use]
    pub fn finish(mut self, name: impl Fn(&str) -> String) -> Listing {
        if self.listing.total > self.room as u64 {
            let cap = self.fitting().min(self.cap);
            self.tickets.retain(|t| t.1 as usize <= cap);
            self.tickets.truncate(self.room);
        }
        let mut products: Vec<String> = vec![String::new(); self.counts.len()];
        self.cells.iter().for_each(|((product, _, _), cell)| products[*cell as usize] = name(product));
        self.listing.tickets = self.tickets.into_iter().map(|(cell, _, ticket)| Listed { product: products[cell as usize].clone(), ..ticket }).collect();
        self.listing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::Evidence;

    fn collected(room: usize, counts: &[(&str, usize)]) -> Listing {
        let mut collector = Collector::new(room);
        for (cause, n) in counts {
            (0..*n).for_each(|i| collector.add(("a", None, cause), || Listed { id: i.to_string(), cause: (*cause).to_owned(), ..Listed::default() }));
        }
        collector.finish(str::to_uppercase)
    }

    #[test]
    fn what_does_not_fit_is_told_by_its_first() {
        let of = |listing: &Listing, cause: &str| listing.tickets.iter().filter(|t| t.cause == cause).count();
        let all = collected(100, &[("x", 60), ("y", 40)]);
        assert_eq!((all.tickets.len(), all.total, all.tickets[0].product.as_str()), (100, 100, "A"));
        let some = collected(100, &[("x", 100_000), ("y", 7), ("z", 3_000)]);
        assert_eq!((of(&some, "x"), of(&some, "y"), of(&some, "z"), some.total), (46, 7, 46, 103_007));
        assert_eq!(*some.at_most(30), Listing { total: 103_007, ..collected(30, &[("x", 100_000), ("y", 7), ("z", 3_000)]) });
        assert_eq!(collected(2, &[("x", 9), ("y", 9), ("z", 9)]).tickets.len(), 2);
    }

    #[test]
    fn marks_are_apart() {
        let said = |at: usize, words: &str| Evidence { words: words.to_owned(), at };
        let prediction =
            Prediction { cause: Some(0), cause_evidence: vec![said(5, "没到账"), said(0, "奖励"), said(1, "励还")], ..Prediction::default() };
        assert_eq!(marks(&prediction), [(0, 3), (5, 3)]);
    }
}
