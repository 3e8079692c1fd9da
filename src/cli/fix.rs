//! `ahu fix`: the ledger of shipped fixes, and whether each worked.

use super::lock::Lock;
use super::output;
use super::setup::{HistoryArgs, day_of};
use super::summarize::LangArg;
use ahu::detect::effect::Effect;
use ahu::error::{Error, Result, nearest};
use ahu::history::{Fix, History};
use ahu::ingest::dates;
use ahu::pipeline::fixes::{self, Judged, LOOKS};
use ahu::report::{Lang, harmless};
use jiff::civil::Date;
use std::process::ExitCode;

/// Write down fixes that were shipped, and see whether each worked: after 2, 4 and 8 weeks, beside the product's other causes
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    history: HistoryArgs,
    /// Write down a fix: its product
    #[arg(long, value_name = "NAME", requires_all = ["cause", "shipped"])]
    product: Option<String>,
    /// Its cause, as digests name it
    #[arg(long, value_name = "NAME", requires = "product")]
    cause: Option<String>,
    /// The day from which customers have it
    #[arg(long, value_name = "DATE", requires = "product")]
    shipped: Option<String>,
    /// What share of the tickets you expect to be left, 0 to 1; say it before you look
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    expect: f64,
    /// The day on which it is written down [default: today]
    #[arg(long, value_name = "DATE", requires = "product")]
    as_of: Option<String>,
    /// What was done
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Take the fix with this number off the ledger
    #[arg(long, value_name = "N", conflicts_with = "product")]
    remove: Option<i64>,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.history.taxonomy)?;
    let (path, settings) = args.history.find()?;
    let classifier = args.history.taxonomy.classifier(&settings, &[])?;
    if let Some(number) = args.remove {
        let _lock = Lock::take(&path, "fix")?;
        if !History::open(&path)?.remove_fix(number)? {
            return Err(Error::setup(format!("no fix has the number {number}; `ahu fix` lists them")));
        }
        output::complain(&format!("fix {number} is off the ledger"));
        return Ok(ExitCode::SUCCESS);
    }
    if let (Some(product), Some(cause), Some(shipped)) = (&args.product, &args.cause, &args.shipped) {
        let shipped = dates::day(shipped).ok_or_else(|| Error::setup(format!("`--shipped`: expected a day such as 2026-11-22, found `{shipped}`")))?;
        if !(0.0..=1.0).contains(&args.expect) {
            return Err(Error::setup(format!("`--expect`: expected a share from 0 to 1, found {}", args.expect)));
        }
        let known: Vec<String> = classifier.taxonomy().causes.iter().map(ahu::taxonomy::Cause::name).collect();
        let mut history = { History::read(&path)? };
        if !known.contains(cause) && !history.has_cause(cause)? {
            let near = nearest(cause, known.iter().map(String::as_str)).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
            return Err(Error::setup(format!("no cause is called `{cause}`{near}")));
        }
        if !history.has_product(product)? {
            return Err(Error::setup(format!("the history has no product `{product}`")));
        }
        let _lock = Lock::take(&path, "fix")?;
        history = History::open(&path)?;
        let today = || jiff::Timestamp::now().to_zoned(dates::china()).date();
        let stated = day_of("--as-of", args.as_of.as_ref())?.unwrap_or_else(today);
        let fix = Fix { number: 0, product: product.clone(), cause: cause.clone(), shipped, expected: args.expect, note: args.note.clone(), stated };
        let number = history.add_fix(&fix)?;
        output::complain(&format!("fix {number} is written down; `ahu fix` tells whether it worked, from {} weeks after {shipped} on", LOOKS[0]));
        return Ok(ExitCode::SUCCESS);
    }
    let judged = fixes::judge(&History::read(&path)?, classifier.taxonomy())?;
    output::publish(&text(&judged, lang), None, &[])?;
    Ok(ExitCode::SUCCESS)
}

/// All fixes, for people.
fn text(judged: &[Judged], lang: Lang) -> String {
    if judged.is_empty() {
        return lang.pick("还没有登记修复。\n", "還沒有登記修復。\n", "No fix is written down yet.\n").to_owned();
    }
    judged.iter().map(|j| one(j, lang)).collect::<Vec<_>>().join("\n")
}

