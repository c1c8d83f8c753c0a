//! An audit for people: first what it comes to, then what falls, what the certificate touched, and what to do next.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use super::touched::{Certified, Remembered, Signed};
use super::{Audit, Rest, Row, Subject, Told};
use crate::policy::Naming;
use crate::reason::{Answer, Reason};
use crate::shown::Shown;
use crate::verdict::without::Effect;
use crate::verdict::{Basis, Outcome};

/// Writes an audit as text.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing else to say of it")]
pub struct Text<'a>(pub &'a Audit);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Audit { certificate, answer, subjects, at, .. } = self.0;
        let word = match answer {
            Rest::Falls => "SOMETHING FALLS",
            Rest::Stands => "NOTHING FALLS",
            Rest::Unknown => "CANNOT TELL",
        };
        writeln!(f, "{word} without {certificate}")?;
        let names = subjects.iter().flat_map(|subject| &subject.touched.names);
        let names: BTreeSet<_> = names.collect();
        names.into_iter().try_for_each(|name| writeln!(f, "  it calls itself {name}"))?;
        writeln!(f, "  at {at}")?;
        subjects.iter().try_for_each(|subject| tell(f, subject))
    }
}

fn tell(f: &mut fmt::Formatter<'_>, subject: &Subject) -> fmt::Result {
    let name = match &subject.project {
        Some(project) => format!("{} ({})", project.lockfile, project.ecosystem),
        None => subject.path.clone(),
    };
    writeln!(f, "\n{name}, policy {}: {}", subject.policy.source, counts(subject))?;
    reasons(f, "", &subject.reasons)?;
    subject.packages.iter().try_for_each(|row| tell_row(f, row))?;
    let touched = &subject.touched;
    list(f, "Memory names it", &touched.memory, memory)?;
    list(f, "Statements that say they are signed by it", &touched.statements, statement)?;
    list(f, "It certified", &touched.certifications, certification)?;
    list(f, "Known through it alone", &touched.introduced, |one| {
        format!("{}  {}", one.certificate, one.user_ids.join(", "))
    })?;
    list(f, "The policy names it", &touched.policy, naming)?;
    next(f, subject)
}

fn counts(subject: &Subject) -> String {
    let count = |effect| subject.packages.iter().filter(|row| row.effect == effect).count();
    let mut told = format!("{} judged, {} fall", subject.judged, count(Effect::Falls));
    for (effect, what) in [
        (Effect::Weakens, "rest on less"),
        (Effect::Rises, "rise"),
        (Effect::Changes, "are refused otherwise"),
        (Effect::Holds, "hold without it"),
    ] {
        if count(effect) > 0 {
            told += &format!(", {} {what}", count(effect));
        }
    }
    if subject.undetermined > 0 {
        told += &format!("; {} could not be told", subject.undetermined);
    }
    told
}

fn tell_row(f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
    let package = row.package.as_deref().unwrap_or("a package without a name");
    let counted = match row.counted_as.as_slice() {
        [] => String::new(),
        roles => format!(" (counted as {})", roles.join(", ")),
    };
    writeln!(f, "\n{package}: {} -> {}{counted}", told(&row.before), told(&row.after))?;
    reasons(f, "  ", &row.reasons)?;
    if row.reasons_total > row.reasons.len() {
        writeln!(f, "  {} of {} reasons are listed.", row.reasons.len(), row.reasons_total)?;
    }
    Ok(())
}

/// A verdict in a word or two; what nobody vouched for is never called accepted.
fn told(verdict: &Told) -> &'static str {
    match (verdict.verdict, verdict.basis) {
        (Outcome::Rejected, _) => "refused",
        (Outcome::Undetermined, _) => "cannot tell",
        (_, Some(Basis::Unsigned)) => "not vouched for",
        (_, Some(Basis::Local)) => "your own",
        (_, Some(Basis::FirstUse)) => "accepted on first use",
        _ => "accepted",
    }
}

