//! `ahu init`: settings and a taxonomy to begin with, from what is recognised in a file.

use super::config::FILE;
use super::output;
use super::setup::{InputArgs, TaxonomyArgs};
use ahu::classify::Field;
use ahu::error::{Error, Result};
use ahu::ingest::cells::Cells;
use ahu::ingest::reader::Layout;
use ahu::ingest::{Batch, Opened, Reader, Source};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write ahu.toml and taxonomy.toml into the current folder, from what is recognised in a file; existing ones are left alone
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
}

const TAXONOMY: &str = "taxonomy.toml";
/// Most products written down: more are no products but the wrong column.
const MAX_PRODUCTS: usize = 100;

pub fn execute(args: Args) -> Result<ExitCode> {
    for file in [FILE, TAXONOMY] {
        if Path::new(file).exists() {
            return Err(Error::setup(format!("`{file}` is here already; move it away first")));
        }
    }
    let setup = args.input.setup(&TaxonomyArgs::default())?;
    let (layout, batches) = first_rows(&setup.sources, &setup.ingest)?;
    let products = products(&layout, &batches);
    let name = setup.sources.first().map_or_else(String::new, Source::name);
    let taxonomy = taxonomy(&products, |product| {
        let ticket = ahu::ticket::Ticket { product: product.into(), ..Default::default() };
        let header = layout.columns.product.and_then(|c| layout.header.get(c)).map_or(Field::UNKNOWN, |h| setup.classifier.field_of_header(h));
        setup.classifier.packs_of(&ticket, header)
    });
    output::publish(&settings(&name, &layout, &batches), Some(&PathBuf::from(FILE)), &setup.kept)?;
    output::publish(&taxonomy, Some(&PathBuf::from(TAXONOMY)), &setup.kept)?;
    output::complain(&format!("wrote `{FILE}` and `{TAXONOMY}`; next: ahu summarize --config {FILE} {name}, and every night ahu run"));
    Ok(ExitCode::SUCCESS)
}

/// The first rows of the first input that has any.
fn first_rows(sources: &[Source], config: &ahu::ingest::Config) -> Result<(Layout, Vec<Batch>)> {
    let mut queue: Vec<Source> = sources.iter().rev().cloned().collect();
    while let Some(source) = queue.pop() {
        match Reader::open(&source, config, false, false)? {
            Opened::Empty(_) => {}
            Opened::Parts(parts, _) => queue.extend(parts.into_iter().rev()),
            Opened::Reader(mut reader) => {
                let mut batches = Vec::new();
                while batches.len() < 8
                    && let Some(batch) = reader.next_batch()?
                {
                    batches.push(batch);
                }
                return Ok((Layout::clone(reader.layout()), batches));
            }
        }
    }
    Err(Error::input("expected a file with rows, found none"))
}

/// Calls `each` for the cells of every readable row.
fn for_each_row(layout: &Layout, batches: &[Batch], mut each: impl FnMut(&str, &Cells)) {
    let mut cells = Cells::new(layout.delimiter);
    for batch in batches {
        for row in &batch.rows {
            if layout.split(row, &batch.text, &mut cells).is_ok() {
                each(&batch.text[row.text.clone()], &cells);
            }
        }
    }
}

