/** A link with the text in its fragment, which no server receives. */

import { MOST } from '../editor/editor.ts';

/** What a link restores. */
export interface Shared {
  text: string;
  settings: string;
  profile: string;
  assumeEci: boolean;
}

const VERSION = 'v1';

/** Returns the fragment: the version, and JSON, compressed, in base64url. */
export async function encoded({ text, settings, profile, assumeEci }: Shared): Promise<string> {
  const json = JSON.stringify([text, settings, profile, assumeEci]);
  const packed = through(new Blob([json]), new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  // In steps, because a call takes a limited number of arguments.
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return `${VERSION}.${btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** Returns what is in a fragment, or throws if it is damaged. */
export async function decoded(fragment: string): Promise<Shared> {
  const [version, data = ''] = fragment.split('.');
  if (version !== VERSION) throw new Error('unknown version');
  const bytes = Uint8Array.from(atob(data.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0));
  const [text, settings, profile, assumeEci] = JSON.parse(await unpacked(bytes)) as unknown[];
  if (![text, settings, profile].every((part) => typeof part === 'string')) throw new Error('wrong type');
  return { text, settings, profile, assumeEci: assumeEci === true } as Shared;
}

/** Decompresses at most what an editor takes: a small fragment can hold gigabytes. */
async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = through(new Blob([bytes]), new DecompressionStream('deflate-raw'));
  const reader = stream.pipeThrough(new TextDecoderStream('utf-8', { fatal: true })).getReader();
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    if (text.length > 2 * MOST) throw new Error('too large');
  }
  return text;
}

function through(blob: Blob, transform: GenericTransformStream): ReadableStream<Uint8Array<ArrayBuffer>> {
  return blob.stream().pipeThrough(transform as ReadableWritablePair<Uint8Array<ArrayBuffer>, BufferSource>);
}
