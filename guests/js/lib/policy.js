/** The policy, whichever way its module was loaded. */

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
export function validate(object, settings) {
  return judged(engine.validate, object, settings);
}

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
export function mutate(object, settings) {
  return judged(engine.mutate, object, settings);
}

/**
 * The catalogue of the rules, in the order in which they are evaluated.
 *
 * @returns {Rule[]}
 */
export function rules() {
  return called(engine.rules);
}

/**
 * The JSON Schema of the settings, of draft 2020-12.
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

/** Whether a call has not come back: a trap may have left the instance in the middle of anything. */
let isBroken = false;

/**
 * What the engine answers.
 *
 * @param {() => string} call
 */
function called(call) {
  try {
    if (isBroken) engine.__wbg_reset_state();
    isBroken = true;
    const answer = JSON.parse(call());
    isBroken = false;
    return answer;
  } catch (cause) {
    throw new InternalError(cause);
  }
}
