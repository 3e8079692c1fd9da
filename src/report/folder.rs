//! Names of folders from names that people have written: no name leads elsewhere, and no two are one folder.

use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;

/// Longest name of a folder, in bytes.
const MOST: usize = 80;

/// A folder's name for each of these names, the same whenever the same names are given.
#[must_use]
pub fn folders<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeMap<String, String> {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut all = BTreeMap::new();
    // Names that can stay as they are come first: nobody takes them away.
    let (plain, changed): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| folder(name) == *name);
    for name in plain.into_iter().chain(changed) {
        let wanted = folder(name);
        let numbered = |n: usize| {
            let end = format!("-{n}");
            format!("{}{end}", cut(&wanted, MOST - end.len()))
        };
        let free = std::iter::once(wanted.clone()).chain((2..).map(numbered)).find(|folder| taken.insert(folded(folder)));
        all.insert(name.to_owned(), free.unwrap_or_default());
    }
    all
}

/// What file systems that do not tell width or case apart take for one name.
fn folded(name: &str) -> String {
    name.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

fn folder(name: &str) -> String {
    let mut out = String::new();
    for c in name.nfc() {
        match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => out.push('_'),
            c if c.is_control() => {}
            // Marks that are not seen, and those that turn the direction of writing.
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {}
            c => out.push(c),
        }
    }
    // A dot at the beginning hides, one at the end is dropped by Windows; `.` and `..` are other folders.
    let out = out.trim_matches([' ', '.', '\u{3000}']);
    let out = cut(out, MOST - 1).trim_end_matches([' ', '.', '\u{3000}']);
    let stem = folded(out.split('.').next().unwrap_or(""));
    let stem = stem.trim();
    let numbered = ["com", "lpt"].iter().any(|port| stem.strip_prefix(port).is_some_and(|n| n.chars().count() == 1 && n.chars().all(char::is_numeric)));
    let device = matches!(stem, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" | "clock$") || numbered;
    if out.is_empty() || device { format!("_{out}") } else { out.to_owned() }
}

/// At most so many bytes of a text, of whole characters.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_stay_readable() {
        for (name, expected) in [
            ("支付组", "支付组"),
            ("../../etc/x", "_.._etc_x"),
            ("..", "_"),
            ("", "_"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("ＣＯＮ", "_ＣＯＮ"),
            ("COM1", "_COM1"),
            ("a/b", "a_b"),
            ("a\0b\u{202e}", "ab"),
            (" .x. ", "x"),
        ] {
            assert_eq!(folder(name), expected, "{name:?}");
        }
        let twins = folders(["Ａ", "A", "a", "a/b", "a_b"]);
        assert_eq!(twins.values().collect::<BTreeSet<_>>().len(), 5, "{twins:?}");
        assert_eq!((twins["A"].as_str(), twins["a_b"].as_str()), ("A", "a_b"), "{twins:?}");
        assert_eq!(folders(["字".repeat(300).as_str()])[&"字".repeat(300)], "字".repeat(26));
    }

    proptest! {
        #[test]
        fn no_name_leads_elsewhere(names in prop::collection::btree_set("[./\\\\a-cA-CＡ字 \0:~]{0,40}|CON|NUL|\\PC{0,120}", 1..12)) {
            let all = folders(names.iter().map(String::as_str));
            prop_assert_eq!(all.len(), names.len());
            let mut seen = BTreeSet::new();
            for folder in all.values() {
                let one = std::path::Path::new(folder).components().collect::<Vec<_>>();
                prop_assert!(matches!(one[..], [std::path::Component::Normal(_)]), "{:?}", folder);
                prop_assert!(folder.len() <= MOST && !folder.contains(['/', '\\', '\0', ':']) && !folder.ends_with(['.', ' ']));
                prop_assert!(seen.insert(folded(folder)), "{:?}", all);
            }
        }
    }
}
