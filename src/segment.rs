//! Text to comparable text and to words: normalising with offsets back to the original, and segmentation. The only user of jieba-rs.

pub mod normalize;
pub mod words;

pub use normalize::{Normalized, Normalizer};
pub use words::Segmenter;
