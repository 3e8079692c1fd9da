//! `report`: a digest of many days from the history's counts, held against as many days before.

use super::checks;
use super::listing;
use super::night::{self, GroupOf, Names};
use super::summary::{Loose, SHOWN_IDS, group_of, grouped, key};
use crate::classify::Classifier;
use crate::counts::Counts;
use crate::counts::service::ServiceCounts;
use crate::digest::{Accounting, Breakdown, Digest, Groups, Header, Rate, Share, UNDECIDED};
use crate::error::{Error, Result, nearest};
use crate::history::{DayCount, History, Writing};
use crate::listing::Listing;
use crate::prediction::Kind;
use crate::taxonomy::Taxonomy;
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use std::collections::{BTreeMap, HashMap};

/// So many tickets of many days, and so many of them without a cause, are read at most to tell groups of these.
const MOST_READ: u64 = 300_000;
const MOST_GROUPED: u64 = 6_000;

/// How long a report's time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// One day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
    /// Three months from January, April, July, October.
    Quarter,
    /// A year of the calendar.
    Year,
}

/// Days of a report: from the first to the last, both of it.
pub type Days = (Date, Date);

impl Length {
    /// The days that `day` is in, up to `day`; and as many before, from the first on: of a week that has come to Wednesday, Monday to
    /// Wednesday of the week before.
    ///
    /// ```
    /// use ahu::pipeline::period::Length;
    /// use jiff::civil::date;
    /// let (now, before) = Length::Month.of(date(2026, 11, 22));
    /// assert_eq!((now, before), ((date(2026, 11, 1), date(2026, 11, 22)), (date(2026, 10, 1), date(2026, 10, 22))));
    /// assert_eq!(Length::Month.of(date(2026, 3, 31)).1, (date(2026, 2, 1), date(2026, 2, 28)));
    /// ```
    #[must_use]
    pub fn of(self, day: Date) -> (Days, Days) {
        let months = |n: i8| day.first_of_month().saturating_sub(((day.month() - 1) % n).months());
        let (first, length): (Date, Span) = match self {
            Length::Day => (day, 1.day()),
            Length::Week => (day.saturating_sub(day.weekday().since(Weekday::Monday).days()), 1.week()),
            Length::Month => (months(1), 1.month()),
            Length::Quarter => (months(3), 3.months()),
            Length::Year => (months(12), 1.year()),
        };
        let (before, end) = (first.saturating_sub(length), first.saturating_sub(1.day()));
        // All of it is held against all of the one before, whatever their lengths.
        let whole = day == first.saturating_add(length).saturating_sub(1.day());
        let until = if whole { end } else { before.saturating_add(days_between(first, day).days()).min(end) };
        ((first, day), (before, until))
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    to.since(from).map_or(0, |s| s.get_days())
}

/// What a report tells tickets apart by, beside products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Channel as written.
    Channel,
    /// Team that owns the cause.
    Team,
    /// Stage of the customer's journey.
    Stage,
    /// First part of the cause's path.
    Area,
}

impl By {
    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            By::Channel => "channel",
            By::Team => "team",
            By::Stage => "stage",
            By::Area => "area",
        }
    }
}

/// What a report is of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its days.
    pub days: Days,
    /// The days that it is held against.
    pub before: Days,
    /// The same weekday a week before, of a report of one day.
    pub week_ago: Option<Date>,
    /// Only this product.
    pub product: Option<String>,
    /// Breakdowns.
    pub by: Vec<By>,
    /// Days within which a customer who comes again for the same cause comes for the same matter.
    pub repeat_days: u32,
    /// List so many of the tickets at most.
    pub list: usize,
    /// Draw counts over time.
    pub draw: bool,
}

