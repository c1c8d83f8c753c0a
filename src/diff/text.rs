//! A difference for people: what to look at first, then file by file.
//!
//! Every line of code has two signs before it: what became of it, and whether it stands as it is (a space), has something in
//! it that nobody would see (`!`), or is cut (`~`). In the last two, backslashes are doubled and whatever hides is an
//! escape, so that no line can look like another one.

use std::io::{self, Write};

use thiserror::Error;

use super::lines::Mark;
use super::notices::Notice;
use super::view::{Extent, LeftOut, Line, View};
use super::{Change, Compared, DiffError, Difference, FileChange};
use crate::shown::{Shown, ShownLine};
use crate::tree_text::{Entry, TreeText};

/// Why a difference could not be told.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TellError {
    /// A file is not what it was any more.
    #[error(transparent)]
    Diff(#[from] DiffError),
    /// Nobody takes what is told.
    #[error("the difference cannot be written")]
    Write(#[from] io::Error),
}

/// Writes a difference for people. Gives what was left out.
///
/// # Errors
/// A file is not what was compared any more, or nobody takes what is written.
pub fn write(
    difference: &Difference<'_>,
    extent: Extent,
    color: bool,
    out: &mut dyn Write,
) -> Result<LeftOut, TellError> {
    let paint = Paint(color);
    head(difference, paint, out)?;
    let mut left_out = LeftOut::default();
    if extent.stat {
        difference.files().iter().try_for_each(|file| writeln!(out, "{}", stat(file)))?;
        return Ok(left_out);
    }
    for file in difference.files() {
        let contents = difference.load(file, extent)?;
        let view = contents.view(file, extent);
        left_out += view.left_out;
        tell(file, &view, paint, out)?;
    }
    if !left_out.is_nothing() {
        let LeftOut { files, lines, bytes } = left_out;
        let what = format!(
            "NOT SHOWN: {lines} changed lines, and {bytes} bytes of long lines, in {files} files; --all shows everything."
        );
        writeln!(out, "\n{}", paint.warn(&what))?;
    }
    Ok(left_out)
}

fn head(difference: &Difference<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let tree = |text: &TreeText| format!("{}  {} files, {} bytes", text.digest(), text.files(), text.bytes());
    match difference.from() {
        Some(from) => writeln!(out, "from  {}", tree(from))?,
        None => writeln!(out, "from  nothing: all of it is new")?,
    }
    writeln!(out, "to    {}", tree(difference.to()))?;
    if difference.is_empty() {
        return writeln!(out, "The trees are the same.");
    }
    let count = |change| difference.count(change);
    let [added, removed, changed, moved] = [Change::Added, Change::Removed, Change::Changed, Change::Moved].map(count);
    let (new, gone) = difference.lines();
    writeln!(
        out,
        "files: {added} added, {removed} removed, {changed} changed, {moved} moved; {} the same",
        difference.unchanged()
    )?;
    writeln!(out, "lines: {new} new, {gone} gone")?;
    if !difference.moves_searched() {
        writeln!(
            out,
            "Files that were moved and changed at once were not looked for; they are added and removed here."
        )?;
    }
    let noticed: Vec<_> =
        difference.files().iter().flat_map(|file| file.notices.iter().map(move |notice| (file, notice))).collect();
    if !noticed.is_empty() {
        writeln!(out, "Look at:")?;
    }
    for (file, notice) in noticed.iter().take(MOST_NOTICED) {
        writeln!(out, "  {}", paint.warn(&noticed_in(file, notice)))?;
    }
    match noticed.len().saturating_sub(MOST_NOTICED) {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more, each beside its file"),
    }
}

/// So much is named before the first file.
const MOST_NOTICED: usize = 100;

fn noticed_in(file: &FileChange<'_>, notice: &Notice) -> String {
    let path = file.path().map(ToString::to_string).unwrap_or_default();
    format!("[{}] {path}{}: {}", notice.what.as_str(), numbers(notice), notice.what.sentence())
}

/// `:1,2,3 and 4 more lines`, or nothing.
fn numbers(notice: &Notice) -> String {
    let lines: Vec<_> = notice.lines.iter().map(ToString::to_string).collect();
    let colon = if lines.is_empty() { "" } else { ":" };
    let more = match notice.count.saturating_sub(lines.len()) {
        0 => String::new(),
        more => format!(" and {more} more lines"),
    };
    format!("{colon}{}{more}", lines.join(","))
}

/// One line about a file: what became of it, and how much.
fn stat(file: &FileChange<'_>) -> String {
    let mut told = format!("{:<7} {}", file.change.as_str(), name(file));
    let size = |entry: Option<&Entry>| entry.map_or(0, |entry| entry.size);
    match file.compared {
        Compared::Same => {}
        Compared::Whole if file.edits.is_empty() => told.push_str(&format!(" ({} bytes)", size(file.old))),
        _ => told.push_str(&format!(" (+{} -{})", file.added(), file.removed())),
    }
    if let Some(percent) = file.similarity {
        told.push_str(&format!(" {percent} % the same"));
    }
    if let (Some(old), Some(new)) = (file.old, file.new)
        && old.kind != new.kind
    {
        told.push_str(&format!(" mode {} -> {}", old.kind.letter(), new.kind.letter()));
    }
    for notice in &file.notices {
        told.push_str(&format!(" [{}]", notice.what.as_str()));
    }
    told
}

fn name(file: &FileChange<'_>) -> String {
    match (file.old, file.new) {
        (Some(old), Some(new)) if old.path != new.path => format!("{} -> {}", old.path, new.path),
        _ => file.path().map(ToString::to_string).unwrap_or_default(),
    }
}

fn tell(file: &FileChange<'_>, view: &View<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", paint.head(&stat(file)))?;
    for notice in &file.notices {
        let told = format!("  ! {}{}", notice.what.sentence(), numbers(notice).replacen(':', ", line ", 1));
        writeln!(out, "{}", paint.warn(&told))?;
    }
    match file.compared {
        Compared::Unknown => writeln!(out, "  the old content is not at hand, so the whole file is shown")?,
        Compared::Whole if file.old.is_some() && file.new.is_some() => {
            writeln!(out, "  too large to be compared line by line: the one took the place of the other")?;
        }
        Compared::Whole if file.edits.is_empty() && file.old.is_some_and(|old| old.size > 0) => {
            writeln!(out, "  what was in it is not at hand")?;
        }
        _ => {}
    }
    for place in &view.hunks {
        writeln!(out, "{}", paint.place(&place.head))?;
        for line in &place.lines {
            writeln!(out, "{}", paint.line(line.mark, &code(line)))?;
            if !line.ended {
                writeln!(out, "\\ no line feed at the end")?;
            }
        }
    }
    let left = view.left_out;
    if left.lines > 0 {
        writeln!(out, "{}", paint.warn(&format!("  … {} more changed lines of this file are not shown", left.lines)))?;
    }
    Ok(())
}

/// A line of code with its two signs.
fn code(line: &Line<'_>) -> String {
    let sign = line.mark.sign();
    let shown = ShownLine::new(line.body);
    let cut = |bytes: usize| if bytes == 0 { String::new() } else { format!("\\[{bytes} bytes]") };
    match (line.before + line.behind > 0, shown.is_plain()) {
        (true, _) => format!("{sign}~{}{}{}", cut(line.before), Shown::new(line.body), cut(line.behind)),
        (false, true) => format!("{sign} {shown}").trim_end_matches(' ').to_owned(),
        (false, false) => format!("{sign}!{shown}"),
    }
}

/// Colours, where they are wanted.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, color: &str, text: &str) -> String {
        if self.0 && !color.is_empty() { format!("\u{1b}[{color}m{text}\u{1b}[m") } else { text.to_owned() }
    }

    fn head(self, text: &str) -> String {
        self.with("1", text)
    }

    fn warn(self, text: &str) -> String {
        self.with("33", text)
    }

    fn place(self, text: &str) -> String {
        self.with("36", text)
    }

    fn line(self, mark: Mark, text: &str) -> String {
        let color = match mark {
            Mark::Same => "",
            Mark::Gone => "31",
            Mark::New => "32",
        };
        self.with(color, text)
    }
}
