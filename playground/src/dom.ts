/** Elements, and values that announce their changes. */

export type Child = Node | string | number | false | null | undefined | Child[];
type Props = Record<string, unknown>;

/** Returns an element. `onclick` and the like are listeners; everything else is an attribute. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

/** Appends children. Text never becomes markup. */
function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.append(child);
    else if (child !== false && child !== null && child !== undefined) element.append(String(child));
  }
}

/**
 * Replaces the children of an element. The focus returns to the element with the same `data-focus`, or to the first one
 * if it is gone, so that a keyboard user is not sent to the top of the page.
 */
export function replace(element: HTMLElement, ...children: Child[]): void {
  const focused = document.activeElement;
  const key = focused instanceof HTMLElement && element.contains(focused) ? (focused.dataset.focus ?? '') : undefined;
  element.replaceChildren();
  append(element, children);
  if (key === undefined) return;
  const candidates = [...element.querySelectorAll<HTMLElement>('[data-focus]')];
  (candidates.find((candidate) => candidate.dataset.focus === key) ?? candidates[0] ?? element).focus();
}

/** Returns a button. */
export function button(label: Child, onclick: (event: MouseEvent) => void, props: Props = {}): HTMLButtonElement {
  return h('button', { type: 'button', onclick, ...props }, label);
}

type Choose = (value: string) => void;

/** Returns a choice with its label. `values` are pairs of a value and its name. */
export function choice(id: string, label: string, values: string[][], value: string, choose: Choose): HTMLElement {
  const options = values.map(([own, name]) => h('option', { value: own, selected: own === value }, name));
  const onchange = (event: Event) => choose((event.target as HTMLSelectElement).value);
  const select = h('select', { id, onchange, 'data-focus': id }, ...options);
  return h('span', { class: 'choice' }, h('label', { for: id }, label), select);
}

/** Returns a table that scrolls by itself, also by keyboard. */
export function table(label: string, heads: Child[], rows: HTMLElement[]): HTMLElement {
  const head = h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)));
  const whole = h('table', {}, h('thead', {}, head), h('tbody', {}, ...rows));
  return h('div', { class: 'scrolls', tabindex: 0, role: 'group', 'aria-label': label }, whole);
}

/** Returns a row of a table. */
export function row(head: Child, cells: Child[], props: Props = {}): HTMLElement {
  return h('tr', props, h('th', { scope: 'row' }, head), ...cells.map((cell) => h('td', {}, cell)));
}

/** Returns a link to another site. It opens in a new tab, so that the text stays. */
export function link(href: string, ...children: Child[]): HTMLAnchorElement {
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, ...children);
}

/** A value that calls its watchers when it changes. */
export class Value<T> {
  #value: T;
  readonly #watchers: ((value: T) => void)[] = [];

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of this.#watchers) watcher(value);
  }

  watch(watcher: (value: T) => void): void {
    this.#watchers.push(watcher);
  }
}
