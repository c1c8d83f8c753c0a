//! Paths of trust as a picture: who stands where, and what leads from one to the next.
//!
//! Whoever is the fewest certifications away from a root stands further to the left, the target on the right.

use std::collections::{BTreeMap, BTreeSet};

use crate::fingerprint::Fingerprint;
use crate::openpgp::certify::Certification;
use crate::shown::Shown;
use crate::trust::{Authentication, Network};

use super::PathReport;

mod dot;
mod svg;

/// The paths to one certificate, laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it shows, in one line. Escaped.
    title: String,
    people: Vec<Figure>,
    arrows: Vec<Arrow>,
}

/// A certificate in a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Figure {
    fingerprint: Fingerprint,
    /// Escaped.
    name: String,
    /// How far to the right.
    column: usize,
    kind: FigureKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FigureKind {
    Root,
    Between,
    Target,
}

/// All that flows from one certificate to another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Arrow {
    /// Places in `people`.
    from: usize,
    to: usize,
    label: String,
    /// A certification by somebody who has expired or retired since.
    retired: bool,
}

impl Picture {
    /// Lays out the paths of one answer.
    pub fn new(network: &Network<'_>, answer: &Authentication) -> Self {
        let ways: Vec<Vec<_>> = answer
            .paths()
            .iter()
            .map(|path| {
                std::iter::once(path.root()).chain(path.edges().iter().map(Certification::certificate)).collect()
            })
            .collect();
        let people = lay_out(&ways, &answer.question().certificate, |fingerprint| network.name(fingerprint));
        let mut flows: BTreeMap<(&Fingerprint, &Fingerprint), (u32, &Certification)> = BTreeMap::new();
        for path in answer.paths() {
            for edge in path.edges() {
                let flow = flows.entry((edge.issuer(), edge.certificate())).or_insert((0, edge));
                flow.0 += u32::from(path.amount().value());
            }
        }
        let arrows = flows
            .iter()
            .filter_map(|((issuer, certificate), (flow, edge))| {
                let label = format!("{flow} of {}{}", edge.amount(), depth(edge));
                Some(Arrow {
                    from: place(&people, issuer)?,
                    to: place(&people, certificate)?,
                    label,
                    retired: edge.is_by_retired(),
                })
            })
            .collect();
        let (question, wanted) = (answer.question(), answer.question().wanted);
        // A certificate that is in no keyring has no user ID to ask about.
        let name = match question.user_id.as_str() {
            "" => question.certificate.to_string(),
            user_id => Shown::new(user_id).to_string(),
        };
        let title = format!("Paths of trust to {name}: {} of {wanted}", answer.amount());
        Self { title, people, arrows }
    }

    /// Lays out paths that a report tells, all to one certificate under one user ID; none where there are none.
    ///
    /// `names`: how certificates name themselves, escaped.
    pub fn of_report(paths: &[&PathReport], names: &BTreeMap<String, String>) -> Option<Self> {
        let read =
            |path: &&PathReport| path.certificates.iter().map(|one| one.parse().ok()).collect::<Option<Vec<_>>>();
        let ways: Vec<Vec<Fingerprint>> = paths.iter().map(read).collect::<Option<_>>()?;
        let (first, target) = (paths.first()?, ways.first()?.last()?.clone());
        let borrowed: Vec<Vec<_>> = ways.iter().map(|way| way.iter().collect()).collect();
        let name = |one: &Fingerprint| names.get(one.as_str()).cloned().unwrap_or_default();
        let mut people = lay_out(&borrowed, &target, name);
        people.iter_mut().filter(|one| one.fingerprint == target).for_each(|one| one.name.clone_from(&first.user_id));
        let mut flows: BTreeMap<(usize, usize), u32> = BTreeMap::new();
        for (path, way) in paths.iter().zip(&ways) {
            for hop in way.windows(2) {
                let ends = (place(&people, &hop[0])?, place(&people, &hop[1])?);
                *flows.entry(ends).or_default() += u32::from(path.amount.value());
            }
        }
        let arrow = |((from, to), flow): (_, u32)| Arrow { from, to, label: flow.to_string(), retired: false };
        let arrows = flows.into_iter().map(arrow).collect();
        Some(Self { title: format!("Paths of trust to {}", first.user_id), people, arrows })
    }

