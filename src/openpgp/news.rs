//! What one copy of a certificate has that another has not, as its packets say it. Nothing is checked.

use std::collections::HashSet;

use super::certificate::Certificate;
use super::packets::SignatureHints;
use crate::shown::Shown;

/// What is new in a certificate. Claims: a signature that is counted here need not be good.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct News {
    /// User IDs. Escaped.
    pub user_ids: Vec<String>,
    /// Subkeys.
    pub subkeys: usize,
    /// The certificate's own signatures: a new day of expiry, a binding.
    pub self_signatures: usize,
    /// Certifications by others.
    pub certifications: usize,
    /// Revocations of the certificate, of a user ID, of a subkey or of a certification, by whomever.
    pub revocations: usize,
}

impl News {
    /// What `after` has and `before` has not; everything where there was no certificate before.
    pub fn between(before: Option<&Certificate>, after: &Certificate) -> Self {
        let mut news = Self::default();
        let known: HashSet<_> = before.map(parts).unwrap_or_default().into_iter().collect();
        for part in parts(after).into_iter().filter(|part| !known.contains(part)) {
            match part {
                Part::UserId(text) => news.user_ids.push(Shown::new(text).to_string()),
                Part::Subkey(_) => news.subkeys += 1,
                Part::Signature { body, .. } => *news.count(body, after) += 1,
            }
        }
        news
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Where a signature is counted, by its type (RFC 9580, section 5.2.1) and by whom it names.
    fn count(&mut self, body: &[u8], certificate: &Certificate) -> &mut usize {
        let kind = match body {
            [2 | 3, _, kind, ..] | [4..=u8::MAX, kind, ..] => *kind,
            _ => 0,
        };
        let own = certificate.keys()[0].id.0;
        let by_own =
            SignatureHints::of(body).is_none_or(|hints| hints.issuers.is_empty() || hints.issuers.contains(&own));
        match kind {
            0x20 | 0x28 | 0x30 => &mut self.revocations,
            _ if by_own => &mut self.self_signatures,
            _ => &mut self.certifications,
        }
    }
}

/// A packet and what it belongs to.
#[derive(PartialEq, Eq, Hash)]
enum Part<'a> {
    UserId(&'a [u8]),
    Subkey(&'a [u8]),
    Signature { on: &'a [u8], body: &'a [u8] },
}

fn parts(certificate: &Certificate) -> Vec<Part<'_>> {
    let Ok(raw) = certificate.raw() else { return Vec::new() };
    let mut parts: Vec<_> = raw.direct().iter().map(|body| Part::Signature { on: b"", body }).collect();
    for (is_user_id, on, signatures) in raw.components() {
        parts.push(if is_user_id { Part::UserId(on) } else { Part::Subkey(on) });
        parts.extend(signatures.iter().map(|body| Part::Signature { on, body }));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::split::{self, Others};
    use super::super::testing::{Person, days_ago, packets as fake};
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn each_new_part_is_counted_once() {
        let limits = Limits::default();
        let one = Person::new();
        let old = one.certificate();
        assert_eq!(
            News::between(None, &old),
            News { user_ids: vec!["x <x@example.org>".into()], self_signatures: 2, ..News::default() }
        );
        assert!(News::between(Some(&old), &old).is_empty());
        let revoked = one.clone().revoked(None, days_ago(1)).certificate();
        assert_eq!(News::between(Some(&old), &revoked), News { revocations: 1, ..News::default() });
        assert!(News::between(Some(&revoked), &old).is_empty());
        let bytes = [one.public(), fake::strangers_signature(1), fake::strangers_signature(2)].concat();
        let raw = split::certificates(&bytes).expect("packets").0.remove(0);
        let certified = raw.keep(Others::All, &limits).expect("a certificate");
        assert_eq!(News::between(Some(&old), &certified), News { certifications: 2, ..News::default() });
    }
}
