/** Editors. Each lives in a shadow root, where style sheets need no exception from the Content-Security-Policy. */

import { yaml } from '@codemirror/lang-yaml';
import { indentService } from '@codemirror/language';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { basicSetup } from 'codemirror';

import { language, phrases, words } from '../words.ts';
import { look } from './theme.ts';

/** Everything that every editor has. YAML's mode reads JSON too. */
export const common: Extension = [
  yaml(),
  look,
  lineNumbers(),
  EditorView.contentAttributes.of({ tabindex: '0', autocapitalize: 'off', autocorrect: 'off', spellcheck: 'false' }),
];

/** Indents below a key without a value, which YAML's mode does not. */
const indentation = indentService.of((context, position) => {
  const { text } = context.lineAt(position, -1);
  const [lead = ''] = /^\s*(- +)*/.exec(text) ?? [];
  return /:\s*$/.test(text) ? lead.length + 2 : undefined;
});

/**
 * Typing over several lines. A browser would merge the lines by itself, with inline styles that the
 * Content-Security-Policy reports.
 */
const typingOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { from, to } = view.state.selection.main;
    const isPlain = event.inputType === 'insertText' && event.data !== null && !event.isComposing;
    if (!isPlain || to <= view.state.doc.lineAt(from).to) return false;
    view.dispatch(view.state.replaceSelection(event.data!), { userEvent: 'input.type', scrollIntoView: true });
    return true;
  },
});

// The Tab key leaves the editor, as everywhere on the page.
const typing: Extension = [typingOver, indentation, basicSetup];

/** Returns the root of an element's shadow tree. */
export function shadow(host: HTMLElement): ShadowRoot {
  return host.shadowRoot ?? host.attachShadow({ mode: 'open' });
}

/** Puts an editor into an element. `label` is its name for screen readers. */
export function editor(host: HTMLElement, label: () => string, extensions: Extension): EditorView {
  const root = shadow(host);
  const spoken = new Compartment();
  const said = () => [EditorView.contentAttributes.of({ 'aria-label': label() }), phrases()];
  const view = new EditorView({ parent: root, root, extensions: [typing, common, spoken.of(said()), extensions] });
  language.watch(() => view.dispatch({ effects: spoken.reconfigure(said()) }));
  return view;
}

/** Replaces the whole text, as one step that can be undone. */
export function setText(view: EditorView, text: string): void {
  if (view.state.sliceDoc() === text) return;
  const changes = { from: 0, to: view.state.doc.length, insert: text };
  view.dispatch({ changes, selection: { anchor: 0 }, scrollIntoView: true });
}

/** The most text that an editor takes, in UTF-16 units. */
export const MOST = 4 << 20;

/** Refuses text that is too large, and reports it. */
export function limit(refuse: (message: string) => void): Extension {
  const tooLarge = (length: number) => {
    if (length <= MOST) return false;
    refuse(words().tooLarge(Math.ceil(length / (1 << 20)), MOST >> 20));
    return true;
  };
  return [
    // Before the editor splits the text into lines, which takes seconds.
    EditorView.domEventHandlers({
      paste: (event) => {
        const length = event.clipboardData?.getData('text/plain').length ?? 0;
        if (!tooLarge(length)) return false;
        event.preventDefault();
        return true;
      },
    }),
    EditorState.changeFilter.of((transaction) => !tooLarge(transaction.changes.newLength)),
  ];
}