    /// For Graphviz.
    pub fn dot(&self) -> String {
        dot::draw(self)
    }

    /// As a picture that any browser shows.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }

    /// As a part of a page, which brings the style and [`Self::definitions`].
    pub(super) fn inline_svg(&self) -> String {
        svg::inline(self)
    }

    /// What the pictures of one page share.
    pub(super) fn definitions() -> String {
        format!("<svg width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>{}</defs></svg>\n", svg::TIP)
    }
}

/// Gives each certificate its column: roots first, the target last, also where nothing leads to it.
fn lay_out(ways: &[Vec<&Fingerprint>], target: &Fingerprint, name: impl Fn(&Fingerprint) -> String) -> Vec<Figure> {
    let mut columns: BTreeMap<&Fingerprint, usize> = BTreeMap::new();
    for (column, certificate) in ways.iter().flat_map(|way| (0..).zip(way.iter().copied())) {
        let known = columns.entry(certificate).or_insert(column);
        *known = column.min(*known);
    }
    let roots: BTreeSet<_> = ways.iter().filter_map(|way| way.first().copied()).collect();
    let last = columns.iter().filter(|(one, _)| **one != target).map(|(_, column)| column + 1).max();
    columns.insert(target, last.unwrap_or(0));
    columns
        .iter()
        .map(|(fingerprint, column)| Figure {
            fingerprint: (*fingerprint).clone(),
            name: name(fingerprint),
            column: *column,
            kind: match () {
                () if *fingerprint == target => FigureKind::Target,
                () if roots.contains(*fingerprint) => FigureKind::Root,
                () => FigureKind::Between,
            },
        })
        .collect()
}

fn place(people: &[Figure], wanted: &Fingerprint) -> Option<usize> {
    people.iter().position(|figure| figure.fingerprint == *wanted)
}

fn depth(edge: &Certification) -> String {
    match edge.depth().value() {
        0 => String::new(),
        _ => format!(", depth {}", edge.depth()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(number: u8, name: &str, column: usize, kind: FigureKind) -> Figure {
        let fingerprint = format!("{number:040X}").parse().expect("a fingerprint");
        Figure { fingerprint, name: name.into(), column, kind }
    }

    fn picture() -> Picture {
        let people = vec![
            figure(1, "root", 0, FigureKind::Root),
            figure(2, "a <a@example.org> & \"co\"", 1, FigureKind::Between),
            figure(3, "a name that is much too long for any box <long@example.org>", 2, FigureKind::Target),
        ];
        let arrow = |from, to, retired| Arrow { from, to, label: "60 of 120".into(), retired };
        let arrows = vec![arrow(0, 1, false), arrow(1, 2, true), arrow(0, 2, false)];
        Picture { title: "Paths of <trust>".into(), people, arrows }
    }

    #[test]
    fn text_in_a_picture_cannot_leave_its_place() {
        let svg = picture().svg();
        assert!(svg.contains("a &lt;a@example.org&gt; &amp; &quot;co&quot;"));
        assert!(svg.contains("<title>Paths of &lt;trust&gt;</title>"));
        assert!(!svg.contains("<trust>") && !svg.contains("<a@"));
        assert_eq!(svg.matches("<rect class=\"who").count(), 3);
        assert_eq!(svg.matches("marker-end").count(), 3);
        let dot = picture().dot();
        assert!(dot.contains("a <a@example.org> & \\\"co\\\""));
        assert_eq!(dot.matches(" -> ").count(), 3);
    }

    #[test]
    fn a_picture_is_the_same_each_time() {
        assert_eq!(picture().svg(), picture().svg());
        assert!(picture().svg().contains("stroke-dasharray"));
    }
}
