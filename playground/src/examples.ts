/** The examples: files of the folder examples/, and the manifests in the pages of the rules. */

import { type Tokens, lexer } from 'marked';

import { write } from './editor/manifest.ts';
import type { RuleId } from './engine/engine.ts';
import { explain } from './engine/explain.ts';
import { notify } from './notice.ts';
import { settings } from './session.ts';

const files = import.meta.glob<string>('../examples/*/*', { query: '?raw', import: 'default' });

/** Returns the names of the files in a folder of examples. */
export function names(folder: string): string[] {
  const paths = Object.keys(files).filter((path) => path.startsWith(`../examples/${folder}/`));
  return paths.map((path) => path.replace(/^.*\//, '').replace(/\..*$/, ''));
}

/** The settings that came with an example. */
let lent = '';

/**
 * Loads an example: `charts/NAME` and `inputs/NAME` are files, `bad/RULE` and `good/RULE` are in the page of a rule. The
 * reader's own settings stay, except for the example of a rule.
 */
export async function load(id: string): Promise<void> {
  const path = Object.keys(files).find((file) => file.startsWith(`../examples/${id}.`));
  try {
    const text = path ? await files[path]?.() : await ofRule(id);
    if (text === undefined) return;
    // A page writes the settings of a manifest above it.
    const [, own = ''] = /^# settings: (.*\n)/m.exec(text) ?? [];
    if (!path || settings.get() === lent) {
      settings.set(own);
      lent = own;
    }
    write(text);
  } catch (error) {
    notify((error as Error).message);
  }
}

async function ofRule(id: string): Promise<string | undefined> {
  const [kind, rule] = id.split('/');
  const page = await explain(rule as RuleId);
  const isWanted = (token: { type: string; lang?: string }) => token.type === 'code' && token.lang === `yaml ${kind}`;
  const block = lexer(page?.docs ?? '').find(isWanted) as Tokens.Code | undefined;
  return block && `${block.text}\n`;
}
