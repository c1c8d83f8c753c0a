//! A picture in SVG, drawn by ourselves: columns from the roots to the target, and curves between them.

use super::super::markup::Plain;
use super::{Figure, FigureKind, Picture};

/// The box of one certificate.
const WIDTH: usize = 300;
const HEIGHT: usize = 52;
/// What is between boxes.
const BESIDE: usize = 150;
const BELOW: usize = 38;
const MARGIN: usize = 30;
/// What stands above the boxes.
const TITLE: usize = 40;
/// How wide a letter of the title is, about.
const LETTER: usize = 10;
/// How much of a name fits into a box.
const NAME: usize = 36;

/// A picture that stands alone, with its own style and white ground.
pub(super) fn draw(picture: &Picture) -> String {
    let title = Plain(&picture.title);
    let places = places(&picture.people);
    let boxes = right(picture) - 2 * MARGIN;
    let width = 2 * MARGIN + boxes.max(picture.title.chars().count() * LETTER);
    let height = bottom(&places);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n<title>{title}</title>\n<defs>{TIP}</defs>\n{STYLE}\n<rect width=\"{width}\" height=\"{height}\" \
         fill=\"#ffffff\"/>\n<text class=\"title\" x=\"{MARGIN}\" y=\"{TITLE}\">{title}</text>\n"
    );
    out.push_str(&figures(picture, &places));
    out.push_str("</svg>\n");
    out
}

/// A picture inside of a page, which brings the style, and [`TIP`] once.
pub(super) fn inline(picture: &Picture) -> String {
    let places = places(&picture.people);
    let top = TITLE;
    let (width, height) = (right(picture), bottom(&places) - top);
    let title = Plain(&picture.title);
    let figures = figures(picture, &places);
    format!(
        "<svg class=\"trust\" width=\"{width}\" height=\"{height}\" viewBox=\"0 {top} {width} {height}\" role=\"img\">\n\
         <title>{title}</title>\n{figures}</svg>\n"
    )
}

/// The curves with their labels, and the boxes.
fn figures(picture: &Picture, places: &[(usize, usize)]) -> String {
    let mut out = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| out.push_str(&format!("{text}\n"));
    for arrow in &picture.arrows {
        let ((x1, y1), (x2, y2)) = (places[arrow.from], places[arrow.to]);
        let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2);
        // A box that stands further left is reached by a wide bow.
        let bow = if x2 > x1 { (x2 - x1) / 2 } else { BESIDE };
        let (c1, c2) = (x1 + bow, x2.saturating_sub(bow));
        let dashes = if arrow.retired { " stroke-dasharray=\"6 4\"" } else { "" };
        line(format_args!(
            "<path class=\"arrow\" d=\"M{x1} {y1} C{c1} {y1} {c2} {y2} {x2} {y2}\" marker-end=\"url(#tip)\"{dashes}/>"
        ));
    }
    for arrow in &picture.arrows {
        let ((x1, y1), (x2, y2)) = (places[arrow.from], places[arrow.to]);
        // Clear of the box, where curves to one box have not met yet.
        let x = (3 * (x1 + WIDTH) + 2 * x2) / 5;
        let y = (2 * y1 + y2) / 3 + HEIGHT / 2 - 5;
        line(format_args!("<text class=\"label\" x=\"{x}\" y=\"{y}\">{}</text>", Plain(&arrow.label)));
    }
    for (figure, (x, y)) in picture.people.iter().zip(places) {
        let class = match figure.kind {
            FigureKind::Root => "root",
            FigureKind::Between => "between",
            FigureKind::Target => "target",
        };
        let (middle, first, second) = (x + WIDTH / 2, y + 22, y + 40);
        line(format_args!("<g><title>{}</title>", Plain(&figure.name)));
        line(format_args!(
            "<rect class=\"who {class}\" x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"8\"/>"
        ));
        line(format_args!("<text class=\"name\" x=\"{middle}\" y=\"{first}\">{}</text>", Plain(short(&figure.name))));
        let size = if figure.fingerprint.as_str().len() > 40 { " long" } else { "" };
        line(format_args!("<text class=\"hex{size}\" x=\"{middle}\" y=\"{second}\">{}</text></g>", figure.fingerprint));
    }
    out
}

/// How wide all boxes are, with the margins.
fn right(picture: &Picture) -> usize {
    let columns = picture.people.iter().map(|figure| figure.column + 1).max().unwrap_or(1);
    2 * MARGIN + columns * WIDTH + (columns - 1) * BESIDE
}

/// How high the picture is, with its title.
fn bottom(places: &[(usize, usize)]) -> usize {
    places.iter().map(|(_, y)| *y).max().unwrap_or(0) + HEIGHT + MARGIN
}

/// Where the upper left corner of each box is: each column in the middle of the highest one.
fn places(people: &[Figure]) -> Vec<(usize, usize)> {
    let in_column = |column| people.iter().filter(|figure| figure.column == column).count();
    let most = people.iter().map(|figure| in_column(figure.column)).max().unwrap_or(0);
    let step = HEIGHT + BELOW;
    people
        .iter()
        .enumerate()
        .map(|(place, figure)| {
            let row = people[..place].iter().filter(|before| before.column == figure.column).count();
            let free = (most - in_column(figure.column)) * step / 2;
            (MARGIN + figure.column * (WIDTH + BESIDE), TITLE + MARGIN + free + row * step)
        })
        .collect()
}

/// A name that fits into a box.
fn short(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    let kept: String = name.chars().take(NAME - 1).collect();
    format!("{kept}…")
}

/// The tip of an arrow.
pub(super) const TIP: &str = "<marker id=\"tip\" markerWidth=\"9\" markerHeight=\"9\" refX=\"8\" refY=\"4.5\" orient=\"auto\">\
<path class=\"tip\" d=\"M0 0 L9 4.5 L0 9 z\" fill=\"#55606e\"/></marker>";

const STYLE: &str = "<style>
text { font-family: system-ui, sans-serif; fill: #1c2430; }
.title { font-size: 17px; font-weight: 600; }
.name { font-size: 14px; text-anchor: middle; }
.hex { font-size: 10.5px; font-family: ui-monospace, monospace; text-anchor: middle; fill: #4a5563; }
.long { font-size: 7px; }
.label { font-size: 12px; text-anchor: middle; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
.arrow { fill: none; stroke: #55606e; stroke-width: 1.6; }
.who { stroke: #8a94a3; stroke-width: 1.2; }
.root { fill: #e3edfb; }
.between { fill: #f6f7f9; }
.target { fill: #e2f3e5; }
</style>";