/// Counts days from the history, and holds them against others.
///
/// # Errors
/// What SQLite gives; when no ticket is of the product.
pub fn report(history: &History, classifier: &Classifier, options: &Options, amounts: Option<&Amounts>) -> Result<(Digest, Listing)> {
    if let Some(product) = &options.product {
        spellings(history, product)?;
    }
    let mut now = Period::read(history, classifier.taxonomy(), options.days, options)?;
    let before = Period::read(history, classifier.taxonomy(), options.before, options)?;
    let week_ago = options.week_ago.map(|day| Period::read(history, classifier.taxonomy(), (day, day), options)).transpose()?;
    let breakdowns = options.by.iter().map(|by| Breakdown { by: by.code(), rows: shares(now.by(*by), &before.by(*by)) }).collect();
    let (mut digest, group_of) = match options.days {
        // Of one day all is known, not only counts.
        (day, last) if day == last => {
            let wanted = options.product.as_deref().map(key);
            night::reissue(history, day, wanted.as_deref(), classifier, night::Options { groups: true, repeat_days: options.repeat_days })?
        }
        _ => {
            let (groups, group_of) = now.groups(history, classifier)?;
            let wanted = options.product.as_deref().map(key);
            let found = checks::of_days(history, options.days, &mut now.names, wanted.as_deref())?;
            (now.into_digest(groups, found)?, group_of)
        }
    };
    // A count of days before the history began would be a lie.
    let began = history.span()?.map(|span| span.0);
    let known = |day: &Date| began.is_some_and(|began| began <= *day);
    let week_ago = week_ago.filter(|w| known(&w.days.0));
    let (before, week_ago) =
        (before.into_digest(Groups::new(), ServiceCounts::default())?, week_ago.map(|w| w.into_digest(Groups::new(), ServiceCounts::default())).transpose()?);
    if known(&options.before.0) {
        digest.hold_against(&before, week_ago.as_ref(), &key);
        let mut more: HashMap<(String, &str, Option<String>), i64> = HashMap::new();
        history.restated(options.before.0, options.before.1, |_, (product, kind, cause), by| {
            let kind = kind.map_or(UNDECIDED, Kind::code);
            let product = key(&product);
            *more.entry((product.clone(), kind, None)).or_default() += by;
            *more.entry((product, kind, Some(cause))).or_default() += by;
        })?;
        digest.bridge(&|product, kind, cause| more.get(&(key(product), kind, cause.map(str::to_owned))).copied().unwrap_or(0));
    }
    digest.breakdowns = breakdowns;
    if options.product.is_some() {
        // What nobody needed is a matter of all products.
        digest.scripts.unused.clear();
    }
    if let Some(amounts) = amounts {
        for product in &mut digest.products {
            let own = key(&product.product);
            let complaints = |d: &Digest| d.products.iter().find(|p| key(&p.product) == own).and_then(|p| p.kinds.first()).map_or(0, |k| k.count);
            let earlier = amounts.of(&own, options.before).and_then(|total| rate(complaints(&before), total));
            let now = product.kinds.first().map_or(0, |k| k.count);
            let told = amounts.of(&own, options.days).and_then(|total| Some((total, rate(now, total)?)));
            product.rate = told.map(|(total, value)| Rate { of: amounts.name.clone(), total, complaints_in_a_million: value, before: earlier });
        }
    }
    let mut tickets = Listing::default();
    if options.draw {
        listing::draw(history, options.days, &mut digest, classifier)?;
    }
    if options.list > 0 {
        let wanted = options.product.as_ref().map(|p| key(p));
        tickets = listing::listing(history, options.days, classifier, options.list, &group_of, wanted.as_deref())?;
    }
    Ok((digest, tickets))
}

/// The counts of one day of a history that is written to, for others to be held against; `None` where nobody counted then.
///
/// # Errors
/// What SQLite gives.
pub(super) fn counted(history: &Writing<'_>, taxonomy: &Taxonomy, day: Date) -> Result<Option<Digest>> {
    let mut period = Period { days: (day, day), counts: Counts::new(SHOWN_IDS), names: Names::new(taxonomy), cells: BTreeMap::new() };
    history.counts(day, day, |count| {
        let key = period.names.key(&count.product);
        period.add(&key, count);
    })?;
    if period.cells.is_empty() { Ok(None) } else { period.into_digest(Groups::new(), ServiceCounts::default()).map(Some) }
}

/// Complaints in a million.
fn rate(complaints: u64, total: u64) -> Option<u64> {
    (total > 0).then(|| (complaints as f64 * 1e6 / total as f64).round() as u64)
}

/// The spellings that a product has in the history.
///
/// # Errors
/// When there are none: names the nearest.
pub fn spellings(history: &History, product: &str) -> Result<Vec<String>> {
    let (wanted, all) = (key(product), history.products()?);
    let same: Vec<String> = all.iter().filter(|p| key(p) == wanted).cloned().collect();
    if same.is_empty() {
        let near = nearest(product, all.iter().map(String::as_str)).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
        return Err(Error::setup(format!("the history has no tickets of a product `{product}`{near}")));
    }
    Ok(same)
}

