//! Charts as SVG that stands inside a page. Their colours are the page's style sheet's.

use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

/// A line without axes, for beside a number; empty where there is nothing to draw.
pub(super) fn spark(points: &[u64]) -> Markup {
    let most = points.iter().copied().max().unwrap_or(0);
    if points.len() < 2 || most == 0 {
        return html! {};
    }
    let (width, height) = (110, 22);
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        let x = |i: usize| 2 + (i as i32 * (width as i32 - 6)) / (points.len() as i32 - 1);
        let y = |n: u64| height as i32 - 3 - (n as f64 / most as f64 * (f64::from(height) - 6.0)).round() as i32;
        let line: Vec<(i32, i32)> = points.iter().enumerate().map(|(i, n)| (x(i), y(*n))).collect();
        let end = line.last().copied().unwrap_or_default();
        area.draw(&PathElement::new(line, BLACK)).and_then(|()| area.draw(&Circle::new(end, 2, BLACK.filled()))).and_then(|()| area.present()).is_ok()
    };
    let said = points.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    html! { @if drawn { span.spark role="img" aria-label=(said) title=(said) { (PreEscaped(svg)) } } }
}

/// A line of counts over time, with its colour's class.
pub(super) struct Line<'a> {
    pub class: &'static str,
    pub points: &'a [u64],
}

/// Lines over time with axes; `days` label the points.
pub(super) fn lines(days: &[String], all: &[Line<'_>], label: &str) -> Markup {
    let most = all.iter().flat_map(|l| l.points).copied().max().unwrap_or(0);
    if days.len() < 3 || most == 0 {
        return html! {};
    }
    let mut svg = String::new();
    let drawn = draw(&mut svg, days, all, most).is_some();
    html! { @if drawn { div.chart role="img" aria-label=(label) { (PreEscaped(svg)) } } }
}

fn draw(svg: &mut String, days: &[String], all: &[Line<'_>], most: u64) -> Option<()> {
    // The lines' colours are told apart by these and replaced by the style sheet's.
    const MARKS: [RGBColor; 2] = [RGBColor(200, 0, 1), RGBColor(0, 0, 200)];
    {
        let area = SVGBackend::with_string(svg, (720, 170)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .x_label_area_size(20)
            .y_label_area_size(34)
            .build_cartesian_2d(0..days.len() - 1, 0..most + most.div_ceil(12).max(1))
            .ok()?;
        let day = |i: &usize| days.get(*i).map_or_else(String::new, |d| d.get(5..).unwrap_or(d).to_owned());
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().x_labels(days.len().min(8)).y_labels(4).x_label_formatter(&day).light_line_style(TRANSPARENT).draw().ok()?;
        for (line, mark) in all.iter().zip(MARKS) {
            chart.draw_series(LineSeries::new(line.points.iter().copied().enumerate(), mark.stroke_width(2))).ok()?;
        }
        area.present().ok()?;
    }
    for (line, mark) in all.iter().zip(MARKS) {
        let colour = format!("stroke=\"#{:02X}{:02X}{:02X}\"", mark.0, mark.1, mark.2);
        *svg = svg.replace(&colour, &format!("class=\"{}\"", line.class));
    }
    Some(())
}

/// A bar as long as a count, with the interval that it is in.
pub(super) fn bar(count: u64, most: u64, interval: Option<(u64, u64)>, class: &'static str) -> Markup {
    let x = |n: u64| format!("{:.1}", n as f64 * 100.0 / most.max(1) as f64);
    html! {
        svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.(class) x="0" y="1" width=(x(count.min(most))) height="8" {}
            @if let Some((low, high)) = interval {
                line.interval x1=(x(low.min(most))) x2=(x(high.min(most))) y1="5" y2="5" {}
                line.interval x1=(x(low.min(most))) x2=(x(low.min(most))) y1="2" y2="8" {}
                line.interval x1=(x(high.min(most))) x2=(x(high.min(most))) y1="2" y2="8" {}
            }
        }
    }
}
