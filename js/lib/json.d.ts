/** Writes values as JSON, and names the place where that fails. */
/**
 * The JSON text of `value`.
 *
 * @param {unknown} value
 * @param {(path: string, reason: string, isJson: boolean) => Error} error What is thrown where there is none.
 * @returns {string}
 */
export declare function json(value: unknown, error: (path: string, reason: string, isJson: boolean) => Error): string;
