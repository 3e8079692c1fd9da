//! For chats and wikis. Text from tickets is escaped: no link, picture, table or HTML of a customer's takes effect.

use super::{Options, harmless, service, shown_ids, text};
use crate::digest::Digest;

/// Groups shown of what no cause took.
const MOST_GROUPS: usize = 10;

/// Writes the digest down.
#[must_use]
pub fn render(digest: &Digest, options: Options) -> String {
    let lang = options.lang;
    let mut out = format!("# {}\n", lang.title(digest.since.as_deref(), digest.as_of.as_deref()));
    if let Some(revision) = &digest.revision {
        out.push_str(&format!("\n{}\n", escape(&text::revised(revision, lang))));
    }
    if !digest.risks.is_empty() {
        out.push_str(&format!("\n## {}\n\n", escape(lang.risks())));
        for risk in &digest.risks {
            let (head, lines) = service::risk(risk, options);
            out.push_str(&format!("- **{}**\n", escape(&head)));
            lines.iter().for_each(|l| out.push_str(&format!("  - {}\n", escape(l))));
        }
    }
    if !digest.alerts.is_empty() {
        out.push_str(&format!("\n## {}\n\n", lang.pick("异常", "異常", "Unusual")));
        digest.alerts.iter().for_each(|a| out.push_str(&format!("- {}\n", escape(&text::alert(a, options)))));
    }
    for product in &digest.products {
        let name = if product.product.is_empty() { lang.no_product().to_owned() } else { escape(&product.product) };
        let kinds: Vec<String> = product.kinds.iter().map(|k| text::counted(k, lang)).collect();
        out.push_str(&format!("\n## {name}{}{}\n\n", lang.colon(), kinds.join(lang.comma())));
        let (kind, cause, count, ids) = (
            lang.pick("类型", "類型", "kind"),
            lang.pick("原因", "原因", "cause"),
            lang.pick("件数", "件數", "count"),
            lang.pick("事件号", "事件號", "event ids"),
        );
        out.push_str(&format!("| {kind} | {cause} | {count} | {ids} |\n|---|---|---:|---|\n"));
        for k in &product.kinds {
            let mut line = |cause: &str, [count, listed]: [u64; 2], interval: &str, ids: &[String]| {
                let (shown, more) = shown_ids(ids, listed, options);
                let shown: Vec<String> = shown.iter().map(|id| escape(id)).collect();
                out.push_str(&format!(
                    "| {} | {} | {count}{interval} | {}{} |\n",
                    lang.kind(k.kind),
                    escape(cause),
                    shown.join(" "),
                    if more { " …" } else { "" }
                ));
            };
            for c in &k.causes {
                line(
                    &(c.cause.clone() + &lang.beside(c.count, c.matters, c.same_text) + &lang.against(c.against, c.count)),
                    [c.shown(), c.count],
                    &lang.interval(c.corrected),
                    &c.ids,
                );
            }
            if k.unassigned.count > 0 {
                line(
                    &(lang.unassigned().to_owned() + &lang.beside(k.unassigned.count, None, k.unassigned.same_text) + &lang.groups(&k.unassigned, MOST_GROUPS)),
                    [k.unassigned.count; 2],
                    "",
                    &k.unassigned.ids,
                );
            }
        }
        if !product.read_for_certainty.is_empty() {
            let ids: Vec<String> = product.read_for_certainty.iter().map(|id| escape(id)).collect();
            out.push_str(&format!("\n{}{}{}\n", lang.read_for_certainty(), lang.colon(), ids.join(" ")));
        }
    }
    if !digest.service.is_empty() {
        out.push_str(&format!("\n## {}\n\n", lang.service()));
        for of_product in digest.service.chunk_by(|a, b| a.product == b.product) {
            let name = &of_product[0].product;
            let product = escape(if name.is_empty() { lang.no_product() } else { name });
            let (most, more) = service::most_served(of_product, options);
            for served in most {
                out.push_str(&format!("- {product}{}{}\n", lang.colon(), escape(&service::served(served, options))));
                service::quotes(served, options).iter().for_each(|q| out.push_str(&format!("  - {}\n", escape(q))));
            }
            if !more.is_empty() {
                out.push_str(&format!("- {product}{}{more}\n", lang.colon()));
            }
        }
    }
    if !digest.agents.is_empty() {
        out.push_str(&format!("\n## {}\n\n", lang.agents()));
        digest.agents.iter().for_each(|a| out.push_str(&format!("- {}\n", escape(&service::agent(a, options)))));
    }
    let scripts = service::scripts(digest, options);
    if !scripts.is_empty() {
        out.push_str(&format!("\n## {}\n\n", lang.scripts()));
        scripts.iter().for_each(|line| out.push_str(&format!("- {}\n", escape(line))));
    }
    let measured = service::precisions(digest, lang);
    if !measured.is_empty() {
        out.push_str(&format!("\n{}\n", escape(&measured)));
    }
    if digest.is_corrected() {
        out.push_str(&format!("\n{}\n", lang.corrections()));
    }
    if !digest.ids_not_found.is_empty() {
        let ids: Vec<String> = digest.ids_not_found.iter().map(|id| escape(id)).collect();
        out.push_str(&format!("\n{}{}{}\n", lang.pick("没有找到的编号", "沒有找到的編號", "ids not found"), lang.colon(), ids.join(" ")));
    }
    if let Some(days) = text::said_twice(digest) {
        out.push_str(&format!("\n{}\n", lang.repeats(days)));
    }
    out.push_str(&format!("\n{}\n", text::accounting_line(digest, options)));
    out
}

/// Escapes whatever Markdown or HTML would take for markup.
/// Text from tickets in Markdown: nothing of it takes effect.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in harmless(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // A bare address becomes a link in many readers.
    out.replace("://", ":\u{200b}//")
}

#[cfg(test)]
mod tests {
    #[test]
    fn markup_of_customers_is_text() {
        assert_eq!(super::escape("](javascript:x)<img>"), "\\]\\(javascript:x\\)&lt;img&gt;");
    }
}
