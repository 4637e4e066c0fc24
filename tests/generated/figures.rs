//! The figures of the pages: what ECI does with each field, and where the policy stands.

use std::fmt::Write as _;

use eci_security_context::eci::field::{
    CONTAINER_IGNORED, IdentityField, POD_IGNORED, PROC_MOUNT, READ_ONLY_ROOT_FILESYSTEM,
};
use eci_security_context::eci::profile::PROFILES;

use super::*;

/// A drawing under way.
struct Figure {
    height: u32,
    shapes: String,
}

const WIDTH: u32 = 860;

/// The colours. Each kind of box also has a word, so a reader can do without them.
const STYLE: &str = "text { font: 14px sans-serif; fill: #1f2328 } .head { font-weight: bold } .small { font-size: 12px } \
    .mono { font-family: monospace; font-size: 13px } rect { rx: 4px; stroke-width: 1px } .page { fill: #ffffff; stroke: #d1d9e0 } \
    .read { fill: #dafbe1; stroke: #4ac26b } .lost { fill: #fff8c5; stroke: #d4a72c } .fixed { fill: #ddf4ff; stroke: #54aeff } \
    .ignored { fill: #eff2f5; stroke: #afb8c1 } .refused { fill: #ffebe9; stroke: #ff8182 } \
    .arrow { stroke: #59636e; stroke-width: 1.5px; fill: none; marker-end: url(#end) } #end path { fill: #59636e }";

impl Figure {
    fn new(height: u32) -> Self {
        let mut figure = Self {
            height,
            shapes: String::new(),
        };
        figure.rect("page", [0, 0, WIDTH, height]);
        figure
    }

    fn rect(&mut self, class: &str, [x, y, width, height]: [u32; 4]) {
        writeln!(
            self.shapes,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"/>"#
        )
        .unwrap();
    }

    fn text(&mut self, class: &str, anchor: &str, (x, y): (u32, u32), text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        writeln!(
            self.shapes,
            r#"<text class="{class}" text-anchor="{anchor}" x="{x}" y="{y}">{text}</text>"#
        )
        .unwrap();
    }

    /// A box with lines of text in its middle, of which the first is its title.
    fn titled(&mut self, class: &str, place: [u32; 4], lines: &[&str]) {
        self.rect(class, place);
        let [x, y, width, height] = place;
        let top = y + (height - 18 * u32::try_from(lines.len()).unwrap()) / 2 + 14;
        for (index, line) in lines.iter().enumerate() {
            let class = if index == 0 { "head" } else { "small" };
            let at = (x + width / 2, top + 18 * u32::try_from(index).unwrap());
            self.text(class, "middle", at, line);
        }
    }

    fn arrow(&mut self, path: &str) {
        writeln!(self.shapes, r#"<path class="arrow" d="{path}"/>"#).unwrap();
    }

    fn svg(&self, title: &str) -> String {
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{0}" viewBox="0 0 {WIDTH} {0}" role="img">
<title>{title}</title>
<style>{STYLE}</style>
<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>
{1}</svg>
"#,
            self.height, self.shapes
        )
    }
}

