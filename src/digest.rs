//! Every number a report shows, computed and ordered once. Renderers only write it down.

use crate::counts::{CellKey, Counts, ProductCounts};
use crate::error::{Error, ErrorKind, Result};
use crate::prediction::Kind;
use crate::taxonomy::Taxonomy;
use serde::Serialize;
use std::collections::BTreeMap;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseDigest {
    /// Path in the taxonomy.
    pub cause: String,
    /// How many.
    pub count: u64,
    /// How many matters they are: a customer who comes again soon comes for the same. Absent where no customer is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matters: Option<u64>,
    /// How many have the same text as at least two others, but for numbers and punctuation: pasted. Absent where none has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_text: Option<u64>,
    /// Event ids, in the order of the input.
    pub ids: Vec<String>,
    /// Team that owns the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

/// Tickets that no cause took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Unassigned {
    /// How many.
    pub count: u64,
    /// As [`CauseDigest::same_text`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_text: Option<u64>,
    /// Event ids, in the order of the input.
    pub ids: Vec<String>,
    /// Groups of them.
    pub groups: Vec<CauseDigest>,
}

/// Tickets of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindDigest {
    /// The kind's code, or `undecided` where the classifier abstained.
    pub kind: &'static str,
    /// How many.
    pub count: u64,
    /// By cause, most first.
    pub causes: Vec<CauseDigest>,
    /// The rest.
    pub unassigned: Unassigned,
}

/// Tickets of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProductDigest {
    /// Its name; empty for tickets without a product.
    pub product: String,
    /// How many.
    pub count: u64,
    /// By kind; complaints and inquiries always, the others where there are any.
    pub kinds: Vec<KindDigest>,
}

/// The digest: the value all reports are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Digest {
    /// Version of this format.
    pub version: u32,
    /// Last day of the tickets (or as the user said), as `2026-08-23`; absent when no ticket has a date.
    pub as_of: Option<String>,
    /// First day of the tickets.
    pub since: Option<String>,
    /// Where the rows went.
    pub accounting: Accounting,
    /// By product, most complaints first.
    pub products: Vec<ProductDigest>,
    /// Ids asked for that no row has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids_not_found: Vec<String>,
    /// Days within which a customer who comes again for the same cause comes for the same matter; absent where no customer is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_days: Option<u32>,
}

/// What a digest says beside its counts.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// The day it is headed with, if not the last of the tickets.
    pub as_of: Option<String>,
    /// Ids asked for that no row has.
    pub ids_not_found: Vec<String>,
    /// Days within which a customer who comes again for the same cause comes for the same matter.
    pub repeat_days: u32,
}

/// Code of tickets whose kind the classifier would not decide.
pub const UNDECIDED: &str = "undecided";

impl Digest {
    /// Orders and names the counts.
    ///
    /// # Errors
    /// When the counts are not what the accounting says.
    pub fn new(counts: &Counts, accounting: Accounting, taxonomy: &Taxonomy, header: Header) -> Result<Digest> {
        accounting.check()?;
        if counts.total() != accounting.classified {
            let message =
                format!("{} rows classified, but the digest counts {}; nothing is published; please report this", accounting.classified, counts.total());
            return Err(Error::new(ErrorKind::Accounting, message));
        }
        let mut products: Vec<ProductDigest> = counts.products.values().map(|p| product_digest(p, taxonomy, header.repeat_days)).collect();
        let complaints = |p: &ProductDigest| p.kinds.first().map_or(0, |k| k.count);
        products.sort_by(|a, b| (complaints(b), b.count).cmp(&(complaints(a), a.count)).then_with(|| a.product.cmp(&b.product)));
        Ok(Digest {
            version: 1,
            as_of: header.as_of.or_else(|| counts.last_day.map(|d| d.to_string())),
            since: counts.first_day.map(|d| d.to_string()),
            accounting,
            repeat_days: products.iter().flat_map(|p| &p.kinds).flat_map(|k| &k.causes).any(|c| c.matters.is_some()).then_some(header.repeat_days),
            products,
            ids_not_found: header.ids_not_found,
        })
    }

    /// Tickets of this kind over all products.
    #[must_use]
    pub fn total(&self, kind: &str) -> u64 {
        self.products.iter().flat_map(|p| &p.kinds).filter(|k| k.kind == kind).map(|k| k.count).sum()
    }
}

fn product_digest(counts: &ProductCounts, taxonomy: &Taxonomy, repeat_days: u32) -> ProductDigest {
    // The commonest spelling names the product; of equals the first by the alphabet.
    let name = counts.spellings.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map(|(n, _)| n.clone());
    let cells: BTreeMap<&CellKey, _> = counts.cells.iter().collect();
    let kinds = Kind::ALL.into_iter().map(Some).chain([None]).filter_map(|kind| {
        let mut causes: Vec<CauseDigest> = Vec::new();
        let mut unassigned = Unassigned::default();
        for ((_, cause), cell) in cells.iter().filter(|((k, _), _)| *k == kind) {
            match cause {
                Some(i) => {
                    let cause = &taxonomy.causes[cell.first_cause.unwrap_or(*i)];
                    causes.push(CauseDigest {
                        cause: cause.name(),
                        count: cell.count,
                        matters: cell.matters(i32::try_from(repeat_days).unwrap_or(i32::MAX)),
                        same_text: cell.same_text(),
                        ids: cell.ids.clone(),
                        team: cause.team.clone(),
                    });
                }
                None => unassigned = Unassigned { count: cell.count, same_text: cell.same_text(), ids: cell.ids.clone(), groups: Vec::new() },
            }
        }
        causes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.cause.cmp(&b.cause)));
        let count = causes.iter().map(|c| c.count).sum::<u64>() + unassigned.count;
        let always = matches!(kind, Some(Kind::Complaint | Kind::Inquiry));
        (always || count > 0).then(|| KindDigest { kind: kind.map_or(UNDECIDED, Kind::code), count, causes, unassigned })
    });
    let kinds: Vec<KindDigest> = kinds.collect();
    ProductDigest { product: name.unwrap_or_default(), count: kinds.iter().map(|k| k.count).sum(), kinds }
}
