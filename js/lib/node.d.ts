/** The policy in Node, and in what loads packages as Node does. */
export * from './policy.js';
