//! Numbers: mobiles, landlines, identity cards, bank cards.

mod areas;
mod window;
mod words;

use super::{Personal, Reading, STRUCK, Span, spoken_digit};
use areas::is_area;
use window::{BRACKET, DOT, SPACE, Window, separators};
pub(super) use words::LATIN_PHONE;
use words::{CARD, IDENTITY, LANDLINE, NEUTRAL, NEUTRAL_LATIN, ORDER, OTHER_CARDS, PHONE};

/// A number that was recognised: digits `from..end` of a window, of which `keep` stay.
struct Number {
    kind: Personal,
    from: usize,
    end: usize,
    keep: usize,
    /// An `x` follows the last digit, up to this place.
    tail: Option<usize>,
    /// It cannot be anything else, whatever word stands before it.
    certain: bool,
}

fn number(kind: Personal, from: usize, end: usize, keep: usize) -> Number {
    Number { kind, from, end, keep, tail: None, certain: false }
}

/// What is counted: a number before it is an amount.
pub(super) fn counted(c: char) -> bool {
    matches!(c, '元' | '块' | '万' | '亿' | '个' | '件' | '人' | '次' | '年' | '金' | '积' | '钻' | '%' | '￥' | '¥')
}

impl Reading {
    /// A group of digits begins at `i`; returns the place to go on from.
    pub(super) fn digits(&mut self, i: usize) -> usize {
        if self.has_at
            && let Some(end) = self.email(i)
        {
            return end;
        }
        let w = Window::new(self, i, |c| c.to_digit(10).map(|d| d as u8));
        if w.len >= 7 && !self.is_before(i, |c| c == STRUCK || c == '_') {
            let context = self.context(i);
            let order = w.first_group() >= 8 && self.any_ends(context, &ORDER);
            let neutral = order || w.first_group() >= 8 && self.is_neutral(i, context, w.first_group());
            if let Some(n) = self.recognise(&w, i, context).filter(|n| !neutral || n.certain && !order) {
                return self.strike_number(&w, &n);
            }
            if neutral {
                self.neutral = Some((w.end(w.first_group()), w.first_group()));
            }
        }
        if let Some(end) = self.foreign(i).or_else(|| self.odd_mobile(i, &w)).or_else(|| self.mixed_mobile(i, &w)) {
            return end;
        }
        self.detail(i).unwrap_or_else(|| self.skip(i, usize::MAX, |c| c.is_ascii_digit()))
    }

    /// A mobile in groups of 3, 4 and 4 between signs that no other number has: `138/1234/5678`.
    fn odd_mobile(&mut self, i: usize, w: &Window) -> Option<usize> {
        let sign = self.get(i + 3).filter(|c| matches!(*c, '/' | ',' | '_' | STRUCK))?;
        let digits = |from: usize, n: usize| self.skip(from, n + 1, |c| c.is_ascii_digit()) == from + n;
        let fits = digits(i, 3) && digits(i + 4, 4) && self.get(i + 8) == Some(sign) && digits(i + 9, 4);
        let glued = |c: char| c == sign || c == STRUCK || c == '_' || c.is_ascii_alphanumeric();
        let alone = !self.is_before(i, glued) && !self.is(i + 13, glued) && self.ends_well(i + 13);
        if !(fits && alone && w.digit(0) == 1 && w.digit(1) >= 3) || self.is_neutral(i, self.context(i), 11) {
            return None;
        }
        for k in (i + 4..i + 8).chain(i + 9..i + 13) {
            if let Some(c) = self.chars.get_mut(k) {
                *c = STRUCK;
            }
        }
        self.spans.push(Span { kind: Personal::Mobile, start: i, end: i + 13 });
        Some(i + 13)
    }

    /// A mobile of figures and words: `1381234567八`.
    fn mixed_mobile(&mut self, i: usize, w: &Window) -> Option<usize> {
        if w.digit(0) != 1 || w.digit(1) < 3 || !(2..11).contains(&w.len) || self.is_before(i, |c| c == STRUCK || c == '_') {
            return None;
        }
        let next = separators(self, w.end(w.len)).0;
        if !self.is(next, |c| spoken_digit(c).is_some()) {
            return None;
        }
        self.spoken_mobile(i)
    }

