//! The little markup that chats have. Text from tickets is made text for each of them: no link, picture, mention or style of a customer's
//! takes effect.

use crate::report::harmless;

/// Whose markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// 企业微信: bold, quotes; no escapes, `<@name>` mentions.
    WeCom,
    /// 钉钉: Markdown without reliable escapes.
    DingTalk,
    /// 飞书 cards: Markdown, escapes as numbers of characters, `<at id=all>` mentions.
    Feishu,
    /// Slack: its own; `<!here>` mentions.
    Slack,
    /// None.
    Plain,
}

impl Markup {
    /// All of them.
    pub const ALL: [Markup; 5] = [Markup::WeCom, Markup::DingTalk, Markup::Feishu, Markup::Slack, Markup::Plain];

    /// A text that is nothing but text.
    #[must_use]
    pub fn text(self, text: &str) -> String {
        let text = harmless(text);
        let mut out = String::with_capacity(text.len());
        let mut before = ' ';
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            // Within a word an underscore is part of an id; elsewhere it may open a style.
            let within = before.is_ascii_alphanumeric() && rest.peek().is_some_and(char::is_ascii_alphanumeric);
            if c == '_' && within {
                out.push(c)
            } else {
                self.push(&mut out, c)
            }
            before = c;
        }
        // A bare address becomes a link in every chat.
        out.replace("://", ":\u{200b}//")
    }

    fn push(self, out: &mut String, c: char) {
        // Nobody is called by what a customer wrote.
        if c == '@' {
            return out.push('＠');
        }
        match (self, c) {
            (Markup::Plain, _) => out.push(c),
            (Markup::Feishu, '&' | '<' | '>' | '*' | '~' | '[' | ']' | '(' | ')' | '`' | '#' | '_' | '\\' | '!' | '|' | '$') => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            (Markup::Slack, '&') => out.push_str("&amp;"),
            (Markup::Slack, '<') => out.push_str("&lt;"),
            (Markup::Slack, '>') => out.push_str("&gt;"),
            (_, '<' | '>' | '&' | '*' | '~' | '[' | ']' | '`' | '#' | '_' | '\\' | '!' | '|' | '$') => out.push(wide(c)),
            _ => out.push(c),
        }
    }

    /// In bold. `text` is already made text.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        match self {
            Markup::WeCom | Markup::DingTalk | Markup::Feishu => format!("**{text}**"),
            Markup::Slack => format!("*{text}*"),
            Markup::Plain => format!("【{text}】"),
        }
    }

    /// As a line under another.
    #[must_use]
    pub fn item(self, text: &str) -> String {
        match self {
            Markup::WeCom => format!("> {text}"),
            Markup::DingTalk => format!("- {text}"),
            Markup::Feishu | Markup::Slack | Markup::Plain => format!("• {text}"),
        }
    }

    /// What stands between two lines: the one before (if any) and the next, each an item or not.
    #[must_use]
    pub fn between(self, before: Option<bool>, next: bool) -> &'static str {
        match (before, next) {
            (None, _) => "",
            (Some(_), false) => "\n\n",
            // A list without an empty line before it is no list there.
            (Some(false), true) if self == Markup::DingTalk => "\n\n",
            (Some(_), true) => "\n",
        }
    }
}

/// The same sign in full width: it looks alike and does nothing.
fn wide(c: char) -> char {
    char::from_u32(u32::from(c) + 0xfee0).unwrap_or(' ')
}

/// The beginning of a name that is too long.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// An id as it is, unless nobody could have meant it for one.
pub(super) fn shown_id(id: &str) -> String {
    const LONGEST: usize = 64;
    cut(id, LONGEST)
}
