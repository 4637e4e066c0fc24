/** The tabs of the results, by the pattern of WAI-ARIA: one tab stop, and arrow keys. */

import { type Child, Value, h, replace } from '../dom.ts';
import { type Judged, judgement } from '../session.ts';
import { type Words, language, words } from '../words.ts';

export type TabId = keyof Words['tabs'];
/** Fills a panel, and returns the function that brings it up to date. */
export type Mount = (body: HTMLElement) => () => void;

/**
 * Returns a panel whose content is made from the newest judgement. The content is `undefined` if a newer call takes its
 * place. `refresh` makes it again.
 */
export function panel(content: (judged: Judged, refresh: () => void) => Promise<Child[] | undefined>): Mount {
  return (body) => {
    const say = (message: string) => replace(body, h('p', { class: 'message' }, message));
    const refresh = async () => {
      const current = judgement.get();
      if (current.state === 'loading') return say(words().loading);
      if (current.state === 'failed') return say(current.failure.message);
      try {
        const made = await content(current, refresh);
        if (made && judgement.get() === current) replace(body, ...made);
      } catch (error) {
        say((error as Error).message);
      }
    };
    return refresh;
  };
}

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
    const targets = { ArrowRight: (index + 1) % parts.length, ArrowLeft: index - 1, Home: 0, End: -1 };
    const part = event.key in targets && parts.at(targets[event.key as keyof typeof targets]);
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
