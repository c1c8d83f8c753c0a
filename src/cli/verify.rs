//! `countersign verify`.

use std::io::Write;

use super::args::VerifyArgs;
use super::ground::{Ground, Refused};
use super::terminal::Progress;
use super::{Context, project, tell};
use crate::accept::next;
use crate::lock::Lock;
use crate::reason::{Answer, Code, Reason};
use crate::state::LockFile;
use crate::verify::{Verified, verify};

pub(super) fn run(mut arguments: VerifyArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    project::point(&mut arguments.question, context);
    let arguments = &arguments;
    let (question, base) = (&arguments.question, arguments.base.as_deref());
    if let Some(ecosystem) = project::of(question, base, context)? {
        return project::verify(ecosystem, arguments, context, out);
    }
    project::refuse_rows(&arguments.rows)?;
    let ground = match Ground::gather(question, base, context) {
        Ok(ground) => ground,
        Err(Refused(report)) => return Ok(tell(&report, question.format, out)?),
    };
    let progress = Progress::new(context.edge.progress);
    let mut verified = verify(&ground.request(question, None, &progress))?;
    drop(progress);
    project::beside(question, context).into_iter().for_each(|note| verified.report.add(note));
    if arguments.locked {
        let changed = unlocked(ground.lock.as_ref(), &verified, context)?;
        changed.into_iter().for_each(|reason| verified.report.add(reason));
    }
    Ok(tell(&verified.report, question.format, out)?)
}

/// Why the lock does not hold all of this verdict; none if it does.
fn unlocked(file: Option<&LockFile>, verified: &Verified, context: &Context<'_>) -> anyhow::Result<Option<Reason>> {
    would_change(file, |lock| Ok(next(lock, &verified.verdict, None, context.now)?))
}

/// Why a lock does not hold what it would become; none if it does.
pub(super) fn would_change(
    file: Option<&LockFile>,
    next: impl FnOnce(&Lock) -> anyhow::Result<Option<Lock>>,
) -> anyhow::Result<Option<Reason>> {
    let why = match file.filter(|file| file.is_there()) {
        None => "there is no lock, and `--locked` asks for one".to_owned(),
        Some(file) => match next(file.lock())? {
            Some(next) if file.would_change(&next) => {
                let place = crate::shown::Shown::path(file.path()).to_string();
                format!("accepting this would change {place}, and `--locked` forbids that")
            }
            _ => return Ok(None),
        },
    };
    let reason = Reason::new(Code::LockChanged, Answer::CannotTell, why);
    Ok(Some(reason.step("run `countersign accept` and commit the lock")))
}
