//! The only way in which text that we did not write reaches a terminal, a report or an error message.
//!
//! Control characters would repaint the screen, direction marks would turn a line around, invisible characters would
//! make two names look alike. All of them are shown as escapes, and what is shown can be told apart from what was
//! there: a backslash is doubled.

use std::fmt;
use std::path::Path;

/// Shows foreign text, escaped.
///
/// Bytes that are not UTF-8 appear as `\xff`, characters that are not plainly visible as `\u{202e}`, `\n`, `\t` and
/// `\r` by these names, and a backslash as `\\`.
#[derive(Clone, Copy)]
pub struct Shown<'a>(&'a [u8]);

impl<'a> Shown<'a> {
    /// Shows `text`, which may be bytes of any encoding.
    pub fn new(text: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self(text.as_ref())
    }

    /// Shows a path, as the system has it.
    pub fn path(path: &'a (impl AsRef<Path> + ?Sized)) -> Self {
        Self(path.as_ref().as_os_str().as_encoded_bytes())
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                show(character, f)?;
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Shows a line of foreign code: as it is where every character of it is plainly visible, tabs among them; else escaped as
/// by [`Shown`]. Whoever prints it says beside it which of the two it is, so that no two lines look alike.
#[derive(Clone, Copy)]
pub struct ShownLine<'a>(&'a [u8]);

impl<'a> ShownLine<'a> {
    /// Shows `line`, which may be bytes of any encoding, without what ends it.
    pub fn new(line: &'a [u8]) -> Self {
        Self(line)
    }

    /// Whether it is shown as it is.
    pub fn is_plain(&self) -> bool {
        str::from_utf8(self.0).is_ok_and(|text| text.chars().all(|c| c == '\t' || !is_unseen(c)))
    }
}

impl fmt::Display for ShownLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match str::from_utf8(self.0) {
            Ok(text) if self.is_plain() => f.write_str(text),
            _ => Shown(self.0).fmt(f),
        }
    }
}

impl fmt::Debug for ShownLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn show(character: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match character {
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\t' => f.write_str("\\t"),
        '\r' => f.write_str("\\r"),
        _ if is_unseen(character) => write!(f, "\\u{{{:x}}}", character as u32),
        _ => fmt::Write::write_char(f, character),
    }
}

/// Whether a character has no shape of its own, or changes the shape or place of others.
pub fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// What the system says, without the number of its error, which tells people nothing.
pub fn without_number(said: &str) -> &str {
    let cut = said.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (os error "));
    cut.filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit())).map_or(said, |(said, _)| said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: impl AsRef<[u8]>) -> String {
        Shown::new(&text).to_string()
    }

    #[test]
    fn plain_text_stays() {
        assert_eq!(shown("src/Ünï çödé/日本.rs"), "src/Ünï çödé/日本.rs");
    }

    #[test]
    fn what_moves_or_hides_is_escaped() {
        assert_eq!(shown("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(shown("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
        assert_eq!(shown("a\r\n\tb\u{85}"), "a\\r\\n\\tb\\u{85}");
        assert_eq!(shown(b"a\xff\xfeb"), "a\\xff\\xfeb");
    }

    #[test]
    fn two_texts_never_look_the_same() {
        assert_eq!(shown("\\n"), "\\\\n");
        assert_ne!(shown("\\n"), shown("\n"));
    }

    #[test]
    fn a_line_of_code_is_itself_or_marked() {
        let line = |text: &'static [u8]| (ShownLine::new(text).is_plain(), ShownLine::new(text).to_string());
        assert_eq!(line(b"\tlet s = \"\\n\";"), (true, "\tlet s = \"\\n\";".to_owned()));
        assert_eq!(line("a\u{202e}\\n\t".as_bytes()), (false, "a\\u{202e}\\\\n\\t".to_owned()));
        assert_eq!(line(b"a\0b\r"), (false, "a\\u{0}b\\r".to_owned()));
        assert_eq!(line(b"\xffx"), (false, "\\xffx".to_owned()));
    }

    #[test]
    fn the_numbers_of_the_systems_errors_go() {
        let said = std::io::Error::from_raw_os_error(2).to_string();
        assert!(said.starts_with(without_number(&said)) && !without_number(&said).contains("os error"), "{said}");
        for kept in ["", "it broke (os error x)", "(os error 2) it broke", "it broke (again)"] {
            assert_eq!(without_number(kept), kept);
        }
    }
}
