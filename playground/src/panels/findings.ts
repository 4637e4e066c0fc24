/** The findings, each with its effect, its reason and its edits. */

import { type Child, button, h, replace } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { TextFinding, TextProblem } from '../engine/engine.ts';
import { apply, line, reveal } from '../editor/manifest.ts';
import { notify } from '../notice.ts';
import { type Listed, judgement, listed, options, selected, settings, text } from '../session.ts';
import { approval } from '../settings/approval.ts';
import { extended, parsed } from '../settings/document.ts';
import { words } from '../words.ts';
import { rulePage } from './rule.ts';
import { tab } from './tabs.ts';

export function mount(body: HTMLElement): () => void {
  const list = h('ol', { class: 'findings', 'aria-label': words().tabs.findings });
  const rest = h('div');
  body.append(list, rest);
  list.addEventListener('keydown', (event) => move(list, event));

  const render = () => {
    const current = judgement.get();
    if (current.state !== 'checked') {
      replace(list);
      replace(rest, current.state === 'failed' && h('p', { class: 'message' }, current.failure.message));
      return;
    }
    const { checked } = current;
    replace(list, ...checked.problems.map(problem), ...listed(checked).map(item));
    replace(rest, list.childElementCount === 0 && h('p', { class: 'message' }, words().clean));
    list.setAttribute('aria-label', words().tabs.findings);
    list.hidden = list.childElementCount === 0;
  };
  selected.watch(() => {
    render();
    list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  });
  return render;
}

/** Moves the focus between the findings by arrow keys. */
function move(list: HTMLElement, event: KeyboardEvent): void {
  const heads = [...list.querySelectorAll<HTMLElement>('.head')];
  const index = heads.indexOf(event.target as HTMLElement);
  const target = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: heads.length - 1 }[event.key];
  if (index < 0 || target === undefined) return;
  event.preventDefault();
  heads[Math.max(0, Math.min(target, heads.length - 1))]?.focus();
}

function problem({ message, help, range, remark }: TextProblem): HTMLElement {
  const badge = h('span', { class: `badge ${remark ? 'warn' : 'deny'}` }, remark ? words().remark : words().problem);
  const head = h('span', { class: 'what' }, message);
  const where = range ? h('span', { class: 'where' }, words().line(line(range.from))) : null;
  const detail = help ? h('p', { class: 'where' }, help) : null;
  if (!range) return h('li', { class: 'problem' }, h('div', { class: 'head' }, badge, head), detail);
  const show = () => reveal(range, true);
  return h('li', { class: 'problem' }, button([badge, head, where], show, { class: 'head', 'data-focus': message }), detail);
}

function item({ key, object, finding }: Listed): HTMLElement {
  const isOpen = key === selected.get();
  const { rule, action, message, range, suppressed } = finding;
  const toggle = () => {
    selected.set(isOpen ? undefined : key);
    if (!isOpen) reveal(range);
  };
  const kind = suppressed ? 'audit' : action;
  return h(
    'li',
    { class: `finding ${kind}`, 'aria-current': isOpen ? 'true' : undefined },
    button(
      [
        h('span', { class: `badge ${kind}` }, suppressed ? words().suppressedBy : words().action[action]),
        h('span', { class: 'what' }, message),
        h('span', { class: 'where' }, `${words().line(line(range.from))} · ${rule} · ${object}`),
      ],
      toggle,
      { class: 'head', 'aria-expanded': String(isOpen), 'data-focus': key },
    ),
    isOpen && detail(finding, key),
  );
}

function detail(finding: TextFinding, key: string): HTMLElement {
  const { effect, path, help, note, fix, range, suppressed, action } = finding;
  const approvals = approval(text.get(), finding);
  const facts: [string, Child][] = [
    [words().onEci, [h('strong', {}, words().effect[effect]), ` – ${words().effectMeaning[effect]}`]],
    [words().help, help],
  ];
  if (fix) facts.push([words().fixIs, fix.title]);
  facts.push([words().note, suppressed ? `${words().suppressedBy}: ${suppressed.reason}` : (note ?? words().actionMeaning[action])]);
  facts.push([words().field, h('code', {}, path)]);
  const focus = (name: string) => ({ 'data-focus': `${key} ${name}` });
  return h(
    'div',
    { class: 'detail' },
    h('dl', {}, ...facts.filter(([, fact]) => fact).map(([name, fact]) => [h('dt', {}, name), h('dd', {}, fact)])),
    h(
      'div',
      { class: 'actions' },
      fix && button(words().repair, () => apply(fix.edits), { class: 'primary', ...focus('repair') }),
      button(words().goTo(line(range.from)), () => reveal(range, true), focus('line')),
      approvals.length > 0 && button(words().approve, () => approve(finding, approvals), focus('approve')),
      !suppressed && suppression(finding, focus('suppress')),
    ),
    rulePage(finding.rule),
  );
}

/** Adds an approval to the settings, if the profile has it. */
async function approve(finding: TextFinding, added: [string[], unknown][]): Promise<void> {
  const current = judgement.get();
  if (current.state !== 'checked') return;
  const extendedText = extended(settings.get(), added);
  const checked = await call('check', [current.text, { ...current.options, settings: parsed(extendedText) }], 'approval');
  const isSame = (other: TextFinding) => other.rule === finding.rule && other.path === finding.path && other.action === finding.action && !other.fix;
  if (!checked || checked.objects.some(({ findings }) => findings.some(isSame))) return notify(words().noApproval);
  settings.set(extendedText);
  notify(words().approvedDone);
  tab.set('settings');
}

/** Returns the button that asks for a reason, and writes the comment. */
function suppression({ rule, range }: TextFinding, focus: Record<string, string>): HTMLElement {
  const reason = h('input', { type: 'text', value: words().suppressDefault });
  const submit = async (event: Event) => {
    event.preventDefault();
    const current = judgement.get();
    if (current.state !== 'checked') return;
    const edit = await call('suppress', [current.text, { rule, range }, reason.value.trim(), options()]);
    if (edit) apply([edit]);
    else notify(words().cannotSuppress);
  };
  const form = h('form', { onsubmit: submit, hidden: true }, h('label', {}, `${words().suppressReason} `, reason));
  form.append(h('button', { type: 'submit' }, words().suppressApply));
  const open = button(
    words().suppress,
    () => {
      form.hidden = !form.hidden;
      open.setAttribute('aria-expanded', String(!form.hidden));
      if (!form.hidden) reason.select();
    },
    { 'aria-expanded': 'false', ...focus },
  );
  return h('div', { class: 'suppression' }, open, form);
}
