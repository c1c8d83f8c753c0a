//! Manual pages: made from the same definitions as the help texts, in the form of man(7).

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::args::{Arguments, CargoArguments};
use crate::shown::Shown;
use crate::state::write;

/// Writes the page of every command of both programs into a directory, which is made where it is not there. Pages of an earlier
/// version are replaced.
pub(super) fn run(folder: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let refused = |path: &Path| format!("{} was not written", Shown::path(path));
    fs::create_dir_all(folder).with_context(|| refused(folder))?;
    let pages = pages();
    for Page { name, text } in &pages {
        let path = folder.join(name);
        write::replace(&path, text, false, &write::unwatched).with_context(|| refused(&path))?;
    }
    writeln!(out, "wrote {} manual pages into {}", pages.len(), Shown::path(folder))?;
    Ok(0)
}

/// One manual page.
struct Page {
    name: PathBuf,
    text: Vec<u8>,
}

fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for program in [Arguments::command(), CargoArguments::command()] {
        let mut program = program.disable_help_subcommand(true);
        program.build();
        let top = program.clone();
        add(&program, &top, &mut pages);
    }
    pages
}

/// The page of a command, and those of all below it.
fn add(command: &Command, program: &Command, pages: &mut Vec<Page>) {
    let man = Man::new(command.clone());
    let name = PathBuf::from(man.get_filename());
    let mut text = Vec::new();
    // A vector takes all that it is given.
    if page(&man, command, program, &mut text).is_ok() {
        pages.push(Page { name, text });
    }
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        add(below, program, pages);
    }
}

fn page(man: &Man, command: &Command, program: &Command, to: &mut Vec<u8>) -> io::Result<()> {
    let notes = Notes::of(command, program);
    // Without a date, since nothing but a build's clock knows one; the library would leave the empty field away.
    let title = name_of(command).to_uppercase();
    writeln!(to, ".TH \"{title}\" 1 \"\" \"countersign {}\" Countersign", env!("CARGO_PKG_VERSION"))?;
    man.render_name_section(to)?;
    man.render_synopsis_section(to)?;
    man.render_description_section(to)?;
    if is_first(command) {
        paragraphs(DESCRIPTION).to_writer(to)?;
    }
    paragraphs(&notes.more).to_writer(to)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(to)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(to)?;
    }
    if is_first(command) {
        table("FILES", FILES).to_writer(to)?;
        table("ENVIRONMENT", ENVIRONMENT).to_writer(to)?;
    }
    section("EXIT STATUS", &notes.exit).to_writer(to)?;
    examples(&notes.examples).to_writer(to)?;
    see_also(command, program).to_writer(to)
}

/// What a help text says after the options, sorted by what it is.
#[derive(Default)]
struct Notes {
    more: Vec<String>,
    exit: String,
    examples: Vec<String>,
}

impl Notes {
    fn of(command: &Command, program: &Command) -> Self {
        let mut notes = Self::default();
        for block in after(command).split("\n\n").filter(|block| !block.is_empty()) {
            if let Some(codes) = block.strip_prefix(EXIT) {
                codes.trim().clone_into(&mut notes.exit);
            } else if let Some(lines) = block.strip_prefix("Examples:\n").or_else(|| block.strip_prefix("Example:\n")) {
                notes.examples.extend(lines.lines().map(|line| line.trim().to_owned()));
            } else {
                notes.more.push(block.to_owned());
            }
        }
        if notes.exit.is_empty() {
            let of_program = after(program);
            of_program.strip_prefix(EXIT).unwrap_or_default().trim().clone_into(&mut notes.exit);
        }
        notes
    }
}

/// How a paragraph begins that tells exit codes.
const EXIT: &str = "Exit codes:";

fn after(command: &Command) -> String {
    command.get_after_help().map(ToString::to_string).unwrap_or_default()
}

/// The page that is looked up first.
fn is_first(command: &Command) -> bool {
    command.get_name() == "countersign"
}

