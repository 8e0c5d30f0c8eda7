//! The report as a picture: time on the processor relative to ONNX Runtime Web.

use std::fmt::Write as _;

use super::report::{Report, Row};

const WIDTH: f64 = 720.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 60.0;
const TOP: f64 = 64.0;
const BAR: f64 = 14.0;
const GAP: f64 = 12.0;
/// Of Okabe and Ito (2008): told apart by everyone.
const COLOURS: [&str; 5] = ["#0072b2", "#56b4e9", "#009e73", "#d55e00", "#cc79a7"];

/// Bars of `ratio_to_ort`, one thread on the processor, grouped by network and tile. Time goes to the right.
pub(crate) fn svg(report: &Report) -> String {
    let rows: Vec<(&Row, f64)> = report
        .rows
        .iter()
        .filter(|row| row.threads == 1 && !row.on_gpu() && row.engine != "ort-wasm")
        .filter_map(|row| Some((row, row.ratio_to_ort?)))
        .collect();
    let mut engines: Vec<&str> = Vec::new();
    let mut cases: Vec<(&str, u32, u32)> = Vec::new();
    for (row, _) in &rows {
        if !engines.contains(&row.engine.as_str()) {
            engines.push(&row.engine);
        }
        if !cases.contains(&row.case()) {
            cases.push(row.case());
        }
    }
    let longest = rows.iter().map(|(_, ratio)| *ratio).fold(1.0, f64::max);
    let x = |ratio: f64| LEFT + (WIDTH - LEFT - RIGHT) * ratio / longest;
    let group = engines.len() as f64 * BAR + GAP;
    let bottom = TOP + cases.len() as f64 * group;
    let height = bottom + 28.0;

    let mut body = String::new();
    for (index, engine) in engines.iter().enumerate() {
        let at = LEFT + index as f64 * 150.0;
        let colour = COLOURS[index % COLOURS.len()];
        let _ = writeln!(body, r#"<rect x="{at}" y="34" width="12" height="12" fill="{colour}"/>"#);
        text(&mut body, at + 17.0, 44.0, "start", engine);
    }
    for (place, case) in cases.iter().enumerate() {
        let top = TOP + place as f64 * group;
        text(&mut body, LEFT - 10.0, top + (group - GAP) / 2.0 + 4.0, "end", &format!("{} {}", case.0, case.1));
        for (index, engine) in engines.iter().enumerate() {
            let Some((_, ratio)) = rows.iter().find(|(row, _)| row.case() == *case && row.engine == *engine) else { continue };
            let (y, colour) = (top + index as f64 * BAR, COLOURS[index % COLOURS.len()]);
            let _ = writeln!(body, r#"<rect x="{LEFT}" y="{y}" width="{:.1}" height="{}" fill="{colour}"/>"#, x(*ratio) - LEFT, BAR - 2.0);
            text(&mut body, x(*ratio) + 5.0, y + 10.0, "start", &format!("{ratio:.2}"));
        }
    }
    let one = x(1.0);
    let _ = writeln!(body, r##"<line x1="{one:.1}" y1="{}" x2="{one:.1}" y2="{bottom}" stroke="#444" stroke-dasharray="4 3"/>"##, TOP - 6.0);
    text(&mut body, one, bottom + 14.0, "middle", "1 = ONNX Runtime Web");

    let mut title = String::new();
    text(&mut title, 16.0, 20.0, "start", "Time for a tile on the processor, one thread, relative to ONNX Runtime Web (shorter is faster)");
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">
<title>Time relative to ONNX Runtime Web; {}</title>
<rect width="{WIDTH}" height="{height}" fill="#fff"/>
{title}{body}</svg>
"##,
        escape(&report.machine)
    )
}

fn text(body: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(body, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#, escape(words));
}

/// Text for the inside of an element or a quoted attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::tests::report;

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape(r#"a<b> & "c""#), "a&lt;b&gt; &amp; &quot;c&quot;");
        assert!(svg(&report("0")).contains("a &lt;machine&gt;"));
    }

    #[test]
    fn bars_are_as_long_as_their_ratios() {
        let picture = svg(&report("0"));
        // A ratio of 0.3 of the 530 units that a ratio of 1 has; neither the reference nor WebGPU has a bar.
        assert_eq!(picture.matches(r#"width="159.0""#).count(), 1, "{picture}");
        assert_eq!(picture.matches("height=\"12\"").count(), 2, "a bar and its legend: {picture}");
        assert!(picture.contains(">0.30<") && picture.contains(">tiny 64<") && !picture.contains("inlarge-gpu"), "{picture}");
    }

    #[test]
    fn without_measurements_there_is_still_a_picture() {
        assert!(svg(&Report::default()).ends_with("</svg>\n"));
    }
}
