//! Messages fit whatever is in the digest, and nothing of a customer's takes effect.

use super::*;
use crate::alert::{Alert, State};
use crate::digest::{Accounting, Against, AgainstDays, RiskDigest, RiskTicket};
use crate::prediction::Kind;
use crate::taxonomy::check::Name;
use proptest::prelude::*;

fn cause(name: &str, count: u64, before: Option<u64>) -> CauseDigest {
    let against = before.map(|before| Against { before, ..Against::default() });
    CauseDigest { cause: name.to_owned(), count, against, ids: (0..count.min(10)).map(|i| format!("EV_{i}")).collect(), ..CauseDigest::default() }
}

fn kind(kind: &'static str, causes: Vec<CauseDigest>, before: Option<u64>) -> KindDigest {
    let against = before.map(|before| Against { before, ..Against::default() });
    KindDigest { kind, count: causes.iter().map(|c| c.count).sum(), corrected: None, against, causes, ..KindDigest::default() }
}

fn digest(products: Vec<(String, Vec<KindDigest>)>, alerts: Vec<Alert>) -> Digest {
    let known = products.iter().flat_map(|p| &p.1).any(|k| k.against.is_some());
    let product = |(product, kinds): (String, Vec<KindDigest>)| ProductDigest {
        product,
        count: kinds.iter().map(|k| k.count).sum(),
        kinds,
        read_for_certainty: Vec::new(),
        rate: None,
    };
    let products: Vec<ProductDigest> = products.into_iter().map(product).collect();
    let rows = products.iter().map(|p| p.count).sum();
    Digest {
        version: 1,
        as_of: Some("2026-11-22".to_owned()),
        since: None,
        accounting: Accounting { rows, classified: rows, ..Accounting::default() },
        products,
        ids_not_found: Vec::new(),
        repeat_days: None,
        revision: None,
        alerts,
        against: known.then(|| AgainstDays { since: "2026-11-21".to_owned(), until: "2026-11-21".to_owned(), week_ago: None }),
        ..Digest::default()
    }
}

fn alert(cause: &str) -> Alert {
    Alert {
        number: 1,
        product: "星河".to_owned(),
        kind: Some(Kind::Complaint),
        cause: cause.to_owned(),
        observed: 45,
        expected: 10.0,
        low: 5,
        high: 20,
        state: State::New,
        since: "2026-11-22".to_owned(),
        ids: vec!["EV1".to_owned()],
    }
}

fn risk(name: &str, count: u64) -> RiskDigest {
    let ticket = |i: u64| RiskTicket { product: "星河".to_owned(), cause: String::new(), id: format!("{name}{i}"), sentence: "要曝光你们".to_owned() };
    let name = Name { zh: name.to_owned(), hant: name.to_owned(), en: name.to_owned() };
    RiskDigest { flag: "media".to_owned(), name, count, tickets: (0..count).map(ticket).collect() }
}

fn options(markup: Markup, bytes: usize) -> Options<'static> {
    Options { lang: Lang::Zh, markup, bytes, team: None }
}

#[test]
fn a_message_reads_as_one() {
    let causes = vec![cause("活动 / 奖品未到账", 12, Some(8)), cause("更新下载 / 无法更新下载", 4, Some(0)), cause("账号 / 账号被盗", 1, Some(3))];
    let kinds = vec![kind("complaint", causes, Some(25)), kind("inquiry", vec![cause("活动 / 活动与奖励规则", 18, Some(10))], Some(10))];
    let all = Digest { risks: vec![risk("曝光", 4), risk("差评", 1)], ..digest(vec![("星河".to_owned(), kinds)], vec![alert("运行 / 闪退")]) };
    let expected = "**阿虎日报 2026-11-22**\n\n共 35 件（前一天 35）：投诉 17（前一天 25），咨询 18（前一天 10）\n\n**先看这些（可能升级，宜尽快回访）**\n\
        > 曝光 4 件：曝光0 曝光1 曝光2 …\n> 差评 1 件：差评0\n\n**异常 1 条**\n\
        > 星河 投诉「运行 / 闪退」45 件，平时 5–20 件；当天开始  EV1 …\n\n\
        **星河** 投诉 17（前一天 25），咨询 18（前一天 10）\n> 活动 / 奖品未到账 12 件（前一天 8）：EV_0 EV_1 EV_2 …\n\
        > 更新下载 / 无法更新下载 4 件（前一天 0）：EV_0 EV_1 EV_2 …\n> 账号 / 账号被盗 1 件（前一天 3）：EV_0\n> 问得最多：活动 / 活动与奖励规则 18";
    assert_eq!(message(&all, options(Markup::WeCom, 4_096)).text, expected);
    let english = message(&all, Options { lang: Lang::En, ..options(Markup::Slack, 4_096) });
    assert!(english.text.starts_with("*ahu digest 2026-11-22*\n\n35 tickets (35 the day before): 17 complaints (25 the day before)"), "{}", english.text);
    let team = message(&all, Options { lang: Lang::ZhHant, team: Some("支付 @all"), ..options(Markup::DingTalk, 4_096) });
    assert_eq!((team.title.as_str(), team.alert), ("阿虎日報 2026-11-22 · 支付 ＠all", true));
}

