//! Every number a report shows, computed and ordered once. Renderers only write it down.

mod against;
mod part;
mod scripts;
mod service;
mod trend;

pub use against::{Against, AgainstDays, Breakdown, Rate, Share};
pub use scripts::{NoScript, ScriptsDigest};
pub use trend::Trends;

pub use service::{AgentDigest, CheckDigest, Precision, RiskDigest, RiskTicket, ServiceDigest};

use crate::alert::Alert;
use crate::counts::service::ServiceCounts;
use crate::counts::{CellKey, Counts, ProductCounts};
use crate::error::{Error, ErrorKind, Result};
use crate::prediction::Kind;
use crate::prevalence::{self, Reference, Soft};
use crate::taxonomy::Taxonomy;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Where the rows went: `rows` is the sum of the three below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Accounting {
    /// Rows of data read (and chosen, where only some ids were asked for).
    pub rows: u64,
    /// Counted in the digest.
    pub classified: u64,
    /// Same id and same content as an earlier row.
    pub duplicates: u64,
    /// Unreadable.
    pub quarantined: u64,
    /// Header, title and blank lines: no rows.
    #[serde(skip)]
    pub structural: u64,
    /// Rows whose id was not asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_asked_for: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Accounting {
    /// Checks the identity that every run promises.
    ///
    /// # Errors
    /// [`ErrorKind::Accounting`] when rows are missing or too many.
    pub fn check(&self) -> Result<()> {
        let sum = self.classified + self.duplicates + self.quarantined;
        if sum == self.rows {
            return Ok(());
        }
        let message = format!(
            "{} rows read, but {} classified + {} duplicates + {} quarantined = {sum}; nothing is published; please report this",
            self.rows, self.classified, self.duplicates, self.quarantined
        );
        Err(Error::new(ErrorKind::Accounting, message))
    }
}

/// Tickets of one cause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CauseDigest {
    /// Path in the taxonomy.
    pub cause: String,
    /// How many.
    pub count: u64,
    /// How many they probably are, where a model was measured; `count` is how many were decided so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Corrected>,
    /// How many matters they are: a customer who comes again soon comes for the same. Absent where no customer is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matters: Option<u64>,
    /// How many have the same text as at least two others, but for numbers and punctuation: pasted. Absent where none has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_text: Option<u64>,
    /// As [`KindDigest::against`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// Event ids, in the order of the input.
    pub ids: Vec<String>,
    /// Team that owns the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Tickets at each of [`Digest::points`]; for people.
    #[serde(skip)]
    pub trend: Vec<u64>,
}

/// Tickets that no cause took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Unassigned {
    /// How many.
    pub count: u64,
    /// As [`CauseDigest::same_text`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_text: Option<u64>,
    /// As [`KindDigest::against`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// Event ids, in the order of the input.
    pub ids: Vec<String>,
    /// Groups of them, the largest first; a group's `cause` is its name. Empty where there are too few tickets for groups, or too
    /// many for a digest.
    pub groups: Vec<CauseDigest>,
    /// Tickets at each of [`Digest::points`]; for people.
    #[serde(skip)]
    pub trend: Vec<u64>,
}

/// Tickets of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KindDigest {
    /// The kind's code, or `undecided` where the classifier abstained.
    pub kind: &'static str,
    /// How many.
    pub count: u64,
    /// How many they probably are, where a model was measured; `count` is how many were decided so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Corrected>,
    /// How many they were before, in reports from a history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// By cause, most first.
    pub causes: Vec<CauseDigest>,
    /// The rest.
    pub unassigned: Unassigned,
    /// Tickets at each of [`Digest::points`]; for people.
    #[serde(skip)]
    pub trend: Vec<u64>,
}

/// Tickets of one product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProductDigest {
    /// Its name; empty for tickets without a product.
    pub product: String,
    /// How many.
    pub count: u64,
    /// By kind; complaints and inquiries always, the others where there are any.
    pub kinds: Vec<KindDigest>,
    /// Where there are too few tickets for correcting their counts: those that models are not sure of. Whoever reads them knows the
    /// exact numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_for_certainty: Vec<String>,
    /// Complaints beside orders or users, where a file tells how many there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

/// A count with what is known of the classifier's errors: see [`crate::prevalence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Corrected {
    /// How many they probably are; over all kinds of a product as many as were decided.
    pub count: u64,
    /// Lower end of the 95 % interval.
    pub low: u64,
    /// Upper end of it.
    pub high: u64,
}