    /// A mobile at `i` some digits of which are words; struck out, its end.
    fn spoken_mobile(&mut self, i: usize) -> Option<usize> {
        let w = Window::new(self, i, |c| c.to_digit(10).map(|d| d as u8).or_else(|| spoken_digit(c)));
        // The word after a mistyped number may count.
        let counts = w.len >= 11 && self.is(w.end(11), |c| "折成点天号月日条".contains(c));
        if w.len < 11 || counts || !self.mobile(&w, i, 0, false) || self.is_neutral(i, self.context(i), w.first_group()) {
            return None;
        }
        Some(self.strike_number(&w, &number(Personal::Mobile, 0, 11, 3)))
    }

    /// A digit in words at `i`.
    pub(super) fn spoken(&mut self, i: usize) -> usize {
        let end = self.skip(i, usize::MAX, |c| spoken_digit(c).is_some());
        if !self.is_before(i, |c| c == STRUCK || c.is_ascii_digit())
            && self.is(i, |c| spoken_digit(c) == Some(1))
            && let Some(end) = self.spoken_mobile(i)
        {
            return end;
        }
        self.detail(i).unwrap_or(end)
    }

    fn strike_number(&mut self, w: &Window, n: &Number) -> usize {
        let end = n.tail.unwrap_or_else(|| w.end(n.end));
        for k in n.from + n.keep..n.end {
            if let Some(c) = self.chars.get_mut(w.place(k)) {
                *c = STRUCK;
            }
        }
        self.strike_from(n.kind, w.place(n.from), w.end(n.end), end)
    }

    /// The end of the word that introduces the number at `i`: what is between is skipped.
    pub(super) fn context(&self, i: usize) -> usize {
        self.skip_back(i, 8, |c| matches!(c, ' ' | ':' | '=' | '(' | '[' | '【' | '“' | '"' | '「' | '『' | '<' | '\'' | '.' | '+' | '是' | '为' | '叫' | '就'))
    }

    /// Whether what introduces the number at `i` says that it is an order's, a device's or the like.
    pub(super) fn is_neutral(&self, i: usize, context: usize, digits: usize) -> bool {
        if self.is_before(context, |c| c == '#' || c == '№') {
            return true;
        }
        let latin = self.skip_back(context, 12, |c| c.is_ascii_lowercase() || c == '_');
        if latin < context {
            // A role's id in a game is written `UID`, `角色id`, `game_id`.
            return self.ends_with(context, "id") || NEUTRAL_LATIN.iter().any(|w| context - latin == w.len() && self.ends_with(context, w));
        }
        // How they end: most words are told apart by that.
        let may_be = self.is_before(context, |c| matches!(c, '单' | '号' | '码' | '水' | '件' | '次' | '本' | '票' | '密' | '间'));
        if may_be && self.any_ends(context, &NEUTRAL) {
            return !self.any_ends(context, &["证编号", "卡编号", "证件编号"]);
        }
        // The next of a list.
        self.neutral.is_some_and(|(end, n)| {
            n == digits && end < i && i - end <= 3 && self.skip(end, 3, |c| matches!(c, ' ' | '、' | ',' | '/' | '和' | '跟' | '与' | '及' | ';')) >= i
        })
    }

    fn recognise(&self, w: &Window, i: usize, context: usize) -> Option<Number> {
        let money = self.is_before(i, |c| matches!(c, '¥' | '￥' | '$'));
        if let Some(n) = self.identity(w, context) {
            return Some(n);
        }
        if money {
            return None;
        }
        let phone = self.any_ends(context, &PHONE);
        if let Some(n) = self.abroad(w, i, phone).or_else(|| self.card(w, i, context)) {
            return Some(n);
        }
        if self.mobile(w, i, 0, phone) {
            return Some(number(Personal::Mobile, 0, 11, 3));
        }
        if phone && w.digit(0) == 0 && self.mobile(w, i, 1, false) {
            return Some(number(Personal::Mobile, 1, 12, 3));
        }
        self.landline(w, context, phone).or_else(|| self.extension(w))
    }

