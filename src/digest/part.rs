//! Part of a digest: what one team owns, or some products.

use super::{Accounting, Digest, KindDigest, Unassigned};
use crate::prediction::Kind;

impl Digest {
    /// What a team owns: its causes, with their alerts and changes. `owner` gives the team of a product's cause. Counts stay what they are;
    /// those that were of all causes together become sums of the team's.
    #[must_use]
    pub fn of_team(&self, team: &str, owner: &dyn Fn(&str, &str) -> Option<String>) -> Digest {
        let owns = |product: &str, cause: &str| owner(product, cause).is_some_and(|of| of == team);
        let mut part = self.clone();
        for product in &mut part.products {
            let name = product.product.clone();
            product.kinds.iter_mut().for_each(|kind| kind.retain(|cause| owns(&name, cause)));
            product.kinds.retain(|k| k.count > 0 || !k.causes.is_empty() || matches!(k.kind, "complaint" | "inquiry"));
            product.count = product.kinds.iter().map(|k| k.count).sum();
            let ids = |k: &KindDigest| k.causes.iter().flat_map(|c| c.ids.clone()).collect::<Vec<_>>();
            let kept: Vec<String> = product.kinds.iter().flat_map(ids).collect();
            product.read_for_certainty.retain(|id| kept.contains(id));
            product.rate = None;
        }
        part.products.retain(|p| p.kinds.iter().any(|k| !k.causes.is_empty()));
        part.alerts.retain(|a| owns(&a.product, &a.cause));
        if let Some(revision) = &mut part.revision {
            revision.changed.retain(|c| owns(&c.product, &c.cause));
        }
        part.settled()
    }

    /// Some products alone. `wanted` tells which.
    #[must_use]
    pub fn of_products(&self, wanted: &dyn Fn(&str) -> bool) -> Digest {
        let mut part = self.clone();
        part.products.retain(|p| wanted(&p.product));
        part.alerts.retain(|a| wanted(&a.product));
        if let Some(revision) = &mut part.revision {
            revision.changed.retain(|c| wanted(&c.product));
        }
        part.settled()
    }

    /// With rows and orders as they are in the part.
    fn settled(mut self) -> Digest {
        let complaints = |p: &super::ProductDigest| p.kinds.iter().find(|k| k.kind == Kind::Complaint.code()).map_or(0, |k| k.count);
        self.products.sort_by(|a, b| (complaints(b), b.count).cmp(&(complaints(a), a.count)).then_with(|| a.product.cmp(&b.product)));
        let rows = self.products.iter().map(|p| p.count).sum();
        self.accounting = Accounting { rows, classified: rows, ..Accounting::default() };
        self.ids_not_found.clear();
        self.breakdowns.clear();
        self
    }
}

impl KindDigest {
    /// Keeps some causes, and counts what is left.
    fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.causes.retain(|c| keep(&c.cause));
        self.unassigned = Unassigned::default();
        self.corrected = None;
        self.count = self.causes.iter().map(|c| c.count).sum();
        if let Some(against) = &mut self.against {
            let sum = |of: &dyn Fn(&super::Against) -> u64| self.causes.iter().filter_map(|c| c.against.as_ref()).map(of).sum();
            *against = super::Against { before: sum(&|a| a.before), week_ago: against.week_ago.map(|_| sum(&|a| a.week_ago.unwrap_or(0))), as_it_was: None };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::digest::{Accounting, CauseDigest, Digest, KindDigest, ProductDigest, Unassigned};

    fn digest() -> Digest {
        let cause = |cause: &str, count: u64| CauseDigest { cause: cause.to_owned(), count, ids: vec![format!("{cause}1")], ..CauseDigest::default() };
        let kind = |kind, causes: Vec<CauseDigest>, loose: u64| KindDigest {
            kind,
            count: causes.iter().map(|c| c.count).sum::<u64>() + loose,
            corrected: None,
            against: None,
            causes,
            unassigned: Unassigned { count: loose, ..Unassigned::default() },
            ..KindDigest::default()
        };
        let product = |name: &str, kinds: Vec<KindDigest>| ProductDigest {
            product: name.to_owned(),
            count: kinds.iter().map(|k| k.count).sum(),
            kinds,
            read_for_certainty: vec!["闪退1".to_owned(), "充值1".to_owned()],
            rate: None,
        };
        let products = vec![
            product("甲", vec![kind("complaint", vec![cause("闪退", 5), cause("充值", 3)], 2), kind("inquiry", vec![cause("规则", 4)], 0)]),
            product("乙", vec![kind("complaint", vec![cause("充值", 9)], 0)]),
            product("丙", vec![kind("complaint", vec![], 7)]),
        ];
        let rows = products.iter().map(|p| p.count).sum();
        Digest {
            version: 1,
            as_of: None,
            since: None,
            accounting: Accounting { rows, classified: rows, ..Accounting::default() },
            products,
            ids_not_found: Vec::new(),
            repeat_days: None,
            revision: None,
            alerts: Vec::new(),
            against: None,
            ..Digest::default()
        }
    }

    #[test]
    fn a_team_has_its_causes_and_nothing_else() {
        let owner = |product: &str, cause: &str| match (product, cause) {
            (_, "闪退") => Some("客户端".to_owned()),
            (_, "充值") => Some("支付".to_owned()),
            ("甲", _) => Some("甲组".to_owned()),
            _ => None,
        };
        let all = digest();
        let of = |team: &str| all.of_team(team, &owner);
        let pay = of("支付");
        assert_eq!(pay.products.iter().map(|p| (p.product.as_str(), p.count)).collect::<Vec<_>>(), [("乙", 9), ("甲", 3)]);
        assert_eq!((pay.accounting.rows, pay.accounting.check().is_ok()), (12, true));
        assert_eq!(of("客户端").products[0].read_for_certainty, ["闪退1"]);
        assert_eq!((of("甲组").accounting.rows, of("谁").accounting.rows), (4, 0));
        // What has an owner is somebody's, once.
        let owned: u64 = ["支付", "客户端", "甲组"].map(|team| of(team).accounting.rows).iter().sum();
        assert_eq!(owned, all.accounting.rows - 2 - 7);
        assert_eq!(all.of_products(&|p| p != "甲").accounting.rows, 16);
    }
}