/// What counts are corrected by: for each target a reference, and its labels as places in [`Kind::ALL`] or indexes of causes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Corrections<'a> {
    /// Of kinds.
    pub kinds: Option<(&'a Reference, &'a [usize])>,
    /// Of causes.
    pub causes: Option<(&'a Reference, &'a [usize])>,
}

/// Most tickets of a product whose counts are not corrected: reading the doubtful ones of so few makes the numbers exact.
const READ_INSTEAD: u64 = 50;

/// How often a day's digest was issued before (rows came late, were decided anew, or forgotten), and what changed the last time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revision {
    /// How often.
    pub number: u32,
    /// What changed.
    pub changed: Vec<Changed>,
}

/// A count that has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Product.
    pub product: String,
    /// The kind; `None` where it was not decided.
    pub kind: Option<Kind>,
    /// Cause; empty for what no cause took.
    pub cause: String,
    /// Tickets before.
    pub before: u64,
    /// Tickets now.
    pub after: u64,
}

/// The digest: the value all reports are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Digest {
    /// Version of this format.
    pub version: u32,
    /// Last day of the tickets (or as the user said), as `2026-08-23`; absent when no ticket has a date.
    pub as_of: Option<String>,
    /// First day of the tickets.
    pub since: Option<String>,
    /// Where the rows went.
    pub accounting: Accounting,
    /// Customers who threaten, the gravest first: somebody should call them back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<RiskDigest>,
    /// By product, most complaints first.
    pub products: Vec<ProductDigest>,
    /// Ids asked for that no row has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids_not_found: Vec<String>,
    /// Days within which a customer who comes again for the same cause comes for the same matter; absent where no customer is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_days: Option<u32>,
    /// Where it was issued before: for people, since to programs the same tickets are the same digest.
    #[serde(skip)]
    pub revision: Option<Revision>,
    /// What is unusual on this day: for people; programs read it in a file of its own.
    #[serde(skip)]
    pub alerts: Vec<Alert>,
    /// Whether its tickets are those of a history: the runs that read them have accounted for the rows.
    #[serde(skip)]
    pub from_history: bool,
    /// Of reports from a history: the days that counts are held against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<AgainstDays>,
    /// The first days of the stretches of time that trends are drawn over: days, weeks or months.
    #[serde(skip)]
    pub points: Vec<String>,
    /// Tickets by something else than product.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breakdowns: Vec<Breakdown>,
    /// How the desk served, where conversations tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<ServiceDigest>,
    /// How each agent served, where that is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentDigest>,
    /// Which inquiries no script answers, and which scripts nobody needed.
    #[serde(skip_serializing_if = "ScriptsDigest::is_empty")]
    pub scripts: ScriptsDigest,
    /// What was measured of the checks behind `risks` and `service`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub precisions: Vec<Precision>,
}

/// Tickets of one product (by the key it is counted under) and kind that no cause took, in groups.
pub type Groups = HashMap<(String, Option<Kind>), Vec<CauseDigest>>;

/// What a digest says beside its counts.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// Groups of what no cause took.
    pub groups: Groups,
    /// The day it is headed with, if not the last of the tickets.
    pub as_of: Option<String>,
    /// Ids asked for that no row has.
    pub ids_not_found: Vec<String>,
    /// Days within which a customer who comes again for the same cause comes for the same matter.
    pub repeat_days: u32,
    /// Where it was issued before.
    pub revision: Option<Revision>,
    /// Whether its tickets are those of a history.
    pub from_history: bool,
    /// What checks found.
    pub service: ServiceCounts,
}

/// Code of tickets whose kind the classifier would not decide.
pub const UNDECIDED: &str = "undecided";

impl CauseDigest {
    /// How many to show: corrected where that is known.
    #[must_use]
    pub fn shown(&self) -> u64 {
        self.corrected.map_or(self.count, |c| c.count)
    }
}

impl Unassigned {
    /// Groups of at least two tickets, at most `most` of them, and how many tickets are in none of these.
    #[must_use]
    pub fn shown_groups(&self, most: usize) -> (&[CauseDigest], u64) {
        let shown = self.groups.iter().take_while(|g| g.count > 1).count().min(most);
        let groups = &self.groups[..shown];
        (groups, self.count - groups.iter().map(|g| g.count).sum::<u64>())
    }
}

