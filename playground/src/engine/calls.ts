/** The functions of the npm package that the page calls. Only the worker loads them. */

import { rules, settingsSchema } from 'eci-security-context';
import { check, convert, diff, explain, fix, profiles, sarif, show, suppress, version } from 'eci-security-context/text';

/** Returns what does not depend on a text. */
const about = () => ({ version, profiles: profiles(), rules: rules(), settingsSchema: settingsSchema() });

export const CALLS = { about, check, convert, diff, explain, fix, sarif, show, suppress };
export type Calls = typeof CALLS;
