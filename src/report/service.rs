//! Risks and service in words: what text and Markdown share.

use super::{EXAMPLE_IDS, Lang, Options, harmless, shown_ids};
use crate::digest::{AgentDigest, CheckDigest, Digest, NoScript, Precision, RiskDigest, ServiceDigest};
use crate::taxonomy::check::Name;

/// Tickets of a risk whose sentences are shown; of the others only ids are.
const SENTENCES: usize = 10;
/// Ids shown of those.
const MORE_IDS: usize = 40;

impl Lang {
    /// A check's name.
    #[must_use]
    pub fn named(self, name: &Name) -> &str {
        match self {
            Lang::Zh => &name.zh,
            Lang::ZhHant => &name.hant,
            Lang::En => &name.en,
        }
    }

    /// Heads the risks.
    #[must_use]
    pub fn risks(self) -> &'static str {
        self.pick("先看这些（可能升级，宜尽快回访）", "先看這些（可能升級，宜儘快回訪）", "First of all (call these customers back)")
    }

    /// Heads how each agent served.
    #[must_use]
    pub fn agents(self) -> &'static str {
        self.pick("各客服", "各客服", "Agents")
    }

    /// Heads what reply scripts lack.
    #[must_use]
    pub fn scripts(self) -> &'static str {
        self.pick("话术", "話術", "Reply scripts")
    }

    /// Heads the service.
    #[must_use]
    pub fn service(self) -> &'static str {
        self.pick("服务质量", "服務品質", "Service")
    }
}

/// The lines of a risk: its head, its tickets, the ids of those that are too many.
pub(super) fn risk(risk: &RiskDigest, options: Options) -> (String, Vec<String>) {
    let lang = options.lang;
    let head = match lang {
        Lang::Zh | Lang::ZhHant => format!("{} {}", lang.named(&risk.name), risk.count),
        Lang::En => format!("{}: {}", lang.named(&risk.name), risk.count),
    };
    let sentences = if options.all_ids { usize::MAX } else { SENTENCES };
    let ticket = |t: &crate::digest::RiskTicket| {
        let product = if t.product.is_empty() { String::new() } else { format!("{}　", harmless(&t.product)) };
        let said = if t.sentence.is_empty() { String::new() } else { lang.quoted(&harmless(&t.sentence)) };
        format!("{}　{product}{said}", harmless(&t.id)).trim_end().to_owned()
    };
    let mut lines: Vec<String> = risk.tickets.iter().take(sentences).map(ticket).collect();
    let rest: Vec<String> = risk.tickets.iter().skip(sentences).take(MORE_IDS).map(|t| harmless(&t.id)).collect();
    let unseen = risk.count - lines.len() as u64;
    if unseen > 0 {
        let dots = if (rest.len() as u64) < unseen { " …" } else { "" };
        lines.push(match lang {
            Lang::Zh => format!("另有 {unseen} 件：{}{dots}", rest.join(" ")),
            Lang::ZhHant => format!("另有 {unseen} 件：{}{dots}", rest.join(" ")),
            Lang::En => format!("{unseen} more: {}{dots}", rest.join(" ")),
        });
    }
    (head, lines)
}

/// `12 件「活动 / 奖品未到账」有对话：致歉 7，补救 2，承诺时限 1，敷衍 3（EV1 EV5 EV9）`
pub(super) fn served(served: &ServiceDigest, options: Options) -> String {
    let lang = options.lang;
    let cause = if served.cause.is_empty() { lang.unassigned().to_owned() } else { harmless(&served.cause) };
    let checks: Vec<String> = served.checks.iter().map(|c| check(c, options)).collect();
    let checks = checks.join(lang.comma());
    let kind = lang.kind(served.kind);
    match lang {
        Lang::Zh => format!("{} 件{kind}「{cause}」有对话：{checks}", served.tickets),
        Lang::ZhHant => format!("{} 件{kind}「{cause}」有對話：{checks}", served.tickets),
        Lang::En => format!("{} {kind} of \"{cause}\" with a conversation: {checks}", served.tickets),
    }
}

/// `客服 007 接待 35 件：问候 30，致歉 12，敷衍 2（EV3 EV8）`
pub(super) fn agent(agent: &AgentDigest, options: Options) -> String {
    let lang = options.lang;
    let checks: Vec<String> = agent.checks.iter().map(|c| check(c, options)).collect();
    let (name, tickets, checks) = (harmless(&agent.agent), agent.tickets, checks.join(lang.comma()));
    match lang {
        Lang::Zh => format!("客服 {name} 接待 {tickets} 件：{checks}"),
        Lang::ZhHant => format!("客服 {name} 接待 {tickets} 件：{checks}"),
        Lang::En => format!("{name} served {tickets}: {checks}"),
    }
}

/// `敷衍 3（EV1 EV5 EV9）`: of faults the tickets, so that somebody reads them.
fn check(check: &CheckDigest, options: Options) -> String {
    let lang = options.lang;
    let name = lang.named(&check.name);
    if check.good || check.count == 0 {
        return format!("{name} {}", check.count);
    }
    let (ids, more) = shown_ids(&check.ids, check.count, options);
    let ids = format!("{}{}", ids.join(" "), if more { " …" } else { "" });
    match lang {
        Lang::En => format!("{name} {} ({ids})", check.count),
        _ => format!("{name} {}（{ids}）", check.count),
    }
}

