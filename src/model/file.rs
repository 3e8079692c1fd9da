//! The model file: a magic, a version, a checksum, then everything packed with zstd.
//!
//! Little-endian: `AHUMODEL`, version (u32), length of the unpacked body (u64), XXH3 of the packed body (u64), the packed body.
//! The body is the length of a JSON head (u32), the head (target, labels, summary, calibration), then the features (u64), their
//! idf (f32), the labels' scales and biases (f32), the weights (i8). Weights of 8 bits decide as those of 32 do
//! (`docs/measurements.md`) at a quarter of the size.

use super::{Calibration, Model, Summary, Target};
use crate::error::{Error, Result};
use crate::prevalence::{Cell, Reference};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// What every model file begins with.
pub const MAGIC: [u8; 8] = *b"AHUMODEL";
/// Raised whenever an older program could not read what is written.
pub const VERSION: u32 = 2;
const HEAD: usize = 8 + 4 + 8 + 8;
/// Largest unpacked body that is believed.
const MAX_BODY: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
struct Head {
    target: Target,
    labels: Vec<String>,
    several: bool,
    summary: Summary,
    features: usize,
    calibration: Calibration,
    /// True label, first and second label, bins of their probabilities, tickets.
    reference: Vec<(u16, u16, u16, u8, u8, u32)>,
}

impl Model {
    /// The bytes of its file.
    ///
    /// # Errors
    /// What packing gave: only if memory ran out.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let broken = |e: &dyn std::fmt::Display| Error::setup(format!("the model cannot be written: {e}"));
        let head = Head {
            target: self.target,
            labels: self.labels.clone(),
            several: self.several,
            summary: self.summary.clone(),
            features: self.features.len(),
            calibration: self.calibration.clone(),
            reference: self.reference.iter().map(|(l, c, n)| (*l, c.first, c.second, c.p_first, c.p_second, *n)).collect(),
        };
        let head = serde_json::to_vec(&head).map_err(|e| broken(&e))?;
        let mut body = (head.len() as u32).to_le_bytes().to_vec();
        body.extend(head);
        self.features.iter().for_each(|f| body.extend(f.to_le_bytes()));
        [&self.idf, &self.scale, &self.bias].into_iter().flatten().for_each(|x| body.extend(x.to_le_bytes()));
        body.extend(self.weights.iter().map(|w| *w as u8));
        let packed = zstd::bulk::compress(&body, 3).map_err(|e| broken(&e))?;
        let mut file = MAGIC.to_vec();
        file.extend(VERSION.to_le_bytes());
        file.extend((body.len() as u64).to_le_bytes());
        file.extend(xxh3_64(&packed).to_le_bytes());
        file.extend(packed);
        Ok(file)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// What it is instead, when it is no model, one of a newer program, one cut short or damaged.
    pub fn from_bytes(file: &[u8]) -> Result<Model> {
        if !file.starts_with(&MAGIC[..file.len().min(8)]) || file.is_empty() {
            return Err(Error::setup("expected a model that `ahu train` has written, found another kind of file"));
        }
        let Some((head, packed)) = file.split_at_checked(HEAD) else { return Err(damaged("it ends in its first bytes")) };
        let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap_or_default());
        let version = number(8) as u32;
        if version != VERSION {
            return Err(Error::setup(format!(
                "the model has format {version}, this program reads format {VERSION}; {}",
                if version > VERSION { "use the version of ahu that trained it, or a newer one" } else { "train it again" }
            )));
        }
        let length = number(12);
        if xxh3_64(packed) != number(20) {
            return Err(damaged("its checksum does not fit"));
        }
        if length > MAX_BODY {
            return Err(damaged("it claims more than 1 GiB"));
        }
        let body = zstd::bulk::decompress(packed, length as usize).map_err(|e| damaged(&e.to_string()))?;
        let mut body = Body(&body);
        let json = body.take(1, 4).and_then(|n| body.take(1, u32::from_le_bytes(n.try_into().ok()?) as usize));
        let head: Head = serde_json::from_slice(json.ok_or_else(|| damaged("it ends in its head"))?).map_err(|e| damaged(&e.to_string()))?;
        let (features, labels) = (head.features, head.labels.len());
        let model = (|| {
            Some(Model {
                target: head.target,
                labels: head.labels,
                several: head.several,
                summary: head.summary,
                features: body.take(features, 8)?.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap_or_default())).collect(),
                idf: body.floats(features)?,
                scale: body.floats(labels)?,
                bias: body.floats(labels)?,
                weights: body.take(features, labels)?.iter().map(|w| *w as i8).collect(),
                calibration: head.calibration,
                reference: head
                    .reference
                    .into_iter()
                    .map(|(l, first, second, p_first, p_second, n)| (l, Cell { first, second, p_first, p_second }, n))
                    .collect(),
            })
        })();
        model.filter(|m| body.0.is_empty() && m.is_whole()).ok_or_else(|| damaged("its parts do not fit together"))
    }

    /// Whether all lists have the lengths that deciding relies on.
    fn is_whole(&self) -> bool {
        let labels = self.labels.len();
        let c = &self.calibration;
        let floats = [&self.idf, &self.scale, &self.bias, &c.offset].into_iter().flatten().chain([&c.slope, &c.given, &c.none_below]);
        labels > 0
            && Reference::new(labels, self.reference.iter().copied()).is_ok()
            && labels < usize::from(u16::MAX)
            && self.labels.is_sorted_by(|a, b| a < b)
            && [c.offset.len(), c.sigmoid.len(), c.precision.len(), self.summary.label_rows.len()].iter().all(|n| *n == labels)
            && c.precision.iter().all(|p| p.len() == super::calibration::BINS)
            && floats.chain(c.sigmoid.iter().flat_map(|s| [&s.0, &s.1])).all(|x| x.is_finite())
    }
}

