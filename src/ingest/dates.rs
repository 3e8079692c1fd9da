//! Dates and times as people and programs write them.
//!
//! What could be read in two ways is read in the one that desks use (`11/1/2026` is 1 November) or, where there is none, refused:
//! a wrong day is worse in a digest than a missing one.

mod scan;

use crate::error::{Error, Result};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};
use scan::{Day, Digits, Scan};

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
    /// The desk's zone.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

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
        if chars.is_empty() || is_nothing(chars) {
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
/// Whether it is how programs and people write that there is none.
fn is_nothing(text: &[char]) -> bool {
    const NOTHING: [&str; 8] = ["null", "none", "n/a", "na", "nan", "无", "空", "暂无"];
    let is = |word: &str| text.iter().copied().eq(word.chars());
    let zeros = text.starts_with(&['0', '0', '0', '0'])
        && text.get(4).is_some_and(|c| *c != '0')
        && text.iter().all(|c| matches!(c, '0' | '-' | '/' | ':' | '.' | ' ' | 't' | 'z'));
    zeros || text.iter().all(|c| matches!(c, '-' | '/' | '\\' | '.' | '—' | '–')) || NOTHING.iter().any(|w| is(w))
}

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

#[cfg(test)]
mod tests;