    /// A local number with its extension: `62345678转123`.
    fn extension(&self, w: &Window) -> Option<Number> {
        if w.len != 8 || w.first_group() != 8 || !(2..=8).contains(&w.digit(0)) || !self.begins_well(w.place(0)) {
            return None;
        }
        let word = ["转分机", "分机号", "分机", "转"].into_iter().find(|word| self.starts_with(w.end(8), word))?;
        let inner = self.skip(w.end(8) + word.chars().count(), 2, |c| matches!(c, ' ' | ':'));
        let end = self.skip(inner, 7, |c| c.is_ascii_digit());
        ((2..=6).contains(&(end - inner)) && self.ends_well(end)).then(|| number(Personal::Landline, 0, 8, 0))
    }

    /// A number of another country, whose code follows the `+` before `i`; struck out but for that code, its end.
    fn foreign(&mut self, i: usize) -> Option<usize> {
        // What is raised by a number has `+` before it, too, as have sums.
        let plus = i.checked_sub(1)?;
        if self.get(plus) != Some('+') || self.is_before(plus, |c| c.is_ascii_alphanumeric() || c == STRUCK || c == '_') {
            return None;
        }
        let (end, count, groups) = self.foreign_digits(i)?;
        let code = self.skip(i, 15, |c| c.is_ascii_digit()) - i;
        let american = self.get(i) == Some('1');
        let fits = if groups == 1 { (10..=15).contains(&count) } else { (9..=15).contains(&count) && (1..=3).contains(&code) };
        let clock = self.is(end, |c| c == ':');
        if !fits || clock || self.get(i) == Some('0') || american && !self.is_american(i, count, code, groups) || !self.ends_well(end) {
            return None;
        }
        let from = i + if groups == 1 { 2 } else { code };
        for c in self.chars.iter_mut().take(end).skip(from).filter(|c| c.is_ascii_digit()) {
            *c = STRUCK;
        }
        self.spans.push(Span { kind: Personal::Mobile, start: i, end });
        Some(end)
    }

    /// `+1` is praise as often as a country's code: there have to be ten more digits, the first three of which stand for themselves.
    fn is_american(&self, i: usize, count: usize, code: usize, groups: usize) -> bool {
        let area = self.skip(i + 1, 2, |c| matches!(c, ' ' | '(' | '-'));
        let area_end = self.skip(area, 4, |c| c.is_ascii_digit());
        count == 11 && (groups == 1 || code == 1 && area_end == area + 3) && self.is(if groups == 1 { i + 1 } else { area }, |c| matches!(c, '2'..='9'))
    }

    /// The end of the digits in groups from `i` on, how many there are and in how many groups.
    fn foreign_digits(&self, i: usize) -> Option<(usize, usize, usize)> {
        let (mut at, mut count, mut groups) = (i, 0, 0);
        loop {
            let end = self.skip(at, 16, |c| c.is_ascii_digit());
            count += end - at;
            groups += 1;
            let next = self.skip(end, 2, |c| matches!(c, ' ' | '(' | ')' | '-'));
            let last = next == end || !self.is(next, |c| c.is_ascii_digit());
            if count > 15 || groups > 6 || last && self.is(next, |c| c == STRUCK) || groups > 1 && end < at + 2 {
                return None;
            }
            if last {
                return Some((end, count, groups));
            }
            at = next;
        }
    }

    /// Whether a number may end at `end`: nothing is glued to it that makes it part of something else.
    fn ends_well(&self, end: usize) -> bool {
        let Some(c) = self.get(end) else { return true };
        if c.is_ascii_lowercase() {
            let word = self.skip(end, 8, |c| c.is_ascii_lowercase());
            return LATIN_PHONE.iter().chain(&["v"]).any(|w| word - end == w.len() && self.ends_with(word, w));
        }
        // `.00` follows an amount.
        let fraction = self.skip(end + 1, 3, |c| c.is_ascii_digit());
        let amount = c == '.' && (matches!(fraction - end, 2 | 3) || self.get(fraction) == Some(STRUCK));
        !(c == STRUCK || c == '_' || counted(c) || amount)
    }

    /// Whether a number may begin at `i`: it is no decimals, nor the last part of a longer number.
    fn begins_well(&self, i: usize) -> bool {
        let joined = self.is_before(i, |c| matches!(c, '.' | '-' | '_')) && i > 1 && self.is_before(i - 1, |c| c.is_ascii_digit());
        !joined
    }

