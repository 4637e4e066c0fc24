/** The reader's language and theme. The browser keeps them. */

import { Value } from './dom.ts';
import { language, words } from './words.ts';

export const THEMES = ['auto', 'light', 'dark'] as const;
export const theme = new Value<(typeof THEMES)[number]>('auto');

/** Restores the preferences, and keeps every change. */
export function begin(): void {
  const draw = () => {
    document.documentElement.lang = language.get() === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset.theme = theme.get();
    document.title = words().title;
  };
  language.watch(draw);
  theme.watch(draw);
  const isChinese = (kept('language') ?? navigator.language).startsWith('zh');
  language.set(isChinese ? 'zh' : 'en');
  theme.set(THEMES.find((name) => name === kept('theme')) ?? 'auto');
  draw();
  language.watch((value) => keep('language', value));
  theme.watch((value) => keep('theme', value));
}

// A browser may forbid storage, and the page does not need it.
function kept(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}
