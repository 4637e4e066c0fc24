/** Calls of an engine, which answers with JSON. */

import { InternalError } from './errors.js';

/**
 * Returns a function that calls the engine and returns its answer.
 *
 * @param {() => void} reset Creates a new instance of the engine.
 * @returns {(call: () => string) => any}
 */
export function caller(reset) {
  /** True if the last call did not return. After a trap, the state of the instance is unknown. */
  let isBroken = false;
  return (call) => {
    try {
      if (isBroken) reset();
      isBroken = true;
      const answer = JSON.parse(call());
      isBroken = false;
      return answer;
    } catch (cause) {
      throw new InternalError(cause);
    }
  };
}
