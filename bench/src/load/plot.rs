//! The picture of a measurement.

use std::error::Error;

use plotters::element::{DynElement, IntoDynElement};
use plotters::prelude::*;

use super::figures::{Latency, Run};

/// A line of the picture: its name, colour, marker and figure.
type Line = (&'static str, RGBColor, Marker, fn(&Latency) -> u64);

/// The lines, in colours and markers that colour-blind readers can distinguish: Okabe and Ito's, two of them darker.
static LINES: [Line; 4] = [
    ("max", RGBColor(0xa8, 0x4c, 0x82), Marker::Ring, |latency| {
        latency.max
    }),
    (
        "99%",
        RGBColor(0xd5, 0x5e, 0x00),
        Marker::Cross,
        |latency| latency.p99,
    ),
    (
        "90%",
        RGBColor(0x00, 0x80, 0x5c),
        Marker::Triangle,
        |latency| latency.p90,
    ),
    ("50%", RGBColor(0x00, 0x72, 0xb2), Marker::Dot, |latency| {
        latency.p50
    }),
];

const SIZE: (u32, u32) = (840, 460);
const FONT: &str = "sans-serif";
const MARKER: i32 = 4;

#[derive(Clone, Copy)]
enum Marker {
    Dot,
    Ring,
    Cross,
    Triangle,
}

impl Marker {
    fn at<DB, C>(self, at: C, colour: RGBColor) -> DynElement<'static, DB, C>
    where
        DB: DrawingBackend,
        C: Clone + 'static,
    {
        match self {
            Self::Dot => Circle::new(at, MARKER, colour.filled()).into_dyn(),
            Self::Ring => Circle::new(at, MARKER, colour.stroke_width(2)).into_dyn(),
            Self::Cross => Cross::new(at, MARKER, colour.stroke_width(2)).into_dyn(),
            Self::Triangle => TriangleMarker::new(at, MARKER + 1, colour.filled()).into_dyn(),
        }
    }
}

/// Returns the latency over the rate of requests as SVG, with a background so that it can be read on any page.
///
/// # Errors
/// If the library cannot draw.
pub(crate) fn svg(run: &Run) -> Result<String, Box<dyn Error>> {
    let ms = |us: u64| us as f64 / 1_000.0;
    let points = |of: fn(&Latency) -> u64| {
        run.rates
            .iter()
            .map(move |rate| (rate.rate as f64, ms(of(&rate.latency_us))))
            .collect::<Vec<_>>()
    };
    let deadline = run.deadline_ms as f64;
    let latencies = || {
        LINES
            .iter()
            .flat_map(|(_, _, _, of)| points(*of))
            .map(|(_, latency)| latency)
    };
    let low = latencies()
        .fold(deadline, f64::min)
        .max(0.001)
        .log10()
        .floor();
    let high = latencies()
        .fold(deadline, f64::max)
        .log10()
        .ceil()
        .max(low + 1.0);
    let right = run.rates.iter().map(|rate| rate.rate).max().unwrap_or(1) as f64 * 1.04;

    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(
                format!(
                    "Latency over the rate of requests: {} workers, {}",
                    run.workers, run.machine
                ),
                (FONT, 18),
            )
            .margin(14)
            .x_label_area_size(46)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..right, (10f64.powf(low)..10f64.powf(high)).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("requests a second")
            .y_desc("latency, milliseconds (logarithmic)")
            .x_label_formatter(&|rate| format!("{rate:.0}"))
            .y_label_formatter(&|latency| latency.to_string())
            .label_style((FONT, 13))
            .axis_desc_style((FONT, 14))
            .x_max_light_lines(1)
            .bold_line_style(BLACK.mix(0.16))
            .light_line_style(BLACK.mix(0.05))
            .draw()?;
        for (name, colour, marker, of) in &LINES {
            chart.draw_series(LineSeries::new(points(*of), colour.stroke_width(2)))?;
            chart
                .draw_series(
                    points(*of)
                        .into_iter()
                        .map(|point| marker.at(point, *colour)),
                )?
                .label(*name)
                .legend(move |(x, y)| marker.at((x + 8, y), *colour));
        }
        let dashes = DashedLineSeries::new(
            [(0.0, deadline), (right, deadline)],
            6,
            4,
            BLACK.mix(0.6).into(),
        );
        chart
            .draw_series(dashes)?
            .label(format!("deadline, {} ms", run.deadline_ms))
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], BLACK.mix(0.6)));
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font((FONT, 14))
            .background_style(WHITE)
            .border_style(BLACK.mix(0.4))
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use super::*;
    use crate::load::figures::Rate;
    use crate::load::figures::tests::run;

    #[test]
    fn it_has_titles_and_every_point() {
        let svg = svg(&run()).unwrap();
        for text in [
            "2 workers, linux x86_64, 2 cores",
            "requests a second",
            "latency, milliseconds",
            "99%",
            "deadline, 100 ms",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        let markers = svg.matches("<circle").count();
        assert_eq!(
            markers,
            2 * (run().rates.len() + 1),
            "a dot and a ring for each rate, and in the legend"
        );
    }

    #[test]
    fn it_has_axes_even_without_points() {
        for (deadline_ms, rates) in [
            (1, vec![]),
            (1_000, vec![]),
            (
                1,
                vec![Rate {
                    rate: 1,
                    ..run().rates[0].clone()
                }],
            ),
        ] {
            assert!(
                svg(&Run {
                    deadline_ms,
                    rates,
                    ..run()
                })
                .unwrap()
                .contains("requests a second")
            );
        }
    }
}