/// The counts of some days.
struct Period {
    days: Days,
    counts: Counts,
    names: Names,
    /// By channel, kind and cause.
    cells: BTreeMap<(String, Option<Kind>, String), u64>,
}

impl Period {
    fn read(history: &History, taxonomy: &Taxonomy, days: Days, options: &Options) -> Result<Period> {
        let mut period = Period { days, counts: Counts::new(SHOWN_IDS), names: Names::new(taxonomy), cells: BTreeMap::new() };
        let wanted = options.product.as_ref().map(|p| period.names.key(p));
        history.counts(days.0, days.1, |count| {
            let key = period.names.key(&count.product);
            if wanted.as_ref().is_none_or(|wanted| *wanted == key) {
                period.add(&key, count);
            }
        })?;
        Ok(period)
    }

    fn add(&mut self, key: &str, count: DayCount) {
        let (_, cause) = self.names.cause(&count.cause, "");
        let ids: Vec<String> = count.ids.lines().map(str::to_owned).collect();
        self.counts.add_many((key, &count.product), count.kind, (cause, cause), count.count, &ids);
        *self.cells.entry((count.channel, count.kind, count.cause)).or_default() += count.count;
    }

    /// Tickets by something, with their complaints and inquiries.
    fn by(&self, by: By) -> HashMap<String, [u64; 3]> {
        let taxonomy = &self.names.taxonomy;
        let causes: HashMap<String, usize> = taxonomy.causes.iter().enumerate().map(|(i, c)| (c.name(), i)).collect();
        let mut all: HashMap<String, [u64; 3]> = HashMap::new();
        for ((channel, kind, cause), count) in &self.cells {
            let index = causes.get(cause).copied();
            let name = match by {
                By::Channel => channel.clone(),
                By::Team => index.and_then(|c| taxonomy.team(c)).unwrap_or_default().to_owned(),
                By::Stage => index.and_then(|c| taxonomy.causes[c].stage.clone()).unwrap_or_default(),
                By::Area => cause.split(" / ").next().unwrap_or_default().to_owned(),
            };
            let row = all.entry(name).or_default();
            row[0] += count;
            row[1] += if *kind == Some(Kind::Complaint) { *count } else { 0 };
            row[2] += if *kind == Some(Kind::Inquiry) { *count } else { 0 };
        }
        all
    }

    /// What no cause took, in groups, where it is not more than is read in a moment.
    fn groups(&mut self, history: &History, classifier: &Classifier) -> Result<(Groups, GroupOf)> {
        let sum = |of: &dyn Fn(&str) -> bool| self.cells.iter().filter(|((_, _, cause), _)| of(cause)).map(|(_, n)| n).sum::<u64>();
        if sum(&|_| true) > MOST_READ || sum(&str::is_empty) > MOST_GROUPED {
            return Ok((Groups::new(), GroupOf::new()));
        }
        let mut loose = Vec::new();
        history.without_cause(self.days.0, self.days.1, |ticket| {
            let product = self.names.key(&ticket.product);
            loose.extend(ticket.text.map(|text| Loose { product, kind: ticket.kind, id: ticket.id, text }));
        })?;
        let (groups, of_ticket) = grouped(&loose, SHOWN_IDS, classifier.segmenter(), true);
        Ok((groups, group_of(loose, of_ticket)))
    }

    fn into_digest(mut self, groups: Groups, service: ServiceCounts) -> Result<Digest> {
        let (first, last) = self.days;
        self.counts.add_days(Some(first), Some(last));
        let total = self.counts.total();
        let accounting = Accounting { rows: total, classified: total, ..Accounting::default() };
        let header = Header { groups, from_history: true, service, ..Header::default() };
        Digest::new(&self.counts, accounting, &self.names.taxonomy, crate::digest::Corrections::default(), header)
    }
}

