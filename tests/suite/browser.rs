//! The report as a page, in a real browser: it loads nothing, runs nothing but its own script, filters and sorts, fits a phone,
//! can be read in the dark, and says all that matters without JavaScript.

#![cfg(unix)]

mod driver;

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::tools;
use driver::Browser;

/// A page on a project of packages, among them one whose file names try to be more than text.
struct Page {
    folder: TempDir,
}

impl Page {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut list = "countersign = \"packages/1\"\n".to_owned();
        for (name, file) in [("good", "a.c"), ("hostile", HOSTILE), ("last", "b.c")] {
            fs::create_dir_all(folder.path().join("third-party").join(name)).expect("a folder");
            fs::write(folder.path().join("third-party").join(name).join(file), "text\n").expect("written");
            list += &format!("\n[[package]]\npackage = \"pkg:generic/{name}@1.0\"\npath = \"third-party/{name}\"\n");
        }
        // Refused whatever the policy: two names that are one elsewhere.
        fs::write(folder.path().join("third-party/last/B.c"), "text\n").expect("written");
        fs::write(folder.path().join("countersign-packages.toml"), list).expect("written");
        let told = report(folder.path());
        assert_eq!(told.status.code(), Some(1), "{told:?}");
        Self { folder }
    }

    fn address(&self) -> String {
        format!("file://{}/page.html", self.folder.path().display())
    }
}

fn report(project: &Path) -> std::process::Output {
    #[expect(clippy::disallowed_methods, reason = "the program itself is run")]
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    program.current_dir(project).env_clear().env("HOME", project.join("home"));
    program.args(["report", ".", "--html", "page.html"]).output().expect("it starts")
}

#[test]
fn it_filters_sorts_and_runs_nothing_foreign() {
    if !tools::found("browser::it_filters_sorts_and_runs_nothing_foreign", &["chromium", "chromedriver"]) {
        return;
    }
    let (page, browser) = (Page::new(), Browser::start(true));
    browser.go(&page.address());
    assert_eq!(browser.complaints(), Vec::<String>::new(), "the page's own policy must let its own parts through");
    assert_eq!(shown(&browser), ["pkg:generic/last@1.0", "pkg:generic/good@1.0", "pkg:generic/hostile@1.0"]);
    assert_eq!(browser.run("return window.hacked === undefined && document.images.length === 0"), json!(true));
    let text = browser.run("return document.getElementById('packages').textContent");
    assert!(text.as_str().is_some_and(|text| text.contains("<img src=x onerror=window.hacked=1>")), "{text}");

    // What somebody might bring in, the browser does not run.
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked=1\">')");
    browser
        .run("const s = document.createElement('script'); s.textContent = 'window.hacked=1'; document.body.append(s)");
    assert_eq!(browser.run("return window.hacked === undefined"), json!(true));

    browser.type_into("#find", "hostile");
    assert_eq!(shown(&browser), ["pkg:generic/hostile@1.0"]);
    assert_eq!(browser.run("return document.getElementById('count').value"), json!("1 of 3"));
    browser.clear("#find");
    browser.choose("#show", "attention");
    assert_eq!(shown(&browser), ["pkg:generic/last@1.0"]);
    browser.choose("#show", "");
    browser.choose("#sort", "name");
    assert_eq!(shown(&browser), ["pkg:generic/good@1.0", "pkg:generic/hostile@1.0", "pkg:generic/last@1.0"]);
    browser.click("#all");
    assert_eq!(browser.run("return [...document.querySelectorAll('details')].every((one) => one.open)"), json!(true));
}

#[test]
fn it_fits_a_phone_and_the_dark() {
    if !tools::found("browser::it_fits_a_phone_and_the_dark", &["chromium", "chromedriver"]) {
        return;
    }
    let (page, browser) = (Page::new(), Browser::start(true));
    browser.phone();
    browser.go(&page.address());
    browser.click("#all");
    let wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(wide, json!(0), "the page is wider than a phone");
    let light = contrast(&browser);
    browser.dark();
    let dark = contrast(&browser);
    // WCAG 2.2, 1.4.3: 4.5 to 1 for text.
    for (name, contrast) in [("light", &light), ("dark", &dark)] {
        for (part, ratio) in contrast {
            assert!(*ratio >= 4.5, "{name}: {part} has a contrast of {ratio:.1}");
        }
    }
    let ground = "return getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.run(ground), json!("rgb(20, 24, 29)"));
}

#[test]
fn it_says_everything_without_javascript() {
    if !tools::found("browser::it_says_everything_without_javascript", &["chromium", "chromedriver"]) {
        return;
    }
    let (page, browser) = (Page::new(), Browser::start(false));
    browser.go(&page.address());
    let text = browser.text("body");
    for part in ["Rejected", "1 refused", "2 not vouched for", "pkg:generic/hostile@1.0", "path-collision"] {
        assert!(text.contains(part), "{part} is not shown in {text}");
    }
    assert!(!text.contains("Sort by"), "tools that do nothing are shown");
}

/// The packages that are shown, in their order.
fn shown(browser: &Browser) -> Vec<String> {
    let names = browser.run(
        "return [...document.querySelectorAll('details')].filter((one) => one.checkVisibility()).map((one) => one.dataset.name)",
    );
    names.as_array().expect("a list").iter().map(|name| name.as_str().expect("text").to_owned()).collect()
}

/// The contrast of each kind of text against what is behind it.
fn contrast(browser: &Browser) -> Vec<(String, f64)> {
    let found = browser.run(
        "const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).map((c) => c / 255)
             .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
             return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
         const ground = (one) => { for (; one; one = one.parentElement) {
             const colour = getComputedStyle(one).backgroundColor;
             if (!colour.startsWith('rgba(0, 0, 0, 0')) return colour; } return 'rgb(255, 255, 255)'; };
         return ['h1', '.purl', '.mark', '.why', 'dt', 'dd', '.reasons b', '.reasons code', '.answers th', '.answers td', '.step']
           .flatMap((which) => [...document.querySelectorAll(which)].map((one) => {
             const [a, b] = [light(getComputedStyle(one).color), light(ground(one))].sort((a, b) => b - a);
             return [which, (a + 0.05) / (b + 0.05)]; }))",
    );
    let found = found.as_array().expect("a list").clone();
    assert!(found.len() > 20, "{found:?}");
    found.iter().map(|pair| (pair[0].to_string(), pair[1].as_f64().expect("a number"))).collect()
}

/// A file name; all systems but Windows can hold it.
const HOSTILE: &str = "<img src=x onerror=window.hacked=1>";
