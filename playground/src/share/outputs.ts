/** What other programs take: a draft of an issue, and a workflow that checks with the same settings. */

export const REPOSITORY = 'https://github.com/eci-security-context/eci-security-context';
/** GitHub refuses longer addresses. */
const LONGEST = 7500;

/** Returns the address of a draft: the form `wrong-verdict.yml`, with texts for its fields. The ends of long texts are left out. */
export function issue(texts: Record<string, string>, version: string): { url: string; isShortened: boolean } {
  const address = (length: number) => {
    const fields = Object.entries(texts).map(([id, text]) => [id, text.slice(0, length)]);
    const query = new URLSearchParams([['template', 'wrong-verdict.yml'], ...fields, ['version', version]]);
    return `${REPOSITORY}/issues/new?${query}`;
  };
  let length = Math.min(LONGEST, Math.max(...Object.values(texts).map((text) => text.length)));
  while (address(length).length > LONGEST) length = Math.floor(length * 0.95);
  return { url: address(length), isShortened: Object.values(texts).some((text) => text.length > length) };
}

/** Returns a workflow of GitHub, and the file of the settings if there are any. */
export function workflow(settings: string, version: string): string {
  const workflow = `# .github/workflows/eci-policy.yml
on: pull_request
permissions: {}
jobs:
  eci-policy:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      security-events: write
    steps:
      - uses: actions/checkout@v5
      - uses: eci-security-context/eci-security-context@v${version}
        with:
          paths: .
`;
  if (settings.trim() === '') return workflow;
  return `${workflow}          settings: eci-policy-settings.yaml\n\n# eci-policy-settings.yaml\n${settings.trimEnd()}\n`;
}
