//! For programs: the versioned JSON digest, and CSV.

use crate::cell::push_safe_cell;
use crate::digest::Digest;

/// The JSON digest, indented, with a final line break.
#[must_use]
pub fn json(digest: &Digest) -> String {
    // A value of strings and numbers always serialises.
    let mut text = serde_json::to_string_pretty(digest).unwrap_or_default();
    text.push('\n');
    text
}

/// One line a product, kind and cause; an empty cause stands for tickets no cause took. Ids are joined by spaces.
#[must_use]
pub fn csv(digest: &Digest) -> String {
    let mut out = String::from("as_of,product,kind,cause,count,ids,matters,same_text\n");
    let as_of = digest.as_of.as_deref().unwrap_or("");
    for product in &digest.products {
        for kind in &product.kinds {
            let mut line = |cause: &str, count: u64, ids: &[String], more: [Option<u64>; 2]| {
                push_safe_cell(&mut out, as_of, b',');
                out.push(',');
                push_safe_cell(&mut out, &product.product, b',');
                out.push_str(&format!(",{},", kind.kind));
                push_safe_cell(&mut out, cause, b',');
                out.push_str(&format!(",{count},"));
                push_safe_cell(&mut out, &ids.join(" "), b',');
                for n in more {
                    out.push_str(&n.map_or(",".to_owned(), |n| format!(",{n}")));
                }
                out.push('\n');
            };
            for c in &kind.causes {
                line(&c.cause, c.count, &c.ids, [c.matters, c.same_text]);
            }
            if kind.unassigned.count > 0 {
                line("", kind.unassigned.count, &kind.unassigned.ids, [None, kind.unassigned.same_text]);
            }
        }
    }
    out
}
