//! What must not be seen.

use std::fmt;

/// A text that no output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Shortest part of a secret that is looked for in words of others: shorter ones are in any text.
const LEAST: usize = 6;

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for nothing but the request that it is for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` with the secret struck out: as a whole, and for an address every part of its path and query.
    #[must_use]
    pub fn strike(&self, text: &str) -> String {
        let mut parts: Vec<&str> = vec![&self.0];
        if let Some((_, rest)) = self.0.split_once("://") {
            let (authority, path) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
            parts.extend(authority.rsplit_once('@').map(|(user, _)| user).into_iter().flat_map(|user| user.split(':')));
            parts.push(path);
            parts.extend(path.split(['/', '?', '&', '=', '#']));
        }
        parts.retain(|part| part.len() >= LEAST || *part == self.0);
        // The longest first, so that no end of one is left.
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        parts.into_iter().filter(|part| !part.is_empty()).fold(text.to_owned(), |text, part| text.replace(part, "***"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("https://robot.example/send?key=canary-73febdcb&x=1");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(secret.strike("invalid key canary-73febdcb at https://robot.example/send?key=canary-73febdcb&x=1"), "invalid key *** at ***");
        assert_eq!(Secret::new("pass").strike("wrong pass"), "wrong ***");
    }
}
