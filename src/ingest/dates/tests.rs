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
        ("0000-00-00 00:00:00", "empty"),
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
    let month = scan::MONTHS.iter().filter(|(name, m)| *m == mo && name.len() == 3).map(|(name, _)| *name).next().unwrap();
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
let blank = |c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}');
                // What has nothing in it is no date, and what has a figure other than 0 is one or refused.
                prop_assert!(!text.chars().all(blank) || reader.read(text) == Found::Empty);
                prop_assert!(!text.contains(|c: char| matches!(c, '1'..='9')) || reader.read(text) != Found::Empty);
            }
        }
    }
}
