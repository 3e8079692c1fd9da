//! The pieces of a written date, one after the other: digits, months, parts of the day, offsets.

use jiff::civil::Time;
use jiff::tz::Offset;

/// A day as written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Day {
    Full(i16, i8, i8),
    Yearless(i8, i8),
    /// With the month's English name: its year may come after the time (`Sun Nov 1 08:05:00 CST 2026`).
    Named(i8, i8),
    /// So many days before the reference.
    Ago(u8),
}

impl Day {
    pub(super) fn of(self, year: i16) -> Day {
        match self {
            Day::Yearless(month, day) | Day::Named(month, day) => Day::Full(year, month, day),
            full => full,
        }
    }
}

/// A time as written.
pub(super) struct Clock {
    pub(super) time: Time,
    pub(super) next_day: bool,
    /// Whether seconds were written.
    pub(super) seconds: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Part {
    /// 凌晨: midnight to dawn.
    Small,
    /// 上午, AM.
    Morning,
    Noon,
    /// 下午, PM.
    Afternoon,
    /// 晚上: its twelve o'clock ends the day.
    Evening,
}

pub(super) const PARTS: [(&str, Part); 12] = [
    ("凌晨", Part::Small),
    ("上午", Part::Morning),
    ("早上", Part::Morning),
    ("早晨", Part::Morning),
    ("清晨", Part::Morning),
    ("中午", Part::Noon),
    ("下午", Part::Afternoon),
    ("傍晚", Part::Afternoon),
    ("晚上", Part::Evening),
    ("晚间", Part::Evening),
    ("早", Part::Morning),
    ("晚", Part::Evening),
];

pub(super) const SUFFIXES: [(&str, Part); 6] =
    [("am", Part::Morning), ("a.m.", Part::Morning), ("pm", Part::Afternoon), ("p.m.", Part::Afternoon), ("上午", Part::Morning), ("下午", Part::Afternoon)];

pub(super) const AGO: [(&str, u8); 6] = [("今天", 0), ("今日", 0), ("昨天", 1), ("昨日", 1), ("前天", 2), ("前日", 2)];

/// Long names first: `nov` begins `november`.
pub(super) const MONTHS: [(&str, i8); 24] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("sept", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
];

pub(super) const WEEKDAYS: [(&str, ()); 17] = [
    ("monday", ()),
    ("tuesday", ()),
    ("wednesday", ()),
    ("thursday", ()),
    ("friday", ()),
    ("saturday", ()),
    ("sunday", ()),
    ("mon", ()),
    ("tues", ()),
    ("tue", ()),
    ("wed", ()),
    ("thurs", ()),
    ("thu", ()),
    ("thur", ()),
    ("fri", ()),
    ("sat", ()),
    ("sun", ()),
];

/// Digits in a row.
#[derive(Clone, Copy, Default)]
pub(super) struct Digits {
    pub(super) value: u64,
    pub(super) len: usize,
}

impl Digits {
    /// A number of one or two digits.
    pub(super) fn small(self) -> Option<i8> {
        if self.len > 2 { None } else { i8::try_from(self.value).ok() }
    }

    /// A year of four digits, of two, or of three in the Republic of China's reckoning.
    pub(super) fn year(self) -> Option<i16> {
        let value = i16::try_from(self.value).ok()?;
        match (self.len, value) {
            (4, _) => Some(value),
            (3, 100..=150) => Some(value + 1911),
            (2, 0..=69) => Some(value + 2000),
            (2, _) => Some(value + 1900),
            _ => None,
        }
    }

    pub(super) fn as_fraction(self) -> f64 {
        self.value as f64 / 10f64.powi(self.len as i32)
    }
}

/// What is left to read.
#[derive(Clone, Copy)]
pub(super) struct Scan<'a> {
    pub(super) rest: &'a [char],
}

