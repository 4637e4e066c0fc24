/** The values in a text. */

import { parse } from 'yaml';

import type { Range } from '../engine/engine.ts';

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
