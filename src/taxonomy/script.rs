//! Reply scripts (话术): what an agent may answer.

use super::Taxonomy;

/// A script for a cause, which takes the place of the one beside the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The cause's name.
    pub cause: String,
    /// Only for this product, as reports name it.
    pub product: Option<String>,
    /// What may be answered.
    pub text: String,
    /// From the desk's own file.
    pub own: bool,
    /// File it comes from.
    pub file: String,
}

/// Whether two names are of one product.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace()) || a.trim().eq_ignore_ascii_case(b.trim())
}

impl Taxonomy {
    /// What an agent may answer to tickets of a cause (an index) and product: the product's own script, the cause's, or what stands
    /// beside the cause; of several the last written. Causes of one path share theirs.
    ///
    /// ```
    /// use ahu::taxonomy::{Source, Taxonomy};
    /// let mine = Source { name: "mine.toml", text: r#"
    /// [[cause]]
    /// path = "活动 / 规则"
    /// kinds = ["inquiry"]
    /// rules = ["规则"]
    /// match = ["什么规则"]
    /// script = "您好，规则见公告"
    /// [[script]]
    /// cause = "活动 / 规则"
    /// product = "星河"
    /// text = "您好，每周一更新"
    /// "# };
    /// let taxonomy = Taxonomy::parse(&[], &[mine]).unwrap();
    /// assert_eq!((taxonomy.script(0, "星河"), taxonomy.script(0, "幻塔")), (Some("您好，每周一更新"), Some("您好，规则见公告")));
    /// ```
    #[must_use]
    pub fn script(&self, cause: usize, product: &str) -> Option<&str> {
        let cause = self.causes.get(cause)?;
        let name = cause.name();
        let written = |product: &dyn Fn(&Script) -> bool| self.scripts.iter().rev().find(|s| s.cause == name && product(s)).map(|s| s.text.as_str());
        let of_product = written(&|s| s.product.as_ref().is_some_and(|p| same(p, product)));
        let beside = || cause.script.as_deref().or_else(|| self.causes.get(cause.counted_as)?.script.as_deref());
        of_product.or_else(|| written(&|s| s.product.is_none())).or_else(beside)
    }

    /// Causes for which the desk wrote scripts itself, and the product where a script is only for one.
    pub fn own_scripts(&self) -> impl Iterator<Item = (String, Option<&str>)> + '_ {
        let written = self.scripts.iter().filter(|s| s.own).map(|s| (s.cause.clone(), s.product.as_deref()));
        written.chain(self.causes.iter().filter(|c| c.own && c.script.is_some()).map(|c| (c.name(), None)))
    }
}
