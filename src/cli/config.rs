//! `ahu.toml`: the same settings as the options, for runs that are repeated.

use super::deliver::Delivery;
use super::summarize::FormatArg;
use ahu::error::Result;
use ahu::taxonomy::Source;
use ahu::taxonomy::file::toml_error;
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};

/// Its usual name.
pub const FILE: &str = "ahu.toml";

/// The file's settings; an absent one is left to its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Taxonomy files, relative to the settings file; "none" leaves out the built-in taxonomy.
    #[serde(default)]
    pub taxonomy: Vec<PathBuf>,
    /// See `--model`; relative to the settings file.
    #[serde(default)]
    pub model: Vec<PathBuf>,
    /// See `--target-precision`.
    pub target_precision: Option<f32>,
    /// See `--min-confidence`.
    pub min_confidence: Option<f32>,
    /// See `--time-zone`.
    pub time_zone: Option<String>,
    /// See `--encoding`.
    pub encoding: Option<String>,
    /// See `--delimiter`.
    pub delimiter: Option<String>,
    /// See `--threads`.
    pub threads: Option<usize>,
    /// See `--max-quarantined`.
    pub max_quarantined: Option<f64>,
    /// See `--lang`.
    pub lang: Option<String>,
    /// See `--sheet`.
    #[serde(default)]
    pub sheets: Vec<String>,
    /// See `--query`.
    pub query: Option<String>,
    /// See `--password-file`; relative to the settings file.
    pub password_file: Option<PathBuf>,
    /// Header names.
    #[serde(default)]
    pub columns: Columns,
    /// The nightly job.
    pub run: Option<Run>,
    /// When the nightly job raises an alarm.
    #[serde(default)]
    pub alerts: Alerts,
    /// Days that are known to be unlike others.
    #[serde(default)]
    pub calendar: Vec<Known>,
    /// Where the nightly job sends its digests.
    #[serde(default)]
    pub delivery: Vec<Delivery>,
}

/// When an alarm is raised.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// How many false alarms a team puts up with in a month.
    #[serde(default = "one")]
    pub false_alarms_per_team_and_month: f64,
}

impl Default for Alerts {
    fn default() -> Self {
        Alerts { false_alarms_per_team_and_month: one() }
    }
}

fn one() -> f64 {
    1.0
}

/// Days of a version, a holiday, a sale.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What it is; days of one name are alike.
    pub name: String,
    /// The day.
    pub day: String,
    /// The last one, where there are several.
    pub until: Option<String>,
}

/// What `ahu run` does every night. Files and folders are relative to the settings file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Files, patterns, folders, databases.
    pub inputs: Vec<String>,
    /// The history.
    pub history: PathBuf,
    /// Folder of the digests: a folder a day.
    pub output: PathBuf,
    /// Whether the tickets' texts are kept, masked; groups, `restate` and quotes need them.
    #[serde(default = "yes")]
    pub keep_text: bool,
    /// How each day's digest is written: text, markdown, json, csv, html, xlsx.
    #[serde(default = "formats")]
    pub formats: Vec<FormatArg>,
    /// A file that was written to within so many seconds is waited for, and left for later if it grows.
    #[serde(default = "settle")]
    pub settle_seconds: u64,
    /// What a monitor reads: Prometheus' text format.
    pub metrics: Option<PathBuf>,
    /// A line of JSON a run.
    pub log: Option<PathBuf>,
    /// How long sending may take in all, at the end of a run.
    #[serde(default = "two_minutes")]
    pub deliver_seconds: u64,
}

fn formats() -> Vec<FormatArg> {
    vec![FormatArg::Text, FormatArg::Markdown, FormatArg::Json, FormatArg::Csv, FormatArg::Html]
}

fn yes() -> bool {
    true
}

fn two_minutes() -> u64 {
    120
}

fn settle() -> u64 {
    2
}

/// Header names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// See `--id-column`.
    pub id: Option<String>,
    /// See `--time-column`.
    pub time: Option<String>,
    /// See `--product-column`.
    pub product: Option<String>,
    /// See `--text-column`; a name or a list of names.
    #[serde(default, deserialize_with = "one_or_many")]
    pub text: Vec<String>,
    /// See `--channel-column`.
    pub channel: Option<String>,
    /// See `--role-column`.
    pub role: Option<String>,
    /// See `--customer-column`.
    pub customer: Option<String>,
    /// See `--agent-column`.
    pub agent: Option<String>,
}

fn one_or_many<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(d)? {
        OneOrMany::One(s) => vec![s],
        OneOrMany::Many(v) => v,
    })
}

/// Reads a settings file.
pub fn read(path: &Path) -> Result<Settings> {
    let text = super::setup::read_text(path)?;
    let name = path.display().to_string();
    let mut settings: Settings = toml::from_str(&text).map_err(|e| toml_error(&e, &Source { name: &name, text: &text }))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for file in settings.taxonomy.iter_mut().filter(|p| p.as_os_str() != "none").chain(&mut settings.model).chain(&mut settings.password_file) {
        *file = folder.join(&*file);
    }
    for file in settings.delivery.iter_mut().flat_map(Delivery::files) {
        *file = folder.join(&*file);
    }
    if let Some(run) = &mut settings.run {
        for file in [&mut run.history, &mut run.output].into_iter().chain(&mut run.metrics).chain(&mut run.log) {
            *file = folder.join(&*file);
        }
        for input in run.inputs.iter_mut().filter(|input| !input.contains("://") && *input != "-") {
            *input = folder.join(&*input).to_string_lossy().into_owned();
        }
    }
    Ok(settings)
}
