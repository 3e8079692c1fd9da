//! `ahu completions` and `ahu man`: made from the same definitions as the command line itself.

use super::{Cli, output};
use ahu::error::{Error, Result};
use clap::CommandFactory;
use std::process::ExitCode;

/// Write the completion script of a shell: `ahu completions bash > /etc/bash_completion.d/ahu`
#[derive(clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

/// Write the manual page: `ahu man > ahu.1`
#[derive(clap::Args)]
pub struct ManArgs {}

pub fn completions(args: &CompletionsArgs) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ahu", &mut script);
    output::publish(&script, None, &[])?;
    Ok(ExitCode::SUCCESS)
}

pub fn man(_: &ManArgs) -> Result<ExitCode> {
    let mut page = Vec::new();
    let failed = |e: std::io::Error| Error::io("stdout", "write", &e);
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(failed)?;
    for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
        // One page for everything: each subcommand's options follow under its name.
        let man = clap_mangen::Man::new(sub.clone());
        page.extend_from_slice(format!(".SH \"AHU {}\"\n", sub.get_name().to_uppercase()).as_bytes());
        man.render_description_section(&mut page).map_err(failed)?;
        man.render_options_section(&mut page).map_err(failed)?;
    }
    output::publish(&page, None, &[])?;
    Ok(ExitCode::SUCCESS)
}