fn memory(one: &Remembered) -> String {
    let alone = if one.alone { "alone" } else { "with others" };
    match (one.code, one.basis) {
        (Some(code), _) => format!("{}  override of [{code}] for it, {}", one.package, one.accepted),
        (None, Some(basis)) => format!("{}  {}, {basis}, {alone}, {}", one.package, one.entry, one.accepted),
        (None, None) => format!("{}  {}", one.package, one.entry),
    }
}

fn statement(one: &Signed) -> String {
    let kind = one.kind.unwrap_or("unknown");
    let good = if one.good { "" } else { "  (no good signature of it counts now)" };
    format!("{kind:<10} {}  {}{good}\n             in {}", one.package, one.statement, one.places.join(", "))
}

fn certification(one: &Certified) -> String {
    let mut words = match (one.amount, one.depth) {
        (Some(amount), Some(depth)) => vec![format!("amount {amount}"), format!("depth {depth}")],
        _ => Vec::new(),
    };
    words.extend(one.roles.iter().map(|role| format!("role {role}")));
    words.extend(one.scopes.iter().map(|scope| format!("scope {scope}")));
    words.push(match &one.unusable {
        Some(why) => format!("does not count: {why}"),
        None if one.leads => "trust goes along it".to_owned(),
        None => "no trust goes along it".to_owned(),
    });
    format!("{}  {}\n             {}", one.certificate, one.user_id, words.join(", "))
}

fn naming(one: &Naming) -> String {
    let shown = |text: &str| Shown::new(text).to_string();
    match one {
        Naming::Root(name) => format!("root {}", name.as_deref().map(shown).unwrap_or_default()),
        Naming::Person(name) => format!("person {}", shown(name)),
        Naming::Group(name) => format!("group {}", shown(name)),
        Naming::Rule(number, what) => format!("rule {number}, {what}"),
        Naming::User => "self".to_owned(),
        Naming::Distrust(None) => "distrusted".to_owned(),
        Naming::Distrust(Some(why)) => format!("distrusted: {}", shown(why)),
    }
    .trim_end()
    .to_owned()
}

fn next(f: &mut fmt::Formatter<'_>, subject: &Subject) -> fmt::Result {
    let is_distrusted = |one: &Naming| matches!(one, Naming::Distrust(_));
    let Some(lines) = &subject.next.lines else {
        let told = subject.touched.policy.iter().any(is_distrusted);
        return if told { writeln!(f, "\nYour policy distrusts it already.") } else { Ok(()) };
    };
    match &subject.next.file {
        Some(file) => write!(f, "\nTo distrust it, add this to {file}:\n\n{lines}")?,
        None => write!(f, "\nTo distrust it, add this to a policy (`countersign policy init` writes one):\n\n{lines}")?,
    }
    if !subject.next.faults.is_empty() {
        writeln!(f, "\nWith these lines alone the policy would be refused; mend this with them:")?;
    }
    reasons(f, "", &subject.next.faults)
}

fn list<T>(f: &mut fmt::Formatter<'_>, title: &str, all: &[T], line: impl Fn(&T) -> String) -> fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}:")?;
    all.iter().try_for_each(|one| writeln!(f, "  {}", line(one)))
}

fn reasons(f: &mut fmt::Formatter<'_>, indent: &str, reasons: &[Reason]) -> fmt::Result {
    for reason in reasons {
        let answer = match reason.answer {
            Answer::Reject => "refused",
            Answer::CannotTell => "cannot tell",
            Answer::SetAside => "set aside",
            Answer::Note => "note",
        };
        let place = reason.path.as_deref().map(|path| format!(" {path}")).unwrap_or_default();
        writeln!(f, "{indent}{answer} [{}]{place}: {}", reason.code, reason.message)?;
        reason.step.iter().try_for_each(|step| writeln!(f, "{indent}  -> {step}"))?;
    }
    Ok(())
}
