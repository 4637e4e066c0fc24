/** Two profiles side by side: the verdicts that differ, and the differences that are the reason. */

import { type Child, button, choice, h, row, table } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { Action, Diff, Range } from '../engine/engine.ts';
import { reveal } from '../editor/manifest.ts';
import { about } from '../session.ts';
import { known, words } from '../words.ts';
import { panel } from './tabs.ts';

/** The chosen profiles; by default, the oldest and the newest. */
let [from, to] = ['', ''];

export const mount = panel(async ({ text, options: { profile: _, ...options } }, refresh) => {
  const profiles = about.get()?.profiles ?? [];
  from ||= profiles.at(-1) ?? '';
  to ||= profiles[0] ?? '';
  const diff = await call('diff', [text, from, to, options]);
  const names = profiles.map((name) => [name, name]);
  const choose = (id: string, label: string, value: string, set: (name: string) => void) =>
    choice(id, label, names, value, (name) => {
      set(name);
      refresh();
    });
  const older = choose('from', words().profileFrom, from, (name) => (from = name));
  const newer = choose('to', words().profileTo, to, (name) => (to = name));
  return diff && [h('div', { class: 'actions' }, older, newer), ...verdicts(diff), ...reasons(diff)];
});

function verdicts({ changed, objects, from, to }: Diff): Child[] {
  const badge = (action: Action) => h('span', { class: `badge ${action}` }, words().action[action]);
  const action = (name?: Action) => (name ? badge(name) : h('span', { class: 'where' }, words().notFound));
  const place = (label: string, range: Range) => button(label, () => reveal(range, true), { class: 'plain' });
  const verdict = (name: string) => known(words().verdict, name) ?? name;
  const rows = changed.flatMap(({ object, range, before, after, changes }) => [
    row(place(object, range), [verdict(before), verdict(after)], { class: 'object' }),
    ...changes.map((change) => {
      const line = place(words().line(change.line), change.range);
      const head = [line, ` ${change.message} `, h('span', { class: 'where' }, change.rule)];
      return row(head, [action(change.before), action(change.after)]);
    }),
  ]);
  const { sameVerdict, changedVerdicts, finding } = words();
  return [
    h('p', { role: 'status' }, rows.length > 0 ? changedVerdicts(changed.length, objects) : sameVerdict(objects)),
    rows.length > 0 && table(finding, [finding, from, to], rows),
  ];
}

function reasons({ reasons, sources, from, to }: Diff): Child[] {
  const { differences, sources: title } = words();
  const rows = reasons.map((reason) => row(reason.of, [reason.from, reason.to]));
  const documents = [from, to].map((name, index) => [h('dt', {}, name), h('dd', {}, sources[index])]);
  return [
    rows.length > 0 && [h('h2', {}, differences), table(differences, [differences, from, to], rows)],
    from !== to && [h('h2', {}, title), h('dl', { class: 'sources' }, ...documents)],
  ];
}
