/** The reader's language and theme. The browser keeps them. */

import { Value } from './dom.ts';
import { language, words } from './words.ts';

export const THEMES = ['auto', 'light', 'dark'] as const;
export const theme = new Value<(typeof THEMES)[number]>('auto');

const storage = storageOf(window);

/** Restores the preferences, and keeps every change. */
export function begin(): void {
  const draw = () => {
    document.documentElement.lang = language.get() === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset.theme = theme.get();
    document.title = words().title;
  };
  language.watch(draw);
  theme.watch(draw);
  const isChinese = (storage?.getItem('language') ?? navigator.language).startsWith('zh');
  language.set(isChinese ? 'zh' : 'en');
  theme.set(THEMES.find((name) => name === storage?.getItem('theme')) ?? 'auto');
  draw();
  language.watch((value) => storage?.setItem('language', value));
  theme.watch((value) => storage?.setItem('theme', value));
}

/** Returns the storage, which a browser may forbid. */
function storageOf(page: Window): Storage | undefined {
  try {
    return page.localStorage;
  } catch {
    return undefined;
  }
}
