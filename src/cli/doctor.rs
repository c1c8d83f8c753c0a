//! `countersign doctor`: what is wrong with the set-up, and what to do about it.
//!
//! It looks at everything that other commands rest on, changes nothing, and goes on behind what it finds.

use std::io::Write;

use serde::Serialize;

use super::args::{DoctorArgs, Format};
use super::{Context, tell_json};
use crate::keyring::local;
use crate::openpgp::{self, Certificate};
use crate::programs::health::CardSight;
use crate::programs::{ProgramError, Programs, SecretKey};
use crate::reason::{Answer, Reason};
use crate::settings::Settings;
use crate::shown::Shown;
use crate::state::{LockFile, Seen, UserState};
use crate::store::Store;

/// Gives 1 where something must be mended before verdicts can be had, or signatures made.
pub(super) fn run(arguments: &DoctorArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let mut findings = Findings::default();
    findings.good("program", format!("version {}, crypto backend {}", env!("CARGO_PKG_VERSION"), openpgp::backend()));
    let seen = state(context, &mut findings);
    clock(seen.as_ref(), context, &mut findings);
    if let Some(found) = settings(arguments, context, &mut findings) {
        keyring(&found, context, &mut findings);
        own_keyring(context, &mut findings);
        memory(&found, context, &mut findings);
        stores(&found, context, &mut findings);
    }
    programs(context, &mut findings);
    match arguments.format {
        Format::Json => tell_json(&findings.json(context), out)?,
        Format::Text => findings.text(out)?,
    }
    Ok(u8::from(findings.0.iter().any(|one| one.state == State::Broken)))
}

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// As it should be.
    Good,
    /// It works, but something should be known or done.
    Note,
    /// Something that was asked for cannot work so.
    Broken,
}

#[derive(Debug, Serialize)]
struct Finding {
    /// What was looked at.
    check: &'static str,
    state: State,
    /// The reason code, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    message: String,
    /// What to do.
    step: Option<String>,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &'static str, state: State, message: impl Into<String>, step: Option<&str>) {
        let step = step.map(str::to_owned);
        self.0.push(Finding { check, state, code: None, message: message.into(), step });
    }

    fn good(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, State::Good, message, None);
    }

    fn reason(&mut self, check: &'static str, reason: &Reason) {
        let state = match reason.answer {
            Answer::Reject | Answer::CannotTell => State::Broken,
            Answer::SetAside | Answer::Note => State::Note,
        };
        let place = reason.path.as_deref().map(|path| format!("{path}: ")).unwrap_or_default();
        let message = format!("{place}{}", reason.message);
        self.0.push(Finding { check, state, code: Some(reason.code.as_str()), message, step: reason.step.clone() });
    }

    fn program(&mut self, check: &'static str, state: State, error: &ProgramError) {
        self.add(check, state, error.to_string(), error.hint());
    }

    fn json(&self, context: &Context<'_>) -> serde_json::Value {
        serde_json::json!({ "countersign": "doctor/1", "at": context.now.to_string(), "findings": self.0 })
    }

    fn text(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for one in &self.0 {
            let mark = match one.state {
                State::Good => "ok",
                State::Note => "note",
                State::Broken => "BROKEN",
            };
            let code = one.code.map(|code| format!(" [{code}]")).unwrap_or_default();
            writeln!(out, "{mark:<7} {:<9} {}{code}", one.check, one.message)?;
            if let Some(step) = &one.step {
                writeln!(out, "                  -> {step}")?;
            }
        }
        let count = |state| self.0.iter().filter(|one| one.state == state).count();
        match (count(State::Broken), count(State::Note)) {
            (0, 0) => writeln!(out, "Nothing is wrong."),
            (0, notes) => writeln!(out, "Nothing is broken; {notes} to know of."),
            (broken, _) => writeln!(out, "{broken} to mend."),
        }
    }
}

fn state(context: &Context<'_>, findings: &mut Findings) -> Option<Seen> {
    let Some(folder) = &context.edge.state else {
        let message =
            "this system does not say where your state lies: nothing is remembered of when signatures were seen";
        findings.add("state", State::Note, message, Some("set HOME"));
        return None;
    };
    match UserState::new(folder, &context.limits).read() {
        Ok(seen) => {
            findings.good("state", format!("readable, in {}", Shown::path(folder)));
            Some(seen)
        }
        Err(error) => {
            findings.reason("state", &error.reason());
            None
        }
    }
}

