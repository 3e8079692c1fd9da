//! Options that several subcommands share, and what they are made into once, at the border.

use super::config;
use super::output::{self, Progress};
use ahu::classify::{self, Classifier};
use ahu::error::{Error, Result, nearest};
use ahu::ingest::{self, ColumnNames, Encoding, FileReport, Source, dates, source};
use ahu::model::Model;
use ahu::pipeline::{Job, Outcome, Rejects};
use ahu::taxonomy::{self, Taxonomy};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// Where the rules come from.
#[derive(clap::Args, Default)]
pub struct TaxonomyArgs {
    /// Settings file (TOML); options given here win over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Your own products, causes and rules, added to the built-in ones; repeatable; `none`: without the built-in ones
    #[arg(long, value_name = "FILE")]
    pub taxonomy: Vec<PathBuf>,
    /// Model that `ahu train` has written, beside the rules; repeatable, one a target
    #[arg(long, value_name = "FILE")]
    pub model: Vec<PathBuf>,
    /// Decisions less sure than this are left open, 0 to 1; 0 = always decide [default: 0.4]
    #[arg(long, value_name = "P")]
    pub min_confidence: Option<f32>,
    /// Let models decide only where this share of their decisions is right, 0 to 1 (0.95: one wrong in twenty)
    #[arg(long, value_name = "P")]
    pub target_precision: Option<f32>,
    /// Rules decide without any model: they are to teach one.
    #[arg(skip)]
    pub rules_alone: bool,
}

/// Which history, and what decides.
#[derive(clap::Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    pub taxonomy: TaxonomyArgs,
    /// The history [default: the one of the settings file]
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

impl HistoryArgs {
    /// Where the history is, and the settings: those that are named, or those of the file in this folder.
    pub fn find(&mut self) -> Result<(PathBuf, config::Settings)> {
        let settings = self.taxonomy.settings_here()?;
        let path = self.history.clone().or_else(|| settings.run.as_ref().map(|r| r.history.clone()));
        let path = path.ok_or_else(|| Error::setup("which history? name it with `--history`, or its settings with `--config`"))?;
        Ok((path, settings))
    }
}

/// The zone of times that have none.
pub fn zone_of(name: Option<&String>) -> Result<jiff::tz::TimeZone> {
    name.map_or_else(|| Ok(dates::china()), |name| dates::zone(name))
}

/// The day that an option names.
pub fn day_of(option: &str, text: Option<&String>) -> Result<Option<jiff::civil::Date>> {
    let wrong = |text: &String| Error::setup(format!("`{option}`: expected a date from 1990 to 2100 such as 2026-11-22, found `{text}`"));
    text.map(|text| dates::day(text).ok_or_else(|| wrong(text))).transpose()
}

/// More threads than any desk's machine has.
const MAX_THREADS: usize = 1024;

