/** Writes values as JSON, and finds the path of a value that cannot be written. */

/**
 * Returns the JSON text of `value`.
 *
 * @param {unknown} value
 * @param {(path: string, reason: string, isJson: boolean) => Error} error Makes the error for a value without a JSON text.
 * @returns {string}
 */
export function json(value, error) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw error('', 'is too deep or too large', false);
    // The original message repeats keys of the value.
    const { path, reason } = failure(value);
    throw error(path, reason, false);
  }
  if (text === undefined) throw error('', `is ${typeof value}, and must be an object`, true);
  return text;
}

/**
 * Returns the path of the value that cannot be written, and the reason.
 *
 * @param {unknown} root
 */
function failure(root) {
  /** The objects on the path to the last visited value, each with the key of the next step. */
  let way = /** @type {{ holder: object, key: string }[]} */ ([]);
  let reason = '';
  try {
    JSON.stringify(root, function (key, value) {
      const depth = way.findLastIndex(({ holder }) => holder === this);
      way = [...way.slice(0, depth < 0 ? undefined : depth), { holder: this, key }];
      if (typeof value === 'bigint') reason = 'is a BigInt, which JSON does not have';
      if (way.some(({ holder }) => holder === value)) reason = 'is an object that contains itself';
      return value;
    });
  } catch {
    // It fails again. The path to the last visited value is the result.
  }
  // Code of the value itself has thrown, such as a getter, so the path is not known.
  if (reason === '') return { path: '', reason: 'cannot be written as JSON' };
  // JSON.stringify wraps the root in an object, which is the first holder.
  return { path: way.slice(1).reduce(step, ''), reason };
}

/**
 * Returns the path with one more step, as Kubernetes writes it.
 *
 * @param {string} path
 * @param {{ holder: object, key: string }} step
 */
function step(path, { holder, key }) {
  if (Array.isArray(holder) || !/^[A-Za-z0-9]+$/.test(key)) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}
