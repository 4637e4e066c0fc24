/** The types of the engine, as the package declares them. */

export type * from 'eci-security-context/text';
export type { Calls } from './calls.ts';
