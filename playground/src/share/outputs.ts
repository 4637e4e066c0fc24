/** What other programs take: a draft of an issue, and a workflow that checks with the same settings. */

import { words } from '../words.ts';
import type { Shared } from './fragment.ts';

export const REPOSITORY = 'https://github.com/eci-security-context/eci-security-context';
/** GitHub refuses longer addresses. */
const LONGEST = 7500;

/** Returns the address of a draft. The end of a long text is left out. */
export function issue({ text, settings }: Shared, version: string): { url: string; isShortened: boolean } {
  const block = (content: string) => `\`\`\`\`yaml\n${content.trimEnd()}\n\`\`\`\`\n\n`;
  const address = (part: string) => {
    const used = settings.trim() && `settings:\n\n${block(settings)}`;
    const body = `${block(part)}${used}${words().engine(version)}\n\n${words().issueExpected}\n\n`;
    return `${REPOSITORY}/issues/new?${new URLSearchParams({ title: words().issueTitle, body })}`;
  };
  // The longest beginning that fits, by halving.
  let [fits, tooLong] = [0, text.length + 1];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (address(text.slice(0, middle)).length <= LONGEST) fits = middle;
    else tooLong = middle;
  }
  return { url: address(text.slice(0, fits)), isShortened: fits < text.length };
}

/** Returns a workflow of GitHub, and the configuration with the settings if there are any. */
export function workflow({ settings, profile, assumeEci }: Shared, version: string): string {
  const args = [profile && `--profile=${profile}`, assumeEci && '--assume-eci'].filter(Boolean);
  const lines = [
    '# .github/workflows/eci-policy.yml',
    'on: pull_request',
    'permissions: {}',
    'jobs:',
    '  eci-policy:',
    '    runs-on: ubuntu-latest',
    '    permissions:',
    '      contents: read',
    '      security-events: write',
    '    steps:',
    '      - uses: actions/checkout@v5',
    `      - uses: eci-security-context/eci-security-context@v${version}`,
    '        with:',
    '          paths: .',
    ...(settings.trim() ? ['          settings: eci-policy-settings.yaml'] : []),
    ...(args.length > 0 ? ['          args: |', ...args.map((arg) => `            ${arg}`)] : []),
    ...(settings.trim() ? ['', '# eci-policy-settings.yaml', settings.trimEnd()] : []),
  ];
  return `${lines.join('\n')}\n`;
}
