//! Text to comparable text and to words: normalising with offsets back to the original, looking for many literals at once, and segmentation. The only user of jieba-rs.

pub mod lexicon;
pub mod normalize;
pub mod words;

pub use lexicon::Lexicon;
pub use normalize::{Normalized, Normalizer};
pub use words::Segmenter;
