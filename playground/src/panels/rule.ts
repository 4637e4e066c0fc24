/** The page of a rule: the reason with its source, and a manifest that it finds. */

import { button, h, link, replace } from '../dom.ts';
import type { Explained, RuleId } from '../engine/engine.ts';
import { explain } from '../engine/explain.ts';
import { load } from '../examples.ts';
import { markdown } from '../markdown.ts';
import { known, words } from '../words.ts';

let isOpen = true;

/** Returns the page of a rule. It is filled when the engine has answered. */
export function rulePage(rule: RuleId): HTMLElement {
  const body = h('div', { class: 'page' });
  const page = h('details', { class: 'rule', open: isOpen }, h('summary', {}, words().rulePage), body);
  page.addEventListener('toggle', () => (isOpen = page.open));
  explain(rule).then(
    (explained) => explained && replace(body, ...content(explained)),
    (error: Error) => replace(body, error.message),
  );
  return page;
}

function content({ id, docs, url }: Explained): (Node | string)[] {
  const example = ({ lang = '', text }: { lang?: string | undefined; text: string }) => {
    const kind = lang.split(' ')[1] ?? '';
    const title = known(words().exampleKinds, kind);
    const caption =
      title &&
      h(
        'figcaption',
        {},
        title,
        button(words().tryIt, () => load(`${kind}/${id}`)),
      );
    return h('figure', {}, caption, h('pre', { tabindex: 0 }, h('code', {}, text)));
  };
  return [h('div', {}, ...markdown(docs, example)), h('p', {}, link(url, words().fullPage))];
}
