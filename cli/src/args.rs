//! The arguments of the command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::ArgValueCandidates;
use eci_text::suppress::Suppressions;

use crate::completion;

/// Checks the security contexts of pods for Alibaba Cloud's Elastic Container Instance (ECI) before they reach a
/// cluster.
#[derive(Debug, Parser)]
#[command(name = "eci-policy", version, max_term_width = 110, after_help = EXAMPLES)]
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
  eci-policy check deploy/                          check the manifests in a folder
  helm template shop charts/shop | eci-policy check -
  eci-policy check --format sarif . > eci.sarif     report for code scanning
  eci-policy fix --diff deploy/                     show the repairs; without --diff, make them
  eci-policy show pod.yaml                          show how ECI runs the pod
  eci-policy explain privileged                     explain a rule, with its source and the fix

Exit code: 0 if nothing is denied, 1 if something is, 2 if something could not be done.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks manifests as the policy does at admission.
    Check(Check),
    /// Repairs manifests in place as the policy repairs pods.
    Fix(Fix),
    /// Prints the documentation of a rule, or the table of all rules.
    Explain(Explain),
    /// Shows how ECI runs the pods.
    Show(Show),
    /// Converts a `docker run` command to a pod, or a pod to ECI's OpenAPI.
    Convert(Convert),
    /// Shows the verdicts that change between two revisions of ECI's rules.
    Diff(Diff),
    /// Runs a Kubewarden module on manifests, in the host that Kubewarden embeds.
    #[cfg(feature = "run")]
    Run(Run),
    /// Runs a language server on standard input and output, for editors.
    Lsp(Lsp),
    /// Prints the rules for clusters without Kubewarden.
    Generate(Generate),
    /// Prints a JSON Schema, for editors and programs.
    Schema {
        /// The thing that it describes.
        #[arg(default_value = "settings")]
        of: SchemaOf,
    },
    /// Prints the completions of a shell.
    #[command(after_help = "\
Example:
  eci-policy completions bash >~/.local/share/bash-completion/completions/eci-policy")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page of the command, or of a subcommand.
    #[command(after_help = "\
