//! What the columns hold: by the names the user gave, else by the header names that desks use (`data/headers.toml`).

use crate::error::{Error, Result, nearest};
use crate::mask::mask;
use crate::segment::Normalizer;
use serde::Deserialize;
use std::sync::OnceLock;

/// Header names the user gave; several may be given where several columns make one text.
#[derive(Debug, Clone, Default)]
pub struct ColumnNames {
    /// Event id.
    pub id: Option<String>,
    /// When it happened.
    pub time: Option<String>,
    /// Product.
    pub product: Option<String>,
    /// The customer's text.
    pub text: Vec<String>,
    /// Channel.
    pub channel: Option<String>,
    /// Who speaks, in a file of one message a row.
    pub role: Option<String>,
    /// Who the customer is.
    pub customer: Option<String>,
    /// Who served, where that is to be told; it is never guessed.
    pub served_by: Option<String>,
    /// Rows are of use without a text.
    pub text_optional: bool,
}

/// The name that means that there is no such column.
const NONE: &str = "none";

/// Indexes of the columns, from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Event id.
    pub id: Option<usize>,
    /// When it happened.
    pub time: Option<usize>,
    /// Product.
    pub product: Option<usize>,
    /// Title and text of the customer, in this order.
    pub text: Vec<usize>,
    /// Channel.
    pub channel: Option<usize>,
    /// What the agent answered.
    pub agent: Option<usize>,
    /// Whether `agent` holds words to the customer, and not notes for the desk.
    pub agent_replies: bool,
    /// Who speaks.
    pub role: Option<usize>,
    /// Who the customer is.
    pub customer: Option<usize>,
    /// Who served.
    pub served_by: Option<usize>,
}

#[derive(Deserialize)]
struct Role {
    names: Vec<String>,
    contains: Vec<String>,
    never: Vec<String>,
}

#[derive(Deserialize)]
struct Headers {
    id: Role,
    time: Role,
    product: Role,
    text: Role,
    title: Role,
    channel: Role,
    agent: Role,
    reply: Role,
    role: Role,
    customer: Role,
}

fn known() -> &'static Headers {
    static KNOWN: OnceLock<Headers> = OnceLock::new();
    // The file is part of the program and read by its tests: it parses.
    KNOWN.get_or_init(|| toml::from_str(include_str!("../../data/headers.toml")).expect("data/headers.toml is valid"))
}

/// A header folded for comparison.
pub(super) fn fold(header: &str) -> String {
    let folded = Normalizer::builtin().folded(header);
    folded
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '*' | '(' | ')' | '[' | ']' | '【' | '】' | ':' | '"' | '\'' | '.' | '/'))
        .collect()
}

impl Role {
    fn find(&self, headers: &[String], taken: &[usize]) -> Option<usize> {
        let free = |i: &usize| !taken.contains(i);
        let exact = self.names.iter().find_map(|n| headers.iter().position(|h| h == n).filter(free));
        exact.or_else(|| {
            self.contains.iter().find_map(|part| {
                (0..headers.len()).filter(free).find(|i| headers[*i].contains(part.as_str()) && !self.never.iter().any(|n| headers[*i].contains(n.as_str())))
            })
        })
    }
}

/// How many of `headers` are names that desks use: tells a header from a row of data.
#[must_use]
pub fn recognised(headers: &[&str]) -> usize {
    let k = known();
    let roles = [&k.id, &k.time, &k.product, &k.text, &k.title, &k.channel, &k.agent];
    headers.iter().map(|h| fold(h)).filter(|h| roles.iter().any(|r| r.names.contains(h))).count()
}

