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
        part.keep_checked(owns);
        part.keep_scripts(owns);
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
        part.keep_checked(|product, _| wanted(product));
        part.keep_scripts(|product, _| wanted(product));
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
        self.trend = (0..self.trend.len()).map(|at| self.causes.iter().filter_map(|c| c.trend.get(at)).sum()).collect();
        if let Some(against) = &mut self.against {
            let sum = |of: &dyn Fn(&super::Against) -> u64| self.causes.iter().filter_map(|c| c.against.as_ref()).map(of).sum();
            *against = super::Against { before: sum(&|a| a.before), week_ago: against.week_ago.map(|_| sum(&|a| a.week_ago.unwrap_or(0))), as_it_was: None };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::digest::{
        Accounting, CauseDigest, CheckDigest, Digest, KindDigest, Precision, ProductDigest, RiskDigest, RiskTicket, ServiceDigest, Unassigned,
    };
    use crate::taxonomy::check::Name;

    fn digest() -> Digest {
        let cause = |cause: &str, count: u64| CauseDigest {
            cause: cause.to_owned(),
            count,
            ids: vec![format!("{cause}1")],
            trend: vec![count, 1],
            ..CauseDigest::default()
        };
        let kind = |kind, causes: Vec<CauseDigest>, loose: u64| KindDigest {
            kind,
            count: causes.iter().map(|c| c.count).sum::<u64>() + loose,
            corrected: None,
            against: None,
            causes,
            unassigned: Unassigned { count: loose, ..Unassigned::default() },
            trend: vec![100, 100],
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
            risks: vec![risk("law", &[("甲", "闪退", "1"), ("甲", "充值", "2"), ("乙", "充值", "3"), ("丙", "", "4")]), risk("media", &[("甲", "闪退", "5")])],
            service: [("甲", "闪退", 1), ("甲", "充值", 0), ("乙", "充值", 1), ("丙", "", 1)].map(served).into(),
            precisions: ["law", "media", "rude"].map(|check| Precision { check: check.to_owned(), name: Name::default(), precision: 0.9 }).into(),
            ..Digest::default()
        }
    }

    fn risk(flag: &str, tickets: &[(&str, &str, &str)]) -> RiskDigest {
        let ticket = |(product, cause, id): &(&str, &str, &str)| RiskTicket {
            product: (*product).to_owned(),
            cause: (*cause).to_owned(),
            id: (*id).to_owned(),
            sentence: "要告你们".to_owned(),
        };
        RiskDigest { flag: flag.to_owned(), name: Name::default(), count: tickets.len() as u64, tickets: tickets.iter().map(ticket).collect() }
    }

    fn served((product, cause, count): (&str, &str, u64)) -> ServiceDigest {
        let check = CheckDigest { check: "rude".to_owned(), name: Name::default(), good: false, count, ids: Vec::new(), sentences: Vec::new() };
        ServiceDigest { product: product.to_owned(), kind: "complaint", cause: cause.to_owned(), tickets: 3, checks: vec![check] }
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
        assert_eq!(pay.products[1].kinds[0].trend, [3, 1]);
    }

    #[test]
    fn a_part_tells_of_its_own_risks_and_conversations() {
        let all = digest();
        let told = |part: &Digest| {
            let risks: Vec<String> =
                part.risks.iter().map(|r| format!("{} {} {:?}", r.flag, r.count, r.tickets.iter().map(|t| &t.id).collect::<Vec<_>>())).collect();
            let service: Vec<String> = part.service.iter().map(|s| format!("{}{}", s.product, s.cause)).collect();
            let precisions: Vec<&str> = part.precisions.iter().map(|p| p.check.as_str()).collect();
            (risks.join(", "), service.join(", "), precisions.join(", "))
        };
        let expected = |risks: &str, service: &str, precisions: &str| (risks.to_owned(), service.to_owned(), precisions.to_owned());
        let owner = |product: &str, cause: &str| (!cause.is_empty()).then(|| if product == "乙" { "乙组".to_owned() } else { cause.to_owned() });
        assert_eq!(told(&all.of_team("充值", &owner)), expected("law 1 [\"2\"]", "甲充值", "law"));
        assert_eq!(told(&all.of_team("闪退", &owner)), expected("law 1 [\"1\"], media 1 [\"5\"]", "甲闪退", "law, media, rude"));
        assert_eq!(told(&all.of_products(&|p| p != "甲")), expected("law 2 [\"3\", \"4\"]", "乙充值, 丙", "law, rude"));
        assert_eq!(told(&all.of_team("谁", &owner)), expected("", "", ""));
    }
}
