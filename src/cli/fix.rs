//! `ahu fix`: the ledger of shipped fixes, and whether each worked.

use super::lock::Lock;
use super::output;
use super::setup::{HistoryArgs, day_of};
use super::summarize::LangArg;
use ahu::detect::effect::{Effect, Week};
use ahu::error::{Error, Result, nearest};
use ahu::history::{Fix, History};
use ahu::ingest::dates;
use ahu::pipeline::fixes::{self, Gone, Judged, LOOKS};
use ahu::pipeline::period::spellings;
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
        output::complain(&match lang {
            Lang::Zh => format!("已删除第 {number} 号修复"),
            Lang::ZhHant => format!("已刪除第 {number} 號修復"),
            Lang::En => format!("fix {number} is off the ledger"),
        });
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
        spellings(&history, product)?;
        let _lock = Lock::take(&path, "fix")?;
        history = History::open(&path)?;
        let today = || jiff::Timestamp::now().to_zoned(dates::china()).date();
        let stated = day_of("--as-of", args.as_of.as_ref())?.unwrap_or_else(today);
        let fix = Fix { number: 0, product: product.clone(), cause: cause.clone(), shipped, expected: args.expect, note: args.note.clone(), stated };
        let number = history.add_fix(&fix)?;
        let first = LOOKS[0];
        output::complain(&match lang {
            Lang::Zh => format!("已登记为第 {number} 号修复；{shipped} 上线满 {first} 周以后，`ahu fix` 会说管不管用"),
            Lang::ZhHant => format!("已登記為第 {number} 號修復；{shipped} 上線滿 {first} 週以後，`ahu fix` 會說管不管用"),
            Lang::En => format!("fix {number} is written down; `ahu fix` tells whether it worked, from {first} weeks after {shipped} on"),
        });
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
    // A week without any ticket of the product has no number.
    let count = |w: &Week| if fixes::has_tickets(w) { w.count.to_string() } else { "-".to_owned() };
    let counts = |weeks: &[Week]| weeks.iter().map(count).collect::<Vec<_>>().join(" ");
    out.push_str(&match lang {
        Lang::Zh => format!("   每周件数：{} | {}\n", counts(&j.before), counts(&j.after)),
        Lang::ZhHant => format!("   每週件數：{} | {}\n", counts(&j.before), counts(&j.after)),
        Lang::En => format!("   tickets a week: {} | {}\n", counts(&j.before), counts(&j.after)),
    });
    if let Some(gone) = j.gone {
        out.push_str(&format!("   {}\n", of_no_cause(gone, f.number, lang)));
        return out;
    }
    for (weeks, effect) in &j.looks {
        out.push_str(&format!("   {}{}\n", look(*weeks, *effect, lang), effect.map_or("", |e| expected(e, f.expected, lang))));
    }
    if let Some((weeks, usual, now)) = j.problem.filter(|_| !j.looks.is_empty()) {
        out.push_str(&match lang {
            Lang::Zh => format!("   和出问题的那 {weeks} 周比；出问题以前每周 {usual:.1} 件，上线以后每周 {now:.1} 件\n"),
            Lang::ZhHant => format!("   和出問題的那 {weeks} 週比；出問題以前每週 {usual:.1} 件，上線以後每週 {now:.1} 件\n"),
            Lang::En => format!("   held against the {weeks} weeks of the problem; {usual:.1} a week before it, {now:.1} a week since the fix\n"),
        });
    }
    out.push_str(&cautions(j, lang));
    out
}

/// What is to be known beside the numbers.
fn cautions(j: &Judged, lang: Lang) -> String {
    let mut out = match (j.empty, lang) {
        (0, _) => String::new(),
        (n, Lang::Zh) => format!("   上线后有 {n} 周这个产品一件工单也没有（导出没到？），没有算进去\n"),
        (n, Lang::ZhHant) => format!("   上線後有 {n} 週這個產品一件工單也沒有（匯出沒到？），沒有算進去\n"),
        (n, Lang::En) => format!("   in {n} weeks since then the product has no ticket at all (did its export not come?); they are left out\n"),
    };
    let mut say = |zh, hant, en| out.push_str(&format!("   {}\n", lang.pick(zh, hant, en)));
    if j.looks.is_empty() {
        say("上线还不到两周，先不下结论", "上線還不到兩週，先不下結論", "shipped less than two weeks ago: too early to tell");
    }
    if j.other_rules {
        say(
            "注意：这段时间里换过归类规则或模型，变化不一定是真的；`ahu restate` 用同一套规则重新归类后再看",
            "注意：這段時間裡換過歸類規則或模型，變化不一定是真的；`ahu restate` 用同一套規則重新歸類後再看",
            "note: rules or models changed within these weeks, so a change may be none; `ahu restate` decides all by the same",
        );
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

/// What is said of a fix whose cause the taxonomy does not have any more.
fn of_no_cause(gone: Gone, number: i64, lang: Lang) -> String {
    let said = match gone {
        Gone::Since => lang.pick(
            "分类里已经没有这个原因（改名了？），上线以后没有工单能归到它，不能算降下来；先 `ahu restate`，再用新名字登记",
            "分類裡已經沒有這個原因（改名了？），上線以後沒有工單能歸到它，不能算降下來；先 `ahu restate`，再用新名字登記",
            "the taxonomy has no such cause any more (renamed?), so no ticket can be of it: that is no fall; run `ahu restate`, then write it down under the new name",
        ),
        Gone::Whole => lang.pick(
            "已经没有工单归到这个原因（改名后重新归类过？），请用新名字登记",
            "已經沒有工單歸到這個原因（改名後重新歸類過？），請用新名字登記",
            "no ticket is of this cause any more (renamed and restated?); write it down under the new name",
        ),
    };
    format!("{said}{}`ahu fix --remove {number}`, `ahu fix --product … --cause … --shipped …`", lang.colon())
}

/// Whether what was expected has come.
fn expected(e: Effect, share: f64, lang: Lang) -> &'static str {
    if e.low > share {
        lang.pick("；没到预期", "；沒到預期", "; less of a fall than expected")
    } else if e.fell && e.ratio <= share {
        lang.pick("；达到预期", "；達到預期", "; as expected")
    } else {
        ""
    }
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
