/** Completion of the settings from their JSON Schema. */

import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';

export interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  examples?: unknown[];
  type?: string;
  default?: unknown;
  description?: string;
}

type Source = (context: CompletionContext) => CompletionResult | null;

/** Returns the source of completions for a schema. */
export const completing =
  (schema: () => Schema | undefined): Source =>
  (context) => {
    const root = schema();
    const before = context.state.sliceDoc(0, context.pos);
    const [word = ''] = /[\w.*-]*$/.exec(before) ?? [];
    if (!root || (word === '' && !context.explicit)) return null;
    const { path, key } = placed(before);
    const below = (at: Schema | undefined, step: string) => (step === '-' ? at?.items : at?.properties?.[step]);
    const parent = path.reduce(below, root);
    const isQuoted = /["']$/.test(before.slice(0, before.length - word.length));
    const options =
      key === undefined ? [...keys(parent, isQuoted), ...values(parent)] : values(parent?.properties?.[key]);
    return options.length > 0 ? { from: context.pos - word.length, options, validFor: /^[\w.*-]*$/ } : null;
  };

function keys(schema: Schema | undefined, isQuoted: boolean): Completion[] {
  return Object.entries(schema?.properties ?? {}).map(([label, { description = '', properties }]) => {
    // In YAML, a star begins an alias.
    const apply = isQuoted ? label : `${label === '*' ? '"*"' : label}:${properties ? '' : ' '}`;
    return { label, apply, type: 'property', info: description };
  });
}

function values(schema: Schema | undefined): Completion[] {
  const any = schema?.anyOf?.find((one) => one.enum) ?? schema;
  const given = any?.enum ?? (any?.type === 'boolean' ? [true, false] : (any?.examples ?? []));
  return given.map((value) => ({
    label: String(value),
    type: 'enum',
    ...(value === schema?.default && { detail: 'default' }),
    ...(schema?.description && { info: schema.description }),
  }));
}

/** Returns the keys above the end of a text ('-' for an item), and the key whose value is written there, if one is. */
export function placed(before: string): { path: string[]; key: string | undefined } {
  const path: string[] = [];
  let rest = before;
  // The part in braces, as in JSON.
  for (let at = rest.length - 1, depth = 0; at >= 0; at--) {
    const sign = rest[at]!;
    if (sign === '}' || sign === ']') depth++;
    else if ((sign === '{' || sign === '[') && depth-- === 0) {
      const name = /(["']?)([\w*-]+)\1\s*:\s*$/.exec(rest.slice(0, at));
      if (sign === '[') path.unshift('-');
      if (name) path.unshift(name[2]!);
      rest = rest.slice(0, name?.index ?? at);
      at = rest.length;
      depth = 0;
    }
  }
  const key = /(?:^|[\n{,]|- )\s*(["']?)([\w*-]+)\1\s*:[ \t]+["']?[\w.*-]*$/.exec(before)?.[2];
  // The lines above with less indentation.
  const lines = rest.split('\n');
  let indent = column(lines.pop() ?? '', path);
  for (const line of lines.reverse()) {
    const [, spaces = '', dash = '', name] = /^(\s*)(- )?["']?([\w*-]+)["']?\s*:/.exec(line) ?? [];
    if (name === undefined) continue;
    const own = spaces.length + dash.length;
    if (own < indent) {
      path.unshift(name);
      indent = own;
    }
    if (dash && spaces.length < indent && own <= indent) {
      path.unshift('-');
      // A list may stand at the column of its key.
      indent = spaces.length + 1;
    }
  }
  return { path, key };
}

/** Returns the column of the last line's content. An item of a list adds a step to the path. */
function column(line: string, path: string[]): number {
  const [, spaces = '', dash] = /^(\s*)(- +)?/.exec(line) ?? [];
  if (!dash) return spaces.length;
  path.unshift('-');
  return spaces.length + 1;
}
