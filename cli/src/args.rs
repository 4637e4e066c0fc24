//! What the command line says.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// Tells what Alibaba Cloud's Elastic Container Instance (ECI) will do with a pod's security context, before the
/// cluster sees the pod.
#[derive(Debug, Parser)]
#[command(name = "eci-policy", version, max_term_width = 110, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to colour the output.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Global options"
    )]
    pub(crate) color: ColorWhen,
}

const EXAMPLES: &str = "\
Examples:
  eci-policy check deploy/                          what the policy will say of the manifests in a folder
  helm template shop charts/shop | eci-policy check -
  eci-policy check --format sarif . > eci.sarif     for code scanning
  eci-policy fix --diff deploy/                     what would be repaired; without --diff, repairs it
  eci-policy show pod.yaml                          what ECI will really run
  eci-policy explain privileged                     why, with the source, and the way out

It ends with 0 where nothing is denied, with 1 where something is, and with 2 where something could not be done.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judges manifests, as the policy will at admission.
    Check(Check),
    /// Repairs manifests in place, as the policy would repair the pods.
    Fix(Fix),
    /// Prints the documentation of a rule; without one, the table of the rules.
    Explain(Explain),
    /// Shows what ECI will really run.
    Show(Show),
    /// Converts a `docker run` command to a pod, or a pod to ECI's OpenAPI.
    Convert(Convert),
    /// Shows which verdicts change between two revisions of ECI's rules, and why.
    Diff(Diff),
    /// Judges manifests with a Kubewarden module, in the host that Kubewarden embeds.
    #[cfg(feature = "run")]
    Run(Run),
    /// Prints the JSON Schema of the settings, for editors.
    Schema,
    /// Prints the completions of a shell.
    #[command(after_help = "\
Example:
  eci-policy completions bash >~/.local/share/bash-completion/completions/eci-policy")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, and without NO_COLOR in the environment.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// By what is judged.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Judging")]
pub(crate) struct SettingsArgs {
    /// The settings of the policy: a YAML or JSON file, or the manifest of a ClusterAdmissionPolicy or
    /// AdmissionPolicy.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// The revision of ECI's rules, in place of that of the settings.
    #[arg(long, value_name = "DATE")]
    pub(crate) profile: Option<String>,
    /// Takes every pod for one of ECI, as `scope.assumeEci: true` does.
    #[arg(long)]
    pub(crate) assume_eci: bool,
}

/// What is read.
#[derive(Debug, Default, Args)]
pub(crate) struct PathArgs {
    /// Files, directories (of which the .yaml, .yml and .json files are read, but those that ignore files name),
    /// or - for standard input.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

/// What comments may do: `# eci-policy: allow RULE reason`, on a line or above it.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Suppressions")]
pub(crate) struct SuppressionArgs {
    /// Reports what comments allow, too.
    #[arg(long)]
    pub(crate) no_suppressions: bool,
    /// Reports what comments allow without giving a reason.
    #[arg(long)]
    pub(crate) require_reason: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eci-policy check pod.yaml
  helm template shop charts/shop | eci-policy check -
  eci-policy check --settings deploy/virtual-nodes/mutating.yaml --format github .
  eci-policy check --assume-eci --strict deploy/

A comment on a line or above it, `# eci-policy: allow RULE reason`, takes back what the rule finds there.")]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) input: PathArgs,
    /// How to report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReportFormat,
    /// Ends with 1 for warnings, repairs and suppressions without effect, too.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(flatten)]
    pub(crate) suppressions: SuppressionArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people.
    Text,
    /// For programs: one JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands, which GitHub shows at the lines of a pull request.
    Github,
    /// JUnit XML, for CI systems that show tests.
    Junit,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eci-policy fix --diff deploy/
  eci-policy fix deploy/
  eci-policy fix --rule root-filesystem pod.yaml

Repaired is what has the action `fix`; with --rule, everything that the rule can repair.")]
pub(crate) struct Fix {
    #[command(flatten)]
    pub(crate) input: PathArgs,
    /// Shows what would change, and writes nothing.
    #[arg(long)]
    pub(crate) diff: bool,
    /// Repairs what this rule finds, and nothing else. May be repeated.
    #[arg(long = "rule", value_name = "RULE")]
    pub(crate) rules: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(flatten)]
    pub(crate) suppressions: SuppressionArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eci-policy explain                                the table of the rules
  eci-policy explain privileged")]
pub(crate) struct Explain {
    /// The rule.
    pub(crate) rule: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eci-policy show pod.yaml
  helm template shop charts/shop | eci-policy show --format json -")]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) input: PathArgs,
    /// How to show it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DataFormat,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataFormat {
    /// A table, for people.
    Text,
    /// JSON, for programs.
    Json,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("direction").args(["from", "to"]).required(true)))]
#[command(after_help = "\
Examples:
  eci-policy convert --to create-container-group pod.yaml
  eci-policy convert --to create-container-group --format json pod.yaml
  eci-policy convert --from docker-run 'docker run --user 1000 --cap-add NET_ADMIN nginx' | eci-policy check -

Remarks on standard error name the parts of the input that cannot be converted.")]
pub(crate) struct Convert {
    /// What to convert from.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) from: Option<ConvertFrom>,
    /// What to convert to.
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: Option<ConvertTo>,
    /// With --to, how to write the parameters.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "flat",
        conflicts_with = "from"
    )]
    pub(crate) format: ParameterFormat,
    /// With --from, the command as one argument or several. With --to, a manifest. Use - for standard input.
    #[arg(
        value_name = "INPUT",
        required = true,
        allow_hyphen_values = true,
        trailing_var_arg = true
    )]
    pub(crate) input: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConvertFrom {
    /// A `docker run` command, which becomes a pod.
    DockerRun,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConvertTo {
    /// The security parameters of ECI's CreateContainerGroup.
    CreateContainerGroup,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ParameterFormat {
    /// One `Name=value` a line, as in a query.
    Flat,
    /// JSON, as the SDKs have it.
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eci-policy diff --from 2024-02-26 deploy/
  eci-policy diff --from 2024-02-26 --to 2026-04-01 --format json pod.yaml

It ends with 1 where a verdict changes.")]
pub(crate) struct Diff {
    /// The revision of ECI's rules before.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: String,
    /// The revision of ECI's rules after.
    #[arg(long, value_name = "DATE", default_value = "latest")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) input: PathArgs,
    /// How to show it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DataFormat,
    /// The settings of the policy, the profile aside.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Takes every pod for one of ECI, as `scope.assumeEci: true` does.
    #[arg(long)]
    pub(crate) assume_eci: bool,
}

#[cfg(feature = "run")]
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  eci-policy run --module policy.wasm --settings settings.yaml deploy/

It ends with 0 where the module denies nothing, with 1 where it denies something, and with 2 where something could not be
judged.")]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) input: PathArgs,
    /// The module.
    #[arg(long, value_name = "FILE", default_value = "policy.wasm")]
    pub(crate) module: PathBuf,
    /// The settings of the policy: a YAML or JSON file, or the manifest of a ClusterAdmissionPolicy.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}
