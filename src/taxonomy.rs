//! Products, causes and rules: parsing the files people edit into plain types. It opens no file.
//!
//! The file format and the rule language are described in `docs/rules.md`.

pub mod check;
pub mod file;
pub mod rule;
mod script;

pub use script::Script;
pub(crate) use script::same as is_of;

use crate::error::{Error, Result, nearest};
use crate::prediction::Kind;
use check::Check;
use rule::Expr;
use std::collections::BTreeMap;

/// A field of business whose causes belong together (games, shops, banks …).
#[derive(Debug, Clone, Default)]
pub struct Pack {
    /// Short ASCII name; causes of the pack `general` and of files without a `[pack]` apply everywhere.
    pub id: String,
    /// What people read.
    pub name: String,
    /// Headers of a product column that tell the field.
    pub headers: Vec<String>,
    /// Pieces of a product's name that tell the field.
    pub product_hints: Vec<String>,
    /// Words of a ticket's text that tell the field.
    pub cues: Vec<String>,
    /// Its causes apply to every ticket: it has no headers, hints or cues, and no product names it.
    pub universal: bool,
}

/// A product as its company knows it.
#[derive(Debug, Clone)]
pub struct Product {
    /// The name reports use.
    pub name: String,
    /// Other names, looked for in the product column and in texts.
    pub aliases: Vec<String>,
    /// Owning team.
    pub team: Option<String>,
    /// Indexes into `Taxonomy::packs`; empty: told by name, header or text.
    pub packs: Vec<usize>,
}

/// A rule with its place.
#[derive(Debug, Clone)]
pub struct Rule {
    /// As written.
    pub text: String,
    /// As parsed.
    pub expr: Expr,
    /// Line in its file, from 1.
    pub line: u64,
}

/// An example that a cause must (or must not) take.
#[derive(Debug, Clone)]
pub struct Example {
    /// The ticket's text.
    pub text: String,
    /// Line in its file, from 1.
    pub line: u64,
}

/// A cause: why customers write.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The path in the tree, outermost first.
    pub path: Vec<String>,
    /// Kinds it can have, the usual one first.
    pub kinds: Vec<Kind>,
    /// Indexes into `Taxonomy::products`; empty: all.
    pub products: Vec<usize>,
    /// Index into `Taxonomy::packs`.
    pub pack: usize,
    /// Owning team.
    pub team: Option<String>,
    /// Stage of the customer's journey.
    pub stage: Option<String>,
    /// Factor on the score of its rules; 1 unless written.
    pub weight: f32,
    /// Any of them is enough.
    pub rules: Vec<Rule>,
    /// Texts that must be decided as this cause.
    pub matches: Vec<Example>,
    /// Texts that must not.
    pub rejects: Vec<Example>,
    /// Index of the cause under which it is counted: the last of the same path, whatever the pack.
    pub counted_as: usize,
    /// From the desk's own file: it wins over built-in ones, and over models.
    pub own: bool,
    /// What the agent may answer.
    pub script: Option<String>,
    /// What the product's team may do about it.
    pub suggestion: Option<String>,
    /// File it comes from.
    pub file: String,
    /// Line in that file, from 1.
    pub line: u64,
}

impl Cause {
    /// The path as people write it: `活动 / 奖品未到账`.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.join(" / ")
    }
}

/// Words that speak for a kind, with their weight in log-odds.
#[derive(Debug, Clone)]
pub struct Cue {
    /// What they speak for.
    pub kind: Kind,
    /// Added to the kind's score when the rule fires; negative speaks against.
    pub weight: f32,
    /// Any of them is enough; it counts once.
    pub rules: Vec<Rule>,
    /// File it comes from.
    pub file: String,
}

/// Everything the rules know: the value that classifiers are built from.
#[derive(Debug, Clone, Default)]
pub struct Taxonomy {
    /// Fields of business.
    pub packs: Vec<Pack>,
    /// Products of the company.
    pub products: Vec<Product>,
    /// Causes, in the order of the files.
    pub causes: Vec<Cause>,
    /// Words of asking, complaining, …
    pub cues: Vec<Cue>,
    /// What the words of both sides are looked over for.
    pub checks: Vec<Check>,
    /// Reply scripts that stand apart from their causes, in the order of the files.
    pub scripts: Vec<Script>,
    /// Words that the segmenter keeps whole.
    pub words: Vec<String>,
}