/// What to read and how.
#[derive(clap::Args)]
pub struct InputArgs {
    /// Files (CSV, Excel, JSON, Parquet, SQLite; packed ones too), patterns such as '2026-11/*.csv', folders, databases by URL, or - for stdin
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Column of the event id
    #[arg(long, value_name = "NAME")]
    pub id_column: Option<String>,
    /// Column of the time
    #[arg(long, value_name = "NAME")]
    pub time_column: Option<String>,
    /// Column of the product
    #[arg(long, value_name = "NAME")]
    pub product_column: Option<String>,
    /// Column of the customer's text; repeatable
    #[arg(long, value_name = "NAME")]
    pub text_column: Vec<String>,
    /// Column of the channel
    #[arg(long, value_name = "NAME")]
    pub channel_column: Option<String>,
    /// Column of who speaks, in a file of one message a row
    #[arg(long, value_name = "NAME")]
    pub role_column: Option<String>,
    /// Column of who the customer is: several contacts of one are told from several customers
    #[arg(long, value_name = "NAME")]
    pub customer_column: Option<String>,
    /// Column of who served: how each agent served is told as well, which it is not otherwise
    #[arg(long, value_name = "NAME")]
    pub agent_column: Option<String>,
    /// The day that dates without a year are reckoned from, and that a digest is headed with [default: the last day of the tickets]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Time zone of the desk, whose days are counted: Asia/Taipei, Europe/London [default: Asia/Shanghai]
    #[arg(long, value_name = "NAME")]
    pub time_zone: Option<String>,
    /// Encoding of the inputs: utf-8, gb18030 (gbk), big5, utf-16le, utf-16be [default: told by the bytes]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<Encoding>,
    /// Delimiter of the inputs: a character, or `tab` [default: told by the first lines]
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<String>,
    /// Sheet of a workbook; repeatable [default: those that people see and that have the columns]
    #[arg(long, value_name = "NAME")]
    pub sheet: Vec<String>,
    /// What to ask a database (postgres://…, mysql://… or a SQLite file)
    #[arg(long, value_name = "SQL")]
    pub query: Option<String>,
    /// File with the database's password; else the variable AHU_SQL_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Only the tickets whose ids this file lists, one a line; ids not found are listed
    #[arg(long, value_name = "FILE")]
    pub only_ids: Option<PathBuf>,
    /// Write rows that cannot be read to FILE: place, reason, and their bytes in base64
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Fail when more than this share of the rows cannot be read (and more than ten) [default: 0.5]
    #[arg(long, value_name = "SHARE")]
    pub max_quarantined: Option<f64>,
    /// Leave telephone numbers, id and bank cards, e-mails, addresses as they are; they are masked in all output otherwise
    #[arg(long)]
    pub no_mask: bool,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// Checked settings: what [`Job`] needs, owned.
pub struct Setup {
    pub classifier: Classifier,
    pub ingest: ingest::Config,
    pub sources: Vec<Source>,
    /// Files that no output may replace: the sources, and what else was named to be read.
    pub kept: Vec<Source>,
    pub only_ids: Option<HashSet<String>>,
    pub rejects: Option<PathBuf>,
    pub max_quarantined: f64,
    pub mask: bool,
    pub as_of: Option<jiff::civil::Date>,
    pub dates: dates::Reader,
    pub progress: AtomicU64,
}

/// Reads a text file that the user named.
pub fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::io(path.display(), "read", &e))
}

/// Reads a model that the user named.
pub fn read_model(path: &Path) -> Result<Model> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path.display(), "read", &e))?;
    Model::from_bytes(&bytes).map_err(|e| e.in_file(&path.display().to_string()))
}

impl TaxonomyArgs {
    /// The configuration file's settings, empty without one.
    pub fn settings(&self) -> Result<config::Settings> {
        self.config.as_deref().map_or_else(|| Ok(config::Settings::default()), config::read)
    }

    /// As `settings`, of the file in this folder where none is named.
    pub fn settings_here(&mut self) -> Result<config::Settings> {
        if self.config.is_none() && Path::new(config::FILE).exists() {
            self.config = Some(PathBuf::from(config::FILE));
        }
        self.settings()
    }

    /// Loads and compiles the taxonomy; `more` are further files.
    pub fn classifier(&self, settings: &config::Settings, more: &[PathBuf]) -> Result<Classifier> {
        let more = more.iter().map(|path| Ok((path.display().to_string(), read_text(path)?))).collect::<Result<Vec<_>>>()?;
        self.classifier_with(settings, !self.without_builtin(settings), more)
    }

    /// Whether the built-in taxonomy was declined.
    pub fn without_builtin(&self, settings: &config::Settings) -> bool {
        self.named(settings).iter().any(|p| p.as_os_str() == "none")
    }

    fn named<'a>(&'a self, settings: &'a config::Settings) -> &'a [PathBuf] {
        if self.taxonomy.is_empty() { &settings.taxonomy } else { &self.taxonomy }
    }

