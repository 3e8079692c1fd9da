//! What Latin letters introduce or are part of: e-mail addresses, number plates, QQ and `WeChat` accounts.

use super::number::{LATIN_PHONE, counted};
use super::{Personal, Reading, STRUCK};

/// Longest local part of an e-mail address (RFC 5321).
const MAX_LOCAL: usize = 64;
/// Hosts that customers name without the rest of the domain.
const MAIL_HOSTS: [&str; 12] = ["qq", "163", "126", "139", "189", "gmail", "sina", "sohu", "hotmail", "outlook", "foxmail", "icloud"];
/// Latin words that customers write after 微信 without naming an account.
const NO_ACCOUNT: [&str; 16] =
    ["iphone", "ipad", "android", "ios", "app", "version", "http", "www", "windows", "login", "wechat", "huawei", "xiaomi", "redmi", "vivo", "oppo"];

fn local(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-')
}

fn account(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

impl Reading {
    /// A run of letters begins at `i`; returns the place to go on from.
    pub(super) fn word(&mut self, i: usize) -> usize {
        if self.has_at
            && let Some(end) = self.email(i)
        {
            return end;
        }
        if let Some(end) = self.plate(i).or_else(|| self.document(i)).or_else(|| self.detail(i)) {
            return end;
        }
        let letters = self.skip(i, usize::MAX, |c| c.is_ascii_lowercase());
        let end = self.skip(letters, usize::MAX, |c| c.is_ascii_alphanumeric() || c == '_');
        let is = |word: &str| letters - i == word.len() && self.starts_with(i, word);
        let ours = |from: usize| self.is_before(from, |c| matches!(c, '加' | '我' | '的'));
        if self.starts_with(i, "wxid_") && end - i > 8 {
            return self.strike(Personal::WeChat, i, end);
        }
        if is("qq") {
            return self.contact(i, letters, Personal::Qq);
        }
        if ["vx", "wx", "wechat", "weixin"].into_iter().any(is) || is("v") && (self.get(letters) == Some('信') || ours(i) && !self.is(letters, |c| c == '.')) {
            let after = if self.get(letters) == Some('信') { letters + 1 } else { letters };
            return self.contact(i, after, Personal::WeChat);
        }
        // Glued like `vxabc_123`: the rest is the account.
        if end - i >= 8 && (self.starts_with(i, "vx") || self.starts_with(i, "wx")) && ours(i) {
            return self.strike(Personal::WeChat, i + 2, end);
        }
        if letters < end && LATIN_PHONE.into_iter().any(is) {
            return letters;
        }
        // Letters glued to digits name an order, a parcel, a device.
        let mut end = end;
        while self.is(end, |c| c == '-') && self.is(end + 1, |c| c.is_ascii_alphanumeric()) {
            end = self.skip(end + 1, usize::MAX, |c| c.is_ascii_alphanumeric() || c == '_');
            if self.get(end) == Some('@') {
                break;
            }
        }
        end
    }

    /// An e-mail address whose first character is at `i`; returns its end.
    pub(super) fn email(&mut self, i: usize) -> Option<usize> {
        let at = self.skip(i, MAX_LOCAL + 1, local);
        let domain = self.at_sign(at)?;
        let spelt = domain > at + 1;
        let (end, last, labels) = self.domain(domain);
        let named = labels > 1 && end - last >= 2 && self.skip(last, 2, |c| c.is_ascii_lowercase()) == last + 2;
        let host = labels > 0 && MAIL_HOSTS.iter().any(|h| self.starts_with(domain, h) && (labels > 1 || domain + h.len() == end));
        // The end of another's domain is no name.
        let word = self.skip_back(i, MAX_LOCAL, local);
        // A domain that is a name, too, would be read as one the next time.
        if !(named || host)
            || spelt && (self.at_sign(end).is_some() || at == i)
            || self.get(end) == Some(STRUCK)
            || self.is_before(word, |c| c == STRUCK || c == '@')
        {
            return None;
        }
        self.strike(Personal::Email, i, at);
        if let Some(span) = self.spans.last_mut() {
            span.end = end;
        }
        Some(end)
    }

    /// The place after the `@` at `i`, however it is spelt: ` @ `, `(at)`.
    fn at_sign(&self, i: usize) -> Option<usize> {
        if self.get(i) == Some('@') && !self.is(i + 1, |c| c == ' ') {
            return Some(i + 1);
        }
        let sign = self.skip(i, 1, |c| c == ' ');
        let spelt = if self.get(sign) == Some('@') {
            1
        } else if self.starts_with(sign, "(at)") || self.starts_with(sign, "[at]") {
            4
        } else {
            return None;
        };
        Some(self.skip(sign + spelt, 1, |c| c == ' '))
    }

    /// An address in hanzi around the `@` at `at`, `张三@公司.com`; returns its end.
    pub(super) fn hanzi_email(&mut self, at: usize) -> Option<usize> {
        let hanzi = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let mut start = self.skip_back(at, MAX_LOCAL, local);
        if start == at {
            start = self.skip_back(at, 4, |c| hanzi(c) && !"是到为发箱缀号件址".contains(c));
        }
        let dot = self.skip(at + 1, 20, |c| hanzi(c) || c.is_ascii_alphanumeric() || c == '-');
        let end = self.skip(dot + 1, 8, |c| c.is_ascii_lowercase());
        let domain =
            dot > at + 1 && self.get(dot) == Some('.') && ["com", "cn", "net", "org"].iter().any(|t| end == dot + 1 + t.len() && self.starts_with(dot + 1, t));
        let glued = |c: char| matches!(c, '@' | '(' | '[' | ' ' | '.' | '-' | '_' | STRUCK) || c.is_ascii_alphanumeric();
        if !domain || start == at || self.is(end, glued) || self.is_before(start, |c| c == STRUCK || c == '@') {
            return None;
        }
        self.strike(Personal::Email, start, at);
        if let Some(span) = self.spans.last_mut() {
            span.end = end;
        }
        Some(end)
    }

    /// The end of the domain at `start`, the start of its last label, and how many it has. It ends in letters if it can: what is
    /// glued to it behind a dot is something else.
    pub(super) fn domain(&self, start: usize) -> (usize, usize, usize) {
        let (mut end, mut last, mut labels) = (start, start, 0);
        let mut named = None;
        while labels < 6 {
            let whole = self.skip(end, 63, |c| c.is_ascii_alphanumeric() || c == '-');
            // Behind two dashes begins something else.
            let label = (end..whole).find(|i| self.is(*i, |c| c == '-') && self.is(i + 1, |c| c == '-')).unwrap_or(whole);
            if label == end {
                break;
            }
            labels += 1;
            (last, end) = (end, label);
            if labels > 1 && self.skip(last, 2, |c| c.is_ascii_lowercase()) == last + 2 {
                named = Some((end, last, labels));
            }
            if !(self.get(end) == Some('.') && self.is(end + 1, |c| c.is_ascii_alphanumeric())) {
                break;
            }
            end += usize::from(labels < 6);
        }
        named.unwrap_or((end, last, labels))
    }

    /// A passport's, a travel permit's or a Taiwanese card's number whose letter is at `i`; returns its end.
    fn document(&mut self, i: usize) -> Option<usize> {
        let letters = self.skip(i, 3, |c| c.is_ascii_lowercase()) - i;
        let end = self.skip(i + letters, 11, |c| c.is_ascii_digit());
        let digits = end - i - letters;
        let glued = |c: char| c.is_ascii_alphanumeric() || matches!(c, STRUCK | '_');
        if !(matches!((letters, digits), (1, 8..=10) | (2, 7))) || self.is(end, glued) || self.is_before(i, |c| glued(c) || c == '-') {
            return None;
        }
        let context = self.context(i);
        let said = || {
            let word = self.skip_back(context, 3, |c| matches!(c, '号' | '码' | '编'));
            (digits == 9 || self.is(i, |c| "egpdshmc".contains(c))) && self.any_ends(word, &["护照", "通行证", "回乡证", "台胞证"])
        };
        let kind = if letters == 1 && digits == 9 && self.is_taiwanese(i) && !self.is_neutral(i, context, digits) {
            Personal::IdCard
        } else if said() {
            Personal::Document
        } else {
            return None;
        };
        Some(self.strike_from(kind, i, i + 1, end))
    }

    /// Whether the letter and nine digits at `i` have the check digit of Taiwan's identity cards.
    fn is_taiwanese(&self, i: usize) -> bool {
        // What the letters stand for, by history: 10 to 35.
        const LETTERS: &str = "abcdefghjklmnpqrstuvxywzio";
        let digit = |k: usize| self.get(i + k).and_then(|c| c.to_digit(10)).unwrap_or(0);
        let Some(letter) = self.get(i).and_then(|c| LETTERS.chars().position(|l| l == c)) else { return false };
        let value = letter as u32 + 10;
        let sum: u32 = (1..9).map(|k| digit(k) * (9 - k as u32)).sum();
        matches!(digit(1), 1 | 2) && (value / 10 + value % 10 * 9 + sum + digit(9)).is_multiple_of(10)
    }

    /// A number plate whose letter is at `i`; returns its end.
    fn plate(&mut self, i: usize) -> Option<usize> {
        let province = i.checked_sub(1)?;
        let provinces = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
        if !self.is(province, |c| provinces.contains(c)) || self.is(i, |c| matches!(c, 'i')) {
            return None;
        }
        let number = self.skip(i + 1, 1, |c| matches!(c, '·' | '.' | ' ' | '-'));
        let mut end = self.skip(number, 8, |c| c.is_ascii_alphanumeric());
        let length = end - number;
        let digits = self.chars.iter().take(end).skip(number).filter(|c| c.is_ascii_digit()).count();
        let letters_fit = !self.chars.iter().take(end).skip(number).any(|c| matches!(c, 'i' | 'o'));
        let special = length == 4 && digits >= 3 && self.is(end, |c| matches!(c, '学' | '警' | '挂' | '港' | '澳' | '领' | '使'));
        if !(letters_fit && (length == 5 && digits >= 3 || length == 6 && digits >= 4 || special)) || self.is(end, |c| c == STRUCK || c == '_' || c == '-') {
            return None;
        }
        end += usize::from(special);
        Some(self.strike_from(Personal::Plate, province, i, end))
    }

    /// The account that the word from `start` to `after` introduces, if any; returns the place to go on from.
    pub(super) fn contact(&mut self, start: usize, after: usize, kind: Personal) -> usize {
        let mut strong = self.any_ends(start, &["加", "加我", "我的", "联系", "加你", "加个"]);
        let mut i = after;
        while i < after + 8 {
            match self.get(i) {
                Some(':' | '=' | '号' | '是' | '为' | '叫') => strong = true,
                Some(
                    ' ' | '(' | '[' | '【' | '“' | '"' | '「' | '码' | '账' | '帐' | '户' | '名' | '的' | '都' | '也' | '就' | '我' | '同' | '加' | '>' | '-',
                ) => {}
                Some(',') if strong => {}
                Some('i') if self.get(i + 1) == Some('d') && !self.is(i + 2, account) => {
                    strong = true;
                    i += 1;
                }
                _ => break,
            }
            i += 1;
        }
        match self.account(i, kind, strong) {
            Some(end) => self.strike(kind, i, end),
            None => after,
        }
    }

    /// The end of the account at `i`.
    fn account(&self, i: usize, kind: Personal, strong: bool) -> Option<usize> {
        if self.is_before(i, |c| c == STRUCK) {
            return None;
        }
        let least = if kind == Personal::Qq { 5 } else { 6 };
        if self.is(i, |c| c.is_ascii_digit())
            && let Some(end) = self.account_digits(i, least)
        {
            return Some(end);
        }
        if kind == Personal::Qq {
            return None;
        }
        let end = self.skip(i, 21, account);
        let word = || self.chars.iter().take(end).skip(i);
        let fits = (6..=20).contains(&(end - i)) && word().any(char::is_ascii_lowercase);
        let marked = word().any(|c| c.is_ascii_digit() || *c == '_');
        let glued = self.is(end, |c| c == '@' || c == STRUCK || counted(c) || c == '.' && self.is(end + 1, |c| c.is_ascii_alphanumeric()));
        let known = NO_ACCOUNT.iter().any(|w| self.starts_with(i, w));
        // Digits first: only where an account is announced.
        let first = strong || self.is(i, |c| c.is_ascii_lowercase());
        (fits && first && !glued && !known && (strong || marked)).then_some(end)
    }
}
