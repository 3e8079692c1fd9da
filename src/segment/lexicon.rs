//! Many literals looked for in one pass over a text.
//!
//! A trie in one hash table, entered by its first two characters, behind a filter of bits that fits the first-level cache: of
//! a text's places nine in ten end at the filter, whatever the number of literals. An Aho-Corasick automaton of the same
//! literals walks through memory at every character, and takes twenty times as long to build.

/// No literal.
const NOTHING: u32 = u32::MAX;
/// Bits of the filters.
const BITS: u32 = 16;
/// Bits of a character.
const CHAR: u32 = 21;
/// Marks the keys of first pairs.
const PAIR: u64 = 1 << 63;
/// Marks the keys of literals of one character.
const SINGLE: u64 = 1 << 62;
const EMPTY: u64 = u64::MAX;

/// A set of literals, numbered in the order given.
pub struct Lexicon {
    /// Pairs of characters that begin a literal, hashed.
    pairs: Box<[u64]>,
    /// Characters that are a literal, by their last bits.
    singles: Box<[u64]>,
    /// Open addressing; a power of two, at most two thirds full.
    slots: Box<[Slot]>,
}

/// A beginning of literals, which is a literal itself or goes on.
#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    /// The characters that follow, hashed to bits: most places of a text end here, without a look at another slot.
    next: u32,
    /// The literal that ends here, or [`NOTHING`].
    literal: u32,
}

const FREE: Slot = Slot { key: EMPTY, next: 0, literal: NOTHING };

impl Lexicon {
    /// Builds it; an empty literal is never found, of equal literals the first.
    ///
    /// ```
    /// use ahu::segment::Lexicon;
    /// let lexicon = Lexicon::new(["到账", "没到账", "没"]);
    /// let mut found = Vec::new();
    /// lexicon.find(&"奖励没到账".chars().collect::<Vec<_>>(), |start, end, literal| found.push((start, end, literal)));
    /// assert_eq!(found, [(2, 3, 2), (2, 5, 1), (3, 5, 0)]);
    /// ```
    pub fn new<'a>(literals: impl IntoIterator<Item = &'a str>) -> Lexicon {
        let literals: Vec<&str> = literals.into_iter().collect();
        // Exact where they are sorted, else more than needed.
        let shared = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
        let of = |i: usize| literals[i].chars().count() - if i == 0 { 0 } else { shared(literals[i - 1], literals[i]) };
        let beginnings: usize = (0..literals.len()).map(of).sum();
        let words = (1usize << BITS) / 64;
        let mut lexicon =
            Lexicon { pairs: vec![0; words].into(), singles: vec![0; words].into(), slots: vec![FREE; (beginnings.max(4) * 3 / 2).next_power_of_two()].into() };
        for (number, literal) in literals.iter().enumerate() {
            let mut rest = literal.chars();
            let Some(first) = rest.next() else { continue };
            let mut last = if let Some(second) = rest.next() {
                set(&mut lexicon.pairs, pair_bit(first, second));
                lexicon.add(pair_key(first, second))
            } else {
                set(&mut lexicon.singles, first as u32);
                lexicon.add(SINGLE | first as u64)
            };
            for c in rest {
                lexicon.slots[last].next |= next_bit(c);
                last = lexicon.add(next_key(last, c));
            }
            let slot = &mut lexicon.slots[last];
            if slot.literal == NOTHING {
                slot.literal = number as u32;
            }
        }
        lexicon
    }

    /// The slot of `key`, made if there was none.
    fn add(&mut self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut i = spread(key) & mask;
        while self.slots[i].key != key {
            if self.slots[i].key == EMPTY {
                self.slots[i].key = key;
                break;
            }
            i = (i + 1) & mask;
        }
        i
    }

    #[inline]
    fn get(&self, key: u64) -> Option<(usize, &Slot)> {
        let mask = self.slots.len() - 1;
        let mut i = spread(key) & mask;
        loop {
            let slot = &self.slots[i];
            if slot.key == key {
                return Some((i, slot));
            }
            if slot.key == EMPTY {
                return None;
            }
            i = (i + 1) & mask;
        }
    }

    /// Calls `found(start, end, literal)` for every place of every literal, by start, then by end.
    #[inline]
    pub fn find(&self, text: &[char], mut found: impl FnMut(usize, usize, u32)) {
        for start in 0..text.len() {
            self.at(text, start, &mut found);
        }
    }

    /// The longest literal that begins at `start`: its end and number.
    #[must_use]
    pub fn longest(&self, text: &[char], start: usize) -> Option<(usize, u32)> {
        let mut longest = None;
        self.at(text, start, &mut |_, end, literal| longest = Some((end, literal)));
        longest
    }

    #[inline]
    fn at(&self, text: &[char], start: usize, found: &mut impl FnMut(usize, usize, u32)) {
        let first = text[start];
        if has(&self.singles, first as u32)
            && let Some((_, slot)) = self.get(SINGLE | first as u64)
        {
            found(start, start + 1, slot.literal);
        }
        let Some(second) = text.get(start + 1) else { return };
        if !has(&self.pairs, pair_bit(first, *second)) {
            return;
        }
        let mut slot = self.get(pair_key(first, *second));
        let mut end = start + 2;
        while let Some((i, s)) = slot {
            if s.literal != NOTHING {
                found(start, end, s.literal);
            }
            let Some(next) = text.get(end).filter(|c| s.next & next_bit(**c) != 0) else { return };
            slot = self.get(next_key(i, *next));
            end += 1;
        }
    }
}

fn pair_key(first: char, second: char) -> u64 {
    PAIR | (first as u64) << CHAR | second as u64
}

/// The key of what goes on with `c` after the beginning in slot `i`.
fn next_key(i: usize, c: char) -> u64 {
    (i as u64) << CHAR | c as u64
}

fn next_bit(c: char) -> u32 {
    1 << ((c as u32).wrapping_mul(0x9e37_79b1) >> 27)
}

fn spread(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

fn pair_bit(first: char, second: char) -> u32 {
    (first as u32).wrapping_mul(0x9e37_79b1).wrapping_add((second as u32).wrapping_mul(0x85eb_ca77)) >> (32 - BITS)
}

fn has(bits: &[u64], bit: u32) -> bool {
    let bit = bit & ((1 << BITS) - 1);
    bits[bit as usize / 64] & (1 << (bit % 64)) != 0
}

fn set(bits: &mut [u64], bit: u32) {
    let bit = bit & ((1 << BITS) - 1);
    bits[bit as usize / 64] |= 1 << (bit % 64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against looking for each literal at each place.
        #[test]
        fn finds_what_a_plain_search_finds(literals in proptest::collection::vec("[ab没到😀]{0,5}", 0..12), text in "[ab没到😀c]{0,30}") {
            let mut distinct: Vec<&str> = literals.iter().map(String::as_str).collect();
            distinct.sort_unstable();
            distinct.dedup();
            let text: Vec<char> = text.chars().collect();
            let mut expected = Vec::new();
            for start in 0..text.len() {
                for end in start + 1..=text.len() {
                    let here: String = text[start..end].iter().collect();
                    expected.extend(distinct.iter().position(|l| *l == here).map(|l| (start, end, l as u32)));
                }
            }
            let mut found = Vec::new();
            Lexicon::new(distinct).find(&text, |start, end, literal| found.push((start, end, literal)));
            prop_assert_eq!(found, expected);
        }
    }
}
