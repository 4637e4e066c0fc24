/** A message of the page, which a screen reader speaks. It stays until it is closed or replaced. */

import { button, h, replace } from './dom.ts';
import { words } from './words.ts';

export function notify(message: string): void {
  const host = document.querySelector<HTMLElement>('#notice')!;
  const close = () => host.replaceChildren();
  replace(host, h('p', {}, message), button('×', close, { 'aria-label': words().close, class: 'plain' }));
}

/** Copies text, and reports whether the browser has done so. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify(words().copied);
  } catch {
    notify(words().notCopied);
  }
}
