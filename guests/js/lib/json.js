/** Writes values as JSON, and names the place where that fails. */

/**
 * The JSON text of `value`.
 *
 * @param {unknown} value
 * @param {(path: string, reason: string, isJson: boolean) => Error} error What is thrown where there is none.
 * @returns {string}
 */
export function json(value, error) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw error('', 'is too deep or too large', false);
    // The message that came with it repeats keys of the value.
    const { path, reason } = failure(value);
    throw error(path, reason, false);
  }
  if (text === undefined) throw error('', `is ${typeof value}, and must be an object`, true);
  return text;
}

/**
 * Where, and why, a value cannot be written.
 *
 * @param {unknown} root
 */
function failure(root) {
  /** The objects on the way to the last value that was looked at, each with the key at which it goes on. */
  let way = /** @type {{ holder: object, key: string }[]} */ ([]);
  let reason = '';
  try {
    JSON.stringify(root, function (key, value) {
      const depth = way.findLastIndex(({ holder }) => holder === this);
      way = [...way.slice(0, depth < 0 ? undefined : depth), { holder: this, key }];
      if (typeof value === 'bigint') reason = 'is a BigInt, which JSON does not have';
      if (way.some(({ holder }) => holder === value)) reason = 'is an object that it stands in itself';
      return value;
    });
  } catch {
    // It fails again: that is what shows the place.
  }
  // What was thrown by the value itself, before anything looked at it, stands at no known place.
  if (reason === '') return { path: '', reason: 'cannot be written as JSON' };
  // The first holder is made by JSON.stringify, around the root.
  return { path: way.slice(1).reduce(step, ''), reason };
}

/**
 * A path one step longer, as Kubernetes writes it.
 *
 * @param {string} path
 * @param {{ holder: object, key: string }} step
 */
function step(path, { holder, key }) {
  if (Array.isArray(holder) || !/^[A-Za-z0-9]+$/.test(key)) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}
