/** Calls the engine in its worker. */

import type { Calls } from './calls.ts';

export interface Question {
  name: keyof Calls;
  args: unknown[];
}

export interface Failed {
  /** `load`, `slow`, or the class of the engine's error. */
  kind: string;
  message: string;
  path?: string | undefined;
}

export type Answer = { value: unknown } | { failure: Failed };

/** A call without a result. */
export class Failure extends Error {
  readonly kind: string;
  readonly path: string | undefined;

  constructor({ kind, message, path }: Failed) {
    super(message);
    this.kind = kind;
    this.path = path;
  }
}

interface Job extends Question {
  resolve: (value: unknown) => void;
  reject: (failure: Failure) => void;
}

/** Longer than any text that the editor takes needs. */
const PATIENCE = 30_000;

let worker: Worker | undefined;
let running: Job | undefined;
let timer: ReturnType<typeof setTimeout>;
const waiting = new Map<string, Job>();

/**
 * Calls a function of the engine. Of the calls with one name (and `key`) that wait, only the newest is made; the others
 * return `undefined`.
 */
export function call<K extends keyof Calls>(
  name: K,
  args: Parameters<Calls[K]>,
  key: string = name,
): Promise<ReturnType<Calls[K]> | undefined> {
  return new Promise((resolve, reject) => {
    waiting.get(key)?.resolve(undefined);
    waiting.set(key, { name, args, resolve: resolve as (value: unknown) => void, reject });
    next();
  });
}

function next(): void {
  if (running) return;
  const [first] = waiting;
  if (!first) return;
  const [key, job] = first;
  waiting.delete(key);
  running = job;
  worker ??= started();
  timer = setTimeout(() => restart({ kind: 'slow', message: '' }), PATIENCE);
  worker.postMessage({ name: job.name, args: job.args } satisfies Question);
}

function started(): Worker {
  const engine = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  engine.onmessage = ({ data }: MessageEvent<Answer>) => finish(data);
  engine.onerror = ({ message }) => restart({ kind: 'load', message });
  return engine;
}

function restart(failure: Failed): void {
  worker?.terminate();
  worker = undefined;
  finish({ failure });
}

function finish(answer: Answer): void {
  const job = running;
  running = undefined;
  clearTimeout(timer);
  if ('failure' in answer) job?.reject(new Failure(answer.failure));
  else job?.resolve(answer.value);
  next();
}
