/** The functions of the npm package that the page calls. Only the worker loads them. */

import { rules, settingsSchema } from 'eci-security-context';
import * as text from 'eci-security-context/text';

/** Returns what does not depend on a text. */
const about = () => ({
  version: text.version,
  profiles: text.profiles(),
  rules: rules(),
  settingsSchema: settingsSchema(),
});

const { check, convert, diff, explain, fix, sarif, show, suppress } = text;
export const CALLS = { about, check, convert, diff, explain, fix, sarif, show, suppress };
export type Calls = typeof CALLS;
