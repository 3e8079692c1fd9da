//! `ahu discover`: groups of what no cause took.

use super::output::{self, Published};
use super::setup::{self, InputArgs, TaxonomyArgs, tell_about};
use super::summarize::LangArg;
use ahu::error::{Error, Result};
use ahu::mask;
use ahu::pipeline::discover::{Discovered, Options, discovered};
use ahu::prediction::Kind;
use ahu::report::{Lang, harmless};
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

pub fn execute(args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.taxonomy)?;
    let setup = args.input.setup(&args.taxonomy)?;
    let assigned = args.assign.as_deref().map(|path| Published::create(path, &setup.kept)).transpose()?;
    if args.assign.is_some() && args.assign == setup.rejects {
        return Err(Error::setup("`--assign` and `--rejects` name the same file"));
    }
    let (rejects_published, rejects) = setup.open_rejects()?.unzip();
    let job = setup.job();
    let (found, rejects) = setup.with_progress(|| discovered(&job, Options { all: args.all, keep_rows: assigned.is_some() }, rejects))?;
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
    output::publish(&render(&found, args.top, lang, setup.mask), None, &[])?;
    Ok(ExitCode::SUCCESS)
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
        let of = |kind: Kind| group.texts.iter().filter(|t| found.tickets[**t].kind == Some(kind)).count();
        let kinds: Vec<String> = [Kind::Complaint, Kind::Inquiry]
            .into_iter()
            .map(|k| (k, of(k)))
            .filter(|(_, n)| *n > 0)
            .map(|(k, n)| format!("{} {n}", lang.kind(k.code())))
            .collect();
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
