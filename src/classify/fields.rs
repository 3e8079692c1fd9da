//! Which product a ticket is about, and which field of business (games, banks …) that is: told by the product, its name or its
//! column's header, else by the words of the text.

use crate::segment::{Lexicon, Normalized, Normalizer};
use crate::taxonomy::rule::{Edge, parse_set_entry};
use crate::taxonomy::{Pack, Taxonomy};
use crate::ticket::Ticket;
use std::collections::{BTreeMap, HashMap};

/// Fields of business as a set of packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Field(u64);

impl Field {
    /// Nothing is known of the field: the text has to tell.
    pub const UNKNOWN: Field = Field(0);
    const MAX: usize = crate::taxonomy::MAX_PACKS;

    pub(super) fn of(packs: impl IntoIterator<Item = usize>) -> Field {
        Field(packs.into_iter().filter(|p| *p < Self::MAX).fold(0, |set, p| set | 1 << p))
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, pack: usize) -> bool {
        pack < Self::MAX && self.0 & (1 << pack) != 0
    }

    pub(super) fn and(self, other: Field) -> Field {
        Field(self.0 | other.0)
    }

    pub(super) fn minus(self, other: Field) -> Field {
        Field(self.0 & !other.0)
    }

    /// The packs of the set, ascending.
    pub(super) fn packs(self) -> impl Iterator<Item = usize> {
        (0..Self::MAX).filter(move |p| self.has(*p))
    }
}

/// A product, found.
#[derive(Debug, Clone)]
pub(super) struct ProductFound {
    /// Its name in the digest.
    pub name: Option<String>,
    /// Index into `Taxonomy::products`.
    pub index: Option<usize>,
    /// The field that it or its column's header tells.
    pub field: Field,
}

/// What a word of the text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    Product(usize),
    Field(usize),
}

/// A word of the taxonomy that tells a product or a field.
struct Word {
    edge: Edge,
    says: Vec<Says>,
}

/// The fields that a text tells of.
#[derive(Debug, Clone, Default)]
pub(super) struct TextFields {
    /// Per pack: distinct cues in the text.
    pub counts: Vec<usize>,
    /// The product named first.
    pub product: Option<usize>,
}

/// Products and fields of a taxonomy, ready to be looked up.
pub(super) struct Fields {
    /// Packs that apply everywhere.
    pub universal: Field,
    packs: usize,
    /// By folded name or alias.
    products: HashMap<String, usize>,
    hints: Vec<(String, usize)>,
    headers: Vec<(String, usize)>,
    lexicon: Lexicon,
    /// Per literal.
    words: Vec<Vec<Word>>,
}

impl Fields {
    pub fn new(taxonomy: &Taxonomy) -> Fields {
        let normalizer = Normalizer::builtin();
        let mut words: BTreeMap<(String, Edge), Vec<Says>> = BTreeMap::new();
        let mut add = |text: &str, says: Says| {
            // A word that does not parse as a term (an empty one) tells nothing.
            for term in parse_set_entry(text, &BTreeMap::new()).iter().flat_map(|t| t.iter()) {
                let folded = normalizer.folded(&term.text).trim().to_owned();
                // A one-letter name (游戏 A) is only trusted in its column.
                if folded.chars().count() > 1 {
                    words.entry((folded, term.edge)).or_default().push(says);
                }
            }
        };
        let mut products = HashMap::new();
        for (i, product) in taxonomy.products.iter().enumerate() {
            for name in std::iter::once(&product.name).chain(&product.aliases) {
                products.entry(normalizer.folded(name.trim())).or_insert(i);
                add(name, Says::Product(i));
            }
        }
        for (i, pack) in taxonomy.packs.iter().enumerate() {
            pack.cues.iter().for_each(|cue| add(cue, Says::Field(i)));
        }
        // One literal may stand for several words that differ in their edges.
        let mut literals: BTreeMap<String, Vec<Word>> = BTreeMap::new();
        for ((text, edge), says) in words {
            literals.entry(text).or_default().push(Word { edge, says });
        }
        let lexicon = Lexicon::new(literals.keys().map(String::as_str));
        let folded = |list: fn(&Pack) -> &Vec<String>| -> Vec<(String, usize)> {
            let all = taxonomy.packs.iter().enumerate().flat_map(|(i, p)| list(p).iter().map(move |h| (normalizer.folded(h.trim()), i)));
            all.filter(|(h, _)| !h.is_empty()).collect()
        };
        Fields {
            universal: Field::of(taxonomy.packs.iter().enumerate().filter(|(_, p)| p.universal).map(|(i, _)| i)),
            packs: taxonomy.packs.len(),
            products,
            hints: folded(|p| &p.product_hints),
            headers: folded(|p| &p.headers),
            lexicon,
            words: literals.into_values().collect(),
        }
    }

