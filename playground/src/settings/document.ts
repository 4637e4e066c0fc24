/** The settings as text: YAML, of which JSON is a part. */

import { type Document, isMap, isSeq, parseDocument } from 'yaml';

import { Failure } from '../engine/client.ts';
import type { Settings } from '../engine/engine.ts';
import type { Added } from './approval.ts';

/** Returns the settings in a text, or throws a failure. */
export function parsed(text: string): Settings | null {
  const document = parseDocument(text, { prettyErrors: false, merge: true });
  const [error] = document.errors;
  if (error) throw new Failure({ kind: 'yaml', message: error.message, path: String(error.pos[0]) });
  try {
    return document.toJS({ maxAliasCount: 100 }) as Settings | null;
  } catch (cause) {
    throw new Failure({ kind: 'yaml', message: String(cause), path: '0' });
  }
}

/** Returns the position of a failure in the text of the settings. */
export function located(text: string, { kind, path = '' }: Failure): { from: number; to: number } {
  if (kind === 'yaml') return { from: Math.min(Number(path), text.length), to: text.length };
  const document: Document = parseDocument(text);
  let node: unknown = document.contents;
  let range = { from: 0, to: text.length };
  for (const step of path.match(/[^.[\]]+/g) ?? []) {
    const pair = isMap(node) ? node.items.find(({ key }) => String(key) === step) : undefined;
    const place = pair?.key ?? (isSeq(node) ? node.items[Number(step)] : undefined);
    const [from, to] = (place as { range?: [number, number, number] } | undefined)?.range ?? [];
    if (from === undefined || to === undefined) break;
    range = { from, to };
    node = pair ? pair.value : place;
  }
  return range;
}

/** Returns the settings with others added. Comments stay, and lists grow. */
export function extended(text: string, added: Added[]): string {
  const document = parseDocument(text.trim() === '' ? '{}' : text);
  if (document.errors.length > 0 || !isMap(document.contents)) return text;
  if (text.trim() === '') document.contents.flow = false;
  for (const [path, value] of added) {
    if (!Array.isArray(value)) document.setIn(path, value);
    else if (!isSeq(document.getIn(path))) document.setIn(path, document.createNode(value, { flow: true }));
    else for (const name of value) document.addIn(path, name);
  }
  return document.toString({ lineWidth: 100 });
}
