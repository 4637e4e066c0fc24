/** The page of a rule: the reason with its source, and a manifest that it finds. */

import { button, h, link, replace } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { Explained } from '../engine/engine.ts';
import { write } from '../editor/manifest.ts';
import { markdown } from '../markdown.ts';
import { words } from '../words.ts';

const pages = new Map<string, Explained>();
let isOpen = true;

/** Returns the page of a rule. It is filled when the engine has answered. */
export function rulePage(rule: string): HTMLElement {
  const body = h('div', { class: 'page' });
  const page = h('details', { class: 'rule', open: isOpen }, h('summary', {}, words().rulePage), body);
  page.addEventListener('toggle', () => (isOpen = page.open));
  const known = pages.get(rule);
  if (known) fill(body, known);
  else {
    void explain(rule).then(
      (explained) => explained && fill(body, explained),
      (error: Error) => replace(body, error.message),
    );
  }
  return page;
}

/** Returns the page of a rule from the engine, which is asked once. */
export async function explain(rule: string): Promise<Explained | undefined> {
  const known = pages.get(rule);
  if (known) return known;
  const explained = await call('explain', [rule as Explained['id']], `explain ${rule}`);
  if (explained) pages.set(rule, explained);
  return explained;
}

function fill(body: HTMLElement, { docs, url }: Explained): void {
  const example = ({ lang = '', text }: { lang?: string | undefined; text: string }) => {
    const kind = lang.split(' ')[1];
    return h(
      'figure',
      {},
      h(
        'figcaption',
        {},
        kind === 'bad' ? words().bad : kind === 'good' ? words().good : '',
        kind && button(words().tryIt, () => write(`${text}\n`)),
      ),
      h('pre', { tabindex: 0 }, h('code', {}, text)),
    );
  };
  replace(body, ...markdown(docs, example), h('p', {}, link(url, words().fullPage)));
}