impl KindDigest {
    /// How many to show: corrected where that is known.
    #[must_use]
    pub fn shown(&self) -> u64 {
        self.corrected.map_or(self.count, |c| c.count)
    }
}

/// Causes whose paths begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area<'d> {
    /// The first part of their paths.
    pub name: &'d str,
    /// How many tickets.
    pub count: u64,
    /// The causes, as the digest orders them.
    pub causes: Vec<&'d CauseDigest>,
}

impl KindDigest {
    /// The causes as a tree of two levels, the largest area first.
    #[must_use]
    pub fn areas(&self) -> Vec<Area<'_>> {
        let mut areas: Vec<Area<'_>> = Vec::new();
        for cause in &self.causes {
            let name = cause.cause.split(" / ").next().unwrap_or_default();
            match areas.iter_mut().find(|a| a.name == name) {
                Some(area) => {
                    area.count += cause.shown();
                    area.causes.push(cause);
                }
                None => areas.push(Area { name, count: cause.shown(), causes: vec![cause] }),
            }
        }
        // Stable: of equals the one whose largest cause is larger stays first.
        areas.sort_by_key(|a| std::cmp::Reverse(a.count));
        areas
    }
}

impl Digest {
    /// Orders and names the counts.
    ///
    /// # Errors
    /// When the counts are not what the accounting says.
    pub fn new(counts: &Counts, accounting: Accounting, taxonomy: &Taxonomy, corrections: Corrections<'_>, header: Header) -> Result<Digest> {
        accounting.check()?;
        if counts.total() != accounting.classified {
            let message =
                format!("{} rows classified, but the digest counts {}; nothing is published; please report this", accounting.classified, counts.total());
            return Err(Error::new(ErrorKind::Accounting, message));
        }
        let mut products: Vec<ProductDigest> = counts.products.iter().map(|(key, p)| product_digest((key, p), taxonomy, corrections, &header)).collect();
        let complaints = |p: &ProductDigest| p.kinds.first().map_or(0, |k| k.count);
        products.sort_by(|a, b| (complaints(b), b.count).cmp(&(complaints(a), a.count)).then_with(|| a.product.cmp(&b.product)));
        let names = counts.products.iter().map(|(key, p)| (key.as_str(), p.name())).collect();
        let risks = service::risks(&header.service, taxonomy, &names);
        let service = service::service(&header.service, taxonomy, &products, &names);
        let scripts = scripts::scripts(&products, taxonomy, (counts.first_day, counts.last_day));
        let precisions = service::precisions(&risks, &service, taxonomy);
        Ok(Digest {
            version: 1,
            as_of: header.as_of.or_else(|| counts.last_day.map(|d| d.to_string())),
            since: counts.first_day.map(|d| d.to_string()),
            accounting,
            repeat_days: products.iter().flat_map(|p| &p.kinds).flat_map(|k| &k.causes).any(|c| c.matters.is_some()).then_some(header.repeat_days),
            risks,
            products,
            ids_not_found: header.ids_not_found,
            revision: header.revision,
            alerts: Vec::new(),
            from_history: header.from_history,
            against: None,
            points: Vec::new(),
            breakdowns: Vec::new(),
            service,
            agents: service::agents(&header.service, taxonomy),
            scripts,
            precisions,
        })
    }

    /// Tickets of this kind over all products; corrected where that is known.
    #[must_use]
    pub fn total(&self, kind: &str) -> u64 {
        self.products.iter().flat_map(|p| &p.kinds).filter(|k| k.kind == kind).map(KindDigest::shown).sum()
    }

    /// Whether any count is corrected.
    #[must_use]
    pub fn is_corrected(&self) -> bool {
        let kinds = || self.products.iter().flat_map(|p| &p.kinds);
        kinds().any(|k| k.corrected.is_some()) || kinds().flat_map(|k| &k.causes).any(|c| c.corrected.is_some())
    }
}

