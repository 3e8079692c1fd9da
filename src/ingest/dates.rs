//! Dates and times as people and programs write them.
//!
//! What could be read in two ways is read in the one that desks use (`11/1/2026` is 1 November) or, where there is none, refused:
//! a wrong day is worse in a digest than a missing one.

use crate::error::{Error, Result};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

/// No date is longer: `Sun Nov 01 2026 08:05:00 GMT+0800 (China Standard Time)` has 57 characters.
const LONGEST: usize = 80;

/// A moment of a ticket, in the local civil time of the desk's zone. Seconds are the finest there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct When {
    /// The day.
    pub day: Date,
    /// The time of day; `None` when only a day was written.
    pub time: Option<Time>,
}

/// What a cell that should hold a date holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Found {
    /// Nothing but white space.
    Empty,
    /// A date.
    When(When),
    /// Something else, or a date that cannot be, or one that could be several.
    Bad,
}

impl Found {
    /// The moment, if there is one.
    ///
    /// ```
    /// use ahu::ingest::dates::Reader;
    /// assert!(Reader::default().read("2026-11-01").when().is_some());
    /// assert!(Reader::default().read("  ").when().is_none());
    /// ```
    #[must_use]
    pub fn when(self) -> Option<When> {
        match self {
            Found::When(when) => Some(when),
            Found::Empty | Found::Bad => None,
        }
    }
}

/// Reads dates for one desk: its zone, and the day from which dates without a year are reckoned.
#[derive(Debug, Clone)]
pub struct Reader {
    zone: TimeZone,
    reference: Option<Date>,
}

impl Default for Reader {
    /// China's time, and no reference.
    fn default() -> Reader {
        Reader::new(china(), None)
    }
}

/// China's time: a fixed offset, as the zone's only other one since 1990, summer time in 1990 and 1991, is no ticket's.
#[must_use]
pub fn china() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

/// The zone of a name of the IANA database, in any case.
///
/// # Errors
/// When there is no such zone.
///
/// ```
/// assert!(ahu::ingest::dates::zone("asia/taipei").is_ok());
/// assert!(ahu::ingest::dates::zone("Peking").unwrap_err().to_string().contains("Asia/Shanghai"));
/// ```
pub fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|_| Error::setup(format!("expected a time zone such as Asia/Shanghai or Europe/London, found `{name}`")))
}

impl Reader {
    /// As [`Reader::read`], but a date without a year, or `昨天`, is one even without a reference (its day means nothing then).
    #[must_use]
    pub fn read_any(&self, text: &str) -> Found {
        match self.read(text) {
            Found::Bad if self.reference.is_none() => Reader { zone: self.zone.clone(), reference: Some(Date::constant(2024, 6, 30)) }.read(text),
            found => found,
        }
    }

    /// A reader for a desk in `zone`. `reference` is the day from which `11月1日` and `昨天` are reckoned; without it they are
    /// [`Found::Bad`].
    ///
    /// ```
    /// use ahu::ingest::dates::{Found, Reader};
    /// use jiff::{civil::date, tz};
    /// let reader = Reader::new(tz::TimeZone::fixed(tz::offset(8)), Some(date(2026, 11, 2)));
    /// let Found::When(when) = reader.read("昨天 下午3点半") else { panic!() };
    /// assert_eq!(when.day, date(2026, 11, 1));
    /// assert_eq!(when.time.unwrap().to_string(), "15:30:00");
    /// assert_eq!(reader.read("2026/2/30"), Found::Bad);
    /// ```
    #[must_use]
    pub fn new(zone: TimeZone, reference: Option<Date>) -> Reader {
        Reader { zone, reference }
    }

    /// What `text` says. A weekday beside a date is read over, not checked.
    ///
    /// ```
    /// use ahu::ingest::dates::{Found, Reader};
    /// let reader = Reader::default();
    /// let utc = reader.read("2026-10-31T20:05:00Z").when().unwrap();
    /// assert_eq!(utc.day.to_string(), "2026-11-01");
    /// assert_eq!(reader.read("46327.3368"), reader.read("2026/11/1 上午8:05"));
    /// assert_eq!(reader.read(" "), Found::Empty);
    /// ```
    #[must_use]
    pub fn read(&self, text: &str) -> Found {
        if let Some(when) = fast(text.as_bytes()) {
            return Found::When(when);
        }
        let mut buffer = ['\0'; LONGEST];
        let Some(chars) = fold(text, &mut buffer) else { return Found::Bad };
        if chars.is_empty() {
            return Found::Empty;
        }
        let when = if chars.iter().all(|c| c.is_ascii_digit() || *c == '.') { self.number(chars) } else { None };
        match when.or_else(|| self.written(Scan { rest: chars })).filter(|w| plausible(w.day)) {
            Some(when) => Found::When(when),
            None => Found::Bad,
        }
    }

