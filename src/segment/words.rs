//! Words: jieba-rs without HMM over normalised text, with the taxonomy's own words added.

use jieba_rs::Jieba;
use std::sync::OnceLock;

/// Splits normalised text into words. The dictionary (0.1 s) is loaded at the first use.
pub struct Segmenter {
    own_words: Vec<String>,
    jieba: OnceLock<Jieba>,
}

impl Segmenter {
    /// A segmenter that keeps `own_words` (normalised) whole.
    #[must_use]
    pub fn new(own_words: Vec<String>) -> Segmenter {
        Segmenter { own_words, jieba: OnceLock::new() }
    }

    /// The words of `text`, in order; together they are the text.
    ///
    /// ```
    /// use ahu::segment::Segmenter;
    /// let plain = Segmenter::new(vec![]);
    /// let mine = Segmenter::new(vec!["自动寻路".into()]);
    /// assert!(plain.cut("自动寻路没了").len() > mine.cut("自动寻路没了").len());
    /// ```
    pub fn cut<'t>(&self, text: &'t str) -> Vec<&'t str> {
        self.jieba().cut(text, false).into_iter().map(|t| t.word).collect()
    }

    /// Per character of `text` whether a word begins there, and one more entry for its end.
    #[must_use]
    pub fn edges(&self, text: &str) -> Vec<bool> {
        let mut edges = Vec::with_capacity(text.len() / 2);
        for word in self.jieba().cut(text, false) {
            edges.extend(word.word.chars().enumerate().map(|(i, _)| i == 0));
        }
        edges.push(true);
        edges
    }

    /// Loads the dictionary now: for a thread that has nothing better to do.
    pub fn warm(&self) {
        self.jieba();
    }

    fn jieba(&self) -> &Jieba {
        self.jieba.get_or_init(|| {
            let mut jieba = Jieba::new();
            for word in &self.own_words {
                // No frequency: jieba suggests one that keeps the word whole; zero would mean "never".
                jieba.add_word(word, None, None);
            }
            jieba
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_see_through_accidental_neighbours() {
        let s = Segmenter::new(vec![]);
        let text = "每日签到账号异常,钱没到账";
        let edges = s.edges(text);
        assert_eq!(edges.len(), text.chars().count() + 1);
        assert!(!edges[3], "签到 is a word, 到账 across it is none");
        assert!(edges[11] && edges[13]);
    }
}
