//! `ahu discover`: groups of what no cause took.

use super::output::{self, Published};
use super::setup::{self, InputArgs, TaxonomyArgs, tell_about, tell_of_ids};
use super::summarize::LangArg;
use ahu::classify::Classifier;
use ahu::digest::UNDECIDED;
use ahu::discover::{Group, Registry};
use ahu::error::{Error, Result};
use ahu::mask;
use ahu::pipeline::discover::{Days, Discovered, Options, discovered};
use ahu::pipeline::propose::{self, Proposal, propose};
use ahu::prediction::Kind;
use ahu::report::{Lang, harmless};
use ahu::segment::Segmenter;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Group the tickets that no cause took, and name the groups: causes that nobody wrote down yet
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// Group all tickets, those with a cause too
    #[arg(long)]
    all: bool,
    /// Write every row with its group in the column `ahu_group` to FILE (CSV, UTF-8)
    #[arg(long, value_name = "FILE")]
    assign: Option<PathBuf>,
    /// Write the groups to FILE as causes of a taxonomy, with rules and examples, for `--taxonomy FILE` (TOML)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep the groups in FILE from day to day: known ones keep their names, and what is new is told (JSON)
    #[arg(long, value_name = "FILE")]
    groups: Option<PathBuf>,
    /// How to write the groups
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArg,
    /// Groups shown, the largest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    top: usize,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatArg {
    Text,
    Json,
}

/// Characters shown of a typical ticket, and ids.
const EXCERPT: usize = 60;
const SHOWN_IDS: usize = 5;
const NOTED_IDS: usize = 10;
/// Tickets like no others that are shown; tickets compared for the most typical of a kind.
const ALONE: usize = 20;
const MOST_COMPARED: usize = 500;

pub fn execute(args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.taxonomy)?;
    let setup = args.input.setup(&args.taxonomy)?;
    setup.refuse_one_file(&[("-o", args.output.as_deref()), ("--assign", args.assign.as_deref()), ("--groups", args.groups.as_deref())])?;
    let proposed = args.output.as_deref().map(|path| Published::create(path, &setup.kept)).transpose()?;
    let assigned = args.assign.as_deref().map(|path| Published::create(path, &setup.kept)).transpose()?;
    let (rejects_published, rejects) = setup.open_rejects()?.unzip();
    let job = setup.job();
    let mut registry = args.groups.as_deref().map(read_registry).transpose()?;
    let last = registry.as_ref().map_or(String::new(), |r| r.day().to_owned());
    let kept = args.groups.as_deref().map(|path| Published::create(path, &setup.kept)).transpose()?;
    let today = jiff::Timestamp::now().to_zoned(setup.dates.zone().clone()).date();
    let options = Options { all: args.all, keep_rows: assigned.is_some(), keep_decided: proposed.is_some() };
    let (found, rejects) =
        setup.with_progress(|| discovered(&job, options, rejects, registry.as_mut().map(|registry| Days { registry, day: setup.as_of, today })))?;
    tell_about(&found.outcome, setup.rejects.as_deref());
    if let Some(day) = found.day.filter(|day| day.to_string() < last) {
        output::complain(&format!("these are tickets of {day}, but {last} is in `--groups` already; what is new is told by days in their order"));
    }
    setup::publish_rejects(rejects_published, rejects)?;
    tell_of_ids(&found.outcome.ids_not_found);
    if let Some(e) = found.outcome.refused {
        return Err(e);
    }
    let assigned_rows = assigned.as_ref().map(|_| found.assigned());
    let proposals = proposed.as_ref().map(|_| proposals_file(&found, &args.taxonomy, setup.classifier.segmenter(), lang)).transpose()?;
    let outputs = [(assigned, assigned_rows), (proposed, proposals), (kept, registry.map(|r| r.to_json()))];
    for ((published, file), text) in outputs.into_iter().filter_map(|(file, text)| file.zip(text)) {
        published.publish_bytes(file, text.as_bytes())?;
    }
    let shown = Shown { found: &found, lang, masked: setup.mask };
    let text = if args.format == FormatArg::Json { shown.json() } else { shown.text(args.top) };
    output::publish(&text, None, &[])?;
    Ok(ExitCode::SUCCESS)
}