/// Corrected counts of a product's labels, by kind or cause; whole numbers that add up as the estimates do.
fn corrected(soft: &Soft, correction: Option<(&Reference, &[usize])>) -> BTreeMap<usize, Corrected> {
    let Some((reference, labels)) = correction.filter(|_| soft.total() > READ_INSTEAD) else { return BTreeMap::new() };
    let estimates = prevalence::estimate(soft, reference);
    let mut counts: Vec<u64> = estimates.iter().map(|e| e.count as u64).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by(|a, b| estimates[*b].count.fract().total_cmp(&estimates[*a].count.fract()).then(a.cmp(b)));
    let missing = soft.total().saturating_sub(counts.iter().sum()) as usize;
    order.iter().take(missing).for_each(|l| counts[*l] += 1);
    let of = |l: usize| Corrected {
        count: counts[l],
        low: (estimates[l].low.floor() as u64).min(counts[l]),
        high: (estimates[l].high.ceil() as u64).max(counts[l]),
    };
    // Several labels of a model may mean the same here.
    let mut all: BTreeMap<usize, Corrected> = BTreeMap::new();
    for (l, meaning) in labels.iter().enumerate() {
        let one = of(l);
        all.entry(*meaning)
            .and_modify(|sum| *sum = Corrected { count: sum.count + one.count, low: sum.low + one.low, high: sum.high + one.high })
            .or_insert(one);
    }
    all
}

impl Corrected {
    /// With tickets of which it is certain.
    fn and(self, certain: u64) -> Corrected {
        Corrected { count: self.count + certain, low: self.low + certain, high: self.high + certain }
    }
}

fn product_digest((key, counts): (&str, &ProductCounts), taxonomy: &Taxonomy, corrections: Corrections<'_>, header: &Header) -> ProductDigest {
    let (by_kind, by_cause) = (corrected(&counts.kinds, corrections.kinds), corrected(&counts.causes, corrections.causes));
    let cells: BTreeMap<&CellKey, _> = counts.cells.iter().collect();
    let kinds = Kind::ALL.into_iter().map(Some).chain([None]).filter_map(|kind| {
        let mut causes: Vec<CauseDigest> = Vec::new();
        let mut unassigned = Unassigned::default();
        for ((_, cause), cell) in cells.iter().filter(|((k, _), _)| *k == kind) {
            match cause {
                Some(i) => {
                    let cause = &taxonomy.causes[cell.first_cause.unwrap_or(*i)];
                    // A model of causes knows nothing of kinds: what it corrects must be all of the cause.
                    let alone = cells.keys().filter(|(_, c)| c == &Some(*i)).count() == 1;
                    causes.push(CauseDigest {
                        cause: cause.name(),
                        count: cell.count,
                        corrected: by_cause.get(i).filter(|_| alone).map(|c| c.and(cell.count - cell.modelled.1)),
                        matters: cell.matters(i32::try_from(header.repeat_days).unwrap_or(i32::MAX)),
                        same_text: cell.same_text(),
                        against: None,
                        ids: cell.ids.clone(),
                        team: taxonomy.team(cell.first_cause.unwrap_or(*i)).map(str::to_owned),
                        trend: Vec::new(),
                    });
                }
                None => {
                    let mut groups = header.groups.get(&(key.to_owned(), kind)).cloned().unwrap_or_default();
                    groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.cause.cmp(&b.cause)));
                    unassigned = Unassigned { count: cell.count, same_text: cell.same_text(), against: None, ids: cell.ids.clone(), groups, trend: Vec::new() };
                }
            }
        }
        causes.sort_by(|a, b| (b.shown(), b.count).cmp(&(a.shown(), a.count)).then_with(|| a.cause.cmp(&b.cause)));
        let count = causes.iter().map(|c| c.count).sum::<u64>() + unassigned.count;
        let always = matches!(kind, Some(Kind::Complaint | Kind::Inquiry));
        let certain: u64 = cells.iter().filter(|((k, _), _)| *k == kind).map(|(_, cell)| cell.count - cell.modelled.0).sum();
        let corrected = kind.and_then(|k| by_kind.get(&(k as usize))).map(|c| c.and(certain));
        (always || count > 0).then(|| KindDigest {
            kind: kind.map_or(UNDECIDED, Kind::code),
            count,
            corrected,
            against: None,
            causes,
            unassigned,
            trend: Vec::new(),
        })
    });
    let kinds: Vec<KindDigest> = kinds.collect();
    let few = (1..=READ_INSTEAD).contains(&counts.kinds.total().max(counts.causes.total()));
    let read_for_certainty = if few { counts.doubtful.clone() } else { Vec::new() };
    ProductDigest { product: counts.name().to_owned(), count: kinds.iter().map(|k| k.count).sum(), kinds, read_for_certainty, rate: None }
}
