//! `ahu summarize`: a digest per product, in one pass.

use super::output;
use super::setup::{self, InputArgs, TaxonomyArgs, tell_about};
use ahu::digest::Digest;
use ahu::error::{Error, Result};
use ahu::pipeline::summary::{self, Summarized};
use ahu::report::{self, Format, Lang};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the digest: per product how many complaints and inquiries, of which causes, with their event ids
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// How to write the digest
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArg,
    /// A customer who comes again for the same cause within N days comes for the same matter
    #[arg(long, value_name = "N", default_value_t = 7)]
    repeat_days: u32,
    /// Do not group what no cause took
    #[arg(long)]
    no_groups: bool,
    /// Every event id, not only the first few of a cause
    #[arg(long)]
    ids: bool,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
    /// Begin with a byte order mark, so that Excel opens a CSV digest as UTF-8
    #[arg(long)]
    bom: bool,
    /// Write to FILE instead of stdout; replaced whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FormatArg {
    Text,
    Json,
    Csv,
    Markdown,
    Html,
    Xlsx,
}

impl FormatArg {
    pub fn format(self) -> Format {
        match self {
            FormatArg::Text => Format::Text,
            FormatArg::Json => Format::Json,
            FormatArg::Csv => Format::Csv,
            FormatArg::Markdown => Format::Markdown,
            FormatArg::Html => Format::Html,
            FormatArg::Xlsx => Format::Xlsx,
        }
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub enum LangArg {
    Zh,
    #[value(name = "zh-Hant")]
    ZhHant,
    En,
}

impl LangArg {
    pub fn lang(self) -> Lang {
        match self {
            LangArg::Zh => Lang::Zh,
            LangArg::ZhHant => Lang::ZhHant,
            LangArg::En => Lang::En,
        }
    }

    /// The option, else the settings file's word, else Simplified Chinese.
    pub fn choose(option: Option<LangArg>, taxonomy: &TaxonomyArgs) -> Result<Lang> {
        if let Some(l) = option {
            return Ok(l.lang());
        }
        match taxonomy.settings()?.lang {
            None => Ok(Lang::Zh),
            Some(name) => <LangArg as clap::ValueEnum>::from_str(&name, true)
                .map(LangArg::lang)
                .map_err(|_| Error::setup(format!("`lang`: expected zh, zh-Hant or en, found `{name}`"))),
        }
    }
}

pub fn execute(args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.taxonomy)?;
    let setup = args.input.setup(&args.taxonomy)?;
    setup.refuse_one_file(&[("-o", args.output.as_deref())])?;
    let (published, rejects) = setup.open_rejects()?.unzip();
    let job = setup.job();
    let options = summary::Options {
        all_ids: args.ids,
        as_of: setup.as_of.map(|d| d.to_string()),
        repeat_days: args.repeat_days,
        groups: !args.no_groups,
        list: args.format.format().tickets(),
    };
    let Summarized { digest, listing, outcome, rejects } = setup.with_progress(|| summary::summarize(&job, options, rejects))?;
    tell_about(&outcome, setup.rejects.as_deref());
    warn_of_products(&digest);
    let mut text = report::render(
        &digest,
        &listing,
        args.format.format(),
        report::Options { lang, all_ids: args.ids, colour: output::is_coloured(args.output.as_deref()) },
    )?;
    // Excel takes a CSV for UTF-8 only so.
    if args.bom && args.format == FormatArg::Csv {
        text.splice(0..0, "\u{feff}".bytes());
    }
    setup::publish_rejects(published, rejects)?;
    if let Some(refused) = outcome.refused {
        // What was read of a file that ends in the middle is worth a look, but no file's place.
        if args.output.is_none() && outcome.files.iter().any(|f| f.incomplete.is_some()) {
            output::publish(&text, None, &setup.kept)?;
            output::complain("only what was read up to the end of the file is shown");
        }
        return Err(refused);
    }
    // Yesterday's digest is worth more than an empty one.
    if let Some(path) = &args.output
        && digest.accounting.rows == 0
        && path.exists()
    {
        output::complain(&format!("no tickets; `{}` is left as it was", path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    output::publish(&text, args.output.as_deref(), &setup.kept)?;
    match &args.output {
        None if args.format == FormatArg::Text => output::next_step(lang.pick(
            "点开看每一件：加上 `--format html -o 日报.html`；某一件为什么这样归类：`ahu why 编号 文件`；每晚自动出日报：`ahu init 文件`",
            "點開看每一件：加上 `--format html -o 日報.html`；某一件為什麼這樣歸類：`ahu why 編號 檔案`；每晚自動出日報：`ahu init 檔案`",
            "To look at the tickets: `--format html -o digest.html`; why one was decided so: `ahu why ID FILE`; every night: `ahu init FILE`",
        )),
        Some(path) => output::next_step(&format!("{} {}", lang.pick("写好了：", "寫好了：", "Written:"), path.display())),
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Hundreds of products of one or two tickets each are no products: the wrong column.
fn warn_of_products(digest: &Digest) {
    let (products, rows) = (digest.products.len() as u64, digest.accounting.classified);
    if products > 200 && products * 2 > rows {
        output::complain(&format!("{products} different products in {rows} tickets: is that the product's column? name the right one with `--product-column`"));
    }
}