fn name_of(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn paragraphs(texts: &[impl AsRef<str>]) -> Roff {
    let mut roff = Roff::new();
    for text in texts {
        roff.control("PP", []).text([roman(text.as_ref())]);
    }
    roff
}

fn section(heading: &str, text: &str) -> Roff {
    let mut roff = Roff::new();
    if !text.is_empty() {
        roff.control("SH", [heading]).text([roman(text)]);
    }
    roff
}

/// Lines that are typed, as they are.
fn examples(lines: &[String]) -> Roff {
    let mut roff = Roff::new();
    if !lines.is_empty() {
        roff.control("SH", ["EXAMPLES"]).control("nf", []);
        for line in lines {
            roff.text([roman(line.as_str())]);
        }
        roff.control("fi", []);
    }
    roff
}

fn table(heading: &str, rows: &[(&str, &str)]) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (name, meaning) in rows {
        roff.control("TP", []).text([italic(*name)]).text([roman(*meaning)]);
    }
    roff
}

/// The page above, and those beside it.
fn see_also(command: &Command, program: &Command) -> Roff {
    let own = name_of(command);
    let above = own.rsplit_once('-').map(|(above, _)| above).filter(|above| !above.is_empty() && *above != "cargo");
    let other = if program.get_name() == "countersign" { "cargo-countersign" } else { "countersign" };
    let mut names: Vec<&str> = above.into_iter().collect();
    names.extend([program.get_name(), other, "gpg"]);
    names.retain(|name| *name != own);
    names.dedup();
    let mut line: Vec<Inline> = Vec::new();
    for name in names {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(name), roman("(1)")]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]).text(line);
    roff
}

/// What the program is about, behind its one sentence.
const DESCRIPTION: &[&str] = &[
    "A package's authors sign a manifest, which names the package, its version and the digest of every file. Reviewers sign what \
     they read: a whole version, or the change from one to another. Whose word counts is said by a policy, a file in TOML: by \
     fingerprint, or through people whom its roots certify. What was accepted before is remembered, so that another author, an \
     older version or a missing signature is noticed.",
    "Nothing must be set up to begin: in a project, `countersign verify` holds every package that the lockfile names against it, \
     byte by byte. Verifying starts no program, runs no code of a package, and uses no network.",
    "Every reason has a code, such as content-differs, which stays what it is; scripts read the exit code, or the report as JSON.",
];

/// What is read and written, and where.
const FILES: &[(&str, &str)] = &[
    (
        "countersign.toml",
        "A project's policy: found upwards from where the command runs, never inside of the package under test.",
    ),
    ("countersign.lock", "What was accepted, and whom it came from; beside the policy."),
    ("countersign-author.toml", "Where the evidence of a project's releases goes, and who signs them."),
    (".countersign/", "A package's own evidence: its manifest, signatures, tree text and certificates."),
    (
        "~/.config/countersign/policy.toml",
        "The user's own policy, where no project has one. Its distrust and minimum hold under every policy.",
    ),
    ("~/.local/share/countersign/keyring", "The user's own keyring: certificates that `keyring import` brought in."),
    ("~/.local/share/countersign/countersign.lock", "What was accepted where no project's policy decided."),
    ("~/.local/state/countersign/state.toml", "Which statements were seen when, so that none can be dated back."),
    ("~/.cache/countersign/", "What was found out about keyrings. It may be removed at any time."),
];

/// What is asked of the environment.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("PATH", "Where gpg, git and cargo are found, by the commands that need them."),
    ("GNUPGHOME", "Where gpg keeps its keys; gpg itself reads it."),
    ("PAGER", "What shows long answers on a terminal; empty or `cat` for nothing."),
    ("NO_COLOR", "Where it is not empty, there are no colours."),
    ("PGP_CERT_D", "The directory of certificates that OpenPGP programs share, for `keyring import --cert-d`."),
    (
        "XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_CACHE_HOME",
        "On Linux, where the user's own files above lie.",
    ),
    (
        "CARGO_HOME, JULIA_DEPOT_PATH and others",
        "Where a package manager's variables say that packages lie elsewhere, they are looked for there; what cannot be followed \
         is told.",
    ),
];