/// A taxonomy file's text and the name to use in messages.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Name in messages.
    pub name: &'a str,
    /// The whole text, TOML.
    pub text: &'a str,
}

/// Most packs, counting each file without a `[pack]` as one.
pub const MAX_PACKS: usize = 64;

impl Taxonomy {
    /// Parses files into one taxonomy. Sets of `shared` are visible in all files.
    ///
    /// # Errors
    /// The first problem found, with file, line and, for a misspelt name, the nearest valid one.
    ///
    /// ```
    /// use ahu::taxonomy::{Source, Taxonomy};
    /// let mine = Source { name: "mine.toml", text: r#"
    /// [[cause]]
    /// path = "活动 / 奖品未到账"
    /// kinds = ["complaint"]
    /// rules = ["奖励 ~6 没到"]
    /// match = ["奖励没到", "没到账的奖励"]
    /// reject = ["奖励到了", "没到活动时间"]
    /// "# };
    /// let taxonomy = Taxonomy::parse(&[], &[mine]).unwrap();
    /// assert_eq!(taxonomy.causes[0].name(), "活动 / 奖品未到账");
    /// ```
    pub fn parse(shared: &[Source<'_>], files: &[Source<'_>]) -> Result<Taxonomy> {
        let mut sets = rule::Sets::new();
        for source in shared {
            file::add_sets(&file::read(source)?, &mut sets)?;
        }
        // Reading is most of the start-up time: the files are read side by side.
        let files = std::thread::scope(|scope| {
            let threads: Vec<_> = files.iter().map(|f| scope.spawn(|| file::read(f))).collect();
            threads.into_iter().map(|t| t.join().unwrap_or_else(|e| std::panic::resume_unwind(e))).collect::<Result<Vec<_>>>()
        })?;
        let mut taxonomy = Taxonomy::default();
        for file in &files {
            file::add_pack(&mut taxonomy, file);
        }
        if taxonomy.packs.len() > MAX_PACKS {
            return Err(Error::setup(format!(
                "{} packs and files without a [pack]: at most {MAX_PACKS} together; put causes that belong together into one file",
                taxonomy.packs.len()
            )));
        }
        for file in &files {
            file::add_products(&mut taxonomy, file)?;
        }
        // What nothing tells apart applies everywhere.
        for (i, pack) in taxonomy.packs.iter_mut().enumerate() {
            let told = !(pack.headers.is_empty() && pack.product_hints.is_empty() && pack.cues.is_empty());
            pack.universal = !told && !taxonomy.products.iter().any(|p| p.packs.contains(&i));
        }
        for file in &files {
            let mut own = sets.clone();
            file::add_sets(file, &mut own)?;
            file::add_causes(&mut taxonomy, file, &own)?;
            file::add_checks(&mut taxonomy, file, &own)?;
        }
        for file in &files {
            file::add_scripts(&mut taxonomy, file)?;
        }
        let last: BTreeMap<Vec<String>, usize> = taxonomy.causes.iter().enumerate().map(|(i, c)| (c.path.clone(), i)).collect();
        for cause in &mut taxonomy.causes {
            cause.counted_as = last[&cause.path];
        }
        Ok(taxonomy)
    }

    /// The built-in taxonomy, or with `with_packs == false` only the words of asking and complaining, followed by the user's `files`.
    ///
    /// # Errors
    /// As [`Taxonomy::parse`].
    pub fn with_builtin(with_packs: bool, files: &[Source<'_>]) -> Result<Taxonomy> {
        let mut all = vec![builtin::KINDS, builtin::RISKS, builtin::SERVICE];
        if with_packs {
            all.extend(builtin::PACKS);
        }
        all.extend_from_slice(files);
        let mut taxonomy = Self::parse(&[builtin::SETS], &all)?;
        for cause in taxonomy.causes.iter_mut().filter(|c| files.iter().any(|f| f.name == c.file)) {
            cause.own = true;
        }
        for script in taxonomy.scripts.iter_mut().filter(|s| files.iter().any(|f| f.name == s.file)) {
            script.own = true;
        }
        Ok(taxonomy)
    }

    /// A hash of the names of causes and products, and of all rules: what a model was trained beside.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        let rules = self.causes.iter().flat_map(|c| c.path.iter().chain(c.rules.iter().map(|r| &r.text)));
        for text in rules.chain(self.products.iter().map(|p| &p.name)) {
            hasher.update(text.as_bytes());
            hasher.update(&[0]);
        }
        hasher.digest()
    }

