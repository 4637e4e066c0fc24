/** The dialog that shares and exports. */

import { type Child, button, h, link, replace } from '../dom.ts';
import { call } from '../engine/client.ts';
import { copy, notify } from '../notice.ts';
import { about, assumeEci, judgement, listed, options, profile, settings, text } from '../session.ts';
import type { Added } from '../settings/approval.ts';
import { extended } from '../settings/document.ts';
import { words } from '../words.ts';
import { encoded } from './fragment.ts';
import { issue, workflow } from './outputs.ts';

const dialog = h('dialog', { 'aria-labelledby': 'share-title' });

/** Opens the dialog. */
export function open(): void {
  if (!dialog.isConnected) document.body.append(dialog);
  const version = about.get()?.version ?? '';
  const draft = issue({ manifest: text.get(), settings: allSettings(), actual: verdict() }, version);
  const ci = workflow(allSettings(), version);
  const copyAndClose = (copied: string) => {
    dialog.close();
    return copy(copied);
  };
  const said = words();
  const copyLink = button(said.shareLink, () => shareLink().then(copyAndClose), { class: 'primary' });
  const copyCi = button(said.copyCi, () => copyAndClose(ci));
  const code = h('pre', { tabindex: 0 }, h('code', {}, ci));
  const entries = [
    entry(copyLink, said.shareLinkHint),
    entry(link(draft.url, said.shareIssue), said.shareIssueHint, draft.isShortened && ` ${said.issueShortened}`),
    entry(button(said.shareSarif, downloadSarif), said.shareSarifHint),
    entry(h('details', {}, h('summary', {}, said.shareCi), code, copyCi), said.shareCiHint),
  ];
  const close = button(said.close, () => dialog.close());
  replace(dialog, h('h2', { id: 'share-title' }, said.shareTitle), h('dl', {}, ...entries), close);
  dialog.showModal();
}

function entry(action: Child, ...hint: Child[]): Child[] {
  return [h('dt', {}, action), h('dd', { class: 'where' }, ...hint)];
}

/** Returns the settings, with what is chosen beside them. */
function allSettings(): string {
  const chosen: Added[] = [];
  if (profile.get()) chosen.push([['profile'], profile.get()]);
  if (assumeEci.get()) chosen.push([['scope', 'assumeEci'], true]);
  return chosen.length > 0 ? extended(settings.get(), chosen) : settings.get();
}

/** Returns the findings as lines. */
function verdict(): string {
  const current = judgement.get();
  if (current.state !== 'checked') return '';
  const lines = listed(current.checked).map(
    ({ finding: { action, rule, path, message } }) => `${action} [${rule}] ${path}: ${message}`,
  );
  return lines.join('\n');
}

/** Puts the text into the address, and returns the address. */
async function shareLink(): Promise<string> {
  const shared = { text: text.get(), settings: settings.get(), profile: profile.get(), assumeEci: assumeEci.get() };
  history.replaceState(null, '', `#${await encoded(shared)}`);
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
