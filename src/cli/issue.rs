//! Days' digests on their way from the history to their folders.

use super::config::{Known, Run, Settings};
use super::output::{self, PublishedFolder};
use ahu::classify::Classifier;
use ahu::digest::Digest;
use ahu::error::{Error, ErrorKind, Result};
use ahu::history::{History, Writing};
use ahu::ingest::dates;
use ahu::listing::Listing;
use ahu::pipeline::{night, watch};
use ahu::report::{self, Format, Lang};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Days within which a customer who comes again for the same cause comes for the same matter.
pub const REPEAT_DAYS: u32 = 7;

/// Puts days' digests in their places.
pub struct Issuer {
    output: PathBuf,
    lang: Lang,
    options: night::Options,
    watch: watch::Options,
}

impl Issuer {
    pub fn new(run: &Run, settings: &Settings, classifier: &Classifier, lang: Lang) -> Result<Issuer> {
        let options = night::Options { groups: true, repeat_days: REPEAT_DAYS };
        Ok(Issuer { output: run.output.clone(), lang, options, watch: watch_of(settings, classifier)? })
    }

    /// Counts the days that a run has changed, writes their digests aside, makes the run stay, and puts them in their places: the
    /// days, with how often each was issued before. A dry one does nothing of it.
    pub fn issue(&self, mut writing: Writing<'_>, classifier: &Classifier, dry: bool) -> Result<Vec<(Date, u32)>> {
        let mut digests = Vec::new();
        for day in writing.days() {
            digests.push((day, night::issue(&mut writing, day, classifier, self.options)?));
        }
        for day in watch::watch(&mut writing, &self.watch)? {
            digests.push((day, night::issue(&mut writing, day, classifier, self.options)?));
        }
        digests.sort_by_key(|d| d.0);
        let mut days = Vec::new();
        let mut folders = Vec::new();
        for (day, mut digest) in digests {
            digest.alerts = writing.alerts(day)?;
            days.push((day, digest.revision.as_ref().map_or(0, |r| r.number)));
            if !dry {
                folders.push(self.folder(day, &digest)?);
            }
        }
        if dry {
            return Ok(days);
        }
        writing.commit(|| folders.into_iter().try_for_each(PublishedFolder::publish))?;
        Ok(days)
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
        for day in &days {
            self.folder(*day, &night::reissue(history, *day, None, classifier, self.options)?)?.publish()?;
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
    fn folder(&self, day: Date, digest: &Digest) -> Result<PublishedFolder> {
        let folder = PublishedFolder::create(&self.output.join(day.to_string()))?;
        // People write notes beside a digest.
        folder.keep_others(|name| name.starts_with("digest.") || name == "alerts.json")?;
        // All its tickets have moved to other days: no folder takes the place of the one that is there.
        if digest.accounting.rows == 0 {
            return Ok(folder);
        }
        for (name, format) in [("digest.txt", Format::Text), ("digest.md", Format::Markdown), ("digest.json", Format::Json), ("digest.csv", Format::Csv)] {
            let mut text = report::render(digest, &Listing::default(), format, report::Options { lang: self.lang, all_ids: false });
            if format == Format::Csv {
                // Excel takes it for UTF-8 only so.
                text.insert(0, '\u{feff}');
            }
            folder.write(name, text.as_bytes())?;
        }
        if !digest.alerts.is_empty() {
            // Strings and numbers always serialise.
            let text = serde_json::to_string_pretty(&digest.alerts).unwrap_or_default() + "\n";
            folder.write("alerts.json", text.as_bytes())?;
        }
        Ok(folder)
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
