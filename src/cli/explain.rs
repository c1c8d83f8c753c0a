//! `countersign explain`: what a reason code means, and what to do about it.

use std::io::{self, Write};

use serde_json::json;

use super::args::{ExplainArgs, Format};
use super::tell_json;
use crate::reason::Code;

pub(super) fn run(arguments: &ExplainArgs, out: &mut dyn Write) -> io::Result<u8> {
    let all: Vec<_> = Code::ALL.iter().map(|(code, _)| *code).collect();
    let asked = if arguments.code.is_empty() { &all } else { &arguments.code };
    if arguments.format == Format::Json {
        let told = |code: &Code| json!({ "code": code, "meaning": code.meaning(), "advice": code.advice() });
        let codes: Vec<_> = asked.iter().map(told).collect();
        return tell_json(&json!({ "countersign": "explain/1", "codes": codes }), out).map(|()| 0);
    }
    let mut text = String::new();
    for code in asked {
        if arguments.code.is_empty() {
            text.push_str(&format!("{code:<28} {}\n", code.meaning()));
        } else {
            text.push_str(&format!("{code}\n  means       {}\n  what to do  {}\n", code.meaning(), code.advice()));
        }
    }
    out.write_all(text.as_bytes()).map(|()| 0)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::super::args::Arguments;
    use super::*;
    use crate::policy::keys::{KEYS, TABLES};

    /// Commands, options, tables and keys that no version has would send people nowhere.
    #[test]
    fn what_is_advised_exists() {
        let program = Arguments::command();
        for (code, _) in Code::ALL {
            for quoted in code.advice().split('`').skip(1).step_by(2) {
                assert_eq!(unknown(&program, quoted), None, "{code}: {quoted}");
            }
        }
        for (text, wanted) in [
            ("countersign verify --now", "--now"),
            ("countersign store lift", "lift"),
            ("countersign lift", "lift"),
            ("--lift", "--lift"),
            ("[[exemptions]]", "[[exemptions]]"),
            ("symlink = \"contained\"", "symlink"),
        ] {
            assert_eq!(unknown(&program, text), Some(wanted));
        }
    }

    /// The first word of something that is typed here or stands in a policy, and that there is not.
    fn unknown<'a>(program: &clap::Command, quoted: &'a str) -> Option<&'a str> {
        let has = |command: &clap::Command, option: &str| {
            command.get_arguments().any(|argument| argument.get_long() == option.strip_prefix("--"))
        };
        if quoted.starts_with("--") {
            let mut all = program.get_subcommands().flat_map(|command| command.get_subcommands().chain([command]));
            let option = quoted.split(' ').next().unwrap_or(quoted);
            return if all.any(|command| has(command, option)) { None } else { Some(option) };
        }
        if quoted.starts_with('[') {
            return Some(quoted).filter(|table| !TABLES.iter().any(|(_, name)| name.trim_matches('`') == *table));
        }
        if let Some((key, _)) = quoted.split_once(" = ") {
            return Some(key).filter(|key| !KEYS.iter().any(|known| known.name == *key));
        }
        let mut command = program;
        for word in quoted.strip_prefix("countersign ")?.split(' ') {
            let name = word.bytes().all(|byte| byte.is_ascii_lowercase());
            match command.find_subcommand(word) {
                Some(inner) => command = inner,
                None if word.starts_with("--") && !has(command, word) => return Some(word),
                None if name && command.has_subcommands() => return Some(word),
                None => {}
            }
        }
        None
    }
}
