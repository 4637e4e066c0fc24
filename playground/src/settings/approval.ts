/** The settings that approve what a finding is about. */

import { valueAt } from '../editor/value.ts';
import type { TextFinding } from '../engine/engine.ts';

/** A path in the settings, and what is added there. */
export type Added = [path: string[], value: unknown];

/** Returns the settings to add; none if Alibaba Cloud gives no approval for it. */
export function approval(text: string, { rule, range }: TextFinding): Added[] {
  const value = valueAt(text, range);
  // ECI's API spells it Name.
  const [, name] = Object.entries(value ?? {}).find(([key]) => key.toLowerCase() === 'name') ?? [];
  switch (rule) {
    case 'privileged':
      return [[['approved', 'privileged'], true]];
    case 'capability-unsupported':
      return typeof value === 'string' && !/^(CAP_)?ALL$/i.test(value) ? [[['approved', 'capabilities'], [value]]] : [];
    case 'sysctl-unsupported': {
      // Approved sysctls are for the annotation: the repair moves it there.
      const action: Added = [['actions', rule], 'fix'];
      return typeof name === 'string' ? [[['approved', 'hostSysctls'], [name]], action] : [];
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
