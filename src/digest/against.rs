//! Counts held against those of other days, and by something else than product: what reports from a history add to a digest.

use super::{CauseDigest, Digest, KindDigest, ProductDigest, UNDECIDED, Unassigned};
use crate::prediction::Kind;
use serde::Serialize;

/// What a count is held against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Against {
    /// As many days before.
    pub before: u64,
    /// The same weekday a week before, of reports of one day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub week_ago: Option<u64>,
    /// What `before` was as it was decided before the tickets were last decided anew, where that is another number: the difference
    /// is relabelled, the rest of the change is real.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_it_was: Option<u64>,
}

/// Tickets by something else than product: channel, owning team, stage of the customer's journey, the causes' first part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breakdown {
    /// What they are told apart by.
    pub by: &'static str,
    /// Most tickets first.
    pub rows: Vec<Share>,
}

/// A row of a breakdown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Channel, team, stage, part; empty where there is none.
    pub name: String,
    /// Tickets.
    pub count: u64,
    /// Complaints and inquiries among them.
    pub complaints: u64,
    /// See `complaints`.
    pub inquiries: u64,
    /// Tickets as many days before.
    pub before: u64,
}

/// Tickets beside how much there was to complain about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// What is counted: orders, active users; as the file's header calls it.
    pub of: String,
    /// How many there were.
    pub total: u64,
    /// Complaints in a million of them, now and as many days before.
    pub complaints_in_a_million: u64,
    /// See `complaints_in_a_million`; absent where nothing is known of those days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// Days that counts are held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgainstDays {
    /// The first and the last of as many days before.
    pub since: String,
    /// See `since`.
    pub until: String,
    /// The same weekday a week before, of reports of one day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub week_ago: Option<String>,
}

impl Digest {
    /// Holds every count against those of other days. What there was then and is no more stands with a count of 0. `key` gives what a
    /// product is counted under: other days may spell it otherwise.
    pub fn hold_against(&mut self, before: &Digest, week_ago: Option<&Digest>, key: &dyn Fn(&str) -> String) {
        let mut products: Vec<String> = self.products.iter().map(|p| key(&p.product)).collect();
        for other in &before.products {
            if !products.contains(&key(&other.product)) {
                products.push(key(&other.product));
                self.products.push(ProductDigest { product: other.product.clone(), count: 0, kinds: Vec::new(), read_for_certainty: Vec::new(), rate: None });
            }
        }
        for product in &mut self.products {
            let own = key(&product.product);
            let of = |digest: &'_ Digest| digest.products.iter().find(|p| key(&p.product) == own).cloned();
            product.hold_against(of(before).as_ref(), week_ago.map(of).as_ref().map(Option::as_ref));
        }
        self.against = Some(AgainstDays {
            since: before.since.clone().unwrap_or_default(),
            until: before.as_of.clone().unwrap_or_default(),
            week_ago: week_ago.and_then(|w| w.as_of.clone()),
        });
    }

    /// Tells what the counts before were as they were decided then. `relabelled` gives, for product, kind and cause (`None`: all of
    /// the kind), by how much a count is more than it was.
    pub fn bridge(&mut self, relabelled: &dyn Fn(&str, &str, Option<&str>) -> i64) {
        let was = |against: &mut Option<Against>, more: i64| {
            if let Some(a) = against.as_mut().filter(|_| more != 0) {
                a.as_it_was = Some(u64::try_from(a.before as i64 - more).unwrap_or(0));
            }
        };
        for product in &mut self.products {
            for kind in &mut product.kinds {
                was(&mut kind.against, relabelled(&product.product, kind.kind, None));
                was(&mut kind.unassigned.against, relabelled(&product.product, kind.kind, Some("")));
                for cause in &mut kind.causes {
                    was(&mut cause.against, relabelled(&product.product, kind.kind, Some(&cause.cause)));
                }
            }
        }
    }
}

impl ProductDigest {
    fn kind(&self, code: &str) -> Option<&KindDigest> {
        self.kinds.iter().find(|k| k.kind == code)
    }

    /// `week_ago` is `Some(None)` where a week ago is asked for, and the product had nothing then.
    fn hold_against(&mut self, before: Option<&ProductDigest>, week_ago: Option<Option<&ProductDigest>>) {
        for code in Kind::ALL.into_iter().map(Kind::code).chain([UNDECIDED]) {
            let of = |product: Option<&ProductDigest>| product.and_then(|p| p.kind(code)).cloned();
            let (before, week_ago) = (of(before), week_ago.map(of));
            if self.kind(code).is_none() && before.as_ref().is_some_and(|k| k.count > 0 || matches!(code, "complaint" | "inquiry")) {
                self.kinds.push(KindDigest {
                    kind: code,
                    count: 0,
                    corrected: None,
                    against: None,
                    causes: Vec::new(),
                    unassigned: Unassigned::default(),
                    trend: Vec::new(),
                });
            }
            if let Some(kind) = self.kinds.iter_mut().find(|k| k.kind == code) {
                kind.hold_against(before.as_ref(), week_ago.as_ref().map(Option::as_ref));
            }
        }
    }
}

impl KindDigest {
    fn hold_against(&mut self, before: Option<&KindDigest>, week_ago: Option<Option<&KindDigest>>) {
        let against = |of: &dyn Fn(&KindDigest) -> u64| Against { before: before.map_or(0, of), week_ago: week_ago.map(|w| w.map_or(0, of)), as_it_was: None };
        for cause in before.iter().flat_map(|k| &k.causes) {
            if !self.causes.iter().any(|c| c.cause == cause.cause) {
                self.causes.push(CauseDigest { cause: cause.cause.clone(), team: cause.team.clone(), ..CauseDigest::default() });
            }
        }
        for cause in &mut self.causes {
            let of = |k: &KindDigest| k.causes.iter().find(|c| c.cause == cause.cause).map_or(0, |c| c.count);
            cause.against = Some(against(&of));
        }
        self.unassigned.against = Some(against(&|k| k.unassigned.count));
        self.against = Some(against(&|k| k.count));
    }
}
