/** The bar at the top: what to check, by which profile, and the page's own settings. */

import { button, choice, h, link, replace } from '../dom.ts';
import { MOST } from '../editor/editor.ts';
import { write } from '../editor/manifest.ts';
import { load, names } from '../examples.ts';
import { notify } from '../notice.ts';
import { THEMES, theme } from '../preferences.ts';
import { about, profile } from '../session.ts';
import { REPOSITORY } from '../share/outputs.ts';
import { known, language, words } from '../words.ts';

const SIGNS = { auto: '◐', light: '☀', dark: '☾' };

/** Puts the bar into an element. `share` opens the dialog. */
export function mount(host: HTMLElement, share: () => void): void {
  const render = () =>
    replace(
      host,
      h('h1', {}, words().title),
      h('p', { class: 'tagline' }, words().tagline),
      examples(),
      opener(),
      profiles(),
      button(words().share, share, { 'data-focus': 'share' }),
      h('span', { class: 'end' }, ...pageControls()),
    );
  for (const value of [language, theme, about, profile]) value.watch(render);
  render();
}

function examples(): HTMLElement {
  const { chooseExample, exampleGroups, exampleNames } = words();
  const rules = about.get()?.rules.map(({ id }) => id) ?? [];
  const group = (kind: keyof typeof exampleGroups, of: string[]) => {
    const options = of.map((name) => h('option', { value: `${kind}/${name}` }, known(exampleNames, name) ?? name));
    return of.length > 0 && h('optgroup', { label: exampleGroups[kind] }, ...options);
  };
  const choose = async (event: Event) => {
    const select = event.target as HTMLSelectElement;
    if (!select.value) return;
    select.ariaBusy = 'true';
    await load(select.value);
    select.ariaBusy = 'false';
  };
  return h(
    'select',
    { 'aria-label': words().examples, onchange: choose, 'data-focus': 'examples' },
    h('option', { value: '' }, chooseExample),
    group('charts', names('charts')),
    group('inputs', names('inputs')),
    group('bad', rules),
    group('good', rules),
  );
}

function opener(): HTMLElement {
  const accept = '.yaml,.yml,.json,.txt,text/*';
  const input = h('input', { type: 'file', hidden: true, 'aria-label': words().open, accept });
  input.addEventListener('change', async () => {
    const [file] = input.files ?? [];
    input.value = '';
    if (file) await open(file);
  });
  return h(
    'span',
    {},
    button(words().open, () => input.click(), { 'data-focus': 'open' }),
    input,
  );
}

async function open(file: File): Promise<void> {
  if (file.size > MOST) return notify(words().tooLarge(Math.ceil(file.size / (1 << 20)), MOST >> 20));
  try {
    write(new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer()));
  } catch {
    notify(words().notText);
  }
}

function profiles(): HTMLElement {
  const names = about.get()?.profiles ?? (profile.get() ? [profile.get()] : []);
  const values = [['', words().profileOfSettings], ...names.map((name) => [name, name])];
  return choice('profile', words().profile, values, profile.get(), (name) => profile.set(name));
}

function pageControls(): HTMLElement[] {
  const next = THEMES[(THEMES.indexOf(theme.get()) + 1) % THEMES.length]!;
  const version = about.get()?.version;
  const label = words().theme[theme.get()];
  return [
    button(words().language, () => language.set(language.get() === 'zh' ? 'en' : 'zh'), {
      'aria-label': `${words().language} – ${words().languageLabel}`,
      'data-focus': 'language',
    }),
    button(SIGNS[theme.get()], () => theme.set(next), { 'aria-label': label, title: label, 'data-focus': 'theme' }),
    h('span', { class: 'version' }, link(REPOSITORY, version ? words().engine(version) : 'GitHub')),
  ];
}
