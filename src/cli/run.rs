//! `ahu run`: the nightly job.

use super::config::{Run, Settings};
use super::deliver::{Delivered, Post};
use super::issue::Issuer;
use super::lock::Lock;
use super::output;
use super::setup::{self, InputArgs, Setup, TaxonomyArgs, tell_about};
use super::summarize::LangArg;
use ahu::classify::Classifier;
use ahu::error::{Error, ErrorKind, Result};
use ahu::history::{Decider, History, Input, Tally};
use ahu::ingest::{Source, dates};
use ahu::pipeline::night;
use ahu::report::Lang;
use jiff::Timestamp;
use jiff::civil::Date;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

/// The nightly job: reads what is new, keeps it in the history, and writes a folder of digests for each day that changed
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// Tell what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the digests again that are not in the output folder any more, or that it never had
    #[arg(long, conflicts_with = "dry_run")]
    rebuild: bool,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let started = Timestamp::now();
    if args.input.only_ids.is_some() {
        return Err(Error::setup("`--only-ids` is for looking at some tickets; the history keeps all: leave it away, or use `ahu summarize`"));
    }
    if args.input.no_mask {
        return Err(Error::setup("`--no-mask`: the history keeps texts masked, or with `keep_text = false` none"));
    }
    let settings = args.taxonomy.settings_here()?;
    let mut run = job_of(&settings, args.taxonomy.config.as_deref())?;
    let lang = LangArg::choose(args.lang, &args.taxonomy)?;
    // What an address is missing for is not found out at night, after all is read.
    let post = Post::of(&settings, lang)?;
    // A dry run leaves no history where there is none.
    let aside = (args.dry_run && !run.history.exists()).then(tempfile::tempdir).transpose();
    let aside = aside.map_err(|e| Error::io("a temporary folder", "create", &e))?;
    if let Some(aside) = &aside {
        run.history = aside.path().join("history.db");
    } else if let Some(folder) = run.history.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder.display(), "create", &e))?;
    }
    // Who finds another run at work says nothing to its monitor.
    let lock = Lock::take(&run.history, "run")?;
    let monitor = Monitor { metrics: run.metrics.clone(), log: run.log.clone(), started, dry: args.dry_run };
    let (dry, history) = (args.dry_run, run.history.clone());
    let done = live(args, settings, run, started, (lang, &post));
    // What waits goes out also where there is nothing new; a run that failed still has what it owes from before.
    let began = Instant::now();
    let sent = if dry { Ok(Delivered::default()) } else { post.send(&history) };
    output::detail(&format!("deliveries: {:.2} s", began.elapsed().as_secs_f64()));
    let done = match (done, sent) {
        (Ok(done), sent) => sent.map(|delivered| Done { delivered, ..done }),
        (Err(e), sent) => {
            sent.iter().for_each(Delivered::tell);
            Err(e)
        }
    };
    drop(lock);
    // What the night came to is not undone by a monitor that cannot be told of it; nor is it hidden.
    let told = monitor.tell(&done);
    told.unwrap_or_else(|e| output::complain(&e.to_string()));
    tell(&done?, lang)
}

/// Sets the night up, and does its work.
fn live(mut args: Args, settings: Settings, run: Run, started: Timestamp, (lang, post): (Lang, &Post)) -> Result<Done> {
    if args.input.inputs.is_empty() {
        args.input.inputs.clone_from(&run.inputs);
    }
    let mut setup = args.input.setup(&args.taxonomy)?;
    setup.kept.push(Source::File(run.history.clone()));
    post.check_teams(setup.classifier.taxonomy())?;
    let night = Night {
        folder: args.taxonomy.config.as_deref().and_then(Path::parent).map_or_else(String::new, |f| f.to_string_lossy().into_owned()),
        issuer: Issuer::new(&run, &settings, &setup.classifier, lang)?.deliver(post.addressees()),
        decider: decider_of(&args.taxonomy, &settings, &setup.classifier)?,
        day: setup.as_of.unwrap_or_else(|| started.to_zoned(setup.dates.zone().clone()).date()),
        started,
        dry: args.dry_run,
        rebuild: args.rebuild,
        began: SystemTime::now(),
        run,
    };
    night.work(&mut setup)
}