/// The file of proposals.
fn proposals_file(found: &Discovered, taxonomy: &TaxonomyArgs, segmenter: &Segmenter, lang: Lang) -> Result<String> {
    let settings = taxonomy.settings()?;
    let builtin = !taxonomy.without_builtin(&settings);
    // An example must hold with the built-in causes and without them: nobody knows how the file will be used.
    let compile = |text: &str| -> Result<Vec<Classifier>> {
        let with = |builtin: bool| taxonomy.classifier_with(&settings, builtin, vec![(propose::NAME.to_owned(), text.to_owned())]);
        Ok(vec![with(builtin)?, with(!builtin)?])
    };
    let proposals = propose(found, segmenter, &compile)?;
    let groups = &found.grouping.groups;
    let taken: usize = proposals.iter().map(|p| p.taken.own).sum();
    let (count, all, tickets) = (proposals.len(), groups.len(), found.tickets.len());
    let mut out = match lang {
        Lang::Zh => format!(
            "# 由 {tickets} 件未归类工单分出的 {all} 组中，{count} 组写成了原因，共命中本组 {taken} 件。\n\
             # 用法：改名、删减、合并之后，先 `ahu check 本文件`，再 `ahu summarize 工单.csv --taxonomy 本文件`。\n\
             # 合并两条：把一条的 rules、match 搬到另一条。拆开一条：复制一份，各留一部分 rules。大类写在前面：path = \"支付 / 充值没到账\"。\n"
        ),
        Lang::ZhHant => format!(
            "# 由 {tickets} 件未歸類工單分出的 {all} 組中，{count} 組寫成了原因，共命中本組 {taken} 件。\n\
             # 用法：改名、刪減、合併之後，先 `ahu check 本檔`，再 `ahu summarize 工單.csv --taxonomy 本檔`。\n\
             # 合併兩條：把一條的 rules、match 搬到另一條。拆開一條：複製一份，各留一部分 rules。大類寫在前面：path = \"支付 / 儲值沒到帳\"。\n"
        ),
        Lang::En => format!(
            "# Of {all} groups of {tickets} tickets, {count} are written as causes; they take {taken} tickets of their groups.\n\
             # Rename, drop and merge as you like; then `ahu check THIS` and `ahu summarize FILE --taxonomy THIS`.\n\
             # To merge two, move the rules and examples of one to the other; to split one, copy it and leave some rules in each.\n\
             # What it belongs to comes first: path = \"payment / top-up not credited\".\n"
        ),
    };
    out.push_str(&propose::toml(&proposals, &|p| note(p, found, lang)));
    let missing: Vec<&str> = (0..groups.len()).filter(|g| !proposals.iter().any(|p| p.groups.contains(g))).map(|g| groups[g].name.as_str()).collect();
    if !missing.is_empty() {
        let head = lang.pick(
            "没有写成原因的组（规则不够准，或会抢走已有原因的例句；请看工单后自己写）",
            "沒有寫成原因的組（規則不夠準，或會搶走已有原因的例句；請看工單後自己寫）",
            "Groups without a rule that is right often enough and takes no other cause's example",
        );
        out.push_str(&format!("\n# {head}{}{}\n", lang.colon(), missing.iter().map(|name| harmless(name)).collect::<Vec<_>>().join(lang.comma())));
    }
    Ok(out)
}

/// What stands above a proposal: how many tickets, what its rule is worth, what is like it.
fn note(p: &Proposal, found: &Discovered, lang: Lang) -> String {
    let texts: Vec<usize> = p.groups.iter().flat_map(|g| &found.grouping.groups[*g].texts).copied().collect();
    let (size, taken) = (texts.len(), p.taken);
    let percent = |part: usize, all: usize| part * 100 / all.max(1);
    let ids: Vec<String> = texts.iter().take(NOTED_IDS).map(|t| harmless(&mask::mask_id(&found.tickets[*t].id, mask::Cells::Ids))).collect();
    let ids = format!("{}{}", ids.join(" "), if size > NOTED_IDS { " …" } else { "" });
    let kinds = kinds(&texts, found, lang).join(lang.comma());
    let (covered, precise) = (percent(taken.own, size), percent(taken.own, taken.own + taken.others));
    let mut out = match lang {
        Lang::Zh => {
            format!("# {size} 件：{kinds}；编号 {ids}\n# 规则覆盖本组的 {covered} %（{} 件），准确率 {precise} %（误收别组 {} 件）", taken.own, taken.others)
        }
        Lang::ZhHant => {
            format!("# {size} 件：{kinds}；編號 {ids}\n# 規則涵蓋本組的 {covered} %（{} 件），準確率 {precise} %（誤收別組 {} 件）", taken.own, taken.others)
        }
        Lang::En => format!(
            "# {size} tickets: {kinds}; ids {ids}\n# The rules cover {covered} % of the group ({}), precision {precise} % ({} of other groups)",
            taken.own, taken.others
        ),
    };
    if taken.decided > 0 {
        out.push_str(&match lang {
            Lang::Zh => format!("；还会拿走 {} 件已有原因的", taken.decided),
            Lang::ZhHant => format!("；還會拿走 {} 件已有原因的", taken.decided),
            Lang::En => format!("; {} that have a cause would change to it", taken.decided),
        });
    }
    out.push('\n');
    if let Some((cause, near)) = &p.nearest {
        let near = (near * 100.0).round();
        let said = match (lang, p.extends) {
            (Lang::Zh, false) => format!("最接近的已有原因：{cause}（相似 {near} %）"),
            (Lang::ZhHant, false) => format!("最接近的已有原因：{cause}（相似 {near} %）"),
            (Lang::En, false) => format!("Most like the cause {cause} ({near} % alike)"),
            (Lang::Zh, true) => format!("与已有原因 {cause} 相同，这里只给它补规则，一起计数"),
            (Lang::ZhHant, true) => format!("與已有原因 {cause} 相同，這裡只給它補規則，一起計數"),
            (Lang::En, true) => format!("The same as the cause {cause}: these are more rules for it, and are counted with it"),
        };
        out.push_str(&format!("# {}\n", harmless(&said)));
    }
    out
}

