/** The security part of the pod as ECI's API CreateContainerGroup takes it. */

import { button, h } from '../dom.ts';
import { call } from '../engine/client.ts';
import { copy } from '../notice.ts';
import { words } from '../words.ts';
import { panel } from './tabs.ts';

let format: 'flat' | 'json' = 'flat';

export const mount = panel(async ({ text }, refresh) => {
  const converted = await call('convert', [text, { to: 'create-container-group', format }]);
  if (!converted) return undefined;
  const choose = (name: typeof format, label: string) => {
    const onclick = () => {
      format = name;
      refresh();
    };
    return button(label, onclick, { 'aria-pressed': String(format === name), class: 'toggle', 'data-focus': name });
  };
  const copier = button(words().copy, () => copy(converted.text), { 'data-focus': 'copy' });
  return [
    h('p', {}, words().requestIntro),
    h('div', { class: 'actions' }, choose('flat', words().asLines), choose('json', words().asJson), copier),
    h('div', { class: 'output' }, h('pre', { tabindex: 0 }, h('code', {}, converted.text))),
    h('ul', {}, ...converted.remarks.map((remark) => h('li', {}, remark))),
  ];
});
