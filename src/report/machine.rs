//! For programs: the versioned JSON digest, and CSV.

use super::harmless;
use crate::cell::push_safe_cell;
use crate::digest::Digest;

/// The JSON digest, indented, with a final line break.
#[must_use]
pub fn json(digest: &Digest) -> String {
    // A value of strings and numbers always serialises.
    let text = serde_json::to_string_pretty(digest).unwrap_or_default();
    // Whoever looks at it in a terminal sees what it says: characters that turn the direction of writing are escaped too.
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c != '\n' && harmless(c.encode_utf8(&mut [0; 4])).is_empty() {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

/// One line a product, kind and cause; an empty cause stands for tickets no cause took, with their groups and
/// how many are in each. Ids are joined by spaces.
/// Counts are those of decisions; beside a cause, the corrected one and its interval where a model was measured.
#[must_use]
pub fn csv(digest: &Digest) -> String {
    let mut out = String::from("as_of,product,kind,cause,count,ids,matters,same_text,corrected,low,high,groups\n");
    let as_of = digest.as_of.as_deref().unwrap_or("");
    for product in &digest.products {
        for kind in &product.kinds {
            let mut line = |cause: &str, count: u64, ids: &[String], more: [Option<u64>; 5], groups: &str| {
                push_safe_cell(&mut out, as_of, b',');
                out.push(',');
                push_safe_cell(&mut out, &harmless(&product.product), b',');
                out.push_str(&format!(",{},", kind.kind));
                push_safe_cell(&mut out, &harmless(cause), b',');
                out.push_str(&format!(",{count},"));
                push_safe_cell(&mut out, &harmless(&ids.join(" ")), b',');
                for n in more {
                    out.push_str(&n.map_or(",".to_owned(), |n| format!(",{n}")));
                }
                out.push(',');
                push_safe_cell(&mut out, &harmless(groups), b',');
                out.push('\n');
            };
            for c in &kind.causes {
                let [count, low, high] = c.corrected.map_or([None; 3], |c| [Some(c.count), Some(c.low), Some(c.high)]);
                line(&c.cause, c.count, &c.ids, [c.matters, c.same_text, count, low, high], "");
            }
            if kind.unassigned.count > 0 {
                let groups: Vec<String> = kind.unassigned.groups.iter().map(|g| format!("{} {}", g.cause, g.count)).collect();
                line("", kind.unassigned.count, &kind.unassigned.ids, [None, kind.unassigned.same_text, None, None, None], &groups.join("; "));
            }
        }
    }
    out
}
