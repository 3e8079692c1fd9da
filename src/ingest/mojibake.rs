//! Text that was read in the wrong encoding once and saved so: noticed, and brought back where nothing was lost.

use super::encoding::common_hanzi;
use std::sync::OnceLock;

/// Characters that begin the two bytes of a hanzi in UTF-8 read as GBK, as one bit each: rare ones all of them.
fn typical() -> &'static [u64; 1024] {
    static TYPICAL: OnceLock<Box<[u64; 1024]>> = OnceLock::new();
    TYPICAL.get_or_init(|| {
        let mut bits = Box::new([0; 1024]);
        let pairs = (0xE4..=0xE9u8).flat_map(|lead| (0x80..=0xBFu8).map(move |next| [lead, next])).chain([[0xEF, 0xBC], [0xE3, 0x80]]);
        for pair in pairs {
            let (text, _) = encoding_rs::GBK.decode_without_bom_handling(&pair);
            // U+FFFD and 锟 are what was lost before, € is what GBK makes of half of them.
            for c in text.chars().chain(['\u{FFFD}', '锟', '€']).map(|c| c as usize).filter(|c| *c < 0x10000) {
                bits[c / 64] |= 1 << (c % 64);
            }
        }
        bits
    })
}

/// Whether a row may hold text in the wrong encoding. `wary` looks at every character; else only at those that such text
/// hardly ever lacks, which costs next to nothing.
#[must_use]
pub fn may_be_mojibake(line: &str, wary: bool) -> bool {
    let (bytes, typical) = (line.as_bytes(), typical());
    let is_one = |at: usize| match &bytes[at..] {
        [lead, second, third, ..] if lead >> 4 == 0xE => {
            let c = usize::from(lead & 0x0F) << 12 | usize::from(second & 0x3F) << 6 | usize::from(third & 0x3F);
            typical[c / 64] >> (c % 64) & 1 == 1
        }
        // ã to ï: what the first byte of a hanzi is in Latin-1.
        [0xC3, 0xA3..=0xAF, ..] => true,
        _ => false,
    };
    if wary {
        return (0..bytes.len()).any(is_one);
    }
    // Two in three of the typical ones are from U+9000 on, which of ordinary characters one in thirty is.
    memchr::memchr2_iter(0xE9, 0xC3, bytes).any(is_one)
        || memchr::memmem::find(bytes, "\u{FFFD}".as_bytes()).is_some()
        || memchr::memmem::find(bytes, "€".as_bytes()).is_some()
}

/// The byte that CP1252 or Latin-1 has for a character.
fn latin_byte(c: char) -> Option<u8> {
    const CP1252: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
    const BYTES: [u8; 27] = [
        0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8E, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C,
        0x9E, 0x9F,
    ];
    u8::try_from(u32::from(c)).ok().or_else(|| CP1252.chars().position(|k| k == c).and_then(|i| BYTES.get(i).copied()))
}

/// How many of a text's characters beyond ASCII are ordinary in Chinese, and how many there are.
fn ordinary(text: &str) -> (usize, usize) {
    let common = common_hanzi();
    let is = |c: &char| common.contains(c) || matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff01}'..='\u{ff5e}' | '“' | '”' | '‘' | '’' | '…' | '—');
    (text.chars().filter(is).count(), text.chars().filter(|c| !c.is_ascii()).count())
}

/// The text that was UTF-8, read as GBK or as Latin-1 and saved: `鐢ㄦ埛鎶曡瘔` is 用户投诉. `None` for all other text.
#[must_use]
pub fn bring_back(text: &str) -> Option<String> {
    let (before, of) = ordinary(text);
    // What has the wrong encoding is hardly ever a common character.
    if of < 2 || before * 2 > of {
        return None;
    }
    let latin = || text.chars().map(latin_byte).collect::<Option<Vec<u8>>>();
    let gbk = || {
        let (bytes, _, lossy) = encoding_rs::GBK.encode(text);
        (!lossy).then(|| bytes.into_owned())
    };
    let bytes = if text.chars().any(|c| ('\u{e3}'..='\u{ef}').contains(&c)) { latin()? } else { gbk()? };
    let repaired = String::from_utf8(bytes).ok()?;
    let (after, hanzi) = ordinary(&repaired);
    // Ordinary Chinese must come out, and out of what was less ordinary; a few characters may be UTF-8 by accident.
    let enough = if hanzi < 4 { 8 } else { 4 };
    (hanzi > 0 && after * 10 >= hanzi * enough && before * hanzi < after * of).then_some(repaired)
}

/// Whether characters were lost before the text was written: nothing brings them back.
#[must_use]
pub fn is_damaged(text: &str) -> bool {
    text.contains('\u{FFFD}') || text.contains("锟斤拷")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Taxonomy;

    #[test]
    fn mojibake_is_undone_and_good_text_is_left() {
        assert_eq!(bring_back("鐢ㄦ埛鎶曡瘔").unwrap(), "用户投诉");
        let latin: String = "用户投诉没人管".bytes().map(char::from).collect();
        assert_eq!(bring_back(&latin).unwrap(), "用户投诉没人管");
        let cp1252 = encoding_rs::WINDOWS_1252.decode_without_bom_handling("用户等了三天".as_bytes()).0.into_owned();
        assert!([&*cp1252, "鐢ㄦ埛鎶曡瘔", "锟斤拷", "退\u{FFFD}"].iter().all(|t| may_be_mojibake(t, false) && may_be_mojibake(t, true)));
        assert_eq!(bring_back(&cp1252).unwrap(), "用户等了三天");
        for good in ["用户投诉", "鑰匙壞了", "the café is closed", "naïve", "锟斤拷", "涓", "", "ãä"] {
            assert_eq!(bring_back(good), None, "{good}");
        }
        let taxonomy = Taxonomy::with_builtin(true, &[]).unwrap();
        let mut seen = 0;
        for example in taxonomy.causes.iter().flat_map(|c| c.matches.iter().chain(&c.rejects)) {
            assert_eq!(bring_back(&example.text), None, "{}", example.text);
            seen += 1;
        }
        assert!(seen > 500, "{seen} examples");
        // And all of it comes back, where none was lost on the way.
        let (mut whole, mut back, mut parts, mut seen, mut glanced) = (0, 0, 0, 0, 0);
        for example in taxonomy.causes.iter().flat_map(|c| &c.matches).filter(|e| !e.text.is_ascii()) {
            let (read, _, lossy) = encoding_rs::GBK.decode(example.text.as_bytes());
            if !lossy && example.text.chars().filter(|c| !c.is_ascii()).count() * 2 > example.text.chars().count() {
                whole += 1;
                glanced += usize::from(may_be_mojibake(&read, false));
                let part = example.text.chars().take(6).collect::<String>();
                let (part, _, lossy) = encoding_rs::GBK.decode(part.as_bytes());
                (parts, seen) = (parts + usize::from(!lossy), seen + usize::from(!lossy && may_be_mojibake(&part, true)));
                back += usize::from(may_be_mojibake(&read, true) && bring_back(&read).as_deref() == Some(&example.text));
            }
        }
        assert!(whole > 500 && back * 100 >= whole * 98, "{back} of {whole}");
        assert!(glanced * 100 >= whole * 95, "{glanced} of {whole}");
        assert!(seen * 100 >= parts * 98, "{seen} of {parts}");
    }
}
