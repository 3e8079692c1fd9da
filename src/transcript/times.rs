//! The time that stands beside a turn, as far as it tells how long somebody waited.

use std::sync::OnceLock;

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// The time in a marker, in minutes from any moment: `客服小李 2026-08-23 10:02:33`, `[10:02]`. Months have 31 days here, so that the
/// night before the first of a month is longer than it was by days; a chat waits minutes.
///
/// `None` where there is none.
pub(super) fn minute(marker: &str) -> Option<u32> {
    static TIME: OnceLock<Option<regex::Regex>> = OnceLock::new();
    if !marker.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let pattern = r"(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]*)?(\d{1,2})[:：](\d{2})";
    let time = TIME.get_or_init(|| regex::Regex::new(pattern).ok()).as_ref()?;
    let found = time.captures(marker)?;
    let number = |at: usize| found.get(at).and_then(|m| m.as_str().parse::<u32>().ok());
    let (hour, minute) = (number(4)?, number(5)?);
    let day = number(1).zip(number(2)).zip(number(3)).map_or(0, |((year, month), day)| (year % 100 * 12 + month) * 31 + day);
    (hour < 24 && minute < 60).then_some(day * DAY + hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::minute;

    #[test]
    fn times_of_markers_tell_how_long_somebody_waited() {
        let wait = |a: &str, b: &str| Some(minute(b)? - minute(a)?);
        assert_eq!(wait("客户 10:02:33", "客服小李 10:14:01"), Some(12));
        assert_eq!(wait("客户(2026-08-23 23:58)：", "客服(2026/08/24 00:03)："), Some(5));
        assert_eq!(minute("客服："), None);
        assert_eq!(minute("客服 25:61"), None);
    }
}
