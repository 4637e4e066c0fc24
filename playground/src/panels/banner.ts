/** The banner: whether each object runs on ECI, and the number of findings. It comes before everything else. */

import { button, h, replace } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { Checked, CheckedObject, Range, TextProblem } from '../engine/engine.ts';
import { reveal, write } from '../editor/manifest.ts';
import { notify } from '../notice.ts';
import { assumeEci, hasPod, judgement, text } from '../session.ts';
import { known, language, words } from '../words.ts';

/** The objects that are listed one by one. */
const SHOWN = 4;
const DOCKER_RUN = /^\s*(\$ *)?(sudo +)?(docker|podman) +(container +)?run\s/;

/** Puts the banner into an element. */
export function mount(host: HTMLElement): void {
  const render = () => replace(host, ...content());
  for (const value of [judgement, assumeEci, language]) value.watch(render);
  render();
}

function content(): (Node | string)[] {
  const current = judgement.get();
  if (current.state === 'loading') return [h('p', { class: 'scope' }, words().loading)];
  if (current.state === 'failed') {
    const { kind, message } = current.failure;
    const isSettings = kind === 'SettingsError' || kind === 'yaml';
    const said = isSettings ? words().settingsBroken : known(words().failure, kind);
    return [h('p', { class: 'scope failed', role: 'alert' }, said ?? message)];
  }
  if (DOCKER_RUN.test(current.text)) return [docker(current.text)];
  const { checked } = current;
  return [scopes(checked), h('p', { class: 'counts', role: 'status' }, counted(checked)), assumption()];
}

function docker(command: string): HTMLElement {
  const convert = async () => {
    try {
      const converted = await call('convert', [command, { to: 'manifest' }]);
      if (!converted || text.get() !== command) return;
      const remarks = converted.remarks.map((remark) => `# ${remark.replaceAll('\n', ' ')}\n`);
      write(remarks.join('') + converted.text);
    } catch (error) {
      notify((error as Error).message);
    }
  };
  const action = button(words().convertDocker, convert, { class: 'primary' });
  return h('div', { class: 'scope' }, h('p', {}, words().dockerRun), action);
}

function scopes({ objects, problems }: Checked): HTMLElement {
  if (objects.length === 0) return h('p', { class: 'scope' }, words().nothing);
  const list = (part: CheckedObject[]) => h('ul', {}, ...part.map((object) => scope(object, problems)));
  const more = objects.slice(SHOWN);
  const rest = h('details', {}, h('summary', {}, words().moreObjects(more.length)), list(more));
  return h('div', { class: 'scope' }, list(objects.slice(0, SHOWN)), more.length > 0 && rest);
}

function scope({ name, range, scope: placed }: CheckedObject, problems: TextProblem[]): HTMLElement {
  const isIn = (inner: Range | undefined) => inner && range.from <= inner.from && inner.to <= range.to;
  const isUnread = !placed && problems.some((problem) => !problem.remark && isIn(problem.range));
  const certainty = placed?.certainty ?? (isUnread ? 'unread' : 'none');
  return h(
    'li',
    {},
    h('span', { class: `chip ${certainty}` }, words().scope[certainty]),
    ' ',
    button(name, () => reveal(placed?.range ?? range, true), { class: 'plain', 'data-focus': `object ${name}` }),
    placed && ` ${words().because(placed.reason)}`,
  );
}

function counted(checked: Checked): string {
  const { objects, problems } = checked;
  const findings = objects.flatMap((object) => object.findings).filter(({ suppressed }) => !suppressed);
  const of = (action: string) => findings.filter((finding) => finding.action === action).length;
  const failed = problems.filter(({ remark }) => !remark).length;
  const counts = words().counts(of('deny') + failed, of('fix'), of('warn'));
  return counts || (hasPod(checked) ? words().clean : words().noFindings);
}

function assumption(): HTMLElement {
  return button(words().assume, () => assumeEci.set(!assumeEci.get()), {
    'aria-pressed': String(assumeEci.get()),
    title: words().assumeHint,
    'data-focus': 'assume',
    class: 'toggle',
  });
}
