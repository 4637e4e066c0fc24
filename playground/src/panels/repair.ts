/** The repair, side by side with the text as it is written, and the edits of each finding. */

import { MergeView, unifiedMergeView } from '@codemirror/merge';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

import { button, h, replace } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { Fixed } from '../engine/engine.ts';
import { common, shadow } from '../editor/editor.ts';
import { apply, line, reveal } from '../editor/manifest.ts';
import { copy } from '../notice.ts';
import { type Judgement, judgement, listed } from '../session.ts';
import { phrases, words } from '../words.ts';

/** Two texts do not fit side by side on a narrower screen. */
const WIDE = matchMedia('(min-width: 700px)');
const COLLAPSED = { margin: 3, minSize: 5 };

type Judged = Extract<Judgement, { state: 'checked' }>;

export function mount(body: HTMLElement): () => void {
  const head = h('div');
  const sides = h('div', { class: 'sides' });
  body.append(head, sides);
  let drawn: { destroy(): void } | undefined;

  const clear = (message: string) => {
    replace(head, h('p', { class: 'message' }, message));
    sides.hidden = true;
  };
  return async () => {
    const current = judgement.get();
    if (current.state !== 'checked') return clear(current.state === 'failed' ? current.failure.message : words().loading);
    const fixed = await call('fix', [current.text, current.options]).catch((error: Error) => clear(error.message));
    if (!fixed || judgement.get() !== current) return;
    replace(head, ...summary(current, fixed));
    sides.hidden = fixed.edits.length === 0;
    drawn?.destroy();
    drawn = sides.hidden ? undefined : draw(sides, current.text, fixed.text);
  };
}

function summary({ checked }: Judged, fixed: Fixed): (Node | string | false)[] {
  const repairable = listed(checked).filter(({ finding }) => finding.fix && !finding.suppressed);
  return [
    h('p', {}, fixed.findings > 0 ? words().repairable(fixed.findings) : words().noRepair, fixed.errors > 0 && ` ${words().remaining(fixed.errors)}`),
    ...fixed.problems.map(({ message, help }) => h('p', { class: 'where' }, help ? `${message}: ${help}` : message)),
    fixed.edits.length > 0 &&
      h(
        'div',
        { class: 'actions' },
        button(words().repairAll, () => apply(fixed.edits), { class: 'primary', 'data-focus': 'all' }),
        button(words().copyRepaired, () => copy(fixed.text), { 'data-focus': 'copy' }),
      ),
    repairable.length > 0 &&
      h(
        'ul',
        { class: 'repairs' },
        ...repairable.map(({ key, finding: { message, range, fix } }) =>
          h(
            'li',
            {},
            button(words().repairOne, () => apply(fix!.edits), { 'aria-label': `${words().repairOne}: ${message}`, 'data-focus': key }),
            h('span', {}, message, h('br'), h('span', { class: 'where' }, fix!.title)),
            button(words().line(line(range.from)), () => reveal(range, true), { class: 'plain', 'data-focus': `${key} line` }),
          ),
        ),
      ),
  ];
}

function draw(host: HTMLElement, before: string, after: string): { destroy(): void } {
  const root = shadow(host);
  const side = (label: string): Extension => [
    common,
    phrases(),
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ 'aria-label': label }),
  ];
  if (!WIDE.matches) {
    const unified = unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: COLLAPSED });
    return new EditorView({ parent: root, root, doc: after, extensions: [side(words().after), unified] });
  }
  return new MergeView({
    parent: root,
    root,
    a: { doc: before, extensions: side(words().before) },
    b: { doc: after, extensions: side(words().after) },
    collapseUnchanged: COLLAPSED,
  });
}
