/** What validate and mutate throw. No message repeats what was given: it may hold tokens. */
/** The object, or the request about it, cannot be read, so it was not judged. A cluster would reject it. */
export declare class UnreadableError extends Error {
    /** The HTTP status code of the rejection: 400 for what is not JSON, 422 for JSON that is not what it must be. */
    code: number;
    /** The path of what cannot be read, `spec.containers[0].image`; empty where no place can be told. */
    path: string;
    name: string;
    /**
     * @param {string} message
     * @param {number} code
     * @param {string} path
     */
    constructor(message: string, code: number, path: string);
}
/** The settings cannot be used, so nothing was judged. */
export declare class SettingsError extends Error {
    /** The HTTP status code of the rejection: 422. */
    code: number;
    /** The key that is wrong, `actions.privileged`; empty where it is the settings as a whole. */
    path: string;
    name: string;
    /**
     * @param {string} message
     * @param {number} code
     * @param {string} path
     */
    constructor(message: string, code: number, path: string);
}
/** The engine failed: out of memory, or a defect. The next call has a new one. */
export declare class InternalError extends Error {
    name: string;
    /** @param {unknown} cause What the engine threw. */
    constructor(cause: unknown);
}
