/** The policy, whichever way its module was loaded. */
import { InternalError, SettingsError, UnreadableError } from './errors.js';
export { InternalError, SettingsError, UnreadableError };
export type Action = import('./types.js').Action;
export type AuditAnnotations = import('./types.js').AuditAnnotations;
export type Effect = import('./types.js').Effect;
export type Finding = import('./types.js').Finding;
export type Rule = import('./types.js').Rule;
export type RuleId = import('./types.js').RuleId;
export type Settings = import('./types.js').Settings;
export type Verdict = import('./types.js').Verdict;
/** @typedef {import('./types.js').Action} Action */
/** @typedef {import('./types.js').AuditAnnotations} AuditAnnotations */
/** @typedef {import('./types.js').Effect} Effect */
/** @typedef {import('./types.js').Finding} Finding */
/** @typedef {import('./types.js').Rule} Rule */
/** @typedef {import('./types.js').RuleId} RuleId */
/** @typedef {import('./types.js').Settings} Settings */
/** @typedef {import('./types.js').Verdict} Verdict */
/**
 * Judges an object, and repairs it where nothing denies it and the settings say so.
 *
 * @param {object} object A Kubernetes object, which is judged as if it were created; or an AdmissionRequest, or an
 *   AdmissionReview with one.
 * @param {Settings | null} [settings] The settings of the policy; without them, the default ones.
 * @returns {Verdict}
 * @throws {UnreadableError} where the object cannot be read
 * @throws {SettingsError} where the settings cannot be used
 * @throws {InternalError} where the engine fails
 */
export declare function validate(object: object, settings?: Settings | null): Verdict;
/**
 * Judges as `validate` does under `mutate: all`, and repairs what can be repaired even of an object that is denied.
 *
 * @param {object} object As `validate` takes it.
 * @param {Settings | null} [settings] As `validate` takes them.
 * @returns {Verdict}
 * @throws {UnreadableError} where the object cannot be read
 * @throws {SettingsError} where the settings cannot be used
 * @throws {InternalError} where the engine fails
 */
export declare function mutate(object: object, settings?: Settings | null): Verdict;
/**
 * The catalogue of the rules, in the order in which they are evaluated.
 *
 * @returns {Rule[]}
 */
export declare function rules(): Rule[];
/**
 * The JSON Schema of the settings, of draft 2020-12.
 *
 * @returns {Record<string, unknown>}
 */
export declare function settingsSchema(): Record<string, unknown>;
