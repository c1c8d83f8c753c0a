//! A picture in Graphviz's language.

use super::{FigureKind, Picture};

pub(super) fn draw(picture: &Picture) -> String {
    let mut out = String::from("digraph trust {\n  rankdir=LR;\n  node [shape=box];\n");
    let mut line = |text: std::fmt::Arguments<'_>| out.push_str(&format!("  {text}\n"));
    line(format_args!("label={};", quoted(&picture.title)));
    for figure in &picture.people {
        let style = match figure.kind {
            FigureKind::Root => ", style=filled, fillcolor=\"#e3edfb\"",
            FigureKind::Between => "",
            FigureKind::Target => ", style=filled, fillcolor=\"#e2f3e5\"",
        };
        let label = escaped(&figure.name);
        line(format_args!("\"{0}\" [label=\"{label}\\n{0}\"{style}];", figure.fingerprint));
    }
    for arrow in &picture.arrows {
        let (from, to) = (&picture.people[arrow.from], &picture.people[arrow.to]);
        let style = if arrow.retired { ", style=dashed" } else { "" };
        line(format_args!(
            "\"{}\" -> \"{}\" [label={}{style}];",
            from.fingerprint,
            to.fingerprint,
            quoted(&arrow.label)
        ));
    }
    out.push_str("}\n");
    out
}

/// A string as Graphviz reads it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// What stands between quotes: a backslash and a quote stand for themselves.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