/// The rows of a breakdown.
fn shares(now: HashMap<String, [u64; 3]>, before: &HashMap<String, [u64; 3]>) -> Vec<Share> {
    let gone = before.keys().filter(|name| !now.contains_key(*name)).map(|name| (name.clone(), [0; 3])).collect::<Vec<_>>();
    let share = |(name, [count, complaints, inquiries]): (String, [u64; 3])| Share {
        before: before.get(&name).map_or(0, |b| b[0]),
        name,
        count,
        complaints,
        inquiries,
    };
    let mut rows: Vec<Share> = now.into_iter().chain(gone).map(share).collect();
    rows.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    rows
}

/// Days without a number.
fn missing(of: &BTreeMap<Date, u64>, days: Days) -> Vec<Date> {
    days.0.series(1.day()).take_while(|day| *day <= days.1).filter(|day| !of.contains_key(day)).collect()
}

/// Those that are named.
const SHOWN_MISSING: usize = 5;

/// How many orders, or active users, there were: by product and day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amounts {
    /// What they are called.
    name: String,
    /// By folded product; the empty one is of all products.
    of: HashMap<String, BTreeMap<Date, u64>>,
}

impl Amounts {
    /// Reads a CSV of a day, a product (this column may be missing) and a number. `day` reads a day.
    ///
    /// # Errors
    /// Names the line that is not so.
    ///
    /// ```
    /// use ahu::pipeline::period::Amounts;
    /// let read = |text: &str| text.parse().ok();
    /// assert!(Amounts::parse("日期,产品,活跃用户\n2026-11-01,甲,12000\n", &read).is_ok());
    /// assert!(Amounts::parse("日期,产品,活跃用户\n2026-11-01,甲,很多\n", &read).unwrap_err().to_string().contains("line 2"));
    /// ```
    pub fn parse(text: &str, day: &dyn Fn(&str) -> Option<Date>) -> Result<Amounts> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let wrong = |e: csv::Error| Error::setup(format!("expected a CSV of day, product and number: {e}"));
        let header = reader.headers().map_err(wrong)?.clone();
        if !(2..=3).contains(&header.len()) {
            return Err(Error::setup(format!("expected the columns day, product (if any) and number, found {} columns", header.len())));
        }
        let mut amounts = Amounts { name: header[header.len() - 1].to_owned(), of: HashMap::new() };
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            let line = record.position().map_or(0, csv::Position::line);
            let bad = |what: &str, found: &str| Error::setup(format!("expected {what}, found `{found}`")).at_line(line);
            let at = day(&record[0]).ok_or_else(|| bad("a day such as 2026-11-22", &record[0]))?;
            let number = &record[record.len() - 1];
            let number: u64 = number.replace(',', "").parse().map_err(|_| bad("a whole number", number))?;
            let product = if record.len() == 3 { key(&record[1]) } else { String::new() };
            *amounts.of.entry(product).or_default().entry(at).or_default() += number;
        }
        Ok(amounts)
    }

    /// How many a product (by its folded name) had, where every day is told; without a product column as many as all.
    fn of(&self, key: &str, days: Days) -> Option<u64> {
        let of = self.of.get(key).or_else(|| self.of.get(""))?;
        missing(of, days).is_empty().then(|| of.range(days.0..=days.1).map(|(_, n)| n).sum())
    }

    /// What no rate can be told of, in words: days that the file leaves out, and products that the history does not know.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn gaps(&self, history: &History, options: &Options) -> Result<Vec<String>> {
        let known: Vec<String> = history.products()?.iter().map(|p| key(p)).collect();
        let wanted = options.product.as_deref().map(key);
        let mut said = Vec::new();
        let mut all: Vec<(&String, &BTreeMap<Date, u64>)> = self.of.iter().collect();
        all.sort_by_key(|a| a.0);
        for (product, of) in all {
            if !product.is_empty() && !known.contains(product) {
                let near = nearest(product, known.iter().map(String::as_str)).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
                said.push(format!("no ticket is of the product `{product}`{near}"));
                continue;
            }
            let missing = missing(of, options.days);
            if !missing.is_empty() && wanted.as_ref().is_none_or(|w| w == product || product.is_empty()) {
                let shown: Vec<String> = missing.iter().take(SHOWN_MISSING).map(ToString::to_string).collect();
                let (more, of) =
                    (if missing.len() > SHOWN_MISSING { " …" } else { "" }, if product.is_empty() { String::new() } else { format!(" of `{product}`") });
                said.push(format!("no rate is told{of}: {} days have no number ({}{more})", missing.len(), shown.join(" ")));
            }
        }
        Ok(said)
    }
}
