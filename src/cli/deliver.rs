//! Deliveries: their settings, what waits to be sent, and `ahu deliver`, which sends it without reading anything.

mod post;
mod settings;

pub use post::{Delivered, Post};
pub use settings::Delivery;

use super::lock::Lock;
use super::output;
use super::run::job_of;
use super::setup::TaxonomyArgs;
use super::summarize::LangArg;
use ahu::error::Result;
use ahu::history::History;
use std::process::ExitCode;

/// Send what waits to be delivered, without reading anything new; `ahu run` does so too, at its end
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// Give up what waits for this delivery, instead of sending
    #[arg(long, value_name = "NAME")]
    drop: Option<String>,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let settings = args.taxonomy.settings_here()?;
    let run = job_of(&settings, args.taxonomy.config.as_deref())?;
    let lang = LangArg::choose(None, &args.taxonomy)?;
    let post = Post::of(&settings, lang)?;
    History::read(&run.history)?;
    let _lock = Lock::take(&run.history, "deliver")?;
    if let Some(name) = &args.drop {
        let dropped = History::open(&run.history)?.drop_waiting(name, &jiff::Timestamp::now().to_string())?;
        output::complain(&format!("{dropped} messages for `{name}` are given up"));
        return Ok(ExitCode::SUCCESS);
    }
    let delivered = post.send(&run.history)?;
    delivered.tell();
    output::publish(&format!("{}\n", delivered.line(lang)), None, &[])?;
    Ok(ExitCode::from(delivered.exit_code()))
}