    /// Digits with at most one dot: compact dates, spreadsheet serials, epochs.
    fn number(&self, chars: &[char]) -> Option<When> {
        let mut scan = Scan { rest: chars };
        let whole = scan.digits()?;
        let fraction = if scan.eat_char('.') { scan.digits().unwrap_or_default() } else { Digits::default() };
        if !scan.rest.is_empty() {
            return None;
        }
        let exact = chars.len() == whole.len;
        match whole.len {
            5 if (36_526..=73_050).contains(&whole.value) => {
                let day = Date::new(1899, 12, 30).ok()?.checked_add(Span::new().try_days(i64::try_from(whole.value).ok()?).ok()?).ok()?;
                if fraction.value == 0 {
                    // Also `46327.0`, as programs that know no integers write a day.
                    return Some(When { day, time: None });
                }
                // A float's last digits are noise: the nearest second is meant.
                let seconds = (fraction.as_fraction() * 86_400.0).round() as i64;
                at_second(day, seconds)
            }
            8 | 12 | 14 if exact => self.written(Scan { rest: chars }),
            10 => self.epoch(i64::try_from(whole.value).ok()?),
            13 if exact => self.epoch(i64::try_from(whole.value / 1000).ok()?),
            _ => None,
        }
    }

    fn epoch(&self, seconds: i64) -> Option<When> {
        let local = self.zone.to_datetime(Timestamp::from_second(seconds).ok()?);
        (2001..=2099).contains(&local.year()).then(|| When::at(local))
    }

    /// Anything with separators or words.
    fn written(&self, mut scan: Scan<'_>) -> Option<When> {
        scan.weekday();
        let packed = scan.packed();
        let mut day = scan.day()?;
        let ctime = matches!(day, Day::Named(..));
        scan.skip(" ,");
        if scan.weekday() {
            scan.skip(" ,");
        }
        let iso = scan.eat_char('t');
        let at = !iso && scan.eat("at ");
        let mut clock = None;
        let mut offset = None;
        if let Some(c) = scan.clock(packed || iso) {
            scan.skip(" ");
            // `08:05-09:00` is a span of time to a reader, unless it is written as machines do.
            let may_be_span = !iso && !c.seconds;
            offset = scan.offset(may_be_span);
            clock = Some(c);
        } else if iso || at {
            return None;
        }
        scan.skip(" ");
        if ctime && let Some(year) = scan.year() {
            day = day.of(year);
        }
        scan.skip(" ,");
        scan.weekday();
        if !scan.rest.is_empty() {
            return None;
        }
        let day = self.resolve(day)?;
        let Some(clock) = clock else { return Some(When { day, time: None }) };
        let day = if clock.next_day { day.tomorrow().ok()? } else { day };
        let Some(offset) = offset else { return Some(When { day, time: Some(clock.time) }) };
        let moment = offset.to_timestamp(DateTime::from_parts(day, clock.time)).ok()?;
        Some(When::at(self.zone.to_datetime(moment)))
    }

    fn resolve(&self, day: Day) -> Option<Date> {
        match day {
            Day::Full(year, month, day) => Date::new(year, month, day).ok(),
            Day::Ago(days) => self.reference?.checked_sub(Span::new().try_days(i64::from(days)).ok()?).ok(),
            Day::Yearless(month, day) | Day::Named(month, day) => {
                // A ticket is at most a day ahead of its export: the latest such day is the nearest. Nine years hold a 29 February.
                let last = self.reference?.tomorrow().ok()?;
                (0..9).filter_map(|back| Date::new(last.year().checked_sub(back)?, month, day).ok()).find(|d| *d <= last)
            }
        }
    }
}

/// The day of a date in China's time, such as `2026-08-23`, `2026/8/23 9:05`, `2026年8月23日` or `20260823`; `None` for anything
/// else, and for dates that say no year. [`Reader`] says more.
///
/// ```
/// use ahu::ingest::dates::day;
/// assert_eq!(day("2026/8/23 9:05").unwrap().to_string(), "2026-08-23");
/// assert!(day("昨天").is_none());
/// assert!(day("2026/2/30").is_none());
/// ```
#[must_use]
pub fn day(text: &str) -> Option<Date> {
    Reader::default().read(text).when().map(|w| w.day)
}

impl When {
    fn at(local: DateTime) -> When {
        When { day: local.date(), time: Time::new(local.hour(), local.minute(), local.second(), 0).ok() }
    }
}

/// Years in which no ticket was written are typing errors.
fn plausible(day: Date) -> bool {
    (1990..=2100).contains(&day.year())
}