/// One fix, for people.
pub fn one(j: &Judged, lang: Lang) -> String {
    let f = &j.fix;
    let note = if f.note.is_empty() { String::new() } else { format!("{}{}", lang.colon(), harmless(&f.note)) };
    let percent = |share: f64| (share * 100.0).round();
    let late: Date = f.shipped.saturating_add(jiff::Span::new().days(14));
    let stated = if f.stated > late {
        lang.pick("（上线两周以后才登记）", "（上線兩週以後才登記）", " (written down more than two weeks after)")
    } else {
        ""
    };
    let (number, product, cause, shipped) = (f.number, harmless(&f.product), harmless(&f.cause), f.shipped);
    let mut out = match lang {
        Lang::Zh => format!("{number}  {product}「{cause}」{shipped} 上线{note}；预期剩 {} %{stated}\n", percent(f.expected)),
        Lang::ZhHant => format!("{number}  {product}「{cause}」{shipped} 上線{note}；預期剩 {} %{stated}\n", percent(f.expected)),
        Lang::En => format!("{number}  {product} \"{cause}\", shipped {shipped}{note}; {} % expected to be left{stated}\n", percent(f.expected)),
    };
    let counts = |weeks: &[ahu::detect::effect::Week]| weeks.iter().map(|w| w.count.to_string()).collect::<Vec<_>>().join(" ");
    out.push_str(&match lang {
        Lang::Zh => format!("   每周件数：{} | {}\n", counts(&j.before), counts(&j.after)),
        Lang::ZhHant => format!("   每週件數：{} | {}\n", counts(&j.before), counts(&j.after)),
        Lang::En => format!("   tickets a week: {} | {}\n", counts(&j.before), counts(&j.after)),
    });
    for (weeks, effect) in &j.looks {
        out.push_str(&format!("   {}\n", look(*weeks, *effect, lang)));
    }
    if let Some((weeks, usual, now)) = j.problem.filter(|_| !j.looks.is_empty()) {
        out.push_str(&match lang {
            Lang::Zh => format!("   和出问题的那 {weeks} 周比；出问题以前每周 {usual:.1} 件，上线以后每周 {now:.1} 件\n"),
            Lang::ZhHant => format!("   和出問題的那 {weeks} 週比；出問題以前每週 {usual:.1} 件，上線以後每週 {now:.1} 件\n"),
            Lang::En => format!("   held against the {weeks} weeks of the problem; {usual:.1} a week before it, {now:.1} a week since the fix\n"),
        });
    }
    let mut say = |zh, hant, en| out.push_str(&format!("   {}\n", lang.pick(zh, hant, en)));
    if j.looks.is_empty() {
        say("上线还不到两周，先不下结论", "上線還不到兩週，先不下結論", "shipped less than two weeks ago: too early to tell");
    }
    if j.came_back {
        say("最近两周又回来了", "最近兩週又回來了", "it has come back in the last two weeks");
    }
    if j.after_spike {
        say(
            "注意：上线前两周正好特别多，不修也会回落一些，下降不全是修复的功劳",
            "注意：上線前兩週正好特別多，不修也會回落一些，下降不全是修復的功勞",
            "note: it was shipped right after a spike, which falls by itself; not all of the fall is the fix's",
        );
    }
    out
}

fn look(weeks: usize, effect: Option<Effect>, lang: Lang) -> String {
    let Some(e) = effect else {
        return match lang {
            Lang::Zh => format!("{weeks} 周后：上线前的数据不够，无法判断"),
            Lang::ZhHant => format!("{weeks} 週後：上線前的資料不夠，無法判斷"),
            Lang::En => format!("after {weeks} weeks: too little is known from before"),
        };
    };
    let percent = |share: f64| (share * 100.0).round().min(999.0);
    let verdict = if e.fell {
        lang.pick("降下来了", "降下來了", "it fell")
    } else {
        lang.pick("还看不出下降", "還看不出下降", "no evidence that it fell")
    };
    match lang {
        Lang::Zh => format!("{weeks} 周后：{verdict}，是之前的 {} %（{}–{} %）", percent(e.ratio), percent(e.low), percent(e.high)),
        Lang::ZhHant => format!("{weeks} 週後：{verdict}，是之前的 {} %（{}–{} %）", percent(e.ratio), percent(e.low), percent(e.high)),
        Lang::En => format!("after {weeks} weeks: {verdict}, {} % of before ({}–{} %)", percent(e.ratio), percent(e.low), percent(e.high)),
    }
}