fn damaged(how: &str) -> Error {
    Error::setup(format!("the model is damaged ({how}); copy it again, or train it again"))
}

/// What is left to read.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, n: usize, size: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n.checked_mul(size)?)?;
        self.0 = rest;
        Some(taken)
    }

    fn floats(&mut self, n: usize) -> Option<Vec<f32>> {
        Some(self.take(n, 4)?.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap_or_default())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Trainer;
    use crate::model::{Predictor, Scratch};
    use crate::segment::{Normalized, Normalizer, Segmenter};
    use crate::ticket::Labelled;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static SEGMENTER: LazyLock<Segmenter> = LazyLock::new(|| Segmenter::new(vec![]));
    /// The unpacked body of a model, and words of its texts.
    static BODY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let row = |text: &str, label: &str| Labelled { id: String::new(), text: text.into(), labels: vec![label.into()] };
        let rows: Vec<Labelled> = (0..20).flat_map(|i| [row(&format!("一进就闪退{i}"), "故障"), row(&format!("什么时候退款{i}"), "退款")]).collect();
        let model = Trainer::new(Target::Cause).train(&rows, &Segmenter::new(vec![])).unwrap().model;
        zstd::bulk::decompress(&model.to_bytes().unwrap()[HEAD..], 1 << 20).unwrap()
    });

    fn sealed(body: &[u8]) -> Vec<u8> {
        let packed = zstd::bulk::compress(body, 1).unwrap();
        [&MAGIC[..], &VERSION.to_le_bytes(), &(body.len() as u64).to_le_bytes(), &xxh3_64(&packed).to_le_bytes(), &packed].concat()
    }

    #[test]
    fn a_sealed_body_is_a_model() {
        assert!(Model::from_bytes(&sealed(&BODY)).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        /// Whoever writes a wrong body under a right checksum gets an error or a model that decides, and no panic.
        #[test]
        fn a_wrong_body_does_no_harm(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in prop::option::weighted(0.2, any::<prop::sample::Index>())) {
            let mut body = BODY.clone();
            changes.iter().for_each(|(at, byte)| { let at = at.index(body.len().min(1500)); body[at] = *byte; });
            if let Some(cut) = cut {
                body.truncate(cut.index(BODY.len()));
            }
            if let Ok(model) = Model::from_bytes(&sealed(&body)) {
                let (mut scratch, mut normal) = (Scratch::default(), Normalized::default());
                Normalizer::builtin().fold("一进就闪退，什么时候退款", &mut normal);
                scratch.read(&normal, &SEGMENTER);
                let predictor = Predictor::new(model);
                let verdict = predictor.decide(&mut scratch);
                prop_assert!(verdict.labels.iter().all(|l| *l < predictor.model().labels.len()));
                prop_assert!(predictor.evidence(&scratch, verdict.labels[0], 3).len() <= 3);
                prop_assert_eq!(predictor.model().calibration.thresholds(0.9).len(), predictor.model().labels.len());
            }
        }
    }
}