/// `YYYY-MM-DD[ HH:MM[:SS]]`, which is nearly every cell of an export.
fn fast(text: &[u8]) -> Option<When> {
    let ([y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1], rest) = text.split_first_chunk::<10>()? else { return None };
    let year = i16::from(two(*y0, *y1)?) * 100 + i16::from(two(*y2, *y3)?);
    let time = match rest {
        [] => None,
        [b' ', h0, h1, b':', m0, m1] => Some(Time::new(two(*h0, *h1)?, two(*m0, *m1)?, 0, 0).ok()?),
        [b' ', h0, h1, b':', m0, m1, b':', s0, s1] => Some(Time::new(two(*h0, *h1)?, two(*m0, *m1)?, two(*s0, *s1)?, 0).ok()?),
        _ => return None,
    };
    let day = Date::new(year, two(*m0, *m1)?, two(*d0, *d1)?).ok()?;
    plausible(day).then_some(When { day, time })
}

fn two(a: u8, b: u8) -> Option<i8> {
    let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
    if a > 9 || b > 9 { None } else { Some((a * 10 + b) as i8) }
}

fn at_second(day: Date, seconds: i64) -> Option<When> {
    let (day, seconds) = if seconds >= 86_400 { (day.tomorrow().ok()?, 0) } else { (day, seconds) };
    let part = |n: i64| i8::try_from(n).ok();
    Some(When { day, time: Some(Time::new(part(seconds / 3600)?, part(seconds / 60 % 60)?, part(seconds % 60)?, 0).ok()?) })
}

/// Half-width, lower case, Simplified, one space where there is white space; `None` when too long to be a date.
fn fold<'b>(text: &str, buffer: &'b mut [char; LONGEST]) -> Option<&'b [char]> {
    let mut len = 0;
    let mut space = false;
    for c in text.chars() {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0)?.to_ascii_lowercase(),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' => continue,
            c if c.is_whitespace() => {
                space = len > 0;
                continue;
            }
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{2236}' | '\u{fe55}' => ':',
            '點' => '点',
            '時' => '时',
            '號' => '号',
            '週' => '周',
            '禮' => '礼',
            '國' => '国',
            c => c.to_ascii_lowercase(),
        };
        for c in space.then_some(' ').into_iter().chain([c]) {
            *buffer.get_mut(len)? = c;
            len += 1;
        }
        space = false;
    }
    buffer.get(..len)
}

/// A day as written.
#[derive(Debug, Clone, Copy)]
enum Day {
    Full(i16, i8, i8),
    Yearless(i8, i8),
    /// With the month's English name: its year may come after the time (`Sun Nov 1 08:05:00 CST 2026`).
    Named(i8, i8),
    /// So many days before the reference.
    Ago(u8),
}

impl Day {
    fn of(self, year: i16) -> Day {
        match self {
            Day::Yearless(month, day) | Day::Named(month, day) => Day::Full(year, month, day),
            full => full,
        }
    }
}

/// A time as written.
struct Clock {
    time: Time,
    next_day: bool,
    /// Whether seconds were written.
    seconds: bool,
}

