//! `ahu discover`: groups of what no cause took.

use super::output::{self, Published};
use super::setup::{self, InputArgs, TaxonomyArgs, tell_about};
use super::summarize::LangArg;
use ahu::classify::Classifier;
use ahu::digest::UNDECIDED;
use ahu::discover::Group;
use ahu::error::{Error, Result};
use ahu::mask;
use ahu::pipeline::discover::{Discovered, Options, discovered};
use ahu::pipeline::propose::{self, Proposal, propose};
use ahu::prediction::Kind;
use ahu::report::{Lang, harmless};
use ahu::segment::Segmenter;
use std::io::Write;
use std::path::PathBuf;
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
    /// Groups shown, the largest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    top: usize,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
}

/// Characters shown of a typical ticket, and ids.
const EXCERPT: usize = 60;
const SHOWN_IDS: usize = 5;
const NOTED_IDS: usize = 10;

pub fn execute(args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.taxonomy)?;
    let setup = args.input.setup(&args.taxonomy)?;
    setup.refuse_output(args.output.as_deref())?;
    let proposed = args.output.as_deref().map(|path| Published::create(path, &setup.kept)).transpose()?;
    if args.output.is_some() && args.output == args.assign {
        return Err(Error::setup("`-o` and `--assign` name the same file"));
    }
    let assigned = args.assign.as_deref().map(|path| Published::create(path, &setup.kept)).transpose()?;
    if args.assign.is_some() && args.assign == setup.rejects {
        return Err(Error::setup("`--assign` and `--rejects` name the same file"));
    }
    let (rejects_published, rejects) = setup.open_rejects()?.unzip();
    let job = setup.job();
    let (found, rejects) =
        setup.with_progress(|| discovered(&job, Options { all: args.all, keep_rows: assigned.is_some(), keep_decided: proposed.is_some() }, rejects))?;
    tell_about(&found.outcome, setup.rejects.as_deref());
    setup::publish_rejects(rejects_published, rejects)?;
    if !found.outcome.ids_not_found.is_empty() {
        output::complain(&format!("{} ids not found: {}", found.outcome.ids_not_found.len(), found.outcome.ids_not_found.join(" ")));
    }
    if let Some(e) = found.outcome.refused {
        return Err(e);
    }
    if let (Some((published, mut file)), Some(path)) = (assigned, &args.assign) {
        file.write_all(found.assigned().as_bytes()).map_err(|e| Error::io(path.display(), "write", &e))?;
        published.publish(&file)?;
    }
    if let (Some((published, mut file)), Some(path)) = (proposed, &args.output) {
        let text = proposals(&found, &args.taxonomy, setup.classifier.segmenter(), lang)?;
        file.write_all(text.as_bytes()).map_err(|e| Error::io(path.display(), "write", &e))?;
        published.publish(&file)?;
    }
    output::publish(&render(&found, args.top, lang, setup.mask), None, &[])?;
    Ok(ExitCode::SUCCESS)
}

/// The file of proposals.
fn proposals(found: &Discovered, taxonomy: &TaxonomyArgs, segmenter: &Segmenter, lang: Lang) -> Result<String> {
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
    let missing: Vec<&str> = (0..groups.len()).filter(|g| !proposals.iter().any(|p| p.group == *g)).map(|g| groups[g].name.as_str()).collect();
    if !missing.is_empty() {
        let head = lang.pick(
            "没有写成原因的组（规则不够准，请看工单后自己写）",
            "沒有寫成原因的組（規則不夠準，請看工單後自己寫）",
            "Groups without a rule that is right often enough",
        );
        out.push_str(&format!("\n# {head}{}{}\n", lang.colon(), missing.iter().map(|name| harmless(name)).collect::<Vec<_>>().join(lang.comma())));
    }
    Ok(out)
}

/// What stands above a proposal: how many tickets, what its rule is worth, what is like it.
fn note(p: &Proposal, found: &Discovered, lang: Lang) -> String {
    let group = &found.grouping.groups[p.group];
    let (size, taken) = (group.texts.len(), p.taken);
    let percent = |part: usize, all: usize| part * 100 / all.max(1);
    let ids: Vec<String> = group.texts.iter().take(NOTED_IDS).map(|t| harmless(&mask::mask_id(&found.tickets[*t].id, mask::Cells::Ids))).collect();
    let ids = format!("{}{}", ids.join(" "), if size > NOTED_IDS { " …" } else { "" });
    let kinds = kinds(group, found, lang).join(lang.comma());
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
fn kinds(group: &Group, found: &Discovered, lang: Lang) -> Vec<String> {
    let of = |kind: Option<Kind>| group.texts.iter().filter(|t| found.tickets[**t].kind == kind).count();
    let all = Kind::ALL.into_iter().map(|k| (lang.kind(k.code()), of(Some(k)))).chain([(lang.kind(UNDECIDED), of(None))]);
    all.filter(|(_, n)| *n > 0).map(|(kind, n)| format!("{kind} {n}")).collect()
}

fn render(found: &Discovered, top: usize, lang: Lang, masked: bool) -> String {
    let groups = &found.grouping.groups;
    let empty = found.tickets.iter().filter(|t| t.text.trim().is_empty()).count();
    let left = found.grouping.of_text.iter().filter(|g| g.is_none()).count() - empty;
    let (all, count, decided) = (found.tickets.len(), groups.len(), found.with_a_cause);
    let mut out = match lang {
        Lang::Zh => format!("{all} 件分成 {count} 组，{left} 件不成组，{empty} 件没有文字；另有 {decided} 件已有原因\n"),
        Lang::ZhHant => format!("{all} 件分成 {count} 組，{left} 件不成組，{empty} 件沒有文字；另有 {decided} 件已有原因\n"),
        Lang::En => format!("{all} tickets in {count} groups; {left} are like no others, {empty} are without a text; {decided} more have a cause\n"),
    };
    for group in groups.iter().take(top) {
        let kinds = kinds(group, found, lang);
        let text: String = found.tickets[group.typical].text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = if masked { mask::mask(&text).into_owned() } else { text };
        let excerpt: String = harmless(&text).chars().take(EXCERPT).collect();
        let more = if harmless(&text).chars().count() > EXCERPT { "…" } else { "" };
        let ids: Vec<String> = group.texts.iter().take(SHOWN_IDS).map(|t| harmless(&mask::mask_id(&found.tickets[*t].id, mask::Cells::Ids))).collect();
        out.push_str(&format!(
            "\n{:>6}  {}  {}\n        “{excerpt}{more}”\n        {}\n",
            group.texts.len(),
            harmless(&group.name),
            kinds.join(lang.comma()),
            ids.join(" ")
        ));
    }
    out
}