impl Scan<'_> {
    pub(super) fn eat_char(&mut self, c: char) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == c => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub(super) fn eat(&mut self, word: &str) -> bool {
        let mut ahead = *self;
        let all = word.chars().all(|c| ahead.eat_char(c));
        if all {
            *self = ahead;
        }
        all
    }

    pub(super) fn eat_one_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<T> {
        words.iter().find(|(word, _)| self.eat(word)).map(|(_, value)| *value)
    }

    pub(super) fn skip(&mut self, chars: &str) {
        while chars.chars().any(|c| self.eat_char(c)) {}
    }

    /// At most 18 digits: no date has more, and they fit.
    pub(super) fn digits(&mut self) -> Option<Digits> {
        let mut digits = Digits::default();
        while let Some((first, rest)) = self.rest.split_first()
            && let Some(d) = first.to_digit(10)
        {
            digits = Digits { value: digits.value.checked_mul(10)?.checked_add(u64::from(d))?, len: digits.len + 1 };
            self.rest = rest;
        }
        (digits.len > 0).then_some(digits)
    }

    pub(super) fn small(&mut self) -> Option<i8> {
        self.digits()?.small()
    }

    /// The next `N` digits.
    pub(super) fn fixed<const N: usize>(&mut self) -> Option<i16> {
        let mut value = 0i16;
        for _ in 0..N {
            let (first, rest) = self.rest.split_first()?;
            value = value.checked_mul(10)?.checked_add(i16::try_from(first.to_digit(10)?).ok()?)?;
            self.rest = rest;
        }
        Some(value)
    }

    pub(super) fn fixed_two(&mut self) -> Option<i8> {
        self.fixed::<2>().and_then(|n| i8::try_from(n).ok())
    }

    /// Runs `read`, which takes nothing when it finds nothing.
    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        let found = read(&mut ahead)?;
        *self = ahead;
        Some(found)
    }

    /// `周日`, `星期日`, `(日)`, `(周日)`, `Sun`, `Sunday,`: read over.
    pub(super) fn weekday(&mut self) -> bool {
        if !matches!(self.rest.first(), Some('(' | '周' | '星' | '礼' | 'a'..='z')) {
            return false;
        }
        self.attempt(|s| {
            let bracket = s.eat_char('(');
            let named = s.eat("周") || s.eat("星期") || s.eat("礼拜");
            let known = if bracket || named { "一二三四五六日天".chars().any(|c| s.eat_char(c)) } else { false };
            if !known && (named || s.eat_one_of(&WEEKDAYS).is_none()) {
                return None;
            }
            if bracket && !s.eat_char(')') {
                return None;
            }
            s.skip(" ,.");
            Some(())
        })
        .is_some()
    }

    pub(super) fn day(&mut self) -> Option<Day> {
        if let Some(days) = self.eat_one_of(&AGO) {
            return Some(Day::Ago(days));
        }
        if let Some(month) = self.month() {
            return self.month_first(month);
        }
        let roc = self.eat("中华民国") || self.eat("中華民国") || self.eat("民国");
        self.skip(" ");
        if self.packed() {
            // The digits of a time may follow at once.
            return Some(Day::Full(self.fixed::<4>()?, self.fixed_two()?, self.fixed_two()?));
        }
        let first = self.digits()?;
        if roc {
            return self.han(i16::try_from(first.value).ok()?.checked_add(1911)?);
        }
        let mut ahead = *self;
        ahead.skip(" ");
        match ahead.rest.first() {
            Some('年') => return self.han(first.year()?),
            Some('月') => {
                ahead.eat_char('月');
                *self = ahead;
                return self.han_day(first.small()?);
            }
            _ => {}
        }
        if let Some(sep) = ['-', '/', '.'].into_iter().find(|c| self.eat_char(*c)) {
            if let Some(month) = self.month() {
                self.skip("-/.");
                return self.named(first, month);
            }
            return self.separated(first, sep);
        }
        // `1 Nov 2026`, `1st November`
        let _ = ["st", "nd", "rd", "th"].iter().any(|o| self.eat(o));
        self.skip(" ");
        let _ = self.eat("of ");
        let month = self.month()?;
        self.skip(" ,");
        self.named(first, month)
    }

    /// Whether a date without separators comes, with or without a time.
    pub(super) fn packed(&self) -> bool {
        matches!(self.rest.iter().take_while(|c| c.is_ascii_digit()).count(), 8 | 12 | 14)
    }

    /// What follows the year's number: `年11月1日`, and, as some type it, `年11/1`.
    pub(super) fn han(&mut self, year: i16) -> Option<Day> {
        self.skip(" ");
        if !["年", "-", "/", "."].iter().any(|sep| self.eat(sep)) {
            return None;
        }
        self.skip(" ");
        let month = self.small()?;
        self.skip(" ");
        if !["月", "-", "/", "."].iter().any(|sep| self.eat(sep)) {
            return None;
        }
        Some(self.han_day(month)?.of(year))
    }

    /// `1日` behind a month.
    pub(super) fn han_day(&mut self, month: i8) -> Option<Day> {
        self.skip(" ");
        let day = self.small()?;
        let _ = self.attempt(|s| {
            s.skip(" ");
            (s.eat_char('日') || s.eat_char('号')).then_some(())
        });
        Some(Day::Yearless(month, day))
    }

    /// What follows `2026-`, `11/` and the like.
    pub(super) fn separated(&mut self, first: Digits, sep: char) -> Option<Day> {
        let second = self.small()?;
        if !self.eat_char(sep) {
            // `11.1` is a number.
            return (sep != '.').then_some(Day::Yearless(first.small()?, second));
        }
        let third = self.digits()?;
        if third.len == 4 {
            let (a, b, year) = (first.small()?, second, third.year()?);
            // Dots are European, and their day comes first; otherwise the month does where it can.
            let day_first = if sep == '.' { b <= 12 } else { a > 12 };
            return Some(if day_first { Day::Full(year, b, a) } else { Day::Full(year, a, b) });
        }
        Some(Day::Full(first.year()?, second, third.small()?))
    }

    pub(super) fn month(&mut self) -> Option<i8> {
        if !self.rest.first().is_some_and(char::is_ascii_lowercase) {
            return None;
        }
        self.attempt(|s| {
            let month = s.eat_one_of(&MONTHS)?;
            s.eat_char('.');
            (!s.rest.first().is_some_and(char::is_ascii_alphabetic)).then_some(month)
        })
    }

    /// `Nov 1, 2026`; without the year it may come later.
    pub(super) fn month_first(&mut self, month: i8) -> Option<Day> {
        self.skip(" -");
        let day = self.small()?;
        let _ = ["st", "nd", "rd", "th"].iter().any(|o| self.eat(o));
        Some(self.year_behind(Day::Named(month, day)))
    }

    /// What follows `1 Nov` or `2026 Nov`.
    pub(super) fn named(&mut self, first: Digits, month: i8) -> Option<Day> {
        if first.len == 4 {
            return Some(Day::Full(first.year()?, month, self.small()?));
        }
        Some(self.year_behind(Day::Named(month, first.small()?)))
    }

    pub(super) fn year_behind(&mut self, day: Day) -> Day {
        let year = self.attempt(|s| {
            s.skip(" ,-");
            s.year()
        });
        year.map_or(day, |year| day.of(year))
    }

    /// A year of two or four digits that is not an hour.
    pub(super) fn year(&mut self) -> Option<i16> {
        self.attempt(|s| {
            let year = s.digits().filter(|d| d.len != 3)?.year()?;
            (!matches!(s.rest.first(), Some(':' | '点' | '时'))).then_some(year)
        })
    }

    /// A time of day. `packed`: `080510` is one.
    pub(super) fn clock(&mut self, packed: bool) -> Option<Clock> {
        self.attempt(|s| {
            let part = if s.rest.first().is_some_and(|c| !c.is_ascii()) { s.eat_one_of(&PARTS) } else { None };
            s.skip(" ");
            let run = s.rest.iter().take_while(|c| c.is_ascii_digit()).count();
            let (hour, minute, second) = if packed && matches!(run, 4 | 6) {
                (s.fixed_two()?, s.fixed_two()?, if run == 6 { Some(s.fixed_two()?) } else { None })
            } else {
                s.hour_minute_second()?
            };
            if second.is_some() && (s.eat_char('.') || s.eat_char(',')) {
                s.digits()?;
            }
            let part = part.or_else(|| {
                s.attempt(|s| {
                    s.skip(" ");
                    let part = s.eat_one_of(&SUFFIXES)?;
                    (!s.rest.first().is_some_and(char::is_ascii_alphabetic)).then_some(part)
                })
            });
            clock(part, hour, minute, second)
        })
    }

    /// `8:05`, `8:05:10`, `8点`, `8点半`, `8点05分`, `8时5分10秒`.
    pub(super) fn hour_minute_second(&mut self) -> Option<(i8, i8, Option<i8>)> {
        let hour = self.small()?;
        if self.eat_char(':') {
            let minute = self.small()?;
            let second = if self.eat_char(':') { Some(self.small()?) } else { None };
            return Some((hour, minute, second));
        }
        self.skip(" ");
        if !self.eat_char('时') && !self.eat_char('点') {
            return None;
        }
        self.eat_char('钟');
        if let Some(minute) = self.eat_one_of(&[("半", 30), ("一刻", 15), ("三刻", 45), ("整", 0)]) {
            return Some((hour, minute, None));
        }
        let minute = self.attempt(|s| {
            s.skip(" ");
            let minute = s.small()?;
            s.skip(" ");
            s.eat_char('分');
            Some(minute)
        });
        let Some(minute) = minute else { return Some((hour, 0, None)) };
        let second = self.attempt(|s| {
            s.skip(" ");
            let second = s.small()?;
            s.skip(" ");
            s.eat_char('秒').then_some(second)
        });
        Some((hour, minute, second))
    }

    /// `Z`, `+08:00`, `+0800`, `GMT+8`, with the zone's name behind it in brackets or not.
    pub(super) fn offset(&mut self, may_be_span: bool) -> Option<Offset> {
        self.attempt(|s| {
            let name = s.eat_one_of(&[("z", 0), ("utc", 0), ("gmt", 0), ("ut", 0), ("cst", 8), ("hkt", 8)]);
            let sign = if s.eat_char('+') {
                1
            } else if s.eat_char('-') {
                -1
            } else {
                0
            };
            let mut seconds = name.unwrap_or(0) * 3600;
            if sign != 0 {
                let hours = s.digits()?;
                let (hours, minutes) = match hours.len {
                    4 if !may_be_span || sign > 0 || name.is_some() => (hours.value / 100, hours.value % 100),
                    1 | 2 if s.eat_char(':') && (!may_be_span || sign > 0 || name.is_some()) => (hours.value, u64::try_from(s.fixed_two()?).ok()?),
                    1 | 2 if name.is_some() || hours.len == 2 => (hours.value, 0),
                    _ => return None,
                };
                if hours > 14 || minutes > 59 {
                    return None;
                }
                seconds = sign * i32::try_from(hours * 3600 + minutes * 60).ok()?;
            } else {
                name?;
            }
            s.skip(" ");
            if let [open, .., close] = s.rest
                && matches!((open, close), ('(', ')') | ('[', ']'))
            {
                s.rest = &[];
            }
            Offset::from_seconds(seconds).ok()
        })
    }
}

