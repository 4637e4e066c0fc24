/** The dialog that shares and exports. */

import { type Child, button, h, link, replace } from '../dom.ts';
import { call } from '../engine/client.ts';
import { copy, notify } from '../notice.ts';
import { about } from '../panels/bar.ts';
import { assumeEci, options, profile, settings, text } from '../session.ts';
import { words } from '../words.ts';
import { encoded } from './fragment.ts';
import { issue, workflow } from './outputs.ts';

const dialog = h('dialog', { 'aria-labelledby': 'share-title' });

/** Opens the dialog. */
export function open(): void {
  dialog.isConnected || document.body.append(dialog);
  const version = about.get()?.version ?? '';
  const shared = { text: text.get(), settings: settings.get(), profile: profile.get(), assumeEci: assumeEci.get() };
  const draft = issue({ ...shared, version });
  const ci = workflow({ ...shared, version });
  const copyAndClose = async (copied: string) => {
    dialog.close();
    await copy(copied);
  };
  replace(
    dialog,
    h('h2', { id: 'share-title' }, words().shareTitle),
    h(
      'dl',
      {},
      entry(button(words().shareLink, () => shareLink().then(copyAndClose), { class: 'primary' }), words().shareLinkHint),
      entry(link(draft.url, words().shareIssue), words().shareIssueHint, draft.isShortened && ` ${words().issueShortened}`),
      entry(button(words().shareSarif, downloadSarif), words().shareSarifHint),
      entry(
        h('details', {}, h('summary', {}, words().shareCi), h('pre', { tabindex: 0 }, h('code', {}, ci)), button(words().copyCi, () => copyAndClose(ci))),
        words().shareCiHint,
      ),
    ),
    button(words().close, () => dialog.close()),
  );
  dialog.showModal();
}

function entry(action: Child, ...hint: Child[]): Child[] {
  return [h('dt', {}, action), h('dd', { class: 'where' }, ...hint)];
}

/** Puts the text into the address, and returns the address. */
async function shareLink(): Promise<string> {
  const fragment = await encoded({ text: text.get(), settings: settings.get(), profile: profile.get(), assumeEci: assumeEci.get() });
  history.replaceState(null, '', `#${fragment}`);
  return location.href;
}

async function downloadSarif(): Promise<void> {
  try {
    const sarif = await call('sarif', [text.get(), options()]);
    if (!sarif) return;
    const href = URL.createObjectURL(new Blob([sarif], { type: 'application/sarif+json' }));
    h('a', { href, download: 'eci-policy.sarif' }).click();
    URL.revokeObjectURL(href);
  } catch (error) {
    dialog.close();
    notify((error as Error).message);
  }
}
