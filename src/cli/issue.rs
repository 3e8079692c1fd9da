//! Days' digests on their way from the history to their folders.

use super::config::{Known, Run, Settings};
use super::output::{self, PublishedFolder};
use ahu::classify::Classifier;
use ahu::digest::Digest;
use ahu::error::{Error, ErrorKind, Result};
use ahu::history::{History, Writing};
use ahu::ingest::dates;
use ahu::listing::Listing;
use ahu::pipeline::listing::{self, Tickets};
use ahu::pipeline::night::{self, GroupOf};
use ahu::pipeline::outgoing::{self, Addressee};
use ahu::pipeline::{teams, watch};
use ahu::report::{self, Format, Lang};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Days within which a customer who comes again for the same cause comes for the same matter.
pub const REPEAT_DAYS: u32 = 7;

/// Puts days' digests in their places.
pub struct Issuer {
    output: PathBuf,
    lang: Lang,
    options: night::Options,
    watch: watch::Options,
    formats: Vec<Format>,
    /// Whether it is told how each agent served.
    agents: bool,
    /// Names of the teams' folders.
    folders: BTreeMap<String, String>,
    to: Vec<Addressee>,
}

/// What a run has issued.
pub struct Issued {
    /// Days, with how often each was issued before.
    pub days: Vec<(Date, u32)>,
    /// Messages that are owed for them: delivery and day.
    pub owed: Vec<(String, Date)>,
}

impl Issuer {
    pub fn new(run: &Run, settings: &Settings, classifier: &Classifier, lang: Lang) -> Result<Issuer> {
        let options = night::Options { groups: true, repeat_days: REPEAT_DAYS };
        let formats = run.formats.iter().map(|f| f.format()).collect();
        let teams = teams::all(classifier.taxonomy());
        let folders = report::folder::folders(teams.iter().map(String::as_str));
        Ok(Issuer {
            output: run.output.clone(),
            lang,
            options,
            watch: watch_of(settings, classifier)?,
            formats,
            agents: settings.columns.agent.is_some(),
            folders,
            to: Vec::new(),
        })
    }

    /// Lets runs owe these a message for each day that is news.
    pub fn deliver(self, to: Vec<Addressee>) -> Issuer {
        Issuer { to, ..self }
    }

    /// Counts the days that a run has changed, writes their digests aside, makes the run stay, and puts them in their places: the
    /// days, with how often each was issued before. A dry one does nothing of it.
    pub fn issue(&self, writing: Writing<'_>, classifier: &Classifier, dry: bool) -> Result<Vec<(Date, u32)>> {
        self.issue_and_owe(writing, classifier, dry, None).map(|issued| issued.days)
    }

    /// As [`Issuer::issue`], and writes down, with the rest, the messages that are owed on `night`.
    pub fn issue_and_owe(&self, mut writing: Writing<'_>, classifier: &Classifier, dry: bool, night: Option<(Date, &str)>) -> Result<Issued> {
        let mut digests = Vec::new();
        let stage = Instant::now();
        for day in writing.days() {
            digests.push((day, night::issue(&mut writing, day, classifier, self.options)?));
        }
        let stage = told("counting days", stage);
        for day in watch::watch(&mut writing, &self.watch)? {
            digests.push((day, night::issue(&mut writing, day, classifier, self.options)?));
        }
        digests.sort_by_key(|d| d.0);
        let stage = told("alerts", stage);
        let (mut days, mut owed) = (Vec::new(), Vec::new());
        let mut folders = Vec::new();
        if let Some((last, _)) = digests.last() {
            writing.tell_unread_on(*last)?;
        }
        let pages = digests.len().saturating_sub(MOST_PAGES);
        for (nth, (day, (mut digest, group_of))) in digests.into_iter().enumerate() {
            digest.alerts = writing.alerts(day)?;
            days.push((day, digest.revision.as_ref().map_or(0, |r| r.number)));
            if let Some((night, now)) = night {
                let names = outgoing::owe(&mut writing, (day, night), &digest, &self.to, classifier.taxonomy(), now)?;
                owed.extend(names.into_iter().map(|name| (name, day)));
            }
            if !dry {
                folders.push(self.folder(&writing, day, (digest, group_of), classifier, nth >= pages)?);
            }
        }
        if dry {
            return Ok(Issued { days, owed });
        }
        let stage = told("writing folders", stage);
        writing.commit(|| folders.into_iter().try_for_each(PublishedFolder::publish))?;
        told("commit and publishing", stage);
        Ok(Issued { days, owed })
    }