#[test]
fn what_is_left_out_is_counted() {
    let causes: Vec<CauseDigest> = (0..30).map(|i| cause(&format!("账号 / 原因{i}"), 30 - i, None)).collect();
    let all = digest((0..200).map(|i| (format!("产品{i}"), vec![kind("complaint", causes.clone(), None)])).collect(), Vec::new());
    let text = message(&all, options(Markup::WeCom, 4_096)).text;
    assert!(text.contains("> 其余 22 个原因共 253 件"), "{text}");
    let last = text.lines().last().expect("a line");
    assert!(last.starts_with("其余 ") && last.ends_with("请看当天的日报。"), "{last}");
    // Named and left out together are all that there are.
    let number = |of: &str| last.split(of).next().and_then(|s| s.rsplit(' ').next()).and_then(|n| n.parse::<u64>().ok()).expect("a number");
    let told = |line: &str| line.split(" 件").next().and_then(|s| s.rsplit(' ').next()).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    let listed: u64 = text.lines().filter(|l| l.starts_with("> ")).map(told).sum();
    assert_eq!(listed + number(" 件"), all.accounting.rows, "{last}");
}

#[test]
fn markup_of_customers_is_text() {
    let nasty = "@all <@all> <at id=all></at> <!here> [x](http://evil) **b** `c` ~d~ __e__ # f\n> g ![i](j)";
    let all = digest(
        vec![(nasty.to_owned(), vec![kind("complaint", vec![CauseDigest { ids: vec![nasty.to_owned()], ..cause(nasty, 3, None) }], None)])],
        vec![alert(nasty)],
    );
    let all = Digest { risks: vec![risk(nasty, 2)], ..all };
    for markup in Markup::ALL {
        let text = message(&all, options(markup, 18_000)).text;
        for effect in ["@", "://"] {
            assert!(!text.contains(effect), "{markup:?}: {text}");
        }
        if markup != Markup::Plain {
            let body = text.replace("**", "").replace("\n> ", "").replace("\n- ", "");
            for effect in ["<", "](", "`", "~d", "__", "> g", "\n#"] {
                assert!(!body.contains(effect), "{markup:?}: {effect}: {text}");
            }
        }
    }
}

proptest! {
    #[test]
    fn every_message_fits(
        products in prop::collection::vec(("\\PC{0,60}|[*_<>@\"\\\\]{0,300}|字{300}", prop::collection::vec(("\\PC{0,80}|[\"\\\\\n&]{200}", 0..100_000u64), 0..40)), 0..60),
        alerts in 0..40usize,
        bytes in 3_000..5_000usize,
    ) {
        let made = |(name, causes): &(String, Vec<(String, u64)>)| {
            let causes = causes.iter().map(|(name, n)| cause(name, *n, Some(*n))).collect();
            (name.clone(), vec![kind("complaint", causes, Some(7)), kind("inquiry", Vec::new(), Some(0))])
        };
        let risks = (0..alerts).map(|i| risk(&format!("\"{i}字").repeat(9), i as u64)).collect();
        let all = digest(products.iter().map(made).collect(), (0..alerts).map(|i| alert(&format!("&*\"{i}").repeat(60))).collect());
        let all = Digest { risks, ..all };
        for markup in Markup::ALL {
            for lang in [Lang::Zh, Lang::ZhHant, Lang::En] {
                let text = message(&all, Options { lang, ..options(markup, bytes) }).text;
                prop_assert!(measure(&text) <= bytes, "{:?} {} of {}", markup, measure(&text), bytes);
                prop_assert!(text.len() <= bytes);
                // Each construct that is opened is closed: bold comes in pairs on every line.
                let bold = if markup == Markup::Slack { "*" } else { "**" };
                let marked = markup != Markup::Plain;
                prop_assert!(!marked || text.lines().all(|line| line.matches(bold).count() % 2 == 0), "{}", text);
            }
        }
    }
}