/// Products with how often they are named, most first.
fn products(layout: &Layout, batches: &[Batch]) -> Vec<(String, usize)> {
    let Some(column) = layout.columns.product else { return Vec::new() };
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for_each_row(layout, batches, |line, cells| {
        let name = cells.get(line, column).trim();
        if !name.is_empty() {
            *count.entry(name.to_owned()).or_default() += 1;
        }
    });
    let mut products: Vec<(String, usize)> = count.into_iter().collect();
    products.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    products
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A cell to show in a comment: one line, short, nothing personal.
fn shown(cell: &str) -> String {
    let one_line: String = ahu::mask::mask(cell).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut short: String = one_line.chars().take(24).collect();
    if short.len() < one_line.len() {
        short.push('…');
    }
    short
}

fn settings(name: &str, layout: &Layout, batches: &[Batch]) -> String {
    let mut out = format!(
        "# 阿虎的设置。由 ahu init 看过 {} 之后写成；认错的地方改这里，不用再写一长串参数。\n# 用法：ahu summarize --config ahu.toml 文件\n\n\
         # 自己的产品、原因和规则（内置的照样有效；要去掉内置的，写成 [\"none\", \"taxonomy.toml\"]）\ntaxonomy = [\"{TAXONOMY}\"]\n\n\
         # 把握低于它的不硬判，0 到 1\n# min_confidence = 0.4\n\n# 报告的语言：zh、zh-Hant、en\nlang = \"zh\"\n\n\
         # 每晚的活：ahu run --config ahu.toml（读新文件，记进历史，给有变化的日子各写一个文件夹）\n[run]\n\
         inputs = [{}]  # 文件、通配符（exports/*.csv）、文件夹、数据库\nhistory = \"history.db\"\noutput = \"out\"\n\
         # keep_text = false  # 不留工单原文（留的也是打过码的）；不留就不能 restate，也没有分组和原话\n\
         # metrics = \"ahu.prom\"  # 给 Prometheus 看的\n# log = \"ahu.log\"  # 每次运行记一行 JSON\n\n\
         # 发到群里、邮箱：地址和密码放环境变量，别写在这里；写完用 ahu check --config ahu.toml 看会发给谁\n\
         # [[delivery]]\n# name = \"运营群\"\n# to = \"wecom\"  # wecom 企业微信、dingtalk 钉钉、feishu 飞书、slack、webhook、email\n\
         # url_env = \"AHU_OPS_ROBOT\"  # 机器人地址所在的环境变量\n# team = \"支付组\"  # 只发归它管的；不写就发全部\n# when = \"alerts\"  # 只在有新异常的日子发\n\n\
         # 警报：每个团队一个月最多容忍几次虚惊\n# [alerts]\n# false_alarms_per_team_and_month = 1.0\n\n\
         # 已知的特殊日子；同名的日子互相比\n# [[calendar]]\n# name = \"版本日\"\n# day = \"2026-11-25\"\n\n[columns]\n",
        name.escape_debug(),
        quoted(if name == Source::Stdin.name() { "exports/*.csv" } else { name })
    );
    let mut samples: Vec<Vec<String>> = vec![Vec::new(); layout.header.len()];
    for_each_row(layout, batches, |line, cells| {
        for (i, s) in samples.iter_mut().enumerate().filter(|(_, s)| s.len() < 2) {
            let cell = cells.get(line, i).trim();
            if !cell.is_empty() && !s.iter().any(|known| known == cell) {
                s.push(cell.to_owned());
            }
        }
    });
    let c = &layout.columns;
    let mut line = |key: &str, what: &str, columns: &[usize]| {
        let names: Vec<String> = columns.iter().filter_map(|i| layout.header.get(*i)).map(|h| quoted(h.trim())).collect();
        let examples: Vec<String> = columns.iter().filter_map(|i| samples.get(*i)).flatten().take(2).map(|s| shown(s)).collect();
        let value = if names.len() == 1 { names.concat() } else { format!("[{}]", names.join(", ")) };
        match names.is_empty() {
            true => out.push_str(&format!("# {key} = \"\"  # {what}：没认出来\n")),
            false => out.push_str(&format!("{key} = {value}  # {what}，例如 {}\n", examples.join("、"))),
        }
    };
    let one = |column: Option<usize>| column.into_iter().collect::<Vec<_>>();
    line("id", "事件号", &one(c.id));
    line("time", "时间", &one(c.time));
    line("product", "产品", &one(c.product));
    line("text", "客户说的话", &c.text);
    line("channel", "渠道", &one(c.channel));
    line("customer", "客户（只用来认出同一个人）", &one(c.customer));
    line("role", "谁说的（一行一句的聊天记录才有）", &one(c.role));
    let used: Vec<usize> = [c.id, c.time, c.product, c.channel, c.customer, c.role, c.agent].into_iter().flatten().chain(c.text.iter().copied()).collect();
    let rest: Vec<String> = layout.header.iter().enumerate().filter(|(i, _)| !used.contains(i)).map(|(_, h)| shown(h.trim())).collect();
    if !rest.is_empty() {
        out.push_str(&format!("# 其余的列：{}\n", rest.join("、")));
    }
    out
}

fn taxonomy(products: &[(String, usize)], packs_of: impl Fn(&str) -> Vec<String>) -> String {
    let mut out = String::from("# 自己的产品、原因和规则。写法见 docs/rules.md；改完用 ahu check taxonomy.toml 检查。\n");
    if products.len() > MAX_PRODUCTS {
        out.push_str(&format!("# 产品一列有 {} 种不同的值，不像产品名，没有照抄；请看 {FILE} 里的 product 是不是认错了列。\n", products.len()));
    }
    for (name, count) in products.iter().filter(|_| products.len() <= MAX_PRODUCTS) {
        let packs: Vec<String> = packs_of(name).iter().map(|p| quoted(p)).collect();
        let comment = if packs.is_empty() {
            "# 看不出行业；game、shop、bank、telecom、education、o2o 里挑一个填上，归类会准得多\n# "
        } else {
            ""
        };
        out.push_str(&format!("\n[[product]]  # 出现 {count} 次\nname = {}\naliases = []\n{comment}packs = [{}]\n", quoted(name), packs.join(", ")));
    }
    out.push_str(
        "\n# [[cause]]\n# path = \"副本 / 秘境打不过\"\n# kinds = [\"complaint\"]  # complaint 投诉，inquiry 咨询，suggestion 建议，praise 表扬\n\
         # rules = ['秘境 ~10 打不过|过不去|卡关']\n# match = [\"秘境第三层打不过\", \"这个秘境根本过不去\"]\n# reject = [\"秘境几点开\", \"世界boss打不过\"]\n",
    );
    out
}