/// The treatment of a field at one level: the class of its box, and the words in it.
type Cell = Option<(&'static str, String)>;

fn cell(class: &'static str, words: &str) -> Cell {
    Some((class, words.to_owned()))
}

/// The rows of the figure: a field, and its cells for the pod, a container and an init container.
fn rows() -> Vec<(String, [Cell; 3])> {
    let profile = PROFILES.last().unwrap();
    let read = || cell("read", "read");
    let refused = |words: &str| cell("refused", words);
    let identity = IdentityField::ALL.into_iter().map(|field| {
        let cells = [
            match profile.pod_identity.reads(field) {
                true => read(),
                false => cell("lost", "lost: the policy copies it"),
            },
            match profile.container_identity.reads(field) {
                true => read(),
                false => cell("ignored", "no effect"),
            },
            match profile.init_container_identity.reads(field) {
                true => read(),
                false => cell("ignored", "no effect"),
            },
        ];
        (field.name().to_owned(), cells)
    });
    let both = |cell: Cell| [None, cell.clone(), cell];
    let granted = format!("{} granted, others refused", profile.capabilities.len());
    let fixed = |value: String| both(cell("fixed", &format!("documented as {value}")));
    let of_pod = |cell: Cell| [cell, None, None];
    let mut rows: Vec<_> = identity.collect();
    rows.extend([
        ("capabilities.add".to_owned(), both(cell("read", &granted))),
        ("capabilities.drop".to_owned(), both(read())),
        (
            "privileged: true".to_owned(),
            both(refused("refused without approval")),
        ),
        (
            "sysctls".to_owned(),
            of_pod(cell("read", "listed names read")),
        ),
        (
            "readOnlyRootFilesystem".to_owned(),
            fixed(READ_ONLY_ROOT_FILESYSTEM.to_string()),
        ),
        ("procMount".to_owned(), fixed(PROC_MOUNT.to_owned())),
    ]);
    let ignored = |fields: &[&str], field: &str| {
        fields
            .contains(&field)
            .then(|| ("ignored", "no effect".to_owned()))
    };
    let only_of_pods = POD_IGNORED
        .iter()
        .filter(|field| !CONTAINER_IGNORED.contains(field));
    rows.extend(CONTAINER_IGNORED.iter().chain(only_of_pods).map(|field| {
        let container = ignored(CONTAINER_IGNORED, field);
        (
            (*field).to_owned(),
            [ignored(POD_IGNORED, field), container.clone(), container],
        )
    }));
    rows.extend(
        ["hostNetwork, hostPID, hostIPC", "hostPath"]
            .map(|fields| (fields.to_owned(), of_pod(refused("refused")))),
    );
    rows
}

#[test]
fn the_figure_of_the_fields() {
    const ROW: u32 = 30;
    let rows = rows();
    let mut figure = Figure::new(60 + ROW * u32::try_from(rows.len()).unwrap());
    let columns = [310, 492, 674];
    figure.text("head", "start", (16, 32), "in the manifest");
    for (x, level) in
        columns
            .into_iter()
            .zip(["of the pod", "of a container", "of an init container"])
    {
        figure.text("head", "middle", (x + 85, 32), level);
    }
    for (index, (field, cells)) in rows.iter().enumerate() {
        let y = 46 + ROW * u32::try_from(index).unwrap();
        figure.text("mono", "start", (16, y + 18), field);
        for (x, (class, words)) in columns
            .into_iter()
            .zip(cells)
            .filter_map(|(x, cell)| Some((x, cell.as_ref()?)))
        {
            figure.rect(class, [x, y, 170, ROW - 5]);
            figure.text("small", "middle", (x + 85, y + 17), words);
        }
    }
    let title = "What ECI does with each field of a security context";
    held("docs/pictures/fields.svg", &figure.svg(title));
}

#[test]
fn the_figure_of_the_policy() {
    let mut figure = Figure::new(226);
    figure.titled(
        "ignored",
        [16, 92, 110, 66],
        &["kubectl", "or a controller"],
    );
    figure.rect("ignored", [166, 40, 462, 170]);
    figure.text("head", "start", (178, 62), "API server");
    for (class, x, width, lines) in [
        ("fixed", 180, 116, ["condition", "a signal of ECI?"]),
        ("lost", 318, 134, ["mutating policy", "repairs"]),
        (
            "refused",
            474,
            140,
            ["validating policy", "denies or warns"],
        ),
    ] {
        figure.titled(class, [x, 88, width, 74], &lines);
    }
    let runs = ["ECI", "runs the pod as written"];
    figure.titled("read", [674, 40, 170, 50], &runs);
    let not_asked = ["other nodes", "the policy is not asked"];
    figure.titled("ignored", [674, 160, 170, 50], &not_asked);
    for path in [
        "M126 125H178",
        "M296 125H316",
        "M452 125H472",
        "M614 125C650 125 640 65 672 65",
        "M238 162V185H672",
        "M544 88V22H71V90",
    ] {
        figure.arrow(path);
    }
    figure.text("small", "start", (132, 118), "pod");
    let denied = "denied: the rule, the field and the fix";
    figure.text("small", "middle", (300, 17), denied);
    figure.text("small", "start", (248, 180), "no");
    let title = "Where the policy stands between kubectl and ECI";
    held("docs/pictures/policy.svg", &figure.svg(title));
}