/// A clock that was turned back could revive what has expired.
fn clock(seen: Option<&Seen>, context: &Context<'_>, findings: &mut Findings) {
    match seen.and_then(|seen| seen.turned_back(context.now)) {
        Some(floor) => {
            let message = format!("it says {}, but it has been {floor} here already", context.now);
            findings.add("clock", State::Broken, message, Some("set the clock right"));
        }
        None => findings.good("clock", context.now.to_string()),
    }
}

fn settings(arguments: &DoctorArgs, context: &Context<'_>, findings: &mut Findings) -> Option<Settings> {
    let found = context.settings(arguments.policy.as_deref(), &arguments.keyring, context.now);
    match found {
        Ok(found) => {
            if found.file.is_some() {
                findings.good("policy", found.source());
            }
            found.notes.iter().for_each(|note| findings.reason("policy", note));
            Some(found)
        }
        Err(reasons) => {
            reasons.iter().for_each(|reason| findings.reason("policy", reason));
            None
        }
    }
}

/// The certificates that verdicts see, and those of them that count for nothing.
fn keyring(found: &Settings, context: &Context<'_>, findings: &mut Findings) {
    let times = context.times(None);
    let all: Vec<&Certificate> = found.keyring.certificates().collect();
    let dead = all.iter().filter_map(|one| {
        let standing = one.standing(&times);
        Some((standing.code()?, format!("{}: {standing}", one.fingerprint())))
    });
    let dead: Vec<_> = dead.collect();
    let message = match all.len() {
        0 => "no certificates: signatures can be checked only by what comes with a package".to_owned(),
        count => format!("{count} certificates, of which {} can be used", count - dead.len()),
    };
    let step = all.is_empty().then_some("bring some in: `countersign keyring import FILE`");
    findings.add("keyring", if all.is_empty() { State::Note } else { State::Good }, message, step);
    for (code, message) in dead.iter().take(LISTED) {
        let step = Some(
            "ask its owner for a current copy, or for what takes its place, then `countersign keyring import FILE`"
                .to_owned(),
        );
        let (state, message) = (State::Note, message.clone());
        findings.0.push(Finding { check: "keyring", state, code: Some(code.as_str()), message, step });
    }
    if dead.len() > LISTED {
        let message = format!("{} more that cannot be used", dead.len() - LISTED);
        findings.add("keyring", State::Note, message, Some("`countersign keyring list` shows them all"));
    }
    found.keyring.set_aside().iter().take(LISTED).for_each(|reason| findings.reason("keyring", reason));
    let of_roots = found.policy.roots().iter().filter(|root| found.keyring.by_fingerprint(&root.fingerprint).is_none());
    for root in of_roots {
        let message = format!("the root {} is not in any keyring, so nothing rests on it", root.fingerprint);
        findings.add("keyring", State::Note, message, Some("import its certificate"));
    }
}

/// Whether the user's own keyring is fresh.
fn own_keyring(context: &Context<'_>, findings: &mut Findings) {
    let Ok(own) = context.own_keyring() else { return };
    match local::old(&own, context.now) {
        Ok(None) => {}
        Ok(Some(reason)) => findings.reason("keyring", &reason),
        Err(error) => findings.reason("keyring", &error.reason()),
    }
}

fn memory(found: &Settings, context: &Context<'_>, findings: &mut Findings) {
    let Some(path) = &found.lock else { return };
    match LockFile::read(path, &context.limits) {
        Ok(lock) if lock.is_there() => {
            findings
                .good("lock", format!("{} packages remembered in {}", lock.lock().pins().count(), Shown::path(path)));
        }
        Ok(_) => {
            let message = format!("nothing is remembered yet; it will be in {}", Shown::path(path));
            findings.add("lock", State::Note, message, Some("`countersign accept` remembers what was verified"));
        }
        Err(error) => findings.reason("lock", &error.reason()),
    }
}

fn stores(found: &Settings, context: &Context<'_>, findings: &mut Findings) {
    for path in &found.stores {
        match Store::open(path, &context.limits) {
            Ok(_) => findings.good("store", Shown::path(path).to_string()),
            Err(error) => findings.reason("store", &error.reason()),
        }
    }
}