/// `投诉 40`, `咨询 7`.
fn kinds(texts: &[usize], found: &Discovered, lang: Lang) -> Vec<String> {
    found.kinds(texts).into_iter().map(|(kind, n)| format!("{} {n}", lang.kind(kind.map_or(UNDECIDED, Kind::code)))).collect()
}

/// The groups of other days; none where the file is not there yet.
fn read_registry(path: &Path) -> Result<Registry> {
    match std::fs::read_to_string(path) {
        // As `mktemp` and `touch` make it.
        Ok(text) if text.trim().is_empty() => Ok(Registry::default()),
        Ok(text) => Registry::from_json(&text).map_err(|e| e.in_file(&path.display().to_string())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Registry::default()),
        Err(e) => Err(Error::io(path.display(), "read", &e)),
    }
}

/// Groups as people and programs read them.
struct Shown<'f> {
    found: &'f Discovered,
    lang: Lang,
    masked: bool,
}

impl Shown<'_> {
    fn text(&self, top: usize) -> String {
        let (found, lang) = (self.found, self.lang);
        let groups = &found.grouping.groups;
        let (empty, alone) = (self.without_text(), self.alone());
        let (all, count, left, decided) = (found.tickets.len(), groups.len(), alone.len(), found.with_a_cause);
        let mut out = match lang {
            Lang::Zh => format!("{all} 件分成 {count} 组，{left} 件不成组，{empty} 件没有文字；另有 {decided} 件已有原因\n"),
            Lang::ZhHant => format!("{all} 件分成 {count} 組，{left} 件不成組，{empty} 件沒有文字；另有 {decided} 件已有原因\n"),
            Lang::En => format!("{all} tickets in {count} groups; {left} are like no others, {empty} are without a text; {decided} more have a cause\n"),
        };
        let new: Vec<String> = groups
            .iter()
            .zip(&found.identities)
            .filter(|(_, identity)| identity.new)
            .map(|(group, _)| format!("{} {}", lang.group(&harmless(&group.name)), group.texts.len()))
            .collect();
        if !new.is_empty() {
            out.push_str(&format!("{}{}{}\n", lang.pick("新出现", "新出現", "new"), lang.colon(), new.join(lang.pick("、", "、", ", "))));
        }
        for (g, group) in groups.iter().enumerate().take(top) {
            let kinds = kinds(&group.texts, found, lang).join(lang.comma());
            out.push_str(&format!("\n{:>6}  {}  {kinds}{}\n", group.texts.len(), harmless(&group.name), self.history(g)));
            let of = |kind: Kind| group.texts.iter().copied().filter(|t| found.tickets[*t].kind == Some(kind)).collect::<Vec<usize>>();
            let apart: Vec<(Kind, Vec<usize>)> =
                [Kind::Complaint, Kind::Inquiry].map(|k| (k, of(k))).into_iter().filter(|(_, texts)| !texts.is_empty()).collect();
            if let [_, _] = &apart[..] {
                for (kind, texts) in apart {
                    out.push_str(&format!("        {}  {}\n", lang.kind(kind.code()), self.example(self.typical(group.typical, &texts), &texts)));
                }
            } else {
                out.push_str(&format!("        {}\n", self.example(group.typical, &group.texts)));
            }
        }
        if groups.len() > top {
            let more = groups.len() - top;
            out.push_str(&match lang {
                Lang::Zh => format!("\n还有 {more} 组，用 `--top {}` 全部列出\n", groups.len()),
                Lang::ZhHant => format!("\n還有 {more} 組，用 `--top {}` 全部列出\n", groups.len()),
                Lang::En => format!("\n{more} more groups; `--top {}` lists them all\n", groups.len()),
            });
        }
        if !alone.is_empty() {
            out.push_str(&format!("\n{:>6}  {}\n", alone.len(), lang.pick("不成组", "不成組", "like no others")));
            alone.iter().take(ALONE).for_each(|t| out.push_str(&format!("        {}\n", self.example(*t, &[*t]))));
        }
        out
    }

    /// `，自 2026-11-20，之前 12 件`.
    fn history(&self, group: usize) -> String {
        let lang = self.lang;
        match self.found.identities.get(group) {
            None => String::new(),
            Some(i) if i.new => lang.pick("  ← 新", "  ← 新", "  ← new").to_owned(),
            Some(i) if i.first.is_none() => lang.pick("  （待观察）", "  （待觀察）", "  (not yet registered)").to_owned(),
            Some(i) => match (i.first.as_deref().unwrap_or_default(), i.before, lang) {
                (_, 0, _) => String::new(),
                (first, n, Lang::Zh) => format!("  （{first} 起已有 {n} 件）"),
                (first, n, Lang::ZhHant) => format!("  （{first} 起已有 {n} 件）"),
                (first, n, Lang::En) => format!("  ({n} since {first})"),
            },
        }
    }

    /// A text, cut short, and ids.
    fn example(&self, ticket: usize, ids: &[usize]) -> String {
        let text = self.masked_text(ticket);
        let text = harmless(&text);
        let excerpt: String = text.chars().take(EXCERPT).collect();
        let more = if text.chars().count() > EXCERPT { "…" } else { "" };
        let ids: Vec<String> = ids.iter().take(SHOWN_IDS).map(|t| harmless(&self.id(*t))).collect();
        format!("“{excerpt}{more}”  {}", ids.join(" "))
    }

    fn masked_text(&self, ticket: usize) -> String {
        let text: String = self.found.tickets[ticket].text.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.masked { mask::mask(&text).into_owned() } else { text }
    }

    fn id(&self, ticket: usize) -> String {
        let id = &self.found.tickets[ticket].id;
        if self.masked { mask::mask_id(id, mask::Cells::Ids).into_owned() } else { id.clone() }
    }

    /// The one of some tickets that is most like the most typical of all.
    fn typical(&self, typical: usize, texts: &[usize]) -> usize {
        let pairs = |ticket: usize| {
            let chars: Vec<char> = self.found.tickets[ticket].text.chars().take(EXCERPT * 4).collect();
            chars.windows(2).map(|pair| [pair[0], pair[1]]).collect::<HashSet<[char; 2]>>()
        };
        let wanted = pairs(typical);
        let alike = |t: usize| {
            let own = pairs(t);
            let both = own.intersection(&wanted).count();
            both * 10_000 / (own.len() + wanted.len() - both).max(1)
        };
        let best = texts.iter().take(MOST_COMPARED).map(|t| (alike(*t), *t)).reduce(|best, one| if one.0 > best.0 { one } else { best });
        best.map_or(typical, |b| b.1)
    }

    fn without_text(&self) -> usize {
        self.found.tickets.iter().filter(|t| t.text.trim().is_empty()).count()
    }

    /// Tickets that are like no others.
    fn alone(&self) -> Vec<usize> {
        let none = self.found.grouping.of_text.iter().enumerate().filter(|(_, group)| group.is_none());
        none.map(|(t, _)| t).filter(|t| !self.found.tickets[*t].text.trim().is_empty()).collect()
    }

    fn json(&self) -> String {
        let found = self.found;
        let ticket = |t: usize| serde_json::json!({"id": self.id(t), "text": self.masked_text(t)});
        let group = |(g, group): (usize, &Group)| {
            let kinds = found.kinds(&group.texts).into_iter().map(|(kind, n)| (kind.map_or(UNDECIDED, Kind::code), n));
            let mut value = serde_json::json!({
                "name": group.name,
                "count": group.texts.len(),
                "kinds": kinds.collect::<std::collections::BTreeMap<_, _>>(),
                "typical": ticket(group.typical),
                "ids": group.texts.iter().map(|t| self.id(*t)).collect::<Vec<_>>(),
            });
            if let (Some(identity), Some(fields)) = (found.identities.get(g), value.as_object_mut()) {
                fields.insert("first".into(), identity.first.clone().into());
                fields.insert("new".into(), identity.new.into());
                fields.insert("before".into(), identity.before.into());
            }
            value
        };
        let all = serde_json::json!({
            "version": 1,
            "tickets": found.tickets.len(),
            "without_text": self.without_text(),
            "with_a_cause": found.with_a_cause,
            "groups": found.grouping.groups.iter().enumerate().map(group).collect::<Vec<_>>(),
            "alone": self.alone().into_iter().map(ticket).collect::<Vec<_>>(),
        });
        // A value of strings and numbers always serialises.
        serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
    }
}