/// What decides.
pub fn decider_of(taxonomy: &TaxonomyArgs, settings: &Settings, classifier: &Classifier) -> Result<Decider> {
    let read = |p: &PathBuf| std::fs::read(p).map_err(|e| Error::io(p.display(), "read", &e));
    let models = taxonomy.models(settings).iter().map(read).collect::<Result<Vec<_>>>()?;
    let thresholds = (taxonomy.min_confidence.or(settings.min_confidence), taxonomy.target_precision.or(settings.target_precision));
    Ok(night::decider(classifier, &models, &format!("{thresholds:?}")))
}

pub fn job_of(settings: &Settings, config: Option<&Path>) -> Result<Run> {
    let missing = || match config {
        None => Error::setup("`ahu run` needs settings: `ahu init FILE` writes an ahu.toml into this folder, or name one with `--config`"),
        Some(path) => Error::setup("expected a table `[run]` with `inputs`, `history` and `output`, found none").in_file(&path.display().to_string()),
    };
    settings.run.clone().ok_or_else(missing)
}

/// A night's job, set up.
struct Night {
    run: Run,
    /// The folder of the settings.
    folder: String,
    decider: Decider,
    issuer: Issuer,
    day: Date,
    started: Timestamp,
    dry: bool,
    /// Whether digests that are gone are written again.
    rebuild: bool,
    began: SystemTime,
}

/// What it came to.
#[derive(Default)]
struct Done {
    night: Date,
    /// Where digests are.
    output: PathBuf,
    dry: bool,
    rows: u64,
    quarantined: u64,
    tally: Tally,
    /// Inputs that have not changed since they were read, and those that still grow.
    unchanged: usize,
    growing: Vec<String>,
    /// Days that were published, with how often they were before.
    days: Vec<(Date, u32)>,
    /// Messages that are owed for them: delivery and day.
    owed: Vec<(String, Date)>,
    /// What was sent.
    delivered: Delivered,
}

impl Night {
    fn work(&self, setup: &mut Setup) -> Result<Done> {
        let mut history = History::open(&self.run.history)?;
        if self.rebuild {
            self.issuer.rebuild(&mut history)?;
        }
        if !self.dry {
            self.issuer.heal(&mut history, &setup.classifier)?;
            self.issuer.clean(&mut history)?;
        }
        let read_as = read_as(setup);
        let mut done = Done { night: self.day, output: self.run.output.clone(), dry: self.dry, ..Done::default() };
        let mut inputs = self.inputs(setup, &history, &read_as, &mut done)?;
        loop {
            setup.sources = inputs.iter().map(|i| i.0.clone()).collect();
            let mut writing = history.begin(self.day, &self.started.to_string(), &self.decider)?;
            let job = setup.job();
            let (published, rejects) = setup.open_rejects()?.unzip();
            let (outcome, rejects) = setup.with_progress(|| night::record(&job, self.keeping(), &mut writing, rejects))?;
            // What has grown while it was read is read again another night.
            let (still, grown): (Vec<_>, Vec<_>) =
                inputs.drain(..).partition(|(source, seen)| seen.as_ref().is_none_or(|seen| stamp(source).as_ref() == Some(seen)));
            if !grown.is_empty() {
                done.growing.extend(grown.iter().map(|(source, _)| source.name()));
                inputs = still;
                continue;
            }
            tell_about(&outcome, setup.rejects.as_deref());
            setup::publish_rejects(published, rejects)?;
            if let Some(refused) = outcome.refused {
                return Err(refused);
            }
            (done.rows, done.quarantined, done.tally) = (outcome.accounting.rows, outcome.accounting.quarantined, writing.tally());
            let names: Vec<String> = still.iter().map(|(source, _)| source.name()).collect();
            writing.close(&names.join("\n"), done.rows, done.quarantined)?;
            still.iter().filter_map(|(_, seen)| seen.as_ref()).try_for_each(|seen| writing.read(seen, &read_as))?;
            let now = self.started.to_string();
            let began = Instant::now();
            let issued = self.issuer.issue_and_owe(writing, &setup.classifier, self.dry, Some((self.day, &now)))?;
            output::detail(&format!("digests of {} days: {:.2} s", issued.days.len(), began.elapsed().as_secs_f64()));
            (done.days, done.owed) = (issued.days, issued.owed);
            if done.rows == 0 && !done.growing.is_empty() {
                let files = done.growing.join("`, `");
                return Err(Error::new(ErrorKind::Busy, format!("`{files}`: still being written to; try again later")));
            }
            return Ok(done);
        }
    }

