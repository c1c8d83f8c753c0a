//! `countersign trust`: what is asked, and from where.

use std::io::Write;

use serde_json::{Value, json};

use super::args::Format;
use super::args::trust::{TargetArgs, TrustCommand, ViewArgs};
use super::{Context, tell};
use crate::cache::Cache;
use crate::keyring::{KeyringError, LaterKeyring};
use crate::openpgp::certify::Certification;
use crate::reason::{Listed, Reason};
use crate::report::Report;
use crate::shown::Shown;
use crate::time::Times;
use crate::trust::{Network, NetworkKind, Question, RetiredIssuers, View, Viewpoint};

mod graph;
mod list;
mod path;
mod why;

pub(super) fn run(
    command: &TrustCommand,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let (TrustCommand::List { view: arguments, .. }
    | TrustCommand::Path { view: arguments, .. }
    | TrustCommand::Why { view: arguments, .. }
    | TrustCommand::Graph { view: arguments, .. }) = command;
    let times = context.times(arguments.at);
    let refused = |error: &KeyringError, out: &mut dyn Write| {
        let format = match command {
            TrustCommand::List { format, .. }
            | TrustCommand::Path { format, .. }
            | TrustCommand::Why { format, .. } => *format,
            TrustCommand::Graph { .. } => Format::Text,
        };
        let report = Report::new(times.at, "trust", Vec::new(), vec![error.reason()]);
        tell(&report, format, out)
    };
    let keyring = match LaterKeyring::read(&arguments.keyring, &context.limits) {
        Ok(keyring) => keyring,
        Err(error) => return Ok(refused(&error, out)?),
    };
    let folder = context.edge.cache.as_ref().filter(|_| !arguments.no_cache);
    let cache = folder.map(|folder| Cache::new(folder, &keyring.digest(), &times, &context.limits));
    let (compiled, note) = match cache.as_ref().map(Cache::read) {
        None => (None, None),
        Some(Ok(compiled)) => (compiled, None),
        Some(Err(note)) => (None, Some(note)),
    };
    let (network, set_aside) = match &compiled {
        Some(compiled) => (Network::of_compiled(compiled, &keyring, times), compiled.set_aside()),
        None => match keyring.open() {
            Ok(keyring) => (Network::new(keyring, times), keyring.set_aside()),
            Err(error) => return Ok(refused(&error, out)?),
        },
    };
    let mut view = View::of(&network, viewpoint(arguments))?;
    let notes: Vec<_> = view.notes().iter().chain(set_aside).chain(&note).cloned().collect();
    let notes = Listed::new(notes, context.limits.reasons);
    let code = match command {
        TrustCommand::List { reached, format, .. } => {
            view.prepare(arguments.max_depth.0);
            let list = list::List::new(&view, arguments, *reached, &notes);
            list.tell(*format, out)?;
            Ok(0)
        }
        TrustCommand::Path { target, format, .. } => {
            path::run(&view, &questions(&network, target, arguments), *format, &notes, out)
        }
        TrustCommand::Why { target, format, .. } => {
            let questions = questions(&network, target, arguments);
            why::run(&view, &questions, *format, context.limits.reasons, &notes, out)
        }
        TrustCommand::Graph { target, format, .. } => {
            tell_notes(&notes, err)?;
            graph::run(&view, &questions(&network, target, arguments), *format, out)
        }
    };
    if let Some(cache) = cache.filter(|_| compiled.is_none() || network.has_learned()) {
        // Best effort: the next run is as slow as this one.
        drop(network.compile(set_aside).map(|text| cache.write(&text)));
    }
    code
}

fn viewpoint(arguments: &ViewArgs) -> Viewpoint {
    Viewpoint {
        roots: arguments.root.clone(),
        distrusted: arguments.distrust.iter().cloned().collect(),
        own: arguments.own.clone(),
        retired: RetiredIssuers::Count,
        kind: if arguments.certification_network { NetworkKind::Certification } else { NetworkKind::Trust },
    }
}

/// What is asked about a certificate: its user IDs one by one, or the one that was named.
fn questions(network: &Network<'_>, target: &TargetArgs, arguments: &ViewArgs) -> Vec<Question> {
    let named = |user_id: &str| Question {
        package: arguments.package.clone(),
        role: arguments.role,
        max_depth: arguments.max_depth.0,
        wanted: arguments.amount,
        ..Question::who(target.certificate.clone(), user_id)
    };
    match &target.user_id {
        Some(user_id) => vec![named(user_id)],
        None => {
            let user_ids = network.user_ids(&target.certificate);
            // Nothing is known of it: asked all the same, so that the answer says so.
            if user_ids.is_empty() {
                vec![named("")]
            } else {
                user_ids.into_iter().map(|(text, _)| named(text)).collect()
            }
        }
    }
}

/// The two times in one sentence.
fn told_times(times: &Times) -> String {
    if times.at == times.now {
        return format!("at {}", times.at);
    }
    format!("at {}, with the algorithms that are good enough on {}", times.at, times.now)
}

/// The facts of a certification, as JSON.
fn edge(certification: &Certification) -> Value {
    let grant = certification.grant();
    json!({
        "issuer": certification.issuer().as_str(),
        "certificate": certification.certificate().as_str(),
        "user_id": Shown::new(certification.user_id()).to_string(),
        "created": certification.created().to_string(),
        "expires": certification.expires().map(|time| time.to_string()),
        "amount": certification.amount(),
        "depth": certification.depth(),
        "regexes": certification.regexes().shown(),
        "roles": grant.roles,
        "scopes": grant.scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "exportable": certification.is_exportable(),
        "hash": certification.hash(),
        "issuer_retired": certification.is_by_retired(),
    })
}

/// The facts of a certification that are not what they usually are, in words.
fn told_edge(certification: &Certification) -> String {
    let mut words = vec![format!("amount {}", certification.amount())];
    if certification.depth() != crate::grant::Depth::NONE {
        words.push(format!("depth {}", certification.depth()));
    }
    words.extend(certification.regexes().shown().into_iter().map(|regex| format!("only {regex}")));
    words.extend(certification.grant().roles.iter().map(|role| format!("role {role}")));
    words.extend(certification.grant().scopes.iter().map(|scope| format!("scope {scope}")));
    words.push(format!("made {}", certification.created()));
    words.extend(certification.expires().map(|end| format!("until {end}")));
    words.push(certification.hash().to_owned());
    if !certification.is_exportable() {
        words.push("local".into());
    }
    if certification.is_by_retired() {
        words.push(format!("its maker has expired or retired since [{}]", crate::reason::Code::RetiredIssuer));
    }
    words.join(", ")
}

fn tell_notes(notes: &Listed, out: &mut dyn Write) -> std::io::Result<()> {
    for Reason { code, path, message, .. } in &notes.reasons {
        let place = path.as_deref().map(|path| format!(" {path}")).unwrap_or_default();
        writeln!(out, "note [{code}]{place}: {message}")?;
    }
    if notes.total > notes.reasons.len() {
        writeln!(out, "{} of {} notes are listed.", notes.reasons.len(), notes.total)?;
    }
    Ok(())
}