    /// Whether digits `from..from + 11` are a mobile of the mainland; `any` takes those that no operator has.
    fn mobile(&self, w: &Window, i: usize, from: usize, any: bool) -> bool {
        let end = from + 11;
        if w.digit(from) != 1 || !w.ends_before(end) || from == 0 && !self.begins_well(i) {
            return false;
        }
        let valid = match (w.digit(from + 1), w.digit(from + 2)) {
            (3 | 8, _) => true,
            (4, d) => !matches!(d, 2 | 3),
            (5 | 9, d) => d != 4,
            (6, d) => matches!(d, 2 | 5 | 6 | 7),
            (7, d) => d != 9,
            _ => return false,
        };
        (valid || any) && self.mobile_shape(w, i, from, any) && self.ends_well(w.end(end))
    }

    fn mobile_shape(&self, w: &Window, i: usize, from: usize, phone: bool) -> bool {
        let shape = w.shape(from, from + 11);
        match shape.sizes() {
            [11] | [3, 4, 4] => true,
            _ if shape.single_digits() => self.alone(w, i, from, from + 11),
            [4, 4, 3] | [4, 3, 4] => shape.one_separator() && (phone || shape.separators & (SPACE | DOT) == 0),
            [3 | 7, rest @ ..] => shape.one_separator() && shape.separators & DOT == 0 && rest.len() <= 4 && rest.iter().all(|s| *s >= 2),
            _ => false,
        }
    }

    /// Whether digits written one by one are all there are, so that no other choice of them would do as well.
    fn alone(&self, w: &Window, i: usize, from: usize, end: usize) -> bool {
        let glued = |c: char| c.is_ascii_digit() || c == STRUCK || spoken_digit(c).is_some();
        let back = self.skip_back(i, 3, |c| matches!(c, ' ' | '-' | '.' | '·'));
        let (next, _) = separators(self, w.end(end));
        (from > 0 || back == i || !self.is_before(back, glued)) && (next == w.end(end) || !self.is(next, glued))
    }

    /// Mobiles and landlines with a country code.
    fn abroad(&self, w: &Window, i: usize, phone: bool) -> Option<Number> {
        let zeros = if w.starts(0, &[0, 0]) { 2 } else { 0 };
        let marked = zeros > 0 || self.is_before(i, |c| c == '+');
        let bracket = self.is_before(i, |c| c == '(') && w.separators.get(w.first_group() - 1).is_some_and(|s| s & BRACKET != 0);
        if w.starts(zeros, &[8, 6]) {
            let from = zeros + 2;
            if self.mobile(w, i, from, marked) {
                return Some(number(Personal::Mobile, from, from + 11, 3));
            }
            // The area code has lost its 0.
            if marked && w.digit(from) != 0 {
                return self.landline_from(w, from, false);
            }
        }
        if !(marked || bracket || phone && w.first_group() == zeros + 3) {
            return None;
        }
        let from = zeros + 3;
        let local = |digits: usize| w.ends_before(from + digits) && self.ends_well(w.end(from + digits)) && w.shape(from, from + digits).count <= 4;
        if w.starts(zeros, &[8, 5, 2]) && matches!(w.digit(from), 5 | 6 | 7 | 9) && local(8) || w.starts(zeros, &[8, 5, 3]) && w.digit(from) == 6 && local(8) {
            return Some(number(Personal::Mobile, from, from + 8, 3));
        }
        let taiwan = w.starts(zeros, &[8, 8, 6]);
        if taiwan && w.digit(from) == 9 && local(9) {
            return Some(number(Personal::Mobile, from, from + 9, 3));
        }
        (taiwan && w.digit(from) == 0 && w.digit(from + 1) == 9 && local(10)).then(|| number(Personal::Mobile, from, from + 10, 3))
    }

