//! What a cell says: white space as browsers show it, lines where a browser breaks them.

use crate::ingest::lines::MAX_ROW;

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 13] = ["p", "div", "li", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "hr"];
/// Elements whose white space is kept.
const KEPT: [&str; 4] = ["pre", "textarea", "xmp", "listing"];

/// The text of the cell under way.
#[derive(Default)]
pub struct Text {
    /// Bytes since the last tag, which may end in the middle of a character.
    bytes: Vec<u8>,
    out: String,
    /// White space that waits for more text.
    space: bool,
    lines: usize,
    /// Open elements whose white space is kept.
    kept: usize,
}

impl Text {
    /// Begins a cell; one inside another's text goes on with it.
    pub fn begin(&mut self, fresh: bool) {
        if fresh {
            (self.space, self.lines, self.kept) = (false, 0, 0);
            self.bytes.clear();
            self.out.clear();
        } else {
            self.line();
        }
    }

    /// Adds bytes of UTF-8; what makes a row too long by itself is counted and not kept.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.bytes.len() + self.out.len() <= MAX_ROW {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// An element begins or ends.
    pub fn tag(&mut self, name: &str, begins: bool) {
        if name == "br" {
            self.take_in();
            self.lines += 1;
        } else if KEPT.contains(&name) {
            self.take_in();
            self.kept = if begins { self.kept + 1 } else { self.kept.saturating_sub(1) };
            self.line();
        } else if BLOCKS.contains(&name) {
            self.line();
        }
    }

    /// What follows is on another line than what came before.
    pub fn line(&mut self) {
        self.take_in();
        self.lines = self.lines.max(1);
    }

    /// The text, without white space around it.
    pub fn end(&mut self) -> &str {
        self.take_in();
        self.out.trim_end()
    }

    fn take_in(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        for c in String::from_utf8_lossy(&bytes).chars() {
            match c {
                '\n' if self.kept > 0 => self.lines += 1,
                ' ' | '\t' | '\n' | '\r' | '\x0c' if self.kept == 0 => self.space = true,
                _ => {
                    self.before();
                    // What stands around a cell's text is no text; inside it does not collapse.
                    match c {
                        '\u{a0}' | ' ' | '\t' if self.out.is_empty() => {}
                        '\u{a0}' => self.out.push(' '),
                        c => self.out.push(c),
                    }
                }
            }
        }
        self.bytes = bytes;
        self.bytes.clear();
    }

    /// Lines and space that were waiting for text.
    fn before(&mut self) {
        let (lines, space) = (std::mem::take(&mut self.lines), std::mem::take(&mut self.space));
        if self.out.is_empty() {
            return;
        }
        if lines > 0 {
            self.out.extend(std::iter::repeat_n('\n', lines));
        } else if space {
            self.out.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_what_a_browser_shows() {
        let text = |parts: &[&str]| {
            let mut text = Text::default();
            text.begin(true);
            for part in parts {
                match part.strip_prefix('<') {
                    Some(tag) => text.tag(tag.trim_start_matches('/'), !tag.starts_with('/')),
                    None => text.push(part.as_bytes()),
                }
            }
            text.end().to_owned()
        };
        assert_eq!(text(&["\n   登录 \t\r\n 不上 \n"]), "登录 不上");
        assert_eq!(text(&["a", "<br", " b ", "<br", "<br", "c", "<br"]), "a\nb\n\nc");
        assert_eq!(text(&["<p", "a", "</p", " ", "<p", "b", "</p", "c"]), "a\nb\nc");
        assert_eq!(text(&["\u{a0}"]), "");
        assert_eq!(text(&["\u{a0}a\u{a0}\u{a0} b\u{a0}"]), "a   b");
        assert_eq!(text(&["a", "<b", "b", "</b", "c"]), "abc");
        assert_eq!(text(&["<pre", "a  b\nc", "</pre", "d  e"]), "a  b\nc\nd e");
    }
}