    fn keeping(&self) -> night::Keeping<'_> {
        night::Keeping { texts: self.run.keep_text, folder: &self.folder }
    }

    /// The inputs to be read, each with its stamp: those that have changed since they were read, and are not being written to.
    fn inputs(&self, setup: &Setup, history: &History, read_as: &str, done: &mut Done) -> Result<Vec<(Source, Option<Input>)>> {
        let mut fresh = Vec::new();
        for source in &setup.sources {
            match stamp(source) {
                Some(seen) if history.has_read(&seen, read_as)? => done.unchanged += 1,
                seen => fresh.push((source, seen)),
            }
        }
        // All that were just written to are waited for at once.
        std::thread::sleep(fresh.iter().filter_map(|(_, seen)| seen.as_ref()).map(|seen| self.unsettled(seen)).max().unwrap_or_default());
        let mut inputs = Vec::new();
        for (source, seen) in fresh {
            let now = stamp(source);
            match seen {
                Some(seen) if !self.unsettled(&seen).is_zero() && now.as_ref() != Some(&seen) => done.growing.push(source.name()),
                // It may have been written to while it was waited for.
                _ => inputs.push((source.clone(), now)),
            }
        }
        Ok(inputs)
    }

    /// How long a file that was just written to is waited for; one of the future as well, since clocks differ.
    fn unsettled(&self, seen: &Input) -> Duration {
        let settle = Duration::from_secs(self.run.settle_seconds);
        let age = self.began.duration_since(SystemTime::UNIX_EPOCH + Duration::from_nanos(seen.modified.unsigned_abs())).unwrap_or_default();
        settle.saturating_sub(age)
    }
}

/// What tells how files are read: other settings read them again.
fn read_as(setup: &Setup) -> String {
    let ingest = &setup.ingest;
    let mut said = format!("{:?} {:?}", ingest.columns, (&ingest.encoding, ingest.delimiter, &ingest.sheets, &ingest.query));
    // Of the usual zone nothing is said, as before there were others.
    let zone = setup.dates.zone();
    if *zone != dates::china() {
        said.push_str(&format!(" {zone:?}"));
    }
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(said.as_bytes()))
}

/// Days after the night that are named.
const SHOWN_AHEAD: usize = 5;

/// The line that the run ends with.
fn tell(done: &Done, lang: Lang) -> Result<ExitCode> {
    for file in &done.growing {
        output::complain(&format!("`{file}` is still being written to; it is left for the next run"));
    }
    let t = done.tally;
    if t.undated > 0 {
        output::complain(&format!("{} tickets have no date; they are counted on {}", t.undated, done.night));
    }
    let ahead: Vec<String> = done.days.iter().filter(|(day, _)| *day > done.night).map(|(day, _)| day.to_string()).collect();
    if let [first, ..] = ahead.as_slice() {
        let shown = if ahead.len() > SHOWN_AHEAD { format!("{} days, the first {first}", ahead.len()) } else { ahead.join(", ") };
        output::complain(&format!(
            "some tickets are dated after this night ({shown}); they are counted there, and no report or alert takes such a day for the last"
        ));
    }
    let days: Vec<String> = done.days.iter().map(|(day, n)| if *n > 0 { lang.revised_day(&day.to_string(), *n) } else { day.to_string() }).collect();
    let line = lang.night(&done.night.to_string(), [done.rows, t.new, t.revised, t.known, t.forgotten, done.quarantined], &days, done.dry);
    output::publish(&format!("{line}\n"), None, &[])?;
    if done.dry {
        done.owed.iter().for_each(|(name, day)| output::complain(&format!("delivery `{name}`: would be sent the digest of {day}")));
    }
    done.delivered.tell();
    if let (Some((day, _)), false) = (done.days.last(), done.dry) {
        let folder = done.output.join(day.to_string());
        output::next_step(&match lang {
            Lang::Zh => format!("日报在 {}；月报：`ahu report month`；写给产品组的建议：`ahu advise 产品`", folder.display()),
            Lang::ZhHant => format!("日報在 {}；月報：`ahu report month`；寫給產品組的建議：`ahu advise 產品`", folder.display()),
            Lang::En => format!("The digest is in {}; of the month: `ahu report month`; for a product's team: `ahu advise PRODUCT`", folder.display()),
        });
    }
    Ok(ExitCode::from(done.delivered.exit_code()))
}