    /// An identity card's number (GB 11643-1999). Its date and check make it certain; after the word, slips are forgiven.
    fn identity(&self, w: &Window, context: usize) -> Option<Number> {
        if w.len < 15 {
            return None;
        }
        let x = (w.len >= 17 && w.ends_before(17)).then(|| self.x_after(w.end(17))).flatten();
        if let Some(tail) = x
            && plausible(w)
            && check(w) == 10
        {
            return Some(Number { tail: Some(tail), certain: true, ..number(Personal::IdCard, 0, 17, 3) });
        }
        if w.ends_before(18) && plausible(w) && check(w) == w.digit(17) && self.ends_well_alone(w.end(18)) {
            return Some(Number { certain: true, ..number(Personal::IdCard, 0, 18, 3) });
        }
        if !self.any_ends(context, &IDENTITY) {
            return None;
        }
        if let Some(tail) = x {
            return Some(Number { tail: Some(tail), certain: true, ..number(Personal::IdCard, 0, 17, 3) });
        }
        let end = [18, 15, 17, 19, 16].into_iter().find(|end| w.ends_before(*end) && self.ends_well_alone(w.end(*end)))?;
        Some(Number { certain: true, ..number(Personal::IdCard, 0, end, 3) })
    }

    /// The place after an `x` that ends an identity card's number at `end`.
    fn x_after(&self, end: usize) -> Option<usize> {
        let x = self.skip(end, 1, |c| matches!(c, ' ' | '-'));
        (self.get(x) == Some('x') && !self.is(x + 1, |c| c.is_ascii_alphanumeric() || c == STRUCK || c == '_')).then_some(x + 1)
    }

    fn ends_well_alone(&self, end: usize) -> bool {
        !self.is(end, |c| c.is_ascii_alphanumeric() || c == STRUCK || c == '_')
    }

    fn card(&self, w: &Window, i: usize, context: usize) -> Option<Number> {
        if w.len < 13 {
            return None;
        }
        let named = CARD.iter().any(|c| self.ends_with(context, c) && !self.other_card(context - c.chars().count()));
        let end = (13..=19).rev().find(|end| {
            w.ends_before(*end)
                && self.ends_well(w.end(*end))
                && self.card_shape(w, i, *end)
                && (named || self.begins_well(i) && issued(w, *end) && luhn(w, *end))
        })?;
        Some(Number { certain: named, ..number(Personal::BankCard, 0, end, 6) })
    }

    /// Whether the word that ends at `end`, 卡 or not, is said of cards that are no bank's.
    fn other_card(&self, end: usize) -> bool {
        self.any_ends(self.skip_back(end, 1, |c| c == '卡'), &OTHER_CARDS)
    }

    fn card_shape(&self, w: &Window, i: usize, end: usize) -> bool {
        let shape = w.shape(0, end);
        if shape.single_digits() {
            return self.alone(w, i, 0, end);
        }
        match shape.sizes() {
            [_] => true,
            [4 | 6 | 8, rest @ .., _] => shape.one_separator() && rest.iter().all(|s| *s >= 3),
            _ => false,
        }
    }

    fn landline(&self, w: &Window, context: usize, phone: bool) -> Option<Number> {
        if w.starts(0, &[0]) {
            return self.landline_from(w, 0, phone).or_else(|| self.taiwan(w, phone));
        }
        // A bare local number: only when it is said to be one, and nothing more follows.
        let end = [8, 7].into_iter().find(|end| w.ends_before(*end) && w.len == *end)?;
        let date = end == 8 && w.number(0, 2) == 20 && (1..=12).contains(&w.number(4, 6)) && (1..=31).contains(&w.number(6, 8));
        let fits = matches!(w.shape(0, end).sizes(), [7 | 8] | [4, 4] | [3, 4]) && (2..=8).contains(&w.digit(0)) && !date;
        let place = w.end(end);
        let (next, _) = separators(self, place);
        let last = next == place || !self.is(next, |c| c == STRUCK);
        (fits && last && self.any_ends(context, &LANDLINE) && self.ends_well(place)).then(|| number(Personal::Landline, 0, end, 0))
    }

