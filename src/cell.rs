//! One cell of CSV output: quoting (RFC 4180), and defusing what a spreadsheet would run as a formula.

/// Appends a cell, quoted where it must be.
pub fn push_cell(out: &mut String, value: &str, delimiter: u8) {
    if memchr::memchr3(b'"', b'\n', b'\r', value.as_bytes()).is_none() && memchr::memchr(delimiter, value.as_bytes()).is_none() {
        out.push_str(value);
        return;
    }
    out.push('"');
    let mut from = 0;
    for at in memchr::memchr_iter(b'"', value.as_bytes()) {
        out.push_str(&value[from..=at]);
        out.push('"');
        from = at + 1;
    }
    out.push_str(&value[from..]);
    out.push('"');
}

/// Appends a row of cells, without a line end.
pub fn push_row<S: AsRef<str>>(out: &mut String, cells: impl IntoIterator<Item = S>, delimiter: u8) {
    for (i, cell) in cells.into_iter().enumerate() {
        if i > 0 {
            out.push(char::from(delimiter));
        }
        push_cell(out, cell.as_ref(), delimiter);
    }
}

/// Appends a cell; one that a spreadsheet would run as a formula gets a leading `'`.
pub fn push_safe_cell(out: &mut String, value: &str, delimiter: u8) {
    if is_formula(value) {
        push_cell(out, &format!("'{value}"), delimiter);
    } else {
        push_cell(out, value, delimiter);
    }
}

/// Whether a spreadsheet would take the cell for a formula. Numbers such as -12.5 are not.
#[must_use]
pub fn is_formula(value: &str) -> bool {
    let Some(first) = value.chars().next() else { return false };
    match first {
        '=' | '@' | '＝' | '＠' | '\t' | '\r' | '\n' => true,
        '+' | '-' | '＋' | '－' => {
            let number = value[first.len_utf8()..].bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'%'));
            !number
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_told_from_numbers() {
        for yes in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "＝HYPERLINK(1)", "- 不行"] {
            assert!(is_formula(yes), "{yes}");
        }
        for no in ["-12.5", "+8613800000000", "-3%", "", "退款", "1+1", "-"] {
            assert!(!is_formula(no), "{no}");
        }
    }
}
