/** The tabs of the results, by the pattern of WAI-ARIA: one tab stop, and arrow keys. */

import { Value, h } from '../dom.ts';
import { judgement } from '../session.ts';
import { type Words, language, words } from '../words.ts';

export type TabId = keyof Words['tabs'];
/** Fills a panel, and returns the function that brings it up to date. */
export type Mount = (body: HTMLElement) => () => void;

export const tab = new Value<TabId>('findings');

/** Puts tabs into an element. */
export function mount(host: HTMLElement, mounts: [TabId, Mount][]): void {
  const list = h('div', { role: 'tablist' });
  const parts = mounts.map(([id, fill]) => {
    const head = h('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}` });
    head.addEventListener('click', () => tab.set(id));
    const body = h('div', { role: 'tabpanel', id: `panel-${id}`, 'aria-labelledby': `tab-${id}`, tabindex: 0 });
    list.append(head);
    host.append(body);
    return { id, head, body, refresh: fill(body) };
  });
  host.prepend(list);

  list.addEventListener('keydown', (event) => {
    const index = parts.findIndex(({ id }) => id === tab.get());
    const last = parts.length - 1;
    const target = { ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index === 0 ? last : index - 1, Home: 0, End: last }[event.key];
    const part = target === undefined ? undefined : parts[target];
    if (!part) return;
    event.preventDefault();
    tab.set(part.id);
    part.head.focus();
  });

  const refresh = () => parts.find(({ id }) => id === tab.get())?.refresh();
  const draw = () => {
    list.setAttribute('aria-label', words().results);
    for (const { id, head, body } of parts) {
      const isOpen = id === tab.get();
      head.textContent = words().tabs[id];
      head.setAttribute('aria-selected', String(isOpen));
      head.tabIndex = isOpen ? 0 : -1;
      body.hidden = !isOpen;
    }
    refresh();
  };
  tab.watch(draw);
  language.watch(draw);
  judgement.watch(refresh);
  draw();
}
