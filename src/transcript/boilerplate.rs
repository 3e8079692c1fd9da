//! Phrases that stand in every chat and say nothing about this one.

use crate::segment::Normalizer;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Longer turns say something.
const LONGEST: usize = 200;
/// Most characters that a `*` stands for.
const GAP: usize = 8;

/// Whether a turn is made of nothing but fixed phrases of service (`请问有什么可以帮您`, `会话已结束`) and bare courtesies
/// (`在吗`, `转人工`). The phrases are in `data/boilerplate.txt`.
///
/// ```
/// use ahu::transcript::is_boilerplate;
/// assert!(is_boilerplate("您好！请问有什麼可以幫您？"));
/// assert!(!is_boilerplate("您好，充值没到账"));
/// ```
#[must_use]
pub fn is_boilerplate(text: &str) -> bool {
    static PHRASES: OnceLock<Phrases> = OnceLock::new();
    if text.len() > LONGEST * 4 {
        return false;
    }
    PHRASES.get_or_init(|| Phrases::new(include_str!("../../data/boilerplate.txt"))).make_up(&letters(text))
}

/// Phrases by their first letter, each as the pieces between its stars.
struct Phrases {
    by_first: HashMap<char, Vec<Vec<Vec<char>>>>,
}

impl Phrases {
    fn new(list: &str) -> Phrases {
        let mut by_first: HashMap<char, Vec<Vec<Vec<char>>>> = HashMap::new();
        for line in list.lines().filter(|l| !l.starts_with('#')) {
            let pieces: Vec<Vec<char>> = line.split('*').map(letters).filter(|p| !p.is_empty()).collect();
            if let Some(first) = pieces.first().and_then(|p| p.first()) {
                by_first.entry(*first).or_default().push(pieces);
            }
        }
        Phrases { by_first }
    }

    /// Whether `text` is phrases, one after another, and at least one.
    fn make_up(&self, text: &[char]) -> bool {
        let mut reached = vec![false; text.len() + 1];
        let mut ends = Vec::new();
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        for at in 0..text.len() {
            if reached.get(at) != Some(&true) {
                continue;
            }
            let phrases = text.get(at).and_then(|c| self.by_first.get(c)).into_iter().flatten();
            for pieces in phrases {
                ends.clear();
                ends.push(at);
                for (i, piece) in pieces.iter().enumerate() {
                    let gap = if i == 0 { 0 } else { GAP };
                    let mut next: Vec<usize> = Vec::new();
                    for end in &ends {
                        let starts = *end..=end + gap;
                        next.extend(starts.filter(|s| text.get(*s..).is_some_and(|rest| rest.starts_with(piece))).map(|s| s + piece.len()));
                    }
                    next.sort_unstable();
                    next.dedup();
                    ends = next;
                }
                for end in &ends {
                    if let Some(slot) = reached.get_mut(*end) {
                        *slot = true;
                    }
                }
            }
        }
        !text.is_empty() && reached.last() == Some(&true)
    }
}

/// Letters and digits only, folded.
fn letters(text: &str) -> Vec<char> {
    Normalizer::builtin().folded(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list() -> impl Iterator<Item = &'static str> {
        include_str!("../../data/boilerplate.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
    }

    #[test]
    fn the_list_is_clean() {
        let mut seen = std::collections::HashSet::new();
        for line in list() {
            assert!(!line.starts_with('*') && !line.ends_with('*'), "`{line}`: a star at an end would swallow what the turn says");
            assert!(seen.insert(line), "`{line}` twice");
            assert!(is_boilerplate(&line.replace('*', "12")), "`{line}` does not match itself");
        }
        assert!(seen.len() >= 100);
    }

    #[test]
    fn whole_turns_only() {
        let yes = [
            "您好 请问有什么可以帮您",
            "您好，请问有什么可以帮您？",
            "您好！欢迎致电星海客服中心，工号8012很高兴为您服务，请问有什么可以帮您？",
            "請問有什麼可以幫您？",
            "请对本次服务进行评价",
            "感谢您的来电，再见！",
            "正在为您转接人工客服，请稍候…",
            "会话已结束",
            "【会话已结束】",
            "当前排队人数：12位，请耐心等待",
            "您前面还有 3 人在排队，请您耐心等待。",
            "转人工",
            "转人工转人工转人工！！！",
            "在吗",
            "在吗？？",
            "你好，在吗",
            "你好",
            "ＯＫ",
            "谢谢",
            "Hello! How may I help you today?",
            "Thank you for contacting Nova support. Have a nice day!",
            "亲爱的玩家您好，我是智能客服小星，很高兴为您服务",
        ];
        let no = [
            "",
            "！？",
            "您好，充值没到账",
            "请问有什么办法可以退款",
            "在吗 我的号被封了",
            "转人工 你们机器人根本没用",
            "感谢您的来电，退款已提交，三天内到账",
            "为什么一直转接不了人工客服",
            "会话已结束怎么回事",
            "当前排队人数太多了我等了两个小时",
            "我要退款",
            "谢谢，但是还是登录不了",
            "客服态度太差",
            "hello my account is locked",
            "不可以",
            "对不起没用",
        ];
        let wrong: Vec<&str> = yes.into_iter().filter(|t| !is_boilerplate(t)).chain(no.into_iter().filter(|t| is_boilerplate(t))).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,80}") {
            let _ = is_boilerplate(&text);
        }

        /// Something said after or before a phrase keeps the turn.
        #[test]
        fn content_beside_a_phrase_is_kept(index in 0usize..300, front in any::<bool>()) {
            let Some(phrase) = list().nth(index) else { return Ok(()) };
            let phrase = phrase.replace('*', "12");
            let text = if front { format!("闪退退款，{phrase}") } else { format!("{phrase}，闪退退款") };
            prop_assert!(!is_boilerplate(&text), "{}", text);
        }
    }
}