/// What signing needs. Verdicts need none of it.
fn programs(context: &Context<'_>, findings: &mut Findings) {
    let programs = Programs::new(&context.edge.path, context.edge.terminal.clone());
    match programs.gpg_version() {
        // Verifying goes on without it.
        Err(ProgramError::NoGpg) => {
            return findings.program("gpg", State::Note, &ProgramError::NoGpg);
        }
        Err(error) => return findings.program("gpg", State::Broken, &error),
        Ok(version) if is_old(&version) => {
            let step = Some("update GnuPG to 2.2 or newer");
            findings.add("gpg", State::Broken, format!("version {version} is too old to sign with"), step);
        }
        Ok(version) => findings.good("gpg", format!("version {version}")),
    }
    let keys = match programs.secret_keys(None) {
        Err(error) => return findings.program("agent", State::Broken, &error),
        Ok(keys) => keys,
    };
    findings.good("agent", "it answers");
    let signing: Vec<_> = keys.iter().filter(|key| key.can_sign).collect();
    match signing.len() {
        0 => {
            let step = "make one: `gpg --quick-generate-key \"Your Name <you@example.org>\"`, or insert your card";
            findings.add("key", State::Note, "gpg has no secret key that can sign", Some(step));
        }
        count => findings.good("key", format!("{count} secret keys can sign")),
    }
    key(&programs, &signing, findings);
    card(&programs, &signing, findings);
}

/// The key that signs where none is named.
fn key(programs: &Programs, signing: &[&SecretKey], findings: &mut Findings) {
    match programs.git_signing_key() {
        Ok(Some(key)) => {
            let known = programs.secret_keys(Some(&key)).is_ok_and(|keys| keys.iter().any(|key| key.can_sign));
            let message = format!("git's user.signingkey names {}", Shown::new(&key));
            match known {
                true => findings.good("key", message),
                false => {
                    let step =
                        "mend it with `git config --global user.signingkey FINGERPRINT`, or name a key with --key";
                    findings.add("key", State::Broken, format!("{message}, which gpg cannot sign with"), Some(step));
                }
            }
        }
        Ok(None) if signing.len() > 1 => {
            let step = "name it with --key, or once for all with `git config --global user.signingkey FINGERPRINT`";
            findings.add("key", State::Note, "several keys can sign, and none is chosen", Some(step));
        }
        Ok(None) => {}
        Err(error) => findings.program("git", State::Note, &error),
    }
}

fn card(programs: &Programs, signing: &[&SecretKey], findings: &mut Findings) {
    let wanted: Vec<_> = signing.iter().flat_map(|key| &key.cards).collect();
    let missing = |findings: &mut Findings, message: String, step| match wanted.is_empty() {
        true => findings.good("card", format!("{message}, and no key is on one")),
        false => findings.add("card", State::Note, format!("{message}, and a key is on one"), Some(step)),
    };
    match programs.look_for_card() {
        Ok(CardSight::Card(serial)) if wanted.is_empty() || wanted.iter().any(|own| **own == serial) => {
            findings.good("card", serial);
        }
        Ok(CardSight::Card(serial)) => {
            let step = Some("insert the card with your key, or run `gpg --card-status` once to tell gpg of this one");
            findings.add("card", State::Note, format!("{serial} is there, but none of your keys is on it"), step);
        }
        Ok(CardSight::None) => missing(findings, "no smartcard is inserted".into(), "insert it before you sign"),
        Ok(CardSight::NoSupport) => missing(findings, "GnuPG has no card support".into(), "install scdaemon"),
        Err(error) => findings.program("card", State::Note, &error),
    }
}

/// Older than GnuPG 2.2.
fn is_old(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < (2, 2)
}

/// How many of one kind are listed.
const LISTED: usize = 5;

#[cfg(test)]
mod tests {
    use super::is_old;

    #[test]
    fn gpg_is_old_below_2_2() {
        assert!(is_old("1.4.23") && is_old("2.1.18") && is_old("") && is_old("x.y"));
        assert!(!is_old("2.2.40") && !is_old("2.4.0-unknown") && !is_old("3.0"));
    }
}
