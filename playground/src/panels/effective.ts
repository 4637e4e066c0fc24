/** The effective security context of each container: as written, as Kubernetes computes it, and as ECI runs it. */

import { type Child, button, h, replace } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { Field, Range, ShownContainer, ShownObject } from '../engine/engine.ts';
import { reveal } from '../editor/manifest.ts';
import { judgement, text } from '../session.ts';
import { valueAt } from '../settings/approval.ts';
import { words } from '../words.ts';

/**
 * The fields, with the values that Kubernetes gives to those that are not written ("Configure a Security Context for a Pod
 * or Container", and the API's reference); null is the image's.
 */
const FIELDS: Record<Field, unknown> = {
  runAsUser: null,
  runAsGroup: null,
  runAsNonRoot: false,
  privileged: false,
  allowPrivilegeEscalation: true,
  readOnlyRootFilesystem: false,
  procMount: 'Default',
};

/** The containers whose table is open at first. */
const OPEN = 6;

export function mount(body: HTMLElement): () => void {
  return async () => {
    const current = judgement.get();
    const say = (message: string) => replace(body, h('p', { class: 'message' }, message));
    if (current.state !== 'checked') return say(current.state === 'failed' ? current.failure.message : words().loading);
    const shown = await call('show', [current.text, current.options]).catch((error: Error) => say(error.message));
    if (!shown || judgement.get() !== current) return;
    const running = shown.objects.filter(({ containers, windows }) => containers || windows);
    if (running.length === 0) return say(words().nothingEffective);
    let left = OPEN;
    replace(body, ...running.map((object) => ofObject(object, () => left-- > 0)));
  };
}

function ofObject(object: ShownObject, isOpen: () => boolean): HTMLElement {
  const { kind, namespace, name, windows, instance, containers = [], sysctls = [], refused = [], scope } = object;
  const size = instance?.memoryKib ? `${instance.memoryKib / (1 << 20)} GiB` : words().unknownSize;
  return h(
    'section',
    { class: 'effective' },
    h(
      'h2',
      {},
      button(`${kind} ${namespace ? `${namespace}/` : ''}${name}`, () => reveal(object.range, true), { class: 'plain' }),
      ' ',
      h('span', { class: `chip ${scope.certainty}` }, words().scope[scope.certainty]),
    ),
    windows && h('p', {}, words().windows),
    refused.length > 0 && [
      h('p', { class: 'refused' }, words().refusedPod),
      h('ul', { class: 'refusals' }, ...refused.map(({ message, rule }) => h('li', {}, message, ' ', h('span', { class: 'where' }, rule)))),
    ],
    instance && h('p', { class: 'where' }, words().instance(size, instance.reason)),
    ...containers.map((container) => ofContainer(container, isOpen())),
    sysctls.length > 0 && ofSysctls(sysctls),
  );
}

function ofContainer(container: ShownContainer, isOpen: boolean): HTMLElement {
  const { name, list, sidecar, settings, written, range } = container;
  const rows = (Object.keys(FIELDS) as Field[]).map((field) => {
    const [eci, own, unwritten] = [settings[field], written[field], FIELDS[field]];
    const kubernetes = own ?? { value: unwritten, from: unwritten === null ? 'image' : 'default' };
    const differs = JSON.stringify(kubernetes.value) !== JSON.stringify(eci.value);
    return h(
      'tr',
      { class: differs && 'differs' },
      h('th', { scope: 'row' }, h('code', {}, field)),
      h('td', {}, own ? sourced(own.value, own.from) : words().unset),
      h('td', {}, sourced(kubernetes.value, kubernetes.from)),
      h('td', {}, sourced(eci.value, eci.from)),
    );
  });
  return h(
    'details',
    { open: isOpen, class: 'container' },
    h('summary', {}, `${sidecar ? words().sidecar : words().container[list]} `, h('strong', {}, name)),
    button(words().goToContainer, () => reveal(range, true), { class: 'plain where' }),
    table([words().setting, words().asWritten, words().asKubernetes, words().asEci], [...rows, ofCapabilities(container)]),
  );
}

function ofCapabilities({ range, capabilities: { asked, granted, refused } }: ShownContainer): HTMLElement {
  const { add = [], drop = [] } = writtenCapabilities(range);
  const lists = [...add.map((name) => `+${name}`), ...drop.map((name) => `−${name}`)];
  const set = ({ mask, names }: typeof granted, ...more: Child[]) => [h('code', {}, mask), h('div', { class: 'names' }, names.join(' '), ...more)];
  const missing = asked.names.filter((name) => !granted.names.includes(name));
  return h(
    'tr',
    { class: asked.mask !== granted.mask && 'differs' },
    h('th', { scope: 'row' }, h('code', {}, 'capabilities')),
    h(
      'td',
      {},
      h('div', { class: 'names' }, lists.join(' ') || words().unset),
      refused.length > 0 && h('div', { class: 'where' }, `${words().notGranted}: ${refused.join(', ')}`),
    ),
    h('td', {}, ...set(asked)),
    h('td', {}, ...set(granted, missing.length > 0 && [' ', h('del', {}, missing.join(' '))])),
  );
}

/** Returns the lists in the text of a container. */
function writtenCapabilities(range: Range): { add?: string[]; drop?: string[] } {
  const container = valueAt(text.get(), range) as { securityContext?: { capabilities?: object } } | null | undefined;
  return container?.securityContext?.capabilities ?? {};
}

function ofSysctls(sysctls: NonNullable<ShownObject['sysctls']>): HTMLElement {
  const rows = sysctls.map(({ name, value, channel, outcome }) =>
    h(
      'tr',
      { class: outcome !== 'taken' && 'differs' },
      h('th', { scope: 'row' }, h('code', {}, name)),
      h('td', {}, h('code', {}, value)),
      h('td', {}, words().channel[channel]),
      h('td', {}, words().outcome[outcome]),
    ),
  );
  return table([words().sysctls, words().sysctlValue, words().writtenIn, words().asEci], rows);
}

function table(heads: string[], rows: HTMLElement[]): HTMLElement {
  const head = h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)));
  // A wide table scrolls by itself, also by keyboard.
  return h('div', { class: 'scrolls', tabindex: 0, role: 'group', 'aria-label': heads[0] }, h('table', {}, h('thead', {}, head), h('tbody', {}, ...rows)));
}

function sourced(value: unknown, from: string): Child[] {
  const source = words().from[from] ?? from;
  if (value === null || value === undefined) return [h('span', { class: 'where' }, source)];
  return [h('code', {}, typeof value === 'string' ? value : JSON.stringify(value)), ' ', h('span', { class: 'where' }, source)];
}
