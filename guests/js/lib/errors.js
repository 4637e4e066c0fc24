/** What validate and mutate throw. No message repeats what was given: it may hold tokens. */

/** The object, or the request about it, cannot be read, so it was not judged. A cluster would reject it. */
export class UnreadableError extends Error {
  name = 'UnreadableError';

  /**
   * @param {string} message
   * @param {number} code
   * @param {string} path
   */
  constructor(message, code, path) {
    super(message);
    /** The HTTP status code of the rejection: 400 for what is not JSON, 422 for JSON that is not what it must be. */
    this.code = code;
    /** The path of what cannot be read, `spec.containers[0].image`; empty where no place can be told. */
    this.path = path;
  }
}

/** The settings cannot be used, so nothing was judged. */
export class SettingsError extends Error {
  name = 'SettingsError';

  /**
   * @param {string} message
   * @param {number} code
   * @param {string} path
   */
  constructor(message, code, path) {
    super(message);
    /** The HTTP status code of the rejection: 422. */
    this.code = code;
    /** The key that is wrong, `actions.privileged`; empty where it is the settings as a whole. */
    this.path = path;
  }
}

/** The engine failed: out of memory, or a defect. The next call has a new one. */
export class InternalError extends Error {
  name = 'InternalError';

  /** @param {unknown} cause What the engine threw. */
  constructor(cause) {
    super('the engine failed on this object, which was not judged; the next call gets a new one', { cause });
  }
}
