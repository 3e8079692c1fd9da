//! Digits in groups, as numbers are written, and what stands between the groups.

use crate::mask::Reading;

/// Digits that are looked at from one place: no personal number is longer.
const MOST: usize = 24;

/// What stands between groups of digits, as bits.
pub(super) const SPACE: u8 = 1;
const HYPHEN: u8 = 2;
pub(super) const DOT: u8 = 4;
pub(super) const BRACKET: u8 = 8;

/// The digits from one place on, with their groups.
pub(super) struct Window {
    pub(super) value: [u8; MOST],
    /// Their places in the text.
    at: [usize; MOST],
    pub(super) len: usize,
    /// Bit `k`: a group ends with digit `k`.
    ends: u32,
    /// What stands after digit `k`, where a group ends and another follows.
    pub(super) separators: [u8; MOST],
}

impl Window {
    pub(super) fn new(reading: &Reading, start: usize, value: impl Fn(char) -> Option<u8>) -> Window {
        let mut w = Window { value: [0; MOST], at: [0; MOST], len: 0, ends: 0, separators: [0; MOST] };
        let mut i = start;
        while let Some(digit) = reading.get(i).and_then(&value) {
            let k = w.len;
            let (Some(v), Some(at)) = (w.value.get_mut(k), w.at.get_mut(k)) else { return w };
            (*v, *at) = (digit, i);
            w.len += 1;
            i += 1;
            if reading.get(i).and_then(&value).is_some() {
                continue;
            }
            w.ends |= 1 << k;
            let (next, kinds) = separators(reading, i);
            if next == i {
                break;
            }
            if let Some(s) = w.separators.get_mut(k) {
                *s = kinds;
            }
            i = next;
        }
        w
    }

    pub(super) fn digit(&self, k: usize) -> u8 {
        if k < self.len { self.value.get(k).copied().unwrap_or(0) } else { u8::MAX }
    }

    /// Digits from `k` to `end` as one number.
    pub(super) fn number(&self, k: usize, end: usize) -> u32 {
        self.value.iter().take(end).skip(k).fold(0, |n, d| n.wrapping_mul(10).wrapping_add(u32::from(*d)))
    }

    /// Whether a group ends just before digit `k`.
    pub(super) fn ends_before(&self, k: usize) -> bool {
        k > 0 && k <= self.len && self.ends >> (k - 1) & 1 != 0
    }

    pub(super) fn place(&self, k: usize) -> usize {
        self.at.get(k).copied().unwrap_or(0)
    }

    /// The place after digit `k - 1`.
    pub(super) fn end(&self, k: usize) -> usize {
        self.place(k - 1) + 1
    }

    /// Digits of the first group.
    pub(super) fn first_group(&self) -> usize {
        self.ends.trailing_zeros().min(MOST as u32) as usize + 1
    }

    pub(super) fn starts(&self, from: usize, digits: &[u8]) -> bool {
        self.value.get(from..from + digits.len()).is_some_and(|v| v == digits) && from + digits.len() <= self.len
    }

    /// The groups of digits `from..end`, and what separates them.
    pub(super) fn shape(&self, from: usize, end: usize) -> Shape {
        let mut shape = Shape { sizes: [0; MOST], count: 0, separators: 0 };
        let mut size = 0;
        for k in from..end {
            size += 1;
            if self.ends >> k & 1 != 0 || k + 1 == end {
                if let Some(s) = shape.sizes.get_mut(shape.count) {
                    *s = size;
                }
                shape.count += 1;
                size = 0;
                if k + 1 < end {
                    shape.separators |= self.separators.get(k).copied().unwrap_or(0);
                }
            }
        }
        shape
    }
}

/// Sizes of groups of digits.
pub(super) struct Shape {
    sizes: [u8; MOST],
    pub(super) count: usize,
    pub(super) separators: u8,
}

impl Shape {
    pub(super) fn sizes(&self) -> &[u8] {
        self.sizes.get(..self.count).unwrap_or(&[])
    }

    pub(super) fn single_digits(&self) -> bool {
        self.count > 1 && self.sizes().iter().all(|s| *s == 1)
    }

    pub(super) fn one_separator(&self) -> bool {
        self.separators.count_ones() <= 1
    }
}

/// The place after what may separate two groups of digits, and what it was; `i` itself when it is nothing of the kind.
pub(super) fn separators(reading: &Reading, i: usize) -> (usize, u8) {
    let (mut end, mut kinds, mut others) = (i, 0, 0);
    while end < i + 3 {
        let kind = match reading.get(end) {
            Some(' ' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}') => SPACE,
            Some('-') => HYPHEN,
            Some('.' | '·') => DOT,
            Some(')') => BRACKET,
            _ => break,
        };
        if kind != SPACE {
            others += 1;
        }
        if others > 1 && kinds & BRACKET == 0 {
            return (i, 0);
        }
        kinds |= kind;
        end += 1;
    }
    // Spaces around a hyphen are part of it.
    if kinds & !SPACE != 0 {
        kinds &= !SPACE;
    }
    (end, kinds)
}
