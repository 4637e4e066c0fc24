/** The errors of the functions. */

/** The object or the request cannot be read and was not judged. A cluster would reject it. No message repeats it. */
export class UnreadableError extends Error {
  name = 'UnreadableError';

  /**
   * @param {string} message
   * @param {number} code
   * @param {string} path
   */
  constructor(message, code, path) {
    super(message);
    /** The HTTP status code of the rejection: 400 for input that is not JSON, 422 for JSON with a wrong structure. */
    this.code = code;
    /** The path of the field that cannot be read, such as `spec.containers[0].image`; empty if it is not known. */
    this.path = path;
  }
}

/** The text, or a name beside it, cannot be used, so there is no answer. */
export class InputError extends Error {
  name = 'InputError';
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
    /** The path of the invalid key, such as `actions.privileged`; empty for the settings as a whole. */
    this.path = path;
  }
}

/** The engine ran out of memory or has a bug. The next call gets a new instance. */
export class InternalError extends Error {
  name = 'InternalError';

  /** @param {unknown} cause The error that the engine threw. */
  constructor(cause) {
    super('the engine failed, and nothing was judged; the next call gets a new instance', { cause });
  }
}