    /// A landline with its area code, which begins at digit `from`, without its 0 after a country code.
    fn landline_from(&self, w: &Window, from: usize, phone: bool) -> Option<Number> {
        let zero = usize::from(w.digit(from) == 0);
        let short = matches!(w.digit(from + zero), 1 | 2);
        let area = from + zero + if short { 2 } else { 3 };
        if area >= w.len || !is_area(w.number(from + zero, area)) || !(2..=8).contains(&w.digit(area)) {
            return None;
        }
        let begins = from > 0 || self.begins_well(w.place(0));
        let lengths: &[usize] = if short { &[8] } else { &[8, 7] };
        let split = w.ends_before(area);
        let fits = |end: &usize| {
            w.ends_before(*end)
                && self.ends_well(w.end(*end))
                && match w.shape(area, *end).sizes() {
                    [8] => split || short || phone,
                    [7] => true,
                    [4, 4] | [3, 4] => split,
                    _ => false,
                }
        };
        let end = lengths.iter().map(|n| area + n).find(fits)?;
        begins.then(|| number(Personal::Landline, from, end, area - from))
    }

    /// A mobile of Taiwan as written there.
    fn taiwan(&self, w: &Window, phone: bool) -> Option<Number> {
        let fits = w.digit(1) == 9 && w.ends_before(10) && self.begins_well(w.place(0)) && self.ends_well(w.end(10));
        let written = || match w.shape(0, 10).sizes() {
            [4, 3, 3] => true,
            [4, 6] | [10] => phone,
            _ => false,
        };
        (fits && written()).then(|| number(Personal::Mobile, 0, 10, 3))
    }

    /// The end of an account's digits at `i`: five to eleven of them in one group, or in groups up to the end of the number.
    pub(super) fn account_digits(&self, i: usize, least: usize) -> Option<usize> {
        let w = Window::new(self, i, |c| c.to_digit(10).map(|d| d as u8));
        let first = if w.len > 0 { w.first_group() } else { 0 };
        let small = w.shape(0, w.len).sizes().iter().any(|s| *s < 2);
        let dotted = w.shape(0, w.len).separators & (DOT | BRACKET) != 0;
        // Groups that go on in stars were more groups before they were masked.
        let whole = w.len <= 11 && !(w.len > 0 && self.is(separators(self, w.end(w.len)).0, |c| c == STRUCK));
        let digits = match first {
            5..=11 => first,
            2..=4 if whole && !small && !dotted && w.ends_before(w.len) => w.len,
            1 if whole && w.shape(0, w.len).single_digits() => w.len,
            _ => return None,
        };
        let end = w.end(digits);
        (digits >= least && w.digit(0) != 0 && self.ends_well(end)).then_some(end)
    }
}

/// Whether the province and the date of birth of an identity card's number can be.
fn plausible(w: &Window) -> bool {
    let province = matches!(w.number(0, 2), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91);
    let (year, month, day) = (w.number(6, 10), w.number(10, 12), w.number(12, 14));
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    province && (1900..=2035).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day)
}

/// The check digit that the first 17 digits ask for; 10 is written `X`.
fn check(w: &Window) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = w.value.iter().zip(WEIGHTS).map(|(d, weight)| u32::from(*d) * weight).sum();
    ((12 - sum % 11) % 11) as u8
}

fn luhn(w: &Window, end: usize) -> bool {
    let doubled = |d: u8| if d > 4 { d * 2 - 9 } else { d * 2 };
    let sum: u32 = w.value.iter().take(end).rev().enumerate().map(|(k, d)| u32::from(if k % 2 == 1 { doubled(*d) } else { *d })).sum();
    sum.is_multiple_of(10)
}

/// Whether banks issue cards of `digits` digits that begin so. Lengths that they hardly use any more are left out: parcels and
/// orders have them.
fn issued(w: &Window, digits: usize) -> bool {
    let (two, three, four) = (w.number(0, 2), w.number(0, 3), w.number(0, 4));
    match digits {
        15 => matches!(two, 34 | 37),
        16 => {
            two == 62 || matches!(two, 40..=49 | 51..=55) || matches!(four, 2221..=2720 | 3528..=3589 | 6011 | 6013 | 6014 | 6037 | 9559 | 9843 | 9400 | 9401)
        }
        17 | 18 => two == 62 || three == 940 || three == 984,
        19 => two == 62 || matches!(four, 6013 | 6014 | 9558 | 4563 | 4367 | 9400 | 9843 | 9559),
        _ => false,
    }
}
