/** The examples: files of the folder examples/, and the manifests in the pages of the rules. */

import { type Tokens, lexer } from 'marked';

import { explain } from './panels/rule.ts';

const files = import.meta.glob<string>('../examples/*/*', { query: '?raw', import: 'default' });

export interface Example {
  text: string;
  /** Settings that belong to it, in YAML. */
  settings: string;
}

/** Returns the names of the files in a folder of examples. */
export function names(folder: string): string[] {
  const paths = Object.keys(files).filter((path) => path.startsWith(`../examples/${folder}/`));
  return paths.map((path) => path.replace(/^.*\//, '').replace(/\..*$/, ''));
}

/** Returns an example: `charts/NAME` and `inputs/NAME` are files, `bad/RULE` and `good/RULE` are in a rule's page. */
export async function example(id: string): Promise<Example | undefined> {
  const path = Object.keys(files).find((file) => file.startsWith(`../examples/${id}.`));
  const text = path ? await files[path]?.() : await ofRule(id);
  if (text === undefined) return undefined;
  // A page writes the settings of a manifest above it.
  const [, settings] = /^# settings: (.*)$/m.exec(text) ?? [];
  return { text, settings: settings ? `${settings}\n` : '' };
}

async function ofRule(id: string): Promise<string | undefined> {
  const [kind, rule = ''] = id.split('/');
  const page = await explain(rule);
  const isWanted = (token: { type: string; lang?: string }) => token.type === 'code' && token.lang === `yaml ${kind}`;
  const block = lexer(page?.docs ?? '').find(isWanted) as Tokens.Code | undefined;
  return block && `${block.text}\n`;
}
