//! `ahu train`: a model from tickets whose labels people have told.

use super::output::{self, Published};
use super::setup::{self, InputArgs, Setup, TaxonomyArgs, tell_about};
use ahu::classify;
use ahu::error::{Error, Result};
use ahu::learn::{Trainer, judging};
use ahu::model::{Model, Target};
use ahu::pipeline::labelled::{Teller, labelled};
use ahu::pipeline::review;
use ahu::segment::Segmenter;
use ahu::ticket::Labelled;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Learn from labelled tickets: `ahu train corrected.csv --target cause --label-column 原因 -o cause.ahu`
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    labels: LabelArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// Leave out a tenth of the tickets, told by their ids, for `evaluate --hold-out`
    #[arg(long)]
    hold_out: bool,
    /// Write the model to FILE
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// What to learn, and how: `train`, `evaluate` and `learn` alike.
#[derive(clap::Args)]
pub struct TrainerArgs {
    /// What the labels are: kind, product or cause
    #[arg(long, value_name = "TARGET")]
    pub target: Target,
    /// A label that is none of the others (out of scope): not learnt as one, but abstained from
    #[arg(long, value_name = "LABEL")]
    abstain_label: Option<String>,
    /// Cost of an error [default: chosen by cross-validation]
    #[arg(long, value_name = "C")]
    cost: Option<f32>,
    /// How much more errors on rare labels cost, 0 (no more) to 1 (all labels weigh alike) [default: chosen by cross-validation]
    #[arg(long, value_name = "B")]
    balance: Option<f32>,
}

/// Where labelled tickets are: `train` and `evaluate` alike.
#[derive(clap::Args)]
pub struct LabelArgs {
    #[command(flatten)]
    pub trainer: TrainerArgs,
    /// Column of the labels; several labels of a ticket are joined by `|`
    #[arg(long, value_name = "NAME", required_unless_present = "from_rules")]
    label_column: Option<String>,
    /// Take what the rules are sure of as the labels, where nobody has labelled anything yet
    #[arg(long, conflicts_with = "label_column")]
    pub from_rules: bool,
}

impl TrainerArgs {
    /// The trainer they describe.
    pub fn trainer(&self, setup: &Setup) -> Result<Trainer> {
        if let Some(cost) = self.cost.filter(|c| !(1e-4..=1e4).contains(c)) {
            return Err(Error::setup(format!("`--cost`: expected a number from 0.0001 to 10000, found {cost}")));
        }
        if let Some(balance) = self.balance.filter(|b| !(0.0..=1.0).contains(b)) {
            return Err(Error::setup(format!("`--balance`: expected a number from 0 to 1, found {balance}")));
        }
        let (cost, balance, abstain_label) = (self.cost, self.balance, self.abstain_label.clone());
        Ok(Trainer { cost, balance, abstain_label, taxonomy: setup.classifier.taxonomy().hash(), ..Trainer::new(self.target) })
    }

    /// Reads labelled tickets; a kind is known by its code or in Chinese.
    pub fn rows(&self, setup: &Setup, teller: Teller<'_>) -> Result<Vec<Labelled>> {
        let job = setup.job();
        let (rejects_published, rejects) = setup.open_rejects()?.unzip();
        let (told, outcome, rejects) = setup.with_progress(|| labelled(&job, teller, rejects))?;
        tell_about(&outcome, setup.rejects.as_deref());
        setup::publish_rejects(rejects_published, rejects)?;
        outcome.refused.map_or(Ok(()), Err)?;
        if told.left_out > 0 {
            output::complain(&format!("{} rows without a label or without a text are left out", told.left_out));
        }
        if !told.contradictions.is_empty() {
            let ids = told.contradictions.iter().take(SHOWN_IDS).cloned().collect::<Vec<_>>().join(" ");
            let more = if told.contradictions.len() > SHOWN_IDS { " …" } else { "" };
            let count = told.contradictions.len();
            output::complain(&format!(
                "{count} rows repeat a ticket with another label; the first holds (several labels go into one cell, joined by `|`): {ids}{more}"
            ));
        }
        let mut rows = told.rows;
        if self.target == Target::Kind {
            let place = if let Teller::Column(name) = teller { format!("column `{name}`") } else { "rules".to_owned() };
            if let Some(row) = rows.iter().find(|r| r.labels.len() > 1) {
                let message =
                    format!("ticket `{}` has the kinds `{}`; a ticket has one kind: of a complaint with a question `complaint`", row.id, row.labels.join("|"));
                return Err(Error::input(message).in_file(&place));
            }
            for label in rows.iter_mut().flat_map(|r| &mut r.labels).filter(|l| self.abstain_label.as_ref() != Some(l)) {
                *label = classify::kind_of(label).map_err(|e| e.in_file(&place))?.code().to_owned();
            }
        }
        if matches!(teller, Teller::Column(_)) {
            self.one_spelling(setup, &mut rows)?;
        }
        Ok(rows)
    }

