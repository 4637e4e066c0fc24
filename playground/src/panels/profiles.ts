/** Two profiles side by side: the verdicts that differ, and the differences that are the reason. */

import { type Child, button, choice, h, replace } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { Diff } from '../engine/engine.ts';
import { reveal } from '../editor/manifest.ts';
import { judgement } from '../session.ts';
import { words } from '../words.ts';
import { about } from './bar.ts';

let from = '';
let to = '';

export function mount(body: HTMLElement): () => void {
  const heads = h('div', { class: 'actions' });
  const result = h('div');
  body.append(heads, result);

  const say = (message: string) => replace(result, h('p', { class: 'message' }, message));
  const refresh = async () => {
    const current = judgement.get();
    const profiles = about.get()?.profiles;
    if (!profiles || current.state !== 'checked') return say(current.state === 'failed' ? current.failure.message : words().loading);
    from ||= profiles.at(-1)!;
    to ||= profiles[0]!;
    const values = profiles.map((name): [string, string] => [name, name]);
    const choose = (id: string, label: string, value: string, set: (value: string) => void) =>
      choice(id, label, values, value, (name) => {
        set(name);
        void refresh();
      });
    replace(
      heads,
      choose('from', words().profileFrom, from, (name) => (from = name)),
      choose('to', words().profileTo, to, (name) => (to = name)),
    );
    const { profile: _, ...options } = current.options;
    const diff = await call('diff', [current.text, from, to, options]).catch((error: Error) => say(error.message));
    if (diff && judgement.get() === current) replace(result, ...shown(diff));
  };
  return refresh;
}

function shown({ changed, objects, reasons, sources, from, to }: Diff): Child[] {
  const head = (...texts: string[]) => h('thead', {}, h('tr', {}, ...texts.map((text) => h('th', { scope: 'col' }, text))));
  const action = (name: keyof ReturnType<typeof words>['action'] | undefined) =>
    name ? h('span', { class: `badge ${name}` }, words().action[name]) : h('span', { class: 'where' }, words().notFound);
  const rows = changed.flatMap(({ object, range, before, after, changes }) => [
    h(
      'tr',
      { class: 'object' },
      h('th', { scope: 'row' }, button(object, () => reveal(range, true), { class: 'plain' })),
      h('td', {}, words().verdict[before] ?? before),
      h('td', {}, words().verdict[after] ?? after),
    ),
    ...changes.map((change) =>
      h(
        'tr',
        {},
        h('td', {}, button(words().line(change.line), () => reveal(change.range, true), { class: 'plain' }), ` ${change.message} `, h('span', { class: 'where' }, change.rule)),
        h('td', {}, action(change.before)),
        h('td', {}, action(change.after)),
      ),
    ),
  ]);
  const table = (children: Child[], label: string) =>
    h('div', { class: 'scrolls', tabindex: 0, role: 'group', 'aria-label': label }, h('table', {}, ...children));
  return [
    h('p', { role: 'status' }, changed.length > 0 ? words().changedVerdicts(changed.length, objects) : words().sameVerdict(objects)),
    rows.length > 0 && table([head(words().finding, from, to), h('tbody', {}, ...rows)], words().finding),
    reasons.length > 0 && [
      h('h2', {}, words().differences),
      table(
        [
          head('', from, to),
          h('tbody', {}, ...reasons.map((reason) => h('tr', {}, h('th', { scope: 'row' }, reason.of), h('td', {}, reason.from), h('td', {}, reason.to)))),
        ],
        words().differences,
      ),
    ],
    from !== to && [h('h2', {}, words().sources), h('dl', { class: 'sources' }, ...[from, to].map((name, index) => [h('dt', {}, name), h('dd', {}, sources[index])]))],
  ];
}