    /// As `classifier`, with taxonomies that are in no file: each with a name.
    pub fn classifier_with(&self, settings: &config::Settings, builtin: bool, more: Vec<(String, String)>) -> Result<Classifier> {
        let mut files = Vec::new();
        for path in self.named(settings).iter().filter(|p| p.as_os_str() != "none") {
            files.push((path.display().to_string(), read_text(path)?));
        }
        files.extend(more);
        let sources: Vec<taxonomy::Source<'_>> = files.iter().map(|(name, text)| taxonomy::Source { name, text }).collect();
        let taxonomy = Taxonomy::with_builtin(builtin, &sources)?;
        let min_confidence = self.min_confidence.or(settings.min_confidence).unwrap_or(classify::Config::default().min_confidence);
        if !(0.0..=1.0).contains(&min_confidence) {
            return Err(Error::setup(format!("`--min-confidence`: expected a number from 0 to 1, found {min_confidence}")));
        }
        let target_precision = self.target_precision.or(settings.target_precision);
        if let Some(p) = target_precision.filter(|p| !(0.0..=1.0).contains(p)) {
            return Err(Error::setup(format!("`--target-precision`: expected a number from 0 to 1, found {p}")));
        }
        let models: &[PathBuf] = if self.rules_alone { &[] } else { self.models(settings) };
        let models = models.iter().map(|path| read_model(path)).collect::<Result<Vec<Model>>>()?;
        Classifier::with_models(taxonomy, models, classify::Config { min_confidence, target_precision })
    }

    /// The model files named.
    pub fn models<'a>(&'a self, settings: &'a config::Settings) -> &'a [PathBuf] {
        if self.model.is_empty() { &settings.model } else { &self.model }
    }
}

impl InputArgs {
    /// Checks everything and starts the threads.
    pub fn setup(self, taxonomy: &TaxonomyArgs) -> Result<Setup> {
        let settings = taxonomy.settings()?;
        if let Some(n) = self.threads.or(settings.threads) {
            if !(1..=MAX_THREADS).contains(&n) {
                return Err(Error::setup(format!("`--threads`: expected 1 to {MAX_THREADS}, found {n}")));
            }
            // Only fails when a pool exists already, which is then as good.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(n).build_global();
        }
        let columns = &settings.columns;
        let ingest = ingest::Config {
            keep_messages: false,
            encoding: match (self.encoding, &settings.encoding) {
                (Some(e), _) => Some(e),
                (None, Some(name)) => Some(name.parse().map_err(Error::setup)?),
                (None, None) => None,
            },
            delimiter: self.delimiter.or(settings.delimiter.clone()).map(|d| delimiter(&d)).transpose()?,
            columns: ColumnNames {
                id: self.id_column.or(columns.id.clone()),
                time: self.time_column.or(columns.time.clone()),
                product: self.product_column.or(columns.product.clone()),
                text: if self.text_column.is_empty() { columns.text.clone() } else { self.text_column },
                channel: self.channel_column.or(columns.channel.clone()),
                role: self.role_column.or(columns.role.clone()),
                customer: self.customer_column.or(columns.customer.clone()),
                served_by: self.agent_column.or(columns.agent.clone()),
                text_optional: false,
            },
            sheets: if self.sheet.is_empty() { settings.sheets.clone() } else { self.sheet },
            query: self.query.or(settings.query.clone()),
            password: match self.password_file.as_ref().or(settings.password_file.as_ref()) {
                Some(file) => Some(read_text(file)?.trim_end_matches(['\r', '\n']).to_owned()),
                None => std::env::var(ahu::ingest::formats::sql::PASSWORD_VARIABLE).ok(),
            },
        };
        let only_ids = self.only_ids.as_deref().map(read_ids).transpose()?;
        // The taxonomy compiles while nothing else is to do: a missing file should be told first, though.
        let (sources, repeated) = source::expand(&self.inputs)?;
        for file in repeated {
            output::complain(&format!("`{file}` is named twice; it is read once"));
        }
        let named = taxonomy.taxonomy.iter().chain(&settings.taxonomy).chain(taxonomy.models(&settings)).chain(&taxonomy.config).chain(&self.only_ids);
        let kept = sources.iter().cloned().chain(named.cloned().map(Source::File)).collect();
        if sources == [Source::Stdin] && output::stdin_is_terminal() {
            output::complain("reading from the terminal; give a file, or end with Ctrl-D");
        }
        let as_of = day_of("--as-of", self.as_of.as_ref())?;
        let zone = zone_of(self.time_zone.as_ref().or(settings.time_zone.as_ref()))?;
        let began = Instant::now();
        let classifier = taxonomy.classifier(&settings, &[])?;
        output::detail(&format!("rules and models: {:.2} s", began.elapsed().as_secs_f64()));
        let max_quarantined = self.max_quarantined.or(settings.max_quarantined).unwrap_or(0.5);
        if !(0.0..=1.0).contains(&max_quarantined) {
            return Err(Error::setup(format!("`--max-quarantined`: expected a share from 0 to 1, found {max_quarantined}")));
        }
        Ok(Setup {
            classifier,
            ingest,
            sources,
            kept,
            only_ids,
            rejects: self.rejects,
            max_quarantined,
            mask: !self.no_mask,
            as_of,
            dates: dates::Reader::new(zone, as_of),
            progress: AtomicU64::new(0),
        })
    }
}

