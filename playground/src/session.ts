/** What is judged, and the judgement: the text, the settings, and the engine's answer to both. */

import { Value } from './dom.ts';
import { Failure, call } from './engine/client.ts';
import type { Calls, Checked, Options, TextFinding } from './engine/engine.ts';
import { parsed } from './settings/document.ts';

/** The pause in typing after which the text is checked. */
const PAUSE = 120;

export const text = new Value('');
export const settings = new Value('');
/** A profile that wins over the one of the settings, or ''. */
export const profile = new Value('');
export const assumeEci = new Value(false);

export type Judged = { state: 'checked'; text: string; options: Options; checked: Checked };
export type Judgement = { state: 'loading' } | Judged | { state: 'failed'; failure: Failure };

export const judgement = new Value<Judgement>({ state: 'loading' });

/** True while the judgement is older than what is judged. */
export const isStale = new Value(true);

/** The version of the engine, its profiles and its rules, once it is loaded. */
export const about = new Value<ReturnType<Calls['about']> | undefined>(undefined);

/** The finding that list and editor show, by its key. */
export const selected = new Value<string | undefined>(undefined);

export interface Listed {
  key: string;
  object: string;
  finding: TextFinding;
}

/** Returns the findings in the order of the text. A key stays the same while the text around changes. */
export function listed(checked: Checked): Listed[] {
  const seen = new Map<string, number>();
  return checked.objects.flatMap(({ name, findings }) =>
    findings.map((finding) => {
      const id = `${name} ${finding.rule} ${finding.path}`;
      const count = seen.get(id) ?? 0;
      seen.set(id, count + 1);
      return { key: `${id} ${count}`, object: name, finding };
    }),
  );
}

/** Returns whether any pod may run on ECI. No other pod is checked. */
export function hasPod({ objects }: Checked): boolean {
  return objects.some(({ scope }) => scope !== undefined && scope.certainty !== 'no');
}

/** Returns the options of every call, or throws if the settings are not readable. */
export function options(): Options {
  return {
    settings: parsed(settings.get()),
    ...(profile.get() && { profile: profile.get() }),
    ...(assumeEci.get() && { assumeEci: true }),
  };
}

let started = 0;

async function judge(): Promise<void> {
  const turn = ++started;
  const judged = text.get();
  try {
    const current = options();
    const checked = await call('check', [judged, current]);
    if (checked && turn === started) settle({ state: 'checked', text: judged, options: current, checked });
  } catch (error) {
    if (turn === started) settle({ state: 'failed', failure: error as Failure });
  }
}

function settle(judged: Judgement): void {
  judgement.set(judged);
  isStale.set(false);
}

/** Judges the text again when it, or anything that it is judged by, has changed. */
export function begin(): void {
  let timer: ReturnType<typeof setTimeout>;
  for (const value of [text, settings, profile, assumeEci]) {
    value.watch(() => {
      started++;
      isStale.set(true);
      clearTimeout(timer);
      timer = setTimeout(judge, PAUSE);
    });
  }
  // The judgement reports an engine that does not start.
  call('about', []).then(
    (answer) => about.set(answer),
    () => {},
  );
  void judge();
}
