/** A finding: its effect, its reason, and what can be done about it. */

import { type Child, button, h } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { TextFinding } from '../engine/engine.ts';
import { apply, line, reveal } from '../editor/manifest.ts';
import { notify } from '../notice.ts';
import { judgement, options, settings, text } from '../session.ts';
import { type Added, approval } from '../settings/approval.ts';
import { extended, parsed } from '../settings/document.ts';
import { words } from '../words.ts';
import { rulePage } from './rule.ts';
import { tab } from './tabs.ts';

/** Returns what the list shows below a finding. */
export function detail(finding: TextFinding, key: string): HTMLElement {
  const { rule, effect, path, help, note, fix, range, suppressed } = finding;
  const { onEci, help: helpIs, fixIs, note: noteIs, field } = words();
  const facts: [string, Child][] = [
    [onEci, [h('strong', {}, words().effect[effect]), ` – ${words().effectMeaning[effect]}`]],
    [helpIs, help],
    [fixIs, fix?.title],
    [noteIs, suppressed ? `${words().suppressedBy}: ${suppressed.reason}` : note],
    [field, h('code', {}, path)],
  ];
  const approvals = approval(text.get(), finding);
  const focus = (name: string) => ({ 'data-focus': `${key} ${name}` });
  const actions = [
    fix && button(words().repair, () => apply(fix.edits), { class: 'primary', ...focus('repair') }),
    button(words().goTo(line(range.from)), () => reveal(range, true), focus('line')),
    approvals.length > 0 && button(words().approve, () => approve(finding, approvals), focus('approve')),
    !suppressed && suppression(finding, focus('suppress')),
  ];
  const known = facts.filter(([, fact]) => fact).map(([name, fact]) => [h('dt', {}, name), h('dd', {}, fact)]);
  const parts = [h('dl', {}, ...known), h('div', { class: 'actions' }, ...actions), rulePage(rule)];
  return h('div', { class: 'detail' }, ...parts);
}

/** Adds an approval to the settings, if the profile has it. */
async function approve({ rule, path, action }: TextFinding, added: Added[]): Promise<void> {
  const current = judgement.get();
  if (current.state !== 'checked') return;
  const approved = extended(settings.get(), added);
  const checked = await call('check', [current.text, { ...current.options, settings: parsed(approved) }], 'approval');
  const isSame = (left: TextFinding) => left.rule === rule && left.path === path && left.action === action;
  const isLeft = checked?.objects.some(({ findings }) => findings.some((left) => isSame(left) && !left.fix));
  if (isLeft !== false) return notify(words().noApproval);
  settings.set(approved);
  notify(words().approvedDone);
  tab.set('settings');
}

/** Returns the button that asks for a reason, and writes the comment. */
function suppression({ rule, range }: TextFinding, focus: Record<string, string>): HTMLElement {
  const reason = h('input', { type: 'text', value: words().suppressDefault });
  const submit = async (event: Event) => {
    event.preventDefault();
    const edit = await call('suppress', [text.get(), { rule, range }, reason.value.trim(), options()]);
    if (edit) apply([edit]);
    else notify(words().cannotSuppress);
  };
  const label = h('label', {}, `${words().suppressReason} `, reason);
  const form = h('form', { onsubmit: submit, hidden: true }, label, h('button', {}, words().suppressApply));
  const toggle = () => {
    form.hidden = !form.hidden;
    open.ariaExpanded = String(!form.hidden);
    if (!form.hidden) reason.select();
  };
  const open = button(words().suppress, toggle, { 'aria-expanded': 'false', ...focus });
  return h('div', { class: 'suppression' }, open, form);
}
