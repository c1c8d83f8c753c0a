//! `countersign explain`: what a code stands for.

use clap::Args;

use super::Format;
use crate::reason::Code;
use crate::spelling;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign explain
  countersign explain file-added
  countersign explain author-changed rollback --format json")]
pub(crate) struct ExplainArgs {
    /// The code that a report has in brackets; every code where none is named. Several may be named.
    #[arg(value_parser = code)]
    pub(crate) code: Vec<Code>,
    /// How the answer is printed; json is `explain/1`.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// A code as it stands in a report, with or without its brackets.
fn code(text: &str) -> Result<Code, String> {
    let word = text.trim_start_matches('[').trim_end_matches(']');
    Code::named(word).ok_or_else(|| match &near(word)[..] {
        [] => "there is no such code; `countersign explain` lists them all".to_owned(),
        near => format!("there is no such code; did you mean {}?", near.join(" or ")),
    })
}

/// The codes that are spelt nearly so; otherwise those that share a word with it.
fn near(word: &str) -> Vec<&'static str> {
    let codes = || Code::ALL.iter().map(|(code, _)| code.as_str());
    let mut near = spelling::near(word, codes());
    if near.is_empty() {
        let words: Vec<_> = word.split('-').filter(|word| !word.is_empty()).collect();
        near.extend(codes().filter(|code| code.split('-').any(|part| words.contains(&part))));
    }
    near.truncate(MOST);
    near
}

/// So many codes are named in place of one that there is not.
const MOST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_as_reports_print_it() {
        assert_eq!(code("[file-added]"), Ok(Code::FileAdded));
        assert_eq!(code("file-added"), Ok(Code::FileAdded));
    }

    #[test]
    fn the_nearest_codes_are_named() {
        assert_eq!(near("file-aded")[0], "file-added");
        assert_eq!(near("reviews"), ["too-few-reviews"]);
        assert!(code("\u{1b}[31m").is_err_and(|why| !why.contains('\u{1b}')));
        for (one, _) in Code::ALL {
            let misspelt = format!("{one}x");
            assert_eq!(near(&misspelt)[0], one.as_str());
        }
    }
}
