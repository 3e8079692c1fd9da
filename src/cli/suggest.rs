//! `ahu suggest-scripts`: reply scripts from agents' own answers, for a person to approve.

use super::output::{self, Published};
use super::setup::{self, InputArgs, TaxonomyArgs, tell_about, tell_of_ids};
use super::summarize::LangArg;
use ahu::error::{Error, Result};
use ahu::pipeline::scripts::{self, Suggested, Suggestion, suggest};
use ahu::report::{Lang, harmless};
use std::path::PathBuf;
use std::process::ExitCode;

/// Suggest reply scripts: of each cause's inquiries the answer that agents gave most typically where it closed the case
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// Write the suggestions to FILE (TOML); read it, mend it, then name it with `--taxonomy FILE`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fewest answers that say much the same
    #[arg(long, value_name = "N", default_value_t = 3)]
    least: usize,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
}

pub fn execute(args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.taxonomy)?;
    if args.least == 0 {
        return Err(Error::setup("`--least`: expected at least 1, found 0"));
    }
    let setup = args.input.setup(&args.taxonomy)?;
    setup.refuse_one_file(&[("-o", args.output.as_deref())])?;
    let published = args.output.as_deref().map(|path| Published::create(path, &setup.kept)).transpose()?;
    let (rejects_published, rejects) = setup.open_rejects()?.unzip();
    let job = setup.job();
    let (told, rejects) = setup.with_progress(|| suggest(&job, args.least, rejects))?;
    tell_about(&told.outcome, setup.rejects.as_deref());
    setup::publish_rejects(rejects_published, rejects)?;
    tell_of_ids(&told.outcome.ids_not_found);
    if let Some((published, file)) = published.filter(|_| told.outcome.refused.is_none()) {
        let text = head(&told, lang) + &scripts::toml(&told.suggestions, &|s| note(s, lang));
        published.publish_bytes(file, text.as_bytes())?;
    }
    if let Some(e) = told.outcome.refused {
        return Err(e);
    }
    output::publish(&text(&told, lang), None, &[])?;
    Ok(ExitCode::SUCCESS)
}

/// Stands above the file.
fn head(told: &Suggested, lang: Lang) -> String {
    let (closed, count) = (told.closed, told.suggestions.len());
    match lang {
        Lang::Zh => format!(
            "# 由 {closed} 段以答复结案的咨询整理出 {count} 条话术建议。先逐条读过、改好、删去不要的，再用：`ahu check 本文件`，`--taxonomy 本文件`。\n\
             # 不写 product 就是这个原因通用的话术。程序不会把任何话术发给客户。\n"
        ),
        Lang::ZhHant => format!(
            "# 由 {closed} 段以答覆結案的諮詢整理出 {count} 條話術建議。先逐條讀過、改好、刪去不要的，再用：`ahu check 本檔`，`--taxonomy 本檔`。\n\
             # 不寫 product 就是這個原因通用的話術。程式不會把任何話術發給客戶。\n"
        ),
        Lang::En => format!(
            "# {count} scripts suggested from {closed} inquiries that an answer closed. Read each, mend it, drop what you do not want; then\n\
             # `ahu check THIS` and `--taxonomy THIS`. Without `product` a script is for all products. Nothing is sent to customers.\n"
        ),
    }
}

/// How much speaks for a suggestion.
fn note(s: &Suggestion, lang: Lang) -> String {
    let more = if s.alike > s.ids.len() { " …" } else { "" };
    let ids = s.ids.iter().map(|id| harmless(id)).collect::<Vec<_>>().join(" ") + more;
    let (all, alike) = (s.answers, s.alike);
    let answers = match (s.read < all, lang) {
        (false, _) => all.to_string(),
        (true, Lang::Zh) => format!("{all}（只读了前 {}）", s.read),
        (true, Lang::ZhHant) => format!("{all}（只讀了前 {}）", s.read),
        (true, Lang::En) => format!("{all} (the first {} read)", s.read),
    };
    match (lang, s.has_script) {
        (Lang::Zh, false) => format!("{answers} 次结案答复，{alike} 次大意相同：{ids}"),
        (Lang::Zh, true) => format!("{answers} 次结案答复，{alike} 次大意相同，与现有话术不同：{ids}"),
        (Lang::ZhHant, false) => format!("{answers} 次結案答覆，{alike} 次大意相同：{ids}"),
        (Lang::ZhHant, true) => format!("{answers} 次結案答覆，{alike} 次大意相同，與現有話術不同：{ids}"),
        (Lang::En, false) => format!("{answers} answers closed a case, {alike} say much the same: {ids}"),
        (Lang::En, true) => format!("{answers} answers closed a case, {alike} say much the same, and not what the script says: {ids}"),
    }
}

fn text(told: &Suggested, lang: Lang) -> String {
    let (closed, count, fitting, unlike) = (told.closed, told.suggestions.len(), told.fitting, told.unlike);
    let mut out = match lang {
        Lang::Zh => format!("{closed} 段咨询以答复结案：{count} 条话术建议；{fitting} 个原因的现有话术与答复相符，{unlike} 个原因的答复太少或各不相同\n"),
        Lang::ZhHant => format!("{closed} 段諮詢以答覆結案：{count} 條話術建議；{fitting} 個原因的現有話術與答覆相符，{unlike} 個原因的答覆太少或各不相同\n"),
        Lang::En => format!(
            "{closed} inquiries closed by an answer: {count} scripts suggested; {fitting} scripts fit already, {unlike} causes have too few answers that are alike\n"
        ),
    };
    if closed == 0 {
        let why = lang.pick(
            "没有找到有客服答复的咨询：需要聊天记录，或一列客服回复",
            "沒有找到有客服答覆的諮詢：需要聊天記錄，或一列客服回覆",
            "No inquiry with an agent's answer was found: it takes chats, or a column of replies",
        );
        out.push_str(&format!("{why}\n"));
    }
    for s in &told.suggestions {
        let product = if s.product.is_empty() { lang.no_product().to_owned() } else { harmless(&s.product) };
        out.push_str(&format!("\n【{product}】{}\n  {}\n", harmless(&s.cause), note(s, lang)));
        s.text.lines().for_each(|line| out.push_str(&format!("    {}\n", harmless(line))));
    }
    out
}