    /// Publishes what a run that was killed has not, and removes what it has left.
    pub fn heal(&self, history: &mut History, classifier: &Classifier) -> Result<()> {
        self.owns(history)?;
        PublishedFolder::sweep(&self.output);
        let days = history.unpublished()?;
        if days.is_empty() {
            return Ok(());
        }
        output::complain(&format!("some digests are not in their places, as when a run ended early; publishing {} now", days.len()));
        let pages = days.len().saturating_sub(MOST_PAGES);
        for (nth, day) in days.iter().enumerate() {
            let issued = night::reissue(history, *day, None, classifier, self.options)?;
            self.folder(history, *day, issued, classifier, nth >= pages)?.publish()?;
        }
        history.published(&days)
    }

    /// A history has one folder of digests: in another the days that do not change would grow old unnoticed.
    fn owns(&self, history: &mut History) -> Result<()> {
        let output = self.place(history);
        match history.output()? {
            Some(known) if known != output => Err(Error::setup(format!(
                "the digests of the history `{}` are in `{known}`, not in `{output}`: give each output folder a history of its own; `ahu run --rebuild` \
                 writes all digests to `{output}` from now on",
                history.path().display()
            ))),
            Some(_) => Ok(()),
            None => history.set_output(&output),
        }
    }

    /// Where the digests are, as seen from the history where they are beside it: both may move together.
    fn place(&self, history: &History) -> String {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (output, beside) = (absolute(&self.output), absolute(history.path()));
        let within = beside.parent().and_then(|folder| output.strip_prefix(folder).ok().map(Path::to_path_buf));
        within.unwrap_or(output).display().to_string()
    }

    /// Notes all digests that are not in their places as such, so that they are put there.
    pub fn rebuild(&self, history: &mut History) -> Result<()> {
        history.set_output(&self.place(history))?;
        let missing: Vec<Date> = missing(history, &self.output)?;
        history.unpublish(&missing)
    }

    /// Takes out of the file what was forgotten while another program was reading it. A night does not fail by one who reads on.
    pub fn clean(&self, history: &mut History) -> Result<()> {
        if history.is_unclean()? {
            match history.clean() {
                Err(e) if e.kind == ErrorKind::Busy => output::complain(&e.to_string()),
                done => done?,
            }
        }
        Ok(())
    }

    /// A day's folder, written aside.
    fn folder(
        &self,
        kept: &impl Tickets,
        day: Date,
        (mut digest, group_of): (Digest, GroupOf),
        classifier: &Classifier,
        pages: bool,
    ) -> Result<PublishedFolder> {
        let folder = PublishedFolder::create(&self.output.join(day.to_string()))?;
        // People write notes beside a digest.
        folder.keep_others(|name| name.starts_with("digest.") || name == "alerts.json" || name == "teams")?;
        if !self.agents {
            digest.agents.clear();
        }
        // All its tickets have moved to other days: no folder takes the place of the one that is there.
        if digest.accounting.rows == 0 {
            return Ok(folder);
        }
        let (with_tickets, plain): (Vec<Format>, Vec<Format>) = self.formats.iter().partition(|f| f.tickets() > 0);
        let options = report::Options::plain(self.lang);
        for format in plain {
            let mut text = report::render(&digest, &Listing::default(), format, options)?;
            if format == Format::Csv {
                // Excel takes it for UTF-8 only so.
                text.splice(0..0, "\u{feff}".bytes());
            }
            folder.write(file_of(format), &text)?;
        }
        if let Some(most) = with_tickets.iter().map(|f| f.tickets()).max().filter(|_| pages) {
            // Texts, a team's among them, are the same whatever other formats there are.
            let mut digest = digest.clone();
            listing::draw(kept, (day, day), &mut digest, classifier)?;
            let listing = listing::listing(kept, (day, day), classifier, most, &group_of, None)?;
            for format in with_tickets {
                folder.write(file_of(format), &report::render(&digest, &listing.at_most(format.tickets()), format, options)?)?;
            }
        }
        if !digest.alerts.is_empty() {
            // Strings and numbers always serialise.
            let text = serde_json::to_string_pretty(&digest.alerts).unwrap_or_default() + "\n";
            folder.write("alerts.json", text.as_bytes())?;
        }
        for part in teams::parts(&digest, classifier.taxonomy(), day, |each| kept.tickets_of(day, each))? {
            self.team(&folder, &part)?;
        }
        Ok(folder)
    }