/// An id a line, as 阿虎's notebook has them; blanks and a byte order mark are ignored.
fn read_ids(path: &Path) -> Result<HashSet<String>> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path.display(), "read", &e))?;
    let found = ahu::ingest::encoding::detect(&bytes, true).map_err(|e| e.in_file(&path.display().to_string()))?;
    let text = found
        .encoding
        .decode(&bytes[found.bom..])
        .ok_or_else(|| Error::input(format!("expected text, found bytes that are not {}", found.encoding)).in_file(&path.display().to_string()))?;
    let ids: HashSet<String> = text.lines().map(|l| l.trim().trim_end_matches(',').trim_matches('"').to_owned()).filter(|l| !l.is_empty()).collect();
    if ids.is_empty() {
        return Err(Error::setup("expected one id a line, found none").in_file(&path.display().to_string()));
    }
    Ok(ids)
}

fn delimiter(text: &str) -> Result<u8> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        _ if text.len() == 1 && !matches!(text, "\"" | "\n" | "\r") => Ok(text.as_bytes()[0]),
        _ => {
            let near = nearest(text, ["tab"]).map_or("", |_| "; did you mean `tab`");
            Err(Error::setup(format!("`--delimiter`: expected one ASCII character or `tab`, found `{text}`{near}")))
        }
    }
}

impl Setup {
    pub fn job(&self) -> Job<'_> {
        Job {
            classifier: &self.classifier,
            ingest: &self.ingest,
            sources: &self.sources,
            only_ids: self.only_ids.as_ref(),
            keep_raw: self.rejects.is_some(),
            max_quarantined: self.max_quarantined,
            dates: self.dates.clone(),
            mask: self.mask,
            progress: &self.progress,
        }
    }

    /// The rejects file, to be published with [`output::Published::publish`] after it is finished.
    pub fn open_rejects(&self) -> Result<Option<(output::Published, Rejects<std::io::BufWriter<std::fs::File>>)>> {
        let Some(path) = &self.rejects else { return Ok(None) };
        let (published, file) = output::Published::create(path, &self.kept)?;
        let rejects = Rejects::new(std::io::BufWriter::new(file), &path.display().to_string(), self.mask)?;
        Ok(Some((published, rejects)))
    }

    /// No two outputs, the rejects among them, can be one file; each comes with its option.
    pub fn refuse_one_file(&self, outputs: &[(&str, Option<&Path>)]) -> Result<()> {
        let all = outputs.iter().copied().chain([("--rejects", self.rejects.as_deref())]);
        let named: Vec<(&str, PathBuf)> = all.filter_map(|(option, path)| Some((option, std::path::absolute(path?).ok()?))).collect();
        for (i, (option, path)) in named.iter().enumerate() {
            if let Some((other, _)) = named[..i].iter().find(|n| n.1 == *path) {
                return Err(Error::setup(format!("`{other}` and `{option}` name the same file")));
            }
        }
        Ok(())
    }

    pub fn with_progress<T>(&self, work: impl FnOnce() -> T) -> T {
        let total = self.sources.iter().map(|s| if let Source::File(p) = s { std::fs::metadata(p).ok().map(|m| m.len()) } else { None }).sum::<Option<u64>>();
        Progress::run(&self.progress, total, work)
    }
}

