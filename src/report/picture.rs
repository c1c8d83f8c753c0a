//! Paths of trust as a picture: who stands where, and what leads from one to the next.
//!
//! Whoever is the fewest certifications away from a root stands further to the left, the target on the right.

use std::collections::{BTreeMap, BTreeSet};

use crate::fingerprint::Fingerprint;
use crate::openpgp::certify::Certification;
use crate::shown::Shown;
use crate::trust::{Authentication, Network};

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
        let mut columns: BTreeMap<&Fingerprint, usize> = BTreeMap::new();
        let mut roots = BTreeSet::new();
        let mut flows: BTreeMap<(&Fingerprint, &Fingerprint), (u32, &Certification)> = BTreeMap::new();
        for path in answer.paths() {
            roots.insert(path.root());
            columns.insert(path.root(), 0);
            for (column, edge) in (1..).zip(path.edges()) {
                let known = columns.entry(edge.certificate()).or_insert(column);
                *known = column.min(*known);
                let flow = flows.entry((edge.issuer(), edge.certificate())).or_insert((0, edge));
                flow.0 += u32::from(path.amount().value());
            }
        }
        let target = &answer.question().certificate;
        // Also where nothing leads to it.
        let last = columns.iter().filter(|(one, _)| **one != target).map(|(_, column)| column + 1).max();
        columns.insert(target, last.unwrap_or(0));
        let people: Vec<_> = columns
            .iter()
            .map(|(fingerprint, column)| Figure {
                fingerprint: (*fingerprint).clone(),
                name: network.name(fingerprint),
                column: *column,
                kind: match () {
                    () if *fingerprint == target => FigureKind::Target,
                    () if roots.contains(*fingerprint) => FigureKind::Root,
                    () => FigureKind::Between,
                },
            })
            .collect();
        let place = |wanted: &Fingerprint| people.iter().position(|figure| figure.fingerprint == *wanted);
        let arrows = flows
            .iter()
            .filter_map(|((issuer, certificate), (flow, edge))| {
                let label = format!("{flow} of {}{}", edge.amount(), depth(edge));
                Some(Arrow { from: place(issuer)?, to: place(certificate)?, label, retired: edge.is_by_retired() })
            })
            .collect();
        let (name, wanted) = (Shown::new(&answer.question().user_id), answer.question().wanted);
        let title = format!("Paths of trust to {name}: {} of {wanted}", answer.amount());
        Self { title, people, arrows }
    }

    /// For Graphviz.
    pub fn dot(&self) -> String {
        dot::draw(self)
    }

    /// As a picture that any browser shows.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }
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