    /// A team's part, in a folder of its own.
    fn team(&self, folder: &PublishedFolder, part: &teams::Part) -> Result<()> {
        // Every team of a digest is one of the taxonomy.
        let Some(name) = self.folders.get(&part.team) else { return Ok(()) };
        let options = report::Options::plain(self.lang);
        for (file, text, team) in [
            ("digest.txt", report::text::render(&part.digest, options), report::harmless(&part.team)),
            ("digest.md", report::markdown::render(&part.digest, options), report::markdown::escape(&part.team)),
        ] {
            // The headline says whose it is.
            let text = text.replacen('\n', &format!(" · {team}\n"), 1);
            folder.write(&format!("teams/{name}/{file}"), text.as_bytes())?;
        }
        folder.write(&format!("teams/{name}/tickets.csv"), part.tickets.as_bytes())
    }
}

/// Tells how long a stage took, where details are asked for; the next one begins.
fn told(stage: &str, began: Instant) -> Instant {
    output::detail(&format!("  {stage}: {:.2} s", began.elapsed().as_secs_f64()));
    Instant::now()
}

/// Days of one run that get a page and a workbook: of a history that is read in at once, or decided anew, `ahu report` writes those
/// that are asked for.
const MOST_PAGES: usize = 31;

/// What a format's file is called in a day's folder.
fn file_of(format: Format) -> &'static str {
    match format {
        Format::Text => "digest.txt",
        Format::Markdown => "digest.md",
        Format::Json => "digest.json",
        Format::Csv => "digest.csv",
        Format::Html => "digest.html",
        Format::Xlsx => "digest.xlsx",
    }
}

/// The days whose digests have no folder.
pub fn missing(history: &History, output: &Path) -> Result<Vec<Date>> {
    let there: BTreeSet<String> = std::fs::read_dir(output).into_iter().flatten().flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    Ok(history.days()?.into_iter().filter(|day| !there.contains(&day.to_string())).collect())
}

/// What raises an alarm: so many false ones for each team that owns a cause, and for what nobody owns.
fn watch_of(settings: &Settings, classifier: &Classifier) -> Result<watch::Options> {
    let allowed = settings.alerts.false_alarms_per_team_and_month;
    if !(0.01..=100.0).contains(&allowed) {
        return Err(Error::setup(format!("`false_alarms_per_team_and_month`: expected a number from 0.01 to 100, found {allowed}")));
    }
    let teams: BTreeSet<&String> = classifier.taxonomy().causes.iter().filter(|c| c.own).filter_map(|c| c.team.as_ref()).collect();
    let day = |text: &String| dates::day(text).ok_or_else(|| Error::setup(format!("`calendar`: expected a day such as 2026-11-22, found `{text}`")));
    let known = |k: &Known| {
        let from = day(&k.day)?;
        let until = k.until.as_ref().map_or(Ok(from), day)?;
        Ok(watch::KnownDay { name: k.name.clone(), from, until })
    };
    Ok(watch::Options { false_alarms: allowed * (teams.len() + 1) as f64, calendar: settings.calendar.iter().map(known).collect::<Result<Vec<_>>>()? })
}