/// Causes of a product whose service text tells; a page has all.
const MOST_SERVED: usize = 8;

/// The causes of a product that text tells of, the commonest, and how many more there are with how many tickets.
pub(super) fn most_served(of_product: &[ServiceDigest], options: Options) -> (Vec<&ServiceDigest>, String) {
    let lang = options.lang;
    let most = if options.all_ids { usize::MAX } else { MOST_SERVED };
    let mut commonest: Vec<&ServiceDigest> = of_product.iter().collect();
    commonest.sort_by_key(|s| std::cmp::Reverse(s.tickets));
    let left = commonest.split_off(most.min(commonest.len()));
    // In the order of the digest.
    let told = of_product.iter().filter(|s| commonest.iter().any(|c| std::ptr::eq(*c, *s))).collect();
    let (causes, tickets) = (left.len(), left.iter().map(|s| s.tickets).sum::<u64>());
    let more = match (causes, lang) {
        (0, _) => String::new(),
        (_, Lang::Zh) => format!("其余 {causes} 个原因共 {tickets} 件有对话"),
        (_, Lang::ZhHant) => format!("其餘 {causes} 個原因共 {tickets} 件有對話"),
        (_, Lang::En) => format!("{causes} more causes with {tickets} conversations"),
    };
    (told, more)
}

/// Sentences behind the faults of a cause: `敷衍：「自己看公告」「呵呵」`.
pub(super) fn quotes(served: &ServiceDigest, options: Options) -> Vec<String> {
    let lang = options.lang;
    let faults = served.checks.iter().filter(|c| !c.good && !c.sentences.is_empty());
    let quoted = |c: &CheckDigest| c.sentences.iter().take(EXAMPLE_IDS).map(|s| lang.quoted(&harmless(s))).collect::<Vec<_>>().concat();
    faults.map(|c| format!("{}{}{}", lang.named(&c.name), lang.colon(), quoted(c))).collect()
}

/// Causes of inquiries without a script that are named, and scripts that nobody needed.
const MOST_SCRIPTS: usize = 10;

/// How many causes without a script are named.
pub(super) fn most_scripts(options: Options) -> usize {
    if options.all_ids { usize::MAX } else { MOST_SCRIPTS }
}

/// What reply scripts lack, a line each: `幻塔「活动 / 规则」18 件咨询没有话术（EV1 EV2 …）`.
pub(super) fn scripts(digest: &Digest, options: Options) -> Vec<String> {
    let lang = options.lang;
    let (missing, unused) = (&digest.scripts.missing, &digest.scripts.unused);
    let most = most_scripts(options);
    let line = |m: &NoScript| {
        let product = if m.product.is_empty() { lang.no_product().to_owned() } else { harmless(&m.product) };
        let (ids, more) = shown_ids(&m.ids, m.count, options);
        let ids = ids.join(" ") + if more { " …" } else { "" };
        let (cause, count) = (harmless(&m.cause), m.count);
        match lang {
            Lang::Zh => format!("{product}「{cause}」{count} 件咨询没有话术（{ids}）"),
            Lang::ZhHant => format!("{product}「{cause}」{count} 件諮詢沒有話術（{ids}）"),
            Lang::En => format!("{product}: {count} inquiries of \"{cause}\" have no script ({ids})"),
        }
    };
    let mut lines: Vec<String> = missing.iter().take(most).map(line).collect();
    if let Some(more) = missing.len().checked_sub(most).filter(|n| *n > 0) {
        let tickets: u64 = missing.iter().skip(most).map(|m| m.count).sum();
        lines.push(match lang {
            Lang::Zh => format!("还有 {more} 个原因没有话术，共 {tickets} 件咨询"),
            Lang::ZhHant => format!("還有 {more} 個原因沒有話術，共 {tickets} 件諮詢"),
            Lang::En => format!("{more} more causes have no script: {tickets} inquiries"),
        });
    }
    if !unused.is_empty() {
        let named: Vec<String> = unused.iter().take(most).map(|cause| harmless(cause)).collect();
        let dots = if unused.len() > named.len() { " …" } else { "" };
        let head = lang.pick("这段时间没人问到的话术", "這段時間沒人問到的話術", "scripts that nobody needed in this time");
        lines.push(format!("{head} {}{}{}{dots}", unused.len(), lang.colon(), named.join(lang.pick("、", "、", ", "))));
    }
    lines
}

/// How far checks are to be believed; empty where nothing was measured.
pub(super) fn precisions(digest: &Digest, lang: Lang) -> String {
    if digest.precisions.is_empty() {
        return String::new();
    }
    let one = |p: &Precision| format!("{} {:.0} %", lang.named(&p.name), p.precision * 100.0);
    let all: Vec<String> = digest.precisions.iter().map(one).collect();
    let head = lang.pick("规则查出的准确率（实测）", "規則查出的準確率（實測）", "Measured precision of these checks");
    format!("{head}{}{}", lang.colon(), all.join(lang.pick("、", "、", ", ")))
}