    /// Labels that differ in spaces, case, width or script are one: spelled as in the taxonomy or the models, or else as seen first.
    fn one_spelling(&self, setup: &Setup, rows: &mut [Labelled]) -> Result<()> {
        let mut known = review::labels(&setup.classifier, self.target);
        let mut spelling: HashMap<String, String> = HashMap::new();
        for row in rows.iter_mut() {
            for label in &mut row.labels {
                if self.abstain_label.as_ref() == Some(label) {
                    continue;
                }
                if !spelling.contains_key(label) {
                    let name = known.find(label).unwrap_or(label).to_owned();
                    known.add(name.clone());
                    spelling.insert(label.clone(), name);
                }
                label.clone_from(&spelling[label]);
            }
            row.labels.sort_unstable();
            row.labels.dedup();
        }
        let different = spelling.values().collect::<HashSet<_>>().len();
        if different > 20 && different * 2 > rows.len() {
            let message = format!("{} rows have {different} different labels; is it a column of labels? learning needs several rows of a label", rows.len());
            return Err(Error::input(message));
        }
        Ok(())
    }
}

/// Ids shown of tickets with different labels.
const SHOWN_IDS: usize = 5;

impl LabelArgs {
    /// Reads the labelled tickets.
    pub fn rows(&self, setup: &Setup) -> Result<Vec<Labelled>> {
        let column = Teller::Column(self.label_column.as_deref().unwrap_or_default());
        self.trainer.rows(setup, if self.from_rules { Teller::Rules(self.trainer.target) } else { column })
    }
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    if args.output.as_os_str() == "-" {
        return Err(Error::setup("`-o -`: a model is written to a file; name one"));
    }
    args.taxonomy.rules_alone = args.labels.from_rules;
    let setup = args.input.setup(&args.taxonomy)?;
    // Before the work: a place that cannot be written to is told at once.
    let (published, mut file) = Published::create(&args.output, &setup.kept)?;
    let trainer = args.labels.trainer.trainer(&setup)?;
    let mut rows = args.labels.rows(&setup)?;
    if args.hold_out && rows.iter().any(|r| ahu::review::is_row_number(&r.id)) {
        output::complain(judging::ROWS_HAVE_NO_IDS);
    }
    rows.retain(|r| !args.hold_out || !judging::is_held_out(&r.id));
    let trained = trainer.train(&rows, &Segmenter::new(Vec::new()))?;
    let bytes = trained.model.to_bytes()?;
    file.write_all(&bytes).map_err(|e| Error::io(args.output.display(), "write", &e))?;
    published.publish(&file)?;
    output::complain(&summary(&trained.model, bytes.len()));
    Ok(ExitCode::SUCCESS)
}

/// What was learnt, in a few lines.
pub fn summary(model: &Model, bytes: usize) -> String {
    let s = &model.summary;
    let quality = if model.several { "micro-averaged F1" } else { "accuracy" };
    format!(
        "{} rows, {} labels, {} features, {} KiB; cost {}, balance {}; on {} rows out of fold: {quality} {:.3}, macro-averaged F1 {:.3}, calibration error {:.3}",
        s.rows,
        model.labels.len(),
        model.features.len(),
        bytes.div_ceil(1024),
        s.cost,
        s.balance,
        s.measured_rows,
        s.accuracy,
        s.macro_f1,
        s.ece
    )
}
