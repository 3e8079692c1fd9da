//! Folding away differences that do not change the meaning: width and compatibility forms (NFKC, UAX #15), case, Traditional
//! to Simplified (OpenCC's character table), variant spellings such as 帐/账, repeated punctuation and white space. Every
//! normalised character knows where it came from, so that evidence quotes what the customer wrote.

use super::lexicon::Lexicon;
use std::collections::HashMap;
use std::sync::OnceLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Table entry: drop the character.
const DROP: u32 = u32::MAX;
/// Table entry: several characters, see `multi`.
const MULTI: u32 = u32::MAX - 1;
/// Table entry: joins the character before it.
const COMBINING: u32 = u32::MAX - 2;

/// A text folded for comparison. Reuse one value for many texts: its buffers are kept.
#[derive(Debug, Clone, Default)]
pub struct Normalized {
    /// The folded text.
    pub chars: Vec<char>,
    /// For each character, the index of its original character; one more entry holds the original's length in characters.
    pub origin: Vec<u32>,
    /// Indexes of the characters that end a sentence, ascending.
    pub ends: Vec<u32>,
    spare: Vec<char>,
    spare_origin: Vec<u32>,
}

impl Normalized {
    /// The folded text as a string, made anew at each call.
    #[must_use]
    pub fn text(&self) -> String {
        self.chars.iter().collect()
    }
}

/// The folding tables.
pub struct Normalizer {
    table: Box<[u32]>,
    multi: HashMap<char, String>,
    phrases: Lexicon,
    replacements: Vec<Vec<char>>,
}

impl Normalizer {
    /// The built-in tables (`data/normalize/`), built once a process.
    pub fn builtin() -> &'static Normalizer {
        static BUILTIN: OnceLock<Normalizer> = OnceLock::new();
        BUILTIN.get_or_init(|| Normalizer::new(include_str!("../../data/normalize/t2s.tsv"), include_str!("../../data/normalize/variants.tsv")))
    }

    /// Builds tables from `from TAB to` lines; `#` begins a comment line.
    #[must_use]
    pub fn new(traditional: &str, variants: &str) -> Normalizer {
        let t2s: HashMap<char, char> = pairs(traditional).filter_map(|(a, b)| Some((single(a)?, single(b)?))).collect();
        let one: HashMap<char, char> = pairs(variants).filter_map(|(a, b)| Some((single(a)?, single(b)?))).collect();
        let fold_simple = |c: char| {
            let c = t2s.get(&c).copied().unwrap_or(c);
            one.get(&c).copied().unwrap_or(c)
        };
        let mut table = vec![0u32; 0x1_0000].into_boxed_slice();
        let mut multi = HashMap::new();
        for (code, slot) in table.iter_mut().enumerate() {
            let Some(c) = char::from_u32(code as u32) else { continue };
            if invisible(c) {
                *slot = DROP;
                continue;
            }
            if canonical_combining_class(c) != 0 {
                *slot = COMBINING;
                continue;
            }
            let plain_hanzi = ('\u{4e00}'..='\u{9fff}').contains(&c);
            if plain_hanzi {
                *slot = fold_simple(c) as u32;
                continue;
            }
            let folded: String = std::iter::once(c).nfkc().flat_map(char::to_lowercase).map(fold_simple).collect();
            match single(&folded) {
                Some(f) => *slot = f as u32,
                None => {
                    *slot = MULTI;
                    multi.insert(c, folded);
                }
            }
        }
        let fold_all = |s: &str| s.chars().flat_map(char::to_lowercase).map(fold_simple).collect::<String>();
        let long: Vec<(String, String)> =
            pairs(variants).filter(|(a, _)| single(a).is_none()).map(|(a, b)| (fold_all(a), fold_all(b))).filter(|(a, b)| a != b).collect();
        let phrases = Lexicon::new(long.iter().map(|p| p.0.as_str()));
        Normalizer { table, multi, phrases, replacements: long.into_iter().map(|p| p.1.chars().collect()).collect() }
    }

    /// Folds `text` into `out`, whose former content is dropped.
    pub fn fold(&self, text: &str, out: &mut Normalized) {
        out.chars.clear();
        out.origin.clear();
        out.ends.clear();
        out.chars.reserve(text.len() / 2);
        out.origin.reserve(text.len() / 2);
        let mut last = '\0';
        let mut index = 0u32;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let at = index;
            index += 1;
            // Most characters are hanzi that only the table changes.
            if ('\u{4e00}'..='\u{9fff}').contains(&c) && !chars.peek().is_some_and(|n| (*n as u32) < 0x3000 && self.combines(*n)) {
                last = char::from_u32(self.table[c as usize]).unwrap_or(c);
                out.chars.push(last);
                out.origin.push(at);
                continue;
            }
            let code = self.table.get(c as usize).copied().unwrap_or(c as u32);
            if chars.peek().is_some_and(|n| self.combines(*n)) {
                let mut cluster = String::from(c);
                while let Some(n) = chars.next_if(|n| self.combines(*n)) {
                    index += 1;
                    cluster.push(n);
                }
                for c in cluster.nfkc().flat_map(char::to_lowercase) {
                    last = push(out, c, at, last);
                }
                continue;
            }
            match code {
                DROP => {}
                MULTI => {
                    for f in self.multi.get(&c).into_iter().flat_map(|s| s.chars()) {
                        last = push(out, f, at, last);
                    }
                }
                COMBINING => last = push(out, c, at, last),
                code => last = push(out, char::from_u32(code).unwrap_or(c), at, last),
            }
        }
        out.origin.push(index);
        if self.replace_phrases(out) {
            out.ends.clear();
            out.ends.extend(out.chars.iter().enumerate().filter(|(_, c)| ends_sentence(**c)).map(|(i, _)| i as u32));
        }
    }

    /// The folded form of a short text, without offsets.
    ///
    /// ```
    /// let n = ahu::segment::Normalizer::builtin();
    /// assert_eq!(n.folded("ＡＰＰ登陸不上，帳號不見了！！！"), "app登录不上,账号不见了!");
    /// ```
    #[must_use]
    pub fn folded(&self, text: &str) -> String {
        let mut out = Normalized::default();
        self.fold(text, &mut out);
        out.text()
    }

    fn combines(&self, c: char) -> bool {
        self.table.get(c as usize) == Some(&COMBINING)
    }

    /// Whether there was any.
    fn replace_phrases(&self, out: &mut Normalized) -> bool {
        let chars = &out.chars;
        // A Latin phrase is a word of its own: `sever` is no `server` inside `several`.
        let latin = |i: usize| chars.get(i).is_some_and(char::is_ascii_alphanumeric);
        let joined = |i: usize| i > 0 && latin(i - 1) && latin(i);
        let whole = |start: usize, end: usize| !joined(start) && !joined(end);
        let (mut kept, mut at) = (0, 0);
        while at < chars.len() {
            let Some((end, phrase)) = self.phrases.longest(chars, at).filter(|(end, _)| whole(at, *end)) else {
                at += 1;
                continue;
            };
            if kept == 0 {
                out.spare.clear();
                out.spare_origin.clear();
            }
            out.spare.extend_from_slice(&chars[kept..at]);
            out.spare_origin.extend_from_slice(&out.origin[kept..at]);
            for (i, c) in self.replacements[phrase as usize].iter().enumerate() {
                out.spare.push(*c);
                out.spare_origin.push(out.origin[(at + i).min(end - 1)]);
            }
            (kept, at) = (end, end);
        }
        if kept == 0 {
            return false;
        }
        out.spare.extend_from_slice(&chars[kept..]);
        out.spare_origin.extend_from_slice(&out.origin[kept..]);
        std::mem::swap(&mut out.chars, &mut out.spare);
        std::mem::swap(&mut out.origin, &mut out.spare_origin);
        true
    }
}

