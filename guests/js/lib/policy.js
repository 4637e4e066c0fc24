/** The policy, after its module is loaded. */

import { caller } from './call.js';
import * as engine from './engine.js';
import { InternalError, SettingsError, UnreadableError } from './errors.js';
import { json } from './json.js';
import schema from './schema.js';

export { InternalError, SettingsError, UnreadableError };

/** @typedef {import('./types.js').Action} Action */
/** @typedef {import('./types.js').AuditAnnotations} AuditAnnotations */
/** @typedef {import('./types.js').Effect} Effect */
/** @typedef {import('./types.js').Finding} Finding */
/** @typedef {import('./types.js').Rule} Rule */
/** @typedef {import('./types.js').RuleId} RuleId */
/** @typedef {import('./types.js').Settings} Settings */
/** @typedef {import('./types.js').Verdict} Verdict */

const called = caller(engine.__wbg_reset_state);

/**
 * Judges an object. Repairs it if it is accepted and the settings allow repairs.
 *
 * @param {object} object A Kubernetes object, which is judged as on creation, an AdmissionRequest, or an
 *   AdmissionReview with a request.
 * @param {Settings | null} [settings] The settings of the policy. By default, the default settings.
 * @returns {Verdict}
 * @throws {UnreadableError} if the object cannot be read
 * @throws {SettingsError} if the settings are invalid
 * @throws {InternalError} if the engine fails
 */
export function validate(object, settings) {
  return judged(engine.validate, object, settings);
}

/**
 * Judges an object as `validate` does with the setting `mutate: all`. Repairs it even if it is denied.
 *
 * @param {object} object The object, as for `validate`.
 * @param {Settings | null} [settings] The settings, as for `validate`.
 * @returns {Verdict}
 * @throws {UnreadableError} if the object cannot be read
 * @throws {SettingsError} if the settings are invalid
 * @throws {InternalError} if the engine fails
 */
export function mutate(object, settings) {
  return judged(engine.mutate, object, settings);
}

/**
 * Returns the rules in evaluation order.
 *
 * @returns {Rule[]}
 */
export function rules() {
  return called(engine.rules);
}

/**
 * Returns the JSON Schema of the settings, in draft 2020-12.
 *
 * @returns {Record<string, unknown>}
 */
export function settingsSchema() {
  return structuredClone(schema);
}

/**
 * @param {(object: string, settings: string) => string} judge
 * @param {unknown} object
 * @param {unknown} settings
 * @returns {Verdict}
 */
function judged(judge, object, settings = null) {
  const objectText = json(object, (path, reason, isJson) => {
    const message = `the request cannot be read: ${path || 'request.object'}: ${reason}`;
    return new UnreadableError(message, isJson ? 422 : 400, path);
  });
  const settingsText = json(settings, (path, reason) => {
    return new SettingsError(`settings: ${path || 'the settings'}: ${reason}`, 422, path);
  });
  const { verdict, refused } = called(() => judge(objectText, settingsText));
  if (verdict) return verdict;
  const Refused = refused.settings ? SettingsError : UnreadableError;
  throw new Refused(refused.message, refused.code, refused.path);
}
