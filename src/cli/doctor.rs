//! `ahu doctor`: how the history is.

use super::issue::missing;
use super::output;
use super::setup::HistoryArgs;
use super::summarize::LangArg;
use ahu::error::{Error, ErrorKind, Result};
use ahu::history::{Health, History};
use ahu::report::Lang;
use std::process::ExitCode;

/// Look the history over: whether the file is whole, counts are those of the tickets, digests are in their places
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    history: HistoryArgs,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.history.taxonomy)?;
    let (path, settings) = args.history.find()?;
    let history = History::read(&path)?;
    let health = history.health()?;
    // Without settings nobody knows where digests are.
    let output = settings.run.as_ref().filter(|run| run.history == path).map(|run| run.output.clone());
    let gone = output.as_ref().map_or(Ok(Vec::new()), |output| missing(&history, output))?;
    let gone: Vec<jiff::civil::Date> = gone.into_iter().filter(|day| !health.unpublished.contains(day)).collect();
    let mut out = summary(&health, lang);
    out.push_str(&match &output {
        None => lang
            .pick(
                "没有设置文件（`--config`），不知道日报放在哪里，没有检查日报\n",
                "沒有設定檔（`--config`），不知道日報放在哪裡，沒有檢查日報\n",
                "no settings (`--config`): where its digests are is not known, and they were not looked at\n",
            )
            .to_owned(),
        Some(output) if !gone.is_empty() => {
            let (n, days, output) = (gone.len(), some(&gone), output.display());
            match lang {
                Lang::Zh => format!("{n} 天的日报已经不在 `{output}` 里（{days}）；`ahu run --rebuild` 补回来\n"),
                Lang::ZhHant => format!("{n} 天的日報已經不在 `{output}` 裡（{days}）；`ahu run --rebuild` 補回來\n"),
                Lang::En => format!("{n} digests are not in `{output}` any more ({days}); `ahu run --rebuild` writes them again\n"),
            }
        }
        Some(_) => String::new(),
    });
    if history.is_unclean()? {
        out.push_str(lang.pick(
            "删除的内容还留在文件里；没有别的程序在读时，下一次 `ahu run` 会清干净\n",
            "刪除的內容還留在檔案裡；沒有別的程式在讀時，下一次 `ahu run` 會清乾淨\n",
            "what was forgotten still stands in the file; the next `ahu run` takes it out, when no other program reads the file\n",
        ));
    }
    let mut wrong = Vec::new();
    wrong.extend(health.damage.iter().map(|line| format!("the file is damaged: {line}")));
    if !health.miscounted.is_empty() {
        wrong.push(format!("the counts of {} days are not those of their tickets: {}", health.miscounted.len(), some(&health.miscounted)));
    }
    if wrong.is_empty() {
        out.push_str(if gone.is_empty() {
            lang.pick("一切正常\n", "一切正常\n", "all right\n")
        } else {
            lang.pick("历史库本身没有问题\n", "歷史庫本身沒有問題\n", "the history is all right\n")
        });
        output::publish(&out, None, &[])?;
        return Ok(ExitCode::SUCCESS);
    }
    output::publish(&out, None, &[])?;
    wrong.push("put a backup in its place".to_owned());
    Err(Error::new(ErrorKind::Io, wrong.join("; ")).in_file(&path.display().to_string()))
}

/// Days that are named.
fn some(days: &[jiff::civil::Date]) -> String {
    days.iter().take(10).map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// What the history has, and what the next run will do.
fn summary(h: &Health, lang: Lang) -> String {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let (tickets, days, runs, bytes, free) = (h.tickets, h.days, h.runs, mib(h.bytes), mib(h.free));
    let mut out = match lang {
        Lang::Zh => format!("{tickets} 件工单，{days} 天，运行过 {runs} 次，{bytes:.1} MiB（其中空闲 {free:.1} MiB）\n"),
        Lang::ZhHant => format!("{tickets} 件工單，{days} 天，運行過 {runs} 次，{bytes:.1} MiB（其中空閒 {free:.1} MiB）\n"),
        Lang::En => format!("{tickets} tickets on {days} days from {runs} runs, {bytes:.1} MiB ({free:.1} MiB of them free)\n"),
    };
    if h.outdated > 0 {
        let n = h.outdated;
        out.push_str(&match lang {
            Lang::Zh => format!("{n} 件是按别的规则或模型归类的；`ahu restate` 重新归类\n"),
            Lang::ZhHant => format!("{n} 件是按別的規則或模型歸類的；`ahu restate` 重新歸類\n"),
            Lang::En => format!("{n} tickets were decided by other rules or models than the last run's; `ahu restate` decides them anew\n"),
        });
    }
    if !h.unpublished.is_empty() {
        let (n, days) = (h.unpublished.len(), some(&h.unpublished));
        out.push_str(&match lang {
            Lang::Zh => format!("{n} 天的日报还没放到位（{days}）；下一次 `ahu run` 会放好\n"),
            Lang::ZhHant => format!("{n} 天的日報還沒放到位（{days}）；下一次 `ahu run` 會放好\n"),
            Lang::En => format!("{n} digests are not in their places ({days}); the next `ahu run` puts them there\n"),
        });
    }
    out
}