/// Appends unless it repeats punctuation or white space; returns the new last character.
fn push(out: &mut Normalized, c: char, at: u32, last: char) -> char {
    let c = match c {
        '\r' | '\t' | '\u{b}' | '\u{c}' | ' ' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        c => c,
    };
    if c == last && matches!(c, ' ' | '\n' | '!' | '?' | '。' | '.' | ',' | '~' | '、' | '…' | ';' | ':' | '-') {
        return last;
    }
    if ends_sentence(c) {
        out.ends.push(out.origin.len() as u32);
    }
    out.chars.push(c);
    out.origin.push(at);
    c
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '。' | '!' | '?' | ';' | '\n')
}

/// Characters nobody sees: they would only hide a word from its rule.
fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || (c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}'))
}

fn single(s: &str) -> Option<char> {
    let mut chars = s.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn pairs(tsv: &str) -> impl Iterator<Item = (&str, &str)> {
    tsv.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn origin_points_at_the_original_character() {
        let n = Normalizer::builtin();
        let mut out = Normalized::default();
        let text = "我①  的帳戶登陸不上！！";
        n.fold(text, &mut out);
        assert_eq!(out.text(), "我1 的账户登录不上!");
        let original: Vec<char> = text.chars().collect();
        let login = out.chars.iter().position(|c| *c == '登').unwrap();
        assert_eq!(original[out.origin[login] as usize], '登');
        assert_eq!(original[out.origin[login + 1] as usize], '陸');
    }

    #[test]
    fn latin_phrases_are_whole_words() {
        let n = Normalizer::new("", "sever\tserver\n");
        assert_eq!(n.folded("sever down, several days, 在sever上"), "server down, several days, 在server上");
    }

    #[test]
    fn phrases_may_change_length() {
        let n = Normalizer::new("", "推款\t申请退款\n");
        let mut out = Normalized::default();
        n.fold("要推款啊", &mut out);
        assert_eq!(out.text(), "要申请退款啊");
        assert_eq!(out.origin, [0, 1, 2, 2, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn folding_is_consistent_on_any_text(text in "\\PC{0,60}") {
            let n = Normalizer::builtin();
            let mut out = Normalized::default();
            n.fold(&text, &mut out);
            prop_assert_eq!(out.chars.len() + 1, out.origin.len());
            prop_assert!(out.origin.windows(2).all(|w| w[0] <= w[1]));
            prop_assert_eq!(*out.origin.last().unwrap() as usize, text.chars().count());
        }
    }
}
