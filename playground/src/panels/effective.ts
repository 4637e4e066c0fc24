/** The effective security context of each container: as written, as Kubernetes computes it, and as ECI runs it. */

import { type Child, button, h, row, table } from '../dom.ts';
import { call } from '../engine/client.ts';
import type { Field, Range, ShownContainer, ShownObject } from '../engine/engine.ts';
import { reveal } from '../editor/manifest.ts';
import { valueAt } from '../editor/value.ts';
import { text } from '../session.ts';
import { known, words } from '../words.ts';
import { panel } from './tabs.ts';

/** The fields, from the most asked for. */
const FIELDS: Field[] = [
  'runAsUser',
  'runAsGroup',
  'runAsNonRoot',
  'privileged',
  'allowPrivilegeEscalation',
  'readOnlyRootFilesystem',
  'procMount',
];

/** A cell without a value. */
const UNSET = '–';

/** The containers whose table is open at first. */
const OPEN = 6;

export const mount = panel(async ({ text, options }) => {
  const shown = await call('show', [text, options]);
  const running = shown?.objects.filter(({ containers, windows }) => containers || windows);
  if (running?.length === 0) return [h('p', { class: 'message' }, words().nothingEffective)];
  let left = OPEN;
  return running?.map((object) => ofObject(object, () => left-- > 0));
});

function ofObject(object: ShownObject, isOpen: () => boolean): HTMLElement {
  const { kind, namespace, name, windows, instance, containers = [], sysctls = [], refused = [], scope } = object;
  const size = instance?.memoryKib ? `${instance.memoryKib / (1 << 20)} GiB` : words().unknownSize;
  const title = `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
  const reasons = refused.map(({ message, rule }) => h('li', {}, message, ' ', h('span', { class: 'where' }, rule)));
  return h(
    'section',
    { class: 'effective' },
    h(
      'h2',
      {},
      button(title, () => reveal(object.range, true), { class: 'plain' }),
      ' ',
      h('span', { class: `chip ${scope.certainty}` }, words().scope[scope.certainty]),
    ),
    windows && h('p', {}, words().windows),
    refused.length > 0 && [
      h('p', { class: 'refused' }, words().refusedPod),
      h('ul', { class: 'refusals' }, ...reasons),
    ],
    instance && h('p', { class: 'where' }, words().instance(size, instance.reason)),
    ...containers.map((container) => ofContainer(container, isOpen())),
    sysctls.length > 0 && ofSysctls(sysctls),
  );
}

function ofContainer(container: ShownContainer, isOpen: boolean): HTMLElement {
  const { name, list, sidecar, settings, kubernetes, written, range } = container;
  const rows = FIELDS.map((field) => {
    const [own, value, eci] = [written[field], kubernetes[field], settings[field]];
    const from = own?.from ?? (value === null ? 'image' : 'default');
    const cells = [own ? sourced(own) : UNSET, sourced({ value, from }), sourced(eci)];
    return compared(field, cells, JSON.stringify(value) !== JSON.stringify(eci.value));
  });
  const { setting, asWritten, asKubernetes, asEci } = words();
  return h(
    'details',
    { open: isOpen, class: 'container' },
    h('summary', {}, `${sidecar ? words().sidecar : words().container[list]} `, h('strong', {}, name)),
    button(words().goToContainer, () => reveal(range, true), { class: 'plain where' }),
    table(setting, [setting, asWritten, asKubernetes, asEci], [...rows, ofCapabilities(container)]),
  );
}

function ofCapabilities({ range, capabilities: { asked, granted, refused } }: ShownContainer): HTMLElement {
  const { add = [], drop = [] } = writtenCapabilities(range);
  const lists = [...add.map((name) => `+${name}`), ...drop.map((name) => `−${name}`)];
  const not = refused.length > 0 && h('div', { class: 'where' }, `${words().notGranted}: ${refused.join(', ')}`);
  const missing = asked.names.filter((name) => !granted.names.includes(name));
  const lost = missing.length > 0 && [' ', h('del', {}, missing.join(' '))];
  const set = ({ mask, names }: typeof granted, more?: Child) => [
    h('code', {}, mask),
    h('div', { class: 'names' }, names.join(' '), more),
  ];
  const own = [h('div', { class: 'names' }, lists.join(' ') || UNSET), not];
  return compared('capabilities', [own, set(asked), set(granted, lost)], asked.mask !== granted.mask);
}

/** Returns the lists in the text of a container. */
function writtenCapabilities(range: Range): { add?: string[]; drop?: string[] } {
  const container = valueAt(text.get(), range) as { securityContext?: { capabilities?: object } } | null | undefined;
  return container?.securityContext?.capabilities ?? {};
}

function ofSysctls(sysctls: NonNullable<ShownObject['sysctls']>): HTMLElement {
  const { outcome: taken, effect, channel: places, sysctls: title, sysctlValue, writtenIn, asEci } = words();
  const rows = sysctls.map(({ name, value, channel, outcome }) => {
    const said = outcome === 'taken' ? taken : effect[outcome];
    return compared(name, [h('code', {}, value), places[channel], said], outcome !== 'taken');
  });
  return table(title, [title, sysctlValue, writtenIn, asEci], rows);
}

/** Returns a row that is marked if ECI differs. */
function compared(name: string, cells: Child[], differs: boolean): HTMLElement {
  return row(h('code', {}, name), cells, { class: differs && 'differs' });
}

function sourced({ value, from }: { value: unknown; from: string }): Child[] {
  const source = h('span', { class: 'where' }, known(words().from, from) ?? from);
  if (value === null || value === undefined) return [source];
  return [h('code', {}, typeof value === 'string' ? value : JSON.stringify(value)), ' ', source];
}
