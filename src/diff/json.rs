//! A difference for programs: `diff/1`, written file by file, so that it need not fit into memory.

use std::cell::Cell;
use std::io::{self, Write};

use serde::ser::{Error as _, SerializeSeq as _, SerializeStruct as _};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::lines::Mark;
use super::text::TellError;
use super::view::{Extent, LeftOut, Line, View};
use super::{Change, Difference, FileChange};
use crate::shown::Shown;
use crate::tree_text::{Entry, TreeText};

/// Writes a difference for programs, with `notes` on the trees. Gives what was left out.
///
/// # Errors
/// A file is not what was compared any more, or nobody takes what is written.
pub fn write(
    difference: &Difference<'_>,
    extent: Extent,
    notes: &[impl Serialize],
    out: &mut dyn Write,
) -> Result<LeftOut, TellError> {
    let telling = Telling { difference, extent, left_out: Cell::default(), fault: Cell::default() };
    let written = serde_json::to_writer_pretty(&mut *out, &Whole(&telling, notes));
    if let Some(fault) = telling.fault.take() {
        return Err(TellError::Diff(fault));
    }
    written.map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(telling.left_out.get())
}

struct Telling<'t, 'd> {
    difference: &'t Difference<'d>,
    extent: Extent,
    left_out: Cell<LeftOut>,
    fault: Cell<Option<super::DiffError>>,
}

struct Whole<'t, 'd, N>(&'t Telling<'t, 'd>, &'t [N]);

impl<N: Serialize> Serialize for Whole<'_, '_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(telling, notes) = self;
        let difference = telling.difference;
        let (new, gone) = difference.lines();
        let mut whole = serializer.serialize_struct("diff", 8)?;
        whole.serialize_field("countersign", "diff/1")?;
        whole.serialize_field("from", &difference.from().map(tree))?;
        whole.serialize_field("to", &tree(difference.to()))?;
        whole.serialize_field("same", &difference.is_empty())?;
        whole.serialize_field(
            "summary",
            &json!({
                "added": difference.count(Change::Added),
                "removed": difference.count(Change::Removed),
                "changed": difference.count(Change::Changed),
                "moved": difference.count(Change::Moved),
                "unchanged": difference.unchanged(),
                "lines_added": new,
                "lines_removed": gone,
                "moves_searched": difference.moves_searched(),
            }),
        )?;
        whole.serialize_field("files", &Files(telling))?;
        whole.serialize_field("not_shown", &telling.left_out.get())?;
        whole.serialize_field("notes", notes)?;
        whole.end()
    }
}

struct Files<'t, 'd>(&'t Telling<'t, 'd>);

impl Serialize for Files<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(telling) = self;
        let mut files = serializer.serialize_seq(Some(telling.difference.files().len()))?;
        for file in telling.difference.files() {
            let contents = telling.difference.load(file, telling.extent).map_err(|fault| {
                telling.fault.set(Some(fault));
                S::Error::custom("a file changed")
            })?;
            let view = contents.view(file, telling.extent);
            let mut left_out = telling.left_out.get();
            left_out += view.left_out;
            telling.left_out.set(left_out);
            files.serialize_element(&one(file, &view, telling.extent))?;
        }
        files.end()
    }
}

fn tree(text: &TreeText) -> Value {
    json!({ "tree": text.digest().to_string(), "files": text.files(), "bytes": text.bytes() })
}

fn one(file: &FileChange<'_>, view: &View<'_>, extent: Extent) -> Value {
    let notice = |notice: &super::notices::Notice| json!({ "what": notice.what, "lines": notice.lines, "count": notice.count, "message": notice.what.sentence() });
    let notices: Vec<_> = file.notices.iter().map(notice).collect();
    let mut told = json!({
        "change": file.change,
        "path": file.path().map(|path| path.as_str()),
        "from": file.old.map(entry),
        "to": file.new.map(entry),
        "similarity": file.similarity,
        "compared": file.compared,
        "lines_added": file.added(),
        "lines_removed": file.removed(),
        "notices": notices,
    });
    if !extent.stat {
        told["not_shown"] = json!(view.left_out);
        told["hunks"] = view
            .hunks
            .iter()
            .map(|place| {
                json!({
                    "from": { "first": place.old.start + 1, "lines": place.old.len() },
                    "to": { "first": place.new.start + 1, "lines": place.new.len() },
                    "lines": place.lines.iter().map(line).collect::<Vec<_>>(),
                })
            })
            .collect();
    }
    told
}

fn entry(entry: &Entry) -> Value {
    json!({
        "path": entry.path.as_str(),
        "kind": entry.kind.letter().to_string(),
        "size": entry.size,
        "digest": entry.digest.to_string(),
    })
}

/// A line, always escaped, with what ends it; what was cut is counted.
fn line(line: &Line<'_>) -> Value {
    let mark = match line.mark {
        Mark::Same => " ",
        Mark::Gone => "-",
        Mark::New => "+",
    };
    let returned = if line.returned { "\\r" } else { "" };
    let mut told = json!({ "mark": mark, "text": format!("{}{returned}", Shown::new(line.body)) });
    if !line.ended {
        told["ended"] = json!(false);
    }
    if line.before + line.behind > 0 {
        told["cut"] = json!({ "before": line.before, "behind": line.behind });
    }
    told
}