    /// The field that a product column's header tells of.
    pub fn of_header(&self, header: &str) -> Field {
        let folded = Normalizer::builtin().folded(header.trim());
        Field::of(self.headers.iter().filter(|(h, _)| *h == folded || (h.chars().count() > 1 && folded.contains(h.as_str()))).map(|(_, p)| *p))
    }

    /// The field that a product's folded name tells of; a hint that begins with `=` is the whole name.
    fn of_name(&self, folded: &str) -> Field {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        // A number is no part of a longer one.
        let inside = |hint: &str| {
            folded.match_indices(hint).any(|(at, _)| {
                let (before, after) = (folded[..at].chars().next_back(), folded[at + hint.len()..].chars().next());
                !(digit(hint.chars().next()) && digit(before) || digit(hint.chars().next_back()) && digit(after))
            })
        };
        let tells = |hint: &str| hint.strip_prefix('=').map_or_else(|| inside(hint), |whole| folded == whole);
        Field::of(self.hints.iter().filter(|(h, _)| tells(h)).map(|(_, p)| *p))
    }

    /// A product of the taxonomy.
    pub fn known(&self, taxonomy: &Taxonomy, index: usize, header: Field) -> ProductFound {
        let p = &taxonomy.products[index];
        let told = Field::of(p.packs.iter().copied());
        let by_name = self.of_name(&Normalizer::builtin().folded(&p.name));
        let field = [told, by_name, header].into_iter().find(|f| !f.is_unknown()).unwrap_or(Field::UNKNOWN);
        ProductFound { name: Some(p.name.clone()), index: Some(index), field }
    }

    /// The product that the ticket's column names; `None` if it names none.
    pub fn product(&self, taxonomy: &Taxonomy, ticket: &Ticket<'_>, header: Field) -> Option<ProductFound> {
        let written = ticket.product.trim();
        if written.is_empty() {
            return None;
        }
        let folded = Normalizer::builtin().folded(written);
        if let Some(index) = self.products.get(folded.trim()) {
            return Some(self.known(taxonomy, *index, header));
        }
        let by_name = self.of_name(folded.trim());
        let field = if by_name.is_unknown() { header } else { by_name };
        Some(ProductFound { name: Some(written.to_owned()), index: None, field })
    }

    /// What the text tells of products and fields.
    pub fn in_text(&self, normal: &Normalized) -> TextFields {
        let mut found = TextFields { counts: vec![0; self.packs], product: None };
        let mut seen = vec![false; self.words.len()];
        let mut first: Option<(usize, std::cmp::Reverse<usize>)> = None;
        self.lexicon.find(&normal.chars, |start, end, literal| {
            let again = std::mem::replace(&mut seen[literal as usize], true);
            let fits = |w: &&Word| super::matching::edge_fits(w.edge, &normal.chars, start, end);
            for says in self.words[literal as usize].iter().filter(fits).flat_map(|w| &w.says) {
                let place = (start, std::cmp::Reverse(end));
                match says {
                    Says::Product(p) if first.is_none_or(|f| place < f) => {
                        first = Some(place);
                        found.product = Some(*p);
                    }
                    Says::Product(_) => {}
                    Says::Field(pack) if !again => found.counts[*pack] += 1,
                    Says::Field(_) => {}
                }
            }
        });
        found
    }
}
