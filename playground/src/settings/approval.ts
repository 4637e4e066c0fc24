/** The settings that approve what a finding is about. */

import { parse } from 'yaml';

import type { Range, TextFinding } from '../engine/engine.ts';

/** Returns the settings to add, by their paths; none if Alibaba Cloud gives no approval for it. */
export function approval(text: string, { rule, range }: TextFinding): [string[], unknown][] {
  const value = valueAt(text, range);
  const field = (name: string): unknown => (value && typeof value === 'object' ? Object.entries(value).find(([key]) => key.toLowerCase() === name)?.[1] : undefined);
  switch (rule) {
    case 'privileged':
      return [[['approved', 'privileged'], true]];
    case 'capability-unsupported':
      return typeof value === 'string' && !/^(CAP_)?ALL$/i.test(value) ? [[['approved', 'capabilities'], [value]]] : [];
    case 'sysctl-unsupported': {
      const name = field('name');
      // Approved sysctls are for the annotation: the repair moves it there.
      return typeof name === 'string'
        ? [
            [['approved', 'hostSysctls'], [name]],
            [['actions', rule], 'fix'],
          ]
        : [];
    }
    case 'host-sysctls-unapproved': {
      const names = annotated(typeof value === 'string' ? value : Object.values(value ?? {})[0]);
      return names.length > 0 ? [[['approved', 'hostSysctls'], names]] : [];
    }
    default:
      return [];
  }
}

/** Returns the names of the sysctls in an annotation. */
function annotated(json: unknown): string[] {
  try {
    return (JSON.parse(String(json)) as { name: string }[]).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Returns the value of the YAML or JSON in a range, or `undefined` if it does not stand alone, as with an alias. */
export function valueAt(text: string, { from, to }: Range): unknown {
  // The lines after the first keep their indentation, so the first gets it too.
  const column = from - (text.lastIndexOf('\n', from - 1) + 1);
  try {
    return parse(' '.repeat(column) + text.slice(from, to), { logLevel: 'silent' });
  } catch {
    return undefined;
  }
}
