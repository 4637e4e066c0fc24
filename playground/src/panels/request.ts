/** The security part of the pod as ECI's API CreateContainerGroup takes it. */

import { button, h, replace } from '../dom.ts';
import { call } from '../engine/client.ts';
import { copy } from '../notice.ts';
import { judgement } from '../session.ts';
import { words } from '../words.ts';

let format: 'flat' | 'json' = 'flat';

export function mount(body: HTMLElement): () => void {
  const refresh = async () => {
    const current = judgement.get();
    const say = (...messages: string[]) => replace(body, ...messages.map((message) => h('p', { class: 'message' }, message)));
    if (current.state === 'loading') return say(words().loading);
    const text = current.state === 'checked' ? current.text : '';
    const converted = await call('convert', [text, { to: 'create-container-group', format }]).catch((error: Error) => say(words().noRequest, error.message));
    if (!converted || judgement.get() !== current) return;
    const choose = (name: typeof format, label: string) =>
      button(
        label,
        () => {
          format = name;
          void refresh();
        },
        { 'aria-pressed': String(format === name), class: 'toggle', 'data-focus': name },
      );
    replace(
      body,
      h('p', {}, words().requestIntro),
      h(
        'div',
        { class: 'actions' },
        choose('flat', words().asLines),
        choose('json', words().asJson),
        button(words().copy, () => copy(converted.text), { 'data-focus': 'copy' }),
      ),
      h('div', { class: 'output' }, h('pre', { tabindex: 0 }, h('code', {}, converted.text))),
      converted.remarks.length > 0 && h('ul', { class: 'remarks' }, ...converted.remarks.map((remark) => h('li', {}, remark))),
    );
  };
  return refresh;
}
