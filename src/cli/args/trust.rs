//! What can be typed after `countersign trust`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Format, fingerprint, package};
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Grant, Role};
use crate::package::Purl;
use crate::pattern::Pattern;
use crate::reason::Code;
use crate::time::Timestamp;
use crate::trust::Root;

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// List every user ID of every certificate, with the amount of trust that reaches it.
    #[command(after_help = "\
Examples:
  countersign trust list --keyring keys --root 0123456789ABCDEF0123456789ABCDEF01234567
  countersign trust list --keyring keys --root FPR1,amount=40 --root FPR2,amount=40 --root FPR3,amount=40 --format json
  countersign trust list --keyring keys --root FPR,depth=2,scope=pkg:julia/* --package pkg:julia/JSON --role author")]
    List {
        #[command(flatten)]
        view: ViewArgs,
        /// Leave out what nothing reaches.
        #[arg(long)]
        reached: bool,
        /// How the list is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show the paths to a certificate, with the facts of each certification. Exit code 1 where it is not reached.
    #[command(after_help = "\
Example:
  countersign trust path 0123456789ABCDEF0123456789ABCDEF01234567 --keyring keys --root FPR")]
    Path {
        #[command(flatten)]
        target: TargetArgs,
        #[command(flatten)]
        view: ViewArgs,
        /// How the paths are printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Say why a certificate is reached or not: what stopped each near miss, and the smallest step that would help.
    #[command(after_help = "\
Example:
  countersign trust why 0123456789ABCDEF0123456789ABCDEF01234567 --keyring keys --root FPR --user-id 'alice <alice@example.org>'")]
    Why {
        #[command(flatten)]
        target: TargetArgs,
        #[command(flatten)]
        view: ViewArgs,
        /// How the explanation is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Draw the paths to a certificate.
    #[command(after_help = "\
Examples:
  countersign trust graph 0123456789ABCDEF0123456789ABCDEF01234567 --keyring keys --root FPR --format svg >paths.svg
  countersign trust graph 0123456789ABCDEF0123456789ABCDEF01234567 --keyring keys --root FPR | dot -Tpng >paths.png")]
    Graph {
        #[command(flatten)]
        target: TargetArgs,
        #[command(flatten)]
        view: ViewArgs,
        /// What is written.
        #[arg(long, value_enum, default_value_t)]
        format: Picture,
    },
}

/// What `trust graph` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Picture {
    /// For Graphviz.
    #[default]
    Dot,
    /// A picture, drawn without any other program.
    Svg,
}

/// The certificate that is asked about.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// The fingerprint of the certificate's primary key.
    #[arg(value_name = "FPR", value_parser = fingerprint)]
    pub(crate) certificate: Fingerprint,
    /// Only this user ID, in full. Otherwise each of them is asked about.
    #[arg(long, value_name = "USER-ID")]
    pub(crate) user_id: Option<String>,
}

/// From where the network is seen, and what is asked.
#[derive(Debug, Args)]
pub(crate) struct ViewArgs {
    /// Certificates: a file, armoured or binary, or a directory of such files. May be repeated.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) keyring: Vec<PathBuf>,
    /// Where trust starts: FPR[,amount=A][,depth=D][,role=ROLE…][,scope=PATTERN…]. Where nothing else is said, with amount
    /// 120, without a limit of depth, and for all packages. May be repeated.
    #[arg(long, value_name = "ROOT", required = true, value_parser = root)]
    pub(crate) root: Vec<Root>,
    /// A certificate whose certifications are void and that nobody reaches. May be repeated.
    #[arg(long, value_name = "FPR", value_parser = fingerprint)]
    pub(crate) distrust: Vec<Fingerprint>,
    /// Your own certificate: its newest certification of a user ID caps what others can give.
    #[arg(long = "self", value_name = "FPR", value_parser = fingerprint)]
    pub(crate) own: Option<Fingerprint>,
    /// Only trust that scopes let through for this package, with or without a version.
    #[arg(long, value_name = "PURL", value_parser = package)]
    pub(crate) package: Option<Purl>,
    /// Only trust whose last certification grants this role for the package.
    #[arg(long, value_name = "ROLE", value_parser = role, requires = "package")]
    pub(crate) role: Option<Role>,
    /// The amount that is wanted, 1 to 120.
    #[arg(long, value_name = "A", default_value = "120", value_parser = wanted)]
    pub(crate) amount: Amount,
    /// The most certifications on a path, or `none`.
    #[arg(long, value_name = "D", default_value = "3", value_parser = max_depth)]
    pub(crate) max_depth: MaxDepth,
    /// Let every certification delegate without limit. For exploring only: no verdict does so.
    #[arg(long)]
    pub(crate) certification_network: bool,
    /// Check everything anew. Otherwise what an earlier run found out about these very keyrings is not found out again; who
    /// is trusted is judged anew each time.
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// The moment that is asked about: 2026-12-01, or 2026-12-01T09:00:00Z. Algorithms are judged by today's rules all the
    /// same.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
}

/// The most certifications on a path; none for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaxDepth(pub(crate) Option<usize>);

/// `FPR[,amount=A][,depth=D][,role=ROLE…][,scope=PATTERN…]`
fn root(text: &str) -> Result<Root, String> {
    let mut parts = text.split(',');
    let mut root = Root::full(fingerprint(parts.next().unwrap_or_default())?);
    let (mut amounts, mut depths) = (0, 0);
    let mut grant = Grant::default();
    for part in parts {
        let told = |why: String| format!("`{part}`: {why}");
        match part.split_once('=') {
            Some(("amount", value)) => {
                amounts += 1;
                root.amount = wanted(value).map_err(told)?;
            }
            Some(("depth", value)) => {
                depths += 1;
                root.depth = value.parse::<Depth>().map_err(|why| told(why.to_string()))?;
            }
            Some(("role", value)) => {
                grant.roles.insert(role(value).map_err(told)?);
            }
            Some(("scope", value)) => {
                grant.scopes.insert(value.parse::<Pattern>().map_err(|why| told(why.to_string()))?);
            }
            _ => return Err(told("a root is FPR[,amount=A][,depth=D][,role=ROLE…][,scope=PATTERN…]".into())),
        }
    }
    if amounts > 1 || depths > 1 {
        return Err("a root has one amount and one depth".into());
    }
    root.grant = grant;
    Ok(root)
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|why: crate::grant::GrantError| why.to_string())
}

/// An amount that means something: anybody would reach 0.
fn wanted(text: &str) -> Result<Amount, String> {
    match text.parse() {
        Ok(Amount::NONE) => Err(format!(
            "an amount of 0 is reached without anybody's word; ask for 1 or more [{}]",
            Code::PolicyThresholdZero
        )),
        Ok(amount) => Ok(amount),
        Err(why) => Err(crate::grant::GrantError::to_string(&why)),
    }
}

fn max_depth(text: &str) -> Result<MaxDepth, String> {
    if text == "none" {
        return Ok(MaxDepth(None));
    }
    let number = text.parse().ok().filter(|number| (1..=255).contains(number));
    number.map(|number| MaxDepth(Some(number))).ok_or_else(|| "a number from 1 to 255, or `none`".into())
}
