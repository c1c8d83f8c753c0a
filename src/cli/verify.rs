//! `countersign verify DIR --signer FPR`.

use std::io::Write;

use super::args::VerifyArgs;
use super::terminal::Progress;
use super::{Context, tell};
use crate::verify::{Request, verify};

pub(super) fn run(arguments: &VerifyArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    if arguments.signer.is_empty() {
        anyhow::bail!("say whose word counts: --signer FINGERPRINT (policies without it are not built yet)");
    }
    let progress = Progress::new(context.edge.progress);
    let report = verify(&Request {
        dir: &arguments.dir,
        package: arguments.package.as_ref(),
        keyrings: &arguments.keyring,
        signers: &arguments.signer,
        needed: arguments.signatures,
        stores: &arguments.store,
        times: context.times(arguments.at),
        limits: &context.limits,
        watcher: &progress,
    })?;
    drop(progress);
    Ok(tell(&report, arguments.format, out)?)
}
