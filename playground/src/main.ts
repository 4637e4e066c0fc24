/** Puts the page together. */

import './style/base.css';
import './style/layout.css';
import './style/panels.css';

import { mount as editor, write } from './editor/manifest.ts';
import { load } from './examples.ts';
import { notify } from './notice.ts';
import * as banner from './panels/banner.ts';
import * as bar from './panels/bar.ts';
import * as effective from './panels/effective.ts';
import * as findings from './panels/findings.ts';
import * as profiles from './panels/profiles.ts';
import * as repair from './panels/repair.ts';
import * as request from './panels/request.ts';
import * as settings from './panels/settings.ts';
import * as tabs from './panels/tabs.ts';
import * as preferences from './preferences.ts';
import * as session from './session.ts';
import * as dialog from './share/dialog.ts';
import { decoded } from './share/fragment.ts';
import { words } from './words.ts';

/** What a reader sees first. */
const FIRST = 'charts/elasticsearch';

const part = (id: string) => document.querySelector<HTMLElement>(`#${id}`)!;

/** Restores what a link holds, or shows the first example. */
async function restore(): Promise<void> {
  const fragment = location.hash.slice(1);
  if (!fragment) return load(FIRST);
  try {
    const shared = await decoded(fragment);
    session.settings.set(shared.settings);
    session.profile.set(shared.profile);
    session.assumeEci.set(shared.assumeEci);
    write(shared.text);
  } catch {
    await load(FIRST);
    notify(words().linkBroken);
  }
}

preferences.begin();
editor(part('manifest'), notify);
bar.mount(part('bar'), dialog.open);
banner.mount(part('banner'));
tabs.mount(part('results'), [
  ['findings', findings.mount],
  ['repair', repair.mount],
  ['effective', effective.mount],
  ['profiles', profiles.mount],
  ['request', request.mount],
  ['settings', settings.mount],
]);
session.isStale.watch((isStale) => part('results').setAttribute('aria-busy', String(isStale)));
addEventListener('hashchange', restore);
await restore();
session.begin();
