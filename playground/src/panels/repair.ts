/** The repair, side by side with the text as it is written, and the edits of each finding. */

import { MergeView, unifiedMergeView } from '@codemirror/merge';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

import { type Child, button, h } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { Fixed } from '../engine/engine.ts';
import { common, shadow } from '../editor/editor.ts';
import { apply, line, reveal } from '../editor/manifest.ts';
import { copy } from '../notice.ts';
import { type Judged, type Listed, listed } from '../session.ts';
import { phrases, words } from '../words.ts';
import { panel } from './tabs.ts';

/** Two texts do not fit side by side on a narrower screen. */
const WIDE = matchMedia('(min-width: 700px)');
const COLLAPSED = { margin: 3, minSize: 5 };

let drawn: { destroy(): void } | undefined;

export const mount = panel(async ({ text, options, checked }) => {
  const fixed = await call('fix', [text, options]);
  return fixed && [...summary({ checked }, fixed), fixed.edits.length > 0 && diff(text, fixed.text)];
});

function summary({ checked }: Pick<Judged, 'checked'>, fixed: Fixed): Child[] {
  const { repairable, remaining, noRepair, repairAll, copyRepaired } = words();
  const left = fixed.errors > 0 && ` ${remaining(fixed.errors)}`;
  const apart = listed(checked).filter(({ finding }) => finding.fix && !finding.suppressed);
  return [
    h('p', {}, fixed.findings > 0 ? repairable(fixed.findings) : noRepair, left),
    ...fixed.problems.map(({ message, help }) => h('p', { class: 'where' }, help ? `${message}: ${help}` : message)),
    fixed.edits.length > 0 &&
      h(
        'div',
        { class: 'actions' },
        button(repairAll, () => apply(fixed.edits), { class: 'primary', 'data-focus': 'all' }),
        button(copyRepaired, () => copy(fixed.text), { 'data-focus': 'copy' }),
      ),
    h('ul', { class: 'repairs' }, ...apart.map(one)),
  ];
}

function one({ key, finding: { message, range, fix } }: Listed): HTMLElement {
  const label = `${words().repairOne}: ${message}`;
  return h(
    'li',
    {},
    button(words().repairOne, () => apply(fix?.edits ?? []), { 'aria-label': label, 'data-focus': key }),
    h('span', {}, message, h('br'), h('span', { class: 'where' }, fix?.title)),
    button(words().line(line(range.from)), () => reveal(range, true), { class: 'plain', 'data-focus': `${key} line` }),
  );
}

function diff(before: string, after: string): HTMLElement {
  const host = h('div', { class: 'sides' });
  const root = shadow(host);
  const side = (label: string): Extension => [
    common,
    phrases(),
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ 'aria-label': label }),
  ];
  drawn?.destroy();
  if (WIDE.matches) {
    const [a, b] = [
      { doc: before, extensions: side(words().before) },
      { doc: after, extensions: side(words().after) },
    ];
    drawn = new MergeView({ parent: root, root, a, b, collapseUnchanged: COLLAPSED });
  } else {
    const unified = unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: COLLAPSED });
    drawn = new EditorView({ parent: root, root, doc: after, extensions: [side(words().after), unified] });
  }
  return host;
}
