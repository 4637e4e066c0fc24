/** The editor of the settings, with completion and the engine's errors. */

import { autocompletion } from '@codemirror/autocomplete';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorView, placeholder } from '@codemirror/view';

import { h, replace } from '../dom.ts';
import { editor, limit, setText } from '../editor/editor.ts';
import { notify } from '../notice.ts';
import { about, judgement, settings } from '../session.ts';
import { type Schema, completing } from '../settings/completion.ts';
import { located } from '../settings/document.ts';
import { words } from '../words.ts';

export function mount(body: HTMLElement): () => void {
  const intro = h('p');
  const state = h('p', { role: 'status' });
  const host = h('div', { class: 'settings' });
  body.append(intro, host, state);
  const view = editor(host, () => words().settingsEditor, [
    lintGutter(),
    limit(notify),
    placeholder('profile: latest'),
    autocompletion({ icons: false, override: [completing(() => about.get()?.settingsSchema as Schema | undefined)] }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) settings.set(update.state.sliceDoc());
    }),
  ]);
  setText(view, settings.get());
  settings.watch((text) => setText(view, text));

  return () => {
    replace(intro, words().settingsIntro);
    const current = judgement.get();
    const failure = current.state === 'failed' ? current.failure : undefined;
    const isWrong = failure?.kind === 'SettingsError' || failure?.kind === 'yaml';
    const message = isWrong ? failure.message : current.state === 'checked' ? words().settingsValid : '';
    replace(state, message);
    state.className = isWrong ? 'message failed' : 'message';
    const place = isWrong && located(view.state.sliceDoc(), failure);
    view.dispatch(setDiagnostics(view.state, place ? [{ ...place, severity: 'error', message }] : []));
  };
}
