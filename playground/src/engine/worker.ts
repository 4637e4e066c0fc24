/** The engine in a worker, so that typing never waits for it. */

import type { Answer, Question } from './client.ts';

const loaded = import('./calls.ts');
// The first call reports the failure.
loaded.catch(() => {});

self.onmessage = async ({ data: { name, args } }: MessageEvent<Question>) => {
  postMessage(await answer(name, args));
};

async function answer(name: Question['name'], args: unknown[]): Promise<Answer> {
  let calls;
  try {
    calls = (await loaded).CALLS;
  } catch (error) {
    return { failure: { kind: 'load', message: String(error) } };
  }
  try {
    return { value: (calls[name] as (...args: unknown[]) => unknown)(...args) };
  } catch (error) {
    const { name: kind, message, path } = error as Error & { path?: string };
    return { failure: { kind, message, path } };
  }
}
