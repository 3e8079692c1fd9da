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

    /// Whether the bytes `start..end` of `text` are whole words. Looks only at the run of text around them that holds no
    /// punctuation: jieba-rs segments such runs independently, so the answer is that of segmenting the whole text.
    #[must_use]
    pub fn is_aligned(&self, text: &str, start: usize, end: usize) -> bool {
        let boundary = |c: char| c.is_whitespace() || matches!(c, '。' | ',' | '!' | '?' | ';' | ':' | '、');
        let from = text[..start].char_indices().rev().find(|(_, c)| boundary(*c)).map_or(0, |(i, c)| i + c.len_utf8());
        let to = text[end..].find(boundary).map_or(text.len(), |i| end + i);
        let (mut at, mut starts, mut ends) = (from, false, false);
        for word in self.jieba().cut(&text[from..to], false) {
            starts |= at == start;
            at += word.word.len();
            ends |= at == end;
        }
        starts && ends
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
    fn alignment_sees_through_accidental_neighbours() {
        let s = Segmenter::new(vec![]);
        let text = "每日签到账号异常,钱没到账";
        let inside = text.find("到账").unwrap();
        let real = text.rfind("到账").unwrap();
        assert!(!s.is_aligned(text, inside, inside + "到账".len()));
        assert!(s.is_aligned(text, real, real + "到账".len()));
    }

    #[test]
    fn local_and_global_segmentation_agree() {
        let s = Segmenter::new(vec![]);
        let text = "活动奖励没有到账,客服说等三天。等了一周还是没有!app也闪退";
        let mut at = 0;
        for word in s.cut(text) {
            if !word.chars().all(|c| c.is_ascii_punctuation() || c == '。') {
                assert!(s.is_aligned(text, at, at + word.len()), "{word}");
            }
            at += word.len();
        }
    }
}
