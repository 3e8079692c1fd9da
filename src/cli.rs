//! The command line: flags, terminal, files to write, exit codes. One file a subcommand: its arguments and `execute`.

mod advise;
mod backup;
mod check;
mod classify;
mod config;
mod deliver;
mod discover;
mod doctor;
mod evaluate;
mod fix;
mod forget;
mod generate;
mod init;
mod issue;
mod learn;
mod lock;
mod mask;
mod output;
mod report;
mod restate;
mod review;
mod run;
mod setup;
mod suggest;
mod summarize;
mod train;
mod why;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// 阿虎: sorts customer-service tickets by product, complaint or inquiry, and cause, and writes the day's digest.
///
/// 阿虎把客服工单按产品、投诉/咨询、原因归类，汇总成日报。先试试：ahu summarize 导出的文件.csv
#[derive(Parser)]
#[command(name = "ahu", version, subcommand_required = true, arg_required_else_help = true, max_term_width = 110)]
pub struct Cli {
    /// Tell how long each stage took, on stderr
    #[arg(short, long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Summarize(summarize::Args),
    Classify(classify::Args),
    Why(why::Args),
    Check(check::Args),
    Discover(discover::Args),
    SuggestScripts(suggest::Args),
    Train(train::Args),
    Evaluate(evaluate::Args),
    Review(review::Args),
    Learn(learn::Args),
    Mask(mask::Args),
    Run(run::Args),
    Deliver(deliver::Args),
    Report(report::Args),
    Advise(advise::Args),
    Fix(fix::Args),
    Restate(restate::Args),
    Forget(forget::Args),
    Backup(backup::Args),
    Doctor(doctor::Args),
    Init(init::Args),
    Completions(generate::CompletionsArgs),
    Man(generate::ManArgs),
}

/// Parses, runs, reports; the exit code follows the contract in the README.
pub fn main() -> ExitCode {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // A damaged file's reader that gives up is reported as an error of that file.
        if std::thread::current().name() != Some(ahu::ingest::formats::table::THREAD) {
            usual(info);
        }
    }));
    let cli = Cli::parse();
    if cli.verbose {
        output::tell_details();
    }
    let began = std::time::Instant::now();
    let done = match cli.command {
        Command::Summarize(args) => summarize::execute(args),
        Command::Classify(args) => classify::execute(args),
        Command::Why(args) => why::execute(args),
        Command::Check(args) => check::execute(args),
        Command::Discover(args) => discover::execute(args),
        Command::SuggestScripts(args) => suggest::execute(args),
        Command::Train(args) => train::execute(args),
        Command::Evaluate(args) => evaluate::execute(args),
        Command::Review(args) => review::execute(args),
        Command::Learn(args) => learn::execute(args),
        Command::Mask(args) => mask::execute(args),
        Command::Run(args) => run::execute(args),
        Command::Deliver(args) => deliver::execute(args),
        Command::Report(args) => report::execute(args),
        Command::Advise(args) => advise::execute(args),
        Command::Fix(args) => fix::execute(args),
        Command::Restate(args) => restate::execute(args),
        Command::Forget(args) => forget::execute(args),
        Command::Backup(args) => backup::execute(args),
        Command::Doctor(args) => doctor::execute(args),
        Command::Init(args) => init::execute(args),
        Command::Completions(args) => generate::completions(&args),
        Command::Man(args) => generate::man(&args),
    };
    output::detail(&format!("all: {:.2} s", began.elapsed().as_secs_f64()));
    match done {
        Ok(code) => code,
        Err(e) => {
            output::complain(&format!("error: {e}"));
            ExitCode::from(e.exit_code())
        }
    }
}
