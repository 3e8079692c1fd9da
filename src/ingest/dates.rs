//! Days as people write them.

use jiff::civil::Date;

/// The day of a date such as `2026-08-23`, `2026/8/23 9:05`, `2026年8月23日` or `20260823`; `None` for anything else.
///
/// ```
/// use ahu::ingest::dates::day;
/// assert_eq!(day("2026/8/23 9:05").unwrap().to_string(), "2026-08-23");
/// assert!(day("昨天").is_none());
/// assert!(day("2026/2/30").is_none());
/// ```
#[must_use]
pub fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 8 || digits == 14 {
        return date(&text[..4], &text[4..6], &text[6..8]);
    }
    let mut parts = text.splitn(3, ['-', '/', '.', '年', '月']);
    let (year, month, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let day_len = rest.bytes().take_while(u8::is_ascii_digit).count();
    if year.len() != 4 {
        return None;
    }
    date(year, month, &rest[..day_len])
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.trim().parse().ok()?, month.trim().parse().ok()?, day.trim().parse().ok()?).ok()
}