    /// The team that owns a cause (an index): the one that the desk's own file names for this path, whichever pack's cause it is.
    #[must_use]
    pub fn team(&self, cause: usize) -> Option<&str> {
        let cause = self.causes.get(cause)?;
        let own = self.causes.iter().filter(|c| c.own && c.counted_as == cause.counted_as).find_map(|c| c.team.as_deref());
        own.or(cause.team.as_deref()).or_else(|| self.causes.get(cause.counted_as)?.team.as_deref())
    }

    /// All but rules and examples, which are most of it: enough to name and count what was decided.
    #[must_use]
    pub fn without_rules(&self) -> Taxonomy {
        let named = |c: &Cause| Cause {
            path: c.path.clone(),
            kinds: c.kinds.clone(),
            products: c.products.clone(),
            pack: c.pack,
            team: c.team.clone(),
            stage: c.stage.clone(),
            weight: c.weight,
            rules: Vec::new(),
            matches: Vec::new(),
            rejects: Vec::new(),
            counted_as: c.counted_as,
            own: c.own,
            script: c.script.clone(),
            suggestion: c.suggestion.clone(),
            file: c.file.clone(),
            line: c.line,
        };
        let checked = |c: &Check| Check { rules: Vec::new(), unless: Vec::new(), matches: Vec::new(), rejects: Vec::new(), ..c.clone() };
        Taxonomy {
            packs: self.packs.clone(),
            products: self.products.clone(),
            causes: self.causes.iter().map(named).collect(),
            cues: Vec::new(),
            checks: self.checks.iter().map(checked).collect(),
            scripts: self.scripts.clone(),
            words: Vec::new(),
        }
    }

    /// The cause of this name (`活动 / 奖品未到账`), made without rules where there is none: an index into `causes`.
    pub fn cause_named(&mut self, name: &str) -> usize {
        let path: Vec<String> = name.split('/').map(|part| part.trim().to_owned()).collect();
        if let Some(known) = self.causes.iter().find(|c| c.path == path) {
            return known.counted_as;
        }
        self.causes.push(Cause {
            path,
            kinds: Vec::new(),
            products: Vec::new(),
            pack: 0,
            team: None,
            stage: None,
            weight: 1.0,
            rules: Vec::new(),
            matches: Vec::new(),
            rejects: Vec::new(),
            counted_as: self.causes.len(),
            own: false,
            script: None,
            suggestion: None,
            file: "model".to_owned(),
            line: 0,
        });
        self.causes.len() - 1
    }

    /// The pack called `id`.
    ///
    /// # Errors
    /// Names the nearest one when there is none.
    pub fn pack(&self, id: &str) -> Result<usize> {
        self.packs.iter().position(|p| p.id == id).ok_or_else(|| {
            let near = nearest(id, self.packs.iter().map(|p| p.id.as_str()));
            Error::setup(format!("unknown pack `{id}`{}", near.map_or(String::new(), |n| format!("; the nearest is `{n}`"))))
        })
    }
}

/// The knowledge that ships inside the binary.
pub mod builtin {
    use super::Source;

    /// Shared sets of words.
    pub const SETS: Source<'static> = Source { name: "data/sets.toml", text: include_str!("../data/sets.toml") };
    /// Words of asking, complaining, suggesting, praising.
    pub const KINDS: Source<'static> = Source { name: "data/kinds.toml", text: include_str!("../data/kinds.toml") };

    /// What customers threaten with.
    pub const RISKS: Source<'static> = Source { name: "data/risks.toml", text: include_str!("../data/risks.toml") };
    /// Checks of the desk's words.
    pub const SERVICE: Source<'static> = Source { name: "data/service.toml", text: include_str!("../data/service.toml") };

    macro_rules! packs {
        ($($id:literal),* $(,)?) => {
            /// One file a field of business.
            pub const PACKS: &[Source<'static>] = &[$(Source {
                name: concat!("data/packs/", $id, ".toml"),
                text: include_str!(concat!("../data/packs/", $id, ".toml")),
            }),*];
        };
    }
    packs!["general", "game", "shop", "education", "o2o", "telecom", "bank", "civic", "english"];
}
