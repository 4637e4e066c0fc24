/** The functions on text, after their module is loaded. */

import { caller } from './call.js';
import { InputError, InternalError, SettingsError } from './errors.js';
import { json } from './json.js';
import * as engine from './text-engine.js';
import version from './version.js';

export { InputError, InternalError, SettingsError, version };

/** @typedef {import('./types.js').Action} Action */
/** @typedef {import('./types.js').Certainty} Certainty */
/** @typedef {import('./types.js').Checked} Checked */
/** @typedef {import('./types.js').CheckedObject} CheckedObject */
/** @typedef {import('./types.js').Converted} Converted */
/** @typedef {import('./types.js').Diff} Diff */
/** @typedef {import('./types.js').Effect} Effect */
/** @typedef {import('./types.js').Explained} Explained */
/** @typedef {import('./types.js').Field} Field */
/** @typedef {import('./types.js').Fixed} Fixed */
/** @typedef {import('./types.js').Range} Range */
/** @typedef {import('./types.js').RuleId} RuleId */
/** @typedef {import('./types.js').Settings} Settings */
/** @typedef {import('./types.js').Show} Show */
/** @typedef {import('./types.js').ShownContainer} ShownContainer */
/** @typedef {import('./types.js').ShownObject} ShownObject */
/** @typedef {import('./types.js').TextEdit} TextEdit */
/** @typedef {import('./types.js').TextFinding} TextFinding */
/** @typedef {import('./types.js').TextProblem} TextProblem */

/**
 * How a text is judged.
 *
 * @typedef {object} Options
 * @property {Settings | null} [settings] The settings of the policy. By default, the default settings.
 * @property {string} [profile] The revision of ECI's rules, instead of the one in the settings.
 * @property {boolean} [assumeEci] True to treat every pod as one that runs on ECI.
 */

const called = caller(engine.__wbg_reset_state);

/**
 * Returns the objects of a text with their findings: manifests in YAML or JSON, an AdmissionReview, or requests to ECI's
 * OpenAPI. What cannot be read is a problem, and the rest is checked.
 *
 * @param {string} text
 * @param {Options} [options]
 * @returns {Checked}
 * @throws {SettingsError} if the settings are invalid, as the other functions
 * @throws {InputError} if the text is too large, as the other functions
 * @throws {InternalError} if the engine fails, as the other functions
 */
export function check(text, options) {
  return answered(text, options, engine.check);
}

/**
 * Repairs a text as `eci-policy fix` does. Comments and layout stay.
 *
 * @param {string} text
 * @param {Options & { rules?: RuleId[] }} [options] `rules` repairs every finding of these rules, instead of the
 *   findings that the settings repair.
 * @returns {Fixed}
 */
export function fix(text, options) {
  return answered(text, options, engine.fix);
}

/**
 * Returns the edit that adds a comment which suppresses a finding, or `undefined` where no comment can stand.
 *
 * @param {string} text
 * @param {Pick<TextFinding, 'rule' | 'range'>} finding A finding of `check` in this text.
 * @param {string} [reason] The reason, for the comment.
 * @param {Options} [options] The options of `check`.
 * @returns {TextEdit | undefined}
 */
export function suppress(text, { rule, range }, reason = '', options) {
  const suppressed = (/** @type {string} */ text, /** @type {string} */ options) =>
    engine.suppress(text, rule, range.from, reason, options);
  return answered(text, options, suppressed) ?? undefined;
}

/**
 * Returns how ECI runs the pods of manifests: each setting as written and as ECI runs it, the capabilities, sysctls and
 * the instance.
 *
 * @param {string} text
 * @param {Options} [options]
 * @returns {Show}
 */
export function show(text, options) {
  return answered(text, options, engine.show);
}

/**
 * Returns the verdicts that change between two revisions of ECI's rules.
 *
 * @param {string} text
 * @param {string} from The name of a profile.
 * @param {string} to The name of another.
 * @param {Options} [options]
 * @returns {Diff}
 */
export function diff(text, from, to, options) {
  const compared = (/** @type {string} */ text, /** @type {string} */ options) => engine.diff(text, from, to, options);
  return answered(text, options, compared);
}

/**
 * Returns the pod that runs what a `docker run` command runs, or the security of the pods of manifests as parameters of
 * ECI's OpenAPI.
 *
 * @param {string} text
 * @param {{ to: 'manifest' } | { to: 'create-container-group', format?: 'flat' | 'json' }} target
 * @returns {Converted}
 */
export function convert(text, { to, ...options }) {
  const converted = (/** @type {string} */ text, /** @type {string} */ options) => engine.convert(text, to, options);
  return answered(text, options, converted);
}

/**
 * Returns the findings as SARIF 2.1.0, as `eci-policy check --format sarif` prints them.
 *
 * @param {string} text
 * @param {Options & { file?: string }} [options] `file` is the name of the file in the log.
 * @returns {string}
 */
export function sarif(text, options) {
  return answered(text, options, engine.sarif);
}

/**
 * Returns a rule with its page.
 *
 * @param {RuleId} rule
 * @returns {Explained}
 * @throws {InputError} if there is no such rule
 */
export function explain(rule) {
  return answer(() => engine.explain(`${rule}`));
}

/**
 * Returns the names of the revisions of ECI's rules, the newest first. That is the default.
 *
 * @returns {string[]}
 */
export function profiles() {
  return called(engine.profiles);
}

/**
 * @param {string} text
 * @param {object | undefined} options
 * @param {(text: string, options: string) => string} call
 */
function answered(text, options, call) {
  if (typeof text !== 'string') throw new InputError(`the text is ${typeof text}, and must be a string`);
  const { settings = null, ...others } = /** @type {Options} */ (options ?? {});
  const settingsText = json(settings, (path, reason) => {
    return new SettingsError(`settings: ${path || 'the settings'}: ${reason}`, 422, path);
  });
  const optionsText = json({ ...others, settings: settingsText }, (path, reason) => new InputError(`${path}: ${reason}`));
  return answer(() => call(text, optionsText));
}

/** @param {() => string} call */
function answer(call) {
  const { Ok: result, Err: refused } = called(call);
  if (!refused) return result;
  throw refused.settings ? new SettingsError(refused.message, refused.code, refused.path) : new InputError(refused.message);
}
