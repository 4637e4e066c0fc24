/** The list of findings and problems, linked with their lines. */

import { button, h, replace } from '../dom.ts';
import type { TextProblem } from '../engine/engine.ts';
import { line, reveal } from '../editor/manifest.ts';
import { type Listed, hasPod, judgement, listed, selected } from '../session.ts';
import { words } from '../words.ts';
import { detail } from './finding.ts';

/** A longer list makes typing slow. */
const MOST = 500;

export function mount(body: HTMLElement): () => void {
  const list = h('ol', { class: 'findings' });
  const rest = h('p', { class: 'message' });
  body.append(list, rest);
  list.addEventListener('keydown', (event) => move(list, event));

  const render = () => {
    const current = judgement.get();
    const checked = current.state === 'checked' ? current.checked : { objects: [], problems: [] };
    const [problems, findings] = [checked.problems, listed(checked)];
    replace(list, ...problems.slice(0, MOST).map(problem), ...findings.slice(0, MOST).map(item));
    list.setAttribute('aria-label', words().tabs.findings);
    list.hidden = list.childElementCount === 0;
    const more = problems.length + findings.length - list.childElementCount;
    const none = hasPod(checked) ? words().clean : words().noFindings;
    const said = more > 0 ? words().moreFindings(more) : list.hidden && none;
    replace(rest, current.state === 'failed' ? current.failure.message : said);
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
  const parts = [
    h('span', { class: `badge ${remark ? 'warn' : 'deny'}` }, remark ? words().remark : words().problem),
    h('span', { class: 'what' }, message),
    range && h('span', { class: 'where' }, words().line(line(range.from))),
  ];
  const head = range
    ? button(parts, () => reveal(range, true), { class: 'head', 'data-focus': message })
    : h('div', { class: 'head' }, ...parts);
  return h('li', { class: 'problem' }, head, help && h('p', { class: 'where' }, help));
}

function item({ key, object, finding }: Listed): HTMLElement {
  const isOpen = key === selected.get();
  const { rule, action, message, range, suppressed } = finding;
  const toggle = () => {
    selected.set(isOpen ? undefined : key);
    if (!isOpen) reveal(range);
  };
  const kind = suppressed ? 'audit' : action;
  const parts = [
    h('span', { class: `badge ${kind}` }, suppressed ? words().suppressedBy : words().action[action]),
    h('span', { class: 'what' }, message),
    h('span', { class: 'where' }, `${words().line(line(range.from))} · ${rule} · ${object}`),
  ];
  const head = button(parts, toggle, { class: 'head', 'aria-expanded': String(isOpen), 'data-focus': key });
  return h('li', { class: kind, 'aria-current': isOpen && 'true' }, head, isOpen && detail(finding, key));
}
