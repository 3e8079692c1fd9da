//! Who owns what: each team's part of a day, and the tickets that go on to it.

use super::summary::key;
use crate::digest::{Digest, UNDECIDED};
use crate::error::Result;
use crate::history::Stored;
use crate::listing::tidied;
use crate::prediction::Kind;
use crate::report::transfer::{self, HEADER, Ticket};
use crate::taxonomy::Taxonomy;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Which team owns a product's cause: the one that the desk's own file names for the cause, then the product's, then the built-in one
/// of the cause, which is a guess at what a company may have.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    own: HashMap<String, String>,
    products: HashMap<String, String>,
    /// Of causes of one name in several packs, by folded product, as the digest says.
    told: HashMap<(String, String), String>,
    causes: HashMap<String, String>,
}

impl Owners {
    /// As the taxonomy, and of causes of one name in several built-in packs as the digest, says.
    #[must_use]
    pub fn new(digest: &Digest, taxonomy: &Taxonomy) -> Owners {
        let mut owners = Owners::default();
        for (i, cause) in taxonomy.causes.iter().enumerate() {
            owners.own.extend(cause.team.clone().filter(|_| cause.own).map(|team| (cause.name(), team)));
            owners.causes.extend(taxonomy.team(i).map(|team| (cause.name(), team.to_owned())));
        }
        for product in &taxonomy.products {
            let names = std::iter::once(&product.name).chain(&product.aliases);
            owners.products.extend(names.filter_map(|name| Some((key(name), product.team.clone()?))));
        }
        for product in &digest.products {
            let key = key(&product.product);
            for cause in product.kinds.iter().flat_map(|k| &k.causes) {
                owners.told.extend(cause.team.clone().map(|team| ((key.clone(), cause.cause.clone()), team)));
            }
        }
        owners
    }

    /// The team that owns a product's cause. What has no cause is nobody's yet.
    #[must_use]
    pub fn of(&self, product: &str, cause: &str) -> Option<String> {
        if cause.is_empty() {
            return None;
        }
        let key = (key(product), cause.to_owned());
        self.own.get(cause).or_else(|| self.products.get(&key.0)).or_else(|| self.told.get(&key)).or_else(|| self.causes.get(cause)).cloned()
    }
}

/// All teams of a taxonomy.
#[must_use]
pub fn all(taxonomy: &Taxonomy) -> BTreeSet<String> {
    taxonomy.causes.iter().filter_map(|c| c.team.clone()).chain(taxonomy.products.iter().filter_map(|p| p.team.clone())).collect()
}

/// A team's part of a day.
#[derive(Debug, Clone)]
pub struct Part {
    /// The team.
    pub team: String,
    /// Its part of the digest.
    pub digest: Digest,
    /// Its tickets, as a table.
    pub tickets: String,
}

/// The parts of a day's digest that teams own. `tickets` calls what it is given for every ticket of the day, with its text.
///
/// # Errors
/// What `tickets` gives.
pub fn parts(digest: &Digest, taxonomy: &Taxonomy, day: Date, tickets: impl FnOnce(&mut dyn FnMut(Stored)) -> Result<()>) -> Result<Vec<Part>> {
    let owners = Owners::new(digest, taxonomy);
    let causes = digest.products.iter().flat_map(|p| p.kinds.iter().flat_map(|k| &k.causes).map(|c| (&p.product, &c.cause)));
    let teams: BTreeSet<String> = causes.filter_map(|(product, cause)| owners.of(product, cause)).collect();
    if teams.is_empty() {
        return Ok(Vec::new());
    }
    let mut tables: BTreeMap<String, String> = teams.into_iter().map(|team| (team, HEADER.to_owned())).collect();
    // The same few products and causes come again and again.
    let mut known: HashMap<(String, String), Option<String>> = HashMap::new();
    tickets(&mut |ticket: Stored| {
        let owner = known.entry((ticket.product.clone(), ticket.cause.clone())).or_insert_with(|| owners.of(&ticket.product, &ticket.cause));
        if let Some(table) = owner.as_ref().and_then(|team| tables.get_mut(team)) {
            transfer::push(table, &passed_on(ticket, day));
        }
    })?;
    let owner = |product: &str, cause: &str| owners.of(product, cause);
    Ok(tables.into_iter().map(|(team, tickets)| Part { digest: digest.of_team(&team, &owner), team, tickets }).collect())
}

fn passed_on(ticket: Stored, day: Date) -> Ticket {
    let time = ticket.second.map_or_else(|| day.to_string(), |s| format!("{day} {:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60));
    Ticket {
        id: ticket.id,
        time,
        product: ticket.product,
        kind: ticket.kind.map_or(UNDECIDED, Kind::code),
        cause: ticket.cause,
        channel: ticket.channel,
        text: ticket.text.map_or_else(String::new, |text| tidied(&text, &[]).0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Source;

    #[test]
    fn the_desk_s_own_teams_come_before_the_built_in_ones() {
        let cause = |path: &str, team: &str| {
            format!("[[cause]]\npath = \"{path}\"\nkinds = [\"complaint\"]\nteam = \"{team}\"\nrules = [\"喵喵\"]\nmatch = [\"喵喵\"]\n")
        };
        let own = format!("[[product]]\nname = \"甲\"\nteam = \"甲组\"\n{}", cause("运行 / 闪退崩溃", "我的组"));
        let taxonomy = Taxonomy::with_builtin(true, &[Source { name: "own.toml", text: &own }]).expect("a taxonomy");
        let owners = Owners::new(&Digest::default(), &taxonomy);
        // Whichever pack's rule decided, the cause's own team; else the product's; else a built-in guess.
        assert_eq!(owners.of("甲", "运行 / 闪退崩溃").as_deref(), Some("我的组"));
        assert_eq!(owners.of("甲", "活动 / 奖品未到账").as_deref(), Some("甲组"));
        assert_eq!(owners.of("乙", "活动 / 奖品未到账").as_deref(), Some("活动运营"));
        let builtin = taxonomy.causes.iter().position(|c| !c.own && c.name() == "运行 / 闪退崩溃").expect("a cause");
        assert_eq!(taxonomy.team(builtin), Some("我的组"));
        assert_eq!(owners.of("乙", ""), None);
    }
}