#[derive(Clone, Copy)]
enum Part {
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

const PARTS: [(&str, Part); 12] = [
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

const SUFFIXES: [(&str, Part); 6] =
    [("am", Part::Morning), ("a.m.", Part::Morning), ("pm", Part::Afternoon), ("p.m.", Part::Afternoon), ("上午", Part::Morning), ("下午", Part::Afternoon)];

const AGO: [(&str, u8); 6] = [("今天", 0), ("今日", 0), ("昨天", 1), ("昨日", 1), ("前天", 2), ("前日", 2)];

/// Long names first: `nov` begins `november`.
const MONTHS: [(&str, i8); 24] = [
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

const WEEKDAYS: [(&str, ()); 17] = [
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
struct Digits {
    value: u64,
    len: usize,
}

impl Digits {
    /// A number of one or two digits.
    fn small(self) -> Option<i8> {
        if self.len > 2 { None } else { i8::try_from(self.value).ok() }
    }

    /// A year of four digits, of two, or of three in the Republic of China's reckoning.
    fn year(self) -> Option<i16> {
        let value = i16::try_from(self.value).ok()?;
        match (self.len, value) {
            (4, _) => Some(value),
            (3, 100..=150) => Some(value + 1911),
            (2, 0..=69) => Some(value + 2000),
            (2, _) => Some(value + 1900),
            _ => None,
        }
    }

    fn as_fraction(self) -> f64 {
        self.value as f64 / 10f64.powi(self.len as i32)
    }
}

/// What is left to read.
#[derive(Clone, Copy)]
struct Scan<'a> {
    rest: &'a [char],
}

impl Scan<'_> {
    fn eat_char(&mut self, c: char) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == c => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn eat(&mut self, word: &str) -> bool {
        let mut ahead = *self;
        let all = word.chars().all(|c| ahead.eat_char(c));
        if all {
            *self = ahead;
        }
        all
    }

    fn eat_one_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<T> {
        words.iter().find(|(word, _)| self.eat(word)).map(|(_, value)| *value)
    }

    fn skip(&mut self, chars: &str) {
        while chars.chars().any(|c| self.eat_char(c)) {}
    }

    /// At most 18 digits: no date has more, and they fit.
    fn digits(&mut self) -> Option<Digits> {
        let mut digits = Digits::default();
        while let Some((first, rest)) = self.rest.split_first()
            && let Some(d) = first.to_digit(10)
        {
            digits = Digits { value: digits.value.checked_mul(10)?.checked_add(u64::from(d))?, len: digits.len + 1 };
            self.rest = rest;
        }
        (digits.len > 0).then_some(digits)
    }

    fn small(&mut self) -> Option<i8> {
        self.digits()?.small()
    }

    /// The next `N` digits.
    fn fixed<const N: usize>(&mut self) -> Option<i16> {
        let mut value = 0i16;
        for _ in 0..N {
            let (first, rest) = self.rest.split_first()?;
            value = value.checked_mul(10)?.checked_add(i16::try_from(first.to_digit(10)?).ok()?)?;
            self.rest = rest;
        }
        Some(value)
    }

    fn fixed_two(&mut self) -> Option<i8> {
        self.fixed::<2>().and_then(|n| i8::try_from(n).ok())
    }

    /// Runs `read`, which takes nothing when it finds nothing.
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        let found = read(&mut ahead)?;
        *self = ahead;
        Some(found)
    }

    /// `周日`, `星期日`, `(日)`, `(周日)`, `Sun`, `Sunday,`: read over.
    fn weekday(&mut self) -> bool {
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

    fn day(&mut self) -> Option<Day> {
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
    fn packed(&self) -> bool {
        matches!(self.rest.iter().take_while(|c| c.is_ascii_digit()).count(), 8 | 12 | 14)
    }

    /// What follows the year's number: `年11月1日`, and, as some type it, `年11/1`.
    fn han(&mut self, year: i16) -> Option<Day> {
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
    fn han_day(&mut self, month: i8) -> Option<Day> {
        self.skip(" ");
        let day = self.small()?;
        let _ = self.attempt(|s| {
            s.skip(" ");
            (s.eat_char('日') || s.eat_char('号')).then_some(())
        });
        Some(Day::Yearless(month, day))
    }

    /// What follows `2026-`, `11/` and the like.
    fn separated(&mut self, first: Digits, sep: char) -> Option<Day> {
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

    fn month(&mut self) -> Option<i8> {
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
    fn month_first(&mut self, month: i8) -> Option<Day> {
        self.skip(" -");
        let day = self.small()?;
        let _ = ["st", "nd", "rd", "th"].iter().any(|o| self.eat(o));
        Some(self.year_behind(Day::Named(month, day)))
    }

    /// What follows `1 Nov` or `2026 Nov`.
    fn named(&mut self, first: Digits, month: i8) -> Option<Day> {
        if first.len == 4 {
            return Some(Day::Full(first.year()?, month, self.small()?));
        }
        Some(self.year_behind(Day::Named(month, first.small()?)))
    }

    fn year_behind(&mut self, day: Day) -> Day {
        let year = self.attempt(|s| {
            s.skip(" ,-");
            s.year()
        });
        year.map_or(day, |year| day.of(year))
    }

    /// A year of two or four digits that is not an hour.
    fn year(&mut self) -> Option<i16> {
        self.attempt(|s| {
            let year = s.digits().filter(|d| d.len != 3)?.year()?;
            (!matches!(s.rest.first(), Some(':' | '点' | '时'))).then_some(year)
        })
    }

    /// A time of day. `packed`: `080510` is one.
    fn clock(&mut self, packed: bool) -> Option<Clock> {
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
    fn hour_minute_second(&mut self) -> Option<(i8, i8, Option<i8>)> {
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
    fn offset(&mut self, may_be_span: bool) -> Option<Offset> {
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
fn clock(part: Option<Part>, hour: i8, minute: i8, second: Option<i8>) -> Option<Clock> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::offset;
    use proptest::prelude::*;

    fn reader() -> Reader {
        Reader::new(TimeZone::fixed(offset(8)), Date::new(2026, 11, 2).ok())
    }

    fn shown(found: Found) -> String {
        match found {
            Found::Empty => "empty".into(),
            Found::Bad => "bad".into(),
            Found::When(When { day, time: None }) => day.to_string(),
            Found::When(When { day, time: Some(time) }) => format!("{day} {time}"),
        }
    }

    /// Checks all before it fails: a table's first miss seldom tells the cause.
    fn check(reader: &Reader, table: &[(&str, &str)]) {
        let wrong: Vec<String> = table
            .iter()
            .filter_map(|(text, expected)| {
                let found = shown(reader.read(text));
                (found != *expected).then(|| format!("`{text}`: found {found}, expected {expected}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_day_alone_has_no_time() {
        let texts = [
            "2026-11-01",
            "2026/11/1",
            "2026.11.1",
            "2026.11.01",
            "20261101",
            "26-11-1",
            "26/11/01",
            "2026年11月1日",
            "2026年11月01日",
            "2026 年 11 月 1 日",
            "2026年11月1号",
            "26年11月1日",
            "２０２６－１１－０１",
            "２０２６年１１月１日",
            "2026–11–01",
            " 2026-11-01\u{3000}",
            "\u{feff}2026-11-01",
            "115年11月1日",
            "115/11/01",
            "115-11-1",
            "民國115年11月1日",
            "中華民國 115 年 11 月 1 日",
            "2026-11-01 周日",
            "2026-11-01 星期日",
            "2026/11/1（日）",
            "2026-11-01(週日)",
            "周日 2026-11-01",
            "2026年11月1日星期天",
            "Nov 1, 2026",
            "November 1st, 2026",
            "Nov. 1 2026",
            "Sunday, November 1, 2026",
            "1 Nov 2026",
            "1st November 2026",
            "01-Nov-2026",
            "01-NOV-26",
            "2026-Nov-01",
            "Sun, 01 Nov 2026",
            "11/1/2026",
            "11-01-2026",
            "1.11.2026",
            "46327",
            "46327.0",
            // Reckoned from the reference, 2026-11-02.
            "11月1日",
            "11月01号",
            "11-01",
            "11/1",
            "11/01",
            "Nov 1",
            "1 November",
            "昨天",
        ];
        check(&reader(), &texts.map(|t| (t, "2026-11-01")));
    }

    #[test]
    fn a_time_goes_with_its_day() {
        let texts = [
            "2026-11-01 08:05",
            "2026/11/1 8:05",
            "2026/11/1 上午8:05",
            "2026/11/1 上午 8:05:00",
            "2026/11/1 8:05 上午",
            "26-11-1 上午8:05",
            "2026年11月1日 8时5分",
            "2026年11月1日8时5分0秒",
            "2026年11月1日8點05分",
            "2026年11月1日 早上8点5分",
            "2026年11月1日早8:05",
            "2026年11月1日 8点05",
            "11月1日 8时05分",
            "11-01 08:05",
            "11/1 8:05",
            "202611010805",
            "20261101 080500",
            "20261101 0805",
            "20261101080500",
            "2026-11-01T08:05",
            "2026-11-01T08:05:00",
            "2026-11-01t08:05:00.000",
            "2026-11-01 08:05:00.123456",
            "2026-11-01T08:05:00,5",
            "2026-11-01T00:05:00Z",
            "2026-11-01T00:05Z",
            "2026-11-01 00:05:00 UTC",
            "2026-11-01T08:05:00+08:00",
            "2026-11-01T08:05:00+08:00[Asia/Shanghai]",
            "2026-11-01T08:05:00+0800",
            "2026-11-01T08:05:00+08",
            "2026-11-01 08:05:00 +0800",
            "2026-11-01 08:05+08:00",
            "2026-10-31T19:05:00-05:00",
            "2026-10-31T19:05-05:00",
            "2026-11-01T05:35:00+05:30",
            "20261101T080500",
            "20261101T000500Z",
            "Sun, 01 Nov 2026 08:05:00 +0800",
            "Sun, 1 Nov 2026 00:05:00 GMT",
            "1 Nov 2026 08:05",
            "Sun Nov 01 08:05:00 CST 2026",
            "Sun Nov  1 08:05:00 2026",
            "Sun Nov 01 2026 08:05:00 GMT+0800 (中国标准时间)",
            "2026-11-01 08:05:00 GMT+8",
            "Nov 1, 2026 8:05 AM",
            "Nov 1, 2026, 8:05 a.m.",
            "November 1, 2026 at 8:05 AM",
            "11/1/2026 8:05 AM",
            "11/1/2026 8:05AM",
            "2026-11-01 周日 08:05",
            "2026-11-01(日) 08:05",
            "2026-11-01 08:05 周日",
            "２０２６／１１／１　８：０５",
            "2026-11-01 08：05",
            "46327.3368",
            "46327.33680555556",
            "1793491500",
            "1793491500.25",
            "1793491500999",
            "115年11月1日 上午8:05",
            "115/11/01 08:05",
            "昨天 08:05",
            "昨天8点05分",
            "昨日上午8:05",
        ];
        check(&reader(), &texts.map(|t| (t, "2026-11-01 08:05:00")));
    }

    #[test]
    fn parts_of_the_day_choose_the_hour() {
        let table = [
            ("2026/11/1 下午 3:05:10", "2026-11-01 15:05:10"),
            ("2026/11/1 下午15:05", "2026-11-01 15:05:00"),
            ("2026/11/1 下午12:05", "2026-11-01 12:05:00"),
            ("2026/11/1 上午12:05", "2026-11-01 00:05:00"),
            ("2026/11/1 上午13:05", "bad"),
            ("2026/11/1 凌晨2点", "2026-11-01 02:00:00"),
            ("2026/11/1 凌晨12点半", "2026-11-01 00:30:00"),
            ("2026/11/1 中午12点", "2026-11-01 12:00:00"),
            ("2026/11/1 中午1点", "2026-11-01 13:00:00"),
            ("2026/11/1 中午11点半", "2026-11-01 11:30:00"),
            ("2026/11/1 中午8点", "bad"),
            ("2026/11/1 晚上8点半", "2026-11-01 20:30:00"),
            ("2026/11/1 晚8点一刻", "2026-11-01 20:15:00"),
            ("2026/11/1 晚上8点钟", "2026-11-01 20:00:00"),
            ("2026/11/1 晚上20:05", "2026-11-01 20:05:00"),
            ("2026/11/1 晚上12点", "2026-11-02 00:00:00"),
            ("2026/11/1 晚上1点", "bad"),
            ("11/1/2026 8:05 PM", "2026-11-01 20:05:00"),
            ("11/1/2026 12:05 AM", "2026-11-01 00:05:00"),
            ("11/1/2026 12:05 PM", "2026-11-01 12:05:00"),
            ("昨天晚上8点半", "2026-11-01 20:30:00"),
            ("前天 20:30", "2026-10-31 20:30:00"),
            ("今天", "2026-11-02"),
        ];
        check(&reader(), &table);
    }

    #[test]
    fn edges() {
        let table = [
            ("", "empty"),
            (" \t\u{3000}\r\n", "empty"),
            ("\u{200b}", "empty"),
            ("2026-11-01 24:00", "2026-11-02 00:00:00"),
            ("2026-11-01 24:00:00", "2026-11-02 00:00:00"),
            ("2026-12-31 24:00", "2027-01-01 00:00:00"),
            ("2026-11-01 24:01", "bad"),
            ("2100-12-31 24:00", "bad"),
            ("2026-11-01 23:59:60", "2026-11-01 23:59:59"),
            ("2027-01-01T07:59:60", "2027-01-01 07:59:59"),
            ("2026-11-01 23:58:60", "bad"),
            ("2026-11-01 23:60", "bad"),
            ("31/12/2026", "2026-12-31"),
            ("31/12/2026 8:05 PM", "2026-12-31 20:05:00"),
            ("12/31/2026", "2026-12-31"),
            ("13/13/2026", "bad"),
            ("2026/2/30", "bad"),
            ("2026-02-29", "bad"),
            ("2028-02-29", "2028-02-29"),
            ("2026-13-01", "bad"),
            ("20261301", "bad"),
            ("2026-11", "bad"),
            ("2026年11月", "bad"),
            ("2026", "bad"),
            ("0", "bad"),
            ("0000-00-00 00:00:00", "bad"),
            ("1970-01-01", "bad"),
            ("1970-01-01 08:00:00", "bad"),
            ("0000000000", "bad"),
            ("1989-12-31", "bad"),
            ("1990-01-01", "1990-01-01"),
            ("2100-12-31", "2100-12-31"),
            ("2101-01-01", "bad"),
            ("69-11-1", "2069-11-01"),
            ("95-11-1", "1995-11-01"),
            ("70-11-1", "bad"),
            ("99年11月1日", "1999-11-01"),
            ("民国99年11月1日", "2010-11-01"),
            ("151/11/01", "bad"),
            ("36525", "bad"),
            ("36526", "2000-01-01"),
            ("73050", "2099-12-31"),
            ("73051", "bad"),
            ("46326.999999", "2026-11-01 00:00:00"),
            ("46327.5.1", "bad"),
            ("-46327", "bad"),
            ("4.6327e4", "bad"),
            ("1,793,491,500", "bad"),
            ("999999999", "bad"),
            ("1000000000", "2001-09-09 09:46:40"),
            ("4102415999", "2099-12-31 23:59:59"),
            ("4102416000", "bad"),
            ("1793491500000", "2026-11-01 08:05:00"),
            ("17934915000000000", "bad"),
            ("99999999999999999999999999", "bad"),
            ("2026-11-01T08:05:00+15:00", "bad"),
            ("2026-11-01 08:05-09:00", "bad"),
            ("2026-11-01 08:05~09:00", "bad"),
            ("2026-11-01 - 2026-11-02", "bad"),
            ("2026-11-01T", "bad"),
            ("2026-11-01 8", "bad"),
            ("2026-11-01 上午", "bad"),
            ("2026-11-01Z", "bad"),
            ("08:05", "bad"),
            ("周日", "bad"),
            ("昨晚", "bad"),
            ("充值没到账", "bad"),
            ("11.1", "bad"),
            ("1.0.3", "bad"),
            ("2026-11-01 充值没到账", "bad"),
            ("13812345678", "bad"),
            ("marvel 1, 2026", "bad"),
            ("099/11/01", "bad"),
            ("2026-11-01 08:05:00.0000000000000000000000000000000000000000000000000000000000000000000000000000000", "bad"),
            (
                "充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账充值没到账",
                "bad",
            ),
        ];
        check(&reader(), &table);
    }

    #[test]
    fn a_missing_year_is_the_nearest_at_most_a_day_ahead() {
        let at = |y, m, d| Reader::new(TimeZone::fixed(offset(8)), Date::new(y, m, d).ok());
        check(&at(2026, 11, 2), &[("11-02", "2026-11-02"), ("11-03", "2026-11-03"), ("11-04", "2025-11-04"), ("12/31", "2025-12-31"), ("2/29", "2024-02-29")]);
        check(&at(2026, 1, 1), &[("12月31日 23:50", "2025-12-31 23:50:00"), ("1-2", "2026-01-02"), ("1-3", "2025-01-03"), ("昨天", "2025-12-31")]);
        check(&at(2026, 12, 31), &[("1月1日", "2027-01-01"), ("1月2日", "2026-01-02")]);
        check(&at(2026, 12, 31), &[("13-01", "bad"), ("2/30", "bad"), ("11.1", "bad")]);
        let none = Reader::default();
        check(&none, &[("11月1日", "bad"), ("11-01 08:05", "bad"), ("11/1", "bad"), ("Nov 1", "bad"), ("昨天", "bad"), ("今天 08:05", "bad")]);
        // A reader may be given any date at all.
        check(&Reader::new(TimeZone::UTC, Some(Date::MAX)), &[("11-01", "bad"), ("昨天", "bad")]);
        check(&Reader::new(TimeZone::UTC, Some(Date::MIN)), &[("11-01", "bad"), ("前天", "bad")]);
    }

    #[test]
    fn moments_are_told_in_the_desks_zone() {
        let tokyo = Reader::new(TimeZone::fixed(offset(9)), None);
        let table = [
            ("2026-11-01T15:30:00Z", "2026-11-02 00:30:00"),
            ("1793491500", "2026-11-01 09:05:00"),
            ("2026-11-01 08:05", "2026-11-01 08:05:00"),
            ("46327.3368", "2026-11-01 08:05:00"),
        ];
        check(&tokyo, &table);
        assert_eq!(day("2026-10-31T16:00:00Z"), Date::new(2026, 11, 1).ok());
    }

    /// Every style that has a year, as (text, seconds are kept, time is kept).
    fn styles(y: i16, mo: i8, d: i8, h: i8, mi: i8, s: i8) -> Vec<(String, bool, bool)> {
        let month = MONTHS.iter().filter(|(name, m)| *m == mo && name.len() == 3).map(|(name, _)| *name).next().unwrap();
        let half = |h: i8| if h % 12 == 0 { 12 } else { h % 12 };
        let (h12, ap, half_day) = (half(h), if h < 12 { "AM" } else { "PM" }, if h < 12 { "上午" } else { "下午" });
        let wide = |t: String| t.chars().map(|c| if c.is_ascii_graphic() { char::from_u32(c as u32 + 0xfee0).unwrap() } else { c }).collect::<String>();
        let mut all = vec![
            (format!("{y}-{mo:02}-{d:02}"), false, false),
            (format!("{y}/{mo}/{d}"), false, false),
            (format!("{y}.{mo}.{d}"), false, false),
            (format!("{y}{mo:02}{d:02}"), false, false),
            (format!("{y}年{mo}月{d}日"), false, false),
            (format!("{mo}/{d}/{y}"), false, false),
            (format!("{d} {month} {y}"), false, false),
            (format!("{month} {d}, {y}"), false, false),
            (format!("民国{}年{mo}月{d}日", y - 1911), false, false),
            (format!("{y}-{mo:02}-{d:02} {h:02}:{mi:02}"), false, true),
            (format!("{y}/{mo}/{d} {h}:{mi:02}"), false, true),
            (format!("{y}/{mo}/{d} {half_day}{h12}:{mi:02}"), false, true),
            (format!("{y}年{mo}月{d}日 {h}时{mi}分"), false, true),
            (format!("{y}年{mo}月{d}日{h}点{mi:02}分"), false, true),
            (format!("{mo}/{d}/{y} {h12}:{mi:02} {ap}"), false, true),
            (format!("{month} {d}, {y} {h12}:{mi:02} {ap}"), false, true),
            (format!("{y}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02}"), true, true),
            (wide(format!("{y}/{mo}/{d} {h}:{mi:02}:{s:02}")), true, true),
            (format!("{y}/{mo}/{d} {half_day} {h12}:{mi:02}:{s:02}"), true, true),
            (format!("{y}{mo:02}{d:02} {h:02}{mi:02}{s:02}"), true, true),
            (format!("{y}{mo:02}{d:02}{h:02}{mi:02}{s:02}"), true, true),
            (format!("{y}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.5"), true, true),
            (format!("{y}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}+08:00"), true, true),
            (format!("{d:02} {month} {y} {h:02}:{mi:02}:{s:02} +0800"), true, true),
            (format!("Sun {month} {d} {h:02}:{mi:02}:{s:02} CST {y}"), true, true),
        ];
        if (2011..=2061).contains(&y) {
            all.push((format!("{}/{mo:02}/{d:02}", y - 1911), false, false));
        }
        if (2000..=2069).contains(&y) {
            all.push((format!("{:02}-{mo}-{d} {h:02}:{mi:02}:{s:02}", y % 100), true, true));
        }
        all
    }

    proptest! {
        #[test]
        fn every_style_reads_back(y in 1990i16..=2100, mo in 1i8..=12, d in 1i8..=31, h in 0i8..24, mi in 0i8..60, s in 0i8..60) {
            let Ok(date) = Date::new(y, mo, d) else { return Ok(()) };
            for (text, seconds, time) in styles(y, mo, d, h, mi, s) {
                let time = time.then(|| Time::new(h, mi, if seconds { s } else { 0 }, 0).unwrap());
                prop_assert_eq!(Reader::default().read(&text), Found::When(When { day: date, time }), "{}", text);
            }
            if (2001..2099).contains(&y) {
                let moment = offset(8).to_timestamp(date.at(h, mi, s, 0)).unwrap();
                let expected = Found::When(When { day: date, time: Time::new(h, mi, s, 0).ok() });
                if moment.as_second() >= 1_000_000_000 {
                    prop_assert_eq!(Reader::default().read(&moment.as_second().to_string()), expected);
                    prop_assert_eq!(Reader::default().read(&format!("{}", moment.as_millisecond() + 7)), expected);
                }
                let whole = (date - Date::new(1899, 12, 30).unwrap()).get_days();
                let serial = f64::from(whole) + (f64::from(h) * 3600.0 + f64::from(mi) * 60.0 + f64::from(s)) / 86_400.0;
                if h > 0 {
                    prop_assert_eq!(Reader::default().read(&format!("{serial}")), expected, "{}", serial);
                }
            }
        }

        /// Without a year, too: whatever the reference, the date read is the one within the year behind it and the day ahead.
        #[test]
        fn yearless_dates_read_back(back in -1i64..364, y in 2000i16..2090, mo in 1i8..=12, d in 1i8..=28) {
            let reference = Date::new(y, mo, d).unwrap();
            let meant = reference.checked_sub(Span::new().days(back)).unwrap();
            let reader = Reader::new(TimeZone::UTC, Some(reference));
            for text in [format!("{}月{}日", meant.month(), meant.day()), format!("{}-{:02}", meant.month(), meant.day()), format!("{}/{}", meant.month(), meant.day())] {
                prop_assert_eq!(reader.read(&text), Found::When(When { day: meant, time: None }), "{}", text);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}", dateish in "[-0-9/.:年月日上下午点半分 TZ+民国今昨天AMPNov(),周]{0,30}") {
            for text in [&text, &dateish] {
                for reader in [reader(), Reader::default(), Reader::new(TimeZone::UTC, Some(Date::MAX))] {
                    if let Found::When(when) = reader.read(text) {
                        prop_assert!(plausible(when.day));
                    }
                    prop_assert_eq!(reader.read(text) == Found::Empty, text.chars().all(|c| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')));
                }
            }
        }
    }
}