Example:
  eci-policy man check | man -l -")]
    Man {
        /// The subcommand.
        subcommand: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eci-policy generate validating-admission-policy | kubectl apply -f -
  eci-policy generate validating-admission-policy --repair | kubectl apply -f -
  eci-policy generate gatekeeper --settings settings.yaml >eci-security-context.yaml")]
pub(crate) struct Generate {
    /// The form of the rules.
    pub(crate) kind: GenerateKind,
    /// Adds a MutatingAdmissionPolicy (Kubernetes 1.36 and newer) that makes the repairs.
    #[arg(long)]
    pub(crate) repair: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

/// The forms of the rules.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum GenerateKind {
    /// ValidatingAdmissionPolicies of Kubernetes 1.30 and newer, with their bindings.
    ValidatingAdmissionPolicy,
    /// ConstraintTemplates and constraints of Gatekeeper.
    Gatekeeper,
}

/// The schemas.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The settings of the policy.
    Settings,
    /// The file `.eci-policy.yaml`.
    Config,
    /// The report of `check --format json`.
    Report,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set in the environment.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The settings of the policy.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingsArgs {
    /// The settings of the policy: a YAML or JSON file, the manifest of a ClusterAdmissionPolicy or AdmissionPolicy, or
    /// the values of the chart.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// The revision of ECI's rules, instead of the one in the settings.
    #[arg(long, value_name = "DATE", add = ArgValueCandidates::new(completion::profiles))]
    pub(crate) profile: Option<String>,
    /// Treats every pod as one that runs on ECI, as `scope.assumeEci: true` does.
    #[arg(long)]
    pub(crate) assume_eci: bool,
    /// Does not read `.eci-policy.yaml`.
    #[arg(long)]
    pub(crate) no_config: bool,
    /// True for a subcommand that looks for Namespaces in its input.
    #[arg(skip)]
    pub(crate) has_namespaces: bool,
}

/// The input.
#[derive(Debug, Default, Args)]
pub(crate) struct PathArgs {
    /// Files, directories (their .yaml, .yml and .json files are read, except those in .gitignore and .ignore), or -
    /// for standard input.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Leaves out files and folders in directories, by a pattern as in .gitignore. May be repeated.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
}

/// Suppressions by comments: `# eci-policy: allow RULE reason`, on a line or above it.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Suppressions")]
pub(crate) struct SuppressionArgs {
    /// Also reports suppressed findings.
    #[arg(long)]
    pub(crate) no_suppressions: bool,
    /// Does not apply suppressions without a reason.
    #[arg(long)]
    pub(crate) require_reason: bool,
}

impl From<SuppressionArgs> for Suppressions {
    fn from(args: SuppressionArgs) -> Self {
        Self {
            are_off: args.no_suppressions,
            need_reason: args.require_reason,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eci-policy check pod.yaml
  helm template shop charts/shop | eci-policy check -
  eci-policy check --settings deploy/virtual-nodes/mutating.yaml --format github .
  eci-policy check --assume-eci --strict deploy/

The comment `# eci-policy: allow RULE reason`, on a line or above it, suppresses the findings of the rule there.")]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) input: PathArgs,
    /// The format of the report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReportFormat,
    /// Exit code 1 also for warnings, repairs and invalid suppressions, and where no pod was checked.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Exit code 0 also where something is denied, or would be with `strict`. A file that could not be judged is still
    /// exit code 2.
    #[arg(long, conflicts_with = "strict")]
    pub(crate) exit_zero: bool,
    /// Prints findings and errors alone, without remarks and the summary.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Also prints the findings that are only for the audit log.
    #[arg(long)]
    pub(crate) show_audit: bool,
    /// Does not report the findings that are in this file, which `--write-baseline` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Writes the findings to this file, for `--baseline`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "strict"])]
    pub(crate) write_baseline: Option<PathBuf>,
    /// Prints the configuration of each path, and checks nothing.
    #[arg(long)]
    pub(crate) show_config: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(flatten)]
    pub(crate) suppressions: SuppressionArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people.
    Text,
    /// One line for each finding.
    Concise,
    /// How often each rule was found.
    Statistics,
    /// For programs: one JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitLab's Code Quality.
    Gitlab,
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

Findings with the action `fix` are repaired; with --rule, all findings of the rule that have a repair.")]
pub(crate) struct Fix {
    #[command(flatten)]
    pub(crate) input: PathArgs,
    /// Shows the changes and writes nothing.
    #[arg(long)]
    pub(crate) diff: bool,
    /// Repairs the findings of this rule only. May be repeated.
    #[arg(long = "rule", value_name = "RULE", add = ArgValueCandidates::new(completion::rules_with_repair))]
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
    #[arg(add = ArgValueCandidates::new(completion::rules))]
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
    /// The format of the output.
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
    /// The format to convert from.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) from: Option<ConvertFrom>,
    /// The format to convert to.
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: Option<ConvertTo>,
    /// With --to, the format of the parameters.
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
    /// JSON, as the SDKs nest it.
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eci-policy diff --from 2024-02-26 deploy/
  eci-policy diff --from 2024-02-26 --to 2026-04-01 --format json pod.yaml

Exit code: 1 if a verdict changes.")]
pub(crate) struct Diff {
    /// The revision of ECI's rules before.
    #[arg(long, value_name = "DATE", add = ArgValueCandidates::new(completion::profiles))]
    pub(crate) from: String,
    /// The revision of ECI's rules after.
    #[arg(long, value_name = "DATE", default_value = "latest", add = ArgValueCandidates::new(completion::profiles))]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) input: PathArgs,
    /// The format of the output.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DataFormat,
    /// The settings of the policy; the profile in them is not used.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Treats every pod as one that runs on ECI, as `scope.assumeEci: true` does.
    #[arg(long)]
    pub(crate) assume_eci: bool,
    /// Does not read `.eci-policy.yaml`.
    #[arg(long)]
    pub(crate) no_config: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
An editor starts the server. docs/editors.md says how to set up Neovim, Helix, Zed and VS Code.")]
pub(crate) struct Lsp {
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

#[cfg(feature = "run")]
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  eci-policy run --module policy.wasm --settings settings.yaml deploy/

Exit code: 0 if the module denies nothing, 1 if it denies something, 2 if something could not be judged.")]
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