/// Puts a finished file of rejects, if there is one, in its place.
pub fn publish_rejects(published: Option<output::Published>, rejects: Option<std::io::BufWriter<std::fs::File>>) -> Result<()> {
    published.zip(rejects).map_or(Ok(()), |(published, rejects)| published.publish(rejects.get_ref()))
}

/// Tells on stderr what the user should know of how the files were read.
pub fn tell_about(outcome: &Outcome, rejects: Option<&Path>) {
    let (files, quarantined, took) = (&outcome.files, outcome.accounting.quarantined, outcome.took);
    output::detail(&format!(
        "{} rows of {} files: reading {:.2} s, deciding {:.2} s over {} threads, counting {:.2} s, side by side",
        outcome.accounting.rows,
        files.len(),
        took.reading.as_secs_f64(),
        took.deciding.as_secs_f64(),
        rayon::current_num_threads(),
        took.counting.as_secs_f64()
    ));
    outcome.left_out.iter().for_each(|part| output::complain(part));
    for f in files.iter().filter(|f| f.mixed_lines > 0) {
        output::complain(&format!("{}: {} lines are not {} like the rest; each was read in its own encoding", f.file, f.mixed_lines, f.encoding));
    }
    files.iter().for_each(tell_of_notes);
    if quarantined > 0 {
        let place = rejects.map_or("list them with `--rejects FILE`".to_owned(), |p| format!("they are in `{}`", p.display()));
        output::complain(&format!("{quarantined} rows could not be read and were set aside; {place}"));
    }
}

/// Tells which ids that were asked for no row has.
pub fn tell_of_ids(not_found: &[String]) {
    if !not_found.is_empty() {
        output::complain(&format!("{} ids not found: {}", not_found.len(), not_found.join(" ")));
    }
}

/// Tells what a file's rows had to be repaired of, and what it says about itself.
fn tell_of_notes(f: &FileReport) {
    let n = &f.notes;
    let tell = |message: String| output::complain(&format!("{}: {message}", f.file));
    if n.headerless {
        tell("no header; the columns are called `列1`, `列2`… and told by their values; name them with `--text-column` and the like".to_owned());
    }
    n.remarks.iter().for_each(|remark| tell(remark.clone()));
    if n.messages > 0 {
        tell(format!("{} messages were joined into {} tickets by their ids", n.messages, n.chats));
    }
    let counts = [
        (n.delimiters, "rows were repaired: a delimiter inside the text"),
        (n.quotes, "rows were repaired: quotes that are not doubled or not closed"),
        (n.other_dialect, "rows have another delimiter than the rest; each was read with its own"),
        (n.rows.mojibake, "rows were repaired: text once saved in the wrong encoding"),
        (n.rows.damaged, "rows have characters that were lost before the file was written (`\u{FFFD}`, `锟斤拷`); they are kept as they are"),
        (n.rows.yearless, "rows have a date without a year; `--as-of DATE` tells from which day to reckon"),
        (n.rows.conflicts, "tickets were decided differently by rules and model; `ahu classify` marks them with `≠` in `ahu_evidence`"),
        (n.rows.rounded_ids, "ids were rounded by a spreadsheet (1.23457E+17); row numbers serve instead; export the column as text to keep them"),
    ];
    counts.iter().filter(|(count, _)| *count > 0).for_each(|(count, what)| tell(format!("{count} {what}")));
    if let Some(line) = n.second_table {
        let lost = if n.columns_lost.is_empty() { String::new() } else { format!("; its columns `{}` are left out", n.columns_lost.join("`, `")) };
        tell(format!("another table begins on line {line}; {} rows were read under the columns that both tables have{lost}", n.other_table));
    }
    if let Some(stated) = n.stated_rows {
        tell(format!("it says that it has {stated} rows, but it has {}", f.rows));
    }
}