/// Finds the columns in a header.
///
/// # Errors
/// A name the user gave that no header has, or no column for the text: lists the headers seen and names the option.
///
/// ```
/// use ahu::ingest::columns::{find, ColumnNames};
/// let columns = find(&["工单编号", "创建时间", "游戏", "问题描述"], &ColumnNames::default()).unwrap();
/// assert_eq!((columns.id, columns.product, columns.text), (Some(0), Some(2), vec![3]));
/// ```
pub fn find(headers: &[&str], names: &ColumnNames) -> Result<Columns> {
    let folded: Vec<String> = headers.iter().map(|h| fold(h)).collect();
    // What is quoted may be a row of data that was taken for the header.
    let seen = || headers.iter().map(|h| format!("`{}`", mask(h.trim()))).collect::<Vec<_>>().join(", ");
    let named = |name: &str, option: &str| -> Result<usize> {
        let exact = headers.iter().position(|h| h.trim() == name.trim());
        exact.or_else(|| folded.iter().position(|h| *h == fold(name))).ok_or_else(|| {
            let near = nearest(name, headers.iter().map(|h| h.trim())).map_or(String::new(), |n| format!("; the nearest is `{}`", mask(n)));
            Error::setup(format!("no column is called `{name}` (`{option}`){near}; the header has {}", seen()))
        })
    };
    let mut taken = Vec::new();
    let mut take = |given: &Option<String>, option: &str, role: &Role| -> Result<Option<usize>> {
        let found = match given {
            Some(name) if name == NONE && !headers.contains(&NONE) => None,
            Some(name) => Some(named(name, option)?),
            None => role.find(&folded, &taken),
        };
        taken.extend(found);
        Ok(found)
    };
    let k = known();
    let given_text = names.text.iter().map(|n| named(n, "--text-column")).collect::<Result<Vec<_>>>()?;
    let mut columns = Columns { text: given_text, ..Columns::default() };
    columns.id = take(&names.id, "--id-column", &k.id)?;
    columns.time = take(&names.time, "--time-column", &k.time)?;
    columns.product = take(&names.product, "--product-column", &k.product)?;
    columns.channel = take(&names.channel, "--channel-column", &k.channel)?;
    if columns.text.is_empty() {
        let text = take(&None, "--text-column", &k.text)?;
        let title = take(&None, "--text-column", &k.title)?;
        columns.text = title.into_iter().chain(text).collect();
    }
    columns.agent = take(&None, "", &k.agent)?.filter(|a| !columns.text.contains(a));
    columns.agent_replies = columns.agent.is_some_and(|a| k.reply.find(&folded[a..=a], &[]).is_some());
    columns.role = take(&names.role, "--role-column", &k.role)?;
    columns.served_by = names.served_by.as_ref().filter(|name| *name != NONE).map(|name| named(name, "--agent-column")).transpose()?;
    columns.customer = take(&names.customer, "--customer-column", &k.customer)?;
    if columns.text.is_empty() && !names.text_optional {
        return Err(Error::setup(format!("no column looks like the customer's text; name it with `--text-column`; the header has {}", seen())));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> Columns {
        find(&header.split(',').collect::<Vec<_>>(), &ColumnNames::default()).unwrap()
    }

    #[test]
    fn common_exports_are_recognised() {
        let c = columns("Ticket ID,Created At,Subject,Description,Product,Channel");
        assert_eq!((c.id, c.time, c.product, c.channel), (Some(0), Some(1), Some(4), Some(5)));
        assert_eq!(c.text, [2, 3]);
        let c = columns("評論,星級");
        assert_eq!(c.text, [0]);
        let c = columns("工单编号,工单类型,工单状态,处理时间,创建时间,产品名称,产品编号,客户诉求,处理结果");
        assert_eq!((c.id, c.time, c.product, c.agent), (Some(0), Some(4), Some(5), Some(8)));
        assert_eq!(c.text, [7]);
    }

    #[test]
    fn a_missing_text_column_lists_the_header() {
        let e = find(&["a", "b"], &ColumnNames::default()).unwrap_err();
        assert!(e.message.contains("`a`, `b`") && e.message.contains("--text-column"));
        let e = find(&["a", "13812345678"], &ColumnNames::default()).unwrap_err();
        assert!(e.message.contains("`138********`"), "{}", e.message);
        let names = ColumnNames { text: vec!["内荣".into()], ..ColumnNames::default() };
        assert!(find(&["编号", "内容"], &names).unwrap_err().message.contains("nearest is `内容`"));
    }
}
