/** Changes a WebAssembly module so that it traps. */

const MEMORY = 5;

/** Returns the module with a few pages of memory more than it begins with, and no more. */
export function starved(module) {
  // Magic number and version.
  let at = 8;
  while (at < module.length) {
    const id = module[at];
    const [size, start] = leb(module, at + 1);
    if (id === MEMORY) {
      // One memory: flags, the pages it begins with, and the most that it may have.
      const [pages] = leb(module, start + 2);
      const body = [1, 1, ...encoded(pages), ...encoded(pages + 40)];
      const section = Buffer.from([MEMORY, ...encoded(body.length), ...body]);
      return Buffer.concat([module.subarray(0, at), section, module.subarray(start + size)]);
    }
    at = start + size;
  }
  throw new Error('no memory');
}

/** Reads an unsigned LEB128 number: its value, and the offset after it. */
function leb(bytes, at) {
  for (let value = 0, shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at];
  }
}

function encoded(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encoded(value >> 7)];
}