/// Who watches the runs.
struct Monitor {
    metrics: Option<PathBuf>,
    log: Option<PathBuf>,
    started: Timestamp,
    dry: bool,
}

impl Monitor {
    /// Metrics and log, also of a run that failed.
    fn tell(&self, done: &Result<Done>) -> Result<()> {
        if self.dry {
            return Ok(());
        }
        let code = done.as_ref().map_or_else(Error::exit_code, |d| d.delivered.exit_code());
        let nothing = Done::default();
        let d = done.as_ref().unwrap_or(&nothing);
        let finished = Timestamp::now();
        if let Some(path) = &self.metrics {
            let mut text = String::new();
            let mut metric =
                |name: &str, help: &str, value: f64| text.push_str(&format!("# HELP ahu_{name} {help}\n# TYPE ahu_{name} gauge\nahu_{name} {value}\n"));
            metric("run_exit_code", "Exit code of the last run.", f64::from(code));
            metric("run_finished_seconds", "When the last run ended, in seconds since 1970.", finished.as_second() as f64);
            metric("run_duration_seconds", "How long the last run took.", (finished.as_millisecond() - self.started.as_millisecond()) as f64 / 1000.0);
            metric("run_rows", "Rows that the last run read.", d.rows as f64);
            metric("run_new_tickets", "Tickets that were not in the history.", d.tally.new as f64);
            metric("run_revised_tickets", "Tickets that came again with another text.", d.tally.revised as f64);
            metric("run_known_tickets", "Tickets that were in the history already.", d.tally.known as f64);
            metric("run_quarantined_rows", "Rows that could not be read.", d.quarantined as f64);
            metric("run_days", "Days whose digests were issued.", d.days.len() as f64);
            metric("run_growing_inputs", "Inputs left for later, because they are being written to.", d.growing.len() as f64);
            metric("run_deliveries_sent", "Messages that the last run sent.", d.delivered.sent as f64);
            metric("run_deliveries_waiting", "Messages that the last run could not send.", d.delivered.waiting() as f64);
            metric("run_deliveries_unsure", "Messages of which nobody knows whether they arrived.", d.delivered.unsure.len() as f64);
            output::publish(&text, Some(path), &[])?;
        }
        if let Some(path) = &self.log {
            let line = serde_json::json!({
                "started": self.started.to_string(), "finished": finished.to_string(), "night": done.as_ref().ok().map(|d| d.night.to_string()), "exit": code,
                "error": done.as_ref().err().map(ToString::to_string), "rows": d.rows, "new": d.tally.new, "revised": d.tally.revised, "known": d.tally.known,
                "forgotten": d.tally.forgotten, "quarantined": d.quarantined, "unchanged_inputs": d.unchanged, "growing_inputs": d.growing,
                "deliveries": {"sent": d.delivered.sent, "waiting": d.delivered.waiting(), "unsure": d.delivered.unsure.len(), "problems": d.delivered.problems()},
                "days": d.days.iter().map(|(day, n)| serde_json::json!({"day": day.to_string(), "revision": n})).collect::<Vec<_>>(),
            });
            let append = || std::fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(format!("{line}\n").as_bytes());
            append().map_err(|e| Error::io(path.display(), "write", &e))?;
        }
        Ok(())
    }
}

/// How a file is at this moment; `None` for what is no file.
fn stamp(source: &Source) -> Option<Input> {
    let Source::File(path) = source else { return None };
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let modified = meta.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let path = std::path::absolute(path).ok()?.to_string_lossy().into_owned();
    Some(Input { path, size: meta.len(), modified: i64::try_from(modified.as_nanos()).ok()? })
}