/// The time that `hour` is in `part` of the day; `None` where the two contradict each other.
pub(super) fn clock(part: Option<Part>, hour: i8, minute: i8, second: Option<i8>) -> Option<Clock> {
    let (hour, next_day) = match (part, hour) {
        (None, 24) if minute == 0 && second.unwrap_or(0) == 0 => (0, true),
        (None, h) => (h, false),
        (Some(Part::Small | Part::Morning), 12) => (0, false),
        (Some(Part::Small | Part::Morning), 0..=11) => (hour, false),
        (Some(Part::Noon), 10..=15) => (hour, false),
        (Some(Part::Noon), 1..=3) => (hour + 12, false),
        (Some(Part::Afternoon), 12..=23) => (hour, false),
        (Some(Part::Afternoon), 0..=11) => (hour + 12, false),
        (Some(Part::Evening), 17..=23) => (hour, false),
        (Some(Part::Evening), 5..=11) => (hour + 12, false),
        (Some(Part::Evening), 12) => (0, true),
        _ => return None,
    };
    // A leap second ends a minute that is the last of an hour in every zone that desks are in.
    let leap = second == Some(60) && minute == 59;
    let second_or_zero = if leap { 59 } else { second.unwrap_or(0) };
    Some(Clock { time: Time::new(hour, minute, second_or_zero, 0).ok()?, next_day, seconds: second.is_some() })
}
