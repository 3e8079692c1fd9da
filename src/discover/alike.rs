//! Which of some texts each group is most like, by its words.

use super::terms::Terms;
use super::vocabulary::{Role, Words};
use crate::segment::{Normalized, Segmenter};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Most texts of a group that are looked at.
const MOST_TEXTS: usize = 500;

/// For each group of texts, the index of the most similar of `others` with the cosine of their words (TF-IDF over groups and
/// others); none where no word is shared.
///
/// ```
/// use ahu::{discover::alike, segment::Segmenter};
/// let found = alike(&[vec!["充值没到账", "充值未到账"]], &["闪退", "充值之后没到账"], &Segmenter::new(vec![]));
/// assert_eq!(found[0].unwrap().0, 1);
/// ```
#[must_use]
pub fn alike(groups: &[Vec<&str>], others: &[&str], segmenter: &Segmenter) -> Vec<Option<(usize, f32)>> {
    let take_apart = |text: &&str| Terms::of(text, segmenter, &mut Normalized::default());
    let of_groups: Vec<Vec<Terms>> = groups.par_iter().map(|texts| texts.iter().take(MOST_TEXTS).map(take_apart).collect()).collect();
    let of_others: Vec<Terms> = others.par_iter().map(take_apart).collect();
    let mut words = Words::default();
    let mut profiles: Vec<BTreeMap<u32, f32>> = Vec::new();
    for terms in of_groups.iter().map(Vec::as_slice).chain(of_others.iter().map(std::slice::from_ref)) {
        let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
        for word in terms.iter().flat_map(|t| words.clauses(t)).flatten() {
            *counts.entry(word).or_default() += 1.0;
        }
        counts.retain(|word, _| words.role(*word) == Role::Content);
        profiles.push(counts);
    }
    let mut seen = vec![0f32; words.len()];
    profiles.iter().flat_map(BTreeMap::keys).for_each(|word| seen[*word as usize] += 1.0);
    let total = profiles.len() as f32;
    for profile in &mut profiles {
        profile.iter_mut().for_each(|(word, n)| *n = (1.0 + n.ln()) * (1.0 + (total / seen[*word as usize]).ln()));
        let length = profile.values().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
        profile.values_mut().for_each(|x| *x /= length);
    }
    let (groups, others) = profiles.split_at(groups.len());
    let nearest = |group: &BTreeMap<u32, f32>| {
        let cosine = |other: &BTreeMap<u32, f32>| other.iter().filter_map(|(word, x)| Some(x * group.get(word)?)).sum::<f32>();
        let all = others.iter().map(cosine).enumerate().filter(|o| o.1 > 0.0);
        all.reduce(|best, one| if one.1 > best.1 { one } else { best })
    };
    groups.par_iter().map(nearest).collect()
}
